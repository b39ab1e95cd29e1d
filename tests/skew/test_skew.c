/*
 * test_skew.c - what peers of several years said, read with the bindings of one revision.
 *
 * It is built with those of several; every message has to come through each without loss: by
 * structs where the revision knows the method, else as dynamic values.
 */
#include "live.h"
#include "traffic.h"
#include "walk.h"

#include <cdp/debugger.h>
#include <cdp/record.h>
#include <cdp/runtime.h>
#include <cdp/value.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct tally {
    unsigned messages, typed, dynamic;
    unsigned unknown;   /* of the dynamic ones: with methods that the revision does not have */
    walk_counts walked; /* of what peers sent */
} tally;

static const cdp__type *type_of(const traffic *m, const help_method *is)
{
    return m->kind == TRAFFIC_REPLY ? is->result : is->params;
}

/* Bytes to a struct, and that to JSON, which must say what `want` does. */
static void *decoded(const traffic *m, const help_method *is, const char *bytes, size_t n,
                     cdp_wire wire, const json_tree *want)
{
    const cdp__type *t = type_of(m, is);
    cdp__fault f;
    void *root;
    char *back;

    if (help_receive(is->d, t, bytes, n, wire, &root, &f) < 0)
        fail_msg("line %u, %s: %s (%s)", m->line, m->method, f.why, cdp__fault_path(&f));
    if (help_encode(is->d, t, root, CDP_JSON, false, &back, &n, &f) < 0)
        fail_msg("line %u, %s: %s (%s)", m->line, m->method, f.why, cdp__fault_path(&f));
    json_tree *tree = json_tree_parse(back, n);
    if (!tree || !json_tree_equal(tree, want))
        fail_msg("line %u, %s came back as %s", m->line, m->method, back);
    json_tree_free(tree);
    free(back);
    return root;
}

/* By JSON, and by CBOR. */
static void check_typed(const traffic *m, const help_method *is, const json_tree *want, tally *t)
{
    const cdp__type *type = type_of(m, is);
    walk_counts ours = { 0 }; /* or counted already */
    cdp__fault f;
    size_t n;
    char *cbor;

    void *root = decoded(m, is, m->body.ptr, m->body.len, CDP_JSON, want);
    walk(is->d, type, root, want, m->kind == TRAFFIC_COMMAND ? &ours : &t->walked);
    if (help_encode(is->d, type, root, CDP_CBOR, false, &cbor, &n, &f) < 0)
        fail_msg("line %u, %s: %s (%s)", m->line, m->method, f.why, cdp__fault_path(&f));
    cdp_free(root);
    root = decoded(m, is, cbor, n, CDP_CBOR, want);
    walk(is->d, type, root, want, &ours);
    cdp_free(root);
    free(cbor);
    t->typed++;
}

static void check_dynamic(const traffic *m, const json_tree *want, tally *t)
{
    cdp_value *copy = NULL;
    size_t n = 0;

    t->dynamic++;
    if (!m->body.ptr)
        return;
    assert_int_equal(cdp_value_copy(m->body, CDP_CBOR, &copy), 0);
    char *back = help_json_of(*copy, &n);
    json_tree *tree = json_tree_parse(back, n);
    if (!tree || !json_tree_equal(tree, want))
        fail_msg("line %u, %s came back as %s", m->line, m->method, back);
    json_tree_free(tree);
    free(back);
    cdp_free(copy);
}

static void check_message(const traffic *m, void *data)
{
    tally *t = data;
    help_method is = { 0 };
    const bool known = help_find_method(cdp_s(m->method), &is);
    json_tree *want = m->body.ptr ? json_tree_parse(m->body.ptr, m->body.len) : NULL;

    assert_true(want || !m->body.ptr);
    t->messages++;
    t->unknown += !known;
    if (known && m->kind != TRAFFIC_ERROR && type_of(m, &is) && want)
        check_typed(m, &is, want, t);
    else
        check_dynamic(m, want, t);
    json_tree_free(want);
}

static void test_messages(void **state)
{
    unsigned typed = 0;

    (void)state;
    print_message("# revision %s\n# %-18s%9s%8s%8s%8s%8s%8s%8s%8s%8s%8s\n", cdp__protocol_revision,
                  "", "messages", "typed", "dynamic", "methods", "known", "members", "words",
                  "missing", "numbers", "others");
    for (unsigned i = 0; i < traffic_n_sources; i++) {
        tally t = { 0 };
        const walk_counts *w = &t.walked;
        traffic_each(&traffic_sources[i], check_message, &t);
        print_message("# %-18s%9u%8u%8u%8u%8u%8u%8u%8u%8u%8u\n", traffic_sources[i].name,
                      t.messages, t.typed, t.dynamic, t.unknown, w->known, w->members, w->words,
                      w->missing, w->numbers, w->others);
        assert_int_equal(t.messages, t.typed + t.dynamic);
        typed += t.typed;
    }
    assert_true(typed > 1000);
}

/* Through sessions, by name and by tables. */
static void test_sessions(void **state)
{
    (void)state;
    for (unsigned i = 0; i < traffic_n_sources; i++)
        if (strstr(traffic_sources[i].path, ".ndjson"))
            for (int typed = 0; typed < 2; typed++)
                live_play(&traffic_sources[i], typed);
}

/* As a program has it: what was paused for, and what was logged. */
typedef struct seen {
    unsigned paused, words, logged;
} seen;

static void on_paused(cdp_session *s, const cdp_debugger_paused_event *ev, void *data)
{
    seen *n = data;
    cdp_str word = cdp_unknown(ev, &ev->reason);

    (void)s;
    assert_true(ev->call_frames.n > 0);
    assert_non_null(ev->call_frames.items[0].function_name.ptr);
    assert_int_not_equal(ev->call_frames.items[0].this_->type, 0);
    assert_int_equal(ev->reason == -1, word.ptr != NULL);
    n->paused++;
    n->words += word.ptr && strcmp(word.ptr, "Break on start") == 0; /* Node's own */
}

static void on_logged(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    (void)s;
    assert_true(ev->type > 0);
    assert_true(ev->timestamp > 1e12);
    ((seen *)data)->logged++;
}

static void test_stubs(void **state)
{
    const cdp_replay_options opt = { .partial = true };

    (void)state;
    for (unsigned i = 0; strncmp(traffic_sources[i].name, "Node", 4) == 0; i++) {
        size_t len;
        char *text = help_file(traffic_sources[i].path, &len);
        cdp_session *s;
        seen n = { 0 };
        assert_int_equal(cdp_replay_open(&s, cdp_sn(text, len), &opt, NULL), 0);
        cdp_debugger_on_paused(s, on_paused, &n);
        cdp_runtime_on_console_api_called(s, on_logged, &n);
        assert_int_equal(cdp_run(s), CDP_ECLOSED);
        cdp_close(s);
        free(text);
        assert_true(n.paused > 5 && n.logged > 15);
        assert_int_equal(n.words, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_stubs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
