/*
 * encode.c - structs to bytes: one walk over the tables for both encodings.
 *
 * As in decode.c the walk is written once, with the encoding as a constant, and passes the
 * position along; see write.h for its steps.  Members are written in the protocol's order,
 * those not known to the tables last.  A member that was missing when its struct was decoded,
 * and was not set since, stays missing.
 */
#include "read.h"
#include "write.h"

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

static char *encode_json(cdp__writer *w, char *q, const cdp__domain *d, const cdp__type *type,
                         const char *in);
static char *encode_cbor(cdp__writer *w, char *q, const cdp__domain *d, const cdp__type *type,
                         const char *in);

static const cdp__domain *domain_of(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

static inline int32_t int_at(const char *src) /* or an enum */
{
    int32_t v;

    memcpy(&v, src, sizeof v);
    return v;
}

static inline double num_at(const char *src)
{
    double v;

    memcpy(&v, src, sizeof v);
    return v;
}

static inline const void *pointer_at(const char *src)
{
    const void *p;

    memcpy(&p, src, sizeof p);
    return p;
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

/* What was received in place of v, or NULL where that was v, or v was set since. */
static const cdp__note *odd_number(const frame *f, unsigned offset, uint64_t item, int32_t v)
{
    const cdp__note *n = find_note(f->extra, CDP__NOTE_NUMBER, offset, item);

    return n && reads_as(n, v) ? n : NULL;
}

static cdp_value json_of(const cdp__note *n)
{
    return (cdp_value){ n->text.ptr, n->text.len, CDP_JSON };
}

static char *put_value(cdp__writer *w, char *q, cdp_value v)
{
    cdp__write_leave(w, q);
    return cdp__write_value(w, v) < 0 ? NULL : cdp__write_enter(w, 0);
}

INLINE char *put_number(cdp__writer *w, char *q, const frame *f, unsigned offset, uint64_t item,
                        int32_t v, const cdp_wire wire)
{
    const cdp__note *n = CDP__RARE(f->extra) ? odd_number(f, offset, item, v) : NULL;

    if (n)
        return put_value(w, q, json_of(n));
    return PUT(int, q, v);
}

INLINE char *put_enum(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                      uint64_t item, int32_t v, const cdp_wire wire)
{
    const cdp__domain *d = domain_of(f->d, is);
    const cdp__enum *e = &d->enums[is.ref];

    if (CDP__LIKELY(v > 0 && v <= e->n)) {
        const cdp__word *word = &d->words[e->first + v - 1];
        return PUT(word, w, q, d->names + word->text, word->len);
    }
    const cdp__note *n = find_note(f->extra, CDP__NOTE_WORD, offset, item);
    if (v == -1 && n)
        return PUT(str, w, q, n->text.ptr, n->text.len);
    return cdp__write_fail(w, CDP_EINVAL,
                           v == 0 ? "required member not set" : "no such enumerator");
}

static char *put_json_list(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                           uint64_t outer, const list *l);
static char *put_cbor_list(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                           uint64_t outer, const list *l);

/* One item of a list. */
INLINE char *put_item(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                      uint64_t item, const char *src, const cdp_wire wire)
{
    switch ((cdp__kind)is.kind) {
    case CDP__STR:
        return PUT(str, w, q, ((const cdp_str *)src)->ptr, ((const cdp_str *)src)->len);
    case CDP__INT:
        return put_number(w, q, f, offset, item, int_at(src), wire);
    case CDP__NUM:
        return PUT(num, q, num_at(src));
    case CDP__BOOL:
        return PUT(bool, q, *(const bool *)src);
    case CDP__ENUM:
        return put_enum(w, q, f, is, offset, item, int_at(src), wire);
    case CDP__BYTES:
        return PUT(bytes, w, q, ((const cdp_bytes *)src)->ptr, ((const cdp_bytes *)src)->len);
    case CDP__ANY:
    case CDP__OBJECT:
        return put_value(w, q, *(const cdp_value *)src);
    case CDP__STRUCT: {
        const cdp__domain *d = domain_of(f->d, is);
        return wire == CDP_JSON ? encode_json(w, q, d, &d->types[is.ref], src)
                                : encode_cbor(w, q, d, &d->types[is.ref], src);
    }
    case CDP__LIST:
        return wire == CDP_JSON ? put_json_list(w, q, f, is, offset, item, (const list *)src)
                                : put_cbor_list(w, q, f, is, offset, item, (const list *)src);
    }
    return cdp__write_fail(w, CDP_EINVAL, "tables are damaged");
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

/* Reads as what stands in for an item of another type. */
static bool is_nothing(const cdp__domain *d, cdp__elem is, const char *src)
{
    switch ((cdp__kind)is.kind) {
    case CDP__BOOL:
        return !*(const bool *)src;
    case CDP__INT:
    case CDP__ENUM:
        return int_at(src) == 0;
    case CDP__NUM:
        return num_at(src) == 0;
    case CDP__STR:
        return ((const cdp_str *)src)->len == 0;
    case CDP__STRUCT: {
        const cdp__extra *x = cdp__extra_in(&domain_of(d, is)->types[is.ref], src);
        return x && x->empty;
    }
    default:
        return !pointer_at(src);
    }
}

/* What was received in place of an item, or NULL. */
static const cdp__note *other_item(const frame *f, cdp__elem is, unsigned offset, uint64_t item,
                                   const char *src)
{
    if (!is_nothing(f->d, is, src))
        return NULL;
    return find_note(f->extra, CDP__NOTE_OTHER, offset,
                     is.kind == CDP__LIST ? item | CDP__INNER : item);
}

INLINE char *put_items(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                       uint64_t outer, const list *l, const cdp_wire wire)
{
    const size_t size = stride(f->d, is), end = l->n;
    const bool remembers = f->extra;
    const char *src = l->items;

    for (size_t i = 0; i < end; i++, src += size) {
        const uint64_t item = outer << 32 | i;
        const cdp__note *n = CDP__RARE(remembers) ? other_item(f, is, offset, item, src) : NULL;
        q = CDP__RARE(n) ? put_value(w, q, json_of(n))
                         : put_item(w, q, f, is, offset, item, src, wire);
        if (CDP__LIKELY(q))
            q = cdp__room(w, PUT(next, q), 0);
        if (CDP__RARE(!q)) {
            cdp__fault_item(w->fault, i);
            return NULL;
        }
    }
    return q;
}

INLINE char *put_list(cdp__writer *w, char *q, const frame *f, cdp__elem of, unsigned offset,
                      uint64_t outer, const list *l, const cdp_wire wire)
{
    cdp__elem is = f->d->lists[of.ref];
    const size_t begin = (size_t)(q - w->out->ptr);

    if (++w->depth > w->max_depth)
        return cdp__write_fail(w, CDP_ETOOBIG, "nested too deeply");
    if (l->n && !l->items)
        return cdp__write_fail(w, CDP_EINVAL, "list has a length but no items");
    q = PUT(begin, w, q, '[');
    if (is.kind == CDP__INT) {
        is.kind = CDP__INT; /* known: the longest lists get a loop of their own */
        q = put_items(w, q, f, is, offset, outer, l, wire);
    } else {
        q = put_items(w, q, f, is, offset, outer, l, wire);
    }
    w->depth--;
    return q ? PUT(end, w, q, begin, '[') : NULL;
}

/* Out of line: their code is long, and lists of lists come back here. */
static char *put_json_list(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                           uint64_t outer, const list *l)
{
    return put_list(w, q, f, is, offset, outer, l, CDP_JSON);
}

static char *put_cbor_list(cdp__writer *w, char *q, const frame *f, cdp__elem is, unsigned offset,
                           uint64_t outer, const list *l)
{
    return put_list(w, q, f, is, offset, outer, l, CDP_CBOR);
}

/* Required, but not there when this was decoded. */
static inline bool was_absent(const frame *f, const cdp__field *field)
{
    unsigned i = (unsigned)(field - (f->d->fields + f->type->first));

    return f->extra && f->extra->absent >> i & 1;
}

/* A member that is not there, unless a value of another type was. */
static char *put_other(cdp__writer *w, char *q, const frame *f, const cdp__field *field)
{
    const cdp__note *n = find_note(f->extra, CDP__NOTE_OTHER, field->offset, 0);
    const cdp_wire wire = w->wire;

    if (!n || n->size) /* that is about an item of what was there */
        return q;
    q = put_value(w, PUT(name, q, f->d->names + field->name, field->name_len), json_of(n));
    return q ? PUT(next, q) : NULL;
}

INLINE char *put_absent(cdp__writer *w, char *q, const frame *f, const cdp__field *field)
{
    if (CDP__RARE(field->flags & CDP__REQUIRED && !was_absent(f, field)))
        return cdp__write_fail(w, CDP_EINVAL, "required member not set");
    return CDP__LIKELY(!f->extra) ? q : put_other(w, q, f, field);
}

/* The name is written before it is known whether the member is there; where it is not, writing
 * goes on at q. */
INLINE char *put_member(cdp__writer *w, char *q, const frame *f, const cdp__field *field,
                        const cdp_wire wire)
{
    const char *const src = f->in + field->offset;
    const cdp__elem is = field->is;
    const bool required = field->flags & CDP__REQUIRED;
    char *at;

    if (CDP__RARE(!(q = cdp__room(w, q, field->name_len + CDP__NAME))))
        return NULL;
    at = PUT(name, q, f->d->names + field->name, field->name_len);
    switch ((cdp__kind)is.kind) {
    case CDP__BOOL: {
        bool v = *(const bool *)src;
        if (required ? !v && was_absent(f, field) : !((const cdp_opt_bool *)src)->has)
            return put_absent(w, q, f, field);
        at = PUT(bool, at, v);
        break;
    }
    case CDP__INT: {
        int32_t v = int_at(src);
        if (required ? v == 0 && was_absent(f, field) : !((const cdp_opt_int *)src)->has)
            return put_absent(w, q, f, field);
        at = put_number(w, at, f, field->offset, 0, v, wire);
        break;
    }
    case CDP__NUM: {
        double v = num_at(src);
        if (required ? v == 0 && !signbit(v) && was_absent(f, field)
                     : !((const cdp_opt_num *)src)->has)
            return put_absent(w, q, f, field);
        at = PUT(num, at, v);
        break;
    }
    case CDP__ENUM: {
        int32_t v = int_at(src);
        if (v == 0)
            return put_absent(w, q, f, field);
        at = put_enum(w, at, f, is, field->offset, 0, v, wire);
        break;
    }
    case CDP__STR: {
        const cdp_str *s = (const cdp_str *)src;
        if (!s->ptr || (s->len == 0 && was_absent(f, field)))
            return put_absent(w, q, f, field);
        at = PUT(str, w, at, s->ptr, s->len);
        break;
    }
    case CDP__BYTES:
    case CDP__ANY:
    case CDP__OBJECT:
        if (!pointer_at(src)) /* all of them begin with one */
            return put_absent(w, q, f, field);
        at = put_item(w, at, f, is, field->offset, 0, src, wire);
        break;
    case CDP__LIST: {
        const list *l = (const list *)src;
        if (!l->items && !l->n && (!required || was_absent(f, field)))
            return put_absent(w, q, f, field);
        at = put_item(w, at, f, is, field->offset, 0, src, wire);
        break;
    }
    case CDP__STRUCT: {
        const char *child = pointer_at(src);
        if (!child)
            return put_absent(w, q, f, field);
        const cdp__domain *d = domain_of(f->d, is);
        const cdp__extra *x = cdp__extra_in(&d->types[is.ref], child);
        if (CDP__RARE(x) && x->empty)
            return put_other(w, q, f, field);
        at = put_item(w, at, f, is, field->offset, 0, child, wire);
        break;
    }
    default:
        return cdp__write_fail(w, CDP_EINVAL, "tables are damaged");
    }
    return CDP__LIKELY(at) ? PUT(next, at) : NULL;
}

/* What most optional members are, told at a glance: their first eight bytes (which the struct's
 * last member makes readable) are zero.  Only a number may still have a value then. */
static inline bool unset(const cdp__field *field, const char *in)
{
    uint64_t first;

    memcpy(&first, in + field->offset, sizeof first);
    return first == 0 && field->is.kind != CDP__NUM && !(field->flags & CDP__REQUIRED);
}

static char *put_unknown_members(cdp__writer *w, char *q, const cdp__extra *x)
{
    cdp__write_leave(w, q);
    for (const cdp__note *n = x->notes; n; n = n->next) {
        if (n->kind != CDP__NOTE_MEMBER)
            continue;
        cdp__write_key(w, n->text.ptr, n->text.len);
        if (cdp__write_status(w) < 0 || cdp__write_value(w, n->value) < 0) {
            cdp__fault_member(w->fault, n->text.ptr, n->text.len);
            return NULL;
        }
        cdp__write_next(w);
    }
    return cdp__write_enter(w, 0);
}

INLINE char *put_struct(cdp__writer *w, char *q, const cdp__domain *d, const cdp__type *type,
                        const char *in, const cdp_wire wire)
{
    const frame f = { d, type, in, cdp__extra_in(type, in) };
    const cdp__field *field = d->fields + type->first, *const end = field + type->n;
    const size_t begin = (size_t)(q - w->out->ptr);

    if (++w->depth > w->max_depth)
        return cdp__write_fail(w, CDP_ETOOBIG, "nested too deeply");
    q = PUT(begin, w, q, '{');
    for (; field < end; field++) {
        if (CDP__LIKELY(!f.extra) && unset(field, in))
            continue;
        q = put_member(w, q, &f, field, wire);
        if (CDP__RARE(!q)) {
            cdp__fault_member(w->fault, d->names + field->name, field->name_len);
            return NULL;
        }
    }
    if (CDP__RARE(f.extra))
        q = put_unknown_members(w, q, f.extra);
    w->depth--;
    return q ? PUT(end, w, q, begin, '{') : NULL;
}

static char *encode_json(cdp__writer *w, char *q, const cdp__domain *d, const cdp__type *type,
                         const char *in)
{
    return put_struct(w, q, d, type, in, CDP_JSON);
}

static char *encode_cbor(cdp__writer *w, char *q, const cdp__domain *d, const cdp__type *type,
                         const char *in)
{
    return put_struct(w, q, d, type, in, CDP_CBOR);
}

int cdp__encode(cdp__writer *w, const cdp__domain *d, const cdp__type *type, const void *in)
{
    char *q = cdp__write_enter(w, 0);

    if (q)
        q = w->wire == CDP_JSON ? encode_json(w, q, d, type, in) : encode_cbor(w, q, d, type, in);
    cdp__write_leave(w, q);
    return q ? 0 : w->fault->status;
}

/* Notes name a member by its offset, an item of a list by the list's offset and its index. */
cdp_str cdp__unknown(const void *msg, const cdp__extra *x, const void *member)
{
    const cdp_str none = { 0 };
    size_t offset = (size_t)((const char *)member - (const char *)msg);

    for (const cdp__note *n = x ? x->notes : NULL; n; n = n->next) {
        if (n->kind == CDP__NOTE_MEMBER || n->item > UINT32_MAX) /* in a list of lists */
            continue;
        if (n->size == 0) {
            if (n->offset == offset)
                return n->text;
            continue;
        }
        list l;
        memcpy(&l, (const char *)msg + n->offset, sizeof l.items);
        if (l.items && (const char *)l.items + n->item * n->size == member)
            return n->text;
    }
    return none;
}
