/*
 * reply.h - a client's side of HTTP/1.1, without I/O: requests are written, one reply is read.
 */
#ifndef CDP_NET_REPLY_H
#define CDP_NET_REPLY_H

#include "buf.h"

/* A request that is to be sent. */
typedef struct cdp__ask {
    const char *method;         /* "GET", "PUT" */
    const char *path;           /* with its query */
    const char *authority;      /* the Host header */
    const char *token;          /* of "Authorization: Bearer", or NULL */
    const char *const *headers; /* more: "Name: value"; or NULL */
    const char *key;            /* Sec-WebSocket-Key: the handshake (RFC 6455, 4.1); or NULL */
} cdp__ask;

/* Appends the request's head, which asks for the connection to end after the reply unless it is a
 * handshake.  CDP_EINVAL: what it is made of holds control bytes or the like, or a header is one
 * that is written here (Host, Connection, Sec-WebSocket-...); CDP_ENOMEM.  Nothing was appended
 * then. */
int cdp__ask_write(cdp__buf *out, const cdp__ask *ask);

/* A fresh key: base64 of 16 random bytes, and a NUL.  CDP_EIO. */
int cdp__ask_key(char out[25]);

/* 0: these defaults. */
typedef struct cdp__reply_limits {
    size_t head; /* bytes of all headers; 16 KiB */
    size_t body; /* 16 MiB */
    const cdp_allocator *allocator;
} cdp__reply_limits;

typedef struct cdp__http_reply cdp__http_reply;

/* key: what the request had, or NULL.  limits may be NULL.  NULL: no memory. */
cdp__http_reply *cdp__reply_new(const char *key, const cdp__reply_limits *limits);
void cdp__reply_free(cdp__http_reply *r);

/* Reads bytes; *used: how many were taken.  1: the reply is complete, whatever its status (of a
 * handshake: accepted, what follows is the WebSocket's); 0: more is needed; CDP_EPROTO (malformed,
 * over a limit, a handshake that was refused or not answered as it must be, a redirect),
 * CDP_ENOMEM; later calls return the same.  len == 0: the peer ended the connection, which
 * completes some replies. */
int cdp__reply_feed(cdp__http_reply *r, const char *bytes, size_t len, size_t *used);

/* Once it is complete, or has failed. */
int cdp__reply_status(const cdp__http_reply *r); /* 200; 0: none was read */
cdp_str cdp__reply_body(const cdp__http_reply *r);
/* A sentence: what failed; or the status and how the body begins, which often tells why.  Visible
 * ASCII, whatever the peer sent. */
const char *cdp__reply_why(const cdp__http_reply *r);

#endif /* CDP_NET_REPLY_H */
