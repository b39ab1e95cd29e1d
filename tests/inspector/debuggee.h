/*
 * debuggee.h - a program with an open inspector, as a process of its own.
 *
 * What leaks in it shows in its exit code (under AddressSanitizer), what it holds can be counted
 * from outside, and whatever clients do to it cannot hurt the test.  Its script is a loop that does
 * not end by itself.
 */
#ifndef DEBUGGEE_H
#define DEBUGGEE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cdp/inspector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct debuggee {
    pid_t pid;
    int port;
    char path[64]; /* of its WebSocket, from the slash */
} debuggee;

/* Starts it, with JavaScript to run first (may be NULL).  opt: of its inspector; may be NULL. */
void debuggee_start(debuggee *d, const cdp_inspector_options *opt, const char *script);

/* Has it end as programs end, which must succeed. */
void debuggee_stop(debuggee *d);

/* Open file descriptors; KiB of memory. */
int debuggee_files(const debuggee *d);
long debuggee_memory(const debuggee *d);

/* Waits until no more than n files are open. */
void debuggee_await_files(const debuggee *d, int n);

void sleep_ms(int ms);
double now_ms(void);

#endif /* DEBUGGEE_H */
