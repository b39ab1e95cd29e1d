/*
 * test_nodes.c - the client and real Nodes: each of those that NODES names ("18=FILE 20=FILE"), or
 * the one that is installed.
 */
#include "started.h"
#include "visit.h"

#include <cdp/heap_profiler.h>
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <cdp/targets.h>
#include <cdp/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { MB = 1 << 20, DEPTH = 300 };

static const char idle[] = "setInterval(() => {}, 1000);";

typedef struct attached {
    started node;
    cdp_session *s;
    rig_heap heap;
    unsigned lost;
} attached;

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    (void)s;
    assert_true(why->status < 0 && why->message.len > 0);
    ((attached *)data)->lost++;
}

static cdp_runtime_evaluate_result *evaluate(cdp_session *s, const char *expression)
{
    const cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                            .return_by_value = CDP_SOME(true) };
    cdp_runtime_evaluate_result *res = NULL;

    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    return res;
}

static double number(cdp_session *s, const char *expression)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = evaluate(s, expression);

    assert_int_equal(cdp_value_typeof(res->result->value), CDP_VALUE_NUMBER);
    return cdp_value_num(res->result->value, 0);
}

/* Its process id, once it has one: it listens before that. */
static double pid_of(cdp_session *s)
{
    double pid;

    do
        pid = number(s, "globalThis.process?.pid ?? 0");
    while (pid == 0);
    return pid;
}

static void attach(attached *a, void **state, const char *script, size_t max_message)
{
    cdp_remote_options opt = { .session.max_message = max_message };

    memset(a, 0, sizeof *a);
    rig_heap_init(&a->heap);
    opt.session.allocator = &a->heap.allocator;
    if (!started_node_at(&a->node, *state, script))
        skip();
    if (cdp_connect(&a->s, a->node.url, &opt) < 0)
        fail_msg("%s", cdp_last_error(a->s)->message.ptr);
    cdp_set_lost(a->s, on_lost, a);
    assert_true(pid_of(a->s) == (double)a->node.pid);
}

static void detach(attached *a)
{
    cdp_close(a->s);
    assert_int_equal(a->heap.blocks, 0);
    started_end(&a->node);
}

/* ---- ways to it ------------------------------------------------------------------ */

static void reaches(const char *url, pid_t pid)
{
    cdp_session *s;

    if (cdp_connect(&s, url, NULL) < 0)
        fail_msg("%s: %s", url, cdp_last_error(s)->message.ptr);
    assert_true(pid_of(s) == (double)pid);
    cdp_close(s);
}

static void by_any_url(void **state)
{
    static const char *const forms[] = { "http://127.0.0.1:%s", "http://127.0.0.1:%s/",
                                         "http://localhost:%s", "127.0.0.1:%s",
                                         "localhost:%s",        "%s" };
    started node;
    char url[320];

    if (!started_node_at(&node, *state, idle))
        skip();
    const char *colon = strrchr(node.url, ':'), *id = strrchr(node.url, '/') + 1;
    char port[8];
    snprintf(port, sizeof port, "%.*s", (int)strcspn(colon + 1, "/"), colon + 1);
    reaches(node.url, node.pid);
    const unsigned files = open_files(); /* the first loop opened some that stay */
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(url, sizeof url, forms[i], port);
        reaches(url, node.pid);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%s/%s", port, id);
    reaches(url, node.pid);
    snprintf(url, sizeof url, "ws://localhost:%s/%s", port, id);
    reaches(url, node.pid);
    assert_int_equal(open_files(), files);
    started_end(&node);
}

static void by_its_pid(void **state)
{
    started node;
    cdp_session *s;

    if (!started_node_plain(&node, *state))
        skip();
    for (int i = 0; i < 2; i++) { /* the first opens its inspector */
        if (cdp_connect_pid(&s, node.pid, NULL) < 0)
            fail_msg("%s", cdp_last_error(s)->message.ptr);
        assert_true(pid_of(s) == (double)node.pid);
        cdp_close(s);
    }
    started_end(&node);
}

static void a_wrong_path(void **state)
{
    started node;
    cdp_session *s;

    if (!started_node_at(&node, *state, idle))
        skip();
    node.url[strlen(node.url) - 1] ^= 1;
    assert_true(cdp_connect(&s, node.url, NULL) < 0);
    assert_true(cdp_last_error(s)->message.len > 0);
    cdp_close(s);
    started_end(&node);
}

/* ---- calls and events ------------------------------------------------------------ */

static void typed_calls(void **state)
{
    attached a;

    attach(&a, state, idle, 0);
    const cdp_runtime_evaluate_params object = { .expression = cdp_s("({ a: 1, b: [2, 3] })"),
                                                 .generate_preview = CDP_SOME(true) };
    cdp_runtime_evaluate_result *res = NULL, *thrown = NULL;
    assert_int_equal(cdp_runtime_evaluate(a.s, &object, &res), 0);
    assert_int_equal(res->result->type, CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT);
    assert_int_equal(res->result->preview->properties.n, 2);
    const cdp_runtime_get_properties_params p = { .object_id = res->result->object_id,
                                                  .own_properties = CDP_SOME(true) };
    cdp_runtime_get_properties_result *own = NULL;
    assert_int_equal(cdp_runtime_get_properties(a.s, &p, &own), 0);
    assert_true(own->result.n >= 2);
    assert_string_equal(own->result.items[1].name.ptr, "b");

    const cdp_runtime_evaluate_params throws = { .expression = cdp_s("throw new Error('no')") };
    assert_int_equal(cdp_runtime_evaluate(a.s, &throws, &thrown), 0);
    assert_non_null(thrown->exception_details);

    assert_int_equal(cdp_call(a.s, "No.such", cdp_json("{}"), NULL), CDP_EREMOTE);
    assert_int_equal(cdp_last_error(a.s)->remote_code, CDP_METHOD_NOT_FOUND);
    cdp_free(res);
    cdp_free(own);
    cdp_free(thrown);
    detach(&a);
}

/* More than the 64 KiB that Node reads at once: it dies where a read ends amid a frame's head, so
 * not all of them may be sent at once. */
static void many_calls_at_once(void **state)
{
    enum { CALLS = 5000 };
    static cdp_runtime_evaluate_cookie cookies[CALLS];
    char text[32];
    attached a;

    attach(&a, state, idle, 0);
    for (int i = 0; i < CALLS; i++) {
        snprintf(text, sizeof text, "%d * 2", i);
        const cdp_runtime_evaluate_params p = { .expression = cdp_s(text) };
        cookies[i] = cdp_runtime_evaluate_send(a.s, &p);
    }
    for (int i = CALLS; i-- > 0;) {
        CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
        if (cdp_runtime_evaluate_reply(a.s, cookies[i], &res) < 0)
            fail_msg("%s", cdp_last_error(a.s)->message.ptr);
        assert_true(cdp_value_num(res->result->value, -1) == i * 2);
    }
    detach(&a);
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    unsigned *next = data;

    (void)s;
    assert_int_equal(ev->args.n, 1);
    *next += cdp_value_num(ev->args.items[0].value, -1) == *next;
}

/* What was logged before comes before the reply to Runtime.enable. */
static void console_messages_from_before(void **state)
{
    unsigned next = 0;
    attached a;

    attach(&a, state,
           "globalThis.done = 0; for (let i = 0; i < 100; i++) console.log(i); done = 1;"
           "setInterval(() => {}, 1000);",
           0);
    while (number(a.s, "globalThis.done ?? 0") != 1)
        ;
    assert_true(cdp_runtime_on_console_api_called(a.s, on_console, &next) > 0);
    assert_int_equal(cdp_runtime_enable(a.s), 0);
    assert_int_equal(next, 100);
    detach(&a);
}

static size_t length(cdp_session *s, const char *expression)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = evaluate(s, expression);

    return res->result->value.len;
}

static void large_replies(void **state)
{
    attached a;

    attach(&a, state, idle, 0);
    assert_int_equal(length(a.s, "'x'.repeat(10e6)"), 10000002);
    assert_int_equal(length(a.s, "'\\u20ac'.repeat(1e6)"), 6000002);
    if (number(a.s, "parseInt(process.versions.node)") == 20)
        assert_int_equal(length(a.s, "'x'.repeat(100e6)"), 100000002);
    assert_true(number(a.s, "6 * 7") == 42);
    detach(&a);
}

static void a_reply_above_the_limit(void **state)
{
    const cdp_runtime_evaluate_params p = { .expression = cdp_s("'x'.repeat(2e6)") };
    attached a;

    attach(&a, state, idle, MB);
    assert_int_equal(length(a.s, "'x'.repeat(1e6)"), 1000002);
    assert_true(cdp_runtime_evaluate(a.s, &p, NULL) < 0);
    assert_true(cdp_last_error(a.s)->message.len > 0);
    assert_int_equal(a.lost, 1);
    assert_true(a.heap.peak < 8 * MB);
    detach(&a);
}

static void a_cpu_profile(void **state)
{
    cdp_profiler_stop_result *res = NULL;
    attached a;

    attach(&a, state, idle, 0);
    assert_int_equal(cdp_profiler_enable(a.s), 0);
    assert_int_equal(cdp_profiler_start(a.s), 0);
    number(a.s, "{ const end = Date.now() + 50; while (Date.now() < end); } 1");
    assert_int_equal(cdp_profiler_stop(a.s, &res), 0);
    assert_true(res->profile->nodes.n > 2);
    assert_true(res->profile->end_time > res->profile->start_time);
    cdp_free(res);
    detach(&a);
}

typedef struct snapshot {
    size_t bytes, chunks;
    char first, last;
} snapshot;

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    snapshot *n = data;

    (void)s;
    if (n->chunks++ == 0)
        n->first = ev->chunk.ptr[0];
    n->bytes += ev->chunk.len;
    n->last = ev->chunk.ptr[ev->chunk.len - 1];
}

static void a_heap_snapshot(void **state)
{
    snapshot n = { 0 };
    attached a;

    attach(&a, state, idle, 0);
    assert_true(cdp_heap_profiler_on_add_heap_snapshot_chunk(a.s, on_chunk, &n) > 0);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(a.s, NULL), 0);
    assert_true(n.chunks > 1 && n.bytes > MB);
    assert_int_equal(n.first, '{');
    assert_true(n.last == '}' || n.last == '\n');
    assert_true(a.heap.peak < 16 * MB); /* streamed */
    detach(&a);
}

/* ---- the depth that it answers to -------------------------------------------------- */

/* A call whose message has so many containers, one in the other. */
static int call_deep(cdp_session *s, int containers, const char *open, const char *close)
{
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"expression\":\"1\",\"x\":");

    for (int i = 2; i < containers; i++) /* there are the message and its params */
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", open);
    n += (size_t)snprintf(text + n, sizeof text - n, "1");
    for (int i = 2; i < containers; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", close);
    snprintf(text + n, sizeof text - n, "}");
    return cdp_call(s, "Runtime.evaluate", cdp_json(text), NULL);
}

/* Deeper calls are left without an answer, or end the process: they are not sent. */
static void deep_calls(void **state)
{
    attached a;

    attach(&a, state, idle, 0);
    assert_int_equal(call_deep(a.s, DEPTH, "[", "]"), 0);
    assert_int_equal(call_deep(a.s, DEPTH, "{\"y\":", "}"), 0);
    for (int depth = DEPTH + 1; depth < DEPTH + 3; depth++) {
        assert_int_equal(call_deep(a.s, depth, "[", "]"), CDP_ETOOBIG);
        assert_int_equal(call_deep(a.s, depth, "{\"y\":", "}"), CDP_ETOOBIG);
        assert_true(cdp_last_error(a.s)->message.len > 0);
    }
    assert_true(number(a.s, "6 * 7") == 42);
    assert_int_equal(a.lost, 0);
    detach(&a);
}

/* ---- its end ------------------------------------------------------------------------ */

static void on_end(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                   void *data)
{
    (void)s;
    (void)res;
    *(unsigned *)data += err && err->status < 0 && err->message.len > 0;
}

static void await_promises(attached *a, unsigned *ended)
{
    const cdp_runtime_evaluate_params never = { .expression = cdp_s("new Promise(() => {})"),
                                                .await_promise = CDP_SOME(true) };

    for (int i = 0; i < 10; i++)
        assert_true(cdp_runtime_evaluate_async(a->s, &never, on_end, ended) > 0);
}

static void dies_amid_calls(void **state)
{
    unsigned ended = 0;
    attached a;

    attach(&a, state, idle, 0);
    await_promises(&a, &ended);
    assert_true(number(a.s, "6 * 7") == 42);
    started_kill(&a.node);
    while (!a.lost)
        cdp_poll(a.s, 1000);
    assert_int_equal(ended, 10);
    assert_true(cdp_runtime_enable(a.s) < 0);
    detach(&a);
}

static void on_destroyed(cdp_session *s, const cdp_runtime_execution_context_destroyed_event *ev,
                         void *data)
{
    attached *a = data;

    (void)ev;
    a->s = NULL;
    cdp_close(s);
}

/* A Node that has come to its end waits for its front-ends to go. */
static void exits_amid_calls(void **state)
{
    const cdp_runtime_evaluate_params leave = { .expression = cdp_s("process.exit(3)") };
    unsigned ended = 0;
    attached a;
    int status = 0;

    attach(&a, state, idle, 0);
    assert_true(cdp_runtime_on_execution_context_destroyed(a.s, on_destroyed, &a) > 0);
    assert_int_equal(cdp_runtime_enable(a.s), 0);
    await_promises(&a, &ended);
    assert_true(cdp_runtime_evaluate_async(a.s, &leave, NULL, NULL) > 0);
    while (a.s)
        cdp_poll(a.s, 1000);
    assert_int_equal(ended, 10);
    assert_int_equal(a.lost, 0);
    assert_int_equal(waitpid(a.node.pid, &status, 0), a.node.pid);
    a.node.pid = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    detach(&a);
}

/* ---- workers ------------------------------------------------------------------------- */

typedef struct workers {
    double sum;
    unsigned found, gone;
} workers;

static void on_value(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    if (!err)
        ((workers *)data)->sum += cdp_value_num(res->result->value, 0);
}

static bool on_worker(cdp_session *child, const cdp_follow_info *info, void *data)
{
    const cdp_runtime_evaluate_params p = { .expression = cdp_s("6 * 7") };

    assert_string_equal(info->type.ptr, "worker");
    ((workers *)data)->found++;
    assert_true(cdp_runtime_evaluate_async(child, &p, on_value, data) > 0);
    return false;
}

static void on_worker_gone(cdp_session *child, void *data)
{
    (void)child;
    ((workers *)data)->gone++;
}

static void follows_workers(void **state)
{
    workers n = { 0 };
    const cdp_follow_options opt = { .attached = on_worker,
                                     .detached = on_worker_gone,
                                     .data = &n };
    attached a;

    attach(&a, state,
           "const { Worker } = require('worker_threads');"
           "globalThis.all = [1, 2, 3].map(() => new Worker('setInterval(() => {}, 1000)',"
           "{ eval: true })); setInterval(() => {}, 1000);",
           0);
    assert_int_equal(cdp_follow(a.s, &opt), 0);
    while (n.sum < 3 * 42)
        assert_int_equal(cdp_poll(a.s, 1000), 0);
    assert_int_equal(n.found, 3);
    number(a.s, "for (const w of all) w.terminate(); 1");
    while (n.gone < 3)
        assert_int_equal(cdp_poll(a.s, 1000), 0);
    detach(&a);
}

/* ---- all of them ---------------------------------------------------------------------- */

/* clang-format off */
#define CASE(fn) { #fn, fn }
/* clang-format on */
static const struct {
    const char *name;
    CMUnitTestFunction run;
} cases[] = {
    CASE(by_any_url),       CASE(by_its_pid),
    CASE(a_wrong_path),     CASE(typed_calls),
    CASE(large_replies),    CASE(many_calls_at_once),
    CASE(a_cpu_profile),    CASE(console_messages_from_before),
    CASE(a_heap_snapshot),  CASE(a_reply_above_the_limit),
    CASE(deep_calls),       CASE(dies_amid_calls),
    CASE(exits_amid_calls), CASE(follows_workers),
};

enum { CASES = sizeof cases / sizeof *cases, NODES = 8 };

int main(void)
{
    static struct CMUnitTest tests[NODES * CASES];
    static char names[NODES * CASES][64];
    const char *given = getenv("NODES");
    char *all = strdup(given && *given ? given : "here=node"), *rest = all, *word;
    size_t n = 0;

    while ((word = strtok_r(rest, " ", &rest)) && n + CASES <= NODES * CASES) {
        char *file = strchr(word, '=');
        if (!file)
            continue;
        *file++ = 0;
        for (size_t i = 0; i < CASES; i++, n++) {
            snprintf(names[n], sizeof *names, "node %s: %s", word, cases[i].name);
            tests[n] = (struct CMUnitTest){ names[n], cases[i].run, NULL, NULL, file };
        }
    }
    int failed = _cmocka_run_group_tests("nodes", tests, n, NULL, NULL);
    free(all);
    return failed;
}
