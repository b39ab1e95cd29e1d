/*
 * fuzz_frames.c - bytes as what a peer sends over a pipe or a WebSocket.
 *
 * The first byte chooses which and the limit, the second how the rest comes in pieces.  In pieces
 * or at once, the same messages come of it; and sent back over a pipe, the same come once more.
 */
#include "../../runtime/net/frames.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        abort();
}

typedef struct end {
    cdp__frames f, back;
    cdp__buf log;
    bool ended, broken;
} end;

static void on_message(void *self, const char *text, size_t len)
{
    end *e = self;

    expect(!e->ended && len <= e->f.max_message);
    if (len && !memchr(text, 0, len)) {
        cdp__buf_put(&e->log, text, len);
        cdp__buf_byte(&e->log, 0);
        expect(cdp__frames_send(&e->back, text, len) == 0);
    } else if (len) {
        expect(cdp__frames_send(&e->back, text, len) == CDP_EINVAL);
    }
}

static void on_ended(void *self, bool broken, const char *why)
{
    end *e = self;

    expect(!e->ended && *why);
    e->ended = true;
    e->broken = broken;
}

static void on_same(void *self, const char *text, size_t len)
{
    cdp__buf_put(self, text, len);
    cdp__buf_byte(self, 0);
}

static void on_no_end(void *self, bool broken, const char *why)
{
    (void)self;
    (void)broken;
    (void)why;
    abort();
}

static void feed(cdp__frames *f, const uint8_t *p, size_t n)
{
    char *copy = malloc(n ? n : 1); /* of its own, so that a byte too far is seen */

    if (n)
        memcpy(copy, p, n);
    expect(cdp__frames_feed(f, copy, n) == 0);
    free(copy);
}

static bool same(const cdp__buf *a, const cdp__buf *b)
{
    return a->len == b->len && (!a->len || memcmp(a->ptr, b->ptr, a->len) == 0);
}

static void run(end *e, unsigned how, const uint8_t *p, size_t n, size_t step)
{
    static const cdp__frames_ops ops = { on_message, on_ended }, back = { on_same, on_no_end };
    const size_t most = how & 2 ? 100 : 1 << 20;
    cdp__buf again = { .ptr = NULL };
    cdp__frames peer;

    expect(cdp__frames_init(&e->f, how & 1, most, NULL, &ops, e) == 0);
    expect(cdp__frames_init(&e->back, true, most, NULL, &back, NULL) == 0);
    expect(cdp__frames_init(&peer, true, most, NULL, &back, &again) == 0);
    for (size_t at = 0, size; at < n; at += size) {
        size = step < n - at ? step : n - at;
        feed(&e->f, p + at, size);
    }
    const cdp__buf *out = cdp__frames_out(&e->back);
    feed(&peer, (const uint8_t *)out->ptr, out->len);
    expect(same(&again, &e->log));
    cdp__buf_free(&again);
    cdp__frames_free(&peer);
    cdp__frames_free(&e->back);
    cdp__frames_free(&e->f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    end whole = { .ended = false }, cut = { .ended = false };

    if (size < 2)
        return 0;
    run(&whole, data[0], data + 2, size - 2, size);
    run(&cut, data[0], data + 2, size - 2, 1u + data[1] % 16);
    expect(whole.ended == cut.ended && whole.broken == cut.broken && same(&whole.log, &cut.log));
    cdp__buf_free(&whole.log);
    cdp__buf_free(&cut.log);
    return 0;
}
