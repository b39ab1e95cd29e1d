/*
 * follow_test.h - a program that follows targets, and what it was told.
 */
#ifndef FOLLOW_TEST_H
#define FOLLOW_TEST_H

#include "../support/target_peer.h"

#include <cdp/targets.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What the program was told: "+session type" and "-session" each, "?" behind what waits.  Its
 * callbacks do what else is set. */
typedef struct told {
    char text[1024];
    int followed, status, code;
    bool hold, call;
    cdp_session *close, *unfollow; /* when the next one is attached */
    cdp_session *close_detached;   /* when one is detached */
    cdp_session *last;
} told;

cdp_follow_options told_options(told *t);

/* Follows p's rig, and lets it settle. */
void told_follow(target_peer *p, told *t);

/* What was told since the last time; valid until then. */
const char *told_text(told *t);

#endif /* FOLLOW_TEST_H */
