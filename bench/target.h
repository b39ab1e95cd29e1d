/*
 * target.h - a program with an inspector as a child: PROGRAM --inspect=127.0.0.1:0 SCRIPT.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <sys/types.h>

typedef struct target {
    pid_t pid; /* 0: there is none */
    char url[256];
} target;

/* command: the words before --inspect, NULL at the end.  All its threads get one processor,
 * cpu.  -1: it does not start. */
int target_start(target *t, const char *const *command, const char *script, int cpu);
void target_stop(target *t);

/* CPU time of all its threads, in ns. */
double target_cpu(const target *t);

/* The processors there are for us: the first, and the last.  Pins this process to one. */
void target_processors(int *first, int *last);
void target_pin(int cpu);

#endif /* BENCH_TARGET_H */
