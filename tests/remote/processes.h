/*
 * processes.h - what processes that a test started leave behind: nothing.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cdp/remote.h>

#include <cmocka.h>

/* cmocka's set-up and tear-down.  $TMPDIR is a new folder for each test.  At its end there are as
 * many descriptors as before, no children (or zombies), no process that has that $TMPDIR, and
 * nothing in it. */
int processes_begin(void **state);
int processes_end(void **state);

/* Of the test. */
const char *processes_folder(void);
/* A file in it, by that name. */
void processes_write(const char *name, const char *text, unsigned mode, char path[256]);

/* Waits until condition(arg) holds, up to a minute. */
void processes_await(bool (*condition)(void *arg), void *arg);
void processes_nap(int ms);
/* Waits until there is no such process, or only what is left to be reaped. */
void processes_await_end(int64_t pid);

/* Starts a program as our child; its stderr goes to a file of that name in the folder. */
int64_t process_start(const char *const *argv, const char *err);
/* Kills and reaps it. */
void process_kill(int64_t pid);
/* Waits until a file in the folder holds that text. */
void await_text(const char *name, const char *text);

/* Until the end of the second, our stderr is a file. */
void capture_begin(void);
/* What was written to it; one free(). */
char *capture_end(void);

#define assert_has(haystack, needle)                              \
    do {                                                          \
        const char *haystack_ = (haystack);                       \
        if (!strstr(haystack_, (needle)))                         \
            fail_msg("\"%s\" lacks \"%s\"", haystack_, (needle)); \
    } while (0)

/* Calls that have ended, and how the last one did. */
typedef struct ends {
    unsigned n;
    char why[128];
} ends;

/* A cdp_call_cb; data: the ends. */
void ends_add(cdp_session *s, const cdp_error *e, const cdp_value *result, void *data);

/* An expression's value, as JSON text in static memory. */
const char *processes_eval(cdp_session *s, const char *expression);

#endif /* PROCESSES_H */
