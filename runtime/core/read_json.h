/*
 * read_json.h - the JSON side of decode.c: each step has a twin in read_cbor.h.
 *
 * A step leaves r->p behind what it read, and returns 0 or a negative status with the fault
 * set.  Values are compact in practice, so blanks are looked for, not expected.
 */
#ifndef CDP_READ_JSON_H
#define CDP_READ_JSON_H

#include "json.h"
#include "num.h"
#include "read.h"

static inline void json_blank(cdp__reader *r)
{
    if ((unsigned char)*r->p <= ' ')
        r->p = cdp__json_space(r->p);
}

static inline bool json_at_null(cdp__reader *r)
{
    return *r->p == 'n' && memcmp(r->p, "null", 4) == 0;
}

static inline int json_null(cdp__reader *r)
{
    r->p += 4;
    return 0;
}

static inline int json_open(cdp__reader *r, cdp__scope *s, char kind)
{
    if (*r->p != kind)
        return cdp__read_fail(r, kind == '{' ? "object expected" : "array expected");
    r->p++;
    s->first = true;
    return 0;
}

/* 1: an item or member follows; 0: the container ended. */
static inline int json_more(cdp__reader *r, cdp__scope *s, char close)
{
    json_blank(r);
    if (*r->p == close) {
        r->p++;
        return 0;
    }
    if (!s->first) {
        if (*r->p != ',')
            return cdp__read_fail(r, close == '}' ? "',' or '}' expected" : "',' or ']' expected");
        r->p++;
        json_blank(r);
    }
    s->first = false;
    return 1;
}

/* The text between two quotes, decoded, without a NUL yet; *end is its end in the input. */
static inline int json_token(cdp__reader *r, cdp_str *out, char **end)
{
    char *p = r->p + 1;

    if (*r->p != '"')
        return cdp__read_fail(r, "string expected");
    char *q = cdp__json_plain_end(p);
    if (*q == '"') {
        out->ptr = p;
        out->len = (size_t)(q - p);
        *end = q;
        r->p = q + 1;
        return 0;
    }
    return cdp__json_rare_token(r, out, end);
}

static inline int json_str(cdp__reader *r, cdp_str *out)
{
    char *end;
    int rc = json_token(r, out, &end);

    if (rc == 0 && end)
        *end = 0;
    return rc;
}

static inline int json_key(cdp__reader *r, const cdp__domain *d, const cdp__type *type,
                           unsigned *next, cdp_str *key)
{
    const cdp__field *f = d->fields + type->first;
    unsigned n = type->n, i;
    char *p = r->p;

    if (*p != '"')
        return cdp__read_fail(r, "member name expected");
    p++;
    for (i = *next; i < n; i++)
        if (cdp__same(p, d->names + f[i].name, f[i].name_len + 2u))
            goto found;
    for (i = 0; i < *next; i++)
        if (cdp__same(p, d->names + f[i].name, f[i].name_len + 2u))
            goto found;
    return cdp__json_rare_key(r, d, type, key);
found:
    *next = i + 1;
    r->p = p + f[i].name_len + 2;
    json_blank(r);
    return (int)i;
}

/* 0; 1 where the number is no int32: *out is the nearest, *odd its text. */
static inline int json_int(cdp__reader *r, int32_t *out, cdp_str *odd)
{
    char *p = r->p;
    bool minus = *p == '-';
    uint32_t v;

    p += minus;
    v = (uint32_t)(*p - '0');
    if (v - 1 < 9) { /* 1 to 9 */
        unsigned digit;
        int n = 0;
        while ((digit = (unsigned)(*++p - '0')) < 10 && ++n < 9)
            v = v * 10 + digit;
        if (n < 9 && cdp__json_is_end(*p)) {
            *out = minus ? -(int32_t)v : (int32_t)v;
            r->p = p;
            return 0;
        }
    } else if (v == 0 && cdp__json_is_end(p[1])) {
        *out = 0;
        r->p = p + 1;
        return 0;
    }
    return cdp__json_rare_int(r, out, odd);
}

static inline int json_num(cdp__reader *r, double *out)
{
    int overflow = 0;
    const char *end = cdp__num_read(r->p, out, &overflow);

    if (!end || !cdp__json_is_end(*end))
        return cdp__read_fail(r, overflow ? "number out of range" : "number expected");
    r->p += end - r->p;
    return 0;
}

static inline int json_bool(cdp__reader *r, bool *out)
{
    if (memcmp(r->p, "true", 4) == 0) {
        *out = true;
        r->p += 4;
        return 0;
    }
    if (memcmp(r->p, "false", 5) == 0) {
        *out = false;
        r->p += 5;
        return 0;
    }
    return cdp__read_fail(r, "bool expected");
}

#endif /* CDP_READ_JSON_H */
