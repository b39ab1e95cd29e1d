/*
 * jobs.h - every job, for the list in main.c.
 */
#ifndef JOBS_H
#define JOBS_H

#include "words.h"

extern const job call_job, console_job, coverage_job, eval_job, events_job, heap_job, list_job,
    profile_job, protocol_job, run_job, trace_job;

#endif /* JOBS_H */
