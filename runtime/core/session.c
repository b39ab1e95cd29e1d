/* session.c - the life of sessions and their connection. */
#include "session.h"

enum { TIMEOUT_MS = 30000, MAX_MESSAGE = 256 << 20, MAX_PENDING = 65536 };

/* ---- a transport that is no more --------------------------------------- */

static int closed_send(cdp__transport *t, const void *bytes, size_t len)
{
    (void)t;
    (void)bytes;
    (void)len;
    return CDP_ECLOSED;
}

static int closed_poll(cdp__transport *t, int timeout_ms)
{
    (void)t;
    (void)timeout_ms;
    return CDP_ECLOSED;
}

static void closed_nothing(cdp__transport *t)
{
    (void)t;
}

static const cdp__transport_ops closed_ops = {
    .send = closed_send, .poll = closed_poll, .wake = closed_nothing, .close = closed_nothing
};
static cdp__transport closed_transport = { .ops = &closed_ops, .direct = true }; /* never waits */

/* ---- memory ------------------------------------------------------------ */

static void conn_unref(cdp__conn *c)
{
    if (--c->refs)
        return;
    cdp__pending_free_all(c);
    cdp__buf_free(&c->out);
    pthread_mutex_destroy(&c->lock);
    cdp__pool *pool = c->pool;
    cdp__dealloc(c->allocator, c, sizeof *c);
    cdp__pool_unref(pool);
}

void cdp__session_free(cdp_session *s)
{
    cdp__conn *c = s->conn;
    cdp_session *root = s == c->root ? NULL : c->root;
    cdp__pending_forget(s);
    cdp__subs_free_all(s);
    cdp__serve_free_all(s);
    cdp__error_clear(&s->error);
    cdp__dealloc(c->allocator, s->id, s->id_len + 1);
    cdp__dealloc(c->allocator, s, sizeof *s);
    if (root)
        cdp__session_unref(root);
    conn_unref(c);
}

static cdp_session *new_session(cdp__conn *c, uint32_t timeout_ms)
{
    cdp_session *s = cdp__alloc(c->allocator, sizeof *s);

    if (!s)
        return NULL;
    memset(s, 0, sizeof *s);
    s->conn = c;
    s->refs = 1;
    s->timeout_ms = timeout_ms;
    cdp__error_clear(&s->error);
    c->refs++;
    if (c->root) /* a child: the connection's root stays in memory as long as any of them */
        cdp__session_ref(c->root);
    return s;
}

static cdp__conn *new_conn(cdp__transport *t, const cdp_options *opt)
{
    cdp__pool *pool = cdp__pool_new(opt ? opt->allocator : NULL);
    cdp__conn *c = pool ? cdp__alloc(cdp__pool_allocator(pool), sizeof *c) : NULL;

    if (!c) {
        if (pool)
            cdp__pool_unref(pool);
        return NULL;
    }
    memset(c, 0, sizeof *c);
    c->pool = pool;
    c->allocator = cdp__pool_allocator(pool);
    c->t = t;
    c->refs = 1;
    if (opt)
        c->opt = *opt;
    if (!c->opt.timeout_ms)
        c->opt.timeout_ms = TIMEOUT_MS;
    if (!c->opt.max_message)
        c->opt.max_message = MAX_MESSAGE;
    if (!c->opt.max_pending)
        c->opt.max_pending = MAX_PENDING;
    c->out.allocator = c->allocator;
    c->ready_end = &c->ready;
    c->next_deadline = UINT64_MAX;
    c->posts_end = &c->posts;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

int cdp__open(cdp_session **out, cdp__transport *t, const cdp_options *opt)
{
    cdp__conn *c = new_conn(t, opt);

    *out = c ? new_session(c, c->opt.timeout_ms) : NULL;
    if (*out) {
        c->root = t->owner = *out;
    } else {
        t->owner = NULL;
        t->ops->close(t);
    }
    if (c)
        conn_unref(c); /* the session's now */
    return *out ? 0 : CDP_ENOMEM;
}

/* Node has std::stoi() read ids of sessions, and aborts at what exceeds an int; 32 hexadecimal
 * digits are Chromium's. */
static bool aborts_node(cdp_str id)
{
    const char *p = id.ptr, *end = id.ptr + id.len;
    size_t digits = 0, hex = 0;

    for (size_t i = 0; i < id.len; i++)
        hex += strchr("0123456789abcdefABCDEF", id.ptr[i]) && id.ptr[i];
    while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
        p++;
    p += p < end && (*p == '-' || *p == '+');
    while (p + digits < end && p[digits] >= '0' && p[digits] <= '9')
        digits++;
    return digits > 9 && !(id.len == 32 && hex == 32);
}

static bool is_taken(cdp_session *parent, cdp_str id, bool nested)
{
    if (!nested)
        return cdp__find_session(cdp__carrier(parent), id) != NULL;
    for (const cdp_session *s = parent->children; s; s = s->next)
        if (s->t && !s->gone && cdp_str_eq(cdp_session_id(s), id))
            return true;
    return false;
}

static int new_child(cdp_session **out, cdp_session *parent, cdp_str session_id, cdp__transport *t)
{
    int rc = cdp__usable(parent, (cdp_str){ 0 });

    *out = NULL;
    if (rc < 0)
        return rc;
    if (!session_id.len || cdp__utf8_check(session_id.ptr, session_id.len, true) != session_id.len)
        return cdp__error_set(&parent->error, CDP_EINVAL, (cdp_str){ 0 }, "not a session id");
    if (aborts_node(session_id))
        return cdp__error_set(&parent->error, CDP_EINVAL, (cdp_str){ 0 },
                              "a session id that Node would abort at");
    if (is_taken(parent, session_id, t != NULL))
        return cdp__error_set(&parent->error, CDP_ESTATE, (cdp_str){ 0 },
                              "a session of that id is attached");
    cdp_session *s = new_session(parent->conn, parent->timeout_ms);
    if (s && !(s->id = cdp__alloc(s->conn->allocator, session_id.len + 1))) {
        cdp__session_unref(s);
        s = NULL;
    }
    if (!s)
        return cdp__error_set(&parent->error, CDP_ENOMEM, (cdp_str){ 0 }, NULL);
    memcpy(s->id, session_id.ptr, session_id.len);
    s->id[session_id.len] = 0;
    s->id_len = session_id.len;
    s->t = t;
    s->parent = parent;
    s->next = parent->children;
    parent->children = s;
    *out = s;
    return 0;
}

int cdp_attach(cdp_session **out, cdp_session *parent, cdp_str session_id)
{
    return new_child(out, parent, session_id, NULL);
}

int cdp__nest(cdp_session **out, cdp_session *parent, cdp_str id, cdp__transport *t)
{
    int rc = new_child(out, parent, id, t);

    t->owner = *out;
    if (rc < 0)
        t->ops->close(t);
    return rc;
}

/* ---- the end ----------------------------------------------------------- */

static void unlink_child(cdp_session *s)
{
    cdp_session **link = &s->parent->children;

    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    s->parent = s->conn->root; /* which stays in memory, as the parent may not */
}

/* What was posted to s and did not run is told so. */
static void drop_posts(cdp_session *s)
{
    cdp__conn *c = s->conn;
    cdp__post *dropped = NULL, **end = &dropped;

    pthread_mutex_lock(&c->lock);
    for (cdp__post **link = &c->posts, *p; (p = *link);) {
        if (p->session != s) {
            link = &p->next;
            continue;
        }
        *link = p->next;
        p->next = NULL;
        *end = p;
        end = &p->next;
    }
    c->posts_end = &c->posts;
    while (*c->posts_end)
        c->posts_end = &(*c->posts_end)->next;
    pthread_mutex_unlock(&c->lock);
    while (dropped) {
        cdp__post *p = dropped;
        dropped = p->next;
        p->fn(NULL, p->data);
        cdp__dealloc(c->allocator, p, sizeof *p);
    }
}

void cdp_close(cdp_session *s)
{
    if (!s || s->closed)
        return;
    cdp__conn *c = s->conn;
    s->closed = s->stop = true;
    if (s->parent) /* first, as callbacks may close the parent */
        unlink_child(s);
    while (s->children)
        cdp_close(s->children);
    cdp__pending_end_all(s, CDP_ECLOSED, 0, NULL);
    cdp__deliver_ready(c->root); /* what had been answered is still called back */
    drop_posts(s);
    cdp__serve_free_all(s);
    if (s->on_end)
        s->on_end(s, s->on_end_data);
    if (s->t)
        s->t->ops->close(s->t);
    s->t = NULL;
    if (s == c->root) {
        cdp__transport *t = c->t;
        c->t = &closed_transport;
        if (!c->lost)
            c->lost = CDP_ECLOSED;
        t->ops->close(t);
    }
    cdp__session_unref(s);
}

int cdp__usable(cdp_session *s, cdp_str method)
{
    const cdp__conn *c = s->conn;

    if (s->closed)
        return cdp__error_set(&s->error, CDP_ECLOSED, method, NULL);
    if (c->lost) {
        cdp__error_set(&s->error, c->lost, method, c->lost_why);
        s->error.pub.sys = c->lost_sys;
        return c->lost;
    }
    if (s->gone)
        return cdp__error_set(&s->error, CDP_ECLOSED, method, CDP__TARGET_GONE);
    return 0;
}

int cdp__may_wait(cdp_session *s, cdp_str method)
{
    const cdp__conn *c = s->conn;

    if (c->t->driven)
        return cdp__error_set(&s->error, CDP_ESTATE, method,
                              "no waiting: the session is on a loop of the caller's");
    if (c->busy && !c->t->direct)
        return cdp__error_set(&s->error, CDP_ESTATE, method,
                              "no waiting inside a callback: use _async");
    return 0;
}

/* ---- the API ----------------------------------------------------------- */

const cdp_error *cdp_last_error(const cdp_session *s)
{
    return &s->error.pub;
}

void cdp_set_data(cdp_session *s, void *data)
{
    s->data = data;
}

void *cdp_get_data(const cdp_session *s)
{
    return s->data;
}

cdp_str cdp_session_id(const cdp_session *s)
{
    return cdp_sn(s->id ? s->id : "", s->id_len);
}

void cdp_set_trace(cdp_session *s, cdp_trace_cb *cb, void *data)
{
    s->conn->trace = cb;
    s->conn->trace_data = data;
}

void cdp_set_fault(cdp_session *s, cdp_fault_cb *cb, void *data)
{
    s->conn->fault = cb;
    s->conn->fault_data = data;
}

void cdp_set_lost(cdp_session *s, cdp_lost_cb *cb, void *data)
{
    s->on_lost = cb;
    s->on_lost_data = data;
}

int cdp_pause(cdp_session *s, bool pause)
{
    int rc = cdp__usable(s, (cdp_str){ 0 });

    if (rc < 0)
        return rc;
    cdp__transport *t = s->conn->t;
    if (!t->ops->pause)
        return cdp__error_set(&s->error, CDP_ENOTSUP, (cdp_str){ 0 },
                              "nothing can be held back here");
    t->ops->pause(t, pause);
    return 0;
}

size_t cdp_queued(const cdp_session *s)
{
    const cdp__transport *t = s->conn->t;

    return t->ops->queued ? t->ops->queued(t) : 0;
}

/* What ended since a session is of no use is called back all the same. */
static unsigned deliver_late(cdp_session *s)
{
    cdp__conn *c = s->conn;

    return s->closed || cdp__may_wait(s, (cdp_str){ 0 }) < 0
               ? 0
               : cdp__run_posted(c->root) + cdp__deliver_ready(c->root);
}

int cdp_poll(cdp_session *s, int timeout_ms)
{
    cdp__session_ref(s);
    int rc = cdp__usable(s, (cdp_str){ 0 });
    if (rc < 0) {
        rc = deliver_late(s) ? 0 : cdp__usable(s, (cdp_str){ 0 });
    } else if ((rc = cdp__may_wait(s, (cdp_str){ 0 })) == 0) {
        rc = cdp__step(s->conn, timeout_ms);
        if (rc < 0)
            cdp__usable(s, (cdp_str){ 0 });
    }
    cdp__session_unref(s);
    return rc;
}

int cdp_run(cdp_session *s)
{
    int rc = 0;

    cdp__session_ref(s);
    s->stop = s->closed;
    while (!s->stop && (rc = cdp_poll(s, -1)) == 0)
        ;
    cdp__session_unref(s);
    return rc;
}

void cdp_stop(cdp_session *s)
{
    s->stop = true;
    if (!s->closed)
        s->conn->t->ops->wake(s->conn->t);
}

int cdp_post(cdp_session *s, void (*fn)(cdp_session *s, void *data), void *data)
{
    cdp__conn *c = s->conn;
    cdp__post *p = cdp__alloc(c->allocator, sizeof *p);

    if (!p)
        return CDP_ENOMEM;
    *p = (cdp__post){ NULL, fn, s, data };
    pthread_mutex_lock(&c->lock);
    *c->posts_end = p;
    c->posts_end = &p->next;
    c->t->ops->wake(c->t); /* with the lock: once fn can be taken it may close s */
    pthread_mutex_unlock(&c->lock);
    return 0;
}
