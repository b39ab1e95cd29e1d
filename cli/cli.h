/*
 * cli.h - what the parts of the cdp command share.
 */
#ifndef CLI_H
#define CLI_H

/* Of a command that was given wrong words, and, as Node's, of one given wrong flags. */
enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_FLAGS = 9 };

/* A command: argv[0] is its name.  Returns what to exit with. */
typedef int command_fn(int argc, char **argv);
command_fn run_command;

/* "cdp: ..." to stderr.  Returns status. */
__attribute__((format(printf, 2, 3))) int complain(int status, const char *fmt, ...);

#endif /* CLI_H */
