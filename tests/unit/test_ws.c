/*
 * test_ws.c - what a WebSocket end makes of frames: well-formed, malformed and odd ones.
 *
 * Each row is run for a server and for a client, but where it says otherwise, in one piece, byte
 * by byte, and split at every position.  Numbers are sections of RFC 6455.
 */
#include "support/ws_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define RESERVED WS_BAD(1002, "reserved bits are set")
#define OPCODE WS_BAD(1002, "no such opcode")
#define UNMASKED WS_BAD(1002, "a client's frame is not masked")
#define MASKED WS_BAD(1002, "a server's frame is masked")
#define FORM WS_BAD(1002, "a length is not in its shortest form")
#define NOTHING WS_BAD(1002, "a continuation of nothing")
#define WITHIN WS_BAD(1002, "a message starts within another")
#define CUT_CONTROL WS_BAD(1002, "a control frame is fragmented")
#define LONG_CONTROL WS_BAD(1002, "a control frame is too long")
#define BINARY WS_BAD(1003, "a binary message")
#define TOO_LONG WS_BAD(1009, "the message is too long")
#define TOO_MANY WS_BAD(1009, "the message has too many fragments")

static void test_frames(void **state)
{
    static const ws_row rows[] = {
        { "5.2", "", "", WS_BOTH },
        { "5.6", "81:", "[]", WS_BOTH },
        { "5.6", "81:a", "[a]", WS_BOTH },
        { "5.6", "81:{\"id\":1,\"method\":\"Runtime.enable\"}",
          "[{\"id\":1,\"method\":\"Runtime.enable\"}]", WS_BOTH },
        { "5.6", "81:one|81:|81:two|81:three", "[one][][two][three]", WS_BOTH },
        { "5.2", "81*124:x", "[124*x]", WS_BOTH },
        { "5.2", "81*125:x", "[125*x]", WS_BOTH },
        { "5.2", "81*126:x", "[126*x]", WS_BOTH },
        { "5.2", "81*127:x", "[127*x]", WS_BOTH },
        { "5.2", "81*128:x", "[128*x]", WS_BOTH },
        { "5.2", "81*65535:x", "[65535*x]", WS_BOTH },
        { "5.2", "81*65536:x", "[65536*x]", WS_BOTH },
        { "5.2", "81*65537:x|81:y", "[65537*x][y]", WS_BOTH },
        { "5.3", "81z:plain", "[plain]", WS_SERVER },
        { "5.3", "81z*200:p|81:q", "[200*p][q]", WS_SERVER },
        /* what has only begun */
        { "5.2", "$81", "", WS_BOTH },
        { "5.2", "$81fe", "", WS_SERVER },
        { "5.2", "$81fe01", "", WS_SERVER },
        { "5.2", "$81ff00000000", "", WS_SERVER },
        { "5.2", "$81850102", "", WS_SERVER },
        { "5.2", "$817e", "", WS_CLIENT },
        { "5.2", "$817f00000000", "", WS_CLIENT },
        { "5.2", "81=6:hello", "", WS_BOTH },
        { "5.2", "89=2:p", "", WS_BOTH },
        { "5.2", "88=2:\x03", "", WS_BOTH },
        { "5.2", "81:a|81=126:b", "[a]", WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_reserved_bits(void **state)
{
    static const ws_row rows[] = {
        { "5.2", "c1:x", RESERVED, WS_BOTH },
        { "5.2", "a1:x", RESERVED, WS_BOTH },
        { "5.2", "91:x", RESERVED, WS_BOTH },
        { "5.2", "f1:x", RESERVED, WS_BOTH },
        { "5.2", "c1:", RESERVED, WS_BOTH },
        { "5.2", "41:x", RESERVED, WS_BOTH },
        { "5.2", "f2:x", RESERVED, WS_BOTH },
        { "5.2", "c9:x", RESERVED, WS_BOTH },
        { "5.2", "aa:", RESERVED, WS_BOTH },
        { "5.2", "98#1000:", RESERVED, WS_BOTH },
        { "5.2", "01:a|c0:b", RESERVED, WS_BOTH },
        { "5.2", "01:a|90:b", RESERVED, WS_BOTH },
        { "5.2", "f3:", RESERVED, WS_BOTH },
        { "5.2", "81:fine|c1:x", "[fine]" RESERVED, WS_BOTH },
        { "5.2", "89:p|c1:x",
          "{1002 reserved bits are set}<pong p><close 1002 reserved bits are set>", WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_opcodes(void **state)
{
    static const ws_row rows[] = {
        { "5.2", "83:x", OPCODE, WS_BOTH },
        { "5.2", "84:x", OPCODE, WS_BOTH },
        { "5.2", "85:", OPCODE, WS_BOTH },
        { "5.2", "86:x", OPCODE, WS_BOTH },
        { "5.2", "87:x", OPCODE, WS_BOTH },
        { "5.2", "8b:x", OPCODE, WS_BOTH },
        { "5.2", "8c:", OPCODE, WS_BOTH },
        { "5.2", "8d:x", OPCODE, WS_BOTH },
        { "5.2", "8e:x", OPCODE, WS_BOTH },
        { "5.2", "8f*200:x", OPCODE, WS_BOTH },
        { "5.2", "03:x", OPCODE, WS_BOTH },
        { "5.2", "0b:x", OPCODE, WS_BOTH },
        { "5.2", "01:a|83:b", OPCODE, WS_BOTH },
        { "5.2", "81:a|8f:b|81:c", "[a]" OPCODE, WS_BOTH },
        { "5.6", "82:x", BINARY, WS_BOTH },
        { "5.6", "82:", BINARY, WS_BOTH },
        { "5.6", "02:x", BINARY, WS_BOTH },
        { "5.6", "82=70000:", BINARY, WS_BOTH },
        { "5.6", "81:a|82:b", "[a]" BINARY, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_masks(void **state)
{
    static const ws_row rows[] = {
        { "5.1", "81!:x", UNMASKED, WS_SERVER },
        { "5.1", "81!:", UNMASKED, WS_SERVER },
        { "5.1", "81!*300:x", UNMASKED, WS_SERVER },
        { "5.1", "89!:x", UNMASKED, WS_SERVER },
        { "5.1", "8a!:", UNMASKED, WS_SERVER },
        { "5.1", "88!#1000:", UNMASKED, WS_SERVER },
        { "5.1", "01:a|80!:b", UNMASKED, WS_SERVER },
        { "5.1", "81:a|81!:b", "[a]" UNMASKED, WS_SERVER },
        { "5.1", "82!:x", UNMASKED, WS_SERVER },
        { "5.1", "$81", "", WS_SERVER },
        { "5.1", "$8100", UNMASKED, WS_SERVER },
        { "5.1", "81!:x", MASKED, WS_CLIENT },
        { "5.1", "81!:", MASKED, WS_CLIENT },
        { "5.1", "81!z:x", MASKED, WS_CLIENT },
        { "5.1", "89!:x", MASKED, WS_CLIENT },
        { "5.1", "88!#1000:", MASKED, WS_CLIENT },
        { "5.1", "01:a|80!:b", MASKED, WS_CLIENT },
        { "5.1", "81:a|81!:b", "[a]" MASKED, WS_CLIENT },
        { "5.1", "$8180", MASKED, WS_CLIENT },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_lengths(void **state)
{
    static const ws_row rows[] = {
        { "5.2", "81w2:", FORM, WS_BOTH },
        { "5.2", "81w2:x", FORM, WS_BOTH },
        { "5.2", "81w2*125:x", FORM, WS_BOTH },
        { "5.2", "81w8:", FORM, WS_BOTH },
        { "5.2", "81w8:x", FORM, WS_BOTH },
        { "5.2", "81w8*125:x", FORM, WS_BOTH },
        { "5.2", "81w8*126:x", FORM, WS_BOTH },
        { "5.2", "81w8=65535:", FORM, WS_BOTH },
        { "5.2", "01w2:x", FORM, WS_BOTH },
        { "5.2", "01:a|80w8:b", FORM, WS_BOTH },
        { "5.2", "81w8=9223372036854775808:", WS_BAD(1002, "a length has 64 bits"), WS_BOTH },
        { "5.2", "81w8=18446744073709551615:x", WS_BAD(1002, "a length has 64 bits"), WS_BOTH },
        { "5.2", "81w8=9223372036854775807:", TOO_LONG, WS_BOTH },
        { "5.5", "89w2:", LONG_CONTROL, WS_BOTH },
        { "5.5", "89w2:x", LONG_CONTROL, WS_BOTH },
        { "5.5", "89w8:x", LONG_CONTROL, WS_BOTH },
        { "5.5", "89*126:x", LONG_CONTROL, WS_BOTH },
        { "5.5", "8a*126:x", LONG_CONTROL, WS_BOTH },
        { "5.5", "88#1000*124:x", LONG_CONTROL, WS_BOTH },
        { "5.5", "88=126:", LONG_CONTROL, WS_BOTH },
        { "5.5", "89=70000:", LONG_CONTROL, WS_BOTH },
        { "5.5", "81:a|89*126:x", "[a]" LONG_CONTROL, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_fragments(void **state)
{
    static const ws_row rows[] = {
        { "5.4", "01:Hel|80:lo", "[Hello]", WS_BOTH },
        { "5.4", "01:H|00:e|00:l|00:l|80:o", "[Hello]", WS_BOTH },
        { "5.4", "01:|80:Hello", "[Hello]", WS_BOTH },
        { "5.4", "01:Hello|80:", "[Hello]", WS_BOTH },
        { "5.4", "01:|00:|80:", "[]", WS_BOTH },
        { "5.4", "01:a|00:|00:b|80:", "[ab]", WS_BOTH },
        { "5.4", "01*200:a|80*200:a", "[400*a]", WS_BOTH },
        { "5.4", "01*70000:a|80*126:a", "[70126*a]", WS_BOTH },
        { "5.4", "01:a|80:b|01:c|80:d|81:e", "[ab][cd][e]", WS_BOTH },
        { "5.4", "01:a", "", WS_BOTH },
        { "5.4", "01:a|00:b", "", WS_BOTH },
        { "5.4", "01:a|89:p|80:b", "[ab]<pong p>", WS_BOTH },
        { "5.4", "01:a|89:p|89:q|00:b|89:r|80:c", "[abc]<pong p><pong q><pong r>", WS_BOTH },
        { "5.4", "01:a|8a:p|80:b", "[ab]", WS_BOTH },
        { "5.4", "01:a|88#1000:|80:b", "{1000 }<close 1000 >", WS_BOTH },
        { "5.4", "80:x", NOTHING, WS_BOTH },
        { "5.4", "80:", NOTHING, WS_BOTH },
        { "5.4", "00:x", NOTHING, WS_BOTH },
        { "5.4", "81:a|80:b", "[a]" NOTHING, WS_BOTH },
        { "5.4", "81:a|00:b", "[a]" NOTHING, WS_BOTH },
        { "5.4", "01:a|80:b|80:c", "[ab]" NOTHING, WS_BOTH },
        { "5.4", "89:|80:x",
          "{1002 a continuation of nothing}<pong >"
          "<close 1002 a continuation of nothing>",
          WS_BOTH },
        { "5.4", "01:a|81:b", WITHIN, WS_BOTH },
        { "5.4", "01:a|01:b", WITHIN, WS_BOTH },
        { "5.4", "01:|81:b", WITHIN, WS_BOTH },
        { "5.4", "01:a|00:b|81:c", WITHIN, WS_BOTH },
        { "5.4", "01:a|82:b", WITHIN, WS_BOTH },
        { "5.4", "01:a|02:b", WITHIN, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_control(void **state)
{
    static const ws_row rows[] = {
        { "5.5.2", "89:", "<pong >", WS_BOTH },
        { "5.5.2", "89:Hello", "<pong Hello>", WS_BOTH },
        { "5.5.2", "89*125:x", "<pong 125*x>", WS_BOTH },
        { "5.5.2", "89:\xff\xfe\xed\xa0", "<pong \xff\xfe\xed\xa0>", WS_BOTH },
        { "5.5.2", "89:a|89:b|89:c|89:d|89:e|89:f|89:g|89:h|89:i|89:j",
          "<pong a><pong b><pong c><pong d><pong e><pong f><pong g><pong h><pong i><pong j>",
          WS_BOTH },
        { "5.5.2", "89:a|81:b|89:c", "[b]<pong a><pong c>", WS_BOTH },
        { "5.5.3", "8a:", "", WS_BOTH },
        { "5.5.3", "8a:x|8a*125:y|81:z", "[z]", WS_BOTH },
        { "5.5.3", "8a:\xff", "", WS_BOTH },
        { "5.5", "09:", CUT_CONTROL, WS_BOTH },
        { "5.5", "09:x|80:y", CUT_CONTROL, WS_BOTH },
        { "5.5", "0a:x", CUT_CONTROL, WS_BOTH },
        { "5.5", "08:", CUT_CONTROL, WS_BOTH },
        { "5.5", "01:a|09:x", CUT_CONTROL, WS_BOTH },
        { "5.5", "09*126:x", CUT_CONTROL, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_limits(void **state)
{
    static const cdp__ws_limits limits = { .message = 10, .fragments = 3 };
    static const ws_row rows[] = {
        { "7.4.1", "81*10:x", "[xxxxxxxxxx]", WS_BOTH },
        { "7.4.1", "81*10:x|81*10:y", "[xxxxxxxxxx][yyyyyyyyyy]", WS_BOTH },
        { "7.4.1", "81*11:x", TOO_LONG, WS_BOTH },
        { "7.4.1", "81=11:", TOO_LONG, WS_BOTH },
        { "7.4.1", "81=4294967296:", TOO_LONG, WS_BOTH },
        { "7.4.1", "81w8=9223372036854775807:", TOO_LONG, WS_BOTH },
        { "7.4.1", "01=11:", TOO_LONG, WS_BOTH },
        { "7.4.1", "01:12345|80:67890", "[1234567890]", WS_BOTH },
        { "7.4.1", "01:12345|80:678901", TOO_LONG, WS_BOTH },
        { "7.4.1", "01:1234567890|00:|80:", "[1234567890]", WS_BOTH },
        { "7.4.1", "01:1234567890|80:1", TOO_LONG, WS_BOTH },
        { "7.4.1", "01:1|00w8=9223372036854775807:", TOO_LONG, WS_BOTH },
        { "7.4.1", "01:a|00:b|80:c", "[abc]", WS_BOTH },
        { "7.4.1", "01:a|00:b|00:c|80:d", TOO_MANY, WS_BOTH },
        { "7.4.1", "01:|00:|00:|00:", TOO_MANY, WS_BOTH },
        { "7.4.1", "01:a|00:b|80:c|01:d|00:e|80:f|81:g", "[abc][def][g]", WS_BOTH },
        { "7.4.1", "01:a|8a:|8a:|8a:|00:b|8a:|80:c", "[abc]", WS_BOTH },
        { "7.4.1", "89*125:x|81*10:y", "[yyyyyyyyyy]<pong 125*x>", WS_BOTH },
        { "7.4.1", "81*10:x|81*11:x", "[xxxxxxxxxx]" TOO_LONG, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, &limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),  cmocka_unit_test(test_reserved_bits),
        cmocka_unit_test(test_opcodes), cmocka_unit_test(test_masks),
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_control), cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
