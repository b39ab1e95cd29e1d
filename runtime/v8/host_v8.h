/*
 * host_v8.h - an isolate with a context, console and timers, as C: what host.c needs of V8.
 *
 * A cdp__js belongs to one thread, except cdp__js_terminate().
 */
#ifndef CDP_HOST_V8_H
#define CDP_HOST_V8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cdp__js cdp__js;
typedef struct cdp__js_task cdp__js_task; /* a callback that waits for its time */
typedef struct cdp__js_call cdp__js_call; /* of a function of the program's */

typedef struct cdp__js_ops {
    size_t size; /* of this struct */
    /* Call cdp__js_run_task(js, task) in ms, over and over if repeat.  A handle for timer_stop, or
     * NULL. */
    void *(*timer_start)(void *self, cdp__js_task *task, double ms, bool repeat);
    void (*timer_stop)(void *self, void *handle);
    void (*immediate)(void *self); /* there are immediates now */
    void (*scheduled)(void *self, const char *name, cdp__js_task *task, bool recurring);
    void (*started)(void *self, cdp__js_task *task);
    void (*finished)(void *self, cdp__js_task *task);
    void (*canceled)(void *self, cdp__js_task *task);
    void (*write)(void *self, int fd, const char *text, size_t len);
    /* JavaScript calls what cdp__js_define() was given.  args: a JSON array, where what has no JSON
     * is null.  Negative: an error is thrown, cdp__js_throw()'s or one that names the status. */
    int (*call)(void *self, void *function, cdp__js_call *call, const char *args, size_t len);
} cdp__js_ops;

/* Once per process, before and after everything else. */
void *cdp__js_start(void); /* the v8::Platform */
void cdp__js_shutdown(void);

/* Count the hosts of the process, the first of which starts V8 (host_process.c).  CDP_ESTATE: V8
 * has been shut down. */
int cdp__host_enter(void **platform);
void cdp__host_leave(void);

cdp__js *cdp__js_new(const cdp__js_ops *ops, void *self, uint32_t max_old_space_mb);
/* Before the end: lets go of the context, and of callbacks that still wait. */
void cdp__js_drop(cdp__js *js);
void cdp__js_free(cdp__js *js);
void *cdp__js_isolate(cdp__js *js);
void cdp__js_enter(cdp__js *js); /* in pairs, nested */
void cdp__js_exit(cdp__js *js);
/* Calls fn with the isolate entered and a pointer to a v8::Local<v8::Context>. */
void cdp__js_with_context(cdp__js *js, void (*fn)(void *self, const void *context), void *self);

typedef enum cdp__js_outcome {
    CDP__JS_DONE,
    CDP__JS_THREW, /* message listeners have been told */
    CDP__JS_TERMINATED,
    CDP__JS_TOO_BIG
} cdp__js_outcome;

/* json: called with the completion value as JSON, if it has any; may be NULL. */
cdp__js_outcome cdp__js_run(cdp__js *js, const char *name, const char *text, size_t len,
                            void (*json)(void *self, const char *text, size_t len), void *self);
cdp__js_outcome cdp__js_run_task(cdp__js *js, cdp__js_task *task);
/* Runs the oldest immediate. */
cdp__js_outcome cdp__js_run_immediate(cdp__js *js);
size_t cdp__js_immediates(const cdp__js *js);

/* Puts a function, or a value (JSON), where path ("a.b.f") says, on objects that are made if they
 * are missing.  False: there is no such place, or it is no JSON. */
bool cdp__js_define(cdp__js *js, const char *path, void *function);
bool cdp__js_define_value(cdp__js *js, const char *path, const char *json, size_t len);
/* What the call returns, as JSON; false: it is none. */
bool cdp__js_return(cdp__js_call *call, const char *json, size_t len);
/* The error of the innermost call, should it fail; false: none runs.  type and code may be NULL. */
bool cdp__js_throw(cdp__js *js, const char *type, const char *code, const char *message);

/* V8's threads work at something that will leave a task for this one. */
bool cdp__js_background(cdp__js *js);
void cdp__js_terminate(cdp__js *js); /* from any thread */

#ifdef __cplusplus
}
#endif

#endif /* CDP_HOST_V8_H */
