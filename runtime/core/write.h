/*
 * write.h - the pieces of messages, each in JSON and in CBOR: what encode.c inlines.
 *
 * A step is given where the next byte goes and returns where the one behind its own goes, or
 * NULL with the fault set.  CDP__SPARE bytes are free where a step begins: room for a bracket,
 * a comma or a number.  What needs more asks for it, and leaves as much.
 *
 * JSON is compact and plain ASCII, as V8 writes it.  Every item and member is followed by a
 * comma (next), and the end of a container takes the last one back.
 */
#ifndef CDP_WRITE_H
#define CDP_WRITE_H

#include "cbor.h"
#include "num.h"
#include "vec.h"

enum { CDP__SPARE = 64, CDP__NAME = 32 };

/* The step of that name in the encoding `wire`. */
#define PUT(name, ...) \
    (wire == CDP_JSON ? json_put_##name(__VA_ARGS__) : cbor_put_##name(__VA_ARGS__))

/* Out of line: another buffer; text; whatever is long or rare. */
char *cdp__write_fail(cdp__writer *w, int status, const char *why);
char *cdp__write_more(cdp__writer *w, char *q, size_t n);
char *cdp__json_put_str(cdp__writer *w, char *q, const char *p, size_t n);
char *cdp__cbor_put_str(cdp__writer *w, char *q, const char *p, size_t n);
char *cdp__cbor_put_num(char *q, double d);
char *cdp__cbor_put_head(char *q, unsigned major, uint64_t v);

/* Room for n bytes more than are spare. */
static inline char *cdp__room(cdp__writer *w, char *q, size_t n)
{
    const cdp__buf *b = w->out;

    if (CDP__LIKELY(n + CDP__SPARE <= (size_t)(b->ptr + b->cap - q)))
        return q;
    return cdp__write_more(w, q, n);
}

/* Where the buffer's next byte goes, with room for n more than are spare, or NULL. */
static inline char *cdp__write_enter(cdp__writer *w, size_t n)
{
    return cdp__room(w, w->out->ptr + w->out->len, n);
}

/* The buffer ends at q.  NULL: where it did. */
static inline void cdp__write_leave(cdp__writer *w, const char *q)
{
    if (q)
        w->out->len = (size_t)(q - w->out->ptr);
}

/* n bytes of a domain's pool of names, which may be read 16 bytes far. */
static inline char *put_pooled(char *q, const char *p, size_t n)
{
    v16_store(q, v16_load(p));
    for (size_t i = 16; CDP__RARE(i < n); i += 16)
        v16_store(q + i, v16_load(p + i));
    return q + n;
}

/* ---- JSON -------------------------------------------------------------- */

static inline char *json_put_begin(const cdp__writer *w, char *q, char kind)
{
    (void)w;
    *q = kind;
    return q + 1;
}

static inline char *json_put_next(char *q)
{
    *q = ',';
    return q + 1;
}

static inline char *json_put_end(cdp__writer *w, char *q, size_t begin, char kind)
{
    (void)begin;
    q -= q[-1] == ',';
    *q = (char)(kind + 2); /* '}' and ']' are two behind '{' and '[' */
    return cdp__room(w, q + 1, 0);
}

/* The name of a member, with its colon: in the pool `":` follows it.  For CDP__NAME bytes more
 * than its own there is room already. */
static inline char *json_put_name(char *q, const char *p, size_t n)
{
    *q = '"';
    return put_pooled(q + 1, p, n + 2);
}

/* A word of an enum, of the pool. */
static inline char *json_put_word(cdp__writer *w, char *q, const char *p, size_t n)
{
    q = cdp__room(w, q, n + CDP__NAME);
    if (CDP__RARE(!q))
        return NULL;
    *q = '"';
    q = put_pooled(q + 1, p, n);
    *q = '"';
    return q + 1;
}

static inline char *json_put_str(cdp__writer *w, char *q, const char *p, size_t n)
{
    return cdp__json_put_str(w, q, p, n);
}

static inline char *json_put_int(char *q, int64_t i)
{
    if ((uint64_t)i < 10) {
        *q = (char)('0' + i);
        return q + 1;
    }
    return q + cdp__int_write(q, i);
}

static inline char *json_put_num(char *q, double d)
{
    return q + cdp__num_write(q, d);
}

static inline char *json_put_bool(char *q, bool v)
{
    memcpy(q, v ? "true" : "fals", 4);
    q[4] = 'e';
    return q + 5 - v;
}

static inline char *json_put_bytes(cdp__writer *w, char *q, const uint8_t *p, size_t n)
{
    if (n > SIZE_MAX / 32 || !(q = cdp__room(w, q, n / 3 * 4 + 16)))
        return cdp__write_fail(w, CDP_ENOMEM, "out of memory");
    *q = '"';
    q += 1 + cdp__base64_encode(q + 1, p, n);
    *q = '"';
    return q + 1;
}

static inline char *json_put_null(char *q)
{
    memcpy(q, "null", 4);
    return q + 4;
}

/* ---- CBOR -------------------------------------------------------------- */

/* Spelled out, so that compilers see one store. */
static inline char *put_u32(char *p, uint32_t v)
{
    p[0] = (char)(v >> 24);
    p[1] = (char)(v >> 16);
    p[2] = (char)(v >> 8);
    p[3] = (char)v;
    return p + 4;
}

static inline char *put_u64(char *p, uint64_t v)
{
    return put_u32(put_u32(p, (uint32_t)(v >> 32)), (uint32_t)v);
}

/* At most 9 bytes, the shortest form. */
static inline char *cbor_put_head(char *q, unsigned major, uint64_t v)
{
    if (v >= 24)
        return cdp__cbor_put_head(q, major, v);
    *q = (char)(major << 5 | v);
    return q + 1;
}

static inline char *cbor_put_begin(const cdp__writer *w, char *q, char kind)
{
    *q++ = (char)CBOR_ENVELOPE;
    if (w->tagged)
        *q++ = 0x18;
    *q++ = 0x5a;
    q = put_u32(q, 0); /* known at the end */
    *q = (char)(kind == '{' ? CBOR_MAP : CBOR_ARRAY);
    return q + 1;
}

static inline char *cbor_put_next(char *q)
{
    return q;
}

static inline char *cbor_put_end(cdp__writer *w, char *q, size_t begin, char kind)
{
    char *content = w->out->ptr + begin + (w->tagged ? 7 : 6);

    (void)kind;
    *q++ = (char)CBOR_BREAK;
    if (CDP__RARE((size_t)(q - content) > UINT32_MAX))
        return cdp__write_fail(w, CDP_ETOOBIG, "message too large");
    put_u32(content - 4, (uint32_t)(q - content));
    return cdp__room(w, q, 0);
}

static inline char *cbor_put_name(char *q, const char *p, size_t n)
{
    return put_pooled(cbor_put_head(q, CBOR_TEXT, n), p, n);
}

static inline char *cbor_put_word(cdp__writer *w, char *q, const char *p, size_t n)
{
    q = cdp__room(w, q, n + CDP__NAME);
    return CDP__RARE(!q) ? NULL : cbor_put_name(q, p, n);
}

static inline char *cbor_put_str(cdp__writer *w, char *q, const char *p, size_t n)
{
    return cdp__cbor_put_str(w, q, p, n);
}

/* Beyond int32 there are only doubles. */
static inline char *cbor_put_int(char *q, int64_t i)
{
    if (i != (int32_t)i)
        return cdp__cbor_put_num(q, (double)i);
    return cbor_put_head(q, i < 0 ? CBOR_NEGATIVE : CBOR_UNSIGNED,
                         i < 0 ? (uint64_t)(-1 - i) : (uint64_t)i);
}

static inline char *cbor_put_num(char *q, double d)
{
    return cdp__cbor_put_num(q, d);
}

static inline char *cbor_put_bool(char *q, bool v)
{
    *q = (char)(v ? CBOR_TRUE : CBOR_FALSE);
    return q + 1;
}

static inline char *cbor_put_bytes(cdp__writer *w, char *q, const uint8_t *p, size_t n)
{
    if (n > SIZE_MAX / 32 || !(q = cdp__room(w, q, n + 16)))
        return cdp__write_fail(w, CDP_ENOMEM, "out of memory");
    *q = (char)CBOR_BINARY_TAG;
    q = cbor_put_head(q + 1, CBOR_BYTES, n);
    if (n)
        memcpy(q, p, n);
    return q + n;
}

static inline char *cbor_put_null(char *q)
{
    *q = (char)CBOR_NULL;
    return q + 1;
}

#endif /* CDP_WRITE_H */
