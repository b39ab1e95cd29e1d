/*
 * v8_link.h - a client of a cdp_v8 on another thread: two queues of messages, and a front.
 *
 * A link has two ends and belongs to both.  The client's end sends commands, which wake the
 * isolate's thread (idle, busy or paused), and takes what came back when it is told that there is
 * something.  Either end may go first; memory goes with the last.  Neither ever waits for the
 * other.  Messages are CBOR in both directions.
 */
#ifndef CDP_V8_LINK_H
#define CDP_V8_LINK_H

#include "v8_front.h"

typedef struct cdp__v8_parcel {
    struct cdp__v8_parcel *next;
    size_t len; /* 0: the isolate's end is gone, this is the last */
    bool chunk; /* of a heap snapshot, counted by itself */
    uint8_t bytes[];
} cdp__v8_parcel;

typedef struct cdp__v8_link_ops {
    /* Something can be taken; or (see cdp__v8_link_full()) commands have been dealt with.  On
     * the isolate's thread; must not block, nor call the link. */
    void (*arrived)(void *self);
} cdp__v8_link_ops;

/* What the client has not taken yet, at most; 0: no limit.  Beyond that the link ends. */
typedef struct cdp__v8_link_limits {
    size_t queue;  /* bytes, heap snapshots aside */
    size_t chunks; /* bytes of heap snapshots */
    bool remote;   /* the client is a front-end of the inspector's server */
} cdp__v8_link_limits;

extern const cdp__v8_front_ops cdp__v8_link_front_ops;

/* From any thread.  CDP_ESTATE: v has ended; CDP_ENOMEM. */
int cdp__v8_link_open(cdp__v8_link **out, cdp_v8 *v, const cdp__v8_link_limits *limits,
                      const cdp__v8_link_ops *ops, void *self);

/* The client's end, by one thread at a time. */

/* A command, copied.  CDP_EIO: the isolate is gone; CDP_ENOMEM. */
int cdp__v8_link_send(cdp__v8_link *l, const void *bytes, size_t len);
/* All that has come, in order; the caller frees each with free(). */
cdp__v8_parcel *cdp__v8_link_take(cdp__v8_link *l);
/* Says that bytes of what was taken are dealt with, and no longer count. */
void cdp__v8_link_done(cdp__v8_link *l, size_t bytes, bool chunk);
/* The isolate has yet to look at as much; once it has looked at all of it, arrived() is called. */
bool cdp__v8_link_full(cdp__v8_link *l, unsigned commands, size_t bytes);
/* Ended by a limit: the client was too slow. */
bool cdp__v8_link_cut(cdp__v8_link *l);
/* Nothing more is called back once this returns. */
void cdp__v8_link_close(cdp__v8_link *l);

/* On the isolate's thread: makes fronts of the links that have come (to v->links, under v->lock).
 */
void cdp__v8_links_arrive(cdp_v8 *v);
/* v is about to end: nor will they ever be. */
void cdp__v8_links_refuse(cdp_v8 *v);

#endif /* CDP_V8_LINK_H */
