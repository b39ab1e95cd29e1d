/*
 * dial.c - from a name to a connection: looks the host up, and tries its addresses one after the
 * other, each for a fair share of the time that is left.
 */
#include "stream.h"

#include <stdio.h>
#include <sys/socket.h>

static void try_next(cdp__stream *s);

static void fail(cdp__stream *s, int sys)
{
    char *where = s->why;

    if (s->is_local)
        snprintf(where, sizeof s->why, "%s: %s", s->url->host, uv_strerror(sys));
    else
        snprintf(where, sizeof s->why, "%s: %s", s->url->authority, uv_strerror(sys));
    s->url = NULL;
    cdp__stream_lose(s, sys, where);
}

/* An attempt's handle is gone: the next one. */
static void on_attempt_closed(uv_handle_t *handle)
{
    cdp__stream *s = handle->data;

    s->has_handle = false;
    if (!s->closing)
        try_next(s);
    cdp__stream_release(s);
}

static void give_up_attempt(cdp__stream *s, int sys)
{
    s->attempt_error = sys;
    if (!uv_is_closing(&s->h.handle))
        uv_close(&s->h.handle, on_attempt_closed);
}

static void on_late(uv_timer_t *timer)
{
    cdp__stream *s = timer->data;

    if (s->url && s->has_handle)
        give_up_attempt(s, UV_ETIMEDOUT);
    else if (s->url)
        fail(s, UV_ETIMEDOUT); /* still looking the name up */
    else
        cdp__stream_lose(s, UV_ETIMEDOUT, "the peer did not finish the TLS handshake in time");
}

static void on_connect(uv_connect_t *req, int status)
{
    cdp__stream *s = req->data;

    if (s->closing || uv_is_closing(&s->h.handle)) /* given up already */
        return;
    if (status < 0) {
        give_up_attempt(s, status);
        return;
    }
    if (s->found) {
        uv_freeaddrinfo(s->found);
        s->found = s->next = NULL;
    }
    uint64_t now = uv_now(s->loop);
    uv_timer_start(&s->timer, on_late, s->deadline > now ? s->deadline - now : 0, 0);
    cdp__stream_connected(s);
}

/* The time that the next attempt may take. */
static uint64_t share(const cdp__stream *s)
{
    uint64_t now = uv_now(s->loop), left = 1;

    for (const struct addrinfo *a = s->next; a; a = a->ai_next)
        left++;
    return s->deadline > now ? (s->deadline - now) / left : 0;
}

static void try_next(cdp__stream *s)
{
    const struct addrinfo *a = s->next;
    int rc;

    if (s->is_local ? s->attempt_error : !a) {
        fail(s, s->attempt_error);
        return;
    }
    rc = s->is_local ? uv_pipe_init(s->loop, &s->h.pipe, 0) : uv_tcp_init(s->loop, &s->h.tcp);
    if (rc < 0) {
        fail(s, rc);
        return;
    }
    s->h.handle.data = s;
    s->has_handle = true;
    s->holds++;
    if (a)
        s->next = a->ai_next;
    uv_timer_start(&s->timer, on_late, share(s), 0);
    if (s->is_local)
        uv_pipe_connect(&s->connect, &s->h.pipe, s->url->host, on_connect);
    else if ((rc = uv_tcp_connect(&s->connect, &s->h.tcp, a->ai_addr, on_connect)) < 0)
        give_up_attempt(s, rc);
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    cdp__stream *s = req->data;

    s->found = s->next = found;
    if (s->closing || s->is_lost) {
        uv_freeaddrinfo(found);
        s->found = s->next = NULL;
    } else if (status < 0) {
        fail(s, status);
    } else {
        try_next(s);
    }
    cdp__stream_release(s);
}

/* Is the host an address itself?  Then nothing needs to be looked up, which takes threads. */
static bool take_literal(cdp__stream *s)
{
    struct addrinfo *a = &s->literal;

    if (uv_ip4_addr(s->url->host, s->url->port, (struct sockaddr_in *)&s->address) < 0 &&
        uv_ip6_addr(s->url->host, s->url->port, (struct sockaddr_in6 *)&s->address) < 0)
        return false;
    a->ai_addr = (struct sockaddr *)&s->address;
    s->next = a;
    return true;
}

void cdp__dial_start(cdp__stream *s)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    char port[8];

    s->attempt_error = 0;
    uv_timer_start(&s->timer, on_late, s->deadline - uv_now(s->loop), 0);
    if (s->is_local || take_literal(s)) {
        try_next(s);
        return;
    }
    snprintf(port, sizeof port, "%u", (unsigned)s->url->port);
    s->holds++;
    int rc = uv_getaddrinfo(s->loop, &s->lookup, on_found, s->url->host, port, &hints);
    if (rc < 0) {
        s->holds--;
        fail(s, rc);
    }
}
