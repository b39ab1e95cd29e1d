/*
 * test_tls.c - our end of TLS against a server in memory: nothing is lost, added or waited for.
 */
#include "support/rig.h"
#include "support/tls_peer.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static tls_cert authority, good;
static char *trusted; /* a file with the authority's certificate */

/* Nothing but what we ask for keeps old versions out. */
static void configure(void)
{
    char name[] = "/tmp/cdpkit-conf-XXXXXX";
    FILE *f = fdopen(mkstemp(name), "w");

    assert_non_null(f);
    fputs("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
          "[c]\nCipherString = DEFAULT:@SECLEVEL=0\nMinProtocol = TLSv1\n",
          f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(setenv("OPENSSL_CONF", name, 1), 0);
    assert_int_equal(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL), 1);
    unlink(name);
}

static int set_up(void **state)
{
    (void)state;
    configure();
    authority = tls_cert_new("An authority", NULL, NULL, -1, 2, true, NULL);
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
    tls_cert_free(&good);
    return 0;
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

    /* amid the handshake: ours is not said, the peer's is heard */
    open_good(&p, TLS1_3_VERSION, 0);
    cdp__tls_end_writing(p.end, &p.cipher);
    assert_int_equal(p.cipher.len, 0);
    assert_int_equal(ERR_peek_error(), 0);
    tls_pair_feed(&p, "\x15\x03\x03\x00\x02\x01\x00", 7);
    assert_true(cdp__tls_ended(p.end) && !cdp__tls_ready(p.end) && !p.failed);
    tls_pair_feed(&p, "HTTP/1.1", 8);
    cdp__buf_put(&p.plain, "up", 2);
    assert_int_equal(tls_pair_flush(&p), 0);
    assert_int_equal(p.plain.len, 2);
    assert_false(cdp__tls_ready(p.end) || p.failed);
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
    char *bytes;

    (void)state;
    open_good(&p, TLS1_3_VERSION, 0);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    tls_pair_run(&p);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    tls_pair_server_write(&p, "fine", 4);
    const size_t n = tls_pair_take(&p, &bytes);
    tls_pair_feed(&p, bytes, n);
    free(bytes);
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
