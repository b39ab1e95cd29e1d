/*
 * network_io.c - Network.loadNetworkResource, and IO for the streams it opens.
 *
 * Offsets count bytes, and texts are cut only between characters: a piece may be a little shorter
 * than asked for, or longer where it would hold no whole character.
 */
#include <cdp/io.h>

#include "network.h"
#include "session.h"

enum { PIECE = 1 << 20 }; /* bytes, where IO.read does not say */

/* ---- resources ----------------------------------------------------------- */

static cdp_str resource_url(const cdp__resource *r)
{
    return cdp_sn(r->bytes, r->url_len);
}

static cdp_str resource_text(const cdp__resource *r)
{
    return cdp_sn(r->bytes + r->url_len, r->text_len);
}

static void resource_unref(const cdp__network *n, cdp__resource *r)
{
    if (--r->refs == 0)
        cdp__dealloc(n->allocator, r, sizeof *r + r->url_len + r->text_len);
}

static cdp__resource **resource_at(cdp__network *n, cdp_str url)
{
    cdp__resource **at = &n->resources;

    while (*at && !cdp_str_eq(resource_url(*at), url))
        at = &(*at)->next;
    return at;
}

static void drop_resource(cdp__network *n, cdp__resource **at)
{
    cdp__resource *r = *at;

    *at = r->next;
    resource_unref(n, r);
}

void cdp__network_drop_resources(cdp__network *n)
{
    while (n->resources)
        drop_resource(n, &n->resources);
}

int cdp__network_put(cdp__network *n, cdp_str url, cdp_str text, cdp__error *e)
{
    cdp__resource *r, **at;

    if (!url.len || cdp__utf8_check(url.ptr, url.len, true) != url.len)
        return cdp__network_fail(e, CDP_EINVAL, "url", "no URL");
    if (!text.ptr || cdp__utf8_check(text.ptr, text.len, true) != text.len)
        return cdp__network_fail(e, CDP_EINVAL, "text", "no UTF-8 text");
    if (text.len > SIZE_MAX - sizeof *r - url.len ||
        !(r = cdp__alloc(n->allocator, sizeof *r + url.len + text.len)))
        return cdp__network_fail(e, CDP_ENOMEM, "", "out of memory");
    r->refs = 1;
    r->url_len = url.len;
    r->text_len = text.len;
    memcpy(r->bytes, url.ptr, url.len);
    if (text.len)
        memcpy(r->bytes + url.len, text.ptr, text.len);
    if (*(at = resource_at(n, url)))
        drop_resource(n, at);
    r->next = n->resources;
    n->resources = r;
    return 0;
}

/* ---- streams ------------------------------------------------------------- */

static cdp__stream **stream_at(cdp__front *f, cdp_str handle)
{
    cdp__stream **at = &f->streams;

    while (*at && !cdp_str_eq(resource_url((*at)->resource), handle))
        at = &(*at)->next;
    return at;
}

static void close_stream(cdp__front *f, cdp__stream **at)
{
    cdp__stream *s = *at;

    *at = s->next;
    resource_unref(f->network, s->resource);
    cdp__dealloc(f->network->allocator, s, sizeof *s);
}

void cdp__network_close_streams(cdp__front *f)
{
    while (f->streams)
        close_stream(f, &f->streams);
}

/* A stream of r, at its beginning; an earlier one of that handle ends. */
static bool open_stream(cdp__front *f, cdp__resource *r)
{
    cdp__stream **at = stream_at(f, resource_url(r));
    cdp__stream *s = cdp__alloc(f->network->allocator, sizeof *s);

    if (!s)
        return false;
    if (*at)
        close_stream(f, at);
    r->refs++;
    *s = (cdp__stream){ f->streams, r, 0 };
    f->streams = s;
    return true;
}

static bool is_inside(cdp_str text, size_t at)
{
    return at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80;
}

/* About `size` bytes of whole characters, those from the first that begins at `at` or later. */
static cdp_str piece(cdp_str text, size_t at, size_t size)
{
    while (is_inside(text, at))
        at++;
    if (at >= text.len)
        return cdp_sn("", 0);
    size_t end = size < text.len - at ? at + size : text.len;
    while (is_inside(text, end))
        end--;
    if (end == at)
        for (end++; is_inside(text, end);)
            end++;
    return cdp_sn(text.ptr + at, end - at);
}

/* ---- commands ------------------------------------------------------------ */

static int io_read(cdp_request *req, const cdp_io_read_params *p, void *self)
{
    cdp__front *f = self;
    cdp__stream *s = *stream_at(f, p->handle);
    cdp_str text = s ? resource_text(s->resource) : cdp_sn("", 0);

    if (p->offset.has && p->offset.value < 0)
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "offset must not be negative");
    if (p->size.has && p->size.value <= 0)
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "size must be positive");
    size_t at = p->offset.has ? (size_t)p->offset.value : s ? s->at : 0;
    cdp_str data = piece(text, at, p->size.has ? (size_t)p->size.value : PIECE);
    if (s && data.len && !p->offset.has)
        s->at = (size_t)(data.ptr - text.ptr) + data.len;
    cdp_io_read_result res = { .data = data, .eof = data.len == 0 };
    return cdp_io_read_respond(req, &res);
}

/* As in Node closing what is not open is fine; the resource stays. */
static int io_close(cdp_request *req, const cdp_io_close_params *p, void *self)
{
    cdp__front *f = self;
    cdp__stream **at = stream_at(f, p->handle);

    if (*at)
        close_stream(f, at);
    return cdp_respond(req);
}

static const cdp_io_domain_impl io_impl = { .close = io_close, .read = io_read };

static int load_network_resource(cdp_request *req,
                                 const cdp_network_load_network_resource_params *p, void *self)
{
    cdp__front *f = self;
    cdp__resource *r = *resource_at(f->network, p->url);
    cdp_network_load_network_resource_page_result page = { .success = r };

    if (!p->url.len)
        return CDP_EINVAL;
    if (r) {
        if (!open_stream(f, r))
            return CDP_ENOMEM;
        page.stream = resource_url(r);
    }
    return cdp_network_load_network_resource_respond(
        req, &(cdp_network_load_network_resource_result){ .resource = &page });
}

static const cdp_network_domain_impl load_impl = { .load_network_resource = load_network_resource };

void cdp__network_serve_io(cdp__front *f)
{
    /* The protocol requires options, which Node does not have and its clients do not send. */
    cdp__serve_lenient(f->session, &cdp__domain_network, cdp__dispatch_network, &load_impl, f);
    cdp_io_serve(f->session, &io_impl, f);
}
