/*
 * connection.h - one socket of the server: HTTP at first, then perhaps a WebSocket.
 *
 * All of it is the server thread's.  What is to be sent piles up in one buffer and is written once
 * a batch of input (or of messages) is dealt with; while a write is under way the next ones gather.
 */
#ifndef CDP_INSPECTOR_CONNECTION_H
#define CDP_INSPECTOR_CONNECTION_H

#include "server.h"

#include "../net/http.h"
#include "../net/ws.h"

typedef struct cdp__frontend cdp__frontend;

void cdp__connection_accept(cdp__server *s, uv_stream_t *listener);

/* Closes the socket at once. */
void cdp__connection_drop(cdp__connection *c);
/* The same, but a front-end is told why, if that takes no waiting. */
void cdp__connection_dismiss(cdp__connection *c);

/* Lets every front-end take what came for it. */
void cdp__connections_progress(cdp__server *s);

/* ---- for the front-end on it ------------------------------------------------- */

cdp__server *cdp__connection_server(cdp__connection *c);
cdp__ws *cdp__connection_ws(cdp__connection *c);
/* Bytes that are not written yet are few enough to make more. */
bool cdp__connection_has_room(const cdp__connection *c);
void cdp__connection_flush(cdp__connection *c);
/* Stops reading for a while, or goes on. */
void cdp__connection_pause(cdp__connection *c, bool pause);
/* Says why (a WebSocket's close code), and closes once that is written. */
void cdp__connection_end(cdp__connection *c, int code, const char *reason);

/* ---- answers (routes.c) ------------------------------------------------------ */

/* Appends the answer to a request that is no handshake. */
void cdp__route(cdp__server *s, const cdp__http_request *req, const char *local, cdp__buf *out);
/* Appends an answer that refuses. */
void cdp__refuse(cdp__buf *out, int status, const char *why);
/* The path of a request, whose token must be right if one is wanted. */
bool cdp__route_path(const cdp__server *s, const cdp__http_request *req, cdp_str *path);

#endif /* CDP_INSPECTOR_CONNECTION_H */
