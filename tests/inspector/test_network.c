/*
 * test_network.c - the Network domain beside a real V8: sessions of its clients, who hear of events
 * at once and do as they like amid them.
 */
#include "../v8/v8_test.h"

#include "../../runtime/inspector/network.h"

#include <cdp/io.h>

typedef struct scene {
    fixture *f;
    cdp__network *n;
    cdp_v8_service service;
    cdp_session *s[2];
    int heard[2];
    cdp_session *to_close; /* amid the next event */
    bool again;            /* broadcast another amid it */
} scene;

static int begin(scene *sc, const char *id)
{
    cdp_network_request request = { .url = cdp_s("http://127.0.0.1/"),
                                    .method = cdp_s("GET"),
                                    .headers = cdp_json("{\"a\":\"b\"}") };
    cdp_network_request_will_be_sent_event ev = { .request_id = cdp_s(id), .request = &request };
    cdp__error e = { .owner = NULL };

    return cdp__network_broadcast(sc->n, "requestWillBeSent", &ev, &e);
}

static int receive(scene *sc, const char *id, const char *text)
{
    cdp_network_data_received_event ev = { .request_id = cdp_s(id),
                                           .data = { (const uint8_t *)text, strlen(text) } };
    cdp__error e = { .owner = NULL };

    return cdp__network_broadcast(sc->n, "dataReceived", &ev, &e);
}

static int finish(scene *sc, const char *id)
{
    cdp_network_loading_finished_event ev = { .request_id = cdp_s(id) };
    cdp__error e = { .owner = NULL };

    return cdp__network_broadcast(sc->n, "loadingFinished", &ev, &e);
}

static void on_request(cdp_session *s, const cdp_network_request_will_be_sent_event *ev, void *data)
{
    scene *sc = data;
    cdp_session *ending = sc->to_close;

    assert_true(cdp_value_str_eq(cdp_value_get(ev->request->headers, "a"), "b"));
    sc->heard[s == sc->s[1]]++;
    sc->to_close = NULL;
    if (sc->again) {
        sc->again = false;
        assert_int_equal(begin(sc, "amid"), 0);
    }
    for (int i = 0; i < 2; i++)
        if (sc->s[i] == ending)
            sc->s[i] = NULL;
    cdp_close(ending);
}

static void open_scene(scene *sc, fixture *f)
{
    memset(sc, 0, sizeof *sc);
    sc->f = f;
    sc->n = cdp__network_new(NULL);
    assert_non_null(sc->n);
    sc->service = (cdp_v8_service){ .connected = cdp__network_connected,
                                    .ended = cdp__network_ended,
                                    .data = sc->n };
    assert_int_equal(cdp_v8_serve(cdp_host_v8(f->h), &sc->service), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cdp_host_connect(&sc->s[i], f->h, NULL), 0);
        cdp_network_on_request_will_be_sent(sc->s[i], on_request, sc);
        assert_int_equal(cdp_network_enable(sc->s[i], NULL), 0);
    }
}

static void close_scene(scene *sc)
{
    cdp_v8_unserve(cdp_host_v8(sc->f->h), &sc->service);
    cdp__network_free(sc->n);
    for (int i = 0; i < 2; i++)
        cdp_close(sc->s[i]);
}

static void test_served(void **state)
{
    cdp_network_get_response_body_params p = { .request_id = cdp_s("1") };
    cdp_network_get_response_body_result *res = NULL;
    cdp_network_stream_resource_content_params sp = { .request_id = cdp_s("1") };
    cdp_network_stream_resource_content_result *buffered = NULL;
    scene sc;

    open_scene(&sc, *state);
    assert_int_equal(begin(&sc, "1"), 0);
    assert_int_equal(sc.heard[0], 1);
    assert_int_equal(sc.heard[1], 1);
    assert_int_equal(cdp_network_get_response_body(sc.s[0], &p, &res), CDP_EREMOTE);
    assert_text(cdp_last_error(sc.s[0])->message, "Response data is not finished yet");
    assert_int_equal(receive(&sc, "1", "body"), 0);
    assert_int_equal(cdp_network_stream_resource_content(sc.s[1], &sp, &buffered), 0);
    assert_int_equal(buffered->buffered_data.len, 4);
    cdp_free(buffered);
    uint32_t id = cdp_network_expect_data_received(sc.s[1]);
    cdp_network_data_received_event *piece = NULL;
    assert_int_equal(receive(&sc, "1", "\xff\xfe"), 0);
    assert_int_equal(cdp_network_take_data_received(sc.s[1], id, &piece), 0);
    assert_memory_equal(piece->data.ptr, "\xff\xfe", 2);
    cdp_free(piece);
    assert_int_equal(finish(&sc, "1"), 0);
    assert_int_equal(cdp_network_get_response_body(sc.s[0], &p, &res), 0);
    assert_text(res->body, "Ym9kef/+");
    assert_true(res->base64_encoded);
    cdp_free(res);
    assert_string_equal(eval(sc.s[0], "6 * 7"), "42"); /* V8 is still there */
    close_scene(&sc);
}

static void test_amid_events(void **state)
{
    scene sc;

    for (int ending = -1; ending < 2; ending++)
        for (int again = 0; again < 2; again++) {
            open_scene(&sc, *state);
            sc.to_close = ending < 0 ? NULL : sc.s[ending];
            sc.again = again;
            assert_int_equal(begin(&sc, "1"), 0);
            for (int i = 0; i < 2; i++)
                if (i != ending)
                    assert_int_equal(sc.heard[i], 1 + again);
            assert_int_equal(begin(&sc, "2"), 0);
            close_scene(&sc);
        }
}

static void test_resource(void **state)
{
    cdp_network_load_network_resource_options options = { .disable_cache = true };
    cdp_network_load_network_resource_params p = { .url = cdp_s("main.js.map"),
                                                   .options = &options };
    cdp_network_load_network_resource_result *res = NULL;
    cdp_io_read_result *piece = NULL;
    cdp__error e = { .owner = NULL };
    scene sc;

    open_scene(&sc, *state);
    assert_int_equal(cdp__network_put(sc.n, p.url, cdp_s("{}"), &e), 0);
    assert_int_equal(cdp_network_load_network_resource(sc.s[0], &p, &res), 0);
    assert_true(res->resource->success);
    cdp_io_read_params rp = { .handle = res->resource->stream };
    assert_int_equal(cdp_io_read(sc.s[0], &rp, &piece), 0);
    assert_text(piece->data, "{}");
    assert_false(piece->eof);
    cdp_free(piece);
    assert_int_equal(cdp_io_read(sc.s[0], &rp, &piece), 0);
    assert_true(piece->eof);
    cdp_free(piece);
    cdp_free(res);
    close_scene(&sc);
}

/* ---- the public functions --------------------------------------------------- */

static void on_any(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    char *heard = data;

    (void)s;
    (void)params;
    strcat(heard, method.ptr + strlen("Network"));
}

static void test_public(void **state)
{
    cdp_inspector_options opt = { .network = true };
    cdp_network_request request = { .url = cdp_s("u"),
                                    .method = cdp_s("GET"),
                                    .headers = cdp_json("{}") };
    cdp_network_response response = { .url = cdp_s("u"),
                                      .status_text = cdp_s(""),
                                      .headers = cdp_json("{}") };
    cdp_network_web_socket_response switched = { .status_text = cdp_s(""),
                                                 .headers = cdp_json("{}") };
    const cdp_str id = cdp_s("1");
    cdp_network_request_will_be_sent_event request_ev = { .request_id = id, .request = &request };
    cdp_network_response_received_event response_ev = { .request_id = id,
                                                        .type = CDP_NETWORK_RESOURCE_TYPE_FETCH,
                                                        .response = &response };
    cdp_network_loading_finished_event finished = { .request_id = id };
    cdp_network_loading_failed_event failed = { .request_id = id,
                                                .type = CDP_NETWORK_RESOURCE_TYPE_FETCH,
                                                .error_text = cdp_s("e") };
    cdp_inspector_data_sent sent = { .request_id = id, .finished = true };
    cdp_network_data_received_event received = { .request_id = id,
                                                 .data = { (const uint8_t *)"", 0 } };
    cdp_network_web_socket_created_event created = { .request_id = id, .url = cdp_s("ws") };
    cdp_network_web_socket_handshake_response_received_event shook = { .request_id = id,
                                                                       .response = &switched };
    cdp_network_web_socket_closed_event closed = { .request_id = id };
    cdp_network_get_request_post_data_params pp = { .request_id = id };
    fixture *f = *state;
    cdp_inspector *insp = NULL;
    cdp_session *s = NULL;
    char heard[400] = "";

    assert_int_equal(cdp_inspector_new(&insp, cdp_host_v8(f->h), NULL), 0);
    assert_int_equal(cdp_inspector_network_loading_finished(insp, &finished), CDP_ENOTSUP);
    assert_int_equal(cdp_inspector_error(insp)->status, CDP_ENOTSUP);
    assert_int_equal(cdp_inspector_network_data_sent(insp, &sent), CDP_ENOTSUP);
    assert_int_equal(cdp_inspector_network_broadcast(insp, "dataSent", cdp_json("{}")),
                     CDP_ENOTSUP);
    assert_int_equal(cdp_inspector_network_resource(insp, id, id), CDP_ENOTSUP);
    cdp_inspector_free(insp);

    assert_int_equal(cdp_inspector_new(&insp, cdp_host_v8(f->h), &opt), 0);
    assert_int_equal(cdp_host_connect(&s, f->h, NULL), 0);
    assert_int_equal(cdp_inspector_network_loading_finished(insp, NULL), 0); /* nobody listens */
    assert_int_equal(cdp_network_enable(s, NULL), 0);
    cdp_on_any(s, on_any, heard);
    assert_int_equal(cdp_inspector_network_request_will_be_sent(insp, &request_ev), 0);
    assert_int_equal(cdp_inspector_network_data_sent(insp, &sent), 0);
    assert_int_equal(cdp_network_get_request_post_data(s, &pp, NULL), 0);
    assert_int_equal(cdp_inspector_network_response_received(insp, &response_ev), 0);
    assert_int_equal(cdp_inspector_network_data_received(insp, &received), 0);
    assert_int_equal(cdp_inspector_network_loading_finished(insp, &finished), 0);
    assert_int_equal(cdp_inspector_network_loading_failed(insp, &failed), 0);
    assert_int_equal(cdp_inspector_network_web_socket_created(insp, &created), 0);
    assert_int_equal(cdp_inspector_network_web_socket_handshake_response_received(insp, &shook), 0);
    assert_int_equal(cdp_inspector_network_web_socket_closed(insp, &closed), 0);
    assert_int_equal(
        cdp_inspector_network_broadcast(insp, "webSocketClosed",
                                        cdp_json("{\"requestId\":\"1\",\"timestamp\":2}")),
        0);
    assert_int_equal(cdp_inspector_network_resource(insp, cdp_s("u"), cdp_s("text")), 0);
    assert_string_equal(heard, ".requestWillBeSent.responseReceived.loadingFinished.loadingFailed"
                               ".webSocketCreated.webSocketHandshakeResponseReceived"
                               ".webSocketClosed.webSocketClosed");

    request.url = cdp_s(NULL);
    assert_int_equal(cdp_inspector_network_request_will_be_sent(insp, &request_ev), CDP_EINVAL);
    assert_text(cdp_inspector_error(insp)->message, "Missing request.url in event");
    assert_text(cdp_inspector_error(insp)->path, "request.url");
    cdp_inspector_free(insp); /* before its clients */
    assert_int_equal(cdp_network_enable(s, NULL), CDP_EREMOTE);
    cdp_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(test_served),
        V8_TEST(test_amid_events),
        V8_TEST(test_resource),
        V8_TEST(test_public),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
