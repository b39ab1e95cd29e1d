/*
 * encode.c - structs to bytes, in either encoding.
 *
 * Members are written in the protocol's order, those not known to the tables last.  A member
 * that was missing when its struct was decoded, and was not set since, stays missing.
 */
#include "num.h"
#include "read.h"

#include <math.h>

typedef struct list { /* any CDP_LIST */
    const void *items;
    size_t n;
} __attribute__((may_alias)) list;

/* What is known of the struct being written. */
typedef struct frame {
    const cdp__domain *d;
    const cdp__type *type;
    const char *in;
    const cdp__extra *extra;
} frame;

static int fail(cdp__writer *w, const char *why)
{
    if (w->fault->status == 0)
        cdp__fault_set(w->fault, CDP_EINVAL, why);
    return w->fault->status;
}

static const cdp__domain *domain_of(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

static const cdp__note *find_note(const cdp__extra *x, cdp__note_kind kind, unsigned offset,
                                  uint64_t item)
{
    const cdp__note *last = NULL; /* as with members, the last that was sent counts */

    for (const cdp__note *n = x ? x->notes : NULL; n; n = n->next)
        if (n->kind == kind && n->offset == offset && n->item == item)
            last = n;
    return last;
}

/* The number that n remembers reads as v: nobody has set the member since. */
static bool reads_as(const cdp__note *n, int32_t v)
{
    double d = NAN;
    int overflow;

    cdp__num_read(n->text.ptr, &d, &overflow);
    return cdp__clamp(d) == v;
}

static int write_number(cdp__writer *w, const frame *f, unsigned offset, uint64_t item, int32_t v)
{
    const cdp__note *n = find_note(f->extra, CDP__NOTE_NUMBER, offset, item);

    if (n && reads_as(n, v)) /* sent as something else; what was received */
        return cdp__write_value(w, (cdp_value){ n->text.ptr, n->text.len, CDP_JSON });
    cdp__write_int(w, v);
    return 0;
}

static int write_enum(cdp__writer *w, const frame *f, cdp__elem is, unsigned offset, uint64_t item,
                      int32_t v)
{
    const cdp__domain *d = domain_of(f->d, is);
    const cdp__enum *e = &d->enums[is.ref];

    if (v > 0 && v <= e->n) {
        const cdp__word *word = &d->words[e->first + v - 1];
        return cdp__write_str(w, d->names + word->text, word->len);
    }
    const cdp__note *n = find_note(f->extra, CDP__NOTE_WORD, offset, item);
    if (v == -1 && n)
        return cdp__write_str(w, n->text.ptr, n->text.len);
    return fail(w, v == 0 ? "required member not set" : "no such enumerator");
}

static int write_list(cdp__writer *w, const frame *f, cdp__elem is, unsigned offset, uint64_t outer,
                      const list *l);

/* One value in a list, or one member that is there. */
static inline int write_item(cdp__writer *w, const frame *f, cdp__elem is, unsigned offset,
                             uint64_t item, const void *src)
{
    switch ((cdp__kind)is.kind) {
    case CDP__STR: {
        cdp_str s;
        memcpy(&s, src, sizeof s);
        return cdp__write_str(w, s.ptr, s.len);
    }
    case CDP__INT: {
        int32_t v;
        memcpy(&v, src, sizeof v);
        return write_number(w, f, offset, item, v);
    }
    case CDP__NUM: {
        double v;
        memcpy(&v, src, sizeof v);
        cdp__write_num(w, v);
        return 0;
    }
    case CDP__BOOL:
        cdp__write_bool(w, *(const bool *)src);
        return 0;
    case CDP__ENUM: {
        int32_t v;
        memcpy(&v, src, sizeof v);
        return write_enum(w, f, is, offset, item, v);
    }
    case CDP__BYTES: {
        cdp_bytes b;
        memcpy(&b, src, sizeof b);
        cdp__write_bytes(w, b.ptr, b.len);
        return 0;
    }
    case CDP__ANY:
    case CDP__OBJECT: {
        cdp_value v;
        memcpy(&v, src, sizeof v);
        return cdp__write_value(w, v);
    }
    case CDP__STRUCT: {
        const cdp__domain *d = domain_of(f->d, is);
        return cdp__encode(w, d, &d->types[is.ref], src);
    }
    case CDP__LIST:
        return write_list(w, f, is, offset, item, src);
    }
    return fail(w, "tables are damaged");
}

static size_t stride(const cdp__domain *d, cdp__elem is)
{
    static const uint8_t size[] = {
        [CDP__BOOL] = sizeof(bool),        [CDP__INT] = sizeof(int32_t),
        [CDP__NUM] = sizeof(double),       [CDP__STR] = sizeof(cdp_str),
        [CDP__BYTES] = sizeof(cdp_bytes),  [CDP__ANY] = sizeof(cdp_value),
        [CDP__OBJECT] = sizeof(cdp_value), [CDP__ENUM] = sizeof(int32_t),
        [CDP__LIST] = sizeof(list),
    };

    return is.kind == CDP__STRUCT ? domain_of(d, is)->types[is.ref].size : size[is.kind];
}

static int write_list(cdp__writer *w, const frame *f, cdp__elem is, unsigned offset, uint64_t outer,
                      const list *l)
{
    const cdp__elem item = f->d->lists[is.ref];
    const size_t size = stride(f->d, item);
    size_t begin = cdp__write_begin(w, '[');

    if (l->n && !l->items)
        return fail(w, "list has a length but no items");
    for (size_t i = 0; i < l->n; i++) {
        const char *src = (const char *)l->items + i * size;
        int rc = write_item(w, f, item, offset, outer << 32 | i, src);
        if (rc < 0) {
            cdp__fault_item(w->fault, i);
            return rc;
        }
        cdp__write_next(w);
    }
    cdp__write_end(w, begin, '[');
    return cdp__write_status(w);
}

typedef enum presence { ABSENT, PRESENT, MISSING } presence;

/* A required member that is unset is MISSING, unless it was so when decoded. */
static presence present(const frame *f, const cdp__field *field, unsigned i, const void **src)
{
    const bool required = field->flags & CDP__REQUIRED;
    const bool absent = f->extra && f->extra->absent >> i & 1;
    const presence unset = required && !absent ? MISSING : ABSENT;
    static const char zero[8] = { 0 };

    switch ((cdp__kind)field->is.kind) {
    case CDP__BOOL:
        if (required)
            return absent && !*(const bool *)*src ? ABSENT : PRESENT;
        return ((const cdp_opt_bool *)*src)->has ? PRESENT : ABSENT;
    case CDP__INT:
        if (required)
            return absent && memcmp(*src, zero, sizeof(int32_t)) == 0 ? ABSENT : PRESENT;
        return ((const cdp_opt_int *)*src)->has ? PRESENT : ABSENT;
    case CDP__NUM:
        if (required)
            return absent && memcmp(*src, zero, sizeof(double)) == 0 ? ABSENT : PRESENT;
        return ((const cdp_opt_num *)*src)->has ? PRESENT : ABSENT;
    case CDP__ENUM:
        return memcmp(*src, zero, sizeof(int32_t)) != 0 ? PRESENT : unset;
    case CDP__STR:
    case CDP__BYTES:
    case CDP__ANY:
    case CDP__OBJECT: {
        cdp_str s; /* all of them begin with a pointer and a length */
        memcpy(&s, *src, sizeof s);
        if (field->is.kind == CDP__STR && absent && s.len == 0)
            return ABSENT;
        return s.ptr ? PRESENT : unset;
    }
    case CDP__LIST: {
        const list *l = *src;
        return l->items || l->n || (required && !absent) ? PRESENT : ABSENT;
    }
    case CDP__STRUCT: {
        const void *p;
        memcpy(&p, *src, sizeof p);
        if (!p)
            return unset;
        *src = p;
        const cdp__domain *d = domain_of(f->d, field->is);
        const cdp__extra *x = cdp__extra_in(&d->types[field->is.ref], p);
        return x && x->empty ? ABSENT : PRESENT;
    }
    }
    return ABSENT;
}

/* What most optional members are, told at a glance: their first eight bytes (which the struct's
 * last member makes readable) are zero.  Only a number may still have a value then. */
static inline bool unset(const cdp__field *field, const char *in)
{
    uint64_t first;

    memcpy(&first, in + field->offset, sizeof first);
    return first == 0 && field->is.kind != CDP__NUM && !(field->flags & CDP__REQUIRED);
}

static int write_member(cdp__writer *w, const frame *f, const cdp__field *field, unsigned i)
{
    const void *src = f->in + field->offset;
    presence is = present(f, field, i, &src);
    int rc = 0;

    if (is == MISSING) {
        rc = fail(w, "required member not set");
    } else if (is == PRESENT) {
        cdp__write_name(w, f->d->names + field->name, field->name_len);
        rc = write_item(w, f, field->is, field->offset, 0, src);
        cdp__write_next(w);
    } else if (f->extra && find_note(f->extra, CDP__NOTE_NULL, field->offset, 0)) {
        cdp__write_name(w, f->d->names + field->name, field->name_len);
        cdp__write_null(w);
        cdp__write_next(w);
    }
    if (rc < 0)
        cdp__fault_member(w->fault, f->d->names + field->name, field->name_len);
    return rc;
}

static int write_unknown_members(cdp__writer *w, const cdp__extra *x)
{
    for (const cdp__note *n = x->notes; n; n = n->next) {
        if (n->kind != CDP__NOTE_MEMBER)
            continue;
        int rc = cdp__write_str(w, n->text.ptr, n->text.len);
        if (w->wire == CDP_JSON)
            cdp__buf_byte(w->out, ':');
        if (rc == 0)
            rc = cdp__write_value(w, n->value);
        if (rc < 0) {
            cdp__fault_member(w->fault, n->text.ptr, n->text.len);
            return rc;
        }
        cdp__write_next(w);
    }
    return 0;
}

int cdp__encode(cdp__writer *w, const cdp__domain *d, const cdp__type *type, const void *in)
{
    frame f = { d, type, in, cdp__extra_in(type, in) };
    const cdp__field *field = d->fields + type->first;
    size_t begin = cdp__write_begin(w, '{');
    int rc = cdp__write_status(w);

    for (unsigned i = 0; rc == 0 && i < type->n; i++) {
        if (f.extra || !unset(field + i, in))
            rc = write_member(w, &f, field + i, i);
    }
    if (rc == 0 && f.extra)
        rc = write_unknown_members(w, f.extra);
    cdp__write_end(w, begin, '{');
    return rc < 0 ? rc : cdp__write_status(w);
}

/* Notes name a member by its offset, an item of a list by the list's offset and its index. */
cdp_str cdp__unknown(const void *msg, const cdp__extra *x, const void *member)
{
    const cdp_str none = { 0 };
    size_t offset = (size_t)((const char *)member - (const char *)msg);

    for (const cdp__note *n = x ? x->notes : NULL; n; n = n->next) {
        if (n->kind != CDP__NOTE_WORD && n->kind != CDP__NOTE_NUMBER)
            continue;
        if (n->item == 0 && n->offset == offset)
            return n->text;
        if (n->item > UINT32_MAX) /* in a list of lists */
            continue;
        list l;
        memcpy(&l, (const char *)msg + n->offset, sizeof l.items);
        if (l.items && (const char *)l.items + n->item * sizeof(int32_t) == member)
            return n->text;
    }
    return none;
}
