/*
 * process.h - what /proc tells of a process.
 */
#ifndef CDP_NET_PROCESS_H
#define CDP_NET_PROCESS_H

#include "buf.h"

/* A socket that a process listens on, as cdp_connect() takes it. */
typedef struct cdp__listener {
    char url[80]; /* "http://127.0.0.1:9229" */
} cdp__listener;

/* Appends all of its TCP listeners that can be reached from here.  0, or an errno: ENOENT (no such
 * process), EACCES (another user's), ENETUNREACH (in a network of its own), ENOMEM... */
int cdp__process_listeners(int64_t pid, cdp__buf *listeners);

/* Has it a handler for a signal?  0: no; 1: yes; or a negative errno. */
int cdp__process_handles(int64_t pid, int signal);

#endif /* CDP_NET_PROCESS_H */
