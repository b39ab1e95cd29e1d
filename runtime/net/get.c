/* get.c - see get.h. */
#include "get.h"

#include <stdio.h>

struct cdp__get {
    cdp__stream stream;
    uv_timer_t limit;
    cdp__get_options opt;
    cdp__buf out;
    cdp__http_reply *reply;
    unsigned holds; /* the stream, the timer */
    bool done, ending;
};

static void finish(cdp__get *g, int status, int sys, const char *why)
{
    if (g->done || g->ending)
        return;
    g->done = true;
    g->opt.done(g->opt.self, status, sys, why,
                status == 0 ? cdp__reply_body(g->reply) : (cdp_str){ 0 });
}

static void release(cdp__get *g)
{
    if (--g->holds)
        return;
    void (*gone)(void *self) = g->opt.gone;
    void *self = g->opt.self;
    cdp__reply_free(g->reply);
    cdp__buf_free(&g->out);
    cdp__dealloc(g->opt.allocator, g, sizeof *g);
    gone(self);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_closed(void *self)
{
    release(self);
}

void cdp__get_end(cdp__get *g)
{
    if (g->ending)
        return;
    g->ending = true;
    cdp__stream_close(&g->stream);
    uv_close((uv_handle_t *)&g->limit, on_timer_closed);
}

static void on_late(uv_timer_t *timer)
{
    finish(timer->data, CDP_ETIMEDOUT, UV_ETIMEDOUT, "the peer did not answer in time");
}

static void on_opened(void *self)
{
    cdp__get *g = self;

    cdp__stream_flush(&g->stream, &g->out);
}

static void take(cdp__get *g, const char *bytes, size_t len)
{
    size_t used;
    int rc = g->done ? 0 : cdp__reply_feed(g->reply, bytes, len, &used);

    if (rc < 0 && len == 0)
        finish(g, CDP_EIO, UV_EOF, cdp__reply_why(g->reply));
    else if (rc < 0)
        finish(g, rc, 0, cdp__reply_why(g->reply));
    else if (rc > 0 && cdp__reply_status(g->reply) != 200)
        finish(g, CDP_EREMOTE, 0, cdp__reply_why(g->reply));
    else if (rc > 0)
        finish(g, 0, 0, NULL);
}

static void on_data(void *self, const char *bytes, size_t len)
{
    take(self, bytes, len);
}

static void on_settled(void *self)
{
    (void)self;
}

static void on_lost(void *self, int sys, const char *why)
{
    cdp__get *g = self;

    if (sys == UV_EOF) /* the end of some replies */
        take(g, NULL, 0);
    finish(g, CDP_EIO, sys, why);
}

int cdp__get_start(cdp__get **out, const char *method, const char *path,
                   const cdp__get_options *opt)
{
    static const cdp__stream_ops ops = { .opened = on_opened,
                                         .data = on_data,
                                         .settled = on_settled,
                                         .drained = on_opened,
                                         .lost = on_lost,
                                         .closed = on_closed };
    const cdp__reply_limits limits = { .allocator = opt->allocator };
    const cdp__ask ask = { .method = method,
                           .path = path,
                           .authority = opt->url->authority,
                           .token = opt->token,
                           .headers = opt->headers };
    cdp__get *g = cdp__alloc(opt->allocator, sizeof *g);
    int rc = CDP_ENOMEM;

    *out = NULL;
    if (!g)
        return rc;
    memset(g, 0, sizeof *g);
    g->opt = *opt;
    g->out.allocator = opt->allocator;
    g->reply = cdp__reply_new(NULL, &limits);
    if (!g->reply || (rc = cdp__ask_write(&g->out, &ask)) < 0) {
        cdp__reply_free(g->reply);
        cdp__buf_free(&g->out);
        cdp__dealloc(opt->allocator, g, sizeof *g);
        return rc;
    }
    cdp__stream_init(&g->stream, opt->loop, opt->allocator, &ops, g);
    uv_timer_init(opt->loop, &g->limit);
    g->limit.data = g;
    g->holds = 2;
    *out = g;
    if ((rc = cdp__stream_dial(&g->stream, opt->url, opt->tls, opt->limit_ms)) < 0)
        finish(g, rc, 0, cdp_strerror(rc));
    else
        uv_timer_start(&g->limit, on_late, opt->limit_ms, 0);
    return 0;
}
