/*
 * test_frames.c - messages in a stream of bytes, whole, byte by byte and split at every position.
 */
#include "../../runtime/net/frames.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LIMIT = 300 };

typedef struct end {
    cdp__frames f;
    cdp__buf log; /* "[message]", "!why" */
    unsigned ends;
    bool broken;
} end;

static void on_message(void *self, const char *text, size_t len)
{
    end *e = self;

    assert_int_equal(e->ends, 0);
    cdp__buf_byte(&e->log, '[');
    cdp__buf_put(&e->log, text, len);
    cdp__buf_byte(&e->log, ']');
}

static void on_ended(void *self, bool broken, const char *why)
{
    end *e = self;

    e->ends++;
    e->broken = broken;
    cdp__buf_byte(&e->log, '!');
    cdp__buf_put(&e->log, why, strlen(why));
}

static const cdp__frames_ops ops = { on_message, on_ended };

static void open_end(end *e, bool pipe, const cdp_allocator *a)
{
    *e = (end){ .ends = 0 };
    assert_int_equal(cdp__frames_init(&e->f, pipe, LIMIT, a, &ops, e), 0);
}

static void close_end(end *e)
{
    cdp__frames_free(&e->f);
    cdp__buf_free(&e->log);
}

static void feed(end *e, const char *p, size_t n)
{
    char *copy = malloc(n ? n : 1); /* of its own, so that a byte too far is seen */

    assert_non_null(copy);
    memcpy(copy, p, n);
    assert_int_equal(cdp__frames_feed(&e->f, copy, n), 0);
    free(copy);
}

static void check(end *e, const char *expected)
{
    cdp__buf_byte(&e->log, 0);
    assert_string_equal(e->log.ptr, expected);
    assert_true(e->ends <= 1);
    close_end(e);
}

static void expect(bool pipe, const char *bytes, size_t len, const char *expected)
{
    end e;

    for (size_t cut = 0; cut <= len; cut++) {
        open_end(&e, pipe, NULL);
        feed(&e, bytes, cut);
        feed(&e, bytes + cut, len - cut);
        check(&e, expected);
    }
    open_end(&e, pipe, NULL);
    for (size_t i = 0; i < len; i++)
        feed(&e, bytes + i, 1);
    check(&e, expected);
}

#define PIPE(bytes, expected) expect(true, bytes, sizeof(bytes) - 1, expected)
#define SOCKET(bytes, expected) expect(false, bytes, sizeof(bytes) - 1, expected)

static void a_pipe(void **state)
{
    (void)state;
    PIPE("", "");
    PIPE("\0", "");
    PIPE("\0\0\0", "");
    PIPE("{}\0", "[{}]");
    PIPE("{}", "");
    PIPE("{}\0{\"id\":1}\0[]", "[{}][{\"id\":1}]");
    PIPE("\0a\0\0b\0c", "[a][b]");
}

static void a_socket(void **state)
{
    (void)state;
    SOCKET("", "");
    SOCKET("\x81\x02{}", "[{}]");
    SOCKET("\x81\x02{}\x81\x01", "[{}]");
    SOCKET("\x01\x01{\x80\x01}", "[{}]");
    SOCKET("\x81\x01q\x88\x00", "[q]!the peer closed the WebSocket");
    SOCKET("\x88\x02\x03\xe8", "!the WebSocket was closed with 1000");
    SOCKET("\x88\x07\x0f\xa0"
           "b\x01y\xc3\xa9",
           "!the WebSocket was closed with 4000: b?y??");
    SOCKET("\x82\x01q", "!the WebSocket was closed with 1003: a binary message");
    SOCKET("\x88\x00\x81\x01q", "!the peer closed the WebSocket");
}

/* Up to LIMIT bytes, whether they come at once or not. */
static void limits(void **state)
{
    static char bytes[2 * LIMIT], expected[2 * LIMIT];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    bytes[LIMIT] = 0;
    snprintf(expected, sizeof expected, "[%.*s]", LIMIT, bytes);
    expect(true, bytes, LIMIT + 1, expected);
    bytes[LIMIT] = 'x';
    bytes[LIMIT + 1] = 0;
    expect(true, bytes, LIMIT + 2, "!a message is larger than max_message");
    expect(true, bytes, sizeof bytes, "!a message is larger than max_message");
    bytes[3] = bytes[4] = 0;
    bytes[LIMIT + 1] = 'x';
    expect(true, bytes, sizeof bytes, "[xxx]!a message is larger than max_message");
}

static void sending(void **state)
{
    end e, peer;

    (void)state;
    open_end(&e, true, NULL);
    open_end(&peer, true, NULL);
    assert_int_equal(cdp__frames_send(&e.f, "{\"id\":1}", 8), 0);
    assert_int_equal(cdp__frames_send(&e.f, "{\0}", 3), CDP_EINVAL);
    assert_int_equal(cdp__frames_send(&e.f, "{}", 2), 0);
    cdp__frames_end(&e.f); /* says nothing */
    feed(&peer, cdp__frames_out(&e.f)->ptr, cdp__frames_out(&e.f)->len);
    check(&peer, "[{\"id\":1}][{}]");
    close_end(&e);
}

static void after_its_end(void **state)
{
    static char bytes[2 * LIMIT];
    end e;

    (void)state;
    for (int pipe = 0; pipe < 2; pipe++) {
        open_end(&e, pipe, NULL);
        memset(bytes, 'x', sizeof bytes);
        if (!pipe)
            memcpy(bytes, "\x88\x00", 2);
        feed(&e, bytes, sizeof bytes);
        assert_int_equal(e.ends, 1);
        assert_int_equal(e.broken, pipe);
        feed(&e, bytes, sizeof bytes);
        assert_int_equal(cdp__frames_send(&e.f, "{}", 2), CDP_ESTATE);
        close_end(&e);
    }
}

/* Whatever allocation fails: CDP_ENOMEM, and what was to be sent before is still there. */
static void no_memory(void **state)
{
    static char big[LIMIT];
    bool done = false;

    (void)state;
    memset(big, 'x', sizeof big);
    for (size_t fail_at = 1; !done; fail_at++) {
        rig_heap heap;
        end e = { .ends = 0 };
        rig_heap_init(&heap);
        heap.fail_at = fail_at;
        int rc = cdp__frames_init(&e.f, true, LIMIT, &heap.allocator, &ops, &e);
        if (rc == 0)
            rc = cdp__frames_send(&e.f, "{}", 2);
        size_t before = e.f.out.len;
        for (int i = 0; rc == 0 && i < 100; i++) {
            before = e.f.out.len;
            rc = cdp__frames_send(&e.f, big, sizeof big);
        }
        assert_true(rc == 0 || e.f.out.len == before);
        for (size_t i = 0; rc == 0 && i < LIMIT; i++)
            rc = cdp__frames_feed(&e.f, "x", 1);
        assert_true(rc == 0 || rc == CDP_ENOMEM);
        done = rc == 0;
        close_end(&e);
        assert_int_equal(heap.blocks, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe),  cmocka_unit_test(a_socket),      cmocka_unit_test(limits),
        cmocka_unit_test(sending), cmocka_unit_test(after_its_end), cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
