/*
 * test_slow.c - front-ends that do not read, beside one that does, while events pour.
 *
 * They are cut off before they hold more than the limit allows; the one that reads misses nothing,
 * and the program is not held up.
 */
#include "wire.h"

enum {
    SLOW = 32,
    PIECE = 200,  /* events that the reader gets before it asks for more: below the limit */
    PIECES = 20,  /* together more than a kernel keeps for a connection */
    EVENT = 2048, /* bytes */
    QUEUE = 1 << 20
};

/* Logs n numbered texts; the longest time that one took, in ms. */
static const char script[] = "var logged = 0;"
                             "function flood(n, size) {"
                             "  const text = 'x'.repeat(size);"
                             "  let longest = 0, before = Date.now();"
                             "  for (let i = 0; i < n; i++) {"
                             "    console.log(`<${logged++}>`, text);"
                             "    const now = Date.now();"
                             "    longest = Math.max(longest, now - before);"
                             "    before = now;"
                             "  }"
                             "  return longest;"
                             "}";

static unsigned logged; /* events that the reader has seen */

/* Has it log a piece, all of which must come, in order, and then the reply. */
static int flood(wire *w)
{
    char command[160], number[32];
    char *text;
    size_t n;
    int longest = -1;

    snprintf(command, sizeof command,
             "{\"id\":%u,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
             "\"flood(%d, %d)\"}}",
             ++w->last_id, PIECE, EVENT);
    wire_send(w, command);
    for (int i = 0; i < PIECE; i++) {
        assert_int_equal(wire_next(w, &text, &n), WIRE_TEXT);
        snprintf(number, sizeof number, "\"<%u>\"", logged++);
        if (!strstr(text, number))
            fail_msg("%s is missing, there is %.200s", number, text);
    }
    assert_int_equal(wire_next(w, &text, &n), WIRE_TEXT);
    const char *value = strstr(text, "\"value\":");
    if (!value || sscanf(value, "\"value\":%d", &longest) != 1)
        fail_msg("no reply, but %.200s", text);
    return longest;
}

/* Reads what is left: fewer events than there were, and the end. */
static void assert_cut_off(wire *w)
{
    char *text;
    size_t n;
    unsigned events = 0;

    for (unsigned first; (first = wire_next(w, &text, &n));)
        events += first == WIRE_TEXT && strstr(text, "consoleAPICalled");
    assert_true(events < PIECE * PIECES);
}

static void slow_ones_beside_one_that_reads(void **state)
{
    cdp_inspector_options opt = { .limits = { .queue = QUEUE } };
    debuggee d;
    wire slow[SLOW], reader;
    int longest = 0;
    long most = 0;

    (void)state;
    debuggee_start(&d, &opt, script);
    wire_attach(&reader, &d);
    wire_call(&reader, "Runtime.enable", NULL);
    longest = flood(&reader);
    printf("# the longest console.log with one front-end: %d ms\n", longest);
    const int files = debuggee_files(&d);
    for (int i = 0; i < SLOW; i++) {
        wire_open_narrow(&slow[i], &d);
        wire_shake(&slow[i], &d);
        wire_call(&slow[i], "Runtime.enable", NULL);
    }
    const long before = debuggee_memory(&d);
    for (int i = 0; i < PIECES; i++) {
        int ms = flood(&reader);
        long now = debuggee_memory(&d);
        longest = ms > longest ? ms : longest;
        most = now > most ? now : most;
    }
    printf("# and with %d more that do not read: %d ms; memory grew by %ld KiB, %ld per MiB of "
           "their queues\n",
           SLOW, longest, most - before, (most - before) / SLOW);
    assert_true(longest < 2000);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* those give nothing back */
    /* the queue, as much again in JSON, and what allocators keep */
    assert_true(most - before < 4L * SLOW * (QUEUE >> 10));
#endif
    debuggee_await_files(&d, files);
    for (int i = 0; i < SLOW; i++) {
        assert_cut_off(&slow[i]);
        wire_close(&slow[i]);
    }
    flood(&reader);
    wire_close(&reader);
    debuggee_stop(&d);
}

/* A reply that is larger than the queue is no reason to cut anybody off who reads. */
static void one_large_reply(void **state)
{
    cdp_inspector_options opt = { .limits = { .queue = QUEUE } };
    debuggee d;
    wire w;

    (void)state;
    debuggee_start(&d, &opt, NULL);
    wire_attach(&w, &d);
    const char *reply = wire_call(&w, "Runtime.evaluate", "{\"expression\":\"'x'.repeat(8e5)\"}");
    assert_true(strlen(reply) > 800000);
    wire_close(&w);
    debuggee_stop(&d);
}

/* What had piled up comes to its end, though the sockets take all of it as fast as it is made. */
static void one_that_reads_on(void **state)
{
    enum { EVENTS = 400, LARGE = 60000 }; /* together less than the default limit */
    debuggee d;
    wire reader;
    char *text, command[160];
    size_t n;

    (void)state;
    debuggee_start(&d, NULL, script);
    wire_attach(&reader, &d);
    wire_call(&reader, "Runtime.enable", NULL);
    for (int round = 0; round < 3; round++) {
        snprintf(command, sizeof command,
                 "{\"id\":%u,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":"
                 "\"flood(%d, %d)\"}}",
                 ++reader.last_id, EVENTS, LARGE);
        wire_send(&reader, command);
        sleep_ms(300); /* for them to pile up: too short a time only makes the test easier */
        for (int i = 0; i < EVENTS; i++) {
            assert_int_equal(wire_next(&reader, &text, &n), WIRE_TEXT);
            assert_non_null(strstr(text, "consoleAPICalled"));
        }
        assert_int_equal(wire_next(&reader, &text, &n), WIRE_TEXT);
        assert_non_null(strstr(text, "\"value\":"));
    }
    wire_close(&reader);
    debuggee_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_ones_beside_one_that_reads),
        cmocka_unit_test(one_large_reply),
        cmocka_unit_test(one_that_reads_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
