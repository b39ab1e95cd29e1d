/*
 * msg.h - a received message and everything decoded from it, as one piece of memory.
 *
 * A message is reference counted, and made of blocks: the first holds the received bytes,
 * then decoded structs grow behind them.  Strings are slices of the received bytes, so the
 * whole lives and dies together.  Dead messages go back to their session's pool, whatever
 * thread they die on, and are used again without a malloc.
 */
#ifndef CDP_MSG_H
#define CDP_MSG_H

#include <cdp/cdp.h>
#include <stdatomic.h>

typedef struct cdp__pool cdp__pool;

/* What decoding learnt from the messages before: guesses, always checked.  Peers send the
 * members of a type in the same order, and the same few words, over and over. */
typedef struct cdp__memo {
    uint8_t next[256 + 64]; /* by type and position: the field that came next */
    uint8_t word[512];      /* by enum and a hash of the word: its index */
} cdp__memo;

struct cdp__block {
    struct cdp__block *next;
    size_t size; /* of the block, this header included */
};

typedef struct cdp__msg {
    atomic_uint refs;
    cdp__pool *pool;
    char *p, *end;           /* free bytes of the newest block */
    struct cdp__block *more; /* blocks beyond the first */
    char *taken;             /* memory that was made elsewhere, or NULL */
    size_t taken_size;
    size_t size; /* of the first block, this header included */
    size_t used; /* bytes in blocks: what the first should have been */
} cdp__msg;

/* a: NULL for realloc and free. */
void *cdp__alloc(const cdp_allocator *a, size_t size);
void *cdp__grow(const cdp_allocator *a, void *p, size_t old_size, size_t new_size);
void cdp__dealloc(const cdp_allocator *a, void *p, size_t size);

/* Zeroes a small struct.  (In one step GCC has x86 repeat a store for these sizes, which takes
 * longer to start than this takes to end.) */
static inline void cdp__clear(void *p, size_t size)
{
    memset(p, 0, size / 2);
    memset((char *)p + size / 2, 0, size - size / 2);
}

/* The allocator of a session (NULL: realloc and free).  NULL when out of memory. */
cdp__pool *cdp__pool_new(const cdp_allocator *a);
void cdp__pool_unref(cdp__pool *pool);
const cdp_allocator *cdp__pool_allocator(const cdp__pool *pool);
cdp__memo *cdp__pool_memo(cdp__pool *pool);

/* A message with room for `room` bytes in its first block, one reference. NULL: no memory. */
cdp__msg *cdp__msg_new(cdp__pool *pool, size_t room);
void cdp__msg_ref(cdp__msg *m);
void cdp__msg_unref(cdp__msg *m); /* NULL is fine */

/* m has memory at p from now on, of its session's allocator; once. */
void cdp__msg_take(cdp__msg *m, char *p, size_t size);

void *cdp__msg_more(cdp__msg *m, size_t size);

/* Uninitialised, aligned for any member of a message.  NULL: no memory. */
static inline void *cdp__msg_alloc(cdp__msg *m, size_t size)
{
    size_t n = (size + 7) & ~(size_t)7;

    if (n < size || n > (size_t)(m->end - m->p))
        return cdp__msg_more(m, size);
    char *p = m->p;
    m->p += n;
    return p;
}

/* An array at p of old_size bytes grows: in place if it is the newest piece. */
void *cdp__msg_grow(cdp__msg *m, void *p, size_t old_size, size_t new_size);

/* What cdp__msg_alloc() gave at p turned out to be too much. */
static inline void cdp__msg_shrink(cdp__msg *m, const void *p, size_t old_size, size_t new_size)
{
    const size_t old_n = (old_size + 7) & ~(size_t)7, new_n = (new_size + 7) & ~(size_t)7;

    if ((const char *)p + old_n == m->p)
        m->p -= old_n - new_n;
}

/* Copies text, with a NUL.  {NULL, 0}: no memory. */
cdp_str cdp__msg_text(cdp__msg *m, const char *p, size_t n);

/* What the user holds: a zeroed struct that knows its message. */
void *cdp__msg_root(cdp__msg *m, size_t size);
cdp__msg *cdp__msg_of(const void *root);

/* ---- a stack for lists that are being read ------------------------------ */

/* Memory that never moves while it is in use: a full block is followed by a larger one. */
typedef struct cdp__stack {
    struct cdp__block *top;
    char *p, *end;
    size_t want; /* what the first block should have been */
    const cdp_allocator *allocator;
} cdp__stack;

typedef struct cdp__mark {
    struct cdp__block *top;
    char *p;
} cdp__mark;

cdp__stack *cdp__pool_stack(cdp__pool *pool);

static inline cdp__mark cdp__stack_mark(const cdp__stack *s)
{
    cdp__mark m = { s->top, s->p };
    return m;
}

char *cdp__stack_more(cdp__stack *s, char *items, size_t n, size_t size);

/* Room for another item of `size` behind the n there are.  Returns where they are now: they
 * have moved if that took another block.  NULL: no memory. */
static inline char *cdp__stack_push(cdp__stack *s, char *items, size_t n, size_t size)
{
    if (s->p && size <= (size_t)(s->end - s->p)) {
        items = items ? items : s->p;
        s->p += size;
        return items;
    }
    return cdp__stack_more(s, items, n, size);
}

void cdp__stack_pop(cdp__stack *s, cdp__mark m);

#endif /* CDP_MSG_H */
