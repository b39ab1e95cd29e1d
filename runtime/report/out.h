/*
 * out.h - where reports go: bytes gather in a buffer, and leave it in pieces.
 *
 * Steps need no checks: after a failure nothing is written any more, and cdp__out_end() tells.
 */
#ifndef CDP_REPORT_OUT_H
#define CDP_REPORT_OUT_H

#include "codec.h"

#include <cdp/report.h>

typedef struct cdp__out {
    cdp__buf buf;
    cdp__writer json; /* its pieces go to the same place */
    cdp__fault fault;
    cdp_report_write *write;
    void *data;
    int status;
} cdp__out;

void cdp__out_begin(cdp__out *o, const cdp_allocator *a, cdp_report_write *write, void *data);

/* Hands over what has gathered; to be called now and then amid JSON, the rest does it itself. */
void cdp__out_flush(cdp__out *o);

void cdp__out_put(cdp__out *o, const char *p, size_t n);
void cdp__out_text(cdp__out *o, const char *z);
void cdp__out_int(cdp__out *o, int64_t i);

/* A peer's text for a format without escapes: controls and the bytes of `but` become '_'. */
void cdp__out_plain(cdp__out *o, cdp_str s, const char *but);

/* Hands over the rest and releases the buffer.  0, or the first failure. */
int cdp__out_end(cdp__out *o);

/* Members of the JSON object that is being written. */
void cdp__out_key(cdp__out *o, const char *key);
void cdp__out_str_member(cdp__out *o, const char *key, cdp_str value);
void cdp__out_num_member(cdp__out *o, const char *key, double value);

/* *why (may be NULL) becomes a sentence; returns status, or CDP_ENOMEM. */
int cdp__report_refuse(const cdp_allocator *a, cdp_str **why, int status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As memcmp() would, and the shorter of equals first. */
int cdp__compare_text(cdp_str a, cdp_str b);

/* A message of its own, whose root has that size.  NULL: no memory. */
void *cdp__report_root(const cdp_allocator *a, size_t size);

#endif /* CDP_REPORT_OUT_H */
