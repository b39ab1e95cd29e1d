/*
 * inspector.h - what Node's `node:inspector` is to a Node program, for any program with a V8.
 *
 *     cdp_inspector *insp = NULL;
 *     cdp_inspector_options opt = { .port = 9229 };
 *     cdp_inspector_new(&insp, cdp_host_v8(host), &opt);
 *     if (cdp_inspector_open(insp, NULL) < 0)
 *         fprintf(stderr, "%s\n", cdp_inspector_error(insp)->message.ptr);
 *     ...
 *     cdp_inspector_free(insp);
 *
 * An open inspector serves HTTP (/json/list and the like) and WebSocket sessions, on a thread of
 * its own: DevTools, `node inspect` and any other front-end can attach while JavaScript is idle,
 * busy or paused, and a slow one never holds it up.  Whoever attaches has full control of the
 * program: the address is a loopback one unless the program insists, the path of the URL is a
 * secret of 128 random bits, and web pages are turned away (by Host and Origin).
 *
 * Everything here belongs to the isolate's thread, unless it says otherwise.
 */
#ifndef CDP_INSPECTOR_H
#define CDP_INSPECTOR_H

#include <cdp/cdp.h>
#include <cdp/v8.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cdp_inspector cdp_inspector;

/* 0: the default. */
typedef struct cdp_inspector_limits {
    uint32_t connections;  /* 256 */
    uint32_t sessions;     /* of those, WebSockets; 64 */
    uint32_t handshake_ms; /* to send a request's head; 10,000 */
    uint32_t idle_ms;      /* between two requests; 10,000 */
    size_t head;           /* of a request, bytes; 16 KiB */
    uint32_t lines;        /* headers in it; 100 */
    size_t message;        /* from a front-end, bytes; 64 MiB */
    uint32_t fragments;    /* of a message; 65,536 */
    uint32_t pending;      /* commands of a session that wait for JavaScript; 65,536 */
    size_t queue; /* bytes that a front-end has yet to read, before it is cut off; 64 MiB */
    size_t snapshot_queue; /* the same for the chunks of a heap snapshot it asked for; 1 GiB */
} cdp_inspector_limits;

/* Where the URL is told. */
enum {
    CDP_PUBLISH_STDERR = 1, /* "Debugger listening on ..." */
    CDP_PUBLISH_HTTP = 2,   /* /json/list and the like */
    CDP_PUBLISH_NOWHERE = 4
};

typedef struct cdp_inspector_options {
    const char *host;  /* address or name; NULL: 127.0.0.1 */
    uint16_t port;     /* 0: any that is free */
    bool allow_public; /* host may be other than loopback: whoever reaches it owns the program */
    const char *unix_path; /* a Unix socket instead (made with mode 0600) */
    const char
        *token; /* must come with every request: ?token=..., or a bearer token; 128 bytes at most */
    unsigned publish; /* CDP_PUBLISH_*; 0: stderr and http */
    bool wait;        /* open does not return before a front-end says to run */

    const char *const *allowed_hosts;   /* names besides localhost and addresses; NULL at the end */
    const char *const *allowed_origins; /* besides devtools://devtools; NULL at the end */

    const char *title; /* of the program, for /json/list; NULL: the name of the cdp_v8 */
    const char *url;   /* of its main script; NULL: "file://" */
    bool network;      /* Network events may be broadcast: <cdp/inspector_network.h> */

    /* A line for people ("Debugger listening on ..."), with its newline.  From any thread.
     * NULL: stderr. */
    void (*log)(const char *line, void *data);
    void *data;

    cdp_inspector_limits limits;
} cdp_inspector_options;

/* The inspector of v, closed.  opt (may be NULL) is copied, texts included.  CDP_ESTATE: v has one
 * already, or another thread asks.  Free it before v. */
int cdp_inspector_new(cdp_inspector **out, cdp_v8 *v, const cdp_inspector_options *opt);

/* Closes it first; workers have been removed by then.  NULL is fine. */
void cdp_inspector_free(cdp_inspector *insp);

/* Listens.  opt: how, this time and from now on; NULL: as before.  CDP_ESTATE where it is open
 * already; CDP_EINVAL for a public address that was not allowed; CDP_EIO (with sys) where it can't
 * listen: the program can go on. */
int cdp_inspector_open(cdp_inspector *insp, const cdp_inspector_options *opt);

/* Ends all connections and waits for that.  Closing a closed one does nothing. */
void cdp_inspector_close(cdp_inspector *insp);

/* "ws://127.0.0.1:9229/166e272e-...", or NULL while closed.  Valid until it is closed. */
const char *cdp_inspector_url(const cdp_inspector *insp);
/* The bound port; 0 while closed or on a Unix socket. */
uint16_t cdp_inspector_port(const cdp_inspector *insp);

/* Blocks until a front-end sends Runtime.runIfWaitingForDebugger, whether it is attached now or
 * comes later; or for timeout_ms (-1: no limit), then CDP_ETIMEDOUT.  CDP_ESTATE while closed. */
int cdp_inspector_wait_for_debugger(cdp_inspector *insp, int timeout_ms);

/* Why the last function on insp failed; never NULL, valid until the next one. */
const cdp_error *cdp_inspector_error(const cdp_inspector *insp);

/* Front-ends that are attached.  From any thread. */
unsigned cdp_inspector_sessions(const cdp_inspector *insp);

/* For the end of the program, as Node does it: while front-ends are attached says "Waiting for the
 * debugger to disconnect..." and serves them until they leave (contexts stay usable for those that
 * asked by NodeRuntime.notifyWhenWaitingForDisconnect).  Then cdp_inspector_close(). */
void cdp_inspector_wait_for_disconnect(cdp_inspector *insp);

/* Opens it (cdp_inspector_open(insp, NULL)) whenever the process gets that signal, as Node does on
 * SIGUSR1: also while JavaScript runs.  0 ends that.  CDP_EINVAL; CDP_ESTATE: another inspector of
 * this process listens to it. */
int cdp_inspector_open_on_signal(cdp_inspector *insp, int signal);

/* ---- workers ------------------------------------------------------------- */

typedef struct cdp_inspector_worker {
    const char *title; /* NULL: "[worker N]" */
    const char *url;
} cdp_inspector_worker;

/* On the worker's thread: makes its V8 a target of insp's server, listed by itself and announced to
 * front-ends that follow workers (NodeWorker.enable, Target.setAutoAttach).  Where one of those
 * wants new workers to wait, returns when it lets this one run.  CDP_ESTATE: it is one already, or
 * belongs to another thread. */
int cdp_inspector_add_worker(cdp_inspector *insp, cdp_v8 *worker, const cdp_inspector_worker *info);

/* On the worker's thread, before its V8 is freed. */
void cdp_inspector_remove_worker(cdp_inspector *insp, cdp_v8 *worker);

/* ---- the remote console -------------------------------------------------- */

/* Calls a method of V8's console ("log", "table", "group", "timeEnd", ...) with these values: what
 * front-ends show and keep, and nothing is printed here.  CDP_EINVAL: no such method, or a value
 * that is no JSON. */
int cdp_inspector_console(cdp_inspector *insp, const char *method, const cdp_value *args, size_t n);

/* The same with one text. */
int cdp_inspector_console_printf(cdp_inspector *insp, const char *method, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;
#define cdp_inspector_console_log(insp, ...) cdp_inspector_console_printf(insp, "log", __VA_ARGS__)
#define cdp_inspector_console_info(insp, ...) \
    cdp_inspector_console_printf(insp, "info", __VA_ARGS__)
#define cdp_inspector_console_warn(insp, ...) \
    cdp_inspector_console_printf(insp, "warn", __VA_ARGS__)
#define cdp_inspector_console_error(insp, ...) \
    cdp_inspector_console_printf(insp, "error", __VA_ARGS__)
#define cdp_inspector_console_debug(insp, ...) \
    cdp_inspector_console_printf(insp, "debug", __VA_ARGS__)
#define cdp_inspector_console_trace(insp, ...) \
    cdp_inspector_console_printf(insp, "trace", __VA_ARGS__)

/* ---- Node's command line --------------------------------------------------- */

/* What `--inspect` and its relatives say.  Zeroed before the first of the functions below, which
 * then sets the defaults. */
typedef struct cdp_inspector_flags {
    bool open;           /* --inspect, --inspect-brk or --inspect-wait was given */
    bool wait;           /* --inspect-brk, --inspect-wait */
    bool break_on_start; /* --inspect-brk */
    bool no_signal;      /* --disable-sigusr1 */
    bool network;        /* --experimental-network-inspection */
    bool workers;        /* --experimental-worker-inspection */
    uint16_t port;       /* 9229 */
    unsigned publish;    /* --inspect-publish-uid: CDP_PUBLISH_* */
    char host[256];      /* "127.0.0.1" */
    char error[256];     /* why CDP_EINVAL */
} cdp_inspector_flags;

/* Reads the flag that argv[0] is, by Node's rules, with its value where that is argv[1].  How many
 * words it took; 0: it is none of the inspector's.  CDP_EINVAL, with Node's words in flags->error:
 * Node exits with 9 then. */
int cdp_inspector_parse_flag(cdp_inspector_flags *flags, int argc, char *const *argv);

/* Reads such flags from argv[1] on, up to "--" or the first word that is no flag, and takes them
 * out of argv; *argc is what is left.  For programs whose own flags have their values behind a "=";
 * others call cdp_inspector_parse_flag() where they look at a flag.  CDP_EINVAL. */
int cdp_inspector_parse_flags(cdp_inspector_flags *flags, int *argc, char **argv);

/* The same for a line of text, as in NODE_OPTIONS: double quotes keep blanks in a word, and other
 * words are passed over.  Before the command line, which then wins.  CDP_EINVAL; CDP_ENOMEM. */
int cdp_inspector_parse_flag_text(cdp_inspector_flags *flags, const char *text);

#ifdef __cplusplus
}
#endif

#endif /* CDP_INSPECTOR_H */
