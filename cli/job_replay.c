/*
 * job_replay.c - `cdp replay`: shows a recording.
 */
#include "cli.h"
#include "jobs.h"
#include "pattern.h"
#include "recorded.h"
#include "term.h"

#include <cdp/record.h>
#include <cdp/value.h>
#include <stdlib.h>

enum { SHORT = 160 }; /* bytes of a message's body */

/* A command that was sent, for its reply. */
typedef struct command {
    int64_t id;
    cdp_value method;
} command;

typedef struct show {
    const words *w;
    command *commands;
    size_t n, room;
} show;

static int note_command(show *at, int64_t id, cdp_value method)
{
    if (at->n == at->room) {
        const size_t room = at->room ? at->room * 2 : 64;
        command *more = realloc(at->commands, room * sizeof *more);
        if (!more)
            return -1;
        at->commands = more;
        at->room = room;
    }
    at->commands[at->n++] = (command){ id, method };
    return 0;
}

static cdp_value find_command(const show *at, int64_t id)
{
    for (size_t i = at->n; i-- > 0;)
        if (at->commands[i].id == id)
            return at->commands[i].method;
    return (cdp_value){ .ptr = NULL };
}

/* Names have no need of escapes: what stands between the quotes. */
static cdp_str name_of(cdp_value method)
{
    return method.len >= 2 ? cdp_sn(method.ptr + 1, method.len - 2) : cdp_s("");
}

static void put_body(const show *at, cdp_value body)
{
    const bool whole = words_flag(at->w, "full") || body.len <= SHORT;
    size_t n = whole ? body.len : SHORT;

    while (!whole && n && ((unsigned char)body.ptr[n] & 0xC0) == 0x80) /* no half character */
        n--;
    paint(stdout, DIM);
    print(stdout, " ");
    put_line(stdout, cdp_sn(body.ptr, n));
    print(stdout, whole ? "" : "...");
    paint(stdout, PLAIN);
}

static void put_message(const show *at, int64_t ms, bool sent, cdp_value message, cdp_str method)
{
    const cdp_value error = cdp_value_get(message, "error");
    const cdp_value result = cdp_value_get(message, "result");
    const cdp_value params = cdp_value_get(message, "params");
    const bool reply = error.ptr || result.ptr;

    print(stdout, "%9.3f %s ", (double)ms / 1000, sent ? ">" : reply ? "=" : "<");
    paint(stdout, error.ptr ? RED : sent ? BOLD : reply ? PLAIN : CYAN);
    put_line(stdout, method);
    paint(stdout, PLAIN);
    if (cdp_value_typeof(message) == CDP_VALUE_STRING) /* bytes */
        print(stdout, "no message");
    if (error.ptr || result.ptr || params.ptr)
        put_body(at, error.ptr ? error : result.ptr ? result : params);
    print(stdout, "\n");
}

/* 0, or -1: no memory. */
static int show_line(show *at, const char *text, size_t len)
{
    const cdp_value line = { text, len, CDP_JSON };
    const cdp_value out = cdp_value_get(line, "sent"), in = cdp_value_get(line, "received");
    const cdp_value message = out.ptr ? out : in;
    const int64_t id = cdp_value_int(cdp_value_get(message, "id"), INT64_MIN);
    cdp_value method = cdp_value_get(message, "method");

    if (out.ptr && method.ptr && note_command(at, id, method) < 0)
        return -1;
    if (!method.ptr)
        method = find_command(at, id);
    const cdp_str name = name_of(method);
    if (at->w->n > 1 && !patterns_match(at->w, 1, name))
        return 0;
    if (!words_flag(at->w, "json")) {
        put_message(at, cdp_value_int(cdp_value_get(line, "ms"), 0), out.ptr != NULL, message,
                    name);
        return 0;
    }
    put(stdout, cdp_sn(text, len));
    print(stdout, "\n");
    return 0;
}

static int show_lines(show *at, cdp_str text)
{
    const char *end = text.ptr + text.len, *p = memchr(text.ptr, '\n', text.len);

    for (const char *stop; p && ++p < end && term_flush(); p = stop) {
        stop = memchr(p, '\n', (size_t)(end - p));
        if (show_line(at, p, (size_t)((stop ? stop : end) - p)) < 0)
            return complain_memory();
    }
    return 0;
}

/* As the library reads it. */
static int check(const char *file, cdp_str text)
{
    CDP_AUTO cdp_str *why = NULL;
    cdp_session *s = NULL;
    int rc = cdp_replay_open(&s, text, NULL, &why);

    cdp_close(s);
    return rc < 0 ? complain(STATUS_FAILED, "%s: %s", file, why ? why->ptr : cdp_strerror(rc)) : 0;
}

static int run_replay(const words *w)
{
    show at = { .w = w };
    const char *file = words_operand(w, 0);
    char *memory = NULL;
    cdp_str text = { NULL, 0 };
    int status = recorded_read(file, &memory, &text);

    if (status == 0)
        status = check(file, text);
    if (status == 0)
        status = show_lines(&at, text);
    free(at.commands);
    free(memory);
    return status;
}

static const option options[] = {
    { 0, "full", WORD_FLAG, NULL, NULL, "all of each message" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = {
    { "FILE", WORD_FILE, false, false, "what 'cdp record' wrote" },
    { "METHOD", WORD_NAME, true, true,
      "show these only: Domain.event, Domain.command, or 'Domain.' for all of a domain" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "cdp replay bug.ndjson Network.", "what was told of the network" },
    { "cdp replay --json bug.ndjson Runtime.exceptionThrown | jq .received", "for programs" },
    { NULL, NULL },
};
const job replay_job = {
    .name = "replay",
    .summary = "show a recording",
    .about =
        "Shows what 'cdp record' wrote: the time in seconds, '>' before a command, '=' before its "
        "reply, '<' before an event. --json prints the lines as they are."
        "\n\nA recording can also be used like the target that it is of: as TARGET replay:FILE. "
        "Commands are answered as they were; those that are not in it with an error.",
    .takes = TAKES_NONE,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_replay,
};
