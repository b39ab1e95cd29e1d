/*
 * far_host.h - a host on a thread of its own, for tests whose sessions are on another.
 *
 * The thread runs what the host's fields ask for, keeps its loop going, and ends with far_end().
 * cmocka's assertions jump to the test's thread, so none are made on the host's.
 */
#ifndef FAR_HOST_H
#define FAR_HOST_H

#include "v8_test.h"

#include <pthread.h>

typedef struct far_host {
    /* What to do; set before far_start(). */
    bool wait;                 /* for a debugger, before anything else */
    bool by_hand;              /* cdp_v8_pump() and libuv's loop instead of cdp_host_run() */
    const char *script, *name; /* to run first; NULL: none, "far.js" */
    void (*first)(struct far_host *f, void *data); /* on the host's thread, before that */
    void *data;

    cdp_host *h; /* the host's thread's */
    cdp_v8 *v;
    pthread_t thread;
    int started;         /* the status of cdp_host_new() */
    int waited, outcome; /* of the wait, and of the script */
    char printed[4096];  /* to either fd */
    cdp_session *near;   /* for far_end() */
    bool over;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready, blocked, free_to_go, posted;
} far_host;

/* Returns when the host can be connected to. */
void far_start(far_host *f);
/* Has the loop stopped, unless it has been, and waits for the thread's end. */
void far_end(far_host *f);

/* A session of the calling thread. */
cdp_session *far_connect(far_host *f);

/* Holds the host's thread up where it is deaf to everything, until far_unblock(). */
void far_block(far_host *f);
void far_unblock(far_host *f);

#endif /* FAR_HOST_H */
