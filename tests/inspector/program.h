/*
 * program.h - a program that is inspected: a host and its inspector, on a thread of their own.
 *
 * The test is the front-end's side.  Whatever belongs to the isolate's thread is done there by
 * jobs, one at a time; these check nothing by themselves (cmocka could not bear that there) but
 * return what the test then looks at.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "client.h"

#include <cdp/host.h>
#include <cdp/inspector.h>
#include <pthread.h>
#include <stdatomic.h>

struct uv_async_s;

typedef struct program program;
typedef int job(program *p, void *arg);

struct program {
    cdp_host *h;
    cdp_inspector *insp;
    pthread_t thread;
    struct uv_async_s *async;
    const cdp_inspector_options *opt; /* while it starts */
    int rc;                           /* of its start */

    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t changed;
    bool started, quit;
    job *job; /* to run, or running */
    void *arg;
    int result;
    char log[8192]; /* the inspector's lines */
    char out[8192]; /* what JavaScript printed */
};

/* Starts it; the inspector is made (opt may be NULL) and closed. */
void program_start(program *p, const cdp_inspector_options *opt);
/* The same without an inspector. */
void program_start_plain(program *p);
/* The same, and opens the inspector. */
void program_open(program *p, const cdp_inspector_options *opt);
/* Frees the inspector, if the test has not, then the host. */
void program_stop(program *p);

/* Runs a job and returns what it returned; or only starts it, for program_await() to do the rest.
 */
int program_do(program *p, job *fn, void *arg);
void program_begin(program *p, job *fn, void *arg);
int program_await(program *p);

/* Has it run a script; or only begins that.  What cdp_host_run_text() returns. */
int program_run(program *p, const char *text);
void program_begin_run(program *p, const char *text);

/* Jobs.  opt: cdp_inspector_options; may be NULL. */
int job_open(program *p, void *opt);
int job_close(program *p, void *arg);
/* Until a front-end lets it go; arg: an int, milliseconds. */
int job_wait_for_debugger(program *p, void *ms);
/* Frees the inspector. */
int job_free(program *p, void *arg);

/* The message of the inspector's last error, in static memory. */
const char *program_error(program *p);
/* How often that is in the log; waits until it is there as often as that. */
unsigned program_logged(program *p, const char *text);
void program_await_log(program *p, const char *text, unsigned times);

void nap(int ms);
/* Waits until condition(arg) holds, up to a minute. */
void await(bool (*condition)(void *arg), void *arg);
/* Waits until as many front-ends are attached. */
void program_await_sessions(program *p, unsigned n);

#define assert_has(haystack, needle)                              \
    do {                                                          \
        const char *haystack_ = (haystack);                       \
        if (!strstr(haystack_, (needle)))                         \
            fail_msg("\"%s\" lacks \"%s\"", haystack_, (needle)); \
    } while (0)

#endif /* PROGRAM_H */
