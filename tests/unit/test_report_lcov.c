/*
 * test_report_lcov.c - coverage as lcov's trace file.
 *
 * On the recorded program (tests/corpus/steps.js) c8 counts each line alike, but for two things: it
 * counts blank lines too, and a function that stands in one indented line (16) as often as what is
 * around it.
 */
#include "../support/codec_help.h"
#include "../support/report_help.h"
#include "../support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int give(void *text, const cdp_profiler_script_coverage *script, cdp_str *source)
{
    (void)script;
    *source = cdp_s(text);
    return 0;
}

static cdp_profiler_take_precise_coverage_result *coverage(const char *json)
{
    cdp_profiler_take_precise_coverage_result *c;

    assert_int_equal(cdp_profiler_take_precise_coverage_result_from_json(cdp_s(json), &c, NULL), 0);
    return c;
}

/* The trace file of a script with that source; its functions as JSON. */
static report_sink lcov(const char *url, const char *source, const char *functions)
{
    char json[2048];
    report_sink out = { 0 };

    snprintf(json, sizeof json, "{\"result\":[{\"url\":\"%s\",\"functions\":[%s]}]}", url,
             functions);
    CDP_AUTO cdp_profiler_take_precise_coverage_result *c = coverage(json);
    char *text = strdup(source);
    cdp_report_lcov_options opt = { .source = give, .data = text };
    assert_int_equal(cdp_report_lcov(c->result.items, c->result.n, &opt, report_take, &out), 0);
    free(text);
    return out;
}

static void assert_lcov(const char *url, const char *source, const char *functions,
                        const char *expected)
{
    report_sink out = lcov(url, source, functions);

    assert_string_equal(out.ptr ? out.ptr : "", expected);
    report_drop(&out);
}

/* "DA:1,2\n", ... of the source with these ranges, as "1:2 " */
static void assert_counts(const char *source, const char *ranges, const char *expected)
{
    char functions[1024], counts[256] = "";
    snprintf(functions, sizeof functions,
             "{\"functionName\":\"\",\"isBlockCoverage\":true,\"ranges\":[%s]}", ranges);
    report_sink out = lcov("u", source, functions);

    for (const char *p = out.ptr; (p = strstr(p, "\nDA:")); p++) {
        int line, count;
        assert_int_equal(sscanf(p, "\nDA:%d,%d", &line, &count), 2);
        size_t n = strlen(counts);
        snprintf(counts + n, sizeof counts - n, "%d:%d ", line, count);
    }
    assert_string_equal(counts, expected);
    report_drop(&out);
}

#define RANGE(a, b, n) "{\"startOffset\":" #a ",\"endOffset\":" #b ",\"count\":" #n "}"

static const char steps[] =
    "TN:\n"
    "SF:/app/example-app/steps.js\n"
    "FN:3,used\nFN:5,never\nFN:10,Shop\nFN:13,get size\nFN:16,closed\nFN:19,loop\n"
    "FN:35,(anonymous):35:12\nFN:36,(anonymous):36:8\nFN:45,late\n"
    "FNDA:1,used\nFNDA:0,never\nFNDA:1,Shop\nFNDA:1,get size\nFNDA:0,closed\n"
    "FNDA:1,loop\nFNDA:2,(anonymous):35:12\nFNDA:0,(anonymous):36:8\nFNDA:0,late\n"
    "FNF:9\n"
    "FNH:5\n"
    "BRDA:3,0,0,0\nBRDA:21,1,0,10\nBRDA:22,2,0,5\nBRDA:24,3,0,0\nBRDA:28,4,0,0\n"
    "BRDA:32,5,0,0\n"
    "BRF:6\n"
    "BRH:2\n"
    "DA:1,1\nDA:2,1\nDA:3,1\nDA:5,0\nDA:6,0\nDA:7,0\nDA:9,1\nDA:10,1\nDA:11,1\nDA:12,1\n"
    "DA:13,1\nDA:14,1\nDA:15,1\nDA:16,0\nDA:17,1\nDA:19,1\nDA:20,1\nDA:21,1\nDA:22,10\n"
    "DA:23,5\nDA:24,5\nDA:25,0\nDA:26,0\nDA:27,10\nDA:28,1\nDA:29,0\nDA:30,0\nDA:31,1\n"
    "DA:32,0\nDA:33,1\nDA:35,1\nDA:36,1\nDA:37,0\nDA:38,1\nDA:39,1\nDA:40,1\nDA:41,1\n"
    "DA:42,1\nDA:43,1\nDA:44,1\nDA:45,1\n"
    "LF:41\n"
    "LH:31\n"
    "end_of_record\n";

static void tells_of_a_program(void **state)
{
    size_t n;
    char *source = help_file("tests/corpus/steps.js", &n);
    char *json = report_recorded("node-Profiler.takePreciseCoverage.steps.json", "result");
    CDP_AUTO cdp_profiler_take_precise_coverage_result *c = coverage(json);
    report_sink out = { 0 };
    cdp_report_lcov_options opt = { .source = give, .data = source };

    (void)state;
    assert_int_equal(cdp_report_lcov(c->result.items, c->result.n, &opt, report_take, &out), 0);
    assert_string_equal(out.ptr, steps);
    report_drop(&out);
    free(source);
    free(json);
}

static void takes_the_innermost_range(void **state)
{
    (void)state;
    assert_counts("a\nbb\nc", RANGE(0, 6, 3), "1:3 2:3 3:3 ");
    assert_counts("a\nbb\nc", RANGE(0, 6, 3) "," RANGE(2, 4, 7), "1:3 2:7 3:3 ");
    assert_counts("a\nbb\nc", RANGE(0, 6, 3) "," RANGE(3, 4, 7), "1:3 2:3 3:3 "); /* half of it */
    assert_counts("a\nbb\nc", RANGE(2, 4, 7) "," RANGE(0, 6, 3), "1:3 2:7 3:3 "); /* any order */
    assert_counts("a\nbb\nc", RANGE(0, 6, 3) "," RANGE(0, 6, 4), "1:4 2:4 3:4 ");
    assert_counts("a\n  b\t\r\n\n \n}", RANGE(0, 12, 1) "," RANGE(4, 5, 0), "1:1 2:0 5:1 ");
    assert_counts("a\nb\nc\nd", RANGE(0, 7, 1) "," RANGE(0, 5, 2) "," RANGE(2, 7, 3),
                  "1:2 2:3 3:3 4:3 "); /* overlapping */
    assert_counts("a\nb", "", "1:0 2:0 ");
    assert_counts("", RANGE(0, 0, 1), "");
    assert_counts("\n\n", RANGE(0, 2, 1), "");
    assert_counts("a\nb", RANGE(-5, -9, 1) "," RANGE(9, 2147483647, 1), "1:0 2:0 ");
}

/* U+1D4B3 is two units, four bytes; a lone surrogate one and three. */
static void counts_in_utf16(void **state)
{
    (void)state;
    assert_counts("\xf0\x9d\x92\xb3\xc3\xa9\n\xed\xa0\x80\xe2\x82\xac\nc",
                  RANGE(0, 8, 1) "," RANGE(4, 6, 5), "1:1 2:5 3:1 ");
}

static void names_functions_apart(void **state)
{
    (void)state;
    assert_lcov(
        "u\\n", "ab cd ef\ngh",
        "{\"functionName\":\"\",\"ranges\":[" RANGE(
            0, 11, 1) "]},"
                      "{\"functionName\":\"get\",\"ranges\":[" RANGE(
                          3, 5,
                          1) "]},"
                             "{\"functionName\":\"get\",\"ranges\":[" RANGE(
                                 6, 8,
                                 0) "]},"
                                    "{\"functionName\":\"\",\"ranges\":[" RANGE(
                                        0, 2,
                                        2) "]},"
                                           "{\"functionName\":\"a\\nDA:1,7\",\"ranges\":[" RANGE(
                                               9, 11,
                                               1) "]},"
                                                  "{\"functionName\":\"empty\",\"ranges\":[]}",
        "TN:\nSF:u_\nFN:1,get\nFN:1,get:1:7\nFN:1,(anonymous):1:1\nFN:2,a_DA:1_7\n"
        "FNDA:1,get\nFNDA:0,get:1:7\nFNDA:2,(anonymous):1:1\nFNDA:1,a_DA:1_7\n"
        "FNF:4\nFNH:3\nBRF:0\nBRH:0\nDA:1,1\nDA:2,1\nLF:2\nLH:2\nend_of_record\n");
}

static void turns_urls_into_paths(void **state)
{
    static const struct {
        const char *url, *path;
    } rows[] = {
        { "file:///a%20b/%C3%A9.js?v=1#x", "/a b/\xc3\xa9.js" },
        { "file:///a%0aend_of_record%7F%zz%", "/a%0aend_of_record%7F%zz%" },
        { "file://localhost/a", "/a" },
        { "file:///C:/a", "C:/a" },
        { "file://server/a%20b", "file://server/a%20b" },
        { "https://example.com/a%20b?c", "https://example.com/a%20b?c" },
        { "node:fs", "node:fs" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[256];
        snprintf(expected, sizeof expected,
                 "TN:\nSF:%s\nFNF:0\nFNH:0\nBRF:0\nBRH:0\nLF:0\nLH:0\nend_of_record\n",
                 rows[i].path);
        assert_lcov(rows[i].url, "", "", expected);
    }
    assert_lcov("", "", "", "");
}

static int leave_out(void *data, const cdp_profiler_script_coverage *script, cdp_str *source)
{
    (void)script;
    (void)source;
    return *(int *)data;
}

static void leaves_out_or_stops(void **state)
{
    int answer = CDP_FALLTHROUGH;
    CDP_AUTO cdp_profiler_take_precise_coverage_result *c = coverage(
        "{\"result\":[{\"url\":\"a\"},{\"url\":\"b\"}]}");
    cdp_report_lcov_options opt = { .source = leave_out, .data = &answer };
    report_sink out = { 0 };

    (void)state;
    assert_int_equal(cdp_report_lcov(c->result.items, c->result.n, &opt, report_take, &out), 0);
    assert_int_equal(out.len, 0);
    answer = CDP_ECLOSED;
    assert_int_equal(cdp_report_lcov(c->result.items, c->result.n, &opt, report_take, &out),
                     CDP_ECLOSED);
    assert_int_equal(cdp_report_lcov(c->result.items, c->result.n, NULL, report_take, &out),
                     CDP_EINVAL);
    out.limit = 1;
    opt = (cdp_report_lcov_options){ .source = give, .data = (char[]){ "" } };
    assert_int_equal(cdp_report_lcov(c->result.items, c->result.n, &opt, report_take, &out),
                     CDP_EIO);
}

static void does_without_memory(void **state)
{
    char *json = report_recorded("node-Profiler.takePreciseCoverage.steps.json", "result");
    CDP_AUTO cdp_profiler_take_precise_coverage_result *c = coverage(json);
    bool failed = true;

    (void)state;
    for (size_t at = 1; failed; at++) {
        rig_heap heap;
        report_sink out = { 0 };
        rig_heap_init(&heap);
        heap.fail_at = at;
        cdp_report_lcov_options opt = { &heap.allocator, give, (char[]){ "a\nb" } };
        int rc = cdp_report_lcov(c->result.items, c->result.n, &opt, report_take, &out);
        failed = heap.failures > 0;
        assert_int_equal(rc, failed ? CDP_ENOMEM : 0);
        assert_int_equal(heap.blocks, 0);
        report_drop(&out);
    }
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_a_program),    cmocka_unit_test(takes_the_innermost_range),
        cmocka_unit_test(counts_in_utf16),       cmocka_unit_test(names_functions_apart),
        cmocka_unit_test(turns_urls_into_paths), cmocka_unit_test(leaves_out_or_stops),
        cmocka_unit_test(does_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
