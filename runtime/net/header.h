/*
 * header.h - the headers of an HTTP head that matter, gathered from the pieces that llhttp gives.
 */
#ifndef CDP_NET_HEADER_H
#define CDP_NET_HEADER_H

#include "buf.h"

enum {
    CDP__HEADERS = 8,      /* so many may matter */
    CDP__HEADER_NAME = 32, /* longer than any of their names */
};

typedef struct cdp__headers {
    const char *const *names; /* of those that matter, in lower case */
    unsigned n_names;
    cdp__buf text;               /* their values */
    char name[CDP__HEADER_NAME]; /* of the current header, in lower case */
    size_t name_len;             /* may exceed that */
    unsigned current;            /* which it is; n_names: another */
    struct {
        unsigned lines; /* headers of this name */
        size_t at, len; /* the last one's value, in text */
    } values[CDP__HEADERS];
} cdp__headers;

/* Forgets all values. */
void cdp__headers_reset(cdp__headers *h, size_t keep);

/* Pieces of a name and of a value, and their ends.  False: the header has no name; no memory. */
void cdp__headers_name(cdp__headers *h, const char *p, size_t n);
bool cdp__headers_name_end(cdp__headers *h);
bool cdp__headers_value(cdp__headers *h, const char *p, size_t n);
void cdp__headers_value_end(cdp__headers *h);

/* The (last) value of a header, without blanks around it; {NULL, 0}: it did not come. */
cdp_str cdp__headers_get(const cdp__headers *h, unsigned name);

/* Text of heads: the same word, whatever the case; is it in a list, whose commas part it? */
bool cdp__word_same(cdp_str a, const char *b);
bool cdp__word_listed(cdp_str list, const char *word);
cdp_str cdp__trimmed(cdp_str s); /* without blanks and tabs around it */

#endif /* CDP_NET_HEADER_H */
