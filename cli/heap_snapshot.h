/*
 * heap_snapshot.h - `cdp heap` without --sampling, and what it has in common with that.
 */
#ifndef HEAP_SNAPSHOT_H
#define HEAP_SNAPSHOT_H

#include "recording.h"

/* What to exit with (it has been said). */
int heap_snapshot(const words *w);

/* Collects garbage, if --gc says so.  CDP_E*. */
int heap_collect(const recording *r, const words *w);

#endif /* HEAP_SNAPSHOT_H */
