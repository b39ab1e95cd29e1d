/*
 * describe.c - see describe.h.
 */
#include "describe.h"

#include "term.h"

#define STR(s) (int)(s).len, (s).ptr

static cdp_str type_name(const cdp__domain *d, unsigned i)
{
    return lookup_str(d, d->types[i].name, d->types[i].name_len);
}

static cdp_str enum_name(const cdp__domain *d, unsigned i)
{
    return lookup_str(d, d->enums[i].name, d->enums[i].name_len);
}

static cdp_str word(const cdp__domain *d, const cdp__enum *e, unsigned i)
{
    const cdp__word *w = &d->words[e->first + i];

    return lookup_str(d, w->text, w->len);
}

static cdp_str field_name(const cdp__domain *d, const cdp__field *f)
{
    return lookup_str(d, f->name, f->name_len);
}

/* ---- as text ----------------------------------------------------------- */

static void put_flags(unsigned flags)
{
    if (!(flags & (CDP__EXPERIMENTAL | CDP__IS_DEPRECATED)))
        return;
    paint(stdout, DIM);
    if (flags & CDP__EXPERIMENTAL)
        print(stdout, "  experimental");
    if (flags & CDP__IS_DEPRECATED)
        print(stdout, "  deprecated");
    paint(stdout, PLAIN);
}

static void put_heading(const char *text)
{
    paint(stdout, BOLD);
    print(stdout, "\n%s", text);
    paint(stdout, PLAIN);
    print(stdout, "\n");
}

static void put_words(const cdp__domain *d, const cdp__enum *e, const char *between)
{
    for (unsigned i = 0; i < e->n; i++)
        print(stdout, "%s%.*s", i ? between : "", STR(word(d, e, i)));
}

static void put_shape(const cdp__domain *d, cdp__elem is)
{
    for (; is.kind == CDP__LIST; is = d->lists[is.ref])
        print(stdout, "array of ");
    const cdp__domain *o = lookup_owner(d, is);
    cdp_str domain = lookup_str(o, o->name, o->name_len);
    if (is.kind == CDP__STRUCT)
        print(stdout, "%.*s.%.*s", STR(domain), STR(type_name(o, is.ref)));
    else if (is.kind != CDP__ENUM)
        print(stdout, "%s", lookup_scalar(is));
    else if (lookup_is_inline(o, &o->enums[is.ref]))
        put_words(o, &o->enums[is.ref], " | ");
    else
        print(stdout, "%.*s.%.*s", STR(domain), STR(enum_name(o, is.ref)));
}

static void put_members(const char *heading, const cdp__domain *d, unsigned type)
{
    const cdp__type *t = type == CDP__NONE ? NULL : &d->types[type];
    unsigned width = 0;

    if (!t || !t->n)
        return;
    put_heading(heading);
    for (unsigned i = 0; i < t->n; i++)
        if (d->fields[t->first + i].name_len > width)
            width = d->fields[t->first + i].name_len;
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        print(stdout, "  %-*.*s  ", (int)width, STR(field_name(d, f)));
        put_shape(d, f->is);
        if (!(f->flags & CDP__REQUIRED)) {
            paint(stdout, DIM);
            print(stdout, "  optional");
            paint(stdout, PLAIN);
        }
        put_flags(f->flags);
        print(stdout, "\n");
    }
}

void describe_line(item it, int width)
{
    char text[ITEM_NAME];

    print(stdout, "%-*.*s  ", width, STR(item_name(it, text)));
    paint(stdout, DIM);
    print(stdout, "%s", item_word(it));
    paint(stdout, PLAIN);
    put_flags(item_flags(it));
    print(stdout, "\n");
}

/* What a domain has of a kind. */
static void put_items(const char *heading, item domain, item_kind kind)
{
    char text[ITEM_NAME];
    bool any = false;

    for (item it = domain; it.d == domain.d; it = lookup_next(it)) {
        if (it.kind != kind && !(kind == ITEM_TYPE && it.kind == ITEM_ENUM))
            continue;
        if (!any)
            put_heading(heading);
        any = true;
        print(stdout, "  %.*s", STR(item_name(it, text)));
        put_flags(item_flags(it));
        print(stdout, "\n");
    }
}

void describe_text(item it)
{
    const cdp__domain *d = it.d;
    char text[ITEM_NAME];

    paint(stdout, BOLD);
    print(stdout, "%.*s", STR(item_name(it, text)));
    paint(stdout, PLAIN);
    print(stdout, "  %s", item_word(it));
    put_flags(item_flags(it));
    print(stdout, "\n");
    switch (it.kind) {
    case ITEM_DOMAIN:
        put_items("commands", it, ITEM_COMMAND);
        put_items("events", it, ITEM_EVENT);
        put_items("types", it, ITEM_TYPE);
        break;
    case ITEM_COMMAND:
        put_members("parameters", d, d->commands[it.i].params);
        put_members("result", d, d->commands[it.i].result);
        break;
    case ITEM_EVENT:
        put_members("parameters", d, d->events[it.i].params);
        break;
    case ITEM_TYPE:
        put_members("members", d, it.i);
        break;
    case ITEM_ENUM:
        put_heading("words");
        print(stdout, "  ");
        put_words(d, &d->enums[it.i], "\n  ");
        print(stdout, "\n");
        break;
    }
}

/* ---- as JSON ----------------------------------------------------------- */

static void write_words(json_out *j, const cdp__domain *d, const cdp__enum *e)
{
    json_text_member(j, "type", cdp_s("string"));
    json_key(j, "enum");
    json_open(j, '[');
    for (unsigned i = 0; i < e->n; i++)
        json_text(j, word(d, e, i));
    json_close(j, ']');
}

static void write_reference(json_out *j, const cdp__domain *d, cdp_str name)
{
    char text[2 * ITEM_NAME];
    int n = snprintf(text, sizeof text, "%.*s.%.*s", d->name_len, d->names + d->name, STR(name));

    json_text_member(j, "$ref", cdp_sn(text, (size_t)n));
}

/* The members that say what a value is. */
static void write_shape(json_out *j, const cdp__domain *d, cdp__elem is)
{
    const cdp__domain *o = lookup_owner(d, is);
    int lists = 0;

    for (; is.kind == CDP__LIST; is = d->lists[is.ref], o = lookup_owner(d, is), lists++) {
        json_text_member(j, "type", cdp_s("array"));
        json_key(j, "items");
        json_open(j, '{');
    }
    if (is.kind == CDP__STRUCT)
        write_reference(j, o, type_name(o, is.ref));
    else if (is.kind != CDP__ENUM)
        json_text_member(j, "type", cdp_s(lookup_scalar(is)));
    else if (lookup_is_inline(o, &o->enums[is.ref]))
        write_words(j, o, &o->enums[is.ref]);
    else
        write_reference(j, o, enum_name(o, is.ref));
    while (lists--)
        json_close(j, '}');
}

static void write_flags(json_out *j, unsigned flags)
{
    json_true_member(j, "experimental", flags & CDP__EXPERIMENTAL);
    json_true_member(j, "deprecated", flags & CDP__IS_DEPRECATED);
}

static void write_members(json_out *j, const char *key, const cdp__domain *d, unsigned type)
{
    const cdp__type *t = type == CDP__NONE ? NULL : &d->types[type];

    if (!t)
        return;
    json_key(j, key);
    json_open(j, '[');
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        json_open(j, '{');
        json_text_member(j, "name", field_name(d, f));
        json_true_member(j, "optional", !(f->flags & CDP__REQUIRED));
        write_flags(j, f->flags);
        write_shape(j, d, f->is);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_items(json_out *j, const char *key, item domain, item_kind kind)
{
    json_key(j, key);
    json_open(j, '[');
    for (item it = lookup_next(domain); it.d == domain.d; it = lookup_next(it))
        if (it.kind == kind || (kind == ITEM_TYPE && it.kind == ITEM_ENUM))
            describe_json(j, it);
    json_close(j, ']');
}

void describe_json(json_out *j, item it)
{
    const cdp__domain *d = it.d;
    char text[ITEM_NAME];

    json_open(j, '{');
    json_text_member(j, it.kind == ITEM_DOMAIN ? "domain" : "name", item_name(it, text));
    json_text_member(j, "kind", cdp_s(item_word(it)));
    write_flags(j, item_flags(it));
    switch (it.kind) {
    case ITEM_DOMAIN:
        write_items(j, "types", it, ITEM_TYPE);
        write_items(j, "commands", it, ITEM_COMMAND);
        write_items(j, "events", it, ITEM_EVENT);
        break;
    case ITEM_COMMAND:
        write_members(j, "parameters", d, d->commands[it.i].params);
        write_members(j, "returns", d, d->commands[it.i].result);
        break;
    case ITEM_EVENT:
        write_members(j, "parameters", d, d->events[it.i].params);
        break;
    case ITEM_TYPE:
        json_text_member(j, "type", cdp_s("object"));
        write_members(j, "properties", d, it.i);
        break;
    case ITEM_ENUM:
        write_words(j, d, &d->enums[it.i]);
        break;
    }
    json_close(j, '}');
}
