/*
 * network_event.c - the program's events: checked as Node checks them, noted in each front's
 * buffer, and sent.
 */
#include <cdp/value.h>

#include "network.h"
#include "session.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- what each front keeps ------------------------------------------------- */

/* Notes the event for f.  1: it is to be sent; 0: not to this one; or CDP_ENOMEM. */
typedef int note_fn(cdp__front *f, const void *event);

/* What a struct remembers of a member that the bindings do not know. */
static cdp_value unknown_member(const cdp__extra *x, const char *name)
{
    cdp_value v = { 0 };

    for (const cdp__note *n = x ? x->notes : NULL; n; n = n->next)
        if (n->kind == CDP__NOTE_MEMBER && cdp_str_eq(n->text, cdp_s(name)))
            v = n->value;
    return v;
}

static int note_request(cdp__front *f, const void *event)
{
    const cdp_network_request_will_be_sent_event *ev = event;
    cdp_opt_bool has_body = ev->request->has_post_data;
    cdp_value charset = unknown_member(ev->extra_, "charset");
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    if (e)
        return 0;
    if (!(e = cdp__network_add(&f->buffer, ev->request_id)))
        return CDP_ENOMEM;
    e->sent.done = !(has_body.has && has_body.value);
    e->sent.binary = charset.ptr && !cdp_value_str_eq(charset, "utf-8");
    e->received.binary = true; /* unless the response says otherwise */
    return 1;
}

static int note_response(cdp__front *f, const void *event)
{
    const cdp_network_response_received_event *ev = event;
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    if (e)
        e->received.binary = !cdp_str_eq(ev->response->charset, cdp_s("utf-8"));
    return 1;
}

static int note_finished(cdp__front *f, const void *event)
{
    const cdp_network_loading_finished_event *ev = event;
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    if (e && e->streaming)
        cdp__network_remove(&f->buffer, e);
    else if (e)
        e->received.done = true;
    return 1;
}

static int note_failed(cdp__front *f, const void *event)
{
    const cdp_network_loading_failed_event *ev = event;
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    if (e)
        cdp__network_remove(&f->buffer, e);
    return 1;
}

static int note_received(cdp__front *f, const void *event)
{
    const cdp_network_data_received_event *ev = event;
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    if (!e || e->streaming)
        return e != NULL;
    return cdp__network_push(&f->buffer, e, &e->received, ev->data);
}

static int note_sent(cdp__front *f, const void *event)
{
    const cdp_network_data_received_event *ev = event;
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    return e ? cdp__network_push(&f->buffer, e, &e->sent, ev->data) : 0;
}

static int note_all_sent(cdp__front *f, const void *event)
{
    const cdp_network_data_received_event *ev = event;
    cdp__network_entry *e = cdp__network_find(&f->buffer, ev->request_id);

    if (e)
        e->sent.done = true;
    return 0;
}

static int note_nothing(cdp__front *f, const void *event)
{
    (void)f;
    (void)event;
    return 1;
}

/* ---- the events ------------------------------------------------------------ */

typedef struct kind {
    const char *name;
    const char *event; /* of the protocol, whose struct is used */
    note_fn *note;
    const char *required[9]; /* paths, in the order in which Node looks */
} kind;

static const kind kinds[] = {
    { "requestWillBeSent",
      "Network.requestWillBeSent",
      note_request,
      { "requestId", "timestamp", "wallTime", "request.url", "request.method",
        "request.headers" } },
    { "responseReceived",
      "Network.responseReceived",
      note_response,
      { "requestId", "timestamp", "type", "response.url", "response.status", "response.statusText",
        "response.headers" } },
    { "loadingFinished", "Network.loadingFinished", note_finished, { "requestId", "timestamp" } },
    { "loadingFailed",
      "Network.loadingFailed",
      note_failed,
      { "requestId", "timestamp", "type", "errorText" } },
    { "dataReceived",
      "Network.dataReceived",
      note_received,
      { "requestId", "timestamp", "dataLength", "encodedDataLength", "data" } },
    { "dataSent",
      "Network.dataReceived",
      note_sent,
      { "requestId", "timestamp", "dataLength", "data" } },
    { "webSocketCreated", "Network.webSocketCreated", note_nothing, { "requestId", "url" } },
    { "webSocketHandshakeResponseReceived",
      "Network.webSocketHandshakeResponseReceived",
      note_nothing,
      { "requestId", "timestamp", "response.status", "response.statusText", "response.headers" } },
    { "webSocketClosed", "Network.webSocketClosed", note_nothing, { "requestId", "timestamp" } },
};

/* The last of dataSent. */
static const kind all_sent = { "dataSent", "Network.dataReceived", note_all_sent, { "requestId" } };

const char *const cdp__network_events[] = { "Network.requestWillBeSent",
                                            "Network.responseReceived",
                                            "Network.loadingFinished",
                                            "Network.loadingFailed",
                                            "Network.dataReceived",
                                            "Network.webSocketCreated",
                                            "Network.webSocketHandshakeResponseReceived",
                                            "Network.webSocketClosed",
                                            NULL };

static const kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static unsigned event_index(const kind *k)
{
    unsigned i = 0;

    while (!cdp_str_eq(cdp__event_name(&cdp__domain_network, i), cdp_s(k->event)))
        i++;
    return i;
}

static const cdp__type *event_type(const kind *k)
{
    const cdp__domain *d = &cdp__domain_network;

    return &d->types[d->events[event_index(k)].params];
}

/* ---- what is wrong --------------------------------------------------------- */

int cdp__network_fail(cdp__error *e, int status, const char *path, const char *fmt, ...)
{
    char why[sizeof e->message];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    cdp__error_set(e, status, (cdp_str){ 0 }, why);
    snprintf(e->path, sizeof e->path, "%s", path);
    e->pub.path = cdp_s(e->path);
    return status;
}

static const cdp__field *find_field(const cdp__type *type, cdp_str name)
{
    const cdp__domain *d = &cdp__domain_network;
    const cdp__field *f = &d->fields[type->first];

    while (!cdp_str_eq(cdp_sn(d->names + f->name, f->name_len), name))
        f++;
    return f;
}

static const void *pointer_at(const void *in, const cdp__field *f)
{
    const void *p;

    memcpy(&p, (const char *)in + f->offset, sizeof p);
    return p;
}

static bool is_set(const cdp__type *type, const cdp__field *f, const void *in)
{
    const cdp__extra *x = cdp__extra_in(type, in), *of_child;
    bool absent = x && x->absent >> (f - &cdp__domain_network.fields[type->first]) & 1;
    const void *child;

    switch ((cdp__kind)f->is.kind) {
    case CDP__BOOL:
    case CDP__INT:
    case CDP__NUM:
        return !absent; /* zero may be meant */
    case CDP__ENUM:
        return *(const int32_t *)(const void *)((const char *)in + f->offset) != 0;
    case CDP__STRUCT:
        if (!(child = pointer_at(in, f)))
            return false;
        of_child = cdp__extra_in(&cdp__domain_network.types[f->is.ref], child);
        return !(of_child && of_child->empty);
    default: /* all of these begin with a pointer */
        return !absent && pointer_at(in, f);
    }
}

/* Headers are an object whose values are strings. */
static int check_headers(cdp_value headers, const char *path, cdp__error *e)
{
    if (cdp_value_typeof(headers) != CDP_VALUE_OBJECT)
        return cdp__network_fail(e, CDP_EINVAL, path, "Missing %s in event", path);
    cdp_cursor c = cdp_cursor_begin(headers);
    bool good = true;
    while (good && cdp_cursor_next(&c))
        good = cdp_value_typeof(c.value) == CDP_VALUE_STRING;
    return good && c.error == 0
               ? 0
               : cdp__network_fail(e, CDP_EINVAL, path, "Invalid header value in event");
}

/* A struct of the event, and which of its fields are sent even where they are zero. */
typedef struct part {
    const cdp__type *type;
    const cdp__field *of; /* in the event, of which this is a part; NULL: the event itself */
    const void *in;
    uint64_t keep; /* bit i: field i */
} part;

/* Of a struct that was decoded, which knows itself what was not there. */
#define KEEP_ALL UINT64_MAX

static uint64_t bit_of(const cdp__type *type, const cdp__field *f)
{
    return 1ull << (f - &cdp__domain_network.fields[type->first]);
}

/* Checks a member, the first len bytes of path, whose last name it is. */
static int check_member(part *p, const char *path, size_t len, const char *name,
                        const cdp__field **found, cdp__error *e)
{
    char here[64];
    const cdp__field *f = find_field(p->type, cdp_sn(name, len - (size_t)(name - path)));

    snprintf(here, sizeof here, "%.*s", (int)len, path);
    if (!is_set(p->type, f, p->in))
        return cdp__network_fail(e, CDP_EINVAL, here, "Missing %s in event", here);
    p->keep |= bit_of(p->type, f);
    if (strcmp(name, "headers") == 0) {
        cdp_value headers;
        memcpy(&headers, (const char *)p->in + f->offset, sizeof headers);
        return check_headers(headers, here, e);
    }
    *found = f;
    return 0;
}

/* Checks what is required of the event and its one part.  keep: to begin with. */
static int check(const kind *k, uint64_t keep, part *whole, part *inner, cdp__error *e)
{
    const cdp__field *f;
    int rc = 0;

    for (const char *const *path = k->required; *path && rc == 0; path++) {
        const char *dot = strchr(*path, '.');
        if (!dot) {
            rc = check_member(whole, *path, strlen(*path), *path, &f, e);
            continue;
        }
        rc = check_member(whole, *path, (size_t)(dot - *path), *path, &f, e);
        if (rc == 0 && !inner->type)
            *inner = (part){ &cdp__domain_network.types[f->is.ref], f, pointer_at(whole->in, f),
                             keep };
        if (rc == 0)
            rc = check_member(inner, *path, strlen(*path), dot + 1, &f, e);
    }
    return rc;
}

/* ---- sending --------------------------------------------------------------- */

/* Copies a struct; what else the protocol requires is left out where it is zero. */
static void loosen(const part *p, void *out, cdp__extra *extra)
{
    const cdp__extra *x = cdp__extra_in(p->type, p->in);

    memcpy(out, p->in, p->type->size);
    *extra = x ? *x : (cdp__extra){ .absent = 0 };
    extra->absent |= p->type->required & ~p->keep;
    *cdp__extra_of(p->type, out) = extra;
}

static int encode(const kind *k, const part *whole, const part *inner, cdp__buf *out, cdp__error *e)
{
    union {
        cdp_network_request_will_be_sent_event request;
        cdp_network_response_received_event response;
        cdp_network_loading_finished_event finished;
        cdp_network_loading_failed_event failed;
        cdp_network_data_received_event data;
        cdp_network_web_socket_created_event created;
        cdp_network_web_socket_handshake_response_received_event handshake;
        cdp_network_web_socket_closed_event closed;
    } event;
    union {
        cdp_network_request request;
        cdp_network_response response;
        cdp_network_web_socket_response handshake;
    } of_event;
    const void *at = &of_event;
    cdp__extra extra[2];
    cdp__fault fault;
    cdp__writer w = { out, CDP_CBOR, false, 1, CDP__DEPTH_MAX, &fault };

    cdp__fault_clear(&fault);
    loosen(whole, &event, &extra[0]);
    if (inner->type) {
        loosen(inner, &of_event, &extra[1]);
        memcpy((char *)&event + inner->of->offset, &at, sizeof at);
    }
    if (cdp__encode(&w, &cdp__domain_network, whole->type, &event) == 0)
        return 0;
    return cdp__network_fail(e, fault.status, cdp__fault_path(&fault), "%s: %s in %s",
                             cdp__fault_path(&fault), fault.why, k->name);
}

static bool any_enabled(const cdp__network *n)
{
    const cdp__front *f = n->fronts;

    while (f && !f->enabled)
        f = f->next;
    return f != NULL;
}

static int send_to_all(cdp__network *n, const kind *k, const void *ev, cdp_value params)
{
    cdp__walk w = { n->walks, n->fronts };
    int rc = 0, one;

    n->walks = &w;
    while (w.next) {
        cdp__front *f = w.next;
        w.next = f->next;
        one = f->enabled ? k->note(f, ev) : 0;
        if (one > 0)
            one = cdp_emit(f->session, k->event, params);
        if (one < 0 && one != CDP_ECLOSED && one != CDP_EIO)
            rc = one;
    }
    n->walks = w.outer;
    return rc;
}

static int broadcast(cdp__network *n, const kind *k, const void *ev, uint64_t keep, cdp__error *e)
{
    part whole = { event_type(k), NULL, ev, keep }, inner = { 0 };
    cdp__buf bytes = { .allocator = n->allocator };

    if (!any_enabled(n))
        return 0;
    if (!ev)
        return cdp__network_fail(e, CDP_EINVAL, "", "no event");
    int rc = check(k, keep, &whole, &inner, e);
    if (rc == 0)
        rc = encode(k, &whole, &inner, &bytes, e);
    if (rc < 0) {
        cdp__buf_free(&bytes);
        return rc;
    }
    cdp__network_ref(n); /* a receiver may end the inspector */
    rc = send_to_all(n, k, ev, (cdp_value){ bytes.ptr, bytes.len, CDP_CBOR });
    if (rc < 0)
        cdp__network_fail(e, rc, "", "%s", cdp_strerror(rc));
    cdp__buf_free(&bytes);
    cdp__network_unref(n);
    return rc;
}

int cdp__network_broadcast(cdp__network *n, const char *event, const void *ev, cdp__error *e)
{
    return broadcast(n, find_kind(event), ev, 0, e);
}

int cdp__network_data_sent(cdp__network *n, const cdp_inspector_data_sent *ev, cdp__error *e)
{
    cdp_network_data_received_event as = { .extra_ = NULL };

    if (ev) {
        as.request_id = ev->request_id;
        as.timestamp = ev->timestamp;
        as.data_length = ev->data_length;
        as.data = ev->data;
    }
    return broadcast(n, ev && ev->finished ? &all_sent : find_kind("dataSent"), ev ? &as : NULL, 0,
                     e);
}

/* ---- from scripts ---------------------------------------------------------- */

static int misfit(const cdp__fault *f, cdp__error *e)
{
    const char *path = cdp__fault_path(f);
    int status = f->status == CDP_EDECODE ? CDP_EINVAL : f->status;

    if (strcmp(path, "data") == 0)
        return cdp__network_fail(e, status, path, "Expected data to be Uint8Array in event");
    return cdp__network_fail(e, status, path, "%s%s%s in event", path, *path ? ": " : "", f->why);
}

/* Decodes params, all of it, into a struct of m.  NULL: see *f. */
static void *decode(cdp__msg *m, const cdp__type *type, cdp_value params, cdp__fault *f)
{
    char *p = cdp__msg_alloc(m, params.len + CDP__PAD);
    void *root = p ? cdp__msg_root(m, type->size) : NULL;

    cdp__fault_clear(f);
    if (!root) {
        cdp__fault_set(f, CDP_ENOMEM, "out of memory");
        return NULL;
    }
    const char *end = p + params.len;
    memcpy(p, params.ptr, params.len);
    memset(p + params.len, 0, CDP__PAD);
    cdp__reader r = { .begin = p,
                      .end = p + params.len,
                      .msg = m,
                      .memo = cdp__pool_memo(m->pool),
                      .wire = params.wire,
                      .fault = f };
    p = cdp__decode(&r, p, &cdp__domain_network, type, root);
    if (!p)
        return NULL;
    if (params.wire == CDP_JSON)
        p += strspn(p, " \n\r\t");
    if (p == end)
        return root;
    cdp__fault_set(f, CDP_EDECODE, "trailing bytes");
    return NULL;
}

int cdp__network_broadcast_json(cdp__network *n, const char *event, cdp_value params, cdp__error *e)
{
    const kind *k = event ? find_kind(event) : NULL;
    cdp__fault fault;

    if (!k)
        return cdp__network_fail(e, CDP_EINVAL, "", "no such event: %s", event ? event : "");
    if (!any_enabled(n))
        return 0;
    if (!params.ptr)
        params = cdp_json("{}");
    if (cdp_value_typeof(params) != CDP_VALUE_OBJECT)
        return cdp__network_fail(e, CDP_EINVAL, "params", "params must be an object");
    if (k->note == note_sent && cdp_value_bool(cdp_value_get(params, "finished"), false))
        k = &all_sent;
    const cdp__type *type = event_type(k);
    cdp__msg *m = cdp__msg_new(n->pool, params.len + CDP__PAD + type->size);
    if (!m)
        return cdp__network_fail(e, CDP_ENOMEM, "", "out of memory");
    const void *ev = decode(m, type, params, &fault);
    int rc = ev ? broadcast(n, k, ev, KEEP_ALL, e) : misfit(&fault, e);
    cdp__msg_unref(m);
    return rc;
}
