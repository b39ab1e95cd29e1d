/*
 * test_follow_ends.c - what was found ends once, whatever ends it, and without memory too.
 */
#include "follow_test.h"

#include "../../runtime/core/session.h"

static const cdp_value nothing;

/* ---- ends ---------------------------------------------------------------------------------- */

static void test_ends(void **state)
{
    enum { ROOT_CLOSED, PEER_LEFT, CHILD_CLOSED, WAYS };

    (void)state;
    for (int way = 0; way < WAYS; way++)
        for (int kind = PEER_NODE; kind <= PEER_CHROMIUM; kind++) {
            target_peer p;
            told t = { .text = "" };
            target_peer_open(&p, (target_peer_kind)kind, CDP_JSON);
            told_follow(&p, &t);
            target_peer_attach(&p, NULL, "1", "t1", "worker", false);
            target_peer_attach(&p, NULL, "2", "t2", "worker", false);
            rig_settle(&p.r);
            told_text(&t);
            if (way == ROOT_CLOSED) {
                cdp_close(p.r.a);
                p.r.a = NULL;
            } else if (way == PEER_LEFT) {
                cdp_close(p.r.b);
                p.r.b = NULL;
            } else {
                cdp_close(t.last);
            }
            rig_settle(&p.r);
            assert_string_equal(told_text(&t), way == CHILD_CLOSED ? "-2 " : "-2 -1 ");
            if (way == CHILD_CLOSED) {
                target_peer_detach(&p, NULL, "2");
                target_peer_attach(&p, NULL, "3", "t2", "worker", false);
                rig_settle(&p.r);
                assert_string_equal(told_text(&t), "+3 worker ");
            }
            if (way == PEER_LEFT) {
                cdp_unfollow(p.r.a);
                assert_int_equal(cdp_follow(p.r.a, &(cdp_follow_options){ .data = NULL }),
                                 CDP_ECLOSED);
            }
            assert_int_equal(t.followed, 1);
            target_peer_close(&p);
        }
}

/* Another peer takes the place of the first, which told of all that it has once more. */
static void test_interrupted(void **state)
{
    target_peer p;
    told t = { .text = "" };

    (void)state;
    target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
    told_follow(&p, &t);
    target_peer_attach(&p, NULL, "P", "p", "page", false);
    target_peer_attach(&p, NULL, "Q", "q", "page", false);
    rig_settle(&p.r);
    target_peer_attach(&p, "P", "1", "shared", "shared_worker", false);
    target_peer_attach(&p, "Q", "2", "shared", "shared_worker", false);
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "+P page +Q page +1 shared_worker ");
    cdp__interrupted(p.r.a, CDP_EIO, 0, "gone for now");
    assert_string_equal(told_text(&t), "-Q -1 -P ");
    target_peer_attach(&p, NULL, "R", "p", "page", false);
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "+R page ");
    assert_int_equal(cdp_call(t.last, "Who.areYou", nothing, NULL), 0);
    target_peer_close(&p);
    assert_string_equal(told_text(&t), "-R ");
}

/* Before the peer has answered. */
static void test_ends_early(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        for (int polls = 0; polls < 3; polls++) {
            target_peer p;
            told t = { .text = "" };
            cdp_follow_options opt = told_options(&t);
            target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
            assert_int_equal(cdp_follow(p.r.a, &opt), 0);
            for (int i = 0; i < polls; i++)
                cdp_poll(p.r.a, 0);
            int before = t.followed;
            if (way == 0) {
                cdp_unfollow(p.r.a);
            } else if (way == 1) {
                cdp_close(p.r.b);
                p.r.b = NULL;
            } else if (way == 2) {
                cdp_close(p.r.a);
                p.r.a = NULL;
            } else {
                cdp_unfollow(p.r.a);
                cdp_close(p.r.a);
                p.r.a = NULL;
            }
            rig_settle(&p.r);
            if (way == 1 || way == 2)
                assert_int_equal(t.followed, 1);
            else
                assert_int_equal(t.followed, before);
            if (way != 0 && t.followed > before)
                assert_int_equal(t.status, CDP_ECLOSED);
            target_peer_close(&p);
            assert_string_equal(told_text(&t), "");
        }
}

/* The callbacks close the child, its parent, the root; and end the following. */
static void test_ended_by_callbacks(void **state)
{
    (void)state;
    for (int kind = PEER_NODE; kind <= PEER_CHROMIUM; kind++)
        for (int way = 0; way < 6; way++) {
            target_peer p;
            told t = { .call = true };
            target_peer_open(&p, (target_peer_kind)kind, CDP_JSON);
            told_follow(&p, &t);
            target_peer_attach(&p, NULL, "1", "t1", "worker", true);
            rig_settle(&p.r);
            if (way == 0)
                t.close = t.last;
            else if (way == 1)
                t.close = p.r.a;
            else if (way == 2)
                t.unfollow = p.r.a;
            else if (way == 3)
                t.close_detached = t.last;
            else if (way == 4)
                t.close_detached = p.r.a;
            else
                t.unfollow = t.close = p.r.a;
            target_peer_attach(&p, kind == PEER_CHROMIUM ? "1" : NULL, "2", "t2", "worker", true);
            cdp_poll(p.r.b, 0);
            if (way == 1 || way == 5)
                p.r.a = NULL;
            rig_settle(&p.r);
            if (way == 3 || way == 4) {
                t.close_detached = way == 3 ? t.last : p.r.a;
                target_peer_detach(&p, NULL, "1");
                cdp_poll(p.r.b, 0);
                if (way == 4)
                    p.r.a = NULL;
                rig_settle(&p.r);
            }
            target_peer_close(&p);
            const char *all = told_text(&t);
            int balance = 0;
            for (const char *c = all; *c; c++)
                balance += *c == '+' ? 1 : *c == '-' ? -1 : 0;
            assert_int_equal(balance, 0);
            assert_int_equal(t.followed, 1);
        }
}

static void unfollow_when_done(cdp_session *s, const cdp_error *err, const cdp_value *result,
                               void *data)
{
    (void)s;
    (void)result;
    assert_non_null(err);
    cdp_unfollow(data);
}

/* A call that ends since its child is being closed ends the following. */
static void test_unfollowed_amid_close(void **state)
{
    (void)state;
    for (int kind = PEER_NODE; kind <= PEER_CHROMIUM; kind++) {
        target_peer p;
        told t = { .text = "" };
        target_peer_open(&p, (target_peer_kind)kind, CDP_JSON);
        told_follow(&p, &t);
        target_peer_attach(&p, NULL, "1", "t1", "worker", false);
        rig_settle(&p.r);
        cdp_call_async(t.last, "Never.answered", nothing, unfollow_when_done, p.r.a);
        cdp_close(t.last);
        assert_string_equal(told_text(&t), "+1 worker -1 ");
        target_peer_close(&p);
    }
}

/* ---- memory --------------------------------------------------------------------------------- */

static int live;

static bool count_attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    (void)data;
    assert_true(info->type.len > 0);
    cdp_call_async(child, "A.b", nothing, NULL, NULL);
    live++;
    return false;
}

static void count_detached(cdp_session *child, void *data)
{
    (void)child;
    (void)data;
    live--;
}

static void some_targets(target_peer *p, const char *session, bool wait)
{
    (void)wait;
    if (session)
        return;
    target_peer_attach(p, NULL, "1", "t1", "worker", true);
    target_peer_attach(p, NULL, "2", "t2", "worker", false);
    target_peer_detach(p, NULL, "1");
}

/* Everything with the n-th allocation failing, or all from it on. How many were asked for. */
static size_t scenario(target_peer_kind kind, size_t n, bool and_all_after)
{
    target_peer p;
    cdp_follow_options opt = { .wait = true,
                               .attached = count_attached,
                               .detached = count_detached };

    memset(&p, 0, sizeof p);
    p.kind = kind;
    p.on_ask = some_targets;
    rig_heap_init(&p.r.heap);
    p.r.options = (cdp_options){ .allocator = &p.r.heap.allocator, .timeout_ms = 200 };
    p.r.heap.fail_at = n;
    p.r.heap.and_all_after = and_all_after;
    if (cdp_pair(&p.r.a, &p.r.b, &p.r.options) == 0 && target_peer_serve(&p)) {
        int rc = cdp_follow(p.r.a, &opt);
        assert_true(rc == 0 || rc == CDP_ENOMEM);
        rig_settle(&p.r);
        rig_settle(&p.r);
        target_peer_attach(&p, NULL, "3", "t3", "worker", true);
        rig_settle(&p.r);
        if (n == 0)
            assert_int_equal(live, 2);
        cdp_unfollow(p.r.a);
        assert_int_equal(live, 0);
    }
    size_t asked = p.r.heap.requests;
    p.r.heap.fail_at = 0;
    target_peer_close(&p);
    assert_int_equal(live, 0);
    return asked;
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int kind = PEER_NODE; kind <= PEER_CHROMIUM; kind++) {
        size_t asked = scenario((target_peer_kind)kind, 0, false);
        assert_true(asked > 50);
        for (size_t n = 1; n <= asked; n++) {
            scenario((target_peer_kind)kind, n, false);
            scenario((target_peer_kind)kind, n, true);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_ends_early),
        cmocka_unit_test(test_ended_by_callbacks),
        cmocka_unit_test(test_unfollowed_amid_close),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
