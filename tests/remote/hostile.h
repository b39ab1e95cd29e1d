/*
 * hostile.h - a peer that misbehaves as a script says.
 *
 * It is a thread that serves one connection after another.  What it does depends on what it is
 * asked for: /json/version, another /json, or anything else, which is the WebSocket.  Behind the
 * last step of a script, and where there is none, it is a peer as it should be, one that answers
 * every call with an empty result.
 *
 *     up             the right answer to the handshake
 *     head TEXT      a reply's head: its lines, and the empty one; \n is sent as \r\n
 *     say TEXT       the same without the empty line
 *     json TEXT      a whole reply: 200, and that as its body
 *     call           reads up to the next call, whose id is $id from then on
 *     text TEXT      a text frame
 *     cut N TEXT     the first N bytes of that, then as reset
 *     frames SCRIPT  any frames: see ws_end.h
 *     trickle TEXT   as say, a byte each 20 ms
 *     N* STEP        a step so often; or with * alone, until the client has gone
 *     hush           neither reads nor writes, until the client has gone
 *     sip            reads a byte each 100 ms, until the client has gone
 *     end            ends its side of the connection and drops what comes
 *     reset          ends the connection as a machine does that is gone
 *
 * In TEXT $id is the last call's, $accept what answers the handshake, $port the peer's port, $trap
 * that of a listener where nobody should come, $0 a NUL, and $(N*X) is X so often.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HOSTILE_STEPS = 12 };

typedef const char *hostile_steps[HOSTILE_STEPS]; /* up to the first NULL */

typedef struct hostile_script {
    hostile_steps first; /* before anything of a connection has been read */
    hostile_steps version, list, socket;
} hostile_script;

typedef struct hostile {
    const hostile_script *script;
    unsigned port, trap_port;
    pthread_t thread;
    pid_t child; /* instead of it */
    int listener, trap, stop[2];

    /* of the connection that is served */
    int fd;
    bool gone;
    char in[65536]; /* what was read: [at, end) */
    size_t at, end;
    char *out; /* what is to be sent */
    size_t n, room;
    char accept[29];
    unsigned long id;
} hostile;

void hostile_start(hostile *h, const hostile_script *script);
/* Ends it, whatever it is at.  True: somebody came to the trap. */
bool hostile_stop(hostile *h);

/* The same as a process, and its end by SIGKILL.  No other thread may run meanwhile. */
void hostile_fork(hostile *h, const hostile_script *script);
void hostile_kill(hostile *h);

#endif /* HOSTILE_H */
