/*
 * cbor.h - the CBOR dialect of V8's inspector ("crdtp"): what of RFC 8949 it uses, and how.
 *
 * Every map and array is of indefinite length and stands in an envelope, tag 24 and a byte
 * string with a four-byte length: d8 5a (V8 up to 10) or d8 18 5a (later).  Text is UTF-8
 * (major 3) or, with anything beyond ASCII, UTF-16LE in a byte string (major 2).  Binary is
 * tag 22 and a byte string.  Integers are int32, other numbers doubles.
 */
#ifndef CDP_CBOR_H
#define CDP_CBOR_H

#include "codec.h"

enum {
    CBOR_UNSIGNED = 0,
    CBOR_NEGATIVE = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_BINARY_TAG = 0xd6,
    CBOR_ENVELOPE = 0xd8,
    CBOR_FALSE = 0xf4,
    CBOR_TRUE = 0xf5,
    CBOR_NULL = 0xf6,
    CBOR_DOUBLE = 0xfb,
    CBOR_MAP = 0xbf,
    CBOR_ARRAY = 0x9f,
    CBOR_BREAK = 0xff
};

static inline unsigned char cbor_u8(const char *p)
{
    return (unsigned char)*p;
}

static inline uint64_t cbor_big_endian(const char *p, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++)
        v = v << 8 | cbor_u8(p + i);
    return v;
}

/* The head at p: major type and argument.  The byte behind it, or NULL where it is cut, or
 * reserved, or of indefinite length. */
static inline const char *cbor_head(const char *p, const char *end, unsigned *major,
                                    uint64_t *argument)
{
    if (p >= end)
        return NULL;
    unsigned info = cbor_u8(p) & 31;
    *major = cbor_u8(p) >> 5;
    p++;
    if (info < 24) {
        *argument = info;
        return p;
    }
    if (info > 27)
        return NULL;
    unsigned n = 1u << (info - 24);
    if ((size_t)(end - p) < n)
        return NULL;
    *argument = cbor_big_endian(p, n);
    return p + n;
}

/* The container at p: its first item, with *close its break byte and *map what it is.  NULL
 * where p is not a sound envelope. */
static inline const char *cbor_open(const char *p, const char *end, const char **close, bool *map)
{
    size_t left = (size_t)(end - p);
    unsigned head = left > 2 && cbor_u8(p + 1) == 0x18 ? 3 : 2;

    if (left < head + 6 || cbor_u8(p) != CBOR_ENVELOPE || cbor_u8(p + head - 1) != 0x5a)
        return NULL;
    uint64_t n = cbor_big_endian(p + head, 4);
    p += head + 4;
    if (n < 2 || n > (size_t)(end - p) || cbor_u8(p + n - 1) != CBOR_BREAK)
        return NULL;
    *map = cbor_u8(p) == CBOR_MAP;
    if (!*map && cbor_u8(p) != CBOR_ARRAY)
        return NULL;
    *close = p + n - 1;
    return p + 1;
}

/* Steps over one value by its length, without looking inside containers; NULL where it is
 * malformed. */
const char *cdp__cbor_skip(const char *p, const char *end);

/* A string at p (major 2 or 3): its bytes.  The byte after, or NULL. */
static inline const char *cbor_string(const char *p, const char *end, unsigned *major,
                                      const char **text, size_t *n)
{
    uint64_t len;

    p = cbor_head(p, end, major, &len);
    if (!p || (*major != CBOR_TEXT && *major != CBOR_BYTES) || len > (size_t)(end - p))
        return NULL;
    if (*major == CBOR_BYTES && len & 1)
        return NULL; /* UTF-16 */
    *text = p;
    *n = (size_t)len;
    return p + len;
}

#endif /* CDP_CBOR_H */
