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

/* Appends the request's head; what it is made of is refused where it holds control bytes.
 * CDP_EINVAL, CDP_ENOMEM. */
int cdp__ask_write(cdp__buf *out, const cdp__ask *ask);

/* A fresh key: base64 of 16 random bytes, and a NUL.  CDP_EIO. */
int cdp__ask_key(char out[25]);

/* 0: these defaults. */
typedef struct cdp__reply_limits {
    size_t head; /* bytes of all headers; 16 KiB */
    size_t body; /* 16 MiB */
    const cdp_allocator *allocator;
} cdp__reply_limits;

typedef struct cdp__reply cdp__reply;

/* key: what the request had, or NULL.  NULL: no memory. */
cdp__reply *cdp__reply_new(const char *key, const cdp__reply_limits *limits);
void cdp__reply_free(cdp__reply *r);

/* Reads bytes; *used: how many were taken.  1: the reply is complete (of a handshake: accepted,
 * what follows is the WebSocket's); 0: more is needed; CDP_EPROTO (malformed, over a limit, not
 * what was asked for; redirects are not followed: see cdp__reply_why()), CDP_ENOMEM.  len == 0: the
 * peer ended the connection, which completes some replies. */
int cdp__reply_feed(cdp__reply *r, const char *bytes, size_t len, size_t *used);

/* Once it is complete, or has failed. */
int cdp__reply_status(const cdp__reply *r); /* 200; 0: none was read */
cdp_str cdp__reply_body(const cdp__reply *r);
const char *
cdp__reply_why(const cdp__reply *r); /* a sentence; without control bytes, whatever the peer sent */

#endif /* CDP_NET_REPLY_H */
