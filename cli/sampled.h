/*
 * sampled.h - what was sampled, CPU time or the heap: its files, and what is said of it.
 */
#ifndef SAMPLED_H
#define SAMPLED_H

#include "results.h"
#include "top.h"

typedef struct sampled {
    cdp_str *text;              /* as DevTools reads it */
    cdp_report_profile *stacks; /* the same */
    top_unit unit;
    double seconds; /* it took */
    size_t samples;
} sampled;

void sampled_free(sampled *p);

int sampled_save_text(const void *p, cdp_report_write *write, void *data);
int sampled_save_pprof(const void *p, cdp_report_write *write, void *data);
int sampled_save_collapsed(const void *p, cdp_report_write *write, void *data);
int sampled_save_flame(const void *p, cdp_report_write *write, void *data);

/* Rows of a table of formats, for what DevTools does not read. */
#define SAMPLED_FORMATS                                                      \
    { "pprof", ".pb.gz .pprof ", sampled_save_pprof },                       \
        { "collapsed", ".folded .collapsed .txt ", sampled_save_collapsed }, \
    {                                                                        \
        "flame", ".html ", sampled_save_flame                                \
    }

/* As results_open(); with --top no file is needed. */
int sampled_open(results *files, const words *w, const format *formats, const char *stem);

/* Writes the files, and prints what --top and --json ask for.  0, or what to exit with. */
int sampled_write(results *files, const words *w, const sampled *p);

#endif /* SAMPLED_H */
