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

/* An id that is no int32 is noted as bad, and stepped over. */
static char *read_id(cdp__reader *r, char *p, cdp__envelope *e)
{
    const char head = *p;
    const bool number = r->wire == CDP_JSON ? head == '-' || (head >= '0' && head <= '9')
                                            : cbor_u8(p) < 0x40 || cbor_u8(p) == CBOR_DOUBLE;
    cdp_str odd = { NULL, 0 };

    if (number) {
        e->has_id = true;
        p = STEP(int, r, p, &e->id, &odd);
    } else {
        e->has_id = false;
        e->bad_id = !STEP(at_null, r, p);
        p = cdp__skip(r, p, NULL);
    }
    if (odd.ptr) {
        e->has_id = false;
        e->bad_id = true;
    }
    return p;
}

/* A string without its NUL: the bytes around it may still be needed as they are. */
static char *read_text(cdp__reader *r, char *p, cdp_str *out)
{
    char *end;

    if (r->wire == CDP_JSON)
        return json_token(r, p, out, &end);
    p = cbor_str(r, p, out);
    r->nul = NULL;
    return p;
}

static char *read_body(cdp__reader *r, char *p, cdp__envelope *e, cdp_value *slice,
                       cdp__body_cb *body, void *ctx)
{
    const cdp__domain *d;
    const cdp__type *t;
    const bool fits = (slice == &e->params) == (e->method.ptr != NULL);

    if (STEP(at_null, r, p) || !fits || !body(ctx, e, &d, &t))
        return cdp__skip(r, p, slice);
    e->body = cdp__msg_root(r->msg, t->size);
    if (!e->body) {
        e->body_rc = CDP_ENOMEM;
        return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
    }
    char *next = cdp__decode(r, p, d, t, e->body);
    if (next)
        *slice = (cdp_value){ p, (size_t)(next - p), r->wire };
    e->body_rc = next ? 0 : r->fault->status;
    return next;
}

static char *read_member(cdp__reader *r, char *p, cdp__envelope *e, unsigned member,
                         cdp__body_cb *body, void *ctx)
{
    if (e->body && (member == ID || member == METHOD)) /* it was decoded as what came before */
        return cdp__read_fail(r, p, "id or method repeated");
    switch (member) {
    case ID:
        return read_id(r, p, e);
    case METHOD:
        return read_text(r, p, &e->method);
    case SESSION_ID:
        return read_text(r, p, &e->session_id);
    case PARAMS:
        return read_body(r, p, e, &e->params, body, ctx);
    case RESULT:
        e->has_result = true;
        return read_body(r, p, e, &e->result, body, ctx);
    case ERROR:
        return cdp__skip(r, p, &e->error);
    default:
        return cdp__skip(r, p, NULL);
    }
}

int cdp__envelope_read(cdp__reader *r, cdp__envelope *e, cdp__body_cb *body, void *ctx)
{
    cdp__scope scope = { NULL };
    unsigned next = 0, member = 0;
    bool more = false;
    cdp_str key;
    char *p = r->begin;

    memset(e, 0, sizeof *e);
    p = r->wire == CDP_JSON ? json_enter(r, json_blank(p), &scope, '{', &more)
                            : cbor_enter(r, p, &scope, '{', &more);
    r->depth = 1;
    while (p && more) {
        p = STEP(key, r, p, &domain, &type, &next, &member, &key);
        if (p)
            p = read_member(r, p, e, member, body, ctx);
        if (p)
            p = STEP(next, r, p, &scope, '{', &more);
    }
    if (e->body_rc < 0)
        return 0; /* a message it is, and whose it is may be known */
    if (p && r->wire == CDP_JSON)
        p = json_blank(p);
    if (p && p != r->end)
        p = cdp__read_fail(r, p, "trailing bytes");
    return p ? 0 : r->fault->status;
}
