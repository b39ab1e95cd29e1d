/*
 * job_record.c - `cdp record`: all that is said between a target and us, as a file.
 */
#include "check.h"
#include "cli.h"
#include "file.h"
#include "interrupt.h"
#include "jobs.h"
#include "lookup.h"
#include "recording.h"
#include "term.h"

#include <cdp/record.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of use in most reports; those that a target lacks are left out. */
#define USUAL "Runtime,Log,Page,Network"

#define TICK 0.02 /* seconds, between looks at stdin */

enum { LINE = 1 << 20 };

typedef struct tape {
    recording r;
    output *to;
} tape;

static int on_line(const char *line, size_t len, void *data)
{
    tape *at = data;

    at->r.enough = output_write(at->to, line, len) < 0;
    return at->r.enough ? CDP_EIO : 0;
}

/* ---- domains ----------------------------------------------------------------- */

/* The next of "Runtime,Network": false: no more. */
static bool next_name(const char **list, cdp_str *name)
{
    size_t n = strcspn(*list, ",");

    *name = cdp_sn(*list, n);
    *list += n + ((*list)[n] == ',');
    return n > 0;
}

static int check_domains(const char *list)
{
    cdp_str name;

    while (next_name(&list, &name))
        if (!lookup_find(name, 1 << ITEM_DOMAIN).d)
            return lookup_refuse(name, 1 << ITEM_DOMAIN, "domain");
    return 0;
}

static int enable(const target *t, const char *list)
{
    const char *names = list ? list : USUAL;
    char method[ITEM_NAME];
    cdp_str name;

    while (next_name(&names, &name)) {
        snprintf(method, sizeof method, "%.*s.enable", (int)name.len, name.ptr);
        int rc = cdp_call(t->session, method, (cdp_value){ .ptr = NULL }, NULL);
        if (rc < 0 && (rc != CDP_EREMOTE || list))
            return rc;
    }
    return 0;
}

/* ---- commands ---------------------------------------------------------------- */

/* "Domain.command {params}".  What the peer refuses is on the record, too. */
static int call_line(const target *t, char *line)
{
    CDP_AUTO cdp_value *params = NULL;
    size_t n = strcspn(line, " \t");
    cdp_str text = cdp_s(line + n + strspn(line + n, " \t"));
    item it = lookup_find(cdp_sn(line, n), 1 << ITEM_COMMAND);

    if (!*line || *line == '#')
        return 0;
    if (!it.d) {
        lookup_refuse(cdp_sn(line, n), 1 << ITEM_COMMAND, "command");
        return 0;
    }
    line[n] = 0;
    if (check_params(it, text.len ? text : cdp_s("{}"), &params) != 0)
        return 0;
    int rc = cdp_call(t->session, line, *params, NULL);
    if (rc != CDP_EREMOTE)
        return rc;
    target_fail(t, rc);
    return 0;
}

/* Calls what is in text, and leaves there what is no whole line yet. */
static int call_lines(const target *t, char *text, size_t *len)
{
    char *end;
    int rc = 0;

    while (rc == 0 && !interrupted() && (end = memchr(text, '\n', *len))) {
        *end = 0;
        rc = call_line(t, text);
        *len -= (size_t)(end + 1 - text);
        memmove(text, end + 1, *len);
    }
    return rc;
}

/* Until there are no more.  The session goes on meanwhile. */
static int call_all(tape *at)
{
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
    char *text = malloc(LINE + 1);
    size_t len = 0;
    bool more = true;
    int rc = text ? 0 : CDP_ENOMEM;

    while (rc == 0 && more && !interrupted() && !at->r.enough && !at->r.t.ended) {
        if (poll(&in, 1, 0) <= 0) {
            rc = target_wait(&at->r.t, TICK, &at->r.enough);
            continue;
        }
        ssize_t n = len < LINE ? read(STDIN_FILENO, text + len, LINE - len) : 0;
        more = n > 0 || (n < 0 && errno == EINTR);
        if (n > 0)
            len += (size_t)n;
        else if (!more && len)
            text[len++] = '\n';
        rc = call_lines(&at->r.t, text, &len);
    }
    free(text);
    return rc;
}

/* ---- all ------------------------------------------------------------------------ */

static int run_commands(tape *at, const words *w)
{
    int rc = target_go(&at->r.t);

    if (rc == 0)
        rc = call_all(at);
    if (rc == 0 && words_text(w, "time"))
        rc = target_wait(&at->r.t, words_seconds(w, "time"), &at->r.enough);
    return rc;
}

static int record(tape *at, const words *w)
{
    int rc = cdp_record_start(at->r.t.root, on_line, at);

    interrupt_gently(false); /* nothing is fetched at the end */
    if (rc == 0)
        rc = enable(&at->r.t, words_text(w, "enable"));
    if (rc == 0 && words_flag(w, "commands"))
        rc = run_commands(at, w);
    else if (rc == 0)
        rc = recording_run(&at->r, w, "recording");
    if (rc == CDP_ECANCELED && interrupted()) /* Ctrl-C is how it ends */
        rc = 0;
    int stopped = cdp_record_stop(at->r.t.root);
    return rc < 0 ? rc : stopped;
}

/* A peer that is lost leaves a whole recording: that of its end. */
static int run_record(const words *w)
{
    tape at = { .to = NULL };
    const char *domains = words_text(w, "enable");
    int status = domains ? check_domains(domains) : 0;
    int rc = 0;

    if (status == 0)
        status = output_open(&at.to, w, NULL);
    if (status)
        return status;
    if ((status = recording_open(&at.r, w)) == 0 && (rc = record(&at, w)) < 0 && !at.r.enough)
        status = target_fail(&at.r.t, rc);
    if (status && rc != CDP_EIO && rc != CDP_ECLOSED)
        status = output_drop(at.to, status);
    else if (output_finish(at.to) != 0)
        status = STATUS_FAILED;
    return recording_close(&at.r, status);
}

static const option options[] = {
    WORDS_OUTPUT("write to FILE; else stdout"),
    RECORDING_TIME,
    { 0, "enable", WORD_TEXT, "DOMAIN,...", NULL,
      "domains to enable; else those of " USUAL " that there are" },
    { 0, "commands", WORD_FLAG, NULL, NULL,
      "call what stdin says, a line each: Domain.command {params}" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp record :9229 -o bug.ndjson", "all that happens until Ctrl-C, for a report" },
    { "echo 'Runtime.evaluate {\"expression\":\"1\"}' | cdp record --commands :9229", "a call" },
    { "cdp console replay:bug.ndjson", "look at it again" },
    { NULL, NULL },
};
const job record_job = {
    .name = "record",
    .summary = "record what a target says",
    .about =
        "Writes each message to and from the target as a line of JSON, until Ctrl-C, --time or the "
        "program's end, or when --commands have been answered and there is no --time. 'cdp replay' "
        "shows such a file, and replay:FILE is a TARGET."
        "\n\nAll that is said is in it, cookies and passwords too: look before you give it away.",
    .takes = TAKES_TARGET,
    .records = true,
    .from_start = true,
    .options = options,
    .examples = examples,
    .run = run_record,
};
