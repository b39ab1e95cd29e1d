/*
 * http.h - a server's side of HTTP/1.x, without I/O: request heads are read by llhttp, and judged.
 *
 * Only what an inspector needs: GET, no bodies, and the WebSocket handshake.
 */
#ifndef CDP_NET_HTTP_H
#define CDP_NET_HTTP_H

#include "buf.h"

/* 0: these defaults. */
typedef struct cdp__http_limits {
    size_t head;                    /* bytes of a request's head; 16 KiB */
    unsigned lines;                 /* of headers; 100 */
    size_t url;                     /* bytes; 512 */
    const cdp_allocator *allocator; /* NULL: realloc and free */
} cdp__http_limits;

/* What the peer may say it wants to reach, and where it may come from (security rules of the
 * inspector: loopback names and IP literals, no web pages).  Lists end in NULL; may be NULL. */
typedef struct cdp__http_policy {
    const char *const *hosts;   /* names allowed in Host besides localhost and IP literals */
    const char *const *origins; /* exact; besides devtools://devtools */
} cdp__http_policy;

/* A request's head; slices of the parser's memory, valid until the next feed. */
typedef struct cdp__http_request {
    int status;      /* 0: fine; else what it must be answered with: 400, 403, 405, 414, 426, 431 */
    const char *why; /* a sentence, when status is not 0 */
    cdp_str url;     /* as sent: path and query */
    cdp_str host;    /* "" if absent */
    cdp_str origin;  /* ptr NULL: absent */
    cdp_str bearer;  /* token of "Authorization: Bearer"; ptr NULL: absent */
    int minor;       /* of the version, HTTP/1.x */
    bool keep_alive; /* the peer wants more of this connection */
    bool upgrade;    /* a WebSocket handshake, valid if status is 0 */
    cdp_str key;     /* of the handshake */
} cdp__http_request;

typedef struct cdp__http cdp__http;

/* NULL: no memory. */
cdp__http *cdp__http_new(const cdp__http_limits *limits, const cdp__http_policy *policy);
void cdp__http_free(cdp__http *h);

/* Reads bytes up to the end of one head.  *used: how many were taken (behind an upgrade's head what
 * follows is the WebSocket's).  1: *req is complete (or bad: its status; nothing more can be read
 * then); 0: more is needed; CDP_ENOMEM. */
int cdp__http_feed(cdp__http *h, const char *bytes, size_t len, size_t *used,
                   cdp__http_request *req);

/* Are we amid a head? (False: idle between requests.) */
bool cdp__http_amid(const cdp__http *h);

/* The rules by themselves. */
bool cdp__http_host_ok(cdp_str host, const char *const *allowed);
bool cdp__http_origin_ok(cdp_str origin, const char *const *allowed);

#endif /* CDP_NET_HTTP_H */
