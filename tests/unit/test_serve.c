/*
 * test_serve.c - the other side: commands served, answered now or later, or not at all, and what
 * is said to a client that sends something else.
 */
#include "../support/rig.h"

#include "../../runtime/core/pair.h"
#include "../../runtime/core/transport.h"

#include <cdp/console.h>
#include <cdp/debugger.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What the serving end sent last, as JSON. */
typedef struct log {
    char text[600];
    int n;
} log;

static void on_trace(cdp_session *s, bool sent, cdp_value message, void *data)
{
    log *l = data;
    cdp_str *text;

    (void)s;
    if (!sent)
        return;
    l->n++;
    assert_int_equal(cdp_value_text(message, &text), 0);
    snprintf(l->text, sizeof l->text, "%s", text->ptr);
    cdp_free(text);
}

/* The handler does what the expression says. */
static cdp_request *kept;
static cdp_session *to_close;
static int handler_calls;

static int respond_twice(cdp_request *req)
{
    cdp_runtime_remote_object o = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_NUMBER };
    cdp_runtime_evaluate_result res = { .result = &o };

    assert_int_equal(cdp_runtime_evaluate_respond(req, &res), 0);
    assert_int_equal(cdp_runtime_evaluate_respond(req, &res), CDP_ESTATE);
    assert_int_equal(cdp_respond_error(req, 1, "x"), CDP_ESTATE);
    return 0;
}

/* What can't be sent leaves the request open. */
static int respond_badly(cdp_request *req)
{
    cdp_runtime_evaluate_result res = { .result = NULL };

    assert_int_equal(cdp_runtime_evaluate_respond(req, &res), CDP_EINVAL);
    assert_int_equal(cdp_runtime_evaluate_respond(req, NULL), CDP_EINVAL);
    assert_int_equal(cdp_respond_value(req, cdp_json("{")), CDP_EINVAL);
    return cdp_respond_error(req, 5, "%s %d", "at last", 5);
}

static void close_it(void)
{
    cdp_close(to_close);
    to_close = NULL;
}

static int evaluate(cdp_request *req, const cdp_runtime_evaluate_params *params, void *self)
{
    const char *what = params->expression.ptr;

    handler_calls++;
    assert_ptr_equal(self, &kept);
    assert_string_equal(cdp_request_method(req).ptr, "Runtime.evaluate");
    assert_non_null(cdp_request_session(req));
    if (strcmp(what, "later") == 0)
        kept = req;
    else if (strcmp(what, "twice") == 0)
        return respond_twice(req);
    else if (strcmp(what, "badly") == 0)
        return respond_badly(req);
    else if (strcmp(what, "pass") == 0)
        return CDP_FALLTHROUGH;
    else if (strcmp(what, "close") == 0)
        close_it();
    else if (strcmp(what, "close and keep") == 0)
        close_it(), kept = req;
    else if (strcmp(what, "close and pass") == 0)
        return close_it(), CDP_FALLTHROUGH;
    else if (strcmp(what, "value") == 0)
        return cdp_respond_value(req, cdp_json("{\"result\":{\"type\":\"bigint\"}}"));
    else if (strcmp(what, "invalid") == 0)
        return CDP_EINVAL;
    else if (strcmp(what, "memory") == 0)
        return CDP_ENOMEM;
    else
        return cdp_respond(req);
    if (strncmp(what, "close", 5) == 0 && what[5] == 0) {
        assert_null(cdp_request_session(req));
        assert_int_equal(cdp_respond(req), CDP_ECLOSED);
    }
    return 0;
}

static int serve_rest(cdp_request *req, const cdp_value *params, void *self)
{
    ++*(int *)self;
    if (cdp_str_eq(cdp_request_method(req), cdp_s("Runtime.evaluate")))
        return cdp_respond_value(req, *params);
    if (cdp_str_eq(cdp_request_method(req), cdp_s("My.empty")))
        return params->ptr ? CDP_EINVAL : cdp_respond(req);
    return CDP_FALLTHROUGH;
}

static const cdp_runtime_domain_impl runtime = { .evaluate = evaluate };
static const cdp_debugger_domain_impl none = { 0 };

static void open_served(rig *r, int wire, log *l)
{
    rig_open(r, (cdp_wire)wire, NULL);
    *l = (log){ .n = 0 };
    cdp_set_trace(r->b, on_trace, l);
    kept = NULL;
    handler_calls = 0;
    to_close = r->b;
    assert_int_equal(cdp_debugger_serve(r->b, &none, NULL), 0);
    assert_int_equal(cdp_runtime_serve(r->b, &runtime, &kept), 0);
}

static int ask(rig *r, const char *what)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s(what) };

    return cdp_runtime_evaluate(r->a, &p, NULL);
}

static void test_answers(void **state)
{
    static const struct {
        const char *what;
        int status;
        const char *reply;
    } rows[] = {
        { "twice", 0, "{\"id\":1,\"result\":{\"result\":{\"type\":\"number\"}}}" },
        { "value", 0, "{\"id\":1,\"result\":{\"result\":{\"type\":\"bigint\"}}}" },
        { "empty", 0, "{\"id\":1,\"result\":{}}" },
        { "badly", CDP_EREMOTE, "{\"id\":1,\"error\":{\"code\":5,\"message\":\"at last 5\"}}" },
        { "pass", CDP_EREMOTE,
          "{\"id\":1,\"error\":{\"code\":-32601,\"message\":\"'Runtime.evaluate' wasn't "
          "found\"}}" },
        { "invalid", CDP_EREMOTE,
          "{\"id\":1,\"error\":{\"code\":-32602,\"message\":\"Invalid parameters\"}}" },
        { "memory", CDP_EREMOTE,
          "{\"id\":1,\"error\":{\"code\":-32000,\"message\":\"out of memory\"}}" },
    };

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            rig r;
            log l;
            open_served(&r, wire, &l);
            assert_int_equal(ask(&r, rows[i].what), rows[i].status);
            assert_string_equal(l.text, rows[i].reply);
            assert_int_equal(l.n, 1);
            assert_int_equal(handler_calls, 1);
            rig_close(&r);
        }
}

static void test_later(void **state)
{
    (void)state;
    for (int gone = 0; gone < 3; gone++) { /* 1: the asking end, 2: the answering end */
        rig r;
        log l;
        open_served(&r, CDP_JSON, &l);
        cdp_runtime_evaluate_params p = { .expression = cdp_s("later") };
        cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(r.a, &p);
        rig_settle(&r);
        assert_non_null(kept);
        assert_int_equal(l.n, 0);
        assert_ptr_equal(cdp_request_session(kept), r.b);
        if (gone == 1)
            cdp_close(r.a), r.a = NULL;
        if (gone == 2)
            cdp_close(r.b), r.b = NULL;
        if (gone == 2)
            assert_null(cdp_request_session(kept));
        assert_string_equal(cdp_request_method(kept).ptr, "Runtime.evaluate");
        assert_int_equal(cdp_respond(kept), gone ? CDP_ECLOSED : 0);
        if (!gone)
            assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, NULL), 0);
        rig_close(&r);
    }
}

static void test_close_in_handler(void **state)
{
    static const char *const ways[] = { "close", "close and pass", "close and keep" };

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++)
        for (int way = 0; way < 3; way++)
            for (int mine = 0; mine < 2; mine++) {
                rig r;
                log l;
                int rest = 0;
                cdp_runtime_evaluate_params p = { .expression = cdp_s(ways[way]) };
                open_served(&r, wire, &l);
                cdp_serve_any(r.b, serve_rest, &rest);
                cdp_runtime_serve(r.b, &runtime, &kept);
                to_close = mine ? r.b : r.a;
                if (!mine && way == 0) { /* "close" answers, to nobody */
                    rig_close(&r);
                    continue;
                }
                cdp_runtime_evaluate_send(r.a, &p);
                cdp_poll(mine ? r.a : r.b, 0);
                assert_int_equal(handler_calls, mine ? 1 : way == 1 ? 2 : 1);
                if (mine)
                    r.b = NULL;
                else
                    r.a = NULL;
                if (way == 2)
                    assert_int_equal(cdp_respond(kept), CDP_ECLOSED);
                rig_close(&r);
            }
}

static void test_fall_through(void **state)
{
    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        log l;
        int rest = 0;
        cdp_value *v;
        open_served(&r, wire, &l);
        assert_int_equal(cdp_serve_any(r.b, serve_rest, &rest), 0);
        assert_int_equal(
            cdp_call(r.a, "Runtime.evaluate", cdp_json("{\"expression\":\"pass\"}"), &v), 0);
        assert_true(cdp_value_str_eq(cdp_value_get(*v, "expression"), "pass"));
        cdp_free(v);
        assert_int_equal(cdp_call(r.a, "My.empty", (cdp_value){ 0 }, &v), 0);
        assert_int_equal(cdp_value_count(*v), 0);
        cdp_free(v);
        assert_int_equal(cdp_debugger_resume(r.a, NULL), CDP_EREMOTE);
        assert_int_equal(rest, 3);
        assert_int_equal(cdp_serve_any(r.b, NULL, NULL), 0);
        assert_int_equal(cdp_call(r.a, "My.empty", (cdp_value){ 0 }, &v), CDP_EREMOTE);
        assert_int_equal(rest, 3);
        assert_int_equal(cdp_runtime_serve(r.b, NULL, NULL), CDP_EINVAL);
        rig_close(&r);
    }
}

/* ---- what is wrong with a message, in the words of V8's dispatcher ---------- */

static const struct row {
    const char *message, *reply;
} wrong[] = {
    { "", "JSON: object expected at position 0" },
    { "nonsense", "JSON: object expected at position 0" },
    { "[]", "JSON: object expected at position 0" },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\"", "JSON: ',' or '}' expected at position 35" },
    { "{}", "-32600 Message must have integer 'id' property" },
    { "{\"id\":1}", "1 -32600 Message must have string 'method' property" },
    { "{\"id\":\"1\",\"method\":\"A.b\"}", "-32600 Message must have integer 'id' property" },
    { "{\"id\":1.5,\"method\":\"A.b\"}", "-32600 Message must have integer 'id' property" },
    { "{\"id\":1,\"method\":7}", "JSON: string expected at position 17" },
    { "{\"id\":1,\"method\":\"A.b\",\"params\":[]}",
      "1 -32600 Message may have object 'params' property" },
    { "{\"id\":1,\"method\":\"A.b\",\"params\":7}",
      "1 -32600 Message may have object 'params' property" },
    { "{\"id\":0,\"method\":\"A.b\"}", "0 -32601 'A.b' wasn't found" },
    { "{\"id\":-1,\"method\":\"A.b\"}", "-1 -32601 'A.b' wasn't found" },
    { "{\"id\":2147483647,\"method\":\"A.b\"}", "2147483647 -32601 'A.b' wasn't found" },
    { "{\"id\":2147483648,\"method\":\"A.b\"}", "-32600 Message must have integer 'id' property" },
    { "{\"method\":\"A.b\",\"id\":3,\"params\":{}}", "3 -32601 'A.b' wasn't found" },
    { "{\"params\":{},\"id\":3,\"method\":\"A.b\"}", "3 -32601 'A.b' wasn't found" },
    { "{\"id\":1,\"method\":\"A.b\",\"sessionId\":\"nobody\"}",
      "1 -32001 Session with given id not found." },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\"}",
      "1 -32602 Invalid parameters Failed to deserialize params.expression - BINDINGS: mandatory "
      "field missing at position" },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":7}}",
      "1 -32602 Invalid parameters Failed to deserialize params.expression - BINDINGS: string "
      "value "
      "expected at position" },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"\",\"silent\":1}}",
      "1 -32602 Invalid parameters Failed to deserialize params.silent - BINDINGS: bool value "
      "expected at position" },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"\",\"silent\":null}}",
      "1 -32602 Invalid parameters Failed to deserialize params.silent - BINDINGS: bool value "
      "expected at position" },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"\",\"contextId\":1.5}"
      "}",
      "1 -32602 Invalid parameters Failed to deserialize params.contextId - BINDINGS: int32 value "
      "expected at position" },
    { "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"\",\"timeout\":\"\"}"
      "}",
      "1 -32602 Invalid parameters Failed to deserialize params.timeout - BINDINGS: double value "
      "expected at position" },
    { "{\"id\":1,\"method\":\"Runtime.callFunctionOn\",\"params\":{\"arguments\":[{\"objectId\":2}]"
      "}}",
      "1 -32601 'Runtime.callFunctionOn' wasn't found" },
};

/* Message, code, id and data of what was sent, in one line. */
static void flatten(const char *json, char *line, size_t size)
{
    cdp_value v = cdp_json(json), *room;
    cdp_value id = cdp_value_get(v, "id");
    char number[24] = "";

    assert_int_equal(cdp_value_copy(v, CDP_JSON, &room), 0);
    if (id.ptr)
        snprintf(number, sizeof number, "%d ", (int)cdp_value_int(id, 99));
    cdp_str message = cdp_value_str(room, cdp_value_path(v, "error.message"));
    cdp_str data = cdp_value_str(room, cdp_value_path(v, "error.data"));
    int code = (int)cdp_value_int(cdp_value_path(v, "error.code"), 0);
    if (code == CDP_PARSE_ERROR)
        snprintf(line, size, "%s", message.ptr);
    else
        snprintf(line, size, "%s%d %s%s%s", number, code, message.ptr, data.ptr ? " " : "",
                 data.ptr ? data.ptr : "");
    cdp_free(room);
}

static void test_wrong_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rig r;
        log l;
        char line[600];
        open_served(&r, CDP_JSON, &l);
        rig_feed(r.b, wrong[i].message);
        assert_int_equal(l.n, 1);
        flatten(l.text, line, sizeof line);
        if (strncmp(line, wrong[i].reply, strlen(wrong[i].reply)) != 0)
            fail_msg("%s: %s", wrong[i].message, line);
        assert_int_equal(handler_calls, 0);
        rig_settle(&r);                        /* a reply to nobody */
        assert_int_equal(ask(&r, "value"), 0); /* and goes on */
        rig_close(&r);
    }
}

static int call_function_on(cdp_request *req, const cdp_runtime_call_function_on_params *params,
                            void *self)
{
    (void)params;
    (void)self;
    return cdp_respond(req);
}

/* Paths go through lists, whose indexes V8 leaves out; depth is bounded. */
static void test_nested_params(void **state)
{
    static const cdp_runtime_domain_impl impl = { .call_function_on = call_function_on };

    (void)state;
    for (int wire = CDP_JSON; wire <= CDP_CBOR; wire++) {
        rig r;
        log l;
        char line[600], deep[1600];
        cdp_value *v;
        open_served(&r, wire, &l);
        cdp_runtime_serve(r.b, &impl, NULL);
        assert_int_equal(
            cdp_call(r.a, "Runtime.callFunctionOn",
                     cdp_json("{\"functionDeclaration\":\"\",\"arguments\":[{},{\"objectId\":2}]}"),
                     NULL),
            CDP_EREMOTE);
        flatten(l.text, line, sizeof line);
        assert_non_null(strstr(line, "Failed to deserialize params.arguments.objectId - BINDINGS: "
                                     "string value expected at position"));
        assert_int_equal(cdp_last_error(r.a)->remote_code, CDP_INVALID_PARAMS);
        assert_true(cdp_last_error(r.a)->data.ptr != NULL);

        int n = snprintf(deep, sizeof deep,
                         "{\"functionDeclaration\":\"\",\"arguments\":[{\"value\":");
        memset(deep + n, '[', 295);
        memset(deep + n + 295, ']', 295);
        snprintf(deep + n + 590, sizeof deep - (size_t)n - 590, "}]}");
        assert_int_equal(cdp_call(r.a, "Runtime.callFunctionOn", cdp_json(deep), &v), 0);
        cdp_free(v);
        rig_close(&r);
    }
}

/* A client that is not served says nothing back, but to commands. */
static void test_no_echo(void **state)
{
    static const char *const quiet[] = { "",
                                         "{}",
                                         "{\"id\":1}",
                                         "[",
                                         "{\"method\":\"A.b\"}",
                                         "{\"error\":{\"code\":1,\"message\":\"m\"}}" };
    rig r;
    log l = { .n = 0 };

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_set_trace(r.a, on_trace, &l);
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
        rig_feed(r.a, quiet[i]);
    assert_int_equal(l.n, 0);
    rig_feed(r.a, "{\"id\":1,\"method\":\"A.b\"}");
    assert_int_equal(l.n, 1);
    assert_string_equal(
        l.text, "{\"id\":1,\"error\":{\"code\":-32601,\"message\":\"'A.b' wasn't found\"}}");
    rig_close(&r);
}

static void test_error_text(void **state)
{
    rig r;
    log l;
    char long_text[2000];

    (void)state;
    open_served(&r, CDP_JSON, &l);
    cdp_runtime_evaluate_params p = { .expression = cdp_s("later") };
    cdp_runtime_evaluate_cookie c = cdp_runtime_evaluate_send(r.a, &p);
    rig_settle(&r);
    for (size_t i = 0; i + 1 < sizeof long_text; i += 2)
        memcpy(long_text + i, "\xc3\xa9", 2); /* cut amid a character */
    long_text[sizeof long_text - 1] = 0;
    assert_int_equal(cdp_respond_error(kept, INT32_MIN, "x%s", long_text), 0);
    assert_int_equal(cdp_runtime_evaluate_reply(r.a, c, NULL), CDP_EREMOTE);
    assert_int_equal(cdp_last_error(r.a)->remote_code, INT32_MIN);
    assert_int_equal(cdp_last_error(r.a)->message.len, 511);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),          cmocka_unit_test(test_later),
        cmocka_unit_test(test_close_in_handler), cmocka_unit_test(test_fall_through),
        cmocka_unit_test(test_wrong_messages),   cmocka_unit_test(test_nested_params),
        cmocka_unit_test(test_no_echo),          cmocka_unit_test(test_error_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
