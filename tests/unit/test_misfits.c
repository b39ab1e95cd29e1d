/*
 * test_misfits.c - every member of every type as peers of other revisions may send it: missing,
 * null, of another type, with words and members that the tables do not know.
 *
 * Whatever is accepted comes back byte by byte, in both help_encodings.
 */
#include "../support/codec_help.h"
#include "../support/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- what is missing ---------------------------------------------------- */

/* No required pointer of a decoded struct is NULL, however deep. */
static void check_pointers(const cdp__domain *d, const cdp__type *t, const char *s, int depth)
{
    assert_true(depth < 20);
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *field = &d->fields[t->first + i];
        if (!(field->flags & CDP__REQUIRED))
            continue;
        const void *p;
        memcpy(&p, s + field->offset, sizeof p);
        if (field->is.kind == CDP__STR)
            assert_non_null(p);
        if (field->is.kind != CDP__STRUCT)
            continue;
        assert_non_null(p);
        const cdp__domain *owner = field->is.dep ? d->deps[field->is.dep - 1] : d;
        check_pointers(owner, &owner->types[field->is.ref], p, depth + 1);
    }
}

static void check_empty(const cdp__domain *d, const cdp__type *t, void *data)
{
    static const char empty_cbor[] = "\xd8\x5a\0\0\0\2\xbf\xff";
    unsigned *strict_refusals = data;
    cdp__fault f;
    void *root;

    for (int wire = 0; wire < 2; wire++) {
        const char *bytes = wire == CDP_JSON ? "{}" : empty_cbor;
        size_t n = wire == CDP_JSON ? 2 : sizeof empty_cbor - 1;
        assert_int_equal(help_decode(d, t, bytes, n, (cdp_wire)wire, false, &root, &f), 0);
        check_pointers(d, t, root, 0);
        help_image back = help_encoded(d, t, root, wire == CDP_JSON ? 0 : 1);
        assert_int_equal(back.n, n);
        assert_memory_equal(back.p, bytes, n); /* stays missing */
        free(back.p);
        cdp_free(root);

        int rc = help_decode(d, t, bytes, n, (cdp_wire)wire, true, &root, &f);
        assert_int_equal(rc, t->required ? CDP_EDECODE : 0);
        if (rc == 0) {
            cdp_free(root);
            continue;
        }
        unsigned first = (unsigned)__builtin_ctzll(t->required);
        const cdp__field *field = &d->fields[t->first + first];
        assert_true(cdp_str_eq(cdp_s(cdp__fault_path(&f)),
                               cdp_sn(d->names + field->name, field->name_len)));
        ++*strict_refusals;
    }
}

static void test_missing(void **state)
{
    unsigned refusals = 0;

    (void)state;
    help_each_type(check_empty, &refusals);
    assert_true(refusals > 500);
}

/* ---- one member at a time ------------------------------------------------ */

/* {"NAME":TEXT} in that encoding, malloc'd. */
static help_image member_alone(const cdp__domain *d, const cdp__field *field, const char *text,
                               unsigned e)
{
    char json[256];
    help_image out;

    snprintf(json, sizeof json, "{\"%.*s\":%s}", field->name_len, d->names + field->name, text);
    out.n = strlen(json);
    if (help_encodings[e].wire == CDP_CBOR) {
        out.p = help_to_cbor(json, out.n, help_encodings[e].tagged, &out.n);
    } else {
        out.p = malloc(out.n + 1);
        memcpy(out.p, json, out.n + 1);
    }
    return out;
}

/* In lenient decoding null is as good as absent, for members that are required as well, and comes
 * back as null. */
static void check_null(const cdp__domain *d, const cdp__type *t, void *data)
{
    cdp__fault f;
    void *root;

    (void)data;
    for (unsigned e = 0; e < HELP_ENCODINGS; e++)
        for (unsigned i = 0; i < t->n; i++) {
            const cdp__field *field = &d->fields[t->first + i];
            help_image in = member_alone(d, field, "null", e);
            assert_int_equal(
                help_decode(d, t, in.p, in.n, help_encodings[e].wire, false, &root, &f), 0);
            check_pointers(d, t, root, 0);
            help_image back = help_encoded(d, t, root, e);
            assert_int_equal(back.n, in.n);
            assert_memory_equal(back.p, in.p, in.n);
            cdp_free(root);
            free(back.p);
            int rc = help_decode(d, t, in.p, in.n, help_encodings[e].wire, true, &root, &f);
            if (field->is.kind != CDP__ANY) {
                assert_int_equal(rc, CDP_EDECODE);
                assert_true(cdp_str_eq(cdp_s(cdp__fault_path(&f)),
                                       cdp_sn(d->names + field->name, field->name_len)));
            }
            cdp_free(root);
            free(in.p);
        }
}

static const char *wrong_for(cdp__kind kind)
{
    switch (kind) {
    case CDP__STR:
    case CDP__ENUM:
        return "1";
    case CDP__BYTES:
        return "\"*\"";
    case CDP__OBJECT:
    case CDP__STRUCT:
        return "[]";
    case CDP__LIST:
        return "{}";
    case CDP__ANY:
        return NULL;
    default:
        return "\"x\"";
    }
}

/* What peers send: a value of another type reads as a missing one, is told, and comes back. */
static void check_kept(const cdp__domain *d, const cdp__type *t, const cdp__field *field,
                       const char *wrong, unsigned e)
{
    help_image in = member_alone(d, field, wrong, e);
    cdp__fault f;
    void *root;

    assert_int_equal(help_receive(d, t, in.p, in.n, help_encodings[e].wire, &root, &f), 0);
    check_pointers(d, t, root, 0);
    if (*wrong != '[' || field->is.kind != CDP__LIST) {
        const char *member = (char *)root + field->offset;
        cdp_str told = cdp__unknown(root, cdp__extra_in(t, root), member);
        assert_string_equal(told.ptr, wrong);
    }
    help_image back = help_encoded(d, t, root, e);
    assert_int_equal(back.n, in.n);
    assert_memory_equal(back.p, in.p, in.n);
    cdp_free(root);
    free(back.p);
    free(in.p);
}

/* The same of a list's item, or of an item of a list in it. */
static void check_kept_item(const cdp__domain *d, const cdp__type *t, const cdp__field *field,
                            unsigned e)
{
    const cdp__elem is = d->lists[field->is.ref];
    const char *wrong = wrong_for((cdp__kind)is.kind), *inner;
    char text[64];

    if (!wrong)
        return;
    snprintf(text, sizeof text, "[null,%s,%s]", wrong, wrong);
    check_kept(d, t, field, text, e);
    if (is.kind != CDP__LIST || !(inner = wrong_for((cdp__kind)d->lists[is.ref].kind)))
        return;
    snprintf(text, sizeof text, "[[%s],%s,[],[%s,null]]", inner, wrong, inner);
    check_kept(d, t, field, text, e);
}

/* Another JSON type than the table's is kept, or else an error, with the member's path. */
static void check_wrong(const cdp__domain *d, const cdp__type *t, void *data)
{
    unsigned *n = data;
    cdp__fault f;
    void *root;

    for (unsigned e = 0; e < HELP_ENCODINGS; e++)
        for (unsigned i = 0; i < t->n; i++) {
            const cdp__field *field = &d->fields[t->first + i];
            const char *wrong = wrong_for((cdp__kind)field->is.kind);
            if (!wrong)
                continue;
            help_image in = member_alone(d, field, wrong, e);
            assert_int_equal(
                help_decode(d, t, in.p, in.n, help_encodings[e].wire, false, &root, &f),
                CDP_EDECODE);
            assert_true(cdp_str_eq(cdp_s(cdp__fault_path(&f)),
                                   cdp_sn(d->names + field->name, field->name_len)));
            assert_null(root);
            free(in.p);
            check_kept(d, t, field, wrong, e);
            if (field->is.kind == CDP__LIST)
                check_kept_item(d, t, field, e);
            ++*n;
        }
}

static void test_wrong_types(void **state)
{
    unsigned n = 0;

    (void)state;
    help_each_type(check_wrong, &n);
    print_message("%u members of a wrong type refused, and kept\n", n);
    assert_true(n > 10000);
}

/* A word that is in no enum reads as -1, is told, and comes back; so do numbers that fit no
 * int32. */
static void check_odd(const cdp__domain *d, const cdp__type *t, void *data)
{
    unsigned *n = data;
    cdp__fault f;
    void *root;

    for (unsigned e = 0; e < HELP_ENCODINGS; e++)
        for (unsigned i = 0; i < t->n; i++) {
            const cdp__field *field = &d->fields[t->first + i];
            bool word = field->is.kind == CDP__ENUM;
            if (!word && field->is.kind != CDP__INT)
                continue;
            help_image in = member_alone(d, field, word ? "\"no-such-word\"" : "-3000000000.5", e);
            assert_int_equal(
                help_decode(d, t, in.p, in.n, help_encodings[e].wire, false, &root, &f), 0);
            int32_t v;
            memcpy(&v, (char *)root + field->offset, sizeof v);
            assert_int_equal(v, word ? -1 : INT32_MIN);
            cdp_str told = cdp__unknown(root, cdp__extra_in(t, root), (char *)root + field->offset);
            assert_string_equal(told.ptr, word ? "no-such-word" : "-3000000000.5");
            help_image back = help_encoded(d, t, root, e);
            assert_int_equal(back.n, in.n);
            assert_memory_equal(back.p, in.p, in.n);
            cdp_free(root);
            free(back.p);
            free(in.p);
            ++*n;
        }
}

static void test_odd_values(void **state)
{
    unsigned n = 0;

    (void)state;
    help_each_type(check_odd, &n);
    assert_true(n > 1000);
}

/* Members that the tables do not know come back, last. */
static void check_unknown(const cdp__domain *d, const cdp__type *t, void *data)
{
    static const char json[] = "{\"no such\":{\"a\":[1,\"\\ud83d\"]},\"\":null}";
    cdp__fault f;
    void *root;

    (void)data;
    for (unsigned e = 0; e < HELP_ENCODINGS; e++) {
        size_t n = sizeof json - 1;
        const bool cbor = help_encodings[e].wire == CDP_CBOR;
        char *in = cbor ? help_to_cbor(json, n, help_encodings[e].tagged, &n) : NULL;
        assert_int_equal(
            help_decode(d, t, cbor ? in : json, n, help_encodings[e].wire, false, &root, &f), 0);
        help_image back = help_encoded(d, t, root, e), other = help_encoded(d, t, root, 0);
        assert_int_equal(back.n, n);
        assert_memory_equal(back.p, cbor ? in : json, n);
        assert_true(json_text_equal(other.p, other.n, json, sizeof json - 1));
        cdp_free(root);
        free(back.p);
        free(other.p);
        free(in);
    }
}

static void test_null_and_unknown(void **state)
{
    (void)state;
    help_each_type(check_null, NULL);
    help_each_type(check_unknown, NULL);
}

/* Of members of the same name the last counts, whatever the others were. */
static void test_repeated(void **state)
{
    static const struct {
        const char *json, *back;
    } rows[] = {
        { "{\"domain\":5,\"domain\":\"\"}", "{\"domain\":\"\"}" },
        { "{\"domain\":\"x\",\"domain\":null}", "{\"domain\":null}" },
        { "{\"domain\":null,\"domain\":[1],\"path\":7}", "{\"domain\":[1],\"path\":7}" },
        { "{\"sameSite\":\"Odd\",\"sameSite\":\"Lax\"}", "{\"sameSite\":\"Lax\"}" },
        { "{\"size\":1e10,\"size\":\"\",\"size\":0}", "{\"size\":0}" },
    };
    const cdp__domain *d;
    const cdp__type *t = help_find_type("Network", "Cookie", &d);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned e = 0; e < HELP_ENCODINGS; e++) {
            size_t n = strlen(rows[i].json);
            const bool cbor = help_encodings[e].wire == CDP_CBOR;
            char *in = cbor ? help_to_cbor(rows[i].json, n, help_encodings[e].tagged, &n) : NULL;
            cdp__fault f;
            void *root;
            assert_int_equal(
                help_receive(d, t, in ? in : rows[i].json, n, help_encodings[e].wire, &root, &f),
                0);
            help_image back = help_encoded(d, t, root, 0);
            assert_string_equal(back.p, rows[i].back);
            cdp_free(root);
            free(back.p);
            free(in);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing),    cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_odd_values), cmocka_unit_test(test_null_and_unknown),
        cmocka_unit_test(test_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
