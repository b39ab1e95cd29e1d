/* floor.c - see floor.h. */
#include "floor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

double floor_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k <= 0)
            die("the server is gone");
        p += k;
        n -= (size_t)k;
    }
}

/* More room, and what is there at its start. */
static void make_room(floor_client *c, size_t n)
{
    memmove(c->in, c->in + c->start, c->end - c->start);
    c->end -= c->start;
    c->start = 0;
    if (c->cap - c->end >= n)
        return;
    c->cap = c->end + 2 * n;
    if (!(c->in = realloc(c->in, c->cap)))
        die("out of memory");
}

static void read_some(floor_client *c)
{
    enum { PIECE = 1 << 16 };

    if (c->cap - c->end < PIECE)
        make_room(c, PIECE);
    ssize_t k = read(c->fd, c->in + c->end, c->cap - c->end);
    if (k <= 0)
        die("the server is gone");
    c->end += (size_t)k;
}

/* ---- connecting -------------------------------------------------------- */

static bool has_head(const floor_client *c)
{
    return c->end >= 4 && memcmp(c->in + c->end - 4, "\r\n\r\n", 4) == 0;
}

void floor_connect(floor_client *c, const char *url)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    int port, at = 0, on = 1;
    char head[512];

    signal(SIGPIPE, SIG_IGN);
    *c = (floor_client){ .fd = socket(AF_INET, SOCK_STREAM, 0), .out = -1 };
    if (sscanf(url, "ws://127.0.0.1:%d%n", &port, &at) != 1 || !at)
        die(url);
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->fd, (const struct sockaddr *)(const void *)&to, sizeof to) < 0)
        die("can't connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int n = snprintf(head, sizeof head,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     url + at, port);
    write_all(c->fd, head, (size_t)n);
    do
        read_some(c);
    while (!has_head(c));
    if (memcmp(c->in, "HTTP/1.1 101", 12) != 0)
        die("no WebSocket");
    c->end = 0;
}

/* It reads fd 3 and writes fd 4, and ends when the first ends. */
void floor_launch(floor_client *c, const char *const *command)
{
    char *const *words;
    int to[2], from[2];

    memcpy(&words, &command, sizeof words); /* as execvp() takes them */
    signal(SIGPIPE, SIG_IGN);
    if (pipe(to) < 0 || pipe(from) < 0)
        die("no pipe");
    if (fork() == 0) {
        int in = fcntl(to[0], F_DUPFD, 10), out = fcntl(from[1], F_DUPFD, 10);
        close(to[1]);
        close(from[0]);
        dup2(in, 3);
        dup2(out, 4);
        close(in);
        close(out);
        execvp(words[0], words);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    *c = (floor_client){ .fd = from[0], .out = to[1] };
}

void floor_close(floor_client *c)
{
    close(c->fd);
    if (c->out >= 0)
        close(c->out);
    free(c->in);
    *c = (floor_client){ .fd = -1 };
}

/* ---- messages ---------------------------------------------------------- */

/* A masked frame of text.  Returns its length. */
static size_t make_frame(char *out, const char *text, size_t n)
{
    static const char mask[4] = { 0x12, 0x34, 0x56, 0x78 };
    char *q = out;

    *q++ = (char)0x81;
    if (n < 126) {
        *q++ = (char)(0x80 | n);
    } else {
        *q++ = (char)0xfe;
        *q++ = (char)(n >> 8);
        *q++ = (char)n;
    }
    memcpy(q, mask, 4);
    q += 4;
    for (size_t i = 0; i < n; i++)
        q[i] = (char)(text[i] ^ mask[i & 3]);
    return (size_t)(q - out) + n;
}

void floor_send(floor_client *c, int n, const char *method, const char *params)
{
    size_t room = 128 + strlen(method) + (params ? strlen(params) : 0), len = 0;
    char *text = malloc(room), *out = malloc((size_t)n * room);

    if (!text || !out || room > UINT16_MAX)
        die("too much to send");
    for (int i = 0; i < n; i++) {
        int k = snprintf(text, room, "{\"id\":%u,\"method\":\"%s\"%s%s}", ++c->sent, method,
                         params ? ",\"params\":" : "", params ? params : "");
        if (c->out < 0) {
            len += make_frame(out + len, text, (size_t)k);
        } else {
            memcpy(out + len, text, (size_t)k + 1);
            len += (size_t)k + 1;
        }
    }
    write_all(c->out < 0 ? c->fd : c->out, out, len);
    free(text);
    free(out);
}

/* The same where it ends in a NUL. */
static bool next_text(floor_client *c, const char **text, size_t *len)
{
    const char *nul = c->in ? memchr(c->in + c->start, 0, c->end - c->start) : NULL;

    if (!nul)
        return false;
    *text = c->in + c->start;
    *len = (size_t)(nul - *text);
    c->start += *len + 1;
    return true;
}

/* The frame at c->start, if all of it is there. */
static bool next_frame(floor_client *c, const char **text, size_t *len)
{
    const unsigned char *p = (const unsigned char *)c->in + c->start;
    size_t have = c->end - c->start, head = 2, n;

    if (c->out >= 0)
        return next_text(c, text, len);
    if (have < 2)
        return false;
    if (p[0] != 0x81)
        die("not a frame of text");
    n = p[1];
    if (n >= 126) {
        head = n == 126 ? 4 : 10;
        if (have < head)
            return false;
        n = 0;
        for (size_t i = 2; i < head; i++)
            n = n << 8 | p[i];
    }
    if (have < head + n)
        return false;
    *text = c->in + c->start + head;
    *len = n;
    c->start += head + n;
    return true;
}

static void take(floor_client *c, const char *text, size_t len)
{
    static const char id[] = "{\"id\":", error[] = ",\"error\":";
    char *end;

    c->payload += len;
    if (len < sizeof id || memcmp(text, id, sizeof id - 1) != 0) {
        if (c->first_event == 0) {
            c->first_event = floor_now();
            if (c->on_first)
                c->on_first(c->data);
        }
        return;
    }
    c->reply = text;
    c->reply_len = len;
    if (strtoul(text + sizeof id - 1, &end, 10) != ++c->answered)
        die("replies out of order");
    if (memcmp(end, error, sizeof error - 1) == 0) {
        fprintf(stderr, "%.*s\n", (int)len, text);
        die("an error");
    }
}

int floor_read(floor_client *c, int n)
{
    const unsigned before = c->answered;
    const char *text;
    size_t len;

    do {
        while (!next_frame(c, &text, &len))
            read_some(c);
        do
            take(c, text, len);
        while ((n == 0 || (int)(c->answered - before) < n) && next_frame(c, &text, &len));
    } while ((int)(c->answered - before) < (n ? n : 1));
    return (int)(c->answered - before);
}
