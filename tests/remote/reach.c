/* reach.c - see reach.h. */
#include "reach.h"

#include "visit.h"

#include <cdp/value.h>

#include <stdio.h>
#include <time.h>

enum { LIMIT_MS = 60000 };

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what it is told ------------------------------------------------------------- */

static void note(reach *r, const cdp_error *err)
{
    r->status = err ? err->status : 0;
    snprintf(r->why, sizeof r->why, "%s", err ? err->message.ptr : "");
    if (err)
        assert_true(err->message.len > 0);
}

static void on_opened(cdp_session *s, void *data)
{
    reach *r = data;

    r->s = s; /* on a loop of its own, cdp_connect() has not returned yet */
    r->opened++;
    if (r->on_opened)
        r->on_opened(r);
}

static void on_drained(cdp_session *s, void *data)
{
    reach *r = data;

    (void)s;
    r->drained++;
    if (r->on_drained)
        r->on_drained(r);
}

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    reach *r = data;

    (void)s;
    r->lost++;
    note(r, why);
    if (r->on_lost)
        r->on_lost(r);
}

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    reach *r = data;

    (void)s;
    (void)method;
    if (cdp_value_int(cdp_value_get(*params, "n"), -1) != r->events)
        r->disorder = true;
    r->events++;
    if (r->on_event)
        r->on_event(r);
}

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    reach *r = data;

    (void)s;
    (void)result;
    r->ended++;
    r->failed += err != NULL;
    note(r, err);
    if (r->on_call)
        r->on_call(r);
}

void reach_call(reach *r, const char *method, const char *params)
{
    assert_int_not_equal(cdp_call_async(r->s, method, cdp_json(params), on_reply, r), 0);
}

/* ---- turns ----------------------------------------------------------------------- */

static void on_guard(uv_timer_t *timer)
{
    (void)timer;
}

void reach_turn(reach *r)
{
    if (now_ms() > r->until)
        fail_msg("opened %u, ended %u, failed %u, events %u, lost %u: %s", r->opened, r->ended,
                 r->failed, r->events, r->lost, r->why);
    if (r->driven)
        uv_run(&r->loop, UV_RUN_ONCE);
    else if (r->s && cdp_poll(r->s, 50) < 0)
        uv_sleep(1);
}

/* ---- the beginning and the end ---------------------------------------------------- */

void reach_start(reach *r, bool driven)
{
    memset(r, 0, sizeof *r);
    assert_int_equal(uv_loop_init(&r->loop), 0); /* the first opens files that stay */
    assert_int_equal(uv_loop_close(&r->loop), 0);
    r->files = open_files();
    rig_heap_init(&r->heap);
    peer_start(&r->peer);
    r->until = now_ms() + LIMIT_MS;
    r->driven = driven;
    if (!driven)
        return;
    assert_int_equal(uv_loop_init(&r->loop), 0);
    uv_timer_init(&r->loop, &r->guard);
    uv_timer_start(&r->guard, on_guard, 50, 50);
}

int reach_connect(reach *r, const char *url, const cdp_remote_options *opt)
{
    cdp_remote_options all = { .connect_ms = 0 };
    cdp_session *s;

    if (opt)
        all = *opt;
    all.session.allocator = &r->heap.allocator;
    all.opened = on_opened;
    all.drained = on_drained;
    all.data = r;
    all.loop = r->driven ? &r->loop : NULL;
    int rc = cdp_connect(&s, url ? url : r->peer.url, &all);
    r->s = s;
    if (s) {
        cdp_set_lost(s, on_lost, r);
        cdp_on(s, "Test.event", on_event, r);
    }
    return rc;
}

void reach_open(reach *r, const char *url, const cdp_remote_options *opt)
{
    assert_int_equal(reach_connect(r, url, opt), 0);
    REACH_UNTIL(r, r->opened);
}

void reach_end(reach *r)
{
    cdp_close(r->s);
    r->s = NULL;
    if (r->driven) {
        uv_close((uv_handle_t *)&r->guard, NULL);
        assert_int_equal(uv_run(&r->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&r->loop), 0);
    }
    assert_int_equal(r->heap.blocks, 0);
    peer_stop(&r->peer);
    assert_int_equal(open_files(), r->files);
}
