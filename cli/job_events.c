/*
 * job_events.c - `cdp events`: what a target tells, an event a line.
 */
#include "cli.h"
#include "interrupt.h"
#include "jobs.h"
#include "json.h"
#include "lookup.h"
#include "pattern.h"
#include "target.h"
#include "term.h"

#include <cdp/value.h>
#include <stdlib.h>

typedef struct tail {
    const words *w;
    uint64_t left; /* events to come; 0: no limit */
    bool done;
} tail;

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    tail *t = data;
    json_out j = { .to = stdout };

    (void)s;
    if (t->done || !patterns_match(t->w, 0, method))
        return;
    json_open(&j, '{');
    json_text_member(&j, "method", method);
    json_key(&j, "params");
    if (params->ptr)
        json_value(&j, *params);
    else
        json_value(&j, cdp_json("{}"));
    json_close(&j, '}');
    print(stdout, "\n");
    t->done = !term_flush() || (t->left && --t->left == 0);
}

/* The domain of a pattern, to be enabled; {0}: none. */
static item domain_of(const char *pattern)
{
    return lookup_find(cdp_sn(pattern, strcspn(pattern, ".")), 1 << ITEM_DOMAIN);
}

static int check_patterns(const words *w)
{
    const char *pattern;

    for (int i = 0; (pattern = words_operand(w, i)); i++) {
        size_t len = strlen(pattern);
        bool domain = len && pattern[len - 1] == '.';
        unsigned kinds = domain ? 1 << ITEM_DOMAIN : 1 << ITEM_EVENT;
        cdp_str name = cdp_sn(pattern, domain ? len - 1 : len);
        if (strcmp(pattern, "*") != 0 && !lookup_find(name, kinds).d)
            return lookup_refuse(name, kinds, domain ? "domain" : "event");
    }
    return 0;
}

/* Domains tell nothing before they are enabled; those without such a command always tell. */
static int enable(const words *w, const target *t)
{
    const char *pattern;

    for (int i = 0; (pattern = words_operand(w, i)); i++) {
        item domain = domain_of(pattern);
        char method[ITEM_NAME];
        if (!domain.d)
            continue;
        snprintf(method, sizeof method, "%.*s.enable", domain.d->name_len,
                 domain.d->names + domain.d->name);
        if (!lookup_find(cdp_s(method), 1 << ITEM_COMMAND).d)
            continue;
        int rc = cdp_call(t->session, method, (cdp_value){ .ptr = NULL }, NULL);
        if (rc < 0 && !(rc == CDP_EREMOTE && t->recorded)) /* a recording has what it has */
            return rc;
    }
    return 0;
}

static int run_events(const words *w)
{
    tail at = { .w = w, .left = words_count(w, "count") };
    target t;
    int status = words_flag(w, "no-check") ? 0 : check_patterns(w);

    if (status)
        return status;
    if ((status = target_open(&t, w)) == 0) {
        int rc = 0;
        if (!cdp_on_any(t.session, on_event, &at))
            rc = CDP_ENOMEM;
        if (rc == 0 && !words_flag(w, "no-enable"))
            rc = enable(w, &t);
        if (rc == 0)
            rc = target_go(&t);
        if (rc == 0)
            rc = target_wait(&t, words_seconds(w, "time"), &at.done);
        status = rc < 0 && !interrupted() ? target_fail(&t, rc) : 0; /* Ctrl-C is how it ends */
    }
    target_close(&t);
    return status;
}

static const option options[] = {
    { 'n', "count", WORD_COUNT, "N", NULL, "end after so many events" },
    { 't', "time", WORD_SECONDS, "SECONDS", NULL, "end after so long" },
    { 0, "no-enable", WORD_FLAG, NULL, NULL, "do not call Domain.enable of the events' domains" },
    { 0, "no-check", WORD_FLAG, NULL, NULL, "allow events that the protocol does not know" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = {
    { "EVENT", WORD_EVENT, false, true,
      "Domain.event, or 'Domain.' for all of a domain; '*' for what comes without enabling a "
      "domain" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "cdp events :9222 Network. Page.loadEventFired", "follow what a page loads" },
    { "cdp events -n 1 Debugger.scriptParsed -- node x.js", "the first script of a program" },
    { NULL, NULL },
};
const job events_job = {
    .name = "events",
    .summary = "print events as they come, as JSON",
    .about = "Enables the domains of the EVENTs and prints each event as a line of JSON, until "
             "Ctrl-C or what --count and --time say.",
    .takes = TAKES_TARGET,
    .from_start = true,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_events,
};
