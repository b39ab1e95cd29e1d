/* node_runtime.c - the NodeRuntime domain: the program waits for a debugger to come, or to go. */
#include "inspector_internal.h"

#include "../v8/v8_front.h"

#include <stdlib.h>

static cdp__node_runtime *find(cdp_inspector *insp, const cdp_session *front)
{
    cdp__node_runtime *r = insp->runtimes;

    while (r && r->front != front)
        r = r->next;
    return r;
}

static cdp__node_runtime *of_request(cdp_request *req, void *insp)
{
    return find(insp, cdp_request_session(req));
}

static int enable(cdp_request *req, void *self)
{
    cdp_inspector *insp = self;
    cdp__node_runtime *r = of_request(req, insp);

    if (!r)
        return CDP_ENOMEM;
    r->enabled = true;
    if (insp->waiting)
        cdp_node_runtime_emit_waiting_for_debugger(r->front);
    return cdp_respond(req);
}

static int disable(cdp_request *req, void *self)
{
    cdp__node_runtime *r = of_request(req, self);

    if (r)
        r->enabled = false;
    return cdp_respond(req);
}

static int notify(cdp_request *req,
                  const cdp_node_runtime_notify_when_waiting_for_disconnect_params *p, void *self)
{
    cdp__node_runtime *r = of_request(req, self);

    if (!r)
        return CDP_ENOMEM;
    r->notify = p->enabled;
    return cdp_respond(req);
}

void cdp__node_runtime_connected(cdp_session *front, void *data)
{
    static const cdp_node_runtime_domain_impl impl = {
        .enable = enable, .disable = disable, .notify_when_waiting_for_disconnect = notify
    };
    cdp_inspector *insp = data;
    cdp__node_runtime *r = calloc(1, sizeof *r);

    if (r) { /* else its commands say so */
        r->front = front;
        r->next = insp->runtimes;
        insp->runtimes = r;
    }
    cdp_node_runtime_serve(front, &impl, insp);
}

void cdp__node_runtime_ended(cdp_session *front, void *data)
{
    cdp_inspector *insp = data;

    for (cdp__node_runtime **link = &insp->runtimes, *r; (r = *link); link = &r->next)
        if (r->front == front) {
            *link = r->next;
            free(r);
            return;
        }
}

/* Sending may end fronts: whoever was told is marked, and each step starts at the list's head. */
static void tell(cdp_inspector *insp, bool disconnect)
{
    unsigned round = ++insp->round;

    for (cdp__node_runtime *r = insp->runtimes; r;) {
        if (r->round == round || !(disconnect ? r->notify : r->enabled)) {
            r = r->next;
            continue;
        }
        r->round = round;
        if (disconnect)
            cdp_node_runtime_emit_waiting_for_disconnect(r->front);
        else
            cdp_node_runtime_emit_waiting_for_debugger(r->front);
        r = insp->runtimes;
    }
}

void cdp__node_runtime_waiting(cdp_inspector *insp)
{
    tell(insp, false);
}

unsigned cdp__node_runtime_left(const cdp_inspector *insp)
{
    unsigned n = 0;

    for (const cdp__node_runtime *r = insp->runtimes; r; r = r->next)
        n += r->notify && cdp__v8_front_is_far(r->front);
    return n;
}

unsigned cdp__node_runtime_notify(cdp_inspector *insp)
{
    tell(insp, true);
    return cdp__node_runtime_left(insp);
}
