/* peer.c - see peer.h. */
#include "peer.h"

#include <cdp/value.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 512 << 20 };

/* ---- links ---------------------------------------------------------------------- */

static void drop(peer_link *l)
{
    const struct linger reset = { 1, 0 };

    if (l->fd < 0)
        return;
    setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(l->fd);
    l->fd = -1;
    cdp__buf_free(&l->out);
}

static void put(peer_link *l, const char *text)
{
    cdp__buf_put(&l->out, text, strlen(text));
}

/* Frames go behind what waits. */
static void collect(peer_link *l)
{
    if (!l->upgraded)
        return;
    cdp__buf_put(&l->out, l->ws.out.ptr, l->ws.out.len);
    cdp__buf_reset(&l->ws.out, 1 << 20);
}

static void write_out(peer_link *l)
{
    while (l->fd >= 0 && l->sent < l->out.len) {
        ssize_t n = send(l->fd, l->out.ptr + l->sent, l->out.len - l->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            drop(l);
            return;
        }
        l->sent += (size_t)n;
    }
    l->sent = 0;
    cdp__buf_reset(&l->out, 1 << 20);
    if (l->fd >= 0 && l->closing) {
        close(l->fd);
        l->fd = -1;
        cdp__buf_free(&l->out);
    }
}

/* ---- commands ------------------------------------------------------------------- */

static void reply(peer_link *l, int64_t id, const char *what)
{
    char text[512];
    int n = snprintf(text, sizeof text, "{\"id\":%lld,%s}", (long long)id, what);

    cdp__ws_send(&l->ws, text, (size_t)n);
}

static void send_padded(peer_link *l, const char *head, size_t size, const char *tail)
{
    size_t n = strlen(head) + size + strlen(tail);
    char *text = malloc(n + 1);

    assert_non_null(text);
    memcpy(text, head, strlen(head));
    memset(text + strlen(head), 'x', size);
    memcpy(text + strlen(head) + size, tail, strlen(tail) + 1);
    cdp__ws_send(&l->ws, text, n);
    free(text);
}

static void flood(peer_link *l, int64_t n, size_t size)
{
    char head[96];

    for (int64_t i = 0; i < n; i++) {
        snprintf(head, sizeof head, "{\"method\":\"Test.event\",\"params\":{\"n\":%lld,\"text\":\"",
                 (long long)i);
        send_padded(l, head, size, "\"}}");
        collect(l);
    }
}

static void answer(peer_link *l, cdp_value message)
{
    cdp_value method = cdp_value_get(message, "method"), params = cdp_value_get(message, "params");
    const int64_t id = cdp_value_int(cdp_value_get(message, "id"), -1);
    const size_t size = (size_t)cdp_value_int(cdp_value_get(params, "size"), 0);
    char text[128];

    if (l->peer->refused && cdp_value_str_eq(method, l->peer->refused)) {
        reply(l, id, "\"error\":{\"code\":-32000,\"message\":\"no\"}");
    } else if (cdp_value_str_eq(method, "Test.mute")) {
        return;
    } else if (cdp_value_str_eq(method, "Test.drop")) {
        drop(l);
    } else if (cdp_value_str_eq(method, "Test.bye")) {
        cdp__ws_close(&l->ws, CDP__WS_NORMAL, "bye");
    } else if (cdp_value_str_eq(method, "Test.flood")) {
        flood(l, cdp_value_int(cdp_value_get(params, "n"), 0), size);
        reply(l, id, "\"result\":{}");
    } else if (cdp_value_str_eq(method, "Test.big")) {
        snprintf(text, sizeof text, "{\"id\":%lld,\"result\":{\"text\":\"", (long long)id);
        send_padded(l, text, size, "\"}}");
    } else if (cdp_value_str_eq(method, "Debugger.setBreakpointByUrl")) {
        snprintf(text, sizeof text, "\"result\":{\"breakpointId\":\"1:%d:0:url\"}",
                 (int)cdp_value_int(cdp_value_get(params, "lineNumber"), 0));
        reply(l, id, text);
    } else if (cdp_value_str_eq(method, "Page.addScriptToEvaluateOnNewDocument")) {
        snprintf(text, sizeof text, "\"result\":{\"identifier\":\"%u\"}", ++l->scripts);
        reply(l, id, text);
    } else {
        reply(l, id, "\"result\":{}");
    }
}

static void on_message(void *self, const char *text, size_t len)
{
    peer_link *l = self;
    const cdp_value message = { text, len, CDP_JSON };
    cdp_value method = cdp_value_get(message, "method"), params = cdp_value_get(message, "params");
    cdp_value session = cdp_value_get(message, "sessionId");
    cdp__buf *log = &l->peer->log;

    l->peer->commands++;
    if (method.len > 2)
        cdp__buf_put(log, method.ptr + 1, method.len - 2);
    if (params.len < 1000)
        cdp__buf_put(log, params.ptr, params.len);
    cdp__buf_put(log, session.ptr, session.len);
    cdp__buf_byte(log, '\n');
    answer(l, message);
}

static void on_closed(void *self, int code, const char *reason, size_t len)
{
    peer_link *l = self;

    (void)code;
    (void)reason;
    (void)len;
    l->closing = true;
}

/* ---- the handshake, and discovery ------------------------------------------------ */

static void respond_json(peer_link *l, const char *status, const char *body)
{
    char text[512];

    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
             strlen(body), body);
    put(l, text);
    l->closing = true;
}

static void upgrade(peer_link *l, const char *key)
{
    static const cdp__ws_ops ops = { .message = on_message, .closed = on_closed };
    const cdp__ws_limits limits = { .message = MOST };
    char accept[29];

    cdp__ws_accept(accept, key, strcspn(key, "\r"));
    put(l, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: ");
    put(l, accept);
    put(l, "\r\n\r\n");
    assert_int_equal(cdp__ws_init(&l->ws, true, &limits, &ops, l), 0);
    l->upgraded = true;
    l->peer->upgrades++;
    cdp__buf_reset(&l->peer->log, 1 << 20);
}

static void serve_head(peer_link *l)
{
    static const char header[] = "Sec-WebSocket-Key: ";
    const char *key = strstr(l->head, header);
    char body[256], path[64];

    snprintf(path, sizeof path, "GET /target/%u ", l->peer->path);
    if (strncmp(l->head, "GET /json/version ", 18) == 0) {
        respond_json(l, "200 OK", "{\"Browser\":\"peer/1\",\"Protocol-Version\":\"1.3\"}");
    } else if (strncmp(l->head, "GET /json/list ", 15) == 0) {
        snprintf(body, sizeof body,
                 "[{\"id\":\"t\",\"type\":\"node\",\"title\":\"t\",\"url\":\"\","
                 "\"webSocketDebuggerUrl\":\"ws://elsewhere.example/target/%u\"}]",
                 l->peer->path);
        respond_json(l, "200 OK", body);
    } else if (key && strncmp(l->head, path, strlen(path)) == 0) {
        upgrade(l, key + sizeof header - 1);
    } else {
        respond_json(l, "404 Not Found", "no such target");
    }
}

/* Of a head nothing may follow: clients wait for its answer. */
static void take(peer_link *l, const char *bytes, size_t n)
{
    if (l->upgraded) {
        cdp__ws_feed(&l->ws, bytes, n);
        if (l->fd >= 0)
            collect(l);
        return;
    }
    assert_true(n < sizeof l->head - l->n_head);
    memcpy(l->head + l->n_head, bytes, n);
    l->head[l->n_head += n] = 0;
    if (strstr(l->head, "\r\n\r\n"))
        serve_head(l);
}

static void read_in(peer_link *l)
{
    static char bytes[256 << 10];
    ssize_t n = recv(l->fd, bytes, l->upgraded ? sizeof bytes : 1024, 0);

    l->peer->reads += n > 0;
    if (n > 0)
        take(l, bytes, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        drop(l);
}

/* ---- the thread ----------------------------------------------------------------- */

static void accept_one(peer *p)
{
    int fd = accept(p->listener, NULL, NULL), one = 1;
    peer_link *l = p->links;

    if (fd < 0)
        return;
    while (l < p->links + PEER_LINKS && l->fd >= 0)
        l++;
    assert_true(l < p->links + PEER_LINKS);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    cdp__ws_free(&l->ws);
    memset(l, 0, sizeof *l);
    l->peer = p;
    l->fd = fd;
}

static size_t watch(peer *p, struct pollfd *polls, peer_link **of)
{
    size_t n = 0;

    polls[n++] = (struct pollfd){ p->wake[0], POLLIN, 0 };
    if (p->listener >= 0) {
        of[n] = NULL;
        polls[n++] = (struct pollfd){ p->listener, POLLIN, 0 };
    }
    for (size_t i = 0; i < PEER_LINKS && !p->deaf; i++) {
        peer_link *l = &p->links[i];
        if (l->fd < 0)
            continue;
        of[n] = l;
        polls[n++] = (struct pollfd){ l->fd, (short)(POLLIN | (l->out.len ? POLLOUT : 0)), 0 };
    }
    return n;
}

static void serve(peer *p, const struct pollfd *polls, peer_link **of, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (!polls[i].revents)
            continue;
        if (!of[i]) {
            if (polls[i].fd == p->listener)
                accept_one(p);
        } else if (!p->deaf && of[i]->fd == polls[i].fd) { /* not dropped meanwhile */
            if (polls[i].revents & ~POLLOUT)
                read_in(of[i]);
            if (of[i]->fd >= 0)
                write_out(of[i]);
        }
    }
}

static void *run(void *data)
{
    peer *p = data;
    struct pollfd polls[PEER_LINKS + 2];
    peer_link *of[PEER_LINKS + 2] = { NULL };
    char woken[64];

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        size_t n = watch(p, polls, of);
        pthread_mutex_unlock(&p->lock);
        poll(polls, n, -1);
        pthread_mutex_lock(&p->lock);
        if (polls[0].revents && read(p->wake[0], woken, sizeof woken) < 0)
            break;
        serve(p, polls, of, n);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- for tests ------------------------------------------------------------------- */

static void wake(peer *p)
{
    assert_int_equal(write(p->wake[1], "w", 1), 1);
}

static void do_listen(peer *p)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p->port) };
    socklen_t len = sizeof at;
    int one = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(p->listener >= 0);
    setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(p->listener, 64), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &len), 0);
    p->port = ntohs(at.sin_port);
}

void peer_start(peer *p)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < PEER_LINKS; i++)
        p->links[i].fd = -1;
    do_listen(p);
    snprintf(p->url, sizeof p->url, "ws://127.0.0.1:%u/target/0", p->port);
    snprintf(p->http, sizeof p->http, "http://127.0.0.1:%u", p->port);
    assert_int_equal(pipe(p->wake), 0);
    pthread_mutex_init(&p->lock, NULL);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
}

void peer_stop(peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_mutex_unlock(&p->lock);
    wake(p);
    pthread_join(p->thread, NULL);
    for (size_t i = 0; i < PEER_LINKS; i++) {
        drop(&p->links[i]);
        cdp__ws_free(&p->links[i].ws);
    }
    if (p->listener >= 0)
        close(p->listener);
    close(p->wake[0]);
    close(p->wake[1]);
    cdp__buf_free(&p->log);
    pthread_mutex_destroy(&p->lock);
}

void peer_drop(peer *p)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PEER_LINKS; i++)
        drop(&p->links[i]);
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

void peer_renew(peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->path++;
    pthread_mutex_unlock(&p->lock);
}

void peer_refuse(peer *p, const char *method)
{
    pthread_mutex_lock(&p->lock);
    p->refused = method;
    pthread_mutex_unlock(&p->lock);
}

void peer_hide(peer *p, bool hide)
{
    pthread_mutex_lock(&p->lock);
    if (hide && p->listener >= 0) {
        close(p->listener);
        p->listener = -1;
    } else if (!hide && p->listener < 0) {
        do_listen(p);
    }
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

void peer_deafen(peer *p, bool deaf)
{
    pthread_mutex_lock(&p->lock);
    p->deaf = deaf;
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

void peer_say(peer *p, const char *text)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PEER_LINKS; i++)
        if (p->links[i].fd >= 0 && p->links[i].upgraded) {
            cdp__ws_send(&p->links[i].ws, text, strlen(text));
            collect(&p->links[i]);
        }
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

static unsigned look(peer *p, const unsigned *at)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = *at;
    pthread_mutex_unlock(&p->lock);
    return n;
}

unsigned peer_upgrades(peer *p)
{
    return look(p, &p->upgrades);
}

unsigned peer_commands(peer *p)
{
    return look(p, &p->commands);
}

unsigned peer_reads(peer *p)
{
    return look(p, &p->reads);
}

char *peer_log(peer *p)
{
    pthread_mutex_lock(&p->lock);
    char *text = calloc(p->log.len + 1, 1);
    assert_non_null(text);
    if (p->log.len)
        memcpy(text, p->log.ptr, p->log.len);
    pthread_mutex_unlock(&p->lock);
    return text;
}
