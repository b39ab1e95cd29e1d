/*
 * inspector.c - the life of an inspector: its options and services, and when it is open.
 *
 * All of it is the isolate's thread's.  What connections do is server.c and beyond.
 */
#include "inspector_internal.h"

#include "network.h"
#include "served.h"
#include "workers.h"

#include "../v8/v8_internal.h"
#include "frontend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_TOKEN = 128 }; /* it is part of URLs */

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define VERSION TEXT(CDP_VERSION_MAJOR) "." TEXT(CDP_VERSION_MINOR) "." TEXT(CDP_VERSION_PATCH)

/* ---- errors ---------------------------------------------------------------- */

int cdp__inspector_fail(cdp_inspector *insp, int status, cdp_str path, const char *fmt, ...)
{
    char why[sizeof insp->error.message];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    cdp__error_set(&insp->error, status, cdp_s(""), why);
    snprintf(insp->error.path, sizeof insp->error.path, "%.*s", (int)path.len,
             path.ptr ? path.ptr : "");
    insp->error.pub.path = cdp_s(insp->error.path);
    return status;
}

const cdp_error *cdp_inspector_error(const cdp_inspector *insp)
{
    return &insp->error.pub;
}

static int wrong_thread(cdp_inspector *insp)
{
    return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""), "not on the isolate's thread");
}

static bool on_its_thread(const cdp_inspector *insp)
{
    return pthread_equal(insp->v->thread, pthread_self());
}

/* ---- life ------------------------------------------------------------------ */

static int open_services(cdp_inspector *insp)
{
    insp->schema = (cdp_v8_service){ .connected = cdp__served_connected, .data = insp->v };
    insp->node_runtime = (cdp_v8_service){ .connected = cdp__node_runtime_connected,
                                           .ended = cdp__node_runtime_ended,
                                           .data = insp };
    cdp_v8_serve(insp->v, &insp->schema);
    cdp_v8_serve(insp->v, &insp->node_runtime);
    if (!insp->opt.network)
        return 0;
    if (!(insp->network = cdp__network_new(NULL)))
        return CDP_ENOMEM;
    insp->network_service = (cdp_v8_service){ .connected = cdp__network_connected,
                                              .ended = cdp__network_ended,
                                              .data = insp->network,
                                              .events = cdp__network_events };
    return cdp_v8_serve(insp->v, &insp->network_service);
}

int cdp_inspector_new(cdp_inspector **out, cdp_v8 *v, const cdp_inspector_options *opt)
{
    *out = NULL;
    if (!pthread_equal(v->thread, pthread_self()) || v->inspector)
        return CDP_ESTATE;
    cdp_inspector *insp = calloc(1, sizeof *insp);
    if (!insp)
        return CDP_ENOMEM;
    insp->v = v;
    atomic_init(&insp->sessions, 0);
    cdp__error_clear(&insp->error);
    int rc = cdp__options_copy(&insp->opt, &insp->texts, opt);
    if (rc < 0 || (rc = cdp__targets_init(&insp->targets)) < 0) {
        cdp__options_free(insp->texts);
        free(insp);
        return rc;
    }
    v->inspector = insp;
    if ((rc = open_services(insp)) < 0)
        cdp_inspector_free(insp);
    else
        *out = insp;
    return rc;
}

void cdp_inspector_free(cdp_inspector *insp)
{
    if (!insp)
        return;
    cdp_inspector_open_on_signal(insp, 0);
    cdp_inspector_close(insp);
    insp->v->inspector = NULL;
    cdp_v8_unserve(insp->v, &insp->network_service);
    cdp_v8_unserve(insp->v, &insp->node_runtime);
    cdp_v8_unserve(insp->v, &insp->schema);
    cdp__network_free(insp->network);
    cdp__targets_free(&insp->targets);
    cdp__error_clear(&insp->error);
    cdp__options_free(insp->texts);
    free(insp);
}

cdp__network *cdp__inspector_network(cdp_inspector *insp)
{
    return insp->network;
}

/* ---- open and closed ------------------------------------------------------- */

static int take_options(cdp_inspector *insp, const cdp_inspector_options *opt)
{
    char **texts;
    bool network = insp->opt.network; /* settled when the inspector was made */

    if (!opt)
        return 0;
    if (cdp__options_copy(&insp->opt, &texts, opt) < 0)
        return cdp__inspector_fail(insp, CDP_ENOMEM, cdp_s(""), "out of memory");
    insp->opt.network = network;
    cdp__options_free(insp->texts);
    insp->texts = texts;
    return 0;
}

static void make_url(cdp_inspector *insp)
{
    cdp__target *t = cdp__targets_main(&insp->targets);
    const char *host = insp->opt.host && *insp->opt.host ? insp->opt.host : "127.0.0.1";
    const char *query = insp->opt.token ? "?token=" : "";
    const char *token = insp->opt.token ? insp->opt.token : "";
    char address[300];

    cdp__address_text(address, sizeof address, host, insp->server->port);
    if (insp->opt.unix_path)
        snprintf(insp->url, sizeof insp->url, "ws+unix://%s:/%s%s%s", insp->opt.unix_path, t->id,
                 query, token);
    else
        snprintf(insp->url, sizeof insp->url, "ws://%s/%s%s%s", address, t->id, query, token);
    cdp__target_unref(&insp->targets, t);
}

static bool publishes_on_stderr(const cdp_inspector *insp)
{
    return !insp->opt.publish || insp->opt.publish & CDP_PUBLISH_STDERR;
}

static int start(cdp_inspector *insp)
{
    cdp__server *s = calloc(1, sizeof *s);

    if (!s)
        return cdp__inspector_fail(insp, CDP_ENOMEM, cdp_s(""), "out of memory");
    s->opt = &insp->opt;
    s->targets = &insp->targets;
    s->protocol = cdp_sn(insp->protocol.ptr, insp->protocol.len);
    s->browser = "cdpkit/" VERSION;
    s->sessions = &insp->sessions;
    s->url = insp->url;
    insp->server = s;
    int rc = cdp__server_open(s, &insp->error);
    if (rc == 0) {
        make_url(insp);
        if (insp->opt.allow_public)
            cdp__log(s->opt, "Warning: whoever can reach %s controls this program.\n", insp->url);
        cdp__server_announce(s, "listening");
        rc = cdp__server_run(s, &insp->error);
    }
    if (rc < 0) {
        insp->server = NULL;
        free(s);
    }
    return rc;
}

int cdp_inspector_open(cdp_inspector *insp, const cdp_inspector_options *opt)
{
    int rc;

    if (!on_its_thread(insp))
        return wrong_thread(insp);
    if (insp->server)
        return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""),
                                   "Inspector is already activated. Close it with "
                                   "inspector.close() before activating it again.");
    if ((rc = take_options(insp, opt)) < 0)
        return rc;
    if (insp->opt.token && strlen(insp->opt.token) > LONGEST_TOKEN)
        return cdp__inspector_fail(insp, CDP_EINVAL, cdp_s(""), "the token is too long");
    insp->protocol = (cdp__buf){ .allocator = NULL };
    if ((rc = cdp__served_write(&insp->protocol, insp->v, cdp__workers_served,
                                CDP__WORKERS_SERVED)) == 0) {
        const char *title = insp->opt.title ? insp->opt.title : insp->v->opt.name;
        cdp__targets_remove(&insp->targets, insp->v); /* for a fresh id */
        rc = cdp__targets_add(&insp->targets, insp->v, false, title ? title : "main",
                              insp->opt.url);
    }
    if (rc < 0)
        cdp__inspector_fail(insp, rc, cdp_s(""), "%s", cdp_strerror(rc));
    else
        rc = start(insp);
    if (rc < 0) {
        cdp__buf_free(&insp->protocol);
        return rc;
    }
    return insp->opt.wait ? cdp_inspector_wait_for_debugger(insp, -1) : 0;
}

void cdp_inspector_close(cdp_inspector *insp)
{
    if (!insp->server)
        return;
    cdp__server_close(insp->server);
    free(insp->server);
    insp->server = NULL;
    cdp__buf_free(&insp->protocol);
    cdp_v8_pump(insp->v); /* V8's sessions with them end */
}

const char *cdp_inspector_url(const cdp_inspector *insp)
{
    return insp->server ? insp->url : NULL;
}

uint16_t cdp_inspector_port(const cdp_inspector *insp)
{
    return insp->server ? insp->server->port : 0;
}

unsigned cdp_inspector_sessions(const cdp_inspector *insp)
{
    return atomic_load(&insp->sessions);
}

/* ---- waiting --------------------------------------------------------------- */

int cdp_inspector_wait_for_debugger(cdp_inspector *insp, int timeout_ms)
{
    if (!on_its_thread(insp))
        return wrong_thread(insp);
    if (!insp->server)
        return cdp__inspector_fail(insp, CDP_ESTATE, cdp_s(""), "Inspector is not active");
    insp->waiting = true;
    cdp__node_runtime_waiting(insp);
    int rc = cdp_v8_wait_for_debugger(insp->v, timeout_ms);
    insp->waiting = false;
    return rc < 0 ? cdp__inspector_fail(insp, rc, cdp_s(""), "no debugger let the program run") : 0;
}

/* Serves clients until as few are left. */
static void serve_until(cdp_inspector *insp, unsigned (*left)(const cdp_inspector *insp))
{
    enum { SLICE_MS = 50 }; /* V8's worker threads leave tasks without telling */
    unsigned amid = insp->v->amid;

    insp->v->amid = 0; /* it may be a client's command that waits */
    while (cdp_v8_pump(insp->v), left(insp) > 0)
        cdp__v8_wait_for_wake(insp->v, SLICE_MS);
    insp->v->amid = amid;
}

static void see_off(cdp_inspector *insp)
{
    if (publishes_on_stderr(insp))
        cdp__log(&insp->opt, "Waiting for the debugger to disconnect...\n");
    cdp_v8_pump(insp->v);
    if (cdp__node_runtime_notify(insp))
        serve_until(insp, cdp__node_runtime_left);
    cdp__shim_remove_contexts(insp->v->shim); /* the others hear of it now */
    serve_until(insp, cdp_inspector_sessions);
}

void cdp_inspector_wait_for_disconnect(cdp_inspector *insp)
{
    if (!on_its_thread(insp))
        return;
    if (cdp_inspector_sessions(insp))
        see_off(insp);
    cdp_inspector_close(insp);
}

/* ---- workers --------------------------------------------------------------- */

int cdp_inspector_add_worker(cdp_inspector *insp, cdp_v8 *worker, const cdp_inspector_worker *info)
{
    enum { SLICE_MS = 20 }; /* whoever is waited for may leave */
    cdp__targets *ts = &insp->targets;

    if (worker == insp->v || !pthread_equal(worker->thread, pthread_self()))
        return CDP_ESTATE;
    int rc = cdp__targets_add(ts, worker, true, info ? info->title : NULL, info ? info->url : NULL);
    if (rc < 0)
        return rc;
    cdp__targets_ring(ts);
    while (cdp__targets_hold(ts, worker) && cdp_v8_wait_for_debugger(worker, SLICE_MS) < 0)
        ;
    cdp__targets_release(ts, worker);
    return 0;
}

void cdp_inspector_remove_worker(cdp_inspector *insp, cdp_v8 *worker)
{
    cdp__targets_remove(&insp->targets, worker);
    cdp__targets_ring(&insp->targets);
}
