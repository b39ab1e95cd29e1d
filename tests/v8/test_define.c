/* test_define.c - functions and values of the program's, as scripts see them. */
#include "v8_test.h"

#include <pthread.h>

typedef struct calls {
    fixture *f;
    int n;
    char args[512]; /* of the last */
} calls;

/* Returns its arguments. */
static int echo(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    calls *c = data;
    cdp_str *text = NULL;

    (void)h;
    c->n++;
    assert_null(*result);
    assert_int_equal(args.wire, CDP_JSON);
    assert_int_equal(cdp_value_text(args, &text), 0);
    snprintf(c->args, sizeof c->args, "%s", text->ptr);
    cdp_free(text);
    return cdp_value_copy(args, CDP_JSON, result);
}

static int return_text(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    (void)h, (void)args;
    cdp_value v = cdp_json(data);

    return v.ptr ? cdp_value_copy(v, CDP_CBOR, result) : 0;
}

static void arguments_and_results(void **state)
{
    static const struct {
        const char *args, *seen; /* NULL: seen as they are */
    } rows[] = {
        { "", "[]" },
        { "1, \"a\", true, null, [1], {\"a\":{\"b\":2}}", NULL },
        { "undefined, () => 1, Symbol('x'), NaN, Infinity, -0", "[null,null,null,null,null,0]" },
        { "{ a: undefined, b: [undefined] }", "[{\"b\":[null]}]" },
        { "new Date(0), { toJSON() { return 5 } }", "[\"1970-01-01T00:00:00.000Z\",5]" },
        { "'undefined', ''", "[\"undefined\",\"\"]" },
        { "'\\ud800', '\\udc00x', '\\0', '\\ud83d\\ude00', 'é'",
          "[\"\\ud800\",\"\\udc00x\",\"\\u0000\",\"\xf0\x9f\x98\x80\",\"é\"]" },
        { "{ '__proto__': 1, ['__proto__']: 2 }", "[{\"__proto__\":2}]" },
    };
    fixture *f = *state;
    calls c = { .f = f };

    assert_int_equal(cdp_host_define(f->h, "echo", echo, &c), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char script[512], seen[512];
        snprintf(script, sizeof script, "JSON.stringify(echo(%s))", rows[i].args);
        snprintf(seen, sizeof seen, "[%s]", rows[i].args);
        cdp_value *v = NULL;
        assert_int_equal(cdp_host_run_text(f->h, "test.js", cdp_s(script), &v), 0);
        assert_true(cdp_value_str_eq(*v, rows[i].seen ? rows[i].seen : c.args));
        if (!rows[i].seen)
            assert_int_equal(strlen(c.args), strlen(seen) - 5); /* but for the blanks */
        cdp_free(v);
    }
    assert_string_equal(eval(f->s, "echo.name + echo.length"), "\"echo0\"");
    assert_has(eval(f->s, "new echo"), "not a constructor");
    assert_string_equal(eval(f->s, "Array.prototype.toJSON = () => 1; echo(5)"), "[5]");
}

static void lone_surrogates_and_length_survive(void **state)
{
    fixture *f = *state;
    calls c = { .f = f };

    assert_int_equal(cdp_host_define(f->h, "echo", echo, &c), 0);
    run(f, "for (const s of ['\\ud800', 'a\\udfffb', '\\udc00\\ud800', 'x'.repeat(5e6),"
           "                 '\\u20ac'.repeat(2e6), '\\0'.repeat(1e5)])"
           "    if (echo(s)[0] !== s) throw new Error(escape(s.slice(0, 9)))");
    assert_int_equal(c.n, 6);
}

static void results(void **state)
{
    static const struct {
        const char *json, *value; /* as JSON */
    } rows[] = {
        { NULL, "undefined" },
        { "null", "null" },
        { "0.5", "0.5" },
        { "\"\\ud800\"", "\"\\ud800\"" },
        { "{\"a\":[]}", "{\"a\":[]}" },
        { "false", "false" },
    };
    fixture *f = *state;
    char json[64];

    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(json, sizeof json, "%s", rows[i].json ? rows[i].json : "");
        assert_int_equal(cdp_host_define(f->h, "f", return_text, rows[i].json ? json : NULL), 0);
        assert_string_equal(eval(f->s, "f()"), rows[i].value);
    }
    assert_string_equal(eval(f->s, "f.constructor === Function"), "true");
}

static int return_nonsense(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    (void)h, (void)data;
    assert_int_equal(cdp_value_copy(args, CDP_JSON, result), 0);
    **result = cdp_json("{1}");
    return 0;
}

static int throw(cdp_host * h, cdp_value args, cdp_value **result, void *data)
{
    char type[32] = "", code[32] = ""; /* which need not outlive this */
    int n = (int)cdp_value_int(cdp_value_at(args, 0), 0);

    (void)result, (void)data;
    snprintf(type, sizeof type, "%s", n == 1 ? "TypeError" : n == 2 ? "RangeError" : "Other");
    snprintf(code, sizeof code, "ERR_%d", n);
    if (n == 3)
        cdp_host_throw(h, NULL, NULL, "replaced");
    if (n == 4)
        return CDP_ETIMEDOUT;
    if (n == 5) {
        cdp_host_throw(h, NULL, NULL, "not thrown");
        return 0;
    }
    return cdp_host_throw(h, n ? type : NULL, n ? code : NULL, "No %s, %d", "\xc3\xa9", n);
}

static void errors_are_thrown(void **state)
{
    static const struct {
        const char *call, *error;
    } rows[] = {
        { "thrower(0)", "[\"Error\",\"No \\u00e9, 0\",null]" },
        { "thrower(1)", "[\"TypeError\",\"No \\u00e9, 1\",\"ERR_1\"]" },
        { "thrower(2)", "[\"RangeError\",\"No \\u00e9, 2\",\"ERR_2\"]" },
        { "thrower(3)", "[\"Error\",\"No \\u00e9, 3\",\"ERR_3\"]" },
        { "thrower(4)", "[\"Error\",\"timed out\",null]" },
        { "thrower(5)", "undefined" },
        { "nonsense()", "[\"Error\",\"message does not fit its type\",null]" },
        { "thrower(10n)", "[\"TypeError\",\"Do not know how to serialize a BigInt\",null]" },
        { "thrower({ get a() { throw new Error('own') } })", "[\"Error\",\"own\",null]" },
        { "let o = {}; o.o = o; thrower(o)", "[\"TypeError\",\"Converting circular" },
    };
    fixture *f = *state;

    assert_int_equal(cdp_host_define(f->h, "thrower", throw, NULL), 0);
    assert_int_equal(cdp_host_define(f->h, "nonsense", return_nonsense, NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char script[512];
        snprintf(script, sizeof script,
                 "(() => { try { %s } catch (e) { return [e.constructor.name, e.message, "
                 "e.code ?? null] } })()",
                 rows[i].call);
        assert_has(eval(f->s, script), rows[i].error);
    }
    /* Uncaught it is like any other. */
    assert_int_equal(cdp_host_run_text(f->h, "test.js", cdp_s("\nthrower(1)"), NULL), CDP_EREMOTE);
    assert_text(cdp_host_error(f->h)->message, "Uncaught TypeError: No \xc3\xa9, 1");
    assert_text(cdp_host_error(f->h)->path, "test.js:2:1");
    assert_has(cdp_host_error(f->h)->data.ptr, "at test.js:2:1");
    assert_int_equal(cdp_host_exit_code(f->h), 1);
    /* Outside of a call there is nobody to throw to. */
    assert_int_equal(cdp_host_throw(f->h, NULL, NULL, "x"), CDP_ESTATE);
}

static void paths(void **state)
{
    static const struct {
        const char *path;
        int rc;
        const char *expression, *value;
    } rows[] = {
        { "f", 0, "typeof f", "\"function\"" },
        { "a.b.c.f", 0, "Object.keys(a) + a.b.c.f.name", "\"bf\"" },
        { "a.b.g", 0, "Object.keys(a.b).join()", "\"c,g\"" },
        { "a.b", 0, "typeof a.b + typeof a.b.c", "\"functionundefined\"" },
        { "a.b.f", 0, "typeof a.b.f", "\"function\"" }, /* a function is an object */
        { "console.own", 0, "typeof console.own + typeof console.log", "\"functionfunction\"" },
        { "Math.sin", 0, "Math.sin(1)", "[1]" },
        { "\xc3\xa9.x", 0, "typeof \xc3\xa9.x", "\"function\"" },
        { "", CDP_EINVAL, "1", "1" },
        { ".", CDP_EINVAL, "1", "1" },
        { ".f", CDP_EINVAL, "1", "1" },
        { "q.", CDP_EINVAL, "1", "1" },
        { "q..f", CDP_EINVAL, "1", "1" },
        { "number.f", CDP_EINVAL, "number", "5" },
        { "nothing.f", CDP_EINVAL, "nothing", "null" },
        { "frozen.f", CDP_EINVAL, "Object.keys(frozen).length", "0" },
        { "frozen.x.f", CDP_EINVAL, "Object.keys(frozen).length", "0" },
        { "trap.x.f", CDP_EINVAL, "1", "1" },
        { "undefined", CDP_EINVAL, "typeof undefined", "\"undefined\"" },
    };
    fixture *f = *state;
    calls c = { .f = f };

    run(f, "var number = 5, nothing = null, frozen = Object.freeze({}),"
           "trap = { get x() { throw new Error('trap') } }");
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (cdp_host_define(f->h, rows[i].path, echo, &c) != rows[i].rc)
            fail_msg("%s", rows[i].path);
        if (rows[i].rc < 0)
            assert_text(cdp_host_error(f->h)->message, "nothing can be defined there");
        assert_string_equal(eval(f->s, rows[i].expression), rows[i].value);
    }
    assert_int_equal(f->uncaught, 0);
}

static void values(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_host_define_value(f->h, "process.argv", cdp_json("[\"a\",1,{}]")), 0);
    assert_string_equal(eval(f->s, "process.argv"), "[\"a\",1,{}]");
    assert_int_equal(cdp_host_define_value(f->h, "v", cdp_json("null")), 0);
    assert_string_equal(eval(f->s, "v"), "null");
    assert_int_equal(cdp_host_define_value(f->h, "v.w", cdp_json("null")), CDP_EINVAL);
    assert_int_equal(cdp_host_define_value(f->h, "v", cdp_json("{]")), CDP_EDECODE);
    assert_int_equal(cdp_host_define_value(f->h, "v", cdp_json(NULL)), CDP_EINVAL);
    assert_text(cdp_host_error(f->h)->message, "the value is no JSON");
}

/* ---- from inside a call ------------------------------------------------- */

static int nest(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    calls *c = data;
    int64_t depth = cdp_value_int(cdp_value_at(args, 0), 0);
    char expression[64];
    int rc;

    c->n++;
    /* What a nested call does is not ours. */
    cdp_host_throw(h, NULL, NULL, "depth %d", (int)depth);
    assert_int_equal(cdp_host_free(h), CDP_ESTATE);
    assert_int_equal(cdp_host_run(h), CDP_ESTATE);
    if (depth == 0)
        return CDP_EREMOTE;
    snprintf(expression, sizeof expression, "nest(%d)", (int)depth - 1);
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression) };
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    rc = cdp_runtime_evaluate(c->f->s, &p, &res);
    assert_int_equal(rc, 0);
    assert_non_null(res->exception_details);
    assert_has(res->exception_details->exception->description.ptr, "Error: depth ");
    if (depth % 2)
        return CDP_EREMOTE;
    return cdp_value_from_cjson(NULL, result) == 0 ? 0
                                                   : cdp_host_throw(h, NULL, NULL, "depth even");
}

static void calls_nest(void **state)
{
    fixture *f = *state;
    calls c = { .f = f };

    assert_int_equal(cdp_host_define(f->h, "nest", nest, &c), 0);
    assert_has(eval(f->s, "nest(7)"), "throws: Error: depth 7\n");
    assert_int_equal(c.n, 8);
    /* And in a script, a timer, a microtask. */
    run(f,
        "let n = 0; const go = () => { try { nest(3) } catch (e) { n += e.message == 'depth 3' } };"
        "go(); setTimeout(go); queueMicrotask(go); setImmediate(go)");
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_string_equal(eval(f->s, "n"), "4");
    assert_int_equal(c.n, 8 + 4 * 4);
}

static int define_more(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    (void)args, (void)result;
    return cdp_host_define(h, "more.echo", echo, data);
}

static int close_session(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    calls *c = data;

    (void)h;
    cdp_close(c->f->s);
    c->f->s = NULL;
    return cdp_value_copy(args, CDP_JSON, result);
}

static void functions_define_and_close(void **state)
{
    fixture *f = *state;
    calls c = { .f = f };
    cdp_value *v = NULL;

    assert_int_equal(cdp_host_define(f->h, "defineMore", define_more, &c), 0);
    assert_int_equal(cdp_host_define(f->h, "close", close_session, &c), 0);
    assert_string_equal(eval(f->s, "defineMore(); more.echo(1)"), "[1]");
    cdp_runtime_evaluate_params p = { .expression = cdp_s("close(1)") };
    cdp_runtime_evaluate_result *res = NULL;
    assert_int_equal(cdp_runtime_evaluate(f->s, &p, &res), CDP_ECLOSED);
    assert_null(res);
    assert_null(f->s);
    assert_int_equal(cdp_host_run_text(f->h, "test.js", cdp_s("close(2)"), &v), 0);
    assert_int_equal(cdp_value_int(cdp_value_at(*v, 0), 0), 2);
    cdp_free(v);
}

static int terminate(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    (void)data;
    cdp_host_terminate(h);
    if (cdp_value_count(args) == 0)
        return cdp_host_throw(h, NULL, NULL, "terminated all the same");
    return cdp_value_copy(args, CDP_JSON, result);
}

static void a_terminated_script_ends(void **state)
{
    static const char *const scripts[] = {
        "try { terminate() } catch {} for (;;);",
        "try { terminate(1); for (;;); } catch { caught = true } finally { caught = true }",
    };
    fixture *f = *state;

    run(f, "var caught = false");
    assert_int_equal(cdp_host_define(f->h, "terminate", terminate, NULL), 0);
    for (size_t i = 0; i < COUNT(scripts); i++)
        assert_int_equal(cdp_host_run_text(f->h, "test.js", cdp_s(scripts[i]), NULL),
                         CDP_ECANCELED);
    assert_string_equal(eval(f->s, "caught"), "false");
}

static void on_async(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    calls *c = data;

    (void)s;
    assert_null(err);
    assert_int_equal(cdp_value_int(res->result->value, 0), 42);
    c->n++;
}

static int async_call(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    calls *c = data;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("6 * 7") };

    (void)h, (void)args, (void)result;
    assert_true(cdp_runtime_evaluate_async(c->f->s, &p, on_async, c) > 0);
    assert_int_equal(c->n, 0);
    return 0;
}

static void asynchronous_calls_come_later(void **state)
{
    fixture *f = *state;
    calls c = { .f = f };

    assert_int_equal(cdp_host_define(f->h, "later", async_call, &c), 0);
    run(f, "later()");
    assert_int_equal(cdp_host_run(f->h), 0);
    assert_int_equal(c.n, 1);
}

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    calls *c = data;
    cdp_debugger_evaluate_on_call_frame_params p = {
        .call_frame_id = ev->call_frames.items[0].call_frame_id,
        .expression = cdp_s("echo(local)[0]"),
        .return_by_value = CDP_SOME(true)
    };
    CDP_AUTO cdp_debugger_evaluate_on_call_frame_result *res = NULL;

    assert_int_equal(cdp_debugger_evaluate_on_call_frame(s, &p, &res), 0);
    assert_int_equal(cdp_value_int(res->result->value, 0), 5);
    assert_int_equal(c->n, 1);
}

static void a_pause_calls_them_too(void **state)
{
    fixture *f = *state;
    calls c = { .f = f };

    assert_int_equal(cdp_host_define(f->h, "echo", echo, &c), 0);
    assert_int_equal(cdp_debugger_enable(f->s, NULL, NULL), 0);
    cdp_debugger_on_paused(f->s, on_paused, &c);
    run(f, "(() => { const local = 5; debugger; echo(1) })()");
    assert_int_equal(c.n, 2);
}

static void they_count_as_side_effects(void **state)
{
    fixture *f = *state;
    calls c = { .f = f };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("echo(1)"),
                                      .throw_on_side_effect = CDP_SOME(true) };
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;

    assert_int_equal(cdp_host_define(f->h, "echo", echo, &c), 0);
    assert_int_equal(cdp_runtime_evaluate(f->s, &p, &res), 0);
    assert_non_null(res->exception_details);
    assert_int_equal(c.n, 0);
}

static void *define_elsewhere(void *data)
{
    fixture *f = data;

    assert_int_equal(cdp_host_define(f->h, "f", echo, NULL), CDP_ESTATE);
    assert_int_equal(cdp_host_define_value(f->h, "f", cdp_json("1")), CDP_ESTATE);
    return NULL;
}

static void other_threads_are_refused(void **state)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, define_elsewhere, *state), 0);
    pthread_join(thread, NULL);
}

static void hosts_end_with_functions_in_use(void **state)
{
    cdp_host *h = NULL;
    calls c = { .f = NULL };

    (void)state;
    assert_int_equal(cdp_host_new(&h, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cdp_host_define(h, "a.f", echo, &c), 0);
    assert_int_equal(
        cdp_host_run_text(h, "test.js", cdp_s("const g = a.f; setTimeout(a.f, 1e6)"), NULL), 0);
    assert_int_equal(cdp_host_free(h), 0);
    assert_int_equal(c.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(arguments_and_results),
        V8_TEST(lone_surrogates_and_length_survive),
        V8_TEST(results),
        V8_TEST(errors_are_thrown),
        V8_TEST(paths),
        V8_TEST(values),
        V8_TEST(calls_nest),
        V8_TEST(functions_define_and_close),
        V8_TEST(a_terminated_script_ends),
        V8_TEST(asynchronous_calls_come_later),
        V8_TEST(a_pause_calls_them_too),
        V8_TEST(they_count_as_side_effects),
        V8_TEST(other_threads_are_refused),
        cmocka_unit_test(hosts_end_with_functions_in_use),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
