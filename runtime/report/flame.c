/*
 * flame.c - profiles as a flame graph: one HTML page, which loads nothing.
 *
 * The page (flame_page.c) is the same for every profile.  What came from a peer is in its block of
 * data only: JSON in plain ASCII without any '<', so nothing in it can end the block, and what the
 * page's script takes from there it shows as text.
 */
#include "flame_page.h"
#include "num.h"
#include "profile.h"

/* Hands on JSON; there a '<' stands in strings only. */
static int escape(void *data, const char *bytes, size_t len)
{
    cdp__out *page = data;

    for (const char *lt; (lt = memchr(bytes, '<', len));) {
        cdp__out_put(page, bytes, (size_t)(lt - bytes));
        cdp__out_text(page, "\\u003c");
        len -= (size_t)(lt + 1 - bytes);
        bytes = lt + 1;
    }
    cdp__out_put(page, bytes, len);
    return page->status;
}

/* "url:line:column" */
static void put_place(cdp__out *o, cdp__buf *text, const cdp_runtime_call_frame *f)
{
    const int32_t parts[] = { cdp__from_one(f->line_number), cdp__from_one(f->column_number) };

    text->len = 0;
    cdp__buf_put(text, f->url.ptr, f->url.len);
    for (int i = 0; i < 2 && f->url.len && parts[i]; i++) {
        cdp__buf_byte(text, ':');
        if (cdp__buf_room(text, CDP__NUM_MAX))
            text->len += cdp__int_write(text->ptr + text->len, parts[i]);
    }
    if (text->failed)
        o->buf.failed = true;
    else
        cdp__write_str(&o->json, text->ptr, text->len);
}

static void put_functions(cdp__out *o, const cdp_report_profile *p)
{
    cdp__buf text = { .allocator = p->allocator };

    cdp__out_key(o, "functions");
    const size_t list = cdp__write_begin(&o->json, '[');
    for (uint32_t i = 0; i < p->n_functions; i++) {
        const cdp_str name = cdp__function_name(p->functions[i]);
        cdp__write_str(&o->json, name.ptr, name.len);
        cdp__write_next(&o->json);
        put_place(o, &text, p->functions[i]);
        cdp__write_next(&o->json);
        cdp__out_flush(o);
    }
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
    cdp__buf_free(&text);
}

/* How deep each node is, or is not: of a node that weighs nothing no descendant does either. */
static void put_nodes(cdp__out *o, const cdp_report_profile *p, uint32_t *depth)
{
    cdp__out_key(o, "nodes");
    const size_t list = cdp__write_begin(&o->json, '[');
    for (uint32_t i = 0; i < p->n; i++) {
        const cdp__node *node = &p->nodes[i];
        depth[i] = i ? depth[node->parent] + 1 : 0;
        if (i && !(node->total > 0))
            continue;
        const int64_t of[] = { node->function, depth[i], cdp__whole(node->self), node->hits };
        for (int k = 0; k < 4; k++) {
            cdp__write_int(&o->json, of[k]);
            cdp__write_next(&o->json);
        }
        cdp__out_flush(o);
    }
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
}

static int put_data(cdp__out *page, const cdp_report_profile *p, uint32_t *depth)
{
    cdp__out o;

    cdp__out_begin(&o, p->allocator, escape, page);
    const size_t object = cdp__write_begin(&o.json, '{');
    cdp__out_str_member(&o, "title", p->title);
    cdp__out_str_member(&o, "unit", cdp_s(p->heap ? "bytes" : "us"));
    put_functions(&o, p);
    put_nodes(&o, p, depth);
    cdp__write_end(&o.json, object, '{');
    return cdp__out_end(&o);
}

int cdp_report_flame(const cdp_report_profile *p, cdp_report_write *write, void *data)
{
    const size_t size = p->n * sizeof(uint32_t);
    uint32_t *depth = cdp__alloc(p->allocator, size);
    cdp__out page;

    if (!depth)
        return CDP_ENOMEM;
    cdp__out_begin(&page, p->allocator, write, data);
    for (const char *const *line = cdp__flame_head; *line; line++)
        cdp__out_text(&page, *line);
    int rc = put_data(&page, p, depth);
    for (const char *const *line = cdp__flame_tail; *line; line++)
        cdp__out_text(&page, *line);
    int end = cdp__out_end(&page);
    cdp__dealloc(p->allocator, depth, size);
    return end < 0 ? end : rc;
}
