/*
 * v8.c - the inspector of an isolate: its life, how other threads reach it, what V8 asks of it.
 */
#include "v8_link.h"

#include "../core/session.h"
#include "../core/wait.h"

#include <stdlib.h>
#include <string.h>

/* ---- from other threads ------------------------------------------------ */

/* The inspectors that live: interrupts and V8's listeners come with an isolate or a token, and may
 * come after the end of what they were meant for. */
static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static cdp_v8 *live;
static uintptr_t last_token;

static cdp_v8 *find_live(const void *isolate, uintptr_t token)
{
    cdp_v8 *v;

    pthread_mutex_lock(&live_lock);
    for (v = live; v && (isolate ? v->isolate != isolate : v->token != token); v = v->next)
        ;
    pthread_mutex_unlock(&live_lock);
    return v; /* only its own thread asks for it, and frees it */
}

bool cdp__v8_with_live(cdp_v8 *v, void (*fn)(cdp_v8 *v, void *data), void *data)
{
    cdp_v8 *l;

    pthread_mutex_lock(&live_lock);
    for (l = live; l && l != v; l = l->next)
        ;
    if (l)
        fn(l, data);
    pthread_mutex_unlock(&live_lock);
    return l != NULL;
}

cdp__shim *cdp__v8_shim_of(void *isolate)
{
    cdp_v8 *v = find_live(isolate, 0);

    return v ? v->shim : NULL;
}

void cdp__v8_interrupted(void *token)
{
    cdp_v8 *v = find_live(NULL, (uintptr_t)token);

    if (!v)
        return;
    pthread_mutex_lock(&v->lock);
    bool urgent = v->urgent;
    v->urgent = v->interrupting = false;
    pthread_mutex_unlock(&v->lock);
    if (v->amid && !urgent) {
        v->postponed = true; /* what that runs is not to be mixed with what others run */
        return;
    }
    v->busy++;
    cdp__v8_run_posted(v);
    cdp__v8_deliver_ready(v);
    cdp__shim_reap(v->shim);
    v->busy--;
}

/* V8 keeps every request until JavaScript runs: one at a time is enough. */
static void wake(cdp_v8 *v, bool urgent)
{
    pthread_mutex_lock(&v->lock);
    v->woken = true;
    v->urgent = v->urgent || urgent;
    pthread_cond_broadcast(&v->wakeup);
    if (!v->interrupting) {
        v->interrupting = true;
        cdp__shim_interrupt(v->isolate, (void *)v->token);
    }
    pthread_mutex_unlock(&v->lock);
    if (v->opt.wake)
        v->opt.wake(v, v->opt.data);
}

void cdp__v8_wake(cdp_v8 *v)
{
    wake(v, true);
}

void cdp__v8_wake_soon(cdp_v8 *v)
{
    wake(v, false);
}

void cdp__v8_wake_postponed(cdp_v8 *v)
{
    if (!v->postponed || v->in_event)
        return;
    v->postponed = false;
    cdp__v8_wake_soon(v);
}

void cdp__v8_wait_for_wake(cdp_v8 *v, int timeout_ms)
{
    cdp__await(&v->lock, &v->wakeup, &v->woken, timeout_ms);
}

/* ---- what V8 asks for -------------------------------------------------- */

/* For those who hold JavaScript up: what came from other threads, V8's tasks, what is due. */
static void serve(cdp_v8 *v)
{
    cdp__v8_run_posted(v);
    if (!v->in_progress)
        while (cdp__shim_pump(v->shim))
            ;
    cdp__v8_deliver_ready(v);
}

/* Waits for something to serve. */
static void wait_to_serve(cdp_v8 *v)
{
    enum { SLICE_MS = 50 }; /* V8's worker threads leave tasks without telling */
    int ms = cdp__v8_next_timeout(v);

    cdp__v8_wait_for_wake(v, v->opt.platform && (ms < 0 || ms > SLICE_MS) ? SLICE_MS : ms);
}

static void on_pause(void *self)
{
    cdp_v8 *v = self;
    unsigned amid = v->amid;

    v->resumed = false;
    v->busy++;
    v->amid = 0;
    while (!v->resumed) {
        if (v->opt.pause) {
            if (v->opt.pause(v, v->opt.data) != 0)
                break;
        } else if (cdp__v8_debugged_from_afar(v)) {
            wait_to_serve(v);
        } else {
            break; /* nobody else could end it */
        }
        serve(v);
    }
    v->amid = amid;
    v->busy--;
}

static void on_resume(void *self)
{
    cdp_v8 *v = self;

    v->resumed = true;
}

static void on_run_if_waiting(void *self)
{
    cdp_v8 *v = self;

    v->run = true;
}

static void on_unhandled(void *self, const cdp__shim_error *e, bool promise)
{
    cdp_v8 *v = self;

    for (cdp__v8_hooks *h = v->hooks, *next; h; h = next) {
        next = h->next;
        if (h->unhandled)
            h->unhandled(h->self, e, promise);
    }
}

void cdp__v8_hook(cdp_v8 *v, cdp__v8_hooks *hooks)
{
    hooks->next = v->hooks;
    v->hooks = hooks;
}

void cdp__v8_unhook(cdp_v8 *v, cdp__v8_hooks *hooks)
{
    for (cdp__v8_hooks **p = &v->hooks; *p; p = &(*p)->next)
        if (*p == hooks) {
            *p = hooks->next;
            return;
        }
}

int cdp_v8_pump(cdp_v8 *v)
{
    v->busy++;
    cdp__v8_run_posted(v);
    if (!v->in_progress) {
        while (cdp__shim_pump(v->shim))
            ;
        if (!cdp__shim_in_script(v->shim))
            cdp__shim_settle(v->shim);
    }
    cdp__v8_deliver_ready(v);
    cdp__shim_reap(v->shim);
    v->busy--;
    return cdp__v8_next_timeout(v);
}

int cdp_v8_wait_for_debugger(cdp_v8 *v, int timeout_ms)
{
    uint64_t end = cdp__now() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    unsigned amid = v->amid;

    if (!pthread_equal(v->thread, pthread_self()))
        return CDP_ESTATE;
    v->run = false;
    v->amid = 0; /* it may be a client's command that waits */
    while (cdp_v8_pump(v), !v->run) {
        enum { SLICE_MS = 10 }; /* V8's worker threads leave tasks without telling */
        uint64_t now = cdp__now();
        if (timeout_ms >= 0 && now >= end)
            break;
        int left = timeout_ms < 0 || end - now > SLICE_MS ? SLICE_MS : (int)(end - now);
        cdp__v8_wait_for_wake(v, v->opt.platform ? left : timeout_ms < 0 ? -1 : (int)(end - now));
    }
    v->amid = amid;
    return v->run ? 0 : CDP_ETIMEDOUT;
}

/* ---- life -------------------------------------------------------------- */

static int init_lock(cdp_v8 *v)
{
    if (pthread_mutex_init(&v->lock, NULL) != 0)
        return CDP_ENOMEM;
    if (cdp__cond_init(&v->wakeup) == 0)
        return 0;
    pthread_mutex_destroy(&v->lock);
    return CDP_ENOMEM;
}

int cdp_v8_new(cdp_v8 **out, void *isolate, const cdp_v8_options *opt)
{
    static const cdp__shim_ops ops = { .size = sizeof ops,
                                       .pause = on_pause,
                                       .resume = on_resume,
                                       .run_if_waiting = on_run_if_waiting,
                                       .unhandled = on_unhandled };
    cdp_v8 *v;

    *out = NULL;
    if (!isolate)
        return CDP_EINVAL;
    if (find_live(isolate, 0))
        return CDP_ESTATE;
    if (!(v = calloc(1, sizeof *v)))
        return CDP_ENOMEM;
    if (opt)
        v->opt = *opt;
    v->isolate = isolate;
    v->thread = pthread_self();
    if (init_lock(v) < 0) {
        free(v);
        return CDP_ENOMEM;
    }
    v->shim = cdp__shim_new(isolate, v->opt.platform, &ops, v);
    if (!v->shim) {
        pthread_cond_destroy(&v->wakeup);
        pthread_mutex_destroy(&v->lock);
        free(v);
        return CDP_ENOMEM;
    }
    pthread_mutex_lock(&live_lock);
    v->token = ++last_token;
    v->next = live;
    live = v;
    pthread_mutex_unlock(&live_lock);
    *out = v;
    return 0;
}

bool cdp__v8_idle(const cdp_v8 *v)
{
    return !v->busy && !v->in_progress && !cdp__shim_busy(v->shim);
}

bool cdp__v8_terminating(cdp_v8 *v)
{
    v->terminating = v->terminating && cdp__shim_in_script(v->shim);
    return v->terminating;
}

int cdp_v8_free(cdp_v8 *v)
{
    if (!v)
        return 0;
    if (!cdp__v8_idle(v))
        return CDP_ESTATE;
    v->busy++; /* callbacks of calls that end now must not come here again */
    cdp__v8_end_fronts(v);
    if (v->listening)
        cdp__shim_unlisten(v->shim);
    pthread_mutex_lock(&live_lock);
    for (cdp_v8 **p = &live; *p; p = &(*p)->next)
        if (*p == v) {
            *p = v->next;
            break;
        }
    pthread_mutex_unlock(&live_lock);
    cdp__v8_links_refuse(v);
    cdp__shim_free(v->shim);
    pthread_cond_destroy(&v->wakeup);
    pthread_mutex_destroy(&v->lock);
    free(v);
    return 0;
}

/* ---- contexts, and what is passed on ----------------------------------- */

int cdp_v8_add_context(cdp_v8 *v, const void *context, const char *name)
{
    if (!context)
        return CDP_EINVAL;
    if (!name)
        name = v->opt.name ? v->opt.name : "main";
    cdp__shim_add_context(v->shim, context, name, NULL);
    return 0;
}

int cdp_v8_remove_context(cdp_v8 *v, const void *context)
{
    return context && cdp__shim_remove_context(v->shim, context) ? 0 : CDP_EINVAL;
}

int cdp_v8_pause_on_start(cdp_v8 *v)
{
    return cdp_v8_break_on_next(v, "Break on start");
}

bool cdp_v8_can_dispatch(const char *method)
{
    return method && cdp__shim_can_dispatch(method, strlen(method));
}

int cdp_v8_listen(cdp_v8 *v)
{
    if (!v->listening)
        cdp__shim_listen(v->shim);
    v->listening = true;
    return 0;
}

unsigned cdp_v8_exception_thrown(cdp_v8 *v, const void *message, const void *exception)
{
    return cdp__shim_thrown(v->shim, message, exception);
}

void cdp_v8_exception_revoked(cdp_v8 *v, unsigned id, const char *reason)
{
    cdp__shim_revoked(v->shim, id, reason ? reason : "");
}

void cdp_v8_promise_rejected(cdp_v8 *v, const void *reject)
{
    cdp__shim_promise(v->shim, reject);
}

void cdp_v8_async_scheduled(cdp_v8 *v, const char *name, void *task, bool recurring)
{
    cdp__shim_async(v->shim, recurring ? CDP__ASYNC_RECURRING : CDP__ASYNC_SCHEDULED, name, task);
}

void cdp_v8_async_started(cdp_v8 *v, void *task)
{
    cdp__shim_async(v->shim, CDP__ASYNC_STARTED, NULL, task);
}

void cdp_v8_async_finished(cdp_v8 *v, void *task)
{
    cdp__shim_async(v->shim, CDP__ASYNC_FINISHED, NULL, task);
}

void cdp_v8_async_canceled(cdp_v8 *v, void *task)
{
    cdp__shim_async(v->shim, CDP__ASYNC_CANCELED, NULL, task);
}

void cdp_v8_async_all_canceled(cdp_v8 *v)
{
    cdp__shim_async(v->shim, CDP__ASYNC_ALL_CANCELED, NULL, NULL);
}

void cdp_v8_idle(cdp_v8 *v, bool idle)
{
    cdp__shim_idle(v->shim, idle);
}
