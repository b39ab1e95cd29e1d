/*
 * host_error.h - exceptions of a host's scripts as cdp_error, and reading those scripts.
 */
#ifndef CDP_HOST_ERROR_H
#define CDP_HOST_ERROR_H

#include "shim.h"

#include "../core/error.h"

/* An error of which we own every text.  Zeroed, it needs cdp__error_clear(&f.e) first. */
typedef struct cdp__failure {
    cdp__error e;
    char *data;    /* the stack as a JSON string, or NULL */
    char *printed; /* all of it, as for a terminal, or NULL */
} cdp__failure;

void cdp__failure_clear(cdp__failure *f);
void cdp__failure_set(cdp__failure *f, const cdp__shim_error *e);
/* Leaves `from` to be set again. */
void cdp__failure_move(cdp__failure *to, cdp__failure *from);

/* All of a file, to be freed.  0 or an errno. */
int cdp__read_file(const char *path, char **text, size_t *len);

#endif /* CDP_HOST_ERROR_H */
