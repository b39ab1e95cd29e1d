/* test_record.c - what was done with a V8, written down, and done again without one. */
#include "v8_test.h"

#include <cdp/record.h>

typedef struct tape {
    char *text;
    size_t len;
} tape;

static int keep(const char *line, size_t len, void *data)
{
    tape *t = data;
    char *text = realloc(t->text, t->len + len);

    if (!text)
        return CDP_ENOMEM;
    memcpy(text + t->len, line, len);
    t->text = text;
    t->len += len;
    return 0;
}

/* What a program learns, as text. */
typedef struct learnt {
    char text[4096];
    int scripts, chunks;
    size_t snapshot; /* bytes */
} learnt;

static void on_script(cdp_session *s, const cdp_debugger_script_parsed_event *ev, void *data)
{
    (void)s;
    assert_true(ev->script_id.len > 0);
    ((learnt *)data)->scripts++;
}

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    learnt *l = data;

    (void)s;
    l->chunks++;
    l->snapshot += ev->chunk.len;
}

static void learn(learnt *l, const char *what)
{
    strncat(l->text, what, sizeof l->text - strlen(l->text) - 2);
    strcat(l->text, "\n");
}

static void program(cdp_session *s, learnt *l)
{
    memset(l, 0, sizeof *l);
    cdp_debugger_on_script_parsed(s, on_script, l);
    cdp_heap_profiler_on_add_heap_snapshot_chunk(s, on_chunk, l);
    assert_int_equal(cdp_debugger_enable(s, NULL, NULL), 0);
    learn(l, eval(s, "'\\u20ac\\ud800' + 1 / 3"));
    learn(l, eval(s, "({a: [1e300, -0.5, null], b: {}})"));
    learn(l, eval(s, "throw new Error('no')"));
    assert_int_equal(cdp_call(s, "Runtime.noSuch", cdp_json("{}"), NULL), CDP_EREMOTE);
    learn(l, cdp_last_error(s)->message.ptr);
    assert_int_equal(cdp_profiler_enable(s), 0);
    assert_int_equal(cdp_profiler_start(s), 0);
    CDP_AUTO cdp_profiler_stop_result *profile = NULL;
    assert_int_equal(cdp_profiler_stop(s, &profile), 0);
    char nodes[32];
    snprintf(nodes, sizeof nodes, "%zu", profile->profile->nodes.n);
    learn(l, nodes);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(s, NULL), 0);
}

static void a_replay_is_the_same(void **state)
{
    fixture *f = *state;
    tape t = { 0 };
    learnt *first = malloc(sizeof *first), *second = malloc(sizeof *second);
    cdp_session *s;
    cdp_str *why = NULL;

    assert_int_equal(cdp_record_start(f->s, keep, &t), 0);
    program(f->s, first);
    assert_int_equal(cdp_record_stop(f->s), 0);
    assert_int_equal(cdp_replay_open(&s, cdp_sn(t.text, t.len), NULL, &why), 0);
    program(s, second);
    assert_string_equal(first->text, second->text);
    assert_true(first->scripts > 0 && first->scripts == second->scripts);
    assert_true(first->chunks > 0 && first->chunks == second->chunks);
    assert_true(first->snapshot > 100000 && first->snapshot == second->snapshot);
    assert_int_equal(cdp_runtime_enable(s), CDP_EREMOTE);
    assert_has(cdp_last_error(s)->message.ptr, "no more commands");
    cdp_close(s);
    free(t.text);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(a_replay_is_the_same),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
