/*
 * recording.h - jobs that record: what a target does, from one moment to another.
 *
 * A recording ends after the seconds that were asked for, at the first signal, or when Node's
 * program has run to its end, which then waits until what was recorded has been fetched.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include "target.h"

/* The option that says for how long. */
#define RECORDING_TIME                                                  \
    {                                                                   \
        't', "time", WORD_SECONDS, "SECONDS", NULL,                     \
            "end after so long; else at Ctrl-C or at the program's end" \
    }

typedef struct recording {
    target t;
    double wall_time; /* when it began, in seconds since 1970 */
    double seconds;   /* it lasted */
    bool enough;      /* set by who has seen enough */
} recording;

/* Opens the target; from then on signals end no calls.  As target_open(). */
int recording_open(recording *r, const words *w);

/* Has the program run, and records (label: of the progress line).  0, or why the session can't go
 * on. */
int recording_run(recording *r, const words *w, const char *label);

/* Closes the target.  What to exit with, of a job that returned status: as the program did, if it
 * was started and has run to its end. */
int recording_close(recording *r, int status);

#endif /* RECORDING_H */
