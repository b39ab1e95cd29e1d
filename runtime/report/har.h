/*
 * har.h - what a recorder of network events holds.
 *
 * A resource is all that has one request id: its hops (the request, and each redirect of it), and
 * what is told of them in a second event ("extra info"), which comes earlier or later than the
 * first and says by its order only to which hop it belongs.  Events are kept, not copied.
 */
#ifndef CDP_REPORT_HAR_H
#define CDP_REPORT_HAR_H

#include "out.h"

#include <cdp/network.h>

enum { CDP__HAR_BUCKETS = 1024 };

/* Events, in order. */
typedef struct cdp__har_event {
    struct cdp__har_event *next;
    void *event;
    bool sent; /* of a frame of a WebSocket */
} cdp__har_event;

typedef struct cdp__har_events {
    cdp__har_event *first, *last;
} cdp__har_events;

typedef struct cdp__har_page {
    struct cdp__har_page *next;
    const struct cdp__har_hop *document;
    unsigned number;               /* from 1 */
    double content_loaded, loaded; /* monotonic; 0: not yet */
} cdp__har_page;

/* An entry. */
typedef struct cdp__har_hop {
    struct cdp__har_hop *next;  /* of all, as they came */
    struct cdp__har_hop *later; /* of the same resource */
    struct cdp__har_resource *resource;
    cdp_network_request_will_be_sent_event *request; /* NULL: a WebSocket */
    void *holds_response; /* the event that `response` is in: its own, or the next hop's request */
    const cdp_network_response *response;
    cdp_network_loading_finished_event *finished;
    cdp_network_loading_failed_event *failed;
    cdp_network_get_response_body_result *body;
    const cdp__har_page *page;
    double began, responded, last; /* monotonic: of the first event, the response, the latest */
    int64_t size, encoded;         /* bytes of the body, and on the wire */
    bool extra;                    /* there is extra info on it */
    bool cached;                   /* in memory */
} cdp__har_hop;

typedef struct cdp__har_resource {
    struct cdp__har_resource *chain, *next;
    cdp__har_hop *first, *last;
    cdp__har_events request_extras, response_extras;
    cdp__har_events frames;
    cdp_network_web_socket_created_event *created;
    cdp_network_web_socket_will_send_handshake_request_event *socket_request;
    cdp_network_web_socket_handshake_response_received_event *socket_response;
    uint32_t hash;
    size_t id_len;
    char id[];
} cdp__har_resource;

typedef struct cdp__har_watch cdp__har_watch;

struct cdp_har {
    cdp_allocator plain; /* a copy of the caller's */
    const cdp_allocator *allocator;
    cdp__har_resource *bucket[CDP__HAR_BUCKETS], *resources;
    cdp__har_hop *first, *last;
    cdp__har_page *first_page, *page;
    cdp__har_watch *watches;
    char *browser;
    size_t max_body;
    double wall_offset; /* from monotonic time to that since 1970 */
    int status;         /* of events that came by themselves */
};

/* NULL: none has that id. */
cdp__har_resource *cdp__har_find(const cdp_har *har, cdp_str id);

#endif /* CDP_REPORT_HAR_H */
