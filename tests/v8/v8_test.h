/*
 * v8_test.h - a host and a session for each test, and short forms of what they all do.
 */
#ifndef V8_TEST_H
#define V8_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cdp/debugger.h>
#include <cdp/heap_profiler.h>
#include <cdp/host.h>
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct fixture {
    cdp_host *h;
    cdp_session *s;     /* the test may close it; then NULL */
    char out[2][65536]; /* what was printed to fd 1 and 2 */
    size_t n_out[2];
    int uncaught; /* how often */
    char last_uncaught[512];
} fixture;

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A test with a fixture. */
#define V8_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

/* Runs a script that must succeed. */
void run(fixture *f, const char *text);

/* Evaluates; the value as JSON text in static memory, "undefined", or "throws: " and what. */
const char *eval(cdp_session *s, const char *expression);

/* The evaluation's result itself; one cdp_free(). */
cdp_runtime_evaluate_result *evaluate(cdp_session *s, const char *expression, bool await_promise);

#define assert_text(str, text)                  \
    do {                                        \
        cdp_str text_ = (str);                  \
        assert_non_null(text_.ptr);             \
        assert_string_equal(text_.ptr, (text)); \
    } while (0)

#define assert_has(haystack, needle)                               \
    do {                                                           \
        if (!strstr((haystack), (needle)))                         \
            fail_msg("\"%s\" lacks \"%s\"", (haystack), (needle)); \
    } while (0)

#endif /* V8_TEST_H */
