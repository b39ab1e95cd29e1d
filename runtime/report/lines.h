/*
 * lines.h - the lines of a source text, by V8's offsets: UTF-16 code units.
 *
 * A line ends at "\n", as in editors and lcov; what JavaScript takes for line ends besides ("\r",
 * U+2028) ends none.
 */
#ifndef CDP_REPORT_LINES_H
#define CDP_REPORT_LINES_H

#include "buf.h"

typedef struct cdp__line {
    int64_t start;      /* of the line */
    int64_t text, last; /* of what is no blank in it: [text, last); equal where there is nothing */
    int64_t count;      /* for the caller */
} cdp__line;

typedef struct cdp__lines {
    cdp__line *line;
    size_t n;       /* at least 1 */
    int64_t length; /* of the whole text */
    cdp__buf memory;
} cdp__lines;

/* source is (W)UTF-8.  CDP_ENOMEM. */
int cdp__lines_read(cdp__lines *l, cdp_str source, const cdp_allocator *a);
void cdp__lines_free(cdp__lines *l);

/* The line, from 0, of an offset; beyond the text: the last. */
size_t cdp__lines_find(const cdp__lines *l, int64_t offset);

#endif /* CDP_REPORT_LINES_H */
