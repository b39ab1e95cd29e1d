/* traffic.c - see traffic.h. */
#include "traffic.h"

#include <cdp/value.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define RECORDED "tests/skew/recorded/"

const traffic_source traffic_sources[] = {
    { "Node 18", RECORDED "node18.ndjson" },          { "Node 20", RECORDED "node20.ndjson" },
    { "Node 22", RECORDED "node22.ndjson" },          { "Node 24", RECORDED "node24.ndjson" },
    { "Chromium", RECORDED "chromium.ndjson" },       { "corpus, Node", "tests/corpus/node-" },
    { "corpus, Chromium", "tests/corpus/chromium-" },
};
const unsigned traffic_n_sources = sizeof traffic_sources / sizeof *traffic_sources;

enum { ASKED = 4096, DEEPEST = 4 };

/* What waits for a reply. */
typedef struct asked {
    char session[96], method[128];
    int64_t id;
} asked;

typedef struct reader {
    traffic_fn *fn;
    void *data;
    const char *unasked; /* replies without ids are to this */
    asked *asked;
    unsigned n_asked, line;
} reader;

/* A string without escapes, as methods and ids are. */
static void plain(cdp_value v, char *out, size_t size)
{
    snprintf(out, size, "%.*s", v.len > 2 ? (int)v.len - 2 : 0, v.ptr ? v.ptr + 1 : "");
}

static void remember(reader *r, const char *session, int64_t id, const char *method)
{
    asked *a = &r->asked[r->n_asked++ % ASKED];

    snprintf(a->session, sizeof a->session, "%s", session);
    snprintf(a->method, sizeof a->method, "%s", method);
    a->id = id;
}

static const char *answered(const reader *r, const char *session, int64_t id)
{
    for (unsigned i = r->n_asked; i-- > 0 && r->n_asked - i <= ASKED;) {
        const asked *a = &r->asked[i % ASKED];
        if (a->id == id && strcmp(a->session, session) == 0)
            return a->method;
    }
    return r->unasked;
}

static void read_message(reader *r, cdp_value v, const char *inside, int depth);

/* NodeWorker.receivedMessageFromWorker, Target.sendMessageToTarget... */
static void read_inner(reader *r, const traffic *m, int depth)
{
    cdp_value text = cdp_value_get(m->body, "message");
    char session[96];
    cdp_value *copy;

    if (!text.ptr || m->kind == TRAFFIC_REPLY || !strstr(m->method, "essage"))
        return;
    plain(cdp_value_get(m->body, "sessionId"), session, sizeof session);
    assert_int_equal(cdp_value_copy(text, CDP_JSON, &copy), 0);
    cdp_str s = cdp_value_str(copy, *copy);
    if (s.len && s.ptr[0] == '{')
        read_message(r, (cdp_value){ s.ptr, s.len, CDP_JSON }, session, depth + 1);
    cdp_free(copy);
}

static void read_message(reader *r, cdp_value v, const char *inside, int depth)
{
    cdp_value method = cdp_value_get(v, "method"), id = cdp_value_get(v, "id");
    traffic m = { .line = r->line, .inner = depth > 0 };
    char session[96];

    assert_true(depth < DEEPEST);
    plain(cdp_value_get(v, "sessionId"), session, sizeof session);
    const char *of = inside ? inside : session;
    if (method.ptr) {
        plain(method, m.method, sizeof m.method);
        m.kind = id.ptr ? TRAFFIC_COMMAND : TRAFFIC_EVENT;
        m.body = cdp_value_get(v, "params");
        if (id.ptr)
            remember(r, of, cdp_value_int(id, -1), m.method);
    } else {
        m.body = cdp_value_get(v, "result");
        m.kind = m.body.ptr ? TRAFFIC_REPLY : TRAFFIC_ERROR;
        snprintf(m.method, sizeof m.method, "%s", answered(r, of, cdp_value_int(id, -1)));
        if (!m.body.ptr)
            m.body = cdp_value_get(v, "error");
    }
    r->fn(&m, r->data);
    read_inner(r, &m, depth);
}

static void read_line(reader *r, const char *p, size_t n)
{
    /* memory of its own, so that a byte too far is seen */
    char *copy = malloc(n);
    cdp_value v = { memcpy(copy, p, n), n, CDP_JSON }, in;

    r->line++;
    if ((in = cdp_value_get(v, "sent")).ptr || (in = cdp_value_get(v, "received")).ptr)
        read_message(r, in, NULL, 0);
    else if (!cdp_value_get(v, "recording").ptr)
        read_message(r, v, NULL, 0);
    free(copy);
}

static void read_file(const char *path, const char *unasked, traffic_fn *fn, void *data)
{
    size_t n;
    char *text = help_file(path, &n);
    reader r = { fn, data, unasked, calloc(ASKED, sizeof *r.asked), 0, 0 };

    for (const char *p = text, *end = text + n; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = newline ? newline : end;
        read_line(&r, p, (size_t)(line_end - p));
        p = line_end + 1;
    }
    free(r.asked);
    free(text);
}

/* "node-Runtime.evaluate.small.json" holds replies to Runtime.evaluate. */
static void read_corpus(const char *prefix, traffic_fn *fn, void *data)
{
    const char *peer = strrchr(prefix, '/') + 1;
    DIR *folder = opendir("tests/corpus");
    struct dirent *e;

    assert_non_null(folder);
    while ((e = readdir(folder))) {
        char path[512], method[128];
        if (strncmp(e->d_name, peer, strlen(peer)) != 0 || !strstr(e->d_name, "json"))
            continue;
        const char *domain = e->d_name + strlen(peer);
        const size_t n = strcspn(domain, ".") + 1;
        snprintf(method, sizeof method, "%.*s", (int)(n + strcspn(domain + n, ".")), domain);
        snprintf(path, sizeof path, "tests/corpus/%s", e->d_name);
        read_file(path, method, fn, data);
    }
    closedir(folder);
}

void traffic_each(const traffic_source *s, traffic_fn *fn, void *data)
{
    if (strstr(s->path, ".ndjson"))
        read_file(s->path, "", fn, data);
    else
        read_corpus(s->path, fn, data);
}
