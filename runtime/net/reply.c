/*
 * reply.c - see reply.h.
 *
 * llhttp finds the parts of a reply and has no limits, so until its head is complete it is never
 * given more bytes than a head may have; after that the body is counted, and what stands between
 * its chunks.
 */
#include "reply.h"

#include "header.h"
#include "text.h"
#include "ws.h"

#include <cdp_llhttp.h>
#include <openssl/rand.h>
#include <stdio.h>

/* ---- requests ----------------------------------------------------------- */

static bool visible(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s >= 0x7f)
            return false;
    return true;
}

/* Headers that are ours to write. */
static bool is_ours(cdp_str name)
{
    static const char *const ours[] = { "host", "connection", "upgrade", "content-length",
                                        "transfer-encoding" };
    const size_t n = sizeof "sec-websocket-" - 1;

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (cdp__word_same(name, ours[i]))
            return true;
    return name.len >= n && cdp__word_same(cdp_sn(name.ptr, n), "sec-websocket-");
}

/* "Name: value", of a name as RFC 9110, 5.6.2 has it. */
static bool header_ok(const char *line)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    const size_t n = strcspn(line, ":");

    if (n == 0 || line[n] != ':' || is_ours(cdp_sn(line, n)))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char low = (char)(line[i] | 0x20);
        if (!(low >= 'a' && low <= 'z') && !(line[i] >= '0' && line[i] <= '9') &&
            !strchr(marks, line[i]))
            return false;
    }
    for (const char *p = line + n; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

static bool ask_ok(const cdp__ask *ask)
{
    if (ask->path[0] != '/' || !visible(ask->path) || !visible(ask->authority) ||
        (ask->token && (!ask->token[0] || !visible(ask->token))))
        return false;
    for (const char *const *h = ask->headers; h && *h; h++)
        if (!header_ok(*h))
            return false;
    return true;
}

static void put(cdp__buf *out, const char *s)
{
    cdp__buf_put(out, s, strlen(s));
}

int cdp__ask_write(cdp__buf *out, const cdp__ask *ask)
{
    const size_t before = out->len;

    if (!ask_ok(ask))
        return CDP_EINVAL;
    put(out, ask->method);
    put(out, " ");
    put(out, ask->path);
    put(out, " HTTP/1.1\r\nHost: ");
    put(out, ask->authority);
    if (ask->key) {
        put(out, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
        put(out, ask->key);
    } else {
        put(out, "\r\nConnection: close");
    }
    if (ask->token) {
        put(out, "\r\nAuthorization: Bearer ");
        put(out, ask->token);
    }
    for (const char *const *h = ask->headers; h && *h; h++) {
        put(out, "\r\n");
        put(out, *h);
    }
    put(out, "\r\n\r\n");
    if (!out->failed)
        return 0;
    out->len = before;
    out->failed = false;
    return CDP_ENOMEM;
}

int cdp__ask_key(char out[25])
{
    uint8_t bytes[16];

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return CDP_EIO;
    out[cdp__base64_encode(out, bytes, sizeof bytes)] = 0;
    return 0;
}

/* ---- replies ------------------------------------------------------------ */

/* Headers that matter here. */
enum { UPGRADE, CONNECTION, ACCEPT, EXTENSIONS, PROTOCOL, CODING, N_HEADERS };

static const char *const header_names[N_HEADERS] = {
    "upgrade",
    "connection",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "transfer-encoding",
};

enum {
    EXCERPT = 320, /* bytes of a body, in a sentence */
    OVERHEAD = 8   /* bytes that may stand around a byte of a body, in chunks */
};

struct cdp__http_reply {
    llhttp_t parser;
    cdp__reply_limits limits;
    char accept[29];  /* expected of a handshake; "": none was asked for */
    const char *from; /* what is being read, which taken does not count yet */
    size_t taken;
    cdp__headers headers;
    bool websocket, upgrade; /* tokens of Upgrade and Connection */
    bool interim;            /* the head that was read is 1xx: another comes */
    bool judged;             /* the last head was read */
    bool refused;            /* it refuses the handshake: the body may say why */
    int state;               /* what feeding returns */
    int status;
    cdp__buf body;
    char why[EXCERPT + 80];
};

/* Anything but 0 has llhttp stop. */
static int fail(cdp__http_reply *r, const char *why)
{
    r->state = CDP_EPROTO;
    snprintf(r->why, sizeof r->why, "%s", why);
    return -1;
}

static int no_memory(cdp__http_reply *r)
{
    r->state = CDP_ENOMEM;
    snprintf(r->why, sizeof r->why, "There is no memory for the reply.");
    return -1;
}

/* The body's first line that is not blank, as far as it has come. */
static cdp_str first_line(const cdp__http_reply *r)
{
    cdp_str s = cdp_sn(r->body.ptr, r->body.len < EXCERPT ? r->body.len : EXCERPT);
    size_t n = 0;

    while (s.len && (unsigned char)s.ptr[0] <= ' ')
        s.ptr++, s.len--;
    while (n < s.len && s.ptr[n] != '\n')
        n++;
    return cdp_sn(s.ptr, n);
}

/* The status, and the first line of the body where there is one. */
static void explain(cdp__http_reply *r)
{
    const cdp_str line = first_line(r);
    int n = snprintf(r->why, sizeof r->why, "The peer answered with status %d%s", r->status,
                     line.len ? ": " : "");

    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.ptr[i] >= 0x80)
            r->why[n++] = '?';
        else if (line.ptr[i] >= ' ' && line.ptr[i] < 0x7f)
            r->why[n++] = line.ptr[i];
    if (r->why[n - 1] != '.')
        r->why[n++] = '.';
    r->why[n] = 0;
}

/* ---- what llhttp calls -------------------------------------------------- */

static const char malformed[] = "The peer's reply is not well-formed HTTP.";
static const char scattered[] = "The body of the peer's reply comes in needlessly small pieces.";

static int on_header_field(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http_reply *r = parser->data;

    if (!r->judged)
        cdp__headers_name(&r->headers, p, n);
    return 0;
}

static int on_header_field_complete(llhttp_t *parser)
{
    cdp__http_reply *r = parser->data;

    return r->judged || cdp__headers_name_end(&r->headers) ? 0 : fail(r, malformed);
}

static int on_header_value(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http_reply *r = parser->data;

    return r->judged || cdp__headers_value(&r->headers, p, n) ? 0 : no_memory(r);
}

static int on_header_value_complete(llhttp_t *parser)
{
    cdp__http_reply *r = parser->data;

    if (r->judged)
        return 0;
    cdp__headers_value_end(&r->headers);
    const unsigned which = r->headers.current;
    if (which == UPGRADE)
        r->websocket |= cdp__word_same(cdp__headers_get(&r->headers, which), "websocket");
    else if (which == CONNECTION)
        r->upgrade |= cdp__word_listed(cdp__headers_get(&r->headers, which), "upgrade");
    return 0;
}

/* RFC 6455, 4.1. */
static int judge_handshake(cdp__http_reply *r)
{
    const cdp__headers *h = &r->headers;

    if (!r->accept[0])
        return fail(r, "The peer switches protocols, which it was not asked to.");
    if (r->parser.http_minor < 1)
        return fail(r, "The peer accepts the WebSocket in HTTP/1.0, which has none.");
    if (!r->websocket || h->values[UPGRADE].lines != 1)
        return fail(r, "The peer switches to another protocol than WebSocket.");
    if (!r->upgrade)
        return fail(r, "The peer accepts the WebSocket without \"Connection: Upgrade\".");
    if (h->values[ACCEPT].lines != 1 || !cdp_str_eq(cdp__headers_get(h, ACCEPT), cdp_s(r->accept)))
        return fail(r, "The peer's Sec-WebSocket-Accept does not fit the key that was sent.");
    if (h->values[EXTENSIONS].lines)
        return fail(r, "The peer wants WebSocket extensions, which were not offered.");
    if (h->values[PROTOCOL].lines)
        return fail(r, "The peer chose a WebSocket subprotocol, and none was offered.");
    r->state = 1;
    explain(r);
    return HPE_PAUSED;
}

static int on_headers_complete(llhttp_t *parser)
{
    cdp__http_reply *r = parser->data;

    r->status = parser->status_code;
    if (parser->http_major != 1)
        return fail(r, "The peer does not speak HTTP/1.x.");
    if (r->status < 100 || r->status > 599)
        return fail(r, "The peer's reply has no valid status.");
    if (r->status / 100 == 1 && r->status != 101) {
        r->interim = true;
        return HPE_PAUSED;
    }
    r->judged = true;
    if (r->status == 101)
        return judge_handshake(r);
    if (r->status / 100 == 3) {
        r->state = CDP_EPROTO;
        snprintf(r->why, sizeof r->why,
                 "The peer redirects (status %d), and redirects are not followed.", r->status);
        return HPE_PAUSED;
    }
    if ((parser->flags & F_TRANSFER_ENCODING) &&
        !cdp__word_same(cdp__headers_get(&r->headers, CODING), "chunked"))
        return fail(r, "The peer's reply has a transfer coding that was not asked for.");
    r->refused = r->accept[0] != 0;
    if (!r->refused && (parser->flags & F_CONTENT_LENGTH) &&
        parser->content_length > r->limits.body)
        return fail(r, "The body of the peer's reply is too long.");
    return 0;
}

/* Also where a refusal ends early: it is not read to its end. */
static int on_message_complete(llhttp_t *parser)
{
    cdp__http_reply *r = parser->data;

    r->state = r->refused ? CDP_EPROTO : 1;
    explain(r);
    return HPE_PAUSED;
}

/* Bytes up to p that are not the body's: there must be few. */
static bool overhead_ok(const cdp__http_reply *r, const char *p)
{
    const size_t other = r->taken + (size_t)(p - r->from) - r->body.len;

    return other <= r->limits.head || (other - r->limits.head) / OVERHEAD <= r->body.len;
}

static int on_body(llhttp_t *parser, const char *p, size_t n)
{
    cdp__http_reply *r = parser->data;
    const size_t room = (r->refused ? EXCERPT : r->limits.body) - r->body.len;

    if (!overhead_ok(r, p))
        return fail(r, scattered);
    if (n > room && !r->refused)
        return fail(r, "The body of the peer's reply is too long.");
    cdp__buf_put(&r->body, p, n < room ? n : room);
    if (r->body.failed)
        return no_memory(r);
    if (!r->refused)
        return 0;
    const cdp_str line = first_line(r);
    const bool whole = line.ptr + line.len < r->body.ptr + r->body.len;
    return whole || n >= room ? on_message_complete(parser) : 0;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- from the outside --------------------------------------------------- */

/* For the next head. */
static void start(cdp__http_reply *r)
{
    llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
    r->parser.data = r;
    cdp__headers_reset(&r->headers, SIZE_MAX);
    r->websocket = r->upgrade = r->interim = false;
}

cdp__http_reply *cdp__reply_new(const char *key, const cdp__reply_limits *limits)
{
    const cdp_allocator *allocator = limits ? limits->allocator : NULL;
    cdp__http_reply *r = cdp__alloc(allocator, sizeof *r);

    if (!r)
        return NULL;
    memset(r, 0, sizeof *r);
    if (limits)
        r->limits = *limits;
    if (!r->limits.head)
        r->limits.head = 16 << 10;
    if (!r->limits.body)
        r->limits.body = 16 << 20;
    r->body.allocator = r->headers.text.allocator = allocator;
    r->headers.names = header_names;
    r->headers.n_names = N_HEADERS;
    start(r);
    if (key && cdp__ws_accept(r->accept, key, strlen(key)) < 0) {
        cdp__reply_free(r);
        return NULL;
    }
    return r;
}

void cdp__reply_free(cdp__http_reply *r)
{
    if (!r)
        return;
    cdp__buf_free(&r->headers.text);
    cdp__buf_free(&r->body);
    cdp__dealloc(r->limits.allocator, r, sizeof *r);
}

static void peer_ended(cdp__http_reply *r)
{
    llhttp_finish(&r->parser); /* may call on_message_complete() */
    if (r->state != 0)
        return;
    if (r->refused)
        on_message_complete(&r->parser);
    else
        fail(r, r->taken ? "The peer ended the connection amid its reply."
                         : "The peer ended the connection without a reply.");
}

int cdp__reply_feed(cdp__http_reply *r, const char *bytes, size_t len, size_t *used)
{
    *used = 0;
    if (len == 0 && r->state == 0)
        peer_ended(r);
    while (r->state == 0 && *used < len) {
        const size_t room = r->judged ? len : r->limits.head - r->taken;
        size_t n = len - *used < room ? len - *used : room;
        if (n == 0) {
            fail(r, "The head of the peer's reply is too long.");
            break;
        }
        r->from = bytes + *used;
        const llhttp_errno_t e = llhttp_execute(&r->parser, r->from, n);
        if (e != HPE_OK)
            n = (size_t)(llhttp_get_error_pos(&r->parser) - r->from);
        if (r->state >= 0 && !overhead_ok(r, r->from + n))
            fail(r, scattered);
        r->taken += n;
        *used += n;
        if (r->interim)
            start(r);
        else if (e != HPE_OK && r->state == 0)
            fail(r, malformed);
    }
    return r->state;
}

int cdp__reply_status(const cdp__http_reply *r)
{
    return r->status;
}

cdp_str cdp__reply_body(const cdp__http_reply *r)
{
    return cdp_sn(r->body.len ? r->body.ptr : "", r->body.len);
}

const char *cdp__reply_why(const cdp__http_reply *r)
{
    return r->why;
}
