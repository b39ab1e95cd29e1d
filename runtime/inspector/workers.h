/*
 * workers.h - what the server itself serves to front-ends, for documents that say so.
 */
#ifndef CDP_INSPECTOR_WORKERS_H
#define CDP_INSPECTOR_WORKERS_H

#include "protocol.h"

enum { CDP__WORKERS_SERVED = 2 };

/* NodeWorker and Target. */
extern const cdp__served cdp__workers_served[CDP__WORKERS_SERVED];

#endif /* CDP_INSPECTOR_WORKERS_H */
