/*
 * v8_front.h - a client of a cdp_v8, seen from the isolate's thread: V8's session with it, and a
 * serving session for what the program adds.
 *
 * There are two kinds: sessions of the same thread (v8_transport.c) and links, whose client is on
 * another (v8_link.c).  Both embed a front; all fronts of a cdp_v8 are in one list, which walks
 * restart at its head at every step, since anything may end anything.
 */
#ifndef CDP_V8_FRONT_H
#define CDP_V8_FRONT_H

#include "v8_guard.h"
#include "v8_internal.h"

#include "../core/transport.h"

typedef struct cdp__v8_front_ops {
    /* V8's own messages, on V8's stack.  len == 0: it could not encode its reply. */
    void (*response)(cdp__v8_front *f, int id, const uint8_t *bytes, size_t len);
    void (*event)(cdp__v8_front *f, const uint8_t *bytes, size_t len);
    /* A message of the program's handlers.  0, CDP_E*. */
    int (*served)(cdp__v8_front *f, const uint8_t *bytes, size_t len);
    /* A command that no handler took: on to V8. */
    void (*dispatch)(cdp__v8_front *f, const cdp__v8_head *head, const uint8_t *bytes, size_t len);
    /* The isolate's thread has time: bring in what was posted; call back what is due. */
    void (*run_posted)(cdp__v8_front *f);
    void (*deliver_ready)(cdp__v8_front *f);
    int (*next_timeout)(cdp__v8_front *f);
    /* The cdp_v8 ends: so does this, within the call. */
    void (*end)(cdp__v8_front *f);
} cdp__v8_front_ops;

struct cdp__v8_front {
    const cdp__v8_front_ops *ops;
    cdp_v8 *v;
    cdp__shim_session *shim;
    cdp__v8_front *next;
    unsigned round;       /* the last walk that saw it */
    unsigned services;    /* the last service that there was when it came */
    bool remote;          /* a front-end of the inspector's server */
    bool debugger;        /* Debugger.enable was the last it heard of that */
    cdp__transport t;     /* of the serving session */
    cdp_session *session; /* NULL where nobody serves */
    atomic_bool posted;   /* to the serving session */
};

/* Connects to V8 and calls cdp_v8_service.connected().  CDP_ENOMEM. */
int cdp__v8_front_open(cdp__v8_front *f, cdp_v8 *v, const cdp__v8_front_ops *ops);
/* Nothing more comes of it.  V8's session ends as soon as V8 has left it. */
void cdp__v8_front_close(cdp__v8_front *f);

/* A command from the client: to the handlers, then to dispatch(). */
void cdp__v8_front_submit(cdp__v8_front *f, const cdp__v8_head *head, const void *bytes,
                          size_t len);

/* Of the serving session of a front. */
bool cdp__v8_front_is_remote(const cdp_session *session);
/* Its client is on another thread, and so can leave while the isolate's waits. */
bool cdp__v8_front_is_far(const cdp_session *session);

/* What dispatch() does in the end. */
void cdp__v8_front_to_v8(cdp__v8_front *f, const cdp__v8_head *head, const void *bytes, size_t len);

/* Answers a command with that error. */
void cdp__v8_front_fail(cdp__v8_front *f, int id, const char *why);

/* What was posted to the serving session; the caller sees to it that f stays. */
void cdp__v8_front_run_posted(cdp__v8_front *f);

#endif /* CDP_V8_FRONT_H */
