/*
 * test_calls.c - calls: four ways to make them, and every way they end, each exactly once.
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

/* ---- a peer that answers by what it is asked ------------------------------ */

/* "later" keeps the request, "error" fails, anything else comes back as the description. */
static cdp_request *kept[16];
static unsigned n_kept;

static int evaluate(cdp_request *req, const cdp_runtime_evaluate_params *params, void *self)
{
    (void)self;
    if (cdp_str_eq(params->expression, cdp_s("later"))) {
        kept[n_kept++] = req;
        return 0;
    }
    if (cdp_str_eq(params->expression, cdp_s("error")))
        return cdp_respond_error(req, -32000, "no %s", "way");
    cdp_runtime_remote_object o = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING,
                                    .description = params->expression };
    return cdp_runtime_evaluate_respond(req, &(cdp_runtime_evaluate_result){ .result = &o });
}

static const cdp_runtime_domain_impl runtime = { .evaluate = evaluate };

static void open_served(rig *r, int wire, const cdp_options *options)
{
    rig_open(r, (cdp_wire)wire, options);
    n_kept = 0;
    assert_int_equal(cdp_runtime_serve(r->b, &runtime, NULL), 0);
}

static cdp_runtime_evaluate_params asking(const char *what)
{
    return (cdp_runtime_evaluate_params){ .expression = cdp_s(what) };
}

static void answer_kept(unsigned i, const char *what)
{
    cdp_runtime_remote_object o = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING,
                                    .description = cdp_s(what) };

    assert_int_equal(
        cdp_runtime_evaluate_respond(kept[i], &(cdp_runtime_evaluate_result){ .result = &o }), 0);
}

/* What a callback saw. */
typedef struct seen {
    int times, status;
    char text[64];
    bool starting; /* the function that started it has not returned */
} seen;

static void on_evaluated(cdp_session *s, const cdp_error *err,
                         const cdp_runtime_evaluate_result *res, void *data)
{
    seen *e = data;

    assert_non_null(s);
    assert_false(e->starting);
    assert_true((err == NULL) != (res == NULL));
    e->times++;
    e->status = err ? err->status : 0;
    snprintf(e->text, sizeof e->text, "%s", err ? err->message.ptr : res->result->description.ptr);
}

static uint32_t start(cdp_session *s, const char *what, seen *e)
{
    cdp_runtime_evaluate_params p = asking(what);

    *e = (seen){ .starting = true };
    uint32_t id = cdp_runtime_evaluate_async(s, &p, on_evaluated, e);
    e->starting = false;
    return id;
}

static void assert_ended(const seen *e, int status)
{
    assert_int_equal(e->times, 1);
    assert_int_equal(e->status, status);
}

/* ---- the four verbs ------------------------------------------------------- */

static void test_verbs(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        open_served(&r, wire, NULL);
        cdp_runtime_evaluate_params p = asking("x\xed\xa0\x80\xf0\x9f\x98\x80");
        cdp_runtime_evaluate_result *res;
        assert_int_equal(cdp_runtime_evaluate(r.a, &p, &res), 0);
        assert_true(cdp_str_eq(res->result->description, p.expression));
        cdp_free(res);
        assert_int_equal(cdp_runtime_evaluate(r.a, &p, NULL), 0);

        seen e;
        assert_int_not_equal(start(r.a, "async", &e), 0);
        assert_int_equal(e.times, 0);
        rig_settle(&r);
        assert_ended(&e, 0);
        assert_string_equal(e.text, "async");

        cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(r.a, &p);
        assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, &res), 0);
        assert_true(cdp_str_eq(res->result->description, p.expression));
        assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, NULL), CDP_EINVAL); /* only once */

        cdp_close(r.a);
        cdp_close(r.b);
        r.a = r.b = NULL; /* the result outlives its session */
        assert_int_equal(res->result->type, CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING);
        cdp_free(res);
        rig_close(&r);
    }
}

static void test_untyped(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        cdp_value *v;
        open_served(&r, wire, NULL);
        assert_int_equal(
            cdp_call(r.a, "Runtime.evaluate", cdp_json(" {\"expression\" : \"\\u0041\"} "), &v), 0);
        assert_int_equal(v->wire, wire);
        assert_true(cdp_value_str_eq(cdp_value_path(*v, "result.description"), "A"));
        cdp_free(v);
        assert_int_equal(
            cdp_call(r.a, "Runtime.evaluate", cdp_json("{\"expression\":\"A\"}"), NULL), 0);
        assert_int_equal(cdp_call(r.a, "No.such", (cdp_value){ 0 }, &v), CDP_EREMOTE);
        assert_null(v);
        const cdp_error *e = cdp_last_error(r.a);
        assert_int_equal(e->remote_code, CDP_METHOD_NOT_FOUND);
        assert_string_equal(e->message.ptr, "'No.such' wasn't found");
        assert_string_equal(e->method.ptr, "No.such");

        /* What can't be sent is refused, and nothing is. */
        static const char *const bad[] = { "{",     "",       "{\"a\":01}",
                                           "{} {}", "\x01{}", "{\"a\":\"\xff\"}" };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            assert_int_equal(cdp_call(r.a, "A.b", cdp_json(bad[i]), &v), CDP_EINVAL);
            assert_string_equal(cdp_last_error(r.a)->path.ptr, "params");
        }
        assert_int_equal(cdp_call(r.a, NULL, (cdp_value){ 0 }, &v), CDP_EINVAL);
        assert_int_equal(cdp_call(r.a, "", (cdp_value){ 0 }, &v), CDP_EINVAL);
        assert_int_equal(cdp_call_async(r.a, NULL, (cdp_value){ 0 }, NULL, NULL), 0);
        rig_close(&r);
    }
}

/* ---- pipelining ----------------------------------------------------------- */

static void test_out_of_order(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        cdp_runtime_evaluate_cookie c[3];
        cdp_runtime_evaluate_params later = asking("later"), now = asking("now");
        cdp_runtime_evaluate_result *res;
        seen e;
        open_served(&r, wire, NULL);
        c[0] = cdp_runtime_evaluate_send(r.a, &later);
        c[1] = cdp_runtime_evaluate_send(r.a, &now);
        c[2] = cdp_runtime_evaluate_send(r.a, &later);
        start(r.a, "later", &e);
        assert_int_equal(cdp_runtime_evaluate_reply(r.a, c[1], &res), 0);
        cdp_free(res);
        assert_int_equal(n_kept, 3);
        answer_kept(2, "third");
        answer_kept(1, "second");
        answer_kept(0, "first");
        assert_int_equal(cdp_runtime_evaluate_reply(r.a, c[2], &res), 0);
        assert_string_equal(res->result->description.ptr, "second");
        cdp_free(res);
        assert_int_equal(cdp_runtime_evaluate_reply(r.a, c[0], &res), 0);
        assert_string_equal(res->result->description.ptr, "first");
        cdp_free(res);
        assert_ended(&e, 0);
        assert_string_equal(e.text, "third");
        rig_close(&r);
    }
}

static void test_many(void **state)
{
    enum { MANY = 2000 };
    static seen e[MANY];
    rig r;

    (void)state;
    open_served(&r, CDP_JSON, NULL);
    for (int i = 0; i < MANY; i++)
        start(r.a, "x", &e[i]);
    rig_settle(&r);
    for (int i = 0; i < MANY; i++)
        assert_ended(&e[i], 0);
    rig_close(&r);
}

static void test_ids_wrap(void **state)
{
    rig r;
    seen early, e[4];

    (void)state;
    open_served(&r, CDP_CBOR, NULL);
    uint32_t one = start(r.a, "later", &early);
    assert_int_equal(one, 1);
    /* As after two thousand million calls. */
    r.a->conn->next_id = INT32_MAX - 2;
    for (int i = 0; i < 4; i++) {
        uint32_t id = start(r.a, "x", &e[i]);
        static const uint32_t want[] = { INT32_MAX - 1, INT32_MAX, 2, 3 }; /* 1 is in flight */
        assert_int_equal(id, want[i]);
    }
    rig_settle(&r);
    for (int i = 0; i < 4; i++)
        assert_ended(&e[i], 0);
    answer_kept(0, "first");
    rig_settle(&r);
    assert_ended(&early, 0);
    rig_close(&r);
}

/* ---- every ending --------------------------------------------------------- */

static void test_endings(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        seen reply, error, decode, timeout, cancel, close, stray;
        open_served(&r, wire, &(cdp_options){ .strict = true });
        start(r.a, "x", &reply);
        start(r.a, "error", &error);
        rig_settle(&r);
        assert_ended(&reply, 0);
        assert_ended(&error, CDP_EREMOTE);
        assert_string_equal(error.text, "no way");

        uint32_t id = start(r.a, "later", &decode);
        char json[128];
        snprintf(json, sizeof json, "{\"id\":%u,\"result\":{\"result\":{\"type\":7}}}",
                 (unsigned)id);
        rig_feed(r.a, json);
        assert_ended(&decode, CDP_EDECODE);
        assert_non_null(strstr(decode.text, "result.result.type"));

        id = start(r.a, "later", &timeout);
        assert_int_equal(cdp_set_timeout(r.a, id, 1), 0);
        for (int i = 0; i < 100 && !timeout.times; i++)
            cdp_poll(r.a, 10);
        assert_ended(&timeout, CDP_ETIMEDOUT);

        id = start(r.a, "later", &cancel);
        assert_int_equal(cdp_cancel(r.a, id), 0);
        assert_ended(&cancel, CDP_ECANCELED);
        assert_int_equal(cdp_cancel(r.a, id), CDP_EINVAL);
        assert_int_equal(cdp_set_timeout(r.a, id, 5), CDP_EINVAL);

        start(r.a, "later", &cancel);
        start(r.a, "later", &stray);
        assert_int_equal(cdp_cancel(r.a, 0), 0);
        assert_ended(&cancel, CDP_ECANCELED);
        assert_ended(&stray, CDP_ECANCELED);
        assert_int_equal(cdp_cancel(r.a, 0), 0);

        id = start(r.a, "later", &stray);
        snprintf(json, sizeof json, "{\"id\":%u}", (unsigned)id);
        rig_feed(r.a, json);
        assert_ended(&stray, CDP_EPROTO);

        start(r.a, "later", &close);
        rig_settle(&r);
        cdp_close(r.a);
        r.a = NULL;
        assert_ended(&close, CDP_ECLOSED);
        while (n_kept) /* answers to nobody */
            cdp_respond_error(kept[--n_kept], -1, "late");
        rig_close(&r);
        assert_ended(&cancel, CDP_ECANCELED);
    }
}

static void test_peer_gone(void **state)
{
    rig r;
    seen waiting, after;
    cdp_runtime_evaluate_params p = asking("later");
    cdp_runtime_evaluate_result *res;

    (void)state;
    open_served(&r, CDP_JSON, NULL);
    start(r.a, "later", &waiting);
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(r.a, &p);
    rig_settle(&r);
    cdp_close(r.b);
    r.b = NULL;
    while (n_kept)
        assert_int_equal(cdp_respond(kept[--n_kept]), CDP_ECLOSED);
    start(r.a, "x", &after); /* the send fails */
    assert_int_equal(after.times, 0);
    assert_int_equal(cdp_poll(r.a, 0), 0); /* delivers */
    assert_ended(&after, CDP_ECLOSED);
    cdp_poll(r.a, 0);
    assert_ended(&waiting, CDP_ECLOSED);
    assert_string_equal(waiting.text, "Runtime.evaluate: the peer closed its session");
    assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, &res), CDP_ECLOSED);
    assert_null(res);
    assert_int_equal(cdp_runtime_evaluate(r.a, &p, &res), CDP_ECLOSED);
    assert_int_equal(cdp_poll(r.a, 0), CDP_ECLOSED);
    assert_int_equal(cdp_run(r.a), CDP_ECLOSED);
    assert_int_equal(cdp_on(r.a, "A.b", NULL, NULL), 0);
    assert_int_equal(cdp_debugger_expect_paused(r.a), 0);
    assert_int_equal(cdp_last_error(r.a)->status, CDP_ECLOSED); /* and not for want of memory */
    rig_close(&r);
}

/* A callback that tries again for ever does not keep anything from returning. */
static void on_failed_retry(cdp_session *s, const cdp_error *err, const cdp_value *result,
                            void *data)
{
    int *n = data;

    (void)result;
    assert_non_null(err);
    if (++*n < 100000)
        cdp_call_async(s, "A.b", (cdp_value){ 0 }, on_failed_retry, data);
}

static void test_retrying_for_ever(void **state)
{
    rig r;
    int n = 0;

    (void)state;
    open_served(&r, CDP_JSON, NULL);
    cdp_close(r.b);
    r.b = NULL;
    cdp_call_async(r.a, "A.b", (cdp_value){ 0 }, on_failed_retry, &n);
    for (int i = 0; i < 5; i++)
        cdp_poll(r.a, 0);
    assert_true(n > 0 && n < 100);
    cdp_close(r.a);
    r.a = NULL;
    assert_true(n < 100);
    rig_close(&r);
}

/* ---- limits --------------------------------------------------------------- */

static void test_timeouts(void **state)
{
    rig r;
    cdp_runtime_evaluate_params p = asking("later");
    cdp_options options = { .timeout_ms = 20 };
    cdp_runtime_evaluate_result *res;

    (void)state;
    open_served(&r, CDP_JSON, &options);
    assert_int_equal(cdp_runtime_evaluate(r.a, &p, &res), CDP_ETIMEDOUT);
    assert_string_equal(cdp_last_error(r.a)->method.ptr, "Runtime.evaluate");
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(r.a, &p);
    assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, &res), CDP_ETIMEDOUT);

    /* A call without a deadline outlives the session's default. */
    c = cdp_runtime_evaluate_send(r.a, &p);
    assert_int_equal(cdp_set_timeout(r.a, c.id, CDP_NO_TIMEOUT), 0);
    for (int i = 0; i < 5; i++)
        cdp_poll(r.a, 10);
    assert_int_equal(n_kept, 3);
    answer_kept(2, "at last");
    assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, &res), 0);
    cdp_free(res);

    cdp_set_timeout(r.a, 0, 10000);
    seen e;
    start(r.a, "later", &e);
    for (int i = 0; i < 4; i++)
        cdp_poll(r.a, 10);
    assert_int_equal(e.times, 0);
    cdp_close(r.a);
    r.a = NULL;
    assert_ended(&e, CDP_ECLOSED);
    while (n_kept)
        cdp_respond(kept[--n_kept]);
    rig_close(&r);
}

static void test_limits(void **state)
{
    rig r;
    cdp_options options = { .max_pending = 2, .max_message = 200 };
    seen e[3];
    char deep[1000], big[400];

    (void)state;
    open_served(&r, CDP_JSON, &options);
    assert_true(start(r.a, "later", &e[0]) && start(r.a, "later", &e[1]));
    assert_int_equal(start(r.a, "later", &e[2]), 0);
    assert_int_equal(cdp_last_error(r.a)->status, CDP_ETOOBIG);
    assert_int_equal(e[2].times, 0);
    cdp_cancel(r.a, 1);

    /* 300 containers, the message and params among them */
    for (int depth = 298; depth <= 299; depth++) {
        snprintf(deep, sizeof deep, "{\"a\":%0*d%0*d}", depth, 0, depth, 0);
        memset(deep + 5, '[', (size_t)depth);
        memset(deep + 5 + depth, ']', (size_t)depth);
        cdp_options roomy = { .max_message = 4096 };
        rig r2;
        cdp_value *v;
        rig_open(&r2, CDP_JSON, &roomy);
        int rc = cdp_call(r2.a, "A.b", cdp_json(deep), &v);
        assert_int_equal(rc, depth == 298 ? CDP_EREMOTE : CDP_ETOOBIG);
        if (rc == CDP_ETOOBIG)
            assert_string_equal(cdp_last_error(r2.a)->path.ptr, "params");
        rig_close(&r2);
    }

    snprintf(big, sizeof big, "{\"method\":\"A.b\",\"params\":{\"x\":\"%0*d\"}}", 300, 0);
    assert_int_equal(rig_feed(r.a, big), CDP_ETOOBIG);
    assert_ended(&e[0], CDP_ECANCELED);
    assert_ended(&e[1], CDP_ETOOBIG);
    assert_int_equal(cdp_poll(r.a, 0), CDP_ETOOBIG);
    cdp_close(r.a);
    r.a = NULL;
    while (n_kept)
        cdp_respond(kept[--n_kept]);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs),        cmocka_unit_test(test_untyped),
        cmocka_unit_test(test_out_of_order), cmocka_unit_test(test_many),
        cmocka_unit_test(test_ids_wrap),     cmocka_unit_test(test_endings),
        cmocka_unit_test(test_peer_gone),    cmocka_unit_test(test_retrying_for_ever),
        cmocka_unit_test(test_timeouts),     cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
