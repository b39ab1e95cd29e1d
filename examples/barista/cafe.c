/*
 * cafe.c - a domain of the program's own: it serves it, and is its client as well.
 *
 * What the domain is stands in barista.json; the Makefile has <cdp/barista.h> made from that.
 */
#include <cdp/barista.h>
#include <cdp/runtime.h>
#include <stdio.h>

static const char *const drinks[] = {
    [CDP_BARISTA_DRINK_ESPRESSO] = "an espresso",
    [CDP_BARISTA_DRINK_FLAT_WHITE] = "a flat white",
    [CDP_BARISTA_DRINK_TEA] = "a cup of tea",
};

/* ---- the side that serves ------------------------------------------------ */

static int order(cdp_request *req, const cdp_barista_order_params *params, void *tickets)
{
    if (params->drink < CDP_BARISTA_DRINK_ESPRESSO) /* a word that is not in barista.json */
        return cdp_respond_error(req, CDP_SERVER_ERROR, "not on the menu");

    cdp_barista_order_result res = { .ticket = ++*(int *)tickets };
    cdp_runtime_remote_object cup = {
        .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT,
        .description = cdp_s(drinks[params->drink]),
    };
    cdp_barista_ready_event ready = { .ticket = res.ticket, .cup = &cup };

    cdp_barista_emit_ready(cdp_request_session(req), &ready);
    return cdp_barista_order_respond(req, &res);
}

static const cdp_barista_domain_impl barista = { .order = order };

/* ---- the client ---------------------------------------------------------- */

static int drink(cdp_session *s)
{
    cdp_barista_order_params wish = { .drink = CDP_BARISTA_DRINK_FLAT_WHITE };
    CDP_AUTO cdp_barista_order_result *res = NULL;
    CDP_AUTO cdp_barista_ready_event *ready = NULL;
    uint32_t when_ready = cdp_barista_expect_ready(s); /* before what causes it: no race */

    if (cdp_barista_order(s, &wish, &res) < 0 || cdp_barista_take_ready(s, when_ready, &ready) < 0)
        return -1;
    printf("ticket %d: %s\n", res->ticket, ready->cup->description.ptr);

    if (cdp_call(s, "Barista.order", cdp_json("{\"drink\": \"soup\"}"), NULL) == CDP_EREMOTE)
        printf("error %d: %s\n", cdp_last_error(s)->remote_code, cdp_last_error(s)->message.ptr);
    return 0;
}

int main(void)
{
    cdp_session *client, *server;
    int tickets = 0;

    if (cdp_pair(&client, &server, NULL) < 0)
        return 1;
    cdp_barista_serve(server, &barista, &tickets);
    int rc = drink(client);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(client)->message.ptr);
    cdp_close(client);
    cdp_close(server);
    return rc < 0;
}
