/*
 * test_targets_chromium.c - the targets of a real Chromium: pages, frames of other sites, workers.
 */
#include "started.h"

#include <cdp/fetch.h>
#include <cdp/network.h>
#include <cdp/page.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/target.h>
#include <cdp/targets.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 64 };

typedef struct seen {
    cdp_session *root;
    struct {
        cdp_session *s;
        char id[64], type[32];
        bool waiting;
    } at[MOST];
    int n, detached, followed;
} seen;

static bool attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    seen *n = data;

    assert_true(n->n < MOST);
    n->at[n->n].s = child;
    n->at[n->n].waiting = info->waiting;
    snprintf(n->at[n->n].id, sizeof n->at->id, "%s", info->id.ptr);
    snprintf(n->at[n->n++].type, sizeof n->at->type, "%s", info->type.ptr);
    return false;
}

static void detached(cdp_session *child, void *data)
{
    seen *n = data;

    n->detached++;
    for (int i = 0; i < n->n; i++)
        if (n->at[i].s == child)
            n->at[i].s = NULL;
}

static void followed(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    assert_null(err);
    ((seen *)data)->followed++;
}

static int count(const seen *n, const char *type)
{
    int found = 0;

    for (int i = 0; i < n->n; i++)
        found += n->at[i].s && strcmp(n->at[i].type, type) == 0;
    return found;
}

/* The newest of that type. */
static cdp_session *newest(const seen *n, const char *type)
{
    for (int i = n->n; i-- > 0;)
        if (n->at[i].s && strcmp(n->at[i].type, type) == 0)
            return n->at[i].s;
    fail();
    return NULL;
}

static void open_browser(started *browser, seen *n)
{
    cdp_follow_options opt = {
        .wait = true, .attached = attached, .detached = detached, .followed = followed, .data = n
    };

    if (!started_chromium(browser))
        skip();
    assert_int_equal(cdp_connect(&n->root, browser->url, NULL), 0);
    assert_int_equal(cdp_follow(n->root, &opt), 0);
    while (!n->followed)
        assert_int_equal(cdp_poll(n->root, -1), 0);
}

static void run(cdp_session *s, const char *expression, double value)
{
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .await_promise = CDP_SOME(true) };

    assert_int_equal(cdp_runtime_evaluate(s, &p, &res), 0);
    assert_null(res->exception_details);
    assert_true(cdp_value_num(res->result->value, -1) == value);
}

static void test_pages_and_workers(void **state)
{
    started browser;
    seen n = { 0 };

    (void)state;
    open_browser(&browser, &n);
    assert_int_equal(count(&n, "page"), 1); /* it was there */
    cdp_session *page = newest(&n, "page");
    run(page, "6 * 7", 42);
    run(page,
        "const u = URL.createObjectURL(new Blob(['self.mine = 43; onmessage = () => "
        "postMessage(1)'])); globalThis.w = new Worker(u); 0",
        0);
    while (count(&n, "worker") < 1)
        assert_int_equal(cdp_poll(page, -1), 0);
    assert_true(n.at[n.n - 1].waiting);
    run(page, "new Promise(r => { w.onmessage = () => r(1); w.postMessage(1); })", 1); /* it runs */
    run(newest(&n, "worker"), "self.mine", 43);

    CDP_AUTO cdp_target_create_target_result *made = NULL;
    cdp_target_create_target_params p = { .url = cdp_s("about:blank#second") };
    assert_int_equal(cdp_target_create_target(n.root, &p, &made), 0);
    while (count(&n, "page") < 2)
        assert_int_equal(cdp_poll(n.root, -1), 0);
    cdp_session *second = newest(&n, "page");
    run(second, "location.hash == '#second' ? 1 : 0", 1);

    run(page, "w.terminate(), 0", 0);
    while (count(&n, "worker") > 0)
        assert_int_equal(cdp_poll(n.root, -1), 0);
    assert_int_equal(
        cdp_target_close_target(
            n.root, &(cdp_target_close_target_params){ .target_id = made->target_id }, NULL),
        0);
    while (count(&n, "page") > 1)
        assert_int_equal(cdp_poll(n.root, -1), 0);
    run(page, "1", 1);
    cdp_unfollow(n.root);
    assert_int_equal(n.detached, n.n);
    cdp_close(n.root);
    started_end(&browser);
}

/* ---- frames of other sites ----------------------------------------------------------- */

static void on_request(cdp_session *s, const cdp_fetch_request_paused_event *ev, void *data)
{
    static const char outer[] = "<title>outer</title><iframe src='http://b.example/'></iframe>";
    static const char inner[] = "<title>inner</title>";
    const char *body = strstr(ev->request->url.ptr, "//a.") ? outer : inner;
    const cdp_fetch_header_entry header = { .name = cdp_s("Content-Type"),
                                            .value = cdp_s("text/html") };
    cdp_fetch_fulfill_request_params p = { .request_id = ev->request_id,
                                           .response_code = 200,
                                           .response_headers = { &header, 1 },
                                           .body = { (const uint8_t *)body, strlen(body) } };

    (void)data;
    cdp_fetch_fulfill_request_async(s, &p, NULL, NULL);
}

static bool attached_serving(cdp_session *child, const cdp_follow_info *info, void *data)
{
    attached(child, info, data);
    if (cdp_str_eq(info->type, cdp_s("page")) || cdp_str_eq(info->type, cdp_s("iframe"))) {
        cdp_fetch_on_request_paused(child, on_request, data);
        cdp_fetch_enable_async(child, NULL, NULL, NULL);
    }
    return false;
}

static void test_frames(void **state)
{
    started browser;
    seen n = { 0 };
    cdp_follow_options opt = {
        .wait = true, .attached = attached_serving, .detached = detached, .data = &n
    };

    (void)state;
    if (!started_chromium(&browser))
        skip();
    assert_int_equal(cdp_connect(&n.root, browser.url, NULL), 0);
    assert_int_equal(cdp_follow(n.root, &opt), 0);
    while (count(&n, "page") < 1)
        assert_int_equal(cdp_poll(n.root, -1), 0);
    cdp_session *page = newest(&n, "page");
    cdp_page_navigate_params p = { .url = cdp_s("http://a.example/") };
    assert_int_equal(cdp_page_navigate(page, &p, NULL), 0);
    while (count(&n, "iframe") < 1)
        assert_int_equal(cdp_poll(n.root, -1), 0);
    cdp_session *frame = newest(&n, "iframe");
    for (double at = 0; at != 2;) { /* it may still be on its way there */
        CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
        cdp_runtime_evaluate_params e = { .expression = cdp_s(
                                              "document.title == 'inner' ? 2 : 1") };
        if (cdp_runtime_evaluate(frame, &e, &res) == 0)
            at = cdp_value_num(res->result->value, -1);
    }
    run(page, "document.title == 'outer' ? 1 : 0", 1);
    run(page, "document.querySelector('iframe').remove(), 0", 0);
    while (count(&n, "iframe") > 0)
        assert_int_equal(cdp_poll(n.root, -1), 0);
    assert_int_equal(count(&n, "page"), 1);
    cdp_close(n.root);
    assert_int_equal(n.detached, n.n);
    started_end(&browser);
}

/* ---- a crash ------------------------------------------------------------------------- */

static void on_ended(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    (void)result;
    assert_non_null(err);
    assert_int_equal(err->status, CDP_ECLOSED);
    ++*(int *)data;
}

/* Nobody answers what was in flight; but the page can be loaded anew. */
static void test_crash(void **state)
{
    started browser;
    seen n = { 0 };
    int ended = 0;

    (void)state;
    open_browser(&browser, &n);
    cdp_session *page = newest(&n, "page");
    cdp_call_async(page, "Runtime.evaluate",
                   cdp_json("{\"expression\":\"new Promise(() => {})\",\"awaitPromise\":true}"),
                   on_ended, &ended);
    cdp_call_async(page, "Page.crash", (cdp_value){ 0 }, NULL, NULL);
    while (!ended)
        assert_int_equal(cdp_poll(page, -1), 0);
    cdp_page_navigate_params p = { .url = cdp_s("about:blank#again") };
    assert_int_equal(cdp_page_navigate(page, &p, NULL), 0);
    run(page, "6 * 7", 42);
    assert_int_equal(n.detached, 0);
    cdp_close(n.root);
    started_end(&browser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_and_workers),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
