/*
 * cdp.h - sessions, calls, events and errors.
 *
 * Three rules cover the whole library.
 *
 *  1. A zeroed struct is an empty message.  NULL, 0 and {0} mean "not set".
 *  2. const is borrowed, non-const is yours.  Whatever is handed to you
 *     through a pointer to non-const is released with one cdp_free();
 *     whatever arrives through a pointer to const lives until the callback
 *     returns, unless you cdp_keep() it.
 *  3. Functions return 0 or a negative CDP_E*; cdp_last_error() explains.
 *
 * A session and everything reached from it belong to one thread.  Only
 * cdp_post() may be called from another.  Messages are the exception: what
 * you own (or keep) may outlive its session and move to another thread.
 */
#ifndef CDP_CDP_H
#define CDP_CDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CDP_VERSION_MAJOR 0
#define CDP_VERSION_MINOR 1
#define CDP_VERSION_PATCH 0

/* ---- values ------------------------------------------------------------ */

/* UTF-8 text.  ptr == NULL means absent.  Text produced by the library is
 * always followed by a NUL that len does not count; it may hold NULs of its
 * own, and lone surrogates (V8 sends them) in their three-byte WTF-8 form. */
typedef struct cdp_str {
    const char *ptr;
    size_t len;
} cdp_str;

/* Decoded binary (base64 in JSON).  ptr == NULL means absent. */
typedef struct cdp_bytes {
    const uint8_t *ptr;
    size_t len;
} cdp_bytes;

/* The two encodings of a message: JSON text, and the CBOR dialect that V8 and
 * Chromium speak among themselves. */
typedef enum cdp_wire { CDP_JSON = 0, CDP_CBOR = 1 } cdp_wire;

/* One dynamic value, verbatim as it travels: the protocol's "any" and
 * "object".  ptr == NULL means absent (JavaScript's undefined), which is not
 * the same as a JSON null.  Read it with <cdp/value.h>; make one from JSON
 * text with cdp_json(). */
typedef struct cdp_value {
    const char *ptr;
    size_t len;
    cdp_wire wire;
} cdp_value;

/* Optional scalars.  Initialise with CDP_SOME(v); leave out to omit.  (value
 * comes first so that ".silent = true", which -Wall flags, omits the member
 * rather than sending its opposite.) */
typedef struct cdp_opt_bool {
    bool value;
    bool has;
} cdp_opt_bool;
typedef struct cdp_opt_int {
    int32_t value;
    bool has;
} cdp_opt_int;
typedef struct cdp_opt_num {
    double value;
    bool has;
} cdp_opt_num;
/* clang-format off */
#define CDP_SOME(v) { (v), true }

/* A contiguous array of T.  items == NULL means absent. */
#define CDP_LIST(T)                                                                                \
    struct {                                                                                       \
        const T *items;                                                                            \
        size_t n;                                                                                  \
    }
#define CDP_ITEMS(array) { (array), sizeof(array) / sizeof(*(array)) }
/* clang-format on */

/* What the library remembers of a decoded struct beyond its members: words
 * and members that these bindings do not know.  Copy it along, never set it. */
typedef struct cdp__extra cdp__extra;

static inline cdp_str cdp_s(const char *z)
{
    cdp_str s = { z, z ? strlen(z) : 0 };
    return s;
}

static inline cdp_str cdp_sn(const char *p, size_t n)
{
    cdp_str s = { p, n };
    return s;
}

static inline bool cdp_str_eq(cdp_str a, cdp_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* JSON text as a value.  Checked when it is sent. */
static inline cdp_value cdp_json(const char *text)
{
    cdp_value v = { text, text ? strlen(text) : 0, CDP_JSON };
    return v;
}

/* ---- errors ------------------------------------------------------------ */

#define CDP_STATUS_MAP(XX)                           \
    XX(ENOMEM, -1, "out of memory")                  \
    XX(EINVAL, -2, "invalid argument")               \
    XX(ESTATE, -3, "not allowed now")                \
    XX(ECLOSED, -4, "session closed")                \
    XX(ETIMEDOUT, -5, "timed out")                   \
    XX(ECANCELED, -6, "canceled")                    \
    XX(EIO, -7, "transport failed")                  \
    XX(EPROTO, -8, "peer broke the protocol")        \
    XX(EDECODE, -9, "message does not fit its type") \
    XX(EREMOTE, -10, "peer reported an error")       \
    XX(ETOOBIG, -11, "limit exceeded")               \
    XX(ENOTSUP, -12, "not supported")

typedef enum cdp_status {
    CDP_OK = 0,
#define CDP__XX(name, value, text) CDP_##name = value,
    CDP_STATUS_MAP(CDP__XX)
#undef CDP__XX
        CDP_FALLTHROUGH = 1 /* returned by a command handler: not mine */
} cdp_status;

/* JSON-RPC codes that peers use (cdp_error.remote_code). */
enum {
    CDP_PARSE_ERROR = -32700,
    CDP_INVALID_REQUEST = -32600,
    CDP_METHOD_NOT_FOUND = -32601,
    CDP_INVALID_PARAMS = -32602,
    CDP_INTERNAL_ERROR = -32603,
    CDP_SERVER_ERROR = -32000,
    CDP_SESSION_NOT_FOUND = -32001
};

typedef struct cdp_error {
    int status;      /* CDP_E* */
    int remote_code; /* the peer's JSON-RPC code when status is CDP_EREMOTE */
    int sys;         /* the libuv code when status is CDP_EIO */
    cdp_str message; /* one sentence, never empty */
    cdp_str method;  /* "Runtime.evaluate", or empty */
    cdp_str path;    /* "result.exceptionDetails.lineNumber", or empty */
    cdp_value data;  /* error.data, or absent */
} cdp_error;

typedef struct cdp_session cdp_session;

/* The error of the last call on s that failed.  Never NULL; valid until the
 * next call on s. */
const cdp_error *cdp_last_error(const cdp_session *s);

/* The meaning of a status in a few words, never NULL. */
const char *cdp_strerror(int status);

/* ---- memory ------------------------------------------------------------ */

/* realloc(ctx, NULL, 0, n) allocates, realloc(ctx, p, old, 0) frees.  Messages
 * carry it with them, so it must be usable from every thread they reach. */
typedef struct cdp_allocator {
    void *(*realloc)(void *ctx, void *ptr, size_t old_size, size_t new_size);
    void *ctx;
} cdp_allocator;

/* Releases a message (a result, an event you took or kept).  NULL is fine. */
void cdp_free(void *msg);

/* Makes a borrowed message yours, without copying it.  Works on the pointer a
 * callback was given, not on structs inside it.  Never fails. */
void *cdp_keep(const void *msg);

static inline void cdp__freep(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p);
    cdp_free(p);
}
/* CDP_AUTO cdp_runtime_evaluate_result *res = NULL; is freed at the end of its
 * scope. */
#define CDP_AUTO __attribute__((cleanup(cdp__freep)))

/* ---- sessions ---------------------------------------------------------- */

#define CDP_NO_TIMEOUT UINT32_MAX

typedef struct cdp_options {
    const cdp_allocator *allocator; /* NULL: realloc and free */
    uint32_t timeout_ms;            /* for each call; 0: 30 s; or CDP_NO_TIMEOUT */
    size_t max_message;             /* bytes, received; 0: 256 MiB; at most 1 GiB */
    uint32_t max_pending;           /* calls in flight; 0: 65,536 */
    bool strict;                    /* what does not fit the protocol is CDP_EDECODE */
} cdp_options;

/* Two sessions wired to each other, for tests and in-process use: what one
 * sends the other receives.  Both belong to one thread.  Close both. */
int cdp_pair(cdp_session **a, cdp_session **b, const cdp_options *opt);

/* A child session: same transport as parent, messages marked with session_id
 * (the "flat" mode of Target.attachToTarget).  Closed with its parent.  When its
 * target is gone (Target.detachedFromTarget) its calls end with CDP_ECLOSED.
 * CDP_EINVAL: no id, or one at which Node would abort. */
int cdp_attach(cdp_session **out, cdp_session *parent, cdp_str session_id);

/* Ends a session and its children: calls in flight end with CDP_ECLOSED, their
 * callbacks run before this returns.  Allowed inside callbacks.  NULL is fine. */
void cdp_close(cdp_session *s);

/* Delivers what is ready, waiting for something at most timeout_ms (-1: for as
 * long as it takes).  0, or why the session can't go on. */
int cdp_poll(cdp_session *s, int timeout_ms);

/* Delivers until cdp_stop() (then 0), or until the session ends. */
int cdp_run(cdp_session *s);
void cdp_stop(cdp_session *s);

/* Has fn run on the session's thread, from cdp_poll(), cdp_run() or a waiting
 * call, and in an in-process V8 even amid running JavaScript.  The one function
 * other threads may call, as long as the session is not being closed; fn runs
 * exactly once, with s == NULL if the session was closed before.  CDP_ENOMEM. */
int cdp_post(cdp_session *s, void (*fn)(cdp_session *s, void *data), void *data);

/* Told once that the peer is gone, and why; calls in flight have been ended by then.  A child is
 * told that its target is gone, or its root's peer.  Not called by cdp_close(). */
typedef void cdp_lost_cb(cdp_session *s, const cdp_error *why, void *data);
void cdp_set_lost(cdp_session *s, cdp_lost_cb *cb, void *data);

/* Stops and resumes delivery of what the root's peer sends; it will notice when its own buffers are
 * full.  Replies wait as well, and their timeouts run.  Where the connection breaks meanwhile, what
 * was received and not delivered is dropped.  CDP_ENOTSUP: in-process sessions. */
int cdp_pause(cdp_session *s, bool pause);

/* Bytes of s's root that were sent and that the system has not taken yet. */
size_t cdp_queued(const cdp_session *s);

/* A pointer of the caller's. */
void cdp_set_data(cdp_session *s, void *data);
void *cdp_get_data(const cdp_session *s);

/* A child's id; empty for a root. */
cdp_str cdp_session_id(const cdp_session *s);

/* ---- calls in flight --------------------------------------------------- */

/* Ends a call of _async or _send with CDP_ECANCELED; the peer's late reply is
 * dropped.  id 0: every call in flight of s and of the sessions below it, also
 * what waits.  CDP_EINVAL when no such call is in flight. */
int cdp_cancel(cdp_session *s, uint32_t id);

/* Limits a call from now on, in milliseconds; id 0: every later call. */
int cdp_set_timeout(cdp_session *s, uint32_t id, uint32_t ms);

/* Ends a subscription.  0 and stale ids are ignored. */
void cdp_off(cdp_session *s, uint32_t subscription);

/* ---- everything, untyped ----------------------------------------------- */

/* Calls method ("Domain.command") with params (absent: none) and waits for the
 * result.  *result is one cdp_free(); it may be NULL when not wanted. */
int cdp_call(cdp_session *s, const char *method, cdp_value params, cdp_value **result);

typedef void cdp_call_cb(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data);
uint32_t cdp_call_async(cdp_session *s, const char *method, cdp_value params, cdp_call_cb *cb,
                        void *data);

/* Every event of that name, or of any.  params may be absent, never NULL.
 * Returns a subscription, 0 if there is no memory for it. */
typedef void cdp_any_cb(cdp_session *s, cdp_str method, const cdp_value *params, void *data);
uint32_t cdp_on(cdp_session *s, const char *method, cdp_any_cb *cb, void *data);
uint32_t cdp_on_any(cdp_session *s, cdp_any_cb *cb, void *data);

/* Sees every message of the root session, as it travels: the log. NULL ends
 * it.  message lives until cb returns. */
typedef void cdp_trace_cb(cdp_session *s, bool sent, cdp_value message, void *data);
void cdp_set_trace(cdp_session *s, cdp_trace_cb *cb, void *data);

/* Told of what arrives but can't be delivered: malformed messages, events that
 * do not fit their type, replies to nobody's call, unknown sessions.  s is the
 * session it concerns, or the root.  Without one they are dropped. */
typedef void cdp_fault_cb(cdp_session *s, const cdp_error *err, void *data);
void cdp_set_fault(cdp_session *s, cdp_fault_cb *cb, void *data);

/* ---- the other side ---------------------------------------------------- */

/* One command, to be answered exactly once, in its handler or later. */
typedef struct cdp_request cdp_request;
cdp_session *cdp_request_session(const cdp_request *req); /* NULL once that is closed */
cdp_str cdp_request_method(const cdp_request *req);

int cdp_respond(cdp_request *req); /* for commands without results */
int cdp_respond_value(cdp_request *req, cdp_value result);
int cdp_respond_error(cdp_request *req, int code, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Every command that no cdp_D_serve() handler took.  A handler that returns
 * CDP_FALLTHROUGH leaves it to whoever comes next (the transport, and then the
 * reply "'X' wasn't found"); one that returns CDP_E* has the library answer. */
typedef int cdp_serve_cb(cdp_request *req, const cdp_value *params, void *self);
int cdp_serve_any(cdp_session *s, cdp_serve_cb *handler, void *self);

/* An event to the peer. */
int cdp_emit(cdp_session *s, const char *method, cdp_value params);

/* ---- what these bindings do not know ----------------------------------- */

/* The peer's own word for an enumerator that reads as -1, its text of a number
 * that fits no int32, or the JSON of a value of another type, such as null, of
 * a member or item that reads as missing: cdp_unknown(ev, &ev->type), where the
 * first is the struct that holds the second.  Empty if there is none. */
#define cdp_unknown(msg, member) cdp__unknown(msg, (msg)->extra_, member)
cdp_str cdp__unknown(const void *msg, const cdp__extra *extra, const void *member);

/* ---- for generated code only ------------------------------------------- */

typedef struct cdp__domain cdp__domain;
typedef void cdp__fn(void);
typedef void cdp__deliver(cdp_session *s, const cdp_error *err, const void *msg, cdp__fn *cb,
                          void *data);
/* With req == NULL: is there a handler (0) or not (CDP_FALLTHROUGH)? */
typedef int cdp__dispatch(unsigned command, cdp_request *req, const void *params, const void *impl,
                          void *self);

int cdp__call(cdp_session *s, const cdp__domain *d, unsigned command, const void *params,
              void **res);
uint32_t cdp__send(cdp_session *s, const cdp__domain *d, unsigned command, const void *params);
int cdp__reply(cdp_session *s, uint32_t id, void **res);
uint32_t cdp__async(cdp_session *s, const cdp__domain *d, unsigned command, const void *params,
                    cdp__deliver *via, cdp__fn *cb, void *data);
uint32_t cdp__on(cdp_session *s, const cdp__domain *d, unsigned event, cdp__deliver *via,
                 cdp__fn *cb, void *data);
uint32_t cdp__expect(cdp_session *s, const cdp__domain *d, unsigned event);
int cdp__take(cdp_session *s, uint32_t id, void **ev);
int cdp__emit(cdp_session *s, const cdp__domain *d, unsigned event, const void *ev);
int cdp__respond(cdp_request *req, const cdp__domain *d, unsigned command, const void *res);
int cdp__serve(cdp_session *s, const cdp__domain *d, cdp__dispatch *dispatch, const void *impl,
               void *self);

/* A struct as JSON text, and back.  EINVAL, EDECODE; *why (may be NULL) then tells the member,
 * "nodes.3.id: int32 expected at byte 112", and is one cdp_free(). */
int cdp__to_json(const cdp__domain *d, unsigned type, const void *in, cdp_str **json);
int cdp__from_json(const cdp__domain *d, unsigned type, cdp_str json, void **out, cdp_str **why);

/* Generated functions are static inline; define CDP_STUB before including to
 * have them otherwise. */
#ifndef CDP_STUB
#define CDP_STUB static inline
#endif

/* Names the protocol calls deprecated warn when used; -DCDP_NO_DEPRECATED
 * silences them. */
#if defined(__GNUC__) && !defined(CDP_NO_DEPRECATED)
#define CDP_DEPRECATED __attribute__((deprecated))
#else
#define CDP_DEPRECATED
#endif

#ifdef __cplusplus
}
#endif

#endif /* CDP_CDP_H */
