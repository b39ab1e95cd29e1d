/*
 * file.h - files that jobs write: whole, or not there.
 *
 * An output is written under another name in the same folder, which only its owner may read, and
 * gets its own name when it is whole and on disk.  Whatever goes wrong takes it away.  "-" is
 * stdout.
 */
#ifndef FILE_H
#define FILE_H

#include "words.h"

typedef struct output output;

/* Where --output (by default: preset, which may be NULL) and --force say.  Fails if the file exists
 * and may not be replaced.  0, or what to exit with (it has been said). */
int output_open(output **out, const words *w, const char *preset);

/* The same, at name, which must last as long. */
int output_open_as(output **out, const char *name, bool force);

/* The same for what is no text, and so nothing for a terminal. */
int output_open_binary(output **out, const words *w);

/* 0, or -1: a write failed, now or before; output_finish() will tell. */
int output_write(output *o, const void *bytes, size_t len);
__attribute__((format(printf, 2, 3))) int output_print(output *o, const char *fmt, ...);

uint64_t output_size(const output *o);    /* bytes so far */
const char *output_name(const output *o); /* as it was given */

/* It is whole: gives it its name, and releases o.  0, or what to exit with (it has been said). */
int output_finish(output *o);
/* It will not be: takes it away, says so, and releases o.  NULL is fine.  Returns status. */
int output_drop(output *o, int status);

#endif /* FILE_H */
