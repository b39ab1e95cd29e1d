/* write.c - the pieces of messages, one at a time; see write.h. */
#include "write.h"

#include <math.h>

/* Longer text is likely to hold something that needs an escape. */
enum { LONG_TEXT = 4096 };

char *cdp__write_fail(cdp__writer *w, int status, const char *why)
{
    if (w->fault->status == 0)
        cdp__fault_set(w->fault, status, why);
    return NULL;
}

int cdp__write_status(cdp__writer *w)
{
    if (w->out->failed)
        cdp__write_fail(w, CDP_ENOMEM, "out of memory");
    return w->fault->status;
}

char *cdp__write_more(cdp__writer *w, char *q, size_t n)
{
    cdp__buf *b = w->out;

    cdp__write_leave(w, q);
    if (n > SIZE_MAX / 4 || !cdp__buf_more(b, n + CDP__SPARE))
        return cdp__write_fail(w, CDP_ENOMEM, "out of memory");
    return b->ptr + b->len;
}

/* ---- text -------------------------------------------------------------- */

/* Copies n bytes if they need no escape; q has room for 16 more. */
static inline bool copy_plain(char *q, const char *p, size_t n)
{
    if (n < 16) {
        v16 v = v16_load_some(p, n);
        v16_store(q, v);
        return (v16_mask(v16_is_not_plain(v)) & ((1u << n) - 1)) == 0;
    }
    for (size_t i = 0; i + 16 < n; i += 16) {
        v16 v = v16_load(p + i);
        if (v16_mask(v16_is_not_plain(v)))
            return false;
        v16_store(q + i, v);
    }
    v16 last = v16_load(p + n - 16);
    v16_store(q + n - 16, last);
    return v16_mask(v16_is_not_plain(last)) == 0;
}

/* Plain text, nearly always; six bytes a byte are asked for only where that fails. */
char *cdp__json_put_str(cdp__writer *w, char *q, const char *p, size_t n)
{
    if (n > SIZE_MAX / 32 || !(q = cdp__room(w, q, n + 32)))
        return cdp__write_fail(w, CDP_ENOMEM, "out of memory");
    if (n <= LONG_TEXT && copy_plain(q + 1, p, n)) {
        *q = '"';
        q += n + 1;
    } else {
        if (!(q = cdp__room(w, q, n * 6 + 32)))
            return NULL;
        *q = '"';
        q = cdp__json_escape(q + 1, p, n);
        if (!q)
            return cdp__write_fail(w, CDP_EINVAL, "text is not UTF-8");
    }
    *q = '"';
    return q + 1;
}

/* UTF-8 as it is; lone surrogates need UTF-16. */
char *cdp__cbor_put_str(cdp__writer *w, char *q, const char *p, size_t n)
{
    bool utf8 = cdp__ascii_run(p, n) == n || cdp__utf8_check(p, n, false) == n;

    if (!utf8 && cdp__utf8_check(p, n, true) != n)
        return cdp__write_fail(w, CDP_EINVAL, "text is not UTF-8");
    if (n > SIZE_MAX / 32 || !(q = cdp__room(w, q, utf8 ? n + 9 : n * 2 + 9)))
        return cdp__write_fail(w, CDP_ENOMEM, "out of memory");
    if (!utf8) { /* the head's length is known after */
        char *text = q + 9;
        n = cdp__utf8_to_utf16((uint8_t *)text, p, n);
        q = cbor_put_head(q, CBOR_BYTES, n);
        return (char *)memmove(q, text, n) + n;
    }
    q = cbor_put_head(q, CBOR_TEXT, n);
    if (n)
        memcpy(q, p, n);
    return q + n;
}

/* ---- CBOR -------------------------------------------------------------- */

char *cdp__cbor_put_head(char *q, unsigned major, uint64_t v)
{
    const unsigned first = major << 5;

    if (v < 24) {
        *q++ = (char)(first | v);
    } else if (v <= UINT8_MAX) {
        *q++ = (char)(first | 24);
        *q++ = (char)v;
    } else if (v <= UINT16_MAX) {
        *q++ = (char)(first | 25);
        *q++ = (char)(v >> 8);
        *q++ = (char)v;
    } else if (v <= UINT32_MAX) {
        *q++ = (char)(first | 26);
        q = put_u32(q, (uint32_t)v);
    } else {
        *q++ = (char)(first | 27);
        q = put_u64(q, v);
    }
    return q;
}

char *cdp__cbor_put_num(char *q, double d)
{
    if (!isfinite(d))
        return cbor_put_null(q); /* as JSON.stringify */
    if (d >= INT32_MIN && d <= INT32_MAX && d == (int32_t)d && !(d == 0 && signbit(d)))
        return cbor_put_int(q, (int32_t)d);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    *q = (char)CBOR_DOUBLE;
    return put_u64(q + 1, bits);
}

/* ---- one at a time ----------------------------------------------------- */

size_t cdp__write_begin(cdp__writer *w, char kind)
{
    const cdp_wire wire = w->wire;
    const size_t at = w->out->len;
    char *q = NULL;

    if (++w->depth > w->max_depth)
        cdp__write_fail(w, CDP_ETOOBIG, "nested too deeply");
    else if ((q = cdp__write_enter(w, 0)))
        q = PUT(begin, w, q, kind);
    cdp__write_leave(w, q);
    return at;
}

void cdp__write_end(cdp__writer *w, size_t begin, char kind)
{
    const cdp_wire wire = w->wire;
    char *q = cdp__write_status(w) == 0 ? cdp__write_enter(w, 0) : NULL;

    w->depth--;
    cdp__write_leave(w, q ? PUT(end, w, q, begin, kind) : NULL);
}

void cdp__write_key(cdp__writer *w, const char *p, size_t n)
{
    cdp__write_str(w, p, n);
    if (w->wire == CDP_JSON)
        cdp__buf_byte(w->out, ':');
}

/* One step, at q, with n bytes more than are spare. */
#define WRITE(w, n, step)                                    \
    do {                                                     \
        const cdp_wire wire = (w)->wire;                     \
        char *q = cdp__write_enter(w, n);                    \
        cdp__write_leave(w, CDP__LIKELY(q) ? (step) : NULL); \
    } while (0)

void cdp__write_name(cdp__writer *w, const char *p, size_t n)
{
    WRITE(w, n + CDP__NAME, PUT(name, q, p, n));
}

int cdp__write_str(cdp__writer *w, const char *p, size_t n)
{
    WRITE(w, 0, PUT(str, w, q, p, n));
    return w->fault->status;
}

void cdp__write_int(cdp__writer *w, int64_t i)
{
    WRITE(w, 0, PUT(int, q, i));
}

void cdp__write_num(cdp__writer *w, double d)
{
    WRITE(w, 0, PUT(num, q, d));
}

void cdp__write_bool(cdp__writer *w, bool v)
{
    WRITE(w, 0, PUT(bool, q, v));
}

void cdp__write_null(cdp__writer *w)
{
    WRITE(w, 0, PUT(null, q));
}

void cdp__write_bytes(cdp__writer *w, const uint8_t *p, size_t n)
{
    WRITE(w, 0, PUT(bytes, w, q, p, n));
}
