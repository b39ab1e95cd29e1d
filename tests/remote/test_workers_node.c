/*
 * test_workers_node.c - the workers of a real Node: found, called, let run, and gone.
 */
#include "started.h"

#include <cdp/debugger.h>
#include <cdp/record.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/targets.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* start(what) makes a worker that runs it; live is how many there are. */
static const char script[] =
    "const { Worker } = require('worker_threads'); globalThis.all = []; globalThis.live = 0;"
    "globalThis.start = what => { const w = new Worker(what, { eval: true, name: 'test' });"
    "  live++; w.on('exit', () => live--); all.push(w); };"
    "setInterval(() => {}, 1000);";

#define IDLE "require('worker_threads').parentPort.on('message', () => {});"

typedef struct seen {
    cdp_session *last;
    int attached, detached, followed, lost;
    bool waiting, hold;
    char title[64], paused[64];
} seen;

static bool attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    seen *n = data;

    n->attached++;
    n->last = child;
    n->waiting = info->waiting;
    snprintf(n->title, sizeof n->title, "%s %s", info->type.ptr, info->title.ptr);
    return n->hold;
}

static void detached(cdp_session *child, void *data)
{
    (void)child;
    ((seen *)data)->detached++;
}

static void followed(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    assert_null(err);
    ((seen *)data)->followed++;
}

/* The value of an expression: a number. */
static double number(cdp_session *s, const char *expression)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression) };

    assert_int_equal(cdp_runtime_evaluate(s, &p, &res), 0);
    assert_null(res->exception_details);
    return cdp_value_num(res->result->value, -1);
}

/* It listens before it runs. */
static void await_script(cdp_session *s)
{
    while (number(s, "typeof start == 'function' ? 1 : 0") != 1)
        ;
}

static cdp_session *open_plain(started *node)
{
    cdp_session *s;

    if (!started_node(node, script))
        skip();
    assert_int_equal(cdp_connect(&s, node->url, NULL), 0);
    await_script(s);
    return s;
}

static cdp_session *open_node(started *node, seen *n, bool wait)
{
    cdp_follow_options opt = {
        .wait = wait, .attached = attached, .detached = detached, .followed = followed, .data = n
    };
    cdp_session *s = open_plain(node);

    assert_int_equal(cdp_follow(s, &opt), 0);
    while (!n->followed)
        assert_int_equal(cdp_poll(s, -1), 0);
    return s;
}

static void start_worker(cdp_session *s, const char *what)
{
    char text[512];

    snprintf(text, sizeof text, "start(%c%s%c), 0", '`', what, '`');
    number(s, text);
}

static void test_found(void **state)
{
    started node;
    seen n = { 0 };

    (void)state;
    cdp_session *s = open_node(&node, &n, false);
    start_worker(s, "globalThis.mine = 42;" IDLE);
    while (n.attached < 1)
        assert_int_equal(cdp_poll(s, -1), 0);
    cdp_session *one = n.last;
    assert_non_null(strstr(n.title, "worker "));
    while (number(one, "globalThis.mine ?? 0") != 42)
        ;
    start_worker(s, "globalThis.mine = 43;" IDLE);
    while (n.attached < 2)
        assert_int_equal(cdp_poll(one, -1), 0); /* whichever is polled */
    while (number(n.last, "globalThis.mine ?? 0") != 43)
        ;
    assert_true(number(one, "mine") == 42);
    assert_true(number(s, "live") == 2);
    cdp_unfollow(s);
    assert_int_equal(n.detached, 2);
    assert_true(number(s, "live") == 2);
    cdp_close(s);
    started_end(&node);
}

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    seen *n = data;

    snprintf(n->paused, sizeof n->paused, "%zu frames", ev->call_frames.n);
    cdp_debugger_resume_async(s, NULL, NULL, NULL);
}

static bool attached_debugging(cdp_session *child, const cdp_follow_info *info, void *data)
{
    attached(child, info, data);
    cdp_debugger_on_paused(child, on_paused, data);
    cdp_debugger_enable_async(child, NULL, NULL, NULL);
    return false;
}

/* What is sent when a worker is told of comes before its first line. */
static void test_waits(void **state)
{
    started node;
    seen n = { 0 };
    cdp_follow_options opt = { .wait = true, .attached = attached_debugging, .data = &n };

    (void)state;
    cdp_session *s = open_plain(&node);
    assert_int_equal(cdp_follow(s, &opt), 0);
    start_worker(s, "debugger;" IDLE);
    while (!*n.paused)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_true(n.waiting);
    assert_true(number(n.last, "6 * 7") == 42);
    cdp_close(s);
    started_end(&node);
}

/* A worker that is kept waiting runs once it is told to. */
static void test_held(void **state)
{
    started node;
    seen n = { .hold = true };

    (void)state;
    cdp_session *s = open_node(&node, &n, true);
    start_worker(s, "globalThis.ran = 1;" IDLE);
    while (n.attached < 1)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_true(number(n.last, "globalThis.ran ?? 0") == 0);
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(n.last), 0);
    while (number(n.last, "globalThis.ran ?? 0") != 1)
        ;
    start_worker(s, "process.exit()"); /* another, which is let run by the end of following */
    while (n.attached < 2)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_true(number(s, "live") == 2);
    cdp_unfollow(s);
    while (number(s, "live") != 1)
        ;
    cdp_close(s);
    started_end(&node);
}

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    (void)s;
    assert_int_equal(why->status, CDP_ECLOSED);
    ((seen *)data)->lost++;
}

/* A worker ends, and its session with it, once. */
static void test_gone(void **state)
{
    started node;
    seen n = { 0 };

    (void)state;
    cdp_session *s = open_node(&node, &n, false);
    start_worker(s, IDLE);
    while (n.attached < 1)
        assert_int_equal(cdp_poll(s, -1), 0);
    cdp_set_lost(n.last, on_lost, &n);
    number(s, "all[0].terminate(), 0");
    while (!n.detached)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_int_equal(n.lost, 1);
    assert_true(number(s, "1") == 1);
    cdp_close(s);
    started_end(&node);
}

/* Node itself ends. */
static void test_all_gone(void **state)
{
    started node;
    seen n = { 0 };

    (void)state;
    cdp_session *s = open_node(&node, &n, false);
    start_worker(s, IDLE);
    while (n.attached < 1)
        assert_int_equal(cdp_poll(s, -1), 0);
    started_end(&node);
    while (cdp_poll(s, -1) == 0)
        ;
    assert_int_equal(n.detached, 1);
    cdp_close(s);
}

/* ---- recorded ------------------------------------------------------------------------ */

typedef struct tape {
    char text[1 << 18];
    size_t len;
} tape;

static int keep(const char *line, size_t len, void *data)
{
    tape *t = data;

    if (len > sizeof t->text - t->len)
        return CDP_ETOOBIG;
    memcpy(t->text + t->len, line, len);
    t->len += len;
    return 0;
}

/* A worker's life. */
static void job(cdp_session *s)
{
    seen n = { 0 };
    cdp_follow_options opt = {
        .wait = true, .attached = attached, .detached = detached, .data = &n
    };

    await_script(s);
    assert_int_equal(cdp_follow(s, &opt), 0);
    start_worker(s, IDLE);
    while (n.attached < 1)
        assert_int_equal(cdp_poll(s, -1), 0);
    assert_true(number(n.last, "6 * 7") == 42);
    number(s, "all[0].terminate(), 0");
    while (!n.detached)
        assert_int_equal(cdp_poll(s, -1), 0);
}

/* What was done with Node is done again without it. */
static void test_replayed(void **state)
{
    started node;
    cdp_session *s;
    cdp_str *why = NULL;
    tape *t = calloc(1, sizeof *t);

    (void)state;
    if (!started_node(&node, script))
        skip();
    assert_int_equal(cdp_connect(&s, node.url, NULL), 0);
    assert_int_equal(cdp_record_start(s, keep, t), 0);
    job(s);
    assert_int_equal(cdp_record_stop(s), 0);
    cdp_close(s);
    started_end(&node);
    assert_int_equal(cdp_replay_open(&s, cdp_sn(t->text, t->len), NULL, &why), 0);
    job(s);
    cdp_close(s);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),    cmocka_unit_test(test_waits),
        cmocka_unit_test(test_held),     cmocka_unit_test(test_gone),
        cmocka_unit_test(test_all_gone), cmocka_unit_test(test_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
