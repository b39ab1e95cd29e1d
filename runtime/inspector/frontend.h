/*
 * frontend.h - a WebSocket session: JSON to the front-end, CBOR to the isolates.
 *
 * A front-end is attached to its target, and through that perhaps to workers, each by a link of its
 * own.  An attachment has a serving session on the server's thread: there commands are checked, and
 * those that it does not serve itself (NodeWorker, Target) are passed on as CBOR.  What comes back
 * becomes JSON where it is written, so that isolates convert nothing.
 */
#ifndef CDP_INSPECTOR_FRONTEND_H
#define CDP_INSPECTOR_FRONTEND_H

#include "connection.h"

#include "../v8/v8_link.h"

typedef enum cdp__attachment_kind {
    CDP__ROOT,  /* the front-end's own target */
    CDP__FLAT,  /* a worker, by messages with a sessionId */
    CDP__NESTED /* a worker, by messages in NodeWorker's messages */
} cdp__attachment_kind;

typedef struct cdp__attachment {
    struct cdp__attachment *next;
    cdp__attachment_kind kind;
    cdp__frontend *fe;
    cdp__target *target;
    cdp__v8_link *link; /* NULL: the target was gone already */
    cdp_session *session;
    cdp__transport t;     /* of the session, if that is a root */
    char id[12];          /* its sessionId */
    atomic_bool ready;    /* the link has something */
    cdp__v8_parcel *rest; /* taken, and not sent yet */
    bool more;            /* there is more to take */
    bool gone, closed;
} cdp__attachment;

/* Which workers a front-end follows, and how. */
typedef struct cdp__following {
    bool on, wait; /* wait: new ones are to wait for it */
    unsigned last; /* the number of the last worker it was attached to by itself */
} cdp__following;

struct cdp__frontend {
    cdp__connection *c;
    cdp__attachment *attachments; /* the root is the last */
    unsigned last_id;
    cdp__following nested, flat;
    bool discover;            /* Target.setDiscoverTargets */
    struct cdp__known *known; /* what that has told of */
    unsigned last_known;
    bool ended, inside;
};

/* For target, whose reference becomes its own (also where it fails). */
int cdp__frontend_open(cdp__frontend **out, cdp__connection *c, cdp__target *target);
void cdp__frontend_free(cdp__frontend *fe);
/* A message from the socket. */
void cdp__frontend_message(cdp__frontend *fe, const char *text, size_t len);
/* Takes what came from isolates, as far as the socket has room. */
void cdp__frontend_progress(cdp__frontend *fe);

cdp__attachment *cdp__frontend_root(const cdp__frontend *fe);
/* Attaches to a worker (whose reference becomes its own).  NULL: no memory. */
cdp__attachment *cdp__frontend_attach(cdp__frontend *fe, cdp__target *target,
                                      cdp__attachment_kind kind);
/* Ends it now, or once nothing of it is on the stack. */
void cdp__frontend_detach(cdp__attachment *a);

/* ---- workers.c --------------------------------------------------------------- */

/* Serves NodeWorker and Target on the front-end's root session. */
int cdp__workers_serve(cdp__frontend *fe);
/* The list of targets may have changed. */
void cdp__workers_progress(cdp__frontend *fe);
/* It ends: nobody waits for it any more. */
void cdp__workers_end(cdp__frontend *fe);
/* The attachment's isolate is gone. */
void cdp__workers_gone(cdp__attachment *a);
/* A message of a nested attachment. */
void cdp__workers_received(cdp__attachment *a, const char *text, size_t len);

#endif /* CDP_INSPECTOR_FRONTEND_H */
