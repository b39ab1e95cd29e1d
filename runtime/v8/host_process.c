/*
 * host_process.c - V8's life in the process: it starts once, ends once, and never starts again.
 */
#include "host_v8.h"

#include <cdp/host.h>
#include <pthread.h>

static struct {
    pthread_mutex_t lock;
    void *platform;
    unsigned hosts;
    bool over;
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

int cdp__host_enter(void **platform)
{
    int rc = CDP_ESTATE;

    pthread_mutex_lock(&process.lock);
    if (!process.over) {
        if (!process.platform)
            process.platform = cdp__js_start();
        *platform = process.platform;
        process.hosts++;
        rc = 0;
    }
    pthread_mutex_unlock(&process.lock);
    return rc;
}

void cdp__host_leave(void)
{
    pthread_mutex_lock(&process.lock);
    process.hosts--;
    pthread_mutex_unlock(&process.lock);
}

int cdp_host_shutdown(void)
{
    int rc = CDP_ESTATE;

    pthread_mutex_lock(&process.lock);
    if (!process.hosts) {
        if (process.platform)
            cdp__js_shutdown();
        process.platform = NULL;
        process.over = true;
        rc = 0;
    }
    pthread_mutex_unlock(&process.lock);
    return rc;
}
