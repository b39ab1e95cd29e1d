/*
 * test_network_events.c - Network events of the program: what is wrong with them, what is sent, and
 * to whom.
 */
#include "network_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define REQUEST "\"url\":\"u\",\"method\":\"GET\",\"headers\":{}"
#define RESPONSE "\"url\":\"u\",\"status\":200,\"statusText\":\"OK\",\"headers\":{}"
#define SWITCHED "\"status\":101,\"statusText\":\"Switching Protocols\",\"headers\":{}"

/* ---- what is wrong ----------------------------------------------------------- */

static const struct {
    const char *event, *params, *message, *path;
} wrong[] = {
#define MISSING(event, params, path)                             \
    {                                                            \
        event, "{" params "}", "Missing " path " in event", path \
    }
    MISSING("requestWillBeSent", "", "requestId"),
    MISSING("requestWillBeSent", "\"timestamp\":1,\"wallTime\":1,\"request\":{" REQUEST "}",
            "requestId"),
    MISSING("requestWillBeSent", "\"requestId\":\"1\",\"wallTime\":1,\"request\":{" REQUEST "}",
            "timestamp"),
    MISSING("requestWillBeSent", "\"requestId\":\"1\",\"timestamp\":1,\"request\":{" REQUEST "}",
            "wallTime"),
    MISSING("requestWillBeSent", "\"requestId\":\"1\",\"timestamp\":1,\"wallTime\":1", "request"),
#define SENT(request) "\"requestId\":\"1\",\"timestamp\":1,\"wallTime\":1,\"request\":{" request "}"
    MISSING("requestWillBeSent", SENT(""), "request.url"),
    MISSING("requestWillBeSent", SENT("\"method\":\"GET\",\"headers\":{}"), "request.url"),
    MISSING("requestWillBeSent", SENT("\"url\":\"u\",\"headers\":{}"), "request.method"),
    MISSING("requestWillBeSent", SENT("\"url\":\"u\",\"method\":\"GET\""), "request.headers"),
    { "requestWillBeSent", "{" SENT("\"url\":\"u\",\"method\":\"GET\",\"headers\":{\"a\":1}") "}",
      "Invalid header value in event", "request.headers" },
    { "requestWillBeSent",
      "{" SENT("\"url\":\"u\",\"method\":\"GET\",\"headers\":{\"a\":\"b\",\"c\":[\"d\"]}") "}",
      "Invalid header value in event", "request.headers" },

    MISSING("responseReceived", "\"timestamp\":1,\"type\":\"Other\",\"response\":{" RESPONSE "}",
            "requestId"),
    MISSING("responseReceived",
            "\"requestId\":\"1\",\"type\":\"Other\",\"response\":{" RESPONSE "}", "timestamp"),
    MISSING("responseReceived", "\"requestId\":\"1\",\"timestamp\":1,\"response\":{" RESPONSE "}",
            "type"),
    MISSING("responseReceived", "\"requestId\":\"1\",\"timestamp\":1,\"type\":\"Other\"",
            "response"),
#define GOT(response) \
    "\"requestId\":\"1\",\"timestamp\":1,\"type\":\"Other\",\"response\":{" response "}"
    MISSING("responseReceived", GOT("\"status\":200,\"statusText\":\"OK\",\"headers\":{}"),
            "response.url"),
    MISSING("responseReceived", GOT("\"url\":\"u\",\"statusText\":\"OK\",\"headers\":{}"),
            "response.status"),
    MISSING("responseReceived", GOT("\"url\":\"u\",\"status\":200,\"headers\":{}"),
            "response.statusText"),
    MISSING("responseReceived", GOT("\"url\":\"u\",\"status\":200,\"statusText\":\"OK\""),
            "response.headers"),
    { "responseReceived",
      "{" GOT("\"url\":\"u\",\"status\":200,\"statusText\":\"OK\",\"headers\":{\"host\":1}") "}",
      "Invalid header value in event", "response.headers" },

    MISSING("loadingFailed", "\"timestamp\":1,\"type\":\"Document\",\"errorText\":\"e\"",
            "requestId"),
    MISSING("loadingFailed", "\"requestId\":\"1\",\"type\":\"Document\",\"errorText\":\"e\"",
            "timestamp"),
    MISSING("loadingFailed", "\"requestId\":\"1\",\"timestamp\":1,\"errorText\":\"e\"", "type"),
    MISSING("loadingFailed", "\"requestId\":\"1\",\"timestamp\":1,\"type\":\"Document\"",
            "errorText"),
    MISSING("loadingFinished", "\"timestamp\":1", "requestId"),
    MISSING("loadingFinished", "\"requestId\":\"1\"", "timestamp"),

    MISSING("webSocketCreated", "\"url\":\"ws://127.0.0.1\"", "requestId"),
    MISSING("webSocketCreated", "\"requestId\":\"1\"", "url"),
    MISSING("webSocketClosed", "\"timestamp\":1", "requestId"),
    MISSING("webSocketClosed", "\"requestId\":\"1\"", "timestamp"),
    MISSING("webSocketHandshakeResponseReceived", "\"timestamp\":1,\"response\":{" SWITCHED "}",
            "requestId"),
    MISSING("webSocketHandshakeResponseReceived", "\"requestId\":\"1\",\"response\":{" SWITCHED "}",
            "timestamp"),
    MISSING("webSocketHandshakeResponseReceived", "\"requestId\":\"1\",\"timestamp\":1",
            "response"),
#define SHOOK(response) "\"requestId\":\"1\",\"timestamp\":1,\"response\":{" response "}"
    MISSING("webSocketHandshakeResponseReceived", SHOOK("\"statusText\":\"s\",\"headers\":{}"),
            "response.status"),
    MISSING("webSocketHandshakeResponseReceived", SHOOK("\"status\":101,\"headers\":{}"),
            "response.statusText"),
    MISSING("webSocketHandshakeResponseReceived", SHOOK("\"status\":101,\"statusText\":\"s\""),
            "response.headers"),
    { "webSocketHandshakeResponseReceived",
      "{" SHOOK("\"status\":101,\"statusText\":\"s\",\"headers\":{\"a\":null}") "}",
      "Invalid header value in event", "response.headers" },

    MISSING("dataSent", "\"finished\":false", "requestId"),
    MISSING("dataSent", "\"finished\":true", "requestId"),
    MISSING("dataSent", "\"requestId\":\"1\"", "timestamp"),
    MISSING("dataSent", "\"requestId\":\"1\",\"timestamp\":1", "dataLength"),
    MISSING("dataSent", "\"requestId\":\"1\",\"timestamp\":1,\"dataLength\":1", "data"),
    { "dataSent", "{\"requestId\":\"1\",\"timestamp\":1,\"dataLength\":1,\"data\":{}}",
      "Expected data to be Uint8Array in event", "data" },
    MISSING("dataReceived", "", "requestId"),
    MISSING("dataReceived", "\"requestId\":\"1\"", "timestamp"),
    MISSING("dataReceived", "\"requestId\":\"1\",\"timestamp\":1", "dataLength"),
    MISSING("dataReceived", "\"requestId\":\"1\",\"timestamp\":1,\"dataLength\":1",
            "encodedDataLength"),
    MISSING("dataReceived",
            "\"requestId\":\"1\",\"timestamp\":1,\"dataLength\":1,\"encodedDataLength\":1", "data"),
    { "dataReceived",
      "{\"requestId\":\"1\",\"timestamp\":1,\"dataLength\":1,\"encodedDataLength\":1,\"data\":{}}",
      "Expected data to be Uint8Array in event", "data" },

    /* What Node cannot be given, or words differently. */
    { "requestWillBeSent", "{" SENT("\"url\":7") "}", "request.url: string expected in event",
      "request.url" },
    { "requestWillBeSent", "[]", "params must be an object", "params" },
    { "loadingFinished", "{\"requestId\":\"1\",\"timestamp\":1", "',' or '}' expected in event",
      "" },
    { "loadingFinished", "{\"requestId\":\"1\",\"timestamp\":1} {}", "trailing bytes in event",
      "" },
    { "loadingFinished", "{\"requestId\":\"1\",\"timestamp\":\"1\"}",
      "timestamp: number expected in event", "timestamp" },
};

static void test_wrong(void **state)
{
    stage st;

    (void)state;
    stage_open(&st);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) /* while nobody listens: nothing */
        assert_int_equal(stage_send(&st, wrong[i].event, wrong[i].params), 0);
    stage_enable(&st, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(stage_send(&st, wrong[i].event, wrong[i].params), CDP_EINVAL);
        assert_string_equal(st.e.pub.message.ptr, wrong[i].message);
        assert_string_equal(st.e.pub.path.ptr, wrong[i].path);
        assert_int_equal(st.e.pub.status, CDP_EINVAL);
    }
    assert_int_equal(stage_send(&st, "requestWasSent", "{}"), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "no such event: requestWasSent");
    assert_int_equal(stage_send(&st, NULL, "{}"), CDP_EINVAL);
    assert_int_equal(stage_send(&st, "loadingFinished", NULL), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Missing requestId in event");
    assert_string_equal(stage_events(&st, 0), "");
    stage_close(&st);
}

/* ---- what is sent ------------------------------------------------------------ */

static const struct {
    const char *event, *params, *sent; /* NULL: as it is */
} good[] = {
    { "requestWillBeSent", "{" SENT(REQUEST) "}",
      "{\"requestId\":\"1\",\"request\":{" REQUEST "},\"timestamp\":1,\"wallTime\":1}" },
    { "responseReceived", "{" GOT(RESPONSE) "}", NULL },
    { "responseReceived",
      "{\"requestId\":\"1\",\"timestamp\":0,\"type\":\"Later\",\"response\":{" RESPONSE
      ",\"mimeType\":\"text/plain\",\"charset\":\"\",\"fromPrefetchCache\":false,\"later\":[1]}}",
      NULL },
    { "loadingFinished", "{\"requestId\":\"1\",\"timestamp\":0}", NULL },
    { "loadingFinished", "{\"requestId\":\"1\",\"timestamp\":1.5,\"encodedDataLength\":0}", NULL },
    { "loadingFailed",
      "{\"requestId\":\"1\",\"timestamp\":1,\"type\":\"Fetch\",\"errorText\":\"\\u00e9\"}", NULL },
    { "webSocketCreated", "{\"requestId\":\"\",\"url\":\"ws://127.0.0.1\"}", NULL },
    { "webSocketHandshakeResponseReceived", "{" SHOOK(SWITCHED) "}", NULL },
    { "webSocketClosed", " {\"requestId\":\"1\" , \"timestamp\":1} \n",
      "{\"requestId\":\"1\",\"timestamp\":1}" },
};

static void test_sent(void **state)
{
    stage st;
    char want[600];

    (void)state;
    stage_open(&st);
    for (int i = 0; i < 2; i++)
        stage_enable(&st, i);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(stage_send(&st, good[i].event, good[i].params), 0);
        snprintf(want, sizeof want, "Network.%s %s\n", good[i].event,
                 good[i].sent ? good[i].sent : good[i].params);
        assert_string_equal(stage_events(&st, 0), want);
        assert_string_equal(stage_events(&st, 1), want);
    }
    stage_close(&st);
}

/* Structs: a zero is a number, NULL is missing, and what the protocol requires besides is not. */
static void test_structs(void **state)
{
    cdp_network_request request = { .url = cdp_s("u"), .method = cdp_s("GET") };
    cdp_network_initiator initiator = { .type = CDP_NETWORK_INITIATOR_TYPE_SCRIPT };
    cdp_network_request_will_be_sent_event ev = { .request_id = cdp_s("1"),
                                                  .initiator = &initiator };
    cdp_network_response response = { .url = cdp_s("u"), .headers = cdp_json("{}") };
    cdp_network_response_received_event got = { .request_id = cdp_s("1"), .response = &response };
    cdp_inspector_data_sent piece = { .request_id = cdp_s("1") };
    stage st;

    (void)state;
    stage_open(&st);
    stage_enable(&st, 0);
    const char *event = "requestWillBeSent";
    assert_int_equal(cdp__network_broadcast(st.n, event, NULL, &st.e), CDP_EINVAL);
    assert_int_equal(cdp__network_broadcast(st.n, event, &ev, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Missing request in event");
    assert_string_equal(st.e.pub.path.ptr, "request");
    ev.request = &request;
    assert_int_equal(cdp__network_broadcast(st.n, event, &ev, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Missing request.headers in event");
    request.headers = cdp_json("{\"a\":\"b\"");
    assert_int_equal(cdp__network_broadcast(st.n, event, &ev, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Invalid header value in event");
    request.headers = cdp_json("{\"a\":\"b\"}");
    request.url = cdp_s("\xff");
    assert_int_equal(cdp__network_broadcast(st.n, event, &ev, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.path.ptr, "request.url");
    request.url = cdp_s("");
    assert_int_equal(cdp__network_broadcast(st.n, event, &ev, &st.e), 0);
    assert_string_equal(stage_events(&st, 0),
                        "Network.requestWillBeSent {\"requestId\":\"1\",\"request\":{\"url\":\"\","
                        "\"method\":\"GET\",\"headers\":{\"a\":\"b\"}},\"timestamp\":0,"
                        "\"wallTime\":0,\"initiator\":{\"type\":\"script\"}}\n");

    event = "responseReceived";
    assert_int_equal(cdp__network_broadcast(st.n, event, &got, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Missing type in event");
    got.type = CDP_NETWORK_RESOURCE_TYPE_FETCH;
    assert_int_equal(cdp__network_broadcast(st.n, event, &got, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Missing response.statusText in event");
    response.status_text = cdp_s("");
    response.connection_reused = true;
    assert_int_equal(cdp__network_broadcast(st.n, event, &got, &st.e), 0);
    assert_string_equal(stage_events(&st, 0),
                        "Network.responseReceived {\"requestId\":\"1\",\"timestamp\":0,"
                        "\"type\":\"Fetch\",\"response\":{\"url\":\"u\",\"status\":0,"
                        "\"statusText\":\"\",\"headers\":{},\"connectionReused\":true}}\n");

    assert_int_equal(cdp__network_data_sent(st.n, NULL, &st.e), CDP_EINVAL);
    assert_int_equal(cdp__network_data_sent(st.n, &piece, &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.message.ptr, "Missing data in event");
    piece.finished = true;
    assert_int_equal(cdp__network_data_sent(st.n, &piece, &st.e), 0);
    stage_close(&st);
}

/* ---- to whom ----------------------------------------------------------------- */

static void test_enabled(void **state)
{
    stage st;

    (void)state;
    stage_open(&st);
    stage_begin(&st, "1");
    stage_enable(&st, 1);
    stage_begin(&st, "1");
    stage_begin(&st, "1"); /* known by now */
    assert_string_equal(stage_events(&st, 0), "");
    assert_string_equal(stage_events(&st, 1),
                        "Network.requestWillBeSent {\"requestId\":\"1\",\"request\":{" REQUEST
                        "},\"timestamp\":1,\"wallTime\":2}\n");
    stage_enable(&st, 0);
    stage_begin(&st, "1");
    assert_string_not_equal(stage_events(&st, 0), "");
    assert_string_equal(stage_events(&st, 1), "");
    assert_string_equal(stage_call(&st, 1, "Network.disable", NULL), "{}");
    stage_finish(&st, "1");
    assert_string_equal(stage_events(&st, 0),
                        "Network.loadingFinished {\"requestId\":\"1\",\"timestamp\":3}\n");
    assert_string_equal(stage_events(&st, 1), "");
    assert_string_equal(stage_call(&st, 1, "Network.disable", NULL), "{}");
    stage_enable(&st, 1);
    stage_begin(&st, "1"); /* forgotten since */
    assert_string_not_equal(stage_events(&st, 1), "");
    assert_string_equal(stage_call(&st, 0, "Network.setCacheDisabled", "{\"cacheDisabled\":true}"),
                        "-32601 'Network.setCacheDisabled' wasn't found");
    stage_close(&st);
}

/* ---- what receivers do ------------------------------------------------------- */

/* When the front sends: which fronts are to end, and is the inspector? */
typedef struct closing {
    stage *st;
    bool fronts[2], network;
    int sent;
} closing;

static void on_sent(cdp_session *s, bool sent, cdp_value message, void *data)
{
    closing *c = data;
    stage *st = c->st;

    (void)s;
    (void)message;
    if (!sent)
        return;
    c->sent++;
    if (c->network)
        cdp__network_free(st->n);
    c->network = false;
    for (int i = 0; i < 2; i++) {
        if (!c->fronts[i] || !st->r[i].b)
            continue;
        cdp_session *front = st->r[i].b;
        st->r[i].b = NULL;
        cdp__network_ended(front, st->n);
        cdp_close(front);
    }
}

static void close_amid(closing c, void (*act)(stage *st))
{
    stage st;

    stage_open(&st);
    c.st = &st;
    stage_enable(&st, 0);
    stage_enable(&st, 1);
    stage_begin(&st, "1");
    stage_receive(&st, "1", "body", 4);
    stage_finish(&st, "1");
    bool freed = c.network;
    cdp_set_trace(st.r[0].b, on_sent, &c);
    cdp_set_trace(st.r[1].b, on_sent, &c);
    act(&st);
    assert_true(c.sent > 0);
    for (int i = 0; i < 2; i++)
        if (st.r[i].b)
            cdp_set_trace(st.r[i].b, NULL, NULL);
    if (!freed) {
        if (c.fronts[0] != c.fronts[1]) { /* the other goes on */
            int left = c.fronts[0];
            stage_events(&st, left);
            stage_begin(&st, "3");
            assert_string_not_equal(stage_events(&st, left), "");
        }
        stage_close(&st);
        return;
    }
    for (int i = 0; i < 2; i++)
        if (st.r[i].b)
            cdp__network_ended(st.r[i].b, st.n);
    for (int i = 1; i >= 0; i--)
        rig_close(&st.r[i]);
}

static void act_broadcast(stage *st)
{
    stage_begin(st, "2");
}

static void act_command(stage *st)
{
    cdp_call_async(st->r[0].a, "Network.getResponseBody", cdp_json("{\"requestId\":\"1\"}"), NULL,
                   NULL);
    rig_settle(&st->r[0]);
}

static void act_stream(stage *st)
{
    cdp_call_async(st->r[1].a, "Network.streamResourceContent", cdp_json("{\"requestId\":\"1\"}"),
                   NULL, NULL);
    rig_settle(&st->r[1]);
}

static void test_closing(void **state)
{
    void (*const acts[])(stage *) = { act_broadcast, act_command, act_stream };

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        for (unsigned which = 1; which < 8; which++)
            close_amid((closing){ .fronts = { which & 1, which & 2 }, .network = which & 4 },
                       acts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),   cmocka_unit_test(test_sent),
        cmocka_unit_test(test_structs), cmocka_unit_test(test_enabled),
        cmocka_unit_test(test_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
