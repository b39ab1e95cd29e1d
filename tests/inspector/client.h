/*
 * client.h - a front-end for tests: HTTP requests, and WebSocket sessions, on a blocking socket.
 *
 * Whatever does not work as it should fails the test; reading waits for up to a minute.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "wire.h"

#include <cJSON.h>

typedef struct client {
    wire w;
    int last_id;
    cJSON *events; /* messages that came before what was waited for, in order */
    int code;      /* of the close frame that came; 0: none */
    char reason[128];
} client;

/* A connection.  False: refused (the others fail the test then). */
bool client_try(client *c, const char *host, unsigned port);
void client_dial(client *c, unsigned port);
void client_dial_unix(client *c, const char *path);
void client_close(client *c);

void client_put(client *c, const void *bytes, size_t n);
void client_put_text(client *c, const char *text);

/* ---- HTTP ------------------------------------------------------------------ */

typedef struct answer {
    int status; /* 0: the connection was closed instead */
    char head[2048];
    char *body; /* with a NUL behind; freed by answer_free() */
    size_t len;
} answer;

void client_answer(client *c, answer *a);
void answer_free(answer *a);

/* A request on a connection of its own.  headers: lines that end in \r\n; NULL: a Host. */
void http_get(answer *a, unsigned port, const char *path, const char *headers);
/* The same, for a body that must be JSON; one cJSON_Delete(). */
cJSON *http_json(unsigned port, const char *path);

/* ---- WebSocket --------------------------------------------------------------- */

/* Sends a handshake and returns the answer's status (101: from now on it is a WebSocket).
 * headers: besides those of the handshake, may be NULL. */
int client_upgrade(client *c, const char *host, const char *path, const char *headers);
/* Attaches to what an inspector says its URL is. */
void client_attach(client *c, const char *url);

void client_frame(client *c, unsigned first_byte, const void *payload, size_t n);
void client_send(client *c, const char *text);

/* The next message; NULL: the connection ended, see c->code.  One cJSON_Delete(). */
cJSON *client_message(client *c);
/* Waits for the end of the connection, skipping messages; the close code, 0: there was none. */
int client_ended(client *c);
/* The closing handshake, started here. */
void client_leave(client *c);

/* Sends a command, and returns its id.  params: JSON, may be NULL. */
int client_command(client *c, const char *method, const char *params);
int client_command_to(client *c, const char *session, const char *method, const char *params);
/* The reply to that; what comes before it is kept.  One cJSON_Delete(). */
cJSON *client_reply(client *c, int id);
cJSON *client_call(client *c, const char *method, const char *params);
/* A call that must succeed, and whose result is not wanted. */
void client_do(client *c, const char *method, const char *params);
/* The next event of that name, kept or to come: its params, with "sessionId" of the message added
 * if it has one.  One cJSON_Delete(). */
cJSON *client_event(client *c, const char *method);
/* Was such an event kept?  (After a call: everything before the reply has come.) */
bool client_has_event(const client *c, const char *method);

/* The value of an expression, as JSON text in static memory. */
const char *client_eval(client *c, const char *expression);

/* ---- JSON -------------------------------------------------------------------- */

/* The member at "a.b.0.c"; NULL: there is none. */
const cJSON *at(const cJSON *json, const char *path);
const char *text_at(const cJSON *json, const char *path); /* must be a string */
int number_at(const cJSON *json, const char *path);       /* must be a number */
bool true_at(const cJSON *json, const char *path);        /* is true */

#endif /* CLIENT_H */
