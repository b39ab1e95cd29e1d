/*
 * fuzz_reply.c - bytes as an HTTP server's reply.
 *
 * The first byte chooses limits and whether a handshake is asked for, the second how the rest comes
 * in pieces.  In pieces or at once, the same comes of it; and what is accepted is looked at again,
 * by the obvious loops.
 */
#include "../../runtime/net/reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char answer[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void expect(bool ok)
{
    if (!ok)
        abort();
}

static bool holds(const char *p, size_t n, const char *word)
{
    const size_t len = strlen(word);

    for (size_t i = 0; i + len <= n; i++) {
        size_t k = 0;
        while (k < len && (p[i + k] == word[k] || (p[i + k] | 0x20) == word[k]))
            k++;
        if (k == len)
            return true;
    }
    return false;
}

static void check_accepted(const char *head, size_t n)
{
    expect(holds(head, n, " 101") && holds(head, n, answer) && holds(head, n, "websocket"));
    expect(holds(head, n, "connection:") && holds(head, n, "upgrade:"));
    expect(!holds(head, n, "\nsec-websocket-extensions:") &&
           !holds(head, n, "\nsec-websocket-protocol:"));
    expect(head[n - 1] == '\n');
}

static void run(cdp__buf *log, unsigned how, const char *p, size_t n, size_t step)
{
    const bool handshake = how & 1;
    const cdp__reply_limits limits = { .head = how & 2 ? 200 : 0, .body = how & 4 ? 50 : 0 };
    cdp__http_reply *r = cdp__reply_new(handshake ? key : NULL, &limits);
    size_t at = 0, used;
    int rc = 0;

    expect(r != NULL);
    while (rc == 0 && at < n) {
        const size_t size = step < n - at ? step : n - at;
        char *copy = malloc(size); /* of its own, so that a byte too far is seen */
        memcpy(copy, p + at, size);
        rc = cdp__reply_feed(r, copy, size, &used);
        free(copy);
        expect(used <= size && (rc != 0 || used == size));
        at += used;
    }
    if (rc == 0)
        rc = cdp__reply_feed(r, NULL, 0, &used);
    expect(rc == 1 || rc == CDP_EPROTO);
    for (const char *why = cdp__reply_why(r); *why; why++)
        expect(*why >= ' ' && *why < 0x7f);
    expect(cdp__reply_why(r)[0]);
    const cdp_str body = cdp__reply_body(r);
    const int status = cdp__reply_status(r);
    expect(body.len <= (how & 4 ? 50 : 16 << 20) || handshake);
    if (rc == 1 && handshake)
        check_accepted(p, at);
    if (rc == 1)
        expect(handshake ? status == 101 : status >= 200 && status / 100 != 3 && status < 600);

    /* Which of two wrongs is found first may depend on the pieces. */
    cdp__buf_byte(log, (char)rc);
    if (rc == 1) {
        cdp__buf_put(log, &at, sizeof at);
        cdp__buf_put(log, &status, sizeof status);
        cdp__buf_put(log, body.ptr, body.len);
    }
    cdp__reply_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cdp__buf whole = { .len = 0 }, cut = { .len = 0 };

    if (size < 2)
        return 0;
    run(&whole, data[0], (const char *)data + 2, size - 2, size);
    run(&cut, data[0], (const char *)data + 2, size - 2, 1u + data[1] % 16);
    expect(whole.len == cut.len && memcmp(whole.ptr, cut.ptr, whole.len) == 0);
    cdp__buf_free(&whole);
    cdp__buf_free(&cut);
    return 0;
}
