/*
 * test_json.c - what is JSON and what is not, and what typed members make of odd values.
 *
 * Tables of our own; what they say is also asked of a reader written apart (json_tree.h).
 */
#define CDP_NO_DEPRECATED
#include "../support/codec_help.h"
#include "../support/json_tree.h"

#include <cdp/browser.h>
#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the grammar ------------------------------------------------------------- */

#define T(s)            \
    {                   \
        s, sizeof s - 1 \
    }
typedef struct text {
    const char *p;
    size_t n;
} text;

/* clang-format off */
static const text accepted[] = {
    T("null"), T("true"), T("false"), T("0"), T("-0"), T("1"), T("-1"), T("10"), T("0.5"),
    T("-0.0"), T("1e1"), T("1E1"), T("1e+1"), T("1e-1"), T("1.5e300"), T("0e0"), T("0e+99"),
    T("123456789012345678901234567890"), T("1e400"), T("-1e400"), T("1e-400"), T("5e-324"),
    T("\"\""), T("\"a\""), T("\" \""), T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), T("\"\\u0000\""),
    T("\"\\u00e9\""), T("\"\\uABCD\""), T("\"\\uabcd\""), T("\"\\ud83d\\ude00\""), T("\"\\ud800\""),
    T("\"\\udc00\""), T("\"\\udc00\\ud800\""), T("\"\\ud800\\ud800\\udc00\""), T("\"\\ud800x\""),
    T("\"\\ud800\\n\""), T("\"\xc2\x80\""), T("\"\xdf\xbf\""), T("\"\xe0\xa0\x80\""),
    T("\"\xed\x9f\xbf\""), T("\"\xee\x80\x80\""), T("\"\xef\xbf\xbf\""), T("\"\xf0\x90\x80\x80\""),
    T("\"\xf4\x8f\xbf\xbf\""), T("\"\x7f\""), T("\"\xe2\x80\xa8\""),
    T("\"a string of more than thirty-two bytes, so that vectors turn\""),
    T("\"0123456789abcdef0123456789abcdef\\n\""), T("\"0123456789abcde\xc3\xa9\""), T("[]"),
    T("[ ]"), T("[1]"), T("[1,2]"), T("[1, 2 ,3 ]"), T("[[]]"), T("[[],[]]"), T("[{}]"),
    T("[null,true,false]"), T("{}"), T("{ }"), T("{\"a\":1}"), T("{\"a\" : 1 , \"b\":2}"),
    T("{\"\":0}"), T("{\"a\":{}}"), T("{\"a\":[]}"), T("{\"a\":1,\"a\":2}"), T("{\"\\u0061\":1}"),
    T("{\"\\ud800\":1}"), T(" 1"), T("1 "), T("\t\r\n 1 \t\r\n"), T("\n{\n\"a\"\n:\n1\n}\n"),
    T("[1e5]"), T("[-1.25e-3]"), T("{\"a\":\"b\",\"c\":[true]}"), T("[\"\",\"\"]"),
    T("[0,0.0,0e1]"), T("9007199254740993"), T("[[[[[[[[[[]]]]]]]]]]"),
};
/* clang-format on */

/* clang-format off */
static const text refused[] = {
    T(""), T(" "), T("\n"), T("n"), T("nul"), T("nulll"), T("nullx"), T("Null"), T("NULL"),
    T("tru"), T("truex"), T("True"), T("fals"), T("falsee"), T("None"), T("undefined"), T("NaN"),
    T("Infinity"), T("-Infinity"), T("-"), T("+1"), T("--1"), T("01"), T("-01"), T("007"), T("00"),
    T(".5"), T("-.5"), T("5."), T("1.e1"), T("1e"), T("1E"), T("1e+"), T("1e-"), T("1e1.5"),
    T("1.2.3"), T("0x10"), T("1a"), T("1,"), T("1 2"), T("1_000"), T("1\xc2\xa0"),
    T("\xe2\x81\xa0 1"), T("\""), T("\"a"), T("\"\\"), T("\"\\\""), T("\"\\a\""), T("\"\\x41\""),
    T("\"\\'\""), T("\"\\u\""), T("\"\\u0\""), T("\"\\u00\""), T("\"\\u000\""), T("\"\\u000g\""),
    T("\"\\U0041\""), T("\"\\u+041\""), T("\"\\ud800\\u\""), T("\"\\ud800\\ud\""),
    T("\"\\ud800\\udcx0\""), T("\"\x01\""), T("\"\x1f\""), T("\"\n\""), T("\"\t\""), T("\"\0\""),
    T("\"a\0b\""), T("'a'"), T("a"), T("\"a\"b"), T("\"a\" \"b\""), T("\"\x80\""), T("\"\xbf\""),
    T("\"\xc0\x80\""), T("\"\xc1\xbf\""), T("\"\xc2\""), T("\"\xc2\x41\""), T("\"\xe0\x80\x80\""),
    T("\"\xe0\x9f\xbf\""), T("\"\xe2\x82\""), T("\"\xed\xa0\x80\""), T("\"\xed\xbf\xbf\""),
    T("\"\xf0\x80\x80\x80\""), T("\"\xf0\x8f\xbf\xbf\""), T("\"\xf0\x90\x80\""),
    T("\"\xf4\x90\x80\x80\""), T("\"\xf5\x80\x80\x80\""), T("\"\xff\""), T("\"\xfe\xff\""),
    T("\"0123456789abcdef0123456789abcdef\x01\""), T("\"0123456789abcdef0123456789abcde\xff\""),
    T("["), T("[ "), T("]"), T("[1"), T("[1,"), T("[1,]"), T("[,]"), T("[,1]"), T("[1,,2]"),
    T("[1 2]"), T("[1:2]"), T("[1}"), T("[}"), T("[[]"), T("[]]"), T("[\"a\",\n"), T("[\"\""),
    T("[1,\n1\n,1"), T("[*]"), T("[<null>]"), T("[-]"), T("[1.]"), T("[\x00]"), T("[\x0b]"),
    T("[1\x0c]"), T("{"), T("{ "), T("}"), T("{]"), T("{\"a\""), T("{\"a\":"), T("{\"a\":1"),
    T("{\"a\":1,"), T("{\"a\":1,}"), T("{,}"), T("{,\"a\":1}"), T("{\"a\" 1}"), T("{\"a\",1}"),
    T("{\"a\"::1}"), T("{\"a\":1 \"b\":2}"), T("{\"a\":1,,\"b\":2}"), T("{a:1}"), T("{'a':1}"),
    T("{1:1}"), T("{null:1}"), T("{\"a\":}"), T("{:1}"), T("{\"a\":1]"), T("{\"a\":1}}"),
    T("{\"a\":1}x"), T("{\"a\":1}/**/"), T("/**/1"), T("//\n1"), T("1//"), T("#1"),
    T("{\"a\":/*c*/1}"), T("\xef\xbb\xbf{}"), T("\xef\xbb\xbf"), T("\xff\xfe{\0}\0"), T("{}\0"),
    T("1\0"), T("\0"), T("[][]"), T("{}{}"), T("{}[]"), T("\x01" "1"), T("1\x01"), T("1\xff"),
    T("*"), T("<.>"), T("\\u0031"), T("&"), T("{\"\xff\":1}"), T("{\"\n\":1}"), T("{\"\\x\":1}"),
    T("{\"a\":\"\\u12\"}"), T("[\"\\ud83d\\ude0\"]"), T("{\"a\":tru}"), T("[nul]"), T("[1e]"),
    T("[0x1]"), T("[01]"), T("[+1]"), T("[.1]"), T("[1.e1]"), T("[NaN]"),
};
/* clang-format on */

/* As a value, as an unknown member of a typed struct, and by the other reader. */
static void check_text(text t, bool good)
{
    cdp_value *copy;
    char *tight = malloc(t.n + !t.n); /* so that a byte too far is seen */
    memcpy(tight, t.p, t.n);
    cdp_value v = { tight, t.n, CDP_JSON };
    json_tree *tree = json_tree_parse(tight, t.n);

    assert_int_equal(tree != NULL, good);
    json_tree_free(tree);
    int rc = cdp_value_copy(v, CDP_JSON, &copy);
    if ((rc == 0) != good)
        fail_msg("%.*s: %d", (int)t.n, t.p, rc);
    if (good)
        assert_true(json_text_equal(copy->ptr, copy->len, t.p, t.n));
    else
        assert_int_equal(rc, CDP_EDECODE);
    cdp_free(copy);

    const cdp__domain *d;
    const cdp__type *type = help_find_type("Runtime", "RemoteObject", &d);
    static const char *const members[] = { "value", "no such" }; /* of any type, and unknown */
    for (int i = 0; i < 2; i++) {
        char object[300];
        cdp__fault f;
        void *root;
        int n = snprintf(object, sizeof object, "{\"%s\":", members[i]);
        memcpy(object + n, t.p, t.n);
        object[n + (int)t.n] = '}';
        rc = help_decode(d, type, object, (size_t)n + t.n + 1, CDP_JSON, false, &root, &f);
        if ((rc == 0) != good)
            fail_msg("in an object: %.*s: %d %s", (int)t.n, t.p, rc, f.why);
        cdp_free(root);
    }
    free(tight);
}

static void test_grammar(void **state)
{
    enum { GOOD = sizeof accepted / sizeof *accepted, BAD = sizeof refused / sizeof *refused };

    (void)state;
    for (int i = 0; i < GOOD; i++)
        check_text(accepted[i], true);
    for (int i = 0; i < BAD; i++)
        check_text(refused[i], false);
    print_message("%d texts accepted, %d refused\n", GOOD, BAD);
    assert_true(GOOD + BAD >= 150);
}

/* ---- typed members ------------------------------------------------------------ */

typedef struct number_row {
    const char *text;
    int rc;
    double value;
    const char *odd; /* remembered */
} number_row;

/* clang-format off */
static const number_row ints[] = {
    { "0", 0, 0, NULL }, { "-0", 0, 0, NULL }, { "-0.0", 0, 0, NULL }, { "7", 0, 7, NULL },
    { "-7", 0, -7, NULL }, { "1.0", 0, 1, NULL }, { "1e2", 0, 100, NULL }, { "10e-1", 0, 1, NULL },
    { "2147483647", 0, 2147483647, NULL }, { "-2147483648", 0, -2147483648.0, NULL },
    { "-2147483648.0", 0, -2147483648.0, NULL }, { "999999999", 0, 999999999, NULL },
    { "1000000000", 0, 1000000000, NULL }, { "0e5", 0, 0, NULL }, { "1.5", 0, 1, "1.5" },
    { "-1.5", 0, -1, "-1.5" }, { "2147483648", 0, 2147483647, "2147483648" },
    { "-2147483649", 0, -2147483648.0, "-2147483649" }, { "3e9", 0, 2147483647, "3e9" },
    { "12345678901234567890", 0, 2147483647, "12345678901234567890" }, { "5e-324", 0, 0, "5e-324" },
    { "1e400", CDP_EDECODE, 0, NULL }, { "-1e400", CDP_EDECODE, 0, NULL },
    { "007", CDP_EDECODE, 0, NULL }, { "-01", CDP_EDECODE, 0, NULL },
    { ".5", CDP_EDECODE, 0, NULL }, { "5.", CDP_EDECODE, 0, NULL }, { "1e", CDP_EDECODE, 0, NULL },
    { "+1", CDP_EDECODE, 0, NULL }, { "NaN", CDP_EDECODE, 0, NULL },
    { "0x10", CDP_EDECODE, 0, NULL }, { "1x", CDP_EDECODE, 0, NULL }, { "", CDP_EDECODE, 0, NULL },
    { "-", CDP_EDECODE, 0, NULL }, { "\"1\"", CDP_EDECODE, 0, NULL },
    { "true", CDP_EDECODE, 0, NULL }, { "[1]", CDP_EDECODE, 0, NULL },
    { "{}", CDP_EDECODE, 0, NULL },
};
/* clang-format on */

static void test_ints(void **state)
{
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "CallFrame", &d);

    (void)state;
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        char json[128];
        cdp__fault f;
        void *root;
        const number_row *row = &ints[i];
        int n = snprintf(json, sizeof json, "{\"lineNumber\":%s}", row->text);
        int rc = help_decode(d, t, json, (size_t)n, CDP_JSON, false, &root, &f);
        if (rc != row->rc)
            fail_msg("%s: %d", row->text, rc);
        if (rc < 0) {
            assert_string_equal(cdp__fault_path(&f), "lineNumber");
            continue;
        }
        const cdp_runtime_call_frame *frame = root;
        assert_true(frame->line_number == row->value);
        cdp_str odd = cdp_unknown(frame, &frame->line_number);
        assert_int_equal(odd.ptr != NULL, row->odd != NULL);
        if (row->odd)
            assert_string_equal(odd.ptr, row->odd);
        cdp_free(root);
        rc = help_decode(d, t, json, (size_t)n, CDP_JSON, true, &root, &f);
        assert_int_equal(rc, CDP_EDECODE);
        assert_string_equal(cdp__fault_path(&f), row->odd ? "lineNumber" : "functionName");
    }
}

/* clang-format off */
static const number_row numbers[] = {
    { "0", 0, 0, NULL }, { "-0", 0, -0.0, NULL }, { "-0.0", 0, -0.0, NULL },
    { "0.1", 0, 0.1, NULL }, { "9007199254740993", 0, 9007199254740992.0, NULL },
    { "1e-400", 0, 0, NULL }, { "5e-324", 0, 5e-324, NULL },
    { "1.7976931348623157e308", 0, 1.7976931348623157e308, NULL }, { "1e+21", 0, 1e21, NULL },
    { "123456789012345680000.0", 0, 123456789012345680000.0, NULL },
    { "1.7976931348623159e308", CDP_EDECODE, 0, NULL }, { "1e400", CDP_EDECODE, 0, NULL },
    { "-1e400", CDP_EDECODE, 0, NULL }, { "01", CDP_EDECODE, 0, NULL },
    { "1.", CDP_EDECODE, 0, NULL }, { "\"1\"", CDP_EDECODE, 0, NULL },
    { "Infinity", CDP_EDECODE, 0, NULL }, { "1 2", CDP_EDECODE, 0, NULL },
};
/* clang-format on */

static void test_numbers(void **state)
{
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "consoleAPICalled", &d);

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char json[128];
        cdp__fault f;
        void *root;
        const number_row *row = &numbers[i];
        int n = snprintf(json, sizeof json, "{\"timestamp\":%s}", row->text);
        int rc = help_decode(d, t, json, (size_t)n, CDP_JSON, false, &root, &f);
        if (rc != row->rc)
            fail_msg("%s: %d", row->text, rc);
        if (rc < 0)
            continue;
        const cdp_runtime_console_api_called_event *ev = root;
        assert_true(ev->timestamp == row->value);
        assert_int_equal(!!signbit(ev->timestamp), !!signbit(row->value));
        cdp_free(root);
    }
}

static void test_strings(void **state)
{
    static const struct {
        const char *json;
        text value;
    } rows[] = {
        { "\"\"", T("") },
        { "\"a\\u0000b\"", T("a\0b") },
        { "\"a\\ud800b\"", T("a\xed\xa0\x80"
                             "b") },
        { "\"\\udc00\"", T("\xed\xb0\x80") },
        { "\"\\ud800\\ud83d\\ude00\"", T("\xed\xa0\x80\xf0\x9f\x98\x80") },
        { "\"\\u2028\\\"\\\\\\/\\b\\f\\n\\r\\t\"", T("\xe2\x80\xa8\"\\/\b\f\n\r\t") },
        { "\"\xc3\xa9 \xf0\x9f\x98\x80\"", T("\xc3\xa9 \xf0\x9f\x98\x80") },
        { "\"\x7f\"", T("\x7f") },
    };
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "CallFrame", &d);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int key = 0; key < 3; key++) { /* escaped and blank-ridden keys find their member */
            static const char *const keys[] = { "\"url\":", "\"u\\u0072l\":", "\"url\" \n: " };
            char json[128];
            cdp__fault f;
            void *root;
            int n = snprintf(json, sizeof json, " { %s%s } ", keys[key], rows[i].json);
            assert_int_equal(help_decode(d, t, json, (size_t)n, CDP_JSON, false, &root, &f), 0);
            const cdp_runtime_call_frame *frame = root;
            assert_int_equal(frame->url.len, rows[i].value.n);
            assert_memory_equal(frame->url.ptr, rows[i].value.p, rows[i].value.n + 1);
            cdp_free(root);
        }
}

/* Repeated members: the last counts, also for what is remembered. */
static void test_repeated(void **state)
{
    static const struct {
        const char *json, *again;
    } rows[] = {
        { "{\"type\":\"x\",\"type\":\"y\"}", "{\"type\":\"y\"}" },
        { "{\"type\":\"x\",\"type\":\"string\"}", "{\"type\":\"string\"}" },
        { "{\"type\":\"string\",\"type\":\"x\"}", "{\"type\":\"x\"}" },
        { "{\"description\":\"a\",\"description\":null}", "{\"description\":null}" },
        { "{\"description\":null,\"description\":\"a\"}", "{\"description\":\"a\"}" },
        { "{\"value\":1,\"value\":null}", "{\"value\":null}" },
        { "{\"preview\":{\"overflow\":true},\"preview\":{}}", "{\"preview\":{}}" },
        { "{\"type\":null,\"type\":\"string\"}", "{\"type\":\"string\"}" },
        { "{\"zz\":1,\"zz\":2}", "{\"zz\":1,\"zz\":2}" },
    };
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "RemoteObject", &d);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cdp__fault f;
        void *root;
        char *out;
        size_t n;
        assert_int_equal(
            help_decode(d, t, rows[i].json, strlen(rows[i].json), CDP_JSON, false, &root, &f), 0);
        assert_int_equal(help_encode(d, t, root, CDP_JSON, false, &out, &n, &f), 0);
        assert_string_equal(out, rows[i].again);
        free(out);
        cdp_free(root);
    }
}

/* A member that the program sets after decoding is what is sent. */
static void test_set_after_decoding(void **state)
{
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "CallFrame", &d);
    static const char json[] = "{\"lineNumber\":3e9,\"columnNumber\":1.5}";
    cdp__fault f;
    void *root;
    char *out;
    size_t n;

    (void)state;
    assert_int_equal(help_decode(d, t, json, sizeof json - 1, CDP_JSON, false, &root, &f), 0);
    ((cdp_runtime_call_frame *)root)->line_number = 5;
    assert_int_equal(help_encode(d, t, root, CDP_JSON, false, &out, &n, &f), 0);
    assert_string_equal(out, "{\"lineNumber\":5,\"columnNumber\":1.5}");
    free(out);
    cdp_free(root);
}

/* Odd numbers in lists of lists stay where they were. */
static void test_lists_of_lists(void **state)
{
    const cdp__domain *d;
    const cdp__type *t = help_find_type("DOMSnapshot", "NodeTreeSnapshot", &d);
    static const char json[] =
        "{\"attributes\":[[1,3e9],[2,4e9,1.5],[],[5e9]],\"nodeType\":[6e9,1]}";

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        cdp__fault f;
        void *root;
        char *out, *cbor;
        size_t n, m;
        cbor = help_to_cbor(json, sizeof json - 1, false, &m);
        assert_int_equal(help_decode(d, t, wire ? cbor : json, wire ? m : sizeof json - 1,
                                     (cdp_wire)wire, false, &root, &f),
                         0);
        assert_int_equal(help_encode(d, t, root, CDP_JSON, false, &out, &n, &f), 0);
        assert_true(json_text_equal(out, n, json, sizeof json - 1));
        free(out);
        free(cbor);
        cdp_free(root);
    }
}

/* Words in a list: each is remembered where it stands. */
static void test_list_of_words(void **state)
{
    static const char json[] = "{\"permissions\":[\"x\",\"geolocation\",\"y\"]}";
    cdp_browser_permission_type unset[] = { CDP_BROWSER_PERMISSION_TYPE_GEOLOCATION, 0 };
    cdp_browser_grant_permissions_params p = { .permissions = { unset, 2 } };
    help_method m;
    cdp__fault f;
    void *root;
    char *out;
    size_t n;

    (void)state;
    assert_true(help_find_method(cdp_s("Browser.grantPermissions"), &m));
    assert_int_equal(help_decode(m.d, m.params, json, sizeof json - 1, CDP_JSON, false, &root, &f),
                     0);
    const cdp_browser_grant_permissions_params *in = root;
    const cdp_browser_permission_type *words = in->permissions.items;
    assert_true((int)words[0] == -1 && words[1] == unset[0] && (int)words[2] == -1);
    assert_string_equal(cdp_unknown(in, &words[0]).ptr, "x");
    assert_null(cdp_unknown(in, &words[1]).ptr);
    assert_string_equal(cdp_unknown(in, &words[2]).ptr, "y");
    assert_int_equal(help_encode(m.d, m.params, in, CDP_JSON, false, &out, &n, &f), 0);
    assert_string_equal(out, json);
    free(out);
    cdp_free(root);

    /* what can't be sent */
    for (int i = 0; i < 3; i++) {
        memcpy(&unset[1], &(int){ i == 0 ? 0 : i == 1 ? 9999 : -1 }, sizeof unset[1]);
        assert_int_equal(help_encode(m.d, m.params, &p, CDP_JSON, false, &out, &n, &f), CDP_EINVAL);
        assert_string_equal(cdp__fault_path(&f), "permissions.1");
    }
    p.permissions.items = NULL;
    assert_int_equal(help_encode(m.d, m.params, &p, CDP_JSON, false, &out, &n, &f), CDP_EINVAL);
    assert_string_equal(cdp__fault_path(&f), "permissions");
}

/* ---- depth --------------------------------------------------------------------- */

static char *nested(int depth, const char *open, const char *inner, const char *close)
{
    size_t a = strlen(open), b = strlen(close), i = strlen(inner);
    char *p = malloc((a + b) * (size_t)depth + i + 1), *q = p;

    for (int k = 0; k < depth; k++, q += a)
        memcpy(q, open, a);
    memcpy(q, inner, i);
    q += i;
    for (int k = 0; k < depth; k++, q += b)
        memcpy(q, close, b);
    *q = 0;
    return p;
}

static void test_depth(void **state)
{
    static const struct {
        int depth, typed, any;
    } rows[] = { { 100, 0, 0 },
                 { 300, 0, 0 },
                 { 301, CDP_ETOOBIG, 0 },
                 { 1023, CDP_ETOOBIG, 0 },
                 { 1024, CDP_ETOOBIG, CDP_EDECODE },
                 { 50000, CDP_ETOOBIG, CDP_EDECODE } };
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "StackTrace", &d);
    const cdp__type *object = help_find_type("Runtime", "RemoteObject", &d);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cdp__fault f;
        void *root;
        cdp_value *copy;
        char *typed = nested(rows[i].depth - 1, "{\"parent\":", "{}", "}");
        assert_int_equal(help_decode(d, t, typed, strlen(typed), CDP_JSON, false, &root, &f),
                         rows[i].typed);
        cdp_free(root);
        char *arrays = nested(rows[i].depth, "[", "", "]");
        char *any = malloc(strlen(arrays) + 32);
        sprintf(any, "{\"value\":%s}", arrays);
        assert_int_equal(help_decode(d, object, any, strlen(any), CDP_JSON, false, &root, &f),
                         rows[i].any);
        cdp_free(root);
        assert_int_equal(cdp_value_copy(cdp_json(arrays), CDP_CBOR, &copy),
                         rows[i].depth <= 1024 ? 0 : CDP_ETOOBIG);
        cdp_free(copy);
        free(any);
        free(arrays);
        free(typed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),        cmocka_unit_test(test_ints),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_repeated),       cmocka_unit_test(test_set_after_decoding),
        cmocka_unit_test(test_lists_of_lists), cmocka_unit_test(test_list_of_words),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
