/*
 * job_list.c - `cdp list`: the targets that an endpoint has.
 */
#include "cli.h"
#include "jobs.h"
#include "json.h"
#include "target.h"
#include "term.h"

#include <cdp/targets.h>
#include <stdio.h>

/* Where programs usually listen: Chromium, Node. */
static const char *const usual[] = { "127.0.0.1:9222", "127.0.0.1:9229" };

/* What to type for it. */
static void print_entry(const char *url, const cdp_target_entry *e)
{
    bool http = strncmp(url, "http://", 7) == 0;

    print(stdout, "%s%s", http ? url + 7 : url, strncmp(url, "unix:", 5) == 0 ? ":/" : "/");
    put_line(stdout, e->id);
    print(stdout, "  ");
    paint(stdout, CYAN);
    print(stdout, "%-14s", e->type.ptr);
    paint(stdout, PLAIN);
    print(stdout, "  ");
    put_line(stdout, e->title);
    if (!cdp_str_eq(e->title, e->url)) {
        paint(stdout, DIM);
        print(stdout, "  ");
        put_line(stdout, e->url);
        paint(stdout, PLAIN);
    }
    print(stdout, "\n");
}

static void print_json(json_out *j, const char *url, const cdp_target_entry *e)
{
    json_open(j, '{');
    json_text_member(j, "endpoint", cdp_s(url));
    json_text_member(j, "id", e->id);
    json_text_member(j, "type", e->type);
    json_text_member(j, "title", e->title);
    json_text_member(j, "url", e->url);
    json_text_member(j, "description", e->description);
    json_text_member(j, "parentId", e->parent_id);
    json_text_member(j, "webSocketDebuggerUrl", e->web_socket_debugger_url);
    json_close(j, '}');
}

/* ---- what is below a target ------------------------------------------------ */

typedef struct below {
    const words *w;
    json_out *j;
    const cdp_target_entry *top;
    const char *endpoint;
    bool done;
} below;

static bool on_attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    const below *at = data;

    (void)child;
    if (words_flag(at->w, "json")) {
        json_open(at->j, '{');
        json_text_member(at->j, "endpoint", cdp_s(at->endpoint));
        json_text_member(at->j, "id", info->id);
        json_text_member(at->j, "type", info->type);
        json_text_member(at->j, "title", info->title);
        json_text_member(at->j, "url", info->url);
        json_text_member(at->j, "parentId", at->top->id);
        json_close(at->j, '}');
        return false;
    }
    print(stdout, "  - ");
    paint(stdout, CYAN);
    print(stdout, "%-14s", info->type.ptr);
    paint(stdout, PLAIN);
    print(stdout, "  ");
    put_line(stdout, info->title.len ? info->title : info->url);
    if (info->title.len && info->url.len && !cdp_str_eq(info->title, info->url)) {
        print(stdout, "  ");
        put_line(stdout, info->url);
    }
    print(stdout, "\n");
    return false;
}

static void on_followed(cdp_session *s, const cdp_error *err, void *data)
{
    below *at = data;

    (void)err; /* it has none */
    at->done = true;
    cdp_stop(s);
}

/* Whoever can't be asked, since somebody else is attached, has none to show. */
static int list_below(below *at, const cdp_remote_options *opt)
{
    const cdp_follow_options follow = { .attached = on_attached,
                                        .followed = on_followed,
                                        .data = at };
    char url[512];
    cdp_session *s;
    int n = snprintf(url, sizeof url, "%s%s%.*s", at->endpoint,
                     strncmp(at->endpoint, "unix:", 5) == 0 ? ":/" : "/", (int)at->top->id.len,
                     at->top->id.ptr);

    if (n >= (int)sizeof url)
        return 0;
    int rc = cdp_connect(&s, url, opt);
    if (rc == 0)
        rc = cdp_follow(s, &follow);
    while (rc == 0 && !at->done)
        rc = cdp_poll(s, -1); /* the calls of cdp_follow() have their limit */
    cdp_close(s);
    return rc == CDP_ENOMEM ? rc : 0;
}

/* ---- the list ---------------------------------------------------------------- */

static int print_list(const words *w, json_out *j, const char *url, const cdp_target_entries *list,
                      const cdp_remote_options *opt)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < list->targets.n; i++) {
        const cdp_target_entry *e = &list->targets.items[i];
        below at = { .w = w, .j = j, .top = e, .endpoint = url };
        if (!words_flag(w, "json"))
            print_entry(url, e);
        else
            print_json(j, url, e);
        if (words_flag(w, "all"))
            rc = list_below(&at, opt);
    }
    return rc;
}

/* CDP_E*; *why as cdp_target_list() has it. */
static int list(const words *w, json_out *j, const char *url, const cdp_remote_options *opt,
                cdp_str **why)
{
    CDP_AUTO cdp_target_entries *entries = NULL;
    int rc = cdp_target_list(&entries, url, opt, why);

    return rc < 0 ? rc : print_list(w, j, url, entries, opt);
}

static int list_named(const words *w, json_out *j, const cdp_remote_options *opt)
{
    CDP_AUTO cdp_str *why = NULL;
    target_name name;
    const char *wrong = target_parse(&name, w->target);

    if (wrong)
        return words_refuse(w->job, "TARGET '%s': %s", w->target, wrong);
    if (name.pid)
        return words_refuse(w->job, "TARGET '%s' is a process; a port has a colon before it",
                            w->target);
    if (name.file)
        return words_refuse(w->job, "TARGET '%s' is a recording, and no endpoint", w->target);
    int rc = list(w, j, name.url, opt, &why);
    if (rc < 0)
        return complain(STATUS_FAILED, "%s: %s", name.url, why ? why->ptr : cdp_strerror(rc));
    return 0;
}

/* Those that are there. */
static int list_usual(const words *w, json_out *j, const cdp_remote_options *opt)
{
    int n = 0;

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://%s", usual[i]);
        n += list(w, j, url, opt, NULL) == 0;
    }
    return n ? 0 : complain(STATUS_FAILED, "nobody answers at %s or %s", usual[0], usual[1]);
}

static int run_list(const words *w)
{
    cdp_remote_options opt;
    target t = { .root = NULL };
    json_out j = { .to = stdout };
    int status = target_options(&opt, &t, w);

    if (status)
        return status;
    if (words_flag(w, "json"))
        json_open(&j, '[');
    status = w->target ? list_named(w, &j, &opt) : list_usual(w, &j, &opt);
    if (words_flag(w, "json")) {
        json_close(&j, ']');
        print(stdout, "\n");
    }
    target_close(&t);
    return status;
}

static const option options[] = {
    { 0, "all", WORD_FLAG, NULL, NULL, "and what runs below each: workers, frames" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp list", "what is at the usual ports of this machine" },
    { "cdp list db.example:9229", "what another one has" },
    { NULL, NULL },
};
const job list_job = {
    .name = "list",
    .summary = "list the targets of an endpoint",
    .about =
        "Lists pages, workers, scripts and whatever else an endpoint has: what to name as "
        "TARGET, its type, its title and its URL. Without TARGET it looks at the ports 9222 and "
        "9229 of this machine.",
    .takes = TAKES_ENDPOINT,
    .options = options,
    .examples = examples,
    .run = run_list,
};
