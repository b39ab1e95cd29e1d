/*
 * tls_peer.h - the other end of TLS: certificates made on the spot, and a server in memory.
 */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

#include "../../runtime/net/tls.h"

#include <openssl/ssl.h>

typedef struct tls_cert {
    X509 *cert;
    EVP_PKEY *key;
} tls_cert;

/* names: its subjectAltName, as OpenSSL's configuration has it ("DNS:a.example, IP:::1"), or NULL;
 * usage: its extendedKeyUsage, or NULL.  Valid from and for so many days from now.  issuer: NULL
 * for one that signs itself. */
tls_cert tls_cert_new(const char *subject, const char *names, const char *usage, int from_days,
                      int to_days, bool authority, const tls_cert *issuer);
void tls_cert_free(tls_cert *c);
/* Writes it to a new file, and returns that file's name; to be freed and removed. */
char *tls_cert_file(const tls_cert *c);

/* A server, and our end. */
typedef struct tls_pair {
    SSL_CTX *ctx;
    SSL *server;
    BIO *in, *out; /* the server's */
    cdp_tls *tls;
    cdp__tls_end *end;
    size_t step;            /* bytes at once; 0: all */
    cdp__buf plain, cipher; /* to be sent, and what became of it */
    cdp__buf got;           /* what our end received */
    cdp__buf server_got;
    bool failed; /* our end */
} tls_pair;

/* version: of the server, at most and at least. */
void tls_pair_open(tls_pair *p, const tls_cert *c, int version, const cdp_tls_options *options,
                   const char *host);
void tls_pair_close(tls_pair *p);

/* Bytes to our end, or from it to the server, which reads them. */
void tls_pair_feed(tls_pair *p, const char *bytes, size_t n);
int tls_pair_flush(tls_pair *p);
/* Until neither end has more to say. */
void tls_pair_run(tls_pair *p);
/* What the server says, in plain text; it is not yet fed. */
void tls_pair_server_write(tls_pair *p, const char *text, size_t n);
/* Takes what the server has to say. */
size_t tls_pair_take(tls_pair *p, char **bytes);

#endif /* TESTS_TLS_PEER_H */
