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
    if (CDP__RARE(*p != ',' && *p != kind + 2))
        p = cdp__json_space(p);
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

/* A member's name and colon: k->found is its field, tried in the protocol's order from k->next
 * on, or NULL with the name in *key. */
static inline char *json_key(cdp__reader *r, char *p, cdp__keys *k, cdp_str *key)
{
    unsigned i = k->memo[k->next];
    const cdp__field *f = k->field;

    if (*p != '"')
        return cdp__read_fail(r, p, "member name expected");
    if (CDP__LIKELY(i < k->n)) {
        f += i;
        if (CDP__LIKELY(cdp__equal(p + 1, k->names + f->name, f->name_len + 2u)))
            goto found;
    }
    for (i = k->next, f = k->field + i; i < k->n; i++, f++)
        if (cdp__same(p + 1, k->names + f->name, f->name_len + 2u))
            goto other;
    for (i = 0, f = k->field; i < k->next; i++, f++)
        if (cdp__same(p + 1, k->names + f->name, f->name_len + 2u))
            goto other;
    cdp__keys rare = *k; /* whose address is known elsewhere, unlike that of *k */
    p = cdp__json_rare_key(r, p, &rare, key);
    *k = rare;
    return p;
other:
    k->memo[k->next] = (uint8_t)i;
found:
    k->found = f;
    k->next = i + 1;
    return json_blank(p + f->name_len + 3);
}

/* Returns NULL, without a fault, where cdp__json_rare_int() has to look at it. */
static inline char *json_int(const cdp__reader *r, char *p, int32_t *out)
{
    const bool minus = *p == '-';
    char *q = p + minus;
    uint32_t v = (uint32_t)(*q - '0');

    (void)r;
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
    return NULL;
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
