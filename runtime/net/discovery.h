/*
 * discovery.h - the documents under /json, as structs.
 */
#ifndef CDP_NET_DISCOVERY_H
#define CDP_NET_DISCOVERY_H

#include "codec.h"

#include <cdp/remote.h>

/* What they make is one cdp_free().  CDP_EDECODE, and *why (may be NULL), one cdp_free(), tells the
 * member; CDP_ENOMEM. */
int cdp__discovery_list(cdp_target_entries **out, cdp_str body, cdp_str **why);
int cdp__discovery_entry(cdp_target_entry **out, cdp_str body, cdp_str **why);
int cdp__discovery_about(cdp_target_about **out, cdp_str body, cdp_str **why);

#endif /* CDP_NET_DISCOVERY_H */
