/* plain_text.c - see plain_text.h. */
#include "plain_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint32_t text_seed;

uint32_t random_below(uint32_t n)
{
    text_seed = text_seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)text_seed * n >> 32);
}

/* n bytes at the very end of a block; for tight_free(). */
void *tight(const void *p, size_t n)
{
    char *whole = malloc(n + 1);

    assert_non_null(whole);
    if (p && n)
        memcpy(whole + 1, p, n);
    return whole + 1;
}

void tight_free(void *p)
{
    free((char *)p - 1);
}

/* ---- the obvious -------------------------------------------------------- */

/* Table 3-7 of the Unicode standard. */
static size_t plain_utf8_length(const unsigned char *p, size_t n, bool wtf8)
{
    static const unsigned char rows[][6] = {
        /* first byte, second byte, length */
        { 0x00, 0x7f, 0, 0, 1, 0 },       { 0xc2, 0xdf, 0x80, 0xbf, 2, 0 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3, 0 }, { 0xe1, 0xec, 0x80, 0xbf, 3, 0 },
        { 0xed, 0xed, 0x80, 0x9f, 3, 0 }, { 0xed, 0xed, 0xa0, 0xbf, 3, 1 /* WTF-8 */ },
        { 0xee, 0xef, 0x80, 0xbf, 3, 0 }, { 0xf0, 0xf0, 0x90, 0xbf, 4, 0 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4, 0 }, { 0xf4, 0xf4, 0x80, 0x8f, 4, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const unsigned char *r = rows[i];
        size_t length = r[4], j;
        if (p[0] < r[0] || p[0] > r[1] || n < length || (r[5] && !wtf8))
            continue;
        if (length > 1 && (p[1] < r[2] || p[1] > r[3]))
            continue;
        for (j = 2; j < length && p[j] >= 0x80 && p[j] <= 0xbf; j++)
            ;
        if (length < 2 || j == length)
            return length;
    }
    return 0;
}

size_t plain_utf8_check(const char *p, size_t n, bool wtf8)
{
    size_t i = 0, length;

    while (i < n && (length = plain_utf8_length((const unsigned char *)p + i, n - i, wtf8)))
        i += length;
    return i;
}

static bool plain_is_hex(char c)
{
    return c && strchr("0123456789abcdefABCDEF", c);
}

const char *plain_string_end(const char *p, const char *end, bool *escaped, const char **bad)
{
    *escaped = false;
    while (p < end) {
        *bad = p;
        if (*p == '"')
            return p;
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p != '\\') {
            size_t n = plain_utf8_length((const unsigned char *)p, (size_t)(end - p), false);
            if (!n)
                return NULL;
            p += n;
            continue;
        }
        *escaped = true;
        if (++p == end)
            break;
        if (!*p || !strchr("\"\\/bfnrtu", *p))
            return NULL;
        if (*p++ != 'u')
            continue;
        for (int i = 0; i < 4; i++, p++)
            if (p == end || !plain_is_hex(*p))
                return NULL;
    }
    *bad = end;
    return NULL;
}

static unsigned plain_hex4(const char *p)
{
    char digits[5] = { p[0], p[1], p[2], p[3], 0 };

    return (unsigned)strtoul(digits, NULL, 16);
}

char *plain_put(char *out, unsigned c)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (int i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(n == 1 ? c : lead[n] | c);
    return out + n;
}

size_t plain_unescape(char *out, const char *p, const char *end)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char *start = out;

    while (p < end) {
        if (*p != '\\') {
            *out++ = *p++;
        } else if (p[1] != 'u') {
            *out++ = to[strchr(from, p[1]) - from];
            p += 2;
        } else {
            unsigned c = plain_hex4(p + 2), low;
            p += 6;
            if (c >= 0xd800 && c <= 0xdbff && end - p >= 6 && memcmp(p, "\\u", 2) == 0 &&
                (low = plain_hex4(p + 2)) >= 0xdc00 && low <= 0xdfff) {
                c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
                p += 6;
            }
            out = plain_put(out, c);
        }
    }
    return (size_t)(out - start);
}

static unsigned plain_get(const unsigned char *p, size_t length)
{
    static const unsigned char keep[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    unsigned c = p[0] & keep[length];

    for (size_t i = 1; i < length; i++)
        c = c << 6 | (p[i] & 0x3f);
    return c;
}

char *plain_escape(char *out, const char *p, size_t n)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

    for (size_t i = 0, length; i < n; i += length) {
        const char *at = p[i] ? strchr(from, p[i]) : NULL;
        length = plain_utf8_length((const unsigned char *)p + i, n - i, true);
        if (!length)
            return NULL;
        unsigned c = plain_get((const unsigned char *)p + i, length);
        if (at)
            out += sprintf(out, "\\%c", to[at - from]);
        else if (c >= 0x10000)
            out += sprintf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                           0xdc00 + ((c - 0x10000) & 0x3ff));
        else if (c < 0x20 || c > 0x7f)
            out += sprintf(out, "\\u%04x", c);
        else
            *out++ = (char)c;
    }
    return out;
}
