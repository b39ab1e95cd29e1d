/*
 * test_corpus.c - recorded traffic goes through the codec and comes back as it was.
 *
 * Every message is read by its envelope and its type, written again, and compared by a reader of
 * its own (support/json_tree.h), in both encodings and across them.
 */
#include "../support/codec_help.h"
#include "../support/json_tree.h"

#include "envelope.h"

#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CORPUS "tests/corpus/"

static const struct file {
    const char *name;
    int messages;
    int cbor, tagged; /* of them again in cbor/ and cbor/tag24/ */
} files[] = {
    { "chromium-Accessibility.getFullAXTree.json", 1, 1, 0 },
    { "chromium-CSS.events.ndjson", 22, 6, 6 },
    { "chromium-CSS.getComputedStyleForNode.json", 1, 1, 1 },
    { "chromium-CSS.getMatchedStylesForNode.json", 1, 1, 1 },
    { "chromium-DOM.getDocument.json", 1, 1, 0 },
    { "chromium-DOMSnapshot.captureSnapshot.json", 1, 1, 0 },
    { "chromium-Network.events.ndjson", 249, 18, 6 },
    { "chromium-Page.captureScreenshot.json", 1, 0, 0 },
    { "chromium-Runtime.evaluate.outerHTML.json", 1, 1, 0 },
    { "chromium-sent.ndjson", 88, 33, 11 },
    { "node-Debugger.paused.json", 1, 1, 1 },
    { "node-Debugger.paused.ndjson", 12, 4, 4 },
    { "node-Debugger.scriptParsed.ndjson", 60, 6, 6 },
    { "node-HeapProfiler.addHeapSnapshotChunk.ndjson", 5, 2, 0 },
    { "node-HeapProfiler.stopSampling.json", 1, 1, 0 },
    { "node-Profiler.stop.json", 1, 1, 0 },
    { "node-Profiler.takePreciseCoverage.json", 1, 1, 0 },
    { "node-Runtime.consoleAPICalled.ndjson", 40, 8, 6 },
    { "node-Runtime.evaluate.10k.json", 1, 1, 1 },
    { "node-Runtime.evaluate.1m.json", 1, 0, 0 },
    { "node-Runtime.evaluate.exception.json", 1, 1, 1 },
    { "node-Runtime.evaluate.htmlstr.json", 1, 0, 0 },
    { "node-Runtime.evaluate.preview.json", 1, 1, 1 },
    { "node-Runtime.evaluate.replies.ndjson", 40, 16, 6 },
    { "node-Runtime.evaluate.small.json", 1, 1, 1 },
    { "node-Runtime.evaluate.str1m.json", 1, 0, 0 },
    { "node-Runtime.evaluate.traps.ndjson", 16, 16, 16 },
    { "node-Runtime.evaluate.u16.json", 1, 1, 0 },
    { "node-Runtime.getProperties.foo.json", 1, 1, 1 },
    { "node-Schema.getDomains.json", 1, 1, 1 },
    { "node-sent.ndjson", 258, 25, 9 },
};

enum { JSON_MESSAGES = 811, CBOR_MESSAGES = 151, TAGGED_MESSAGES = 79, SMALL = 700 };

/* A message, and what its name says of it. */
typedef struct message {
    const char *file;
    const char *bytes;
    size_t len;
    cdp_wire wire;
    bool tagged;
} message;

typedef void message_fn(const message *m, void *data);

static int each_json(const struct file *f, message_fn *fn, void *data)
{
    char path[256];
    size_t n;
    int count = 0;

    snprintf(path, sizeof path, CORPUS "%s", f->name);
    char *text = help_file(path, &n);
    for (char *p = text, *end = text + n; p < end; count++) {
        char *newline = memchr(p, '\n', (size_t)(end - p));
        char *line_end = newline ? newline : end;
        /* memory of its own, so that a byte too far is seen */
        size_t len = (size_t)(line_end - p);
        char *copy = malloc(len);
        memcpy(copy, p, len);
        fn(&(message){ f->name, copy, len, CDP_JSON, false }, data);
        free(copy);
        p = line_end + 1;
    }
    free(text);
    return count;
}

static int each_cbor(const struct file *f, bool tagged, message_fn *fn, void *data)
{
    char path[256];
    size_t n;
    int count = 0;

    snprintf(path, sizeof path, CORPUS "cbor/%s%s.cborseq", tagged ? "tag24/" : "", f->name);
    char *bytes = help_file(path, &n);
    for (size_t at = 0; at < n; count++) {
        const unsigned char *u = (const unsigned char *)bytes + at;
        size_t len = u[0] | (size_t)u[1] << 8 | (size_t)u[2] << 16 | (size_t)u[3] << 24;
        char *copy = malloc(len);
        memcpy(copy, u + 4, len);
        fn(&(message){ f->name, copy, len, CDP_CBOR, tagged }, data);
        free(copy);
        at += 4 + len;
    }
    free(bytes);
    return count;
}

/* "node-Runtime.evaluate.small.json": Runtime.evaluate */
static cdp_str method_in_name(const char *file)
{
    const char *p = strchr(file, '-') + 1;
    size_t n = strcspn(p, ".") + 1;

    return cdp_sn(p, n + strcspn(p + n, "."));
}

/* The part of a message that has a type, and the type. */
typedef struct part {
    cdp_value value;
    const cdp__domain *d;
    const cdp__type *type; /* NULL: nothing may be there */
} part;

static part part_of(const message *m)
{
    cdp_value whole = { m->bytes, m->len, m->wire };
    cdp_value method = cdp_value_get(whole, "method");
    char name[128];
    cdp_str known = method_in_name(m->file);
    help_method is;

    if (method.ptr) {
        cdp_str *text;
        assert_int_equal(cdp_value_text(method, &text), 0);
        snprintf(name, sizeof name, "%.*s", (int)text->len - 2, text->ptr + 1);
        known = cdp_s(name);
        cdp_free(text);
    }
    if (!help_find_method(known, &is))
        fail_msg("%s: %.*s is not in the protocol", m->file, (int)known.len, known.ptr);
    if (method.ptr)
        return (part){ cdp_value_get(whole, "params"), is.d, is.params };
    assert_false(is.event);
    return (part){ cdp_value_get(whole, "result"), is.d, is.result };
}

/* bytes -> struct -> bytes of another (or the same) encoding. */
static char *through(const part *p, const void *bytes, size_t n, cdp_wire from, cdp_wire to,
                     bool tagged, size_t *out_len)
{
    void *root;
    cdp__fault f;
    char *out;

    if (help_decode(p->d, p->type, bytes, n, from, false, &root, &f) < 0)
        fail_msg("decoding %.*s: %s at %zu (%s)", p->type->name_len, p->d->names + p->type->name,
                 f.why, f.at, cdp__fault_path(&f));
    if (help_encode(p->d, p->type, root, to, tagged, &out, out_len, &f) < 0)
        fail_msg("encoding: %s (%s)", f.why, cdp__fault_path(&f));
    cdp_free(root);
    return out;
}

static void round_trip(const message *m, void *data)
{
    part p = part_of(m);
    size_t n, json_len, cbor_len, back_len;

    (void)data;
    if (!p.value.ptr)
        return; /* a command without params */
    char *want = help_json_of(p.value, &n);
    if (!p.type) {
        assert_string_equal(want, "{}");
        free(want);
        return;
    }
    if (m->wire == CDP_JSON) /* pasted as it was, or the comparison would be with ourselves */
        assert_memory_equal(want, p.value.ptr, n);
    char *json = through(&p, p.value.ptr, p.value.len, m->wire, CDP_JSON, false, &json_len);
    if (!json_text_equal(want, n, json, json_len))
        fail_msg("%s came back as %s", want, json);
    for (int tagged = 0; tagged < 2; tagged++) {
        char *cbor = through(&p, p.value.ptr, p.value.len, m->wire, CDP_CBOR, tagged, &cbor_len);
        char *back = through(&p, cbor, cbor_len, CDP_CBOR, CDP_JSON, false, &back_len);
        if (!json_text_equal(want, n, back, back_len))
            fail_msg("%s came back by CBOR as %s", want, back);
        free(cbor);
        free(back);
    }
    free(json);
    free(want);
}

static void test_json(void **state)
{
    int all = 0;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int n = each_json(&files[i], round_trip, NULL);
        assert_int_equal(n, files[i].messages);
        all += n;
    }
    assert_int_equal(all, JSON_MESSAGES);
}

/* A converted message says what one of the lines it was made from says. */
typedef struct search {
    char *json;
    size_t n;
    bool found;
} search;

static void is_it(const message *m, void *data)
{
    search *s = data;

    s->found = s->found || json_text_equal(m->bytes, m->len, s->json, s->n);
}

static void check_cbor(const message *m, void *data)
{
    const struct file *f = data;
    search s = { .found = false };

    s.json = help_json_of((cdp_value){ m->bytes, m->len, CDP_CBOR }, &s.n);
    each_json(f, is_it, &s);
    if (!s.found)
        fail_msg("%s: no such message: %s", f->name, s.json);
    free(s.json);
    round_trip(m, NULL);
}

static void test_cbor(void **state)
{
    int all = 0, tagged = 0;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct file f = files[i];
        int n = f.cbor ? each_cbor(&f, false, check_cbor, &f) : 0;
        assert_int_equal(n, f.cbor);
        all += n;
        n = f.tagged ? each_cbor(&f, true, check_cbor, &f) : 0;
        assert_int_equal(n, f.tagged);
        tagged += n;
    }
    assert_int_equal(all, CBOR_MESSAGES);
    assert_int_equal(tagged, TAGGED_MESSAGES);
}

/* ---- whole messages, and cut ones --------------------------------------- */

static bool typed_body(void *ctx, const cdp__envelope *e, const cdp__domain **d,
                       const cdp__type **t)
{
    const part *p = ctx;

    (void)e;
    *d = p->d;
    *t = p->type;
    return p->type != NULL;
}

/* The first n bytes are a sound message.  They stand alone, but for the padding. */
static bool reads(const message *m, size_t n, part *p, cdp__envelope *e)
{
    cdp__fault f;
    cdp__pool *pool = cdp__pool_new(NULL);
    cdp__msg *msg = cdp__msg_new(pool, 0);
    char *bytes = malloc(n + CDP__PAD);

    memcpy(bytes, m->bytes, n);
    memset(bytes + n, 0, CDP__PAD);
    cdp__fault_clear(&f);
    cdp__reader r = { .begin = bytes,
                      .end = bytes + n,
                      .msg = msg,
                      .memo = cdp__pool_memo(pool),
                      .wire = m->wire,
                      .fault = &f };
    int rc = cdp__envelope_read(&r, e, typed_body, p);
    bool ok = rc == 0 && e->body_rc == 0;
    assert_true(ok ? f.status == 0 : f.status == CDP_EDECODE);
    if (!ok)
        assert_true(f.at <= n);
    cdp__msg_unref(msg);
    cdp__pool_unref(pool);
    free(bytes);
    return ok;
}

static void cut(const message *m, void *data)
{
    long *prefixes = data;
    cdp__envelope e;
    part p = part_of(m);

    assert_true(reads(m, m->len, &p, &e));
    cdp_value id = cdp_value_get((cdp_value){ m->bytes, m->len, m->wire }, "id");
    assert_int_equal(e.has_id, id.ptr != NULL);
    if (e.has_id)
        assert_int_equal(e.id, cdp_value_int(id, -1));
    if (m->len > SMALL)
        return;
    for (size_t n = 0; n < m->len; n++, ++*prefixes)
        if (reads(m, n, &p, &e))
            fail_msg("%s: its first %zu bytes are accepted", m->file, n);
}

static void test_cuts(void **state)
{
    long json = 0, cbor = 0;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        each_json(&files[i], cut, &json);
        if (files[i].cbor)
            each_cbor(&files[i], false, cut, &cbor);
        if (files[i].tagged)
            each_cbor(&files[i], true, cut, &cbor);
    }
    print_message("%ld JSON and %ld CBOR prefixes refused\n", json, cbor);
    assert_true(json > 100000 && cbor > 20000);
}

/* ---- what real peers leave out ------------------------------------------ */

static void lacks_build_id(const message *m, void *data)
{
    part p = part_of(m);
    void *root;
    cdp__fault f;
    int *n = data;

    assert_int_equal(help_decode(p.d, p.type, p.value.ptr, p.value.len, m->wire, true, &root, &f),
                     CDP_EDECODE);
    assert_string_equal(cdp__fault_path(&f), "buildId");
    assert_string_equal(f.why, "required member missing");
    ++*n;
}

static void test_strict(void **state)
{
    int n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strstr(files[i].name, "scriptParsed")) {
            each_json(&files[i], lacks_build_id, &n);
            each_cbor(&files[i], false, lacks_build_id, &n);
        }
    assert_int_equal(n, 66);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_cbor),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
