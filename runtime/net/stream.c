/* stream.c - see stream.h. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    INPUT = 16 << 10, /* read at once, where ops have no room */
    KEEP = 1 << 20    /* a larger buffer is not kept for the next writes */
};

/* ---- the end ----------------------------------------------------------------- */

void cdp__stream_release(cdp__stream *s)
{
    if (--s->holds || !s->closing)
        return;
    cdp__tls_free(s->tls);
    s->tls = NULL;
    cdp__buf_free(&s->cipher);
    cdp__buf_free(&s->writing);
    cdp__dealloc(s->allocator, s->input, INPUT);
    s->input = NULL;
    s->ops->closed(s->self);
}

static void on_closed(uv_handle_t *handle)
{
    cdp__stream_release(handle->data);
}

static void stop_waiting(cdp__stream *s)
{
    if (s->busy)
        uv_poll_stop(&s->writable);
    s->busy = false;
}

void cdp__stream_lose(cdp__stream *s, int sys, const char *why)
{
    if (s->is_lost || s->closing)
        return;
    s->is_lost = true;
    s->is_open = false;
    cdp__stream_pause(s, true);
    stop_waiting(s);
    uv_timer_stop(&s->timer);
    s->ops->lost(s->self, sys, why);
}

static void lose(cdp__stream *s, int sys)
{
    cdp__stream_lose(s, sys, sys == UV_EOF ? "the peer ended the connection" : uv_strerror(sys));
}

static int descriptor(const cdp__stream *s)
{
    uv_os_fd_t fd = s->writer;

    return fd >= 0 || uv_fileno(&s->h.handle, &fd) == 0 ? fd : -1;
}

/* What the peer takes at once, from *at on.  UV_EAGAIN, or why it can't be written.  (libuv itself
 * would have the peer's end be a SIGPIPE.) */
static int write_now(cdp__stream *s, const cdp__buf *out, size_t *at)
{
    while (*at < out->len) {
        ssize_t n = send(descriptor(s), out->ptr + *at, out->len - *at,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            *at += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
            return UV_EAGAIN;
        else if (errno != EINTR)
            return uv_translate_sys_error(errno);
    }
    return 0;
}

void cdp__stream_end(cdp__stream *s)
{
    if (shutdown(descriptor(s), SHUT_WR) < 0)
        lose(s, uv_translate_sys_error(errno));
}

void cdp__stream_close(cdp__stream *s)
{
    if (s->closing)
        return;
    if (s->tls && s->is_open && !s->busy) { /* as far as it can be said at once */
        cdp__tls_end_writing(s->tls, &s->cipher);
        (void)write_now(s, &s->cipher, &(size_t){ 0 });
    }
    s->closing = true;
    s->is_open = false;
    if (s->has_handle && !uv_is_closing(&s->h.handle))
        uv_close(&s->h.handle, on_closed);
    if (s->polls)
        uv_close((uv_handle_t *)&s->writable, on_closed);
    if (s->writer >= 0)
        close(s->writer);
    uv_cancel((uv_req_t *)&s->lookup); /* of none: refused */
    if (s->found) {
        uv_freeaddrinfo(s->found);
        s->found = NULL;
    }
    uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* ---- in ---------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    cdp__stream *s = handle->data;
    size_t len = 0;
    char *p = s->tls || !s->ops->room ? NULL : s->ops->room(s->self, &len);

    (void)suggested;
    if (!p) {
        if (!s->input)
            s->input = cdp__alloc(s->allocator, INPUT);
        p = s->input;
        len = p ? INPUT : 0; /* of nothing: UV_ENOBUFS */
    }
    *buf = uv_buf_init(p, (unsigned)len);
}

static void on_plain(void *self, const char *bytes, size_t len)
{
    cdp__stream *s = self;

    if (s->is_open)
        s->ops->data(s->self, bytes, len);
}

/* Handshake bytes go out, and with the last of them the stream is open. */
static bool tls_progress(cdp__stream *s)
{
    cdp__buf none = { .allocator = s->allocator };

    if (!s->is_open && cdp__tls_ready(s->tls)) {
        s->is_open = true;
        uv_timer_stop(&s->timer);
        s->ops->opened(s->self);
    }
    if (!s->closing && !s->is_lost)
        cdp__stream_flush(s, &none);
    return !s->closing && !s->is_lost;
}

static void feed_tls(cdp__stream *s, const char *bytes, size_t len)
{
    /* Plain text may come with the handshake's last bytes: nothing before opened(). */
    if (!s->is_open) {
        if (cdp__tls_feed(s->tls, bytes, len, on_plain, s) < 0)
            cdp__stream_lose(s, UV_EPROTO, cdp__tls_why(s->tls));
        else if (tls_progress(s) && s->is_open && cdp__tls_feed(s->tls, NULL, 0, on_plain, s) < 0)
            cdp__stream_lose(s, UV_EPROTO, cdp__tls_why(s->tls));
    } else if (cdp__tls_feed(s->tls, bytes, len, on_plain, s) < 0) {
        cdp__stream_lose(s, UV_EPROTO, cdp__tls_why(s->tls));
    } else {
        tls_progress(s);
    }
    if (s->tls && !s->closing && cdp__tls_ended(s->tls))
        lose(s, UV_EOF);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    cdp__stream *s = stream->data;

    if (n > 0 && s->tls)
        feed_tls(s, buf->base, (size_t)n);
    else if (n > 0)
        s->ops->data(s->self, buf->base, (size_t)n);
    if (n < 0)
        lose(s, (int)n);
    else if (n > 0 && s->is_open)
        s->ops->settled(s->self);
}

void cdp__stream_pause(cdp__stream *s, bool pause)
{
    s->paused = pause;
    if (!s->has_handle || s->closing || s->reading == !pause)
        return;
    s->reading = !pause;
    if (pause)
        uv_read_stop(&s->h.stream);
    else
        uv_read_start(&s->h.stream, on_alloc, on_read);
}

/* ---- out --------------------------------------------------------------------- */

size_t cdp__stream_queued(const cdp__stream *s)
{
    return s->cipher.len + (s->busy ? s->writing.len - s->written : 0);
}

static void on_writable(uv_poll_t *poll, int status, int events);

/* Waits until the peer takes more, on a descriptor that no other handle of libuv's has. */
static int wait_to_write(cdp__stream *s)
{
    int rc = 0;

    if (s->writer < 0 && (s->writer = fcntl(descriptor(s), F_DUPFD_CLOEXEC, 0)) < 0)
        return uv_translate_sys_error(errno);
    if (!s->polls) {
        if ((rc = uv_poll_init(s->loop, &s->writable, s->writer)) < 0)
            return rc;
        s->writable.data = s;
        s->polls = true;
        s->holds++;
    }
    s->busy = true;
    return uv_poll_start(&s->writable, UV_WRITABLE, on_writable);
}

static void write_some(cdp__stream *s, cdp__buf *out)
{
    size_t done = 0;

    if (out->len == 0 || s->busy)
        return;
    int rc = write_now(s, out, &done);
    if (rc == 0) {
        cdp__buf_reset(out, KEEP);
        return;
    }
    if (rc == UV_EAGAIN) {
        cdp__buf spare = s->writing;
        s->writing = *out;
        s->written = done;
        *out = spare;
        rc = wait_to_write(s);
    }
    if (rc < 0)
        lose(s, rc);
}

/* The peer takes more, or is gone: writing says how. */
static void on_writable(uv_poll_t *poll, int status, int events)
{
    cdp__stream *s = poll->data;
    int rc = write_now(s, &s->writing, &s->written);

    (void)events;
    if (rc == UV_EAGAIN && status == 0)
        return;
    if (rc < 0) {
        lose(s, rc == UV_EAGAIN ? status : rc);
        return;
    }
    stop_waiting(s);
    cdp__buf_reset(&s->writing, KEEP);
    if (s->tls)
        write_some(s, &s->cipher);
    if (!s->busy && s->is_open)
        s->ops->drained(s->self);
}

void cdp__stream_flush(cdp__stream *s, cdp__buf *out)
{
    if (s->closing || s->is_lost || !s->has_handle)
        return;
    if (!s->tls) {
        if (s->is_open)
            write_some(s, out);
        return;
    }
    if (s->busy) /* plain text stays plain until it can go: the queue is counted once */
        return;
    int rc = cdp__tls_flush(s->tls, out, &s->cipher);
    if (rc < 0)
        cdp__stream_lose(s, rc == CDP_ENOMEM ? UV_ENOMEM : UV_EPROTO,
                         rc == CDP_ENOMEM ? uv_strerror(UV_ENOMEM) : cdp__tls_why(s->tls));
    else
        write_some(s, &s->cipher);
}

/* ---- the beginning ------------------------------------------------------------- */

void cdp__stream_init(cdp__stream *s, uv_loop_t *loop, const cdp_allocator *a,
                      const cdp__stream_ops *ops, void *self)
{
    memset(s, 0, sizeof *s);
    s->ops = ops;
    s->self = self;
    s->loop = loop;
    s->allocator = a;
    s->cipher.allocator = s->writing.allocator = a;
    uv_timer_init(loop, &s->timer); /* can't fail */
    s->timer.data = s->lookup.data = s->connect.data = s;
    s->writer = -1;
    s->holds = 1;
}

void cdp__stream_connected(cdp__stream *s)
{
    s->url = NULL;
    if (!s->is_local)
        uv_tcp_nodelay(&s->h.tcp, 1);
    cdp__stream_pause(s, false);
    if (s->tls) {
        tls_progress(s); /* says hello */
        return;
    }
    s->is_open = true;
    uv_timer_stop(&s->timer);
    s->ops->opened(s->self);
}

int cdp__stream_dial(cdp__stream *s, const cdp__url *url, cdp_tls *tls, uint32_t limit_ms)
{
    int rc = url->tls ? cdp__tls_open(&s->tls, tls, url->host) : 0;

    if (rc < 0)
        return rc;
    s->url = url;
    s->is_local = url->local;
    uv_update_time(s->loop);
    s->deadline = uv_now(s->loop) + limit_ms;
    cdp__dial_start(s);
    return 0;
}

int cdp__stream_accept(cdp__stream *s, uv_stream_t *listener)
{
    s->is_local = listener->type == UV_NAMED_PIPE;
    if (s->is_local)
        uv_pipe_init(s->loop, &s->h.pipe, 0); /* can't fail, nor can the other */
    else
        uv_tcp_init(s->loop, &s->h.tcp);
    s->h.handle.data = s;
    s->has_handle = true;
    s->holds++;
    if (uv_accept(listener, &s->h.stream) < 0)
        return CDP_EIO;
    if (!s->is_local)
        uv_tcp_nodelay(&s->h.tcp, 1);
    s->is_open = true;
    cdp__stream_pause(s, false);
    return 0;
}

/* A pipe costs both ends less than a socket, but writing one that nobody reads is a SIGPIPE. */
int cdp__stream_adopt(cdp__stream *s, int in, int out)
{
    uv_pipe_init(s->loop, &s->h.pipe, 0); /* can't fail */
    s->h.handle.data = s;
    s->has_handle = s->is_local = true;
    s->holds++;
    s->writer = out;
    if (uv_pipe_open(&s->h.pipe, in) < 0) {
        close(in);
        return CDP_EIO;
    }
    s->is_open = true;
    cdp__stream_pause(s, false);
    return 0;
}
