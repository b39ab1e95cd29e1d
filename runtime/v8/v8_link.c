/* v8_link.c - see v8_link.h. */
#include "v8_link.h"

#include "../core/session.h"

#include <stddef.h>
#include <stdlib.h>

typedef struct queue {
    cdp__v8_parcel *first, **end;
} queue;

struct cdp__v8_link {
    cdp__v8_front front; /* the isolate's thread's, as are these */
    bool open;           /* it is a front */
    unsigned inside;     /* frames of the isolate's end */
    cdp__v8_link *next;  /* among those that have come */

    cdp__v8_link_ops ops;
    cdp__v8_link_limits limits;
    void *self;

    pthread_mutex_t lock; /* guards what is below */
    unsigned ends;        /* of two that are still there */
    cdp_v8 *v;            /* NULL: the isolate's end is gone */
    bool client;          /* the client's end is there */
    bool cut;
    queue in, out;
    cdp__v8_parcel *last; /* tells the client that the isolate's end is gone */
    unsigned backlog;     /* commands in `in` */
    size_t backlog_bytes;
    size_t queued, chunks; /* bytes that the client has yet to deal with */
};

/* ---- queues ---------------------------------------------------------------- */

static cdp__v8_parcel *parcel_new(const void *bytes, size_t len)
{
    cdp__v8_parcel *p = malloc(sizeof *p + len);

    if (!p)
        return NULL;
    p->next = NULL;
    p->len = len;
    p->chunk = false;
    if (len)
        memcpy(p->bytes, bytes, len);
    return p;
}

static void queue_init(queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static void queue_put(queue *q, cdp__v8_parcel *p)
{
    *q->end = p;
    q->end = &p->next;
}

static cdp__v8_parcel *queue_take_all(queue *q)
{
    cdp__v8_parcel *p = q->first;

    queue_init(q);
    return p;
}

static void parcels_free(cdp__v8_parcel *p)
{
    while (p) {
        cdp__v8_parcel *next = p->next;
        free(p);
        p = next;
    }
}

/* ---- life ------------------------------------------------------------------ */

/* Unlocks; the last end frees. */
static void leave(cdp__v8_link *l)
{
    bool last = --l->ends == 0;

    pthread_mutex_unlock(&l->lock);
    if (!last)
        return;
    parcels_free(l->in.first);
    parcels_free(l->out.first);
    free(l->last);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void arrive(cdp_v8 *v, void *data)
{
    cdp__v8_link *l = data;

    l->v = l->front.v = v;
    pthread_mutex_lock(&v->lock);
    l->next = v->links;
    v->links = l;
    pthread_mutex_unlock(&v->lock);
    cdp__v8_wake_soon(v);
}

int cdp__v8_link_open(cdp__v8_link **out, cdp_v8 *v, const cdp__v8_link_limits *limits,
                      const cdp__v8_link_ops *ops, void *self)
{
    cdp__v8_link *l = calloc(1, sizeof *l);

    *out = NULL;
    if (!l)
        return CDP_ENOMEM;
    l->last = parcel_new(NULL, 0);
    if (!l->last || pthread_mutex_init(&l->lock, NULL) != 0) {
        free(l->last);
        free(l);
        return CDP_ENOMEM;
    }
    l->ops = *ops;
    l->self = self;
    if (limits)
        l->limits = *limits;
    l->front.remote = l->limits.remote;
    l->ends = 2;
    l->client = true;
    queue_init(&l->in);
    queue_init(&l->out);
    if (!cdp__v8_with_live(v, arrive, l)) {
        pthread_mutex_destroy(&l->lock);
        free(l->last);
        free(l);
        return CDP_ESTATE;
    }
    *out = l;
    return 0;
}

/* ---- the client's end ------------------------------------------------------ */

static bool interrupts(const cdp__v8_parcel *p)
{
    cdp__v8_head head = cdp__v8_read_head(p->bytes, p->len);

    return cdp__v8_interrupts(&head);
}

int cdp__v8_link_send(cdp__v8_link *l, const void *bytes, size_t len)
{
    cdp__v8_parcel *p = parcel_new(bytes, len);
    int rc = 0;

    if (!p)
        return CDP_ENOMEM;
    pthread_mutex_lock(&l->lock);
    if (!l->v) {
        rc = CDP_EIO;
    } else {
        queue_put(&l->in, p);
        l->backlog_bytes += len;
        bool urgent = interrupts(p);
        if (l->backlog++ == 0 || urgent)
            (urgent ? cdp__v8_wake : cdp__v8_wake_soon)(l->v); /* the lock keeps it from ending */
    }
    pthread_mutex_unlock(&l->lock);
    if (rc < 0)
        free(p);
    return rc;
}

cdp__v8_parcel *cdp__v8_link_take(cdp__v8_link *l)
{
    pthread_mutex_lock(&l->lock);
    cdp__v8_parcel *p = queue_take_all(&l->out);
    pthread_mutex_unlock(&l->lock);
    return p;
}

void cdp__v8_link_done(cdp__v8_link *l, size_t bytes, bool chunk)
{
    pthread_mutex_lock(&l->lock);
    *(chunk ? &l->chunks : &l->queued) -= bytes;
    pthread_mutex_unlock(&l->lock);
}

bool cdp__v8_link_full(cdp__v8_link *l, unsigned commands, size_t bytes)
{
    pthread_mutex_lock(&l->lock);
    bool full = l->backlog > commands || l->backlog_bytes > bytes;
    pthread_mutex_unlock(&l->lock);
    return full;
}

bool cdp__v8_link_cut(cdp__v8_link *l)
{
    pthread_mutex_lock(&l->lock);
    bool cut = l->cut;
    pthread_mutex_unlock(&l->lock);
    return cut;
}

void cdp__v8_link_close(cdp__v8_link *l)
{
    pthread_mutex_lock(&l->lock);
    l->client = false;
    if (l->v)
        cdp__v8_wake_soon(l->v);
    leave(l);
}

/* ---- the isolate's end ----------------------------------------------------- */

static cdp__v8_link *link_of(cdp__v8_front *f)
{
    return (cdp__v8_link *)(void *)((char *)f - offsetof(cdp__v8_link, front));
}

static void close_end(cdp__v8_link *l)
{
    if (!l->open)
        return;
    l->open = false;
    cdp__v8_front_close(&l->front);
}

/* Frames of the isolate's end are between these two; the last one lets go of a closed link. */
static void enter(cdp__v8_link *l)
{
    l->inside++;
}

static void leave_end(cdp__v8_link *l)
{
    if (--l->inside || l->open)
        return;
    pthread_mutex_lock(&l->lock);
    if (!l->v) {
        pthread_mutex_unlock(&l->lock);
        return;
    }
    l->v = NULL;
    if (l->client) {
        queue_put(&l->out, l->last);
        l->last = NULL;
        l->ops.arrived(l->self);
    }
    leave(l);
}

/* To the client.  One that is too slow is cut off: nothing waits for it. */
static int deliver(cdp__v8_link *l, const uint8_t *bytes, size_t len, bool chunk)
{
    cdp__v8_parcel *p = l->open ? parcel_new(bytes, len) : NULL;
    int rc = l->open ? CDP_ENOMEM : CDP_ECLOSED;

    if (p) {
        size_t *count = chunk ? &l->chunks : &l->queued;
        size_t limit = chunk ? l->limits.chunks : l->limits.queue;
        p->chunk = chunk;
        pthread_mutex_lock(&l->lock);
        rc = !l->client ? CDP_ECLOSED : limit && *count > limit ? CDP_ETOOBIG : 0;
        if (rc == 0) {
            bool first = !l->out.first;
            queue_put(&l->out, p);
            *count += len;
            if (first)
                l->ops.arrived(l->self);
        }
        l->cut = l->cut || rc == CDP_ETOOBIG;
        pthread_mutex_unlock(&l->lock);
    }
    if (rc == 0)
        return 0;
    free(p);
    enter(l);
    close_end(l);
    leave_end(l);
    return rc;
}

static void link_response(cdp__v8_front *f, int id, const uint8_t *bytes, size_t len)
{
    if (len)
        deliver(link_of(f), bytes, len, false);
    else
        cdp__v8_front_fail(f, id, "V8 could not encode its reply");
}

static void link_event(cdp__v8_front *f, const uint8_t *bytes, size_t len)
{
    cdp__v8_head head = cdp__v8_read_head(bytes, len);

    deliver(link_of(f), bytes, len, cdp__v8_is_chunk(&head));
}

static int link_served(cdp__v8_front *f, const uint8_t *bytes, size_t len)
{
    return deliver(link_of(f), bytes, len, false);
}

static void link_dispatch(cdp__v8_front *f, const cdp__v8_head *head, const uint8_t *bytes,
                          size_t len)
{
    f->v->terminating = f->v->terminating || cdp__v8_terminates(head);
    cdp__v8_front_to_v8(f, head, bytes, len);
}

/* May this one be looked at now?  V8 must be left alone at times. */
static bool may_run(const cdp_v8 *v, const cdp__v8_parcel *p)
{
    cdp__v8_head head = cdp__v8_read_head(p->bytes, p->len);

    return !v->in_progress && !(v->in_event && cdp__v8_terminates(&head));
}

/* Commands run one after the other, in the order they came.  So amid one, unless JavaScript is
 * paused there, only those have their turn that are meant for what runs. */
static cdp__v8_parcel **find_next(cdp__v8_link *l)
{
    const cdp_v8 *v = l->front.v;
    cdp__v8_parcel **p = &l->in.first;

    if (v->amid)
        while (*p && !interrupts(*p))
            p = &(*p)->next;
    return p;
}

/* The next command, or NULL: there is none, or it has to wait. */
static cdp__v8_parcel *next_command(cdp__v8_link *l)
{
    cdp_v8 *v = l->front.v;
    bool terminating = cdp__v8_terminating(v);

    pthread_mutex_lock(&l->lock);
    cdp__v8_parcel **next = find_next(l), *p = *next;
    if (p && (terminating || !may_run(v, p))) {
        v->postponed = v->in_event > 0;
        if (v->opt.wake)
            v->opt.wake(v, v->opt.data); /* again, once the stack is empty */
        p = NULL;
    } else if (p) {
        if (!(*next = p->next))
            l->in.end = next;
        l->backlog_bytes -= p->len;
        if (--l->backlog == 0 && l->client)
            l->ops.arrived(l->self);
    }
    pthread_mutex_unlock(&l->lock);
    return p;
}

static bool has_client(cdp__v8_link *l)
{
    pthread_mutex_lock(&l->lock);
    bool client = l->client;
    pthread_mutex_unlock(&l->lock);
    return client;
}

static void link_run_posted(cdp__v8_front *f)
{
    enum { AT_ONCE = 256 }; /* others, and JavaScript, want to go on */
    cdp__v8_link *l = link_of(f);
    cdp_v8 *v = f->v;
    cdp__v8_parcel *p;

    enter(l);
    if (!has_client(l))
        close_end(l);
    if (l->open)
        cdp__v8_front_run_posted(f);
    for (int n = 0; l->open && (p = next_command(l)); n++) {
        cdp__v8_head head = cdp__v8_read_head(p->bytes, p->len);
        v->amid++;
        cdp__shim_enter(v->shim);
        cdp__v8_front_submit(f, &head, p->bytes, p->len);
        cdp__shim_exit(v->shim);
        v->amid--;
        cdp__v8_wake_postponed(v);
        free(p);
        if (n == AT_ONCE) {
            cdp__v8_wake(v);
            break;
        }
    }
    leave_end(l);
}

static void link_deliver_ready(cdp__v8_front *f)
{
    (void)f; /* nothing waits at this end */
}

static int link_next_timeout(cdp__v8_front *f)
{
    (void)f;
    return -1;
}

static void link_end(cdp__v8_front *f)
{
    cdp__v8_link *l = link_of(f);

    enter(l);
    close_end(l);
    leave_end(l);
}

const cdp__v8_front_ops cdp__v8_link_front_ops = { .response = link_response,
                                                   .event = link_event,
                                                   .served = link_served,
                                                   .dispatch = link_dispatch,
                                                   .run_posted = link_run_posted,
                                                   .deliver_ready = link_deliver_ready,
                                                   .next_timeout = link_next_timeout,
                                                   .end = link_end };

static cdp__v8_link *next_arrival(cdp_v8 *v)
{
    pthread_mutex_lock(&v->lock);
    cdp__v8_link *l = v->links;
    if (l)
        v->links = l->next;
    pthread_mutex_unlock(&v->lock);
    return l;
}

void cdp__v8_links_arrive(cdp_v8 *v)
{
    for (cdp__v8_link *l; !v->in_progress && (l = next_arrival(v));) {
        enter(l);
        l->open = cdp__v8_front_open(&l->front, v, &cdp__v8_link_front_ops) == 0;
        leave_end(l);
    }
}

void cdp__v8_links_refuse(cdp_v8 *v)
{
    for (cdp__v8_link *l; (l = next_arrival(v));) {
        enter(l);
        leave_end(l);
    }
}
