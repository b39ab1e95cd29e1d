/*
 * object.c - see object.h.
 */
#include "object.h"

#include "term.h"

#include <cdp/value.h>

/* ---- previews ---------------------------------------------------------- */

static void put_property(FILE *to, const cdp_runtime_property_preview *p, bool name)
{
    bool quoted = p->type == CDP_RUNTIME_PROPERTY_PREVIEW_TYPE_STRING;

    if (name) {
        put(to, p->name);
        print(to, ": ");
    }
    if (quoted)
        print(to, "'");
    if (p->value.len || quoted)
        put(to, p->value);
    else
        print(to, p->type == CDP_RUNTIME_PROPERTY_PREVIEW_TYPE_FUNCTION ? "function" : "{...}");
    if (quoted)
        print(to, "'");
}

static void put_entry(FILE *to, const cdp_runtime_entry_preview *e)
{
    if (e->key) {
        put(to, e->key->description);
        print(to, " => ");
    }
    put(to, e->value->description);
}

/* "{a: 1, b: 'x', ...}" */
static void put_preview(FILE *to, const cdp_runtime_object_preview *p)
{
    bool array = p->subtype == CDP_RUNTIME_OBJECT_PREVIEW_SUBTYPE_ARRAY ||
                 p->subtype == CDP_RUNTIME_OBJECT_PREVIEW_SUBTYPE_TYPEDARRAY;
    const char *between = "";

    if (!cdp_str_eq(p->description, cdp_s("Object"))) {
        put(to, p->description);
        print(to, " ");
    }
    print(to, array ? "[" : "{");
    /* The only property of what has entries is their number. */
    for (size_t i = 0; !p->entries.n && i < p->properties.n; i++, between = ", ") {
        print(to, "%s", between);
        put_property(to, &p->properties.items[i], !array);
    }
    for (size_t i = 0; i < p->entries.n; i++, between = ", ") {
        print(to, "%s", between);
        put_entry(to, &p->entries.items[i]);
    }
    print(to, "%s%s", p->overflow ? between : "", p->overflow ? "..." : "");
    print(to, array ? "]" : "}");
}

/* Is the preview more than the description tells? */
static bool wants_preview(const cdp_runtime_remote_object *o)
{
    return o->preview && o->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT &&
           o->subtype != CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_ERROR &&
           o->subtype != CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_REGEXP &&
           o->subtype != CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_DATE &&
           o->subtype != CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_NODE;
}

/* ---- values ------------------------------------------------------------ */

void put_object(FILE *to, const void *message, const cdp_runtime_remote_object *o)
{
    CDP_AUTO cdp_str *text = NULL;
    cdp_str string = cdp_value_str(message, o->value);

    if (string.ptr)
        put(to, string);
    else if (wants_preview(o))
        put_preview(to, o->preview);
    else if (o->unserializable_value.len)
        put(to, o->unserializable_value);
    else if (o->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_UNDEFINED)
        print(to, "undefined");
    else if (o->description.len)
        put(to, o->description);
    else if (o->value.ptr && cdp_value_text(o->value, &text) == 0)
        put(to, *text);
}

void put_exception(FILE *to, const void *message, const cdp_runtime_exception_details *e)
{
    put(to, e->text);
    if (e->exception) {
        print(to, " ");
        put_object(to, message, e->exception);
    }
    if (e->exception && e->exception->subtype == CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_ERROR)
        return; /* its description has the stack */
    if (e->url.len)
        print(to, "\n    at %s:%ld:%ld", e->url.ptr, (long)e->line_number + 1,
              (long)e->column_number + 1);
}
