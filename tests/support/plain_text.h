/*
 * plain_text.h - text.h by the obvious byte loops, to compare with, and memory whose ends ASan
 * watches.
 */
#ifndef PLAIN_TEXT_H
#define PLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern uint32_t text_seed;
uint32_t random_below(uint32_t n);
void *tight(const void *p, size_t n);
void tight_free(void *p);
size_t plain_utf8_check(const char *p, size_t n, bool wtf8);
const char *plain_string_end(const char *p, const char *end, bool *escaped, const char **bad);
char *plain_put(char *out, unsigned c);
size_t plain_unescape(char *out, const char *p, const char *end);
char *plain_escape(char *out, const char *p, size_t n);

#endif /* PLAIN_TEXT_H */
