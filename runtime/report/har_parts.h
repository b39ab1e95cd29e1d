/* har_parts.h - parts of HAR entries: dates, headers, cookies, phases. */
#ifndef CDP_REPORT_HAR_PARTS_H
#define CDP_REPORT_HAR_PARTS_H

#include "har.h"
#include "num.h"

#include <cdp/value.h>

/* ISO 8601, in UTC, of seconds since 1970. */
void cdp__har_put_date(cdp__out *o, const char *key, double seconds);

/* "page_1" */
void cdp__har_put_page_member(cdp__out *o, const char *key, const cdp__har_page *page);

/* "creator", and "browser" of "Name/version" (NULL: left out). */
void cdp__har_put_programs(cdp__out *o, const char *browser);

/* The protocol's word of an enumerator of Network's, in lower case or not; of -1 the peer's. */
void cdp__har_put_word(cdp__out *o, const char *key, const char *type, int value, bool lower,
                       cdp_str peers);

/* NULL: nothing. */
void cdp__har_put_initiator(cdp__out *o, const cdp_network_initiator *initiator);

/* ---- headers -------------------------------------------------------------- */

/* Names and values, in turn; several values of one name come joined by line ends. */
typedef struct cdp__har_headers {
    cdp__buf memory;
    const cdp_str *pair;
    size_t n;
} cdp__har_headers;

/* Those of an object in a message (absent: none).  Where memory is short, o has failed. */
void cdp__har_read_headers(cdp__har_headers *h, cdp__out *o, const void *msg, cdp_value object);
void cdp__har_free_headers(cdp__har_headers *h);

/* The last of that name, in whatever case; empty if there is none. */
cdp_str cdp__har_header(const cdp__har_headers *h, const char *name);

void cdp__har_put_headers(cdp__out *o, const cdp__har_headers *h);
void cdp__har_put_query(cdp__out *o, cdp_str url);
void cdp__har_put_cookies(cdp__out *o, cdp_str header);
void cdp__har_put_set_cookies(cdp__out *o, const cdp__har_headers *h);

/* ---- phases of a request ---------------------------------------------------- */

enum {
    CDP__HAR_BLOCKED,
    CDP__HAR_DNS,
    CDP__HAR_CONNECT,
    CDP__HAR_SEND,
    CDP__HAR_WAIT,
    CDP__HAR_RECEIVE,
    CDP__HAR_PHASES
};

typedef struct cdp__har_phases {
    double total, at; /* milliseconds, from the start */
    double took[CDP__HAR_PHASES], ssl;
    bool was[CDP__HAR_PHASES];
} cdp__har_phases;

/* A phase ends: the time since the one before is its own. */
void cdp__har_phase(cdp__har_phases *p, int phase, double end);
void cdp__har_put_phases(cdp__out *o, const cdp__har_phases *p);

#endif /* CDP_REPORT_HAR_PARTS_H */
