/* test_hostile_messages.c - peers whose messages are not as they should be. */
#include "endure.h"

/* clang-format off */
#define REPLY  "text {\"id\":$id,\"result\":{}}"
/* What comes before the reply, and is told of as a fault. */
#define BEFORE(...) .peer.socket = { "up", "call", __VA_ARGS__, REPLY }, .fault = CDP_EPROTO, \
                .end = ENDURE_ALIVE
/* The same, but it is nothing that anybody minds. */
#define FINE(...) .peer.socket = { "up", "call", __VA_ARGS__, REPLY }, .end = ENDURE_ALIVE
/* What comes instead of the reply, and ends the call. */
#define REPLIES(...) .peer.socket = { "up", "call", __VA_ARGS__ }, .end = ENDURE_ALIVE

static const endure_row rows[] = {
    /* ---- no message ---- */
    { "an empty message", BEFORE("text ") },
    { "no JSON", BEFORE("text hello") },
    { "half a message", BEFORE("text {\"method\":") },
    { "more behind it", BEFORE("text {\"method\":\"A.b\"} {}") },
    { "a list", BEFORE("text [{\"id\":$id,\"result\":{}}]") },
    { "a number", BEFORE("text 42") },
    { "null", BEFORE("text null") },
    { "a message of NULs", BEFORE("text $0$0$0") },
    { "a NUL behind it", BEFORE("text {\"method\":\"A.b\"}$0") },
    { "a NUL in a string", BEFORE("text {\"method\":\"A.b\",\"params\":{\"x\":\"$0\"}}") },
    { "a byte order mark", BEFORE("text \xef\xbb\xbf{\"method\":\"A.b\"}") },
    { "an empty object", BEFORE("text {}") },
    { "10,000 of them", BEFORE("10000* text {") },

    /* ---- whose reply ---- */
    { "a reply that nobody asked for", BEFORE("text {\"id\":77,\"result\":{}}") },
    { "two replies to one call", BEFORE(REPLY) },
    { "100,000 replies to one call", BEFORE("100000* " REPLY) },
    { "id 0", BEFORE("text {\"id\":0,\"result\":{}}") },
    { "a negative id", BEFORE("text {\"id\":-$id,\"result\":{}}") },
    { "id 2^31", BEFORE("text {\"id\":2147483648,\"result\":{}}") },
    { "id 2^32 + 1", BEFORE("text {\"id\":4294967297,\"result\":{}}") },
    { "id 2^64 + 1", BEFORE("text {\"id\":18446744073709551617,\"result\":{}}") },
    { "an id of 1,000 digits", BEFORE("text {\"id\":$(1000*1),\"result\":{}}") },
    { "a fraction as the id", BEFORE("text {\"id\":$id.5,\"result\":{}}") },
    { "a string as the id", BEFORE("text {\"id\":\"$id\",\"result\":{}}") },
    { "null as the id", BEFORE("text {\"id\":null,\"result\":{}}") },
    { "a list as the id", BEFORE("text {\"id\":[$id],\"result\":{}}") },
    { "a reply without id", BEFORE("text {\"result\":{}}") },
    { "an error without id", FINE("text {\"error\":{\"code\":-32700,\"message\":\"x\"}}"),
      .fault = CDP_EREMOTE },
    { "a reply of an unknown session", BEFORE("text {\"id\":$id,\"sessionId\":\"X\",\"result\":{}}") },
    { "a session that is a number", BEFORE("text {\"id\":$id,\"sessionId\":1,\"result\":{}}") },

    /* ---- a reply that is none ---- */
    { "two ids", REPLIES("text {\"id\":$id,\"id\":77,\"result\":{}}", REPLY),
      .fault = CDP_EPROTO },
    { "neither result nor error", REPLIES("text {\"id\":$id}"), .status = CDP_EPROTO },
    { "result and error",
      REPLIES("text {\"id\":$id,\"result\":{},\"error\":{\"code\":1,\"message\":\"x\"}}"),
      .status = CDP_EREMOTE },
    { "a result that is a list", REPLIES("text {\"id\":$id,\"result\":[]}"),
      .status = CDP_EDECODE },
    { "a result that is a number", REPLIES("text {\"id\":$id,\"result\":1}"),
      .status = CDP_EDECODE },
    { "a result that is null", REPLIES("text {\"id\":$id,\"result\":null}"),
      .status = CDP_EDECODE },
    { "a result within which a type is wrong",
      REPLIES("text {\"id\":$id,\"result\":{\"result\":{\"type\":7}}}") },
    { "a result within which an object is a string",
      REPLIES("text {\"id\":$id,\"result\":{\"result\":\"x\"}}") },
    { "a result within which a list is an object",
      REPLIES("text {\"id\":$id,\"result\":{\"exceptionDetails\":{\"stackTrace\":"
              "{\"callFrames\":{}}}}}") },
    { "an error that is a string", REPLIES("text {\"id\":$id,\"error\":\"x\"}"),
      .status = CDP_EREMOTE },
    { "an error that is empty", REPLIES("text {\"id\":$id,\"error\":{}}"),
      .status = CDP_EREMOTE },
    { "an error whose members are of other types",
      REPLIES("text {\"id\":$id,\"error\":{\"code\":\"x\",\"message\":7,\"data\":[]}}"),
      .status = CDP_EREMOTE },
    { "an error's code of 1e999",
      REPLIES("text {\"id\":$id,\"error\":{\"code\":1e999,\"message\":\"x\"}}"),
      .status = CDP_EREMOTE },
    { "an error's message of 1 MB",
      REPLIES("text {\"id\":$id,\"error\":{\"code\":1,\"message\":\"$(1000000*x)\"}}"),
      .status = CDP_EREMOTE, .peak = 8 << 20 },
    { "an error for a terminal",
      REPLIES("text {\"id\":$id,\"error\":{\"code\":1,\"message\":\"\\u001b]0;x\\u0007\"}}"),
      .status = CDP_EREMOTE },

    /* ---- values ---- */
    { "100,000 brackets in a result",
      REPLIES("text {\"id\":$id,\"result\":{\"x\":$(100000*[)$(100000*])}}"),
      .status = CDP_EDECODE },
    { "100,000 brackets in a result, without their ends",
      REPLIES("text {\"id\":$id,\"result\":{\"x\":$(100000*{\"y\":)"),
      .status = CDP_EDECODE, .peak = 4 << 20 },
    { "NaN", REPLIES("text {\"id\":$id,\"result\":{\"x\":NaN}}"), .status = CDP_EDECODE },
    { "1e999", REPLIES("text {\"id\":$id,\"result\":{\"x\":1e999}}") },
    { "1e999 where an integer should be",
      REPLIES("text {\"id\":$id,\"result\":{\"exceptionDetails\":{\"lineNumber\":1e999}}}") },
    { "a number of 100,000 digits",
      REPLIES("text {\"id\":$id,\"result\":{\"exceptionDetails\":{\"lineNumber\":$(100000*9)}}}") },
    { "lone surrogates, NULs and all",
      REPLIES("text {\"id\":$id,\"result\":{\"result\":{\"type\":\"\\ud800\",\"value\":\"\\udc00"
              "\\u0000\"}}}") },
    { "100,000 members that nobody knows",
      REPLIES("text {\"id\":$id,\"result\":{$(100000*\"x\":1,)\"y\":2}}"), .peak = 32 << 20 },
    { "10,000 sessions that nobody knows",
      BEFORE("10000* text {\"method\":\"A.b\",\"params\":{},\"sessionId\":\"X\"}") },

    /* ---- events ---- */
    { "an event that nobody knows", FINE("text {\"method\":\"A.b\",\"params\":{}}") },
    { "100,000 events", FINE("100000* text {\"method\":\"Runtime.consoleAPICalled\",\"params\":{}}"),
      .peak = 16 << 20 },
    { "100,000 events that nobody wants",
      FINE("100000* text {\"method\":\"Runtime.executionContextDestroyed\",\"params\":{}}"),
      .peak = 16 << 20 },
    { "an event without params", FINE("text {\"method\":\"Runtime.consoleAPICalled\"}") },
    { "an event with params of null",
      FINE("text {\"method\":\"Runtime.consoleAPICalled\",\"params\":null}"),
      .fault = CDP_EDECODE },
    { "an event whose params are a list",
      FINE("text {\"method\":\"Runtime.consoleAPICalled\",\"params\":[]}"),
      .fault = CDP_EDECODE },
    { "an event of other types",
      FINE("text {\"method\":\"Runtime.consoleAPICalled\",\"params\":{\"type\":7}}") },
    { "an event's name that is a number", BEFORE("text {\"method\":7}") },
    { "an event's name that is empty", FINE("text {\"method\":\"\"}") },
    { "an event's name of 1 MB", FINE("text {\"method\":\"$(1000000*x)\"}"), .peak = 8 << 20 },
    { "an event's name twice", FINE("text {\"method\":\"A.b\",\"method\":\"C.d\"}") },

    /* ---- commands to us ---- */
    { "a command", FINE("text {\"id\":1,\"method\":\"A.b\"}") },
    { "10,000 commands", FINE("10000* text {\"id\":1,\"method\":\"A.b\"}"), .peak = 8 << 20 },
    { "a command with params of 100,000 brackets",
      FINE("text {\"id\":1,\"method\":\"A.b\",\"params\":{\"x\":$(100000*[)$(100000*])}}"),
      .fault = CDP_EPROTO },
    { "commands without end, of a peer that does not read",
      .peer.socket = { "up", "* text {\"id\":1,\"method\":\"A.b\"}" },
      .opt = { .session.timeout_ms = 1000, .max_queue = 1 << 20 }, .status = CDP_ETIMEDOUT,
      .end = ENDURE_OPEN, .peak = 16 << 20 },
};
/* clang-format on */

int main(void)
{
    return ENDURE("messages", rows);
}
