/*
 * launch.c - what kinds of programs there are, how each is told to be debugged, and by which way
 * it is reached then.
 */
#include "child.h"
#include "folder.h"
#include "seek.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

/* ---- kinds ------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "chrome-beta" and "node18" are a chrome and a node, "nodemon" is not. */
static bool is_named(const char *program, const char *const *names)
{
    program = base_name(program);
    for (; *names; names++) {
        size_t len = strlen(*names);
        if (strncmp(program, *names, len) == 0 && !is_letter(program[len]))
            return true;
    }
    return false;
}

cdp_launch_kind cdp_launch_kind_of(const char *program)
{
    static const char *const nodes[] = { "node", "nodejs", "deno", "cdp", NULL };
    static const char *const chromiums[] = { "chromium",       "chrome",
                                             "google-chrome",  "headless_shell",
                                             "microsoft-edge", "msedge",
                                             "brave",          NULL };

    return is_named(program, nodes)       ? CDP_LAUNCH_NODE
           : is_named(program, chromiums) ? CDP_LAUNCH_CHROMIUM
                                          : CDP_LAUNCH_AUTO;
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void add(cdp__buf *args, const char *word)
{
    cdp__buf_put(args, &word, sizeof word);
}

static void add_all(cdp__buf *args, const char *const *words)
{
    while (*words)
        add(args, *words++);
}

/* Programs of many commands have these flags behind theirs. */
static bool has_command(const char *const *argv)
{
    static const char *const many[] = { "deno", "cdp", NULL };
    static const char *const commands[] = { "run", "test", "bench", "serve", "eval", NULL };

    return is_named(argv[0], many) && argv[1] && is_named(argv[1], commands);
}

static void add_node(cdp__buf *args, const cdp_launch_options *opt)
{
    const char *const *rest = opt->argv;

    add(args, *rest++);
    if (has_command(opt->argv))
        add(args, *rest++);
    add(args, opt->run ? "--inspect=127.0.0.1:0" : "--inspect-brk=127.0.0.1:0");
    add_all(args, rest);
    add(args, NULL);
}

static void add_chromium(cdp__buf *args, const cdp_launch_options *opt, const char *profile)
{
    static const char *const quiet[] = { "--remote-debugging-pipe",
                                         "--no-first-run",
                                         "--no-default-browser-check",
                                         "--disable-background-networking",
                                         "--disable-component-update",
                                         "--disable-sync",
                                         "--disable-quic",
                                         NULL };

    add(args, opt->argv[0]);
    add_all(args, quiet);
    add(args, profile);
    if (!opt->visible)
        add(args, "--headless=new");
    if (geteuid() == 0) /* it refuses to run as root with its sandbox */
        add(args, "--no-sandbox");
    add_all(args, opt->argv + 1);
    add(args, NULL);
}

/* ---- launching --------------------------------------------------------------------------------
 */

static void refuse(cdp__remote *r, const cdp_launch_options *opt, int sys)
{
    char why[128];

    snprintf(why, sizeof why, "can't start %.60s: %s", opt->argv[0], uv_strerror(sys));
    cdp__remote_lose(r, sys == UV_ENOMEM ? CDP_ENOMEM : CDP_EIO, sys, why);
}

static void start(cdp__remote *r, cdp__child *p, const cdp_launch_options *opt,
                  cdp__child_options *how, const cdp__buf *args, const cdp__buf *env)
{
    how->file = opt->argv[0];
    how->argv = (char *const *)(const void *)args->ptr;
    how->env = env ? (char *const *)(const void *)env->ptr : (char *const *)(uintptr_t)opt->env;
    how->cwd = opt->cwd;
    p->quiet = opt->quiet;
    int sys = args->failed ? UV_ENOMEM : cdp__child_start(p, how);
    if (sys < 0)
        refuse(r, opt, sys);
}

static void launch_node(cdp__remote *r, cdp__child *p, const cdp_launch_options *opt)
{
    cdp__buf args = { .allocator = r->allocator };
    /* One that is left keeps a stderr that lasts; it is found by its sockets. */
    cdp__child_options how = { .input = true, .says = !opt->leave, .descriptors = { -1, -1 } };

    add_node(&args, opt);
    p->leave = opt->leave;
    p->group = opt->apart;
    cdp__remote_limit(r);
    start(r, p, opt, &how, &args, NULL);
    cdp__buf_free(&args);
    if (opt->leave && p->pid)
        cdp__seek_start(r, p->pid, false);
}

typedef struct ends {
    int in, out;
} ends;

static void close_ends(const ends *e)
{
    close(e->in);
    close(e->out);
}

static void on_adopted(uv_timer_t *timer)
{
    const cdp__child *p = timer->data;

    cdp__remote_opened(p->c.remote);
}

/* The connection is our end, from now on; what that causes is for the loop. */
static void adopt(cdp__remote *r, cdp__child *p, const ends *ours)
{
    cdp__stream_init(&r->stream, r->loop, r->allocator, &cdp__remote_stream_ops, r);
    r->streaming = true;
    r->holds++;
    int rc = cdp__stream_adopt(&r->stream, ours->in, ours->out);
    if (rc == 0) {
        uv_timer_start(&p->timer, on_adopted, 0, 0);
        return;
    }
    cdp__remote_lose(r, rc, 0, "the program's pipe can't be used");
}

/* What a browser is given besides our descriptors: lists of pointers, and the texts made for it. */
typedef struct browser {
    cdp__buf args, env, profile, temporary;
} browser;

static void put_text(cdp__buf *b, const char *name, const char *value)
{
    cdp__buf_put(b, name, strlen(name));
    cdp__buf_put(b, value, strlen(value) + 1);
}

/* Its temporary files go with the folder, too: it leaves some however it ends. */
static void fill(browser *b, const cdp_launch_options *opt, const char *folder)
{
    const char *const *env = opt->env ? opt->env : (const char *const *)(uintptr_t)environ;

    put_text(&b->profile, "--user-data-dir=", opt->profile ? opt->profile : folder);
    put_text(&b->temporary, "TMPDIR=", folder);
    for (; env && *env; env++)
        if (strncmp(*env, "TMPDIR=", 7) != 0)
            add(&b->env, *env);
    add(&b->env, b->temporary.ptr);
    add(&b->env, NULL);
    add_chromium(&b->args, opt, b->profile.ptr);
    b->args.failed |= b->env.failed | b->profile.failed | b->temporary.failed;
}

/* What it reads is a socket, what it writes a pipe: see cdp__stream_adopt(). */
static int make_ends(ends *ours, ends *its)
{
    uv_os_sock_t to[2];
    uv_file from[2];
    int rc = uv_socketpair(SOCK_STREAM, 0, to, 0, 0);

    if (rc < 0)
        return rc;
    *ours = (ends){ .out = to[0] };
    *its = (ends){ .in = to[1] };
    if ((rc = uv_pipe(from, 0, 0)) < 0) {
        close(to[0]);
        close(to[1]);
        return rc;
    }
    ours->in = from[0];
    its->out = from[1];
    return 0;
}

static int prepare(cdp__child *p, ends *ours, ends *its)
{
    int rc = cdp__folder_make(&p->folder, p->c.remote->allocator);

    if (rc < 0)
        return rc == CDP_ENOMEM ? UV_ENOMEM : uv_translate_sys_error(errno);
    return make_ends(ours, its);
}

static void launch_chromium(cdp__remote *r, cdp__child *p, const cdp_launch_options *opt)
{
    const cdp__buf none = { .allocator = r->allocator };
    browser b = { none, none, none, none };
    ends ours = { -1, -1 }, its = { -1, -1 };
    int sys = prepare(p, &ours, &its);

    if (sys < 0) {
        refuse(r, opt, sys);
        return;
    }
    fill(&b, opt, p->folder);
    p->group = true;
    start(r, p, opt, &(cdp__child_options){ .descriptors = { its.in, its.out } }, &b.args, &b.env);
    close_ends(&its); /* so that its end is the pipe's */
    if (p->pid)
        adopt(r, p, &ours);
    else
        close_ends(&ours);
    cdp__buf_free(&b.args);
    cdp__buf_free(&b.env);
    cdp__buf_free(&b.profile);
    cdp__buf_free(&b.temporary);
}

static void launch(cdp__remote *r, const cdp_launch_options *opt, cdp_launch_kind kind)
{
    cdp__child *p = cdp__child_new(r);

    if (!p)
        cdp__remote_lose(r, CDP_ENOMEM, 0, cdp_strerror(CDP_ENOMEM));
    else if (kind == CDP_LAUNCH_NODE)
        launch_node(r, p, opt);
    else
        launch_chromium(r, p, opt);
}

/* A pipe is open before the program reads it: does it?  (Any answer will do.) */
static void wait_for_answer(cdp__remote *r)
{
    int rc = cdp_call(r->t.owner, "Browser.getVersion", (cdp_value){ .ptr = NULL }, NULL);

    if (rc == CDP_ETIMEDOUT)
        cdp__remote_lose(r, rc, UV_ETIMEDOUT, "the program does not answer on its pipe");
}

static void on_waiting(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    (void)s;
    (void)method;
    (void)params;
    *(bool *)data = true;
}

/* Deno can be told to go on at any time, and does not always say that it waits. */
static bool says_when_it_waits(const char *program)
{
    static const char *const denos[] = { "deno", NULL };

    return !is_named(program, denos);
}

/* Node listens before it waits, and would miss being told to go on until then.  (Others do not have
 * the domain.) */
static void wait_for_wait(cdp__remote *r)
{
    static const cdp_value none = { .ptr = NULL };
    cdp_session *s = r->t.owner;
    const uint64_t until = cdp__now() + r->opt.connect_ms;
    bool waits = false;
    const uint32_t sub = cdp_on(s, "NodeRuntime.waitingForDebugger", on_waiting, &waits);
    int rc = cdp_call(s, "NodeRuntime.enable", none, NULL);

    for (uint64_t now; rc == 0 && !waits && (now = cdp__now()) < until;)
        rc = cdp__step(s->conn, (int)(until - now < 1000 ? until - now : 1000));
    if (rc == 0)
        cdp_call(s, "NodeRuntime.disable", none, NULL);
    cdp_off(s, sub);
}

/* Once it is connected, with a loop of its own. */
static int settle(cdp__remote *r, const cdp_launch_options *opt, cdp_session **out)
{
    cdp_session *s = *out;
    const uint32_t timeout_ms = s->timeout_ms;

    cdp__session_ref(s);
    s->timeout_ms = r->opt.connect_ms;
    if (r->frames.pipe)
        wait_for_answer(r);
    else if (!opt->run && says_when_it_waits(opt->argv[0]))
        wait_for_wait(r);
    s->timeout_ms = timeout_ms;
    int rc = cdp__usable(s, (cdp_str){ 0 });
    if (s->closed)
        *out = NULL;
    cdp__session_unref(s);
    return rc;
}

int cdp_launch(cdp_session **out, const cdp_launch_options *opt)
{
    const bool named = opt && opt->argv && opt->argv[0];
    cdp_launch_kind kind = opt ? opt->kind : CDP_LAUNCH_AUTO;
    cdp__remote *r;

    if (named && kind == CDP_LAUNCH_AUTO)
        kind = cdp_launch_kind_of(opt->argv[0]);
    int rc = cdp__remote_new(out, &r, opt ? &opt->remote : NULL, kind == CDP_LAUNCH_CHROMIUM);

    if (rc < 0)
        return rc;
    r->opt.reconnect.attempts = 0; /* its end is the session's */
    if (!named)
        cdp__remote_lose(r, CDP_EINVAL, 0, "no program to start");
    else if (kind == CDP_LAUNCH_AUTO)
        cdp__remote_lose(r, CDP_EINVAL, 0, "of what kind the program is must be said");
    else if (cdp__remote_prepare(r) == 0)
        launch(r, opt, kind);
    rc = cdp__remote_wait(r, out);
    return rc == 0 && !r->t.driven ? settle(r, opt, out) : rc;
}
