/*
 * target_peer.h - the other end of a rig, as a peer that has targets: Node or Chromium.
 *
 * It notes what it is asked, "SESSION Domain.command; " each, without the session for the root;
 * it answers Who.areYou with the session's id, leaves Never.answered alone, and knows nothing else
 * but what makes targets known.
 */
#ifndef TESTS_TARGET_PEER_H
#define TESTS_TARGET_PEER_H

#include "rig.h"

typedef enum target_peer_kind {
    PEER_NODE,     /* has NodeWorker */
    PEER_CHROMIUM, /* has Target */
    PEER_PLAIN     /* has neither */
} target_peer_kind;

typedef struct target_peer {
    rig r; /* r.a is whose peer this is */
    target_peer_kind kind;
    bool deaf; /* messages to workers are refused */
    char asked[2048];
    /* Session (NULL: the root) asks to be told of targets; before that is answered.  May be NULL.
     */
    void (*on_ask)(struct target_peer *p, const char *session, bool wait);
    cdp_request *kept[16];
    size_t n_kept;
} target_peer;

void target_peer_open(target_peer *p, target_peer_kind kind, cdp_wire wire);
/* Closes what is open, and fails the test if anything is still allocated. */
void target_peer_close(target_peer *p);
/* For a rig that was opened otherwise.  False: no memory. */
bool target_peer_serve(target_peer *p);

/* A target was attached to, under parent (NULL: the root). */
void target_peer_attach(target_peer *p, const char *parent, const char *session, const char *target,
                        const char *type, bool waiting);
/* It is gone. */
void target_peer_detach(target_peer *p, const char *parent, const char *session);
/* A message of a session's: an event. */
void target_peer_emit(target_peer *p, const char *session, const char *method);

/* What was asked since the last time; valid until then. */
const char *target_peer_asked(target_peer *p);

#endif /* TESTS_TARGET_PEER_H */
