/* network_test.c - see network_test.h. */
#include "network_test.h"

#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    char *log = data;
    size_t used = strlen(log);
    cdp_str *text = NULL;

    (void)s;
    assert_int_equal(cdp_value_text(*params, &text), 0);
    snprintf(log + used, sizeof((stage *)NULL)->log[0] - used, "%s %s\n", method.ptr, text->ptr);
    cdp_free(text);
}

void stage_open(stage *st)
{
    memset(st, 0, sizeof *st);
    for (int i = 0; i < 2; i++)
        rig_open(&st->r[i], i ? CDP_CBOR : CDP_JSON, NULL);
    st->n = cdp__network_new(&st->r[0].heap.allocator);
    assert_non_null(st->n);
    for (int i = 0; i < 2; i++) {
        cdp__network_connected(st->r[i].b, st->n);
        cdp_on_any(st->r[i].a, on_event, st->log[i]);
    }
}

void stage_close(stage *st)
{
    cdp__network_free(st->n);
    for (int i = 0; i < 2; i++)
        if (st->r[i].b)
            cdp__network_ended(st->r[i].b, st->n); /* which is there for the fronts */
    for (int i = 1; i >= 0; i--)
        rig_close(&st->r[i]);
}

const char *stage_call(stage *st, int i, const char *method, const char *params)
{
    cdp_value *res = NULL;
    cdp_str *text = NULL;
    cdp_session *s = st->r[i].a;

    if (cdp_call(s, method, cdp_json(params), &res) < 0) {
        snprintf(st->answer, sizeof st->answer, "%d %s", cdp_last_error(s)->remote_code,
                 cdp_last_error(s)->message.ptr);
        return st->answer;
    }
    assert_int_equal(cdp_value_text(*res, &text), 0);
    snprintf(st->answer, sizeof st->answer, "%s", text->ptr);
    cdp_free(text);
    cdp_free(res);
    return st->answer;
}

void stage_enable(stage *st, int i)
{
    assert_string_equal(stage_call(st, i, "Network.enable", NULL), "{}");
}

const char *stage_events(stage *st, int i)
{
    static char events[sizeof st->log[0]];

    rig_settle(&st->r[i]);
    memcpy(events, st->log[i], sizeof events);
    st->log[i][0] = 0;
    return events;
}

int stage_send(stage *st, const char *event, const char *params)
{
    return cdp__network_broadcast_json(st->n, event, cdp_json(params), &st->e);
}

void stage_begin(stage *st, const char *id)
{
    char text[200];

    snprintf(text, sizeof text,
             "{\"requestId\":\"%s\",\"timestamp\":1,\"wallTime\":2,"
             "\"request\":{\"url\":\"u\",\"method\":\"GET\",\"headers\":{}}}",
             id);
    assert_int_equal(stage_send(st, "requestWillBeSent", text), 0);
}

void stage_respond(stage *st, const char *id, const char *charset)
{
    cdp_network_response response = { .url = cdp_s("u"),
                                      .status = 200,
                                      .status_text = cdp_s("OK"),
                                      .headers = cdp_json("{}"),
                                      .charset = cdp_s(charset) };
    cdp_network_response_received_event ev = { .request_id = cdp_s(id),
                                               .type = CDP_NETWORK_RESOURCE_TYPE_FETCH,
                                               .response = &response };

    assert_int_equal(cdp__network_broadcast(st->n, "responseReceived", &ev, &st->e), 0);
}

int stage_receive(stage *st, const char *id, const char *bytes, size_t n)
{
    cdp_network_data_received_event ev = { .request_id = cdp_s(id),
                                           .data_length = (int32_t)n,
                                           .encoded_data_length = (int32_t)n,
                                           .data = { (const uint8_t *)bytes, n } };

    return cdp__network_broadcast(st->n, "dataReceived", &ev, &st->e);
}

void stage_finish(stage *st, const char *id)
{
    cdp_network_loading_finished_event ev = { .request_id = cdp_s(id), .timestamp = 3 };

    assert_int_equal(cdp__network_broadcast(st->n, "loadingFinished", &ev, &st->e), 0);
}
