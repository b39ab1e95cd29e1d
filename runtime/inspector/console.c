/* console.c - the remote console: V8's own, which front-ends see and nobody prints. */
#include "inspector_internal.h"

#include "../v8/v8_internal.h"

#include <cdp/value.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int call(cdp_inspector *insp, const char *method, const cdp__buf *args)
{
    if (!pthread_equal(insp->v->thread, pthread_self()))
        return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""), "not on the isolate's thread");
    if (args->failed)
        return cdp__inspector_fail(insp, CDP_ENOMEM, cdp_s(""), "out of memory");
    switch (cdp__shim_console(insp->v->shim, method, args->ptr, args->len)) {
    case CDP__CONSOLE_DONE:
        return 0;
    case CDP__CONSOLE_NO_CONTEXT:
        return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""), "there is no context");
    case CDP__CONSOLE_NO_METHOD:
        return cdp__inspector_fail(insp, CDP_EINVAL, cdp_s(""), "the console has no such method");
    default:
        return cdp__inspector_fail(insp, CDP_EINVAL, cdp_s(""), "a value is no JSON");
    }
}

int cdp_inspector_console(cdp_inspector *insp, const char *method, const cdp_value *args, size_t n)
{
    cdp__buf array = { .allocator = NULL };
    cdp__fault fault;
    cdp__writer w = { .out = &array, .max_depth = CDP__DEPTH_MAX, .fault = &fault };
    int rc = 0;

    cdp__fault_clear(&fault);
    size_t begin = cdp__write_begin(&w, '[');
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = cdp__write_value(&w, args[i].ptr ? args[i] : cdp_json("null"));
        cdp__write_next(&w);
    }
    cdp__write_end(&w, begin, '[');
    rc = rc < 0 ? cdp__inspector_fail(insp, CDP_EINVAL, cdp_s(""), "a value is no JSON")
                : call(insp, method, &array);
    cdp__buf_free(&array);
    return rc;
}

int cdp_inspector_console_printf(cdp_inspector *insp, const char *method, const char *fmt, ...)
{
    cdp__buf array = { .allocator = NULL };
    cdp__fault fault;
    cdp__writer w = { .out = &array, .max_depth = CDP__DEPTH, .fault = &fault };
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!text)
        return cdp__inspector_fail(insp, CDP_ENOMEM, cdp_s(""), "out of memory");
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    cdp__fault_clear(&fault);
    size_t begin = cdp__write_begin(&w, '[');
    int rc = cdp__write_str(&w, text, (size_t)n);
    cdp__write_next(&w);
    cdp__write_end(&w, begin, '[');
    free(text);
    rc = rc < 0 ? cdp__inspector_fail(insp, CDP_EINVAL, cdp_s(""), "the text is not UTF-8")
                : call(insp, method, &array);
    cdp__buf_free(&array);
    return rc;
}
