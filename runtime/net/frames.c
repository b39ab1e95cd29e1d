/* frames.c - see frames.h. */
#include "frames.h"

#include <stdio.h>

enum { KEEP = 1 << 20 };

static void end(cdp__frames *f, bool broken, const char *why)
{
    if (f->ended)
        return;
    f->ended = true;
    f->ops->ended(f->self, broken, why);
}

/* ---- a WebSocket --------------------------------------------------------------- */

static void on_message(void *self, const char *text, size_t len)
{
    cdp__frames *f = self;

    f->ops->message(f->self, text, len);
}

/* The peer's reason may be anything: only letters of it are shown. */
static void on_closed(void *self, int code, const char *reason, size_t len)
{
    bool broken = code == CDP__WS_PROTOCOL || code == CDP__WS_BAD_DATA ||
                  code == CDP__WS_BAD_UTF8 || code == CDP__WS_TOO_BIG;
    char why[192], text[124];
    size_t n = 0;

    for (size_t i = 0; i < len && n < sizeof text - 1; i++)
        text[n++] = (unsigned char)reason[i] < 0x20 || (unsigned char)reason[i] >= 0x7f ? '?'
                                                                                        : reason[i];
    text[n] = 0;
    if (code == CDP__WS_NO_CODE)
        snprintf(why, sizeof why, "the peer closed the WebSocket");
    else
        snprintf(why, sizeof why, "the WebSocket was closed with %d%s%s", code, n ? ": " : "",
                 text);
    end(self, broken, why);
}

/* ---- a pipe -------------------------------------------------------------------- */

static int keep(cdp__frames *f, const char *bytes, size_t len)
{
    if (len > f->max_message - f->in.len) {
        end(f, true, "a message is larger than max_message");
        return 0;
    }
    cdp__buf_put(&f->in, bytes, len);
    return f->in.failed ? CDP_ENOMEM : 0;
}

/* A message that came in one piece is not copied. */
static int feed_pipe(cdp__frames *f, const char *bytes, size_t len)
{
    const char *last = bytes + len, *nul;

    for (; !f->ended && (nul = memchr(bytes, 0, (size_t)(last - bytes))); bytes = nul + 1) {
        size_t n = (size_t)(nul - bytes);
        if (f->in.len == 0 && n <= f->max_message) {
            if (n)
                f->ops->message(f->self, bytes, n);
            continue;
        }
        int rc = keep(f, bytes, n);
        if (rc < 0)
            return rc;
        if (!f->ended)
            f->ops->message(f->self, f->in.ptr, f->in.len);
        cdp__buf_reset(&f->in, KEEP);
    }
    return f->ended ? 0 : keep(f, bytes, (size_t)(last - bytes));
}

/* ---- either --------------------------------------------------------------------- */

int cdp__frames_init(cdp__frames *f, bool pipe, size_t max_message, const cdp_allocator *a,
                     const cdp__frames_ops *ops, void *self)
{
    static const cdp__ws_ops ws_ops = { .message = on_message, .closed = on_closed };
    const cdp__ws_limits limits = { .message = max_message, .allocator = a };

    memset(f, 0, sizeof *f);
    f->ops = ops;
    f->self = self;
    f->pipe = pipe;
    f->max_message = max_message;
    f->in.allocator = f->out.allocator = a;
    return pipe ? 0 : cdp__ws_init(&f->ws, false, &limits, &ws_ops, f);
}

void cdp__frames_free(cdp__frames *f)
{
    cdp__ws_free(&f->ws);
    cdp__buf_free(&f->in);
    cdp__buf_free(&f->out);
}

int cdp__frames_feed(cdp__frames *f, const char *bytes, size_t len)
{
    if (f->ended)
        return 0;
    return f->pipe ? feed_pipe(f, bytes, len) : cdp__ws_feed(&f->ws, bytes, len);
}

char *cdp__frames_room(cdp__frames *f, size_t *len)
{
    return f->pipe || f->ended ? NULL : cdp__ws_room(&f->ws, len);
}

bool cdp__frames_move(cdp__frames *f, const char *text, size_t len, cdp__buf *out)
{
    return f->pipe ? cdp__buf_move(&f->in, text, len, out) : cdp__ws_move(&f->ws, text, len, out);
}

int cdp__frames_send(cdp__frames *f, const void *bytes, size_t len)
{
    if (f->ended)
        return CDP_ESTATE;
    if (!f->pipe)
        return cdp__ws_send(&f->ws, bytes, len);
    if (len && memchr(bytes, 0, len))
        return CDP_EINVAL;
    const size_t before = f->out.len;
    if (!cdp__buf_room(&f->out, len + 1)) { /* what it held stays */
        f->out.len = before;
        f->out.failed = false;
        return CDP_ENOMEM;
    }
    cdp__buf_put(&f->out, bytes, len);
    cdp__buf_byte(&f->out, 0);
    return 0;
}

void cdp__frames_end(cdp__frames *f)
{
    if (!f->pipe && !f->ended)
        (void)cdp__ws_close(&f->ws, CDP__WS_NORMAL, NULL);
}
