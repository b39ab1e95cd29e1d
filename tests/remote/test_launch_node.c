/* test_launch_node.c - Node, and `cdp run`, started and talked to by a WebSocket. */
#include "processes.h"

#include <cdp/runtime.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/* Of one script, which is a file. */
typedef struct program {
    char path[256];
    const char *argv[3];
} program;

static const char *const *node(program *p, const char *script)
{
    static unsigned n;
    char name[32];

    snprintf(name, sizeof name, "program-%u.js", n++);
    processes_write(name, script, 0600, p->path);
    p->argv[0] = "node";
    p->argv[1] = p->path;
    p->argv[2] = NULL;
    return p->argv;
}

static cdp_session *start(const cdp_launch_options *opt)
{
    cdp_session *s;

    if (cdp_launch(&s, opt) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    return s;
}

/* It listens before it runs its script. */
static void await_script(cdp_session *s)
{
    while (strcmp(processes_eval(s, "globalThis.six"), "6") != 0)
        processes_nap(2);
}

static void expect_exit(cdp_session *s, int code, int signal)
{
    int c = -1, n = -1;

    if (cdp_child_wait(s, 60000, &c, &n) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    assert_int_equal(c, code);
    assert_int_equal(n, signal);
}

/* Lets it run, to its end. */
static void let_run(cdp_session *s, int code)
{
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(s), 0);
    expect_exit(s, code, 0);
}

/* ---- what it says, and how it ends ----------------------------------------------------------- */

static const char noisy[] = "process.stderr.write('no line'); console.error('\\nDebugger what?');"
                            "console.error('x'.repeat(10000)); process.exitCode = 3;";

static void expect_noise(char *text)
{
    assert_int_equal(strlen(text), strlen("no line\nDebugger what?\n") + 10001);
    assert_int_equal(strncmp(text, "no line\nDebugger what?\nxxx", 26), 0);
    free(text);
}

static void paused(void **state)
{
    program p;
    cdp_launch_options opt = { .argv = node(&p, noisy) };

    (void)state;
    capture_begin();
    cdp_session *s = start(&opt);
    int64_t pid = cdp_child_pid(s);
    let_run(s, 3); /* to its end, though a debugger is attached */
    assert_int_equal(cdp_poll(s, 0), CDP_EIO);
    assert_has(cdp_last_error(s)->message.ptr, "the program exited with code 3");
    expect_exit(s, 3, 0); /* again */
    cdp_close(s);
    expect_noise(capture_end());
    processes_await_end(pid);
}

/* $NODES: "18=PROGRAM 20=PROGRAM..." */
static void versions(void **state)
{
    const char *nodes = getenv("NODES");
    char program_path[512];
    program p;
    int n;

    (void)state;
    if (!nodes || !*nodes)
        skip();
    const char *const *argv = node(&p, noisy);
    while (sscanf(nodes, " %*[^=]=%511s%n", program_path, &n) == 1) {
        const char *words[] = { program_path, argv[1], NULL };
        cdp_session *s = start(&(cdp_launch_options){ .argv = words, .quiet = true });
        let_run(s, 3);
        cdp_close(s);
        nodes += n;
    }
}

static void running(void **state)
{
    program p;
    cdp_launch_options opt = { .argv = node(&p, "setInterval(() => {}, 1000); "
                                                "globalThis.six = 6"),
                               .run = true };

    (void)state;
    capture_begin();
    cdp_session *s = start(&opt);
    await_script(s);
    assert_int_equal(cdp_child_wait(s, 0, NULL, NULL), CDP_ETIMEDOUT);
    assert_int_equal(cdp_child_wait(s, 20, NULL, NULL), CDP_ETIMEDOUT);
    cdp_close(s);
    char *text = capture_end();
    assert_string_equal(text, "");
    free(text);
}

static void quiet(void **state)
{
    program p;
    cdp_launch_options opt = { .argv = node(&p, noisy), .quiet = true };

    (void)state;
    capture_begin();
    cdp_session *s = start(&opt);
    let_run(s, 3);
    cdp_close(s);
    char *text = capture_end();
    assert_string_equal(text, "");
    free(text);
}

static void surroundings(void **state)
{
    program p;
    const char *env[] = { "PATH=/usr/bin:/bin", "COLOUR=green", NULL, NULL };
    char tmp[128];
    cdp_launch_options opt = { .argv = node(&p, "setInterval(() => {}, 1000); globalThis.six = 6"),
                               .env = env,
                               .cwd = "/usr/bin",
                               .run = true,
                               .quiet = true };

    (void)state;
    snprintf(tmp, sizeof tmp, "TMPDIR=%s", processes_folder());
    env[2] = tmp;
    const char *with_all[] = { env[0], env[1], tmp, NULL };
    opt.env = with_all;
    cdp_session *s = start(&opt);
    await_script(s);
    assert_string_equal(processes_eval(s, "process.env.COLOUR + process.cwd() + process.env.HOME"),
                        "\"green/usr/binundefined\"");
    cdp_close(s);
}

/* ---- calls in flight ---------------------------------------------------------------------------
 */

static void exits_amid_calls(void **state)
{
    /* (Not amid the command itself: Node 20 sometimes spins then.) */
    static const char exits[] = "{\"expression\":\"setTimeout(() => process.exit(7));"
                                "new Promise(() => {})\",\"awaitPromise\":true}";
    program p;
    cdp_launch_options opt = { .argv = node(&p, "setInterval(() => {}, 1000); globalThis.six = 6"),
                               .run = true,
                               .quiet = true };
    ends d = { .n = 0 };

    (void)state;
    cdp_session *s = start(&opt);
    await_script(s);
    for (int i = 0; i < 10; i++)
        cdp_call_async(s, "Runtime.evaluate", cdp_json(exits), ends_add, &d);
    expect_exit(s, 7, 0);
    assert_int_equal(cdp_poll(s, 0), CDP_EIO);
    assert_int_equal(d.n, 10);
    assert_has(d.why, "the program exited with code 7");
    cdp_close(s);
}

static void killed(void **state)
{
    program p;
    cdp_launch_options opt = { .argv = node(&p, "for (;;);"), .run = true, .quiet = true };
    ends d = { .n = 0 };

    (void)state;
    cdp_session *s = start(&opt);
    cdp_call_async(s, "Runtime.enable", (cdp_value){ .ptr = NULL }, ends_add, &d);
    assert_int_equal(cdp_child_kill(s, 12345), CDP_EINVAL);
    assert_int_equal(cdp_child_kill(s, SIGSEGV), 0);
    expect_exit(s, 0, SIGSEGV);
    while (cdp_poll(s, 60000) == 0)
        ;
    assert_int_equal(d.n, 1);
    assert_has(d.why, "the program was killed by signal 11");
    cdp_close(s);
}

/* It does not want to go; and it is stopped, too. */
static void stubborn(void **state)
{
    program p;
    cdp_launch_options opt = { .argv = node(&p, "process.on('SIGTERM', () => {});"
                                                "setInterval(() => {}, 1000); var ready = true"),
                               .run = true,
                               .quiet = true };

    (void)state;
    cdp_session *s = start(&opt);
    int64_t pid = cdp_child_pid(s);
    while (strcmp(processes_eval(s, "process.listenerCount('SIGTERM')"), "1") != 0)
        processes_nap(2);
    assert_int_equal(cdp_child_kill(s, SIGSTOP), 0);
    cdp_close(s);
    assert_int_equal(kill((pid_t)pid, 0), -1);
}

/* ---- those that go their own way
 * ------------------------------------------------------------------ */

static void left(void **state)
{
    program p;
    cdp_launch_options opt = {
        .argv = node(&p, "setInterval(() => {}, 1000)"), .run = true, .leave = true, .quiet = true
    };

    (void)state;
    cdp_session *s = start(&opt);
    int64_t pid = cdp_child_pid(s);
    assert_string_equal(processes_eval(s, "6 * 7"), "42");
    cdp_close(s);
    assert_int_equal(kill((pid_t)pid, 0), 0);
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0); /* and it is reaped: processes_end() */
}

static void apart(void **state)
{
    static const char script[] = "require('child_process').spawn('sleep', ['600']);"
                                 "setInterval(() => {}, 1000); globalThis.six = 6";
    program p;
    cdp_launch_options opt = {
        .argv = node(&p, script), .run = true, .apart = true, .quiet = true
    };

    (void)state;
    cdp_session *s = start(&opt);
    assert_int_equal(getpgid((pid_t)cdp_child_pid(s)), (pid_t)cdp_child_pid(s));
    await_script(s);
    cdp_close(s); /* its sleep ends with it: processes_end() */
}

static const char *cdp_command(void)
{
    const char *path = getenv("CDP");

    return path ? path : "build/cdp";
}

static void our_own(void **state)
{
    program p;

    (void)state;
    if (access(cdp_command(), X_OK) < 0)
        skip();
    node(&p, "console.log(6 * 7); var six = 6;");
    const char *argv[] = { cdp_command(), "run", p.path, NULL };
    cdp_launch_options opt = { .argv = argv, .quiet = true };
    cdp_session *s = start(&opt);
    assert_string_equal(processes_eval(s, "6 * 7"), "42");
    let_run(s, 0);
    cdp_close(s);
}

/* ---- loops
 * ------------------------------------------------------------------------------------------- */

static void close_it(cdp_session *s, const cdp_error *e, const cdp_value *result, void *data)
{
    ends_add(s, e, result, data);
    cdp_close(s);
}

static void on_a_loop_of_the_callers(void **state)
{
    static const char *const missing[] = { "no-such-program", NULL };
    program p[3];
    uv_loop_t loop;
    cdp_session *s, *none;
    ends d = { .n = 0 };

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (int i = 0; i < 3; i++) {
        cdp_launch_options opt = { .argv = node(&p[i], "setInterval(() => {}, 1000)"),
                                   .run = i % 2,
                                   .leave = i == 1,
                                   .quiet = true,
                                   .remote.loop = &loop };
        assert_int_equal(cdp_launch(&s, &opt), 0);
        if (i == 1)
            cdp_set_data(s, (void *)(intptr_t)cdp_child_pid(s));
        cdp_call_async(s, "Runtime.enable", (cdp_value){ .ptr = NULL }, close_it, &d);
        if (i == 1) {
            int64_t pid = cdp_child_pid(s);
            uv_run(&loop, UV_RUN_DEFAULT);
            kill((pid_t)pid, SIGKILL);
        }
    }
    cdp_launch_options opt = { .argv = missing, .kind = CDP_LAUNCH_NODE, .remote.loop = &loop };
    assert_int_equal(cdp_launch(&none, &opt), CDP_EIO);
    cdp_close(none);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(d.n, 3);
    assert_string_equal(d.why, "an answer");
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* Closed before it says where it listens. */
static void closed_at_once(void **state)
{
    program p;
    uv_loop_t loop;
    cdp_session *s;
    cdp_launch_options opt = { .argv = node(&p, "0"), .quiet = true, .remote.loop = &loop };

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (int turns = 0; turns < 12; turns++) {
        assert_int_equal(cdp_launch(&s, &opt), 0);
        for (int i = 0; i < turns * 5; i++) {
            uv_run(&loop, UV_RUN_NOWAIT);
            processes_nap(2);
        }
        cdp_close(s);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

typedef struct worker {
    pthread_t thread;
    const char *const *argv;
    int rc, code;
} worker;

/* As await_script(), where nothing may fail. */
static bool has_run(cdp_session *s)
{
    static const char params[] = "{\"expression\":\"globalThis.six\"}";
    cdp_value *v = NULL;
    bool has = cdp_call(s, "Runtime.evaluate", cdp_json(params), &v) < 0 || strstr(v->ptr, ":6");

    cdp_free(v);
    return has;
}

static void *work(void *arg)
{
    worker *w = arg;
    cdp_session *s;
    cdp_launch_options opt = { .argv = w->argv, .run = true, .quiet = true };
    char expression[96];
    ends d;

    w->rc = cdp_launch(&s, &opt);
    while (w->rc == 0 && !has_run(s))
        processes_nap(2);
    snprintf(expression, sizeof expression,
             "{\"expression\":\"setTimeout(() => process.exit(%d))\"}", w->code);
    if (w->rc == 0)
        cdp_call_async(s, "Runtime.evaluate", cdp_json(expression), ends_add, &d);
    w->code = -1;
    if (w->rc == 0)
        w->rc = cdp_child_wait(s, 60000, &w->code, NULL);
    cdp_close(s);
    return NULL;
}

/* SIGCHLD is the process's: each loop learns of its own children. */
static void in_threads(void **state)
{
    enum { THREADS = 4 };
    worker w[THREADS];
    program p;
    const char *const *argv = node(&p, "setInterval(() => {}, 1000); globalThis.six = 6");

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        w[i] = (worker){ .argv = argv, .code = 10 + i };
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(w[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(w[i].rc, 0);
        assert_int_equal(w[i].code, 10 + i);
    }
}

/* ---- what does not start
 * -------------------------------------------------------------------------- */

static void expect_failure(const cdp_launch_options *opt, int status, const char *why)
{
    cdp_session *s;

    assert_int_equal(cdp_launch(&s, opt), status);
    assert_has(cdp_last_error(s)->message.ptr, why);
    cdp_close(s);
}

static void no_node(void **state)
{
    static const char *const missing[] = { "node-that-is-not-there", NULL };
    static const char *const version[] = { "node", "--version", NULL };
    static const char *const wrong[] = { "node", "--no-such-flag", NULL };
    program p;
    char script[256];

    (void)state;
    expect_failure(&(cdp_launch_options){ .argv = missing, .quiet = true }, CDP_EIO,
                   "can't start node-that-is-not-there: no such file or directory");
    expect_failure(&(cdp_launch_options){ .argv = version, .quiet = true }, CDP_EIO,
                   "the program exited with code 0, and never said where it listens");
    expect_failure(&(cdp_launch_options){ .argv = wrong, .quiet = true }, CDP_EIO,
                   "the program exited with code 9, and never said where it listens");
    expect_failure(&(cdp_launch_options){ .argv = node(&p, ""), .quiet = true, .cwd = "/nowhere" },
                   CDP_EIO, "no such file or directory");
    processes_write("node-plain", "not a program", 0600, script);
    expect_failure(&(cdp_launch_options){ .argv = (const char *[]){ script, NULL } }, CDP_EIO,
                   "permission denied");
    processes_write("node-silent", "#!/bin/sh\nexec sleep 600\n", 0700, script);
    expect_failure(
        &(cdp_launch_options){ .argv = (const char *[]){ script, NULL }, .remote.connect_ms = 300 },
        CDP_ETIMEDOUT, "the program did not say in time where it listens");
    expect_failure(&(cdp_launch_options){ .argv = (const char *[]){ script, NULL },
                                          .leave = true,
                                          .remote.connect_ms = 300,
                                          .kind = CDP_LAUNCH_NODE,
                                          .env = (const char *[]){ "PATH=/nowhere", NULL } },
                   CDP_EIO, "exited with code 127");
    processes_write("node-liar",
                    "#!/bin/sh\necho 'Debugger listening on what?' >&2\nexec sleep 600\n", 0700,
                    script);
    expect_failure(&(cdp_launch_options){ .argv = (const char *[]){ script, NULL } }, CDP_EINVAL,
                   "not where");
}

/* Its last words are passed on, though it ends at once. */
static void last_words(void **state)
{
    static const char *const wrong[] = { "node", "--no-such-flag", NULL };

    (void)state;
    capture_begin();
    expect_failure(&(cdp_launch_options){ .argv = wrong }, CDP_EIO, "exited with code 9");
    char *text = capture_end();
    assert_string_equal(text, "node: bad option: --no-such-flag\n");
    free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, processes_begin, processes_end)
    const struct CMUnitTest tests[] = {
        TEST(paused),         TEST(versions),     TEST(running),
        TEST(quiet),          TEST(surroundings), TEST(exits_amid_calls),
        TEST(killed),         TEST(stubborn),     TEST(left),
        TEST(apart),          TEST(our_own),      TEST(on_a_loop_of_the_callers),
        TEST(closed_at_once), TEST(in_threads),   TEST(no_node),
        TEST(last_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
