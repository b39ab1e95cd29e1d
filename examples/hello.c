/* hello.c - the shortest program: a V8, a session, a typed call. */
#include <cdp/host.h>
#include <cdp/runtime.h>
#include <stdio.h>

int main(void)
{
    cdp_host *host = NULL;
    cdp_session *s = NULL;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("[1, 2, 3].map(x => x * 14)"),
                                      .generate_preview = CDP_SOME(true) };
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;

    if (cdp_host_new(&host, NULL) < 0 || cdp_host_connect(&s, host, NULL) < 0)
        return 1;
    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    else
        printf("%s, the first is %s\n", res->result->description.ptr,
               res->result->preview->properties.items[0].value.ptr);
    cdp_close(s);
    cdp_host_free(host);
    return 0;
}
