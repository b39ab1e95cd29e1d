/*
 * text_block.h - text in blocks of 64 bytes: which of them are what, as bits of a word.
 */
#ifndef CDP_TEXT_BLOCK_H
#define CDP_TEXT_BLOCK_H

#include "vec.h"

typedef struct {
    v16 v[4];
} block;

enum { BLOCK = 64 };

static inline block block_load(const char *p)
{
    return (block){ { v16_load(p), v16_load(p + 16), v16_load(p + 32), v16_load(p + 48) } };
}

/* n <= BLOCK bytes, followed by zeros. */
static inline block block_load_some(const char *p, size_t n)
{
    char copy[BLOCK] = { 0 };

    if (n == BLOCK)
        return block_load(p);
    memcpy(copy, p, n);
    return block_load(copy);
}

static inline uint64_t block_mask(v16 a, v16 b, v16 c, v16 d)
{
    return v16_mask(a) | (uint64_t)v16_mask(b) << 16 | (uint64_t)v16_mask(c) << 32 |
           (uint64_t)v16_mask(d) << 48;
}

static inline uint64_t block_is(const block *b, char c)
{
    return block_mask(v16_is(b->v[0], c), v16_is(b->v[1], c), v16_is(b->v[2], c),
                      v16_is(b->v[3], c));
}

static inline uint64_t block_is_odd(const block *b)
{
    v16 v0 = v16_is_odd(b->v[0]), v1 = v16_is_odd(b->v[1]), v2 = v16_is_odd(b->v[2]),
        v3 = v16_is_odd(b->v[3]);

    if (!v16_mask(v16_or(v16_or(v0, v1), v16_or(v2, v3))))
        return 0; /* nearly always */
    return block_mask(v0, v1, v2, v3);
}

static inline uint64_t block_is_not_plain(const block *b)
{
    return block_mask(v16_is_not_plain(b->v[0]), v16_is_not_plain(b->v[1]),
                      v16_is_not_plain(b->v[2]), v16_is_not_plain(b->v[3]));
}

/* Copies n <= BLOCK bytes, and up to BLOCK_MARGIN more: two vectors in any case, because the
 * lengths of runs are hard to predict, and most are shorter. */
enum { BLOCK_MARGIN = 32 };

static inline void copy_run(char *out, const char *p, size_t n)
{
    v16_store(out, v16_load(p));
    v16_store(out + 16, v16_load(p + 16));
    if (n > 32) {
        v16_store(out + 32, v16_load(p + 32));
        v16_store(out + 48, v16_load(p + 48));
    }
}

/* Bits from n up. */
static inline uint64_t bits_from(size_t n)
{
    return n < 64 ? ~(uint64_t)0 << n : 0;
}

#endif /* CDP_TEXT_BLOCK_H */
