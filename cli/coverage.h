/*
 * coverage.h - which scripts count for `cdp coverage`, and its table.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include "words.h"

#include <cdp/report.h>

/* A script's name: of a file its path, from this folder if it is below it; else its URL. */
void coverage_name(char *name, size_t size, cdp_str url);

/* Does it count?  If it matches an --include, or, where there is none, is the program's own; and
 * matches no --exclude. */
bool coverage_counts(const words *w, cdp_str url);

/* The table, or JSON, made of lcov's trace file as it is written. */
typedef struct coverage_table coverage_table;

/* NULL: no memory. */
coverage_table *coverage_table_new(const words *w);
int coverage_table_write(void *table, const char *bytes, size_t len); /* a cdp_report_write */
/* Prints the sums, and releases it. */
void coverage_table_end(coverage_table *table);

#endif /* COVERAGE_H */
