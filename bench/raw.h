/*
 * raw.h - V8's own dispatch, below the library: messages go in as they are, and nobody reads what
 * comes out.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <cdp/host.h>

/* What V8 told, since raw_listen(). */
typedef struct raw_hearing {
    unsigned events;
    size_t bytes; /* of events */
    double first; /* when the first came */
    size_t counted;
    double counting; /* counting took so long */
} raw_hearing;

extern raw_hearing raw_heard;

int raw_connect(cdp_host *h);
void raw_disconnect(void);

/* Copies the next message of this method that s sends (its trace), for raw_dispatch(). */
void raw_copy(cdp_session *s, const char *method);
bool raw_ready(void);
void raw_dispatch(void);

/* Dispatches JSON: what is not measured. */
void raw_do(const char *json);

/* Starts anew.  count: to be counted in replies; "": only keep the reply; NULL: neither. */
void raw_listen(const char *count);
bool raw_reply_has(const char *text);

#endif /* BENCH_RAW_H */
