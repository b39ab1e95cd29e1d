/* stash.c - see stash.h. */
#include "stash.h"

int cdp__stash_put(cdp__stash *s, int status, const char *bytes, size_t len)
{
    cdp__stashed *one = cdp__alloc(s->allocator, sizeof *one + len);

    if (!one)
        return CDP_ENOMEM;
    one->next = NULL;
    one->status = status;
    one->len = len;
    memcpy(one->bytes, bytes, len);
    *(s->first ? s->end : &s->first) = one;
    s->end = &one->next;
    return 0;
}

cdp__stashed *cdp__stash_take(cdp__stash *s)
{
    cdp__stashed *one = s->first;

    if (one)
        s->first = one->next;
    return one;
}

void cdp__stash_free_one(cdp__stash *s, cdp__stashed *one)
{
    cdp__dealloc(s->allocator, one, sizeof *one + one->len);
}

void cdp__stash_free(cdp__stash *s)
{
    for (cdp__stashed *one; (one = cdp__stash_take(s));)
        cdp__stash_free_one(s, one);
}
