/*
 * fuzz_replay.c - text as a recording that a client goes through: refused with a line, or sound to
 * the end.
 *
 * The first byte is whether the order is lenient.  The client sends what is in the recording, and
 * what is not.
 */
#include <cdp/record.h>
#include <cdp/value.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        abort();
}

static void ended(cdp_session *s, const cdp_error *err, const cdp_value *result, void *data)
{
    (void)s;
    expect((err == NULL) != (result == NULL));
    --*(int *)data;
}

/* The commands of a recording, in its order. */
static int send_all(cdp_session *s, cdp_str text)
{
    int calls = 0;
    cdp_value *root = NULL;

    expect(cdp_value_copy(cdp_json("0"), CDP_JSON, &root) == 0); /* for texts */
    for (const char *p = text.ptr, *end = p + text.len, *stop; p < end; p = stop + 1) {
        stop = memchr(p, '\n', (size_t)(end - p));
        cdp_value line = { p, (size_t)(stop - p), CDP_JSON };
        cdp_value sent = cdp_value_get(line, "sent");
        cdp_str method = cdp_value_str(root, cdp_value_get(sent, "method"));
        cdp_value params = cdp_value_get(sent, "params");
        if (method.len && strlen(method.ptr) == method.len) {
            calls++;
            expect(cdp_call_async(s, method.ptr, params, ended, &calls) != 0);
        }
        cdp_poll(s, 0);
    }
    cdp_free(root);
    calls++;
    expect(cdp_call_async(s, "No.such", cdp_json("{}"), ended, &calls) != 0);
    for (int i = 0; i < 8; i++)
        cdp_poll(s, 0);
    cdp_close(s);
    return calls;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cdp_replay_options opt = { .lenient = size && data[0] & 1 };
    cdp_session *s;
    cdp_str *why;

    if (size < 2)
        return 0;
    cdp_str text = cdp_sn((const char *)data + 1, size - 1);
    int rc = cdp_replay_open(&s, text, &opt, &why);
    if (rc == 0) {
        expect(s && !why);
        expect(text.ptr[text.len - 1] == '\n');
        expect(send_all(s, text) == 0);
    } else {
        expect(rc == CDP_EINVAL && !s && strncmp(why->ptr, "line ", 5) == 0);
        cdp_free(why);
    }
    return 0;
}
