/*
 * banner.h - what an inspector says about itself on stderr, told apart from what the program says,
 * without I/O.
 *
 * Each of an inspector's lines is taken out once (programs of the program may have inspectors of
 * their own); all else is passed on unchanged, and held back no longer than it may be one of them.
 */
#ifndef CDP_NET_BANNER_H
#define CDP_NET_BANNER_H

#include <stdbool.h>
#include <stddef.h>

enum { CDP__BANNER_LINE = 512 }; /* longer ones are not an inspector's */

typedef enum cdp__banner_phrase {
    CDP__BANNER_LISTENING,
    CDP__BANNER_WAITING /* the program is done, and waits for whoever is attached to leave */
} cdp__banner_phrase;

typedef struct cdp__banner {
    void (*listens)(void *self, const char *url);
    void (*pass)(void *self, const char *bytes, size_t len);
    void *self;
    unsigned seen; /* a bit for each line that came */
    bool amid;     /* in a line of the program's */
    size_t len;    /* of what is held back */
    char line[CDP__BANNER_LINE];
} cdp__banner;

void cdp__banner_feed(cdp__banner *b, const char *bytes, size_t len);
/* Nothing more comes: passes on what was held back. */
void cdp__banner_end(cdp__banner *b);

static inline bool cdp__banner_said(const cdp__banner *b, cdp__banner_phrase which)
{
    return b->seen & 1u << which;
}

#endif /* CDP_NET_BANNER_H */
