/*
 * fuzz_decode.c - bytes as any type of the protocol, in both encodings.
 *
 * The first two bytes choose the type, the third encoding and rigour.  What decodes has to
 * encode, and what that gives has to decode to the same.
 */
#include "../support/codec_help.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct kind {
    const cdp__domain *d;
    const cdp__type *t;
} kind;

enum { BINARY = 1, STRICT = 2, TAGGED = 4, KEEPING = 8 };

static kind kinds[4096];
static unsigned n_kinds;

static void add_kind(const cdp__domain *d, const cdp__type *t, void *data)
{
    (void)data;
    if (n_kinds < sizeof kinds / sizeof *kinds)
        kinds[n_kinds++] = (kind){ d, t };
}

static void expect(bool ok)
{
    if (!ok)
        abort();
}

static int decode(const kind *k, const void *bytes, size_t n, cdp_wire wire, unsigned how,
                  void **root, cdp__fault *f)
{
    if (how & KEEPING)
        return help_receive(k->d, k->t, bytes, n, wire, root, f);
    return help_decode(k->d, k->t, bytes, n, wire, how & STRICT, root, f);
}

/* The struct, written, reads and writes to the same again. */
static void stable(const kind *k, const void *in, cdp_wire wire, unsigned how, bool must)
{
    char *first, *second;
    size_t n, m;
    cdp__fault f;
    void *root;

    int rc = help_encode(k->d, k->t, in, wire, how & TAGGED, &first, &n, &f);
    expect(rc == 0 || !must);
    if (rc < 0)
        return;
    rc = decode(k, first, n, wire, how & KEEPING, &root, &f);
    /* A NaN of CBOR is written as null, and in a list of numbers that is none. */
    expect(rc == 0 || !must);
    if (rc == 0) {
        expect(help_encode(k->d, k->t, root, wire, how & TAGGED, &second, &m, &f) == 0);
        expect(m == n && memcmp(first, second, n) == 0);
        cdp_free(root);
        free(second);
    }
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cdp__fault f;
    void *root;

    if (!n_kinds)
        help_each_type(add_kind, NULL);
    if (size < 3)
        return 0;
    const kind *k = &kinds[(data[0] | data[1] << 8u) % n_kinds];
    const cdp_wire wire = data[2] & BINARY ? CDP_CBOR : CDP_JSON;
    int rc = decode(k, data + 3, size - 3, wire, data[2], &root, &f);
    if (rc < 0) {
        expect((rc == CDP_EDECODE || rc == CDP_ETOOBIG) && *f.why && f.at <= size);
        return 0;
    }
    stable(k, root, CDP_JSON, data[2], wire == CDP_JSON);
    stable(k, root, CDP_CBOR, data[2], false);
    cdp_free(root);
    return 0;
}
