/*
 * progress.h - a line at the bottom of a terminal that tells how far long work has come.
 *
 * There only if stderr is a terminal; drawn at most 10 times a second; gone at the end, and before
 * anything else is printed.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One at a time.  label: a word of ours. */
void progress_start(const char *label);
/* done of total (0: not known), and bytes moved so far. */
void progress_update(uint64_t done, uint64_t total, uint64_t bytes);
void progress_end(void);

/* Takes the line away until the next update. */
void progress_hide(void);

/* "75.3 MB" */
const char *progress_size(char text[16], double bytes);

#endif /* PROGRESS_H */
