/*
 * test_loop.c - time: timers, promises that settle later, deadlines, other threads.
 */
#include "v8_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <uv.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

/* ---- timers ------------------------------------------------------------ */

static void timers_run_in_order(void **state)
{
    fixture *f = *state;

    run(f,
        "var log = [];"
        "setTimeout(() => log.push('t20'), 20); setTimeout((a, b) => log.push(a + b), 5, 't', 5);"
        "queueMicrotask(() => log.push('micro')); log.push('sync');"
        "Promise.resolve().then(() => log.push('then'))");
    assert_string_equal(eval(f->s, "log.join()"), "\"sync,micro,then\"");
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_string_equal(eval(f->s, "log.join()"), "\"sync,micro,then,t5,t20\"");
    run(f, "log = []; setImmediate(x => { log.push(x); setImmediate(() => log.push('i3')) }, 'i1');"
           "setImmediate(() => { log.push('i2'); Promise.resolve().then(() => log.push('m')) })");
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_string_equal(eval(f->s, "log.join()"), "\"i1,i2,m,i3\"");
}

static void timers_are_cleared(void **state)
{
    fixture *f = *state;

    run(f, "var n = 0, a = setTimeout(() => n += 100, 1), b = setImmediate(() => n += 100),"
           "c = setInterval(() => { if (++n == 3) clearInterval(c) }, 1);"
           "clearTimeout(a); clearImmediate(b); clearTimeout(a); clearTimeout(undefined);"
           "clearTimeout(1e9); clearTimeout('x');"
           "setTimeout(() => { clearTimeout(d) }, 1); var d = setTimeout(() => n += 100, 2)");
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_string_equal(eval(f->s, "n"), "3");
    assert_has(eval(f->s, "setTimeout('text')"), "throws: TypeError");
    assert_has(eval(f->s, "queueMicrotask()"), "throws: TypeError");
    assert_string_equal(eval(f->s, "typeof setTimeout(() => {}, Infinity)"), "\"number\"");
    assert_int_equal(cdp_host_run(f->h), 0);
}

static void a_host_ends_with_timers_waiting(void **state)
{
    fixture *f = *state;

    run(f, "setTimeout(() => {}, 1e6); setInterval(() => {}, 1e6); setImmediate(() => {});"
           "var p = new Promise(() => {}); Promise.reject(1)");
}

static void the_loop_does_not_nest(void **state)
{
    fixture *f = *state;
    uv_loop_t *loop = cdp_host_loop(f->h);

    assert_non_null(loop);
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_ptr_equal(cdp_host_data(f->h), f);
}

/* ---- promises ---------------------------------------------------------- */

static void promises_settle_later(void **state)
{
    fixture *f = *state;
    cdp_runtime_evaluate_result *res = evaluate(
        f->s, "new Promise(r => setTimeout(() => r(6), 20))", true);

    assert_int_equal(cdp_value_int(res->result->value, 0), 6);
    cdp_free(res);
    res = evaluate(f->s, "new Promise((_, r) => setTimeout(() => r(new Error('no')), 1))", true);
    assert_has(res->exception_details->text.ptr, "Uncaught (in promise)");
    cdp_free(res);
    res = evaluate(f->s, "new Promise(r => setImmediate(r, 7))", true);
    assert_int_equal(cdp_value_int(res->result->value, 0), 7);
    cdp_free(res);
    assert_int_equal(f->uncaught, 0);
}

typedef struct order {
    int n;
    int64_t values[8];
} order;

static void note(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                 void *data)
{
    order *o = data;

    (void)s;
    o->values[o->n++] = err ? err->status : cdp_value_int(res->result->value, -1);
}

static uint32_t evaluate_async(cdp_session *s, const char *expression, order *o)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .await_promise = CDP_SOME(true) };

    return cdp_runtime_evaluate_async(s, &p, note, o);
}

static void replies_come_out_of_order(void **state)
{
    fixture *f = *state;
    order o = { .n = 0 };

    evaluate_async(f->s, "new Promise(r => setTimeout(() => r(6), 10))", &o);
    assert_int_equal(o.n, 0);
    assert_string_equal(eval(f->s, "4 + 4"), "8");
    evaluate_async(f->s, "2 + 2", &o);
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_int_equal(o.n, 2);
    assert_int_equal(o.values[0], 4);
    assert_int_equal(o.values[1], 6);
}

/* The promises settle in the end: V8 10.2 never frees what it keeps with those that do not. */
static void deadlines_pass_on_the_loop(void **state)
{
    fixture *f = *state;
    order o = { .n = 0 };
    double start = now();

    uint32_t id = evaluate_async(f->s, "new Promise(r => { settle = r })", &o);
    assert_int_equal(cdp_set_timeout(f->s, id, 50), 0);
    assert_int_equal(cdp_host_run(f->h), 0); /* keeps going for it, and no longer */
    assert_int_equal(o.n, 1);
    assert_int_equal(o.values[0], CDP_ETIMEDOUT);
    assert_true(now() - start >= 0.045 && now() - start < 5);

    cdp_runtime_evaluate_params p = { .expression = cdp_s("new Promise(r => { later = r })"),
                                      .await_promise = CDP_SOME(true) };
    cdp_set_timeout(f->s, 0, 30);
    assert_int_equal(cdp_runtime_evaluate(f->s, &p, NULL), CDP_ETIMEDOUT);
    cdp_set_timeout(f->s, 0, 0);
    assert_string_equal(eval(f->s, "settle(1); later(2); 3"), "3"); /* replies to nobody */
    assert_int_equal(o.n, 1);
}

static void an_answered_call_does_not_keep_the_loop(void **state)
{
    fixture *f = *state;
    order o = { .n = 0 };
    double start = now();

    evaluate_async(f->s, "new Promise(r => setTimeout(r, 5, 1))", &o); /* deadline: 30 s */
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_int_equal(o.n, 1);
    assert_true(now() - start < 5);
}

static void wait_inside(cdp_session *s, const cdp_error *err,
                        const cdp_runtime_evaluate_result *res, void *data)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s("new Promise(r => setTimeout(r, 1))"),
                                      .await_promise = CDP_SOME(true) };

    assert_null(err);
    assert_non_null(res);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ESTATE);
    assert_has(cdp_last_error(s)->message.ptr, "use _async");
    assert_string_equal(eval(s, "1 + 1"), "2");
    ++*(int *)data;
}

static void waiting_inside_the_loop_is_refused(void **state)
{
    fixture *f = *state;
    int n = 0;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("new Promise(r => setTimeout(r, 1))"),
                                      .await_promise = CDP_SOME(true) };

    cdp_runtime_evaluate_async(f->s, &p, wait_inside, &n);
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_int_equal(n, 1);
    assert_string_equal(eval(f->s, "3"), "3");
}

/* Compiled on V8's own threads, which leave the rest to this one. */
static void work_of_other_threads_arrives(void **state)
{
    fixture *f = *state;

    run(f, "var wasm = 'no'; WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))"
           ".then(m => { wasm = 'yes' })");
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_string_equal(eval(f->s, "wasm"), "\"yes\"");
}

static void a_stopped_loop(void **state)
{
    fixture *f = *state;
    cdp_host_options opt = { .loop = uv_default_loop() };
    cdp_host *h = NULL;
    cdp_session *s = NULL;
    order o = { .n = 0 };

    (void)f;
    assert_int_equal(cdp_host_new(&h, &opt), 0);
    assert_ptr_equal(cdp_host_loop(h), uv_default_loop());
    assert_int_equal(cdp_host_connect(&s, h, NULL), 0);
    evaluate_async(s, "new Promise(r => setTimeout(r, 5, 9))", &o);
    assert_int_equal(uv_run(uv_default_loop(), UV_RUN_DEFAULT), 0);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.values[0], 9);
    assert_int_equal(cdp_host_free(h), 0);
    assert_int_equal(uv_run(uv_default_loop(), UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(uv_default_loop()), 0);
}

/* ---- other threads ----------------------------------------------------- */

typedef struct poster {
    cdp_host *h;
    cdp_session *s;
    pthread_t thread, self;
    long delay_ms;
    int n, rc;
    atomic_int ran;
    bool terminate;
} poster;

static void on_terminated(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    ((poster *)data)->rc = err ? err->status : 0;
}

static void posted(cdp_session *s, void *data)
{
    poster *p = data;

    atomic_fetch_add(&p->ran, 1);
    if (!s)
        return;
    assert_true(pthread_equal(pthread_self(), p->thread));
    if (p->terminate)
        cdp_runtime_terminate_execution_async(s, on_terminated, p);
    else
        assert_string_equal(eval(s, "globalThis.hits = (globalThis.hits || 0) + 1; 2"), "2");
}

static void *post_later(void *data)
{
    poster *p = data;

    nap(p->delay_ms);
    for (int i = 0; i < p->n; i++)
        assert_int_equal(cdp_post(p->s, posted, p), 0);
    return NULL;
}

static void start(poster *p)
{
    p->thread = pthread_self();
    p->rc = 1;
    assert_int_equal(pthread_create(&p->self, NULL, post_later, p), 0);
}

static void posts_reach_busy_javascript(void **state)
{
    fixture *f = *state;
    poster p = { .s = f->s, .delay_ms = 20, .n = 50 };

    start(&p);
    run(f, "var hits = 0; while (hits < 50); hits");
    pthread_join(p.self, NULL);
    assert_int_equal(p.ran, 50);
}

static void posts_reach_a_waiting_call(void **state)
{
    fixture *f = *state;
    poster p = { .s = f->s, .delay_ms = 20, .n = 3 };

    start(&p);
    cdp_runtime_evaluate_result *res = evaluate(
        f->s,
        "new Promise(r => { (function look() { globalThis.hits == 3 ? r(5) : setTimeout(look, 1)"
        " })() })",
        true);
    assert_int_equal(cdp_value_int(res->result->value, 0), 5);
    cdp_free(res);
    pthread_join(p.self, NULL);
    start(&p);
    while (p.ran < 6)
        assert_int_equal(cdp_poll(f->s, -1), 0);
    pthread_join(p.self, NULL);
}

static void posts_to_a_closed_session(void **state)
{
    fixture *f = *state;
    poster p = { .s = f->s };

    p.thread = pthread_self();
    assert_int_equal(cdp_post(f->s, posted, &p), 0);
    assert_int_equal(p.ran, 0);
    cdp_close(f->s);
    f->s = NULL;
    assert_int_equal(p.ran, 1);
    run(f, "1"); /* the interrupt that was asked for finds nothing */
}

static void an_endless_script_is_terminated(void **state)
{
    fixture *f = *state;
    poster p = { .s = f->s, .delay_ms = 30, .n = 1, .terminate = true };

    start(&p);
    assert_int_equal(cdp_host_run_text(f->h, "endless.js", cdp_s("for (;;);"), NULL),
                     CDP_ECANCELED);
    assert_text(cdp_host_error(f->h)->message, "the script was terminated");
    pthread_join(p.self, NULL);
    cdp_poll(f->s, 0);
    assert_int_equal(p.rc, 0); /* V8 answers once it has ended */
    assert_string_equal(eval(f->s, "1"), "1");
    assert_int_equal(f->uncaught, 0);
}

static void an_endless_evaluation_is_terminated(void **state)
{
    fixture *f = *state;
    poster p = { .s = f->s, .delay_ms = 30, .n = 1, .terminate = true };
    cdp_runtime_evaluate_params e = { .expression = cdp_s("for (;;);") };

    start(&p);
    assert_int_equal(cdp_runtime_evaluate(f->s, &e, NULL), CDP_EREMOTE);
    assert_int_equal(cdp_last_error(f->s)->remote_code, CDP_SERVER_ERROR);
    assert_has(cdp_last_error(f->s)->message.ptr, "Execution was terminated");
    pthread_join(p.self, NULL);
    assert_string_equal(eval(f->s, "1"), "1");
}

static void a_timeout_of_v8(void **state)
{
    fixture *f = *state;
    cdp_runtime_evaluate_params e = { .expression = cdp_s("for (;;);"), .timeout = CDP_SOME(50) };

    for (int i = 0; i < 3; i++) {
        assert_int_equal(cdp_runtime_evaluate(f->s, &e, NULL), CDP_EREMOTE);
        const cdp_error *err = cdp_last_error(f->s);
        assert_int_equal(err->remote_code, CDP_SERVER_ERROR);
        assert_has(err->message.ptr, "Execution was terminated");
        assert_text(err->method, "Runtime.evaluate");
        assert_null(err->data.ptr);
        assert_string_equal(eval(f->s, "1"), "1");
    }
}

/* Nothing runs: there is nothing to end, and the answer must not wait for that. */
static void nothing_to_terminate(void **state)
{
    fixture *f = *state;

    cdp_set_timeout(f->s, 0, 2000);
    assert_int_equal(cdp_runtime_terminate_execution(f->s), 0);
    assert_string_equal(eval(f->s, "1"), "1");
    run(f, "2");
}

static void *terminate_later(void *data)
{
    poster *p = data;

    nap(p->delay_ms);
    cdp_host_terminate(p->h);
    return NULL;
}

static void a_host_is_terminated(void **state)
{
    fixture *f = *state;
    poster p = { .h = f->h, .delay_ms = 30 };

    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&p.self, NULL, terminate_later, &p), 0);
        if (i == 0) {
            assert_int_equal(cdp_host_run_text(f->h, "a.js", cdp_s("for (;;);"), NULL),
                             CDP_ECANCELED);
        } else {
            run(f, "setTimeout(() => { for (;;); }, 0); setTimeout(() => { after = 1 }, 5)");
            assert_int_equal(cdp_host_run(f->h), 0);
        }
        pthread_join(p.self, NULL);
    }
    assert_string_equal(eval(f->s, "after"), "1");
    assert_int_equal(cdp_host_exit_code(f->h), 0);
}

/* ---- many hosts -------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    int n;
    const char *why; /* it failed, NULL: it did not */
} worker;

static const char *work(int n)
{
    cdp_profiler_set_sampling_interval_params us = { .interval = 500 };
    cdp_host *h = NULL;
    cdp_session *s = NULL;
    char text[256];
    cdp_value *v = NULL;

    for (int round = 0; round < 3; round++) {
        if (cdp_host_new(&h, NULL) < 0 || cdp_host_connect(&s, h, NULL) < 0 ||
            cdp_profiler_enable(s) < 0 || cdp_profiler_set_sampling_interval(s, &us) < 0 ||
            cdp_profiler_start(s) < 0)
            return "cannot start";
        snprintf(text, sizeof text,
                 "function hot%d() { let x = 0; for (let i = 0; i < 4e7; i++) x += i %% 7;"
                 " return x }\nhot%d(); %d",
                 n, n, n);
        if (cdp_host_run_text(h, "hot.js", cdp_s(text), &v) < 0 || v->len != 1 ||
            v->ptr[0] != '0' + n)
            return "wrong result";
        cdp_free(v);
        cdp_profiler_stop_result *res = NULL;
        if (cdp_profiler_stop(s, &res) < 0)
            return "no profile";
        snprintf(text, sizeof text, "hot%d", n);
        bool mine = false, others = false;
        for (size_t i = 0; i < res->profile->nodes.n; i++) {
            cdp_str fn = res->profile->nodes.items[i].call_frame->function_name;
            mine = mine || cdp_str_eq(fn, cdp_s(text));
            others = others ||
                     (fn.len == 4 && memcmp(fn.ptr, "hot", 3) == 0 && fn.ptr[3] != '0' + n);
        }
        cdp_free(res);
        if (!mine || others)
            return mine ? "somebody else's profile" : "a profile without the work";
        cdp_close(s);
        s = NULL;
        if (cdp_host_free(h) < 0)
            return "cannot end";
    }
    return NULL;
}

static void *one_host(void *data)
{
    worker *w = data;

    w->why = work(w->n);
    return NULL;
}

static void hosts_on_threads(void **state)
{
    worker w[4] = { { .n = 0 } };

    (void)state;
    for (int i = 0; i < 4; i++) {
        w[i].n = i;
        assert_int_equal(pthread_create(&w[i].thread, NULL, one_host, &w[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(w[i].thread, NULL);
    for (int i = 0; i < 4; i++)
        if (w[i].why)
            fail_msg("%s", w[i].why);
}

static void hosts_on_one_thread(void **state)
{
    cdp_host *h[3];
    cdp_session *s[3] = { NULL };

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cdp_host_new(&h[i], NULL), 0);
        assert_int_equal(cdp_host_connect(&s[i], h[i], NULL), 0);
    }
    for (int i = 0; i < 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "globalThis.me = %d", i);
        assert_int_equal(cdp_host_run_text(h[i], "me.js", cdp_s(text), NULL), 0);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(eval(s[i], "me")[0], '0' + i);
    assert_int_equal(cdp_host_free(h[0]), 0); /* the oldest first, its session open */
    assert_string_equal(eval(s[1], "me"), "1");
    cdp_close(s[2]);
    assert_int_equal(cdp_host_free(h[2]), 0);
    assert_int_equal(cdp_host_shutdown(), CDP_ESTATE);
    assert_int_equal(cdp_host_free(h[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(timers_run_in_order),
        V8_TEST(timers_are_cleared),
        V8_TEST(a_host_ends_with_timers_waiting),
        V8_TEST(the_loop_does_not_nest),
        V8_TEST(promises_settle_later),
        V8_TEST(replies_come_out_of_order),
        V8_TEST(deadlines_pass_on_the_loop),
        V8_TEST(an_answered_call_does_not_keep_the_loop),
        V8_TEST(waiting_inside_the_loop_is_refused),
        V8_TEST(work_of_other_threads_arrives),
        V8_TEST(a_stopped_loop),
        V8_TEST(posts_reach_busy_javascript),
        V8_TEST(posts_reach_a_waiting_call),
        V8_TEST(posts_to_a_closed_session),
        V8_TEST(an_endless_script_is_terminated),
        V8_TEST(an_endless_evaluation_is_terminated),
        V8_TEST(a_timeout_of_v8),
        V8_TEST(nothing_to_terminate),
        V8_TEST(a_host_is_terminated),
        cmocka_unit_test(hosts_on_threads),
        cmocka_unit_test(hosts_on_one_thread),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (cdp_host_shutdown() != 0)
        failed++;
    cdp_host *h = NULL;
    return failed + (cdp_host_new(&h, NULL) != CDP_ESTATE);
}
