/* target.c - see target.h. */
#include "target.h"

#include "../core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static bool make_id(char id[37])
{
    unsigned char r[16];
    char *p = id;

    if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
        return false;
    for (size_t i = 0; i < sizeof r; i++)
        p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", r[i]);
    return true;
}

bool cdp__same_secret(cdp_str a, cdp_str b)
{
    unsigned char differ = a.len != b.len;

    for (size_t i = 0; i < a.len && i < b.len; i++)
        differ |= (unsigned char)(a.ptr[i] ^ b.ptr[i]);
    return !differ;
}

int cdp__targets_init(cdp__targets *ts)
{
    ts->first = NULL;
    ts->end = &ts->first;
    ts->workers = 0;
    ts->ring = NULL;
    atomic_init(&ts->waiters, 0);
    return pthread_mutex_init(&ts->lock, NULL) == 0 ? 0 : CDP_ENOMEM;
}

static void unref(cdp__target *t)
{
    if (--t->refs)
        return;
    free(t->title);
    free(t->url);
    free(t);
}

void cdp__targets_free(cdp__targets *ts)
{
    while (ts->first) {
        cdp__target *t = ts->first;
        ts->first = t->next;
        unref(t);
    }
    pthread_mutex_destroy(&ts->lock);
}

static cdp__target **find(cdp__targets *ts, const cdp_v8 *v)
{
    cdp__target **link = &ts->first;

    while (*link && (*link)->v != v)
        link = &(*link)->next;
    return link;
}

/* A copy that is UTF-8: what is not would break the list, and the messages that name it. */
static char *copy_text(const char *text)
{
    size_t n = strlen(text), bad;
    char *copy = strdup(text);

    while (copy && (bad = cdp__utf8_check(copy, n, false)) < n)
        copy[bad] = '?';
    return copy;
}

static int target_new(cdp__target **out, cdp_v8 *v, unsigned number, const char *title,
                      const char *url)
{
    char name[32];
    cdp__target *t = calloc(1, sizeof *t);

    if (!t)
        return CDP_ENOMEM;
    snprintf(name, sizeof name, "[worker %u]", number);
    t->refs = 1;
    t->number = number;
    t->v = v;
    t->title = copy_text(title ? title : name);
    t->url = copy_text(url ? url : "file://");
    int rc = !t->title || !t->url ? CDP_ENOMEM : make_id(t->id) ? 0 : CDP_EIO;
    if (rc == 0)
        *out = t;
    else
        unref(t);
    return rc;
}

int cdp__targets_add(cdp__targets *ts, cdp_v8 *v, bool worker, const char *title, const char *url)
{
    cdp__target *t;
    int rc;

    pthread_mutex_lock(&ts->lock);
    rc = *find(ts, v) ? CDP_ESTATE : target_new(&t, v, worker ? ts->workers + 1 : 0, title, url);
    if (rc == 0) {
        ts->workers += worker;
        t->waiting = worker && atomic_load(&ts->waiters);
        cdp__target **link = worker ? ts->end : &ts->first; /* in the order of their numbers */
        t->next = *link;
        *link = t;
        if (!t->next)
            ts->end = &t->next;
    }
    pthread_mutex_unlock(&ts->lock);
    return rc;
}

void cdp__targets_remove(cdp__targets *ts, const cdp_v8 *v)
{
    pthread_mutex_lock(&ts->lock);
    cdp__target **link = find(ts, v), *t = *link;
    if (t) {
        if (!(*link = t->next))
            ts->end = link;
        t->v = NULL;
        unref(t);
    }
    pthread_mutex_unlock(&ts->lock);
}

cdp__target *cdp__targets_find(cdp__targets *ts, cdp_str id)
{
    cdp__target *found = NULL;

    pthread_mutex_lock(&ts->lock);
    for (cdp__target *t = ts->first; t; t = t->next)
        if (cdp__same_secret(cdp_s(t->id), id))
            found = t;
    if (found)
        found->refs++;
    pthread_mutex_unlock(&ts->lock);
    return found;
}

static cdp__target *first_from(cdp__targets *ts, unsigned number)
{
    cdp__target *t;

    pthread_mutex_lock(&ts->lock);
    for (t = ts->first; t && t->number < number; t = t->next)
        ;
    if (t)
        t->refs++;
    pthread_mutex_unlock(&ts->lock);
    return t;
}

cdp__target *cdp__targets_after(cdp__targets *ts, unsigned number)
{
    return first_from(ts, number + 1);
}

cdp__target *cdp__targets_main(cdp__targets *ts)
{
    return first_from(ts, 0);
}

cdp_v8 *cdp__target_v8(cdp__targets *ts, const cdp__target *t)
{
    pthread_mutex_lock(&ts->lock);
    cdp_v8 *v = t->v;
    pthread_mutex_unlock(&ts->lock);
    return v;
}

bool cdp__target_waiting(cdp__targets *ts, const cdp__target *t)
{
    pthread_mutex_lock(&ts->lock);
    bool waiting = t->waiting;
    pthread_mutex_unlock(&ts->lock);
    return waiting;
}

bool cdp__targets_hold(cdp__targets *ts, const cdp_v8 *v)
{
    pthread_mutex_lock(&ts->lock);
    cdp__target *t = *find(ts, v);
    bool hold = t && t->waiting && atomic_load(&ts->waiters) > 0;
    pthread_mutex_unlock(&ts->lock);
    return hold;
}

void cdp__targets_release(cdp__targets *ts, const cdp_v8 *v)
{
    pthread_mutex_lock(&ts->lock);
    cdp__target *t = *find(ts, v);
    if (t)
        t->waiting = false;
    pthread_mutex_unlock(&ts->lock);
}

void cdp__targets_set_ring(cdp__targets *ts, void (*ring)(void *data), void *data)
{
    pthread_mutex_lock(&ts->lock);
    ts->ring = ring;
    ts->ring_data = data;
    pthread_mutex_unlock(&ts->lock);
}

void cdp__targets_ring(cdp__targets *ts)
{
    pthread_mutex_lock(&ts->lock);
    if (ts->ring)
        ts->ring(ts->ring_data);
    pthread_mutex_unlock(&ts->lock);
}

void cdp__target_unref(cdp__targets *ts, cdp__target *t)
{
    pthread_mutex_lock(&ts->lock);
    unref(t);
    pthread_mutex_unlock(&ts->lock);
}
