/*
 * job_list.c - `cdp list`: the targets that an endpoint has.
 */
#include "cli.h"
#include "jobs.h"
#include "json.h"
#include "target.h"
#include "term.h"

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

static int print_list(const words *w, json_out *j, const char *url, const cdp_target_entries *list)
{
    for (size_t i = 0; i < list->targets.n; i++) {
        const cdp_target_entry *e = &list->targets.items[i];
        if (!words_flag(w, "json")) {
            print_entry(url, e);
            continue;
        }
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
    return 0;
}

/* CDP_E*; *why as cdp_target_list() has it. */
static int list(const words *w, json_out *j, const char *url, const cdp_remote_options *opt,
                cdp_str **why)
{
    CDP_AUTO cdp_target_entries *entries = NULL;
    int rc = cdp_target_list(&entries, url, opt, why);

    return rc < 0 ? rc : print_list(w, j, url, entries);
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
    .examples = examples,
    .run = run_list,
};
