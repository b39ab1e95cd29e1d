/*
 * test_ws_big.c - messages up to 1 GiB, the largest that a session can be told to take.
 *
 * All their bytes are the same, so that a few pages of a file, mapped again and again, can stand
 * for all of their memory.
 */
#define _DEFAULT_SOURCE

#include "../../runtime/net/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAME = 4 << 20 /* of memory, behind which it starts again */ };
static const size_t GIB = (size_t)1 << 30;

typedef struct heap {
    cdp_allocator allocator;
    FILE *file;
    size_t live, peak; /* bytes of large blocks */
} heap;

static void *map(heap *h, size_t size)
{
    char *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    for (size_t at = 0; at < size; at += FRAME) {
        const size_t n = size - at < FRAME ? size - at : FRAME;
        assert_true(mmap(p + at, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(h->file),
                         0) != MAP_FAILED);
    }
    return p;
}

/* Large blocks keep what they hold when they grow, since it is all the same. */
static void *heap_realloc(void *ctx, void *p, size_t old_size, size_t new_size)
{
    heap *h = ctx;
    void *fresh = NULL;

    if (old_size < FRAME && new_size < FRAME) {
        if (new_size)
            return realloc(p, new_size);
        free(p);
        return NULL;
    }
    if (new_size >= FRAME) {
        fresh = map(h, new_size);
        h->live += new_size;
    } else if (new_size) {
        fresh = malloc(new_size);
    }
    h->peak = h->live > h->peak ? h->live : h->peak;
    if (p && fresh && (old_size < FRAME || new_size < FRAME))
        memcpy(fresh, p, old_size < new_size ? old_size : new_size);
    if (old_size < FRAME) {
        free(p);
    } else {
        munmap(p, old_size);
        h->live -= old_size;
    }
    return fresh;
}

static void heap_open(heap *h)
{
    *h = (heap){ .file = tmpfile() };
    h->allocator = (cdp_allocator){ heap_realloc, h };
    assert_non_null(h->file);
    assert_int_equal(ftruncate(fileno(h->file), FRAME), 0);
}

typedef struct end {
    heap heap;
    cdp__ws ws;
    size_t len; /* of the last message */
    int messages, code;
    bool same; /* all its bytes are */
} end;

static void on_message(void *self, const char *text, size_t len)
{
    end *e = self;

    e->messages++;
    e->len = len;
    e->same = text[0] == 'x' && memcmp(text, text + 1, len - 1) == 0;
}

static void on_closed(void *self, int code, const char *reason, size_t len)
{
    (void)reason, (void)len;
    ((end *)self)->code = code;
}

static void end_open(end *e, bool server)
{
    static const cdp__ws_ops ops = { on_message, on_closed };

    memset(e, 0, sizeof *e);
    heap_open(&e->heap);
    const cdp__ws_limits limits = { .message = GIB, .allocator = &e->heap.allocator };
    assert_int_equal(cdp__ws_init(&e->ws, server, &limits, &ops, e), 0);
}

static void end_close(end *e)
{
    cdp__ws_free(&e->ws);
    assert_int_equal(e->heap.live, 0);
    fclose(e->heap.file);
}

/* The peer sends a frame: its head, and so much of it (of a client masked with zeros). */
static int feed(end *e, bool server, unsigned first, uint64_t declared, size_t sent)
{
    static char piece[1 << 20];
    uint8_t head[14] = { (uint8_t)first, server ? 0xff : 0x7f };
    int rc;

    memset(piece, 'x', sizeof piece);
    for (unsigned i = 0; i < 8; i++)
        head[2 + i] = (uint8_t)(declared >> 8 * (7 - i));
    rc = cdp__ws_feed(&e->ws, head, server ? 14 : 10);
    for (size_t at = 0, n; rc == 0 && at < sent; at += n) {
        n = sent - at < sizeof piece ? sent - at : sizeof piece;
        rc = cdp__ws_feed(&e->ws, piece, n);
    }
    return rc;
}

static void test_received(void **state)
{
    end e;

    (void)state;
    for (int server = 0; server < 2; server++) {
        end_open(&e, server);
        assert_int_equal(feed(&e, server, 0x81, GIB, GIB), 0);
        assert_int_equal(e.messages, 1);
        assert_int_equal(e.len, GIB);
        assert_true(e.same);
        assert_int_equal(e.heap.live, 0); /* given back at once */
        /* in fragments */
        assert_int_equal(feed(&e, server, 0x01, GIB - 70000, GIB - 70000), 0);
        assert_int_equal(feed(&e, server, 0x80, 70000, 70000), 0);
        assert_int_equal(e.messages, 2);
        assert_int_equal(e.len, GIB);
        assert_true(e.same && e.code == 0);
        end_close(&e);
    }
}

static void test_too_big(void **state)
{
    static const uint64_t lengths[] = {
        ((uint64_t)1 << 30) + 1, UINT64_C(0xffffffff),         UINT64_C(0x100000000),
        UINT64_C(0x100000001),   UINT64_C(0x7fffffffffffffff),
    };
    end e;

    (void)state;
    for (int server = 0; server < 2; server++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            end_open(&e, server);
            assert_int_equal(feed(&e, server, 0x81, lengths[i], 0), 0);
            assert_int_equal(e.code, CDP__WS_TOO_BIG);
            assert_int_equal(e.heap.peak, 0);
            end_close(&e);

            /* the sum of fragments */
            end_open(&e, server);
            assert_int_equal(feed(&e, server, 0x01, 70000, 70000), 0);
            assert_int_equal(feed(&e, server, 0x80, lengths[i] - 69999, 0), 0);
            assert_int_equal(e.code, CDP__WS_TOO_BIG);
            end_close(&e);
        }
    }
}

static void test_sent(void **state)
{
    heap source;
    end e;

    (void)state;
    heap_open(&source);
    char *text = map(&source, GIB);
    for (int server = 0; server < 2; server++) {
        end_open(&e, server);
        assert_int_equal(cdp__ws_send(&e.ws, "", 0), 0);
        const size_t before = e.ws.out.len;
        assert_int_equal(cdp__ws_send(&e.ws, text, GIB), 0);
        assert_int_equal(e.ws.out.len, before + (server ? 10 : 14) + GIB);
        cdp__buf_reset(&e.ws.out, 0);
        assert_int_equal(e.heap.live, 0);
        end_close(&e);
    }
    munmap(text, GIB);
    fclose(source.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_received),
        cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
