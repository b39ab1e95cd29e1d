/*
 * test_limits.c - how many connections and sessions there may be, how long they may take for what,
 * and how much they may send.
 */
#include "wire.h"

/* Reads what is there up to the connection's end. */
static size_t read_all(wire *w)
{
    while (wire_read(w))
        ;
    return w->end - w->start;
}

/* The status of the answer to a request; 0: the connection ended without one. */
static int status_of(wire *w)
{
    int status = 0;

    while (w->end - w->start < 13)
        if (!wire_read(w))
            return 0;
    sscanf(w->in + w->start, "HTTP/1.1 %d", &status);
    return status;
}

static int ask(const debuggee *d, const char *request)
{
    wire w;

    wire_open(&w, d);
    wire_put(&w, request, strlen(request));
    int status = status_of(&w);
    wire_close(&w);
    return status;
}

static const char list[] = "GET /json/list HTTP/1.1\r\nHost: localhost\r\n\r\n";

/* Silent ones, and some that stop amid a request. */
static void hundreds_that_say_nothing(void **state)
{
    enum { IDLE = 500 };
    static wire idle[IDLE];
    cdp_inspector_options opt = { .limits = { .handshake_ms = 3000, .connections = 600 } };
    debuggee d;
    double worst = 0;

    (void)state;
    debuggee_start(&d, &opt, NULL);
    const int files = debuggee_files(&d);
    for (int i = 0; i < IDLE; i++) {
        wire_open(&idle[i], &d);
        wire_put(&idle[i], list, i % 3 ? (size_t)i % (sizeof list - 2) : 0);
    }
    const double start = now_ms();
    while (now_ms() - start < 1000) {
        double before = now_ms();
        assert_int_equal(ask(&d, list), 200);
        worst = now_ms() - before > worst ? now_ms() - before : worst;
    }
    printf("# /json/list among %d idle connections: %.1f ms at worst\n", IDLE, worst);
    for (int i = 0; i < IDLE; i++) {
        assert_int_equal(read_all(&idle[i]), 0);
        wire_close(&idle[i]);
    }
    debuggee_await_files(&d, files);
    debuggee_stop(&d);
}

/* Between requests another limit holds, and a WebSocket has none. */
static void one_that_has_asked(void **state)
{
    cdp_inspector_options opt = { .limits = { .handshake_ms = 60000, .idle_ms = 300 } };
    debuggee d;
    wire w, session;

    (void)state;
    debuggee_start(&d, &opt, NULL);
    wire_attach(&session, &d);
    wire_open(&w, &d);
    wire_put(&w, list, sizeof list - 1);
    assert_int_equal(status_of(&w), 200);
    read_all(&w); /* to the end, which comes */
    wire_close(&w);
    wire_call(&session, "Runtime.enable", NULL);
    wire_close(&session);
    debuggee_stop(&d);
}

static void too_many_sessions(void **state)
{
    enum { SESSIONS = 4 };
    cdp_inspector_options opt = { .limits = { .sessions = SESSIONS } };
    char head[512];
    debuggee d;
    wire w[SESSIONS];

    (void)state;
    debuggee_start(&d, &opt, NULL);
    head[wire_head(head, sizeof head, &d)] = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SESSIONS; i++)
            wire_attach(&w[i], &d);
        assert_int_equal(ask(&d, head), 503);
        assert_int_equal(ask(&d, list), 200);
        wire_call(&w[0], "Runtime.enable", NULL);
        const int files = debuggee_files(&d);
        for (int i = 0; i < SESSIONS; i++)
            wire_close(&w[i]);
        debuggee_await_files(&d, files - SESSIONS);
    }
    debuggee_stop(&d);
}

static void too_many_connections(void **state)
{
    enum { CONNECTIONS = 8 };
    cdp_inspector_options opt = { .limits = { .connections = CONNECTIONS } };
    debuggee d;
    wire w[CONNECTIONS];

    (void)state;
    debuggee_start(&d, &opt, NULL);
    const int files = debuggee_files(&d);
    for (int i = 0; i < CONNECTIONS; i++) {
        wire_open(&w[i], &d);
        wire_put(&w[i], list, sizeof list - 1);
        assert_int_equal(status_of(&w[i]), 200);
    }
    assert_int_equal(ask(&d, list), 0);
    for (int i = 0; i < CONNECTIONS; i++)
        wire_close(&w[i]);
    debuggee_await_files(&d, files);
    assert_int_equal(ask(&d, list), 200);
    debuggee_stop(&d);
}

/* The close code that a session's connection ends with. */
static int close_code(wire *w)
{
    char *p;
    size_t n;

    for (unsigned first; (first = wire_next(w, &p, &n));)
        if (first == WIRE_CLOSE && n >= 2)
            return (unsigned char)p[0] << 8 | (unsigned char)p[1];
    return 0;
}

static void too_large_messages(void **state)
{
    enum { MESSAGE = 10000, FRAGMENTS = 50 };
    cdp_inspector_options opt = { .limits = { .message = MESSAGE, .fragments = FRAGMENTS } };
    char text[MESSAGE + 2], frame[sizeof text + 14];
    static const char command[] = "{\"id\":1,\"method\":\"Runtime.enable\"";
    debuggee d;
    wire w;

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, command, sizeof command - 1);
    debuggee_start(&d, &opt, NULL);

    text[MESSAGE - 1] = '}';
    wire_attach(&w, &d);
    wire_put(&w, frame, wire_frame(frame, WIRE_TEXT, text, MESSAGE));
    wire_await(&w, "{\"id\":1,");
    wire_put(&w, frame, wire_frame(frame, WIRE_TEXT, text, MESSAGE + 1));
    assert_int_equal(close_code(&w), 1009);
    wire_close(&w);

    wire_attach(&w, &d);
    for (int i = 0; i < FRAGMENTS + 1; i++)
        wire_put(&w, frame, wire_frame(frame, i ? 0x00 : 0x01, "{", 1));
    assert_int_equal(close_code(&w), 1009);
    wire_close(&w);
    debuggee_stop(&d);
}

static void too_large_heads(void **state)
{
    enum { HEAD = 1000, LINES = 10 };
    cdp_inspector_options opt = { .limits = { .head = HEAD, .lines = LINES } };
    char request[4096] = "GET /json/list HTTP/1.1\r\nHost: localhost\r\n";
    debuggee d;
    size_t n = strlen(request);

    (void)state;
    debuggee_start(&d, &opt, NULL);
    memcpy(request + n, "X: ", 3);
    memset(request + n + 3, 'x', sizeof request - n - 3);
    memcpy(request + HEAD - 4, "\r\n\r\n", 5);
    assert_int_equal(ask(&d, request), 200);
    memcpy(request + HEAD - 4, "x\r\n\r\n", 6);
    assert_int_equal(ask(&d, request), 431);
    for (int i = 0; i < LINES - 1; i++, n += 6)
        memcpy(request + n, "X: x\r\n", 6);
    memcpy(request + n, "\r\n", 3);
    assert_int_equal(ask(&d, request), 200);
    memcpy(request + n, "X: x\r\n\r\n", 9);
    assert_int_equal(ask(&d, request), 431);
    debuggee_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundreds_that_say_nothing), cmocka_unit_test(one_that_has_asked),
        cmocka_unit_test(too_many_sessions),         cmocka_unit_test(too_many_connections),
        cmocka_unit_test(too_large_messages),        cmocka_unit_test(too_large_heads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
