/* json.c - stepping over JSON values with the whole grammar checked (RFC 8259). */
#include "json.h"

static const char *space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

const char *cdp__json_number_end(const char *p, const char *end)
{
    const char *q;

    if (p < end && *p == '-')
        p++;
    q = p;
    p = digits(p, end);
    if (p == q || (*q == '0' && p - q > 1))
        return NULL;
    if (p < end && *p == '.') {
        q = ++p;
        if ((p = digits(p, end)) == q)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        q = p;
        if ((p = digits(p, end)) == q)
            return NULL;
    }
    return p;
}

static const char *word(const char *p, const char *end, const char *text, size_t n)
{
    return (size_t)(end - p) >= n && memcmp(p, text, n) == 0 ? p + n : NULL;
}

static const char *scalar(const char *p, const char *end, const char **bad, const char **why)
{
    const char *q = NULL;
    bool escaped;

    *bad = p;
    *why = "value expected";
    if (p == end)
        return NULL;
    switch (*p) {
    case '"':
        *why = "invalid string";
        q = cdp__json_string_end(p + 1, end, &escaped, bad);
        return q ? q + 1 : NULL;
    case 't':
        return word(p, end, "true", 4);
    case 'f':
        return word(p, end, "false", 5);
    case 'n':
        return word(p, end, "null", 4);
    default:
        if (*p == '-' || (*p >= '0' && *p <= '9')) {
            *why = "invalid number";
            q = cdp__json_number_end(p, end);
        }
        return q;
    }
}

static const char *key(const char *p, const char *end, const char **bad, const char **why)
{
    bool escaped;

    *bad = p;
    *why = "member name expected";
    if (p == end || *p != '"')
        return NULL;
    *why = "invalid string";
    p = cdp__json_string_end(p + 1, end, &escaped, bad);
    if (!p)
        return NULL;
    p = space(p + 1, end);
    *bad = p;
    *why = "':' expected";
    return p < end && *p == ':' ? space(p + 1, end) : NULL;
}

/* Iterative, so that depth costs no stack: bit d of `objects` says what level d is. */
static const char *container(const char *p, const char *end, int max_depth, const char **bad,
                             const char **why)
{
    uint64_t objects[(CDP__DEPTH_MAX + 63) / 64];
    int depth = 0;

    objects[0] = 0;
    if (max_depth > CDP__DEPTH_MAX)
        max_depth = CDP__DEPTH_MAX;
    for (;;) {
        /* a value starts at p */
        if (p < end && (*p == '{' || *p == '[')) {
            bool object = *p == '{';
            if (depth == max_depth) {
                *bad = p;
                *why = "nested too deeply";
                return NULL;
            }
            uint64_t bit = (uint64_t)1 << (depth & 63);
            uint64_t *level = &objects[depth >> 6];
            if (bit == 1)
                *level = 0;
            *level = object ? *level | bit : *level & ~bit;
            depth++;
            p = space(p + 1, end);
            if (p < end && *p == (object ? '}' : ']')) {
                p++;
                depth--;
            } else {
                if (object && !(p = key(p, end, bad, why)))
                    return NULL;
                continue;
            }
        } else if (!(p = scalar(p, end, bad, why))) {
            return NULL;
        }
        /* a value ended at p */
        for (;;) {
            if (depth == 0)
                return p;
            bool object = objects[(depth - 1) >> 6] >> ((depth - 1) & 63) & 1;
            p = space(p, end);
            if (p < end && *p == ',') {
                p = space(p + 1, end);
                if (object && !(p = key(p, end, bad, why)))
                    return NULL;
                break;
            }
            if (p == end || *p != (object ? '}' : ']')) {
                *bad = p;
                *why = object ? "',' or '}' expected" : "',' or ']' expected";
                return NULL;
            }
            p++;
            depth--;
        }
    }
}

const char *cdp__json_skip(const char *p, const char *end, int max_depth, const char **bad,
                           const char **why)
{
    if (p < end && (*p == '{' || *p == '['))
        return container(p, end, max_depth, bad, why);
    return scalar(p, end, bad, why);
}
