/*
 * remote.c - see remote.h.
 *
 * On a loop of its own a session's poll runs that loop; what was sent is written first.  On a
 * caller's loop nothing here runs it: a prepare handle writes before the loop waits, and a timer
 * calls back what is due.
 */
#include "resume.h"

#include <stdio.h>

enum {
    CONNECT_MS = 10000,
    MAX_QUEUE = 64 << 20,
    MAX_MESSAGE = 256 << 20,
    MOVED = 4 << 20 /* messages from this size on are not copied */
};

/* ---- in ---------------------------------------------------------------------- */

static int receive(cdp__remote *r, const char *text, size_t len)
{
    cdp__buf whole;

    if (len < MOVED || !cdp__frames_move(&r->frames, text, len, &whole))
        return cdp__receive(r->t.owner, text, len);
    int rc = cdp__receive_moved(r->t.owner, &whole);
    cdp__buf_free(&whole);
    return rc;
}

static void deliver(cdp__remote *r, int status, const char *text, size_t len)
{
    if (status == 0 && r->resume)
        cdp__resume_received(r->resume, text, len);
    if (status < 0)
        cdp__remote_lose(r, status, 0, text);
    else if (receive(r, text, len) < 0)
        cdp__remote_lose(r, CDP_ENOMEM, 0, NULL); /* the core has told why */
}

static void take(cdp__remote *r, int status, const char *text, size_t len)
{
    if (r->closing || !r->open)
        return;
    if (!r->paused && !r->stash.first)
        deliver(r, status, text, len);
    else if (cdp__stash_put(&r->stash, status, text, len) < 0)
        cdp__remote_lose(r, CDP_ENOMEM, 0, "no memory to keep a message while paused");
}

static void on_message(void *self, const char *text, size_t len)
{
    take(self, 0, text, len);
}

static void on_ended(void *self, bool broken, const char *why)
{
    take(self, broken ? CDP_EPROTO : CDP_ECLOSED, why, strlen(why) + 1);
}

static const cdp__frames_ops frames_ops = { .message = on_message, .ended = on_ended };

/* Callbacks may pause again, or close the session. */
static bool deliver_stash(cdp__remote *r)
{
    bool any = false;

    while (!r->paused && !r->closing && r->open && r->stash.first) {
        cdp__stashed *one = cdp__stash_take(&r->stash);
        deliver(r, one->status, one->bytes, one->len);
        cdp__stash_free_one(&r->stash, one);
        any = true;
    }
    return any;
}

static void remote_schedule(cdp__transport *t);

static void remote_pause(cdp__transport *t, bool pause)
{
    cdp__remote *r = (cdp__remote *)t;

    r->paused = pause;
    if (r->open)
        cdp__stream_pause(&r->stream, pause);
    if (!pause && r->stash.first)
        remote_schedule(t);
}

void cdp__remote_feed(cdp__remote *r, const char *bytes, size_t len)
{
    r->silent = false;
    int rc = cdp__frames_feed(&r->frames, bytes, len);
    if (rc < 0)
        cdp__remote_lose(r, rc, 0, "the peer's messages can't be read any more");
}

/* ---- what the core has to do ---------------------------------------------------- */

/* On a caller's loop: what cdp_poll() does elsewhere. */
static void progress(cdp__remote *r)
{
    deliver_stash(r);
    cdp__remote_tell_drained(r);
    if (!r->closing)
        cdp__run_posted(r->t.owner);
    if (!r->closing)
        cdp__deliver_ready(r->t.owner);
    if (!r->closing)
        cdp__remote_arm(r, 1); /* a callback that tries again for ever leaves the loop to others */
}

/* What a poll waits for may come from a timer that is due at its start, after which libuv would
 * wait for something else. */
static void return_soon(cdp__remote *r)
{
    if (!r->t.driven && r->loop)
        uv_stop(r->loop);
}

static void on_timer(uv_timer_t *timer)
{
    cdp__remote *r = timer->data;

    if (r->t.driven)
        progress(r);
    else
        return_soon(r);
}

void cdp__remote_arm(cdp__remote *r, int least_ms)
{
    bool now = (r->stash.first && !r->paused) || cdp__remote_is_drained(r);
    int ms = now ? 0 : cdp__next_timeout(r->t.owner);

    uv_update_time(r->loop);
    if (ms < 0)
        uv_timer_stop(&r->timer);
    else
        uv_timer_start(&r->timer, on_timer, (uint64_t)(ms < least_ms ? least_ms : ms), 0);
}

static void remote_schedule(cdp__transport *t)
{
    cdp__remote *r = (cdp__remote *)t;

    if (t->driven && r->loop && t->owner)
        cdp__remote_arm(r, 0);
}

static void on_async(uv_async_t *async)
{
    cdp__remote *r = async->data;

    if (r->t.driven)
        progress(r);
}

static void remote_wake(cdp__transport *t)
{
    cdp__remote *r = (cdp__remote *)t;

    if (r->loop)
        uv_async_send(&r->async);
}

void cdp__remote_settle(cdp__remote *r)
{
    if (r->t.driven)
        progress(r);
    cdp__remote_flush(r);
}

static void begin_end(cdp__remote *r);

static void run(cdp__remote *r, int timeout_ms)
{
    if (timeout_ms > 0) {
        uv_update_time(r->loop);
        uv_timer_start(&r->timer, on_timer, (uint64_t)timeout_ms, 0);
    }
    uv_run(r->loop, timeout_ms ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    if (!r->closing)
        uv_timer_stop(&r->timer);
    cdp__remote_tell_drained(r);
}

static int remote_poll(cdp__transport *t, int timeout_ms)
{
    cdp__remote *r = (cdp__remote *)t;

    r->inside++;
    if (deliver_stash(r) || cdp__remote_tell_drained(r))
        timeout_ms = 0;
    cdp__remote_flush(r);
    if (!r->closing)
        run(r, cdp__remote_is_drained(r) ? 0 : timeout_ms);
    if (--r->inside == 0 && r->closing)
        begin_end(r);
    return 0;
}

/* ---- the stream ------------------------------------------------------------------ */

static void on_opened(void *self)
{
    cdp__connect_opened(self);
}

static void on_data(void *self, const char *bytes, size_t len)
{
    cdp__remote *r = self;

    if (r->open)
        cdp__remote_feed(r, bytes, len);
    else
        cdp__connect_data(r, bytes, len);
}

static char *on_room(void *self, size_t *len)
{
    cdp__remote *r = self;

    return r->open ? cdp__frames_room(&r->frames, len) : NULL;
}

static void on_settled(void *self)
{
    cdp__remote_settle(self);
}

static void on_drained(void *self)
{
    cdp__remote *r = self;

    if (!r->open) {
        cdp__connect_opened(r); /* the rest of the handshake */
        return;
    }
    cdp__remote_flush(r);
    cdp__remote_tell_drained(r);
}

static void on_late_loss(uv_timer_t *timer)
{
    cdp__remote *r = timer->data;

    deliver_stash(r);
    cdp__remote_lose(r, CDP_EIO, r->late_sys, uv_strerror(r->late_sys));
}

/* Seen while a call is being made: callbacks have to wait until that has returned. */
static void on_lost(void *self, int sys, const char *why)
{
    cdp__remote *r = self;

    if (r->sending) {
        r->late_sys = sys;
        uv_timer_start(&r->limit, on_late_loss, 0, 0);
    } else {
        deliver_stash(r); /* what was resumed and comes first */
        cdp__remote_lose(r, sys == UV_ETIMEDOUT ? CDP_ETIMEDOUT : CDP_EIO, sys, why);
    }
}

static void on_stream_closed(void *self)
{
    cdp__remote *r = self;

    r->streaming = false;
    if (r->redial && !r->closing)
        cdp__remote_connect(r);
    cdp__remote_release(r);
}

const cdp__stream_ops cdp__remote_stream_ops = { .opened = on_opened,
                                                 .data = on_data,
                                                 .room = on_room,
                                                 .settled = on_settled,
                                                 .drained = on_drained,
                                                 .lost = on_lost,
                                                 .closed = on_stream_closed };

/* ---- the beginning and the end ------------------------------------------------------ */

/* Nothing was heard for ping_ms: the first time asks, the second gives up. */
static void on_ping(uv_timer_t *timer)
{
    cdp__remote *r = timer->data;

    if (r->paused) { /* nothing is read: an answer could not be seen */
        r->silent = false;
        return;
    }
    if (r->silent) {
        cdp__remote_lose(r, CDP_ETIMEDOUT, UV_ETIMEDOUT, "the peer does not answer pings");
        return;
    }
    r->silent = true;
    if (!r->frames.pipe && cdp__ws_ping(&r->frames.ws) == 0)
        cdp__remote_flush(r);
}

void cdp__remote_opened(cdp__remote *r)
{
    cdp__conn *c = r->t.owner->conn;

    r->open = true;
    return_soon(r);
    r->silent = false;
    uv_timer_stop(&r->limit);
    if (r->opt.ping_ms && !r->frames.pipe)
        uv_timer_start(&r->limit, on_ping, r->opt.ping_ms, r->opt.ping_ms);
    for (cdp__companion *p = r->companions; p; p = p->next)
        if (p->ops->opened)
            p->ops->opened(p);
    if (r->opt.opened) {
        cdp__session_ref(c->root);
        c->busy++;
        r->opt.opened(c->root, r->opt.data);
        c->busy--;
        cdp__session_unref(c->root);
    }
    if (r->closing)
        return;
    if (r->paused)
        cdp__stream_pause(&r->stream, true);
    cdp__remote_flush(r);
}

void cdp__remote_lose(cdp__remote *r, int status, int sys, const char *why)
{
    if (r->lost || r->closing)
        return;
    r->open = false;
    cdp__stash_free(&r->stash);
    if (r->loop) {
        uv_timer_stop(&r->limit);
        uv_timer_stop(&r->hold);
        cdp__connect_end(r);
    }
    for (cdp__companion *p = r->t.owner->conn->lost ? NULL : r->companions; p; p = p->next)
        if (p->ops->lost && p->ops->lost(p, status, sys, why))
            return;
    r->lost = true;
    return_soon(r);
    if (r->loop)
        uv_unref((uv_handle_t *)&r->async); /* nothing will come that a loop should wait for */
    cdp__lost(r->t.owner, status, sys, why);
    if (!r->closing)
        remote_schedule(&r->t);
}

int cdp__remote_reset(cdp__remote *r)
{
    bool pipe = r->frames.pipe;
    size_t most = r->opt.session.max_message;

    cdp__frames_free(&r->frames);
    cdp__window_reset(&r->window);
    return cdp__frames_init(&r->frames, pipe, most, r->allocator, &frames_ops, r);
}

static void remote_free(cdp__remote *r)
{
    if (r->loop == &r->own)
        uv_loop_close(&r->own);
    cdp__stash_free(&r->stash);
    cdp__window_reset(&r->window);
    cdp__frames_free(&r->frames);
    cdp__connect_free(r);
    cdp__dealloc(r->allocator, r, sizeof *r);
}

void cdp__remote_release(cdp__remote *r)
{
    if (--r->holds == 0 && r->t.driven)
        remote_free(r);
}

static void on_handle_closed(uv_handle_t *handle)
{
    cdp__remote_release(handle->data);
}

static void close_handle(void *handle)
{
    uv_close(handle, on_handle_closed);
}

static void begin_end(cdp__remote *r)
{
    if (r->open) {
        cdp__frames_end(&r->frames);
        cdp__stream_flush(&r->stream, cdp__frames_out(&r->frames));
    }
    for (cdp__companion *p = r->companions, *next; p; p = next) {
        next = p->next;
        p->ops->end(p);
    }
    if (r->loop) {
        cdp__connect_end(r);
        close_handle(&r->timer);
        close_handle(&r->limit);
        close_handle(&r->hold);
        close_handle(&r->async);
        close_handle(&r->prepare);
    }
    if (!r->t.driven) {
        while (r->holds)
            uv_run(r->loop, UV_RUN_ONCE);
        remote_free(r);
    } else if (!r->loop) {
        remote_free(r);
    }
}

static void remote_close(cdp__transport *t)
{
    cdp__remote *r = (cdp__remote *)t;

    r->closing = true;
    if (r->inside == 0)
        begin_end(r);
}

static int make_loop(cdp__remote *r)
{
    int rc = 0;

    if (!r->t.driven && (rc = uv_loop_init(&r->own)) < 0)
        return rc;
    uv_loop_t *loop = r->t.driven ? r->opt.loop : &r->own;
    if ((rc = uv_async_init(loop, &r->async, on_async)) < 0) {
        if (!r->t.driven)
            uv_loop_close(&r->own);
        return rc;
    }
    r->loop = loop;
    uv_timer_init(loop, &r->timer);
    uv_timer_init(loop, &r->limit);
    uv_timer_init(loop, &r->hold);
    uv_prepare_init(loop, &r->prepare);
    r->timer.data = r->limit.data = r->hold.data = r->async.data = r->prepare.data = r;
    uv_unref((uv_handle_t *)&r->prepare);
    r->holds = 5;
    return 0;
}

int cdp__remote_new(cdp_session **out, cdp__remote **made, const cdp_remote_options *opt, bool pipe)
{
    static const cdp__transport_ops ops = { .send = cdp__remote_send,
                                            .poll = remote_poll,
                                            .wake = remote_wake,
                                            .schedule = remote_schedule,
                                            .pause = remote_pause,
                                            .queued = cdp__remote_queued,
                                            .answered = cdp__remote_answered,
                                            .close = remote_close };
    const cdp_allocator *a = opt ? opt->session.allocator : NULL;
    cdp__remote *r = cdp__alloc(a, sizeof *r);

    *out = NULL;
    if (!r)
        return CDP_ENOMEM;
    memset(r, 0, sizeof *r);
    if (opt)
        r->opt = *opt;
    if (!r->opt.connect_ms)
        r->opt.connect_ms = CONNECT_MS;
    if (!r->opt.max_queue)
        r->opt.max_queue = MAX_QUEUE;
    if (!r->opt.session.max_message)
        r->opt.session.max_message = MAX_MESSAGE;
    r->allocator = r->head.allocator = a;
    r->stash.allocator = r->window.held.allocator = a;
    r->t = (cdp__transport){ .ops = &ops, .driven = r->opt.loop != NULL };
    if (cdp__frames_init(&r->frames, pipe, r->opt.session.max_message, a, &frames_ops, r) < 0) {
        cdp__frames_free(&r->frames);
        cdp__dealloc(a, r, sizeof *r);
        return CDP_ENOMEM;
    }
    int sys = make_loop(r);
    int rc = cdp__open(out, &r->t, &r->opt.session); /* which closes r if it fails */
    if (rc < 0)
        return rc;
    *made = r;
    if (sys == 0)
        return 0;
    cdp__remote_lose(r, CDP_EIO, sys, uv_strerror(sys));
    return cdp__usable(*out, (cdp_str){ 0 });
}

cdp__remote *cdp__remote_of(const cdp_session *s)
{
    cdp__transport *t = s->conn->t;

    return t->ops->poll == remote_poll ? (cdp__remote *)t : NULL;
}
