/*
 * test_ws_text.c - UTF-8 in messages, and close frames, as a WebSocket end takes them.
 *
 * Rows as in test_ws.c.
 */
#include "support/ws_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BAD_TEXT WS_BAD(1007, "a text is not UTF-8")
#define BAD_REASON WS_BAD(1007, "a close reason is not UTF-8")
#define BAD_CODE WS_BAD(1002, "no such close code")

/* Closed by the peer, and answered. */
#define CLOSED(code) "{" #code " }<close " #code " >"

static void test_utf8(void **state)
{
    static const ws_row rows[] = {
        { "8.1", "81:\xc3\xa9", "[\xc3\xa9]", WS_BOTH },
        { "8.1", "81:\xe2\x82\xac", "[\xe2\x82\xac]", WS_BOTH },
        { "8.1", "81:\xf0\x9f\x98\x80", "[\xf0\x9f\x98\x80]", WS_BOTH },
        { "8.1", "81:\x7f", "[\x7f]", WS_BOTH },
        { "8.1", "81:\xc2\x80", "[\xc2\x80]", WS_BOTH },
        { "8.1", "81:\xdf\xbf", "[\xdf\xbf]", WS_BOTH },
        { "8.1", "81:\xe0\xa0\x80", "[\xe0\xa0\x80]", WS_BOTH },
        { "8.1", "81:\xed\x9f\xbf", "[\xed\x9f\xbf]", WS_BOTH },
        { "8.1", "81:\xee\x80\x80", "[\xee\x80\x80]", WS_BOTH },
        { "8.1", "81:\xef\xbb\xbf", "[\xef\xbb\xbf]", WS_BOTH },
        { "8.1", "81:\xef\xbf\xbf", "[\xef\xbf\xbf]", WS_BOTH },
        { "8.1", "81:\xf0\x90\x80\x80", "[\xf0\x90\x80\x80]", WS_BOTH },
        { "8.1", "81:\xf4\x8f\xbf\xbf", "[\xf4\x8f\xbf\xbf]", WS_BOTH },
        { "8.1", "81:\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
          "[\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5]", WS_BOTH },
        /* across fragments */
        { "8.1", "01:\xc3|80:\xa9", "[\xc3\xa9]", WS_BOTH },
        { "8.1", "01:\xe2|80:\x82\xac", "[\xe2\x82\xac]", WS_BOTH },
        { "8.1", "01:\xe2\x82|80:\xac", "[\xe2\x82\xac]", WS_BOTH },
        { "8.1", "01:\xf0|00:\x9f|00:\x98|80:\x80", "[\xf0\x9f\x98\x80]", WS_BOTH },
        { "8.1", "01:\xf0\x9f|00:|80:\x98\x80", "[\xf0\x9f\x98\x80]", WS_BOTH },
        { "8.1", "01:a\xf4|80:\x8f\xbf\xbfz", "[a\xf4\x8f\xbf\xbfz]", WS_BOTH },
        { "8.1", "01:\xed|80:\x9f\xbf", "[\xed\x9f\xbf]", WS_BOTH },
        { "8.1", "01:\xe0|80:\xa0\x80", "[\xe0\xa0\x80]", WS_BOTH },
        { "8.1", "01:\xe2|89:\xff|80:\x82\xac", "[\xe2\x82\xac]<pong \xff>", WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_bad_utf8(void **state)
{
    static const ws_row rows[] = {
        { "8.1", "81:\xff", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xfe", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xbf", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xc0\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xc1\xbf", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xe0\x80\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xe0\x9f\xbf", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xed\xa0\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xed\xbf\xbf", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xed\xa0\xbd\xed\xb8\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xf0\x80\x80\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xf0\x8f\xbf\xbf", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xf4\x90\x80\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xf5\x80\x80\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xf8\x88\x80\x80\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "81:a\xc3(", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xe2(\xa1", BAD_TEXT, WS_BOTH },
        { "8.1", "81*200:a|81:\xff", "[200*a]" BAD_TEXT, WS_BOTH },
        /* cut at the end */
        { "8.1", "81:\xc3", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xe2\x82", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xf0\x9f\x98", BAD_TEXT, WS_BOTH },
        { "8.1", "81:ok\xf0", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xe2|80:", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xe2|80:x", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xe2|80:\x82", BAD_TEXT, WS_BOTH },
        { "8.1", "81:\xc3|81:\xa9", BAD_TEXT, WS_BOTH },
        /* seen before the message ends */
        { "8.1", "01:\xff", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xc0", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xe0\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "01:ok\xed\xa0", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xf0\x8f", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xf4\x90", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xf0\x9f(", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xf4|00:\x90", BAD_TEXT, WS_BOTH },
        { "8.1", "01:\xed|00:\xa0|80:\x80", BAD_TEXT, WS_BOTH },
        { "8.1", "01:a|00:\x80|80:b", BAD_TEXT, WS_BOTH },
        { "8.1", "81=100:\xff", BAD_TEXT, WS_BOTH },
        { "8.1", "81=100:abc\xf4\x90", BAD_TEXT, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_close_codes(void **state)
{
    static const ws_row rows[] = {
        { "7.1.5", "88:", "{1005 }<close >", WS_BOTH },
        { "7.4.1", "88#1000:", CLOSED(1000), WS_BOTH },
        { "7.4.1", "88#1001:", CLOSED(1001), WS_BOTH },
        { "7.4.1", "88#1002:", CLOSED(1002), WS_BOTH },
        { "7.4.1", "88#1003:", CLOSED(1003), WS_BOTH },
        { "7.4.1", "88#1007:", CLOSED(1007), WS_BOTH },
        { "7.4.1", "88#1008:", CLOSED(1008), WS_BOTH },
        { "7.4.1", "88#1009:", CLOSED(1009), WS_BOTH },
        { "7.4.1", "88#1010:", CLOSED(1010), WS_BOTH },
        { "7.4.1", "88#1011:", CLOSED(1011), WS_BOTH },
        { "IANA", "88#1012:", CLOSED(1012), WS_BOTH },
        { "IANA", "88#1013:", CLOSED(1013), WS_BOTH },
        { "IANA", "88#1014:", CLOSED(1014), WS_BOTH },
        { "7.4.2", "88#3000:", CLOSED(3000), WS_BOTH },
        { "7.4.2", "88#3999:", CLOSED(3999), WS_BOTH },
        { "7.4.2", "88#4000:", CLOSED(4000), WS_BOTH },
        { "7.4.2", "88#4999:", CLOSED(4999), WS_BOTH },
        { "5.5.1", "88:\x03", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#0:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#1:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#999:", BAD_CODE, WS_BOTH },
        { "7.4.1", "88#1004:", BAD_CODE, WS_BOTH },
        { "7.4.1", "88#1005:", BAD_CODE, WS_BOTH },
        { "7.4.1", "88#1006:", BAD_CODE, WS_BOTH },
        { "7.4.1", "88#1015:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#1016:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#1100:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#2000:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#2999:", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#5000:bye", BAD_CODE, WS_BOTH },
        { "7.4.2", "88#65535:", BAD_CODE, WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

static void test_close_frames(void **state)
{
    static const ws_row rows[] = {
        { "7.1.6", "88#1000:bye", "{1000 bye}<close 1000 >", WS_BOTH },
        { "7.1.6", "88#1000*123:x", "{1000 123*x}<close 1000 >", WS_BOTH },
        { "7.1.6", "88#3000:\xe2\x82\xac", "{3000 \xe2\x82\xac}<close 3000 >", WS_BOTH },
        { "7.1.6", "88#1000:\xff", BAD_REASON, WS_BOTH },
        { "7.1.6", "88#1000:\xc3", BAD_REASON, WS_BOTH },
        { "7.1.6", "88#1000:bye\xe2\x82", BAD_REASON, WS_BOTH },
        { "7.1.6", "88#1000:\xed\xa0\x80", BAD_REASON, WS_BOTH },
        { "7.1.6", "88#1000:\xc0\x80", BAD_REASON, WS_BOTH },
        { "7.1.6", "88#1000:\xf4\x90\x80\x80", BAD_REASON, WS_BOTH },
        { "7.1.6", "88#1004:\xff", BAD_CODE, WS_BOTH },
        /* what follows is nobody's */
        { "5.5.1", "88#1000:|81:x", CLOSED(1000), WS_BOTH },
        { "5.5.1", "88#1000:|89:x", CLOSED(1000), WS_BOTH },
        { "5.5.1", "88#1000:|88#1001:", CLOSED(1000), WS_BOTH },
        { "5.5.1", "88#1000:|$ffffffffffffffffffff", CLOSED(1000), WS_BOTH },
        { "5.5.1", "88:|83:x", "{1005 }<close >", WS_BOTH },
        { "7.1.7", "83:x|88#1000:", WS_BAD(1002, "no such opcode"), WS_BOTH },
        { "7.1.7", "82:x|81:y|89:z", WS_BAD(1003, "a binary message"), WS_BOTH },
        { "5.5.1", "81:a|89:b|88#1001:c|81:d", "[a]{1001 c}<pong b><close 1001 >", WS_BOTH },
        { "5.5.1", "01:a|00:b|88#1001:", CLOSED(1001), WS_BOTH },
        { "5.5.1", "88=5:\x03\xe8z", "", WS_BOTH },
    };

    (void)state;
    WS_CHECK(rows, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_bad_utf8),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_close_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
