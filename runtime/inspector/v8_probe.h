/*
 * v8_probe.h - which commands the V8 of this process has.
 *
 * The bindings follow a protocol that may be years newer or older than the V8 they are linked to.
 */
#ifndef CDP_V8_PROBE_H
#define CDP_V8_PROBE_H

#include <cdp/desc.h>
#include <cdp/v8.h>

enum { CDP__V8_DOMAINS = 6 };

/* The domains that a V8 can have, in alphabetical order. */
extern const cdp__domain *const cdp__v8_domains[CDP__V8_DOMAINS];

typedef struct cdp__v8_served {
    uint64_t commands[CDP__V8_DOMAINS]; /* bit i: V8 has the domain's command i */
} cdp__v8_served;

/* Asks V8, which executes nothing; on the isolate's thread, in a fraction of a millisecond.
 * CDP_ESTATE on another one or where V8 must be left alone; CDP_ENOMEM. */
int cdp__v8_probe(cdp_v8 *v, cdp__v8_served *out);

/* What a probe found.  Events can't be asked for: a domain of which V8 has commands counts as
 * sending all of its events. */
bool cdp__v8_has_command(const cdp__v8_served *served, const cdp__domain *d, unsigned command);
bool cdp__v8_has_events(const cdp__v8_served *served, const cdp__domain *d);

#endif /* CDP_V8_PROBE_H */
