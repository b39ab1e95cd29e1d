/*
 * job_trace.c - `cdp trace`: trace events, as Perfetto and chrome://tracing read them.
 *
 * Node tells events as they happen, Chromium keeps them and hands over the file at the end.  Which
 * of the two ways a target has, it is asked.
 */
#include "cli.h"
#include "jobs.h"
#include "json.h"
#include "progress.h"
#include "recording.h"
#include "results.h"
#include "term.h"

#include <cdp/io.h>
#include <cdp/node_tracing.h>
#include <cdp/tracing.h>
#include <cdp/value.h>

enum { CATEGORIES = 64, PIECE = 1 << 20 };

typedef struct trace {
    recording r;
    cdp_session *s; /* that traces */
    output *to;
    int rc; /* why no more is written, or 0 */
    uint64_t events;
    bool lossy; /* the target had no room for all */
    cdp_str wanted[CATEGORIES];
    size_t n_wanted;
} trace;

/* ---- Node ---------------------------------------------------------------------- */

static int write_event(trace *t, cdp_value event)
{
    CDP_AUTO cdp_str *text = NULL;
    int rc = cdp_value_text(event, &text);

    if (rc < 0)
        return rc;
    output_print(t->to, t->events++ ? ",\n" : "\n");
    return output_write(t->to, text->ptr, text->len) < 0 ? CDP_EIO : 0;
}

static void on_data(cdp_session *s, const cdp_node_tracing_data_collected_event *ev, void *data)
{
    trace *t = data;

    (void)s;
    for (size_t i = 0; t->rc == 0 && i < ev->value.n; i++)
        t->rc = write_event(t, ev->value.items[i]);
    if (t->rc < 0)
        t->r.enough = true;
}

static int trace_node(trace *t, const words *w)
{
    static const cdp_str usual[] = { { "node", 4 }, { "node.async_hooks", 16 }, { "v8", 2 } };
    const cdp_node_tracing_trace_config config = {
        .included_categories = { t->n_wanted ? t->wanted : usual,
                                 t->n_wanted ? t->n_wanted : sizeof usual / sizeof *usual },
    };
    cdp_node_tracing_start_params p = { .trace_config = &config };
    int rc = cdp_node_tracing_on_data_collected(t->s, on_data, t) ? 0 : CDP_ENOMEM;

    output_print(t->to, "{\"traceEvents\":[");
    if (rc == 0)
        rc = cdp_node_tracing_start(t->s, &p);
    if (rc == 0)
        rc = recording_run(&t->r, w, "tracing");
    if (rc < 0 || t->rc < 0)
        return rc;
    /* The last events come behind tracingComplete, and before what is asked next. */
    if ((rc = cdp_node_tracing_stop(t->s)) == 0)
        rc = cdp_node_tracing_get_categories(t->s, NULL);
    output_print(t->to, "\n]}\n");
    return rc;
}

/* ---- Chromium ------------------------------------------------------------------ */

static int fetch(trace *t, cdp_str stream)
{
    cdp_io_read_params p = { .handle = stream, .size = CDP_SOME(PIECE) };
    cdp_io_close_params done = { .handle = stream };
    bool eof = false;
    int rc = 0;

    progress_start("fetching");
    while (rc == 0 && t->rc == 0 && !eof) {
        CDP_AUTO cdp_io_read_result *res = NULL;
        if ((rc = cdp_io_read(t->s, &p, &res)) < 0)
            break;
        if (res->base64_encoded.value)
            t->rc = CDP_EPROTO; /* a trace is text */
        else if (output_write(t->to, res->data.ptr, res->data.len) < 0)
            t->rc = CDP_EIO;
        eof = res->eof;
        progress_update(0, 0, output_size(t->to));
    }
    progress_end();
    return rc < 0 ? rc : cdp_io_close(t->s, &done);
}

static int trace_chromium(trace *t, const words *w)
{
    CDP_AUTO cdp_tracing_tracing_complete_event *complete = NULL;
    const cdp_tracing_trace_config config = { .included_categories = { t->wanted, t->n_wanted } };
    cdp_tracing_start_params p = {
        .transfer_mode = CDP_TRACING_START_TRANSFER_MODE_RETURN_AS_STREAM,
        .stream_format = CDP_TRACING_STREAM_FORMAT_JSON,
        .trace_config = t->n_wanted ? &config : NULL
    };
    int rc = cdp_tracing_start(t->s, &p);

    if (rc == 0)
        rc = recording_run(&t->r, w, "tracing");
    if (rc < 0)
        return rc;
    uint32_t id = cdp_tracing_expect_tracing_complete(t->s);
    if ((rc = cdp_tracing_end(t->s)) == 0)
        rc = cdp_tracing_take_tracing_complete(t->s, id, &complete);
    if (rc < 0)
        return rc;
    t->lossy = complete->data_loss_occurred;
    return fetch(t, complete->stream);
}

/* ---- both ------------------------------------------------------------------------ */

/* Does the target have NodeTracing?  0 or CDP_E*; what it returns is one cdp_free(). */
static int ask_node(cdp_session *s, cdp_node_tracing_get_categories_result **res)
{
    int rc = cdp_node_tracing_get_categories(s, res);
    const bool unknown = rc == CDP_EREMOTE &&
                         cdp_last_error(s)->remote_code == CDP_METHOD_NOT_FOUND;

    return unknown ? 0 : rc;
}

static void list_names(const words *w, const cdp_str *items, size_t n)
{
    json_out j = { .to = stdout };

    for (size_t i = 0; !words_flag(w, "json") && i < n; i++) {
        put_line(stdout, items[i]);
        print(stdout, "\n");
    }
    if (!words_flag(w, "json"))
        return;
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++)
        json_text(&j, items[i]);
    json_close(&j, ']');
    print(stdout, "\n");
}

static int list_categories(const trace *t, const words *w)
{
    CDP_AUTO cdp_node_tracing_get_categories_result *node = NULL;
    CDP_AUTO cdp_tracing_get_categories_result *chromium = NULL;
    int rc = ask_node(t->s, &node);

    if (rc == 0 && !node)
        rc = cdp_tracing_get_categories(t->s, &chromium);
    if (rc == 0 && node)
        list_names(w, node->categories.items, node->categories.n);
    else if (rc == 0)
        list_names(w, chromium->categories.items, chromium->categories.n);
    return rc;
}

static int record(trace *t, const words *w)
{
    CDP_AUTO cdp_node_tracing_get_categories_result *node = NULL;
    int rc = ask_node(t->s, &node);

    if (rc < 0)
        return rc;
    return node ? trace_node(t, w) : trace_chromium(t, w);
}

static void tell(const words *w, const trace *t, const char *name, uint64_t bytes)
{
    json_out j = { .to = stdout };
    char size[16];

    if (t->lossy)
        complain(0, "the target had no room for all events: --categories asks for fewer");
    if (!words_flag(w, "json")) {
        note("%s: %.1f s, %s", name, t->r.seconds, progress_size(size, (double)bytes));
        return;
    }
    json_open(&j, '{');
    json_text_member(&j, "file", cdp_s(name));
    json_number_member(&j, "bytes", (double)bytes);
    json_number_member(&j, "seconds", t->r.seconds);
    json_true_member(&j, "dataLoss", t->lossy);
    json_close(&j, '}');
    print(stdout, "\n");
}

static int finish(trace *t, const words *w, int rc)
{
    const char *name = output_name(t->to);
    const uint64_t bytes = output_size(t->to);
    int status = 0;

    if (rc < 0)
        status = target_fail(&t->r.t, rc);
    else if (t->rc < 0 && t->rc != CDP_EIO)
        status = complain(STATUS_FAILED, "the target's trace: %s", cdp_strerror(t->rc));
    if (status)
        return output_drop(t->to, status);
    if ((status = output_finish(t->to)) == 0)
        tell(w, t, name, bytes);
    return status;
}

static int open_output(trace *t, const words *w, const char *usual)
{
    const char *name = words_text(w, "output");

    if (words_flag(w, "list"))
        return 0;
    if (words_each(w, "output", 1))
        return words_refuse(w->job, "a trace goes to one FILE");
    if (words_flag(w, "json") && results_take_stdout(w))
        return words_refuse(w->job, "stdout can't have both a file and --json");
    return output_open_as(&t->to, name ? name : usual, words_flag(w, "force"));
}

/* "a,b" */
static int split_categories(trace *t, const words *w)
{
    const char *p = words_text(w, "categories");

    for (; p && *p; p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (len && t->n_wanted == CATEGORIES)
            return words_refuse(w->job, "more than %d categories", CATEGORIES);
        if (len)
            t->wanted[t->n_wanted++] = cdp_sn(p, len);
        p += len;
    }
    return 0;
}

static int run_trace(const words *w)
{
    trace t = { .to = NULL };
    char usual[RESULT_NAME];
    int status = split_categories(&t, w);

    result_name(usual, "Trace", ".json");
    if (status || (status = open_output(&t, w, usual)))
        return status;
    status = recording_open(&t.r, w);
    t.s = t.r.t.started && t.r.t.root != t.r.t.session ? t.r.t.root : t.r.t.session;
    if (status)
        status = output_drop(t.to, status);
    else if (words_flag(w, "list"))
        status = list_categories(&t, w) < 0;
    else
        status = finish(&t, w, record(&t, w));
    return recording_close(&t.r, status);
}

static const option options[] = {
    RECORDING_TIME,
    WORDS_OUTPUT("write to FILE"),
    { 'c', "categories", WORD_TEXT, "A,B", NULL, "trace these; else the target's usual ones" },
    { 'l', "list", WORD_FLAG, NULL, NULL, "print the categories that there are, and end" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const example examples[] = {
    { "cdp trace :9222/browser -t 5 -o trace.json", "five seconds of a whole Chromium" },
    { "cdp trace -c v8,node.perf -- node app.js", "a whole run of a program" },
    { NULL, NULL },
};
const job trace_job = {
    .name = "trace",
    .summary = "record trace events",
    .about = "Records what a Node (NodeTracing) or a Chromium (Tracing) traces, until --time, "
             "Ctrl-C or the end of the program, and writes it to FILE, or to Trace-TIME.json in "
             "this folder: the JSON that Perfetto and chrome://tracing open. A page of a Chromium "
             "traces itself, /browser everything.",
    .takes = TAKES_TARGET,
    .records = true,
    .from_start = true,
    .options = options,
    .examples = examples,
    .run = run_trace,
};
