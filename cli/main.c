/*
 * main.c - the cdp command: its first word names one of the commands below.
 */
#include "cli.h"
#include "help.h"
#include "interrupt.h"
#include "jobs.h"
#include "nearest.h"
#include "term.h"

#include <cdp/desc.h>
#include <signal.h>

const job *const jobs[] = {
    &list_job,    &eval_job,       &call_job,     &events_job,  &console_job,
    &profile_job, &heap_job,       &coverage_job, &trace_job,   &screenshot_job,
    &pdf_job,     &har_job,        &record_job,   &replay_job,  &protocol_job,
    &run_job,     &completion_job, &help_job,     &version_job, NULL,
};

int complain_command(const char *name)
{
    nearest near = nearest_to(cdp_s(name));

    for (const job *const *c = jobs; *c; c++)
        nearest_offer(&near, cdp_s((*c)->name));
    if (near.word.ptr)
        return complain(STATUS_USAGE, "there is no command '%s', did you mean '%s'? See 'cdp help'",
                        name, near.word.ptr);
    return complain(STATUS_USAGE, "there is no command '%s'; see 'cdp help'", name);
}

static int run_version(const words *w)
{
    if (words_flag(w, "json"))
        print(stdout, "{\"cdpkit\":\"%d.%d.%d\",\"protocol\":\"%s\"}\n", CDP_VERSION_MAJOR,
              CDP_VERSION_MINOR, CDP_VERSION_PATCH, cdp__protocol_revision);
    else
        print(stdout, "cdpkit %d.%d.%d\n", CDP_VERSION_MAJOR, CDP_VERSION_MINOR, CDP_VERSION_PATCH);
    return 0;
}

const job version_job = {
    .name = "version",
    .summary = "tell the version",
    .run = run_version,
};

static int run_named(int argc, char **argv)
{
    const job *c = words_find_job(argv[0]);
    words w;

    if (!c)
        return complain_command(argv[0]);
    int status = words_parse(&w, c, argc, argv);
    return status >= 0 ? status : c->run(&w);
}

int main(int argc, char **argv)
{
    char help[] = "help", version[] = "version";

    /* What can't be written is told by write(). */
    signal(SIGPIPE, SIG_IGN);
    term_start("auto", false, false);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return term_end(run_named(1, (char *[]){ help, NULL }));
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)
        return term_end(run_named(1, (char *[]){ version, NULL }));
    return term_end(interrupt_end(run_named(argc - 1, argv + 1)));
}
