/*
 * child.h - the process that a session was started with, as its companion.
 *
 * Its end ends the session, which is told how it ended; and the session's end ends it.  Whatever
 * happens it is reaped, and what it left behind (processes of its group, a folder) goes.
 */
#ifndef CDP_NET_CHILD_H
#define CDP_NET_CHILD_H

#include "banner.h"
#include "remote.h"

typedef struct cdp__child {
    cdp__companion c; /* first */
    uv_process_t process;
    uv_timer_t timer; /* to learn how it ended; then, to end it */
    uv_pipe_t err;    /* its stderr, where an inspector says where it listens */
    uv_work_t work;   /* removes the folder */
    cdp__banner banner;
    char *folder; /* goes with it, or NULL */
    int pid;      /* 0: never started */
    int64_t code;
    int signal;
    bool ended;
    bool group;   /* is a process group of its own */
    bool leave;   /* the session's end does not end it */
    bool quiet;   /* what it says on stderr is dropped */
    bool says;    /* on stderr, where it listens */
    bool reading; /* err is in use */
    bool ending, telling;
    unsigned holds;            /* what libuv has of this: the timer, until the end; and others */
    int held_status, held_sys; /* a loss that is held back until it is known how it ended; or 0 */
    char held_why[128];
} cdp__child;

typedef struct cdp__child_options {
    const char *file; /* looked for in PATH */
    char *const *argv, *const *env;
    const char *cwd;
    bool input;         /* has our stdin; else none */
    bool says;          /* on stderr, where its inspector listens; then it is connected to */
    int descriptors[2]; /* are its 3 and 4; -1: none.  They stay the caller's. */
} cdp__child_options;

/* Makes r's child; it is not started yet.  NULL: no memory. */
cdp__child *cdp__child_new(cdp__remote *r);

/* Starts it.  0, or libuv's code. */
int cdp__child_start(cdp__child *p, const cdp__child_options *opt);

#endif /* CDP_NET_CHILD_H */
