/*
 * resume.c - see resume.h.
 *
 * A note is a command that stands: what it asked for holds until the session ends, or another
 * command takes it back.  It is made when the command is sent, counts once the peer has answered
 * with success, and keeps its place when the same is said again.  Commands that start something, or
 * that name an object of the peer's, are none.
 */
#include "resume.h"

#include <cdp/value.h>

enum { DELAY_MS = 100, MOST_MS = 10000 };

/* ---- what stands, and what ends it ----------------------------------------------- */

/* Commands stand by `X.enable` and `X.setY` in general, the last of each; these are told apart by
 * more than their names, or end by more than `X.disable` and `X.clearY`. */
typedef struct rule {
    const char *method;
    const char *apart; /* the member by which several stand; "": all params; NULL: one stands */
    const char *end;   /* the command that ends it, or NULL */
    const char *id;    /* the member of its result by which that names it; NULL: `apart` is */
    bool stays;        /* X.disable does not end it */
} rule;

static const rule rules[] = {
    { .method = "Browser.setPermission", .apart = "" },
    { .method = "Debugger.setBreakpointByUrl",
      .apart = "",
      .end = "Debugger.removeBreakpoint",
      .id = "breakpointId" },
    { .method = "Debugger.setInstrumentationBreakpoint",
      .apart = "",
      .end = "Debugger.removeBreakpoint",
      .id = "breakpointId" },
    { .method = "DOMDebugger.setEventListenerBreakpoint",
      .apart = "",
      .end = "DOMDebugger.removeEventListenerBreakpoint" },
    { .method = "DOMDebugger.setInstrumentationBreakpoint",
      .apart = "",
      .end = "DOMDebugger.removeInstrumentationBreakpoint" },
    { .method = "DOMDebugger.setXHRBreakpoint",
      .apart = "",
      .end = "DOMDebugger.removeXHRBreakpoint" },
    { .method = "Emulation.setPressureSourceOverrideEnabled", .apart = "source" },
    { .method = "Emulation.setSensorOverrideEnabled", .apart = "type" },
    { .method = "Emulation.setSensorOverrideReadings", .apart = "type" },
    /* whose timezoneId is no object's */
    { .method = "Emulation.setTimezoneOverride" },
    { .method = "EventBreakpoints.setInstrumentationBreakpoint",
      .apart = "",
      .end = "EventBreakpoints.removeInstrumentationBreakpoint" },
    { .method = "Network.emulateNetworkConditions" },
    { .method = "Page.addScriptToEvaluateOnNewDocument",
      .apart = "",
      .end = "Page.removeScriptToEvaluateOnNewDocument",
      .id = "identifier" },
    { .method = "Runtime.addBinding",
      .apart = "name",
      .end = "Runtime.removeBinding",
      .stays = true },
    { .method = "Storage.setStorageBucketTracking", .apart = "storageKey" },
};

/* Setters that act once, or name objects deeper than is looked. */
static const char *const acts[] = {
    "Animation.setPaused",
    "CSS.setStyleTexts",
    "Debugger.setBreakpoint",
    "Debugger.setReturnValue",
    "Emulation.setVirtualTimePolicy",
    "Network.setCookie",
    "Network.setCookies",
    "Storage.setCookies",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const rule *find_rule(cdp_str method)
{
    for (size_t i = 0; i < COUNT(rules); i++)
        if (cdp_str_eq(method, cdp_s(rules[i].method)))
            return &rules[i];
    return NULL;
}

static bool starts(cdp_str s, const char *with)
{
    const size_t n = strlen(with);

    return s.len >= n && memcmp(s.ptr, with, n) == 0;
}

static cdp_str verb_of(cdp_str method)
{
    const char *dot = method.len ? memchr(method.ptr, '.', method.len) : NULL;

    return dot ? cdp_sn(dot + 1, (size_t)(method.ptr + method.len - dot) - 1) : cdp_sn("", 0);
}

/* A string's text as it stands, which is what it means where it holds no escapes. */
static cdp_str raw(cdp_value v)
{
    return v.ptr && v.len >= 2 && *v.ptr == '"' ? cdp_sn(v.ptr + 1, v.len - 2) : (cdp_str){ 0 };
}

/* Nodes, scripts, frames: what a peer names by an id is not there in the next. */
static bool names_objects(cdp_value params)
{
    cdp_cursor c = cdp_cursor_begin(params);

    while (cdp_cursor_next(&c)) {
        cdp_str key = raw(c.key);
        const char *end = key.ptr + key.len;
        if (cdp_str_eq(key, cdp_s("id")) || (key.len > 2 && memcmp(end - 2, "Id", 2) == 0) ||
            (key.len > 3 && memcmp(end - 3, "Ids", 3) == 0))
            return true;
    }
    return false;
}

static bool stands(cdp_str method, cdp_value params)
{
    cdp_str verb = verb_of(method);

    if (find_rule(method) || cdp_str_eq(verb, cdp_s("enable")))
        return true;
    if (!starts(verb, "set") || names_objects(params))
        return false;
    for (size_t i = 0; i < COUNT(acts); i++)
        if (cdp_str_eq(method, cdp_s(acts[i])))
            return false;
    return true;
}

static bool may_end(cdp_str method)
{
    cdp_str verb = verb_of(method);

    return cdp_str_eq(verb, cdp_s("disable")) || starts(verb, "clear") || starts(verb, "remove");
}

/* ---- notes ------------------------------------------------------------------------- */

typedef struct note {
    struct note *next;
    uint32_t id; /* of the call whose reply is awaited, or 0 */
    size_t size;
    cdp_str method;   /* with a NUL behind it */
    cdp_value params; /* absent: none; likewise */
    char *result_id;  /* JSON text, or NULL */
    size_t result_size;
    char bytes[];
} note;

typedef struct kept {
    struct kept *next;
    size_t len;
    char text[];
} kept;

struct cdp__resume {
    cdp__companion base;
    uv_timer_t timer;
    note *asked; /* not answered yet, newest first */
    note *said, **said_end;
    kept *kept, **kept_end;
    size_t n_kept;  /* bytes */
    uint32_t fails; /* in a row */
    bool was_open, waits;
};

static void note_free(const cdp_allocator *a, note *n)
{
    cdp__dealloc(a, n->result_id, n->result_size);
    cdp__dealloc(a, n, n->size);
}

static note *note_new(const cdp_allocator *a, uint32_t id, cdp_str method, cdp_value params)
{
    const size_t size = sizeof(note) + method.len + params.len + 2;
    note *n = cdp__alloc(a, size);

    if (!n)
        return NULL;
    memset(n, 0, size);
    n->id = id;
    n->size = size;
    memcpy(n->bytes, method.ptr, method.len);
    n->method = cdp_sn(n->bytes, method.len);
    char *p = n->bytes + method.len + 1;
    if (params.ptr) {
        memcpy(p, params.ptr, params.len);
        n->params = (cdp_value){ p, params.len, CDP_JSON };
    }
    return n;
}

static bool same(cdp_value a, cdp_value b)
{
    return cdp_str_eq(cdp_sn(a.ptr, a.len), cdp_sn(b.ptr, b.len));
}

static bool same_place(const note *a, const note *b, const char *apart)
{
    return !apart    ? true
           : !*apart ? same(a->params, b->params)
                     : same(cdp_value_get(a->params, apart), cdp_value_get(b->params, apart));
}

static bool replaces(const note *by, const note *n)
{
    const rule *r = find_rule(n->method);

    return cdp_str_eq(by->method, n->method) && same_place(by, n, r ? r->apart : NULL);
}

static bool ends(const note *by, const note *n)
{
    const rule *r = find_rule(n->method);
    cdp_str verb = verb_of(by->method), of = verb_of(n->method);
    const size_t domain = by->method.len - verb.len;

    if (r && r->end && cdp_str_eq(by->method, cdp_s(r->end))) {
        cdp_value id = r->id ? cdp_value_get(by->params, r->id) : (cdp_value){ 0 };
        return r->id ? n->result_id && cdp_str_eq(cdp_s(n->result_id), cdp_sn(id.ptr, id.len))
                     : same_place(by, n, r->apart);
    }
    if (n->method.len - of.len != domain || memcmp(by->method.ptr, n->method.ptr, domain) != 0)
        return false;
    return (cdp_str_eq(verb, cdp_s("disable")) && !(r && r->stays)) ||
           (starts(verb, "clear") && starts(of, "set") &&
            cdp_str_eq(cdp_sn(verb.ptr + 5, verb.len - 5), cdp_sn(of.ptr + 3, of.len - 3)));
}

/* Takes n out of said; the place it had. */
static note **take_out(cdp__resume *m, note **link)
{
    note *n = *link;

    if (!(*link = n->next))
        m->said_end = link;
    note_free(m->base.remote->allocator, n);
    return link;
}

static void end_others(cdp__resume *m, const note *by)
{
    for (note **link = &m->said; *link;)
        link = ends(by, *link) ? take_out(m, link) : &(*link)->next;
}

static void put(cdp__resume *m, note *n)
{
    note **link = &m->said;

    while (*link && !replaces(n, *link))
        link = &(*link)->next;
    if (*link)
        link = take_out(m, link);
    if (!(n->next = *link))
        m->said_end = &n->next;
    *link = n;
}

static void forget_asked(cdp__resume *m)
{
    for (note *n; (n = m->asked);) {
        m->asked = n->next;
        note_free(m->base.remote->allocator, n);
    }
}

/* ---- what passes --------------------------------------------------------------------- */

static int keep(cdp__resume *m, const char *text, size_t len)
{
    kept *k = cdp__alloc(m->base.remote->allocator, sizeof *k + len);

    if (!k)
        return CDP_ENOMEM;
    k->next = NULL;
    k->len = len;
    memcpy(k->text, text, len);
    *m->kept_end = k;
    m->kept_end = &k->next;
    m->n_kept += len;
    return 1;
}

static kept *take_kept(cdp__resume *m)
{
    kept *k = m->kept;

    if (!k)
        return NULL;
    if (!(m->kept = k->next))
        m->kept_end = &m->kept;
    m->n_kept -= k->len;
    return k;
}

int cdp__resume_sent(cdp__resume *m, const char *text, size_t len)
{
    const cdp_value message = { text, len, CDP_JSON };

    if (m->waits)
        return keep(m, text, len);
    cdp_str method = raw(cdp_value_get(message, "method"));
    cdp_value params = cdp_value_get(message, "params");
    const uint32_t id = (uint32_t)cdp_value_int(cdp_value_get(message, "id"), 0);
    if (!id || !(may_end(method) || stands(method, params)) ||
        cdp_value_get(message, "sessionId").ptr)
        return 0;
    note *n = note_new(m->base.remote->allocator, id, method, params);
    if (!n)
        return CDP_ENOMEM;
    n->next = m->asked;
    m->asked = n;
    return 0;
}

/* What the peer calls it, for the command that ends it. */
static void note_result(cdp__resume *m, note *n, cdp_value result)
{
    const cdp_allocator *a = m->base.remote->allocator;
    const rule *r = find_rule(n->method);
    cdp_value id = r && r->id ? cdp_value_get(result, r->id) : (cdp_value){ 0 };

    cdp__dealloc(a, n->result_id, n->result_size);
    n->result_size = id.ptr ? id.len + 1 : 0;
    n->result_id = id.ptr ? cdp__alloc(a, n->result_size) : NULL;
    if (!n->result_id) { /* without memory it stands until X.disable */
        n->result_size = 0;
        return;
    }
    memcpy(n->result_id, id.ptr, id.len);
    n->result_id[id.len] = 0;
}

static note **find_note(note **link, uint32_t id)
{
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

/* The peer has answered a command of the program's. */
static void settle(cdp__resume *m, note *n, cdp_value result)
{
    if (result.ptr && may_end(n->method))
        end_others(m, n);
    if (!result.ptr || !stands(n->method, n->params)) {
        note_free(m->base.remote->allocator, n);
        return;
    }
    n->id = 0;
    note_result(m, n, result);
    put(m, n);
}

void cdp__resume_received(cdp__resume *m, const char *text, size_t len)
{
    const cdp_value message = { text, len, CDP_JSON };

    if (!m->asked)
        return;
    const uint32_t id = (uint32_t)cdp_value_int(cdp_value_get(message, "id"), 0);
    if (!id || cdp_value_get(message, "method").ptr)
        return;
    cdp_value result = cdp_value_get(message, "result");
    note **link = find_note(&m->asked, id), *n = *link;
    if (n) {
        *link = n->next;
        settle(m, n, result);
    }
}

bool cdp__resume_waits(const cdp__resume *m, size_t *n)
{
    *n = m->n_kept;
    return m->waits;
}

/* ---- connecting again ------------------------------------------------------------------ */

static void on_time(uv_timer_t *timer)
{
    cdp__resume *m = timer->data;
    cdp__remote *r = m->base.remote;

    if (cdp__remote_reset(r) < 0)
        cdp__remote_lose(r, CDP_ENOMEM, 0, "no memory to connect again");
    else
        cdp__remote_connect(r);
}

static void wait_and_try(cdp__resume *m)
{
    const cdp_reconnect *opt = &m->base.remote->opt.reconnect;
    uint64_t ms = opt->delay_ms ? opt->delay_ms : DELAY_MS;

    for (uint32_t i = 0; i < m->fails && ms < MOST_MS; i++)
        ms *= 2;
    uv_update_time(m->base.remote->loop);
    uv_timer_start(&m->timer, on_time, ms < MOST_MS ? ms : MOST_MS, 0);
}

static void drop_kept(cdp__resume *m)
{
    for (kept *k; (k = take_kept(m));)
        cdp__dealloc(m->base.remote->allocator, k, sizeof *k + k->len);
}

static bool on_lost(cdp__companion *c, int status, int sys, const char *why)
{
    cdp__resume *m = (cdp__resume *)c;
    cdp__remote *r = c->remote;

    forget_asked(m);
    if (!m->was_open || (m->waits && ++m->fails >= r->opt.reconnect.attempts)) {
        m->waits = false;
        drop_kept(m);
        return false;
    }
    wait_and_try(m);
    if (!m->waits) {
        m->waits = true;
        cdp__interrupted(r->t.owner, status, sys, why);
    }
    return true;
}

/* Calls that have ended since are nobody's any more. */
static void send_kept(cdp__resume *m, const kept *k)
{
    cdp__remote *r = m->base.remote;
    const cdp_value message = { k->text, k->len, CDP_JSON };
    const uint32_t id = (uint32_t)cdp_value_int(cdp_value_get(message, "id"), 0);
    const cdp__pending *p = id ? cdp__pending_find(r->t.owner->conn, id) : NULL;

    if (!p || p->done || !cdp_value_get(message, "method").ptr)
        return;
    int rc = r->t.ops->send(&r->t, k->text, k->len);
    if (rc < 0)
        cdp__fail(r->t.owner, id, rc, r->t.why);
}

static void on_said(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    cdp__resume *m = data;

    (void)s;
    (void)result;
    if (err && err->status == CDP_ENOMEM)
        cdp__remote_lose(m->base.remote, CDP_ENOMEM, 0, "no memory to say again what holds");
}

static void on_opened(cdp__companion *c)
{
    cdp__resume *m = (cdp__resume *)c;
    cdp__remote *r = c->remote;

    m->was_open = true;
    m->waits = false;
    m->fails = 0;
    for (const note *n = m->said; n && r->open; n = n->next)
        if (!cdp_call_async(r->t.owner, n->method.ptr, n->params, on_said, m))
            cdp__remote_lose(r, CDP_ENOMEM, 0, "no memory to say again what holds");
    for (kept *k; r->open && !r->closing && (k = take_kept(m));) {
        send_kept(m, k);
        cdp__dealloc(r->allocator, k, sizeof *k + k->len);
    }
}

/* ---- the beginning and the end --------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
    cdp__resume *m = handle->data;
    cdp__remote *r = m->base.remote;

    forget_asked(m);
    while (m->said)
        take_out(m, &m->said);
    drop_kept(m);
    cdp__dealloc(r->allocator, m, sizeof *m);
    cdp__remote_release(r);
}

static void on_end(cdp__companion *c)
{
    uv_close((uv_handle_t *)&((cdp__resume *)c)->timer, on_timer_closed);
}

int cdp__resume_add(cdp__remote *r)
{
    static const cdp__companion_ops ops = { .lost = on_lost, .opened = on_opened, .end = on_end };
    cdp__resume *m = cdp__alloc(r->allocator, sizeof *m);

    if (!m)
        return CDP_ENOMEM;
    memset(m, 0, sizeof *m);
    m->base.ops = &ops;
    m->said_end = &m->said;
    m->kept_end = &m->kept;
    uv_timer_init(r->loop, &m->timer);
    m->timer.data = m;
    cdp__remote_add(r, &m->base);
    r->resume = m;
    return 0;
}
