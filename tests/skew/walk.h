/*
 * walk.h - a decoded struct against the JSON that it came from, member by member.
 *
 * What the bindings know must be in the struct's members, as C programs read them; what they do not
 * know, or know otherwise, must be remembered.  Written apart from the codec, so as to judge it.
 */
#ifndef TESTS_SKEW_WALK_H
#define TESTS_SKEW_WALK_H

#include "../support/codec_help.h"
#include "../support/json_tree.h"

/* What a recording has that a revision does not expect. */
typedef struct walk_counts {
    unsigned known;   /* members that were found in structs */
    unsigned members; /* that no struct has */
    unsigned words;   /* that no enum has */
    unsigned numbers; /* that are no int32 */
    unsigned missing; /* required members */
    unsigned others;  /* values of another type, null among them */
} walk_counts;

/* Fails the test where something is lost. */
void walk(const cdp__domain *d, const cdp__type *t, const void *s, const json_tree *json,
          walk_counts *counts);

#endif /* TESTS_SKEW_WALK_H */
