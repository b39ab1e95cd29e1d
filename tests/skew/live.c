/* live.c - see live.h. */
#include "live.h"

#include <cdp/record.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CHILDREN = 16, EVENTS = 256 };

typedef struct live live;

/* A session below the root, until its target is gone. */
typedef struct child {
    cdp_session *s;
    char id[96];
    bool gone;
} child;

/* A call in flight, or a kind of event, and what it is by the tables. */
typedef struct slot {
    live *live;
    const cdp__domain *d;
    const cdp__type *type; /* NULL: by name */
    const char *line;      /* of a call: its reply is looked for behind it */
    char method[128];
} slot;

struct live {
    cdp_session *root;
    child children[CHILDREN];
    unsigned n_children;
    slot events[EVENTS];
    unsigned n_events;
    bool typed;
    const char *text, *end; /* the recording */
    const char *next;       /* the line that is received next */
    const char *line;       /* the one that is being received */
    unsigned received, delivered, calls, ended;
};

/* ---- lines ---------------------------------------------------------------- */

static const char *line_end(const live *l, const char *line)
{
    const char *newline = memchr(line, '\n', (size_t)(l->end - line));

    return newline ? newline : l->end;
}

static const char *behind(const live *l, const char *line)
{
    const char *end = line_end(l, line);

    return end < l->end ? end + 1 : l->end;
}

static cdp_value part(const live *l, const char *line, const char *path)
{
    return cdp_value_path((cdp_value){ line, (size_t)(line_end(l, line) - line), CDP_JSON }, path);
}

static void plain(cdp_value v, char *out, size_t size)
{
    snprintf(out, size, "%.*s", v.len > 2 ? (int)v.len - 2 : 0, v.ptr ? v.ptr + 1 : "");
}

/* The callback that a stub would hand on to its trampoline, which here does all by itself. */
static void nobody(void)
{
}

/* ---- what arrives --------------------------------------------------------- */

static void same(const slot *s, cdp_value got, cdp_value want)
{
    if (!want.ptr) /* "params" may be left out */
        want = cdp_json("{}");
    if (!cdp_value_equal(got.ptr ? got : cdp_json("{}"), want))
        fail_msg("%s: %.*s\nand not %.*s", s->method, (int)got.len, got.ptr, (int)want.len,
                 want.ptr);
}

/* A struct says what was recorded. */
static void same_struct(const slot *s, const void *msg, cdp_value want)
{
    cdp__fault f;
    size_t n;
    char *json;

    if (help_encode(s->d, s->type, msg, CDP_JSON, false, &json, &n, &f) < 0)
        fail_msg("%s: %s (%s)", s->method, f.why, cdp__fault_path(&f));
    same(s, (cdp_value){ json, n, CDP_JSON }, want);
    free(json);
}

static void on_trace(cdp_session *root, bool sent, cdp_value message, void *data)
{
    live *l = data;

    (void)root;
    (void)message;
    if (sent)
        return;
    while (l->next < l->end && !part(l, l->next, "received").ptr)
        l->next = behind(l, l->next);
    assert_true(l->next < l->end);
    l->line = l->next;
    l->next = behind(l, l->next);
    l->received++;
}

static void on_event(cdp_session *s, cdp_str method, const cdp_value *params, void *data)
{
    live *l = data;
    slot by_name = { .live = l };

    (void)s;
    snprintf(by_name.method, sizeof by_name.method, "%.*s", (int)method.len, method.ptr);
    assert_true(cdp_value_str_eq(part(l, l->line, "received.method"), by_name.method));
    same(&by_name, *params, part(l, l->line, "received.params"));
    l->delivered++;
}

static void on_typed_event(cdp_session *s, const cdp_error *err, const void *msg, cdp__fn *cb,
                           void *data)
{
    slot *e = data;
    live *l = e->live;

    (void)s;
    (void)cb;
    assert_null(err);
    assert_true(cdp_value_str_eq(part(l, l->line, "received.method"), e->method));
    if (e->type)
        same_struct(e, msg, part(l, l->line, "received.params"));
    l->delivered++;
}

/* The line that answers a call: of its id and session. */
static const char *answer_to(const live *l, const slot *call)
{
    cdp_value id = part(l, call->line, "sent.id"), session = part(l, call->line, "sent.sessionId");

    for (const char *line = behind(l, call->line); line < l->end; line = behind(l, line)) {
        if (!part(l, line, "received.method").ptr &&
            cdp_value_equal(part(l, line, "received.id"), id) &&
            cdp_value_equal(part(l, line, "received.sessionId"), session))
            return line;
    }
    return NULL;
}

static void check_reply(slot *call, const cdp_error *err, const cdp_value *result, const void *msg)
{
    live *l = call->live;
    const char *answer = answer_to(l, call);
    cdp_value recorded = answer ? part(l, answer, "received.result") : (cdp_value){ 0 };

    l->ended++;
    if (err && err->status == CDP_EREMOTE) {
        assert_non_null(answer);
        assert_int_equal(err->remote_code,
                         cdp_value_int(part(l, answer, "received.error.code"), 1));
    } else if (err) { /* its target or the recording ended before */
        if (err->status != CDP_ECLOSED && err->status != CDP_EIO)
            fail_msg("%s: %s", call->method, err->message.ptr);
    } else if (result) {
        same(call, *result, recorded);
    } else if (call->type) {
        same_struct(call, msg, recorded);
    }
    free(call);
}

static void on_reply(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    check_reply(data, err, result, NULL);
}

static void on_typed_reply(cdp_session *s, const cdp_error *err, const void *msg, cdp__fn *cb,
                           void *data)
{
    (void)s;
    (void)cb;
    check_reply(data, err, NULL, msg);
}

/* ---- what is sent ----------------------------------------------------------- */

static bool find(const char *method, bool event, const cdp__domain **d, unsigned *i)
{
    for (const cdp__domain *const *at = cdp__protocol; *at; at++)
        for (*d = *at, *i = 0; *i < (event ? (*at)->n_events : (*at)->n_commands); ++*i) {
            uint16_t name = event ? (*at)->events[*i].name : (*at)->commands[*i].name;
            uint8_t len = event ? (*at)->events[*i].name_len : (*at)->commands[*i].name_len;
            if (cdp_str_eq(cdp_sn((*at)->names + name, len), cdp_s(method)))
                return true;
        }
    return false;
}

static const cdp__type *type_at(const cdp__domain *d, unsigned i)
{
    return i == CDP__NONE ? NULL : &d->types[i];
}

/* Every event of the recording, by its struct where there is one. */
static void subscribe(live *l, cdp_session *s)
{
    if (!l->typed) {
        assert_int_not_equal(cdp_on_any(s, on_event, l), 0);
        return;
    }
    for (slot *e = l->events; e < l->events + l->n_events; e++) {
        const cdp__domain *d;
        unsigned i;
        if (find(e->method, true, &d, &i))
            assert_int_not_equal(cdp__on(s, d, i, on_typed_event, nobody, e), 0);
        else
            assert_int_not_equal(cdp_on(s, e->method, on_event, l), 0);
    }
}

static void list_events(live *l)
{
    for (const char *line = l->text; line < l->end; line = behind(l, line)) {
        slot e = { .live = l };
        const cdp__domain *d;
        unsigned i, k = 0;
        plain(part(l, line, "received.method"), e.method, sizeof e.method);
        while (k < l->n_events && strcmp(l->events[k].method, e.method) != 0)
            k++;
        if (!*e.method || k < l->n_events)
            continue;
        assert_true(k < EVENTS);
        if (find(e.method, true, &d, &i)) {
            e.d = d;
            e.type = type_at(d, d->events[i].params);
        }
        l->events[l->n_events++] = e;
    }
}

static void on_lost(cdp_session *s, const cdp_error *why, void *data)
{
    (void)s;
    (void)why;
    ((child *)data)->gone = true;
}

/* The session that a line is of; NULL: it is gone. */
static cdp_session *session_of(live *l, cdp_value id)
{
    char text[96];
    unsigned i = 0;

    if (!id.ptr)
        return l->root;
    plain(id, text, sizeof text);
    while (i < l->n_children && strcmp(l->children[i].id, text) != 0)
        i++;
    child *c = &l->children[i];
    if (i == l->n_children) {
        assert_true(i < CHILDREN);
        l->n_children++;
        strcpy(c->id, text);
        assert_int_equal(cdp_attach(&c->s, l->root, cdp_s(text)), 0);
        cdp_set_lost(c->s, on_lost, c);
        subscribe(l, c->s);
    }
    return c->gone ? NULL : c->s;
}

static void send_typed(cdp_session *s, slot *call, unsigned command, cdp_value params)
{
    const cdp__type *type = type_at(call->d, call->d->commands[command].params);
    cdp__fault f;
    void *in = NULL;

    if (type && params.ptr)
        assert_int_equal(help_receive(call->d, type, params.ptr, params.len, CDP_JSON, &in, &f), 0);
    assert_int_not_equal(cdp__async(s, call->d, command, in, on_typed_reply, nobody, call), 0);
    cdp_free(in);
}

static void send_line(live *l, const char *line)
{
    cdp_session *s = session_of(l, part(l, line, "sent.sessionId"));
    cdp_value params = part(l, line, "sent.params");
    slot *call = calloc(1, sizeof *call);
    unsigned i;

    call->live = l;
    call->line = line;
    plain(part(l, line, "sent.method"), call->method, sizeof call->method);
    if (!s) {
        free(call);
        return;
    }
    l->calls++;
    /* parameters of a command that has none here go by name */
    if (l->typed && find(call->method, false, &call->d, &i) &&
        (!params.ptr || type_at(call->d, call->d->commands[i].params))) {
        call->type = type_at(call->d, call->d->commands[i].result);
        send_typed(s, call, i, params);
    } else {
        assert_int_not_equal(cdp_call_async(s, call->method, params, on_reply, call), 0);
    }
}

/* Children must be there before what is for them comes. */
static void receive_line(live *l, const char *line)
{
    unsigned before = l->received;

    session_of(l, part(l, line, "received.sessionId"));
    for (int left = 100; l->received == before && left > 0; left--)
        assert_int_equal(cdp_poll(l->root, 0), 0);
    assert_int_equal(l->received, before + 1);
}

void live_play(const traffic_source *source, bool typed)
{
    live *l = calloc(1, sizeof *l);
    unsigned events = 0;
    size_t n;
    char *text = help_file(source->path, &n);
    cdp_str *why = NULL;

    l->typed = typed;
    l->text = l->next = text;
    l->end = text + n;
    list_events(l);
    if (cdp_replay_open(&l->root, cdp_sn(text, n), NULL, &why) < 0)
        fail_msg("%s: %s", source->path, why ? why->ptr : "?");
    cdp_set_trace(l->root, on_trace, l);
    subscribe(l, l->root);
    for (const char *line = l->text; line < l->end; line = behind(l, line)) {
        if (part(l, line, "sent").ptr)
            send_line(l, line);
        else if (part(l, line, "received").ptr)
            receive_line(l, line);
        events += part(l, line, "received.method").ptr != NULL;
    }
    assert_int_equal(l->delivered, events);
    cdp_close(l->root);
    assert_int_equal(l->ended, l->calls);
    free(l);
    free(text);
}
