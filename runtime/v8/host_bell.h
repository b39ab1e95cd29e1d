/*
 * host_bell.h - wakes a loop from any thread.
 *
 * What uv_async_t is for, but for libuv before 1.45: there the woken thread spins until the one
 * that woke it has returned from the kernel, which on a shared processor costs more than all else.
 */
#ifndef CDP_V8_HOST_BELL_H
#define CDP_V8_HOST_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

typedef struct cdp__bell {
    uv_poll_t poll; /* data: the owner's */
    int fd;
    atomic_bool rung;
    void (*heard)(struct cdp__bell *bell); /* on the loop's thread; once for many rings */
} cdp__bell;

/* A libuv error, or 0.  The handle is active, and keeps its loop going until uv_close(). */
int cdp__bell_init(cdp__bell *bell, uv_loop_t *loop, void (*heard)(cdp__bell *bell));
/* Once libuv has closed the handle and nobody rings any more. */
void cdp__bell_free(cdp__bell *bell);
/* From any thread. */
void cdp__bell_ring(cdp__bell *bell);

#endif /* CDP_V8_HOST_BELL_H */
