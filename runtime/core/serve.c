/*
 * serve.c - the other side: commands that come in, and their answers.
 *
 * Errors are worded as V8's own dispatcher (crdtp) words them, so that clients that look at
 * the text see what they know.
 */
#include <cdp/value.h>

#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- requests ---------------------------------------------------------- */

static cdp_request *new_request(cdp_session *s, cdp__msg *m, const cdp__envelope *e)
{
    cdp_request *req = cdp__msg_alloc(m, sizeof *req);

    if (!req)
        return NULL;
    req->session = s;
    req->msg = m;
    req->id = e->id;
    req->answered = false;
    req->method = cdp__msg_text(m, e->method.ptr, e->method.len);
    if (!req->method.ptr)
        return NULL;
    req->next = s->requests;
    req->link = &s->requests;
    if (req->next)
        req->next->link = &req->next;
    s->requests = req;
    cdp__msg_ref(m); /* until it is answered */
    return req;
}

static void leave_session(cdp_request *req)
{
    if (!req->session)
        return;
    *req->link = req->next;
    if (req->next)
        req->next->link = req->link;
    req->session = NULL;
}

/* It is answered, or somebody else's to answer. */
static void let_go(cdp_request *req)
{
    leave_session(req);
    req->answered = true;
    cdp__msg_unref(req->msg);
}

/* Sends the answer, and lets go of the request. */
static int answer(cdp_request *req, cdp__outgoing *m)
{
    cdp_session *s = req->session;
    int rc = CDP_ECLOSED;

    if (req->answered)
        return CDP_ESTATE; /* can only be seen while its handler still runs */
    if (s) {
        m->has_id = true;
        m->id = req->id;
        m->max_depth = CDP__DEPTH_MAX;
        rc = s->closed ? CDP_ECLOSED : cdp__send_message(s, m, NULL);
        if (rc == CDP_EINVAL || rc == CDP_EDECODE || rc == CDP_ETOOBIG)
            return rc; /* what was to be sent is wrong: nothing was, answer otherwise */
    }
    let_go(req);
    return rc;
}

cdp_session *cdp_request_session(const cdp_request *req)
{
    return req->session;
}

cdp_str cdp_request_method(const cdp_request *req)
{
    return req->method;
}

int cdp_respond(cdp_request *req)
{
    return answer(req, &(cdp__outgoing){ .part = "result" });
}

int cdp_respond_value(cdp_request *req, cdp_value result)
{
    return answer(req, &(cdp__outgoing){ .part = "result", .value = result });
}

int cdp__respond(cdp_request *req, const cdp__domain *d, unsigned command, const void *res)
{
    uint16_t type = d->commands[command].result;

    return answer(req, &(cdp__outgoing){ .part = "result",
                                         .d = d,
                                         .type = type == CDP__NONE ? NULL : &d->types[type],
                                         .in = res });
}

static int respond_error(cdp_request *req, int code, const char *text, const char *data)
{
    return answer(req, &(cdp__outgoing){ .code = code, .error = text, .error_data = data });
}

/* What the library answers by itself is the last word, even if the peer takes nothing more. */
static void refuse(cdp_request *req, int code, const char *text, const char *data)
{
    respond_error(req, code, text, data);
    if (!req->answered)
        let_go(req);
}

int cdp_respond_error(cdp_request *req, int code, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0)
        return CDP_EINVAL;
    while (n > 0 && cdp__utf8_check(text, strlen(text), true) != strlen(text))
        text[strlen(text) - 1] = 0; /* cut amid a character */
    return respond_error(req, code, text, NULL);
}

void cdp__serve_error(cdp_session *s, bool has_id, int32_t id, int code, const char *text,
                      const char *data)
{
    cdp__error e = { .owner = NULL };

    cdp__send_message(s,
                      &(cdp__outgoing){ .has_id = has_id,
                                        .id = id,
                                        .code = code,
                                        .error = text,
                                        .error_data = data,
                                        .max_depth = CDP__DEPTH },
                      &e);
    cdp__error_clear(&e);
}

/* ---- what is wrong with params ----------------------------------------- */

static const char *crdtp_words(const char *why)
{
    static const char *const words[][2] = {
        { "required member missing", "BINDINGS: mandatory field missing" },
        { "string expected", "BINDINGS: string value expected" },
        { "int32 expected", "BINDINGS: int32 value expected" },
        { "number expected", "BINDINGS: double value expected" },
        { "bool expected", "BINDINGS: bool value expected" },
        { "base64 expected", "BINDINGS: binary value expected" },
        { "object expected", "CBOR: map start expected" },
        { "map envelope expected", "CBOR: map start expected" },
        { "array expected", "CBOR: array start expected" },
        { "array envelope expected", "CBOR: array start expected" },
        { "nested too deeply", "CBOR: stack limit exceeded" },
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], why) == 0)
            return words[i][1];
    return why;
}

/* crdtp's paths have no indexes. */
static void without_indexes(char *out, size_t size, const char *path)
{
    size_t n = 0;

    while (*path) {
        size_t step = strcspn(path, ".");
        bool index = strspn(path, "0123456789") == step;
        if (!index && n + step + 2 < size) {
            out[n++] = '.';
            memcpy(out + n, path, step);
            n += step;
        }
        path += step + (path[step] == '.');
    }
    out[n] = 0;
}

static void invalid_params(cdp_request *req, const cdp__fault *f)
{
    char path[CDP__PATH + 2], data[CDP__PATH + 128];

    without_indexes(path, sizeof path, cdp__fault_path(f));
    snprintf(data, sizeof data, "Failed to deserialize params%s - %s at position %zu", path,
             crdtp_words(f->why), f->at);
    refuse(req, CDP_INVALID_PARAMS, "Invalid parameters", data);
}

/* ---- dispatch ---------------------------------------------------------- */

static int find_command(const cdp__domain *d, cdp_str method)
{
    for (unsigned i = 0; i < d->n_commands; i++)
        if (cdp_str_eq(cdp__command_name(d, i), method))
            return (int)i;
    return -1;
}

/* A handler that failed leaves the answer to us. */
static void outcome(cdp_request *req, int rc)
{
    if (rc < 0 && !req->answered)
        refuse(req, rc == CDP_EINVAL ? CDP_INVALID_PARAMS : CDP_SERVER_ERROR,
               rc == CDP_EINVAL ? "Invalid parameters" : cdp_strerror(rc), NULL);
}

static int serve_typed(const cdp__service *v, cdp_request *req, const cdp__envelope *e)
{
    int command = find_command(v->d, req->method);
    cdp__fault fault;
    void *params = NULL;

    if (command < 0 || v->dispatch((unsigned)command, NULL, NULL, v->impl, v->self) != 0)
        return CDP_FALLTHROUGH;
    uint16_t type = v->d->commands[command].params;
    if (type != CDP__NONE) {
        cdp__fault_clear(&fault);
        if (cdp__decode_slice(req->msg, e->params, v->lenient ? CDP__LENIENT : CDP__STRICT, v->d,
                              &v->d->types[type], &fault, &params) < 0) {
            if (fault.status == CDP_ENOMEM)
                return CDP_ENOMEM;
            invalid_params(req, &fault);
            return 0;
        }
    }
    return v->dispatch((unsigned)command, req, params, v->impl, v->self);
}

static int serve_untyped(cdp_session *s, cdp_request *req, const cdp__envelope *e)
{
    cdp_value *params = cdp__msg_root(req->msg, sizeof *params);

    if (!params)
        return CDP_ENOMEM;
    *params = e->params;
    return s->serve_any(req, params, s->serve_self);
}

/* Asks the handlers in turn. */
static int ask(cdp_session *s, cdp_request *req, const cdp__envelope *e)
{
    int rc = CDP_FALLTHROUGH;

    for (cdp__service *v = s->services, *next; v && rc == CDP_FALLTHROUGH && !s->closed; v = next) {
        next = v->next; /* a handler that closes the session takes v with it */
        rc = serve_typed(v, req, e);
    }
    if (rc == CDP_FALLTHROUGH && s->serve_any && !s->closed)
        rc = serve_untyped(s, req, e);
    return rc;
}

static void not_found(cdp_request *req)
{
    char text[160];

    snprintf(text, sizeof text, "'%.*s' wasn't found",
             (int)(req->method.len > 128 ? 128 : req->method.len), req->method.ptr);
    refuse(req, CDP_METHOD_NOT_FOUND, text, NULL);
}

void cdp__serve_request(cdp_session *s, cdp__msg *m, cdp__envelope *e, cdp__reader *r)
{
    cdp__transport *t = cdp__transport_of(s);
    int rc = CDP_FALLTHROUGH;

    if (e->params.ptr && cdp_value_typeof(e->params) != CDP_VALUE_OBJECT) {
        cdp__serve_error(s, true, e->id, CDP_INVALID_REQUEST,
                         "Message may have object 'params' property", NULL);
        return;
    }
    cdp_value whole = { r->begin, (size_t)(r->end - r->begin), r->wire };
    if (t->ops->pass && !cdp__serves(s, e->method) && t->ops->pass(t, s, e, whole) == 0)
        return;
    cdp_request *req = new_request(s, m, e);
    if (!req) {
        cdp__serve_error(s, true, e->id, CDP_SERVER_ERROR, "out of memory", NULL);
        return;
    }
    cdp__session_ref(s);
    cdp__msg_ref(m); /* req lives in it, and may be answered in its handler */
    s->conn->busy++;
    rc = ask(s, req, e);
    if (rc == CDP_FALLTHROUGH && t->ops->pass && !s->closed && !req->answered) {
        rc = t->ops->pass(t, s, e, whole);
        if (rc == 0)
            let_go(req);
    }
    s->conn->busy--;
    if (rc == CDP_FALLTHROUGH && !req->answered)
        not_found(req);
    else
        outcome(req, rc);
    cdp__msg_unref(m);
    cdp__session_unref(s);
}

/* ---- the API ----------------------------------------------------------- */

static int serve(cdp_session *s, const cdp__service *like)
{
    cdp__service **end = &s->services, *v;
    int rc = cdp__usable(s, (cdp_str){ 0 });

    if (rc < 0)
        return rc;
    if (!like->impl)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "no handlers");
    if (!(v = cdp__alloc(cdp__session_allocator(s), sizeof *v)))
        return cdp__error_set(&s->error, CDP_ENOMEM, (cdp_str){ 0 }, NULL);
    *v = *like;
    v->owner = s->owner;
    while (*end)
        end = &(*end)->next;
    *end = v;
    return 0;
}

int cdp__serve(cdp_session *s, const cdp__domain *d, cdp__dispatch *dispatch, const void *impl,
               void *self)
{
    return serve(s, &(cdp__service){ .d = d, .dispatch = dispatch, .impl = impl, .self = self });
}

int cdp__serve_lenient(cdp_session *s, const cdp__domain *d, cdp__dispatch *dispatch,
                       const void *impl, void *self)
{
    return serve(s,
                 &(cdp__service){
                     .d = d, .dispatch = dispatch, .impl = impl, .self = self, .lenient = true });
}

int cdp_serve_any(cdp_session *s, cdp_serve_cb *handler, void *self)
{
    int rc = cdp__usable(s, (cdp_str){ 0 });

    if (rc < 0)
        return rc;
    s->serve_any = handler;
    s->serve_self = self;
    s->any_owner = s->owner;
    return 0;
}

bool cdp__serves(const cdp_session *s, cdp_str method)
{
    for (const cdp__service *v = s->services; v; v = v->next)
        if (method.len > v->d->name_len && method.ptr[v->d->name_len] == '.' &&
            memcmp(method.ptr, v->d->names + v->d->name, v->d->name_len) == 0)
            return true;
    return s->serve_any != NULL;
}

void cdp__serve_as(cdp_session *s, const void *owner)
{
    s->owner = owner;
}

void cdp__unserve(cdp_session *s, const void *owner)
{
    for (cdp__service **link = &s->services, *v; (v = *link);) {
        if (v->owner != owner) {
            link = &v->next;
            continue;
        }
        *link = v->next;
        cdp__dealloc(cdp__session_allocator(s), v, sizeof *v);
    }
    if (s->any_owner == owner)
        s->serve_any = NULL;
}

static int emit(cdp_session *s, cdp__outgoing *m)
{
    int rc = cdp__usable(s, cdp_sn(m->method, m->method_len));

    m->part = "params";
    m->max_depth = CDP__DEPTH_MAX;
    return rc < 0 ? rc : cdp__send_message(s, m, NULL);
}

int cdp__emit(cdp_session *s, const cdp__domain *d, unsigned event, const void *ev)
{
    uint16_t type = d->events[event].params;
    cdp_str name = cdp__event_name(d, event);

    return emit(s, &(cdp__outgoing){ .method = name.ptr,
                                     .method_len = name.len,
                                     .d = d,
                                     .type = type == CDP__NONE ? NULL : &d->types[type],
                                     .in = ev });
}

int cdp_emit(cdp_session *s, const char *method, cdp_value params)
{
    if (!method || !*method)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "no method");
    return emit(
        s, &(cdp__outgoing){ .method = method, .method_len = strlen(method), .value = params });
}

void cdp__serve_free_all(cdp_session *s)
{
    while (s->requests) /* whoever holds them is told CDP_ECLOSED */
        leave_session(s->requests);
    while (s->services) {
        cdp__service *v = s->services;
        s->services = v->next;
        cdp__dealloc(cdp__session_allocator(s), v, sizeof *v);
    }
}
