/*
 * run.h - the inside of `cdp run`: one script, its host and its inspector.
 */
#ifndef RUN_H
#define RUN_H

#include <cdp/host.h>
#include <cdp/inspector.h>

/* What cdp_host_data() is. */
typedef struct run {
    cdp_inspector_flags flags;
    const char *code; /* of -e, or */
    const char *file;
    char *path; /* file, absolute; NULL where there is none */
    char *url;  /* of path */
    char title[256];
    int argc; /* of the script's own words */
    char **argv;
    cdp_host *host;
    cdp_inspector *inspector;
} run;

/* Opens the inspector at the address that the flags name.  False: it can't, and stderr was told. */
bool run_open(run *r);

/* Gives the script `inspector`, as node:inspector exports it, and a small `process`. */
int run_define(run *r);

#endif /* RUN_H */
