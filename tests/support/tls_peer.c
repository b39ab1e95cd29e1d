/* tls_peer.c - see tls_peer.h. */
#include "tls_peer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- certificates ------------------------------------------------------------ */

static void extend(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

    assert_non_null(e);
    assert_int_equal(X509_add_ext(cert, e, -1), 1);
    X509_EXTENSION_free(e);
}

tls_cert tls_cert_new(const char *subject, const char *names, const char *usage, int from_days,
                      int to_days, bool authority, const tls_cert *issuer)
{
    static long serial;
    tls_cert c = { X509_new(), EVP_EC_gen("P-256") };
    X509_NAME *name = X509_get_subject_name(c.cert);
    X509V3_CTX ctx;

    assert_true(c.cert && c.key);
    if (!issuer)
        issuer = &c;
    X509_set_version(c.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c.cert), from_days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(c.cert), to_days * 86400L);
    X509_set_pubkey(c.cert, c.key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
    X509_set_issuer_name(c.cert, X509_get_subject_name(issuer->cert));
    X509V3_set_ctx(&ctx, issuer->cert, c.cert, NULL, NULL, 0);
    extend(c.cert, &ctx, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (names)
        extend(c.cert, &ctx, NID_subject_alt_name, names);
    if (usage)
        extend(c.cert, &ctx, NID_ext_key_usage, usage);
    assert_true(X509_sign(c.cert, issuer->key, EVP_sha256()) > 0);
    return c;
}

void tls_cert_free(tls_cert *c)
{
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
}

char *tls_cert_file(const tls_cert *c)
{
    char name[] = "/tmp/cdpkit-cert-XXXXXX";
    FILE *f = fdopen(mkstemp(name), "w");

    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, c->cert), 1);
    assert_int_equal(fclose(f), 0);
    return strdup(name);
}

/* ---- both ends --------------------------------------------------------------- */

void tls_pair_open(tls_pair *p, const tls_cert *c, int version, const cdp_tls_options *options,
                   const char *host)
{
    memset(p, 0, sizeof *p);
    p->ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(p->ctx);
    SSL_CTX_set_min_proto_version(p->ctx, version);
    SSL_CTX_set_max_proto_version(p->ctx, version);
    assert_int_equal(SSL_CTX_use_certificate(p->ctx, c->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, c->key), 1);
    p->server = SSL_new(p->ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    SSL_set_bio(p->server, p->in, p->out);
    SSL_set_accept_state(p->server);
    assert_int_equal(cdp_tls_new(&p->tls, options, NULL), 0);
    assert_int_equal(cdp__tls_open(&p->end, p->tls, host), 0);
    tls_pair_flush(p);
}

void tls_pair_close(tls_pair *p)
{
    cdp_tls_free(p->tls); /* the end keeps it */
    cdp__tls_free(p->end);
    SSL_free(p->server);
    SSL_CTX_free(p->ctx);
    cdp__buf_free(&p->plain);
    cdp__buf_free(&p->cipher);
    cdp__buf_free(&p->got);
    cdp__buf_free(&p->server_got);
}

static void on_data(void *self, const char *bytes, size_t len)
{
    tls_pair *p = self;

    assert_true(cdp__tls_ready(p->end) && len > 0);
    cdp__buf_put(&p->got, bytes, len);
}

void tls_pair_feed(tls_pair *p, const char *bytes, size_t n)
{
    char *copy = malloc(n ? n : 1); /* of its own, so that a byte too far is seen */

    memcpy(copy, bytes, n);
    const int rc = cdp__tls_feed(p->end, copy, n, on_data, p);
    free(copy);
    if (rc < 0) {
        assert_int_equal(rc, CDP_EIO);
        assert_true(cdp__tls_why(p->end)[0]);
        p->failed = true;
    }
}

/* The server does what it can. */
static void serve(tls_pair *p)
{
    char plain[4096];
    size_t n;

    while (SSL_read_ex(p->server, plain, sizeof plain, &n) == 1)
        cdp__buf_put(&p->server_got, plain, n);
    ERR_clear_error();
}

int tls_pair_flush(tls_pair *p)
{
    const int rc = cdp__tls_flush(p->end, &p->plain, &p->cipher);

    assert_true(rc == 0 || p->failed);
    for (size_t at = 0, n; at < p->cipher.len; at += n) {
        n = p->step && p->step < p->cipher.len - at ? p->step : p->cipher.len - at;
        n = n < 1 << 20 ? n : 1 << 20;
        assert_int_equal(BIO_write(p->in, p->cipher.ptr + at, (int)n), n);
        serve(p);
    }
    p->cipher.len = 0;
    return rc;
}

size_t tls_pair_take(tls_pair *p, char **bytes)
{
    const size_t n = BIO_ctrl_pending(p->out);

    *bytes = malloc(n ? n : 1);
    if (n)
        assert_int_equal(BIO_read(p->out, *bytes, (int)n), n);
    return n;
}

void tls_pair_run(tls_pair *p)
{
    char *bytes;
    size_t n;

    tls_pair_flush(p);
    while ((n = tls_pair_take(p, &bytes)) > 0) {
        for (size_t at = 0, step; at < n; at += step) {
            step = p->step && p->step < n - at ? p->step : n - at;
            tls_pair_feed(p, bytes + at, step);
            tls_pair_flush(p);
        }
        free(bytes);
    }
    free(bytes);
    tls_pair_feed(p, "", 0); /* what came with the handshake's end */
    tls_pair_flush(p);
}

void tls_pair_server_write(tls_pair *p, const char *text, size_t n)
{
    size_t done;

    assert_int_equal(SSL_write_ex(p->server, text, n, &done), 1);
    assert_int_equal(done, n);
}
