/* heap_profile.c - sampling heap profiles as stacks. */
#include "profile.h"

#include <cdp/heap_profiler.h>
#include <math.h>

enum { DEFAULT_INTERVAL = 32768 }; /* bytes, V8's */

typedef cdp_heap_profiler_sampling_heap_profile_node heap_node;

/* Nodes in the order in which they are found, each one's children behind all that was known. */
static int list_nodes(const heap_node *head, cdp__buf *list, cdp__buf *parents)
{
    int32_t none = CDP__NO_PARENT;

    cdp__buf_put(list, &head, sizeof head);
    cdp__buf_put(parents, &none, sizeof none);
    for (size_t i = 0; i < list->len / sizeof head && !list->failed && !parents->failed; i++) {
        const heap_node *node;
        const int32_t parent = (int32_t)i;
        memcpy(&node, list->ptr + i * sizeof node, sizeof node);
        for (size_t k = 0; k < node->children.n; k++) {
            const heap_node *child = &node->children.items[k];
            cdp__buf_put(list, &child, sizeof child);
            cdp__buf_put(parents, &parent, sizeof parent);
        }
        if (list->len / sizeof head > INT32_MAX)
            return CDP_ETOOBIG;
    }
    return list->failed || parents->failed ? CDP_ENOMEM : 0;
}

static int read_nodes(cdp__draft *d, const cdp__buf *list, const cdp__buf *parents)
{
    memcpy(d->parent, parents->ptr, parents->len);
    for (int32_t i = 0; i < d->n; i++) {
        const heap_node *node;
        memcpy(&node, list->ptr + (size_t)i * sizeof node, sizeof node);
        if (!node->call_frame)
            return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL, "node %d: no callFrame",
                                      node->id);
        if (!(node->self_size >= 0) || !isfinite(node->self_size))
            return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                      "node %d: selfSize is no size", node->id);
        d->nodes[i].frame = node->call_frame;
        d->nodes[i].self = node->self_size;
        cdp__draft_id(d, i, node->id);
    }
    return cdp__draft_index(d);
}

/* V8 lists the nodes first, and samples what it allocates for that as well: samples whose node came
 * too late have none, nor a size in the tree. */
static void read_samples(cdp__draft *d, const cdp_heap_profiler_sampling_heap_profile *in)
{
    for (size_t i = 0; i < in->samples.n; i++) {
        const int32_t at = cdp__draft_find(d, in->samples.items[i].node_id);
        if (at >= 0)
            d->nodes[at].hits++;
    }
}

int cdp_report_heap(cdp_report_profile **out,
                    const cdp_heap_profiler_sampling_heap_profile *profile,
                    const cdp_report_options *opt, cdp_str **why)
{
    const cdp_report_options none = { 0 }, *o = opt ? opt : &none;
    cdp__buf list = { .allocator = o->allocator }, parents = { .allocator = o->allocator };
    cdp__draft d = { .n = 0 };

    *out = NULL;
    if (why)
        *why = NULL;
    if (!profile->head)
        return cdp__report_refuse(o->allocator, why, CDP_EINVAL, "head: unset");
    int rc = list_nodes(profile->head, &list, &parents);
    if (rc == 0)
        rc = cdp__draft_open(&d, list.len / sizeof(heap_node *), o->allocator, why);
    if (rc == 0)
        rc = read_nodes(&d, &list, &parents);
    if (rc == 0) {
        read_samples(&d, profile);
        rc = cdp__draft_finish(&d, out, o, "Heap profile");
    }
    if (rc == 0) {
        (*out)->heap = true;
        (*out)->interval = o->interval > 0 ? o->interval : DEFAULT_INTERVAL;
    }
    cdp__draft_close(&d);
    cdp__buf_free(&list);
    cdp__buf_free(&parents);
    return rc;
}
