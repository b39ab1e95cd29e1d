/* wire.c - see wire.h. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <unistd.h>

enum { LIMIT_S = 60 };

/* ---- the connection ---------------------------------------------------- */

static bool dial(wire *w, const struct sockaddr *to, socklen_t len, int receive)
{
    struct timeval limit = { .tv_sec = LIMIT_S };
    int on = 1;

    *w = (wire){ .fd = socket(to->sa_family, SOCK_STREAM, 0) };
    assert_true(w->fd >= 0);
    setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receive)
        setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* of a unix socket: refused */
    if (connect(w->fd, to, len) == 0)
        return true;
    wire_close(w);
    return false;
}

bool wire_dial(wire *w, const struct sockaddr *to, socklen_t len)
{
    return dial(w, to, len, 0);
}

static void open_tcp(wire *w, const debuggee *d, int receive)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)d->port) };

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!dial(w, (const struct sockaddr *)(const void *)&to, sizeof to, receive))
        fail_msg("can't connect: %s", strerror(errno));
}

void wire_open(wire *w, const debuggee *d)
{
    open_tcp(w, d, 0);
}

void wire_open_narrow(wire *w, const debuggee *d)
{
    open_tcp(w, d, 4096);
}

void wire_close(wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->in);
    *w = (wire){ .fd = -1 };
}

void wire_reset(wire *w)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    wire_close(w);
}

/* ---- bytes ------------------------------------------------------------- */

void wire_put(wire *w, const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n) {
        ssize_t k = send(w->fd, p, n, MSG_NOSIGNAL);
        if (k < 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

bool wire_read(wire *w)
{
    enum { PIECE = 1 << 16 };

    if (w->start == w->end)
        w->start = w->end = 0;
    if (w->start > PIECE) {
        memmove(w->in, w->in + w->start, w->end - w->start);
        w->end -= w->start;
        w->start = 0;
    }
    if (w->cap - w->end <= PIECE) {
        w->cap = w->cap ? 2 * w->cap : 2 * PIECE;
        w->in = realloc(w->in, w->cap);
        assert_non_null(w->in);
    }
    ssize_t k = recv(w->fd, w->in + w->end, PIECE, 0);
    if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("nothing comes");
    if (k <= 0)
        return false;
    w->end += (size_t)k;
    return true;
}

/* ---- the handshake ----------------------------------------------------- */

size_t wire_head(char *out, size_t size, const debuggee *d)
{
    return (size_t)snprintf(out, size,
                            "GET %s HTTP/1.1\r\n"
                            "Host: 127.0.0.1:%d\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                            "Sec-WebSocket-Version: 13\r\n\r\n",
                            d->path, d->port);
}

const char *wire_head_end(const wire *w)
{
    for (size_t i = w->start; i + 4 <= w->end; i++)
        if (memcmp(w->in + i, "\r\n\r\n", 4) == 0)
            return w->in + i + 4;
    return NULL;
}

void wire_shake(wire *w, const debuggee *d)
{
    char head[512];
    const char *end;

    wire_put(w, head, wire_head(head, sizeof head, d));
    while (!(end = wire_head_end(w)))
        if (!wire_read(w))
            fail_msg("no answer to the handshake");
    if (strncmp(w->in + w->start, "HTTP/1.1 101 ", 13) != 0)
        fail_msg("%.*s", (int)(w->end - w->start), w->in + w->start);
    w->start = (size_t)(end - w->in);
}

void wire_attach(wire *w, const debuggee *d)
{
    wire_open(w, d);
    wire_shake(w, d);
}

/* ---- frames ------------------------------------------------------------ */

size_t wire_frame(char *out, unsigned first, const void *p, size_t n)
{
    static const char mask[4] = { 0x37, (char)0xfa, 0x21, 0x3d };
    const unsigned more = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;
    char *q = out;

    *q++ = (char)first;
    *q++ = (char)(0x80 | (more == 0 ? n : more == 2 ? 126 : 127));
    for (unsigned i = 0; i < more; i++)
        *q++ = (char)((uint64_t)n >> 8 * (more - 1 - i));
    memcpy(q, mask, 4);
    q += 4;
    for (size_t i = 0; i < n; i++)
        q[i] = (char)(((const char *)p)[i] ^ mask[i & 3]);
    return (size_t)(q - out) + n;
}

void wire_send_frame(wire *w, unsigned first, const void *p, size_t n)
{
    char *frame = malloc(n + 14);

    assert_non_null(frame);
    wire_put(w, frame, wire_frame(frame, first, p, n));
    free(frame);
}

void wire_send(wire *w, const char *text)
{
    wire_send_frame(w, WIRE_TEXT, text, strlen(text));
}

/* The size of the frame at w->start, and of its head; 0: not even that is there. */
static size_t frame_size(const wire *w, size_t *head)
{
    const unsigned char *p = (const unsigned char *)w->in + w->start;
    const size_t have = w->end - w->start;
    size_t n = 0;

    if (have < 2)
        return 0;
    *head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10;
    if (have < *head)
        return 0;
    for (size_t i = 2; i < *head; i++)
        n = n << 8 | p[i];
    return *head + (*head == 2 ? p[1] : n);
}

unsigned wire_next(wire *w, char **payload, size_t *n)
{
    size_t size, head = 0;

    /* the byte behind a payload may be the next frame's, and is kept for it */
    while ((size = frame_size(w, &head)) == 0 || w->end - w->start < size)
        if (!wire_read(w))
            return 0;
    const unsigned first = (unsigned char)w->in[w->start];
    *payload = w->in + w->start + head;
    *n = size - head;
    w->start += size;
    memmove(*payload - 1, *payload, *n); /* room for the NUL */
    --*payload;
    (*payload)[*n] = 0;
    return first;
}

/* ---- messages ---------------------------------------------------------- */

/* The next message, which must come. */
static const char *next_message(wire *w, const char *wanted)
{
    char *payload;
    size_t n;
    const unsigned first = wire_next(w, &payload, &n);

    if (first == 0)
        fail_msg("the connection ended, without %s", wanted);
    if (first != WIRE_TEXT)
        fail_msg("instead of %s a frame %#x: %s", wanted, first, n > 2 ? payload + 2 : "");
    return payload;
}

const char *wire_await(wire *w, const char *text)
{
    const char *message;

    while (!strstr(message = next_message(w, text), text))
        ;
    return message;
}

const char *wire_call(wire *w, const char *method, const char *params)
{
    char id[32];
    const size_t size = strlen(method) + (params ? strlen(params) : 0) + 64;
    char *text = malloc(size);
    const char *message;

    assert_non_null(text);
    snprintf(text, size, "{\"id\":%u,\"method\":\"%s\"%s%s}", ++w->last_id, method,
             params ? ",\"params\":" : "", params ? params : "");
    wire_send(w, text);
    free(text);
    snprintf(id, sizeof id, "{\"id\":%u,", w->last_id);
    while (strncmp(message = next_message(w, method), id, strlen(id)) != 0)
        ;
    return message;
}
