/*
 * bench_remote.c - sessions with other programs, against chrome-remote-interface and
 * puppeteer-core, and against the floor: a bare socket.
 *
 * All clients are programs of their own (remote_client.h, .js) that are connected to the same
 * target and call it in turns.  Round trips are made with client and target on one processor, so
 * that none has to be woken; pipelined calls wherever the kernel puts them.  CPU time is that of
 * the client's process.  Shown are medians over rounds; ratios are formed within a round.
 *
 *     bench_remote [FOLDER [TARGET]]
 *
 * TARGET: node, node18, chromium or pipe; without one, all of them.  NODE names Node (node), for
 * targets and clients; NODE18 another, which is a target too; CHROMIUM a Chromium (chromium);
 * NODE_PATH has the packages.
 */
#define _GNU_SOURCE /* nftw */
#include "bench.h"
#include "floor.h"
#include "remote_client.h"
#include "target.h"
#include "worker.h"

#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { FLOOR, OURS, CRI, PUPPETEER, SIDES };
enum { ROUNDS = 7, ROUND_NS = 150000000 };

static const char *const names[] = { "floor", "cdpkit", "chrome-remote-interface",
                                     "puppeteer-core" };
static const char *folder = "bench", *program;
static worker workers[SIDES];

static const char *named(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);

    return value && *value ? value : otherwise;
}

static void start_worker(int side)
{
    char script[512];
    const char *const c[] = { program, "--serve", names[side], NULL };
    const char *const js[] = { named("NODE", "node"), script, names[side], NULL };

    snprintf(script, sizeof script, "%s/remote_client.js", folder);
    worker_start(&workers[side], side == FLOOR || side == OURS ? c : js);
}

static void start_workers(const char *url, const char *id)
{
    char argument[512];

    snprintf(argument, sizeof argument, "%s%s%s", url, id ? " " : "", id ? id : "");
    for (int i = 0; i < SIDES; i++) {
        start_worker(i);
        worker_do(&workers[i], "connect", argument);
    }
}

static void stop_workers(void)
{
    for (int i = 0; i < SIDES; i++)
        worker_stop(&workers[i]);
}

/* ---- what a process takes ------------------------------------------------- */

/* A line of its status, in KB. */
static double status_kb(pid_t pid, const char *name)
{
    char path[64], line[256];
    double kb = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *in = fopen(path, "r");
    while (in && fgets(line, sizeof line, in))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = atof(line + strlen(name) + 1);
    if (in)
        fclose(in);
    return kb;
}

/* The peak starts anew. */
static void forget_peak(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "5", 1) != 1)
        perror(path);
    if (fd >= 0)
        close(fd);
}

typedef struct figures {
    double ns, cpu; /* for a unit: as the worker says; CPU time of its process */
    double units, peak_mb;
} figures;

static figures order(worker *w, const char *what, const char *argument)
{
    struct timespec ms = { .tv_nsec = 2000000 };

    nanosleep(&ms, NULL); /* what it took is accounted for */
    double cpu = target_cpu(w->pid), rss = status_kb(w->pid, "VmRSS");
    forget_peak(w->pid);
    tally t = worker_do(w, what, argument);
    nanosleep(&ms, NULL);
    return (figures){ t.ns, (target_cpu(w->pid) - cpu) / t.units, t.units,
                      (status_kb(w->pid, "VmHWM") - rss) / 1e3 };
}

static figures order_n(worker *w, const char *what, int n)
{
    char argument[16];

    snprintf(argument, sizeof argument, "%d", n);
    return order(w, what, argument);
}

/* ---- calls ------------------------------------------------------------------ */

typedef double measure(const figures *f);

static double time_of(const figures *f)
{
    return f->ns;
}

static double cpu_of(const figures *f)
{
    return f->cpu;
}

static double median(const figures f[ROUNDS], int n, measure *of)
{
    double x[ROUNDS];

    for (int r = 0; r < n; r++)
        x[r] = of(&f[r]);
    return bench_median(x, (size_t)n);
}

static void ratio(figures f[SIDES][ROUNDS], int n, int side, measure *of, const char *what,
                  double goal)
{
    double x[ROUNDS];
    char text[80];

    if (!workers[side].pid)
        return;
    for (int r = 0; r < n; r++)
        x[r] = of(&f[side][r]) / of(&f[OURS][r]);
    snprintf(text, sizeof text, "    %s / cdpkit: %s", names[side], what);
    bench_ratio(text, bench_median(x, (size_t)n), goal, "x");
}

/* n: how many each makes in a round, about. */
static void rounds(figures f[SIDES][ROUNDS], const char *what, bool together)
{
    int n[SIDES];

    for (int i = 0; i < SIDES; i++) {
        if (!workers[i].pid)
            continue;
        order_n(&workers[i], what, 3000); /* warms up */
        target_place_all(together);
        double start = floor_now();
        order_n(&workers[i], what, 500);
        n[i] = 1 + (int)(ROUND_NS / ((floor_now() - start) / 500));
    }
    for (int r = 0; r < ROUNDS; r++)
        for (int k = 0; k < SIDES; k++) { /* everyone follows everyone */
            int i = (r + k) % SIDES;
            if (workers[i].pid)
                f[i][r] = order_n(&workers[i], what, n[i]);
        }
}

static void measure_trips(const char *what)
{
    figures f[SIDES][ROUNDS];

    puts("  round trips, on one processor");
    rounds(f, what, true);
    for (int i = 0; i < SIDES; i++)
        if (workers[i].pid)
            printf("    %-24s p50 %7.1f us, CPU %6.1f us\n", names[i],
                   median(f[i], ROUNDS, time_of) / 1e3, median(f[i], ROUNDS, cpu_of) / 1e3);
    ratio(f, ROUNDS, FLOOR, time_of, "p50", 1 / 1.1);
    ratio(f, ROUNDS, CRI, time_of, "p50", 0);
    ratio(f, ROUNDS, PUPPETEER, time_of, "p50", 0);
    fflush(stdout);
}

static void measure_pipelined(const char *what)
{
    figures f[SIDES][ROUNDS];

    puts("  64 in flight");
    rounds(f, what, false);
    for (int i = 0; i < SIDES; i++)
        if (workers[i].pid)
            printf("    %-24s %6.1f thousand a second, CPU %6.2f us\n", names[i],
                   1e6 / (median(f[i], ROUNDS, time_of) / f[i][0].units),
                   median(f[i], ROUNDS, cpu_of) / 1e3);
    ratio(f, ROUNDS, CRI, cpu_of, "CPU", 5);
    ratio(f, ROUNDS, PUPPETEER, cpu_of, "CPU", 12);
    fflush(stdout);
}

static void measure_calls(const char *title, const char *what)
{
    char many[16];

    printf("%s\n", title);
    snprintf(many, sizeof many, "%ss", what);
    measure_trips(what);
    measure_pipelined(many);
}

/* ---- bulk ------------------------------------------------------------------- */

static void measure_bulk(const char *title, const char *url, const char *what, const char *argument,
                         double goal, double most_mb)
{
    enum { FEW = 3 };
    figures f[SIDES][ROUNDS];
    char text[64];

    printf("%s\n", title);
    start_workers(url, NULL);
    for (int r = 0; r < FEW; r++)
        for (int i = OURS; i < SIDES; i++) {
            unlink(argument); /* if it is a file: that it is made in each's own time */
            f[i][r] = order(&workers[i], what, argument);
        }
    for (int i = OURS; i < SIDES; i++) {
        double mb = f[i][0].units / 1e6, ms = median(f[i], FEW, cpu_of) * mb;
        printf("    %-24s %.1f MB, CPU %.1f ms, memory %.1f MB more\n", names[i], mb, ms,
               f[i][0].peak_mb);
    }
    ratio(f, FEW, CRI, cpu_of, "CPU", goal);
    ratio(f, FEW, PUPPETEER, cpu_of, "CPU", 0);
    if (most_mb > 0) {
        snprintf(text, sizeof text, "    %.0f MB / memory of cdpkit", most_mb);
        bench_ratio(text, most_mb / f[OURS][0].peak_mb, 1, "x");
    }
    fflush(stdout);
    stop_workers();
}

/* ---- many sessions ------------------------------------------------------------ */

static void measure_crowd(const char *url)
{
    enum { FEW = 3 };
    figures f[SIDES][ROUNDS], one[SIDES];
    char text[80];

    puts("1,000 sessions in a process");
    for (int i = OURS; i < SIDES; i++) {
        start_worker(i);
        one[i] = order(&workers[i], "sessions", url);
        order_n(&workers[i], "each", 5); /* warms up */
        for (int r = 0; r < FEW; r++)
            f[i][r] = order_n(&workers[i], "each", 5);
        double kb = one[i].peak_mb * 1e3 / one[i].units;
        printf("    %-24s to connect CPU %.0f us, memory %.1f KB; a call CPU %.2f us\n", names[i],
               one[i].cpu / 1e3, kb, median(f[i], FEW, cpu_of) / 1e3);
    }
    for (int i = CRI; i < SIDES; i++) {
        snprintf(text, sizeof text, "    %s / cdpkit: memory", names[i]);
        bench_ratio(text, one[i].peak_mb / one[OURS].peak_mb, 0, "x");
        ratio(f, FEW, i, cpu_of, "CPU of a call", 0);
    }
    fflush(stdout);
    stop_workers();
}

/* ---- targets ------------------------------------------------------------------ */

static void evaluate(const char *url, const char *file, const char *text)
{
    cdp_session *s = NULL;
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    char script[1 << 14] = "";
    cdp_runtime_evaluate_params p = { .expression = cdp_s(text) };

    if (file) {
        FILE *in = fopen(file, "r");
        size_t n = in ? fread(script, 1, sizeof script - 1, in) : 0;
        p.expression = cdp_sn(script, n);
        if (in)
            fclose(in);
    }
    if (cdp_connect(&s, url, NULL) < 0 || cdp_runtime_evaluate(s, &p, &res) < 0) {
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
        exit(1);
    }
    cdp_close(s);
}

static void measure_node(const char *node)
{
    char path[512], state[512], temporary[] = "/tmp/cdp-bench-XXXXXX";
    const char *const command[] = { node, "--inspect=127.0.0.1:0", path, NULL };
    target t;

    snprintf(path, sizeof path, "%s/idle.js", folder);
    snprintf(state, sizeof state, "%s/state.js", folder);
    if (target_start(&t, command) < 0) {
        printf("without %s: it does not start\n", node);
        return;
    }
    printf("%s\n\n", node);
    start_workers(t.url, NULL);
    measure_calls("Runtime.evaluate 1 + 1", "evaluate");
    stop_workers();
    measure_bulk("a reply of 100 MB", t.url, "text", "100000000", 0, 0);
    measure_crowd(t.url);
    evaluate(t.url, state, NULL);
    evaluate(t.url, NULL, "state.fill(350000)");
    if (mkdtemp(temporary)) {
        snprintf(path, sizeof path, "%s/heapsnapshot", temporary);
        measure_bulk("a heap snapshot to a file", t.url, "snapshot", path, 4, 8);
        unlink(path);
        rmdir(temporary);
    }
    target_stop(&t);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

/* Its processes go a little later than the first of them. */
static void remove_profile(const char *path)
{
    struct timespec ms = { .tv_nsec = 20000000 };

    for (int i = 0; i < 100 && access(path, F_OK) == 0; i++) {
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        nanosleep(&ms, NULL);
    }
}

static const char *const flags[] = { "--headless=new",
                                     "--no-sandbox",
                                     "--disable-gpu",
                                     "--disable-quic",
                                     "--no-first-run",
                                     "--disable-background-networking",
                                     "--disable-component-update",
                                     "--disable-sync" };
enum { FLAGS = sizeof flags / sizeof *flags };

static void measure_sockets(const char *chromium)
{
    char profile[] = "/tmp/cdp-bench-XXXXXX", argument[64];
    const char *command[FLAGS + 4] = { chromium, "--remote-debugging-port=0", argument };
    CDP_AUTO cdp_target_entry *page = NULL;
    target t = { 0 };

    if (!mkdtemp(profile))
        return;
    memcpy(command + 3, flags, sizeof flags);
    snprintf(argument, sizeof argument, "--user-data-dir=%s", profile);
    if (target_start(&t, command) < 0 || cdp_target_new(&page, t.url, NULL, NULL, NULL) < 0) {
        printf("without %s: it does not start\n", chromium);
    } else {
        printf("%s\n\n", chromium);
        start_workers(page->web_socket_debugger_url.ptr, NULL);
        measure_calls("Runtime.evaluate 1 + 1, a page's WebSocket", "evaluate");
        stop_workers();
        start_workers(t.url, page->id.ptr);
        measure_calls("Runtime.evaluate 1 + 1, a flat session, WebSocket", "evaluate");
        measure_calls("Browser.getVersion, WebSocket", "version");
        stop_workers();
    }
    target_stop(&t);
    remove_profile(profile);
}

/* Each has a browser of its own.  chrome-remote-interface knows no pipes. */
static void measure_pipes(const char *chromium)
{
    char profiles[SIDES][32], line[512];
    int n = snprintf(line, sizeof line, "%s", chromium);

    for (int k = 0; k < FLAGS; k++)
        n += snprintf(line + n, sizeof line - (size_t)n, " %s", flags[k]);
    for (int i = 0; i < SIDES; i++) {
        snprintf(profiles[i], sizeof profiles[i], "/tmp/cdp-bench-XXXXXX");
        if (i == CRI || !mkdtemp(profiles[i]))
            continue;
        snprintf(line + n, sizeof line - (size_t)n, " %s", profiles[i]);
        start_worker(i);
        worker_do(&workers[i], "launch", line);
    }
    measure_calls("Runtime.evaluate 1 + 1, a flat session, pipe", "evaluate");
    measure_calls("Browser.getVersion, pipe", "version");
    stop_workers();
    for (int i = 0; i < SIDES; i++)
        remove_profile(profiles[i]);
}

int main(int argc, char **argv)
{
    const char *chromium = named("CHROMIUM", "chromium"), *only = argc > 2 ? argv[2] : NULL;
    struct rlimit files;

    if (argc > 2 && strcmp(argv[1], "--serve") == 0)
        return remote_client_serve(argv[2]);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files); /* of targets and workers, too */
    program = argv[0];
    if (argc > 1)
        folder = argv[1];
    if (!only || strcmp(only, "node") == 0)
        measure_node(named("NODE", "node"));
    if (getenv("NODE18") && (!only || strcmp(only, "node18") == 0))
        measure_node(getenv("NODE18"));
    if (!only || strcmp(only, "chromium") == 0)
        measure_sockets(chromium);
    if (!only || strcmp(only, "pipe") == 0)
        measure_pipes(chromium);
    printf("\n%d of the goals missed\n", bench_missed());
    return 0;
}
