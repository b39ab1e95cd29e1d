/* codec_help.c - see codec_help.h. */
#include "codec_help.h"

#include <cdp/value.h>

#include <stdlib.h>

static int decode(const cdp__domain *d, const cdp__type *t, const void *bytes, size_t n,
                  cdp_wire wire, cdp__rigour rigour, void **root, cdp__fault *f)
{
    cdp__pool *pool = cdp__pool_new(NULL);
    cdp__msg *m = cdp__msg_new(pool, n + CDP__PAD + 512);
    char *p = cdp__msg_alloc(m, n + CDP__PAD);

    memcpy(p, bytes, n);
    memset(p + n, 0, CDP__PAD);
    cdp__fault_clear(f);
    *root = cdp__msg_root(m, t->size);
    cdp__reader r = { .begin = p,
                      .end = p + n,
                      .msg = m,
                      .memo = cdp__pool_memo(pool),
                      .wire = wire,
                      .rigour = rigour,
                      .fault = f };
    char *end = cdp__decode(&r, p, d, t, *root);
    while (end && wire == CDP_JSON && end < p + n && strchr(" \t\r\n", *end))
        end++;
    if (end && end != p + n)
        cdp__fault_set(f, CDP_EDECODE, "trailing bytes");
    if (f->status) {
        cdp_free(*root);
        *root = NULL;
    }
    cdp__pool_unref(pool); /* the message has its own share */
    return f->status;
}

int help_decode(const cdp__domain *d, const cdp__type *t, const void *bytes, size_t n,
                cdp_wire wire, bool strict, void **root, cdp__fault *f)
{
    return decode(d, t, bytes, n, wire, strict ? CDP__STRICT : CDP__LENIENT, root, f);
}

int help_receive(const cdp__domain *d, const cdp__type *t, const void *bytes, size_t n,
                 cdp_wire wire, void **root, cdp__fault *f)
{
    return decode(d, t, bytes, n, wire, CDP__KEEPING, root, f);
}

static int take(cdp__buf *b, int rc, char **out, size_t *n)
{
    *out = NULL;
    *n = b->len;
    if (rc == 0) {
        *out = malloc(b->len + 1);
        memcpy(*out, b->ptr, b->len);
        (*out)[b->len] = 0;
    }
    cdp__buf_free(b);
    return rc;
}

int help_encode(const cdp__domain *d, const cdp__type *t, const void *in, cdp_wire wire,
                bool tagged, char **out, size_t *n, cdp__fault *f)
{
    cdp__pool *pool = cdp__pool_new(NULL);
    cdp__buf b = { .allocator = cdp__pool_allocator(pool) };
    cdp__writer w = { &b, wire, tagged, 0, CDP__DEPTH_MAX, f };

    cdp__fault_clear(f);
    int rc = take(&b, cdp__encode(&w, d, t, in), out, n);
    cdp__pool_unref(pool);
    return rc;
}

const struct help_encoding help_encodings[HELP_ENCODINGS] = { { CDP_JSON, false },
                                                              { CDP_CBOR, false },
                                                              { CDP_CBOR, true } };

help_image help_encoded(const cdp__domain *d, const cdp__type *t, const void *in, unsigned e)
{
    help_image out;
    cdp__fault f;

    if (help_encode(d, t, in, help_encodings[e].wire, help_encodings[e].tagged, &out.p, &out.n,
                    &f) < 0) {
        fprintf(stderr, "%s: %s\n", cdp__fault_path(&f), f.why);
        abort();
    }
    return out;
}

char *help_to_cbor(const char *json, size_t len, bool tagged, size_t *n)
{
    cdp__pool *pool = cdp__pool_new(NULL);
    cdp__buf b = { .allocator = cdp__pool_allocator(pool) };
    cdp__fault f;
    cdp__writer w = { &b, CDP_CBOR, tagged, 0, CDP__DEPTH_MAX, &f };
    char *out;

    cdp__fault_clear(&f);
    take(&b, cdp__write_value(&w, (cdp_value){ json, len, CDP_JSON }), &out, n);
    cdp__pool_unref(pool);
    return out;
}

static const cdp__type *type_at(const cdp__domain *d, unsigned i)
{
    return i == CDP__NONE ? NULL : &d->types[i];
}

char *help_json_of(cdp_value v, size_t *n)
{
    cdp_str *text;

    if (cdp_value_text(v, &text) < 0)
        abort();
    char *copy = malloc(text->len + 1);
    memcpy(copy, text->ptr, text->len + 1);
    *n = text->len;
    cdp_free(text);
    return copy;
}

const cdp__domain *help_domain_of(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

size_t help_size_of(const cdp__domain *d, cdp__elem is)
{
    static const size_t sizes[] = {
        [CDP__BOOL] = sizeof(bool),
        [CDP__INT] = sizeof(int32_t),
        [CDP__NUM] = sizeof(double),
        [CDP__STR] = sizeof(cdp_str),
        [CDP__BYTES] = sizeof(cdp_bytes),
        [CDP__ANY] = sizeof(cdp_value),
        [CDP__OBJECT] = sizeof(cdp_value),
        [CDP__ENUM] = sizeof(int32_t),
        [CDP__LIST] = sizeof(CDP_LIST(int32_t)),
    };

    return is.kind == CDP__STRUCT ? help_domain_of(d, is)->types[is.ref].size : sizes[is.kind];
}

bool help_find_method(cdp_str name, help_method *out)
{
    for (const cdp__domain *const *d = cdp__protocol; *d; d++) {
        for (unsigned i = 0; i < (*d)->n_commands; i++) {
            const cdp__command *c = &(*d)->commands[i];
            if (!cdp_str_eq(cdp_sn((*d)->names + c->name, c->name_len), name))
                continue;
            *out = (help_method){ *d, type_at(*d, c->params), type_at(*d, c->result), false };
            return true;
        }
        for (unsigned i = 0; i < (*d)->n_events; i++) {
            const cdp__event *e = &(*d)->events[i];
            if (!cdp_str_eq(cdp_sn((*d)->names + e->name, e->name_len), name))
                continue;
            *out = (help_method){ *d, type_at(*d, e->params), NULL, true };
            return true;
        }
    }
    return false;
}

cdp_str help_type_name(const cdp__domain *d, const cdp__type *t)
{
    return cdp_sn(d->names + t->name, t->name_len);
}

const cdp__type *help_find_type(const char *domain, const char *type, const cdp__domain **d)
{
    for (const cdp__domain *const *at = cdp__protocol; *at; at++) {
        if (!cdp_str_eq(cdp_sn((*at)->names + (*at)->name, (*at)->name_len), cdp_s(domain)))
            continue;
        *d = *at;
        for (unsigned i = 0; i < (*at)->n_types; i++)
            if (cdp_str_eq(help_type_name(*at, &(*at)->types[i]), cdp_s(type)))
                return &(*at)->types[i];
    }
    return NULL;
}

unsigned help_each_type(help_type_fn *fn, void *data)
{
    unsigned n = 0;

    for (const cdp__domain *const *d = cdp__protocol; *d; d++)
        for (unsigned i = 0; i < (*d)->n_types; i++, n++)
            fn(*d, &(*d)->types[i], data);
    return n;
}

char *help_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *p = NULL;

    *n = 0;
    if (!f) {
        fprintf(stderr, "cannot read %s\n", path);
        abort();
    }
    for (size_t got = 1; got;) {
        p = realloc(p, *n + 65536 + 1);
        got = fread(p + *n, 1, 65536, f);
        *n += got;
    }
    p[*n] = 0;
    fclose(f);
    return p;
}

uint32_t help_below(help_random *r, uint32_t n)
{
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((r->state >> 32) * n >> 32);
}
