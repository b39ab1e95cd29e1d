/* frontend.c - see frontend.h. */
#include "frontend.h"

#include "../core/session.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- attachments' sessions ------------------------------------------------- */

static cdp__attachment *attachment_of(cdp__transport *t)
{
    return (cdp__attachment *)(void *)((char *)t - offsetof(cdp__attachment, t));
}

/* What the server's thread itself answers. */
static int send_text(cdp__transport *t, const void *bytes, size_t len)
{
    cdp__attachment *a = attachment_of(t);

    if (a->closed)
        return CDP_ECLOSED;
    if (a->kind == CDP__ROOT)
        return cdp__ws_send(cdp__connection_ws(a->fe->c), bytes, len);
    cdp__workers_received(a, bytes, len);
    return 0;
}

static int no_poll(cdp__transport *t, int timeout_ms)
{
    (void)timeout_ms;
    t->why = "the serving end cannot wait";
    return CDP_ESTATE;
}

static void nothing(cdp__transport *t)
{
    (void)t;
}

/* A command for the isolate. */
static int pass(cdp__transport *t, cdp_session *s, const cdp__envelope *e, cdp_value message)
{
    enum { LONGEST = 127 };
    cdp__attachment *a = cdp_get_data(s);
    cdp__server *server = cdp__connection_server(attachment_of(t)->fe->c);

    (void)message;
    if (!a->link || a->gone)
        return CDP_ECLOSED;
    if (e->method.len == 0 || e->method.len > LONGEST ||
        cdp__ascii_run(e->method.ptr, e->method.len) != e->method.len)
        return CDP_FALLTHROUGH; /* V8 would answer without the id */
    cdp__buf_reset(&server->scratch, 1 << 20);
    server->scratch.failed = false;
    int rc = cdp__write_message(&server->scratch, CDP_CBOR,
                                &(cdp__outgoing){ .has_id = true,
                                                  .id = e->id,
                                                  .method = e->method.ptr,
                                                  .method_len = e->method.len,
                                                  .part = "params",
                                                  .value = e->params,
                                                  .max_depth = CDP__DEPTH });
    if (rc == 0)
        rc = cdp__v8_link_send(a->link, server->scratch.ptr, server->scratch.len);
    return rc;
}

static int open_session(cdp__attachment *a)
{
    static const cdp__transport_ops ops = {
        .send = send_text, .poll = no_poll, .wake = nothing, .pass = pass, .close = nothing
    };
    cdp__frontend *fe = a->fe;
    cdp_options opt = { .max_message = cdp__connection_server(fe->c)->opt->limits.message };
    int rc;

    a->t = (cdp__transport){ .ops = &ops, .wire = CDP_JSON, .direct = true };
    if (a->kind == CDP__FLAT) {
        rc = cdp_attach(&a->session, cdp__frontend_root(fe)->session, cdp_s(a->id));
    } else {
        rc = cdp__open(&a->session, &a->t, &opt);
    }
    if (rc == 0)
        cdp_set_data(a->session, a);
    return rc;
}

/* The front-end's own target; NULL: that could not be attached to. */
cdp__attachment *cdp__frontend_root(const cdp__frontend *fe)
{
    cdp__attachment *a = fe->attachments;

    while (a && a->kind != CDP__ROOT)
        a = a->next;
    return a;
}

/* ---- attachments ----------------------------------------------------------- */

/* On the isolate's thread. */
static void on_arrived(void *self)
{
    cdp__attachment *a = self;

    atomic_store(&a->ready, true);
    cdp__server_ring(cdp__connection_server(a->fe->c));
}

cdp__attachment *cdp__frontend_attach(cdp__frontend *fe, cdp__target *target,
                                      cdp__attachment_kind kind)
{
    static const cdp__v8_link_ops ops = { .arrived = on_arrived };
    cdp__server *s = cdp__connection_server(fe->c);
    cdp__v8_link_limits limits = { .queue = s->opt->limits.queue,
                                   .chunks = s->opt->limits.snapshot_queue,
                                   .remote = true };
    cdp__attachment *a = calloc(1, sizeof *a);

    if (!a) {
        cdp__target_unref(s->targets, target);
        return NULL;
    }
    a->kind = kind;
    a->fe = fe;
    a->target = target;
    atomic_init(&a->ready, false);
    snprintf(a->id, sizeof a->id, "%u", ++fe->last_id);
    a->next = fe->attachments;
    fe->attachments = a;
    cdp_v8 *v = cdp__target_v8(s->targets, target);
    int rc = open_session(a);
    if (rc == 0)
        rc = v ? cdp__v8_link_open(&a->link, v, &limits, &ops, a) : CDP_ESTATE;
    a->gone = rc == CDP_ESTATE; /* just now */
    if (rc == 0 || a->gone)
        return a;
    cdp__frontend_detach(a);
    return NULL;
}

static void attachment_free(cdp__attachment *a)
{
    while (a->rest) {
        cdp__v8_parcel *next = a->rest->next;
        free(a->rest);
        a->rest = next;
    }
    free(a);
}

static void sweep(cdp__frontend *fe)
{
    for (cdp__attachment **link = &fe->attachments, *a; (a = *link);) {
        if (!a->closed) {
            link = &a->next;
            continue;
        }
        *link = a->next;
        attachment_free(a);
    }
}

/* Ends it; its memory stays. */
static void let_go(cdp__attachment *a)
{
    cdp_session *session = a->session;

    a->closed = true;
    if (a->link)
        cdp__v8_link_close(a->link);
    a->link = NULL;
    a->session = NULL;
    cdp_close(session);
    cdp__target_unref(cdp__connection_server(a->fe->c)->targets, a->target);
}

void cdp__frontend_detach(cdp__attachment *a)
{
    cdp__frontend *fe = a->fe;

    if (a->closed)
        return;
    let_go(a);
    if (!fe->inside) /* else when nothing of it can be on the stack */
        sweep(fe);
}

/* ---- from the isolate ------------------------------------------------------ */

/* CBOR to JSON, where it goes out.  Of a flat attachment, with its sessionId behind. */
static int put_json(cdp__attachment *a, cdp__buf *out, const cdp__v8_parcel *p)
{
    cdp__fault fault;
    cdp__writer w = { .out = out, .wire = CDP_JSON, .max_depth = CDP__DEPTH_MAX, .fault = &fault };

    cdp__fault_clear(&fault);
    int rc = cdp__write_value(&w, (cdp_value){ (const char *)p->bytes, p->len, CDP_CBOR });
    if (rc == 0 && a->kind == CDP__FLAT) {
        out->len--; /* the closing brace */
        cdp__buf_put(out, ",\"sessionId\":\"", 14);
        cdp__buf_put(out, a->id, strlen(a->id));
        cdp__buf_put(out, "\"}", 2);
    }
    return rc == 0 && out->failed ? CDP_ENOMEM : rc;
}

static int forward(cdp__attachment *a, const cdp__v8_parcel *p)
{
    cdp__ws *ws = cdp__connection_ws(a->fe->c);

    if (a->kind == CDP__NESTED) {
        cdp__buf text = { .allocator = NULL };
        int rc = put_json(a, &text, p);
        if (rc == 0)
            cdp__workers_received(a, text.ptr, text.len);
        cdp__buf_free(&text);
        return rc;
    }
    size_t before = ws->out.len, begin = cdp__ws_begin(ws);
    int rc = put_json(a, &ws->out, p);
    if (rc < 0 && !ws->out.failed)
        ws->out.len = before;
    int ended = rc < 0 && !ws->out.failed ? 0 : cdp__ws_end(ws, begin);
    return rc < 0 ? rc : ended;
}

/* The isolate has gone. */
static void on_last(cdp__attachment *a)
{
    cdp__connection *c = a->fe->c;

    a->gone = true;
    if (a->kind == CDP__ROOT)
        cdp__connection_end(c, CDP__WS_GOING_AWAY, "the target is gone");
    else
        cdp__workers_gone(a);
}

static void take(cdp__attachment *a)
{
    cdp__connection *c = a->fe->c;
    const cdp_inspector_limits *limits = &cdp__connection_server(c)->opt->limits;

    if (!a->link)
        return;
    if (atomic_exchange(&a->ready, false)) {
        a->more = true;
        if (cdp__v8_link_cut(a->link)) { /* what is left will not be read */
            cdp__connection_end(c, CDP__WS_TRY_LATER, "too slow: the output queue is full");
            return;
        }
    }
    while ((a->rest || a->more) && a->link && cdp__connection_has_room(c)) {
        cdp__v8_parcel *p = a->rest;
        if (!p) {
            a->more = false;
            a->rest = cdp__v8_link_take(a->link);
            continue;
        }
        a->rest = p->next;
        if (p->len == 0) {
            on_last(a);
        } else {
            cdp__v8_link_done(a->link, p->len, p->chunk);
            if (forward(a, p) < 0)
                cdp__connection_end(c, CDP__WS_TRY_LATER, "out of memory");
        }
        free(p);
    }
    if (a->link && cdp__v8_link_full(a->link, limits->pending, limits->message))
        cdp__connection_pause(c, true);
}

/* What was put off while something of it was on the stack. */
static void leave(cdp__frontend *fe, bool outer)
{
    fe->inside = outer;
    if (outer)
        return;
    sweep(fe);
    if (fe->ended)
        cdp__frontend_free(fe);
}

/* What was left because there was no room, and can be taken after all. */
static bool has_more(const cdp__frontend *fe)
{
    if (fe->ended || !cdp__connection_has_room(fe->c))
        return false;
    for (const cdp__attachment *a = fe->attachments; a; a = a->next)
        if (a->link && (a->rest || a->more))
            return true;
    return false;
}

void cdp__frontend_progress(cdp__frontend *fe)
{
    cdp__connection *c = fe->c;
    bool outer = fe->inside;

    fe->inside = true;
    cdp__connection_pause(c, false); /* unless take() finds a reason */
    do { /* a flush may have made room at once, and nobody else would go on then */
        for (cdp__attachment *a = fe->attachments; a && !fe->ended; a = a->next)
            take(a);
        if (!fe->ended)
            cdp__workers_progress(fe);
        cdp__connection_flush(c);
    } while (has_more(fe));
    leave(fe, outer);
}

/* ---- from the front-end ---------------------------------------------------- */

void cdp__frontend_message(cdp__frontend *fe, const char *text, size_t len)
{
    bool outer = fe->inside;
    cdp__attachment *root = cdp__frontend_root(fe);

    fe->inside = true;
    if (root && root->session)
        cdp__receive(root->session, text, len);
    leave(fe, outer);
}

/* ---- life ------------------------------------------------------------------ */

int cdp__frontend_open(cdp__frontend **out, cdp__connection *c, cdp__target *target)
{
    cdp__server *s = cdp__connection_server(c);
    cdp__frontend *fe = calloc(1, sizeof *fe);

    *out = NULL;
    if (!fe) {
        cdp__target_unref(s->targets, target);
        return CDP_ENOMEM;
    }
    fe->c = c;
    if (!cdp__frontend_attach(fe, target, CDP__ROOT) || cdp__workers_serve(fe) < 0) {
        cdp__frontend_free(fe);
        return CDP_ENOMEM;
    }
    *out = fe;
    return 0;
}

void cdp__frontend_free(cdp__frontend *fe)
{
    fe->ended = true;
    if (fe->inside)
        return;
    cdp__workers_end(fe);
    fe->inside = true;
    for (cdp__attachment *a = fe->attachments; a; a = a->next)
        if (!a->closed)
            let_go(a);
    sweep(fe);
    free(fe);
}
