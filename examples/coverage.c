/*
 * coverage.c - runs a Node program and writes which of its lines ran, as lcov's trace file:
 *
 *     coverage app.js arguments >coverage.info && genhtml coverage.info
 */
#include <cdp/debugger.h>
#include <cdp/node_runtime.h>
#include <cdp/profiler.h>
#include <cdp/remote.h>
#include <cdp/report.h>
#include <cdp/runtime.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct source {
    cdp_session *session;
    cdp_debugger_get_script_source_result *text; /* of the last script */
} source;

/* Only files of the program's own. */
static int get_source(void *data, const cdp_profiler_script_coverage *script, cdp_str *text)
{
    source *src = data;
    cdp_debugger_get_script_source_params p = { .script_id = script->script_id };

    if (strncmp(script->url.ptr, "file://", 7) != 0 || strstr(script->url.ptr, "/node_modules/"))
        return CDP_FALLTHROUGH;
    cdp_free(src->text);
    int rc = cdp_debugger_get_script_source(src->session, &p, &src->text);
    if (rc == 0)
        *text = src->text->script_source;
    return rc;
}

static int write_out(void *data, const char *bytes, size_t len)
{
    return fwrite(bytes, 1, len, data) == len ? 0 : CDP_EIO;
}

/* The program stands before its first line, and will wait behind its last. */
static int run(cdp_session *s)
{
    cdp_profiler_start_precise_coverage_params all = { .call_count = CDP_SOME(true),
                                                       .detailed = CDP_SOME(true) };
    cdp_node_runtime_notify_when_waiting_for_disconnect_params wait = { .enabled = true };
    int rc;

    if ((rc = cdp_profiler_enable(s)) < 0 ||
        (rc = cdp_profiler_start_precise_coverage(s, &all, NULL)) < 0 ||
        (rc = cdp_node_runtime_enable(s)) < 0 ||
        (rc = cdp_node_runtime_notify_when_waiting_for_disconnect(s, &wait)) < 0)
        return rc;
    cdp_set_timeout(s, 0, CDP_NO_TIMEOUT); /* it may run for as long as it likes */
    uint32_t end = cdp_node_runtime_expect_waiting_for_disconnect(s);
    if ((rc = cdp_runtime_run_if_waiting_for_debugger(s)) < 0)
        return rc;
    return cdp_node_runtime_take_waiting_for_disconnect(s, end);
}

static int report(cdp_session *s)
{
    CDP_AUTO cdp_profiler_take_precise_coverage_result *res = NULL;
    source src = { .session = s };
    cdp_report_lcov_options opt = { .source = get_source, .data = &src };
    int rc;

    if ((rc = cdp_debugger_enable(s, NULL, NULL)) < 0 ||
        (rc = cdp_profiler_take_precise_coverage(s, &res)) < 0)
        return rc;
    rc = cdp_report_lcov(res->result.items, res->result.n, &opt, write_out, stdout);
    cdp_free(src.text);
    return rc;
}

int main(int argc, char **argv)
{
    const char **command = calloc((size_t)argc + 1, sizeof *command);
    cdp_session *s;

    if (argc < 2 || !command)
        return fprintf(stderr, "usage: coverage app.js [arguments]\n"), 2;
    command[0] = "node";
    memcpy(&command[1], &argv[1], (size_t)(argc - 1) * sizeof *command);
    cdp_launch_options opt = { .argv = command };
    int rc = cdp_launch(&s, &opt);
    if (rc == 0)
        rc = run(s);
    if (rc == 0)
        rc = report(s);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    free(command);
    return rc < 0;
}
