/* hostile.c - see hostile.h. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "hostile.h"

#include "support/ws_end.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8 };

/* ---- bytes -------------------------------------------------------------------- */

/* Waits for one of the events, at most so long; false: not in time, or the peer is to stop. */
static bool ready(hostile *h, int fd, short events, int timeout_ms)
{
    struct pollfd f[] = { { fd, events, 0 }, { h->stop[0], POLLIN, 0 } };

    const int n = poll(f, 2, timeout_ms);
    if (f[1].revents)
        h->gone = true;
    return n > 0 && !h->gone;
}

static void append(hostile *h, const char *bytes, size_t n)
{
    if (h->room - h->n < n) {
        h->room = 2 * (h->n + n);
        h->out = realloc(h->out, h->room);
        if (!h->out)
            abort();
    }
    if (n)
        memcpy(h->out + h->n, bytes, n);
    h->n += n;
}

static void flush(hostile *h)
{
    for (size_t at = 0; at < h->n && ready(h, h->fd, POLLOUT, -1);) {
        ssize_t n = send(h->fd, h->out + at, h->n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            h->gone = true;
        else
            at += (size_t)n;
    }
    h->n = 0;
}

static bool fill(hostile *h)
{
    if (!ready(h, h->fd, POLLIN, -1))
        return false;
    ssize_t n = recv(h->fd, h->in, sizeof h->in, 0);
    h->gone = n <= 0;
    h->at = 0;
    h->end = n > 0 ? (size_t)n : 0;
    return !h->gone;
}

/* The next n bytes; at most room of them are kept. */
static bool take(hostile *h, uint64_t n, char *bytes, size_t room)
{
    for (uint64_t at = 0; at < n;) {
        if (h->at == h->end && !fill(h))
            return false;
        const size_t have = h->end - h->at;
        const size_t some = n - at < have ? (size_t)(n - at) : have;
        if (at < room)
            memcpy(bytes + at, h->in + h->at, some < room - at ? some : (size_t)(room - at));
        h->at += some;
        at += some;
    }
    return true;
}

/* The next frame's opcode, and the beginning of its payload as a string; -1: there is none. */
static int take_frame(hostile *h, char *text, size_t room)
{
    uint8_t head[14];
    char *bytes = (char *)head;

    if (!take(h, 2, bytes, 2))
        return -1;
    const size_t more = (head[1] & 0x7f) == 127 ? 8 : (head[1] & 0x7f) == 126 ? 2 : 0;
    uint64_t len = more ? 0 : head[1] & 0x7f;
    if (!take(h, more + 4, bytes + 2, more + 4))
        return -1;
    for (size_t i = 0; i < more; i++)
        len = len << 8 | head[2 + i];
    if (!take(h, len, text, room - 1))
        return -1;
    const size_t kept = len < room - 1 ? (size_t)len : room - 1;
    for (size_t i = 0; i < kept; i++)
        text[i] = (char)((uint8_t)text[i] ^ head[2 + more + i % 4]);
    text[kept] = 0;
    return head[0] & 0xf;
}

/* Reads a request's head; false: there is none. */
static bool take_head(hostile *h, char *head, size_t room)
{
    static const char key[] = "\r\nSec-WebSocket-Key: ";
    size_t n = 0;

    while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
        if (n == room - 1 || !take(h, 1, head + n, 1))
            return false;
        n++;
    }
    head[n] = 0;
    const char *found = strstr(head, key);
    if (found) {
        found += sizeof key - 1;
        (void)cdp__ws_accept(h->accept, found, strcspn(found, "\r"));
    }
    return true;
}

/* ---- steps -------------------------------------------------------------------- */

/* Appends text with what its $ stand for; crlf: \n as \r\n. */
static void append_text(hostile *h, const char *p, bool crlf)
{
    char word[32];

    while (*p) {
        const size_t n = strcspn(p, crlf ? "$\n" : "$");
        append(h, p, n);
        p += n;
        if (*p == '\n') {
            append(h, "\r\n", 2);
            p++;
        } else if (strncmp(p, "$(", 2) == 0) {
            char *x = NULL;
            unsigned long times = strtoul(p + 2, &x, 10);
            const size_t len = strcspn(++x, ")");
            while (times-- > 0)
                append(h, x, len);
            p = x + len + 1;
        } else if (strncmp(p, "$accept", 7) == 0) {
            append(h, h->accept, strlen(h->accept));
            p += 7;
        } else if (strncmp(p, "$0", 2) == 0) {
            append(h, "", 1);
            p += 2;
        } else if (*p) {
            const bool id = strncmp(p, "$id", 3) == 0, trap = strncmp(p, "$trap", 5) == 0;
            const unsigned long value = id ? h->id : trap ? h->trap_port : h->port;
            append(h, word, (size_t)snprintf(word, sizeof word, "%lu", value));
            p += id ? 3 : 5;
        }
    }
}

static void step_up(hostile *h, const char *arg)
{
    (void)arg;
    append_text(h,
                "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
                "Sec-WebSocket-Accept: $accept\n\n",
                true);
}

static void step_head(hostile *h, const char *arg)
{
    append_text(h, arg, true);
    append(h, "\r\n\r\n", 4);
}

static void step_say(hostile *h, const char *arg)
{
    append_text(h, arg, true);
}

/* What was appended from at on, behind a head that was made for it. */
static void put_in_front(hostile *h, size_t at, const char *head, size_t n)
{
    const size_t len = h->n - at;

    append(h, head, n);
    memmove(h->out + at + n, h->out + at, len);
    memcpy(h->out + at, head, n);
}

static void step_json(hostile *h, const char *arg)
{
    const size_t at = h->n;
    char head[128];

    append_text(h, arg, false);
    put_in_front(h, at, head,
                 (size_t)snprintf(head, sizeof head,
                                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                  "Content-Length: %zu\r\n\r\n",
                                  h->n - at));
}

static void step_text(hostile *h, const char *arg)
{
    const size_t at = h->n;
    uint8_t head[10] = { 0x81 };

    append_text(h, arg, false);
    const size_t len = h->n - at, more = len < 126 ? 0 : len < 65536 ? 2 : 8;
    head[1] = (uint8_t)(more == 0 ? len : more == 2 ? 126 : 127);
    for (size_t i = 0; i < more; i++)
        head[2 + i] = (uint8_t)((uint64_t)len >> 8 * (more - 1 - i));
    put_in_front(h, at, (const char *)head, 2 + more);
}

static void step_frames(hostile *h, const char *arg)
{
    size_t n;
    char *bytes = ws_script(arg, false, &n);

    append(h, bytes, n);
    free(bytes);
}

static void step_call(hostile *h, const char *arg)
{
    char text[128];
    int opcode;

    (void)arg;
    flush(h);
    do
        opcode = take_frame(h, text, sizeof text);
    while (opcode >= 0 && opcode != OPCODE_TEXT);
    const char *id = opcode < 0 ? NULL : strstr(text, "\"id\":");
    if (id)
        h->id = strtoul(id + 5, NULL, 10);
}

static void step_trickle(hostile *h, const char *arg)
{
    flush(h);
    append_text(h, arg, true);
    char *bytes = h->out;
    const size_t n = h->n;
    h->out = NULL;
    h->n = h->room = 0;
    for (size_t i = 0; i < n && !h->gone; i++) {
        append(h, bytes + i, 1);
        flush(h);
        ready(h, -1, 0, 20);
    }
    free(bytes);
}

static void step_hush(hostile *h, const char *arg)
{
    (void)arg;
    flush(h);
    ready(h, h->fd, POLLRDHUP, -1);
    h->gone = true;
}

static void step_sip(hostile *h, const char *arg)
{
    char byte;

    (void)arg;
    flush(h);
    while (!h->gone) {
        if (ready(h, h->fd, POLLIN, -1) && recv(h->fd, &byte, 1, 0) <= 0)
            h->gone = true;
        ready(h, -1, 0, 100);
    }
}

static void step_end(hostile *h, const char *arg)
{
    (void)arg;
    flush(h);
    shutdown(h->fd, SHUT_WR);
    while (!h->gone)
        fill(h);
}

static void step_reset(hostile *h, const char *arg)
{
    const struct linger now = { .l_onoff = 1, .l_linger = 0 };

    (void)arg;
    flush(h);
    setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    h->gone = true;
}

static void step_cut(hostile *h, const char *arg)
{
    char *text = NULL;
    const size_t at = h->n, n = (size_t)strtoul(arg, &text, 10);

    step_text(h, text + 1);
    h->n = at + (n < h->n - at ? n : h->n - at);
    step_reset(h, "");
}

static void take_step(hostile *h, const char *step)
{
    static const struct {
        const char *verb;
        void (*run)(hostile *h, const char *arg);
    } verbs[] = {
        { "up", step_up },       { "head", step_head }, { "say", step_say },
        { "json", step_json },   { "call", step_call }, { "text", step_text },
        { "cut", step_cut },     { "end", step_end },   { "frames", step_frames },
        { "hush", step_hush },   { "sip", step_sip },   { "trickle", step_trickle },
        { "reset", step_reset },
    };
    enum { AT_ONCE = 1 << 18 };
    char *rest = NULL;
    const unsigned long times = strtoul(step, &rest, 10);
    const size_t n = strcspn(step, " ");

    if (*rest == '*') {
        for (unsigned long i = 0; (rest == step || i < times) && !h->gone; i++) {
            take_step(h, rest + 2);
            if (h->n > AT_ONCE)
                flush(h);
        }
        return;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strlen(verbs[i].verb) == n && memcmp(verbs[i].verb, step, n) == 0) {
            verbs[i].run(h, step[n] ? step + n + 1 : step + n);
            return;
        }
    fprintf(stderr, "no such step: %s\n", step);
    abort();
}

static void run(hostile *h, const char *const *steps, const char *otherwise)
{
    if (!steps[0] && otherwise)
        take_step(h, otherwise);
    for (size_t i = 0; i < HOSTILE_STEPS && steps[i] && !h->gone; i++)
        take_step(h, steps[i]);
    flush(h);
}

/* ---- the peer ----------------------------------------------------------------- */

static void behave(hostile *h)
{
    char text[128];
    int opcode;

    while (!h->gone && (opcode = take_frame(h, text, sizeof text)) >= 0) {
        const char *id = strstr(text, "\"id\":");
        h->id = id ? strtoul(id + 5, NULL, 10) : 0;
        if (opcode == OPCODE_TEXT && strstr(text, "\"method\":"))
            take_step(h, "text {\"id\":$id,\"result\":{}}");
        if (opcode == OPCODE_CLOSE) {
            take_step(h, "frames 88:");
            take_step(h, "end");
        }
        flush(h);
    }
}

static void serve(hostile *h)
{
    char head[8192];

    h->gone = false;
    h->at = h->end = 0;
    run(h, h->script->first, NULL);
    while (!h->gone && take_head(h, head, sizeof head)) {
        if (strstr(head, " /json/version ")) {
            run(h, h->script->version,
                "json {\"Browser\":\"peer/1\",\"Protocol-Version\":\"1.3\"}");
        } else if (strstr(head, " /json")) {
            run(h, h->script->list,
                "json [{\"id\":\"7\",\"type\":\"node\",\"title\":\"peer\",\"url\":\"file:///x\","
                "\"webSocketDebuggerUrl\":\"ws://127.0.0.1:$port/7\"}]");
        } else {
            run(h, h->script->socket, "up");
            behave(h);
        }
    }
}

static void *live(void *arg)
{
    hostile *h = arg;

    for (;;) {
        h->gone = false;
        if (!ready(h, h->listener, POLLIN, -1))
            return NULL;
        h->fd = accept(h->listener, NULL, NULL);
        if (h->fd >= 0) {
            serve(h);
            close(h->fd);
        }
    }
}

static int listen_at(unsigned *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;
    struct sockaddr *name = (struct sockaddr *)(void *)&at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int room = 65536; /* or the system takes 80 MB for a peer that reads nothing */

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    assert_int_equal(bind(fd, name, sizeof at), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, name, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void open_all(hostile *h, const hostile_script *script)
{
    memset(h, 0, sizeof *h);
    h->script = script;
    h->listener = listen_at(&h->port);
    h->trap = listen_at(&h->trap_port);
    assert_int_equal(pipe(h->stop), 0);
}

/* True: somebody is in the trap. */
static bool close_all(hostile *h)
{
    struct pollfd trap = { h->trap, POLLIN, 0 };
    const bool caught = poll(&trap, 1, 0) > 0;

    close(h->stop[0]);
    close(h->listener);
    close(h->trap);
    free(h->out);
    return caught;
}

void hostile_start(hostile *h, const hostile_script *script)
{
    open_all(h, script);
    assert_int_equal(pthread_create(&h->thread, NULL, live, h), 0);
}

bool hostile_stop(hostile *h)
{
    close(h->stop[1]);
    pthread_join(h->thread, NULL);
    return close_all(h);
}

void hostile_fork(hostile *h, const hostile_script *script)
{
    open_all(h, script);
    h->child = fork();
    assert_true(h->child >= 0);
    if (h->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        live(h);
        _exit(0);
    }
}

void hostile_kill(hostile *h)
{
    kill(h->child, SIGKILL);
    assert_int_equal(waitpid(h->child, NULL, 0), h->child);
    close(h->stop[1]);
    close_all(h);
}
