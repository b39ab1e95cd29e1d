/*
 * text.c - encodings of text and bytes; see text.h.
 *
 * Everything that looks for bytes does so 16 or 64 at a time (see vec.h).  Nothing is read
 * outside of [p, end) but by cdp__json_plain(), and nothing written outside of the room that
 * text.h asks for: wide copies stop early enough.
 */
#include "text.h"

#include "text_block.h"

/* ---- UTF-8 ------------------------------------------------------------- */

static inline size_t ascii_run(const char *p, size_t n)
{
    size_t i = 0;
    unsigned mask;

    for (; n - i >= 16; i += 16)
        if ((mask = v16_mask(v16_load(p + i))))
            return i + (unsigned)__builtin_ctz(mask);
    mask = v16_mask(v16_load_some(p + i, n - i));
    return mask ? i + (unsigned)__builtin_ctz(mask) : n;
}

size_t cdp__ascii_run(const char *p, size_t n)
{
    return n ? ascii_run(p, n) : 0; /* NULL + 0 is undefined, here and below */
}

static inline bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Length of the sequence beyond ASCII at p, of which n bytes are there, or 0 where it is
 * none: not the shortest form, a surrogate, above U+10FFFF, or cut. */
static inline size_t utf8_length(const char *text, size_t n, bool wtf8)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char c = p[0];

    if (c < 0xc2 || n < 2 || !is_tail(p[1]))
        return 0;
    if (c < 0xe0)
        return 2;
    if (n < 3 || !is_tail(p[2]))
        return 0;
    if (c < 0xf0) {
        bool good = c == 0xe0 ? p[1] >= 0xa0 : c != 0xed || wtf8 || p[1] < 0xa0;
        return good ? 3 : 0;
    }
    if (n < 4 || !is_tail(p[3]) || c > 0xf4)
        return 0;
    if (c == 0xf0 ? p[1] < 0x90 : c == 0xf4 && p[1] >= 0x90)
        return 0;
    return 4;
}

static inline uint32_t utf8_get(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;

    if (length == 2)
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    if (length == 3)
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

static inline char *utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (char)(0xe0 | c >> 12);
        } else {
            *out++ = (char)(0xf0 | c >> 18);
            *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (c & 0x3f));
    return out;
}

size_t cdp__utf8_check(const char *p, size_t n, bool wtf8)
{
    size_t i = 0;

    while (i < n && (i += ascii_run(p + i, n - i)) < n) {
        do {
            size_t length = utf8_length(p + i, n - i, wtf8);
            if (length == 0)
                return i;
            i += length;
        } while (i < n && p[i] & 0x80);
    }
    return n;
}

/* ---- JSON strings ------------------------------------------------------ */

const char *cdp__json_plain(const char *p)
{
    unsigned mask;

    while (!(mask = v16_mask(v16_is_not_plain(v16_load(p)))))
        p += 16;
    return p + __builtin_ctz(mask);
}

static inline bool is_hex(char c)
{
    return (unsigned)(c - '0') < 10 || (unsigned)((c | 0x20) - 'a') < 6;
}

/* Four checked digits, without a branch: letters have bit 6, and low bits from 1 up. */
static inline uint32_t hex4(const char *p)
{
    uint32_t w = load32(p);

    w = (w & 0x0f0f0f0f) + (w >> 6 & 0x01010101) * 9;
    w = w << 4 | w >> 8;
    return (w & 0xff) << 8 | (w >> 16 & 0xff);
}

/* What stands behind a backslash and takes its value from a table. */
static const char meanings[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* p is behind a backslash. */
static bool good_escape(const char *p, const char *end)
{
    if (*p == 'u')
        return end - p > 4 && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]);
    return meanings[(unsigned char)*p] != 0;
}

/* The bytes that a backslash makes something else.  *carry: the one before the block is such
 * a backslash; then, whether the block's last one is. */
static inline uint64_t after_backslashes(uint64_t slash, uint64_t *carry)
{
    const uint64_t even = EACH(0x55);
    uint64_t after = slash << 1 | *carry;

    if (slash & after) {
        /* Of several in a row every other one is data.  Adding its first bit to such a row
         * makes it zeros, which tells rows that start at even bits from the others. */
        slash &= ~*carry;
        uint64_t first = slash & ~(slash << 1);
        uint64_t even_rows = slash & ~(slash + (first & even)), odd_rows = slash ^ even_rows;
        after = (even_rows << 1 & ~even) | (odd_rows << 1 & even) | *carry;
    }
    *carry = (slash & ~after) >> 63;
    return after;
}

static const char *fail(const char *at, const char **bad)
{
    *bad = at;
    return NULL;
}

/* Behind all non-ASCII at p, or NULL. */
static const char *skip_utf8(const char *p, const char *end, const char **bad)
{
    do {
        size_t length = utf8_length(p, (size_t)(end - p), false);
        if (length == 0)
            return fail(p, bad);
        p += length;
    } while (p < end && *p & 0x80);
    return p;
}

/* cdp__json_string_end() from the first byte that is not plain. */
static const char *odd_string_end(const char *p, const char *end, bool *escaped, const char **bad)
{
    uint64_t carry = 0;

    while (p < end) {
        size_t n = end - p < BLOCK ? (size_t)(end - p) : BLOCK;
        block b = block_load_some(p, n);
        uint64_t quotes = block_is(&b, '"'), slashes = block_is(&b, '\\');
        uint64_t odd = block_is_odd(&b) & ~bits_from(n);
        uint64_t after = after_backslashes(slashes, &carry) & ~bits_from(n);
        uint64_t stops = (quotes & ~after) | odd;
        uint64_t before = stops ? (stops & (0 - stops)) - 1 : ~(uint64_t)0;

        *escaped |= (slashes & before) != 0;
        uint64_t rare = after & before & ~(quotes | slashes | block_is(&b, 'n'));
        for (; rare; rare &= rare - 1) {
            const char *q = p + __builtin_ctzll(rare);
            if (!good_escape(q, end))
                return fail(q - 1, bad);
        }
        if (!stops) {
            p += n;
            continue;
        }
        int at = __builtin_ctzll(stops);
        if (quotes >> at & 1)
            return p + at;
        p += at;
        if (after >> at & 1)
            return fail(p - 1, bad);
        if (!(*p & 0x80))
            return fail(p, bad); /* a control */
        if (!(p = skip_utf8(p, end, bad)))
            return NULL;
        carry = 0;
    }
    return fail(end, bad);
}

const char *cdp__json_string_end(const char *p, const char *end, bool *escaped, const char **bad)
{
    *escaped = false;
    while (end - p >= 16) {
        unsigned mask = v16_mask(v16_is_not_plain(v16_load(p)));
        if (mask) {
            p += __builtin_ctz(mask);
            return *p == '"' ? p : odd_string_end(p, end, escaped, bad);
        }
        p += 16;
    }
    size_t n = (size_t)(end - p);
    unsigned mask = v16_mask(v16_is_not_plain(v16_load_some(p, n))) | 1u << n;
    p += __builtin_ctz(mask);
    return p < end && *p == '"' ? p : odd_string_end(p, end, escaped, bad);
}

/* Decodes \uXXXX at p, with its other half where it has one. */
static const char *unescape_unicode(char **out, const char *p, const char *end)
{
    uint32_t c = hex4(p + 2), low;

    p += 6;
    if ((c & 0xfc00) == 0xd800 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        low = hex4(p + 2);
        if ((low & 0xfc00) == 0xdc00) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
            p += 6;
        }
    }
    *out = utf8_put(*out, c);
    return p;
}

/* Decodes the escape at p; returns what follows it. */
static inline const char *unescape_one(char **out, const char *p, const char *end)
{
    char c = meanings[(unsigned char)p[1]];

    if (!c)
        return unescape_unicode(out, p, end);
    *(*out)++ = c;
    return p + 2;
}

size_t cdp__json_unescape(char *out, const char *p, const char *end)
{
    char *start = out;

    /* Decoding never makes text longer, so what can be read too far here can be written too
     * far there. */
    while (end - p >= BLOCK + BLOCK_MARGIN) {
        const char *from = p;
        block b = block_load(p);
        uint64_t carry = 0, slashes = block_is(&b, '\\');
        slashes &= ~after_backslashes(slashes, &carry);
        while (slashes) {
            const char *slash = from + __builtin_ctzll(slashes);
            size_t n = (size_t)(slash - p);
            char c = meanings[(unsigned char)slash[1]];
            copy_run(out, p, n);
            out += n;
            if (c) {
                *out++ = c;
                p = slash + 2;
                slashes &= slashes - 1;
            } else { /* may have taken two */
                p = unescape_unicode(&out, slash, end);
                slashes &= bits_from((size_t)(p - from));
            }
        }
        if (p < from + BLOCK) {
            size_t n = (size_t)(from + BLOCK - p);
            copy_run(out, p, n);
            out += n;
            p += n;
        }
    }
    while (p < end) {
        if (*p == '\\')
            p = unescape_one(&out, p, end);
        else
            *out++ = *p++;
    }
    return (size_t)(out - start);
}

/* What stands at p and is neither plain nor short for one byte: \uXXXX, or all that is beyond
 * ASCII.  NULL where it is wrong. */
static const char *decode_rare(char **out, const char *p, const char *end, const char **stop)
{
    const char *from = p;

    if (*p == '\\') {
        if (end - p < 2)
            return fail(end, stop);
        if (p[1] != 'u' || !good_escape(p + 1, end))
            return fail(p, stop);
        /* its other half only if that is as good */
        const char *half_end = end - p >= 12 && p[6] == '\\' && good_escape(p + 7, end) ? end
                                                                                        : p + 6;
        return unescape_unicode(out, p, half_end);
    }
    if (!(*p & 0x80))
        return fail(p, stop); /* a control */
    if (!(p = skip_utf8(p, end, stop)))
        return NULL;
    memcpy(*out, from, (size_t)(p - from));
    *out += p - from;
    return p;
}

char *cdp__json_decode(char *out, const char *p, const char *end, const char **stop)
{
    for (;;) {
        const char *const from = p;
        block b = block_load(p);
        uint64_t carry = 0, slashes = block_is(&b, '\\'),
                 after = after_backslashes(slashes, &carry);
        uint64_t ends = (block_is(&b, '"') & ~after) | block_is_odd(&b);
        uint64_t escapes = slashes & ~after & (ends ? (ends & (0 - ends)) - 1 : ~(uint64_t)0);
        const char *run_end = from + (ends ? (size_t)__builtin_ctzll(ends) : BLOCK);

        while (escapes) {
            const char *slash = from + (size_t)__builtin_ctzll(escapes);
            const char c = meanings[(unsigned char)slash[1]];
            copy_run(out, p, (size_t)(slash - p));
            out += slash - p;
            if (c) {
                *out++ = c;
                p = slash + 2;
                escapes &= escapes - 1;
            } else { /* may have taken two */
                if (!(p = decode_rare(&out, slash, end, stop)))
                    return NULL;
                escapes &= bits_from((size_t)(p - from));
            }
        }
        if (p < run_end) {
            copy_run(out, p, (size_t)(run_end - p));
            out += run_end - p;
            p = run_end;
        }
        if (!ends)
            continue; /* from p, which may be behind an escape that crosses the block's end */
        if (*p == '"') {
            *stop = p;
            return out;
        }
        if (!(p = decode_rare(&out, p, end, stop)))
            return NULL;
    }
}

static inline char *put_unicode_escape(char *out, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";

    out[0] = '\\';
    out[1] = 'u';
    out[2] = hex[unit >> 12];
    out[3] = hex[unit >> 8 & 15];
    out[4] = hex[unit >> 4 & 15];
    out[5] = hex[unit & 15];
    return out + 6;
}

/* The control at p, or all that is beyond ASCII there.  NULL: not WTF-8. */
static const char *escape_rare(char **out, const char *p, const char *end)
{
    if (!(*p & 0x80)) {
        *out = put_unicode_escape(*out, (unsigned char)*p);
        return p + 1;
    }
    do {
        size_t length = utf8_length(p, (size_t)(end - p), true);
        if (length == 0)
            return NULL;
        uint32_t c = utf8_get(p, length);
        if (c >= 0x10000) {
            c -= 0x10000;
            *out = put_unicode_escape(*out, 0xd800 | c >> 10);
            c = 0xdc00 | (c & 0x3ff);
        }
        *out = put_unicode_escape(*out, c);
        p += length;
    } while (p < end && *p & 0x80);
    return p;
}

static const char letters[256] = {
    ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
};

static inline char *put_letter_escape(char *out, char letter)
{
    out[0] = '\\';
    out[1] = letter;
    return out + 2;
}

/* Without a block's worth of input. */
static char *escape_short(char *out, const char *p, const char *end)
{
    while (p < end) {
        size_t n = end - p < 16 ? (size_t)(end - p) : 16;
        v16 v = n == 16 ? v16_load(p) : v16_load_some(p, n);
        size_t run = (size_t)__builtin_ctz(v16_mask(v16_is_not_plain(v)) | 1u << n);
        if (n >= 3) {
            v16_store(out, v); /* there is room for 6 * n */
        } else {
            out[0] = p[0];
            out[1] = p[n - 1];
        }
        out += run;
        p += run;
        if (run == n)
            continue;
        char letter = letters[(unsigned char)*p];
        if (letter) {
            out = put_letter_escape(out, letter);
            p++;
        } else if (!(p = escape_rare(&out, p, end))) {
            return NULL;
        }
    }
    return out;
}

char *cdp__json_escape(char *out, const char *p, size_t length)
{
    const char *end = length ? p + length : p;

    while (end - p >= BLOCK + BLOCK_MARGIN) {
        const char *from = p;
        block b = block_load(p);
        uint64_t stops = block_is_not_plain(&b);
        while (stops) {
            const char *stop = from + __builtin_ctzll(stops);
            size_t n = (size_t)(stop - p);
            char letter = letters[(unsigned char)*stop];
            copy_run(out, p, n);
            out += n;
            if (letter) {
                out = put_letter_escape(out, letter);
                p = stop + 1;
                stops &= stops - 1;
            } else { /* may have taken many */
                if (!(p = escape_rare(&out, stop, end)))
                    return NULL;
                stops &= bits_from((size_t)(p - from));
            }
        }
        if (p < from + BLOCK) {
            size_t n = (size_t)(from + BLOCK - p);
            copy_run(out, p, n);
            out += n;
            p += n;
        }
    }
    return escape_short(out, p, end);
}

/* ---- UTF-16LE ---------------------------------------------------------- */

static inline uint32_t utf16_unit(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

size_t cdp__utf16_to_utf8(char *out, const uint8_t *p, size_t bytes)
{
    const uint8_t *end = bytes ? p + bytes : p;
    char *start = out;

    while (p < end) {
        while (end - p >= 8) { /* four units of ASCII */
            uint64_t w = load64(p);
            if (w & 0xff80ff80ff80ff80u)
                break;
            w = (w | w >> 8) & 0x0000ffff0000ffffu;
            store32(out, (uint32_t)(w | w >> 16));
            out += 4;
            p += 8;
        }
        if (p == end)
            break;
        uint32_t c = utf16_unit(p), low;
        p += 2;
        if ((c & 0xfc00) == 0xd800 && p < end && ((low = utf16_unit(p)) & 0xfc00) == 0xdc00) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
            p += 2;
        }
        out = utf8_put(out, c);
    }
    return (size_t)(out - start);
}

static inline uint8_t *utf16_put(uint8_t *out, uint32_t unit)
{
    out[0] = (uint8_t)unit;
    out[1] = (uint8_t)(unit >> 8);
    return out + 2;
}

size_t cdp__utf8_to_utf16(uint8_t *out, const char *p, size_t n)
{
    const char *end = n ? p + n : p;
    uint8_t *start = out;

    while (p < end) {
        while (end - p >= 4) {
            uint64_t w = load32(p);
            if (w & 0x80808080u)
                break;
            w = (w | w << 16) & 0x0000ffff0000ffffu;
            store64(out, (w | w << 8) & 0x00ff00ff00ff00ffu);
            out += 8;
            p += 4;
        }
        if (p == end)
            break;
        if (!(*p & 0x80)) {
            out = utf16_put(out, (unsigned char)*p++);
            continue;
        }
        size_t length = utf8_length(p, (size_t)(end - p), true);
        uint32_t c = utf8_get(p, length);
        if (c >= 0x10000) {
            c -= 0x10000;
            out = utf16_put(out, 0xd800 | c >> 10);
            c = 0xdc00 | (c & 0x3ff);
        }
        out = utf16_put(out, c);
        p += length;
    }
    return (size_t)(out - start);
}
