/* v8_guard.c - see v8_guard.h. */
#include "v8_guard.h"

/* A CBOR number or length; *p is left behind it.  False: not enough bytes. */
static bool read_count(const uint8_t **p, const uint8_t *end, uint32_t *n)
{
    unsigned info = *p < end ? *(*p)++ & 31u : 31u;

    *n = info;
    if (info < 24)
        return true;
    if (info > 26 || end - *p < 1 << (info - 24))
        return false;
    *n = 0;
    for (int i = 1 << (info - 24); i > 0; i--)
        *n = *n << 8 | *(*p)++;
    return true;
}

static bool skip(const uint8_t **p, const uint8_t *end, const char *text, size_t n)
{
    if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
        return false;
    *p += n;
    return true;
}

cdp__v8_head cdp__v8_read_head(const uint8_t *bytes, size_t len)
{
    cdp__v8_head h = { 0, NULL, 0 };
    const uint8_t *p = bytes, *end = bytes + len;
    uint32_t n;

    if (!skip(&p, end, "\xd8\x5a", 2) && !skip(&p, end, "\xd8\x18\x5a", 3))
        return h;
    if (end - p < 5)
        return h;
    p += 4; /* the envelope's length */
    if (!skip(&p, end, "\xbf", 1))
        return h;
    if (skip(&p, end, "\x62id", 3) && !read_count(&p, end, &h.id))
        return h;
    if (!skip(&p, end, "\x66method", 7) || p >= end || *p >> 5 != 3 || !read_count(&p, end, &n) ||
        (size_t)(end - p) < n)
        return h;
    h.method = (const char *)p;
    h.len = n;
    return h;
}

static bool is(const cdp__v8_head *h, const char *method)
{
    return h->len == strlen(method) && memcmp(h->method, method, h->len) == 0;
}

cdp__v8_delicate cdp__v8_event_kind(const cdp__v8_head *e)
{
    if (e->len < 19 || (e->method[0] != 'D' && e->method[0] != 'H'))
        return CDP__V8_SAFE;
    if (is(e, "HeapProfiler.reportHeapSnapshotProgress"))
        return CDP__V8_PROGRESS;
    if (is(e, "Debugger.scriptParsed") || is(e, "Debugger.scriptFailedToParse"))
        return CDP__V8_PARSED;
    return is(e, "Debugger.breakpointResolved") ? CDP__V8_RESOLVED : CDP__V8_SAFE;
}

const char *cdp__v8_refusal(cdp__v8_delicate amid, const cdp__v8_head *c)
{
    if (amid == CDP__V8_PROGRESS)
        return "not amid HeapProfiler.reportHeapSnapshotProgress: V8's heap must be left alone";
    if (amid == CDP__V8_PARSED && is(c, "Debugger.disable"))
        return "not amid Debugger.scriptParsed: V8 goes on with the script";
    if (amid == CDP__V8_RESOLVED &&
        (is(c, "Debugger.disable") || is(c, "Debugger.removeBreakpoint") ||
         is(c, "Debugger.setBreakpointByUrl")))
        return "not amid Debugger.breakpointResolved: V8 is walking its breakpoints";
    return NULL;
}

bool cdp__v8_replays(const cdp__v8_head *c)
{
    return c->len > 7 && memcmp(c->method + c->len - 7, ".enable", 7) == 0;
}

bool cdp__v8_terminates(const cdp__v8_head *c)
{
    return is(c, "Runtime.terminateExecution");
}

bool cdp__v8_is_urgent(const cdp__v8_head *c)
{
    return cdp__v8_terminates(c) || is(c, "Debugger.pause");
}

cdp__v8_debugging cdp__v8_debugging_of(const cdp__v8_head *c)
{
    if (c->len < 15 || c->method[0] != 'D')
        return CDP__V8_UNCHANGED;
    if (is(c, "Debugger.enable"))
        return CDP__V8_DEBUGGING;
    return is(c, "Debugger.disable") ? CDP__V8_NOT_DEBUGGING : CDP__V8_UNCHANGED;
}

bool cdp__v8_is_chunk(const cdp__v8_head *e)
{
    return e->len == 33 && is(e, "HeapProfiler.addHeapSnapshotChunk");
}
