/*
 * fuzz_report.c - bytes as what a peer says, for everything that becomes a report.
 *
 * The first byte chooses: a heap snapshot, which comes in pieces and at once with the same result;
 * a CPU profile, a heap profile or coverage, as JSON; or network events, one a line.
 */
#include <cdp/heap_profiler.h>
#include <cdp/profiler.h>
#include <cdp/report.h>
#include <cdp/value.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        abort();
}

static int count(void *total, const char *bytes, size_t len)
{
    expect(bytes || !len);
    *(size_t *)total += len;
    return 0;
}

/* ---- heap snapshots ------------------------------------------------------ */

static int check(cdp_str text, size_t piece, cdp_report_snapshot_counts *counts)
{
    cdp_report_snapshot *s;

    expect(cdp_report_snapshot_new(&s, NULL) == 0);
    for (size_t i = 0; i < text.len; i += piece)
        cdp_report_snapshot_feed(s, text.ptr + i, text.len - i < piece ? text.len - i : piece);
    int rc = cdp_report_snapshot_end(s, counts);
    expect((rc == 0) == (cdp_report_snapshot_why(s).len == 0));
    cdp_report_snapshot_free(s);
    return rc;
}

static void check_snapshot(cdp_str text)
{
    cdp_report_snapshot_counts a, b;

    expect(check(text, 3, &a) == check(text, text.len + 1, &b));
    expect(memcmp(&a, &b, sizeof a) == 0);
}

/* ---- profiles and coverage ----------------------------------------------- */

static void report_all(cdp_report_profile *p)
{
    size_t total = 0;
    cdp_report_table *t;

    if (!p)
        return;
    expect(cdp_report_pprof(p, count, &total) == 0);
    expect(cdp_report_collapsed(p, count, &total) == 0);
    expect(cdp_report_flame(p, count, &total) == 0);
    expect(cdp_report_top(&t, p) == 0);
    cdp_free(t);
    cdp_free(p);
}

static void report_cpu(cdp_str json)
{
    cdp_profiler_profile *in;
    cdp_report_profile *p;

    if (cdp_profiler_profile_from_json(json, &in, NULL) < 0)
        return;
    int rc = cdp_report_cpu(&p, in, NULL, NULL);
    expect((rc == 0) == (p != NULL));
    report_all(p);
    cdp_free(in);
}

static void report_heap(cdp_str json)
{
    cdp_heap_profiler_sampling_heap_profile *in;
    cdp_report_profile *p;

    if (cdp_heap_profiler_sampling_heap_profile_from_json(json, &in, NULL) < 0)
        return;
    int rc = cdp_report_heap(&p, in, NULL, NULL);
    expect((rc == 0) == (p != NULL));
    report_all(p);
    cdp_free(in);
}

static int give(void *data, const cdp_profiler_script_coverage *script, cdp_str *source)
{
    (void)data;
    *source = script->url;
    return 0;
}

static void report_coverage(cdp_str json)
{
    cdp_profiler_take_precise_coverage_result *in;
    cdp_report_lcov_options opt = { .source = give };
    size_t total = 0;

    if (cdp_profiler_take_precise_coverage_result_from_json(json, &in, NULL) < 0)
        return;
    expect(cdp_report_lcov(in->result.items, in->result.n, &opt, count, &total) == 0);
    cdp_free(in);
}

/* ---- network events ------------------------------------------------------ */

static void record(cdp_str lines)
{
    size_t total = 0;
    cdp_session *a, *b;
    cdp_har *har;

    expect(cdp_pair(&a, &b, NULL) == 0);
    expect(cdp_har_new(&har, NULL) == 0 && cdp_har_watch(har, a) == 0);
    while (lines.len) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        const size_t n = end ? (size_t)(end - lines.ptr) : lines.len;
        cdp_value *event = NULL;
        if (cdp_value_copy((cdp_value){ lines.ptr, n, CDP_JSON }, CDP_JSON, &event) == 0) {
            const cdp_str method = cdp_value_str(event, cdp_value_get(*event, "method"));
            const cdp_value params = cdp_value_get(*event, "params");
            if (method.ptr && params.ptr)
                cdp_emit(b, method.ptr, params);
        }
        cdp_free(event);
        lines = cdp_sn(lines.ptr + n + (end != NULL), lines.len - n - (end != NULL));
    }
    cdp_poll(a, 0);
    expect(cdp_har_save(har, count, &total) == 0);
    cdp_har_free(har);
    cdp_close(a);
    cdp_close(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const all[])(cdp_str) = { check_snapshot, report_cpu, report_heap,
                                            report_coverage, record };

    if (size > 0)
        all[data[0] % 5](cdp_sn((const char *)data + 1, size - 1));
    return 0;
}
