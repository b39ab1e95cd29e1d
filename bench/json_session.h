/*
 * json_session.h - a session that has V8 read and write JSON, as Node's do; nobody hears
 * what comes.
 */
#ifndef BENCH_JSON_SESSION_H
#define BENCH_JSON_SESSION_H

#include <cdp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

int json_connect(cdp_host *h);
void json_disconnect(void);
void json_dispatch(const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* BENCH_JSON_SESSION_H */
