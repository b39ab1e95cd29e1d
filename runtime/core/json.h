/*
 * json.h - reading JSON text, the steps that decoding inlines.
 *
 * Input ends in a NUL followed by CDP__PAD - 1 more readable bytes, so that loops need no
 * bounds: the NUL is no part of any token.
 */
#ifndef CDP_JSON_H
#define CDP_JSON_H

#include "codec.h"
#include "vec.h"

static inline char *cdp__json_space(char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

/* First byte of p that is not plain string content (see cdp__json_plain). */
static inline char *cdp__json_plain_end(char *p)
{
    for (int i = 0; i < 2; i++, p += 16) {
        unsigned mask = v16_mask(v16_is_not_plain(v16_load(p)));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    return p + (cdp__json_plain(p) - p);
}

/* A value that ends here is followed by one of these. */
static inline bool cdp__json_is_end(char c)
{
    return c == ',' || c == '}' || c == ']' || (unsigned char)c <= 0x20;
}

/* End of the number at p by the grammar, or NULL. */
const char *cdp__json_number_end(const char *p, const char *end);

/* Steps over one value within [p, end), checking all of it, at most max_depth containers
 * deep.  The byte after it, or NULL with *bad and *why.  Needs no padding. */
const char *cdp__json_skip(const char *p, const char *end, int max_depth, const char **bad,
                           const char **why);

#endif /* CDP_JSON_H */
