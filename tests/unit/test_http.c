/*
 * test_http.c - request heads: well-formed, malformed and odd ones, limits, handshakes.
 *
 * Each row is fed in one piece, byte by byte, and split at every position.  What comes of it is a
 * line for each request: "GET" for a fine one, "WS" for a handshake, with what is in it, or a
 * status and why; then what was left unread, in parentheses.
 */
#include "support/plain_text.h"
#include "support/rig.h"

#include "../../runtime/net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct row {
    const char *rule, *bytes, *want;
} row;

static const char *const names[] = { "debuggee.example", NULL };
static const char *const origins[] = { "https://front.example", "null", NULL };
static const cdp__http_policy policy = { names, origins };

static size_t note(char *log, size_t room, const cdp__http_request *r)
{
    int n;

    if (r->status)
        n = snprintf(log, room, "%d %s\n", r->status, r->why);
    else
        n = snprintf(log, room, "%s 1.%d %.*s host=%.*s%s%.*s%s%.*s%s\n", r->upgrade ? "WS" : "GET",
                     r->minor, (int)r->url.len, r->url.ptr, (int)r->host.len, r->host.ptr,
                     r->origin.ptr ? " origin=" : "", (int)r->origin.len,
                     r->origin.ptr ? r->origin.ptr : "", r->upgrade ? " key=" : "", (int)r->key.len,
                     r->key.ptr ? r->key.ptr : "", r->keep_alive ? "" : " last");
    assert_true(n > 0 && (size_t)n < room);
    assert_true(r->status == 0 || !(r->upgrade || r->keep_alive));
    return (size_t)n;
}

static void run(const row *w, const cdp__http_limits *limits, size_t cut, size_t step)
{
    const size_t all = strlen(w->bytes);
    char log[2048] = "";
    size_t len = 0;
    cdp__http *h = cdp__http_new(limits, &policy);
    cdp__http_request r;
    int rc = 0;

    assert_non_null(h);
    for (size_t at = 0, used; at < all && !(rc == 1 && (r.status || r.upgrade)); at += used) {
        size_t n = at == 0 && cut ? cut : step;
        n = n < all - at ? n : all - at;
        char *piece = tight(w->bytes + at, n);
        rc = cdp__http_feed(h, piece, n, &used, &r);
        tight_free(piece); /* it has what it needs */
        assert_true(used <= n && (rc == 1 || (rc == 0 && used == n)));
        assert_true((rc == 1 && r.status) || cdp__http_amid(h) == (rc == 0));
        if (rc == 1)
            len += note(log + len, sizeof log - len, &r);
        if (rc == 1 && r.upgrade)
            snprintf(log + len, sizeof log - len, "(%s)", w->bytes + at + used);
    }
    if (rc == 1 && r.status) { /* it stays so */
        size_t used;
        const int status = r.status;
        assert_int_equal(cdp__http_feed(h, "GET / HTTP/1.1\r\n\r\n", 18, &used, &r), 1);
        assert_int_equal(used, 0);
        assert_int_equal(r.status, status);
    }
    if (strcmp(log, w->want) != 0)
        fail_msg("%s: %s\n cut at %zu by %zu:\n%s\n wanted:\n%s", w->rule, w->bytes, cut, step, log,
                 w->want);
    cdp__http_free(h);
}

static void check(const row *rows, size_t n, const cdp__http_limits *limits)
{
    for (const row *w = rows; w < rows + n; w++) {
        const size_t all = strlen(w->bytes);
        run(w, limits, 0, all + 1);
        run(w, limits, 0, 1);
        for (size_t cut = 1; cut < all; cut++)
            if (cut < 300 || all - cut < 300)
                run(w, limits, cut, all);
    }
}

#define CHECK(rows, limits) check(rows, sizeof(rows) / sizeof *(rows), limits)

#define GET "GET / HTTP/1.1\r\n"
#define BAD "400 The request is not well-formed HTTP.\n"
#define VERSION "400 Only HTTP/1.x is spoken here.\n"
#define METHOD "405 Only GET is allowed.\n"
#define PATH "400 The request's target must be a path.\n"
#define BODY "400 A request must have no body.\n"
#define HOSTS "400 The request has more than one Host header.\n"
#define HOST "400 The Host header must be localhost, an IP address or an allowed name.\n"
#define ORIGIN "403 Requests of this origin are not allowed.\n"

static void test_requests(void **state)
{
    static const row rows[] = {
        { "9112 2.1", GET "\r\n", "GET 1.1 / host=\n" },
        { "9112 2.1", "GET /json/list?t=1 HTTP/1.1\r\nHost: localhost:9229\r\n\r\n",
          "GET 1.1 /json/list?t=1 host=localhost:9229\n" },
        { "9112 2.1", "GET / HTTP/1.0\r\n\r\n", "GET 1.0 / host= last\n" },
        { "9112 2.2", "\r\n\r\n" GET "\r\n", "GET 1.1 / host=\n" },
        { "9112 9.3", GET "Connection: close\r\n\r\n", "GET 1.1 / host= last\n" },
        { "9112 9.3", GET "connection: CLOSE\r\n\r\n", "GET 1.1 / host= last\n" },
        { "9112 9.3", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET 1.0 / host=\n" },
        { "9112 9.3.2", GET "\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.0\r\n\r\n",
          "GET 1.1 / host=\nGET 1.1 /b host=\nGET 1.0 /c host= last\n" },
        { "9112 9.3.2", GET "Host: localhost\r\n\r\n" GET "\r\n",
          "GET 1.1 / host=localhost\nGET 1.1 / host=\n" },
        { "9112 9.3.2", GET "\r\nPOST / HTTP/1.1\r\n\r\n", "GET 1.1 / host=\n" METHOD },
        { "9110 5.1", GET "hOST: localhost\r\n\r\n", "GET 1.1 / host=localhost\n" },
        { "9110 5.5", GET "Host:localhost\r\n\r\n", "GET 1.1 / host=localhost\n" },
        { "9110 5.5", GET "Host: \t localhost \t \r\n\r\n", "GET 1.1 / host=localhost\n" },
        { "9110 5.5", GET "X-Empty:\r\nX: \xc3\xa9\r\n\r\n", "GET 1.1 / host=\n" },
        { "9110 5.1", GET "Hos: a\r\nHostt: b\r\nX-Host: c\r\n\r\n", "GET 1.1 / host=\n" },
        { "9110 5.1", GET "A-name-that-is-longer-than-any-of-those-that-matter-here: x\r\n\r\n",
          "GET 1.1 / host=\n" },
        { "9110 7.8",
          GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
          "GET 1.1 / host=\n" },
        { "9110 7.8", GET "Connection: Upgrade\r\n\r\n", "GET 1.1 / host=\n" },
        { "9110 8.6", GET "Content-Length: 0\r\n\r\n", "GET 1.1 / host=\n" },
        { "9110 10.1.1", GET "Expect: 100-continue\r\n\r\n", "GET 1.1 / host=\n" },
        { "9112 3.2.1",
          "GET /"
          "%0d%0a HTTP/1.1\r\n\r\n",
          "GET 1.1 /%0d%0a host=\n" },
        /* begun */
        { "9112 2.1", "", "" },
        { "9112 2.1", "\r\n", "" },
        { "9112 2.1", "G", "" },
        { "9112 2.1", GET "Host: evil.example\r\n", "" },
        { "9112 2.1", GET "\r", "" },
    };

    (void)state;
    CHECK(rows, NULL);
}

static void test_malformed(void **state)
{
    static const row rows[] = {
        { "9112 3", "\x16\x03\x01\x02", BAD }, /* TLS */
        { "9112 3", "hello\r\n\r\n", BAD },
        { "9112 3", " GET / HTTP/1.1\r\n\r\n", BAD },
        { "9112 3", "get / HTTP/1.1\r\n\r\n", BAD },
        { "9112 3", "FETCH / HTTP/1.1\r\n\r\n", BAD },
        { "9112 3", "GET  HTTP/1.1\r\n\r\n", BAD },
        { "9112 3", "GET /a b HTTP/1.1\r\n\r\n", BAD },
        { "9112 2.3", "GET / HTTPS/1.1\r\n\r\n", BAD },
        { "9112 2.3", "GET / HTTP/3.0\r\n\r\n", BAD },
        { "9112 2.3", "GET / HTTP/11\r\n\r\n", BAD },
        { "9112 2.3", "GET / HTTP/x.y\r\n\r\n", BAD },
        { "9112 2.3", "GET / HTTP/2.0\r\n\r\n", VERSION },
        { "9112 2.3", "GET / HTTP/0.9\r\n\r\n", VERSION },
        { "9112 2.3", "GET /\r\n\r\n", VERSION },
        { "9113 3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD },
        { "9112 5.1", GET "Host : localhost\r\n\r\n", BAD },
        { "9112 5.1", GET "Host : evil.example\r\n\r\n", BAD },
        { "9112 5.1", GET "Ho st: evil.example\r\n\r\n", BAD },
        { "9112 5.1", GET "X\r\n\r\n", BAD },
        { "9112 5.1", GET ": x\r\n\r\n", BAD },
        { "9112 5.1", GET ":\r\n\r\n", BAD },
        { "9112 5.1", GET "H\xc3\xb6st: x\r\n\r\n", BAD },
        { "9112 5.1", GET "Ho@st: x\r\n\r\n", BAD },
        { "9110 5.5", GET "X: a\rb\r\n\r\n", BAD },
        { "9112 2.2", GET "\rX", BAD },
        { "9112 2.2", "GET / HTTP/1.1\n\rX", BAD },
        { "9112 2.2", "GET / HTTP/1.1\r\r\n", BAD },
        { "9112 2.2", GET "Host: localhost\nHost: evil.example\r\n\r\n", BAD },
        { "9112 2.2", GET "X: a\r\n b\rHost: evil.example\r\n\r\n", BAD },
        { "9110 5.5",
          GET "X: a\x01"
              "b\r\n\r\n",
          BAD },
        { "9110 5.5",
          GET "X: a\x7f"
              "b\r\n\r\n",
          BAD },
        { "9112 3.2.1", "GET /\xc3\xa9 HTTP/1.1\r\n\r\n", BAD },
        { "9112 3.2.1", "GET /\x7f HTTP/1.1\r\n\r\n", BAD },
        { "9112 3.2.2", "GET http://localhost/json HTTP/1.1\r\n\r\n", PATH },
        { "9112 3.2.2", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", PATH },
        { "9112 3.2.4", "GET * HTTP/1.1\r\n\r\n", PATH },
        { "9112 3.2", "GET json HTTP/1.1\r\n\r\n", BAD },
        { "9110 9", "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", METHOD },
        { "9110 9", "HEAD / HTTP/1.1\r\n\r\n", METHOD },
        { "9110 9", "PUT /json/new HTTP/1.1\r\n\r\n", METHOD },
        { "9110 9", "DELETE / HTTP/1.1\r\n\r\n", METHOD },
        { "9110 9", "OPTIONS * HTTP/1.1\r\n\r\n", METHOD },
        { "9110 9", "OPTIONS / HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n", METHOD },
        { "9110 9", "TRACE / HTTP/1.1\r\n\r\n", METHOD },
        { "9110 9", "CONNECT localhost:9229 HTTP/1.1\r\n\r\n", METHOD },
        { "9110 9", "PATCH / HTTP/1.1\r\n\r\n", METHOD },
        { "9112 6", GET "Content-Length: 1\r\n\r\nx", BODY },
        { "9112 6", GET "Content-Length: 18446744073709551615\r\n\r\n", BODY },
        { "9112 6", GET "Content-Length: 18446744073709551616\r\n\r\n", BAD },
        { "9112 6", GET "Content-Length: -1\r\n\r\n", BAD },
        { "9112 6", GET "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", BAD },
        { "9112 6", GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BODY },
        { "9112 6", GET "Transfer-Encoding: gzip, chunked\r\n\r\n", BODY },
        { "9112 6", GET "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", BAD },
        { "9112 6", GET "\r\n" GET "Content-Length: 5\r\n\r\nhello", "GET 1.1 / host=\n" BODY },
    };

    (void)state;
    CHECK(rows, NULL);
}

#define WS_1 "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define WS_2 "Sec-WebSocket-Version: 13\r\n"
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_3 "Sec-WebSocket-Key: " KEY "\r\n"
#define OK "WS 1.1 / host= key=" KEY "\n"
#define NO_UPGRADE "400 A WebSocket handshake needs the header \"Connection: Upgrade\".\n"
#define WS_VERSION "426 Only version 13 of the WebSocket protocol is spoken here.\n"
#define WS_KEY "400 Sec-WebSocket-Key must be 16 bytes in base64.\n"
#define WITH_KEY(key) GET WS_1 WS_2 "Sec-WebSocket-Key: " key "\r\n\r\n"

static void test_handshakes(void **state)
{
    static const row rows[] = {
        { "6455 4.1", "GET /ws/0 HTTP/1.1\r\nHost: 127.0.0.1:9229\r\n" WS_1 WS_2 WS_3 "\r\n",
          "WS 1.1 /ws/0 host=127.0.0.1:9229 key=" KEY "\n()" },
        { "6455 4.1", GET WS_1 WS_2 WS_3 "\r\nfirst frames", OK "(first frames)" },
        { "6455 4.1", GET WS_1 WS_2 WS_3 "\r\n" GET "\r\n", OK "(" GET "\r\n)" },
        { "6455 4.1", GET "\r\n" GET WS_1 WS_2 WS_3 "\r\nx", "GET 1.1 / host=\n" OK "(x)" },
        { "6455 4.1", GET "CONNECTION: uPGRADE\r\nUPGRADE: WebSocket\r\n" WS_2 WS_3 "\r\n",
          OK "()" },
        { "6455 4.1",
          GET "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" WS_2 WS_3 "\r\n",
          OK "()" },
        { "6455 4.1",
          GET "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" WS_2 WS_3
              "\r\n",
          OK "()" },
        { "6455 4.1", GET "Connection: ,upgrade\t,\r\nUpgrade: h2c, websocket\r\n" WS_2 WS_3 "\r\n",
          OK "()" },
        { "6455 4.1", GET WS_1 WS_2 WS_3 "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
          OK "()" },
        { "6455 4.1", GET WS_1 "Sec-WebSocket-Version: 13 \r\n" WS_3 "\r\n", OK "()" },
        { "6455 4.1", "GET / HTTP/1.0\r\n" WS_1 WS_2 WS_3 "\r\n",
          "400 A WebSocket handshake needs HTTP/1.1.\n" },
        { "6455 4.1",
          GET
          "Connection: Upgrade\r\nConnection: x\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n" WS_2 WS_3
          "\r\n",
          OK "()" },
        { "6455 4.1", "POST / HTTP/1.1\r\n" WS_1 WS_2 WS_3 "\r\n", METHOD },
        { "6455 4.1", GET "Upgrade: websocket\r\n" WS_2 WS_3 "\r\n", NO_UPGRADE },
        { "6455 4.1", GET "Connection: keep-alive\r\nUpgrade: websocket\r\n" WS_2 WS_3 "\r\n",
          NO_UPGRADE },
        { "6455 4.1", GET "Connection: Upgraded\r\nUpgrade: websocket\r\n" WS_2 WS_3 "\r\n",
          NO_UPGRADE },
        { "6455 4.1", GET "Connection: Up grade\r\nUpgrade: websocket\r\n" WS_2 WS_3 "\r\n",
          NO_UPGRADE },
        { "6455 4.2.1", GET "Connection: Upgrade\r\n" WS_2 WS_3 "\r\n", "GET 1.1 / host=\n" },
        { "6455 4.2.1", GET "Connection: Upgrade\r\nUpgrade: websockets\r\n" WS_2 WS_3 "\r\n",
          "GET 1.1 / host=\n" },
        { "6455 4.2.1", GET "Connection: Upgrade\r\nUpgrade: web socket\r\n" WS_2 WS_3 "\r\n",
          "GET 1.1 / host=\n" },
        { "6455 4.4", GET WS_1 WS_3 "\r\n", WS_VERSION },
        { "6455 4.4", GET WS_1 "Sec-WebSocket-Version:\r\n" WS_3 "\r\n", WS_VERSION },
        { "6455 4.4", GET WS_1 "Sec-WebSocket-Version: 8\r\n" WS_3 "\r\n", WS_VERSION },
        { "6455 4.4", GET WS_1 "Sec-WebSocket-Version: 013\r\n" WS_3 "\r\n", WS_VERSION },
        { "6455 4.4", GET WS_1 "Sec-WebSocket-Version: 13, 8\r\n" WS_3 "\r\n", WS_VERSION },
        { "6455 4.4", GET WS_1 "Sec-WebSocket-Version: 14\r\n" WS_3 "\r\n", WS_VERSION },
        { "6455 11.3.5", GET WS_1 WS_2 WS_2 WS_3 "\r\n",
          "400 The request has more than one Sec-WebSocket-Version header.\n" },
        { "6455 11.3.1", GET WS_1 WS_2 WS_3 WS_3 "\r\n",
          "400 The request has more than one Sec-WebSocket-Key header.\n" },
        { "6455 4.2.1", GET WS_1 WS_2 "\r\n", WS_KEY },
        { "6455 4.2.1", WITH_KEY(""), WS_KEY },
        { "6455 4.2.1", WITH_KEY("abc"), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25jZQ"), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25jZQ="), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25jZWU="), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25jZWVl"), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25jZWVlZQ=="), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25j-_=="), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25 ZQ=="), WS_KEY },
        { "6455 4.2.1", WITH_KEY("dGhlIHNhbXBsZSBub25==Q=="), WS_KEY },
        { "6455 4.2.1", GET "Host: evil.example\r\n" WS_1 WS_2 WS_3 "\r\n", HOST },
        { "6455 10.2", GET "Origin: http://evil.example\r\n" WS_1 WS_2 WS_3 "\r\n", ORIGIN },
        { "6455 10.2", GET "Origin: devtools://devtools\r\n" WS_1 WS_2 WS_3 "\r\n",
          "WS 1.1 / host= origin=devtools://devtools key=" KEY "\n()" },
        { "6455 4.1", GET WS_1 WS_2 WS_3 "Content-Length: 2\r\n\r\n", BODY },
    };

    (void)state;
    CHECK(rows, NULL);
}

/* ---- limits ------------------------------------------------------------- */

#define LONG_HEAD "431 The request's head is too long.\n"
#define LINES "431 The request has too many headers.\n"
#define URL "414 The request's URL is too long.\n"

static void test_limits(void **state)
{
    static const cdp__http_limits limits = { .head = 64, .lines = 3, .url = 8 };
    static const row rows[] = {
        { "url", "GET /2345678 HTTP/1.1\r\n\r\n", "GET 1.1 /2345678 host=\n" },
        { "url", "GET /23456789 HTTP/1.1\r\n\r\n", URL },
        { "url", "GET /23456789", URL },
        { "lines", GET "a:\r\nb:\r\nc:\r\n\r\n", "GET 1.1 / host=\n" },
        { "lines", GET "a:\r\nb:\r\nc:\r\nd:\r\n\r\n", LINES },
        { "lines", GET "a:\r\na:\r\na:\r\na:", LINES },
        { "lines", GET "a:\r\nb:\r\nc:\r\n\r\n" GET "a:\r\nb:\r\nc:\r\n\r\n",
          "GET 1.1 / host=\nGET 1.1 / host=\n" },
        { "head", GET "abcdefgh: 3456789012345678901234567890123456\r\n\r\n", "GET 1.1 / host=\n" },
        { "head", GET "abcdefgh: 34567890123456789012345678901234567\r\n\r\n", LONG_HEAD },
        { "head", GET "abcdefgh: 34567890123456789012345678901234567890", "" },
        { "head", GET "abcdefgh: 345678901234567890123456789012345678901", LONG_HEAD },
        { "head", GET "a-name-that-does-not-end-and-does-not-end-and-does-not", LONG_HEAD },
        { "head",
          "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
          "\r\n\r\n\r\n\r\n" GET "\r\n",
          LONG_HEAD },
        { "head", GET "x: 1\r\n\r\n" GET "abcdefgh: 3456789012345678901234567890123456\r\n\r\n",
          "GET 1.1 / host=\nGET 1.1 / host=\n" },
    };
    static const cdp__http_limits tiny = { .head = 1, .url = 1 };
    static const row one_byte[] = {
        { "head", GET "\r\n", LONG_HEAD },
        { "head", "\r\n", LONG_HEAD },
    };

    (void)state;
    CHECK(rows, &limits);
    CHECK(one_byte, &tiny);
}

/* What there is to be paid where nobody has set a limit. */
static int default_limit(size_t url, unsigned lines, size_t value)
{
    cdp__http *h = cdp__http_new(NULL, NULL);
    char *head = malloc(url + lines * 8u + value + 100), *p = head;
    cdp__http_request r = { .status = 0 };
    size_t used;

    p += sprintf(p, "GET /");
    memset(p, 'u', url - 1), p += url - 1;
    p += sprintf(p, " HTTP/1.1\r\n");
    for (unsigned i = 1; i < lines; i++)
        p += sprintf(p, "a: b\r\n");
    p += sprintf(p, "Host: ");
    memset(p, ' ', value), p += value;
    p += sprintf(p, "localhost\r\n\r\n");
    char *copy = tight(head, (size_t)(p - head));
    assert_int_equal(cdp__http_feed(h, copy, (size_t)(p - head), &used, &r), 1);
    tight_free(copy);
    free(head);
    cdp__http_free(h);
    return r.status;
}

static void test_default_limits(void **state)
{
    (void)state;
    assert_int_equal(default_limit(512, 100, 0), 0);
    assert_int_equal(default_limit(513, 1, 0), 414);
    assert_int_equal(default_limit(60000, 1, 0), 414);
    assert_int_equal(default_limit(1, 101, 0), 431);
    assert_int_equal(default_limit(1, 10000, 0), 431);
    assert_int_equal(default_limit(1, 1, 16 * 1024 - 35), 0);
    assert_int_equal(default_limit(1, 1, 16 * 1024 - 34), 431);
    assert_int_equal(default_limit(1, 1, 1000000), 431); /* all in one read */
}

/* ---- no memory ---------------------------------------------------------- */

static void scenario(rig_heap *heap)
{
    static const char text[] = GET
        "Host: localhost\r\n\r\n"
        "GET /a/long/url/a/long/url/a/long/url/a/long/url/a/long/url/a/long/url/a/long/url "
        "HTTP/1.1\r\n"
        "Connection: one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve\r\n"
        "Origin: https://front.example\r\nHost: debuggee.example\r\nConnection:"
        "                                                                             Upgrade\r\n"
        "Upgrade: h2c, something, something, something, something, something, websocket\r\n" WS_2
            WS_3 "\r\n";
    const cdp__http_limits limits = { .allocator = &heap->allocator };
    cdp__http *h = cdp__http_new(&limits, &policy);
    cdp__http_request r = { .status = 0 };
    int rc = h ? 0 : CDP_ENOMEM;

    assert_true(h || heap->failures);
    for (size_t at = 0, used; rc >= 0 && at < sizeof text - 1; at += used) {
        rc = cdp__http_feed(h, text + at, sizeof text - 1 - at < 50 ? sizeof text - 1 - at : 50,
                            &used, &r);
        assert_true(rc == 0 || (rc == 1 && r.status == 0) || (rc == CDP_ENOMEM && heap->failures));
        if (rc == CDP_ENOMEM)
            assert_int_equal(cdp__http_feed(h, text, 1, &used, &r), CDP_ENOMEM);
    }
    assert_true(rc == CDP_ENOMEM || r.upgrade);
    cdp__http_free(h);
}

static void test_no_memory(void **state)
{
    rig_heap heap;
    size_t at = 0;

    (void)state;
    do {
        rig_heap_init(&heap);
        heap.fail_at = ++at;
        scenario(&heap);
        assert_int_equal(heap.blocks, 0);
    } while (heap.failures);
    assert_true(at > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),       cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_handshakes),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_default_limits), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
