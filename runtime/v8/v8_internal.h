/*
 * v8_internal.h - the inside of a cdp_v8, for the other modules that sit on it.
 */
#ifndef CDP_V8_INTERNAL_H
#define CDP_V8_INTERNAL_H

#include "shim.h"

#include <cdp/v8.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct cdp__v8_front cdp__v8_front;
typedef struct cdp__v8_link cdp__v8_link;

/* For those who build on a cdp_v8.  Members may be NULL. */
typedef struct cdp__v8_hooks {
    void (*unhandled)(void *self, const cdp__shim_error *e, bool promise);
    void (*posted)(void *self, cdp_v8 *v); /* on the isolate's thread, after cdp__v8_wake() */
    void *self;
    struct cdp__v8_hooks *next;
} cdp__v8_hooks;

struct cdp_v8 {
    void *isolate;
    cdp_v8_options opt;
    cdp__shim *shim;
    pthread_t thread;
    uintptr_t token; /* names it to interrupts, which may come after its end */
    struct cdp_v8 *next;
    cdp__v8_front *fronts; /* its clients: v8_front.h */
    cdp_v8_service *services;
    unsigned last_service; /* serial number */
    cdp__v8_hooks *hooks;
    unsigned round;       /* of walks over sessions */
    unsigned busy;        /* frames of ours that need it to stay */
    unsigned in_event;    /* callbacks of any event */
    bool postponed;       /* a client waits for the end of those, or of commands */
    unsigned amid;        /* commands of other threads' clients, since the last pause */
    bool terminating;     /* a Runtime.terminateExecution is under way */
    unsigned in_progress; /* callbacks of heap snapshot progress: V8 must be left alone */
    bool resumed;
    bool run; /* a client said so: Runtime.runIfWaitingForDebugger */
    bool listening;
    void *inspector; /* the cdp_inspector of this, or NULL */

    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t wakeup;
    bool woken;
    bool urgent;         /* a client means the JavaScript that runs */
    bool interrupting;   /* at most one interrupt is under way */
    cdp__v8_link *links; /* that have come and are not fronts yet */
};

/* Nothing of it is on the stack: it can be freed. */
bool cdp__v8_idle(const cdp_v8 *v);

/* JavaScript below is on its way out: none may be started, V8's inspector would stumble over what
 * is left. */
bool cdp__v8_terminating(cdp_v8 *v);

void cdp__v8_hook(cdp_v8 *v, cdp__v8_hooks *hooks);
void cdp__v8_unhook(cdp_v8 *v, cdp__v8_hooks *hooks);

/* From any thread: has the isolate's thread look at what was posted, busy, idle or paused. */
void cdp__v8_wake(cdp_v8 *v);
/* The same, but amid a client's command it comes to the end of that first. */
void cdp__v8_wake_soon(cdp_v8 *v);
/* What was put off may be due. */
void cdp__v8_wake_postponed(cdp_v8 *v);

/* Runs what was posted, to sessions and hooks. */
void cdp__v8_run_posted(cdp_v8 *v);

/* Waits for cdp__v8_wake(), or that long (-1: no limit). */
void cdp__v8_wait_for_wake(cdp_v8 *v, int timeout_ms);

/* Of all clients: calls back what is ready or overdue; ends them. */
void cdp__v8_deliver_ready(cdp_v8 *v);
void cdp__v8_end_fronts(cdp_v8 *v);

/* Some client on another thread has the debugger enabled, and so can end a pause. */
bool cdp__v8_debugged_from_afar(const cdp_v8 *v);

/* Calls fn with v while it cannot end; false: it has ended.  From any thread. */
bool cdp__v8_with_live(cdp_v8 *v, void (*fn)(cdp_v8 *v, void *data), void *data);

/* Milliseconds until a client has something due: 0 now, -1 never. */
int cdp__v8_next_timeout(const cdp_v8 *v);

#endif /* CDP_V8_INTERNAL_H */
