/*
 * worker.h - a contestant that is a program of its own: it reads lines, does what they say, and
 * answers each over a pipe.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdio.h>
#include <sys/types.h>

typedef struct worker {
    pid_t pid; /* 0: there is none */
    FILE *in, *out;
} worker;

/* What a case took, and how many units came of it. */
typedef struct tally {
    double ns;
    double units;
} tally;

/* command: its words, NULL at the end.  It ends with this process. */
int worker_start(worker *w, const char *const *command);
/* Has it do one line: "WHAT ARGUMENT", answered with "NS UNITS"; ends this process if it can't. */
tally worker_do(worker *w, const char *what, const char *argument);
void worker_stop(worker *w);

#endif /* BENCH_WORKER_H */
