/* test_hostile_discovery.c - peers whose /json is not as it should be. */
#include "endure.h"

/* clang-format off */
#define HTTP       .url = "http://127.0.0.1:%u"
#define VERSION(...) .peer.version = { __VA_ARGS__ }
#define LIST(...)  .peer.list = { __VA_ARGS__ }
#define OK         "HTTP/1.1 200 OK\nContent-Type: application/json\n"
#define BROWSER(url) "json {\"Browser\":\"x/1\",\"webSocketDebuggerUrl\":\"" url "\"}"
#define TARGET(url) "json [{\"id\":\"7\",\"webSocketDebuggerUrl\":\"" url "\"}]"

static const endure_row rows[] = {
    /* ---- where it sends us: to the host that was named, whatever it says ---- */
    { "another port", HTTP, VERSION(BROWSER("ws://127.0.0.1:$trap/x")), .end = ENDURE_ALIVE },
    { "another host", HTTP, VERSION(BROWSER("ws://evil.example/x")), .end = ENDURE_ALIVE },
    { "a target on another port", HTTP, LIST(TARGET("ws://127.0.0.1:$trap/x")),
      .end = ENDURE_ALIVE },
    { "credentials", HTTP, VERSION(BROWSER("ws://user:word@127.0.0.1:$trap/x")),
      .end = ENDURE_ALIVE },
    { "a path that looks like a host", HTTP, VERSION(BROWSER("ws://h//127.0.0.1:$trap/x")),
      .end = ENDURE_ALIVE },
    { "wss:", HTTP, VERSION(BROWSER("wss://127.0.0.1:$port/x")), .end = ENDURE_ALIVE },
    { "CRLF in the path", HTTP, VERSION(BROWSER("ws://h/x HTTP/1.1\\r\\nEvil: 1\\r\\n\\r\\n")),
      LIST("json []"), .status = CDP_EIO },
    { "a target with a newline in the path", HTTP, LIST(TARGET("ws://h/x\\ny")), .status = CDP_EIO },
    { "a target with a NUL in the path", HTTP, LIST(TARGET("ws://h/x\\u0000y")), .status = CDP_EIO },
    { "a target with a blank in the path", HTTP, LIST(TARGET("ws://h/x y")), .status = CDP_EIO },
    { "a target with a lone surrogate in the path", HTTP, LIST(TARGET("ws://h/\\ud800")),
      .status = CDP_EIO },
    { "a target without a path", HTTP, LIST(TARGET("ws://h")), .status = CDP_EIO },
    { "a target with an empty URL", HTTP, LIST(TARGET("")), .status = CDP_EIO },
    { "a target with a URL of 1 MB", HTTP, LIST(TARGET("ws://h/$(1000000*x)")), .status = CDP_EIO,
      .peak = 16 << 20 },
    { "a URL that is a number", HTTP, LIST("json [{\"id\":\"7\",\"webSocketDebuggerUrl\":7}]"),
      .status = CDP_EDECODE },

    /* ---- what it has ---- */
    { "no targets", HTTP, LIST("json []"), .status = CDP_EIO },
    { "no target of that name", .url = "http://127.0.0.1:%u/8", .status = CDP_EIO },
    { "targets that are taken", HTTP, LIST("json [{\"id\":\"7\"},{\"id\":\"8\"}]"),
      .status = CDP_EIO },
    { "one free target among those that are taken", HTTP,
      LIST("json [{\"id\":\"7\"},{\"id\":\"8\",\"webSocketDebuggerUrl\":\"ws://h/8\"}]"),
      .end = ENDURE_ALIVE },
    { "100,000 targets", HTTP,
      LIST("json [$(100000*{\"id\":\"7\",\"type\":\"page\",\"title\":\"x\",\"url\":\"y\"},){}]"),
      .status = CDP_EIO, .peak = 64 << 20 },

    /* ---- no JSON, or other JSON ---- */
    { "HTML", HTTP, VERSION("json <html>hello</html>"), .status = CDP_EDECODE },
    { "nothing", HTTP, VERSION("json "), .status = CDP_EDECODE },
    { "half of it", HTTP, VERSION("json {\"Browser\":\"x/1\","), .status = CDP_EDECODE },
    { "more behind it", HTTP, VERSION("json {} {}"), .status = CDP_EDECODE },
    { "bytes that are no UTF-8", HTTP, VERSION("json {\"Browser\":\"\xff\xfe\"}"),
      .status = CDP_EDECODE },
    { "NULs", HTTP, VERSION("json $0$0$0"), .status = CDP_EDECODE },
    { "a version that is a list", HTTP, VERSION("json []"), .status = CDP_EDECODE },
    { "a version that is null", HTTP, VERSION("json null"), .status = CDP_EDECODE },
    { "a list that is an object", HTTP, LIST("json {}"), .status = CDP_EDECODE },
    { "a list of numbers", HTTP, LIST("json [1,2,3]"), .status = CDP_EDECODE },
    { "100,000 brackets", HTTP, VERSION("json $(100000*[)"), .status = CDP_EDECODE },
    { "a version with 100,000 brackets", HTTP, VERSION("json {\"x\":$(100000*[)$(100000*])}"),
      .status = CDP_EDECODE },
    { "a list with 100,000 brackets", HTTP, LIST("json [{\"x\":$(100000*{\"y\":)"),
      .status = CDP_EDECODE, .peak = 4 << 20 },

    /* ---- another reply ---- */
    { "404", HTTP, VERSION("head HTTP/1.1 404 Not Found\nContent-Length: 0"),
      .status = CDP_EREMOTE, .says = "404" },
    { "a redirect", HTTP,
      VERSION("head HTTP/1.1 302 Found\nLocation: http://127.0.0.1:$trap/json/version\n"
              "Content-Length: 0"), .status = CDP_EPROTO, .says = "302" },
    { "204", HTTP, VERSION("head HTTP/1.1 204 No Content"), .status = CDP_EREMOTE, .says = "204" },
    { "101", HTTP, VERSION("head HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n"
                           "Connection: Upgrade"), .status = CDP_EPROTO },
    { "gzip", HTTP, VERSION("say " OK "Content-Encoding: gzip\nContent-Length: 20\n\n",
                            "frames $1f8b0800000000000003ababe50200000000000000"),
      .status = CDP_EDECODE },
    { "no HTTP", HTTP, VERSION("say {\"Browser\":\"x/1\"}", "end"), .status = CDP_EPROTO },

    /* ---- lengths ---- */
    { "a length beyond the body", HTTP, VERSION("say " OK "Content-Length: 100\n\n{}", "end"),
      .status = CDP_EIO, .says = "amid its reply" },
    { "a length before the body's end", HTTP, VERSION("say " OK "Content-Length: 1\n\n{}"),
      .status = CDP_EDECODE },
    { "a length of 2^64", HTTP, VERSION("say " OK "Content-Length: 18446744073709551616\n\n{}"),
      .status = CDP_EPROTO },
    { "a length of 2^63", HTTP,
      VERSION("say " OK "Content-Length: 9223372036854775808\n\n{}", "hush"),
      .status = CDP_EPROTO },
    { "a length below zero", HTTP, VERSION("say " OK "Content-Length: -2\n\n{}"),
      .status = CDP_EPROTO },
    { "two lengths", HTTP, VERSION("say " OK "Content-Length: 2\nContent-Length: 3\n\n{} "),
      .status = CDP_EPROTO },
    { "a length and chunks", HTTP,
      VERSION("say " OK "Content-Length: 2\nTransfer-Encoding: chunked\n\n2\n{}\n0\n\n"),
      .status = CDP_EPROTO },
    { "a body without end", HTTP, VERSION("head " OK "X: y", "* say $(1000*x)"),
      .status = CDP_EPROTO, .peak = 64 << 20 },
    { "chunks without end", HTTP,
      VERSION("head " OK "Transfer-Encoding: chunked", "* say 3e8\n$(1000*x)\n"),
      .status = CDP_EPROTO, .peak = 64 << 20 },
    { "chunks that are none", HTTP, VERSION("say " OK "Transfer-Encoding: chunked\n\nzz\n{}\n0\n\n"),
      .status = CDP_EPROTO },
    { "a chunk of 2^64", HTTP,
      VERSION("say " OK "Transfer-Encoding: chunked\n\n10000000000000000\n{}", "hush"),
      .status = CDP_EPROTO },
    { "a chunk's extension without end", HTTP,
      VERSION("say " OK "Transfer-Encoding: chunked\n\n2;", "* say $(1000*x)"),
      .status = CDP_EPROTO },
    { "trailers without end", HTTP,
      VERSION("say " OK "Transfer-Encoding: chunked\n\n2\n{}\n0\n", "* say X: y\n"),
      .status = CDP_EPROTO },
    { "headers without end", HTTP, VERSION("say " OK, "* say X: y\n"), .status = CDP_EPROTO },

    /* ---- silence, and the end ---- */
    { "no answer", HTTP, VERSION("hush"), .opt.connect_ms = 200, .status = CDP_ETIMEDOUT },
    { "half a body, then silence", HTTP, VERSION("say " OK "Content-Length: 9\n\n{", "hush"),
      .opt.connect_ms = 200, .status = CDP_ETIMEDOUT },
    { "no answer to the second question", HTTP, LIST("hush"), .opt.connect_ms = 300,
      .status = CDP_ETIMEDOUT },
    { "it ends the connection", HTTP, VERSION("end"), .status = CDP_EIO },
    { "it resets the connection", HTTP, LIST("reset"), .status = CDP_EIO },
    { "it resets the connection amid the body", HTTP,
      VERSION("say " OK "Content-Length: 9\n\n{", "reset"), .status = CDP_EIO },
    { "all is well, but for the handshake", HTTP,
      .peer.socket = { "head HTTP/1.1 403 Forbidden\nContent-Length: 0" }, .status = CDP_EPROTO,
      .says = "403" },

    /* ---- odd, but as it may be ---- */
    { "no type, no length, HTTP/1.0", HTTP, VERSION("say HTTP/1.0 200 OK\n\n{}", "end"),
      LIST("say HTTP/1.0 200 OK\n\n[{\"webSocketDebuggerUrl\":\"ws://h/7\"}]", "end"),
      .end = ENDURE_ALIVE },
    { "chunks", HTTP, VERSION("say " OK "Transfer-Encoding: chunked\n\n1\n{\n1\n}\n0\n\n"),
      .end = ENDURE_ALIVE },
    { "members that nobody knows", HTTP,
      VERSION("json {\"x\":[1,{\"y\":null}],\"Browser\":\"x\",\"z\":\"\\ud800\"}"),
      .end = ENDURE_ALIVE },
};
/* clang-format on */

int main(void)
{
    return ENDURE("discovery", rows);
}
