/* visit.c - see visit.h. */
#include "visit.h"

#include <dirent.h>
#include <time.h>

enum { LIMIT_MS = 30000, GUARD_MS = 50 };

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void on_guard(uv_timer_t *timer)
{
    (void)timer;
}

int visit_begin(visit *v, const char *url, const cdp_remote_options *opt, bool driven)
{
    cdp_remote_options o = opt ? *opt : (cdp_remote_options){ .connect_ms = 0 };

    v->driven = driven;
    rig_heap_init(&v->heap);
    o.session.allocator = &v->heap.allocator;
    if (driven) {
        assert_int_equal(uv_loop_init(&v->loop), 0);
        uv_timer_init(&v->loop, &v->guard);
        uv_timer_start(&v->guard, on_guard, GUARD_MS, GUARD_MS);
        o.loop = &v->loop;
    }
    visit_again(v);
    int rc = cdp_connect(&v->s, url, &o);
    assert_non_null(v->s);
    return rc;
}

void visit_again(visit *v)
{
    v->until = now_ms() + LIMIT_MS;
}

void visit_turn(visit *v)
{
    if (now_ms() > v->until)
        fail_msg("what was waited for does not come");
    if (v->driven)
        uv_run(&v->loop, UV_RUN_ONCE);
    else
        cdp_poll(v->s, GUARD_MS);
}

void visit_end(visit *v)
{
    cdp_close(v->s);
    if (v->driven) {
        uv_close((uv_handle_t *)&v->guard, NULL);
        visit_again(v);
        while (uv_run(&v->loop, UV_RUN_NOWAIT))
            if (now_ms() > v->until)
                fail_msg("cdp_close() leaves something on the loop");
        assert_int_equal(uv_loop_close(&v->loop), 0);
    }
    assert_int_equal(v->heap.blocks, 0);
}

unsigned open_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(files);
    while (readdir(files))
        n++;
    closedir(files);
    return n;
}
