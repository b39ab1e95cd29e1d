/* test_typed.c - structs as JSON text and back, without a session. */
#include <cdp/profiler.h>
#include <cdp/runtime.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void writes_what_is_set(void **state)
{
    cdp_runtime_call_frame frame = { .function_name = cdp_s("f\"\xc3\xa9"),
                                     .script_id = cdp_s("7"),
                                     .url = cdp_s(""),
                                     .line_number = 1,
                                     .column_number = -2 };
    cdp_str *json;

    (void)state;
    assert_int_equal(cdp_runtime_call_frame_to_json(&frame, &json), 0);
    assert_string_equal(json->ptr,
                        "{\"functionName\":\"f\\\"\\u00e9\",\"scriptId\":\"7\",\"url\":\"\","
                        "\"lineNumber\":1,\"columnNumber\":-2}");
    assert_int_equal(json->len, strlen(json->ptr));
    cdp_free(json);
}

static void refuses_what_is_not_set(void **state)
{
    cdp_runtime_call_frame frame = { .function_name = cdp_s("f") };
    cdp_str *json;

    (void)state;
    assert_int_equal(cdp_runtime_call_frame_to_json(&frame, &json), CDP_EINVAL);
    assert_null(json);
}

static void reads_back_what_it_wrote(void **state)
{
    static const char text[] =
        "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\",\"scriptId\":\"0\","
        "\"url\":\"\",\"lineNumber\":-1,\"columnNumber\":-1},\"hitCount\":0,\"children\":[2,3]}],"
        "\"startTime\":1.5,\"endTime\":2e21,\"samples\":[],\"novel\":{\"x\":[null]}}";
    cdp_profiler_profile *p;
    cdp_str *again, *why;

    (void)state;
    assert_int_equal(cdp_profiler_profile_from_json(cdp_s(text), &p, &why), 0);
    assert_null(why);
    assert_int_equal(p->nodes.n, 1);
    assert_int_equal(p->nodes.items[0].children.items[1], 3);
    assert_true(p->samples.items && p->samples.n == 0);
    assert_null(p->time_deltas.items);
    assert_int_equal(cdp_profiler_profile_to_json(p, &again), 0);
    assert_string_equal(
        again->ptr,
        "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\",\"scriptId\":\"0\","
        "\"url\":\"\",\"lineNumber\":-1,\"columnNumber\":-1},\"hitCount\":0,\"children\":[2,3]}],"
        "\"startTime\":1.5,\"endTime\":2e+21,\"samples\":[],\"novel\":{\"x\":[null]}}");
    cdp_free(p);
    cdp_free(again);
}

static void says_why_not(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "", "object expected at byte 0" },
        { "[]", "object expected at byte 0" },
        { "{} x", "trailing bytes at byte 3" },
        { "{\"nodes\":[{\"id\":true}]}", "nodes.0.id: number expected at byte 16" },
        { "{\"nodes\":[{\"callFrame\":{\"url\":7}}]}",
          "nodes.0.callFrame.url: string expected at byte 30" },
        { "{\"startTime\":1e999}", "startTime: number out of range at byte 13" },
        { "{\"nodes\":[", "nodes.0: object expected at byte 10" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cdp_profiler_profile *p;
        cdp_str *why;
        assert_int_equal(cdp_profiler_profile_from_json(cdp_s(rows[i].text), &p, &why),
                         CDP_EDECODE);
        assert_null(p);
        assert_string_equal(why->ptr, rows[i].why);
        cdp_free(why);
        assert_int_equal(cdp_profiler_profile_from_json(cdp_s(rows[i].text), &p, NULL),
                         CDP_EDECODE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_is_set),
        cmocka_unit_test(refuses_what_is_not_set),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
