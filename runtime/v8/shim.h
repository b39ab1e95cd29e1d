/*
 * shim.h - V8's inspector, as C.
 *
 * One cdp__shim is one v8_inspector::V8Inspector with one context group.  All of it belongs to
 * the isolate's thread, except cdp__shim_interrupt().  Opaque arguments: `isolate` is a
 * v8::Isolate *, `platform` a v8::Platform * that V8's default platform made (or NULL), `context`,
 * `message`, `value` point to a v8::Local of that type.  Text is UTF-8.
 */
#ifndef CDP_V8_SHIM_H
#define CDP_V8_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cdp__shim cdp__shim;
typedef struct cdp__shim_session cdp__shim_session;

/* An exception, in words; borrowed.  Texts may be empty. */
typedef struct cdp__shim_error {
    const char *text;   /* "Uncaught Error: x" */
    const char *stack;  /* of errors */
    const char *script; /* where: its name, */
    int line, column;   /* from 1, 0: unknown */
    const char *source; /* and that line */
} cdp__shim_error;

/* What V8 asks of the embedder.  size: of this struct. */
typedef struct cdp__shim_ops {
    size_t size;
    void (*pause)(void *self);          /* serve sessions until resume(), then return */
    void (*resume)(void *self);         /* the pause is over, or about to be */
    void (*run_if_waiting)(void *self); /* Runtime.runIfWaitingForDebugger */
    /* Nobody handles it: an exception (promise false), or a promise's rejection. */
    void (*unhandled)(void *self, const cdp__shim_error *e, bool promise);
} cdp__shim_ops;

/* What V8 sends to a session, borrowed, CBOR.  len == 0: V8 could not encode its reply. */
typedef struct cdp__shim_channel {
    void (*response)(void *self, int id, const uint8_t *bytes, size_t len);
    void (*event)(void *self, const uint8_t *bytes, size_t len);
} cdp__shim_channel;

/* NULL: no memory. */
cdp__shim *cdp__shim_new(void *isolate, void *platform, const cdp__shim_ops *ops, void *self);
/* Every session must be disconnected.  Not inside a dispatch. */
void cdp__shim_free(cdp__shim *shim);

/* The first context that lives is the default one.  aux: JSON for front-ends, or NULL. */
void cdp__shim_add_context(cdp__shim *shim, const void *context, const char *name, const char *aux);
bool cdp__shim_remove_context(cdp__shim *shim, const void *context);
void cdp__shim_remove_contexts(cdp__shim *shim); /* all: sessions hear that they are destroyed */

cdp__shim_session *cdp__shim_connect(cdp__shim *shim, const cdp__shim_channel *ch, void *self);
/* Silent at once.  V8's session ends now, or as soon as V8 has left it (cdp__shim_reap()). */
void cdp__shim_disconnect(cdp__shim_session *s);
/* Ends sessions that V8 has left; those that it may be amid are kept from doing anything. */
void cdp__shim_reap(cdp__shim *shim);
/* V8 is amid a session. */
bool cdp__shim_busy(const cdp__shim *shim);
/* Enters the isolate, once for all that follows (every function here does it for itself, which
 * costs less then).  In pairs, nested. */
void cdp__shim_enter(cdp__shim *shim);
void cdp__shim_exit(cdp__shim *shim);
void cdp__shim_dispatch(cdp__shim_session *s, const void *bytes, size_t len);
void cdp__shim_break(cdp__shim_session *s, const char *reason);
bool cdp__shim_can_dispatch(const char *method, size_t len);

/* Has cdp__v8_interrupted(token) called on the isolate's thread, amid JavaScript or when some runs
 * next.  From any thread. */
void cdp__shim_interrupt(void *isolate, void *token);
/* Runs one task that V8 left for this thread.  False: there was none. */
bool cdp__shim_pump(cdp__shim *shim);
/* Runs microtasks and reports rejections.  Only where no JavaScript is on the stack. */
void cdp__shim_settle(cdp__shim *shim);
bool cdp__shim_in_script(const cdp__shim *shim);
void cdp__shim_idle(cdp__shim *shim, bool idle);

/* Returns the id that revokes it; 0: nobody will hear of it. */
unsigned cdp__shim_thrown(cdp__shim *shim, const void *message, const void *exception);
void cdp__shim_revoked(cdp__shim *shim, unsigned id, const char *reason);
/* message: a v8::PromiseRejectMessage. */
void cdp__shim_promise(cdp__shim *shim, const void *message);
/* Installs isolate-wide listeners that call thrown and promise. */
void cdp__shim_listen(cdp__shim *shim);
void cdp__shim_unlisten(cdp__shim *shim);

typedef enum cdp__shim_console_outcome {
    CDP__CONSOLE_DONE,
    CDP__CONSOLE_NO_CONTEXT,
    CDP__CONSOLE_NO_METHOD,
    CDP__CONSOLE_NO_JSON /* args is no JSON array */
} cdp__shim_console_outcome;
/* Calls a method of V8's own console in the default context; args: a JSON array. */
cdp__shim_console_outcome cdp__shim_console(cdp__shim *shim, const char *method, const char *args,
                                            size_t len);

typedef enum cdp__shim_async_step {
    CDP__ASYNC_SCHEDULED,
    CDP__ASYNC_RECURRING, /* scheduled, to run many times */
    CDP__ASYNC_STARTED,
    CDP__ASYNC_FINISHED,
    CDP__ASYNC_CANCELED,
    CDP__ASYNC_ALL_CANCELED
} cdp__shim_async_step;
/* name: of scheduled tasks.  task: an even address. */
void cdp__shim_async(cdp__shim *shim, cdp__shim_async_step step, const char *name, void *task);

/* What the shim calls without having a shim, by v8_transport.c.  The token is the one that was
 * given; the isolate may have no shim, then NULL. */
void cdp__v8_interrupted(void *token);
cdp__shim *cdp__v8_shim_of(void *isolate);

#ifdef __cplusplus
}
#endif

#endif /* CDP_V8_SHIM_H */
