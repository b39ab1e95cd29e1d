/* test_worker_targets.c - workers as targets: the Target domain in its flat mode. */
#include "worker.h"

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

/* ---- flat sessions ---------------------------------------------------------------- */

static const char auto_attach[] =
    "{\"autoAttach\":true,\"waitForDebuggerOnStart\":false,\"flatten\":true}";

static cJSON *call_in(client *c, const char *session, const char *method, const char *params)
{
    cJSON *m = client_reply(c, client_command_to(c, session, method, params));

    if (!at(m, "error.code") || number_at(m, "error.code") != -32001)
        assert_string_equal(text_at(m, "sessionId"), session);
    return m;
}

static void flat(void **state)
{
    program p;
    worker a, b;
    client c;
    char s1[16], s2[16], text[128];

    (void)state;
    start(&p, &c);
    worker_start(&a, &p, "a");
    program_run(&a.p, "var who = 'a'");
    client_do(&c, "Target.setAutoAttach", auto_attach);
    assert_true(client_has_event(&c, "Target.attachedToTarget"));
    cJSON *m = client_event(&c, "Target.attachedToTarget");
    snprintf(s1, sizeof s1, "%s", text_at(m, "sessionId"));
    assert_string_equal(text_at(m, "targetInfo.type"), "worker");
    assert_string_equal(text_at(m, "targetInfo.title"), "a");
    assert_string_equal(text_at(m, "targetInfo.url"), "file:///worker.js");
    assert_true(true_at(m, "targetInfo.attached"));
    assert_true(cJSON_IsFalse(at(m, "waitingForDebugger")));
    cJSON_Delete(m);
    client_do(&c, "Target.setAutoAttach", auto_attach); /* once is enough */
    assert_false(client_has_event(&c, "Target.attachedToTarget"));

    /* the same id may be in use in either session */
    m = call_in(&c, s1, "Runtime.evaluate", "{\"expression\":\"who\"}");
    assert_string_equal(text_at(m, "result.result.value"), "a");
    cJSON_Delete(m);
    m = call_in(&c, s1, "Runtime.enable", NULL);
    cJSON_Delete(m);
    m = client_event(&c, "Runtime.executionContextCreated");
    assert_string_equal(text_at(m, "sessionId"), s1);
    cJSON_Delete(m);
    m = call_in(&c, s1, "Runtime.noSuch", NULL);
    assert_int_equal(number_at(m, "error.code"), -32601);
    cJSON_Delete(m);
    m = call_in(&c, s1, "Runtime.evaluate", "{\"expression\":7}");
    assert_int_equal(number_at(m, "error.code"), -32602);
    cJSON_Delete(m);
    m = call_in(&c, s1, "Target.getTargets", NULL); /* that is the root's */
    assert_int_equal(number_at(m, "error.code"), -32601);
    cJSON_Delete(m);
    m = call_in(&c, "77", "Runtime.enable", NULL);
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);
    assert_string_equal(client_eval(&c, "typeof who"), "\"undefined\""); /* the root's own */

    worker_start(&b, &p, "b");
    m = client_event(&c, "Target.attachedToTarget");
    snprintf(s2, sizeof s2, "%s", text_at(m, "sessionId"));
    assert_string_equal(text_at(m, "targetInfo.title"), "b");
    cJSON_Delete(m);
    snprintf(text, sizeof text, "{\"sessionId\":\"%s\"}", s2);
    client_do(&c, "Target.detachFromTarget", text);
    m = client_event(&c, "Target.detachedFromTarget");
    assert_string_equal(text_at(m, "sessionId"), s2);
    cJSON_Delete(m);
    m = client_call(&c, "Target.detachFromTarget", text);
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);
    m = call_in(&c, s2, "Runtime.enable", NULL);
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);

    worker_stop(&a);
    m = client_event(&c, "Target.detachedFromTarget");
    assert_string_equal(text_at(m, "sessionId"), s1);
    cJSON_Delete(m);
    m = call_in(&c, s1, "Runtime.enable", NULL);
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);
    worker_stop(&b);
    stop(&p, &c);
}

static void targets_are_told(void **state)
{
    program p;
    worker a, b;
    client c;
    char id[64], text[256];

    (void)state;
    start(&p, &c);
    worker_start(&a, &p, "a");
    cJSON *m = client_call(&c, "Target.getTargets", NULL);
    assert_int_equal(cJSON_GetArraySize(at(m, "result.targetInfos")), 2);
    assert_string_equal(text_at(m, "result.targetInfos.0.type"), "node");
    assert_true(true_at(m, "result.targetInfos.0.attached"));
    assert_string_equal(text_at(m, "result.targetInfos.1.title"), "a");
    assert_true(cJSON_IsFalse(at(m, "result.targetInfos.1.attached")));
    snprintf(id, sizeof id, "%s", text_at(m, "result.targetInfos.1.targetId"));
    cJSON_Delete(m);
    m = client_call(&c, "Target.getTargetInfo", NULL);
    assert_string_equal(text_at(m, "result.targetInfo.type"), "node");
    cJSON_Delete(m);
    snprintf(text, sizeof text, "{\"targetId\":\"%s\"}", id);
    m = client_call(&c, "Target.getTargetInfo", text);
    assert_string_equal(text_at(m, "result.targetInfo.title"), "a");
    cJSON_Delete(m);
    m = client_call(&c, "Target.getTargetInfo", "{\"targetId\":\"none\"}");
    assert_true(number_at(m, "error.code") < 0);
    cJSON_Delete(m);

    client_do(&c, "Target.setDiscoverTargets", "{\"discover\":true}");
    assert_true(client_has_event(&c, "Target.targetCreated"));
    do { /* the program's own may be among them */
        m = client_event(&c, "Target.targetCreated");
        snprintf(text, sizeof text, "%s", text_at(m, "targetInfo.targetId"));
        cJSON_Delete(m);
    } while (strcmp(text, id) != 0);
    worker_start(&b, &p, "b");
    m = client_event(&c, "Target.targetCreated");
    assert_string_equal(text_at(m, "targetInfo.title"), "b");
    cJSON_Delete(m);
    worker_stop(&a);
    m = client_event(&c, "Target.targetDestroyed");
    assert_string_equal(text_at(m, "targetId"), id);
    cJSON_Delete(m);
    client_do(&c, "Target.setDiscoverTargets", "{\"discover\":false}");
    worker_stop(&b);
    assert_string_equal(client_eval(&c, "1"), "1");
    assert_false(client_has_event(&c, "Target.targetDestroyed"));
    stop(&p, &c);
}

static void attached_by_hand(void **state)
{
    program p;
    worker w;
    client c;
    char id[64], s1[16], s2[16], text[256];

    (void)state;
    start(&p, &c);
    worker_start(&w, &p, "a");
    cJSON *m = client_call(&c, "Target.getTargets", NULL);
    snprintf(id, sizeof id, "%s", text_at(m, "result.targetInfos.1.targetId"));
    cJSON_Delete(m);
    snprintf(text, sizeof text, "{\"targetId\":\"%s\"}", id);
    m = client_call(&c, "Target.attachToTarget", text);
    assert_int_equal(number_at(m, "error.code"), -32602);
    assert_has(text_at(m, "error.message"), "flatten");
    cJSON_Delete(m);
    m = client_call(&c, "Target.setAutoAttach",
                    "{\"autoAttach\":true,\"waitForDebuggerOnStart\":false}");
    assert_int_equal(number_at(m, "error.code"), -32602);
    cJSON_Delete(m);
    m = client_call(&c, "Target.attachToTarget", "{\"targetId\":\"none\",\"flatten\":true}");
    assert_int_equal(number_at(m, "error.code"), -32602);
    cJSON_Delete(m);
    snprintf(text, sizeof text, "{\"targetId\":\"%s\",\"flatten\":true}", id);
    m = client_call(&c, "Target.attachToTarget", text);
    snprintf(s1, sizeof s1, "%s", text_at(m, "result.sessionId"));
    cJSON_Delete(m);
    m = client_event(&c, "Target.attachedToTarget");
    assert_string_equal(text_at(m, "sessionId"), s1);
    cJSON_Delete(m);
    m = client_call(&c, "Target.attachToTarget", text); /* a second session with it */
    snprintf(s2, sizeof s2, "%s", text_at(m, "result.sessionId"));
    assert_string_not_equal(s1, s2);
    cJSON_Delete(m);
    cJSON_Delete(call_in(&c, s1, "Runtime.enable", NULL));
    cJSON_Delete(client_event(&c, "Runtime.executionContextCreated"));
    m = call_in(&c, s2, "Runtime.evaluate", "{\"expression\":\"console.log('x'), 3\"}");
    assert_int_equal(number_at(m, "result.result.value"), 3);
    cJSON_Delete(m);
    m = client_event(&c, "Runtime.consoleAPICalled");
    assert_string_equal(text_at(m, "sessionId"), s1);
    cJSON_Delete(m);
    worker_stop(&w);
    cJSON_Delete(client_event(&c, "Target.detachedFromTarget"));
    cJSON_Delete(client_event(&c, "Target.detachedFromTarget"));
    stop(&p, &c);
}

static void flat_workers_wait(void **state)
{
    program p;
    worker w;
    client c;
    char s[16];

    (void)state;
    start(&p, &c);
    client_do(&c, "Target.setAutoAttach",
              "{\"autoAttach\":true,\"waitForDebuggerOnStart\":true,\"flatten\":true}");
    worker_begin(&w, &p, "waits");
    cJSON *m = client_event(&c, "Target.attachedToTarget");
    assert_true(true_at(m, "waitingForDebugger"));
    snprintf(s, sizeof s, "%s", text_at(m, "sessionId"));
    cJSON_Delete(m);
    m = call_in(&c, s, "Runtime.evaluate", "{\"expression\":\"6 * 7\"}");
    assert_int_equal(number_at(m, "result.result.value"), 42);
    cJSON_Delete(m);
    cJSON_Delete(call_in(&c, s, "Debugger.enable", NULL));
    cJSON_Delete(call_in(&c, s, "Debugger.pause", NULL));
    cJSON_Delete(call_in(&c, s, "Runtime.runIfWaitingForDebugger", NULL));
    worker_added(&w);
    program_begin_run(&w.p, "var x = 1");
    m = client_event(&c, "Debugger.paused");
    assert_string_equal(text_at(m, "sessionId"), s);
    cJSON_Delete(m);
    cJSON_Delete(call_in(&c, s, "Debugger.resume", NULL));
    assert_int_equal(program_await(&w.p), 0);
    worker_stop(&w);
    stop(&p, &c);
}

/* ---- while the program is busy ------------------------------------------------------ */

static void reached_while_the_program_is_busy(void **state)
{
    program p;
    worker a, b;
    client c;
    char s[16];

    (void)state;
    start(&p, &c);
    client_do(&c, "Debugger.enable", NULL);
    worker_start(&a, &p, "a");
    program_begin_run(&p, "debugger");
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    client_do(&c, "Target.setAutoAttach", auto_attach);
    cJSON *m = client_event(&c, "Target.attachedToTarget");
    snprintf(s, sizeof s, "%s", text_at(m, "sessionId"));
    cJSON_Delete(m);
    m = call_in(&c, s, "Runtime.evaluate", "{\"expression\":\"6 * 7\"}");
    assert_int_equal(number_at(m, "result.result.value"), 42);
    cJSON_Delete(m);
    client_do(&c, "Debugger.resume", NULL);
    program_await(&p);

    program_run(&p, "var looping = false");
    program_begin_run(&p, "looping = true; for (;;);");
    while (strcmp(client_eval(&c, "looping"), "true") != 0)
        ;
    m = call_in(&c, s, "Runtime.evaluate", "{\"expression\":\"6 * 7\"}");
    assert_int_equal(number_at(m, "result.result.value"), 42);
    cJSON_Delete(m);
    worker_start(&b, &p, "b"); /* another comes amid it */
    m = client_event(&c, "Target.attachedToTarget");
    assert_string_equal(text_at(m, "targetInfo.title"), "b");
    cJSON_Delete(m);
    worker_stop(&b);
    cJSON_Delete(client_event(&c, "Target.detachedFromTarget"));
    client_do(&c, "Runtime.terminateExecution", NULL);
    assert_int_equal(program_await(&p), CDP_ECANCELED);
    worker_stop(&a);
    stop(&p, &c);
}

/* Workers come and go while front-ends do. */
static void many(void **state)
{
    enum { ROUNDS = 10, WORKERS = 3 };
    program p;
    client c, d;

    (void)state;
    program_open(&p, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        worker w[WORKERS];
        client_attach(&c, cdp_inspector_url(p.insp));
        client_attach(&d, cdp_inspector_url(p.insp));
        client_command(&c, "Target.setAutoAttach", auto_attach);
        client_command(&d, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":true}");
        for (int i = 0; i < WORKERS; i++)
            worker_begin(&w[i], &p, NULL);
        if (round % 2)
            client_close(&d);
        client_command(&c, "Target.setDiscoverTargets", "{\"discover\":true}");
        if (round % 2 == 0)
            client_close(&d);
        for (int i = 0; i < WORKERS; i++) {
            worker_added(&w[i]);
            cJSON_Delete(client_event(&c, "Target.attachedToTarget"));
        }
        if (round % 3 == 0)
            client_close(&c);
        for (int i = 0; i < WORKERS; i++)
            worker_stop(&w[i]);
        client_close(&c);
    }
    program_await_sessions(&p, 0);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat),
        cmocka_unit_test(targets_are_told),
        cmocka_unit_test(attached_by_hand),
        cmocka_unit_test(flat_workers_wait),
        cmocka_unit_test(reached_while_the_program_is_busy),
        cmocka_unit_test(many),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
