/*
 * play.c - plays a scene with a program that speaks the protocol, and records what was said.
 *
 *     play SCENE OUT FOLDER PROGRAM [ARGUMENT...]
 *
 * PROGRAM is started in FOLDER.  A scene has a line for each step:
 *
 *     METHOD [PARAMS]           calls it and waits; the peer's refusal is an answer like any other
 *     send METHOD [PARAMS]      calls it, and does not wait
 *     wait EVENT                until one has come since the last call
 *     attach NAME $ID           a flat session;  worker NAME $ID: one with a worker of Node's
 *     use NAME                  what follows is for that session; "root" is the first
 *     settle                    until nothing has come for a moment
 *     cap EVENT N               records at most N of these (else MOST)
 *
 * "$NAME" in PARAMS is what a call or event before gave, as JSON: STEP >> NAME=PATH NAME=PATH...
 * $site is the text of the environment's SITE.
 * Long events, and those beyond the cap, are left out of the recording: what is there is whole.
 */
#include <cdp/record.h>
#include <cdp/remote.h>
#include <cdp/targets.h>
#include <cdp/value.h>

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 128, NAME = 96, MOST = 6, LONGEST = 24576, WAIT_MS = 10000, SETTLE_MS = 300 };

typedef struct text {
    char name[NAME];
    cdp_str *json; /* one cdp_free() */
} text;

/* Events of one name. */
typedef struct kind {
    text last;                   /* and its params */
    unsigned seen, written, cap; /* seen: since the last call */
} kind;

typedef struct play {
    FILE *out;
    const char *scene;
    unsigned line, pending, heard;
    cdp_session *root, *current;
    struct {
        char name[NAME];
        cdp_session *s;
    } sessions[ROOM];
    text vars[ROOM];
    kind kinds[ROOM];
} play;

static _Noreturn void fail(const play *p, const char *what, const char *why)
{
    fprintf(stderr, "%s:%u: %s: %s\n", p->scene, p->line, what, why ? why : "?");
    exit(1);
}

static kind *kind_of(play *p, const char *name, size_t n)
{
    for (kind *k = p->kinds; k < p->kinds + ROOM; k++) {
        if (!*k->last.name) {
            snprintf(k->last.name, sizeof k->last.name, "%.*s", (int)n, name);
            k->cap = MOST;
        }
        if (strlen(k->last.name) == n && memcmp(k->last.name, name, n) == 0)
            return k;
    }
    fail(p, "too many kinds of events", name);
}

static void keep(text *t, cdp_value v)
{
    cdp_free(t->json);
    t->json = NULL;
    if (v.ptr)
        cdp_value_text(v, &t->json);
}

/* ---- what is recorded -------------------------------------------------------- */

static int write_line(const char *line, size_t len, void *data)
{
    play *p = data;
    cdp_value method = cdp_value_path((cdp_value){ line, len, CDP_JSON }, "received.method");

    if (method.ptr) {
        kind *k = kind_of(p, method.ptr + 1, method.len - 2);
        if (len > LONGEST || k->written == k->cap)
            return 0;
        k->written++;
    }
    return fwrite(line, 1, len, p->out) == len ? 0 : CDP_EIO;
}

/* ---- steps -------------------------------------------------------------------- */

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    play *p = data;
    kind *k = kind_of(p, method.ptr, method.len);

    (void)s;
    k->seen++;
    p->heard++;
    keep(&k->last, *params);
}

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    play *p = data;

    (void)s;
    (void)err;
    (void)result;
    p->pending--;
}

/* "NAME=PATH NAME=PATH" of a value. */
static void capture(play *p, char *captures, cdp_value from)
{
    char *rest = NULL;

    for (char *w = strtok_r(captures, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        char *path = strchr(w, '=');
        text *t = p->vars;
        if (!path)
            fail(p, "NAME=PATH expected", w);
        *path++ = 0;
        while (*t->name && strcmp(t->name, w) != 0)
            t++;
        if (t + 1 == p->vars + ROOM)
            fail(p, "too many names", w);
        snprintf(t->name, sizeof t->name, "%s", w);
        keep(t, cdp_value_path(from, path));
    }
}

static const text *var(const play *p, const char *name, size_t n)
{
    for (const text *t = p->vars; *t->name; t++)
        if (strlen(t->name) == n && memcmp(t->name, name, n) == 0)
            return t;
    return NULL;
}

/* The same text with names replaced: by null where nothing was given.  malloc'd. */
static char *filled(play *p, const char *s)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);

    if (!f)
        fail(p, "out of memory", s);
    while (*s) {
        size_t n = *s == '$' ? strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        const text *t = n ? var(p, s + 1, n) : NULL;
        const char *site = n == 4 && memcmp(s + 1, "site", 4) == 0 ? getenv("SITE") : NULL;
        if (site)
            fputs(site, f);
        else if (n)
            fputs(t && t->json ? t->json->ptr : "null", f);
        else
            fwrite(s, 1, n + 1, f);
        s += n + 1;
    }
    fclose(f);
    return out;
}

static void call(play *p, char *step, char *captures, bool wait)
{
    char *params = strchr(step, ' ');
    cdp_value *result = NULL;
    int rc = 0;

    if (params)
        *params++ = 0;
    char *json = params ? filled(p, params) : NULL;
    for (kind *k = p->kinds; k < p->kinds + ROOM; k++)
        k->seen = 0;
    if (!wait && cdp_call_async(p->current, step, cdp_json(json), on_reply, p))
        p->pending++;
    else if (wait)
        rc = cdp_call(p->current, step, cdp_json(json), &result);
    if (rc < 0 && rc != CDP_EREMOTE)
        fail(p, step, cdp_last_error(p->current)->message.ptr);
    if (captures)
        capture(p, captures, result ? *result : (cdp_value){ 0 });
    cdp_free(result);
    free(json);
}

static void wait_for(play *p, const char *event, char *captures)
{
    kind *k = kind_of(p, event, strlen(event));

    for (int left = WAIT_MS; k->seen == 0; left -= 10) {
        if (left <= 0) {
            fprintf(stderr, "%s:%u: no %s\n", p->scene, p->line, event);
            return;
        }
        if (cdp_poll(p->root, 10) < 0)
            fail(p, event, cdp_last_error(p->root)->message.ptr);
    }
    k->seen = 0;
    if (captures)
        capture(p, captures, k->last.json ? cdp_json(k->last.json->ptr) : (cdp_value){ 0 });
}

static void settle(play *p)
{
    for (int quiet = 0, left = WAIT_MS; quiet < SETTLE_MS && left > 0; left -= 10) {
        unsigned before = p->heard;
        if (cdp_poll(p->root, 10) < 0)
            return;
        quiet = p->heard == before && p->pending == 0 ? quiet + 10 : 0;
    }
}

static cdp_session *session_of(play *p, const char *name)
{
    for (unsigned i = 0; i < ROOM && p->sessions[i].s; i++)
        if (strcmp(p->sessions[i].name, name) == 0)
            return p->sessions[i].s;
    fail(p, "no such session", name);
}

static void attach(play *p, char *step, bool worker)
{
    char name[NAME], id[NAME];
    unsigned i = 0;
    const text *t;

    if (sscanf(step, "%95s $%95s", name, id) != 2 || !(t = var(p, id, strlen(id))) || !t->json)
        fail(p, "NAME $ID expected", step);
    cdp_str inside = { t->json->ptr + 1, t->json->len - 2 };
    while (p->sessions[i].s)
        if (++i == ROOM)
            fail(p, "too many sessions", name);
    snprintf(p->sessions[i].name, sizeof p->sessions[i].name, "%s", name);
    if ((worker ? cdp_attach_worker(&p->sessions[i].s, p->current, inside)
                : cdp_attach(&p->sessions[i].s, p->current, inside)) < 0)
        fail(p, step, cdp_last_error(p->current)->message.ptr);
    cdp_on_any(p->sessions[i].s, on_event, p);
}

static void play_step(play *p, char *step)
{
    char *captures = strstr(step, " >> "), *rest = strchr(step, ' ');
    const size_t n = strcspn(step, " ");

    if (captures) {
        *captures = 0;
        captures += 4;
    }
    rest = rest ? rest + 1 : step + n;
    if (strncmp(step, "use ", 4) == 0)
        p->current = session_of(p, rest);
    else if (strncmp(step, "attach ", 7) == 0 || strncmp(step, "worker ", 7) == 0)
        attach(p, rest, *step == 'w');
    else if (strncmp(step, "wait ", 5) == 0)
        wait_for(p, rest, captures);
    else if (strncmp(step, "cap ", 4) == 0)
        kind_of(p, rest, strcspn(rest, " "))->cap = (unsigned)atoi(strrchr(rest, ' ') + 1);
    else if (strcmp(step, "settle") == 0)
        settle(p);
    else if (strncmp(step, "send ", 5) == 0)
        call(p, rest, captures, false);
    else
        call(p, step, captures, true);
}

static void play_scene(play *p)
{
    FILE *f = fopen(p->scene, "r");
    char *line = NULL;
    size_t room = 0;

    if (!f)
        fail(p, "cannot be read", p->scene);
    while (getline(&line, &room, f) > 0) {
        line[strcspn(line, "\n")] = 0;
        p->line++;
        if (*line && *line != '#')
            play_step(p, line);
    }
    free(line);
    fclose(f);
}

int main(int argc, char **argv)
{
    static play p;
    char part[4096]; /* a recording is there as a whole or not at all */

    if (argc < 5) {
        fprintf(stderr, "usage: play SCENE OUT FOLDER PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    const char **words = calloc((size_t)argc, sizeof *words);
    for (int i = 4; i < argc; i++)
        words[i - 4] = argv[i];
    p.scene = argv[1];
    snprintf(part, sizeof part, "%s.part", argv[2]);
    if (!(p.out = fopen(part, "w")))
        fail(&p, "cannot be written", part);
    int rc = cdp_launch(&p.root,
                        &(cdp_launch_options){ .argv = words, .cwd = argv[3], .quiet = true });
    if (rc < 0)
        fail(&p, words[0], cdp_last_error(p.root)->message.ptr);
    cdp_set_timeout(p.root, 0, WAIT_MS);
    p.current = p.root;
    p.sessions[0].s = p.root;
    snprintf(p.sessions[0].name, sizeof p.sessions[0].name, "root");
    cdp_on_any(p.root, on_event, &p);
    cdp_record_start(p.root, write_line, &p);
    play_scene(&p);
    settle(&p);
    rc = cdp_record_stop(p.root);
    cdp_close(p.root);
    for (text *t = p.vars; *t->name; t++)
        cdp_free(t->json);
    for (kind *k = p.kinds; k < p.kinds + ROOM; k++)
        cdp_free(k->last.json);
    free(words);
    return fclose(p.out) == 0 && rc == 0 && rename(part, argv[2]) == 0 ? 0 : 1;
}
