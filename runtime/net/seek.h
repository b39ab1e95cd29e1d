/*
 * seek.h - finds a process's inspector among the sockets that it listens on, and connects to it.
 */
#ifndef CDP_NET_SEEK_H
#define CDP_NET_SEEK_H

#include "remote.h"

/* rouse: have SIGUSR1 open it, if it is not open yet; else it is waited for.  How it ends is told
 * by cdp__remote_opened() or _lose(). */
void cdp__seek_start(cdp__remote *r, int64_t pid, bool rouse);

#endif /* CDP_NET_SEEK_H */
