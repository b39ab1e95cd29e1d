/* har_watch.c - records the network events of sessions, and asks for bodies. */
#include "har.h"

#include <cdp/page.h>

/* A body that was asked for.  It outlives its watch until its call has ended. */
typedef struct asked {
    struct asked *next, **link; /* of the watch's; link NULL: it is gone */
    cdp_har *har;
    cdp_allocator plain;
    const cdp_allocator *allocator;
    uint32_t call;
    size_t id_len;
    char id[];
} asked;

enum { EVENTS = 16 };

struct cdp__har_watch {
    cdp__har_watch *next;
    cdp_har *har;
    cdp_session *session;
    asked *asked;
    uint32_t subscription[EVENTS];
};

static void noted(cdp_har *har, int rc)
{
    if (rc < 0)
        har->status = rc;
}

/* ---- bodies -------------------------------------------------------------- */

static void leave(asked *q)
{
    if (!q->link)
        return;
    *q->link = q->next;
    if (q->next)
        q->next->link = q->link;
    q->link = NULL;
}

static void free_asked(asked *q)
{
    const cdp_allocator a = q->plain;

    leave(q);
    cdp__dealloc(q->allocator ? &a : NULL, q, sizeof *q + q->id_len);
}

static void on_body(cdp_session *s, const cdp_error *err,
                    const cdp_network_get_response_body_result *res, void *data)
{
    asked *q = data;

    (void)s;
    if (!err && q->link)
        cdp_har_body(q->har, cdp_sn(q->id, q->id_len), res);
    free_asked(q);
}

static void ask(cdp__har_watch *w, cdp_str id)
{
    const cdp_network_get_response_body_params p = { .request_id = id };
    asked *q = cdp__alloc(w->har->allocator, sizeof *q + id.len);

    if (!q) {
        noted(w->har, CDP_ENOMEM);
        return;
    }
    *q = (asked){ .next = w->asked, .link = &w->asked, .har = w->har, .id_len = id.len };
    if (w->har->allocator) {
        q->plain = *w->har->allocator;
        q->allocator = &q->plain;
    }
    memcpy(q->id, id.ptr, id.len);
    if (w->asked)
        w->asked->link = &q->next;
    w->asked = q;
    q->call = cdp_network_get_response_body_async(w->session, &p, on_body, q);
    if (q->call == 0) /* without a callback */
        free_asked(q);
}

size_t cdp_har_pending(const cdp_har *har)
{
    size_t n = 0;

    for (const cdp__har_watch *w = har->watches; w; w = w->next)
        for (const asked *q = w->asked; q; q = q->next)
            n++;
    return n;
}

/* ---- events -------------------------------------------------------------- */

#define HAND_ON(fn, type)                                           \
    static void on_##fn(cdp_session *s, const type *ev, void *data) \
    {                                                               \
        cdp_har *har = ((cdp__har_watch *)data)->har;               \
                                                                    \
        (void)s;                                                    \
        noted(har, cdp_har_##fn(har, ev));                          \
    }

HAND_ON(request, cdp_network_request_will_be_sent_event)
HAND_ON(request_extra, cdp_network_request_will_be_sent_extra_info_event)
HAND_ON(served_from_cache, cdp_network_request_served_from_cache_event)
HAND_ON(response, cdp_network_response_received_event)
HAND_ON(response_extra, cdp_network_response_received_extra_info_event)
HAND_ON(data, cdp_network_data_received_event)
HAND_ON(failed, cdp_network_loading_failed_event)
HAND_ON(socket_created, cdp_network_web_socket_created_event)
HAND_ON(socket_request, cdp_network_web_socket_will_send_handshake_request_event)
HAND_ON(socket_response, cdp_network_web_socket_handshake_response_received_event)
HAND_ON(socket_sent, cdp_network_web_socket_frame_sent_event)
HAND_ON(socket_received, cdp_network_web_socket_frame_received_event)
HAND_ON(socket_closed, cdp_network_web_socket_closed_event)
HAND_ON(content_loaded, cdp_page_dom_content_event_fired_event)
HAND_ON(loaded, cdp_page_load_event_fired_event)

static void on_finished(cdp_session *s, const cdp_network_loading_finished_event *ev, void *data)
{
    cdp__har_watch *w = data;
    const cdp__har_resource *r = cdp__har_find(w->har, ev->request_id);

    (void)s;
    noted(w->har, cdp_har_finished(w->har, ev));
    if (r && r->last && r->last->size > 0 && (uint64_t)r->last->size <= w->har->max_body)
        ask(w, ev->request_id);
}

/* ---- watching ------------------------------------------------------------ */

static bool subscribe(cdp__har_watch *w)
{
    cdp_session *s = w->session;
    const uint32_t all[EVENTS] = {
        cdp_network_on_request_will_be_sent(s, on_request, w),
        cdp_network_on_request_will_be_sent_extra_info(s, on_request_extra, w),
        cdp_network_on_request_served_from_cache(s, on_served_from_cache, w),
        cdp_network_on_response_received(s, on_response, w),
        cdp_network_on_response_received_extra_info(s, on_response_extra, w),
        cdp_network_on_data_received(s, on_data, w),
        cdp_network_on_loading_finished(s, on_finished, w),
        cdp_network_on_loading_failed(s, on_failed, w),
        cdp_network_on_web_socket_created(s, on_socket_created, w),
        cdp_network_on_web_socket_will_send_handshake_request(s, on_socket_request, w),
        cdp_network_on_web_socket_handshake_response_received(s, on_socket_response, w),
        cdp_network_on_web_socket_frame_sent(s, on_socket_sent, w),
        cdp_network_on_web_socket_frame_received(s, on_socket_received, w),
        cdp_network_on_web_socket_closed(s, on_socket_closed, w),
        cdp_page_on_dom_content_event_fired(s, on_content_loaded, w),
        cdp_page_on_load_event_fired(s, on_loaded, w),
    };
    bool done = true;

    memcpy(w->subscription, all, sizeof all);
    for (int i = 0; i < EVENTS; i++)
        done = done && all[i] != 0;
    return done;
}

static void end_watch(cdp__har_watch *w)
{
    for (int i = 0; i < EVENTS; i++)
        cdp_off(w->session, w->subscription[i]);
    while (w->asked) { /* freed by its callback, which comes later */
        asked *q = w->asked;
        leave(q);
        cdp_cancel(w->session, q->call);
    }
    cdp__dealloc(w->har->allocator, w, sizeof *w);
}

int cdp_har_watch(cdp_har *har, cdp_session *s)
{
    cdp__har_watch *w = cdp__alloc(har->allocator, sizeof *w);

    if (!w)
        return CDP_ENOMEM;
    *w = (cdp__har_watch){ .har = har, .session = s };
    if (!subscribe(w)) {
        end_watch(w);
        return CDP_ENOMEM;
    }
    w->next = har->watches;
    har->watches = w;
    return 0;
}

void cdp_har_unwatch(cdp_har *har, cdp_session *s)
{
    for (cdp__har_watch **p = &har->watches, *w; (w = *p);) {
        if (s && w->session != s) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        end_watch(w);
    }
}
