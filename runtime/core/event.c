/*
 * event.c - subscriptions, and the events that come for them.
 *
 * An event is decoded once, and only if a typed subscription wants it; untyped ones read the
 * message as it came, before that.
 */
#include "session.h"

/* ---- topics ------------------------------------------------------------ */

static uint32_t hash(cdp_str name)
{
    uint32_t h = 2166136261u; /* FNV-1a over the ends: names differ there */
    size_t start = name.len > 16 ? name.len - 16 : 0;

    for (size_t i = start; i < name.len; i++)
        h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
    return h ^ h >> 15;
}

static cdp__topic *find_topic(const cdp_session *s, cdp_str name)
{
    uint32_t h = hash(name);
    cdp__topic *t = s->topics[h % CDP__TOPIC_BUCKETS];

    while (t && (t->hash != h || t->len != name.len || memcmp(t->name, name.ptr, name.len) != 0))
        t = t->next;
    return t;
}

static cdp__topic *make_topic(cdp_session *s, cdp_str name)
{
    cdp__topic *t = cdp__alloc(cdp__session_allocator(s), sizeof *t + name.len);

    if (!t)
        return NULL;
    t->subs = NULL;
    t->next = NULL;
    t->hash = hash(name);
    t->len = name.len;
    memcpy(t->name, name.ptr, name.len);
    return t;
}

static cdp__topic *need_topic(cdp_session *s, cdp_str name)
{
    cdp__topic *t = name.len ? find_topic(s, name) : s->any;

    if (t || !(t = make_topic(s, name)))
        return t;
    if (name.len) {
        cdp__topic **bucket = &s->topics[t->hash % CDP__TOPIC_BUCKETS];
        t->next = *bucket;
        *bucket = t;
    } else {
        s->any = t;
    }
    return t;
}

/* ---- subscriptions ----------------------------------------------------- */

static uint32_t subscribe(cdp_session *s, cdp_str name, const cdp__sub *like)
{
    if (cdp__usable(s, name) < 0)
        return 0;
    cdp__topic *t = need_topic(s, name);
    cdp__sub *sub = t ? cdp__alloc(cdp__session_allocator(s), sizeof *sub) : NULL;
    if (!sub) {
        cdp__error_set(&s->error, CDP_ENOMEM, name, NULL);
        return 0;
    }
    *sub = *like;
    sub->next = NULL;
    sub->id = s->conn->next_sub = s->conn->next_sub == INT32_MAX ? 1 : s->conn->next_sub + 1;
    cdp__sub **end = &t->subs; /* in the order of subscribing */
    while (*end)
        end = &(*end)->next;
    *end = sub;
    return sub->id;
}

static void sweep_topic(cdp_session *s, cdp__topic *t, bool all)
{
    for (cdp__sub **link = &t->subs; *link;) {
        cdp__sub *sub = *link;
        if (!all && !sub->dead) {
            link = &sub->next;
            continue;
        }
        *link = sub->next;
        cdp_free(sub->taken);
        cdp__dealloc(cdp__session_allocator(s), sub, sizeof *sub);
    }
}

static void each_topic(cdp_session *s, void (*fn)(cdp_session *, cdp__topic *, bool), bool flag)
{
    for (int i = 0; i < CDP__TOPIC_BUCKETS; i++)
        for (cdp__topic *t = s->topics[i]; t; t = t->next)
            fn(s, t, flag);
    if (s->any)
        fn(s, s->any, flag);
}

static void sweep(cdp_session *s)
{
    if (s->delivering == 0 && s->dead_subs) {
        s->dead_subs = false;
        each_topic(s, sweep_topic, false);
    }
}

static void free_topic(cdp_session *s, cdp__topic *t)
{
    cdp__dealloc(cdp__session_allocator(s), t, sizeof *t + t->len);
}

void cdp__subs_free_all(cdp_session *s)
{
    each_topic(s, sweep_topic, true);
    for (int i = 0; i < CDP__TOPIC_BUCKETS; i++)
        while (s->topics[i]) {
            cdp__topic *t = s->topics[i];
            s->topics[i] = t->next;
            free_topic(s, t);
        }
    if (s->any)
        free_topic(s, s->any);
    s->any = NULL;
}

static cdp__sub *find_in(cdp__topic *t, uint32_t id)
{
    cdp__sub *sub = t ? t->subs : NULL;

    while (sub && (sub->id != id || sub->dead))
        sub = sub->next;
    return sub;
}

static cdp__sub *find_sub(cdp_session *s, uint32_t id)
{
    cdp__sub *sub = find_in(s->any, id);

    for (int i = 0; !sub && i < CDP__TOPIC_BUCKETS; i++)
        for (cdp__topic *t = s->topics[i]; !sub && t; t = t->next)
            sub = find_in(t, id);
    return sub;
}

static void unsubscribe(cdp_session *s, cdp__sub *sub)
{
    sub->dead = s->dead_subs = true;
    sweep(s);
}

/* ---- delivery ---------------------------------------------------------- */

static bool has(const cdp__topic *t, bool typed)
{
    for (const cdp__sub *sub = t ? t->subs : NULL; sub; sub = sub->next)
        if (!sub->dead && (sub->d != NULL) == typed)
            return true;
    return false;
}

static const cdp__type *type_of(const cdp__sub *sub)
{
    uint16_t type = sub->d->events[sub->event].params;

    return type == CDP__NONE ? NULL : &sub->d->types[type];
}

static const cdp__sub *first_typed(const cdp__topic *t)
{
    for (const cdp__sub *sub = t ? t->subs : NULL; sub; sub = sub->next)
        if (!sub->dead && sub->d)
            return sub;
    return NULL;
}

bool cdp__event_type(cdp_session *s, cdp_str method, const cdp__domain **d, const cdp__type **type)
{
    const cdp__topic *t = find_topic(s, method);
    const cdp__sub *sub = first_typed(t);

    if (!sub || has(t, false) || has(s->any, false) || !(*type = type_of(sub)))
        return false;
    *d = sub->d;
    return true;
}

static void deliver_one(cdp_session *s, cdp__sub *sub, cdp__msg *m, const void *event)
{
    if (!sub->expect) {
        if (sub->cb)
            sub->via(s, NULL, event, sub->cb, sub->data);
    } else if (!sub->taken) {
        /* An event without members still has to be told from none. */
        sub->taken = event ? cdp_keep(event) : cdp__msg_root(m, sizeof(void *));
        if (sub->taken && !event)
            cdp__msg_ref(m);
    }
}

static const cdp__sub *newest_of(const cdp__topic *t)
{
    const cdp__sub *sub = t ? t->subs : NULL;

    while (sub && sub->next)
        sub = sub->next;
    return sub;
}

/* Those that were there when the event came, unless a callback ended them since. (None is freed
 * while events are delivered.) */
static void deliver_typed(cdp_session *s, cdp__topic *t, cdp__msg *m, const void *event)
{
    const cdp__sub *newest = newest_of(t);

    for (cdp__sub *sub = t->subs; sub && !s->closed; sub = sub == newest ? NULL : sub->next)
        if (!sub->dead && sub->d)
            deliver_one(s, sub, m, event);
}

static void deliver_untyped(cdp_session *s, cdp__topic *t, cdp_str method, const cdp_value *params)
{
    const cdp__sub *newest = newest_of(t);

    for (cdp__sub *sub = t ? t->subs : NULL; sub && !s->closed;
         sub = sub == newest ? NULL : sub->next)
        if (!sub->dead && !sub->d)
            ((cdp_any_cb *)sub->cb)(s, method, params, sub->data);
}

static void untyped(cdp_session *s, cdp__topic *t, cdp__msg *m, cdp__envelope *e)
{
    cdp_value *params = cdp__msg_root(m, sizeof *params);
    cdp_str method = cdp__msg_text(m, e->method.ptr, e->method.len);

    if (!params || !method.ptr) {
        cdp__error err = { .owner = NULL };
        cdp__error_set(&err, CDP_ENOMEM, e->method, NULL);
        cdp__report(s, &err);
        return;
    }
    *params = e->params;
    deliver_untyped(s, t, method, params);
    deliver_untyped(s, s->any, method, params);
}

static void typed(cdp_session *s, cdp__topic *t, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    const cdp__sub *sub = first_typed(t);
    const cdp__type *type = sub ? type_of(sub) : NULL;
    void *event = e->body;
    int rc = e->body_rc;

    if (!sub)
        return;
    if (type && !event) {
        cdp__fault_clear(r->fault);
        rc = cdp__decode_slice(m, e->params, r->rigour, sub->d, type, r->fault, &event);
    }
    if (rc < 0) {
        cdp__error err = { .owner = NULL };
        cdp__error_fault(&err, cdp__event_name(sub->d, sub->event), "params", r->fault);
        cdp__report(s, &err);
        return;
    }
    deliver_typed(s, t, m, type ? event : NULL);
}

void cdp__event_deliver(cdp_session *s, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp__topic *t = find_topic(s, e->method);

    if (!t && !s->any)
        return;
    cdp__session_ref(s);
    s->delivering++;
    s->conn->busy++;
    if (has(t, false) || has(s->any, false))
        untyped(s, t, m, e);
    if (t && !s->closed)
        typed(s, t, m, e, r);
    s->conn->busy--;
    s->delivering--;
    sweep(s);
    cdp__session_unref(s);
}

/* ---- the API ----------------------------------------------------------- */

uint32_t cdp__on(cdp_session *s, const cdp__domain *d, unsigned event, cdp__deliver *via,
                 cdp__fn *cb, void *data)
{
    cdp__sub like = { .d = d, .event = event, .via = via, .cb = cb, .data = data };

    return subscribe(s, cdp__event_name(d, event), &like);
}

uint32_t cdp_on(cdp_session *s, const char *method, cdp_any_cb *cb, void *data)
{
    cdp__sub like = { .cb = (cdp__fn *)cb, .data = data };

    if (!cb || !method || !*method) {
        cdp__error_set(&s->error, CDP_EINVAL, cdp_s(method), "a name and a callback are needed");
        return 0;
    }
    return subscribe(s, cdp_s(method), &like);
}

uint32_t cdp_on_any(cdp_session *s, cdp_any_cb *cb, void *data)
{
    cdp__sub like = { .cb = (cdp__fn *)cb, .data = data };

    if (!cb) {
        cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "a callback is needed");
        return 0;
    }
    return subscribe(s, (cdp_str){ "", 0 }, &like);
}

void cdp_off(cdp_session *s, uint32_t subscription)
{
    cdp__sub *sub = subscription ? find_sub(s, subscription) : NULL;

    if (sub)
        unsubscribe(s, sub);
}

uint32_t cdp__expect(cdp_session *s, const cdp__domain *d, unsigned event)
{
    cdp__sub like = { .d = d, .event = event, .expect = true };

    return subscribe(s, cdp__event_name(d, event), &like);
}

/* How long to wait for sub still, in ms; -1 without limit, 0: too late. */
static int time_left(uint64_t deadline)
{
    uint64_t now = cdp__now();

    if (!deadline)
        return -1;
    return deadline <= now ? 0 : deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
}

/* Takes what sub waits for, or gives up; sub may die in a close meanwhile. */
static int await(cdp_session *s, uint32_t id, cdp_str name, void **ev)
{
    uint64_t deadline = s->timeout_ms == CDP_NO_TIMEOUT ? 0 : cdp__now() + s->timeout_ms;

    for (;;) {
        cdp__sub *sub = s->closed ? NULL : find_sub(s, id);
        if (!sub)
            return cdp__error_set(&s->error, CDP_ECLOSED, name, NULL);
        if (sub->taken) {
            *ev = sub->taken;
            sub->taken = NULL;
            unsubscribe(s, sub);
            return 0;
        }
        int left = time_left(deadline);
        int rc = left == 0 ? CDP_ETIMEDOUT : cdp__usable(s, name);
        if (rc == 0)
            rc = cdp__step(s->conn, left);
        sub = find_sub(s, id); /* a callback may have ended it */
        if (!sub && !s->closed)
            return cdp__error_set(&s->error, CDP_ECANCELED, name, NULL);
        if (rc < 0 && !(sub && sub->taken)) {
            if (sub)
                unsubscribe(s, sub);
            return cdp__usable(s, name) < 0 ? rc : cdp__error_set(&s->error, rc, name, NULL);
        }
    }
}

int cdp__take(cdp_session *s, uint32_t id, void **ev)
{
    cdp__sub *sub = id ? find_sub(s, id) : NULL;
    void *event = NULL;

    if (ev)
        *ev = NULL;
    if (id == 0) /* cdp__expect() failed, and said why */
        return s->error.pub.status;
    if (!sub || !sub->expect)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "no such expectation");
    cdp_str name = cdp__event_name(sub->d, sub->event);
    int rc = sub->taken ? 0 : cdp__may_wait(s, name);
    if (rc < 0)
        return rc;
    cdp__session_ref(s);
    rc = await(s, id, name, &event);
    cdp__session_unref(s);
    if (ev)
        *ev = event;
    else
        cdp_free(event);
    return rc;
}
