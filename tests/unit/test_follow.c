/*
 * test_follow.c - targets are found once each, whatever way their peer has of telling.
 */
#include "follow_test.h"

static const cdp_value nothing;

/* ---- what peers have ----------------------------------------------------------------- */

static void two_workers(target_peer *p, const char *session, bool wait)
{
    assert_null(session);
    assert_true(wait);
    target_peer_attach(p, NULL, "1", "w1", "worker", false);
    target_peer_attach(p, NULL, "2", "w2", "worker", false);
}

static void test_node(void **state)
{
    target_peer p;
    told t = { .call = true };

    (void)state;
    target_peer_open(&p, PEER_NODE, CDP_JSON);
    p.on_ask = two_workers;
    told_follow(&p, &t);
    assert_string_equal(told_text(&t), "+1 worker +2 worker ");
    assert_int_equal(t.followed, 1);
    assert_int_equal(t.status, 0);
    assert_string_equal(target_peer_asked(&p), "NodeWorker.enable; 1 A.first; 2 A.first; ");
    target_peer_attach(&p, NULL, "3", "w3", "worker", true);
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "+3 worker? ");
    assert_string_equal(target_peer_asked(&p), "3 A.first; 3 Runtime.runIfWaitingForDebugger; ");
    assert_int_equal(cdp_call(t.last, "Who.areYou", nothing, NULL), 0);
    target_peer_detach(&p, NULL, "2");
    target_peer_detach(&p, NULL, "7");
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "-2 ");
    target_peer_asked(&p);
    cdp_unfollow(p.r.a);
    cdp_unfollow(p.r.a);
    assert_string_equal(told_text(&t), "-3 -1 ");
    rig_settle(&p.r);
    assert_string_equal(target_peer_asked(&p),
                        "NodeWorker.detach; NodeWorker.detach; NodeWorker.disable; ");
    target_peer_attach(&p, NULL, "4", "w4", "worker", false);
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "");
    assert_int_equal(t.followed, 1);
    target_peer_close(&p);
}

/* A page, with an iframe and a worker, and a worker in that. */
static void tree(target_peer *p, const char *session, bool wait)
{
    assert_true(wait);
    if (!session)
        target_peer_attach(p, NULL, "P", "page", "page", false);
    else if (strcmp(session, "P") == 0)
        target_peer_attach(p, "P", "F", "frame", "iframe", false);
    else if (strcmp(session, "F") == 0)
        target_peer_attach(p, "F", "W", "worker", "worker", false);
}

static void test_chromium(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        target_peer p;
        told t = { .call = true };
        target_peer_open(&p, PEER_CHROMIUM, (cdp_wire)wire);
        p.on_ask = tree;
        cdp_follow_options opt = told_options(&t);
        assert_int_equal(cdp_follow(p.r.a, &opt), 0);
        assert_int_equal(cdp_follow(p.r.a, &opt), CDP_ESTATE);
        for (int i = 0; i < 3; i++) { /* all that is there comes first */
            cdp_poll(p.r.a, 0);
            assert_int_equal(t.followed, 0);
        }
        rig_settle(&p.r);
        assert_int_equal(t.followed, 1);
        assert_string_equal(told_text(&t), "+P page +F iframe +W worker ");
        assert_string_equal(target_peer_asked(&p),
                            "NodeWorker.enable; Target.setAutoAttach; P A.first; "
                            "P Target.setAutoAttach; F A.first; F Target.setAutoAttach; "
                            "W A.first; W Target.setAutoAttach; ");
        assert_int_equal(cdp_follow(t.last, &opt), CDP_ESTATE);
        target_peer_attach(&p, "P", "V", "other", "worker", true);
        rig_settle(&p.r);
        assert_string_equal(told_text(&t), "+V worker? ");
        assert_string_equal(target_peer_asked(&p), "V A.first; V Target.setAutoAttach; "
                                                   "V Runtime.runIfWaitingForDebugger; ");
        assert_int_equal(cdp_call(t.last, "Who.areYou", nothing, NULL), 0);
        target_peer_asked(&p);
        target_peer_detach(&p, NULL, "P"); /* and with it all the rest */
        rig_settle(&p.r);
        assert_string_equal(told_text(&t), "-V -W -F -P ");
        target_peer_attach(&p, NULL, "Q", "page2", "page", false);
        rig_settle(&p.r);
        assert_string_equal(told_text(&t), "+Q page ");
        target_peer_asked(&p);
        cdp_unfollow(p.r.a);
        rig_settle(&p.r);
        assert_string_equal(told_text(&t), "-Q ");
        assert_string_equal(target_peer_asked(&p), "Target.setAutoAttach; ");
        assert_int_equal(t.followed, 1);
        target_peer_close(&p);
    }
}

static void test_plain(void **state)
{
    target_peer p;
    told t = { .text = "" };

    (void)state;
    target_peer_open(&p, PEER_PLAIN, CDP_JSON);
    told_follow(&p, &t);
    assert_int_equal(t.followed, 1);
    assert_int_equal(t.status, CDP_EREMOTE);
    assert_int_equal(t.code, CDP_METHOD_NOT_FOUND);
    cdp_unfollow(p.r.a);
    told_follow(&p, &t); /* one may try again */
    assert_int_equal(t.followed, 2);
    target_peer_close(&p);
    assert_string_equal(told_text(&t), "");
}

/* ---- what a program can ask for -------------------------------------------------------- */

static void test_hold(void **state)
{
    (void)state;
    for (int kind = PEER_NODE; kind <= PEER_CHROMIUM; kind++) {
        target_peer p;
        told t = { .hold = true };
        target_peer_open(&p, (target_peer_kind)kind, CDP_JSON);
        told_follow(&p, &t);
        target_peer_attach(&p, NULL, "1", "t1", "worker", true);
        rig_settle(&p.r);
        assert_null(strstr(target_peer_asked(&p), "runIf"));
        cdp_unfollow(p.r.a); /* nobody else would let it run */
        rig_settle(&p.r);
        assert_non_null(strstr(target_peer_asked(&p), "1 Runtime.runIfWaitingForDebugger; "));
        assert_string_equal(told_text(&t), "+1 worker? -1 ");
        target_peer_close(&p);
    }
}

static void test_types(void **state)
{
    static const char *const types[] = { "worker", "service_worker", NULL };
    target_peer p;
    told t = { .text = "" };
    cdp_follow_options opt = told_options(&t);

    (void)state;
    opt.types = types;
    target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
    p.on_ask = tree;
    assert_int_equal(cdp_follow(p.r.a, &opt), 0);
    rig_settle(&p.r);
    target_peer_attach(&p, NULL, "Q", "page2", "page", true);
    rig_settle(&p.r);
    assert_non_null(strstr(target_peer_asked(&p), "Q Runtime.runIfWaitingForDebugger; "));
    target_peer_detach(&p, NULL, "P");
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "+W worker -W ");
    target_peer_close(&p);
}

static void test_without_callbacks(void **state)
{
    target_peer p;

    (void)state;
    target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
    assert_int_equal(cdp_follow(p.r.a, &(cdp_follow_options){ .types = NULL }), 0);
    rig_settle(&p.r);
    target_peer_attach(&p, NULL, "1", "t1", "page", true);
    rig_settle(&p.r);
    assert_non_null(strstr(target_peer_asked(&p), "1 Runtime.runIf"));
    target_peer_detach(&p, NULL, "1");
    rig_settle(&p.r);
    target_peer_close(&p);
}

/* ---- races ------------------------------------------------------------------------------ */

static void short_lived(target_peer *p, const char *session, bool wait)
{
    (void)wait;
    if (session)
        return;
    target_peer_attach(p, NULL, "1", "t1", "worker", true);
    target_peer_detach(p, NULL, "1");
    target_peer_attach(p, NULL, "2", "t1", "worker", true);
    target_peer_detach(p, NULL, "2");
}

/* They are gone by the time that they are told of. */
static void test_gone_at_once(void **state)
{
    (void)state;
    for (int kind = PEER_NODE; kind <= PEER_CHROMIUM; kind++) {
        target_peer p;
        told t = { .call = true };
        target_peer_open(&p, (target_peer_kind)kind, CDP_JSON);
        p.on_ask = short_lived;
        told_follow(&p, &t);
        assert_string_equal(told_text(&t), "+1 worker? -1 +2 worker? -2 ");
        assert_int_equal(t.followed, 1);
        assert_int_equal(t.status, 0);
        target_peer_close(&p);
    }
}

/* A worker that two pages share is told of once, for as long as either has it. */
static void test_shared(void **state)
{
    target_peer p;
    told t = { .text = "" };

    (void)state;
    target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
    told_follow(&p, &t);
    target_peer_attach(&p, NULL, "P", "p", "page", false);
    target_peer_attach(&p, NULL, "Q", "q", "page", false);
    rig_settle(&p.r);
    target_peer_asked(&p);
    target_peer_attach(&p, "P", "1", "shared", "shared_worker", true);
    target_peer_attach(&p, "Q", "2", "shared", "shared_worker", true);
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "+P page +Q page +1 shared_worker? ");
    assert_string_equal(target_peer_asked(&p), "1 Target.setAutoAttach; "
                                               "1 Runtime.runIfWaitingForDebugger; "
                                               "2 Target.setAutoAttach; "
                                               "2 Runtime.runIfWaitingForDebugger; ");
    target_peer_detach(&p, NULL, "P");
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "-1 +2 shared_worker -P ");
    target_peer_detach(&p, "Q", "2");
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "-2 ");
    target_peer_close(&p);
}

/* What the program attaches to itself stays its own. */
static void test_attached_by_the_program(void **state)
{
    target_peer p;
    told t = { .text = "" };
    cdp_session *s;

    (void)state;
    target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
    told_follow(&p, &t);
    target_peer_attach(&p, NULL, "1", "t", "page", false);
    target_peer_attach(&p, NULL, "2", "t", "page", false);
    rig_settle(&p.r);
    assert_string_equal(told_text(&t), "+1 page ");
    assert_int_equal(cdp_attach(&s, p.r.a, cdp_s("2")), 0);
    assert_int_equal(cdp_call(s, "Who.areYou", nothing, NULL), 0);
    cdp_unfollow(p.r.a);
    assert_int_equal(cdp_call(s, "Who.areYou", nothing, NULL), 0);
    target_peer_close(&p);
}

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    *(int *)data = err->status;
}

/* A peer that says nonsense. */
static void test_nonsense(void **state)
{
    target_peer p;
    told t = { .text = "" };
    int fault = 0;
    char session[16], parent[16] = "";

    (void)state;
    target_peer_open(&p, PEER_CHROMIUM, CDP_JSON);
    cdp_set_fault(p.r.a, on_fault, &fault);
    told_follow(&p, &t);
    rig_feed(p.r.a, "{\"method\":\"Target.attachedToTarget\",\"params\":{}}");
    assert_int_equal(fault, CDP_EINVAL);
    target_peer_attach(&p, NULL, "same", "t1", "page", false);
    rig_settle(&p.r);
    rig_feed(p.r.a, "{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"same\","
                    "\"targetInfo\":{\"targetId\":\"t2\",\"type\":\"page\"}}}");
    assert_int_equal(fault, CDP_ESTATE);
    for (int i = 0; i < 40; i++) { /* no end of targets below targets */
        snprintf(session, sizeof session, "s%d", i);
        target_peer_attach(&p, *parent ? parent : NULL, session, session, "page", false);
        memcpy(parent, session, sizeof parent);
    }
    rig_settle(&p.r);
    char *last = strrchr(told_text(&t), '+');
    assert_string_equal(last, "+s15 page ");
    target_peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node),
        cmocka_unit_test(test_chromium),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_without_callbacks),
        cmocka_unit_test(test_gone_at_once),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_attached_by_the_program),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
