/*
 * num.h - numbers as text: the shortest decimal that reads back, and back.
 */
#ifndef CDP_NUM_H
#define CDP_NUM_H

#include <stddef.h>
#include <stdint.h>

#define CDP__NUM_MAX 32 /* bytes cdp__num_write() may touch */

/* Writes d as V8's JSON writer does: the shortest digits that read back to d, in the
 * notation of JavaScript's Number.toString (1e+21, 1e-7, 5e-324, -0); integral values
 * below 1e21 in full.  NaN and infinities become null.  Returns the length, no NUL. */
size_t cdp__num_write(char *out, double d);
size_t cdp__int_write(char *out, int64_t i);

/* Reads a JSON number (RFC 8259 grammar) at p, which must be followed by a byte
 * that ends it (any NUL does).  Returns the byte after it, or NULL where the text
 * is not a number or, *overflow set, too large for a double.  Correctly rounded. */
const char *cdp__num_read(const char *p, double *out, int *overflow);

#endif /* CDP_NUM_H */
