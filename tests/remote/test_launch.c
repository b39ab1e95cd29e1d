/* test_launch.c - Chromium, started and talked to by its pipe. */
#include "processes.h"

#include <cdp/browser.h>
#include <cdp/runtime.h>
#include <cdp/target.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static const char *const chromium[] = { "chromium", NULL };

static cdp_session *start(void)
{
    cdp_session *s;

    if (cdp_launch(&s, &(cdp_launch_options){ .argv = chromium, .quiet = true }) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    return s;
}

static cdp_session *open_page(cdp_session *s)
{
    cdp_session *page;
    cdp_target_create_target_result *made;
    cdp_target_attach_to_target_result *attached;

    assert_int_equal(
        cdp_target_create_target(
            s, &(cdp_target_create_target_params){ .url = cdp_s("about:blank") }, &made),
        0);
    cdp_target_attach_to_target_params p = { .target_id = made->target_id,
                                             .flatten = CDP_SOME(true) };
    assert_int_equal(cdp_target_attach_to_target(s, &p, &attached), 0);
    assert_int_equal(cdp_attach(&page, s, attached->session_id), 0);
    cdp_free(made);
    cdp_free(attached);
    return page;
}

static void a_page(void **state)
{
    cdp_session *s = start();
    cdp_browser_get_version_result *v;

    (void)state;
    assert_int_equal(cdp_browser_get_version(s, &v), 0);
    assert_has(v->product.ptr, "Chrome/");
    cdp_free(v);
    assert_true(cdp_child_pid(s) > 0);
    assert_string_equal(processes_eval(open_page(s), "6 * 7"), "42");
    cdp_close(s);
}

static void many_starts(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        cdp_session *s = start();
        if (i % 2)
            open_page(s);
        cdp_close(s);
        assert_int_equal(processes_end(NULL), 0);
        processes_begin(NULL);
    }
}

static void a_profile_of_the_callers(void **state)
{
    char profile[256], path[300];
    cdp_session *s;
    struct stat st;

    (void)state;
    snprintf(profile, sizeof profile, "%s-profile", processes_folder());
    assert_int_equal(mkdir(profile, 0700), 0);
    cdp_launch_options opt = { .argv = chromium, .quiet = true, .profile = profile };
    assert_int_equal(cdp_launch(&s, &opt), 0);
    cdp_close(s);
    snprintf(path, sizeof path, "%s/Default", profile);
    assert_int_equal(stat(path, &st), 0);
    snprintf(path, sizeof path, "rm -r %s", profile);
    assert_int_equal(system(path), 0);
}

/* ---- its end ------------------------------------------------------------------------------ */

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    ends_add(s, why, NULL, data);
}

/* Calls that never end by themselves. */
static void call_forever(cdp_session *page, unsigned n, ends *d)
{
    static const char params[] = "{\"expression\":\"new Promise(() => {})\",\"awaitPromise\":true}";

    while (n--)
        assert_int_not_equal(
            cdp_call_async(page, "Runtime.evaluate", cdp_json(params), ends_add, d), 0);
    cdp_poll(page, 0);
}

static void killed(void **state)
{
    cdp_session *s = start();
    ends calls = { .n = 0 }, lost = { .n = 0 };
    int code = -1, sig = -1;

    (void)state;
    cdp_set_lost(s, on_lost, &lost);
    call_forever(open_page(s), 10, &calls);
    assert_int_equal(cdp_child_kill(s, SIGKILL), 0);
    int rc = cdp_call(s, "Browser.getVersion", (cdp_value){ .ptr = NULL }, NULL);
    assert_int_equal(rc, CDP_EIO);
    assert_has(cdp_last_error(s)->message.ptr, "the program was killed by signal 9");
    assert_int_equal(cdp_poll(s, -1), CDP_EIO);
    assert_int_equal(calls.n, 10);
    assert_int_equal(lost.n, 1);
    assert_has(calls.why, "the program was killed by signal 9");
    assert_has(lost.why, "the program was killed by signal 9");
    assert_int_equal(cdp_child_wait(s, -1, &code, &sig), 0);
    assert_int_equal(sig, SIGKILL);
    assert_int_equal(cdp_child_pid(s), 0);
    assert_int_equal(cdp_child_kill(s, SIGKILL), CDP_EINVAL);
    cdp_close(s);
}

/* What is sent then finds nobody: an error, and no SIGPIPE. */
static void killed_unnoticed(void **state)
{
    cdp_session *s = start();
    int64_t pid = cdp_child_pid(s);

    (void)state;
    assert_int_equal(cdp_child_kill(s, SIGKILL), 0);
    processes_await_end(pid);
    assert_int_equal(cdp_call(s, "Browser.getVersion", (cdp_value){ .ptr = NULL }, NULL), CDP_EIO);
    assert_has(cdp_last_error(s)->message.ptr, "the program was killed by signal 9");
    cdp_close(s);
}

static void ends_by_itself(void **state)
{
    cdp_session *s = start();
    int code = -1, sig = -1;

    (void)state;
    cdp_browser_close(s);
    assert_int_equal(cdp_child_wait(s, 60000, &code, &sig), 0);
    assert_int_equal(code, 0);
    assert_int_equal(sig, 0);
    while (cdp_poll(s, 60000) == 0)
        ;
    assert_has(cdp_last_error(s)->message.ptr, "the program exited with code 0");
    cdp_close(s);
}

static void close_it(cdp_session *s, const cdp_error *e, const cdp_value *result, void *data)
{
    ends_add(s, e, result, data);
    cdp_close(s);
}

static void on_a_loop_of_the_callers(void **state)
{
    uv_loop_t loop;
    cdp_session *s;
    ends d = { .n = 0 };

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (int i = 0; i < 2; i++) {
        cdp_launch_options opt = { .argv = chromium, .quiet = true, .remote.loop = &loop };
        assert_int_equal(cdp_launch(&s, &opt), 0);
        assert_int_equal(cdp_child_wait(s, -1, NULL, NULL), CDP_ESTATE);
        cdp_call_async(s, "Browser.getVersion", (cdp_value){ .ptr = NULL }, close_it, &d);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(d.n, 2);
    assert_string_equal(d.why, "an answer");
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* The caller learns of the end, then closes. */
static void killed_on_a_loop_of_the_callers(void **state)
{
    uv_loop_t loop;
    cdp_session *s;
    ends calls = { .n = 0 };
    cdp_launch_options opt = { .argv = chromium, .quiet = true, .remote.loop = &loop };

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(cdp_launch(&s, &opt), 0);
    cdp_call_async(s, "Browser.getVersion", (cdp_value){ .ptr = NULL }, ends_add, &calls);
    assert_int_equal(cdp_child_kill(s, SIGKILL), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(calls.n, 1);
    assert_has(calls.why, "the program was killed by signal 9");
    cdp_close(s);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- what does not start --------------------------------------------------------------------- */

static void expect_failure(const cdp_launch_options *opt, int status, const char *why)
{
    cdp_session *s;

    assert_int_equal(cdp_launch(&s, opt), status);
    assert_non_null(s);
    assert_has(cdp_last_error(s)->message.ptr, why);
    assert_int_equal(cdp_child_pid(s) > 0, status == CDP_ETIMEDOUT);
    cdp_close(s);
}

static void no_browser(void **state)
{
    static const char *const missing[] = { "no-such-chromium", NULL };
    static const char *const fails[] = { "false", NULL };
    static const char *const other[] = { "sleep", NULL };
    static const char *const none[] = { NULL };
    char script[256];

    (void)state;
    assert_int_equal(cdp_launch_kind_of("/opt/chrome-beta"), CDP_LAUNCH_CHROMIUM);
    assert_int_equal(cdp_launch_kind_of("node18"), CDP_LAUNCH_NODE);
    assert_int_equal(cdp_launch_kind_of("nodemon"), CDP_LAUNCH_AUTO);
    expect_failure(&(cdp_launch_options){ .argv = missing, .kind = CDP_LAUNCH_CHROMIUM }, CDP_EIO,
                   "can't start no-such-chromium: no such file or directory");
    expect_failure(&(cdp_launch_options){ .argv = fails, .kind = CDP_LAUNCH_CHROMIUM }, CDP_EIO,
                   "the program exited with code 1");
    expect_failure(&(cdp_launch_options){ .argv = other }, CDP_EINVAL, "kind");
    expect_failure(&(cdp_launch_options){ .argv = none }, CDP_EINVAL, "no program");
    expect_failure(&(cdp_launch_options){ .kind = CDP_LAUNCH_NODE }, CDP_EINVAL, "no program");
    expect_failure(NULL, CDP_EINVAL, "no program");
    processes_write("chrome", "#!/bin/sh\nkill -9 $$\n", 0700, script);
    expect_failure(&(cdp_launch_options){ .argv = (const char *[]){ script, NULL } }, CDP_EIO,
                   "the program was killed by signal 9");
    processes_write("chrome-idle", "#!/bin/sh\nsleep 600\n", 0700, script);
    expect_failure(
        &(cdp_launch_options){ .argv = (const char *[]){ script, NULL }, .remote.connect_ms = 300 },
        CDP_ETIMEDOUT, "the program does not answer on its pipe");
    processes_write("chrome-closed", "not a program", 0600, script);
    expect_failure(&(cdp_launch_options){ .argv = (const char *[]){ script, NULL } }, CDP_EIO,
                   "permission denied");
}

/* Whatever it is that lacks a descriptor, nothing is left of it.  (The loop is the test's: libuv
 * 1.44 leaks one where it can't make a loop.) */
static void without_descriptors(void **state)
{
    static const char *const fails[] = { "false", NULL };
    struct rlimit was, few;
    unsigned refused = 0;
    uv_loop_t loop;
    int rc = CDP_EIO;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    for (rlim_t n = 3; rc < 0 && n < 64; n++) {
        cdp_session *s;
        cdp_launch_options opt = { .argv = fails,
                                   .kind = CDP_LAUNCH_CHROMIUM,
                                   .remote.loop = &loop };
        few = (struct rlimit){ .rlim_cur = n, .rlim_max = was.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        rc = cdp_launch(&s, &opt);
        setrlimit(RLIMIT_NOFILE, &was);
        if (rc < 0) {
            assert_int_equal(rc, CDP_EIO);
            assert_has(cdp_last_error(s)->message.ptr, "too many open files");
            refused++;
        }
        cdp_close(s);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(rc, 0);
    assert_true(refused > 3);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, processes_begin, processes_end)
    const struct CMUnitTest tests[] = {
        TEST(a_page),
        TEST(many_starts),
        TEST(a_profile_of_the_callers),
        TEST(killed),
        TEST(killed_unnoticed),
        TEST(ends_by_itself),
        TEST(on_a_loop_of_the_callers),
        TEST(killed_on_a_loop_of_the_callers),
        TEST(no_browser),
        TEST(without_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
