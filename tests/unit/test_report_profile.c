/* test_report_profile.c - profiles that are refused, and tables, stacks and flame graphs of others.
 */
#include "../support/json_tree.h"
#include "../support/report_help.h"
#include "../support/rig.h"

#include <cdp/runtime.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CPU "node-Profiler.stop.whole.json"
#define HEAP "node-HeapProfiler.stopSampling.whole.json"
#define FRAME(name) "\"callFrame\":{\"functionName\":\"" name "\",\"url\":\"u\",\"lineNumber\":1}"

/* ---- what is refused ----------------------------------------------------- */

static void says_where_a_cpu_profile_is_wrong(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "{}", "nodes: there are none" },
        { "{\"nodes\":[],\"samples\":[]}", "nodes: there are none" },
        { "{\"nodes\":[{\"id\":1}],\"startTime\":2}", "endTime: before startTime" },
        { "{\"nodes\":[{\"id\":1},{\"id\":2},{\"id\":1}]}",
          "nodes.2: node 0 has its id, 1, as well" },
        { "{\"nodes\":[{\"id\":1,\"children\":[2,3]},{\"id\":2}]}",
          "nodes.0.children.1: no node has the id 3" },
        { "{\"nodes\":[{\"id\":1,\"children\":[2,3]},{\"id\":2,\"children\":[3]},{\"id\":3}]}",
          "nodes.1.children.0: 3 is a child of node 0 as well" },
        { "{\"nodes\":[{\"id\":1},{\"id\":2}]}", "nodes.1: nobody's child, as node 0 is" },
        { "{\"nodes\":[{\"id\":1,\"children\":[1]}]}", "nodes: all are somebody's children" },
        { "{\"nodes\":[{\"id\":1},{\"id\":2,\"children\":[3]},{\"id\":3,\"children\":[2]}]}",
          "nodes: some are their own ancestors" },
        { "{\"nodes\":[{\"id\":1}],\"samples\":[1,1],\"timeDeltas\":[1]}",
          "timeDeltas: 1 of them, for 2 samples" },
        { "{\"nodes\":[{\"id\":1}],\"samples\":[1,5],\"timeDeltas\":[1,1]}",
          "samples.1: no node has the id 5" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CDP_AUTO cdp_profiler_profile *in = NULL;
        CDP_AUTO cdp_str *why = NULL;
        cdp_report_profile *p;
        assert_int_equal(cdp_profiler_profile_from_json(cdp_s(rows[i].text), &in, NULL), 0);
        assert_int_equal(cdp_report_cpu(&p, in, NULL, &why), CDP_EINVAL);
        assert_null(p);
        assert_string_equal(why->ptr, rows[i].why);
        assert_int_equal(cdp_report_cpu(&p, in, NULL, NULL), CDP_EINVAL);
        assert_int_equal(cdp_report_check_profile(in, NULL), CDP_EINVAL);
    }
}

static void says_where_a_heap_profile_is_wrong(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "{\"head\":{\"id\":1,\"selfSize\":-1}}", "node 1: selfSize is no size" },
        { "{\"head\":{\"id\":1,\"children\":[{\"id\":2},{\"id\":2}]}}",
          "nodes.2: node 1 has its id, 2, as well" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CDP_AUTO cdp_heap_profiler_sampling_heap_profile *in = NULL;
        CDP_AUTO cdp_str *why = NULL;
        cdp_report_profile *p;
        assert_int_equal(
            cdp_heap_profiler_sampling_heap_profile_from_json(cdp_s(rows[i].text), &in, NULL), 0);
        assert_int_equal(cdp_report_heap(&p, in, NULL, &why), CDP_EINVAL);
        assert_null(p);
        assert_string_equal(why->ptr, rows[i].why);
    }
}

/* V8 samples what it allocates to list the nodes, too. */
static void leaves_out_samples_without_a_node(void **state)
{
    CDP_AUTO cdp_heap_profiler_sampling_heap_profile *in = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    CDP_AUTO cdp_report_table *t = NULL;
    const char *text = "{\"head\":{\"id\":1,\"selfSize\":5},\"samples\":[{\"size\":9,\"nodeId\":2},"
                       "{\"size\":5,\"nodeId\":1}]}";

    (void)state;
    assert_int_equal(cdp_heap_profiler_sampling_heap_profile_from_json(cdp_s(text), &in, NULL), 0);
    assert_int_equal(cdp_report_heap(&p, in, NULL, NULL), 0);
    assert_int_equal(cdp_report_top(&t, p), 0);
    assert_int_equal(t->hits, 1);
    assert_true(t->total == 5);
}

static void checks_that_times_add_up(void **state)
{
    CDP_AUTO cdp_profiler_profile *whole = report_cpu(CPU);
    CDP_AUTO cdp_profiler_profile *cut = report_cpu("node-Profiler.stop.json");
    CDP_AUTO cdp_str *why = NULL;

    (void)state;
    assert_int_equal(cdp_report_check_profile(whole, &why), 0);
    assert_null(why);
    assert_int_equal(cdp_report_check_profile(cut, &why), CDP_EINVAL);
    assert_string_equal(why->ptr, "timeDeltas: add up to 1874431 us, from startTime to endTime it "
                                  "is 22992009");
}

/* ---- tables -------------------------------------------------------------- */

static cdp_report_table *top_of(const char *json, const cdp_report_options *opt)
{
    CDP_AUTO cdp_profiler_profile *in = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    CDP_AUTO cdp_str *why = NULL;
    cdp_report_table *t = NULL;

    assert_int_equal(cdp_profiler_profile_from_json(cdp_s(json), &in, NULL), 0);
    assert_int_equal(cdp_report_cpu(&p, in, opt, &why), 0);
    assert_int_equal(cdp_report_top(&t, p), 0);
    return t;
}

static void assert_near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-9);
}

/* f calls itself, and g; samples at 10 (f), 30 (g), 25 (f, late), 60 (idle), until 100. */
static const char recursive[] =
    "{\"startTime\":0,\"endTime\":100,\"samples\":[3,4,2,5],\"timeDeltas\":[10,20,-5,35],\"nodes\":"
    "["
    "{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\"},\"children\":[2,5]},"
    "{\"id\":2," FRAME("f") ",\"children\":[3]},{\"id\":3," FRAME(
        "f") ",\"children\":[4]},"
             "{\"id\":4," FRAME(
                 "") "},{\"id\":5,\"callFrame\":{\"functionName\":\"(idle)\",\"lineNumber\":-1}}]}";

static void charges_until_the_next_sample(void **state)
{
    CDP_AUTO cdp_report_table *busy = top_of(recursive, NULL);
    CDP_AUTO cdp_report_table *all = top_of(recursive, &(cdp_report_options){ .idle = true });
    const cdp_report_row *f = &busy->rows.items[0];

    (void)state;
    assert_near(busy->total, 50);
    assert_int_equal(busy->hits, 3);
    assert_int_equal(busy->rows.n, 2);
    assert_string_equal(f->function_name.ptr, "f");
    assert_int_equal(f->line, 2);
    assert_near(f->self, 20 + 30);
    assert_near(f->total, 50); /* once, though f calls f */
    assert_near(f->self_share, 1);
    assert_string_equal(f[1].function_name.ptr, "(anonymous)");
    assert_near(f[1].self, 0); /* the next sample was earlier */
    assert_int_equal(f[1].hits, 1);
    assert_near(all->total, 90);
    assert_string_equal(all->rows.items[1].function_name.ptr, "(idle)");
    assert_near(all->rows.items[1].self, 40);
    assert_int_equal(all->rows.items[1].line, 0);
}

static void counts_hits_without_samples(void **state)
{
    static const char text[] = "{\"startTime\":0,\"endTime\":3000,\"nodes\":[{\"id\":1," FRAME(
        "r") ",\"children\":[2]},"
             "{\"id\":2," FRAME("f") ",\"hitCount\":2}]}";
    CDP_AUTO cdp_report_table *measured = top_of(text, NULL);
    CDP_AUTO cdp_report_table *told = top_of(text, &(cdp_report_options){ .interval = 100 });

    (void)state;
    assert_near(measured->rows.items[0].self, 3000);
    assert_near(told->rows.items[0].self, 200);
    assert_int_equal(told->hits, 2);
}

static void survives_an_empty_profile(void **state)
{
    CDP_AUTO cdp_report_table *t = top_of("{\"nodes\":[{\"id\":1}]}", NULL);

    (void)state;
    assert_int_equal(t->rows.n, 0);
    assert_near(t->total, 0);
}

static void rows_of_a_recorded_profile_add_up(void **state)
{
    CDP_AUTO cdp_profiler_profile *in = report_cpu(CPU);
    CDP_AUTO cdp_report_profile *p = NULL;
    CDP_AUTO cdp_report_table *t = NULL;
    double self = 0, share = 0, last = INFINITY;
    int64_t hits = 0;

    (void)state;
    assert_int_equal(cdp_report_cpu(&p, in, &(cdp_report_options){ .idle = true }, NULL), 0);
    assert_int_equal(cdp_report_top(&t, p), 0);
    for (size_t i = 0; i < t->rows.n; i++) {
        const cdp_report_row *r = &t->rows.items[i];
        assert_true(r->self <= last && r->self <= r->total && r->total <= t->total);
        last = r->self;
        self += r->self;
        share += r->self_share;
        hits += r->hits;
    }
    assert_near(self, t->total);
    assert_near(self, in->end_time - in->start_time - in->time_deltas.items[0]);
    assert_near(share, 1);
    assert_int_equal(hits, in->samples.n);
    assert_int_equal(t->hits, in->samples.n);
}

/* ---- text ---------------------------------------------------------------- */

static void writes_stacks_as_lines(void **state)
{
    static const char text[] =
        "{\"startTime\":0,\"endTime\":9,\"samples\":[1,2,3],\"timeDeltas\":[0,2,3],\"nodes\":["
        "{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\"},\"children\":[2]},"
        "{\"id\":2,\"callFrame\":{\"functionName\":\"a;b\\nc\",\"url\":\"x;\\u0001\","
        "\"lineNumber\":"
        "2147483647},\"children\":[3]},{\"id\":3,\"callFrame\":{\"lineNumber\":-1}}]}";
    CDP_AUTO cdp_profiler_profile *in = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    report_sink out = { 0 };

    (void)state;
    assert_int_equal(cdp_profiler_profile_from_json(cdp_s(text), &in, NULL), 0);
    assert_int_equal(cdp_report_cpu(&p, in, NULL, NULL), 0);
    assert_int_equal(cdp_report_collapsed(p, report_take, &out), 0);
    assert_string_equal(out.ptr, "(root) 2\na_b_c (x__:2147483647) 3\n"
                                 "a_b_c (x__:2147483647);(anonymous) 4\n");
    report_drop(&out);
}

/* The data of a flame graph: what stands in its block, as a tree. */
static json_tree *flame_data(const report_sink *page)
{
    static const char begin[] = "id=\"data\">\n", end[] = "\n</script>";
    const char *p = strstr(page->ptr, begin);
    const char *q = p ? strstr(p, end) : NULL;

    assert_non_null(q);
    p += strlen(begin);
    assert_null(memchr(p, '<', (size_t)(q - p)));
    for (const char *c = p; c < q; c++)
        assert_true((unsigned char)*c < 0x7f && (unsigned char)*c >= 0x20);
    json_tree *tree = json_tree_parse(p, (size_t)(q - p));
    assert_non_null(tree);
    return tree;
}

static const json_tree *member(const json_tree *object, const char *key)
{
    for (size_t i = 0; i < object->n; i++) {
        const json_tree *k = &object->keys[i];
        size_t n = 0;
        while (n < k->n && key[n] && k->units[n] == (unsigned char)key[n])
            n++;
        if (n == k->n && !key[n])
            return &object->children[i];
    }
    fail_msg("no %s", key);
    return NULL;
}

static void draws_every_sample(void **state)
{
    CDP_AUTO cdp_profiler_profile *in = report_cpu(CPU);
    CDP_AUTO cdp_report_profile *p = NULL;
    CDP_AUTO cdp_report_table *t = NULL;
    report_sink page = { 0 }, again = { 0 };
    double self = 0, hits = 0, deepest = 0;

    (void)state;
    assert_int_equal(cdp_report_cpu(&p, in, NULL, NULL), 0);
    assert_int_equal(cdp_report_top(&t, p), 0);
    assert_int_equal(cdp_report_flame(p, report_take, &page), 0);
    assert_int_equal(cdp_report_flame(p, report_take, &again), 0);
    assert_string_equal(page.ptr, again.ptr);
    json_tree *data = flame_data(&page);
    const json_tree *nodes = member(data, "nodes"), *functions = member(data, "functions");
    assert_int_equal(nodes->n % 4, 0);
    for (size_t i = 0; i < nodes->n; i += 4) {
        assert_true(nodes->children[i].number < (double)functions->n / 2);
        assert_true(i == 0 ? nodes->children[1].number == 0
                           : nodes->children[i + 1].number >= 1 &&
                                 nodes->children[i + 1].number <= deepest + 1);
        deepest = nodes->children[i + 1].number;
        self += nodes->children[i + 2].number;
        hits += nodes->children[i + 3].number;
    }
    assert_near(self, t->total);
    assert_near(hits, (double)t->hits);
    json_tree_free(data);
    report_drop(&page);
    report_drop(&again);
}

/* Names that would end the block, the script, an attribute or a string. */
static void names_cannot_leave_the_data(void **state)
{
    static const char text[] =
        "{\"startTime\":0,\"endTime\":9,\"samples\":[1],\"timeDeltas\":[0],\"nodes\":[{\"id\":1,"
        "\"callFrame\":{\"functionName\":\"</script><script>alert(1)</script><!--\",\"url\":"
        "\"javascript:'\\\"><img src=x onerror=alert(1)>\\u2028\\ud800\\u0000\"}}]}";
    CDP_AUTO cdp_profiler_profile *in = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    report_sink page = { 0 };

    (void)state;
    assert_int_equal(cdp_profiler_profile_from_json(cdp_s(text), &in, NULL), 0);
    assert_int_equal(cdp_report_cpu(&p, in, &(cdp_report_options){ .title = "</title>&\"" }, NULL),
                     0);
    assert_int_equal(cdp_report_flame(p, report_take, &page), 0);
    json_tree *data = flame_data(&page);
    const json_tree *functions = member(data, "functions");
    assert_int_equal(functions->children[0].n, strlen("</script><script>alert(1)</script><!--"));
    assert_int_equal(functions->children[0].units[0], '<');
    assert_int_equal(functions->children[1].units[functions->children[1].n - 5], 0);
    assert_int_equal(member(data, "title")->n, 10);
    assert_null(strstr(page.ptr, "</title>&"));
    assert_null(strstr(page.ptr, "http:"));
    assert_null(strstr(page.ptr, "https:"));
    json_tree_free(data);
    report_drop(&page);
}

/* ---- memory, and writers that fail --------------------------------------- */

typedef int report_fn(const cdp_report_profile *p, cdp_report_write *write, void *data);
static report_fn *const reports[] = { cdp_report_pprof, cdp_report_collapsed, cdp_report_flame };

static int make_all(const cdp_report_profile *p)
{
    CDP_AUTO cdp_report_table *t = NULL;
    int rc = cdp_report_top(&t, p);

    for (size_t i = 0; i < 3 && rc == 0; i++) {
        report_sink out = { 0 };
        rc = reports[i](p, report_take, &out);
        report_drop(&out);
    }
    return rc;
}

static int all_of_a_heap(const cdp_report_options *opt, void *in)
{
    CDP_AUTO cdp_report_profile *p = NULL;
    int rc = cdp_report_heap(&p, in, opt, NULL);

    return rc < 0 ? rc : make_all(p);
}

static int all_of_a_cpu(const cdp_report_options *opt, void *in)
{
    CDP_AUTO cdp_report_profile *p = NULL;
    int rc = cdp_report_cpu(&p, in, opt, NULL);

    return rc < 0 ? rc : make_all(p);
}

static int refusal(const cdp_report_options *opt, void *in)
{
    CDP_AUTO cdp_str *why = NULL;
    cdp_report_profile *p;
    int rc = cdp_report_heap(&p, in, opt, &why);

    assert_true(rc == CDP_ENOMEM || rc == CDP_EINVAL);
    assert_true((rc == CDP_EINVAL) == (why != NULL));
    return rc == CDP_EINVAL ? 0 : rc;
}

static void fail_each_allocation(int (*fn)(const cdp_report_options *opt, void *in), void *in)
{
    bool failed = true;

    for (size_t at = 1; failed; at++) {
        rig_heap heap;
        rig_heap_init(&heap);
        heap.fail_at = at;
        int rc = fn(&(cdp_report_options){ .allocator = &heap.allocator }, in);
        failed = heap.failures > 0;
        assert_true(rc == 0 || (failed && rc == CDP_ENOMEM));
        assert_int_equal(heap.blocks, 0);
    }
}

static void does_without_memory(void **state)
{
    CDP_AUTO cdp_profiler_profile *cpu = report_cpu(CPU);
    CDP_AUTO cdp_heap_profiler_sampling_heap_profile *heap = report_heap(HEAP);
    CDP_AUTO cdp_heap_profiler_sampling_heap_profile *bad = NULL;

    (void)state;
    assert_int_equal(cdp_heap_profiler_sampling_heap_profile_from_json(
                         cdp_s("{\"head\":{\"id\":1,\"selfSize\":-1}}"), &bad, NULL),
                     0);
    fail_each_allocation(all_of_a_cpu, cpu);
    fail_each_allocation(all_of_a_heap, heap);
    fail_each_allocation(refusal, bad);
}

static void returns_what_the_writer_returned(void **state)
{
    CDP_AUTO cdp_profiler_profile *in = report_cpu("node-Profiler.stop.json");
    CDP_AUTO cdp_report_profile *p = NULL;

    (void)state;
    assert_int_equal(cdp_report_cpu(&p, in, NULL, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        for (size_t limit = 1; limit < 60000; limit += 20000) {
            report_sink out = { .limit = limit };
            assert_int_equal(reports[i](p, report_take, &out), CDP_EIO);
            report_drop(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_where_a_cpu_profile_is_wrong),
        cmocka_unit_test(says_where_a_heap_profile_is_wrong),
        cmocka_unit_test(leaves_out_samples_without_a_node),
        cmocka_unit_test(checks_that_times_add_up),
        cmocka_unit_test(charges_until_the_next_sample),
        cmocka_unit_test(counts_hits_without_samples),
        cmocka_unit_test(survives_an_empty_profile),
        cmocka_unit_test(rows_of_a_recorded_profile_add_up),
        cmocka_unit_test(writes_stacks_as_lines),
        cmocka_unit_test(draws_every_sample),
        cmocka_unit_test(names_cannot_leave_the_data),
        cmocka_unit_test(does_without_memory),
        cmocka_unit_test(returns_what_the_writer_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
