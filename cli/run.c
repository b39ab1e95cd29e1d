/*
 * run.c - `cdp run`: a script in a V8 of its own, with Node's inspector flags.
 */
#include "run.h"

#include "cli.h"
#include "help.h"
#include "jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* ---- words ------------------------------------------------------------- */

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] && strcmp(word, "--") != 0;
}

/* Our own flag that argv[0] is: how many words it took, or -1 with *status to end with. */
static int parse_own(run *r, int argc, char **argv, int *status)
{
    const char *word = argv[0];

    if (strcmp(word, "-e") == 0 || strcmp(word, "--eval") == 0) {
        if (argc < 2) {
            *status = complain(STATUS_FLAGS, "%s requires an argument", word);
            return -1;
        }
        r->code = argv[1];
        return 2;
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        *status = help_print(&run_job);
        return -1;
    }
    *status = complain(STATUS_FLAGS, "bad option: %s", word);
    return -1;
}

/* NULL where there is no such file: reading it will tell why. */
static char *absolute_path(const char *file)
{
    uv_fs_t req;
    char *path = uv_fs_realpath(NULL, &req, file, NULL) == 0 ? strdup(req.ptr) : NULL;

    uv_fs_req_cleanup(&req);
    return path;
}

/* What to end with, or -1. */
static int parse_words(run *r, int argc, char **argv)
{
    int i = 1, took = 0, status = 0;

    do {
        i += took;
        took = cdp_inspector_parse_flag(&r->flags, argc - i, argv + i);
        if (took < 0)
            return complain(STATUS_FLAGS, "%s", r->flags.error);
        if (took == 0 && i < argc && is_flag(argv[i]))
            took = parse_own(r, argc - i, argv + i, &status);
        if (took < 0)
            return status;
    } while (took > 0);
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (!r->code) {
        if (i == argc)
            return complain(STATUS_USAGE, "no script to run; see 'cdp help run'");
        r->file = argv[i++];
        r->path = absolute_path(r->file);
    }
    r->argc = argc - i;
    r->argv = argv + i;
    return -1;
}

/* ---- the inspector ----------------------------------------------------- */

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "::1") == 0 || strcmp(host, "0:0:0:0:0:0:0:1") == 0;
}

static cdp_inspector_options inspector_options(const run *r)
{
    /* Whoever names another host insists, as far as Node goes; the inspector warns. */
    return (cdp_inspector_options){ .host = r->flags.host,
                                    .port = r->flags.port,
                                    .allow_public = !is_loopback(r->flags.host),
                                    .publish = r->flags.publish,
                                    .title = r->title,
                                    .url = r->url,
                                    .network = r->flags.network };
}

bool run_open(run *r)
{
    cdp_inspector_options opt = inspector_options(r);

    if (cdp_inspector_open(r->inspector, &opt) == 0)
        return true;
    fprintf(stderr, "%s\n", cdp_inspector_error(r->inspector)->message.ptr);
    return false;
}

/* Before the script: listens and waits, as the flags say. */
static void start_inspector(run *r)
{
    if (!r->flags.no_signal)
        cdp_inspector_open_on_signal(r->inspector, SIGUSR1);
    if (!r->flags.open || !run_open(r) || !r->flags.wait)
        return;
    cdp_inspector_wait_for_debugger(r->inspector, -1);
    if (r->flags.break_on_start)
        cdp_v8_pause_on_start(cdp_host_v8(r->host));
}

/* ---- the script -------------------------------------------------------- */

static int run_script(run *r)
{
    int rc = r->code ? cdp_host_run_text(r->host, "[eval]", cdp_s(r->code), NULL)
                     : cdp_host_run_file(r->host, r->file, NULL);

    if (rc == 0)
        rc = cdp_host_run(r->host); /* prints what nobody handles */
    else if (rc == CDP_EREMOTE)
        cdp_host_print_error(r->host);
    if (rc < 0 && rc != CDP_EREMOTE)
        return complain(STATUS_FAILED, "can't run %s: %s", r->file ? r->file : "[eval]",
                        cdp_host_error(r->host)->message.ptr);
    return cdp_host_exit_code(r->host);
}

static int run_host(run *r)
{
    cdp_inspector_options opt = inspector_options(r);
    int rc = cdp_inspector_new(&r->inspector, cdp_host_v8(r->host), &opt);

    if (rc == 0)
        rc = run_define(r);
    if (rc < 0)
        return complain(STATUS_FAILED, "can't prepare the script: %s", cdp_strerror(rc));
    start_inspector(r);
    rc = run_script(r);
    cdp_inspector_wait_for_disconnect(r->inspector);
    return rc;
}

/* What /json/list says of the script. */
static int name_script(run *r)
{
    size_t len = r->path ? strlen(r->path) : 0;

    if (!(r->url = malloc(len + sizeof "file://")))
        return CDP_ENOMEM;
    sprintf(r->url, "file://%s", r->path ? r->path : "");
    if (r->file)
        snprintf(r->title, sizeof r->title, "%s", r->file);
    else
        snprintf(r->title, sizeof r->title, "cdp[%ld]", (long)getpid());
    return 0;
}

static int run_run(const words *w)
{
    run r = { .code = NULL };
    cdp_host_options opt = { .data = &r };
    int status = parse_words(&r, w->argc, w->argv);

    if (status >= 0)
        return status;
    int rc = name_script(&r);
    if (rc == 0)
        rc = cdp_host_new(&r.host, &opt);
    status = rc == 0 ? run_host(&r) : complain(STATUS_FAILED, "can't start: %s", cdp_strerror(rc));
    cdp_inspector_free(r.inspector);
    cdp_host_free(r.host);
    cdp_host_shutdown();
    free(r.path);
    free(r.url);
    return status;
}

/* ---- what is told of it ------------------------------------------------ */

static const option options[] = {
    { 'e', "eval", WORD_TEXT, "CODE", NULL, "run CODE instead of a file" },
    { 0, "inspect", WORD_TEXT, "[=ADDR]", NULL,
      "listen for debuggers at [HOST:]PORT (127.0.0.1:9229)" },
    { 0, "inspect-wait", WORD_TEXT, "[=ADDR]", NULL, "and run the script when one says so" },
    { 0, "inspect-brk", WORD_TEXT, "[=ADDR]", NULL, "and pause at its first statement, too" },
    { 0, "inspect-port", WORD_TEXT, "ADDR", NULL, "where to listen, once something asks for it" },
    { 0, "inspect-publish-uid", WORD_TEXT, "stderr,http", NULL, "where the URL is told" },
    { 0, "disable-sigusr1", WORD_FLAG, NULL, NULL, "do not listen on SIGUSR1" },
    { 0, "experimental-network-inspection", WORD_FLAG, NULL, NULL,
      "have inspector.Network send events" },
    { 'h', "help", WORD_FLAG, NULL, NULL, "tell about the command" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = {
    { "FILE", WORD_FILE, true, false, "the script; it is left out after -e" },
    { "ARGUMENT", WORD_TEXT, true, true, "what process.argv has after it" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "cdp run --inspect-brk server.js", "wait for a debugger before the first statement" },
    { NULL, NULL },
};
const job run_job = {
    .name = "run",
    .summary = "run a script that debuggers can inspect, as node does",
    .about = "Runs a script with console, timers, inspector and process.argv, and lets debuggers "
             "look into it: DevTools, 'node inspect', anything that speaks CDP. Exits with the "
             "script's code, or 9 for wrong flags.",
    .verbatim = true,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_run,
};
