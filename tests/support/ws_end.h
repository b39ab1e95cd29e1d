/*
 * ws_end.h - one end of a WebSocket under test: scripts make what its peer sends, a log says what
 * came of it.
 *
 * A script is a list of frames, parted by '|'.  A frame is its first byte in hex, then any of
 *   !     masked where it must not be, or not masked where it must be
 *   z     masked with zeros
 *   w2 w8 its length in 16 or 64 bits, even if it fits in fewer
 *   =N    that length, whatever follows
 *   *N    the payload is repeated so often
 *   #N    a close code goes before the payload
 * then ':' and the payload.  Or it is '$' and bytes in hex.
 *
 * The log holds [text] for a message, {code reason} for `closed`, then what was sent: <text x>,
 * <ping x>, <pong x>, <close code reason>.  A long run of one character is N*c.
 */
#ifndef TESTS_WS_END_H
#define TESTS_WS_END_H

#include "../../runtime/net/ws.h"

typedef struct ws_end {
    cdp__ws ws;
    char log[4096];
    size_t n;
    unsigned messages, closed;
} ws_end;

/* The script's bytes, malloc'd.  server: as sent to a server, that is masked. */
char *ws_script(const char *script, bool server, size_t *n);

void ws_end_open(ws_end *e, bool server, const cdp__ws_limits *limits);
void ws_end_close(ws_end *e);

/* Feeds a copy whose ends ASan watches.  0, or what cdp__ws_feed() returned. */
int ws_end_feed(ws_end *e, const char *p, size_t n);

/* Moves what was sent to the log; false: it is not frames as this end must send them. */
bool ws_end_sent(ws_end *e);

typedef enum ws_ends { WS_BOTH, WS_SERVER, WS_CLIENT } ws_ends;

typedef struct ws_row {
    const char *section; /* of RFC 6455 */
    const char *script, *want;
    ws_ends ends; /* that it is meant for */
} ws_row;

/* In a log: it was closed by us for what the peer did. */
#define WS_BAD(code, why) "{" #code " " why "}<close " #code " " why ">"

/* Runs each row in one piece, byte by byte and split everywhere, each on an end of its own, and
 * fails the test where the log is not what is wanted. */
void ws_check(const ws_row *rows, size_t n, const cdp__ws_limits *limits);

#define WS_CHECK(rows, limits) ws_check(rows, sizeof(rows) / sizeof *(rows), limits)

#endif /* TESTS_WS_END_H */
