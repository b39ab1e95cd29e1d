/*
 * test_delivery.c - what comes to sessions of other threads than the isolate's: nothing is called
 * back but where the session's own thread asks for it, and either thread may end first.
 */
#include "far_host.h"

#include <stdatomic.h>

/* ---- where callbacks run --------------------------------------------------- */

typedef struct seen {
    pthread_t thread;
    bool polling;
    int n, wrong;
} seen;

static void note(seen *n)
{
    n->n++;
    n->wrong += !n->polling || !pthread_equal(n->thread, pthread_self());
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)ev;
    note(data);
}

static void on_value(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    (void)res;
    assert_null(err);
    note(data);
}

static void poll_until(cdp_session *s, seen *n, int wanted)
{
    n->polling = true;
    while (n->n < wanted)
        assert_int_equal(cdp_poll(s, 10000), 0);
    n->polling = false;
}

static void callbacks_come_when_asked_for(void **state)
{
    far_host f = { 0 };
    seen n = { .thread = pthread_self() };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("console.log(1); 2") };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    cdp_runtime_on_console_api_called(s, on_console, &n);
    assert_int_equal(cdp_runtime_enable(s), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(cdp_runtime_evaluate(other, &p, NULL), 0);
    assert_int_equal(n.n, 0); /* they have come, and wait */
    poll_until(s, &n, 3);
    assert_true(cdp_runtime_evaluate_async(s, &p, on_value, &n) != 0);
    assert_string_equal(eval(other, "1"), "1");
    assert_int_equal(n.n, 3);
    poll_until(s, &n, 5);
    n.polling = true; /* a call that waits delivers, too */
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), 0);
    assert_int_equal(n.n, 6);
    assert_int_equal(n.wrong, 0);
    cdp_close(other);
    cdp_close(s);
    far_end(&f);
}

static void on_console_calls(cdp_session *s, const cdp_runtime_console_api_called_event *ev,
                             void *data)
{
    (void)ev;
    assert_string_equal(eval(s, "1 + 1"), "2");
    ++*(int *)data;
}

static void callbacks_may_call(void **state)
{
    far_host f = { 0 };
    int n = 0;

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_runtime_on_console_api_called(s, on_console_calls, &n);
    assert_int_equal(cdp_runtime_enable(s), 0);
    assert_string_equal(eval(s, "for (let i = 0; i < 20; i++) console.log(i); 20"), "20");
    assert_int_equal(n, 20);
    cdp_close(s);
    far_end(&f);
}

static void on_console_closes(cdp_session *s, const cdp_runtime_console_api_called_event *ev,
                              void *data)
{
    (void)ev;
    cdp_close(s);
    ++*(int *)data;
}

static void callbacks_may_close(void **state)
{
    far_host f = { 0 };
    int n = 0;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("console.log(1); console.log(2)") };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_runtime_on_console_api_called(s, on_console_closes, &n);
    assert_int_equal(cdp_runtime_enable(s), 0);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ECLOSED);
    assert_int_equal(n, 1);
    far_end(&f);
}

typedef struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool ringing;
} bell;

static void ring(void *data)
{
    bell *b = data;

    pthread_mutex_lock(&b->lock);
    b->ringing = true;
    pthread_cond_signal(&b->rung);
    pthread_mutex_unlock(&b->lock);
}

/* A program with a loop of its own: it sleeps until it is woken, and polls. */
static void loops_of_their_own(void **state)
{
    far_host f = { 0 };
    bell b = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
    cdp_v8_thread_options opt = { .wake = ring, .data = &b };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    cdp_session *s = NULL;
    seen n = { .thread = pthread_self(), .polling = true };

    (void)state;
    far_start(&f);
    assert_int_equal(cdp_v8_connect_from_thread(&s, f.v, &opt), 0);
    for (int i = 1; i <= 100; i++) {
        assert_true(cdp_runtime_evaluate_async(s, &p, on_value, &n) != 0);
        while (n.n < i) {
            pthread_mutex_lock(&b.lock);
            while (!b.ringing)
                pthread_cond_wait(&b.rung, &b.lock);
            b.ringing = false;
            pthread_mutex_unlock(&b.lock);
            assert_int_equal(cdp_poll(s, 0), 0);
        }
    }
    assert_int_equal(n.wrong, 0);
    cdp_close(s);
    far_end(&f);
}

/* ---- ends ------------------------------------------------------------------ */

static void on_error(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    (void)res;
    *(int *)data = err ? err->status : 0;
}

static void the_isolate_ends_first(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    int status = 1;

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *idle = far_connect(&f);
    cdp_v8 *gone = f.v;
    assert_string_equal(eval(idle, "1"), "1");
    far_block(&f);
    assert_true(cdp_runtime_evaluate_async(s, &p, on_error, &status) != 0);
    far_unblock(&f);
    far_end(&f);
    assert_int_equal(status, 1); /* until this thread asks */
    cdp_run(s);
    assert_true(status == 0 || status == CDP_EIO);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_EIO);
    assert_has(cdp_last_error(s)->message.ptr, "the isolate is gone");
    assert_int_equal(cdp_runtime_evaluate(idle, &p, NULL), CDP_EIO);
    assert_has(cdp_last_error(idle)->message.ptr, "the isolate is gone");
    assert_int_equal(cdp_poll(idle, -1), CDP_EIO);
    cdp_close(idle);
    cdp_close(s);
    s = NULL;
    assert_int_equal(cdp_v8_connect_from_thread(&s, gone, NULL), CDP_ESTATE);
    assert_null(s);
}

/* Threads that come, call and go all the time, across the isolate's end. */
typedef struct visitor {
    far_host *f;
    pthread_t thread;
    atomic_int *visits;
    int status;
} visitor;

static void *visit(void *data)
{
    visitor *v = data;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };

    while (v->status == 0) {
        cdp_session *s = NULL;
        v->status = cdp_v8_connect_from_thread(&s, v->f->v, NULL);
        if (v->status == 0) {
            cdp_runtime_evaluate_async(s, &p, NULL, NULL); /* may be left unanswered */
            v->status = cdp_runtime_evaluate(s, &p, NULL);
        }
        cdp_close(s);
        atomic_fetch_add(v->visits, 1);
    }
    return NULL;
}

static void visitors_at_the_end(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        far_host f = { 0 };
        visitor v[8];
        atomic_int visits = 0;
        far_start(&f);
        for (int i = 0; i < 8; i++) {
            v[i] = (visitor){ .f = &f, .visits = &visits };
            assert_int_equal(pthread_create(&v[i].thread, NULL, visit, &v[i]), 0);
        }
        cdp_session *s = far_connect(&f);
        while (atomic_load(&visits) < 20)
            assert_string_equal(eval(s, "1"), "1");
        far_end(&f);
        for (int i = 0; i < 8; i++) {
            pthread_join(v[i].thread, NULL);
            assert_true(v[i].status == CDP_EIO || v[i].status == CDP_ESTATE);
        }
        cdp_close(s);
    }
}

static void try_own_thread(far_host *f, void *data)
{
    cdp_session *s = NULL;

    *(int *)data = cdp_v8_connect_from_thread(&s, f->v, NULL);
}

static void the_isolates_own_thread_is_refused(void **state)
{
    int status = 0;
    far_host f = { .first = try_own_thread, .data = &status };

    (void)state;
    far_start(&f);
    cdp_session *s = NULL;
    assert_int_equal(cdp_v8_connect(&s, f.v, NULL), CDP_ESTATE); /* and the other one, here */
    assert_null(s);
    far_end(&f);
    assert_int_equal(status, CDP_ESTATE);
}

/* ---- the rest -------------------------------------------------------------- */

static void timeouts(void **state)
{
    far_host f = { 0 };
    cdp_v8_thread_options opt = { .session.timeout_ms = 1 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("var late = 1") };
    cdp_session *s = NULL;

    (void)state;
    far_start(&f);
    assert_int_equal(cdp_v8_connect_from_thread(&s, f.v, &opt), 0);
    far_block(&f);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ETIMEDOUT);
    far_unblock(&f);
    cdp_set_timeout(s, 0, 30000);
    assert_string_equal(eval(s, "late"), "1"); /* it was evaluated, and nobody heard */
    cdp_close(s);
    far_end(&f);
}

static void big_replies(void **state)
{
    far_host f = { 0 };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_runtime_evaluate_result *res = evaluate(s, "'0123456789abcdef'.repeat(1 << 20)", false);
    size_t len = (size_t)16 << 20;
    assert_true(res->result->value.len > len);
    cdp_free(res);
    cdp_close(s);
    far_end(&f);
}

typedef struct snapshot {
    seen n;
    size_t bytes;
    char first[16], last;
} snapshot;

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    snapshot *h = data;

    (void)s;
    note(&h->n);
    if (h->bytes == 0)
        snprintf(h->first, sizeof h->first, "%s", ev->chunk.ptr);
    h->bytes += ev->chunk.len;
    h->last = ev->chunk.ptr[ev->chunk.len - 1];
}

static void heap_snapshots(void **state)
{
    far_host f = { 0 };
    snapshot h = { .n = { .thread = pthread_self(), .polling = true } };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_heap_profiler_on_add_heap_snapshot_chunk(s, on_chunk, &h);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(s, NULL), 0);
    assert_memory_equal(h.first, "{\"snapshot\":", 12); /* all of it came before the reply */
    assert_int_equal(h.last, '}');
    assert_true(h.n.n > 1);
    assert_int_equal(h.n.wrong, 0);
    assert_int_equal(cdp_heap_profiler_collect_garbage(s), 0); /* which V8 answers from a task */
    cdp_close(s);
    far_end(&f);
}

typedef struct poster {
    cdp_session *s;
    seen n;
} poster;

static void on_post(cdp_session *s, void *data)
{
    poster *p = data;

    note(&p->n);
    if (p->n.n == 100)
        cdp_stop(s);
}

static void *post_often(void *data)
{
    poster *p = data;

    for (int i = 0; i < 100; i++)
        cdp_post(p->s, on_post, p);
    return NULL;
}

static void posting(void **state)
{
    far_host f = { 0 };
    poster p = { .n = { .thread = pthread_self(), .polling = true } };
    pthread_t thread;

    (void)state;
    far_start(&f);
    p.s = far_connect(&f);
    assert_int_equal(pthread_create(&thread, NULL, post_often, &p), 0);
    assert_int_equal(cdp_run(p.s), 0);
    pthread_join(thread, NULL);
    assert_int_equal(p.n.n, 100);
    assert_int_equal(p.n.wrong, 0);
    cdp_close(p.s);
    far_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks_come_when_asked_for),
        cmocka_unit_test(callbacks_may_call),
        cmocka_unit_test(callbacks_may_close),
        cmocka_unit_test(loops_of_their_own),
        cmocka_unit_test(the_isolate_ends_first),
        cmocka_unit_test(visitors_at_the_end),
        cmocka_unit_test(the_isolates_own_thread_is_refused),
        cmocka_unit_test(timeouts),
        cmocka_unit_test(big_replies),
        cmocka_unit_test(heap_snapshots),
        cmocka_unit_test(posting),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
