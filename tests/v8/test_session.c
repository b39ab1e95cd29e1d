/* test_session.c - in-process sessions: their life, their calls, their errors. */
#include "v8_test.h"

#include <pthread.h>

static void calls_answer(void **state)
{
    fixture *f = *state;

    assert_string_equal(eval(f->s, "2 + 2"), "4");
    assert_string_equal(eval(f->s, "({a: [1, 'x', null, true, -0.5]})"),
                        "{\"a\":[1,\"x\",null,true,-0.5]}");
    assert_string_equal(eval(f->s, "undefined"), "undefined");
    assert_string_equal(eval(f->s, "null"), "null");
    cdp_runtime_evaluate_result *res = evaluate(f->s, "-0", false);
    assert_text(res->result->unserializable_value, "-0");
    cdp_free(res);
}

static void untyped_calls_answer(void **state)
{
    fixture *f = *state;
    cdp_value *res = NULL;

    assert_int_equal(cdp_call(f->s, "Runtime.evaluate",
                              cdp_json("{\"expression\":\"6*7\",\"returnByValue\":true}"), &res),
                     0);
    assert_int_equal(cdp_value_int(cdp_value_path(*res, "result.value"), 0), 42);
    cdp_free(res);
}

static void close_and_connect_again(void **state)
{
    fixture *f = *state;

    run(f, "var kept = 7");
    assert_int_equal(cdp_runtime_enable(f->s), 0);
    for (int i = 0; i < 100; i++) {
        cdp_close(f->s);
        f->s = NULL;
        assert_int_equal(cdp_host_connect(&f->s, f->h, NULL), 0);
    }
    assert_string_equal(eval(f->s, "kept"), "7");
}

static void a_second_connect_is_refused(void **state)
{
    fixture *f = *state;
    cdp_session *s = f->s;

    assert_int_equal(cdp_host_connect(&s, f->h, NULL), CDP_ESTATE);
    assert_ptr_equal(s, f->s);
    assert_text(cdp_last_error(s)->message, "the session is already connected");
    assert_string_equal(eval(s, "1"), "1");
}

static void *connect_elsewhere(void *data)
{
    fixture *f = data;
    cdp_session *s = NULL;
    intptr_t rc = cdp_host_connect(&s, f->h, NULL);

    return (void *)rc;
}

static void other_threads_are_refused(void **state)
{
    fixture *f = *state;
    pthread_t t;
    void *rc;

    pthread_create(&t, NULL, connect_elsewhere, f);
    pthread_join(t, &rc);
    assert_int_equal((intptr_t)rc, CDP_ESTATE);
}

static void an_inspector_needs_an_isolate(void **state)
{
    cdp_v8 *v = NULL;

    (void)state;
    assert_int_equal(cdp_v8_new(&v, NULL, NULL), CDP_EINVAL);
    assert_null(v);
}

static void count_contexts(cdp_session *s, const cdp_runtime_execution_context_created_event *ev,
                           void *data)
{
    (void)s;
    assert_text(ev->context->name, "main");
    assert_true(cdp_value_bool(cdp_value_get(ev->context->aux_data, "isDefault"), false));
    ++*(int *)data;
}

static void sessions_are_separate(void **state)
{
    fixture *f = *state;
    cdp_session *s[8] = { NULL };
    int seen[8] = { 0 };

    for (size_t i = 0; i < COUNT(s); i++) {
        assert_int_equal(cdp_host_connect(&s[i], f->h, NULL), 0);
        cdp_runtime_on_execution_context_created(s[i], count_contexts, &seen[i]);
    }
    assert_int_equal(cdp_runtime_enable(s[3]), 0);
    for (size_t i = 0; i < COUNT(s); i++)
        assert_int_equal(seen[i], i == 3);
    assert_string_equal(eval(s[0], "var shared = 1; shared"), "1");
    assert_string_equal(eval(s[7], "shared"), "1");
    for (size_t i = 0; i < COUNT(s); i += 2)
        cdp_close(s[i]); /* the rest is left to the host */
}

/* ---- errors ------------------------------------------------------------ */

static void unknown_methods(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_call(f->s, "Foo.bar", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
    const cdp_error *e = cdp_last_error(f->s);
    assert_int_equal(e->remote_code, CDP_METHOD_NOT_FOUND);
    assert_has(e->message.ptr, "'Foo.bar' wasn't found");
    assert_text(e->method, "Foo.bar");
    assert_false(cdp_v8_can_dispatch("Foo.bar"));
    assert_true(cdp_v8_can_dispatch("Runtime.evaluate"));
    assert_string_equal(eval(f->s, "1"), "1");
}

static void missing_params(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_call(f->s, "Runtime.evaluate", cdp_json("{}"), NULL), CDP_EREMOTE);
    const cdp_error *e = cdp_last_error(f->s);
    cdp_str *data = NULL;
    assert_int_equal(e->remote_code, CDP_INVALID_PARAMS);
    assert_int_equal(cdp_value_text(e->data, &data), 0);
    assert_has(data->ptr, "params.expression");
    assert_has(data->ptr, "mandatory field missing");
    cdp_free(data);
}

static void domain_errors(void **state)
{
    fixture *f = *state;
    cdp_profiler_stop_result *res = NULL;

    assert_int_equal(cdp_profiler_stop(f->s, &res), CDP_EREMOTE);
    assert_null(res);
    assert_int_equal(cdp_last_error(f->s)->remote_code, CDP_SERVER_ERROR);
    assert_has(cdp_last_error(f->s)->message.ptr, "No recording profiles found");
}

static char *nested(int depth, const char *prefix, const char *suffix)
{
    size_t n = strlen(prefix), m = strlen(suffix), d = (size_t)depth;
    char *text = malloc(n + 2 * d + m + 1);

    memcpy(text, prefix, n);
    memset(text + n, '[', d);
    memset(text + n + d, ']', d);
    memcpy(text + n + 2 * d, suffix, m + 1);
    return text;
}

static void deep_params_are_an_error_or_arrive(void **state)
{
    fixture *f = *state;
    static const int depths[] = { 10, 200, 290, 299, 300, 301, 500, 5000 };

    for (size_t i = 0; i < COUNT(depths); i++) {
        char *text = nested(depths[i], "{\"expression\":\"1\",\"zzz\":", "}");
        int rc = cdp_call(f->s, "Runtime.evaluate", cdp_json(text), NULL);
        if (depths[i] < 290)
            assert_int_equal(rc, 0);
        if (depths[i] > 300) {
            assert_true(rc < 0);
            assert_true(cdp_last_error(f->s)->message.len > 0);
        }
        free(text);
        assert_string_equal(eval(f->s, "1"), "1");
    }
}

static int depth_of(cdp_value v)
{
    int n = 0;

    while (cdp_value_typeof(v) == CDP_VALUE_ARRAY) {
        v = cdp_value_at(v, 0);
        n++;
    }
    return n;
}

/* V8's JSON writer gives up on these; as CBOR they arrive. */
static void deep_results_arrive(void **state)
{
    fixture *f = *state;
    static const int depths[] = { 100, 297, 298, 299, 300, 500, 900 };

    run(f, "function nest(n) { let a = []; while (--n > 0) a = [a]; return a }");
    for (size_t i = 0; i < COUNT(depths); i++) {
        char text[64];
        snprintf(text, sizeof text, "nest(%d)", depths[i]);
        cdp_runtime_evaluate_result *res = evaluate(f->s, text, false);
        assert_int_equal(depth_of(res->result->value), depths[i]);
        cdp_free(res);
    }
    cdp_runtime_evaluate_params p = { .expression = cdp_s("nest(1001)"),
                                      .return_by_value = CDP_SOME(true) };
    assert_int_equal(cdp_runtime_evaluate(f->s, &p, NULL), CDP_EREMOTE);
    assert_has(cdp_last_error(f->s)->message.ptr, "Object reference chain is too long");
}

/* ---- text -------------------------------------------------------------- */

static void text_survives(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *expression, *text;
        size_t len;
    } rows[] = {
        { "'ascii'", "ascii", 5 },
        { "'\\u00e9'", "\xc3\xa9", 2 },
        { "'a\\u0000b'", "a\0b", 3 },
        { "'\\ud83d\\ude00'", "\xf0\x9f\x98\x80", 4 },
        { "'x\\ud800y'", "x\xed\xa0\x80y", 5 },
        { "'\\udc00'", "\xed\xb0\x80", 3 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        cdp_runtime_evaluate_result *res = evaluate(f->s, rows[i].expression, false);
        cdp_str s = cdp_value_str(res, res->result->value);
        assert_int_equal(s.len, rows[i].len);
        assert_memory_equal(s.ptr, rows[i].text, s.len);
        cdp_free(res);
    }
}

static void text_survives_the_other_way(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *json, *codes; /* an argument, and its UTF-16 units */
    } rows[] = {
        { "\"a\\u0000b\"", "[97,0,98]" },
        { "\"\\ud800\"", "[55296]" },
        { "\"\xc3\xa9\"", "[233]" },
        { "\"\xf0\x9f\x98\x80\"", "[55357,56832]" },
    };
    cdp_runtime_evaluate_result *global = NULL;
    cdp_runtime_evaluate_params g = { .expression = cdp_s("globalThis") };

    assert_int_equal(cdp_runtime_evaluate(f->s, &g, &global), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        cdp_runtime_call_argument arg = { .value = cdp_json(rows[i].json) };
        cdp_runtime_call_function_on_params p = {
            .function_declaration = cdp_s(
                "function (s) { return [...Array(s.length).keys()].map(i => s.charCodeAt(i)) }"),
            .object_id = global->result->object_id,
            .arguments = { &arg, 1 },
            .return_by_value = CDP_SOME(true)
        };
        cdp_runtime_call_function_on_result *res = NULL;
        cdp_str *text = NULL;
        assert_int_equal(cdp_runtime_call_function_on(f->s, &p, &res), 0);
        assert_int_equal(cdp_value_text(res->result->value, &text), 0);
        assert_string_equal(text->ptr, rows[i].codes);
        cdp_free(text);
        cdp_free(res);
    }
    cdp_free(global);
}

/* The expression itself with what is not ASCII. */
static void source_survives(void **state)
{
    fixture *f = *state;

    assert_string_equal(eval(f->s, "'h\xc3\xa4\xf0\x9f\x98\x80'.length"), "4");
    cdp_runtime_evaluate_params p = { .expression = cdp_sn("'\0'.length", 10),
                                      .return_by_value = CDP_SOME(true) };
    cdp_runtime_evaluate_result *res = NULL;
    assert_int_equal(cdp_runtime_evaluate(f->s, &p, &res), 0);
    assert_int_equal(cdp_value_int(res->result->value, 0), 1);
    cdp_free(res);
    p.expression = cdp_sn("'\xff'", 3); /* not UTF-8: V8 would run an empty string */
    assert_int_equal(cdp_runtime_evaluate(f->s, &p, &res), CDP_EINVAL);
}

/* ---- inside callbacks -------------------------------------------------- */

static void evaluate_inside(cdp_session *s, const cdp_runtime_console_api_called_event *ev,
                            void *data)
{
    (void)ev;
    if (++*(int *)data < 5)
        assert_string_equal(eval(s, "console.log('again'); 40 + 2"), "42");
}

static void calls_nest(void **state)
{
    fixture *f = *state;
    int n = 0;

    assert_int_equal(cdp_runtime_enable(f->s), 0);
    cdp_runtime_on_console_api_called(f->s, evaluate_inside, &n);
    run(f, "console.log('first')");
    assert_int_equal(n, 5);
    assert_string_equal(eval(f->s, "console.log('more'); 1"), "1");
}

static void close_inside(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    fixture *f = data;

    assert_text(cdp_last_error(s)->message, "success");
    cdp_close(s);
    f->s = NULL;
    assert_int_equal(ev->args.n, 1); /* what was handed over outlives the session */
}

static void closes_amid_a_script(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_runtime_enable(f->s), 0);
    cdp_runtime_on_console_api_called(f->s, close_inside, f);
    run(f, "console.log(1); console.log(2); var done = true");
    assert_null(f->s);
    assert_int_equal(cdp_host_connect(&f->s, f->h, NULL), 0);
    assert_string_equal(eval(f->s, "done"), "true");
}

static void closes_amid_its_own_call(void **state)
{
    fixture *f = *state;
    cdp_session *s = f->s;

    assert_int_equal(cdp_runtime_enable(s), 0);
    cdp_runtime_on_console_api_called(s, close_inside, f);
    cdp_runtime_evaluate_params p = { .expression = cdp_s("console.log(1); 7") };
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ECLOSED);
    assert_null(f->s);
}

static void close_on_context(cdp_session *s, const cdp_runtime_execution_context_created_event *ev,
                             void *data)
{
    (void)ev;
    cdp_close(s);
    ((fixture *)data)->s = NULL;
}

/* V8 crashes if its session is deleted here. */
static void closes_amid_enable(void **state)
{
    fixture *f = *state;

    for (int i = 0; i < 20; i++) {
        cdp_runtime_on_execution_context_created(f->s, close_on_context, f);
        assert_int_equal(cdp_runtime_enable(f->s), CDP_ECLOSED);
        assert_null(f->s);
        assert_int_equal(cdp_host_connect(&f->s, f->h, NULL), 0);
    }
}

static void free_inside(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)ev;
    assert_int_equal(cdp_host_free(data), CDP_ESTATE);
    assert_int_equal(cdp_v8_free(cdp_host_v8(data)), CDP_ESTATE);
}

static void nothing_is_freed_inside_a_callback(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_runtime_enable(f->s), 0);
    cdp_runtime_on_console_api_called(f->s, free_inside, f->h);
    run(f, "console.log(1)");
    assert_string_equal(eval(f->s, "console.log(2); 3"), "3");
}

static void close_another(cdp_session *s, const cdp_runtime_console_api_called_event *ev,
                          void *data)
{
    cdp_session **other = data;

    (void)s;
    (void)ev;
    cdp_close(*other);
    *other = NULL;
}

static void closes_another(void **state)
{
    fixture *f = *state;
    cdp_session *other = NULL;

    assert_int_equal(cdp_host_connect(&other, f->h, NULL), 0);
    assert_int_equal(cdp_runtime_enable(f->s), 0);
    assert_int_equal(cdp_runtime_enable(other), 0);
    cdp_runtime_on_console_api_called(f->s, close_another, &other);
    run(f, "console.log(1); console.log(2)");
    assert_null(other);
    assert_string_equal(eval(f->s, "3"), "3");
}

/* ---- many -------------------------------------------------------------- */

static void on_answer(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                      void *data)
{
    int *next = data;

    (void)s;
    assert_null(err);
    assert_int_equal(cdp_value_int(res->result->value, -1), *next);
    ++*next;
}

static void pipelined_and_async(void **state)
{
    fixture *f = *state;
    cdp_runtime_evaluate_cookie c[100];
    char text[32];
    int next = 0;

    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        cdp_runtime_evaluate_params p = { .expression = cdp_s(text) };
        c[i] = cdp_runtime_evaluate_send(f->s, &p);
        assert_int_not_equal(cdp_runtime_evaluate_async(f->s, &p, on_answer, &next), 0);
        assert_int_equal(next, 0); /* never before it returns */
    }
    for (int i = 99; i >= 0; i--) {
        cdp_runtime_evaluate_result *res = NULL;
        assert_int_equal(cdp_runtime_evaluate_reply(f->s, c[i], &res), 0);
        assert_int_equal(cdp_value_int(res->result->value, -1), i);
        cdp_free(res);
    }
    assert_int_equal(cdp_poll(f->s, 0), 0);
    assert_int_equal(next, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(calls_answer),
        V8_TEST(untyped_calls_answer),
        V8_TEST(close_and_connect_again),
        V8_TEST(a_second_connect_is_refused),
        V8_TEST(other_threads_are_refused),
        V8_TEST(an_inspector_needs_an_isolate),
        V8_TEST(sessions_are_separate),
        V8_TEST(unknown_methods),
        V8_TEST(missing_params),
        V8_TEST(domain_errors),
        V8_TEST(deep_params_are_an_error_or_arrive),
        V8_TEST(deep_results_arrive),
        V8_TEST(text_survives),
        V8_TEST(text_survives_the_other_way),
        V8_TEST(source_survives),
        V8_TEST(calls_nest),
        V8_TEST(closes_amid_a_script),
        V8_TEST(closes_amid_its_own_call),
        V8_TEST(closes_amid_enable),
        V8_TEST(nothing_is_freed_inside_a_callback),
        V8_TEST(closes_another),
        V8_TEST(pipelined_and_async),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
