/*
 * network.h - the Network domain, and IO for the streams it opens, as node:inspector serves them.
 *
 * A cdp__network belongs to an inspector, a cdp__front to the serving end of one front-end's
 * session.  What a front-end has enabled and what is kept for it are its front's own, so that
 * limits are those it asked for, and reading a body takes it from nobody else.  Whatever is sent
 * may have its receiver close any front, this one too: nothing of a front is used after sending
 * to it.
 */
#ifndef CDP_NETWORK_SERVICE_H
#define CDP_NETWORK_SERVICE_H

#include "error.h"
#include "network_buffer.h"

#include <cdp/inspector_network.h>

typedef struct cdp__network cdp__network;

/* The allocator (NULL: realloc and free) outlives it.  NULL: no memory. */
cdp__network *cdp__network_new(const cdp_allocator *a);

/* Fronts that are left get no more events, and are to be ended nevertheless.  NULL is fine. */
void cdp__network_free(cdp__network *n);

/* Of a cdp_v8_service whose data is the cdp__network. */
void cdp__network_connected(cdp_session *session, void *network);
void cdp__network_ended(cdp_session *session, void *network);

extern const char *const cdp__network_events[]; /* that it sends, NULL at the end */

/* What <cdp/inspector_network.h> says.  event is one of its names, ev the struct of that event;
 * errors are in *e, which begins zeroed.  Where sending to one front-end fails the others are
 * served all the same; that one is gone, which is no error. */
int cdp__network_broadcast(cdp__network *n, const char *event, const void *ev, cdp__error *e);
int cdp__network_broadcast_json(cdp__network *n, const char *event, cdp_value params,
                                cdp__error *e);
int cdp__network_data_sent(cdp__network *n, const cdp_inspector_data_sent *ev, cdp__error *e);
int cdp__network_put(cdp__network *n, cdp_str url, cdp_str text, cdp__error *e);

/* Sets *e to what is wrong with the member at path. */
int cdp__network_fail(cdp__error *e, int status, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- inside ---------------------------------------------------------------- */

/* A text that was put.  Streams keep theirs, whatever is put later. */
typedef struct cdp__resource {
    struct cdp__resource *next;
    unsigned refs;
    size_t url_len, text_len;
    char bytes[]; /* the URL, then the text */
} cdp__resource;

typedef struct cdp__stream { /* its handle is the URL */
    struct cdp__stream *next;
    cdp__resource *resource;
    size_t at;
} cdp__stream;

typedef struct cdp__front {
    struct cdp__front *next, **link;
    cdp__network *network;
    cdp_session *session;
    bool enabled;
    cdp__network_buffer buffer;
    cdp__stream *streams;
} cdp__front;

/* A broadcast that goes on: the front that comes next may be ended before. */
typedef struct cdp__walk {
    struct cdp__walk *outer;
    cdp__front *next;
} cdp__walk;

struct cdp__network {
    unsigned refs; /* the inspector's, the fronts', and those of calls that go on */
    cdp__pool *pool;
    const cdp_allocator *allocator; /* the pool's */
    cdp__front *fronts;
    cdp__walk *walks;
    cdp__resource *resources;
};

static inline void cdp__network_ref(cdp__network *n)
{
    n->refs++;
}
void cdp__network_unref(cdp__network *n);

/* network_io.c */
void cdp__network_serve_io(cdp__front *f);
void cdp__network_close_streams(cdp__front *f);
void cdp__network_drop_resources(cdp__network *n);

/* inspector.c; NULL where it was made without. */
cdp__network *cdp__inspector_network(cdp_inspector *insp);

#endif /* CDP_NETWORK_SERVICE_H */
