/*
 * transport.h - what carries the messages of a root session (or of one nested in another, see
 * cdp__nest()).
 *
 * A transport embeds struct cdp__transport first and is owned by its session:
 * the session's last act is ops->close().  It calls in with cdp__receive() and
 * cdp__lost(), always on the session's thread.
 */
#ifndef CDP_TRANSPORT_H
#define CDP_TRANSPORT_H

#include <cdp/cdp.h>

typedef struct cdp__transport cdp__transport;
struct cdp__envelope;
struct cdp__buf;

typedef struct cdp__transport_ops {
    /* One whole message, borrowed.  May call cdp__receive() before it returns if
     * the transport is `direct`.  0 or CDP_E*. */
    int (*send)(cdp__transport *t, const void *bytes, size_t len);

    /* Makes progress once: hands over what has arrived, or waits for something at
     * most timeout_ms (-1: no limit, 0: not at all).  Returns early, with 0,
     * when woken.  0, or CDP_E* when nothing can arrive any more. */
    int (*poll)(cdp__transport *t, int timeout_ms);

    /* From any thread: make a poll that waits (or the next one) return, then or
     * earlier call cdp__run_posted() on the session's thread. */
    void (*wake)(cdp__transport *t);

    /* On the session's thread: something waits for delivery, or the earliest
     * deadline changed (cdp__next_timeout()).  For transports on a loop that
     * others run: arrange for cdp__deliver_ready().  May be NULL. */
    void (*schedule)(cdp__transport *t);

    /* A command that no handler took, on the root or a child; borrowed, message whole and as it
     * came.  0: it was passed on, and will be answered by whoever has it; CDP_FALLTHROUGH: nobody
     * does; CDP_E*: it is answered with that.  May be NULL. */
    int (*pass)(cdp__transport *t, cdp_session *s, const struct cdp__envelope *e,
                cdp_value message);

    /* Stops or resumes cdp__receive(), also of what has been read.  May be NULL. */
    void (*pause)(cdp__transport *t, bool pause);

    /* Bytes that send() took and that have not left.  May be NULL: none. */
    size_t (*queued)(const cdp__transport *t);

    /* A reply has come to what ended at that position (below).  May be NULL. */
    void (*answered)(cdp__transport *t, uint64_t position);

    /* The session is over: releases t.  May be called amid send() (t must then
     * put its own end off until that has returned). */
    void (*close)(cdp__transport *t);
} cdp__transport_ops;

struct cdp__transport {
    const cdp__transport_ops *ops;
    cdp_wire wire;      /* what to send; either is received */
    bool tagged;        /* CBOR: the newer envelope header d8 18 5a (V8 10.2 wants d8 5a) */
    bool trusted;       /* messages come from V8 in this process: their UTF-8 is not checked */
    bool driven;        /* on a loop that others run: nothing waits */
    bool direct;        /* answers may arrive before send() returns, and calls may nest */
    uint64_t position;  /* where what send() took last ends, in all that was sent; for answered() */
    const char *why;    /* more about the last failure of send or poll, or NULL */
    cdp_session *owner; /* set by cdp__open() */
};

/* Makes a root session that owns t (also when it fails: t is closed then). */
int cdp__open(cdp_session **out, cdp__transport *t, const cdp_options *opt);

/* One whole message from the peer; copied.  What is wrong with it ends up with
 * whom it concerns, never with the transport: 0, CDP_ENOMEM, or CDP_ETOOBIG. */
int cdp__receive(cdp_session *root, const void *bytes, size_t len);

/* The same without a copy: the message's memory, which is of the session's allocator, becomes ours;
 * where that fails it stays in bytes. */
int cdp__receive_moved(cdp_session *root, struct cdp__buf *bytes);

/* The peer is gone: every call in flight ends with status (CDP_EIO,
 * CDP_ECLOSED...), sys and why.  The session can still be asked and closed. */
void cdp__lost(cdp_session *root, int status, int sys, const char *why);

/* Runs what cdp_post() left.  Returns how many ran. */
unsigned cdp__run_posted(cdp_session *root);

/* Calls back what is ready (completed async calls) and what is overdue.  Returns how many. */
unsigned cdp__deliver_ready(cdp_session *root);

/* Milliseconds until cdp__deliver_ready() has something to do: 0 now, -1 never. */
int cdp__next_timeout(const cdp_session *root);

/* Is there a handler that may take this command? */
bool cdp__serves(const cdp_session *s, cdp_str method);

/* Handlers that cdp_serve_any() and cdp_D_serve() register from now on belong to owner; and those
 * that belong to it go. */
void cdp__serve_as(cdp_session *s, const void *owner);
void cdp__unserve(cdp_session *s, const void *owner);

/* Fails the call with this id in flight (V8 answered with an empty buffer). */
void cdp__fail(cdp_session *root, uint32_t id, int status, const char *why);

#endif /* CDP_TRANSPORT_H */
