/*
 * bench.h - comparing ways of doing the same thing, in one process and in turns.
 *
 * Machines differ and are busy; what holds is the ratio of two contestants measured alternately.
 * Each contestant's figure is the least CPU time that one of its rounds took.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

typedef struct contestant {
    const char *name;
    void (*run)(void *data); /* the work, once */
    void *data;
    double ns; /* out: for one run */
} contestant;

/* CPU time of this thread, in ns. */
double bench_now(void);

/* Measures n contestants in interleaved rounds of about ms_each milliseconds each. */
void bench_compare(contestant *c, size_t n, double ms_each, int rounds);

/* Prints "what: a is R x b (goal)" and remembers whether the goal was reached. */
void bench_ratio(const char *what, double ratio, double goal, const char *unit);

double bench_geomean(const double *x, size_t n);
double bench_median(double *x, size_t n); /* sorts x */

/* How many goals were missed so far. */
int bench_missed(void);

#endif /* BENCH_H */
