/*
 * heap_snapshot.c - a heap snapshot, from the target to a file.
 *
 * A piece of it is checked and written when it comes, and then forgotten: snapshots are larger than
 * memory may be.
 */
#include "heap_snapshot.h"

#include "cli.h"
#include "interrupt.h"
#include "progress.h"
#include "results.h"
#include "term.h"

#include <cdp/heap_profiler.h>

typedef struct snapshot {
    output *to;
    cdp_report_snapshot *check;
    cdp_report_snapshot_counts counts;
    uint64_t done, total; /* objects */
    double seconds;
    bool failed; /* it is no snapshot, or can't be written */
} snapshot;

/* ---- as it comes ----------------------------------------------------------- */

static void on_progress(cdp_session *s,
                        const cdp_heap_profiler_report_heap_snapshot_progress_event *ev, void *data)
{
    snapshot *shot = data;

    (void)s;
    shot->done = ev->done > 0 ? (uint64_t)ev->done : 0;
    shot->total = ev->total > 0 ? (uint64_t)ev->total : 0;
    progress_update(shot->done, shot->total, output_size(shot->to));
}

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    snapshot *shot = data;

    if (shot->failed)
        return;
    shot->failed = cdp_report_snapshot_feed(shot->check, ev->chunk.ptr, ev->chunk.len) < 0 ||
                   output_write(shot->to, ev->chunk.ptr, ev->chunk.len) < 0;
    if (shot->failed)
        cdp_cancel(s, 0);
    progress_update(shot->done, shot->total, output_size(shot->to));
}

static int subscribe(snapshot *shot, cdp_session *s)
{
    if (!cdp_heap_profiler_on_add_heap_snapshot_chunk(s, on_chunk, shot) ||
        !cdp_heap_profiler_on_report_heap_snapshot_progress(s, on_progress, shot))
        return CDP_ENOMEM;
    return 0;
}

int heap_collect(const recording *r, const words *w)
{
    if (!words_flag(w, "gc"))
        return 0;
    if (!r->t.ended)
        return cdp_heap_profiler_collect_garbage(r->t.session);
    note("the program has ended: --gc does nothing any more"); /* Node would not answer */
    return 0;
}

static int take(snapshot *shot, const recording *r, const words *w)
{
    cdp_session *s = r->t.session;
    cdp_heap_profiler_take_heap_snapshot_params p = {
        .report_progress = CDP_SOME(true),
        .capture_numeric_value = { true, words_flag(w, "numeric") },
        .expose_internals = { true, words_flag(w, "internals") },
    };
    int rc = subscribe(shot, s);

    if (rc == 0)
        rc = cdp_heap_profiler_enable(s);
    if (rc == 0)
        rc = heap_collect(r, w);
    if (rc < 0)
        return rc;
    cdp_set_timeout(s, 0, CDP_NO_TIMEOUT); /* a large heap takes minutes */
    progress_start("heap snapshot");
    const double began = target_now();
    rc = cdp_heap_profiler_take_heap_snapshot(s, &p);
    shot->seconds = target_now() - began;
    progress_end();
    return rc;
}

/* ---- the end --------------------------------------------------------------- */

static int unsound(const snapshot *shot)
{
    return complain(STATUS_FAILED, "the target's snapshot is unsound: %s",
                    cdp_report_snapshot_why(shot->check).ptr);
}

static void tell(const words *w, const snapshot *shot, const char *name)
{
    const cdp_report_snapshot_counts *n = &shot->counts;
    const double rate = shot->seconds > 0 ? (double)n->bytes / shot->seconds : 0;
    char size[16], speed[16];
    json_out j = { .to = stdout };

    if (!words_flag(w, "json")) {
        note("%s: %s, %llu nodes, %llu edges, %.1f s, %s/s", name,
             progress_size(size, (double)n->bytes), (unsigned long long)n->nodes,
             (unsigned long long)n->edges, shot->seconds, progress_size(speed, rate));
        return;
    }
    json_open(&j, '{');
    json_text_member(&j, "file", cdp_s(name));
    json_number_member(&j, "bytes", (double)n->bytes);
    json_number_member(&j, "nodes", (double)n->nodes);
    json_number_member(&j, "edges", (double)n->edges);
    json_number_member(&j, "strings", (double)n->strings);
    json_number_member(&j, "selfSize", (double)n->self_size);
    json_number_member(&j, "seconds", shot->seconds);
    json_number_member(&j, "bytesPerSecond", rate);
    json_close(&j, '}');
    print(stdout, "\n");
}

/* The file is written, or dropped where status says so. */
static int finish(snapshot *shot, const words *w, int status)
{
    const char *name = output_name(shot->to);

    if (status == 0 && cdp_report_snapshot_end(shot->check, &shot->counts) < 0)
        status = unsound(shot);
    if (status)
        return output_drop(shot->to, status);
    if ((status = output_finish(shot->to)) == 0)
        tell(w, shot, name);
    return status;
}

/* What is there already is taken at once; what we started may run. */
static int wait_for_moment(recording *r, const words *w)
{
    const bool waits = r->t.started || words_seconds(w, "time") >= 0;
    int rc = waits ? recording_run(r, w, "running") : 0;

    /* The first signal that is not for this wait ends the snapshot. */
    if (!interrupted())
        interrupt_gently(false);
    return rc;
}

static int take_from(snapshot *shot, const words *w)
{
    recording r;
    int status = recording_open(&r, w);

    if (status == 0) {
        int rc = wait_for_moment(&r, w);
        if (rc == 0)
            rc = take(shot, &r, w);
        if (rc < 0 && shot->failed && cdp_report_snapshot_why(shot->check).len)
            status = unsound(shot);
        else if (rc < 0)
            status = shot->failed ? STATUS_FAILED : target_fail(&r.t, rc);
    }
    return recording_close(&r, finish(shot, w, status));
}

int heap_snapshot(const words *w)
{
    const char *name = words_text(w, "output");
    char usual[RESULT_NAME];
    snapshot shot = { .to = NULL };

    if (words_each(w, "output", 1))
        return words_refuse(w->job, "a snapshot goes to one FILE");
    if (words_flag(w, "json") && results_take_stdout(w))
        return words_refuse(w->job, "stdout can't have both a file and --json");
    result_name(usual, "Heap", ".heapsnapshot");
    int status = output_open_as(&shot.to, name ? name : usual, words_flag(w, "force"));
    if (status)
        return status;
    if (cdp_report_snapshot_new(&shot.check, NULL) < 0)
        return output_drop(shot.to, complain_memory());
    status = take_from(&shot, w);
    cdp_report_snapshot_free(shot.check);
    return status;
}
