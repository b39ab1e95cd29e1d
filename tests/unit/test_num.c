/*
 * test_num.c - runtime/core/num.c against the C library, JavaScript's notation and the grammar.
 *
 * The C library is the oracle for values: its strtod() and printf() are exact.  Random inputs
 * come from a fixed seed.
 */
#include "../../runtime/core/num.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

static uint64_t random_bits(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1d;
}

static double from_bits(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof d);
    return d;
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Text of at most CDP__NUM_MAX bytes; bytes behind those must stay. */
static const char *written(double d)
{
    static char text[CDP__NUM_MAX + 8];

    memset(text, '#', sizeof text);
    size_t n = cdp__num_write(text, d);
    assert_in_range(n, 1, 25);
    assert_memory_equal(text + CDP__NUM_MAX, "########", 8);
    text[n] = 0;
    return text;
}

/* Reads text from a block that ends with its NUL. */
static const char *read_tight(const char *text, double *out, int *overflow, size_t *length)
{
    size_t n = strlen(text);
    char *p = malloc(n + 1);

    memcpy(p, text, n + 1);
    *overflow = 7;
    const char *end = cdp__num_read(p, out, overflow);
    *length = end ? (size_t)(end - p) : 0;
    free(p);
    return end ? text + *length : NULL;
}

static void reads_as(const char *text, double wanted)
{
    double d = 42;
    int overflow;
    size_t n;

    if (isinf(wanted)) {
        if (read_tight(text, &d, &overflow, &n) || overflow != 1 || d != 42)
            fail_msg("%.60s is no overflow, but %a", text, d);
    } else if (!read_tight(text, &d, &overflow, &n) || n != strlen(text) || overflow != 0 ||
               !same(d, wanted)) {
        fail_msg("%.60s read as %a, not %a", text, d, wanted);
    }
}

/* ---- writing ----------------------------------------------------------- */

static void test_write(void **state)
{
    static const struct {
        double d;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { -0.0, "-0" },
        { 1, "1" },
        { -1, "-1" },
        { 0.1, "0.1" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 1.5, "1.5" },
        { -123.456, "-123.456" },
        { 1795354135373.431, "1795354135373.431" },
        { 2147483648, "2147483648" },
        { 4503599627370495.5, "4503599627370495.5" },
        { 9007199254740991, "9007199254740991" },
        { 9007199254740992, "9007199254740992" },
        { 9007199254740994, "9007199254740994" },
        { -9007199254740992, "-9007199254740992" },
        { 1e15, "1000000000000000" },
        { 1e20, "100000000000000000000" },
        { 123456789012345680000.0, "123456789012345680000" },
        { 999999999999999900000.0, "999999999999999900000" },
        { 1e21, "1e+21" },
        { -1e21, "-1e+21" },
        { 1.5e21, "1.5e+21" },
        { 1e22, "1e+22" },
        { 1e23, "1e+23" },
        { 1e-5, "0.00001" },
        { 0.000001, "0.000001" },
        { 0.0000015, "0.0000015" },
        { -0.0000012345678901234567, "-0.0000012345678901234567" },
        { 1e-7, "1e-7" },
        { 1.5e-7, "1.5e-7" },
        { 5e-324, "5e-324" },
        { 1e-323, "1e-323" },
        { 2.2250738585072011e-308, "2.225073858507201e-308" },
        { 2.2250738585072014e-308, "2.2250738585072014e-308" },
        { DBL_MAX, "1.7976931348623157e+308" },
        { -DBL_MAX, "-1.7976931348623157e+308" },
        { 4.35, "4.35" },
        { 2e-44, "2e-44" },
        { 9.5e-9, "9.5e-9" },
        { 0x1p-1022, "2.2250738585072014e-308" },
        { 0x1p-44, "5.684341886080802e-14" },
        { 0x1p54, "18014398509481984" },
        { 0x1p63, "9223372036854775808" },
        { NAN, "null" },
        { INFINITY, "null" },
        { -INFINITY, "null" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *wanted = cases[i].text;
        /* V8 and all of JavaScript print the shortest digits, padded with zeros */
        if (cases[i].d == 0x1p63)
            wanted = "9223372036854776000";
        assert_string_equal(written(cases[i].d), wanted);
    }
}

static void test_write_int(void **state)
{
    char out[CDP__NUM_MAX], wanted[32];

    (void)state;
    for (int sign = -1; sign < 2; sign += 2) {
        int64_t i = sign;
        for (int digits = 1; digits < 20; digits++) {
            for (int64_t near = i - 2; near <= i + 2; near++) {
                int n = snprintf(wanted, sizeof wanted, "%lld", (long long)near);
                assert_int_equal(cdp__int_write(out, near), n);
                assert_memory_equal(out, wanted, (size_t)n);
            }
            i *= digits < 19 ? 10 : 1;
        }
    }
    assert_int_equal(cdp__int_write(out, INT64_MIN), 20);
    assert_memory_equal(out, "-9223372036854775808", 20);
    assert_int_equal(cdp__int_write(out, INT64_MAX), 19);
    assert_memory_equal(out, "9223372036854775807", 19);
}

/* The significant digits of text, without zeros at either end. */
static int significant(char *out, const char *text)
{
    int n = 0, last = 0;

    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        out[n++] = *text;
        if (*text != '0')
            last = n;
    }
    out[last] = 0;
    return last;
}

/* Reads back, is the shortest to do so, and of the shortest the nearest.  Right above a power of
 * two there may be a shorter one than the nearest of any length. */
static void check_written(double d)
{
    const char *text = written(d);
    char digits[32], wanted[64], wanted_digits[32];
    int precision = 0, exponent;

    if (!same(strtod(text, NULL), d))
        fail_msg("%a written as %s", d, text);
    reads_as(text, d);
    do
        snprintf(wanted, sizeof wanted, "%.*e", precision++, d);
    while (strtod(wanted, NULL) != d);
    int n = significant(digits, text), nearest = significant(wanted_digits, wanted);
    bool power = frexp(fabs(d), &exponent) == 0.5;
    if (!(power && n < nearest) && strcmp(digits, wanted_digits) != 0)
        fail_msg("%a written as %s, not %s", d, text, wanted);
}

static void test_write_random(void **state)
{
    (void)state;
    seed = 88172645463325252;
    for (int i = 0; i < 40000; i++) {
        double d = from_bits(random_bits());
        if (isfinite(d))
            check_written(d);
        check_written(from_bits(random_bits() & 0x800fffffffffffff)); /* denormal */
        /* what people write: few digits */
        double few = (double)(int64_t)(random_bits() >> (random_bits() & 63));
        check_written(few / pow(10, (double)(random_bits() % 20)));
    }
}

/* Powers of two and their neighbours: there the gap below is half of that above. */
static void test_write_powers(void **state)
{
    (void)state;
    for (int e = -1074; e < 1024; e++) {
        double d = ldexp(1, e);
        check_written(d);
        check_written(nextafter(d, INFINITY));
        check_written(nextafter(d, 0) == 0 ? d : nextafter(d, 0));
    }
    for (int e = -323; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        check_written(strtod(text, NULL));
    }
}

/* ---- reading ----------------------------------------------------------- */

static void test_read(void **state)
{
    static const struct {
        const char *text;
        double d;
    } cases[] = {
        { "0", 0 },
        { "-0", -0.0 },
        { "-0.0", -0.0 },
        { "0e400", 0 },
        { "-0.000e999999999999999999999", -0.0 },
        { "1", 1 },
        { "1.0", 1 },
        { "10e-1", 1 },
        { "1E2", 100 },
        { "1e+2", 100 },
        { "1e0002", 100 },
        { "-2147483648", -2147483648.0 },
        { "123456789012345680000.0", 123456789012345680000.0 },
        { "1.795354135373431e+12", 1795354135373.431 },
        { "1e+21", 1e21 },
        { "1e-7", 1e-7 },
        { "5e-324", 5e-324 },
        { "9007199254740993", 9007199254740992 },
        { "9007199254740992", 9007199254740992 },
        { "9007199254740993.00000000000000000000001", 9007199254740994 },
        { "9007199254740995", 9007199254740996 },
        { "18446744073709551615", 18446744073709551616.0 },
        { "18446744073709551616", 18446744073709551616.0 },
        { "99999999999999999999", 100000000000000000000.0 },
        { "1e400", INFINITY },
        { "-1e400", INFINITY },
        { "1e309", INFINITY },
        { "1e99999999999999999999", INFINITY },
        { "1.7976931348623157e308", DBL_MAX },
        { "1.7976931348623158e308", DBL_MAX },
        { "-1.7976931348623159e308", INFINITY },
        { "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664"
          "90179775872070963302864166928879109465555478519404026306574886715058206819089020007083"
          "83676273854845817711531764475730270069855571366959622842914819860834936475292719074168"
          "444365510704342711559699508093042880177904174497792",
          INFINITY }, /* the middle between the largest and the next */
        { "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664"
          "90179775872070963302864166928879109465555478519404026306574886715058206819089020007083"
          "83676273854845817711531764475730270069855571366959622842914819860834936475292719074168"
          "444365510704342711559699508093042880177904174497791",
          DBL_MAX },
        { "1e-400", 0 },
        { "-1e-400", -0.0 },
        { "1e-99999999999999999999", 0 },
        { "2.4703282292062327e-324", 0 },
        { "2.4703282292062328e-324", 5e-324 },
        { "2.2250738585072011e-308", 0x0.fffffffffffffp-1022 },
        { "2.2250738585072012e-308", 0x1p-1022 },
        { "6.631236846766476e-316", 6.631236846766476e-316 },
        { "0.000000000000000000000000000000000000000000000000000000000001e60", 1 },
        { "1000000000000000000000000000000000000000000000000000000000000e-60", 1 },
        { "1.00000000000000011102230246251565404236316680908203125", 1 },
        { "1.00000000000000011102230246251565404236316680908203126", 1.0000000000000002 },
        { "1.00000000000000033306690738754696212708950042724609375", 1.0000000000000004 },
        { "8.5e-9", 8.5e-9 },
        { "1e22", 1e22 },
        { "1e23", 1e23 },
        { "9007199254740993e22", 9007199254740993e22 },
        { "7.2057594037927933e16", 72057594037927936.0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        reads_as(cases[i].text, cases[i].d);
}

static void test_grammar(void **state)
{
    static const char *const bad[] = { "",    "-",    "+1",       ".5",  "5.",  "5.e1",
                                       "1e",  "1e+",  "1E-",      "007", "-01", "00",
                                       "NaN", "-NaN", "Infinity", "--1", "-.5", "e1",
                                       "1.e", "-e",   "\"1\"",    " 1",  "-a" };
    static const struct {
        const char *text;
        size_t length;
    } stops[] = { { "0x10", 1 }, { "1,2", 1 },   { "-1.5e3}", 6 }, { "1.5.5", 3 }, { "1e5e5", 3 },
                  { "1 ", 1 },   { "1e5.5", 3 }, { "12]", 2 },     { "1f", 1 },    { "1-2", 1 } };
    double d = 42;
    int overflow;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_tight(bad[i], &d, &overflow, &n) || overflow != 0 || d != 42)
            fail_msg("%s read as %g", bad[i], d);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        assert_non_null(read_tight(stops[i].text, &d, &overflow, &n));
        assert_int_equal(n, stops[i].length);
    }
}

static void test_read_random(void **state)
{
    char text[128];

    (void)state;
    seed = 1;
    for (int i = 0; i < 100000; i++) {
        int digits = 1 + (int)(random_bits() % (i % 8 ? 21 : 60)), n = 0;
        int point = (int)(random_bits() % (uint64_t)(digits + 1));
        if (random_bits() & 1)
            text[n++] = '-';
        text[n++] = (char)('1' + random_bits() % 9);
        for (int j = 1; j < digits; j++) {
            if (j == point)
                text[n++] = '.';
            text[n++] = (char)('0' + random_bits() % 10);
        }
        if (i % 3)
            snprintf(text + n, sizeof text - (size_t)n, "e%d", (int)(random_bits() % 660) - 345);
        else
            text[n] = 0;
        reads_as(text, strtod(text, NULL));
    }
}

/* Exactly between two doubles and right beside that: the hardest to round.  glibc gets some of the
 * denormals wrong, so that the answer has to come from the bits. */
static void test_read_halfway(void **state)
{
    static char text[1300];

    (void)state;
#if LDBL_MANT_DIG >= DBL_MANT_DIG + 1
    seed = 2;
    for (int i = 0; i < 10000; i++) {
        uint64_t bits = random_bits() >> 1;
        if (i % 4 == 0)
            bits >>= 11 + (i / 4) % 52; /* denormal */
        else if (i % 4 == 1)
            bits = (bits & 0x03ffffffffffffff) | 0x3e00000000000000; /* near 1 */
        double low = from_bits(bits), high = from_bits(bits + 1);
        if (!isfinite(low) || !isfinite(high))
            continue;
        double even = bits & 1 ? high : low;
        snprintf(text, sizeof text - 32, "%.800Le", ((long double)low + high) / 2);
        char *exponent = strchr(text, 'e'), saved[16];
        strcpy(saved, exponent);
        char *end = exponent;
        while (end[-1] == '0')
            end--;
        assert_in_range(end[-1], '1', '9');
        reads_as(text, even);
        strcpy(end, saved);
        reads_as(text, even);
        strcpy(exponent, "1"); /* behind all the zeros */
        memset(end, '0', (size_t)(exponent - end));
        strcat(exponent, saved);
        reads_as(text, high);
        end[-1]--;
        strcpy(end, "999999999999999999999");
        strcat(end, saved);
        reads_as(text, low);
    }
#endif
}

static void test_read_long(void **state)
{
    static char text[5000];

    (void)state;
    seed = 3;
    for (size_t n = 1; n < 4000; n += n < 900 ? 7 : 301) {
        for (size_t i = 0; i < n; i++)
            text[i] = (char)('0' + random_bits() % 10);
        text[0] = '7';
        int e = (int)(random_bits() % 300) - 150;
        snprintf(text + n, 16, "e%d", e - (int)n);
        reads_as(text, strtod(text, NULL));
        memmove(text + 2, text, n + 16);
        memcpy(text, "0.", 2);
        snprintf(text + n + 2, 16, "e%d", e);
        reads_as(text, strtod(text, NULL));
        /* one bit at the far end decides */
        memcpy(text, "9007199254740993.", 17);
        memset(text + 17, '0', n);
        strcpy(text + 17 + n, "1");
        reads_as(text, 9007199254740994);
        strcpy(text + 17 + n, "0");
        reads_as(text, 9007199254740992);
    }
    /* zeros in front of the first digit */
    memset(text, '0', sizeof text);
    text[1] = '.';
    strcpy(text + 1500, "25e1499");
    reads_as(text, 2.5);
}

/* Neither the decimal comma nor errno matter, or change. */
static void test_surroundings(void **state)
{
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C" };
    size_t i = 0;

    (void)state;
    while (!setlocale(LC_ALL, names[i]))
        i++;
    errno = 12345;
    assert_string_equal(written(1.5), "1.5");
    reads_as("1.5", 1.5);
    reads_as("9007199254740993.0000000000000000000000000000001", 9007199254740994);
    reads_as("1e400", INFINITY);
    reads_as("1.00000000000000011102230246251565404236316680908203125e-320", 1e-320);
    assert_int_equal(errno, 12345);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),        cmocka_unit_test(test_write_int),
        cmocka_unit_test(test_write_random), cmocka_unit_test(test_write_powers),
        cmocka_unit_test(test_read),         cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_read_random),  cmocka_unit_test(test_read_halfway),
        cmocka_unit_test(test_read_long),    cmocka_unit_test(test_surroundings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
