/*
 * help.h - what the tables of commands say, as text, as a man page and to shells.
 */
#ifndef HELP_H
#define HELP_H

#include "words.h"

/* All return what to exit with. */
int help_print(const job *c);
int help_print_man(void);

/* "cdp eval [options] [TARGET] CODE"; true: there is a second form, with a program to start. */
enum { HELP_USAGE = 256 };
bool help_usage(char text[HELP_USAGE], const job *c, bool launch);

/* "-o, --output FILE"; letters missing leave their place. */
enum { HELP_OPTION = 128 };
const char *help_option(char text[HELP_OPTION], const option *o);

/* What TARGET can be, a line each; and where examples end. */
typedef struct help_target {
    const char *form, *meaning;
} help_target;
extern const help_target help_targets[]; /* form == NULL at the end */
extern const char help_targets_more[];

extern const job help_job, completion_job, version_job;

#endif /* HELP_H */
