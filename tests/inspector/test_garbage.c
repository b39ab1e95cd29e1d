/*
 * test_garbage.c - messages that are no commands: each is answered by one error, with the request's
 * id where there is one to be read, and nothing else happens.
 */
#include "wire.h"

static int setup(void **state)
{
    debuggee *d = malloc(sizeof *d);

    *state = d;
    assert_non_null(d);
    debuggee_start(d, NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    debuggee_stop(*state);
    free(*state);
    return 0;
}

typedef struct garbage {
    const char *text;
    int code;       /* of the error; 0: it is fine */
    const char *id; /* of the reply; NULL: it has none */
    size_t len;     /* where there are NULs in it; 0: strlen() */
} garbage;

static const garbage cases[] = {
    /* no JSON */
    { "", -32700, NULL, 0 },
    { " ", -32700, NULL, 0 },
    { "not json", -32700, NULL, 0 },
    { "{", -32700, NULL, 0 },
    { "}", -32700, NULL, 0 },
    { "{\"id\":1,\"method\":\"Runtime.enable\"", -32700, "1", 0 },
    { "{\"id\":1,\"method\":\"Runtime.enable\"}}", -32700, "1", 0 },
    { "{\"id\":1,\"method\":\"Runtime.enable\"} {}", -32700, "1", 0 },
    { "{\"id\":1,\"method\":\"Runtime.enable\",}", -32700, "1", 0 },
    { "{'id':1}", -32700, NULL, 0 },
    { "{id:1}", -32700, NULL, 0 },
    { "{\"id\":01}", -32700, NULL, 0 },
    { "\xef\xbb\xbf{\"id\":1,\"method\":\"Runtime.getIsolateId\"}", -32700, NULL, 0 },
    { "{\"id\":1,\"method\":\"Runtime.getIsolateId\",\"params\":{\"a\":1e}}", -32700, "1", 0 },
    { "{\"id\":1,\"method\":\"Runtime.getIsolateId\",\"params\":{\"a\":\"\x01\"}}", -32700, "1",
      0 },
    { "{\"id\":1,\"method\":\"Runtime.getIsolateId\",\"params\":{\"a\":\"\\x\"}}", -32700, "1", 0 },
    { "{\"id\":1}\0", -32700, "1", 9 },
    { "\0\0\0\0", -32700, NULL, 4 },
    { "\x7f", -32700, NULL, 0 },
    /* no request */
    { "[]", -32700, NULL, 0 },
    { "[{\"id\":1,\"method\":\"Runtime.enable\"}]", -32700, NULL, 0 },
    { "null", -32700, NULL, 0 },
    { "true", -32700, NULL, 0 },
    { "7", -32700, NULL, 0 },
    { "\"text\"", -32700, NULL, 0 },
    { "{}", -32600, NULL, 0 },
    { "{\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":null,\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":\"a\",\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":true,\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":[1],\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":1.5,\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":2147483648,\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":-2147483649,\"method\":\"Runtime.enable\"}", -32600, NULL, 0 },
    { "{\"id\":1e400,\"method\":\"Runtime.enable\"}", -32700, NULL, 0 },
    { "{\"id\":3}", -32600, "3", 0 },
    { "{\"id\":3,\"method\":null}", -32700, "3", 0 },
    { "{\"id\":3,\"method\":7}", -32700, "3", 0 },
    { "{\"id\":3,\"method\":{}}", -32700, "3", 0 },
    { "{\"id\":3,\"method\":\"Runtime.getIsolateId\",\"params\":[]}", -32600, "3", 0 },
    { "{\"id\":3,\"method\":\"Runtime.getIsolateId\",\"params\":7}", -32600, "3", 0 },
    { "{\"id\":3,\"method\":\"Runtime.getIsolateId\",\"sessionId\":7}", -32700, "3", 0 },
    { "{\"id\":3,\"method\":\"Runtime.getIsolateId\",\"more\":1}", 0, "3", 0 },
    /* no such thing */
    { "{\"id\":4,\"method\":\"\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Runtime.\\ud800\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Runtime\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Runtime.\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\".enable\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"runtime.enable\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Runtime.enable \"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Runtime.nothing\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Nothing.enable\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Page.enable\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"\\ud83d\\ude00\"}", -32601, "4", 0 },
    { "{\"id\":4,\"method\":\"Runtime.enable\\u0000\"}", -32601, "4", 0 },
    { "{\"id\":5,\"method\":\"Runtime.getIsolateId\",\"sessionId\":\"zz\"}", -32001, "5", 0 },
    { "{\"id\":5,\"method\":\"Runtime.getIsolateId\",\"sessionId\":\"7\"}", -32001, "5", 0 },
    { "{\"id\":5,\"method\":\"Runtime.getIsolateId\",\"sessionId\":\"99999999999999999999\"}",
      -32001, "5", 0 },
    { "{\"id\":5,\"method\":\"Runtime.getIsolateId\",\"sessionId\":\"-1\"}", -32001, "5", 0 },
    { "{\"id\":5,\"method\":\"Runtime.getIsolateId\",\"sessionId\":\"\\ud800\"}", -32001, "5", 0 },
    /* params that do not fit */
    { "{\"id\":6,\"method\":\"Runtime.evaluate\"}", -32602, "6", 0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{}}", -32602, "6", 0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":7}}", -32602, "6", 0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":null}}", -32602, "6",
      0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"1\",\"silent\":null}"
      "}",
      -32602, "6", 0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"1\",\"contextId\":1."
      "5}}",
      -32602, "6", 0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"1\","
      "\"timeout\":\"x\"}}",
      -32602, "6", 0 },
    { "{\"id\":6,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"1\","
      "\"contextId\":99}}",
      -32000, "6", 0 },
    { "{\"id\":6,\"method\":\"NodeWorker.detach\",\"params\":{\"sessionId\":\"99\"}}", -32001, "6",
      0 },
    { "{\"id\":6,\"method\":\"NodeWorker.sendMessageToWorker\",\"params\":{\"message\":\"{}\","
      "\"sessionId\":\"99\"}}",
      -32001, "6", 0 },
    /* what only looks odd */
    { "{\"id\":0,\"method\":\"Runtime.getIsolateId\"}", 0, "0", 0 },
    { "{\"id\":-1,\"method\":\"Runtime.getIsolateId\"}", 0, "-1", 0 },
    { "{\"id\":2147483647,\"method\":\"Runtime.getIsolateId\"}", 0, "2147483647", 0 },
    { "{\"id\":-2147483648,\"method\":\"Runtime.getIsolateId\"}", 0, "-2147483648", 0 },
    { "{\"id\":8.0,\"method\":\"Runtime.getIsolateId\"}", 0, "8", 0 },
    { "{\"method\":\"Runtime.getIsolateId\",\"id\":8}", 0, "8", 0 },
    { " \t\r\n{ \"id\" : 8 , \"method\" : \"Runtime.getIsolateId\" } \n", 0, "8", 0 },
    { "{\"\\u0069d\":8,\"method\":\"Runtime\\u002egetIsolateId\"}", 0, "8", 0 },
    { "{\"id\":8,\"method\":\"Runtime.getIsolateId\",\"params\":{}}", 0, "8", 0 },
    { "{\"id\":8,\"method\":\"Runtime.getIsolateId\",\"params\":{\"unknown\":[{}]}}", 0, "8", 0 },
    { "{\"id\":8,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"'\\ud800'\"}}", 0,
      "8", 0 },
    { "{\"id\":8,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"'\\u0000'\"}}", 0,
      "8", 0 },
};

/* The reply is what came next, and nothing more comes before the answer to the next command. */
static void one_error_for_each(void **state)
{
    int wrong = 0;
    wire w;

    wire_attach(&w, *state);
    w.last_id = 1000;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const garbage *c = &cases[i];
        char frame[1024], id[32], code[32], *text;
        const size_t len = c->len ? c->len : strlen(c->text);
        size_t n;
        wire_put(&w, frame, wire_frame(frame, WIRE_TEXT, c->text, len));
        snprintf(id, sizeof id, "\"id\":%s,", c->id ? c->id : "");
        snprintf(code, sizeof code, "\"error\":{\"code\":%d,", c->code);
        wire_send(&w, "{\"id\":99,\"method\":\"Runtime.getIsolateId\"}");
        if (wire_next(&w, &text, &n) != WIRE_TEXT)
            fail_msg("%s: the session has ended", c->text);
        bool good = (c->id ? strstr(text, id) != NULL : !strstr(text, "\"id\":")) &&
                    (c->code ? strstr(text, code) != NULL : !strstr(text, "\"error\""));
        if (!good)
            wrong += printf("# %s: expected %d, id %s; got %s\n", c->text, c->code,
                            c->id ? c->id : "none", text) > 0;
        if (strstr(text, "\"id\":99,"))
            continue;
        assert_int_equal(wire_next(&w, &text, &n), WIRE_TEXT);
        if (!strstr(text, "\"id\":99,")) {
            wrong += printf("# %s: a second answer: %s\n", c->text, text) > 0;
            wire_await(&w, "\"id\":99,");
        }
    }
    wire_close(&w);
    printf("# %zu messages\n", COUNT(cases));
    assert_int_equal(wrong, 0);
}

/* ---- depth ------------------------------------------------------------- */

/* A command whose params hold that many lists in each other, besides themselves and the message. */
static char *nested(int id, int depth)
{
    static const char head[] = "{\"id\":%d,\"method\":\"Runtime.getIsolateId\",\"params\":{\"x\":";
    char *text = malloc(sizeof head + 16 + 2 * (size_t)depth), *p;

    assert_non_null(text);
    p = text + sprintf(text, head, id);
    memset(p, '[', (size_t)depth);
    memset(p + depth, ']', (size_t)depth);
    strcpy(p + 2 * depth, "}}");
    return text;
}

/* Whatever its depth a command has an answer, which has its id. */
static void deep_commands(void **state)
{
    static const int depths[] = { 1,    100,  250,  280,  290,  294,  295,   296,   297,
                                  298,  299,  300,  301,  302,  310,  500,   900,   999,
                                  1000, 1020, 1022, 1024, 1025, 1500, 10000, 100000 };
    int deepest = 0;
    wire w;

    wire_attach(&w, *state);
    for (size_t i = 0; i < COUNT(depths); i++) {
        char *text = nested((int)i + 1, depths[i]), id[16], *reply;
        size_t n;
        snprintf(id, sizeof id, "\"id\":%zu,", i + 1);
        wire_send(&w, text);
        free(text);
        assert_int_equal(wire_next(&w, &reply, &n), WIRE_TEXT);
        if (!strstr(reply, id))
            fail_msg("depth %d: %s", depths[i], reply);
        if (!strstr(reply, "\"error\""))
            deepest = depths[i];
    }
    printf("# the deepest that was run: %d\n", deepest);
    assert_true(deepest >= 290);
    wire_close(&w);
}

/* V8 itself refuses from 1,000 on. */
static void deep_replies(void **state)
{
    static const int depths[] = { 10,  296, 297, 298, 299, 300,  301,
                                  500, 900, 990, 998, 999, 1000, 2000 };
    wire w;

    wire_attach(&w, *state);
    for (size_t i = 0; i < COUNT(depths); i++) {
        char params[256];
        const char *p;
        int brackets = 0;
        snprintf(
            params, sizeof params,
            "{\"returnByValue\":true,\"expression\":\"var a = []; for (let i = 1; i < %d; i++) "
            "a = [a]; a\"}",
            depths[i]);
        const char *reply = wire_call(&w, "Runtime.evaluate", params);
        if (strstr(reply, "\"error\"")) {
            if (depths[i] < 1000 || !strstr(reply, "-32000"))
                fail_msg("depth %d: %s", depths[i], reply);
            continue;
        }
        for (p = reply; (p = strchr(p, '[')); p++)
            brackets++;
        assert_int_equal(brackets, depths[i]);
    }
    wire_close(&w);
}

/* Random bytes, and commands in which some bytes are. */
static void noise(void **state)
{
    static const char command[] =
        "{\"id\":1,\"method\":\"Runtime.evaluate\",\"params\":{\"expression\":\"[1, 2]\","
        "\"returnByValue\":true,\"contextId\":1}}";
    wire w;
    uint32_t seed = 1;

    wire_attach(&w, *state);
    w.last_id = 1000000;
    for (int i = 0; i < 3000; i++) {
        char text[256], frame[sizeof text + 14];
        size_t n = sizeof command - 1;
        memcpy(text, command, n);
        for (int k = 0; k < 1 + i % 3; k++) {
            seed = seed * 1103515245 + 12345;
            text[(seed >> 16) % n] = (char)(' ' + (seed >> 8) % 95);
        }
        if (i % 7 == 0)
            n = (seed >> 16) % n;
        wire_put(&w, frame, wire_frame(frame, WIRE_TEXT, text, n));
        if (i % 50 == 0) /* the answers have to be read */
            wire_call(&w, "Runtime.getIsolateId", NULL);
    }
    wire_call(&w, "Runtime.getIsolateId", NULL);
    wire_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_error_for_each, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(noise, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
