/*
 * teapot.c - a program that serves a domain of its own next to V8's.
 *
 *     teapot              calls it itself
 *     teapot --inspect    serves front-ends; try Teapot.brew in the protocol monitor of DevTools
 *
 * What the domain is stands in protocol_json/teapot.json.
 */
#include <cdp/host.h>
#include <cdp/inspector.h>
#include <cdp/runtime.h>
#include <cdp/teapot.h>
#include <cdp/value.h>
#include <stdio.h>

static int brew(cdp_request *req, const cdp_teapot_brew_params *params, void *self)
{
    cdp_teapot_pot *pot = self;

    if (params->cups.has && (params->cups.value < 1 || params->cups.value > 8))
        return CDP_EINVAL; /* -32602 */
    pot->tea = params->tea;
    pot->cups = params->cups.has ? params->cups.value : 4;
    pot->celsius = (cdp_opt_num)CDP_SOME(params->tea == CDP_TEAPOT_TEA_GREEN ? 75 : 95);
    return cdp_teapot_brew_respond(req, &(cdp_teapot_brew_result){ .pot = pot });
}

static int pour(cdp_request *req, void *self)
{
    cdp_teapot_pot *pot = self;

    if (pot->cups == 0)
        return cdp_respond_error(req, CDP_SERVER_ERROR, "the pot is empty");
    if (--pot->cups == 0)
        cdp_teapot_emit_emptied(cdp_request_session(req),
                                &(cdp_teapot_emptied_event){ .pot = pot });
    return cdp_teapot_pour_respond(req, &(cdp_teapot_pour_result){ .cups_left = pot->cups });
}

/* A client has come, ours or a front-end; front is our end of its session. */
static void connected(cdp_session *front, void *pot)
{
    static const cdp_teapot_domain_impl teapot = { .brew = brew, .pour = pour };

    cdp_teapot_serve(front, &teapot, pot);
}

static int call_it(cdp_session *s)
{
    cdp_teapot_brew_params oolong = { .tea = CDP_TEAPOT_TEA_OOLONG, .cups = CDP_SOME(2) };
    cdp_runtime_evaluate_params sum = { .expression = cdp_s("'V8 is here, too'") };
    CDP_AUTO cdp_teapot_brew_result *brewed = NULL;
    CDP_AUTO cdp_teapot_pour_result *first = NULL;
    CDP_AUTO cdp_teapot_emptied_event *emptied = NULL;
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    uint32_t when_empty = cdp_teapot_expect_emptied(s);

    if (cdp_teapot_brew(s, &oolong, &brewed) < 0 || cdp_teapot_pour(s, &first) < 0)
        return -1;
    printf("%d cups at %g degrees, %d left\n", brewed->pot->cups, brewed->pot->celsius.value,
           first->cups_left);
    if (cdp_teapot_pour(s, NULL) < 0 || cdp_teapot_take_emptied(s, when_empty, &emptied) < 0)
        return -1;
    if (cdp_teapot_pour(s, NULL) == CDP_EREMOTE)
        printf("error %d: %s\n", cdp_last_error(s)->remote_code, cdp_last_error(s)->message.ptr);
    if (cdp_runtime_evaluate(s, &sum, &res) < 0)
        return -1;
    printf("%s\n", cdp_value_str(res, res->result->value).ptr);
    return 0;
}

static int call(cdp_host *host)
{
    cdp_session *s = NULL;

    if (cdp_host_connect(&s, host, NULL) < 0)
        return -1;
    int rc = call_it(s);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    return rc;
}

static int inspect(cdp_host *host, const cdp_inspector_flags *flags)
{
    cdp_inspector_options opt = { .host = flags->host,
                                  .port = flags->port,
                                  .publish = flags->publish,
                                  .wait = flags->wait,
                                  .title = "teapot" };
    cdp_inspector *insp = NULL;

    if (cdp_inspector_new(&insp, cdp_host_v8(host), &opt) < 0)
        return -1;
    int rc = cdp_inspector_open(insp, NULL);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_inspector_error(insp)->message.ptr);
    else if (cdp_host_run_text(host, "teapot.js", cdp_s("setInterval(() => {}, 1000)"), NULL) == 0)
        rc = cdp_host_run(host); /* until it is killed */
    cdp_inspector_free(insp);
    return rc;
}

int main(int argc, char **argv)
{
    cdp_host *host = NULL;
    cdp_inspector_flags flags = { .open = false };
    cdp_teapot_pot pot = { .cups = 0 };
    cdp_v8_service service = { .connected = connected, .data = &pot };

    if (cdp_inspector_parse_flags(&flags, &argc, argv) < 0) {
        fprintf(stderr, "%s\n", flags.error);
        return 9;
    }
    if (cdp_host_new(&host, NULL) < 0 || cdp_v8_serve(cdp_host_v8(host), &service) < 0)
        return 1;
    int rc = flags.open ? inspect(host, &flags) : call(host);
    cdp_host_free(host);
    return rc < 0;
}
