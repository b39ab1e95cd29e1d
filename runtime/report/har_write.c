/*
 * har_write.c - what was recorded, as HAR 1.2.
 *
 * The members that begin with '_' are those that Chrome's own HAR files have.
 */
#define CDP_NO_DEPRECATED /* postData is where the text of a request is */
#include "har.h"
#include "har_parts.h"

/* A hop with what belongs to it. */
typedef struct entry {
    const cdp__har_hop *hop;
    const cdp_network_request_will_be_sent_extra_info_event *request_extra;
    const cdp_network_response_received_extra_info_event *response_extra;
    cdp__har_headers sent, received;
} entry;

static const cdp_str unknown = { "unknown", 7 };

/* ---- which extra info is whose -------------------------------------------- */

/* The n-th hop that has extra info has the n-th of those events. */
static entry entry_of(const cdp__har_hop *hop)
{
    const cdp__har_event *sent = hop->resource->request_extras.first;
    const cdp__har_event *received = hop->resource->response_extras.first;
    entry e = { .hop = hop };

    for (const cdp__har_hop *h = hop->resource->first; h != hop; h = h->later)
        if (h->extra) {
            sent = sent ? sent->next : NULL;
            received = received ? received->next : NULL;
        }
    if (hop->extra) {
        e.request_extra = sent ? sent->event : NULL;
        e.response_extra = received ? received->event : NULL;
    }
    return e;
}

static void read_sent(entry *e, cdp__out *o)
{
    const cdp__har_resource *r = e->hop->resource;

    if (e->request_extra)
        cdp__har_read_headers(&e->sent, o, e->request_extra, e->request_extra->headers);
    else if (e->hop->request)
        cdp__har_read_headers(&e->sent, o, e->hop->request, e->hop->request->request->headers);
    else if (r->socket_response && r->socket_response->response->request_headers.ptr)
        cdp__har_read_headers(&e->sent, o, r->socket_response,
                              r->socket_response->response->request_headers);
    else if (r->socket_request)
        cdp__har_read_headers(&e->sent, o, r->socket_request, r->socket_request->request->headers);
}

static void read_received(entry *e, cdp__out *o)
{
    const cdp__har_resource *r = e->hop->resource;

    if (e->response_extra)
        cdp__har_read_headers(&e->received, o, e->response_extra, e->response_extra->headers);
    else if (e->hop->response)
        cdp__har_read_headers(&e->received, o, e->hop->holds_response, e->hop->response->headers);
    else if (r->socket_response)
        cdp__har_read_headers(&e->received, o, r->socket_response,
                              r->socket_response->response->headers);
}

/* ---- times --------------------------------------------------------------- */

static double wall_started(const cdp_har *har, const cdp__har_hop *hop)
{
    const cdp__har_resource *r = hop->resource;
    const double wall = hop->request        ? hop->request->wall_time
                        : r->socket_request ? r->socket_request->wall_time
                                            : 0;

    return wall > 0 ? wall : hop->began + har->wall_offset;
}

/* Milliseconds that each phase took, one behind the other, so that they add up to the time from
 * the request's start to its end; -1: there was no such phase. */
static double put_timings(cdp__out *o, const cdp__har_hop *hop)
{
    const cdp_network_resource_timing *t = hop->response ? hop->response->timing : NULL;
    const double begin = hop->began, total = hop->last > begin ? (hop->last - begin) * 1000 : 0;
    const double base = t ? (t->request_time - begin) * 1000 : 0;
    const double wait = hop->responded > 0 ? (hop->responded - begin) * 1000 : total;
    cdp__har_phases p = { .total = total };

    if (t) {
        const double first = t->dns_start >= 0       ? t->dns_start
                             : t->connect_start >= 0 ? t->connect_start
                                                     : t->send_start;
        cdp__har_phase(&p, CDP__HAR_BLOCKED, base + first);
        if (t->dns_end >= 0)
            cdp__har_phase(&p, CDP__HAR_DNS, base + t->dns_end);
        if (t->connect_end >= 0)
            cdp__har_phase(&p, CDP__HAR_CONNECT, base + t->connect_end);
        cdp__har_phase(&p, CDP__HAR_SEND, base + t->send_end);
        if (t->ssl_end >= 0 && t->ssl_end > t->ssl_start)
            p.ssl = t->ssl_end - t->ssl_start;
    }
    cdp__har_phase(&p, CDP__HAR_WAIT, wait);
    cdp__har_phase(&p, CDP__HAR_RECEIVE, total);
    cdp__har_put_phases(o, &p);
    return total;
}

/* ---- the request --------------------------------------------------------- */

static void put_post_data(cdp__out *o, const entry *e)
{
    const cdp_network_request_will_be_sent_event *ev = e->hop->request;

    if (!ev || !ev->request->post_data.ptr)
        return;
    cdp__out_key(o, "postData");
    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_str_member(o, "mimeType", cdp__har_header(&e->sent, "content-type"));
    cdp__out_str_member(o, "text", ev->request->post_data);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

static cdp_str url_of(const cdp__har_hop *hop)
{
    return hop->request             ? hop->request->request->url
           : hop->resource->created ? hop->resource->created->url
                                    : cdp_s("");
}

static cdp_str http_version(const cdp__har_hop *hop)
{
    return hop->response && hop->response->protocol.len ? hop->response->protocol : unknown;
}

/* Bytes of the request's body; -1: not known. */
static double sent_size(const cdp__har_hop *hop)
{
    const cdp_network_request *r = hop->request ? hop->request->request : NULL;

    if (r && r->post_data.ptr)
        return (double)r->post_data.len;
    return r && r->has_post_data.value ? -1 : 0;
}

static void put_request(cdp__out *o, const entry *e)
{
    const cdp__har_hop *hop = e->hop;

    cdp__out_key(o, "request");
    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_str_member(o, "method", hop->request ? hop->request->request->method : cdp_s("GET"));
    cdp__out_str_member(o, "url", url_of(hop));
    cdp__out_str_member(o, "httpVersion", http_version(hop));
    cdp__har_put_headers(o, &e->sent);
    cdp__har_put_query(o, url_of(hop));
    cdp__har_put_cookies(o, cdp__har_header(&e->sent, "cookie"));
    cdp__out_num_member(o, "headersSize", -1);
    cdp__out_num_member(o, "bodySize", sent_size(hop));
    put_post_data(o, e);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

/* ---- the response -------------------------------------------------------- */

static double headers_size(const entry *e)
{
    return e->response_extra && e->response_extra->headers_text.len
               ? (double)e->response_extra->headers_text.len
               : -1;
}

/* Bytes of the body on the wire; -1: not known. */
static double body_size(const entry *e)
{
    const cdp__har_hop *hop = e->hop;

    if (hop->cached || (hop->response && hop->response->from_disk_cache.value))
        return 0;
    if (hop->finished && headers_size(e) >= 0 &&
        hop->finished->encoded_data_length >= headers_size(e))
        return hop->finished->encoded_data_length - headers_size(e);
    return hop->encoded > 0 ? (double)hop->encoded : -1;
}

static void put_content(cdp__out *o, const entry *e)
{
    const cdp__har_hop *hop = e->hop;
    const double encoded = body_size(e);

    cdp__out_key(o, "content");
    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_num_member(o, "size", (double)hop->size);
    cdp__out_str_member(o, "mimeType",
                        hop->response && hop->response->mime_type.len ? hop->response->mime_type
                                                                      : cdp_s("x-unknown"));
    if (encoded > 0 && encoded < (double)hop->size)
        cdp__out_num_member(o, "compression", (double)hop->size - encoded);
    if (hop->body) {
        cdp__out_str_member(o, "text", hop->body->body);
        if (hop->body->base64_encoded)
            cdp__out_str_member(o, "encoding", cdp_s("base64"));
    }
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

static void put_status(cdp__out *o, const entry *e)
{
    const cdp_network_response *response = e->hop->response;
    const cdp__har_resource *r = e->hop->resource;
    int32_t status = 0;
    cdp_str text = cdp_s("");

    if (response) {
        status = response->status;
        text = response->status_text;
    } else if (r->socket_response) {
        status = r->socket_response->response->status;
        text = r->socket_response->response->status_text;
    }
    if (e->response_extra && e->response_extra->status_code > 0)
        status = e->response_extra->status_code; /* 304, where the response says 200 */
    cdp__out_num_member(o, "status", status);
    cdp__out_str_member(o, "statusText", text);
}

static void put_response(cdp__out *o, const entry *e)
{
    const cdp__har_hop *hop = e->hop;

    cdp__out_key(o, "response");
    const size_t object = cdp__write_begin(&o->json, '{');
    put_status(o, e);
    cdp__out_str_member(o, "httpVersion", http_version(hop));
    cdp__har_put_headers(o, &e->received);
    cdp__har_put_set_cookies(o, &e->received);
    put_content(o, e);
    cdp__out_str_member(o, "redirectURL", cdp__har_header(&e->received, "location"));
    cdp__out_num_member(o, "headersSize", headers_size(e));
    cdp__out_num_member(o, "bodySize", body_size(e));
    if (hop->finished)
        cdp__out_num_member(o, "_transferSize", hop->finished->encoded_data_length);
    if (hop->failed)
        cdp__out_str_member(o, "_error", hop->failed->error_text);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

/* ---- entries ------------------------------------------------------------- */

static void put_frame(cdp__out *o, const cdp_har *har, const cdp__har_event *e)
{
    /* The two events are alike but in name. */
    const cdp_network_web_socket_frame_sent_event *sent = e->sent ? e->event : NULL;
    const cdp_network_web_socket_frame_received_event *received = e->sent ? NULL : e->event;
    const cdp_network_web_socket_frame *frame = sent ? sent->response : received->response;

    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_str_member(o, "type", cdp_s(sent ? "send" : "receive"));
    cdp__out_num_member(o, "time",
                        (sent ? sent->timestamp : received->timestamp) + har->wall_offset);
    cdp__out_num_member(o, "opcode", frame->opcode);
    cdp__out_str_member(o, "data", frame->payload_data);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

static void put_frames(cdp__out *o, const cdp_har *har, const cdp__har_resource *r)
{
    cdp__out_key(o, "_webSocketMessages");
    const size_t list = cdp__write_begin(&o->json, '[');
    for (const cdp__har_event *e = r->frames.first; e; e = e->next)
        put_frame(o, har, e);
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
}

static void put_connection(cdp__out *o, const cdp_network_response *response)
{
    cdp_str address = response->remote_ip_address;
    char digits[CDP__NUM_MAX];

    if (address.len > 2 && address.ptr[0] == '[')
        address = cdp_sn(address.ptr + 1, address.len - 2);
    if (address.len)
        cdp__out_str_member(o, "serverIPAddress", address);
    if (response->connection_id > 0)
        cdp__out_str_member(o, "connection",
                            cdp_sn(digits, cdp__num_write(digits, response->connection_id)));
}

static void put_origin(cdp__out *o, const cdp__har_hop *hop)
{
    const cdp_network_request_will_be_sent_event *ev = hop->request;

    if (hop->page)
        cdp__har_put_page_member(o, "pageref", hop->page);
    if (!ev)
        cdp__out_str_member(o, "_resourceType", cdp_s("websocket"));
    else if (ev->type)
        cdp__har_put_word(o, "_resourceType", "ResourceType", ev->type, true,
                          cdp_unknown(ev, &ev->type));
    if (ev && ev->request->initial_priority)
        cdp__har_put_word(o, "_priority", "ResourcePriority", ev->request->initial_priority, false,
                          cdp_unknown(ev->request, &ev->request->initial_priority));
    cdp__har_put_initiator(o, ev                       ? ev->initiator
                              : hop->resource->created ? hop->resource->created->initiator
                                                       : NULL);
    if (hop->cached || (hop->response && hop->response->from_disk_cache.value))
        cdp__out_str_member(o, "_fromCache", cdp_s(hop->cached ? "memory" : "disk"));
}

static void put_entry(cdp__out *o, const cdp_har *har, const cdp__har_hop *hop)
{
    entry e = entry_of(hop);

    read_sent(&e, o);
    read_received(&e, o);
    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__har_put_date(o, "startedDateTime", wall_started(har, hop));
    put_origin(o, hop);
    put_request(o, &e);
    put_response(o, &e);
    cdp__out_key(o, "cache");
    cdp__write_end(&o->json, cdp__write_begin(&o->json, '{'), '{');
    cdp__write_next(&o->json);
    cdp__out_num_member(o, "time", put_timings(o, hop));
    if (hop->response)
        put_connection(o, hop->response);
    if (!hop->request)
        put_frames(o, har, hop->resource);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
    cdp__har_free_headers(&e.sent);
    cdp__har_free_headers(&e.received);
    cdp__out_flush(o);
}

static void put_page(cdp__out *o, const cdp_har *har, const cdp__har_page *page)
{
    const double begin = page->document->began;

    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__har_put_date(o, "startedDateTime", wall_started(har, page->document));
    cdp__har_put_page_member(o, "id", page);
    cdp__out_str_member(o, "title", url_of(page->document));
    cdp__out_key(o, "pageTimings");
    const size_t timings = cdp__write_begin(&o->json, '{');
    cdp__out_num_member(o, "onContentLoad",
                        page->content_loaded > begin ? (page->content_loaded - begin) * 1000 : -1);
    cdp__out_num_member(o, "onLoad", page->loaded > begin ? (page->loaded - begin) * 1000 : -1);
    cdp__write_end(&o->json, timings, '{');
    cdp__write_next(&o->json);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

int cdp_har_save(const cdp_har *har, cdp_report_write *write, void *data)
{
    cdp__out o;

    if (har->status < 0)
        return har->status;
    cdp__out_begin(&o, har->allocator, write, data);
    const size_t file = cdp__write_begin(&o.json, '{');
    cdp__out_key(&o, "log");
    const size_t log = cdp__write_begin(&o.json, '{');
    cdp__out_str_member(&o, "version", cdp_s("1.2"));
    cdp__har_put_programs(&o, har->browser);
    cdp__out_key(&o, "pages");
    const size_t pages = cdp__write_begin(&o.json, '[');
    for (const cdp__har_page *page = har->first_page; page; page = page->next)
        put_page(&o, har, page);
    cdp__write_end(&o.json, pages, '[');
    cdp__write_next(&o.json);
    cdp__out_key(&o, "entries");
    const size_t entries = cdp__write_begin(&o.json, '[');
    for (const cdp__har_hop *hop = har->first; hop; hop = hop->next)
        put_entry(&o, har, hop);
    cdp__write_end(&o.json, entries, '[');
    cdp__write_end(&o.json, log, '{');
    cdp__write_end(&o.json, file, '{');
    return cdp__out_end(&o);
}
