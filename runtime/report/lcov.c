/*
 * lcov.c - coverage as lcov's trace file (geninfo(1)).
 *
 * V8 counts ranges of a source, one in the other, and an inner range takes from its outer one what
 * it covers.  So a line counts as often as the innermost range that holds all of it does; of a
 * range that begins or ends amid a line, that line is told as a branch.
 */
#include "lines.h"
#include "out.h"

#include <cdp/profiler.h>
#include <stdlib.h>

typedef struct range {
    int64_t start, end, count;
    size_t order; /* of equal ranges the later one is in the other */
} range;

typedef struct function {
    const cdp_profiler_function_coverage *f;
    size_t line, column; /* from 0 */
    bool again;          /* another one has its name */
} function;

/* A script while its record is written. */
typedef struct record {
    const cdp_profiler_script_coverage *script;
    const cdp_allocator *allocator;
    cdp__lines lines;
    range *ranges;
    size_t n_ranges;
    function *functions;
    const function **sorted;
    size_t n_functions;
} record;

/* ---- ranges and lines ---------------------------------------------------- */

/* Outer ones first. */
static int compare_ranges(const void *a, const void *b)
{
    const range *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void list_ranges(record *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->script->functions.n; i++) {
        const cdp_profiler_function_coverage *f = &r->script->functions.items[i];
        for (size_t k = 0; k < f->ranges.n; k++, n++) {
            const cdp_profiler_coverage_range *in = &f->ranges.items[k];
            r->ranges[n] = (range){ in->start_offset, in->end_offset, in->count, n };
        }
    }
    qsort(r->ranges, r->n_ranges, sizeof *r->ranges, compare_ranges);
}

/* Ranges that begin before a line are kept in place, as a stack: what ended is dropped from its
 * top.  (Those of a class's initializers may overlap without being one in the other.) */
static void count_lines(record *r)
{
    size_t top = 0, next = 0;

    for (size_t i = 0; i < r->lines.n; i++) {
        cdp__line *line = &r->lines.line[i];
        while (next < r->n_ranges && r->ranges[next].start <= line->text) {
            while (top && r->ranges[top - 1].end <= r->ranges[next].start)
                top--;
            r->ranges[top++] = r->ranges[next++];
        }
        while (top && r->ranges[top - 1].end <= line->text)
            top--;
        size_t at = top;
        while (at && r->ranges[at - 1].end < line->last)
            at--;
        line->count = at ? r->ranges[at - 1].count : 0;
    }
}

/* ---- functions ----------------------------------------------------------- */

/* The script itself, as V8 lists it: without a name, and all of the source. */
static bool is_script(const record *r, const cdp_profiler_function_coverage *f)
{
    return f->function_name.len == 0 && f->ranges.items[0].start_offset == 0 &&
           f->ranges.items[0].end_offset >= r->lines.length;
}

static int compare_functions(const void *a, const void *b)
{
    const function *x = *(const function *const *)a, *y = *(const function *const *)b;
    int d = cdp__compare_text(x->f->function_name, y->f->function_name);

    return d ? d : x < y ? -1 : x > y;
}

static void list_functions(record *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->script->functions.n; i++) {
        const cdp_profiler_function_coverage *f = &r->script->functions.items[i];
        if (f->ranges.n == 0 || is_script(r, f))
            continue;
        const int64_t start = f->ranges.items[0].start_offset;
        const size_t line = cdp__lines_find(&r->lines, start);
        const int64_t column = start - r->lines.line[line].start;
        r->functions[n] = (function){ f, line, column > 0 ? (size_t)column : 0, false };
        r->sorted[n] = &r->functions[n];
        n++;
    }
    r->n_functions = n;
    qsort(r->sorted, n, sizeof(const function *), compare_functions);
    for (size_t i = 0; i < n; i++) {
        function *f = &r->functions[r->sorted[i] - r->functions];
        f->again = f->f->function_name.len == 0 ||
                   (i && cdp_str_eq(r->sorted[i - 1]->f->function_name, f->f->function_name));
    }
}

/* lcov tells functions by name, so names that come again say where. */
static void put_name(cdp__out *o, const function *f)
{
    const bool named = f->f->function_name.len > 0;

    cdp__out_plain(o, named ? f->f->function_name : cdp_s("(anonymous)"), ",");
    if (f->again) {
        cdp__out_text(o, ":");
        cdp__out_int(o, (int64_t)f->line + 1);
        cdp__out_text(o, ":");
        cdp__out_int(o, (int64_t)f->column + 1);
    }
    cdp__out_text(o, "\n");
}

/* ---- the record ---------------------------------------------------------- */

static void put_line(cdp__out *o, const char *word, int64_t value)
{
    cdp__out_text(o, word);
    cdp__out_int(o, value);
    cdp__out_text(o, "\n");
}

static void put_functions(cdp__out *o, const record *r)
{
    int64_t hit = 0;

    for (size_t i = 0; i < r->n_functions; i++) {
        cdp__out_text(o, "FN:");
        cdp__out_int(o, (int64_t)r->functions[i].line + 1);
        cdp__out_text(o, ",");
        put_name(o, &r->functions[i]);
    }
    for (size_t i = 0; i < r->n_functions; i++) {
        const int32_t count = r->functions[i].f->ranges.items[0].count;
        hit += count > 0;
        cdp__out_text(o, "FNDA:");
        cdp__out_int(o, count);
        cdp__out_text(o, ",");
        put_name(o, &r->functions[i]);
    }
    put_line(o, "FNF:", (int64_t)r->n_functions);
    put_line(o, "FNH:", hit);
}

/* Where a block's text begins: V8 has one begin right behind the `return` before it. */
static size_t first_line(const record *r, int64_t start)
{
    size_t i = cdp__lines_find(&r->lines, start);

    while (i + 1 < r->lines.n && start >= r->lines.line[i].last)
        i++;
    return i;
}

/* Each block that V8 tells apart from what it is in. */
static void put_branches(cdp__out *o, const record *r)
{
    int64_t found = 0, hit = 0;

    for (size_t i = 0; i < r->script->functions.n; i++) {
        const cdp_profiler_function_coverage *f = &r->script->functions.items[i];
        for (size_t k = 1; k < f->ranges.n; k++) {
            const cdp_profiler_coverage_range *block = &f->ranges.items[k];
            cdp__out_text(o, "BRDA:");
            cdp__out_int(o, (int64_t)first_line(r, block->start_offset) + 1);
            cdp__out_text(o, ",");
            cdp__out_int(o, found++);
            cdp__out_text(o, ",0,");
            cdp__out_int(o, block->count);
            cdp__out_text(o, "\n");
            hit += block->count > 0;
        }
    }
    put_line(o, "BRF:", found);
    put_line(o, "BRH:", hit);
}

static void put_lines(cdp__out *o, const record *r)
{
    int64_t found = 0, hit = 0;

    for (size_t i = 0; i < r->lines.n; i++) {
        const cdp__line *line = &r->lines.line[i];
        if (line->text == line->last)
            continue;
        cdp__out_text(o, "DA:");
        cdp__out_int(o, (int64_t)i + 1);
        cdp__out_text(o, ",");
        cdp__out_int(o, line->count);
        cdp__out_text(o, "\n");
        found++;
        hit += line->count > 0;
    }
    put_line(o, "LF:", found);
    put_line(o, "LH:", hit);
}

/* ---- paths --------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Without the query, %XX decoded; but control characters stay as they are. */
static void put_decoded(cdp__out *o, cdp_str path)
{
    for (size_t i = 0; i < path.len && path.ptr[i] != '?' && path.ptr[i] != '#'; i++) {
        const bool pair = path.ptr[i] == '%' && i + 2 < path.len && hex(path.ptr[i + 1]) >= 0 &&
                          hex(path.ptr[i + 2]) >= 0;
        const int c = pair ? hex(path.ptr[i + 1]) * 16 + hex(path.ptr[i + 2]) : 0;
        if (c >= 0x20 && c != 0x7f) {
            cdp__out_put(o, (const char[]){ (char)c }, 1);
            i += 2;
        } else {
            cdp__out_plain(o, cdp_sn(path.ptr + i, 1), "");
        }
    }
}

static bool starts_with(cdp_str s, const char *prefix)
{
    const size_t n = strlen(prefix);

    return s.len >= n && memcmp(s.ptr, prefix, n) == 0;
}

/* file:///path, file://localhost/path, file:///C:/path; other URLs stay. */
static void put_path(cdp__out *o, cdp_str url)
{
    size_t skip = starts_with(url, "file:///")            ? strlen("file://")
                  : starts_with(url, "file://localhost/") ? strlen("file://localhost")
                                                          : 0;
    cdp_str path = cdp_sn(url.ptr + skip, url.len - skip);

    if (skip == 0) {
        cdp__out_plain(o, url, "");
        return;
    }
    if (path.len > 2 && path.ptr[2] == ':')
        path = cdp_sn(path.ptr + 1, path.len - 1); /* a drive */
    put_decoded(o, path);
}

/* ---- the whole ----------------------------------------------------------- */

static void put_record(cdp__out *o, record *r)
{
    list_ranges(r);
    list_functions(r);
    count_lines(r);
    cdp__out_text(o, "TN:\nSF:");
    put_path(o, r->script->url);
    cdp__out_text(o, "\n");
    put_functions(o, r);
    put_branches(o, r);
    put_lines(o, r);
    cdp__out_text(o, "end_of_record\n");
}

static int put_script(cdp__out *o, const cdp_profiler_script_coverage *script, cdp_str source,
                      const cdp_allocator *a)
{
    record r = { .script = script, .allocator = a };
    const size_t n = script->functions.n;
    int rc = cdp__lines_read(&r.lines, source, a);

    for (size_t i = 0; i < n; i++)
        r.n_ranges += script->functions.items[i].ranges.n;
    r.ranges = cdp__alloc(a, (r.n_ranges + 1) * sizeof *r.ranges);
    r.functions = cdp__alloc(a, (n + 1) * sizeof *r.functions);
    r.sorted = cdp__alloc(a, (n + 1) * sizeof *r.sorted);
    if (rc == 0 && r.ranges && r.functions && r.sorted)
        put_record(o, &r);
    else
        rc = CDP_ENOMEM;
    cdp__dealloc(a, r.ranges, (r.n_ranges + 1) * sizeof *r.ranges);
    cdp__dealloc(a, r.functions, (n + 1) * sizeof *r.functions);
    cdp__dealloc(a, r.sorted, (n + 1) * sizeof *r.sorted);
    cdp__lines_free(&r.lines);
    return rc;
}

int cdp_report_lcov(const cdp_profiler_script_coverage *scripts, size_t n,
                    const cdp_report_lcov_options *opt, cdp_report_write *write, void *data)
{
    int rc = 0;
    cdp__out o;

    if (!opt || !opt->source)
        return CDP_EINVAL;
    cdp__out_begin(&o, opt->allocator, write, data);
    for (size_t i = 0; i < n && rc >= 0 && o.status == 0; i++) {
        cdp_str source = { 0 };
        if (scripts[i].url.len == 0)
            continue;
        rc = opt->source(opt->data, &scripts[i], &source);
        if (rc == 0)
            rc = put_script(&o, &scripts[i], source, opt->allocator);
    }
    int end = cdp__out_end(&o);
    return rc < 0 ? rc : end;
}
