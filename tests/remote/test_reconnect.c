/*
 * test_reconnect.c - a peer is lost, and another takes its place: what ends, what is said again,
 * and what is not.
 */
#include "reach.h"

#include <stdio.h>
#include <stdlib.h>

static const cdp_remote_options quick = { .reconnect = { .attempts = 1000, .delay_ms = 1 } };

static void expect_log(reach *r, const char *want)
{
    char *log;

    for (;;) {
        log = peer_log(&r->peer);
        if (strcmp(log, want) == 0)
            break;
        if (strlen(log) > strlen(want))
            assert_string_equal(log, want);
        free(log);
        reach_turn(r);
    }
    free(log);
}

/* Makes a call and has it answered. */
static void say(reach *r, const char *method, const char *params)
{
    const unsigned ended = r->ended;

    reach_call(r, method, params);
    REACH_UNTIL(r, r->ended > ended);
}

static void lose_and_find(reach *r)
{
    const unsigned opened = r->opened;

    peer_drop(&r->peer);
    REACH_UNTIL(r, r->opened > opened);
}

/* ---- what is said again ------------------------------------------------------------- */

typedef struct said {
    const char *method, *params;
} said;

typedef struct memory_row {
    const char *name;
    said said[12];
    const char *again; /* what the next peer is told */
} memory_row;

static const memory_row memories[] = {
    { "in its order",
      { { "Debugger.enable", "{\"maxScriptsCacheSize\":1000}" },
        { "Debugger.setBreakpointByUrl", "{\"lineNumber\":3,\"url\":\"a.js\"}" },
        { "Runtime.enable", NULL },
        { "Debugger.setPauseOnExceptions", "{\"state\":\"all\"}" },
        { "Debugger.setBreakpointByUrl", "{\"lineNumber\":4,\"url\":\"a.js\"}" },
        { "Target.setAutoAttach", "{\"autoAttach\":true}" },
        { "Runtime.addBinding", "{\"name\":\"a\"}" },
        { "Page.addScriptToEvaluateOnNewDocument", "{\"source\":\"1\"}" } },
      "Debugger.enable{\"maxScriptsCacheSize\":1000}\n"
      "Debugger.setBreakpointByUrl{\"lineNumber\":3,\"url\":\"a.js\"}\n"
      "Runtime.enable\n"
      "Debugger.setPauseOnExceptions{\"state\":\"all\"}\n"
      "Debugger.setBreakpointByUrl{\"lineNumber\":4,\"url\":\"a.js\"}\n"
      "Target.setAutoAttach{\"autoAttach\":true}\n"
      "Runtime.addBinding{\"name\":\"a\"}\n"
      "Page.addScriptToEvaluateOnNewDocument{\"source\":\"1\"}\n" },
    { "the last of each, where the first was",
      { { "Debugger.enable", NULL },
        { "Debugger.setPauseOnExceptions", "{\"state\":\"all\"}" },
        { "Network.enable", NULL },
        { "Debugger.enable", "{\"maxScriptsCacheSize\":1}" },
        { "Debugger.setPauseOnExceptions", "{\"state\":\"none\"}" } },
      "Debugger.enable{\"maxScriptsCacheSize\":1}\n"
      "Debugger.setPauseOnExceptions{\"state\":\"none\"}\nNetwork.enable\n" },
    { "until it is disabled",
      { { "Debugger.enable", NULL },
        { "Debugger.setBreakpointByUrl", "{\"lineNumber\":3,\"url\":\"a.js\"}" },
        { "DebuggerX.enable", NULL },
        { "Runtime.enable", NULL },
        { "Runtime.addBinding", "{\"name\":\"a\"}" },
        { "Runtime.disable", NULL }, /* which bindings outlive */
        { "Debugger.disable", NULL } },
      "DebuggerX.enable\nRuntime.addBinding{\"name\":\"a\"}\n" },
    { "but for breakpoints that were removed",
      { { "Debugger.setBreakpointByUrl", "{\"lineNumber\":3,\"url\":\"a.js\"}" },
        { "Debugger.setBreakpointByUrl", "{\"lineNumber\":4,\"url\":\"a.js\"}" },
        { "Debugger.removeBreakpoint", "{\"breakpointId\":\"1:3:0:url\"}" } },
      "Debugger.setBreakpointByUrl{\"lineNumber\":4,\"url\":\"a.js\"}\n" },
    { "but for scripts, bindings and overrides that were removed",
      { { "Page.addScriptToEvaluateOnNewDocument", "{\"source\":\"1\"}" },
        { "Page.addScriptToEvaluateOnNewDocument", "{\"source\":\"2\"}" },
        { "Runtime.addBinding", "{\"name\":\"a\",\"executionContextName\":\"w\"}" },
        { "Runtime.addBinding", "{\"name\":\"b\"}" },
        { "Emulation.setGeolocationOverride", "{\"latitude\":1}" },
        { "Emulation.setIdleOverride", "{\"isUserActive\":true}" },
        { "DOMDebugger.setXHRBreakpoint", "{\"url\":\"x\"}" },
        { "Page.removeScriptToEvaluateOnNewDocument", "{\"identifier\":\"1\"}" },
        { "Runtime.removeBinding", "{\"name\":\"a\"}" },
        { "Emulation.clearGeolocationOverride", NULL },
        { "DOMDebugger.removeXHRBreakpoint", "{\"url\":\"x\"}" } },
      "Page.addScriptToEvaluateOnNewDocument{\"source\":\"2\"}\n"
      "Runtime.addBinding{\"name\":\"b\"}\n"
      "Emulation.setIdleOverride{\"isUserActive\":true}\n" },
    { "several, where they can stand",
      { { "Emulation.setSensorOverrideEnabled", "{\"enabled\":true,\"type\":\"gravity\"}" },
        { "Emulation.setSensorOverrideEnabled", "{\"enabled\":true,\"type\":\"gyroscope\"}" },
        { "Emulation.setSensorOverrideEnabled", "{\"enabled\":false,\"type\":\"gravity\"}" },
        { "Emulation.setTimezoneOverride", "{\"timezoneId\":\"UTC\"}" } },
      "Emulation.setSensorOverrideEnabled{\"enabled\":false,\"type\":\"gravity\"}\n"
      "Emulation.setSensorOverrideEnabled{\"enabled\":true,\"type\":\"gyroscope\"}\n"
      "Emulation.setTimezoneOverride{\"timezoneId\":\"UTC\"}\n" },
    { "nothing that starts, acts, or names an object",
      { { "Profiler.enable", NULL },
        { "Profiler.start", NULL },
        { "Profiler.startPreciseCoverage", NULL },
        { "HeapProfiler.startSampling", NULL },
        { "Runtime.evaluate", "{\"expression\":\"1\"}" },
        { "Debugger.setBreakpoint", "{\"location\":{\"scriptId\":\"1\",\"lineNumber\":1}}" },
        { "Debugger.setScriptSource", "{\"scriptId\":\"1\",\"scriptSource\":\"\"}" },
        { "DOM.setAttributeValue", "{\"nodeId\":1,\"name\":\"a\",\"value\":\"b\"}" },
        { "Network.setCookie", "{\"name\":\"a\",\"value\":\"b\"}" },
        { "Debugger.setBlackboxExecutionContexts", "{\"uniqueIds\":[\"1\"]}" } },
      "Profiler.enable\n" },
};

static void says_again(void **state)
{
    const memory_row *row = *state;

    for (int driven = 0; driven < 2; driven++) {
        reach r;
        reach_start(&r, driven);
        reach_open(&r, NULL, &quick);
        for (const said *s = row->said; s->method; s++)
            say(&r, s->method, s->params);
        assert_int_equal(r.failed, 0);
        lose_and_find(&r);
        expect_log(&r, row->again);
        lose_and_find(&r); /* and to the one after it */
        expect_log(&r, row->again);
        reach_end(&r);
    }
}

/* What the peer refused or did not answer does not count, nor what was said to a child. */
static void counts_success(void **state)
{
    cdp_session *child;
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    peer_refuse(&r.peer, "Network.enable");
    say(&r, "Runtime.enable", NULL);
    say(&r, "Network.enable", NULL);
    assert_int_equal(r.failed, 1);
    peer_refuse(&r.peer, "Runtime.disable");
    say(&r, "Runtime.disable", NULL);
    assert_int_equal(cdp_attach(&child, r.s, cdp_s("c1")), 0);
    assert_int_not_equal(cdp_call_async(child, "Page.enable", cdp_json(NULL), NULL, NULL), 0);
    say(&r, "Log.enable", NULL);
    lose_and_find(&r);
    expect_log(&r, "Runtime.enable\nLog.enable\n");
    reach_end(&r);
}

/* A peer that is lost before it has answered all takes nothing along. */
static void remembers_what_was_not_answered_again(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    say(&r, "Runtime.enable", NULL);
    say(&r, "Debugger.enable", NULL);
    for (int i = 0; i < 20; i++)
        lose_and_find(&r);
    expect_log(&r, "Runtime.enable\nDebugger.enable\n");
    reach_end(&r);
}

/* ---- calls --------------------------------------------------------------------------- */

static void ends_what_is_in_flight(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    reach_call(&r, "Test.mute", NULL);
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.ended == 2);
    assert_int_equal(r.failed, 2);
    assert_int_equal(r.status, CDP_EIO);
    assert_string_equal(r.why, "Test.drop: connection reset by peer");
    assert_int_equal(r.lost, 0);
    REACH_UNTIL(&r, r.opened == 2);
    say(&r, "Test.a", NULL);
    assert_int_equal(r.failed, 2);
    reach_end(&r);
}

/* Calls wait for the next peer, behind what it is told again, unless they end before. */
static void keeps_calls(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    say(&r, "Runtime.enable", NULL);
    peer_hide(&r.peer, true);
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.failed == 1);
    reach_call(&r, "Test.a", "{\"x\":1}");
    cdp_set_timeout(r.s, 0, 1);
    say(&r, "Test.late", NULL);
    assert_int_equal(r.status, CDP_ETIMEDOUT);
    cdp_set_timeout(r.s, 0, 60000);
    reach_call(&r, "Test.b", NULL);
    reach_call(&r, "Debugger.enable", NULL);
    assert_true(cdp_queued(r.s) > 0);
    peer_hide(&r.peer, false);
    REACH_UNTIL(&r, r.ended == 6);
    assert_int_equal(r.failed, 2);
    expect_log(&r, "Runtime.enable\nTest.a{\"x\":1}\nTest.b\nDebugger.enable\n");
    lose_and_find(&r);
    expect_log(&r, "Runtime.enable\nDebugger.enable\n");
    reach_end(&r);
}

static void call_again(reach *r)
{
    if (r->status == CDP_EIO)
        reach_call(r, "Test.again", NULL);
}

/* What callbacks start when their calls end is for the next peer. */
static void calls_again_in_callbacks(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    r.on_call = call_again;
    for (int i = 0; i < 100; i++)
        reach_call(&r, "Test.mute", NULL);
    REACH_UNTIL(&r, peer_commands(&r.peer) == 100);
    peer_drop(&r.peer);
    REACH_UNTIL(&r, r.ended == 200);
    assert_int_equal(r.failed, 100);
    reach_end(&r);
}

static void bounds_what_it_keeps(void **state)
{
    cdp_remote_options opt = quick;
    reach r;

    opt.max_queue = 1000;
    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    peer_hide(&r.peer, true);
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.failed == 1);
    while (r.failed == 1) {
        reach_call(&r, "Test.a", NULL);
        cdp_set_timeout(r.s, 0, CDP_NO_TIMEOUT);
        if (cdp_queued(r.s) > 1000)
            reach_turn(&r);
    }
    assert_int_equal(r.status, CDP_ETOOBIG);
    reach_end(&r);
}

static void waits_in_calls(void **state)
{
    cdp_value *v;
    reach r;

    (void)state;
    reach_start(&r, false);
    reach_open(&r, NULL, &quick);
    assert_int_equal(cdp_call(r.s, "Test.drop", cdp_json(NULL), &v), CDP_EIO);
    assert_int_equal(cdp_call(r.s, "Test.a", cdp_json(NULL), &v), 0);
    cdp_free(v);
    assert_int_equal(r.opened, 2);
    reach_end(&r);
}

/* ---- where to, and how often ------------------------------------------------------------ */

static void discovers_again(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, r.peer.http, &quick);
    say(&r, "Runtime.enable", NULL);
    peer_renew(&r.peer);
    lose_and_find(&r);
    expect_log(&r, "Runtime.enable\n");
    reach_end(&r);
}

static void gives_up(void **state)
{
    const cdp_remote_options opt = { .reconnect = { .attempts = 3, .delay_ms = 1 } };
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    lose_and_find(&r); /* a success: it counts from there */
    peer_renew(&r.peer);
    const unsigned reads = peer_reads(&r.peer);
    peer_drop(&r.peer);
    REACH_UNTIL(&r, r.lost == 1);
    assert_int_equal(peer_reads(&r.peer) - reads, 3);
    assert_int_equal(r.status, CDP_EPROTO);
    assert_non_null(strstr(r.why, "404"));
    assert_int_equal(cdp_queued(r.s), 0);
    reach_call(&r, "Test.a", NULL);
    REACH_UNTIL(&r, r.ended == 1);
    assert_int_equal(r.status, CDP_EPROTO);
    reach_end(&r);
}

/* Calls that wait end with it. */
static void gives_up_on_calls(void **state)
{
    const cdp_remote_options opt = { .reconnect = { .attempts = 2, .delay_ms = 1 } };
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    peer_hide(&r.peer, true);
    r.on_call = call_again;
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.lost == 1);
    r.on_call = NULL;
    REACH_UNTIL(&r, r.ended >= 2);
    assert_int_equal(r.status, CDP_EIO);
    assert_non_null(strstr(r.why, "connection refused"));
    reach_end(&r);
}

static void tells_the_first_failure_at_once(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    peer_hide(&r.peer, true);
    int rc = reach_connect(&r, NULL, &quick);
    REACH_UNTIL(&r, rc < 0 || r.lost);
    assert_int_equal(r.opened, 0);
    assert_int_equal(rc < 0 ? rc : r.status, CDP_EIO);
    reach_end(&r);
}

/* ---- children --------------------------------------------------------------------------- */

static void on_child_call(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    (void)result;
    *(int *)data = err ? err->status : 0;
}

static void on_child_lost(cdp_session *s, const cdp_error *why, void *data)
{
    (void)s;
    assert_int_equal(why->status, CDP_EIO);
    ++*(unsigned *)data;
}

static void ends_children(void **state)
{
    cdp_session *child, *grandchild, *next;
    unsigned lost = 0;
    int status = 0;
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    assert_int_equal(cdp_attach(&child, r.s, cdp_s("c1")), 0);
    assert_int_equal(cdp_attach(&grandchild, child, cdp_s("c2")), 0);
    cdp_set_lost(child, on_child_lost, &lost);
    cdp_set_lost(grandchild, on_child_lost, &lost);
    cdp_call_async(grandchild, "Test.mute", cdp_json(NULL), on_child_call, &status);
    lose_and_find(&r);
    assert_int_equal(lost, 2);
    assert_int_equal(status, CDP_EIO);
    assert_int_equal(r.lost, 0);
    cdp_call_async(child, "Test.a", cdp_json(NULL), on_child_call, &status);
    REACH_UNTIL(&r, status == CDP_ECLOSED);
    assert_int_equal(cdp_attach(&next, r.s, cdp_s("c1")), 0); /* as Node counts from 1 again */
    cdp_call_async(next, "Test.a", cdp_json(NULL), on_child_call, &status);
    REACH_UNTIL(&r, status == 0);
    reach_end(&r);
}

/* ---- ends ------------------------------------------------------------------------------- */

static void close_now(reach *r)
{
    cdp_close(r->s);
    r->s = NULL;
}

static void close_when_opened_again(reach *r)
{
    if (r->opened == 2)
        close_now(r);
}

static void closes_when_opened_again(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    say(&r, "Runtime.enable", NULL);
    r.on_opened = close_when_opened_again;
    peer_drop(&r.peer);
    REACH_UNTIL(&r, !r.s);
    reach_end(&r);
}

static void closes_when_it_is_lost(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    r.on_call = close_now;
    reach_call(&r, "Test.mute", NULL);
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.ended, 2);
    reach_end(&r);
}

/* While it waits, looks up, connects, discovers: after any number of turns. */
static void closes_while_it_reconnects(void **state)
{
    for (int turns = 0; turns < 12; turns++) {
        reach r;
        reach_start(&r, *state != NULL);
        reach_open(&r, turns % 2 ? r.peer.http : NULL, &quick);
        say(&r, "Runtime.enable", NULL);
        peer_hide(&r.peer, turns % 3 == 0);
        reach_call(&r, "Test.drop", NULL);
        REACH_UNTIL(&r, r.failed == 1);
        reach_call(&r, "Test.mute", NULL);
        for (int i = 0; i < turns && r.driven; i++)
            uv_run(&r.loop, UV_RUN_ONCE);
        for (int i = 0; i < turns && !r.driven; i++)
            cdp_poll(r.s, 1);
        cdp_close(r.s);
        r.s = NULL;
        assert_int_equal(r.status, CDP_ECLOSED);
        peer_hide(&r.peer, false);
        reach_end(&r);
    }
}

static void stays_paused(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &quick);
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.failed == 1);
    cdp_pause(r.s, true);
    REACH_UNTIL(&r, r.opened == 2);
    reach_call(&r, "Test.a", NULL);
    REACH_UNTIL(&r, peer_commands(&r.peer) == 2);
    for (int i = 0; i < 5; i++)
        reach_turn(&r);
    assert_int_equal(r.ended, 1);
    cdp_pause(r.s, false);
    REACH_UNTIL(&r, r.ended == 2);
    reach_end(&r);
}

int main(void)
{
    struct CMUnitTest memory[sizeof memories / sizeof *memories];
    const struct CMUnitTest tests[] = {
        REACH_BOTH(counts_success),
        REACH_BOTH(remembers_what_was_not_answered_again),
        REACH_BOTH(ends_what_is_in_flight),
        REACH_BOTH(keeps_calls),
        REACH_BOTH(calls_again_in_callbacks),
        REACH_BOTH(bounds_what_it_keeps),
        cmocka_unit_test(waits_in_calls),
        REACH_BOTH(discovers_again),
        REACH_BOTH(gives_up),
        REACH_BOTH(gives_up_on_calls),
        REACH_BOTH(tells_the_first_failure_at_once),
        REACH_BOTH(ends_children),
        REACH_BOTH(closes_when_opened_again),
        REACH_BOTH(closes_when_it_is_lost),
        REACH_BOTH(closes_while_it_reconnects),
        REACH_BOTH(stays_paused),
    };

    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        memory[i] = (struct CMUnitTest){ memories[i].name, says_again, NULL, NULL,
                                         (void *)(uintptr_t)&memories[i] };
    int failed = cmocka_run_group_tests_name("says again", memory, NULL, NULL);
    return failed + cmocka_run_group_tests_name("reconnecting", tests, NULL, NULL);
}
