/* v8_test.c - see v8_test.h. */
#include "v8_test.h"

static void on_write(cdp_host *h, int fd, const char *text, size_t len, void *data)
{
    fixture *f = data;
    size_t *n = &f->n_out[fd - 1];

    (void)h;
    if (len > sizeof f->out[0] - 1 - *n)
        len = sizeof f->out[0] - 1 - *n;
    memcpy(f->out[fd - 1] + *n, text, len);
    *n += len;
    f->out[fd - 1][*n] = 0;
}

static void on_uncaught(cdp_host *h, const cdp_error *err, void *data)
{
    fixture *f = data;

    (void)h;
    f->uncaught++;
    snprintf(f->last_uncaught, sizeof f->last_uncaught, "%s", err->message.ptr);
}

int fixture_setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    cdp_host_options opt = { .write = on_write, .uncaught = on_uncaught, .data = f };

    *state = f;
    return cdp_host_new(&f->h, &opt) || cdp_host_connect(&f->s, f->h, NULL);
}

int fixture_teardown(void **state)
{
    fixture *f = *state;

    cdp_close(f->s);
    int rc = cdp_host_free(f->h);
    free(f);
    return rc;
}

void run(fixture *f, const char *text)
{
    int rc = cdp_host_run_text(f->h, "test.js", cdp_s(text), NULL);

    if (rc < 0)
        fail_msg("%s: %s", text, cdp_host_error(f->h)->message.ptr);
}

cdp_runtime_evaluate_result *evaluate(cdp_session *s, const char *expression, bool await_promise)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .await_promise = CDP_SOME(await_promise),
                                      .return_by_value = CDP_SOME(true) };
    cdp_runtime_evaluate_result *res = NULL;

    if (cdp_runtime_evaluate(s, &p, &res) < 0)
        fail_msg("%s: %s", expression, cdp_last_error(s)->message.ptr);
    return res;
}

const char *eval(cdp_session *s, const char *expression)
{
    static char out[4096];
    cdp_runtime_evaluate_result *res = evaluate(s, expression, false);
    const cdp_runtime_exception_details *e = res->exception_details;
    cdp_str *text = NULL;

    if (e)
        snprintf(out, sizeof out, "throws: %s",
                 e->exception->description.ptr ? e->exception->description.ptr : e->text.ptr);
    else if (cdp_value_text(res->result->value, &text) == 0)
        snprintf(out, sizeof out, "%s", text->ptr);
    else
        snprintf(out, sizeof out, "undefined");
    cdp_free(text);
    cdp_free(res);
    return out;
}
