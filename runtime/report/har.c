/* har.c - records network events; see har.h. */
#include "har.h"

#include <cdp/page.h>

int cdp_har_new(cdp_har **out, const cdp_har_options *opt)
{
    const cdp_har_options none = { 0 }, *o = opt ? opt : &none;
    const size_t n = o->browser ? strlen(o->browser) + 1 : 0;
    cdp_har *har = cdp__alloc(o->allocator, sizeof *har);

    *out = NULL;
    if (!har)
        return CDP_ENOMEM;
    memset(har, 0, sizeof *har);
    if (o->allocator) {
        har->plain = *o->allocator;
        har->allocator = &har->plain;
    }
    har->max_body = o->max_body;
    har->browser = n ? cdp__alloc(har->allocator, n) : NULL;
    if (n && !har->browser) {
        cdp_har_free(har);
        return CDP_ENOMEM;
    }
    if (n)
        memcpy(har->browser, o->browser, n);
    *out = har;
    return 0;
}

/* ---- resources ----------------------------------------------------------- */

static uint32_t hash_of(cdp_str s) /* FNV-1a */
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
    return h;
}

cdp__har_resource *cdp__har_find(const cdp_har *har, cdp_str id)
{
    const uint32_t hash = hash_of(id);
    cdp__har_resource *r = har->bucket[hash % CDP__HAR_BUCKETS];

    while (r && (r->hash != hash || !cdp_str_eq(cdp_sn(r->id, r->id_len), id)))
        r = r->chain;
    return r;
}

/* The resource of that id, a new one if there is none.  NULL: no memory. */
static cdp__har_resource *resource_of(cdp_har *har, cdp_str id)
{
    cdp__har_resource *r = cdp__har_find(har, id);

    if (r || !(r = cdp__alloc(har->allocator, sizeof *r + id.len)))
        return r;
    memset(r, 0, sizeof *r);
    r->hash = hash_of(id);
    r->id_len = id.len;
    if (id.len)
        memcpy(r->id, id.ptr, id.len);
    r->chain = har->bucket[r->hash % CDP__HAR_BUCKETS];
    har->bucket[r->hash % CDP__HAR_BUCKETS] = r;
    r->next = har->resources;
    har->resources = r;
    return r;
}

static cdp__har_hop *add_hop(cdp_har *har, cdp__har_resource *r)
{
    cdp__har_hop *hop = cdp__alloc(har->allocator, sizeof *hop);

    if (!hop)
        return NULL;
    memset(hop, 0, sizeof *hop);
    hop->resource = r;
    hop->page = har->page;
    hop->extra = true; /* until it is told otherwise */
    *(r->last ? &r->last->later : &r->first) = hop;
    r->last = hop;
    *(har->last ? &har->last->next : &har->first) = hop;
    har->last = hop;
    return hop;
}

static int add_event(cdp_har *har, cdp__har_events *list, const void *event, bool sent)
{
    cdp__har_event *e = cdp__alloc(har->allocator, sizeof *e);

    if (!e)
        return CDP_ENOMEM;
    *e = (cdp__har_event){ .event = cdp_keep(event), .sent = sent };
    *(list->last ? &list->last->next : &list->first) = e;
    list->last = e;
    return 0;
}

static void free_events(const cdp_har *har, cdp__har_events *list)
{
    for (cdp__har_event *e = list->first, *next; e; e = next) {
        next = e->next;
        cdp_free(e->event);
        cdp__dealloc(har->allocator, e, sizeof *e);
    }
}

static void free_hop(const cdp_har *har, cdp__har_hop *hop)
{
    cdp_free(hop->request);
    cdp_free(hop->holds_response);
    cdp_free(hop->finished);
    cdp_free(hop->failed);
    cdp_free(hop->body);
    cdp__dealloc(har->allocator, hop, sizeof *hop);
}

static void free_resource(const cdp_har *har, cdp__har_resource *r)
{
    free_events(har, &r->request_extras);
    free_events(har, &r->response_extras);
    free_events(har, &r->frames);
    cdp_free(r->created);
    cdp_free(r->socket_request);
    cdp_free(r->socket_response);
    cdp__dealloc(har->allocator, r, sizeof *r + r->id_len);
}

void cdp_har_free(cdp_har *har)
{
    if (!har)
        return;
    cdp_har_unwatch(har, NULL);
    for (cdp__har_hop *hop = har->first, *next; hop; hop = next) {
        next = hop->next;
        free_hop(har, hop);
    }
    for (cdp__har_resource *r = har->resources, *next; r; r = next) {
        next = r->next;
        free_resource(har, r);
    }
    for (cdp__har_page *page = har->first_page, *next; page; page = next) {
        next = page->next;
        cdp__dealloc(har->allocator, page, sizeof *page);
    }
    if (har->browser)
        cdp__dealloc(har->allocator, har->browser, strlen(har->browser) + 1);
    const cdp_allocator a = har->plain;
    cdp__dealloc(har->allocator ? &a : NULL, har, sizeof *har);
}

/* The hop that an event of that time is about, or NULL: one that began before we did. */
static cdp__har_hop *hop_of(const cdp_har *har, cdp_str id, double timestamp)
{
    const cdp__har_resource *r = cdp__har_find(har, id);
    cdp__har_hop *hop = r ? r->last : NULL;

    if (hop && timestamp > hop->last)
        hop->last = timestamp;
    return hop;
}

/* Has *slot hold event instead of what it holds. */
#define KEEP(slot, new_event)              \
    do {                                   \
        void *keep_ = cdp_keep(new_event); \
        cdp_free(*(slot));                 \
        *(slot) = keep_;                   \
    } while (0)

/* ---- requests ------------------------------------------------------------ */

static void set_clock(cdp_har *har, double wall_time, double timestamp)
{
    if (har->wall_offset == 0 && wall_time > 0)
        har->wall_offset = wall_time - timestamp;
}

/* The main frame's document: of the frame that the first one was of. */
static bool is_navigation(const cdp_har *har, const cdp_network_request_will_be_sent_event *ev)
{
    return ev->type == CDP_NETWORK_RESOURCE_TYPE_DOCUMENT &&
           cdp_str_eq(ev->request_id, ev->loader_id) &&
           (!har->first_page ||
            cdp_str_eq(har->first_page->document->request->frame_id, ev->frame_id));
}

static int add_page(cdp_har *har, cdp__har_hop *hop)
{
    cdp__har_page *page = cdp__alloc(har->allocator, sizeof *page);

    if (!page)
        return CDP_ENOMEM;
    *page = (cdp__har_page){ .document = hop, .number = har->page ? har->page->number + 1 : 1 };
    *(har->page ? &har->page->next : &har->first_page) = page;
    har->page = page;
    hop->page = page;
    return 0;
}

static void end_by_redirect(cdp__har_hop *hop, const cdp_network_request_will_be_sent_event *ev)
{
    KEEP(&hop->holds_response, ev);
    hop->response = ev->redirect_response;
    hop->extra = ev->redirect_has_extra_info;
    hop->responded = hop->last = ev->timestamp;
}

int cdp_har_request(cdp_har *har, const cdp_network_request_will_be_sent_event *ev)
{
    cdp__har_resource *r = resource_of(har, ev->request_id);
    cdp__har_hop *before = r ? r->last : NULL;
    cdp__har_hop *hop = r ? add_hop(har, r) : NULL;

    if (!hop)
        return CDP_ENOMEM;
    hop->request = cdp_keep(ev);
    hop->began = hop->last = ev->timestamp;
    set_clock(har, ev->wall_time, ev->timestamp);
    if (before && before->request && ev->redirect_response)
        end_by_redirect(before, ev);
    return !before && is_navigation(har, ev) ? add_page(har, hop) : 0;
}

int cdp_har_request_extra(cdp_har *har, const cdp_network_request_will_be_sent_extra_info_event *ev)
{
    cdp__har_resource *r = resource_of(har, ev->request_id);

    return r ? add_event(har, &r->request_extras, ev, true) : CDP_ENOMEM;
}

int cdp_har_response_extra(cdp_har *har, const cdp_network_response_received_extra_info_event *ev)
{
    cdp__har_resource *r = resource_of(har, ev->request_id);

    return r ? add_event(har, &r->response_extras, ev, false) : CDP_ENOMEM;
}

int cdp_har_served_from_cache(cdp_har *har, const cdp_network_request_served_from_cache_event *ev)
{
    cdp__har_hop *hop = hop_of(har, ev->request_id, 0);

    if (hop)
        hop->cached = true;
    return 0;
}

int cdp_har_response(cdp_har *har, const cdp_network_response_received_event *ev)
{
    cdp__har_hop *hop = hop_of(har, ev->request_id, ev->timestamp);

    if (hop) {
        KEEP(&hop->holds_response, ev);
        hop->response = ev->response;
        hop->extra = ev->has_extra_info;
        hop->responded = ev->timestamp;
    }
    return 0;
}

int cdp_har_data(cdp_har *har, const cdp_network_data_received_event *ev)
{
    cdp__har_hop *hop = hop_of(har, ev->request_id, ev->timestamp);

    if (hop) {
        hop->size += ev->data_length > 0 ? ev->data_length : 0;
        hop->encoded += ev->encoded_data_length > 0 ? ev->encoded_data_length : 0;
    }
    return 0;
}

int cdp_har_finished(cdp_har *har, const cdp_network_loading_finished_event *ev)
{
    cdp__har_hop *hop = hop_of(har, ev->request_id, ev->timestamp);

    if (hop)
        KEEP(&hop->finished, ev);
    return 0;
}

int cdp_har_failed(cdp_har *har, const cdp_network_loading_failed_event *ev)
{
    cdp__har_hop *hop = hop_of(har, ev->request_id, ev->timestamp);

    if (hop)
        KEEP(&hop->failed, ev);
    return 0;
}

int cdp_har_body(cdp_har *har, cdp_str request_id, const cdp_network_get_response_body_result *body)
{
    cdp__har_hop *hop = hop_of(har, request_id, 0);

    if (!hop)
        return CDP_EINVAL;
    KEEP(&hop->body, body);
    return 0;
}

/* ---- WebSockets ---------------------------------------------------------- */

/* The resource, with a hop.  NULL: no memory. */
static cdp__har_resource *socket_of(cdp_har *har, cdp_str id, double timestamp)
{
    cdp__har_resource *r = resource_of(har, id);

    if (!r || (!r->last && !add_hop(har, r)))
        return NULL;
    cdp__har_hop *hop = r->last;
    hop->began = hop->began > 0 ? hop->began : timestamp;
    hop->last = timestamp > hop->last ? timestamp : hop->last;
    return r;
}

int cdp_har_socket_created(cdp_har *har, const cdp_network_web_socket_created_event *ev)
{
    cdp__har_resource *r = socket_of(har, ev->request_id, 0);

    if (!r)
        return CDP_ENOMEM;
    KEEP(&r->created, ev);
    return 0;
}

int cdp_har_socket_request(cdp_har *har,
                           const cdp_network_web_socket_will_send_handshake_request_event *ev)
{
    cdp__har_resource *r = socket_of(har, ev->request_id, ev->timestamp);

    if (!r)
        return CDP_ENOMEM;
    KEEP(&r->socket_request, ev);
    set_clock(har, ev->wall_time, ev->timestamp);
    return 0;
}

int cdp_har_socket_response(cdp_har *har,
                            const cdp_network_web_socket_handshake_response_received_event *ev)
{
    cdp__har_resource *r = socket_of(har, ev->request_id, ev->timestamp);

    if (!r)
        return CDP_ENOMEM;
    KEEP(&r->socket_response, ev);
    r->last->responded = ev->timestamp;
    return 0;
}

int cdp_har_socket_sent(cdp_har *har, const cdp_network_web_socket_frame_sent_event *ev)
{
    cdp__har_resource *r = socket_of(har, ev->request_id, ev->timestamp);

    return r ? add_event(har, &r->frames, ev, true) : CDP_ENOMEM;
}

int cdp_har_socket_received(cdp_har *har, const cdp_network_web_socket_frame_received_event *ev)
{
    cdp__har_resource *r = socket_of(har, ev->request_id, ev->timestamp);

    return r ? add_event(har, &r->frames, ev, false) : CDP_ENOMEM;
}

int cdp_har_socket_closed(cdp_har *har, const cdp_network_web_socket_closed_event *ev)
{
    hop_of(har, ev->request_id, ev->timestamp);
    return 0;
}

/* ---- pages --------------------------------------------------------------- */

int cdp_har_content_loaded(cdp_har *har, const cdp_page_dom_content_event_fired_event *ev)
{
    if (har->page)
        har->page->content_loaded = ev->timestamp;
    return 0;
}

int cdp_har_loaded(cdp_har *har, const cdp_page_load_event_fired_event *ev)
{
    if (har->page)
        har->page->loaded = ev->timestamp;
    return 0;
}
