/*
 * child.c - see child.h.
 *
 * The end of a process and the end of its connection come in any order, one right after the other.
 * The loss of the connection waits a moment for the process's end, which is the better reason; and
 * that end waits a moment for what is still in the connection.
 *
 * What libuv has of a child never keeps a caller's loop running while the session does not.
 */
#include "child.h"

#include "folder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HOLD_MS = 500,    /* from the loss of the connection to the end of the process */
    REST_MS = 250,    /* from the end of the process to that of the connection */
    POLITE_MS = 2000, /* from SIGTERM to SIGKILL */
    KILLED_MS = 1000, /* from SIGKILL until it is given up */
    INPUT = 8192,
    REMOVALS = 50, /* tries to remove a folder, 20 ms apart: who writes there is about to end */
    STACK = 64 << 10
};

static cdp__child *child_of(cdp__companion *c)
{
    return (cdp__child *)c;
}

/* ---- the end of its memory -------------------------------------------------------- */

static void release(cdp__child *p)
{
    if (--p->holds)
        return;
    cdp__remote *r = p->c.remote;
    if (p->folder)
        cdp__dealloc(r->allocator, p->folder, strlen(p->folder) + 1);
    cdp__dealloc(r->allocator, p, sizeof *p);
    cdp__remote_release(r);
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_handle_closed);
}

/* ---- what it leaves behind ---------------------------------------------------------- */

static void remove_folder(uv_work_t *work)
{
    const cdp__child *p = work->data;
    const struct timespec pause = { .tv_nsec = 20000000 };

    for (int i = 0; i < REMOVALS && !cdp__folder_remove(p->folder); i++)
        nanosleep(&pause, NULL);
}

static void on_folder_removed(uv_work_t *work, int status)
{
    (void)status;
    release(work->data);
}

/* Once it has ended, or was never started. */
static void clean_up(cdp__child *p)
{
    if (p->group && p->pid)
        kill(-p->pid, SIGKILL);
    p->group = false; /* another's may be called that later */
    if (!p->folder || p->work.data)
        return;
    p->work.data = p;
    p->holds++;
    uv_queue_work(p->c.remote->loop, &p->work, remove_folder, on_folder_removed);
}

/* ---- its stderr ---------------------------------------------------------------------- */

/* As if it had our stderr: what can't be written now is waited for. */
static void on_pass(void *self, const char *bytes, size_t len)
{
    const cdp__child *p = self;

    while (len && !p->quiet) {
        ssize_t n = write(STDERR_FILENO, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd writable = { .fd = STDERR_FILENO, .events = POLLOUT };
            poll(&writable, 1, -1);
        } else if (n == 0 || errno != EINTR) {
            return;
        }
    }
}

static void on_listens(void *self, const char *url)
{
    cdp__child *p = self;
    cdp__remote *r = p->c.remote;
    const char *why;

    if (p->ended || p->ending || r->lost)
        return;
    int rc = cdp__url_parse(&r->url, url, r->allocator, &why);
    if (rc < 0)
        cdp__remote_lose(r, rc, 0, "the program says that it listens, but not where");
    else
        cdp__remote_connect(r);
}

static void end_reading(cdp__child *p)
{
    if (!p->reading)
        return;
    p->reading = false;
    cdp__banner_end(&p->banner);
    close_handle(&p->err);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const cdp__child *p = handle->data;
    char *bytes = cdp__alloc(p->c.remote->allocator, INPUT);

    (void)suggested;
    *buf = uv_buf_init(bytes, bytes ? INPUT : 0); /* of nothing: UV_ENOBUFS */
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    cdp__child *p = stream->data;

    if (n > 0)
        cdp__banner_feed(&p->banner, buf->base, (size_t)n);
    cdp__dealloc(p->c.remote->allocator, buf->base, buf->base ? INPUT : 0);
    if (n < 0 && n != UV_ENOBUFS)
        end_reading(p);
}

/* What it said last.  (Processes of its own may have the other end still, so that there need not be
 * an end.) */
static void read_rest(cdp__child *p)
{
    char bytes[INPUT];
    uv_os_fd_t fd;

    if (!p->reading || uv_fileno((uv_handle_t *)&p->err, &fd) < 0)
        return;
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;)
        cdp__banner_feed(&p->banner, bytes, (size_t)n);
}

/* fd becomes its own. */
static int start_reading(cdp__child *p, int fd)
{
    uv_pipe_init(p->c.remote->loop, &p->err, 0); /* can't fail */
    p->err.data = p;
    p->holds++;
    p->reading = true;
    if (p->c.remote->t.driven)
        uv_unref((uv_handle_t *)&p->err);
    int rc = uv_pipe_open(&p->err, fd);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    return uv_read_start((uv_stream_t *)&p->err, on_alloc, on_read);
}

/* ---- its end ---------------------------------------------------------------------------- */

/* Of libuv nothing is left but what is under way. */
static void finish(cdp__child *p)
{
    clean_up(p);
    end_reading(p);
    if (p->process.data)
        close_handle(&p->process);
    close_handle(&p->timer);
}

static void lose(cdp__child *p, int status, int sys, const char *why)
{
    uv_timer_stop(&p->timer);
    p->telling = true;
    cdp__remote_lose(p->c.remote, status, sys, why);
    p->telling = false;
}

/* Is it still to say where it listens? */
static bool is_silent(const cdp__child *p)
{
    return p->says && !cdp__banner_said(&p->banner, CDP__BANNER_LISTENING);
}

static void tell_end(cdp__child *p)
{
    const char *early = is_silent(p) ? ", and never said where it listens" : "";
    char why[96];

    if (p->signal)
        snprintf(why, sizeof why, "the program was killed by signal %d%s", p->signal, early);
    else
        snprintf(why, sizeof why, "the program exited with code %lld%s", (long long)p->code, early);
    lose(p, CDP_EIO, UV_EOF, why);
}

static void on_rest_late(uv_timer_t *timer)
{
    tell_end(timer->data);
}

static void on_exit(uv_process_t *process, int64_t code, int signal)
{
    cdp__child *p = process->data;
    cdp__remote *r = p->c.remote;

    p->ended = true;
    p->code = code;
    p->signal = signal;
    close_handle(&p->process);
    clean_up(p);
    read_rest(p);
    if (p->ending)
        finish(p);
    else if (r->open)
        uv_timer_start(&p->timer, on_rest_late, REST_MS, 0);
    else if (!r->lost)
        tell_end(p);
}

/* ---- of the session ---------------------------------------------------------------------- */

static void on_end_late(uv_timer_t *timer)
{
    cdp__child *p = timer->data;

    lose(p, p->held_status, p->held_sys, p->held_why);
}

static bool child_lost(cdp__companion *c, int status, int sys, const char *why)
{
    cdp__child *p = child_of(c);

    if (p->telling || !p->pid)
        return false;
    if (p->ended) {
        tell_end(p);
        return true;
    }
    if (status == CDP_ETIMEDOUT && is_silent(p)) {
        lose(p, status, sys, "the program did not say in time where it listens");
        return true;
    }
    if (status != CDP_EIO && status != CDP_ECLOSED)
        return false;
    p->held_status = status;
    p->held_sys = sys;
    snprintf(p->held_why, sizeof p->held_why, "%s", why);
    uv_timer_start(&p->timer, on_end_late, HOLD_MS, 0);
    return true;
}

static void *reap(void *pid)
{
    while (waitpid((pid_t)(intptr_t)pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return NULL;
}

/* It outlives the session's loop: a thread waits for its end. */
static void let_go(cdp__child *p)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;

    close_handle(&p->process); /* libuv reaps it no more */
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK);
    sigfillset(&all); /* signals are for the program's threads */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_create(&thread, &attr, reap, (void *)(intptr_t)p->pid);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    finish(p);
}

static void on_kill_late(uv_timer_t *timer)
{
    let_go(timer->data);
}

static void on_polite_late(uv_timer_t *timer)
{
    cdp__child *p = timer->data;

    kill(p->group ? -p->pid : p->pid, SIGKILL);
    uv_timer_start(&p->timer, on_kill_late, KILLED_MS, 0);
}

static void child_end(cdp__companion *c)
{
    cdp__child *p = child_of(c);

    p->ending = true;
    if (!p->pid || p->ended) {
        finish(p);
        return;
    }
    if (p->leave) {
        p->group = false; /* which goes on */
        let_go(p);
        return;
    }
    uv_ref((uv_handle_t *)&p->process);
    if (!cdp__banner_said(&p->banner,
                          CDP__BANNER_WAITING)) /* else it ends when the connection does */
        kill(p->pid, SIGTERM);
    uv_update_time(c->remote->loop);
    uv_timer_start(&p->timer, on_polite_late, POLITE_MS, 0);
}

/* ---- the beginning -------------------------------------------------------------------------- */

static const cdp__companion_ops child_ops = { .lost = child_lost, .end = child_end };

cdp__child *cdp__child_new(cdp__remote *r)
{
    cdp__child *p = cdp__alloc(r->allocator, sizeof *p);

    if (!p)
        return NULL;
    memset(p, 0, sizeof *p);
    p->c.ops = &child_ops;
    p->banner = (cdp__banner){ .listens = on_listens, .pass = on_pass, .self = p };
    uv_timer_init(r->loop, &p->timer);
    p->timer.data = p;
    p->holds = 1;
    cdp__remote_add(r, &p->c);
    return p;
}

/* The standard descriptors, and 3 and 4. */
static int spawn(cdp__child *p, const cdp__child_options *opt, int err)
{
    const uv_stdio_flags out = p->quiet ? UV_IGNORE : UV_INHERIT_FD;
    uv_stdio_container_t stdio[5] = {
        { .flags = opt->input && !p->quiet ? UV_INHERIT_FD : UV_IGNORE, .data.fd = STDIN_FILENO },
        { .flags = out, .data.fd = STDOUT_FILENO },
        { .flags = err < 0 ? out : UV_INHERIT_FD, .data.fd = err < 0 ? STDERR_FILENO : err },
        { .flags = UV_INHERIT_FD, .data.fd = opt->descriptors[0] },
        { .flags = UV_INHERIT_FD, .data.fd = opt->descriptors[1] },
    };
    const uv_process_options_t options = { .exit_cb = on_exit,
                                           .file = opt->file,
                                           .args = (char **)(uintptr_t)opt->argv,
                                           .env = (char **)(uintptr_t)opt->env,
                                           .cwd = opt->cwd,
                                           .flags = p->group ? UV_PROCESS_DETACHED : 0,
                                           .stdio_count = opt->descriptors[0] < 0 ? 3 : 5,
                                           .stdio = stdio };
    int rc = uv_spawn(p->c.remote->loop, &p->process, &options);

    p->process.data = p; /* a handle whether it was started or not */
    p->holds++;
    if (rc < 0)
        return rc;
    p->pid = p->process.pid;
    if (p->c.remote->t.driven)
        uv_unref((uv_handle_t *)&p->process);
    return 0;
}

int cdp__child_start(cdp__child *p, const cdp__child_options *opt)
{
    uv_file fds[2] = { -1, -1 };
    int rc = opt->says ? uv_pipe(fds, 0, 0) : 0;

    p->says = opt->says;
    if (rc == 0 && opt->says)
        rc = start_reading(p, fds[0]);
    if (rc == 0)
        rc = spawn(p, opt, fds[1]);
    if (fds[1] >= 0)
        close(fds[1]);
    return rc;
}

/* ---- the API ------------------------------------------------------------------------------------
 */

/* The child of s's root, or NULL. */
static cdp__child *find(const cdp_session *s)
{
    const cdp__remote *r = cdp__remote_of(s);

    for (cdp__companion *c = r ? r->companions : NULL; c; c = c->next)
        if (c->ops == &child_ops)
            return child_of(c);
    return NULL;
}

static int fail(cdp_session *s, int status, const char *why)
{
    return cdp__error_set(&s->error, status, (cdp_str){ 0 }, why);
}

int64_t cdp_child_pid(const cdp_session *s)
{
    const cdp__child *p = find(s);

    return p && !p->ended ? p->pid : 0;
}

int cdp_child_kill(cdp_session *s, int signal)
{
    const cdp__child *p = find(s);

    if (!p || !p->pid)
        return fail(s, CDP_EINVAL, "the session has started no program");
    if (p->ended)
        return fail(s, CDP_EINVAL, "the program has ended");
    if (kill(p->pid, signal) == 0)
        return 0;
    fail(s, errno == EINVAL ? CDP_EINVAL : CDP_EIO, uv_strerror(uv_translate_sys_error(errno)));
    return s->error.pub.status;
}

/* One round of the loop, also after the session was lost.  Node that has run to its end waits for
 * its debuggers to leave. */
static void turn(cdp__child *p, int timeout_ms)
{
    cdp__remote *r = p->c.remote;
    cdp__conn *c = r->t.owner->conn;

    if (r->open && cdp__banner_said(&p->banner, CDP__BANNER_WAITING))
        cdp__remote_lose(r, CDP_ECLOSED, 0, "the program has run to its end");
    else if (cdp__step(c, timeout_ms) < 0 && c->t == &r->t && !p->ended)
        r->t.ops->poll(&r->t, timeout_ms);
}

int cdp_child_wait(cdp_session *s, int timeout_ms, int *code, int *signal)
{
    cdp__child *p = find(s);
    const uint64_t until = cdp__now() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    int rc;

    if (!p || !p->pid)
        return fail(s, CDP_EINVAL, "the session has started no program");
    if (!p->ended && (rc = cdp__may_wait(s, (cdp_str){ 0 })) < 0)
        return rc;
    cdp__session_ref(s);
    for (bool first = true; p && !p->ended; first = false) {
        uint64_t now = cdp__now();
        if (timeout_ms >= 0 && now >= until && !first) {
            rc = fail(s, CDP_ETIMEDOUT, "the program runs");
            cdp__session_unref(s);
            return rc;
        }
        turn(p, timeout_ms < 0 ? -1 : now < until ? (int)(until - now) : 0);
        p = find(s); /* NULL: a callback closed the session */
    }
    if (p && code)
        *code = (int)p->code;
    if (p && signal)
        *signal = p->signal;
    rc = p ? 0 : fail(s, CDP_ECLOSED, NULL);
    cdp__session_unref(s);
    return rc;
}
