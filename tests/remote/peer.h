/*
 * peer.h - a peer that behaves, and that a test can have misbehave: a thread that serves any number
 * of connections.
 *
 * It answers each command with {}, but for
 *
 *     Test.mute         nothing
 *     Test.drop         nothing; the connection is reset
 *     Test.bye          nothing; the WebSocket is closed
 *     Test.flood        {}, behind `n` events Test.event, each with its number and `size` bytes
 *     Test.big          {"text":...} of `size` bytes
 *     Debugger.setBreakpointByUrl    {"breakpointId":"1:LINE:0:url"}
 *     Page.addScriptToEvaluateOnNewDocument    {"identifier":"N"}, counted in each connection
 *
 * Its target is listed by /json/list, with a path of its own after each peer_renew(); others are
 * answered with 404.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "../../runtime/net/ws.h"

#include <pthread.h>

enum { PEER_LINKS = 64 };

typedef struct peer_link {
    struct peer *peer;
    int fd; /* -1: free */
    char head[8192];
    size_t n_head;
    bool upgraded, closing;
    cdp__ws ws;
    cdp__buf out;
    size_t sent;
    unsigned scripts;
} peer_link;

typedef struct peer {
    unsigned port;
    char url[64], http[64]; /* of the WebSocket, and for discovery */
    int listener, wake[2];
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    bool stop, deaf;
    unsigned path;     /* that is served */
    unsigned upgrades; /* handshakes that were accepted */
    unsigned commands; /* that were received */
    const char *refused;
    unsigned reads; /* that brought something */
    cdp__buf log;   /* "Method{params}\n" of the newest connection */
    peer_link links[PEER_LINKS];
} peer;

void peer_start(peer *p);
void peer_stop(peer *p);

/* Resets all connections. */
void peer_drop(peer *p);
/* The target has another path from now on. */
void peer_renew(peer *p);
/* Stops accepting connections, or starts again at the same port. */
void peer_hide(peer *p, bool hide);
/* Neither reads nor writes, or does so again. */
void peer_deafen(peer *p, bool deaf);
/* That command is answered with an error from now on. */
void peer_refuse(peer *p, const char *method);
/* Sends a text to all connections. */
void peer_say(peer *p, const char *text);

unsigned peer_upgrades(peer *p);
unsigned peer_commands(peer *p);
unsigned peer_reads(peer *p);
/* What the newest connection was told so far; to be free()d. */
char *peer_log(peer *p);

#endif /* TESTS_PEER_H */
