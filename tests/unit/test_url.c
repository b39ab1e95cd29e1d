/*
 * test_url.c - what cdp_connect() is told, in every form, and what is no such thing.
 *
 * A line says what comes of a text: "ws" or "http", "tls", "file", then host, port, Host header
 * and path; or the sentence that refuses it.
 */
#include "support/plain_text.h"
#include "support/rig.h"

#include "../../runtime/net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct row {
    const char *text, *want;
} row;

static void describe(char *line, size_t room, const char *text, const cdp_allocator *a)
{
    const char *why = "unset";
    cdp__url u;
    const int rc = cdp__url_parse(&u, text, a, &why);

    if (rc < 0) {
        assert_int_equal(rc, CDP_EINVAL);
        assert_null(u.memory);
        snprintf(line, room, "%s", why);
    } else {
        assert_null(why);
        snprintf(line, room, "%s%s%s %s %u %s %s", u.web_socket ? "ws" : "http",
                 u.tls ? " tls" : "", u.local ? " file" : "", u.host, u.port, u.authority, u.path);
    }
    cdp__url_free(&u, a);
    assert_null(u.memory);
}

static void check(const row *rows, size_t n)
{
    char line[512];
    rig_heap heap;

    rig_heap_init(&heap);
    for (const row *r = rows; r < rows + n; r++) {
        char *text = tight(r->text, strlen(r->text) + 1);
        describe(line, sizeof line, text, &heap.allocator);
        tight_free(text);
        if (strcmp(line, r->want) != 0)
            fail_msg("%s\n is     %s\n wanted %s", r->text, line, r->want);
    }
    assert_int_equal(heap.blocks, 0);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof *(rows))

static void test_forms(void **state)
{
    static const row rows[] = {
        { "ws://127.0.0.1:9229/0f2c-11", "ws 127.0.0.1 9229 127.0.0.1:9229 /0f2c-11" },
        { "ws://localhost:9222/devtools/page/A1?x=/1&y",
          "ws localhost 9222 localhost:9222 /devtools/page/A1?x=/1&y" },
        { "wss://example.com/", "ws tls example.com 443 example.com:443 /" },
        { "wss://example.com:8443/a", "ws tls example.com 8443 example.com:8443 /a" },
        { "ws://example.com", "ws example.com 80 example.com:80 /" },
        { "ws://example.com?token=1", "ws example.com 80 example.com:80 /?token=1" },
        { "ws://h:1?a/b", "ws h 1 h:1 /?a/b" },
        { "WS://h:1/a", "ws h 1 h:1 /a" },
        { "wSs://h:1/a", "ws tls h 1 h:1 /a" },
        { "ws://[::1]:9229/a", "ws ::1 9229 [::1]:9229 /a" },
        { "wss://[2001:db8::5]/a", "ws tls 2001:db8::5 443 [2001:db8::5]:443 /a" },
        { "ws://h:1/@:[]{}|^`\"<>\\", "ws h 1 h:1 /@:[]{}|^`\"<>\\" },
        { "ws://h:1//a", "ws h 1 h:1 //a" },
        { "http://localhost:9222", "http localhost 9222 localhost:9222 " },
        { "http://localhost:9222/", "http localhost 9222 localhost:9222 " },
        { "http://localhost:9222/A1-B2", "http localhost 9222 localhost:9222 A1-B2" },
        { "HTTP://LocalHost:9222", "http LocalHost 9222 LocalHost:9222 " },
        { "http://h", "http h 80 h:80 " },
        { "https://h", "http tls h 443 h:443 " },
        { "https://h:9/x", "http tls h 9 h:9 x" },
        { "https://[::1]", "http tls ::1 443 [::1]:443 " },
        { "9229", "http localhost 9229 localhost:9229 " },
        { "1", "http localhost 1 localhost:1 " },
        { "65535", "http localhost 65535 localhost:65535 " },
        { "00080", "http localhost 80 localhost:80 " },
        { "9229/A1", "http localhost 9229 localhost:9229 A1" },
        { "localhost:9229", "http localhost 9229 localhost:9229 " },
        { "127.0.0.1:9229", "http 127.0.0.1 9229 127.0.0.1:9229 " },
        { "192.168.0.7:9229/id", "http 192.168.0.7 9229 192.168.0.7:9229 id" },
        { "[::1]:9229", "http ::1 9229 [::1]:9229 " },
        { "[::1]:9229/id", "http ::1 9229 [::1]:9229 id" },
        { "[::ffff:127.0.0.1]:9229", "http ::ffff:127.0.0.1 9229 [::ffff:127.0.0.1]:9229 " },
        { "my_host-2.example.org.:9", "http my_host-2.example.org. 9 my_host-2.example.org.:9 " },
        { "3com.example:9", "http 3com.example 9 3com.example:9 " },
        { "3f2a9b1c:9", "http 3f2a9b1c 9 3f2a9b1c:9 " },
        { "xn--bcher-kva.example:9", "http xn--bcher-kva.example 9 xn--bcher-kva.example:9 " },
        { "unix:/run/a.sock", "http file /run/a.sock 0 localhost " },
        { "UNIX:a", "http file a 0 localhost " },
        { "unix:a.sock:/", "ws file a.sock 0 localhost /" },
        { "unix:/run/a.sock:/devtools/page/1?x=1",
          "ws file /run/a.sock 0 localhost /devtools/page/1?x=1" },
        { "unix:/run/a:/b:/c", "ws file /run/a:/b 0 localhost /c" },
        { "unix:/run/my file#1?.sock:/c", "ws file /run/my file#1?.sock 0 localhost /c" },
        { "unix:/run/caf\xc3\xa9", "http file /run/caf\xc3\xa9 0 localhost " },
        { "unix:///run/a.sock", "http file ///run/a.sock 0 localhost " },
        { "unix:a:", "http file a: 0 localhost " },
        { "unix:user@host", "http file user@host 0 localhost " },
    };

    (void)state;
    CHECK(rows);
}

#define SCHEME "The URL's scheme must be ws, wss, http, https or unix."
#define CONTROL "The URL holds a control character."
#define BLANK "The URL holds a blank."
#define ASCII "The URL holds characters beyond ASCII, which must be encoded."
#define FRAGMENT "The URL must not have a fragment (#)."
#define CREDENTIALS "The URL must not hold credentials."
#define NO_HOST "The URL has no host."
#define HOST "The URL's host holds a character that no name has."
#define IPV4 "The URL's host is not an IPv4 address in its usual form, like 127.0.0.1."
#define IPV6 "What the URL has in brackets must be an IPv6 address, without a zone."
#define BARE "An IPv6 address must stand in brackets, like [::1]:9229."
#define OPEN "The URL has a bracket that is not closed."
#define BETWEEN "The URL has something between its host and its path."
#define PORTLESS "Without a scheme the port must be given, like localhost:9229."
#define NO_PORT "The URL has a colon, but no port behind it."
#define NUMBER "The URL's port must be a number."
#define RANGE "The URL's port must be from 1 to 65535."
#define ID "Only a target's id may follow an address that is not a WebSocket's."

static void test_refused(void **state)
{
    static const row rows[] = {
        { "", "The URL is empty." },
        { "ftp://h:1/", SCHEME },
        { "file:///etc/passwd", SCHEME },
        { "w://h", SCHEME },
        { "wsss://h", SCHEME },
        { "httpx://h", SCHEME },
        { "chrome-extension://abc", SCHEME },
        { "://h:1", SCHEME },
        { "ws+unix://h", SCHEME },
        { "ws:h", "The URL's port must be a number." },
        { "http:/h:1", NO_PORT },
        { "file:/etc/passwd", NO_PORT },
        { "ws://h:1/\r\nX: y", CONTROL },
        { "ws://h:1/\t", CONTROL },
        { "ws://h:1/\x7f", CONTROL },
        { "\n9229", CONTROL },
        { "unix:/run/\n", CONTROL },
        { "ws://h:1/a b", BLANK },
        { " 9229", BLANK },
        { "h:9229 ", BLANK },
        { "unix:/a:/b c", BLANK },
        { "ws://h\xc3\xa9:1/", ASCII },
        { "ws://h:1/\xc3\xa9", ASCII },
        { "unix:/a:/\xc3\xa9", ASCII },
        { "ws://h:1/a#b", FRAGMENT },
        { "ws://h:1#", FRAGMENT },
        { "#", FRAGMENT },
        { "unix:/a:/b#c", FRAGMENT },
        { "ws://a@h:1/", CREDENTIALS },
        { "ws://h:secret@h:1/", CREDENTIALS },
        { "http://@h", CREDENTIALS },
        { "localhost:9229@evil.example:80", CREDENTIALS },
        { "ws://", NO_HOST },
        { "ws:///a", NO_HOST },
        { "http://:80", NO_HOST },
        { "ws://?x", NO_HOST },
        { ":9229", NO_HOST },
        { "/a", NO_HOST },
        { "http://h%41:1", HOST },
        { "http://h\\x:1", HOST },
        { "http://a,b:1", HOST },
        { ".host.example:1", HOST },
        { "http://a[::1]", BARE },
        { "http://a]:1", HOST },
        { "http://127.1:9", IPV4 },
        { "127.0.0:9", IPV4 },
        { "127.0.0.01:9", IPV4 },
        { "2130706433:9", IPV4 },
        { "0x7f000001:9", IPV4 },
        { "0X:9", IPV4 },
        { "256.0.0.1:9", IPV4 },
        { "1.2.3.4.5:9", IPV4 },
        { "evil.example.0x7f:9", IPV4 },
        { "ws://127.9229", IPV4 },
        { "[127.0.0.1]:9", IPV6 },
        { "[]:9", IPV6 },
        { "[fe80::1%25eth0]:9", IPV6 },
        { "[::1::]:9", IPV6 },
        { "[localhost]:9", IPV6 },
        { "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:9", IPV6 },
        { "::1", BARE },
        { "::1:9229", BARE },
        { "localhost:9229:9229", BARE },
        { "[::1:9229", OPEN },
        { "[", OPEN },
        { "[::1]9229", BETWEEN },
        { "[::1]x:9229", BETWEEN },
        { "localhost", PORTLESS },
        { "[::1]", PORTLESS },
        { "localhost/a", PORTLESS },
        { "json", PORTLESS },
        { "localhost:", NO_PORT },
        { "ws://h:/a", NO_PORT },
        { "[::1]:", NO_PORT },
        { "localhost:abc", NUMBER },
        { "localhost:-1", NUMBER },
        { "localhost:+1", NUMBER },
        { "localhost:0x50", NUMBER },
        { "http://h:80x", NUMBER },
        { "localhost:0", RANGE },
        { "localhost:00000", RANGE },
        { "0", RANGE },
        { "65536", RANGE },
        { "localhost:65536", RANGE },
        { "ws://h:99999999999999999999/", RANGE },
        { "4294967296", RANGE },
        { "18446744073709551617", RANGE },
        { "http://h:1/devtools/page/A1", ID },
        { "http://h:1/json/list", ID },
        { "http://h:1/A1/", ID },
        { "http://h:1//", ID },
        { "http://h:1/A1?x", ID },
        { "http://h:1?x", ID },
        { "9229/a/b", ID },
        { "unix:", "The URL names no file." },
        { "unix::/a", "The URL names no file." },
    };

    (void)state;
    CHECK(rows);
}

/* So many bytes of the pattern, again and again. */
static const char *repeated(char *out, size_t n, const char *prefix, const char *pattern,
                            const char *suffix)
{
    size_t at = strlen(prefix);

    memcpy(out, prefix, at);
    for (size_t i = 0; i < n; i++)
        out[at++] = pattern[i % strlen(pattern)];
    memcpy(out + at, suffix, strlen(suffix) + 1);
    return out;
}

static void test_lengths(void **state)
{
    static char text[8192];
    char line[8192];

    (void)state;
    describe(line, sizeof line, repeated(text, 253, "", "a.", ":9"), NULL);
    assert_memory_equal(line, "http a.a.", 9);
    describe(line, sizeof line, repeated(text, 254, "", "a.", ":9"), NULL);
    assert_string_equal(line, "The URL's host is too long for a name.");
    describe(line, sizeof line, repeated(text, 4096 - 7, "ws://h/", "x", ""), NULL);
    assert_memory_equal(line, "ws h 80 h:80 /x", 15);
    assert_int_equal(strlen(line), 14 + 4096 - 7);
    describe(line, sizeof line, repeated(text, 4096 - 6, "ws://h/", "x", ""), NULL);
    assert_string_equal(line, "The URL is too long.");
    describe(line, sizeof line, repeated(text, 107, "unix:", "f", ":/a"), NULL);
    assert_memory_equal(line, "ws file ffff", 12);
    describe(line, sizeof line, repeated(text, 108, "unix:", "f", ":/a"), NULL);
    assert_string_equal(line, "The file's name is too long for a socket.");
}

static void test_paths(void **state)
{
    static const row rows[] = {
        { "ws://127.0.0.1:9229/0f2c", "/0f2c" },
        { "ws://evil.example/devtools/page/1?a=b", "/devtools/page/1?a=b" },
        { "ws://h/", "/" },
        { "ws://h", "" },
        { "ws://", "" },
        { "ws:/a", "/a" },
        { "", "" },
        { "/a/b", "/a/b" },
        { "localhost:9229/a", "/a" },
        { "://h/a", "/a" },
        { "ws://h/a://b/c", "/a://b/c" },
        { "ws:///a", "/a" },
        { "ws://h//a", "//a" },
        { "ws://h/a b", "" },
        { "ws://h/a\r\nX: y", "" },
        { "ws://h/a\x7f", "" },
        { "ws://h/\xc3\xa9", "" },
        { "ws://h\xc3\xa9/a", "/a" },
        { "ws://h/a#b", "" },
        { "no path", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t n = strlen(rows[i].text);
        char *text = tight(rows[i].text, n);
        const cdp_str path = cdp__url_path(cdp_sn(text, n));
        if (!cdp_str_eq(path, cdp_s(rows[i].want)))
            fail_msg("%s: %.*s, not %s", rows[i].text, (int)path.len, path.ptr, rows[i].want);
        assert_true(path.ptr >= text && path.ptr + path.len <= text + n);
        tight_free(text);
    }
    assert_int_equal(cdp__url_path(cdp_sn("ws://h/a\0b", 10)).len, 0);
    assert_int_equal(cdp__url_path(cdp_s(NULL)).len, 0);
}

static void test_no_memory(void **state)
{
    const char *why = "unset";
    rig_heap heap;
    cdp__url u;

    (void)state;
    rig_heap_init(&heap);
    heap.fail_at = 1;
    assert_int_equal(cdp__url_parse(&u, "ws://h:1/a", &heap.allocator, &why), CDP_ENOMEM);
    assert_null(u.memory);
    cdp__url_free(&u, &heap.allocator);
    assert_int_equal(cdp__url_parse(&u, "ws://h:1/a", &heap.allocator, &why), 0);
    assert_int_equal(heap.requests, 2); /* which are all there are */
    cdp__url_free(&u, &heap.allocator);
    assert_int_equal(heap.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lengths),   cmocka_unit_test(test_paths),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
