/*
 * v8_guard.h - what V8 cannot bear amid its own messages.
 *
 * V8 sends from the middle of its work, and expects that nobody answers with a command that pulls
 * away what it works on.  Measured: it crashes where callbacks do.
 */
#ifndef CDP_V8_GUARD_H
#define CDP_V8_GUARD_H

#include <cdp/cdp.h>

/* The head of a message, which both V8 and our codec write first. */
typedef struct cdp__v8_head {
    uint32_t id;        /* 0: none */
    const char *method; /* not NUL-terminated; NULL: none */
    size_t len;
} cdp__v8_head;

cdp__v8_head cdp__v8_read_head(const uint8_t *bytes, size_t len);

/* An event that not every command may interrupt. */
typedef enum cdp__v8_delicate {
    CDP__V8_SAFE,
    CDP__V8_PROGRESS, /* of a heap snapshot: nothing at all, to any session */
    CDP__V8_PARSED,   /* a script: V8 goes on with it */
    CDP__V8_RESOLVED  /* a breakpoint: V8 is amid the list of them */
} cdp__v8_delicate;

cdp__v8_delicate cdp__v8_event_kind(const cdp__v8_head *event);

/* Why this command must not be sent amid that event; NULL: it may. */
const char *cdp__v8_refusal(cdp__v8_delicate amid, const cdp__v8_head *command);

/* The command replays what V8 has kept, walking its list while it sends: what it sends is to be
 * delivered when it is done. */
bool cdp__v8_replays(const cdp__v8_head *command);

/* The command must wait while any event is being delivered: V8's inspector aborts where it finds
 * JavaScript being terminated below it. */
bool cdp__v8_terminates(const cdp__v8_head *command);
/* c ends or interrupts JavaScript, which may never end by itself. */
bool cdp__v8_is_urgent(const cdp__v8_head *c);

/* Does the command turn the debugger on or off for its session? */
typedef enum cdp__v8_debugging {
    CDP__V8_UNCHANGED,
    CDP__V8_DEBUGGING,
    CDP__V8_NOT_DEBUGGING
} cdp__v8_debugging;

cdp__v8_debugging cdp__v8_debugging_of(const cdp__v8_head *command);

/* The event is a piece of a heap snapshot that the client asked for. */
bool cdp__v8_is_chunk(const cdp__v8_head *event);

#endif /* CDP_V8_GUARD_H */
