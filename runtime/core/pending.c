/*
 * pending.c - the table of calls in flight, each of which ends exactly once: with a reply, an
 * error, a timeout, a cancel, its session's close, or the loss of the peer.
 */
#include "session.h"

enum { FREE_CALLS = 64, FIRST_BUCKETS = 16 };

/* ---- the table --------------------------------------------------------- */

cdp__pending *cdp__pending_find(cdp__conn *c, uint32_t id)
{
    cdp__pending *p = c->n_buckets ? c->buckets[id & (c->n_buckets - 1)] : NULL;

    while (p && p->id != id)
        p = p->next;
    return p;
}

static int grow_table(cdp__conn *c)
{
    size_t n = c->n_buckets ? c->n_buckets * 2 : FIRST_BUCKETS;
    cdp__pending **b = cdp__alloc(c->allocator, n * sizeof *b);

    if (!b)
        return c->n_buckets ? 0 : CDP_ENOMEM; /* a full table only gets slower */
    memset(b, 0, n * sizeof *b);
    for (size_t i = 0; i < c->n_buckets; i++)
        for (cdp__pending *p = c->buckets[i], *next; p; p = next) {
            next = p->next;
            p->next = b[p->id & (n - 1)];
            b[p->id & (n - 1)] = p;
        }
    cdp__dealloc(c->allocator, c->buckets, c->n_buckets * sizeof *b);
    c->buckets = b;
    c->n_buckets = n;
    return 0;
}

static void insert(cdp__conn *c, cdp__pending *p)
{
    cdp__pending **b = &c->buckets[p->id & (c->n_buckets - 1)];

    p->next = *b;
    *b = p;
    c->n_pending++;
}

void cdp__pending_take_out(cdp__conn *c, cdp__pending *p)
{
    cdp__pending **b = &c->buckets[p->id & (c->n_buckets - 1)];

    while (*b != p)
        b = &(*b)->next;
    *b = p->next;
    c->n_pending--;
}

/* Ids are positive int32s, as V8 wants them; one still in flight is passed over. */
static uint32_t fresh_id(cdp__conn *c)
{
    do {
        c->next_id = c->next_id == INT32_MAX ? 1 : c->next_id + 1;
    } while (cdp__pending_find(c, c->next_id));
    return c->next_id;
}

void cdp__pending_free(cdp__conn *c, cdp__pending *p)
{
    cdp_free(p->result);
    if (p->error) {
        cdp__error_clear(p->error);
        cdp__dealloc(c->allocator, p->error, sizeof *p->error);
    }
    if (c->n_free < FREE_CALLS) {
        p->next = c->free_calls;
        c->free_calls = p;
        c->n_free++;
    } else {
        cdp__dealloc(c->allocator, p, sizeof *p);
    }
}

cdp__pending *cdp__pending_new(cdp_session *s, cdp__call_kind kind)
{
    cdp__conn *c = s->conn;
    cdp__pending *p = c->free_calls;

    if (c->n_pending >= c->n_buckets && grow_table(c) < 0)
        return NULL;
    if (p) {
        c->free_calls = p->next;
        c->n_free--;
    } else if (!(p = cdp__alloc(c->allocator, sizeof *p))) {
        return NULL;
    }
    cdp__clear(p, offsetof(cdp__pending, method) + 1);
    p->session = s;
    p->kind = kind;
    p->want = true;
    p->id = fresh_id(c);
    insert(c, p);
    return p;
}

void cdp__pending_forget(cdp_session *s)
{
    cdp__conn *c = s->conn;

    for (size_t i = 0; i < c->n_buckets; i++)
        for (cdp__pending *p = c->buckets[i], *next; p; p = next) {
            next = p->next;
            if (p->session == s) {
                cdp__pending_take_out(c, p);
                cdp__pending_free(c, p);
            }
        }
}

void cdp__pending_free_all(cdp__conn *c)
{
    for (size_t i = 0; i < c->n_buckets; i++)
        while (c->buckets[i]) {
            cdp__pending *p = c->buckets[i];
            c->buckets[i] = p->next;
            c->n_free = FREE_CALLS; /* for good */
            cdp__pending_free(c, p);
        }
    while (c->free_calls) {
        cdp__pending *p = c->free_calls;
        c->free_calls = p->next;
        cdp__dealloc(c->allocator, p, sizeof *p);
    }
    cdp__dealloc(c->allocator, c->buckets, c->n_buckets * sizeof *c->buckets);
}

/* ---- what a call is ---------------------------------------------------- */

const cdp__type *cdp__pending_type(const cdp__pending *p)
{
    uint16_t type = p->d ? p->d->commands[p->command].result : CDP__NONE;

    return type == CDP__NONE ? NULL : &p->d->types[type];
}

cdp_str cdp__pending_method(const cdp__pending *p)
{
    return p->d ? cdp__command_name(p->d, p->command) : cdp_s(p->method);
}

/* ---- the end of a call ------------------------------------------------- */

static void deliver(cdp__pending *p)
{
    cdp_error bare = { .status = p->status, .method = { "", 0 }, .path = { "", 0 } };
    const cdp_error *err = NULL;
    cdp_session *s = p->session;
    cdp__conn *c = s->conn;

    if (p->status < 0) {
        bare.message = cdp_s(cdp_strerror(p->status));
        err = p->error ? &p->error->pub : &bare; /* without memory to say more */
    }
    cdp__session_ref(s);
    c->busy++;
    if (p->cb)
        p->via(s, err, p->result, p->cb, p->data);
    c->busy--;
    cdp__pending_free(c, p);
    cdp__session_unref(s);
}

/* p's status, result and error are set. */
void cdp__pending_complete(cdp__pending *p)
{
    cdp__conn *c = p->session->conn;

    p->done = true;
    if (p->kind != CDP__ASYNC)
        return; /* stays in the table until its frame or cdp__reply() sees it */
    cdp__pending_take_out(c, p);
    if (!p->starting) {
        deliver(p);
        return;
    }
    p->next = NULL; /* not before the function that starts it has returned */
    *c->ready_end = p;
    c->ready_end = &p->next;
    cdp__session_ref(p->session);
}

cdp__error *cdp__pending_error(cdp__pending *p)
{
    const cdp_allocator *a = p->session->conn->allocator;

    p->error = cdp__alloc(a, sizeof *p->error);
    if (p->error)
        p->error->owner = NULL;
    return p->error;
}

void cdp__pending_end(cdp__pending *p, int status, int sys, const char *why)
{
    p->status = status;
    if (cdp__pending_error(p)) {
        cdp__error_set(p->error, status, cdp__pending_method(p), why);
        p->error->pub.sys = sys;
    }
    cdp__pending_complete(p);
}

static void end_with_fault(cdp__pending *p, const cdp__fault *f)
{
    p->status = f->status;
    if (cdp__pending_error(p))
        cdp__error_fault(p->error, cdp__pending_method(p), "result", f);
    cdp__pending_complete(p);
}

void cdp__pending_reply(cdp__pending *p, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    const cdp__type *type = cdp__pending_type(p);
    cdp__transport *t = cdp__transport_of(p->session);
    void *root = e->body;

    if (t->ops->answered)
        t->ops->answered(t, p->position);
    if (e->error.ptr) {
        p->status = CDP_EREMOTE;
        if (cdp__pending_error(p))
            cdp__error_remote(p->error, cdp__pending_method(p), m, e->error);
        cdp__pending_complete(p);
        return;
    }
    if (e->body_rc < 0) {
        end_with_fault(p, r->fault);
        return;
    }
    if (!e->has_result) {
        cdp__pending_end(p, CDP_EPROTO, 0, "reply has neither result nor error");
        return;
    }
    if (p->want && !root && p->d && type) { /* the id came after the result */
        cdp__fault_clear(r->fault);
        if (cdp__decode_slice(m, e->result, r->rigour, p->d, type, r->fault, &root) < 0) {
            end_with_fault(p, r->fault);
            return;
        }
    } else if (p->want && !p->d) {
        cdp_value *v = cdp__msg_root(m, sizeof *v);
        if (!v) {
            cdp__pending_end(p, CDP_ENOMEM, 0, NULL);
            return;
        }
        *v = e->result;
        root = v;
    }
    if (root) {
        p->result = root;
        cdp__msg_ref(m);
    }
    cdp__pending_complete(p);
}

/* (A call that is not done has a session that is open, and so are those above it.) */
static bool is_within(const cdp_session *s, const cdp_session *top)
{
    while (s && s != top)
        s = s->parent;
    return s != NULL;
}

void cdp__pending_end_all(cdp_session *of, int status, int sys, const char *why)
{
    cdp__conn *c = of->conn;

    for (size_t i = 0; i < c->n_buckets; i++)
        for (cdp__pending *p = c->buckets[i]; p; p = p->next)
            p->ending |= !p->done && is_within(p->session, of);
    /* A callback may start others, which are let be, or end some: look anew after each. */
    for (size_t i = 0; i < c->n_buckets; i++)
    again:
        for (cdp__pending *p = c->buckets[i]; p; p = p->next)
            if (p->ending && !p->done && is_within(p->session, of)) {
                cdp__pending_end(p, status, sys, why);
                goto again;
            }
}

void cdp__fail(cdp_session *root, uint32_t id, int status, const char *why)
{
    cdp__pending *p = cdp__pending_find(root->conn, id);

    if (p && !p->done)
        cdp__pending_end(p, status, 0, why);
}

/* ---- deadlines and deliveries ------------------------------------------ */

void cdp__pending_set_deadline(cdp__pending *p, uint32_t ms)
{
    cdp__conn *c = p->session->conn;

    p->deadline = ms == CDP_NO_TIMEOUT ? 0 : cdp__now() + ms;
    if (p->deadline && p->deadline < c->next_deadline) {
        c->next_deadline = p->deadline;
        if (c->t->ops->schedule)
            c->t->ops->schedule(c->t);
    }
}

static unsigned end_overdue(cdp__conn *c)
{
    uint64_t now, next = UINT64_MAX;
    unsigned n = 0;

    if (c->next_deadline == UINT64_MAX || (now = cdp__now()) < c->next_deadline)
        return 0;
    c->next_deadline = UINT64_MAX; /* calls that callbacks start lower it again */
    for (size_t i = 0; i < c->n_buckets; i++)
    again:
        for (cdp__pending *p = c->buckets[i]; p; p = p->next) {
            if (p->done || !p->deadline)
                continue;
            if (p->deadline <= now) {
                n++;
                cdp__pending_end(p, CDP_ETIMEDOUT, 0, NULL);
                goto again;
            }
            if (p->deadline < next)
                next = p->deadline;
        }
    if (next < c->next_deadline)
        c->next_deadline = next;
    return n;
}

/* Takes out the first that may be delivered (only `this`, unless that is NULL). */
static cdp__pending *take_ready(cdp__conn *c, const cdp__pending *this)
{
    for (cdp__pending **link = &c->ready, *p; (p = *link); link = &p->next) {
        if (this ? p != this : p->starting)
            continue;
        if (!(*link = p->next))
            c->ready_end = link;
        return p;
    }
    return NULL;
}

static void deliver_taken(cdp__pending *p)
{
    cdp_session *s = p->session;

    deliver(p);
    cdp__session_unref(s);
}

void cdp__pending_started(cdp__pending *p)
{
    cdp_session *s = p->session;
    cdp__transport *t = s->conn->t;

    p->starting = false;
    if (p->kind != CDP__ASYNC || !p->done)
        return;
    if (s->closed && take_ready(s->conn, p))
        deliver_taken(p); /* nobody will poll any more */
    else if (!s->closed && t->ops->schedule)
        t->ops->schedule(t);
}

unsigned cdp__deliver_ready(cdp_session *root)
{
    cdp__conn *c = root->conn;
    unsigned n = 0, most = 0;

    if (!c->ready && c->next_deadline == UINT64_MAX)
        return 0;
    cdp__session_ref(root);
    /* What callbacks add waits for the next time: they may try again for ever. */
    for (cdp__pending *p = c->ready; p; p = p->next)
        most++;
    for (cdp__pending *p; n < most && (p = take_ready(c, NULL)); n++)
        deliver_taken(p);
    n += end_overdue(c);
    cdp__session_unref(root);
    return n;
}

int cdp__next_timeout(const cdp_session *root)
{
    const cdp__conn *c = root->conn;

    for (const cdp__pending *p = c->ready; p; p = p->next)
        if (!p->starting)
            return 0;
    if (c->next_deadline == UINT64_MAX)
        return -1;
    uint64_t now = cdp__now();
    uint64_t left = c->next_deadline > now ? c->next_deadline - now : 0;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}
