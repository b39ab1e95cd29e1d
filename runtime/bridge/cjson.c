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

int cdp_value_from_cjson(const cJSON *tree, cdp_value **v)
{
    char *text = tree ? cJSON_PrintUnformatted(tree) : NULL;

    *v = NULL;
    if (!text)
        return tree ? CDP_ENOMEM : CDP_EINVAL;
    int rc = cdp_value_copy(cdp_json(text), CDP_JSON, v);
    cJSON_free(text);
    return rc;
}
