/* test_frontend.c - WebSocket sessions: several at once, what they may send, how they end. */
#include "program.h"

#include <poll.h>
#include <sys/socket.h>

static void attach(program *p, client *c)
{
    client_attach(c, cdp_inspector_url(p->insp));
}

static void start(program *p, client *c)
{
    program_open(p, NULL);
    attach(p, c);
}

static void stop(program *p, client *c)
{
    client_close(c);
    program_stop(p);
}

/* ---- several ------------------------------------------------------------------- */

static void all_are_paused_one_resumes(void **state)
{
    program p;
    client c[4];

    (void)state;
    program_open(&p, NULL);
    for (size_t i = 0; i < COUNT(c); i++) {
        attach(&p, &c[i]);
        client_do(&c[i], "Debugger.enable", NULL);
        client_do(&c[i], "Runtime.enable", NULL);
    }
    assert_int_equal(cdp_inspector_sessions(p.insp), COUNT(c));
    program_begin_run(&p, "var x = 5; debugger; x++; debugger; x++");
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(c); i++)
            cJSON_Delete(client_event(&c[i], "Debugger.paused"));
        for (size_t i = 0; i < COUNT(c); i++)
            assert_string_equal(client_eval(&c[i], "x"), round ? "6" : "5");
        client_do(&c[1 + round], "Debugger.resume", NULL);
        for (size_t i = 0; i < COUNT(c); i++)
            cJSON_Delete(client_event(&c[i], "Debugger.resumed"));
    }
    assert_int_equal(program_await(&p), 0);
    assert_string_equal(client_eval(&c[0], "x"), "7");
    for (size_t i = 0; i < COUNT(c); i++)
        client_leave(&c[i]);
    program_await_sessions(&p, 0);
    program_stop(&p);
}

static void the_last_debugger_to_leave_resumes(void **state)
{
    program p;
    client a, b, watcher;

    (void)state;
    for (int how = 0; how < 3; how++) {
        start(&p, &a);
        attach(&p, &b);
        attach(&p, &watcher); /* has no debugger, and so can't resume */
        client_do(&a, "Debugger.enable", NULL);
        client_do(&b, "Debugger.enable", NULL);
        program_begin_run(&p, "var x = 1; debugger; x = 2");
        cJSON_Delete(client_event(&a, "Debugger.paused"));
        cJSON_Delete(client_event(&b, "Debugger.paused"));
        client_leave(&a);
        program_await_sessions(&p, 2);
        assert_string_equal(client_eval(&watcher, "x"), "1"); /* still paused */
        assert_string_equal(client_eval(&b, "x"), "1");
        if (how == 0)
            client_leave(&b);
        else if (how == 1)
            client_close(&b);
        else
            client_do(&b, "Debugger.disable", NULL);
        assert_int_equal(program_await(&p), 0);
        assert_string_equal(client_eval(&watcher, "x"), "2");
        client_close(&b);
        stop(&p, &watcher);
    }
}

/* ---- replies ------------------------------------------------------------------- */

static void errors_keep_their_data(void **state)
{
    program p;
    client c;

    (void)state;
    start(&p, &c);
    cJSON *m = client_call(&c, "Runtime.evaluate", "{\"expression\":7}");
    assert_int_equal(number_at(m, "error.code"), -32602);
    assert_string_equal(text_at(m, "error.message"), "Invalid parameters");
    assert_has(text_at(m, "error.data"), "expression");
    cJSON_Delete(m);
    m = client_call(&c, "Debugger.setBreakpoint", NULL);
    assert_int_equal(number_at(m, "error.code"), -32602);
    assert_has(text_at(m, "error.data"), "location");
    cJSON_Delete(m);
    m = client_call(&c, "Runtime.noSuch", NULL);
    assert_int_equal(number_at(m, "error.code"), -32601);
    assert_string_equal(text_at(m, "error.message"), "'Runtime.noSuch' wasn't found");
    cJSON_Delete(m);
    m = client_call(&c, "NoSuch.command", NULL);
    assert_int_equal(number_at(m, "error.code"), -32601);
    assert_string_equal(text_at(m, "error.message"), "'NoSuch.command' wasn't found");
    cJSON_Delete(m);
    m = client_call(&c, "Runtime.evaluate",
                    "{\"expression\":\"for (;;);\",\"timeout\":20,\"unknown\":[]}");
    assert_int_equal(number_at(m, "error.code"), -32000);
    assert_string_equal(text_at(m, "error.message"), "Execution was terminated");
    cJSON_Delete(m);
    m = client_call(&c, "Debugger.resume", NULL);
    assert_int_equal(number_at(m, "error.code"), -32000);
    cJSON_Delete(m);
    stop(&p, &c);
}

/* Each is answered once: with its id where it has one, or with null or none. */
static void odd_messages(void **state)
{
    enum { NONE = INT32_MAX };
    static const struct {
        const char *text;
        int id, code; /* code 0: a result */
    } table[] = {
        { "{\"id\":0,\"method\":\"Runtime.enable\"}", 0, 0 },
        { "{\"id\":-1,\"method\":\"Runtime.disable\"}", -1, 0 },
        { "{\"id\":2147483647,\"method\":\"Runtime.disable\"}", 2147483647, 0 },
        { "{\"id\":-2147483648,\"method\":\"Runtime.disable\"}", INT32_MIN, 0 },
        { "{\"id\":7.0,\"method\":\"Runtime.disable\"}", 7, 0 },
        { " \n{ \"method\" : \"Runtime.disable\" , \"id\" : 8 } ", 8, 0 },
        { "{\"id\":9,\"method\":\"Runtime.disable\",\"params\":{}}", 9, 0 },
        { "{\"id\":10,\"method\":\"Runtime.disable\",\"sessionId\":\"zz\"}", 10, -32001 },
        { "{\"id\":11,\"method\":\"Runtime.disable\",\"sessionId\":\"99999999999999999999\"}", 11,
          -32001 },
        { "{\"id\":12,\"method\":\"Runtime.disable\",\"sessionId\":7}", 12, -32700 },
        { "not json", NONE, -32700 },
        { "", NONE, -32700 },
        { "\xef\xbb\xbf{\"id\":1,\"method\":\"Runtime.disable\"}", NONE, -32700 },
        { "[]", NONE, -32700 },
        { "7", NONE, -32700 },
        { "null", NONE, -32700 },
        { "\"text\"", NONE, -32700 },
        { "{}", NONE, -32600 },
        { "{\"id\":\"a\",\"method\":\"Runtime.enable\"}", NONE, -32600 },
        { "{\"id\":1.5,\"method\":\"Runtime.enable\"}", NONE, -32600 },
        { "{\"id\":2147483648,\"method\":\"Runtime.enable\"}", NONE, -32600 },
        { "{\"id\":null,\"method\":\"Runtime.enable\"}", NONE, -32600 },
        { "{\"method\":\"Runtime.enable\"}", NONE, -32600 },
        { "{\"id\":13}", 13, -32600 },
        { "{\"id\":14,\"method\":7}", 14, -32700 },
        { "{\"id\":15,\"method\":\"Runtime.disable\",\"params\":[]}", 15, -32600 },
        { "{\"id\":16,\"method\":\"\"}", 16, -32601 },
        { "{\"id\":17,\"method\":\"x\"}", 17, -32601 },
        { "{\"id\":18,\"method\":\"Runtime.disable\",\"extra\":1}", 18, 0 },
        { "{\"id\":19,\"method\":\"Runtime.disable\"", 19, -32700 },
        { "{\"id\":20,\"method\":\"Runtime.disable\"}}", 20, -32700 },
        { "{\"id\":21,\"method\":\"Runtime.\xc3\xa9\"}", 21, -32601 },
        { "{\"id\":22,\"method\":\"Runtime.\\u0000\"}", 22, -32601 },
        { "{\"id\":23,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"1\",\"timeout\":"
          "1e400}}",
          23, -32602 },
    };
    program p;
    client c;
    int failed = 0;

    (void)state;
    start(&p, &c);
    for (size_t i = 0; i < COUNT(table); i++) {
        const cJSON *id;
        cJSON *m;
        bool wrong = false;
        assert_string_equal(client_eval(&c, "7"), "7");
        client_send(&c, table[i].text);
        while ((m = client_message(&c)) && at(m, "method"))
            cJSON_Delete(m);
        if (!m)
            fail_msg("%s ends the connection: %d %s", table[i].text, c.code, c.reason);
        id = at(m, "id");
        if (id && !cJSON_IsNull(id) ? id->valueint != table[i].id : table[i].id != NONE)
            wrong = true;
        if (table[i].code == 0 ? !at(m, "result") : !at(m, "error"))
            wrong = true;
        if (table[i].code && number_at(m, "error.code") != table[i].code)
            wrong = true;
        if (wrong) {
            char *text = cJSON_PrintUnformatted(m);
            print_error("%s is answered by %s\n", table[i].text, text);
            cJSON_free(text);
            failed++;
        }
        cJSON_Delete(m);
    }
    assert_int_equal(failed, 0);
    assert_string_equal(client_eval(&c, "6 * 7"), "42"); /* and nothing else has come */
    stop(&p, &c);
}

static void frames_that_break_the_protocol(void **state)
{
    static const struct {
        unsigned first;
        const char *payload;
        int code;
    } table[] = {
        { 0x82, "{}", 1003 },       { 0x81, "\xff\xfe", 1007 }, { 0xc1, "{}", 1002 },
        { 0x83, "", 1002 },         { 0x80, "x", 1002 },        { 0x88, "\x03\xed", 1002 },
        { 0x88, "\x03\xe8", 1000 },
    };
    program p;
    client c;

    (void)state;
    program_open(&p, NULL);
    for (size_t i = 0; i < COUNT(table); i++) {
        attach(&p, &c);
        client_frame(&c, table[i].first, table[i].payload, strlen(table[i].payload));
        int code = client_ended(&c);
        if (code != table[i].code)
            fail_msg("row %zu ends with %d", i, code);
        client_close(&c);
    }
    attach(&p, &c); /* no mask */
    client_put(&c, "\x81\x02{}", 4);
    assert_int_equal(client_ended(&c), 1002);
    client_close(&c);
    program_await_sessions(&p, 0);
    program_stop(&p);
}

static void pieces(void **state)
{
    static const char text[] =
        "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
        "\"'\xe2\x82\xac'\",\"returnByValue\":true}}";
    program p;
    client c;

    (void)state;
    start(&p, &c);
    for (size_t i = 0; i < sizeof text - 1; i++)
        client_frame(&c, (i ? 0u : 1u) | (i == sizeof text - 2 ? 0x80u : 0u), text + i, 1);
    cJSON *m = client_reply(&c, 1);
    assert_string_equal(text_at(m, "result.result.value"), "\xe2\x82\xac");
    cJSON_Delete(m);
    stop(&p, &c);
}

/* ---- how much ------------------------------------------------------------------- */

static void replies_are_deep(void **state)
{
    static const int depths[] = { 1, 100, 290, 296, 297, 298, 299, 300, 301, 500, 900, 980 };
    program p;
    client c;
    char text[512];

    (void)state;
    start(&p, &c);
    program_run(&p, "var deep = n => { let x = 1; while (n--) x = [x]; return x }");
    for (size_t i = 0; i < COUNT(depths); i++) {
        snprintf(text, sizeof text, "{\"expression\":\"deep(%d)\",\"returnByValue\":true}",
                 depths[i]);
        cJSON *m = client_call(&c, "Runtime.evaluate", text);
        const cJSON *value = at(m, "result.result.value");
        int n = 0;
        for (; cJSON_IsArray(value); n++)
            value = value->child;
        if (value ? n != depths[i] : number_at(m, "error.code") != -32000)
            fail_msg("depth %d is answered with %d", depths[i], n);
        if (!value)
            print_message("# depth %d: %s\n", depths[i], text_at(m, "error.message"));
        cJSON_Delete(m);
    }
    cJSON *m = client_call(&c, "Runtime.evaluate",
                           "{\"expression\":\"deep(2000)\",\"returnByValue\":true}");
    assert_int_equal(number_at(m, "error.code"), -32000);
    cJSON_Delete(m);
    stop(&p, &c);
}

static void commands_are_deep(void **state)
{
    static const int depths[] = { 100, 290, 297, 298, 299, 300, 400, 1000, 5000 };
    program p;
    client c;

    (void)state;
    start(&p, &c);
    for (size_t i = 0; i < COUNT(depths); i++) {
        size_t n = (size_t)depths[i];
        char *text = calloc(1, 2 * n + 200);
        int at_end = sprintf(text, "{\"expression\":\"1\",\"x\":");
        memset(text + at_end, '[', n);
        memset(text + at_end + n, ']', n);
        text[(size_t)at_end + 2 * n] = '}';
        int id = client_command(&c, "Runtime.evaluate", text);
        cJSON *m = client_message(&c);
        if (!m)
            fail_msg("depth %zu ends the connection", n);
        if (n < 297)
            assert_int_equal(number_at(m, "result.result.value"), 1);
        else if (n > 400)
            assert_true(number_at(m, "error.code") < 0);
        if (at(m, "id"))
            assert_int_equal(number_at(m, "id"), id);
        cJSON_Delete(m);
        free(text);
    }
    assert_string_equal(client_eval(&c, "1"), "1");
    stop(&p, &c);
}

static void many_calls_are_answered_in_order(void **state)
{
    enum { N = 10000, BATCH = 64 };
    program p;
    client c;
    char text[64];

    (void)state;
    start(&p, &c);
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "{\"expression\":\"%d\",\"returnByValue\":true}", i);
        client_command(&c, "Runtime.evaluate", text);
    }
    for (int i = 0; i < N; i++) {
        cJSON *m = client_message(&c);
        assert_int_equal(number_at(m, "id"), i + 1);
        assert_int_equal(number_at(m, "result.result.value"), i);
        cJSON_Delete(m);
    }
    stop(&p, &c);
}

static void large_messages(void **state)
{
    enum { SIZE = 20 << 20 };
    program p;
    client c;
    char *text = malloc(SIZE + 64);

    (void)state;
    assert_non_null(text);
    start(&p, &c);
    cJSON *m = client_call(&c, "Runtime.evaluate", "{\"expression\":\"'x'.repeat(20 << 20)\"}");
    assert_int_equal(strlen(text_at(m, "result.result.value")), SIZE);
    cJSON_Delete(m);
    int n = sprintf(text, "{\"expression\":\"'");
    memset(text + n, 'y', SIZE);
    strcpy(text + n + SIZE, "'.length\"}");
    m = client_call(&c, "Runtime.evaluate", text);
    assert_int_equal(number_at(m, "result.result.value"), SIZE);
    cJSON_Delete(m);
    free(text);
    stop(&p, &c);
}

static void too_large_messages(void **state)
{
    cdp_inspector_options opt = { .limits = { .message = 1000, .fragments = 10 } };
    char text[1100];
    program p;
    client c;

    (void)state;
    program_open(&p, &opt);
    attach(&p, &c);
    memset(text, ' ', sizeof text);
    client_frame(&c, 0x81, text, 1000);
    cJSON *m = client_message(&c);
    assert_int_equal(number_at(m, "error.code"), -32700);
    cJSON_Delete(m);
    client_frame(&c, 0x81, text, 1001);
    assert_int_equal(client_ended(&c), 1009);
    client_close(&c);
    attach(&p, &c);
    for (int i = 0; i < 12; i++)
        client_frame(&c, i ? 0 : 1, " ", 1);
    assert_int_equal(client_ended(&c), 1009);
    stop(&p, &c);
}

/* ---- busy ------------------------------------------------------------------------ */

static void an_endless_loop(void **state)
{
    program p;
    client a, b;

    (void)state;
    start(&p, &a);
    program_begin_run(&p, "var n = 0; for (;;) n++");
    while (strcmp(client_eval(&a, "typeof n"), "\"number\"") != 0)
        ;
    attach(&p, &b); /* another comes amid it */
    assert_string_equal(client_eval(&b, "n > 0"), "true");
    client_do(&b, "Debugger.enable", NULL);
    client_do(&b, "Debugger.pause", NULL);
    cJSON_Delete(client_event(&b, "Debugger.paused"));
    assert_string_equal(client_eval(&a, "n > 0"), "true");
    client_do(&b, "Debugger.resume", NULL);
    client_leave(&b);
    client_do(&a, "Runtime.terminateExecution", NULL);
    assert_int_equal(program_await(&p), CDP_ECANCELED);
    assert_string_equal(client_eval(&a, "n > 0"), "true");
    stop(&p, &a);
}

/* The loop is a command's own: what the same front-end sends next waits, but for what ends it. */
static void an_endless_command(void **state)
{
    program p;
    client c;

    (void)state;
    start(&p, &c);
    client_do(&c, "Debugger.enable", NULL);
    int loop = client_command(&c, "Runtime.evaluate", "{\"expression\":\"for (;;);\"}");
    int later = client_command(&c, "Runtime.evaluate", "{\"expression\":\"7\"}");
    client_do(&c, "Debugger.pause", NULL);
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    cJSON *m = client_reply(&c, later); /* paused, it is free for all of them */
    assert_int_equal(number_at(m, "result.result.value"), 7);
    cJSON_Delete(m);
    client_do(&c, "Debugger.resume", NULL);
    later = client_command(&c, "Runtime.evaluate", "{\"expression\":\"8\"}");
    client_do(&c, "Runtime.terminateExecution", NULL);
    m = client_reply(&c, loop);
    assert_int_equal(number_at(m, "error.code"), -32000);
    cJSON_Delete(m);
    m = client_reply(&c, later);
    assert_int_equal(number_at(m, "result.result.value"), 8);
    cJSON_Delete(m);
    stop(&p, &c);
}

static void promises(void **state)
{
    program p;
    client c;

    (void)state;
    start(&p, &c);
    int slow = client_command(&c, "Runtime.evaluate",
                              "{\"expression\":\"new Promise(f => setTimeout(f, 30, 6))\","
                              "\"awaitPromise\":true}");
    cJSON *m = client_call(&c, "Runtime.evaluate", "{\"expression\":\"2 + 2\"}");
    assert_int_equal(number_at(m, "result.result.value"), 4);
    cJSON_Delete(m);
    m = client_reply(&c, slow);
    assert_int_equal(number_at(m, "result.result.value"), 6);
    cJSON_Delete(m);
    stop(&p, &c);
}

static void a_heap_snapshot(void **state)
{
    program p;
    client c;
    size_t size = 0;
    cJSON *m;
    char *all = NULL;

    (void)state;
    start(&p, &c);
    client_do(&c, "HeapProfiler.enable", NULL);
    client_do(&c, "HeapProfiler.takeHeapSnapshot", "{\"reportProgress\":true}");
    assert_true(client_has_event(&c, "HeapProfiler.reportHeapSnapshotProgress"));
    while (client_has_event(&c, "HeapProfiler.addHeapSnapshotChunk")) {
        m = client_event(&c, "HeapProfiler.addHeapSnapshotChunk");
        size_t n = strlen(text_at(m, "chunk"));
        all = realloc(all, size + n + 1);
        assert_non_null(all);
        memcpy(all + size, text_at(m, "chunk"), n + 1);
        size += n;
        cJSON_Delete(m);
    }
    m = cJSON_Parse(all);
    assert_non_null(at(m, "snapshot.meta"));
    cJSON_Delete(m);
    free(all);
    stop(&p, &c);
}

/* ---- slow ones ------------------------------------------------------------------- */

/* It reads nothing while JavaScript writes to its console. */
static void a_slow_reader_is_cut_off(void **state)
{
    cdp_inspector_options opt = { .limits = { .queue = 1 << 20 } };
    program p;
    client slow, other;

    (void)state;
    program_open(&p, &opt);
    attach(&p, &slow);
    attach(&p, &other);
    client_do(&slow, "Runtime.enable", NULL);
    assert_int_equal(
        program_run(&p, "for (let i = 0; i < 4000; i++) console.log('x'.repeat(10000))"), 0);
    program_await_sessions(&p, 1);
    int code = client_ended(&slow);
    assert_true(code == 1013 || code == 0); /* the frame may not get through */
    client_close(&slow);
    assert_string_equal(client_eval(&other, "1"), "1");
    stop(&p, &other);
}

/* A snapshot may be larger than what else may wait. */
static void a_snapshot_has_a_queue_of_its_own(void **state)
{
    cdp_inspector_options opt = { .limits = { .queue = 4096 } };
    cdp_inspector_options narrow = { .limits = { .snapshot_queue = 4096 } };
    program p;
    client c, other;

    (void)state;
    program_open(&p, &opt);
    attach(&p, &c);
    client_do(&c, "HeapProfiler.takeHeapSnapshot", NULL);
    assert_true(client_has_event(&c, "HeapProfiler.addHeapSnapshotChunk"));
    client_close(&c);
    program_do(&p, job_close, NULL);
    assert_int_equal(program_do(&p, job_open, &narrow), 0);
    attach(&p, &c);
    attach(&p, &other);
    program_run(&p, "var more = []; for (let i = 0; i < 150000; i++) more.push({ i })");
    client_command(&c, "HeapProfiler.takeHeapSnapshot", NULL);
    assert_int_equal(poll(&(struct pollfd){ .fd = c.w.fd, .events = POLLIN }, 1, 60000), 1);
    /* It has begun, so this comes after it: nobody reads meanwhile what sockets do not hold. */
    client_eval(&other, "1");
    assert_int_equal(client_ended(&c), 1013);
    client_close(&other);
    stop(&p, &c);
}

/* Commands beyond a limit wait in the socket, and are answered all the same. */
static void commands_wait(void **state)
{
    enum { N = 2000 };
    cdp_inspector_options opt = { .limits = { .pending = 10 } };
    program p;
    client c, other;

    (void)state;
    program_open(&p, &opt);
    attach(&p, &c);
    attach(&p, &other);
    program_run(&p, "var go = false");
    program_begin_run(&p, "while (!go);");
    for (int i = 0; i < N; i++)
        client_command(&c, "Runtime.evaluate", "{\"expression\":\"1\"}");
    assert_string_equal(client_eval(&other, "go = true"), "true");
    for (int i = 0; i < N; i++) {
        cJSON *m = client_message(&c);
        assert_int_equal(number_at(m, "id"), i + 1);
        cJSON_Delete(m);
    }
    program_await(&p);
    client_close(&other);
    stop(&p, &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_paused_one_resumes),
        cmocka_unit_test(the_last_debugger_to_leave_resumes),
        cmocka_unit_test(errors_keep_their_data),
        cmocka_unit_test(odd_messages),
        cmocka_unit_test(frames_that_break_the_protocol),
        cmocka_unit_test(pieces),
        cmocka_unit_test(replies_are_deep),
        cmocka_unit_test(commands_are_deep),
        cmocka_unit_test(many_calls_are_answered_in_order),
        cmocka_unit_test(large_messages),
        cmocka_unit_test(too_large_messages),
        cmocka_unit_test(an_endless_loop),
        cmocka_unit_test(an_endless_command),
        cmocka_unit_test(promises),
        cmocka_unit_test(a_heap_snapshot),
        cmocka_unit_test(a_slow_reader_is_cut_off),
        cmocka_unit_test(a_snapshot_has_a_queue_of_its_own),
        cmocka_unit_test(commands_wait),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
