/*
 * resume.h - a memory to reconnect with: what a peer that is lost held for the root session is said
 * to the one that takes its place.
 */
#ifndef CDP_NET_RESUME_H
#define CDP_NET_RESUME_H

#include "remote.h"

/* Has r reconnect as its options say.  CDP_ENOMEM. */
int cdp__resume_add(cdp__remote *r);

/* A message that is about to be sent.  0: it may be; 1: it is kept for the next peer, as there is
 * none; CDP_ENOMEM. */
int cdp__resume_sent(cdp__resume *m, const char *text, size_t len);
/* A message that came. */
void cdp__resume_received(cdp__resume *m, const char *text, size_t len);

/* Is there no peer just now?  *n: bytes that are kept. */
bool cdp__resume_waits(const cdp__resume *m, size_t *n);

#endif /* CDP_NET_RESUME_H */
