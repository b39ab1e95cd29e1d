/*
 * test_ws_peer.c - a WebSocket end against another implementation: wslay's frames.
 *
 * wslay writes what we read and reads what we write, in both roles, all lengths around those where
 * a head changes its form, whole and in fragments, in pieces of every kind.
 */
#include "support/plain_text.h"

#include "../../runtime/net/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <wslay/wslay.h>

static const size_t sizes[] = { 0,    1,     2,     3,     7,     8,      9,
                                100,  125,   126,   127,   128,   1000,   4096,
                                4097, 65534, 65535, 65536, 65537, 100000, 1000000 };

enum { SIZES = sizeof sizes / sizeof *sizes };

/* wslay's end: what it reads, and what it wrote. */
typedef struct peer {
    struct wslay_frame_context *frames;
    const char *in;
    size_t left, most; /* most: bytes it gets at once */
    cdp__buf out;
} peer;

static ssize_t peer_send(const uint8_t *p, size_t n, int flags, void *self)
{
    peer *w = self;

    (void)flags;
    cdp__buf_put(&w->out, p, n);
    return (ssize_t)n;
}

static ssize_t peer_recv(uint8_t *p, size_t room, int flags, void *self)
{
    peer *w = self;
    size_t n = w->most ? 1 + random_below((uint32_t)w->most) : room;

    (void)flags;
    n = n < room ? n : room;
    n = n < w->left ? n : w->left;
    if (n == 0)
        return -1;
    memcpy(p, w->in, n);
    w->in += n;
    w->left -= n;
    return (ssize_t)n;
}

static int peer_mask(uint8_t *p, size_t n, void *self)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)random_below(256);
    return 0;
}

static void peer_open(peer *w)
{
    static const struct wslay_frame_callbacks callbacks = { peer_send, peer_recv, peer_mask };

    memset(w, 0, sizeof *w);
    assert_int_equal(wslay_frame_context_init(&w->frames, &callbacks, w), 0);
}

static void peer_close(peer *w)
{
    wslay_frame_context_free(w->frames);
    cdp__buf_free(&w->out);
}

static void peer_put(peer *w, bool fin, unsigned opcode, bool masked, const char *p, size_t n)
{
    struct wslay_frame_iocb frame = {
        .fin = fin, .opcode = (uint8_t)opcode, .payload_length = n, .mask = masked
    };

    frame.data = (const uint8_t *)p;
    frame.data_length = n;
    do {
        const ssize_t sent = wslay_frame_send(w->frames, &frame);
        assert_true(sent >= 0);
        frame.data += sent;
        frame.data_length -= (size_t)sent;
    } while (frame.data_length);
}

/* Reads one frame; its payload to `text`.  Returns its opcode. */
static unsigned peer_get(peer *w, bool masked, cdp__buf *text)
{
    struct wslay_frame_iocb frame;
    ssize_t n;

    cdp__buf_reset(text, SIZE_MAX);
    do {
        memset(&frame, 0, sizeof frame);
        n = wslay_frame_recv(w->frames, &frame);
        if (n == WSLAY_ERR_WANT_READ || n == WSLAY_ERR_INVALID_CALLBACK) {
            assert_true(w->left > 0);
            continue;
        }
        assert_true(n >= 0);
        assert_true(frame.fin && frame.rsv == 0 && frame.mask == masked);
        cdp__buf_put(text, frame.data, frame.data_length);
    } while (n < 0 || text->len < frame.payload_length);
    return frame.opcode;
}

/* Our end: the messages in one piece, and the last code. */
typedef struct ours {
    cdp__ws ws;
    cdp__buf text;
    unsigned messages;
    int code;
} ours;

static void on_message(void *self, const char *text, size_t len)
{
    ours *o = self;

    o->messages++;
    cdp__buf_put(&o->text, text, len);
}

static void on_closed(void *self, int code, const char *reason, size_t len)
{
    ours *o = self;

    o->code = code;
    assert_int_equal(len, 3);
    assert_memory_equal(reason, "bye", 3);
}

static void ours_open(ours *o, bool server)
{
    static const cdp__ws_ops ops = { on_message, on_closed };

    memset(o, 0, sizeof *o);
    assert_int_equal(cdp__ws_init(&o->ws, server, NULL, &ops, o), 0);
}

static void ours_close(ours *o)
{
    cdp__ws_free(&o->ws);
    cdp__buf_free(&o->text);
}

/* In random pieces of up to `most` bytes; 0: at once. */
static void ours_feed(ours *o, const char *p, size_t n, size_t most)
{
    for (size_t at = 0, size; at < n; at += size) {
        size = most ? 1 + random_below((uint32_t)most) : n;
        size = size < n - at ? size : n - at;
        char *copy = tight(p + at, size);
        assert_int_equal(cdp__ws_feed(&o->ws, copy, size), 0);
        tight_free(copy);
    }
}

/* Text with characters of every length, that ends whole. */
static char *make_text(size_t n)
{
    char *p = malloc(n + 4);

    for (size_t i = 0; i < n;) {
        static const char *const some[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
        const char *c = some[random_below(4)];
        if (strlen(c) > n - i)
            c = "z";
        memcpy(p + i, c, strlen(c));
        i += strlen(c);
    }
    return p;
}

static const size_t pieces[] = { 0, 1, 10, 1000, 70000 };

static size_t piece_for(size_t size, size_t i)
{
    return size > 70000 && pieces[i] && pieces[i] < 100 ? 100 : pieces[i];
}

static void test_reads_wslay(void **state)
{
    (void)state;
    for (int server = 0; server < 2; server++)
        for (size_t i = 0; i < SIZES; i++)
            for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
                const size_t n = sizes[i], cut = random_below((uint32_t)n + 1);
                char *text = make_text(n);
                peer w;
                ours o;
                peer_open(&w);
                ours_open(&o, server);
                peer_put(&w, true, WSLAY_TEXT_FRAME, server, text, n);
                peer_put(&w, false, WSLAY_TEXT_FRAME, server, text, cut); /* at any byte */
                peer_put(&w, true, WSLAY_PING, server, "ping", 4);
                peer_put(&w, true, WSLAY_CONTINUATION_FRAME, server, text + cut, n - cut);
                peer_put(&w, true, WSLAY_CONNECTION_CLOSE, server,
                         "\x0f\xa0"
                         "bye",
                         5);
                ours_feed(&o, w.out.ptr, w.out.len, piece_for(n, k));
                assert_int_equal(o.messages, 2);
                assert_int_equal(o.text.len, 2 * n);
                assert_memory_equal(n ? o.text.ptr : "", text, n);
                assert_memory_equal(n ? o.text.ptr + n : "", text, n);
                assert_int_equal(o.code, 4000);
                peer_close(&w);
                ours_close(&o);
                free(text);
            }
}

static void test_wslay_reads(void **state)
{
    cdp__buf got = { .len = 0 };

    (void)state;
    for (int server = 0; server < 2; server++)
        for (size_t i = 0; i < SIZES; i++)
            for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
                const size_t n = sizes[i];
                char *text = make_text(n);
                peer w;
                ours o;
                peer_open(&w);
                ours_open(&o, server);
                assert_int_equal(cdp__ws_send(&o.ws, text, n), 0);
                const size_t begin = cdp__ws_begin(&o.ws);
                cdp__buf_put(&o.ws.out, text, n);
                assert_int_equal(cdp__ws_end(&o.ws, begin), 0);
                assert_int_equal(cdp__ws_close(&o.ws, CDP__WS_GOING_AWAY, "bye"), 0);
                w.in = o.ws.out.ptr;
                w.left = o.ws.out.len;
                w.most = piece_for(n, k);
                for (int times = 0; times < 2; times++) {
                    assert_int_equal(peer_get(&w, !server, &got), WSLAY_TEXT_FRAME);
                    assert_int_equal(got.len, n);
                    assert_memory_equal(n ? got.ptr : "", text, n);
                }
                assert_int_equal(peer_get(&w, !server, &got), WSLAY_CONNECTION_CLOSE);
                assert_int_equal(got.len, 5);
                assert_memory_equal(got.ptr,
                                    "\x03\xe9"
                                    "bye",
                                    5);
                assert_int_equal(w.left, 0);
                peer_close(&w);
                ours_close(&o);
                free(text);
            }
    cdp__buf_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_wslay),
        cmocka_unit_test(test_wslay_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
