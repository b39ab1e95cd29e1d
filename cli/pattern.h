/*
 * pattern.h - the words that choose messages by their method.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "words.h"

#include <cdp/cdp.h>

/* "Network.": what is in it; "Network.dataReceived": that; "*": everything. */
bool pattern_matches(const char *pattern, cdp_str method);

/* One of the operands from the first-th on. */
bool patterns_match(const words *w, int first, cdp_str method);

#endif /* PATTERN_H */
