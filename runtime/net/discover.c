/*
 * discover.c - asks a peer what it has: one HTTP request on a loop of its own, for each question.
 */
#include "discovery.h"
#include "get.h"

#include <stdio.h>

enum { LIMIT_MS = 10000 };

typedef struct question {
    cdp__url url;
    cdp_tls *tls;
    bool own_tls, gone;
    const cdp_remote_options *opt;
    cdp__get *get;
    int status;
    cdp_str *body, **why;
} question;

static int explain(cdp_str **why, int status, const char *text)
{
    if (why)
        *why = cdp__new_text(text, strlen(text));
    return status;
}

static void on_done(void *self, int status, int sys, const char *why, cdp_str body)
{
    question *q = self;

    (void)sys;
    q->status = status;
    if (status < 0)
        explain(q->why, status, why);
    else if (!(q->body = cdp__new_text(body.ptr, body.len)))
        q->status = CDP_ENOMEM;
    cdp__get_end(q->get);
}

static void on_gone(void *self)
{
    ((question *)self)->gone = true;
}

static int prepare(question *q, const char *url)
{
    const cdp_allocator *a = q->opt->session.allocator;
    const char *why = NULL;
    int rc = cdp__url_parse(&q->url, url, a, &why);

    if (rc < 0)
        return explain(q->why, rc, why ? why : cdp_strerror(rc));
    q->tls = q->opt->tls;
    if (!q->url.tls || q->tls)
        return 0;
    rc = cdp_tls_new(&q->tls, NULL, q->why);
    q->own_tls = rc == 0;
    return rc;
}

static int run(question *q, const char *method, const char *path)
{
    uv_loop_t loop;
    const cdp__get_options opt = { .loop = &loop,
                                   .allocator = q->opt->session.allocator,
                                   .url = &q->url,
                                   .tls = q->tls,
                                   .limit_ms = q->opt->connect_ms ? q->opt->connect_ms : LIMIT_MS,
                                   .token = q->opt->token,
                                   .headers = q->opt->headers,
                                   .done = on_done,
                                   .gone = on_gone,
                                   .self = q };
    int sys = uv_loop_init(&loop);

    if (sys < 0)
        return explain(q->why, CDP_EIO, uv_strerror(sys));
    int rc = cdp__get_start(&q->get, method, path, &opt);
    while (rc == 0 && !q->gone)
        uv_run(&loop, UV_RUN_ONCE);
    uv_loop_close(&loop);
    return rc < 0 ? explain(q->why, rc, cdp_strerror(rc)) : q->status;
}

/* The body of the reply to one request: one cdp_free(). */
static int ask(cdp_str **body, const char *url, const char *method, const char *path,
               const cdp_remote_options *opt, cdp_str **why)
{
    static const cdp_remote_options defaults = { .connect_ms = LIMIT_MS };
    question q = { .opt = opt ? opt : &defaults, .why = why };

    *body = NULL;
    if (why)
        *why = NULL;
    int rc = prepare(&q, url);
    if (rc == 0)
        rc = run(&q, method, path);
    if (q.own_tls)
        cdp_tls_free(q.tls);
    cdp__url_free(&q.url, q.opt->session.allocator);
    *body = q.body;
    return rc;
}

/* ---- the API --------------------------------------------------------------------- */

int cdp_target_list(cdp_target_entries **out, const char *url, const cdp_remote_options *opt,
                    cdp_str **why)
{
    cdp_str *body;
    int rc = ask(&body, url, "GET", "/json/list", opt, why);

    *out = NULL;
    if (rc == 0)
        rc = cdp__discovery_list(out, *body, why);
    cdp_free(body);
    return rc;
}

int cdp_target_version(cdp_target_about **out, const char *url, const cdp_remote_options *opt,
                       cdp_str **why)
{
    cdp_str *body;
    int rc = ask(&body, url, "GET", "/json/version", opt, why);

    *out = NULL;
    if (rc == 0)
        rc = cdp__discovery_about(out, *body, why);
    cdp_free(body);
    return rc;
}

int cdp_target_protocol(cdp_str **out, const char *url, const cdp_remote_options *opt,
                        cdp_str **why)
{
    return ask(out, url, "GET", "/json/protocol", opt, why);
}

/* Appends text so that it can't be anything but part of a path. */
static void put_escaped(cdp__buf *path, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~:/?=&,;@!$'()*+";
    char escape[4];

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        /* What is escaped already stays so. */
        if (strchr(plain, *p) || *p == '%') {
            cdp__buf_byte(path, (char)*p);
        } else {
            snprintf(escape, sizeof escape, "%%%02X", *p);
            cdp__buf_put(path, escape, 3);
        }
    }
}

static int ask_about(cdp_str **body, const char *url, const char *method, const char *verb,
                     const char *argument, const cdp_remote_options *opt, cdp_str **why)
{
    cdp__buf path = { .allocator = opt ? opt->session.allocator : NULL };

    cdp__buf_put(&path, verb, strlen(verb));
    put_escaped(&path, argument ? argument : "");
    cdp__buf_byte(&path, 0);
    int rc = CDP_ENOMEM;
    *body = NULL;
    if (why)
        *why = NULL;
    if (!path.failed)
        rc = ask(body, url, method, path.ptr, opt, why);
    cdp__buf_free(&path);
    return rc;
}

int cdp_target_new(cdp_target_entry **out, const char *url, const char *page,
                   const cdp_remote_options *opt, cdp_str **why)
{
    cdp_str *body;
    int rc = ask_about(&body, url, "PUT", page ? "/json/new?" : "/json/new", page, opt, why);

    *out = NULL;
    if (rc == 0)
        rc = cdp__discovery_entry(out, *body, why);
    cdp_free(body);
    return rc;
}

int cdp_target_activate(const char *url, const char *id, const cdp_remote_options *opt,
                        cdp_str **why)
{
    cdp_str *body;
    int rc = ask_about(&body, url, "GET", "/json/activate/", id, opt, why);

    cdp_free(body);
    return rc;
}

int cdp_target_close(const char *url, const char *id, const cdp_remote_options *opt, cdp_str **why)
{
    cdp_str *body;
    int rc = ask_about(&body, url, "GET", "/json/close/", id, opt, why);

    cdp_free(body);
    return rc;
}
