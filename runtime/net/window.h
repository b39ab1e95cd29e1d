/*
 * window.h - how much of what a peer has not answered yet may be under way.
 *
 * Node's inspector reads at most 64 KiB at once, and dies where a read ends amid a frame's head, or
 * shortly before its end.  So what is unanswered stays below that: it is all read at once.  What
 * comes beyond is held, in order, until replies have come, or for a moment: some commands are
 * answered late, or never.
 */
#ifndef CDP_NET_WINDOW_H
#define CDP_NET_WINDOW_H

#include "stash.h"

#include <stdint.h>

/* Positions in all that was ever sent, in bytes. */
typedef struct cdp__window {
    cdp__stash held;
    uint64_t sent;     /* the end of the last message that is sent or held */
    uint64_t released; /* of the last that is not held */
    uint64_t answered; /* of the last that the peer has been heard to have read */
    uint64_t seen;     /* answered, at the last tick */
} cdp__window;

enum { CDP__WINDOW_MS = 100 }; /* between ticks, while something is held */

/* A message of len bytes is to be sent: true, it may go; false, it was kept and *rc says whether it
 * could be: 0, CDP_ENOMEM. */
bool cdp__window_admit(cdp__window *w, const void *bytes, size_t len, int *rc);
/* The peer has answered what ended at that position. */
static inline void cdp__window_answer(cdp__window *w, uint64_t position)
{
    if (position > w->answered)
        w->answered = position;
}
/* The next that was held and may go now, to be released with cdp__stash_free_one(); or NULL. */
cdp__stashed *cdp__window_release(cdp__window *w);
/* Waits for no more answers, if none has come since the last tick. */
void cdp__window_tick(cdp__window *w);
/* Forgets all. */
void cdp__window_reset(cdp__window *w);

/* Bytes of messages that are held. */
static inline size_t cdp__window_held(const cdp__window *w)
{
    return (size_t)(w->sent - w->released);
}

#endif /* CDP_NET_WINDOW_H */
