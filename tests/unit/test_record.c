/*
 * test_record.c - what a session does, written down and gone through again.
 */
#include "../support/rig.h"

#include "../../runtime/core/transport.h"

#include <cdp/debugger.h>
#include <cdp/record.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD "{\"recording\":1}\n"

static const cdp_value nothing;

/* A recording in memory. */
typedef struct tape {
    char text[65536];
    size_t len;
    int fail_at; /* the line that can't be written, from 1; 0: none */
    int lines;
} tape;

static int keep(const char *line, size_t len, void *data)
{
    tape *t = data;

    assert_true(len > 1 && line[len - 1] == '\n' && !memchr(line, '\n', len - 1));
    assert_true(t->len + len < sizeof t->text);
    if (++t->lines == t->fail_at)
        return CDP_EIO;
    memcpy(t->text + t->len, line, len);
    t->len += len;
    t->text[t->len] = 0;
    return 0;
}

/* Has every time be 0, for comparisons. */
static void no_times(tape *t)
{
    char *to = t->text;

    for (const char *from = t->text; *from;) {
        if (strncmp(from, "{\"ms\":", 6) == 0) {
            memcpy(to, "{\"ms\":0", 7);
            to += 7;
            from += 6 + strspn(from + 6, "0123456789");
        }
        *to++ = *from++;
    }
    *to = 0;
    t->len = (size_t)(to - t->text);
}

static int serve(cdp_request *req, const cdp_value *params, void *self)
{
    cdp_session *s = cdp_request_session(req);
    cdp_str method = cdp_request_method(req);

    (void)self;
    if (cdp_str_eq(method, cdp_s("A.event")))
        cdp_emit(s, "A.happened", *params);
    if (cdp_str_eq(method, cdp_s("A.late"))) {
        int rc = cdp_respond(req);
        cdp_emit(s, "A.happened", cdp_json("{\"late\":true}"));
        return rc;
    }
    if (cdp_str_eq(method, cdp_s("A.fail")))
        return cdp_respond_error(req, 7, "it failed");
    return cdp_respond_value(req, params->ptr ? *params : cdp_json("{\"empty\":1}"));
}

static void serve_all(rig *r)
{
    cdp_session *far;

    assert_int_equal(cdp_serve_any(r->b, serve, NULL), 0);
    assert_int_equal(cdp_attach(&far, r->b, cdp_s("child")), 0);
    assert_int_equal(cdp_serve_any(far, serve, NULL), 0);
}

/* ---- recording ----------------------------------------------------------------- */

static void count(cdp_session *s, bool sent, cdp_value message, void *data)
{
    (void)s;
    (void)sent;
    assert_true(message.len > 0);
    ++*(int *)data;
}

static void test_lines(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        int traced = 0;
        tape *t = calloc(1, sizeof *t);
        rig_open(&r, (cdp_wire)wire, NULL);
        serve_all(&r);
        cdp_set_trace(r.a, count, &traced);
        assert_int_equal(cdp_record_start(r.a, keep, t), 0);
        assert_int_equal(cdp_record_start(r.a, keep, t), CDP_ESTATE);
        assert_int_equal(cdp_call(r.a, "A.event", cdp_json("{\"a\":[1.5,\"\\u20ac\\n\"]}"), NULL),
                         0);
        cdp_session *child;
        assert_int_equal(cdp_attach(&child, r.a, cdp_s("child")), 0);
        assert_int_equal(cdp_call(child, "A.fail", nothing, NULL), CDP_EREMOTE);
        assert_int_equal(cdp_record_stop(r.a), 0);
        assert_int_equal(traced, 5);
        assert_int_equal(cdp_call(r.a, "A.event", nothing, NULL), 0);
        assert_non_null(strstr(t->text, "{\"recording\":1,\"cdpkit\":\"0."));
        no_times(t);
        assert_string_equal(
            strchr(t->text, '\n') + 1,
            "{\"ms\":0,\"sent\":{\"id\":1,\"method\":\"A.event\",\"params\":{\"a\":[1.5,"
            "\"\\u20ac\\n\"]}}}\n"
            "{\"ms\":0,\"received\":{\"method\":\"A.happened\",\"params\":{\"a\":[1.5,"
            "\"\\u20ac\\n\"]}}}\n"
            "{\"ms\":0,\"received\":{\"id\":1,\"result\":{\"a\":[1.5,\"\\u20ac\\n\"]}}}\n"
            "{\"ms\":0,\"sent\":{\"id\":2,\"method\":\"A.fail\",\"sessionId\":\"child\"}}\n"
            "{\"ms\":0,\"received\":{\"id\":2,\"error\":{\"code\":7,\"message\":\"it failed\"},"
            "\"sessionId\":\"child\"}}\n");
        rig_close(&r);
        free(t);
    }
}

/* What is no JSON, and JSON of several lines. */
static void test_odd_bytes(void **state)
{
    rig r;
    tape *t = calloc(1, sizeof *t);

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    assert_int_equal(cdp_record_start(r.a, keep, t), 0);
    rig_feed(r.a, "{\n\t\"method\":\r\n\"A.b\"}");
    rig_feed(r.a, "{\"method\":\"\x01\n\"}");
    cdp__receive(r.a, "\xd8\x5a\0", 3);
    cdp__receive(r.a, "", 0);
    no_times(t);
    assert_string_equal(strchr(t->text, '\n') + 1,
                        "{\"ms\":0,\"received\":{ \t\"method\":  \"A.b\"}}\n"
                        "{\"ms\":0,\"received\":\"eyJtZXRob2QiOiIBCiJ9\"}\n"
                        "{\"ms\":0,\"received\":\"2FoA\"}\n"
                        "{\"ms\":0,\"received\":\"\"}\n");
    rig_close(&r);
    free(t);
}

static void test_unwritable(void **state)
{
    (void)state;
    for (int at = 1; at <= 3; at++) {
        rig r;
        tape *t = calloc(1, sizeof *t);
        rig_open(&r, CDP_JSON, NULL);
        serve_all(&r);
        assert_int_equal(cdp_record_start(r.a, NULL, t), CDP_EINVAL);
        t->fail_at = at;
        assert_int_equal(cdp_record_start(r.a, keep, t), at == 1 ? CDP_EIO : 0);
        assert_int_equal(cdp_call(r.a, "A.event", nothing, NULL), 0);
        assert_int_equal(cdp_record_stop(r.a), CDP_EIO);
        assert_int_equal(t->lines, at);
        t->fail_at = 0;
        assert_int_equal(cdp_record_start(r.a, keep, t), 0); /* once more */
        assert_int_equal(cdp_record_stop(r.a), 0);
        rig_close(&r);
        free(t);
    }
}

static int close_it(const char *line, size_t len, void *data)
{
    cdp_session **s = data;
    cdp_session *victim = *s;

    (void)line;
    (void)len;
    *s = NULL;
    cdp_close(victim);
    return 0;
}

static void test_closed_by_its_recording(void **state)
{
    (void)state;
    for (int received = 0; received < 2; received++) {
        rig r;
        cdp_session *victim = NULL;
        rig_open(&r, CDP_JSON, NULL);
        assert_int_equal(cdp_record_start(r.a, close_it, &victim), 0);
        victim = r.a;
        if (received)
            rig_feed(r.a, "{\"method\":\"A.b\"}");
        else
            assert_int_equal(cdp_call(r.a, "A.b", nothing, NULL), CDP_ECLOSED);
        r.a = NULL;
        rig_close(&r);
    }
}

/* ---- going through it again ------------------------------------------------------ */

static void note_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    char *log = data;
    size_t n = strlen(log);

    snprintf(log + n, 1024 - n, "%s%s%.*s; ", cdp_session_id(s).ptr, method.ptr, (int)params->len,
             params->ptr ? params->ptr : "");
}

static void note_reply(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    char *log = data;
    size_t n = strlen(log);

    snprintf(log + n, 1024 - n, "%s%s%.*s; ", cdp_session_id(s).ptr, err ? err->message.ptr : "",
             result ? (int)result->len : 0, result ? result->ptr : "");
}

/* A program: what it sees is written to log. */
static void program(cdp_session *s, char *log)
{
    cdp_session *child;
    cdp_value *v;

    *log = 0;
    cdp_on_any(s, note_event, log);
    assert_int_equal(cdp_call(s, "A.event", cdp_json("{\"x\":1,\"y\":[{\"z\":null}]}"), &v), 0);
    note_reply(s, NULL, v, log);
    cdp_free(v);
    assert_int_equal(cdp_attach(&child, s, cdp_s("child")), 0);
    cdp_on_any(child, note_event, log);
    cdp_call_async(child, "A.event", cdp_json("{\"n\":1}"), note_reply, log);
    cdp_call_async(s, "A.fail", nothing, note_reply, log);
    cdp_call_async(child, "A.late", nothing, note_reply, log);
    assert_int_equal(cdp_call(s, "A.event", cdp_json("{\"n\":2}"), NULL), 0);
    assert_int_equal(cdp_call(s, "A.late", nothing, NULL), 0);
    cdp_poll(s, 0);
}

static cdp_session *replay(const char *text, const cdp_replay_options *opt)
{
    cdp_session *s;
    cdp_str *why;
    int rc = cdp_replay_open(&s, cdp_s(text), opt, &why);

    if (rc < 0)
        print_error("%s\n", why ? why->ptr : "no reason");
    assert_int_equal(rc, 0);
    assert_null(why);
    return s;
}

static void test_again(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++)
        for (int lenient = 0; lenient < 2; lenient++) {
            rig r;
            char first[1024], second[1024];
            tape *t = calloc(1, sizeof *t), *again = calloc(1, sizeof *t);
            rig_open(&r, (cdp_wire)wire, NULL);
            serve_all(&r);
            cdp_call(r.a, "A.before", nothing, NULL); /* ids differ then */
            assert_int_equal(cdp_record_start(r.a, keep, t), 0);
            program(r.a, first);
            assert_int_equal(cdp_record_stop(r.a), 0);
            rig_close(&r);
            cdp_session *s = replay(t->text, &(cdp_replay_options){ .lenient = lenient });
            assert_int_equal(cdp_record_start(s, keep, again), 0); /* a recording of a replay */
            program(s, second);
            if (wire == CDP_JSON)
                assert_string_equal(first, second);
            assert_non_null(strstr(second, "late"));
            assert_int_equal(cdp_poll(s, 0), 0);
            assert_int_equal(cdp_poll(s, -1), CDP_ECLOSED);
            assert_string_equal(cdp_last_error(s)->message.ptr, "the recording ends here");
            cdp_close(s);
            assert_int_equal(again->lines, t->lines);
            free(t);
            free(again);
        }
}

static const char two_calls[] = HEAD
    "{\"ms\":0,\"sent\":{\"id\":1,\"method\":\"A.one\",\"params\":{\"a\":1,\"b\":[true]}}}\n"
    "{\"ms\":1,\"received\":{\"id\":1,\"result\":{\"n\":1}}}\n"
    "{\"ms\":2,\"received\":{\"method\":\"A.happened\"}}\n"
    "{\"ms\":3,\"sent\":{\"id\":2,\"method\":\"A.two\",\"sessionId\":\"s\"}}\n"
    "{\"ms\":4,\"received\":{\"id\":2,\"result\":{\"n\":2}}}\n";

static double call(cdp_session *s, const char *method, const char *params)
{
    cdp_value *v;

    assert_int_equal(cdp_call(s, method, cdp_json(params), &v), 0);
    double n = cdp_value_num(cdp_value_get(*v, "n"), -1);
    cdp_free(v);
    return n;
}

static void assert_refused(cdp_session *s, const char *method, const char *params, const char *why)
{
    assert_int_equal(cdp_call(s, method, cdp_json(params), NULL), CDP_EREMOTE);
    assert_int_equal(cdp_last_error(s)->remote_code, CDP_SERVER_ERROR);
    assert_string_equal(cdp_last_error(s)->message.ptr, why);
}

static void test_unexpected(void **state)
{
    cdp_session *s = replay(two_calls, NULL), *child, *other;

    (void)state;
    assert_refused(s, "A.two", NULL,
                   "\"A.two\" is not in the recording, which has \"A.one\" (line 2)");
    assert_refused(s, "A.one", "{\"a\":1}",
                   "\"A.one\" is not in the recording, which has it with other params (line 2)");
    assert_refused(s, "A.one", "{\"a\":1,\"b\":[true],\"c\":0}",
                   "\"A.one\" is not in the recording, which has it with other params (line 2)");
    assert_true(call(s, "A.one", " { \"b\" : [ true ], \"\\u0061\" : 1.0 } ") == 1);
    assert_int_equal(cdp_attach(&child, s, cdp_s("s")), 0);
    assert_int_equal(cdp_attach(&other, s, cdp_s("t")), 0);
    assert_refused(
        other, "A.two", NULL,
        "\"A.two\" is not in the recording, which has it with another sessionId (line 5)");
    assert_true(call(child, "A.two", "{}") == 2);
    assert_refused(s, "A.two", NULL,
                   "\"A.two\" is not in the recording, which has no more commands");
    cdp_close(s);
}

static void test_lenient(void **state)
{
    cdp_session *s = replay(two_calls, &(cdp_replay_options){ .lenient = true }), *child;
    char log[1024] = "";

    (void)state;
    cdp_on_any(s, note_event, log);
    assert_int_equal(cdp_attach(&child, s, cdp_s("s")), 0);
    assert_true(call(child, "A.two", NULL) == 2); /* the event, first */
    assert_string_equal(log, "A.happened; ");
    assert_refused(s, "A.one", "{}",
                   "\"A.one\" is not in the recording, which has it with other params (line 2)");
    assert_refused(s, "A.three", "{}",
                   "\"A.three\" is not in the recording, which has \"A.one\" (line 2)");
    assert_true(call(s, "A.one", "{\"b\":[true],\"a\":1}") == 1);
    assert_string_equal(log, "A.happened; ");
    cdp_close(s);
}

/* Commands that are left out hold up nothing, and take their replies with them. */
static void test_partial(void **state)
{
    cdp_session *s = replay(two_calls, &(cdp_replay_options){ .lenient = true, .partial = true });
    char log[1024] = "";

    (void)state;
    cdp_on_any(s, note_event, log);
    assert_int_equal(cdp_poll(s, 0), 0);
    assert_string_equal(log, "A.happened; ");
    assert_int_equal(cdp_poll(s, 0), 0);
    assert_true(call(s, "A.one", "{\"a\":1,\"b\":[true]}") == 1); /* late, and answered */
    assert_int_equal(cdp_poll(s, -1), CDP_ECLOSED);
    assert_string_equal(cdp_last_error(s)->message.ptr, "the recording ends here");
    cdp_close(s);
}

/* What does not wait for a command comes at once, the rest in time. */
static void test_order(void **state)
{
    static const char text[] = HEAD "{\"ms\":0,\"received\":{\"method\":\"A.zero\"}}\n"
                                    "{\"ms\":0,\"received\":{\"id\":7,\"result\":{}}}\n"
                                    "{\"ms\":0,\"received\":\"eyJ9\"}\n"
                                    "{\"ms\":0,\"sent\":{\"id\":9,\"method\":\"A.b\"}}\n"
                                    "{\"ms\":0,\"received\":{\"method\":\"A.one\"}}\n"
                                    "{\"ms\":0,\"sent\":{\"id\":9,\"method\":\"A.b\"}}\n"
                                    "{\"ms\":0,\"received\":{\"id\":9,\"result\":{\"n\":2}}}\n"
                                    "{\"ms\":0,\"received\":{\"method\":\"A.two\"}}\n"
                                    "{\"ms\":0,\"received\":{\"id\":9,\"result\":{\"n\":1}}}\n";
    cdp_session *s = replay(text, NULL);
    char log[1024] = "";

    (void)state;
    cdp_on_any(s, note_event, log);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cdp_poll(s, 0), 0);
    assert_string_equal(log, "A.zero; ");
    cdp_call_async(s, "A.b", nothing, note_reply, log);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cdp_poll(s, 0), 0);
    assert_string_equal(log, "A.zero; A.one; ");
    cdp_call_async(s, "A.b", nothing, note_reply, log);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cdp_poll(s, 0), 0);
    assert_string_equal(log, "A.zero; A.one; {\"n\":2}; A.two; {\"n\":1}; ");
    cdp_close(s);
}

static void test_unanswered(void **state)
{
    cdp_session *s = replay(HEAD "{\"ms\":0,\"sent\":{\"id\":1,\"method\":\"A.b\"}}\n", NULL);

    (void)state;
    assert_int_equal(cdp_call(s, "A.b", nothing, NULL), CDP_ECLOSED);
    assert_string_equal(cdp_last_error(s)->message.ptr, "A.b: the recording ends here");
    cdp_close(s);
}

static void test_delays(void **state)
{
    static const char text[] = HEAD "{\"ms\":0,\"sent\":{\"id\":1,\"method\":\"A.b\"}}\n"
                                    "{\"ms\":20,\"received\":{\"id\":1,\"result\":{\"n\":1}}}\n"
                                    "{\"ms\":600000,\"received\":{\"method\":\"A.b\"}}\n";
    cdp_session *s = replay(text, &(cdp_replay_options){ .delays = true });
    char log[1024] = "";

    (void)state;
    cdp_on_any(s, note_event, log);
    assert_true(call(s, "A.b", NULL) == 1);
    assert_int_equal(cdp_poll(s, 1), 0);
    assert_int_equal(cdp_poll(s, 0), 0);
    assert_string_equal(log, "");
    cdp_close(s);
}

static void posted(cdp_session *s, void *data)
{
    (void)data;
    cdp_stop(s);
}

static void close_when_told(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)method;
    (void)params;
    (void)data;
    cdp_close(s);
}

static void test_poll_and_close(void **state)
{
    cdp_session *s = replay(two_calls, NULL);

    (void)state;
    assert_int_equal(cdp_post(s, posted, NULL), 0);
    assert_int_equal(cdp_run(s), 0);
    assert_true(call(s, "A.one", "{\"a\":1,\"b\":[true]}") == 1);
    cdp_on(s, "A.happened", close_when_told, NULL); /* in time for what comes behind the reply */
    assert_int_equal(cdp_poll(s, 0), CDP_ECLOSED);
}

static void test_malformed(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "", "line 1: not a recording" },
        { "\n", "line 1: not a recording" },
        { "{}\n", "line 1: not a recording" },
        { "{\"recording\":2}\n", "line 1: a recording of another version" },
        { "{\"recording\":1}", "line 1: it is cut off" },
        { "{\"recording\":1", "line 1: not a recording" },
        { HEAD "{\"ms\":0,\"sent\":{\"id\":1,\"method\":\"A.b\"}}", "line 2: it is cut off" },
        { HEAD "{\"ms\":0,\"sent\":{\"id\":1,\"meth", "line 2: it is cut off" },
        { HEAD "{\"ms\":0,\"sent\":{\"id\":1,\"meth\n", "line 2: not a JSON object" },
        { HEAD "\n", "line 2: not a JSON object" },
        { HEAD "[]\n", "line 2: not a JSON object" },
        { HEAD "{\"ms\":0,\"sent\":{}} {}\n", "line 2: not a JSON object" },
        { HEAD "{\"ms\":0}\n", "line 2: either sent or received is needed" },
        { HEAD "{\"ms\":0,\"sent\":{},\"received\":{}}\n",
          "line 2: either sent or received is needed" },
        { HEAD "{\"ms\":0,\"sent\":{}}\n{\"ms\":\"0\",\"sent\":{}}\n", "line 3: ms is no time" },
        { HEAD "{\"ms\":-1,\"sent\":{}}\n", "line 2: ms is no time" },
        { HEAD "{\"sent\":{}}\n", "line 2: ms is no time" },
        { HEAD "{\"ms\":0,\"sent\":7}\n", "line 2: a message is an object, or a string" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cdp_session *s;
        cdp_str *why;
        assert_int_equal(cdp_replay_open(&s, cdp_s(rows[i].text), NULL, &why), CDP_EINVAL);
        assert_null(s);
        assert_string_equal(why->ptr, rows[i].why);
        cdp_free(why);
        assert_int_equal(cdp_replay_open(&s, cdp_s(rows[i].text), NULL, NULL), CDP_EINVAL);
    }
    cdp_close(replay(HEAD, NULL));
    cdp_close(replay("{\"recording\":1}\r\n{\"ms\":0,\"sent\":{},\"more\":1}\r\n", NULL));
}

/* ---- memory --------------------------------------------------------------------------- */

static int drop(const char *line, size_t len, void *data)
{
    (void)line;
    (void)len;
    (void)data;
    return 0;
}

static size_t scenario(size_t n, bool and_all_after)
{
    static const char text[] = HEAD "{\"ms\":0,\"received\":\"eyJ9\"}\n"
                                    "{\"ms\":0,\"received\":{\"method\":\"A.zero\"}}\n"
                                    "{\"ms\":0,\"sent\":{\"id\":9,\"method\":\"A.b\"}}\n"
                                    "{\"ms\":0,\"received\":{\"id\":9,\"result\":{\"n\":2}}}\n";
    char log[1024] = "";
    cdp_session *s;
    rig_heap h;

    rig_heap_init(&h);
    h.fail_at = n;
    h.and_all_after = and_all_after;
    cdp_replay_options opt = { .session = { .allocator = &h.allocator, .timeout_ms = 200 } };
    int rc = cdp_replay_open(&s, cdp_s(text), &opt, NULL);
    assert_int_equal(rc == 0, s != NULL);
    if (s) {
        cdp_record_start(s, drop, NULL);
        cdp_on_any(s, note_event, log);
        for (int i = 0; i < 3; i++)
            cdp_poll(s, 0);
        cdp_call(s, "A.c", nothing, NULL);
        rc = cdp_call(s, "A.b", nothing, NULL);
        if (n == 0)
            assert_int_equal(rc, 0);
        rc = cdp_record_stop(s);
        assert_true(rc == 0 || rc == CDP_ENOMEM);
        cdp_close(s);
    } else {
        assert_int_equal(rc, CDP_ENOMEM);
    }
    assert_int_equal(h.blocks, 0);
    return h.requests;
}

static void test_no_memory(void **state)
{
    size_t asked = scenario(0, false);

    (void)state;
    assert_true(asked > 10);
    for (size_t n = 1; n <= asked; n++) {
        scenario(n, false);
        scenario(n, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_unwritable), cmocka_unit_test(test_closed_by_its_recording),
        cmocka_unit_test(test_again),      cmocka_unit_test(test_unexpected),
        cmocka_unit_test(test_lenient),    cmocka_unit_test(test_partial),
        cmocka_unit_test(test_order),      cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_delays),     cmocka_unit_test(test_poll_and_close),
        cmocka_unit_test(test_malformed),  cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
