/*
 * live.h - a recording played again through a session of these bindings.
 */
#ifndef TESTS_SKEW_LIVE_H
#define TESTS_SKEW_LIVE_H

#include "traffic.h"

/* Makes the recording's calls, by name or by structs where the bindings know the method, on a
 * session that answers as the peer did.  Fails the test unless all replies and events arrive, and
 * say what was recorded. */
void live_play(const traffic_source *s, bool typed);

#endif /* TESTS_SKEW_LIVE_H */
