/*
 * stdin.h - what a job reads from stdin, whole.
 */
#ifndef STDIN_H
#define STDIN_H

#include <cdp/cdp.h>

/* All of it, at most 64 MiB; *memory is for stdin_free().  0, or what to exit with (it has been
 * said). */
int stdin_read(char **memory, cdp_str *text);
void stdin_free(char *memory);

#endif /* STDIN_H */
