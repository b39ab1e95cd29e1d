/*
 * v8.h - sessions with the V8 of this process.
 *
 * For programs that embed V8 themselves; those that have no V8 of their own want <cdp/host.h>.
 * V8's types appear as untyped pointers, so that this header needs none of V8's: an isolate is a
 * v8::Isolate *, and what is described as "a v8::Local<T>" is a pointer to one.
 *
 *     cdp_v8 *v = nullptr;
 *     cdp_v8_options opt = {};
 *     opt.platform = platform.get();
 *     cdp_v8_new(&v, isolate, &opt);
 *     cdp_v8_add_context(v, &context, "main");
 *     cdp_session *s = nullptr;
 *     cdp_v8_connect(&s, v, nullptr);
 *     ...
 *     cdp_close(s);
 *     cdp_v8_remove_context(v, &context);
 *     cdp_v8_free(v);
 *
 * Everything here belongs to the isolate's thread: the one that calls cdp_v8_new().  Replies and
 * events are delivered at once, on V8's stack, and calls may be made from inside callbacks.  The
 * exception is HeapProfiler.reportHeapSnapshotProgress, during which V8's heap must be left alone:
 * calls made there fail with CDP_ESTATE.  Callbacks may close their session.
 *
 * V8 10 does not bear every command amid its own work, so:
 *  - CDP_ESTATE, with the reason: Debugger.disable inside Debugger.scriptParsed; Debugger.disable,
 *    removeBreakpoint and setBreakpointByUrl inside Debugger.breakpointResolved; everything while
 *    JavaScript on the stack is being terminated.  Make them from cdp_post(), or once the call that
 *    caused the event has returned.
 *  - Runtime.terminateExecution inside an event is sent when the event's callbacks have returned.
 *  - What an enable replays (scripts, contexts, console messages) is delivered once V8 is done with
 *    the command.
 *  - A step is an error where the session has disabled the debugger.
 * What the library can't prevent: V8 10 aborts where JavaScript is terminated while V8 describes
 * objects to a session, for a console call or a pause.  A paused script is ended without that risk
 * by Debugger.resume with terminate_on_resume.  V8 10 keeps about 100 bytes for good for each
 * promise that a call awaited and that never settles.
 *
 * While JavaScript runs nothing but cdp_post() reaches a session; what was posted runs amid the
 * script, also in an endless loop.
 */
#ifndef CDP_V8_H
#define CDP_V8_H

#include <cdp/cdp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The inspector of one isolate. */
typedef struct cdp_v8 cdp_v8;

typedef struct cdp_v8_options {
    const char *name; /* of contexts that are added without one; NULL: "main" */

    /* The v8::Platform, if v8::platform::NewDefaultPlatform() made it.  V8 leaves tasks there for
     * the isolate's thread, and some commands answer from them (HeapProfiler.collectGarbage);
     * with it the library runs them when it waits and in cdp_v8_pump().  NULL: wait does. */
    void *platform;

    /* A call waits for what only the program's own loop brings, such as a promise: go once round
     * the loop, blocking for at most timeout_ms (-1: no limit), or until wake is called.  0;
     * CDP_ESTATE where the loop can't be run now, with which the call then ends; any other
     * CDP_E* ends the session's use.  Not called where JavaScript is on the stack: no loop
     * can go on there.  NULL: only V8's own tasks and promises make progress while calls wait. */
    int (*wait)(cdp_v8 *v, int timeout_ms, void *data);

    /* Called from any thread: something was posted.  Have wait (and pause) return, and
     * cdp_v8_pump() called soon. */
    void (*wake)(cdp_v8 *v, void *data);

    /* For programs that make asynchronous calls and run a loop of their own: have cdp_v8_pump()
     * called in timeout_ms, replacing what was asked before.  0: soon; -1: not needed. */
    void (*schedule)(cdp_v8 *v, int timeout_ms, void *data);

    /* JavaScript is paused: called over and over until a session resumes it, to read a command
     * from somewhere and pass it on.  Anything but 0 ends the pause.  NULL: where all sessions
     * are of this thread a pause ends as soon as the callbacks of Debugger.paused have returned,
     * since nobody else could end it; commands that step are best sent from them. */
    int (*pause)(cdp_v8 *v, void *data);

    void *data;
} cdp_v8_options;

/* An inspector for isolate, which must be entered and outlive it.  opt may be NULL.  An isolate
 * has one: CDP_ESTATE if there is one already. */
int cdp_v8_new(cdp_v8 **out, void *isolate, const cdp_v8_options *opt);

/* Closes the sessions that are left, as cdp_close() does (their handles are gone then), and frees
 * v.  CDP_ESTATE, doing nothing, inside a callback of one of its sessions or amid what was posted.
 * NULL is fine.  If a session awaited a promise that has not settled no more JavaScript may run in
 * the isolate: V8 would tell the inspector when it does. */
int cdp_v8_free(cdp_v8 *v);

/* Makes a context (a v8::Local<v8::Context>) visible to sessions.  The first one is where
 * evaluations go by default.  Remove it before it is disposed of. */
int cdp_v8_add_context(cdp_v8 *v, const void *context, const char *name);
/* CDP_EINVAL: it was never added. */
int cdp_v8_remove_context(cdp_v8 *v, const void *context);

/* A session.  There may be many; none hears of another's events.  *out must be NULL, or a session:
 * where that is a live one of v's the answer is CDP_ESTATE ("already connected") and *out stays.
 * CDP_ESTATE too on another thread than the isolate's. */
int cdp_v8_connect(cdp_session **out, cdp_v8 *v, const cdp_options *opt);

typedef struct cdp_v8_thread_options {
    cdp_options session;

    /* Messages wait: have cdp_poll(s, 0) called soon, on the session's thread.  Called from any
     * thread; s itself must not be touched there.  For programs whose loop is not cdp_run() or a
     * call that waits.  NULL: those alone deliver. */
    void (*wake)(void *data);
    void *data;
} cdp_v8_thread_options;

/* A session of the calling thread, which must be another than the isolate's (else CDP_ESTATE):
 * commands run on the isolate's thread, whether that is idle (in cdp_v8_options.wake's loop), runs
 * JavaScript (also an endless loop), is paused, or waits for a debugger.  Commands of such sessions
 * run one after the other: one that runs JavaScript holds up those behind it, except while it is
 * paused, and except Runtime.terminateExecution, Debugger.enable and Debugger.pause.  Replies and
 * events come to this thread, from cdp_poll(), cdp_run() and calls that wait, which may be made
 * inside callbacks.  Each may end first: if v is freed, calls end with CDP_EIO ("the isolate is
 * gone").  v must be alive during this call; where it is known to be gone: CDP_ESTATE.  opt may be
 * NULL. */
int cdp_v8_connect_from_thread(cdp_session **out, cdp_v8 *v, const cdp_v8_thread_options *opt);

/* Serves those sessions of other threads (and front-ends, see <cdp/inspector.h>) until one sends
 * Runtime.runIfWaitingForDebugger, at most for timeout_ms (-1: no limit); then CDP_ETIMEDOUT. */
int cdp_v8_wait_for_debugger(cdp_v8 *v, int timeout_ms);

/* ---- domains of the program's own --------------------------------------- */

/* What the program adds to what V8 serves.  Every client of v, of whatever thread, has a serving
 * session on the isolate's thread: connected() may call cdp_D_serve() on it, and events may be
 * emitted on it until ended().  Commands go to these handlers first, then to V8, and what neither
 * knows is answered with -32601.  A handler runs on the isolate's thread, perhaps amid JavaScript.
 */
typedef struct cdp_v8_service {
    void (*connected)(cdp_session *front, void *data);
    void (*ended)(cdp_session *front, void *data); /* may be NULL */
    void *data;
    /* For /json/protocol: the events that are emitted ("Domain.event"), NULL at the end; NULL: all
     * of the domains that have handlers. */
    const char *const *events;
    struct cdp_v8_service *next_; /* these two are the library's */
    unsigned serial_;
} cdp_v8_service;

/* For clients that connect from now on; *service is the caller's, and stays until the end of v or
 * cdp_v8_unserve() (from which on only new clients are spared it). */
int cdp_v8_serve(cdp_v8 *v, cdp_v8_service *service);
void cdp_v8_unserve(cdp_v8 *v, cdp_v8_service *service);

/* Does all that is due: what was posted, V8's tasks, microtasks, rejections, completed and overdue
 * asynchronous calls.  Returns in how many milliseconds to call again; -1: not before wake or
 * schedule. */
int cdp_v8_pump(cdp_v8 *v);

/* Pauses before the next statement that runs, for every session that has the debugger enabled;
 * reason is what Debugger.paused says.  cdp_v8_pause_on_start() gives Node's "Break on start". */
int cdp_v8_break_on_next(cdp_v8 *v, const char *reason);
int cdp_v8_pause_on_start(cdp_v8 *v);

/* V8 knows the domain of this method ("Runtime.evaluate"); it looks no further than that. */
bool cdp_v8_can_dispatch(const char *method);

/* ---- what V8 cannot know by itself ------------------------------------- */

/* Exceptions that nobody catches, and promises rejected without a handler, become events
 * (Runtime.exceptionThrown, exceptionRevoked).  Either let the library listen: it takes the
 * isolate's promise reject callback and adds a message listener.  (V8 calls that only for scripts
 * run without a v8::TryCatch, or with a verbose one.) */
int cdp_v8_listen(cdp_v8 *v);

/* Or tell it from callbacks of your own: message and exception as a v8::MessageCallback gets them
 * (v8::Local<v8::Message>, v8::Local<v8::Value>; added without data), reject being a
 * v8::PromiseRejectMessage.  A rejection is reported by the next cdp_v8_pump() or waiting call
 * if it has no handler by then. */
unsigned cdp_v8_exception_thrown(cdp_v8 *v, const void *message, const void *exception);
void cdp_v8_exception_revoked(cdp_v8 *v, unsigned id, const char *reason);
void cdp_v8_promise_rejected(cdp_v8 *v, const void *reject);

/* Asynchronous stack traces across timers, I/O and the like (promises need nothing): say when
 * something is scheduled, and when it runs.  task is any even address that identifies it; a
 * recurring one may run many times, others are forgotten once they finished or are cancelled. */
void cdp_v8_async_scheduled(cdp_v8 *v, const char *name, void *task, bool recurring);
void cdp_v8_async_started(cdp_v8 *v, void *task);
void cdp_v8_async_finished(cdp_v8 *v, void *task);
void cdp_v8_async_canceled(cdp_v8 *v, void *task);
void cdp_v8_async_all_canceled(cdp_v8 *v);

/* The loop is about to block (true), or goes on: CPU profiles show the time as "(idle)". */
void cdp_v8_idle(cdp_v8 *v, bool idle);

#ifdef __cplusplus
}
#endif

#endif /* CDP_V8_H */
