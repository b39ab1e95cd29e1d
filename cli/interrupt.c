/*
 * interrupt.c - see interrupt.h.
 */
#include "interrupt.h"

#include "cli.h"

#include <cdp/remote.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* Some, timeout(1) among them, send a signal to the process and again to its group. */
enum { TWICE_MS = 200 };

static atomic_int signaled;
static struct {
    pthread_mutex_t lock;
    bool started, gently;
    cdp_session *root, *child;
    int64_t program; /* a process group that was started; or 0 */
    unfinished *files;
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
    if (!watched.gently)
        cdp_cancel(root, 0);
    if (!watched.gently && watched.child)
        cdp_cancel(watched.child, 0);
    cdp_stop(root);
}

/* Milliseconds. */
static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *take_signals(void *data)
{
    sigset_t set = our_signals();
    int64_t first = 0;
    int number;

    (void)data;
    while (sigwait(&set, &number) == 0) {
        if (atomic_load(&signaled) == number && now() - first < TWICE_MS)
            continue;
        first = now();
        pthread_mutex_lock(&watched.lock);
        if (atomic_load(&signaled)) {
            for (const unfinished *f = watched.files; f; f = f->next)
                unlink(f->path);
            if (watched.program)
                kill((pid_t)-watched.program, SIGTERM);
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
    watched.program = root ? cdp_child_pid(root) : 0;
    if (root && interrupted())
        cdp_post(root, cancel_calls, NULL);
    pthread_mutex_unlock(&watched.lock);
}

void interrupt_gently(bool gently)
{
    watched.gently = gently; /* read on this thread, too */
}

void interrupt_file(unfinished *file, bool is)
{
    unfinished **at = &watched.files;

    pthread_mutex_lock(&watched.lock);
    while (*at && *at != file)
        at = &(*at)->next;
    *at = is ? file : file->next;
    if (is)
        file->next = NULL;
    pthread_mutex_unlock(&watched.lock);
}

int interrupt_end(int status)
{
    return status && interrupted() ? 128 + interrupted() : status;
}
