/*
 * job_console.c - `cdp console`: what a target logs, and exceptions that nobody catches.
 */
#include "cli.h"
#include "interrupt.h"
#include "jobs.h"
#include "json.h"
#include "object.h"
#include "target.h"
#include "term.h"

#include <cdp/log.h>

typedef struct tail {
    const words *w;
    uint64_t left; /* lines to come; 0: no limit */
    bool done;
} tail;

static void count(tail *t)
{
    t->done = !term_flush() || (t->left && --t->left == 0);
}

/* As JSON, an event is itself. */
static bool tell_json(tail *t, const char *method, int rc, const cdp_str *params)
{
    json_out j = { .to = stdout };

    if (!words_flag(t->w, "json"))
        return false;
    json_open(&j, '{');
    json_text_member(&j, "method", cdp_s(method));
    json_key(&j, "params");
    json_value(&j, rc < 0 ? (cdp_value){ NULL, 0, CDP_JSON }
                          : (cdp_value){ params->ptr, params->len, CDP_JSON });
    json_close(&j, '}');
    print(stdout, "\n");
    count(t);
    return true;
}

static void put_place(const cdp_runtime_stack_trace *stack)
{
    const cdp_runtime_call_frame *f = stack ? stack->call_frames.items : NULL;

    if (!f || !stack->call_frames.n || !f->url.len)
        return;
    paint(stdout, DIM);
    print(stdout, "  %s:%ld:%ld", f->url.ptr, (long)f->line_number + 1, (long)f->column_number + 1);
    paint(stdout, PLAIN);
}

static color color_of(cdp_runtime_console_api_called_event_type type)
{
    if (type == CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_ERROR ||
        type == CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_ASSERT)
        return RED;
    if (type == CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_WARNING)
        return YELLOW;
    return type == CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_DEBUG ? DIM : PLAIN;
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    tail *t = data;
    CDP_AUTO cdp_str *text = NULL;
    int rc = cdp_runtime_console_api_called_event_to_json(ev, &text);
    color c = color_of(ev->type);

    (void)s;
    if (t->done || tell_json(t, "Runtime.consoleAPICalled", rc, text))
        return;
    for (size_t i = 0; i < ev->args.n; i++) {
        print(stdout, i ? " " : "");
        if (c != PLAIN)
            paint(stdout, c);
        put_object(stdout, ev, &ev->args.items[i]);
        if (c != PLAIN)
            paint(stdout, PLAIN);
    }
    put_place(ev->stack_trace);
    print(stdout, "\n");
    count(t);
}

static void on_exception(cdp_session *s, const cdp_runtime_exception_thrown_event *ev, void *data)
{
    tail *t = data;
    CDP_AUTO cdp_str *text = NULL;
    int rc = cdp_runtime_exception_thrown_event_to_json(ev, &text);

    (void)s;
    if (t->done || tell_json(t, "Runtime.exceptionThrown", rc, text))
        return;
    paint(stdout, RED);
    put_exception(stdout, ev, ev->exception_details);
    paint(stdout, PLAIN);
    print(stdout, "\n");
    count(t);
}

/* What the browser itself has to say. */
static void on_entry(cdp_session *s, const cdp_log_entry_added_event *ev, void *data)
{
    tail *t = data;
    CDP_AUTO cdp_str *text = NULL;
    int rc = cdp_log_entry_added_event_to_json(ev, &text);
    bool error = ev->entry->level == CDP_LOG_LOG_ENTRY_LEVEL_ERROR;

    (void)s;
    if (t->done || tell_json(t, "Log.entryAdded", rc, text))
        return;
    paint(stdout, error ? RED : DIM);
    put(stdout, ev->entry->text);
    paint(stdout, PLAIN);
    if (ev->entry->url.len)
        print(stdout, "  %s", ev->entry->url.ptr);
    print(stdout, "\n");
    count(t);
}

/* Node has no Log. */
static int enable_log(const target *t)
{
    int rc = cdp_log_enable(t->session);

    return rc == CDP_EREMOTE ? 0 : rc;
}

static int follow(const words *w, target *t, tail *at)
{
    if (!cdp_runtime_on_console_api_called(t->session, on_console, at) ||
        !cdp_runtime_on_exception_thrown(t->session, on_exception, at) ||
        !cdp_log_on_entry_added(t->session, on_entry, at))
        return CDP_ENOMEM;
    int rc = cdp_runtime_enable(t->session);
    if (rc == 0)
        rc = enable_log(t);
    if (rc == 0)
        rc = target_go(t);
    return rc < 0 ? rc : target_wait(t, words_seconds(w, "time"), &at->done);
}

static int run_console(const words *w)
{
    tail at = { .w = w, .left = words_count(w, "count") };
    target t;
    int status = target_open(&t, w);

    if (status == 0) {
        int rc = follow(w, &t, &at);
        status = rc < 0 && !interrupted() ? target_fail(&t, rc) : 0; /* Ctrl-C is how it ends */
    }
    target_close(&t);
    return status;
}

static const option options[] = {
    { 'n', "count", WORD_COUNT, "N", NULL, "end after so many messages" },
    { 't', "time", WORD_SECONDS, "SECONDS", NULL, "end after so long" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp console :9222", "follow what the first page of a Chromium logs" },
    { "cdp console --json 4711 | jq .params.args", "what a Node logs, for programs" },
    { NULL, NULL },
};
const job console_job = {
    .name = "console",
    .summary = "follow what a target logs",
    .about =
        "Prints what the target logs, and exceptions that nobody catches, until Ctrl-C or "
        "what --count and --time say. What was logged before comes first, as far as the target "
        "remembers it. With --json it prints the events.",
    .takes = TAKES_TARGET,
    .from_start = true,
    .options = options,
    .examples = examples,
    .run = run_console,
};
