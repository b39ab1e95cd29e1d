/* window.c - see window.h. */
#include "window.h"

enum {
    WINDOW = 60 << 10, /* unanswered bytes */
    HEAD = 14          /* of a frame, at most */
};

/* One that is larger than the window goes alone. */
static bool is_full(const cdp__window *w, size_t len)
{
    const uint64_t under_way = w->released - w->answered;

    return under_way && under_way + len + HEAD > WINDOW;
}

bool cdp__window_admit(cdp__window *w, const void *bytes, size_t len, int *rc)
{
    const bool go = !w->held.first && !is_full(w, len);

    *rc = go ? 0 : cdp__stash_put(&w->held, 0, bytes, len);
    if (*rc < 0)
        return false;
    w->sent += len + HEAD;
    if (go)
        w->released = w->sent;
    return go;
}

cdp__stashed *cdp__window_release(cdp__window *w)
{
    const cdp__stashed *first = w->held.first;

    if (!first || is_full(w, first->len))
        return NULL;
    w->released += first->len + HEAD;
    return cdp__stash_take(&w->held);
}

void cdp__window_tick(cdp__window *w)
{
    if (w->answered == w->seen)
        w->answered = w->released;
    w->seen = w->answered;
}

void cdp__window_reset(cdp__window *w)
{
    cdp__stash_free(&w->held);
    w->released = w->answered = w->sent;
}
