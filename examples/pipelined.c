/* pipelined.c - many calls in flight: send them all, then collect; a callback; a cancel. */
#include <cdp/host.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <stdio.h>

enum { MANY = 100 };

/* An error belongs to the call that made it, also that of a failed _send. */
static int squares(cdp_session *s)
{
    cdp_runtime_evaluate_cookie c[MANY];
    char expression[MANY][32];
    double sum = 0;

    for (int i = 0; i < MANY; i++) {
        snprintf(expression[i], sizeof expression[i], "%d ** 2", i);
        c[i] = cdp_runtime_evaluate_send(
            s, &(cdp_runtime_evaluate_params){ .expression = cdp_s(expression[i]) });
    }
    for (int i = 0; i < MANY; i++) {
        CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
        if (cdp_runtime_evaluate_reply(s, c[i], &res) < 0)
            return fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr), -1;
        sum += cdp_value_num(res->result->value, 0);
    }
    printf("sum of %d squares: %.0f\n", MANY, sum);
    return 0;
}

static void on_evaluated(cdp_session *s, const cdp_error *err,
                         const cdp_runtime_evaluate_result *res, void *data)
{
    (void)s;
    if (err)
        printf("%s: %s\n", (const char *)data, cdp_strerror(err->status));
    else
        printf("%s: %s\n", (const char *)data, cdp_value_str(res, res->result->value).ptr);
}

/* Callbacks run from the host's loop, exactly once each. */
static void promises(cdp_session *s)
{
    cdp_runtime_evaluate_params soon = {
        .expression = cdp_s("new Promise(r => setTimeout(() => r('a timer later'), 10))"),
        .await_promise = CDP_SOME(true),
    };
    cdp_runtime_evaluate_params never = {
        .expression = cdp_s("new Promise(() => {})"),
        .await_promise = CDP_SOME(true),
    };
    static char first[] = "first", second[] = "second", third[] = "third";

    cdp_runtime_evaluate_async(s, &soon, on_evaluated, first);
    uint32_t id = cdp_runtime_evaluate_async(s, &never, on_evaluated, second);
    cdp_set_timeout(s, id, 50); /* milliseconds */
    id = cdp_runtime_evaluate_async(s, &never, on_evaluated, third);
    cdp_cancel(s, id);
}

int main(void)
{
    cdp_host *host = NULL;
    cdp_session *s = NULL;
    int rc = -1;

    if (cdp_host_new(&host, NULL) == 0 && cdp_host_connect(&s, host, NULL) == 0) {
        rc = squares(s);
        promises(s);
        if (rc == 0)
            rc = cdp_host_run(host); /* until nothing is left to wait for */
    }
    cdp_close(s);
    cdp_host_free(host);
    cdp_host_shutdown();
    return rc < 0;
}
