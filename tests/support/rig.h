/*
 * rig.h - two sessions wired to each other, on a heap that counts and may be told to fail.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include <cdp/cdp.h>

#include <stdatomic.h>

/* An allocator that knows what is live, checks the sizes it is given back, and fails the
 * fail_at-th request (counted from 1; 0: none), or all from it on.  Usable from any thread. */
typedef struct rig_heap {
    cdp_allocator allocator;
    atomic_size_t blocks, requests, failures;
    atomic_size_t bytes, peak; /* live now, and the most so far */
    size_t fail_at;
    bool and_all_after;
} rig_heap;

void rig_heap_init(rig_heap *h);

typedef struct rig {
    rig_heap heap;
    cdp_options options;
    cdp_session *a, *b;
} rig;

/* Opens r->a and r->b; options: what is set is taken, the allocator is the heap. */
void rig_open(rig *r, cdp_wire wire, const cdp_options *options);

/* Closes what is open, and fails the test if anything is still allocated. */
void rig_close(rig *r);

/* Polls both ends until nothing moves. */
void rig_settle(rig *r);

/* Has a receive those bytes, as if from its peer. */
int rig_feed(cdp_session *s, const char *json);

#endif /* TESTS_RIG_H */
