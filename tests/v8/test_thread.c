/*
 * test_thread.c - sessions of other threads than the isolate's: whatever that is doing, calls are
 * answered.
 */
#include "far_host.h"

/* ---- whatever the isolate is doing ----------------------------------------- */

static void check_calls(cdp_session *s)
{
    assert_string_equal(eval(s, "6 * 7"), "42");
    assert_string_equal(eval(s, "throw new Error('no')"),
                        "throws: Error: no\n    at <anonymous>:1:7");
    cdp_runtime_evaluate_result *res = evaluate(s, "new Promise(r => setTimeout(r, 1, 'later'))",
                                                true);
    assert_int_equal(res->result->type, CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING);
    cdp_free(res);
    assert_int_equal(cdp_call(s, "No.such", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
    assert_int_equal(cdp_last_error(s)->remote_code, CDP_METHOD_NOT_FOUND);
}

static void calls_while_idle(void **state)
{
    (void)state;
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        far_host f = { .by_hand = by_hand };
        far_start(&f);
        cdp_session *s = far_connect(&f);
        check_calls(s);
        cdp_close(s);
        far_end(&f);
    }
}

static void calls_amid_an_endless_loop(void **state)
{
    far_host f = { .script = "var turns = 0;\nfor (;;) turns++" };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    double before = strtod(eval(s, "turns"), NULL);
    while (strtod(eval(s, "turns"), NULL) <= before)
        ; /* the loop goes on between calls */
    assert_int_equal(cdp_runtime_terminate_execution(s), 0);
    check_calls(s); /* the loop of the host answers again */
    cdp_close(s);
    far_end(&f);
    assert_int_equal(f.outcome, CDP_ECANCELED);
}

static void calls_while_waiting_for_a_debugger(void **state)
{
    far_host f = { .wait = true, .script = "var ran = 1" };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    assert_string_equal(eval(s, "typeof ran"), "\"undefined\"");
    cdp_free(evaluate(s, "Promise.resolve(1)", true));
    assert_int_equal(cdp_v8_wait_for_debugger(f.v, 0), CDP_ESTATE); /* not this thread */
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(s), 0);
    /* What is sent next may still be answered by the wait. */
    while (strcmp(eval(s, "typeof ran"), "\"number\"") != 0)
        ;
    cdp_close(s);
    far_end(&f);
    assert_int_equal(f.waited, 0);
    assert_int_equal(f.outcome, 0);
}

static void nobody_comes(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_v8_wait_for_debugger(cdp_host_v8(f->h), 1), CDP_ETIMEDOUT);
    assert_int_equal(cdp_v8_wait_for_debugger(cdp_host_v8(f->h), 0), CDP_ETIMEDOUT);
}

/* Commands run one after the other; those that are meant for what runs don't wait. */
static void commands_keep_their_order(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params count = { .expression = cdp_s("n = n + 1"),
                                          .return_by_value = CDP_SOME(true) };
    cdp_runtime_evaluate_params endless = { .expression = cdp_s("console.log(1); for (;;);") };
    cdp_runtime_evaluate_cookie c[100];

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    assert_string_equal(eval(s, "var n = 0"), "undefined");
    far_block(&f);
    for (int i = 0; i < 100; i++)
        c[i] = cdp_runtime_evaluate_send(s, &count);
    far_unblock(&f);
    for (int i = 0; i < 100; i++) {
        cdp_runtime_evaluate_result *res = NULL;
        assert_int_equal(cdp_runtime_evaluate_reply(s, c[i], &res), 0);
        assert_int_equal(cdp_value_num(res->result->value, -1), i + 1);
        cdp_free(res);
    }
    assert_int_equal(cdp_runtime_enable(s), 0);
    uint32_t begun = cdp_runtime_expect_console_api_called(s);
    cdp_runtime_evaluate_cookie loop = cdp_runtime_evaluate_send(s, &endless);
    cdp_runtime_evaluate_cookie late = cdp_runtime_evaluate_send(s, &count);
    assert_int_equal(cdp_runtime_take_console_api_called(s, begun, NULL), 0);
    cdp_runtime_evaluate_cookie others = cdp_runtime_evaluate_send(other, &count);
    assert_int_equal(cdp_runtime_terminate_execution(s), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(s, loop, NULL), CDP_EREMOTE);
    assert_int_equal(cdp_runtime_evaluate_reply(s, late, NULL), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(other, others, NULL), 0);
    cdp_close(other);
    cdp_close(s);
    far_end(&f);
}

static void a_pause_amid_a_command(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s(
                                          "var on = true; console.log(1); while (on); 'done'") };
    cdp_runtime_evaluate_result *res = NULL;

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    assert_int_equal(cdp_debugger_enable(s, NULL, NULL), 0);
    assert_int_equal(cdp_runtime_enable(s), 0);
    uint32_t begun = cdp_runtime_expect_console_api_called(s);
    uint32_t paused = cdp_debugger_expect_paused(s);
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(s, &p);
    assert_int_equal(cdp_runtime_take_console_api_called(s, begun, NULL), 0);
    assert_int_equal(cdp_debugger_pause(s), 0);
    assert_int_equal(cdp_debugger_take_paused(s, paused, NULL), 0);
    assert_string_equal(eval(s, "on = false"), "false"); /* here everything is served */
    assert_int_equal(cdp_debugger_resume(s, NULL), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(s, c, &res), 0);
    assert_int_equal(res->result->type, CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING);
    cdp_free(res);
    cdp_close(s);
    far_end(&f);
}

/* Whoever comes while a client's evaluation never ends can still stop it there. */
static void a_newcomer_pauses_an_endless_command(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("console.log(1); for (;;);") };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    assert_int_equal(cdp_runtime_enable(s), 0);
    uint32_t begun = cdp_runtime_expect_console_api_called(s);
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(s, &p);
    assert_int_equal(cdp_runtime_take_console_api_called(s, begun, NULL), 0);
    cdp_session *late = far_connect(&f);
    uint32_t paused = cdp_debugger_expect_paused(late);
    assert_int_equal(cdp_debugger_enable(late, NULL, NULL), 0);
    assert_int_equal(cdp_debugger_pause(late), 0);
    assert_int_equal(cdp_debugger_take_paused(late, paused, NULL), 0);
    assert_string_equal(eval(late, "6 * 7"), "42");
    cdp_debugger_resume_params end = { .terminate_on_resume = CDP_SOME(true) };
    assert_int_equal(cdp_debugger_resume(late, &end), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(s, c, NULL), CDP_EREMOTE);
    assert_string_equal(eval(s, "6 * 7"), "42");
    cdp_close(late);
    cdp_close(s);
    far_end(&f);
}

/* ---- pauses ---------------------------------------------------------------- */

static cdp_debugger_paused_event *enable_and_run(far_host *f, cdp_session *s)
{
    cdp_debugger_paused_event *ev = NULL;

    (void)f;
    assert_int_equal(cdp_debugger_enable(s, NULL, NULL), 0);
    uint32_t c = cdp_debugger_expect_paused(s);
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(s), 0);
    assert_int_equal(cdp_debugger_take_paused(s, c, &ev), 0);
    return ev;
}

static const char paused_script[] = "var done, promise = new Promise(r => done = r);\n"
                                    "function f(x) {\n  debugger;\n  return x;\n}\n"
                                    "done(f(41));\n";

/* The script's result, once it has one. */
static void check_done(cdp_session *s, const char *text)
{
    cdp_runtime_evaluate_result *res = evaluate(s, "promise", true);

    assert_memory_equal(res->result->description.ptr, text, strlen(text));
    cdp_free(res);
}

static void calls_while_paused(void **state)
{
    far_host f = { .wait = true, .script = paused_script };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    cdp_debugger_paused_event *ev = enable_and_run(&f, s);
    cdp_debugger_evaluate_on_call_frame_params p = {
        .call_frame_id = ev->call_frames.items[0].call_frame_id, .expression = cdp_s("++x")
    };
    cdp_debugger_evaluate_on_call_frame_result *res = NULL;
    assert_int_equal(cdp_debugger_evaluate_on_call_frame(s, &p, &res), 0);
    assert_text(res->result->description, "42");
    cdp_free(res);
    cdp_free(ev);
    assert_string_equal(eval(other, "typeof f"), "\"function\"");
    assert_int_equal(cdp_debugger_resume(s, NULL), 0);
    check_done(other, "42");
    cdp_close(other);
    cdp_close(s);
    far_end(&f);
    assert_int_equal(f.outcome, 0);
}

static void closing_ends_a_pause(void **state)
{
    far_host f = { .wait = true, .script = paused_script };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    cdp_free(enable_and_run(&f, s));
    cdp_close(s);
    check_done(other, "41");
    cdp_close(other);
    far_end(&f);
}

/* Two debuggers: both are told, and one lets go for both. */
static void several_debuggers(void **state)
{
    far_host f = { .wait = true, .script = paused_script };
    cdp_debugger_paused_event *ev = NULL;

    (void)state;
    far_start(&f);
    cdp_session *a = far_connect(&f), *b = far_connect(&f);
    assert_int_equal(cdp_debugger_enable(b, NULL, NULL), 0);
    uint32_t paused = cdp_debugger_expect_paused(b);
    uint32_t resumed = cdp_debugger_expect_resumed(b);
    cdp_free(enable_and_run(&f, a));
    assert_int_equal(cdp_debugger_take_paused(b, paused, &ev), 0);
    assert_int_equal(ev->call_frames.n, 2);
    cdp_free(ev);
    assert_int_equal(cdp_debugger_resume(a, NULL), 0);
    assert_int_equal(cdp_debugger_take_resumed(b, resumed), 0);
    cdp_close(a);
    check_done(b, "41");
    cdp_close(b);
    far_end(&f);
}

/* ---- many ------------------------------------------------------------------ */

enum { THREADS = 16, CALLS = 200 };

typedef struct caller {
    far_host *f;
    pthread_t thread;
    int number, good;
} caller;

static void *call_often(void *data)
{
    caller *c = data;
    cdp_session *s = NULL;

    if (cdp_v8_connect_from_thread(&s, c->f->v, NULL) < 0)
        return NULL;
    for (int i = 0; i < CALLS; i++) {
        char text[64];
        cdp_runtime_evaluate_params p = { .return_by_value = CDP_SOME(true) };
        cdp_runtime_evaluate_result *res = NULL;
        snprintf(text, sizeof text, "%d * 1000 + %d", c->number, i);
        p.expression = cdp_s(text);
        if (cdp_runtime_evaluate(s, &p, &res) == 0 &&
            cdp_value_num(res->result->value, -1) == c->number * 1000 + i)
            c->good++;
        cdp_free(res);
    }
    cdp_close(s);
    return NULL;
}

static void many_threads(void **state)
{
    far_host f = { .script = "var turns = 0;\nfor (;;) turns++" };
    caller callers[THREADS];

    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        f = (far_host){ .script = busy ? "for (;;);" : NULL };
        far_start(&f);
        for (int i = 0; i < THREADS; i++) {
            callers[i] = (caller){ .f = &f, .number = i };
            assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(callers[i].thread, NULL);
            assert_int_equal(callers[i].good, CALLS);
        }
        if (busy) {
            cdp_session *s = far_connect(&f);
            assert_int_equal(cdp_runtime_terminate_execution(s), 0);
            cdp_close(s);
        }
        far_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_while_idle),
        cmocka_unit_test(calls_amid_an_endless_loop),
        cmocka_unit_test(calls_while_waiting_for_a_debugger),
        cmocka_unit_test(commands_keep_their_order),
        cmocka_unit_test(a_pause_amid_a_command),
        cmocka_unit_test(a_newcomer_pauses_an_endless_command),
        V8_TEST(nobody_comes),
        cmocka_unit_test(calls_while_paused),
        cmocka_unit_test(closing_ends_a_pause),
        cmocka_unit_test(several_debuggers),
        cmocka_unit_test(many_threads),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
