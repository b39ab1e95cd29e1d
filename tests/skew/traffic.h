/*
 * traffic.h - the recordings, message by message.
 *
 * Besides recordings (<cdp/record.h>) there are bare lines of JSON, as tests/corpus has them.  What
 * travels inside other messages, for a worker or a target, comes after the one that it came in.
 */
#ifndef TESTS_SKEW_TRAFFIC_H
#define TESTS_SKEW_TRAFFIC_H

#include "../support/codec_help.h"

typedef enum traffic_kind {
    TRAFFIC_COMMAND,
    TRAFFIC_REPLY,
    TRAFFIC_EVENT,
    TRAFFIC_ERROR
} traffic_kind;

typedef struct traffic {
    traffic_kind kind;
    unsigned line;
    bool inner;
    char method[128]; /* of a reply the command's; empty: nobody asked */
    cdp_value body;   /* params, result; absent: none */
} traffic;

/* A file, or of "tests/corpus/PEER-" all that PEER sent or was sent. */
typedef struct traffic_source {
    const char *name, *path;
} traffic_source;

extern const traffic_source traffic_sources[];
extern const unsigned traffic_n_sources;

typedef void traffic_fn(const traffic *m, void *data);
void traffic_each(const traffic_source *s, traffic_fn *fn, void *data);

#endif /* TESTS_SKEW_TRAFFIC_H */
