/*
 * heap_snapshot.h - `cdp heap` without --sampling.
 */
#ifndef HEAP_SNAPSHOT_H
#define HEAP_SNAPSHOT_H

#include "words.h"

/* What to exit with (it has been said). */
int heap_snapshot(const words *w);

#endif /* HEAP_SNAPSHOT_H */
