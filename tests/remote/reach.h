/*
 * reach.h - a session with a peer, on a loop of its own or on the test's, and what it was told.
 */
#ifndef TESTS_REACH_H
#define TESTS_REACH_H

#include "peer.h"

#include "support/rig.h"

#include <cdp/remote.h>
#include <setjmp.h>
#include <stdarg.h>
#include <uv.h>

#include <cmocka.h>

typedef struct reach reach;
struct reach {
    peer peer;
    rig_heap heap;
    cdp_session *s; /* NULL: closed */
    bool driven;
    uv_loop_t loop; /* driven */
    uv_timer_t guard;
    uint64_t until;
    unsigned files; /* that were open before */

    unsigned opened, drained, lost;
    unsigned ended, failed; /* calls */
    int status;             /* of the last call or loss */
    char why[256];
    unsigned events;
    bool disorder; /* of the numbers that events have */

    void (*on_opened)(reach *r), (*on_drained)(reach *r), (*on_lost)(reach *r);
    void (*on_event)(reach *r), (*on_call)(reach *r);
};

/* Starts the peer and the loop, and no session yet. */
void reach_start(reach *r, bool driven);
/* Connects to url (NULL: the peer's WebSocket).  Returns what cdp_connect() did. */
int reach_connect(reach *r, const char *url, const cdp_remote_options *opt);
/* The same, until it is open. */
void reach_open(reach *r, const char *url, const cdp_remote_options *opt);
/* Closes what is open; fails the test where anything is left: memory, files, handles. */
void reach_end(reach *r);

/* Runs the loop once; the test fails when this takes too long. */
void reach_turn(reach *r);
#define REACH_UNTIL(r, condition) \
    while (!(condition))          \
    reach_turn(r)

/* Makes a call of which r->ended, failed, status and why tell. */
void reach_call(reach *r, const char *method, const char *params);

#define REACH_BOTH(test)                                        \
    { #test ", on its own loop", test, NULL, NULL, (void *)0 }, \
    {                                                           \
#test ", on a caller's", test, NULL, NULL, (void *)1    \
    }

#endif /* TESTS_REACH_H */
