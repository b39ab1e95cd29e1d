/*
 * target.c - reaching a job's target.
 */
#include "target.h"

#include "cli.h"
#include "interrupt.h"
#include "page.h"
#include "recorded.h"

#include <cdp/node_runtime.h>
#include <cdp/runtime.h>
#include <cdp/targets.h>
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint32_t target_milliseconds(double seconds)
{
    return seconds > 0 ? (uint32_t)(seconds * 1000) + 1 : CDP_NO_TIMEOUT;
}

static double patience_of(const words *w)
{
    double seconds = words_seconds(w, "timeout");

    return seconds > 0 ? seconds : -1;
}

int target_options(cdp_remote_options *opt, target *t, const words *w)
{
    const cdp_tls_options tls = { .ca_file = words_text(w, "ca"),
                                  .insecure = words_flag(w, "insecure") };
    CDP_AUTO cdp_str *why = NULL;
    uint32_t limit = target_milliseconds(words_seconds(w, "timeout"));

    *opt = (cdp_remote_options){ .session = { .timeout_ms = limit, .max_message = 1u << 30 },
                                 .connect_ms = limit,
                                 .token = words_text(w, "token") };
    if (!tls.ca_file && !tls.insecure)
        return 0;
    if (cdp_tls_new(&t->tls, &tls, &why) < 0)
        return complain(STATUS_FAILED, "%s", why ? why->ptr : cdp_strerror(CDP_ENOMEM));
    opt->tls = t->tls;
    return 0;
}

int target_fail(const target *t, int rc)
{
    const cdp_error *e = t->session ? cdp_last_error(t->session) : NULL;

    if (rc == CDP_ECANCELED && interrupted())
        return complain(STATUS_FAILED, "interrupted");
    if (*t->why)
        return complain(STATUS_FAILED, "%s", t->why);
    if (!e || e->status != rc)
        return complain(STATUS_FAILED, "%s", cdp_strerror(rc));
    if (rc == CDP_EREMOTE) /* the peer's own words */
        return complain(STATUS_FAILED, "%s: %s", e->method.ptr, e->message.ptr);
    return complain(STATUS_FAILED, "%s", e->message.ptr);
}

/* ---- by name ------------------------------------------------------------- */

static bool holds(cdp_str text, const char *part)
{
    size_t len = strlen(part);

    for (size_t i = 0; i + len <= text.len; i++) {
        size_t n = 0;
        while (n < len &&
               tolower((unsigned char)text.ptr[i + n]) == tolower((unsigned char)part[n]))
            n++;
        if (n == len)
            return true;
    }
    return false;
}

static bool is_page(const cdp_target_entry *e)
{
    return cdp_str_eq(e->type, cdp_s("page"));
}

/* The one whose title or URL holds text, pages before others; NULL: it has been said. */
static const cdp_target_entry *find_text(const cdp_target_entries *list, const char *text)
{
    const cdp_target_entry *found = NULL;
    int n = 0;

    for (size_t i = 0; i < list->targets.n; i++) {
        const cdp_target_entry *e = &list->targets.items[i];
        if (!holds(e->title, text) && !holds(e->url, text))
            continue;
        if (found && is_page(found) != is_page(e)) {
            if (is_page(found))
                continue;
            n = 0;
        }
        found = e;
        n++;
    }
    if (n == 1)
        return found;
    if (n == 0)
        complain(STATUS_FAILED, "no target has '%s' in its title or URL; see 'cdp list'", text);
    else
        complain(STATUS_FAILED, "%d targets have '%s' in their title or URL; see 'cdp list'", n,
                 text);
    return NULL;
}

static const cdp_target_entry *find_page(const cdp_target_entries *list)
{
    for (size_t i = 0; i < list->targets.n; i++)
        if (is_page(&list->targets.items[i]))
            return &list->targets.items[i];
    return NULL;
}

/* Makes the URL of an endpoint that of one of its targets.  0, or what to exit with. */
static int name_target(target_name *name, const cdp_target_entry *e)
{
    size_t len = strlen(name->url);
    const char *slash = strncmp(name->url, "unix:", 5) == 0 ? ":/" : "/";

    while (len && name->url[len - 1] == '/')
        len--;
    int n = snprintf(name->url + len, sizeof name->url - len, "%s%.*s", slash, (int)e->id.len,
                     e->id.ptr);
    if (n >= (int)(sizeof name->url - len))
        return complain(STATUS_FAILED, "the target's id is too long");
    return 0;
}

/* Which target of an endpoint?  0, or what to exit with. */
static int choose(target_name *name, const cdp_remote_options *opt)
{
    CDP_AUTO cdp_target_entries *list = NULL;
    CDP_AUTO cdp_str *why = NULL;
    int rc = cdp_target_list(&list, name->url, opt, &why);

    if (rc < 0)
        return complain(STATUS_FAILED, "%s: %s", name->url, why ? why->ptr : cdp_strerror(rc));
    const cdp_target_entry *e = name->text ? find_text(list, name->text) : find_page(list);
    if (e)
        return name_target(name, e);
    return name->text ? STATUS_FAILED : 0;
}

static int connect_pid(target *t, int64_t pid, const cdp_remote_options *opt)
{
    if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
        return complain(STATUS_FAILED, "there is no process %lld%s", (long long)pid,
                        pid <= 65535 ? "; a port has a colon before it" : "");
    return cdp_connect_pid(&t->root, pid, opt);
}

static int connect_name(target *t, const words *w, const cdp_remote_options *opt)
{
    target_name name;
    const char *why = target_parse(&name, w->target);

    if (why)
        return words_refuse(w->job, "TARGET '%s': %s", w->target, why);
    if (name.pid)
        return connect_pid(t, name.pid, opt);
    if (name.file)
        return recorded_open(t, name.file, opt);
    if (name.any || name.text) {
        int status = choose(&name, opt);
        if (status)
            return status;
    }
    return cdp_connect(&t->root, name.url, opt);
}

/* ---- by starting it -------------------------------------------------------- */

/* Signals find it from now on, though the library has yet to hear from it. */
static void on_opened(cdp_session *s, void *data)
{
    (void)data;
    interrupt_session(s, NULL);
}

static int start(target *t, const words *w, const cdp_remote_options *opt)
{
    const bool browser = cdp_launch_kind_of(w->launch[0]) == CDP_LAUNCH_CHROMIUM;
    cdp_launch_options launch = {
        .remote = *opt, .argv = w->launch, .apart = w->job->records, .quiet = browser
    };

    if (browser) {
        if (!(t->arguments = page_arguments(w->launch, &t->url)))
            return CDP_ENOMEM;
        launch.argv = t->arguments;
    }
    launch.remote.opened = on_opened;
    t->started = !browser;
    return cdp_launch(&t->root, &launch);
}

/* Its tab was closed, say. */
static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    target *t = data;

    (void)s;
    t->lost = why->status;
    if (!*t->why)
        snprintf(t->why, sizeof t->why, "%.200s", why->message.ptr);
}

/* A page of the browser that was started: its own first one may be there already, or not yet. */
static int open_page(target *t, bool load)
{
    cdp_session *page;
    int rc = cdp_open_page(&page, t->root, NULL);

    if (rc < 0)
        return rc;
    t->session = page;
    cdp_set_lost(page, on_lost, t);
    interrupt_session(t->root, page);
    return t->url && load ? page_load(t, t->url, true, t->patience) : 0;
}

static void on_ended(cdp_session *s, void *data)
{
    target *t = data;

    (void)s;
    t->ended = true;
}

int target_expect_end(target *t)
{
    const cdp_node_runtime_notify_when_waiting_for_disconnect_params p = { .enabled = true };

    if (!cdp_node_runtime_on_waiting_for_disconnect(t->session, on_ended, t))
        return CDP_ENOMEM;
    int rc = cdp_node_runtime_notify_when_waiting_for_disconnect(t->session, &p);
    return rc == CDP_EREMOTE ? 0 : rc; /* Deno has no such command */
}

static void on_followed(cdp_session *s, const cdp_error *err, void *data)
{
    target *t = data;

    (void)s;
    (void)err; /* it knows no workers */
    t->followed = true;
}

/* They wait as the program does.  A job that follows them itself sees to that.  What comes next is
 * not said in one breath with this: Node would hold back its second answer for a while. */
static int let_workers_run(target *t)
{
    const cdp_follow_options opt = { .wait = true, .followed = on_followed, .data = t };
    int rc = cdp_follow(t->root, &opt);

    if (rc < 0)
        return rc == CDP_ESTATE ? 0 : rc;
    return target_wait(t, t->patience, &t->followed);
}

int target_go(target *t)
{
    if (t->url)
        return page_load(t, t->url, false, t->patience);
    if (!t->started)
        return 0;
    int rc = target_expect_end(t);
    if (rc == 0)
        rc = let_workers_run(t);
    return rc < 0 ? rc : cdp_runtime_run_if_waiting_for_debugger(t->root);
}

/* ---- both -------------------------------------------------------------------- */

int target_open(target *t, const words *w)
{
    cdp_remote_options opt;
    int status = interrupt_start();

    *t = (target){ .patience = patience_of(w) };
    if (status == 0)
        status = target_options(&opt, t, w);
    if (status)
        return status;
    int rc = w->launch ? start(t, w, &opt) : connect_name(t, w, &opt);
    if (rc > 0)
        return rc;
    if (!t->session)
        t->session = t->root;
    interrupt_session(t->root, t->session == t->root ? NULL : t->session);
    if (rc == 0 && t->arguments)
        rc = open_page(t, !w->job->from_start);
    if (rc < 0)
        return target_fail(t, rc);
    return interrupted() ? target_fail(t, CDP_ECANCELED) : 0;
}

void target_close(target *t)
{
    interrupt_session(NULL, NULL);
    cdp_close(t->root);
    cdp_tls_free(t->tls);
    free(t->arguments);
    free(t->url);
    *t = (target){ .root = NULL };
}

double target_now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int target_wait(target *t, double seconds, const bool *done)
{
    double until = target_now() + seconds;
    int rc = 0;

    while (rc == 0 && !(done && *done) && !t->ended && !interrupted()) {
        double left = until - target_now();
        if (seconds >= 0 && left <= 0)
            break;
        rc = cdp_poll(t->root, seconds < 0 ? -1 : left > 3600 ? 3600000 : (int)(left * 1000) + 1);
        if (rc == 0)
            rc = t->lost;
        if (rc == CDP_ECLOSED && t->recorded) {
            t->ended = true;
            rc = 0;
        }
    }
    return rc;
}
