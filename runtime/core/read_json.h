/*
 * read_json.h - the JSON side of decode.c: each step has a twin in read_cbor.h.
 *
 * A step is given the position p and returns the one behind what it read, or NULL with the
 * fault set.  Values are compact in practice, so blanks are looked for, not expected.
 */
#ifndef CDP_READ_JSON_H
#define CDP_READ_JSON_H

#include "json.h"
#include "num.h"
#include "read.h"

static inline char *json_blank(char *p)
{
    return (unsigned char)*p <= ' ' ? cdp__json_space(p) : p;
}

static inline bool json_at_null(const cdp__reader *r, const char *p)
{
    (void)r;
    return *p == 'n' && memcmp(p, "null", 4) == 0;
}

static inline char *json_null(char *p)
{
    return p + 4;
}

/* Enters a container; *more: it has items. */
static inline char *json_enter(cdp__reader *r, char *p, cdp__scope *s, char kind, bool *more)
{
    (void)s;
    if (*p != kind)
        return cdp__read_fail(r, p, kind == '{' ? "object expected" : "array expected");
    p = json_blank(p + 1);
    *more = *p != kind + 2; /* '}' and ']' are two behind '{' and '[' */
    return *more ? p : p + 1;
}

/* Behind an item; *more: another follows, otherwise the container ended. */
static inline char *json_next(cdp__reader *r, char *p, cdp__scope *s, char kind, bool *more)
{
    (void)s;
    if (*p != ',' && *p != kind + 2)
        p = json_blank(p);
    *more = *p == ',';
    if (*more)
        return json_blank(p + 1);
    if (*p == kind + 2)
        return p + 1;
    return cdp__read_fail(r, p, kind == '{' ? "',' or '}' expected" : "',' or ']' expected");
}

/* The text between two quotes, decoded; *end is its end in the input, where a NUL may be
 * written, or NULL where the text has its NUL already. */
static inline char *json_token(cdp__reader *r, char *p, cdp_str *out, char **end)
{
    if (*p != '"')
        return cdp__read_fail(r, p, "string expected");
    char *q = cdp__json_plain_end(p + 1);
    if (*q != '"')
        return cdp__json_rare_token(r, p, out, end);
    out->ptr = p + 1;
    out->len = (size_t)(q - p - 1);
    *end = q;
    return q + 1;
}

static inline char *json_str(cdp__reader *r, char *p, cdp_str *out)
{
    char *end = NULL;

    p = json_token(r, p, out, &end);
    if (p && end)
        *end = 0;
    return p;
}

/* A member's name and colon: *index is its field, tried in the protocol's order from *next on,
 * or CDP__UNKNOWN_KEY with the name in *key. */
static inline char *json_key(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                             unsigned *next, unsigned *index, cdp_str *key)
{
    const cdp__field *f = d->fields + type->first;
    uint8_t *memo = cdp__memo_next(r, type, *next);
    unsigned n = type->n, i = *memo;

    if (*p != '"')
        return cdp__read_fail(r, p, "member name expected");
    if (i < n && cdp__equal(p + 1, d->names + f[i].name, f[i].name_len + 2u))
        goto found;
    for (i = *next; i < n; i++)
        if (cdp__same(p + 1, d->names + f[i].name, f[i].name_len + 2u))
            goto found;
    for (i = 0; i < *next; i++)
        if (cdp__same(p + 1, d->names + f[i].name, f[i].name_len + 2u))
            goto found;
    return cdp__json_rare_key(r, p, d, type, index, key);
found:
    *memo = (uint8_t)i;
    *index = i;
    *next = i + 1;
    return json_blank(p + f[i].name_len + 3);
}

/* Where the number is no int32, *out is the nearest and *odd its text. */
static inline char *json_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd)
{
    const bool minus = *p == '-';
    char *q = p + minus;
    uint32_t v = (uint32_t)(*q - '0');

    if (v - 1 < 9) { /* 1 to 9 */
        unsigned digit;
        while ((digit = (unsigned)(*++q - '0')) < 10)
            v = v * 10 + digit;
        if (q - p <= 9 && cdp__json_is_end(*q)) {
            *out = minus ? -(int32_t)v : (int32_t)v;
            return q;
        }
    } else if (v == 0 && cdp__json_is_end(q[1])) {
        *out = 0;
        return q + 1;
    }
    return cdp__json_rare_int(r, p, out, odd);
}

static inline char *json_num(cdp__reader *r, char *p, double *out)
{
    int overflow = 0;
    const char *end = cdp__num_read(p, out, &overflow);

    if (!end || !cdp__json_is_end(*end))
        return cdp__read_fail(r, p, overflow ? "number out of range" : "number expected");
    return cdp__mutable(r, end);
}

static inline char *json_bool(cdp__reader *r, char *p, bool *out)
{
    *out = *p == 't';
    if (memcmp(p, "true", 4) == 0)
        return p + 4;
    if (memcmp(p, "false", 5) == 0)
        return p + 5;
    return cdp__read_fail(r, p, "bool expected");
}

#endif /* CDP_READ_JSON_H */
