/*
 * floor.h - the least a CDP client can be: a blocking socket, frames, and ids.
 *
 * What it takes is the floor under any client, so that measurements through it are as much the
 * server's as can be.  Every failure ends the program.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

typedef struct floor_client {
    int fd;
    int out;                 /* of a pipe, whose messages end in a NUL; -1: fd is a WebSocket */
    unsigned sent, answered; /* ids of the last ones; replies come in order */
    char *in;                /* what was read and not yet looked at: [start, end) */
    size_t start, end, cap;
    size_t payload;               /* bytes, of all messages */
    const char *reply;            /* the last one, */
    size_t reply_len;             /* until the next is read */
    double first_event;           /* when one was first read, wall clock */
    void (*on_first)(void *data); /* at that moment; may be NULL */
    void *data;
} floor_client;

/* Wall clock, in ns. */
double floor_now(void);

/* url: ws://127.0.0.1:PORT/PATH. */
void floor_connect(floor_client *c, const char *url);
/* Starts Chromium with a pipe.  command: its words, NULL at the end. */
void floor_launch(floor_client *c, const char *const *command);
void floor_close(floor_client *c);

/* Sends n commands with ids that follow; params: JSON, or NULL. */
void floor_send(floor_client *c, int n, const char *method, const char *params);

/* Reads until there are n replies more, or (n 0) takes what one read brings.  Returns how many. */
int floor_read(floor_client *c, int n);

#endif /* BENCH_FLOOR_H */
