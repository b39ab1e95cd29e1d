/*
 * test_events.c - subscriptions and expectations: who is told what, and what callbacks may do.
 */
#define CDP_NO_DEPRECATED /* the shortest event with an int has one that is */
#include "../support/rig.h"

#include "../../runtime/core/session.h"

#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define DESTROYED                                                   \
    "{\"method\":\"Runtime.executionContextDestroyed\",\"params\":" \
    "{\"executionContextId\":7,\"executionContextUniqueId\":\"u\"}}"

typedef cdp_runtime_execution_context_destroyed_event destroyed_event;

static void emit_destroyed(cdp_session *s, int id)
{
    destroyed_event ev = { .execution_context_id = id, .execution_context_unique_id = cdp_s("u") };

    assert_int_equal(cdp_runtime_emit_execution_context_destroyed(s, &ev), 0);
}

/* Callbacks append a letter of their own to a common trail. */
typedef struct trail {
    char text[64];
    cdp_session *s, *peer;
    uint32_t id, other;
} trail;

static void step(trail *t, char c)
{
    size_t n = strlen(t->text);

    assert_true(n + 1 < sizeof t->text);
    t->text[n] = c;
}

static void on_typed(cdp_session *s, const destroyed_event *ev, void *data)
{
    (void)s;
    assert_int_equal(ev->execution_context_id, 7);
    step(data, 't');
}

static void on_named(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    assert_string_equal(method.ptr, "Runtime.executionContextDestroyed");
    assert_int_equal(cdp_value_int(cdp_value_get(*params, "executionContextId"), 0), 7);
    step(data, 'n');
}

static void on_every(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)params;
    assert_true(method.len > 0);
    step(data, 'e');
}

static void test_who_is_told(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        trail t = { .text = "" };
        rig_open(&r, (cdp_wire)wire, NULL);
        uint32_t a = cdp_runtime_on_execution_context_destroyed(r.a, on_typed, &t);
        uint32_t b = cdp_on_any(r.a, on_every, &t);
        uint32_t c = cdp_on(r.a, "Runtime.executionContextDestroyed", on_named, &t);
        uint32_t d = cdp_runtime_on_execution_context_destroyed(r.a, on_typed, &t);
        assert_true(a && b && c && d);
        emit_destroyed(r.b, 7);
        cdp_emit(r.b, "New.event", (cdp_value){ 0 });
        cdp_emit(r.b, "New.event", cdp_json("{\"a\":1}"));
        rig_settle(&r);
        assert_string_equal(t.text, "nettee"); /* those that read the message as it came first */
        cdp_off(r.a, b);
        cdp_off(r.a, c);
        cdp_off(r.a, c);
        cdp_off(r.a, 0);
        cdp_off(r.a, 12345);
        memset(t.text, 0, sizeof t.text);
        emit_destroyed(r.b, 7);
        rig_settle(&r);
        assert_string_equal(t.text, "tt");
        cdp_off(r.a, a);
        cdp_off(r.a, d);
        emit_destroyed(r.b, 7);
        rig_settle(&r);
        assert_string_equal(t.text, "tt");
        rig_close(&r);
    }
}

static void test_refused(void **state)
{
    rig r;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    assert_int_equal(cdp_on(r.a, NULL, on_named, NULL), 0);
    assert_int_equal(cdp_last_error(r.a)->status, CDP_EINVAL);
    assert_int_equal(cdp_on(r.a, "", on_named, NULL), 0);
    assert_int_equal(cdp_on(r.a, "A.b", NULL, NULL), 0);
    assert_int_equal(cdp_on_any(r.a, NULL, NULL), 0);
    assert_int_equal(cdp_emit(r.a, NULL, (cdp_value){ 0 }), CDP_EINVAL);
    assert_int_equal(cdp_emit(r.a, "", (cdp_value){ 0 }), CDP_EINVAL);
    assert_int_equal(cdp_emit(r.a, "A.b", cdp_json("[1,]")), CDP_EINVAL);
    assert_int_equal(cdp_runtime_emit_execution_context_destroyed(r.a, NULL), CDP_EINVAL);
    destroyed_event ev = { .execution_context_id = 1 };
    assert_int_equal(cdp_runtime_emit_execution_context_destroyed(r.a, &ev), CDP_EINVAL);
    assert_string_equal(cdp_last_error(r.a)->path.ptr, "params.executionContextUniqueId");
    rig_close(&r);
}

/* ---- what callbacks do ----------------------------------------------------- */

static void on_end_other(cdp_session *s, const destroyed_event *ev, void *data)
{
    trail *t = data;

    (void)ev;
    step(t, 'x');
    cdp_off(s, t->id); /* itself */
    cdp_off(s, t->other);
}

static void on_add(cdp_session *s, const destroyed_event *ev, void *data)
{
    (void)ev;
    step(data, 'a');
    cdp_runtime_on_execution_context_destroyed(s, on_typed, data);
}

static void test_on_and_off_inside(void **state)
{
    rig r;
    trail t = { .text = "" };

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    t.id = cdp_runtime_on_execution_context_destroyed(r.a, on_end_other, &t);
    t.other = cdp_runtime_on_execution_context_destroyed(r.a, on_typed, &t);
    cdp_runtime_on_execution_context_destroyed(r.a, on_add, &t);
    r.a->conn->next_sub = INT32_MAX - 1; /* ids begin anew while events are delivered */
    emit_destroyed(r.b, 7);
    rig_settle(&r);
    assert_string_equal(t.text, "xa"); /* what was added waits for the next */
    emit_destroyed(r.b, 7);
    rig_settle(&r);
    assert_string_equal(t.text, "xaat");
    emit_destroyed(r.b, 7);
    rig_settle(&r);
    assert_string_equal(t.text, "xaatatt");
    rig_close(&r);
}

static void on_close(cdp_session *s, const destroyed_event *ev, void *data)
{
    trail *t = data;

    step(t, 'c');
    cdp_close(t->s);
    t->s = NULL;
    assert_int_equal(ev->execution_context_id, 7); /* the event lives until this returns */
    assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, NULL), CDP_ECLOSED);
    assert_int_equal(cdp_call_async(s, "A.b", (cdp_value){ 0 }, NULL, NULL), 0);
    assert_int_equal(cdp_runtime_on_execution_context_destroyed(s, on_typed, t), 0);
    assert_int_equal(cdp_poll(s, 0), CDP_ECLOSED);
}

static void test_close_inside(void **state)
{
    (void)state;
    for (int untyped = 0; untyped < 2; untyped++) {
        rig r;
        trail t = { .text = "" };
        rig_open(&r, CDP_JSON, NULL);
        t.s = r.a;
        cdp_runtime_on_execution_context_destroyed(r.a, on_close, &t);
        cdp_runtime_on_execution_context_destroyed(r.a, on_typed, &t); /* never comes */
        if (untyped)
            cdp_on_any(r.a, on_every, &t);
        emit_destroyed(r.b, 7);
        emit_destroyed(r.b, 7);
        cdp_poll(r.b, 0);
        assert_string_equal(t.text, untyped ? "ec" : "c");
        r.a = NULL;
        rig_close(&r);
    }
}

static void on_nested(cdp_session *s, const destroyed_event *ev, void *data)
{
    trail *t = data;
    cdp_value *v;

    (void)ev;
    step(t, '(');
    if (strlen(t->text) < 5) {
        emit_destroyed(t->peer, 7); /* comes while we wait */
        assert_int_equal(cdp_call(s, "A.b", (cdp_value){ 0 }, &v), CDP_EREMOTE);
    }
    step(t, ')');
}

static void test_calls_inside(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        trail t = { .text = "" };
        rig_open(&r, (cdp_wire)wire, NULL);
        t.peer = r.b;
        cdp_runtime_on_execution_context_destroyed(r.a, on_nested, &t);
        emit_destroyed(r.b, 7);
        rig_settle(&r);
        assert_string_equal(t.text, "((((()))))");
        rig_close(&r);
    }
}

/* ---- expectations ---------------------------------------------------------- */

static void test_expect(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        cdp_options options = { .timeout_ms = 20 };
        destroyed_event *ev;
        rig_open(&r, (cdp_wire)wire, &options);
        uint32_t first = cdp_runtime_expect_execution_context_destroyed(r.a);
        uint32_t second = cdp_runtime_expect_execution_context_destroyed(r.a);
        uint32_t never = cdp_runtime_expect_execution_context_destroyed(r.a);
        cdp_off(r.a, never);
        emit_destroyed(r.b, 7);
        emit_destroyed(r.b, 8);
        assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, second, &ev), 0);
        assert_int_equal(ev->execution_context_id, 7); /* the first that came */
        cdp_free(ev);
        assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, first, NULL), 0);
        assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, first, &ev), CDP_EINVAL);
        assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, never, &ev), CDP_EINVAL);
        uint32_t late = cdp_runtime_expect_execution_context_destroyed(r.a);
        assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, late, &ev),
                         CDP_ETIMEDOUT);
        assert_null(ev);

        uint32_t empty = cdp_debugger_expect_resumed(r.a); /* an event without members */
        cdp_debugger_emit_resumed(r.b);
        assert_int_equal(cdp_debugger_take_resumed(r.a, empty), 0);

        cdp_runtime_expect_execution_context_destroyed(r.a); /* nobody takes it */
        emit_destroyed(r.b, 9);
        rig_settle(&r);
        rig_close(&r);
    }
}

static void on_off_and_close_peer(cdp_session *s, cdp_str method, const cdp_value *params,
                                  void *data)
{
    trail *t = data;

    (void)method;
    (void)params;
    cdp_off(s, t->id);
    if (t->peer)
        cdp_close(t->peer);
    t->peer = NULL;
}

static void test_expectation_ended_while_awaited(void **state)
{
    (void)state;
    for (int close = 0; close < 2; close++) {
        rig r;
        trail t = { .text = "" };
        rig_open(&r, CDP_JSON, NULL);
        t.id = cdp_runtime_expect_execution_context_destroyed(r.a);
        t.peer = close ? r.b : NULL;
        cdp_on(r.a, "A.b", on_off_and_close_peer, &t);
        cdp_emit(r.b, "A.b", (cdp_value){ 0 });
        destroyed_event *ev;
        assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, t.id, &ev),
                         CDP_ECANCELED);
        if (close)
            r.b = NULL;
        rig_close(&r);
    }
}

static void on_close_mine(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)method;
    (void)params;
    (void)data;
    cdp_close(s);
}

static void test_closed_while_awaited(void **state)
{
    rig r;
    destroyed_event *ev;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    uint32_t id = cdp_runtime_expect_execution_context_destroyed(r.a);
    cdp_on(r.a, "A.b", on_close_mine, NULL);
    cdp_emit(r.b, "A.b", (cdp_value){ 0 });
    assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, id, &ev), CDP_ECLOSED);
    r.a = NULL;
    rig_close(&r);
}

/* ---- what does not fit ------------------------------------------------------ */

typedef struct faults {
    int n, status;
    char message[160], method[64], path[64];
} faults;

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    faults *f = data;

    assert_non_null(s);
    f->n++;
    f->status = err->status;
    snprintf(f->message, sizeof f->message, "%s", err->message.ptr);
    snprintf(f->method, sizeof f->method, "%s", err->method.ptr);
    snprintf(f->path, sizeof f->path, "%s", err->path.ptr);
}

static void test_misfits(void **state)
{
    static const char start[] = "{\"method\":\"Runtime.executionContextDestroyed\",\"params\":";
    static const struct {
        const char *params, *path;
        bool strict;
    } bad[] = {
        { "{\"executionContextId\":\"7\"}}", "params.executionContextId", true },
        { "[]}", "params", false },
        { "{\"executionContextId\":7}}", "params.executionContextUniqueId", true },
        { "{\"executionContextId\":7.5,\"executionContextUniqueId\":\"\"}}",
          "params.executionContextId", true },
        { "{\"executionContextId\":7,\"executionContextUniqueId\":null}}",
          "params.executionContextUniqueId", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int also_untyped = 0; also_untyped < 2; also_untyped++) {
            rig r;
            trail t = { .text = "" };
            faults f = { 0 };
            char json[256];
            cdp_options options = { .strict = bad[i].strict };
            rig_open(&r, CDP_JSON, &options);
            cdp_set_fault(r.a, on_fault, &f);
            cdp_runtime_on_execution_context_destroyed(r.a, on_typed, &t);
            if (also_untyped)
                cdp_on_any(r.a, on_every, &t);
            snprintf(json, sizeof json, "%s%s", start, bad[i].params);
            rig_feed(r.a, json);
            assert_string_equal(t.text, also_untyped ? "e" : "");
            assert_int_equal(f.n, 1);
            assert_int_equal(f.status, CDP_EDECODE);
            assert_string_equal(f.method, "Runtime.executionContextDestroyed");
            assert_string_equal(f.path, bad[i].path);
            rig_feed(r.a, DESTROYED); /* the session goes on */
            assert_int_equal(t.text[strlen(t.text) - 1], 't');
            assert_int_equal(f.n, 1);
            rig_close(&r);
        }
}

/* What is of another type reads as missing, can be asked for, and goes on as it came. */
static void on_other(cdp_session *s, const destroyed_event *ev, void *data)
{
    trail *t = data;

    (void)s;
    assert_int_equal(ev->execution_context_id, 0);
    assert_string_equal(cdp_unknown(ev, &ev->execution_context_id).ptr, "\"7\"");
    assert_string_equal(ev->execution_context_unique_id.ptr, "");
    assert_string_equal(cdp_unknown(ev, &ev->execution_context_unique_id).ptr, "[null,{}]");
    assert_int_equal(cdp_runtime_emit_execution_context_destroyed(t->peer, ev), 0);
    step(t, 'o');
}

static void on_other_untyped(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)method;
    assert_true(cdp_value_equal(*params, cdp_json("{\"executionContextUniqueId\":[null,{}],"
                                                  "\"executionContextId\":\"7\"}")));
    step(data, 'u');
}

static void test_other_types(void **state)
{
    static const char json[] = "{\"method\":\"Runtime.executionContextDestroyed\",\"params\":"
                               "{\"executionContextId\":\"7\",\"executionContextUniqueId\":"
                               "[null,{}]}}";

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        trail t = { .text = "" };
        rig_open(&r, (cdp_wire)wire, NULL);
        t.peer = r.a;
        cdp_runtime_on_execution_context_destroyed(r.a, on_other, &t);
        cdp_on(r.b, "Runtime.executionContextDestroyed", on_other_untyped, &t);
        rig_feed(r.a, json);
        rig_settle(&r);
        assert_string_equal(t.text, "ou");
        rig_close(&r);
    }
}

/* ---- keeping ----------------------------------------------------------------- */

static void on_keep(cdp_session *s, const destroyed_event *ev, void *data)
{
    (void)s;
    *(destroyed_event **)data = cdp_keep(ev);
}

static void *free_elsewhere(void *ev)
{
    assert_int_equal(((destroyed_event *)ev)->execution_context_id, 7);
    cdp_free(ev);
    return NULL;
}

static void test_keep(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        rig r;
        destroyed_event *ev = NULL;
        pthread_t thread;
        rig_open(&r, CDP_CBOR, NULL);
        cdp_runtime_on_execution_context_destroyed(r.a, on_keep, &ev);
        emit_destroyed(r.b, 7);
        rig_settle(&r);
        assert_non_null(ev);
        if (early) {
            cdp_close(r.a);
            cdp_close(r.b);
            r.a = r.b = NULL;
        }
        pthread_create(&thread, NULL, free_elsewhere, ev);
        for (int i = 0; i < 200 && !early; i++) { /* the pool is in use on both threads */
            destroyed_event *mine = NULL;
            cdp_off(r.a, 1);
            uint32_t id = cdp_runtime_expect_execution_context_destroyed(r.a);
            emit_destroyed(r.b, i);
            assert_int_equal(cdp_runtime_take_execution_context_destroyed(r.a, id, &mine), 0);
            assert_int_equal(mine->execution_context_id, i);
            cdp_free(mine);
        }
        pthread_join(thread, NULL);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_told),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_on_and_off_inside),
        cmocka_unit_test(test_close_inside),
        cmocka_unit_test(test_calls_inside),
        cmocka_unit_test(test_expect),
        cmocka_unit_test(test_expectation_ended_while_awaited),
        cmocka_unit_test(test_closed_while_awaited),
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
