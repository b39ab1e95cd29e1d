/*
 * remote_out.c - what a session sends: held while too much is unanswered, framed, and written when
 * the loop next runs or much has piled up.
 */
#include "resume.h"

enum { FLUSH_AT = 64 << 10 /* unwritten bytes that do not wait for the loop */ };

size_t cdp__remote_queued(const cdp__transport *t)
{
    const cdp__remote *r = (const cdp__remote *)t;
    const cdp__buf *out = r->frames.pipe ? &r->frames.out : &r->frames.ws.out;
    size_t kept;

    if (r->resume && cdp__resume_waits(r->resume, &kept))
        return kept;
    return out->len + cdp__window_held(&r->window) +
           (r->streaming ? cdp__stream_queued(&r->stream) : 0);
}

bool cdp__remote_is_drained(const cdp__remote *r)
{
    return r->filled && r->open && cdp__remote_queued(&r->t) == 0;
}

bool cdp__remote_tell_drained(cdp__remote *r)
{
    if (r->closing || !cdp__remote_is_drained(r))
        return false;
    cdp__conn *c = r->t.owner->conn;
    r->filled = false;
    cdp__session_ref(c->root);
    c->busy++;
    r->opt.drained(c->root, r->opt.data);
    c->busy--;
    cdp__session_unref(c->root);
    return true;
}

static void write_out(cdp__remote *r)
{
    cdp__stream_flush(&r->stream, cdp__frames_out(&r->frames));
    if (r->t.driven && !r->closing && cdp__remote_is_drained(r))
        cdp__remote_arm(r, 0);
}

/* False: what can't be framed now never will be. */
static bool release(cdp__remote *r)
{
    int rc = 0;

    for (cdp__stashed *one; rc == 0 && (one = cdp__window_release(&r->window));) {
        rc = cdp__frames_send(&r->frames, one->bytes, one->len);
        cdp__stash_free_one(&r->window.held, one);
    }
    return rc == 0;
}

void cdp__remote_flush(cdp__remote *r)
{
    if (!r->open || r->closing)
        return;
    if (!release(r)) {
        cdp__remote_lose(r, CDP_ENOMEM, 0, "no memory to send what was held back");
        return;
    }
    write_out(r);
}

static void on_prepare(uv_prepare_t *prepare)
{
    uv_prepare_stop(prepare);
    cdp__remote_flush(prepare->data);
}

static void on_hold(uv_timer_t *timer)
{
    cdp__remote *r = timer->data;

    cdp__window_tick(&r->window);
    cdp__remote_flush(r);
    if (!r->window.held.first)
        uv_timer_stop(timer);
}

void cdp__remote_answered(cdp__transport *t, uint64_t position)
{
    cdp__window_answer(&((cdp__remote *)t)->window, position);
}

int cdp__remote_send(cdp__transport *t, const void *bytes, size_t len)
{
    cdp__remote *r = (cdp__remote *)t;

    t->why = NULL;
    if (cdp__remote_queued(t) > r->opt.max_queue) {
        t->why = "the peer does not take what was sent before";
        return CDP_ETOOBIG;
    }
    int rc = r->resume ? cdp__resume_sent(r->resume, bytes, len) : 0;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (r->frames.pipe || cdp__window_admit(&r->window, bytes, len, &rc))
        rc = cdp__frames_send(&r->frames, bytes, len);
    if (rc < 0)
        return rc;
    t->position = r->window.sent;
    if (r->window.held.first && r->loop && !uv_is_active((uv_handle_t *)&r->hold))
        uv_timer_start(&r->hold, on_hold, CDP__WINDOW_MS, CDP__WINDOW_MS);
    r->filled = r->opt.drained != NULL;
    if (r->open && cdp__frames_out(&r->frames)->len >= FLUSH_AT) {
        r->sending = true;
        write_out(r);
        r->sending = false;
    } else if (t->driven && r->loop) {
        uv_prepare_start(&r->prepare, on_prepare);
    }
    return 0;
}
