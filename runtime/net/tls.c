#include "tls.h"
int cdp__tls_open(cdp__tls_end **out, cdp_tls *ctx, const char *host)
{
    (void)out;
    (void)ctx;
    (void)host;
    return CDP_ENOTSUP;
}
void cdp__tls_free(cdp__tls_end *t)
{
    (void)t;
}
int cdp__tls_feed(cdp__tls_end *t, const char *bytes, size_t len,
                  void (*data)(void *self, const char *bytes, size_t len), void *self)
{
    (void)t;
    (void)bytes;
    (void)len;
    (void)data;
    (void)self;
    return -1;
}
bool cdp__tls_ready(const cdp__tls_end *t)
{
    (void)t;
    return false;
}
bool cdp__tls_ended(const cdp__tls_end *t)
{
    (void)t;
    return false;
}
int cdp__tls_flush(cdp__tls_end *t, cdp__buf *plain, cdp__buf *out)
{
    (void)t;
    (void)plain;
    (void)out;
    return -1;
}
void cdp__tls_end_writing(cdp__tls_end *t, cdp__buf *out)
{
    (void)t;
    (void)out;
}
const char *cdp__tls_why(const cdp__tls_end *t)
{
    (void)t;
    return "";
}
int cdp_tls_new(cdp_tls **out, const cdp_tls_options *opt, cdp_str **why)
{
    (void)out;
    (void)opt;
    (void)why;
    return CDP_ENOTSUP;
}
void cdp_tls_free(cdp_tls *t)
{
    (void)t;
}
