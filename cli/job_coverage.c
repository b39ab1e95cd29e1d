/*
 * job_coverage.c - `cdp coverage`: which lines of a program ran.
 *
 * Everything is fetched from the target before anything is written.
 */
#include "cli.h"
#include "coverage.h"
#include "interrupt.h"
#include "jobs.h"
#include "recording.h"
#include "results.h"

#include <cdp/debugger.h>
#include <cdp/profiler.h>
#include <stdlib.h>

typedef struct coverage {
    cdp_profiler_take_precise_coverage_result *taken;
    size_t n; /* those of its scripts that count, and their sources (NULL: the target has none) */
    cdp_profiler_script_coverage *scripts;
    cdp_debugger_get_script_source_result **sources;
} coverage;

static void free_coverage(coverage *c)
{
    for (size_t i = 0; i < c->n; i++)
        cdp_free(c->sources[i]);
    free(c->scripts);
    free(c->sources);
    cdp_free(c->taken);
}

/* ---- formats ------------------------------------------------------------- */

/* As the files of NODE_V8_COVERAGE. */
static int save_json(const void *what, cdp_report_write *write, void *data)
{
    const coverage *c = what;
    const cdp_profiler_take_precise_coverage_result some = {
        .result = { c->scripts, c->n },
        .timestamp = c->taken->timestamp,
    };
    CDP_AUTO cdp_str *text = NULL;
    int rc = cdp_profiler_take_precise_coverage_result_to_json(&some, &text);

    return rc < 0 ? rc : write(data, text->ptr, text->len);
}

static int find_source(void *data, const cdp_profiler_script_coverage *script, cdp_str *source)
{
    const coverage *c = data;
    const size_t i = (size_t)(script - c->scripts);

    if (!c->sources[i])
        return CDP_FALLTHROUGH;
    *source = c->sources[i]->script_source;
    return 0;
}

static int save_lcov(const void *what, cdp_report_write *write, void *data)
{
    coverage c = *(const coverage *)what;
    const cdp_report_lcov_options opt = { .source = find_source, .data = &c };

    return cdp_report_lcov(c.scripts, c.n, &opt, write, data);
}

static const format formats[] = {
    { "v8", ".json ", save_json },
    { "lcov", ".info .lcov ", save_lcov },
    { NULL, NULL, NULL },
};

/* ---- recording ------------------------------------------------------------- */

static int choose(coverage *c, const words *w)
{
    const size_t all = c->taken->result.n;

    c->scripts = calloc(all + 1, sizeof *c->scripts);
    c->sources = calloc(all + 1, sizeof(*c->sources));
    if (!c->scripts || !c->sources)
        return CDP_ENOMEM;
    for (size_t i = 0; i < all; i++)
        if (coverage_counts(w, c->taken->result.items[i].url))
            c->scripts[c->n++] = c->taken->result.items[i];
    return 0;
}

static int fetch_sources(coverage *c, cdp_session *s)
{
    int rc = cdp_debugger_enable(s, NULL, NULL);

    for (size_t i = 0; rc == 0 && i < c->n; i++) {
        cdp_debugger_get_script_source_params p = { .script_id = c->scripts[i].script_id };
        rc = cdp_debugger_get_script_source(s, &p, &c->sources[i]);
        if (rc == CDP_EREMOTE) /* a page that has been left */
            rc = 0;
    }
    return rc;
}

static int record(coverage *c, recording *r, const words *w)
{
    cdp_profiler_start_precise_coverage_params blocks = { .call_count = CDP_SOME(true),
                                                          .detailed = CDP_SOME(true) };
    cdp_session *s = r->t.session;
    int rc = cdp_profiler_enable(s);

    if (rc == 0)
        rc = cdp_profiler_start_precise_coverage(s, &blocks, NULL);
    if (rc == 0)
        rc = recording_run(r, w, "recording coverage");
    if (rc == 0)
        rc = cdp_profiler_take_precise_coverage(s, &c->taken);
    if (rc == 0)
        rc = choose(c, w);
    return rc < 0 ? rc : fetch_sources(c, s);
}

/* ---- the end --------------------------------------------------------------- */

static int print_table(const words *w, const coverage *c)
{
    coverage_table *t = coverage_table_new(w);

    if (!t)
        return complain_memory();
    int rc = save_lcov(c, coverage_table_write, t);
    coverage_table_end(t);
    return rc < 0 ? complain(STATUS_FAILED, "%s", cdp_strerror(rc)) : 0;
}

/* Tests that were cut short have not passed. */
static int check_end(const recording *r)
{
    if (!r->t.started || r->t.ended || !interrupted())
        return 0;
    return complain(STATUS_FAILED, "interrupted: the program has not run to its end");
}

static int run_coverage(const words *w)
{
    coverage c = { .n = 0 };
    recording r;
    results files;

    if (words_flag(w, "json") && results_take_stdout(w))
        return words_refuse(w->job, "stdout can't have both a file and --json");
    int status = results_open(&files, w, formats, NULL);
    if (status)
        return status;
    if ((status = recording_open(&r, w)) == 0) {
        int rc = record(&c, &r, w);
        status = rc < 0 ? target_fail(&r.t, rc) : 0;
    }
    status = status ? results_drop(&files, status) : results_write(&files, &c);
    if (status == 0 && !results_take_stdout(w))
        status = print_table(w, &c);
    if (status == 0)
        status = check_end(&r);
    free_coverage(&c);
    return recording_close(&r, status);
}

static const option options[] = {
    RECORDING_TIME,
    RESULTS_OPTIONS("v8|lcov"),
    { 0, "include", WORD_TEXT, "GLOB", NULL,
      "scripts that count, by path from this folder, or URL; may be given again" },
    { 0, "exclude", WORD_TEXT, "GLOB", NULL, "scripts that do not; may be given again" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp coverage -o coverage.info -- node test.js", "of a test, for genhtml" },
    { "cdp coverage --include 'src/*' :9229 -t 60", "which code of a server is in use" },
    { NULL, NULL },
};
const job coverage_job = {
    .name = "coverage",
    .summary = "record which lines of a program run",
    .about =
        "Records coverage, block by block, until --time, Ctrl-C or the end of the program, prints "
        "a table, and writes what there is as .json (V8's own, as of NODE_V8_COVERAGE) or .info "
        "(lcov). The exit code of a program that was started is passed on."
        "\n\nScripts count that match an --include (a '*' matches '/' as well); without that all "
        "but Node's own and those below node_modules. Workers and child processes are not covered.",
    .takes = TAKES_TARGET,
    .records = true,
    .from_start = true,
    .options = options,
    .examples = examples,
    .run = run_coverage,
};
