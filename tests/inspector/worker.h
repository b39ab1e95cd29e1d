/*
 * worker.h - a worker: another isolate on another thread, a target of a program's inspector.
 */
#ifndef WORKER_H
#define WORKER_H

#include "program.h"

/* A program of its own whose V8 is a worker of another's inspector. */
typedef struct worker {
    program p;
    cdp_inspector *insp;
    cdp_inspector_worker info;
} worker;

/* Starts one, which may not be let go at once: worker_added() waits for that. */
void worker_begin(worker *w, program *of, const char *title);
void worker_added(worker *w);
/* Both. */
void worker_start(worker *w, program *of, const char *title);
/* Its end. */
void worker_stop(worker *w);

int job_add(program *p, void *worker);

#endif /* WORKER_H */
