/*
 * target.h - the program that a job speaks to: named by a word, or started.
 */
#ifndef TARGET_H
#define TARGET_H

#include "words.h"

#include <cdp/remote.h>

/* ---- names ------------------------------------------------------------- */

/*
 * What a word names.  One rule: a number alone is a process, a port has a colon before it.
 *
 *     4711                        a process
 *     [HOST]:PORT[/ID]            an endpoint, or one target of it; /browser: the browser itself
 *     [[HOST]:PORT]@TEXT          the target whose title or URL holds TEXT
 *     ws: wss: http: https: unix: as cdp_connect() has them
 *     replay:FILE                 what was recorded of one
 */
typedef struct target_name {
    int64_t pid;      /* 0: none */
    const char *file; /* of a recording; or NULL */
    char url[512];    /* for cdp_connect(); "" with a pid or a file */
    const char *text; /* of @TEXT; or NULL */
    bool any;         /* an endpoint: a page if it has one, else what cdp_connect() chooses */
} target_name;

/* NULL, or what is wrong with the word. */
const char *target_parse(target_name *out, const char *word);

/* Is it a TARGET by its form, sound or not? */
bool target_reads_like(const char *word);

/* ---- the target of a job ------------------------------------------------- */

typedef struct target {
    cdp_session *root;
    cdp_session *session; /* to speak to: root, or a page of the browser that was started */
    cdp_tls *tls;
    bool started;    /* by us: it waits for target_go() */
    bool ended;      /* a Node has run to its end, and waits for us to leave; or a recording has */
    bool recorded;   /* it is a recording */
    int lost;        /* why the page that we started is no more, or 0 */
    bool followed;   /* its workers are let run */
    double patience; /* the seconds of --timeout, as target_wait() has them */
    char *url;       /* what the page of a browser that we started is to show; or NULL */
    const char **arguments; /* of that browser */
    char why[256];          /* what target_fail() is to say instead of the session's own words */
} target;

/* Connects, or starts a program; a page that a browser was started with is there then, unless the
 * job sees things from their start: then it is for target_go() to load.  0, or what to exit with
 * (it has been said).  Either way it is to be closed. */
int target_open(target *t, const words *w);
void target_close(target *t);

/* Has a program that we started run, with its workers; or has its page load; else nothing.  0 or
 * CDP_E*. */
int target_go(target *t);

/* From now on `ended` will be set, also of a Node that we did not start.  CDP_E*. */
int target_expect_end(target *t);

/* Delivers until *done (may be NULL), for so many seconds (< 0: no limit), or until a signal.  0,
 * or why the session can't go on. */
int target_wait(target *t, double seconds, const bool *done);

/* Seconds, of a clock that goes on and on. */
double target_now(void);

/* Says why a call on the job's session failed with rc.  Returns STATUS_FAILED. */
int target_fail(const target *t, int rc);

/* For questions that need no session; opt is as the words say.  0, or what to exit with. */
int target_options(cdp_remote_options *opt, target *t, const words *w);

/* In milliseconds, for the library: 0 seconds are no limit. */
uint32_t target_milliseconds(double seconds);

#endif /* TARGET_H */
