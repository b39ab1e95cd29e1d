/* report_help.h - reports as text, and recorded messages to make them of. */
#ifndef TESTS_REPORT_HELP_H
#define TESTS_REPORT_HELP_H

#include <cdp/heap_profiler.h>
#include <cdp/network.h>
#include <cdp/page.h>
#include <cdp/profiler.h>
#include <cdp/report.h>

/* Takes what a report writes, with a NUL behind it, or refuses after `limit` bytes (0: never). */
typedef struct report_sink {
    char *ptr;
    size_t len, limit;
} report_sink;
int report_take(void *sink, const char *bytes, size_t len);
void report_drop(report_sink *sink);

/* The text of a member of the message in tests/corpus/NAME ("result.profile"); malloc'd. */
char *report_recorded(const char *name, const char *path);

cdp_profiler_profile *report_cpu(const char *name);
cdp_heap_profiler_sampling_heap_profile *report_heap(const char *name);

#endif /* TESTS_REPORT_HELP_H */
