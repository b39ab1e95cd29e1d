/*
 * remote.h - sessions with other programs: over a socket, or by starting them.
 *
 * Such a session is the same cdp_session as any other.  It has a libuv loop of its own, run by
 * cdp_poll(), cdp_run() and calls that wait; or it lives on a loop of the caller's, and then
 * nothing waits (CDP_ESTATE): calls of _async and events are called back while the caller runs that
 * loop.
 *
 * What is sent is written when the loop next runs, many messages at once; or as soon as 64 KiB
 * have piled up.
 */
#ifndef CDP_REMOTE_H
#define CDP_REMOTE_H

#include <cdp/cdp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;

/* ---- TLS --------------------------------------------------------------------- */

/* What wss:// and https:// connections of any number of sessions trust.  Making one reads the
 * system's certificates, so make one and share it; one thread at a time. */
typedef struct cdp_tls cdp_tls;

typedef struct cdp_tls_options {
    const char *ca_file;     /* PEM: trusted instead of the system's authorities */
    const char *server_name; /* expected of the peer, instead of the URL's host */
    bool insecure;           /* the peer's certificate is not looked at: anybody may sit between */
} cdp_tls_options;

/* opt may be NULL.  CDP_EINVAL: a file can't be read, or server_name is none; *why (may be NULL)
 * then says it in a sentence, and is one cdp_free(); CDP_ENOMEM. */
int cdp_tls_new(cdp_tls **out, const cdp_tls_options *opt, cdp_str **why);
/* Sessions that use it keep it alive. */
void cdp_tls_free(cdp_tls *tls);

/* ---- connecting -------------------------------------------------------------- */

/*
 * After the peer was lost, for whatever reason but a lack of memory: connect again, to what the URL
 * leads to then (http:// is discovered anew: a program that was restarted has another path).
 *
 * Calls in flight end at once, with CDP_EIO or what the reason was.  Children end as well, and are
 * told (cdp_set_lost()); the root only when attempts are used up.  Calls made meanwhile wait for
 * the next peer, unless they end before by their timeout.
 *
 * When it is connected the root's peer is first told again, in the old order, what it was told
 * and had answered with success:
 *
 *     X.enable                         the last of each; X.disable takes back all of X
 *     X.setY                           the last of each; X.clearY takes it back.  But for what acts
 *                                      once (cookies, return values...), and for what names an
 *                                      object by its id (scripts, nodes, frames...)
 *     breakpoints by URL, of events    each, unless removed
 *     Runtime.addBinding               each, unless removed; Runtime.disable does not
 *     Page.addScriptToEvaluateOnNewDocument
 *     Network.emulateNetworkConditions the last
 *
 * Then come the calls that waited, and `opened`.  What was started (profiles, coverage, traces) is
 * not started again: half a profile would pass for a whole one.  Ids that the peer gave are its
 * own: those of breakpoints by URL are made of the place, and stay; those of scripts to evaluate
 * are counted anew, in that order.  The trace sees what is said again.
 *
 * A first connection that fails is told at once.
 */
typedef struct cdp_reconnect {
    uint32_t attempts; /* in a row, that may fail; 0: never reconnects */
    uint32_t delay_ms; /* before the first; doubles each time, up to 10 s; 0: 100 ms */
} cdp_reconnect;

typedef struct cdp_remote_options {
    cdp_options session;
    struct uv_loop_s *loop; /* that the caller runs; NULL: the session's own */
    uint32_t connect_ms;    /* for all of connecting; 0: 10 s */
    size_t max_queue;  /* bytes that the peer has yet to take; 0: 64 MiB.  Beyond: CDP_ETOOBIG */
    cdp_tls *tls;      /* NULL: the system's authorities */
    const char *token; /* sent as "Authorization: Bearer", where a peer wants one */
    const char *const *headers; /* "Name: value", sent with the handshake; NULL at the end.  These
                                 * texts are copied. */
    uint32_t ping_ms;           /* a WebSocket ping so often, and a peer that is silent for as long
                                 * again is lost, unless paused; 0: never.  Node hangs up on who
                                 * pings. */
    cdp_reconnect reconnect;

    /* The peer can be reached (also: again).  On the session's thread; may be NULL. */
    void (*opened)(cdp_session *s, void *data);
    /* All that was sent has been taken by the system: cdp_queued() is 0 again. */
    void (*drained)(cdp_session *s, void *data);
    void *data;
} cdp_remote_options;

/*
 * Connects to
 *
 *     ws://HOST:PORT/PATH, wss://   that WebSocket
 *     http://HOST:PORT, https://    the browser, if it is one; else the first target
 *                                   (/json/version, /json/list)
 *     http://HOST:PORT/ID           the target of that id
 *     HOST:PORT, PORT               as http://
 *     unix:FILE, unix:FILE:/PATH    the same over a socket in the file system
 *
 * A name is tried at all its addresses.  Of what a peer lists only paths are used, never hosts.
 *
 * Returns when connected; with a loop of the caller's at once: calls may be made all the same, and
 * are sent, or end, when it is known.  *out is set even on failure (NULL: out of memory, or
 * `opened` closed it), so that cdp_last_error(*out) can tell why; cdp_close() it either way.  opt
 * may be NULL.
 */
int cdp_connect(cdp_session **out, const char *url, const cdp_remote_options *opt);

/* Connects to the inspector of a process of this machine: whichever of the sockets that it listens
 * on is one; or else SIGUSR1 opens one, as in Node.  A process that does not handle that signal is
 * left alone (CDP_ENOTSUP).  Whatever listens there is sent a request for /json/version, and opt's
 * token and headers.  Only one's own processes, and root all; Linux's /proc is needed. */
int cdp_connect_pid(cdp_session **out, int64_t pid, const cdp_remote_options *opt);

/* ---- what a peer has ----------------------------------------------------------- */

/* One entry of /json/list. */
typedef struct cdp_target_entry {
    cdp_str id;
    cdp_str type; /* "page", "iframe", "worker", "node"... */
    cdp_str title;
    cdp_str url;
    cdp_str description;
    cdp_str parent_id;
    cdp_str web_socket_debugger_url; /* as the peer says it; absent: someone is attached */
    cdp_str devtools_frontend_url;
    const cdp__extra *extra_;
} cdp_target_entry;

typedef struct cdp_target_entries {
    CDP_LIST(cdp_target_entry) targets;
    const cdp__extra *extra_;
} cdp_target_entries;

/* /json/version. */
typedef struct cdp_target_about {
    cdp_str browser; /* "Chrome/156.0...", "node.js/v20..." */
    cdp_str protocol_version;
    cdp_str user_agent;
    cdp_str v8_version;
    cdp_str web_socket_debugger_url; /* of the browser; absent where there is none */
    const cdp__extra *extra_;
} cdp_target_about;

/* Ask url (as for cdp_connect(); its path is ignored) and wait.  opt's loop, callbacks and
 * reconnect are not used.  What they return is one cdp_free().  *why (may be NULL): a sentence, one
 * cdp_free(). */
int cdp_target_list(cdp_target_entries **out, const char *url, const cdp_remote_options *opt,
                    cdp_str **why);
int cdp_target_version(cdp_target_about **out, const char *url, const cdp_remote_options *opt,
                       cdp_str **why);
/* /json/protocol, the peer's own: JSON text. */
int cdp_target_protocol(cdp_str **out, const char *url, const cdp_remote_options *opt,
                        cdp_str **why);
/* Chromium's: open a tab on a page (NULL: an empty one), bring one to the front, close one. */
int cdp_target_new(cdp_target_entry **out, const char *url, const char *page,
                   const cdp_remote_options *opt, cdp_str **why);
int cdp_target_activate(const char *url, const char *id, const cdp_remote_options *opt,
                        cdp_str **why);
int cdp_target_close(const char *url, const char *id, const cdp_remote_options *opt, cdp_str **why);

/* ---- starting a program --------------------------------------------------------- */

typedef enum cdp_launch_kind {
    CDP_LAUNCH_AUTO,    /* by the program's name */
    CDP_LAUNCH_NODE,    /* Node, Deno, `cdp run` and their like: --inspect-brk=127.0.0.1:0 */
    CDP_LAUNCH_CHROMIUM /* Chromium, Chrome and their like: --remote-debugging-pipe, no port */
} cdp_launch_kind;

/* By the name of a program, with or without its path; CDP_LAUNCH_AUTO: it does not tell. */
cdp_launch_kind cdp_launch_kind_of(const char *program);

typedef struct cdp_launch_options {
    cdp_remote_options remote; /* connect_ms: for starting, too; reconnect: not used */
    cdp_launch_kind kind;
    /* Program and arguments, NULL at the end; the program is looked for in PATH. */
    const char *const *argv;
    const char *const *env; /* "NAME=value", instead of this process's; NULL: that */
    const char *cwd;
    bool quiet; /* no input, and its output is dropped */

    /* Node */
    bool run;   /* does not wait for Runtime.runIfWaitingForDebugger, nor pause at the start */
    bool apart; /* a session and process group of its own, ended as a whole; Ctrl-C at a terminal
                 * is not for it */
    bool leave; /* cdp_close() does not end it */

    /* Chromium */
    const char *profile; /* its folder; NULL: a new one, removed when it has ended */
    bool visible;        /* with a window; else --headless=new */
} cdp_launch_options;

/*
 * Starts a program and connects to it.  Its end ends the session's calls (CDP_EIO, which tells exit
 * code or signal).  cdp_close() ends it: politely, and after 2 s not.  *out as with cdp_connect().
 *
 * Node gets our stdin, stdout and stderr; of the last what its inspector says there is taken out
 * (not with `leave`, where it must go on by itself).  It listens before it runs anything: with
 * `run` its script may not have begun; and without, on a loop of the caller's, it may not wait yet,
 * so that it would miss a Runtime.runIfWaitingForDebugger (NodeRuntime.waitingForDebugger tells).
 *
 * Chromium gets flags that keep it from calling home and asking questions, before those in argv;
 * for root, as whom it runs in no other way, --no-sandbox as well: pages are less shut in then. Its
 * processes end with it, and its temporary files go (they have a folder below $TMPDIR or /tmp).
 *
 * A loop of the caller's gets a handler of SIGCHLD from libuv; the program must leave that signal
 * to it (whoever replaces the handler, or ignores the signal, does not learn of ends).
 */
int cdp_launch(cdp_session **out, const cdp_launch_options *opt);

/* Of the session's child, while it runs: its process id; else 0. */
int64_t cdp_child_pid(const cdp_session *s);
/* Delivers, and waits at most timeout_ms (-1: as long as it takes) for its end, also once the
 * session was lost.  Node that has run to its end waits for its debuggers to leave: then the
 * connection is ended here (not with `leave`).  *code: what it exited with, *signal: what it died
 * of, or 0; both may be NULL.  CDP_ETIMEDOUT; CDP_EINVAL: none was started; CDP_ECLOSED: s was
 * closed meanwhile; CDP_ESTATE. */
int cdp_child_wait(cdp_session *s, int timeout_ms, int *code, int *signal);
/* Sends it a signal.  CDP_EINVAL: none was started, or it has ended, or no such signal; CDP_EIO. */
int cdp_child_kill(cdp_session *s, int signal);

#ifdef __cplusplus
}
#endif

#endif /* CDP_REMOTE_H */
