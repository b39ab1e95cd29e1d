/* test_report_snapshot.c - heap snapshots, whole and damaged, in pieces of any size. */
#include "../support/report_help.h"
#include "../support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define META                                                                               \
    "\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\",\"edge_count\"],"   \
    "\"node_types\":[[\"hidden\",\"array\"],\"string\",\"number\",\"number\",\"number\"]," \
    "\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],"                            \
    "\"edge_types\":[[\"context\",\"element\",\"property\"],\"string_or_number\",\"node\"]}"
#define HEAD "{\"snapshot\":{" META ",\"node_count\":2,\"edge_count\":3,\"x\":[1.5e3,null]},\n"
#define NODES "\"nodes\":[0,1,1,16,2\n,1,2,3,24,1],\n"
#define EDGES "\"edges\":[0,1,5\n,1,900,5,2,2,0],\n"
#define REST "\"samples\":[],\"trace_tree\":[[[\"context\"]]],\"locations\":[],"
#define STRINGS \
    "\"strings\":[\"\",\"a\\u00e9\\\"\",\n\"a long string of more than 32 bytes \xc3\xa9\"]}\n"

/* Feeds it in pieces of that size.  The status; why is the caller's to free. */
static int check(const char *text, size_t piece, char **why, cdp_report_snapshot_counts *counts)
{
    const size_t n = strlen(text);
    cdp_report_snapshot *s;

    assert_int_equal(cdp_report_snapshot_new(&s, NULL), 0);
    for (size_t i = 0; i < n; i += piece) {
        /* A block of its own, so that reading beyond it is seen. */
        size_t len = n - i < piece ? n - i : piece;
        char *block = malloc(len);
        assert_non_null(block);
        memcpy(block, text + i, len);
        cdp_report_snapshot_feed(s, block, len);
        free(block);
    }
    int rc = cdp_report_snapshot_end(s, counts);
    *why = strdup(cdp_report_snapshot_why(s).ptr);
    cdp_report_snapshot_free(s);
    return rc;
}

static void counts_what_is_there(void **state)
{
    static const char text[] = HEAD NODES EDGES REST STRINGS;

    (void)state;
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        cdp_report_snapshot_counts c;
        char *why;
        assert_int_equal(check(text, piece, &why, &c), 0);
        assert_string_equal(why, "");
        assert_int_equal(c.bytes, sizeof text - 1);
        assert_int_equal(c.nodes, 2);
        assert_int_equal(c.edges, 3);
        assert_int_equal(c.strings, 3);
        assert_int_equal(c.self_size, 40);
        free(why);
    }
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *why; /* without where */
    } rows[] = {
        { "", "cut short" },
        { HEAD NODES EDGES, "cut short" },
        { HEAD NODES EDGES REST "\"strings\":[\"\",\"a", "cut short" },
        { "[]", "object expected" },
        { "7", "object expected" },
        { "\"x\"", "a member is no container" },
        { "{}", "nodes, edges or strings are missing" },
        { "{} {}", "bytes behind the end" },
        { HEAD NODES EDGES "\"strings\":[\"\",\"a\"]}", "string 2 is used, of 2" },
        { HEAD "\"nodes\":[0,1,1,16,2,1,2,3,24]", "nodes: the last is not whole" },
        { HEAD NODES "\"edges\":[0,1]", "edges: the last is not whole" },
        { HEAD NODES "\"edges\":[0,1,5,1,900,5,2,2,0,]", "number expected" },
        { HEAD NODES "\"edges\":[,0,1]", "number expected" },
        { HEAD NODES "\"edges\":[0 1,5]", "malformed number" },
        { HEAD NODES "\"edges\":[00,1,5]", "malformed number" },
        { HEAD NODES "\"edges\":[0,-1,5]", "natural number expected" },
        { HEAD NODES "\"edges\":[0,1.0,5]", "natural number expected" },
        { HEAD NODES "\"edges\":[0,12345678901234567,5]", "number too large" },
        { HEAD NODES "\"edges\":[3,1,5]", "edges: type 3, of 3" },
        { HEAD NODES "\"edges\":[0,1,6]", "edges: to_node 6 is no multiple of 5" },
        { HEAD NODES "\"edges\":[0,1,10]", "edges: to_node 10 is behind the last node" },
        { HEAD NODES "\"edges\":[]," STRINGS, "snapshot.edge_count is not the number of edges, 0" },
        { HEAD "\"nodes\":[],\"edges\":[]," STRINGS,
          "snapshot.node_count is not the number of nodes, 0" },
        { HEAD "\"nodes\":[0,1,1,16,2,1,2,3,24,2]," EDGES STRINGS, "nodes have 4 edges, of 3" },
        { "{\"nodes\":[", "nodes: snapshot.meta.node_fields must name them first" },
        { HEAD "\"edges\":[",
          "edges: nodes, and snapshot.meta of three edge_fields, must come first" },
        { HEAD NODES NODES, "a member comes twice" },
        { HEAD "\"nodes\":{", "a member is no such container" },
        { "{\"snapshot\":[", "a member is no such container" },
        { HEAD "\"nodes\":1,", "a member is no container" },
        { "{\"strings\":[7]", "strings: one is none" },
        { "{\"strings\":[[", "strings: one is none" },
        { "{\"strings\":[\"\n\"", "control character in a string" },
        { "{\"strings\":[\"\\x\"", "malformed escape" },
        { "{\"strings\":[\"\\u12g4\"", "malformed escape" },
        { "{\"a\":tru}", "malformed number or word" },
        { "{\"a\":01}", "malformed number or word" },
        { "{\"a\":1 2}", "comma expected" },
        { "{\"a\" 1}", "colon expected" },
        { "{\"a\":1,}", "name expected" },
        { "{1:2}", "name expected" },
        { "{\"a\":[1}", "comma expected" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece < 40; piece += 13) {
            char *why;
            assert_int_equal(check(rows[i].text, piece, &why, NULL), CDP_EINVAL);
            if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
                fail_msg("row %zu: %s", i, why);
            assert_int_equal(strncmp(why + strlen(rows[i].why), " at byte ", 9), 0);
            free(why);
        }
}

static void stays_refused(void **state)
{
    cdp_report_snapshot *s;

    (void)state;
    assert_int_equal(cdp_report_snapshot_new(&s, NULL), 0);
    assert_int_equal(cdp_report_snapshot_feed(s, "{\"nodes\" 1", 10), CDP_EINVAL);
    assert_string_equal(cdp_report_snapshot_why(s).ptr, "colon expected at byte 9");
    assert_int_equal(cdp_report_snapshot_feed(s, ":", 1), CDP_EINVAL);
    assert_int_equal(cdp_report_snapshot_end(s, NULL), CDP_EINVAL);
    assert_string_equal(cdp_report_snapshot_why(s).ptr, "colon expected at byte 9");
    cdp_report_snapshot_free(s);
}

static void bounds_its_depth(void **state)
{
    cdp_report_snapshot *s;
    int rc = 0;

    (void)state;
    assert_int_equal(cdp_report_snapshot_new(&s, NULL), 0);
    assert_int_equal(cdp_report_snapshot_feed(s, "{\"x\":", 5), 0);
    for (int i = 0; i < 5000 && rc == 0; i++)
        rc = cdp_report_snapshot_feed(s, "[", 1);
    assert_int_equal(rc, CDP_EINVAL);
    assert_string_equal(cdp_report_snapshot_why(s).ptr, "nested too deeply at byte 1028");
    cdp_report_snapshot_free(s);
}

static void needs_memory_once(void **state)
{
    rig_heap heap;
    cdp_report_snapshot *s;

    (void)state;
    rig_heap_init(&heap);
    heap.fail_at = 1;
    assert_int_equal(cdp_report_snapshot_new(&s, &heap.allocator), CDP_ENOMEM);
    assert_null(s);
    cdp_report_snapshot_free(s);
    assert_int_equal(cdp_report_snapshot_new(&s, &heap.allocator), 0);
    cdp_report_snapshot_feed(s, HEAD NODES EDGES, strlen(HEAD NODES EDGES));
    assert_int_equal(heap.requests, 2);
    cdp_report_snapshot_free(s);
    assert_int_equal(heap.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_there), cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(stays_refused),        cmocka_unit_test(bounds_its_depth),
        cmocka_unit_test(needs_memory_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
