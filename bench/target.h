/*
 * target.h - a program with an inspector as a child, and where processes run.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct target {
    pid_t pid; /* 0: there is none */
    char url[256];
} target;

/* command: its words, NULL at the end.  Waits until it says that it is "listening on" a URL.  -1:
 * it does not start. */
int target_start(target *t, const char *const *command);
void target_stop(target *t);

/* CPU time of all threads of a process, in ns. */
double target_cpu(pid_t pid);

/* Puts all threads of this process, of its children and theirs on one processor; or wherever the
 * kernel likes. */
void target_place_all(bool together);

#endif /* BENCH_TARGET_H */
