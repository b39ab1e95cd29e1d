/*
 * test_malformed.c - HTTP and WebSocket input that is wrong, or only odd, over real sockets: whole,
 * in pieces, and byte by byte.
 *
 * What is expected does not depend on the pieces; and whatever came, the server goes on.
 */
#include "wire.h"

static debuggee target;

static int setup(void **state)
{
    static const char *const hosts[] = { "allowed.example", NULL };
    static const char *const origins[] = { "https://allowed.example", NULL };
    cdp_inspector_options opt = { .allowed_hosts = hosts,
                                  .allowed_origins = origins,
                                  .limits = { .message = 200000, .fragments = 200 } };

    (void)state;
    debuggee_start(&target, &opt, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    debuggee_stop(&target);
    return 0;
}

/* ---- pieces ------------------------------------------------------------ */

enum { WHOLE, BYTES, HALVES, CUTS = HALVES + 6 };

/* Sends it whole, byte by byte, or in two pieces that are parted somewhere. */
static void put_cut(wire *w, const char *p, size_t n, int how)
{
    if (how == WHOLE || n < 2) {
        wire_put(w, p, n);
    } else if (how == BYTES) {
        for (size_t i = 0; i < n && i < 2000; i++)
            wire_put(w, p + i, 1);
        if (n > 2000)
            wire_put(w, p + 2000, n - 2000);
    } else {
        size_t at = 1 + (n - 2) * (size_t)(how - HALVES) / (CUTS - HALVES - 1);
        wire_put(w, p, at);
        sleep_ms(1); /* most likely it is read by then */
        wire_put(w, p + at, n - at);
    }
}

/* ---- HTTP -------------------------------------------------------------- */

typedef struct http_case {
    const char *request; /* % stands for the target's path */
    int status;          /* 0: no answer, the connection ends */
    size_t len;          /* where there are NULs in it; 0: strlen() */
} http_case;

#define LIST "GET /json/list HTTP/1.1\r\n"
#define END "\r\n\r\n"
#define SHAKE(headers) "GET % HTTP/1.1\r\nHost: localhost\r\n" headers "\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define WITH_NUL(text, status)         \
    {                                  \
        text, status, sizeof(text) - 1 \
    }

static const http_case http_cases[] = {
    /* Host: loopback names and addresses */
    { LIST END, 200, 0 },
    { LIST "Host:" END, 200, 0 },
    { LIST "Host: localhost" END, 200, 0 },
    { LIST "Host: LOCALHOST" END, 200, 0 },
    { LIST "hOST:\tlocalhost\t" END, 200, 0 },
    { LIST "Host: localhost:1" END, 200, 0 },
    { LIST "Host: localhost:99999" END, 200, 0 },
    { LIST "Host: 127.0.0.1" END, 200, 0 },
    { LIST "Host: 127.0.0.1:9229" END, 200, 0 },
    { LIST "Host: 1.1.1.1" END, 200, 0 },
    { LIST "Host: 8.8.8.8:80" END, 200, 0 },
    { LIST "Host: 255.255.255.255" END, 200, 0 },
    { LIST "Host: [::1]" END, 200, 0 },
    { LIST "Host: [::1]:9229" END, 200, 0 },
    { LIST "Host: [0:0:0:0:0:0:0:1]" END, 200, 0 },
    { LIST "Host: [fe80::1]" END, 200, 0 },
    { LIST "Host: [::ffff:127.0.0.1]" END, 200, 0 },
    { LIST "Host: allowed.example" END, 200, 0 },
    { LIST "Host: Allowed.Example:80" END, 200, 0 },
    { LIST "Host: evil.com" END, 400, 0 },
    { LIST "Host: localhost.evil.com" END, 400, 0 },
    { LIST "Host: 127.0.0.1.evil.com" END, 400, 0 },
    { LIST "Host: foo.localhost" END, 400, 0 },
    { LIST "Host: not.allowed.example" END, 400, 0 },
    { LIST "Host: localhost." END, 400, 0 },
    { LIST "Host: localhost6" END, 400, 0 },
    { LIST "Host: localhost@evil.com" END, 400, 0 },
    { LIST "Host: localhost:9229:9229" END, 400, 0 },
    { LIST "Host: localhost:abc" END, 400, 0 },
    { LIST "Host: localhost:" END, 400, 0 },
    { LIST "Host: localhost:123456" END, 400, 0 },
    { LIST "Host: localhost, localhost" END, 400, 0 },
    { LIST "Host: 127.1" END, 400, 0 },
    { LIST "Host: 127.0.0.01" END, 400, 0 },
    { LIST "Host: 127.0.0.1." END, 400, 0 },
    { LIST "Host: 1.1" END, 400, 0 },
    { LIST "Host: 10.0.1" END, 400, 0 },
    { LIST "Host: 10.0..1" END, 400, 0 },
    { LIST "Host: 10.0.2.555" END, 400, 0 },
    { LIST "Host: 1.09.0.0" END, 400, 0 },
    { LIST "Host: 192.0.2.010" END, 400, 0 },
    { LIST "Host: 0x7f.1" END, 400, 0 },
    { LIST "Host: 0x7f.0.0.1" END, 400, 0 },
    { LIST "Host: 2130706433" END, 400, 0 },
    { LIST "Host: 0.0.0.0" END, 400, 0 },
    { LIST "Host: 0.1.2.3" END, 400, 0 },
    { LIST "Host: [::]" END, 400, 0 },
    { LIST "Host: [::0]" END, 400, 0 },
    { LIST "Host: ::1" END, 400, 0 },
    { LIST "Host: [::1" END, 400, 0 },
    { LIST "Host: [127.0.0.1]" END, 400, 0 },
    { LIST "Host: [fe80::1%eth0]" END, 400, 0 },
    { LIST "Host: [::ffff:0.0.0.0]" END, 400, 0 },
    { LIST "Host: [::1]x" END, 400, 0 },
    { LIST "Host: [1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd]" END, 400, 0 },
    { LIST "Host: localhost\r\nHost: localhost" END, 400, 0 },
    { LIST "Host: evil.com\r\nhost: localhost" END, 400, 0 },
    { LIST "Host: localhost\r\nhost: evil.com" END, 400, 0 },
    WITH_NUL(LIST "Host: 127.0.0.1\0" END, 400),
    WITH_NUL(LIST "Host: localhost\0.evil.com" END, 400),
    /* Origin: no web page */
    { LIST "Origin: devtools://devtools" END, 200, 0 },
    { LIST "Origin: https://allowed.example" END, 200, 0 },
    { LIST "Origin: http://evil.example" END, 403, 0 },
    { LIST "Origin:" END, 403, 0 },
    { LIST "Origin: null" END, 403, 0 },
    { LIST "Origin: file://" END, 403, 0 },
    { LIST "Origin: http://localhost:9229" END, 403, 0 },
    { LIST "Origin: https://127.0.0.1" END, 403, 0 },
    { LIST "Origin: devtools://devtools.evil" END, 403, 0 },
    { LIST "Origin: devtools://devtools/x" END, 403, 0 },
    { LIST "Origin: DevTools://DevTools" END, 403, 0 },
    { LIST "Origin: chrome-extension://abc" END, 403, 0 },
    { LIST "Origin: https://allowed.example:444" END, 403, 0 },
    { LIST "Origin: devtools://devtools\r\nOrigin: devtools://devtools" END, 403, 0 },
    /* methods and targets */
    { "POST /json/list HTTP/1.1" END, 405, 0 },
    { "PUT /json/new HTTP/1.1" END, 405, 0 },
    { "HEAD /json HTTP/1.1" END, 405, 0 },
    { "OPTIONS /json HTTP/1.1" END, 405, 0 },
    { "DELETE /json HTTP/1.1" END, 405, 0 },
    { "get /json HTTP/1.1" END, 400, 0 },
    { "BREW /json HTTP/1.1" END, 400, 0 },
    { "GET /json HTTP/1.1" END, 200, 0 },
    { "GET /JSON/List/ HTTP/1.1" END, 200, 0 },
    { "GET /json/version HTTP/1.0" END, 200, 0 },
    { "GET /json/protocol HTTP/1.1" END, 200, 0 },
    { "GET /json/list? HTTP/1.1" END, 400, 0 },
    { "GET /json/list?a HTTP/1.1" END, 400, 0 },
    { "GET /json/activate/1 HTTP/1.1" END, 400, 0 },
    { "GET /json/new HTTP/1.1" END, 400, 0 },
    { "GET /json/close HTTP/1.1" END, 400, 0 },
    { "GET / HTTP/1.1" END, 400, 0 },
    { "GET % HTTP/1.1" END, 400, 0 },
    { "GET /../json HTTP/1.1" END, 400, 0 },
    { "GET /json%2flist HTTP/1.1" END, 400, 0 },
    { "GET //json HTTP/1.1" END, 400, 0 },
    { "GET json HTTP/1.1" END, 400, 0 },
    { "GET * HTTP/1.1" END, 400, 0 },
    { "GET http://localhost/json HTTP/1.1" END, 400, 0 },
    { "CONNECT localhost:80 HTTP/1.1" END, 405, 0 },
    { "GET /json\x7f HTTP/1.1" END, 400, 0 },
    { "GET /json\xc3\xa9 HTTP/1.1" END, 400, 0 },
    { "GET /js on HTTP/1.1" END, 400, 0 },
    { "GET /json" END, 400, 0 },
    { "GET  /json HTTP/1.1" END, 200, 0 },
    /* what is no HTTP */
    { "GET /json HTTP/2.0" END, 400, 0 },
    { "GET /json HTTP/0.9" END, 400, 0 },
    { "GET /json HTTP/1.9" END, 400, 0 },
    { "GET /json HTTX/1.1" END, 400, 0 },
    { "GET /json http/1.1" END, 400, 0 },
    { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 0 },
    { "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 a TLS greeting", 400, 0 },
    { "SSH-2.0-OpenSSH_9.2\r\n", 400, 0 },
    { "{\"id\":1,\"method\":\"Runtime.enable\"}" END, 400, 0 },
    WITH_NUL("\0\0\0\0\0\0\0\0", 400),
    WITH_NUL("GET /json\0 HTTP/1.1" END, 400),
    { "\xff\xfe\xfd\xfc", 400, 0 },
    { "     GET /json HTTP/1.1" END, 400, 0 },
    /* headers */
    { LIST "Host : localhost" END, 400, 0 },
    { LIST " Host: localhost" END, 400, 0 },
    { LIST "Ho st: localhost" END, 400, 0 },
    { LIST "no colon" END, 400, 0 },
    { LIST "X: a\r\n folded" END, 200, 0 },
    { LIST "Host: local\r\n host" END, 400, 0 },
    { LIST "Host: localhost\r\n .evil.com" END, 400, 0 },
    { LIST "X: \x01" END, 400, 0 },
    WITH_NUL(LIST "X: a\0b" END, 400),
    { LIST "X\x80: a" END, 400, 0 },
    { LIST "X: \xc3\xa9" END, 200, 0 },
    { LIST "X: a\rY: b" END, 400, 0 },
    /* bodies */
    { LIST "Content-Length: 0" END, 200, 0 },
    { LIST "Content-Length: 5" END "hello", 400, 0 },
    { LIST "Content-Length: -1" END, 400, 0 },
    { LIST "Content-Length: 1x" END, 400, 0 },
    { LIST "Content-Length: 99999999999999999999999" END, 400, 0 },
    { LIST "Content-Length: 0\r\nContent-Length: 0" END, 400, 0 },
    { LIST "Transfer-Encoding: chunked" END "0" END, 400, 0 },
    { LIST "Transfer-Encoding: chunked\r\nContent-Length: 0" END, 400, 0 },
    /* the handshake */
    { SHAKE(UPGRADE KEY VERSION), 101, 0 },
    { SHAKE("upgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n" KEY VERSION), 101, 0 },
    { SHAKE(UPGRADE KEY VERSION "Origin: devtools://devtools\r\n"), 101, 0 },
    { SHAKE(UPGRADE KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101, 0 },
    { SHAKE(UPGRADE KEY VERSION "Sec-WebSocket-Protocol: chat\r\n"), 101, 0 },
    { SHAKE(UPGRADE KEY VERSION "Origin: http://evil.example\r\n"), 403, 0 },
    { SHAKE(UPGRADE KEY VERSION "Origin: null\r\n"), 403, 0 },
    { SHAKE(UPGRADE KEY VERSION "host: localhost\r\n"), 400, 0 },
    { "GET % HTTP/1.1\r\nHost: evil.com\r\n" UPGRADE KEY VERSION "\r\n", 400, 0 },
    { "GET %x HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", 404, 0 },
    { "GET /json HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", 404, 0 },
    { "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", 404, 0 },
    { "GET /00000000-0000-4000-8000-000000000000 HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", 404, 0 },
    { "POST % HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", 405, 0 },
    { "GET % HTTP/1.0\r\n" UPGRADE KEY VERSION "\r\n", 400, 0 },
    { SHAKE("Upgrade: websocket\r\n" KEY VERSION), 400, 0 },
    { SHAKE("Upgrade: websocket\r\nConnection: close\r\n" KEY VERSION), 400, 0 },
    { SHAKE("Connection: Upgrade\r\n" KEY VERSION), 400, 0 },
    { SHAKE("Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION), 400, 0 },
    { SHAKE(UPGRADE KEY), 426, 0 },
    { SHAKE(UPGRADE KEY "Sec-WebSocket-Version: 8\r\n"), 426, 0 },
    { SHAKE(UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n"), 426, 0 },
    { SHAKE(UPGRADE KEY VERSION VERSION), 400, 0 },
    { SHAKE(UPGRADE VERSION), 400, 0 },
    { SHAKE(UPGRADE VERSION "Sec-WebSocket-Key:\r\n"), 400, 0 },
    { SHAKE(UPGRADE VERSION "Sec-WebSocket-Key: aaa==\r\n"), 400, 0 },
    { SHAKE(UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n"), 400, 0 },
    { SHAKE(UPGRADE VERSION "Sec-WebSocket-Key: !GhlIHNhbXBsZSBub25jZQ==\r\n"), 400, 0 },
    { SHAKE(UPGRADE VERSION KEY KEY), 400, 0 },
};

/* The request with the path in it; one free(). */
static char *fill_in(const http_case *c, size_t *len)
{
    size_t n = c->len ? c->len : strlen(c->request);
    const char *at = memchr(c->request, '%', n);
    char *out = malloc(n + sizeof target.path);

    assert_non_null(out);
    *len = n;
    if (!at || at[1] == 'e' || at[1] == '2') { /* that is one of its own */
        memcpy(out, c->request, n);
        return out;
    }
    size_t before = (size_t)(at - c->request), path = strlen(target.path);
    memcpy(out, c->request, before);
    memcpy(out + before, target.path, path);
    memcpy(out + before + path, at + 1, n - before - 1);
    *len = n - 1 + path;
    return out;
}

/* The status; -1: it is no HTTP.  Where the answer refuses, the connection ends. */
static int read_status(wire *w)
{
    int status = -1;

    while (w->end - w->start < 13)
        if (!wire_read(w))
            return w->end == w->start ? 0 : -1;
    sscanf(w->in + w->start, "HTTP/1.1 %d ", &status);
    return status;
}

static void http(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(http_cases); i++) {
        size_t n;
        char *request = fill_in(&http_cases[i], &n);
        for (int how = 0; how < CUTS; how++) {
            wire w;
            wire_open(&w, &target);
            put_cut(&w, request, n, how);
            int status = read_status(&w);
            if (status != http_cases[i].status)
                wrong += printf("# %d instead of %d (cut %d): %s\n", status, http_cases[i].status,
                                how, http_cases[i].request) > 0;
            wire_close(&w);
        }
        free(request);
    }
    printf("# %zu requests, each in %d ways\n", COUNT(http_cases), CUTS);
    assert_int_equal(wrong, 0);
}

/* ---- WebSocket --------------------------------------------------------- */

typedef struct ws_case {
    int code; /* of the server's close frame; 0: the session goes on */
    size_t len;
    const char *bytes; /* after the handshake */
} ws_case;

#define CASE(code, bytes)              \
    {                                  \
        code, sizeof(bytes) - 1, bytes \
    }
/* A frame with a mask that changes nothing; its first byte and its length as they are sent. */
#define FRAME(first, length, payload) first length "\0\0\0\0" payload
#define TEXT(length, payload) FRAME("\x81", length, payload)
#define CLOSE_WITH(code) FRAME("\x88", "\x82", code)

enum { NO_CODE = 1005 };

static const ws_case ws_cases[] = {
    /* what is fine */
    CASE(0, TEXT("\x82", "{}")),
    CASE(0, TEXT("\x80", "")),
    CASE(0, TEXT("\x85", "hello")),
    CASE(0, TEXT("\xfe\0\x7e", "0123456789012345678901234567890123456789012345678901234567890123"
                               "01234567890123456789012345678901234567890123456789012345678901")),
    CASE(0, FRAME("\x01", "\x81", "{") FRAME("\x80", "\x81", "}")),
    CASE(0, FRAME("\x01", "\x80", "") FRAME("\0", "\x80", "") FRAME("\x80", "\x80", "")),
    CASE(0, FRAME("\x01", "\x81", "{") FRAME("\x89", "\x81", "p") FRAME("\x80", "\x81", "}")),
    CASE(0, FRAME("\x01", "\x81", "{") FRAME("\x8a", "\x80", "") FRAME("\x80", "\x81", "}")),
    CASE(0, FRAME("\x89", "\x80", "")),
    CASE(0, FRAME("\x89", "\x84", "ping")),
    CASE(0, FRAME("\x89", "\x81", "\xff")),
    CASE(0, FRAME("\x8a", "\x84", "pong")),
    CASE(0, FRAME("\x89", "\x81", "1") FRAME("\x89", "\x81", "2") FRAME("\x89", "\x81", "3")),
    CASE(0, TEXT("\x82", "\xc3\xa9")),
    CASE(0, TEXT("\x83", "\xed\x9f\xbf")),
    CASE(0, TEXT("\x83", "\xee\x80\x80")),
    CASE(0, TEXT("\x84", "\xf4\x8f\xbf\xbf")),
    CASE(0, TEXT("\x81", "\0")),
    CASE(0, FRAME("\x01", "\x81", "\xc3") FRAME("\x80", "\x81", "\xa9")),
    CASE(0, FRAME("\x01", "\x82", "\xf0\x9f") FRAME("\0", "\x81", "\x98")
                FRAME("\x80", "\x81", "\x80")),
    /* reserved bits */
    CASE(1002, FRAME("\xc1", "\x82", "{}")),
    CASE(1002, FRAME("\xa1", "\x82", "{}")),
    CASE(1002, FRAME("\x91", "\x82", "{}")),
    CASE(1002, FRAME("\xf1", "\x82", "{}")),
    CASE(1002, FRAME("\xc9", "\x80", "")),
    CASE(1002, FRAME("\xa8", "\x80", "")),
    CASE(1002, FRAME("\x01", "\x81", "{") FRAME("\xc0", "\x81", "}")),
    /* opcodes that are none */
    CASE(1002, FRAME("\x83", "\x80", "")),
    CASE(1002, FRAME("\x84", "\x80", "")),
    CASE(1002, FRAME("\x85", "\x81", "x")),
    CASE(1002, FRAME("\x86", "\x80", "")),
    CASE(1002, FRAME("\x87", "\x80", "")),
    CASE(1002, FRAME("\x8b", "\x80", "")),
    CASE(1002, FRAME("\x8c", "\x81", "x")),
    CASE(1002, FRAME("\x8d", "\x80", "")),
    CASE(1002, FRAME("\x8e", "\x80", "")),
    CASE(1002, FRAME("\x8f", "\x80", "")),
    CASE(1002, FRAME("\x03", "\x80", "")),
    /* without a mask */
    CASE(1002, "\x81\x02{}"),
    CASE(1002, "\x81\0"),
    CASE(1002, "\x89\0"),
    CASE(1002, "\x8a\0"),
    CASE(1002, "\x88\x02\x03\xe8"),
    CASE(1002, "\x81\x7e\x01\0"),
    /* binary */
    CASE(1003, FRAME("\x82", "\x80", "")),
    CASE(1003, FRAME("\x82", "\x82", "{}")),
    CASE(1003, FRAME("\x02", "\x81", "{")),
    /* control frames in pieces, or too long */
    CASE(1002, FRAME("\x09", "\x80", "")),
    CASE(1002, FRAME("\x0a", "\x80", "")),
    CASE(1002, FRAME("\x08", "\x82", "\x03\xe8")),
    CASE(1002, FRAME("\x89", "\xfe\0\x7e", "")),
    CASE(1002, FRAME("\x8a", "\xfe\0\x05", "")),
    CASE(1002, FRAME("\x88", "\xff\0\0\0\0\0\0\0\x05", "")),
    /* messages in pieces that do not fit */
    CASE(1002, FRAME("\x80", "\x82", "{}")),
    CASE(1002, FRAME("\0", "\x82", "{}")),
    CASE(1002, FRAME("\x01", "\x81", "{") TEXT("\x82", "{}")),
    CASE(1002, FRAME("\x01", "\x81", "{") FRAME("\x01", "\x81", "{")),
    CASE(1002, FRAME("\x01", "\x81", "{") FRAME("\x82", "\x82", "{}")),
    CASE(1002, FRAME("\x01", "\x81", "{") FRAME("\x80", "\x81", "}") FRAME("\x80", "\x80", "")),
    /* lengths */
    CASE(1002, TEXT("\xfe\0\x02", "{}")),
    CASE(1002, TEXT("\xfe\0\x7d", "")),
    CASE(1002, TEXT("\xff\0\0\0\0\0\0\0\x02", "{}")),
    CASE(1002, TEXT("\xff\0\0\0\0\0\0\xff\xff", "")),
    CASE(1002, TEXT("\xff\x80\0\0\0\0\0\0\0", "")),
    CASE(1002, TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff", "")),
    CASE(1009, TEXT("\xff\0\0\0\0\0\x03\x0d\x41", "")), /* 200,001 */
    CASE(1009, TEXT("\xff\0\0\0\x01\0\0\0\0", "")),
    CASE(1009, TEXT("\xff\x7f\xff\xff\xff\xff\xff\xff\xff", "")),
    CASE(1009, FRAME("\x01", "\x82", "{}") FRAME("\x80", "\xff\0\0\0\0\0\x03\x0d\x3f", "")),
    /* what is no UTF-8 */
    CASE(1007, TEXT("\x81", "\x80")),
    CASE(1007, TEXT("\x81", "\xff")),
    CASE(1007, TEXT("\x81", "\xc3")),
    CASE(1007, TEXT("\x82", "\xc0\x80")),
    CASE(1007, TEXT("\x82", "\xc1\xbf")),
    CASE(1007, TEXT("\x82", "\xe2\x82")),
    CASE(1007, TEXT("\x83", "\xe0\x80\x80")),
    CASE(1007, TEXT("\x83", "\xed\xa0\x80")),
    CASE(1007, TEXT("\x83", "\xed\xbf\xbf")),
    CASE(1007, TEXT("\x83", "\xe2\x28\xa1")),
    CASE(1007, TEXT("\x84", "\xf0\x80\x80\x80")),
    CASE(1007, TEXT("\x84", "\xf4\x90\x80\x80")),
    CASE(1007, TEXT("\x84", "\xf5\x80\x80\x80")),
    CASE(1007, TEXT("\x85", "{\"\xe9\"}")),
    CASE(1007, FRAME("\x01", "\x81", "\xc3") FRAME("\x80", "\x81", "\x28")),
    CASE(1007, FRAME("\x01", "\x81", "\xc3") FRAME("\x80", "\x80", "")),
    CASE(1007, FRAME("\x01", "\x82", "{\xff")),
    /* closing */
    CASE(NO_CODE, FRAME("\x88", "\x80", "")),
    CASE(1000, CLOSE_WITH("\x03\xe8")),
    CASE(1000, FRAME("\x88", "\x85",
                     "\x03\xe8"
                     "bye")),
    CASE(1001, CLOSE_WITH("\x03\xe9")),
    CASE(1003, CLOSE_WITH("\x03\xeb")),
    CASE(1007, CLOSE_WITH("\x03\xef")),
    CASE(1011, CLOSE_WITH("\x03\xf3")),
    CASE(1014, CLOSE_WITH("\x03\xf6")),
    CASE(3000, CLOSE_WITH("\x0b\xb8")),
    CASE(4999, CLOSE_WITH("\x13\x87")),
    CASE(1002, FRAME("\x88", "\x81", "\x03")),
    CASE(1002, CLOSE_WITH("\0\0")),
    CASE(1002, CLOSE_WITH("\x03\xe7")),
    CASE(1002, CLOSE_WITH("\x03\xec")),
    CASE(1002, CLOSE_WITH("\x03\xed")),
    CASE(1002, CLOSE_WITH("\x03\xee")),
    CASE(1002, CLOSE_WITH("\x03\xf7")),
    CASE(1002, CLOSE_WITH("\x07\xd0")),
    CASE(1002, CLOSE_WITH("\x0b\xb7")),
    CASE(1002, CLOSE_WITH("\x13\x88")),
    CASE(1002, CLOSE_WITH("\xff\xff")),
    CASE(1007, FRAME("\x88", "\x83", "\x03\xe8\xff")),
    CASE(1007, FRAME("\x88", "\x84", "\x03\xe8\xed\xa0")),
    CASE(1000, CLOSE_WITH("\x03\xe8") TEXT("\x82", "{}")),
    CASE(1000, CLOSE_WITH("\x03\xe8") CLOSE_WITH("\0\0")),
    CASE(1000, FRAME("\x01", "\x81", "{") CLOSE_WITH("\x03\xe8")),
    CASE(1000, TEXT("\x82", "{}") CLOSE_WITH("\x03\xe8")),
    CASE(1002, TEXT("\x82", "{}") FRAME("\x83", "\x80", "") TEXT("\x82", "{}")),
};

/* The code of the close frame, after which the connection ends. */
static int read_close(wire *w)
{
    char *p;
    size_t n;
    unsigned first;
    int code = 0;

    while ((first = wire_next(w, &p, &n)))
        if (first == WIRE_CLOSE)
            code = n >= 2 ? (unsigned char)p[0] << 8 | (unsigned char)p[1] : NO_CODE;
        else if (code)
            fail_msg("a frame %#x behind the close frame", first);
    return code;
}

/* A ping comes back, and a command is answered. */
static void assert_goes_on(wire *w)
{
    char frame[64], *p;
    size_t n;
    unsigned first;

    wire_put(w, frame, wire_frame(frame, WIRE_PING, "still there?", 12));
    while ((first = wire_next(w, &p, &n)) != WIRE_PONG || strcmp(p, "still there?") != 0)
        if (first == 0 || first == WIRE_CLOSE)
            fail_msg("the session has ended: %s", first && n > 2 ? p + 2 : "");
    wire_call(w, "Runtime.getIsolateId", NULL);
}

static void websocket(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(ws_cases); i++) {
        const ws_case *c = &ws_cases[i];
        for (int how = 0; how < CUTS; how++) {
            wire w;
            wire_attach(&w, &target);
            w.last_id = 1000;
            put_cut(&w, c->bytes, c->len, how);
            if (c->code == 0) {
                assert_goes_on(&w);
            } else {
                int code = read_close(&w);
                if (code != c->code)
                    wrong += printf("# case %zu (cut %d): %d instead of %d\n", i, how, code,
                                    c->code) > 0;
            }
            wire_close(&w);
        }
    }
    printf("# %zu frame sequences, each in %d ways\n", COUNT(ws_cases), CUTS);
    assert_int_equal(wrong, 0);
}

/* Frames right behind the handshake's head, in the same segment. */
static void frames_with_the_handshake(void **state)
{
    char bytes[1024];
    wire w;

    (void)state;
    size_t n = wire_head(bytes, sizeof bytes, &target);
    n += wire_frame(bytes + n, WIRE_TEXT, "{\"id\":7,\"method\":\"Runtime.getIsolateId\"}", 40);
    for (int how = 0; how < CUTS; how++) {
        wire_open(&w, &target);
        put_cut(&w, bytes, n, how);
        while (w.end < 4 || !strstr(w.in, "\r\n\r\n")) {
            assert_true(wire_read(&w));
            w.in[w.end] = 0;
        }
        w.start = (size_t)(strstr(w.in, "\r\n\r\n") + 4 - w.in);
        wire_await(&w, "{\"id\":7,");
        wire_close(&w);
    }
}

/* Requests one behind the other, and the last one wrong. */
static void pipelined_requests(void **state)
{
    static const char requests[] = LIST END LIST
        "Host: localhost" END "GET /json/version HTTP/1.1" END LIST "Host: evil.com" END LIST END;
    (void)state;
    for (int how = 0; how < CUTS; how++) {
        wire w;
        int good = 0, bad = 0;
        wire_open(&w, &target);
        put_cut(&w, requests, sizeof requests - 1, how);
        while (wire_read(&w))
            ;
        w.in[w.end] = 0;
        for (const char *p = w.in; (p = strstr(p, "HTTP/1.1 ")); p++) {
            good += strncmp(p + 9, "200", 3) == 0;
            bad += strncmp(p + 9, "400", 3) == 0;
        }
        assert_int_equal(good, 3);
        assert_int_equal(bad, 1);
        wire_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http),
        cmocka_unit_test(websocket),
        cmocka_unit_test(frames_with_the_handshake),
        cmocka_unit_test(pipelined_requests),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
