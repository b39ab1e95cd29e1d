/*
 * tls.h - the client's end of a TLS connection, without I/O: OpenSSL between two buffers.
 *
 * What was received goes to cdp__tls_feed(), which hands over plain text; plain text to be sent is
 * staged with cdp__tls_write(); and what is to be written to the socket piles up in `out`, filled
 * by cdp__tls_flush() once for many messages.
 */
#ifndef CDP_NET_TLS_H
#define CDP_NET_TLS_H

#include "buf.h"

#include <cdp/remote.h>

typedef struct cdp__tls_end cdp__tls_end;

/* ctx is kept alive by it.  host: for SNI (if it is a name) and the check of the certificate.
 * CDP_ENOMEM; CDP_EINVAL: host is empty, or too long for a name. */
int cdp__tls_open(cdp__tls_end **out, cdp_tls *ctx, const char *host);
void cdp__tls_free(cdp__tls_end *t); /* NULL is fine */

/* Bytes of the peer.  data() is called for plain text, borrowed, and may call anything but feed and
 * free.  What comes along with the end of the handshake is kept for the next feeding, which may be
 * of nothing.  CDP_EIO, from then on: cdp__tls_why() tells. */
int cdp__tls_feed(cdp__tls_end *t, const char *bytes, size_t len,
                  void (*data)(void *self, const char *bytes, size_t len), void *self);

/* The handshake is done, and the peer who it should be. */
bool cdp__tls_ready(const cdp__tls_end *t);
/* The peer said that nothing more comes; without that a connection that ends was cut. */
bool cdp__tls_ended(const cdp__tls_end *t);

/* Encrypts all of plain, empties it, and appends to out; plain stays as it is before the handshake
 * is done, and while the peer has begun to change keys.  What the handshake and such changes have
 * to say is appended too, so call it after open and after each feed; even one that failed leaves an
 * alert, which is appended before this returns CDP_EIO.  CDP_ENOMEM: the connection has failed. */
int cdp__tls_flush(cdp__tls_end *t, cdp__buf *plain, cdp__buf *out);
/* Appends the closing alert, if it can be said; nothing is flushed afterwards. */
void cdp__tls_end_writing(cdp__tls_end *t, cdp__buf *out);

/* One sentence about the last failure: "certificate verify failed: self-signed certificate"... */
const char *cdp__tls_why(const cdp__tls_end *t);

#endif /* CDP_NET_TLS_H */
