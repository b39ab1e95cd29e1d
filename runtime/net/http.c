/*
 * http.c - see http.h.
 *
 * llhttp finds the parts of a head; those that matter are kept, and judged when the head is
 * complete.  llhttp has no limits, so it is never given more bytes than a head may still have.
 */
#include "http.h"

#include "header.h"
#include "text.h"

#include <arpa/inet.h>
#include <cdp_llhttp.h>

/* Headers that matter here. */
enum { HOST, ORIGIN, AUTHORIZATION, UPGRADE, CONNECTION, WS_VERSION, WS_KEY, N_HEADERS };

static const char *const header_names[N_HEADERS] = {
    "host",
    "origin",
    "authorization",
    "upgrade",
    "connection",
    "sec-websocket-version",
    "sec-websocket-key",
};

enum { KEEP = 1024 /* of url and headers, between requests */ };

struct cdp__http {
    llhttp_t parser;
    cdp__http_limits limits;
    cdp__http_policy policy;
    cdp__http_request req; /* status: as soon as something is wrong */
    size_t taken;          /* bytes of the head so far */
    bool complete, no_memory;
    unsigned lines;
    cdp__buf url;
    cdp__headers headers;
    bool websocket, upgrade; /* tokens of Upgrade and Connection */
};

/* ---- rules -------------------------------------------------------------- */

/* Text for inet_pton(), which wants a NUL; false where no address is that long. */
static bool address(cdp_str s, char out[INET6_ADDRSTRLEN])
{
    if (s.len >= INET6_ADDRSTRLEN || (s.len && memchr(s.ptr, 0, s.len)))
        return false;
    memcpy(out, s.ptr, s.len);
    out[s.len] = 0;
    return true;
}

/* 0.0.0.0/8 reaches this machine, so a name may not stand behind it. */
static bool ipv4_ok(cdp_str s)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t a[4];

    return address(s, text) && inet_pton(AF_INET, text, a) == 1 && a[0] != 0;
}

static bool ipv6_ok(cdp_str s)
{
    static const uint8_t none[16], mapped[12] = { [10] = 0xff, [11] = 0xff };
    char text[INET6_ADDRSTRLEN];
    uint8_t a[16];

    if (!address(s, text) || inet_pton(AF_INET6, text, a) != 1 || memcmp(a, none, 16) == 0)
        return false;
    return memcmp(a, mapped, 12) != 0 || a[12] != 0;
}

/* s is nothing, or a colon and a port. */
static bool port_ok(cdp_str s)
{
    if (s.len == 0)
        return true;
    if (s.ptr[0] != ':' || s.len < 2 || s.len > 6)
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

bool cdp__http_host_ok(cdp_str host, const char *const *allowed)
{
    const bool brackets = host.len && host.ptr[0] == '[';
    size_t n = 0; /* of the name */

    if (host.len == 0)
        return true;
    while (n < host.len && host.ptr[n] != (brackets ? ']' : ':'))
        n++;
    if (brackets)
        return n < host.len && ipv6_ok(cdp_sn(host.ptr + 1, n - 1)) &&
               port_ok(cdp_sn(host.ptr + n + 1, host.len - n - 1));
    if (!port_ok(cdp_sn(host.ptr + n, host.len - n)))
        return false;
    host.len = n;
    if (cdp__word_same(host, "localhost") || ipv4_ok(host))
        return true;
    for (; allowed && *allowed; allowed++)
        if (cdp__word_same(host, *allowed))
            return true;
    return false;
}

bool cdp__http_origin_ok(cdp_str origin, const char *const *allowed)
{
    if (!origin.ptr || cdp_str_eq(origin, cdp_s("devtools://devtools")))
        return true;
    for (; allowed && *allowed; allowed++)
        if (cdp_str_eq(origin, cdp_s(*allowed)))
            return true;
    return false;
}

/* Base64 of 16 bytes. */
static bool key_ok(cdp_str key)
{
    uint8_t bytes[24 / 4 * 3 + 3];

    return key.len == 24 && cdp__base64_decode(bytes, key.ptr, key.len) == 16;
}

/* ---- what llhttp calls -------------------------------------------------- */

static const char malformed[] = "The request is not well-formed HTTP.";

/* Anything but 0 has llhttp stop. */
static int refuse(cdp__http *h, int status, const char *why)
{
    h->req.status = status;
    h->req.why = why;
    h->req.keep_alive = false;
    return -1;
}

static int no_memory(cdp__http *h)
{
    h->no_memory = true;
    return -1;
}

static int on_url(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http *h = parser->data;

    if (n > h->limits.url - h->url.len)
        return refuse(h, 414, "The request's URL is too long.");
    for (size_t i = 0; i < n; i++)
        if (p[i] <= ' ' || p[i] >= 0x7f)
            return refuse(h, 400, malformed); /* so says llhttp only in some versions */
    cdp__buf_put(&h->url, p, n);
    return h->url.failed ? no_memory(h) : 0;
}

static int on_header_field(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http *h = parser->data;

    cdp__headers_name(&h->headers, p, n);
    return 0;
}

static int on_header_field_complete(llhttp_t *parser)
{
    cdp__http *h = parser->data;

    if (!cdp__headers_name_end(&h->headers))
        return refuse(h, 400, malformed);
    if (++h->lines > h->limits.lines)
        return refuse(h, 431, "The request has too many headers.");
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http *h = parser->data;

    return cdp__headers_value(&h->headers, p, n) ? 0 : no_memory(h);
}

static int on_header_value_complete(llhttp_t *parser)
{
    cdp__http *h = parser->data;
    const unsigned which = h->headers.current;

    cdp__headers_value_end(&h->headers);
    if (which == UPGRADE)
        h->websocket |= cdp__word_listed(cdp__headers_get(&h->headers, which), "websocket");
    else if (which == CONNECTION)
        h->upgrade |= cdp__word_listed(cdp__headers_get(&h->headers, which), "upgrade");
    return 0;
}

static cdp_str bearer_of(cdp_str authorization)
{
    const size_t n = sizeof "Bearer" - 1;

    if (authorization.len <= n || authorization.ptr[n] != ' ' ||
        !cdp__word_same(cdp_sn(authorization.ptr, n), "bearer"))
        return cdp_sn(NULL, 0);
    return cdp__trimmed(cdp_sn(authorization.ptr + n, authorization.len - n));
}

static int judge_handshake(cdp__http *h)
{
    cdp__http_request *req = &h->req;

    if (!h->upgrade)
        return refuse(h, 400, "A WebSocket handshake needs the header \"Connection: Upgrade\".");
    if (req->minor < 1)
        return refuse(h, 400, "A WebSocket handshake needs HTTP/1.1.");
    if (h->headers.values[WS_VERSION].lines > 1)
        return refuse(h, 400, "The request has more than one Sec-WebSocket-Version header.");
    if (!cdp_str_eq(cdp__headers_get(&h->headers, WS_VERSION), cdp_s("13")))
        return refuse(h, 426, "Only version 13 of the WebSocket protocol is spoken here.");
    if (h->headers.values[WS_KEY].lines > 1)
        return refuse(h, 400, "The request has more than one Sec-WebSocket-Key header.");
    req->key = cdp__headers_get(&h->headers, WS_KEY);
    if (!key_ok(req->key))
        return refuse(h, 400, "Sec-WebSocket-Key must be 16 bytes in base64.");
    req->upgrade = true;
    return 0;
}

static int judge(cdp__http *h)
{
    const llhttp_t *parser = &h->parser;
    cdp__http_request *req = &h->req;

    req->minor = parser->http_minor;
    req->url = cdp_sn(h->url.ptr, h->url.len);
    req->host = h->headers.values[HOST].lines ? cdp__headers_get(&h->headers, HOST) : cdp_s("");
    req->origin = cdp__headers_get(&h->headers, ORIGIN);
    req->bearer = bearer_of(cdp__headers_get(&h->headers, AUTHORIZATION));
    req->keep_alive = llhttp_should_keep_alive(parser) != 0;
    if (parser->http_major != 1)
        return refuse(h, 400, "Only HTTP/1.x is spoken here.");
    if (parser->method != HTTP_GET)
        return refuse(h, 405, "Only GET is allowed.");
    if (req->url.len == 0 || req->url.ptr[0] != '/')
        return refuse(h, 400, "The request's target must be a path.");
    if (parser->content_length != 0 || (parser->flags & F_TRANSFER_ENCODING) != 0)
        return refuse(h, 400, "A request must have no body.");
    if (h->headers.values[HOST].lines > 1)
        return refuse(h, 400, "The request has more than one Host header.");
    if (!cdp__http_host_ok(req->host, h->policy.hosts))
        return refuse(h, 400,
                      "The Host header must be localhost, an IP address or an allowed name.");
    if (h->headers.values[ORIGIN].lines > 1 || !cdp__http_origin_ok(req->origin, h->policy.origins))
        return refuse(h, 403, "Requests of this origin are not allowed.");
    return h->websocket ? judge_handshake(h) : 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    cdp__http *h = parser->data;

    if (judge(h) < 0)
        return -1;
    h->complete = true;
    return 2; /* stop behind the head */
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
};

/* ---- requests ----------------------------------------------------------- */

/* For the next request. */
static void start(cdp__http *h)
{
    llhttp_init(&h->parser, HTTP_REQUEST, &settings);
    h->parser.data = h;
    h->taken = 0;
    h->complete = false;
    h->lines = 0;
    h->websocket = h->upgrade = false;
    memset(&h->req, 0, sizeof h->req);
    cdp__buf_reset(&h->url, KEEP);
    cdp__headers_reset(&h->headers, KEEP);
}

cdp__http *cdp__http_new(const cdp__http_limits *limits, const cdp__http_policy *policy)
{
    const cdp_allocator *allocator = limits ? limits->allocator : NULL;
    cdp__http *h = cdp__alloc(allocator, sizeof *h);

    if (!h)
        return NULL;
    memset(h, 0, sizeof *h);
    h->url.allocator = h->headers.text.allocator = allocator;
    h->headers.names = header_names;
    h->headers.n_names = N_HEADERS;
    if (limits)
        h->limits = *limits;
    if (policy)
        h->policy = *policy;
    if (!h->limits.head)
        h->limits.head = 16 << 10;
    if (!h->limits.lines)
        h->limits.lines = 100;
    if (!h->limits.url)
        h->limits.url = 512;
    start(h);
    return h;
}

void cdp__http_free(cdp__http *h)
{
    if (!h)
        return;
    cdp__buf_free(&h->url);
    cdp__buf_free(&h->headers.text);
    cdp__dealloc(h->limits.allocator, h, sizeof *h);
}

int cdp__http_feed(cdp__http *h, const char *bytes, size_t len, size_t *used,
                   cdp__http_request *req)
{
    *used = 0;
    if (h->complete)
        start(h);
    const size_t room = h->limits.head - h->taken, n = len < room ? len : room;
    if (!h->req.status && n) {
        const llhttp_errno_t e = llhttp_execute(&h->parser, bytes, n);
        *used = e == HPE_OK ? n : (size_t)(llhttp_get_error_pos(&h->parser) - bytes);
        h->taken += *used;
        if (h->no_memory)
            return CDP_ENOMEM;
        if (e != HPE_OK && !h->complete && !h->req.status)
            refuse(h, 400, malformed);
    }
    if (n < len && !h->complete && !h->req.status)
        refuse(h, 431, "The request's head is too long.");
    if (!h->req.status && !h->complete)
        return 0;
    *req = h->req;
    return 1;
}

bool cdp__http_amid(const cdp__http *h)
{
    return h->taken > 0 && !h->complete;
}
