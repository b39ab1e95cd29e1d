/*
 * job_har.c - `cdp har`: what a target asks the network for, as HAR 1.2.
 *
 * Whether the network is idle is told by the events that begin and end requests; a page may keep
 * some open for ever, so that after a while without any it counts as idle as well.
 */
#include "cli.h"
#include "file.h"
#include "interrupt.h"
#include "jobs.h"
#include "page.h"
#include "progress.h"
#include "recording.h"
#include "term.h"

#include <cdp/browser.h>
#include <cdp/network.h>
#include <cdp/page.h>
#include <cdp/report.h>
#include <cdp/targets.h>
#include <cdp/value.h>
#include <stdio.h>
#include <stdlib.h>

#define QUIET 0.5   /* seconds without a request: idle */
#define STALLED 10. /* seconds in which none began or ended, while some are open */
#define TICK 0.1

enum { BODY = 16 << 20 };

typedef struct watch {
    recording r;
    cdp_har *har;
    int64_t open;  /* requests */
    double active; /* when one began or ended */
} watch;

/* ---- sessions -------------------------------------------------------------- */

static void on_network(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    watch *at = data;

    (void)s;
    if (cdp_str_eq(method, cdp_s("Network.requestWillBeSent")))
        at->open += !cdp_value_get(*params, "redirectResponse").ptr;
    else if (cdp_str_eq(method, cdp_s("Network.loadingFinished")) ||
             cdp_str_eq(method, cdp_s("Network.loadingFailed")))
        at->open -= at->open > 0;
    else
        return;
    at->active = target_now();
}

static int watch_session(watch *at, cdp_session *s)
{
    int rc = cdp_har_watch(at->har, s);

    return rc < 0 ? rc : cdp_on_any(s, on_network, at) ? 0 : CDP_ENOMEM;
}

/* It is not asked twice: some kinds of workers have no network of their own. */
static void on_enabled(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    (void)err;
    (void)data;
}

static bool on_attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    watch *at = data;

    (void)info;
    if (watch_session(at, child) == 0)
        cdp_network_enable_async(child, NULL, on_enabled, NULL);
    return false;
}

static void on_detached(cdp_session *child, void *data)
{
    watch *at = data;

    if (at->har)
        cdp_har_unwatch(at->har, child);
}

static int enable(target *t)
{
    int rc = cdp_network_enable(t->session, NULL);

    if (rc == CDP_EREMOTE && cdp_last_error(t->session)->remote_code == CDP_METHOD_NOT_FOUND)
        snprintf(t->why, sizeof t->why,
                 "the target does not tell of its network; "
                 "Node does, with --experimental-network-inspection");
    if (rc == 0)
        rc = cdp_page_enable(t->session, NULL);
    return rc == CDP_EREMOTE && !*t->why ? 0 : rc; /* Node has no pages */
}

static int begin(watch *at, const words *w)
{
    CDP_AUTO cdp_browser_get_version_result *about = NULL;
    cdp_session *s = at->r.t.session;
    const cdp_follow_options follow = {
        .wait = true, .attached = on_attached, .detached = on_detached, .data = at
    };
    cdp_har_options opt = { .max_body = words_flag(w, "bodies") ? BODY : 0 };

    if (cdp_browser_get_version(s, &about) == 0)
        opt.browser = about->product.ptr;
    int rc = cdp_har_new(&at->har, &opt);
    if (rc == 0)
        rc = watch_session(at, s);
    if (rc == 0)
        rc = enable(&at->r.t);
    if (rc == 0)
        rc = cdp_follow(s, &follow);
    return rc;
}

/* ---- waiting ----------------------------------------------------------------- */

static bool is_idle(const watch *at)
{
    const double quiet = target_now() - at->active;

    return quiet >= (at->open ? STALLED : QUIET);
}

/* Loads the page, and waits until nothing comes any more. */
static int load(watch *at, const char *url, double until)
{
    target *t = &at->r.t;
    double left = until - target_now();

    progress_start("loading");
    int rc = page_load(t, url, true, until > 0 ? (left > 0 ? left : 0) : -1);
    while (rc == 0 && !interrupted() && !is_idle(at) && (until <= 0 || target_now() < until))
        rc = target_wait(t, TICK, NULL);
    progress_end();
    if (rc != CDP_ETIMEDOUT)
        return rc == CDP_ECANCELED && interrupted() ? 0 : rc;
    *t->why = 0; /* the time is over, as was asked for */
    return 0;
}

/* Bodies are asked for when they have come. */
static int wait_for_bodies(watch *at)
{
    const double patience = at->r.t.patience, until = target_now() + patience;
    int rc = 0;

    while (rc == 0 && cdp_har_pending(at->har) && !interrupted() &&
           (patience < 0 || target_now() < until))
        rc = target_wait(&at->r.t, TICK, NULL);
    return rc;
}

static int record(watch *at, const words *w)
{
    const double seconds = words_seconds(w, "time");
    const double until = seconds >= 0 ? target_now() + seconds : -1;
    const char *word = words_operand(w, 0);
    char *url = word ? page_url(word) : at->r.t.url ? page_url(at->r.t.url) : NULL;
    int rc = 0;

    if (!url && (word || at->r.t.url))
        return CDP_ENOMEM;
    if (url)
        rc = load(at, url, until);
    else
        rc = recording_run(&at->r, w, "recording");
    if (rc == 0)
        rc = wait_for_bodies(at);
    free(url);
    return rc == CDP_ECANCELED && interrupted() ? 0 : rc; /* Ctrl-C is how it ends */
}

/* ---- the file ------------------------------------------------------------------ */

static int write_out(void *data, const char *bytes, size_t len)
{
    return output_write(data, bytes, len) < 0 ? CDP_EIO : 0;
}

static int save(const watch *at, output *to)
{
    int rc = cdp_har_save(at->har, write_out, to);

    if (rc < 0 && rc != CDP_EIO)
        return output_drop(to, complain(STATUS_FAILED, "%s", cdp_strerror(rc)));
    return output_finish(to);
}

static int run_har(const words *w)
{
    watch at = { .har = NULL };
    output *to = NULL;
    int status = output_open(&to, w, NULL);

    if (status)
        return status;
    if ((status = recording_open(&at.r, w)) == 0) {
        int rc = begin(&at, w);
        if (rc == 0)
            rc = record(&at, w);
        status = rc < 0 ? target_fail(&at.r.t, rc) : 0;
    }
    status = status ? output_drop(to, status) : save(&at, to);
    cdp_har_free(at.har);
    at.har = NULL;
    return recording_close(&at.r, status);
}

static const option options[] = {
    WORDS_OUTPUT("write to FILE; else stdout"),
    RECORDING_TIME,
    { 0, "bodies", WORD_FLAG, NULL, NULL, "with the bodies of responses, up to 16 MiB each" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = { PAGE_URL, { NULL, WORD_TEXT, false, false, NULL } };
static const example examples[] = {
    { "cdp har -o a.har -- chromium https://example.org/", "what loading a page takes" },
    { "cdp har :9222 -t 60 --bodies >a.har", "what an open page asks for in a minute" },
    { NULL, NULL },
};
const job har_job = {
    .name = "har",
    .summary = "record network requests as HAR",
    .about =
        "Records what a page with its frames and workers asks the network for, or a Node that was "
        "started with --experimental-network-inspection. With a URL it loads that, and ends when "
        "no request is open any more, or none has begun or ended for 10 seconds; else at Ctrl-C, "
        "after --time or at the program's end.",
    .takes = TAKES_TARGET,
    .records = true,
    .from_start = true,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_har,
};
