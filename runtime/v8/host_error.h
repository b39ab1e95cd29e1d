/*
 * host_error.h - errors of a host, exceptions of its scripts among them, and reading scripts.
 */
#ifndef CDP_HOST_ERROR_H
#define CDP_HOST_ERROR_H

#include "shim.h"

#include <cdp/cdp.h>

/* A cdp_error that owns its texts.  Zeroed it is none yet. */
typedef struct cdp__failure {
    cdp_error pub;
    char *message, *path;
    char *data;    /* the stack as a JSON string */
    char *printed; /* all of it, as for a terminal */
} cdp__failure;

/* Makes f an error without an exception (status 0: no error).  Returns status. */
int cdp__failure_set(cdp__failure *f, int status, int sys, const char *why);
void cdp__failure_set_exception(cdp__failure *f, const cdp__shim_error *e);
/* Leaves `from` to be set again. */
void cdp__failure_move(cdp__failure *to, cdp__failure *from);

/* All of a file, to be freed.  0 or an errno. */
int cdp__read_file(const char *path, char **text, size_t *len);

#endif /* CDP_HOST_ERROR_H */
