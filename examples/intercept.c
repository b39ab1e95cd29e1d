/*
 * intercept.c - loads a page while answering its requests in the network's stead: what matches a
 * pattern is refused, and /hello gets an answer that no server gave.
 */
#include <cdp/fetch.h>
#include <cdp/network.h>
#include <cdp/page.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/targets.h>
#include <cdp/value.h>
#include <stdio.h>

static const char *refused; /* in a URL */

/* What could not be done with a request. */
static void on_done(cdp_session *s, const cdp_error *err, void *data)
{
    (void)s;
    (void)data;
    if (err)
        fprintf(stderr, "%s: %s\n", err->method.ptr, err->message.ptr);
}

static void on_request(cdp_session *s, const cdp_fetch_request_paused_event *ev, void *data)
{
    static const char text[] = "hello from the debugger";
    cdp_str url = ev->request->url;

    (void)data;
    if (strstr(url.ptr, "/hello")) {
        cdp_fetch_fulfill_request_params p = {
            .request_id = ev->request_id,
            .response_code = 200,
            .body = { (const uint8_t *)text, sizeof text - 1 },
        };
        printf("answered %s\n", url.ptr);
        cdp_fetch_fulfill_request_async(s, &p, on_done, NULL);
    } else if (strstr(url.ptr, refused)) {
        cdp_fetch_fail_request_params p = {
            .request_id = ev->request_id,
            .error_reason = CDP_NETWORK_ERROR_REASON_BLOCKED_BY_CLIENT,
        };
        printf("refused %s\n", url.ptr);
        cdp_fetch_fail_request_async(s, &p, on_done, NULL);
    } else {
        cdp_fetch_continue_request_params p = { .request_id = ev->request_id };
        printf("let through %s\n", url.ptr);
        cdp_fetch_continue_request_async(s, &p, NULL, NULL);
    }
}

static int browse(cdp_session *page, const char *url)
{
    cdp_page_navigate_params to = { .url = cdp_s(url) };
    cdp_runtime_evaluate_params ask = { .expression = cdp_s("document.body.innerText"),
                                        .return_by_value = CDP_SOME(true) };
    CDP_AUTO cdp_runtime_evaluate_result *text = NULL;
    int rc;

    cdp_fetch_on_request_paused(page, on_request, NULL);
    if ((rc = cdp_fetch_enable(page, NULL)) < 0 || (rc = cdp_page_enable(page, NULL)) < 0)
        return rc;
    uint32_t loaded = cdp_page_expect_load_event_fired(page);
    if ((rc = cdp_page_navigate(page, &to, NULL)) < 0 ||
        (rc = cdp_page_take_load_event_fired(page, loaded, NULL)) < 0 ||
        (rc = cdp_runtime_evaluate(page, &ask, &text)) < 0)
        return rc;
    printf("the page says: %s\n", cdp_value_str(text, text->result->value).ptr);
    return 0;
}

int main(int argc, char **argv)
{
    const char *chromium[] = { "chromium", NULL };
    cdp_launch_options opt = { .argv = chromium, .quiet = true };
    cdp_session *browser, *page = NULL;

    if (argc != 3)
        return fprintf(stderr, "usage: intercept URL refused\n"), 2;
    refused = argv[2];
    int rc = cdp_launch(&browser, &opt);
    if (rc == 0)
        rc = cdp_open_page(&page, browser, NULL);
    if (rc == 0)
        rc = browse(page, argv[1]);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(page ? page : browser)->message.ptr);
    cdp_close(browser);
    return rc < 0;
}
