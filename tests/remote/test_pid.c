/* test_pid.c - processes that run already are connected to. */
#include "processes.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static const char idle[] = "console.error('ready'); setInterval(() => {}, 1000);";

/* A Node with these flags (NULL: none), once it runs its script. */
static int64_t start_node(const char *name, const char *flag, const char *script)
{
    const char *argv[] = { "node", flag ? flag : "--no-warnings", "-e", script, NULL };
    int64_t pid = process_start(argv, name);

    await_text(name, "ready");
    return pid;
}

static cdp_session *attach(int64_t pid, const cdp_remote_options *opt)
{
    cdp_session *s;

    if (cdp_connect_pid(&s, pid, opt) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    return s;
}

static void expect_pid(cdp_session *s, int64_t pid)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)pid);
    assert_string_equal(processes_eval(s, "process.pid"), text);
    assert_int_equal(cdp_child_pid(s), 0); /* it is not ours */
    assert_int_equal(cdp_child_kill(s, SIGTERM), CDP_EINVAL);
    assert_int_equal(cdp_child_wait(s, 0, NULL, NULL), CDP_EINVAL);
}

static void expect_failure(int64_t pid, const cdp_remote_options *opt, int status, const char *why)
{
    cdp_session *s;

    assert_int_equal(cdp_connect_pid(&s, pid, opt), status);
    assert_non_null(s);
    assert_has(cdp_last_error(s)->message.ptr, why);
    cdp_close(s);
}

/* ---- those that can be ---------------------------------------------------------------------- */

static void roused(void **state)
{
    int64_t pid = start_node("err", "--inspect-port=0", idle);

    (void)state;
    for (int i = 0; i < 3; i++) { /* the first opens it */
        cdp_session *s = attach(pid, NULL);
        expect_pid(s, pid);
        cdp_close(s);
    }
    assert_int_equal(kill((pid_t)pid, 0), 0);
    process_kill(pid);
}

/* Each has a port of its own, and servers that are not inspectors. */
static void several(void **state)
{
    static const char script[] =
        "require('http').createServer((q, r) => r.end('{\"Browser\": \"none\"}')).listen(0);"
        "require('net').createServer(s => s.write('hello')).listen(0, '127.0.0.1');"
        "require('net').createServer(() => {}).listen(0, () => console.error('ready'));";
    static const char *const names[] = { "err0", "err1", "err2" };
    int64_t pids[3];
    cdp_session *s[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        pids[i] = start_node(names[i], "--inspect-port=0", script);
    for (int i = 0; i < 3; i++)
        s[i] = attach(pids[i], NULL);
    for (int i = 0; i < 3; i++) {
        expect_pid(s[i], pids[i]);
        cdp_close(s[i]);
        process_kill(pids[i]);
    }
}

/* No signal: its handler would say so. */
static void listening_already(void **state)
{
    static const char script[] = "process.on('SIGUSR1', () => console.error('roused'));"
                                 "console.error('ready'); setInterval(() => {}, 1000);";
    int64_t pid = start_node("err", "--inspect=[::1]:0", script);
    cdp_session *s = attach(pid, NULL);

    (void)state;
    expect_pid(s, pid);
    assert_string_equal(processes_eval(s, "setTimeout(() => console.error('later')), 0"), "0");
    await_text("err", "later");
    char path[256], text[4096] = "";
    snprintf(path, sizeof path, "%s/err", processes_folder());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_null(strstr(text, "roused"));
    cdp_close(s);
    process_kill(pid);
}

static void busy(void **state)
{
    int64_t pid = start_node("err", "--inspect-port=0", "console.error('ready'); for (;;);");
    cdp_session *s = attach(pid, NULL);

    (void)state;
    expect_pid(s, pid);
    cdp_close(s);
    process_kill(pid);
}

static void our_own(void **state)
{
    const char *command = getenv("CDP") ? getenv("CDP") : "build/cdp";
    const char *argv[] = { command, "run", "--inspect-port", "0", "-e", idle, NULL };

    (void)state;
    if (access(command, X_OK) < 0)
        skip();
    int64_t pid = process_start(argv, "err");
    await_text("err", "ready");
    cdp_session *s = attach(pid, NULL);
    assert_string_equal(processes_eval(s, "6 * 7"), "42");
    cdp_close(s);
    process_kill(pid);
}

static void a_browser(void **state)
{
    char profile[300];
    const char *argv[] = { "chromium",
                           "--headless=new",
                           "--no-sandbox",
                           "--disable-gpu",
                           "--disable-quic",
                           "--no-first-run",
                           "--disable-background-networking",
                           "--remote-debugging-port=0",
                           profile,
                           NULL };

    (void)state;
    snprintf(profile, sizeof profile, "--user-data-dir=%s-profile", processes_folder());
    int64_t pid = process_start(argv, "err");
    await_text("err", "DevTools listening on");
    cdp_session *s = attach(pid, NULL);
    assert_int_equal(cdp_call(s, "Browser.close", (cdp_value){ .ptr = NULL }, NULL), 0);
    cdp_close(s);
    assert_int_equal(waitpid((pid_t)pid, NULL, 0), (pid_t)pid);
    snprintf(profile, sizeof profile, "rm -rf %s-profile %s/org.chromium.*", processes_folder(),
             processes_folder());
    assert_int_equal(system(profile), 0);
}

/* ---- on a loop of the caller's ------------------------------------------------------------------
 */

static void on_answer(cdp_session *s, const cdp_error *e, const cdp_value *result, void *data)
{
    (void)result;
    *(int *)data = e ? e->status : 0;
    cdp_close(s);
}

static void on_a_loop_of_the_callers(void **state)
{
    static const char *const sleeps[] = { "sleep", "600", NULL };
    int64_t pid = start_node("err", "--inspect-port=0", idle), sleeper;
    int answer = 1;
    uv_loop_t loop;
    cdp_session *s;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    cdp_remote_options opt = { .loop = &loop };
    assert_int_equal(cdp_connect_pid(&s, pid, &opt), 0);
    cdp_call_async(s, "Runtime.enable", (cdp_value){ .ptr = NULL }, on_answer, &answer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(answer, 0);
    for (int turns = 0; turns < 12; turns++) { /* closed on the way */
        assert_int_equal(cdp_connect_pid(&s, pid, &opt), 0);
        for (int i = 0; i < turns; i++)
            uv_run(&loop, UV_RUN_NOWAIT);
        cdp_close(s);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    sleeper = process_start(sleeps, "err-sleep");
    expect_failure(sleeper, &opt, CDP_ENOTSUP, "SIGUSR1");
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    process_kill(sleeper);
    process_kill(pid);
}

/* ---- those that can't
 * ------------------------------------------------------------------------------ */

static void unfit(void **state)
{
    static const char *const sleeps[] = { "sleep", "600", NULL };
    int64_t pid = process_start(sleeps, "err");

    (void)state;
    expect_failure(pid, NULL, CDP_ENOTSUP,
                   "does not listen, and does not handle SIGUSR1: it would die of it");
    assert_int_equal(kill((pid_t)pid, 0), 0);
    process_kill(pid);
    expect_failure(pid, NULL, CDP_EIO, "there is no such process");
    expect_failure(0, NULL, CDP_EINVAL, "not a process id");
    expect_failure(-1, NULL, CDP_EINVAL, "not a process id");
    expect_failure(INT64_MAX, NULL, CDP_EINVAL, "not a process id");
}

/* Node's inspector does not come up where its port is taken, and only its stderr says so. */
static void taken(void **state)
{
    static const char script[] =
        "const s = require('net').createServer(() => {}).listen(0, '127.0.0.1', () =>"
        " console.error('port ' + s.address().port + ' ready'));";
    int64_t holder = start_node("err-holder", NULL, script);
    char path[256], text[64] = "", flag[64];
    int port;

    (void)state;
    snprintf(path, sizeof path, "%s/err-holder", processes_folder());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_int_equal(sscanf(text, "port %d", &port), 1);
    snprintf(flag, sizeof flag, "--inspect-port=%d", port);
    int64_t pid = start_node("err", flag, idle);
    expect_failure(pid, &(cdp_remote_options){ .connect_ms = 500 }, CDP_ETIMEDOUT,
                   "has not opened an inspector");
    await_text("err", "address already in use");
    process_kill(pid);
    process_kill(holder);
}

static void ends_meanwhile(void **state)
{
    static const char script[] = "process.on('SIGUSR1', () => process.exit(0));"
                                 "console.error('ready'); setInterval(() => {}, 1000);";
    int64_t pid = start_node("err", NULL, script);

    (void)state;
    signal(SIGCHLD, SIG_IGN); /* nobody need reap it */
    expect_failure(pid, NULL, CDP_EIO, "there is no such process");
    signal(SIGCHLD, SIG_DFL);
}

/* As another user, in a process of its own. */
static void another_users(void **state)
{
    int status;

    (void)state;
    if (geteuid() != 0)
        skip();
    int64_t pid = start_node("err", NULL, idle);
    pid_t other = fork();
    if (other == 0) {
        cdp_session *s;
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(2);
        int rc = cdp_connect_pid(&s, pid, NULL);
        _exit(rc == CDP_EIO && strstr(cdp_last_error(s)->message.ptr, "another user's") ? 0 : 1);
    }
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    process_kill(pid);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, processes_begin, processes_end)
    const struct CMUnitTest tests[] = {
        TEST(roused),
        TEST(several),
        TEST(listening_already),
        TEST(busy),
        TEST(our_own),
        TEST(a_browser),
        TEST(on_a_loop_of_the_callers),
        TEST(unfit),
        TEST(taken),
        TEST(ends_meanwhile),
        TEST(another_users),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
