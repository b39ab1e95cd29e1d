/*
 * value.c - <cdp/value.h>: reading slices of messages, in either encoding.
 *
 * Slices may come from anywhere, so everything is bounded by their length and checked when it
 * is read.
 */
#include <cdp/value.h>

#include "cbor.h"
#include "json.h"
#include "num.h"

#include <stdlib.h>

static const cdp_value absent;

static const char *blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static cdp_value trimmed(cdp_value v)
{
    if (v.ptr && v.wire == CDP_JSON) {
        const char *p = blank(v.ptr, v.ptr + v.len);
        v.len -= (size_t)(p - v.ptr);
        v.ptr = p;
    }
    return v;
}

static cdp_value_type cbor_typeof(cdp_value v)
{
    const char *close;
    bool map;
    unsigned head = cbor_u8(v.ptr);

    if (cdp__cbor_skip(v.ptr, v.ptr + v.len) != v.ptr + v.len)
        return CDP_VALUE_ABSENT;
    switch (head) {
    case CBOR_NULL:
        return CDP_VALUE_NULL;
    case CBOR_TRUE:
    case CBOR_FALSE:
        return CDP_VALUE_BOOL;
    case CBOR_ENVELOPE:
        cbor_open(v.ptr, v.ptr + v.len, &close, &map);
        return map ? CDP_VALUE_OBJECT : CDP_VALUE_ARRAY;
    case CBOR_BINARY_TAG:
        return CDP_VALUE_STRING;
    default:
        return head >> 5 == CBOR_TEXT || head >> 5 == CBOR_BYTES ? CDP_VALUE_STRING
                                                                 : CDP_VALUE_NUMBER;
    }
}

/* v is that word, or number, and nothing else. */
static bool is_scalar(cdp_value v, const char *word)
{
    const char *end = v.ptr + v.len, *p;

    if (word) {
        size_t n = strlen(word);
        p = v.len >= n && memcmp(v.ptr, word, n) == 0 ? v.ptr + n : NULL;
    } else {
        p = cdp__json_number_end(v.ptr, end);
    }
    return p && blank(p, end) == end;
}

cdp_value_type cdp_value_typeof(cdp_value v)
{
    v = trimmed(v);
    if (!v.ptr || v.len == 0)
        return CDP_VALUE_ABSENT;
    if (v.wire == CDP_CBOR)
        return cbor_typeof(v);
    switch (*v.ptr) {
    case '{':
        return CDP_VALUE_OBJECT;
    case '[':
        return CDP_VALUE_ARRAY;
    case '"':
        return CDP_VALUE_STRING;
    case 't':
        return is_scalar(v, "true") ? CDP_VALUE_BOOL : CDP_VALUE_ABSENT;
    case 'f':
        return is_scalar(v, "false") ? CDP_VALUE_BOOL : CDP_VALUE_ABSENT;
    case 'n':
        return is_scalar(v, "null") ? CDP_VALUE_NULL : CDP_VALUE_ABSENT;
    default:
        return is_scalar(v, NULL) ? CDP_VALUE_NUMBER : CDP_VALUE_ABSENT;
    }
}

/* ---- scalars ----------------------------------------------------------- */

bool cdp_value_bool(cdp_value v, bool fallback)
{
    if (cdp_value_typeof(v) != CDP_VALUE_BOOL)
        return fallback;
    return v.wire == CDP_CBOR ? cbor_u8(v.ptr) == CBOR_TRUE : *trimmed(v).ptr == 't';
}

/* The reader wants a byte behind the number, which a slice may lack. */
static double json_number(cdp_value v, double fallback)
{
    char small[64], *copy = small;
    double d = fallback;
    int overflow = 0;
    const char *end = cdp__json_number_end(v.ptr, v.ptr + v.len);
    size_t n = (size_t)(end - v.ptr);

    if (n >= sizeof small && !(copy = malloc(n + 1)))
        return fallback;
    memcpy(copy, v.ptr, n);
    copy[n] = 0;
    if (!cdp__num_read(copy, &d, &overflow))
        d = fallback;
    if (copy != small)
        free(copy);
    return d;
}

double cdp_value_num(cdp_value v, double fallback)
{
    unsigned major;
    uint64_t u;
    double d;

    v = trimmed(v);
    if (cdp_value_typeof(v) != CDP_VALUE_NUMBER)
        return fallback;
    if (v.wire == CDP_JSON)
        return json_number(v, fallback);
    if (cbor_u8(v.ptr) == CBOR_DOUBLE) {
        u = cbor_big_endian(v.ptr + 1, 8);
        memcpy(&d, &u, sizeof d);
        return d;
    }
    if (!cbor_head(v.ptr, v.ptr + v.len, &major, &u))
        return fallback;
    return major == CBOR_NEGATIVE ? -1 - (double)u : (double)u;
}

int64_t cdp_value_int(cdp_value v, int64_t fallback)
{
    const double most = 9007199254740992.0;
    double d = cdp_value_num(v, 0.5);

    return d >= -most && d <= most && d == (double)(int64_t)d ? (int64_t)d : fallback;
}

/* ---- strings ----------------------------------------------------------- */

/* The raw inside of a string, and how it is to be read. */
typedef struct raw {
    const char *p;
    size_t n;
    enum { PLAIN, ESCAPED, UTF16, BINARY } form;
} raw;

static bool raw_string(cdp_value v, raw *out)
{
    v = trimmed(v);
    if (cdp_value_typeof(v) != CDP_VALUE_STRING)
        return false;
    const char *end = v.ptr + v.len;
    if (v.wire == CDP_JSON) {
        bool escaped;
        const char *bad, *q = cdp__json_string_end(v.ptr + 1, end, &escaped, &bad);
        if (!q || blank(q + 1, end) != end)
            return false;
        *out = (raw){ v.ptr + 1, (size_t)(q - v.ptr - 1), escaped ? ESCAPED : PLAIN };
        return true;
    }
    bool binary = cbor_u8(v.ptr) == CBOR_BINARY_TAG;
    unsigned major = 0;
    uint64_t n = 0;
    const char *p = cbor_head(v.ptr + binary, end, &major, &n);
    *out = (raw){ p, (size_t)n, binary ? BINARY : major == CBOR_BYTES ? UTF16 : PLAIN };
    return binary || major == CBOR_BYTES || cdp__utf8_check(p, (size_t)n, false) == n;
}

static size_t decoded_room(const raw *s)
{
    return s->form == UTF16 ? s->n / 2 * 3 : s->form == BINARY ? (s->n + 2) / 3 * 4 : s->n;
}

static size_t decode(const raw *s, char *out)
{
    switch (s->form) {
    case ESCAPED:
        return cdp__json_unescape(out, s->p, s->p + s->n);
    case UTF16:
        return cdp__utf16_to_utf8(out, (const uint8_t *)s->p, s->n);
    case BINARY:
        return cdp__base64_encode(out, (const uint8_t *)s->p, s->n);
    case PLAIN:
        break;
    }
    if (s->n)
        memcpy(out, s->p, s->n);
    return s->n;
}

cdp_str cdp_value_str(const void *msg, cdp_value v)
{
    cdp_str out = { 0 };
    raw s;
    cdp__msg *m = msg ? cdp__msg_of(msg) : NULL;
    char *p = m && raw_string(v, &s) ? cdp__msg_alloc(m, decoded_room(&s) + 1) : NULL;

    if (p) {
        out.len = decode(&s, p);
        p[out.len] = 0;
        out.ptr = p;
    }
    return out;
}

bool cdp_value_str_eq(cdp_value v, const char *text)
{
    size_t n = strlen(text);
    char small[256], *copy = small;
    raw s;

    if (!raw_string(v, &s))
        return false;
    if (s.form == PLAIN)
        return s.n == n && memcmp(s.p, text, n) == 0;
    size_t room = decoded_room(&s);
    if (room > n * 6 + 6) /* no escape is longer than six times what it stands for */
        return false;
    if (room > sizeof small && !(copy = malloc(room)))
        return false;
    bool eq = decode(&s, copy) == n && memcmp(copy, text, n) == 0;
    if (copy != small)
        free(copy);
    return eq;
}

/* ---- containers -------------------------------------------------------- */

cdp_cursor cdp_cursor_begin(cdp_value v)
{
    cdp_cursor c = { 0 };
    const char *close;
    bool map;

    v = trimmed(v);
    c.wire = v.wire;
    cdp_value_type type = cdp_value_typeof(v);
    if (type == CDP_VALUE_ABSENT && v.ptr)
        c.error = CDP_EDECODE;
    if (type != CDP_VALUE_ARRAY && type != CDP_VALUE_OBJECT)
        return c;
    c.kind = type == CDP_VALUE_OBJECT ? '{' : '[';
    if (v.wire == CDP_CBOR) {
        c.p = cbor_open(v.ptr, v.ptr + v.len, &close, &map);
        c.end = close;
    } else {
        c.end = v.ptr + v.len;
        c.p = blank(v.ptr + 1, c.end);
    }
    return c;
}

static bool cursor_fail(cdp_cursor *c)
{
    c->p = NULL;
    c->error = CDP_EDECODE;
    c->key = c->value = absent;
    return false;
}

static bool next_json(cdp_cursor *c)
{
    const char *bad, *why, close = c->kind == '{' ? '}' : ']';
    bool first = !c->value.ptr;
    const char *p = blank(c->p, c->end);

    if (p < c->end && *p == close) {
        if (blank(p + 1, c->end) != c->end)
            return cursor_fail(c);
        c->p = NULL;
        return false;
    }
    if (!first) {
        if (p == c->end || *p != ',')
            return cursor_fail(c);
        p = blank(p + 1, c->end);
    }
    if (c->kind == '{') {
        const char *q = p < c->end && *p == '"' ? cdp__json_skip(p, c->end, 1, &bad, &why) : NULL;
        if (!q)
            return cursor_fail(c);
        c->key = (cdp_value){ p, (size_t)(q - p), CDP_JSON };
        p = blank(q, c->end);
        if (p == c->end || *p != ':')
            return cursor_fail(c);
        p = blank(p + 1, c->end);
    }
    const char *q = cdp__json_skip(p, c->end, CDP__DEPTH_MAX, &bad, &why);
    if (!q)
        return cursor_fail(c);
    c->value = (cdp_value){ p, (size_t)(q - p), CDP_JSON };
    c->p = q;
    return true;
}

static bool next_cbor(cdp_cursor *c)
{
    const char *q, *text;
    unsigned major;
    size_t n;

    if (c->p == c->end) {
        c->p = NULL;
        return false;
    }
    if (c->kind == '{') {
        q = cbor_string(c->p, c->end, &major, &text, &n);
        if (!q)
            return cursor_fail(c);
        c->key = (cdp_value){ c->p, (size_t)(q - c->p), CDP_CBOR };
        c->p = q;
    }
    q = cdp__cbor_skip(c->p, c->end);
    if (!q)
        return cursor_fail(c);
    c->value = (cdp_value){ c->p, (size_t)(q - c->p), CDP_CBOR };
    c->p = q;
    return true;
}

bool cdp_cursor_next(cdp_cursor *c)
{
    if (!c->p)
        return false;
    return c->wire == CDP_CBOR ? next_cbor(c) : next_json(c);
}

cdp_value cdp_value_get(cdp_value object, const char *key)
{
    cdp_value found = absent;
    cdp_cursor c = cdp_cursor_begin(object);

    if (c.kind != '{')
        return absent;
    while (cdp_cursor_next(&c))
        if (cdp_value_str_eq(c.key, key))
            found = c.value;
    return c.error ? absent : found;
}

cdp_value cdp_value_at(cdp_value array, size_t i)
{
    cdp_cursor c = cdp_cursor_begin(array);

    if (c.kind != '[')
        return absent;
    while (cdp_cursor_next(&c))
        if (i-- == 0)
            return c.value;
    return absent;
}

size_t cdp_value_count(cdp_value v)
{
    size_t n = 0;
    cdp_cursor c = cdp_cursor_begin(v);

    while (cdp_cursor_next(&c))
        n++;
    return c.error ? 0 : n;
}

cdp_value cdp_value_path(cdp_value v, const char *path)
{
    char step[128];

    while (*path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof step)
            return absent;
        memcpy(step, path, n);
        step[n] = 0;
        if (cdp_value_typeof(v) == CDP_VALUE_ARRAY) {
            char *end;
            unsigned long i = strtoul(step, &end, 10);
            v = *end || end == step ? absent : cdp_value_at(v, i);
        } else {
            v = cdp_value_get(v, step);
        }
        path += n + (path[n] == '.');
    }
    return v;
}

/* ---- equality ---------------------------------------------------------- */

static bool same_text(cdp_value a, cdp_value b)
{
    raw x, y;

    if (!raw_string(a, &x) || !raw_string(b, &y))
        return false;
    if (x.form == y.form && x.n == y.n && memcmp(x.p, y.p, x.n) == 0)
        return true;
    if (x.form == PLAIN && y.form == PLAIN)
        return false;
    size_t room = decoded_room(&x);
    char *text = malloc(room + decoded_room(&y) + 1);
    size_t n = text ? decode(&x, text) : 0;
    bool same = text && decode(&y, text + room) == n && memcmp(text, text + room, n) == 0;
    free(text);
    return same;
}

static cdp_value member(cdp_value object, cdp_value key)
{
    cdp_cursor c = cdp_cursor_begin(object);

    while (cdp_cursor_next(&c))
        if (same_text(c.key, key))
            return c.value;
    return absent;
}

/* Members mostly come in the same order. */
static bool same_content(cdp_value a, cdp_value b, bool object)
{
    cdp_cursor ca = cdp_cursor_begin(a), cb = cdp_cursor_begin(b);

    while (cdp_cursor_next(&ca)) {
        if (!cdp_cursor_next(&cb))
            return false;
        bool in_step = !object || same_text(ca.key, cb.key);
        if (!cdp_value_equal(ca.value, in_step ? cb.value : member(b, ca.key)))
            return false;
    }
    return !cdp_cursor_next(&cb) && !ca.error && !cb.error;
}

bool cdp_value_equal(cdp_value a, cdp_value b)
{
    cdp_value_type type = cdp_value_typeof(a);

    if (type != cdp_value_typeof(b))
        return false;
    switch (type) {
    case CDP_VALUE_ABSENT:
        return !a.ptr && !b.ptr;
    case CDP_VALUE_NULL:
        return true;
    case CDP_VALUE_BOOL:
        return cdp_value_bool(a, false) == cdp_value_bool(b, false);
    case CDP_VALUE_NUMBER:
        return cdp_value_num(a, 0) == cdp_value_num(b, 0);
    case CDP_VALUE_STRING:
        return same_text(a, b);
    default:
        return same_content(a, b, type == CDP_VALUE_OBJECT);
    }
}

/* ---- copies ------------------------------------------------------------ */

/* v written anew, with room for a root struct that the caller fills from *bytes. */
static int rewrite(cdp_value v, cdp_wire wire, size_t root_size, void **root, cdp_str *bytes)
{
    cdp__fault fault;
    cdp__pool *pool = cdp__pool_new(NULL);
    cdp__msg *m = NULL;

    *root = NULL;
    if (!pool)
        return CDP_ENOMEM;
    cdp__buf buf = { .allocator = cdp__pool_allocator(pool) };
    cdp__writer w = { &buf, wire, false, 0, CDP__DEPTH_MAX, &fault };
    cdp__fault_clear(&fault);
    int rc = cdp__write_value(&w, v);
    if (rc == 0) {
        m = cdp__msg_new(pool, buf.len + root_size + 64);
        rc = CDP_ENOMEM;
        *root = m ? cdp__msg_root(m, root_size) : NULL;
        if (*root)
            *bytes = cdp__msg_text(m, buf.ptr, buf.len);
        if (*root && bytes->ptr)
            rc = 0;
    }
    if (rc < 0) {
        cdp__msg_unref(m);
        *root = NULL;
    }
    cdp__buf_free(&buf);
    cdp__pool_unref(pool);
    /* what v holds is wrong, not what the caller did, unless there is no v */
    return rc == CDP_EINVAL && v.ptr ? CDP_EDECODE : rc;
}

int cdp_value_text(cdp_value v, cdp_str **text)
{
    void *root;
    cdp_str bytes;
    int rc = rewrite(v, CDP_JSON, sizeof **text, &root, &bytes);

    *text = root;
    if (rc == 0)
        **text = bytes;
    return rc;
}

int cdp_value_copy(cdp_value v, cdp_wire wire, cdp_value **copy)
{
    void *root;
    cdp_str bytes;
    int rc = rewrite(v, wire, sizeof **copy, &root, &bytes);

    *copy = root;
    if (rc == 0)
        **copy = (cdp_value){ bytes.ptr, bytes.len, wire };
    return rc;
}
