/* host_error.c - see host_error.h. */
#include "host_error.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 1, 2))) static char *print(const char *form, ...)
{
    va_list ap;

    va_start(ap, form);
    int n = vsnprintf(NULL, 0, form, ap);
    va_end(ap);
    char *text = n >= 0 ? malloc((size_t)n + 1) : NULL;
    if (!text)
        return NULL;
    va_start(ap, form);
    vsnprintf(text, (size_t)n + 1, form, ap);
    va_end(ap);
    return text;
}

static char *json_string(const char *s)
{
    size_t n = strlen(s);
    char *out = n < SIZE_MAX / 8 ? malloc(n * 6 + 3) : NULL, *p = out;

    if (!out)
        return NULL;
    *p++ = '"';
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20)
            p += sprintf(p, "\\u%04x", (unsigned)c);
        else if (c == '"' || c == '\\')
            *p++ = '\\', *p++ = (char)c;
        else
            *p++ = (char)c;
    }
    *p++ = '"';
    *p = 0;
    return out;
}

static cdp_str text_or(const char *text, const char *otherwise)
{
    return cdp_s(text ? text : otherwise);
}

static void release(cdp__failure *f)
{
    free(f->message);
    free(f->path);
    free(f->data);
    free(f->printed);
    memset(f, 0, sizeof *f);
}

int cdp__failure_set(cdp__failure *f, int status, int sys, const char *why)
{
    release(f);
    f->message = print("%s", why ? why : cdp_strerror(status));
    f->pub.status = status;
    f->pub.sys = sys;
    f->pub.message = text_or(f->message, cdp_strerror(status));
    f->pub.method = f->pub.path = cdp_s("");
    return status;
}

void cdp__failure_set_exception(cdp__failure *f, const cdp__shim_error *e)
{
    int column = e->column > 0 && e->column < 500 ? e->column : 1;

    cdp__failure_set(f, CDP_EREMOTE, 0, e->text);
    f->path = print("%s:%d:%d", e->script, e->line, e->column);
    f->pub.path = text_or(f->path, "");
    f->data = *e->stack ? json_string(e->stack) : NULL;
    f->pub.data = cdp_json(f->data);
    /* As Node does: where, the line, what. */
    f->printed = print("%s:%d\n%s\n%*s\n\n%s\n", e->script, e->line, e->source, column, "^",
                       *e->stack ? e->stack : e->text);
}

void cdp__failure_move(cdp__failure *to, cdp__failure *from)
{
    release(to);
    *to = *from;
    memset(from, 0, sizeof *from);
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
