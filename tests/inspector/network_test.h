/*
 * network_test.h - a cdp__network with two front-ends: one over JSON, one over CBOR.
 */
#ifndef TESTS_NETWORK_TEST_H
#define TESTS_NETWORK_TEST_H

#include "../support/rig.h"

#include "../../runtime/inspector/network.h"

typedef struct stage {
    rig r[2]; /* a: the front-end, b: its front */
    cdp__network *n;
    cdp__error e;         /* of the last broadcast */
    char log[2][4096];    /* events that came: a line each, name and params */
    char answer[1 << 16]; /* of the last call: its result, or "code message" */
} stage;

void stage_open(stage *st);
void stage_close(stage *st); /* fails the test if anything is still allocated */

/* The answer of a command of front-end i; params may be NULL. */
const char *stage_call(stage *st, int i, const char *method, const char *params);
void stage_enable(stage *st, int i);

/* What came to front-end i since the last time it was asked. */
const char *stage_events(stage *st, int i);

/* Broadcasts, as a script does. */
int stage_send(stage *st, const char *event, const char *params);

/* A request with that id, its body, and its end; charset may be NULL. */
void stage_begin(stage *st, const char *id);
void stage_respond(stage *st, const char *id, const char *charset);
int stage_receive(stage *st, const char *id, const char *bytes, size_t n);
void stage_finish(stage *st, const char *id);

#endif /* TESTS_NETWORK_TEST_H */
