/*
 * protocol.c - see protocol.h.
 *
 * First everything that is served is marked, with the types it leads to, then what is marked is
 * written.  A type counts where a served command or event needs it, directly or through others.
 */
#include "protocol.h"
#include "session.h"

#include <cdp/v8.h>

#include <cdp/schema.h>

/* A domain of the document. */
typedef struct section {
    const cdp__domain *d;
    bool *marks; /* commands, events, types and enums, in this order */
} section;

typedef struct document {
    section *sections;
    size_t n, cap;
    bool failed; /* no memory */
    cdp__writer w;
} document;

static bool *commands_of(const section *s)
{
    return s->marks;
}

static bool *events_of(const section *s)
{
    return s->marks + s->d->n_commands;
}

static bool *types_of(const section *s)
{
    return s->marks + s->d->n_commands + s->d->n_events;
}

static bool *enums_of(const section *s)
{
    return s->marks + s->d->n_commands + s->d->n_events + s->d->n_types;
}

static size_t marks_size(const cdp__domain *d)
{
    return ((size_t)d->n_commands + d->n_events + d->n_types + d->n_enums) * sizeof(bool);
}

static const cdp__domain *owner(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

/* "captureScreenshot.format": an enum without a name of its own stands where it is used. */
static bool is_inline(const cdp__domain *d, const cdp__enum *e)
{
    return memchr(d->names + e->name, '.', e->name_len);
}

/* ---- what is served ---------------------------------------------------- */

/* data: a cdp__service, which tells by being asked with nothing to do. */
static bool has_handler(const void *data, const cdp__domain *d, unsigned command)
{
    const cdp__service *v = data;

    (void)d;
    return v->dispatch(command, NULL, NULL, v->impl, v->self) == 0;
}

/* Those of a service may be listed. */
static bool may_emit(const void *data, const cdp__domain *d, unsigned event)
{
    const cdp_v8_service *service = ((const cdp__service *)data)->owner;
    const char *const *e = service ? service->events : NULL;

    if (!e)
        return true;
    while (*e && !cdp_str_eq(cdp_s(*e), cdp__event_name(d, event)))
        e++;
    return *e != NULL;
}

size_t cdp__protocol_served_by(cdp__served *out, size_t room, const cdp_session *front)
{
    size_t n = 0;

    for (const cdp__service *v = front->services; v; v = v->next, n++)
        if (n < room)
            out[n] = (cdp__served){ v->d, has_handler, may_emit, v };
    return n;
}

static bool serves_command(const cdp__served *v, unsigned i)
{
    return !v->command || v->command(v->data, v->domain, i);
}

static bool serves_event(const cdp__served *v, unsigned i)
{
    return !v->event || v->event(v->data, v->domain, i);
}

static bool serves_any(const cdp__served *v)
{
    for (unsigned i = 0; i < v->domain->n_commands; i++)
        if (serves_command(v, i))
            return true;
    for (unsigned i = 0; i < v->domain->n_events; i++)
        if (serves_event(v, i))
            return true;
    return false;
}

/* ---- marking ----------------------------------------------------------- */

/* The domain's section, which is made if need be; NULL: no memory.  Valid until the next call. */
static section *section_of(document *doc, const cdp__domain *d)
{
    for (size_t i = 0; i < doc->n; i++)
        if (doc->sections[i].d == d)
            return &doc->sections[i];
    if (doc->n == doc->cap) {
        size_t cap = doc->cap ? doc->cap * 2 : 16;
        section *more = cdp__grow(doc->w.out->allocator, doc->sections, doc->cap * sizeof *more,
                                  cap * sizeof *more);
        if (!more)
            goto fail;
        doc->sections = more;
        doc->cap = cap;
    }
    section *s = &doc->sections[doc->n];
    *s = (section){ d, cdp__alloc(doc->w.out->allocator, marks_size(d)) };
    if (!s->marks)
        goto fail;
    memset(s->marks, 0, marks_size(d));
    doc->n++;
    return s;
fail:
    doc->failed = true;
    return NULL;
}

static void mark_fields(document *doc, const cdp__domain *d, const cdp__type *t);

static void mark_elem(document *doc, const cdp__domain *d, cdp__elem is)
{
    while (is.kind == CDP__LIST)
        is = d->lists[is.ref];
    if (is.kind != CDP__STRUCT && is.kind != CDP__ENUM)
        return;
    const cdp__domain *o = owner(d, is);
    section *s = section_of(doc, o);
    if (!s)
        return;
    bool *mark = is.kind == CDP__ENUM ? &enums_of(s)[is.ref] : &types_of(s)[is.ref];
    bool marked = *mark;
    *mark = true;
    if (is.kind == CDP__STRUCT && !marked)
        mark_fields(doc, o, &o->types[is.ref]);
}

static void mark_fields(document *doc, const cdp__domain *d, const cdp__type *t)
{
    for (unsigned i = 0; i < t->n; i++)
        mark_elem(doc, d, d->fields[t->first + i].is);
}

static void mark_message(document *doc, const cdp__domain *d, uint16_t type)
{
    if (type != CDP__NONE)
        mark_fields(doc, d, &d->types[type]);
}

static void mark_served(document *doc, const cdp__served *v)
{
    const cdp__domain *d = v->domain;
    section *s = serves_any(v) ? section_of(doc, d) : NULL;

    for (unsigned i = 0; s && i < d->n_commands; i++)
        if (serves_command(v, i))
            commands_of(s)[i] = true;
    for (unsigned i = 0; s && i < d->n_events; i++)
        if (serves_event(v, i))
            events_of(s)[i] = true;
}

static void mark_types(document *doc, const section *s)
{
    const cdp__domain *d = s->d;
    const bool *commands = commands_of(s), *events = events_of(s);

    for (unsigned i = 0; i < d->n_commands; i++)
        if (commands[i]) {
            mark_message(doc, d, d->commands[i].params);
            mark_message(doc, d, d->commands[i].result);
        }
    for (unsigned i = 0; i < d->n_events; i++)
        if (events[i])
            mark_message(doc, d, d->events[i].params);
}

/* ---- writing: every function leaves the writer behind a whole member or item ---- */

static void put_text(cdp__writer *w, const char *key, const char *p, size_t n)
{
    cdp__write_key(w, key, strlen(key));
    cdp__write_str(w, p, n);
    cdp__write_next(w);
}

static void put_flag(cdp__writer *w, const char *key, bool set)
{
    if (!set)
        return;
    cdp__write_key(w, key, strlen(key));
    cdp__write_bool(w, true);
    cdp__write_next(w);
}

static void put_flags(cdp__writer *w, unsigned flags)
{
    put_flag(w, "experimental", flags & CDP__EXPERIMENTAL);
    put_flag(w, "deprecated", flags & CDP__IS_DEPRECATED);
}

static size_t begin_list(cdp__writer *w, const char *key)
{
    cdp__write_key(w, key, strlen(key));
    return cdp__write_begin(w, '[');
}

static void end_member(cdp__writer *w, size_t begin, char kind)
{
    cdp__write_end(w, begin, kind);
    cdp__write_next(w);
}

static void put_words(cdp__writer *w, const cdp__domain *d, const cdp__enum *e)
{
    put_text(w, "type", "string", 6);
    size_t begin = begin_list(w, "enum");
    for (unsigned i = 0; i < e->n; i++) {
        const cdp__word *word = &d->words[e->first + i];
        cdp__write_str(w, d->names + word->text, word->len);
        cdp__write_next(w);
    }
    end_member(w, begin, '[');
}

/* "Domain.Type", inside the domain "Type". */
static void put_reference(cdp__writer *w, const cdp__domain *from, const cdp__domain *to,
                          unsigned name, unsigned len)
{
    char text[2 * UINT8_MAX + 2];
    size_t n = 0;

    if (to != from) {
        memcpy(text, to->names + to->name, to->name_len);
        n = to->name_len;
        text[n++] = '.';
    }
    memcpy(text + n, to->names + name, len);
    put_text(w, "$ref", text, n + len);
}

/* The members that say what a value is. */
static void put_shape(cdp__writer *w, const cdp__domain *d, cdp__elem is)
{
    static const char *const kinds[] = {
        [CDP__BOOL] = "boolean", [CDP__INT] = "integer",  [CDP__NUM] = "number",
        [CDP__STR] = "string",   [CDP__BYTES] = "binary", [CDP__ANY] = "any",
        [CDP__OBJECT] = "object"
    };
    const cdp__domain *o = owner(d, is);

    if (is.kind == CDP__STRUCT) {
        put_reference(w, d, o, o->types[is.ref].name, o->types[is.ref].name_len);
    } else if (is.kind == CDP__ENUM) {
        const cdp__enum *e = &o->enums[is.ref];
        if (is_inline(o, e))
            put_words(w, o, e);
        else
            put_reference(w, d, o, e->name, e->name_len);
    } else if (is.kind == CDP__LIST) {
        put_text(w, "type", "array", 5);
        cdp__write_key(w, "items", 5);
        size_t begin = cdp__write_begin(w, '{');
        put_shape(w, d, d->lists[is.ref]);
        end_member(w, begin, '{');
    } else {
        put_text(w, "type", kinds[is.kind], strlen(kinds[is.kind]));
    }
}

static void put_fields(cdp__writer *w, const char *key, const cdp__domain *d, const cdp__type *t)
{
    size_t list = begin_list(w, key);

    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        size_t begin = cdp__write_begin(w, '{');
        put_text(w, "name", d->names + f->name, f->name_len);
        put_flag(w, "optional", !(f->flags & CDP__REQUIRED));
        put_flags(w, f->flags);
        put_shape(w, d, f->is);
        end_member(w, begin, '{');
    }
    end_member(w, list, '[');
}

static void put_types(cdp__writer *w, const section *s)
{
    const cdp__domain *d = s->d;
    const bool *types = types_of(s), *enums = enums_of(s);
    size_t list = begin_list(w, "types");

    for (unsigned i = 0; i < d->n_types; i++) {
        const cdp__type *t = &d->types[i];
        if (!types[i])
            continue;
        size_t begin = cdp__write_begin(w, '{');
        put_text(w, "id", d->names + t->name, t->name_len);
        put_text(w, "type", "object", 6);
        put_fields(w, "properties", d, t);
        end_member(w, begin, '{');
    }
    for (unsigned i = 0; i < d->n_enums; i++) {
        const cdp__enum *e = &d->enums[i];
        if (!enums[i] || is_inline(d, e))
            continue;
        size_t begin = cdp__write_begin(w, '{');
        put_text(w, "id", d->names + e->name, e->name_len);
        put_flags(w, e->flags);
        put_words(w, d, e);
        end_member(w, begin, '{');
    }
    end_member(w, list, '[');
}

/* A command or an event.  In the pool its name has the domain's in front. */
static void put_message(cdp__writer *w, const cdp__domain *d, unsigned name, unsigned len,
                        unsigned flags, uint16_t params, uint16_t result)
{
    size_t skip = d->name_len + 1u, begin = cdp__write_begin(w, '{');

    put_text(w, "name", d->names + name + skip, len - skip);
    put_flags(w, flags);
    if (params != CDP__NONE)
        put_fields(w, "parameters", d, &d->types[params]);
    if (result != CDP__NONE)
        put_fields(w, "returns", d, &d->types[result]);
    end_member(w, begin, '{');
}

static void put_section(cdp__writer *w, const section *s)
{
    const cdp__domain *d = s->d;
    const bool *commands = commands_of(s), *events = events_of(s);
    size_t begin = cdp__write_begin(w, '{');

    put_text(w, "domain", d->names + d->name, d->name_len);
    put_flags(w, d->flags);
    put_types(w, s);
    size_t list = begin_list(w, "commands");
    for (unsigned i = 0; i < d->n_commands; i++) {
        const cdp__command *c = &d->commands[i];
        if (commands[i])
            put_message(w, d, c->name, c->name_len, c->flags, c->params, c->result);
    }
    end_member(w, list, '[');
    list = begin_list(w, "events");
    for (unsigned i = 0; i < d->n_events; i++) {
        const cdp__event *e = &d->events[i];
        if (events[i])
            put_message(w, d, e->name, e->name_len, e->flags, e->params, CDP__NONE);
    }
    end_member(w, list, '[');
    end_member(w, begin, '{');
}

int cdp__protocol_write(cdp__buf *out, const cdp__served *served, size_t n)
{
    cdp__fault fault;
    document doc = { .w = {
                         .out = out, .wire = CDP_JSON, .max_depth = CDP__DEPTH, .fault = &fault } };
    cdp__writer *w = &doc.w;
    int rc = CDP_ENOMEM;

    cdp__fault_clear(&fault);
    for (size_t i = 0; i < n; i++)
        mark_served(&doc, &served[i]);
    for (size_t i = 0; i < doc.n; i++) /* it grows meanwhile, by domains that only have types */
        mark_types(&doc, &(section){ doc.sections[i].d, doc.sections[i].marks });
    if (doc.failed)
        goto out;
    size_t whole = cdp__write_begin(w, '{');
    cdp__write_key(w, "version", 7);
    size_t begin = cdp__write_begin(w, '{');
    put_text(w, "major", "1", 1);
    put_text(w, "minor", "3", 1);
    end_member(w, begin, '{');
    begin = begin_list(w, "domains");
    for (size_t i = 0; i < doc.n; i++)
        put_section(w, &doc.sections[i]);
    end_member(w, begin, '[');
    cdp__write_end(w, whole, '{');
    rc = cdp__write_status(w);
out:
    for (size_t i = 0; i < doc.n; i++)
        cdp__dealloc(out->allocator, doc.sections[i].marks, marks_size(doc.sections[i].d));
    cdp__dealloc(out->allocator, doc.sections, doc.cap * sizeof *doc.sections);
    return rc;
}

/* ---- Schema.getDomains ------------------------------------------------- */

int cdp__protocol_respond_domains(cdp_request *req, const cdp__served *served, size_t n)
{
    cdp_schema_domain *items = cdp__msg_alloc(req->msg, n * sizeof *items);
    cdp_schema_get_domains_result res = { .domains = { items, 0 } };

    if (!items)
        return CDP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const cdp__domain *d = served[i].domain;
        cdp_str name = cdp_sn(d->names + d->name, d->name_len);
        bool listed = !serves_any(&served[i]);
        for (size_t k = 0; k < res.domains.n && !listed; k++)
            listed = cdp_str_eq(items[k].name, name);
        if (!listed)
            items[res.domains.n++] = (cdp_schema_domain){ .name = name, .version = cdp_s("1.3") };
    }
    return cdp_schema_get_domains_respond(req, &res);
}
