/*
 * served.h - what the clients of a cdp_v8 are served, by whomever.
 *
 * That is V8's commands, and what the program's services (cdp_v8_serve()) give handlers to.  Asked
 * for anew each time, on the isolate's thread.
 */
#ifndef CDP_INSPECTOR_SERVED_H
#define CDP_INSPECTOR_SERVED_H

#include "protocol.h"

#include <cdp/v8.h>

/* Appends the document of /json/protocol; more: what others serve besides.  To learn what services
 * do a client of theirs is made, which goes at once.  CDP_ENOMEM; CDP_ESTATE as cdp__v8_probe(). */
int cdp__served_write(cdp__buf *out, cdp_v8 *v, const cdp__served *more, size_t n_more);

/* A service that answers Schema.getDomains with the same; data: the cdp_v8. */
void cdp__served_connected(cdp_session *front, void *v);

#endif /* CDP_INSPECTOR_SERVED_H */
