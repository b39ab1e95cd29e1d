/*
 * results.c - see results.h.
 */
#include "results.h"

#include "cli.h"
#include "term.h"

#include <time.h>

/* ---- formats ------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end, size_t len)
{
    size_t n = strlen(name);

    return n >= len && memcmp(name + n - len, end, len) == 0;
}

static const format *format_named(const format *formats, const char *name)
{
    while (formats->name && strcmp(formats->name, name) != 0)
        formats++;
    return formats->name ? formats : NULL;
}

static const format *format_of(const format *formats, const char *file)
{
    for (const format *f = formats; f->name; f++)
        for (const char *e = f->extensions; *e; e = strchr(e, ' ') + 1)
            if (ends_with(file, e, strcspn(e, " ")))
                return f;
    return strcmp(file, "-") == 0 ? formats : NULL;
}

/* ---- opening ------------------------------------------------------------- */

void result_name(char name[RESULT_NAME], const char *stem, const char *extension)
{
    time_t now = time(NULL);
    struct tm at;
    char text[32];

    localtime_r(&now, &at);
    strftime(text, sizeof text, "%Y%m%dT%H%M%S", &at);
    snprintf(name, RESULT_NAME, "%s-%s%.*s", stem, text, (int)strcspn(extension, " "), extension);
}

static int add(results *r, const words *w, const format *f, const char *name)
{
    int status = output_open_as(&r->items[r->n].to, name, words_flag(w, "force"));

    if (status)
        return status;
    r->items[r->n].format = f;
    r->items[r->n++].name = name;
    return 0;
}

static int add_named(results *r, const words *w, const format *formats, const char *name)
{
    const char *as = words_text(w, "format");
    const format *f = as ? format_named(formats, as) : format_of(formats, name);

    if (r->n == RESULTS)
        return words_refuse(w->job, "more than %d times --output", RESULTS);
    if (!f)
        return words_refuse(w->job, "the extension of '%s' tells no format; use --format", name);
    return add(r, w, f, name);
}

int results_open(results *r, const words *w, const format *formats, const char *stem)
{
    const char *name, *as = words_text(w, "format");
    int status = 0;

    r->n = 0;
    for (size_t i = 0; status == 0 && (name = words_each(w, "output", i)); i++)
        status = add_named(r, w, formats, name);
    if (status == 0 && r->n == 0 && (stem || as)) {
        const format *f = as ? format_named(formats, as) : formats;
        result_name(r->usual, stem ? stem : w->job->name, f->extensions);
        status = add(r, w, f, r->usual);
    }
    return status ? results_drop(r, status) : 0;
}

bool results_take_stdout(const words *w)
{
    const char *name;

    for (size_t i = 0; (name = words_each(w, "output", i)); i++)
        if (strcmp(name, "-") == 0)
            return true;
    return false;
}

/* ---- writing ------------------------------------------------------------- */

static int write_output(void *data, const char *bytes, size_t len)
{
    return output_write(data, bytes, len) < 0 ? CDP_EIO : 0;
}

static int write_one(results *r, size_t i, const void *what)
{
    output *to = r->items[i].to;
    int rc = r->items[i].format->save(what, write_output, to);

    r->items[i].to = NULL;
    r->items[i].size = output_size(to);
    if (rc == 0 || output_write(to, "", 0) < 0)
        return output_finish(to);
    return output_drop(to, complain(STATUS_FAILED, "%s", cdp_strerror(rc)));
}

int results_write(results *r, const void *what)
{
    int status = 0;

    for (size_t i = 0; i < r->n; i++) {
        int failed = write_one(r, i, what);
        status = failed ? failed : status;
    }
    return status;
}

void results_json(json_out *j, const results *r)
{
    json_key(j, "files");
    json_open(j, '[');
    for (size_t i = 0; i < r->n; i++) {
        json_open(j, '{');
        json_text_member(j, "name", cdp_s(r->items[i].name));
        json_text_member(j, "format", cdp_s(r->items[i].format->name));
        json_number_member(j, "bytes", (double)r->items[i].size);
        json_close(j, '}');
    }
    json_close(j, ']');
}

int results_drop(results *r, int status)
{
    for (size_t i = 0; i < r->n; i++)
        status = output_drop(r->items[i].to, status);
    return status;
}
