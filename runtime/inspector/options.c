/* options.c - a copy of the options that lasts as long as the inspector. */
#include "inspector_internal.h"

#include <stdlib.h>

/* The texts of a copy: an array that ends in NULL, with the arrays of the two lists behind. */
typedef struct copier {
    char **texts;
    size_t n;
    bool failed;
} copier;

static size_t list_length(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

static const char *keep(copier *c, const char *text)
{
    if (!text || c->failed)
        return NULL;
    char *copy = strdup(text);
    if (copy)
        c->texts[c->n++] = copy;
    else
        c->failed = true;
    return copy;
}

static void keep_list(copier *c, char **to, const char *const *from)
{
    for (size_t i = 0; from && from[i] && !c->failed; i++)
        to[i] = (char *)(uintptr_t)keep(c, from[i]);
}

static void set_defaults(cdp_inspector_limits *l)
{
    l->connections = l->connections ? l->connections : 256;
    l->sessions = l->sessions ? l->sessions : 64;
    l->handshake_ms = l->handshake_ms ? l->handshake_ms : 10000;
    l->idle_ms = l->idle_ms ? l->idle_ms : 10000;
    l->head = l->head ? l->head : 16 << 10;
    l->lines = l->lines ? l->lines : 100;
    l->message = l->message ? l->message : 64 << 20;
    l->fragments = l->fragments ? l->fragments : 65536;
    l->pending = l->pending ? l->pending : 65536;
    l->queue = l->queue ? l->queue : 64 << 20;
    l->snapshot_queue = l->snapshot_queue ? l->snapshot_queue : 1 << 30;
}

int cdp__options_copy(cdp_inspector_options *to, char ***texts, const cdp_inspector_options *from)
{
    enum { SINGLE = 5 };
    static const cdp_inspector_options none;
    cdp_inspector_options opt = from ? *from : none;
    size_t hosts = list_length(opt.allowed_hosts), origins = list_length(opt.allowed_origins);
    size_t n = SINGLE + hosts + origins + 1;
    copier c = { calloc(n + hosts + 1 + origins + 1, sizeof *c.texts), 0, false };

    if (!c.texts)
        return CDP_ENOMEM;
    char **host_list = c.texts + n, **origin_list = host_list + hosts + 1;
    opt.host = keep(&c, opt.host);
    opt.unix_path = keep(&c, opt.unix_path);
    opt.token = keep(&c, opt.token);
    opt.title = keep(&c, opt.title);
    opt.url = keep(&c, opt.url);
    keep_list(&c, host_list, opt.allowed_hosts);
    keep_list(&c, origin_list, opt.allowed_origins);
    opt.allowed_hosts = (const char *const *)host_list;
    opt.allowed_origins = (const char *const *)origin_list;
    set_defaults(&opt.limits);
    if (c.failed) {
        cdp__options_free(c.texts);
        return CDP_ENOMEM;
    }
    *to = opt;
    *texts = c.texts;
    return 0;
}

void cdp__options_free(char **texts)
{
    for (char **t = texts; t && *t; t++)
        free(*t);
    free(texts);
}
