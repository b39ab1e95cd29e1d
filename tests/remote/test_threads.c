/*
 * test_threads.c - sessions on threads of their own, which share what trusts peers, while others
 * post to them.
 */
#include "reach.h"

#include <stdio.h>

enum { THREADS = 3, CALLS = 200, POSTS = 300 };

typedef struct worker {
    const char *url;
    char secure[64]; /* the peer speaks no TLS: ends in the handshake */
    cdp_tls *tls;
    pthread_t thread;
    pthread_mutex_t lock; /* guards s, while it may be posted to */
    cdp_session *s;
    atomic_uint posted, ran;
} worker;

static void on_post(cdp_session *s, void *data)
{
    (void)s;
    atomic_fetch_add(&((worker *)data)->ran, 1);
}

static void use(worker *w)
{
    const cdp_remote_options opt = { .reconnect = { .attempts = 1000, .delay_ms = 1 } };
    cdp_session *s;
    cdp_value *v;

    assert_int_equal(cdp_connect(&s, w->url, &opt), 0);
    pthread_mutex_lock(&w->lock);
    w->s = s;
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(cdp_call(s, "Test.a", cdp_json("{\"x\":1}"), &v), 0);
        cdp_free(v);
        if (i % 50 == 0)
            assert_int_equal(cdp_call(s, "Test.drop", cdp_json(NULL), NULL), CDP_EIO);
    }
    while (atomic_load(&w->posted) < POSTS)
        cdp_poll(s, 10);
    pthread_mutex_lock(&w->lock);
    w->s = NULL;
    pthread_mutex_unlock(&w->lock);
    cdp_close(s);
}

static void *work(void *data)
{
    worker *w = data;
    const cdp_remote_options opt = { .tls = w->tls, .connect_ms = 100 };
    cdp_session *s;

    for (int i = 0; i < 5 && w->tls; i++) {
        assert_true(cdp_connect(&s, w->secure, &opt) < 0);
        cdp_close(s);
    }
    use(w);
    return NULL;
}

static void post_to(worker *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->s && atomic_load(&w->posted) < POSTS) {
        assert_int_equal(cdp_post(w->s, on_post, w), 0);
        atomic_fetch_add(&w->posted, 1);
    }
    pthread_mutex_unlock(&w->lock);
}

static bool are_done(worker *w)
{
    for (int i = 0; i < THREADS; i++)
        if (atomic_load(&w[i].posted) < POSTS)
            return false;
    return true;
}

static void sessions_have_threads(void **state)
{
    static worker w[THREADS];
    cdp_tls *tls = NULL;
    peer p;

    (void)state;
    peer_start(&p);
    assert_int_equal(cdp_tls_new(&tls, &(cdp_tls_options){ .insecure = true }, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        w[i].url = p.url;
        w[i].tls = tls;
        snprintf(w[i].secure, sizeof w[i].secure, "wss://127.0.0.1:%u/", p.port);
        pthread_mutex_init(&w[i].lock, NULL);
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
    while (!are_done(w)) {
        for (int i = 0; i < THREADS; i++)
            post_to(&w[i]);
        uv_sleep(1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(atomic_load(&w[i].ran), POSTS); /* with NULL, where it was closed before */
        pthread_mutex_destroy(&w[i].lock);
    }
    cdp_tls_free(tls);
    peer_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sessions_have_threads) };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
