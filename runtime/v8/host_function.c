/*
 * host_function.c - functions of the program's that scripts call.
 *
 * They stay until the end of the host, since JavaScript may hold one that was replaced.
 */
#include "host_internal.h"

#include <cdp/value.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct cdp__host_function {
    cdp_host_fn *fn;
    void *data;
    struct cdp__host_function *next;
};

static const char no_place[] = "nothing can be defined there";

int cdp__host_call(void *self, void *function, cdp__js_call *call, const char *args, size_t len)
{
    cdp_host *h = self;
    const struct cdp__host_function *f = function;
    cdp_value array = { args, len, CDP_JSON }, *result = NULL;
    cdp_str *json = NULL;

    h->inside++;
    int rc = f->fn(h, array, &result, f->data);
    h->inside--;
    if (rc >= 0 && result) {
        rc = cdp_value_text(*result, &json);
        if (rc == 0 && !cdp__js_return(call, json->ptr, json->len))
            rc = CDP_EDECODE;
    }
    cdp_free(json);
    cdp_free(result);
    return rc;
}

static int fail(cdp_host *h, int status, const char *why)
{
    return cdp__failure_set(&h->error, status, 0, why);
}

int cdp_host_define(cdp_host *h, const char *path, cdp_host_fn *fn, void *data)
{
    if (!pthread_equal(h->thread, pthread_self()))
        return CDP_ESTATE;
    struct cdp__host_function *f = malloc(sizeof *f);
    if (!f)
        return fail(h, CDP_ENOMEM, NULL);
    *f = (struct cdp__host_function){ fn, data, h->functions };
    h->functions = f;
    return cdp__js_define(h->js, path, f) ? 0 : fail(h, CDP_EINVAL, no_place);
}

int cdp_host_define_value(cdp_host *h, const char *path, cdp_value value)
{
    cdp_str *json;

    if (!pthread_equal(h->thread, pthread_self()))
        return CDP_ESTATE;
    int rc = cdp_value_text(value, &json);
    if (rc < 0)
        return fail(h, rc, "the value is no JSON");
    if (!cdp__js_define_value(h->js, path, json->ptr, json->len))
        rc = fail(h, CDP_EINVAL, no_place);
    cdp_free(json);
    return rc;
}

int cdp_host_throw(cdp_host *h, const char *type, const char *code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *message = n >= 0 ? malloc((size_t)n + 1) : NULL;
    if (!message)
        return CDP_ENOMEM;
    va_start(ap, fmt);
    vsnprintf(message, (size_t)n + 1, fmt, ap);
    va_end(ap);
    bool thrown = cdp__js_throw(h->js, type, code, message);
    free(message);
    return thrown ? CDP_EREMOTE : CDP_ESTATE;
}

void cdp__host_undefine(cdp_host *h)
{
    for (struct cdp__host_function *f = h->functions, *next; f; f = next) {
        next = f->next;
        free(f);
    }
}
