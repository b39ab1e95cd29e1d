/*
 * test_pressure.c - who sends or receives faster than the other: pausing, bounded queues, messages
 * that are large, and the memory that they leave behind.
 */
#include "reach.h"

#include <cdp/value.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- pausing --------------------------------------------------------------------- */

static void pause_now(reach *r)
{
    if (r->events == 10)
        assert_int_equal(cdp_pause(r->s, true), 0);
}

/* Turns that would show what comes, if anything did. */
static void idle(reach *r)
{
    for (int i = 0; i < 5; i++)
        reach_turn(r);
}

static void pauses(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_event = pause_now;
    reach_call(&r, "Test.flood", "{\"n\":2000,\"size\":1000}");
    REACH_UNTIL(&r, r.events == 10);
    idle(&r);
    assert_int_equal(r.events, 10);
    assert_int_equal(r.ended, 0);
    assert_int_equal(cdp_pause(r.s, false), 0);
    REACH_UNTIL(&r, r.ended == 1);
    assert_int_equal(r.events, 2000);
    assert_false(r.disorder);
    assert_int_equal(r.failed, 0);
    reach_end(&r);
}

static void pause_and_resume(reach *r)
{
    cdp_pause(r->s, true);
    if (r->events % 3 || r->events == 300)
        cdp_pause(r->s, false);
}

static void resume_in_callback(reach *r)
{
    cdp_pause(r->s, false);
}

/* Each event pauses; some resume at once, the others' pause ends in a call's end. */
static void pauses_in_callbacks(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_event = pause_and_resume;
    r.on_call = resume_in_callback;
    reach_call(&r, "Test.flood", "{\"n\":300,\"size\":10}");
    while (r.events < 300 || r.ended < 1) {
        unsigned before = r.events;
        reach_turn(&r);
        if (r.events == before && r.events < 300) {
            cdp_set_timeout(r.s, 0, 1); /* a call that times out while paused */
            reach_call(&r, "Test.mute", NULL);
            cdp_set_timeout(r.s, 0, 60000);
        }
    }
    REACH_UNTIL(&r, r.ended > r.failed);
    assert_int_equal(r.events, 300);
    assert_false(r.disorder);
    reach_end(&r);
}

static void closes_while_paused(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_event = pause_now;
    reach_call(&r, "Test.flood", "{\"n\":2000,\"size\":1000}");
    REACH_UNTIL(&r, r.events == 10);
    cdp_close(r.s);
    r.s = NULL;
    assert_int_equal(r.ended, 1);
    assert_int_equal(r.status, CDP_ECLOSED);
    reach_end(&r);
}

static void close_now(reach *r)
{
    cdp_close(r->s);
    r->s = NULL;
}

/* The stash's callback closes. */
static void closes_in_the_stash(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_event = pause_now;
    reach_call(&r, "Test.flood", "{\"n\":20,\"size\":10}");
    REACH_UNTIL(&r, r.events == 10);
    r.on_event = close_now;
    cdp_pause(r.s, false);
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.events, 11);
    reach_end(&r);
}

/* What had been read is delivered, and then the end. */
static void peer_ends_while_paused(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_event = pause_now;
    reach_call(&r, "Test.flood", "{\"n\":100,\"size\":10}");
    reach_call(&r, "Test.bye", NULL);
    REACH_UNTIL(&r, r.events == 10);
    idle(&r);
    assert_int_equal(r.lost, 0);
    cdp_pause(r.s, false);
    REACH_UNTIL(&r, r.lost == 1);
    assert_int_equal(r.events, 100);
    assert_int_equal(r.ended, 2);
    assert_int_equal(r.status, CDP_ECLOSED);
    assert_string_equal(r.why, "the WebSocket was closed with 1000: bye");
    reach_end(&r);
}

static void peer_dies_while_paused(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    cdp_pause(r.s, true);
    reach_call(&r, "Test.mute", NULL);
    REACH_UNTIL(&r, peer_commands(&r.peer) == 1);
    peer_drop(&r.peer);
    idle(&r);
    cdp_pause(r.s, false);
    REACH_UNTIL(&r, r.lost == 1);
    assert_int_equal(r.ended, 1);
    assert_int_equal(r.status, CDP_EIO);
    assert_int_equal(cdp_pause(r.s, true), CDP_EIO);
    reach_end(&r);
}

/* ---- the queue -------------------------------------------------------------------- */

enum { CHUNK = 64 << 10 };

static void fill(char *json, size_t n)
{
    memset(json, 'x', n);
    memcpy(json, "{\"a\":\"", 6);
    memcpy(json + n - 2, "\"}", 3);
}

static void bounds_its_queue(void **state)
{
    const cdp_remote_options opt = { .max_queue = 1 << 20 };
    char *params = malloc(CHUNK + 1);
    unsigned made = 0;
    reach r;

    assert_non_null(params);
    fill(params, CHUNK);
    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    peer_deafen(&r.peer, true);
    while (!r.failed) { /* fills the system's buffers first */
        reach_call(&r, "Test.a", params);
        made++;
        reach_turn(&r);
        assert_true(cdp_queued(r.s) <= (1 << 20) + 2 * CHUNK);
    }
    assert_int_equal(r.status, CDP_ETOOBIG);
    assert_non_null(strstr(r.why, "the peer does not take what was sent before"));
    assert_true(cdp_queued(r.s) > 0);
    const unsigned drained = r.drained;
    peer_deafen(&r.peer, false);
    REACH_UNTIL(&r, r.ended == made);
    assert_int_equal(r.failed, 1);
    assert_true(r.drained > drained);
    assert_int_equal(cdp_queued(r.s), 0);
    reach_end(&r);
    free(params);
}

/* Sends by `drained` alone, whether that is told at once or later. */
static void send_more(reach *r)
{
    static char params[CHUNK + 1];

    if (!*params)
        fill(params, CHUNK);
    if (r->drained < 50)
        for (unsigned i = 0; i < r->drained % 5 + 1; i++)
            reach_call(r, "Test.a", r->drained % 2 ? params : NULL);
}

static void feeds_by_drained(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_drained = send_more;
    reach_call(&r, "Test.a", NULL);
    REACH_UNTIL(&r, r.drained == 50);
    assert_int_equal(cdp_queued(r.s), 0);
    reach_end(&r);
}

static void closes_in_drained(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_drained = close_now;
    reach_call(&r, "Test.mute", NULL);
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.status, CDP_ECLOSED);
    reach_end(&r);
}

/* ---- size ------------------------------------------------------------------------- */

static void takes_large_messages(void **state)
{
    enum { LARGE = 100 << 20 };
    const cdp_remote_options opt = { .session.max_message = 200 << 20,
                                     .session.timeout_ms = CDP_NO_TIMEOUT };
    char params[64];
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    r.heap.peak = 0;
    snprintf(params, sizeof params, "{\"size\":%d}", LARGE);
    reach_call(&r, "Test.big", params);
    REACH_UNTIL(&r, r.ended == 1);
    assert_int_equal(r.failed, 0);
    assert_true(r.heap.peak >= LARGE);
    assert_true(r.heap.peak < 2 * (size_t)LARGE); /* there is no copy of it */
    reach_call(&r, "Test.a", NULL);
    REACH_UNTIL(&r, r.ended == 2);
    assert_true(r.heap.bytes < 4 << 20); /* nothing is kept of it */
    reach_end(&r);
}

static void sends_large_messages(void **state)
{
    enum { LARGE = 100 << 20 };
    const cdp_remote_options opt = { .session.timeout_ms = CDP_NO_TIMEOUT, .max_queue = 1 << 20 };
    char *params = malloc(LARGE + 1);
    reach r;

    assert_non_null(params);
    fill(params, LARGE);
    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    reach_call(&r, "Test.a", params);
    REACH_UNTIL(&r, r.ended == 1);
    assert_int_equal(r.failed, 0);
    assert_true(r.heap.bytes < 4 << 20);
    reach_end(&r);
    free(params);
}

static void refuses_larger_ones(void **state)
{
    const cdp_remote_options opt = { .session.max_message = 1 << 20 };
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    reach_call(&r, "Test.big", "{\"size\":2000000}");
    REACH_UNTIL(&r, r.lost == 1);
    assert_int_equal(r.failed, 1);
    assert_true(r.heap.bytes < 1 << 20);
    reach_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REACH_BOTH(pauses),
        REACH_BOTH(pauses_in_callbacks),
        REACH_BOTH(closes_while_paused),
        REACH_BOTH(closes_in_the_stash),
        REACH_BOTH(peer_ends_while_paused),
        REACH_BOTH(peer_dies_while_paused),
        REACH_BOTH(bounds_its_queue),
        REACH_BOTH(feeds_by_drained),
        REACH_BOTH(closes_in_drained),
        REACH_BOTH(takes_large_messages),
        REACH_BOTH(sends_large_messages),
        REACH_BOTH(refuses_larger_ones),
    };

    return cmocka_run_group_tests_name("pressure", tests, NULL, NULL);
}
