/*
 * url.h - what cdp_connect() is told: where a peer is, and what of it is wanted.
 */
#ifndef CDP_NET_URL_H
#define CDP_NET_URL_H

#include "msg.h"

/* All parts are NUL-terminated copies in one allocation. */
typedef struct cdp__url {
    bool web_socket; /* ws, wss: path is the target's; else it is to be discovered */
    bool tls;        /* wss, https */
    bool local;      /* unix: host is a file, port 0 */
    char *host;      /* name or address, without brackets */
    char *authority; /* for the Host header: "host:port", "[::1]:9229"; "localhost" for unix: */
    char *path;      /* of a WebSocket: "/devtools/page/1", with its query; else the id or "" */
    uint16_t port;   /* what stands there, or the scheme's: 80, 443 */
    size_t size;     /* of the allocation */
    void *memory;
} cdp__url;

/* What cdp_connect() takes.  CDP_EINVAL with *why, a static sentence; CDP_ENOMEM.  Control bytes,
 * blanks, credentials, fragments, ports out of range and schemes that are not ours are refused
 * (but for blanks and # in a file's name).  unix:FILE:/PATH is that WebSocket, unix:FILE is to be
 * discovered. */
int cdp__url_parse(cdp__url *out, const char *text, const cdp_allocator *a, const char **why);
void cdp__url_free(cdp__url *u, const cdp_allocator *a);

/* The path of a URL that a peer named (its host is not looked at): a slice of url, from "/" on;
 * empty if there is none, or if it holds anything but visible ASCII. */
cdp_str cdp__url_path(cdp_str url);

#endif /* CDP_NET_URL_H */
