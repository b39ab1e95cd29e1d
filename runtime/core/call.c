/*
 * call.c - the calls: one that waits, one with a callback, one with a cookie, each an entry in the
 * table of pending.c.
 */
#include "session.h"

enum { DEFAULT_TIMEOUT_MS = 30000 };

/* ---- starting ---------------------------------------------------------- */

/* What is called: a command of a domain with its struct, or a name with a value. */
typedef struct target {
    cdp__outgoing m; /* without its id */
    unsigned command;
} target;

static void name_target(target *t, cdp_str name)
{
    cdp__clear(t, sizeof *t);
    t->m.has_id = true;
    t->m.method = name.ptr;
    t->m.method_len = name.len;
    t->m.part = "params";
    t->m.max_depth = CDP__DEPTH;
}

static void set_typed(target *t, const cdp__domain *d, unsigned command, const void *params)
{
    const uint16_t type = d->commands[command].params;

    name_target(t, cdp__command_name(d, command));
    t->command = command;
    t->m.d = d;
    t->m.type = type == CDP__NONE ? NULL : &d->types[type];
    t->m.in = params;
}

static void set_untyped(target *t, const char *method, cdp_value params)
{
    name_target(t, cdp_s(method));
    t->m.value = params;
}

static cdp_str target_name(const target *t)
{
    return cdp_sn(t->m.method, t->m.method_len);
}

/* Starts a call; NULL with s->error set where not even that can be done. */
static cdp__pending *start(cdp_session *s, target *t, cdp__call_kind kind)
{
    cdp_str name = target_name(t);
    cdp__pending *p = NULL;

    if (s->closed) /* nobody would be left to deliver its end */
        cdp__error_set(&s->error, CDP_ECLOSED, name, NULL);
    else if (!name.len)
        cdp__error_set(&s->error, CDP_EINVAL, name, "no method");
    else if (s->conn->n_pending >= s->conn->opt.max_pending)
        cdp__error_set(&s->error, CDP_ETOOBIG, name, "too many calls in flight");
    else if (!(p = cdp__pending_new(s, kind)))
        cdp__error_set(&s->error, CDP_ENOMEM, name, NULL);
    if (!p)
        return NULL;
    t->m.id = (int32_t)p->id;
    p->d = t->m.d;
    p->command = t->command;
    if (!p->d) {
        size_t n = name.len < sizeof p->method ? name.len : sizeof p->method - 1;
        memcpy(p->method, name.ptr, n);
        p->method[n] = 0;
    }
    return p;
}

/* Sends it, unless the session is of no use; a failure is the call's end. */
static void launch(cdp__pending *p, const target *t)
{
    cdp_session *s = p->session;
    cdp__error *e;

    if (p->kind != CDP__SYNC)
        cdp__pending_set_deadline(p, s->timeout_ms);
    p->starting = true;
    int rc = cdp__usable(s, target_name(t));
    if (rc == 0)
        rc = cdp__send_message(s, &t->m, NULL);
    p->position = cdp__transport_of(s)->position;
    if (rc < 0 && !p->done) {
        p->status = rc;
        if ((e = cdp__pending_error(p)))
            cdp__error_move(e, &s->error);
        cdp__pending_complete(p);
    }
    cdp__pending_started(p);
}

/* Waits for a call that is not async, and takes its outcome. */
static int finish(cdp__pending *p, void **res)
{
    cdp_session *s = p->session;
    cdp__conn *c = s->conn;
    int rc = 0;

    cdp__session_ref(s);
    if (!p->done && p->kind == CDP__SYNC)
        cdp__pending_set_deadline(p, s->timeout_ms);
    while (!p->done)
        if ((rc = cdp__step(c, -1)) < 0 && !p->done)
            cdp__pending_end(p, rc, c->lost_sys, c->lost_why);
    rc = p->status;
    cdp__pending_take_out(c, p);
    if (rc < 0 && p->error)
        cdp__error_move(&s->error, p->error);
    else if (rc < 0)
        cdp__error_set(&s->error, rc, cdp__pending_method(p), NULL);
    if (res) {
        *res = p->result;
        p->result = NULL;
    }
    cdp__pending_free(c, p);
    cdp__session_unref(s);
    return rc;
}

static int call(cdp_session *s, target *t, void **res)
{
    if (res)
        *res = NULL;
    int rc = cdp__may_wait(s, target_name(t));
    if (rc < 0)
        return rc;
    cdp__pending *p = start(s, t, CDP__SYNC);
    if (!p)
        return s->error.pub.status;
    p->want = res != NULL;
    cdp__session_ref(s);
    launch(p, t);
    rc = finish(p, res);
    cdp__session_unref(s);
    return rc;
}

static uint32_t async(cdp_session *s, target *t, cdp__deliver *via, cdp__fn *cb, void *data)
{
    cdp__pending *p = start(s, t, CDP__ASYNC);

    if (!p)
        return 0;
    uint32_t id = p->id;
    p->via = via;
    p->cb = cb;
    p->data = data;
    cdp__session_ref(s);
    launch(p, t);
    cdp__session_unref(s);
    return id;
}

/* ---- the API ----------------------------------------------------------- */

int cdp__call(cdp_session *s, const cdp__domain *d, unsigned command, const void *params,
              void **res)
{
    target t;

    set_typed(&t, d, command, params);
    return call(s, &t, res);
}

uint32_t cdp__async(cdp_session *s, const cdp__domain *d, unsigned command, const void *params,
                    cdp__deliver *via, cdp__fn *cb, void *data)
{
    target t;

    set_typed(&t, d, command, params);
    return async(s, &t, via, cb, data);
}

uint32_t cdp__send(cdp_session *s, const cdp__domain *d, unsigned command, const void *params)
{
    target t;

    set_typed(&t, d, command, params);
    cdp__pending *p = start(s, &t, CDP__COOKIE);
    if (!p)
        return 0;
    uint32_t id = p->id;
    cdp__session_ref(s);
    launch(p, &t);
    cdp__session_unref(s);
    return id;
}

int cdp__reply(cdp_session *s, uint32_t id, void **res)
{
    cdp__pending *p = id ? cdp__pending_find(s->conn, id) : NULL;

    if (res)
        *res = NULL;
    if (id == 0) /* start() failed, and said why */
        return s->error.pub.status;
    if (!p || p->kind != CDP__COOKIE || p->session != s)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "no such call in flight");
    int rc = p->done ? 0 : cdp__may_wait(s, cdp__pending_method(p));
    return rc < 0 ? rc : finish(p, res);
}

int cdp_call(cdp_session *s, const char *method, cdp_value params, cdp_value **result)
{
    void *res = NULL;
    target t;

    set_untyped(&t, method, params);
    int rc = call(s, &t, result ? &res : NULL);
    if (result)
        *result = res;
    return rc;
}

static void via_value(cdp_session *s, const cdp_error *err, const void *msg, cdp__fn *cb,
                      void *data)
{
    ((cdp_call_cb *)cb)(s, err, msg, data);
}

uint32_t cdp_call_async(cdp_session *s, const char *method, cdp_value params, cdp_call_cb *cb,
                        void *data)
{
    target t;

    set_untyped(&t, method, params);
    return async(s, &t, via_value, (cdp__fn *)cb, data);
}

int cdp_cancel(cdp_session *s, uint32_t id)
{
    if (id == 0) {
        cdp__pending_end_all(s, CDP_ECANCELED, 0, NULL);
        return 0;
    }
    cdp__pending *p = cdp__pending_find(s->conn, id);

    if (!p || p->done || p->session != s)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "no such call in flight");
    cdp__pending_end(p, CDP_ECANCELED, 0, NULL);
    return 0;
}

int cdp_set_timeout(cdp_session *s, uint32_t id, uint32_t ms)
{
    if (id == 0) {
        s->timeout_ms = ms ? ms : DEFAULT_TIMEOUT_MS;
        return 0;
    }
    cdp__pending *p = cdp__pending_find(s->conn, id);
    if (!p || p->done || p->session != s)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "no such call in flight");
    cdp__pending_set_deadline(p, ms ? ms : s->timeout_ms);
    return 0;
}
