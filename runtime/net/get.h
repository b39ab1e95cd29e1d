/*
 * get.h - one HTTP request, and its reply.
 */
#ifndef CDP_NET_GET_H
#define CDP_NET_GET_H

#include "reply.h"
#include "stream.h"

typedef struct cdp__get cdp__get;

typedef struct cdp__get_options {
    uv_loop_t *loop;
    const cdp_allocator *allocator;
    const cdp__url *url; /* lives until done() */
    cdp_tls *tls;
    uint32_t limit_ms; /* for all of it */
    const char *token;
    const char *const *headers;
    /* Once, from the loop, unless it is given up.  status 0: the peer answered with 200 and this
     * body, borrowed; else CDP_E*, sys, and why, a sentence. */
    void (*done)(void *self, int status, int sys, const char *why, cdp_str body);
    /* libuv holds nothing of it any more; the last thing. */
    void (*gone)(void *self);
    void *self;
} cdp__get_options;

/* CDP_ENOMEM, CDP_EINVAL (of what the request is made of): neither is called. */
int cdp__get_start(cdp__get **out, const char *method, const char *path,
                   const cdp__get_options *opt);
/* After done() too; then comes gone(). */
void cdp__get_end(cdp__get *g);

#endif /* CDP_NET_GET_H */
