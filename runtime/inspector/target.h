/*
 * target.h - what front-ends can attach to: the isolate of the program, and those of its workers.
 *
 * Targets are added and removed by their isolates' threads and read by the server's thread, under
 * one lock; each is counted, so that whoever has found one can go on using its texts.  A cdp_v8 is
 * only ever passed to cdp__v8_link_open(), which knows whether it still lives.
 */
#ifndef CDP_INSPECTOR_TARGET_H
#define CDP_INSPECTOR_TARGET_H

#include <cdp/inspector.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct cdp__target {
    struct cdp__target *next;
    unsigned refs;   /* under the lock */
    unsigned number; /* of a worker, from 1; 0: the program */
    cdp_v8 *v;       /* NULL once removed; under the lock */
    bool waiting;    /* for a debugger, before it runs; under the lock */
    char id[37];     /* 128 random bits in the shape of a UUID: the secret in its URL */
    char *title, *url;
} cdp__target;

typedef struct cdp__targets {
    pthread_mutex_t lock;
    cdp__target *first, **end;
    unsigned workers;         /* that there have been */
    void (*ring)(void *data); /* tells the server; under the lock */
    void *ring_data;
    atomic_uint waiters; /* front-ends that want new workers to wait for them */
} cdp__targets;

int cdp__targets_init(cdp__targets *ts);
void cdp__targets_free(cdp__targets *ts);

/* title NULL: "[worker N]".  CDP_ESTATE: v is one; CDP_ENOMEM; CDP_EIO: no random numbers. */
int cdp__targets_add(cdp__targets *ts, cdp_v8 *v, bool worker, const char *title, const char *url);
void cdp__targets_remove(cdp__targets *ts, const cdp_v8 *v);

/* One more user, to be let go with cdp__target_unref().  NULL: there is none (any more). */
cdp__target *cdp__targets_find(cdp__targets *ts, cdp_str id);       /* in constant time */
cdp__target *cdp__targets_after(cdp__targets *ts, unsigned number); /* the next worker */
cdp__target *cdp__targets_main(cdp__targets *ts);
cdp_v8 *cdp__target_v8(cdp__targets *ts, const cdp__target *t); /* NULL: it was removed */
bool cdp__target_waiting(cdp__targets *ts, const cdp__target *t);
/* v was to wait when it was added, and some front-end that wants that is still there. */
bool cdp__targets_hold(cdp__targets *ts, const cdp_v8 *v);
void cdp__targets_release(cdp__targets *ts, const cdp_v8 *v);
void cdp__target_unref(cdp__targets *ts, cdp__target *t);

/* Something has changed: whom to tell, and telling. */
void cdp__targets_set_ring(cdp__targets *ts, void (*ring)(void *data), void *data);
void cdp__targets_ring(cdp__targets *ts);

/* Compares secrets without telling by the time it takes where they differ. */
bool cdp__same_secret(cdp_str a, cdp_str b);

#endif /* CDP_INSPECTOR_TARGET_H */
