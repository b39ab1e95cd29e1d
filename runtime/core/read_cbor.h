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

static inline bool cbor_at_null(cdp__reader *r)
{
    return r->p < r->end && cbor_u8(r->p) == CBOR_NULL;
}

static inline int cbor_null(cdp__reader *r)
{
    r->p++;
    return 0;
}

static inline int cbor_open_scope(cdp__reader *r, cdp__scope *s, char kind)
{
    const char *close;
    bool map;
    const char *first = cbor_open(r->p, r->end, &close, &map);

    if (!first || map != (kind == '{'))
        return cdp__read_fail(r, first         ? kind == '{' ? "object expected" : "array expected"
                                 : kind == '{' ? "map envelope expected"
                                               : "array envelope expected");
    s->end = r->end;
    r->end = r->p + (close - r->p);
    r->p += first - r->p;
    return 0;
}

/* Ends in step with the envelope: the break byte must be its last. */
static inline int cbor_more(cdp__reader *r, cdp__scope *s, char close)
{
    (void)close;
    if (r->p < r->end)
        return 1;
    r->p++;
    r->end = s->end;
    cbor_flush(r);
    return 0;
}

static inline int cbor_str(cdp__reader *r, cdp_str *out)
{
    if (r->p < r->end && cbor_u8(r->p) >> 5 == CBOR_TEXT) {
        unsigned major;
        uint64_t n;
        const char *text = cbor_head(r->p, r->end, &major, &n);
        if (text && n <= (size_t)(r->end - text) && cdp__ascii_run(text, (size_t)n) == n) {
            char *p = r->p + (text - r->p);
            cbor_flush(r);
            out->ptr = p;
            out->len = (size_t)n;
            r->nul = r->p = p + n;
            return 0;
        }
    }
    return cdp__cbor_rare_str(r, out);
}

static inline int cbor_key(cdp__reader *r, const cdp__domain *d, const cdp__type *type,
                           unsigned *next, cdp_str *key)
{
    const cdp__field *f = d->fields + type->first;
    unsigned n = type->n, i, head = cbor_u8(r->p);
    char *p = r->p + 1;

    if (head > 0x60 && head < 0x78 && head - 0x60 < (size_t)(r->end - r->p)) {
        unsigned len = head - 0x60;
        for (i = *next; i < n; i++)
            if (f[i].name_len == len && cdp__same(p, d->names + f[i].name, len))
                goto found;
        for (i = 0; i < *next; i++)
            if (f[i].name_len == len && cdp__same(p, d->names + f[i].name, len))
                goto found;
    }
    return cdp__cbor_rare_key(r, d, type, key);
found:
    cbor_flush(r);
    *next = i + 1;
    r->p = p + f[i].name_len;
    return (int)i;
}

static inline int cbor_int(cdp__reader *r, int32_t *out, cdp_str *odd)
{
    unsigned major;
    uint64_t v;
    const char *q = cbor_head(r->p, r->end, &major, &v);

    if (!q || major > CBOR_NEGATIVE || v > INT32_MAX)
        return cdp__cbor_rare_int(r, out, odd);
    *out = major == CBOR_NEGATIVE ? -1 - (int32_t)v : (int32_t)v;
    r->p += q - r->p;
    return 0;
}

static inline int cbor_num(cdp__reader *r, double *out)
{
    if (r->end - r->p >= 9 && cbor_u8(r->p) == CBOR_DOUBLE) {
        uint64_t bits = cbor_big_endian(r->p + 1, 8);
        memcpy(out, &bits, sizeof bits);
        r->p += 9;
        return 0;
    }
    int32_t i;
    cdp_str odd;
    unsigned major = r->p < r->end ? cbor_u8(r->p) >> 5 : 7;
    if (major > CBOR_NEGATIVE || cbor_int(r, &i, &odd) != 0)
        return cdp__read_fail(r, "number expected");
    *out = i;
    return 0;
}

static inline int cbor_bool(cdp__reader *r, bool *out)
{
    unsigned head = r->p < r->end ? cbor_u8(r->p) : 0;

    if (head != CBOR_TRUE && head != CBOR_FALSE)
        return cdp__read_fail(r, "bool expected");
    *out = head == CBOR_TRUE;
    r->p++;
    return 0;
}

#endif /* CDP_READ_CBOR_H */
