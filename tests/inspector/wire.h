/*
 * wire.h - a front-end as bytes on a socket: nothing that it sends need make sense.
 *
 * Reading waits for up to a minute, after which the test fails.
 */
#ifndef WIRE_H
#define WIRE_H

#include "debuggee.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { WIRE_TEXT = 0x81, WIRE_CLOSE = 0x88, WIRE_PING = 0x89, WIRE_PONG = 0x8a };

typedef struct wire {
    int fd;
    char *in; /* what was read: [start, end), and room for a NUL */
    size_t start, end, cap;
    unsigned last_id;
} wire;

/* A connection, and nothing sent.  False: refused. */
bool wire_dial(wire *w, const struct sockaddr *to, socklen_t len);
/* The same, which must succeed. */
void wire_open(wire *w, const debuggee *d);
/* The same, with buffers as small as can be. */
void wire_open_narrow(wire *w, const debuggee *d);
/* The WebSocket handshake; from then on frames. */
void wire_shake(wire *w, const debuggee *d);
void wire_attach(wire *w, const debuggee *d); /* open and shake */

void wire_close(wire *w); /* FIN, or RST where something is unread */
void wire_reset(wire *w); /* RST */

/* Sends bytes as far as the peer takes them. */
void wire_put(wire *w, const void *bytes, size_t n);
/* A handshake's head; returns its length. */
size_t wire_head(char *out, size_t size, const debuggee *d);
/* A masked frame that begins with this byte; out has room for n + 14.  Returns its length. */
size_t wire_frame(char *out, unsigned first, const void *p, size_t n);
void wire_send_frame(wire *w, unsigned first, const void *p, size_t n);
void wire_send(wire *w, const char *text); /* a message */

/* Reads some more.  False: the peer has ended the connection. */
bool wire_read(wire *w);
/* Where the head of a request or an answer ends, that begins at w->start; NULL: it is not all
 * there. */
const char *wire_head_end(const wire *w);
/* The next frame's first byte, with its payload (and a NUL behind, until the next read); 0: the
 * peer has ended the connection. */
unsigned wire_next(wire *w, char **payload, size_t *n);
/* Makes a call and returns the reply, valid until the next read; params may be NULL. */
const char *wire_call(wire *w, const char *method, const char *params);
/* The next message that has this text in it. */
const char *wire_await(wire *w, const char *text);

#endif /* WIRE_H */
