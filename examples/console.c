/* console.c - runs a script, printing what its console calls and exceptions are to a front-end. */
#include <cdp/host.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <stdio.h>

static const char *type_name(const cdp_runtime_console_api_called_event *ev)
{
    switch (ev->type) {
    case CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_ERROR:
        return "error";
    case CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE_WARNING:
        return "warning";
    case CDP_RUNTIME_CONSOLE_API_CALLED_EVENT_TYPE__UNKNOWN: /* newer than these bindings */
        return cdp_unknown(ev, &ev->type).ptr;
    default:
        return "log";
    }
}

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    (void)data;
    printf("%s:", type_name(ev));
    for (size_t i = 0; i < ev->args.n; i++) {
        const cdp_runtime_remote_object *a = &ev->args.items[i];

        if (a->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING)
            printf(" %s", cdp_value_str(ev, a->value).ptr);
        else
            printf(" %s", a->description.ptr ? a->description.ptr : "undefined");
    }
    putchar('\n');
}

static void on_exception(cdp_session *s, const cdp_runtime_exception_thrown_event *ev, void *data)
{
    const cdp_runtime_exception_details *x = ev->exception_details;

    (void)s;
    (void)data;
    printf("uncaught at %s:%d: %s\n", x->url.ptr, x->line_number + 1,
           x->exception && x->exception->description.ptr ? x->exception->description.ptr
                                                         : x->text.ptr);
}

static void on_any(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)data;
    fprintf(stderr, "(%s, %zu bytes)\n", method.ptr, params->len);
}

int main(int argc, char **argv)
{
    cdp_host *host = NULL;
    cdp_session *s = NULL;

    if (argc != 2)
        return fprintf(stderr, "usage: console script.js\n"), 2;
    if (cdp_host_new(&host, NULL) < 0 || cdp_host_connect(&s, host, NULL) < 0)
        return 1;
    cdp_runtime_on_console_api_called(s, on_console, NULL);
    cdp_runtime_on_exception_thrown(s, on_exception, NULL);
    cdp_on_any(s, on_any, NULL);
    if (cdp_runtime_enable(s) < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    if (cdp_host_run_file(host, argv[1], NULL) == 0)
        cdp_host_run(host);
    int code = cdp_host_exit_code(host);
    cdp_close(s);
    cdp_host_free(host);
    cdp_host_shutdown();
    return code;
}
