/*
 * inspector_internal.h - the inside of a cdp_inspector, for the parts it is made of.
 */
#ifndef CDP_INSPECTOR_INTERNAL_H
#define CDP_INSPECTOR_INTERNAL_H

#include "server.h"

#include <cdp/node_runtime.h>

typedef struct cdp__network cdp__network;

/* What one client wants of NodeRuntime. */
typedef struct cdp__node_runtime {
    struct cdp__node_runtime *next;
    cdp_session *front;
    bool enabled;
    unsigned round; /* the last that it was told in */
    bool notify;    /* it is to be told when the program waits for its disconnect */
} cdp__node_runtime;

struct cdp_inspector {
    cdp_v8 *v;
    cdp_inspector_options opt; /* a copy */
    char **texts;              /* that opt refers to */
    cdp__error error;
    cdp__targets targets;
    atomic_uint sessions;
    cdp__server *server; /* NULL: closed */
    cdp__buf protocol;   /* the document, while open */
    char url[512];       /* while open */

    cdp_v8_service schema, node_runtime, network_service;
    cdp__node_runtime *runtimes;
    unsigned round;        /* of telling them */
    bool waiting;          /* for a debugger */
    cdp__network *network; /* NULL: not asked for */
};

/* Sets the error; path "": none.  Returns status. */
int cdp__inspector_fail(cdp_inspector *insp, int status, cdp_str path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* options.c: a deep copy, with defaults for limits that are 0.  CDP_ENOMEM. */
int cdp__options_copy(cdp_inspector_options *to, char ***texts, const cdp_inspector_options *from);
void cdp__options_free(char **texts);

/* node_runtime.c: a service (data: the inspector), and its events. */
void cdp__node_runtime_connected(cdp_session *front, void *insp);
void cdp__node_runtime_ended(cdp_session *front, void *insp);
void cdp__node_runtime_waiting(cdp_inspector *insp);
/* Tells those who asked that the program waits for their disconnect; how many there are. */
unsigned cdp__node_runtime_notify(cdp_inspector *insp);
unsigned cdp__node_runtime_left(const cdp_inspector *insp); /* of those */

#endif /* CDP_INSPECTOR_INTERNAL_H */
