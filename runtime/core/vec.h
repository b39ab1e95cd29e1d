/*
 * vec.h - sixteen bytes at a time: SSE2 has one version of each operation, plain C another.
 */
#ifndef CDP_VEC_H
#define CDP_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(CDP__NO_SIMD)
#include <emmintrin.h>
#define USE_SSE2 1
#else
#define USE_SSE2 0
#endif

/* ---- bytes ------------------------------------------------------------- */

#define EACH(byte) (0x0101010101010101u * (byte)) /* a word of eight of them */

/* Words are little-endian, so that a word's low bits are the first bytes. */
static inline uint64_t swap64(uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(w);
#else
    return w;
#endif
}

static inline uint32_t swap32(uint32_t w)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap32(w);
#else
    return w;
#endif
}

static inline uint64_t load64(const void *p)
{
    uint64_t w;

    memcpy(&w, p, 8);
    return swap64(w);
}

static inline uint32_t load32(const void *p)
{
    uint32_t w;

    memcpy(&w, p, 4);
    return swap32(w);
}

static inline void store64(void *p, uint64_t w)
{
    w = swap64(w);
    memcpy(p, &w, 8);
}

static inline void store32(void *p, uint32_t w)
{
    w = swap32(w);
    memcpy(p, &w, 4);
}

/* ---- vectors ----------------------------------------------------------- */

#if USE_SSE2

typedef __m128i v16;

static inline v16 v16_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void v16_store(char *p, v16 v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

static inline v16 v16_of(uint64_t low, uint64_t high)
{
    return _mm_set_epi64x((long long)high, (long long)low);
}

static inline v16 v16_or(v16 a, v16 b)
{
    return _mm_or_si128(a, b);
}

/* Marks a byte by its top bit, where it is c. */
static inline v16 v16_is(v16 v, char c)
{
    return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* Marks controls and what is beyond ASCII: one signed comparison. */
static inline v16 v16_is_odd(v16 v)
{
    return _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
}

static inline v16 v16_equal(v16 a, v16 b)
{
    return _mm_cmpeq_epi8(a, b);
}

/* The top bits. */
static inline unsigned v16_mask(v16 v)
{
    return (unsigned)_mm_movemask_epi8(v);
}

#else

typedef struct {
    uint64_t low, high;
} v16;

static inline v16 v16_load(const char *p)
{
    return (v16){ load64(p), load64(p + 8) };
}

static inline void v16_store(char *p, v16 v)
{
    store64(p, v.low);
    store64(p + 8, v.high);
}

static inline v16 v16_of(uint64_t low, uint64_t high)
{
    return (v16){ low, high };
}

static inline v16 v16_or(v16 a, v16 b)
{
    return (v16){ a.low | b.low, a.high | b.high };
}

/* These additions cannot carry from one byte into the next. */
static inline uint64_t word_is(uint64_t w, char c)
{
    w ^= EACH((unsigned char)c);
    return ~((w & EACH(0x7f)) + EACH(0x7f)) & ~w;
}

static inline uint64_t word_is_odd(uint64_t w)
{
    return ~((w & EACH(0x7f)) + EACH(0x60)) | w;
}

static inline unsigned word_mask(uint64_t w)
{
    return (unsigned)(((w & EACH(0x80)) >> 7) * 0x0102040810204080u >> 56);
}

static inline v16 v16_is(v16 v, char c)
{
    return (v16){ word_is(v.low, c), word_is(v.high, c) };
}

static inline v16 v16_is_odd(v16 v)
{
    return (v16){ word_is_odd(v.low), word_is_odd(v.high) };
}

static inline v16 v16_equal(v16 a, v16 b)
{
    return (v16){ word_is(a.low ^ b.low, 0), word_is(a.high ^ b.high, 0) };
}

static inline unsigned v16_mask(v16 v)
{
    return word_mask(v.low) | word_mask(v.high) << 8;
}

#endif

/* n < 16 bytes, followed by zeros. */
static inline v16 v16_load_some(const char *p, size_t n)
{
    uint64_t w = 0;

    if (n >= 8)
        return v16_of(load64(p), load64(p + n - 8) >> 1 >> (127 - 8 * n));
    if (n >= 4)
        w = load32(p) | (uint64_t)load32(p + n - 4) << (8 * n - 32);
    else if (n) /* the first, the middle and the last of one to three */
        w = (unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << (n / 2 * 8) |
            (uint64_t)(unsigned char)p[n - 1] << (n - 1) * 8;
    return v16_of(w, 0);
}

/* What cannot stand in a JSON string as it is, or not unchecked. */
static inline v16 v16_is_not_plain(v16 v)
{
    return v16_or(v16_is_odd(v), v16_or(v16_is(v, '"'), v16_is(v, '\\')));
}

#endif /* CDP_VEC_H */
