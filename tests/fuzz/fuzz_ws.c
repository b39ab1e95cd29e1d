/*
 * fuzz_ws.c - bytes as what the peer of a WebSocket sends, in both roles.
 *
 * The first byte chooses role and limits, the second how the rest comes in pieces.  In pieces or at
 * once, the same comes of it; and what is sent, another end understands.
 */
#include "../../runtime/net/ws.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        abort();
}

typedef struct end {
    cdp__ws ws;
    cdp__buf log;
    bool answers;
    int code; /* 0: open */
} end;

static void log_text(end *e, char kind, const char *text, size_t len)
{
    cdp__buf_byte(&e->log, kind);
    cdp__buf_put(&e->log, &len, sizeof len);
    cdp__buf_put(&e->log, text, len);
}

/* Answers as the text has it. */
static void on_message(void *self, const char *text, size_t len)
{
    end *e = self;

    expect(!e->code);
    log_text(e, 'm', text, len);
    if (!e->answers || !len)
        return;
    if (text[0] == 'c') {
        expect(cdp__ws_close(&e->ws, CDP__WS_POLICY, "you asked for it") == 0);
        expect(cdp__ws_send(&e->ws, text, len) == CDP_ESTATE);
    } else if (text[0] == 'b') {
        const size_t begin = cdp__ws_begin(&e->ws);
        for (size_t times = (unsigned char)text[len - 1]; times > 0; times--)
            cdp__buf_put(&e->ws.out, text, len);
        expect(cdp__ws_end(&e->ws, begin) == 0);
    } else
        expect(cdp__ws_send(&e->ws, text, len) == 0);
}

static void on_closed(void *self, int code, const char *reason, size_t len)
{
    end *e = self;

    expect(!e->code && code >= 1000 && code < 5000);
    e->code = code;
    log_text(e, (char)code, reason, len);
}

static const cdp__ws_ops ops = { on_message, on_closed };

static void feed(end *e, const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1); /* of its own, so that a byte too far is seen */

    if (n)
        memcpy(copy, p, n);
    expect(cdp__ws_feed(&e->ws, copy, n) == 0);
    free(copy);
}

/* All that an end says goes to another, which finds nothing wrong with it. */
static void listen(end *e, bool server)
{
    end peer = { .code = 0 };

    expect(cdp__ws_init(&peer.ws, !server, NULL, &ops, &peer) == 0);
    feed(&peer, (const uint8_t *)e->ws.out.ptr, e->ws.out.len);
    expect(!e->code || peer.code);
    expect(!e->code || peer.code == e->code || peer.code == CDP__WS_POLICY);
    log_text(e, 'p', peer.log.ptr, peer.log.len);
    cdp__buf_free(&peer.log);
    cdp__ws_free(&peer.ws);
}

static void run(end *e, unsigned how, const uint8_t *p, size_t n, size_t step)
{
    const cdp__ws_limits limits = { .message = how & 2 ? 200 : 0, .fragments = how & 4 ? 3 : 0 };

    expect(cdp__ws_init(&e->ws, how & 1, &limits, &ops, e) == 0);
    e->answers = how & 8;
    for (size_t at = 0, size; at < n; at += size) {
        size = step < n - at ? step : n - at;
        feed(e, p + at, size);
    }
    listen(e, how & 1);
    cdp__ws_free(&e->ws);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    end whole = { .code = 0 }, cut = { .code = 0 };

    if (size < 2)
        return 0;
    run(&whole, data[0], data + 2, size - 2, size);
    run(&cut, data[0], data + 2, size - 2, 1u + data[1] % 16);
    expect(whole.code == cut.code && whole.log.len == cut.log.len);
    expect(!whole.log.len || memcmp(whole.log.ptr, cut.log.ptr, whole.log.len) == 0);
    cdp__buf_free(&whole.log);
    cdp__buf_free(&cut.log);
    return 0;
}
