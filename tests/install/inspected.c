/*
 * inspected.c - a program whose front-ends are served Barista too, a domain that its library does
 * not know; and one of its front-ends.
 *
 *     inspected           serves, and prints the port
 *     inspected PORT      orders
 */
#include <cdp/barista.h>
#include <cdp/host.h>
#include <cdp/inspector.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/schema.h>
#include <stdio.h>

static int order(cdp_request *req, const cdp_barista_order_params *params, void *self)
{
    cdp_runtime_remote_object cup = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT,
                                      .description = params->name };
    cdp_barista_ready_event ready = { .ticket = 7, .cup = &cup };

    (void)self;
    cdp_barista_emit_ready(cdp_request_session(req), &ready);
    return cdp_barista_order_respond(req, &(cdp_barista_order_result){ .ticket = 7 });
}

static void connected(cdp_session *front, void *data)
{
    static const cdp_barista_domain_impl barista = { .order = order };

    cdp_barista_serve(front, &barista, data);
}

static int serve(void)
{
    cdp_v8_service service = { .connected = connected };
    cdp_inspector_options opt = { .publish = CDP_PUBLISH_HTTP };
    cdp_inspector *insp = NULL;
    cdp_host *host = NULL;

    if (cdp_host_new(&host, NULL) < 0 || cdp_v8_serve(cdp_host_v8(host), &service) < 0 ||
        cdp_inspector_new(&insp, cdp_host_v8(host), &opt) < 0 || cdp_inspector_open(insp, NULL) < 0)
        return 1;
    printf("%d\n", cdp_inspector_port(insp));
    fflush(stdout);
    cdp_host_run_text(host, "wait.js", cdp_s("setInterval(() => {}, 1000)"), NULL);
    cdp_host_run(host); /* until it is killed */
    cdp_inspector_free(insp);
    cdp_host_free(host);
    return 0;
}

static int call(cdp_session *s)
{
    cdp_barista_order_params wish = { .drink = CDP_BARISTA_DRINK_TEA, .name = cdp_s("Ada") };
    CDP_AUTO cdp_schema_get_domains_result *domains = NULL;
    CDP_AUTO cdp_barista_order_result *res = NULL;
    CDP_AUTO cdp_barista_ready_event *ready = NULL;
    uint32_t when_ready = cdp_barista_expect_ready(s);

    if (cdp_barista_order(s, &wish, &res) < 0 ||
        cdp_barista_take_ready(s, when_ready, &ready) < 0 ||
        cdp_schema_get_domains(s, &domains) < 0)
        return -1;
    printf("%d for %s\n", ready->ticket, ready->cup->description.ptr);
    for (size_t i = 0; i < domains->domains.n; i++)
        printf("%s\n", domains->domains.items[i].name.ptr);
    return 0;
}

int main(int argc, char **argv)
{
    cdp_session *s = NULL;

    if (argc < 2)
        return serve();
    int rc = cdp_connect(&s, argv[1], NULL);
    if (rc == 0)
        rc = call(s);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    return rc < 0;
}
