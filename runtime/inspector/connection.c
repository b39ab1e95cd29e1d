/* connection.c - see connection.h. */
#include "connection.h"

#include "frontend.h"

#include "../net/stream.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    HIGH_WATER = 1 << 20, /* unwritten bytes beyond which no more are made */
    LINGER_MS = 1000      /* for the peer to read the last we wrote */
};

struct cdp__connection {
    cdp__stream stream;
    uv_timer_t timer;
    unsigned holds; /* of these two that are open */
    cdp__server *server;
    cdp__connection *next, **link;

    cdp__http *http;   /* until the handshake */
    cdp__ws ws;        /* from then on */
    cdp__frontend *fe; /* while the WebSocket is open */
    cdp__buf out;      /* answers over HTTP */

    bool ending;   /* no more is read, and nothing made but what says so */
    bool finished; /* all is written */
    bool dropped;
};

cdp__server *cdp__connection_server(cdp__connection *c)
{
    return c->server;
}

cdp__ws *cdp__connection_ws(cdp__connection *c)
{
    return &c->ws;
}

/* ---- the end --------------------------------------------------------------- */

static void release(cdp__connection *c)
{
    if (--c->holds)
        return;
    cdp__http_free(c->http);
    cdp__ws_free(&c->ws);
    cdp__buf_free(&c->out);
    free(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_closed(void *self)
{
    release(self);
}

static void end_session(cdp__connection *c)
{
    cdp__frontend *fe = c->fe;

    if (!fe)
        return;
    c->fe = NULL;
    cdp__frontend_free(fe);
    if (atomic_fetch_sub(c->server->sessions, 1) == 1 && !atomic_load(&c->server->stop))
        cdp__server_announce(c->server, "ending");
}

void cdp__connection_drop(cdp__connection *c)
{
    if (c->dropped)
        return;
    c->dropped = true;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->server->n_connections--;
    end_session(c);
    cdp__stream_close(&c->stream);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

static void on_timer(uv_timer_t *timer)
{
    cdp__connection_drop(timer->data);
}

static void on_lost(void *self, int sys, const char *why)
{
    (void)sys;
    (void)why;
    cdp__connection_drop(self);
}

/* ---- out ------------------------------------------------------------------- */

static cdp__buf *outbox(cdp__connection *c)
{
    return c->ws.state ? &c->ws.out : &c->out;
}

bool cdp__connection_has_room(const cdp__connection *c)
{
    return !c->ending && c->ws.out.len < HIGH_WATER && cdp__stream_queued(&c->stream) == 0;
}

/* All is written: now the peer has a moment to read it and to close. */
static void finish(cdp__connection *c)
{
    c->finished = true;
    uv_timer_start(&c->timer, on_timer, LINGER_MS, 0);
    cdp__stream_end(&c->stream);
}

void cdp__connection_flush(cdp__connection *c)
{
    cdp__buf *out = outbox(c);

    cdp__stream_flush(&c->stream, out);
    if (c->ending && !c->finished && !c->dropped && out->len == 0 &&
        cdp__stream_queued(&c->stream) == 0)
        finish(c);
}

/* What came is dealt with, or what was left over is written. */
static void progress(void *self)
{
    cdp__connection *c = self;

    if (c->fe)
        cdp__frontend_progress(c->fe);
    else
        cdp__connection_flush(c);
}

/* ---- the WebSocket --------------------------------------------------------- */

static void start_ending(cdp__connection *c)
{
    if (c->ending)
        return;
    c->ending = true;
    end_session(c);
    uv_timer_start(&c->timer, on_timer, LINGER_MS, 0);
}

void cdp__connection_end(cdp__connection *c, int code, const char *reason)
{
    if (c->dropped || c->ending)
        return;
    if (cdp__ws_close(&c->ws, code, reason) < 0)
        cdp__connection_drop(c);
    else
        start_ending(c);
}

void cdp__connection_dismiss(cdp__connection *c)
{
    if (c->fe) {
        cdp__connection_end(c, CDP__WS_GOING_AWAY, "the inspector was closed");
        cdp__connection_flush(c);
    }
    cdp__connection_drop(c);
}

static void on_message(void *self, const char *text, size_t len)
{
    cdp__connection *c = self;

    if (c->fe)
        cdp__frontend_message(c->fe, text, len);
}

static void on_ws_closed(void *self, int code, const char *reason, size_t len)
{
    (void)code;
    (void)reason;
    (void)len;
    start_ending(self);
}

static void refuse(cdp__connection *c, int status, const char *why)
{
    cdp__refuse(&c->out, status, why);
    c->ending = true;
}

static int open_ws(cdp__connection *c, const cdp__http_request *req)
{
    static const cdp__ws_ops ops = { .message = on_message, .closed = on_ws_closed };
    const cdp_inspector_limits *limits = &c->server->opt->limits;
    cdp__ws_limits ws = { .message = limits->message, .fragments = limits->fragments };
    char accept[29], head[160];

    if (cdp__ws_accept(accept, req->key.ptr, req->key.len) < 0)
        return CDP_EIO;
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 101 Switching Protocols\r\n"
                     "Upgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n",
                     accept);
    int rc = cdp__ws_init(&c->ws, true, &ws, &ops, c);
    if (rc < 0)
        return rc;
    cdp__buf_put(&c->ws.out, c->out.ptr, c->out.len); /* answers that are not written yet */
    cdp__buf_put(&c->ws.out, head, (size_t)n);
    return c->ws.out.failed ? CDP_ENOMEM : 0;
}

static void upgrade(cdp__connection *c, const cdp__http_request *req)
{
    cdp__server *s = c->server;
    cdp_str path;
    cdp__target *target = NULL;

    if (!cdp__route_path(s, req, &path)) {
        refuse(c, 403, "The token is missing or wrong.");
        return;
    }
    if (path.len > 1)
        target = cdp__targets_find(s->targets, cdp_sn(path.ptr + 1, path.len - 1));
    if (!target) {
        refuse(c, 404, "There is no such target.");
        return;
    }
    if (atomic_load(s->sessions) >= s->opt->limits.sessions) {
        cdp__target_unref(s->targets, target);
        refuse(c, 503, "Too many sessions.");
        return;
    }
    if (open_ws(c, req) < 0) {
        cdp__target_unref(s->targets, target);
        cdp__connection_drop(c);
        return;
    }
    uv_timer_stop(&c->timer);
    atomic_fetch_add(s->sessions, 1);
    if (cdp__frontend_open(&c->fe, c, target) < 0) {
        atomic_fetch_sub(s->sessions, 1);
        cdp__connection_end(c, CDP__WS_TRY_LATER, "out of memory");
    } else if (!s->opt->publish || s->opt->publish & CDP_PUBLISH_STDERR) {
        cdp__log(s->opt, "Debugger attached.\n");
    }
}

/* ---- HTTP ------------------------------------------------------------------ */

/* The socket's own address, for clients that send no Host. */
static void local_address(cdp__connection *c, char *out, size_t size)
{
    struct sockaddr_storage addr;
    int n = sizeof addr;
    char host[64] = "127.0.0.1";

    if (!c->stream.is_local &&
        uv_tcp_getsockname(&c->stream.h.tcp, (struct sockaddr *)&addr, &n) == 0)
        uv_ip_name((struct sockaddr *)&addr, host, sizeof host);
    cdp__address_text(out, size, host, c->server->port);
}

static void handle_request(cdp__connection *c, const cdp__http_request *req)
{
    cdp__server *s = c->server;
    char local[80];
    cdp_str path;

    if (req->status) {
        refuse(c, req->status, req->why);
    } else if (req->upgrade) {
        upgrade(c, req);
    } else if (!cdp__route_path(s, req, &path)) {
        refuse(c, 403, "The token is missing or wrong.");
    } else {
        local_address(c, local, sizeof local);
        cdp__route(s, req, local, &c->out);
        c->ending = c->ending || !req->keep_alive;
        uv_timer_start(&c->timer, on_timer, s->opt->limits.idle_ms, 0);
    }
}

static void feed_http(cdp__connection *c, const char *bytes, size_t len)
{
    bool amid = cdp__http_amid(c->http);

    while (len && !c->ending && !c->dropped && !c->ws.state) {
        cdp__http_request req;
        size_t used;
        int rc = cdp__http_feed(c->http, bytes, len, &used, &req);
        if (rc < 0) {
            cdp__connection_drop(c);
            return;
        }
        bytes += used;
        len -= used;
        if (rc == 0)
            break;
        amid = true; /* its time has been set */
        handle_request(c, &req);
        if (c->out.failed || c->out.len > c->server->opt->limits.queue)
            cdp__connection_drop(c);
    }
    if (c->dropped)
        return;
    if (!amid && cdp__http_amid(c->http))
        uv_timer_start(&c->timer, on_timer, c->server->opt->limits.handshake_ms, 0);
    if (c->ws.state && len && cdp__ws_feed(&c->ws, bytes, len) < 0)
        cdp__connection_drop(c);
}

/* ---- in -------------------------------------------------------------------- */

/* All connections read into the same memory: idle ones need none. */
static char *room(void *self, size_t *len)
{
    const cdp__server *s = ((cdp__connection *)self)->server;

    *len = s->input_size;
    return s->input;
}

static void on_data(void *self, const char *bytes, size_t len)
{
    cdp__connection *c = self;

    if (c->ending)
        return; /* too late */
    if (!c->ws.state)
        feed_http(c, bytes, len);
    else if (cdp__ws_feed(&c->ws, bytes, len) < 0)
        cdp__connection_drop(c);
}

void cdp__connection_pause(cdp__connection *c, bool pause)
{
    cdp__stream_pause(&c->stream, pause);
}

/* ---- the beginning --------------------------------------------------------- */

void cdp__connection_accept(cdp__server *s, uv_stream_t *listener)
{
    static const cdp__stream_ops ops = { .data = on_data,
                                         .room = room,
                                         .settled = progress,
                                         .drained = progress,
                                         .lost = on_lost,
                                         .closed = on_closed };
    const cdp_inspector_limits *limits = &s->opt->limits;
    cdp__http_limits head = { .head = limits->head, .lines = limits->lines };
    cdp__http_policy policy = { .hosts = s->opt->allowed_hosts,
                                .origins = s->opt->allowed_origins };
    cdp__connection *c = calloc(1, sizeof *c);

    if (!c)
        return;
    c->server = s;
    cdp__stream_init(&c->stream, &s->loop, NULL, &ops, c);
    uv_timer_init(&s->loop, &c->timer);
    c->timer.data = c;
    c->holds = 2;
    c->next = s->connections;
    c->link = &s->connections;
    if (c->next)
        c->next->link = &c->next;
    s->connections = c;
    s->n_connections++;
    c->http = cdp__http_new(&head, &policy);
    uv_timer_start(&c->timer, on_timer, limits->handshake_ms, 0);
    if (cdp__stream_accept(&c->stream, listener) < 0 || !c->http ||
        s->n_connections > limits->connections)
        cdp__connection_drop(c);
}

void cdp__connections_progress(cdp__server *s)
{
    for (cdp__connection *c = s->connections, *next; c; c = next) {
        next = c->next; /* one front-end's progress ends no other */
        if (c->fe)
            cdp__frontend_progress(c->fe);
    }
}
