/*
 * fuzz_value.c - bytes as one dynamic value: cursors over it, and conversions.
 *
 * The first byte chooses the encoding.  What is JSON is decided by a reader of its own
 * (tests/support/json_tree.h) as well, and conversions there and back keep the meaning.
 */
#include "../support/json_tree.h"

#include <cdp/value.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        abort();
}

/* Looks at everything, in every way, and counts. */
static size_t walk(const void *msg, cdp_value v, int depth)
{
    size_t n = 1, items = 0;
    cdp_cursor c = cdp_cursor_begin(v);
    cdp_value_type type = cdp_value_typeof(v);

    expect(cdp_value_num(v, 0.5) == 0.5 || type == CDP_VALUE_NUMBER);
    cdp_value_int(v, 1);
    expect(!cdp_value_bool(v, false) || type == CDP_VALUE_BOOL);
    cdp_str s = cdp_value_str(msg, v);
    expect(!s.ptr || (type == CDP_VALUE_STRING && s.ptr[s.len] == 0));
    if (s.ptr && !memchr(s.ptr, 0, s.len))
        expect(cdp_value_str_eq(v, s.ptr));
    while (depth < 40 && n < 10000 && cdp_cursor_next(&c)) {
        items++;
        n += walk(msg, c.value, depth + 1);
        if (c.key.ptr)
            cdp_value_str(msg, c.key);
    }
    if (depth < 3 && !c.error && items && items < 30) {
        expect(cdp_value_count(v) == items || n >= 10000);
        cdp_value_at(v, items - 1);
        cdp_value_get(v, "a");
        cdp_value_path(v, "0.a.1");
    }
    return n;
}

static void convert(cdp_value v, bool is_json)
{
    cdp_value *cbor, *back;
    cdp_str *text, *again;
    struct cJSON *tree;

    if (cdp_value_text(v, &text) < 0)
        return;
    expect(json_text_equal(text->ptr, text->len, text->ptr, text->len));
    int rc = cdp_value_copy(v, CDP_CBOR, &cbor);
    expect(rc == 0 || (is_json && rc == CDP_EDECODE)); /* a number beyond doubles */
    if (rc == 0) {
        expect(cdp_value_copy(*cbor, CDP_JSON, &back) == 0);
        expect(json_text_equal(text->ptr, text->len, back->ptr, back->len));
        expect(cdp_value_text(*cbor, &again) == 0);
        expect(again->len == back->len && memcmp(again->ptr, back->ptr, back->len) == 0);
        cdp_free(again);
        cdp_free(back);
        cdp_free(cbor);
    }
    if (cdp_value_to_cjson(v, &tree) == 0) {
        if (cdp_value_from_cjson(tree, &back) == 0)
            cdp_free(back);
        cJSON_Delete(tree);
    }
    cdp_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cdp_value v = { NULL, 0, CDP_JSON }, *copy, *room;

    if (size < 2)
        return 0;
    char *bytes = malloc(size - 1); /* of its own, so that a byte too far is seen */
    memcpy(bytes, data + 1, size - 1);
    v = (cdp_value){ bytes, size - 1, data[0] & 1 ? CDP_CBOR : CDP_JSON };
    expect(cdp_value_copy(cdp_json("0"), CDP_JSON, &room) == 0);
    walk(room, v, 0);
    cdp_free(room);

    int rc = cdp_value_copy(v, v.wire, &copy);
    if (v.wire == CDP_JSON) {
        json_tree *tree = json_tree_parse(v.ptr, v.len);
        expect(rc == CDP_ETOOBIG || (rc == 0) == (tree != NULL));
        json_tree_free(tree);
    }
    if (rc == 0) {
        const bool finite = isfinite(cdp_value_num(v, 0)); /* what is not is written as null */
        expect(cdp_value_typeof(*copy) == (finite ? cdp_value_typeof(v) : CDP_VALUE_NULL));
        cdp_free(copy);
    }
    convert(v, v.wire == CDP_JSON);
    free(bytes);
    return 0;
}
