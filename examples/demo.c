/*
 * demo.c - the main job, on a program of some size (workload.js): typed evaluation, console
 * events, a CPU profile, a heap snapshot with progress, a sampling heap profile, coverage.
 *
 *     demo [script.js [folder]]      the files go to the folder; DevTools opens them
 */
#include <cdp/heap_profiler.h>
#include <cdp/host.h>
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *folder = "build/demo";

static int failed(cdp_session *s, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, cdp_last_error(s)->message.ptr);
    return -1;
}

static void headline(const char *text)
{
    printf("\n== %s\n", text);
}

static FILE *create(const char *name, char path[512])
{
    snprintf(path, 512, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        fprintf(stderr, "%s: cannot be written\n", path);
    return f;
}

/* ---- console ----------------------------------------------------------- */

static const char *text_of(const void *msg, const cdp_runtime_remote_object *o)
{
    if (o->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING)
        return cdp_value_str(msg, o->value).ptr;
    return o->description.ptr ? o->description.ptr : "undefined";
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    int *count = data;

    (void)s;
    ++*count;
    printf("  event: console call at line %d:",
           ev->stack_trace && ev->stack_trace->call_frames.n
               ? ev->stack_trace->call_frames.items[0].line_number + 1
               : 0);
    for (size_t i = 0; i < ev->args.n; i++)
        printf(" %s", text_of(ev, &ev->args.items[i]));
    putchar('\n');
}

/* ---- evaluation -------------------------------------------------------- */

static int evaluate(cdp_session *s, const char *expression)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .return_by_value = CDP_SOME(true),
                                      .await_promise = CDP_SOME(true) };
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    CDP_AUTO cdp_str *json = NULL;

    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        return failed(s, expression);
    if (res->exception_details)
        printf("  %s throws %s\n", expression, res->exception_details->exception->description.ptr);
    else if (cdp_value_text(res->result->value, &json) == 0)
        printf("  %s = %s\n", expression, json->ptr);
    return 0;
}

/* ---- CPU profile ------------------------------------------------------- */

typedef struct hot {
    const cdp_runtime_call_frame *frame;
    double ms;
} hot;

static int hotter(const void *a, const void *b)
{
    const hot *x = a, *y = b;

    return (x->ms < y->ms) - (x->ms > y->ms);
}

static bool same_function(const cdp_runtime_call_frame *a, const cdp_runtime_call_frame *b)
{
    return cdp_str_eq(a->function_name, b->function_name) && cdp_str_eq(a->url, b->url) &&
           a->line_number == b->line_number && a->column_number == b->column_number;
}

/* One row a function: its nodes' samples, of timeDeltas' microseconds each. */
static size_t add_up(const cdp_profiler_profile *p, hot *rows)
{
    double per_sample = (p->end_time - p->start_time) / 1000 /
                        (double)(p->samples.n ? p->samples.n : 1);
    size_t n = 0;

    for (size_t i = 0; i < p->nodes.n; i++) {
        const cdp_profiler_profile_node *node = &p->nodes.items[i];
        size_t row = 0;
        while (row < n && !same_function(rows[row].frame, node->call_frame))
            row++;
        if (row == n)
            rows[n++] = (hot){ node->call_frame, 0 };
        rows[row].ms += node->hit_count.value * per_sample;
    }
    qsort(rows, n, sizeof *rows, hotter);
    return n;
}

static const char *base_name(const char *url)
{
    const char *slash = strrchr(url, '/');

    return slash ? slash + 1 : url;
}

static void print_table(const cdp_profiler_profile *p)
{
    double total = (p->end_time - p->start_time) / 1000;
    hot *rows = calloc(p->nodes.n ? p->nodes.n : 1, sizeof *rows);
    size_t n = rows ? add_up(p, rows) : 0;

    printf("  %8s  %5s  %-22s %s\n", "self ms", "%", "function", "place");
    for (size_t i = 0; i < n && i < 10; i++)
        printf("  %8.1f  %5.1f  %-22s %s:%d\n", rows[i].ms, 100 * rows[i].ms / total,
               rows[i].frame->function_name.len ? rows[i].frame->function_name.ptr : "(anonymous)",
               base_name(rows[i].frame->url.ptr), rows[i].frame->line_number + 1);
    free(rows);
}

static int save(const char *name, int rc, const cdp_str *json)
{
    char path[512];
    FILE *f;

    if (rc < 0)
        return fprintf(stderr, "%s: %s\n", name, cdp_strerror(rc)), -1;
    if (!(f = create(name, path)))
        return -1;
    bool written = fwrite(json->ptr, 1, json->len, f) == json->len;
    if (fclose(f) != 0 || !written)
        return fprintf(stderr, "%s: write error\n", path), -1;
    printf("  written: %s (%zu bytes)\n", path, json->len);
    return 0;
}

static int profile(cdp_session *s)
{
    cdp_profiler_set_sampling_interval_params us = { .interval = 200 };
    CDP_AUTO cdp_profiler_stop_result *res = NULL;
    CDP_AUTO cdp_str *json = NULL;

    headline("CPU profile");
    if (cdp_profiler_enable(s) < 0 || cdp_profiler_set_sampling_interval(s, &us) < 0 ||
        cdp_profiler_start(s) < 0 || evaluate(s, "run(60)") < 0 || cdp_profiler_stop(s, &res) < 0)
        return failed(s, "profile");
    printf("  %zu nodes, %zu samples in %.0f ms\n", res->profile->nodes.n, res->profile->samples.n,
           (res->profile->end_time - res->profile->start_time) / 1000);
    print_table(res->profile);
    int rc = cdp_profiler_profile_to_json(res->profile, &json);
    return save("workload.cpuprofile", rc, json);
}

/* ---- heap snapshot ----------------------------------------------------- */

typedef struct snapshot {
    FILE *file;
    size_t bytes;
    bool bar; /* stderr is a terminal */
} snapshot;

static void on_progress(cdp_session *s,
                        const cdp_heap_profiler_report_heap_snapshot_progress_event *ev, void *data)
{
    snapshot *snap = data;
    int percent = ev->total ? (int)(100.0 * ev->done / ev->total) : 0;

    (void)s;
    if (snap->bar)
        fprintf(stderr, "\r  [%-40.*s] %3d %%", percent * 2 / 5,
                "########################################", percent);
}

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    snapshot *snap = data;

    (void)s;
    snap->bytes += fwrite(ev->chunk.ptr, 1, ev->chunk.len, snap->file);
}

static int heap_snapshot(cdp_session *s)
{
    char path[512];
    snapshot snap = { .bar = isatty(2) };
    cdp_heap_profiler_take_heap_snapshot_params p = { .report_progress = CDP_SOME(true) };

    headline("Heap snapshot");
    if (!(snap.file = create("workload.heapsnapshot", path)))
        return -1;
    uint32_t chunks = cdp_heap_profiler_on_add_heap_snapshot_chunk(s, on_chunk, &snap);
    uint32_t progress = cdp_heap_profiler_on_report_heap_snapshot_progress(s, on_progress, &snap);
    int rc = cdp_heap_profiler_take_heap_snapshot(s, &p); /* chunks arrive while it waits */
    cdp_off(s, chunks);
    cdp_off(s, progress);
    if (snap.bar)
        fputc('\n', stderr);
    bool bad = ferror(snap.file);
    if (fclose(snap.file) != 0 || bad)
        return fprintf(stderr, "%s: write error\n", path), -1;
    if (rc < 0)
        return failed(s, "heap snapshot");
    printf("  written: %s (%zu bytes)\n", path, snap.bytes);
    return 0;
}

/* ---- sampling heap profile, coverage ----------------------------------- */

/* The call tree, down to what holds at least 100 KB. */
static void print_allocators(const cdp_heap_profiler_sampling_heap_profile_node *node, int depth)
{
    if (node->self_size >= 100e3)
        printf("  %8.0f KB  %*s%s:%d\n", node->self_size / 1000, depth, "",
               node->call_frame->function_name.len ? node->call_frame->function_name.ptr
                                                   : "(anonymous)",
               node->call_frame->line_number + 1);
    for (size_t i = 0; i < node->children.n; i++)
        print_allocators(&node->children.items[i], depth + 1);
}

static int sampling(cdp_session *s)
{
    cdp_heap_profiler_start_sampling_params every = { .sampling_interval = CDP_SOME(16384) };

    CDP_AUTO cdp_heap_profiler_stop_sampling_result *res = NULL;
    CDP_AUTO cdp_str *json = NULL;

    headline("Sampling heap profile");
    if (cdp_heap_profiler_start_sampling(s, &every) < 0 ||
        evaluate(s, "(state.more = makeCatalogue(3000)).length") < 0 ||
        cdp_heap_profiler_stop_sampling(s, &res) < 0)
        return failed(s, "sampling");
    printf("  %zu samples; still alive, by who allocated it:\n", res->profile->samples.n);
    print_allocators(res->profile->head, 0);
    int rc = cdp_heap_profiler_sampling_heap_profile_to_json(res->profile, &json);
    return save("workload.heapprofile", rc, json);
}

static int coverage(cdp_session *s, const char *script)
{
    cdp_profiler_start_precise_coverage_params p = { .call_count = CDP_SOME(true),
                                                     .detailed = CDP_SOME(true) };
    CDP_AUTO cdp_profiler_take_precise_coverage_result *res = NULL;
    CDP_AUTO cdp_str *json = NULL;

    headline("Precise coverage");
    if (cdp_profiler_start_precise_coverage(s, &p, NULL) < 0 || evaluate(s, "run(5).fib") < 0 ||
        cdp_profiler_take_precise_coverage(s, &res) < 0)
        return failed(s, "coverage");
    for (size_t i = 0; i < res->result.n; i++) {
        const cdp_profiler_script_coverage *c = &res->result.items[i];
        if (strcmp(base_name(c->url.ptr), base_name(script)) != 0)
            continue;
        for (size_t f = 0; f < c->functions.n; f++)
            if (c->functions.items[f].function_name.len)
                printf("  %7d calls  %s\n", c->functions.items[f].ranges.items[0].count,
                       c->functions.items[f].function_name.ptr);
    }
    int rc = cdp_profiler_take_precise_coverage_result_to_json(res, &json);
    return save("workload.coverage.json", rc, json);
}

/* ---- all of it --------------------------------------------------------- */

static int demo(cdp_host *host, cdp_session *s, const char *script)
{
    int events = 0;

    headline("Running, with its console");
    cdp_runtime_on_console_api_called(s, on_console, &events);
    if (cdp_runtime_enable(s) < 0)
        return failed(s, "Runtime.enable");
    if (cdp_host_run_file(host, script, NULL) < 0)
        return fprintf(stderr, "%s\n", cdp_host_error(host)->message.ptr), -1;
    headline("Typed evaluation");
    if (evaluate(s, "state.books.length") < 0 || evaluate(s, "state.books[7].title") < 0 ||
        evaluate(s, "later()") < 0 || evaluate(s, "noSuchThing()") < 0)
        return -1;
    if (profile(s) < 0 || heap_snapshot(s) < 0 || sampling(s) < 0 || coverage(s, script) < 0)
        return -1;
    printf(
        "\n%d console events.  The files are in %s: in Chrome's DevTools, the Performance panel\n"
        "opens .cpuprofile, the Memory panel .heapsnapshot and .heapprofile.\n",
        events, folder);
    return 0;
}

int main(int argc, char **argv)
{
    const char *script = argc > 1 ? argv[1] : "examples/workload.js";
    cdp_host *host = NULL;
    cdp_session *s = NULL;
    int rc = -1;

    if (argc > 2)
        folder = argv[2];
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return fprintf(stderr, "%s: cannot be made\n", folder), 1;
    if (cdp_host_new(&host, NULL) < 0)
        return fprintf(stderr, "no V8\n"), 1;
    if (cdp_host_connect(&s, host, NULL) == 0)
        rc = demo(host, s, script);
    cdp_close(s);
    cdp_host_free(host);
    cdp_host_shutdown();
    return rc < 0;
}
