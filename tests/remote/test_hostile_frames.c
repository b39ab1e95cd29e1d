/* test_hostile_frames.c - peers that break the WebSocket's framing, or end amid it. */
#include "endure.h"

#include <stdio.h>

/* clang-format off */
#define FRAMES(...) .peer.socket = { "up", "call", "frames " __VA_ARGS__ }
#define MESSAGE_MAX .opt.session.max_message = 65536

static const endure_row rows[] = {
    /* ---- heads ---- */
    { "a masked frame", FRAMES("81!:{}"), .status = CDP_EPROTO },
    { "RSV1: a compressed frame", FRAMES("c1:{}"), .status = CDP_EPROTO },
    { "RSV2", FRAMES("a1:{}"), .status = CDP_EPROTO },
    { "RSV3", FRAMES("91:{}"), .status = CDP_EPROTO },
    { "opcode 3", FRAMES("83:{}"), .status = CDP_EPROTO },
    { "opcode 7", FRAMES("87:{}"), .status = CDP_EPROTO },
    { "opcode 11", FRAMES("8b:{}"), .status = CDP_EPROTO },
    { "opcode 15", FRAMES("8f:{}"), .status = CDP_EPROTO },
    { "a binary message", FRAMES("82:{}"), .status = CDP_EPROTO },
    { "a binary fragment", FRAMES("02:{}"), .status = CDP_EPROTO },
    { "a fragmented ping", FRAMES("09:x"), .status = CDP_EPROTO },
    { "a fragmented close frame", FRAMES("08:"), .status = CDP_EPROTO },
    { "a ping of 126 bytes", FRAMES("89*126:x"), .status = CDP_EPROTO },
    { "a close frame of 126 bytes", FRAMES("88#1000*124:x"), .status = CDP_EPROTO },

    /* ---- lengths ---- */
    { "a length in more bytes than it needs", FRAMES("81w2:{}"), .status = CDP_EPROTO },
    { "a length in many more", FRAMES("81w8:{}"), .status = CDP_EPROTO },
    { "a length of 2^62", FRAMES("81w8=4611686018427387904:{}"), .status = CDP_EPROTO },
    { "a length of 2^63", FRAMES("81w8=9223372036854775808:{}"), .status = CDP_EPROTO },
    { "a length of 4 GiB", FRAMES("81w8=4294967296:{}"), .status = CDP_EPROTO },
    { "a length of 200 MiB, and no more", FRAMES("81w8=209715200:{}", "hush"),
      .opt.session.timeout_ms = 200, .status = CDP_ETIMEDOUT, .end = ENDURE_OPEN },
    { "a message above the limit", MESSAGE_MAX, FRAMES("81*65537:x"), .status = CDP_EPROTO },
    { "a message above the limit, in pieces", MESSAGE_MAX, FRAMES("01*40000:x|80*40000:x"),
      .status = CDP_EPROTO },
    { "a message without end", MESSAGE_MAX, FRAMES("01:x", "* frames 00*1000:x"),
      .status = CDP_EPROTO },
    { "a frame without end", MESSAGE_MAX, FRAMES("81w8=9223372036854775807:x", "* say $(1000*x)"),
      .status = CDP_EPROTO },

    /* ---- fragments ---- */
    { "a continuation of nothing", FRAMES("80:{}"), .status = CDP_EPROTO },
    { "a message within another", FRAMES("01:{|81:{}"), .status = CDP_EPROTO },
    { "a message's beginning within another's", FRAMES("01:{|01:{"), .status = CDP_EPROTO },
    { "a continuation of what was complete", FRAMES("01:{|80:}|80:x"), .status = CDP_EPROTO,
      .fault = CDP_EPROTO },
    { "100,000 fragments of a byte", FRAMES("01:x", "100000* frames 00:x"), .status = CDP_EPROTO },
    { "fragments of nothing, without end", FRAMES("01:x", "* frames 00:"), .status = CDP_EPROTO },
    { "1,000 fragments, with pings between them",
      FRAMES("01:{\"method\":\"A.b\",\"params\":{\"x\":\"", "1000* frames 00:x|89:",
             "frames 80:\"}}", "text {\"id\":$id,\"result\":{}}"), .end = ENDURE_ALIVE },

    /* ---- text ---- */
    { "bytes that are no UTF-8", FRAMES("81:\"\xff\""), .status = CDP_EPROTO },
    { "an overlong character", FRAMES("81:\"\xc0\xaf\""), .status = CDP_EPROTO },
    { "a surrogate in UTF-8", FRAMES("81:\"\xed\xa0\x80\""), .status = CDP_EPROTO },
    { "half a character", FRAMES("81:\"\xe2\x82"), .status = CDP_EPROTO },
    { "half a character, and the rest in no other frame", FRAMES("01:\"\xe2|80:\""),
      .status = CDP_EPROTO },
    { "a character in two frames",
      FRAMES("01:{\"method\":\"A.\xe2|80:\x82\xac\"}", "text {\"id\":$id,\"result\":{}}"),
      .end = ENDURE_ALIVE },

    /* ---- control frames ---- */
    { "100,000 pings", FRAMES("89:", "100000* frames 89:ping", "text {\"id\":$id,\"result\":{}}"),
      .end = ENDURE_ALIVE, .peak = 8 << 20 },
    { "100,000 pongs that nobody asked for",
      FRAMES("8a:", "100000* frames 8a:pong", "text {\"id\":$id,\"result\":{}}"),
      .end = ENDURE_ALIVE },
    { "pings without end, of a peer that does not read", FRAMES("89:", "* frames 89*125:x"),
      .opt = { .session.timeout_ms = 500, .max_queue = 1 << 20 }, .status = CDP_ETIMEDOUT,
      .end = ENDURE_OPEN, .peak = 8 << 20 },
    { "close code 1000", FRAMES("88#1000:bye"), .status = CDP_ECLOSED, .says = "1000: bye" },
    { "close code 1001", FRAMES("88#1001:"), .status = CDP_ECLOSED, .says = "1001" },
    { "close code 1011", FRAMES("88#1011:oops"), .status = CDP_ECLOSED, .says = "1011: oops" },
    { "close code 4999", FRAMES("88#4999:"), .status = CDP_ECLOSED, .says = "4999" },
    { "a close frame without a code", FRAMES("88:"), .status = CDP_ECLOSED },
    { "a close frame with half a code", FRAMES("88:x"), .status = CDP_EPROTO },
    { "close code 999", FRAMES("88#999:"), .status = CDP_EPROTO },
    { "close code 1005", FRAMES("88#1005:"), .status = CDP_EPROTO },
    { "close code 1006", FRAMES("88#1006:"), .status = CDP_EPROTO },
    { "close code 65535", FRAMES("88#65535:"), .status = CDP_EPROTO },
    { "a reason that is no UTF-8", FRAMES("88#1000:\xff"), .status = CDP_EPROTO },
    { "a reason for a terminal", FRAMES("88#1000:\x1b]52;c;eA==\a"), .status = CDP_ECLOSED },
    { "messages behind the close frame",
      FRAMES("88#1000:", "100* text {\"method\":\"A.b\"}", "text {\"id\":$id,\"result\":{}}"),
      .status = CDP_ECLOSED },
    { "bytes at random behind the close frame", FRAMES("88#1000:", "100* frames $ff00fe01"),
      .status = CDP_ECLOSED },

    /* ---- the end ---- */
    { "the end, without a close frame", FRAMES("89:", "end"), .status = CDP_EIO },
    { "a reset", FRAMES("89:", "reset"), .status = CDP_EIO },
    { "bytes at random", FRAMES("$f3a90177c2deadbeef00112233445566"), .status = CDP_EPROTO },
    { "HTTP", FRAMES("89:", "head HTTP/1.1 400 Bad Request"), .status = CDP_EPROTO },
    { "1,000 calls, then the end", .peer.socket = { "up", "1000* call", "end" }, .calls = 1000,
      .status = CDP_EIO, .peak = 4 << 20 },
    { "1,000 calls, then a reset", .peer.socket = { "up", "1000* call", "reset" }, .calls = 1000,
      .status = CDP_EIO, .peak = 4 << 20 },
    { "1,000 calls, then a close frame",
      .peer.socket = { "up", "1000* call", "frames 88#1001:" }, .calls = 1000,
      .status = CDP_ECLOSED, .peak = 4 << 20 },
    { "1,000 calls, then a broken frame",
      .peer.socket = { "up", "1000* call", "frames 83:" }, .calls = 1000,
      .status = CDP_EPROTO, .peak = 4 << 20 },
};
/* clang-format on */

/* A peer that dies amid a reply: at every 50th byte. */
static void at_every_50th_byte(void **state)
{
    enum { FRAME = 5000 };
    char cut[128];

    (void)state;
    const unsigned files = open_files();
    for (unsigned n = 0; n < FRAME; n += 50) {
        const endure_row row = { .peer.socket = { "up", "call", cut }, .status = CDP_EIO };
        snprintf(cut, sizeof cut, "cut %u {\"id\":$id,\"result\":{\"x\":\"$(5000*x)\"}}", n);
        endure_once(&row, n % 100 != 0);
    }
    assert_int_equal(open_files(), files);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(at_every_50th_byte) };
    const int failed = ENDURE("frames", rows);

    return failed + cmocka_run_group_tests_name("a cut frame", tests, NULL, NULL);
}
