/* walk.c - see walk.h. */
#include "walk.h"

#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef CDP_LIST(char) list;

/* The struct being looked at, and the member. */
typedef struct place {
    const cdp__domain *d;
    const cdp__type *type;
    const char *s;
    const cdp__field *field;
    walk_counts *counts;
} place;

static void lost(const place *at, const char *what)
{
    const cdp__field *f = at->field;

    fail_msg("%.*s.%.*s of %.*s: %s", at->d->name_len, at->d->names + at->d->name,
             at->type->name_len, at->d->names + at->type->name, f ? f->name_len : 0,
             at->d->names + (f ? f->name : 0), what);
}

/* The same text; lone surrogates are three bytes in C. */
static bool same_text(const json_tree *json, cdp_str s)
{
    size_t at = 0;

    for (size_t i = 0; i < json->n; i++) {
        uint32_t c = json->units[i];
        char bytes[4];
        size_t n = 0;
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < json->n && json->units[i + 1] >= 0xdc00 &&
            json->units[i + 1] < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (json->units[++i] - 0xdc00u);
        if (c < 0x80) {
            bytes[n++] = (char)c;
        } else {
            const size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
            bytes[n++] = (char)(0xff00 >> (more + 1) | c >> 6 * more);
            for (size_t k = more; k-- > 0;)
                bytes[n++] = (char)(0x80 | (c >> 6 * k & 0x3f));
        }
        if (n > s.len - at || memcmp(s.ptr + at, bytes, n) != 0)
            return false;
        at += n;
    }
    return at == s.len && s.ptr[at] == 0;
}

static bool same_value(const json_tree *json, cdp_value v)
{
    cdp_str *text;

    if (cdp_value_text(v, &text) < 0)
        return false;
    json_tree *tree = json_tree_parse(text->ptr, text->len);
    bool same = tree && json_tree_equal(tree, json);
    json_tree_free(tree);
    cdp_free(text);
    return same;
}

/* What is remembered of a member or an item says what the JSON does. */
static bool told(const place *at, const void *src, const json_tree *json)
{
    cdp_str text = cdp__unknown(at->s, cdp__extra_in(at->type, at->s), src);

    if (!text.ptr)
        return false;
    return same_value(json, (cdp_value){ text.ptr, text.len, CDP_JSON });
}

/* The kind of JSON that a kind of member is. */
static bool fits(cdp__elem is, const json_tree *json)
{
    switch ((cdp__kind)is.kind) {
    case CDP__BOOL:
        return json->kind == 't' || json->kind == 'f';
    case CDP__INT:
    case CDP__NUM:
        return json->kind == '0';
    case CDP__STR:
    case CDP__BYTES:
    case CDP__ENUM:
        return json->kind == '"';
    case CDP__OBJECT:
    case CDP__STRUCT:
        return json->kind == '{';
    case CDP__LIST:
        return json->kind == '[';
    case CDP__ANY:
        return true;
    }
    return false;
}

static void check_int(const place *at, const void *src, const json_tree *json)
{
    int32_t v;

    memcpy(&v, src, sizeof v);
    if (v == json->number)
        return;
    at->counts->numbers++;
    if (!told(at, src, json))
        lost(at, "a number");
}

static void check_word(const place *at, cdp__elem is, const void *src, const json_tree *json)
{
    const cdp__domain *d = help_domain_of(at->d, is);
    const cdp__enum *e = &d->enums[is.ref];
    int32_t v;

    memcpy(&v, src, sizeof v);
    if (v > 0 && v <= e->n) {
        const cdp__word *w = &d->words[e->first + v - 1];
        char text[256]; /* with its NUL, as same_text() wants it */
        snprintf(text, sizeof text, "%.*s", w->len, d->names + w->text);
        if (!same_text(json, cdp_s(text)))
            lost(at, "a word");
        return;
    }
    at->counts->words++;
    cdp_str word = cdp__unknown(at->s, cdp__extra_in(at->type, at->s), src);
    if (v != -1 || !word.ptr || !same_text(json, word))
        lost(at, "an unknown word");
}

static void check_bytes(const place *at, const cdp_bytes *b, const json_tree *json)
{
    size_t n = json->n / 4 * 3;

    for (size_t i = json->n; i > 0 && json->units[i - 1] == '='; i--)
        n--;
    if (!b->ptr || b->len != n)
        lost(at, "binary");
}

static void check(const place *at, cdp__elem is, const char *src, const json_tree *json);

static void check_list(const place *at, cdp__elem of_list, const list *l, const json_tree *json)
{
    const cdp__elem is = at->d->lists[of_list.ref];

    if (l->n != json->n)
        lost(at, "items");
    for (size_t i = 0; i < l->n; i++)
        check(at, is, l->items + i * help_size_of(at->d, is), &json->children[i]);
}

/* A value, or an item of a list, at src. */
static void check(const place *at, cdp__elem is, const char *src, const json_tree *json)
{
    const cdp__domain *d = help_domain_of(at->d, is);
    double number;
    cdp_str text;
    cdp_value value;
    list l;

    if (!fits(is, json)) {
        at->counts->others++;
        if (!told(at, src, json))
            lost(at, "a value of another type");
        return;
    }
    switch ((cdp__kind)is.kind) {
    case CDP__BOOL:
        if (*(const bool *)src != (json->kind == 't'))
            lost(at, "a bool");
        break;
    case CDP__INT:
        check_int(at, src, json);
        break;
    case CDP__NUM:
        memcpy(&number, src, sizeof number);
        if (number != json->number)
            lost(at, "a number");
        break;
    case CDP__STR:
        memcpy(&text, src, sizeof text);
        if (!text.ptr || !same_text(json, text))
            lost(at, "a string");
        break;
    case CDP__ENUM:
        check_word(at, is, src, json);
        break;
    case CDP__BYTES:
        check_bytes(at, (const cdp_bytes *)(const void *)src, json);
        break;
    case CDP__ANY:
    case CDP__OBJECT:
        memcpy(&value, src, sizeof value);
        if (!same_value(json, value))
            lost(at, "a dynamic value");
        break;
    case CDP__STRUCT:
        walk(d, &d->types[is.ref], src, json, at->counts);
        break;
    case CDP__LIST:
        memcpy(&l, src, sizeof l);
        check_list(at, is, &l, json);
        break;
    }
}

static bool has(const cdp__field *f, const char *src)
{
    const void *p;

    if (f->flags & CDP__REQUIRED)
        return true;
    switch ((cdp__kind)f->is.kind) {
    case CDP__BOOL:
        return ((const cdp_opt_bool *)(const void *)src)->has;
    case CDP__INT:
        return ((const cdp_opt_int *)(const void *)src)->has;
    case CDP__NUM:
        return ((const cdp_opt_num *)(const void *)src)->has;
    case CDP__ENUM:
        return *(const int *)(const void *)src != 0;
    default:
        memcpy(&p, src, sizeof p);
        return p != NULL;
    }
}

static void check_member(const place *at, const json_tree *json)
{
    const char *src = at->s + at->field->offset;
    const cdp__elem is = at->field->is;
    const char *child;

    at->counts->known++;
    if (fits(is, json) && !has(at->field, src))
        lost(at, "the member");
    if (is.kind != CDP__STRUCT || !fits(is, json)) {
        check(at, is, src, json);
        return;
    }
    memcpy(&child, src, sizeof child);
    check(at, is, child, json);
}

static const cdp__field *field_of(const cdp__domain *d, const cdp__type *t, const json_tree *key)
{
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        char name[256];
        snprintf(name, sizeof name, "%.*s", f->name_len, d->names + f->name);
        if (same_text(key, cdp_s(name)))
            return f;
    }
    return NULL;
}

static void check_unknown(const place *at, const json_tree *key, const json_tree *json)
{
    const cdp__extra *x = cdp__extra_in(at->type, at->s);

    at->counts->members++;
    for (const cdp__note *n = x ? x->notes : NULL; n; n = n->next)
        if (n->kind == CDP__NOTE_MEMBER && same_text(key, n->text) && same_value(json, n->value))
            return;
    lost(at, "an unknown member");
}

/* The required members that are not among the fields seen. */
static void count_missing(const place *at, uint64_t seen)
{
    const cdp__extra *x = cdp__extra_in(at->type, at->s);
    const uint64_t missing = at->type->required & ~seen;

    if (missing && (!x || missing & ~x->absent))
        lost(at, "the lack of a required member");
    for (uint64_t left = missing; left; left &= left - 1)
        at->counts->missing++;
}

void walk(const cdp__domain *d, const cdp__type *t, const void *s, const json_tree *json,
          walk_counts *counts)
{
    place at = { d, t, s, NULL, counts };
    uint64_t seen = 0;

    if (json->kind != '{')
        lost(&at, "no object");
    for (size_t i = 0; i < json->n; i++) {
        at.field = field_of(d, t, &json->keys[i]);
        if (at.field) {
            seen |= (uint64_t)1 << (at.field - &d->fields[t->first]);
            check_member(&at, &json->children[i]);
        } else {
            check_unknown(&at, &json->keys[i], &json->children[i]);
        }
    }
    at.field = NULL;
    count_missing(&at, seen);
}
