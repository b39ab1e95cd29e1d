/* test_workers.c - isolates on other threads, reached through the program's inspector. */
#include "program.h"

#include <uv.h>

/* A program of its own whose V8 is a worker of another's inspector. */
typedef struct worker {
    program p;
    cdp_inspector *insp;
    cdp_inspector_worker info;
} worker;

static int job_add(program *p, void *arg)
{
    worker *w = arg;

    return cdp_inspector_add_worker(w->insp, cdp_host_v8(p->h), &w->info);
}

static int job_remove(program *p, void *arg)
{
    worker *w = arg;

    cdp_inspector_remove_worker(w->insp, cdp_host_v8(p->h));
    return 0;
}

/* It may not be let go at once: worker_added() waits for that. */
static void worker_begin(worker *w, program *of, const char *title)
{
    w->insp = of->insp;
    w->info = (cdp_inspector_worker){ .title = title, .url = "file:///worker.js" };
    program_start_plain(&w->p);
    program_begin(&w->p, job_add, w);
}

static void worker_added(worker *w)
{
    assert_int_equal(program_await(&w->p), 0);
}

static void worker_start(worker *w, program *of, const char *title)
{
    worker_begin(w, of, title);
    worker_added(w);
}

static void worker_stop(worker *w)
{
    program_do(&w->p, job_remove, w);
    program_stop(&w->p);
}

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

/* ---- Target ----------------------------------------------------------------------- */

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
        cmocka_unit_test(workers_are_listed),
        cmocka_unit_test(the_program_is_no_worker),
        cmocka_unit_test(workers_of_a_closed_inspector),
        cmocka_unit_test(nested),
        cmocka_unit_test(nested_workers_wait),
        cmocka_unit_test(a_worker_is_left_waiting),
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
