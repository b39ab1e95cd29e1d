/*
 * connect.c - from a URL to an open WebSocket: what is not named is asked for (/json/version,
 * /json/list), then comes the handshake.  All of it has one limit of time.
 */
#include "discovery.h"
#include "resume.h"

#include <stdio.h>

static void dial(cdp__remote *r);

static void fail(cdp__remote *r, int status)
{
    cdp__remote_lose(r, status, 0, cdp_strerror(status));
}

static uint32_t time_left(const cdp__remote *r)
{
    uint64_t left = uv_timer_get_due_in(&r->limit);

    return left > UINT32_MAX ? UINT32_MAX : left ? (uint32_t)left : 1;
}

/* ---- discovery ------------------------------------------------------------------ */

static void on_get_gone(void *self)
{
    cdp__remote_release(self);
}

static void end_get(cdp__remote *r)
{
    cdp__get *g = r->get;

    r->get = NULL;
    if (g)
        cdp__get_end(g);
}

static void get(cdp__remote *r, const char *path,
                void (*done)(void *self, int status, int sys, const char *why, cdp_str body))
{
    const cdp__get_options opt = { .loop = r->loop,
                                   .allocator = r->allocator,
                                   .url = &r->url,
                                   .tls = r->tls,
                                   .limit_ms = time_left(r),
                                   .token = r->opt.token,
                                   .headers = r->opt.headers,
                                   .done = done,
                                   .gone = on_get_gone,
                                   .self = r };

    r->holds++;
    int rc = cdp__get_start(&r->get, "GET", path, &opt);
    if (rc < 0) {
        r->holds--;
        fail(r, rc);
    }
}

/* 1: taken; 0: it is empty. */
static int take_path(cdp__remote *r, cdp_str path)
{
    if (!path.len)
        return 0;
    if (!(r->path = cdp__alloc(r->allocator, path.len + 1)))
        return CDP_ENOMEM;
    memcpy(r->path, path.ptr, path.len);
    r->path[path.len] = 0;
    return 1;
}

/* Of what the peer says only paths count.  The target that the URL names, or the first that can be
 * attached to. */
static int choose(cdp__remote *r, const cdp_target_entries *list)
{
    bool named = *r->url.path != 0;

    for (size_t i = 0; i < list->targets.n; i++) {
        const cdp_target_entry *t = &list->targets.items[i];
        if (named && !cdp_str_eq(t->id, cdp_s(r->url.path)))
            continue;
        int rc = take_path(r, cdp__url_path(t->web_socket_debugger_url));
        if (rc != 0)
            return rc;
        if (named)
            break;
    }
    return 0;
}

static void malformed(cdp__remote *r, const char *what, int status, cdp_str *why)
{
    char text[160];

    snprintf(text, sizeof text, "%s: %s", what, why ? why->ptr : cdp_strerror(status));
    cdp_free(why);
    cdp__remote_lose(r, status, 0, text);
}

static void on_list(void *self, int status, int sys, const char *why, cdp_str body)
{
    cdp__remote *r = self;
    cdp_target_entries *list;
    cdp_str *fault;

    end_get(r);
    if (status < 0) {
        cdp__remote_lose(r, status, sys, why);
        return;
    }
    if ((status = cdp__discovery_list(&list, body, &fault)) < 0) {
        malformed(r, "/json/list", status, fault);
        return;
    }
    status = choose(r, list);
    cdp_free(list);
    if (status > 0)
        dial(r);
    else if (status == 0)
        cdp__remote_lose(r, CDP_EIO, UV_ENOENT,
                         *r->url.path ? "the peer has no such target, or it is attached to already"
                                      : "the peer has nothing to attach to");
    else
        fail(r, status);
}

static void on_version(void *self, int status, int sys, const char *why, cdp_str body)
{
    cdp__remote *r = self;
    cdp_target_about *about;
    cdp_str *fault;

    end_get(r);
    if (status < 0) {
        cdp__remote_lose(r, status, sys, why);
        return;
    }
    if ((status = cdp__discovery_about(&about, body, &fault)) < 0) {
        malformed(r, "/json/version", status, fault);
        return;
    }
    status = take_path(r, cdp__url_path(about->web_socket_debugger_url));
    cdp_free(about);
    if (status > 0)
        dial(r);
    else if (status == 0)
        get(r, "/json/list", on_list);
    else
        fail(r, status);
}

/* ---- the handshake ---------------------------------------------------------------- */

void cdp__connect_opened(cdp__remote *r)
{
    cdp__stream_flush(&r->stream, &r->head);
}

void cdp__connect_data(cdp__remote *r, const char *bytes, size_t len)
{
    size_t used;
    int rc = cdp__reply_feed(r->reply, bytes, len, &used);

    if (rc < 0 || (rc > 0 && cdp__reply_status(r->reply) != 101)) {
        cdp__remote_lose(r, rc < 0 ? rc : CDP_EREMOTE, 0, cdp__reply_why(r->reply));
        return;
    }
    if (rc == 0)
        return;
    cdp__remote_opened(r);
    if (!r->closing && r->open && used < len)
        cdp__remote_feed(r, bytes + used, len - used);
}

static int write_handshake(cdp__remote *r)
{
    const cdp__reply_limits limits = { .allocator = r->allocator };
    char key[25];
    const cdp__ask ask = { .method = "GET",
                           .path = r->path,
                           .authority = r->url.authority,
                           .token = r->opt.token,
                           .headers = r->opt.headers,
                           .key = key };
    int rc = cdp__ask_key(key);

    if (rc < 0)
        return rc;
    cdp__reply_free(r->reply);
    if (!(r->reply = cdp__reply_new(key, &limits)))
        return CDP_ENOMEM;
    cdp__buf_reset(&r->head, 4096);
    return cdp__ask_write(&r->head, &ask);
}

static void dial(cdp__remote *r)
{
    int rc = write_handshake(r);

    if (rc == 0) {
        cdp__stream_init(&r->stream, r->loop, r->allocator, &cdp__remote_stream_ops, r);
        r->streaming = true;
        r->holds++;
        rc = cdp__stream_dial(&r->stream, &r->url, r->tls, time_left(r));
    }
    if (rc < 0)
        fail(r, rc);
}

/* ---- the whole way ------------------------------------------------------------------ */

static void on_late(uv_timer_t *timer)
{
    cdp__remote_lose(timer->data, CDP_ETIMEDOUT, UV_ETIMEDOUT, "the peer did not answer in time");
}

void cdp__connect_end(cdp__remote *r)
{
    end_get(r);
    if (r->streaming)
        cdp__stream_close(&r->stream);
}

void cdp__connect_free(cdp__remote *r)
{
    cdp__reply_free(r->reply);
    cdp__buf_free(&r->head);
    if (r->path)
        cdp__dealloc(r->allocator, r->path, strlen(r->path) + 1);
    cdp__dealloc(r->allocator, r->texts, r->texts_size);
    cdp__url_free(&r->url, r->allocator);
    if (r->own_tls)
        cdp_tls_free(r->tls);
}

void cdp__remote_limit(cdp__remote *r)
{
    if (uv_is_active((uv_handle_t *)&r->limit))
        return;
    uv_update_time(r->loop);
    uv_timer_start(&r->limit, on_late, r->opt.connect_ms, 0);
}

void cdp__remote_connect(cdp__remote *r)
{
    r->redial = r->streaming;
    if (r->streaming) /* the last one's has to go first */
        return;
    if (r->path)
        cdp__dealloc(r->allocator, r->path, strlen(r->path) + 1);
    r->path = NULL;
    cdp__remote_limit(r);
    if (!r->url.web_socket) {
        get(r, *r->url.path ? "/json/list" : "/json/version", *r->url.path ? on_list : on_version);
        return;
    }
    int rc = take_path(r, cdp_s(r->url.path));
    if (rc > 0)
        dial(r);
    else
        fail(r, rc < 0 ? rc : CDP_EINVAL);
}

/* The caller's may go when cdp_connect() returns. */
static int copy_texts(cdp__remote *r)
{
    const char *const *from = r->opt.headers;
    size_t n = 0, size = r->opt.token ? strlen(r->opt.token) + 1 : 0;

    while (from && from[n])
        size += strlen(from[n++]) + 1;
    size += (n + 1) * sizeof *from;
    if (!(r->texts = cdp__alloc(r->allocator, size)))
        return CDP_ENOMEM;
    r->texts_size = size;
    const char **headers = (const char **)(void *)r->texts;
    char *p = r->texts + (n + 1) * sizeof *headers;
    for (size_t i = 0; i < n; i++) {
        headers[i] = strcpy(p, from[i]);
        p += strlen(p) + 1;
    }
    headers[n] = NULL;
    r->opt.headers = headers;
    if (r->opt.token)
        r->opt.token = strcpy(p, r->opt.token);
    return 0;
}

int cdp__remote_prepare(cdp__remote *r)
{
    int rc = copy_texts(r);

    if (rc == 0 && r->opt.reconnect.attempts)
        rc = cdp__resume_add(r);
    if (rc < 0)
        fail(r, rc);
    return rc;
}

/* Where to, and how it is trusted. */
static int prepare(cdp__remote *r, const char *url)
{
    const char *why = NULL;
    cdp_str *fault = NULL;
    int rc = cdp__url_parse(&r->url, url, r->allocator, &why);

    if (rc < 0) {
        cdp__remote_lose(r, rc, 0, why ? why : cdp_strerror(rc));
        return rc;
    }
    if ((rc = cdp__remote_prepare(r)) < 0)
        return rc;
    r->tls = r->opt.tls;
    if (!r->url.tls || r->tls)
        return 0;
    if ((rc = cdp_tls_new(&r->tls, NULL, &fault)) < 0) {
        cdp__remote_lose(r, rc, 0, fault ? fault->ptr : cdp_strerror(rc));
        cdp_free(fault);
        return rc;
    }
    r->own_tls = true;
    return 0;
}

int cdp__remote_wait(cdp__remote *r, cdp_session **out)
{
    cdp_session *s = *out;
    int rc = 0;

    cdp__session_ref(s);
    while (rc == 0 && !s->closed && !r->t.driven && !r->open)
        rc = cdp__step(s->conn, -1);
    rc = cdp__usable(s, (cdp_str){ 0 });
    if (s->closed)
        *out = NULL;
    cdp__session_unref(s);
    return rc;
}

int cdp_connect(cdp_session **out, const char *url, const cdp_remote_options *opt)
{
    cdp__remote *r;
    int rc = cdp__remote_new(out, &r, opt, false);

    if (rc < 0)
        return rc;
    if (prepare(r, url) == 0)
        cdp__remote_connect(r);
    return cdp__remote_wait(r, out);
}
