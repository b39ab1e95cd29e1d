/* collapsed.c - profiles as lines of text, a stack each, which other flame graphs are made of. */
#include "profile.h"

/* "name (url:line)"; a ';' would end it. */
static void put_frame(cdp__out *o, const cdp_runtime_call_frame *f)
{
    cdp__out_plain(o, cdp__function_name(f), ";");
    if (f->url.len == 0)
        return;
    cdp__out_text(o, " (");
    cdp__out_plain(o, f->url, ";");
    if (f->line_number >= 0) {
        cdp__out_text(o, ":");
        cdp__out_int(o, cdp__from_one(f->line_number));
    }
    cdp__out_text(o, ")");
}

/* The stack of a node, from the outside in, without the root: `path` has room for it. */
static void put_stack(cdp__out *o, const cdp_report_profile *p, uint32_t node, uint32_t *path)
{
    uint32_t n = 0;

    for (uint32_t at = node; at != 0; at = p->nodes[at].parent)
        path[n++] = at;
    for (uint32_t i = n; i > 0; i--) {
        put_frame(o, p->nodes[path[i - 1]].frame);
        cdp__out_text(o, i > 1 ? ";" : "");
    }
    if (n == 0)
        put_frame(o, p->nodes[0].frame);
}

int cdp_report_collapsed(const cdp_report_profile *p, cdp_report_write *write, void *data)
{
    const size_t size = p->n * sizeof(uint32_t);
    uint32_t *path = cdp__alloc(p->allocator, size);
    cdp__out o;

    if (!path)
        return CDP_ENOMEM;
    cdp__out_begin(&o, p->allocator, write, data);
    for (uint32_t i = 0; i < p->n; i++) {
        const int64_t weight = cdp__whole(p->nodes[i].self);
        if (weight <= 0)
            continue;
        put_stack(&o, p, i, path);
        cdp__out_text(&o, " ");
        cdp__out_int(&o, weight);
        cdp__out_text(&o, "\n");
    }
    cdp__dealloc(p->allocator, path, size);
    return cdp__out_end(&o);
}
