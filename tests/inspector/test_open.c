/* test_open.c - an inspector that is opened and closed: where it listens, who may come. */
#include "program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

/* A listening socket of the test's own; its port. */
static int occupy(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static int status_of(unsigned port, const char *path, const char *headers)
{
    answer a;

    http_get(&a, port, path, headers);
    int status = a.status;
    answer_free(&a);
    return status;
}

/* Where the inspector's path begins in its URL. */
static const char *path_of(program *p)
{
    return strrchr(cdp_inspector_url(p->insp), '/');
}

static int upgrade(program *p, const char *path, const char *headers)
{
    client c;

    client_dial(&c, cdp_inspector_port(p->insp));
    int status = client_upgrade(&c, "127.0.0.1", path, headers);
    client_close(&c);
    return status;
}

/* ---- open, closed ------------------------------------------------------------ */

static void it_opens_and_closes(void **state)
{
    program p;
    client c;
    char url[512], expected[64];

    (void)state;
    program_start(&p, NULL);
    assert_null(cdp_inspector_url(p.insp));
    assert_int_equal(cdp_inspector_port(p.insp), 0);
    assert_int_equal(program_do(&p, job_close, NULL), 0);
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    unsigned port = cdp_inspector_port(p.insp);
    assert_true(port >= 1024);
    snprintf(url, sizeof url, "%s", cdp_inspector_url(p.insp));
    snprintf(expected, sizeof expected, "ws://127.0.0.1:%u/", port);
    assert_has(url, expected);
    assert_int_equal(strlen(url), strlen(expected) + 36);
    assert_int_equal(program_logged(&p, "Debugger listening on "), 1);
    assert_int_equal(program_logged(&p, url), 1);

    assert_int_equal(program_do(&p, job_open, NULL), CDP_ESTATE);
    assert_string_equal(program_error(&p), "Inspector is already activated. Close it with "
                                           "inspector.close() before activating it again.");
    assert_string_equal(cdp_inspector_url(p.insp), url);
    client_attach(&c, url);
    assert_string_equal(client_eval(&c, "6 * 7"), "42");
    assert_int_equal(cdp_inspector_sessions(p.insp), 1);

    program_do(&p, job_close, NULL);
    assert_null(cdp_inspector_url(p.insp));
    assert_int_equal(cdp_inspector_port(p.insp), 0);
    assert_int_equal(cdp_inspector_sessions(p.insp), 0);
    assert_int_equal(client_ended(&c), 1001);
    client_close(&c);
    assert_false(client_try(&c, "127.0.0.1", port));
    program_do(&p, job_close, NULL);

    /* the port is free, the URL another */
    cdp_inspector_options same = { .port = (uint16_t)port };
    assert_int_equal(program_do(&p, job_open, &same), 0);
    assert_int_equal(cdp_inspector_port(p.insp), port);
    assert_string_not_equal(cdp_inspector_url(p.insp), url);
    assert_int_equal(upgrade(&p, strrchr(url, '/'), NULL), 404);
    client_attach(&c, cdp_inspector_url(p.insp));
    assert_string_equal(client_eval(&c, "6 * 7"), "42");
    program_do(&p, job_free, NULL);
    assert_int_equal(client_ended(&c), 1001);
    client_close(&c);
    program_stop(&p);
}

static void a_port_in_use(void **state)
{
    program p;
    uint16_t port;
    int fd = occupy(&port);
    cdp_inspector_options opt = { .port = port }, other = { .host = "localhost" };
    char text[128];

    (void)state;
    program_start(&p, &opt);
    assert_int_equal(program_do(&p, job_open, NULL), CDP_EIO);
    snprintf(text, sizeof text, "Starting inspector on 127.0.0.1:%u failed: address already in use",
             port);
    assert_string_equal(program_error(&p), text);
    assert_int_equal(cdp_inspector_error(p.insp)->sys, UV_EADDRINUSE);
    assert_null(cdp_inspector_url(p.insp));
    close(fd);
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    assert_int_equal(cdp_inspector_port(p.insp), port);
    program_do(&p, job_close, NULL);
    assert_int_equal(program_do(&p, job_open, &other), 0);
    assert_has(cdp_inspector_url(p.insp), "ws://localhost:");
    assert_int_equal(status_of(cdp_inspector_port(p.insp), "/json", NULL), 200);
    program_stop(&p);
}

static void addresses(void **state)
{
    static const struct {
        const char *host, *url, *numeric;
    } table[] = {
        { NULL, "//127.0.0.1:", "127.0.0.1" },
        { "", "//127.0.0.1:", "127.0.0.1" },
        { "127.0.0.1", "//127.0.0.1:", "127.0.0.1" },
        { "127.5.6.7", "//127.5.6.7:", "127.5.6.7" },
        { "localhost", "//localhost:", "127.0.0.1" },
        { "::1", "//[::1]:", "::1" },
        { "[::1]", "//[::1]:", "::1" },
    };
    program p;
    client c;

    (void)state;
    program_start(&p, NULL);
    for (size_t i = 0; i < COUNT(table); i++) {
        cdp_inspector_options opt = { .host = table[i].host };
        int rc = program_do(&p, job_open, &opt);
        if (strchr(table[i].numeric, ':') && rc < 0) { /* a machine without IPv6 */
            assert_int_equal(rc, CDP_EIO);
            assert_true(cdp_inspector_error(p.insp)->sys < 0);
            assert_has(program_error(&p), "::1");
            continue;
        }
        assert_int_equal(rc, 0);
        assert_has(cdp_inspector_url(p.insp), table[i].url);
        assert_true(client_try(&c, table[i].numeric, cdp_inspector_port(p.insp)));
        assert_int_equal(client_upgrade(&c, "localhost", path_of(&p), NULL), 101);
        assert_string_equal(client_eval(&c, "1 + 1"), "2");
        client_leave(&c);
        program_do(&p, job_close, NULL);
    }
    program_stop(&p);
}

static void no_such_host(void **state)
{
    program p;
    cdp_inspector_options opt = { .host = "no-such-host.invalid" }, bad = { .host = "bad host" };

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(program_do(&p, job_open, &opt), CDP_EIO);
    assert_has(program_error(&p), "Unable to resolve \"no-such-host.invalid\": ");
    assert_int_equal(program_do(&p, job_open, &bad), CDP_EIO);
    assert_has(program_error(&p), "Unable to resolve \"bad host\": ");
    assert_true(cdp_inspector_error(p.insp)->sys < 0);
    assert_null(cdp_inspector_url(p.insp));
    program_stop(&p);
}

static void public_addresses_are_refused(void **state)
{
    program p;
    client c;
    cdp_inspector_options opt = { .host = "0.0.0.0" }, any6 = { .host = "::" };
    cdp_inspector_options insisting = { .host = "0.0.0.0", .allow_public = true };

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(program_do(&p, job_open, &opt), CDP_EINVAL);
    assert_has(program_error(&p), "allow_public");
    assert_int_equal(program_do(&p, job_open, &any6), CDP_EINVAL);
    assert_null(cdp_inspector_url(p.insp));
    assert_int_equal(program_logged(&p, "Warning"), 0);
    assert_int_equal(program_do(&p, job_open, &insisting), 0);
    assert_int_equal(program_logged(&p, "Warning: whoever can reach "), 1);
    assert_has(cdp_inspector_url(p.insp), "//0.0.0.0:");
    client_dial(&c, cdp_inspector_port(p.insp));
    assert_int_equal(client_upgrade(&c, "127.0.0.1", path_of(&p), NULL), 101);
    assert_string_equal(client_eval(&c, "1 + 1"), "2");
    client_close(&c);
    /* the name that stands for all addresses is none that a request may carry */
    assert_int_equal(status_of(cdp_inspector_port(p.insp), "/json", "Host: 0.0.0.0\r\n"), 400);
    program_stop(&p);
}

static void a_unix_socket(void **state)
{
    char dir[] = "/tmp/cdpkit-XXXXXX", path[64], expected[128];
    program p;
    client c;
    answer a;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    cdp_inspector_options opt = { .unix_path = path };
    program_open(&p, &opt);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(cdp_inspector_port(p.insp), 0);
    snprintf(expected, sizeof expected, "ws+unix://%s:/", path);
    assert_has(cdp_inspector_url(p.insp), expected);

    client_dial_unix(&c, path);
    client_put_text(&c, "GET /json/list HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_answer(&c, &a);
    assert_int_equal(a.status, 200);
    assert_has(a.body, "ws://localhost/");
    answer_free(&a);
    assert_int_equal(client_upgrade(&c, "localhost", path_of(&p), NULL), 101);
    assert_string_equal(client_eval(&c, "1 + 1"), "2");
    client_leave(&c);

    program_do(&p, job_close, NULL);
    assert_int_equal(stat(path, &st), -1);
    program_stop(&p);
    rmdir(dir);
}

static void a_unix_socket_that_is_there(void **state)
{
    char dir[] = "/tmp/cdpkit-XXXXXX", path[64], long_path[200];
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct stat st;
    program p;
    client c;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    cdp_inspector_options opt = { .unix_path = path };
    program_start(&p, &opt);

    /* somebody listens there */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(program_do(&p, job_open, NULL), CDP_EIO);
    assert_has(program_error(&p), "failed: address already in use");
    assert_int_equal(stat(path, &st), 0);

    /* nobody does any more */
    close(fd);
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    client_dial_unix(&c, path);
    assert_int_equal(client_upgrade(&c, "localhost", path_of(&p), NULL), 101);
    client_leave(&c);
    program_do(&p, job_close, NULL);
    assert_int_equal(stat(path, &st), -1);

    /* what is no socket stays */
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(program_do(&p, job_open, NULL), CDP_EIO);
    assert_int_equal(stat(path, &st), 0);
    unlink(path);

    snprintf(long_path, sizeof long_path, "%s/%0150d", dir, 0);
    cdp_inspector_options too_long = { .unix_path = long_path };
    assert_int_equal(program_do(&p, job_open, &too_long), CDP_EIO);
    assert_has(program_error(&p), "name too long");
    program_stop(&p);
    assert_int_equal(rmdir(dir), 0);
}

/* ---- who may come -------------------------------------------------------------- */

static void a_token(void **state)
{
    program p;
    client c;
    cdp_inspector_options opt = { .token = "s3cret" };
    char path[128], long_token[130] = "";

    (void)state;
    program_open(&p, &opt);
    unsigned port = cdp_inspector_port(p.insp);
    assert_has(cdp_inspector_url(p.insp), "?token=s3cret");
    assert_int_equal(status_of(port, "/json/list", NULL), 403);
    assert_int_equal(status_of(port, "/json/list?token=", NULL), 403);
    assert_int_equal(status_of(port, "/json/list?token=s3cre", NULL), 403);
    assert_int_equal(status_of(port, "/json/list?token=s3crets", NULL), 403);
    assert_int_equal(status_of(port, "/json/version?token=wrong", NULL), 403);
    assert_int_equal(status_of(port, "/json/list?token=s3cret", NULL), 200);
    assert_int_equal(status_of(port, "/elsewhere", NULL), 403);
    assert_int_equal(
        status_of(port, "/json", "Host: localhost\r\nAuthorization: Bearer s3cret\r\n"), 200);
    assert_int_equal(status_of(port, "/json", "Authorization: bearer  s3cret\r\n"), 200);
    assert_int_equal(status_of(port, "/json", "Authorization: Bearer s3cre\r\n"), 403);
    assert_int_equal(status_of(port, "/json", "Authorization: Basic s3cret\r\n"), 403);

    snprintf(path, sizeof path, "%.37s", path_of(&p));
    assert_int_equal(upgrade(&p, path, NULL), 403);
    assert_int_equal(upgrade(&p, path, "Authorization: Bearer wrong!\r\n"), 403);
    assert_int_equal(upgrade(&p, path, "Authorization: Bearer s3cret\r\n"), 101);
    assert_int_equal(upgrade(&p, path_of(&p), NULL), 101);
    snprintf(path, sizeof path, "%.37s?token=wrong!", path_of(&p));
    assert_int_equal(upgrade(&p, path, NULL), 403);
    assert_int_equal(upgrade(&p, "/00000000-0000-0000-0000-000000000000?token=s3cret", NULL), 404);

    /* what the list tells to whoever has the token can be attached to */
    cJSON *list = http_json(port, "/json/list?token=s3cret");
    client_attach(&c, text_at(list, "0.webSocketDebuggerUrl"));
    assert_string_equal(client_eval(&c, "1 + 1"), "2");
    client_close(&c);
    cJSON_Delete(list);
    program_do(&p, job_close, NULL);
    memset(long_token, 'x', sizeof long_token - 1);
    assert_int_equal(program_do(&p, job_open, &(cdp_inspector_options){ .token = long_token }),
                     CDP_EINVAL);
    assert_string_equal(program_error(&p), "the token is too long");
    program_stop(&p);
}

static void publishing(void **state)
{
    static const struct {
        unsigned publish;
        bool http;
        unsigned lines;
    } table[] = {
        { 0, true, 1 },
        { CDP_PUBLISH_STDERR | CDP_PUBLISH_HTTP, true, 1 },
        { CDP_PUBLISH_STDERR, false, 1 },
        { CDP_PUBLISH_HTTP, true, 0 },
        { CDP_PUBLISH_NOWHERE, false, 0 },
    };
    client c;
    answer a;

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        program p;
        cdp_inspector_options opt = { .publish = table[i].publish };
        program_open(&p, &opt);
        unsigned port = cdp_inspector_port(p.insp);
        http_get(&a, port, "/json/list", NULL);
        assert_int_equal(a.status, table[i].http ? 200 : 404);
        assert_int_equal(a.len == 0, !table[i].http);
        answer_free(&a);
        assert_int_equal(status_of(port, "/json/version", NULL), table[i].http ? 200 : 404);
        assert_int_equal(status_of(port, "/json/protocol", NULL), table[i].http ? 200 : 404);
        client_attach(&c, cdp_inspector_url(p.insp));
        assert_string_equal(client_eval(&c, "1 + 1"), "2");
        client_leave(&c);
        program_await_sessions(&p, 0);
        program_do(&p, job_close, NULL);
        assert_int_equal(program_logged(&p, "Debugger listening on ws://"), table[i].lines);
        assert_int_equal(program_logged(&p, "Debugger attached.\n"), table[i].lines);
        assert_int_equal(program_logged(&p, "Debugger ending on ws://"), table[i].lines);
        assert_int_equal(program_logged(&p, "For help, see: "), 2 * table[i].lines);
        program_stop(&p);
    }
}

static void hosts_and_origins(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } table[] = {
        { "", 200 },
        { "Host: localhost\r\n", 200 },
        { "Host: [::1]:9229\r\n", 200 },
        { "Host: evil.example\r\n", 400 },
        { "Host: debug.example\r\n", 200 },
        { "Host: DEBUG.example:80\r\n", 200 },
        { "Host: second.example\r\n", 200 },
        { "Host: x.debug.example\r\n", 400 },
        { "Host: localhost:abc\r\n", 400 },
        { "Host: localhost\r\nhost: evil.example\r\n", 400 },
        { "Origin: devtools://devtools\r\n", 200 },
        { "Origin: http://good.example:8080\r\n", 200 },
        { "Origin: http://good.example\r\n", 403 },
        { "Origin: http://evil.example\r\n", 403 },
        { "Origin: null\r\n", 403 },
        { "Origin: \r\n", 403 },
        { "Origin: file://\r\n", 403 },
        { "Origin: devtools://devtools/x\r\n", 403 },
        { "Origin: devtools://devtools\r\nOrigin: devtools://devtools\r\n", 403 },
    };
    char *host = strdup("debug.example"), *origin = strdup("http://good.example:8080");
    char *title = strdup("copied"), *address = strdup("127.0.0.1");
    const char *hosts[] = { host, "second.example", NULL }, *origins[] = { origin, NULL };
    cdp_inspector_options opt = {
        .host = address, .title = title, .allowed_hosts = hosts, .allowed_origins = origins
    };
    program p;

    (void)state;
    program_start(&p, &opt);
    memset(host, 'x', strlen(host)); /* it has copies */
    free(host);
    free(origin);
    free(title);
    free(address);
    hosts[0] = hosts[1] = origins[0] = NULL;
    assert_int_equal(program_do(&p, job_open, NULL), 0);
    unsigned port = cdp_inspector_port(p.insp);
    for (size_t i = 0; i < COUNT(table); i++) {
        client c;
        char headers[256];
        if (status_of(port, "/json", table[i].headers) != table[i].status)
            fail_msg("a wrong status for %s", table[i].headers);
        if (strncmp(table[i].headers, "Host", 4) == 0)
            continue;
        client_dial(&c, port);
        snprintf(headers, sizeof headers, "%s", table[i].headers);
        int status = client_upgrade(&c, "localhost", path_of(&p), headers);
        if (status != (table[i].status == 200 ? 101 : table[i].status))
            fail_msg("a wrong handshake for %s", headers);
        client_close(&c);
    }
    cJSON *list = http_json(port, "/json");
    assert_string_equal(text_at(list, "0.title"), "copied");
    cJSON_Delete(list);
    program_stop(&p);
}

/* ---- lives ---------------------------------------------------------------------- */

static int job_new(program *p, void *arg)
{
    cdp_inspector_options opt = { .publish = CDP_PUBLISH_NOWHERE };
    cdp_inspector *insp;
    int rc = cdp_inspector_new(&insp, cdp_host_v8(p->h), &opt);

    (void)arg;
    if (rc == 0)
        p->insp = insp;
    return rc;
}

static void one_for_each_isolate(void **state)
{
    program p, q;
    client c, d;
    cdp_inspector *insp;

    (void)state;
    program_open(&p, NULL);
    assert_int_equal(program_do(&p, job_new, NULL), CDP_ESTATE);
    assert_int_equal(cdp_inspector_new(&insp, cdp_host_v8(p.h), NULL), CDP_ESTATE);
    assert_null(insp);
    program_open(&q, NULL);
    client_attach(&c, cdp_inspector_url(p.insp));
    client_attach(&d, cdp_inspector_url(q.insp));
    program_run(&p, "var who = 'p'");
    program_run(&q, "var who = 'q'");
    assert_string_equal(client_eval(&c, "who"), "\"p\"");
    assert_string_equal(client_eval(&d, "who"), "\"q\"");
    client_close(&c);
    client_close(&d);
    program_do(&q, job_free, NULL); /* and again, on the same isolate */
    assert_int_equal(program_do(&q, job_new, NULL), 0);
    assert_int_equal(program_do(&q, job_open, NULL), 0);
    program_stop(&p);
    program_stop(&q);
}

static void the_wrong_thread(void **state)
{
    program p;
    int ms = 0;

    (void)state;
    program_start(&p, NULL);
    assert_int_equal(cdp_inspector_open(p.insp, NULL), CDP_ESTATE);
    assert_string_equal(cdp_inspector_error(p.insp)->message.ptr, "not on the isolate's thread");
    assert_int_equal(job_wait_for_debugger(&p, &ms), CDP_ESTATE);
    assert_int_equal(cdp_inspector_console_log(p.insp, "x"), CDP_ESTATE);
    assert_int_equal(cdp_inspector_open_on_signal(p.insp, SIGUSR1), CDP_ESTATE);
    assert_null(cdp_inspector_url(p.insp));
    program_stop(&p);
}

static void freed_while_open(void **state)
{
    program p;
    client c;

    (void)state;
    program_open(&p, NULL);
    client_attach(&c, cdp_inspector_url(p.insp));
    client_do(&c, "Debugger.enable", NULL);
    client_do(&c, "Profiler.enable", NULL);
    program_stop(&p);
    assert_int_equal(client_ended(&c), 1001);
    client_close(&c);
    cdp_inspector_free(NULL);
}

/* JavaScript is paused, and something that runs then frees the inspector. */
static int free_it(cdp_request *req, const cdp_value *params, void *self)
{
    program *p = self;

    (void)params;
    if (!cdp_str_eq(cdp_request_method(req), cdp_s("Test.free")))
        return CDP_FALLTHROUGH;
    job_free(p, NULL);
    return cdp_respond(req);
}

static void serve_free(cdp_session *front, void *data)
{
    cdp_serve_any(front, free_it, data);
}

static int job_serve(program *p, void *service)
{
    return cdp_v8_serve(cdp_host_v8(p->h), service);
}

static void freed_while_paused(void **state)
{
    program p;
    client c, d;
    cdp_v8_service service = { .connected = serve_free, .data = &p };

    (void)state;
    program_start(&p, NULL);
    program_do(&p, job_serve, &service);
    program_do(&p, job_open, NULL);
    client_attach(&c, cdp_inspector_url(p.insp));
    client_attach(&d, cdp_inspector_url(p.insp));
    client_do(&c, "Debugger.enable", NULL);
    client_do(&d, "Debugger.enable", NULL);
    program_begin_run(&p, "debugger; var done = true");
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    cJSON_Delete(client_event(&d, "Debugger.paused"));
    client_command(&d, "Test.free", NULL);
    assert_int_equal(client_ended(&c), 1001);
    assert_int_equal(client_ended(&d), 1001);
    assert_int_equal(program_await(&p), 0); /* the script went on */
    client_close(&c);
    client_close(&d);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_and_closes),
        cmocka_unit_test(a_port_in_use),
        cmocka_unit_test(addresses),
        cmocka_unit_test(no_such_host),
        cmocka_unit_test(public_addresses_are_refused),
        cmocka_unit_test(a_unix_socket),
        cmocka_unit_test(a_unix_socket_that_is_there),
        cmocka_unit_test(a_token),
        cmocka_unit_test(publishing),
        cmocka_unit_test(hosts_and_origins),
        cmocka_unit_test(one_for_each_isolate),
        cmocka_unit_test(the_wrong_thread),
        cmocka_unit_test(freed_while_open),
        cmocka_unit_test(freed_while_paused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
