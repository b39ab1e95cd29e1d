/*
 * job_heap.c - `cdp heap`: what is in a target's memory, or what is allocated there.
 */
#include "cli.h"
#include "heap_snapshot.h"
#include "jobs.h"
#include "recording.h"
#include "sampled.h"

#include <cdp/heap_profiler.h>

/* ---- sampling ------------------------------------------------------------ */

static const format formats[] = {
    { "heapprofile", ".heapprofile ", sampled_save_text },
    SAMPLED_FORMATS,
    { NULL, NULL, NULL },
};

static int record(recording *r, const words *w, cdp_heap_profiler_stop_sampling_result **res)
{
    const uint64_t interval = words_count(w, "interval");
    cdp_heap_profiler_start_sampling_params p = {
        .sampling_interval = { (double)interval, interval != 0 },
    };
    cdp_session *s = r->t.session;
    int rc = cdp_heap_profiler_enable(s);

    if (rc == 0)
        rc = cdp_heap_profiler_start_sampling(s, &p);
    if (rc == 0)
        rc = recording_run(r, w, "sampling the heap");
    if (rc == 0)
        rc = heap_collect(r, w);
    return rc < 0 ? rc : cdp_heap_profiler_stop_sampling(s, res);
}

static int write_profile(results *files, const words *w, const recording *r,
                         const cdp_heap_profiler_sampling_heap_profile *profile)
{
    const cdp_report_options opt = { .wall_time = r->wall_time,
                                     .interval = (double)words_count(w, "interval") };
    CDP_AUTO cdp_str *why = NULL;
    sampled p = { .unit = TOP_BYTES, .seconds = r->seconds, .samples = profile->samples.n };
    int status = 0;

    if (cdp_report_heap(&p.stacks, profile, &opt, &why) < 0)
        status = complain(STATUS_FAILED, "the target's profile is unsound: %s",
                          why ? why->ptr : cdp_strerror(CDP_ENOMEM));
    else if (cdp_heap_profiler_sampling_heap_profile_to_json(profile, &p.text) < 0)
        status = complain_memory();
    status = status ? results_drop(files, status) : sampled_write(files, w, &p);
    sampled_free(&p);
    return status;
}

static int run_sampling(const words *w)
{
    CDP_AUTO cdp_heap_profiler_stop_sampling_result *res = NULL;
    results files;
    recording r;
    int status = sampled_open(&files, w, formats, "Heap");

    if (status)
        return status;
    if ((status = recording_open(&r, w)) == 0) {
        int rc = record(&r, w, &res);
        status = rc < 0 ? target_fail(&r.t, rc) : 0;
    }
    status = status ? results_drop(&files, status) : write_profile(&files, w, &r, res->profile);
    return recording_close(&r, status);
}

/* ---- both ------------------------------------------------------------------ */

static const char *const of_sampling[] = { "format", "top", "interval", NULL };
static const char *const of_snapshots[] = { "numeric", "internals", NULL };

/* One of those that is given; or NULL. */
static const char *given(const words *w, const char *const *names)
{
    while (*names && !words_each(w, *names, 0))
        names++;
    return *names;
}

static int run_heap(const words *w)
{
    const bool sampling = words_flag(w, "sampling");
    const char *other = given(w, sampling ? of_snapshots : of_sampling);

    if (other)
        return words_refuse(w->job, "--%s is for %s", other, sampling ? "snapshots" : "--sampling");
    return sampling ? run_sampling(w) : heap_snapshot(w);
}

static const option options[] = {
    RECORDING_TIME,
    RESULTS_OPTIONS("heapprofile|pprof|collapsed|flame"),
    { 0, "gc", WORD_FLAG, NULL, NULL, "collect garbage before what is there is taken" },
    { 0, "numeric", WORD_FLAG, NULL, NULL, "have numbers in the snapshot" },
    { 0, "internals", WORD_FLAG, NULL, NULL, "have V8's own objects in it" },
    { 0, "sampling", WORD_FLAG, NULL, NULL, "record what is allocated, by sampling" },
    { 0, "interval", WORD_COUNT, "BYTES", NULL, "between samples; else 32768" },
    { 0, "top", WORD_COUNT, "N", NULL, "print the N functions that allocated most" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp heap 4711 -o a.heapsnapshot", "all that is in a Node's heap" },
    { "cdp heap --sampling -t 30 :9229 --top 20", "print who allocated what is still there" },
    { "cdp heap -- node app.js", "what a program leaves at its end" },
    { NULL, NULL },
};
const job heap_job = {
    .name = "heap",
    .summary = "take a heap snapshot, or sample allocations",
    .about =
        "Takes a snapshot of the target's heap, checks it as it comes, and writes it to FILE, or "
        "to Heap-TIME.heapsnapshot in this folder. Of a program that is started, it is that of "
        "its end; or that of --time or Ctrl-C, whichever comes first."
        "\n\nWith --sampling it records, until then, which functions allocated what is still in "
        "use, and writes that as .heapprofile (DevTools), .pb.gz (pprof), .folded or .txt "
        "(stacks, for flamegraph.pl) or .html (a flame graph).",
    .takes = TAKES_TARGET,
    .records = true,
    .options = options,
    .examples = examples,
    .run = run_heap,
};
