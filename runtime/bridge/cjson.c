/*
 * cjson.c - dynamic values as cJSON trees, and back.
 *
 * Trees are built by our reader: cJSON_Parse() refuses a whole message for one lone surrogate
 * escape, and V8 sends those.
 */
#include <cdp/value.h>

#include "../core/codec.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

enum { DEPTH = 1000 }; /* cJSON_Delete() and _Print() recurse */

static int build(const void *msg, cdp_value v, int depth, cJSON **out);

/* cJSON prints what it holds, so that has to be UTF-8. */
static void replace_lone_surrogates(char *p)
{
    for (; *p; p++)
        if ((unsigned char)p[0] == 0xed && (unsigned char)p[1] >= 0xa0)
            memcpy(p, "\xef\xbf\xbd", 3);
}

static char *text_of(const void *msg, cdp_value v)
{
    cdp_str s = cdp_value_str(msg, v);
    char *p;

    if (!s.ptr)
        return NULL;
    memcpy(&p, &s.ptr, sizeof p); /* decoded for us just now */
    replace_lone_surrogates(p);
    return p;
}

static int build_children(const void *msg, cdp_value v, int depth, cJSON *parent)
{
    cdp_cursor c = cdp_cursor_begin(v);
    int rc = 0;

    while (rc == 0 && cdp_cursor_next(&c)) {
        cJSON *child = NULL;
        char *key = c.key.ptr ? text_of(msg, c.key) : NULL;
        if (c.key.ptr && !key)
            return CDP_EDECODE;
        rc = build(msg, c.value, depth + 1, &child);
        if (rc < 0)
            break;
        cJSON_bool added = key ? cJSON_AddItemToObject(parent, key, child)
                               : cJSON_AddItemToArray(parent, child);
        if (!added) {
            cJSON_Delete(child);
            rc = CDP_ENOMEM;
        }
    }
    return rc < 0 ? rc : c.error;
}

static int build(const void *msg, cdp_value v, int depth, cJSON **out)
{
    cdp_value_type type = cdp_value_typeof(v);
    char *text = NULL;
    int rc = 0;

    *out = NULL;
    if (depth > DEPTH)
        return CDP_ETOOBIG;
    switch (type) {
    case CDP_VALUE_ABSENT:
        return v.ptr ? CDP_EDECODE : CDP_EINVAL;
    case CDP_VALUE_NULL:
        *out = cJSON_CreateNull();
        break;
    case CDP_VALUE_BOOL:
        *out = cJSON_CreateBool(cdp_value_bool(v, false));
        break;
    case CDP_VALUE_NUMBER:
        *out = cJSON_CreateNumber(cdp_value_num(v, 0));
        break;
    case CDP_VALUE_STRING:
        if (!(text = text_of(msg, v)))
            return CDP_EDECODE;
        *out = cJSON_CreateString(text);
        break;
    case CDP_VALUE_ARRAY:
        *out = cJSON_CreateArray();
        break;
    case CDP_VALUE_OBJECT:
        *out = cJSON_CreateObject();
        break;
    }
    if (*out && (type == CDP_VALUE_ARRAY || type == CDP_VALUE_OBJECT))
        rc = build_children(msg, v, depth, *out);
    if (rc < 0) {
        cJSON_Delete(*out);
        *out = NULL;
    }
    return rc < 0 ? rc : *out ? 0 : CDP_ENOMEM;
}

int cdp_value_to_cjson(cdp_value v, cJSON **tree)
{
    cdp_value *copy; /* checked, and with memory for the strings */
    int rc = cdp_value_copy(v, CDP_JSON, &copy);

    *tree = NULL;
    if (rc < 0)
        return rc;
    rc = build(copy, *copy, 0, tree);
    cdp_free(copy);
    return rc;
}

static int write_tree(cdp__writer *w, const cJSON *t);

static int write_children(cdp__writer *w, const cJSON *t, char kind)
{
    size_t begin = cdp__write_begin(w, kind);
    int rc = cdp__write_status(w);

    for (const cJSON *child = t->child; rc == 0 && child; child = child->next) {
        if (kind == '{') {
            const char *key = child->string ? child->string : "";
            rc = cdp__write_str(w, key, strlen(key));
            cdp__buf_byte(w->out, ':');
        }
        if (rc == 0)
            rc = write_tree(w, child);
        cdp__write_next(w);
    }
    cdp__write_end(w, begin, kind);
    return rc;
}

static int write_tree(cdp__writer *w, const cJSON *t)
{
    switch (t->type & 0xff) {
    case cJSON_False:
    case cJSON_True:
        cdp__write_bool(w, (t->type & 0xff) == cJSON_True);
        return 0;
    case cJSON_NULL:
        cdp__write_null(w);
        return 0;
    case cJSON_Number:
        cdp__write_num(w, t->valuedouble);
        return 0;
    case cJSON_String:
        return cdp__write_str(w, t->valuestring, strlen(t->valuestring));
    case cJSON_Raw:
        return cdp__write_value(w, cdp_json(t->valuestring));
    case cJSON_Array:
        return write_children(w, t, '[');
    case cJSON_Object:
        return write_children(w, t, '{');
    default:
        return CDP_EINVAL;
    }
}

/* Not by cJSON_Print(), which gives numbers 15 digits and no more where that is nearly right. */
int cdp_value_from_cjson(const cJSON *tree, cdp_value **v)
{
    cdp__fault fault;
    cdp__pool *pool;

    *v = NULL;
    if (!tree)
        return CDP_EINVAL;
    if (!(pool = cdp__pool_new(NULL)))
        return CDP_ENOMEM;
    cdp__buf buf = { .allocator = cdp__pool_allocator(pool) };
    cdp__writer w = { &buf, CDP_JSON, false, 0, CDP__DEPTH_MAX, &fault };
    cdp__fault_clear(&fault);
    int rc = write_tree(&w, tree);
    if (rc == 0)
        rc = cdp__write_status(&w);
    if (rc == 0)
        rc = cdp_value_copy((cdp_value){ buf.ptr, buf.len, CDP_JSON }, CDP_JSON, v);
    cdp__buf_free(&buf);
    cdp__pool_unref(pool);
    return rc == CDP_EINVAL ? CDP_EDECODE : rc;
}
