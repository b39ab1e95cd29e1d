/* test_hostile_slow.c - peers that do not read what they are sent, and handlers that are slower
 * than their peer: nothing piles up but what was allowed. */
#include "endure.h"

#include <cdp/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MB = 1 << 20, CALLS = 100, QUEUE = 16 * MB };

/* clang-format off */
static const endure_row rows[] = {
    { "it reads a byte now and then", .peer.socket = { "up", "sip" }, .calls = 4, .each = 8 * MB,
      .opt.session.timeout_ms = 300, .status = CDP_ETIMEDOUT, .end = ENDURE_OPEN,
      .peak = 192 * MB },
    { "it reads nothing", .peer.socket = { "up", "hush" }, .calls = 4, .each = 8 * MB,
      .opt.session.timeout_ms = 300, .status = CDP_ETIMEDOUT, .end = ENDURE_OPEN,
      .peak = 192 * MB },
    { "it reads some, then dies", .peer.socket = { "up", "call", "reset" }, .calls = 40, .each = MB,
      .status = CDP_EIO, .peak = 160 * MB },
    { "it reads some, then says goodbye", .peer.socket = { "up", "call", "frames 88#1001:" },
      .calls = 40, .each = MB, .status = CDP_ECLOSED, .peak = 160 * MB },
    { "it reads all of it", .peer.socket = { "up" }, .calls = 40, .each = MB, .end = ENDURE_ALIVE,
      .peak = 160 * MB },
};
/* clang-format on */

typedef struct slow {
    hostile peer;
    visit v;
    unsigned sent, ended, answered, refused, closed, drained, events;
} slow;

static void on_drained(cdp_session *s, void *data)
{
    slow *w = data;

    assert_int_equal(cdp_queued(s), 0);
    w->drained++;
}

static void begin(slow *w, const hostile_script *script, bool driven, size_t max_queue)
{
    const cdp_remote_options opt = { .max_queue = max_queue, .drained = on_drained, .data = w };
    char url[64];

    memset(w, 0, sizeof *w);
    hostile_start(&w->peer, script);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", w->peer.port);
    assert_int_equal(visit_begin(&w->v, url, &opt, driven), 0);
}

static void end(slow *w)
{
    visit_end(&w->v);
    assert_false(hostile_stop(&w->peer));
}

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    slow *w = data;

    (void)s;
    (void)res;
    w->answered += !err;
    w->refused += err && err->status == CDP_ETOOBIG && err->message.len > 0;
    w->closed += err && err->status == CDP_ECLOSED;
    w->ended++;
}

/* A call of 1 MB, so often. */
static void call(slow *w, unsigned times)
{
    char *text = malloc(MB);

    assert_non_null(text);
    memset(text, '1', MB);
    const cdp_runtime_evaluate_params p = { .expression = { text, MB } };
    for (unsigned i = 0; i < times; i++)
        assert_true(cdp_runtime_evaluate_async(w->v.s, &p, on_reply, w) > 0);
    w->sent += times;
    free(text);
    assert_true(cdp_queued(w->v.s) <= QUEUE + 2 * MB);
}

static void refused_beyond_the_queue(void **state)
{
    static const hostile_script deaf = { .socket = { "up", "hush" } };
    slow w;

    (void)state;
    const unsigned files = open_files();
    for (int driven = 0; driven < 2; driven++) {
        begin(&w, &deaf, driven, QUEUE);
        call(&w, CALLS);
        while (!w.refused)
            visit_turn(&w.v);
        assert_in_range(w.v.heap.peak, 1, 6 * QUEUE);
        end(&w);
        assert_int_equal(w.answered, 0);
        assert_int_equal(w.closed + w.refused, CALLS);
    }
    assert_int_equal(open_files(), files);
}

static void goes_on_once_it_is_read(void **state)
{
    /* reads after a second of pings */
    static const hostile_script late = { .socket = { "up", "25* trickle \x89$0" } };
    slow w;

    (void)state;
    for (int driven = 0; driven < 2; driven++) {
        begin(&w, &late, driven, QUEUE);
        for (int i = 0; i < 2; i++) {
            call(&w, 40);
            visit_again(&w.v);
            while (w.ended < w.sent || cdp_queued(w.v.s))
                visit_turn(&w.v);
        }
        assert_true(w.drained > 0);
        assert_true(w.answered > 0);
        assert_int_equal(w.answered + w.refused, w.sent);
        end(&w);
    }
}

/* ---- a paused session ------------------------------------------------------------ */

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    slow *w = data;

    (void)ev;
    if (++w->events % 1000 == 0)
        assert_int_equal(cdp_pause(s, true), 0);
}

static void spin(slow *w)
{
    const struct timespec t = { 0, 2000000 };

    for (int i = 0; i < 100; i++) {
        if (w->v.driven)
            uv_run(&w->v.loop, UV_RUN_NOWAIT);
        else
            cdp_poll(w->v.s, 0);
        nanosleep(&t, NULL);
    }
}

static void paused_amid_events_without_end(void **state)
{
    static const hostile_script chatty = {
        .socket = { "up", "* text {\"method\":\"Runtime.consoleAPICalled\",\"params\":{\"type\":"
                          "\"log\",\"x\":\"$(1000*x)\"}}" }
    };
    slow w;

    (void)state;
    for (int driven = 0; driven < 2; driven++) {
        begin(&w, &chatty, driven, 0);
        assert_true(cdp_runtime_on_console_api_called(w.v.s, on_console, &w) > 0);
        for (unsigned pauses = 1; pauses <= 5; pauses++) {
            while (w.events < 1000 * pauses)
                visit_turn(&w.v);
            spin(&w);
            assert_int_equal(w.events, 1000 * pauses);
            assert_int_equal(cdp_pause(w.v.s, false), 0);
        }
        assert_in_range(w.v.heap.peak, 1, 4 * MB);
        assert_int_equal(cdp_pause(w.v.s, true), 0);
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_beyond_the_queue),
        cmocka_unit_test(goes_on_once_it_is_read),
        cmocka_unit_test(paused_amid_events_without_end),
    };
    const int failed = ENDURE("slow peers", rows);

    return failed + cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
