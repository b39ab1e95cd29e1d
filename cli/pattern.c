/*
 * pattern.c - see pattern.h.
 */
#include "pattern.h"

bool pattern_matches(const char *pattern, cdp_str method)
{
    size_t len = strlen(pattern);

    if (strcmp(pattern, "*") == 0)
        return true;
    if (len && pattern[len - 1] == '.')
        return method.len > len && memcmp(method.ptr, pattern, len) == 0;
    return cdp_str_eq(cdp_s(pattern), method);
}

bool patterns_match(const words *w, int first, cdp_str method)
{
    const char *pattern;

    for (int i = first; (pattern = words_operand(w, i)); i++)
        if (pattern_matches(pattern, method))
            return true;
    return false;
}
