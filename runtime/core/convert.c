/*
 * convert.c - dynamic values written into messages: checked, and turned into the message's
 * encoding where they come in the other.
 */
#include "cbor.h"
#include "json.h"
#include "num.h"

static int fail(cdp__writer *w, int status, const char *why)
{
    if (w->fault->status == 0)
        cdp__fault_set(w->fault, status, why);
    return w->fault->status;
}

static int skip_fault(cdp__writer *w, const char *why, const char *bad, const char *p)
{
    int too_deep = strcmp(why, "nested too deeply") == 0;

    fail(w, too_deep ? CDP_ETOOBIG : CDP_EINVAL, why);
    w->fault->at = (size_t)(bad - p);
    return w->fault->status;
}

/* ---- from JSON (checked before) ---------------------------------------- */

static int put_json_str(cdp__writer *w, const char *p, const char *end)
{
    size_t n = (size_t)(end - p);

    if (!memchr(p, '\\', n))
        return cdp__write_str(w, p, n);
    char *text = cdp__alloc(w->out->allocator, n);
    if (!text)
        return fail(w, CDP_ENOMEM, "out of memory");
    int rc = cdp__write_str(w, text, cdp__json_unescape(text, p, end));
    cdp__dealloc(w->out->allocator, text, n);
    return rc;
}

static const char *blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static const char *put_json(cdp__writer *w, const char *p, const char *end);

static const char *put_json_string_at(cdp__writer *w, const char *p, const char *end)
{
    bool escaped;
    const char *bad, *q = cdp__json_string_end(p + 1, end, &escaped, &bad);

    return q && put_json_str(w, p + 1, q) == 0 ? q + 1 : NULL;
}

static const char *put_json_container(cdp__writer *w, const char *p, const char *end)
{
    const char kind = *p;
    const char close = kind == '{' ? '}' : ']';
    size_t begin = cdp__write_begin(w, kind);

    if (w->fault->status)
        return NULL;
    for (p = blank(p + 1, end); *p != close; p = blank(p, end)) {
        if (*p == ',')
            p = blank(p + 1, end);
        if (kind == '{') {
            if (!(p = put_json_string_at(w, p, end)))
                return NULL;
            p = blank(blank(p, end) + 1, end); /* the colon */
        }
        if (!(p = put_json(w, p, end)))
            return NULL;
    }
    cdp__write_end(w, begin, kind);
    return p + 1;
}

/* A JSON value into a CBOR message. */
static const char *put_json(cdp__writer *w, const char *p, const char *end)
{
    char number[64];
    const char *q;
    double d;
    int overflow = 0;

    switch (*p) {
    case '{':
    case '[':
        return put_json_container(w, p, end);
    case '"':
        return put_json_string_at(w, p, end);
    case 't':
    case 'f':
        cdp__write_bool(w, *p == 't');
        return p + (*p == 't' ? 4 : 5);
    case 'n':
        cdp__write_null(w);
        return p + 4;
    default:
        break;
    }
    q = cdp__json_number_end(p, end);
    size_t n = (size_t)(q - p);
    if (n < sizeof number) { /* the reader wants a byte behind it */
        memcpy(number, p, n);
        number[n] = 0;
        cdp__num_read(number, &d, &overflow);
    } else {
        char *copy = cdp__alloc(w->out->allocator, n + 1);
        if (!copy) {
            fail(w, CDP_ENOMEM, "out of memory");
            return NULL;
        }
        memcpy(copy, p, n);
        copy[n] = 0;
        cdp__num_read(copy, &d, &overflow);
        cdp__dealloc(w->out->allocator, copy, n + 1);
    }
    if (overflow) {
        fail(w, CDP_EINVAL, "number out of range");
        return NULL;
    }
    cdp__write_num(w, d);
    return q;
}

/* ---- from CBOR (checked on the way) ------------------------------------ */

static int put_cbor_str(cdp__writer *w, unsigned major, const char *p, size_t n)
{
    if (major == CBOR_TEXT) {
        if (cdp__ascii_run(p, n) != n && cdp__utf8_check(p, n, false) != n)
            return fail(w, CDP_EDECODE, "invalid UTF-8");
        return cdp__write_str(w, p, n);
    }
    size_t room = n / 2 * 3 + 1;
    char *text = cdp__alloc(w->out->allocator, room);
    if (!text)
        return fail(w, CDP_ENOMEM, "out of memory");
    size_t len = cdp__utf16_to_utf8(text, (const uint8_t *)p, n);
    int rc = cdp__write_str(w, text, len);
    cdp__dealloc(w->out->allocator, text, room);
    return rc;
}

static const char *put_cbor_string_at(cdp__writer *w, const char *p, const char *end)
{
    unsigned major;
    const char *text;
    size_t n;
    const char *q = cbor_string(p, end, &major, &text, &n);

    if (!q) {
        fail(w, CDP_EDECODE, "malformed CBOR");
        return NULL;
    }
    return put_cbor_str(w, major, text, n) == 0 ? q : NULL;
}

static const char *put_cbor(cdp__writer *w, const char *p, const char *end);

static const char *put_cbor_container(cdp__writer *w, const char *p, const char *end)
{
    const char *close;
    bool map;

    p = cbor_open(p, end, &close, &map);
    if (!p) {
        fail(w, CDP_EDECODE, "malformed CBOR");
        return NULL;
    }
    const char kind = map ? '{' : '[';
    size_t begin = cdp__write_begin(w, kind);
    if (w->fault->status)
        return NULL;
    while (p < close) {
        if (map) {
            if (!(p = put_cbor_string_at(w, p, close)))
                return NULL;
            if (w->wire == CDP_JSON)
                cdp__buf_byte(w->out, ':');
        }
        if (!(p = put_cbor(w, p, close)))
            return NULL;
        cdp__write_next(w);
    }
    cdp__write_end(w, begin, kind);
    return p + 1;
}

static const char *put_cbor_scalar(cdp__writer *w, const char *p, const char *end)
{
    const char *next = cdp__cbor_skip(p, end);
    unsigned major = 0;
    uint64_t v = 0;
    double d;

    if (!next) {
        fail(w, CDP_EDECODE, "malformed CBOR");
        return NULL;
    }
    switch (cbor_u8(p)) {
    case CBOR_TRUE:
    case CBOR_FALSE:
        cdp__write_bool(w, cbor_u8(p) == CBOR_TRUE);
        return next;
    case CBOR_NULL:
        cdp__write_null(w);
        return next;
    case CBOR_DOUBLE:
        v = cbor_big_endian(p + 1, 8);
        memcpy(&d, &v, sizeof d);
        cdp__write_num(w, d);
        return next;
    case CBOR_BINARY_TAG:
        p = cbor_head(p + 1, end, &major, &v);
        cdp__write_bytes(w, (const uint8_t *)p, (size_t)v);
        return next;
    default:
        cbor_head(p, end, &major, &v);
        cdp__write_int(w, major == CBOR_NEGATIVE ? -1 - (int64_t)v : (int64_t)v);
        return next;
    }
}

/* A CBOR value into a message of either encoding: its envelopes may have to change. */
static const char *put_cbor(cdp__writer *w, const char *p, const char *end)
{
    if (p < end && cbor_u8(p) == CBOR_ENVELOPE)
        return put_cbor_container(w, p, end);
    if (p < end && (cbor_u8(p) >> 5 == CBOR_TEXT || cbor_u8(p) >> 5 == CBOR_BYTES))
        return put_cbor_string_at(w, p, end);
    return put_cbor_scalar(w, p, end);
}

/* ---- either ------------------------------------------------------------ */

static int paste_json(cdp__writer *w, cdp_value v)
{
    const char *end = v.ptr + v.len, *bad = v.ptr, *why = "";
    const char *p = blank(v.ptr, end);
    const char *q = cdp__json_skip(p, end, w->max_depth - w->depth, &bad, &why);

    if (q && blank(q, end) != end) {
        bad = q;
        why = "more than one value";
        q = NULL;
    }
    if (!q)
        return skip_fault(w, why, bad, v.ptr);
    if (w->wire == CDP_JSON)
        cdp__buf_put(w->out, p, (size_t)(q - p));
    else
        put_json(w, p, q);
    return cdp__write_status(w);
}

int cdp__write_value(cdp__writer *w, cdp_value v)
{
    if (!v.ptr)
        return fail(w, CDP_EINVAL, "value expected");
    if (v.wire == CDP_JSON)
        return paste_json(w, v);
    const char *end = put_cbor(w, v.ptr, v.ptr + v.len);
    if (end && end != v.ptr + v.len)
        return fail(w, CDP_EDECODE, "malformed CBOR");
    return cdp__write_status(w);
}
