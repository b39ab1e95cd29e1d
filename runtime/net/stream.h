/*
 * stream.h - bytes to and from a peer on a libuv loop, be it a server or a client: TCP or a unix
 * socket, plain or TLS.
 *
 * A stream is part of what owns it.  Once cdp__stream_init() has succeeded, cdp__stream_close()
 * ends it whatever state it is in, and its memory may go when ops->closed() is called.  It can be
 * opened again from there on.
 */
#ifndef CDP_NET_STREAM_H
#define CDP_NET_STREAM_H

#include "tls.h"
#include "url.h"

#include <uv.h>

typedef struct cdp__stream cdp__stream;

typedef struct cdp__stream_ops {
    /* Dialed, and connected; with TLS: to whom it should be. */
    void (*opened)(void *self);
    /* Bytes that came; borrowed. */
    void (*data)(void *self, const char *bytes, size_t len);
    /* Where the next of them may be put, and how many; NULL: anywhere.  May be NULL. */
    char *(*room)(void *self, size_t *len);
    /* No more data() for now: what it caused may be flushed. */
    void (*settled)(void *self);
    /* What a flush left over has been written. */
    void (*drained)(void *self);
    /* Once, after which nothing of the above is called: connecting failed, or the peer is gone.
     * status: CDP_EIO; sys: libuv's code, UV_EOF where the peer ended the connection. */
    void (*lost)(void *self, int sys, const char *why);
    /* After cdp__stream_close(), from the loop: libuv holds nothing of it any more. */
    void (*closed)(void *self);
} cdp__stream_ops;

struct cdp__stream {
    const cdp__stream_ops *ops;
    void *self;
    uv_loop_t *loop;
    const cdp_allocator *allocator;

    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } h;
    int writer;         /* what is written, once that is not h's; else -1 */
    uv_poll_t writable; /* of that, once something had to wait */
    uv_timer_t timer;   /* limits an attempt to connect */
    uv_connect_t connect;
    uv_getaddrinfo_t lookup;
    struct addrinfo *found, *next; /* the host's addresses, and the one to try next */
    struct addrinfo literal;       /* where the host is an address itself */
    struct sockaddr_storage address;
    uint64_t deadline; /* of connecting, on the loop's clock */
    unsigned holds;    /* what libuv has of this: the handles, the timer, a lookup */
    int attempt_error; /* of the last address */
    bool is_local, has_handle, polls, is_open, is_lost, closing, paused, reading;
    const cdp__url *url; /* while connecting; the owner's */

    char *input; /* what is read into */
    cdp__tls_end *tls;
    cdp__buf cipher;  /* TLS: to be written */
    cdp__buf writing; /* what waits until the peer takes more */
    size_t written;   /* of which this much has left */
    bool busy;        /* something does */
    char why[160];
};

void cdp__stream_init(cdp__stream *s, uv_loop_t *loop, const cdp_allocator *a,
                      const cdp__stream_ops *ops, void *self);

/* Connects to where url points, trying all addresses, within limit_ms; tls may be NULL.  url lives
 * until opened() or lost(), which may come before this returns.  CDP_ENOMEM. */
int cdp__stream_dial(cdp__stream *s, const cdp__url *url, cdp_tls *tls, uint32_t limit_ms);

/* Takes the connection that a listener has; no opened().  CDP_EIO. */
int cdp__stream_accept(cdp__stream *s, uv_stream_t *listener);

/* Takes descriptors that are connected, one to read and a socket to write; no opened().  They
 * become its own, also where it fails.  CDP_EIO: libuv refuses one. */
int cdp__stream_adopt(cdp__stream *s, int in, int out);

/* Writes what is in out, as far as the peer takes it now; takes the rest over.  While a rest of
 * earlier is being written, out is left as it is.  Call again at drained(). */
void cdp__stream_flush(cdp__stream *s, cdp__buf *out);
/* Bytes that were taken over and have not left. */
size_t cdp__stream_queued(const cdp__stream *s);

/* Tells the peer that no more comes: nothing of earlier is still being written.  A plain stream's
 * only; the peer may go on writing. */
void cdp__stream_end(cdp__stream *s);

/* No data() until resumed; but for what has been read already. */
void cdp__stream_pause(cdp__stream *s, bool pause);

void cdp__stream_close(cdp__stream *s);

/* dial.c: for stream.c. */
void cdp__dial_start(cdp__stream *s);
/* stream.c: for dial.c. */
void cdp__stream_connected(cdp__stream *s);
void cdp__stream_lose(cdp__stream *s, int sys, const char *why);
void cdp__stream_release(cdp__stream *s); /* one hold less */

#endif /* CDP_NET_STREAM_H */
