/*
 * term.h - all that the command prints.
 *
 * Text that came from a peer never reaches a terminal raw: everything that is printed is escaped
 * there (but for what paint() and progress put between).  A pipe or file gets it unchanged.
 */
#ifndef TERM_H
#define TERM_H

#include <cdp/cdp.h>
#include <stdarg.h>
#include <stdio.h>

/* when to use colors: "auto", "always" or "never"; raw: terminals get text unchanged, too; quiet:
 * note() and progress are silent. */
void term_start(const char *when, bool raw, bool quiet);

bool term_is_terminal(FILE *to);
bool term_is_quiet(void);

/* Prints text.  On a terminal control characters (but \n and \t), bidirectional controls and what
 * is no UTF-8 stand as \x1B, \u202E. */
void put(FILE *to, cdp_str text);
/* The same, all on one line: \n and \t are escaped, too. */
void put_line(FILE *to, cdp_str text);
__attribute__((format(printf, 2, 3))) void print(FILE *to, const char *fmt, ...);
__attribute__((format(printf, 2, 0))) void print_args(FILE *to, const char *fmt, va_list args);

/* To stderr, unless quiet: what has been done. */
__attribute__((format(printf, 1, 2))) void note(const char *fmt, ...);

/* Colours what follows, where colours are wanted. */
typedef enum color { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN } color;
void paint(FILE *to, color c);

/* False: stdout is broken, for whoever prints on and on. */
bool term_flush(void);
/* At the very end: what to exit with, status unless stdout could not be written. */
int term_end(int status);

#endif /* TERM_H */
