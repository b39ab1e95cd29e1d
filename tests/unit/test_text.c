/*
 * test_text.c - runtime/core/text.c, as built and without SIMD, against the obvious byte loops.
 *
 * Inputs end where a malloc'd block ends, and outputs have no more room than the contract asks
 * for, so that under ASan one byte too far is an error.
 */
#define CDP__NO_SIMD
#define cdp__ascii_run slow_ascii_run
#define cdp__utf8_check slow_utf8_check
#define cdp__json_plain slow_json_plain
#define cdp__json_string_end slow_json_string_end
#define cdp__json_unescape slow_json_unescape
#define cdp__json_decode slow_json_decode
#define cdp__json_escape slow_json_escape
#define cdp__utf16_to_utf8 slow_utf16_to_utf8
#define cdp__utf8_to_utf16 slow_utf8_to_utf16
#include "../../runtime/core/text.c"
#undef cdp__ascii_run
#undef cdp__utf8_check
#undef cdp__json_plain
#undef cdp__json_string_end
#undef cdp__json_unescape
#undef cdp__json_decode
#undef cdp__json_escape
#undef cdp__utf16_to_utf8
#undef cdp__utf8_to_utf16
#undef CDP_TEXT_H
#include "../../runtime/core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/plain_text.h"

static const struct version {
    size_t (*ascii_run)(const char *, size_t);
    size_t (*utf8_check)(const char *, size_t, bool);
    const char *(*json_plain)(const char *);
    const char *(*json_string_end)(const char *, const char *, bool *, const char **);
    size_t (*json_unescape)(char *, const char *, const char *);
    char *(*json_decode)(char *, const char *, const char *, const char **);
    char *(*json_escape)(char *, const char *, size_t);
} versions[] = {
    { cdp__ascii_run, cdp__utf8_check, cdp__json_plain, cdp__json_string_end, cdp__json_unescape,
      cdp__json_decode, cdp__json_escape },
    { slow_ascii_run, slow_utf8_check, slow_json_plain, slow_json_string_end, slow_json_unescape,
      slow_json_decode, slow_json_escape },
};

#define EACH_VERSION(v) (const struct version *v = versions; v < versions + 2; v++)

/* ---- ASCII and UTF-8 ---------------------------------------------------- */

static void test_ascii_run(void **state)
{
    (void)state;
    for
        EACH_VERSION(v)
        {
            assert_int_equal(v->ascii_run(NULL, 0), 0);
            for (size_t n = 0; n < 100; n++) {
                char *p = tight(NULL, n);
                memset(p, 0x7f, n);
                assert_int_equal(v->ascii_run(p, n), n);
                for (size_t i = n; i-- > 0;) { /* those behind i stay beyond ASCII */
                    p[i] = (char)(i & 1 ? 0x80 : 0xff);
                    assert_int_equal(v->ascii_run(p, n), i);
                }
                tight_free(p);
            }
        }
}

static void check_utf8(const char *p, size_t n)
{
    for (int wtf8 = 0; wtf8 < 2; wtf8++) {
        size_t wanted = plain_utf8_check(p, n, wtf8);
        for
            EACH_VERSION(v)
        if (v->utf8_check(p, n, wtf8) != wanted)
            fail_msg("%02x %02x ... of %zu", (unsigned char)p[0], (unsigned char)p[1], n);
    }
}

/* Every first and second byte, and enough of those behind. */
static void test_utf8_sequences(void **state)
{
    static const unsigned char tails[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                           0xa0, 0xbf, 0xc0, 0xf0, 0xff };
    unsigned char *one = tight(NULL, 1), *two = tight(NULL, 2), *three = tight(NULL, 3),
                  *four = tight(NULL, 4);

    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        one[0] = two[0] = three[0] = four[0] = (unsigned char)a;
        check_utf8((char *)one, 1);
        for (unsigned b = 0; b < 256; b++) {
            two[1] = three[1] = four[1] = (unsigned char)b;
            check_utf8((char *)two, 2);
            for (size_t c = 0; c < sizeof tails; c++) {
                three[2] = four[2] = tails[c];
                check_utf8((char *)three, 3);
                if (a < 0xe0 || b < 0x7f)
                    continue; /* the fourth starts anew */
                for (size_t d = 0; d < sizeof tails; d++) {
                    four[3] = tails[d];
                    check_utf8((char *)four, 4);
                }
            }
        }
    }
    tight_free(one);
    tight_free(two);
    tight_free(three);
    tight_free(four);
}

/* All of them between ASCII, at every offset, cut everywhere. */
static void test_utf8_places(void **state)
{
    static const char *const texts[] = {
        "\xc3\xa9",         "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80",      "\xc0\x80",
        "\xf4\x90\x80\x80", "\xff",         "\xe2\x28\xa1",     "\xc3\xa9z\xc3\xa9",
    };

    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        for (size_t before = 0; before < 40; before++) {
            for (size_t after = 0; after < 20; after++) {
                size_t n = strlen(texts[t]), all = before + n + after;
                char *p = malloc(all + 1);
                memset(p, 'a', all);
                memcpy(p + before, texts[t], n);
                for (size_t cut = before; cut <= all; cut++) {
                    char *q = tight(p, cut);
                    check_utf8(q, cut);
                    tight_free(q);
                }
                free(p);
            }
        }
    }
    for
        EACH_VERSION(v)
    assert_int_equal(v->utf8_check(NULL, 0, false), 0);
}

/* ---- JSON --------------------------------------------------------------- */

static void test_json_plain(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
        for (size_t n = 0; n < 70; n++) {
            char *p = tight(NULL, n + 2 + CDP__PAD);
            memset(p, 'a', n + 1);
            memset(p + n + 1, 0, 1 + CDP__PAD);
            p[n] = (char)c;
            for
                EACH_VERSION(v)
            assert_ptr_equal(v->json_plain(p), p + n + plain);
            tight_free(p);
        }
    }
}

static void check_unescape(const char *p, const char *end)
{
    size_t room = (size_t)(end - p);
    char *wanted = malloc(room + 1), *out = tight(NULL, room);
    size_t n = plain_unescape(wanted, p, end);

    for
        EACH_VERSION(v)
        {
            memset(out, '?', room);
            assert_int_equal(v->json_unescape(out, p, end), n);
            assert_memory_equal(out, wanted, n);
        }
    tight_free(out);
    free(wanted);
}

/* What json_string_end and json_unescape do, in one pass over padded input: stop is where it has
 * to, at the quote (good) or at what is wrong. */
static void check_decode(const char *p, size_t n, size_t stop, bool good)
{
    char *padded = tight(NULL, n + CDP__PAD), *out = tight(NULL, n + CDP__PAD);
    char *wanted = malloc(n + 1);
    size_t length = good ? plain_unescape(wanted, p, p + stop) : 0;

    memset(padded, 0, n + CDP__PAD);
    memcpy(padded, p, n);
    for
        EACH_VERSION(v)
        {
            const char *at = NULL, *end = v->json_decode(out, padded, padded + n, &at);
            assert_int_equal(end != NULL, good);
            assert_int_equal(at - padded, stop);
            if (good) {
                assert_int_equal(end - out, length);
                assert_memory_equal(out, wanted, length);
            }
        }
    free(wanted);
    tight_free(out);
    tight_free(padded);
}

/* p is tight. */
static const char *check_string(const char *p, size_t n)
{
    bool wanted_escaped, escaped;
    const char *wanted_bad = NULL, *bad = NULL;
    const char *wanted = plain_string_end(p, p + n, &wanted_escaped, &wanted_bad);

    for
        EACH_VERSION(v)
        {
            const char *end = v->json_string_end(p, p + n, &escaped, &bad);
            if (end != wanted || (end ? escaped != wanted_escaped : bad != wanted_bad))
                fail_msg("%.*s: end %td not %td, bad at %td not %td", (int)n, p, end ? end - p : -1,
                         wanted ? wanted - p : -1, end ? -1 : bad - p,
                         wanted ? -1 : wanted_bad - p);
        }
    check_decode(p, n, (size_t)((wanted ? wanted : wanted_bad) - p), wanted);
    return wanted;
}

/* A string and what follows it, behind a prefix that shifts it through the blocks, then cut
 * at every byte. */
static void shift_and_cut(const char *text, size_t n, const char *prefix, size_t times)
{
    size_t each = strlen(prefix), all = each * times + n;
    char *p = malloc(all + 1);

    for (size_t i = 0; i < times; i++)
        memcpy(p + i * each, prefix, each);
    memcpy(p + each * times, text, n);
    for (size_t cut = times ? each * times : 0; cut <= all; cut++) {
        char *q = tight(p, cut);
        const char *end = check_string(q, cut);
        if (end) {
            char *inside = tight(q, (size_t)(end - q));
            check_unescape(inside, inside + (end - q));
            tight_free(inside);
        }
        tight_free(q);
    }
    free(p);
}

static void test_json_strings(void **state)
{
#define TEXT(s)         \
    {                   \
        s, sizeof s - 1 \
    }
    static const struct {
        const char *p;
        size_t n;
    } texts[] = {
        TEXT("\"}"),
        TEXT("plain\",1"),
        TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"]"),
        TEXT("\\\\\\\\\\\\\\\\\\\\\""),
        TEXT("\\\\\\\""),
        TEXT("a\\\\\" \\\\\""),
        TEXT("\\u0000\""),
        TEXT("\\uD83D\\uDE00\\uABCD\\uEf09\""),
        TEXT("a\\ud800b\""),
        TEXT("\\udc00\""),
        TEXT("\\ud83d\\ud83d\\ude00\""),
        TEXT("\\ud83d\\n\\ud83d\\u0041\\ud83d\""),
        TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \\n\xc3\xa9\\n\""),
        TEXT("\x7f\""),
        TEXT("\\x41\""),
        TEXT("\\u12g4\""),
        TEXT("\\u123\""),
        TEXT("\\u 123\""),
        TEXT("\\'\""),
        TEXT("\\\n\""),
        TEXT("\\\0\""),
        TEXT("\\\xc3\xa9\""),
        TEXT("\0\""),
        TEXT("a\nb\""),
        TEXT("\x1f\""),
        TEXT("\xc0\xaf\""),
        TEXT("\xed\xa0\x80\""),
        TEXT("\xf5\x80\x80\x80\""),
        TEXT("\xff\""),
        TEXT("\\n\x80\""),
        TEXT("\\U0041\""),
        TEXT("\\N\""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t times = 0; times < 150; times += times < 20 || times > 55 ? 1 : 5) {
            shift_and_cut(texts[i].p, texts[i].n, "a", times);
            if (times < 70) {
                shift_and_cut(texts[i].p, texts[i].n, "\\\\", times);
                shift_and_cut(texts[i].p, texts[i].n, "a\\n", times);
                shift_and_cut(texts[i].p, texts[i].n, "\xc3\xa9", times);
            }
        }
    }
}

/* Pieces that a string may be made of; the further from the front, the rarer. */
static size_t random_string(char *out, size_t pieces, uint32_t kinds)
{
    static const char *const kind[] = {
        "a",
        "\\n",
        "\\\"",
        "some text",
        "\\\\",
        "\\u00e9",
        "\\ud83d",
        "\\ude00",
        "\\t",
        "0123456789abcdef and more than a vector",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\"",
        "\\",
        "\x80",
        "\x01",
        "\\u12",
        "\xed\xa0\x80",
        "u",
    };
    size_t n = 0;

    for (size_t i = 0; i < pieces; i++) {
        uint32_t k = random_below(kinds);
        size_t length = strlen(kind[k]);
        memcpy(out + n, kind[k], length);
        n += length;
    }
    return n;
}

static void test_json_random(void **state)
{
    static char text[64 * 40];

    (void)state;
    text_seed = 1;
    for (int i = 0; i < 60000; i++) {
        size_t n = random_string(text, random_below(64), i % 4 ? 13 : 20);
        text[n++] = '"';
        char *p = tight(text, n);
        const char *end = check_string(p, n);
        if (end) {
            char *inside = tight(p, (size_t)(end - p));
            check_unescape(inside, inside + (end - p));
            tight_free(inside);
        }
        tight_free(p);
    }
}

static void check_escape(const char *text, size_t n)
{
    char *p = tight(text, n), *wanted = malloc(6 * n + 1), *out = tight(NULL, 6 * n);
    char *wanted_end = plain_escape(wanted, p, n);

    for
        EACH_VERSION(v)
        {
            memset(out, '?', 6 * n);
            char *end = v->json_escape(out, p, n);
            if (!wanted_end) {
                assert_null(end);
                continue;
            }
            assert_int_equal(end - out, wanted_end - wanted);
            assert_memory_equal(out, wanted, (size_t)(end - out));
        }
    tight_free(p);
    tight_free(out);
    free(wanted);
}

static void test_json_escape(void **state)
{
    static const char *const middles[] = { "",
                                           "\n",
                                           "\x1f",
                                           "\"\\\b\f\n\r\t",
                                           "\x7f",
                                           "\xc3\xa9",
                                           "\xf0\x9f\x98\x80",
                                           "\xed\xa0\x80",
                                           "\xed\xa0\xbd\xed\xb8\x80",
                                           "\xe2\x82",
                                           "\xc3\xa9\n\xc3\xa9",
                                           "\xff" };
    char text[400];

    (void)state;
    for (int c = 0; c < 256; c++) {
        text[0] = (char)c;
        check_escape(text, 1);
    }
    for (size_t m = 0; m < sizeof middles / sizeof middles[0]; m++) {
        size_t n = strlen(middles[m]);
        for (size_t before = 0; before < 160; before++) {
            for (size_t after = 0; after < 160; after += 1 + before / 8) {
                memset(text, 'a', sizeof text);
                memcpy(text + before, middles[m], n);
                check_escape(text, before + n + after);
            }
        }
    }
    for
        EACH_VERSION(v)
    assert_ptr_equal(v->json_escape(text, NULL, 0), text);
}

static void test_json_escape_random(void **state)
{
    static char text[64 * 40], decoded[64 * 40], escaped[64 * 40 * 6];

    (void)state;
    text_seed = 2;
    for (int i = 0; i < 30000; i++) {
        size_t n = random_string(text, random_below(64), i % 4 ? 13 : 20);
        check_escape(text, n);
        if (i % 4)
            continue;
        /* decoded text comes back, surrogates included */
        n = random_string(text, random_below(64), 13);
        n = cdp__json_unescape(decoded, text, text + n);
        assert_int_equal(cdp__utf8_check(decoded, n, true), n);
        check_escape(decoded, n);
        char *end = cdp__json_escape(escaped, decoded, n);
        assert_int_equal(cdp__json_unescape(text, escaped, end), n);
        assert_memory_equal(text, decoded, n);
    }
}

/* ---- UTF-16 ------------------------------------------------------------- */

static void check_utf16(const uint8_t *units, size_t bytes)
{
    uint8_t *p = tight(units, bytes), *back;
    char *out = tight(NULL, bytes / 2 * 3), *slow = tight(NULL, bytes / 2 * 3);
    size_t n = cdp__utf16_to_utf8(out, p, bytes);

    assert_int_equal(slow_utf16_to_utf8(slow, p, bytes), n);
    assert_memory_equal(slow, out, n);
    assert_int_equal(plain_utf8_check(out, n, true), n);
    char *text = tight(out, n);
    back = tight(NULL, 2 * n);
    assert_int_equal(cdp__utf8_to_utf16(back, text, n), bytes);
    assert_memory_equal(back, p, bytes);
    assert_int_equal(slow_utf8_to_utf16(back, text, n), bytes);
    assert_memory_equal(back, p, bytes);
    tight_free(back);
    tight_free(text);
    tight_free(slow);
    tight_free(out);
    tight_free(p);
}

static void test_utf16(void **state)
{
    static const uint16_t some[] = { 'a',    'b',    'c',    0x7f,   0x80,   0xe9,   0x7ff,  0x800,
                                     0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff, 0 };
    uint8_t units[2 * 40];

    (void)state;
    for (uint32_t c = 0; c < 0x110000; c += c < 0x10000 ? 1 : 251) {
        char wanted[4], out[8];
        size_t bytes = 2;
        if (c >= 0x10000) {
            uint32_t high = 0xd800 + ((c - 0x10000) >> 10), low = 0xdc00 + ((c - 0x10000) & 0x3ff);
            memcpy(units, (uint8_t[]){ high & 255, high >> 8 & 255, low & 255, low >> 8 & 255 }, 4);
            bytes = 4;
        } else {
            memcpy(units, (uint8_t[]){ c & 255, c >> 8 & 255 }, 2);
        }
        size_t n = cdp__utf16_to_utf8(out, units, bytes);
        assert_int_equal(n, plain_put(wanted, c) - wanted);
        assert_memory_equal(out, wanted, n);
        assert_int_equal(cdp__utf8_to_utf16(units, wanted, n), bytes);
    }
    text_seed = 3;
    for (int i = 0; i < 50000; i++) {
        size_t n = random_below(40);
        for (size_t j = 0; j < n; j++) {
            uint16_t unit = some[random_below(i % 3 ? 16 : 4)];
            units[2 * j] = (uint8_t)unit;
            units[2 * j + 1] = (uint8_t)(unit >> 8);
        }
        check_utf16(units, 2 * n);
    }
    assert_int_equal(cdp__utf16_to_utf8(NULL, NULL, 0), 0);
    assert_int_equal(cdp__utf8_to_utf16(NULL, NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ascii_run),    cmocka_unit_test(test_utf8_sequences),
        cmocka_unit_test(test_utf8_places),  cmocka_unit_test(test_json_plain),
        cmocka_unit_test(test_json_strings), cmocka_unit_test(test_json_random),
        cmocka_unit_test(test_json_escape),  cmocka_unit_test(test_json_escape_random),
        cmocka_unit_test(test_utf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
