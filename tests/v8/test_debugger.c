/*
 * test_debugger.c - pauses on the very thread that would have to end them, and stack traces.
 */
#include "v8_test.h"

typedef struct watch {
    fixture *f;
    int paused, resumed;
    char reason[64], value[64], function[64];
    int32_t lines[64];
    int steps;  /* how often to step over */
    bool leave; /* close the session while paused */
    const char *expression;
} watch;

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    watch *w = data;
    const cdp_debugger_call_frame *top = &ev->call_frames.items[0];

    if (w->paused < 64)
        w->lines[w->paused] = top->location->line_number;
    w->paused++;
    if (ev->reason == CDP_DEBUGGER_PAUSED_EVENT_REASON_OTHER)
        snprintf(w->reason, sizeof w->reason, "other");
    else
        snprintf(w->reason, sizeof w->reason, "%s", cdp_unknown(ev, &ev->reason).ptr);
    snprintf(w->function, sizeof w->function, "%s", top->function_name.ptr);
    if (w->expression) {
        cdp_debugger_evaluate_on_call_frame_params p = { .call_frame_id = top->call_frame_id,
                                                         .expression = cdp_s(w->expression),
                                                         .return_by_value = CDP_SOME(true) };
        cdp_debugger_evaluate_on_call_frame_result *res = NULL;
        cdp_str *text = NULL;
        assert_int_equal(cdp_debugger_evaluate_on_call_frame(s, &p, &res), 0);
        assert_int_equal(cdp_value_text(res->result->value, &text), 0);
        snprintf(w->value, sizeof w->value, "%s", text->ptr);
        cdp_free(text);
        cdp_free(res);
    }
    if (w->steps-- > 0)
        assert_int_equal(cdp_debugger_step_over(s, NULL), 0);
    if (w->leave) {
        cdp_close(s);
        w->f->s = NULL;
    }
}

static void on_resumed(cdp_session *s, void *data)
{
    (void)s;
    ((watch *)data)->resumed++;
}

static void enable(cdp_session *s)
{
    cdp_debugger_enable_result *res = NULL;

    assert_int_equal(cdp_debugger_enable(s, NULL, &res), 0);
    assert_true(res->debugger_id.len > 0);
    cdp_free(res);
}

static void watch_pauses(fixture *f, watch *w)
{
    cdp_debugger_on_paused(f->s, on_paused, w);
    cdp_debugger_on_resumed(f->s, on_resumed, w);
    enable(f->s);
}

static void a_pause_does_not_hang(void **state)
{
    fixture *f = *state;
    watch w = { .f = f, .expression = "x + 1" };

    watch_pauses(f, &w);
    run(f, "function g() {\n  let x = 41;\n  debugger;\n  return x;\n}\ng()");
    assert_int_equal(w.paused, 1);
    assert_int_equal(w.resumed, 1);
    assert_int_equal(w.lines[0], 2);
    assert_string_equal(w.function, "g");
    assert_string_equal(w.reason, "other");
    assert_string_equal(w.value, "42");
}

static void a_pause_inside_a_call(void **state)
{
    fixture *f = *state;
    watch w = { .f = f, .expression = "1" };

    watch_pauses(f, &w);
    assert_string_equal(eval(f->s, "debugger; 5"), "5");
    assert_int_equal(w.paused, 1);
}

static void stepping(void **state)
{
    fixture *f = *state;
    watch w = { .f = f, .steps = 3, .expression = "n" };

    watch_pauses(f, &w);
    run(f, "let n = 1;\ndebugger;\nn++;\nn++;\nn++;\nn++;");
    assert_int_equal(w.paused, 4);
    assert_int_equal(w.lines[0], 1);
    assert_int_equal(w.lines[1], 2);
    assert_int_equal(w.lines[2], 3);
    assert_int_equal(w.lines[3], 4);
    assert_string_equal(w.value, "3");
    assert_string_equal(eval(f->s, "n"), "5");
}

/* A breakpoint in the same thread is hit five times, with the exact values, and not once more
 * after the session's end; what the callback logs is no pause. */
typedef struct hits {
    fixture *f;
    int n;
    int64_t values[8];
} hits;

static void on_hit(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    hits *h = data;
    const cdp_debugger_call_frame *top = &ev->call_frames.items[0];
    const cdp_debugger_scope *scope = &top->scope_chain.items[0];
    cdp_runtime_get_properties_params p = { .object_id = scope->object->object_id };
    cdp_runtime_get_properties_result *res = NULL;

    assert_int_equal(ev->hit_breakpoints.n, 1);
    assert_int_equal(scope->type, CDP_DEBUGGER_SCOPE_TYPE_BLOCK);
    assert_int_equal(cdp_runtime_get_properties(s, &p, &res), 0);
    for (size_t i = 0; i < res->result.n; i++)
        if (cdp_str_eq(res->result.items[i].name, cdp_s("i")))
            h->values[h->n] = cdp_value_int(res->result.items[i].value->value, -1);
    cdp_free(res);
    assert_string_equal(eval(s, "console.log('hit'); 1"), "1");
    h->n++;
}

static void breakpoints(void **state)
{
    fixture *f = *state;
    hits h = { .f = f };
    cdp_debugger_set_breakpoint_by_url_params p = { .line_number = 3, .url = cdp_s("loop.js") };
    cdp_debugger_set_breakpoint_by_url_result *res = NULL;
    static const char script[] = "function loop() {\n  let sum = 0;\n"
                                 "  for (let i = 0; i < 5; i++) {\n    sum += i;\n  }\n"
                                 "  return sum;\n}\nloop()";
    cdp_value *v = NULL;

    cdp_debugger_on_paused(f->s, on_hit, &h);
    enable(f->s);
    assert_int_equal(cdp_debugger_set_breakpoint_by_url(f->s, &p, &res), 0);
    cdp_free(res);
    assert_int_equal(cdp_host_run_text(f->h, "loop.js", cdp_s(script), &v), 0);
    assert_memory_equal(v->ptr, "10", 2);
    cdp_free(v);
    assert_int_equal(h.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(h.values[i], i);
    cdp_close(f->s);
    f->s = NULL;
    run(f, "loop(); debugger;");
    assert_int_equal(h.n, 5);
}

static void on_pause_disable(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    (void)ev;
    assert_int_equal(cdp_debugger_disable(s), 0);
    *(int *)data = cdp_debugger_step_over(s, NULL);
}

/* Which V8 does not bear. */
static void a_step_after_the_end(void **state)
{
    fixture *f = *state;
    int status = 0;

    cdp_debugger_on_paused(f->s, on_pause_disable, &status);
    enable(f->s);
    run(f, "debugger");
    assert_int_equal(status, CDP_EREMOTE);
    assert_has(cdp_last_error(f->s)->message.ptr, "not enabled");
}

static void leaving_while_paused(void **state)
{
    fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        watch w = { .f = f, .leave = true };
        watch_pauses(f, &w);
        if (i == 0) {
            run(f, "debugger; debugger; var went_on = 1");
        } else {
            cdp_runtime_evaluate_params p = { .expression = cdp_s(
                                                  "debugger; debugger; went_on++") };
            assert_int_equal(cdp_runtime_evaluate(f->s, &p, NULL), CDP_ECLOSED);
        }
        assert_int_equal(w.paused, 1);
        assert_null(f->s);
        assert_int_equal(cdp_host_connect(&f->s, f->h, NULL), 0);
    }
    assert_string_equal(eval(f->s, "went_on"), "2");
}

static void several_sessions_are_paused(void **state)
{
    fixture *f = *state;
    cdp_session *other = NULL;
    watch a = { .f = f, .steps = 1 }, b = { .f = f, .expression = "6 * 7" };

    assert_int_equal(cdp_host_connect(&other, f->h, NULL), 0);
    watch_pauses(f, &a);
    cdp_debugger_on_paused(other, on_paused, &b);
    enable(other);
    run(f, "debugger;\n1;\n2");
    assert_int_equal(a.paused, 2);
    assert_int_equal(b.paused, 2);
    assert_string_equal(b.value, "42");
    cdp_close(other);
    run(f, "debugger");
    assert_int_equal(a.paused, 3);
    assert_int_equal(b.paused, 2);
}

static void pausing_on_start(void **state)
{
    fixture *f = *state;
    watch w = { .f = f };
    cdp_v8 *v = cdp_host_v8(f->h);

    watch_pauses(f, &w);
    assert_int_equal(cdp_v8_pause_on_start(v), 0);
    run(f, "var first = 1;\nfirst++");
    assert_int_equal(w.paused, 1);
    assert_int_equal(w.lines[0], 0);
    assert_string_equal(w.reason, "Break on start");
    cdp_close(f->s);
    f->s = NULL;
    assert_int_equal(cdp_v8_pause_on_start(v), CDP_ESTATE);
}

/* ---- a program that serves pauses -------------------------------------- */

typedef struct driver {
    cdp_session *s;
    int turns, stop_after;
    watch w;
} driver;

static int drive(cdp_host *h, void *data)
{
    driver *d = data;

    (void)h;
    if (++d->turns % 2)
        return 0; /* nothing to do yet */
    if (d->stop_after && d->turns >= d->stop_after)
        return 1;
    assert_int_equal(cdp_debugger_step_over(d->s, NULL), 0);
    return 0;
}

static void a_program_may_serve_pauses(void **state)
{
    driver d = { .s = NULL };
    cdp_host_options opt = { .pause = drive, .data = &d };
    static const char steps[] = "debugger;\nvar a = 1;\na++;\na++;\n";
    cdp_host *h = NULL;

    (void)state;
    assert_int_equal(cdp_host_new(&h, &opt), 0);
    assert_int_equal(cdp_host_connect(&d.s, h, NULL), 0);
    cdp_debugger_on_paused(d.s, on_paused, &d.w);
    enable(d.s);
    assert_int_equal(cdp_host_run_text(h, "a.js", cdp_s(steps), NULL), 0);
    assert_true(d.w.paused >= 4);
    assert_true(d.turns >= 2 * 4);
    d.turns = 0;
    d.stop_after = 2;
    d.w.paused = 0;
    assert_int_equal(cdp_host_run_text(h, "a.js", cdp_s(steps), NULL), 0);
    assert_int_equal(d.w.paused, 1);
    cdp_close(d.s);
    assert_int_equal(cdp_host_free(h), 0);
}

/* ---- asynchronous stack traces ----------------------------------------- */

typedef struct parents {
    int n;
    char names[8][64]; /* the top functions of the trace and its parents, outwards */
} parents;

static void on_trace(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    parents *p = data;

    (void)s;
    for (const cdp_runtime_stack_trace *t = ev->stack_trace; t && p->n < 8; t = t->parent)
        snprintf(p->names[p->n++], sizeof p->names[0], "%s:%s",
                 t->description.ptr ? t->description.ptr : "",
                 t->call_frames.n ? t->call_frames.items[0].function_name.ptr : "");
}

static void async_stacks(void **state)
{
    fixture *f = *state;
    cdp_debugger_set_async_call_stack_depth_params depth = { .max_depth = 10 };
    static const struct {
        const char *script;
        const char *names[4];
    } rows[] = {
        { "async function a() { await b(); console.trace() }\n async function b() { await 1 }\n"
          "function start() { a() }\n start()",
          { ":a", "await:start" } },
        { "function t() { setTimeout(function inner() { console.trace() }, 1) }\n t()",
          { ":inner", "setTimeout:t" } },
        { "function i() { setImmediate(function inner() { console.trace() }) }\n i()",
          { ":inner", "setImmediate:i" } },
        { "function r() { let n = 0, id = setInterval(function tick() {"
          " if (++n == 2) { clearInterval(id); console.trace() } }, 1) }\n r()",
          { ":tick", "setInterval:r" } },
        { "function o() { setTimeout(function m() { setTimeout(function n() { console.trace() }, 1)"
          " }, 1) }\n o()",
          { ":n", "setTimeout:m", "setTimeout:o" } },
    };

    enable(f->s);
    assert_int_equal(cdp_runtime_enable(f->s), 0);
    assert_int_equal(cdp_debugger_set_async_call_stack_depth(f->s, &depth), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        parents p = { .n = 0 };
        uint32_t sub = cdp_runtime_on_console_api_called(f->s, on_trace, &p);
        run(f, rows[i].script);
        assert_int_equal(cdp_host_run(f->h), 0);
        cdp_off(f->s, sub);
        for (int k = 0; k < 4 && rows[i].names[k]; k++) {
            assert_true(p.n > k);
            assert_string_equal(p.names[k], rows[i].names[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(a_pause_does_not_hang),
        V8_TEST(a_pause_inside_a_call),
        V8_TEST(stepping),
        V8_TEST(breakpoints),
        V8_TEST(a_step_after_the_end),
        V8_TEST(leaving_while_paused),
        V8_TEST(several_sessions_are_paused),
        V8_TEST(pausing_on_start),
        V8_TEST(a_program_may_serve_pauses),
        V8_TEST(async_stacks),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
