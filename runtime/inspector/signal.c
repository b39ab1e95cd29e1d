/*
 * signal.c - opens an inspector when the process gets a signal, as Node does on SIGUSR1.
 *
 * The handler only posts a semaphore.  A thread waits for that and has the isolate's thread open
 * the inspector, which also works amid an endless loop.
 */
#include "inspector_internal.h"

#include "../v8/v8_internal.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>

static struct {
    cdp_inspector *insp; /* NULL: none listens */
    int signal;
    struct sigaction before;
    pthread_t thread;
    sem_t posted;
    atomic_bool stop, asked;
    cdp__v8_hooks hooks;
} watch;

static void on_signal(int signal)
{
    int e = errno;

    (void)signal;
    sem_post(&watch.posted);
    errno = e;
}

static void *wait_for_signals(void *arg)
{
    (void)arg;
    for (;;) {
        while (sem_wait(&watch.posted) < 0)
            ;
        if (atomic_load(&watch.stop))
            return NULL;
        atomic_store(&watch.asked, true);
        cdp__v8_wake(watch.insp->v);
    }
}

/* On the isolate's thread, amid JavaScript or not. */
static void on_posted(void *self, cdp_v8 *v)
{
    (void)v;
    if (atomic_exchange(&watch.asked, false) && !cdp_inspector_url(self) &&
        cdp_inspector_open(self, NULL) < 0)
        cdp__log(&((cdp_inspector *)self)->opt, "%s\n", cdp_inspector_error(self)->message.ptr);
}

static void stop_watching(cdp_inspector *insp)
{
    sigaction(watch.signal, &watch.before, NULL);
    atomic_store(&watch.stop, true);
    sem_post(&watch.posted);
    pthread_join(watch.thread, NULL);
    sem_destroy(&watch.posted);
    cdp__v8_unhook(insp->v, &watch.hooks);
    watch.insp = NULL;
}

static int listen_to(cdp_inspector *insp, int signal)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigset_t all, before;

    if (watch.insp == insp)
        stop_watching(insp);
    if (signal == 0)
        return 0;
    if (watch.insp)
        return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""),
                                   "another inspector listens to a signal");
    watch.insp = insp;
    watch.signal = signal;
    atomic_store(&watch.stop, false);
    atomic_store(&watch.asked, false);
    sem_init(&watch.posted, 0, 0);
    sigfillset(&all); /* signals are for the program's threads */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int rc = pthread_create(&watch.thread, NULL, wait_for_signals, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        sem_destroy(&watch.posted);
        watch.insp = NULL;
        return cdp__inspector_fail(insp, CDP_ENOMEM, cdp_s(""), "no thread: %s", strerror(rc));
    }
    watch.hooks = (cdp__v8_hooks){ .posted = on_posted, .self = insp };
    cdp__v8_hook(insp->v, &watch.hooks);
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, &watch.before) < 0) {
        watch.before = (struct sigaction){ .sa_handler = SIG_DFL };
        stop_watching(insp);
        return cdp__inspector_fail(insp, CDP_EINVAL, cdp_s(""), "no such signal");
    }
    return 0;
}

int cdp_inspector_open_on_signal(cdp_inspector *insp, int signal)
{
    static pthread_mutex_t lock =
        PTHREAD_MUTEX_INITIALIZER; /* isolates have threads of their own */

    if (!pthread_equal(insp->v->thread, pthread_self()))
        return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""), "not on the isolate's thread");
    pthread_mutex_lock(&lock);
    int rc = listen_to(insp, signal);
    pthread_mutex_unlock(&lock);
    return rc;
}
