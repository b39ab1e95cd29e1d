/*
 * test_stream.c - a stream whose peer does not take what is written: the rest waits, and goes later
 * or never.  SIGPIPE is what it is by default, and would end the test.
 */
#include "../../runtime/net/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MUCH = 4 << 20 };

typedef struct end {
    uv_loop_t loop;
    cdp__stream stream;
    cdp__buf out;
    int peer, feed; /* what the stream writes to, and what is fed to it */
    unsigned drained, lost, closed;
    int sys;
} end;

static void on_data(void *self, const char *bytes, size_t len)
{
    (void)self;
    (void)bytes;
    (void)len;
}

static void on_settled(void *self)
{
    (void)self;
}

static void on_drained(void *self)
{
    ((end *)self)->drained++;
}

static void on_lost(void *self, int sys, const char *why)
{
    end *e = self;

    (void)why;
    e->lost++;
    e->sys = sys;
}

static void on_closed(void *self)
{
    ((end *)self)->closed++;
}

/* Writes more than the peer's socket holds. */
static void start(end *e)
{
    static const cdp__stream_ops ops = { .data = on_data,
                                         .settled = on_settled,
                                         .drained = on_drained,
                                         .lost = on_lost,
                                         .closed = on_closed };
    int out[2], in[2];

    *e = (end){ .sys = 0 };
    assert_int_equal(uv_loop_init(&e->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out), 0);
    assert_int_equal(pipe(in), 0);
    cdp__stream_init(&e->stream, &e->loop, NULL, &ops, e);
    assert_int_equal(cdp__stream_adopt(&e->stream, in[0], out[0]), 0);
    e->peer = out[1];
    e->feed = in[1];
    assert_true(cdp__buf_room(&e->out, MUCH));
    memset(e->out.ptr, 'x', MUCH);
    e->out.len = MUCH;
    cdp__stream_flush(&e->stream, &e->out);
    assert_int_equal(e->out.len, 0);
    assert_true(cdp__stream_queued(&e->stream) > 0);
}

static void stop(end *e)
{
    cdp__stream_close(&e->stream);
    assert_int_equal(uv_run(&e->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(e->closed, 1);
    assert_int_equal(uv_loop_close(&e->loop), 0);
    cdp__buf_free(&e->out);
    close(e->feed);
}

static void writes_the_rest_later(void **state)
{
    static char bytes[64 << 10];
    size_t got = 0, before = MUCH;
    end e;

    (void)state;
    start(&e);
    while (got < MUCH) {
        ssize_t n = recv(e.peer, bytes, sizeof bytes, 0);
        assert_true(n > 0);
        got += (size_t)n;
        uv_run(&e.loop, UV_RUN_NOWAIT);
        assert_true(cdp__stream_queued(&e.stream) <= before);
        before = cdp__stream_queued(&e.stream);
    }
    assert_int_equal(before, 0);
    assert_int_equal(e.drained, 1);
    assert_int_equal(e.lost, 0);
    close(e.peer);
    stop(&e);
}

static void is_lost_while_a_rest_waits(void **state)
{
    end e;

    (void)state;
    start(&e);
    cdp__stream_pause(&e.stream, true);
    close(e.peer);
    while (!e.lost)
        uv_run(&e.loop, UV_RUN_ONCE);
    assert_true(e.sys == UV_EPIPE || e.sys == UV_ECONNRESET);
    assert_int_equal(e.drained, 0);
    assert_int_equal(cdp__stream_queued(&e.stream), 0);
    stop(&e);
}

static void closes_while_a_rest_waits(void **state)
{
    end e;

    (void)state;
    start(&e);
    stop(&e);
    assert_int_equal(e.drained + e.lost, 0);
    close(e.peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_rest_later),
        cmocka_unit_test(is_lost_while_a_rest_waits),
        cmocka_unit_test(closes_while_a_rest_waits),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
