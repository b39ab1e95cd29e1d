/*
 * bench_convert.c - JSON from V8 by our conversion, against V8's own.
 *
 * A front-end wants JSON; V8 makes CBOR, and JSON of that for sessions that speak it.  Three
 * sessions are given the same command in turns: one speaks JSON (V8 reads and writes it), one
 * speaks CBOR and has it converted both ways here, and one speaks CBOR that nobody reads.  What the
 * first two take beyond the third is what their conversion takes.  (V8 hands out its JSON as
 * UTF-16, which a server would have to narrow again; that is not counted.)  Shown are medians over
 * rounds, of each of which the best batch counts.
 *
 *     bench_convert [FOLDER]
 */
#include "bench.h"
#include "json_session.h"

#include "codec.h"
#include "v8/v8_internal.h"

#include <cdp/host.h>
#include <cdp/value.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BY_V8, BY_US, BARE, SIDES, ROUNDS = 9, BATCHES = 5 };

static cdp_host *host;

typedef struct side {
    cdp__shim_session *session;
    cdp__buf json;
    size_t cbor; /* bytes */
} side;

static side sides[SIDES];
static cdp__buf command; /* in CBOR */

static void die(const char *what)
{
    fprintf(stderr, "bench_convert: %s\n", what);
    exit(1);
}

static void convert(cdp__buf *out, cdp_wire to, const void *bytes, size_t len, cdp_wire from)
{
    cdp__fault fault;
    cdp__writer w = { out, to, false, 0, CDP__DEPTH_MAX, &fault };

    cdp__fault_clear(&fault);
    cdp__buf_reset(out, SIZE_MAX);
    if (cdp__write_value(&w, (cdp_value){ bytes, len, from }) < 0)
        die(fault.why);
}

static void on_event(void *self, const uint8_t *bytes, size_t len)
{
    side *s = self;

    s->cbor += len;
    if (s == &sides[BY_US])
        convert(&s->json, CDP_JSON, bytes, len, CDP_CBOR);
}

static void on_response(void *self, int id, const uint8_t *bytes, size_t len)
{
    (void)id;
    if (len)
        on_event(self, bytes, len);
}

static void dispatch(side *s, const void *bytes, size_t len)
{
    if (s == &sides[BY_V8])
        json_dispatch(bytes, len);
    else
        cdp__shim_dispatch(s->session, bytes, len);
}

static void do_command(side *s, const char *json)
{
    size_t len = strlen(json);

    if (s == &sides[BY_US])
        convert(&command, CDP_CBOR, json, len, CDP_JSON);
    if (s == &sides[BY_V8])
        dispatch(s, json, len);
    else
        dispatch(s, command.ptr, command.len);
}

/* ---- cases ------------------------------------------------------------- */

typedef struct test {
    const char *what;
    const char *first; /* a command for each session, before; may be NULL */
    const char *setup; /* JavaScript, after that; may be NULL */
    const char *json;  /* the command; %s: the object id in the reply to the first */
    const char *undo;  /* a command, after each; not measured */
} test;

#define COMMAND(method) "{\"id\":1,\"method\":\"" method "\"}"
#define COMMAND_WITH(method, params) "{\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define EVALUATE(text) COMMAND_WITH("Runtime.evaluate", "\"expression\":\"" text "\"")

static const test tests[] = {
    { .what = "Profiler.enable, which does nothing", .json = COMMAND("Profiler.enable") },
    { .what = "Runtime.evaluate 2 + 2", .json = EVALUATE("2 + 2") },
    { .what = "a string of 10 KB", .json = EVALUATE("state.text") },
    { .what = "a string of 100 KB, as in heap snapshots",
      .setup = "state.numbers = '0,1,2,57,\\n\"a name\",'.repeat(5000)",
      .json = EVALUATE("state.numbers") },
    { .what = "a string of 20 KB of UTF-16",
      .setup = "state.wide_text = '\\u65e5\\u672c\\u8a9e text '.repeat(1250)",
      .json = EVALUATE("state.wide_text") },
    { .what = "Runtime.getProperties of an object with 100",
      .first = EVALUATE("state.wide"),
      .json = COMMAND_WITH("Runtime.getProperties", "\"objectId\":\"%s\",\"ownProperties\":true") },
    { .what = "Debugger.enable, events for 1,000 scripts",
      .setup = "state.makeScripts(1000)",
      .json = COMMAND("Debugger.enable"),
      .undo = COMMAND("Debugger.disable") },
    { .what = "HeapProfiler.getSamplingProfile, of some MB",
      .first = COMMAND_WITH("HeapProfiler.startSampling", "\"samplingInterval\":2048"),
      .setup = "state.allocate(800)",
      .json = COMMAND("HeapProfiler.getSamplingProfile") },
};

/* ---- measuring --------------------------------------------------------- */

/* CPU time of a dispatch, in ns. */
static double batch(side *s, const test *t, const char *json, int n)
{
    double ns = 0;

    for (int i = -1; i < n; i++) { /* one to warm up */
        double start = bench_now();
        do_command(s, json);
        if (i >= 0)
            ns += bench_now() - start;
        if (t->undo)
            dispatch(s, t->undo, strlen(t->undo));
    }
    return ns / n;
}

/* Fills in what the reply to the first command says, and returns the command. */
static const char *set_up(const test *t)
{
    static char json[1024];
    char id[128] = "";

    for (int i = 0; i < SIDES && t->first; i++)
        do_command(&sides[i], t->first);
    if (t->setup && cdp_host_run_text(host, "setup", cdp_s(t->setup), NULL) < 0)
        die(cdp_host_error(host)->message.ptr);
    cdp__buf *reply = &sides[BY_US].json;
    if (t->first) {
        cdp__buf_byte(reply, 0);
        const char *found = strstr(reply->ptr, "\"objectId\":\"");
        if (found) /* the first object of any of the sessions has this one */
            sscanf(found, "\"objectId\":\"%127[^\"]", id);
    }
    snprintf(json, sizeof json, t->json, id);
    for (int i = 0; i < SIDES; i++) {
        sides[i].cbor = 0;
        do_command(&sides[i], json);
        if (t->undo)
            dispatch(&sides[i], t->undo, strlen(t->undo));
    }
    return json;
}

static void measure(const test *t)
{
    enum { BATCH_NS = 10000000 };

    double ours[ROUNDS], theirs[ROUNDS], bare[ROUNDS], ratio[ROUNDS];
    const char *json = set_up(t);
    size_t cbor = sides[BARE].cbor;
    int n = (int)fmax(1, BATCH_NS / batch(&sides[BY_V8], t, json, 1));

    for (int r = 0; r < ROUNDS; r++) {
        double best[SIDES] = { INFINITY, INFINITY, INFINITY };
        for (int i = 0; i < BATCHES; i++)
            for (int k = 0; k < SIDES; k++) { /* everyone follows everyone */
                int who = (i + k) % SIDES;
                best[who] = fmin(best[who], batch(&sides[who], t, json, n));
            }
        ours[r] = best[BY_US] - best[BARE];
        theirs[r] = best[BY_V8] - best[BARE];
        bare[r] = best[BARE];
        ratio[r] = theirs[r] / ours[r];
    }
    printf("%s; %zu bytes of CBOR\n", t->what, cbor);
    printf("    us: command %.4g, and conversion: ours %.4g, V8's %.4g\n",
           bench_median(bare, ROUNDS) / 1e3, bench_median(ours, ROUNDS) / 1e3,
           bench_median(theirs, ROUNDS) / 1e3);
    bench_ratio("    V8's / ours", bench_median(ratio, ROUNDS), 1.5, "x");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const cdp__shim_channel channel = { .response = on_response, .event = on_event };
    cdp__pool *pool = cdp__pool_new(NULL);
    char path[512];

    if (!pool || cdp_host_new(&host, NULL) < 0)
        die("no V8");
    snprintf(path, sizeof path, "%s/state.js", argc > 1 ? argv[1] : "bench");
    if (cdp_host_run_file(host, path, NULL) < 0)
        die(cdp_host_error(host)->message.ptr);
    command.allocator = cdp__pool_allocator(pool);
    for (int i = 0; i < SIDES; i++) {
        sides[i].json.allocator = cdp__pool_allocator(pool);
        if (i != BY_V8)
            sides[i].session = cdp__shim_connect(cdp_host_v8(host)->shim, &channel, &sides[i]);
        else if (json_connect(host) < 0)
            die("no session");
    }
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        measure(&tests[i]);
    for (int i = 0; i < SIDES; i++) {
        if (i != BY_V8)
            cdp__shim_disconnect(sides[i].session);
        cdp__buf_free(&sides[i].json);
    }
    json_disconnect();
    cdp__buf_free(&command);
    cdp__pool_unref(pool);
    cdp_host_free(host);
    cdp_host_shutdown();
    printf("\n%d of the goals missed\n", bench_missed());
    return 0;
}
