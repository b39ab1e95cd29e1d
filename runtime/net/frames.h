/*
 * frames.h - messages in a stream of bytes, without I/O: a WebSocket's client end, or texts that
 * each end in a NUL (Chromium's --remote-debugging-pipe).
 */
#ifndef CDP_NET_FRAMES_H
#define CDP_NET_FRAMES_H

#include "ws.h"

typedef struct cdp__frames_ops {
    /* A whole message, borrowed. */
    void (*message)(void *self, const char *text, size_t len);
    /* The peer said goodbye, or broke the framing: why, a sentence.  Nothing comes after it. */
    void (*ended)(void *self, bool broken, const char *why);
} cdp__frames_ops;

typedef struct cdp__frames {
    const cdp__frames_ops *ops;
    void *self;
    size_t max_message;
    bool pipe, ended;
    cdp__ws ws;
    cdp__buf out, in; /* a pipe's */
} cdp__frames;

/* max_message: bytes that one may have.  CDP_ENOMEM. */
int cdp__frames_init(cdp__frames *f, bool pipe, size_t max_message, const cdp_allocator *a,
                     const cdp__frames_ops *ops, void *self);
void cdp__frames_free(cdp__frames *f); /* a zeroed one is fine */

/* What came.  CDP_ENOMEM, CDP_EIO: the framing is of no use any more. */
int cdp__frames_feed(cdp__frames *f, const char *bytes, size_t len);

/* As cdp__ws_room(). */
char *cdp__frames_room(cdp__frames *f, size_t *len);

/* As cdp__ws_move(). */
bool cdp__frames_move(cdp__frames *f, const char *text, size_t len, cdp__buf *out);

/* Appends one message to cdp__frames_out().  CDP_ESTATE: ended; CDP_EINVAL: it holds a NUL, which
 * would end it; CDP_ENOMEM, CDP_EIO. */
int cdp__frames_send(cdp__frames *f, const void *bytes, size_t len);
/* A WebSocket's farewell; nothing for pipes, where the end of the stream is that. */
void cdp__frames_end(cdp__frames *f);

static inline cdp__buf *cdp__frames_out(cdp__frames *f)
{
    return f->pipe ? &f->out : &f->ws.out;
}

#endif /* CDP_NET_FRAMES_H */
