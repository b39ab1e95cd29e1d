/*
 * json_tree.h - JSON text as a tree, and whether two texts mean the same.
 *
 * Written apart from the library, so as to judge it: objects are unordered (the last of equal
 * names counts), numbers equal as doubles, strings by UTF-16 code unit, lone surrogates included.
 */
#ifndef TESTS_JSON_TREE_H
#define TESTS_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json_tree {
    char kind; /* one of { [ " 0 t f n */
    size_t n;  /* children, or code units */
    double number;
    uint16_t *units;            /* of a string */
    struct json_tree *children; /* items, or members */
    struct json_tree *keys;     /* of the members: strings */
} json_tree;

/* NULL where the text is not JSON (RFC 8259). */
json_tree *json_tree_parse(const char *p, size_t n);
void json_tree_free(json_tree *t);
bool json_tree_equal(const json_tree *a, const json_tree *b);

/* Both are JSON and mean the same. */
bool json_text_equal(const char *a, size_t a_len, const char *b, size_t b_len);

#endif /* TESTS_JSON_TREE_H */
