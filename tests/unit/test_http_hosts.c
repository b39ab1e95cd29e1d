/*
 * test_http_hosts.c - who may be reached, and from where: the rules for Host and Origin.
 *
 * A page in the user's browser can have a name of its own stand for this machine (DNS rebinding);
 * such names are what Host must not be.  Each row is judged by itself and as part of a request,
 * which is fed in one piece, byte by byte, and split at every position.
 */
#include "support/plain_text.h"

#include "../../runtime/net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = { "debuggee.example", "Other-Name", NULL };
static const char *const origins[] = { "https://front.example", "chrome-extension://abc", NULL };

static int status_of(const cdp__http_policy *policy, const char *head, size_t n, size_t cut,
                     size_t step)
{
    cdp__http *h = cdp__http_new(NULL, policy);
    cdp__http_request r = { .status = -1 };
    int rc = 0;

    for (size_t at = 0, used; rc == 0 && at < n; at += used) {
        size_t size = at == 0 && cut ? cut : step;
        size = size < n - at ? size : n - at;
        char *piece = tight(head + at, size);
        rc = cdp__http_feed(h, piece, size, &used, &r);
        tight_free(piece);
    }
    assert_int_equal(rc, 1);
    cdp__http_free(h);
    return r.status;
}

/* Header lines, and the status they deserve. */
static void check_lines(const cdp__http_policy *policy, const char *lines, int status)
{
    static const char *const starts[] = {
        "GET /json HTTP/1.1\r\n",
        "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    };
    char head[600];

    for (int k = 0; k < 2; k++) {
        const size_t n = (size_t)snprintf(head, sizeof head, "%s%s\r\n", starts[k], lines);
        assert_true(n < sizeof head);
        for (size_t cut = 0; cut < n; cut++)
            if (status_of(policy, head, n, cut, n) != status)
                fail_msg("%s (not %d, cut at %zu)", lines, status, cut);
        assert_int_equal(status_of(policy, head, n, 0, 1), status);
    }
}

/* ---- Host --------------------------------------------------------------- */

typedef struct host {
    const char *text;
    bool fine;
} host;

static const host hosts[] = {
    { "", true },
    { "localhost", true },
    { "LOCALHOST", true },
    { "LocalHost:9229", true },
    { "localhost:1", true },
    { "localhost:99999", true },
    { "127.0.0.1", true },
    { "127.0.0.1:9229", true },
    { "127.255.255.254", true },
    { "1.1.1.1", true },
    { "8.8.8.8:80", true },
    { "255.255.255.255", true },
    { "192.168.0.10:9229", true },
    { "[::1]", true },
    { "[::1]:9229", true },
    { "[0:0:0:0:0:0:0:1]", true },
    { "[fe80::1]", true },
    { "[FE80::ABCD]:1", true },
    { "[::ffff:127.0.0.1]", true },
    { "[0000:0000:0000:0000:0000:0000:0000:0001]", true },
    { "[0000:0000:0000:0000:0000:ffff:127.100.100.100]", true },
    { "debuggee.example", true },
    { "DEBUGGEE.Example:9229", true },
    { "other-name", true },

    /* names */
    { "evil.example", false },
    { "evil.example:9229", false },
    { "localhost.evil.example", false },
    { "127.0.0.1.evil.example", false },
    { "foo.localhost", false },
    { "localhost.", false },
    { "localhos", false },
    { "localhost6", false }, /* CVE-2021-22884 */
    { "localhost6.localdomain6", false },
    { "localhost@evil.example", false },
    { "evil.example@localhost", false },
    { "localhost,evil.example", false },
    { "localhost evil.example", false },
    { "localhost/", false },
    { "http://localhost", false },
    { "debuggee.example.", false },
    { "x.debuggee.example", false },
    { "debuggee.exampl", false },
    { "\xe2\x80\x8blocalhost", false },
    /* ports */
    { "localhost:", false },
    { "127.0.0.1:", false },
    { "[::1]:", false },
    { "localhost:abc", false },
    { "localhost:9229a", false },
    { "localhost:+1", false },
    { "localhost:-1", false },
    { "localhost: 1", false },
    { "localhost:123456", false },
    { "localhost:9229:9229", false },
    { "127.0.0.1:9229@evil.example", false },
    { "[::1]9229", false },
    { "[::1]:x", false },
    { "[::1]:1:1", false },
    { ":", false },
    { ":9229", false },
    /* not quite IPv4 */
    { "127.1", false },
    { "1.1", false },
    { "10.0.1", false },
    { "10.0..1", false },
    { "127.0.0.01", false },
    { "127.0.0.1.", false },
    { "127.0.0.1.1", false },
    { ".127.0.0.1", false },
    { "10.0.2.555", false }, /* CVE-2022-32212 */
    { "256.1.1.1", false },
    { "1.09.0.0", false }, /* CVE-2022-43548 */
    { "192.0.2.010", false },
    { "0177.0.0.1", false },
    { "0x7f.1", false },
    { "0x7f.0.0.1", false },
    { "2130706433", false },
    { "127.0.0.1%00", false },
    { "-1.0.0.1", false },
    { "1 .0.0.1", false },
    /* this machine, by numbers that name no machine */
    { "0.0.0.0", false },
    { "0.0.0.0:9229", false },
    { "0.1.2.3", false },
    { "[::]", false },
    { "[::0]", false },
    { "[0:0:0:0:0:0:0:0]", false },
    { "[::0.0.0.0]", false },
    { "[::ffff:0.0.0.0]", false },
    { "[::ffff:0.0.0.1]", false },
    /* not quite IPv6 */
    { "::1", false },
    { "[::1", false },
    { "::1]", false },
    { "[]", false },
    { "[", false },
    { "]", false },
    { "[]:9229", false },
    { "[127.0.0.1]", false },
    { "[localhost]", false },
    { "[fe80::1%eth0]", false },
    { "[1:2:3:4:5:6:7]", false },
    { "[1:2:3:4:5:6:7:8:9]", false },
    { "[::1::]", false },
    { "[:::1]", false },
    { "[::g]", false },
    { "[::12345]", false },
    { "[::1]]", false },
    { "[[::1]]", false },
    { "[::1].evil.example", false },
    { "x[::1]", false },
    { "[0000:0000:0000:0000:0000:ffff:0127.100.100.100]", false },
    { "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]", false },
};

static void test_hosts(void **state)
{
    static const cdp__http_policy policy = { names, NULL };
    char line[200];

    (void)state;
    for (const host *h = hosts; h < hosts + sizeof hosts / sizeof *hosts; h++) {
        char *text = tight(h->text, strlen(h->text));
        if (cdp__http_host_ok(cdp_sn(text, strlen(h->text)), names) != h->fine)
            fail_msg("%s", h->text);
        tight_free(text);
        snprintf(line, sizeof line, "Host: %s\r\n", h->text);
        check_lines(&policy, line, h->fine ? 0 : 400);
    }
    check_lines(&policy, "", 0); /* none, as Node has it */
}

/* What stands for nobody unless it is listed, and bytes that no header can hold. */
static void test_hosts_alone(void **state)
{
    static const struct {
        const char *p;
        size_t n;
    } bad[] = {
        { "localhost\0", 10 },
        { "\0localhost", 10 },
        { "127.0.0.1\0", 10 },
        { "127.0.0.1\0.evil", 15 },
        { "[::1\0]", 6 },
        { "[::1]\0", 6 },
        { "\0", 1 },
        { "localhost\r\n", 11 },
        { "local\0host", 10 },
        { "localhost:\0", 11 },
        { "localhost:92\0", 13 },
        { "debuggee.example", 16 },
        { "debuggee.example:1", 18 },
        { "[::1]:1\n", 8 },
    };
    char *long_name = malloc(5000);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = tight(bad[i].p, bad[i].n);
        assert_false(cdp__http_host_ok(cdp_sn(text, bad[i].n), NULL));
        tight_free(text);
    }
    for (size_t n = 1; n < 5000; n += n < 100 ? 1 : 500) {
        memset(long_name, '1', n);
        assert_false(cdp__http_host_ok(cdp_sn(long_name, n), names));
        long_name[0] = '[';
        assert_false(cdp__http_host_ok(cdp_sn(long_name, n), names));
        long_name[n - 1] = ']';
        assert_false(cdp__http_host_ok(cdp_sn(long_name, n), names));
    }
    free(long_name);
    assert_true(cdp__http_host_ok(cdp_sn(NULL, 0), NULL));
}

static void test_several_hosts(void **state)
{
    static const cdp__http_policy policy = { names, NULL };

    (void)state;
    check_lines(&policy, "Host: localhost\r\nHost: localhost\r\n", 400);
    check_lines(&policy, "Host: localhost\r\nhost: evil.example\r\n", 400);
    check_lines(&policy, "Host: evil.example\r\nhost: localhost\r\n", 400);
    check_lines(&policy, "HOST: localhost\r\nhOsT: 127.0.0.1\r\n", 400);
    check_lines(&policy, "Host:\r\nHost: localhost\r\n", 400);
    check_lines(&policy, "Host: localhost\r\nHost:\r\n", 400);
    check_lines(&policy, "Host:\r\nHost:\r\n", 400);
    check_lines(&policy, "Host: localhost\r\nX-Forwarded-Host: evil.example\r\n", 0);
}

/* ---- Origin ------------------------------------------------------------- */

static const struct {
    const char *text;
    bool fine;
} rows[] = {
    { "devtools://devtools", true },
    { "https://front.example", true },
    { "chrome-extension://abc", true },
    { "", false },
    { "null", false },
    { "*", false },
    { "file://", false },
    { "http://evil.example", false },
    { "http://localhost:9229", false },
    { "http://localhost", false },
    { "http://127.0.0.1:9229", false },
    { "https://127.0.0.1", false },
    { "http://[::1]:9229", false },
    { "devtools://devtools/", false },
    { "devtools://devtools/x", false },
    { "devtools://devtools.evil", false },
    { "devtools://devtool", false },
    { "devtools://", false },
    { "Devtools://devtools", false },
    { "devtools://DevTools", false },
    { "devtools://devtools devtools://devtools", false },
    { "devtools://devtools, http://evil.example", false },
    { "http://evil.example devtools://devtools", false },
    { "chrome-extension://abcd", false },
    { "chrome-extension://ab", false },
    { "https://front.example:443", false },
    { "https://front.example.example", false },
    { "http://front.example", false },
    { "HTTPS://front.example", false },
};

static void test_origins(void **state)
{
    static const cdp__http_policy policy = { NULL, origins };
    char line[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = tight(rows[i].text, strlen(rows[i].text));
        if (cdp__http_origin_ok(cdp_sn(text, strlen(rows[i].text)), origins) != rows[i].fine)
            fail_msg("%s", rows[i].text);
        tight_free(text);
        snprintf(line, sizeof line, "Origin: %s\r\n", rows[i].text);
        check_lines(&policy, line, rows[i].fine ? 0 : 403);
        check_lines(NULL, line, i == 0 ? 0 : 403);
    }
    assert_true(cdp__http_origin_ok(cdp_sn(NULL, 0), NULL));
    assert_false(cdp__http_origin_ok(cdp_sn("devtools://devtools\0", 20), NULL));
    check_lines(NULL, "Origin: devtools://devtools\r\nOrigin: devtools://devtools\r\n", 403);
    check_lines(NULL, "origin: devtools://devtools\r\nOrigin: http://evil.example\r\n", 403);
    check_lines(NULL, "Origin: http://evil.example\r\nORIGIN: devtools://devtools\r\n", 403);
    check_lines(NULL, "Origin:\r\nOrigin: devtools://devtools\r\n", 403);
    check_lines(NULL, "Host: evil.example\r\nOrigin: http://evil.example\r\n", 400);
    check_lines(NULL, "Referer: http://evil.example/\r\n", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_hosts_alone),
        cmocka_unit_test(test_several_hosts),
        cmocka_unit_test(test_origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
