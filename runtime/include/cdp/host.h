/*
 * host.h - a V8 for programs that have none of their own.
 *
 *     cdp_host *h = NULL;
 *     cdp_session *s = NULL;
 *     if (cdp_host_new(&h, NULL) == 0 && cdp_host_connect(&s, h, NULL) == 0) {
 *         cdp_host_run_file(h, "app.js", NULL);
 *         cdp_host_run(h);
 *     }
 *     cdp_close(s);
 *     cdp_host_free(h);
 *     cdp_host_shutdown();
 *
 * A host is an isolate with one context and an event loop: JavaScript with console, timers
 * (setTimeout, setInterval, setImmediate and their clear functions) and queueMicrotask, without
 * modules, files or network.  It belongs to the thread that makes it; there may be many, on one
 * thread or on several.  Scripts that are endless, or allocate without limit, are not contained:
 * see cdp_host_terminate() and max_old_space_mb (V8 ends the process when that is exceeded).
 *
 * The program must not initialise V8 itself; one that does wants <cdp/v8.h>.
 */
#ifndef CDP_HOST_H
#define CDP_HOST_H

#include <cdp/cdp.h>
#include <cdp/v8.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s; /* libuv's uv_loop_t */

typedef struct cdp_host cdp_host;

typedef struct cdp_host_options {
    const char *name;          /* of the context, for front-ends; NULL: "main" */
    struct uv_loop_s *loop;    /* NULL: one of its own */
    uint32_t max_old_space_mb; /* of the heap; 0: V8's choice */

    /* What the console prints; fd 1 or 2, text ends in a newline.  NULL: stdout, stderr. */
    void (*write)(cdp_host *h, int fd, const char *text, size_t len, void *data);

    /* An exception or rejection that nobody handled and no function returns: err lives until
     * this does.  NULL: it is printed to stderr as Node does. */
    void (*uncaught)(cdp_host *h, const cdp_error *err, void *data);

    /* As in cdp_v8_options: JavaScript is paused and this thread shall find out what to do. */
    int (*pause)(cdp_host *h, void *data);

    void *data;
} cdp_host_options;

/* Makes a host; the first one starts V8.  opt may be NULL.  CDP_ESTATE after
 * cdp_host_shutdown(); CDP_ENOMEM; CDP_EIO where libuv fails. */
int cdp_host_new(cdp_host **out, const cdp_host_options *opt);

/* Closes the sessions that are left (their handles are gone then) and disposes of the isolate.  A
 * loop that is the caller's must run once more before it is closed.  CDP_ESTATE, doing nothing,
 * inside a callback.  NULL is fine. */
int cdp_host_free(cdp_host *h);

/* Ends V8 for this process, so that leak checkers find nothing.  No host can be made afterwards.
 * CDP_ESTATE while there are hosts. */
int cdp_host_shutdown(void);

/* Runs a script, and microtasks.  name is what stack traces say; an absolute path is a file:// URL
 * to front-ends.  *result (one cdp_free(); may be NULL when not wanted) is the completion value as
 * JSON text, or NULL where that has none.  CDP_EREMOTE: the script threw, see cdp_host_error();
 * sessions have had Runtime.exceptionThrown.  CDP_ECANCELED: it was terminated.  CDP_ESTATE on
 * another thread.  CDP_EIO: the file can't be read. */
int cdp_host_run_text(cdp_host *h, const char *name, cdp_str text, cdp_value **result);
int cdp_host_run_file(cdp_host *h, const char *path, cdp_value **result);

/* Why the last cdp_host_ function failed: message is the exception's text ("Uncaught Error: x"),
 * path its place ("app.js:3:7"), and data, if present, its stack (a JSON string).  Never NULL;
 * valid until the next function on h. */
const cdp_error *cdp_host_error(const cdp_host *h);

/* Prints the exception that cdp_host_error() tells as if nobody had handled it: to stderr, with its
 * place, its line and its stack.  Other errors are not printed. */
void cdp_host_print_error(cdp_host *h);

/* A function of the program's that scripts call.  args is a JSON array of the arguments, as
 * JSON.stringify() would have them (undefined: null), and borrowed; *result is what it returns:
 * NULL, as it is before, for undefined, or one cdp_free(), as cdp_value_copy() makes them.  A
 * negative status throws a JavaScript Error: that of cdp_host_throw(), or cdp_strerror()'s text. It
 * may use h's sessions, and close them, like any callback. */
typedef int cdp_host_fn(cdp_host *h, cdp_value args, cdp_value **result, void *data);

/* Puts a function, or a value, on the global object of h's context: as "name", or as
 * "object.object.name", where objects that are missing are made.  What is there is replaced.
 * CDP_EINVAL: there can't be such a place (a name is empty, something on the way is no object), or
 * the value is absent; CDP_EDECODE: it is malformed; CDP_ENOMEM; CDP_ESTATE on another thread. */
int cdp_host_define(cdp_host *h, const char *path, cdp_host_fn *fn, void *data);
int cdp_host_define_value(cdp_host *h, const char *path, cdp_value value);

/* In a cdp_host_fn: the error that it throws.  type: "TypeError", "RangeError", or NULL for Error;
 * code: the error's property of that name, NULL for none.  Always negative:
 *     return cdp_host_throw(h, "RangeError", "ERR_OUT_OF_RANGE", "%d is too much", n); */
int cdp_host_throw(cdp_host *h, const char *type, const char *code, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/* Runs the loop until nothing is left to wait for, cdp_host_stop(), or an exception or rejection
 * that nobody handles (CDP_EREMOTE; it has been printed and may be run again).  Asynchronous calls
 * in flight keep it going until they end.  CDP_ESTATE inside the loop. */
int cdp_host_run(cdp_host *h);
void cdp_host_stop(cdp_host *h);

/* What a program that only runs this script would exit with: 0, or 1 once an exception or a
 * rejection went unhandled (those that cdp_host_run_text() returned included). */
int cdp_host_exit_code(const cdp_host *h);

/* From any thread, as long as h is not being freed: ends the JavaScript that runs, or the next
 * that would.  What called it ends with CDP_ECANCELED; the host can be used on. */
void cdp_host_terminate(cdp_host *h);

/* A session: cdp_v8_connect(), for the host's V8.  Calls that wait run the loop, except inside its
 * callbacks (those of timers, asynchronous calls and cdp_post() among them): what is not answered
 * at once is CDP_ESTATE there. */
int cdp_host_connect(cdp_session **out, cdp_host *h, const cdp_options *opt);

cdp_v8 *cdp_host_v8(cdp_host *h);
struct uv_loop_s *cdp_host_loop(cdp_host *h);
void *cdp_host_data(const cdp_host *h);

#ifdef __cplusplus
}
#endif

#endif /* CDP_HOST_H */
