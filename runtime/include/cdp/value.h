/*
 * value.h - reading dynamic values (the protocol's "any" and "object").
 *
 * A cdp_value is a slice of the message it came in, in the encoding that it
 * came in; nothing is parsed until it is asked for, and every function here
 * checks what it reads: a malformed value reads as absent.  Values from the
 * library live as long as their message.
 */
#ifndef CDP_VALUE_H
#define CDP_VALUE_H

#include <cdp/cdp.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cdp_value_type {
    CDP_VALUE_ABSENT = 0, /* undefined, or malformed */
    CDP_VALUE_NULL,
    CDP_VALUE_BOOL,
    CDP_VALUE_NUMBER,
    CDP_VALUE_STRING, /* in CBOR also binary, which reads as base64 */
    CDP_VALUE_ARRAY,
    CDP_VALUE_OBJECT
} cdp_value_type;

cdp_value_type cdp_value_typeof(cdp_value v);

static inline bool cdp_value_is_null(cdp_value v)
{
    return cdp_value_typeof(v) == CDP_VALUE_NULL;
}

/* The value if it has that type, otherwise the fallback. */
bool cdp_value_bool(cdp_value v, bool fallback);
double cdp_value_num(cdp_value v, double fallback);
int64_t cdp_value_int(cdp_value v, int64_t fallback); /* integral, within +-2^53 */

/* The text of a string, {NULL, 0} if v is none.  The text is decoded into the
 * message that v came in, msg, and lives as long (it returns {NULL, 0} too
 * when out of memory). */
cdp_str cdp_value_str(const void *msg, cdp_value v);

/* v, a string, equals text.  Needs no memory. */
bool cdp_value_str_eq(cdp_value v, const char *text);

/* The same value: strings by their text, numbers as numbers, members in any order.  Absent values
 * are the same, malformed ones are not. */
bool cdp_value_equal(cdp_value a, cdp_value b);

/* A member of an object, the last of that name; absent if there is none.  With
 * a path ("a.b.0.c": names and array indexes) from the inside. */
cdp_value cdp_value_get(cdp_value object, const char *key);
cdp_value cdp_value_path(cdp_value v, const char *path);

/* Number of items of an array or members of an object, 0 for anything else. */
size_t cdp_value_count(cdp_value v);
/* Item i of an array.  Linear: to visit them all use the cursor. */
cdp_value cdp_value_at(cdp_value array, size_t i);

/* Visits the items of an array or the members of an object:
 *
 *     cdp_cursor c = cdp_cursor_begin(v);
 *     while (cdp_cursor_next(&c))
 *         use(c.key, c.value);          (c.key is absent in an array)
 *
 * After the last, c.error is 0, or CDP_EDECODE where v is malformed. */
typedef struct cdp_cursor {
    cdp_value key; /* a string; read it with cdp_value_str() or _str_eq() */
    cdp_value value;
    int error;
    const char *p, *end; /* the library's */
    cdp_wire wire;
    char kind;
} cdp_cursor;
cdp_cursor cdp_cursor_begin(cdp_value v);
bool cdp_cursor_next(cdp_cursor *c);

/* v as JSON text, whatever it travelled as; a string that is one cdp_free().
 * CDP_EINVAL where v is absent, CDP_EDECODE where it is malformed. */
int cdp_value_text(cdp_value v, cdp_str **text);

/* v in either encoding, checked, in memory of its own; one cdp_free(). */
int cdp_value_copy(cdp_value v, cdp_wire wire, cdp_value **copy);

/* A cJSON tree of v, to be released with cJSON_Delete(), and the reverse (one
 * cdp_free()).  A tree holds no text after a NUL inside a string, and lone
 * surrogates are U+FFFD in it. */
struct cJSON;
int cdp_value_to_cjson(cdp_value v, struct cJSON **tree);
int cdp_value_from_cjson(const struct cJSON *tree, cdp_value **v);

#ifdef __cplusplus
}
#endif

#endif /* CDP_VALUE_H */
