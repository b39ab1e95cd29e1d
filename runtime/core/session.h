/*
 * session.h - the inside of sessions.
 *
 * A connection (cdp__conn) is what a root session and its children share: the transport, the
 * ids and calls in flight, memory and buffers.  A session is one address on it.  Both are
 * counted, so that cdp_close() may come from inside any callback: frames that run hold a
 * reference and see `closed` when they return.
 */
#ifndef CDP_SESSION_H
#define CDP_SESSION_H

#include "buf.h"
#include "envelope.h"
#include "error.h"
#include "transport.h"

#include <pthread.h>

typedef struct cdp__conn cdp__conn;

/* ---- calls in flight (pending.c) ------------------------------------------ */

typedef enum cdp__call_kind {
    CDP__SYNC,   /* a frame waits for it */
    CDP__COOKIE, /* _send: kept until _reply */
    CDP__ASYNC   /* has a callback */
} cdp__call_kind;

typedef struct cdp__pending {
    struct cdp__pending *next; /* in a bucket, the ready queue, or the free list */
    cdp_session *session;
    const cdp__domain *d; /* NULL: untyped */
    unsigned command;
    uint32_t id;
    cdp__call_kind kind;
    bool done, starting, want;
    bool ending;       /* of those that cdp__pending_end_all() is about to end */
    int status;        /* when done */
    uint64_t deadline; /* ms, 0: none */
    uint64_t position; /* the transport's */
    void *result;      /* when done, 0: a root, owned; or NULL */
    cdp__error *error; /* when done and failed; NULL for want of memory */
    cdp__deliver *via;
    cdp__fn *cb;
    void *data;
    char method[64]; /* of an untyped call, for errors */
} cdp__pending;

/* ---- subscriptions (event.c) ------------------------------------------- */

typedef struct cdp__sub {
    struct cdp__sub *next;
    uint32_t id;
    bool dead, expect;
    const cdp__domain *d; /* NULL: untyped */
    unsigned event;
    cdp__deliver *via;
    cdp__fn *cb;
    void *data;
    void *taken;       /* expect: the event, once it came */
    uint64_t deadline; /* expect: ms */
} cdp__sub;

typedef struct cdp__topic {
    struct cdp__topic *next; /* in its bucket */
    cdp__sub *subs;
    uint32_t hash;
    size_t len;
    char name[]; /* "Domain.event"; empty: any */
} cdp__topic;

enum { CDP__TOPIC_BUCKETS = 32 };

/* ---- serving (serve.c) ------------------------------------------------- */

typedef struct cdp__service {
    struct cdp__service *next;
    const cdp__domain *d;
    cdp__dispatch *dispatch;
    const void *impl;
    void *self;
    const void *owner;
    bool lenient;
} cdp__service;

struct cdp_request {
    cdp_session *session; /* NULL: closed */
    cdp__msg *msg;        /* which this struct lives in */
    cdp_request *next, **link;
    cdp_str method;
    int32_t id;
    bool answered;
};

/* ---- sessions ---------------------------------------------------------- */

struct cdp_session {
    cdp__conn *conn;
    cdp_session *parent, *children, *next;
    cdp__transport *t; /* of a nested child (cdp__nest()); else NULL */
    char *id;          /* NULL: the root */
    size_t id_len;
    unsigned refs;
    bool closed, stop;
    bool gone;           /* its target is */
    unsigned delivering; /* frames that walk subscriptions */
    bool dead_subs;
    uint32_t timeout_ms;
    void *data;
    cdp_lost_cb *on_lost;
    void *on_lost_data;
    void (*on_end)(cdp_session *s, void *data); /* once: lost, gone or closed, after its calls */
    void *on_end_data;
    cdp__topic *topics[CDP__TOPIC_BUCKETS];
    cdp__topic *any;
    cdp__service *services;
    cdp_serve_cb *serve_any;
    void *serve_self;
    const void *any_owner, *owner; /* of serve_any; of handlers to come */
    cdp_request *requests;
    cdp__error error;
};

typedef struct cdp__post {
    struct cdp__post *next;
    void (*fn)(cdp_session *s, void *data);
    cdp_session *session;
    void *data;
} cdp__post;

struct cdp__conn {
    cdp__transport *t;
    cdp_session *root;
    unsigned refs;
    cdp__pool *pool;
    const cdp_allocator *allocator; /* the pool's */
    cdp_options opt;
    int lost; /* 0, or why the peer is gone */
    int lost_sys;
    char lost_why[128];
    unsigned busy; /* callbacks that run */

    uint32_t next_id, next_sub;
    cdp__pending **buckets;
    size_t n_buckets, n_pending;
    cdp__pending *free_calls;
    unsigned n_free;
    cdp__pending *ready, **ready_end;
    uint64_t next_deadline; /* no call is overdue before; UINT64_MAX: none */

    cdp__buf out; /* spare, while no message is being made */
    cdp_trace_cb *trace;
    void *trace_data;
    struct {
        void (*tap)(cdp__conn *c, bool sent, cdp_value message); /* NULL: not recorded */
        int (*write)(const char *line, size_t len, void *data);
        void *data;
        uint64_t since;
        int status;
    } record;
    cdp_fault_cb *fault;
    void *fault_data;

    pthread_mutex_t lock; /* guards posts */
    cdp__post *posts, **posts_end;
};

static inline const cdp_allocator *cdp__session_allocator(const cdp_session *s)
{
    return s->conn->allocator;
}

#define CDP__TARGET_GONE "the target is gone"

uint64_t cdp__now(void); /* ms, monotonic, coarse */
void cdp__session_free(cdp_session *s);

static inline void cdp__session_ref(cdp_session *s)
{
    s->refs++;
}

static inline void cdp__session_unref(cdp_session *s)
{
    if (--s->refs == 0)
        cdp__session_free(s);
}

/* The session whose transport carries s's messages: the root, or the nested child that s is or is
 * below of. */
static inline cdp_session *cdp__carrier(cdp_session *s)
{
    while (s->parent && !s->t)
        s = s->parent;
    return s;
}

static inline cdp__transport *cdp__transport_of(cdp_session *s)
{
    const cdp_session *carrier = cdp__carrier(s);

    return carrier->t ? carrier->t : s->conn->t;
}

/* 0 where s may wait, or CDP_ESTATE: in a callback of a transport that does not nest, or on a loop
 * of others. */
int cdp__may_wait(cdp_session *s, cdp_str method);

/* 0 where s can be used, or its last error set: closed, or the peer gone. */
int cdp__usable(cdp_session *s, cdp_str method);

/* What a message carries besides its head. */
typedef struct cdp__outgoing {
    bool has_id;
    int32_t id;
    const char *method; /* NULL: a reply */
    size_t method_len;
    const char *part;     /* "params" or "result"; NULL: nothing */
    const cdp__domain *d; /* the part: a struct of that type, */
    const cdp__type *type;
    const void *in;
    cdp_value value; /* or a value, */
    int code;        /* or an error */
    const char *error, *error_data;
    int max_depth;
} cdp__outgoing;

/* Appends a message without a sessionId to out.  0, CDP_EINVAL, CDP_ETOOBIG, CDP_ENOMEM. */
int cdp__write_message(cdp__buf *out, cdp_wire wire, const cdp__outgoing *m);

/* Encodes and sends; errors go to s (and *e if that is not NULL). */
int cdp__send_message(cdp_session *s, const cdp__outgoing *m, cdp__error *e);

/* One round of progress, at most timeout_ms; what cdp_poll() does, and calls that wait. */
int cdp__step(cdp__conn *c, int timeout_ms);

/* The session of that id among those that top carries; top itself where there is no id. */
cdp_session *cdp__find_session(cdp_session *top, cdp_str id);

/* Makes a child of parent whose messages t carries: t->ops has send() and close(), and t is owned
 * as by cdp__open().  What arrives for it is given to cdp__receive(). */
int cdp__nest(cdp_session **out, cdp_session *parent, cdp_str id, cdp__transport *t);

/* The target of s, a child, is gone: its calls end, and those of what is below it. */
void cdp__gone(cdp_session *s);

/* The root's peer is gone, and another will take its place: what is in flight ends, and children
 * are gone. */
void cdp__interrupted(cdp_session *root, int status, int sys, const char *why);

/* Tells the program of something that concerns no call: see cdp_set_fault(). */
void cdp__report(cdp_session *s, cdp__error *e);

/* Decodes a slice of m (absent: an empty object) into a new root. */
int cdp__decode_slice(cdp__msg *m, cdp_value slice, cdp__rigour rigour, const cdp__domain *d,
                      const cdp__type *t, cdp__fault *f, void **root);

/* pending.c */
cdp__pending *cdp__pending_find(cdp__conn *c, uint32_t id);
cdp__pending *cdp__pending_new(cdp_session *s, cdp__call_kind kind); /* NULL: no memory */
void cdp__pending_set_deadline(cdp__pending *p, uint32_t ms);
void cdp__pending_started(cdp__pending *p);      /* what starts it is about to return */
cdp__error *cdp__pending_error(cdp__pending *p); /* room for it; NULL: no memory */
void cdp__pending_complete(cdp__pending *p);     /* its status, result and error are set */
void cdp__pending_take_out(cdp__conn *c, cdp__pending *p);
void cdp__pending_free(cdp__conn *c, cdp__pending *p);
void cdp__pending_reply(cdp__pending *p, cdp__msg *m, cdp__envelope *e, cdp__reader *r);
void cdp__pending_end(cdp__pending *p, int status, int sys, const char *why);
/* Of that session, and of what is below it. */
void cdp__pending_end_all(cdp_session *of, int status, int sys, const char *why);
void cdp__pending_forget(cdp_session *s); /* replies that nobody came for */
void cdp__pending_free_all(cdp__conn *c);
const cdp__type *cdp__pending_type(const cdp__pending *p);
cdp_str cdp__pending_method(const cdp__pending *p);

/* event.c */
bool cdp__event_type(cdp_session *s, cdp_str method, const cdp__domain **d, const cdp__type **t);
void cdp__event_deliver(cdp_session *s, cdp__msg *m, cdp__envelope *e, cdp__reader *r);
void cdp__subs_free_all(cdp_session *s);

/* serve.c */
void cdp__serve_request(cdp_session *s, cdp__msg *m, cdp__envelope *e, cdp__reader *r);
void cdp__serve_error(cdp_session *s, bool has_id, int32_t id, int code, const char *text,
                      const char *data);
void cdp__serve_free_all(cdp_session *s);

/* cdp__serve() for commands whose clients may leave out what the protocol requires: handlers look
 * for themselves. */
int cdp__serve_lenient(cdp_session *s, const cdp__domain *d, cdp__dispatch *dispatch,
                       const void *impl, void *self);

/* domain.event or command names */
static inline cdp_str cdp__command_name(const cdp__domain *d, unsigned i)
{
    return cdp_sn(d->names + d->commands[i].name, d->commands[i].name_len);
}

static inline cdp_str cdp__event_name(const cdp__domain *d, unsigned i)
{
    return cdp_sn(d->names + d->events[i].name, d->events[i].name_len);
}

#endif /* CDP_SESSION_H */
