/*
 * envelope.h - the outer object of a message: id, method, params, result, error, sessionId.
 *
 * Reading is in order and in one pass: when the parser comes to params or result it asks what
 * they are, so that they are decoded where they stand.
 */
#ifndef CDP_ENVELOPE_H
#define CDP_ENVELOPE_H

#include "codec.h"

typedef struct cdp__envelope {
    bool has_id, has_result;
    bool bad_id; /* an id that is no int32 */
    int32_t id;
    cdp_str method;                  /* not NUL-terminated; ptr NULL: none */
    cdp_str session_id;              /* likewise */
    cdp_value params, result, error; /* slices; params and result of decoded ones are spent */
    void *body;                      /* what params or result were decoded into */
    int body_rc; /* 0, or why they could not be: the reader's fault tells more */
} cdp__envelope;

/* What the body is, asked once its key is read; what is known of e so far is set.  True: type
 * describes it and it is to be decoded now (into a root of type's size). */
typedef bool cdp__body_cb(void *ctx, const cdp__envelope *e, const cdp__domain **d,
                          const cdp__type **type);

/* Reads all of r's input.  0; CDP_EDECODE where it is no message at all; CDP_ENOMEM. */
int cdp__envelope_read(cdp__reader *r, cdp__envelope *e, cdp__body_cb *body, void *ctx);

#endif /* CDP_ENVELOPE_H */
