/*
 * network_buffer.h - bodies of requests and responses, kept for one front-end until it asks.
 *
 * An entry that is over the limit of one resource loses the body that grew too large; while all
 * together are over theirs, or there are too many, the oldest entries go.  A body that is not
 * whole is never given out.
 */
#ifndef CDP_NETWORK_BUFFER_H
#define CDP_NETWORK_BUFFER_H

#include "buf.h"

enum {
    CDP__NETWORK_TOTAL = 100 << 20,  /* bytes in all bodies, unless the front-end says otherwise */
    CDP__NETWORK_RESOURCE = 5 << 20, /* bytes in those of one request */
    CDP__NETWORK_ENTRIES = 10000,    /* since an entry takes memory without any body */
    CDP__NETWORK_BUCKETS = 256
};

typedef struct cdp__network_body {
    cdp__buf bytes;
    bool binary; /* not to be given out as text */
    bool done;
    bool lost; /* it was over the limit, or there was no memory for it */
} cdp__network_body;

typedef struct cdp__network_entry {
    struct cdp__network_entry *next, **link; /* from the oldest on */
    struct cdp__network_entry *chain;        /* in its bucket */
    cdp__network_body sent, received;
    bool streaming; /* what is received is passed on, not kept */
    uint32_t hash;
    size_t id_len;
    char id[];
} cdp__network_entry;

typedef struct cdp__network_buffer {
    const cdp_allocator *allocator;
    cdp__network_entry *oldest, **end;
    cdp__network_entry *buckets[CDP__NETWORK_BUCKETS];
    size_t n, total; /* entries, bytes in their bodies */
    size_t max_total, max_resource;
} cdp__network_buffer;

void cdp__network_buffer_init(cdp__network_buffer *b, const cdp_allocator *a);
void cdp__network_buffer_clear(cdp__network_buffer *b);

/* Entries that are beyond the new limits go. */
void cdp__network_buffer_limit(cdp__network_buffer *b, size_t total, size_t resource);

cdp__network_entry *cdp__network_find(const cdp__network_buffer *b, cdp_str id);

/* An entry for an id that has none.  NULL: no memory. */
cdp__network_entry *cdp__network_add(cdp__network_buffer *b, cdp_str id);
void cdp__network_remove(cdp__network_buffer *b, cdp__network_entry *e);

/* Appends to body, which is one of e's.  e may be gone afterwards.  CDP_ENOMEM: the body is lost.
 */
int cdp__network_push(cdp__network_buffer *b, cdp__network_entry *e, cdp__network_body *body,
                      cdp_bytes data);

/* The body's bytes become the caller's, who frees them. */
cdp__buf cdp__network_take(cdp__network_buffer *b, cdp__network_body *body);

#endif /* CDP_NETWORK_BUFFER_H */
