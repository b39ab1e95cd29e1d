/*
 * follow.c - finds the targets under a session: see <cdp/targets.h>.
 *
 * Each session that is followed, the first one and those found, has a node; it hangs on the
 * session's on_end, so that whatever ends the session ends the node, and on calls in flight.
 */
#include <cdp/node_worker.h>
#include <cdp/runtime.h>
#include <cdp/target.h>
#include <cdp/targets.h>

#include "session.h"

/* Levels of targets; a peer that tells of more is followed no deeper. */
enum { DEEPEST = 16 };

typedef struct node node;

typedef struct follower {
    cdp_follow_options opt;
    unsigned refs;    /* nodes */
    unsigned asking;  /* calls to be answered before all is known that was there */
    bool nested;      /* by NodeWorker (the first way that is tried); else by Target */
    node *root, *all; /* root: NULL once that has ended; all: the others, newest first */
} follower;

struct node {
    node *next;
    follower *f;
    cdp_session *s; /* NULL: it has ended */
    unsigned refs, depth;
    uint32_t on_target, on_worker;
    void *event; /* which told of it, and keeps what info points to */
    cdp_follow_info info;
    bool told; /* the program was, or would be if it wanted to know of that type */
};

static void unref(node *n, const cdp_allocator *a)
{
    if (--n->refs)
        return;
    if (--n->f->refs == 0)
        cdp__dealloc(a, n->f, sizeof *n->f);
    cdp_free(n->event);
    cdp__dealloc(a, n, sizeof *n);
}

static bool is_wanted(const follower *f, cdp_str type)
{
    const char *const *t = f->opt.types;

    while (t && *t && !cdp_str_eq(cdp_s(*t), type))
        t++;
    return !t || *t;
}

/* ---- one target -------------------------------------------------------- */

static void let_run(node *n)
{
    if (n->info.waiting)
        cdp_runtime_run_if_waiting_for_debugger_async(n->s, NULL, NULL);
    n->info.waiting = false;
}

/* True: the program keeps it waiting. */
static bool tell(node *n)
{
    const follower *f = n->f;

    n->told = true;
    return f->opt.attached && is_wanted(f, n->info.type) &&
           f->opt.attached(n->s, &n->info, f->opt.data);
}

/* Of two sessions with one target the program is told of the first. */
static node *find(const follower *f, cdp_str target, bool told)
{
    node *n = f->all;

    while (n && (n->told != told || n->s->gone || !cdp_str_eq(n->info.id, target)))
        n = n->next;
    return n;
}

static void unlink_node(node *n)
{
    node **link = &n->f->all;

    while (*link && *link != n)
        link = &(*link)->next;
    if (*link)
        *link = n->next;
}

/* n's session is lost, gone, or closed. */
static void on_end(cdp_session *s, void *data)
{
    node *n = data;
    follower *f = n->f;
    const cdp_allocator *a = cdp__session_allocator(s);
    node *twin = NULL;

    cdp_off(s, n->on_target);
    cdp_off(s, n->on_worker);
    n->s = NULL;
    unlink_node(n);
    if (n == f->root) {
        f->root = NULL;
    } else {
        cdp__session_ref(s);
        cdp_close(s);
        if (n->told && f->opt.detached && is_wanted(f, n->info.type))
            f->opt.detached(s, f->opt.data);
        if (n->told && f->root && (twin = find(f, n->info.id, false)))
            tell(twin);
        cdp__session_unref(s);
    }
    unref(n, a);
}

/* ---- asking for more --------------------------------------------------- */

static void found(node *parent, const void *event, const cdp_follow_info *info, cdp_str session_id,
                  bool nested);

static void on_target(cdp_session *s, const cdp_target_attached_to_target_event *ev, void *data)
{
    const cdp_target_target_info *t = ev->target_info;

    found(data, ev,
          &(cdp_follow_info){ .id = t->target_id,
                              .type = t->type,
                              .title = t->title,
                              .url = t->url,
                              .parent = s,
                              .waiting = ev->waiting_for_debugger },
          ev->session_id, false);
}

static void on_worker(cdp_session *s, const cdp_node_worker_attached_to_worker_event *ev,
                      void *data)
{
    const cdp_node_worker_worker_info *w = ev->worker_info;

    found(data, ev,
          &(cdp_follow_info){ .id = w->worker_id,
                              .type = w->type,
                              .title = w->title,
                              .url = w->url,
                              .parent = s,
                              .waiting = ev->waiting_for_debugger },
          ev->session_id, true);
}

/* A call is over, of which `followed` may have to be told. */
static void conclude(node *n, const cdp_error *err)
{
    follower *f = n->f;
    void (*followed)(cdp_session *, const cdp_error *, void *) = f->opt.followed;
    const bool fails = err && n == f->root;

    f->asking--;
    if (f->root && followed && (fails || f->asking == 0)) {
        f->opt.followed = NULL;
        followed(f->root->s, fails ? err : NULL, f->opt.data);
    }
}

static void on_auto_attach(cdp_session *s, const cdp_error *err, void *data)
{
    node *n = data;

    conclude(n, err);
    unref(n, cdp__session_allocator(s));
}

static bool ask_target(node *n)
{
    cdp_target_set_auto_attach_params p = { .auto_attach = true,
                                            .wait_for_debugger_on_start = n->f->opt.wait,
                                            .flatten = CDP_SOME(true) };

    if (!cdp_target_set_auto_attach_async(n->s, &p, on_auto_attach, n))
        return false;
    n->refs++;
    n->f->asking++;
    return true;
}

static void on_enabled(cdp_session *s, const cdp_error *err, void *data)
{
    node *n = data;

    if (err && err->status == CDP_EREMOTE && n->s) {
        n->f->nested = false;
        if (!ask_target(n))
            err = cdp_last_error(s);
        else
            err = NULL; /* not the last word */
    }
    conclude(n, err);
    unref(n, cdp__session_allocator(s));
}

static bool ask_worker(node *n)
{
    cdp_node_worker_enable_params p = { .wait_for_debugger_on_start = n->f->opt.wait };

    if (!cdp_node_worker_enable_async(n->s, &p, on_enabled, n))
        return false;
    n->refs++;
    n->f->asking++;
    return true;
}

/* ---- finding ----------------------------------------------------------- */

static node *new_node(follower *f, cdp_session *s)
{
    node *n = cdp__alloc(cdp__session_allocator(s), sizeof *n);

    if (!n)
        return NULL;
    memset(n, 0, sizeof *n);
    n->f = f;
    f->refs++;
    n->s = s;
    n->refs = 1;
    s->on_end = on_end;
    s->on_end_data = n;
    return n;
}

static void report(cdp_session *s)
{
    cdp__error e = { .owner = NULL };

    cdp__error_move(&e, &s->error);
    cdp__report(s, &e);
}

static void found(node *parent, const void *event, const cdp_follow_info *info, cdp_str session_id,
                  bool nested)
{
    follower *f = parent->f;
    cdp_session *s = parent->s, *child;
    const cdp_allocator *a = cdp__session_allocator(s);
    const node *twin = find(f, info->id, true);
    node *n = NULL;
    bool hold = false;

    if (twin && twin->info.parent == s)
        return; /* the program attaches to it once more, for itself */
    int rc = nested ? cdp_attach_worker(&child, s, session_id) : cdp_attach(&child, s, session_id);
    if (rc == 0 && !(n = new_node(f, child))) {
        cdp_close(child);
        cdp__error_set(&s->error, CDP_ENOMEM, (cdp_str){ 0 }, NULL);
    }
    if (!n) {
        report(s);
        return;
    }
    n->depth = parent->depth + 1;
    n->info = *info;
    n->event = cdp_keep(event);
    n->next = f->all;
    f->all = n;
    n->refs++; /* callbacks may close child */
    if (!twin)
        hold = tell(n);
    if (n->s && !nested && n->depth < DEEPEST) {
        n->on_target = cdp_target_on_attached_to_target(child, on_target, n);
        if (!n->on_target || !ask_target(n))
            report(child);
    }
    if (n->s && !hold)
        let_run(n);
    unref(n, a);
}

/* ---- the API ----------------------------------------------------------- */

int cdp_follow(cdp_session *s, const cdp_follow_options *opt)
{
    const cdp_allocator *a = cdp__session_allocator(s);
    int rc = cdp__usable(s, (cdp_str){ 0 });

    if (rc < 0)
        return rc;
    if (s->on_end)
        return cdp__error_set(&s->error, CDP_ESTATE, (cdp_str){ 0 }, "the session is followed");
    follower *f = cdp__alloc(a, sizeof *f);
    if (!f)
        return cdp__error_set(&s->error, CDP_ENOMEM, (cdp_str){ 0 }, NULL);
    memset(f, 0, sizeof *f);
    f->opt = *opt;
    f->nested = true;
    node *n = f->root = new_node(f, s);
    if (!n) {
        cdp__dealloc(a, f, sizeof *f);
        return cdp__error_set(&s->error, CDP_ENOMEM, (cdp_str){ 0 }, NULL);
    }
    n->on_target = cdp_target_on_attached_to_target(s, on_target, n);
    if (n->on_target)
        n->on_worker = cdp_node_worker_on_attached_to_worker(s, on_worker, n);
    if (n->on_worker && ask_worker(n))
        return 0;
    rc = s->error.pub.status;
    s->on_end = NULL;
    on_end(s, n);
    return rc;
}

void cdp_unfollow(cdp_session *s)
{
    node *n = s->on_end == on_end ? s->on_end_data : NULL;
    follower *f = n && n == n->f->root ? n->f : NULL;
    cdp_target_set_auto_attach_params p = { .auto_attach = false, .flatten = CDP_SOME(true) };

    if (!f)
        return;
    s->on_end = NULL;
    cdp__session_ref(s);
    n->refs++;
    on_end(s, n); /* from now on nothing is found */
    while (f->all) {
        node *child = f->all;
        let_run(child); /* Chromium leaves them waiting when it is detached from */
        child->s->on_end = NULL;
        on_end(child->s, child);
    }
    if (f->nested)
        cdp_node_worker_disable_async(s, NULL, NULL);
    else
        cdp_target_set_auto_attach_async(s, &p, NULL, NULL);
    unref(n, cdp__session_allocator(s));
    cdp__session_unref(s);
}
