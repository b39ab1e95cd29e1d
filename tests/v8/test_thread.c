/*
 * test_thread.c - sessions of other threads than the isolate's: whatever that is doing, calls are
 * answered, and nothing is called back but where the session's own thread asks for it.
 */
#include "far_host.h"

#include <stdatomic.h>

/* ---- whatever the isolate is doing ----------------------------------------- */

static void check_calls(cdp_session *s)
{
    assert_string_equal(eval(s, "6 * 7"), "42");
    assert_string_equal(eval(s, "throw new Error('no')"),
                        "throws: Error: no\n    at <anonymous>:1:7");
    cdp_runtime_evaluate_result *res = evaluate(s, "new Promise(r => setTimeout(r, 1, 'later'))",
                                                true);
    assert_int_equal(res->result->type, CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING);
    cdp_free(res);
    assert_int_equal(cdp_call(s, "No.such", (cdp_value){ 0 }, NULL), CDP_EREMOTE);
    assert_int_equal(cdp_last_error(s)->remote_code, CDP_METHOD_NOT_FOUND);
}

static void calls_while_idle(void **state)
{
    (void)state;
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        far_host f = { .by_hand = by_hand };
        far_start(&f);
        cdp_session *s = far_connect(&f);
        check_calls(s);
        cdp_close(s);
        far_end(&f);
    }
}

static void calls_amid_an_endless_loop(void **state)
{
    far_host f = { .script = "var turns = 0;\nfor (;;) turns++" };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    double before = strtod(eval(s, "turns"), NULL);
    while (strtod(eval(s, "turns"), NULL) <= before)
        ; /* the loop goes on between calls */
    assert_int_equal(cdp_runtime_terminate_execution(s), 0);
    check_calls(s); /* the loop of the host answers again */
    cdp_close(s);
    far_end(&f);
    assert_int_equal(f.outcome, CDP_ECANCELED);
}

static void calls_while_waiting_for_a_debugger(void **state)
{
    far_host f = { .wait = true, .script = "var ran = 1" };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    assert_string_equal(eval(s, "typeof ran"), "\"undefined\"");
    cdp_free(evaluate(s, "Promise.resolve(1)", true));
    assert_int_equal(cdp_v8_wait_for_debugger(f.v, 0), CDP_ESTATE); /* not this thread */
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(s), 0);
    /* What is sent next may still be answered by the wait. */
    while (strcmp(eval(s, "typeof ran"), "\"number\"") != 0)
        ;
    cdp_close(s);
    far_end(&f);
    assert_int_equal(f.waited, 0);
    assert_int_equal(f.outcome, 0);
}

static void nobody_comes(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_v8_wait_for_debugger(cdp_host_v8(f->h), 1), CDP_ETIMEDOUT);
    assert_int_equal(cdp_v8_wait_for_debugger(cdp_host_v8(f->h), 0), CDP_ETIMEDOUT);
}

/* Commands run one after the other; those that are meant for what runs don't wait. */
static void commands_keep_their_order(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params count = { .expression = cdp_s("n = n + 1"),
                                          .return_by_value = CDP_SOME(true) };
    cdp_runtime_evaluate_params endless = { .expression = cdp_s("console.log(1); for (;;);") };
    cdp_runtime_evaluate_cookie c[100];

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    assert_string_equal(eval(s, "var n = 0"), "undefined");
    far_block(&f);
    for (int i = 0; i < 100; i++)
        c[i] = cdp_runtime_evaluate_send(s, &count);
    far_unblock(&f);
    for (int i = 0; i < 100; i++) {
        cdp_runtime_evaluate_result *res = NULL;
        assert_int_equal(cdp_runtime_evaluate_reply(s, c[i], &res), 0);
        assert_int_equal(cdp_value_num(res->result->value, -1), i + 1);
        cdp_free(res);
    }
    assert_int_equal(cdp_runtime_enable(s), 0);
    uint32_t begun = cdp_runtime_expect_console_api_called(s);
    cdp_runtime_evaluate_cookie loop = cdp_runtime_evaluate_send(s, &endless);
    cdp_runtime_evaluate_cookie late = cdp_runtime_evaluate_send(s, &count);
    assert_int_equal(cdp_runtime_take_console_api_called(s, begun, NULL), 0);
    cdp_runtime_evaluate_cookie others = cdp_runtime_evaluate_send(other, &count);
    assert_int_equal(cdp_runtime_terminate_execution(s), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(s, loop, NULL), CDP_EREMOTE);
    assert_int_equal(cdp_runtime_evaluate_reply(s, late, NULL), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(other, others, NULL), 0);
    cdp_close(other);
    cdp_close(s);
    far_end(&f);
}

static void a_pause_amid_a_command(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s(
                                          "var on = true; console.log(1); while (on); 'done'") };
    cdp_runtime_evaluate_result *res = NULL;

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    assert_int_equal(cdp_debugger_enable(s, NULL, NULL), 0);
    assert_int_equal(cdp_runtime_enable(s), 0);
    uint32_t begun = cdp_runtime_expect_console_api_called(s);
    uint32_t paused = cdp_debugger_expect_paused(s);
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(s, &p);
    assert_int_equal(cdp_runtime_take_console_api_called(s, begun, NULL), 0);
    assert_int_equal(cdp_debugger_pause(s), 0);
    assert_int_equal(cdp_debugger_take_paused(s, paused, NULL), 0);
    assert_string_equal(eval(s, "on = false"), "false"); /* here everything is served */
    assert_int_equal(cdp_debugger_resume(s, NULL), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(s, c, &res), 0);
    assert_int_equal(res->result->type, CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING);
    cdp_free(res);
    cdp_close(s);
    far_end(&f);
}

/* ---- pauses ---------------------------------------------------------------- */

static cdp_debugger_paused_event *enable_and_run(far_host *f, cdp_session *s)
{
    cdp_debugger_paused_event *ev = NULL;

    (void)f;
    assert_int_equal(cdp_debugger_enable(s, NULL, NULL), 0);
    uint32_t c = cdp_debugger_expect_paused(s);
    assert_int_equal(cdp_runtime_run_if_waiting_for_debugger(s), 0);
    assert_int_equal(cdp_debugger_take_paused(s, c, &ev), 0);
    return ev;
}

static const char paused_script[] = "var done, promise = new Promise(r => done = r);\n"
                                    "function f(x) {\n  debugger;\n  return x;\n}\n"
                                    "done(f(41));\n";

/* The script's result, once it has one. */
static void check_done(cdp_session *s, const char *text)
{
    cdp_runtime_evaluate_result *res = evaluate(s, "promise", true);

    assert_memory_equal(res->result->description.ptr, text, strlen(text));
    cdp_free(res);
}

static void calls_while_paused(void **state)
{
    far_host f = { .wait = true, .script = paused_script };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    cdp_debugger_paused_event *ev = enable_and_run(&f, s);
    cdp_debugger_evaluate_on_call_frame_params p = {
        .call_frame_id = ev->call_frames.items[0].call_frame_id, .expression = cdp_s("++x")
    };
    cdp_debugger_evaluate_on_call_frame_result *res = NULL;
    assert_int_equal(cdp_debugger_evaluate_on_call_frame(s, &p, &res), 0);
    assert_text(res->result->description, "42");
    cdp_free(res);
    cdp_free(ev);
    assert_string_equal(eval(other, "typeof f"), "\"function\"");
    assert_int_equal(cdp_debugger_resume(s, NULL), 0);
    check_done(other, "42");
    cdp_close(other);
    cdp_close(s);
    far_end(&f);
    assert_int_equal(f.outcome, 0);
}

static void closing_ends_a_pause(void **state)
{
    far_host f = { .wait = true, .script = paused_script };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    cdp_free(enable_and_run(&f, s));
    cdp_close(s);
    check_done(other, "41");
    cdp_close(other);
    far_end(&f);
}

/* Two debuggers: both are told, and one lets go for both. */
static void several_debuggers(void **state)
{
    far_host f = { .wait = true, .script = paused_script };
    cdp_debugger_paused_event *ev = NULL;

    (void)state;
    far_start(&f);
    cdp_session *a = far_connect(&f), *b = far_connect(&f);
    assert_int_equal(cdp_debugger_enable(b, NULL, NULL), 0);
    uint32_t paused = cdp_debugger_expect_paused(b);
    uint32_t resumed = cdp_debugger_expect_resumed(b);
    cdp_free(enable_and_run(&f, a));
    assert_int_equal(cdp_debugger_take_paused(b, paused, &ev), 0);
    assert_int_equal(ev->call_frames.n, 2);
    cdp_free(ev);
    assert_int_equal(cdp_debugger_resume(a, NULL), 0);
    assert_int_equal(cdp_debugger_take_resumed(b, resumed), 0);
    cdp_close(a);
    check_done(b, "41");
    cdp_close(b);
    far_end(&f);
}

/* ---- many ------------------------------------------------------------------ */

enum { THREADS = 16, CALLS = 200 };

typedef struct caller {
    far_host *f;
    pthread_t thread;
    int number, good;
} caller;

static void *call_often(void *data)
{
    caller *c = data;
    cdp_session *s = NULL;

    if (cdp_v8_connect_from_thread(&s, c->f->v, NULL) < 0)
        return NULL;
    for (int i = 0; i < CALLS; i++) {
        char text[64];
        cdp_runtime_evaluate_params p = { .return_by_value = CDP_SOME(true) };
        cdp_runtime_evaluate_result *res = NULL;
        snprintf(text, sizeof text, "%d * 1000 + %d", c->number, i);
        p.expression = cdp_s(text);
        if (cdp_runtime_evaluate(s, &p, &res) == 0 &&
            cdp_value_num(res->result->value, -1) == c->number * 1000 + i)
            c->good++;
        cdp_free(res);
    }
    cdp_close(s);
    return NULL;
}

static void many_threads(void **state)
{
    far_host f = { .script = "var turns = 0;\nfor (;;) turns++" };
    caller callers[THREADS];

    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        f = (far_host){ .script = busy ? "for (;;);" : NULL };
        far_start(&f);
        for (int i = 0; i < THREADS; i++) {
            callers[i] = (caller){ .f = &f, .number = i };
            assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(callers[i].thread, NULL);
            assert_int_equal(callers[i].good, CALLS);
        }
        if (busy) {
            cdp_session *s = far_connect(&f);
            assert_int_equal(cdp_runtime_terminate_execution(s), 0);
            cdp_close(s);
        }
        far_end(&f);
    }
}

/* ---- where callbacks run --------------------------------------------------- */

typedef struct seen {
    pthread_t thread;
    bool polling;
    int n, wrong;
} seen;

static void note(seen *n)
{
    n->n++;
    n->wrong += !n->polling || !pthread_equal(n->thread, pthread_self());
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)ev;
    note(data);
}

static void on_value(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    (void)res;
    assert_null(err);
    note(data);
}

static void poll_until(cdp_session *s, seen *n, int wanted)
{
    n->polling = true;
    while (n->n < wanted)
        assert_int_equal(cdp_poll(s, 10000), 0);
    n->polling = false;
}

static void callbacks_come_when_asked_for(void **state)
{
    far_host f = { 0 };
    seen n = { .thread = pthread_self() };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("console.log(1); 2") };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *other = far_connect(&f);
    cdp_runtime_on_console_api_called(s, on_console, &n);
    assert_int_equal(cdp_runtime_enable(s), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(cdp_runtime_evaluate(other, &p, NULL), 0);
    assert_int_equal(n.n, 0); /* they have come, and wait */
    poll_until(s, &n, 3);
    assert_true(cdp_runtime_evaluate_async(s, &p, on_value, &n) != 0);
    assert_string_equal(eval(other, "1"), "1");
    assert_int_equal(n.n, 3);
    poll_until(s, &n, 5);
    n.polling = true; /* a call that waits delivers, too */
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), 0);
    assert_int_equal(n.n, 6);
    assert_int_equal(n.wrong, 0);
    cdp_close(other);
    cdp_close(s);
    far_end(&f);
}

static void on_console_calls(cdp_session *s, const cdp_runtime_console_api_called_event *ev,
                             void *data)
{
    (void)ev;
    assert_string_equal(eval(s, "1 + 1"), "2");
    ++*(int *)data;
}

static void callbacks_may_call(void **state)
{
    far_host f = { 0 };
    int n = 0;

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_runtime_on_console_api_called(s, on_console_calls, &n);
    assert_int_equal(cdp_runtime_enable(s), 0);
    assert_string_equal(eval(s, "for (let i = 0; i < 20; i++) console.log(i); 20"), "20");
    assert_int_equal(n, 20);
    cdp_close(s);
    far_end(&f);
}

static void on_console_closes(cdp_session *s, const cdp_runtime_console_api_called_event *ev,
                              void *data)
{
    (void)ev;
    cdp_close(s);
    ++*(int *)data;
}

static void callbacks_may_close(void **state)
{
    far_host f = { 0 };
    int n = 0;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("console.log(1); console.log(2)") };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_runtime_on_console_api_called(s, on_console_closes, &n);
    assert_int_equal(cdp_runtime_enable(s), 0);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ECLOSED);
    assert_int_equal(n, 1);
    far_end(&f);
}

typedef struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool ringing;
} bell;

static void ring(void *data)
{
    bell *b = data;

    pthread_mutex_lock(&b->lock);
    b->ringing = true;
    pthread_cond_signal(&b->rung);
    pthread_mutex_unlock(&b->lock);
}

/* A program with a loop of its own: it sleeps until it is woken, and polls. */
static void loops_of_their_own(void **state)
{
    far_host f = { 0 };
    bell b = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
    cdp_v8_thread_options opt = { .wake = ring, .data = &b };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    cdp_session *s = NULL;
    seen n = { .thread = pthread_self(), .polling = true };

    (void)state;
    far_start(&f);
    assert_int_equal(cdp_v8_connect_from_thread(&s, f.v, &opt), 0);
    for (int i = 1; i <= 100; i++) {
        assert_true(cdp_runtime_evaluate_async(s, &p, on_value, &n) != 0);
        while (n.n < i) {
            pthread_mutex_lock(&b.lock);
            while (!b.ringing)
                pthread_cond_wait(&b.rung, &b.lock);
            b.ringing = false;
            pthread_mutex_unlock(&b.lock);
            assert_int_equal(cdp_poll(s, 0), 0);
        }
    }
    assert_int_equal(n.wrong, 0);
    cdp_close(s);
    far_end(&f);
}

/* ---- ends ------------------------------------------------------------------ */

static void on_error(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    (void)res;
    *(int *)data = err ? err->status : 0;
}

static void the_isolate_ends_first(void **state)
{
    far_host f = { 0 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };
    int status = 1;

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f), *idle = far_connect(&f);
    cdp_v8 *gone = f.v;
    assert_string_equal(eval(idle, "1"), "1");
    far_block(&f);
    assert_true(cdp_runtime_evaluate_async(s, &p, on_error, &status) != 0);
    far_unblock(&f);
    far_end(&f);
    assert_int_equal(status, 1); /* until this thread asks */
    cdp_run(s);
    assert_true(status == 0 || status == CDP_EIO);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_EIO);
    assert_has(cdp_last_error(s)->message.ptr, "the isolate is gone");
    assert_int_equal(cdp_runtime_evaluate(idle, &p, NULL), CDP_EIO);
    assert_has(cdp_last_error(idle)->message.ptr, "the isolate is gone");
    assert_int_equal(cdp_poll(idle, -1), CDP_EIO);
    cdp_close(idle);
    cdp_close(s);
    s = NULL;
    assert_int_equal(cdp_v8_connect_from_thread(&s, gone, NULL), CDP_ESTATE);
    assert_null(s);
}

/* Threads that come, call and go all the time, across the isolate's end. */
typedef struct visitor {
    far_host *f;
    pthread_t thread;
    atomic_int *visits;
    int status;
} visitor;

static void *visit(void *data)
{
    visitor *v = data;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("1") };

    while (v->status == 0) {
        cdp_session *s = NULL;
        v->status = cdp_v8_connect_from_thread(&s, v->f->v, NULL);
        if (v->status == 0) {
            cdp_runtime_evaluate_async(s, &p, NULL, NULL); /* may be left unanswered */
            v->status = cdp_runtime_evaluate(s, &p, NULL);
        }
        cdp_close(s);
        atomic_fetch_add(v->visits, 1);
    }
    return NULL;
}

static void visitors_at_the_end(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        far_host f = { 0 };
        visitor v[8];
        atomic_int visits = 0;
        far_start(&f);
        for (int i = 0; i < 8; i++) {
            v[i] = (visitor){ .f = &f, .visits = &visits };
            assert_int_equal(pthread_create(&v[i].thread, NULL, visit, &v[i]), 0);
        }
        cdp_session *s = far_connect(&f);
        while (atomic_load(&visits) < 20)
            assert_string_equal(eval(s, "1"), "1");
        far_end(&f);
        for (int i = 0; i < 8; i++) {
            pthread_join(v[i].thread, NULL);
            assert_true(v[i].status == CDP_EIO || v[i].status == CDP_ESTATE);
        }
        cdp_close(s);
    }
}

static void try_own_thread(far_host *f, void *data)
{
    cdp_session *s = NULL;

    *(int *)data = cdp_v8_connect_from_thread(&s, f->v, NULL);
}

static void the_isolates_own_thread_is_refused(void **state)
{
    int status = 0;
    far_host f = { .first = try_own_thread, .data = &status };

    (void)state;
    far_start(&f);
    cdp_session *s = NULL;
    assert_int_equal(cdp_v8_connect(&s, f.v, NULL), CDP_ESTATE); /* and the other one, here */
    assert_null(s);
    far_end(&f);
    assert_int_equal(status, CDP_ESTATE);
}

/* ---- the rest -------------------------------------------------------------- */

static void timeouts(void **state)
{
    far_host f = { 0 };
    cdp_v8_thread_options opt = { .session.timeout_ms = 1 };
    cdp_runtime_evaluate_params p = { .expression = cdp_s("var late = 1") };
    cdp_session *s = NULL;

    (void)state;
    far_start(&f);
    assert_int_equal(cdp_v8_connect_from_thread(&s, f.v, &opt), 0);
    far_block(&f);
    assert_int_equal(cdp_runtime_evaluate(s, &p, NULL), CDP_ETIMEDOUT);
    far_unblock(&f);
    cdp_set_timeout(s, 0, 30000);
    assert_string_equal(eval(s, "late"), "1"); /* it was evaluated, and nobody heard */
    cdp_close(s);
    far_end(&f);
}

static void big_replies(void **state)
{
    far_host f = { 0 };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_runtime_evaluate_result *res = evaluate(s, "'0123456789abcdef'.repeat(1 << 20)", false);
    size_t len = (size_t)16 << 20;
    assert_true(res->result->value.len > len);
    cdp_free(res);
    cdp_close(s);
    far_end(&f);
}

typedef struct snapshot {
    seen n;
    size_t bytes;
    char first[16], last;
} snapshot;

static void on_chunk(cdp_session *s, const cdp_heap_profiler_add_heap_snapshot_chunk_event *ev,
                     void *data)
{
    snapshot *h = data;

    (void)s;
    note(&h->n);
    if (h->bytes == 0)
        snprintf(h->first, sizeof h->first, "%s", ev->chunk.ptr);
    h->bytes += ev->chunk.len;
    h->last = ev->chunk.ptr[ev->chunk.len - 1];
}

static void heap_snapshots(void **state)
{
    far_host f = { 0 };
    snapshot h = { .n = { .thread = pthread_self(), .polling = true } };

    (void)state;
    far_start(&f);
    cdp_session *s = far_connect(&f);
    cdp_heap_profiler_on_add_heap_snapshot_chunk(s, on_chunk, &h);
    assert_int_equal(cdp_heap_profiler_take_heap_snapshot(s, NULL), 0);
    assert_memory_equal(h.first, "{\"snapshot\":", 12); /* all of it came before the reply */
    assert_int_equal(h.last, '}');
    assert_true(h.n.n > 1);
    assert_int_equal(h.n.wrong, 0);
    assert_int_equal(cdp_heap_profiler_collect_garbage(s), 0); /* which V8 answers from a task */
    cdp_close(s);
    far_end(&f);
}

typedef struct poster {
    cdp_session *s;
    seen n;
} poster;

static void on_post(cdp_session *s, void *data)
{
    poster *p = data;

    note(&p->n);
    if (p->n.n == 100)
        cdp_stop(s);
}

static void *post_often(void *data)
{
    poster *p = data;

    for (int i = 0; i < 100; i++)
        cdp_post(p->s, on_post, p);
    return NULL;
}

static void posting(void **state)
{
    far_host f = { 0 };
    poster p = { .n = { .thread = pthread_self(), .polling = true } };
    pthread_t thread;

    (void)state;
    far_start(&f);
    p.s = far_connect(&f);
    assert_int_equal(pthread_create(&thread, NULL, post_often, &p), 0);
    assert_int_equal(cdp_run(p.s), 0);
    pthread_join(thread, NULL);
    assert_int_equal(p.n.n, 100);
    assert_int_equal(p.n.wrong, 0);
    cdp_close(p.s);
    far_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_while_idle),
        cmocka_unit_test(calls_amid_an_endless_loop),
        cmocka_unit_test(calls_while_waiting_for_a_debugger),
        cmocka_unit_test(commands_keep_their_order),
        cmocka_unit_test(a_pause_amid_a_command),
        V8_TEST(nobody_comes),
        cmocka_unit_test(calls_while_paused),
        cmocka_unit_test(closing_ends_a_pause),
        cmocka_unit_test(several_debuggers),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(callbacks_come_when_asked_for),
        cmocka_unit_test(callbacks_may_call),
        cmocka_unit_test(callbacks_may_close),
        cmocka_unit_test(loops_of_their_own),
        cmocka_unit_test(the_isolate_ends_first),
        cmocka_unit_test(visitors_at_the_end),
        cmocka_unit_test(the_isolates_own_thread_is_refused),
        cmocka_unit_test(timeouts),
        cmocka_unit_test(big_replies),
        cmocka_unit_test(heap_snapshots),
        cmocka_unit_test(posting),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
