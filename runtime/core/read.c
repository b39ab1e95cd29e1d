/* read.c - decoding's slow paths: whatever real peers seldom send, and what is wrong. */
#include "read.h"

#include "cbor.h"
#include "json.h"
#include "num.h"

#include <math.h>

/* Decoded text has a NUL, and may be read 16 bytes far (cdp__same). */
enum { TAIL = 17 };

/* ---- faults ------------------------------------------------------------ */

void cdp__fault_clear(cdp__fault *f)
{
    f->status = 0;
    f->why = "";
    f->at = 0;
    f->path_start = CDP__PATH - 1;
    f->path[CDP__PATH - 1] = 0;
}

int cdp__fault_set(cdp__fault *f, int status, const char *why)
{
    cdp__fault_clear(f);
    f->status = status;
    f->why = why;
    return status;
}

/* Puts a step in front of the path. */
static void prepend(cdp__fault *f, const char *p, size_t n)
{
    bool last = f->path[f->path_start] == 0;

    if (n + 1 > f->path_start) {
        memcpy(f->path, "...", 3);
        return;
    }
    if (!last)
        f->path[--f->path_start] = '.';
    f->path_start -= n;
    memcpy(f->path + f->path_start, p, n);
}

void cdp__fault_member(cdp__fault *f, const char *name, size_t len)
{
    prepend(f, name, len);
}

void cdp__fault_item(cdp__fault *f, size_t index)
{
    char digits[CDP__NUM_MAX];

    prepend(f, digits, cdp__int_write(digits, (int64_t)index));
}

char *cdp__read_fail_as(cdp__reader *r, const char *p, int status, const char *why)
{
    if (r->fault->status == 0) { /* the first is the cause */
        cdp__fault_set(r->fault, status, why);
        r->fault->at = (size_t)(p - r->begin);
    }
    return NULL;
}

char *cdp__read_fail(cdp__reader *r, const char *p, const char *why)
{
    return cdp__read_fail_as(r, p, CDP_EDECODE, why);
}

/* ---- both -------------------------------------------------------------- */

static void find_field(cdp__keys *k, cdp_str key)
{
    k->found = NULL;
    for (unsigned i = 0; i < k->n; i++) {
        const cdp__field *f = &k->field[i];
        if (f->name_len == key.len && memcmp(k->names + f->name, key.ptr, key.len) == 0) {
            k->found = f;
            k->next = i + 1;
            return;
        }
    }
}

int32_t cdp__clamp(double d)
{
    if (isnan(d))
        return 0;
    return d >= INT32_MAX ? INT32_MAX : d <= INT32_MIN ? INT32_MIN : (int32_t)d;
}

char *cdp__skip(cdp__reader *r, char *p, cdp_value *slice)
{
    const char *end, *bad = p, *why = "malformed CBOR";

    if (r->wire == CDP_JSON)
        end = cdp__json_skip(p, r->end, CDP__DEPTH_MAX - r->depth, &bad, &why);
    else
        end = cdp__cbor_skip(p, r->end);
    if (!end)
        return cdp__read_fail(r, bad, why);
    if (slice)
        *slice = (cdp_value){ p, (size_t)(end - p), r->wire };
    return p + (end - p);
}

/* d as the nearest int32, with its text from p to end where that differs. */
static char *odd_number(cdp__reader *r, char *p, char *end, double d, int32_t *out)
{
    *out = cdp__clamp(d);
    return *out != d && r->rigour == CDP__STRICT ? cdp__read_fail(r, p, "int32 expected") : end;
}

/* ---- JSON -------------------------------------------------------------- */

/* Decodes the string at p, whose first escape is at q.  The memory is what the rest of the
 * input could take; most of it is given back. */
static char *escaped_token(cdp__reader *r, char *p, const char *q, cdp_str *out)
{
    const size_t plain = (size_t)(q - p - 1), room = (size_t)(r->end - p) + CDP__PAD;
    char *text = cdp__msg_alloc(r->msg, room), *end;
    const char *stop;

    if (!text)
        return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
    memcpy(text, p + 1, plain);
    end = cdp__json_decode(text + plain, q, r->end, &stop);
    if (!end)
        return cdp__read_fail(r, stop, "invalid string");
    *out = cdp_sn(text, (size_t)(end - text));
    *end = 0;
    cdp__msg_shrink(r->msg, text, room, out->len + TAIL);
    return p + (stop - p) + 1;
}

char *cdp__json_rare_token(cdp__reader *r, char *p, cdp_str *out, char **end)
{
    bool escaped;
    const char *bad;
    const char *q = cdp__json_plain(p + 1);

    *end = NULL; /* has its NUL */
    if (*q == '\\')
        return escaped_token(r, p, q, out);
    q = cdp__json_string_end(q, r->end, &escaped, &bad);
    if (!q)
        return cdp__read_fail(r, bad, "invalid string");
    if (escaped)
        return escaped_token(r, p, p + 1, out);
    *out = cdp_sn(p + 1, (size_t)(q - p - 1));
    *end = p + (q - p);
    return *end + 1;
}

char *cdp__json_rare_key(cdp__reader *r, char *p, cdp__keys *k, cdp_str *key)
{
    char *end;

    p = cdp__json_rare_token(r, p, key, &end);
    if (!p)
        return NULL;
    p = cdp__json_space(p);
    if (*p != ':')
        return cdp__read_fail(r, p, "':' expected");
    find_field(k, *key);
    return cdp__json_space(p + 1);
}

char *cdp__json_rare_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd)
{
    double d;
    int overflow = 0;
    const char *end = cdp__num_read(p, &d, &overflow);

    if (!end || !cdp__json_is_end(*end))
        return cdp__read_fail(r, p, overflow ? "number out of range" : "number expected");
    if (cdp__clamp(d) != d)
        *odd = cdp_sn(p, (size_t)(end - p));
    return odd_number(r, p, p + (end - p), d, out);
}

/* ---- CBOR -------------------------------------------------------------- */

const char *cdp__cbor_skip(const char *p, const char *end)
{
    unsigned major;
    uint64_t n;
    const char *q, *close;
    bool map;

    if (p >= end)
        return NULL;
    switch (cbor_u8(p)) {
    case CBOR_ENVELOPE:
        return cbor_open(p, end, &close, &map) ? close + 1 : NULL;
    case CBOR_FALSE:
    case CBOR_TRUE:
    case CBOR_NULL:
        return p + 1;
    case CBOR_DOUBLE:
        return end - p >= 9 ? p + 9 : NULL;
    case CBOR_BINARY_TAG:
        q = cbor_head(p + 1, end, &major, &n);
        return q && major == CBOR_BYTES && n <= (size_t)(end - q) ? q + n : NULL;
    default:
        q = cbor_head(p, end, &major, &n);
        if (!q || major > CBOR_TEXT)
            return NULL;
        if (major <= CBOR_NEGATIVE)
            return n <= INT32_MAX ? q : NULL;
        return n <= (size_t)(end - q) && !(major == CBOR_BYTES && n & 1) ? q + n : NULL;
    }
}

/* Text beyond ASCII: checked UTF-8 stays where it is, UTF-16 is converted. */
char *cdp__cbor_rare_str(cdp__reader *r, char *p, cdp_str *out)
{
    unsigned major;
    const char *text;
    size_t n;
    const char *next = cbor_string(p, r->end, &major, &text, &n);
    char *nul = NULL;

    if (!next)
        return cdp__read_fail(r, p, "string expected");
    char *end = p + (next - p);
    if (major == CBOR_TEXT) {
        if (cdp__utf8_check(text, n, false) != n)
            return cdp__read_fail(r, p, "invalid UTF-8");
        *out = cdp_sn(text, n);
        nul = end;
    } else {
        char *copy = cdp__msg_alloc(r->msg, n / 2 * 3 + TAIL);
        if (!copy)
            return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
        size_t len = cdp__utf16_to_utf8(copy, (const uint8_t *)text, n);
        copy[len] = 0;
        *out = cdp_sn(copy, len);
    }
    if (r->nul)
        *r->nul = 0;
    r->nul = nul;
    return end;
}

char *cdp__cbor_rare_key(cdp__reader *r, char *p, cdp__keys *k, cdp_str *key)
{
    p = cdp__cbor_rare_str(r, p, key);
    r->nul = NULL; /* keys need none, and their value's head must stay */
    if (p)
        find_field(k, *key);
    return p;
}

char *cdp__cbor_rare_int(cdp__reader *r, char *p, int32_t *out, cdp_str *odd)
{
    uint64_t bits;
    double d;

    if (r->end - p < 9 || cbor_u8(p) != CBOR_DOUBLE)
        return cdp__read_fail(r, p, "int32 expected");
    bits = cbor_big_endian(p + 1, 8);
    memcpy(&d, &bits, sizeof d);
    if (cdp__clamp(d) != d) {
        char *text = cdp__msg_alloc(r->msg, CDP__NUM_MAX);
        if (!text)
            return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
        *odd = cdp_sn(text, cdp__num_write(text, d));
    }
    return odd_number(r, p, p + 9, d, out);
}
