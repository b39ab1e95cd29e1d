/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP: jobs are told, and end in order.
 *
 * The signals are blocked everywhere and taken by a thread of their own (sigwait), so nothing here
 * runs inside a signal handler.  At the first one, calls in flight of the job's session end with
 * CDP_ECANCELED, what polls returns, and interrupted() tells; the job then finishes its files or
 * drops them, and closes its target.  At the second one the files are dropped, and the process ends
 * with the program that it started.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <cdp/cdp.h>

/* Listens from now on.  Before there are other threads; again: nothing happens.  0, or what to exit
 * with (it has been said). */
int interrupt_start(void);

/* The signal's number, or 0. */
int interrupted(void);

/* Whose calls end.  NULL: no one's any more, which is due before the session is closed. */
void interrupt_session(cdp_session *root, cdp_session *child);

/* Or else the first signal ends no calls, only the wait for something to happen: what has been
 * recorded until then is still to be fetched. */
void interrupt_gently(bool gently);

/* A file that is unlinked at the second signal. */
typedef struct unfinished {
    const char *path;
    struct unfinished *next;
} unfinished;

/* Is it, from now on?  Returns after an unlinking that is under way. */
void interrupt_file(unfinished *file, bool is);

/* What to exit with, of a job that returned status. */
int interrupt_end(int status);

#endif /* INTERRUPT_H */
