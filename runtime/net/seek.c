/*
 * seek.c - see seek.h.
 *
 * Each socket is asked once for /json/version, one after the other; and then those that are new,
 * until one answers as inspectors do, or connecting has taken too long.
 */
#include "seek.h"

#include "discovery.h"
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

enum {
    ANSWER_MS = 1000, /* for one socket, which may be anything's */
    LOOK_MS = 10,     /* to the next look; it doubles */
    LOOK_MOST_MS = 160
};

typedef struct seeker {
    cdp__companion c; /* first */
    int64_t pid;
    bool rouse, roused;
    bool over;      /* found, or given up */
    uint64_t pause; /* ms */
    uv_timer_t timer;
    cdp__buf listeners, asked; /* cdp__listener each: at the last look; and all so far */
    cdp__get *get;
    cdp__url url;   /* get's */
    unsigned holds; /* the timer, gets */
} seeker;

static void look(seeker *k);
static void ask_next(seeker *k);

/* ---- the end ------------------------------------------------------------------------ */

static void release(seeker *k)
{
    if (--k->holds)
        return;
    cdp__remote *r = k->c.remote;
    cdp__buf_free(&k->listeners);
    cdp__buf_free(&k->asked);
    cdp__url_free(&k->url, r->allocator);
    cdp__dealloc(r->allocator, k, sizeof *k);
    cdp__remote_release(r);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void end_get(seeker *k)
{
    cdp__get *g = k->get;

    k->get = NULL;
    if (g)
        cdp__get_end(g);
}

static void finish(seeker *k)
{
    k->over = true;
    end_get(k);
    uv_timer_stop(&k->timer);
}

static void seeker_end(cdp__companion *c)
{
    seeker *k = (seeker *)c;

    finish(k);
    uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}

static void give_up(seeker *k, int status, int sys, const char *why)
{
    finish(k);
    cdp__remote_lose(k->c.remote, status, sys, why);
}

/* The limit of all connecting. */
static bool seeker_lost(cdp__companion *c, int status, int sys, const char *why)
{
    seeker *k = (seeker *)c;
    char text[128];

    (void)why;
    if (k->over)
        return false;
    if (status != CDP_ETIMEDOUT) {
        finish(k);
        return false;
    }
    snprintf(text, sizeof text,
             k->roused
                 ? "process %lld has not opened an inspector: its stderr may tell why (is its "
                   "port, 9229, taken?)"
                 : "process %lld does not listen for debuggers",
             (long long)k->pid);
    give_up(k, status, sys, text);
    return true;
}

/* ---- one socket ------------------------------------------------------------------------ */

static void on_get_gone(void *self)
{
    release(self);
}

static bool is_inspector(cdp_str body)
{
    cdp_target_about *about = NULL;
    bool yes = cdp__discovery_about(&about, body, NULL) == 0 && about->protocol_version.len > 0;

    cdp_free(about);
    return yes;
}

static void on_answer(void *self, int status, int sys, const char *why, cdp_str body)
{
    seeker *k = self;
    cdp__remote *r = k->c.remote;
    bool found = status == 0 && is_inspector(body);

    (void)sys;
    (void)why;
    end_get(k);
    if (!found) {
        ask_next(k);
        return;
    }
    k->over = true;
    r->url = k->url;
    k->url = (cdp__url){ .port = 0 };
    cdp__remote_connect(r);
}

static void ask(seeker *k, const char *url)
{
    cdp__remote *r = k->c.remote;
    const char *why;
    const cdp__get_options opt = { .loop = r->loop,
                                   .allocator = r->allocator,
                                   .url = &k->url,
                                   .limit_ms = ANSWER_MS,
                                   .token = r->opt.token,
                                   .headers = r->opt.headers,
                                   .done = on_answer,
                                   .gone = on_get_gone,
                                   .self = k };

    cdp__url_free(&k->url, r->allocator);
    k->url = (cdp__url){ .port = 0 };
    int rc = cdp__url_parse(&k->url, url, r->allocator, &why);
    if (rc == 0) {
        k->holds++;
        rc = cdp__get_start(&k->get, "GET", "/json/version", &opt);
        if (rc < 0)
            k->holds--;
    }
    if (rc < 0)
        give_up(k, rc, 0, cdp_strerror(rc));
}

static bool is_listed(const cdp__buf *list, const char *url)
{
    for (size_t at = 0; at < list->len; at += sizeof(cdp__listener))
        if (strcmp(((const cdp__listener *)(const void *)(list->ptr + at))->url, url) == 0)
            return true;
    return false;
}

/* ---- the process -------------------------------------------------------------------------- */

/* Sends the signal, unless it would be the process's end.  False: given up. */
static bool rouse(seeker *k)
{
    char why[128];
    int handles = cdp__process_handles(k->pid, SIGUSR1);

    if (handles > 0 && kill((pid_t)k->pid, SIGUSR1) == 0) {
        k->roused = true;
        return true;
    }
    int e = handles < 0 ? -handles : errno;
    if (handles == 0)
        snprintf(why, sizeof why,
                 "process %lld does not listen, and does not handle SIGUSR1: it would die of it",
                 (long long)k->pid);
    else
        snprintf(why, sizeof why, "process %lld: %s", (long long)k->pid,
                 uv_strerror(uv_translate_sys_error(e)));
    give_up(k, handles == 0 ? CDP_ENOTSUP : CDP_EIO, handles == 0 ? 0 : uv_translate_sys_error(e),
            why);
    return false;
}

static void refuse(seeker *k, int e)
{
    char why[128];
    const char *what = e == ENOENT        ? "there is no such process"
                       : e == EACCES      ? "another user's"
                       : e == ENETUNREACH ? "it has a network of its own"
                                          : uv_strerror(uv_translate_sys_error(e));

    snprintf(why, sizeof why, "process %lld: %s", (long long)k->pid, what);
    give_up(k, e == ENOMEM ? CDP_ENOMEM : CDP_EIO, uv_translate_sys_error(e == ENOENT ? ESRCH : e),
            why);
}

static void on_timer(uv_timer_t *timer)
{
    look(timer->data);
}

static void ask_next(seeker *k)
{
    for (size_t at = 0; at < k->listeners.len; at += sizeof(cdp__listener)) {
        const char *url = ((const cdp__listener *)(const void *)(k->listeners.ptr + at))->url;
        if (is_listed(&k->asked, url))
            continue;
        cdp__buf_put(&k->asked, url, sizeof(cdp__listener));
        if (k->asked.failed)
            give_up(k, CDP_ENOMEM, 0, cdp_strerror(CDP_ENOMEM));
        else
            ask(k, url);
        return;
    }
    if (k->rouse && !k->roused && !rouse(k))
        return;
    uv_timer_start(&k->timer, on_timer, k->pause, 0);
    if (k->pause < LOOK_MOST_MS)
        k->pause *= 2;
}

static void look(seeker *k)
{
    cdp__buf_reset(&k->listeners, sizeof(cdp__listener) * 16);
    int e = cdp__process_listeners(k->pid, &k->listeners);

    if (e)
        refuse(k, e);
    else
        ask_next(k);
}

/* ---- the beginning ----------------------------------------------------------------------------
 */

void cdp__seek_start(cdp__remote *r, int64_t pid, bool rouse)
{
    static const cdp__companion_ops ops = { .lost = seeker_lost, .end = seeker_end };
    seeker *k = cdp__alloc(r->allocator, sizeof *k);

    if (!k) {
        cdp__remote_lose(r, CDP_ENOMEM, 0, cdp_strerror(CDP_ENOMEM));
        return;
    }
    memset(k, 0, sizeof *k);
    k->c.ops = &ops;
    k->pid = pid;
    k->rouse = rouse;
    k->pause = LOOK_MS;
    k->listeners.allocator = k->asked.allocator = r->allocator;
    uv_timer_init(r->loop, &k->timer);
    k->timer.data = k;
    k->holds = 1;
    cdp__remote_add(r, &k->c);
    cdp__remote_limit(r);
    look(k);
}

int cdp_connect_pid(cdp_session **out, int64_t pid, const cdp_remote_options *opt)
{
    cdp__remote *r;
    int rc = cdp__remote_new(out, &r, opt, false);

    if (rc < 0)
        return rc;
    if (pid <= 0 || pid > INT32_MAX)
        cdp__remote_lose(r, CDP_EINVAL, 0, "not a process id");
    else if (cdp__remote_prepare(r) == 0)
        cdp__seek_start(r, pid, true);
    return cdp__remote_wait(r, out);
}
