/* test_http_routes.c - what an inspector answers over HTTP. */
#include "program.h"

#include <sys/socket.h>

static answer get(program *p, const char *path)
{
    answer a;

    http_get(&a, cdp_inspector_port(p->insp), path, NULL);
    return a;
}

static void assert_keys(const cJSON *object, const char *const *keys, size_t n)
{
    const cJSON *m = object->child;

    for (size_t i = 0; i < n; i++, m = m->next) {
        assert_non_null(m);
        assert_string_equal(m->string, keys[i]);
    }
    assert_null(m);
}

/* ---- documents ----------------------------------------------------------------- */

static void the_list(void **state)
{
    static const char *const paths[] = { "/json", "/json/", "/json/list", "/json/list/",
                                         "/JSON/List" };
    static const char *const keys[] = { "description",
                                        "devtoolsFrontendUrl",
                                        "devtoolsFrontendUrlCompat",
                                        "faviconUrl",
                                        "id",
                                        "title",
                                        "type",
                                        "url",
                                        "webSocketDebuggerUrl" };
    program p;
    char text[256];

    (void)state;
    program_open(&p, NULL);
    for (size_t i = 0; i < COUNT(paths); i++) {
        cJSON *list = http_json(cdp_inspector_port(p.insp), paths[i]);
        const cJSON *t = at(list, "0");
        assert_int_equal(cJSON_GetArraySize(list), 1);
        assert_keys(t, keys, COUNT(keys));
        assert_string_equal(text_at(t, "type"), "node");
        assert_string_equal(text_at(t, "title"), "main");
        assert_string_equal(text_at(t, "url"), "file://");
        assert_string_equal(text_at(t, "webSocketDebuggerUrl"), cdp_inspector_url(p.insp));
        assert_string_equal(text_at(t, "id"), strrchr(cdp_inspector_url(p.insp), '/') + 1);
        snprintf(text, sizeof text, "&ws=%s", cdp_inspector_url(p.insp) + strlen("ws://"));
        assert_has(text_at(t, "devtoolsFrontendUrl"), text);
        assert_has(text_at(t, "devtoolsFrontendUrl"), "devtools://devtools/bundled/js_app.html?");
        assert_has(text_at(t, "devtoolsFrontendUrlCompat"), text);
        cJSON_Delete(list);
    }
    program_stop(&p);
}

static void the_version_and_the_protocol(void **state)
{
    static const char *const keys[] = { "Browser", "Protocol-Version" };
    static const char *const domains[] = { "Runtime",    "Debugger",    "Target",
                                           "NodeWorker", "NodeRuntime", "Schema" };
    program p;

    (void)state;
    program_open(&p, NULL);
    unsigned port = cdp_inspector_port(p.insp);
    cJSON *version = http_json(port, "/json/version"), *again = http_json(port, "/JSON/VERSION/");
    assert_keys(version, keys, COUNT(keys));
    assert_int_equal(strncmp(text_at(version, "Browser"), "cdpkit/", 7), 0);
    assert_true(cJSON_Compare(version, again, true));
    cJSON_Delete(version);
    cJSON_Delete(again);

    cJSON *protocol = http_json(port, "/json/protocol");
    for (size_t i = 0; i < COUNT(domains); i++) {
        const cJSON *d;
        bool found = false;
        cJSON_ArrayForEach(d, at(protocol, "domains"))
        {
            found = found || strcmp(text_at(d, "domain"), domains[i]) == 0;
        }
        if (!found)
            fail_msg("the protocol lacks %s", domains[i]);
    }
    cJSON_Delete(protocol);
    program_stop(&p);
}

static void headers(void **state)
{
    static const struct {
        const char *path;
        int status;
    } table[] = { { "/json", 200 },
                  { "/json/version", 200 },
                  { "/json/protocol", 200 },
                  { "/json/activate", 400 },
                  { "/", 400 },
                  { "/json/list/x", 400 } };
    program p;

    (void)state;
    program_open(&p, NULL);
    for (size_t i = 0; i < COUNT(table); i++) {
        answer a = get(&p, table[i].path);
        assert_int_equal(a.status, table[i].status);
        assert_has(a.head, "\r\nX-Content-Type-Options: nosniff\r\n");
        assert_has(a.head, a.status == 200 ? "\r\nContent-Type: application/json; charset=UTF-8\r\n"
                                           : "\r\nContent-Type: text/plain; charset=UTF-8\r\n");
        assert_has(a.head, "\r\nCache-Control: no-cache\r\n");
        assert_null(strstr(a.head, "Access-Control"));
        answer_free(&a);
    }
    program_stop(&p);
}

static void anything_else(void **state)
{
    static const char *const paths[] = { "/",
                                         "/json/new",
                                         "/json/close",
                                         "/json/activate",
                                         "/jsonlist",
                                         "/json//",
                                         "/json/lis",
                                         "/json/list/list",
                                         "/favicon.ico",
                                         "/00000000-0000-0000-0000-000000000000" };
    program p;

    (void)state;
    program_open(&p, NULL);
    for (size_t i = 0; i < COUNT(paths); i++) {
        answer a = get(&p, paths[i]);
        assert_int_equal(a.status, 400);
        assert_string_equal(a.body, "WebSockets request was expected\r\n");
        answer_free(&a);
    }
    program_stop(&p);
}

static void other_methods(void **state)
{
    static const struct {
        const char *request;
        int status;
    } table[] = {
        { "POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405 },
        { "HEAD /json HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
        { "OPTIONS /json HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
        { "PUT /json/new HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
        { "GET /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 400 },
        { "GET /json\r\n\r\n", 400 },
        { "nonsense\r\n\r\n", 400 },
        { "\x16\x03\x01\x02\r\n\r\n", 400 },
    };
    program p;

    (void)state;
    program_open(&p, NULL);
    for (size_t i = 0; i < COUNT(table); i++) {
        client c;
        answer a;
        client_dial(&c, cdp_inspector_port(p.insp));
        client_put_text(&c, table[i].request);
        client_answer(&c, &a);
        if (a.status != table[i].status)
            fail_msg("%s is answered with %d", table[i].request, a.status);
        assert_has(a.head, "\r\nConnection: close\r\n");
        answer_free(&a);
        client_answer(&c, &a);
        assert_int_equal(a.status, 0);
        client_close(&c);
    }
    program_stop(&p);
}

/* ---- texts --------------------------------------------------------------------- */

static void titles_are_escaped(void **state)
{
    static const char title[] =
        "a \"quoted\" \\ title\n\t\x01 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80";
    static const char url[] = "file:///tmp/\"x\".js";
    cdp_inspector_options opt = { .title = title, .url = url };
    program p;

    (void)state;
    program_open(&p, &opt);
    cJSON *list = http_json(cdp_inspector_port(p.insp), "/json");
    assert_string_equal(text_at(list, "0.title"), title);
    assert_string_equal(text_at(list, "0.url"), url);
    cJSON_Delete(list);
    program_stop(&p);
}

static void titles_that_are_no_utf8(void **state)
{
    cdp_inspector_options opt = { .title = "bad \xff\xfe title \xc3", .url = "\x80" };
    program p;

    (void)state;
    program_open(&p, &opt);
    cJSON *list = http_json(cdp_inspector_port(p.insp), "/json");
    assert_has(text_at(list, "0.title"), "bad ");
    assert_has(text_at(list, "0.title"), " title ");
    assert_string_equal(text_at(list, "0.webSocketDebuggerUrl"), cdp_inspector_url(p.insp));
    cJSON_Delete(list);
    program_stop(&p);
}

static void addresses_are_those_of_the_request(void **state)
{
    static const char *const hosts[] = { "localhost:8000", "LOCALHOST", "[::1]:80", "10.1.2.3:4" };
    program p;
    char text[256];
    answer a;

    (void)state;
    program_open(&p, NULL);
    unsigned port = cdp_inspector_port(p.insp);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        snprintf(text, sizeof text, "Host: %s\r\n", hosts[i]);
        http_get(&a, port, "/json", text);
        snprintf(text, sizeof text, "\"ws://%s/", hosts[i]);
        assert_has(a.body, text);
        answer_free(&a);
    }
    for (int i = 0; i < 2; i++) {
        http_get(&a, port, "/json", i ? "Host:\r\n" : "");
        snprintf(text, sizeof text, "\"%s\"", cdp_inspector_url(p.insp));
        assert_has(a.body, text);
        answer_free(&a);
    }
    program_stop(&p);
}

/* ---- connections ---------------------------------------------------------------- */

static void a_connection_is_kept(void **state)
{
    program p;
    client c;
    answer a;

    (void)state;
    program_open(&p, NULL);
    client_dial(&c, cdp_inspector_port(p.insp));
    for (int i = 0; i < 20; i++) {
        client_put_text(&c, "GET /json/version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client_answer(&c, &a);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
    client_put_text(&c, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_answer(&c, &a);
    assert_int_equal(a.status, 400);
    answer_free(&a);
    client_put_text(&c, "GET /json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client_answer(&c, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_answer(&c, &a);
    assert_int_equal(a.status, 0);
    client_close(&c);

    client_dial(&c, cdp_inspector_port(p.insp)); /* HTTP/1.0 closes by itself */
    client_put_text(&c, "GET /json HTTP/1.0\r\n\r\n");
    client_answer(&c, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_answer(&c, &a);
    assert_int_equal(a.status, 0);
    client_close(&c);
    program_stop(&p);
}

static void requests_are_pipelined(void **state)
{
    enum { N = 100 };
    static const char one[] = "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    program p;
    client c;
    answer a;
    char handshake[512];

    (void)state;
    program_open(&p, NULL);
    client_dial(&c, cdp_inspector_port(p.insp));
    for (int i = 0; i < N; i++)
        client_put_text(&c, one);
    /* the last one is a handshake, with a command behind */
    snprintf(handshake, sizeof handshake,
             "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
             strrchr(cdp_inspector_url(p.insp), '/'));
    client_put_text(&c, handshake);
    int id = client_command(&c, "Runtime.evaluate", "{\"expression\":\"6 * 7\"}");
    for (int i = 0; i < N; i++) {
        client_answer(&c, &a);
        assert_int_equal(a.status, 200);
        assert_has(a.body, "webSocketDebuggerUrl");
        answer_free(&a);
    }
    client_answer(&c, &a);
    assert_int_equal(a.status, 101);
    answer_free(&a);
    cJSON *reply = client_reply(&c, id);
    assert_int_equal(number_at(reply, "result.result.value"), 42);
    cJSON_Delete(reply);
    client_leave(&c);
    program_stop(&p);
}

static void a_byte_at_a_time(void **state)
{
    static const char request[] = "GET /json/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    program p;
    client c;
    answer a;

    (void)state;
    program_open(&p, NULL);
    client_dial(&c, cdp_inspector_port(p.insp));
    for (const char *b = request; *b; b++)
        client_put(&c, b, 1);
    client_answer(&c, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_close(&c);
    program_stop(&p);
}

static void many_at_once(void **state)
{
    enum { N = 100 };
    static client c[N];
    program p;
    answer a;

    (void)state;
    program_open(&p, NULL);
    for (int i = 0; i < N; i++) {
        client_dial(&c[i], cdp_inspector_port(p.insp));
        client_put_text(&c[i], "GET /json/list HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (int i = N; i-- > 0;) {
        client_answer(&c[i], &a);
        assert_int_equal(a.status, 200);
        assert_has(a.body, "webSocketDebuggerUrl");
        answer_free(&a);
        client_close(&c[i]);
    }
    program_stop(&p);
}

/* They do not pile up for ever. */
static void answers_that_nobody_reads(void **state)
{
    enum { N = 1000 };
    static const char one[] = "GET /json/protocol HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static char all[N * sizeof one];
    cdp_inspector_options opt = { .limits = { .queue = 1 << 20 } };
    program p;
    client c;
    char bytes[4096];
    size_t total = 0;

    (void)state;
    for (size_t i = 0; i < N; i++)
        memcpy(all + i * (sizeof one - 1), one, sizeof one);
    program_open(&p, &opt);
    client_dial(&c, cdp_inspector_port(p.insp));
    client_put_text(&c, all);
    for (ssize_t n; (n = recv(c.w.fd, bytes, sizeof bytes, 0)) > 0; total += (size_t)n)
        ;
    assert_true(total < 20 << 20); /* all of them are more than that */
    client_close(&c);
    answer a = get(&p, "/json/protocol");
    assert_int_equal(a.status, 200);
    answer_free(&a);
    program_stop(&p);
}

/* ---- limits ---------------------------------------------------------------------- */

static void too_many_connections(void **state)
{
    cdp_inspector_options opt = { .limits = { .connections = 3, .sessions = 2 } };
    program p;
    client a, b, c, d;
    answer ans;

    (void)state;
    program_open(&p, &opt);
    client_attach(&a, cdp_inspector_url(p.insp));
    client_attach(&b, cdp_inspector_url(p.insp));
    client_dial(&c, cdp_inspector_port(p.insp));
    assert_int_equal(client_upgrade(&c, "localhost", strrchr(cdp_inspector_url(p.insp), '/'), NULL),
                     503);
    client_close(&c);
    client_leave(&b);
    program_await_sessions(&p, 1);
    client_attach(&b, cdp_inspector_url(p.insp));
    client_dial(&c, cdp_inspector_port(p.insp));
    client_put_text(&c, "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_answer(&c, &ans);
    assert_int_equal(ans.status, 200);
    answer_free(&ans);
    client_dial(&d, cdp_inspector_port(p.insp)); /* the fourth is closed */
    client_answer(&d, &ans);
    assert_int_equal(ans.status, 0);
    assert_string_equal(client_eval(&a, "1"), "1");
    assert_string_equal(client_eval(&b, "2"), "2");
    client_close(&a);
    client_close(&b);
    client_close(&c);
    client_close(&d);
    program_stop(&p);
}

static void connections_that_say_nothing(void **state)
{
    cdp_inspector_options opt = { .limits = { .handshake_ms = 100, .idle_ms = 100 } };
    program p;
    client c[4], session;
    answer a;

    (void)state;
    program_open(&p, &opt);
    client_attach(&session, cdp_inspector_url(p.insp));
    for (size_t i = 0; i < COUNT(c); i++)
        client_dial(&c[i], cdp_inspector_port(p.insp));
    client_put_text(&c[1], "GET /json HTTP/1.1\r\nHost: ");
    client_put_text(&c[2], "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_put_text(&c[3], "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\nGET /json HTTP/1.1\r\n");
    for (size_t i = 0; i < COUNT(c); i++) {
        client_answer(&c[i], &a);
        assert_int_equal(a.status, i < 2 ? 0 : 200);
        answer_free(&a);
    }
    for (size_t i = 0; i < COUNT(c); i++) {
        client_answer(&c[i], &a);
        assert_int_equal(a.status, 0);
        client_close(&c[i]);
    }
    assert_string_equal(client_eval(&session, "1"), "1"); /* no time is set for a WebSocket */
    client_close(&session);
    program_stop(&p);
}

static void heads_that_are_too_long(void **state)
{
    cdp_inspector_options opt = { .limits = { .head = 512, .lines = 10 } };
    program p;
    answer a;
    char text[1024], lines[512] = "";

    (void)state;
    program_open(&p, &opt);
    unsigned port = cdp_inspector_port(p.insp);
    snprintf(text, sizeof text, "X: %0600d\r\n", 0);
    http_get(&a, port, "/json", text);
    assert_int_equal(a.status, 431);
    answer_free(&a);
    for (int i = 0; i < 11; i++)
        strcat(lines, "A: b\r\n");
    http_get(&a, port, "/json", lines);
    assert_int_equal(a.status, 431);
    answer_free(&a);
    http_get(&a, port, "/json", lines + 6);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list),
        cmocka_unit_test(the_version_and_the_protocol),
        cmocka_unit_test(headers),
        cmocka_unit_test(anything_else),
        cmocka_unit_test(other_methods),
        cmocka_unit_test(titles_are_escaped),
        cmocka_unit_test(titles_that_are_no_utf8),
        cmocka_unit_test(addresses_are_those_of_the_request),
        cmocka_unit_test(a_connection_is_kept),
        cmocka_unit_test(requests_are_pipelined),
        cmocka_unit_test(a_byte_at_a_time),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(answers_that_nobody_reads),
        cmocka_unit_test(too_many_connections),
        cmocka_unit_test(connections_that_say_nothing),
        cmocka_unit_test(heads_that_are_too_long),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
