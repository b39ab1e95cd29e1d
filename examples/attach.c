/*
 * attach.c - attaches to a running Node by its process id (which it tells by SIGUSR1 if need be)
 * and says what it spends its time on.
 */
#include <cdp/profiler.h>
#include <cdp/remote.h>
#include <cdp/report.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Delivers events for so long. */
static int run_for(cdp_session *s, double seconds)
{
    struct timespec now;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &now);
    double end = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + seconds;
    while (rc == 0 && seconds > 0) {
        rc = cdp_poll(s, (int)(seconds * 1000) + 1);
        clock_gettime(CLOCK_MONOTONIC, &now);
        seconds = end - ((double)now.tv_sec + (double)now.tv_nsec / 1e9);
    }
    return rc;
}

static int print_top(const cdp_profiler_profile *profile)
{
    CDP_AUTO cdp_report_table *top = NULL;
    CDP_AUTO cdp_report_profile *p = NULL;
    int rc = cdp_report_cpu(&p, profile, NULL, NULL);

    if (rc == 0)
        rc = cdp_report_top(&top, p);
    for (size_t i = 0; rc == 0 && i < top->rows.n && i < 10; i++) {
        const cdp_report_row *row = &top->rows.items[i];
        printf("%5.1f %%  %8.1f ms  %s  %s:%d\n", row->self_share * 100, row->self / 1000,
               row->function_name.ptr, row->url.ptr, (int)row->line);
    }
    return rc;
}

static int profile(cdp_session *s, double seconds)
{
    CDP_AUTO cdp_profiler_stop_result *res = NULL;
    int rc;

    if ((rc = cdp_profiler_enable(s)) < 0 || (rc = cdp_profiler_start(s)) < 0 ||
        (rc = run_for(s, seconds)) < 0 || (rc = cdp_profiler_stop(s, &res)) < 0)
        return rc;
    return print_top(res->profile);
}

int main(int argc, char **argv)
{
    cdp_session *s;

    if (argc != 2 && argc != 3)
        return fprintf(stderr, "usage: attach PID [seconds]\n"), 2;
    int rc = cdp_connect_pid(&s, strtoll(argv[1], NULL, 10), NULL);
    if (rc == 0)
        rc = profile(s, argc == 3 ? strtod(argv[2], NULL) : 5);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    return rc < 0;
}
