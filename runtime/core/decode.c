/*
 * decode.c - bytes to structs: one walk over the tables for both encodings.
 *
 * The walk is written once, in always-inlined functions that take the encoding as a constant;
 * decode_json() and decode_cbor() are its two instances.  What a message has beyond its type
 * (unknown members and words, values of another type, missing required members) is noted, so that
 * encoding gives it back: see misfit.h.
 */
#include "misfit.h"
#include "read_cbor.h"
#include "read_json.h"

static char *decode_json(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         void *out);
static char *decode_cbor(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         void *out);

typedef struct list { /* any CDP_LIST */
    const void *items;
    size_t n;
} __attribute__((may_alias)) list;

static const cdp_value no_value;

/* ---- the walk ---------------------------------------------------------- */

INLINE bool is_word(const cdp__domain *d, const cdp__word *w, cdp_str word)
{
    return w->len == word.len && (w->len == 0 || cdp__same(word.ptr, d->names + w->text, w->len));
}

INLINE char *read_enum(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *dst,
                       cdp__where at, const cdp_wire wire)
{
    const cdp__domain *d = cdp__domain_of(f->d, is);
    const cdp__enum *e = &d->enums[is.ref];
    const cdp__word *words = d->words + e->first;
    cdp_str word = { NULL, 0 };
    char *end;
    int32_t v = -1;

    p = wire == CDP_JSON ? json_token(r, p, &word, &end) : cbor_str(r, p, &word);
    if (!p)
        return NULL;
    uint8_t *memo = cdp__memo_word(r, e, word);
    unsigned i = *memo;
    if (i >= e->n || !is_word(d, &words[i], word))
        for (i = 0; i < e->n && !is_word(d, &words[i], word);)
            i++;
    if (i < e->n) {
        v = (int32_t)i + 1;
        *memo = (uint8_t)i;
    }
    memcpy(dst, &v, sizeof v);
    return v > 0 ? p : cdp__note_here(r, p, f, CDP__NOTE_WORD, at, word, no_value);
}

static char *read_rare_int(cdp__reader *r, char *p, cdp__frame *f, bool optional, void *dst,
                           cdp__where at)
{
    int32_t v = 0;
    cdp_str odd = { NULL, 0 };

    p = r->wire == CDP_JSON ? cdp__json_rare_int(r, p, &v, &odd)
                            : cdp__cbor_rare_int(r, p, &v, &odd);
    memcpy(dst, &v, sizeof v);
    if (optional)
        ((cdp_opt_int *)dst)->has = true;
    return odd.ptr ? cdp__note_here(r, p, f, CDP__NOTE_NUMBER, at, odd, no_value) : p;
}

INLINE char *read_int(cdp__reader *r, char *p, cdp__frame *f, bool optional, void *dst,
                      cdp__where at, const cdp_wire wire)
{
    int32_t v;
    char *end = STEP(int, r, p, &v);

    if (CDP__RARE(!end))
        return read_rare_int(r, p, f, optional, dst, at);
    memcpy(dst, &v, sizeof v);
    if (optional)
        ((cdp_opt_int *)dst)->has = true;
    return end;
}

static char *read_base64(cdp__reader *r, char *p, cdp_bytes *b)
{
    cdp_str s = { NULL, 0 };
    char *end, *next = r->wire == CDP_JSON ? json_token(r, p, &s, &end) : cbor_str(r, p, &s);

    r->nul = NULL; /* text that nobody sees needs none, and must stay where it is no base64 */
    uint8_t *out = next ? cdp__msg_alloc(r->msg, s.len / 4 * 3 + 3) : NULL;

    if (!out)
        return next ? cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory") : NULL;
    b->ptr = out;
    b->len = cdp__base64_decode(out, s.ptr, s.len);
    return b->len == SIZE_MAX ? cdp__read_fail(r, p, "base64 expected") : next;
}

static char *read_bytes(cdp__reader *r, char *p, void *dst)
{
    cdp_bytes b = { NULL, 0 };

    if (r->wire == CDP_CBOR && p < r->end && cbor_u8(p) == CBOR_BINARY_TAG) {
        unsigned major;
        uint64_t n;
        const char *q = cbor_head(p + 1, r->end, &major, &n);
        if (!q || major != CBOR_BYTES || n > (size_t)(r->end - q))
            return cdp__read_fail(r, p, "binary expected");
        b.ptr = (const uint8_t *)q;
        b.len = (size_t)n;
        p += q + n - p;
    } else {
        p = read_base64(r, p, &b);
    }
    memcpy(dst, &b, sizeof b);
    return p;
}

static bool is_object(const cdp__reader *r, const char *p)
{
    const char *close;
    bool map;

    if (r->wire == CDP_JSON)
        return *p == '{';
    return cbor_open(p, r->end, &close, &map) && map;
}

static char *read_any(cdp__reader *r, char *p, bool object, void *dst)
{
    cdp_value v = no_value;

    if (object && !is_object(r, p))
        return cdp__read_fail(r, p, "object expected");
    p = cdp__skip(r, p, &v);
    memcpy(dst, &v, sizeof v);
    return p;
}

/* Lists of structs are gathered on a stack, since decoding an item takes memory of its own, and
 * then copied to where they stay; lists of anything else grow in place. */
INLINE char *read_struct_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, list *l,
                              cdp__where list_at, bool more, cdp__scope *scope, const cdp_wire wire)
{
    const cdp__domain *d = cdp__domain_of(f->d, is);
    const cdp__type *type = &d->types[is.ref];
    cdp__stack *const stack = cdp__pool_stack(r->msg->pool);
    const cdp__mark mark = cdp__stack_mark(stack);
    char *items = NULL;
    size_t n = 0;

    while (p && more) {
        items = cdp__stack_push(stack, items, n, type->size);
        if (!items) {
            p = cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
            break;
        }
        char *item = items + n * type->size;
        memset(item, 0, type->size);
        char *from = p;
        p = wire == CDP_JSON ? decode_json(r, p, d, type, item) : decode_cbor(r, p, d, type, item);
        if (CDP__RARE(!p)) {
            const cdp__where at = { list_at.offset, type->size, list_at.item << 32 | n };
            p = cdp__keep_item(r, from, f, is, item, at);
        }
        if (p)
            p = STEP(next, r, p, scope, '[', &more);
        if (!p)
            cdp__fault_item(r->fault, n);
        n++;
    }
    if (p && n) {
        char *copy = cdp__msg_alloc(r->msg, n * type->size);
        if (copy)
            memcpy(copy, items, n * type->size);
        else
            p = cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
        l->items = copy;
        l->n = n;
    }
    cdp__stack_pop(stack, mark);
    return p;
}

/* Room for another item; doubles. */
static bool list_grow(cdp__reader *r, const char *p, list *l, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 16;
    void *items = NULL;

    if (more <= SIZE_MAX / 2 / size)
        items = cdp__msg_grow(r->msg, (void *)(uintptr_t)l->items, *cap * size, more * size);
    if (!items)
        return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
    l->items = items;
    *cap = more;
    return true;
}

static char *read_json_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *dst,
                            cdp__where at);
static char *read_cbor_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *dst,
                            cdp__where at);

INLINE char *read_value(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, bool optional,
                        void *dst, cdp__where at, const cdp_wire wire)
{
    if (is.kind == CDP__STR) /* most are */
        return STEP(str, r, p, (cdp_str *)dst);
    switch ((cdp__kind)is.kind) {
    case CDP__INT:
        return read_int(r, p, f, optional, dst, at, wire);
    case CDP__NUM:
        if (optional)
            ((cdp_opt_num *)dst)->has = true;
        return STEP(num, r, p, (double *)dst);
    case CDP__BOOL:
        if (optional)
            ((cdp_opt_bool *)dst)->has = true;
        return STEP(bool, r, p, (bool *)dst);
    case CDP__ENUM:
        return read_enum(r, p, f, is, dst, at, wire);
    case CDP__BYTES:
        return read_bytes(r, p, dst);
    case CDP__ANY:
    case CDP__OBJECT:
        return read_any(r, p, is.kind == CDP__OBJECT, dst);
    case CDP__LIST:
        return wire == CDP_JSON ? read_json_list(r, p, f, is, dst, at)
                                : read_cbor_list(r, p, f, is, dst, at);
    case CDP__STR:
    case CDP__STRUCT:
        break;
    }
    return cdp__read_fail(r, p, "tables are damaged");
}

INLINE char *read_scalar_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, list *l,
                              cdp__where list_at, bool more, cdp__scope *scope, const cdp_wire wire)
{
    const size_t size = cdp__item_size(f->d, is);
    size_t cap = 0, n = 0;

    while (p && more) {
        if (n == cap && !list_grow(r, p, l, &cap, size))
            return NULL;
        char *dst = (char *)(uintptr_t)l->items + n * size;
        const cdp__where at = { list_at.offset, (uint16_t)size, list_at.item << 32 | n };
        char *from = p;
        p = is.kind == CDP__INT ? read_int(r, p, f, false, dst, at, wire)
                                : read_value(r, p, f, is, false, dst, at, wire);
        if (CDP__RARE(!p))
            p = cdp__keep_item(r, from, f, is, dst, at);
        if (p)
            p = STEP(next, r, p, scope, '[', &more);
        if (!p)
            cdp__fault_item(r->fault, n);
        n++;
    }
    l->n = n;
    return p;
}

INLINE char *read_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem of, void *dst,
                       cdp__where at, const cdp_wire wire)
{
    const cdp__elem is = f->d->lists[of.ref];
    list l = { "", 0 };
    bool more = false;
    cdp__scope scope = { NULL };

    if (++r->depth > CDP__DEPTH)
        return cdp__read_fail_as(r, p, CDP_ETOOBIG, "nested too deeply");
    p = STEP(enter, r, p, &scope, '[', &more);
    if (is.kind == CDP__STRUCT) {
        p = read_struct_list(r, p, f, is, &l, at, more, &scope, wire);
    } else {
        p = read_scalar_list(r, p, f, is, &l, at, more, &scope, wire);
    }
    r->depth--;
    memcpy(dst, &l, sizeof l);
    return p;
}

/* Out of line: their code is long, and lists of lists come back here. */
static char *read_json_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *dst,
                            cdp__where at)
{
    return read_list(r, p, f, is, dst, at, CDP_JSON);
}

static char *read_cbor_list(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *dst,
                            cdp__where at)
{
    return read_list(r, p, f, is, dst, at, CDP_CBOR);
}

INLINE char *read_child(cdp__reader *r, char *p, const cdp__frame *f, cdp__elem is, void *dst,
                        const cdp_wire wire)
{
    const cdp__domain *d = cdp__domain_of(f->d, is);
    const cdp__type *type = &d->types[is.ref];
    void *child = cdp__read_alloc(r, p, type->size);

    if (!child)
        return NULL;
    memcpy(dst, &child, sizeof child);
    return wire == CDP_JSON ? decode_json(r, p, d, type, child) : decode_cbor(r, p, d, type, child);
}

/* A member that is null is absent, which serving does not allow. */
static char *read_null(cdp__reader *r, char *p, cdp__frame *f, const cdp__field *field)
{
    const cdp__where at = { field->offset, 0, 0 };

    p = cdp__note_here(r, r->wire == CDP_JSON ? json_null(p) : cbor_null(p), f, CDP__NOTE_OTHER, at,
                       cdp_s("null"), no_value);
    return p ? cdp__leave_out(r, p, f, field) : NULL;
}

INLINE char *read_member(cdp__reader *r, char *p, cdp__frame *f, const cdp__field *field, void *dst,
                         const cdp_wire wire)
{
    const cdp__where at = { field->offset, 0, 0 };

    if (CDP__RARE(STEP(at_null, r, p)) && field->is.kind != CDP__ANY && r->rigour != CDP__STRICT)
        return read_null(r, p, f, field);
    if (field->is.kind == CDP__STRUCT)
        return read_child(r, p, f, field->is, dst, wire);
    return read_value(r, p, f, field->is, !(field->flags & CDP__REQUIRED), dst, at, wire);
}

static char *keep_unknown(cdp__reader *r, char *p, cdp__frame *f, cdp_str key)
{
    cdp_value v = no_value;

    p = cdp__skip(r, p, &v);
    p = cdp__note_here(r, p, f, CDP__NOTE_MEMBER, (cdp__where){ 0, 0, 0 }, key, v);
    if (!p)
        cdp__fault_member(r->fault, key.ptr, key.len);
    return p;
}

INLINE char *read_struct(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         char *out, const cdp_wire wire)
{
    cdp__frame f = { d, type, out, NULL };
    cdp__keys keys = cdp__keys_of(r, d, type);
    uint64_t seen = 0;
    bool more = false;
    cdp__scope scope = { NULL };
    cdp_str key = { NULL, 0 };

    if (++r->depth > CDP__DEPTH)
        return cdp__read_fail_as(r, p, CDP_ETOOBIG, "nested too deeply");
    p = STEP(enter, r, p, &scope, '{', &more);
    while (p && more) {
        p = STEP(key, r, p, &keys, &key);
        if (p && CDP__RARE(!keys.found)) {
            p = keep_unknown(r, p, &f, key);
        } else if (p) {
            const cdp__field *field = keys.found;
            const uint64_t bit = (uint64_t)1 << (keys.next - 1);
            if (CDP__RARE(seen & bit))
                cdp__forget(&f, field);
            seen |= bit;
            char *from = p;
            p = read_member(r, p, &f, field, out + field->offset, wire);
            if (CDP__RARE(!p) && !(p = cdp__keep_member(r, from, &f, field)))
                cdp__fault_member(r->fault, keys.names + field->name, field->name_len);
        }
        if (p)
            p = STEP(next, r, p, &scope, '{', &more);
    }
    r->depth--;
    return p && type->required & ~seen ? cdp__fill_missing(r, p, &f, type->required & ~seen) : p;
}

static char *decode_json(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         void *out)
{
    return read_struct(r, p, d, type, out, CDP_JSON);
}

static char *decode_cbor(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                         void *out)
{
    return read_struct(r, p, d, type, out, CDP_CBOR);
}

char *cdp__decode(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type, void *out)
{
    return r->wire == CDP_JSON ? decode_json(r, json_blank(p), d, type, out)
                               : decode_cbor(r, p, d, type, out);
}
