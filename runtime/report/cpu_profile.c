/*
 * cpu_profile.c - CPU profiles: what V8 promises of them, and as stacks.
 *
 * A sample is worth the time until the next one, the last until the end, as in DevTools.  Samples
 * may come out of order; time that goes back counts for nobody.
 */
#include "profile.h"

#include <cdp/profiler.h>
#include <math.h>

enum {
    DEFAULT_INTERVAL = 1000, /* microseconds, V8's */
    LATE = 100000            /* so late is a sampler on a machine that has much to do */
};

/* The children's parents. */
static int read_children(cdp__draft *d, const cdp_profiler_profile *in)
{
    for (int32_t i = 0; i < d->n; i++) {
        const cdp_profiler_profile_node *node = &in->nodes.items[i];
        for (size_t k = 0; k < node->children.n; k++) {
            const int32_t id = node->children.items[k], child = cdp__draft_find(d, id);
            if (child < 0)
                return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                          "nodes.%d.children.%zu: no node has the id %d", i, k, id);
            if (d->parent[child] != CDP__NO_PARENT)
                return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                          "nodes.%d.children.%zu: %d is a child of node %d as well",
                                          i, k, id, d->parent[child]);
            d->parent[child] = i;
        }
    }
    return 0;
}

static int read_nodes(cdp__draft *d, const cdp_profiler_profile *in)
{
    int rc;

    for (int32_t i = 0; i < d->n; i++) {
        const cdp_profiler_profile_node *node = &in->nodes.items[i];
        if (!node->call_frame)
            return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL, "nodes.%d.callFrame: unset",
                                      i);
        d->nodes[i].frame = node->call_frame;
        cdp__draft_id(d, i, node->id);
    }
    rc = cdp__draft_index(d);
    return rc < 0 ? rc : read_children(d, in);
}

/* Until the next sample that is later than all before it. */
static int read_samples(cdp__draft *d, const cdp_profiler_profile *in)
{
    const size_t n = in->samples.n;
    double now = in->start_time, latest = now;

    if (in->time_deltas.n != n)
        return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                  "timeDeltas: %zu of them, for %zu samples", in->time_deltas.n, n);
    if (n)
        latest = now += in->time_deltas.items[0];
    for (size_t i = 0; i < n; i++) {
        const int32_t at = cdp__draft_find(d, in->samples.items[i]);
        if (at < 0)
            return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                      "samples.%zu: no node has the id %d", i,
                                      in->samples.items[i]);
        now = i + 1 < n ? now + in->time_deltas.items[i + 1] : in->end_time;
        d->nodes[at].hits++;
        if (now > latest) {
            d->nodes[at].self += now - latest;
            latest = now;
        }
    }
    return 0;
}

/* A profile without samples still has counts. */
static void read_hits(cdp__draft *d, const cdp_profiler_profile *in, double interval)
{
    for (int32_t i = 0; i < d->n; i++) {
        const int32_t hits = in->nodes.items[i].hit_count.value;
        d->nodes[i].hits = hits > 0 ? hits : 0;
        d->nodes[i].self = (double)d->nodes[i].hits * interval;
    }
}

static bool is_idle(const cdp_runtime_call_frame *frame)
{
    return frame->url.len == 0 && cdp_str_eq(frame->function_name, cdp_s("(idle)"));
}

static void drop_idle(cdp__draft *d)
{
    for (int32_t i = 0; i < d->n; i++)
        if (is_idle(d->nodes[i].frame)) {
            d->nodes[i].hits = 0;
            d->nodes[i].self = 0;
        }
}

static double mean_interval(const cdp_profiler_profile *in)
{
    double total = in->end_time - in->start_time;
    size_t n = in->samples.n;

    for (size_t i = 0; in->samples.n == 0 && i < in->nodes.n; i++)
        if (in->nodes.items[i].hit_count.value > 0)
            n += (size_t)in->nodes.items[i].hit_count.value;
    return n && total > 0 ? round(total / (double)n) : DEFAULT_INTERVAL;
}

/* All but the check of times. */
static int read_profile(cdp__draft *d, const cdp_profiler_profile *in, double interval)
{
    int rc;

    if (!isfinite(in->start_time) || !isfinite(in->end_time) || in->end_time < in->start_time)
        return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL, "endTime: before startTime");
    rc = read_nodes(d, in);
    if (rc == 0 && in->samples.items)
        rc = read_samples(d, in);
    else if (rc == 0)
        read_hits(d, in, interval);
    return rc;
}

int cdp_report_cpu(cdp_report_profile **out, const cdp_profiler_profile *profile,
                   const cdp_report_options *opt, cdp_str **why)
{
    const cdp_report_options none = { 0 }, *o = opt ? opt : &none;
    const double interval = o->interval > 0 ? o->interval : mean_interval(profile);
    cdp__draft d;

    *out = NULL;
    if (why)
        *why = NULL;
    int rc = cdp__draft_open(&d, profile->nodes.n, o->allocator, why);
    if (rc == 0)
        rc = read_profile(&d, profile, interval);
    if (rc == 0 && !o->idle)
        drop_idle(&d);
    if (rc == 0)
        rc = cdp__draft_finish(&d, out, o, "CPU profile");
    if (rc == 0) {
        (*out)->interval = interval;
        (*out)->duration = profile->end_time - profile->start_time;
    }
    cdp__draft_close(&d);
    return rc;
}

int cdp_report_check_profile(const cdp_profiler_profile *profile, cdp_str **why)
{
    const double expected = profile->end_time - profile->start_time;
    const double slack = fmax(LATE, mean_interval(profile));
    double sum = 0;
    cdp_report_profile *p;
    int rc = cdp_report_cpu(&p, profile, NULL, why);

    cdp_free(p);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < profile->time_deltas.n; i++)
        sum += profile->time_deltas.items[i];
    if (fabs(expected - sum) <= fmax(expected / 100, slack))
        return 0;
    return cdp__report_refuse(NULL, why, CDP_EINVAL,
                              "timeDeltas: add up to %.0f us, from startTime to endTime it is %.0f",
                              sum, expected);
}
