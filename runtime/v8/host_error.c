/* host_error.c - see host_error.h. */
#include "host_error.h"

#include "../core/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void cdp__failure_clear(cdp__failure *f)
{
    cdp__error_clear(&f->e);
    free(f->data);
    free(f->printed);
    f->data = f->printed = NULL;
}

static char *json_string(const char *text)
{
    size_t n = strlen(text);
    char *out = n < SIZE_MAX / 8 ? malloc(n * 6 + 3) : NULL;
    char *end = out ? cdp__json_escape(out + 1, text, n) : NULL;

    if (!end) {
        free(out);
        return NULL;
    }
    *out = '"';
    *end++ = '"';
    *end = 0;
    return out;
}

/* As Node does: where, the line, what. */
static char *printed(const cdp__shim_error *e)
{
    static const char form[] = "%s:%d\n%s\n%*s\n\n%s\n";
    const char *what = *e->stack ? e->stack : e->text;
    int column = e->column > 0 && e->column < 500 ? e->column : 1;
    int n = snprintf(NULL, 0, form, e->script, e->line, e->source, column, "^", what);
    char *text = n >= 0 ? malloc((size_t)n + 1) : NULL;

    if (text)
        snprintf(text, (size_t)n + 1, form, e->script, e->line, e->source, column, "^", what);
    return text;
}

void cdp__failure_set(cdp__failure *f, const cdp__shim_error *e)
{
    cdp__failure_clear(f);
    cdp__error_set(&f->e, CDP_EREMOTE, cdp_s(""), e->text);
    snprintf(f->e.path, sizeof f->e.path, "%s:%d:%d", e->script, e->line, e->column);
    f->e.pub.path = cdp_s(f->e.path);
    f->data = *e->stack ? json_string(e->stack) : NULL;
    if (f->data)
        f->e.pub.data = cdp_json(f->data);
    f->printed = printed(e);
}

void cdp__failure_move(cdp__failure *to, cdp__failure *from)
{
    cdp__failure_clear(to);
    cdp__error_move(&to->e, &from->e);
    to->data = from->data;
    to->printed = from->printed;
    from->data = from->printed = NULL;
}

/* Its own size is not to be trusted: it may be a pipe. */
int cdp__read_file(const char *path, char **text, size_t *len)
{
    FILE *f = fopen(path, "rb");
    size_t size = 0, n = 0;
    char *p = NULL;
    int e = f ? 0 : errno;

    while (f && !e && !feof(f)) {
        if (n == size) {
            size = size ? size * 2 : 65536;
            char *more = size <= (size_t)INT_MAX ? realloc(p, size) : NULL;
            if (!more) {
                e = ENOMEM;
                break;
            }
            p = more;
        }
        n += fread(p + n, 1, size - n, f);
        if (ferror(f))
            e = errno ? errno : EIO;
    }
    if (f)
        fclose(f);
    if (e) {
        free(p);
        return e;
    }
    *text = p;
    *len = n;
    return 0;
}
