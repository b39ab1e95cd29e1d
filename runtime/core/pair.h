/* pair.h - cdp_pair() with a choice of encoding. */
#ifndef CDP_PAIR_H
#define CDP_PAIR_H

#include <cdp/cdp.h>

int cdp__pair(cdp_session **a, cdp_session **b, const cdp_options *opt, cdp_wire wire, bool tagged);

#endif /* CDP_PAIR_H */
