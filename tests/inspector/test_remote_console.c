/* test_remote_console.c - what a program says to front-ends alone. */
#include "program.h"

#include <cdp/value.h>

typedef struct spoken {
    const char *method;
    cdp_value args[4];
    size_t n;
} spoken;

static int job_console(program *p, void *arg)
{
    const spoken *s = arg;

    return cdp_inspector_console(p->insp, s->method, s->args, s->n);
}

static int say(program *p, const char *method, const char *a, const char *b)
{
    spoken s = { method, { cdp_json(a), cdp_json(b) }, a ? b ? 2u : 1u : 0u };

    return program_do(p, job_console, &s);
}

static void start(program *p, client *c)
{
    program_open(p, NULL);
    client_attach(c, cdp_inspector_url(p->insp));
}

static void stop(program *p, client *c)
{
    client_close(c);
    program_stop(p);
}

static cJSON *heard(client *c, const char *type)
{
    cJSON *m = client_event(c, "Runtime.consoleAPICalled");

    assert_string_equal(text_at(m, "type"), type);
    return m;
}

static void it_reaches_front_ends(void **state)
{
    program p;
    client c, d;

    (void)state;
    start(&p, &c);
    assert_int_equal(say(&p, "log", "\"before\"", "42"), 0);
    client_do(&c, "Runtime.enable", NULL);
    assert_true(client_has_event(&c, "Runtime.consoleAPICalled")); /* kept for it */
    cJSON *m = heard(&c, "log");
    assert_string_equal(text_at(m, "args.0.value"), "before");
    assert_int_equal(number_at(m, "args.1.value"), 42);
    assert_int_equal(cJSON_GetArraySize(at(m, "args")), 2);
    cJSON_Delete(m);
    assert_int_equal(say(&p, "warn", "{\"a\":[1,null,\"\xe2\x82\xac\"]}", NULL), 0);
    m = heard(&c, "warning");
    assert_string_equal(text_at(m, "args.0.type"), "object");
    assert_string_equal(text_at(m, "args.0.preview.properties.0.name"), "a");
    char *object = cJSON_PrintUnformatted(at(m, "args.0.objectId"));
    char text[256];
    snprintf(text, sizeof text,
             "{\"objectId\":%s,\"returnByValue\":true,\"functionDeclaration\":"
             "\"function () { return this.a[2] }\"}",
             object);
    cJSON_free(object);
    cJSON_Delete(m);
    m = client_call(&c, "Runtime.callFunctionOn", text);
    assert_string_equal(text_at(m, "result.result.value"), "\xe2\x82\xac");
    cJSON_Delete(m);
    assert_int_equal(say(&p, "log", NULL, NULL), 0); /* of which V8 tells nothing */
    assert_int_equal(say(&p, "error", "null", NULL), 0);
    m = heard(&c, "error");
    assert_string_equal(text_at(m, "args.0.subtype"), "null");
    cJSON_Delete(m);

    client_attach(&d, cdp_inspector_url(p.insp)); /* one that comes later hears all of it */
    client_do(&d, "Runtime.enable", NULL);
    cJSON_Delete(heard(&d, "log"));
    cJSON_Delete(heard(&d, "warning"));
    cJSON_Delete(heard(&d, "error"));
    client_close(&d);
    assert_string_equal(p.out, ""); /* and nothing is printed */
    stop(&p, &c);
}

static void every_method(void **state)
{
    static const struct {
        const char *method, *argument, *type; /* type NULL: no event */
    } table[] = {
        { "debug", "1", "debug" },
        { "error", "1", "error" },
        { "info", "1", "info" },
        { "log", "1", "log" },
        { "warn", "1", "warning" },
        { "dir", "{}", "dir" },
        { "dirxml", "{}", "dirxml" },
        { "table", "[{\"a\":1}]", "table" },
        { "trace", "1", "trace" },
        { "group", "\"g\"", "startGroup" },
        { "groupCollapsed", "\"g\"", "startGroupCollapsed" },
        { "groupEnd", NULL, "endGroup" },
        { "clear", NULL, "clear" },
        { "count", "\"c\"", "count" },
        { "countReset", "\"c\"", NULL },
        { "assert", "false", "assert" },
        { "assert", "true", NULL },
        { "time", "\"t\"", NULL },
        { "timeLog", "\"t\"", "log" },
        { "timeEnd", "\"t\"", "timeEnd" },
        { "timeStamp", "\"s\"", NULL },
        { "profile", "\"p\"", NULL },
        { "profileEnd", "\"p\"", NULL },
    };
    program p;
    client c;

    (void)state;
    start(&p, &c);
    client_do(&c, "Runtime.enable", NULL);
    for (size_t i = 0; i < COUNT(table); i++) {
        if (say(&p, table[i].method, table[i].argument, NULL) != 0)
            fail_msg("console.%s: %s", table[i].method, program_error(&p));
        assert_string_equal(client_eval(&c, "0"), "0"); /* what came of it is here now */
        if (!table[i].type) {
            if (client_has_event(&c, "Runtime.consoleAPICalled"))
                fail_msg("console.%s is heard", table[i].method);
            continue;
        }
        if (!client_has_event(&c, "Runtime.consoleAPICalled"))
            fail_msg("console.%s is not heard", table[i].method);
        cJSON_Delete(heard(&c, table[i].type));
    }
    assert_string_equal(p.out, "");
    stop(&p, &c);
}

static int job_printf(program *p, void *arg)
{
    const char *text = arg;

    return cdp_inspector_console_log(p->insp, "%d %s", 7, text) ||
           cdp_inspector_console_info(p->insp, "i") || cdp_inspector_console_warn(p->insp, "w") ||
           cdp_inspector_console_error(p->insp, "e") || cdp_inspector_console_debug(p->insp, "d") ||
           cdp_inspector_console_trace(p->insp, "t");
}

static int job_bad_text(program *p, void *arg)
{
    (void)arg;
    return cdp_inspector_console_log(p->insp, "%s", "\xff");
}

static void formatted(void **state)
{
    static const char *const types[] = { "info", "warning", "error", "debug", "trace" };
    static char text[] = "\"quoted\" \\ \n \xf0\x9f\x98\x80";
    program p;
    client c;

    (void)state;
    start(&p, &c);
    client_do(&c, "Runtime.enable", NULL);
    assert_int_equal(program_do(&p, job_printf, text), 0);
    cJSON *m = heard(&c, "log");
    assert_string_equal(text_at(m, "args.0.value"), "7 \"quoted\" \\ \n \xf0\x9f\x98\x80");
    cJSON_Delete(m);
    for (size_t i = 0; i < COUNT(types); i++)
        cJSON_Delete(heard(&c, types[i]));
    assert_int_equal(program_do(&p, job_bad_text, NULL), CDP_EINVAL);
    assert_string_equal(program_error(&p), "the text is not UTF-8");
    stop(&p, &c);
}

static void what_it_refuses(void **state)
{
    program p;
    client c;

    (void)state;
    start(&p, &c);
    client_do(&c, "Runtime.enable", NULL);
    assert_int_equal(say(&p, "noSuch", "1", NULL), CDP_EINVAL);
    assert_string_equal(program_error(&p), "the console has no such method");
    assert_int_equal(say(&p, "", "1", NULL), CDP_EINVAL);
    assert_int_equal(say(&p, "constructor", "1", NULL), CDP_EINVAL);
    assert_int_equal(say(&p, "toString", "1", NULL), CDP_EINVAL);
    assert_int_equal(say(&p, "log", "{", NULL), CDP_EINVAL);
    assert_string_equal(program_error(&p), "a value is no JSON");
    assert_int_equal(say(&p, "log", "1", "nonsense"), CDP_EINVAL);
    assert_string_equal(client_eval(&c, "0"), "0");
    assert_false(client_has_event(&c, "Runtime.consoleAPICalled"));
    assert_int_equal(say(&p, "log", "[\"__proto__\",{\"__proto__\":1}]", NULL), 0);
    cJSON_Delete(heard(&c, "log"));
    stop(&p, &c);
}

/* Whatever JavaScript does to its own console. */
static void it_is_not_javascripts(void **state)
{
    program p;
    client c;

    (void)state;
    start(&p, &c);
    client_do(&c, "Runtime.enable", NULL);
    program_run(&p, "console.log = () => { throw 1 }; console = null; JSON.parse = null");
    assert_int_equal(say(&p, "log", "[\"still\"]", NULL), 0);
    cJSON_Delete(heard(&c, "log"));
    program_do(&p, job_close, NULL); /* nobody is there, and nothing goes wrong */
    assert_int_equal(say(&p, "log", "1", NULL), 0);
    stop(&p, &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reaches_front_ends),
        cmocka_unit_test(every_method),
        cmocka_unit_test(formatted),
        cmocka_unit_test(what_it_refuses),
        cmocka_unit_test(it_is_not_javascripts),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
