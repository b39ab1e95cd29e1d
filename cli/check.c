/*
 * check.c - see check.h.
 */
#include "check.h"

#include "cli.h"
#include "nearest.h"
#include "term.h"

#include <cJSON.h>
#include <cdp/value.h>
#include <stdarg.h>
#include <stdio.h>

enum { PATH = 512 };

typedef struct check {
    const void *message; /* that values are of */
    cdp_str command;
    char path[PATH]; /* of the value that is looked at: "params.cookies.0.name" */
} check;

static int check_elem(check *c, const cdp__domain *d, cdp__elem is, cdp_value v);

/* ---- what is wrong ----------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int refuse(const check *c, const char *fmt, ...)
{
    va_list args;

    print(stderr, "cdp: %.*s: %s ", (int)c->command.len, c->command.ptr, c->path);
    va_start(args, fmt);
    print_args(stderr, fmt, args);
    va_end(args);
    print(stderr, "\n");
    return STATUS_USAGE;
}

static const char *type_of(cdp_value v)
{
    static const char *const words[] = {
        [CDP_VALUE_ABSENT] = "nothing",  [CDP_VALUE_NULL] = "null",
        [CDP_VALUE_BOOL] = "a boolean",  [CDP_VALUE_NUMBER] = "a number",
        [CDP_VALUE_STRING] = "a string", [CDP_VALUE_ARRAY] = "an array",
        [CDP_VALUE_OBJECT] = "an object"
    };

    return words[cdp_value_typeof(v)];
}

static int refuse_type(const check *c, const char *wanted, cdp_value v)
{
    return refuse(c, "is %s, and must be %s", type_of(v), wanted);
}

static int refuse_member(const check *c, const cdp__domain *d, const cdp__type *t, cdp_str name)
{
    nearest near = nearest_to(name);

    for (unsigned i = 0; t && i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        nearest_offer(&near, lookup_str(d, f->name, f->name_len));
    }
    if (near.word.ptr)
        return refuse(c, "has no member '%.*s', did you mean '%.*s'?", (int)name.len, name.ptr,
                      (int)near.word.len, near.word.ptr);
    return refuse(c, "has no member '%.*s'", (int)name.len, name.ptr);
}

static int refuse_word(const check *c, const cdp__domain *d, const cdp__enum *e, cdp_str word)
{
    char words[400];
    size_t n = 0;

    for (unsigned i = 0; i < e->n && n < sizeof words; i++) {
        const cdp__word *w = &d->words[e->first + i];
        n += (size_t)snprintf(words + n, sizeof words - n, "%s%.*s", i ? ", " : "", w->len,
                              d->names + w->text);
    }
    return refuse(c, "is '%.*s', and must be one of %s%s", (int)word.len, word.ptr, words,
                  n < sizeof words ? "" : "...");
}

/* ---- walking ----------------------------------------------------------- */

/* Adds a step to the path; returns where to cut it off again. */
static size_t enter(check *c, cdp_str name)
{
    size_t at = strlen(c->path);

    snprintf(c->path + at, PATH - at, "%s%.*s", at ? "." : "", (int)name.len, name.ptr);
    return at;
}

static void leave(check *c, size_t at)
{
    c->path[at] = 0;
}

static int check_member(check *c, const cdp__domain *d, const cdp__type *t, cdp_str name,
                        cdp_value v, uint64_t *given)
{
    for (unsigned i = 0; t && i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        if (!cdp_str_eq(lookup_str(d, f->name, f->name_len), name))
            continue;
        *given |= (uint64_t)1 << i;
        size_t at = enter(c, name);
        int status = check_elem(c, d, f->is, v);
        leave(c, at);
        return status;
    }
    return refuse_member(c, d, t, name);
}

/* t == NULL: there are no members. */
static int check_struct(check *c, const cdp__domain *d, const cdp__type *t, cdp_value v)
{
    uint64_t given = 0;

    if (cdp_value_typeof(v) != CDP_VALUE_OBJECT)
        return refuse_type(c, "an object", v);
    cdp_cursor at = cdp_cursor_begin(v);
    while (cdp_cursor_next(&at)) {
        int status = check_member(c, d, t, cdp_value_str(c->message, at.key), at.value, &given);
        if (status)
            return status;
    }
    for (unsigned i = 0; t && i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        if (f->flags & CDP__REQUIRED && !(given >> i & 1))
            return refuse(c, "lacks '%.*s'", f->name_len, d->names + f->name);
    }
    return 0;
}

static int check_list(check *c, const cdp__domain *d, cdp__elem is, cdp_value v)
{
    int status = 0;
    unsigned i = 0;

    if (cdp_value_typeof(v) != CDP_VALUE_ARRAY)
        return refuse_type(c, "an array", v);
    cdp_cursor at = cdp_cursor_begin(v);
    for (; status == 0 && cdp_cursor_next(&at); i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        size_t before = enter(c, cdp_s(number));
        status = check_elem(c, d, d->lists[is.ref], at.value);
        leave(c, before);
    }
    return status;
}

static int check_word(const check *c, const cdp__domain *d, const cdp__enum *e, cdp_value v)
{
    cdp_str word = cdp_value_str(c->message, v);

    if (!word.ptr)
        return refuse_type(c, "a string", v);
    for (unsigned i = 0; i < e->n; i++) {
        const cdp__word *w = &d->words[e->first + i];
        if (cdp_str_eq(lookup_str(d, w->text, w->len), word))
            return 0;
    }
    return refuse_word(c, d, e, word);
}

static int check_scalar(const check *c, cdp__kind kind, cdp_value v)
{
    static const struct {
        cdp_value_type type;
        const char *wanted;
    } scalars[] = {
        [CDP__BOOL] = { CDP_VALUE_BOOL, "a boolean" },
        [CDP__INT] = { CDP_VALUE_NUMBER, "an integer of 32 bits" },
        [CDP__NUM] = { CDP_VALUE_NUMBER, "a number" },
        [CDP__STR] = { CDP_VALUE_STRING, "a string" },
        [CDP__BYTES] = { CDP_VALUE_STRING, "a string, in base64" },
        [CDP__ANY] = { CDP_VALUE_ABSENT, "a value" },
        [CDP__OBJECT] = { CDP_VALUE_OBJECT, "an object" },
    };
    int64_t least = INT64_MIN, number = cdp_value_int(v, least);

    if (kind == CDP__ANY)
        return 0;
    if (cdp_value_typeof(v) != scalars[kind].type)
        return refuse_type(c, scalars[kind].wanted, v);
    if (kind == CDP__INT && (number < INT32_MIN || number > INT32_MAX))
        return refuse_type(c, scalars[kind].wanted, v);
    return 0;
}

static int check_elem(check *c, const cdp__domain *d, cdp__elem is, cdp_value v)
{
    const cdp__domain *o = lookup_owner(d, is);

    if (is.kind == CDP__STRUCT)
        return check_struct(c, o, &o->types[is.ref], v);
    if (is.kind == CDP__LIST)
        return check_list(c, d, is, v);
    if (is.kind == CDP__ENUM)
        return check_word(c, o, &o->enums[is.ref], v);
    return check_scalar(c, (cdp__kind)is.kind, v);
}

/* ---- from outside ------------------------------------------------------ */

/* cJSON tells about where it gave up. */
static int refuse_json(cdp_str text)
{
    const char *end = text.ptr;

    cJSON_Delete(cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false));
    size_t at = (size_t)(end - text.ptr);
    size_t from = at > 10 ? at - 10 : 0, len = text.len - from < 30 ? text.len - from : 30;
    return complain(STATUS_USAGE, "the parameters are no JSON, near '%.*s'", (int)len,
                    text.ptr + from);
}

int check_json(cdp_str text, cdp_value **params)
{
    cdp_value v = { text.ptr, text.len, CDP_JSON };
    int rc = cdp_value_copy(v, CDP_JSON, params);

    if (rc == CDP_ENOMEM)
        return complain_memory();
    if (rc < 0)
        return refuse_json(text);
    return 0;
}

int check_params(item it, cdp_str text, cdp_value **params)
{
    const cdp__command *of = &it.d->commands[it.i];
    char name[ITEM_NAME];
    check c = { .command = item_name(it, name) };
    cdp_value *v;
    int status = check_json(text, &v);

    if (status)
        return status;
    c.message = v;
    enter(&c, cdp_s("params"));
    status = check_struct(&c, it.d, of->params == CDP__NONE ? NULL : &it.d->types[of->params], *v);
    if (status)
        cdp_free(v);
    else
        *params = v;
    return status;
}
