/*
 * host_internal.h - the inside of a cdp_host, for its own files.
 */
#ifndef CDP_HOST_INTERNAL_H
#define CDP_HOST_INTERNAL_H

#include "host_bell.h"
#include "host_error.h"
#include "host_v8.h"
#include "v8_internal.h"

#include <cdp/host.h>
#include <uv.h>

struct cdp_host {
    cdp__js *js;
    cdp_v8 *v8;
    cdp__v8_hooks hooks;
    cdp_host_options opt;
    pthread_t thread;

    uv_loop_t *loop;
    uv_loop_t own;
    cdp__bell wake;
    uv_timer_t due, limit; /* limit: of a wait */
    uv_prepare_t prepare;  /* the loop is about to block */
    uv_check_t check;      /* the loop goes on */
    uv_idle_t spin;        /* active while there are immediates: the loop does not block */
    unsigned handles;      /* that libuv still knows */
    unsigned inside;       /* frames of ours inside the loop or its callbacks */
    uint64_t due_at;       /* loop time, 0: not set */
    void *platform;

    unsigned running; /* scripts of cdp_host_run_text() */
    bool held;        /* the exception in `first` waits to see whether a script threw it */
    cdp__failure first, error;
    bool failed; /* cdp_host_run() is to end with error */
    bool stopped;
    bool looping; /* in run_loop() */
    int exit_code;
    struct cdp__host_function *functions; /* of cdp_host_define() */
};

/* JavaScript calls a function of cdp_host_define(): cdp__js_ops.call. */
int cdp__host_call(void *self, void *function, cdp__js_call *call, const char *args, size_t len);
/* Frees what cdp_host_define() keeps; no JavaScript is left that could call it. */
void cdp__host_undefine(cdp_host *h);

#endif /* CDP_HOST_INTERNAL_H */
