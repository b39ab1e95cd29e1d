/*
 * test_types.c - every type of the protocol, filled from its table, there and back in both
 * help_encodings.
 *
 * Filling, like the codec, goes by the tables; what the tables say is checked against the
 * protocol by the generator's tests.
 */
#include "../support/codec_help.h"
#include "../support/json_tree.h"

#include <cdp/value.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 4, SCRATCH = 8 << 20 };

typedef struct list {
    const void *items;
    size_t n;
} list;

/* ---- filling ------------------------------------------------------------ */

typedef enum fullness { REQUIRED_ONLY, EVERYTHING, SOME } fullness;

typedef struct filler {
    help_random random;
    fullness how;
    size_t items; /* in a list */
    int depth;
    char *p, *end;
} filler;

static void *scratch(filler *f, size_t size)
{
    char *p = f->p;

    size = (size + 15) & ~(size_t)15;
    assert_true(size <= (size_t)(f->end - f->p));
    f->p += size;
    memset(p, 0, size);
    return p;
}

static void fill(filler *f, const cdp__domain *d, const cdp__type *t, void *out);

static cdp_str some_text(filler *f)
{
    static const char *const texts[] = {
        "",
        "a",
        "plain text",
        "with \"quotes\" and \\",
        "line\nfeed\ttab\x01\x1f\x7f",
        "\xd0\x9f\xd1\x80\xd0\xb8",
        "\xf0\x9f\x98\x80 wide",
        "lone \xed\xa0\x80 half",
        "longer than any vector of the scanner, so that its loops turn: 0123456789abcdef\xc3\xa9",
    };
    uint32_t i = help_below(&f->random, sizeof texts / sizeof *texts + 1);

    return i == sizeof texts / sizeof *texts ? cdp_sn("nul\0inside", 10) : cdp_s(texts[i]);
}

static double some_number(filler *f)
{
    /* clang-format off */
    static const double numbers[] = {
        0, -0.0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 123456789, 2147483648.0, -2147483649.0,
        1.7976931348623157e308, 9007199254740993.0, 1730000000000.25
    };
    /* clang-format on */

    return numbers[help_below(&f->random, sizeof numbers / sizeof *numbers)];
}

/* The canonical spelling, so that values compare as bytes after a conversion and back. */
static cdp_value some_value(filler *f, bool object)
{
    static const char *const values[] = {
        "{}",
        "{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"\\ud800\\u0000\"}}",
        "{\"value\":1e+21}",
        "[]",
        "[1,-2.5,\"x\",[[]]]",
        "null",
        "true",
        "\"text\"",
        "-0",
        "12",
    };

    return cdp_json(values[help_below(&f->random, object ? 3 : sizeof values / sizeof *values)]);
}

static void fill_list(filler *f, const cdp__domain *d, cdp__elem is, list *out);

static void fill_item(filler *f, const cdp__domain *d, cdp__elem is, void *dst)
{
    /* clang-format off */
    static const int32_t ints[] = {
        0, 1, -1, 23, 24, 255, 256, 65535, 65536, INT32_MAX, INT32_MIN
    };
    /* clang-format on */

    switch ((cdp__kind)is.kind) {
    case CDP__BOOL:
        *(bool *)dst = help_below(&f->random, 2);
        break;
    case CDP__INT:
        *(int32_t *)dst = ints[help_below(&f->random, sizeof ints / sizeof *ints)];
        break;
    case CDP__NUM:
        *(double *)dst = some_number(f);
        break;
    case CDP__STR:
        *(cdp_str *)dst = some_text(f);
        break;
    case CDP__BYTES: {
        size_t n = help_below(&f->random, 5);
        uint8_t *p = scratch(f, n + 1);
        for (size_t i = 0; i < n; i++)
            p[i] = (uint8_t)help_below(&f->random, 256);
        *(cdp_bytes *)dst = (cdp_bytes){ p, n };
        break;
    }
    case CDP__ANY:
    case CDP__OBJECT:
        *(cdp_value *)dst = some_value(f, is.kind == CDP__OBJECT);
        break;
    case CDP__ENUM:
        *(int32_t *)dst = 1 +
                          (int32_t)help_below(&f->random, help_domain_of(d, is)->enums[is.ref].n);
        break;
    case CDP__LIST:
        fill_list(f, d, is, dst);
        break;
    case CDP__STRUCT:
        fill(f, help_domain_of(d, is), &help_domain_of(d, is)->types[is.ref], dst);
        break;
    }
}

static void fill_list(filler *f, const cdp__domain *d, cdp__elem is, list *out)
{
    cdp__elem item = d->lists[is.ref];
    size_t n = f->depth < 3 ? f->items : f->depth < 5 && f->items ? 1 : 0;
    char *items = scratch(f, n * help_size_of(d, item) + 1);

    f->depth++; /* lists of lists */
    for (size_t i = 0; i < n; i++)
        fill_item(f, d, item, items + i * help_size_of(d, item));
    f->depth--;
    *out = (list){ items, n };
}

static void fill_member(filler *f, const cdp__domain *d, const cdp__field *field, char *dst)
{
    if (field->is.kind == CDP__STRUCT) {
        const cdp__domain *owner = help_domain_of(d, field->is);
        const cdp__type *t = &owner->types[field->is.ref];
        void *child = scratch(f, t->size);
        fill(f, owner, t, child);
        memcpy(dst, &child, sizeof child);
        return;
    }
    fill_item(f, d, field->is, dst);
    if (field->flags & CDP__REQUIRED)
        return;
    if (field->is.kind == CDP__BOOL)
        ((cdp_opt_bool *)(void *)dst)->has = true;
    else if (field->is.kind == CDP__INT)
        ((cdp_opt_int *)(void *)dst)->has = true;
    else if (field->is.kind == CDP__NUM)
        ((cdp_opt_num *)(void *)dst)->has = true;
}

static void fill(filler *f, const cdp__domain *d, const cdp__type *t, void *out)
{
    f->depth++;
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *field = &d->fields[t->first + i];
        bool nested = field->is.kind == CDP__STRUCT || field->is.kind == CDP__LIST;
        bool wanted = f->how == EVERYTHING || (f->how == SOME && help_below(&f->random, 2));
        if ((field->flags & CDP__REQUIRED) || (wanted && (!nested || f->depth < 5)))
            fill_member(f, d, field, (char *)out + field->offset);
    }
    f->depth--;
}

/* ---- there and back ----------------------------------------------------- */

static void check_round_trip(const cdp__domain *d, const cdp__type *t, const void *in)
{
    help_image want[HELP_ENCODINGS];
    cdp__fault f;
    void *root;

    for (unsigned e = 0; e < HELP_ENCODINGS; e++)
        want[e] = help_encoded(d, t, in, e);
    for (unsigned from = 0; from < HELP_ENCODINGS; from++) {
        if (help_decode(d, t, want[from].p, want[from].n, help_encodings[from].wire, true, &root,
                        &f) < 0)
            fail_msg("%.*s.%s: %s", t->name_len, d->names + t->name, cdp__fault_path(&f), f.why);
        for (unsigned to = 0; to < HELP_ENCODINGS; to++) {
            help_image got = help_encoded(d, t, root, to);
            assert_int_equal(got.n, want[to].n);
            assert_memory_equal(got.p, want[to].p, got.n);
            free(got.p);
        }
        cdp_free(root);
    }
    for (unsigned e = 0; e < HELP_ENCODINGS; e++)
        free(want[e].p);
}

/* Every member that was filled is in the text, under its name. */
static void check_members(const cdp__domain *d, const cdp__type *t, const void *in, fullness how)
{
    help_image json = help_encoded(d, t, in, 0);
    unsigned n = 0;

    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *field = &d->fields[t->first + i];
        char name[128];
        snprintf(name, sizeof name, "%.*s", field->name_len, d->names + field->name);
        bool there = cdp_value_get((cdp_value){ json.p, json.n, CDP_JSON }, name).ptr != NULL;
        bool want = how == EVERYTHING || (field->flags & CDP__REQUIRED);
        assert_int_equal(there, want);
        n += there;
    }
    assert_int_equal(cdp_value_count((cdp_value){ json.p, json.n, CDP_JSON }), n);
    free(json.p);
}

typedef struct run {
    char *scratch;
    unsigned checks;
} run;

static void check_type(const cdp__domain *d, const cdp__type *t, void *data)
{
    static const size_t items[] = { 3, 0, 1 };
    run *r = data;

    for (unsigned i = 0; i < 3 + ROUNDS; i++) {
        filler f = { .random = { t->first * 31u + i },
                     .how = i == 0  ? REQUIRED_ONLY
                            : i < 4 ? EVERYTHING
                                    : SOME,
                     .items = items[i % 3],
                     .p = r->scratch,
                     .end = r->scratch + SCRATCH };
        void *in = scratch(&f, t->size);
        fill(&f, d, t, in);
        check_round_trip(d, t, in);
        if (f.how != SOME)
            check_members(d, t, in, f.how);
        r->checks++;
    }
}

static void test_every_type(void **state)
{
    run r = { malloc(SCRATCH), 0 };

    (void)state;
    unsigned n = help_each_type(check_type, &r);
    print_message("%u types, %u round trips\n", n, r.checks);
    assert_true(n > 1000);
    assert_int_equal(r.checks, n * (3 + ROUNDS));
    free(r.scratch);
}

/* ---- what is not set ------------------------------------------------------ */

/* Sending is strict: what is required has to be set. */
static void check_unset(const cdp__domain *d, const cdp__type *t, void *data)
{
    unsigned *n = data;
    char *zero = calloc(1, t->size), *out;
    size_t len;
    cdp__fault f;
    bool needs = false;

    for (unsigned i = 0; i < t->n; i++) { /* false, 0 and [] are fine values */
        const cdp__field *field = &d->fields[t->first + i];
        cdp__kind kind = (cdp__kind)field->is.kind;
        needs = needs || ((field->flags & CDP__REQUIRED) && kind != CDP__BOOL && kind != CDP__INT &&
                          kind != CDP__NUM && kind != CDP__LIST);
    }
    int rc = help_encode(d, t, zero, CDP_JSON, false, &out, &len, &f);
    assert_int_equal(rc, needs ? CDP_EINVAL : 0);
    if (needs) {
        assert_string_equal(f.why, "required member not set");
        assert_true(*cdp__fault_path(&f) != 0);
    }
    *n += needs;
    free(out);
    free(zero);
}

static void test_unset(void **state)
{
    unsigned n = 0;

    (void)state;
    help_each_type(check_unset, &n);
    assert_true(n > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_unset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
