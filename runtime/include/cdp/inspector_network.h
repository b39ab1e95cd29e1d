/*
 * inspector_network.h - network events of the program's own, for the Network panel of DevTools.
 *
 *     cdp_network_request request = { .url = cdp_s("http://example.com/"), .method = cdp_s("GET"),
 *                                     .headers = cdp_json("{}") };
 *     cdp_network_request_will_be_sent_event ev = { .request_id = cdp_s("1"), .request = &request,
 *                                                   .timestamp = now, .wall_time = wall };
 *     cdp_inspector_network_request_will_be_sent(insp, &ev);
 *
 * What node:inspector calls Network.requestWillBeSent() and so on.  An event goes to each front-end
 * that sent Network.enable; while none has, these functions do nothing and return 0, whatever they
 * are given.  Bodies that are told (_data_sent, _data_received) are kept for each of those
 * front-ends, within the limits of its Network.enable (5 MiB for a request and its response,
 * 100 MiB together), until it asks for them or streams them.
 *
 * The protocol requires more members than a program that is no browser can know.  Here only those
 * named below are; of the others those that are zero or empty are left out.  A member is missing
 * where its pointer is NULL; a number never is.  CDP_EINVAL: cdp_inspector_error() has the path of
 * the member, and Node's words: "Missing request.url in event".  CDP_ENOTSUP: the inspector was
 * made without cdp_inspector_options.network.
 *
 * Everything here belongs to the isolate's thread.
 */
#ifndef CDP_INSPECTOR_NETWORK_H
#define CDP_INSPECTOR_NETWORK_H

#include <cdp/inspector.h>
#include <cdp/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/* request_id, timestamp, wall_time, request with url, method and headers (of strings).  A
 * front-end that has been told of a request with that id, and may still ask for its body, does not
 * hear of another.  Where request->has_post_data is true the body is to be told by _data_sent.  The
 * initiator is what the program says: nothing is found out here. */
int cdp_inspector_network_request_will_be_sent(cdp_inspector *insp,
                                               const cdp_network_request_will_be_sent_event *ev);

/* request_id, timestamp, type, response with url, status, status_text and headers.  Where
 * response->charset is "utf-8" front-ends get the body as text, otherwise as base64. */
int cdp_inspector_network_response_received(cdp_inspector *insp,
                                            const cdp_network_response_received_event *ev);

/* request_id, timestamp. */
int cdp_inspector_network_loading_finished(cdp_inspector *insp,
                                           const cdp_network_loading_finished_event *ev);

/* request_id, timestamp, type, error_text.  What was kept for the request is dropped. */
int cdp_inspector_network_loading_failed(cdp_inspector *insp,
                                         const cdp_network_loading_failed_event *ev);

/* request_id, timestamp, data_length, encoded_data_length, data (of no bytes: not NULL).  A piece
 * of a response's body. */
int cdp_inspector_network_data_received(cdp_inspector *insp,
                                        const cdp_network_data_received_event *ev);

/* A piece of a request's body, or, where finished is true, that there is no more; the other members
 * but request_id do not matter then.  The protocol has no such event: nothing is sent. */
typedef struct cdp_inspector_data_sent {
    cdp_str request_id;
    double timestamp;
    int32_t data_length;
    cdp_bytes data;
    bool finished;
} cdp_inspector_data_sent;
int cdp_inspector_network_data_sent(cdp_inspector *insp, const cdp_inspector_data_sent *ev);

/* request_id, url. */
int cdp_inspector_network_web_socket_created(cdp_inspector *insp,
                                             const cdp_network_web_socket_created_event *ev);

/* request_id, timestamp, response with status, status_text and headers. */
int cdp_inspector_network_web_socket_handshake_response_received(
    cdp_inspector *insp, const cdp_network_web_socket_handshake_response_received_event *ev);

/* request_id, timestamp. */
int cdp_inspector_network_web_socket_closed(cdp_inspector *insp,
                                            const cdp_network_web_socket_closed_event *ev);

/* Any of these by its name ("requestWillBeSent", "dataSent"), with params as a script would give
 * them, data being base64: for programs that lend these functions to scripts.  Here a number that
 * is not there is missing, too; and with a member charset other than "utf-8" requestWillBeSent
 * says that the request's body is no text.  CDP_EINVAL also where there is no such event, or a
 * member is of the wrong type. */
int cdp_inspector_network_broadcast(cdp_inspector *insp, const char *event, cdp_value params);

/* Text that front-ends get at that URL from Network.loadNetworkResource (source maps, for
 * instance), in place of an earlier one.  It is copied.  CDP_EINVAL: no URL, or not UTF-8. */
int cdp_inspector_network_resource(cdp_inspector *insp, cdp_str url, cdp_str text);

#ifdef __cplusplus
}
#endif

#endif /* CDP_INSPECTOR_NETWORK_H */
