/* served.c - see served.h. */
#include "served.h"

#include "v8_probe.h"
#include "workers.h"

#include "../v8/v8_front.h"

#include <cdp/schema.h>
#include <stdlib.h>

typedef struct gathered {
    cdp__v8_served v8;
    cdp__served *list;
    size_t n;
} gathered;

static bool v8_command(const void *data, const cdp__domain *d, unsigned command)
{
    return cdp__v8_has_command(data, d, command);
}

static bool v8_event(const void *data, const cdp__domain *d, unsigned event)
{
    (void)event;
    return cdp__v8_has_events(data, d);
}

/* g->list is one free().  g stays where it is: the list refers to it. */
static int gather(gathered *g, cdp_v8 *v, const cdp_session *front, const cdp__served *more,
                  size_t n_more)
{
    size_t n = cdp__protocol_served_by(NULL, 0, front);
    int rc = cdp__v8_probe(v, &g->v8);

    if (rc < 0)
        return rc;
    g->list = calloc(CDP__V8_DOMAINS + n + n_more, sizeof *g->list);
    if (!g->list)
        return CDP_ENOMEM;
    for (unsigned i = 0; i < CDP__V8_DOMAINS; i++)
        g->list[i] = (cdp__served){ cdp__v8_domains[i], v8_command, v8_event, &g->v8 };
    g->n = CDP__V8_DOMAINS + cdp__protocol_served_by(g->list + CDP__V8_DOMAINS, n, front);
    for (size_t i = 0; i < n_more; i++)
        g->list[g->n++] = more[i];
    return 0;
}

int cdp__served_write(cdp__buf *out, cdp_v8 *v, const cdp__served *more, size_t n_more)
{
    cdp_session *client = NULL, *front = NULL;
    gathered g = { .list = NULL };
    int rc = cdp_pair(&client, &front, NULL);

    if (rc < 0)
        return rc;
    for (cdp_v8_service *s = v->services, *next; s; s = next) {
        next = s->next_;
        cdp__serve_as(front, s);
        s->connected(front, s->data);
    }
    rc = gather(&g, v, front, more, n_more);
    if (rc == 0)
        rc = cdp__protocol_write(out, g.list, g.n);
    for (cdp_v8_service *s = v->services, *next; s; s = next) {
        next = s->next_;
        if (s->ended)
            s->ended(front, s->data);
    }
    cdp_close(front);
    cdp_close(client);
    free(g.list);
    return rc;
}

/* ---- Schema.getDomains --------------------------------------------------- */

static int get_domains(cdp_request *req, void *v)
{
    gathered g = { .list = NULL };
    cdp_session *front = cdp_request_session(req);
    bool remote = cdp__v8_front_is_remote(front); /* the server serves those more */
    int rc = gather(&g, v, front, cdp__workers_served, remote ? CDP__WORKERS_SERVED : 0);

    if (rc == 0)
        rc = cdp__protocol_respond_domains(req, g.list, g.n);
    free(g.list);
    return rc;
}

void cdp__served_connected(cdp_session *front, void *v)
{
    static const cdp_schema_domain_impl schema = { .get_domains = get_domains };

    cdp_schema_serve(front, &schema, v);
}
