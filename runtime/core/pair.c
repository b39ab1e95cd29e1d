/*
 * pair.c - two sessions wired to each other: what one sends waits in the other's inbox until
 * either of them is polled.
 */
#include "pair.h"

#include "session.h"
#include "wait.h"

typedef struct letter {
    struct letter *next;
    size_t len;
    char bytes[];
} letter;

typedef struct pair pair;

typedef struct end {
    cdp__transport base;
    pair *pair;
    struct end *peer;
    letter *inbox, **inbox_end;
    bool closed, told; /* told: its session knows that the peer has closed */
} end;

struct pair {
    end ends[2];
    cdp__pool *pool; /* for the allocator */
    int refs;
    pthread_mutex_t lock; /* guards woken */
    pthread_cond_t wake;
    bool woken;
};

static int pair_send(cdp__transport *t, const void *bytes, size_t len)
{
    end *e = (end *)t;

    if (e->peer->closed)
        return CDP_ECLOSED;
    letter *l = cdp__alloc(cdp__pool_allocator(e->pair->pool), sizeof *l + len);
    if (!l)
        return CDP_ENOMEM;
    l->next = NULL;
    l->len = len;
    memcpy(l->bytes, bytes, len);
    *e->peer->inbox_end = l;
    e->peer->inbox_end = &l->next;
    return 0;
}

static void pair_unref(pair *p)
{
    if (--p->refs)
        return;
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    cdp__pool *pool = p->pool;
    cdp__dealloc(cdp__pool_allocator(pool), p, sizeof *p);
    cdp__pool_unref(pool);
}

static letter *take(end *e)
{
    letter *l = e->inbox;

    if (l && !(e->inbox = l->next))
        e->inbox_end = &e->inbox;
    return l;
}

/* Hands over what lies in e's inbox now.  Callbacks may close either end. */
static bool empty_inbox(end *e)
{
    bool any = false;
    letter *l;

    while (!e->closed && (l = take(e))) {
        any = true;
        cdp__receive(e->base.owner, l->bytes, l->len);
        cdp__dealloc(cdp__pool_allocator(e->pair->pool), l, sizeof *l + l->len);
    }
    if (!e->closed && e->peer->closed && !e->told) {
        e->told = any = true;
        cdp__lost(e->base.owner, CDP_ECLOSED, 0, "the peer closed its session");
    }
    return any;
}

static int pair_poll(cdp__transport *t, int timeout_ms)
{
    end *e = (end *)t;
    pair *p = e->pair;
    bool any = false;

    p->refs++;
    /* The peer's first: it may have what we wait for. */
    any = empty_inbox(e->peer);
    if (!e->peer->closed && !e->closed)
        any |= cdp__run_posted(e->peer->base.owner) > 0;
    if (!e->peer->closed && !e->closed)
        any |= cdp__deliver_ready(e->peer->base.owner) > 0;
    if (!e->closed)
        any |= empty_inbox(e);
    if (!any && !e->closed && timeout_ms != 0) {
        int other = e->peer->closed ? -1 : cdp__next_timeout(e->peer->base.owner);
        if (other >= 0 && (timeout_ms < 0 || other < timeout_ms))
            timeout_ms = other;
        cdp__await(&p->lock, &p->wake, &p->woken, timeout_ms);
    }
    pair_unref(p);
    return 0;
}

static void pair_wake(cdp__transport *t)
{
    pair *p = ((end *)t)->pair;

    pthread_mutex_lock(&p->lock);
    p->woken = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

static void pair_close(cdp__transport *t)
{
    end *e = (end *)t;
    letter *l;

    e->closed = true;
    while ((l = take(e)))
        cdp__dealloc(cdp__pool_allocator(e->pair->pool), l, sizeof *l + l->len);
    pair_unref(e->pair);
}

static const cdp__transport_ops ops = {
    .send = pair_send, .poll = pair_poll, .wake = pair_wake, .close = pair_close
};

static pair *new_pair(const cdp_options *opt, cdp_wire wire, bool tagged)
{
    cdp__pool *pool = cdp__pool_new(opt ? opt->allocator : NULL);
    pair *p = pool ? cdp__alloc(cdp__pool_allocator(pool), sizeof *p) : NULL;

    if (!p) {
        if (pool)
            cdp__pool_unref(pool);
        return NULL;
    }
    memset(p, 0, sizeof *p);
    p->pool = pool;
    p->refs = 2;
    pthread_mutex_init(&p->lock, NULL);
    cdp__cond_init(&p->wake);
    for (int i = 0; i < 2; i++) {
        end *e = &p->ends[i];
        e->base = (cdp__transport){ .ops = &ops, .wire = wire, .tagged = tagged, .direct = true };
        e->pair = p;
        e->peer = &p->ends[!i];
        e->inbox_end = &e->inbox;
    }
    return p;
}

int cdp__pair(cdp_session **a, cdp_session **b, const cdp_options *opt, cdp_wire wire, bool tagged)
{
    pair *p = new_pair(opt, wire, tagged);

    *a = *b = NULL;
    if (!p)
        return CDP_ENOMEM;
    int rc = cdp__open(a, &p->ends[0].base, opt);
    if (rc < 0) {
        pair_close(&p->ends[1].base);
        return rc;
    }
    rc = cdp__open(b, &p->ends[1].base, opt);
    if (rc < 0) {
        cdp_close(*a);
        *a = NULL;
    }
    return rc;
}

int cdp_pair(cdp_session **a, cdp_session **b, const cdp_options *opt)
{
    return cdp__pair(a, b, opt, CDP_JSON, false);
}
