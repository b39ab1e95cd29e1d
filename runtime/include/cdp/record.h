/*
 * record.h - what a session sent and received, as text; and a session that goes through it again.
 *
 * A recording has a line of JSON for each message, for people, jq and cdp_replay_open():
 *
 *     {"recording":1,"cdpkit":"0.1.0","protocol":"1734725"}
 *     {"ms":0,"sent":{"id":1,"method":"Runtime.enable"}}
 *     {"ms":2,"received":{"id":1,"result":{}}}
 *
 * The first line has versions: the recording's, the library's, the protocol's revision.  ms counts
 * from the start.  What travelled as CBOR is written as JSON; bytes that are no message at all are
 * a string of base64 in its place.  Everything is written, cookies and passwords too.
 */
#ifndef CDP_RECORD_H
#define CDP_RECORD_H

#include <cdp/cdp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes a line, with its newline and without a NUL.  CDP_E* ends the recording. */
typedef int cdp_record_cb(const char *line, size_t len, void *data);

/* Records the messages of s's root from now on, until cdp_record_stop() or its end.  A trace
 * (cdp_set_trace()) is left alone.  What write returns for the first line; CDP_ESTATE: it is
 * recorded already; CDP_ENOMEM. */
int cdp_record_start(cdp_session *s, cdp_record_cb *write, void *data);

/* 0, or why there are lines missing at the end: what write returned, or CDP_ENOMEM. */
int cdp_record_stop(cdp_session *s);

typedef struct cdp_replay_options {
    cdp_options session;
    bool delays;  /* messages take as long as they did; else they are there at once */
    bool lenient; /* commands may come in another order */
    bool partial; /* commands may be left out: what came after them comes all the same */
} cdp_replay_options;

/*
 * A session without a peer: commands are answered as they were in a recording, and events come
 * where they came between the replies.  One that equals the next command of the recording, in
 * method, session and params (as values), is that command; any other is answered with an error that
 * says what was expected (CDP_EREMOTE, -32000).  Messages of workers (cdp_attach_worker()) count as
 * text, ids and all.
 *
 * Each cdp_poll() delivers one message.  When all of the recording is over, who waits on is told
 * that the peer is lost (CDP_ECLOSED).
 *
 * opt may be NULL.  CDP_EINVAL: it is no recording, or cut off; *why (may be NULL) then says in
 * which line, and is one cdp_free().  CDP_ENOMEM.
 */
int cdp_replay_open(cdp_session **out, cdp_str recording, const cdp_replay_options *opt,
                    cdp_str **why);

#ifdef __cplusplus
}
#endif

#endif /* CDP_RECORD_H */
