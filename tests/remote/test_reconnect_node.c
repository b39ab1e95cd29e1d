/*
 * test_reconnect_node.c - a Node that is killed and started anew at the same port, with another
 * path: what the first one was told holds in the second.
 */
#include "reach.h"
#include "started.h"

#include <cdp/runtime.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static bool start(started *node, unsigned port)
{
    char script[200];

    snprintf(script, sizeof script,
             "const i = require('inspector'); i.close(); i.open(%u, '127.0.0.1');"
             "setInterval(() => {}, 1e6);",
             port);
    return started_node(node, script);
}

static void on_opened(cdp_session *s, void *data)
{
    (void)s;
    ++*(unsigned *)data;
}

static void on_binding(cdp_session *s, const cdp_runtime_binding_called_event *ev, void *data)
{
    (void)s;
    assert_true(cdp_str_eq(ev->name, cdp_s("tell")));
    ++*(unsigned *)data;
}

static void tell(cdp_session *s)
{
    const cdp_runtime_evaluate_params p = { .expression = cdp_s("globalThis.tell?.('x')") };
    cdp_runtime_evaluate_result *res;

    assert_int_equal(cdp_runtime_evaluate(s, &p, &res), 0);
    cdp_free(res);
}

/* (That it listens is known before the script has moved it to the port.) */
static int connect_to(cdp_session **s, unsigned port, const cdp_remote_options *opt)
{
    char url[64];
    int rc = CDP_EIO;

    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    for (int i = 0; i < 500 && rc < 0; i++) {
        rc = cdp_connect(s, url, opt);
        if (rc < 0) {
            cdp_close(*s);
            uv_sleep(20);
        }
    }
    return rc;
}

static void finds_a_node_again(void **state)
{
    const unsigned port = free_port();
    unsigned opened = 0, told = 0;
    const cdp_remote_options opt = { .reconnect = { .attempts = 1000, .delay_ms = 20 },
                                     .opened = on_opened,
                                     .data = &opened };
    const cdp_runtime_add_binding_params binding = { .name = cdp_s("tell") };
    cdp_session *s;
    started node;

    (void)state;
    if (!start(&node, port))
        skip();
    assert_int_equal(connect_to(&s, port, &opt), 0);
    cdp_runtime_on_binding_called(s, on_binding, &told);
    assert_int_equal(cdp_runtime_enable(s), 0);
    assert_int_equal(cdp_runtime_add_binding(s, &binding), 0);
    tell(s);
    assert_int_equal(told, 1);
    assert_int_equal(cdp_runtime_disable(s), 0); /* bindings stay */
    assert_int_equal(cdp_runtime_enable(s), 0);
    tell(s);
    assert_int_equal(told, 2);
    started_kill(&node);
    started_end(&node);
    assert_true(start(&node, port));
    while (opened < 2)
        assert_int_equal(cdp_poll(s, -1), 0);
    tell(s);
    assert_int_equal(told, 3);
    cdp_close(s);
    started_end(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds_a_node_again) };

    return cmocka_run_group_tests_name("reconnecting to Node", tests, NULL, NULL);
}
