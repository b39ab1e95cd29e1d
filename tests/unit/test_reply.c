/*
 * test_reply.c - what a client makes of replies: well-formed, malformed and hostile ones.
 *
 * Each row is fed in one piece, byte by byte, and split at every position, and then the peer ends
 * the connection.  What comes of it is the status with the body in brackets, "WS" for an accepted
 * handshake, or the sentence that tells what failed; then what was left unread, in parentheses.
 */
#include "support/plain_text.h"
#include "support/rig.h"

#include "../../runtime/net/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

typedef struct row {
    const char *bytes, *want;
} row;

static void describe(char *line, size_t room, const cdp__http_reply *r, int rc, bool handshake)
{
    const cdp_str body = cdp__reply_body(r);

    for (const char *p = cdp__reply_why(r); *p; p++)
        assert_true(*p >= ' ' && *p < 0x7f);
    if (rc == 1 && handshake)
        snprintf(line, room, "WS");
    else if (rc == 1)
        snprintf(line, room, "%d [%.*s]", cdp__reply_status(r), (int)body.len, body.ptr);
    else
        snprintf(line, room, "%s", rc == 0 ? "more" : cdp__reply_why(r));
    if (rc < 0)
        assert_int_equal(rc, CDP_EPROTO);
}

static void run(const row *w, const char *key, const cdp__reply_limits *limits, size_t cut,
                size_t step)
{
    const size_t all = strlen(w->bytes);
    cdp__http_reply *r = cdp__reply_new(key, limits);
    char line[1024];
    size_t at = 0, used;
    int rc = 0;

    assert_non_null(r);
    while (rc == 0 && at < all) {
        size_t n = at == 0 && cut ? cut : step;
        n = n < all - at ? n : all - at;
        char *piece = tight(w->bytes + at, n);
        rc = cdp__reply_feed(r, piece, n, &used);
        tight_free(piece); /* it has what it needs */
        assert_true(used <= n && (rc != 0 || used == n));
        at += used;
    }
    if (rc == 0)
        rc = cdp__reply_feed(r, NULL, 0, &used);
    assert_int_not_equal(rc, 0);
    describe(line, sizeof line - 300, r, rc, key);
    if (rc == 1 && at < all)
        snprintf(line + strlen(line), 300, " (%s)", w->bytes + at);
    if (strcmp(line, w->want) != 0)
        fail_msg("%s\n cut at %zu by %zu:\n%s\n wanted:\n%s", w->bytes, cut, step, line, w->want);
    /* It stays so. */
    assert_int_equal(cdp__reply_feed(r, "HTTP/1.1 200 OK\r\n\r\n", 19, &used), rc);
    assert_int_equal(used, 0);
    assert_int_equal(cdp__reply_feed(r, NULL, 0, &used), rc);
    cdp__reply_free(r);
}

static void check(const row *rows, size_t n, const char *key, const cdp__reply_limits *limits)
{
    for (const row *w = rows; w < rows + n; w++) {
        const size_t all = strlen(w->bytes);
        run(w, key, limits, 0, all + 1);
        run(w, key, limits, 0, 1);
        for (size_t cut = 1; cut < all; cut++)
            run(w, key, limits, cut, all);
    }
}

#define CHECK(rows, key, limits) check(rows, sizeof(rows) / sizeof *(rows), key, limits)

#define OK "HTTP/1.1 200 OK\r\n"
#define BAD "The peer's reply is not well-formed HTTP."
#define AMID "The peer ended the connection amid its reply."
#define STATUS "The peer's reply has no valid status."
#define VERSION "The peer does not speak HTTP/1.x."
#define CODING "The peer's reply has a transfer coding that was not asked for."
#define REDIRECT(code) "The peer redirects (status " code "), and redirects are not followed."
#define UNASKED "The peer switches protocols, which it was not asked to."

static void test_replies(void **state)
{
    static const row rows[] = {
        { OK "Content-Length: 5\r\n\r\nhello", "200 [hello]" },
        { OK "Content-Length: 5\r\n\r\nhello, world", "200 [hello] (, world)" },
        { OK "Content-Length: 0\r\n\r\nHTTP/1.1 404 x\r\n\r\n", "200 [] (HTTP/1.1 404 x\r\n\r\n)" },
        { OK "content-LENGTH:  3 \r\n\r\na\r\n", "200 [a\r\n]" },
        { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 [{}]" },
        { "HTTP/1.0 404 OK\r\nContent-Length: 0\r\n\r\n", "404 []" },
        { "HTTP/1.0 200 OK\r\n\r\nto the end\r\n", "200 [to the end\r\n]" },
        { "HTTP/1.0 200 OK\r\n\r\n", "200 []" },
        { OK "\r\nto the end", "200 [to the end]" },
        { OK "Connection: close\r\n\r\nto the end", "200 [to the end]" },
        { "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "200 [x]" },
        { "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", "200 [x]" },
        { "HTTP/1.1 200 All is well\xc3\xa9\r\nContent-Length: 1\r\n\r\nx", "200 [x]" },
        { OK "X: caf\xc3\xa9\r\nX-Empty:\r\nContent-Length: 1\r\n\r\nx", "200 [x]" },
        { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 [hello]" },
        { OK "Transfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nx",
          "200 [hello] (x)" },
        { OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 []" },
        { OK "Transfer-Encoding: chunked\r\n\r\n"
             "A;name=value\r\n0123456789\r\n00\r\nX-Trailer: y\r\nUpgrade: z\r\n\r\n",
          "200 [0123456789]" },
        { "HTTP/1.1 204 No Content\r\n\r\n", "204 []" },
        { "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno.\n", "403 [no.\n]" },
        { "HTTP/1.1 500 Internal Server Error\r\n\r\n", "500 []" },
        { "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", "599 []" },
        { "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "200 [x]" },
        { "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\nUpgrade: a\r\nConnection: close\r\n\r\n" OK
          "Content-Length: 1\r\n\r\nx",
          "200 [x]" },
        { "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK "\r\nx",
          "200 [x]" },
        { OK "Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\nx", "200 [x]" },
        { "\r\n" OK "Content-Length: 1\r\n\r\nx", "200 [x]" },
    };

    (void)state;
    CHECK(rows, NULL, NULL);
}

static void test_bad_replies(void **state)
{
    static const row rows[] = {
        { "", "The peer ended the connection without a reply." },
        { "H", AMID },
        { OK, AMID },
        { OK "Content-Length: 5\r\n", AMID },
        { OK "Content-Length: 5\r\n\r\nhell", AMID },
        { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", AMID },
        { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", AMID },
        { "HTTP/1.1 100 Continue\r\n\r\n", AMID },
        { "\x15\x03\x01\x00\x02\x02\x46", BAD }, /* a TLS alert */
        { "{\"id\":1}", BAD },
        { "SSH-2.0-OpenSSH_9.2\r\n", BAD },
        { "220 mail.example ESMTP\r\n", BAD },
        { "GET / HTTP/1.1\r\n\r\n", BAD },
        { "ICY 200 OK\r\n\r\n", BAD },
        { "http/1.1 200 OK\r\n\r\n", BAD },
        { "HTTPS/1.1 200 OK\r\n\r\n", BAD },
        { "HTTP/1.1\r\n\r\n", BAD },
        { "HTTP/1.1 OK\r\n\r\n", BAD },
        { "HTTP/1.1 20x OK\r\n\r\n", BAD },
        { "HTTP/1.1 -200 OK\r\n\r\n", BAD },
        { "HTTP/3.0 200 OK\r\n\r\n", BAD },
        { "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", VERSION },
        { "HTTP/0.9 200 OK\r\n\r\n", VERSION },
        { "HTTP/1.1 0 OK\r\nContent-Length: 0\r\n\r\n", STATUS },
        { "HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n", STATUS },
        { "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n", STATUS },
        { "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n", STATUS },
        { OK ": x\r\n\r\n", BAD },
        { OK "X\r\n\r\n", BAD },
        { OK "X : y\r\n\r\n", BAD },
        { OK "X: a\x01"
             "b\r\n\r\n",
          BAD },
        { OK "X: a\rb\r\n\r\n", BAD },
        { OK "X: a\nUpgrade: b\r\n\r\n", BAD },
        { OK "Content-Length: -1\r\n\r\n", BAD },
        { OK "Content-Length: x\r\n\r\n", BAD },
        { OK "Content-Length: 1 2\r\n\r\n", BAD },
        { OK "Content-Length: 18446744073709551616\r\n\r\n", BAD },
        { OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", BAD },
        { OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", BAD },
        { OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", BAD },
        { OK "Transfer-Encoding: gzip\r\n\r\nx", CODING },
        { OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", CODING },
        { OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", CODING },
        { OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", BAD },
        { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n", BAD },
        { OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n", BAD },
        { OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", BAD },
        { OK "Transfer-Encoding: chunked\r\n\r\n1 ;x\r\na\r\n0\r\n\r\n", BAD },
        { "HTTP/1.1 100 Continue\r\n\r\nGET / HTTP/1.1\r\n\r\n", BAD },
        { "HTTP/1.1 301 Moved\r\nLocation: http://evil.example/\r\n\r\n", REDIRECT("301") },
        { "HTTP/1.1 302 Found\r\nContent-Length: 3\r\n\r\nabc", REDIRECT("302") },
        { "HTTP/1.1 304 Not Modified\r\n\r\n", REDIRECT("304") },
        { "HTTP/1.1 308 x\r\nLocation: file:///etc/passwd\r\n\r\n", REDIRECT("308") },
        { "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", UNASKED },
        { "HTTP/1.1 101 x\r\n\r\n", UNASKED },
    };

    (void)state;
    CHECK(rows, NULL, NULL);
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define UP "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define FIT "The peer's Sec-WebSocket-Accept does not fit the key that was sent."
#define OTHER "The peer switches to another protocol than WebSocket."
#define NO_UPGRADE "The peer accepts the WebSocket without \"Connection: Upgrade\"."
#define EXTENSION "The peer wants WebSocket extensions, which were not offered."
#define SUBPROTOCOL "The peer chose a WebSocket subprotocol, and none was offered."
#define ANSWERED(code) "The peer answered with status " code

static void test_handshakes(void **state)
{
    static const row rows[] = {
        { SWITCH UP ACCEPT "\r\n", "WS" },
        { SWITCH UP ACCEPT "\r\n\x81\x02{}", "WS (\x81\x02{})" },
        { SWITCH UP ACCEPT "\r\nHTTP/1.1 200 OK\r\n\r\n", "WS (HTTP/1.1 200 OK\r\n\r\n)" },
        { SWITCH ACCEPT "connection: keep-alive, uPGRADE\r\nUPGRADE: WebSocket\r\n\r\n", "WS" },
        { SWITCH ACCEPT "Connection: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
          "WS" },
        { SWITCH UP "Sec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \t\r\n\r\n", "WS" },
        { SWITCH UP ACCEPT "Content-Length: 3\r\n\r\nabc", "WS (abc)" },
        { SWITCH UP ACCEPT "Transfer-Encoding: chunked\r\n\r\nabc", "WS (abc)" },
        { "HTTP/1.1 100 Continue\r\n\r\n" SWITCH UP ACCEPT "\r\nabc", "WS (abc)" },
        { "HTTP/1.1 101\r\n" UP ACCEPT "\r\n", "WS" },
        { "HTTP/1.0 101 x\r\n" UP ACCEPT "\r\n",
          "The peer accepts the WebSocket in HTTP/1.0, which has none." },
        { SWITCH UP "\r\n", FIT },
        { SWITCH UP "Sec-WebSocket-Accept: \r\n\r\n", FIT },
        { SWITCH UP "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n\r\n", FIT },
        { SWITCH UP "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", FIT },
        { SWITCH UP "Sec-WebSocket-Accept: " KEY "\r\n\r\n", FIT },
        { SWITCH UP ACCEPT ACCEPT "\r\n", FIT },
        { SWITCH UP "Sec-WebSocket-Accept-But-Longer: x\r\n\r\n", FIT },
        { SWITCH "Connection: Upgrade\r\n" ACCEPT "\r\n", OTHER },
        { SWITCH "Connection: Upgrade\r\nUpgrade: h2c\r\n" ACCEPT "\r\n", OTHER },
        { SWITCH "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" ACCEPT "\r\n", OTHER },
        { SWITCH UP "Upgrade: h2c\r\n" ACCEPT "\r\n", OTHER },
        { SWITCH "Upgrade: websocket\r\n" ACCEPT "\r\n", NO_UPGRADE },
        { SWITCH "Upgrade: websocket\r\nConnection: close\r\n" ACCEPT "\r\n", NO_UPGRADE },
        { SWITCH "Upgrade: websocket\r\nConnection: Upgraded\r\n" ACCEPT "\r\n", NO_UPGRADE },
        { SWITCH UP ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", EXTENSION },
        { SWITCH UP ACCEPT "Sec-WebSocket-Extensions:\r\n\r\n", EXTENSION },
        { SWITCH UP ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n", SUBPROTOCOL },
        { SWITCH UP ACCEPT "X: a\nb\r\n\r\n", BAD },
        { SWITCH UP ACCEPT, AMID },
        { OK "Content-Length: 2\r\n\r\n{}", ANSWERED("200") ": {}." },
        { OK "Content-Length: 0\r\n\r\n", ANSWERED("200") "." },
        { "HTTP/1.0 400 Bad Request\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n"
          "WebSockets request was expected\r\n",
          ANSWERED("400") ": WebSockets request was expected." },
        { "HTTP/1.1 403 Forbidden\r\nContent-Length: 23\r\n\r\n\r\n Use the flag.\nThe rest",
          ANSWERED("403") ": Use the flag." },
        { "HTTP/1.1 404 x\r\nContent-Length: 9\r\n\r\n\x1b[31mr\x7f\xc3\xa9",
          ANSWERED("404") ": [31mr??." },
        { "HTTP/1.1 500 x\r\nContent-Length: 99\r\n\r\nthe peer dies",
          ANSWERED("500") ": the peer dies." },
        { "HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n",
          ANSWERED("500") ": end." },
        { "HTTP/1.1 500 x\r\nContent-Length: 18446744073709551615\r\n\r\nmuch",
          ANSWERED("500") ": much." },
        { "HTTP/1.1 426 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
          ANSWERED("426") "." },
        { "HTTP/1.1 307 x\r\nLocation: ws://evil.example/\r\n\r\n", REDIRECT("307") },
        { "\x88\x02\x03\xe8", BAD },
    };

    (void)state;
    CHECK(rows, KEY, NULL);
}

/* ---- limits ------------------------------------------------------------------ */

#define LONG_HEAD "The head of the peer's reply is too long."
#define LONG_BODY "The body of the peer's reply is too long."
#define SCATTERED "The body of the peer's reply comes in needlessly small pieces."
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"

static void test_limits(void **state)
{
    static const cdp__reply_limits limits = { .head = 60, .body = 10 };
    static const row rows[] = {
        { OK "X: 012345678901234567890123456789012345\r\n\r\n", "200 []" }, /* 60 bytes */
        { OK "X: 0123456789012345678901234567890123456\r\n\r\n", LONG_HEAD },
        { OK "X: 0123456789012345678901234567890123456789x", LONG_HEAD },
        { OK "X-Name-That-Takes-All-The-Room-There-Is-And-A-Byte-More", LONG_HEAD },
        { "HTTP/1.1 200 A reason that takes more than there is room for.", LONG_HEAD },
        { OK "Upgrade: a\r\nUpgrade: b\r\nUpgrade: c\r\nUpgrade: d\r\n", LONG_HEAD },
        { "HTTP/1.1 100 a\r\n\r\nHTTP/1.1 100 b\r\n\r\n" OK "A: b\r\n\r\n", LONG_HEAD },
        { "HTTP/1.1 100 a\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "200 [x]" },
        { OK "Content-Length: 10\r\n\r\n0123456789x", "200 [0123456789] (x)" },
        { OK "Content-Length: 11\r\n\r\n", LONG_BODY },
        { OK "Content-Length: 18446744073709551615\r\n\r\n", LONG_BODY },
        { OK "\r\n0123456789", "200 [0123456789]" },
        { OK "\r\n01234567890", LONG_BODY },
        { CHUNKS "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", "200 [0123456789]" },
        { CHUNKS "5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n", LONG_BODY },
        { CHUNKS "fffffffffffffff\r\n0123456789", AMID },
        { CHUNKS "fffffffffffffff\r\n01234567890", LONG_BODY },
        { CHUNKS "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\n", "200 [abcde]" },
        { CHUNKS "1;a=01234567890123456789\r\nx\r\n0\r\n\r\n", SCATTERED },
        { CHUNKS "1;a=01234567890123456789\r\nx\r\n9\r\n012345678\r\n0\r\n\r\n", SCATTERED },
        { CHUNKS "0000000000000000000001\r\nx\r\n0\r\n\r\n", SCATTERED },
        { CHUNKS "0\r\nTrailer: 0123456789\r\n\r\n", SCATTERED },
        { CHUNKS "2\r\nab\r\n0\r\nA: 01234567890123456789012345\r\n\r\n", SCATTERED },
    };
    static char text[2000];

    (void)state;
    CHECK(rows, NULL, &limits);

    /* Of a refusal only the first line is waited for, and not for ever. */
    const size_t n = (size_t)snprintf(text, sizeof text, "HTTP/1.1 500 x\r\n\r\n%01000d", 0);
    cdp__http_reply *r = cdp__reply_new(KEY, NULL);
    size_t used;
    assert_int_equal(cdp__reply_feed(r, text, n, &used), CDP_EPROTO);
    assert_int_equal(cdp__reply_status(r), 500);
    assert_in_range(strlen(cdp__reply_why(r)), 300, 400);
    cdp__reply_free(r);
    r = cdp__reply_new(KEY, NULL);
    assert_int_equal(cdp__reply_feed(r, text, 18 + 6, &used), 0);
    assert_int_equal(cdp__reply_feed(r, "\r\n", 2, &used), CDP_EPROTO);
    assert_string_equal(cdp__reply_why(r), ANSWERED("500") ": 000000.");
    cdp__reply_free(r);
}

/* The defaults: 16 KiB of head, 16 MiB of body. */
static void test_endless(void **state)
{
    static const struct {
        const char *start, *piece, *want;
        size_t most;
    } rows[] = {
        { OK "X: ", "01234567", LONG_HEAD, 16384 },
        { OK, "X: y\r\n", LONG_HEAD, 16384 },
        { OK, "Upgrade: x\r\n", LONG_HEAD, 16384 },
        { "", "\r\n", LONG_HEAD, 16384 },
        { "HTTP/1.1 200 ", "x", LONG_HEAD, 16384 },
        { "", "HTTP/1.1 100 a\r\n\r\n", LONG_HEAD, 16384 },
        { OK "\r\n", "0123456789abcdef", LONG_BODY, (16 << 20) + 40 },
        { CHUNKS, "1\r\nx\r\n", LONG_BODY, 6 * (16 << 20) + 100 },
        { CHUNKS "1;", "x", SCATTERED, 16384 + 100 },
        { CHUNKS "0\r\n", "X: y\r\n", SCATTERED, 16384 + 100 },
        { CHUNKS, "1;abcdefghijkl\r\nx\r\n", SCATTERED, 100000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char piece[4096];
        size_t n = 0, used = 0, taken = 0;
        cdp__http_reply *r = cdp__reply_new(NULL, NULL);
        while (n + strlen(rows[i].piece) < sizeof piece)
            n += (size_t)snprintf(piece + n, sizeof piece - n, "%s", rows[i].piece);
        const size_t first = strlen(rows[i].start);
        int rc = first ? cdp__reply_feed(r, rows[i].start, first, &used) : 0;
        for (taken = used; rc == 0; taken += used) {
            rc = cdp__reply_feed(r, piece, n, &used);
            assert_in_range(taken, 0, rows[i].most);
        }
        assert_int_equal(rc, CDP_EPROTO);
        assert_string_equal(cdp__reply_why(r), rows[i].want);
        cdp__reply_free(r);
    }
}

/* ---- requests ---------------------------------------------------------------- */

static void test_asks(void **state)
{
    static const char *const headers[] = { "X-Name: a value", "Origin:http://localhost", NULL };
    static const cdp__ask get = { "GET", "/json/list?x", "[::1]:9229", NULL, NULL, NULL };
    static const cdp__ask shake = { "GET", "/a", "h:1", "s3cret~", headers, KEY };
    static const cdp__ask put = { "PUT", "/json/new", "h:1", .headers = headers };
    cdp__buf out = { .len = 0 };
    char key[25], other[25];

    (void)state;
    cdp__buf_put(&out, "before,", 7);
    assert_int_equal(cdp__ask_write(&out, &get), 0);
    cdp__buf_byte(&out, 0);
    assert_string_equal(out.ptr, "before,GET /json/list?x HTTP/1.1\r\nHost: [::1]:9229\r\n"
                                 "Connection: close\r\n\r\n");
    out.len = 0;
    assert_int_equal(cdp__ask_write(&out, &shake), 0);
    cdp__buf_byte(&out, 0);
    assert_string_equal(out.ptr, "GET /a HTTP/1.1\r\nHost: h:1\r\nConnection: Upgrade\r\n"
                                 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                 "Sec-WebSocket-Key: " KEY "\r\nAuthorization: Bearer s3cret~\r\n"
                                 "X-Name: a value\r\nOrigin:http://localhost\r\n\r\n");
    out.len = 0;
    assert_int_equal(cdp__ask_write(&out, &put), 0);
    cdp__buf_byte(&out, 0);
    assert_string_equal(out.ptr, "PUT /json/new HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n"
                                 "X-Name: a value\r\nOrigin:http://localhost\r\n\r\n");
    cdp__buf_free(&out);

    assert_int_equal(cdp__ask_key(key), 0);
    assert_int_equal(cdp__ask_key(other), 0);
    assert_int_equal(strlen(key), 24);
    assert_memory_equal(key + 22, "==", 3);
    assert_string_not_equal(key, other);
}

static void test_bad_asks(void **state)
{
    static const char *const lines[] = {
        "",
        ":",
        ": x",
        "X",
        "X y: z",
        "X : y",
        "X: a\r\nY: b",
        "X: a\nb",
        "X: \x7f",
        "X: \x01",
        "X\xc3\xa9: y",
        "X\r: y",
        "Host: h",
        "HOST: h",
        "Connection: x",
        "Upgrade: h2c",
        "(X): y",
        "X\t: y",
        "Content-Length: 1",
        "Transfer-Encoding: chunked",
        "Sec-WebSocket-Key: x",
        "sec-websocket-extensions: x",
        "Sec-WebSocket-Protocol: x",
    };
    static const cdp__ask bad[] = {
        { "GET", "", "h", NULL, NULL, NULL },
        { "GET", "a", "h", NULL, NULL, NULL },
        { "GET", "/a b", "h", NULL, NULL, NULL },
        { "GET", "/a\r\nX: y", "h", NULL, NULL, NULL },
        { "GET", "/\xc3\xa9", "h", NULL, NULL, NULL },
        { "GET", "/\x7f", "h", NULL, NULL, NULL },
        { "GET", "/", "h\n", NULL, NULL, NULL },
        { "GET", "/", "h x", NULL, NULL, NULL },
        { "GET", "/", "h", "", NULL, NULL },
        { "GET", "/", "h", "a b", NULL, NULL },
        { "GET", "/", "h", "a\r\nX: y", NULL, NULL },
    };
    cdp__buf out = { .len = 0 };

    (void)state;
    cdp__buf_put(&out, "kept", 4);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *const headers[] = { "X: fine", lines[i], NULL };
        const cdp__ask ask = { "GET", "/", "h", NULL, headers, KEY };
        if (cdp__ask_write(&out, &ask) != CDP_EINVAL)
            fail_msg("%s", lines[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cdp__ask_write(&out, &bad[i]) != CDP_EINVAL)
            fail_msg("%s", bad[i].path);
    assert_int_equal(out.len, 4);
    cdp__buf_free(&out);
}

/* ---- memory ------------------------------------------------------------------ */

/* A request and its reply.  Returns how often memory was asked for. */
static size_t exchange(size_t fail_at, bool and_all_after)
{
    static const char *const headers[] = { "X-Name: a value", NULL };
    static const cdp__ask ask = { "GET", "/a", "h:1", "token", headers, KEY };
    static char text[3000];
    rig_heap heap;
    size_t used, n;

    rig_heap_init(&heap);
    heap.fail_at = fail_at;
    heap.and_all_after = and_all_after;
    const cdp__reply_limits limits = { .allocator = &heap.allocator };
    cdp__buf out = { .allocator = &heap.allocator };
    const int wrote = cdp__ask_write(&out, &ask);
    assert_true(wrote == 0 || (wrote == CDP_ENOMEM && out.len == 0 && !out.failed));
    cdp__http_reply *r = cdp__reply_new(NULL, &limits);
    int rc = r ? 0 : CDP_ENOMEM;
    n = (size_t)snprintf(text, sizeof text, CHUNKS "3e8\r\n%01000d\r\n3e9\r\n%01001d\r\n0\r\n\r\n",
                         1, 2);
    for (size_t at = 0; rc == 0 && at < n; at += used)
        rc = cdp__reply_feed(r, text + at, n - at < 100 ? n - at : 100, &used);
    assert_int_equal(wrote < 0 || rc<0, heap.failures> 0);
    assert_true(rc == 1 || rc == CDP_ENOMEM);
    if (rc == 1)
        assert_int_equal(cdp__reply_body(r).len, 2001);
    else if (r)
        assert_int_equal(cdp__reply_feed(r, "x", 1, &used), CDP_ENOMEM);
    cdp__reply_free(r);
    cdp__buf_free(&out);
    assert_int_equal(heap.blocks, 0);
    return heap.requests;
}

static void test_no_memory(void **state)
{
    const size_t asked = exchange(0, false);

    (void)state;
    assert_true(asked >= 5);
    for (size_t n = 1; n <= asked; n++) {
        exchange(n, false);
        exchange(n, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),    cmocka_unit_test(test_bad_replies),
        cmocka_unit_test(test_handshakes), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_endless),    cmocka_unit_test(test_asks),
        cmocka_unit_test(test_bad_asks),   cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
