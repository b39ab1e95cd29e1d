/*
 * v8_transport.c - sessions with the V8 of this process.
 *
 * A session's transport is one V8 session.  Both directions are function calls: send() dispatches
 * into V8, which answers from inside, and events come on whatever stack V8 is on.  So that anything
 * may be closed at any time, frames that run count themselves (`sending`), and the shim keeps V8's
 * session until V8 has left it.
 */
#include "v8_internal.h"

#include "../core/session.h"
#include "../core/transport.h"

#include <stdlib.h>

struct cdp__v8_session {
    cdp__transport t; /* first */
    cdp_v8 *v;
    cdp__shim_session *shim;
    cdp__v8_session *next;
    unsigned round;   /* the last walk that saw it */
    unsigned sending; /* frames inside send() */
    bool closed;
    uint32_t unanswered;     /* the id of the last command, 0: it was answered */
    uint64_t sent, answered; /* commands and replies, to know of calls in flight */
    uint64_t received;       /* anything */
    atomic_bool posted;
};

static cdp__v8_session *session_of(cdp__transport *t)
{
    return (cdp__v8_session *)t;
}

/* ---- messages ---------------------------------------------------------- */

static void on_response(void *self, int id, const uint8_t *bytes, size_t len)
{
    cdp__v8_session *s = self;

    s->answered++;
    s->received++;
    if ((uint32_t)id == s->unanswered)
        s->unanswered = 0;
    if (len == 0)
        cdp__fail(s->t.owner, (uint32_t)id, CDP_EPROTO, "V8 could not encode its reply");
    else
        cdp__receive(s->t.owner, bytes, len);
}

/* V8 reports the progress of a heap snapshot while its heap must not change.  The method comes
 * first in what V8 writes, behind an envelope of 6 or 7 bytes. */
static bool is_progress(const uint8_t *bytes, size_t len)
{
    static const char head[] = "\x66method\x78\x27HeapProfiler.reportHeapSnapshotProgress";
    size_t n = sizeof head - 1;

    return (len > 7 + n && memcmp(bytes + 7, head, n) == 0) ||
           (len > 8 + n && memcmp(bytes + 8, head, n) == 0);
}

static void on_event(void *self, const uint8_t *bytes, size_t len)
{
    cdp__v8_session *s = self;
    cdp_v8 *v = s->v; /* stays: cdp_v8_free() refuses while V8 is in a session */
    bool progress = is_progress(bytes, len);

    s->received++;
    v->in_progress += progress;
    cdp__receive(s->t.owner, bytes, len);
    v->in_progress -= progress;
}

/* The id of a command, which the codec writes first; 0 if it does not. */
static uint32_t id_of(const uint8_t *p, size_t len)
{
    static const char head[] = "\xbf\x62id";
    uint32_t id = 0;

    for (size_t i = 6; i + 9 < len && i <= 7; i++) {
        if (memcmp(p + i, head, 4) != 0)
            continue;
        const uint8_t *q = p + i + 4;
        if (*q < 24)
            return *q;
        if (*q > 26)
            return 0;
        for (int n = 1 << (*q - 24); n > 0; n--)
            id = id << 8 | *++q;
        return id;
    }
    return 0;
}

/* Where no JavaScript waits below: what the command left for afterwards.  V8 runs no microtasks
 * after evaluations, and may answer from tasks. */
static void after_dispatch(cdp__v8_session *s, uint64_t answered)
{
    if (s->closed || s->v->busy > 1 || cdp__shim_in_script(s->v->shim))
        return;
    if (s->answered == answered && s->v->opt.platform)
        while (!s->closed && s->answered == answered && cdp__shim_pump(s->v->shim))
            ;
    cdp__shim_settle(s->v->shim);
}

static int v8_send(cdp__transport *t, const void *bytes, size_t len)
{
    cdp__v8_session *s = session_of(t);
    cdp_v8 *v = s->v;
    uint64_t answered = s->answered;

    if (v->in_progress) {
        t->why = "not amid HeapProfiler.reportHeapSnapshotProgress: V8's heap must be left alone";
        return CDP_ESTATE;
    }
    s->sending++;
    s->sent++;
    s->unanswered = id_of(bytes, len);
    v->busy++;
    cdp__shim_enter(v->shim);
    cdp__shim_dispatch(s->shim, bytes, len);
    after_dispatch(s, answered);
    cdp__shim_exit(v->shim);
    v->busy--;
    if (--s->sending == 0 && s->closed)
        free(s);
    return 0;
}

static void v8_close(cdp__transport *t)
{
    cdp__v8_session *s = session_of(t);
    cdp__v8_session **p = &s->v->sessions;

    while (*p && *p != s)
        p = &(*p)->next;
    if (*p)
        *p = s->next;
    s->closed = true;
    if (s->shim)
        cdp__shim_disconnect(s->shim);
    if (s->sending == 0)
        free(s);
}

/* ---- progress ---------------------------------------------------------- */

/* The next session that this walk has not seen.  Callbacks may end any of them, so every step
 * starts at the front. */
static cdp__v8_session *next_session(cdp_v8 *v, unsigned round)
{
    cdp__v8_session *s = v->sessions;

    while (s && s->round == round)
        s = s->next;
    if (s)
        s->round = round;
    return s;
}

void cdp__v8_run_posted(cdp_v8 *v)
{
    unsigned round = ++v->round;

    v->busy++;
    for (cdp__v8_session *s; (s = next_session(v, round));)
        if (atomic_exchange(&s->posted, false))
            cdp__run_posted(s->t.owner);
    for (cdp__v8_hooks *h = v->hooks, *next; h; h = next) {
        next = h->next;
        if (h->posted)
            h->posted(h->self, v);
    }
    v->busy--;
}

void cdp__v8_deliver_ready(cdp_v8 *v)
{
    unsigned round = ++v->round;

    v->busy++;
    for (cdp__v8_session *s; (s = next_session(v, round));)
        cdp__deliver_ready(s->t.owner);
    v->busy--;
}

int cdp__v8_next_timeout(const cdp_v8 *v)
{
    int least = -1;

    for (const cdp__v8_session *s = v->sessions; s; s = s->next) {
        int ms = cdp__next_timeout(s->t.owner);
        if (ms > 0 && s->sent == s->answered)
            continue; /* the deadline of a call that is over */
        if (ms >= 0 && (least < 0 || ms < least))
            least = ms;
    }
    return least;
}

/* Nothing that is still to come can come before this call's caller returns. */
static int stuck(cdp__v8_session *s, const char *why)
{
    uint32_t id = s->unanswered;

    s->unanswered = 0;
    if (id)
        cdp__fail(s->t.owner, id, CDP_ESTATE, why);
    else
        cdp__v8_wait_for_wake(s->v, 1);
    return 0;
}

static int v8_poll(cdp__transport *t, int timeout_ms)
{
    enum { SLICE_MS = 10 }; /* V8's worker threads leave tasks without telling */
    cdp__v8_session *s = session_of(t);
    cdp_v8 *v = s->v;
    uint64_t received = s->received;
    bool in_script;
    int rc = 0;

    s->sending++;
    v->busy++;
    cdp__v8_run_posted(v);
    if (!v->in_progress)
        while (!s->closed && s->received == received && cdp__shim_pump(v->shim))
            ;
    in_script = cdp__shim_in_script(v->shim);
    if (!in_script && !s->closed)
        cdp__shim_settle(v->shim);
    if (s->closed || s->received != received || timeout_ms == 0)
        goto out;
    if (in_script) {
        rc = stuck(s, "no waiting while JavaScript waits for this callback: use _async");
    } else if (v->opt.wait) {
        rc = v->opt.wait(v, timeout_ms, v->opt.data);
        if (rc == CDP_ESTATE && !s->closed)
            rc = stuck(s, "no waiting inside a callback of the loop: use _async");
        if (!s->closed)
            cdp__shim_settle(v->shim);
    } else {
        cdp__v8_wait_for_wake(v, timeout_ms < 0 || timeout_ms > SLICE_MS ? SLICE_MS : timeout_ms);
    }
out:
    cdp__shim_reap(v->shim);
    v->busy--;
    if (--s->sending == 0 && s->closed)
        free(s);
    return rc;
}

static void v8_schedule(cdp__transport *t)
{
    cdp_v8 *v = session_of(t)->v;

    if (v->opt.schedule)
        v->opt.schedule(v, cdp__v8_next_timeout(v), v->opt.data);
}

static void v8_wake(cdp__transport *t)
{
    cdp__v8_session *s = session_of(t);

    atomic_store(&s->posted, true);
    cdp__v8_wake(s->v);
}

int cdp_v8_connect(cdp_session **out, cdp_v8 *v, const cdp_options *opt)
{
    static const cdp__transport_ops ops = { .send = v8_send,
                                            .poll = v8_poll,
                                            .wake = v8_wake,
                                            .schedule = v8_schedule,
                                            .close = v8_close };
    static const cdp__shim_channel channel = { .response = on_response, .event = on_event };

    for (cdp__v8_session *s = v->sessions; *out && s; s = s->next)
        if (s->t.owner == *out)
            return cdp__error_set(&(*out)->error, CDP_ESTATE, cdp_s(""),
                                  "the session is already connected");
    *out = NULL;
    if (!pthread_equal(v->thread, pthread_self()) || v->in_progress)
        return CDP_ESTATE;
    cdp__v8_session *s = calloc(1, sizeof *s);
    if (!s)
        return CDP_ENOMEM;
    s->t.ops = &ops;
    s->t.wire = CDP_CBOR;
    s->t.direct = true;
    s->t.trusted = true;
    s->v = v;
    s->round = v->round;
    atomic_init(&s->posted, false);
    s->shim = cdp__shim_connect(v->shim, &channel, s);
    if (!s->shim) {
        free(s);
        return CDP_ENOMEM;
    }
    int rc = cdp__open(out, &s->t, opt); /* which closes s if it fails */
    if (rc < 0)
        return rc;
    s->next = v->sessions;
    v->sessions = s;
    return 0;
}

void cdp__v8_close_sessions(cdp_v8 *v)
{
    while (v->sessions)
        cdp_close(v->sessions->t.owner);
}

int cdp_v8_break_on_next(cdp_v8 *v, const char *reason)
{
    if (!v->sessions)
        return CDP_ESTATE;
    for (cdp__v8_session *s = v->sessions; s; s = s->next)
        cdp__shim_break(s->shim, reason ? reason : "");
    return 0;
}
