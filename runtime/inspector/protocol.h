/*
 * protocol.h - what is served, as /json/protocol and Schema.getDomains tell it.
 *
 * Both say no more than that: commands and events that are served, and the types that these need.
 * Everything is read off the descriptor tables, so the documents hold no texts, aliases appear as
 * what they stand for, and of flags the structs have none.
 */
#ifndef CDP_INSPECTOR_PROTOCOL_H
#define CDP_INSPECTOR_PROTOCOL_H

#include "codec.h"

/* A domain, and what is served of it.  Several of the same domain add up. */
typedef struct cdp__served {
    const cdp__domain *domain;
    bool (*command)(const void *data, const cdp__domain *d, unsigned command); /* NULL: all */
    bool (*event)(const void *data, const cdp__domain *d, unsigned event);     /* NULL: all */
    const void *data;
} cdp__served;

/* What the handlers of a serving session serve, where there is room: cdp_D_serve() says so, while
 * of cdp_serve_any() nothing is known.  Events are those of cdp_v8_service.events, or all.
 * Returns how many there are.  What it writes lasts as long as the handlers. */
size_t cdp__protocol_served_by(cdp__served *out, size_t room, const cdp_session *front);

/* Appends the document, in JSON.  Domains come in the order of `served`; behind them those of which
 * only types are needed, so that every $ref has its type.  CDP_ENOMEM. */
int cdp__protocol_write(cdp__buf *out, const cdp__served *served, size_t n);

/* The same for a request of Schema.getDomains, which it answers. */
int cdp__protocol_respond_domains(cdp_request *req, const cdp__served *served, size_t n);

#endif /* CDP_INSPECTOR_PROTOCOL_H */
