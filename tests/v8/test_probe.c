/* test_probe.c - what the V8 of this process has, without executing any of it. */
#include "v8_test.h"

#include "../../runtime/inspector/v8_probe.h"

extern const cdp__domain cdp__domain_dom;

static cdp_str command_name(const cdp__domain *d, unsigned i)
{
    return cdp_sn(d->names + d->commands[i].name, d->commands[i].name_len);
}

/* What the probe says of it. */
static bool has(const cdp__v8_served *served, const char *method)
{
    for (unsigned k = 0; k < CDP__V8_DOMAINS; k++)
        for (unsigned i = 0; i < cdp__v8_domains[k]->n_commands; i++)
            if (cdp_str_eq(command_name(cdp__v8_domains[k], i), cdp_s(method)))
                return cdp__v8_has_command(served, cdp__v8_domains[k], i);
    fail_msg("no command %s", method);
    return false;
}

static void tells_what_is_there(void **state)
{
    static const char *const old[] = { "Console.enable",
                                       "Debugger.setBreakpointByUrl",
                                       "HeapProfiler.takeHeapSnapshot",
                                       "Profiler.startPreciseCoverage",
                                       "Runtime.evaluate",
                                       "Runtime.globalLexicalScopeNames",
                                       "Schema.getDomains" };
    fixture *f = *state;
    cdp__v8_served served;

    assert_int_equal(cdp__v8_probe(cdp_host_v8(f->h), &served), 0);
    for (size_t i = 0; i < COUNT(old); i++)
        if (!has(&served, old[i]))
            fail_msg("V8 lacks %s", old[i]);
    for (unsigned k = 0; k < CDP__V8_DOMAINS; k++)
        assert_true(cdp__v8_has_events(&served, cdp__v8_domains[k]));
    assert_false(cdp__v8_has_command(&served, &cdp__domain_dom, 0));
    assert_false(cdp__v8_has_events(&served, &cdp__domain_dom));
}

static void put_wrong_values(char *out, const cdp__domain *d, const cdp__type *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        const cdp__field *f = &d->fields[t->first + i];
        out += sprintf(out, "%c\"%.*s\":%s", i ? ',' : '{', f->name_len, d->names + f->name,
                       f->is.kind == CDP__BOOL ? "0" : "true");
    }
    strcpy(out, "}");
}

/* Asked one by one, in JSON.  That V8 looks at parameters before it executes anything is what the
 * probe relies on. */
static void agrees_with_calls(void **state)
{
    fixture *f = *state;
    cdp__v8_served served;

    assert_int_equal(cdp__v8_probe(cdp_host_v8(f->h), &served), 0);
    for (unsigned k = 0; k < CDP__V8_DOMAINS; k++) {
        const cdp__domain *d = cdp__v8_domains[k];
        for (unsigned i = 0; i < d->n_commands; i++) {
            char params[4096], *name;
            if (d->commands[i].params == CDP__NONE)
                continue;
            put_wrong_values(params, d, &d->types[d->commands[i].params]);
            name = strndup(command_name(d, i).ptr, d->commands[i].name_len);
            assert_int_equal(cdp_call(f->s, name, cdp_json(params), NULL), CDP_EREMOTE);
            assert_int_equal(cdp_last_error(f->s)->remote_code, cdp__v8_has_command(&served, d, i)
                                                                    ? CDP_INVALID_PARAMS
                                                                    : CDP_METHOD_NOT_FOUND);
            free(name);
        }
    }
}

/* V8 can't be asked for these, so they must be as old as their domains. */
static void commands_without_parameters_exist(void **state)
{
    fixture *f = *state;

    for (unsigned k = 0; k < CDP__V8_DOMAINS; k++) {
        const cdp__domain *d = cdp__v8_domains[k];
        assert_in_range(d->n_commands, 1, 64); /* bits of a set */
        for (unsigned i = 0; i < d->n_commands; i++) {
            if (d->commands[i].params != CDP__NONE)
                continue;
            char *name = strndup(command_name(d, i).ptr, d->commands[i].name_len);
            if (cdp_call(f->s, name, cdp_json(NULL), NULL) == CDP_EREMOTE &&
                cdp_last_error(f->s)->remote_code == CDP_METHOD_NOT_FOUND)
                fail_msg("%s: %s", name, cdp_last_error(f->s)->message.ptr);
            free(name);
        }
    }
}

static void count(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)method;
    (void)params;
    ++*(int *)data;
}

static void executes_nothing(void **state)
{
    fixture *f = *state;
    cdp__v8_served served;
    int events = 0;

    run(f, "var kept = 7; globalThis.trap = () => { kept = 8 }; console.log('stored')");
    assert_int_equal(cdp_runtime_enable(f->s), 0);
    assert_int_equal(cdp_debugger_enable(f->s, NULL, NULL), 0);
    assert_int_equal(cdp_profiler_enable(f->s), 0);
    assert_int_equal(cdp_heap_profiler_enable(f->s), 0);
    assert_true(cdp_on_any(f->s, count, &events) != 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(cdp__v8_probe(cdp_host_v8(f->h), &served), 0);
    cdp_v8_pump(cdp_host_v8(f->h));
    assert_int_equal(events, 0);
    assert_int_equal(cdp_debugger_resume(f->s, NULL), CDP_EREMOTE); /* not paused */
    assert_int_equal(cdp_profiler_stop(f->s, NULL), CDP_EREMOTE);   /* nor profiling */
    assert_string_equal(eval(f->s, "[kept, Object.keys(globalThis).includes('trap')]"), "[7,true]");
}

static void probe_in_pause(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    fixture *f = data;
    cdp__v8_served served;

    (void)ev;
    assert_int_equal(cdp__v8_probe(cdp_host_v8(f->h), &served), 0);
    assert_true(has(&served, "Debugger.evaluateOnCallFrame"));
    assert_int_equal(cdp_debugger_resume(s, NULL), 0);
}

static void works_amid_a_pause(void **state)
{
    fixture *f = *state;

    assert_int_equal(cdp_debugger_enable(f->s, NULL, NULL), 0);
    assert_true(cdp_debugger_on_paused(f->s, probe_in_pause, f) != 0);
    run(f, "debugger; var after = 1");
    assert_string_equal(eval(f->s, "after"), "1");
}

static void progress(cdp_session *s,
                     const cdp_heap_profiler_report_heap_snapshot_progress_event *ev, void *data)
{
    fixture *f = data;
    cdp__v8_served served;

    (void)s;
    (void)ev;
    f->uncaught--; /* counts these, below zero */
    assert_int_equal(cdp__v8_probe(cdp_host_v8(f->h), &served), CDP_ESTATE);
}

static void is_refused_where_v8_must_be_left_alone(void **state)
{
    fixture *f = *state;

    assert_true(cdp_heap_profiler_on_report_heap_snapshot_progress(f->s, progress, f) != 0);
    assert_int_equal(
        cdp_heap_profiler_take_heap_snapshot(
            f->s,
            &(cdp_heap_profiler_take_heap_snapshot_params){ .report_progress = CDP_SOME(true) }),
        0);
    assert_true(f->uncaught < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(tells_what_is_there),
        V8_TEST(agrees_with_calls),
        V8_TEST(commands_without_parameters_exist),
        V8_TEST(executes_nothing),
        V8_TEST(works_amid_a_pause),
        V8_TEST(is_refused_where_v8_must_be_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
