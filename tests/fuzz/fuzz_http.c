/*
 * fuzz_http.c - bytes as requests to an HTTP server.
 *
 * The first byte chooses limits, the second how the rest comes in pieces.  In pieces or at once,
 * the same comes of it; and what is found to be fine is looked at again, by the obvious loops.
 */
#include "../../runtime/net/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "a.example", NULL };
static const char *const origins[] = { "http://a.example", NULL };
static const cdp__http_policy policy = { names, origins };

static void expect(bool ok)
{
    if (!ok)
        abort();
}

static void log_str(cdp__buf *log, cdp_str s)
{
    cdp__buf_byte(log, s.ptr ? '+' : '-');
    cdp__buf_put(log, &s.len, sizeof s.len);
    cdp__buf_put(log, s.ptr, s.len);
}

/* Lines of the head that begin with a name and a colon, whatever the case. */
static unsigned lines_with(const char *head, size_t n, const char *name)
{
    const size_t len = strlen(name);
    unsigned lines = 0;

    for (size_t i = 0; i + len + 1 < n; i++) {
        size_t k = 0;
        while (k < len && (head[i + 1 + k] | 0x20) == name[k])
            k++;
        lines += head[i] == '\n' && k == len && head[i + 1 + len] == ':';
    }
    return lines;
}

static void check_fine(const cdp__http_request *r, const char *head, size_t n)
{
    const unsigned hosts = lines_with(head, n, "host"), from = lines_with(head, n, "origin");

    expect(hosts <= 1 && from <= 1);
    expect(hosts || r->host.len == 0);
    expect(from == (r->origin.ptr != NULL));
    expect(cdp__http_host_ok(r->host, names) && cdp__http_origin_ok(r->origin, origins));
    expect(r->url.len > 0 && r->url.ptr[0] == '/' && !memchr(r->url.ptr, '\n', r->url.len));
    expect(!r->upgrade || (r->key.len == 24 && r->minor >= 1));
    expect(!lines_with(head, n, "transfer-encoding"));
    expect(n >= 16 && head[n - 1] == '\n');
}

static void run(cdp__buf *log, unsigned how, const char *p, size_t n, size_t step)
{
    const cdp__http_limits limits = { .head = how & 1 ? 100 : 0,
                                      .lines = how & 2 ? 3 : 0,
                                      .url = how & 4 ? 10 : 0 };
    cdp__http *h = cdp__http_new(&limits, &policy);
    cdp__http_request r = { .status = 0 };
    size_t from = 0; /* where this head began */
    int rc = 0;

    expect(h != NULL);
    for (size_t at = 0, used; at < n && !r.status && !r.upgrade; at += used) {
        const size_t size = step < n - at ? step : n - at;
        char *copy = malloc(size); /* of its own, so that a byte too far is seen */
        memcpy(copy, p + at, size);
        rc = cdp__http_feed(h, copy, size, &used, &r);
        free(copy);
        expect(used <= size && (rc == 1 || (rc == 0 && used == size)));
        if (rc == 0)
            continue;
        /* Which of two wrongs is found first may depend on the pieces. */
        cdp__buf_byte(log, (char)((r.status != 0) << 2 | r.upgrade << 1 | r.keep_alive));
        if (r.status) {
            expect(r.why && !r.upgrade && !r.keep_alive);
            break;
        }
        check_fine(&r, p + from, at + used - from);
        log_str(log, r.url);
        log_str(log, r.host);
        log_str(log, r.origin);
        log_str(log, r.key);
        from = at + used;
    }
    cdp__http_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cdp__buf whole = { .len = 0 }, cut = { .len = 0 };

    if (size < 2)
        return 0;
    run(&whole, data[0], (const char *)data + 2, size - 2, size);
    run(&cut, data[0], (const char *)data + 2, size - 2, 1u + data[1] % 16);
    expect(whole.len == cut.len && (!whole.len || memcmp(whole.ptr, cut.ptr, whole.len) == 0));
    cdp__buf_free(&whole);
    cdp__buf_free(&cut);
    return 0;
}
