/*
 * tls.c - see tls.h.
 *
 * OpenSSL reads and writes through a BIO of ours, straight from what is fed and straight into what
 * is to be sent: nothing is copied on the way, and no buffer stays as large as the largest message.
 * Its queue of errors, which belongs to the thread, is emptied before each use and after a failure.
 */
#include "tls.h"

#include "codec.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
    RECORD = 16 << 10, /* the plain text of one */
    EARLY = 1 << 10,   /* kept of t->early */
    MAX_NAME = 253,    /* of a host, RFC 1035 */
    REASON = 80,
    FAULT = 400 /* a sentence about options */
};

/* ---- what is trusted ---------------------------------------------------- */

struct cdp_tls {
    atomic_uint refs;
    SSL_CTX *ssl;
    BIO_METHOD *bio;
    char *server_name; /* or NULL */
    bool insecure;
};

static int bio_create(BIO *bio);
static int bio_read(BIO *bio, char *out, size_t n, size_t *done);
static int bio_write(BIO *bio, const char *p, size_t n, size_t *done);
static long bio_ctrl(BIO *bio, int cmd, long n, void *p);

/* The type is that of OpenSSL's memory BIOs, since new ones are few in a process. */
static BIO_METHOD *bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_MEM, "cdpkit");

    if (m && BIO_meth_set_create(m, bio_create) && BIO_meth_set_read_ex(m, bio_read) &&
        BIO_meth_set_write_ex(m, bio_write) && BIO_meth_set_ctrl(m, bio_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

static bool context_set_up(cdp_tls *tls)
{
    tls->bio = bio_method();
    tls->ssl = SSL_CTX_new(TLS_client_method());
    if (!tls->bio || !tls->ssl || SSL_CTX_set_min_proto_version(tls->ssl, TLS1_2_VERSION) != 1)
        return false;
    SSL_CTX_set_options(tls->ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(tls->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(tls->ssl, tls->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return true;
}

/* The first error in the queue, which is emptied, and its reason. */
static unsigned long error_take(char reason[REASON])
{
    const unsigned long error = ERR_get_error();
    const char *text = ERR_reason_error_string(error);

    if (!ERR_SYSTEM_ERROR(error) || strerror_r(ERR_GET_REASON(error), reason, REASON) != 0)
        snprintf(reason, REASON, "%s", text ? text : "no memory");
    ERR_clear_error();
    return error;
}

static int name_set(cdp_tls *tls, const char *name, char fault[FAULT])
{
    const size_t n = strlen(name);

    if (n == 0 || n > MAX_NAME) {
        snprintf(fault, FAULT, "The server's name for TLS must have 1 to %d characters.", MAX_NAME);
        return CDP_EINVAL;
    }
    tls->server_name = cdp__alloc(NULL, n + 1);
    if (!tls->server_name)
        return CDP_ENOMEM;
    memcpy(tls->server_name, name, n + 1);
    return 0;
}

static int trust_set(cdp_tls *tls, const char *ca_file, char fault[FAULT])
{
    char reason[REASON];

    if (!ca_file)
        return tls->insecure || SSL_CTX_set_default_verify_paths(tls->ssl) == 1 ? 0 : CDP_ENOMEM;
    if (SSL_CTX_load_verify_file(tls->ssl, ca_file) == 1)
        return 0;
    error_take(reason);
    snprintf(fault, FAULT, "No certificates can be read from %.280s: %s.", ca_file, reason);
    return CDP_EINVAL;
}

int cdp_tls_new(cdp_tls **out, const cdp_tls_options *opt, cdp_str **why)
{
    static const cdp_tls_options none;
    char fault[FAULT] = "";
    cdp_tls *tls = cdp__alloc(NULL, sizeof *tls);
    int rc;

    *out = NULL;
    if (why)
        *why = NULL;
    if (!tls)
        return CDP_ENOMEM;
    opt = opt ? opt : &none;
    memset(tls, 0, sizeof *tls);
    atomic_init(&tls->refs, 1);
    tls->insecure = opt->insecure;
    ERR_clear_error();
    rc = context_set_up(tls) ? 0 : CDP_ENOMEM;
    if (rc == 0 && opt->server_name)
        rc = name_set(tls, opt->server_name, fault);
    if (rc == 0)
        rc = trust_set(tls, opt->ca_file, fault);
    ERR_clear_error(); /* also where one of the system's files is missing */
    if (rc == 0) {
        *out = tls;
        return 0;
    }
    if (why && fault[0])
        *why = cdp__new_text(fault, strlen(fault));
    cdp_tls_free(tls);
    return rc;
}

void cdp_tls_free(cdp_tls *tls)
{
    if (!tls || atomic_fetch_sub_explicit(&tls->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(tls->ssl);
    BIO_meth_free(tls->bio);
    if (tls->server_name)
        cdp__dealloc(NULL, tls->server_name, strlen(tls->server_name) + 1);
    cdp__dealloc(NULL, tls, sizeof *tls);
}

/* ---- between OpenSSL and the buffers ------------------------------------ */

struct cdp__tls_end {
    cdp_tls *ctx;
    SSL *ssl;
    const char *in, *in_end; /* what is being fed */
    cdp__buf held;           /* what came behind the handshake, for the next feeding */
    cdp__buf *out;           /* where written bytes go: */
    cdp__buf early;          /* while nobody flushes, here */
    bool ready, ended, failed;
    char why[REASON + 80];
};

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int bio_read(BIO *bio, char *out, size_t n, size_t *done)
{
    cdp__tls_end *t = BIO_get_data(bio);
    const size_t here = (size_t)(t->in_end - t->in);

    BIO_clear_retry_flags(bio);
    if (here == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    n = n < here ? n : here;
    memcpy(out, t->in, n);
    t->in += n;
    *done = n;
    return 1;
}

static int bio_write(BIO *bio, const char *p, size_t n, size_t *done)
{
    cdp__tls_end *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    cdp__buf_put(t->out, p, n);
    *done = n;
    return !t->out->failed;
}

static long bio_ctrl(BIO *bio, int cmd, long n, void *p)
{
    (void)bio, (void)n, (void)p;
    return cmd == BIO_CTRL_FLUSH;
}

/* ---- failures ----------------------------------------------------------- */

/* Connections can't be mended, so the first failure stays. */
static int fail(cdp__tls_end *t)
{
    char reason[REASON];
    const unsigned long error = error_take(reason);

    if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
        ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        snprintf(t->why, sizeof t->why, "certificate verify failed: %s",
                 X509_verify_cert_error_string(SSL_get_verify_result(t->ssl)));
    else
        snprintf(t->why, sizeof t->why, "%s: %s",
                 t->ready ? "TLS failed" : "the TLS handshake failed", reason);
    t->failed = true;
    return CDP_EIO;
}

/* What an operation that did not succeed needs: 0 (bytes of the peer), or it has failed. */
static int judge(cdp__tls_end *t, int rc)
{
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        t->ended = true;
        return 0;
    default:
        return fail(t);
    }
}

static int shake_hands(cdp__tls_end *t)
{
    const int rc = SSL_do_handshake(t->ssl);

    t->ready = rc == 1;
    return t->ready ? 0 : judge(t, rc);
}

/* ---- one end ------------------------------------------------------------ */

/* Of whom the certificate must be. */
static int expect_peer(SSL *ssl, const char *host)
{
    char name[MAX_NAME + 1];
    const size_t n = strlen(host);
    uint8_t bytes[16];
    bool ok;

    /* OpenSSL would take an empty name for none, and then anybody for the peer. */
    if (n == 0 || n > MAX_NAME)
        return CDP_EINVAL;
    memcpy(name, host, n + 1);
    if (inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1) {
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    } else {
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        ok = SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
    }
    return ok ? 0 : CDP_ENOMEM;
}

int cdp__tls_open(cdp__tls_end **out, cdp_tls *ctx, const char *host)
{
    cdp__tls_end *t = cdp__alloc(NULL, sizeof *t);
    BIO *bio = NULL;
    int rc = CDP_ENOMEM;

    *out = NULL;
    if (!t)
        return CDP_ENOMEM;
    memset(t, 0, sizeof *t);
    t->out = &t->early;
    atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
    t->ctx = ctx;
    t->ssl = SSL_new(ctx->ssl);
    if (t->ssl)
        bio = BIO_new(ctx->bio);
    if (bio) {
        BIO_set_data(bio, t);
        SSL_set_bio(t->ssl, bio, bio);
        SSL_set_connect_state(t->ssl);
        rc = expect_peer(t->ssl, ctx->server_name ? ctx->server_name : host);
    }
    ERR_clear_error();
    if (rc < 0)
        cdp__tls_free(t);
    else
        *out = t;
    return rc;
}

void cdp__tls_free(cdp__tls_end *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    cdp_tls_free(t->ctx);
    cdp__buf_free(&t->held);
    cdp__buf_free(&t->early);
    cdp__dealloc(NULL, t, sizeof *t);
}

/* Reads what was fed. */
static int read_all(cdp__tls_end *t, void (*data)(void *self, const char *bytes, size_t len),
                    void *self)
{
    char plain[RECORD];
    size_t n;
    int rc = 0;

    while (!t->failed && (rc = SSL_read_ex(t->ssl, plain, sizeof plain, &n)) == 1)
        data(self, plain, n);
    return t->failed ? CDP_EIO : judge(t, rc);
}

int cdp__tls_feed(cdp__tls_end *t, const char *bytes, size_t len,
                  void (*data)(void *self, const char *bytes, size_t len), void *self)
{
    const bool shaking = !t->ready;
    int rc;

    if (t->failed)
        return CDP_EIO;
    if (t->ended)
        return 0;
    ERR_clear_error();
    if (t->held.len) {
        cdp__buf_put(&t->held, bytes, len);
        bytes = t->held.ptr;
        len = t->held.len;
    }
    if (t->held.failed)
        return fail(t);
    t->in = bytes;
    t->in_end = len ? bytes + len : bytes;
    rc = shaking ? shake_hands(t) : read_all(t, data, self);
    if (shaking)
        cdp__buf_put(&t->held, t->in, (size_t)(t->in_end - t->in));
    else
        cdp__buf_free(&t->held);
    t->in = t->in_end = NULL;
    return rc == 0 && t->held.failed ? fail(t) : rc;
}

bool cdp__tls_ready(const cdp__tls_end *t)
{
    return t->ready;
}

bool cdp__tls_ended(const cdp__tls_end *t)
{
    return t->ended;
}

const char *cdp__tls_why(const cdp__tls_end *t)
{
    return t->why;
}

/* ---- writing ------------------------------------------------------------ */

/* From now on bytes go to out, until what follows. */
static size_t out_begin(cdp__tls_end *t, cdp__buf *out)
{
    const size_t before = out->len;

    cdp__buf_put(out, t->early.ptr, t->early.len);
    cdp__buf_reset(&t->early, EARLY);
    t->out = out;
    ERR_clear_error();
    return before;
}

static int out_end(cdp__tls_end *t, size_t before)
{
    cdp__buf *out = t->out;

    t->out = &t->early;
    ERR_clear_error();
    if (!out->failed)
        return 0;
    out->len = before;
    out->failed = false;
    if (!t->failed)
        fail(t);
    return CDP_ENOMEM;
}

static int write_all(cdp__tls_end *t, cdp__buf *plain)
{
    size_t n;
    const int rc = SSL_write_ex(t->ssl, plain->ptr, plain->len, &n);

    if (rc != 1)
        return judge(t, rc);
    plain->len = 0;
    return 0;
}

int cdp__tls_flush(cdp__tls_end *t, cdp__buf *plain, cdp__buf *out)
{
    const size_t before = out_begin(t, out);
    int rc = 0;

    if (t->failed)
        rc = CDP_EIO;
    else if (!t->ready && !t->ended)
        rc = shake_hands(t);
    else if (t->ready && plain->len)
        rc = write_all(t, plain);
    return out_end(t, before) < 0 ? CDP_ENOMEM : rc;
}

void cdp__tls_end_writing(cdp__tls_end *t, cdp__buf *out)
{
    const size_t before = out_begin(t, out);

    if (t->ready && !t->failed && !(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN))
        SSL_shutdown(t->ssl);
    out_end(t, before);
}
