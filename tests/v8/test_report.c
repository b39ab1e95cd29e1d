/* test_report.c - what a real V8 says passes the checks of <cdp/report.h>, and becomes reports. */
#include "v8_test.h"

#include <cdp/report.h>

enum { TRIES = 10 }; /* each twice as long: V8's sampling thread waits where the machine is busy */

typedef struct text {
    char bytes[1 << 16];
    size_t n;
} text;

static int take(void *data, const char *bytes, size_t len)
{
    text *t = data;

    if (len >= sizeof t->bytes - t->n)
        return CDP_ETOOBIG;
    memcpy(t->bytes + t->n, bytes, len);
    t->n += len;
    t->bytes[t->n] = 0;
    return 0;
}

static bool names(const cdp_report_table *table, const char *function)
{
    for (size_t i = 0; i < table->rows.n; i++)
        if (strcmp(table->rows.items[i].function_name.ptr, function) == 0)
            return true;
    return false;
}

/* Profiles a function that is busy for `ms` milliseconds; whether V8 saw it. */
static bool profile_once(fixture *f, int ms)
{
    char source[256];
    CDP_AUTO cdp_profiler_stop_result *res = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    CDP_AUTO cdp_report_table *top = NULL;
    CDP_AUTO cdp_str *why = NULL;
    static text stacks;

    snprintf(source, sizeof source,
             "function hot(end) { let x = 0; while (Date.now() < end) x++; return x }\n"
             "hot(Date.now() + %d)",
             ms);
    assert_int_equal(cdp_profiler_start(f->s), 0);
    run(f, source);
    assert_int_equal(cdp_profiler_stop(f->s, &res), 0);
    if (cdp_report_cpu(&p, res->profile, NULL, &why) < 0)
        fail_msg("%s", why->ptr);
    assert_int_equal(cdp_report_top(&top, p), 0);
    stacks.n = 0;
    assert_int_equal(cdp_report_collapsed(p, take, &stacks), 0);
    assert_int_equal(cdp_report_check_profile(res->profile, NULL), 0);
    return names(top, "hot") && strstr(stacks.bytes, ";hot (test.js:1)");
}

static void reports_cpu_profiles(void **state)
{
    fixture *f = *state;
    bool found = false;

    assert_int_equal(cdp_profiler_enable(f->s), 0);
    for (int i = 0; i < TRIES && !found; i++)
        found = profile_once(f, 10 << i);
    assert_true(found);
}

static void reports_heap_profiles(void **state)
{
    fixture *f = *state;
    cdp_heap_profiler_start_sampling_params every = { .sampling_interval = CDP_SOME(256) };
    CDP_AUTO cdp_heap_profiler_stop_sampling_result *res = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    CDP_AUTO cdp_report_table *top = NULL;
    CDP_AUTO cdp_str *why = NULL;

    assert_int_equal(cdp_heap_profiler_start_sampling(f->s, &every), 0);
    run(f, "var kept = []; function make() { for (let i = 0; i < 1e4; i++) kept.push({ i }) }\n"
           "make()");
    assert_int_equal(cdp_heap_profiler_stop_sampling(f->s, &res), 0);
    if (cdp_report_heap(&p, res->profile, NULL, &why) < 0)
        fail_msg("%s", why->ptr);
    assert_int_equal(cdp_report_top(&top, p), 0);
    assert_true(names(top, "make") && top->hits > 0);
}

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    (void)s;
    cdp_report_snapshot_feed(data, ev->chunk.ptr, ev->chunk.len);
}

static void checks_snapshots(void **state)
{
    fixture *f = *state;
    cdp_report_snapshot_counts counts;
    cdp_report_snapshot *check;

    run(f, "var keep = []; for (let i = 0; i < 2000; i++) keep.push({ i, s: '\\u{1d4b3}' + i })");
    assert_int_equal(cdp_report_snapshot_new(&check, NULL), 0);
    cdp_heap_profiler_on_add_heap_snapshot_chunk(f->s, on_chunk, check);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(f->s, NULL), 0);
    if (cdp_report_snapshot_end(check, &counts) < 0)
        fail_msg("%s", cdp_report_snapshot_why(check).ptr);
    assert_true(counts.nodes > 2000 && counts.edges > counts.nodes && counts.strings > 2000);
    cdp_report_snapshot_free(check);
}

/* The source as V8 has it. */
typedef struct sources {
    cdp_session *s;
    cdp_debugger_get_script_source_result *last;
} sources;

static int give(void *data, const cdp_profiler_script_coverage *script, cdp_str *source)
{
    sources *from = data;
    cdp_debugger_get_script_source_params p = { .script_id = script->script_id };

    if (!cdp_str_eq(script->url, cdp_s("test.js")))
        return CDP_FALLTHROUGH;
    cdp_free(from->last);
    int rc = cdp_debugger_get_script_source(from->s, &p, &from->last);
    if (rc == 0)
        *source = from->last->script_source;
    return rc;
}

static void reports_coverage(void **state)
{
    fixture *f = *state;
    cdp_profiler_start_precise_coverage_params all = { .call_count = CDP_SOME(true),
                                                       .detailed = CDP_SOME(true) };
    CDP_AUTO cdp_profiler_take_precise_coverage_result *res = NULL;
    static text out;
    sources from = { .s = f->s };

    assert_int_equal(cdp_profiler_enable(f->s), 0);
    assert_int_equal(cdp_debugger_enable(f->s, NULL, NULL), 0);
    assert_int_equal(cdp_profiler_start_precise_coverage(f->s, &all, NULL), 0);
    run(f, "var x = '\xf0\x9d\x92\xb3\xc3\xa9'; function f(n) {\n"
           "  if (n) {\n"
           "    return 1;\n"
           "  }\n"
           "  return 2;\n"
           "}\n"
           "  function never() { return 0 }\n"
           "\n"
           "f(1); f(1); f(0)");
    assert_int_equal(cdp_profiler_take_precise_coverage(f->s, &res), 0);
    cdp_report_lcov_options opt = { .source = give, .data = &from };
    assert_int_equal(cdp_report_lcov(res->result.items, res->result.n, &opt, take, &out), 0);
    cdp_free(from.last);
    assert_has(out.bytes, "SF:test.js\nFN:1,f\nFN:7,never\nFNDA:3,f\nFNDA:0,never\n");
    assert_has(out.bytes, "DA:1,1\nDA:2,3\nDA:3,2\nDA:4,2\nDA:5,1\nDA:6,3\nDA:7,0\nDA:9,1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(reports_cpu_profiles),
        V8_TEST(reports_heap_profiles),
        V8_TEST(checks_snapshots),
        V8_TEST(reports_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
