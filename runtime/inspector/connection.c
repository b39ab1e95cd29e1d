/* connection.c - see connection.h. */
#include "connection.h"

#include "frontend.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    HIGH_WATER = 1 << 20, /* unwritten bytes beyond which no more are made */
    KEEP = 1 << 20,       /* a larger buffer is not kept for the next messages */
    LINGER_MS = 1000      /* for the peer to read the last we wrote */
};

struct cdp__connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } h;
    uv_timer_t timer;
    unsigned handles; /* of these two that are open */
    cdp__server *server;
    cdp__connection *next, **link;

    cdp__http *http;   /* until the handshake */
    cdp__ws ws;        /* from then on */
    cdp__frontend *fe; /* while the WebSocket is open */
    cdp__buf out;      /* answers over HTTP */

    uv_write_t write;
    uv_shutdown_t shutdown;
    cdp__buf writing; /* what the write under way holds */
    bool busy, ending, dropped, paused;
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

static void on_closed(uv_handle_t *handle)
{
    cdp__connection *c = handle->data;

    if (--c->handles)
        return;
    cdp__http_free(c->http);
    cdp__ws_free(&c->ws);
    cdp__buf_free(&c->out);
    cdp__buf_free(&c->writing);
    free(c);
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
    uv_close(&c->h.handle, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void on_timer(uv_timer_t *timer)
{
    cdp__connection_drop(timer->data);
}

/* ---- out ------------------------------------------------------------------- */

static cdp__buf *outbox(cdp__connection *c)
{
    return c->ws.state ? &c->ws.out : &c->out;
}

bool cdp__connection_has_room(const cdp__connection *c)
{
    return !c->busy && !c->ending && c->ws.out.len < HIGH_WATER;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)req;
    (void)status;
}

/* All is written: now the peer has a moment to read it and to close. */
static void finish(cdp__connection *c)
{
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, &c->h.stream, on_shutdown) < 0)
        cdp__connection_drop(c);
    else
        uv_timer_start(&c->timer, on_timer, LINGER_MS, 0);
}

static void on_written(uv_write_t *req, int status)
{
    cdp__connection *c = req->data;

    c->busy = false;
    cdp__buf_reset(&c->writing, KEEP);
    if (c->dropped)
        return;
    if (status < 0) {
        cdp__connection_drop(c);
        return;
    }
    if (c->fe)
        cdp__frontend_progress(c->fe);
    else
        cdp__connection_flush(c);
}

void cdp__connection_flush(cdp__connection *c)
{
    cdp__buf *out = outbox(c);

    if (c->dropped || c->busy)
        return;
    if (out->len == 0) {
        if (c->ending)
            finish(c);
        return;
    }
    uv_buf_t buf = { .base = out->ptr, .len = out->len };
    int n = uv_try_write(&c->h.stream, &buf, 1);
    if (n < 0 && n != UV_EAGAIN) {
        cdp__connection_drop(c);
        return;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    if (done == out->len) {
        cdp__buf_reset(out, KEEP);
        if (c->ending)
            finish(c);
        return;
    }
    cdp__buf spare = c->writing;
    c->writing = *out;
    *out = spare;
    buf = (uv_buf_t){ .base = c->writing.ptr + done, .len = c->writing.len - done };
    c->write.data = c;
    c->busy = true;
    if (uv_write(&c->write, &c->h.stream, &buf, 1, on_written) < 0)
        cdp__connection_drop(c);
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

    if (c->h.handle.type == UV_TCP &&
        uv_tcp_getsockname(&c->h.tcp, (struct sockaddr *)&addr, &n) == 0)
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

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    cdp__connection *c = handle->data;

    (void)suggested;
    *buf = uv_buf_init(c->server->input, (unsigned)c->server->input_size);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    cdp__connection *c = stream->data;

    if (n == 0)
        return;
    if (n < 0)
        cdp__connection_drop(c);
    else if (c->ending)
        return; /* too late */
    else if (!c->ws.state)
        feed_http(c, buf->base, (size_t)n);
    else if (cdp__ws_feed(&c->ws, buf->base, (size_t)n) < 0)
        cdp__connection_drop(c);
    if (c->dropped)
        return;
    if (c->fe)
        cdp__frontend_progress(c->fe);
    else
        cdp__connection_flush(c);
}

void cdp__connection_pause(cdp__connection *c, bool pause)
{
    if (c->paused == pause || c->dropped)
        return;
    c->paused = pause;
    if (pause)
        uv_read_stop(&c->h.stream);
    else
        uv_read_start(&c->h.stream, on_alloc, on_read);
}

/* ---- the beginning --------------------------------------------------------- */

static int init_stream(cdp__connection *c, uv_stream_t *listener)
{
    if (listener->type == UV_TCP)
        return uv_tcp_init(&c->server->loop, &c->h.tcp);
    return uv_pipe_init(&c->server->loop, &c->h.pipe, 0);
}

void cdp__connection_accept(cdp__server *s, uv_stream_t *listener)
{
    const cdp_inspector_limits *limits = &s->opt->limits;
    cdp__http_limits head = { .head = limits->head, .lines = limits->lines };
    cdp__http_policy policy = { .hosts = s->opt->allowed_hosts,
                                .origins = s->opt->allowed_origins };
    cdp__connection *c = calloc(1, sizeof *c);

    if (!c)
        return;
    c->server = s;
    if (init_stream(c, listener) < 0) {
        free(c);
        return;
    }
    uv_timer_init(&s->loop, &c->timer);
    c->handles = 2;
    c->h.handle.data = c->timer.data = c;
    c->next = s->connections;
    c->link = &s->connections;
    if (c->next)
        c->next->link = &c->next;
    s->connections = c;
    s->n_connections++;
    c->http = cdp__http_new(&head, &policy);
    if (uv_accept(listener, &c->h.stream) < 0 || !c->http ||
        s->n_connections > limits->connections ||
        uv_read_start(&c->h.stream, on_alloc, on_read) < 0) {
        cdp__connection_drop(c);
        return;
    }
    if (listener->type == UV_TCP)
        uv_tcp_nodelay(&c->h.tcp, 1);
    uv_timer_start(&c->timer, on_timer, limits->handshake_ms, 0);
}

void cdp__connections_progress(cdp__server *s)
{
    for (cdp__connection *c = s->connections, *next; c; c = next) {
        next = c->next; /* one front-end's progress ends no other */
        if (c->fe)
            cdp__frontend_progress(c->fe);
    }
}
