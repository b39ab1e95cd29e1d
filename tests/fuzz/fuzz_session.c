/*
 * fuzz_session.c - bytes as what a peer sends, to a session that has everything: calls in flight
 * of each kind, subscriptions, expectations, served domains, a child.
 *
 * The input is a list of steps: a byte that says what, and for a message its length (two bytes)
 * and itself.  Whatever comes, every call ends exactly once.
 */
#include "../../runtime/core/pair.h"
#include "../../runtime/core/transport.h"

#include <cdp/console.h>
#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 64 };

static struct world {
    cdp_session *a, *b, *child;
    unsigned started, ended;
    cdp_runtime_evaluate_cookie cookies[MOST];
    unsigned n_cookies;
    uint32_t expected[MOST];
    unsigned n_expected;
    cdp_request *later[MOST];
    unsigned n_later;
    size_t seen; /* so that what is read is used */
} w;

static void look(cdp_str s)
{
    for (size_t i = 0; i < s.len; i++)
        w.seen += (unsigned char)s.ptr[i];
    if (s.ptr && s.ptr[s.len] != 0)
        abort();
}

static void look_at(const cdp_runtime_remote_object *o)
{
    if (!o)
        abort();
    look(o->description);
    look(cdp_unknown(o, &o->type));
    w.seen += (size_t)o->type + cdp_value_count(o->value);
}

static void on_result(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                      void *data)
{
    (void)s;
    (void)data;
    w.ended++;
    if ((err == NULL) == (res == NULL))
        abort();
    if (err)
        look(err->message);
    else
        look_at(res->result);
}

static void on_frame(cdp_session *s, const cdp_error *err,
                     const cdp_debugger_evaluate_on_call_frame_result *res, void *data)
{
    (void)s;
    (void)data;
    w.ended++;
    if (!err)
        look_at(res->result);
}

static void on_value(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    (void)data;
    w.ended++;
    if (!err)
        w.seen += cdp_value_count(*result);
}

static void on_called(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)data;
    for (size_t i = 0; i < ev->args.n; i++)
        look_at(&ev->args.items[i]);
}

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    (void)s;
    (void)data;
    for (size_t i = 0; i < ev->call_frames.n; i++) {
        look(ev->call_frames.items[i].function_name);
        look_at(ev->call_frames.items[i].this_);
    }
}

static void on_any(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)data;
    look(method);
    w.seen += cdp_value_count(*params);
}

static int serve_evaluate(cdp_request *req, const cdp_runtime_evaluate_params *params, void *self)
{
    (void)self;
    look(params->expression);
    if (params->expression.len % 4 == 0 && w.n_later < MOST) {
        w.later[w.n_later++] = req;
        return 0;
    }
    if (params->expression.len % 4 == 1)
        return CDP_EINVAL;
    cdp_runtime_remote_object o = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING,
                                    .description = params->expression };
    return cdp_runtime_evaluate_respond(req, &(cdp_runtime_evaluate_result){ .result = &o });
}

static int serve_rest(cdp_request *req, const cdp_value *params, void *self)
{
    (void)self;
    if (cdp_request_method(req).len % 2)
        return CDP_FALLTHROUGH;
    return cdp_respond_value(req, *params) < 0 ? CDP_EINVAL : 0;
}

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    (void)data;
    look(err->message);
    look(err->method);
    look(err->path);
}

static const cdp_runtime_domain_impl runtime = { .evaluate = serve_evaluate };

static void open_world(bool strict)
{
    cdp_options opt = { .timeout_ms = CDP_NO_TIMEOUT, .strict = strict, .max_pending = 200 };

    memset(&w, 0, sizeof w);
    if (cdp__pair(&w.a, &w.b, &opt, CDP_JSON, false) < 0 ||
        cdp_attach(&w.child, w.a, cdp_s("c")) < 0)
        abort();
    cdp_set_fault(w.a, on_fault, NULL);
    cdp_set_fault(w.b, on_fault, NULL);
    cdp_runtime_on_console_api_called(w.a, on_called, NULL);
    cdp_runtime_on_console_api_called(w.child, on_called, NULL);
    cdp_debugger_on_paused(w.child, on_paused, NULL);
    cdp_on_any(w.child, on_any, NULL);
    cdp_on(w.a, "Debugger.resumed", on_any, NULL);
    cdp_runtime_serve(w.a, &runtime, NULL);
    cdp_serve_any(w.a, serve_rest, NULL);
    cdp_serve_any(w.child, serve_rest, NULL);
}

static void start_calls(cdp_session *s)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    cdp_debugger_evaluate_on_call_frame_params f = { .call_frame_id = cdp_s("1"),
                                                     .expression = cdp_s("1") };

    if (!s)
        return;
    w.started += cdp_runtime_evaluate_async(s, &p, on_result, NULL) != 0;
    w.started += cdp_debugger_evaluate_on_call_frame_async(s, &f, on_frame, NULL) != 0;
    w.started += cdp_call_async(s, "A.b", cdp_json("{}"), on_value, NULL) != 0;
    if (s == w.a && w.n_cookies < MOST)
        w.cookies[w.n_cookies++] = cdp_runtime_evaluate_send(s, &p);
    if (s == w.a && w.n_expected < MOST)
        w.expected[w.n_expected++] = cdp_debugger_expect_paused(s);
}

static void step(unsigned what)
{
    switch (what % 8) {
    case 0:
        start_calls(w.a);
        break;
    case 1:
        start_calls(w.child);
        break;
    case 2:
        if (w.n_later)
            cdp_respond_error(w.later[--w.n_later], -1, "%u", what);
        break;
    case 3:
        cdp_close(w.child);
        w.child = NULL;
        break;
    case 4:
        if (!w.child)
            cdp_attach(&w.child, w.a, cdp_s("c"));
        break;
    case 5:
        cdp_cancel(w.a, what / 8);
        break;
    default:
        cdp_poll(w.a, 0);
    }
}

static void close_world(void)
{
    void *ev;
    cdp_runtime_evaluate_result *res;

    cdp_set_timeout(w.a, 0, 1);
    cdp_close(w.b); /* so that nothing waits */
    for (unsigned i = 0; i < w.n_cookies; i++)
        if (cdp_runtime_evaluate_reply(w.a, w.cookies[i], &res) == 0)
            look_at(res->result), cdp_free(res);
    for (unsigned i = 0; i < w.n_expected; i++)
        if (cdp__take(w.a, w.expected[i], &ev) == 0)
            on_paused(w.a, ev, NULL), cdp_free(ev);
    cdp_close(w.a);
    while (w.n_later)
        cdp_respond(w.later[--w.n_later]);
    if (w.started != w.ended)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *p = data, *end = data + size;

    if (size == 0)
        return 0;
    open_world(*p++ & 1);
    start_calls(w.a);
    start_calls(w.child);
    while (p < end) {
        unsigned what = *p++;
        if (what < 128) {
            step(what);
            continue;
        }
        if (end - p < 2)
            break;
        size_t n = p[0] | (size_t)p[1] << 8;
        p += 2;
        if (n > (size_t)(end - p))
            n = (size_t)(end - p);
        cdp__receive(w.a, p, n);
        p += n;
    }
    close_world();
    return 0;
}
