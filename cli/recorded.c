/*
 * recorded.c - see recorded.h.
 */
#include "recorded.h"

#include "cli.h"

#include <cdp/record.h>
#include <cdp/value.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1 << 30 };

static int read_all(FILE *from, char **memory, size_t *len)
{
    size_t room = 1 << 16, n;

    if (!(*memory = malloc(room)))
        return ENOMEM;
    for (*len = 0; (n = fread(*memory + *len, 1, room - *len, from)); *len += n) {
        char *more;
        if (*len + n < room)
            continue;
        if (room == MOST)
            return EFBIG;
        if (!(more = realloc(*memory, room *= 2)))
            return ENOMEM;
        *memory = more;
    }
    return ferror(from) ? errno : 0;
}

int recorded_read(const char *file, char **memory, cdp_str *text)
{
    FILE *from = fopen(file, "re");
    size_t len = 0;

    *memory = NULL;
    int error = from ? read_all(from, memory, &len) : errno;
    if (from)
        fclose(from);
    if (error) {
        free(*memory);
        *memory = NULL;
        return complain(STATUS_FAILED, "can't read %s: %s", file, strerror(error));
    }
    *text = cdp_sn(*memory, len);
    return 0;
}

/* The sessionId of the first command that has one: it is of the page that was attached to. */
static cdp_value find_session(cdp_str text)
{
    const char *end = text.ptr + text.len;

    for (const char *p = text.ptr, *stop; p < end; p = stop + 1) {
        if (!(stop = memchr(p, '\n', (size_t)(end - p))))
            break;
        const cdp_value line = { p, (size_t)(stop - p), CDP_JSON };
        const cdp_value id = cdp_value_path(line, "sent.sessionId");
        if (id.ptr)
            return id;
    }
    return (cdp_value){ .ptr = NULL };
}

static int attach(target *t, cdp_str text)
{
    CDP_AUTO cdp_value *id = NULL;
    cdp_value found = find_session(text);

    t->session = t->root;
    if (!found.ptr)
        return 0;
    if (cdp_value_copy(found, CDP_JSON, &id) < 0)
        return CDP_ENOMEM;
    cdp_session *child;
    int rc = cdp_attach(&child, t->root, cdp_value_str(id, *id));
    if (rc == 0)
        t->session = child;
    return rc;
}

int recorded_open(target *t, const char *file, const cdp_remote_options *opt)
{
    const cdp_replay_options how = { .session = opt->session, .lenient = true, .partial = true };
    CDP_AUTO cdp_str *why = NULL;
    char *memory;
    cdp_str text = { NULL, 0 };
    int status = recorded_read(file, &memory, &text);

    if (status)
        return status;
    int rc = cdp_replay_open(&t->root, text, &how, &why);
    if (rc < 0 && why)
        rc = complain(STATUS_FAILED, "%s: %s", file, why->ptr);
    else if (rc == 0)
        rc = attach(t, text);
    t->recorded = true;
    free(memory);
    return rc;
}
