/* processes.c - see processes.h. */
#include "processes.h"

#include <cdp/runtime.h>
#include <cdp/value.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 60000 };

static char folder[64];
static unsigned before; /* descriptors */
static int saved_err = -1;

void processes_nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    nanosleep(&t, NULL);
}

void processes_await(bool (*condition)(void *arg), void *arg)
{
    for (int ms = 0; !condition(arg); ms += 2) {
        if (ms > LIMIT_MS)
            fail_msg("what was waited for does not come");
        processes_nap(2);
    }
}

/* The folder's entries, but for . and .. */
static unsigned entries(const char *path)
{
    DIR *d = opendir(path);
    unsigned n = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

const char *processes_folder(void)
{
    return folder;
}

static void path_of(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", folder, name);
}

void processes_write(const char *name, const char *text, unsigned mode, char path[256])
{
    path_of(name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* A whole file, with a NUL; one free().  NULL: it can't be read. */
static char *read_file(const char *path, size_t *len)
{
    enum { MOST = 1 << 16 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(MOST);

    *len = 0;
    for (ssize_t n; text && *len < MOST - 1 && (n = read(fd, text + *len, MOST - 1 - *len)) > 0;)
        *len += (size_t)n;
    if (fd >= 0)
        close(fd);
    if (text)
        text[*len] = 0;
    return text;
}

/* ---- what is left ------------------------------------------------------------------- */

static bool has_mark(const char *pid, const char *mark)
{
    char path[300];
    size_t len, n = strlen(mark);

    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    char *text = read_file(path, &len);
    bool found = false;
    for (size_t at = 0; text && at + n <= len && !found; at++)
        found = memcmp(text + at, mark, n) == 0;
    free(text);
    return found;
}

static bool all_gone(void *arg)
{
    char mark[80];
    DIR *d = opendir("/proc");
    bool found = false;

    (void)arg;
    assert_non_null(d);
    snprintf(mark, sizeof mark, "TMPDIR=%s", folder);
    for (const struct dirent *e; !found && (e = readdir(d));)
        found = e->d_name[0] >= '0' && e->d_name[0] <= '9' && has_mark(e->d_name, mark);
    closedir(d);
    return !found;
}

/* libuv makes some descriptors once, for all loops. */
static void warm_up(void)
{
    cdp_session *s;

    assert_int_equal(cdp_connect(&s, "ws://127.0.0.1:1/", NULL), CDP_EIO);
    cdp_close(s);
}

int processes_begin(void **state)
{
    (void)state;
    warm_up();
    snprintf(folder, sizeof folder, "/tmp/cdp-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    before = entries("/proc/self/fd");
    return 0;
}

static bool no_child(void *arg)
{
    siginfo_t info;

    (void)arg;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

int processes_end(void **state)
{
    char path[512];
    DIR *d = opendir(folder);

    (void)state;
    processes_await(all_gone, NULL);
    processes_await(no_child, NULL);
    for (const struct dirent *e; d && (e = readdir(d));) {
        if (strncmp(e->d_name, "cdp-", 4) == 0)
            fail_msg("%s is left", e->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path); /* the test's own */
    }
    closedir(d);
    rmdir(folder);
    assert_int_equal(entries("/proc/self/fd"), before);
    return 0;
}

/* ---- processes of ours --------------------------------------------------------------------- */

int64_t process_start(const char *const *argv, const char *err)
{
    char path[256];

    path_of(err, path);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, STDERR_FILENO);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

void process_kill(int64_t pid)
{
    int status;

    kill((pid_t)pid, SIGKILL);
    assert_int_equal(waitpid((pid_t)pid, &status, 0), (pid_t)pid);
}

static bool has_ended(void *pid)
{
    char path[64];
    size_t len;

    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)*(int64_t *)pid);
    char *text = read_file(path, &len);
    const char *end = text ? strrchr(text, ')') : NULL;
    bool ended = !end || strncmp(end, ") Z", 3) == 0;
    free(text);
    return ended;
}

void processes_await_end(int64_t pid)
{
    processes_await(has_ended, &pid);
}

typedef struct sought {
    const char *path, *text;
} sought;

static bool is_written(void *arg)
{
    const sought *s = arg;
    size_t len;
    char *text = read_file(s->path, &len);
    bool found = text && strstr(text, s->text);

    free(text);
    return found;
}

void await_text(const char *name, const char *text)
{
    char path[256];

    path_of(name, path);
    processes_await(is_written, &(sought){ path, text });
}

/* ---- our stderr --------------------------------------------------------------------------------
 */

void capture_begin(void)
{
    char path[256];

    path_of("captured", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    saved_err = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

char *capture_end(void)
{
    char path[256];
    size_t len;

    path_of("captured", path);
    dup2(saved_err, STDERR_FILENO);
    close(saved_err);
    return read_file(path, &len);
}

/* ---- sessions
 * ------------------------------------------------------------------------------------- */

const char *processes_eval(cdp_session *s, const char *expression)
{
    static char text[256];
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .return_by_value = CDP_SOME(true) };
    cdp_runtime_evaluate_result *res;

    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        fail_msg("%s: %s", expression, cdp_last_error(s)->message.ptr);
    snprintf(text, sizeof text, "%.*s", (int)res->result->value.len,
             res->result->value.ptr ? res->result->value.ptr : "");
    cdp_free(res);
    return text;
}

void ends_add(cdp_session *s, const cdp_error *e, const cdp_value *result, void *data)
{
    ends *d = data;

    (void)s;
    (void)result;
    d->n++;
    snprintf(d->why, sizeof d->why, "%s", e ? e->message.ptr : "an answer");
}
