/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP: jobs are told, and end in order.
 *
 * The signals are blocked everywhere and taken by a thread of their own (sigwait), so nothing here
 * runs inside a signal handler.  At the first one, calls in flight of the job's session end with
 * CDP_ECANCELED, what polls returns, and interrupted() tells; the job then finishes its file or
 * drops it, and closes its target.  At the second one the file is dropped and the process ends.
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

/* The unfinished file, which is unlinked at the second signal; NULL: none any more.  Returns after
 * an unlinking that is under way. */
void interrupt_file(const char *path);

/* What to exit with, of a job that returned status. */
int interrupt_end(int status);

#endif /* INTERRUPT_H */
