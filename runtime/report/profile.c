/* profile.c - puts a profile's nodes in order; see profile.h. */
#include "profile.h"

#include <stdlib.h>

struct cdp__id {
    int32_t id, node;
};

int cdp__draft_open(cdp__draft *d, size_t n, const cdp_allocator *a, cdp_str **why)
{
    *d = (cdp__draft){ .allocator = a, .why = why };
    if (n == 0)
        return cdp__report_refuse(a, why, CDP_EINVAL, "nodes: there are none");
    if (n > INT32_MAX)
        return CDP_ETOOBIG;
    d->n = (int32_t)n;
    d->nodes = cdp__alloc(a, n * sizeof *d->nodes);
    d->parent = cdp__alloc(a, n * sizeof *d->parent);
    d->ids = cdp__alloc(a, n * sizeof *d->ids);
    if (!d->nodes || !d->parent || !d->ids)
        return CDP_ENOMEM;
    memset(d->nodes, 0, n * sizeof *d->nodes);
    for (size_t i = 0; i < n; i++)
        d->parent[i] = CDP__NO_PARENT;
    return 0;
}

void cdp__draft_close(cdp__draft *d)
{
    const size_t n = (size_t)d->n;

    cdp__dealloc(d->allocator, d->nodes, n * sizeof *d->nodes);
    cdp__dealloc(d->allocator, d->parent, n * sizeof *d->parent);
    cdp__dealloc(d->allocator, d->ids, n * sizeof *d->ids);
}

/* ---- ids --------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    const struct cdp__id *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

void cdp__draft_id(cdp__draft *d, int32_t i, int32_t id)
{
    d->ids[i] = (struct cdp__id){ id, i };
}

int cdp__draft_index(cdp__draft *d)
{
    qsort(d->ids, (size_t)d->n, sizeof *d->ids, compare_ids);
    for (int32_t i = 1; i < d->n; i++)
        if (d->ids[i].id == d->ids[i - 1].id)
            return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                      "nodes.%d: node %d has its id, %d, as well", d->ids[i].node,
                                      d->ids[i - 1].node, d->ids[i].id);
    return 0;
}

int32_t cdp__draft_find(const cdp__draft *d, int32_t id)
{
    int32_t low = 0, high = d->n;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (d->ids[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->n && d->ids[low].id == id ? d->ids[low].node : -1;
}

/* ---- order ------------------------------------------------------------- */

/* Children as lists, by index; all -1 where there is none. */
typedef struct links {
    int32_t *first, *next, *order;
} links;

/* Node i becomes the first of its parent's children. */
static void link_child(const cdp__draft *d, links *l, int32_t i)
{
    if (d->parent[i] != CDP__NO_PARENT) {
        l->next[i] = l->first[d->parent[i]];
        l->first[d->parent[i]] = i;
    }
}

/* Puts what is reached from the root into preorder.  How many that are. */
static int32_t walk(const cdp__draft *d, const links *l, int32_t root)
{
    int32_t n = 0, at = root;

    while (at != -1) {
        l->order[n++] = at;
        if (l->first[at] != -1) {
            at = l->first[at];
            continue;
        }
        while (at != root && l->next[at] == -1)
            at = d->parent[at];
        at = at == root ? -1 : l->next[at];
    }
    return n;
}

static int find_root(const cdp__draft *d, int32_t *root)
{
    *root = -1;
    for (int32_t i = 0; i < d->n; i++) {
        if (d->parent[i] != CDP__NO_PARENT)
            continue;
        if (*root != -1)
            return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                      "nodes.%d: nobody's child, as node %d is", i, *root);
        *root = i;
    }
    return *root != -1 ? 0
                       : cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                            "nodes: all are somebody's children");
}

/* Lighter ones first; of equals the later one. */
static int compare_weights(const void *a, const void *b)
{
    const cdp__node *const *x = a, *const *y = b;

    if ((*x)->total != (*y)->total)
        return (*x)->total < (*y)->total ? -1 : 1;
    return *x > *y ? -1 : *x < *y;
}

static void add_totals(cdp__draft *d, const links *l)
{
    for (int32_t i = 0; i < d->n; i++)
        d->nodes[i].total = d->nodes[i].self;
    for (int32_t i = d->n - 1; i > 0; i--)
        d->nodes[d->parent[l->order[i]]].total += d->nodes[l->order[i]].total;
}

static void unlink_all(const cdp__draft *d, links *l)
{
    for (int32_t i = 0; i < d->n; i++)
        l->first[i] = l->next[i] = -1;
}

/* The draft's order becomes: parents first, then the heavier sibling first. */
static int put_in_order(cdp__draft *d, links *l, cdp__node **by_weight)
{
    int32_t root;
    int rc = find_root(d, &root);

    if (rc < 0)
        return rc;
    unlink_all(d, l);
    for (int32_t i = d->n - 1; i >= 0; i--)
        link_child(d, l, i);
    if (walk(d, l, root) != d->n)
        return cdp__report_refuse(d->allocator, d->why, CDP_EINVAL,
                                  "nodes: some are their own ancestors");
    add_totals(d, l);
    for (int32_t i = 0; i < d->n; i++)
        by_weight[i] = &d->nodes[i];
    qsort(by_weight, (size_t)d->n, sizeof(cdp__node *), compare_weights);
    unlink_all(d, l);
    for (int32_t i = 0; i < d->n; i++)
        link_child(d, l, (int32_t)(by_weight[i] - d->nodes));
    walk(d, l, root);
    return 0;
}

/* ---- functions --------------------------------------------------------- */

cdp_str cdp__function_name(const cdp_runtime_call_frame *frame)
{
    return frame->function_name.len ? frame->function_name : cdp_s("(anonymous)");
}

static int compare_functions(const void *a, const void *b)
{
    const cdp_runtime_call_frame *x = (*(const cdp__node *const *)a)->frame;
    const cdp_runtime_call_frame *y = (*(const cdp__node *const *)b)->frame;
    int d = cdp__compare_text(x->url, y->url);

    if (d == 0 && x->line_number != y->line_number)
        d = x->line_number < y->line_number ? -1 : 1;
    if (d == 0 && x->column_number != y->column_number)
        d = x->column_number < y->column_number ? -1 : 1;
    return d ? d : cdp__compare_text(x->function_name, y->function_name);
}

static int name_functions(cdp_report_profile *p, cdp__node **by_function)
{
    for (uint32_t i = 0; i < p->n; i++)
        by_function[i] = &p->nodes[i];
    qsort(by_function, p->n, sizeof(cdp__node *), compare_functions);
    for (uint32_t i = 0; i < p->n; i++) {
        if (i == 0 || compare_functions(&by_function[i - 1], &by_function[i]) != 0)
            p->n_functions++;
        by_function[i]->function = p->n_functions - 1;
    }
    p->functions = cdp__msg_alloc(cdp__msg_of(p), p->n_functions * sizeof *p->functions);
    if (!p->functions)
        return CDP_ENOMEM;
    for (uint32_t i = 0; i < p->n; i++)
        p->functions[p->nodes[i].function] = p->nodes[i].frame;
    return 0;
}

/* ---- the whole --------------------------------------------------------- */

/* The draft's nodes, where they belong; l->first is used up to tell where those are. */
static void move_nodes(const cdp__draft *d, links *l, cdp__node *out)
{
    for (int32_t i = 0; i < d->n; i++)
        l->first[l->order[i]] = i;
    for (int32_t i = 0; i < d->n; i++) {
        int32_t parent = d->parent[l->order[i]];
        out[i] = d->nodes[l->order[i]];
        out[i].parent = parent == CDP__NO_PARENT ? 0 : (uint32_t)l->first[parent];
        out[i].end = (uint32_t)i + 1;
    }
    for (uint32_t i = (uint32_t)d->n - 1; i > 0; i--)
        if (out[out[i].parent].end < out[i].end)
            out[out[i].parent].end = out[i].end;
}

/* What was said of it, in the profile's own memory. */
static int describe(cdp_report_profile *p, const cdp_report_options *opt, const char *title)
{
    const char *text = opt->title ? opt->title : title;

    p->allocator = cdp__pool_allocator(cdp__msg_of(p)->pool);
    p->wall_time = opt->wall_time;
    p->title = cdp__msg_text(cdp__msg_of(p), text, strlen(text));
    return p->title.ptr ? 0 : CDP_ENOMEM;
}

int cdp__draft_finish(cdp__draft *d, cdp_report_profile **out, const cdp_report_options *opt,
                      const char *title)
{
    const cdp_allocator *a = d->allocator;
    const size_t n = (size_t)d->n, ints = n * sizeof(int32_t), pointers = n * sizeof(cdp__node *);
    links l = { cdp__alloc(a, ints), cdp__alloc(a, ints), cdp__alloc(a, ints) };
    cdp__node **sorted = cdp__alloc(a, pointers);
    cdp_report_profile *p = cdp__report_root(a, sizeof *p);
    int rc = CDP_ENOMEM;

    if (!l.first || !l.next || !l.order || !sorted || !p)
        goto out;
    rc = put_in_order(d, &l, sorted);
    if (rc < 0)
        goto out;
    p->n = (uint32_t)n;
    p->nodes = cdp__msg_alloc(cdp__msg_of(p), n * sizeof *p->nodes);
    if (p->nodes) {
        move_nodes(d, &l, p->nodes);
        rc = name_functions(p, sorted);
        rc = rc < 0 ? rc : describe(p, opt, title);
    } else {
        rc = CDP_ENOMEM;
    }
out:
    cdp__dealloc(a, l.first, ints);
    cdp__dealloc(a, l.next, ints);
    cdp__dealloc(a, l.order, ints);
    cdp__dealloc(a, sorted, pointers);
    if (rc < 0) {
        cdp_free(p);
        p = NULL;
    }
    *out = p;
    return rc;
}
