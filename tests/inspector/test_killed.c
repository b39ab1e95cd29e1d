/*
 * test_killed.c - front-ends that die: at any byte of what they send, with commands under way.
 *
 * The program goes on, answers others, and is left with nothing of them.
 */
#include "wire.h"

/* What a front-end has to say: the handshake, and commands of all kinds. */
typedef struct stream {
    char bytes[4096];
    size_t n, head;
} stream;

static void make_stream(stream *s, const debuggee *d)
{
    static const char *const commands[] = {
        "{\"id\":1,\"method\":\"Runtime.enable\"}",
        "{\"id\":2,\"method\":\"Debugger.enable\"}",
        "{\"id\":3,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"'x'.repeat(1e5)\"}"
        "}",
        "{\"id\":4,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
        "\"new Promise(f => setTimeout(f, 20))\",\"awaitPromise\":true}}",
        "{\"id\":5,\"method\":\"Profiler.enable\"}",
        "{\"id\":6,\"method\":\"Profiler.start\"}",
        "{\"id\":7,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
        "\"for (let i = 0; i < 5; i++) console.log(i, {i}); 1\",\"generatePreview\":true}}",
        "{\"id\":8,\"method\":\"Runtime.globalLexicalScopeNames\"}",
        "{\"id\":9,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"'y'.repeat(1e6)\"}"
        "}",
    };

    s->n = s->head = wire_head(s->bytes, sizeof s->bytes, d);
    for (size_t i = 0; i < COUNT(commands); i++)
        s->n += wire_frame(s->bytes + s->n, WIRE_TEXT, commands[i], strlen(commands[i]));
}

static void assert_answers(const debuggee *d)
{
    wire w;

    wire_attach(&w, d);
    assert_non_null(
        strstr(wire_call(&w, "Runtime.evaluate", "{\"expression\":\"6 * 7\"}"), "\"value\":42"));
    wire_close(&w);
}

static void a_thousand_times_at_any_byte(void **state)
{
    debuggee d;
    stream s;

    (void)state;
    debuggee_start(&d, NULL, NULL);
    assert_answers(&d);
    make_stream(&s, &d);
    const int files = debuggee_files(&d);
    for (size_t i = 0; i < 1000; i++) {
        /* every byte of the stream in turn, all over it; every fifth is not cut */
        size_t n = i % 5 == 4 ? s.n : i * 619 % s.n;
        wire w;
        wire_open(&w, &d);
        wire_put(&w, s.bytes, n);
        if (i % 3 == 0 && n >= s.head) /* not before it was heard of */
            wire_read(&w);
        if (i % 2)
            wire_reset(&w);
        else
            wire_close(&w);
        if (i % 100 == 99)
            assert_answers(&d);
    }
    debuggee_await_files(&d, files);
    assert_answers(&d);
    debuggee_stop(&d);
}

/* A call that waits for the evaluation after it: it is never answered. */
static void amid_a_heap_snapshot(void **state)
{
    debuggee d;

    (void)state;
    debuggee_start(&d, NULL, NULL);
    assert_answers(&d);
    const int files = debuggee_files(&d);
    for (int i = 0; i < 6; i++) {
        wire w;
        wire_attach(&w, &d);
        wire_send(&w, "{\"id\":1,\"method\":\"HeapProfiler.takeHeapSnapshot\"}");
        if (i % 2)
            wire_await(&w, "addHeapSnapshotChunk");
        wire_reset(&w);
    }
    debuggee_await_files(&d, files);
    assert_answers(&d);
    debuggee_stop(&d);
}

static void amid_an_endless_loop(void **state)
{
    debuggee d;
    wire w, other;

    (void)state;
    debuggee_start(&d, NULL, NULL);
    wire_attach(&w, &d);
    wire_call(&w, "Runtime.enable", NULL);
    wire_send(&w, "{\"id\":99,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
                  "\"console.log('in it'); for (;;);\"}}");
    wire_await(&w, "in it");
    wire_reset(&w);
    wire_attach(&other, &d);
    wire_call(&other, "Runtime.terminateExecution", NULL);
    wire_close(&other);
    assert_answers(&d);
    debuggee_stop(&d);
}

/* Nobody else could end the pause: another session is there, but has no debugger. */
static void while_paused(void **state)
{
    enum { TIMES = 20 };
    debuggee d;

    (void)state;
    debuggee_start(&d, NULL, "var passed = 0; function stop() { debugger; passed++; }");
    for (int i = 0; i < TIMES; i++) {
        wire w, other;
        char passed[32];
        wire_attach(&w, &d);
        if (i % 4 < 2)
            wire_attach(&other, &d);
        wire_call(&w, "Debugger.enable", NULL);
        wire_send(&w, i % 3 ? "{\"id\":99,\"method\":\"Runtime.evaluate\",\"params\":{"
                              "\"expression\":\"setTimeout(stop, 0)\"}}"
                            : "{\"id\":99,\"method\":\"Runtime.evaluate\",\"params\":{"
                              "\"expression\":\"stop()\"}}");
        wire_await(&w, "\"Debugger.paused\"");
        if (i % 2)
            wire_reset(&w);
        else
            wire_close(&w);
        if (i % 4 >= 2)
            wire_attach(&other, &d);
        const double start = now_ms();
        snprintf(passed, sizeof passed, "\"value\":%d", i + 1);
        while (
            !strstr(wire_call(&other, "Runtime.evaluate", "{\"expression\":\"passed\"}"), passed)) {
            if (now_ms() - start > 60000)
                fail_msg("it is still paused");
            sleep_ms(1);
        }
        wire_close(&other);
    }
    debuggee_stop(&d);
}

/* The first of two debuggers dies: the pause is the other's now. */
static void one_of_two_debuggers(void **state)
{
    debuggee d;
    wire w, other;

    (void)state;
    debuggee_start(&d, NULL, "function stop() { debugger; return 'went on'; }");
    wire_attach(&w, &d);
    wire_attach(&other, &d);
    wire_call(&w, "Debugger.enable", NULL);
    wire_call(&other, "Debugger.enable", NULL);
    wire_send(&w, "{\"id\":99,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
                  "\"setTimeout(stop, 0)\"}}");
    wire_await(&w, "\"Debugger.paused\"");
    wire_await(&other, "\"Debugger.paused\"");
    wire_reset(&w);
    wire_call(&other, "Debugger.resume", NULL);
    wire_close(&other);
    assert_answers(&d);
    debuggee_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_times_at_any_byte), cmocka_unit_test(amid_a_heap_snapshot),
        cmocka_unit_test(amid_an_endless_loop),         cmocka_unit_test(while_paused),
        cmocka_unit_test(one_of_two_debuggers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
