/*
 * test_children.c - child sessions: messages find theirs both ways, and anything may be closed from
 * anywhere.
 */
#include "../support/rig.h"

#include "../../runtime/core/session.h"

#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)method;
    (void)params;
    ++*(int *)data;
}

/* Answers with the session's id. */
static int serve_id(cdp_request *req, const cdp_value *params, void *self)
{
    char json[96];
    cdp_str id = cdp_session_id(cdp_request_session(req));

    (void)params;
    (void)self;
    snprintf(json, sizeof json, "{\"id\":\"%s\"}", id.ptr);
    return cdp_respond_value(req, cdp_json(json));
}

static void assert_answers(cdp_session *s, const char *id)
{
    cdp_value *v;

    assert_int_equal(cdp_call(s, "Who.areYou", (cdp_value){ 0 }, &v), 0);
    assert_true(cdp_value_str_eq(cdp_value_get(*v, "id"), id));
    cdp_free(v);
}

static cdp_session *attached(cdp_session *parent, const char *id)
{
    cdp_session *s;

    assert_int_equal(cdp_attach(&s, parent, cdp_s(id)), 0);
    assert_string_equal(cdp_session_id(s).ptr, id);
    return s;
}

static void test_routing(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        int at_root = 0, at_one = 0, at_two = 0;
        rig_open(&r, (cdp_wire)wire, NULL);
        assert_string_equal(cdp_session_id(r.a).ptr, "");
        cdp_session *one = attached(r.a, "1"), *two = attached(one, "\xf0\x9f\x98\x80 2");
        cdp_session *far_one = attached(r.b, "1"), *far_two = attached(r.b, "\xf0\x9f\x98\x80 2");
        cdp_serve_any(r.b, serve_id, NULL);
        cdp_serve_any(far_one, serve_id, NULL);
        cdp_serve_any(far_two, serve_id, NULL);
        assert_answers(r.a, "");
        assert_answers(one, "1");
        assert_answers(two, "\xf0\x9f\x98\x80 2");

        cdp_on(r.a, "A.b", on_event, &at_root);
        cdp_on(one, "A.b", on_event, &at_one);
        cdp_on(two, "A.b", on_event, &at_two);
        cdp_emit(r.b, "A.b", (cdp_value){ 0 });
        cdp_emit(far_one, "A.b", (cdp_value){ 0 });
        cdp_emit(far_one, "A.b", (cdp_value){ 0 });
        cdp_emit(far_two, "A.b", (cdp_value){ 0 });
        rig_settle(&r);
        assert_int_equal(at_root, 1);
        assert_int_equal(at_one, 2);
        assert_int_equal(at_two, 1);

        /* and the other way round */
        cdp_serve_any(two, serve_id, NULL);
        assert_answers(far_two, "\xf0\x9f\x98\x80 2");
        assert_int_equal(cdp_call(far_one, "Who.areYou", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
        cdp_close(one); /* two with it */
        assert_int_equal(cdp_call(far_two, "Who.areYou", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
        assert_int_equal(cdp_last_error(far_two)->remote_code, CDP_SESSION_NOT_FOUND);
        assert_string_equal(cdp_last_error(far_two)->message.ptr,
                            "Session with given id not found.");
        assert_answers(attached(r.a, "1"), "1"); /* an id may be used again */
        rig_close(&r);
    }
}

/* Members of a message in any order: whose it is may be known last. */
static void test_any_order(void **state)
{
    static const char *const messages[] = {
        "{\"sessionId\":\"1\",\"method\":\"Runtime.executionContextsCleared\",\"params\":{}}",
        "{\"method\":\"Runtime.executionContextsCleared\",\"sessionId\":\"1\",\"params\":{}}",
        "{\"params\":{},\"method\":\"Runtime.executionContextsCleared\",\"sessionId\":\"1\"}",
        "{\"method\":\"Runtime.executionContextsCleared\",\"params\":{},\"sessionId\":\"\\u0031\"}",
    };
    rig r;
    int at_root = 0, at_one = 0;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_session *one = attached(r.a, "1");
    cdp_on(r.a, "Runtime.executionContextsCleared", on_event, &at_root);
    cdp_on(one, "Runtime.executionContextsCleared", on_event, &at_one);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        rig_feed(r.a, messages[i]);
    assert_int_equal(at_one, 4);
    assert_int_equal(at_root, 0);
    rig_close(&r);
}

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    assert_int_equal(err->status, CDP_EPROTO);
    ++*(int *)data;
}

static void test_unknown_session(void **state)
{
    rig r;
    int faults = 0, sent = 0;
    char big[5000];

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_set_fault(r.a, on_fault, &faults);
    cdp_on_any(r.a, on_event, &sent);
    rig_feed(r.a, "{\"method\":\"A.b\",\"sessionId\":\"nobody\"}");
    rig_feed(r.a, "{\"id\":1,\"method\":\"A.b\",\"sessionId\":\"nobody\"}");
    rig_feed(r.a, "{\"method\":\"A.b\",\"sessionId\":\"\"}");
    snprintf(big, sizeof big, "{\"method\":\"A.b\",\"sessionId\":\"%04000d\"}", 0);
    rig_feed(r.a, big);
    assert_int_equal(faults, 4);
    assert_int_equal(sent, 0);
    rig_close(&r);
}

static void test_refused(void **state)
{
    static const char *const aborts[] = { "1234567890", " \t\v+99999999999999999999", "-2147483649",
                                          "00000000000000000000000000000001x" };
    static const char *const sound[] = { "123456789",
                                         "-12",
                                         "+",
                                         " ",
                                         "x1234567890123",
                                         "01234567890123456789012345678901",
                                         "1234567890ABCDEF1234567890abcdef" };
    rig r;
    cdp_session *s;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    attached(r.a, "1");
    assert_int_equal(cdp_attach(&s, r.a, cdp_s("1")), CDP_ESTATE);
    assert_null(s);
    assert_int_equal(cdp_attach(&s, r.a, cdp_s("")), CDP_EINVAL);
    assert_int_equal(cdp_attach(&s, r.a, cdp_s(NULL)), CDP_EINVAL);
    assert_int_equal(cdp_attach(&s, r.a, cdp_s("\xff")), CDP_EINVAL);
    for (size_t i = 0; i < sizeof aborts / sizeof *aborts; i++)
        assert_int_equal(cdp_attach(&s, r.a, cdp_s(aborts[i])), CDP_EINVAL);
    assert_non_null(strstr(cdp_last_error(r.a)->message.ptr, "Node"));
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        attached(r.a, sound[i]);
    cdp_close(r.b);
    r.b = NULL;
    cdp_poll(r.a, 0);
    assert_int_equal(cdp_attach(&s, r.a, cdp_s("2")), CDP_ECLOSED);
    rig_close(&r);
}

/* ---- a target's end -------------------------------------------------------------- */

typedef struct witness {
    cdp_session *close; /* when told */
    int lost, events, calls, order;
    int lost_at, event_at, call_at;
} witness;

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    witness *w = data;
    cdp_session *victim = w->close;

    assert_int_equal(why->status, CDP_ECLOSED);
    assert_string_equal(why->message.ptr, "the target is gone");
    assert_int_equal(cdp_call_async(s, "A.b", (cdp_value){ 0 }, NULL, NULL) != 0, true);
    w->lost++;
    w->lost_at = ++w->order;
    w->close = NULL;
    cdp_close(victim);
}

static void on_detached(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    witness *w = data;

    (void)s;
    (void)method;
    assert_true(cdp_value_str_eq(cdp_value_get(*params, "sessionId"), "1"));
    w->events++;
    w->event_at = ++w->order;
}

static void on_ended(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    witness *w = data;

    (void)s;
    (void)result;
    assert_int_equal(err->status, CDP_ECLOSED);
    assert_string_equal(err->message.ptr, "A.b: the target is gone");
    w->calls++;
    w->call_at = ++w->order;
}

static void test_target_gone(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        witness one = { 0 }, below = { 0 }, other = { 0 };
        rig_open(&r, (cdp_wire)wire, NULL);
        cdp_session *s1 = attached(r.a, "1"), *s2 = attached(s1, "2"), *s3 = attached(r.a, "3");
        cdp_set_lost(s1, on_lost, &one);
        cdp_set_lost(s2, on_lost, &below);
        cdp_set_lost(s3, on_lost, &other);
        cdp_on(r.a, "Target.detachedFromTarget", on_detached, &one);
        cdp_call_async(s1, "A.b", (cdp_value){ 0 }, on_ended, &one);
        cdp_call_async(s2, "A.b", (cdp_value){ 0 }, on_ended, &below);
        cdp_emit(r.b, "Target.detachedFromTarget", cdp_json("{\"sessionId\":\"1\"}"));
        cdp_emit(r.b, "Target.detachedFromTarget", cdp_json("{\"sessionId\":\"1\"}"));
        cdp_poll(r.a, -1);
        assert_int_equal(one.calls, 1);
        assert_int_equal(one.lost, 1);
        assert_int_equal(one.events, 2);
        assert_true(one.call_at < one.lost_at && one.lost_at < one.event_at);
        assert_int_equal(below.calls, 1);
        assert_int_equal(below.lost, 1);
        assert_int_equal(other.lost, 0);
        assert_int_equal(cdp_call(s3, "A.b", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
        assert_int_equal(cdp_call(s1, "A.b", (cdp_value){ 0 }, NULL), CDP_ECLOSED);
        assert_string_equal(cdp_last_error(s1)->message.ptr, "A.b: the target is gone");
        assert_int_equal(cdp_poll(s2, 0), CDP_ECLOSED);
        assert_int_equal(cdp_run(s2), CDP_ECLOSED);
        assert_int_equal(cdp_emit(s2, "A.b", (cdp_value){ 0 }), CDP_ECLOSED);
        assert_int_equal(cdp_attach(&s2, s1, cdp_s("4")), CDP_ECLOSED);
        cdp_close(s1);
        rig_close(&r);
    }
}

/* What waits for a target that goes ends. */
static void test_target_gone_while_waited_for(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        rig r;
        rig_open(&r, CDP_JSON, NULL);
        cdp_session *s = attached(r.a, "1");
        cdp_debugger_paused_event *ev;
        uint32_t id = cdp_debugger_expect_paused(s);
        cdp_emit(r.b, "Target.detachedFromTarget", cdp_json("{\"sessionId\":\"1\"}"));
        if (way == 0)
            assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_ECLOSED);
        else if (way == 1)
            assert_int_equal(cdp_run(s), CDP_ECLOSED);
        else
            assert_int_equal(cdp_debugger_take_paused(s, id, &ev), CDP_ECLOSED);
        assert_string_equal(strstr(cdp_last_error(s)->message.ptr, "the target"),
                            "the target is gone");
        rig_close(&r);
    }
}

/* Whoever is told closes a session: the one, the one below, the root. */
static void test_target_gone_and_closed(void **state)
{
    (void)state;
    for (int victim = 0; victim < 3; victim++)
        for (int of = 1; of < 3; of++) {
            rig r;
            witness w = { 0 };
            rig_open(&r, CDP_JSON, NULL);
            cdp_session *s[3] = { r.a, attached(r.a, "1") };
            s[2] = attached(s[1], "2");
            w.close = s[victim];
            cdp_on(r.a, "Target.detachedFromTarget", on_detached, &w);
            cdp_set_lost(s[of], on_lost, &w);
            cdp_call_async(s[2], "A.b", (cdp_value){ 0 }, on_ended, &w);
            cdp_emit(r.b, "Target.detachedFromTarget", cdp_json("{\"sessionId\":\"1\"}"));
            cdp_poll(r.a, -1);
            assert_int_equal(w.lost, 1);
            assert_int_equal(w.calls, 1);
            assert_int_equal(w.events, victim != 0);
            if (victim == 0)
                r.a = NULL;
            rig_close(&r);
        }
}

static void on_crashed(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    (void)result;
    assert_int_equal(err->status, CDP_ECLOSED);
    assert_string_equal(err->message.ptr, "A.b: the target crashed");
    ++*(int *)data;
}

/* A crash ends what is in flight there, and nothing else. */
static void test_target_crashed(void **state)
{
    rig r;
    int ended = 0, told = 0;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_session *s = attached(r.a, "1"), *far = attached(r.b, "1");
    cdp_serve_any(far, serve_id, NULL);
    cdp_on(s, "Inspector.targetCrashed", on_event, &told);
    cdp_emit(far, "Inspector.targetCrashed", (cdp_value){ 0 });
    cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_crashed, &ended);
    cdp_poll(r.b, -1);
    assert_int_equal(ended, 1);
    assert_int_equal(told, 1);
    rig_settle(&r);
    assert_answers(s, "1");
    rig_close(&r);
}

/* ---- closing ----------------------------------------------------------------- */

/* A callback that closes a session, and how often it ran. */
typedef struct closer {
    cdp_session *victim;
    int times, status;
} closer;

static void on_done(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    closer *c = data;

    (void)s;
    (void)result;
    c->times++;
    c->status = err ? err->status : 0;
    cdp_session *victim = c->victim;
    c->victim = NULL;
    cdp_close(victim);
}

static void call(cdp_session *s, closer *c, cdp_session *victim)
{
    *c = (closer){ .victim = victim };
    assert_int_not_equal(cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_done, c), 0);
}

static void test_closed_with_parent(void **state)
{
    rig r;
    closer c[4];

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_session *one = attached(r.a, "1"), *two = attached(one, "2"), *three = attached(two, "3");
    call(r.a, &c[0], NULL);
    call(one, &c[1], NULL);
    call(two, &c[2], NULL);
    call(three, &c[3], NULL);
    cdp_close(two);
    assert_int_equal(c[2].status, CDP_ECLOSED);
    assert_int_equal(c[3].status, CDP_ECLOSED);
    assert_int_equal(c[0].times + c[1].times, 0);
    cdp_close(r.a);
    r.a = NULL;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(c[i].times, 1);
        assert_int_equal(c[i].status, CDP_ECLOSED);
    }
    rig_close(&r);
}

/* Closing `first` closes s; they are the root, its children 1 and 3, and 2, child of 1. */
static bool within(int s, int first)
{
    return s == first || first == 0 || (first == 1 && s == 2);
}

/* Which session is closed first, and which by a callback of whose call: every way there is (a
 * session that is no more can't be closed; children end before their parent, the newest first). */
static void test_close_from_anywhere(void **state)
{
    static const int order[] = { 3, 2, 1, 0 };
    int ways = 0;

    (void)state;
    for (int way = 0; way < 4 * 4 * 4; way++) {
        const int first = way / 16, of = way / 4 % 4, victim = way % 4;
        rig r;
        cdp_session *s[4];
        closer c[8];
        if (order[victim] < order[of] || (within(victim, first) && !within(of, first)))
            continue;
        ways++;
        rig_open(&r, CDP_JSON, NULL);
        s[0] = r.a;
        s[1] = attached(r.a, "1");
        s[2] = attached(s[1], "2");
        s[3] = attached(r.a, "3");
        for (int i = 0; i < 8; i++)
            call(s[i / 2], &c[i], i == of * 2 ? s[victim] : NULL);
        cdp_close(s[first]);
        if (first != 0 && !(victim == 0 && within(of, first)))
            cdp_close(r.a);
        r.a = NULL;
        for (int i = 0; i < 8; i++) {
            assert_int_equal(c[i].times, 1);
            assert_int_equal(c[i].status, CDP_ECLOSED);
        }
        rig_close(&r);
    }
    assert_true(ways > 25);
}

static void on_close_victim(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    closer *c = data;

    (void)method;
    (void)params;
    c->times++;
    cdp_close(c->victim);
    c->victim = NULL;
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_ECLOSED);
}

/* The root is closed while its child waits, polls, or is told an event. */
static void test_root_closed_under_child(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        rig r;
        closer c = { 0 };
        cdp_debugger_paused_event *ev;
        rig_open(&r, CDP_JSON, NULL);
        cdp_session *child = attached(r.a, "1"), *far = attached(r.b, "1");
        c.victim = r.a;
        cdp_on(child, "A.b", on_close_victim, &c);
        uint32_t id = cdp_debugger_expect_paused(child);
        cdp_emit(far, "A.b", (cdp_value){ 0 });
        if (way == 0)
            assert_int_equal(cdp_poll(child, -1), CDP_ECLOSED);
        else if (way == 1)
            assert_int_equal(cdp_call(child, "A.b", (cdp_value){ 0 }, NULL), CDP_ECLOSED);
        else
            assert_int_equal(cdp_debugger_take_paused(child, id, &ev), CDP_ECLOSED);
        assert_int_equal(c.times, 1);
        r.a = NULL;
        rig_close(&r);
    }
}

static void close_posted(cdp_session *s, void *data)
{
    (void)data;
    assert_non_null(s);
    cdp_close(s);
}

static void test_root_closed_by_post(void **state)
{
    (void)state;
    for (int other_end = 0; other_end < 2; other_end++) {
        rig r;
        rig_open(&r, CDP_JSON, NULL);
        cdp_session *child = attached(r.a, "1");
        cdp_post(r.a, close_posted, NULL);
        cdp_poll(other_end ? r.b : child, 0);
        r.a = NULL;
        rig_close(&r);
    }
}

/* Replies that nobody came for do not count for ever. */
static void test_forgotten_cookies(void **state)
{
    rig r;
    cdp_options options = { .max_pending = 8 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };

    (void)state;
    rig_open(&r, CDP_JSON, &options);
    for (int i = 0; i < 50; i++) {
        cdp_session *child = attached(r.a, "1");
        assert_int_not_equal(cdp_runtime_evaluate_send(child, &p).id, 0);
        assert_int_not_equal(cdp_runtime_evaluate_send(child, &p).id, 0);
        if (i % 2)
            rig_settle(&r);
        cdp_close(child);
    }
    assert_int_equal(r.a->conn->n_pending, 0);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routing),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_unknown_session),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_target_gone),
        cmocka_unit_test(test_target_gone_while_waited_for),
        cmocka_unit_test(test_target_gone_and_closed),
        cmocka_unit_test(test_target_crashed),
        cmocka_unit_test(test_closed_with_parent),
        cmocka_unit_test(test_close_from_anywhere),
        cmocka_unit_test(test_root_closed_under_child),
        cmocka_unit_test(test_root_closed_by_post),
        cmocka_unit_test(test_forgotten_cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
