/*
 * bench_v8.c - calls to the V8 of this process: ours, V8's own and Node's.
 *
 * Three contestants do the same in turns: typed calls; messages made beforehand that V8 is given
 * directly, with nobody reading what it answers (raw); and inspector.Session.post() of a Node with
 * the same V8.  Each case goes through some rounds; a contestant's figure in a round is its best
 * batch, and what is shown are the medians over all rounds.  Time is CPU time of the thread that
 * calls.
 *
 *     bench_v8 [FOLDER [CASE...]]
 *
 * NODE18 names the Node; without one there are only two contestants.
 */
#include "bench.h"
#include "raw.h"
#include "worker.h"

#include <cdp/debugger.h>
#include <cdp/heap_profiler.h>
#include <cdp/host.h>
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 100 }; /* exit code of a case's process */
enum { TYPED, RAW, NODE, SIDES, ROUNDS_MAX = 9 };
enum { WARM = 5 }; /* a batch of n begins with n / WARM calls that are not timed: caches are cold */

static const char *folder = "bench";
static cdp_host *host;
static cdp_session *session;
static worker other;

static void must(int rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, session ? cdp_last_error(session)->message.ptr : "failed");
    exit(FAILED);
}

static void run_js(const char *text)
{
    if (cdp_host_run_text(host, "bench", cdp_s(text), NULL) == 0)
        return;
    fprintf(stderr, "%s: %s\n", text, cdp_host_error(host)->message.ptr);
    exit(FAILED);
}

/* ---- cases: small calls ------------------------------------------------ */

static void call_enable(void)
{
    must(cdp_profiler_enable(session), "Profiler.enable");
}

static void evaluate(const cdp_runtime_evaluate_params *p)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;

    must(cdp_runtime_evaluate(session, p, &res), "Runtime.evaluate");
}

static void call_evaluate(void)
{
    evaluate(&(cdp_runtime_evaluate_params){ .expression = cdp_s("2 + 2") });
}

static void call_options(void)
{
    evaluate(&(cdp_runtime_evaluate_params){ .expression = cdp_s("2 + 2"),
                                             .object_group = cdp_s("group"),
                                             .include_command_line_api = CDP_SOME(false),
                                             .silent = CDP_SOME(true),
                                             .return_by_value = CDP_SOME(true),
                                             .generate_preview = CDP_SOME(false) });
}

static void call_string(void)
{
    evaluate(&(cdp_runtime_evaluate_params){ .expression = cdp_s("state.text") });
}

static char object_id[64];

/* Object ids are a session's own.  This is the first object in either session, so that they are
 * the same. */
static void find_object(void)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("state.wide") };

    must(cdp_runtime_evaluate(session, &p, &res), "Runtime.evaluate");
    snprintf(object_id, sizeof object_id, "%s", res->result->object_id.ptr);
    raw_listen("");
    raw_do("{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
           "\"state.wide\"}}");
    if (!raw_reply_has(object_id))
        must(-1, "object ids differ");
}

static void call_properties(void)
{
    cdp_runtime_get_properties_params p = { .object_id = cdp_s(object_id),
                                            .own_properties = CDP_SOME(true) };
    CDP_AUTO cdp_runtime_get_properties_result *res = NULL;

    must(cdp_runtime_get_properties(session, &p, &res), "Runtime.getProperties");
    if (res->result.n != 100)
        must(-1, "Runtime.getProperties");
}

/* ---- cases: events ----------------------------------------------------- */

static void on_script(cdp_session *s, const cdp_debugger_script_parsed_event *ev, void *data)
{
    unsigned *n = data;

    (void)s;
    *n += ev->url.ptr != NULL;
}

static tally typed_scripts(void)
{
    unsigned n = 0;
    uint32_t sub = cdp_debugger_on_script_parsed(session, on_script, &n);
    double start = bench_now();

    must(cdp_debugger_enable(session, NULL, NULL), "Debugger.enable");
    double ns = bench_now() - start;
    must(cdp_debugger_disable(session), "Debugger.disable");
    cdp_off(session, sub);
    return (tally){ ns, n };
}

static tally raw_scripts(void)
{
    raw_listen(NULL);
    double start = bench_now();
    raw_dispatch();
    double ns = bench_now() - start;
    raw_do("{\"id\":2,\"method\":\"Debugger.disable\"}");
    return (tally){ ns, raw_heard.events };
}

/* ---- cases: large replies ---------------------------------------------- */

static tally typed_profile(void)
{
    cdp_profiler_set_sampling_interval_params us = { .interval = 200 };
    CDP_AUTO cdp_profiler_stop_result *res = NULL;

    must(cdp_profiler_enable(session), "Profiler.enable");
    must(cdp_profiler_set_sampling_interval(session, &us), "Profiler.setSamplingInterval");
    must(cdp_profiler_start(session), "Profiler.start");
    run_js("state.burn(2500)");
    double start = bench_now();
    must(cdp_profiler_stop(session, &res), "Profiler.stop");
    return (tally){ bench_now() - start, (double)res->profile->nodes.n };
}

static tally raw_profile(void)
{
    raw_do("{\"id\":1,\"method\":\"Profiler.enable\"}");
    raw_do("{\"id\":2,\"method\":\"Profiler.setSamplingInterval\",\"params\":{\"interval\":"
           "200}}");
    raw_do("{\"id\":3,\"method\":\"Profiler.start\"}");
    run_js("state.burn(2500)");
    raw_listen("\x68hitCount");
    double start = bench_now();
    raw_dispatch();
    return (tally){ bench_now() - start - raw_heard.counting, (double)raw_heard.counted };
}

static void start_sampling(void)
{
    cdp_heap_profiler_start_sampling_params p = { .sampling_interval = CDP_SOME(2048) };

    must(cdp_heap_profiler_start_sampling(session, &p), "HeapProfiler.startSampling");
    run_js("state.allocate(800)");
}

static size_t tree_size(const cdp_heap_profiler_sampling_heap_profile_node *node)
{
    size_t n = 1;

    for (size_t i = 0; i < node->children.n; i++)
        n += tree_size(&node->children.items[i]);
    return n;
}

static tally typed_samples(void)
{
    CDP_AUTO cdp_heap_profiler_get_sampling_profile_result *res = NULL;
    double start = bench_now();

    must(cdp_heap_profiler_get_sampling_profile(session, &res), "HeapProfiler.getSamplingProfile");
    double ns = bench_now() - start;
    return (tally){ ns, (double)tree_size(res->profile->head) };
}

static tally raw_samples(void)
{
    raw_listen("\x68selfSize");
    double start = bench_now();
    raw_dispatch();
    return (tally){ bench_now() - start - raw_heard.counting, (double)raw_heard.counted };
}

/* ---- cases: a heap snapshot -------------------------------------------- */

static size_t held, most_held; /* bytes, by the session */

static void *counting_realloc(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    held += new_size - old_size;
    if (held > most_held)
        most_held = held;
    if (new_size)
        return realloc(p, new_size);
    free(p);
    return NULL;
}

typedef struct chunks {
    double first; /* when it came */
    size_t characters;
} chunks;

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    chunks *c = data;

    (void)s;
    if (c->characters == 0)
        c->first = bench_now();
    c->characters += ev->chunk.len;
}

static tally typed_snapshot(void)
{
    chunks c = { 0 };
    uint32_t sub = cdp_heap_profiler_on_add_heap_snapshot_chunk(session, on_chunk, &c);

    must(cdp_heap_profiler_take_heap_snapshot(session, NULL), "HeapProfiler.takeHeapSnapshot");
    double ns = bench_now() - c.first;
    cdp_off(session, sub);
    return (tally){ ns, (double)c.characters };
}

static tally raw_snapshot(void)
{
    raw_listen(NULL);
    raw_dispatch();
    return (tally){ bench_now() - raw_heard.first, (double)raw_heard.bytes };
}

static void show_memory(void)
{
    printf("    our memory meanwhile: %zu KB at most\n", most_held / 1000);
    bench_ratio("    4 MB / that", 4e6 / (double)most_held, 1, "x");
}

/* ---- measuring --------------------------------------------------------- */

typedef struct test {
    const char *name; /* and node_session.js's */
    const char *what;
    const char *method;   /* whose message raw dispatches */
    const char *setup;    /* JavaScript for both */
    void (*ready)(void);  /* before the first batch, */
    void (*after)(void);  /* and after the last */
    void (*call)(void);   /* a small call, many times a batch; or */
    tally (*typed)(void); /* a large one, once a batch */
    tally (*raw)(void);
    int rounds, batches;
    double raw_goal, node_goal; /* 0: none */
} test;

static tally do_typed(const test *t, int n)
{
    if (t->typed)
        return t->typed();
    for (int i = 0; i < n / WARM; i++)
        t->call();
    double start = bench_now();
    for (int i = 0; i < n; i++)
        t->call();
    return (tally){ bench_now() - start, n };
}

static tally do_raw(const test *t, int n)
{
    if (t->raw)
        return t->raw();
    raw_listen(NULL);
    for (int i = 0; i < n / WARM; i++)
        raw_dispatch();
    double start = bench_now();
    for (int i = 0; i < n; i++)
        raw_dispatch();
    return (tally){ bench_now() - start, n };
}

/* ns a unit. */
static double batch(const test *t, int side, int n, double *units)
{
    char number[16];
    tally y;

    snprintf(number, sizeof number, "%d", n);
    if (side == NODE && !other.pid)
        return NAN;
    y = side == TYPED ? do_typed(t, n)
        : side == RAW ? do_raw(t, n)
                      : worker_do(&other, t->name, number);
    if (y.units == 0)
        must(-1, t->name);
    *units = y.units;
    return y.ns / y.units;
}

static void set_up(const test *t)
{
    if (t->setup)
        run_js(t->setup);
    if (t->setup && other.pid)
        worker_do(&other, "eval", t->setup);
    if (t->ready)
        t->ready();
}

/* The first batches, which are not counted: they warm up, tell how many calls make a batch of some
 * milliseconds, and show what raw is to dispatch. */
static void warm_up(const test *t, int n[SIDES])
{
    enum { BATCH_NS = 5000000 };

    double units;

    raw_copy(session, t->method);
    double first = batch(t, TYPED, 1, &units);
    cdp_set_trace(session, NULL, NULL);
    if (!raw_ready())
        must(-1, t->method);
    for (int side = 0; side < SIDES; side++) {
        double ns = t->typed && side == TYPED ? first : batch(t, side, 200, &units);
        n[side] = ns > 0 ? (int)fmax(1, BATCH_NS / ns) : 1;
    }
}

static void measure(const test *t)
{
    double ns[SIDES][ROUNDS_MAX], to_raw[ROUNDS_MAX], to_node[ROUNDS_MAX];
    double units[SIDES];
    int n[SIDES];
    size_t rounds = (size_t)t->rounds;

    set_up(t);
    warm_up(t, n);
    for (size_t r = 0; r < rounds; r++) {
        double best[SIDES] = { INFINITY, INFINITY, INFINITY };
        for (int i = 0; i < t->batches; i++)
            for (int k = 0; k < SIDES; k++) { /* everyone follows everyone */
                int side = (i + k) % SIDES;
                best[side] = fmin(best[side], batch(t, side, n[side], &units[side]));
            }
        for (int side = 0; side < SIDES; side++)
            ns[side][r] = best[side];
        to_raw[r] = best[RAW] / best[TYPED];
        to_node[r] = best[NODE] / best[TYPED];
    }
    printf("%s\n", t->what);
    printf("    ns: typed %.4g, raw %.4g", bench_median(ns[TYPED], rounds),
           bench_median(ns[RAW], rounds));
    if (other.pid)
        printf(", Node %.4g", bench_median(ns[NODE], rounds));
    if (t->typed)
        printf("; of %.0f", units[TYPED]);
    if (t->typed && other.pid)
        printf(", Node's %.0f", units[NODE]);
    putchar('\n');
    bench_ratio("    raw / typed", bench_median(to_raw, rounds), t->raw_goal, "x");
    if (other.pid)
        bench_ratio("    Node / typed", bench_median(to_node, rounds), t->node_goal, "x");
    if (t->after)
        t->after();
    fflush(stdout);
}

static const test tests[] = {
    { .name = "enable",
      .what = "Profiler.enable, which does nothing",
      .method = "Profiler.enable",
      .call = call_enable,
      .rounds = 7,
      .batches = 12,
      .raw_goal = 0.87,
      .node_goal = 7 },
    { .name = "evaluate",
      .what = "Runtime.evaluate 2 + 2",
      .method = "Runtime.evaluate",
      .call = call_evaluate,
      .rounds = 7,
      .batches = 12,
      .raw_goal = 0.87,
      .node_goal = 5 },
    { .name = "options",
      .what = "Runtime.evaluate with five options",
      .method = "Runtime.evaluate",
      .call = call_options,
      .rounds = 7,
      .batches = 12,
      .raw_goal = 0.87 },
    { .name = "string",
      .what = "Runtime.evaluate to a string of 10 KB",
      .method = "Runtime.evaluate",
      .call = call_string,
      .rounds = 7,
      .batches = 12,
      .node_goal = 4 },
    { .name = "properties",
      .what = "Runtime.getProperties of an object with 100",
      .method = "Runtime.getProperties",
      .ready = find_object,
      .call = call_properties,
      .rounds = 7,
      .batches = 12,
      .node_goal = 2 },
    { .name = "scripts",
      .what = "Debugger.enable, per Debugger.scriptParsed of thousands",
      .method = "Debugger.enable",
      .setup = "state.makeScripts(4000)",
      .typed = typed_scripts,
      .raw = raw_scripts,
      .rounds = 5,
      .batches = 3,
      .node_goal = 5 },
    { .name = "snapshot",
      .what = "HeapProfiler.takeHeapSnapshot, per character, from the first chunk on",
      .method = "HeapProfiler.takeHeapSnapshot",
      .setup = "state.clear(); state.fill(100000)",
      .after = show_memory,
      .typed = typed_snapshot,
      .raw = raw_snapshot,
      .rounds = 3,
      .batches = 2,
      .node_goal = 2 },
    { .name = "profile",
      .what = "Profiler.stop, per node of a profile of some MB",
      .method = "Profiler.stop",
      .setup = "state.clear()",
      .typed = typed_profile,
      .raw = raw_profile,
      .rounds = 4,
      .batches = 3,
      .node_goal = 2.5 },
    { .name = "samples",
      .what = "HeapProfiler.getSamplingProfile, per node of a profile of some MB",
      .method = "HeapProfiler.getSamplingProfile",
      .ready = start_sampling,
      .typed = typed_samples,
      .raw = raw_samples,
      .rounds = 4,
      .batches = 3,
      .node_goal = 2.5 },
};

/* ---- all of it --------------------------------------------------------- */

static void start(void)
{
    static const cdp_allocator counting = { counting_realloc, NULL };
    char path[512], script[512];
    const char *const node[] = { getenv("NODE18"), script, path, NULL };

    snprintf(script, sizeof script, "%s/node_session.js", folder);
    snprintf(path, sizeof path, "%s/state.js", folder);
    worker_start(&other, node);
    must(cdp_host_new(&host, NULL), "V8");
    must(cdp_host_run_file(host, path, NULL), path);
    must(cdp_host_connect(&session, host, &(cdp_options){ .allocator = &counting }), "connect");
    must(raw_connect(host), "connect");
}

static void stop(void)
{
    raw_disconnect();
    cdp_close(session);
    cdp_host_free(host);
    cdp_host_shutdown();
    worker_stop(&other);
}

/* In a process of its own, that no case sees the heap that another leaves.  How many goals it
 * missed; -1: it failed. */
static int run_apart(const test *t)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        start();
        measure(t);
        stop();
        exit(bench_missed());
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status) == FAILED ? -1 : WEXITSTATUS(status);
}

static bool wanted(const char *name, int argc, char **argv)
{
    bool found = argc <= 2;

    for (int i = 2; i < argc; i++)
        found = found || strcmp(argv[i], name) == 0;
    return found;
}

int main(int argc, char **argv)
{
    int missed = 0;

    if (argc > 1)
        folder = argv[1];
    if (!getenv("NODE18"))
        printf("NODE18 names no Node: measuring without one\n");
    fflush(stdout);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (!wanted(tests[i].name, argc, argv))
            continue;
        int n = run_apart(&tests[i]);
        if (n < 0)
            return fprintf(stderr, "%s failed\n", tests[i].name), 1;
        missed += n;
    }
    if (missed)
        printf("\n%d of the goals missed\n", missed);
    return 0;
}
