/*
 * results.h - the files of a job that can write what it has in several formats.
 *
 * --output may be given again and again.  Each file's format is the one that --format names, else
 * the one that its extension tells.
 */
#ifndef RESULTS_H
#define RESULTS_H

#include "file.h"
#include "json.h"

#include <cdp/report.h>

typedef struct format {
    const char *name;       /* NULL at the end of a table, the first of which is the usual one */
    const char *extensions; /* each with a space behind it: ".pb.gz .pprof " */
    /* Writes what results_write() is given.  0 or CDP_E*. */
    int (*save)(const void *what, cdp_report_write *write, void *data);
} format;

/* The options; formats: of --format, "cpuprofile|pprof". */
#define RESULTS_OPTIONS(formats)                                                               \
    {                                                                                          \
        'o',       "output",                                                                   \
        WORD_FILE, "FILE",                                                                     \
        NULL,      "write to FILE, in the format that its extension tells; may be given again" \
    },                                                                                         \
        { 'f', "force", WORD_FLAG, NULL, NULL, "replace FILE if it exists" },                  \
    {                                                                                          \
        0, "format", WORD_CHOICE, formats, NULL, "the format of each FILE"                     \
    }

enum { RESULTS = 8, RESULT_NAME = 64 };

typedef struct results {
    size_t n;
    struct {
        const format *format;
        output *to; /* NULL: it is whole */
        const char *name;
        uint64_t size;
    } items[RESULTS];
    char usual[RESULT_NAME]; /* a name of ours */
} results;

/* A name in the current folder that tells the time: "CPU-20260131T235959.cpuprofile". */
void result_name(char name[RESULT_NAME], const char *stem, const char *extension);

/* Opens them; if there is no --output, and stem is not NULL, one of that stem in the usual format.
 * 0, or what to exit with (it has been said). */
int results_open(results *r, const words *w, const format *formats, const char *stem);

/* Writes them all.  0, or what to exit with (it has been said).  Those that failed are not there.
 */
int results_write(results *r, const void *what);

/* What there is, as the member "files". */
void results_json(json_out *j, const results *r);

/* They will not be: takes them away, and says so.  Returns status. */
int results_drop(results *r, int status);

/* Goes one of them to stdout, which then is for nothing else? */
bool results_take_stdout(const words *w);

#endif /* RESULTS_H */
