/*
 * host.c - a V8 with an event loop, for programs that have neither.
 *
 * The only file that knows both libuv and V8's side.  Whenever JavaScript may have run, after_js()
 * follows: it runs what that left (microtasks, V8's tasks, rejections, what was posted) and sets
 * the one timer that stands for deadlines of calls and for work on V8's threads.
 */
#include "host_internal.h"

#include <cdp/value.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct timer {
    uv_timer_t uv; /* first */
    cdp_host *h;
    cdp__js_task *task;
};

/* ---- errors ------------------------------------------------------------ */

static int fail(cdp_host *h, int status, int sys, const char *why)
{
    return cdp__failure_set(&h->error, status, sys, why);
}

const cdp_error *cdp_host_error(const cdp_host *h)
{
    return &h->error.pub;
}

static void write_text(cdp_host *h, int fd, const char *text, size_t len)
{
    if (h->opt.write)
        h->opt.write(h, fd, text, len, h->opt.data);
    else
        fwrite(text, 1, len, fd == 1 ? stdout : stderr);
}

void cdp_host_print_error(cdp_host *h)
{
    if (h->error.printed)
        write_text(h, 2, h->error.printed, strlen(h->error.printed));
}

/* Nobody handled it, and no function returns it. */
static void uncaught(cdp_host *h, cdp__failure *f)
{
    cdp__failure_move(&h->error, f);
    h->exit_code = 1;
    h->failed = true;
    if (h->looping)
        uv_stop(h->loop);
    if (h->opt.uncaught)
        h->opt.uncaught(h, &h->error.pub, h->opt.data);
    else
        cdp_host_print_error(h);
}

/* An exception that a script throws comes before those of the microtasks it leaves, and is
 * returned rather than reported. */
static void on_unhandled(void *self, const cdp__shim_error *e, bool promise)
{
    cdp_host *h = self;
    cdp__failure f = { .printed = NULL };

    if (h->running && !promise && !h->held) {
        h->held = true;
        cdp__failure_set_exception(&h->first, e);
        return;
    }
    cdp__failure_set_exception(&f, e);
    uncaught(h, &f);
}

/* ---- the loop ---------------------------------------------------------- */

static void on_due(uv_timer_t *timer);

/* Sets the timer for what is due next: deadlines, or work on V8's threads, which tells nobody when
 * it is done. */
static void set_due(cdp_host *h)
{
    enum { LOOK_AGAIN_MS = 2 };
    int ms = cdp__v8_next_timeout(h->v8);
    uint64_t at;

    if (cdp__js_background(h->js) && (ms < 0 || ms > LOOK_AGAIN_MS))
        ms = LOOK_AGAIN_MS;
    if (ms < 0) {
        if (h->due_at)
            uv_timer_stop(&h->due);
        h->due_at = 0;
        return;
    }
    uv_update_time(h->loop);
    at = uv_now(h->loop) + (uint64_t)ms + 1; /* +1: clocks round differently */
    if (at == h->due_at)
        return;
    h->due_at = at;
    uv_timer_start(&h->due, on_due, (uint64_t)ms + 1, 0);
}

static void after_js(cdp_host *h)
{
    h->inside++;
    cdp_v8_pump(h->v8);
    h->inside--;
    set_due(h);
}

static void on_due(uv_timer_t *timer)
{
    cdp_host *h = timer->data;

    h->due_at = 0;
    after_js(h);
}

static void on_wake(cdp__bell *bell)
{
    after_js(bell->poll.data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    cdp_host *h = prepare->data;

    set_due(h);
    cdp_v8_idle(h->v8, true);
}

static void on_spin(uv_idle_t *idle)
{
    (void)idle;
}

static void on_check(uv_check_t *check)
{
    cdp_host *h = check->data;
    size_t n = cdp__js_immediates(h->js); /* those that they add wait for the next round */

    cdp_v8_idle(h->v8, false);
    for (h->inside++; n > 0 && !h->failed; n--) {
        cdp__js_run_immediate(h->js);
        after_js(h);
    }
    h->inside--;
    if (cdp__js_immediates(h->js) == 0)
        uv_idle_stop(&h->spin);
}

static void on_timer(uv_timer_t *uv)
{
    struct timer *t = (struct timer *)uv;
    cdp_host *h = t->h;

    h->inside++;
    cdp__js_run_task(h->js, t->task); /* may end t */
    h->inside--;
    after_js(h);
}

/* ---- what JavaScript asks for ------------------------------------------ */

static void *start_timer(void *self, cdp__js_task *task, double ms, bool repeat)
{
    cdp_host *h = self;
    struct timer *t = malloc(sizeof *t);

    if (!t)
        return NULL;
    t->h = h;
    t->task = task;
    uv_timer_init(h->loop, &t->uv);
    uv_update_time(h->loop);
    uv_timer_start(&t->uv, on_timer, (uint64_t)ms, repeat ? (uint64_t)ms : 0);
    return t;
}

static void free_timer(uv_handle_t *uv)
{
    free(uv);
}

static void stop_timer(void *self, void *handle)
{
    struct timer *t = handle;

    (void)self;
    uv_close((uv_handle_t *)&t->uv, free_timer);
}

static void on_immediate(void *self)
{
    cdp_host *h = self;

    uv_idle_start(&h->spin, on_spin);
}

static void on_scheduled(void *self, const char *name, cdp__js_task *task, bool recurring)
{
    cdp_v8_async_scheduled(((cdp_host *)self)->v8, name, task, recurring);
}

static void on_started(void *self, cdp__js_task *task)
{
    cdp_v8_async_started(((cdp_host *)self)->v8, task);
}

static void on_finished(void *self, cdp__js_task *task)
{
    cdp_v8_async_finished(((cdp_host *)self)->v8, task);
}

static void on_canceled(void *self, cdp__js_task *task)
{
    cdp_v8_async_canceled(((cdp_host *)self)->v8, task);
}

static void on_write(void *self, int fd, const char *text, size_t len)
{
    write_text(self, fd, text, len);
}

/* ---- what sessions ask for --------------------------------------------- */

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
}

/* The isolate is entered meanwhile: the profiler samples no other. */
static void run_loop(cdp_host *h, uv_run_mode mode)
{
    h->inside++;
    h->looping = true;
    cdp__js_enter(h->js);
    uv_run(h->loop, mode);
    cdp__js_exit(h->js);
    h->looping = false;
    h->inside--;
}

static int host_wait(cdp_v8 *v, int timeout_ms, void *data)
{
    cdp_host *h = data;

    (void)v;
    if (h->inside) /* libuv's loop does not nest */
        return CDP_ESTATE;
    uv_update_time(h->loop);
    if (timeout_ms >= 0)
        uv_timer_start(&h->limit, on_limit, (uint64_t)timeout_ms + 1, 0);
    uv_ref((uv_handle_t *)&h->wake.poll); /* to be woken is worth waiting for */
    run_loop(h, UV_RUN_ONCE);
    uv_unref((uv_handle_t *)&h->wake.poll);
    uv_timer_stop(&h->limit);
    return 0;
}

static void host_wake(cdp_v8 *v, void *data)
{
    (void)v;
    cdp__bell_ring(&((cdp_host *)data)->wake);
}

static void host_schedule(cdp_v8 *v, int timeout_ms, void *data)
{
    (void)v;
    (void)timeout_ms;
    set_due(data);
}

static int host_pause(cdp_v8 *v, void *data)
{
    cdp_host *h = data;

    (void)v;
    return h->opt.pause(h, h->opt.data);
}

/* ---- life -------------------------------------------------------------- */

static void init_handles(cdp_host *h)
{
    uv_timer_init(h->loop, &h->due);
    uv_timer_init(h->loop, &h->limit);
    uv_prepare_init(h->loop, &h->prepare);
    uv_check_init(h->loop, &h->check);
    uv_idle_init(h->loop, &h->spin);
    h->handles = 6;
    h->wake.poll.data = h->due.data = h->limit.data = h->prepare
                                                          .data = h->check.data = h->spin.data = h;
    uv_prepare_start(&h->prepare, on_prepare);
    uv_check_start(&h->check, on_check);
    uv_unref((uv_handle_t *)&h->wake.poll);
    uv_unref((uv_handle_t *)&h->prepare);
    uv_unref((uv_handle_t *)&h->check);
}

static void free_host(cdp_host *h)
{
    cdp__failure none = { .printed = NULL };

    cdp__failure_move(&h->first, &none);
    cdp__failure_move(&h->error, &none);
    free(h);
}

static void on_closed(uv_handle_t *handle)
{
    cdp_host *h = handle->data;

    /* With a loop of its own h waits for all; otherwise the last one ends it. */
    if (--h->handles)
        return;
    cdp__bell_free(&h->wake);
    if (h->loop != &h->own)
        free_host(h);
}

static void close_loop(cdp_host *h)
{
    uv_handle_t *all[] = { (uv_handle_t *)&h->wake.poll, (uv_handle_t *)&h->due,
                           (uv_handle_t *)&h->limit,     (uv_handle_t *)&h->check,
                           (uv_handle_t *)&h->prepare,   (uv_handle_t *)&h->spin };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        uv_close(all[i], on_closed);
    if (h->loop != &h->own)
        return;
    do
        uv_run(&h->own, UV_RUN_DEFAULT);
    while (uv_loop_close(&h->own) == UV_EBUSY); /* cdp_host_stop() cuts a run short */
    free_host(h);
}

static void expose(void *self, const void *context)
{
    cdp_host *h = self;

    cdp_v8_add_context(h->v8, context, h->opt.name);
}

static int open_js(cdp_host *h)
{
    static const cdp__js_ops ops = { .size = sizeof ops,
                                     .timer_start = start_timer,
                                     .timer_stop = stop_timer,
                                     .immediate = on_immediate,
                                     .scheduled = on_scheduled,
                                     .started = on_started,
                                     .finished = on_finished,
                                     .canceled = on_canceled,
                                     .write = on_write,
                                     .call = cdp__host_call };
    cdp_v8_options opt = { .name = h->opt.name,
                           .platform = h->platform,
                           .wait = host_wait,
                           .wake = host_wake,
                           .schedule = host_schedule,
                           .pause = h->opt.pause ? host_pause : NULL,
                           .data = h };
    int rc;

    if (!(h->js = cdp__js_new(&ops, h, h->opt.max_old_space_mb)))
        return CDP_ENOMEM;
    if ((rc = cdp_v8_new(&h->v8, cdp__js_isolate(h->js), &opt)) < 0) {
        cdp__js_free(h->js);
        return rc;
    }
    h->hooks.unhandled = on_unhandled;
    h->hooks.self = h;
    cdp__v8_hook(h->v8, &h->hooks);
    cdp_v8_listen(h->v8);
    cdp__js_with_context(h->js, expose, h);
    return 0;
}

int cdp_host_new(cdp_host **out, const cdp_host_options *opt)
{
    cdp_host *h = calloc(1, sizeof *h);
    int rc;

    *out = NULL;
    if (!h)
        return CDP_ENOMEM;
    if (opt)
        h->opt = *opt;
    h->thread = pthread_self();
    h->loop = h->opt.loop ? h->opt.loop : &h->own;
    fail(h, 0, 0, NULL);
    if ((rc = cdp__host_enter(&h->platform)) < 0)
        goto no_v8;
    rc = CDP_EIO;
    if (!h->opt.loop && uv_loop_init(&h->own) < 0)
        goto no_loop;
    if (cdp__bell_init(&h->wake, h->loop, on_wake) < 0)
        goto no_bell;
    init_handles(h);
    if ((rc = open_js(h)) == 0) {
        *out = h;
        return 0;
    }
    cdp__host_leave();
    uv_prepare_stop(&h->prepare);
    uv_check_stop(&h->check);
    close_loop(h);
    return rc;
no_bell:
    if (!h->opt.loop)
        uv_loop_close(&h->own);
no_loop:
    cdp__host_leave();
no_v8:
    free_host(h);
    return rc;
}

int cdp_host_free(cdp_host *h)
{
    if (!h)
        return 0;
    if (h->inside || h->running || !pthread_equal(h->thread, pthread_self()))
        return CDP_ESTATE;
    h->inside++; /* whatever still calls back must not come here again */
    if (!cdp__v8_idle(h->v8)) {
        h->inside--;
        return CDP_ESTATE;
    }
    cdp__js_drop(h->js);
    cdp_v8_free(h->v8);
    cdp__js_free(h->js);
    cdp__host_undefine(h);
    cdp__host_leave();
    close_loop(h);
    return 0;
}

/* ---- scripts ----------------------------------------------------------- */

static void on_json(void *self, const char *text, size_t len)
{
    cdp_value v = { text, len, CDP_JSON };

    cdp_value_copy(v, CDP_JSON, self); /* out of memory reads as no value */
}

/* What a script threw is returned; what microtasks threw meanwhile is not its own. */
static int end_script(cdp_host *h, cdp__js_outcome outcome)
{
    bool held = h->held;
    int rc = 0;

    h->held = false;
    if (outcome == CDP__JS_THREW && held) {
        cdp__failure_move(&h->error, &h->first);
        h->exit_code = 1;
        return CDP_EREMOTE;
    }
    if (outcome == CDP__JS_TERMINATED)
        rc = fail(h, CDP_ECANCELED, 0, "the script was terminated");
    else if (outcome == CDP__JS_TOO_BIG)
        rc = fail(h, CDP_ETOOBIG, 0, "the script is too long for V8");
    else if (outcome == CDP__JS_THREW)
        rc = fail(h, CDP_EREMOTE, 0, "the script threw");
    if (held)
        uncaught(h, &h->first);
    return rc;
}

int cdp_host_run_text(cdp_host *h, const char *name, cdp_str text, cdp_value **result)
{
    cdp__js_outcome outcome;

    if (result)
        *result = NULL;
    if (!pthread_equal(h->thread, pthread_self()))
        return CDP_ESTATE;
    if (h->running || cdp__v8_terminating(h->v8))
        return fail(h, CDP_ESTATE, 0,
                    h->running ? "a script is running" : "JavaScript is being terminated");
    h->running++;
    outcome = cdp__js_run(h->js, name ? name : "", text.ptr ? text.ptr : "", text.len,
                          result ? on_json : NULL, result);
    h->running--;
    int rc = end_script(h, outcome);
    after_js(h);
    return rc;
}

int cdp_host_run_file(cdp_host *h, const char *path, cdp_value **result)
{
    char *text = NULL;
    size_t len = 0;

    if (result)
        *result = NULL;
    int e = cdp__read_file(path, &text, &len);
    if (e)
        return fail(h, e == ENOMEM ? CDP_ENOMEM : CDP_EIO, -e, strerror(e));
    uv_fs_t req; /* front-ends want a URL, and so an absolute path */
    bool full = uv_fs_realpath(NULL, &req, path, NULL) == 0;
    int rc = cdp_host_run_text(h, full ? req.ptr : path, cdp_sn(text, len), result);
    uv_fs_req_cleanup(&req);
    free(text);
    return rc;
}

int cdp_host_run(cdp_host *h)
{
    if (!pthread_equal(h->thread, pthread_self()))
        return CDP_ESTATE;
    if (h->inside)
        return fail(h, CDP_ESTATE, 0, "the loop is running");
    h->stopped = false;
    do {
        after_js(h); /* may leave timers to wait for */
        if (!h->failed)
            run_loop(h, UV_RUN_DEFAULT);
    } while (!h->failed && !h->stopped && uv_loop_alive(h->loop));
    if (!h->failed)
        return 0;
    h->failed = false;
    return CDP_EREMOTE;
}

void cdp_host_stop(cdp_host *h)
{
    h->stopped = true;
    uv_stop(h->loop);
}

/* ---- the rest ---------------------------------------------------------- */

int cdp_host_exit_code(const cdp_host *h)
{
    return h->exit_code;
}

void cdp_host_terminate(cdp_host *h)
{
    cdp__js_terminate(h->js);
}

int cdp_host_connect(cdp_session **out, cdp_host *h, const cdp_options *opt)
{
    return cdp_v8_connect(out, h->v8, opt);
}

cdp_v8 *cdp_host_v8(cdp_host *h)
{
    return h->v8;
}

uv_loop_t *cdp_host_loop(cdp_host *h)
{
    return h->loop;
}

void *cdp_host_data(const cdp_host *h)
{
    return h->opt.data;
}
