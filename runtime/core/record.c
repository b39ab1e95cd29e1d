/* record.c - writes down what a session sends and receives: see <cdp/record.h>. */
#include <cdp/record.h>

#include "session.h"

#include <stdio.h>

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
#define VERSION TEXT(CDP_VERSION_MAJOR) "." TEXT(CDP_VERSION_MINOR) "." TEXT(CDP_VERSION_PATCH)

static int put(cdp__conn *c, const char *line, size_t len)
{
    int rc = c->record.write(line, len, c->record.data);

    if (rc < 0) {
        c->record.tap = NULL;
        c->record.status = rc;
    }
    return rc;
}

/* {"ms":...,"sent":MESSAGE}, in which MESSAGE is text where it is none. */
static int write_line(cdp__conn *c, cdp__buf *line, bool sent, cdp_value message, bool as_bytes)
{
    cdp__fault fault;
    cdp__writer w = { line, CDP_JSON, false, 0, CDP__DEPTH_MAX + 1, &fault };

    cdp__fault_clear(&fault);
    cdp__buf_reset(line, SIZE_MAX);
    size_t begin = cdp__write_begin(&w, '{');
    cdp__write_key(&w, "ms", 2);
    cdp__write_int(&w, (int64_t)(cdp__now() - c->record.since));
    cdp__write_next(&w);
    cdp__write_key(&w, sent ? "sent" : "received", sent ? 4 : 8);
    if (as_bytes)
        cdp__write_bytes(&w, (const uint8_t *)message.ptr, message.len);
    else
        cdp__write_value(&w, message);
    cdp__write_next(&w);
    cdp__write_end(&w, begin, '{');
    return cdp__write_status(&w);
}

static void record(cdp__conn *c, bool sent, cdp_value message)
{
    cdp__buf line = { .allocator = c->allocator };
    int rc = write_line(c, &line, sent, message, false);

    if (rc < 0 && rc != CDP_ENOMEM)
        rc = write_line(c, &line, sent, message, true);
    for (size_t i = 0; i < line.len; i++) /* between tokens, as strings have none */
        if (line.ptr[i] == '\n' || line.ptr[i] == '\r')
            line.ptr[i] = ' ';
    cdp__buf_byte(&line, '\n');
    if (rc < 0 || line.failed) {
        c->record.tap = NULL;
        c->record.status = CDP_ENOMEM;
    } else {
        put(c, line.ptr, line.len);
    }
    cdp__buf_free(&line);
}

int cdp_record_start(cdp_session *s, cdp_record_cb *write, void *data)
{
    cdp__conn *c = s->conn;
    char line[128];
    int rc = cdp__usable(s, (cdp_str){ 0 });

    if (rc < 0)
        return rc;
    if (!write)
        return cdp__error_set(&s->error, CDP_EINVAL, (cdp_str){ 0 }, "a callback is needed");
    if (c->record.tap)
        return cdp__error_set(&s->error, CDP_ESTATE, (cdp_str){ 0 }, "it is recorded already");
    int n = snprintf(line, sizeof line,
                     "{\"recording\":1,\"cdpkit\":\"" VERSION "\",\"protocol\":\"%s\"}\n",
                     cdp__protocol_revision);
    c->record.tap = record;
    c->record.write = write;
    c->record.data = data;
    c->record.since = cdp__now();
    c->record.status = 0;
    rc = put(c, line, (size_t)n);
    return rc < 0 ? cdp__error_set(&s->error, rc, (cdp_str){ 0 }, NULL) : 0;
}

int cdp_record_stop(cdp_session *s)
{
    s->conn->record.tap = NULL;
    return s->conn->record.status;
}
