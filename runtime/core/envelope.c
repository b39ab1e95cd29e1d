/* envelope.c - see envelope.h. */
#include "envelope.h"

#include "read_cbor.h"
#include "read_json.h"

/* The members, as a table of their own, so that their names are found like any others. */
enum { ID, METHOD, PARAMS, RESULT, ERROR, SESSION_ID, MEMBERS };

static const char names[] = "id\":method\":params\":result\":error\":sessionId\":"
                            "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
static const cdp__field fields[MEMBERS] = {
    [ID] = { .name = 0, .name_len = 2 },      [METHOD] = { .name = 4, .name_len = 6 },
    [PARAMS] = { .name = 12, .name_len = 6 }, [RESULT] = { .name = 20, .name_len = 6 },
    [ERROR] = { .name = 28, .name_len = 5 },  [SESSION_ID] = { .name = 35, .name_len = 9 },
};
static const cdp__type type = { .n = MEMBERS };
static const cdp__domain domain = { .names = names, .types = &type, .fields = fields };

#define STEP(name, ...) (r->wire == CDP_JSON ? json_##name(__VA_ARGS__) : cbor_##name(__VA_ARGS__))

static int read_id(cdp__reader *r, cdp__envelope *e)
{
    cdp_value raw;
    char *start = r->p;
    int rc = cdp__skip(r, &raw);

    if (rc < 0)
        return rc;
    char *end = r->p;
    r->p = start;
    bool number = r->wire == CDP_JSON ? *start == '-' || (*start >= '0' && *start <= '9')
                                      : cbor_u8(start) < 0x40 || cbor_u8(start) == CBOR_DOUBLE;
    if (number) {
        cdp_str odd;
        rc = STEP(int, r, &e->id, &odd);
        e->has_id = rc == 0;
        e->bad_id = rc != 0;
        cdp__fault_clear(r->fault);
    } else {
        e->has_id = false;
        e->bad_id = !STEP(at_null, r);
    }
    r->p = end;
    return 0;
}

/* A string without its NUL: the bytes around it may still be needed as they are. */
static int read_text(cdp__reader *r, cdp_str *out)
{
    char *end;

    if (r->wire == CDP_JSON)
        return json_token(r, out, &end);
    int rc = cbor_str(r, out);
    r->nul = NULL;
    return rc;
}

static int read_body(cdp__reader *r, cdp__envelope *e, cdp_value *slice, cdp__body_cb *body,
                     void *ctx)
{
    const cdp__domain *d;
    const cdp__type *t;

    if (!body(ctx, e, &d, &t) || STEP(at_null, r))
        return cdp__skip(r, slice);
    char *start = r->p;
    e->body = cdp__msg_root(r->msg, t->size);
    if (!e->body)
        return CDP_ENOMEM;
    e->body_rc = cdp__decode(r, d, t, e->body);
    *slice = (cdp_value){ start, (size_t)(r->p - start), r->wire };
    return e->body_rc;
}

static int read_member(cdp__reader *r, cdp__envelope *e, int member, cdp__body_cb *body, void *ctx)
{
    switch (member) {
    case ID:
        return read_id(r, e);
    case METHOD:
        return read_text(r, &e->method);
    case SESSION_ID:
        return read_text(r, &e->session_id);
    case PARAMS:
        return read_body(r, e, &e->params, body, ctx);
    case RESULT:
        e->has_result = true;
        return read_body(r, e, &e->result, body, ctx);
    case ERROR:
        return cdp__skip(r, &e->error);
    default:
        return cdp__skip(r, NULL);
    }
}

int cdp__envelope_read(cdp__reader *r, cdp__envelope *e, cdp__body_cb *body, void *ctx)
{
    cdp__scope scope = { true, NULL };
    unsigned next = 0;
    cdp_str key;
    int rc;

    memset(e, 0, sizeof *e);
    if (r->wire == CDP_JSON) {
        json_blank(r);
        rc = json_open(r, &scope, '{');
    } else {
        rc = cbor_open_scope(r, &scope, '{');
    }
    r->depth = 1;
    while (rc == 0 && (rc = STEP(more, r, &scope, '}')) > 0) {
        int member = STEP(key, r, &domain, &type, &next, &key);
        rc = member < 0 ? member : read_member(r, e, member, body, ctx);
    }
    if (e->body_rc < 0)
        return 0; /* a message it is, and whose it is may be known */
    if (rc == 0 && r->wire == CDP_JSON)
        json_blank(r);
    if (rc == 0 && r->p != r->end)
        rc = cdp__read_fail(r, "trailing bytes");
    return rc;
}
