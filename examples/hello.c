/* hello.c - the shortest program: a V8, a session, one typed call. */
#include <cdp/host.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <stdio.h>

int main(void)
{
    cdp_host *host = NULL;
    cdp_session *s = NULL;
    cdp_runtime_evaluate_params p = { .expression = cdp_s("'6 * 7 = ' + 6 * 7") };
    cdp_runtime_evaluate_result *res;

    if (cdp_host_new(&host, NULL) < 0 || cdp_host_connect(&s, host, NULL) < 0)
        return 1;
    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    else
        printf("%s\n", cdp_value_str(res, res->result->value).ptr);
    cdp_free(res);
    cdp_close(s);
    cdp_host_free(host);
    return cdp_host_shutdown();
}
