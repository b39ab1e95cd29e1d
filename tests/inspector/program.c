/* program.c - see program.h. */
#include "program.h"

#include <time.h>
#include <uv.h>

void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    nanosleep(&t, NULL);
}

void await(bool (*condition)(void *arg), void *arg)
{
    enum { LIMIT_MS = 60000 };

    for (int ms = 0; !condition(arg); ms += 2) {
        if (ms > LIMIT_MS)
            fail_msg("what was waited for does not come");
        nap(2);
    }
}

/* ---- its thread --------------------------------------------------------------- */

static void append(program *p, char *text, size_t size, const char *more, size_t len)
{
    pthread_mutex_lock(&p->lock);
    size_t n = strlen(text);
    if (len > size - 1 - n)
        len = size - 1 - n;
    memcpy(text + n, more, len);
    text[n + len] = 0;
    pthread_mutex_unlock(&p->lock);
}

static void on_log(const char *line, void *data)
{
    program *p = data;

    append(p, p->log, sizeof p->log, line, strlen(line));
}

static void on_write(cdp_host *h, int fd, const char *text, size_t len, void *data)
{
    program *p = data;

    (void)h;
    (void)fd;
    append(p, p->out, sizeof p->out, text, len);
}

static void on_async(uv_async_t *async)
{
    program *p = async->data;

    pthread_mutex_lock(&p->lock);
    job *fn = p->job;
    bool quit = p->quit;
    pthread_mutex_unlock(&p->lock);
    if (fn) {
        int result = fn(p, p->arg);
        pthread_mutex_lock(&p->lock);
        p->result = result;
        p->job = NULL;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
    }
    if (quit)
        uv_close((uv_handle_t *)async, NULL);
}

static int start(program *p)
{
    cdp_host_options host = { .write = on_write, .data = p };

    if (cdp_host_new(&p->h, &host) < 0)
        return CDP_ENOMEM;
    p->async->data = p;
    if (uv_async_init(cdp_host_loop(p->h), p->async, on_async) < 0)
        return CDP_EIO;
    return p->opt ? cdp_inspector_new(&p->insp, cdp_host_v8(p->h), p->opt) : 0;
}

static void *live(void *arg)
{
    program *p = arg;
    int rc = start(p);

    pthread_mutex_lock(&p->lock);
    p->rc = rc;
    p->started = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (bool quit = false; rc == 0 && !quit;) {
        cdp_host_run(p->h);
        pthread_mutex_lock(&p->lock);
        quit = p->quit;
        pthread_mutex_unlock(&p->lock);
    }
    cdp_inspector_free(p->insp);
    cdp_host_free(p->h);
    return NULL;
}

static void launch(program *p, const cdp_inspector_options *opt)
{
    *p = (program){ .opt = opt, .async = calloc(1, sizeof *p->async) };
    assert_non_null(p->async);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    assert_int_equal(pthread_create(&p->thread, NULL, live, p), 0);
    pthread_mutex_lock(&p->lock);
    while (!p->started)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
    assert_int_equal(p->rc, 0);
    p->opt = NULL;
}

void program_start_plain(program *p)
{
    launch(p, NULL);
}

/* Its log, unless the test has one of its own. */
static cdp_inspector_options with_log(program *p, const cdp_inspector_options *opt)
{
    cdp_inspector_options o = opt ? *opt : (cdp_inspector_options){ .port = 0 };

    if (!o.log) {
        o.log = on_log;
        o.data = p;
    }
    return o;
}

void program_start(program *p, const cdp_inspector_options *opt)
{
    cdp_inspector_options o = with_log(p, opt);

    launch(p, &o);
}

void program_open(program *p, const cdp_inspector_options *opt)
{
    program_start(p, opt);
    if (program_do(p, job_open, NULL) < 0)
        fail_msg("%s", program_error(p));
}

void program_stop(program *p)
{
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_mutex_unlock(&p->lock);
    uv_async_send(p->async);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->async);
}

/* ---- jobs ---------------------------------------------------------------------- */

void program_begin(program *p, job *fn, void *arg)
{
    pthread_mutex_lock(&p->lock);
    p->job = fn;
    p->arg = arg;
    pthread_mutex_unlock(&p->lock);
    uv_async_send(p->async);
}

int program_await(program *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->job)
        pthread_cond_wait(&p->changed, &p->lock);
    int result = p->result;
    pthread_mutex_unlock(&p->lock);
    return result;
}

int program_do(program *p, job *fn, void *arg)
{
    program_begin(p, fn, arg);
    return program_await(p);
}

static int job_run(program *p, void *text)
{
    return cdp_host_run_text(p->h, "program.js", cdp_s(text), NULL);
}

int program_run(program *p, const char *text)
{
    return program_do(p, job_run, (void *)(uintptr_t)text);
}

void program_begin_run(program *p, const char *text)
{
    program_begin(p, job_run, (void *)(uintptr_t)text);
}

int job_open(program *p, void *opt)
{
    if (!opt)
        return cdp_inspector_open(p->insp, NULL);
    cdp_inspector_options o = with_log(p, opt);
    return cdp_inspector_open(p->insp, &o);
}

int job_close(program *p, void *arg)
{
    (void)arg;
    cdp_inspector_close(p->insp);
    return 0;
}

int job_wait_for_debugger(program *p, void *ms)
{
    return cdp_inspector_wait_for_debugger(p->insp, *(const int *)ms);
}

int job_free(program *p, void *arg)
{
    (void)arg;
    cdp_inspector_free(p->insp);
    p->insp = NULL;
    return 0;
}

/* ---- what it says -------------------------------------------------------------- */

static int read_error(program *p, void *text)
{
    const cdp_error *e = cdp_inspector_error(p->insp);

    snprintf(text, 512, "%s", e->message.ptr);
    return e->status;
}

const char *program_error(program *p)
{
    static char text[512];

    program_do(p, read_error, text);
    return text;
}

unsigned program_logged(program *p, const char *text)
{
    unsigned n = 0;

    pthread_mutex_lock(&p->lock);
    for (const char *l = p->log; (l = strstr(l, text)); l += strlen(text))
        n++;
    pthread_mutex_unlock(&p->lock);
    return n;
}

typedef struct expected {
    program *p;
    const char *text;
    unsigned n;
} expected;

static bool is_logged(void *arg)
{
    const expected *e = arg;

    return program_logged(e->p, e->text) >= e->n;
}

void program_await_log(program *p, const char *text, unsigned times)
{
    await(is_logged, &(expected){ p, text, times });
}

static bool has_sessions(void *arg)
{
    const expected *e = arg;

    return cdp_inspector_sessions(e->p->insp) == e->n;
}

void program_await_sessions(program *p, unsigned n)
{
    await(has_sessions, &(expected){ p, NULL, n });
}
