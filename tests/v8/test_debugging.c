/*
 * test_debugging.c - a debugger on another thread: breakpoints, frames and scopes, steps,
 * exceptions, asynchronous stacks, live edits.
 */
#define CDP_NO_DEPRECATED /* setScriptSource is, and V8 goes on serving it */
#include "far_host.h"

/* A script that is about to run, and its debugger. */
typedef struct debuggee {
    far_host f;
    cdp_session *s;
    cdp_debugger_paused_event *ev; /* where it is paused */
    uint32_t next;                 /* the pause after that */
} debuggee;

static void open_script(debuggee *d, const char *script)
{
    d->f = (far_host){ .wait = true, .script = script, .name = "/the/file.js" };
    d->ev = NULL;
    far_start(&d->f);
    d->s = far_connect(&d->f);
    assert_int_equal(cdp_debugger_enable(d->s, NULL, NULL), 0);
    d->next = cdp_debugger_expect_paused(d->s);
}

/* Waits for the next pause, in that line (from 1, as people count). */
static const cdp_debugger_call_frame *take_pause(debuggee *d, int line)
{
    cdp_free(d->ev);
    assert_int_equal(cdp_debugger_take_paused(d->s, d->next, &d->ev), 0);
    d->next = cdp_debugger_expect_paused(d->s);
    assert_int_equal(d->ev->call_frames.items[0].location->line_number + 1, line);
    return &d->ev->call_frames.items[0];
}

static const cdp_debugger_call_frame *run_to(debuggee *d, int line)
{
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(d->s), 0);
    return take_pause(d, line);
}

static const cdp_debugger_call_frame *resume_to(debuggee *d, int line)
{
    assert_int_equal(cdp_debugger_resume(d->s, NULL), 0);
    return take_pause(d, line);
}

/* Lets it go; the script's status. */
static int close_script(debuggee *d)
{
    cdp_free(d->ev);
    cdp_close(d->s);
    far_end(&d->f);
    return d->f.outcome;
}

/* The value of an expression there, as JSON. */
static const char *eval_in(debuggee *d, const cdp_debugger_call_frame *frame, const char *text)
{
    static char out[256];
    cdp_debugger_evaluate_on_call_frame_params p = { .call_frame_id = frame->call_frame_id,
                                                     .expression = cdp_s(text) };
    cdp_debugger_evaluate_on_call_frame_result *res = NULL;
    cdp_str *json = NULL;

    assert_int_equal(cdp_debugger_evaluate_on_call_frame(d->s, &p, &res), 0);
    assert_int_equal(cdp_value_text(res->result->value, &json), 0);
    snprintf(out, sizeof out, "%s", json->ptr);
    cdp_free(json);
    cdp_free(res);
    return out;
}

static cdp_debugger_set_breakpoint_by_url_result *
break_at(debuggee *d, const cdp_debugger_set_breakpoint_by_url_params *p)
{
    cdp_debugger_set_breakpoint_by_url_result *res = NULL;

    assert_int_equal(cdp_debugger_set_breakpoint_by_url(d->s, p, &res), 0);
    return res;
}

/* ---- breakpoints ----------------------------------------------------------- */

static const char loop_script[] = "function loop(n) {\n"
                                  "  let sum = 0;\n"
                                  "  for (let i = 0; i < n; i++) {\n"
                                  "    sum += i;\n"
                                  "  }\n"
                                  "  return sum;\n"
                                  "}\n"
                                  "var total = loop(5);\n"
                                  "total++;\n";

static void breakpoints_by_url(void **state)
{
    static const cdp_debugger_set_breakpoint_by_url_params rows[] = {
        { .line_number = 3, .url = { "file:///the/file.js", 19 } },
        { .line_number = 3, .url_regex = { "file\\.js$", 9 } },
    };
    static const char *const ids[] = { "1:3:0:file:///the/file.js", "2:3:0:file\\.js$" };
    debuggee d;

    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        open_script(&d, loop_script);
        cdp_debugger_set_breakpoint_by_url_result *b = break_at(&d, &rows[row]);
        assert_text(b->breakpoint_id, ids[row]);
        const cdp_debugger_call_frame *top = run_to(&d, 4);
        assert_int_equal(d.ev->hit_breakpoints.n, 1);
        assert_text(d.ev->hit_breakpoints.items[0], ids[row]);
        for (int i = 0; i < 5; i++) {
            char text[8];
            snprintf(text, sizeof text, "%d", i);
            assert_string_equal(eval_in(&d, top, "i"), text);
            if (i < 4)
                top = resume_to(&d, 4);
        }
        cdp_debugger_remove_breakpoint_params gone = { .breakpoint_id = b->breakpoint_id };
        assert_int_equal(cdp_debugger_remove_breakpoint(d.s, &gone), 0);
        cdp_free(b);
        assert_int_equal(cdp_debugger_resume(d.s, NULL), 0);
        assert_int_equal(close_script(&d), 0);
    }
}

static void conditions(void **state)
{
    cdp_debugger_set_breakpoint_by_url_params p = { .line_number = 3,
                                                    .url = cdp_s("file:///the/file.js"),
                                                    .condition = cdp_s("i === 3") };
    debuggee d;

    (void)state;
    open_script(&d, loop_script);
    cdp_free(break_at(&d, &p));
    assert_string_equal(eval_in(&d, run_to(&d, 4), "`${i} ${sum}`"), "\"3 3\"");
    cdp_debugger_set_breakpoints_active_params off = { .active = false };
    assert_int_equal(cdp_debugger_set_breakpoints_active(d.s, &off), 0);
    assert_int_equal(close_script(&d), 0);
}

static void possible_breakpoints(void **state)
{
    cdp_debugger_set_breakpoint_by_url_params p = { .line_number = 8,
                                                    .url = cdp_s("file:///the/file.js") };
    cdp_debugger_get_possible_breakpoints_result *res = NULL;
    debuggee d;
    int returns = 0;

    (void)state;
    open_script(&d, loop_script);
    cdp_free(break_at(&d, &p));
    const cdp_debugger_call_frame *top = run_to(&d, 9);
    cdp_debugger_location from = { .script_id = top->location->script_id, .line_number = 1 };
    cdp_debugger_location to = { .script_id = top->location->script_id, .line_number = 6 };
    cdp_debugger_get_possible_breakpoints_params range = { .start = &from, .end = &to };
    assert_int_equal(cdp_debugger_get_possible_breakpoints(d.s, &range, &res), 0);
    assert_true(res->locations.n >= 5);
    for (size_t i = 0; i < res->locations.n; i++)
        returns += res->locations.items[i].type == CDP_DEBUGGER_BREAK_LOCATION_TYPE_RETURN;
    assert_int_equal(returns, 1);
    cdp_free(res);
    assert_int_equal(close_script(&d), 0);
}

/* ---- frames ---------------------------------------------------------------- */

static const char frames_script[] = "function inner(a) {\n"
                                    "  let b = a * 2;\n"
                                    "  debugger;\n"
                                    "  return b;\n"
                                    "}\n"
                                    "function outer(x) {\n"
                                    "  const y = inner(x + 1);\n"
                                    "  return y;\n"
                                    "}\n"
                                    "var result = outer(20);\n";

static void frames_and_scopes(void **state)
{
    cdp_runtime_get_properties_result *res = NULL;
    debuggee d;
    int found = 0;

    (void)state;
    open_script(&d, frames_script);
    const cdp_debugger_call_frame *top = run_to(&d, 3);
    assert_int_equal(d.ev->call_frames.n, 3);
    assert_text(top[0].function_name, "inner");
    assert_text(top[1].function_name, "outer");
    assert_text(top[2].function_name, "");
    assert_int_equal(top[1].location->line_number + 1, 7);
    assert_int_equal(top->scope_chain.items[0].type, CDP_DEBUGGER_SCOPE_TYPE_LOCAL);
    cdp_runtime_get_properties_params p = {
        .object_id = top->scope_chain.items[0].object->object_id
    };
    assert_int_equal(cdp_runtime_get_properties(d.s, &p, &res), 0);
    for (size_t i = 0; i < res->result.n; i++) {
        const cdp_runtime_property_descriptor *v = &res->result.items[i];
        if (cdp_str_eq(v->name, cdp_s("a")))
            found += cdp_value_int(v->value->value, 0) == 21;
        if (cdp_str_eq(v->name, cdp_s("b")))
            found += cdp_value_int(v->value->value, 0) == 42;
    }
    assert_int_equal(found, 2);
    cdp_free(res);
    assert_string_equal(eval_in(&d, &top[1], "x"), "20");
    assert_string_equal(eval_in(&d, &top[0], "b = 50"), "50");
    cdp_runtime_call_argument hundred = { .value = cdp_json("100") };
    cdp_debugger_set_variable_value_params set = { .variable_name = cdp_s("b"),
                                                   .new_value = &hundred,
                                                   .call_frame_id = top->call_frame_id };
    assert_int_equal(cdp_debugger_set_variable_value(d.s, &set), 0);
    assert_int_equal(cdp_debugger_resume(d.s, NULL), 0);
    while (strcmp(eval(d.s, "typeof result"), "\"number\"") != 0)
        ;
    assert_string_equal(eval(d.s, "result"), "100");
    assert_int_equal(close_script(&d), 0);
}

static void steps(void **state)
{
    debuggee d;

    (void)state;
    open_script(&d, frames_script);
    run_to(&d, 3);
    assert_int_equal(cdp_debugger_step_over(d.s, NULL), 0);
    take_pause(&d, 4);
    assert_int_equal(cdp_debugger_step_out(d.s), 0);
    assert_text(take_pause(&d, 8)->function_name, "outer");
    assert_int_equal(close_script(&d), 0);
}

static void a_place_to_go_to(void **state)
{
    debuggee d;

    (void)state;
    open_script(&d, frames_script);
    const cdp_debugger_call_frame *top = run_to(&d, 3);
    cdp_debugger_location eight = { .script_id = top->location->script_id, .line_number = 7 };
    cdp_debugger_continue_to_location_params go = { .location = &eight };
    assert_int_equal(cdp_debugger_continue_to_location(d.s, &go), 0);
    take_pause(&d, 8);
    assert_int_equal(close_script(&d), 0);
}

static void steps_into(void **state)
{
    cdp_debugger_set_breakpoint_by_url_params p = { .line_number = 9,
                                                    .url = cdp_s("file:///the/file.js") };
    debuggee d;

    (void)state;
    open_script(&d, frames_script);
    cdp_free(break_at(&d, &p));
    run_to(&d, 10);
    assert_int_equal(cdp_debugger_step_into(d.s, NULL), 0);
    assert_text(take_pause(&d, 7)->function_name, "outer");
    /* Blackboxed, inner() is passed by, its debugger statement included. */
    cdp_str pattern = cdp_s("file\\.js$");
    cdp_debugger_set_blackbox_patterns_params box = { .patterns = { &pattern, 1 } };
    assert_int_equal(cdp_debugger_set_blackbox_patterns(d.s, &box), 0);
    assert_int_equal(cdp_debugger_resume(d.s, NULL), 0);
    while (strcmp(eval(d.s, "typeof result"), "\"number\"") != 0)
        ;
    assert_int_equal(close_script(&d), 0);
}

static void skipping_pauses(void **state)
{
    cdp_debugger_set_skip_all_pauses_params skip = { .skip = true };
    debuggee d;

    (void)state;
    open_script(&d, "debugger;\ndebugger;\nvar end = 1");
    run_to(&d, 1);
    assert_int_equal(cdp_debugger_set_skip_all_pauses(d.s, &skip), 0);
    assert_int_equal(cdp_debugger_resume(d.s, NULL), 0);
    while (strcmp(eval(d.s, "typeof end"), "\"number\"") != 0)
        ;
    assert_int_equal(close_script(&d), 0);
}

static void live_edits(void **state)
{
    static const char edited[] = "function f() { return 'new' }\ndebugger;\nvar seen = f();";
    cdp_debugger_set_script_source_result *res = NULL;
    debuggee d;

    (void)state;
    open_script(&d, "function f() { return 'old' }\ndebugger;\nvar seen = f();");
    const cdp_debugger_call_frame *top = run_to(&d, 2);
    cdp_debugger_set_script_source_params p = { .script_id = top->location->script_id,
                                                .script_source = cdp_s(edited) };
    assert_int_equal(cdp_debugger_set_script_source(d.s, &p, &res), 0);
    cdp_free(res);
    assert_string_equal(eval_in(&d, top, "f()"), "\"new\"");
    assert_int_equal(close_script(&d), 0);
}

/* ---- exceptions ------------------------------------------------------------ */

static void pauses_on_exceptions(void **state)
{
    cdp_debugger_set_pause_on_exceptions_params p = {
        .state = CDP_DEBUGGER_SET_PAUSE_ON_EXCEPTIONS_STATE_ALL
    };
    static const char script[] = "try {\n  throw new Error('caught');\n} catch (e) {}\n"
                                 "throw new Error('uncaught');";
    debuggee d;

    (void)state;
    open_script(&d, script);
    assert_int_equal(cdp_debugger_set_pause_on_exceptions(d.s, &p), 0);
    run_to(&d, 2);
    assert_int_equal(d.ev->reason, CDP_DEBUGGER_PAUSED_EVENT_REASON_EXCEPTION);
    resume_to(&d, 4);
    assert_int_equal(close_script(&d), CDP_EREMOTE);

    p.state = CDP_DEBUGGER_SET_PAUSE_ON_EXCEPTIONS_STATE_UNCAUGHT;
    open_script(&d, script);
    assert_int_equal(cdp_debugger_set_pause_on_exceptions(d.s, &p), 0);
    run_to(&d, 4);
    assert_int_equal(close_script(&d), CDP_EREMOTE);
}

/* ---- asynchronous stacks --------------------------------------------------- */

static void async_stacks(void **state)
{
    cdp_debugger_set_async_call_stack_depth_params depth = { .max_depth = 8 };
    debuggee d;

    (void)state;
    open_script(&d, "async function waits() {\n  await 1;\n  debugger;\n}\n"
                    "function starts() { waits() }\n"
                    "starts();\n"
                    "setTimeout(function later() {\n  debugger;\n}, 1);");
    assert_int_equal(cdp_debugger_set_async_call_stack_depth(d.s, &depth), 0);
    assert_text(run_to(&d, 3)->function_name, "waits");
    assert_text(d.ev->async_stack_trace->description, "await");
    assert_text(resume_to(&d, 8)->function_name, "later");
    assert_text(d.ev->async_stack_trace->description, "setTimeout");
    assert_int_equal(close_script(&d), 0);
}

/* A script that is paused ends when its debugger says so. */
static void terminating_a_paused_script(void **state)
{
    cdp_debugger_resume_params p = { .terminate_on_resume = CDP_SOME(true) };
    debuggee d;

    (void)state;
    open_script(&d, "debugger;\nfor (;;) console.log({ a: [1] });");
    assert_int_equal(cdp_runtime_enable(d.s), 0); /* V8 would describe that */
    run_to(&d, 1);
    assert_int_equal(cdp_debugger_resume(d.s, &p), 0);
    assert_int_equal(close_script(&d), CDP_ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breakpoints_by_url),
        cmocka_unit_test(conditions),
        cmocka_unit_test(possible_breakpoints),
        cmocka_unit_test(frames_and_scopes),
        cmocka_unit_test(steps),
        cmocka_unit_test(a_place_to_go_to),
        cmocka_unit_test(steps_into),
        cmocka_unit_test(skipping_pauses),
        cmocka_unit_test(live_edits),
        cmocka_unit_test(pauses_on_exceptions),
        cmocka_unit_test(async_stacks),
        cmocka_unit_test(terminating_a_paused_script),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
