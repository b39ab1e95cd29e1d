/*
 * test_shortage.c - memory or files run out at any point of connecting, calling, reconnecting and
 * asking what there is.
 *
 * Whatever fails: no crash, nothing left, each call ends once, and who can't go on says why.  The
 * peer is a process of its own: its files are not short.
 */
#include "reach.h"

#include <cdp/value.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static unsigned port; /* of the peer */

/* ---- one session's life -------------------------------------------------------------- */

typedef struct life {
    rig_heap heap;
    bool driven, over; /* over: lost, or never connected */
    uv_loop_t loop;
    uv_timer_t guard; /* wakes it */
    cdp_session *s;
    unsigned owed, paid, failed, opened;
} life;

static void on_opened(cdp_session *s, void *data)
{
    (void)s;
    ((life *)data)->opened++;
}

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    (void)s;
    assert_true(why->status < 0 && why->message.len > 0);
    ((life *)data)->over = true;
}

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)method;
    (void)params;
    (void)data;
    cdp_pause(s, true);
}

static void on_call(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    life *l = data;

    (void)s;
    assert_true((err == NULL) == (result != NULL));
    if (err)
        assert_true(err->message.len > 0);
    l->paid++;
    l->failed += err != NULL;
}

static void on_guard(uv_timer_t *timer)
{
    (void)timer;
}

static void turn(life *l)
{
    cdp_pause(l->s, false);
    if (!l->driven)
        l->over |= cdp_poll(l->s, 10) < 0;
    else if (!uv_run(&l->loop, UV_RUN_ONCE))
        l->over = true; /* nothing will come any more */
}

static void call(life *l, const char *method, const char *params)
{
    if (cdp_call_async(l->s, method, cdp_json(params), on_call, l))
        l->owed++;
    else
        assert_true(cdp_last_error(l->s)->status < 0);
    while (l->paid < l->owed && !l->over)
        turn(l);
}

static void connect_to_peer(life *l)
{
    const cdp_remote_options opt = {
        .session = { .allocator = &l->heap.allocator, .timeout_ms = 20000 },
        .loop = l->driven ? &l->loop : NULL,
        .token = "t",
        .reconnect = { .attempts = 2, .delay_ms = 1 },
        .opened = on_opened,
        .data = l,
    };
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    int rc = cdp_connect(&l->s, url, &opt);
    if (rc < 0) {
        assert_true(l->s || rc == CDP_ENOMEM);
        if (l->s)
            assert_int_equal(cdp_last_error(l->s)->status, rc);
        l->over = true;
        return;
    }
    cdp_set_lost(l->s, on_lost, l);
    cdp_on(l->s, "Test.event", on_event, l);
    while (!l->opened && !l->over)
        turn(l);
}

static void live(life *l)
{
    if (l->driven) {
        if (uv_loop_init(&l->loop) < 0)
            return;
        uv_timer_init(&l->loop, &l->guard);
        uv_timer_start(&l->guard, on_guard, 5, 5);
        uv_unref((uv_handle_t *)&l->guard);
    }
    connect_to_peer(l);
    if (l->s) {
        call(l, "Runtime.enable", NULL);
        call(l, "Test.flood", "{\"n\":4,\"size\":100}");
        call(l, "Debugger.setBreakpointByUrl", "{\"lineNumber\":3,\"url\":\"a\"}");
        call(l, "Test.drop", NULL);
        call(l, "Test.big", "{\"size\":100000}");
        call(l, "Debugger.disable", NULL);
    }
    cdp_close(l->s);
    if (!l->driven)
        return;
    uv_close((uv_handle_t *)&l->guard, NULL);
    assert_int_equal(uv_run(&l->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&l->loop), 0);
}

/* ---- memory -------------------------------------------------------------------------- */

static void run_out_of_memory(bool driven, bool and_all_after)
{
    for (size_t n = 1;; n++) {
        life l = { .driven = driven };
        rig_heap_init(&l.heap);
        l.heap.fail_at = n;
        l.heap.and_all_after = and_all_after;
        live(&l);
        assert_int_equal(l.heap.blocks, 0);
        assert_int_equal(l.paid, l.owed);
        if (!l.heap.failures) {
            assert_int_equal(l.owed, 6);
            assert_int_equal(l.failed, 1);
            assert_int_equal(l.opened, 2);
            assert_true(n > 40);
            return;
        }
    }
}

static void lives_without_memory(void **state)
{
    run_out_of_memory(*state != NULL, false);
    run_out_of_memory(*state != NULL, true);
}

static int ask(const cdp_allocator *a)
{
    const cdp_remote_options opt = { .session.allocator = a };
    cdp_target_entries *list;
    cdp_str *why = NULL;
    char url[64];

    snprintf(url, sizeof url, "127.0.0.1:%u", port);
    int rc = cdp_target_list(&list, url, &opt, &why);
    if (rc == 0)
        assert_int_equal(list->targets.n, 1);
    else
        assert_true(list == NULL && (why || rc == CDP_ENOMEM));
    cdp_free(list);
    cdp_free(why);
    return rc;
}

static void asks_without_memory(void **state)
{
    rig_heap heap;
    size_t n = 0;

    (void)state;
    do {
        rig_heap_init(&heap);
        heap.fail_at = ++n;
        int rc = ask(&heap.allocator);
        assert_true(rc < 0 || !heap.failures);
        assert_int_equal(heap.blocks, 0);
    } while (heap.failures);
    assert_true(n > 3);
}

/* ---- files ---------------------------------------------------------------------------- */

static int next_file(void)
{
    const int lowest = dup(0);

    assert_true(lowest >= 0);
    close(lowest);
    return lowest;
}

/* Leaves n files to be opened. */
static struct rlimit leave_files(unsigned n)
{
    struct rlimit before, few;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t)next_file() + n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return before;
}

/* Returns whether a loop could be made: without, libuv leaves files open. */
static bool live_with_files(life *l, unsigned n, bool driven)
{
    const struct rlimit before = leave_files(n);
    uv_loop_t loop;

    *l = (life){ .driven = driven };
    rig_heap_init(&l->heap);
    live(l);
    const bool can = uv_loop_init(&loop) == 0;
    if (can)
        uv_loop_close(&loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(l->heap.blocks, 0);
    assert_int_equal(l->paid, l->owed);
    return can;
}

static void lives_without_files(void **state)
{
    int first = next_file();
    unsigned n = 0;
    life l;

    do {
        assert_true(n < 20);
        if (live_with_files(&l, n++, *state != NULL))
            assert_int_equal(next_file(), first);
        else
            first = next_file();
    } while (l.opened < 2);
    assert_true(n > 5);
    assert_int_equal(l.failed, 1);
}

static void asks_without_files(void **state)
{
    int rc;

    (void)state;
    for (unsigned n = 0;; n++) {
        const struct rlimit before = leave_files(n);
        rc = ask(NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (rc == 0)
            break;
        assert_int_equal(rc, CDP_EIO);
        assert_true(n < 20);
    }
}

/* ---- the peer -------------------------------------------------------------------------- */

/* Forked before any thread: serves until this process ends. */
static void start_peer(void)
{
    static peer p;
    int up[2], down[2]; /* the port; the end */

    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char end;
        close(down[1]);
        peer_start(&p);
        if (write(up[1], &p.port, sizeof p.port) == sizeof p.port)
            _exit(read(down[0], &end, 1) != 0);
        _exit(1);
    }
    assert_int_equal(read(up[0], &port, sizeof port), sizeof port);
    close(up[0]);
    close(up[1]);
    close(down[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REACH_BOTH(lives_without_memory),
        cmocka_unit_test(asks_without_memory),
        REACH_BOTH(lives_without_files),
        cmocka_unit_test(asks_without_files),
    };
    uv_loop_t warm;

    start_peer();
    uv_loop_init(&warm); /* the first opens files that stay */
    uv_loop_close(&warm);
    return cmocka_run_group_tests_name("shortage", tests, NULL, NULL);
}
