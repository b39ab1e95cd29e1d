/* debuggee.c - see debuggee.h. */
#include "debuggee.h"

#include "wire.h"

#include <cdp/host.h>
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 60000 }; /* of every wait */

void sleep_ms(int ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

    nanosleep(&t, NULL);
}

double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the process ------------------------------------------------------- */

static void no_write(cdp_host *h, int fd, const char *text, size_t len, void *data)
{
    (void)h;
    (void)fd;
    (void)text;
    (void)len;
    (void)data;
}

static void no_log(const char *line, void *data)
{
    (void)line;
    (void)data;
}

/* Returns its exit code. */
static int live(const cdp_inspector_options *opt, const char *script, int fd)
{
    static const char loop[] = "var keep = setInterval(() => {}, 1 << 30);";
    cdp_host_options host_opt = { .write = no_write };
    cdp_inspector_options o = opt ? *opt : (cdp_inspector_options){ .port = 0 };
    cdp_host *h = NULL;
    cdp_inspector *insp = NULL;

    o.log = no_log;
    if (cdp_host_new(&h, &host_opt) < 0 || cdp_inspector_new(&insp, cdp_host_v8(h), &o) < 0 ||
        cdp_host_run_text(h, "loop.js", cdp_s(loop), NULL) < 0 ||
        (script && cdp_host_run_text(h, "debuggee.js", cdp_s(script), NULL) < 0))
        return 2;
    if (cdp_inspector_open(insp, NULL) < 0) {
        fprintf(stderr, "# %s\n", cdp_inspector_error(insp)->message.ptr);
        return 3;
    }
    dprintf(fd, "%s\n", cdp_inspector_url(insp));
    close(fd);
    int rc = cdp_host_run(h);
    cdp_inspector_wait_for_disconnect(insp);
    cdp_inspector_free(insp);
    cdp_host_free(h);
    cdp_host_shutdown();
    return rc < 0;
}

void debuggee_start(debuggee *d, const cdp_inspector_options *opt, const char *script)
{
    char url[256];
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    fflush(stdout);
    fflush(stderr);
    d->pid = fork();
    assert_true(d->pid >= 0);
    if (d->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with the test, however that ends */
        close(fds[0]);
        exit(live(opt, script, fds[1]));
    }
    close(fds[1]);
    FILE *in = fdopen(fds[0], "r");
    assert_non_null(in);
    if (!fgets(url, sizeof url, in) || sscanf(url, "ws://127.0.0.1:%d%63s", &d->port, d->path) != 2)
        fail_msg("the debuggee does not start");
    fclose(in);
}

void debuggee_stop(debuggee *d)
{
    wire w;
    int status = 0;
    const double start = now_ms();

    wire_attach(&w, d);
    wire_call(&w, "Runtime.evaluate", "{\"expression\":\"clearInterval(keep)\"}");
    wire_close(&w);
    while (waitpid(d->pid, &status, WNOHANG) == 0) {
        if (now_ms() - start > LIMIT_MS)
            fail_msg("the debuggee does not end");
        sleep_ms(5);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the debuggee ended with status %#x", (unsigned)status);
}

/* ---- what it holds ----------------------------------------------------- */

int debuggee_files(const debuggee *d)
{
    char path[64];
    int n = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)d->pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2; /* . and .. */
}

long debuggee_memory(const debuggee *d)
{
    char line[256];
    long kib = 0;

    snprintf(line, sizeof line, "/proc/%d/status", (int)d->pid);
    FILE *in = fopen(line, "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    fclose(in);
    return kib;
}

void debuggee_await_files(const debuggee *d, int n)
{
    const double start = now_ms();

    while (debuggee_files(d) > n) {
        if (now_ms() - start > LIMIT_MS)
            fail_msg("%d files are open, and were %d", debuggee_files(d), n);
        sleep_ms(5);
    }
}
