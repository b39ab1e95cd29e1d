/* worker.c - see worker.h. */
#include "worker.h"

int job_add(program *p, void *arg)
{
    worker *w = arg;

    return cdp_inspector_add_worker(w->insp, cdp_host_v8(p->h), &w->info);
}

static int job_remove(program *p, void *arg)
{
    worker *w = arg;

    cdp_inspector_remove_worker(w->insp, cdp_host_v8(p->h));
    return 0;
}

void worker_begin(worker *w, program *of, const char *title)
{
    w->insp = of->insp;
    w->info = (cdp_inspector_worker){ .title = title, .url = "file:///worker.js" };
    program_start_plain(&w->p);
    program_begin(&w->p, job_add, w);
}

void worker_added(worker *w)
{
    assert_int_equal(program_await(&w->p), 0);
}

void worker_start(worker *w, program *of, const char *title)
{
    worker_begin(w, of, title);
    worker_added(w);
}

void worker_stop(worker *w)
{
    program_do(&w->p, job_remove, w);
    program_stop(&w->p);
}
