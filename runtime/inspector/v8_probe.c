/*
 * v8_probe.c - see v8_probe.h.
 *
 * V8 looks a command up, then decodes its parameters, then executes it.  So a command whose
 * parameters all have values of a wrong type is answered with -32601 where V8 lacks it, with -32602
 * where V8 has it, and never executed.  (All, as V8 ignores those that are newer than itself.)
 *
 * A command without parameters would be executed, so V8 is not asked: it counts as had if its
 * domain is.  That holds as long as such commands are as old as their domains, which a test checks.
 */
#include "v8_probe.h"

#include "../core/codec.h"
#include "../v8/v8_internal.h"

#include <cdp/console.h>
#include <cdp/debugger.h>
#include <cdp/heap_profiler.h>
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <cdp/schema.h>
#include <cdp/value.h>

const cdp__domain *const cdp__v8_domains[CDP__V8_DOMAINS] = {
    &cdp__domain_console,  &cdp__domain_debugger, &cdp__domain_heap_profiler,
    &cdp__domain_profiler, &cdp__domain_runtime,  &cdp__domain_schema,
};

typedef struct probe {
    cdp__shim_session *shim;
    cdp__buf message;
    bool unknown; /* V8's answer to the last command */
} probe;

static void on_response(void *self, int id, const uint8_t *bytes, size_t len)
{
    probe *p = self;
    cdp_value reply = { (const char *)bytes, len, CDP_CBOR };

    (void)id;
    p->unknown = cdp_value_int(cdp_value_path(reply, "error.code"), 0) == CDP_METHOD_NOT_FOUND;
}

/* Nothing is enabled. */
static void on_event(void *self, const uint8_t *bytes, size_t len)
{
    (void)self;
    (void)bytes;
    (void)len;
}

/* Some parameter can have a wrong value: not all are `any`. */
static bool can_be_wrong(const cdp__domain *d, const cdp__command *c)
{
    const cdp__type *t = c->params == CDP__NONE ? NULL : &d->types[c->params];

    for (unsigned i = 0; t && i < t->n; i++)
        if (d->fields[t->first + i].is.kind != CDP__ANY)
            return true;
    return false;
}

static int write_wrong(cdp__buf *out, const cdp__domain *d, const cdp__command *c)
{
    const cdp__type *t = &d->types[c->params];
    cdp__fault fault;
    cdp__writer w = { .out = out, .wire = CDP_CBOR, .max_depth = CDP__DEPTH, .fault = &fault };

    cdp__fault_clear(&fault);
    cdp__buf_reset(out, SIZE_MAX);
    size_t whole = cdp__write_begin(&w, '{');
    cdp__write_key(&w, "id", 2);
    cdp__write_int(&w, 1);
    cdp__write_key(&w, "method", 6);
    cdp__write_str(&w, d->names + c->name, c->name_len);
    cdp__write_key(&w, "params", 6);
    size_t params = cdp__write_begin(&w, '{');
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        cdp__write_key(&w, d->names + f->name, f->name_len);
        if (f->is.kind == CDP__BOOL)
            cdp__write_int(&w, 0);
        else
            cdp__write_bool(&w, true);
    }
    cdp__write_end(&w, params, '{');
    cdp__write_end(&w, whole, '{');
    return cdp__write_status(&w);
}

static int probe_domain(probe *p, const cdp__domain *d, uint64_t *commands)
{
    for (unsigned i = 0; i < d->n_commands; i++) {
        p->unknown = false;
        if (can_be_wrong(d, &d->commands[i])) {
            if (write_wrong(&p->message, d, &d->commands[i]) < 0)
                return CDP_ENOMEM;
            cdp__shim_dispatch(p->shim, p->message.ptr, p->message.len);
        }
        if (!p->unknown)
            *commands |= UINT64_C(1) << i;
    }
    return 0;
}

int cdp__v8_probe(cdp_v8 *v, cdp__v8_served *out)
{
    static const cdp__shim_channel channel = { .response = on_response, .event = on_event };
    cdp__v8_served served = { { 0 } };
    probe p = { .unknown = false };
    int rc = 0;

    if (!pthread_equal(v->thread, pthread_self()) || v->in_progress || cdp__v8_terminating(v))
        return CDP_ESTATE;
    p.shim = cdp__shim_connect(v->shim, &channel, &p);
    if (!p.shim)
        return CDP_ENOMEM;
    cdp__shim_enter(v->shim);
    for (unsigned i = 0; i < CDP__V8_DOMAINS && rc == 0; i++) {
        const cdp__domain *d = cdp__v8_domains[i];
        /* What follows the name is not looked at, so the first command stands for the domain. */
        if (cdp__shim_can_dispatch(d->names + d->commands->name, d->commands->name_len))
            rc = probe_domain(&p, d, &served.commands[i]);
    }
    cdp__shim_disconnect(p.shim);
    cdp__shim_exit(v->shim);
    cdp__buf_free(&p.message);
    if (rc == 0)
        *out = served;
    return rc;
}

static uint64_t commands_of(const cdp__v8_served *served, const cdp__domain *d)
{
    for (unsigned i = 0; i < CDP__V8_DOMAINS; i++)
        if (cdp__v8_domains[i] == d)
            return served->commands[i];
    return 0;
}

bool cdp__v8_has_command(const cdp__v8_served *served, const cdp__domain *d, unsigned command)
{
    return commands_of(served, d) >> command & 1;
}

bool cdp__v8_has_events(const cdp__v8_served *served, const cdp__domain *d)
{
    return commands_of(served, d) != 0;
}
