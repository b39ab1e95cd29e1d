/* v8_front.c - see v8_front.h. */
#include "v8_front.h"
#include "v8_link.h"

#include "../core/session.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

static void on_response(void *self, int id, const uint8_t *bytes, size_t len)
{
    cdp__v8_front *f = self;

    f->ops->response(f, id, bytes, len);
}

static void on_event(void *self, const uint8_t *bytes, size_t len)
{
    cdp__v8_front *f = self;

    f->ops->event(f, bytes, len);
}

/* ---- the serving session's transport ------------------------------------- */

static cdp__v8_front *front_of(cdp__transport *t)
{
    return (cdp__v8_front *)(void *)((char *)t - offsetof(cdp__v8_front, t));
}

static int front_send(cdp__transport *t, const void *bytes, size_t len)
{
    cdp__v8_front *f = front_of(t);

    return f->ops->served(f, bytes, len);
}

static int front_poll(cdp__transport *t, int timeout_ms)
{
    (void)timeout_ms;
    t->why = "the serving end cannot wait";
    return CDP_ESTATE;
}

static void front_wake(cdp__transport *t)
{
    cdp__v8_front *f = front_of(t);

    atomic_store(&f->posted, true);
    cdp__v8_wake(f->v);
}

static int front_pass(cdp__transport *t, cdp_session *s, const cdp__envelope *e, cdp_value message)
{
    cdp__v8_front *f = front_of(t);

    (void)s;
    (void)e;
    cdp__v8_head head = cdp__v8_read_head((const uint8_t *)message.ptr, message.len);
    f->ops->dispatch(f, &head, (const uint8_t *)message.ptr, message.len);
    return 0;
}

static void front_nothing(cdp__transport *t)
{
    (void)t;
}

bool cdp__v8_front_is_remote(const cdp_session *session)
{
    cdp__transport *t = session->conn->t;

    return t->ops->pass == front_pass && front_of(t)->remote;
}

bool cdp__v8_front_is_far(const cdp_session *session)
{
    cdp__transport *t = session->conn->t;

    return t->ops->pass == front_pass && front_of(t)->ops == &cdp__v8_link_front_ops;
}

/* The next front that neither this walk has seen nor one that began later, inside it: or clients
 * that call all the time would keep the outer one, and JavaScript below it, from ever ending. */
static cdp__v8_front *next_front(cdp_v8 *v, unsigned round)
{
    cdp__v8_front *f = v->fronts;

    while (f && f->round - round <= UINT_MAX / 2)
        f = f->next;
    if (f)
        f->round = round;
    return f;
}

/* ---- services -------------------------------------------------------------- */

static void tell_connected(cdp__v8_front *f, cdp_v8_service *service)
{
    cdp__serve_as(f->session, service);
    service->connected(f->session, service->data);
    if (f->session)
        cdp__serve_as(f->session, NULL);
}

static int open_session(cdp__v8_front *f)
{
    static const cdp__transport_ops ops = { .send = front_send,
                                            .poll = front_poll,
                                            .wake = front_wake,
                                            .pass = front_pass,
                                            .close = front_nothing };

    f->t = (cdp__transport){ .ops = &ops, .wire = CDP_CBOR, .direct = true };
    int rc = cdp__open(&f->session, &f->t, NULL);
    for (cdp_v8_service *s = f->v->services, *next; rc == 0 && s && f->session; s = next) {
        next = s->next_;
        tell_connected(f, s);
    }
    return rc;
}

int cdp_v8_serve(cdp_v8 *v, cdp_v8_service *service)
{
    cdp_v8_service **end = &v->services;

    if (!service || !service->connected)
        return CDP_EINVAL;
    while (*end && *end != service)
        end = &(*end)->next_;
    if (*end)
        return CDP_ESTATE;
    service->next_ = NULL;
    service->serial_ = ++v->last_service;
    *end = service;
    return 0;
}

void cdp_v8_unserve(cdp_v8 *v, cdp_v8_service *service)
{
    cdp_v8_service **link = &v->services;

    while (*link && *link != service)
        link = &(*link)->next_;
    if (!*link)
        return;
    *link = service->next_;
    unsigned round = ++v->round;
    for (cdp__v8_front *f; (f = next_front(v, round));) {
        if (!f->session || f->services < service->serial_)
            continue;
        cdp__unserve(f->session, service);
        if (service->ended)
            service->ended(f->session, service->data);
    }
}

/* ---- life ------------------------------------------------------------------ */

int cdp__v8_front_open(cdp__v8_front *f, cdp_v8 *v, const cdp__v8_front_ops *ops)
{
    static const cdp__shim_channel channel = { .response = on_response, .event = on_event };

    f->ops = ops;
    f->v = v;
    f->round = v->round;
    f->services = v->last_service;
    atomic_init(&f->posted, false);
    if (!(f->shim = cdp__shim_connect(v->shim, &channel, f)))
        return CDP_ENOMEM;
    f->next = v->fronts;
    v->fronts = f;
    int rc = v->services ? open_session(f) : 0;
    if (rc < 0)
        cdp__v8_front_close(f);
    return rc;
}

void cdp__v8_front_close(cdp__v8_front *f)
{
    cdp__v8_front **p = &f->v->fronts;
    cdp_session *session = f->session;
    cdp__shim_session *shim = f->shim;

    while (*p && *p != f)
        p = &(*p)->next;
    if (*p)
        *p = f->next;
    f->session = NULL;
    f->shim = NULL;
    if (session) {
        for (cdp_v8_service *s = f->v->services, *next; s; s = next) {
            next = s->next_;
            if (s->ended && s->serial_ <= f->services)
                s->ended(session, s->data);
        }
        cdp_close(session);
    }
    if (shim)
        cdp__shim_disconnect(shim);
}

/* ---- commands -------------------------------------------------------------- */

void cdp__v8_front_submit(cdp__v8_front *f, const cdp__v8_head *head, const void *bytes, size_t len)
{
    if (f->session && cdp__serves(f->session, cdp_sn(head->method, head->len)))
        cdp__receive(f->session, bytes, len);
    else
        f->ops->dispatch(f, head, bytes, len);
}

void cdp__v8_front_to_v8(cdp__v8_front *f, const cdp__v8_head *head, const void *bytes, size_t len)
{
    cdp__v8_debugging debugging = cdp__v8_debugging_of(head);

    if (debugging != CDP__V8_UNCHANGED)
        f->debugger = debugging == CDP__V8_DEBUGGING;
    if (!f->debugger && cdp__v8_steps(head)) {
        cdp__v8_front_fail(f, (int)head->id, "Debugger agent is not enabled");
        return;
    }
    cdp__shim_dispatch(f->shim, bytes, len);
}

void cdp__v8_front_fail(cdp__v8_front *f, int id, const char *why)
{
    cdp__buf reply = { .allocator = NULL };

    if (cdp__write_message(&reply, CDP_CBOR,
                           &(cdp__outgoing){ .has_id = true,
                                             .id = id,
                                             .code = CDP_SERVER_ERROR,
                                             .error = why,
                                             .max_depth = CDP__DEPTH }) == 0)
        f->ops->response(f, id, (const uint8_t *)reply.ptr, reply.len);
    cdp__buf_free(&reply);
}

void cdp__v8_front_run_posted(cdp__v8_front *f)
{
    if (f->session && atomic_exchange(&f->posted, false))
        cdp__run_posted(f->session);
}

/* ---- all of them ----------------------------------------------------------- */

void cdp__v8_run_posted(cdp_v8 *v)
{
    unsigned round;

    v->busy++;
    cdp__v8_links_arrive(v);
    round = ++v->round;
    for (cdp__v8_front *f; (f = next_front(v, round));)
        f->ops->run_posted(f);
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
    for (cdp__v8_front *f; (f = next_front(v, round));)
        f->ops->deliver_ready(f);
    v->busy--;
}

int cdp__v8_next_timeout(const cdp_v8 *v)
{
    int least = -1;

    for (cdp__v8_front *f = v->fronts; f; f = f->next) {
        int ms = f->ops->next_timeout(f);
        if (ms >= 0 && (least < 0 || ms < least))
            least = ms;
    }
    return least;
}

void cdp__v8_end_fronts(cdp_v8 *v)
{
    while (v->fronts)
        v->fronts->ops->end(v->fronts);
}

bool cdp__v8_debugged_from_afar(const cdp_v8 *v)
{
    for (const cdp__v8_front *f = v->fronts; f; f = f->next)
        if (f->debugger && f->ops == &cdp__v8_link_front_ops)
            return true;
    return false;
}

int cdp_v8_break_on_next(cdp_v8 *v, const char *reason)
{
    if (!v->fronts)
        return CDP_ESTATE;
    for (cdp__v8_front *f = v->fronts; f; f = f->next)
        cdp__shim_break(f->shim, reason ? reason : "");
    return 0;
}
