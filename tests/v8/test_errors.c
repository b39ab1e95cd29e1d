/* test_errors.c - scripts that throw, promises that are rejected: who hears of it, and how. */
#include "v8_test.h"

#include <unistd.h>

typedef struct heard {
    int thrown, revoked;
    int32_t last_id, revoked_id;
    int32_t line, column;
    size_t frames;
    char text[64], description[256], url[256], reason[64];
} heard;

static void on_thrown(cdp_session *s, const cdp_runtime_exception_thrown_event *ev, void *data)
{
    heard *h = data;
    const cdp_runtime_exception_details *e = ev->exception_details;
    const cdp_runtime_remote_object *x = e->exception;

    (void)s;
    h->thrown++;
    h->last_id = e->exception_id;
    h->line = e->line_number;
    h->column = e->column_number;
    h->frames = e->stack_trace ? e->stack_trace->call_frames.n : 0;
    snprintf(h->text, sizeof h->text, "%s", e->text.ptr);
    snprintf(h->url, sizeof h->url, "%s", e->url.ptr ? e->url.ptr : "");
    snprintf(h->description, sizeof h->description, "%s",
             x && x->description.ptr ? x->description.ptr : "");
}

static void on_revoked(cdp_session *s, const cdp_runtime_exception_revoked_event *ev, void *data)
{
    heard *h = data;

    (void)s;
    h->revoked++;
    h->revoked_id = ev->exception_id;
    snprintf(h->reason, sizeof h->reason, "%s", ev->reason.ptr);
}

static void listen(fixture *f, heard *h)
{
    memset(h, 0, sizeof *h);
    cdp_runtime_on_exception_thrown(f->s, on_thrown, h);
    cdp_runtime_on_exception_revoked(f->s, on_revoked, h);
    assert_int_equal(cdp_runtime_enable(f->s), 0);
}

static int run_failing(fixture *f, const char *text)
{
    return cdp_host_run_text(f->h, "test.js", cdp_s(text), NULL);
}

static void a_script_throws(void **state)
{
    fixture *f = *state;
    cdp_str *stack = NULL;
    heard h;

    listen(f, &h);
    assert_int_equal(run_failing(f, "\nfunction a() {\n   throw new TypeError('no')\n}\na()"),
                     CDP_EREMOTE);
    const cdp_error *e = cdp_host_error(f->h);
    assert_int_equal(e->status, CDP_EREMOTE);
    assert_text(e->message, "Uncaught TypeError: no");
    assert_text(e->path, "test.js:3:4");
    assert_int_equal(cdp_value_text(e->data, &stack), 0);
    assert_has(stack->ptr, "at a (test.js:3:10)");
    cdp_free(stack);
    assert_int_equal(h.thrown, 1);
    assert_string_equal(h.text, "Uncaught");
    assert_has(h.description, "TypeError: no");
    assert_int_equal(h.line, 2);
    assert_int_equal(h.column, 3);
    assert_int_equal(h.frames, 2);
    assert_int_equal(f->uncaught, 0); /* it was returned */
    assert_int_equal(f->n_out[1], 0);
    cdp_host_print_error(f->h);
    assert_has(f->out[1],
               "test.js:3\n   throw new TypeError('no')\n   ^\n\nTypeError: no\n    at a");
    assert_int_equal(cdp_host_exit_code(f->h), 1);
    assert_int_equal(cdp_host_run(f->h), 0);
}

static void a_script_throws_what_is_no_error(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *script, *message;
    } rows[] = {
        { "throw 7", "Uncaught 7" },
        { "throw undefined", "Uncaught undefined" },
        { "throw 'text'", "Uncaught text" },
        { "throw {a: 1}", "Uncaught [object Object]" },
        { "throw {toString() { throw 1 }}", "Uncaught" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(run_failing(f, rows[i].script), CDP_EREMOTE);
        assert_has(cdp_host_error(f->h)->message.ptr, rows[i].message);
        assert_null(cdp_host_error(f->h)->data.ptr);
    }
}

static void a_script_does_not_compile(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    assert_int_equal(run_failing(f, "var x = ;"), CDP_EREMOTE);
    assert_text(cdp_host_error(f->h)->message, "Uncaught SyntaxError: Unexpected token ';'");
    assert_text(cdp_host_error(f->h)->path, "test.js:1:9");
    assert_int_equal(h.thrown, 1);
}

static void a_caught_exception_is_nobodys_business(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "try { throw 1 } catch (e) {}");
    run(f, "Promise.reject(1).catch(() => {})");
    run(f, "(async () => { try { await Promise.reject(2) } catch (e) {} })()");
    assert_int_equal(h.thrown, 0);
    assert_int_equal(cdp_host_exit_code(f->h), 0);
}

static void a_timer_throws(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "setTimeout(() => { throw new Error('late') }, 1); setTimeout(() => { ok = 1 }, 20)");
    assert_int_equal(cdp_host_run(f->h), CDP_EREMOTE);
    assert_text(cdp_host_error(f->h)->message, "Uncaught Error: late");
    assert_int_equal(f->uncaught, 1);
    assert_int_equal(h.thrown, 1);
    assert_int_equal(cdp_host_exit_code(f->h), 1);
    assert_int_equal(cdp_host_run(f->h), 0); /* goes on where it stopped */
    assert_string_equal(eval(f->s, "ok"), "1");
}

static void a_microtask_throws(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "queueMicrotask(() => { throw new Error('micro') }); 1");
    assert_int_equal(h.thrown, 1);
    assert_int_equal(f->uncaught, 1);
    assert_string_equal(f->last_uncaught, "Uncaught Error: micro");
    assert_int_equal(cdp_host_run(f->h), CDP_EREMOTE);
    assert_int_equal(
        run_failing(f, "queueMicrotask(() => { throw new Error('b') }); throw Error('a')"),
        CDP_EREMOTE);
    assert_text(cdp_host_error(f->h)->message, "Uncaught Error: a");
    assert_string_equal(f->last_uncaught, "Uncaught Error: b");
}

static void a_rejection_is_reported(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "\n  Promise.reject(new Error('nobody'))");
    assert_int_equal(h.thrown, 1);
    assert_string_equal(h.text, "Uncaught (in promise)");
    assert_has(h.description, "Error: nobody");
    assert_int_equal(h.line, 1);
    assert_int_equal(f->uncaught, 1);
    assert_string_equal(f->last_uncaught, "Uncaught (in promise) Error: nobody");
    assert_int_equal(cdp_host_exit_code(f->h), 1);
    assert_int_equal(cdp_host_run(f->h), CDP_EREMOTE);
}

static void a_rejection_is_revoked(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "var p = Promise.reject(1), q = Promise.reject(2)");
    assert_int_equal(h.thrown, 2);
    int32_t last = h.last_id;
    assert_string_equal(eval(f->s, "q.catch(() => {}); 1"), "1");
    assert_int_equal(h.revoked, 1);
    assert_int_equal(h.revoked_id, last);
    assert_string_equal(h.reason, "Handler added to rejected promise");
    assert_string_equal(eval(f->s, "p.catch(() => {}); 1"), "1");
    assert_int_equal(h.revoked, 2);
    assert_int_not_equal(h.revoked_id, last);
}

/* A handler that comes before the microtasks are through is in time. */
static void a_late_handler_is_in_time(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    run(f, "var r = Promise.reject(1); queueMicrotask(() => r.catch(() => {}))");
    assert_int_equal(h.thrown, 0);
    run(f, "for (let i = 0; i < 1000; i++) { let p = Promise.reject(i); p.catch(() => {}) }");
    assert_int_equal(h.thrown, 0);
    assert_int_equal(f->uncaught, 0);
}

static void handle_inside(cdp_session *s, const cdp_runtime_exception_thrown_event *ev, void *data)
{
    (void)ev;
    (void)data;
    assert_string_equal(eval(s, "p.catch(() => {}); 1"), "1");
}

static void a_handler_added_while_it_is_reported(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    cdp_runtime_on_exception_thrown(f->s, handle_inside, NULL);
    run(f, "var p = Promise.reject(1)");
    assert_int_equal(h.thrown, 1);
    assert_int_equal(h.revoked, 1);
    assert_int_equal(h.revoked_id, h.last_id);
}

static void many_rejections(void **state)
{
    fixture *f = *state;
    heard h;

    run(f, "for (let i = 0; i < 10000; i++) Promise.reject(i)");
    assert_int_equal(f->uncaught, 10000);
    listen(f, &h);
    assert_true(h.thrown > 0 && h.thrown <= 1000); /* V8 keeps that many messages */
}

/* V8 keeps what nobody heard, for whoever comes. */
static void exceptions_are_replayed(void **state)
{
    fixture *f = *state;
    heard h;

    assert_int_equal(run_failing(f, "throw new Error('before')"), CDP_EREMOTE);
    listen(f, &h);
    assert_int_equal(h.thrown, 1);
    assert_has(h.description, "Error: before");
    assert_int_equal(h.frames, 1);
}

static void evaluations_keep_their_exceptions(void **state)
{
    fixture *f = *state;
    heard h;

    listen(f, &h);
    assert_has(eval(f->s, "throw new RangeError('mine')"), "throws: RangeError: mine");
    assert_has(eval(f->s, "throw 3"), "throws: ");
    assert_has(eval(f->s, "}"), "throws: SyntaxError");
    assert_int_equal(h.thrown, 0);
    assert_int_equal(cdp_host_exit_code(f->h), 0);
}

static void files(void **state)
{
    fixture *f = *state;
    char name[] = "/tmp/cdp test XXXXXX";
    cdp_value *v = NULL;
    heard h;
    int fd = mkstemp(name);
    static const char text[] = "#!/usr/bin/env node\nif (globalThis.boom) throw Error('x'); [1, 2]";

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    assert_int_equal(cdp_host_run_file(f->h, name, &v), 0);
    assert_int_equal(v->len, 5);
    assert_memory_equal(v->ptr, "[1,2]", 5);
    cdp_free(v);
    listen(f, &h);
    run(f, "boom = true");
    assert_int_equal(cdp_host_run_file(f->h, name, &v), CDP_EREMOTE);
    assert_null(v);
    assert_has(h.url, "file:///tmp/cdp%20test%20");
    assert_has(cdp_host_error(f->h)->path.ptr, "/tmp/cdp test ");
    unlink(name);
    assert_int_equal(cdp_host_run_file(f->h, name, NULL), CDP_EIO);
    assert_true(cdp_host_error(f->h)->sys < 0);
    assert_int_equal(cdp_host_run_file(f->h, "/tmp", NULL), CDP_EIO);
}

static void results(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *script, *json; /* NULL: none */
    } rows[] = {
        { "1 + 1", "2" },
        { "'a\\u0000\\u00e9'", "\"a\\u0000\xc3\xa9\"" },
        { "({a: [null, true]})", "{\"a\":[null,true]}" },
        { "undefined", NULL },
        { "(function () {})", NULL },
        { "var c = {}; c.c = c", NULL },
        { "({toJSON() { throw 1 }})", NULL },
        { "10n", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        cdp_value *v = NULL;
        assert_int_equal(cdp_host_run_text(f->h, NULL, cdp_s(rows[i].script), &v), 0);
        assert_int_equal(v != NULL, rows[i].json != NULL);
        if (v)
            assert_memory_equal(v->ptr, rows[i].json, strlen(rows[i].json));
        cdp_free(v);
    }
    assert_int_equal(cdp_host_exit_code(f->h), 0);
    assert_int_equal(f->uncaught, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(a_script_throws),
        V8_TEST(a_script_throws_what_is_no_error),
        V8_TEST(a_script_does_not_compile),
        V8_TEST(a_caught_exception_is_nobodys_business),
        V8_TEST(a_timer_throws),
        V8_TEST(a_microtask_throws),
        V8_TEST(a_rejection_is_reported),
        V8_TEST(a_rejection_is_revoked),
        V8_TEST(a_late_handler_is_in_time),
        V8_TEST(a_handler_added_while_it_is_reported),
        V8_TEST(many_rejections),
        V8_TEST(exceptions_are_replayed),
        V8_TEST(evaluations_keep_their_exceptions),
        V8_TEST(files),
        V8_TEST(results),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
