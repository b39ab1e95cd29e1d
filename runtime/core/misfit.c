/* misfit.c - see misfit.h. */
#include "misfit.h"

/* ---- notes ------------------------------------------------------------- */

static cdp__extra *extra(cdp__reader *r, const char *p, cdp__frame *f)
{
    if (!f->extra && (f->extra = cdp__read_alloc(r, p, sizeof *f->extra))) {
        const cdp__extra *x = f->extra;
        memcpy(f->out + f->type->size - sizeof x, &x, sizeof x);
    }
    return f->extra;
}

char *cdp__note_here(cdp__reader *r, char *p, cdp__frame *f, cdp__note_kind kind, cdp__where at,
                     cdp_str text, cdp_value value)
{
    cdp__extra *x = p ? extra(r, p, f) : NULL;
    cdp__note *n = x ? cdp__read_alloc(r, p, sizeof *n) : NULL;

    if (!n)
        return NULL;
    n->kind = kind;
    n->offset = at.offset;
    n->size = at.size;
    n->item = at.item;
    n->value = value;
    if (text.ptr) {
        n->text = cdp__msg_text(r->msg, text.ptr, text.len);
        if (!n->text.ptr)
            return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
    }
    if (x->last)
        x->last->next = n;
    else
        x->notes = n;
    x->last = n;
    return p;
}

void cdp__forget(cdp__frame *f, const cdp__field *field)
{
    cdp__extra *x = f->extra;

    if (!x)
        return;
    x->absent &= ~((uint64_t)1 << (field - (f->d->fields + f->type->first)));
    x->last = NULL;
    for (cdp__note **at = &x->notes, *n; (n = *at);) {
        if (n->kind != CDP__NOTE_MEMBER && n->offset == field->offset) {
            *at = n->next;
        } else {
            x->last = n;
            at = &n->next;
        }
    }
}

/* ---- sizes ------------------------------------------------------------- */

size_t cdp__item_size(const cdp__domain *d, cdp__elem is)
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
        return cdp__domain_of(d, is)->types[is.ref].size;
    case CDP__LIST:
        return sizeof(CDP_LIST(char));
    }
    return 0;
}

static size_t member_size(const cdp__domain *d, const cdp__field *f)
{
    if (f->is.kind == CDP__STRUCT)
        return sizeof(void *);
    if (f->flags & CDP__REQUIRED)
        return cdp__item_size(d, f->is);
    switch (f->is.kind) {
    case CDP__BOOL:
        return sizeof(cdp_opt_bool);
    case CDP__INT:
        return sizeof(cdp_opt_int);
    case CDP__NUM:
        return sizeof(cdp_opt_num);
    default:
        return cdp__item_size(d, f->is);
    }
}

/* ---- what is missing --------------------------------------------------- */

/* A zeroed struct stands in for one that was not sent. */
static char *make_empty(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type,
                        void *out)
{
    cdp__frame f = { d, type, out, NULL };
    cdp__extra *x = extra(r, p, &f);

    if (!x)
        return NULL;
    x->empty = true;
    return cdp__fill_missing(r, p, &f, type->required);
}

char *cdp__fill_missing(cdp__reader *r, char *p, cdp__frame *f, uint64_t missing)
{
    cdp__extra *x = extra(r, p, f);

    if (!x)
        return NULL;
    x->absent |= missing;
    for (unsigned i = 0; i < f->type->n; i++) {
        const cdp__field *field = f->d->fields + f->type->first + i;
        if (!(missing >> i & 1))
            continue;
        if (r->rigour == CDP__STRICT) {
            cdp__read_fail(r, p, "required member missing");
            cdp__fault_member(r->fault, f->d->names + field->name, field->name_len);
            return NULL;
        }
        char *dst = f->out + field->offset;
        if (field->is.kind == CDP__STR) {
            cdp_str empty = { "", 0 };
            memcpy(dst, &empty, sizeof empty);
        } else if (field->is.kind == CDP__STRUCT) {
            /* so that no required pointer is NULL */
            const cdp__domain *d = cdp__domain_of(f->d, field->is);
            const cdp__type *type = &d->types[field->is.ref];
            void *s = cdp__read_alloc(r, p, type->size);
            if (!s || !make_empty(r, p, d, type, s))
                return NULL;
            memcpy(dst, &s, sizeof s);
        }
    }
    return p;
}

/* ---- what is of another type -------------------------------------------- */

char *cdp__leave_out(cdp__reader *r, char *p, cdp__frame *f, const cdp__field *field)
{
    memset(f->out + field->offset, 0, member_size(f->d, field));
    if (!(field->flags & CDP__REQUIRED))
        return p;
    return cdp__fill_missing(r, p, f, (uint64_t)1 << (field - (f->d->fields + f->type->first)));
}

static char *note_json(cdp__reader *r, char *p, cdp__frame *f, cdp__where at, cdp_value v)
{
    cdp__buf json = { .allocator = cdp__pool_allocator(r->msg->pool) };
    cdp__writer w = { &json, CDP_JSON, false, 0, CDP__DEPTH_MAX, r->fault };

    if (cdp__write_value(&w, v) < 0)
        p = NULL;
    else
        p = cdp__note_here(r, p, f, CDP__NOTE_OTHER, at, cdp_sn(json.ptr, json.len),
                           (cdp_value){ 0 });
    cdp__buf_free(&json);
    return p;
}

/* A value's type shows in its first byte: where reading failed at that, nothing behind it has been
 * changed, and it can be read again as what it is. */
static char *keep_other(cdp__reader *r, char *p, cdp__frame *f, cdp__where at)
{
    const cdp__fault fault = *r->fault;
    cdp_value v = { 0 };

    if (r->rigour != CDP__KEEPING || fault.status != CDP_EDECODE ||
        fault.at != (size_t)(p - r->begin))
        return NULL;
    cdp__fault_clear(r->fault);
    char *end = cdp__skip(r, p, &v);
    end = end ? note_json(r, end, f, at, v) : NULL;
    if (!end && r->fault->status != CDP_ENOMEM)
        *r->fault = fault;
    return end;
}

char *cdp__keep_member(cdp__reader *r, char *p, cdp__frame *f, const cdp__field *field)
{
    p = keep_other(r, p, f, (cdp__where){ field->offset, 0, 0 });
    return p ? cdp__leave_out(r, p, f, field) : NULL;
}

char *cdp__keep_item(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *item,
                     cdp__where at)
{
    const cdp__domain *d = cdp__domain_of(f->d, is);
    const size_t size = cdp__item_size(f->d, is);

    if (is.kind == CDP__LIST)
        at.item |= CDP__INNER;
    p = keep_other(r, p, f, at);
    if (!p)
        return NULL;
    memset(item, 0, size);
    if (is.kind == CDP__STR)
        ((cdp_str *)item)->ptr = "";
    return is.kind == CDP__STRUCT ? make_empty(r, p, d, &d->types[is.ref], item) : p;
}
