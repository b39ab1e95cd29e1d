/*
 * error.h - a cdp_error with the memory its texts need.
 *
 * Texts that we make live in the struct; the peer's stay in its message, which is kept.
 */
#ifndef CDP_ERROR_H
#define CDP_ERROR_H

#include "codec.h"

typedef struct cdp__error {
    cdp_error pub;
    cdp__msg *owner; /* of the peer's texts */
    char message[320];
    char method[96];
    char path[CDP__PATH + 8];
} cdp__error;

void cdp__error_clear(cdp__error *e);

/* Sets e; what and why make the message: "what: why".  method may be {0}.  Returns status. */
int cdp__error_set(cdp__error *e, int status, cdp_str method, const char *why);

/* A fault of the codec, within `part` ("params", "result") of the message. */
int cdp__error_fault(cdp__error *e, cdp_str method, const char *part, const cdp__fault *f);

/* The peer's error object; m is kept.  Returns CDP_EREMOTE. */
int cdp__error_remote(cdp__error *e, cdp_str method, cdp__msg *m, cdp_value error);

void cdp__error_move(cdp__error *to, cdp__error *from);

#endif /* CDP_ERROR_H */
