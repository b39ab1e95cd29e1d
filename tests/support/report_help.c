/* report_help.c - see report_help.h. */
#include "report_help.h"

#include "codec_help.h"

#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

int report_take(void *data, const char *bytes, size_t len)
{
    report_sink *s = data;

    if (s->limit && s->len + len > s->limit)
        return CDP_EIO;
    s->ptr = realloc(s->ptr, s->len + len + 1);
    assert_non_null(s->ptr);
    memcpy(s->ptr + s->len, bytes, len);
    s->len += len;
    s->ptr[s->len] = 0;
    return 0;
}

void report_drop(report_sink *s)
{
    free(s->ptr);
    s->ptr = NULL;
    s->len = 0;
}

char *report_recorded(const char *name, const char *path)
{
    char file[256];
    size_t n;

    snprintf(file, sizeof file, "tests/corpus/%s", name);
    char *text = help_file(file, &n);
    cdp_value v = cdp_value_path(cdp_json(text), path);
    assert_non_null(v.ptr);
    char *part = malloc(v.len + 1);
    assert_non_null(part);
    memcpy(part, v.ptr, v.len);
    part[v.len] = 0;
    free(text);
    return part;
}

cdp_profiler_profile *report_cpu(const char *name)
{
    char *text = report_recorded(name, "result.profile");
    cdp_profiler_profile *p = NULL;

    assert_int_equal(cdp_profiler_profile_from_json(cdp_s(text), &p, NULL), 0);
    free(text);
    return p;
}

cdp_heap_profiler_sampling_heap_profile *report_heap(const char *name)
{
    char *text = report_recorded(name, "result.profile");
    cdp_heap_profiler_sampling_heap_profile *p = NULL;

    assert_int_equal(cdp_heap_profiler_sampling_heap_profile_from_json(cdp_s(text), &p, NULL), 0);
    free(text);
    return p;
}
