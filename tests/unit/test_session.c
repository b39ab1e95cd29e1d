/*
 * test_session.c - what is a session's own: posting from threads, running and stopping, traces,
 * and a peer that breaks the protocol.
 */
#include "../support/rig.h"

#include "../../runtime/core/session.h"

#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* ---- posting ---------------------------------------------------------------- */

typedef struct counter {
    atomic_int ran, dropped;
    int wanted;
    cdp_session *s;
} counter;

static void count(cdp_session *s, void *data)
{
    counter *c = data;

    if (!s) {
        c->dropped++;
        return;
    }
    assert_ptr_equal(s, c->s);
    if (++c->ran == c->wanted)
        cdp_stop(s);
}

enum { THREADS = 4, POSTS = 500 };

static void *post_many(void *data)
{
    counter *c = data;

    for (int i = 0; i < POSTS; i++)
        assert_int_equal(cdp_post(c->s, count, c), 0);
    return NULL;
}

static void test_post_from_threads(void **state)
{
    rig r;
    counter c = { .wanted = THREADS * POSTS };
    pthread_t threads[THREADS];

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    c.s = r.a;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, post_many, &c);
    assert_int_equal(cdp_run(r.a), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.ran, c.wanted);
    rig_close(&r);
    assert_int_equal(c.dropped, 0);
}

static void test_post_to_closed(void **state)
{
    rig r;
    counter c = { .wanted = 0 }, other = { .wanted = 0 };
    cdp_session *child;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    assert_int_equal(cdp_attach(&child, r.a, cdp_s("1")), 0);
    c.s = child;
    other.s = r.a;
    cdp_post(child, count, &c);
    cdp_post(r.a, count, &other);
    cdp_post(child, count, &c);
    cdp_close(child);
    assert_int_equal(c.dropped, 2); /* told that there is no session any more */
    assert_int_equal(other.dropped, 0);
    cdp_post(r.a, count, &other);
    cdp_poll(r.a, 0);
    assert_int_equal(other.ran, 2);
    cdp_post(r.a, count, &other);
    rig_close(&r);
    assert_int_equal(other.dropped, 1);
    assert_int_equal(c.ran, 0);
}

static void *post_late(void *data)
{
    struct timespec t = { 0, 20000000 };

    nanosleep(&t, NULL);
    return post_many(data);
}

/* A post ends a wait, of whichever end. */
static void test_post_wakes(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) {
        rig r;
        counter c = { .wanted = POSTS };
        pthread_t thread;
        rig_open(&r, CDP_JSON, NULL);
        c.s = end ? r.b : r.a;
        pthread_create(&thread, NULL, post_late, &c);
        while (c.ran < POSTS)
            assert_int_equal(cdp_poll(r.a, -1), 0);
        pthread_join(thread, NULL);
        rig_close(&r);
    }
}

static void stop_and_call(cdp_session *s, void *data)
{
    (void)data;
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
    cdp_stop(s);
}

static void test_run_and_stop(void **state)
{
    rig r;
    int mark;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_post(r.a, stop_and_call, NULL);
    assert_int_equal(cdp_run(r.a), 0);
    cdp_post(r.a, stop_and_call, NULL);
    assert_int_equal(cdp_run(r.a), 0); /* runs anew */
    assert_null(cdp_get_data(r.a));
    cdp_set_data(r.a, &mark);
    assert_ptr_equal(cdp_get_data(r.a), &mark);
    rig_close(&r);
}

static void test_close_twice(void **state)
{
    rig r;

    (void)state;
    rig_open(&r, CDP_CBOR, NULL);
    cdp_close(NULL);
    cdp_free(NULL);
    assert_null(cdp_keep(NULL));
    assert_string_equal(cdp_last_error(r.a)->message.ptr, "success");
    assert_int_equal(cdp_last_error(r.a)->status, 0);
    rig_close(&r);
}

static void test_status_texts(void **state)
{
    (void)state;
    for (int status = 1; status >= -13; status--) {
        assert_true(*cdp_strerror(status) != 0);
        for (int other = 1; other > status; other--)
            assert_string_not_equal(cdp_strerror(status), cdp_strerror(other));
    }
    assert_string_equal(cdp_strerror(-13), "unknown error");
}

/* ---- the trace --------------------------------------------------------------- */

typedef struct traced {
    int sent, received;
    cdp_session *close_at_sent;
    cdp_wire wire;
} traced;

static void on_trace(cdp_session *s, bool sent, cdp_value message, void *data)
{
    traced *t = data;

    assert_null(cdp_session_id(s).len ? s : NULL);
    assert_int_equal(message.wire, t->wire);
    assert_int_equal(cdp_value_typeof(message), CDP_VALUE_OBJECT);
    if (sent)
        t->sent++;
    else
        t->received++;
    if (sent && t->close_at_sent) {
        cdp_session *victim = t->close_at_sent;
        t->close_at_sent = NULL;
        cdp_close(victim);
    }
}

static void test_trace(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        traced t = { .wire = (cdp_wire)wire };
        cdp_session *child;
        rig_open(&r, (cdp_wire)wire, NULL);
        cdp_attach(&child, r.a, cdp_s("1"));
        cdp_set_trace(r.a, on_trace, &t);
        cdp_call(r.a, "A.b", (cdp_value){ 0 }, NULL);
        cdp_call(child, "A.b", (cdp_value){ 0 }, NULL);
        cdp_emit(r.b, "A.b", (cdp_value){ 0 });
        rig_settle(&r);
        assert_int_equal(t.sent, 2);
        assert_int_equal(t.received, 3);
        cdp_set_trace(r.a, NULL, NULL);
        cdp_call(r.a, "A.b", (cdp_value){ 0 }, NULL);
        assert_int_equal(t.sent, 2);
        rig_close(&r);
    }
}

static void test_close_in_trace(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        rig r;
        traced t = { .sent = 0 };
        rig_open(&r, CDP_JSON, NULL);
        t.close_at_sent = r.a;
        cdp_set_trace(r.a, on_trace, &t);
        if (way == 0)
            assert_int_equal(cdp_emit(r.a, "A.b", (cdp_value){ 0 }), CDP_ECLOSED);
        else if (way == 1)
            assert_int_equal(cdp_call(r.a, "A.b", (cdp_value){ 0 }, NULL), CDP_ECLOSED);
        else
            cdp_call_async(r.a, "A.b", (cdp_value){ 0 }, NULL, NULL);
        r.a = NULL;
        rig_close(&r);
    }
}

/* ---- a peer that breaks the protocol ------------------------------------------ */

typedef struct faults {
    int n, status;
    char message[128];
} faults;

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    faults *f = data;

    assert_non_null(s);
    assert_true(err->message.len > 0);
    f->n++;
    f->status = err->status;
    snprintf(f->message, sizeof f->message, "%s", err->message.ptr);
}

typedef struct outcome {
    int times, status;
    double value;
} outcome;

static void on_evaluated(cdp_session *s, const cdp_error *err,
                         const cdp_runtime_evaluate_result *res, void *data)
{
    outcome *o = data;

    (void)s;
    o->times++;
    o->status = err ? err->status : 0;
    if (!err) {
        assert_non_null(res->result);
        o->value = cdp_value_num(res->result->value, -1);
    }
}

/* Calls 1 (evaluate) and 2 (another command) are in flight.  What then comes. */
static const struct row {
    const char *message;
    int faults, status; /* told to the fault callback */
    int times;          /* the callback of call 1 */
    int ended;          /* as */
    double value;
} rows[] = {
    { "{\"id\":1,\"result\":{\"result\":{\"value\":5}}}", 0, 0, 1, 0, 5 },
    { "{\"result\":{\"result\":{\"value\":5}},\"id\":1}", 0, 0, 1, 0, 5 },
    { " \t\r\n{ \"id\" : 1 , \"result\" : { \"result\" : { \"value\" : 5 } } } \n", 0, 0, 1, 0, 5 },
    { "{\"id\":1.0,\"result\":{\"result\":{\"value\":5}}}", 0, 0, 1, 0, 5 },
    { "{\"id\":1,\"result\":{\"result\":{\"value\":4}},\"result\":{\"result\":{\"value\":5}}}", 0,
      0, 1, 0, 5 },
    { "{\"\\u0069d\":1,\"re\\u0073ult\":{\"result\":{\"value\":5}}}", 0, 0, 1, 0, 5 },
    { "{\"id\":1,\"result\":{\"result\":{\"value\":5}},\"more\":[{}],\"sessionId\":\"zzz\"}", 0, 0,
      1, 0, 5 },
    { "{\"id\":1,\"result\":{}}", 0, 0, 1, 0, -1 },
    { "{\"id\":1,\"error\":{\"code\":-1,\"message\":\"m\"}}", 0, 0, 1, CDP_EREMOTE, 0 },
    { "{\"id\":1,\"error\":7}", 0, 0, 1, CDP_EREMOTE, 0 },
    { "{\"id\":1,\"error\":{}}", 0, 0, 1, CDP_EREMOTE, 0 },
    { "{\"id\":1,\"result\":{},\"error\":{}}", 0, 0, 1, CDP_EREMOTE, 0 },
    { "{\"id\":1,\"result\":7}", 0, 0, 1, CDP_EDECODE, 0 },
    { "{\"id\":1,\"result\":null}", 0, 0, 1, CDP_EDECODE, 0 },
    { "{\"id\":1,\"result\":{\"result\":{\"value\":05}}}", 0, 0, 1, CDP_EDECODE, 0 },
    { "{\"id\":1}", 0, 0, 1, CDP_EPROTO, 0 },
    { "{\"id\":1,\"params\":{\"result\":{\"value\":5}}}", 0, 0, 1, CDP_EPROTO, 0 },
    /* to nobody */
    { "{\"id\":0,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":-1,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":77,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":4294967297,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":1e300,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":1.5,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":\"1\",\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":null,\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"result\":{}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"error\":{\"code\":-32700,\"message\":\"m\"}}", 1, CDP_EREMOTE, 0, 0, 0 },
    { "{\"id\":77,\"error\":{\"code\":-32700,\"message\":\"m\"}}", 1, CDP_EREMOTE, 0, 0, 0 },
    { "{}", 1, CDP_EPROTO, 0, 0, 0 },
    /* no messages */
    { "", 1, CDP_EPROTO, 0, 0, 0 },
    { "\xef\xbb\xbf{}", 1, CDP_EPROTO, 0, 0, 0 },
    { "null", 1, CDP_EPROTO, 0, 0, 0 },
    { "[{\"id\":1}]", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":1,\"result\":{}}}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":1,\"result\":{}} {}", 1, CDP_EPROTO, 0, 0, 0 },
    { "\xd8\x5a", 1, CDP_EPROTO, 0, 0, 0 },
    { "\xd8\x18\x5a\x7f\xff\xff\xff\xbf", 1, CDP_EPROTO, 0, 0, 0 },
    /* whose struct is decoded must not change after */
    { "{\"id\":1,\"result\":{\"result\":{\"value\":5}},\"id\":2}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":2,\"result\":{},\"id\":1}", 1, CDP_EPROTO, 0, 0, 0 },
    { "{\"id\":2,\"result\":{},\"id\":null,\"method\":\"Debugger.paused\"}", 1, CDP_EPROTO, 0, 0,
      0 },
    { "{\"method\":\"Debugger.paused\",\"params\":{},\"method\":\"Runtime.bindingCalled\"}", 1,
      CDP_EPROTO, 0, 0, 0 },
    { "{\"method\":\"Debugger.paused\",\"params\":{},\"id\":1}", 1, CDP_EPROTO, 0, 0, 0 },
};

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    (void)s;
    (void)ev;
    ++*(int *)data;
}

static void on_isolate(cdp_session *s, const cdp_error *err,
                       const cdp_runtime_get_isolate_id_result *res, void *data)
{
    (void)s;
    (void)res;
    ++*(int *)data;
    if (err)
        assert_int_equal(err->status, CDP_ECLOSED);
}

static void test_peers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig r;
        faults f = { 0 };
        outcome o = { 0 };
        int others = 0, paused = 0;
        cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
        rig_open(&r, CDP_JSON, NULL);
        cdp_set_fault(r.a, on_fault, &f);
        cdp_debugger_on_paused(r.a, on_paused, &paused);
        assert_int_equal(cdp_runtime_evaluate_async(r.a, &p, on_evaluated, &o), 1);
        assert_int_equal(cdp_runtime_get_isolate_id_async(r.a, on_isolate, &others), 2);
        rig_feed(r.a, rows[i].message);
        if (f.n != rows[i].faults || f.status != rows[i].status || o.times != rows[i].times ||
            o.status != rows[i].ended)
            fail_msg("%s: %d faults (%s), %d calls back, status %d", rows[i].message, f.n,
                     f.message, o.times, o.status);
        if (o.times && o.status == 0)
            assert_true(o.value == rows[i].value);
        assert_int_equal(others + paused, 0);
        if (o.times) { /* the same again is to nobody */
            rig_feed(r.a, rows[i].message);
            assert_int_equal(o.times, 1);
            assert_int_equal(f.n, 1);
        }
        rig_feed(r.a, "{\"method\":\"Debugger.paused\",\"params\":{\"callFrames\":[]}}");
        assert_int_equal(paused, 1); /* it goes on */
        rig_close(&r);
        assert_int_equal(o.times, 1);
        assert_int_equal(others, 1);
    }
}

static void test_remote_error(void **state)
{
    rig r;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(r.a, &p);
    rig_feed(r.a,
             "{\"error\":{\"data\":{\"a\":[1]},\"message\":\"na\\u0000h \\ud800\",\"code\":-7},"
             "\"id\":1}");
    assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, NULL), CDP_EREMOTE);
    const cdp_error *e = cdp_last_error(r.a);
    assert_int_equal(e->status, CDP_EREMOTE);
    assert_int_equal(e->remote_code, -7);
    assert_true(cdp_str_eq(e->message, cdp_sn("na\0h \xed\xa0\x80", 8)));
    assert_string_equal(e->method.ptr, "Runtime.evaluate");
    assert_int_equal(cdp_value_int(cdp_value_path(e->data, "a.0"), 0), 1);
    rig_close(&r);
}

/* Random bytes, and random damage to sound messages. */
static void test_damage(void **state)
{
    static const char sound[] = "{\"id\":1,\"result\":{\"result\":{\"type\":\"string\",\"value\":"
                                "{\"a\":[1,2.5,\"\\u0041\",null,true]},\"description\":\"d\"}}}";
    rig r;
    faults f = { 0 };
    uint32_t seed = 1;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_set_fault(r.a, on_fault, &f);
    for (int i = 0; i < 20000; i++) {
        char bytes[sizeof sound];
        size_t n = sizeof sound - 1;
        memcpy(bytes, sound, n);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525 + 1013904223;
            size_t at = (seed >> 8) % n;
            bytes[at] = k ? (char)(seed >> 24) : bytes[(seed >> 12) % n];
        }
        cdp__receive(r.a, bytes, (seed >> 5) % 8 ? n : (seed >> 9) % n);
    }
    assert_true(f.n > 10000);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post_from_threads),
        cmocka_unit_test(test_post_to_closed),
        cmocka_unit_test(test_post_wakes),
        cmocka_unit_test(test_run_and_stop),
        cmocka_unit_test(test_close_twice),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_close_in_trace),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_remote_error),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
