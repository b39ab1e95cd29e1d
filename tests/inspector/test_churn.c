/* test_churn.c - inspectors that are opened and closed while front-ends are busy with them. */
#include "program.h"

#include <cdp/runtime.h>

enum { ROUNDS = 30, CLIENTS = 4 };

/* What is under way when it is closed ends with it; nothing of it is left for the next round. */
static void closed_amid_calls(void **state)
{
    static const char *const commands[][2] = {
        { "Runtime.evaluate", "{\"expression\":\"1\"}" },
        { "Runtime.evaluate",
          "{\"expression\":\"new Promise(f => setTimeout(f, 2))\",\"awaitPromise\":true}" },
        { "Debugger.enable", NULL },
        { "Profiler.enable", NULL },
        { "Profiler.start", NULL },
        { "Runtime.enable", NULL },
        { "HeapProfiler.startSampling", NULL },
        { "Target.setDiscoverTargets", "{\"discover\":true}" },
    };
    program p;

    (void)state;
    program_start(&p, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        client c[CLIENTS];
        assert_int_equal(program_do(&p, job_open, NULL), 0);
        for (int i = 0; i < CLIENTS; i++)
            client_attach(&c[i], cdp_inspector_url(p.insp));
        for (int n = 0; n < round; n++)
            for (int i = 0; i < CLIENTS; i++) {
                const char *const *command = commands[(n + i) % (int)COUNT(commands)];
                client_command(&c[i], command[0], command[1]);
            }
        if (round % 3 == 0)
            client_close(&c[0]);
        program_do(&p, job_close, NULL);
        assert_int_equal(cdp_inspector_sessions(p.insp), 0);
        for (int i = round % 3 == 0; i < CLIENTS; i++) {
            client_ended(&c[i]);
            client_close(&c[i]);
        }
    }
    /* V8 keeps what awaits a promise until that settles */
    client last;
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    client_attach(&last, cdp_inspector_url(p.insp));
    client_do(&last, "Runtime.evaluate",
              "{\"expression\":\"new Promise(f => setTimeout(f, 20))\",\"awaitPromise\":true}");
    client_close(&last);
    program_stop(&p);
}

/* Front-ends go away without a word, at any time. */
static void left_amid_calls(void **state)
{
    program p;
    client c, watcher;

    (void)state;
    program_open(&p, NULL);
    client_attach(&watcher, cdp_inspector_url(p.insp));
    for (int round = 0; round < ROUNDS; round++) {
        client_attach(&c, cdp_inspector_url(p.insp));
        client_command(&c, "Debugger.enable", NULL);
        client_command(&c, "Runtime.enable", NULL);
        for (int n = 0; n < round; n++)
            client_command(&c, "Runtime.evaluate", "{\"expression\":\"console.log('x')\"}");
        client_command(&c, "Runtime.evaluate", "{\"expression\":\"debugger; 1\"}");
        if (round % 2)
            cJSON_Delete(client_event(&c, "Debugger.paused"));
        client_close(&c);
        program_await_sessions(&p, 1);
        assert_string_equal(client_eval(&watcher, "1"), "1");
    }
    client_close(&watcher);
    program_stop(&p);
}

typedef struct caller {
    program *p;
    pthread_t thread;
    int wrong; /* the first line that was */
} caller;

static void *call_from_thread(void *arg)
{
    caller *c = arg;

    for (int round = 0; round < ROUNDS && !c->wrong; round++) {
        cdp_runtime_evaluate_params e = { .expression = cdp_s("6 * 7") };
        cdp_session *s = NULL;
        if (cdp_v8_connect_from_thread(&s, cdp_host_v8(c->p->h), NULL) < 0)
            c->wrong = __LINE__;
        for (int n = 0; n < round && !c->wrong; n++) {
            cdp_runtime_evaluate_result *res = NULL;
            if (cdp_runtime_evaluate(s, &e, &res) < 0)
                c->wrong = __LINE__;
            cdp_free(res);
        }
        cdp_runtime_evaluate_send(s, &e);
        cdp_close(s); /* with a call under way */
    }
    return NULL;
}

/* Sessions of threads, front-ends and the program's own scripts, all at once. */
static void all_at_once(void **state)
{
    program p;
    client c;
    caller callers[3];

    (void)state;
    program_open(&p, NULL);
    client_attach(&c, cdp_inspector_url(p.insp));
    for (size_t i = 0; i < COUNT(callers); i++) {
        callers[i] = (caller){ .p = &p };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_from_thread, &callers[i]),
                         0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(program_run(&p, "for (let i = 0; i < 1e5; i++);"), 0);
        assert_string_equal(client_eval(&c, "6 * 7"), "42");
    }
    for (size_t i = 0; i < COUNT(callers); i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    client_close(&c);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_amid_calls),
        cmocka_unit_test(left_amid_calls),
        cmocka_unit_test(all_at_once),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
