/*
 * test_network_bodies.c - what front-ends ask for: bodies of requests and responses, within limits
 * or as a stream, and resources.
 */
#include "network_test.h"

#include "../../runtime/core/pair.h"

#include <cdp/io.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *body(stage *st, int i, const char *id)
{
    char params[100];

    snprintf(params, sizeof params, "{\"requestId\":\"%s\"}", id);
    return stage_call(st, i, "Network.getResponseBody", params);
}

static const char *post_data(stage *st, int i, const char *id)
{
    char params[100];

    snprintf(params, sizeof params, "{\"requestId\":\"%s\"}", id);
    return stage_call(st, i, "Network.getRequestPostData", params);
}

static const char *stream(stage *st, int i, const char *id)
{
    char params[100];

    snprintf(params, sizeof params, "{\"requestId\":\"%s\"}", id);
    return stage_call(st, i, "Network.streamResourceContent", params);
}

static int send_piece(stage *st, const char *id, const char *bytes, size_t n)
{
    cdp_inspector_data_sent ev = { .request_id = cdp_s(id),
                                   .data_length = (int32_t)n,
                                   .data = { (const uint8_t *)bytes, n } };

    return cdp__network_data_sent(st->n, &ev, &st->e);
}

/* ---- bodies ------------------------------------------------------------------ */

static void test_response(void **state)
{
    stage st;

    (void)state;
    stage_open(&st);
    stage_enable(&st, 0);
    stage_enable(&st, 1);
    assert_string_equal(body(&st, 0, "1"), "-32602 Request not found");
    stage_begin(&st, "1");
    stage_respond(&st, "1", "utf-8");
    assert_int_equal(stage_receive(&st, "1", "h\xc3", 2), 0); /* cut amid a character */
    assert_int_equal(stage_receive(&st, "1", "\xa9", 1), 0);
    assert_int_equal(stage_receive(&st, "other", "x", 1), 0);
    stage_events(&st, 0);
    assert_string_equal(body(&st, 0, "1"), "-32602 Response data is not finished yet");
    stage_finish(&st, "1");
    for (int i = 0; i < 2; i++) { /* each has its own */
        assert_string_equal(body(&st, i, "1"), "{\"body\":\"h\\u00e9\",\"base64Encoded\":false}");
        assert_string_equal(body(&st, i, "1"), "-32602 Request not found");
    }

    static const struct {
        const char *charset, *bytes;
        size_t n;
        const char *answer;
    } cases[] = {
        { NULL, "abc", 3, "{\"body\":\"YWJj\",\"base64Encoded\":true}" },
        { "latin1", "\xe9\0", 2, "{\"body\":\"6QA=\",\"base64Encoded\":true}" },
        { "utf-8", "\xe9", 1, "{\"body\":\"6Q==\",\"base64Encoded\":true}" }, /* it is not */
        { "utf-8", "a\0b", 3, "{\"body\":\"a\\u0000b\",\"base64Encoded\":false}" },
        { "utf-8", "", 0, "{\"body\":\"\",\"base64Encoded\":false}" },
        { NULL, "", 0, "{\"body\":\"\",\"base64Encoded\":true}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        stage_begin(&st, "2");
        stage_respond(&st, "2", cases[i].charset);
        assert_int_equal(stage_receive(&st, "2", cases[i].bytes, cases[i].n), 0);
        stage_finish(&st, "2");
        for (int f = 0; f < 2; f++)
            assert_string_equal(body(&st, f, "2"), cases[i].answer);
    }

    stage_begin(&st, "3");
    assert_int_equal(stage_send(&st, "loadingFailed",
                                "{\"requestId\":\"3\",\"timestamp\":1,\"type\":\"Fetch\","
                                "\"errorText\":\"e\"}"),
                     0);
    assert_string_equal(body(&st, 0, "3"), "-32602 Request not found");
    stage_close(&st);
}

static void begin_posting(stage *st, const char *id, const char *more)
{
    char text[200];

    snprintf(text, sizeof text,
             "{\"requestId\":\"%s\",\"timestamp\":1,\"wallTime\":2%s,\"request\":{\"url\":\"u\","
             "\"method\":\"POST\",\"headers\":{},\"hasPostData\":true}}",
             id, more);
    assert_int_equal(stage_send(st, "requestWillBeSent", text), 0);
}

static void test_request(void **state)
{
    cdp_inspector_data_sent end = { .request_id = cdp_s("1"), .finished = true };
    stage st;

    (void)state;
    stage_open(&st);
    stage_enable(&st, 0);
    assert_string_equal(post_data(&st, 0, "1"), "-32602 Request not found");
    begin_posting(&st, "1", ",\"charset\":\"utf-8\"");
    assert_int_equal(send_piece(&st, "1", "a\xe2\x82", 3), 0);
    assert_int_equal(stage_send(&st, "dataSent",
                                "{\"requestId\":\"1\",\"timestamp\":1,\"dataLength\":1,"
                                "\"data\":\"rA==\"}"),
                     0);
    assert_string_equal(post_data(&st, 0, "1"), "-32602 Request data is not finished yet");
    assert_int_equal(cdp__network_data_sent(st.n, &end, &st.e), 0);
    for (int i = 0; i < 2; i++) /* it stays */
        assert_string_equal(post_data(&st, 0, "1"),
                            "{\"postData\":\"a\\u20ac\",\"base64Encoded\":false}");

    begin_posting(&st, "2", ",\"charset\":\"latin1\"");
    begin_posting(&st, "3", "");
    begin_posting(&st, "4", "");
    assert_int_equal(send_piece(&st, "2", "a", 1), 0);
    assert_int_equal(send_piece(&st, "3", "\xff", 1), 0);
    assert_int_equal(send_piece(&st, "4", "a", 1), 0);
    for (int id = 2; id <= 4; id++) {
        char text[60];
        snprintf(text, sizeof text, "{\"requestId\":\"%d\",\"finished\":true}", id);
        assert_int_equal(stage_send(&st, "dataSent", text), 0);
    }
    for (int id = 2; id <= 3; id++)
        assert_string_equal(post_data(&st, 0, id == 2 ? "2" : "3"),
                            "-32000 Unable to serialize binary request body");
    assert_string_equal(post_data(&st, 0, "4"), "{\"postData\":\"a\",\"base64Encoded\":false}");
    stage_begin(&st, "5"); /* has none */
    assert_string_equal(post_data(&st, 0, "5"), "{\"postData\":\"\",\"base64Encoded\":false}");
    stage_close(&st);
}

/* ---- limits ------------------------------------------------------------------ */

static void set_limits(stage *st, const char *limits)
{
    assert_string_equal(stage_call(st, 0, "Network.enable", limits), "{}");
}

static void test_limits(void **state)
{
    static const char *const ids[] = { "1", "2", "3", "4" };
    static const size_t sizes[] = { 10, 5, 5, 10 };
    stage st;

    (void)state;
    stage_open(&st);
    assert_string_equal(stage_call(&st, 0, "Network.enable", "{\"maxTotalBufferSize\":-1}"),
                        "-32602 buffer sizes must not be negative");
    set_limits(&st, "{\"maxTotalBufferSize\":15,\"maxResourceBufferSize\":15}");
    for (int i = 0; i < 4; i++) {
        const cdp__network_buffer *b = &st.n->fronts->next->buffer;
        stage_begin(&st, ids[i]);
        assert_int_equal(send_piece(&st, ids[i], "0123456789", sizes[i]), 0);
        /* 10; 10 + 5; 5 + 5, for which the first goes; 5 + 10, for which the second does */
        assert_int_equal(b->total, i == 0 ? 10 : i == 2 ? 10 : 15);
        assert_int_equal(cdp__network_find(b, cdp_s("1")) == NULL, i > 1);
        assert_int_equal(cdp__network_find(b, cdp_s("2")) == NULL, i == 0 || i > 2);
    }
    stage_finish(&st, "4"); /* the newest is there, whole */
    assert_string_equal(body(&st, 0, "1"), "-32602 Request not found");
    assert_string_equal(post_data(&st, 0, "4"),
                        "{\"postData\":\"0123456789\",\"base64Encoded\":false}");
    set_limits(&st, "{\"maxTotalBufferSize\":4}"); /* less than what is there */
    assert_string_equal(post_data(&st, 0, "4"), "-32602 Request not found");

    set_limits(&st, "{\"maxResourceBufferSize\":10}");
    stage_begin(&st, "5");
    assert_int_equal(send_piece(&st, "5", "01234", 5), 0);
    assert_int_equal(stage_receive(&st, "5", "012", 3), 0);
    assert_int_equal(stage_receive(&st, "5", "345", 3), 0); /* 11 */
    assert_int_equal(stage_receive(&st, "5", "6", 1), 0);   /* not a body with a hole */
    assert_int_equal(st.n->fronts->next->buffer.total, 5);
    stage_finish(&st, "5");
    assert_string_equal(body(&st, 0, "5"), "-32000 Response body was too large to be kept");
    assert_string_equal(stream(&st, 0, "5"), "-32000 Response body was too large to be kept");
    assert_int_equal(send_piece(&st, "5", "012345", 6), 0);
    assert_string_equal(post_data(&st, 0, "5"), "-32000 Request body was too large to be kept");

    set_limits(&st, "{\"maxTotalBufferSize\":0}");
    stage_begin(&st, "6");
    assert_int_equal(stage_receive(&st, "6", "", 0), 0);
    stage_finish(&st, "6");
    assert_string_equal(body(&st, 0, "6"), "{\"body\":\"\",\"base64Encoded\":true}");
    stage_close(&st);
}

static void test_many(void **state)
{
    cdp__network_buffer b;
    rig_heap heap;
    char id[16];

    (void)state;
    rig_heap_init(&heap);
    cdp__network_buffer_init(&b, &heap.allocator);
    cdp__network_buffer_limit(&b, CDP__NETWORK_TOTAL, CDP__NETWORK_RESOURCE);
    for (int i = 0; i < CDP__NETWORK_ENTRIES + 10; i++) {
        int n = snprintf(id, sizeof id, "%d", i);
        assert_non_null(cdp__network_add(&b, cdp_sn(id, (size_t)n)));
    }
    assert_int_equal(b.n, CDP__NETWORK_ENTRIES);
    assert_null(cdp__network_find(&b, cdp_s("9")));
    assert_non_null(cdp__network_find(&b, cdp_s("10")));
    cdp__network_remove(&b, cdp__network_find(&b, cdp_s("5000")));
    assert_null(cdp__network_find(&b, cdp_s("5000")));
    assert_non_null(cdp__network_add(&b, cdp_s("")));
    assert_non_null(cdp__network_find(&b, cdp_s("")));
    cdp__network_buffer_clear(&b);
    assert_int_equal(b.n, 0);
    assert_int_equal(b.total, 0);
    assert_int_equal(heap.blocks, 0);
}

/* ---- streams ----------------------------------------------------------------- */

static void test_streaming(void **state)
{
    stage st;

    (void)state;
    stage_open(&st);
    stage_enable(&st, 0);
    stage_enable(&st, 1);
    assert_string_equal(stream(&st, 0, "1"), "-32602 Request not found");
    stage_begin(&st, "1");
    stage_begin(&st, "2");
    stage_receive(&st, "1", "Hello, ", 7);
    for (int i = 0; i < 2; i++)
        stage_events(&st, i);
    assert_string_equal(stream(&st, 0, "1"), "{\"bufferedData\":\"SGVsbG8sIA==\"}");
    assert_string_equal(stream(&st, 0, "2"), "{\"bufferedData\":\"\"}");
    stage_receive(&st, "1", "world", 5);
    assert_string_equal(
        stage_events(&st, 0),
        "Network.dataReceived {\"requestId\":\"1\",\"timestamp\":0,\"dataLength\":5,"
        "\"encodedDataLength\":5,\"data\":\"d29ybGQ=\"}\n");
    assert_string_equal(body(&st, 0, "1"), "-32602 Response body of the request is been streamed");
    assert_string_equal(stage_events(&st, 1), ""); /* which does not stream */
    stage_finish(&st, "1");
    assert_string_equal(body(&st, 0, "1"), "-32602 Request not found");
    assert_string_equal(stream(&st, 1, "1"), "{\"bufferedData\":\"SGVsbG8sIHdvcmxk\"}");
    assert_string_equal(stream(&st, 1, "1"), "-32602 Request not found"); /* it was finished */
    stage_close(&st);
}

/* ---- resources --------------------------------------------------------------- */

static const char *load(stage *st, int i, const char *url)
{
    char params[100];

    snprintf(params, sizeof params, "{\"url\":\"%s\"}", url);
    return stage_call(st, i, "Network.loadNetworkResource", params);
}

static const char *read_io(stage *st, int i, const char *more)
{
    char params[100];

    snprintf(params, sizeof params, "{\"handle\":\"a.map\"%s}", more);
    return stage_call(st, i, "IO.read", params);
}

#define DATA(text) "{\"data\":\"" text "\",\"eof\":false}"
#define END "{\"data\":\"\",\"eof\":true}"

static void test_resources(void **state)
{
    stage st;

    (void)state;
    stage_open(&st);
    assert_int_equal(cdp__network_put(st.n, cdp_s(""), cdp_s("x"), &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.path.ptr, "url");
    assert_int_equal(cdp__network_put(st.n, cdp_s("a"), cdp_s("\xff"), &st.e), CDP_EINVAL);
    assert_int_equal(cdp__network_put(st.n, cdp_s("a"), cdp_s(NULL), &st.e), CDP_EINVAL);
    assert_string_equal(st.e.pub.path.ptr, "text");
    assert_string_equal(load(&st, 0, "a.map"), "{\"resource\":{\"success\":false}}");
    assert_string_equal(read_io(&st, 0, ""), END);
    assert_int_equal(cdp__network_put(st.n, cdp_s("a.map"), cdp_s("0123456789"), &st.e), 0);
    assert_int_equal(cdp__network_put(st.n, cdp_s("empty"), cdp_s(""), &st.e), 0);
    assert_string_equal(load(&st, 0, "a.map"),
                        "{\"resource\":{\"success\":true,\"stream\":\"a.map\"}}");
    assert_string_equal(read_io(&st, 0, ""), DATA("0123456789"));
    assert_string_equal(read_io(&st, 0, ""), END);
    assert_string_equal(read_io(&st, 0, ""), END);

    load(&st, 0, "a.map"); /* from the start again */
    assert_string_equal(read_io(&st, 0, ",\"size\":4"), DATA("0123"));
    assert_string_equal(read_io(&st, 0, ",\"offset\":8"), DATA("89")); /* apart from that */
    assert_string_equal(read_io(&st, 0, ",\"offset\":10"), END);
    assert_string_equal(read_io(&st, 0, ",\"offset\":0,\"size\":1"), DATA("0"));
    assert_string_equal(read_io(&st, 1, ""), END); /* it is front-end 0's */
    load(&st, 1, "a.map");
    assert_int_equal(cdp__network_put(st.n, cdp_s("a.map"), cdp_s("new"), &st.e), 0);
    assert_string_equal(read_io(&st, 0, ",\"size\":4"), DATA("4567"));
    assert_string_equal(read_io(&st, 0, ",\"size\":4"), DATA("89"));
    assert_string_equal(read_io(&st, 0, ",\"size\":4"), END);
    assert_string_equal(read_io(&st, 1, ",\"size\":1"), DATA("0"));
    assert_string_equal(stage_call(&st, 0, "IO.close", "{\"handle\":\"a.map\"}"), "{}");
    assert_string_equal(stage_call(&st, 0, "IO.close", "{\"handle\":\"bogus\"}"), "{}");
    assert_string_equal(read_io(&st, 0, ""), END);
    load(&st, 0, "a.map"); /* the stream was closed, the resource is there */
    assert_string_equal(read_io(&st, 0, ""), DATA("new"));
    assert_string_equal(load(&st, 0, "empty"),
                        "{\"resource\":{\"success\":true,\"stream\":\"empty\"}}");

    assert_string_equal(read_io(&st, 0, ",\"size\":0"), "-32602 size must be positive");
    assert_string_equal(read_io(&st, 0, ",\"offset\":-1"), "-32602 offset must not be negative");
    assert_string_equal(stage_call(&st, 0, "Network.loadNetworkResource", "{}"),
                        "-32602 Invalid parameters");
    assert_string_equal(stage_call(&st, 0, "Network.loadNetworkResource",
                                   "{\"frameId\":\"\",\"url\":\"a.map\",\"options\":{"
                                   "\"disableCache\":true,\"includeCredentials\":true}}"),
                        "{\"resource\":{\"success\":true,\"stream\":\"a.map\"}}");
    stage_close(&st);
}

/* Every piece is text, whatever its size, and all of them are the whole. */
static void test_pieces(void **state)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    const size_t len = sizeof text - 1;
    stage st;

    (void)state;
    stage_open(&st);
    assert_int_equal(cdp__network_put(st.n, cdp_s("t"), cdp_s(text), &st.e), 0);
    for (int size = 1; size < 13; size++) {
        char whole[64] = "";
        bool eof = false;
        load(&st, 1, "t");
        while (!eof) {
            cdp_io_read_params p = { .handle = cdp_s("t"), .size = { size, true } };
            cdp_io_read_result *res;
            assert_int_equal(cdp_io_read(st.r[1].a, &p, &res), 0);
            assert_int_equal(res->eof, res->data.len == 0);
            assert_true(size < 4 || res->data.len <= (size_t)size);
            eof = res->eof;
            strncat(whole, res->data.ptr, sizeof whole - strlen(whole) - 1);
            cdp_free(res);
        }
        assert_string_equal(whole, text);
    }
    for (int32_t at = 0; at <= (int32_t)len + 1; at++) { /* amid a character: from the next one */
        cdp_io_read_params p = { .handle = cdp_s("t"), .offset = { at, true } };
        cdp_io_read_result *res;
        size_t from = (size_t)at;
        while (from < len && ((unsigned char)text[from] & 0xc0) == 0x80)
            from++;
        assert_int_equal(cdp_io_read(st.r[1].a, &p, &res), 0);
        assert_string_equal(res->data.ptr, from < len ? text + from : "");
        cdp_free(res);
    }
    stage_close(&st);
}

/* ---- without memory ---------------------------------------------------------- */

static void ask(rig *r, const char *method, const char *params)
{
    cdp_value *res = NULL;

    if (cdp_call(r->a, method, cdp_json(params), &res) == 0)
        assert_non_null(res);
    cdp_free(res);
}

static void scenario(stage *st)
{
    rig *r = &st->r[0];

    if (cdp__pair(&r->a, &r->b, &r->options, CDP_CBOR, false) < 0)
        return;
    if (!(st->n = cdp__network_new(&r->heap.allocator)))
        return;
    cdp__network_connected(r->b, st->n);
    ask(r, "Network.enable", "{}");
    for (int i = 0; i < 3; i++) {
        char text[300], params[40];
        const char id = (char)('1' + i);
        snprintf(text, sizeof text,
                 "{\"requestId\":\"%c\",\"timestamp\":1,\"wallTime\":2,\"request\":{\"url\":\"u\","
                 "\"method\":\"POST\",\"headers\":{\"a\":\"b\"},\"hasPostData\":false}}",
                 id);
        stage_send(st, "requestWillBeSent", text);
        snprintf(text, 2, "%c", id);
        send_piece(st, text, "body", 4);
        int rc = stage_receive(st, text, "0123456789", 10);
        assert_true(rc == 0 || (rc == CDP_ENOMEM && st->e.pub.message.len));
        cdp__network_data_sent(
            st->n, &(cdp_inspector_data_sent){ .request_id = cdp_s(text), .finished = true },
            &st->e);
        if (i == 2)
            ask(r, "Network.streamResourceContent", "{\"requestId\":\"3\"}");
        stage_receive(st, text, "x", 1);
        snprintf(params, sizeof params, "{\"requestId\":\"%c\",\"timestamp\":1}", id);
        stage_send(st, "loadingFinished", params);
        ask(r, "Network.getRequestPostData", params);
        ask(r, "Network.getResponseBody", params);
    }
    cdp__network_put(st->n, cdp_s("u"), cdp_s("text"), &st->e);
    cdp__network_put(st->n, cdp_s("u"), cdp_s("other"), &st->e);
    ask(r, "Network.loadNetworkResource", "{\"url\":\"u\"}");
    ask(r, "Network.loadNetworkResource", "{\"url\":\"u\"}");
    ask(r, "IO.read", "{\"handle\":\"u\"}");
    rig_settle(r);
}

/* Runs it with the n-th allocation failing.  Returns how many were asked for. */
static size_t run(size_t n, bool and_all_after)
{
    stage *st = calloc(1, sizeof *st);
    rig *r = &st->r[0];

    rig_heap_init(&r->heap);
    r->heap.fail_at = n;
    r->heap.and_all_after = and_all_after;
    r->options = (cdp_options){ .allocator = &r->heap.allocator, .timeout_ms = 20 };
    scenario(st);
    r->heap.fail_at = 0;
    size_t asked = r->heap.requests;
    if (r->b && st->n)
        cdp__network_ended(r->b, st->n);
    cdp__network_free(st->n);
    rig_close(r);
    free(st);
    return asked;
}

static void test_no_memory(void **state)
{
    size_t asked = run(0, false);

    (void)state;
    for (size_t n = 1; n <= asked; n++) {
        run(n, false);
        run(n, true);
    }
    print_message("%zu allocations, each failed\n", asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),  cmocka_unit_test(test_request),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_streaming), cmocka_unit_test(test_resources),
        cmocka_unit_test(test_pieces),    cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
