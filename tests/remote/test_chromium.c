/* test_chromium.c - the client and a real Chromium, by WebSocket: the browser, pages, flat
 * sessions. */
#include "hostile.h"
#include "started.h"
#include "visit.h"

#include <cdp/browser.h>
#include <cdp/page.h>
#include <cdp/runtime.h>
#include <cdp/target.h>
#include <cdp/targets.h>
#include <cdp/value.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DEPTH = 300 };

static started browser; /* for all cases */

/* From the file that Chromium leaves in its folder once it listens. */
static void find_port(char port[16])
{
    char file[128];
    FILE *f = NULL;

    snprintf(file, sizeof file, "%s/DevToolsActivePort", browser.profile);
    for (int i = 0; i < 6000 && !(f && fgets(port, 16, f) && strchr(port, '\n')); i++) {
        if (f)
            fclose(f);
        else
            nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
        f = fopen(file, "r");
    }
    assert_non_null(f);
    fclose(f);
    port[strcspn(port, "\n")] = 0;
}

static int start(void **state)
{
    (void)state;
    if (!started_chromium(&browser))
        browser.pid = 0;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    started_end(&browser);
    return 0;
}

static cdp_session *reach(const char *form, const char *more)
{
    char url[512], port[16];
    cdp_session *s;

    if (!browser.pid)
        skip();
    find_port(port);
    snprintf(url, sizeof url, form, port, more);
    if (cdp_connect(&s, url, NULL) < 0)
        fail_msg("%s: %s", url, cdp_last_error(s)->message.ptr);
    return s;
}

static double number(cdp_session *s, const char *expression)
{
    const cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                            .await_promise = CDP_SOME(true),
                                            .return_by_value = CDP_SOME(true) };
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;

    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    return cdp_value_num(res->result->value, -1);
}

static bool says(cdp_session *s, const char *word)
{
    CDP_AUTO cdp_browser_get_version_result *res = NULL;

    if (cdp_browser_get_version(s, &res) < 0)
        fail_msg("%s", cdp_last_error(s)->message.ptr);
    return strstr(res->product.ptr, word) != NULL;
}

static void the_browser(void **state)
{
    static const char *const forms[] = { "http://127.0.0.1:%s", "localhost:%s", "%s" };
    cdp_session *s;

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        s = reach(forms[i], "");
        assert_true(says(s, "Chrome/"));
        cdp_close(s);
    }
    assert_int_equal(cdp_connect(&s, browser.url, NULL), 0);
    assert_true(says(s, "Chrome/"));
    cdp_close(s);
}

/* Loads a page, and takes a picture of it. */
static void visit_page(cdp_session *s, const char *url)
{
    static const uint8_t png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    const cdp_page_navigate_params to = { .url = cdp_s(url) };
    CDP_AUTO cdp_page_capture_screenshot_result *shot = NULL;

    assert_int_equal(cdp_page_enable(s, NULL), 0);
    const uint32_t loaded = cdp_page_expect_load_event_fired(s);
    assert_true(loaded > 0);
    assert_int_equal(cdp_page_navigate(s, &to, NULL), 0);
    assert_int_equal(cdp_page_take_load_event_fired(s, loaded, NULL), 0);
    assert_true(number(s, "document.title == 'a page' ? 1 : 0") == 1);
    assert_int_equal(cdp_page_capture_screenshot(s, NULL, &shot), 0);
    assert_true(shot->data.len > 1000);
    assert_memory_equal(shot->data.ptr, png, sizeof png);
}

static void a_page(void **state)
{
    cdp_target_entries *list = NULL;
    char port[16];

    (void)state;
    if (!browser.pid)
        skip();
    find_port(port);
    assert_int_equal(cdp_target_list(&list, port, NULL, NULL), 0);
    const cdp_target_entry *page = NULL;
    for (size_t i = 0; i < list->targets.n && !page; i++)
        if (cdp_str_eq(list->targets.items[i].type, cdp_s("page")))
            page = &list->targets.items[i];
    assert_non_null(page);
    cdp_session *s = reach("http://127.0.0.1:%s/%s", page->id.ptr);
    cdp_free(list);
    visit_page(s, "data:text/html,<title>a page</title><h1>hello</h1>");
    cdp_close(s);
}

/* Over the browser's connection; the page comes from the loopback. */
static void a_flat_session(void **state)
{
    static const hostile_script site = {
        .socket = { "say HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 44\n\n"
                    "<title>a page</title><body>of our own</body>" }
    };
    cdp_session *s = reach("%s", ""), *page;
    hostile h;
    char url[64];

    (void)state;
    hostile_start(&h, &site);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", h.port);
    assert_int_equal(cdp_open_page(&page, s, NULL), 0);
    assert_true(cdp_session_id(page).len > 0);
    visit_page(page, url);
    assert_true(says(s, "Chrome/")); /* the root goes on */
    cdp_close(page);
    cdp_close(s);
    assert_false(hostile_stop(&h));
}

static void large_replies(void **state)
{
    const cdp_runtime_evaluate_params p = { .expression = cdp_s("'x'.repeat(10e6)"),
                                            .return_by_value = CDP_SOME(true) };
    cdp_session *s = reach("%s", ""), *page;
    cdp_runtime_evaluate_result *res = NULL;

    (void)state;
    assert_int_equal(cdp_open_page(&page, s, NULL), 0);
    assert_int_equal(cdp_runtime_evaluate(page, &p, &res), 0);
    assert_int_equal(res->result->value.len, 10000002);
    cdp_free(res);
    cdp_close(s);
}

/* Nothing is said but pings, which are answered. */
static void pings(void **state)
{
    const cdp_remote_options opt = { .ping_ms = 1000 };
    cdp_session *s;

    (void)state;
    if (!browser.pid)
        skip();
    assert_int_equal(cdp_connect(&s, browser.url, &opt), 0);
    for (int i = 0; i < 30; i++)
        assert_int_equal(cdp_poll(s, 100), 0);
    assert_true(says(s, "Chrome/"));
    cdp_close(s);
}

/* A call whose message has so many containers, one in the other. */
static int call_deep(cdp_session *s, int containers)
{
    char text[2048] = "{\"x\":";
    size_t n = strlen(text);

    for (int i = 2; i < containers; i++)
        text[n++] = '[';
    for (int i = 2; i < containers; i++)
        text[n++] = ']';
    text[n] = '}';
    return cdp_call(s, "Browser.getVersion", cdp_json(text), NULL);
}

static void deep_calls(void **state)
{
    cdp_session *s = reach("%s", "");

    (void)state;
    assert_int_equal(call_deep(s, DEPTH), 0);
    assert_int_equal(call_deep(s, DEPTH + 1), CDP_ETOOBIG);
    assert_true(says(s, "Chrome/"));
    cdp_close(s);
}

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_runtime_evaluate_result *res,
                     void *data)
{
    (void)s;
    (void)res;
    *(unsigned *)data += err && err->status < 0 && err->message.len > 0;
}

/* The last case. */
static void dies_amid_calls(void **state)
{
    const cdp_runtime_evaluate_params never = { .expression = cdp_s("new Promise(() => {})"),
                                                .await_promise = CDP_SOME(true) };
    cdp_session *s = reach("%s", ""), *page;
    unsigned ended = 0;

    (void)state;
    assert_int_equal(cdp_open_page(&page, s, NULL), 0);
    for (int i = 0; i < 10; i++)
        assert_true(cdp_runtime_evaluate_async(page, &never, on_reply, &ended) > 0);
    assert_true(says(s, "Chrome/"));
    started_kill(&browser);
    while (ended < 10)
        cdp_poll(s, 1000);
    assert_true(cdp_poll(s, 0) < 0);
    cdp_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_browser),     cmocka_unit_test(a_page),
        cmocka_unit_test(a_flat_session),  cmocka_unit_test(large_replies),
        cmocka_unit_test(pings),           cmocka_unit_test(deep_calls),
        cmocka_unit_test(dies_amid_calls),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
