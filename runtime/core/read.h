/* read.h - what the two sides of decode.c share. */
#ifndef CDP_READ_H
#define CDP_READ_H

#include "codec.h"
#include "vec.h"

/* The step of that name in the encoding `wire`, a constant where this is used. */
#define STEP(name, ...) (wire == CDP_JSON ? json_##name(__VA_ARGS__) : cbor_##name(__VA_ARGS__))

/* An open container. */
typedef struct cdp__scope {
    char *end; /* CBOR: the end of the container around it */
} cdp__scope;

/* p, as writable as the input it points into. */
static inline char *cdp__mutable(const cdp__reader *r, const char *p)
{
    return r->begin + (p - r->begin);
}

/* n >= 1 bytes are equal; both sides may be read 16 bytes far. */
static inline bool cdp__equal(const char *a, const char *b, unsigned n)
{
    unsigned differ = v16_mask(v16_equal(v16_load(a), v16_load(b))) ^ 0xffff;

    if (CDP__LIKELY(n <= 16))
        return differ << (32 - n) == 0;
    return differ == 0 && memcmp(a + 16, b + 16, n - 16) == 0;
}

/* The same, where it is unlikely. */
static inline bool cdp__same(const char *a, const char *b, unsigned n)
{
    return *a == *b && cdp__equal(a, b, n);
}

/* The names of the object being read, and what is known of their order. */
typedef struct cdp__keys {
    const char *names;
    const cdp__field *field;
    uint8_t *memo; /* by position: what came there in an earlier object */
    unsigned n;
    unsigned next;           /* the position: the field behind the last one, */
    const cdp__field *found; /* which is this, or NULL where nothing has that name */
} cdp__keys;

static inline cdp__keys cdp__keys_of(const cdp__reader *r, const cdp__domain *d,
                                     const cdp__type *type)
{
    return (cdp__keys){ .names = d->names,
                        .field = d->fields + type->first,
                        .memo = &r->memo->next[type->first & 255],
                        .n = type->n };
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

/* Out of line: what real peers seldom send. */
char *cdp__json_rare_token(cdp__reader *r, char *p, cdp_str *out, char **end);
char *cdp__json_rare_key(cdp__reader *r, char *p, cdp__keys *k, cdp_str *key);
/* Where the number is no int32, *out is the nearest and *odd its text. */
char *cdp__json_rare_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd);
char *cdp__cbor_rare_str(cdp__reader *r, char *p, cdp_str *out);
char *cdp__cbor_rare_key(cdp__reader *r, char *p, cdp__keys *k, cdp_str *key);
char *cdp__cbor_rare_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd);

/* The nearest int32 to d. */
int32_t cdp__clamp(double d);

#endif /* CDP_READ_H */
