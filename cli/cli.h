/*
 * cli.h - what the parts of the cdp command share.
 *
 * A job is a `const job` (words.h) in a file of its own, named in main.c.  It gets its parsed
 * words and returns what to exit with, having said why.  It prints by term.h alone, writes files by
 * file.h, and reaches its target by target.h.
 */
#ifndef CLI_H
#define CLI_H

/* Beyond: `cdp run` ends as its script does, and who is ended by signal N with 128 + N. */
enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_FLAGS = 9 /* Node's, of `cdp run` */ };

struct job;

/* Every command, NULL at the end. */
extern const struct job *const jobs[];

/* "cdp: ..." to stderr.  Returns status. */
__attribute__((format(printf, 2, 3))) int complain(int status, const char *fmt, ...);

/* That there is no such command. */
int complain_command(const char *name);

/* For when there is no memory: complain() of it. */
int complain_memory(void);

#endif /* CLI_H */
