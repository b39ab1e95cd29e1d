/*
 * target.h - a program with an inspector as a child: PROGRAM --inspect=127.0.0.1:0 SCRIPT.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct target {
    pid_t pid; /* 0: there is none */
    char url[256];
} target;

/* command: the words before --inspect, NULL at the end.  -1: it does not start. */
int target_start(target *t, const char *const *command, const char *script);
void target_stop(target *t);

/* CPU time of all its threads, in ns. */
double target_cpu(const target *t);

/* Puts all its threads, and this one, on one processor; or wherever the kernel likes. */
void target_place(const target *t, bool together);

#endif /* BENCH_TARGET_H */
