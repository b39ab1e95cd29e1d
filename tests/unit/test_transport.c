/*
 * test_transport.c - what a session does for, and asks of, a transport that is not wired to
 * another session: one whose calls may not nest, that fails, or that others schedule.
 */
#include "../support/rig.h"

#include "../../runtime/core/session.h"

#include <cdp/debugger.h>
#include <cdp/runtime.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Sends into the void; receives what it is given. */
typedef struct fake {
    cdp__transport base;
    const char *inbox[4]; /* one each poll */
    int n, sent, scheduled, woken, closed;
    int send_rc, poll_rc;
} fake;

static int fake_send(cdp__transport *t, const void *bytes, size_t len)
{
    fake *f = (fake *)t;

    assert_true(len > 0 && bytes);
    f->sent++;
    return f->send_rc;
}

static int fake_poll(cdp__transport *t, int timeout_ms)
{
    fake *f = (fake *)t;

    (void)timeout_ms;
    if (f->n)
        rig_feed(f->base.owner, f->inbox[--f->n]);
    return f->poll_rc;
}

static void fake_wake(cdp__transport *t)
{
    ((fake *)t)->woken++;
}

static void fake_schedule(cdp__transport *t)
{
    ((fake *)t)->scheduled++;
}

static void fake_close(cdp__transport *t)
{
    ((fake *)t)->closed++;
}

static const cdp__transport_ops ops = { .send = fake_send,
                                        .poll = fake_poll,
                                        .wake = fake_wake,
                                        .schedule = fake_schedule,
                                        .close = fake_close };

static cdp_session *open_fake(fake *f)
{
    cdp_session *s;

    *f = (fake){ .base = { .ops = &ops, .why = "the cable is cut" } };
    assert_int_equal(cdp__open(&s, &f->base, NULL), 0);
    return s;
}

typedef struct outcome {
    int times, status;
} outcome;

static void on_done(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    outcome *o = data;

    (void)s;
    (void)result;
    o->times++;
    o->status = err ? err->status : 0;
}

/* A loop that can't nest must not be asked to. */
static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    uint32_t *expected = data;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    cdp_debugger_paused_event *ev;

    (void)method;
    (void)params;
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_ESTATE);
    assert_int_equal(cdp_poll(s, 0), CDP_ESTATE);
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(s, &p); /* does not wait */
    assert_int_equal(cdp_runtime_evaluate_reply(s, c, NULL), CDP_ESTATE);
    assert_int_equal(cdp_debugger_take_paused(s, *expected, &ev), CDP_ESTATE);
    *expected = 0;
}

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    (void)err;
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_ESTATE);
    ++*(int *)data;
}

static void test_no_nesting(void **state)
{
    fake f;
    cdp_session *s = open_fake(&f);
    uint32_t expected = cdp_debugger_expect_paused(s);
    int faults = 0;

    (void)state;
    cdp_on(s, "A.b", on_event, &expected);
    cdp_set_fault(s, on_fault, &faults);
    f.inbox[f.n++] = "{\"method\":\"A.b\"}";
    assert_int_equal(cdp_poll(s, 0), 0);
    assert_int_equal(expected, 0);
    f.inbox[f.n++] = "nonsense";
    assert_int_equal(cdp_poll(s, 0), 0);
    assert_int_equal(faults, 1);
    cdp_close(s);
    assert_int_equal(f.closed, 1);
}

static void test_failing_send(void **state)
{
    fake f;
    cdp_session *s = open_fake(&f);
    outcome o = { 0 };

    (void)state;
    f.send_rc = CDP_EIO;
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_EIO);
    assert_string_equal(cdp_last_error(s)->message.ptr, "A.b: the cable is cut");
    assert_int_not_equal(cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_done, &o), 0);
    assert_int_equal(o.times, 0);
    assert_int_equal(cdp__next_timeout(s), 0);
    assert_int_equal(f.scheduled > 0, 1);
    assert_int_equal(cdp__deliver_ready(s), 1);
    assert_int_equal(o.times, 1);
    assert_int_equal(o.status, CDP_EIO);
    assert_int_equal(cdp_emit(s, "A.b", (cdp_value){ 0 }), CDP_EIO);
    f.send_rc = 0; /* a send may fail and the next not */
    assert_int_equal(cdp_emit(s, "A.b", (cdp_value){ 0 }), 0);
    cdp_close(s);
}

static void test_failing_poll(void **state)
{
    fake f;
    cdp_session *s = open_fake(&f);
    outcome o = { 0 };

    (void)state;
    cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_done, &o);
    f.poll_rc = CDP_EIO;
    assert_int_equal(cdp_call(s, "C.d", (cdp_value){ 0 }, NULL), CDP_EIO);
    assert_string_equal(cdp_last_error(s)->message.ptr, "C.d: the cable is cut");
    assert_int_equal(o.times, 1);
    assert_int_equal(o.status, CDP_EIO);
    assert_int_equal(cdp_run(s), CDP_EIO);
    cdp_close(s);
}

static void test_lost_and_failed(void **state)
{
    fake f;
    cdp_session *s = open_fake(&f);
    outcome o[2] = { { 0 } };

    (void)state;
    uint32_t id = cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_done, &o[0]);
    cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_done, &o[1]);
    cdp__fail(s, id, CDP_EPROTO, "an empty answer");
    cdp__fail(s, id, CDP_EPROTO, "again");
    cdp__fail(s, 77, CDP_EPROTO, "nobody's");
    assert_true(o[0].times == 1 && o[0].status == CDP_EPROTO && o[1].times == 0);
    cdp__lost(s, CDP_EIO, -104, NULL);
    cdp__lost(s, CDP_ECLOSED, 0, "later reasons do not count");
    assert_true(o[1].times == 1 && o[1].status == CDP_EIO);
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_EIO);
    assert_int_equal(cdp_last_error(s)->sys, -104);
    cdp_close(s);
}

/* Whoever runs the loop is told when there is something to do. */
static void test_schedule(void **state)
{
    fake f;
    cdp_session *s = open_fake(&f);
    outcome o = { 0 };

    (void)state;
    assert_int_equal(cdp__next_timeout(s), -1);
    uint32_t id = cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_done, &o);
    assert_int_equal(f.scheduled, 1); /* a deadline */
    int left = cdp__next_timeout(s);
    assert_true(left > 20000 && left <= 30000);
    cdp_set_timeout(s, id, 1);
    assert_int_equal(f.scheduled, 2);
    while (cdp__deliver_ready(s) == 0)
        ;
    assert_true(o.times == 1 && o.status == CDP_ETIMEDOUT);
    assert_int_equal(cdp__next_timeout(s), -1);
    cdp_stop(s);
    assert_int_equal(f.woken, 1);
    cdp_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_nesting),   cmocka_unit_test(test_failing_send),
        cmocka_unit_test(test_failing_poll), cmocka_unit_test(test_lost_and_failed),
        cmocka_unit_test(test_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
