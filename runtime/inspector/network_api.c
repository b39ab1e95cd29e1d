/* network_api.c - <cdp/inspector_network.h>, for the network of an inspector. */
#include "inspector_internal.h"
#include "network.h"

static int finish(cdp_inspector *insp, int rc, const cdp__error *e)
{
    return rc == 0 ? 0
                   : cdp__inspector_fail(insp, rc, e->pub.path, "%.*s", (int)e->pub.message.len,
                                         e->pub.message.ptr);
}

static int is_off(cdp_inspector *insp)
{
    return cdp__inspector_fail(insp, CDP_ENOTSUP, cdp_s(""),
                               "cdp_inspector_options.network is off");
}

static int broadcast(cdp_inspector *insp, const char *event, const void *ev)
{
    cdp__network *n = cdp__inspector_network(insp);
    cdp__error e = { .owner = NULL };

    return n ? finish(insp, cdp__network_broadcast(n, event, ev, &e), &e) : is_off(insp);
}

int cdp_inspector_network_request_will_be_sent(cdp_inspector *insp,
                                               const cdp_network_request_will_be_sent_event *ev)
{
    return broadcast(insp, "requestWillBeSent", ev);
}

int cdp_inspector_network_response_received(cdp_inspector *insp,
                                            const cdp_network_response_received_event *ev)
{
    return broadcast(insp, "responseReceived", ev);
}

int cdp_inspector_network_loading_finished(cdp_inspector *insp,
                                           const cdp_network_loading_finished_event *ev)
{
    return broadcast(insp, "loadingFinished", ev);
}

int cdp_inspector_network_loading_failed(cdp_inspector *insp,
                                         const cdp_network_loading_failed_event *ev)
{
    return broadcast(insp, "loadingFailed", ev);
}

int cdp_inspector_network_data_received(cdp_inspector *insp,
                                        const cdp_network_data_received_event *ev)
{
    return broadcast(insp, "dataReceived", ev);
}

int cdp_inspector_network_web_socket_created(cdp_inspector *insp,
                                             const cdp_network_web_socket_created_event *ev)
{
    return broadcast(insp, "webSocketCreated", ev);
}

int cdp_inspector_network_web_socket_handshake_response_received(
    cdp_inspector *insp, const cdp_network_web_socket_handshake_response_received_event *ev)
{
    return broadcast(insp, "webSocketHandshakeResponseReceived", ev);
}

int cdp_inspector_network_web_socket_closed(cdp_inspector *insp,
                                            const cdp_network_web_socket_closed_event *ev)
{
    return broadcast(insp, "webSocketClosed", ev);
}

int cdp_inspector_network_data_sent(cdp_inspector *insp, const cdp_inspector_data_sent *ev)
{
    cdp__network *n = cdp__inspector_network(insp);
    cdp__error e = { .owner = NULL };

    return n ? finish(insp, cdp__network_data_sent(n, ev, &e), &e) : is_off(insp);
}

int cdp_inspector_network_broadcast(cdp_inspector *insp, const char *event, cdp_value params)
{
    cdp__network *n = cdp__inspector_network(insp);
    cdp__error e = { .owner = NULL };

    return n ? finish(insp, cdp__network_broadcast_json(n, event, params, &e), &e) : is_off(insp);
}

int cdp_inspector_network_resource(cdp_inspector *insp, cdp_str url, cdp_str text)
{
    cdp__network *n = cdp__inspector_network(insp);
    cdp__error e = { .owner = NULL };

    return n ? finish(insp, cdp__network_put(n, url, text, &e), &e) : is_off(insp);
}
