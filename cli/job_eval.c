/*
 * job_eval.c - `cdp eval`: evaluates JavaScript in a target.
 */
#include "cli.h"
#include "jobs.h"
#include "json.h"
#include "object.h"
#include "stdin.h"
#include "target.h"
#include "term.h"

static int tell_exception(const words *w, const cdp_runtime_evaluate_result *r)
{
    CDP_AUTO cdp_str *text = NULL;

    if (words_flag(w, "json")) {
        if (cdp_runtime_exception_details_to_json(r->exception_details, &text) < 0)
            return complain_memory();
        json_out j = { .to = stdout };
        json_open(&j, '{');
        json_key(&j, "exceptionDetails");
        json_value(&j, (cdp_value){ text->ptr, text->len, CDP_JSON });
        json_close(&j, '}');
        print(stdout, "\n");
        return STATUS_FAILED;
    }
    put_exception(stderr, r, r->exception_details);
    print(stderr, "\n");
    return STATUS_FAILED;
}

/* An object as JSON: returnByValue is asked of the object, since it fails for what JSON can't hold,
 * and the description is still there then. */
static int fetch_value(cdp_session *s, const cdp_runtime_remote_object *o,
                       cdp_runtime_call_function_on_result **res)
{
    cdp_runtime_call_function_on_params p = {
        .function_declaration = cdp_s("function () { return this }"),
        .object_id = o->object_id,
        .return_by_value = CDP_SOME(true),
        .silent = CDP_SOME(true),
    };

    return cdp_runtime_call_function_on(s, &p, res);
}

static bool is_plain(const cdp_runtime_remote_object *o)
{
    return o->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_OBJECT && o->object_id.len &&
           (o->subtype == 0 || o->subtype == CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_ARRAY);
}

/* As JSON even where the value has none: then it is its description. */
static void print_json(cdp_value value, const cdp_runtime_remote_object *o)
{
    json_out j = { .to = stdout };

    if (value.ptr)
        json_value(&j, value);
    else if (o->unserializable_value.len)
        json_text(&j, o->unserializable_value);
    else
        json_text(&j, o->description);
    print(stdout, "\n");
}

static int tell_value(const words *w, cdp_session *s, const cdp_runtime_evaluate_result *r)
{
    CDP_AUTO cdp_runtime_call_function_on_result *by_value = NULL;
    const cdp_runtime_remote_object *o = r->result;

    if (is_plain(o))
        fetch_value(s, o, &by_value);
    bool fetched = by_value && !by_value->exception_details && by_value->result->value.ptr;
    if (fetched || words_flag(w, "json")) {
        print_json(fetched ? by_value->result->value : o->value, o);
        return 0;
    }
    put_object(stdout, r, o);
    print(stdout, "\n");
    return 0;
}

/* What becomes of a promise of a program that waits for us.  It is handled before the program goes:
 * otherwise a rejection would end that. */
static int await(target *t, cdp_runtime_evaluate_result **res)
{
    CDP_AUTO cdp_runtime_evaluate_result *promise = *res;
    CDP_AUTO cdp_runtime_await_promise_result *settled = NULL;
    CDP_AUTO cdp_str *json = NULL;
    cdp_runtime_await_promise_params p = { .promise_object_id = promise->result->object_id,
                                           .generate_preview = CDP_SOME(true) };
    cdp_runtime_await_promise_cookie c = cdp_runtime_await_promise_send(t->session, &p);
    int rc = c.id ? target_go(t) : cdp_last_error(t->session)->status;

    *res = NULL;
    if (rc == 0)
        rc = cdp_runtime_await_promise_reply(t->session, c, &settled);
    /* The results of both commands are the same. */
    if (rc == 0)
        rc = cdp_runtime_await_promise_result_to_json(settled, &json);
    return rc < 0 ? rc : cdp_runtime_evaluate_result_from_json(*json, res, NULL);
}

static bool is_promise(const cdp_runtime_evaluate_result *r)
{
    return !r->exception_details && r->result->subtype == CDP_RUNTIME_REMOTE_OBJECT_SUBTYPE_PROMISE;
}

/* Some peers have no default context, and tell of those that they have once Runtime is enabled. */
static int choose_context(cdp_session *s, cdp_runtime_evaluate_params *p)
{
    CDP_AUTO cdp_runtime_execution_context_created_event *ev = NULL;
    uint32_t first = cdp_runtime_expect_execution_context_created(s);
    int rc = first ? cdp_runtime_enable(s) : CDP_ENOMEM;

    if (rc == 0)
        rc = cdp_runtime_take_execution_context_created(s, first, &ev);
    else
        cdp_off(s, first);
    if (rc == 0)
        p->context_id = (cdp_opt_int)CDP_SOME(ev->context->id);
    return rc;
}

static int ask(cdp_session *s, cdp_runtime_evaluate_params *p, cdp_runtime_evaluate_result **res)
{
    int rc = cdp_runtime_evaluate(s, p, res);

    if (rc != CDP_EREMOTE ||
        !strstr(cdp_last_error(s)->message.ptr, "Cannot find default execution context"))
        return rc;
    rc = choose_context(s, p);
    return rc < 0 ? rc : cdp_runtime_evaluate(s, p, res);
}

/* Of a program that has yet to start nothing settles, and so no evaluation that awaits something
 * would end there. */
static int evaluate(const words *w, target *t, cdp_str code)
{
    cdp_runtime_evaluate_result *res = NULL;
    bool repl = words_flag(w, "repl"), waits = !words_flag(w, "no-await");
    cdp_runtime_evaluate_params p = {
        .expression = code,
        .include_command_line_api = CDP_SOME(true),
        .user_gesture = CDP_SOME(true),
        .generate_preview = CDP_SOME(true),
        .repl_mode = { repl, repl },
        .await_promise = CDP_SOME(waits && (repl || !t->started)),
    };
    int rc = repl ? target_go(t) : 0;

    if (rc == 0)
        rc = ask(t->session, &p, &res);
    if (rc == 0 && waits && t->started && is_promise(res))
        rc = await(t, &res);
    int status = rc < 0                   ? target_fail(t, rc)
                 : res->exception_details ? tell_exception(w, res)
                                          : tell_value(w, t->session, res);
    cdp_free(res);
    return status;
}

static int run_eval(const words *w)
{
    target t;
    char *text = NULL;
    cdp_str code = cdp_s(words_operand(w, 0));

    if (cdp_str_eq(code, cdp_s("-"))) {
        int status = stdin_read(&text, &code);
        if (status)
            return status;
    }
    int status = target_open(&t, w);
    if (status == 0)
        status = evaluate(w, &t, code);
    target_close(&t);
    stdin_free(text);
    return status;
}

static const option options[] = {
    { 'r', "repl", WORD_FLAG, NULL, NULL, "allow await at the top, and let declared again" },
    { 0, "no-await", WORD_FLAG, NULL, NULL, "print a promise, and not what becomes of it" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = {
    { "CODE", WORD_TEXT, false, false, "an expression or a script; '-' reads stdin" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "cdp eval 4711 'process.memoryUsage()'", "ask a Node by its process id" },
    { "cdp eval :9222 document.title", "ask the first page of a Chromium" },
    { NULL, NULL },
};
const job eval_job = {
    .name = "eval",
    .summary = "evaluate JavaScript in a target",
    .about = "Evaluates CODE in the target, waits for the promise if it gives one, and prints the "
             "value: strings as they are, plain objects and arrays as JSON. Exits with 1 if it "
             "throws.",
    .takes = TAKES_TARGET,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_eval,
};
