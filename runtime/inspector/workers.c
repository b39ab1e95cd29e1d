/*
 * workers.c - a front-end's view of the workers: NodeWorker, and the Target domain in flat mode.
 *
 * Both are served on the server's thread, so that workers can be reached while the program itself
 * is busy or paused.
 */
#include "workers.h"

#include "frontend.h"

#include <cdp/node_worker.h>
#include <cdp/target.h>
#include <stdio.h>
#include <stdlib.h>

/* A target that Target.setDiscoverTargets has told of. */
typedef struct cdp__known {
    struct cdp__known *next;
    cdp__target *target;
} known;

static cdp__targets *targets_of(const cdp__frontend *fe)
{
    return cdp__connection_server(fe->c)->targets;
}

static cdp__attachment *find(cdp__frontend *fe, cdp__attachment_kind kind, cdp_str id)
{
    for (cdp__attachment *a = fe->attachments; a; a = a->next)
        if (!a->closed && a->kind == kind && cdp_str_eq(cdp_s(a->id), id))
            return a;
    return NULL;
}

static int no_session(cdp_request *req)
{
    return cdp_respond_error(req, CDP_SESSION_NOT_FOUND, "Session with given id not found.");
}

static void detach_all(cdp__frontend *fe, cdp__attachment_kind kind)
{
    for (cdp__attachment *a = fe->attachments; a; a = a->next)
        if (a->kind == kind)
            cdp__frontend_detach(a);
}

static void follow(cdp__frontend *fe, cdp__following *f, bool on, bool wait)
{
    atomic_uint *waiters = &targets_of(fe)->waiters;

    wait = on && wait;
    if (wait && !f->wait)
        atomic_fetch_add(waiters, 1);
    else if (!wait && f->wait)
        atomic_fetch_sub(waiters, 1);
    f->on = on;
    f->wait = wait;
}

/* ---- NodeWorker ------------------------------------------------------------ */

static void announce_nested(cdp__frontend *fe, cdp__target *t)
{
    char number[12];
    bool waiting = fe->nested.wait && cdp__target_waiting(targets_of(fe), t);
    cdp__attachment *a = cdp__frontend_attach(fe, t, CDP__NESTED);

    if (!a)
        return;
    snprintf(number, sizeof number, "%u", t->number);
    cdp_node_worker_emit_attached_to_worker(
        cdp__frontend_root(fe)->session,
        &(cdp_node_worker_attached_to_worker_event){
            .session_id = cdp_s(a->id),
            .worker_info = &(cdp_node_worker_worker_info){ .worker_id = cdp_s(number),
                                                           .type = cdp_s("worker"),
                                                           .title = cdp_s(t->title),
                                                           .url = cdp_s(t->url) },
            .waiting_for_debugger = waiting });
}

static int node_worker_enable(cdp_request *req, const cdp_node_worker_enable_params *p, void *self)
{
    cdp__frontend *fe = self;

    follow(fe, &fe->nested, true, p->wait_for_debugger_on_start);
    cdp__workers_progress(fe); /* what is there comes before the reply */
    return cdp_respond(req);
}

static int node_worker_disable(cdp_request *req, void *self)
{
    cdp__frontend *fe = self;

    follow(fe, &fe->nested, false, false);
    fe->nested.last = 0;
    detach_all(fe, CDP__NESTED);
    return cdp_respond(req);
}

static void detach_nested(cdp__attachment *a)
{
    cdp_session *root = cdp__frontend_root(a->fe)->session;

    cdp__frontend_detach(a);
    cdp_node_worker_emit_detached_from_worker(
        root, &(cdp_node_worker_detached_from_worker_event){ .session_id = cdp_s(a->id) });
}

static int node_worker_detach(cdp_request *req, const cdp_node_worker_detach_params *p, void *self)
{
    cdp__attachment *a = find(self, CDP__NESTED, p->session_id);

    if (!a)
        return no_session(req);
    detach_nested(a);
    return cdp_respond(req);
}

static int node_worker_send(cdp_request *req,
                            const cdp_node_worker_send_message_to_worker_params *p, void *self)
{
    cdp__attachment *a = find(self, CDP__NESTED, p->session_id);

    if (!a)
        return no_session(req);
    cdp__receive(a->session, p->message.ptr, p->message.len);
    return cdp_respond(req);
}

void cdp__workers_received(cdp__attachment *a, const char *text, size_t len)
{
    cdp_session *root = cdp__frontend_root(a->fe)->session;

    if (root)
        cdp_node_worker_emit_received_message_from_worker(
            root, &(cdp_node_worker_received_message_from_worker_event){
                      .session_id = cdp_s(a->id), .message = cdp_sn(text, len) });
}

/* ---- Target ---------------------------------------------------------------- */

static bool is_attached(const cdp__frontend *fe, const cdp__target *t)
{
    for (const cdp__attachment *a = fe->attachments; a; a = a->next)
        if (a->target == t && !a->closed && a->kind != CDP__NESTED)
            return true;
    return false;
}

static cdp_target_target_info info_of(const cdp__frontend *fe, const cdp__target *t)
{
    return (cdp_target_target_info){ .target_id = cdp_s(t->id),
                                     .type = cdp_s(t->number ? "worker" : "node"),
                                     .title = cdp_s(t->title),
                                     .url = cdp_s(t->url),
                                     .attached = is_attached(fe, t) };
}

/* Takes over the caller's reference.  NULL: no memory. */
static cdp__attachment *attach_flat(cdp__frontend *fe, cdp__target *t)
{
    bool waiting = fe->flat.wait && cdp__target_waiting(targets_of(fe), t);
    cdp__attachment *a = cdp__frontend_attach(fe, t, CDP__FLAT);

    if (!a)
        return NULL;
    cdp_target_target_info info = info_of(fe, t);
    cdp_target_emit_attached_to_target(
        cdp__frontend_root(fe)->session,
        &(cdp_target_attached_to_target_event){
            .session_id = cdp_s(a->id), .target_info = &info, .waiting_for_debugger = waiting });
    return a;
}

static int set_auto_attach(cdp_request *req, const cdp_target_set_auto_attach_params *p, void *self)
{
    cdp__frontend *fe = self;

    if (p->auto_attach && !(p->flatten.has && p->flatten.value))
        return cdp_respond_error(req, CDP_INVALID_PARAMS,
                                 "Only flat sessions are supported: set flatten");
    follow(fe, &fe->flat, p->auto_attach, p->wait_for_debugger_on_start);
    if (!p->auto_attach) {
        fe->flat.last = 0;
        detach_all(fe, CDP__FLAT);
    }
    cdp__workers_progress(fe); /* attachedToTarget comes before the reply */
    return cdp_respond(req);
}

static int attach_to_target(cdp_request *req, const cdp_target_attach_to_target_params *p,
                            void *self)
{
    cdp__frontend *fe = self;

    if (!p->flatten.has || !p->flatten.value)
        return cdp_respond_error(req, CDP_INVALID_PARAMS,
                                 "Only flat sessions are supported: set flatten");
    cdp__target *t = cdp__targets_find(targets_of(fe), p->target_id);
    if (!t)
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "No target with given id found");
    cdp__attachment *a = attach_flat(fe, t);
    if (!a)
        return CDP_ENOMEM;
    return cdp_target_attach_to_target_respond(
        req, &(cdp_target_attach_to_target_result){ .session_id = cdp_s(a->id) });
}

static void detach_flat(cdp__attachment *a)
{
    cdp_session *root = cdp__frontend_root(a->fe)->session;

    cdp__frontend_detach(a);
    cdp_target_emit_detached_from_target(
        root, &(cdp_target_detached_from_target_event){ .session_id = cdp_s(a->id) });
}

static int detach_from_target(cdp_request *req, const cdp_target_detach_from_target_params *p,
                              void *self)
{
    cdp__attachment *a = find(self, CDP__FLAT, p->session_id);

    if (!a)
        return no_session(req);
    detach_flat(a);
    return cdp_respond(req);
}

static int get_targets(cdp_request *req, const cdp_target_get_targets_params *p, void *self)
{
    enum { MOST = 256 };
    cdp__frontend *fe = self;
    cdp__targets *ts = targets_of(fe);
    cdp__target *held[MOST], *t = cdp__targets_main(ts);
    cdp_target_target_info infos[MOST];
    size_t n = 0;

    (void)p;
    for (; t && n < MOST; t = cdp__targets_after(ts, t->number)) {
        infos[n] = info_of(fe, t);
        held[n++] = t;
    }
    if (t)
        cdp__target_unref(ts, t);
    int rc = cdp_target_get_targets_respond(
        req, &(cdp_target_get_targets_result){ .target_infos = { infos, n } });
    while (n > 0)
        cdp__target_unref(ts, held[--n]);
    return rc;
}

static int get_target_info(cdp_request *req, const cdp_target_get_target_info_params *p, void *self)
{
    cdp__frontend *fe = self;
    cdp__targets *ts = targets_of(fe);
    cdp__target *t = p->target_id.ptr ? cdp__targets_find(ts, p->target_id) : cdp__targets_main(ts);

    if (!t)
        return cdp_respond_error(req, CDP_INVALID_PARAMS, "No target with given id found");
    cdp_target_target_info info = info_of(fe, t);
    int rc = cdp_target_get_target_info_respond(
        req, &(cdp_target_get_target_info_result){ .target_info = &info });
    cdp__target_unref(ts, t);
    return rc;
}

static void forget_all(cdp__frontend *fe)
{
    while (fe->known) {
        known *k = fe->known;
        fe->known = k->next;
        cdp__target_unref(targets_of(fe), k->target);
        free(k);
    }
    fe->last_known = 0;
}

static int set_discover_targets(cdp_request *req, const cdp_target_set_discover_targets_params *p,
                                void *self)
{
    cdp__frontend *fe = self;

    fe->discover = p->discover;
    if (!p->discover)
        forget_all(fe);
    cdp__workers_progress(fe);
    return cdp_respond(req);
}

/* Tells of targets that have come, and of those that went. */
static void discover(cdp__frontend *fe)
{
    cdp_session *root = cdp__frontend_root(fe)->session;
    cdp__targets *ts = targets_of(fe);

    for (known **link = &fe->known, *k; (k = *link);) {
        if (cdp__target_v8(ts, k->target)) {
            link = &k->next;
            continue;
        }
        *link = k->next;
        cdp_target_emit_target_destroyed(
            root, &(cdp_target_target_destroyed_event){ .target_id = cdp_s(k->target->id) });
        cdp__target_unref(ts, k->target);
        free(k);
    }
    for (cdp__target *t; (t = cdp__targets_after(ts, fe->last_known));) {
        known *k = malloc(sizeof *k);
        if (!k) {
            cdp__target_unref(ts, t);
            return;
        }
        cdp_target_target_info info = info_of(fe, t);
        *k = (known){ fe->known, t };
        fe->known = k;
        fe->last_known = t->number;
        cdp_target_emit_target_created(root,
                                       &(cdp_target_target_created_event){ .target_info = &info });
    }
}

/* ---- both ------------------------------------------------------------------ */

void cdp__workers_gone(cdp__attachment *a)
{
    if (a->kind == CDP__FLAT)
        detach_flat(a);
    else
        detach_nested(a);
}

void cdp__workers_progress(cdp__frontend *fe)
{
    cdp__targets *ts = targets_of(fe);
    cdp__target *t;

    if (fe->discover)
        discover(fe);
    while (fe->nested.on && (t = cdp__targets_after(ts, fe->nested.last))) {
        fe->nested.last = t->number;
        announce_nested(fe, t);
    }
    while (fe->flat.on && (t = cdp__targets_after(ts, fe->flat.last))) {
        fe->flat.last = t->number;
        attach_flat(fe, t);
    }
}

void cdp__workers_end(cdp__frontend *fe)
{
    follow(fe, &fe->nested, false, false);
    follow(fe, &fe->flat, false, false);
    forget_all(fe);
}

static const cdp_node_worker_domain_impl node_worker = {
    .enable = node_worker_enable,
    .disable = node_worker_disable,
    .detach = node_worker_detach,
    .send_message_to_worker = node_worker_send,
};

static const cdp_target_domain_impl target = {
    .set_auto_attach = set_auto_attach,
    .set_discover_targets = set_discover_targets,
    .attach_to_target = attach_to_target,
    .detach_from_target = detach_from_target,
    .get_targets = get_targets,
    .get_target_info = get_target_info,
};

static bool target_command(const void *data, const cdp__domain *d, unsigned command)
{
    (void)d;
    return cdp__dispatch_target(command, NULL, NULL, data, NULL) == 0;
}

static bool target_event(const void *data, const cdp__domain *d, unsigned event)
{
    static const char *const sent[] = { "attachedToTarget", "detachedFromTarget", "targetCreated",
                                        "targetDestroyed" };
    const char *name = d->names + d->events[event].name + sizeof "Target." - 1;
    size_t n = d->events[event].name_len - (sizeof "Target." - 1);

    (void)data;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
        if (strlen(sent[i]) == n && memcmp(name, sent[i], n) == 0)
            return true;
    return false;
}

const cdp__served cdp__workers_served[CDP__WORKERS_SERVED] = {
    { .domain = &cdp__domain_node_worker },
    { .domain = &cdp__domain_target,
      .command = target_command,
      .event = target_event,
      .data = &target },
};

int cdp__workers_serve(cdp__frontend *fe)
{
    cdp__attachment *root = cdp__frontend_root(fe);
    int rc = 0;

    if (root->target->number == 0) /* a worker has none of its own */
        rc = cdp_node_worker_serve(root->session, &node_worker, fe);
    return rc == 0 && root->target->number == 0 ? cdp_target_serve(root->session, &target, fe) : rc;
}
