/*
 * started.h - a real Node or Chromium, started for a test, and what its inspector's URL is.
 *
 * It dies with the test, however that ends.
 */
#ifndef TESTS_STARTED_H
#define TESTS_STARTED_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct started {
    pid_t pid;
    int err;          /* its stderr */
    char url[256];    /* of its WebSocket */
    char profile[64]; /* Chromium's folder, removed by started_end() */
} started;

/* Waits until the program says where it listens.  False: it is not installed (the test is to be
 * skipped); anything else that goes wrong fails the test. */
bool started_node(started *p, const char *script);
bool started_chromium(started *p);
/* The same of another Node; and of one whose inspector is not open, and that has no URL. */
bool started_node_at(started *p, const char *node, const char *script);
bool started_node_plain(started *p, const char *node);
/* SIGKILL, and it is gone. */
void started_kill(started *p);
void started_end(started *p);

#endif /* TESTS_STARTED_H */
