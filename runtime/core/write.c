/*
 * write.c - the pieces of messages, in either encoding.
 *
 * JSON is compact and plain ASCII, as V8 writes it.  Every item and member is followed by a
 * comma (cdp__write_next), and the end of a container takes the last one back.
 */
#include "cbor.h"
#include "num.h"

#include <math.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Longer text is likely to hold something that needs an escape. */
enum { LONG_TEXT = 4096 };

static int fail(cdp__writer *w, int status, const char *why)
{
    if (w->fault->status == 0)
        cdp__fault_set(w->fault, status, why);
    return w->fault->status;
}

int cdp__write_status(cdp__writer *w)
{
    if (w->out->failed)
        return fail(w, CDP_ENOMEM, "out of memory");
    return w->fault->status;
}

/* ---- CBOR heads -------------------------------------------------------- */

static char *big_endian(char *p, uint64_t v, unsigned n)
{
    while (n--)
        *p++ = (char)(v >> (8 * n));
    return p;
}

/* At most 9 bytes, the shortest form. */
static char *head(char *p, unsigned major, uint64_t v)
{
    unsigned n = v < 24 ? 0 : v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8;
    unsigned info = n == 0 ? (unsigned)v : n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27;

    *p++ = (char)(major << 5 | info);
    return big_endian(p, v, n);
}

/* ---- containers -------------------------------------------------------- */

static size_t envelope(const cdp__writer *w)
{
    return w->tagged ? 7 : 6;
}

size_t cdp__write_begin(cdp__writer *w, char kind)
{
    cdp__buf *b = w->out;
    size_t at = b->len;

    if (++w->depth > w->max_depth) {
        fail(w, CDP_ETOOBIG, "nested too deeply");
        return at;
    }
    if (w->wire == CDP_JSON) {
        cdp__buf_byte(b, kind);
    } else if (cdp__buf_room(b, 8)) {
        char *p = b->ptr + at;
        *p++ = (char)CBOR_ENVELOPE;
        if (w->tagged)
            *p++ = 0x18;
        *p++ = 0x5a;
        p = big_endian(p, 0, 4); /* known at the end */
        *p++ = (char)(kind == '{' ? CBOR_MAP : CBOR_ARRAY);
        b->len = (size_t)(p - b->ptr);
    }
    return at;
}

void cdp__write_end(cdp__writer *w, size_t begin, char kind)
{
    cdp__buf *b = w->out;

    w->depth--;
    if (w->wire == CDP_JSON) {
        char close = kind == '{' ? '}' : ']';
        if (!b->failed && b->len && b->ptr[b->len - 1] == ',')
            b->ptr[b->len - 1] = close;
        else
            cdp__buf_byte(b, close);
        return;
    }
    cdp__buf_byte(b, (char)CBOR_BREAK);
    if (cdp__write_status(w) < 0)
        return;
    size_t content = begin + envelope(w);
    if (b->len - content > UINT32_MAX) {
        fail(w, CDP_ETOOBIG, "message too large");
        return;
    }
    big_endian(b->ptr + content - 4, b->len - content, 4);
}

/* ---- scalars ----------------------------------------------------------- */

static char *put(char *q, const char *p, size_t n)
{
    return (char *)memcpy(q, p, n) + n;
}

void cdp__write_key(cdp__writer *w, const char *p, size_t n)
{
    cdp__buf *b = w->out;

    if (!cdp__buf_room(b, n + 9))
        return;
    char *q = b->ptr + b->len;
    if (w->wire == CDP_JSON) {
        *q++ = '"';
        q = put(q, p, n);
        *q++ = '"';
        *q++ = ':';
    } else {
        q = put(head(q, CBOR_TEXT, n), p, n);
    }
    b->len = (size_t)(q - b->ptr);
}

/* The room must be there for 16 bytes more, and p be readable 16 bytes far, as names are. */
void cdp__write_name(cdp__writer *w, const char *p, size_t n)
{
    cdp__buf *b = w->out;

    if (!cdp__buf_room(b, n + 32))
        return;
    char *q = b->ptr + b->len;
    if (w->wire == CDP_JSON) {
        *q++ = '"';
        n += 2; /* its `":` follows a name */
    } else {
        q = head(q, CBOR_TEXT, n);
    }
    memcpy(q, p, 16);
    if (n > 16)
        memcpy(q + 16, p + 16, n - 16);
    b->len = (size_t)(q - b->ptr) + n;
}

#ifdef __SSE2__
static inline bool is_plain(__m128i v)
{
    /* signed: controls and everything beyond ASCII in one comparison */
    __m128i stop = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)),
                                _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                             _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

    return _mm_movemask_epi8(stop) == 0;
}

static inline __m128i load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void store(char *q, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)q, v);
}

/* Copies n bytes if they need no escape, by pieces that overlap; q has room for 16 more. */
static inline bool copy_plain(char *q, const char *p, size_t n)
{
    char small[16];

    if (n >= 16) {
        for (size_t i = 0; i + 16 < n; i += 16) {
            __m128i v = load(p + i);
            if (!is_plain(v))
                return false;
            store(q + i, v);
        }
        __m128i last = load(p + n - 16);
        store(q + n - 16, last);
        return is_plain(last);
    }
    memset(small, ' ', sizeof small);
    if (n >= 8) {
        memcpy(small, p, 8);
        memcpy(small + n - 8, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(small, p, 4);
        memcpy(small + n - 4, p + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            small[i] = p[i];
    }
    __m128i v = load(small);
    store(q, v);
    return is_plain(v);
}
#else
static bool copy_plain(char *q, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            return false;
        q[i] = p[i];
    }
    return true;
}
#endif

/* Plain text, nearly always; six bytes a byte are asked for only where that fails. */
static int write_json_str(cdp__writer *w, const char *p, size_t n)
{
    cdp__buf *b = w->out;

    if (n > SIZE_MAX / 8 || !cdp__buf_room(b, n + 32))
        return fail(w, CDP_ENOMEM, "out of memory");
    char *q = b->ptr + b->len;
    *q++ = '"';
    if (n <= LONG_TEXT && copy_plain(q, p, n)) {
        q[n] = '"';
        b->len += n + 2;
        return 0;
    }
    if (!cdp__buf_room(b, n * 6 + 32))
        return fail(w, CDP_ENOMEM, "out of memory");
    q = b->ptr + b->len + 1;
    q = cdp__json_escape(q, p, n);
    if (!q)
        return fail(w, CDP_EINVAL, "text is not UTF-8");
    *q++ = '"';
    b->len = (size_t)(q - b->ptr);
    return 0;
}

/* UTF-8 as it is; lone surrogates need UTF-16. */
static int write_cbor_str(cdp__writer *w, const char *p, size_t n)
{
    cdp__buf *b = w->out;
    bool utf8 = cdp__ascii_run(p, n) == n || cdp__utf8_check(p, n, false) == n;

    if (!utf8 && cdp__utf8_check(p, n, true) != n)
        return fail(w, CDP_EINVAL, "text is not UTF-8");
    if (n > SIZE_MAX / 8 || !cdp__buf_room(b, utf8 ? n + 9 : n * 2 + 9))
        return fail(w, CDP_ENOMEM, "out of memory");
    char *q = b->ptr + b->len;
    if (utf8) {
        q = put(head(q, CBOR_TEXT, n), p, n);
    } else { /* the head's length is known after */
        size_t bytes = cdp__utf8_to_utf16((uint8_t *)q + 9, p, n);
        char *text = q + 9;
        q = head(q, CBOR_BYTES, bytes);
        memmove(q, text, bytes);
        q += bytes;
    }
    b->len = (size_t)(q - b->ptr);
    return 0;
}

int cdp__write_str(cdp__writer *w, const char *p, size_t n)
{
    return w->wire == CDP_JSON ? write_json_str(w, p, n) : write_cbor_str(w, p, n);
}

void cdp__write_int(cdp__writer *w, int64_t i)
{
    cdp__buf *b = w->out;

    if (w->wire == CDP_CBOR && (i < INT32_MIN || i > INT32_MAX)) {
        cdp__write_num(w, (double)i);
        return;
    }
    if (!cdp__buf_room(b, CDP__NUM_MAX))
        return;
    char *q = b->ptr + b->len;
    if (w->wire == CDP_JSON)
        b->len += cdp__int_write(q, i);
    else
        b->len = (size_t)(head(q, i < 0 ? CBOR_NEGATIVE : CBOR_UNSIGNED,
                               i < 0 ? (uint64_t)(-1 - i) : (uint64_t)i) -
                          b->ptr);
}

void cdp__write_num(cdp__writer *w, double d)
{
    cdp__buf *b = w->out;

    if (!isfinite(d)) {
        cdp__write_null(w); /* as JSON.stringify */
        return;
    }
    if (w->wire == CDP_CBOR && d >= INT32_MIN && d <= INT32_MAX && d == (int32_t)d &&
        !(d == 0 && signbit(d))) {
        cdp__write_int(w, (int32_t)d);
        return;
    }
    if (!cdp__buf_room(b, CDP__NUM_MAX))
        return;
    if (w->wire == CDP_JSON) {
        b->len += cdp__num_write(b->ptr + b->len, d);
    } else {
        uint64_t bits;
        memcpy(&bits, &d, sizeof bits);
        b->ptr[b->len] = (char)CBOR_DOUBLE;
        big_endian(b->ptr + b->len + 1, bits, 8);
        b->len += 9;
    }
}

void cdp__write_bool(cdp__writer *w, bool v)
{
    if (w->wire == CDP_JSON)
        cdp__buf_put(w->out, v ? "true" : "false", v ? 4 : 5);
    else
        cdp__buf_byte(w->out, (char)(v ? CBOR_TRUE : CBOR_FALSE));
}

void cdp__write_null(cdp__writer *w)
{
    if (w->wire == CDP_JSON)
        cdp__buf_put(w->out, "null", 4);
    else
        cdp__buf_byte(w->out, (char)CBOR_NULL);
}

void cdp__write_bytes(cdp__writer *w, const uint8_t *p, size_t n)
{
    cdp__buf *b = w->out;

    if (n > SIZE_MAX / 2 || !cdp__buf_room(b, n / 3 * 4 + n % 3 + 16))
        return;
    char *q = b->ptr + b->len;
    if (w->wire == CDP_JSON) {
        *q++ = '"';
        q += cdp__base64_encode(q, p, n);
        *q++ = '"';
    } else {
        *q++ = (char)CBOR_BINARY_TAG;
        q = head(q, CBOR_BYTES, n);
        if (n)
            memcpy(q, p, n);
        q += n;
    }
    b->len = (size_t)(q - b->ptr);
}
