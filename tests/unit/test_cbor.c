/*
 * test_cbor.c - the CBOR dialect: what is read, what is refused, and what is written.
 *
 * Rows are written in hex.  In them ( and ) stand for an envelope's header, with the length of
 * what is up to ), and for nothing; [ and { for an envelope and the start of an array or map, and
 * ] and } for its break byte.
 */
#include "../support/codec_help.h"
#include "../support/json_tree.h"

#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct bytes {
    unsigned char *p;
    size_t n;
} bytes;

static void put(bytes *b, unsigned c)
{
    b->p = realloc(b->p, b->n + 1);
    b->p[b->n++] = (unsigned char)c;
}

static unsigned digit(char c)
{
    return (unsigned)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
}

static bytes from_hex(const char *hex, bool tagged)
{
    bytes b = { malloc(1), 0 };
    size_t starts[64];
    int depth = 0;

    for (; *hex; hex++) {
        if (strchr("([{", *hex)) {
            put(&b, 0xd8);
            if (tagged)
                put(&b, 0x18);
            put(&b, 0x5a);
            starts[depth++] = b.n;
            for (int i = 0; i < 4; i++)
                put(&b, 0);
            if (*hex != '(')
                put(&b, *hex == '[' ? 0x9f : 0xbf);
        } else if (strchr(")]}", *hex)) {
            if (*hex != ')')
                put(&b, 0xff);
            size_t at = starts[--depth], n = b.n - at - 4;
            for (int i = 0; i < 4; i++)
                b.p[at + (size_t)i] = (unsigned char)(n >> (24 - 8 * i));
        } else if (*hex != ' ') {
            put(&b, digit(hex[0]) << 4 | digit(hex[1]));
            hex++;
        }
    }
    return b;
}

/* ---- values ------------------------------------------------------------------- */

/* RFC 8949, appendix A, as far as the dialect goes, and more of the same kind. */
/* clang-format off */
static const struct row {
    const char *hex, *json; /* NULL: refused */
} rows[] = {
    { "00", "0" }, { "01", "1" }, { "0a", "10" }, { "17", "23" }, { "1818", "24" },
    { "1819", "25" }, { "1864", "100" }, { "1903e8", "1000" }, { "1a000f4240", "1000000" },
    { "20", "-1" }, { "29", "-10" }, { "3863", "-100" }, { "3903e7", "-1000" },
    { "1a7fffffff", "2147483647" }, { "3a7fffffff", "-2147483648" },
    /* every width, also where a shorter one would do */
    { "1801", "1" }, { "190001", "1" }, { "1a00000001", "1" }, { "1b0000000000000001", "1" },
    { "1b000000007fffffff", "2147483647" }, { "1b0000000000012345", "74565" }, { "3801", "-2" },
    { "390001", "-2" }, { "3a00000001", "-2" }, { "3b0000000000000001", "-2" },
    { "3b000000007fffffff", "-2147483648" }, { "1900ff", "255" }, { "19ff00", "65280" },
    { "1a00ff0000", "16711680" }, { "1a01020304", "16909060" }, { "1a80000000", NULL },
    { "3a80000000", NULL }, { "1b0000000080000000", NULL }, { "1b0000000100000001", NULL },
    { "1bffffffffffffffff", NULL }, { "3bffffffffffffffff", NULL }, { "1b000000e8d4a51000", NULL },
    { "3b0000000100000000", NULL }, { "1c", NULL }, { "1d00", NULL }, { "1e00", NULL },
    { "1f", NULL }, { "3f", NULL }, { "fb3ff199999999999a", "1.1" },
    { "fb7e37e43c8800759c", "1.0e+300" }, { "fbc010666666666666", "-4.1" },
    { "fb3ff0000000000000", "1" }, { "fb8000000000000000", "-0" },
    { "fb41dfffffffc00000", "2147483647" }, { "fb41e0000000000000", "2147483648" },
    { "fb0000000000000001", "5e-324" }, { "fb7ff0000000000000", "null" },
    { "fbfff0000000000000", "null" }, { "fb7ff8000000000000", "null" },
    { "fb3ff1999999999999 00", NULL }, { "fb3ff19999999999", NULL }, { "fb", NULL },
    { "f90000", NULL }, { "f93c00", NULL }, { "f97e00", NULL }, { "fa47c35000", NULL },
    { "fa7fc00000", NULL }, { "f4", "false" }, { "f5", "true" }, { "f6", "null" }, { "f7", NULL },
    { "f0", NULL }, { "f818", NULL }, { "f8ff", NULL }, { "f820", NULL }, { "e0", NULL },
    { "ff", NULL }, { "", NULL }, { "f4f4", NULL }, { "60", "\"\"" }, { "6161", "\"a\"" },
    { "6449455446", "\"IETF\"" }, { "62225c", "\"\\\"\\\\\"" }, { "62c3bc", "\"\\u00fc\"" },
    { "63e6b0b4", "\"\\u6c34\"" }, { "64f0908591", "\"\\ud800\\udd51\"" },
    { "6100", "\"\\u0000\"" }, { "6361 0062", "\"a\\u0000b\"" }, { "780161", "\"a\"" },
    { "79000161", "\"a\"" }, { "7a0000000161", "\"a\"" }, { "7b000000000000000161", "\"a\"" },
    { "7b0000000000000003616263", "\"abc\"" }, { "7803616263", "\"abc\"" },
    { "790003616263", "\"abc\"" }, { "7a00000003616263", "\"abc\"" }, { "61", NULL },
    { "6261", NULL }, { "61ff", NULL }, { "6180", NULL }, { "62c080", NULL }, { "63eda080", NULL },
    { "61c3", NULL }, { "64f4908080", NULL }, { "7bfffffffffffffff061", NULL },
    { "7b800000000000000061", NULL }, { "7affffffff61", NULL },
    { "7f657374726561646d696e67ff", NULL }, { "7f", NULL }, { "7c61", NULL }, { "7d61", NULL },
    { "40", "\"\"" }, { "426100", "\"a\"" }, { "44 3d d8 00 de", "\"\\ud83d\\ude00\"" },
    { "4200dc", "\"\\udc00\"" }, { "4200d8", "\"\\ud800\"" },
    { "46 6100 00d8 6200", "\"a\\ud800b\"" }, { "4200 00", "\"\\u0000\"" }, { "58026100", "\"a\"" },
    { "5900026100", "\"a\"" }, { "5a000000026100", "\"a\"" }, { "5b00000000000000026100", "\"a\"" },
    { "4161", NULL }, { "43616263", NULL }, { "4401020304", "\"\\u0201\\u0403\"" },
    { "5f42010243030405ff", NULL }, { "5f", NULL }, { "5bfffffffffffffff06100", NULL },
    { "5b80000000000000006100", NULL }, { "d640", "\"\"" }, { "d64161", "\"YQ==\"" },
    { "d643616263", "\"YWJj\"" }, { "d65803616263", "\"YWJj\"" },
    { "d65b0000000000000003616263", "\"YWJj\"" }, { "d6", NULL }, { "d66161", NULL },
    { "d601", NULL }, { "d6 43 6162", NULL }, { "d6d64161", NULL },
    { "d65bffffffffffffffff61", NULL }, { "c11a514b67b0", NULL }, { "c0", NULL }, { "c060", NULL },
    { "d74401020304", NULL }, { "d818456449455446", NULL }, { "d9d9f700", NULL },
    { "c249010000000000000000", NULL }, { "[]", "[]" }, { "{}", "{}" }, { "[01 02 03]", "[1,2,3]" },
    { "[01 [02 03] [04 05]]", "[1,[2,3],[4,5]]" },
    { "{6161 01 6162 [02 03]}", "{\"a\":1,\"b\":[2,3]}" },
    { "[6161 {6162 6163}]", "[\"a\",{\"b\":\"c\"}]" }, { "{6161 f6}", "{\"a\":null}" },
    { "{426100 01}", "{\"a\":1}" }, { "{60 01}", "{\"\":1}" },
    { "{6161 01 6161 02}", "{\"a\":1,\"a\":2}" }, { "[[[[[[]]]]]]", "[[[[[[]]]]]]" },
    { "80", NULL }, { "83010203", NULL }, { "a0", NULL }, { "a16161 01", NULL }, { "9fff", NULL },
    { "bfff", NULL }, { "9f01ff", NULL }, { "(80)", NULL }, { "(a0)", NULL }, { "(01)", NULL },
    { "(6161)", NULL }, { "()", NULL }, { "(9f)", NULL }, { "(9f01)", NULL }, { "(ff)", NULL },
    { "(9fffff)", NULL }, { "(9f01ff00)", NULL }, { "(9f01ff02ff)", NULL }, { "[ff]", NULL },
    { "[01 ff 02]", NULL }, { "[] 00", NULL }, { "[] []", NULL }, { "[1f]", NULL },
    { "[6261]", NULL }, { "[fb3ff1]", NULL }, { "[9fff]", NULL }, { "[80]", NULL },
    { "[f7]", NULL }, { "[c0]", NULL }, { "{6161}", NULL }, { "{01 01}", NULL },
    { "{f6 01}", NULL }, { "{6161 01 6162}", NULL }, { "{[] 01}", NULL }, { "{d64161 01}", NULL },
    { "{6261 01}", NULL }, { "{61ff 01}", NULL }, { "{6161 ff}", NULL }, { "{4161 01}", NULL },
    /* envelopes of other shapes */
    { "d8 5a 00000002 9fff", "[]" }, { "d8 18 5a 00000002 9fff", "[]" },
    { "d8 5a 00000003 9fff", NULL }, { "d8 5a 00000001 9fff", NULL },
    { "d8 5a 00000000 9fff", NULL }, { "d8 5a ffffffff 9fff", NULL },
    { "d8 5a 7fffffff 9fff", NULL }, { "d8 58 02 9fff", NULL }, { "d8 59 0002 9fff", NULL },
    { "d8 5b 0000000000000002 9fff", NULL }, { "d8 42 9fff", NULL }, { "d8 18 58 02 9fff", NULL },
    { "d8 18 59 0002 9fff", NULL }, { "d8 18 42 9fff", NULL },
    { "d8 18 5b 0000000000000002 9fff", NULL }, { "d8 19 5a 00000002 9fff", NULL }, { "d8", NULL },
    { "d8 5a", NULL }, { "d8 18", NULL }, { "d8 18 5a", NULL }, { "d8 5a 00000002", NULL },
    { "d8 5a 00000002 9f", NULL }, { "d8 7a 00000002 9fff", NULL },
    { "d9 0018 5a 00000002 9fff", NULL }, { "d8 5a 00000008 9f d85a 00000003 9fffff", NULL },
    { "d8 5a 00000009 9f d85a 00000001 9fff ff", NULL },
};
/* clang-format on */

/* Copied, which checks all of it; and nothing beyond it is read. */
static void check_row(const struct row *row, bool tagged)
{
    bytes b = from_hex(row->hex, tagged);
    cdp_value v = { (const char *)b.p, b.n, CDP_CBOR }, *json, *cbor;

    int rc = cdp_value_copy(v, CDP_JSON, &json);
    if ((rc == 0) != (row->json != NULL))
        fail_msg("%s: %d", row->hex, rc);
    if (rc == 0) {
        if (!json_text_equal(json->ptr, json->len, row->json, strlen(row->json)))
            fail_msg("%s: %s", row->hex, json->ptr);
        assert_int_equal(cdp_value_copy(v, CDP_CBOR, &cbor), 0);
        cdp_str *text;
        assert_int_equal(cdp_value_text(*cbor, &text), 0);
        assert_string_equal(text->ptr, json->ptr);
        cdp_free(text);
        cdp_free(cbor);
        cdp_free(json);
        for (size_t n = 0; n < b.n; n++) { /* cut anywhere */
            char *cut = malloc(n + !n);
            memcpy(cut, b.p, n);
            rc = cdp_value_copy((cdp_value){ cut, n, CDP_CBOR }, CDP_JSON, &json);
            assert_int_equal(rc, CDP_EDECODE);
            free(cut);
        }
    } else {
        assert_int_equal(rc, CDP_EDECODE);
        assert_null(json);
    }
    free(b.p);
}

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int tagged = 0; tagged < 2; tagged++)
            check_row(&rows[i], tagged);
    print_message("%zu rows, in both headers\n", sizeof rows / sizeof *rows);
}

/* ---- typed members ------------------------------------------------------------- */

/* clang-format off */
static const struct typed {
    const char *type, *hex, *path; /* path NULL: accepted */
    double value;                  /* of lineNumber or timestamp */
    const char *odd;
} typed[] = {
    { "CallFrame", "00", NULL, 0, NULL }, { "CallFrame", "1b0000000000000001", NULL, 1, NULL },
    { "CallFrame", "1903e8", NULL, 1000, NULL }, { "CallFrame", "1a00012345", NULL, 74565, NULL },
    { "CallFrame", "3b0000000000000100", NULL, -257, NULL }, { "CallFrame", "1801", NULL, 1, NULL },
    { "CallFrame", "fb3ff0000000000000", NULL, 1, NULL },
    { "CallFrame", "fb8000000000000000", NULL, 0, NULL },
    { "CallFrame", "fbc1e0000000000000", NULL, -2147483648.0, NULL },
    { "CallFrame", "fb3ff8000000000000", NULL, 1, "1.5" },
    { "CallFrame", "fb41e0000000000000", NULL, 2147483647, "2147483648" },
    { "CallFrame", "fb7ff8000000000000", NULL, 0, "null" },
    { "CallFrame", "fb7ff0000000000000", NULL, 2147483647, "null" },
    { "CallFrame", "1bffffffffffffffff", "lineNumber", 0, NULL },
    { "CallFrame", "1a80000000", "lineNumber", 0, NULL },
    { "CallFrame", "3a80000000", "lineNumber", 0, NULL },
    { "CallFrame", "f5", "lineNumber", 0, NULL }, { "CallFrame", "6131", "lineNumber", 0, NULL },
    { "CallFrame", "f90000", "lineNumber", 0, NULL },
    { "CallFrame", "fb3ff0", "lineNumber", 0, NULL }, { "CallFrame", "1c", "lineNumber", 0, NULL },
    { "CallFrame", "{}", "lineNumber", 0, NULL }, { "consoleAPICalled", "00", NULL, 0, NULL },
    { "consoleAPICalled", "1a7fffffff", NULL, 2147483647, NULL },
    { "consoleAPICalled", "fb3ff199999999999a", NULL, 1.1, NULL },
    { "consoleAPICalled", "3903e7", NULL, -1000, NULL },
    { "consoleAPICalled", "fb41e0000000000000", NULL, 2147483648.0, NULL },
    { "consoleAPICalled", "1a80000000", "timestamp", 0, NULL },
    { "consoleAPICalled", "fa47c35000", "timestamp", 0, NULL },
    { "consoleAPICalled", "f4", "timestamp", 0, NULL },
    { "consoleAPICalled", "40", "timestamp", 0, NULL },
    { "consoleAPICalled", "fb3ff1", "timestamp", 0, NULL },
};
/* clang-format on */

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        const struct typed *row = &typed[i];
        const bool frame = row->type[0] == 'C';
        const cdp__domain *d;
        const cdp__type *t = help_find_type("Runtime", row->type, &d);
        char hex[128];
        cdp__fault f;
        void *root;
        snprintf(hex, sizeof hex, "{%s%s}",
                 frame ? "6a 6c696e654e756d626572" : "69 74696d657374616d70", row->hex);
        bytes b = from_hex(hex, i % 2);
        int rc = help_decode(d, t, b.p, b.n, CDP_CBOR, false, &root, &f);
        if (rc != (row->path ? CDP_EDECODE : 0))
            fail_msg("%s %s: %d", row->type, row->hex, rc);
        if (rc < 0) {
            assert_string_equal(cdp__fault_path(&f), row->path);
        } else if (frame) {
            const cdp_runtime_call_frame *c = root;
            assert_true(c->line_number == row->value);
            cdp_str odd = cdp_unknown(c, &c->line_number);
            assert_int_equal(odd.ptr != NULL, row->odd != NULL);
            if (row->odd)
                assert_string_equal(odd.ptr, row->odd);
        } else {
            assert_true(((const cdp_runtime_console_api_called_event *)root)->timestamp ==
                        row->value);
        }
        cdp_free(root);
        free(b.p);
    }
}

static void test_strings(void **state)
{
    static const struct {
        const char *hex, *value; /* NULL: refused */
        size_t n;
    } texts[] = {
        { "60", "", 0 },
        { "6161", "a", 1 },
        { "7a0000000161", "a", 1 },
        { "7b000000000000000161", "a", 1 },
        { "62c3bc", "\xc3\xbc", 2 },
        { "6100", "\0", 1 },
        { "40", "", 0 },
        { "426100", "a", 1 },
        { "4200dc", "\xed\xb0\x80", 3 },
        { "443dd800de", "\xf0\x9f\x98\x80", 4 },
        { "d643616263", NULL, 0 },
        { "43616263", NULL, 0 },
        { "61ff", NULL, 0 },
        { "63eda080", NULL, 0 },
        { "7bfffffffffffffff061", NULL, 0 },
        { "5b80000000000000006100", NULL, 0 },
        { "7f6161ff", NULL, 0 },
        { "01", NULL, 0 },
        { "f5", NULL, 0 },
        { "[]", NULL, 0 },
        { "6261", NULL, 0 },
    };
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "CallFrame", &d);

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int utf16_key = 0; utf16_key < 2; utf16_key++) {
            char hex[128];
            cdp__fault f;
            void *root;
            /* Between a string and another, so that each gets its NUL and loses nothing. */
            snprintf(hex, sizeof hex, "{686e6f20737563686131 %s%s 6873637269707449646131}",
                     utf16_key ? "46750072006c00" : "6375726c", texts[i].hex);
            bytes b = from_hex(hex, utf16_key);
            int rc = help_decode(d, t, b.p, b.n, CDP_CBOR, false, &root, &f);
            assert_int_equal(rc == 0, texts[i].value != NULL);
            if (rc == 0) {
                const cdp_runtime_call_frame *c = root;
                assert_int_equal(c->url.len, texts[i].n);
                assert_memory_equal(c->url.ptr, texts[i].value, texts[i].n);
                assert_int_equal(c->url.ptr[c->url.len], 0);
                assert_string_equal(c->script_id.ptr, "1");
            }
            cdp_free(root);
            free(b.p);
        }
}

/* Binary is taken as it is, and base64 as well. */
static void test_binary(void **state)
{
    static const struct {
        const char *hex;
        int n; /* -1: refused */
    } rows_[] = {
        { "d640", 0 },        { "d643616263", 3 }, { "d65803616263", 3 },
        { "64 59574a6a", 3 }, { "60", 0 },         { "6159", -1 },
        { "642a2a2a2a", -1 }, { "d66161", -1 },    { "d6 43 6162", -1 },
        { "43616263", -1 },   { "01", -1 },        { "d65bfffffffffffffff061", -1 },
    };
    help_method m;

    (void)state;
    assert_true(help_find_method(cdp_s("Debugger.getWasmBytecode"), &m));
    for (size_t i = 0; i < sizeof rows_ / sizeof *rows_; i++) {
        char hex[96];
        cdp__fault f;
        void *root;
        snprintf(hex, sizeof hex, "{68 62797465636f6465 %s}", rows_[i].hex);
        bytes b = from_hex(hex, false);
        int rc = help_decode(m.d, m.result, b.p, b.n, CDP_CBOR, false, &root, &f);
        if (rc != (rows_[i].n < 0 ? CDP_EDECODE : 0))
            fail_msg("%s: %d", rows_[i].hex, rc);
        if (rc == 0) {
            const cdp_debugger_get_wasm_bytecode_result *res = root;
            assert_non_null(res->bytecode.ptr);
            assert_int_equal(res->bytecode.len, rows_[i].n);
            assert_memory_equal(res->bytecode.ptr, "abc", (size_t)rows_[i].n);
        }
        cdp_free(root);
        free(b.p);
    }
}

/* What stands in an any is stepped over, and checked when it is read or sent on. */
static void test_any(void **state)
{
    static const char *const bad[] = { "(9f 1c ff)", "[61ff]",  "[d66161]", "[1a80000000]",
                                       "[f7]",       "{01 01}", "[ff]",     "(9f9fffff)" };
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Runtime", "RemoteObject", &d);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char hex[128], *out;
        size_t n;
        cdp__fault f;
        void *root;
        cdp_str *text;
        snprintf(hex, sizeof hex, "{65 76616c7565 %s}", bad[i]);
        bytes b = from_hex(hex, false);
        int rc = help_decode(d, t, b.p, b.n, CDP_CBOR, false, &root, &f);
        if (rc == 0) {
            const cdp_runtime_remote_object *o = root;
            assert_int_equal(cdp_value_text(o->value, &text), CDP_EDECODE);
            for (int wire = 0; wire < 2; wire++) {
                rc = help_encode(d, t, root, (cdp_wire)wire, false, &out, &n, &f);
                assert_int_equal(rc, CDP_EDECODE);
                assert_string_equal(cdp__fault_path(&f), "value");
            }
            cdp_cursor c = cdp_cursor_begin(o->value);
            while (cdp_cursor_next(&c))
                assert_int_equal(cdp_value_str(root, c.value).len, 0);
        } else {
            assert_int_equal(rc, CDP_EDECODE);
        }
        cdp_free(root);
        free(b.p);
    }
}

/* ---- what is written ------------------------------------------------------------ */

static void test_written(void **state)
{
    static const struct {
        const char *json, *hex;
    } out[] = {
        { "0", "00" },
        { "23", "17" },
        { "24", "1818" },
        { "255", "18ff" },
        { "256", "190100" },
        { "65535", "19ffff" },
        { "65536", "1a00010000" },
        { "2147483647", "1a7fffffff" },
        { "-1", "20" },
        { "-24", "37" },
        { "-25", "3818" },
        { "-2147483648", "3a7fffffff" },
        { "2147483648", "fb41e0000000000000" },
        { "-2147483649", "fbc1e0000000200000" },
        { "1.0", "01" },
        { "1e2", "1864" },
        { "-0", "fb8000000000000000" },
        { "0.5", "fb3fe0000000000000" },
        { "true", "f5" },
        { "false", "f4" },
        { "null", "f6" },
        { "\"\"", "60" },
        { "\"a\"", "6161" },
        { "\"\\u00fc\"", "62c3bc" },
        { "\"\\ud800\"", "4200d8" },
        { "\"\\ud83d\\ude00\"", "64f09f9880" },
        { "\"012345678901234567890123\"", "7818303132333435363738393031323334353637383930313233" },
        { "[]", "[]" },
        { "{}", "{}" },
        { " [ 1 , { \"a\" : [ ] } ] ", "[01 {6161 []}]" },
        { "{\"\\u0061\":{\"b\":null}}", "{6161 {6162 f6}}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        for (int tagged = 0; tagged < 2; tagged++) {
            size_t n;
            char *got = help_to_cbor(out[i].json, strlen(out[i].json), tagged, &n);
            bytes want = from_hex(out[i].hex, tagged);
            assert_int_equal(n, want.n);
            assert_memory_equal(got, want.p, n);
            free(got);
            free(want.p);
        }
}

static void test_depth(void **state)
{
    (void)state;
    for (int depth = 1022; depth <= 1026; depth++) {
        char *json = malloc((size_t)depth * 2);
        cdp_value *cbor, *copy;
        memset(json, '[', (size_t)depth);
        memset(json + depth, ']', (size_t)depth);
        int rc = cdp_value_copy((cdp_value){ json, (size_t)depth * 2, CDP_JSON }, CDP_CBOR, &cbor);
        assert_int_equal(rc, depth <= 1024 ? 0 : CDP_ETOOBIG);
        free(json);
        if (rc < 0)
            continue;
        assert_int_equal(cdp_value_copy(*cbor, CDP_JSON, &copy), 0);
        cdp_free(copy);
        /* one more around it */
        bytes b = { malloc(1), 0 };
        static const unsigned char head[] = { 0xd8, 0x5a };
        for (int i = 0; i < 2; i++)
            put(&b, head[i]);
        for (int i = 0; i < 4; i++)
            put(&b, (unsigned)((cbor->len + 2) >> (24 - 8 * i)) & 255);
        put(&b, 0x9f);
        for (size_t i = 0; i < cbor->len; i++)
            put(&b, (unsigned char)cbor->ptr[i]);
        put(&b, 0xff);
        rc = cdp_value_copy((cdp_value){ (char *)b.p, b.n, CDP_CBOR }, CDP_JSON, &copy);
        assert_int_equal(rc, depth + 1 <= 1024 ? 0 : CDP_ETOOBIG);
        cdp_free(copy);
        cdp_free(cbor);
        free(b.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings), cmocka_unit_test(test_binary),
        cmocka_unit_test(test_any),     cmocka_unit_test(test_written),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
