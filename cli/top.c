/*
 * top.c - see top.h.
 */
#include "top.h"

#include "progress.h"
#include "term.h"

static const char *amount(char text[16], double value, top_unit unit)
{
    if (unit == TOP_BYTES)
        return progress_size(text, value);
    snprintf(text, 16, "%.1f ms", value / 1000);
    return text;
}

static void print_row(const cdp_report_row *row, top_unit unit)
{
    char self[16], total[16];

    print(stdout, "%12s %5.1f %% %12s %5.1f %%  ", amount(self, row->self, unit),
          row->self_share * 100, amount(total, row->total, unit), row->total_share * 100);
    put_line(stdout, row->function_name);
    if (row->url.len) {
        paint(stdout, DIM);
        print(stdout, "  ");
        put_line(stdout, row->url);
        if (row->line)
            print(stdout, ":%ld:%ld", (long)row->line, (long)row->column);
        paint(stdout, PLAIN);
    }
    print(stdout, "\n");
}

int top_print(const cdp_report_profile *p, uint64_t n, top_unit unit)
{
    CDP_AUTO cdp_report_table *table = NULL;
    int rc = cdp_report_top(&table, p);

    if (rc < 0)
        return rc;
    paint(stdout, BOLD);
    print(stdout, "%12s %7s %12s %7s  function\n", "self", "", "total", "");
    paint(stdout, PLAIN);
    for (size_t i = 0; i < table->rows.n && i < n; i++)
        print_row(&table->rows.items[i], unit);
    return 0;
}

int top_json(json_out *j, const cdp_report_profile *p, uint64_t n)
{
    CDP_AUTO cdp_report_table *table = NULL;
    int rc = cdp_report_top(&table, p);

    if (rc < 0)
        return rc;
    json_key(j, "top");
    json_open(j, '[');
    for (size_t i = 0; i < table->rows.n && i < n; i++) {
        const cdp_report_row *row = &table->rows.items[i];
        json_open(j, '{');
        json_text_member(j, "functionName", row->function_name);
        json_text_member(j, "url", row->url);
        json_number_member(j, "lineNumber", row->line);
        json_number_member(j, "columnNumber", row->column);
        json_number_member(j, "self", row->self);
        json_number_member(j, "total", row->total);
        json_number_member(j, "selfShare", row->self_share);
        json_number_member(j, "totalShare", row->total_share);
        json_number_member(j, "hits", (double)row->hits);
        json_close(j, '}');
    }
    json_close(j, ']');
    return 0;
}
