/*
 * interrupt.c - see interrupt.h.
 */
#include "interrupt.h"

#include "cli.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int signaled;
static struct {
    pthread_mutex_t lock;
    bool started;
    cdp_session *root, *child;
    const char *file;
} watched = { .lock = PTHREAD_MUTEX_INITIALIZER };

static sigset_t our_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

/* On the session's thread. */
static void cancel_calls(cdp_session *root, void *data)
{
    (void)data;
    if (!root)
        return;
    cdp_cancel(root, 0);
    if (watched.child)
        cdp_cancel(watched.child, 0);
    cdp_stop(root);
}

static void *take_signals(void *data)
{
    sigset_t set = our_signals();
    int number;

    (void)data;
    while (sigwait(&set, &number) == 0) {
        pthread_mutex_lock(&watched.lock);
        if (atomic_load(&signaled)) {
            if (watched.file)
                unlink(watched.file);
            _exit(128 + number);
        }
        atomic_store(&signaled, number);
        if (watched.root)
            cdp_post(watched.root, cancel_calls, NULL);
        pthread_mutex_unlock(&watched.lock);
    }
    return NULL;
}

int interrupt_start(void)
{
    sigset_t set = our_signals();
    pthread_t thread;

    if (watched.started)
        return 0;
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&thread, NULL, take_signals, NULL) != 0)
        return complain(STATUS_FAILED, "can't start a thread");
    pthread_detach(thread);
    watched.started = true;
    return 0;
}

int interrupted(void)
{
    return atomic_load(&signaled);
}

void interrupt_session(cdp_session *root, cdp_session *child)
{
    pthread_mutex_lock(&watched.lock);
    watched.root = root;
    watched.child = child;
    if (root && interrupted())
        cdp_post(root, cancel_calls, NULL);
    pthread_mutex_unlock(&watched.lock);
}

void interrupt_file(const char *path)
{
    pthread_mutex_lock(&watched.lock);
    watched.file = path;
    pthread_mutex_unlock(&watched.lock);
}

int interrupt_end(int status)
{
    return status && interrupted() ? 128 + interrupted() : status;
}
