/*
 * endure.h - a client of a hostile peer: its calls end with a reason, and nothing of it is left.
 *
 * Each row is run twice, with the session's own loop and with one of the caller's, and is a test
 * case each time.  What is checked in all of them: every call ends, once; errors have a sentence;
 * the trap saw nobody; blocks and files are back to what they were; the caller's loop has nothing
 * left.
 */
#ifndef ENDURE_H
#define ENDURE_H

#include "hostile.h"
#include "visit.h"

typedef enum endure_end {
    ENDURE_LOST,  /* the session ends by itself, and says so once */
    ENDURE_ALIVE, /* a further call is answered */
    ENDURE_OPEN   /* the peer is silent, but there */
} endure_end;

typedef struct endure_row {
    const char *name;
    const char *url; /* its %u is the peer's port; NULL: "ws://127.0.0.1:%u/" */
    hostile_script peer;
    cdp_remote_options opt; /* times that are 0 are longer than any test */
    unsigned calls;         /* made at once; 0: one */
    size_t each;            /* bytes of each call; 0: few */
    size_t peak;            /* of memory, in bytes; 0: 1 MiB */

    int status;       /* how the calls end */
    const char *says; /* within the first one's sentence; NULL: anything */
    int fault;        /* what cdp_set_fault() is told; 0: nothing */
    endure_end end;
} endure_row;

/* Runs the rows; a main()'s result. */
int endure(const char *group, const endure_row *rows, size_t n);
/* One row by itself. */
void endure_once(const endure_row *row, bool driven);

#define ENDURE(group, rows) endure(group, rows, sizeof(rows) / sizeof *(rows))

#endif /* ENDURE_H */
