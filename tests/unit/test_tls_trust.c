/*
 * test_tls_trust.c - whom our end of TLS takes for the peer that was meant, and who is told what.
 */
#include "support/tls_peer.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static tls_cert authority, stranger;
static char *trusted; /* a file with the authority's certificate */

static int set_up(void **state)
{
    (void)state;
    authority = tls_cert_new("An authority", NULL, NULL, -1, 2, true, NULL);
    stranger = tls_cert_new("Another", NULL, NULL, -1, 2, true, NULL);
    trusted = tls_cert_file(&authority);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(trusted);
    free(trusted);
    tls_cert_free(&authority);
    tls_cert_free(&stranger);
    return 0;
}

typedef struct row {
    const char *host, *names, *want; /* "": it is trusted */
    const char *server_name, *usage;
    int from, to; /* days; 0, 0: valid */
    enum { BY_AUTHORITY, BY_STRANGER, BY_ITSELF } issuer;
    enum { OUR_FILE, SYSTEM, NOBODY } trust;
} row;

#define NO_NAME "certificate verify failed: hostname mismatch"
#define NO_ADDRESS "certificate verify failed: IP address mismatch"
#define NO_ISSUER "certificate verify failed: unable to get local issuer certificate"

#define OF(h, n, w) .host = (h), .names = (n), .want = (w)

static const row rows[] = {
    { OF("host.example", "DNS:host.example", "") },
    { OF("HOST.Example", "DNS:host.example", "") },
    { OF("b.example", "DNS:a.example,DNS:b.example,IP:127.0.0.1", "") },
    { OF("a.host.example", "DNS:*.host.example", "") },
    { OF("xn--bcher-kva.host.example", "DNS:*.host.example", "") },
    { OF("127.0.0.1", "IP:127.0.0.1", "") },
    { OF("::1", "IP:::1", "") },
    { OF("0:0:0:0:0:0:0:1", "DNS:a.example,IP:::1", "") },
    { OF("127.0.0.1", "DNS:host.example", ""), .server_name = "host.example" },
    { OF("a.example", "IP:127.0.0.1", ""), .server_name = "127.0.0.1" },
    { OF("host.example", "DNS:host.example", ""), .usage = "serverAuth,clientAuth" },
    { OF("a.example", "DNS:host.example", NO_NAME) },
    { OF("host.example", NULL, NO_NAME) }, /* its subject is no name */
    { OF("subject.example", NULL, NO_NAME) },
    { OF("example", "DNS:host.example", NO_NAME) },
    { OF("a.host.example", "DNS:host.example", NO_NAME) },
    { OF("host.example", "DNS:*.host.example", NO_NAME) },
    { OF("b.a.host.example", "DNS:*.host.example", NO_NAME) },
    { OF("a1.host.example", "DNS:a*.host.example", NO_NAME) },
    { OF("host.example.evil.example", "DNS:host.example", NO_NAME) },
    { OF("host.example", "DNS:host.example", NO_NAME), .server_name = "a.example" },
    { OF("127.0.0.2", "IP:127.0.0.1", NO_ADDRESS) },
    { OF("127.0.0.1", "DNS:127.0.0.1", NO_ADDRESS) },
    { OF("127.0.0.1", "DNS:*", NO_ADDRESS) },
    { OF("::2", "IP:::1", NO_ADDRESS) },
    { OF("host.example", "DNS:host.example", "certificate verify failed: certificate has expired"),
      .from = -3, .to = -1 },
    { OF("host.example", "DNS:host.example",
         "certificate verify failed: certificate is not yet valid"),
      .from = 1, .to = 3 },
    { OF("host.example", "DNS:host.example",
         "certificate verify failed: unsuitable certificate purpose"),
      .usage = "clientAuth" },
    { OF("host.example", "DNS:host.example", "certificate verify failed: self-signed certificate"),
      .issuer = BY_ITSELF },
    { OF("host.example", "DNS:host.example", NO_ISSUER), .issuer = BY_STRANGER },
    { OF("host.example", "DNS:host.example", NO_ISSUER), .trust = SYSTEM },
    { OF("host.example", "DNS:host.example", ""), .trust = NOBODY },
    { OF("a.example", "DNS:host.example", ""), .trust = NOBODY },
    { OF("127.0.0.1", NULL, ""), .issuer = BY_ITSELF, .trust = NOBODY },
    { OF("host.example", "DNS:host.example", ""), .from = -3, .to = -1, .trust = NOBODY },
};

static void run(const row *r, int version, size_t step)
{
    const tls_cert *const issuers[] = { &authority, &stranger, NULL };
    const bool dated = r->from || r->to;
    tls_cert c = tls_cert_new("subject.example", r->names, r->usage, dated ? r->from : -1,
                              dated ? r->to : 2, false, issuers[r->issuer]);
    const cdp_tls_options options = { .ca_file = r->trust == OUR_FILE ? trusted : NULL,
                                      .server_name = r->server_name,
                                      .insecure = r->trust == NOBODY };
    tls_pair p;

    tls_pair_open(&p, &c, version, &options, r->host);
    p.step = step;
    tls_pair_run(&p);
    if (strcmp(cdp__tls_why(p.end), r->want) != 0)
        fail_msg("%s (%s): \"%s\", not \"%s\"", r->host, r->names ? r->names : "-",
                 cdp__tls_why(p.end), r->want);
    assert_int_equal(cdp__tls_ready(p.end), r->want[0] == 0);
    assert_int_equal(p.failed, r->want[0] != 0);
    const char *sni = SSL_get_servername(p.server, TLSEXT_NAMETYPE_host_name);
    const char *name = r->server_name ? r->server_name : r->host;
    const bool is_address = strchr(name, ':') || strncmp(name, "127", 3) == 0;
    if (is_address)
        assert_null(sni);
    else
        assert_string_equal(sni, name);
    if (p.failed) { /* it was told, and nothing more comes of it */
        assert_int_equal(SSL_get_shutdown(p.server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        cdp__buf_put(&p.plain, "secret", 6);
        assert_int_equal(tls_pair_flush(&p), CDP_EIO);
        tls_pair_run(&p);
        assert_int_equal(p.plain.len, 6);
        assert_int_equal(p.server_got.len, 0);
    } else {
        cdp__buf_put(&p.plain, "secret", 6);
        tls_pair_run(&p);
        assert_int_equal(p.plain.len, 0);
        assert_int_equal(p.server_got.len, 6);
    }
    assert_int_equal(ERR_peek_error(), 0);
    tls_pair_close(&p);
    tls_cert_free(&c);
}

static void test_trust(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(&rows[i], TLS1_3_VERSION, 0);
        run(&rows[i], TLS1_2_VERSION, 0);
        run(&rows[i], TLS1_3_VERSION, 1);
    }
}

static void test_options(void **state)
{
    const cdp_tls_options missing = { .ca_file = "/nowhere/authorities.pem" };
    const cdp_tls_options no_pem = { .ca_file = "README.md" };
    const cdp_tls_options empty_name = { .server_name = "" };
    char long_name[255];
    const cdp_tls_options too_long = { .server_name = long_name };
    cdp_tls *tls;
    cdp__tls_end *end;
    cdp_str *why;

    (void)state;
    memset(long_name, 'a', 254);
    long_name[254] = 0;
    assert_int_equal(cdp_tls_new(&tls, &missing, &why), CDP_EINVAL);
    assert_null(tls);
    assert_non_null(strstr(why->ptr, "/nowhere/authorities.pem: No such file"));
    cdp_free(why);
    assert_int_equal(cdp_tls_new(&tls, &missing, NULL), CDP_EINVAL);
    assert_int_equal(cdp_tls_new(&tls, &no_pem, &why), CDP_EINVAL);
    assert_non_null(strstr(why->ptr, "README.md: "));
    cdp_free(why);
    assert_int_equal(cdp_tls_new(&tls, &empty_name, &why), CDP_EINVAL);
    assert_string_equal(why->ptr, "The server's name for TLS must have 1 to 253 characters.");
    cdp_free(why);
    assert_int_equal(cdp_tls_new(&tls, &too_long, &why), CDP_EINVAL);
    cdp_free(why);
    assert_int_equal(cdp_tls_new(&tls, NULL, &why), 0);
    assert_null(why);
    assert_int_equal(cdp__tls_open(&end, tls, ""), CDP_EINVAL);
    assert_null(end);
    assert_int_equal(cdp__tls_open(&end, tls, long_name), CDP_EINVAL);
    cdp_tls_free(tls);
    cdp_tls_free(NULL);
    cdp__tls_free(NULL);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
