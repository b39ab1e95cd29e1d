/*
 * replay.c - a session that goes through a recording: see <cdp/record.h>.
 *
 * Each line is an entry, and done once it was sent, delivered, or found to be of no use.  What was
 * received is delivered in its order, and no earlier than all that was sent before it; unless what
 * was sent may be left out, or the order is lenient, and it leads up to a reply that somebody waits
 * for.
 */
#include <cdp/record.h>
#include <cdp/value.h>

#include "session.h"
#include "wait.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum kind {
    COMMAND, /* sent */
    REPLY,   /* to a command */
    MESSAGE, /* any other that was received */
    BYTES    /* what is none */
} kind;

typedef struct entry {
    cdp_value message;
    uint64_t ms;
    kind kind;
    bool done;
    bool answered;  /* a command: there is a reply to it */
    int32_t id;     /* of a command: in the recording, then in this session */
    size_t command; /* of a reply: its entry */
} entry;

typedef struct replay {
    cdp__transport t; /* first */
    cdp__pool *pool;  /* for the allocator */
    unsigned refs;
    bool delays, lenient, partial;
    char *text;
    size_t len;     /* at least 1 */
    entry *entries; /* of the lines from the second on */
    size_t n, room, first;
    size_t passed; /* partial: before it nothing is to be delivered, unless another command comes */
    size_t owed;   /* replies to commands that were sent */
    uint64_t ms, at; /* when the last thing was in the recording, and here */
    char why[128];
    pthread_mutex_t lock; /* guards woken */
    pthread_cond_t wake;
    bool woken;
} replay;

/* The members of a message, raw. */
typedef struct parts {
    cdp_value id, method, params, session_id;
} parts;

static parts parts_of(cdp_value message)
{
    cdp_cursor c = cdp_cursor_begin(message);
    parts p = { .id = { 0 } };

    while (cdp_cursor_next(&c)) {
        if (cdp_value_str_eq(c.key, "id"))
            p.id = c.value;
        else if (cdp_value_str_eq(c.key, "method"))
            p.method = c.value;
        else if (cdp_value_str_eq(c.key, "params"))
            p.params = c.value;
        else if (cdp_value_str_eq(c.key, "sessionId"))
            p.session_id = c.value;
    }
    if (!p.params.ptr)
        p.params = cdp_json("{}"); /* the same, to a peer */
    return p;
}

static size_t line_of(const replay *r, const entry *e)
{
    return (size_t)(e - r->entries) + 2;
}

/* ---- memory -------------------------------------------------------------- */

static void unref(replay *r)
{
    if (--r->refs)
        return;
    cdp__pool *pool = r->pool;
    const cdp_allocator *a = cdp__pool_allocator(pool);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    cdp__dealloc(a, r->entries, r->room * sizeof *r->entries);
    cdp__dealloc(a, r->text, r->len);
    cdp__dealloc(a, r, sizeof *r);
    cdp__pool_unref(pool);
}

/* ---- reading a recording ------------------------------------------------ */

static int malformed(replay *r, size_t line, const char *what)
{
    snprintf(r->why, sizeof r->why, "line %zu: %s", line, what);
    return CDP_EINVAL;
}

/* Finds what a reply is to: it was sent last with that id, and has none yet. */
static void pair_reply(replay *r, entry *e, int32_t id)
{
    e->done = true; /* unless it has its command */
    for (size_t i = r->n; i-- > 0;) {
        entry *c = &r->entries[i];
        if (c->kind != COMMAND || c->id != id || c->answered)
            continue;
        c->answered = true;
        e->kind = REPLY;
        e->command = i;
        e->done = false;
        return;
    }
}

static int classify(replay *r, entry *e, size_t line, bool sent)
{
    const cdp_value_type type = cdp_value_typeof(e->message);
    const int64_t none = INT64_MIN;

    if (type == CDP_VALUE_STRING) {
        e->kind = BYTES;
        e->done = sent;
        return 0;
    }
    if (type != CDP_VALUE_OBJECT)
        return malformed(r, line, "a message is an object, or a string");
    parts p = parts_of(e->message);
    int64_t id = cdp_value_int(p.id, none);
    bool has_id = id >= INT32_MIN && id <= INT32_MAX;
    e->kind = MESSAGE;
    if (sent && p.method.ptr && has_id) {
        e->kind = COMMAND;
        e->id = (int32_t)id;
    } else if (sent) {
        e->done = true; /* a reply or an event of ours */
    } else if (!p.method.ptr && has_id) {
        pair_reply(r, e, (int32_t)id);
    }
    return 0;
}

static int read_line(replay *r, const char *p, size_t n, size_t line)
{
    cdp_cursor c = cdp_cursor_begin((cdp_value){ p, n, CDP_JSON });
    entry e = { .kind = MESSAGE };
    int directions = 0;
    bool sent = false;
    double ms = -1;

    while (cdp_cursor_next(&c)) {
        bool out = cdp_value_str_eq(c.key, "sent");
        if (out || cdp_value_str_eq(c.key, "received")) {
            directions++;
            sent = out;
            e.message = c.value;
        } else if (cdp_value_str_eq(c.key, "ms")) {
            ms = cdp_value_num(c.value, -1);
        }
    }
    if (c.error || c.kind != '{')
        return malformed(r, line, "not a JSON object");
    if (directions != 1)
        return malformed(r, line, "either sent or received is needed");
    if (!(ms >= 0 && ms < 1e15))
        return malformed(r, line, "ms is no time");
    e.ms = (uint64_t)ms;
    int rc = classify(r, &e, line, sent);
    if (rc == 0)
        r->entries[r->n++] = e;
    return rc;
}

static int read_head(replay *r, const char *p, size_t n)
{
    cdp_value head = { p, n, CDP_JSON };
    int64_t version = cdp_value_int(cdp_value_get(head, "recording"), 0);

    if (version == 0)
        return malformed(r, 1, "not a recording");
    return version == 1 ? 0 : malformed(r, 1, "a recording of another version");
}

static size_t count_lines(const char *p, const char *end)
{
    size_t n = 0;

    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        n++;
        p++;
    }
    return n;
}

static int read_recording(replay *r)
{
    const char *p = r->text, *end = p + r->len;
    int rc = 0;

    for (size_t line = 1; rc == 0 && (p < end || line == 1); line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((stop ? stop : end) - p);
        rc = line == 1 ? read_head(r, p, n) : read_line(r, p, n, line);
        if (!stop && (rc == 0 || line > 1))
            rc = malformed(r, line, "it is cut off");
        p = stop ? stop + 1 : end;
    }
    return rc;
}

/* ---- sending ------------------------------------------------------------- */

static bool is_same(const parts *a, const parts *b)
{
    return cdp_value_equal(a->method, b->method) && cdp_value_equal(a->params, b->params) &&
           cdp_value_equal(a->session_id, b->session_id);
}

/* The first command that is left; with a method: of that, if there is one. */
static entry *next_command(replay *r, const cdp_value *method)
{
    entry *first = NULL;

    for (size_t i = r->first; i < r->n; i++) {
        entry *e = &r->entries[i];
        if (e->kind != COMMAND || e->done)
            continue;
        if (!method)
            return e;
        if (cdp_value_equal(parts_of(e->message).method, *method))
            return e;
        first = first ? first : e;
    }
    return first;
}

static entry *match(replay *r, const parts *sent)
{
    for (size_t i = r->first; i < r->n; i++) {
        entry *e = &r->entries[i];
        if (e->kind != COMMAND || e->done)
            continue;
        parts p = parts_of(e->message);
        if (is_same(&p, sent))
            return e;
        if (!r->lenient)
            return NULL;
    }
    return NULL;
}

/* What is sent is not expected: says what is. */
static void explain(replay *r, const parts *sent, char *text, size_t size)
{
    enum { MOST = 64 };
    const entry *e = next_command(r, r->lenient ? &sent->method : NULL);
    const parts p = e ? parts_of(e->message) : (parts){ .id = { 0 } };
    const bool same = cdp_value_equal(p.method, sent->method);
    int n = snprintf(text, size, "%.*s is not in the recording",
                     (int)(sent->method.len < MOST ? sent->method.len : MOST), sent->method.ptr);

    if (!e)
        snprintf(text + n, size - (size_t)n, ", which has no more commands");
    else if (same)
        snprintf(text + n, size - (size_t)n, ", which has it with %s (line %zu)",
                 cdp_value_equal(p.params, sent->params) ? "another sessionId" : "other params",
                 line_of(r, e));
    else
        snprintf(text + n, size - (size_t)n, ", which has %.*s (line %zu)",
                 (int)(p.method.len < MOST ? p.method.len : MOST), p.method.ptr, line_of(r, e));
}

static int refuse(replay *r, int32_t id, const parts *sent)
{
    cdp__buf out = { .allocator = cdp__pool_allocator(r->pool) };
    char text[256];

    explain(r, sent, text, sizeof text);
    int rc = cdp__write_message(&out, CDP_JSON,
                                &(cdp__outgoing){ .has_id = true,
                                                  .id = id,
                                                  .code = CDP_SERVER_ERROR,
                                                  .error = text,
                                                  .max_depth = CDP__DEPTH });
    if (rc == 0)
        rc = cdp__receive(r->t.owner, out.ptr, out.len);
    cdp__buf_free(&out);
    return rc;
}

static void done(replay *r, entry *e)
{
    e->done = true;
    r->ms = e->ms;
    r->at = cdp__now();
    while (r->first < r->n && r->entries[r->first].done)
        r->first++;
}

static int replay_send(cdp__transport *t, const void *bytes, size_t len)
{
    replay *r = (replay *)t;
    parts sent = parts_of((cdp_value){ bytes, len, CDP_JSON });
    const int32_t id = (int32_t)cdp_value_int(sent.id, 0);
    int rc = 0;

    if (!sent.method.ptr || !sent.id.ptr)
        return 0; /* nobody listens to these */
    entry *e = match(r, &sent);
    r->refs++; /* whoever looks on may close it */
    if (e) {
        e->id = id;
        r->owed += e->answered;
        r->passed = 0;
        done(r, e);
    } else {
        rc = refuse(r, id, &sent);
    }
    unref(r);
    return rc;
}

/* ---- receiving ----------------------------------------------------------- */

static entry *next_to_deliver(replay *r)
{
    size_t i = r->partial && r->passed > r->first ? r->passed : r->first;

    for (; i < r->n; i++) {
        entry *e = &r->entries[i];
        if (e->done)
            continue;
        if (e->kind == COMMAND && !(r->lenient && r->owed) && !r->partial)
            return NULL;
        if (e->kind == COMMAND || (e->kind == REPLY && !r->entries[e->command].done))
            continue;
        break;
    }
    r->passed = i;
    return i < r->n ? &r->entries[i] : NULL;
}

static void deliver_bytes(replay *r, const entry *e)
{
    const cdp_allocator *a = cdp__pool_allocator(r->pool);
    const size_t n = e->message.len / 4 * 3 + 3;
    uint8_t *bytes = cdp__alloc(a, n);
    size_t got = bytes ? cdp__base64_decode(bytes, e->message.ptr + 1, e->message.len - 2) : 0;

    if (!bytes)
        cdp__lost(r->t.owner, CDP_ENOMEM, 0, NULL);
    else if (got != SIZE_MAX)
        cdp__receive(r->t.owner, bytes, got);
    cdp__dealloc(a, bytes, n);
}

/* The same with the id that the command had this time. */
static void deliver_reply(replay *r, const entry *e)
{
    cdp__buf out = { .allocator = cdp__pool_allocator(r->pool) };
    cdp_cursor c = cdp_cursor_begin(e->message);
    char head[32];
    int n = snprintf(head, sizeof head, "{\"id\":%d", (int)r->entries[e->command].id);

    cdp__buf_put(&out, head, (size_t)n);
    while (cdp_cursor_next(&c)) {
        if (cdp_value_str_eq(c.key, "id"))
            continue;
        cdp__buf_byte(&out, ',');
        cdp__buf_put(&out, c.key.ptr, c.key.len);
        cdp__buf_byte(&out, ':');
        cdp__buf_put(&out, c.value.ptr, c.value.len);
    }
    cdp__buf_byte(&out, '}');
    if (out.failed)
        cdp__lost(r->t.owner, CDP_ENOMEM, 0, NULL);
    else
        cdp__receive(r->t.owner, out.ptr, out.len);
    cdp__buf_free(&out);
}

static void deliver(replay *r, entry *e)
{
    done(r, e);
    if (e->kind == REPLY) {
        r->owed--;
        deliver_reply(r, e);
    } else if (e->kind == BYTES) {
        deliver_bytes(r, e);
    } else {
        cdp__receive(r->t.owner, e->message.ptr, e->message.len);
    }
}

/* Milliseconds until e is due. */
static int time_left(const replay *r, const entry *e)
{
    uint64_t due = r->at + (e->ms > r->ms ? e->ms - r->ms : 0), now = cdp__now();

    if (!r->delays || due <= now)
        return 0;
    return due - now > INT32_MAX ? INT32_MAX : (int)(due - now);
}

static int replay_poll(cdp__transport *t, int timeout_ms)
{
    replay *r = (replay *)t;
    entry *e = next_to_deliver(r);
    int left = e ? time_left(r, e) : -1;

    if (e && left == 0) {
        r->refs++; /* callbacks may close it */
        deliver(r, e);
        unref(r);
    } else if (timeout_ms != 0 && (r->first == r->n || (r->partial && !e))) {
        t->why = "the recording ends here";
        return CDP_ECLOSED;
    } else if (timeout_ms != 0) {
        cdp__await(&r->lock, &r->wake, &r->woken,
                   left >= 0 && (timeout_ms < 0 || left < timeout_ms) ? left : timeout_ms);
    }
    return 0;
}

static void replay_wake(cdp__transport *t)
{
    replay *r = (replay *)t;

    pthread_mutex_lock(&r->lock);
    r->woken = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static void replay_close(cdp__transport *t)
{
    unref((replay *)t);
}

/* ---- the API ------------------------------------------------------------- */

static replay *new_replay(cdp_str recording, const cdp_replay_options *opt)
{
    static const cdp__transport_ops ops = {
        .send = replay_send, .poll = replay_poll, .wake = replay_wake, .close = replay_close
    };
    cdp__pool *pool = cdp__pool_new(opt ? opt->session.allocator : NULL);
    const cdp_allocator *a = pool ? cdp__pool_allocator(pool) : NULL;
    replay *r = pool ? cdp__alloc(a, sizeof *r) : NULL;

    if (!r) {
        if (pool)
            cdp__pool_unref(pool);
        return NULL;
    }
    memset(r, 0, sizeof *r);
    r->t = (cdp__transport){ .ops = &ops, .wire = CDP_JSON, .direct = true };
    r->pool = pool;
    r->refs = 1;
    r->delays = opt && opt->delays;
    r->lenient = opt && opt->lenient;
    r->partial = opt && opt->partial;
    r->at = cdp__now();
    pthread_mutex_init(&r->lock, NULL);
    cdp__cond_init(&r->wake);
    r->room = count_lines(recording.ptr, recording.ptr + recording.len) + 1;
    r->len = recording.len ? recording.len : 1;
    r->entries = r->room < SIZE_MAX / sizeof *r->entries
                     ? cdp__alloc(a, r->room * sizeof *r->entries)
                     : NULL;
    r->text = cdp__alloc(a, r->len);
    if (!r->entries || !r->text) {
        unref(r);
        return NULL;
    }
    r->text[0] = 0;
    if (recording.len)
        memcpy(r->text, recording.ptr, recording.len);
    return r;
}

int cdp_replay_open(cdp_session **out, cdp_str recording, const cdp_replay_options *opt,
                    cdp_str **why)
{
    replay *r = new_replay(recording, opt);
    int rc = r ? read_recording(r) : CDP_ENOMEM;

    *out = NULL;
    if (why)
        *why = NULL;
    if (rc == 0)
        return cdp__open(out, &r->t, opt ? &opt->session : NULL);
    if (r && why)
        *why = cdp__new_text(r->why, strlen(r->why));
    if (r)
        unref(r);
    return rc;
}
