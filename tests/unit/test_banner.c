/*
 * test_banner.c - what an inspector says is taken out of what its program says, however it comes in
 * pieces.
 */
#include "../../runtime/net/banner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 4096 };

typedef struct log {
    char passed[ROOM], url[ROOM];
    size_t len;
    unsigned listens;
} log;

static void on_pass(void *self, const char *bytes, size_t len)
{
    log *l = self;

    assert_true(len > 0 && l->len + len < ROOM);
    memcpy(l->passed + l->len, bytes, len);
    l->len += len;
}

static void on_listens(void *self, const char *url)
{
    log *l = self;

    l->listens++;
    snprintf(l->url, sizeof l->url, "%s", url);
}

/* In pieces of `step` bytes. */
static void run(log *l, cdp__banner *b, const char *text, size_t step)
{
    size_t len = strlen(text);

    *l = (log){ .len = 0 };
    *b = (cdp__banner){ .pass = on_pass, .listens = on_listens, .self = l };
    for (size_t at = 0; at < len; at += step)
        cdp__banner_feed(b, text + at, step < len - at ? step : len - at);
    cdp__banner_end(b);
}

/* url: NULL where nothing listens. */
static void expect(const char *text, const char *passed, const char *url)
{
    static log l;
    cdp__banner b;

    for (size_t step = 1; step <= strlen(text); step++) {
        run(&l, &b, text, step);
        assert_int_equal(l.len, strlen(passed));
        assert_memory_equal(l.passed, passed, l.len);
        assert_int_equal(l.listens, url != NULL);
        assert_string_equal(l.url, url ? url : "");
        assert_int_equal(cdp__banner_said(&b, CDP__BANNER_LISTENING), url != NULL);
    }
}

#define LISTENING "Debugger listening on ws://127.0.0.1:9229/uuid\n"
#define HELP "For help, see: https://nodejs.org/en/docs/inspector\n"
#define URL "ws://127.0.0.1:9229/uuid"

static void an_inspector(void **state)
{
    (void)state;
    expect(LISTENING, "", URL);
    expect(LISTENING HELP, "", URL);
    expect(LISTENING HELP "one\n", "one\n", URL);
    expect("before\n" LISTENING HELP "Debugger attached.\none\nWaiting for the debugger to "
           "disconnect...\ntwo\nDebugger ending on " URL "\n" HELP "three",
           "before\none\ntwo\nthree", URL);
    expect(LISTENING "Visit chrome://inspect to connect to the debugger.\n"
                     "Deno is waiting for debugger to connect.\nx",
           "x", URL);
}

static void the_program(void **state)
{
    (void)state;
    expect("x", "x", NULL);
    expect("\n", "\n", NULL);
    expect("\n\n\nx\n", "\n\n\nx\n", NULL);
    expect("Debugger", "Debugger", NULL);
    expect("Debugger listening on", "Debugger listening on", NULL);
    expect("Debugger listening on\n", "Debugger listening on\n", NULL);
    expect("Debugger attached.!\n", "Debugger attached.!\n", NULL);
    expect("Debugger attached. \nDebugger attached", "Debugger attached. \nDebugger attached",
           NULL);
    expect(" " LISTENING, " " LISTENING, NULL);
    expect("DebuggerDebugger attached.\n", "DebuggerDebugger attached.\n", NULL);
    /* another inspector's */
    expect(LISTENING HELP LISTENING HELP, LISTENING HELP, URL);
    expect(LISTENING "Debugger attached.\nDebugger attached.\n", "Debugger attached.\n", URL);
}

/* A prompt is not held back until its line ends. */
static void a_prompt(void **state)
{
    static log l;
    cdp__banner b = { .pass = on_pass, .listens = on_listens, .self = &l };

    (void)state;
    cdp__banner_feed(&b, "Deb", 3);
    assert_int_equal(l.len, 0);
    cdp__banner_feed(&b, "ug? ", 4);
    assert_int_equal(l.len, 7);
    cdp__banner_feed(&b, "Debugger attached.\n", 19);
    assert_int_equal(l.len, 26);
    cdp__banner_end(&b);
    assert_int_equal(l.len, 26);
}

static void its_end(void **state)
{
    static log l;
    cdp__banner b;

    (void)state;
    run(&l, &b, "Waiting for the debugger to disconnect...\n", 1);
    assert_true(cdp__banner_said(&b, CDP__BANNER_WAITING));
    assert_int_equal(l.len, 0);
    run(&l, &b, "Waiting for the debugger to disconnect...", 1);
    assert_false(cdp__banner_said(&b, CDP__BANNER_WAITING));
    assert_int_equal(l.len, 41);
}

static void long_lines(void **state)
{
    static char text[ROOM];
    static log l;
    cdp__banner b;

    (void)state;
    for (size_t len = CDP__BANNER_LINE - 3; len < CDP__BANNER_LINE + 3; len++) {
        memset(text, 'x', len);
        memcpy(text, LISTENING, strlen(LISTENING) - 1);
        memcpy(text + len, "\nend\n", 6);
        run(&l, &b, text, 7);
        assert_int_equal(l.listens, len < CDP__BANNER_LINE - 1);
        assert_string_equal(l.passed, l.listens ? "end\n" : text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inspector), cmocka_unit_test(the_program), cmocka_unit_test(a_prompt),
        cmocka_unit_test(its_end),      cmocka_unit_test(long_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
