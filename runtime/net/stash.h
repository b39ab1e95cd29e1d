/*
 * stash.h - what came while nobody wanted it: messages in their order, and at last maybe why no
 * more of them come.
 */
#ifndef CDP_NET_STASH_H
#define CDP_NET_STASH_H

#include "msg.h"

typedef struct cdp__stashed {
    struct cdp__stashed *next;
    int status; /* 0: a message; else the peer's goodbye, and bytes say why */
    size_t len;
    char bytes[];
} cdp__stashed;

typedef struct cdp__stash {
    cdp__stashed *first, **end; /* end: where the next goes, if there is a first */
    const cdp_allocator *allocator;
} cdp__stash; /* zeroed but for the allocator: empty */

/* Keeps a copy.  CDP_ENOMEM. */
int cdp__stash_put(cdp__stash *s, int status, const char *bytes, size_t len);
/* Takes the first out; NULL: there is none. */
cdp__stashed *cdp__stash_take(cdp__stash *s);
void cdp__stash_free_one(cdp__stash *s, cdp__stashed *one); /* that was taken out */
void cdp__stash_free(cdp__stash *s);

#endif /* CDP_NET_STASH_H */
