/* test_hostile_handshake.c - peers that answer the WebSocket's handshake as they should not. */
#include "endure.h"

/* clang-format off */
#define UP      "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
#define ACCEPT  "Sec-WebSocket-Accept: $accept"
#define MOVED(code) .peer.socket = { "head HTTP/1.1 " code " Moved\n" \
                "Location: ws://127.0.0.1:$trap/\nContent-Length: 0" }
#define SAYS(...) .peer.socket = { __VA_ARGS__ }

static const endure_row rows[] = {
    /* ---- not the answer to the key ---- */
    { "the wrong Sec-WebSocket-Accept",
      SAYS("head " UP "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), .status = CDP_EPROTO },
    { "no Sec-WebSocket-Accept", SAYS("head " UP "X: y"), .status = CDP_EPROTO },
    { "an empty Sec-WebSocket-Accept", SAYS("head " UP "Sec-WebSocket-Accept:"),
      .status = CDP_EPROTO },
    { "a Sec-WebSocket-Accept with more behind it", SAYS("head " UP ACCEPT "x"),
      .status = CDP_EPROTO },
    { "a wrong Sec-WebSocket-Accept and the right one",
      SAYS("head " UP "Sec-WebSocket-Accept: eA==\n" ACCEPT), .status = CDP_EPROTO },
    { "101 without Upgrade",
      SAYS("head HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\n" ACCEPT),
      .status = CDP_EPROTO },
    { "101 without Connection",
      SAYS("head HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n" ACCEPT),
      .status = CDP_EPROTO },
    { "an upgrade to another protocol",
      SAYS("head HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\nConnection: Upgrade\n" ACCEPT),
      .status = CDP_EPROTO },
    { "an extension that was not offered",
      SAYS("head " UP "Sec-WebSocket-Extensions: permessage-deflate\n" ACCEPT),
      .status = CDP_EPROTO },
    { "a subprotocol that was not offered",
      SAYS("head " UP "Sec-WebSocket-Protocol: chat\n" ACCEPT), .status = CDP_EPROTO },

    /* ---- another status ---- */
    { "200", SAYS("head HTTP/1.1 200 OK\nContent-Length: 0"), .status = CDP_EPROTO, .says = "200" },
    { "200 with what 101 should have",
      SAYS("head HTTP/1.1 200 OK\nUpgrade: websocket\nConnection: Upgrade\nContent-Length: 0\n"
           ACCEPT), .status = CDP_EPROTO, .says = "200" },
    { "204", SAYS("head HTTP/1.1 204 No Content"), .status = CDP_EPROTO, .says = "204" },
    { "a redirect to another host: 301", MOVED("301"), .status = CDP_EPROTO, .says = "301" },
    { "a redirect to another host: 302", MOVED("302"), .status = CDP_EPROTO, .says = "302" },
    { "a redirect to another host: 307", MOVED("307"), .status = CDP_EPROTO, .says = "307" },
    { "a redirect to another host: 308", MOVED("308"), .status = CDP_EPROTO, .says = "308" },
    { "a redirect to itself",
      SAYS("head HTTP/1.1 302 Found\nLocation: ws://127.0.0.1:$port/\nContent-Length: 0"),
      .status = CDP_EPROTO, .says = "302" },
    { "401", SAYS("head HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic\nContent-Length: 0"),
      .status = CDP_EPROTO, .says = "401" },
    { "403", SAYS("head HTTP/1.1 403 Forbidden\nContent-Length: 0"), .status = CDP_EPROTO,
      .says = "403" },
    { "404 with a body without end", SAYS("head HTTP/1.1 404 Not Found", "* say $(1000*x)"),
      .status = CDP_EPROTO, .says = "404" },
    { "500 in chunks without end",
      SAYS("head HTTP/1.1 500 Oops\nTransfer-Encoding: chunked", "* say 3\nabc\n"),
      .status = CDP_EPROTO, .says = "500" },
    { "a status of control bytes", SAYS("head HTTP/1.1 500 \x1b[31m\a\nContent-Length: 0"), .status = CDP_EPROTO },
    { "the status 99999999999", SAYS("head HTTP/1.1 99999999999 Big\n" ACCEPT),
      .status = CDP_EPROTO },

    /* ---- too much ---- */
    { "headers without end", SAYS("say " UP, "* say X-Filler: filler\n"), .status = CDP_EPROTO },
    { "a header of 10 MB", SAYS("say " UP "X: $(10000000*a)\n", "head " ACCEPT),
      .status = CDP_EPROTO },
    { "a header without end", SAYS("say " UP "X: ", "* say $(1000*a)"), .status = CDP_EPROTO },
    { "a header's name without end", SAYS("say " UP, "* say $(1000*a)"), .status = CDP_EPROTO },
    { "a status line without end", SAYS("say HTTP/1.1 101 ", "* say $(1000*a)"),
      .status = CDP_EPROTO },
    { "100,000 headers", SAYS("say " UP "$(100000*X: y\n)", "head " ACCEPT), .status = CDP_EPROTO },
    { "empty lines without end", SAYS("* say \n"), .status = CDP_EPROTO },
    { "100 Continue without end", SAYS("* head HTTP/1.1 100 Continue"), .status = CDP_EPROTO },
    { "103 Early Hints without end", SAYS("* head HTTP/1.1 103 Early Hints\nLink: </x>"),
      .status = CDP_EPROTO },

    /* ---- no HTTP ---- */
    { "HTTP/0.9", SAYS("say <html>hello</html>\n", "end"), .status = CDP_EPROTO },
    { "bytes at random", SAYS("frames $fe017f9a00c3281b5c", "end"), .status = CDP_EPROTO },
    { "NULs without end", SAYS("* say $0$0$0$0$0$0$0$0"), .status = CDP_EPROTO },
    { "an alert of TLS", SAYS("frames $15030100020228", "end"), .status = CDP_EPROTO },
    { "a hello of TLS, before anything was asked",
      .peer.first = { "frames $160303007a0200007603036a", "hush" }, .status = CDP_EPROTO },
    { "the banner of SSH", .peer.first = { "say SSH-2.0-OpenSSH_9.2\n", "hush" },
      .status = CDP_EPROTO },
    { "a request", SAYS("head GET / HTTP/1.1\nHost: x"), .status = CDP_EPROTO },
    { "HTTP/2", SAYS("frames $000012040000000000000300000064", "end"), .status = CDP_EPROTO },
    { "a WebSocket frame at once", SAYS("text {}", "hush"), .status = CDP_EPROTO },
    { "a NUL in a header", SAYS("head " UP "X: a$0b\n" ACCEPT), .status = CDP_EPROTO },
    { "a control byte in a header's name", SAYS("head " UP "X\x01: a\n" ACCEPT),
      .status = CDP_EPROTO },
    { "a header without a colon", SAYS("head " UP "X\n" ACCEPT), .status = CDP_EPROTO },
    { "a blank before the colon", SAYS("head " UP "X : y\n" ACCEPT), .status = CDP_EPROTO },
    { "lengths that differ", SAYS("head " UP "Content-Length: 1\nContent-Length: 2\n" ACCEPT),
      .status = CDP_EPROTO },
    { "a length below zero", SAYS("head " UP "Content-Length: -1\n" ACCEPT), .status = CDP_EPROTO },

    /* ---- silence ---- */
    { "no answer", SAYS("hush"), .opt.connect_ms = 200, .status = CDP_ETIMEDOUT },
    { "half a head, then silence", SAYS("say " UP, "hush"), .opt.connect_ms = 200,
      .status = CDP_ETIMEDOUT },
    { "half a line, then silence", SAYS("say HTTP/1.1 10", "hush"), .opt.connect_ms = 200,
      .status = CDP_ETIMEDOUT },
    { "a byte now and then", SAYS("trickle " UP UP UP UP UP UP UP), .opt.connect_ms = 300,
      .status = CDP_ETIMEDOUT },
    { "404 with half a body, then silence",
      SAYS("head HTTP/1.1 404 Not Found\nContent-Length: 9", "say no", "hush"),
      .opt.connect_ms = 200, .status = CDP_ETIMEDOUT },
    { "100 Continue, then silence", SAYS("head HTTP/1.1 100 Continue", "hush"),
      .opt.connect_ms = 200, .status = CDP_ETIMEDOUT },

    /* ---- the end ---- */
    { "it ends the connection at once", .peer.first = { "end" }, .status = CDP_EIO },
    { "it resets the connection at once", .peer.first = { "reset" }, .status = CDP_EIO },
    { "it ends the connection when asked", SAYS("end"), .status = CDP_EIO },
    { "it resets the connection when asked", SAYS("reset"), .status = CDP_EIO },
    { "it ends the connection amid the head", SAYS("say " UP, "end"), .status = CDP_EIO },
    { "it resets the connection amid the head", SAYS("say " UP, "reset"), .status = CDP_EIO },
    { "it ends the connection behind the head", SAYS("up", "end"), .status = CDP_EIO },
    { "it resets the connection behind the head", SAYS("up", "reset"), .status = CDP_EIO },

    /* ---- odd, but as it may be ---- */
    { "an answer byte by byte", SAYS("trickle " UP ACCEPT "\n\n"), .end = ENDURE_ALIVE },
    { "frames right behind the head",
      SAYS("head " UP ACCEPT, "text {\"method\":\"A.b\"}", "text {\"method\":\"A.c\"}"),
      .end = ENDURE_ALIVE },
    { "other cases, and more tokens",
      SAYS("head HTTP/1.1 101 whatever\nUPGRADE: WebSocket\nconnection: keep-alive, upgrade\n"
           "sec-websocket-accept:   $accept  "), .end = ENDURE_ALIVE },
};
/* clang-format on */

int main(void)
{
    return ENDURE("handshakes", rows);
}
