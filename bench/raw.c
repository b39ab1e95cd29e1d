/* raw.c - see raw.h. */
#include "raw.h"

#include "bench.h"

#include "v8/v8_internal.h"

raw_hearing raw_heard;

static cdp__shim_session *raw;
static const char *wanted; /* the method to copy, */
static const char *count;  /* the text to count */
static char request[1024], reply[1024];
static size_t request_len, reply_len;

static size_t occurrences(const void *bytes, size_t len, const char *text)
{
    const char *p = bytes;
    size_t n = strlen(text), found = 0;

    for (size_t i = 0; n && i + n <= len; i++)
        found += p[i] == *text && memcmp(p + i, text, n) == 0;
    return found;
}

static void on_response(void *self, int id, const uint8_t *bytes, size_t len)
{
    (void)self;
    (void)id;
    if (!count)
        return;
    double start = bench_now();
    raw_heard.counted += occurrences(bytes, len, count);
    reply_len = len < sizeof reply ? len : sizeof reply;
    memcpy(reply, bytes, reply_len);
    raw_heard.counting += bench_now() - start;
}

static void on_event(void *self, const uint8_t *bytes, size_t len)
{
    (void)self;
    (void)bytes;
    if (raw_heard.events++ == 0)
        raw_heard.first = bench_now();
    raw_heard.bytes += len;
}

int raw_connect(cdp_host *h)
{
    static const cdp__shim_channel channel = { .response = on_response, .event = on_event };

    raw = cdp__shim_connect(cdp_host_v8(h)->shim, &channel, NULL);
    return raw ? 0 : -1;
}

void raw_disconnect(void)
{
    cdp__shim_disconnect(raw);
}

static void on_trace(cdp_session *s, bool sent, cdp_value m, void *data)
{
    (void)s;
    (void)data;
    if (!sent || m.len > sizeof request || !occurrences(m.ptr, m.len, wanted))
        return;
    memcpy(request, m.ptr, m.len);
    request_len = m.len;
}

void raw_copy(cdp_session *s, const char *method)
{
    wanted = method;
    request_len = 0;
    cdp_set_trace(s, on_trace, NULL);
}

bool raw_ready(void)
{
    return request_len > 0;
}

void raw_dispatch(void)
{
    cdp__shim_dispatch(raw, request, request_len);
}

void raw_do(const char *json)
{
    cdp__shim_dispatch(raw, json, strlen(json));
}

void raw_listen(const char *text)
{
    count = text;
    raw_heard = (raw_hearing){ 0 };
    reply_len = 0;
}

bool raw_reply_has(const char *text)
{
    return occurrences(reply, reply_len, text) > 0;
}
