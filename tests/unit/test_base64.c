/* test_base64.c - base64, against the vectors of RFC 4648 and itself. */
#include "../../runtime/core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/plain_text.h"

static void decodes_to(const char *text, const char *wanted)
{
    size_t n = strlen(text);
    char *p = tight(text, n);
    uint8_t *out = tight(NULL, n / 4 * 3 + 3);
    size_t got = cdp__base64_decode(out, p, n);

    if (!wanted) {
        assert_true(got == SIZE_MAX);
    } else {
        assert_int_equal(got, strlen(wanted));
        assert_memory_equal(out, wanted, got);
    }
    tight_free(out);
    tight_free(p);
}

static void test_base64(void **state)
{
    static const char *const vectors[][2] = {
        { "", "" },        { "Zg==", "f" },        { "Zm8=", "fo" },
        { "Zm9v", "foo" }, { "Zm9vYg==", "foob" }, { "Zm9vYmE=", "fooba" },
        { "Zg", "f" },     { "Zm8", "fo" },        { "Zm9vYg", "foob" },
        { "Z", NULL },     { "=", NULL },          { "==", NULL },
        { "====", NULL },  { "Zg=", NULL },        { "Zm9vY===", NULL },
        { "Z===", NULL },  { "Zg==Zg==", NULL },   { "Zm=v", NULL },
        { "Zm9v ", NULL }, { "Zm9v\n", NULL },     { "Zm-_", NULL },
        { "Zm9vZ", NULL }, { "Zm8=Zm8", NULL },    { "Zm9\xc3", NULL },
    };
    char text[200];
    uint8_t bytes[140];

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        decodes_to(vectors[i][0], vectors[i][1]);
    for (int c = 0; c < 256; c++) {
        bool good = c &&
                    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c);
        for (int i = 0; i < 4; i++) {
            memcpy(text, "AAAA", 4);
            text[i] = (char)c;
            size_t got = cdp__base64_decode(bytes, text, 4);
            assert_int_equal(got, good ? 3 : c == '=' && i == 3 ? 2 : SIZE_MAX);
        }
    }
    text_seed = 4;
    for (size_t n = 0; n < sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)random_below(256);
        uint8_t *p = tight(bytes, n);
        size_t length = (n + 2) / 3 * 4;
        char *out = tight(NULL, length);
        assert_int_equal(cdp__base64_encode(out, p, n), length);
        for (int padded = 0; padded < 2; padded++) {
            size_t in = padded ? length : (n * 4 + 2) / 3;
            char *place = malloc(in / 4 * 3 + 3 > in ? in / 4 * 3 + 3 : in);
            memcpy(place, out, in);
            assert_int_equal(cdp__base64_decode((uint8_t *)place, place, in), n);
            assert_memory_equal(place, p, n);
            free(place);
        }
        tight_free(out);
        tight_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
