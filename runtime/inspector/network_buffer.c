/* network_buffer.c - see network_buffer.h. */
#include "network_buffer.h"

/* FNV-1a. */
static uint32_t hash_of(cdp_str s)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
    return h;
}

void cdp__network_buffer_init(cdp__network_buffer *b, const cdp_allocator *a)
{
    memset(b, 0, sizeof *b);
    b->allocator = a;
    b->end = &b->oldest;
}

void cdp__network_buffer_clear(cdp__network_buffer *b)
{
    while (b->oldest)
        cdp__network_remove(b, b->oldest);
}

static void enforce_limits(cdp__network_buffer *b)
{
    while (b->oldest && (b->total > b->max_total || b->n > CDP__NETWORK_ENTRIES))
        cdp__network_remove(b, b->oldest);
}

void cdp__network_buffer_limit(cdp__network_buffer *b, size_t total, size_t resource)
{
    b->max_total = total;
    b->max_resource = resource;
    enforce_limits(b);
}

cdp__network_entry *cdp__network_find(const cdp__network_buffer *b, cdp_str id)
{
    uint32_t hash = hash_of(id);
    cdp__network_entry *e = b->buckets[hash % CDP__NETWORK_BUCKETS];

    while (e && (e->hash != hash || !cdp_str_eq(cdp_sn(e->id, e->id_len), id)))
        e = e->chain;
    return e;
}

cdp__network_entry *cdp__network_add(cdp__network_buffer *b, cdp_str id)
{
    cdp__network_entry *e = cdp__alloc(b->allocator, sizeof *e + id.len);

    if (!e)
        return NULL;
    memset(e, 0, sizeof *e);
    e->sent.bytes.allocator = e->received.bytes.allocator = b->allocator;
    e->hash = hash_of(id);
    e->id_len = id.len;
    if (id.len)
        memcpy(e->id, id.ptr, id.len);
    cdp__network_entry **bucket = &b->buckets[e->hash % CDP__NETWORK_BUCKETS];
    e->chain = *bucket;
    *bucket = e;
    e->link = b->end;
    *b->end = e;
    b->end = &e->next;
    b->n++;
    enforce_limits(b); /* the new one is the last to go */
    return e;
}

static void drop(cdp__network_buffer *b, cdp__network_body *body)
{
    cdp__buf bytes = cdp__network_take(b, body);

    cdp__buf_free(&bytes);
}

void cdp__network_remove(cdp__network_buffer *b, cdp__network_entry *e)
{
    cdp__network_entry **at = &b->buckets[e->hash % CDP__NETWORK_BUCKETS];

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    *e->link = e->next;
    if (e->next)
        e->next->link = e->link;
    else
        b->end = e->link;
    b->n--;
    drop(b, &e->sent);
    drop(b, &e->received);
    cdp__dealloc(b->allocator, e, sizeof *e + e->id_len);
}

int cdp__network_push(cdp__network_buffer *b, cdp__network_entry *e, cdp__network_body *body,
                      cdp_bytes data)
{
    size_t used = e->sent.bytes.len + e->received.bytes.len, before = body->bytes.len;

    if (body->lost)
        return 0;
    if (data.len > b->max_resource || used > b->max_resource - data.len) {
        body->lost = true;
        drop(b, body);
        return 0;
    }
    if (data.len && !cdp__buf_room(&body->bytes, data.len)) {
        body->bytes.len = before; /* a buffer that failed says that it is full */
        body->lost = true;
        drop(b, body);
        return CDP_ENOMEM;
    }
    cdp__buf_put(&body->bytes, data.ptr, data.len);
    b->total += data.len;
    enforce_limits(b);
    return 0;
}

cdp__buf cdp__network_take(cdp__network_buffer *b, cdp__network_body *body)
{
    cdp__buf bytes = body->bytes;

    b->total -= bytes.len;
    body->bytes = (cdp__buf){ .allocator = bytes.allocator };
    return bytes;
}
