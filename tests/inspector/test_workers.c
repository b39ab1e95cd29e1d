/* test_workers.c - isolates on other threads, reached through the program's inspector. */
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

/* ---- targets by themselves -------------------------------------------------------- */

static void workers_are_listed(void **state)
{
    program p;
    worker a, b;
    client c;

    (void)state;
    program_open(&p, NULL);
    worker_start(&a, &p, "first \"one\"");
    worker_start(&b, &p, NULL);
    assert_int_equal(program_do(&a.p, job_add, &a), CDP_ESTATE);
    assert_int_equal(cdp_inspector_add_worker(p.insp, cdp_host_v8(a.p.h), NULL), CDP_ESTATE);

    cJSON *list = http_json(cdp_inspector_port(p.insp), "/json/list");
    assert_int_equal(cJSON_GetArraySize(list), 3);
    assert_string_equal(text_at(list, "0.type"), "node");
    assert_string_equal(text_at(list, "1.type"), "worker");
    assert_string_equal(text_at(list, "1.title"), "first \"one\"");
    assert_string_equal(text_at(list, "1.url"), "file:///worker.js");
    assert_string_equal(text_at(list, "2.title"), "[worker 2]");

    program_run(&p, "var who = 'program'");
    program_run(&a.p, "var who = 'a'");
    program_run(&b.p, "var who = 'b'");
    client_attach(&c, text_at(list, "1.webSocketDebuggerUrl"));
    assert_string_equal(client_eval(&c, "who"), "\"a\"");
    client_do(&c, "Debugger.enable", NULL);
    program_begin_run(&a.p, "debugger");
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    client_do(&c, "Debugger.resume", NULL);
    assert_int_equal(program_await(&a.p), 0);
    cJSON *m = client_call(&c, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":false}");
    assert_int_equal(number_at(m, "error.code"), -32601); /* it has no workers of its own */
    cJSON_Delete(m);

    worker_stop(&a);
    assert_int_equal(client_ended(&c), 1001);
    client_close(&c);
    client_dial(&c, cdp_inspector_port(p.insp));
    char path[64];
    snprintf(path, sizeof path, "/%s", text_at(list, "1.id"));
    assert_int_equal(client_upgrade(&c, "localhost", path, NULL), 404);
    client_close(&c);
    cJSON_Delete(list);
    list = http_json(cdp_inspector_port(p.insp), "/json/list");
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_string_equal(text_at(list, "1.title"), "[worker 2]");
    client_attach(&c, text_at(list, "1.webSocketDebuggerUrl"));
    assert_string_equal(client_eval(&c, "who"), "\"b\"");
    client_close(&c);
    cJSON_Delete(list);
    worker_stop(&b);
    program_stop(&p);
}

static int job_add_itself(program *p, void *arg)
{
    (void)arg;
    return cdp_inspector_add_worker(p->insp, cdp_host_v8(p->h), NULL);
}

static void the_program_is_no_worker(void **state)
{
    program p;

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(program_do(&p, job_add_itself, NULL), CDP_ESTATE);
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    assert_int_equal(program_do(&p, job_add_itself, NULL), CDP_ESTATE);
    program_stop(&p);
}

/* It was added while the inspector was closed, and stays when that is opened again. */
static void workers_of_a_closed_inspector(void **state)
{
    program p;
    worker w;

    (void)state;
    program_start(&p, NULL);
    worker_start(&w, &p, "early");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(program_do(&p, job_open, NULL), 0);
        cJSON *list = http_json(cdp_inspector_port(p.insp), "/json/list");
        assert_int_equal(cJSON_GetArraySize(list), 2);
        assert_string_equal(text_at(list, "0.title"), "main");
        assert_string_equal(text_at(list, "1.title"), "early");
        cJSON_Delete(list);
        program_do(&p, job_close, NULL);
    }
    worker_stop(&w);
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    cJSON *list = http_json(cdp_inspector_port(p.insp), "/json/list");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    cJSON_Delete(list);
    program_stop(&p);
}

/* ---- NodeWorker ------------------------------------------------------------------- */

static void send_to(client *c, const char *session, const char *message)
{
    cJSON *params = cJSON_CreateObject();

    cJSON_AddStringToObject(params, "sessionId", session);
    cJSON_AddStringToObject(params, "message", message);
    char *text = cJSON_PrintUnformatted(params);
    client_do(c, "NodeWorker.sendMessageToWorker", text);
    cJSON_free(text);
    cJSON_Delete(params);
}

/* The next message of a worker; one cJSON_Delete(). */
static cJSON *received(client *c, const char *session)
{
    cJSON *event = client_event(c, "NodeWorker.receivedMessageFromWorker");

    assert_string_equal(text_at(event, "sessionId"), session);
    cJSON *m = cJSON_Parse(text_at(event, "message"));
    assert_non_null(m);
    cJSON_Delete(event);
    return m;
}

static void nested(void **state)
{
    program p;
    worker a, b;
    client c;
    char s1[16], s2[16];

    (void)state;
    start(&p, &c);
    worker_start(&a, &p, "a");
    client_do(&c, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":false}");
    assert_true(client_has_event(&c, "NodeWorker.attachedToWorker")); /* before the reply */
    cJSON *m = client_event(&c, "NodeWorker.attachedToWorker");
    snprintf(s1, sizeof s1, "%s", text_at(m, "sessionId"));
    assert_string_equal(text_at(m, "workerInfo.workerId"), "1");
    assert_string_equal(text_at(m, "workerInfo.type"), "worker");
    assert_string_equal(text_at(m, "workerInfo.title"), "a");
    assert_string_equal(text_at(m, "workerInfo.url"), "file:///worker.js");
    assert_true(cJSON_IsFalse(at(m, "waitingForDebugger")));
    cJSON_Delete(m);
    worker_start(&b, &p, "b");
    m = client_event(&c, "NodeWorker.attachedToWorker");
    snprintf(s2, sizeof s2, "%s", text_at(m, "sessionId"));
    assert_string_not_equal(s1, s2);
    assert_string_equal(text_at(m, "workerInfo.workerId"), "2");
    cJSON_Delete(m);

    /* ids of its own, errors, text of all kinds */
    send_to(&c, s1,
            "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
            "\"'\xe2\x82\xac \\\"' + 6 * 7\"}}");
    m = received(&c, s1);
    assert_int_equal(number_at(m, "id"), 1);
    assert_string_equal(text_at(m, "result.result.value"), "\xe2\x82\xac \"42");
    cJSON_Delete(m);
    send_to(&c, s2, "{\"id\":0,\"method\":\"Runtime.noSuch\"}");
    m = received(&c, s2);
    assert_int_equal(number_at(m, "id"), 0);
    assert_int_equal(number_at(m, "error.code"), -32601);
    cJSON_Delete(m);
    send_to(&c, s2, "not json");
    m = received(&c, s2);
    assert_int_equal(number_at(m, "error.code"), -32700);
    cJSON_Delete(m);
    send_to(&c, s1, "{\"id\":2,\"method\":\"Runtime.enable\"}");
    m = received(&c, s1);
    assert_string_equal(text_at(m, "method"), "Runtime.executionContextCreated");
    cJSON_Delete(m);
    m = received(&c, s1);
    assert_int_equal(number_at(m, "id"), 2);
    cJSON_Delete(m);

    /* sessions that are not there */
    m = client_call(&c, "NodeWorker.sendMessageToWorker",
                    "{\"sessionId\":\"77\",\"message\":\"{}\"}");
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);
    m = client_call(&c, "NodeWorker.detach", "{\"sessionId\":\"77\"}");
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);

    /* its end */
    worker_stop(&a);
    m = client_event(&c, "NodeWorker.detachedFromWorker");
    assert_string_equal(text_at(m, "sessionId"), s1);
    cJSON_Delete(m);
    m = client_call(&c, "NodeWorker.sendMessageToWorker",
                    "{\"sessionId\":\"1\",\"message\":\"{}\"}");
    assert_int_equal(number_at(m, "error.code"), -32001);
    cJSON_Delete(m);

    /* detached, disabled, enabled again */
    char text[64];
    snprintf(text, sizeof text, "{\"sessionId\":\"%s\"}", s2);
    client_do(&c, "NodeWorker.detach", text);
    m = client_event(&c, "NodeWorker.detachedFromWorker");
    assert_string_equal(text_at(m, "sessionId"), s2);
    cJSON_Delete(m);
    client_do(&c, "NodeWorker.disable", NULL);
    client_do(&c, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":false}");
    m = client_event(&c, "NodeWorker.attachedToWorker");
    assert_string_equal(text_at(m, "workerInfo.title"), "b");
    cJSON_Delete(m);
    client_do(&c, "NodeWorker.disable", NULL);
    worker_stop(&b);
    assert_string_equal(client_eval(&c, "1"), "1");
    assert_false(client_has_event(&c, "NodeWorker.detachedFromWorker"));
    stop(&p, &c);
}

static void nested_workers_wait(void **state)
{
    program p;
    worker w;
    client c, other;
    char session[16];

    (void)state;
    start(&p, &c);
    client_attach(&other, cdp_inspector_url(p.insp));
    client_do(&other, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":false}");
    client_do(&c, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":true}");
    worker_begin(&w, &p, "waits");
    cJSON *m = client_event(&c, "NodeWorker.attachedToWorker");
    assert_true(true_at(m, "waitingForDebugger"));
    snprintf(session, sizeof session, "%s", text_at(m, "sessionId"));
    cJSON_Delete(m);
    m = client_event(&other, "NodeWorker.attachedToWorker");
    assert_true(cJSON_IsFalse(at(m, "waitingForDebugger"))); /* it did not ask for that */
    cJSON_Delete(m);
    send_to(&c, session, "{\"id\":1,\"method\":\"Debugger.enable\"}");
    do
        m = received(&c, session);
    while (!at(m, "id") && (cJSON_Delete(m), true));
    cJSON_Delete(m);
    send_to(&c, session, "{\"id\":2,\"method\":\"Runtime.runIfWaitingForDebugger\"}");
    m = received(&c, session);
    assert_int_equal(number_at(m, "id"), 2);
    cJSON_Delete(m);
    worker_added(&w);
    program_begin_run(&w.p, "var x = 1;\ndebugger;\nx = 2");
    do
        m = received(&c, session);
    while (strcmp(text_at(m, "method"), "Debugger.paused") != 0 && (cJSON_Delete(m), true));
    cJSON_Delete(m);
    client_leave(&c); /* which resumes it */
    assert_int_equal(program_await(&w.p), 0);
    client_close(&other);
    worker_stop(&w);
    program_stop(&p);
}

/* The front-end that a worker waits for leaves, stops to want it, or is cut off. */
static void a_worker_is_left_waiting(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) {
        program p;
        worker w;
        client c;
        start(&p, &c);
        if (how < 3)
            client_do(&c, "NodeWorker.enable", "{\"waitForDebuggerOnStart\":true}");
        else
            client_do(&c, "Target.setAutoAttach",
                      "{\"autoAttach\":true,\"waitForDebuggerOnStart\":true,\"flatten\":true}");
        worker_begin(&w, &p, "waits");
        cJSON_Delete(
            client_event(&c, how < 3 ? "NodeWorker.attachedToWorker" : "Target.attachedToTarget"));
        if (how == 0)
            client_leave(&c);
        else if (how == 1)
            client_do(&c, "NodeWorker.disable", NULL);
        else if (how == 2)
            program_do(&p, job_close, NULL);
        else if (how == 3)
            client_close(&c);
        else
            client_do(&c, "Target.setAutoAttach",
                      "{\"autoAttach\":false,\"waitForDebuggerOnStart\":false}");
        worker_added(&w);
        worker_stop(&w);
        client_close(&c);
        program_stop(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_are_listed),
        cmocka_unit_test(the_program_is_no_worker),
        cmocka_unit_test(workers_of_a_closed_inspector),
        cmocka_unit_test(nested),
        cmocka_unit_test(nested_workers_wait),
        cmocka_unit_test(a_worker_is_left_waiting),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
