/* buf.c - see buf.h. */
#include "buf.h"

bool cdp__buf_more(cdp__buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap : 256;

    if (b->failed || n > SIZE_MAX / 4 - b->len)
        goto fail;
    while (cap - b->len < n)
        cap *= 2;
    char *p = cdp__grow(b->allocator, b->ptr, b->cap, cap);
    if (!p)
        goto fail;
    b->ptr = p;
    b->cap = cap;
    return true;
fail:
    b->failed = true;
    b->len = b->cap; /* nothing fits any more */
    return false;
}

bool cdp__buf_move(cdp__buf *b, const char *text, size_t len, cdp__buf *out)
{
    if (!b->ptr || text != b->ptr)
        return false;
    *out = *b;
    out->len = len;
    *b = (cdp__buf){ .allocator = out->allocator };
    return true;
}

void cdp__buf_reset(cdp__buf *b, size_t keep)
{
    b->len = 0;
    b->failed = false;
    if (b->cap > keep)
        cdp__buf_free(b);
}

void cdp__buf_free(cdp__buf *b)
{
    cdp__dealloc(b->allocator, b->ptr, b->cap);
    b->ptr = NULL;
    b->len = b->cap = 0;
    b->failed = false;
}
