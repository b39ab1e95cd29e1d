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

/* An id that is no int32 is noted as bad, and stepped over. */
static char *read_rare_id(cdp__reader *r, char *p, cdp__envelope *e)
{
    const char head = *p;
    const bool json = r->wire == CDP_JSON;
    const bool number = json ? head == '-' || (head >= '0' && head <= '9')
                             : cbor_u8(p) < 0x40 || cbor_u8(p) == CBOR_DOUBLE;
    cdp_str odd = { NULL, 0 };

    if (number) {
        p = json ? cdp__json_rare_int(r, p, &e->id, &odd) : cdp__cbor_rare_int(r, p, &e->id, &odd);
        e->has_id = p && !odd.ptr;
        e->bad_id |= odd.ptr != NULL;
    } else {
        e->has_id = false;
        e->bad_id = json ? !json_at_null(r, p) : !cbor_at_null(r, p);
        p = cdp__skip(r, p, NULL);
    }
    return p;
}

INLINE char *read_id(cdp__reader *r, char *p, cdp__envelope *e, const cdp_wire wire)
{
    char *end = STEP(int, r, p, &e->id);

    if (!end)
        return read_rare_id(r, p, e);
    e->has_id = true;
    return end;
}

/* A string without its NUL: the bytes around it may still be needed as they are. */
INLINE char *read_text(cdp__reader *r, char *p, cdp_str *out, const cdp_wire wire)
{
    char *end;

    if (wire == CDP_JSON)
        return json_token(r, p, out, &end);
    p = cbor_str(r, p, out);
    r->nul = NULL;
    return p;
}

INLINE char *read_body(cdp__reader *r, char *p, cdp__envelope *e, cdp_value *slice,
                       cdp__body_cb *body, void *ctx, const cdp_wire wire)
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

INLINE char *read_member(cdp__reader *r, char *p, cdp__envelope *e, unsigned member,
                         cdp__body_cb *body, void *ctx, const cdp_wire wire)
{
    if (e->body && (member == ID || member == METHOD)) /* it was decoded as what came before */
        return cdp__read_fail(r, p, "id or method repeated");
    switch (member) {
    case ID:
        return read_id(r, p, e, wire);
    case METHOD:
        return read_text(r, p, &e->method, wire);
    case SESSION_ID:
        return read_text(r, p, &e->session_id, wire);
    case PARAMS:
    case RESULT:
        e->has_result |= member == RESULT;
        return read_body(r, p, e, member == PARAMS ? &e->params : &e->result, body, ctx, wire);
    case ERROR:
        return cdp__skip(r, p, &e->error);
    default:
        return cdp__skip(r, p, NULL);
    }
}

INLINE int read_envelope(cdp__reader *r, cdp__envelope *e, cdp__body_cb *body, void *ctx,
                         const cdp_wire wire)
{
    cdp__keys keys = cdp__keys_of(r, &domain, &type);
    cdp__scope scope = { NULL };
    bool more = false;
    cdp_str key;
    char *p = wire == CDP_JSON ? json_blank(r->begin) : r->begin;

    p = STEP(enter, r, p, &scope, '{', &more);
    r->depth = 1;
    while (p && more) {
        p = STEP(key, r, p, &keys, &key);
        if (p)
            p = read_member(r, p, e, keys.found ? keys.next - 1 : MEMBERS, body, ctx, wire);
        if (p)
            p = STEP(next, r, p, &scope, '{', &more);
    }
    if (e->body_rc < 0)
        return 0; /* a message it is, and whose it is may be known */
    if (p && wire == CDP_JSON)
        p = json_blank(p);
    if (p && p != r->end)
        p = cdp__read_fail(r, p, "trailing bytes");
    return p ? 0 : r->fault->status;
}

int cdp__envelope_read(cdp__reader *r, cdp__envelope *e, cdp__body_cb *body, void *ctx)
{
    cdp__clear(e, sizeof *e);
    return r->wire == CDP_JSON ? read_envelope(r, e, body, ctx, CDP_JSON)
                               : read_envelope(r, e, body, ctx, CDP_CBOR);
}
