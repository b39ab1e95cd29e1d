/*
 * page.c - see page.h.
 *
 * Whether a page is there is told by lifecycle events: each names the document that it is of, so
 * that those of what was shown before count for nothing, whenever they come.
 */
#include "page.h"

#include "interrupt.h"

#include <cdp/page.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- URLs ---------------------------------------------------------------- */

/* "about:", but no "localhost:8080". */
static bool has_scheme(const char *word)
{
    size_t n = 0;

    while (isalnum((unsigned char)word[n]) || (n && strchr("+-.", word[n]) && word[n]))
        n++;
    return n && isalpha((unsigned char)*word) && word[n] == ':' &&
           !isdigit((unsigned char)word[n + 1]);
}

static char *join(const char *first, const char *second)
{
    size_t n = strlen(first), m = strlen(second);
    char *text = malloc(n + m + 1);

    if (text) {
        memcpy(text, first, n);
        memcpy(text + n, second, m + 1);
    }
    return text;
}

/* What a URL can't have stands as %20. */
static char *put_path(char *to, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *path; path++) {
        const unsigned char c = (unsigned char)*path;
        if (isalnum(c) || strchr("/-._~", c)) {
            *to++ = *path;
            continue;
        }
        *to++ = '%';
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    return to;
}

static char *file_url(const char *path)
{
    static const char scheme[] = "file://";
    char folder[PATH_MAX] = "";

    if (*path != '/' && !getcwd(folder, sizeof folder))
        return NULL;
    char *url = malloc(sizeof scheme + 3 * (strlen(folder) + 1 + strlen(path)));
    if (!url)
        return NULL;
    memcpy(url, scheme, sizeof scheme - 1);
    char *to = put_path(url + sizeof scheme - 1, folder);
    if (*path != '/')
        *to++ = '/';
    *put_path(to, path) = 0;
    return url;
}

char *page_url(const char *word)
{
    if (has_scheme(word))
        return join("", word);
    return access(word, F_OK) == 0 ? file_url(word) : join("http://", word);
}

const char **page_arguments(const char *const *argv, char **url)
{
    const char *page = NULL;
    size_t n = 0, to = 0;

    while (argv[n])
        n++;
    const char **rest = malloc((n + 1) * sizeof *rest);
    *url = NULL;
    for (size_t i = 0; rest && i < n; i++) {
        if (i && !page && argv[i][0] != '-')
            page = argv[i];
        else
            rest[to++] = argv[i];
    }
    if (!rest || (page && !(*url = page_url(page)))) {
        free(rest);
        return NULL;
    }
    rest[to] = NULL;
    return rest;
}

/* ---- loading --------------------------------------------------------------- */

enum { ID = 128 };

typedef struct load {
    target *t;
    const char *url;
    char frame[ID], before[ID]; /* of the page: its frame, and what is in it so far */
    bool whole;
    bool answered, loaded, failed, crashed;
    int rc;
    bool done;
} load;

static void check(load *l)
{
    l->done = l->crashed || l->failed || (l->answered && (!l->whole || l->loaded));
}

static void on_lifecycle(cdp_session *s, const cdp_page_lifecycle_event_event *ev, void *data)
{
    load *l = data;

    (void)s;
    if (cdp_str_eq(ev->name, cdp_s("load")) && cdp_str_eq(ev->frame_id, cdp_s(l->frame)) &&
        !cdp_str_eq(ev->loader_id, cdp_s(l->before)))
        l->loaded = true;
    check(l);
}

static void on_crash(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    load *l = data;

    (void)s;
    (void)method;
    (void)params;
    l->crashed = true;
    check(l);
}

static void on_answer(cdp_session *s, const cdp_error *err, const cdp_page_navigate_result *res,
                      void *data)
{
    load *l = data;

    (void)s;
    if (err && err->status == CDP_ECANCELED)
        return;
    l->answered = true;
    if (err) {
        l->rc = err->status;
        l->failed = true;
        snprintf(l->t->why, sizeof l->t->why, "%.150s: %.90s", l->url, err->message.ptr);
    } else if (res->error_text.len) {
        l->rc = CDP_EREMOTE;
        l->failed = true;
        snprintf(l->t->why, sizeof l->t->why, "%.150s: %.90s", l->url, res->error_text.ptr);
    } else if (!res->loader_id.len) {
        l->loaded = true; /* another place in the same document */
    }
    check(l);
}

/* A dialog stops its page, and nobody sees it: leaving the page is granted, all else declined. */
static void on_dialog(cdp_session *s, const cdp_page_javascript_dialog_opening_event *ev,
                      void *data)
{
    const cdp_page_handle_java_script_dialog_params p = {
        .accept = ev->type == CDP_PAGE_DIALOG_TYPE_BEFOREUNLOAD
    };

    (void)data;
    cdp_page_handle_java_script_dialog_async(s, &p, NULL, NULL);
}

/* What is shown now.  Dialogs are answered as long as the session lasts. */
static int look(load *l)
{
    const cdp_page_set_lifecycle_events_enabled_params lifecycle = { .enabled = true };
    CDP_AUTO cdp_page_get_frame_tree_result *tree = NULL;
    cdp_session *s = l->t->session;
    int rc = cdp_page_on_javascript_dialog_opening(s, on_dialog, NULL) ? 0 : CDP_ENOMEM;

    if (rc == 0)
        rc = cdp_page_enable(s, NULL);
    if (rc == 0)
        rc = cdp_page_get_frame_tree(s, &tree);
    if (rc < 0)
        return rc;
    const cdp_page_frame *f = tree->frame_tree->frame;
    snprintf(l->frame, sizeof l->frame, "%s", f->id.ptr);
    snprintf(l->before, sizeof l->before, "%s", f->loader_id.ptr);
    return cdp_page_set_lifecycle_events_enabled(s, &lifecycle);
}

/* What has come of it. */
static int judge(load *l)
{
    if (l->done && l->crashed) {
        snprintf(l->t->why, sizeof l->t->why, "%.150s: the page crashed", l->url);
        return CDP_EREMOTE;
    }
    if (!l->done && !l->t->ended) {
        snprintf(l->t->why, sizeof l->t->why, "%.150s: it is not there in time", l->url);
        return CDP_ETIMEDOUT;
    }
    return l->rc;
}

static int navigate(load *l, double seconds)
{
    const cdp_page_navigate_params to = { .url = cdp_s(l->url) };
    cdp_session *s = l->t->session;
    uint32_t call = cdp_page_navigate_async(s, &to, on_answer, l);

    if (!call)
        return cdp_last_error(s)->status;
    cdp_set_timeout(s, call, CDP_NO_TIMEOUT); /* the one below is for all of it */
    int rc = target_wait(l->t, seconds, &l->done);
    if (!l->answered)
        cdp_cancel(s, call);
    return rc;
}

int page_load(target *t, const char *url, bool whole, double seconds)
{
    load l = { .t = t, .url = url, .whole = whole };
    int rc = look(&l);

    if (rc < 0)
        return rc;
    uint32_t lifecycle = cdp_page_on_lifecycle_event(t->session, on_lifecycle, &l);
    uint32_t crash = cdp_on(t->session, "Inspector.targetCrashed", on_crash, &l);
    rc = lifecycle && crash ? navigate(&l, seconds) : CDP_ENOMEM;
    cdp_off(t->session, lifecycle);
    cdp_off(t->session, crash);
    if (rc < 0)
        return rc;
    return interrupted() ? CDP_ECANCELED : judge(&l);
}

int page_show(target *t, const words *w)
{
    const char *word = words_operand(w, 0);
    char *url = word ? page_url(word) : t->url;
    int rc = 0;

    if (word && !url)
        return CDP_ENOMEM;
    if (url)
        rc = page_load(t, url, true, t->patience);
    if (word)
        free(url);
    if (rc == 0 && words_find_option(w->job, "wait") && words_seconds(w, "wait") > 0)
        rc = target_wait(t, words_seconds(w, "wait"), NULL);
    return rc == 0 && interrupted() ? CDP_ECANCELED : rc;
}
