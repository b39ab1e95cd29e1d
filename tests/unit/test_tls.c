/*
 * test_tls.c - our end of TLS against a server in memory: whom it trusts, and that nothing is lost.
 */
#include "support/plain_text.h"
#include "support/rig.h"
#include "support/tls_peer.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static tls_cert authority, stranger, good;
static char *trusted; /* a file with the authority's certificate */

static int set_up(void **state)
{
    (void)state;
    authority = tls_cert_new("An authority", NULL, NULL, -1, 2, true, NULL);
    stranger = tls_cert_new("Another", NULL, NULL, -1, 2, true, NULL);
    good = tls_cert_new("x", "DNS:host.example", "serverAuth", -1, 2, false, &authority);
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
    tls_cert_free(&good);
    return 0;
}

/* ---- who is trusted ----------------------------------------------------------- */

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

/* ---- what is said --------------------------------------------------------------- */

static void open_good(tls_pair *p, int version, size_t step)
{
    const cdp_tls_options options = { .ca_file = trusted };

    tls_pair_open(p, &good, version, &options, "host.example");
    p->step = step;
}

static void test_versions(void **state)
{
    static const int old[] = { TLS1_VERSION, TLS1_1_VERSION };
    tls_pair p;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_good(&p, old[i], 0);
        tls_pair_run(&p);
        assert_true(p.failed && !cdp__tls_ready(p.end));
        assert_memory_equal(cdp__tls_why(p.end), "the TLS handshake failed: ", 26);
        tls_pair_close(&p);
    }
}

static void test_no_tls(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } others[] = {
        { "HTTP/1.1 400 Bad Request\r\n\r\n", 28 },
        { "\x81\x02{}\x81", 5 },
        { "\x16\x03\x01\xff\xff", 5 },
        { "\x17\x03\x03\x00\x05hello", 10 },
        { "\x14\x03\x03\x00\x01\x01", 6 },
        { "\x15\x03\x03\x00\x02\x02\x28", 7 },
        { "\x16\x03\x03\x00\x04\x0e\x00\x00\x00", 9 },
    };
    tls_pair p;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (int bytewise = 0; bytewise < 2; bytewise++) {
            const size_t n = others[i].n;
            open_good(&p, TLS1_3_VERSION, 0);
            for (size_t at = 0; at < n; at += bytewise ? 1 : n)
                tls_pair_feed(&p, others[i].bytes + at, bytewise ? 1 : n);
            if (!p.failed && i != 4) /* which TLS 1.3 has one ignore */
                fail_msg("more is waited for: %zu", i);
            assert_true(!p.failed ||
                        strncmp(cdp__tls_why(p.end), "the TLS handshake failed: ", 26) == 0);
            assert_false(cdp__tls_ready(p.end) || cdp__tls_ended(p.end));
            assert_int_equal(p.got.len, 0);
            tls_pair_close(&p);
        }
    open_good(&p, TLS1_3_VERSION, 0);
    tls_pair_feed(&p, others[0].bytes, others[0].n);
    assert_string_equal(cdp__tls_why(p.end), "the TLS handshake failed: wrong version number");
    tls_pair_close(&p);
}

/* Random text, but for its start. */
static char *long_text(size_t n)
{
    char *text = malloc(n);

    for (size_t i = 0; i < n; i++)
        text[i] = (char)(i * 2654435761u >> 13);
    return text;
}

static void test_messages(void **state)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    static const size_t sizes[] = { 1, 16383, 16384, 16385, 200000, 20000000 };

    (void)state;
    for (size_t v = 0; v < 2; v++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t step = 0; step < 2; step++) {
                const size_t n = sizes[i];
                char *text = long_text(n);
                tls_pair p;
                open_good(&p, versions[v], !step ? 0 : n > 20000 ? 1000 : 1);
                cdp__buf_put(&p.plain, text, n);
                assert_int_equal(tls_pair_flush(&p), 0);
                assert_int_equal(p.plain.len, n); /* before the handshake it waits */
                tls_pair_run(&p);
                tls_pair_server_write(&p, text, n);
                tls_pair_run(&p);
                assert_int_equal(p.plain.len, 0);
                assert_int_equal(p.got.len, n);
                assert_int_equal(p.server_got.len, n);
                assert_memory_equal(p.got.ptr, text, n);
                assert_memory_equal(p.server_got.ptr, text, n);
                assert_false(p.failed || cdp__tls_ended(p.end));
                tls_pair_close(&p);
                free(text);
            }
}

/* Many small messages make one record of many, not many records. */
static void test_one_write(void **state)
{
    cdp__buf out = { .len = 0 };
    tls_pair p;

    (void)state;
    open_good(&p, TLS1_3_VERSION, 0);
    tls_pair_run(&p);
    for (int i = 0; i < 100; i++)
        cdp__buf_put(&p.plain, "0123456789", 10);
    assert_int_equal(cdp__tls_flush(p.end, &p.plain, &out), 0);
    assert_in_range(out.len, 1000, 1100);
    assert_int_equal(cdp__tls_flush(p.end, &p.plain, &out), 0);
    assert_in_range(out.len, 1000, 1100);
    cdp__buf_free(&out);
    tls_pair_close(&p);
}

/* What comes along with the end of the handshake is not handed over before that is known. */
static void test_first_words(void **state)
{
    tls_pair p;
    char *bytes;
    size_t n;

    (void)state;
    open_good(&p, TLS1_2_VERSION, 0);
    for (int i = 0; i < 2 && !SSL_is_init_finished(p.server); i++) {
        n = tls_pair_take(&p, &bytes);
        tls_pair_feed(&p, bytes, n);
        free(bytes);
        tls_pair_flush(&p);
    }
    assert_true(SSL_is_init_finished(p.server));
    assert_false(cdp__tls_ready(p.end));
    tls_pair_server_write(&p, "first", 5);
    tls_pair_server_write(&p, "second", 6);
    n = tls_pair_take(&p, &bytes);
    tls_pair_feed(&p, bytes, n);
    free(bytes);
    assert_true(cdp__tls_ready(p.end));
    assert_int_equal(p.got.len, 0);
    tls_pair_server_write(&p, "third", 5);
    n = tls_pair_take(&p, &bytes);
    tls_pair_feed(&p, bytes, n - 1);
    assert_int_equal(p.got.len, 11);
    tls_pair_feed(&p, bytes + n - 1, 1);
    free(bytes);
    assert_int_equal(p.got.len, 16);
    assert_memory_equal(p.got.ptr, "firstsecondthird", 16);
    tls_pair_close(&p);
}

static void test_new_keys(void **state)
{
    static const int kinds[] = { SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED };
    tls_pair p;

    (void)state;
    for (size_t step = 0; step < 3; step++)
        for (int k = 0; k < 2; k++) {
            open_good(&p, TLS1_3_VERSION, step);
            tls_pair_run(&p);
            for (int i = 0; i < 40; i++) {
                assert_int_equal(SSL_key_update(p.server, kinds[k]), 1);
                tls_pair_server_write(&p, "down", 4);
                cdp__buf_put(&p.plain, "up", 2);
                tls_pair_run(&p);
            }
            assert_false(p.failed);
            assert_int_equal(p.got.len, 160);
            assert_int_equal(p.server_got.len, 80);
            tls_pair_close(&p);
        }
}

/* Amid a change of keys, whatever has come of it. */
static void test_amid_new_keys(void **state)
{
    tls_pair p;
    char *bytes;

    (void)state;
    open_good(&p, TLS1_3_VERSION, 0);
    tls_pair_run(&p);
    assert_int_equal(SSL_key_update(p.server, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(p.server), 1);
    const size_t n = tls_pair_take(&p, &bytes);
    for (size_t i = 0; i < n; i++) {
        tls_pair_feed(&p, bytes + i, 1);
        cdp__buf_put(&p.plain, "x", 1);
        assert_int_equal(tls_pair_flush(&p), 0);
    }
    free(bytes);
    assert_int_equal(p.plain.len, 0);
    assert_int_equal(p.server_got.len, n);
    tls_pair_close(&p);
}

/* A server that wants another handshake (TLS 1.2) is told that there is none, and gives up. */
static void test_renegotiation(void **state)
{
    tls_pair p;

    (void)state;
    open_good(&p, TLS1_2_VERSION, 0);
    tls_pair_run(&p);
    assert_int_equal(SSL_renegotiate(p.server), 1);
    SSL_do_handshake(p.server);
    ERR_clear_error();
    tls_pair_run(&p);
    assert_string_equal(cdp__tls_why(p.end), "TLS failed: sslv3 alert handshake failure");
    tls_pair_close(&p);
}

/* ---- the end -------------------------------------------------------------------- */

static void test_ends(void **state)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    tls_pair p;
    char *bytes;

    (void)state;
    for (size_t v = 0; v < 2; v++)
        for (size_t step = 0; step < 2; step++) {
            /* the peer's first */
            open_good(&p, versions[v], step);
            tls_pair_run(&p);
            tls_pair_server_write(&p, "last", 4);
            SSL_shutdown(p.server);
            tls_pair_run(&p);
            assert_true(cdp__tls_ended(p.end) && !p.failed);
            assert_int_equal(p.got.len, 4);
            tls_pair_feed(&p, "more, which is not looked at", 28);
            assert_true(cdp__tls_ended(p.end) && !p.failed);
            cdp__buf_put(&p.plain, "up", 2); /* we may go on */
            tls_pair_run(&p);
            cdp__tls_end_writing(p.end, &p.cipher);
            tls_pair_flush(&p);
            assert_int_equal(p.server_got.len, 2);
            assert_int_equal(SSL_get_shutdown(p.server), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            tls_pair_close(&p);

            /* ours first, once */
            open_good(&p, versions[v], step);
            tls_pair_run(&p);
            cdp__tls_end_writing(p.end, &p.cipher);
            const size_t n = p.cipher.len;
            assert_true(n > 0);
            cdp__tls_end_writing(p.end, &p.cipher);
            assert_int_equal(p.cipher.len, n);
            tls_pair_server_write(&p, "late", 4);
            tls_pair_run(&p);
            assert_int_equal(SSL_get_shutdown(p.server), SSL_RECEIVED_SHUTDOWN);
            assert_int_equal(p.got.len, 4);
            assert_false(p.failed || cdp__tls_ended(p.end));
            tls_pair_close(&p);
        }

    /* amid the handshake there is nothing to say */
    open_good(&p, TLS1_3_VERSION, 0);
    cdp__tls_end_writing(p.end, &p.cipher);
    assert_int_equal(p.cipher.len, 0);
    assert_int_equal(ERR_peek_error(), 0);
    tls_pair_close(&p);

    /* cut, wherever: no end */
    open_good(&p, TLS1_3_VERSION, 0);
    tls_pair_run(&p);
    tls_pair_server_write(&p, "whole", 5);
    tls_pair_server_write(&p, "cut", 3);
    const size_t n = tls_pair_take(&p, &bytes);
    tls_pair_feed(&p, bytes, n - 1);
    free(bytes);
    assert_int_equal(p.got.len, 5);
    assert_false(p.failed || cdp__tls_ended(p.end));
    tls_pair_close(&p);
}

/* A byte of the peer's is changed on the way. */
static void test_tampering(void **state)
{
    tls_pair p;
    char *bytes;

    (void)state;
    for (size_t i = 0; i < 30; i++) {
        open_good(&p, TLS1_3_VERSION, 0);
        tls_pair_run(&p);
        tls_pair_server_write(&p, "0123456789", 10);
        const size_t n = tls_pair_take(&p, &bytes);
        assert_true(i < n);
        bytes[i] ^= 1;
        tls_pair_feed(&p, bytes, n);
        assert_int_equal(p.got.len, 0);
        if (i != 3 && i != 4) { /* the length: more would have to come */
            assert_true(p.failed);
            assert_memory_equal(cdp__tls_why(p.end), "TLS failed: ", 12);
            bytes[i] ^= 1;
            tls_pair_feed(&p, bytes, n);
            assert_int_equal(p.got.len, 0);
            assert_int_equal(tls_pair_flush(&p), CDP_EIO);
            assert_int_equal(SSL_get_shutdown(p.server), SSL_RECEIVED_SHUTDOWN); /* the alert */
        }
        free(bytes);
        tls_pair_close(&p);
    }
}

static void test_handshake_tampering(void **state)
{
    tls_pair p;
    char *bytes;
    size_t n = 1;

    (void)state;
    for (size_t i = 0; i < n; i += 7) {
        open_good(&p, TLS1_3_VERSION, 0);
        n = tls_pair_take(&p, &bytes);
        if (i < n) /* lengths of signatures differ */
            bytes[i] ^= 0x20;
        tls_pair_feed(&p, bytes, n);
        free(bytes);
        tls_pair_flush(&p);
        assert_true(!cdp__tls_ready(p.end) || !p.failed);
        assert_int_equal(ERR_peek_error(), 0);
        tls_pair_close(&p);
    }
}

/* ---- surroundings --------------------------------------------------------------- */

/* Errors of others in the thread's queue are not taken for ours. */
static void test_others_errors(void **state)
{
    tls_pair p;

    (void)state;
    open_good(&p, TLS1_3_VERSION, 0);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    tls_pair_run(&p);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    tls_pair_server_write(&p, "fine", 4);
    tls_pair_run(&p);
    assert_int_equal(p.got.len, 4);
    assert_false(p.failed);
    tls_pair_close(&p);
    ERR_clear_error();
}

static void test_no_memory(void **state)
{
    static char text[100000];
    tls_pair p;

    (void)state;
    for (size_t at = 1; at <= 3; at++) {
        rig_heap heap;
        rig_heap_init(&heap);
        cdp__buf out = { .allocator = &heap.allocator };
        open_good(&p, TLS1_3_VERSION, 0);
        tls_pair_run(&p);
        cdp__buf_put(&out, "kept", 4);
        heap.fail_at = heap.requests + at;
        cdp__buf_put(&p.plain, text, sizeof text);
        assert_int_equal(cdp__tls_flush(p.end, &p.plain, &out), CDP_ENOMEM);
        assert_false(out.failed);
        assert_int_equal(out.len, 4);
        assert_memory_equal(out.ptr, "kept", 4);
        p.failed = true;
        assert_int_equal(tls_pair_flush(&p), CDP_EIO);
        assert_string_equal(cdp__tls_why(p.end), "TLS failed: no memory");
        cdp__buf_free(&out);
        assert_int_equal(heap.blocks, 0);
        tls_pair_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_no_tls),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_one_write),
        cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_amid_new_keys),
        cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_handshake_tampering),
        cmocka_unit_test(test_others_errors),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
