/*
 * dump.c - prints every table of the protocol as JSON, a domain a line, to compare
 * with what the protocol says; checks on the way what no JSON shows.
 */
#include <cdp/all.h>
#include <cdp/desc.h>

#include <stdio.h>
#include <stdlib.h>

static void require(bool ok, const char *what, const char *name)
{
    if (!ok) {
        fprintf(stderr, "%s: %s\n", name, what);
        exit(1);
    }
}

/* Names are followed by `":` and 16 bytes after any of them may be read. */
static void put_name(const cdp__domain *d, unsigned at, unsigned len)
{
    const char *p = d->names + at;
    require(memcmp(p + len, "\":", 3) == 0, "not followed by quote and colon", p);
    printf("\"%.*s\"", (int)len, p);
}

static void put_flags(unsigned flags)
{
    printf(", \"flags\": %u", flags);
}

/* Writes kind, and for references the qualified name of the target. */
static void put_elem(const cdp__domain *d, const cdp__elem *is)
{
    const cdp__domain *to = is->dep ? d->deps[is->dep - 1] : d;
    require(is->dep <= d->n_deps, "no such dependency", d->names);
    printf("{\"kind\": %u", is->kind);
    switch (is->kind) {
    case CDP__ENUM:
        require(is->ref < to->n_enums, "no such enum", d->names);
        printf(", \"domain\": ");
        put_name(to, to->name, to->name_len);
        printf(", \"to\": ");
        put_name(to, to->enums[is->ref].name, to->enums[is->ref].name_len);
        break;
    case CDP__STRUCT:
        require(is->ref < to->n_types, "no such type", d->names);
        printf(", \"domain\": ");
        put_name(to, to->name, to->name_len);
        printf(", \"to\": ");
        put_name(to, to->types[is->ref].name, to->types[is->ref].name_len);
        break;
    case CDP__LIST:
        printf(", \"item\": ");
        put_elem(d, &d->lists[is->ref]);
        break;
    default:
        require(is->ref == CDP__NONE && is->dep == 0, "a scalar with a reference", d->names);
        break;
    }
    printf("}");
}

static unsigned size_of(const cdp__elem *is, bool required)
{
    switch (is->kind) {
    case CDP__BOOL:
        return required ? sizeof(bool) : sizeof(cdp_opt_bool);
    case CDP__INT:
        return required ? sizeof(int32_t) : sizeof(cdp_opt_int);
    case CDP__NUM:
        return required ? sizeof(double) : sizeof(cdp_opt_num);
    case CDP__STR:
        return sizeof(cdp_str);
    case CDP__BYTES:
        return sizeof(cdp_bytes);
    case CDP__ANY:
    case CDP__OBJECT:
        return sizeof(cdp_value);
    case CDP__ENUM:
        return sizeof(int);
    case CDP__STRUCT:
        return sizeof(void *);
    default:
        return sizeof(cdp_str);
    }
}

static void put_type(const cdp__domain *d, const cdp__type *t)
{
    unsigned end = 0;
    printf("{\"type\": ");
    put_name(d, t->name, t->name_len);
    printf(", \"fields\": [");
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        const char *name = d->names + f->name;
        bool required = f->flags & CDP__REQUIRED;
        require(((t->required >> i) & 1) == required, "mask and flag differ", name);
        require(f->offset >= end, "not in order, or overlaps", name);
        end = f->offset + size_of(&f->is, required);
        printf("%s{\"name\": ", i ? ", " : "");
        put_name(d, f->name, f->name_len);
        put_flags(f->flags);
        printf(", \"is\": ");
        put_elem(d, &f->is);
        printf("}");
    }
    require(t->n == 64 || t->required >> t->n == 0, "mask has bits too many", d->names + t->name);
    require(t->size >= end + sizeof(void *) && t->size < end + 2 * sizeof(double) + 1,
            "extra_ is not last", d->names + t->name);
    printf("]}");
}

static void put_index(const cdp__domain *d, const char *key, unsigned index)
{
    require(index == CDP__NONE || index < d->n_types, "no such type", d->names);
    printf(", \"%s\": ", key);
    if (index == CDP__NONE)
        printf("null");
    else
        put_type(d, &d->types[index]);
}

static void put_domain(const cdp__domain *d)
{
    unsigned word = 0, field = 0;
    printf("{\"domain\": ");
    put_name(d, d->name, d->name_len);
    put_flags(d->flags);
    printf(", \"types\": [");
    for (unsigned i = 0; i < d->n_types; i++) {
        require(d->types[i].first == field, "fields out of step", d->names);
        field += d->types[i].n;
        printf("%s", i ? ", " : "");
        put_type(d, &d->types[i]);
    }
    printf("], \"enums\": [");
    for (unsigned i = 0; i < d->n_enums; i++) {
        const cdp__enum *e = &d->enums[i];
        require(e->first == word, "words out of step", d->names);
        printf("%s{\"name\": ", i ? ", " : "");
        put_name(d, e->name, e->name_len);
        put_flags(e->flags);
        printf(", \"words\": [");
        for (unsigned k = 0; k < e->n; k++) {
            printf("%s", k ? ", " : "");
            put_name(d, d->words[word + k].text, d->words[word + k].len);
        }
        word += e->n;
        printf("]}");
    }
    printf("], \"commands\": [");
    for (unsigned i = 0; i < d->n_commands; i++) {
        printf("%s{\"name\": ", i ? ", " : "");
        put_name(d, d->commands[i].name, d->commands[i].name_len);
        put_flags(d->commands[i].flags);
        put_index(d, "params", d->commands[i].params);
        put_index(d, "result", d->commands[i].result);
        printf("}");
    }
    printf("], \"events\": [");
    for (unsigned i = 0; i < d->n_events; i++) {
        printf("%s{\"name\": ", i ? ", " : "");
        put_name(d, d->events[i].name, d->events[i].name_len);
        put_flags(d->events[i].flags);
        put_index(d, "params", d->events[i].params);
        printf("}");
    }
    printf("]}\n");
}

int main(void)
{
    fprintf(stderr, "%s\n", cdp__protocol_revision);
    for (const cdp__domain *const *d = cdp__protocol; *d; d++)
        put_domain(*d);
    return 0;
}
