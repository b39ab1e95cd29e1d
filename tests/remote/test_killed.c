/* test_killed.c - peers that are killed amid a message: every call that waits ends with a reason.
 */
#include "hostile.h"
#include "started.h"
#include "visit.h"

#include "support/codec_help.h"

#include <cdp/runtime.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CALLS = 20 };

/* Memory that AddressSanitizer keeps back would be copied by every fork(). */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1";
}

typedef struct victim {
    visit v;
    unsigned events, ended, right, lost;
    char why[256];
} victim;

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    victim *k = data;

    (void)s;
    (void)res;
    k->ended++;
    k->right += err && err->status == CDP_EIO && err->message.len > 0;
    snprintf(k->why, sizeof k->why, "%s", err ? err->message.ptr : "it was answered");
}

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    victim *k = data;

    (void)s;
    k->lost += why->status == CDP_EIO;
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)ev;
    ((victim *)data)->events++;
}

static void begin(victim *k, const char *url, bool driven)
{
    *k = (victim){ .lost = 0 };
    assert_int_equal(visit_begin(&k->v, url, NULL, driven), 0);
    cdp_set_lost(k->v.s, on_lost, k);
    assert_true(cdp_runtime_on_console_api_called(k->v.s, on_console, k) > 0);
}

static void call(victim *k, const cdp_runtime_evaluate_params *p)
{
    for (int i = 0; i < CALLS; i++)
        assert_true(cdp_runtime_evaluate_async(k->v.s, p, on_reply, k) > 0);
}

/* Up to so many events, and a while. */
static void go_on(victim *k, unsigned events, unsigned us)
{
    const struct timespec t = { 0, us * 1000L };

    while (k->events < events)
        visit_turn(&k->v);
    nanosleep(&t, NULL);
}

static void end(victim *k)
{
    visit_again(&k->v);
    while (k->ended < CALLS || !k->lost)
        visit_turn(&k->v);
    if (k->right != CALLS)
        fail_msg("a call has ended otherwise: %s", k->why);
    assert_int_equal(k->lost, 1);
    visit_end(&k->v);
    assert_int_equal(k->ended, CALLS);
}

/* It answers nothing, and says a lot; some die before they have said anything. */
static void a_thousand_times(void **state)
{
    static const hostile_script chatty = {
        .socket = { "up", "20* call",
                    "* text {\"method\":\"Runtime.consoleAPICalled\",\"params\":{\"x\":"
                    "\"$(2000*01234567890123456789012345678901234567890123456789)\"}}" }
    };
    const cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    help_random random = { 1 };
    hostile h;
    victim k;
    char url[64];

    (void)state;
    unsigned files = 0;
    for (unsigned i = 0; i < 1000; i++) {
        hostile_fork(&h, &chatty);
        snprintf(url, sizeof url, "ws://127.0.0.1:%u/", h.port);
        begin(&k, url, i % 2);
        call(&k, &p);
        go_on(&k, i % 8 == 7 ? 0 : help_below(&random, 6), help_below(&random, 500));
        hostile_kill(&h);
        end(&k);
        if (i == 1) /* the first loops opened some that stay */
            files = open_files();
    }
    assert_int_equal(open_files(), files);
}

static void a_node_twenty_times(void **state)
{
    static const char script[] = "setInterval(() => console.log('x'.repeat(1e5)), 1);";
    const cdp_runtime_evaluate_params p = { .expression = cdp_s("new Promise(() => {})"),
                                            .await_promise = CDP_SOME(true) };
    help_random random = { 2 };
    started node;
    victim k;

    (void)state;
    const unsigned files = open_files();
    for (unsigned i = 0; i < 20; i++) {
        if (!started_node(&node, script))
            skip();
        begin(&k, node.url, i % 2);
        assert_true(cdp_runtime_enable_async(k.v.s, NULL, NULL) > 0);
        call(&k, &p);
        go_on(&k, 1 + help_below(&random, 6), help_below(&random, 5000));
        started_kill(&node);
        end(&k);
        started_end(&node);
    }
    assert_int_equal(open_files(), files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_times),
        cmocka_unit_test(a_node_twenty_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
