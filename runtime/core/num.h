/*
 * num.h - numbers as text: the shortest decimal that reads back, and back.
 *
 * Neither direction depends on the locale, allocates, or changes errno.
 */
#ifndef CDP_NUM_H
#define CDP_NUM_H

#include <stddef.h>
#include <stdint.h>

#define CDP__NUM_MAX 40 /* bytes these may touch; the text itself has at most 25 */

/* Writes d as V8's JSON writer does: the shortest digits that read back to d, in the
 * notation of JavaScript's Number.toString (1e+21, 1e-7, 5e-324, -0); integral values
 * below 1e21 in full.  NaN and infinities become null.  Returns the length, no NUL. */
size_t cdp__num_write(char *out, double d);
size_t cdp__int_write(char *out, int64_t i);

/* Reads a JSON number (RFC 8259 grammar) at p, which must be followed by a byte that no
 * number has (a NUL, say).  Correctly rounded; too small becomes 0, with its sign.  Returns
 * the byte after it, which the caller has to look at (0x1 reads as 0), or NULL where there is
 * no number or, *overflow 1 instead of 0, one too large for a double; *out stays then. */
const char *cdp__num_read(const char *p, double *out, int *overflow);

#endif /* CDP_NUM_H */
