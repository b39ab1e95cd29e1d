/*
 * test_worker_session.c - sessions with workers, whose messages travel inside their parent's.
 */
#include "../support/target_peer.h"

#include "../../runtime/core/session.h"

#include <cdp/targets.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const cdp_value nothing;

static cdp_session *worker(target_peer *p, const char *id)
{
    cdp_session *s;

    assert_int_equal(cdp_attach_worker(&s, p->r.a, cdp_s(id)), 0);
    assert_string_equal(cdp_session_id(s).ptr, id);
    return s;
}

static void assert_answers(cdp_session *s, const char *id)
{
    cdp_value *v;

    assert_int_equal(cdp_call(s, "Who.areYou", nothing, &v), 0);
    assert_true(cdp_value_str_eq(cdp_value_get(*v, "id"), id));
    cdp_free(v);
}

static void count(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)method;
    (void)params;
    ++*(int *)data;
}

static void status(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    assert_true((err == NULL) != (result == NULL));
    assert_int_equal(*(int *)data, 1); /* not told yet */
    *(int *)data = err ? err->status : 0;
}

static void lost(cdp_session *s, const cdp_error *why, void *data)
{
    (void)s;
    assert_int_equal(*(int *)data, 1);
    *(int *)data = why->status;
}

/* Messages find theirs, whatever the parent's encoding; a flat child of the same id is another. */
static void test_messages(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        target_peer p;
        int at_root = 0, at_one = 0, at_two = 0;
        target_peer_open(&p, PEER_NODE, (cdp_wire)wire);
        cdp_session *one = worker(&p, "1"), *two = worker(&p, "2"), *flat;
        assert_answers(one, "1");
        assert_answers(two, "2");
        assert_answers(p.r.a, "");
        assert_int_equal(cdp_attach(&flat, p.r.a, cdp_s("1")), 0);
        assert_int_equal(cdp_call(flat, "Who.areYou", nothing, NULL), CDP_EREMOTE);
        assert_int_equal(cdp_last_error(flat)->remote_code, CDP_SESSION_NOT_FOUND);
        assert_answers(one, "1");
        cdp_on(p.r.a, "A.b", count, &at_root);
        cdp_on(one, "A.b", count, &at_one);
        cdp_on(two, "A.b", count, &at_two);
        target_peer_emit(&p, "2", "A.b");
        target_peer_emit(&p, "2", "A.b");
        target_peer_emit(&p, "1", "A.b");
        target_peer_emit(&p, "3", "A.b");
        rig_settle(&p.r);
        assert_int_equal(at_root, 0);
        assert_int_equal(at_one, 1);
        assert_int_equal(at_two, 2);
        target_peer_close(&p);
    }
}

static void test_refused(void **state)
{
    target_peer p;
    cdp_session *s;

    (void)state;
    target_peer_open(&p, PEER_NODE, CDP_JSON);
    worker(&p, "1");
    assert_int_equal(cdp_attach_worker(&s, p.r.a, cdp_s("1")), CDP_ESTATE);
    assert_null(s);
    assert_int_equal(cdp_attach_worker(&s, p.r.a, cdp_s("")), CDP_EINVAL);
    assert_int_equal(cdp_attach_worker(&s, p.r.a, cdp_s("12345678901")), CDP_EINVAL);
    rig_settle(&p.r);
    assert_string_equal(target_peer_asked(&p), "");
    target_peer_close(&p);
}

/* A message that could not be handed on ends its call, and only that. */
static void test_failed_send(void **state)
{
    target_peer p;
    int failed = 1, later = 1;

    (void)state;
    target_peer_open(&p, PEER_NODE, CDP_JSON);
    cdp_session *s = worker(&p, "1");
    cdp_call_async(s, "Never.answered", nothing, status, &later);
    rig_settle(&p.r);
    p.deaf = true;
    cdp_call_async(s, "Who.areYou", nothing, status, &failed);
    rig_settle(&p.r);
    assert_int_equal(failed, CDP_EREMOTE);
    assert_int_equal(cdp_call(s, "Who.areYou", nothing, NULL), CDP_EREMOTE);
    assert_string_equal(cdp_last_error(s)->message.ptr, "Who.areYou: deaf");
    assert_int_equal(later, 1);
    p.deaf = false;
    assert_answers(s, "1");
    cdp_close(s);
    assert_int_equal(later, CDP_ECLOSED);
    target_peer_close(&p);
}

/* Replies to what another session asked are nobody's. */
static void test_foreign_replies(void **state)
{
    target_peer p;
    int root = 1, one = 1;

    (void)state;
    target_peer_open(&p, PEER_NODE, CDP_JSON);
    cdp_session *s = worker(&p, "1");
    uint32_t id = cdp_call_async(p.r.a, "Never.answered", nothing, status, &root);
    assert_int_equal(id, 1);
    rig_feed(p.r.a,
             "{\"method\":\"NodeWorker.receivedMessageFromWorker\",\"params\":{\"sessionId\":"
             "\"1\",\"message\":\"{\\\"id\\\":1,\\\"result\\\":{}}\"}}");
    assert_int_equal(root, 1);
    id = cdp_call_async(s, "Never.answered", nothing, status, &one);
    assert_int_equal(id, 2);
    rig_feed(p.r.a, "{\"id\":2,\"result\":{}}");
    assert_int_equal(one, 1);
    rig_feed(p.r.a,
             "{\"method\":\"NodeWorker.receivedMessageFromWorker\",\"params\":{\"sessionId\":"
             "\"1\",\"message\":\"{\\\"id\\\":2,\\\"result\\\":{}}\"}}");
    assert_int_equal(one, 0);
    target_peer_close(&p);
    assert_int_equal(root, CDP_ECLOSED);
}

static void test_ends(void **state)
{
    enum { GONE, PEER_LEFT, PARENT_CLOSED, CLOSED, WAYS };

    (void)state;
    for (int way = 0; way < WAYS; way++) {
        target_peer p;
        int call = 1, told = 1, other = 1;
        target_peer_open(&p, PEER_NODE, CDP_JSON);
        cdp_session *s = worker(&p, "1"), *two = worker(&p, "2");
        cdp_set_lost(s, lost, &told);
        cdp_call_async(s, "Never.answered", nothing, status, &call);
        cdp_call_async(two, "Never.answered", nothing, status, &other);
        rig_settle(&p.r);
        target_peer_asked(&p);
        if (way == GONE) {
            target_peer_detach(&p, NULL, "1");
        } else if (way == PEER_LEFT) {
            cdp_close(p.r.b);
            p.r.b = NULL;
        } else if (way == PARENT_CLOSED) {
            cdp_close(p.r.a);
            p.r.a = NULL;
        } else {
            cdp_close(s);
        }
        rig_settle(&p.r);
        assert_int_equal(call, CDP_ECLOSED);
        assert_int_equal(told, way <= PEER_LEFT ? CDP_ECLOSED : 1);
        assert_int_equal(other, way == GONE || way == CLOSED ? 1 : CDP_ECLOSED);
        if (way == GONE) {
            assert_int_equal(cdp_call(s, "Who.areYou", nothing, NULL), CDP_ECLOSED);
            assert_string_equal(cdp_last_error(s)->message.ptr, "Who.areYou: the target is gone");
            cdp_close(s);
            rig_settle(&p.r);
        }
        assert_string_equal(target_peer_asked(&p), way == CLOSED ? "NodeWorker.detach; " : "");
        if (way == GONE || way == CLOSED)
            assert_answers(two, "2");
        target_peer_close(&p);
    }
}

/* ---- from callbacks ---------------------------------------------------------------- */

typedef struct closer {
    cdp_session *victim;
    int times;
} closer;

static void close_victim(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    closer *c = data;

    (void)s;
    (void)method;
    (void)params;
    c->times++;
    cdp_close(c->victim);
}

/* A worker's event closes it, its parent, or another worker. */
static void test_closed_amid_event(void **state)
{
    (void)state;
    for (int victim = 0; victim < 3; victim++) {
        target_peer p;
        closer c = { 0 };
        target_peer_open(&p, PEER_NODE, CDP_JSON);
        cdp_session *s[3] = { p.r.a, worker(&p, "1"), worker(&p, "2") };
        c.victim = s[victim];
        cdp_on(s[1], "A.b", close_victim, &c);
        target_peer_emit(&p, "1", "A.b");
        cdp_poll(s[2], -1);
        assert_int_equal(c.times, 1);
        if (victim == 0)
            p.r.a = NULL;
        rig_settle(&p.r);
        target_peer_close(&p);
    }
}

static void call_again(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)method;
    (void)params;
    if (s->conn->t->direct)
        assert_answers(s, "1");
    else
        assert_int_equal(cdp_call(s, "Who.areYou", nothing, NULL), CDP_ESTATE);
    ++*(int *)data;
}

/* Where the parent's transport lets calls nest, a worker's do. */
static void test_calls_nest(void **state)
{
    target_peer p;
    int times = 0;

    (void)state;
    target_peer_open(&p, PEER_NODE, CDP_JSON);
    cdp_session *s = worker(&p, "1");
    cdp_on(s, "A.b", call_again, &times);
    target_peer_emit(&p, "1", "A.b");
    assert_answers(s, "1");
    assert_int_equal(times, 1);
    p.r.a->conn->t->direct = false;
    target_peer_emit(&p, "1", "A.b");
    assert_answers(s, "1");
    assert_int_equal(times, 2);
    target_peer_close(&p);
}

static void posted(cdp_session *s, void *data)
{
    assert_non_null(s);
    ++*(int *)data;
}

static void test_posts_and_timeouts(void **state)
{
    target_peer p;
    int times = 0, call = 1;

    (void)state;
    target_peer_open(&p, PEER_NODE, CDP_JSON);
    cdp_session *s = worker(&p, "1");
    assert_int_equal(cdp_post(s, posted, &times), 0);
    cdp_poll(p.r.a, 0); /* whoever runs the parent runs its workers */
    assert_int_equal(times, 1);
    cdp_set_timeout(s, 0, 1);
    cdp_call_async(s, "Never.answered", nothing, status, &call);
    while (call == 1)
        cdp_poll(p.r.a, -1);
    assert_int_equal(call, CDP_ETIMEDOUT);
    target_peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failed_send), cmocka_unit_test(test_foreign_replies),
        cmocka_unit_test(test_ends),        cmocka_unit_test(test_closed_amid_event),
        cmocka_unit_test(test_calls_nest),  cmocka_unit_test(test_posts_and_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
