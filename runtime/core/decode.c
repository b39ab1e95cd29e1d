/*
 * decode.c - bytes to structs: one walk over the tables for both encodings.
 *
 * The walk is written once, in always-inlined functions that take the encoding as a constant;
 * decode_json() and decode_cbor() are its two instances.  What a message has beyond its type
 * (unknown members and words, nulls, missing required members) is noted, so that encoding
 * gives it back: see struct cdp__extra.
 */
#include "read_cbor.h"
#include "read_json.h"

#define INLINE static inline __attribute__((always_inline))
/* The step of that name in this instance's encoding. */
#define STEP(name, ...) (wire == CDP_JSON ? json_##name(__VA_ARGS__) : cbor_##name(__VA_ARGS__))

/* A struct being filled. */
typedef struct frame {
    const cdp__domain *d;
    const cdp__type *type;
    char *out;
    cdp__extra *extra;
} frame;

/* Where a value goes, and what it is. */
typedef struct place {
    void *dst;
    cdp__elem is;
    bool optional;
    uint16_t offset; /* of the member it belongs to */
    uint32_t item;   /* in a list */
} place;

static int decode_json(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void *out);
static int decode_cbor(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void *out);

/* ---- notes ------------------------------------------------------------- */

static cdp__extra *extra(cdp__reader *r, frame *f)
{
    if (!f->extra) {
        f->extra = cdp__msg_alloc(r->msg, sizeof *f->extra);
        if (!f->extra) {
            cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
            return NULL;
        }
        memset(f->extra, 0, sizeof *f->extra);
        const cdp__extra *x = f->extra;
        memcpy(f->out + f->type->size - sizeof x, &x, sizeof x);
    }
    return f->extra;
}

static int note(cdp__reader *r, frame *f, cdp__note_kind kind, const place *at, cdp_str text,
                cdp_value value)
{
    cdp__extra *x = extra(r, f);
    cdp__note *n = x ? cdp__msg_alloc(r->msg, sizeof *n) : NULL;

    if (!n)
        return cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
    memset(n, 0, sizeof *n);
    n->kind = kind;
    n->offset = at ? at->offset : 0;
    n->item = at ? at->item : 0;
    n->value = value;
    if (text.ptr) {
        n->text = cdp__msg_text(r->msg, text.ptr, text.len);
        if (!n->text.ptr)
            return cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
    }
    if (x->last)
        x->last->next = n;
    else
        x->notes = n;
    x->last = n;
    return 0;
}

static const cdp_value no_value;
static const cdp_str no_text;

/* ---- sizes ------------------------------------------------------------- */

typedef struct list { /* any CDP_LIST */
    const void *items;
    size_t n;
} __attribute__((may_alias)) list;

static const cdp__domain *domain_of(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

static size_t item_size(const cdp__domain *d, cdp__elem is)
{
    switch ((cdp__kind)is.kind) {
    case CDP__BOOL:
        return sizeof(bool);
    case CDP__INT:
    case CDP__ENUM:
        return sizeof(int32_t);
    case CDP__NUM:
        return sizeof(double);
    case CDP__STR:
    case CDP__BYTES:
        return sizeof(cdp_str);
    case CDP__ANY:
    case CDP__OBJECT:
        return sizeof(cdp_value);
    case CDP__STRUCT:
        return domain_of(d, is)->types[is.ref].size;
    case CDP__LIST:
        return sizeof(list);
    }
    return 0;
}

static size_t member_size(const cdp__domain *d, const cdp__field *f)
{
    if (f->is.kind == CDP__STRUCT)
        return sizeof(void *);
    if (f->flags & CDP__REQUIRED)
        return item_size(d, f->is);
    switch (f->is.kind) {
    case CDP__BOOL:
        return sizeof(cdp_opt_bool);
    case CDP__INT:
        return sizeof(cdp_opt_int);
    case CDP__NUM:
        return sizeof(cdp_opt_num);
    default:
        return item_size(d, f->is);
    }
}

/* ---- what is missing --------------------------------------------------- */

static int fill_missing(cdp__reader *r, frame *f, uint64_t missing);

/* A required struct that was not sent: an empty one, so that no required pointer is NULL. */
static int make_empty(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void **out)
{
    frame f = { d, type, cdp__msg_alloc(r->msg, type->size), NULL };

    if (!f.out)
        return cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
    memset(f.out, 0, type->size);
    cdp__extra *x = extra(r, &f);
    if (!x)
        return r->fault->status;
    x->empty = true;
    *out = f.out;
    return fill_missing(r, &f, type->required);
}

static int fill_missing(cdp__reader *r, frame *f, uint64_t missing)
{
    cdp__extra *x = extra(r, f);

    if (!x)
        return r->fault->status;
    x->absent = missing;
    for (unsigned i = 0; i < f->type->n; i++) {
        const cdp__field *field = f->d->fields + f->type->first + i;
        if (!(missing >> i & 1))
            continue;
        if (r->strict) {
            cdp__read_fail(r, "required member missing");
            cdp__fault_member(r->fault, f->d->names + field->name, field->name_len);
            return r->fault->status;
        }
        char *dst = f->out + field->offset;
        if (field->is.kind == CDP__STR) {
            cdp_str empty = { "", 0 };
            memcpy(dst, &empty, sizeof empty);
        } else if (field->is.kind == CDP__STRUCT) {
            const cdp__domain *d = domain_of(f->d, field->is);
            void *p = NULL;
            int rc = make_empty(r, d, &d->types[field->is.ref], &p);
            if (rc < 0)
                return rc;
            memcpy(dst, &p, sizeof p);
        }
    }
    return 0;
}

/* ---- the walk ---------------------------------------------------------- */

INLINE int read_value(cdp__reader *r, frame *f, const place *at, const cdp_wire wire);

INLINE int read_enum(cdp__reader *r, frame *f, const place *at, const cdp_wire wire)
{
    const cdp__domain *d = domain_of(f->d, at->is);
    const cdp__enum *e = &d->enums[at->is.ref];
    const cdp__word *words = d->words + e->first;
    cdp_str word;
    char *end;
    int32_t v = -1;

    int rc = wire == CDP_JSON ? json_token(r, &word, &end) : cbor_str(r, &word);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < e->n; i++)
        if (words[i].len == word.len &&
            (word.len == 0 || cdp__same(word.ptr, d->names + words[i].text, words[i].len))) {
            v = (int32_t)i + 1;
            break;
        }
    memcpy(at->dst, &v, sizeof v);
    return v > 0 ? 0 : note(r, f, CDP__NOTE_WORD, at, word, no_value);
}

INLINE int read_int(cdp__reader *r, frame *f, const place *at, const cdp_wire wire)
{
    int32_t v = 0;
    cdp_str odd = { 0 };
    int rc = STEP(int, r, &v, &odd);

    if (rc < 0)
        return rc;
    if (at->optional) {
        cdp_opt_int opt = { v, true };
        memcpy(at->dst, &opt, sizeof opt);
    } else {
        memcpy(at->dst, &v, sizeof v);
    }
    return rc == 0 ? 0 : note(r, f, CDP__NOTE_NUMBER, at, odd, no_value);
}

static int read_bytes(cdp__reader *r, void *dst)
{
    cdp_bytes b;

    if (r->wire == CDP_CBOR && r->p < r->end && cbor_u8(r->p) == CBOR_BINARY_TAG) {
        unsigned major;
        uint64_t n;
        const char *p = cbor_head(r->p + 1, r->end, &major, &n);
        if (!p || major != CBOR_BYTES || n > (size_t)(r->end - p))
            return cdp__read_fail(r, "binary expected");
        b.ptr = (const uint8_t *)p;
        b.len = (size_t)n;
        r->p += p + n - r->p;
    } else {
        cdp_str s;
        char *at = r->p;
        int rc = r->wire == CDP_JSON ? json_str(r, &s) : cbor_str(r, &s);
        if (rc < 0)
            return rc;
        uint8_t *out = cdp__msg_alloc(r->msg, s.len / 4 * 3 + 3);
        if (!out)
            return cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
        b.ptr = out;
        b.len = cdp__base64_decode(out, s.ptr, s.len);
        if (b.len == SIZE_MAX) {
            r->p = at;
            return cdp__read_fail(r, "base64 expected");
        }
    }
    memcpy(dst, &b, sizeof b);
    return 0;
}

static int read_any(cdp__reader *r, bool object, void *dst)
{
    cdp_value v;
    char head = *r->p;
    int rc = object && r->wire == CDP_JSON && head != '{' ? cdp__read_fail(r, "object expected")
                                                          : cdp__skip(r, &v);
    if (rc < 0)
        return rc;
    if (object && r->wire == CDP_CBOR) {
        const char *close;
        bool map = false;
        if (!cbor_open(v.ptr, v.ptr + v.len, &close, &map) || !map) {
            r->p -= v.len;
            return cdp__read_fail(r, "object expected");
        }
    }
    memcpy(dst, &v, sizeof v);
    return 0;
}

/* Room for another item; doubles. */
static int list_grow(cdp__reader *r, list *l, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : size > 16 ? 4 : 16;
    void *p = NULL;

    if (more <= SIZE_MAX / 2 / size)
        p = cdp__msg_grow(r->msg, (void *)(uintptr_t)l->items, *cap * size, more * size);
    if (!p)
        return cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
    l->items = p;
    *cap = more;
    return 0;
}

INLINE int read_list(cdp__reader *r, frame *f, const place *at, const cdp_wire wire)
{
    const cdp__elem is = f->d->lists[at->is.ref];
    const size_t size = item_size(f->d, is);
    list *l = at->dst;
    size_t cap = 0;
    cdp__scope scope = { true, NULL };
    int rc;

    if (++r->depth > CDP__DEPTH)
        return cdp__read_fail_as(r, CDP_ETOOBIG, "nested too deeply");
    l->n = 0;
    l->items = "";
    rc = wire == CDP_JSON ? json_open(r, &scope, '[') : cbor_open_scope(r, &scope, '[');
    while (rc == 0 && (rc = STEP(more, r, &scope, ']')) > 0) {
        if (l->n == cap && (rc = list_grow(r, l, &cap, size)) < 0)
            return rc;
        place item = { (char *)(uintptr_t)l->items + l->n * size, is, false, at->offset,
                       (uint32_t)l->n };
        if (size > 8)
            memset(item.dst, 0, size);
        if (is.kind == CDP__INT) {
            rc = read_int(r, f, &item, wire);
        } else if (is.kind == CDP__STRUCT) {
            const cdp__domain *d = domain_of(f->d, is);
            rc = wire == CDP_JSON ? decode_json(r, d, &d->types[is.ref], item.dst)
                                  : decode_cbor(r, d, &d->types[is.ref], item.dst);
        } else {
            rc = read_value(r, f, &item, wire);
        }
        if (rc < 0)
            cdp__fault_item(r->fault, l->n);
        l->n++;
    }
    r->depth--;
    return rc;
}

/* Out of line: lists of lists are rare, and inlining stops here. */
static int read_inner_list(cdp__reader *r, frame *f, const place *at);

INLINE int read_value(cdp__reader *r, frame *f, const place *at, const cdp_wire wire)
{
    int rc;

    switch ((cdp__kind)at->is.kind) {
    case CDP__STR:
        return STEP(str, r, (cdp_str *)at->dst);
    case CDP__INT:
        return read_int(r, f, at, wire);
    case CDP__NUM:
        rc = STEP(num, r, (double *)at->dst);
        if (at->optional)
            ((cdp_opt_num *)at->dst)->has = true;
        return rc;
    case CDP__BOOL:
        rc = STEP(bool, r, (bool *)at->dst);
        if (at->optional)
            ((cdp_opt_bool *)at->dst)->has = true;
        return rc;
    case CDP__ENUM:
        return read_enum(r, f, at, wire);
    case CDP__BYTES:
        return read_bytes(r, at->dst);
    case CDP__ANY:
    case CDP__OBJECT:
        return read_any(r, at->is.kind == CDP__OBJECT, at->dst);
    case CDP__LIST:
        return read_inner_list(r, f, at);
    case CDP__STRUCT:
        break;
    }
    return cdp__read_fail(r, "tables are damaged");
}

static int read_json_list(cdp__reader *r, frame *f, const place *at)
{
    return read_list(r, f, at, CDP_JSON);
}

static int read_cbor_list(cdp__reader *r, frame *f, const place *at)
{
    return read_list(r, f, at, CDP_CBOR);
}

static int read_inner_list(cdp__reader *r, frame *f, const place *at)
{
    return r->wire == CDP_JSON ? read_json_list(r, f, at) : read_cbor_list(r, f, at);
}

INLINE int read_member(cdp__reader *r, frame *f, const cdp__field *field, const cdp_wire wire)
{
    place at = { f->out + field->offset, field->is, !(field->flags & CDP__REQUIRED), field->offset,
                 0 };

    if (field->is.kind == CDP__STR) /* most members are */
        goto value;
    if (field->is.kind == CDP__STRUCT && !STEP(at_null, r)) {
        const cdp__domain *d = domain_of(f->d, field->is);
        const cdp__type *type = &d->types[field->is.ref];
        void *p = cdp__msg_alloc(r->msg, type->size);
        if (!p)
            return cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");
        memset(p, 0, type->size);
        memcpy(at.dst, &p, sizeof p);
        return wire == CDP_JSON ? decode_json(r, d, type, p) : decode_cbor(r, d, type, p);
    }
value:
    if (field->is.kind != CDP__ANY && STEP(at_null, r)) {
        memset(at.dst, 0, member_size(f->d, field));
        STEP(null, r);
        return note(r, f, CDP__NOTE_NULL, &at, no_text, no_value);
    }
    return read_value(r, f, &at, wire);
}

static int keep_unknown(cdp__reader *r, frame *f, cdp_str key)
{
    cdp_value v;
    cdp_str name = cdp__msg_text(r->msg, key.ptr, key.len);
    int rc = name.ptr ? cdp__skip(r, &v) : cdp__read_fail_as(r, CDP_ENOMEM, "out of memory");

    if (rc < 0)
        cdp__fault_member(r->fault, key.ptr, key.len);
    return rc < 0 ? rc : note(r, f, CDP__NOTE_MEMBER, NULL, name, v);
}

INLINE int read_struct(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void *out,
                       const cdp_wire wire)
{
    frame f = { d, type, out, NULL };
    uint64_t seen = 0;
    unsigned next = 0;
    cdp__scope scope = { true, NULL };
    cdp_str key;
    int rc;

    if (++r->depth > CDP__DEPTH)
        return cdp__read_fail_as(r, CDP_ETOOBIG, "nested too deeply");
    rc = wire == CDP_JSON ? json_open(r, &scope, '{') : cbor_open_scope(r, &scope, '{');
    while (rc == 0 && (rc = STEP(more, r, &scope, '}')) > 0) {
        int i = STEP(key, r, d, type, &next, &key);
        if (i < 0)
            return i;
        if (i == CDP__UNKNOWN_KEY) {
            rc = keep_unknown(r, &f, key);
            continue;
        }
        const cdp__field *field = d->fields + type->first + i;
        seen |= (uint64_t)1 << i;
        rc = read_member(r, &f, field, wire);
        if (rc < 0)
            cdp__fault_member(r->fault, d->names + field->name, field->name_len);
    }
    r->depth--;
    if (rc == 0 && type->required & ~seen)
        rc = fill_missing(r, &f, type->required & ~seen);
    return rc;
}

static int decode_json(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void *out)
{
    return read_struct(r, d, type, out, CDP_JSON);
}

static int decode_cbor(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void *out)
{
    return read_struct(r, d, type, out, CDP_CBOR);
}

int cdp__decode(cdp__reader *r, const cdp__domain *d, const cdp__type *type, void *out)
{
    if (r->wire == CDP_CBOR)
        return decode_cbor(r, d, type, out);
    json_blank(r);
    return decode_json(r, d, type, out);
}
