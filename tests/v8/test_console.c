/* test_console.c - the console: what is printed, and what sessions hear. */
#include "v8_test.h"

typedef struct heard {
    int n;
    cdp_runtime_console_api_called_event_type type[64];
    char first[64][32]; /* argument, as JSON */
    size_t args[64], frames[64];
    double last_time;
} heard;

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    heard *h = data;
    cdp_str *text = NULL;
    int i = h->n++;

    (void)s;
    if (i >= 64)
        return;
    h->type[i] = ev->type;
    h->args[i] = ev->args.n;
    h->frames[i] = ev->stack_trace ? ev->stack_trace->call_frames.n : 0;
    assert_true(ev->timestamp >= h->last_time);
    h->last_time = ev->timestamp;
    if (ev->args.n && cdp_value_text(ev->args.items[0].value, &text) == 0)
        snprintf(h->first[i], sizeof h->first[i], "%s", text->ptr);
    cdp_free(text);
}

static void listen(fixture *f, heard *h)
{
    memset(h, 0, sizeof *h);
    cdp_runtime_on_console_api_called(f->s, on_console, h);
    assert_int_equal(cdp_runtime_enable(f->s), 0);
}

static void events_come(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "function a() { console.log('x', 1, {}) }\na();"
           "console.error(2); console.warn(3); console.info(4); console.debug(5);"
           "console.assert(false, 'as'); console.assert(true, 'no'); console.count('c');"
           "console.trace('t')");
    static const cdp_runtime_console_api_called_event_type types[] = {
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_LOG,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_ERROR,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_WARNING,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_INFO,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_DEBUG,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_ASSERT,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_COUNT,
        CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_TRACE,
    };
    assert_int_equal(h.n, COUNT(types));
    for (size_t i = 0; i < COUNT(types); i++)
        assert_int_equal(h.type[i], types[i]);
    assert_int_equal(h.args[0], 3);
    assert_string_equal(h.first[0], "\"x\"");
    assert_int_equal(h.frames[0], 2);  /* the caller's, ours is not among them */
    assert_true(h.last_time > 1.6e12); /* milliseconds since 1970 */
}

static void messages_are_replayed(void **state)
{
    fixture *f = *state;
    heard h, later;

    run(f, "console.log('early', 1); console.error('bird')");
    listen(f, &h);
    assert_int_equal(h.n, 2);
    assert_string_equal(h.first[0], "\"early\"");
    assert_string_equal(h.first[1], "\"bird\"");
    cdp_session *s = NULL, *old = f->s;
    assert_int_equal(cdp_host_connect(&s, f->h, NULL), 0);
    f->s = s;
    listen(f, &later);
    assert_int_equal(later.n, 2);
    assert_int_equal(h.n, 2);
    f->s = old;
    assert_int_equal(cdp_runtime_discard_console_entries(f->s), 0);
    cdp_close(s);
}

static void values_are_printed(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *args, *out;
    } rows[] = {
        { "'text', \"it's\"", "text it's" },
        { "1, -0, 1.5, 1e21, NaN, 10n, true, null, undefined",
          "1 -0 1.5 1e+21 NaN 10n true null undefined" },
        { "Symbol('s'), Symbol()", "Symbol(s) Symbol()" },
        { "{}", "{}" },
        { "[]", "[]" },
        { "{ a: 1, 'b-c': 'x', [Symbol('y')]: 2 }", "{ a: 1, 'b-c': 'x', [Symbol(y)]: 2 }" },
        { "[1, 'a', [2, [3, [4, [5]]]]]", "[ 1, 'a', [ 2, [ 3, [Array] ] ] ]" },
        { "{ a: { b: { c: { d: 1 } } } }", "{ a: { b: { c: [Object] } } }" },
        { "[, 1, , ,]", "[ <1 empty item>, 1, <2 empty items> ]" },
        { "{ get a() { throw 1 }, set b(x) {} }", "{ a: [Getter], b: [Setter] }" },
        { "new Map([[1, { a: 2 }]]), new Set(['x'])", "Map(1) { 1 => { a: 2 } } Set(1) { 'x' }" },
        { "new (class Foo { x = 1 })", "Foo { x: 1 }" },
        { "class Bar {}, function f() {}, () => {}",
          "[class Bar] [Function: f] [Function (anonymous)]" },
        { "new Date(0), new Date(NaN), /a\\/b/gi",
          "1970-01-01T00:00:00.000Z Invalid Date /a\\/b/gi" },
        { "new Uint8Array([1, 2]), new ArrayBuffer(3)",
          "Uint8Array(2) [ 1, 2 ] ArrayBuffer { byteLength: 3 }" },
        { "Object(1), Object('s'), Object(true)", "[Number: 1] [String: 's'] [Boolean: true]" },
        { "Promise.resolve(1), new Promise(() => {})", "Promise { 1 } Promise { <pending> }" },
        { "(() => { let o = { a: 1 }; o.o = o; return o })()", "{ a: 1, o: [Circular *1] }" },
        { "new Proxy({ a: 1 }, { get() { throw 1 }, ownKeys() { throw 2 } })", "{ a: 1 }" },
        { "{ s: 'it\\'s', t: 'a\\nb' }", "{ s: \"it's\", t: 'a\\nb' }" },
        { "'%s is %d%% of %i, %f, %j, %o %x', 'x', 5, 2.7, 1.5, { a: 1 }, [1], 'rest'",
          "x is 5% of 2, 1.5, {\"a\":1}, [ 1 ] %x rest" },
        { "'%s'", "%s" },
        { "'\xc3\xa9\xf0\x9f\x98\x80'", "\xc3\xa9\xf0\x9f\x98\x80" },
        { "", "" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char script[256], expected[256];
        f->n_out[0] = 0;
        snprintf(script, sizeof script, "console.log(%s)", rows[i].args);
        snprintf(expected, sizeof expected, "%s\n", rows[i].out);
        run(f, script);
        assert_string_equal(f->out[0], expected);
    }
    assert_int_equal(f->n_out[1], 0);
    assert_int_equal(f->uncaught, 0);
}

static void errors_go_to_stderr(void **state)
{
    fixture *f = *state;

    run(f, "console.error('e'); console.warn('w'); console.assert(false); console.trace('here')");
    assert_has(f->out[1], "e\nw\nAssertion failed\nTrace: here\n    at test.js:1:");
    assert_int_equal(f->n_out[0], 0);
}

static void groups_counts_and_times(void **state)
{
    fixture *f = *state;

    run(f, "console.group('g'); console.log('a\\nb'); console.group(); console.log('c');"
           "console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('d');"
           "console.count(); console.count(); console.count('x'); console.countReset();"
           "console.count(); console.time('t'); console.timeLog('t', 5); console.timeEnd('t');"
           "console.timeEnd('t')");
    assert_has(f->out[0], "g\n  a\n  b\n    c\nd\ndefault: 1\ndefault: 2\nx: 1\ndefault: 1\nt: ");
    assert_has(f->out[0], "ms 5\n");
}

static void big_values_are_cut(void **state)
{
    fixture *f = *state;

    run(f, "console.log(Array(1000).fill(7))");
    assert_has(f->out[0], "... 900 more items");
    f->n_out[0] = 0;
    run(f, "console.log({ aaaaaaaaaaaaaaaaaaaaaaaaa: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', c: "
           "'dddddddddddddddddddd' })");
    assert_has(f->out[0], "{\n  aaaaaaaaaaaaaaaaaaaaaaaaa: 'bbb");
    f->n_out[0] = 0;
    run(f, "let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; console.log(deep)");
    assert_string_equal(f->out[0], "[ [ [ [Array] ] ] ]\n");
}

static void a_patched_world(void **state)
{
    fixture *f = *state;

    run(f, "Object.defineProperty(Object.prototype, 'get', { get() { throw new Error('trap') } });"
           "Array.prototype.join = String.prototype.toString = () => { throw 1 };"
           "console.log({ a: [1, 'x'] });"
           "delete globalThis.console; 1");
    assert_string_equal(f->out[0], "{ a: [ 1, 'x' ] }\n");
    assert_string_equal(eval(f->s, "1"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(events_come),         V8_TEST(messages_are_replayed),   V8_TEST(values_are_printed),
        V8_TEST(errors_go_to_stderr), V8_TEST(groups_counts_and_times), V8_TEST(big_values_are_cut),
        V8_TEST(a_patched_world),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
