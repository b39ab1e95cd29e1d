/*
 * v8_thread.c - sessions with a V8 that belong to another thread than its isolate's.
 *
 * The transport is a link's client end and a condition to wait on.  The isolate's thread only
 * rings: what arrived is looked at by the session's thread, when it polls.
 */
#include "v8_link.h"

#include "../core/session.h"
#include "../core/wait.h"

#include <stdlib.h>

typedef struct far {
    cdp__transport t; /* first */
    cdp__v8_link *link;
    void (*wake)(void *data);
    void *data;
    unsigned inside; /* frames that deliver */
    bool closed, lost;
    cdp__v8_parcel *rest; /* taken, and not delivered yet */

    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool ringing;
} far;

static void ring(void *self)
{
    far *s = self;

    pthread_mutex_lock(&s->lock);
    s->ringing = true;
    pthread_cond_signal(&s->rung);
    pthread_mutex_unlock(&s->lock);
    if (s->wake)
        s->wake(s->data);
}

static void far_wake(cdp__transport *t)
{
    ring(t);
}

static void release(far *s)
{
    while (s->rest) {
        cdp__v8_parcel *next = s->rest->next;
        free(s->rest);
        s->rest = next;
    }
    pthread_cond_destroy(&s->rung);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static int far_send(cdp__transport *t, const void *bytes, size_t len)
{
    far *s = (far *)t;
    int rc = cdp__v8_link_send(s->link, bytes, len);

    t->why = rc == CDP_EIO ? "the isolate is gone" : NULL;
    return rc;
}

/* One message; callbacks may close the session, or poll it. */
static void deliver(far *s)
{
    cdp__v8_parcel *p = s->rest;

    s->rest = p->next;
    if (p->len == 0) {
        s->lost = true;
        cdp__lost(s->t.owner, CDP_EIO, 0, "the isolate is gone");
    } else {
        cdp__v8_link_done(s->link, p->len, p->chunk);
        cdp__receive(s->t.owner, p->bytes, p->len);
    }
    free(p);
}

static bool deliver_all(far *s)
{
    bool any = false;

    s->inside++;
    while (!s->closed && (s->rest || (s->rest = cdp__v8_link_take(s->link)))) {
        deliver(s);
        any = true;
    }
    s->inside--;
    return any;
}

static int far_poll(cdp__transport *t, int timeout_ms)
{
    far *s = (far *)t;
    int rc;

    s->inside++;
    if (!deliver_all(s) && !s->closed && timeout_ms != 0) {
        cdp__await(&s->lock, &s->rung, &s->ringing, timeout_ms);
        deliver_all(s);
    }
    rc = s->lost ? CDP_EIO : 0;
    if (--s->inside == 0 && s->closed)
        release(s);
    return rc;
}

static void far_close(cdp__transport *t)
{
    far *s = (far *)t;

    s->closed = true;
    if (s->link)
        cdp__v8_link_close(s->link);
    if (s->inside == 0)
        release(s);
}

static far *far_new(const cdp_v8_thread_options *opt)
{
    static const cdp__transport_ops ops = {
        .send = far_send, .poll = far_poll, .wake = far_wake, .close = far_close
    };
    far *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->t = (cdp__transport){ .ops = &ops, .wire = CDP_CBOR, .direct = true, .trusted = true };
    if (opt) {
        s->wake = opt->wake;
        s->data = opt->data;
    }
    pthread_mutex_init(&s->lock, NULL);
    cdp__cond_init(&s->rung);
    return s;
}

static void compare_thread(cdp_v8 *v, void *data)
{
    bool *same = data;

    *same = pthread_equal(v->thread, pthread_self());
}

int cdp_v8_connect_from_thread(cdp_session **out, cdp_v8 *v, const cdp_v8_thread_options *opt)
{
    static const cdp__v8_link_ops ops = { .arrived = ring };
    bool same;
    int rc;

    *out = NULL;
    if (!cdp__v8_with_live(v, compare_thread, &same) || same)
        return CDP_ESTATE;
    far *s = far_new(opt);
    if (!s)
        return CDP_ENOMEM;
    if ((rc = cdp__v8_link_open(&s->link, v, NULL, &ops, s)) < 0) {
        release(s);
        return rc;
    }
    return cdp__open(out, &s->t, opt ? &opt->session : NULL); /* which closes s if it fails */
}
