/*
 * recorded.h - recordings (<cdp/record.h>) as targets.
 */
#ifndef RECORDED_H
#define RECORDED_H

#include "target.h"

/* A file, whole; *memory is for free().  0, or what to exit with (it has been said). */
int recorded_read(const char *file, char **memory, cdp_str *text);

/* Opens the target that a recording is.  The session to speak to is the one that was spoken to
 * first.  CDP_E*, or as recorded_read(). */
int recorded_open(target *t, const char *file, const cdp_remote_options *opt);

#endif /* RECORDED_H */
