/* typed.c - structs as JSON text, without a session. */
#include "codec.h"

#include <stdio.h>

/* A message of its own for `size` bytes of root and `more` behind it. */
static void *new_root(size_t size, size_t more, cdp__msg **m)
{
    cdp__pool *pool = cdp__pool_new(NULL);

    *m = pool ? cdp__msg_new(pool, size + more + 64) : NULL;
    if (pool)
        cdp__pool_unref(pool); /* the message's now */
    void *root = *m ? cdp__msg_root(*m, size) : NULL;
    if (*m && !root)
        cdp__msg_unref(*m);
    return root;
}

cdp_str *cdp__new_text(const char *p, size_t n)
{
    cdp__msg *m;
    cdp_str *text = new_root(sizeof *text, n + 1, &m);

    if (text)
        *text = cdp__msg_text(m, p, n);
    return text;
}

int cdp__to_json(const cdp__domain *d, unsigned type, const void *in, cdp_str **json)
{
    cdp__pool *pool = cdp__pool_new(NULL);
    cdp__fault fault;

    *json = NULL;
    if (!pool)
        return CDP_ENOMEM;
    cdp__buf buf = { .allocator = cdp__pool_allocator(pool) };
    cdp__writer w = { &buf, CDP_JSON, false, 0, CDP__DEPTH_MAX, &fault };
    cdp__fault_clear(&fault);
    int rc = cdp__encode(&w, d, &d->types[type], in);
    if (rc == 0 && !(*json = cdp__new_text(buf.ptr, buf.len)))
        rc = CDP_ENOMEM;
    cdp__buf_free(&buf);
    cdp__pool_unref(pool);
    return rc;
}

static cdp_str *explain(const cdp__fault *f)
{
    char text[CDP__PATH + 96];
    const char *path = cdp__fault_path(f);
    int n = snprintf(text, sizeof text, "%s%s%s at byte %zu", path, *path ? ": " : "", f->why,
                     f->at);

    return n < 0 ? NULL : cdp__new_text(text, (size_t)n);
}

int cdp__from_json(const cdp__domain *d, unsigned type, cdp_str json, void **out, cdp_str **why)
{
    const cdp__type *t = &d->types[type];
    cdp__fault fault;
    cdp__msg *m;
    void *root = new_root(t->size, json.len + CDP__PAD, &m);
    char *p = root ? cdp__msg_alloc(m, json.len + CDP__PAD) : NULL;

    *out = NULL;
    if (why)
        *why = NULL;
    if (!p) {
        if (root)
            cdp_free(root);
        return CDP_ENOMEM;
    }
    if (json.len)
        memcpy(p, json.ptr, json.len);
    memset(p + json.len, 0, CDP__PAD);
    cdp__fault_clear(&fault);
    cdp__reader r = {
        .begin = p, .end = p + json.len, .msg = m, .memo = cdp__pool_memo(m->pool), .fault = &fault
    };
    const char *end = cdp__decode(&r, p, d, t, root);
    while (end && end < r.end && (*end == ' ' || *end == '\n' || *end == '\r' || *end == '\t'))
        end++;
    if (end == r.end) {
        *out = root;
        return 0;
    }
    if (end) {
        cdp__fault_set(&fault, CDP_EDECODE, "trailing bytes");
        fault.at = (size_t)(end - p);
    }
    if (why)
        *why = explain(&fault);
    cdp_free(root);
    return fault.status;
}
