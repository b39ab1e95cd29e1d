/*
 * ws.h - one end of a WebSocket connection (RFC 6455), without I/O: bytes go in, bytes come out.
 *
 * Bytes that came from the socket go to cdp__ws_feed(); what is to be sent piles up in ws->out,
 * which the owner writes and empties.  Pings are answered; pongs are ignored.  No extension is
 * offered or accepted.
 */
#ifndef CDP_NET_WS_H
#define CDP_NET_WS_H

#include "buf.h"

#include <stdint.h>

typedef struct cdp__ws cdp__ws;

typedef enum cdp__ws_close_code {
    CDP__WS_NORMAL = 1000,
    CDP__WS_GOING_AWAY = 1001,
    CDP__WS_PROTOCOL = 1002,
    CDP__WS_BAD_DATA = 1003, /* a binary message */
    CDP__WS_NO_CODE = 1005,  /* the peer's close frame had none; never sent */
    CDP__WS_ABNORMAL = 1006, /* no close frame at all; never sent */
    CDP__WS_BAD_UTF8 = 1007,
    CDP__WS_POLICY = 1008,
    CDP__WS_TOO_BIG = 1009,
    CDP__WS_TRY_LATER = 1013
} cdp__ws_close_code;

typedef struct cdp__ws_ops {
    /* A whole text message, UTF-8; borrowed.  None comes once a close frame was sent.  May call
     * anything but cdp__ws_free() and cdp__ws_feed(). */
    void (*message)(void *self, const char *text, size_t len);
    /* Once, as the last thing: the closing handshake is complete, or the peer broke the protocol.
     * What is in ws->out is still to be written; then the connection is to be closed (the server
     * closes first).  code: the peer's, CDP__WS_NO_CODE; or ours where it broke the protocol.
     * May call cdp__ws_free(). */
    void (*closed)(void *self, int code, const char *reason, size_t len);
} cdp__ws_ops;

/* 0: these defaults. */
typedef struct cdp__ws_limits {
    size_t message;                 /* bytes; 64 MiB */
    uint32_t fragments;             /* of a message; 65,536 */
    const cdp_allocator *allocator; /* NULL: realloc and free */
} cdp__ws_limits;

struct cdp__ws {
    cdp__buf out; /* whole frames only; never `failed` but between begin and end */
    struct cdp__ws_state *state;
};

/* server: frames of the peer must be masked, ours are not; else the other way round.  limits may
 * be NULL.  CDP_ENOMEM. */
int cdp__ws_init(cdp__ws *ws, bool server, const cdp__ws_limits *limits, const cdp__ws_ops *ops,
                 void *self);
void cdp__ws_free(cdp__ws *ws); /* with ws->out; a zeroed one is fine */

/* Bytes from the peer.  What it breaks ends in `closed`; later bytes are ignored.  CDP_ENOMEM,
 * CDP_EIO (no random numbers): as little comes after that, and no `closed`. */
int cdp__ws_feed(cdp__ws *ws, const void *bytes, size_t len);

/* Where the next bytes from the peer may be read to: *len of memory for a message that has begun,
 * given to cdp__ws_feed() they are not copied again.  NULL: they are to come from elsewhere. */
char *cdp__ws_room(cdp__ws *ws, size_t *len);

/* Within message(), for its text: moves the memory to out (which holds nothing) if it is a buffer's
 * of its own. */
bool cdp__ws_move(cdp__ws *ws, const char *text, size_t len, cdp__buf *out);

/* Appends one unfragmented text frame, or nothing: CDP_ESTATE once a close frame was sent,
 * CDP_ENOMEM, CDP_EIO. */
int cdp__ws_send(cdp__ws *ws, const char *text, size_t len);

/* The same in two steps, for text that is made in place: the first leaves room for a head, then
 * the text is appended to ws->out, then the second writes the head.  What could not be appended is
 * seen there, and leaves nothing.  begin: what the first returned. */
size_t cdp__ws_begin(cdp__ws *ws);
int cdp__ws_end(cdp__ws *ws, size_t begin);

/* Appends a ping, whose pong is ignored.  As cdp__ws_send(). */
int cdp__ws_ping(cdp__ws *ws);

/* Starts the closing handshake (once; later calls do nothing).  code: CDP__WS_NO_CODE for none.
 * reason: may be NULL; at most 123 bytes of it are sent.  CDP_ENOMEM, CDP_EIO: not started. */
int cdp__ws_close(cdp__ws *ws, int code, const char *reason);

/* Base64 of the SHA-1 that answers a Sec-WebSocket-Key (RFC 6455, 4.2.2); out: 28 characters and a
 * NUL.  CDP_EIO: no SHA-1 to be had. */
int cdp__ws_accept(char out[29], const char *key, size_t len);

#endif /* CDP_NET_WS_H */
