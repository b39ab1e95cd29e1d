/*
 * test_flags.c - Node's inspector flags.
 *
 * Each row was compared by hand with Node 20, but for the flags that it does not have.  "ours"
 * marks what Node takes without looking at it, and we refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cdp/inspector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define RANGE "must be 0 or in range 1024 to 65535."
#define UID "--inspect-publish-uid destination can be stderr or http"

enum { BOTH = CDP_PUBLISH_STDERR | CDP_PUBLISH_HTTP };

/* What flags say, as "OWBSNT host:port publish": a letter for each that is set. */
static const char *told(const cdp_inspector_flags *f)
{
    static char out[512];

    snprintf(out, sizeof out, "%s%s%s%s%s%s %s %u %u", f->open ? "O" : "", f->wait ? "W" : "",
             f->break_on_start ? "B" : "", f->no_signal ? "S" : "", f->network ? "N" : "",
             f->workers ? "T" : "", f->host, f->port, f->publish);
    return out;
}

/* A line of words that one blank parts, as argv[1] and following; '' is an empty word. */
static int parse(cdp_inspector_flags *f, const char *line, char *left, size_t size)
{
    char program[] = "program", text[1024], *argv[64] = { program };
    int argc = 1;

    snprintf(text, sizeof text, "%s", line);
    for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
        argv[argc++] = strcmp(p, "''") == 0 ? p + 2 : p;
    memset(f, 0, sizeof *f);
    int rc = cdp_inspector_parse_flags(f, &argc, argv);
    left[0] = 0;
    for (int i = 0; i < argc; i++)
        snprintf(left + strlen(left), size - strlen(left), "%s%s", i ? " " : "", argv[i]);
    assert_string_equal(argv[0], "program");
    if (rc == 0)
        assert_null(argv[argc]);
    return rc;
}

static void flags_are_read(void **state)
{
    static const struct {
        const char *line, *told;
    } rows[] = {
        { "", " 127.0.0.1 9229 3" },
        /* addresses */
        { "--inspect", "O 127.0.0.1 9229 3" },
        { "--inspect=0", "O 127.0.0.1 0 3" },
        { "--inspect=00", "O 127.0.0.1 0 3" },
        { "--inspect=1024", "O 127.0.0.1 1024 3" },
        { "--inspect=01500", "O 127.0.0.1 1500 3" },
        { "--inspect=65535", "O 127.0.0.1 65535 3" },
        { "--inspect=localhost", "O localhost 9229 3" },
        { "--inspect=abc", "O abc 9229 3" },
        { "--inspect=-1", "O -1 9229 3" },
        { "--inspect=+5000", "O +5000 9229 3" },
        { "--inspect=1024x", "O 1024x 9229 3" },
        { "--inspect=0,0", "O 0,0 9229 3" },
        { "--inspect=localhost:0", "O localhost 0 3" },
        { "--inspect=127.0.0.2:5000", "O 127.0.0.2 5000 3" },
        { "--inspect=[::1]", "O ::1 9229 3" },
        { "--inspect=[::1]:0", "O ::1 0 3" },
        { "--inspect=::1:0", "O ::1 0 3" },
        { "--inspect=::5000", "O : 5000 3" },
        { "--inspect=[127.0.0.2]:0", "O 127.0.0.2 0 3" },
        { "--inspect=[::1]x:0", "O [::1]x 0 3" },
        { "--inspect=:0", "O 127.0.0.1 0 3" },
        { "--inspect=[]", "O 127.0.0.1 9229 3" },
        { "--inspect=[]:0", "O 127.0.0.1 0 3" },
        /* the other flags */
        { "--inspect-brk", "OWB 127.0.0.1 9229 3" },
        { "--inspect-brk=0", "OWB 127.0.0.1 0 3" },
        { "--inspect-wait", "OW 127.0.0.1 9229 3" },
        { "--inspect-wait=localhost:0", "OW localhost 0 3" },
        { "--inspect-port=0", " 127.0.0.1 0 3" },
        { "--inspect-port 0", " 127.0.0.1 0 3" },
        { "--inspect-port=abc", " abc 9229 3" },
        { "--inspect-port=-1", " -1 9229 3" },
        { "--debug-port=0", " 127.0.0.1 0 3" },
        { "--debug-port [::1]:5000", " ::1 5000 3" },
        { "--inspect-publish-uid=stderr", " 127.0.0.1 9229 1" },
        { "--inspect-publish-uid=http", " 127.0.0.1 9229 2" },
        { "--inspect-publish-uid http", " 127.0.0.1 9229 2" },
        { "--inspect-publish-uid=stderr,http", " 127.0.0.1 9229 3" },
        { "--inspect-publish-uid=http,stderr,", " 127.0.0.1 9229 3" },
        { "--inspect-publish-uid=,", " 127.0.0.1 9229 4" },
        { "--disable-sigusr1", "S 127.0.0.1 9229 3" },
        { "--experimental-network-inspection", "N 127.0.0.1 9229 3" },
        { "--experimental-worker-inspection", "T 127.0.0.1 9229 3" },
        /* dashes and underscores are one */
        { "--inspect_port=0", " 127.0.0.1 0 3" },
        { "--inspect_brk=0", "OWB 127.0.0.1 0 3" },
        { "--inspect_publish-uid=http", " 127.0.0.1 9229 2" },
        { "--experimental_network_inspection", "N 127.0.0.1 9229 3" },
        /* together: the last one wins */
        { "--inspect=0 --inspect-port=5000", "O 127.0.0.1 5000 3" },
        { "--inspect-port=0 --inspect", "O 127.0.0.1 0 3" },
        { "--inspect-port=0 --inspect=127.0.0.1", "O 127.0.0.1 9229 3" },
        { "--inspect-port=localhost:0 --inspect", "O localhost 0 3" },
        { "--inspect=localhost:5000 --inspect-port=0", "O localhost 0 3" },
        { "--inspect-port=0 --debug-port=5001", " 127.0.0.1 5001 3" },
        { "--inspect-wait --inspect-brk", "OWB 127.0.0.1 9229 3" },
        { "--inspect-publish-uid=stderr --inspect-publish-uid=http", " 127.0.0.1 9229 2" },
        /* and taken back */
        { "--no-inspect", " 127.0.0.1 9229 3" },
        { "--inspect=0 --no-inspect", " 127.0.0.1 0 3" },
        { "--no-inspect --inspect=0", "O 127.0.0.1 0 3" },
        { "--inspect-brk=0 --no-inspect-brk", "O 127.0.0.1 0 3" },
        { "--inspect-brk --no-inspect", " 127.0.0.1 9229 3" }, /* ours: nobody could end the wait */
        { "--disable-sigusr1 --no-disable-sigusr1", " 127.0.0.1 9229 3" },
        { "--no-experimental-network-inspection", " 127.0.0.1 9229 3" },
    };
    cdp_inspector_flags f;
    char left[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (parse(&f, rows[i].line, left, sizeof left) < 0)
            fail_msg("%s: %s", rows[i].line, f.error);
        if (strcmp(told(&f), rows[i].told) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].line, told(&f), rows[i].told);
        assert_string_equal(left, "program");
    }
}

static void errors_are_told(void **state)
{
    static const struct {
        const char *line, *error;
    } rows[] = {
        { "--inspect=1", RANGE },
        { "--inspect=1023", RANGE },
        { "--inspect=65536", RANGE },
        { "--inspect=99999999999999999999", RANGE },
        { "--inspect=4294967296", RANGE },
        { "--inspect=127.0.0.1:80", RANGE },
        { "--inspect=127.0.0.1:99999999999999999999", RANGE },
        { "--inspect=::1", RANGE },
        { "--inspect=[::1", RANGE },
        { "--inspect-port=1023", RANGE },
        { "--inspect-port 65536", RANGE },
        { "--inspect=", "--inspect= requires an argument" },
        { "--inspect-brk=", "--inspect-brk= requires an argument" },
        { "--inspect-port", "--inspect-port requires an argument" },
        { "--inspect-port=", "--inspect-port= requires an argument" },
        { "--inspect-port -1", "--inspect-port requires an argument" },
        { "--inspect-port --inspect=0", "--inspect-port requires an argument" },
        { "--debug-port", "--debug-port requires an argument" },
        { "--inspect_port", "--inspect_port requires an argument" },
        { "--inspect-publish-uid", "--inspect-publish-uid requires an argument" },
        { "--inspect-publish-uid=", "--inspect-publish-uid= requires an argument" },
        { "--inspect-publish-uid=foo", UID },
        { "--inspect-publish-uid=stderr,foo", UID },
        { "--inspect-publish-uid=stderr,https", UID },
        { "--inspect-publish-uid foo", UID },
        { "--no-inspect=1", "--no-inspect=1 is an invalid negation because it is not a boolean "
                            "option" },
        { "--no-inspect-port", "--no-inspect-port is an invalid negation because it is not a "
                               "boolean option" },
        /* Node's place in its list of deprecations, our words */
        { "--debug", "[DEP0062]: --debug is no longer a flag; it is --inspect now" },
        { "--debug=5858", "[DEP0062]: --debug is no longer a flag; it is --inspect now" },
        { "--debug-brk", "[DEP0062]: --debug-brk is no longer a flag; it is --inspect-brk now" },
        { "--debug_brk=0", "[DEP0062]: --debug-brk is no longer a flag; it is --inspect-brk now" },
        /* ours */
        { "--inspect=127.0.0.1:abc", "the port in 127.0.0.1:abc must be a number" },
        { "--inspect=127.0.0.1:", "the port in 127.0.0.1: must be a number" },
        { "--inspect=:", "the port in : must be a number" },
        { "--inspect=127.0.0.1:5000x", "the port in 127.0.0.1:5000x must be a number" },
        { "--inspect=127.0.0.1:0x10", "the port in 127.0.0.1:0x10 must be a number" },
        { "--inspect=127.0.0.1:-1", "the port in 127.0.0.1:-1 must be a number" },
        { "--inspect=127.0.0.1:+5000", "the port in 127.0.0.1:+5000 must be a number" },
        { "--inspect=[::1]:", "the port in [::1]: must be a number" },
        { "--inspect-port ''", "--inspect-port requires an argument" },
        { "--disable-sigusr1=0", "--disable-sigusr1=0: the flag takes no value" },
    };
    cdp_inspector_flags f;
    char left[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (parse(&f, rows[i].line, left, sizeof left) != CDP_EINVAL)
            fail_msg("%s: taken for \"%s\"", rows[i].line, told(&f));
        if (strcmp(f.error, rows[i].error) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].line, f.error, rows[i].error);
    }
}

static void other_words_are_left(void **state)
{
    static const struct {
        const char *line, *left;
        bool open;
    } rows[] = {
        { "script.js", "program script.js", false },
        { "--inspect script.js", "program script.js", true },
        { "--inspect 0", "program 0", true },
        { "script.js --inspect=1", "program script.js --inspect=1", false },
        { "--other --inspect -v script.js a b", "program --other -v script.js a b", true },
        { "--inspect -- --inspect=1 x", "program -- --inspect=1 x", true },
        { "-- --inspect", "program -- --inspect", false },
        { "- --inspect", "program - --inspect", false },
        { "--inspect-port 0 --x=y script.js", "program --x=y script.js", false },
        { "-inspect=0", "program -inspect=0", false },
        { "--Inspect", "program --Inspect", false },
        { "--inspect-foo", "program --inspect-foo", false },
        { "--inspec", "program --inspec", false },
        { "--no-foo", "program --no-foo", false },
        { "--no-debug", "program --no-debug", false },
        { "--debug-foo", "program --debug-foo", false },
        { "---inspect", "program ---inspect", false },
        { "--inspect-brk-node", "program --inspect-brk-node", false },
        { "--no-", "program --no-", false },
        { "--=1", "program --=1", false },
    };
    cdp_inspector_flags f;
    char left[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (parse(&f, rows[i].line, left, sizeof left) < 0)
            fail_msg("%s: %s", rows[i].line, f.error);
        assert_string_equal(left, rows[i].left);
        assert_int_equal(f.open, rows[i].open);
    }
}

static void one_flag_at_a_time(void **state)
{
    char port[] = "--inspect-port", zero[] = "0", inspect[] = "--inspect", e[] = "-e", x[] = "x";
    char *argv[] = { port, zero, inspect, e, x, NULL };
    cdp_inspector_flags f = { .open = false };

    (void)state;
    assert_int_equal(cdp_inspector_parse_flag(&f, 5, argv), 2);
    assert_int_equal(cdp_inspector_parse_flag(&f, 3, argv + 2), 1);
    assert_int_equal(cdp_inspector_parse_flag(&f, 2, argv + 3), 0);
    assert_int_equal(cdp_inspector_parse_flag(&f, 1, argv + 4), 0);
    assert_int_equal(cdp_inspector_parse_flag(&f, 0, argv + 5), 0);
    assert_string_equal(told(&f), "O 127.0.0.1 0 3");
    /* The value must be among the words there are. */
    assert_int_equal(cdp_inspector_parse_flag(&f, 1, argv), CDP_EINVAL);
}

static void no_words_at_all(void **state)
{
    char *argv[] = { NULL };
    cdp_inspector_flags f = { .open = false };
    int argc = 0;

    (void)state;
    assert_int_equal(cdp_inspector_parse_flags(&f, &argc, argv), 0);
    assert_int_equal(argc, 0);
    assert_int_equal(f.port, 9229);
}

static void hosts_have_a_limit(void **state)
{
    char program[] = "program", word[400] = "--inspect=";
    char *argv[] = { program, word, NULL };
    cdp_inspector_flags f = { .open = false };
    int argc = 2;

    (void)state;
    memset(word + 10, 'h', 255);
    assert_int_equal(cdp_inspector_parse_flags(&f, &argc, argv), 0);
    assert_int_equal(strlen(f.host), 255);
    memset(word + 10, 'h', 256);
    argv[1] = word;
    argc = 2;
    assert_int_equal(cdp_inspector_parse_flags(&f, &argc, argv), CDP_EINVAL);
    assert_string_equal(f.error, "the inspector's host is longer than 255 bytes");
    memset(word + 10, ':', 380); /* an error longer than its room is cut */
    argc = 2;
    assert_int_equal(cdp_inspector_parse_flags(&f, &argc, argv), CDP_EINVAL);
    assert_int_equal(strlen(f.error), sizeof f.error - 1);
}

static void text_is_cut_into_words(void **state)
{
    static const struct {
        const char *text, *told; /* NULL: an error */
    } rows[] = {
        { "", " 127.0.0.1 9229 3" },
        { "   ", " 127.0.0.1 9229 3" },
        { "--inspect=0", "O 127.0.0.1 0 3" },
        { "  --inspect=0  ", "O 127.0.0.1 0 3" },
        { "--inspect-port 0 --disable-sigusr1", "S 127.0.0.1 0 3" },
        { "--inspect=\"0\"", "O 127.0.0.1 0 3" },
        { "\"--inspect-port\" \"0\"", " 127.0.0.1 0 3" },
        { "\"--inspect=\\0\"", "O 127.0.0.1 0 3" },
        { "\"--inspect-publish-uid=ht\\tp\"", " 127.0.0.1 9229 2" },
        { "\"--inspect=a b:0\"", "O a b 0 3" },
        { "--title=\"a --inspect b\" --inspect-wait", "OW 127.0.0.1 9229 3" },
        { "--max-old-space-size=100 --inspect=0", "O 127.0.0.1 0 3" },
        { "--require \"./a b.js\" --inspect=0", "O 127.0.0.1 0 3" },
        { "--inspect=0 \"", NULL },
        { "\"--inspect=0\\", NULL },
        { "--inspect-port", NULL },
        { "--inspect-port=70000", NULL },
        { "--inspect --debug", NULL },
    };
    cdp_inspector_flags f;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        memset(&f, 0, sizeof f);
        int rc = cdp_inspector_parse_flag_text(&f, rows[i].text);
        assert_int_equal(rc, rows[i].told ? 0 : CDP_EINVAL);
        if (rc == 0)
            assert_string_equal(told(&f), rows[i].told);
        else
            assert_true(f.error[0]);
    }
}

static void the_command_line_wins(void **state)
{
    char program[] = "program", port[] = "--inspect-port=0";
    char *argv[] = { program, port, NULL };
    cdp_inspector_flags f = { .open = false };
    int argc = 2;

    (void)state;
    assert_int_equal(cdp_inspector_parse_flag_text(&f, "--inspect=localhost:5000"), 0);
    assert_int_equal(cdp_inspector_parse_flags(&f, &argc, argv), 0);
    assert_string_equal(told(&f), "O localhost 0 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_read),         cmocka_unit_test(errors_are_told),
        cmocka_unit_test(other_words_are_left),   cmocka_unit_test(one_flag_at_a_time),
        cmocka_unit_test(no_words_at_all),        cmocka_unit_test(hosts_have_a_limit),
        cmocka_unit_test(text_is_cut_into_words), cmocka_unit_test(the_command_line_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
