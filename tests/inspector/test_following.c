/* test_following.c - a program's workers, as a client finds them that follows targets. */
#include "worker.h"

#include <cdp/debugger.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/targets.h>
#include <cdp/value.h>

typedef struct seen {
    cdp_session *last;
    int attached, detached, followed, status, paused;
    bool waiting;
    char title[64];
} seen;

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    assert_true(ev->call_frames.n > 0);
    ((seen *)data)->paused++;
    cdp_debugger_resume_async(s, NULL, NULL, NULL);
}

static bool attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    seen *n = data;

    n->attached++;
    n->last = child;
    n->waiting = info->waiting;
    assert_string_equal(info->type.ptr, "worker");
    snprintf(n->title, sizeof n->title, "%s", info->title.ptr);
    cdp_debugger_on_paused(child, on_paused, n);
    cdp_debugger_enable_async(child, NULL, NULL, NULL);
    return false;
}

static void detached(cdp_session *child, void *data)
{
    seen *n = data;

    n->detached++;
    if (n->last == child)
        n->last = NULL;
}

static void followed(cdp_session *s, const cdp_error *err, void *data)
{
    seen *n = data;

    (void)s;
    n->followed++;
    n->status = err ? err->remote_code : 0;
}

static cdp_session *follow(const char *url, seen *n, bool wait)
{
    cdp_follow_options opt = {
        .wait = wait, .attached = attached, .detached = detached, .followed = followed, .data = n
    };
    cdp_session *s;

    assert_int_equal(cdp_connect(&s, url, NULL), 0);
    assert_int_equal(cdp_follow(s, &opt), 0);
    while (!n->followed)
        assert_int_equal(cdp_poll(s, -1), 0);
    return s;
}

static void assert_number(cdp_session *s, const char *expression, double value)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression) };

    assert_int_equal(cdp_runtime_evaluate(s, &p, &res), 0);
    assert_true(cdp_value_num(res->result->value, -1) == value);
}

static void workers_are_found(void **state)
{
    program p;
    worker a, b;
    seen n = { 0 };

    (void)state;
    program_open(&p, NULL);
    worker_start(&a, &p, "a");
    cdp_session *s = follow(cdp_inspector_url(p.insp), &n, false);
    assert_int_equal(n.status, 0);
    assert_int_equal(n.attached, 1); /* it was there */
    assert_string_equal(n.title, "a");
    cdp_session *one = n.last;
    worker_start(&b, &p, "b");
    while (n.attached < 2)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_string_equal(n.title, "b");
    assert_number(one, "globalThis.who = 1", 1);
    assert_number(n.last, "globalThis.who = 2", 2);
    assert_number(s, "globalThis.who = 3", 3);
    assert_number(one, "who", 1);
    program_begin_run(&a.p, "debugger");
    while (!n.paused)
        assert_int_equal(cdp_poll(n.last, -1), 0);
    assert_int_equal(program_await(&a.p), 0);
    worker_stop(&b);
    while (!n.detached)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_number(one, "who", 1);
    cdp_unfollow(s);
    assert_int_equal(n.detached, 2);
    assert_number(s, "who", 3);
    cdp_close(s);
    worker_stop(&a);
    program_stop(&p);
}

static void workers_wait(void **state)
{
    program p;
    worker w;
    seen n = { 0 };

    (void)state;
    program_open(&p, NULL);
    cdp_session *s = follow(cdp_inspector_url(p.insp), &n, true);
    worker_begin(&w, &p, "waits");
    while (!n.attached)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_true(n.waiting);
    assert_number(n.last, "1", 1); /* and with it went what lets it run */
    worker_added(&w);
    program_do(&p, job_close, NULL); /* ends all */
    while (cdp_poll(s, -1) == 0)
        ;
    assert_int_equal(n.detached, 1);
    cdp_close(s);
    worker_stop(&w);
    program_stop(&p);
}

/* The inspector is closed and opened again: who reconnects finds them anew. */
static void workers_are_found_again(void **state)
{
    program p;
    worker w;
    char url[64];
    seen n = { 0 };
    cdp_remote_options opt = { .reconnect = { .attempts = 1000, .delay_ms = 1 } };
    cdp_follow_options follow = { .attached = attached, .detached = detached, .data = &n };
    cdp_session *s;

    (void)state;
    program_open(&p, NULL);
    worker_start(&w, &p, "w");
    cdp_inspector_options same = { .port = (uint16_t)cdp_inspector_port(p.insp) };
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)same.port);
    assert_int_equal(cdp_connect(&s, url, &opt), 0);
    assert_int_equal(cdp_follow(s, &follow), 0);
    for (int i = 1; i <= 3; i++) {
        while (n.attached < i)
            assert_int_equal(cdp_poll(s, -1), 0);
        assert_number(n.last, "6 * 7", 42);
        program_do(&p, job_close, NULL);
        while (n.detached < i)
            assert_int_equal(cdp_poll(s, -1), 0);
        assert_null(n.last);
        assert_int_equal(program_do(&p, job_open, &same), 0);
    }
    cdp_close(s);
    worker_stop(&w);
    program_stop(&p);
}

/* A worker has none of its own. */
static void workers_have_no_targets(void **state)
{
    program p;
    worker w;
    seen n = { 0 };

    (void)state;
    program_open(&p, NULL);
    worker_start(&w, &p, "w");
    cJSON *list = http_json(cdp_inspector_port(p.insp), "/json/list");
    cdp_session *s = follow(text_at(list, "1.webSocketDebuggerUrl"), &n, false);
    assert_int_equal(n.status, CDP_METHOD_NOT_FOUND);
    assert_number(s, "6 * 7", 42);
    cdp_close(s);
    cJSON_Delete(list);
    worker_stop(&w);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_are_found),
        cmocka_unit_test(workers_wait),
        cmocka_unit_test(workers_are_found_again),
        cmocka_unit_test(workers_have_no_targets),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
