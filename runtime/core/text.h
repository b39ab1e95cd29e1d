/*
 * text.h - encodings of text and bytes: UTF-8 (WTF-8), UTF-16LE, JSON escapes, base64.
 *
 * In memory text is UTF-8 in which lone surrogates stand as their three-byte (WTF-8) form.
 * Nothing here allocates, or reads outside of what it is given, but for cdp__json_plain() and
 * cdp__json_decode().
 * Input and output must not overlap unless that is said to be fine; empty input may be NULL.
 */
#ifndef CDP_TEXT_H
#define CDP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Readable bytes that must follow received JSON. */
#define CDP__PAD 64

/* Length of the leading run of ASCII. */
size_t cdp__ascii_run(const char *p, size_t n);

/* n bytes are UTF-8.  wtf8: three-byte surrogates are fine too.  Returns n, or the offset
 * where the first bad or cut sequence starts. */
size_t cdp__utf8_check(const char *p, size_t n, bool wtf8);

/* JSON: from p (behind the opening quote) to the first byte that is not plain: '"',
 * '\\', a control below 0x20, or non-ASCII.  Reads at most CDP__PAD bytes beyond the
 * NUL that ends the input. */
const char *cdp__json_plain(const char *p);

/* JSON: finds the closing quote of the string that starts at p (behind the opening one),
 * checking everything (escapes, UTF-8, controls; lone surrogate escapes are fine).
 * *escaped: it holds a backslash.  Returns the closing quote, or NULL with *bad at the first
 * wrong escape, sequence or control, or `end` where the quote is missing.  Needs no padding. */
const char *cdp__json_string_end(const char *p, const char *end, bool *escaped, const char **bad);

/* JSON: decodes the checked string [p, end) into out, which has room for end - p bytes.
 * Returns the length, no NUL.  A lone surrogate escape becomes WTF-8. */
size_t cdp__json_unescape(char *out, const char *p, const char *end);

/* The two in one pass: decodes the string that starts at p (behind the opening quote) into out,
 * which has room for end - p + CDP__PAD bytes.  Returns the end of what it wrote, no NUL, with
 * the closing quote in *stop; or NULL with what is wrong there, as above.  At `end` there is a
 * NUL, and CDP__PAD - 1 readable bytes follow. */
char *cdp__json_decode(char *out, const char *p, const char *end, const char **stop);

/* JSON: writes n bytes of (W)UTF-8 as the inside of a JSON string, as V8 does it: ASCII,
 * with \b \f \n \r \t \" \\, other controls and everything beyond ASCII as \uXXXX in lower
 * case (so that lone surrogates survive).  out has room for 6 bytes per byte.  Returns the
 * end, or NULL where the input is not WTF-8. */
char *cdp__json_escape(char *out, const char *p, size_t n);

/* UTF-16LE of `bytes` bytes (even) to WTF-8.  out has room for bytes / 2 * 3.  Returns
 * the length. */
size_t cdp__utf16_to_utf8(char *out, const uint8_t *p, size_t bytes);

/* Checked WTF-8 to UTF-16LE; out has room for 2 * n.  Returns the bytes written. */
size_t cdp__utf8_to_utf16(uint8_t *out, const char *p, size_t n);

/* Base64 (RFC 4648 section 4).  Encoding writes (n + 2) / 3 * 4 bytes.  Decoding takes
 * padded or unpadded text and gives the length, or SIZE_MAX where it is malformed; out has
 * room for n / 4 * 3 + 3, and may be the text itself; on failure it is left half done. */
size_t cdp__base64_encode(char *out, const uint8_t *p, size_t n);
size_t cdp__base64_decode(uint8_t *out, const char *p, size_t n);

#endif /* CDP_TEXT_H */
