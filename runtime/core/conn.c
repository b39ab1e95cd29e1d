/*
 * conn.c - the way of a message: out through the transport, and in to whom it concerns.
 */
#include "session.h"

#include <cdp/value.h>

#include <stdio.h>
#include <time.h>

uint64_t cdp__now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- out --------------------------------------------------------------- */

/* Names as cdp__write_name() wants them. */
static const char name_id[] = "id\":\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
static const char name_method[] = "method\":\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
static const char name_result[] = "result\":\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
static const char name_params[] = "params\":\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

static int write_part(cdp__writer *w, const cdp__outgoing *m)
{
    int rc = 0;

    if (m->type && m->in) {
        cdp__write_name(w, m->method ? name_params : name_result, 6);
        rc = cdp__encode(w, m->d, m->type, m->in);
    } else if (m->type && m->type->required) {
        cdp__fault_set(w->fault, rc = CDP_EINVAL, "required, but NULL");
    } else if (m->value.ptr) {
        cdp__write_name(w, m->method ? name_params : name_result, 6);
        rc = cdp__write_value(w, m->value);
    } else if (!m->method) { /* a reply has a result, if an empty one */
        cdp__write_name(w, name_result, 6);
        cdp__write_end(w, cdp__write_begin(w, '{'), '{');
    } else {
        return 0;
    }
    cdp__write_next(w);
    return rc;
}

static int write_error(cdp__writer *w, const cdp__outgoing *m)
{
    cdp__write_key(w, "error", 5);
    size_t begin = cdp__write_begin(w, '{');
    cdp__write_key(w, "code", 4);
    cdp__write_int(w, m->code);
    cdp__write_next(w);
    cdp__write_key(w, "message", 7);
    int rc = cdp__write_str(w, m->error, strlen(m->error));
    cdp__write_next(w);
    if (rc == 0 && m->error_data) {
        cdp__write_key(w, "data", 4);
        rc = cdp__write_str(w, m->error_data, strlen(m->error_data));
        cdp__write_next(w);
    }
    cdp__write_end(w, begin, '{');
    cdp__write_next(w);
    return rc;
}

static int write_message(cdp__writer *w, cdp_str session_id, const cdp__outgoing *m)
{
    size_t begin = cdp__write_begin(w, '{');
    int rc = 0;

    if (m->has_id) {
        cdp__write_name(w, name_id, 2);
        cdp__write_int(w, m->id);
        cdp__write_next(w);
    }
    if (m->method) {
        cdp__write_name(w, name_method, 6);
        rc = cdp__write_str(w, m->method, m->method_len);
        cdp__write_next(w);
    }
    if (rc == 0 && m->error)
        rc = write_error(w, m);
    else if (rc == 0)
        rc = write_part(w, m);
    if (rc == 0 && session_id.ptr) {
        cdp__write_key(w, "sessionId", 9);
        rc = cdp__write_str(w, session_id.ptr, session_id.len);
        cdp__write_next(w);
    }
    cdp__write_end(w, begin, '{');
    return rc < 0 ? rc : cdp__write_status(w);
}

int cdp__write_message(cdp__buf *out, cdp_wire wire, const cdp__outgoing *m)
{
    cdp__fault fault;
    cdp__writer w = { out, wire, false, 0, m->max_depth, &fault };

    cdp__fault_clear(&fault);
    return write_message(&w, (cdp_str){ 0 }, m);
}

/* To whoever looks on; they may close the session. */
static void show(cdp__conn *c, bool sent, cdp_value message)
{
    if (c->trace)
        c->trace(c->root, sent, message, c->trace_data);
    if (c->record.tap)
        c->record.tap(c, sent, message);
}

static void give_back(cdp__conn *c, cdp__buf *b)
{
    enum { KEEP = 1 << 20 };

    if (c->out.ptr) { /* a call inside this one left its own */
        cdp__buf_free(b);
        return;
    }
    cdp__buf_reset(b, KEEP);
    c->out = *b;
}

int cdp__send_message(cdp_session *s, const cdp__outgoing *m, cdp__error *e)
{
    cdp__conn *c = s->conn;
    cdp_session *top = cdp__carrier(s);
    cdp__transport *t = cdp__transport_of(s);
    cdp_str method = cdp_sn(m->method, m->method_len);
    cdp__fault fault;
    cdp__buf out = c->out;

    cdp__session_ref(s); /* the trace may close it */
    c->out = (cdp__buf){ .allocator = c->allocator };
    out.failed = false;
    cdp__fault_clear(&fault);
    cdp__writer w = { &out, t->wire, t->tagged, 0, m->max_depth, &fault };
    int rc = write_message(&w, cdp_sn(s == top ? NULL : s->id, s->id_len), m);
    if (rc < 0) {
        cdp__error_fault(e ? e : &s->error, method, m->part ? m->part : "message", &fault);
    } else {
        if (!top->t)
            show(c, true, (cdp_value){ out.ptr, out.len, t->wire });
        rc = s->closed ? CDP_ECLOSED : t->ops->send(t, out.ptr, out.len);
        if (rc < 0)
            cdp__error_set(e ? e : &s->error, rc, method, s->closed ? NULL : t->why);
    }
    give_back(c, &out);
    cdp__session_unref(s);
    return rc;
}

/* ---- in ---------------------------------------------------------------- */

/* The session behind s, depth first among those below top; NULL: none.  into: also below s. */
static cdp_session *next_below(cdp_session *s, const cdp_session *top, bool into)
{
    if (into && s->children)
        return s->children;
    while (s != top && !s->next)
        s = s->parent;
    return s == top ? NULL : s->next;
}

/* The next that top itself carries; what is nested has ids of its own. */
static cdp_session *next_carried(cdp_session *s, const cdp_session *top)
{
    do
        s = next_below(s, top, s == top || !s->t);
    while (s && s->t);
    return s;
}

cdp_session *cdp__find_session(cdp_session *top, cdp_str id)
{
    cdp_session *s = top;

    if (!id.ptr)
        return top;
    while ((s = next_carried(s, top)))
        if (!s->gone && s->id_len == id.len && memcmp(s->id, id.ptr, id.len) == 0)
            return s;
    return NULL;
}

void cdp__report(cdp_session *s, cdp__error *e)
{
    cdp__conn *c = s->conn;

    if (c->fault) {
        c->busy++;
        c->fault(s, &e->pub, c->fault_data);
        c->busy--;
    }
    cdp__error_clear(e);
}

static void report(cdp_session *s, int status, cdp_str method, const char *why)
{
    cdp__error e = { .owner = NULL };

    if (!s->conn->fault)
        return;
    cdp__error_set(&e, status, method, why);
    cdp__report(s, &e);
}

int cdp__decode_slice(cdp__msg *m, cdp_value slice, cdp__rigour rigour, const cdp__domain *d,
                      const cdp__type *t, cdp__fault *f, void **root)
{
    char *copy;

    if (!slice.ptr)
        slice = cdp_json("{}");
    /* A copy, so that the slice can still be read afterwards. */
    copy = cdp__msg_alloc(m, slice.len + CDP__PAD);
    *root = copy ? cdp__msg_root(m, t->size) : NULL;
    if (!*root)
        return cdp__fault_set(f, CDP_ENOMEM, "out of memory");
    memcpy(copy, slice.ptr, slice.len);
    memset(copy + slice.len, 0, CDP__PAD);
    cdp__reader r = { .begin = copy,
                      .end = copy + slice.len,
                      .msg = m,
                      .memo = cdp__pool_memo(m->pool),
                      .wire = slice.wire,
                      .rigour = rigour,
                      .fault = f };
    return cdp__decode(&r, copy, d, t, *root) ? 0 : f->status;
}

/* The call in flight that a reply is for. */
static cdp__pending *answered(cdp_session *top, const cdp__envelope *e)
{
    cdp__pending *p = e->has_id ? cdp__pending_find(top->conn, (uint32_t)e->id) : NULL;

    return p && !p->done && cdp__carrier(p->session) == top ? p : NULL;
}

static bool is_named(const cdp__envelope *e, const char *name)
{
    return e->method.len == strlen(name) && memcmp(e->method.ptr, name, e->method.len) == 0;
}

static bool is_detached(const cdp__envelope *e)
{
    return is_named(e, "Target.detachedFromTarget");
}

/* What the envelope's body is, while it is being read. */
static bool body_type(void *ctx, const cdp__envelope *e, const cdp__domain **d, const cdp__type **t)
{
    cdp_session *top = ctx;

    if (e->method.ptr) {
        if (e->has_id || (top->children && !e->session_id.ptr) || is_detached(e))
            return false; /* a command; an event of whoever is named later; one read twice */
        cdp_session *s = cdp__find_session(top, e->session_id);
        return s && cdp__event_type(s, e->method, d, t);
    }
    cdp__pending *p = answered(top, e);
    if (!p || !p->want || !(*t = cdp__pending_type(p)))
        return false;
    *d = p->d;
    return true;
}

static void reply(cdp_session *top, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp__pending *p = answered(top, e);

    if (p) {
        cdp__pending_reply(p, m, e, r);
        return;
    }
    if (e->error.ptr) {
        cdp__error err = { .owner = NULL };
        cdp__error_remote(&err, (cdp_str){ 0 }, m, e->error);
        cdp__report(top, &err);
    } else {
        report(top, CDP_EPROTO, (cdp_str){ 0 },
               e->has_id ? "reply to no call in flight" : "message without id and method");
    }
}

static bool serves(cdp_session *s)
{
    return s->services || s->serve_any || cdp__transport_of(s)->ops->pass;
}

static void malformed(cdp_session *top, const cdp__envelope *e, const cdp__reader *r)
{
    char why[128];

    snprintf(why, sizeof why, "%s: %s at position %zu", r->wire == CDP_CBOR ? "CBOR" : "JSON",
             r->fault->why, r->fault->at);
    if (serves(top))
        cdp__serve_error(top, e->has_id, e->id, CDP_PARSE_ERROR, why, NULL);
    report(top, r->fault->status == CDP_ENOMEM ? CDP_ENOMEM : CDP_EPROTO, (cdp_str){ 0 }, why);
}

/* An event for s.  What says that a target is gone, or crashed, ends calls, then is told.  (A page
 * that crashed can be loaded anew, but what it had been asked is answered by nobody.) */
static void event(cdp_session *top, cdp_session *s, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp_session *child = is_detached(e) ? top : NULL;
    cdp_value id = child ? cdp_value_get(e->params, "sessionId") : (cdp_value){ 0 };

    while (child && (child = next_carried(child, top)) && !cdp_value_str_eq(id, child->id))
        ;
    cdp__session_ref(s);
    if (child)
        cdp__gone(child);
    else if (is_named(e, "Inspector.targetCrashed"))
        cdp__pending_end_all(s, CDP_ECLOSED, 0, "the target crashed");
    if (!s->closed)
        cdp__event_deliver(s, m, e, r);
    cdp__session_unref(s);
}

static void route(cdp_session *top, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp_session *s = cdp__find_session(top, e->session_id);

    if (!e->method.ptr && serves(top) && !e->has_result && !e->error.ptr) {
        cdp__serve_error(top, e->has_id, e->id, CDP_INVALID_REQUEST,
                         e->has_id ? "Message must have string 'method' property"
                                   : "Message must have integer 'id' property",
                         NULL);
    } else if (!e->method.ptr) {
        reply(top, m, e, r);
    } else if (e->bad_id || (!e->has_id && cdp__transport_of(top)->ops->pass)) {
        /* those send commands only */
        cdp__serve_error(s ? s : top, false, 0, CDP_INVALID_REQUEST,
                         "Message must have integer 'id' property", NULL);
    } else if (!s) {
        if (e->has_id)
            cdp__serve_error(top, true, e->id, CDP_SESSION_NOT_FOUND,
                             "Session with given id not found.", NULL);
        report(top, CDP_EPROTO, e->method, "message for an unknown session");
    } else if (e->has_id) {
        cdp__serve_request(s, m, e, r);
    } else {
        event(top, s, m, e, r);
    }
}

/* p: memory of m, with room for CDP__PAD bytes behind it. */
static void receive(cdp_session *top, cdp__msg *m, char *p, size_t len)
{
    cdp__conn *c = top->conn;
    cdp__fault fault;
    cdp__envelope e;

    memset(p + len, 0, CDP__PAD);
    cdp__fault_clear(&fault);
    cdp__reader r = { .begin = p,
                      .end = p + len,
                      .msg = m,
                      .memo = cdp__pool_memo(m->pool),
                      .rigour = c->opt.strict ? CDP__STRICT : CDP__KEEPING,
                      .trusted = cdp__transport_of(top)->trusted,
                      .wire = len && (unsigned char)*p == 0xd8 ? CDP_CBOR : CDP_JSON,
                      .fault = &fault };
    cdp__session_ref(top);
    if (!top->t)
        show(c, false, (cdp_value){ p, len, r.wire });
    if (cdp__envelope_read(&r, &e, body_type, top) == 0)
        route(top, m, &e, &r);
    else
        malformed(top, &e, &r);
    cdp__msg_unref(m);
    cdp__session_unref(top);
}

static int not_received(cdp__conn *c, cdp__msg *m)
{
    cdp__msg_unref(m);
    cdp__lost(c->root, CDP_ENOMEM, 0, "no memory to receive a message");
    return CDP_ENOMEM;
}

static int too_large(cdp__conn *c)
{
    cdp__lost(c->root, CDP_ETOOBIG, 0, "a message is larger than max_message");
    return CDP_ETOOBIG;
}

int cdp__receive(cdp_session *top, const void *bytes, size_t len)
{
    cdp__conn *c = top->conn;

    if (len > c->opt.max_message)
        return too_large(c);
    cdp__msg *m = cdp__msg_new(c->pool, len + CDP__PAD + 256);
    char *p = m ? cdp__msg_alloc(m, len + CDP__PAD) : NULL;
    if (!p)
        return not_received(c, m);
    memcpy(p, bytes, len);
    receive(top, m, p, len);
    return 0;
}

int cdp__receive_moved(cdp_session *top, cdp__buf *bytes)
{
    cdp__conn *c = top->conn;

    if (bytes->len > c->opt.max_message)
        return too_large(c);
    cdp__msg *m = cdp__msg_new(c->pool, 256);
    size_t len = bytes->len;
    if (!m || !cdp__buf_room(bytes, CDP__PAD))
        return not_received(c, m);
    char *p = bytes->ptr;
    cdp__msg_take(m, p, bytes->cap);
    *bytes = (cdp__buf){ .allocator = bytes->allocator };
    receive(top, m, p, len);
    return 0;
}

/* ---- the end of a peer, or of a target --------------------------------- */

/* The first session from top on that has ended and wants to know; NULL: none. */
static cdp_session *next_to_tell(cdp_session *top)
{
    cdp_session *s = top->closed ? NULL : top;

    while (s && !((s->gone || s->conn->lost) && (s->on_lost || s->on_end)))
        s = next_below(s, top, true);
    return s;
}

static void tell(cdp_session *s, const cdp_error *why)
{
    cdp_lost_cb *lost = s->on_lost;
    void (*end)(cdp_session *, void *) = lost ? NULL : s->on_end;

    if (lost) {
        s->on_lost = NULL;
        lost(s, why, s->on_lost_data);
    } else {
        s->on_end = NULL;
        end(s, s->on_end_data);
    }
}

/* Ends what is in flight on top and below.  Callbacks may close sessions, and start others: look
 * anew after each. */
static void end_all(cdp_session *top, int status, int sys, const char *why)
{
    cdp__conn *c = top->conn;

    cdp__session_ref(top);
    cdp__pending_end_all(top, status, sys, why);
    for (cdp_session *s; (s = next_to_tell(top));) {
        cdp__error e = { .owner = NULL };
        cdp__error_set(&e, status, (cdp_str){ 0 }, why);
        e.pub.sys = sys;
        cdp__session_ref(s);
        c->busy++;
        tell(s, &e.pub);
        c->busy--;
        cdp__session_unref(s);
    }
    cdp__session_unref(top);
}

void cdp__gone(cdp_session *s)
{
    for (cdp_session *below = s; below; below = next_below(below, s, true))
        below->gone = true;
    end_all(s, CDP_ECLOSED, 0, CDP__TARGET_GONE);
}

void cdp__interrupted(cdp_session *root, int status, int sys, const char *why)
{
    char text[sizeof root->conn->lost_why];
    cdp_session *s = root;

    snprintf(text, sizeof text, "%s", why ? why : cdp_strerror(status));
    while ((s = next_below(s, root, true)))
        s->gone = true;
    end_all(root, status, sys, text);
}

void cdp__lost(cdp_session *root, int status, int sys, const char *why)
{
    cdp__conn *c = root->conn;

    if (c->lost)
        return;
    c->lost = status;
    c->lost_sys = sys;
    snprintf(c->lost_why, sizeof c->lost_why, "%s", why ? why : cdp_strerror(status));
    c->next_deadline = UINT64_MAX; /* no call is left to be overdue */
    end_all(c->root, status, sys, c->lost_why);
}

/* ---- progress ---------------------------------------------------------- */

int cdp__step(cdp__conn *c, int timeout_ms)
{
    if (cdp__run_posted(c->root) + cdp__deliver_ready(c->root))
        return 0;
    if (c->lost)
        return c->lost;
    int next = cdp__next_timeout(c->root);
    if (next >= 0 && (timeout_ms < 0 || next < timeout_ms))
        timeout_ms = next;
    int rc = c->t->ops->poll(c->t, timeout_ms);
    if (rc < 0 && !c->lost)
        cdp__lost(c->root, rc, 0, c->t->why);
    cdp__run_posted(c->root);
    cdp__deliver_ready(c->root);
    return c->lost;
}

/* A posted call is for a session that may have closed since: that one took it out then. */
unsigned cdp__run_posted(cdp_session *root)
{
    cdp__conn *c = root->conn;
    unsigned n = 0;

    cdp__session_ref(root);
    for (;;) {
        pthread_mutex_lock(&c->lock);
        cdp__post *p = c->posts;
        if (p && !(c->posts = p->next))
            c->posts_end = &c->posts;
        pthread_mutex_unlock(&c->lock);
        if (!p)
            break;
        cdp__post post = *p;
        cdp__dealloc(c->allocator, p, sizeof *p);
        cdp__session_ref(post.session);
        post.fn(post.session, post.data);
        cdp__session_unref(post.session);
        n++;
    }
    cdp__session_unref(root);
    return n;
}
