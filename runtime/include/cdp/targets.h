/*
 * targets.h - what else runs under a session: workers, pages, iframes, each with a session of its
 * own.
 *
 * Peers have three ways to reach them: Node's NodeWorker domain, the Target domain as Chromium has
 * it, and the little of it that Node has.  Sessions are the same whichever it is; all of them are
 * closed with the session that they were found under.
 */
#ifndef CDP_TARGETS_H
#define CDP_TARGETS_H

#include <cdp/cdp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A session with a worker of Node's, by the id of NodeWorker.attachedToWorker.  As cdp_attach(),
 * but messages travel inside those of parent: NodeWorker.sendMessageToWorker, which ends the one
 * call that it carries if it fails, and receivedMessageFromWorker.  cdp_close() detaches. */
int cdp_attach_worker(cdp_session **out, cdp_session *parent, cdp_str session_id);

/* A session with a target of Chromium's, by its id; browser: a session with the browser. */
int cdp_attach_target(cdp_session **out, cdp_session *browser, cdp_str target_id);

/* A new page of Chromium's, at url (NULL: an empty one), and a session with it. */
int cdp_open_page(cdp_session **out, cdp_session *browser, const char *url);

/* A target that was found. */
typedef struct cdp_follow_info {
    cdp_str id;          /* of the target; in Node of the worker */
    cdp_str type;        /* "page", "iframe", "worker", "service_worker"... */
    cdp_str title;       /* when it was found */
    cdp_str url;         /* likewise */
    cdp_session *parent; /* the session under which it was found */
    bool waiting;        /* it does not run yet */
} cdp_follow_info;

typedef struct cdp_follow_options {
    bool wait;                /* new targets do not run until they are told to */
    const char *const *types; /* tell of these only, NULL at the end (what is below others is found
                               * all the same); NULL: of all.  Read for as long as s is followed. */

    /* A target was found, and child is a session with it, the library's to close.  What is sent
     * here comes before the target runs: then the library sends Runtime.runIfWaitingForDebugger,
     * unless this returns true, which leaves that to the program.  May be NULL. */
    bool (*attached)(cdp_session *child, const cdp_follow_info *info, void *data);
    /* Of each that was attached, once: its target is gone, or one of the two was closed, or
     * cdp_unfollow(). Its calls have ended; child is closed after this.  May be NULL. */
    void (*detached)(cdp_session *child, void *data);
    /* Once: all targets that were there have been told of, or err tells why they can't be (the
     * peer's -32601: it knows no targets).  Not after cdp_unfollow().  May be NULL. */
    void (*followed)(cdp_session *s, const cdp_error *err, void *data);
    void *data;
} cdp_follow_options;

/* Finds the targets under s, those below them, and all that come, until cdp_unfollow() or the end
 * of s.  Waits for nothing, and may be called anywhere.  A target that two others share is told of
 * once.  What the program attaches to under s by other means is found as well.  After s has
 * reconnected (cdp_reconnect) all are found anew.
 * CDP_ESTATE: s is followed already, by itself or as a child. */
int cdp_follow(cdp_session *s, const cdp_follow_options *opt);

/* Detaches from what was found, after letting run what waits.  Allowed in callbacks, and where s is
 * not followed. */
void cdp_unfollow(cdp_session *s);

#ifdef __cplusplus
}
#endif

#endif /* CDP_TARGETS_H */
