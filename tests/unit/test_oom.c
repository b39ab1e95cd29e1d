/*
 * test_oom.c - every allocation of many scenarios fails, once or from then on.
 *
 * Whatever fails: no crash, no leak, every callback exactly once, and the session goes on or says
 * that it can't.
 */
#define CDP_NO_DEPRECATED /* required is required */
#include "../support/codec_help.h"
#include "../support/rig.h"

#include "../../runtime/core/pair.h"
#include "../../runtime/core/session.h"

#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* What a scenario has, and how many callbacks it is owed. */
typedef struct scene {
    rig r;
    cdp_wire wire;
    int owed, paid;
    const char *bytes; /* of a recorded message */
    size_t len;
    const char *file;
    bool moved; /* it is received in memory that becomes the session's */
    cdp_request *kept[8];
    int n_kept;
} scene;

static void paid(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    assert_true((err == NULL) != (result == NULL));
    if (err)
        assert_true(err->message.len > 0);
    ((scene *)data)->paid++;
}

static void evaluated(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                      void *data)
{
    (void)s;
    assert_true((err == NULL) != (res == NULL));
    if (res)
        assert_non_null(res->result);
    ((scene *)data)->paid++;
}

static void on_any(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)data;
    assert_true(method.ptr[method.len] == 0 && params);
}

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    (void)s;
    (void)data;
    for (size_t i = 0; i < ev->call_frames.n; i++)
        assert_non_null(ev->call_frames.items[i].this_);
}

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    (void)data;
    assert_true(err->message.len > 0);
}

static int evaluate(cdp_request *req, const cdp_runtime_evaluate_params *params, void *self)
{
    scene *sc = self;
    cdp_runtime_remote_object o = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING,
                                    .description = params->expression,
                                    .value = cdp_json("[1,\"\\ud800\",{\"a\":1}]") };

    if (cdp_str_eq(params->expression, cdp_s("later")) && sc->n_kept < 8) {
        sc->kept[sc->n_kept++] = req;
        return 0;
    }
    return cdp_runtime_evaluate_respond(req, &(cdp_runtime_evaluate_result){ .result = &o });
}

static int serve_any(cdp_request *req, const cdp_value *params, void *self)
{
    (void)self;
    return cdp_respond_value(req, *params);
}

static const cdp_runtime_domain_impl runtime = { .evaluate = evaluate };

static bool open_scene(scene *sc)
{
    return cdp__pair(&sc->r.a, &sc->r.b, &sc->r.options, sc->wire, sc->wire == CDP_CBOR) == 0;
}

static bool open_served(scene *sc)
{
    if (!open_scene(sc))
        return false;
    cdp_runtime_serve(sc->r.b, &runtime, sc);
    cdp_serve_any(sc->r.b, serve_any, sc);
    return true;
}

static void close_scene(scene *sc)
{
    cdp_close(sc->r.a);
    while (sc->n_kept)
        cdp_respond_error(sc->kept[--sc->n_kept], 1, "late");
    cdp_close(sc->r.b);
}

static void evaluate_async(scene *sc, cdp_session *s, const char *what)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s(what) };

    sc->owed += cdp_runtime_evaluate_async(s, &p, evaluated, sc) != 0;
}

/* ---- scenarios ------------------------------------------------------------- */

static void opening(scene *sc)
{
    open_scene(sc);
}

static void calling(scene *sc)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s("plain and \xf0\x9f\x98\x80") };
    cdp_runtime_evaluate_result *res;
    cdp_value *v;

    if (!open_served(sc))
        return;
    for (int i = 0; i < 3; i++) {
        int rc = cdp_runtime_evaluate(sc->r.a, &p, &res);
        assert_true((rc == 0) == (res != NULL));
        if (rc < 0)
            assert_int_equal(cdp_last_error(sc->r.a)->status, rc);
        cdp_free(res);
    }
    cdp_call(sc->r.a, "A.b", cdp_json("{\"a\":[1,2,\"\\u0041\"]}"), &v);
    cdp_free(v);
}

static void calling_async(scene *sc)
{
    if (!open_served(sc))
        return;
    for (int i = 0; i < 20; i++) { /* past the first table */
        evaluate_async(sc, sc->r.a, i % 3 ? "now" : "later");
        sc->owed += cdp_call_async(sc->r.a, "A.b", cdp_json("{}"), paid, sc) != 0;
    }
    rig_settle(&sc->r);
    evaluate_async(sc, sc->r.a, "never answered");
}

static void pipelining(scene *sc)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s("x") };
    cdp_runtime_evaluate_cookie c[5];
    cdp_runtime_evaluate_result *res;

    if (!open_served(sc))
        return;
    for (int i = 0; i < 5; i++)
        c[i] = cdp_runtime_evaluate_send(sc->r.a, &p);
    for (int i = 4; i > 0; i--) {
        int rc = cdp_runtime_evaluate_reply(sc->r.a, c[i], &res);
        assert_true((rc == 0) == (res != NULL));
        cdp_free(res);
    }
}

static void subscribing(scene *sc)
{
    cdp_debugger_call_frame frame = { .call_frame_id = cdp_s("1") };
    cdp_debugger_location at = { .script_id = cdp_s("1") };
    cdp_runtime_remote_object this_ = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT };
    cdp_debugger_paused_event ev = { .reason = CDP_DEBUGGER_PAUSED_EVENT_REASON_OTHER,
                                     .call_frames = { &frame, 1 } },
                              *taken;

    frame.function_name = frame.url = cdp_s("");
    frame.location = &at;
    frame.this_ = &this_;
    if (!open_scene(sc))
        return;
    cdp_set_timeout(sc->r.a, 0, 1);
    cdp_debugger_on_paused(sc->r.a, on_paused, NULL);
    uint32_t any = cdp_on_any(sc->r.a, on_any, NULL);
    cdp_on(sc->r.a, "Debugger.paused", on_any, NULL);
    uint32_t id = cdp_debugger_expect_paused(sc->r.a), empty = cdp_debugger_expect_resumed(sc->r.a);
    cdp_debugger_emit_paused(sc->r.b, &ev);
    cdp_debugger_emit_resumed(sc->r.b);
    if (cdp_debugger_take_paused(sc->r.a, id, &taken) == 0)
        assert_int_equal(taken->call_frames.n, 1);
    cdp_free(taken);
    cdp_debugger_take_resumed(sc->r.a, empty);
    cdp_off(sc->r.a, any);
    cdp_emit(sc->r.b, "Other.event", cdp_json("{\"a\":\"\\ud83d\\ude00\"}"));
    rig_settle(&sc->r);
}

static void serving_later(scene *sc)
{
    if (!open_served(sc))
        return;
    evaluate_async(sc, sc->r.a, "later");
    evaluate_async(sc, sc->r.a, "later");
    rig_settle(&sc->r);
    while (sc->n_kept)
        cdp_respond_error(sc->kept[--sc->n_kept], -32000, "%s", "with a text");
    rig_settle(&sc->r);
    cdp_call(sc->r.a, "Runtime.evaluate", cdp_json("{\"expression\":7}"), NULL);
}

static void attaching(scene *sc)
{
    cdp_session *one = NULL, *two = NULL, *far = NULL;

    if (!open_served(sc))
        return;
    cdp_attach(&one, sc->r.a, cdp_s("1"));
    if (one)
        cdp_attach(&two, one, cdp_s("2"));
    cdp_attach(&far, sc->r.b, cdp_s("1"));
    if (far)
        cdp_serve_any(far, serve_any, sc);
    if (one)
        sc->owed += cdp_call_async(one, "A.b", cdp_json("{}"), paid, sc) != 0;
    if (two)
        sc->owed += cdp_call_async(two, "A.b", cdp_json("{}"), paid, sc) != 0;
    if (two)
        evaluate_async(sc, two, "x");
    rig_settle(&sc->r);
    cdp_close(one);
}

static void posted(cdp_session *s, void *data)
{
    (void)s;
    ((scene *)data)->paid++;
}

static void posting(scene *sc)
{
    if (!open_scene(sc))
        return;
    for (int i = 0; i < 3; i++)
        sc->owed += cdp_post(sc->r.a, posted, sc) == 0;
    cdp_poll(sc->r.a, 0);
    sc->owed += cdp_post(sc->r.a, posted, sc) == 0;
}

static void ending(scene *sc)
{
    if (!open_served(sc))
        return;
    evaluate_async(sc, sc->r.a, "later");
    cdp_cancel(sc->r.a, 1);
    evaluate_async(sc, sc->r.a, "later");
    cdp_set_timeout(sc->r.a, 2, 1);
    for (int i = 0; i < 4; i++)
        cdp_poll(sc->r.a, 1);
    evaluate_async(sc, sc->r.a, "later");
    cdp_close(sc->r.b);
    sc->r.b = NULL;
    cdp_poll(sc->r.a, 0);
    evaluate_async(sc, sc->r.a, "x");
}

static void breaking(scene *sc)
{
    static const char *const messages[] = {
        "{",
        "{}",
        "{\"id\":9,\"error\":{\"code\":1,\"message\":\"m\",\"data\":[1]}}",
        "{\"id\":1,\"result\":{\"result\":{\"type\":7}}}",
        "{\"id\":2,\"error\":{\"code\":1,\"message\":\"\\u0041\\ud800\",\"data\":[1]}}",
        "{\"id\":3,\"result\":{\"result\":{\"type\":\"zzz\",\"x\":{},\"description\":\"\\n\"}}}",
        "{\"result\":{\"result\":{}},\"id\":4}",
        "{\"method\":\"Debugger.paused\",\"params\":{}}",
        "{\"id\":5,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":7}}",
        "{\"id\":5,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"\\u0041\"}}",
        "{\"id\":6,\"method\":\"No.such\",\"sessionId\":\"x\"}",
    };

    if (!open_served(sc))
        return;
    cdp_set_fault(sc->r.a, on_fault, NULL);
    cdp_runtime_serve(sc->r.a, &runtime, sc);
    cdp_debugger_on_paused(sc->r.a, on_paused, NULL);
    for (int i = 0; i < 4; i++)
        evaluate_async(sc, sc->r.a, "later");
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        rig_feed(sc->r.a, messages[i]);
    rig_settle(&sc->r);
}

static void sending_much(scene *sc)
{
    char *big = malloc(100000);
    cdp_runtime_evaluate_params p = { .expression = { big, 99999 } };

    memset(big, 'x', 99999);
    big[99999] = 0;
    if (open_served(sc)) {
        cdp_runtime_evaluate(sc->r.a, &p, NULL);
        memcpy(big, "{\"a\":\"\\u0041", 12);
        memcpy(big + 99990, "\",\"b\":1}", 9);
        cdp_call(sc->r.a, "A.b", cdp_json(big), NULL);
        cdp_emit(sc->r.a, "A.b",
                 cdp_json("{\"a\":1.0000000000000000000000000000000000000000000000000"
                          "000000000000000000000000000000000000000000}"));
    }
    free(big);
}

static void receive(scene *sc)
{
    cdp__buf b = { .allocator = &sc->r.heap.allocator };

    if (!sc->moved) {
        cdp__receive(sc->r.a, sc->bytes, sc->len);
        return;
    }
    cdp__buf_put(&b, sc->bytes, sc->len);
    if (b.failed)
        cdp__lost(sc->r.a, CDP_ENOMEM, 0, NULL);
    else
        cdp__receive_moved(sc->r.a, &b);
    cdp__buf_free(&b);
}

/* A recorded message, as the reply to a call or as an event that all sorts subscribe to. */
static void receiving(scene *sc)
{
    const char *dash = strchr(sc->file, '-') + 1;
    size_t n = strcspn(dash, ".") + 1;
    cdp_str name = cdp_sn(dash, n + strcspn(dash + n, "."));
    cdp_value whole = { sc->bytes, sc->len, CDP_JSON };
    cdp_value id = cdp_value_get(whole, "id");
    static const uint64_t no_params[256];
    void *taken = NULL;

    if (!open_scene(sc))
        return;
    cdp_set_fault(sc->r.a, on_fault, NULL);
    cdp_set_timeout(sc->r.a, 0, 1);
    for (const cdp__domain *const *d = cdp__protocol; *d; d++) {
        uint32_t cookie = 0, expected = 0;
        for (unsigned i = 0; id.ptr && i < (*d)->n_commands; i++)
            if (cdp_str_eq(cdp__command_name(*d, i), name)) {
                sc->r.a->conn->next_id = (uint32_t)cdp_value_int(id, 1) - 1;
                cookie = cdp__send(sc->r.a, *d, i, no_params);
                /* Its params are not what this is about, so the call may have failed to start. */
                cdp__pending *p = cdp__pending_find(sc->r.a->conn, cookie);
                if (p)
                    p->done = false, p->status = 0;
                if (p && p->error) {
                    cdp__error_clear(p->error);
                    cdp__dealloc(sc->r.a->conn->allocator, p->error, sizeof *p->error);
                    p->error = NULL;
                }
            }
        for (unsigned i = 0; i < (*d)->n_events; i++)
            if (cdp_str_eq(cdp__event_name(*d, i), name))
                expected = cdp__expect(sc->r.a, *d, i);
        if (!cookie && !expected)
            continue;
        receive(sc);
        int rc = cookie ? cdp__reply(sc->r.a, cookie, &taken)
                        : cdp__take(sc->r.a, expected, &taken);
        assert_true((rc == 0) == (taken != NULL));
        if (sc->r.heap.failures == 0)
            assert_int_equal(rc, 0);
        cdp_free(taken);
    }
}

/* ---- the loops ------------------------------------------------------------- */

typedef void scenario(scene *sc);

static long injected, runs;

/* (What is still to be called back comes first.) */
static bool is_over(cdp_session *s)
{
    return cdp_poll(s, 0) < 0 || cdp_poll(s, 0) < 0;
}

/* Runs it with the n-th allocation failing (0: none). Returns how many were asked for. */
static size_t run(scenario *fn, const scene *like, size_t n, bool and_all_after)
{
    scene sc = *like;

    rig_heap_init(&sc.r.heap);
    sc.r.heap.fail_at = n;
    sc.r.heap.and_all_after = and_all_after;
    sc.r.options = (cdp_options){ .allocator = &sc.r.heap.allocator, .timeout_ms = 200 };
    fn(&sc);
    sc.r.heap.fail_at = 0;
    if (sc.r.a && sc.r.b) { /* memory is back */
        cdp_set_timeout(sc.r.a, 0, 10000);
        int rc = cdp_call(sc.r.a, "No.such", cdp_json("{}"), NULL);
        if (rc < 0 && rc != CDP_EREMOTE) /* then it has said that it is over */
            assert_true(is_over(sc.r.a) || is_over(sc.r.b));
    }
    size_t asked = sc.r.heap.requests;
    close_scene(&sc);
    assert_int_equal(sc.paid, sc.owed);
    assert_int_equal(sc.r.heap.blocks, 0);
    if (n)
        injected += (long)sc.r.heap.failures;
    runs++;
    return asked;
}

static void torture(scenario *fn, const scene *like)
{
    size_t asked = run(fn, like, 0, false);

    for (size_t n = 1; n <= asked; n++) {
        run(fn, like, n, false);
        run(fn, like, n, true);
    }
}

static void test_scenarios(void **state)
{
    static scenario *const scenarios[] = { opening,     calling,       calling_async, pipelining,
                                           subscribing, serving_later, attaching,     posting,
                                           ending,      breaking,      sending_much };

    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++)
            torture(scenarios[i], &(scene){ .wire = (cdp_wire)wire });
    print_message("%ld allocation failures injected in %ld runs\n", injected, runs);
    assert_true(injected > 5000);
}

static void test_corpus(void **state)
{
    static const char *const files[] = {
        "chromium-Accessibility.getFullAXTree.json",
        "chromium-CSS.getMatchedStylesForNode.json",
        "chromium-DOM.getDocument.json",
        "chromium-DOMSnapshot.captureSnapshot.json",
        "chromium-Page.captureScreenshot.json",
        "node-Debugger.paused.json",
        "node-Debugger.scriptParsed.ndjson",
        "node-HeapProfiler.stopSampling.json",
        "node-Profiler.stop.json",
        "node-Profiler.takePreciseCoverage.json",
        "node-Runtime.consoleAPICalled.ndjson",
        "node-Runtime.evaluate.10k.json",
        "node-Runtime.evaluate.exception.json",
        "node-Runtime.evaluate.traps.ndjson",
        "node-Runtime.evaluate.u16.json",
        "node-Runtime.getProperties.foo.json",
    };
    long before = injected;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        size_t n;
        snprintf(path, sizeof path, "tests/corpus/%s", files[i]);
        char *text = help_file(path, &n);
        scene sc = { .bytes = text, .len = strcspn(text, "\n"), .file = files[i] };
        torture(receiving, &sc);
        sc.moved = true;
        torture(receiving, &sc);
        free(text);
    }
    print_message("%ld allocation failures injected while receiving\n", injected - before);
    assert_true(injected - before > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenarios),
        cmocka_unit_test(test_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
