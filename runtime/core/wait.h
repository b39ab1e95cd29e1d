/*
 * wait.h - waiting for a flag that another thread sets.
 */
#ifndef CDP_WAIT_H
#define CDP_WAIT_H

#include <pthread.h>
#include <stdbool.h>

/* A condition whose timeouts are of the monotonic clock.  0, or an errno. */
int cdp__cond_init(pthread_cond_t *cond);

/* Waits until *flag, which lock guards and whose setter signals cond, or for timeout_ms (-1: no
 * limit); then it is false again. */
void cdp__await(pthread_mutex_t *lock, pthread_cond_t *cond, bool *flag, int timeout_ms);

#endif /* CDP_WAIT_H */
