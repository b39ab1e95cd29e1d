/*
 * sampled.c - see sampled.h.
 */
#include "sampled.h"

#include "cli.h"
#include "progress.h"
#include "term.h"

void sampled_free(sampled *p)
{
    cdp_free(p->text);
    cdp_free(p->stacks);
    *p = (sampled){ .text = NULL };
}

/* ---- formats ------------------------------------------------------------- */

int sampled_save_text(const void *p, cdp_report_write *write, void *data)
{
    const cdp_str *text = ((const sampled *)p)->text;

    return write(data, text->ptr, text->len);
}

int sampled_save_pprof(const void *p, cdp_report_write *write, void *data)
{
    return cdp_report_pprof(((const sampled *)p)->stacks, write, data);
}

int sampled_save_collapsed(const void *p, cdp_report_write *write, void *data)
{
    return cdp_report_collapsed(((const sampled *)p)->stacks, write, data);
}

int sampled_save_flame(const void *p, cdp_report_write *write, void *data)
{
    return cdp_report_flame(((const sampled *)p)->stacks, write, data);
}

/* ---- the end --------------------------------------------------------------- */

int sampled_open(results *files, const words *w, const format *formats, const char *stem)
{
    const bool top = words_text(w, "top");

    if ((top || words_flag(w, "json")) && results_take_stdout(w))
        return words_refuse(w->job, "stdout can't have both a file and --%s", top ? "top" : "json");
    return results_open(files, w, formats, top ? NULL : stem);
}

static int tell_json(const words *w, const results *files, const sampled *p)
{
    json_out j = { .to = stdout };
    int rc = 0;

    json_open(&j, '{');
    json_number_member(&j, "seconds", p->seconds);
    json_number_member(&j, "samples", (double)p->samples);
    results_json(&j, files);
    if (words_text(w, "top"))
        rc = top_json(&j, p->stacks, words_count(w, "top"));
    json_close(&j, '}');
    print(stdout, "\n");
    return rc;
}

static int tell(const words *w, const results *files, const sampled *p)
{
    char size[16];

    if (words_flag(w, "json"))
        return tell_json(w, files, p);
    for (size_t i = 0; i < files->n; i++)
        note("%s: %.1f s, %zu samples, %s", files->items[i].name, p->seconds, p->samples,
             progress_size(size, (double)files->items[i].size));
    return words_text(w, "top") ? top_print(p->stacks, words_count(w, "top"), p->unit) : 0;
}

int sampled_write(results *files, const words *w, const sampled *p)
{
    int status = results_write(files, p);

    if (status == 0 && tell(w, files, p) < 0)
        return complain_memory();
    return status;
}
