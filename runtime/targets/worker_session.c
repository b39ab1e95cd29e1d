/*
 * worker_session.c - sessions with Node's workers, whose messages travel as text inside commands
 * and events of the NodeWorker domain.
 *
 * A worker is kept until its session is closed, and every command that carried one of its messages
 * has ended.
 */
#include <cdp/node_worker.h>
#include <cdp/targets.h>

#include "session.h"

#include <stdlib.h>

typedef struct worker {
    cdp__transport t;    /* first */
    cdp_session *parent; /* closed after the worker's session, at the earliest */
    unsigned refs;
    bool closed;
    uint32_t on_message, on_detached;
} worker;

/* A message on its way. */
typedef struct carried {
    worker *w;
    uint32_t id; /* of the call in it; 0: it is none */
} carried;

static void unref(worker *w, const cdp_allocator *a)
{
    if (--w->refs == 0)
        cdp__dealloc(a, w, sizeof *w);
}

/* Ours begin with their id, if they have one. */
static uint32_t id_of(const char *message, size_t len)
{
    static const char head[] = "{\"id\":";

    if (len < sizeof head || memcmp(message, head, sizeof head - 1) != 0)
        return 0;
    return (uint32_t)strtoul(message + sizeof head - 1, NULL, 10);
}

static void on_sent(cdp_session *parent, const cdp_error *err, void *data)
{
    const cdp_allocator *a = cdp__session_allocator(parent);
    carried m = *(carried *)data;

    cdp__dealloc(a, data, sizeof m);
    if (err && m.id && !m.w->closed)
        cdp__fail(m.w->t.owner, m.id, err->status, err->message.ptr);
    unref(m.w, a);
}

static int worker_send(cdp__transport *t, const void *bytes, size_t len)
{
    worker *w = (worker *)t;
    const cdp_allocator *a = cdp__session_allocator(w->parent);
    cdp_node_worker_send_message_to_worker_params p = { .message = cdp_sn(bytes, len),
                                                        .session_id = cdp_session_id(t->owner) };
    carried *m = cdp__alloc(a, sizeof *m);

    t->why = NULL;
    if (!m)
        return CDP_ENOMEM;
    *m = (carried){ w, id_of(bytes, len) };
    w->refs++;
    uint32_t call = cdp_node_worker_send_message_to_worker_async(w->parent, &p, on_sent, m);
    if (call) { /* the call that it carries has a limit of its own */
        cdp_set_timeout(w->parent, call, CDP_NO_TIMEOUT);
        return 0;
    }
    cdp__dealloc(a, m, sizeof *m);
    w->refs--;
    t->why = cdp_last_error(w->parent)->message.ptr;
    return cdp_last_error(w->parent)->status;
}

static void worker_close(cdp__transport *t)
{
    worker *w = (worker *)t;
    cdp_node_worker_detach_params p = { .session_id = { "", 0 } };

    w->closed = true;
    cdp_off(w->parent, w->on_message);
    cdp_off(w->parent, w->on_detached);
    if (t->owner && !t->owner->gone) {
        p.session_id = cdp_session_id(t->owner);
        cdp_node_worker_detach_async(w->parent, &p, NULL, NULL);
    }
    unref(w, cdp__session_allocator(w->parent));
}

static bool is_for(const worker *w, cdp_str session_id)
{
    return w->t.owner && cdp_str_eq(session_id, cdp_session_id(w->t.owner));
}

static void on_message(cdp_session *parent,
                       const cdp_node_worker_received_message_from_worker_event *ev, void *data)
{
    worker *w = data;

    (void)parent;
    if (is_for(w, ev->session_id) && ev->message.ptr)
        cdp__receive(w->t.owner, ev->message.ptr, ev->message.len);
}

static void on_detached(cdp_session *parent, const cdp_node_worker_detached_from_worker_event *ev,
                        void *data)
{
    worker *w = data;

    (void)parent;
    if (is_for(w, ev->session_id))
        cdp__gone(w->t.owner);
}

int cdp_attach_worker(cdp_session **out, cdp_session *parent, cdp_str session_id)
{
    static const cdp__transport_ops ops = { .send = worker_send, .close = worker_close };
    const cdp_allocator *a = cdp__session_allocator(parent);
    worker *w = cdp__alloc(a, sizeof *w);

    *out = NULL;
    if (!w)
        return cdp__error_set(&parent->error, CDP_ENOMEM, (cdp_str){ 0 }, NULL);
    memset(w, 0, sizeof *w);
    w->t.ops = &ops;
    w->t.wire = CDP_JSON;
    w->parent = parent;
    w->refs = 1;
    w->on_message = cdp_node_worker_on_received_message_from_worker(parent, on_message, w);
    if (w->on_message)
        w->on_detached = cdp_node_worker_on_detached_from_worker(parent, on_detached, w);
    if (!w->on_detached) {
        worker_close(&w->t);
        return parent->error.pub.status;
    }
    return cdp__nest(out, parent, session_id, &w->t);
}
