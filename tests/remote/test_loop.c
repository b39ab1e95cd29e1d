/*
 * test_loop.c - loops: the caller's is neither run nor kept, whatever state a session is closed in;
 * a session's own sleeps when nothing happens; and callbacks may close anything.
 */
#include "reach.h"

#include <cdp/runtime.h>

#include <stdio.h>
#include <time.h>

/* ---- closing in every state ------------------------------------------------------- */

typedef enum state_kind { OPEN, DEAF, PAUSED, WRITING, LOST } state_kind;

typedef struct state_row {
    const char *name;
    const char *url; /* its %u is the peer's port */
    state_kind kind;
    int status; /* of the call that was made before */
} state_row;

static const state_row states[] = {
    { "connecting", "ws://127.0.0.1:%u/target/0", OPEN, CDP_ECLOSED },
    { "looking a name up", "ws://localhost:%u/target/0", OPEN, CDP_ECLOSED },
    { "in the handshake", "ws://127.0.0.1:%u/target/0", DEAF, CDP_ECLOSED },
    { "in the TLS handshake", "wss://127.0.0.1:%u/target/0", DEAF, CDP_ECLOSED },
    { "discovering", "http://127.0.0.1:%u", OPEN, CDP_ECLOSED },
    { "discovering, unanswered", "http://127.0.0.1:%u", DEAF, CDP_ECLOSED },
    { "paused", "ws://127.0.0.1:%u/target/0", PAUSED, CDP_ECLOSED },
    { "writing", "ws://127.0.0.1:%u/target/0", WRITING, CDP_ECLOSED },
    { "lost", "ws://127.0.0.1:%u/nothing", LOST, CDP_EPROTO },
};

static void prepare(reach *r, state_kind kind)
{
    static char params[1 << 20];

    if (kind == DEAF)
        return;
    if (kind == LOST) {
        REACH_UNTIL(r, r->lost);
        return;
    }
    REACH_UNTIL(r, r->opened);
    if (kind == PAUSED) {
        peer_say(&r->peer, "{\"method\":\"Test.event\",\"params\":{\"n\":0}}");
        cdp_pause(r->s, true);
        return;
    }
    peer_deafen(&r->peer, true);
    memset(params, 'x', sizeof params - 1);
    memcpy(params, "{\"a\":\"", 6);
    memcpy(params + sizeof params - 3, "\"}", 3);
    for (int i = 0; i < 16; i++) {
        reach_call(r, "Test.a", params);
        uv_run(&r->loop, UV_RUN_NOWAIT);
    }
    assert_true(cdp_queued(r->s) > 0);
}

/* Closed after each number of turns of the loop that connecting takes, and later. */
static void closes_in_every_state(void **state)
{
    const state_row *row = *state;
    cdp_remote_options opt = { .tls = NULL };
    char url[64];

    assert_int_equal(cdp_tls_new(&opt.tls, &(cdp_tls_options){ .insecure = true }, NULL), 0);
    for (int turns = 0; turns < 12; turns++) {
        reach r;
        reach_start(&r, true);
        peer_deafen(&r.peer, row->kind == DEAF);
        snprintf(url, sizeof url, row->url, r.peer.port);
        assert_int_equal(reach_connect(&r, url, &opt), 0);
        reach_call(&r, "Test.mute", NULL);
        if (row->kind != OPEN)
            prepare(&r, row->kind);
        for (int i = 0; i < turns; i++)
            uv_run(&r.loop, UV_RUN_NOWAIT);
        cdp_close(r.s);
        r.s = NULL;
        assert_true(r.ended >= 1);
        assert_int_equal(r.status, row->status);
        reach_end(&r);
    }
    cdp_tls_free(opt.tls);
}

/* ---- a loop of the caller's ---------------------------------------------------------- */

static void never_waits(void **state)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    cdp_value *v;
    reach r;

    (void)state;
    reach_start(&r, true);
    reach_open(&r, NULL, NULL);
    assert_int_equal(cdp_call(r.s, "Test.a", cdp_json(NULL), &v), CDP_ESTATE);
    assert_int_equal(cdp_runtime_evaluate(r.s, &p, NULL), CDP_ESTATE);
    assert_int_equal(cdp_poll(r.s, 0), CDP_ESTATE);
    assert_int_equal(cdp_run(r.s), CDP_ESTATE);
    assert_int_equal(peer_commands(&r.peer), 0);
    reach_end(&r);
}

static void stop_loop(reach *r)
{
    uv_stop(&r->loop);
}

/* Only what the session has keeps the loop running, and it does so until the session ends. */
static void keeps_the_loop_alive(void **state)
{
    reach r;

    (void)state;
    reach_start(&r, true);
    uv_unref((uv_handle_t *)&r.guard);
    assert_int_equal(reach_connect(&r, NULL, NULL), 0);
    r.on_opened = stop_loop;
    assert_int_not_equal(uv_run(&r.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(r.opened, 1);
    reach_call(&r, "Test.drop", NULL);
    assert_int_equal(uv_run(&r.loop, UV_RUN_DEFAULT), 0); /* which nobody stopped */
    assert_int_equal(r.lost, 1);
    reach_end(&r);
}

/* What failed at once is called back in the loop's next turn, not in the call. */
static void calls_back_at_once(void **state)
{
    reach r;

    (void)state;
    reach_start(&r, true);
    reach_open(&r, NULL, NULL);
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.lost);
    assert_int_equal(r.ended, 1);
    reach_call(&r, "Test.a", NULL);
    assert_int_equal(r.ended, 1);
    uv_run(&r.loop, UV_RUN_NOWAIT);
    assert_int_equal(r.ended, 2);
    assert_int_equal(r.status, CDP_EIO);
    reach_end(&r);
}

static void try_again(reach *r)
{
    reach_call(r, "Test.a", NULL);
}

/* Whose callbacks fail and try again for ever leaves turns to others. */
static void shares_the_loop(void **state)
{
    reach r;

    (void)state;
    reach_start(&r, true);
    reach_open(&r, NULL, NULL);
    r.on_call = try_again;
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, r.failed > 3);
    r.on_call = NULL;
    reach_end(&r);
}

/* ---- other threads ------------------------------------------------------------------ */

static void close_posted(cdp_session *s, void *data)
{
    reach *r = data;

    assert_non_null(s);
    cdp_close(s);
    r->s = NULL;
}

static void *post(void *data)
{
    reach *r = data;

    uv_sleep(20); /* the loop sleeps by then, or not: both must work */
    assert_int_equal(cdp_post(r->s, close_posted, r), 0);
    return NULL;
}

static void is_woken_by_a_post(void **state)
{
    pthread_t thread;
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    cdp_session *s = r.s;
    assert_int_equal(pthread_create(&thread, NULL, post, &r), 0);
    if (r.driven) {
        uv_timer_stop(&r.guard);
        assert_int_equal(uv_run(&r.loop, UV_RUN_DEFAULT), 0);
    } else {
        cdp_run(s);
    }
    pthread_join(thread, NULL);
    assert_null(r.s);
    reach_end(&r);
}

/* ---- closing in callbacks ------------------------------------------------------------ */

static void close_now(reach *r)
{
    cdp_close(r->s);
    r->s = NULL;
}

static void closes_in_opened(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    r.on_opened = close_now;
    int rc = reach_connect(&r, NULL, NULL);
    if (!r.driven) {
        assert_int_equal(rc, CDP_ECLOSED);
        assert_null(r.s);
    }
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.opened, 1);
    assert_int_equal(r.lost, 0);
    reach_end(&r);
}

static void closes_in_lost(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_lost = close_now;
    reach_call(&r, "Test.drop", NULL);
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.ended, 1);
    reach_end(&r);
}

static void closes_in_an_event(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_event = close_now;
    reach_call(&r, "Test.flood", "{\"n\":1000,\"size\":100}");
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.events, 1);
    assert_int_equal(r.ended, 1);
    reach_end(&r);
}

static void closes_in_a_call(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    r.on_call = close_now;
    reach_call(&r, "Test.a", NULL);
    reach_call(&r, "Test.b", NULL);
    REACH_UNTIL(&r, !r.s);
    assert_int_equal(r.ended, 2);
    reach_end(&r);
}

/* ---- many sessions ------------------------------------------------------------------- */

enum { MANY = 40 };

typedef struct crowd {
    reach r;
    cdp_session *s[MANY];
    unsigned opened;
} crowd;

static void on_one_opened(cdp_session *s, void *data)
{
    (void)s;
    ((crowd *)data)->opened++;
}

/* Each closes its neighbour, and then itself. */
static void on_one_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    crowd *c = data;
    const size_t i = (size_t)(uintptr_t)cdp_get_data(s), next = (i + 1) % MANY;

    (void)method;
    (void)params;
    cdp_close(c->s[next]);
    c->s[next] = NULL;
    if (!c->s[i])
        return;
    cdp_close(c->s[i]);
    c->s[i] = NULL;
}

static unsigned left(const crowd *c)
{
    unsigned n = 0;

    for (size_t i = 0; i < MANY; i++)
        n += c->s[i] != NULL;
    return n;
}

static void sessions_close_each_other(void **state)
{
    static crowd c;

    (void)state;
    c.opened = 0;
    reach_start(&c.r, true);
    const cdp_remote_options opt = { .session.allocator = &c.r.heap.allocator,
                                     .loop = &c.r.loop,
                                     .opened = on_one_opened,
                                     .data = &c };
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(cdp_connect(&c.s[i], c.r.peer.url, &opt), 0);
        cdp_set_data(c.s[i], (void *)(uintptr_t)i);
        cdp_on(c.s[i], "Test.event", on_one_event, &c);
    }
    REACH_UNTIL(&c.r, c.opened == MANY);
    for (int i = 0; i < 10; i++)
        peer_say(&c.r.peer, "{\"method\":\"Test.event\",\"params\":{\"n\":0}}");
    REACH_UNTIL(&c.r, left(&c) == 0);
    reach_end(&c.r);
}

/* ---- sleep --------------------------------------------------------------------------- */

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A second at most of 1.5 that is not slept would be found. */
static void expect_sleep(reach *r)
{
    const double end = seconds(CLOCK_MONOTONIC) + 0.5, cpu = seconds(CLOCK_THREAD_CPUTIME_ID);

    while (seconds(CLOCK_MONOTONIC) < end)
        reach_turn(r);
    assert_true(seconds(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.2);
}

static void pause_now(reach *r)
{
    cdp_pause(r->s, true);
}

static void sleeps(void **state)
{
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, NULL);
    reach_call(&r, "Test.mute", NULL);
    expect_sleep(&r);
    r.on_event = pause_now;
    reach_call(&r, "Test.flood", "{\"n\":1000,\"size\":1000}");
    REACH_UNTIL(&r, r.events == 1);
    expect_sleep(&r);
    peer_drop(&r.peer);
    expect_sleep(&r);
    reach_end(&r);
}

/* ---- pings ------------------------------------------------------------------------- */

static void pings(void **state)
{
    const cdp_remote_options opt = { .ping_ms = 400 };
    reach r;

    reach_start(&r, *state != NULL);
    reach_open(&r, NULL, &opt);
    const unsigned reads = peer_reads(&r.peer);
    REACH_UNTIL(&r, peer_reads(&r.peer) >= reads + 2);
    assert_int_equal(r.lost, 0);
    cdp_pause(r.s, true); /* its answers are not read: that is no loss */
    for (int i = 0; i < 6; i++)
        reach_turn(&r);
    assert_int_equal(r.lost, 0);
    cdp_pause(r.s, false);
    reach_call(&r, "Test.mute", NULL);
    peer_deafen(&r.peer, true);
    REACH_UNTIL(&r, r.lost);
    assert_int_equal(r.ended, 1);
    assert_int_equal(r.status, CDP_ETIMEDOUT);
    assert_string_equal(r.why, "the peer does not answer pings");
    reach_end(&r);
}

int main(void)
{
    struct CMUnitTest closing[sizeof states / sizeof *states];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_waits),
        cmocka_unit_test(keeps_the_loop_alive),
        cmocka_unit_test(calls_back_at_once),
        cmocka_unit_test(shares_the_loop),
        REACH_BOTH(is_woken_by_a_post),
        REACH_BOTH(closes_in_opened),
        REACH_BOTH(closes_in_lost),
        REACH_BOTH(closes_in_an_event),
        REACH_BOTH(closes_in_a_call),
        cmocka_unit_test(sessions_close_each_other),
        REACH_BOTH(sleeps),
        REACH_BOTH(pings),
    };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        closing[i] = (struct CMUnitTest){ states[i].name, closes_in_every_state, NULL, NULL,
                                          (void *)(uintptr_t)&states[i] };
    int failed = cmocka_run_group_tests_name("closing", closing, NULL, NULL);
    return failed + cmocka_run_group_tests_name("loops", tests, NULL, NULL);
}
