/* endure.c - see endure.h. */
#include "endure.h"

#include <cdp/runtime.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CONNECT_MS = 30000,
    NEVER_MS = 600000, /* later than anything here takes */
    PEAK = 1 << 20
};

typedef struct client {
    const endure_row *row;
    hostile peer;
    visit v;

    unsigned ended, wrong, lost, faults, other_faults;
    int status; /* of the first call that was wrong, or the first */
    char says[1024], fault[1024];
} client;

/* ---- what it is told ------------------------------------------------------------ */

/* A sentence that a terminal may be shown; what the peer itself says may be anything. */
static bool is_sentence(const cdp_error *err)
{
    for (size_t i = 0; i < err->message.len && err->status != CDP_EREMOTE; i++)
        if ((unsigned char)err->message.ptr[i] < ' ' || err->message.ptr[i] == 0x7f)
            return false;
    return err->message.len > 0;
}

static void note(client *c, int status, const cdp_error *err)
{
    const bool right = status == c->row->status && (status == 0 || is_sentence(err));

    c->ended++;
    if (c->ended == 1 || (!right && !c->wrong)) {
        c->status = status;
        snprintf(c->says, sizeof c->says, "%s", err ? err->message.ptr : "");
    }
    c->wrong += !right;
}

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    (void)res;
    note(data, err ? err->status : 0, err);
}

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    client *c = data;

    (void)s;
    c->lost++;
    c->wrong += why->status == 0 || !is_sentence(why);
}

static void on_fault(cdp_session *s, const cdp_error *err, void *data)
{
    client *c = data;

    (void)s;
    if (err->status == c->row->fault && is_sentence(err))
        c->faults++;
    else if (!c->other_faults++)
        snprintf(c->fault, sizeof c->fault, "%d: %s", err->status, err->message.ptr);
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)ev;
    (void)data;
}

/* ---- what it does --------------------------------------------------------------- */

static void call(client *c, const char *expression, size_t n)
{
    const cdp_runtime_evaluate_params p = { .expression = { expression, n } };

    if (!cdp_runtime_evaluate_async(c->v.s, &p, on_reply, c))
        note(c, cdp_last_error(c->v.s)->status, cdp_last_error(c->v.s));
}

static void connect_to(client *c, bool driven)
{
    cdp_remote_options opt = c->row->opt;
    char url[1024];

    snprintf(url, sizeof url, c->row->url ? c->row->url : "ws://127.0.0.1:%u/", c->peer.port);
    if (!opt.session.timeout_ms)
        opt.session.timeout_ms = NEVER_MS;
    if (!opt.connect_ms)
        opt.connect_ms = CONNECT_MS;
    int rc = visit_begin(&c->v, url, &opt, driven);
    cdp_set_lost(c->v.s, on_lost, c);
    cdp_set_fault(c->v.s, on_fault, c);
    if (c->row->end == ENDURE_ALIVE)
        assert_true(cdp_runtime_on_console_api_called(c->v.s, on_console, c) > 0);
    if (rc < 0) { /* as if the call had come to it */
        note(c, rc, cdp_last_error(c->v.s));
        c->lost = 1;
    }
}

static void check(const client *c)
{
    const endure_row *row = c->row;

    if (c->wrong || c->status != row->status)
        fail_msg("ended with %d, not %d: %s", c->status, row->status, c->says);
    if (row->says && !strstr(c->says, row->says))
        fail_msg("\"%s\" lacks \"%s\"", c->says, row->says);
    if (c->other_faults || (row->fault != 0) != (c->faults > 0))
        fail_msg("%u faults of status %d, %u others: %s", c->faults, row->fault, c->other_faults,
                 c->fault);
    assert_int_equal(c->lost, row->end == ENDURE_LOST);
    assert_in_range(c->v.heap.peak, 1, row->peak ? row->peak : PEAK);
}

void endure_once(const endure_row *row, bool driven)
{
    const unsigned calls = row->calls ? row->calls : 1;
    client *c = calloc(1, sizeof *c);
    char *expression = malloc(row->each + 1);

    assert_non_null(c);
    assert_non_null(expression);
    memset(expression, '1', row->each + 1);
    c->row = row;
    hostile_start(&c->peer, &row->peer);
    connect_to(c, driven);
    for (unsigned i = c->ended; i < calls; i++)
        call(c, expression, row->each + 1);
    while (c->ended < calls || (row->end == ENDURE_LOST && !c->lost))
        visit_turn(&c->v);
    check(c);
    if (row->end == ENDURE_ALIVE) {
        c->row = &(const endure_row){ .fault = row->fault };
        call(c, "1", 1);
        while (c->ended <= calls)
            visit_turn(&c->v);
        if (c->wrong)
            fail_msg("a further call ends with %d: %s", c->status, c->says);
        assert_int_equal(c->lost, 0);
    }
    visit_end(&c->v);
    assert_int_equal(c->ended, row->end == ENDURE_ALIVE ? calls + 1 : calls);
    if (hostile_stop(&c->peer))
        fail_msg("it went where it was not sent");
    free(expression);
    free(c);
}

/* ---- as test cases -------------------------------------------------------------- */

static void by_itself(void **state)
{
    const unsigned files = open_files();

    endure_once(*state, false);
    assert_int_equal(open_files(), files);
}

static void on_callers_loop(void **state)
{
    const unsigned files = open_files();

    endure_once(*state, true);
    assert_int_equal(open_files(), files);
}

/* The first loop and the first thread open files that stay. */
static int warm_up(void **state)
{
    static const endure_row plain = { .name = "a peer as it should be", .end = ENDURE_ALIVE };

    (void)state;
    endure_once(&plain, false);
    endure_once(&plain, true);
    return 0;
}

int endure(const char *group, const endure_row *rows, size_t n)
{
    struct CMUnitTest *tests = calloc(2 * n, sizeof *tests);
    char(*names)[128] = calloc(n, sizeof *names);

    if (!tests || !names)
        return 1;
    for (size_t i = 0; i < n; i++) {
        union {
            const endure_row *row;
            void *state;
        } u = { &rows[i] };
        snprintf(names[i], sizeof *names, "%s, on a loop of the caller's", rows[i].name);
        tests[2 * i] = (struct CMUnitTest){ rows[i].name, by_itself, NULL, NULL, u.state };
        tests[2 * i + 1] = (struct CMUnitTest){ names[i], on_callers_loop, NULL, NULL, u.state };
    }
    int failed = _cmocka_run_group_tests(group, tests, 2 * n, warm_up, NULL);
    free(names);
    free(tests);
    return failed;
}
