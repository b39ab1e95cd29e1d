/* out.c - see out.h. */
#include "out.h"

#include "num.h"

#include <stdarg.h>
#include <stdio.h>

enum { PIECE = 16384 };

void cdp__out_begin(cdp__out *o, const cdp_allocator *a, cdp_report_write *write, void *data)
{
    memset(o, 0, sizeof *o);
    o->buf.allocator = a;
    o->write = write;
    o->data = data;
    cdp__fault_clear(&o->fault);
    o->json = (cdp__writer){ &o->buf, CDP_JSON, false, 0, CDP__DEPTH_MAX, &o->fault };
}

static void hand_over(cdp__out *o, size_t n)
{
    if (o->buf.failed)
        o->status = o->status ? o->status : CDP_ENOMEM;
    if (o->status == 0)
        o->status = o->fault.status;
    if (o->status == 0 && n)
        o->status = o->write(o->data, o->buf.ptr, n);
}

/* The last byte stays: the end of a JSON container takes a comma back. */
void cdp__out_flush(cdp__out *o)
{
    if (!o->buf.failed && o->buf.len < PIECE)
        return;
    hand_over(o, o->buf.len - 1);
    if (!o->buf.failed) {
        o->buf.ptr[0] = o->buf.ptr[o->buf.len - 1];
        o->buf.len = 1;
    }
}

void cdp__out_put(cdp__out *o, const char *p, size_t n)
{
    cdp__buf_put(&o->buf, p, n);
    cdp__out_flush(o);
}

void cdp__out_text(cdp__out *o, const char *z)
{
    cdp__out_put(o, z, strlen(z));
}

void cdp__out_int(cdp__out *o, int64_t i)
{
    char digits[CDP__NUM_MAX];

    cdp__out_put(o, digits, cdp__int_write(digits, i));
}

void cdp__out_plain(cdp__out *o, cdp_str s, const char *but)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.ptr[i];
        const bool odd = (unsigned char)c < 0x20 || c == 0x7f || strchr(but, c);
        cdp__buf_byte(&o->buf, odd ? '_' : c);
    }
    cdp__out_flush(o);
}

int cdp__out_end(cdp__out *o)
{
    hand_over(o, o->buf.len);
    cdp__buf_free(&o->buf);
    return o->status;
}

void cdp__out_key(cdp__out *o, const char *key)
{
    cdp__write_key(&o->json, key, strlen(key));
}

void cdp__out_str_member(cdp__out *o, const char *key, cdp_str value)
{
    cdp__out_key(o, key);
    cdp__write_str(&o->json, value.ptr, value.len);
    cdp__write_next(&o->json);
    cdp__out_flush(o);
}

void cdp__out_num_member(cdp__out *o, const char *key, double value)
{
    cdp__out_key(o, key);
    cdp__write_num(&o->json, value);
    cdp__write_next(&o->json);
}

int cdp__compare_text(cdp_str a, cdp_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int d = n ? memcmp(a.ptr, b.ptr, n) : 0;

    return d ? d : a.len < b.len ? -1 : a.len > b.len;
}

void *cdp__report_root(const cdp_allocator *a, size_t size)
{
    cdp__pool *pool = cdp__pool_new(a);
    cdp__msg *m = pool ? cdp__msg_new(pool, size + 64) : NULL;

    if (pool)
        cdp__pool_unref(pool); /* the message's now */
    void *root = m ? cdp__msg_root(m, size) : NULL;
    if (m && !root)
        cdp__msg_unref(m);
    return root;
}

int cdp__report_refuse(const cdp_allocator *a, cdp_str **why, int status, const char *fmt, ...)
{
    char text[256];
    va_list args;

    if (!why)
        return status;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    *why = cdp__report_root(a, sizeof **why);
    if (*why)
        **why = cdp__msg_text(cdp__msg_of(*why), text, len);
    if (!*why || !(*why)->ptr) {
        cdp_free(*why);
        *why = NULL;
        return CDP_ENOMEM;
    }
    return status;
}
