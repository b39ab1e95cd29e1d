/* read_cbor.h - the CBOR side of decode.c: each step has a twin in read_json.h. */
#ifndef CDP_READ_CBOR_H
#define CDP_READ_CBOR_H

#include "cbor.h"
#include "read.h"

/* The last string's NUL may be written once the byte that it replaces was read. */
static inline void cbor_flush(cdp__reader *r)
{
    if (r->nul) {
        *r->nul = 0;
        r->nul = NULL;
    }
}

static inline bool cbor_at_null(const cdp__reader *r, const char *p)
{
    return p < r->end && cbor_u8(p) == CBOR_NULL;
}

static inline char *cbor_null(char *p)
{
    return p + 1;
}

/* Ends in step with the envelope, whose last byte is the break. */
static inline char *cbor_next(cdp__reader *r, char *p, cdp__scope *s, char kind, bool *more)
{
    (void)kind;
    *more = p < r->end;
    if (*more)
        return p;
    r->end = s->end;
    cbor_flush(r);
    return p + 1;
}

static inline char *cbor_enter(cdp__reader *r, char *p, cdp__scope *s, char kind, bool *more)
{
    const char *close;
    bool map;
    const char *first = cbor_open(p, r->end, &close, &map);

    if (!first || map != (kind == '{'))
        return cdp__read_fail(r, p,
                              first         ? kind == '{' ? "object expected" : "array expected"
                              : kind == '{' ? "map envelope expected"
                                            : "array envelope expected");
    s->end = r->end;
    r->end = cdp__mutable(r, close);
    return cbor_next(r, p + (first - p), s, kind, more);
}

static inline char *cbor_str(cdp__reader *r, char *p, cdp_str *out)
{
    if (p < r->end && cbor_u8(p) >> 5 == CBOR_TEXT) {
        unsigned major;
        uint64_t n;
        const char *text = cbor_head(p, r->end, &major, &n);
        if (text && n <= (size_t)(r->end - text) &&
            (r->trusted || cdp__ascii_run(text, (size_t)n) == n)) {
            cbor_flush(r);
            out->ptr = text;
            out->len = (size_t)n;
            return r->nul = p + (text - p) + n;
        }
    }
    return cdp__cbor_rare_str(r, p, out);
}

static inline char *cbor_key(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                             unsigned *next, unsigned *index, cdp_str *key)
{
    const cdp__field *f = d->fields + type->first;
    const unsigned n = type->n, len = cbor_u8(p) - 0x60u;
    uint8_t *memo = cdp__memo_next(r, type, *next);
    unsigned i = *memo;

    if (len - 1 < 23 && len < (size_t)(r->end - p)) {
        if (i < n && f[i].name_len == len && cdp__equal(p + 1, d->names + f[i].name, len))
            goto found;
        for (i = *next; i < n; i++)
            if (f[i].name_len == len && cdp__same(p + 1, d->names + f[i].name, len))
                goto found;
        for (i = 0; i < *next; i++)
            if (f[i].name_len == len && cdp__same(p + 1, d->names + f[i].name, len))
                goto found;
    }
    return cdp__cbor_rare_key(r, p, d, type, index, key);
found:
    cbor_flush(r);
    *memo = (uint8_t)i;
    *index = i;
    *next = i + 1;
    return p + 1 + len;
}

static inline char *cbor_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd)
{
    unsigned major;
    uint64_t v;
    const char *q = cbor_head(p, r->end, &major, &v);

    if (!q || major > CBOR_NEGATIVE || v > INT32_MAX)
        return cdp__cbor_rare_int(r, p, out, odd);
    *out = major == CBOR_NEGATIVE ? -1 - (int32_t)v : (int32_t)v;
    return p + (q - p);
}

static inline char *cbor_num(cdp__reader *r, char *p, double *out)
{
    if (r->end - p >= 9 && cbor_u8(p) == CBOR_DOUBLE) {
        uint64_t bits = cbor_big_endian(p + 1, 8);
        memcpy(out, &bits, sizeof bits);
        return p + 9;
    }
    int32_t i = 0;
    cdp_str odd;
    if (p >= r->end || cbor_u8(p) >> 5 > CBOR_NEGATIVE)
        return cdp__read_fail(r, p, "number expected");
    p = cbor_int(r, p, &i, &odd);
    *out = i;
    return p;
}

static inline char *cbor_bool(cdp__reader *r, char *p, bool *out)
{
    unsigned head = p < r->end ? cbor_u8(p) : 0;

    if (head != CBOR_TRUE && head != CBOR_FALSE)
        return cdp__read_fail(r, p, "bool expected");
    *out = head == CBOR_TRUE;
    return p + 1;
}

#endif /* CDP_READ_CBOR_H */
