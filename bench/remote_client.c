/* remote_client.c - see remote_client.h. */
#include "remote_client.h"
#include "bench.h"
#include "floor.h"

#include <cdp/browser.h>
#include <cdp/heap_profiler.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { WINDOW = 64 };

typedef enum call { EVALUATE, VERSION } call;

typedef struct client {
    const char *name;
    void (*connect)(const char *url, const char *id);
    void (*launch)(const char *const *command, const char *profile);
    void (*trip)(call c);
    void (*pipelined)(call c, int n);
} client;

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- the floor ---------------------------------------------------------- */

static const char *const methods[] = { "Runtime.evaluate", "Browser.getVersion" };
static floor_client bare;
static char params[2][256]; /* by call; with the sessionId behind them */

/* A string of the last reply. */
static void floor_find(const char *name, char out[128])
{
    char pattern[64];

    snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    const char *at = strstr(bare.reply, pattern);
    if (!at || sscanf(at + strlen(pattern), "%127[^\"]", out) != 1)
        die("not the reply that was expected");
}

static void floor_attach(const char *id)
{
    char attach[256], session[128] = "", member[160] = "";

    if (id) {
        snprintf(attach, sizeof attach, "{\"targetId\":\"%s\",\"flatten\":true}", id);
        floor_send(&bare, 1, "Target.attachToTarget", attach);
        floor_read(&bare, 1);
        floor_find("sessionId", session);
        snprintf(member, sizeof member, ",\"sessionId\":\"%s\"", session);
    }
    snprintf(params[EVALUATE], sizeof params[0], "{\"expression\":\"1 + 1\"}%s", member);
    snprintf(params[VERSION], sizeof params[0], "{}");
}

static void floor_start(const char *url, const char *id)
{
    floor_connect(&bare, url);
    floor_attach(id);
}

static void floor_pipe(const char *const *command, const char *profile)
{
    char folder[300], id[128];
    const char *words[32];
    int n = 0;

    for (; command[n]; n++)
        words[n] = command[n];
    snprintf(folder, sizeof folder, "--user-data-dir=%s", profile);
    words[n] = "--remote-debugging-pipe";
    words[n + 1] = folder;
    words[n + 2] = NULL;
    floor_launch(&bare, words);
    floor_send(&bare, 1, "Target.createTarget", "{\"url\":\"about:blank\"}");
    floor_read(&bare, 1);
    floor_find("targetId", id);
    floor_attach(id);
}

static void floor_trip(call c)
{
    floor_send(&bare, 1, methods[c], params[c]);
    floor_read(&bare, 1);
}

static void floor_pipelined(call c, int n)
{
    int sent = n < WINDOW ? n : WINDOW;

    floor_send(&bare, sent, methods[c], params[c]);
    for (int got = 0; got < n;) {
        int k = floor_read(&bare, 0);
        got += k;
        if (k > n - sent)
            k = n - sent;
        if (k)
            floor_send(&bare, k, methods[c], params[c]);
        sent += k;
    }
}

/* ---- cdpkit -------------------------------------------------------------- */

static cdp_session *root, *session; /* the browser's, or the same; what is called */
static const cdp_runtime_evaluate_params sum = { .expression = { "1 + 1", 5 } };
static int to_send, to_come;
static FILE *file;
static size_t received;

static void must(int rc, const cdp_session *s)
{
    if (rc < 0)
        die(cdp_last_error(s)->message.ptr);
}

static void cdpkit_attach(const char *id)
{
    CDP_AUTO cdp_target_attach_to_target_result *res = NULL;
    cdp_target_attach_to_target_params p = { .target_id = cdp_s(id), .flatten = CDP_SOME(true) };
    must(cdp_target_attach_to_target(root, &p, &res), root);
    must(cdp_attach(&session, root, res->session_id), root);
}

static void cdpkit_start(const char *url, const char *id)
{
    must(cdp_connect(&root, url, NULL), root);
    session = root;
    if (id)
        cdpkit_attach(id);
}

static void cdpkit_pipe(const char *const *command, const char *profile)
{
    cdp_launch_options opt = {
        .argv = command, .kind = CDP_LAUNCH_CHROMIUM, .profile = profile, .quiet = true
    };
    CDP_AUTO cdp_target_create_target_result *res = NULL;

    must(cdp_launch(&root, &opt), root);
    must(cdp_target_create_target(
             root, &(cdp_target_create_target_params){ .url = cdp_s("about:blank") }, &res),
         root);
    cdpkit_attach(res->target_id.ptr);
}

static void cdpkit_trip(call c)
{
    if (c == EVALUATE) {
        CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
        must(cdp_runtime_evaluate(session, &sum, &res), session);
    } else {
        CDP_AUTO cdp_browser_get_version_result *res = NULL;
        must(cdp_browser_get_version(root, &res), root);
    }
}

static void call_one(call c);

static void on_evaluated(cdp_session *s, const cdp_error *err,
                         const cdp_runtime_evaluate_result *res, void *data)
{
    (void)s, (void)res, (void)data;
    if (err)
        die(err->message.ptr);
    to_come--;
    call_one(EVALUATE);
}

static void on_version(cdp_session *s, const cdp_error *err,
                       const cdp_browser_get_version_result *res, void *data)
{
    (void)s, (void)res, (void)data;
    if (err)
        die(err->message.ptr);
    to_come--;
    call_one(VERSION);
}

static void call_one(call c)
{
    if (to_send == 0)
        return;
    to_send--;
    if (c == EVALUATE)
        cdp_runtime_evaluate_async(session, &sum, on_evaluated, NULL);
    else
        cdp_browser_get_version_async(root, on_version, NULL);
}

static void cdpkit_pipelined(call c, int n)
{
    to_send = to_come = n;
    for (int i = 0; i < WINDOW; i++)
        call_one(c);
    while (to_come)
        must(cdp_poll(root, -1), root);
}

static size_t cdpkit_text(int n)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    char expression[64];

    snprintf(expression, sizeof expression, "'x'.repeat(%d)", n);
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .return_by_value = CDP_SOME(true) };
    must(cdp_runtime_evaluate(session, &p, &res), session);
    return res->result->value.len;
}

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    (void)s, (void)data;
    if (fwrite(ev->chunk.ptr, 1, ev->chunk.len, file) != ev->chunk.len)
        die("can't write the snapshot");
    received += ev->chunk.len;
}

static size_t cdpkit_snapshot(const char *path)
{
    static char buffer[256 << 10]; /* the kernel takes larger and aligned pieces in half the time */

    received = 0;
    if (!(file = fopen(path, "w")))
        die(path);
    setvbuf(file, buffer, _IOFBF, sizeof buffer);
    uint32_t id = cdp_heap_profiler_on_add_heap_snapshot_chunk(session, on_chunk, NULL);
    must(cdp_heap_profiler_take_heap_snapshot(session, NULL), session);
    cdp_off(session, id);
    if (fclose(file) != 0)
        die(path);
    return received;
}

/* ---- many sessions on a loop ------------------------------------------------ */

enum { CROWD = 1000, AT_ONCE = 50 /* that connect */ };

static uv_loop_t loop;
static cdp_session *crowd[CROWD];
static int begun;
static const char *crowd_url;

static void join(void);

static void on_told(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                    void *data)
{
    (void)res, (void)data;
    if (err)
        die(err->message.ptr);
    to_come--;
    if (to_send == 0)
        return;
    to_send--;
    if (begun < CROWD)
        join();
    else
        cdp_runtime_evaluate_async(s, &sum, on_told, NULL);
}

static void join(void)
{
    static cdp_remote_options opt = { .loop = &loop };
    cdp_session **s = &crowd[begun++];

    must(cdp_connect(s, crowd_url, &opt), *s);
    cdp_runtime_evaluate_async(*s, &sum, on_told, NULL);
}

static void run_crowd(void)
{
    while (to_come)
        uv_run(&loop, UV_RUN_ONCE);
}

static void cdpkit_sessions(const char *url)
{
    crowd_url = url;
    uv_loop_init(&loop);
    to_come = CROWD;
    to_send = CROWD - AT_ONCE;
    for (int i = 0; i < AT_ONCE; i++)
        join();
    run_crowd();
}

static void cdpkit_each(int n)
{
    to_come = n * CROWD;
    to_send = to_come - CROWD;
    for (int i = 0; i < CROWD; i++)
        cdp_runtime_evaluate_async(crowd[i], &sum, on_told, NULL);
    run_crowd();
}

static void leave_crowd(void)
{
    for (int i = 0; i < begun; i++)
        cdp_close(crowd[i]);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

/* ---- either -------------------------------------------------------------- */

static const client clients[] = {
    { "floor", floor_start, floor_pipe, floor_trip, floor_pipelined },
    { "cdpkit", cdpkit_start, cdpkit_pipe, cdpkit_trip, cdpkit_pipelined },
};

static double median_trip(const client *k, call c, int n)
{
    double *took = malloc((size_t)n * sizeof *took), before = floor_now();

    if (!took)
        abort();
    for (int i = 0; i < n; i++) {
        k->trip(c);
        double now = floor_now();
        took[i] = now - before;
        before = now;
    }
    double median = bench_median(took, (size_t)n);
    free(took);
    return median;
}

static void launch(const client *k, char *line)
{
    const char *words[24];
    int n = 0;

    for (char *word = strtok(line, " "); word && n < 24; word = strtok(NULL, " "))
        words[n++] = word;
    if (n < 2 || n == 24)
        die("what should be launched?");
    const char *profile = words[n - 1];
    words[n - 1] = NULL;
    k->launch(words, profile);
}

/* The time, where it is not that of all; and the units. */
static double obey(const client *k, const char *what, char *argument, double *ns)
{
    char url[512] = "", id[128] = "";
    int n = atoi(argument);

    if (strcmp(what, "connect") == 0) {
        sscanf(argument, "%511s %127s", url, id);
        k->connect(url, id[0] ? id : NULL);
    } else if (strcmp(what, "launch") == 0) {
        launch(k, argument);
        return 1;
    } else if (strcmp(what, "evaluate") == 0) {
        *ns = median_trip(k, EVALUATE, n);
    } else if (strcmp(what, "version") == 0) {
        *ns = median_trip(k, VERSION, n);
    } else if (strcmp(what, "evaluates") == 0) {
        k->pipelined(EVALUATE, n);
    } else if (strcmp(what, "versions") == 0) {
        k->pipelined(VERSION, n);
    } else if (strcmp(what, "text") == 0 && session) {
        return (double)cdpkit_text(n);
    } else if (strcmp(what, "snapshot") == 0 && session) {
        return (double)cdpkit_snapshot(argument);
    } else if (strcmp(what, "sessions") == 0 && k == &clients[1]) {
        cdpkit_sessions(argument);
        return CROWD;
    } else if (strcmp(what, "each") == 0 && begun) {
        cdpkit_each(n);
        return (double)n * CROWD;
    } else {
        die(what);
    }
    return n;
}

int remote_client_serve(const char *kind)
{
    const client *k = strcmp(kind, "floor") == 0 ? &clients[0] : &clients[1];
    char what[32], argument[1000];

    while (scanf("%31s %999[^\n]", what, argument) == 2) {
        double start = floor_now(), ns = 0, units = obey(k, what, argument, &ns);
        printf("%.0f %.0f\n", ns > 0 ? ns : floor_now() - start, units);
        fflush(stdout);
    }
    if (begun)
        leave_crowd();
    cdp_close(root);
    return 0;
}
