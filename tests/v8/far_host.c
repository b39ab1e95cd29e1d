/* far_host.c - see far_host.h. */
#include "far_host.h"

#include <uv.h>

static void on_write(cdp_host *h, int fd, const char *text, size_t len, void *data)
{
    far_host *f = data;
    size_t n = strlen(f->printed);

    (void)h;
    (void)fd;
    snprintf(f->printed + n, sizeof f->printed - n, "%.*s", (int)len, text);
}

static void on_uncaught(cdp_host *h, const cdp_error *err, void *data)
{
    on_write(h, 2, err->message.ptr, err->message.len, data);
}

static void serve(far_host *f)
{
    if (f->first)
        f->first(f, f->data);
    if (f->wait)
        f->waited = cdp_v8_wait_for_debugger(f->v, 60000);
    if (f->script)
        f->outcome = cdp_host_run_text(f->h, f->name ? f->name : "far.js", cdp_s(f->script), NULL);
    while (!f->over) {
        if (f->by_hand) {
            cdp_v8_pump(f->v);
            uv_run(cdp_host_loop(f->h), UV_RUN_ONCE);
        } else {
            cdp_host_run(f->h); /* what nobody handles ends it */
        }
    }
}

static void *live(void *data)
{
    far_host *f = data;
    cdp_host_options opt = { .write = on_write, .uncaught = on_uncaught, .data = f };

    f->started = cdp_host_new(&f->h, &opt);
    if (f->started == 0)
        f->started = cdp_host_connect(&f->near, f->h, NULL);
    if (f->started == 0)
        f->started = cdp_host_run_text(f->h, "", cdp_s("setInterval(() => {}, 1e6); 0"), NULL);
    f->v = cdp_host_v8(f->h);
    pthread_mutex_lock(&f->lock);
    f->ready = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    if (f->started == 0)
        serve(f);
    pthread_mutex_lock(&f->lock);
    while (f->started == 0 && !f->posted) /* no session may end while it is posted to */
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
    cdp_close(f->near);
    cdp_host_free(f->h);
    return NULL;
}

void far_start(far_host *f)
{
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    assert_int_equal(pthread_create(&f->thread, NULL, live, f), 0);
    pthread_mutex_lock(&f->lock);
    while (!f->ready)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(f->started, 0);
}

static void stop(cdp_session *s, void *data)
{
    far_host *f = data;

    (void)s;
    f->over = true;
    cdp_host_stop(f->h);
}

void far_end(far_host *f)
{
    assert_int_equal(cdp_post(f->near, stop, f), 0);
    pthread_mutex_lock(&f->lock);
    f->posted = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
}

cdp_session *far_connect(far_host *f)
{
    cdp_session *s = NULL;

    assert_int_equal(cdp_v8_connect_from_thread(&s, f->v, NULL), 0);
    return s;
}

static void block(cdp_session *s, void *data)
{
    far_host *f = data;

    (void)s;
    pthread_mutex_lock(&f->lock);
    f->blocked = true;
    pthread_cond_broadcast(&f->changed);
    while (!f->free_to_go)
        pthread_cond_wait(&f->changed, &f->lock);
    f->blocked = f->free_to_go = false;
    pthread_mutex_unlock(&f->lock);
}

void far_block(far_host *f)
{
    assert_int_equal(cdp_post(f->near, block, f), 0);
    pthread_mutex_lock(&f->lock);
    while (!f->blocked)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

void far_unblock(far_host *f)
{
    pthread_mutex_lock(&f->lock);
    f->free_to_go = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}
