/*
 * http.c - see http.h.
 *
 * llhttp finds the parts of a head; those that matter are kept in h->text, and judged when the head
 * is complete.  llhttp has no limits, so it is never given more bytes than a head may still have.
 */
#include "http.h"

#include "text.h"

#include <arpa/inet.h>
#include <cdp_llhttp.h>

/* Headers that matter here. */
enum header { HOST, ORIGIN, AUTHORIZATION, UPGRADE, CONNECTION, WS_VERSION, WS_KEY, N_HEADERS };

static const char *const header_names[N_HEADERS] = {
    "host",
    "origin",
    "authorization",
    "upgrade",
    "connection",
    "sec-websocket-version",
    "sec-websocket-key",
};

enum {
    MAX_NAME = 24, /* longer than any of them */
    KEEP = 1024    /* of h->text, between requests */
};

typedef struct value {
    unsigned lines; /* headers of this name */
    size_t at, len; /* the last one's, in h->text */
} value;

struct cdp__http {
    llhttp_t parser;
    cdp__http_limits limits;
    cdp__http_policy policy;
    cdp__http_request req; /* status: as soon as something is wrong */
    size_t taken;          /* bytes of the head so far */
    bool complete, no_memory;
    unsigned lines;
    cdp__buf text; /* the url, then values */
    size_t url_len;
    char name[MAX_NAME]; /* of the current header, in lower case */
    size_t name_len;     /* may exceed that */
    int header;          /* which it is; N_HEADERS: another */
    value values[N_HEADERS];
    bool websocket, upgrade; /* tokens of Upgrade and Connection */
};

/* ---- text --------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same_word(cdp_str a, const char *b)
{
    if (a.len != strlen(b))
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b[i]))
            return false;
    return true;
}

static cdp_str trimmed(cdp_str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s.ptr++, s.len--;
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Is the word in the list, whose commas part it? */
static bool list_has(cdp_str list, const char *word)
{
    for (size_t from = 0, i = 0; i <= list.len; i++) {
        if (i < list.len && list.ptr[i] != ',')
            continue;
        if (same_word(trimmed(cdp_sn(list.ptr + from, i - from)), word))
            return true;
        from = i + 1;
    }
    return false;
}

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
    if (same_word(host, "localhost") || ipv4_ok(host))
        return true;
    for (; allowed && *allowed; allowed++)
        if (same_word(host, *allowed))
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

static int keep(cdp__http *h, const char *p, size_t n)
{
    cdp__buf_put(&h->text, p, n);
    h->no_memory = h->text.failed;
    return h->no_memory ? -1 : 0;
}

static int on_url(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http *h = parser->data;

    if (n > h->limits.url - h->url_len)
        return refuse(h, 414, "The request's URL is too long.");
    for (size_t i = 0; i < n; i++)
        if (p[i] <= ' ' || p[i] >= 0x7f)
            return refuse(h, 400, malformed); /* so says llhttp only in some versions */
    h->url_len += n;
    return keep(h, p, n);
}

static int on_header_field(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http *h = parser->data;

    for (size_t i = 0; i < n; i++, h->name_len++)
        if (h->name_len < MAX_NAME)
            h->name[h->name_len] = lower(p[i]);
    return 0;
}

static int on_header_field_complete(llhttp_t *parser)
{
    cdp__http *h = parser->data;
    const cdp_str name = { h->name, h->name_len < MAX_NAME ? h->name_len : 0 };

    if (h->name_len == 0)
        return refuse(h, 400, malformed);
    if (++h->lines > h->limits.lines)
        return refuse(h, 431, "The request has too many headers.");
    for (h->header = 0; h->header < N_HEADERS; h->header++)
        if (cdp_str_eq(name, cdp_s(header_names[h->header])))
            break;
    if (h->header < N_HEADERS) {
        h->values[h->header].lines++;
        h->values[h->header].at = h->text.len;
    }
    h->name_len = 0;
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http *h = parser->data;

    return h->header < N_HEADERS ? keep(h, p, n) : 0;
}

static int on_header_value_complete(llhttp_t *parser)
{
    cdp__http *h = parser->data;

    if (h->header == N_HEADERS)
        return 0;
    value *v = &h->values[h->header];
    v->len = h->text.len - v->at;
    const cdp_str s = cdp_sn(h->text.ptr + v->at, v->len);
    if (h->header == UPGRADE)
        h->websocket |= list_has(s, "websocket");
    else if (h->header == CONNECTION)
        h->upgrade |= list_has(s, "upgrade");
    return 0;
}

/* The value of a header that came; {NULL, 0}: none did. */
static cdp_str value_of(const cdp__http *h, enum header header)
{
    const value *v = &h->values[header];

    return v->lines ? trimmed(cdp_sn(h->text.ptr + v->at, v->len)) : cdp_sn(NULL, 0);
}

static cdp_str bearer_of(cdp_str authorization)
{
    const size_t n = sizeof "Bearer" - 1;

    if (authorization.len <= n || authorization.ptr[n] != ' ' ||
        !same_word(cdp_sn(authorization.ptr, n), "bearer"))
        return cdp_sn(NULL, 0);
    return trimmed(cdp_sn(authorization.ptr + n, authorization.len - n));
}

static int judge_handshake(cdp__http *h)
{
    cdp__http_request *req = &h->req;

    if (!h->upgrade)
        return refuse(h, 400, "A WebSocket handshake needs the header \"Connection: Upgrade\".");
    if (req->minor < 1)
        return refuse(h, 400, "A WebSocket handshake needs HTTP/1.1.");
    if (h->values[WS_VERSION].lines > 1)
        return refuse(h, 400, "The request has more than one Sec-WebSocket-Version header.");
    if (!cdp_str_eq(value_of(h, WS_VERSION), cdp_s("13")))
        return refuse(h, 426, "Only version 13 of the WebSocket protocol is spoken here.");
    if (h->values[WS_KEY].lines > 1)
        return refuse(h, 400, "The request has more than one Sec-WebSocket-Key header.");
    req->key = value_of(h, WS_KEY);
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
    req->url = cdp_sn(h->text.ptr, h->url_len);
    req->host = h->values[HOST].lines ? value_of(h, HOST) : cdp_s("");
    req->origin = value_of(h, ORIGIN);
    req->bearer = bearer_of(value_of(h, AUTHORIZATION));
    req->keep_alive = llhttp_should_keep_alive(parser) != 0;
    if (parser->http_major != 1)
        return refuse(h, 400, "Only HTTP/1.x is spoken here.");
    if (parser->method != HTTP_GET)
        return refuse(h, 405, "Only GET is allowed.");
    if (req->url.len == 0 || req->url.ptr[0] != '/')
        return refuse(h, 400, "The request's target must be a path.");
    if (parser->content_length != 0 || (parser->flags & F_TRANSFER_ENCODING) != 0)
        return refuse(h, 400, "A request must have no body.");
    if (h->values[HOST].lines > 1)
        return refuse(h, 400, "The request has more than one Host header.");
    if (!cdp__http_host_ok(req->host, h->policy.hosts))
        return refuse(h, 400,
                      "The Host header must be localhost, an IP address or an allowed name.");
    if (h->values[ORIGIN].lines > 1 || !cdp__http_origin_ok(req->origin, h->policy.origins))
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
    h->url_len = h->name_len = 0;
    h->header = N_HEADERS;
    h->websocket = h->upgrade = false;
    memset(&h->req, 0, sizeof h->req);
    memset(h->values, 0, sizeof h->values);
    cdp__buf_reset(&h->text, KEEP);
}

cdp__http *cdp__http_new(const cdp__http_limits *limits, const cdp__http_policy *policy)
{
    const cdp_allocator *allocator = limits ? limits->allocator : NULL;
    cdp__http *h = cdp__alloc(allocator, sizeof *h);

    if (!h)
        return NULL;
    memset(h, 0, sizeof *h);
    h->text.allocator = allocator;
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
    cdp__buf_free(&h->text);
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
