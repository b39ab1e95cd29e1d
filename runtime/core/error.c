/* error.c - see error.h. */
#include "error.h"

#include <cdp/value.h>

#include <limits.h>
#include <stdio.h>

const char *cdp_strerror(int status)
{
    switch (status) {
    case CDP_OK:
        return "success";
    case CDP_FALLTHROUGH:
        return "not handled";
#define CDP__XX(name, value, text) \
    case CDP_##name:               \
        return text;
        CDP_STATUS_MAP(CDP__XX)
#undef CDP__XX
    default:
        return "unknown error";
    }
}

void cdp__error_clear(cdp__error *e)
{
    static const cdp_error success = { .message = { "success", 7 },
                                       .method = { "", 0 },
                                       .path = { "", 0 } };

    if (e->owner)
        cdp__msg_unref(e->owner);
    e->owner = NULL;
    e->pub = success;
}

static cdp_str fill(char *room, size_t size, int n)
{
    size_t len = n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;

    room[len] = 0;
    return cdp_sn(room, len);
}

int cdp__error_set(cdp__error *e, int status, cdp_str method, const char *why)
{
    cdp__error_clear(e);
    e->pub.status = status;
    e->pub.method = fill(e->method, sizeof e->method,
                         snprintf(e->method, sizeof e->method, "%.*s", (int)method.len,
                                  method.ptr ? method.ptr : ""));
    e->pub.message = fill(e->message, sizeof e->message,
                          snprintf(e->message, sizeof e->message, "%s%s%s", e->method,
                                   method.len ? ": " : "", why ? why : cdp_strerror(status)));
    return status;
}

int cdp__error_fault(cdp__error *e, cdp_str method, const char *part, const cdp__fault *f)
{
    const char *inner = cdp__fault_path(f);
    char why[64 + sizeof e->path + 64];

    snprintf(e->path, sizeof e->path, "%s%s%s", part, *inner ? "." : "", inner);
    if (f->status == CDP_EDECODE)
        snprintf(why, sizeof why, "%s: %s at byte %zu", e->path, f->why, f->at);
    else
        snprintf(why, sizeof why, "%s: %s", e->path, f->why);
    cdp__error_set(e, f->status, method, why);
    e->pub.path = cdp_s(e->path);
    return f->status;
}

int cdp__error_remote(cdp__error *e, cdp_str method, cdp__msg *m, cdp_value error)
{
    void *root = cdp__msg_root(m, sizeof(cdp_value)); /* so that values can be decoded */
    cdp_str message = { 0 };
    cdp_value data = { 0 };
    int64_t code = 0;

    if (root) { /* {0} stands for what does not have the right type */
        message = cdp_value_str(root, cdp_value_get(error, "message"));
        code = cdp_value_int(cdp_value_get(error, "code"), 0);
        data = cdp_value_get(error, "data");
    }
    cdp__error_set(e, CDP_EREMOTE, method, NULL);
    if (message.len)
        e->pub.message = message;
    e->pub.remote_code = code >= INT_MIN && code <= INT_MAX ? (int)code : 0;
    e->pub.data = data;
    e->owner = m;
    cdp__msg_ref(m);
    return CDP_EREMOTE;
}

static cdp_str moved(cdp_str s, const cdp__error *from, cdp__error *to)
{
    const char *base = (const char *)from;

    if (s.ptr >= base && s.ptr < base + sizeof *from)
        s.ptr = (const char *)to + (s.ptr - base);
    return s;
}

void cdp__error_move(cdp__error *to, cdp__error *from)
{
    cdp__error_clear(to);
    memcpy(to, from, sizeof *to);
    to->pub.message = moved(to->pub.message, from, to);
    to->pub.method = moved(to->pub.method, from, to);
    to->pub.path = moved(to->pub.path, from, to);
    from->owner = NULL;
    cdp__error_clear(from);
}
