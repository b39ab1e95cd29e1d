/* wait.c - see wait.h. */
#include "wait.h"

#include <errno.h>
#include <time.h>

int cdp__cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return rc;
}

void cdp__await(pthread_mutex_t *lock, pthread_cond_t *cond, bool *flag, int timeout_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    if (timeout_ms > 0) {
        until.tv_sec += timeout_ms / 1000;
        until.tv_nsec += timeout_ms % 1000 * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
    }
    pthread_mutex_lock(lock);
    while (!*flag)
        if (timeout_ms < 0)
            pthread_cond_wait(cond, lock);
        else if (pthread_cond_timedwait(cond, lock, &until) == ETIMEDOUT)
            break;
    *flag = false;
    pthread_mutex_unlock(lock);
}
