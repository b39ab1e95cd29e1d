/*
 * top.h - the functions of a profile that cost most: --top.
 */
#ifndef TOP_H
#define TOP_H

#include "json.h"

#include <cdp/report.h>

/* What its numbers are. */
typedef enum top_unit { TOP_MICROSECONDS, TOP_BYTES } top_unit;

/* The n first, on stdout.  CDP_E*. */
int top_print(const cdp_report_profile *p, uint64_t n, top_unit unit);

/* As the member "top". */
int top_json(json_out *j, const cdp_report_profile *p, uint64_t n);

#endif /* TOP_H */
