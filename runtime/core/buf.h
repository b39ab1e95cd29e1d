/*
 * buf.h - bytes to be sent, growing.
 *
 * A buffer that once failed to grow stays failed (and empty), so that writers need not check
 * every step.
 */
#ifndef CDP_BUF_H
#define CDP_BUF_H

#include "msg.h"

typedef struct cdp__buf {
    char *ptr;
    size_t len, cap;
    const cdp_allocator *allocator;
    bool failed;
} cdp__buf;

/* Makes room for n more bytes, out of line. */
bool cdp__buf_more(cdp__buf *b, size_t n);

static inline bool cdp__buf_room(cdp__buf *b, size_t n)
{
    return n <= b->cap - b->len || cdp__buf_more(b, n);
}

static inline void cdp__buf_put(cdp__buf *b, const void *p, size_t n)
{
    if (n && cdp__buf_room(b, n)) {
        memcpy(b->ptr + b->len, p, n);
        b->len += n;
    }
}

static inline void cdp__buf_byte(cdp__buf *b, char c)
{
    if (cdp__buf_room(b, 1))
        b->ptr[b->len++] = c;
}

/* Moves what is in b to out (which holds nothing), if text, of len bytes, is that. */
bool cdp__buf_move(cdp__buf *b, const char *text, size_t len, cdp__buf *out);

/* Starts over; gives back memory beyond `keep`. */
void cdp__buf_reset(cdp__buf *b, size_t keep);
void cdp__buf_free(cdp__buf *b);

#endif /* CDP_BUF_H */
