/* read.h - what the two sides of decode.c share. */
#ifndef CDP_READ_H
#define CDP_READ_H

#include "codec.h"

/* An open container. */
typedef struct cdp__scope {
    char *end; /* CBOR: the end of the container around it */
} cdp__scope;

enum { CDP__UNKNOWN_KEY = 1000 };

/* p, as writable as the input it points into. */
static inline char *cdp__mutable(const cdp__reader *r, const char *p)
{
    return r->begin + (p - r->begin);
}

static inline uint64_t cdp__load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* n >= 1 bytes are equal; both sides may be read 16 bytes far. */
static inline bool cdp__equal(const char *a, const char *b, unsigned n)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t x = cdp__load8(a) ^ cdp__load8(b);
    if (n <= 8)
        return x << (64 - 8 * n) == 0;
    if (x)
        return false;
    x = cdp__load8(a + 8) ^ cdp__load8(b + 8);
    if (n <= 16)
        return x << (128 - 8 * n) == 0;
    return x == 0 && memcmp(a + 16, b + 16, n - 16) == 0;
#else
    return memcmp(a, b, n) == 0;
#endif
}

/* The same, where it is unlikely. */
static inline bool cdp__same(const char *a, const char *b, unsigned n)
{
    return *a == *b && cdp__equal(a, b, n);
}

static inline uint8_t *cdp__memo_next(const cdp__reader *r, const cdp__type *type, unsigned next)
{
    return &r->memo->next[(type->first + next) & 255];
}

static inline uint8_t *cdp__memo_word(const cdp__reader *r, const cdp__enum *e, cdp_str word)
{
    unsigned h = word.len ? (unsigned char)word.ptr[0] + (unsigned char)word.ptr[word.len - 1] * 7u
                          : 0;

    return &r->memo->word[(e->first + word.len * 37 + h * 11) & 511];
}

/* Notes what is wrong at p, unless something was before.  Returns NULL, as failing steps do. */
char *cdp__read_fail(cdp__reader *r, const char *p, const char *why);
char *cdp__read_fail_as(cdp__reader *r, const char *p, int status, const char *why);

/* The field of that name, or CDP__UNKNOWN_KEY. */
unsigned cdp__find_field(const cdp__domain *d, const cdp__type *type, cdp_str key);

/* Out of line: what real peers seldom send. */
char *cdp__json_rare_token(cdp__reader *r, char *p, cdp_str *out, char **end);
char *cdp__json_rare_key(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         unsigned *index, cdp_str *key);
char *cdp__json_rare_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd);
char *cdp__cbor_rare_str(cdp__reader *r, char *p, cdp_str *out);
char *cdp__cbor_rare_key(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         unsigned *index, cdp_str *key);
char *cdp__cbor_rare_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd);

/* The nearest int32 to d. */
int32_t cdp__clamp(double d);

#endif /* CDP_READ_H */
