/*
 * v8_transport.c - sessions with the V8 of this process.
 *
 * A session's transport is one V8 session.  Both directions are function calls: send() dispatches
 * into V8, which answers from inside, and events come on whatever stack V8 is on.  So that anything
 * may be closed at any time, frames that run count themselves (`sending`), and the shim keeps V8's
 * session until V8 has left it.
 */
#include "v8_front.h"

#include "../core/session.h"

#include <stddef.h>
#include <stdlib.h>

/* A message that waits until V8 is done. */
typedef struct queued {
    struct queued *next;
    int id; /* of a response, 0: an event */
    size_t len;
    uint8_t bytes[];
} queued;

/* A session of the isolate's own thread. */
typedef struct near {
    cdp__transport t; /* first */
    cdp__v8_front front;
    cdp_v8 *v;
    unsigned sending; /* frames inside send() and callbacks */
    bool closed;
    bool queueing; /* what arrives is to wait */
    queued *queue, **end;
    queued *held;            /* commands for later */
    cdp__v8_delicate amid;   /* the event whose callbacks run */
    uint32_t unanswered;     /* the id of the last command, 0: it was answered */
    uint64_t sent, answered; /* commands and replies, to know of calls in flight */
    uint64_t received;       /* anything */
    atomic_bool posted;
} near;

static near *near_of(cdp__transport *t)
{
    return (near *)t;
}

static near *near_with(cdp__v8_front *f)
{
    return (near *)(void *)((char *)f - offsetof(near, front));
}

/* ---- messages ---------------------------------------------------------- */

static queued *copy(int id, const void *bytes, size_t len)
{
    queued *q = malloc(sizeof *q + len);

    if (!q)
        return NULL;
    q->next = NULL;
    q->id = id;
    q->len = len;
    if (len)
        memcpy(q->bytes, bytes, len);
    return q;
}

static void drop(queued *q)
{
    while (q) {
        queued *next = q->next;
        free(q);
        q = next;
    }
}

static void release(near *s)
{
    drop(s->queue);
    drop(s->held);
    free(s);
}

static void put_off(near *s, int id, const uint8_t *bytes, size_t len)
{
    queued *q = copy(id, bytes, len);

    if (!q) {
        cdp__lost(s->t.owner, CDP_ENOMEM, 0, NULL);
        return;
    }
    *s->end = q;
    s->end = &q->next;
}

static void near_response(cdp__v8_front *f, int id, const uint8_t *bytes, size_t len)
{
    near *s = near_with(f);

    if (s->queueing) {
        put_off(s, id, bytes, len);
        return;
    }
    s->answered++;
    s->received++;
    if ((uint32_t)id == s->unanswered)
        s->unanswered = 0;
    if (len == 0)
        cdp__fail(s->t.owner, (uint32_t)id, CDP_EPROTO, "V8 could not encode its reply");
    else
        cdp__receive(s->t.owner, bytes, len);
}

static void near_event(cdp__v8_front *f, const uint8_t *bytes, size_t len)
{
    near *s = near_with(f);
    cdp_v8 *v = s->v; /* stays: cdp_v8_free() refuses while V8 is in a session */
    cdp__v8_head head = cdp__v8_read_head(bytes, len);
    cdp__v8_delicate kind = cdp__v8_event_kind(&head), outer = s->amid;

    if (s->queueing) {
        put_off(s, 0, bytes, len);
        return;
    }
    s->received++;
    s->sending++; /* s stays */
    s->amid = kind;
    v->in_event++;
    v->in_progress += kind == CDP__V8_PROGRESS;
    cdp__receive(s->t.owner, bytes, len);
    v->in_progress -= kind == CDP__V8_PROGRESS;
    v->in_event--;
    cdp__v8_wake_postponed(v);
    s->amid = outer;
    if (--s->sending == 0 && s->closed)
        release(s);
}

/* V8 is done: nothing is delicate any more. */
static void deliver_queue(near *s)
{
    queued *q = s->queue;

    s->queue = NULL;
    s->end = &s->queue;
    while (q) {
        queued *next = q->next;
        if (s->closed)
            ;
        else if (q->id)
            near_response(&s->front, q->id, q->bytes, q->len);
        else {
            s->received++;
            cdp__receive(s->t.owner, q->bytes, q->len);
        }
        free(q);
        q = next;
    }
}

static void near_dispatch(cdp__v8_front *f, const cdp__v8_head *head, const uint8_t *bytes,
                          size_t len)
{
    near *s = near_with(f);
    bool queueing = !s->queueing && cdp__v8_replays(head);

    s->v->terminating = s->v->terminating || cdp__v8_terminates(head);
    s->queueing = s->queueing || queueing;
    cdp__v8_front_to_v8(f, head, bytes, len);
    if (!queueing)
        return;
    s->queueing = false;
    deliver_queue(s);
}

/* What the program's handlers send arrives as V8's messages do. */
static int near_served(cdp__v8_front *f, const uint8_t *bytes, size_t len)
{
    near *s = near_with(f);
    cdp__v8_head head = cdp__v8_read_head(bytes, len);

    s->received++;
    if (!head.method) {
        s->answered++;
        if (head.id == s->unanswered)
            s->unanswered = 0;
    }
    return s->closed ? CDP_ECLOSED : cdp__receive(s->t.owner, bytes, len);
}

/* Where no JavaScript waits below: what the command left for afterwards.  V8 runs no microtasks
 * after evaluations, and may answer from tasks. */
static void after_dispatch(near *s, uint64_t answered)
{
    if (s->closed || s->v->busy > 1 || cdp__shim_in_script(s->v->shim))
        return;
    if (s->answered == answered && s->v->opt.platform)
        while (!s->closed && s->answered == answered && cdp__shim_pump(s->v->shim))
            ;
    cdp__shim_settle(s->v->shim);
}

/* Sends what was put off amid an event; V8 asks for it as soon as JavaScript goes on. */
static void send_held(near *s)
{
    while (s->held && !s->closed && !s->v->in_event) {
        queued *q = s->held;
        s->held = q->next;
        cdp__v8_head head = cdp__v8_read_head(q->bytes, q->len);
        near_dispatch(&s->front, &head, q->bytes, q->len);
        free(q);
    }
}

static int hold(near *s, const void *bytes, size_t len)
{
    queued *q = copy(0, bytes, len), **end = &s->held;

    if (!q)
        return CDP_ENOMEM;
    while (*end)
        end = &(*end)->next;
    *end = q;
    s->sent++;
    s->v->postponed = true;
    return 0;
}

/* Why the command can't be sent now, or NULL. */
static const char *refusal(near *s, const cdp__v8_head *head)
{
    if (cdp__v8_terminating(s->v))
        return "JavaScript is being terminated";
    return cdp__v8_refusal(s->v->in_progress ? CDP__V8_PROGRESS : s->amid, head);
}

static int v8_send(cdp__transport *t, const void *bytes, size_t len)
{
    near *s = near_of(t);
    cdp_v8 *v = s->v;
    uint64_t answered = s->answered;

    cdp__v8_head head = cdp__v8_read_head(bytes, len);

    t->why = refusal(s, &head);
    if (t->why)
        return CDP_ESTATE;
    s->unanswered = head.id;
    if (v->in_event && cdp__v8_terminates(&head))
        return hold(s, bytes, len);
    s->sending++;
    s->sent++;
    v->busy++;
    cdp__shim_enter(v->shim);
    cdp__v8_front_submit(&s->front, &head, bytes, len);
    after_dispatch(s, answered);
    cdp__shim_exit(v->shim);
    v->busy--;
    if (--s->sending == 0 && s->closed)
        release(s);
    return 0;
}

static void v8_close(cdp__transport *t)
{
    near *s = near_of(t);

    s->closed = true;
    cdp__v8_front_close(&s->front);
    if (s->sending == 0)
        release(s);
}

/* ---- progress ---------------------------------------------------------- */

static void near_run_posted(cdp__v8_front *f)
{
    near *s = near_with(f);

    s->sending++;
    send_held(s);
    if (!s->closed)
        cdp__v8_front_run_posted(f);
    if (!s->closed && atomic_exchange(&s->posted, false))
        cdp__run_posted(s->t.owner);
    if (--s->sending == 0 && s->closed)
        release(s);
}

static void near_deliver_ready(cdp__v8_front *f)
{
    cdp__deliver_ready(near_with(f)->t.owner);
}

static int near_next_timeout(cdp__v8_front *f)
{
    near *s = near_with(f);
    int ms = cdp__next_timeout(s->t.owner);

    return ms > 0 && s->sent == s->answered ? -1 : ms; /* the deadline of a call that is over */
}

static void near_end(cdp__v8_front *f)
{
    cdp_close(near_with(f)->t.owner);
}

/* Nothing that is still to come can come before this call's caller returns. */
static int stuck(near *s, const char *why)
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
    near *s = near_of(t);
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
        release(s);
    return rc;
}

static void v8_schedule(cdp__transport *t)
{
    cdp_v8 *v = near_of(t)->v;

    if (v->opt.schedule)
        v->opt.schedule(v, cdp__v8_next_timeout(v), v->opt.data);
}

static void v8_wake(cdp__transport *t)
{
    near *s = near_of(t);

    atomic_store(&s->posted, true);
    cdp__v8_wake(s->v);
}

static bool is_live(const cdp_v8 *v, const cdp_session *session)
{
    for (cdp__v8_front *f = v->fronts; f; f = f->next)
        if (f->ops->end == near_end && near_with(f)->t.owner == session)
            return true;
    return false;
}

int cdp_v8_connect(cdp_session **out, cdp_v8 *v, const cdp_options *opt)
{
    static const cdp__transport_ops ops = { .send = v8_send,
                                            .poll = v8_poll,
                                            .wake = v8_wake,
                                            .schedule = v8_schedule,
                                            .close = v8_close };
    static const cdp__v8_front_ops front_ops = { .response = near_response,
                                                 .event = near_event,
                                                 .served = near_served,
                                                 .dispatch = near_dispatch,
                                                 .run_posted = near_run_posted,
                                                 .deliver_ready = near_deliver_ready,
                                                 .next_timeout = near_next_timeout,
                                                 .end = near_end };

    if (*out && is_live(v, *out))
        return cdp__error_set(&(*out)->error, CDP_ESTATE, cdp_s(""),
                              "the session is already connected");
    *out = NULL;
    if (!pthread_equal(v->thread, pthread_self()) || v->in_progress)
        return CDP_ESTATE;
    near *s = calloc(1, sizeof *s);
    if (!s)
        return CDP_ENOMEM;
    s->t.ops = &ops;
    s->t.wire = CDP_CBOR;
    s->t.direct = true;
    s->t.trusted = true;
    s->end = &s->queue;
    s->v = s->front.v = v;
    atomic_init(&s->posted, false);
    int rc = cdp__open(out, &s->t, opt); /* which closes s if it fails */
    if (rc < 0)
        return rc;
    if ((rc = cdp__v8_front_open(&s->front, v, &front_ops)) < 0) {
        cdp_close(*out);
        *out = NULL;
    }
    return rc;
}
