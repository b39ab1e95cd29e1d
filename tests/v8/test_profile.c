/* test_profile.c - profiles, heap snapshots, coverage, wasm: what is big, or comes in pieces. */
#include "v8_test.h"

static const char busy[] = "function hot() { let x = 0; for (let i = 0; i < 5e6; i++) x += i % 7;"
                           " return x }\nhot()";

enum { TRIES = 50 }; /* V8's sampling thread gets no turn where the machine is busy */

static cdp_profiler_stop_result *profile(fixture *f, const char *script)
{
    cdp_profiler_set_sampling_interval_params us = { .interval = 500 };
    cdp_profiler_stop_result *res = NULL;

    assert_int_equal(cdp_profiler_enable(f->s), 0);
    assert_int_equal(cdp_profiler_set_sampling_interval(f->s, &us), 0);
    assert_int_equal(cdp_profiler_start(f->s), 0);
    run(f, script);
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_int_equal(cdp_profiler_stop(f->s, &res), 0);
    assert_true(res->profile->end_time > res->profile->start_time);
    assert_int_equal(res->profile->samples.n, res->profile->time_deltas.n);
    return res;
}

static void cpu_profiles(void **state)
{
    bool found = false;

    for (int i = 0; i < TRIES && !found; i++) {
        CDP_AUTO cdp_profiler_stop_result *res = profile(*state, busy);
        for (size_t k = 0; k < res->profile->nodes.n; k++) {
            const cdp_profiler_profile_node *n = &res->profile->nodes.items[k];
            if (res->profile->samples.n > 3 &&
                cdp_str_eq(n->call_frame->function_name, cdp_s("hot"))) {
                found = true;
                assert_text(n->call_frame->url, "test.js");
            }
        }
    }
    assert_true(found);
}

static void idle_time_shows(void **state)
{
    int idle = 0, program = 0;

    for (int i = 0; i < TRIES && !(idle > 10 && idle > program); i++) {
        CDP_AUTO cdp_profiler_stop_result *res = profile(*state, "setTimeout(() => {}, 100)");
        idle = program = 0;
        for (size_t k = 0; k < res->profile->nodes.n; k++) {
            const cdp_profiler_profile_node *n = &res->profile->nodes.items[k];
            if (cdp_str_eq(n->call_frame->function_name, cdp_s("(idle)")))
                idle += n->hit_count.value;
            if (cdp_str_eq(n->call_frame->function_name, cdp_s("(program)")))
                program += n->hit_count.value;
        }
    }
    assert_true(idle > 10 && idle > program);
}

/* ---- heap -------------------------------------------------------------- */

typedef struct snapshot {
    char *text;
    size_t len, cap, chunks, largest;
    int progress, finished;
    int refused;
    bool ended;      /* the reply is here */
    size_t close_at; /* this chunk */
} snapshot;

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    snapshot *t = data;

    assert_false(t->ended);
    if (t->len + ev->chunk.len > t->cap) {
        t->cap = (t->len + ev->chunk.len) * 2;
        t->text = realloc(t->text, t->cap);
        assert_non_null(t->text);
    }
    memcpy(t->text + t->len, ev->chunk.ptr, ev->chunk.len);
    t->len += ev->chunk.len;
    if (ev->chunk.len > t->largest)
        t->largest = ev->chunk.len;
    if (++t->chunks == t->close_at)
        cdp_close(s);
    else if (t->chunks == 2)
        assert_string_equal(eval(s, "1 + 1"), "2"); /* allowed here */
}

static void on_progress(cdp_session *s,
                        const cdp_heap_profiler_report_heap_snapshot_progress_event *ev, void *data)
{
    snapshot *t = data;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("gc = []") };
    cdp_session *more = NULL;

    assert_true(ev->done <= ev->total);
    t->progress++;
    t->finished += ev->finished.has && ev->finished.value;
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ESTATE);
    assert_has(cdp_last_error(s)->message.ptr, "heap must be left alone");
    assert_int_equal(cdp_v8_connect(&more, cdp_get_data(s), NULL), CDP_ESTATE);
    cdp_v8_pump(cdp_get_data(s));
    t->refused++;
}

static void a_snapshot_streams(void **state)
{
    fixture *f = *state;
    snapshot t = { .text = NULL };
    cdp_heap_profiler_take_heap_snapshot_params p = { .report_progress = CDP_SOME(true) };

    run(f, "var keep = []; for (let i = 0; i < 20000; i++) keep.push({ i, next: keep[i - 1] })");
    cdp_set_data(f->s, cdp_host_v8(f->h));
    cdp_heap_profiler_on_add_heap_snapshot_chunk(f->s, on_chunk, &t);
    cdp_heap_profiler_on_report_heap_snapshot_progress(f->s, on_progress, &t);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(f->s, &p), 0);
    t.ended = true;
    assert_true(t.chunks > 3);
    assert_true(t.largest <= 1 << 20);
    assert_true(t.progress > 0);
    assert_int_equal(t.finished, 1);
    assert_int_equal(t.refused, t.progress);

    cdp_value *v = NULL; /* the pieces make one document */
    assert_int_equal(cdp_value_copy((cdp_value){ t.text, t.len, CDP_JSON }, CDP_JSON, &v), 0);
    int64_t nodes = cdp_value_int(cdp_value_path(*v, "snapshot.node_count"), 0);
    assert_true(nodes > 20000);
    assert_int_equal(cdp_value_count(cdp_value_get(*v, "nodes")) % (size_t)nodes, 0);
    cdp_free(v);
    free(t.text);
    assert_string_equal(eval(f->s, "keep.length"), "20000");
}

static void a_snapshot_is_abandoned(void **state)
{
    fixture *f = *state;
    snapshot t = { .close_at = 1 };

    cdp_heap_profiler_on_add_heap_snapshot_chunk(f->s, on_chunk, &t);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(f->s, NULL), CDP_ECLOSED);
    assert_int_equal(t.chunks, 1);
    free(t.text);
    f->s = NULL;
    run(f, "1");
}

static void garbage_is_collected(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_heap_profiler_enable(f->s), 0);
    run(f, "var ref = new WeakRef({}), alive = true; new FinalizationRegistry(() => 1)");
    assert_int_equal(cdp_heap_profiler_collect_garbage(f->s), 0); /* answers from a task */
    assert_string_equal(eval(f->s, "ref.deref() === undefined"), "true");
}

static void heap_sampling(void **state)
{
    fixture *f = *state;
    cdp_heap_profiler_start_sampling_params p = { .sampling_interval = CDP_SOME(1024) };
    cdp_heap_profiler_stop_sampling_result *res = NULL;

    assert_int_equal(cdp_heap_profiler_start_sampling(f->s, &p), 0);
    run(f, "function grow() { let a = []; for (let i = 0; i < 1e5; i++) a.push({ i }); return a }\n"
           "var grown = grow()");
    assert_int_equal(cdp_heap_profiler_stop_sampling(f->s, &res), 0);
    assert_text(res->profile->head->call_frame->function_name, "(root)");
    assert_true(res->profile->head->children.n > 0);
    assert_true(res->profile->samples.n > 10);
    cdp_free(res);
}

/* ---- code -------------------------------------------------------------- */

static void precise_coverage(void **state)
{
    fixture *f = *state;
    cdp_profiler_start_precise_coverage_params p = { .call_count = CDP_SOME(true),
                                                     .detailed = CDP_SOME(true) };
    cdp_profiler_start_precise_coverage_result *started = NULL;
    cdp_profiler_take_precise_coverage_result *res = NULL;
    int called = -1, never = -1;

    assert_int_equal(cdp_profiler_enable(f->s), 0);
    assert_int_equal(cdp_profiler_start_precise_coverage(f->s, &p, &started), 0);
    cdp_free(started);
    run(f, "function thrice() {}\nfunction never() {}\nthrice(); thrice(); thrice()");
    assert_int_equal(cdp_profiler_take_precise_coverage(f->s, &res), 0);
    for (size_t i = 0; i < res->result.n; i++) {
        const cdp_profiler_script_coverage *c = &res->result.items[i];
        for (size_t k = 0; cdp_str_eq(c->url, cdp_s("test.js")) && k < c->functions.n; k++) {
            const cdp_profiler_function_coverage *fn = &c->functions.items[k];
            if (cdp_str_eq(fn->function_name, cdp_s("thrice")))
                called = fn->ranges.items[0].count;
            if (cdp_str_eq(fn->function_name, cdp_s("never")))
                never = fn->ranges.items[0].count;
        }
    }
    assert_int_equal(called, 3);
    assert_int_equal(never, 0);
    cdp_free(res);
}

typedef struct scripts {
    int n, wasm;
    char id[32];
} scripts;

static void on_script(cdp_session *s, const cdp_debugger_script_parsed_event *ev, void *data)
{
    (void)s;
    assert_true(ev->script_id.len > 0);
    ((scripts *)data)->n++;
}

/* Untyped: V8 10.2's debugSymbols is an object, the protocol has made it an array since. */
static void on_any_script(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    scripts *t = data;

    (void)s;
    (void)method;
    if (!cdp_value_str_eq(cdp_value_get(*params, "scriptLanguage"), "WebAssembly"))
        return;
    t->wasm++;
    cdp_str id = cdp_value_str(params, cdp_value_get(*params, "scriptId"));
    snprintf(t->id, sizeof t->id, "%s", id.ptr);
}

static void wasm_bytecode(void **state)
{
    fixture *f = *state;
    static const uint8_t module[] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    scripts t = { .n = 0 };
    cdp_debugger_enable_result *enabled = NULL;

    assert_int_not_equal(cdp_on(f->s, "Debugger.scriptParsed", on_any_script, &t), 0);
    assert_int_equal(cdp_debugger_enable(f->s, NULL, &enabled), 0);
    cdp_free(enabled);
    run(f, "var m = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))");
    assert_int_equal(t.wasm, 1);
    cdp_debugger_get_script_source_params p = { .script_id = cdp_s(t.id) };
    cdp_debugger_get_script_source_result *res = NULL;
    assert_int_equal(cdp_debugger_get_script_source(f->s, &p, &res), 0);
    assert_int_equal(res->bytecode.len, sizeof module);
    assert_memory_equal(res->bytecode.ptr, module, sizeof module);
    cdp_free(res);
}

static void many_scripts(void **state)
{
    fixture *f = *state;
    scripts t = { .n = 0 };
    cdp_debugger_enable_result *enabled = NULL;

    for (int i = 0; i < 500; i++)
        run(f, "(function () { return 1 })()");
    cdp_debugger_on_script_parsed(f->s, on_script, &t);
    assert_int_equal(cdp_debugger_enable(f->s, NULL, &enabled), 0);
    cdp_free(enabled);
    assert_true(t.n > 0); /* V8 may have collected some */
}

static void big_replies(void **state)
{
    fixture *f = *state;
    static const size_t sizes[] = { 1000, 100000, 5000000 };

    for (size_t i = 0; i < COUNT(sizes); i++) {
        char text[64];
        snprintf(text, sizeof text, "'x'.repeat(%zu)", sizes[i]);
        cdp_runtime_evaluate_result *res = evaluate(f->s, text, false);
        cdp_str str = cdp_value_str(res, res->result->value);
        assert_int_equal(str.len, sizes[i]);
        cdp_free(res);
    }
    cdp_runtime_evaluate_result *res = evaluate(f->s, "[...Array(50000).keys()]", false);
    assert_int_equal(cdp_value_count(res->result->value), 50000);
    assert_int_equal(cdp_value_int(cdp_value_at(res->result->value, 49999), 0), 49999);
    cdp_free(res);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(cpu_profiles),         V8_TEST(idle_time_shows),
        V8_TEST(a_snapshot_streams),   V8_TEST(a_snapshot_is_abandoned),
        V8_TEST(garbage_is_collected), V8_TEST(heap_sampling),
        V8_TEST(precise_coverage),     V8_TEST(wasm_bytecode),
        V8_TEST(many_scripts),         V8_TEST(big_replies),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
