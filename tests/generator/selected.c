/* selected.c - a program for a library of few domains: both sides of two of them. */
#include <cdp/all.h>
#include <stdio.h>

static int greet(cdp_request *req, void *self)
{
    cdp_runtime_remote_object to = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT };
    cdp_greeting_words words = { .text = cdp_s("hello"), .to = &to };

    (void)self;
    return cdp_greeting_greet_respond(req, &(cdp_greeting_greet_result){ .words = &words });
}

static int evaluate(cdp_request *req, const cdp_runtime_evaluate_params *params, void *self)
{
    cdp_runtime_remote_object is = { .type = CDP_RUNTIME_REMOTE_OBJECT_TYPE_NUMBER,
                                     .description = params->expression };

    (void)self;
    return cdp_runtime_evaluate_respond(req, &(cdp_runtime_evaluate_result){ .result = &is });
}

static const cdp_greeting_domain_impl greeting = { .greet = greet };
static const cdp_runtime_domain_impl runtime = { .evaluate = evaluate };

static int talk(cdp_session *s)
{
    cdp_runtime_evaluate_params p = { .expression = cdp_s("42") };
    CDP_AUTO cdp_runtime_evaluate_result *res = NULL;
    CDP_AUTO cdp_greeting_greet_result *said = NULL;

    if (cdp_greeting_greet(s, &said) < 0 || cdp_runtime_evaluate(s, &p, &res) < 0)
        return -1;
    printf("%s, %s: %s %s\n", said->words->text.ptr,
           said->words->to->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT ? "object" : "?",
           res->result->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_NUMBER ? "number" : "?",
           res->result->description.ptr);
    return 0;
}

int main(void)
{
    cdp_session *s, *server;

    if (cdp_pair(&s, &server, NULL) < 0)
        return 1;
    cdp_greeting_serve(server, &greeting, NULL);
    cdp_runtime_serve(server, &runtime, NULL);
    int rc = talk(s);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    cdp_close(server);
    return rc < 0;
}
