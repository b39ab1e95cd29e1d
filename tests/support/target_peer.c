/* target_peer.c - see target_peer.h. */
#include "target_peer.h"

#include "../../runtime/core/session.h"

#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void note(target_peer *p, const char *session, const char *method)
{
    size_t n = strlen(p->asked);

    snprintf(p->asked + n, sizeof p->asked - n, "%s%s%s; ", session, *session ? " " : "", method);
}

const char *target_peer_asked(target_peer *p)
{
    static char last[sizeof p->asked];

    memcpy(last, p->asked, sizeof last);
    p->asked[0] = 0;
    return last;
}

static cdp_session *far(target_peer *p, const char *session)
{
    return cdp__find_session(p->r.b, cdp_s(session));
}

static void emit(cdp_session *s, const char *method, const char *params)
{
    if (s)
        cdp_emit(s, method, cdp_json(params));
}

/* ---- Node -------------------------------------------------------------------- */

static void from_worker(target_peer *p, const char *session, const char *message)
{
    char params[512], text[256] = "";
    size_t n = 0;

    for (const char *c = message; *c && n < sizeof text - 2; c++) {
        if (*c == '"' || *c == '\\')
            text[n++] = '\\';
        text[n++] = *c;
    }
    text[n] = 0;
    snprintf(params, sizeof params, "{\"sessionId\":\"%s\",\"message\":\"%s\"}", session, text);
    emit(p->r.b, "NodeWorker.receivedMessageFromWorker", params);
}

static int to_worker(target_peer *p, cdp_request *req, const cdp_value *params)
{
    cdp_str session = cdp_value_str(params, cdp_value_get(*params, "sessionId"));
    cdp_str message = cdp_value_str(params, cdp_value_get(*params, "message"));
    char answer[128];

    if (p->deaf)
        return cdp_respond_error(req, CDP_SERVER_ERROR, "deaf");
    if (!session.ptr || !message.ptr)
        return CDP_ENOMEM;
    cdp_value inner = { message.ptr, message.len, CDP_JSON };
    cdp_str method = cdp_value_str(params, cdp_value_get(inner, "method"));
    int id = (int)cdp_value_int(cdp_value_get(inner, "id"), -1);
    if (!method.ptr)
        return CDP_ENOMEM;
    note(p, session.ptr, method.ptr);
    snprintf(answer, sizeof answer, "{\"id\":%d,\"error\":{\"code\":-32601,\"message\":\"no\"}}",
             id);
    if (strcmp(method.ptr, "Who.areYou") == 0)
        snprintf(answer, sizeof answer, "{\"id\":%d,\"result\":{\"id\":\"%s\"}}", id, session.ptr);
    int rc = cdp_respond(req);
    if (strcmp(method.ptr, "Never.answered") != 0)
        from_worker(p, session.ptr, answer);
    return rc;
}

/* ---- both -------------------------------------------------------------------- */

static int ask(target_peer *p, cdp_request *req, const cdp_value *params)
{
    bool wait = cdp_value_bool(cdp_value_get(*params, "waitForDebuggerOnStart"), false);
    char session[64];

    snprintf(session, sizeof session, "%s", cdp_session_id(cdp_request_session(req)).ptr);
    if (p->on_ask && cdp_value_bool(cdp_value_get(*params, "autoAttach"), true))
        p->on_ask(p, *session ? session : NULL, wait);
    return cdp_respond(req);
}

static int serve(cdp_request *req, const cdp_value *params, void *self)
{
    target_peer *p = self;
    const char *method = cdp_request_method(req).ptr;
    char answer[128];
    cdp_str session = cdp_session_id(cdp_request_session(req));

    if (p->kind == PEER_NODE && strcmp(method, "NodeWorker.sendMessageToWorker") == 0)
        return to_worker(p, req, params);
    note(p, session.ptr, method);
    if (strcmp(method, "Never.answered") == 0 && p->n_kept < sizeof p->kept / sizeof *p->kept) {
        p->kept[p->n_kept++] = req;
        return 0;
    }
    if (strcmp(method, "Who.areYou") == 0) {
        snprintf(answer, sizeof answer, "{\"id\":\"%s\"}", session.ptr);
        return cdp_respond_value(req, cdp_json(answer));
    }
    if ((p->kind == PEER_NODE && strcmp(method, "NodeWorker.enable") == 0) ||
        (p->kind == PEER_CHROMIUM && strcmp(method, "Target.setAutoAttach") == 0))
        return ask(p, req, params);
    return CDP_FALLTHROUGH;
}

void target_peer_open(target_peer *p, target_peer_kind kind, cdp_wire wire)
{
    memset(p, 0, sizeof *p);
    rig_open(&p->r, wire, NULL);
    p->kind = kind;
    assert_true(target_peer_serve(p));
}

void target_peer_close(target_peer *p)
{
    cdp_close(p->r.a);
    cdp_close(p->r.b);
    p->r.a = p->r.b = NULL;
    while (p->n_kept)
        cdp_respond_error(p->kept[--p->n_kept], CDP_SERVER_ERROR, "late");
    rig_close(&p->r);
}

bool target_peer_serve(target_peer *p)
{
    return cdp_serve_any(p->r.b, serve, p) == 0;
}

void target_peer_attach(target_peer *p, const char *parent, const char *session, const char *target,
                        const char *type, bool waiting)
{
    char params[512];
    cdp_session *s;

    if (p->kind == PEER_NODE) {
        snprintf(
            params, sizeof params,
            "{\"sessionId\":\"%s\",\"workerInfo\":{\"workerId\":\"%s\",\"type\":\"%s\",\"title\":"
            "\"t\",\"url\":\"u\"},\"waitingForDebugger\":%s}",
            session, target, type, waiting ? "true" : "false");
        emit(p->r.b, "NodeWorker.attachedToWorker", params);
        return;
    }
    snprintf(params, sizeof params,
             "{\"sessionId\":\"%s\",\"targetInfo\":{\"targetId\":\"%s\",\"type\":\"%s\",\"title\":"
             "\"t\",\"url\":\"u\",\"attached\":true,\"canAccessOpener\":false},"
             "\"waitingForDebugger\":%s}",
             session, target, type, waiting ? "true" : "false");
    if (cdp_attach(&s, p->r.b, cdp_s(session)) == 0)
        cdp_serve_any(s, serve, p);
    emit(far(p, parent), "Target.attachedToTarget", params);
}

void target_peer_detach(target_peer *p, const char *parent, const char *session)
{
    char params[128];

    snprintf(params, sizeof params, "{\"sessionId\":\"%s\"}", session);
    if (p->kind == PEER_NODE) {
        emit(p->r.b, "NodeWorker.detachedFromWorker", params);
        return;
    }
    cdp_close(far(p, session));
    emit(far(p, parent), "Target.detachedFromTarget", params);
}

void target_peer_emit(target_peer *p, const char *session, const char *method)
{
    char message[128];

    if (p->kind != PEER_NODE) {
        emit(far(p, session), method, "{}");
        return;
    }
    snprintf(message, sizeof message, "{\"method\":\"%s\",\"params\":{}}", method);
    from_worker(p, session, message);
}
