/* test_signal.c - an inspector that a signal opens. */
#include "program.h"

#include <signal.h>
#include <unistd.h>

static int job_listen(program *p, void *signal)
{
    return cdp_inspector_open_on_signal(p->insp, *(const int *)signal);
}

static int listen_to(program *p, int signal)
{
    return program_do(p, job_listen, &signal);
}

static bool is_open(void *arg)
{
    return program_logged(arg, "Debugger listening on ") > 0;
}

/* Attaches to what the log names. */
static void attach(program *p, client *c)
{
    char url[256];

    await(is_open, p);
    pthread_mutex_lock(&p->lock);
    int n = sscanf(strstr(p->log, "ws://"), "%255s", url);
    pthread_mutex_unlock(&p->lock);
    assert_int_equal(n, 1);
    client_attach(c, url);
}

static void while_idle(void **state)
{
    program p;
    client c;

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(listen_to(&p, SIGUSR1), 0);
    assert_null(cdp_inspector_url(p.insp));
    kill(getpid(), SIGUSR1);
    attach(&p, &c);
    assert_string_equal(client_eval(&c, "6 * 7"), "42");
    kill(getpid(), SIGUSR1); /* it is open already */
    assert_string_equal(client_eval(&c, "6 * 7"), "42");
    client_close(&c);
    program_do(&p, job_close, NULL);
    kill(getpid(), SIGUSR1); /* and again */
    program_await_log(&p, "Debugger listening on ", 2);
    assert_int_equal(program_logged(&p, "already"), 0);
    program_stop(&p);
}

static void amid_an_endless_loop(void **state)
{
    program p;
    client c;

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(listen_to(&p, SIGUSR1), 0);
    program_begin_run(&p, "var n = 0; for (;;) n++");
    nap(20);
    kill(getpid(), SIGUSR1);
    attach(&p, &c);
    client_do(&c, "Debugger.enable", NULL);
    client_do(&c, "Debugger.pause", NULL);
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    assert_string_equal(client_eval(&c, "n > 0"), "true");
    client_do(&c, "Debugger.resume", NULL);
    client_do(&c, "Runtime.terminateExecution", NULL);
    assert_int_equal(program_await(&p), CDP_ECANCELED);
    client_close(&c);
    program_stop(&p);
}

/* It waits amid the loop for the debugger that it was opened for. */
static void amid_a_loop_with_wait(void **state)
{
    cdp_inspector_options opt = { .wait = true };
    program p;
    client c;

    (void)state;
    program_start(&p, &opt);
    assert_int_equal(listen_to(&p, SIGUSR1), 0);
    program_run(&p, "var n = 0, done = false");
    program_begin_run(&p, "while (!done) n++");
    nap(20);
    kill(getpid(), SIGUSR1);
    attach(&p, &c);
    assert_string_equal(client_eval(&c, "typeof n"), "\"number\"");
    client_do(&c, "Runtime.runIfWaitingForDebugger", NULL);
    assert_string_equal(client_eval(&c, "done = true"), "true");
    assert_int_equal(program_await(&p), 0);
    client_close(&c);
    program_stop(&p);
}

static void one_listens(void **state)
{
    struct sigaction before, after;
    program p, q;

    (void)state;
    sigaction(SIGUSR1, NULL, &before);
    program_start(&p, NULL);
    program_start(&q, NULL);
    assert_int_equal(listen_to(&p, SIGUSR1), 0);
    assert_int_equal(listen_to(&q, SIGUSR1), CDP_ESTATE);
    assert_string_equal(program_error(&q), "another inspector listens to a signal");
    assert_int_equal(listen_to(&q, 0), 0);       /* which is not p's end */
    assert_int_equal(listen_to(&p, SIGUSR2), 0); /* another one from now on */
    sigaction(SIGUSR1, NULL, &after);
    assert_true(before.sa_handler == after.sa_handler);
    kill(getpid(), SIGUSR2);
    program_await_log(&p, "Debugger listening on ", 1);
    assert_int_equal(listen_to(&p, 0), 0);
    assert_int_equal(listen_to(&p, 0), 0);
    assert_int_equal(listen_to(&q, SIGUSR1), 0);
    program_stop(&p);
    kill(getpid(), SIGUSR1);
    program_await_log(&q, "Debugger listening on ", 1);
    program_stop(&q); /* with the signal on */
    sigaction(SIGUSR1, NULL, &after);
    assert_true(before.sa_handler == after.sa_handler);
}

static void signals_that_are_none(void **state)
{
    static const int table[] = { -1, 10000, SIGKILL, SIGSTOP };
    program p;

    (void)state;
    program_start(&p, NULL);
    for (size_t i = 0; i < COUNT(table); i++)
        assert_int_equal(listen_to(&p, table[i]), CDP_EINVAL);
    assert_int_equal(listen_to(&p, SIGUSR1), 0);
    program_stop(&p);
}

static void what_fails_is_said(void **state)
{
    cdp_inspector_options opt = { .host = "no-such-host.invalid" };
    program p;

    (void)state;
    program_start(&p, &opt);
    assert_int_equal(listen_to(&p, SIGUSR1), 0);
    kill(getpid(), SIGUSR1);
    program_await_log(&p, "Unable to resolve \"no-such-host.invalid\": ", 1);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_idle),
        cmocka_unit_test(amid_an_endless_loop),
        cmocka_unit_test(amid_a_loop_with_wait),
        cmocka_unit_test(one_listens),
        cmocka_unit_test(signals_that_are_none),
        cmocka_unit_test(what_fails_is_said),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
