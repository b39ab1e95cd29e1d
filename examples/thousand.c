/*
 * thousand.c - a thousand sessions on one loop, which is the program's own.
 *
 *     thousand [URL]
 *
 * URL: of a target that takes as many, as Node does; without one, a child of this program is it.
 * Every session makes a call as soon as there is one; then all of them do at the same time.
 */
#include <cdp/host.h>
#include <cdp/inspector.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum { SESSIONS = 1000, AT_ONCE = 50 /* that connect: a listener's queue is short */ };

typedef struct crowd {
    uv_loop_t loop;
    const char *url;
    cdp_session *sessions[SESSIONS];
    int begun, answered;
    double sum;
} crowd;

/* ---- the calls --------------------------------------------------------------- */

static void begin_next(crowd *c);

static void on_evaluated(cdp_session *s, const cdp_error *err,
                         const cdp_runtime_evaluate_result *res, void *data)
{
    crowd *c = data;

    (void)s;
    if (err) {
        fprintf(stderr, "%s\n", err->message.ptr);
        exit(1);
    }
    c->sum += cdp_value_num(res->result->value, 0);
    c->answered++;
    begin_next(c);
}

static void evaluate(crowd *c, int i)
{
    char number[16];

    snprintf(number, sizeof number, "%d", i);
    cdp_runtime_evaluate_params p = { .expression = cdp_s(number) };
    cdp_runtime_evaluate_async(c->sessions[i], &p, on_evaluated, c);
}

/* A call need not wait for the connection: it is sent then, or ends with why there is none. */
static void begin_next(crowd *c)
{
    cdp_remote_options opt = { .loop = &c->loop };

    if (c->begun == SESSIONS)
        return;
    int i = c->begun++;
    if (cdp_connect(&c->sessions[i], c->url, &opt) == 0)
        evaluate(c, i);
    else
        exit(fprintf(stderr, "%s\n", cdp_last_error(c->sessions[i])->message.ptr) > 0);
}

static void run(crowd *c)
{
    while (c->answered < SESSIONS)
        uv_run(&c->loop, UV_RUN_ONCE);
}

/* ---- what they take ------------------------------------------------------------ */

typedef struct usage {
    uint64_t wall;     /* ns */
    double cpu;        /* us */
    size_t memory_kib; /* resident */
} usage;

static usage measure(void)
{
    usage u = { .wall = uv_hrtime() };
    uv_rusage_t r;

    uv_getrusage(&r);
    uv_resident_set_memory(&u.memory_kib);
    u.memory_kib /= 1024;
    u.cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
            (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
    return u;
}

static void report(const char *what, usage from, usage to)
{
    printf("%s: %.0f ms; CPU %.0f us, memory %.1f KiB for each\n", what,
           (double)(to.wall - from.wall) / 1e6, (to.cpu - from.cpu) / SESSIONS,
           ((double)to.memory_kib - (double)from.memory_kib) / SESSIONS);
}

static void visit(crowd *c)
{
    usage start = measure();

    for (int i = 0; i < AT_ONCE; i++)
        begin_next(c);
    run(c);
    usage connected = measure();
    report("1000 sessions, a call on each", start, connected);
    c->answered = 0;
    for (int i = 0; i < SESSIONS; i++)
        evaluate(c, i);
    run(c);
    report("a call on each, all at once", connected, measure());
    printf("sum of what they were told: %.0f\n", c->sum);
}

/* ---- the target, if there is no other ------------------------------------------ */

static void be_target(int out)
{
    cdp_inspector_options opt = { .publish = CDP_PUBLISH_NOWHERE,
                                  .limits = { .connections = SESSIONS, .sessions = SESSIONS } };
    cdp_host *host = NULL;
    cdp_inspector *insp = NULL;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cdp_host_new(&host, NULL) < 0 || cdp_inspector_new(&insp, cdp_host_v8(host), &opt) < 0 ||
        cdp_inspector_open(insp, NULL) < 0)
        _exit(1);
    dprintf(out, "%s", cdp_inspector_url(insp));
    close(out);
    cdp_host_run_text(host, "target.js", cdp_s("setInterval(() => {}, 1000)"), NULL);
    cdp_host_run(host); /* until its parent ends */
    _exit(0);
}

static void start_target(char *url, size_t size)
{
    int fds[2];

    if (pipe(fds) < 0)
        return;
    if (fork() == 0)
        be_target(fds[1]);
    close(fds[1]);
    for (ssize_t n; size > 1 && (n = read(fds[0], url, size - 1)) > 0; size -= (size_t)n)
        url += n;
    *url = 0;
    close(fds[0]);
}

/* ---- all of it ------------------------------------------------------------------ */

int main(int argc, char **argv)
{
    static crowd c;
    char url[256] = "";
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (argc < 2)
        start_target(url, sizeof url);
    c.url = argc < 2 ? url : argv[1];
    uv_loop_init(&c.loop);
    visit(&c);
    for (int i = 0; i < SESSIONS; i++)
        cdp_close(c.sessions[i]);
    uv_run(&c.loop, UV_RUN_DEFAULT); /* until nothing of them is left */
    return uv_loop_close(&c.loop) != 0;
}
