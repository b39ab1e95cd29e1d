/*
 * jobs.h - every job, for the list in main.c.
 */
#ifndef JOBS_H
#define JOBS_H

#include "words.h"

extern const job call_job, console_job, eval_job, events_job, list_job, protocol_job, run_job;

#endif /* JOBS_H */
