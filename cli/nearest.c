/*
 * nearest.c - see nearest.h: the edit distance, letters' case aside.
 */
#include "nearest.h"

#include <ctype.h>

enum { LONGEST = 96 };

nearest nearest_to(cdp_str wanted)
{
    /* A third of the letters may be wrong. */
    return (nearest){ .wanted = wanted, .distance = wanted.len / 3 + 1 };
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters to put in, take out, replace or swap with the next one. */
static size_t distance(cdp_str a, cdp_str b)
{
    size_t before[LONGEST + 1], last[LONGEST + 1], row[LONGEST + 1] = { 0 };

    for (size_t j = 0; j <= b.len; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t least = last[j - 1] + !same(a.ptr[i - 1], b.ptr[j - 1]);
            if (last[j] + 1 < least)
                least = last[j] + 1;
            if (row[j - 1] + 1 < least)
                least = row[j - 1] + 1;
            if (i > 1 && j > 1 && same(a.ptr[i - 1], b.ptr[j - 2]) &&
                same(a.ptr[i - 2], b.ptr[j - 1]) && before[j - 2] + 1 < least)
                least = before[j - 2] + 1;
            row[j] = least;
        }
        memcpy(before, last, sizeof last);
        memcpy(last, row, sizeof row);
    }
    return last[b.len];
}

void nearest_offer(nearest *n, cdp_str word)
{
    if (n->wanted.len > LONGEST || word.len > LONGEST)
        return;
    size_t d = distance(n->wanted, word);
    if (d < n->distance) {
        n->distance = d;
        n->word = word;
    }
}
