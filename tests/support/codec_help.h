/* codec_help.h - whole values through the codec, files, and the tables by name. */
#ifndef TESTS_CODEC_HELP_H
#define TESTS_CODEC_HELP_H

#include "../../runtime/core/codec.h"

#include <stdio.h>

/* Decodes all of the bytes as one object of that type; *root is one cdp_free().  0 or f's status.
 */
int help_decode(const cdp__domain *d, const cdp__type *t, const void *bytes, size_t n,
                cdp_wire wire, bool strict, void **root, cdp__fault *f);

/* The same as sessions do it: values of another type are kept apart. */
int help_receive(const cdp__domain *d, const cdp__type *t, const void *bytes, size_t n,
                 cdp_wire wire, void **root, cdp__fault *f);

/* Encodes in; *out is malloc'd, with a NUL behind it.  tagged: the newer CBOR envelopes. */
int help_encode(const cdp__domain *d, const cdp__type *t, const void *in, cdp_wire wire,
                bool tagged, char **out, size_t *n, cdp__fault *f);

/* The encodings that there are, and a struct in one of them (malloc'd).  Fails if that fails. */
enum { HELP_ENCODINGS = 3 };
extern const struct help_encoding {
    cdp_wire wire;
    bool tagged;
} help_encodings[HELP_ENCODINGS];
typedef struct help_image {
    char *p;
    size_t n;
} help_image;
help_image help_encoded(const cdp__domain *d, const cdp__type *t, const void *in, unsigned e);

/* JSON text as CBOR (malloc'd), by the library. */
char *help_to_cbor(const char *json, size_t len, bool tagged, size_t *n);

typedef struct help_method {
    const cdp__domain *d;
    const cdp__type *params, *result; /* NULL: none */
    bool event;
} help_method;

/* A value as JSON text, malloc'd, with a NUL behind it. */
char *help_json_of(cdp_value v, size_t *n);

/* Whose types an element's ref counts, and the size of such an item of a list. */
const cdp__domain *help_domain_of(const cdp__domain *d, cdp__elem is);
size_t help_size_of(const cdp__domain *d, cdp__elem is);

/* "Runtime.evaluate", "Debugger.paused". */
bool help_find_method(cdp_str name, help_method *out);
const cdp__type *help_find_type(const char *domain, const char *type, const cdp__domain **d);
cdp_str help_type_name(const cdp__domain *d, const cdp__type *t);

/* Structs that the protocol's types, params, results and events are: their number, and one. */
typedef void help_type_fn(const cdp__domain *d, const cdp__type *t, void *data);
unsigned help_each_type(help_type_fn *fn, void *data);

/* All of a file, malloc'd, with a NUL behind it.  Fails the test if there is none. */
char *help_file(const char *path, size_t *n);

/* Numbers that are the same every time. */
typedef struct help_random {
    uint64_t state;
} help_random;
uint32_t help_below(help_random *r, uint32_t n);

#endif /* TESTS_CODEC_HELP_H */
