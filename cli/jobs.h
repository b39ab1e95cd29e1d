/*
 * jobs.h - every job, for the list in main.c.
 */
#ifndef JOBS_H
#define JOBS_H

#include "words.h"

extern const job call_job, console_job, coverage_job, eval_job, events_job, har_job, heap_job,
    list_job, pdf_job, profile_job, protocol_job, record_job, replay_job, run_job, screenshot_job,
    trace_job;

#endif /* JOBS_H */
