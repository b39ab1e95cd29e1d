/*
 * bench_server.c - our inspector's server against Node's, over WebSockets.
 *
 * The contestants are programs that run the same script: `cdp run --inspect`, `node --inspect` of a
 * Node with the same V8, and of the Node on PATH.  One client, the least there can be (floor.h),
 * makes the same calls to each in turns.  Round trips are made twice: with client and contestant
 * on one processor, so that none has to be woken, and wherever the kernel puts them.  CPU time is
 * that of the contestant's process.  Shown are medians over rounds; ratios are formed within a
 * round.
 *
 *     bench_server [FOLDER]
 *
 * CDP names our program (build/cdp), NODE18 the Node with the same V8, NODE the other (node).
 */
#include "bench.h"
#include "floor.h"
#include "target.h"

#include "text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OURS, NODE18, NODE, SIDES };
enum { ROUNDS = 5 /* at most */, ROUND_NS = 150000000, WINDOW = 64 };

typedef struct side {
    const char *name;
    target t;
    floor_client c;
    char object[128];    /* id of state.wide */
    double cpu_at_first; /* CPU time, when the first chunk of a snapshot came */
} side;

static side sides[SIDES] = { { .name = "cdp" }, { .name = "Node 18" }, { .name = "Node on PATH" } };

/* ---- cases ------------------------------------------------------------- */

typedef struct test {
    const char *what, *method, *params; /* %s: the object's id */
} test;

static const test tests[] = {
    { "Profiler.enable, which does nothing", "Profiler.enable", "{}" },
    { "Runtime.evaluate 2 + 2", "Runtime.evaluate", "{\"expression\":\"2 + 2\"}" },
    { "Runtime.evaluate to a string of 10 KB", "Runtime.evaluate",
      "{\"expression\":\"state.text\"}" },
    { "Runtime.getProperties of an object with 100", "Runtime.getProperties",
      "{\"objectId\":\"%s\",\"ownProperties\":true}" },
};

static const test snapshots = { "a heap snapshot", "HeapProfiler.takeHeapSnapshot", "{}" };

typedef struct figures {
    double ns, cpu; /* for a unit: wall clock, and the target's CPU time */
} figures;

/* Its processor is idle, and what it took is accounted for. */
static double settled_cpu(const side *s)
{
    struct timespec ms = { .tv_nsec = 2000000 };

    nanosleep(&ms, NULL);
    return target_cpu(s->t.pid);
}

static figures round_trips(side *s, const char *method, const char *params, int n)
{
    double cpu = settled_cpu(s), start = floor_now();

    for (int i = 0; i < n; i++) {
        floor_send(&s->c, 1, method, params);
        floor_read(&s->c, 1);
    }
    double ns = floor_now() - start;
    return (figures){ ns / n, (settled_cpu(s) - cpu) / n };
}

static figures pipelined(side *s, const char *method, const char *params, int n)
{
    double cpu = settled_cpu(s), start = floor_now();
    int sent = n < WINDOW ? n : WINDOW;

    floor_send(&s->c, sent, method, params);
    for (int got = 0; got < n;) {
        int k = floor_read(&s->c, 0);
        got += k;
        if (k > n - sent)
            k = n - sent;
        if (k)
            floor_send(&s->c, k, method, params);
        sent += k;
    }
    double ns = floor_now() - start;
    return (figures){ ns / n, (settled_cpu(s) - cpu) / n };
}

static void on_first_chunk(void *data)
{
    side *s = data;

    s->cpu_at_first = target_cpu(s->t.pid);
}

/* Per byte, from the first chunk on: before it V8 is busy by itself. */
static figures snapshot(side *s, const char *method, const char *params, int n)
{
    (void)n;
    s->c.first_event = 0;
    s->c.payload = 0;
    floor_send(&s->c, 1, method, params);
    floor_read(&s->c, 1);
    double ns = floor_now() - s->c.first_event, bytes = (double)s->c.payload;
    return (figures){ ns / bytes, (settled_cpu(s) - s->cpu_at_first) / bytes };
}

/* ---- measuring --------------------------------------------------------- */

typedef struct way {
    const char *what;
    figures (*go)(side *s, const char *method, const char *params, int n);
    bool together; /* on one processor */
    int rounds;
    const char *unit; /* NULL: times of calls are shown; or rates, */
    double per;       /* of so many a second */
} way;

static const way ways[] = {
    { "round trips, on one processor", round_trips, true, 5, NULL, 0 },
    { "round trips", round_trips, false, 5, NULL, 0 },
    { "pipelined", pipelined, false, 5, "thousand a second", 1e3 },
};
static const way streamed = { "snapshot", snapshot, false, 5, "MB/s", 1e6 };

static double median(const figures *f, int n, bool cpu)
{
    double x[ROUNDS];

    for (int r = 0; r < n; r++)
        x[r] = cpu ? f[r].cpu : f[r].ns;
    return bench_median(x, (size_t)n);
}

static double median_ratio(const figures *a, const figures *b, int n, bool cpu)
{
    double x[ROUNDS];

    for (int r = 0; r < n; r++)
        x[r] = cpu ? a[r].cpu / b[r].cpu : a[r].ns / b[r].ns;
    return bench_median(x, (size_t)n);
}

static void show(figures f[SIDES][ROUNDS], const way *w)
{
    char what[80];

    printf("  %s\n", w->what);
    for (int i = 0; i < SIDES; i++) {
        if (!sides[i].t.pid)
            continue;
        double ns = median(f[i], w->rounds, false), cpu = median(f[i], w->rounds, true);
        if (w->unit)
            printf("    %-13s %8.1f %s, CPU %.4g us\n", sides[i].name, 1e9 / ns / w->per, w->unit,
                   cpu / 1e3);
        else
            printf("    %-13s %8.1f us, CPU %.4g us\n", sides[i].name, ns / 1e3, cpu / 1e3);
    }
    for (int i = OURS + 1; i < SIDES; i++) {
        if (!sides[i].t.pid || !sides[OURS].t.pid)
            continue;
        snprintf(what, sizeof what, "    %s / cdp: time", sides[i].name);
        bench_ratio(what, median_ratio(f[i], f[OURS], w->rounds, false), 1, "x");
        snprintf(what, sizeof what, "    %s / cdp: CPU", sides[i].name);
        bench_ratio(what, median_ratio(f[i], f[OURS], w->rounds, true), 1, "x");
    }
    fflush(stdout);
}

static void measure(const test *t, const way *w)
{
    figures f[SIDES][ROUNDS];
    char params[SIDES][512];
    int n[SIDES];

    for (int i = 0; i < SIDES; i++) {
        if (!sides[i].t.pid)
            continue;
        target_place_all(w->together);
        snprintf(params[i], sizeof params[i], t->params, sides[i].object);
        w->go(&sides[i], t->method, params[i], 1000); /* warms up */
        /* by CPU time: Node's last replies wait for the client's delayed acknowledgement */
        n[i] = 1 + (int)(ROUND_NS / w->go(&sides[i], t->method, params[i], 200).cpu);
    }
    for (int r = 0; r < w->rounds; r++)
        for (int k = 0; k < SIDES; k++) { /* everyone follows everyone */
            int i = (r + k) % SIDES;
            if (sides[i].t.pid)
                f[i][r] = w->go(&sides[i], t->method, params[i], n[i]);
        }
    show(f, w);
}

/* ---- all of it --------------------------------------------------------- */

static void evaluate(side *s, const char *text)
{
    size_t len = strlen(text);
    char *params = malloc(len * 6 + 64), *end;

    if (!params)
        abort();
    strcpy(params, "{\"expression\":\"");
    end = cdp__json_escape(params + strlen(params), text, len);
    strcpy(end, "\"}");
    floor_send(&s->c, 1, "Runtime.evaluate", params);
    floor_read(&s->c, 1);
    free(params);
}

static char *read_text(const char *folder, const char *name)
{
    char path[512], *text = calloc(1, 1 << 16);

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    if (!text || !in || fread(text, 1, (1 << 16) - 1, in) == 0) {
        perror(path);
        exit(1);
    }
    fclose(in);
    return text;
}

/* Has the program run idle.js, and gives it state.js through its inspector. */
static void start(side *s, const char *program, const char *word, const char *folder)
{
    char path[512];
    const char *const command[] = { program, "--inspect=127.0.0.1:0", path, NULL };
    const char *const with_word[] = { program, word, command[1], path, NULL };

    snprintf(path, sizeof path, "%s/idle.js", folder);
    if (!program || target_start(&s->t, word ? with_word : command) < 0) {
        printf("without %s: %s does not start\n", s->name, program ? program : "it");
        return;
    }
    floor_connect(&s->c, s->t.url);
    char *text = read_text(folder, "state.js");
    evaluate(s, text);
    free(text);
    evaluate(s, "state.wide");
    const char *id = strstr(s->c.reply, "\"objectId\":\"");
    if (id)
        sscanf(id, "\"objectId\":\"%100[^\"]", s->object);
}

static const char *named(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);

    return value && *value ? value : otherwise;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "bench";

    start(&sides[OURS], named("CDP", "build/cdp"), "run", folder);
    start(&sides[NODE18], named("NODE18", NULL), NULL, folder);
    start(&sides[NODE], named("NODE", "node"), NULL, folder);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        puts(tests[i].what);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
            measure(&tests[i], &ways[k]);
    }
    puts("HeapProfiler.takeHeapSnapshot, per byte, from the first chunk on");
    for (int i = 0; i < SIDES; i++) {
        sides[i].c.on_first = on_first_chunk;
        sides[i].c.data = &sides[i];
        if (sides[i].t.pid)
            evaluate(&sides[i], "state.fill(100000)");
    }
    measure(&snapshots, &streamed);
    for (int i = 0; i < SIDES; i++) {
        if (sides[i].t.pid)
            floor_close(&sides[i].c);
        target_stop(&sides[i].t);
    }
    printf("\n%d of the goals missed\n", bench_missed());
    return 0;
}
