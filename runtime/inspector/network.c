/* network.c - see network.h: the domain's commands, and what holds the fronts. */
#include "network.h"

/* ---- commands ------------------------------------------------------------ */

/* What is called here may lead to the end of the front, and of its inspector: f->network is held
 * where memory is released after an answer. */

static int enable(cdp_request *req, const cdp_network_enable_params *p, void *self)
{
    cdp__front *f = self;
    cdp_opt_int total = p->max_total_buffer_size, resource = p->max_resource_buffer_size;

    if ((total.has && total.value < 0) || (resource.has && resource.value < 0))
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "buffer sizes must not be negative");
    f->enabled = true;
    cdp__network_buffer_limit(&f->buffer, total.has ? (size_t)total.value : CDP__NETWORK_TOTAL,
                              resource.has ? (size_t)resource.value : CDP__NETWORK_RESOURCE);
    return cdp_respond(req);
}

static int disable(cdp_request *req, void *self)
{
    cdp__front *f = self;

    f->enabled = false;
    cdp__network_buffer_clear(&f->buffer);
    return cdp_respond(req);
}

static int not_found(cdp_request *req)
{
    return cdp_respond_error(req, CDP_INVALID_PARAMS, "Request not found");
}

static int not_kept(cdp_request *req, const char *what)
{
    return cdp_respond_error(req, CDP_SERVER_ERROR, "%s body was too large to be kept", what);
}

/* The body as text where it is that. */
static bool text_of(const cdp__network_body *body, cdp_str *text)
{
    const cdp__buf *b = &body->bytes;

    *text = cdp_sn(b->len ? b->ptr : "", b->len);
    return !body->binary && cdp__utf8_check(text->ptr, text->len, false) == text->len;
}

static int get_request_post_data(cdp_request *req,
                                 const cdp_network_get_request_post_data_params *p, void *self)
{
    cdp__front *f = self;
    const cdp__network_entry *e = cdp__network_find(&f->buffer, p->request_id);
    cdp_network_get_request_post_data_result res = { .base64_encoded = false };

    if (!e)
        return not_found(req);
    if (e->sent.lost)
        return not_kept(req, "Request");
    if (!e->sent.done)
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "Request data is not finished yet");
    if (!text_of(&e->sent, &res.post_data))
        return cdp_respond_error(req, CDP_SERVER_ERROR, "Unable to serialize binary request body");
    return cdp_network_get_request_post_data_respond(req, &res);
}

static int respond_base64(cdp_request *req, const cdp__buf *body)
{
    size_t room = (body->len + 2) / 3 * 4;
    char *text = cdp__alloc(body->allocator, room + 1); /* never nothing */

    if (!text)
        return CDP_ENOMEM;
    cdp_network_get_response_body_result res = { .body = { text, room }, .base64_encoded = true };
    cdp__base64_encode(text, (const uint8_t *)body->ptr, body->len);
    int rc = cdp_network_get_response_body_respond(req, &res);
    cdp__dealloc(body->allocator, text, room + 1);
    return rc;
}

static int get_response_body(cdp_request *req, const cdp_network_get_response_body_params *p,
                             void *self)
{
    cdp__front *f = self;
    cdp__network *n = f->network;
    cdp__network_entry *e = cdp__network_find(&f->buffer, p->request_id);
    cdp_network_get_response_body_result res = { .base64_encoded = false };

    if (!e)
        return not_found(req);
    if (e->streaming)
        return cdp_respond_error(req, CDP_INVALID_PARAMS,
                                 "Response body of the request is been streamed");
    if (e->received.lost)
        return not_kept(req, "Response");
    if (!e->received.done)
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "Response data is not finished yet");
    bool text = text_of(&e->received, &res.body);
    cdp__network_ref(n);
    cdp__buf body = cdp__network_take(&f->buffer, &e->received); /* res.body is a part of it */
    cdp__network_remove(&f->buffer, e);
    int rc = text ? cdp_network_get_response_body_respond(req, &res) : respond_base64(req, &body);
    cdp__buf_free(&body);
    cdp__network_unref(n);
    return rc;
}

static int stream_resource_content(cdp_request *req,
                                   const cdp_network_stream_resource_content_params *p, void *self)
{
    cdp__front *f = self;
    cdp__network *n = f->network;
    cdp__network_entry *e = cdp__network_find(&f->buffer, p->request_id);
    cdp_network_stream_resource_content_result res = { .buffered_data = { (const uint8_t *)"",
                                                                          0 } };

    if (!e)
        return not_found(req);
    if (e->received.lost)
        return not_kept(req, "Response");
    cdp__network_ref(n);
    cdp__buf body = cdp__network_take(&f->buffer, &e->received);
    e->streaming = true;
    if (e->received.done) /* nothing more comes */
        cdp__network_remove(&f->buffer, e);
    if (body.len)
        res.buffered_data = (cdp_bytes){ (const uint8_t *)body.ptr, body.len };
    int rc = cdp_network_stream_resource_content_respond(req, &res);
    cdp__buf_free(&body);
    cdp__network_unref(n);
    return rc;
}

static const cdp_network_domain_impl network_impl = {
    .enable = enable,
    .disable = disable,
    .get_request_post_data = get_request_post_data,
    .get_response_body = get_response_body,
    .stream_resource_content = stream_resource_content,
};

/* ---- fronts -------------------------------------------------------------- */

static void front_free(cdp__front *f)
{
    cdp__network *n = f->network;

    cdp__network_buffer_clear(&f->buffer);
    cdp__network_close_streams(f);
    cdp__dealloc(n->allocator, f, sizeof *f);
    cdp__network_unref(n);
}

/* Without memory the front-end finds no Network domain. */
void cdp__network_connected(cdp_session *session, void *network)
{
    cdp__network *n = network;
    cdp__front *f = cdp__alloc(n->allocator, sizeof *f);

    if (!f)
        return;
    memset(f, 0, sizeof *f);
    f->network = n;
    f->session = session;
    cdp__network_ref(n);
    cdp__network_buffer_init(&f->buffer, n->allocator);
    if (cdp_network_serve(session, &network_impl, f) < 0) {
        front_free(f);
        return;
    }
    cdp__network_serve_io(f);
    f->next = n->fronts;
    f->link = &n->fronts;
    if (f->next)
        f->next->link = &f->next;
    n->fronts = f;
}

void cdp__network_ended(cdp_session *session, void *network)
{
    cdp__network *n = network;
    cdp__front *f = n->fronts;

    while (f && f->session != session)
        f = f->next;
    if (!f)
        return;
    for (cdp__walk *w = n->walks; w; w = w->outer)
        if (w->next == f)
            w->next = f->next;
    *f->link = f->next;
    if (f->next)
        f->next->link = f->link;
    front_free(f);
}

/* ---- the whole ----------------------------------------------------------- */

cdp__network *cdp__network_new(const cdp_allocator *a)
{
    cdp__pool *pool = cdp__pool_new(a);

    if (!pool)
        return NULL;
    const cdp_allocator *allocator = cdp__pool_allocator(pool);
    cdp__network *n = cdp__alloc(allocator, sizeof *n);
    if (!n) {
        cdp__pool_unref(pool);
        return NULL;
    }
    *n = (cdp__network){ .refs = 1, .pool = pool, .allocator = allocator };
    return n;
}

void cdp__network_unref(cdp__network *n)
{
    if (--n->refs)
        return;
    cdp__pool *pool = n->pool;
    cdp__dealloc(n->allocator, n, sizeof *n);
    cdp__pool_unref(pool);
}

void cdp__network_free(cdp__network *n)
{
    if (!n)
        return;
    cdp__network_drop_resources(n);
    cdp__network_unref(n);
}
