/* test_report_har.c - network events, recorded from Chromium and made up, as HAR. */
#include "../support/codec_help.h"
#include "../support/json_tree.h"
#include "../support/report_help.h"
#include "../support/rig.h"

#include <cdp/value.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- what was written ---------------------------------------------------- */

static report_sink save(const cdp_har *har)
{
    report_sink out = { 0 };

    assert_int_equal(cdp_har_save(har, report_take, &out), 0);
    json_tree *tree = json_tree_parse(out.ptr, out.len);
    assert_non_null(tree);
    json_tree_free(tree);
    return out;
}

static cdp_value at(const report_sink *har, const char *path)
{
    return cdp_value_path(cdp_json(har->ptr), path);
}

static void assert_text(const report_sink *har, const char *path, const char *text)
{
    cdp_value v = at(har, path);

    if (!cdp_value_str_eq(v, text))
        fail_msg("%s is %.*s, not %s", path, (int)v.len, v.ptr ? v.ptr : "", text);
}

static void assert_number(const report_sink *har, const char *path, double number)
{
    double is = cdp_value_num(at(har, path), NAN);

    if (!(fabs(is - number) < 1e-3))
        fail_msg("%s is %f, not %f", path, is, number);
}

/* The entry's members that HAR 1.2 requires, and that its phases add up. */
static void assert_entry(cdp_value e)
{
    static const char *const required[] = {
        "startedDateTime",      "time",
        "request.method",       "request.url",
        "request.httpVersion",  "request.cookies",
        "request.headers",      "request.queryString",
        "request.headersSize",  "request.bodySize",
        "response.status",      "response.statusText",
        "response.httpVersion", "response.cookies",
        "response.headers",     "response.content.size",
        "response.content",     "response.content.mimeType",
        "response.redirectURL", "response.headersSize",
        "response.bodySize",    "cache",
        "timings.send",         "timings.wait",
        "timings.receive",
    };
    static const char *const phases[] = { "blocked", "dns", "connect", "send", "wait", "receive" };
    double sum = 0;

    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!cdp_value_path(e, required[i]).ptr)
            fail_msg("no %s", required[i]);
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        double took = cdp_value_num(cdp_value_get(cdp_value_get(e, "timings"), phases[i]), NAN);
        assert_true(took >= 0 || took == -1);
        sum += took > 0 ? took : 0;
    }
    assert_true(fabs(sum - cdp_value_num(cdp_value_get(e, "time"), NAN)) < 1e-6);
}

static size_t assert_entries(const report_sink *har)
{
    cdp_cursor c = cdp_cursor_begin(at(har, "log.entries"));
    size_t n = 0;

    for (; cdp_cursor_next(&c); n++)
        assert_entry(c.value);
    assert_int_equal(c.error, 0);
    assert_text(har, "log.version", "1.2");
    assert_text(har, "log.creator.name", "cdpkit");
    return n;
}

/* ---- a recorded page ----------------------------------------------------- */

/* Has b send the recorded events to a. */
static void replay(rig *r, const char *name)
{
    char path[256];
    size_t n;

    snprintf(path, sizeof path, "tests/corpus/%s", name);
    char *text = help_file(path, &n);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        rig_feed(r->a, line);
    }
    free(text);
}

static int give_body(cdp_request *req, const cdp_network_get_response_body_params *p, void *self)
{
    ++*(int *)self;
    if (cdp_str_eq(p->request_id, cdp_s("12932.2")))
        return cdp_respond_error(req, CDP_SERVER_ERROR, "No resource with given identifier found");
    return cdp_network_get_response_body_respond(
        req,
        &(cdp_network_get_response_body_result){ .body = cdp_s("aGk="), .base64_encoded = true });
}

static const cdp_network_domain_impl bodies = { .get_response_body = give_body };

static void records_a_page(void **state)
{
    rig r;
    cdp_har *har;
    cdp_har_options opt = { .browser = "Chrome/156.0", .max_body = 400 };
    int asked = 0;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    opt.allocator = &r.heap.allocator;
    cdp_network_serve(r.b, &bodies, &asked);
    assert_int_equal(cdp_har_new(&har, &opt), 0);
    assert_int_equal(cdp_har_watch(har, r.a), 0);
    replay(&r, "chromium-Network.page.ndjson");
    assert_int_equal(cdp_har_pending(har), 5); /* not the page itself, of 436 bytes */
    rig_settle(&r);
    assert_int_equal(cdp_har_pending(har), 0);
    assert_int_equal(asked, 5);
    report_sink out = save(har), again = save(har);
    assert_string_equal(out.ptr, again.ptr);
    report_drop(&again);
    assert_int_equal(assert_entries(&out), 10);
    assert_text(&out, "log.browser.name", "Chrome");
    assert_text(&out, "log.browser.version", "156.0");
    assert_text(&out, "log.pages.0.id", "page_1");
    assert_int_equal(cdp_value_count(at(&out, "log.pages")), 1);
    assert_true(cdp_value_num(at(&out, "log.pages.0.pageTimings.onLoad"), 0) >
                cdp_value_num(at(&out, "log.pages.0.pageTimings.onContentLoad"), 1e9));

    /* a redirect, with what came on each hop */
    assert_number(&out, "log.entries.0.response.status", 302);
    assert_text(&out, "log.entries.0.response.redirectURL", "/page");
    assert_text(&out, "log.entries.0.response.cookies.0.name", "a");
    assert_text(&out, "log.entries.0.response.cookies.0.path", "/");
    assert_true(cdp_value_bool(at(&out, "log.entries.0.response.cookies.0.httpOnly"), false));
    assert_text(&out, "log.entries.0.response.cookies.1.sameSite", "Lax");
    assert_int_equal(cdp_value_count(at(&out, "log.entries.0.request.cookies")), 0);
    assert_number(&out, "log.entries.1.response.status", 200);
    assert_text(&out, "log.entries.1.request.cookies.1.name", "b");
    assert_text(&out, "log.entries.1._resourceType", "document");
    assert_text(&out, "log.entries.1._priority", "VeryHigh");
    assert_text(&out, "log.entries.1.request.httpVersion", "http/1.1");
    assert_text(&out, "log.entries.1.pageref", "page_1");
    assert_text(&out, "log.entries.1.serverIPAddress", "127.0.0.1");
    assert_number(&out, "log.entries.1.response.content.size", 436);
    assert_true(cdp_value_num(at(&out, "log.entries.1.response.content.compression"), 0) > 100);

    /* a style sheet whose body is gone, a script with a query */
    assert_false(at(&out, "log.entries.2.response.content.text").ptr);
    assert_number(&out, "log.entries.2.response.content.size", 15);
    assert_text(&out, "log.entries.3.request.queryString.0.name", "x");
    assert_text(&out, "log.entries.3.request.queryString.1.value", "%20z");
    assert_text(&out, "log.entries.3.response.content.text", "aGk=");
    assert_text(&out, "log.entries.3.response.content.encoding", "base64");
    assert_number(&out, "log.entries.4.response.status", 404);

    /* a POST, a request without end, one that failed, a WebSocket */
    assert_text(&out, "log.entries.5.request.postData.text", "{\"a\":1}");
    assert_text(&out, "log.entries.5.request.postData.mimeType", "application/json");
    assert_number(&out, "log.entries.5.request.bodySize", 7);
    assert_number(&out, "log.entries.6.response.content.size", 5);
    assert_false(at(&out, "log.entries.6.response._transferSize").ptr);
    assert_number(&out, "log.entries.7.response.status", 0);
    assert_text(&out, "log.entries.7.response._error", "net::ERR_UNSAFE_PORT");
    assert_number(&out, "log.entries.9.response.status", 101);
    assert_text(&out, "log.entries.9._resourceType", "websocket");
    assert_text(&out, "log.entries.9._webSocketMessages.0.type", "send");
    assert_text(&out, "log.entries.9._webSocketMessages.0.data", "hi");
    assert_text(&out, "log.entries.9._webSocketMessages.1.type", "receive");
    assert_true(cdp_value_num(at(&out, "log.entries.9._webSocketMessages.1.time"), 0) > 1.7e9);
    report_drop(&out);
    cdp_har_free(har);
    rig_close(&r);
}

static void does_not_ask_unless_told(void **state)
{
    rig r;
    cdp_har *har;
    int asked = 0;

    (void)state;
    rig_open(&r, CDP_JSON, NULL);
    cdp_network_serve(r.b, &bodies, &asked);
    assert_int_equal(cdp_har_new(&har, NULL), 0);
    assert_int_equal(cdp_har_watch(har, r.a), 0);
    replay(&r, "chromium-Network.page.ndjson");
    rig_settle(&r);
    assert_int_equal(asked, 0);
    cdp_har_unwatch(har, r.a);
    replay(&r, "chromium-Network.page.ndjson"); /* nobody listens */
    report_sink out = save(har);
    assert_int_equal(assert_entries(&out), 10);
    assert_false(at(&out, "log.browser").ptr);
    report_drop(&out);
    cdp_har_free(har);
    rig_close(&r);
}

/* Bodies that come when the recorder, or the watch, is gone. */
static void may_be_freed_amid_calls(void **state)
{
    for (int i = 0; i < 3; i++) {
        rig r;
        cdp_har *har;
        int asked = 0;

        (void)state;
        rig_open(&r, CDP_JSON, NULL);
        cdp_network_serve(r.b, &bodies, &asked);
        cdp_har_options opt = { .allocator = &r.heap.allocator, .max_body = 1000 };
        assert_int_equal(cdp_har_new(&har, &opt), 0);
        assert_int_equal(cdp_har_watch(har, r.a), 0);
        replay(&r, "chromium-Network.page.ndjson");
        assert_true(cdp_har_pending(har) > 0);
        if (i == 0)
            cdp_har_free(har);
        else
            cdp_har_unwatch(har, i == 1 ? r.a : NULL);
        rig_settle(&r);
        if (i > 0)
            cdp_har_free(har);
        rig_close(&r);
    }
}

/* ---- by hand ------------------------------------------------------------- */

#define FEED(har, fn, type, text)                                       \
    do {                                                                \
        cdp_##type##_event *ev_;                                        \
        cdp_str *why_ = NULL;                                           \
        if (cdp_##type##_event_from_json(cdp_s(text), &ev_, &why_) < 0) \
            fail_msg("%s", why_->ptr);                                  \
        assert_int_equal(cdp_har_##fn(har, ev_), 0);                    \
        cdp_free(ev_);                                                  \
    } while (0)

#define REQUEST(id, time, more)                                                                    \
    "{\"requestId\":\"" id "\",\"request\":{\"url\":\"http://a/\",\"method\":\"GET\",\"headers\":" \
    "{}},\"timestamp\":" time ",\"wallTime\":1000" more "}"

/* Extra info that comes before its event, after it, and not at all. */
static void gives_extra_info_to_its_hop(void **state)
{
    cdp_har *har;

    (void)state;
    assert_int_equal(cdp_har_new(&har, NULL), 0);
    FEED(har, request_extra, network_request_will_be_sent_extra_info,
         "{\"requestId\":\"1\",\"headers\":{\"n\":\"first\"}}");
    FEED(har, request, network_request_will_be_sent, REQUEST("1", "10", ""));
    FEED(har, request, network_request_will_be_sent,
         REQUEST("1", "11",
                 ",\"redirectHasExtraInfo\":true,\"redirectResponse\":{\"status\":301,\"headers\":{"
                 "\"Location\":\"/b\"}}"));
    FEED(har, request, network_request_will_be_sent,
         REQUEST("1", "12",
                 ",\"redirectHasExtraInfo\":false,\"redirectResponse\":{\"status\":307}"));
    FEED(har, response, network_response_received,
         "{\"requestId\":\"1\",\"timestamp\":13,\"hasExtraInfo\":true,\"response\":{\"status\":200}"
         "}");
    FEED(har, request_extra, network_request_will_be_sent_extra_info,
         "{\"requestId\":\"1\",\"headers\":{\"n\":\"third\"}}");
    FEED(har, response_extra, network_response_received_extra_info,
         "{\"requestId\":\"1\",\"headers\":{\"Set-Cookie\":\"x=1\\ny\"},\"statusCode\":301}");
    FEED(har, response_extra, network_response_received_extra_info,
         "{\"requestId\":\"1\",\"headers\":{},\"statusCode\":304}");
    report_sink out = save(har);
    assert_int_equal(assert_entries(&out), 3);
    assert_text(&out, "log.entries.0.request.headers.0.value", "first");
    assert_number(&out, "log.entries.0.response.status", 301);
    assert_int_equal(cdp_value_count(at(&out, "log.entries.0.response.headers")), 2);
    assert_text(&out, "log.entries.0.response.cookies.1.name", "y");
    assert_text(&out, "log.entries.0.response.cookies.1.value", "");
    assert_int_equal(cdp_value_count(at(&out, "log.entries.1.request.headers")), 0);
    assert_number(&out, "log.entries.1.response.status", 307);
    assert_text(&out, "log.entries.2.request.headers.0.value", "third");
    assert_number(&out, "log.entries.2.response.status", 304);
    assert_number(&out, "log.entries.2.time", 1000);
    report_drop(&out);
    cdp_har_free(har);
}

static void divides_the_time(void **state)
{
    cdp_har *har;

    (void)state;
    assert_int_equal(cdp_har_new(&har, NULL), 0);
    FEED(har, request, network_request_will_be_sent, REQUEST("1", "10", ""));
    FEED(har, response, network_response_received,
         "{\"requestId\":\"1\",\"timestamp\":10.5,\"response\":{\"status\":200,\"timing\":{"
         "\"requestTime\":10.1,\"dnsStart\":10,\"dnsEnd\":30,\"connectStart\":30,\"connectEnd\":90,"
         "\"sslStart\":50,\"sslEnd\":90,\"sendStart\":91,\"sendEnd\":100}}}");
    FEED(har, finished, network_loading_finished,
         "{\"requestId\":\"1\",\"timestamp\":11,\"encodedDataLength\":5}");
    FEED(har, served_from_cache, network_request_served_from_cache, "{\"requestId\":\"1\"}");
    FEED(har, request, network_request_will_be_sent, REQUEST("2", "20", ""));
    FEED(har, response, network_response_received,
         "{\"requestId\":\"2\",\"timestamp\":20.25,\"response\":{\"fromDiskCache\":true}}");
    report_sink out = save(har);
    assert_entries(&out);
    assert_text(&out, "log.entries.0.startedDateTime", "1970-01-01T00:16:40.000Z");
    assert_number(&out, "log.entries.0.timings.blocked", 110);
    assert_number(&out, "log.entries.0.timings.dns", 20);
    assert_number(&out, "log.entries.0.timings.connect", 60);
    assert_number(&out, "log.entries.0.timings.ssl", 40);
    assert_number(&out, "log.entries.0.timings.send", 10);
    assert_number(&out, "log.entries.0.timings.wait", 300);
    assert_number(&out, "log.entries.0.timings.receive", 500);
    assert_number(&out, "log.entries.0.time", 1000);
    assert_text(&out, "log.entries.0._fromCache", "memory");
    assert_number(&out, "log.entries.1.timings.dns", -1);
    assert_number(&out, "log.entries.1.timings.wait", 250);
    assert_text(&out, "log.entries.1._fromCache", "disk");
    assert_number(&out, "log.entries.1.response.bodySize", 0);
    report_drop(&out);
    cdp_har_free(har);
}

/* Events of requests that began earlier, in odd order, with texts that are none. */
static void survives_what_peers_send(void **state)
{
    static const char body[] = "{\"body\":\"\\u0000\\ud800</script>\"}";
    cdp_network_get_response_body_result *b;
    cdp_har *har;

    (void)state;
    assert_int_equal(cdp_har_new(&har, &(cdp_har_options){ .browser = "x" }), 0);
    FEED(har, data, network_data_received, "{\"requestId\":\"?\"}");
    FEED(har, response, network_response_received, "{\"requestId\":\"?\"}");
    FEED(har, finished, network_loading_finished, "{}");
    FEED(har, failed, network_loading_failed, "{\"requestId\":\"?\"}");
    FEED(har, loaded, page_load_event_fired, "{}");
    FEED(har, content_loaded, page_dom_content_event_fired, "{}");
    FEED(har, socket_closed, network_web_socket_closed, "{}");
    FEED(har, socket_received, network_web_socket_frame_received,
         "{\"requestId\":\"w\",\"timestamp\":5}");
    FEED(har, socket_created, network_web_socket_created, "{\"requestId\":\"v\"}");
    FEED(har, request, network_request_will_be_sent, "{}");
    FEED(har, request, network_request_will_be_sent,
         "{\"requestId\":\"1\",\"loaderId\":\"1\",\"type\":\"Novel\",\"timestamp\":1e300,"
         "\"wallTime\":"
         "-1e300,\"request\":{\"headers\":{\"cookie\\u0000\":7,\"Cookie\":\"a=b;; =c; d\"},\"url\":"
         "\"?&=&a#?b\"},\"initiator\":{\"type\":\"novel\"}}");
    assert_int_equal(cdp_network_get_response_body_result_from_json(cdp_s(body), &b, NULL), 0);
    assert_int_equal(cdp_har_body(har, cdp_s("1"), b), 0);
    assert_int_equal(cdp_har_body(har, cdp_s("no"), b), CDP_EINVAL);
    cdp_free(b);
    report_sink out = save(har);
    assert_int_equal(assert_entries(&out), 4);
    assert_text(&out, "log.entries.3._resourceType", "Novel");
    assert_text(&out, "log.entries.3.startedDateTime", "1970-01-01T00:00:00.000Z");
    assert_int_equal(cdp_value_count(at(&out, "log.entries.3.request.queryString")), 3);
    assert_int_equal(cdp_value_count(at(&out, "log.entries.3.request.cookies")), 4);
    assert_text(&out, "log.entries.3._initiator.type", "novel");
    report_drop(&out);
    cdp_har_free(har);
}

/* ---- memory -------------------------------------------------------------- */

static int record(const cdp_allocator *a, rig *r)
{
    cdp_har *har;
    report_sink out = { 0 };
    cdp_har_options opt = { .allocator = a, .browser = "Chrome/1", .max_body = 1000 };
    int rc = cdp_har_new(&har, &opt);

    if (rc == 0)
        rc = cdp_har_watch(har, r->a);
    if (rc == 0) {
        replay(r, "chromium-Network.page.ndjson");
        rig_settle(r);
        rc = cdp_har_save(har, report_take, &out);
    }
    report_drop(&out);
    cdp_har_free(har);
    rig_settle(r);
    return rc;
}

static void does_without_memory(void **state)
{
    bool failed = true;

    (void)state;
    for (size_t nth = 1; failed; nth++) {
        rig r;
        rig_heap heap;
        int asked = 0;
        rig_open(&r, CDP_JSON, NULL);
        cdp_network_serve(r.b, &bodies, &asked);
        rig_heap_init(&heap);
        heap.fail_at = nth;
        int rc = record(&heap.allocator, &r);
        failed = heap.failures > 0;
        assert_int_equal(rc, failed ? CDP_ENOMEM : 0);
        assert_int_equal(heap.blocks, 0);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_a_page),          cmocka_unit_test(does_not_ask_unless_told),
        cmocka_unit_test(may_be_freed_amid_calls), cmocka_unit_test(gives_extra_info_to_its_hop),
        cmocka_unit_test(divides_the_time),        cmocka_unit_test(survives_what_peers_send),
        cmocka_unit_test(does_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
