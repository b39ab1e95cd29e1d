/*
 * job_call.c - `cdp call`: any command of the protocol, checked before it is sent.
 */
#include "check.h"
#include "cli.h"
#include "describe.h"
#include "file.h"
#include "jobs.h"
#include "stdin.h"
#include "target.h"
#include "term.h"

#include <cdp/value.h>

static int describe(const words *w, item it)
{
    json_out j = { .to = stdout };

    if (!words_flag(w, "json")) {
        describe_text(it);
        return 0;
    }
    describe_json(&j, it);
    print(stdout, "\n");
    return 0;
}

static int write_result(output *to, cdp_value result)
{
    CDP_AUTO cdp_str *text = NULL;

    if (cdp_value_text(result, &text) < 0)
        return output_drop(to, complain_memory());
    output_write(to, text->ptr, text->len);
    output_write(to, "\n", 1);
    return output_finish(to);
}

static int call(const words *w, const char *method, cdp_value params)
{
    CDP_AUTO cdp_value *result = NULL;
    output *to = NULL;
    target t = { .root = NULL };
    int status = output_open(&to, w, NULL);

    if (status == 0)
        status = target_open(&t, w);
    if (status == 0) {
        int rc = cdp_call(t.session, method, params, &result);
        status = rc < 0 ? target_fail(&t, rc) : 0;
    }
    status = status ? output_drop(to, status) : write_result(to, *result);
    target_close(&t);
    return status;
}

static int run_call(const words *w)
{
    CDP_AUTO cdp_value *params = NULL;
    const char *method = words_operand(w, 0), *text = words_operand(w, 1);
    item it = lookup_find(cdp_s(method), 1 << ITEM_COMMAND);
    bool checked = !words_flag(w, "no-check");
    cdp_str given = text ? cdp_s(text) : cdp_s("{}");
    char *memory = NULL;
    int status = 0;

    if (!it.d && (checked || words_flag(w, "describe")))
        return lookup_refuse(cdp_s(method), 1 << ITEM_COMMAND, "command");
    if (words_flag(w, "describe"))
        return describe(w, it);
    if (cdp_str_eq(given, cdp_s("-")))
        status = stdin_read(&memory, &given);
    if (status == 0)
        status = checked ? check_params(it, given, &params) : check_json(given, &params);
    stdin_free(memory);
    return status ? status : call(w, method, *params);
}

static const option options[] = {
    WORDS_OUTPUT("write the result to FILE, not to stdout"),
    { 0, "describe", WORD_FLAG, NULL, NULL, "tell what METHOD takes and returns; needs no TARGET" },
    { 0, "no-check", WORD_FLAG, NULL, NULL,
      "send what the protocol does not know or would not allow" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = {
    { "METHOD", WORD_METHOD, false, false, "Domain.command" },
    { "PARAMS", WORD_TEXT, true, false, "a JSON object; '-' reads stdin" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "cdp call :9222 Page.navigate '{\"url\":\"https://example.org/\"}'", "load a page" },
    { "cdp call --describe Page.navigate", "tell what that takes" },
    { NULL, NULL },
};
const job call_job = {
    .name = "call",
    .summary = "call a command of the protocol",
    .about = "Checks METHOD and PARAMS against the protocol, calls it, and prints the result as "
             "JSON.",
    .takes = TAKES_TARGET,
    .without = "describe",
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_call,
};
