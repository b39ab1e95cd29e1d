/* banner.c - see banner.h. */
#include "banner.h"

#include <string.h>

typedef struct phrase {
    const char *text;
    bool whole; /* nothing follows it in its line */
} phrase;

enum { ENDING = CDP__BANNER_WAITING + 1, HELP };

static const phrase phrases[] = {
    [CDP__BANNER_LISTENING] = { "Debugger listening on ", false },
    [CDP__BANNER_WAITING] = { "Waiting for the debugger to disconnect...", true },
    [ENDING] = { "Debugger ending on ", false },
    [HELP] = { "For help, see: ", false },
    { "Debugger attached.", true },
    { "Visit chrome://inspect to connect to the debugger.", true },
    { "Deno is waiting for debugger to connect.", true },
};

enum { PHRASES = sizeof phrases / sizeof *phrases };

/* May the line, as far as it has come, be that one? */
static bool may_be(const cdp__banner *b, unsigned i)
{
    const phrase *p = &phrases[i];
    size_t len = strlen(p->text);

    if (b->seen & 1u << i || (p->whole && b->len > len))
        return false;
    return memcmp(b->line, p->text, b->len < len ? b->len : len) == 0;
}

static void pass_line(cdp__banner *b)
{
    if (b->len)
        b->pass(b->self, b->line, b->len);
    b->len = 0;
}

/* The line is complete; its end is not in it. */
static void judge(cdp__banner *b)
{
    for (unsigned i = 0; i < PHRASES; i++) {
        size_t len = strlen(phrases[i].text);
        if (b->len < len || !may_be(b, i))
            continue;
        b->seen |= 1u << i;
        b->line[b->len] = 0;
        b->len = 0;
        if (i == ENDING) /* which is followed by that again */
            b->seen &= ~(1u << HELP);
        if (i == CDP__BANNER_LISTENING)
            b->listens(b->self, b->line + len);
        return;
    }
    b->line[b->len++] = '\n';
    pass_line(b);
}

/* Another byte of a line that may be the inspector's. */
static void take(cdp__banner *b, char c)
{
    if (c == '\n') {
        judge(b);
        return;
    }
    b->line[b->len++] = c;
    if (b->len < sizeof b->line - 1)
        for (unsigned i = 0; i < PHRASES; i++)
            if (may_be(b, i))
                return;
    b->amid = true;
    pass_line(b);
}

void cdp__banner_feed(cdp__banner *b, const char *bytes, size_t len)
{
    const char *last = bytes + len;

    while (bytes < last) {
        if (!b->amid) {
            take(b, *bytes++);
            continue;
        }
        const char *end = memchr(bytes, '\n', (size_t)(last - bytes));
        const char *next = end ? end + 1 : last;
        b->pass(b->self, bytes, (size_t)(next - bytes));
        b->amid = !end;
        bytes = next;
    }
}

void cdp__banner_end(cdp__banner *b)
{
    pass_line(b);
}
