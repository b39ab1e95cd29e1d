/* support.c - see bench.h. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int missed;

double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_runs(const contestant *c, size_t runs)
{
    double start = bench_now();

    for (size_t i = 0; i < runs; i++)
        c->run(c->data);
    return (bench_now() - start) / (double)runs;
}

void bench_compare(contestant *c, size_t n, double ms_each, int rounds)
{
    size_t *runs = calloc(n, sizeof *runs);

    if (!runs)
        abort();
    for (size_t i = 0; i < n; i++) { /* warm up, and find how many runs fill a round */
        double once = time_runs(&c[i], 1);
        once = fmin(once, time_runs(&c[i], 3));
        runs[i] = (size_t)fmax(1, ms_each * 1e6 / fmax(once, 1));
        c[i].ns = INFINITY;
    }
    for (int r = 0; r < rounds; r++)
        for (size_t i = 0; i < n; i++)
            c[i].ns = fmin(c[i].ns, time_runs(&c[i], runs[i]));
    free(runs);
}

void bench_ratio(const char *what, double ratio, double goal, const char *unit)
{
    const char *verdict = "";

    if (goal > 0 && ratio < goal) {
        verdict = "  MISSED";
        missed++;
    }
    if (goal > 0)
        printf("%-58s %8.2f %s  (goal %.2f)%s\n", what, ratio, unit, goal, verdict);
    else
        printf("%-58s %8.2f %s\n", what, ratio, unit);
}

double bench_geomean(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += log(x[i]);
    return n ? exp(sum / (double)n) : 0;
}

static int ascending(const void *a, const void *b)
{
    double x, y;

    x = *(const double *)a;
    y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return n ? (x[(n - 1) / 2] + x[n / 2]) / 2 : 0;
}

int bench_missed(void)
{
    return missed;
}
