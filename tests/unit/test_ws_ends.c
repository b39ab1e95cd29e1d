/*
 * test_ws_ends.c - what a WebSocket end does for its owner: sending, closing, memory.
 */
#include "support/plain_text.h"
#include "support/rig.h"
#include "support/ws_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void feed_script(ws_end *e, bool server, const char *script)
{
    size_t n;
    char *p = ws_script(script, server, &n);

    assert_int_equal(ws_end_feed(e, p, n), 0);
    free(p);
}

/* ---- closing ------------------------------------------------------------ */

/* What the peer sends once we have closed. */
static void after_close(const char *script, const char *want)
{
    ws_end e;

    for (int server = 0; server < 2; server++) {
        ws_end_open(&e, server, NULL);
        assert_int_equal(cdp__ws_close(&e.ws, CDP__WS_GOING_AWAY, "bye"), 0);
        assert_int_equal(cdp__ws_send(&e.ws, "x", 1), CDP_ESTATE);
        const size_t begin = cdp__ws_begin(&e.ws);
        cdp__buf_put(&e.ws.out, "text", 4);
        assert_int_equal(cdp__ws_end(&e.ws, begin), CDP_ESTATE);
        feed_script(&e, server, script);
        assert_int_equal(cdp__ws_close(&e.ws, CDP__WS_NORMAL, "again"), 0);
        assert_true(ws_end_sent(&e));
        assert_string_equal(e.log, want);
        ws_end_close(&e);
    }
}

static void test_after_close(void **state)
{
    (void)state;
    after_close("", "<close 1001 bye>");
    after_close("88#1001:", "{1001 }<close 1001 bye>");
    after_close("88#4000:ok", "{4000 ok}<close 1001 bye>");
    after_close("88:", "{1005 }<close 1001 bye>");
    after_close("81:a|01:b|80:c", "<close 1001 bye>");
    after_close("81:a|89:b|8a:c|88#1001:", "{1001 }<close 1001 bye>");
    after_close("83:", "{1002 no such opcode}<close 1001 bye>");
    after_close("82:", "{1003 a binary message}<close 1001 bye>");
    after_close("81:\xff", "{1007 a text is not UTF-8}<close 1001 bye>");
    after_close("81=67108865:", "{1009 the message is too long}<close 1001 bye>");
    after_close("88#1005:", "{1002 no such close code}<close 1001 bye>");
}

static void close_with(int code, const char *reason, const char *want)
{
    ws_end e;

    for (int server = 0; server < 2; server++) {
        ws_end_open(&e, server, NULL);
        assert_int_equal(cdp__ws_close(&e.ws, code, reason), 0);
        assert_true(ws_end_sent(&e));
        assert_string_equal(e.log, want);
        ws_end_close(&e);
    }
}

static void test_close_reason(void **state)
{
    char reason[200], want[250];

    (void)state;
    close_with(CDP__WS_NORMAL, NULL, "<close 1000 >");
    close_with(CDP__WS_NORMAL, "", "<close 1000 >");
    close_with(CDP__WS_NO_CODE, "not sent", "<close >");
    close_with(CDP__WS_TRY_LATER, "too many", "<close 1013 too many>");
    close_with(CDP__WS_POLICY, "cut at \xff", "<close 1008 cut at >");
    for (size_t n = 115; n < 130; n++) { /* "é" where it may just not fit */
        memset(reason, '-', n);
        memcpy(reason + n, "\xc3\xa9", 3);
        reason[0] = '+';
        const size_t fits = n + 2 <= 123 ? n + 2 : n <= 123 ? n : 123;
        snprintf(want, sizeof want, "<close 1000 %.*s>", (int)fits, reason);
        close_with(CDP__WS_NORMAL, reason, want);
    }
}

/* An owner that answers, then closes, from inside its callback; and frees in the last. */
typedef struct owner {
    cdp__ws ws;
    unsigned messages, closed;
} owner;

static void answer(void *self, const char *text, size_t len)
{
    owner *o = self;

    assert_int_equal(cdp__ws_send(&o->ws, text, len), 0);
    if (++o->messages == 2)
        assert_int_equal(cdp__ws_close(&o->ws, CDP__WS_NORMAL, NULL), 0);
}

static void free_all(void *self, int code, const char *reason, size_t len)
{
    owner *o = self;

    (void)reason;
    assert_int_equal(code, 1000);
    assert_int_equal(len, 0);
    assert_int_equal(o->ws.out.len, 3 + 3 + 4);
    assert_memory_equal(o->ws.out.ptr,
                        "\x81\x01"
                        "a"
                        "\x81\x01"
                        "b"
                        "\x88\x02\x03\xe8",
                        10);
    o->closed++;
    cdp__ws_free(&o->ws);
}

static void test_callbacks(void **state)
{
    static const cdp__ws_ops ops = { answer, free_all };
    owner o = { .messages = 0 };
    size_t n;
    char *p = ws_script("81:a|01:|80:b|81:c|88#1000:|81:d", true, &n);

    (void)state;
    assert_int_equal(cdp__ws_init(&o.ws, true, NULL, &ops, &o), 0);
    assert_int_equal(cdp__ws_feed(&o.ws, p, n), 0);
    assert_int_equal(o.messages, 2);
    assert_int_equal(o.closed, 1);
    free(p);
    cdp__ws_free(&o.ws);
}

/* ---- there and back ----------------------------------------------------- */

static const size_t sizes[] = { 0,   1,   2,   7,     8,     9,     124,   125,
                                126, 127, 128, 65534, 65535, 65536, 65537, 300000 };

typedef struct count {
    size_t len, n;
    char c;
} count;

static void count_message(void *self, const char *text, size_t len)
{
    count *c = self;

    assert_int_equal(len, c->len);
    for (size_t i = 0; i < len; i++)
        if (text[i] != (char)(c->c + (char)(i % 23)))
            fail_msg("byte %zu of %zu", i, len);
    c->n++;
}

static void count_closed(void *self, int code, const char *reason, size_t len)
{
    fail_msg("%p closed: %d %.*s", self, code, (int)len, reason);
}

/* From one end to the other, in two ways, in pieces of every kind. */
static void test_round_trip(void **state)
{
    static const cdp__ws_ops ops = { count_message, count_closed };
    cdp__ws from, to;
    count c = { .n = 0 };

    (void)state;
    for (int server = 0; server < 2; server++) {
        assert_int_equal(cdp__ws_init(&from, server, NULL, &ops, NULL), 0);
        assert_int_equal(cdp__ws_init(&to, !server, NULL, &ops, &c), 0);
        for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
            c = (count){ .len = sizes[i / 2], .c = 'A' };
            char *text = tight(NULL, c.len);
            for (size_t k = 0; k < c.len; k++)
                text[k] = (char)('A' + k % 23);
            for (int times = 0; times < 3; times++) {
                if (i % 2) {
                    const size_t begin = cdp__ws_begin(&from);
                    cdp__buf_put(&from.out, text, c.len);
                    assert_int_equal(cdp__ws_end(&from, begin), 0);
                } else
                    assert_int_equal(cdp__ws_send(&from, text, c.len), 0);
            }
            for (size_t at = 0, n; at < from.out.len; at += n) {
                n = 1 + random_below(c.len < 200 ? 20 : 20000);
                n = n < from.out.len - at ? n : from.out.len - at;
                char *copy = tight(from.out.ptr + at, n);
                assert_int_equal(cdp__ws_feed(&to, copy, n), 0);
                tight_free(copy);
            }
            assert_int_equal(c.n, 3);
            cdp__buf_reset(&from.out, SIZE_MAX);
            tight_free(text);
        }
        cdp__ws_free(&from);
        cdp__ws_free(&to);
    }
}

/* A client's masks are not to be guessed: those of 200 frames differ. */
static void test_masks(void **state)
{
    uint32_t masks[200];
    ws_end e;

    (void)state;
    ws_end_open(&e, false, NULL);
    for (size_t i = 0; i < 200; i++) {
        if (i % 2) {
            assert_int_equal(cdp__ws_send(&e.ws, "", 0), 0);
        } else {
            assert_int_equal(cdp__ws_end(&e.ws, cdp__ws_begin(&e.ws)), 0);
        }
        memcpy(&masks[i], e.ws.out.ptr + 2, 4);
        cdp__buf_reset(&e.ws.out, SIZE_MAX);
        size_t equal = 0;
        for (size_t k = 0; k < i; k++)
            equal += masks[k] == masks[i];
        assert_true(equal < 2); /* two may be, by chance */
    }
    ws_end_close(&e);
}

static void test_accept(void **state)
{
    char out[29];

    (void)state;
    assert_int_equal(cdp__ws_accept(out, "dGhlIHNhbXBsZSBub25jZQ==", 24), 0);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(cdp__ws_accept(out, "x3JJHMbDL1EzLkh9GBhXDw==", 24), 0);
    assert_string_equal(out, "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
    assert_int_equal(cdp__ws_accept(out, "", 0), 0);
    assert_string_equal(out, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
}

static void test_ping(void **state)
{
    (void)state;
    for (int server = 0; server < 2; server++) {
        ws_end e;
        ws_end_open(&e, server, NULL);
        assert_int_equal(cdp__ws_ping(&e.ws), 0);
        assert_int_equal(cdp__ws_send(&e.ws, "x", 1), 0);
        feed_script(&e, server, "8a:|8a:never asked for|81:y");
        assert_int_equal(cdp__ws_close(&e.ws, CDP__WS_NORMAL, NULL), 0);
        assert_int_equal(cdp__ws_ping(&e.ws), CDP_ESTATE);
        assert_true(ws_end_sent(&e));
        assert_string_equal(e.log, "[y]<ping ><text x><close 1000 >");
        ws_end_close(&e);
    }
}

/* ---- what a peer may cost ----------------------------------------------- */

/* Pings of one who never reads. */
static void test_ping_flood(void **state)
{
    size_t n, m;
    char *ping = ws_script("89*125:x", true, &n), *few = ws_script("89:a|81:b|89:c", true, &m);
    ws_end e;

    (void)state;
    ws_end_open(&e, true, NULL);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(ws_end_feed(&e, ping, n), 0);
    assert_true(e.ws.out.len < 5000);
    assert_int_equal(ws_end_feed(&e, few, m), 0); /* the last is answered all the same */
    assert_true(ws_end_sent(&e));
    assert_string_equal(e.log + e.n - 8, "<pong c>");
    /* what is behind a message stays behind it */
    e.n = 0;
    char *text = calloc(1, 5000);
    memset(text, 'x', 5000);
    assert_int_equal(cdp__ws_send(&e.ws, text, 5000), 0);
    assert_int_equal(ws_end_feed(&e, few, m), 0);
    assert_int_equal(cdp__ws_send(&e.ws, "y", 1), 0);
    assert_int_equal(ws_end_feed(&e, few, m), 0);
    assert_true(ws_end_sent(&e));
    assert_string_equal(e.log, "[b][b]<text 5000*x><pong c><text y><pong c>");
    /* what was written since is not taken for a pong, even if it ends where that did */
    for (int made = 0; made < 2; made++) {
        while (e.ws.out.len <= 4096)
            assert_int_equal(ws_end_feed(&e, ping, n), 0);
        const size_t len = e.ws.out.len - 4, begin = 0;
        cdp__buf_reset(&e.ws.out, SIZE_MAX);
        if (made) {
            assert_int_equal(cdp__ws_begin(&e.ws), begin);
            cdp__buf_put(&e.ws.out, text, len);
            assert_int_equal(cdp__ws_end(&e.ws, begin), 0);
        } else
            assert_int_equal(cdp__ws_send(&e.ws, text, len), 0);
        assert_int_equal(ws_end_feed(&e, ping, n), 0);
        assert_int_equal(e.ws.out.len, len + 4 + 127);
        assert_true(ws_end_sent(&e));
    }
    free(text);
    ws_end_close(&e);
    free(ping);
    free(few);
}

/* Counts bytes. */
typedef struct meter {
    size_t live, peak;
} meter;

static void *meter_realloc(void *ctx, void *p, size_t old_size, size_t new_size)
{
    meter *m = ctx;

    m->live += new_size - old_size;
    m->peak = m->live > m->peak ? m->live : m->peak;
    if (new_size)
        return realloc(p, new_size);
    free(p);
    return NULL;
}

/* Declared lengths cost nothing; received bytes do, as long as they are needed. */
static void test_memory(void **state)
{
    meter m = { 0, 0 };
    const cdp_allocator allocator = { meter_realloc, &m };
    const cdp__ws_limits limits = { .message = SIZE_MAX, .allocator = &allocator };
    ws_end e;

    (void)state;
    for (int server = 0; server < 2; server++) {
        ws_end_open(&e, server, &limits);
        feed_script(&e, server, "81w8=9223372036854775807:hello");
        assert_true(m.live < 4096);
        ws_end_close(&e);

        ws_end_open(&e, server, &limits);
        feed_script(&e, server, "01*20000000:x");
        assert_true(m.live >= 20000000);
        feed_script(&e, server, "80:x");
        assert_string_equal(e.log, "[20000001*x]");
        assert_true(m.live < 4096);
        feed_script(&e, server, "01*1000000:x|80:");
        const size_t kept = m.live;
        assert_true(kept >= 1000000); /* for the next one */
        feed_script(&e, server, "01*1000000:x|80:");
        assert_int_equal(m.live, kept);
        ws_end_close(&e);
        assert_int_equal(m.live, 0);
    }
}

/* ---- no memory ---------------------------------------------------------- */

static bool fine(int rc)
{
    return rc == 0 || rc == CDP_ENOMEM || rc == CDP_ESTATE;
}

static void ignore_message(void *self, const char *text, size_t len)
{
    cdp__ws *ws = self;

    assert_true(fine(cdp__ws_send(ws, text, len < 1000 ? len : 1000)));
}

static void ignore_closed(void *self, int code, const char *reason, size_t len)
{
    (void)self;
    (void)code;
    (void)reason;
    (void)len;
}

/* As much as there is to an end; whatever fails, what was sent is whole frames. */
static void scenario(rig_heap *heap, bool server)
{
    static const cdp__ws_ops ops = { ignore_message, ignore_closed };
    const cdp__ws_limits limits = { .allocator = &heap->allocator };
    static const char *const scripts[] = {
        "81:first",
        "01*300:a|89*125:b|00*3000:c|80*30000:d",
        "89:|89*100:e",
        "88#1000:bye",
    };
    ws_end e = { .n = 0 };
    char text[1000];

    memset(text, '.', sizeof text);
    int rc = cdp__ws_init(&e.ws, server, &limits, &ops, &e.ws);
    for (size_t i = 0; rc == 0 && i < sizeof scripts / sizeof *scripts; i++) {
        size_t n;
        char *p = ws_script(scripts[i], server, &n);
        assert_true(fine(cdp__ws_send(&e.ws, text, 100 * i)));
        const size_t before = e.ws.out.len, begin = cdp__ws_begin(&e.ws);
        for (int k = 0; k < 5; k++)
            cdp__buf_put(&e.ws.out, text, sizeof text);
        rc = cdp__ws_end(&e.ws, begin);
        assert_true(fine(rc));
        assert_true(rc == 0 || e.ws.out.len == before);
        rc = cdp__ws_feed(&e.ws, p, n);
        assert_true(fine(rc));
        assert_true(rc == 0 || cdp__ws_send(&e.ws, "x", 1) == CDP_ESTATE);
        assert_true(ws_end_sent(&e));
        e.n = 0;
        cdp__buf_free(&e.ws.out); /* so that there is more to allocate */
        free(p);
    }
    cdp__ws_free(&e.ws);
}

static void test_no_memory(void **state)
{
    unsigned faults = 0;
    rig_heap heap;

    (void)state;
    for (int server = 0; server < 2; server++)
        for (int all = 0; all < 2; all++)
            for (size_t at = 1;; at++) {
                rig_heap_init(&heap);
                heap.fail_at = at;
                heap.and_all_after = all;
                scenario(&heap, server);
                assert_int_equal(heap.blocks, 0);
                if (heap.failures == 0)
                    break;
                faults += (unsigned)heap.failures;
            }
    assert_true(faults > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_close), cmocka_unit_test(test_close_reason),
        cmocka_unit_test(test_callbacks),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_masks),       cmocka_unit_test(test_accept),
        cmocka_unit_test(test_ping),        cmocka_unit_test(test_ping_flood),
        cmocka_unit_test(test_memory),      cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
