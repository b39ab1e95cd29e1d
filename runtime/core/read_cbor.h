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

static inline char *cbor_key(cdp__reader *r, char *p, cdp__keys *k, cdp_str *key)
{
    const unsigned len = cbor_u8(p) - 0x60u;
    unsigned i = k->memo[k->next];
    const cdp__field *f = k->field;

    if (len - 1 < 23 && len < (size_t)(r->end - p)) {
        if (CDP__LIKELY(i < k->n)) {
            f += i;
            if (CDP__LIKELY(f->name_len == len && cdp__equal(p + 1, k->names + f->name, len)))
                goto found;
        }
        for (i = k->next, f = k->field + i; i < k->n; i++, f++)
            if (f->name_len == len && cdp__same(p + 1, k->names + f->name, len))
                goto other;
        for (i = 0, f = k->field; i < k->next; i++, f++)
            if (f->name_len == len && cdp__same(p + 1, k->names + f->name, len))
                goto other;
    }
    cdp__keys rare = *k;
    p = cdp__cbor_rare_key(r, p, &rare, key);
    *k = rare;
    return p;
other:
    k->memo[k->next] = (uint8_t)i;
found:
    cbor_flush(r);
    k->found = f;
    k->next = i + 1;
    return p + 1 + len;
}

static inline char *cbor_int(const cdp__reader *r, char *p, int32_t *out)
{
    unsigned major;
    uint64_t v;
    const char *q = cbor_head(p, r->end, &major, &v);

    if (!q || major > CBOR_NEGATIVE || v > INT32_MAX)
        return NULL;
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
    int32_t i;
    char *end = cbor_int(r, p, &i);
    if (!end)
        return cdp__read_fail(r, p, "number expected");
    *out = i;
    return end;
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
