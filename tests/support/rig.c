/* rig.c - see rig.h. */
#include "rig.h"

#include "../../runtime/core/pair.h"
#include "../../runtime/core/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* In front of each block; keeps what follows aligned. */
typedef union size_head {
    size_t size;
    max_align_t align;
} size_head;

static bool refused(rig_heap *h)
{
    size_t n = atomic_fetch_add(&h->requests, 1) + 1;

    if (!h->fail_at || (h->and_all_after ? n < h->fail_at : n != h->fail_at))
        return false;
    atomic_fetch_add(&h->failures, 1);
    return true;
}

static void count(rig_heap *h, size_t n)
{
    const size_t bytes = atomic_fetch_add(&h->bytes, n) + n;
    size_t peak = h->peak;

    atomic_fetch_add(&h->blocks, 1);
    while (bytes > peak && !atomic_compare_exchange_weak(&h->peak, &peak, bytes))
        ;
}

/* Always moves, so that whoever keeps an old pointer is found out. */
static void *heap_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    rig_heap *h = ctx;
    size_head *old = ptr ? (size_head *)ptr - 1 : NULL, *made = NULL;

    if (old ? old->size != old_size : old_size != 0)
        abort(); /* whoever releases memory has to know its size */
    if (new_size) {
        if (refused(h) || !(made = malloc(sizeof *made + new_size)))
            return NULL;
        made->size = new_size;
        count(h, new_size);
        memset(made + 1, 0xa5, new_size); /* nobody may count on zeros */
        if (old)
            memcpy(made + 1, ptr, old_size < new_size ? old_size : new_size);
    }
    if (old) {
        free(old);
        atomic_fetch_sub(&h->blocks, 1);
        atomic_fetch_sub(&h->bytes, old_size);
    }
    return made ? made + 1 : NULL;
}

void rig_heap_init(rig_heap *h)
{
    memset(h, 0, sizeof *h);
    h->allocator = (cdp_allocator){ heap_realloc, h };
}

void rig_open(rig *r, cdp_wire wire, const cdp_options *options)
{
    memset(r, 0, sizeof *r);
    rig_heap_init(&r->heap);
    if (options)
        r->options = *options;
    r->options.allocator = &r->heap.allocator;
    if (!r->options.timeout_ms)
        r->options.timeout_ms = 5000; /* a test that waits for nothing has failed */
    assert_int_equal(cdp__pair(&r->a, &r->b, &r->options, wire, wire == CDP_CBOR), 0);
}

void rig_close(rig *r)
{
    cdp_close(r->a);
    cdp_close(r->b);
    r->a = r->b = NULL;
    assert_int_equal(r->heap.blocks, 0);
}

void rig_settle(rig *r)
{
    for (int i = 0; i < 8; i++) {
        if (r->a)
            cdp_poll(r->a, 0);
        if (r->b)
            cdp_poll(r->b, 0);
    }
}

int rig_feed(cdp_session *s, const char *json)
{
    return cdp__receive(s, json, strlen(json));
}
