/*
 * visit.h - a session with some peer, on a loop of its own or on one that the test runs, which
 * leaves nothing behind.
 */
#ifndef TESTS_VISIT_H
#define TESTS_VISIT_H

#include "support/rig.h"

#include <cdp/remote.h>
#include <setjmp.h>
#include <stdarg.h>
#include <uv.h>

#include <cmocka.h>

typedef struct visit {
    cdp_session *s;
    rig_heap heap;
    bool driven;      /* on the test's loop */
    uv_loop_t loop;   /* that one */
    uv_timer_t guard; /* has it turn now and then */
    uint64_t until;   /* visit_turn() fails after that */
} visit;

/* Connects; what cdp_connect() returned.  opt's allocator and loop are set here. */
int visit_begin(visit *v, const char *url, const cdp_remote_options *opt, bool driven);
/* Runs the loop once.  The test fails when it has been doing so for 30 s. */
void visit_turn(visit *v);
/* The 30 s begin again. */
void visit_again(visit *v);
/* Closes the session; the test fails where memory or something on the loop is left. */
void visit_end(visit *v);

/* Files that this process has open. */
unsigned open_files(void);

#endif /* TESTS_VISIT_H */
