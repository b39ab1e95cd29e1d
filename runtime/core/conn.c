/*
 * conn.c - the way of a message: out through the transport, and in to whom it concerns.
 */
#include "session.h"

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
    cdp_str method = cdp_sn(m->method, m->method_len);
    cdp__fault fault;
    cdp__buf out = c->out;

    cdp__session_ref(s); /* the trace may close it */
    c->out = (cdp__buf){ .allocator = c->allocator };
    out.failed = false;
    cdp__fault_clear(&fault);
    int depth = c->t->max_depth && c->t->max_depth < m->max_depth ? c->t->max_depth : m->max_depth;
    cdp__writer w = { &out, c->t->wire, c->t->tagged, 0, depth, &fault };
    int rc = write_message(&w, cdp_sn(s->id, s->id_len), m);
    if (rc < 0) {
        cdp__error_fault(e ? e : &s->error, method, m->part ? m->part : "message", &fault);
    } else {
        if (c->trace)
            c->trace(c->root, true, (cdp_value){ out.ptr, out.len, c->t->wire }, c->trace_data);
        rc = c->t->ops->send(c->t, out.ptr, out.len);
        if (rc < 0)
            cdp__error_set(e ? e : &s->error, rc, method, c->t->why);
    }
    give_back(c, &out);
    cdp__session_unref(s);
    return rc;
}

/* ---- in ---------------------------------------------------------------- */

cdp_session *cdp__find_session(cdp__conn *c, cdp_str id)
{
    if (!id.ptr)
        return c->root;
    /* Depth first; children have children in nested targets. */
    cdp_session *s = c->root->children;
    while (s) {
        if (!s->closed && s->id_len == id.len && memcmp(s->id, id.ptr, id.len) == 0)
            return s;
        if (s->children) {
            s = s->children;
            continue;
        }
        while (s && !s->next)
            s = s->parent == c->root ? NULL : s->parent;
        if (s)
            s = s->next;
    }
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

int cdp__decode_slice(cdp__msg *m, cdp_value slice, bool strict, const cdp__domain *d,
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
                      .strict = strict,
                      .fault = f };
    return cdp__decode(&r, copy, d, t, *root) ? 0 : f->status;
}

/* What the envelope's body is, while it is being read. */
static bool body_type(void *ctx, const cdp__envelope *e, const cdp__domain **d, const cdp__type **t)
{
    cdp__conn *c = ctx;

    if (e->method.ptr) {
        if (e->has_id || (c->root->children && !e->session_id.ptr))
            return false; /* a command; or an event of whoever is named later */
        cdp_session *s = cdp__find_session(c, e->session_id);
        return s && cdp__event_type(s, e->method, d, t);
    }
    cdp__pending *p = e->has_id ? cdp__pending_find(c, (uint32_t)e->id) : NULL;
    if (!p || p->done || !p->want || !(*t = cdp__pending_type(p)))
        return false;
    *d = p->d;
    return true;
}

static void reply(cdp__conn *c, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp__pending *p = e->has_id ? cdp__pending_find(c, (uint32_t)e->id) : NULL;

    if (p && !p->done) {
        cdp__pending_reply(p, m, e, r);
        return;
    }
    if (e->error.ptr) {
        cdp__error err = { .owner = NULL };
        cdp__error_remote(&err, (cdp_str){ 0 }, m, e->error);
        cdp__report(c->root, &err);
    } else {
        report(c->root, CDP_EPROTO, (cdp_str){ 0 },
               e->has_id ? "reply to no call in flight" : "message without id and method");
    }
}

static bool serves(const cdp_session *s)
{
    return s->services || s->serve_any || s->conn->t->ops->pass;
}

static void malformed(cdp__conn *c, const cdp__envelope *e, const cdp__reader *r)
{
    char why[128];

    snprintf(why, sizeof why, "%s: %s at position %zu", r->wire == CDP_CBOR ? "CBOR" : "JSON",
             r->fault->why, r->fault->at);
    if (serves(c->root))
        cdp__serve_error(c->root, e->has_id, e->id, CDP_PARSE_ERROR, why, NULL);
    report(c->root, r->fault->status == CDP_ENOMEM ? CDP_ENOMEM : CDP_EPROTO, (cdp_str){ 0 }, why);
}

static void route(cdp__conn *c, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp_session *s = cdp__find_session(c, e->session_id);

    if (!e->method.ptr && serves(c->root) && !e->has_result && !e->error.ptr) {
        cdp__serve_error(c->root, e->has_id, e->id, CDP_INVALID_REQUEST,
                         e->has_id ? "Message must have string 'method' property"
                                   : "Message must have integer 'id' property",
                         NULL);
    } else if (!e->method.ptr) {
        reply(c, m, e, r);
    } else if (e->bad_id || (!e->has_id && c->t->ops->pass)) { /* those send commands only */
        cdp__serve_error(s ? s : c->root, false, 0, CDP_INVALID_REQUEST,
                         "Message must have integer 'id' property", NULL);
    } else if (!s) {
        if (e->has_id)
            cdp__serve_error(c->root, true, e->id, CDP_SESSION_NOT_FOUND,
                             "Session with given id not found.", NULL);
        report(c->root, CDP_EPROTO, e->method, "message for an unknown session");
    } else if (e->has_id) {
        cdp__serve_request(s, m, e, r);
    } else {
        cdp__event_deliver(s, m, e, r);
    }
}

int cdp__receive(cdp_session *root, const void *bytes, size_t len)
{
    cdp__conn *c = root->conn;
    cdp__fault fault;
    cdp__envelope e;

    if (len > c->opt.max_message) {
        cdp__lost(root, CDP_ETOOBIG, 0, "a message is larger than max_message");
        return CDP_ETOOBIG;
    }
    cdp__msg *m = cdp__msg_new(c->pool, len + CDP__PAD + 256);
    char *p = m ? cdp__msg_alloc(m, len + CDP__PAD) : NULL;
    if (!p) {
        cdp__msg_unref(m);
        cdp__lost(root, CDP_ENOMEM, 0, "no memory to receive a message");
        return CDP_ENOMEM;
    }
    memcpy(p, bytes, len);
    memset(p + len, 0, CDP__PAD);
    cdp__fault_clear(&fault);
    cdp__reader r = { .begin = p,
                      .end = p + len,
                      .msg = m,
                      .memo = cdp__pool_memo(m->pool),
                      .strict = c->opt.strict,
                      .trusted = c->t->trusted,
                      .wire = len && (unsigned char)*p == 0xd8 ? CDP_CBOR : CDP_JSON,
                      .fault = &fault };
    cdp__session_ref(root);
    if (c->trace)
        c->trace(root, false, (cdp_value){ p, len, r.wire }, c->trace_data);
    if (cdp__envelope_read(&r, &e, body_type, c) == 0)
        route(c, m, &e, &r);
    else
        malformed(c, &e, &r);
    cdp__msg_unref(m);
    cdp__session_unref(root);
    return 0;
}

/* The next session, from s on and depth first, that wants to know; NULL: none. */
static cdp_session *next_to_tell(cdp_session *s)
{
    if (!s->closed && s->on_lost)
        return s;
    for (s = s->children; s; s = s->next) {
        cdp_session *found = next_to_tell(s);
        if (found)
            return found;
    }
    return NULL;
}

/* Callbacks may close sessions, and start others: look anew after each. */
static void tell_lost(cdp_session *root)
{
    cdp__conn *c = root->conn;

    for (cdp_session *s; (s = next_to_tell(root));) {
        cdp__error e = { .owner = NULL };
        cdp_lost_cb *cb = s->on_lost;
        cdp__error_set(&e, c->lost, (cdp_str){ 0 }, c->lost_why);
        e.pub.sys = c->lost_sys;
        s->on_lost = NULL;
        cdp__session_ref(s);
        c->busy++;
        cb(s, &e.pub, s->on_lost_data);
        c->busy--;
        cdp__session_unref(s);
    }
}

void cdp__lost(cdp_session *root, int status, int sys, const char *why)
{
    cdp__conn *c = root->conn;

    if (c->lost)
        return;
    c->lost = status;
    c->lost_sys = sys;
    snprintf(c->lost_why, sizeof c->lost_why, "%s", why ? why : cdp_strerror(status));
    cdp__session_ref(root);
    cdp__pending_end_all(c, NULL, status, sys, c->lost_why);
    tell_lost(root);
    cdp__session_unref(root);
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
