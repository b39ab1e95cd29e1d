/*
 * remote.h - the transport of sessions with other programs: frames over a stream, on a loop.
 */
#ifndef CDP_NET_REMOTE_H
#define CDP_NET_REMOTE_H

#include "frames.h"
#include "get.h"
#include "session.h"
#include "stash.h"
#include "window.h"

typedef struct cdp__remote cdp__remote;
typedef struct cdp__companion cdp__companion;
typedef struct cdp__resume cdp__resume;

/* What a session is given besides its peer (a child process, a memory to reconnect with). */
typedef struct cdp__companion_ops {
    /* The peer is lost: true, if r is not to end yet; who says so calls cdp__remote_lose() again,
     * or connects anew. */
    bool (*lost)(cdp__companion *c, int status, int sys, const char *why);
    /* Frames may be sent (also: again). */
    void (*opened)(cdp__companion *c);
    /* The session is over: once libuv holds nothing of c any more, cdp__remote_release(). */
    void (*end)(cdp__companion *c);
} cdp__companion_ops;

struct cdp__companion {
    const cdp__companion_ops *ops;
    cdp__remote *remote;
    cdp__companion *next;
};

struct cdp__remote {
    cdp__transport t; /* first */
    cdp_remote_options opt;
    const cdp_allocator *allocator;
    uv_loop_t own, *loop; /* NULL: no loop could be made */
    uv_timer_t timer;     /* what the core waits for; the limit of a poll */
    uv_timer_t limit;     /* of connecting; then the pings */
    uv_async_t async;     /* woken from other threads */
    uv_timer_t hold;      /* how long the window may be shut */
    uv_prepare_t prepare; /* flushes before the caller's loop waits */
    unsigned holds;       /* what must be gone before r's memory may go */
    unsigned inside;      /* frames that run r's own loop */
    bool closing, open, lost, paused;
    bool silent;  /* nothing came since the last ping */
    bool filled;  /* something was sent since `drained` was called */
    bool sending; /* amid remote_send() */
    int late_sys; /* of a loss that was seen then */
    cdp__companion *companions;
    cdp__resume *resume; /* the one of resume.c; NULL: it does not reconnect */

    cdp__frames frames;
    cdp__stream stream;
    bool streaming;     /* stream is in use */
    cdp__stash stash;   /* what came while paused */
    cdp__window window; /* over a WebSocket: what may be sent */

    /* connect.c */
    cdp__url url;
    char *path; /* the WebSocket's */
    cdp_tls *tls;
    bool own_tls;
    char *texts; /* what opt.token and opt.headers point to */
    size_t texts_size;
    cdp__get *get;
    cdp__http_reply *reply; /* during the handshake */
    cdp__buf head;          /* the handshake's request */
    bool redial;            /* connect again once the stream is gone */
};

/* remote.c */

/* Makes a session, whose frames are a pipe's or a WebSocket's, and that has no peer yet.  *r is
 * valid where *out is.  CDP_ENOMEM with *out NULL; CDP_EIO (no loop): the session can tell. */
int cdp__remote_new(cdp_session **out, cdp__remote **r, const cdp_remote_options *opt, bool pipe);

/* The remote that carries s; NULL: something else does, or s is closed. */
cdp__remote *cdp__remote_of(const cdp_session *s);

/* Frames can be sent from now on. */
void cdp__remote_opened(cdp__remote *r);
/* The peer is lost, unless a companion minds. */
void cdp__remote_lose(cdp__remote *r, int status, int sys, const char *why);
void cdp__remote_release(cdp__remote *r);

static inline void cdp__remote_add(cdp__remote *r, cdp__companion *c)
{
    c->remote = r;
    c->next = r->companions;
    r->companions = c;
    r->holds++;
}

/* Starts over: the stream's bytes are frames from the first.  CDP_ENOMEM. */
int cdp__remote_reset(cdp__remote *r);
extern const cdp__stream_ops cdp__remote_stream_ops;
/* For whoever feeds r: what came, and that it was all for now. */
void cdp__remote_feed(cdp__remote *r, const char *bytes, size_t len);
void cdp__remote_settle(cdp__remote *r);

/* remote_out.c: three of the transport's operations, */
int cdp__remote_send(cdp__transport *t, const void *bytes, size_t len);
size_t cdp__remote_queued(const cdp__transport *t);
void cdp__remote_answered(cdp__transport *t, uint64_t position);
/* writing, */
void cdp__remote_flush(cdp__remote *r);
/* and saying that all has been written, after it once had not been: from the loop, and from
 * polls, not from amid a flush, which a call may be in.  True: it was said. */
bool cdp__remote_is_drained(const cdp__remote *r);
bool cdp__remote_tell_drained(cdp__remote *r);

/* remote.c: sets the timer for what the core has to do, least_ms from now or later. */
void cdp__remote_arm(cdp__remote *r, int least_ms);

/* connect.c */

/* Copies what r->opt points to, and has r reconnect as it says.  CDP_ENOMEM: it is lost. */
int cdp__remote_prepare(cdp__remote *r);
/* From now on all of connecting has opt.connect_ms; what comes before may start it earlier. */
void cdp__remote_limit(cdp__remote *r);
/* Connects to where r->url points; how it ends is told by cdp__remote_opened() or _lose(). */
void cdp__remote_connect(cdp__remote *r);
/* With a loop of its own: waits until r is open or lost.  0, or the session's last error; *out is
 * NULL where a callback closed it. */
int cdp__remote_wait(cdp__remote *r, cdp_session **out);
/* What stream and frames are for while r is not open. */
void cdp__connect_opened(cdp__remote *r);
void cdp__connect_data(cdp__remote *r, const char *bytes, size_t len);
/* Gives up what is under way. */
void cdp__connect_end(cdp__remote *r);
void cdp__connect_free(cdp__remote *r);

#endif /* CDP_NET_REMOTE_H */
