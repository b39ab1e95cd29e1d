/*
 * recording.c - see recording.h.
 */
#include "recording.h"

#include "cli.h"
#include "interrupt.h"
#include "progress.h"

#include <time.h>

#define TICK 0.2 /* seconds, of the progress line */

enum { EXIT_MS = 30000 }; /* for a program that has only to exit */

int recording_open(recording *r, const words *w)
{
    *r = (recording){ .enough = false };
    int status = target_open(&r->t, w);

    if (status)
        return status;
    interrupt_gently(true);
    int rc = r->t.started ? 0 : target_expect_end(&r->t);
    if (rc == 0 && interrupted())
        rc = CDP_ECANCELED;
    return rc < 0 ? target_fail(&r->t, rc) : 0;
}

/* ---- recording ------------------------------------------------------------- */

static double wall_time(void)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int wait(recording *r, double seconds)
{
    const double began = target_now();
    const uint64_t total = seconds > 0 ? (uint64_t)(seconds * 1000) : 0;
    int rc = 0;

    for (r->seconds = 0; rc == 0 && !r->enough && !r->t.ended && !interrupted();
         r->seconds = target_now() - began) {
        double left = seconds - r->seconds;
        if (seconds >= 0 && left <= 0)
            break;
        rc = target_wait(&r->t, seconds >= 0 && left < TICK ? left : TICK, &r->enough);
        progress_update((uint64_t)(r->seconds * 1000), total, 0);
    }
    return rc;
}

int recording_run(recording *r, const words *w, const char *label)
{
    r->wall_time = wall_time();
    int rc = target_go(&r->t);
    if (rc < 0)
        return rc;
    progress_start(label);
    rc = wait(r, words_seconds(w, "time"));
    progress_end();
    return rc;
}

int recording_close(recording *r, int status)
{
    int code = 0, number = 0;

    if (status == 0 && r->t.started && r->t.ended) {
        if (cdp_child_wait(r->t.root, EXIT_MS, &code, &number) < 0)
            status = target_fail(&r->t, CDP_ETIMEDOUT);
        else
            status = number ? 128 + number : code;
    }
    target_close(&r->t);
    return status;
}
