/*
 * test_random.c - anything at any time: sessions that come, go, call and close each other from
 * inside every kind of callback, while JavaScript does its worst.  CDP_SEED and CDP_STEPS change
 * the run; a failure names its seed.
 */
#include "v8_test.h"

enum { SESSIONS = 6, DEEPEST = 4 };

/* V8's inspector bears each of these, but not two: it aborts where JavaScript is terminated while
 * it describes objects or a stack to a session, and never frees what it keeps with a promise that
 * it awaits and that termination keeps from settling. */
typedef enum kind { AWAITING, TERMINATING, HOSTILE_STACKS } kind;

static struct world {
    fixture *f;
    cdp_session *s[SESSIONS];
    uint64_t random;
    kind kind;
    int depth;
    long calls, events, answers, posts;
} w;

static unsigned dice(unsigned n)
{
    w.random = w.random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(w.random >> 33) % n;
}

static void act(void);

/* Now and then a callback does something itself. */
static void maybe_act(void)
{
    w.events++;
    if (w.depth >= DEEPEST || dice(3))
        return;
    w.depth++;
    act();
    w.depth--;
}

static void on_any(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)method;
    (void)params;
    (void)data;
    maybe_act();
}

static void on_answer(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    (void)data;
    assert_true((err == NULL) == (result != NULL));
    w.answers++;
    maybe_act();
}

static void on_post(cdp_session *s, void *data)
{
    (void)s;
    (void)data;
    w.posts++;
    maybe_act();
}

static void call(cdp_session *s)
{
    static const char *const expressions[] = {
        "1",
        "console.log('x', 1)",
        "debugger; 1",
        "throw new Error('thrown')",
        "Promise.reject(1)",
        "Promise.reject(2).catch(() => console.log('caught'))",
        "new Promise(r => setTimeout(r, 1))",
        "setTimeout(() => { debugger; console.log('timer') }, 0)",
        "setTimeout(() => { throw 1 }, 0)",
        "setImmediate(() => console.log('immediate'))",
        "(function f(n) { return n ? f(n - 1) : (console.trace(), debug) })(20)",
        "new Function('return ' + Math.random())()",
        "[[[[[[]]]]]]",
        "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })",
        "({ get x() { console.log('getter'); return 1 } })",
        "(function f() { f() })()",
        "'\\ud800'",
        "new Array(1000).fill('text')",
        "queueMicrotask(() => console.log('micro'))",
        /* not for TERMINATING */
        "console.log('x', {a: [1]})",
        "console.error(new Error('e'))",
        /* for HOSTILE_STACKS */
        "Error.prepareStackTrace = () => { console.log('stack'); return 'x' }; new Error().stack",
    };
    const char *const methods[] = {
        w.kind == TERMINATING ? "Runtime.terminateExecution" : "Debugger.enable",
        "Runtime.enable",
        "Runtime.disable",
        "Debugger.disable",
        "Debugger.stepOver",
        "Debugger.resume",
        "Debugger.pause",
        "Profiler.enable",
        "Profiler.start",
        "Profiler.stop",
        "Profiler.disable",
        "HeapProfiler.enable",
        "Runtime.getHeapUsage",
        "Runtime.discardConsoleEntries",
        "Console.enable",
        "Foo.bar",
        "Runtime.runIfWaitingForDebugger",
        "HeapProfiler.disable",
        "Schema.getDomains",
    };
    char params[512];
    cdp_value *result = NULL;
    unsigned n_expressions = COUNT(expressions) - (w.kind == TERMINATING      ? 3
                                                   : w.kind != HOSTILE_STACKS ? 1
                                                                              : 0);

    w.calls++;
    if (dice(3)) {
        char text[256], *p = text;
        for (const char *e = expressions[dice(n_expressions)]; *e; e++) {
            if (*e == '\\' || *e == '"')
                *p++ = '\\';
            *p++ = *e;
        }
        *p = 0;
        snprintf(params, sizeof params,
                 "{\"expression\":\"%s\",\"returnByValue\":%s,\"generatePreview\":%s,"
                 "\"awaitPromise\":%s}",
                 text, dice(2) ? "true" : "false", dice(2) ? "true" : "false",
                 w.kind == AWAITING && dice(2) ? "true" : "false");
        if (dice(2)) {
            cdp_call_async(s, "Runtime.evaluate", cdp_json(params), on_answer, NULL);
            return;
        }
        cdp_call(s, "Runtime.evaluate", cdp_json(params), &result);
    } else {
        const char *method = methods[dice(COUNT(methods))];
        if (dice(2)) {
            cdp_call_async(s, method, (cdp_value){ 0 }, on_answer, NULL);
            return;
        }
        cdp_call(s, method, (cdp_value){ 0 }, &result);
    }
    cdp_free(result);
}

static void open_session(cdp_session **s)
{
    if (cdp_host_connect(s, w.f->h, NULL) < 0)
        return;
    cdp_set_timeout(*s, 0, 200);
    cdp_on_any(*s, on_any, NULL);
}

static void act(void)
{
    cdp_session **s = &w.s[dice(SESSIONS)];
    cdp_session *closing;

    switch (*s ? dice(12) : 11) {
    case 0:
        closing = *s;
        *s = NULL;
        cdp_close(closing);
        return;
    case 1:
        cdp_post(*s, on_post, NULL);
        return;
    case 2:
        cdp_v8_pump(cdp_host_v8(w.f->h));
        return;
    case 3:
        cdp_poll(*s, 0);
        return;
    case 4:
        cdp_v8_break_on_next(cdp_host_v8(w.f->h), "random");
        return;
    case 5:
        cdp_host_run_text(w.f->h, "r.js", cdp_s("console.log('script'); debugger; 1"), NULL);
        return;
    case 11:
        if (!*s)
            open_session(s);
        return;
    default:
        call(*s);
    }
}

static void walk(void **state, kind k)
{
    const char *seed = getenv("CDP_SEED"), *steps = getenv("CDP_STEPS");
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
    long n = steps ? strtol(steps, NULL, 10) : 3000;

    memset(&w, 0, sizeof w);
    w.f = *state;
    w.random = first;
    w.kind = k;
    for (long i = 0; i < n; i++) {
        act();
        if (i % 50 == 0)
            cdp_host_run(w.f->h);
        w.f->n_out[0] = w.f->n_out[1] = 0;
    }
    for (int i = 0; i < SESSIONS; i++) {
        cdp_session *s = w.s[i];
        w.s[i] = NULL;
        cdp_close(s);
    }
    w.depth = DEEPEST;
    while (cdp_host_run(w.f->h) < 0)
        ; /* what is left throws: promises have to settle */
    print_message("seed %llu: %ld calls, %ld events, %ld answers, %ld posts\n",
                  (unsigned long long)first, w.calls, w.events, w.answers, w.posts);
    assert_true(w.calls > n / 10);
    cdp_set_timeout(w.f->s, 0, 30000);
    assert_string_equal(eval(w.f->s, "6 * 7"), "42");
}

static void anything_goes_while_promises_are_awaited(void **state)
{
    walk(state, AWAITING);
}

static void anything_goes_while_scripts_are_terminated(void **state)
{
    walk(state, TERMINATING);
}

static void anything_goes_with_hostile_stacks(void **state)
{
    walk(state, HOSTILE_STACKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = { V8_TEST(anything_goes_while_promises_are_awaited),
                                        V8_TEST(anything_goes_while_scripts_are_terminated),
                                        V8_TEST(anything_goes_with_hostile_stacks) };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
