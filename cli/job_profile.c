/*
 * job_profile.c - `cdp profile`: what a target spends its time on.
 */
#include "cli.h"
#include "jobs.h"
#include "recording.h"
#include "sampled.h"

#include <cdp/profiler.h>

static const format formats[] = {
    { "cpuprofile", ".cpuprofile ", sampled_save_text },
    SAMPLED_FORMATS,
    { NULL, NULL, NULL },
};

static int record(recording *r, const words *w, cdp_profiler_stop_result **res)
{
    const uint64_t interval = words_count(w, "interval");
    cdp_profiler_set_sampling_interval_params p = { .interval = (int32_t)interval };
    cdp_session *s = r->t.session;
    int rc = cdp_profiler_enable(s);

    if (rc == 0 && interval)
        rc = cdp_profiler_set_sampling_interval(s, &p);
    if (rc == 0)
        rc = cdp_profiler_start(s);
    if (rc == 0)
        rc = recording_run(r, w, "profiling");
    return rc < 0 ? rc : cdp_profiler_stop(s, res);
}

/* Viewers accept nonsense; a file of ours is none. */
static int check(const cdp_profiler_profile *profile)
{
    CDP_AUTO cdp_str *why = NULL;

    if (cdp_report_check_profile(profile, &why) == 0)
        return 0;
    return complain(STATUS_FAILED, "the target's profile is unsound: %s",
                    why ? why->ptr : cdp_strerror(CDP_ENOMEM));
}

static int write_profile(results *files, const words *w, const recording *r,
                         const cdp_profiler_profile *profile)
{
    const cdp_report_options opt = { .wall_time = r->wall_time,
                                     .interval = (double)words_count(w, "interval") };
    sampled p = { .unit = TOP_MICROSECONDS,
                  .seconds = (profile->end_time - profile->start_time) / 1e6,
                  .samples = profile->samples.n };
    int status = check(profile);

    if (status == 0 && (cdp_profiler_profile_to_json(profile, &p.text) < 0 ||
                        cdp_report_cpu(&p.stacks, profile, &opt, NULL) < 0))
        status = complain_memory();
    status = status ? results_drop(files, status) : sampled_write(files, w, &p);
    sampled_free(&p);
    return status;
}

static int run_profile(const words *w)
{
    CDP_AUTO cdp_profiler_stop_result *res = NULL;
    results files;
    recording r;

    if (words_count(w, "interval") > INT32_MAX)
        return words_refuse(w->job, "--interval is too long");
    int status = sampled_open(&files, w, formats, "CPU");
    if (status)
        return status;
    if ((status = recording_open(&r, w)) == 0) {
        int rc = record(&r, w, &res);
        status = rc < 0 ? target_fail(&r.t, rc) : 0;
    }
    status = status ? results_drop(&files, status) : write_profile(&files, w, &r, res->profile);
    return recording_close(&r, status);
}

static const option options[] = {
    RECORDING_TIME,
    RESULTS_OPTIONS("cpuprofile|pprof|collapsed|flame"),
    { 0, "top", WORD_COUNT, "N", NULL, "print the N functions that took most" },
    { 0, "interval", WORD_COUNT, "MICROSECONDS", NULL, "between samples; else 1000" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp profile 4711 -t 10 -o cpu.html", "ten seconds of a Node, as a flame graph" },
    { "cdp profile :9229 -t 5 --top 20", "print what functions took most" },
    { "cdp profile -o a.cpuprofile -o a.pb.gz -- node app.js", "a whole run, in two formats" },
    { NULL, NULL },
};
const job profile_job = {
    .name = "profile",
    .summary = "record what a target spends its time on",
    .about =
        "Records a CPU profile until --time, Ctrl-C or the end of the program, and writes it as "
        ".cpuprofile (DevTools), .pb.gz (pprof), .folded or .txt (stacks, for flamegraph.pl) or "
        ".html (a flame graph); without --output and --top as CPU-TIME.cpuprofile in this folder."
        "\n\nA program that was started gets to its own end, and its exit code is passed on; or "
        "Ctrl-C ends both the recording and it.",
    .takes = TAKES_TARGET,
    .records = true,
    .from_start = true,
    .options = options,
    .examples = examples,
    .run = run_profile,
};
