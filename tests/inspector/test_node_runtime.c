/* test_node_runtime.c - a program that waits for a debugger: to come, to start with, to leave. */
#include "program.h"

#include <cdp/runtime.h>

static int forever = -1;

static void start(program *p, client *c)
{
    program_open(p, NULL);
    client_attach(c, cdp_inspector_url(p->insp));
}

static void stop(program *p, client *c)
{
    client_close(c);
    program_stop(p);
}

/* Has the program wait for a debugger; it does once this returns. */
static void begin_wait(program *p, client *watcher)
{
    client_do(watcher, "NodeRuntime.enable", NULL);
    program_begin(p, job_wait_for_debugger, &forever);
    cJSON_Delete(client_event(watcher, "NodeRuntime.waitingForDebugger"));
    client_do(watcher, "NodeRuntime.disable", NULL);
}

/* ---- to come ------------------------------------------------------------------------ */

static void any_session_lets_it_go(void **state)
{
    program p;
    client c, d;

    (void)state;
    start(&p, &c);
    begin_wait(&p, &c);
    client_do(&c, "Runtime.enable", NULL);
    assert_string_equal(client_eval(&c, "6 * 7"), "42"); /* commands work meanwhile */
    client_attach(&d, cdp_inspector_url(p.insp));
    client_do(&d, "Runtime.runIfWaitingForDebugger", NULL);
    assert_int_equal(program_await(&p), 0);
    client_leave(&d);
    client_do(&c, "Runtime.runIfWaitingForDebugger", NULL); /* nothing waits */
    assert_int_equal(program_run(&p, "1"), 0);
    stop(&p, &c);
}

static void a_thread_lets_it_go(void **state)
{
    program p;
    client c;
    cdp_session *s = NULL;

    (void)state;
    start(&p, &c);
    begin_wait(&p, &c);
    assert_int_equal(cdp_v8_connect_from_thread(&s, cdp_host_v8(p.h), NULL), 0);
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(s), 0);
    assert_int_equal(program_await(&p), 0);
    cdp_close(s);
    stop(&p, &c);
}

static void it_has_a_limit(void **state)
{
    program p;
    client c;
    int none = 0, some = 20;

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(program_do(&p, job_wait_for_debugger, &forever), CDP_ESTATE);
    assert_string_equal(program_error(&p), "Inspector is not active");
    program_do(&p, job_open, NULL);
    assert_int_equal(program_do(&p, job_wait_for_debugger, &none), CDP_ETIMEDOUT);
    assert_int_equal(program_do(&p, job_wait_for_debugger, &some), CDP_ETIMEDOUT);
    client_attach(&c, cdp_inspector_url(p.insp));
    assert_string_equal(client_eval(&c, "1"), "1");
    /* an earlier word does not count for a later wait */
    client_do(&c, "Runtime.runIfWaitingForDebugger", NULL);
    assert_int_equal(program_do(&p, job_wait_for_debugger, &some), CDP_ETIMEDOUT);
    program_do(&p, job_close, NULL);
    assert_int_equal(program_do(&p, job_wait_for_debugger, &none), CDP_ESTATE);
    stop(&p, &c);
}

static bool is_listening(void *arg)
{
    return program_logged(arg, "Debugger listening on ") == 1;
}

static void open_waits(void **state)
{
    cdp_inspector_options opt = { .wait = true };
    program p;
    client c;
    char url[256];

    (void)state;
    program_start(&p, &opt);
    program_begin(&p, job_open, NULL);
    await(is_listening, &p);
    assert_int_equal(sscanf(strstr(p.log, "ws://"), "%255s", url), 1);
    client_attach(&c, url);
    client_do(&c, "Debugger.enable", NULL);
    client_do(&c, "Debugger.setBreakpointByUrl",
              "{\"url\":\"program.js\",\"lineNumber\":1,\"columnNumber\":0}");
    client_do(&c, "Runtime.runIfWaitingForDebugger", NULL);
    assert_int_equal(program_await(&p), 0);
    program_begin_run(&p, "var x = 1;\nx = 2;\nx = 3");
    cJSON *m = client_event(&c, "Debugger.paused");
    assert_int_equal(number_at(m, "callFrames.0.location.lineNumber"), 1);
    cJSON_Delete(m);
    assert_string_equal(client_eval(&c, "x"), "1");
    client_do(&c, "Debugger.resume", NULL);
    assert_int_equal(program_await(&p), 0);
    stop(&p, &c);
}

static int job_pause_on_start(program *p, void *arg)
{
    (void)arg;
    return cdp_v8_pause_on_start(cdp_host_v8(p->h));
}

/* What `--inspect-brk` does. */
static void break_on_start(void **state)
{
    program p;
    client c;

    (void)state;
    program_open(&p, NULL);
    assert_int_equal(program_do(&p, job_pause_on_start, NULL), CDP_ESTATE); /* nobody is there */
    client_attach(&c, cdp_inspector_url(p.insp));
    begin_wait(&p, &c);
    client_do(&c, "Debugger.enable", NULL);
    client_do(&c, "Runtime.runIfWaitingForDebugger", NULL);
    assert_int_equal(program_await(&p), 0);
    assert_int_equal(program_do(&p, job_pause_on_start, NULL), 0);
    program_begin_run(&p, "var x = 1;\nx = 2");
    cJSON *m = client_event(&c, "Debugger.paused");
    assert_string_equal(text_at(m, "reason"), "Break on start");
    assert_int_equal(number_at(m, "callFrames.0.location.lineNumber"), 0);
    cJSON_Delete(m);
    client_do(&c, "Debugger.stepOver", NULL);
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    client_do(&c, "Debugger.resume", NULL);
    assert_int_equal(program_await(&p), 0);
    stop(&p, &c);
}

static void sessions_are_told_of_the_wait(void **state)
{
    program p;
    client a, b, c;

    (void)state;
    start(&p, &a);
    client_attach(&b, cdp_inspector_url(p.insp));
    client_do(&a, "NodeRuntime.enable", NULL);
    client_do(&b, "NodeRuntime.enable", NULL);
    client_do(&b, "NodeRuntime.disable", NULL);
    assert_false(client_has_event(&a, "NodeRuntime.waitingForDebugger"));
    program_begin(&p, job_wait_for_debugger, &forever);
    cJSON_Delete(client_event(&a, "NodeRuntime.waitingForDebugger"));
    client_attach(&c, cdp_inspector_url(p.insp)); /* comes later, and hears of it */
    client_do(&c, "NodeRuntime.enable", NULL);
    cJSON_Delete(client_event(&c, "NodeRuntime.waitingForDebugger"));
    assert_string_equal(client_eval(&b, "1"), "1");
    assert_false(client_has_event(&b, "NodeRuntime.waitingForDebugger"));
    client_do(&b, "Runtime.runIfWaitingForDebugger", NULL);
    assert_int_equal(program_await(&p), 0);
    client_do(&b, "NodeRuntime.enable", NULL); /* it is over */
    assert_false(client_has_event(&b, "NodeRuntime.waitingForDebugger"));
    client_close(&a);
    client_close(&b);
    stop(&p, &c);
}

/* ---- to leave ----------------------------------------------------------------------- */

static int job_wait_for_disconnect(program *p, void *arg)
{
    (void)arg;
    cdp_inspector_wait_for_disconnect(p->insp);
    return 0;
}

static void nobody_to_wait_for(void **state)
{
    program p;

    (void)state;
    program_start(&p, NULL);
    program_do(&p, job_wait_for_disconnect, NULL);
    program_do(&p, job_open, NULL);
    program_do(&p, job_wait_for_disconnect, NULL);
    assert_int_equal(program_logged(&p, "Waiting for the debugger"), 0);
    assert_null(cdp_inspector_url(p.insp));
    program_stop(&p);
}

static void it_waits_for_those_who_asked(void **state)
{
    program p;
    client a, b;

    (void)state;
    start(&p, &a);
    client_attach(&b, cdp_inspector_url(p.insp));
    client_do(&a, "Runtime.enable", NULL);
    client_do(&b, "Runtime.enable", NULL);
    client_do(&a, "NodeRuntime.notifyWhenWaitingForDisconnect", "{\"enabled\":true}");
    program_run(&p, "var kept = 6 * 7");
    program_begin(&p, job_wait_for_disconnect, NULL);
    cJSON_Delete(client_event(&a, "NodeRuntime.waitingForDisconnect"));
    assert_int_equal(program_logged(&p, "Waiting for the debugger to disconnect...\n"), 1);
    assert_string_equal(client_eval(&a, "kept"), "42");
    assert_string_equal(client_eval(&b, "kept"), "42");
    assert_false(client_has_event(&b, "NodeRuntime.waitingForDisconnect"));
    assert_false(client_has_event(&b, "Runtime.executionContextDestroyed"));
    assert_false(client_has_event(&a, "Runtime.executionContextDestroyed"));
    client_leave(&a);
    cJSON *m = client_event(&b, "Runtime.executionContextDestroyed");
    assert_int_equal(number_at(m, "executionContextId"), 1);
    cJSON_Delete(m);
    m = client_call(&b, "Runtime.evaluate", "{\"expression\":\"kept\"}"); /* answered, at least */
    assert_true(at(m, "error") != NULL || at(m, "result") != NULL);
    cJSON_Delete(m);
    client_leave(&b);
    program_await(&p);
    assert_null(cdp_inspector_url(p.insp));
    program_stop(&p);
}

static int job_ask(program *p, void *session)
{
    cdp_session **s = session;
    int rc = cdp_host_connect(s, p->h, NULL);

    return rc < 0 ? rc
                  : cdp_call(*s, "NodeRuntime.notifyWhenWaitingForDisconnect",
                             cdp_json("{\"enabled\":true}"), NULL);
}

/* One of the thread that waits could never leave. */
static void it_does_not_wait_for_its_own(void **state)
{
    program p;
    client c;
    cdp_session *s = NULL;

    (void)state;
    start(&p, &c);
    client_do(&c, "Runtime.enable", NULL);
    assert_int_equal(program_do(&p, job_ask, &s), 0);
    program_begin(&p, job_wait_for_disconnect, NULL);
    cJSON_Delete(client_event(&c, "Runtime.executionContextDestroyed"));
    client_close(&c);
    program_await(&p);
    program_stop(&p); /* which closes the session */
}

static void it_waits_for_all(void **state)
{
    program p;
    client a, b;

    (void)state;
    start(&p, &a);
    client_attach(&b, cdp_inspector_url(p.insp));
    client_do(&a, "Runtime.enable", NULL);
    client_do(&b, "NodeRuntime.notifyWhenWaitingForDisconnect", "{\"enabled\":true}");
    client_do(&b, "NodeRuntime.notifyWhenWaitingForDisconnect", "{\"enabled\":false}");
    program_begin(&p, job_wait_for_disconnect, NULL);
    cJSON_Delete(client_event(&a, "Runtime.executionContextDestroyed"));
    client_do(&b, "Runtime.enable", NULL);
    assert_false(client_has_event(&b, "NodeRuntime.waitingForDisconnect"));
    client_close(&a);
    program_await_sessions(&p, 1);
    client_close(&b);
    program_await(&p);
    assert_int_equal(program_logged(&p, "Waiting for the debugger to disconnect...\n"), 1);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_session_lets_it_go),
        cmocka_unit_test(a_thread_lets_it_go),
        cmocka_unit_test(it_has_a_limit),
        cmocka_unit_test(open_waits),
        cmocka_unit_test(break_on_start),
        cmocka_unit_test(sessions_are_told_of_the_wait),
        cmocka_unit_test(nobody_to_wait_for),
        cmocka_unit_test(it_waits_for_those_who_asked),
        cmocka_unit_test(it_does_not_wait_for_its_own),
        cmocka_unit_test(it_waits_for_all),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
