/*
 * domain.c - the other side: a program that serves part of the protocol, and a client of it.
 *
 * The two are joined by cdp_pair() here; what carries the messages makes no difference to them.
 */
#include <cdp/browser.h>
#include <cdp/log.h>
#include <cdp/page.h>
#include <stdio.h>

typedef struct app {
    cdp_request *pending; /* a screenshot being rendered */
} app;

static int get_version(cdp_request *req, void *self)
{
    (void)self;
    return cdp_browser_get_version_respond(req, &(cdp_browser_get_version_result){
                                                    .protocol_version = cdp_s("1.3"),
                                                    .product = cdp_s("Teapot/4.18"),
                                                    .revision = cdp_s("abc123"),
                                                    .user_agent = cdp_s("Teapot"),
                                                    .js_version = cdp_s("12.4"),
                                                });
}

static int close_browser(cdp_request *req, void *self)
{
    cdp_log_log_entry entry = {
        .source = CDP_LOG_LOG_ENTRY_SOURCE_OTHER,
        .level = CDP_LOG_LOG_ENTRY_LEVEL_INFO,
        .text = cdp_s("closing"),
    };

    (void)self;
    cdp_log_emit_entry_added(cdp_request_session(req),
                             &(cdp_log_entry_added_event){ .entry = &entry });
    return cdp_respond(req);
}

static int capture_screenshot(cdp_request *req, const cdp_page_capture_screenshot_params *params,
                              void *self)
{
    app *a = self;

    if (params->format == CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_WEBP)
        return cdp_respond_error(req, CDP_SERVER_ERROR, "no %s encoder", "webp");
    if (a->pending)
        return CDP_ESTATE; /* the library answers with an error for us */
    a->pending = req;      /* answered later, by rendered() */
    return 0;
}

static void rendered(app *a)
{
    static const uint8_t png[] = { 0x89, 'P', 'N', 'G' };

    cdp_page_capture_screenshot_respond(
        a->pending, &(cdp_page_capture_screenshot_result){ .data = { png, sizeof png } });
    a->pending = NULL;
}

static const cdp_browser_domain_impl browser = {
    .get_version = get_version,
    .close = close_browser,
};
static const cdp_page_domain_impl page = {
    .capture_screenshot = capture_screenshot,
};

static int client(cdp_session *s, cdp_session *server, app *a)
{
    CDP_AUTO cdp_browser_get_version_result *version = NULL;
    CDP_AUTO cdp_log_entry_added_event *log = NULL;
    CDP_AUTO cdp_page_capture_screenshot_result *shot = NULL;
    uint32_t logged = cdp_log_expect_entry_added(s); /* before what causes it: no race */

    if (cdp_browser_get_version(s, &version) < 0)
        return -1;
    printf("product: %s\n", version->product.ptr);
    if (cdp_browser_close(s) < 0 || cdp_log_take_entry_added(s, logged, &log) < 0)
        return -1;
    printf("log: %s\n", log->entry->text.ptr);

    cdp_page_capture_screenshot_cookie c = cdp_page_capture_screenshot_send(s, NULL);
    while (!a->pending)
        if (cdp_poll(server, -1) < 0)
            return -1;
    rendered(a);
    if (cdp_page_capture_screenshot_reply(s, c, &shot) < 0)
        return -1;
    printf("screenshot: %zu bytes\n", shot->data.len);

    if (cdp_browser_crash(s) < 0) /* nobody serves it */
        printf("error %d: %s\n", cdp_last_error(s)->remote_code, cdp_last_error(s)->message.ptr);
    return 0;
}

int main(void)
{
    cdp_session *s, *server;
    app a = { NULL };

    if (cdp_pair(&s, &server, NULL) < 0)
        return 1;
    cdp_browser_serve(server, &browser, &a);
    cdp_page_serve(server, &page, &a);
    int rc = client(s, server, &a);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    cdp_close(server);
    return rc < 0;
}
