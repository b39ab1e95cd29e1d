/* top.c - profiles as a table of functions. */
#include "profile.h"

#include <stdlib.h>

/* A row for each function, and how far the subtree reaches whose total it already has. */
static void fill(const cdp_report_profile *p, cdp_report_row *rows, uint32_t *reach)
{
    for (uint32_t i = 0; i < p->n_functions; i++) {
        const cdp_runtime_call_frame *f = p->functions[i];
        rows[i] = (cdp_report_row){ .function_name = cdp__function_name(f),
                                    .url = f->url,
                                    .line = cdp__from_one(f->line_number),
                                    .column = cdp__from_one(f->column_number) };
        reach[i] = 0;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        const cdp__node *node = &p->nodes[i];
        cdp_report_row *row = &rows[node->function];
        row->hits += node->hits;
        row->self += node->self;
        if (i < reach[node->function])
            continue; /* called by itself */
        row->total += node->total;
        reach[node->function] = node->end;
    }
}

/* The largest self first, then the largest total; equals as they are in rows. */
static int compare_rows(const void *a, const void *b)
{
    const cdp_report_row *x = *(const cdp_report_row *const *)a;
    const cdp_report_row *y = *(const cdp_report_row *const *)b;

    if (x->self != y->self)
        return x->self > y->self ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return x < y ? -1 : x > y;
}

static uint32_t sort(const cdp_report_profile *p, const cdp_report_row *rows,
                     const cdp_report_row **sorted)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < p->n_functions; i++)
        if ((rows[i].total > 0 || rows[i].hits > 0) && p->nodes[0].function != i)
            sorted[n++] = &rows[i];
    qsort(sorted, n, sizeof *sorted, compare_rows);
    return n;
}

/* With texts of its own.  false: no memory. */
static bool copy_row(cdp__msg *m, cdp_report_row *out, const cdp_report_row *in, double total)
{
    *out = *in;
    out->function_name = cdp__msg_text(m, in->function_name.ptr, in->function_name.len);
    out->url = cdp__msg_text(m, in->url.ptr, in->url.len);
    out->self_share = total > 0 ? in->self / total : 0;
    out->total_share = total > 0 ? in->total / total : 0;
    return out->function_name.ptr && out->url.ptr;
}

static cdp_report_table *make_table(const cdp_report_profile *p, const cdp_report_row **sorted,
                                    uint32_t n)
{
    cdp_report_table *table = cdp__report_root(p->allocator, sizeof *table);
    cdp__msg *m = table ? cdp__msg_of(table) : NULL;
    cdp_report_row *rows = m ? cdp__msg_alloc(m, (n + 1) * sizeof *rows) : NULL;

    if (!rows)
        goto fail;
    table->total = p->nodes[0].total;
    for (uint32_t i = 0; i < p->n; i++)
        table->hits += p->nodes[i].hits;
    for (uint32_t i = 0; i < n; i++)
        if (!copy_row(m, &rows[i], sorted[i], table->total))
            goto fail;
    table->rows.items = rows;
    table->rows.n = n;
    return table;
fail:
    cdp_free(table);
    return NULL;
}

int cdp_report_top(cdp_report_table **out, const cdp_report_profile *p)
{
    const cdp_allocator *a = p->allocator;
    const size_t n = p->n_functions;
    cdp_report_row *rows = cdp__alloc(a, n * sizeof *rows);
    const cdp_report_row **sorted = cdp__alloc(a, n * sizeof *sorted);
    uint32_t *reach = cdp__alloc(a, n * sizeof *reach);

    *out = NULL;
    if (rows && sorted && reach) {
        fill(p, rows, reach);
        *out = make_table(p, sorted, sort(p, rows, sorted));
    }
    cdp__dealloc(a, rows, n * sizeof *rows);
    cdp__dealloc(a, sorted, n * sizeof *sorted);
    cdp__dealloc(a, reach, n * sizeof *reach);
    return *out ? 0 : CDP_ENOMEM;
}
