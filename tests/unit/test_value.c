/*
 * test_value.c - <cdp/value.h>: reading dynamic values, sound or not, in both encodings.
 */
#include "../support/codec_help.h"
#include "../support/json_tree.h"

#include <cdp/value.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

/* A value of that encoding, and a message to decode strings into. */
static cdp_value *made(const char *json, int wire)
{
    cdp_value *v;

    assert_int_equal(cdp_value_copy(cdp_json(json), (cdp_wire)wire, &v), 0);
    return v;
}

static void test_scalars(void **state)
{
    static const struct {
        const char *json;
        cdp_value_type type;
        double num;
        int64_t i;
        bool b;
    } rows[] = {
        { "null", CDP_VALUE_NULL, 0.5, -5, false },
        { "true", CDP_VALUE_BOOL, 0.5, -5, true },
        { "false", CDP_VALUE_BOOL, 0.5, -5, false },
        { "0", CDP_VALUE_NUMBER, 0, 0, false },
        { "-0", CDP_VALUE_NUMBER, -0.0, 0, false },
        { "7", CDP_VALUE_NUMBER, 7, 7, false },
        { "-7", CDP_VALUE_NUMBER, -7, -7, false },
        { "1.5", CDP_VALUE_NUMBER, 1.5, -5, false },
        { "2147483648", CDP_VALUE_NUMBER, 2147483648.0, 2147483648, false },
        { "9007199254740992", CDP_VALUE_NUMBER, 9007199254740992.0, 9007199254740992, false },
        { "9007199254740994", CDP_VALUE_NUMBER, 9007199254740994.0, -5, false },
        { "-9007199254740992", CDP_VALUE_NUMBER, -9007199254740992.0, -9007199254740992, false },
        { "1e300", CDP_VALUE_NUMBER, 1e300, -5, false },
        { "1000000000000000000000000000000000000000000000000000000000000000000000000000000000",
          CDP_VALUE_NUMBER, 1e81, -5, false },
        { "\"1\"", CDP_VALUE_STRING, 0.5, -5, false },
        { "[1]", CDP_VALUE_ARRAY, 0.5, -5, false },
        { "{\"a\":1}", CDP_VALUE_OBJECT, 0.5, -5, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
            cdp_value *v = made(rows[i].json, wire);
            assert_int_equal(v->wire, wire);
            assert_int_equal(cdp_value_typeof(*v), rows[i].type);
            assert_int_equal(cdp_value_is_null(*v), rows[i].type == CDP_VALUE_NULL);
            assert_true(cdp_value_num(*v, 0.5) == rows[i].num);
            assert_int_equal(!!signbit(cdp_value_num(*v, 0.5)), !!signbit(rows[i].num));
            assert_int_equal(cdp_value_int(*v, -5), rows[i].i);
            assert_int_equal(cdp_value_bool(*v, false), rows[i].b);
            assert_int_equal(cdp_value_bool(*v, true), rows[i].b || rows[i].type != CDP_VALUE_BOOL);
            assert_int_equal(cdp_value_str(v, *v).ptr != NULL, rows[i].type == CDP_VALUE_STRING);
            cdp_free(v);
        }
}

static void test_strings(void **state)
{
    static const struct {
        const char *json, *value;
        size_t n;
    } rows[] = {
        { "\"\"", "", 0 },
        { "\"plain\"", "plain", 5 },
        { "\"\\u0041\\n\"", "A\n", 2 },
        { "\"nul\\u0000in\"", "nul\0in", 6 },
        { "\"\\ud800\"", "\xed\xa0\x80", 3 },
        { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4 },
        { "\"\xc3\xa9\"", "\xc3\xa9", 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
            cdp_value *v = made(rows[i].json, wire);
            cdp_str s = cdp_value_str(v, *v);
            assert_int_equal(s.len, rows[i].n);
            assert_memory_equal(s.ptr, rows[i].value, rows[i].n + 1);
            assert_int_equal(cdp_value_str_eq(*v, rows[i].value), rows[i].n == strlen(s.ptr));
            assert_false(cdp_value_str_eq(*v, "other"));
            assert_false(cdp_value_str_eq(*v, "plain and more"));
            assert_null(cdp_value_str(NULL, *v).ptr);
            cdp_free(v);
        }
    /* long ones need memory for the comparison */
    char json[800], text[700];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    snprintf(json, sizeof json, "\"%s\\u0078\"", text + 1);
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        cdp_value *v = made(json, wire);
        assert_true(cdp_value_str_eq(*v, text));
        text[5] = 'y';
        assert_false(cdp_value_str_eq(*v, text));
        text[5] = 'x';
        cdp_free(v);
    }
}

static const char tree[] = "{\"a\":{\"b\":[10,{\"c\":\"deep\"},[]],\"\":1,\"dup\":1,\"dup\":2},"
                           "\"k\\u0065y\":true,\"\\ud83d\\ude00\":3,\"empty\":{},\"n\":null}";

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        cdp_value_type type;
        double num;
    } rows[] = {
        { "", CDP_VALUE_OBJECT, 0 },
        { "a", CDP_VALUE_OBJECT, 0 },
        { "a.b", CDP_VALUE_ARRAY, 0 },
        { "a.b.0", CDP_VALUE_NUMBER, 10 },
        { "a.b.1.c", CDP_VALUE_STRING, 0 },
        { "a.b.2", CDP_VALUE_ARRAY, 0 },
        { "a.b.3", CDP_VALUE_ABSENT, 0 },
        { "a.b.2.0", CDP_VALUE_ABSENT, 0 },
        { "a.b.x", CDP_VALUE_ABSENT, 0 },
        { "a.b.0.0", CDP_VALUE_ABSENT, 0 },
        { "a.b.-1", CDP_VALUE_ABSENT, 0 },
        { "a.b.1x", CDP_VALUE_ABSENT, 0 },
        { "a.b.99999999999999999999", CDP_VALUE_ABSENT, 0 },
        { "a.dup", CDP_VALUE_NUMBER, 2 },
        { "key", CDP_VALUE_BOOL, 0 },
        { "\xf0\x9f\x98\x80", CDP_VALUE_NUMBER, 3 },
        { "empty.a", CDP_VALUE_ABSENT, 0 },
        { "n", CDP_VALUE_NULL, 0 },
        { "n.a", CDP_VALUE_ABSENT, 0 },
        { "none", CDP_VALUE_ABSENT, 0 },
        { "a.b.1.c.d", CDP_VALUE_ABSENT, 0 },
    };

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        cdp_value *v = made(tree, wire);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            cdp_value at = cdp_value_path(*v, rows[i].path);
            if (cdp_value_typeof(at) != rows[i].type)
                fail_msg("%s: %d", rows[i].path, cdp_value_typeof(at));
            if (rows[i].type == CDP_VALUE_NUMBER)
                assert_true(cdp_value_num(at, -1) == rows[i].num);
        }
        cdp_value a = cdp_value_get(*v, "a"), b = cdp_value_get(a, "b");
        assert_true(cdp_value_num(cdp_value_get(a, ""), 0) == 1);
        assert_int_equal(cdp_value_count(*v), 5);
        assert_int_equal(cdp_value_count(b), 3);
        assert_int_equal(cdp_value_count(cdp_value_at(b, 2)), 0);
        assert_int_equal(cdp_value_count(cdp_value_at(b, 0)), 0);
        assert_null(cdp_value_at(b, 3).ptr);
        assert_null(cdp_value_at(a, 0).ptr);
        assert_null(cdp_value_get(b, "0").ptr);
        assert_null(cdp_value_get((cdp_value){ 0 }, "a").ptr);
        cdp_free(v);
    }
}

static void test_cursor(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        cdp_value *v = made(" { \"a\" : 1 , \"b\" : [ 2 , 3 ] } ", wire);
        cdp_cursor c = cdp_cursor_begin(*v);
        assert_true(cdp_cursor_next(&c) && cdp_value_str_eq(c.key, "a"));
        assert_int_equal(cdp_value_int(c.value, 0), 1);
        assert_true(cdp_cursor_next(&c) && cdp_value_str_eq(c.key, "b"));
        cdp_cursor inner = cdp_cursor_begin(c.value);
        for (int i = 2; i <= 3; i++) {
            assert_true(cdp_cursor_next(&inner));
            assert_null(inner.key.ptr);
            assert_int_equal(cdp_value_int(inner.value, 0), i);
        }
        assert_false(cdp_cursor_next(&inner) || cdp_cursor_next(&inner) || inner.error);
        assert_false(cdp_cursor_next(&c) || cdp_cursor_next(&c) || c.error);
        cdp_free(v);
    }
}

/* What is malformed reads as absent, and visits end in an error. */
static void test_malformed(void **state)
{
    static const struct {
        const char *json;
        int items; /* before the error */
    } visits[] = {
        { "[1,2,]", 2 },     { "[1 2]", 1 },     { "[,1]", 0 },      { "[1,2", 2 },
        { "[tru]", 0 },      { "[1]x", 1 },      { "[1,2}", 2 },     { "[", 0 },
        { "{\"a\":1,}", 1 }, { "{\"a\" 1}", 0 }, { "{a:1}", 0 },     { "{\"a\":}", 0 },
        { "{\"a\":1]", 1 },  { "{", 0 },         { "[\"\\x\"]", 0 }, { "tru", 0 },
        { "01", 0 },         { "1x", 0 },        { "[1][2]", 1 },    { "{}{}", 0 },
    };
    static const char *const scalars[] = { "1x",       "1 2", "01",     "truex",   "true false",
                                           "nullnull", "\"a", "\"a\"b", "\"\\x\"", "\"\xff\"",
                                           "-",        "+1",  "",       " " };

    (void)state;
    for (size_t i = 0; i < sizeof visits / sizeof *visits; i++) {
        int n = 0;
        cdp_cursor c = cdp_cursor_begin(cdp_json(visits[i].json));
        while (cdp_cursor_next(&c))
            n++;
        if (n != visits[i].items || c.error != CDP_EDECODE)
            fail_msg("%s: %d items, %d", visits[i].json, n, c.error);
        assert_int_equal(cdp_value_count(cdp_json(visits[i].json)), 0);
        assert_null(cdp_value_get(cdp_json(visits[i].json), "a").ptr);
    }
    cdp_value *room = made("0", CDP_JSON);
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        cdp_value v = cdp_json(scalars[i]);
        assert_true(cdp_value_num(v, 0.5) == 0.5);
        assert_int_equal(cdp_value_int(v, -5), -5);
        assert_false(cdp_value_bool(v, false));
        assert_false(cdp_value_is_null(v));
        assert_null(cdp_value_str(room, v).ptr);
        assert_false(cdp_value_str_eq(v, "a"));
        assert_false(cdp_value_str_eq(v, ""));
    }
    cdp_free(room);
}

static void test_equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "null", "null", true },
        { "null", "false", false },
        { "true", "true", true },
        { "true", "false", false },
        { "1", "1.0", true },
        { "1e2", "100", true },
        { "1", "1.0000000001", false },
        { "0", "-0", true },
        { "1", "\"1\"", false },
        { "\"\"", "\"\"", true },
        { "\"a\"", "\"b\"", false },
        { "\"\\u20ac\\n\"", "\"\xe2\x82\xac\\u000a\"", true },
        { "\"\\ud800\"", "\"\\ud800\"", true },
        { "\"\\ud800\"", "\"\\ud801\"", false },
        { "\"a\\u0000b\"", "\"a\"", false },
        { "[]", "[]", true },
        { "[]", "{}", false },
        { "[1,2]", " [ 1 , 2 ] ", true },
        { "[1,2]", "[2,1]", false },
        { "[1,2]", "[1,2,3]", false },
        { "{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"\\u0061\":1}", true },
        { "{\"a\":1,\"b\":2}", "{\"a\":1}", false },
        { "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
        { "{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false },
        { "{\"a\":1}", "{\"a\":2}", false },
        { "{\"a\":{\"b\":{\"c\":[{}]}}}", "{\"a\":{\"b\":{\"c\":[{}]}}}", true },
    };
    const cdp_value nothing = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int wires = 0; wires < 4; wires++) {
            cdp_value *a = made(rows[i].a, wires & 1), *b = made(rows[i].b, wires >> 1);
            assert_int_equal(cdp_value_equal(*a, *b), rows[i].same);
            assert_int_equal(cdp_value_equal(*b, *a), rows[i].same);
            cdp_free(a);
            cdp_free(b);
        }
    assert_true(cdp_value_equal(nothing, nothing));
    assert_false(cdp_value_equal(nothing, cdp_json("null")));
    assert_false(cdp_value_equal(cdp_json("[1"), cdp_json("[1")));
    assert_false(cdp_value_equal(cdp_json("?"), cdp_json("?")));
}

static void test_text_and_copy(void **state)
{
    cdp_str *text;
    cdp_value *copy;

    (void)state;
    assert_int_equal(cdp_value_text((cdp_value){ 0 }, &text), CDP_EINVAL);
    assert_null(text);
    assert_int_equal(cdp_value_copy((cdp_value){ 0 }, CDP_CBOR, &copy), CDP_EINVAL);
    assert_null(copy);
    assert_int_equal(cdp_value_text(cdp_json("[1,]"), &text), CDP_EDECODE);
    assert_int_equal(cdp_value_copy(cdp_json("1e400"), CDP_JSON, &copy), 0); /* stays as it is */
    assert_string_equal(copy->ptr, "1e400");
    assert_true(cdp_value_num(*copy, 0.5) == 0.5);
    cdp_free(copy);
    assert_int_equal(cdp_value_copy(cdp_json("1e400"), CDP_CBOR, &copy), CDP_EDECODE);
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        cdp_value *v = made(tree, wire);
        assert_int_equal(cdp_value_text(*v, &text), 0);
        assert_int_equal(text->ptr[text->len], 0);
        assert_true(json_text_equal(text->ptr, text->len, tree, sizeof tree - 1));
        cdp_free(text);
        cdp_free(v);
    }
}

/* ---- cJSON -------------------------------------------------------------------- */

static void test_cjson(void **state)
{
    static const struct {
        const char *json, *back; /* NULL: the same */
    } rows[] = {
        { "null", NULL },
        { "true", NULL },
        { "0", NULL },
        { "-1.5", NULL },
        { "1e+21", NULL },
        { "1730000000000.123", NULL },
        { "9007199254740993", "9007199254740992" },
        { "\"a\\n\\\"\"", NULL },
        { "[]", NULL },
        { "{\"a\":[1,{\"b\":null}],\"\":false}", NULL },
        { "\"a\\u0000b\"", "\"a\"" },
        { "\"x\\ud800y\"", "\"x\xef\xbf\xbdy\"" },
        { "{\"\\udc00\":1}", "{\"\xef\xbf\xbd\":1}" },
        { "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
        { "\"\\ud7ff\\ue000\"", "\"\xed\x9f\xbf\xee\x80\x80\"" },
        { "{\"a\":1,\"a\":2}", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
            cdp_value *v = made(rows[i].json, wire), *back;
            cJSON *t;
            assert_int_equal(cdp_value_to_cjson(*v, &t), 0);
            const char *want = rows[i].back ? rows[i].back : rows[i].json;
            assert_int_equal(cdp_value_from_cjson(t, &back), 0);
            if (!json_text_equal(back->ptr, back->len, want, strlen(want)))
                fail_msg("%s: %s", want, back->ptr);
            cdp_free(back);
            cJSON_Delete(t);
            cdp_free(v);
        }
}

static void test_cjson_refused(void **state)
{
    cJSON *t;
    cdp_value *v;
    char deep[2100];

    (void)state;
    assert_int_equal(cdp_value_to_cjson((cdp_value){ 0 }, &t), CDP_EINVAL);
    assert_null(t);
    assert_int_equal(cdp_value_to_cjson(cdp_json("[1,]"), &t), CDP_EDECODE);
    assert_null(t);
    assert_int_equal(cdp_value_from_cjson(NULL, &v), CDP_EINVAL);
    assert_null(v);
    t = cJSON_CreateString("\xff");
    assert_int_equal(cdp_value_from_cjson(t, &v), CDP_EDECODE);
    cJSON_Delete(t);
    t = cJSON_CreateRaw("[1,");
    assert_int_equal(cdp_value_from_cjson(t, &v), CDP_EDECODE);
    cJSON_Delete(t);
    t = cJSON_CreateNumber(NAN);
    assert_int_equal(cdp_value_from_cjson(t, &v), 0);
    assert_true(cdp_value_is_null(*v));
    cdp_free(v);
    cJSON_Delete(t);
    for (int depth = 1000; depth <= 1002; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        deep[2 * depth] = 0;
        int rc = cdp_value_to_cjson(cdp_json(deep), &t);
        assert_int_equal(rc, depth <= 1001 ? 0 : CDP_ETOOBIG);
        cJSON_Delete(t);
    }
}

/* ---- damage ------------------------------------------------------------------- */

static void look(const void *msg, cdp_value v, int depth)
{
    cdp_cursor c = cdp_cursor_begin(v);
    cJSON *t;
    cdp_str *text;

    cdp_value_num(v, 0);
    cdp_value_str(msg, v);
    cdp_value_str_eq(v, "deep");
    cdp_value_path(v, "a.b.1.c");
    if (depth == 0 && cdp_value_text(v, &text) == 0) {
        assert_true(json_text_equal(text->ptr, text->len, text->ptr, text->len));
        cdp_free(text);
        if (cdp_value_to_cjson(v, &t) == 0)
            cJSON_Delete(t);
    }
    while (depth < 8 && cdp_cursor_next(&c)) {
        cdp_value_str(msg, c.key);
        look(msg, c.value, depth + 1);
    }
}

static void test_damage(void **state)
{
    help_random random = { 42 };

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        cdp_value *v = made(tree, wire);
        for (int i = 0; i < 15000; i++) {
            cdp_value *room = made("0", CDP_JSON);
            size_t n = help_below(&random, 4) ? v->len : help_below(&random, (uint32_t)v->len);
            char *bytes = malloc(n + !n); /* tight */
            memcpy(bytes, v->ptr, n);
            for (uint32_t k = help_below(&random, 4); n && k; k--)
                bytes[help_below(&random, (uint32_t)n)] = (char)help_below(&random, 256);
            look(room, (cdp_value){ bytes, n, (cdp_wire)wire }, 0);
            free(bytes);
            cdp_free(room);
        }
        cdp_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),   cmocka_unit_test(test_strings),
        cmocka_unit_test(test_paths),     cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_text_and_copy),
        cmocka_unit_test(test_cjson),     cmocka_unit_test(test_cjson_refused),
        cmocka_unit_test(test_damage),    cmocka_unit_test(test_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
