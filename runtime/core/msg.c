/*
 * msg.c - see msg.h.
 *
 * A pool is shared by its session and its live messages, and keeps a few dead ones in slots
 * that any thread may swap with: no lock, nothing to wait for.
 */
#include "msg.h"

#include <stdlib.h>

enum {
    SLOTS = 4,
    ALIGN = 8,
    FIRST_BLOCK = 1024,
    FIRST_STACK = 16384,
    KEEP_AT_MOST = 4 << 20 /* a pool does not hoard larger messages */
};

struct cdp__pool {
    atomic_uint refs;
    cdp_allocator allocator;
    cdp__memo memo;   /* of the thread that receives, */
    cdp__stack stack; /* and so is this */
    _Atomic(cdp__msg *) slot[SLOTS];
};

/* In front of every root struct. */
typedef struct root {
    cdp__msg *msg;
    uint64_t magic;
} root;

#define ROOT_MAGIC 0x6364706b69747631u

static void *plain_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size)
        return realloc(ptr, new_size);
    free(ptr);
    return NULL;
}

static const cdp_allocator plain = { plain_realloc, NULL };

static void *resize(const cdp_allocator *a, void *p, size_t old_size, size_t new_size)
{
    if (!a)
        a = &plain;
    return a->realloc(a->ctx, p, old_size, new_size);
}

void *cdp__alloc(const cdp_allocator *a, size_t size)
{
    return resize(a, NULL, 0, size);
}

void *cdp__grow(const cdp_allocator *a, void *p, size_t old_size, size_t new_size)
{
    return resize(a, p, old_size, new_size);
}

void cdp__dealloc(const cdp_allocator *a, void *p, size_t size)
{
    if (p)
        resize(a, p, size, 0);
}

cdp__pool *cdp__pool_new(const cdp_allocator *a)
{
    cdp__pool *pool = cdp__alloc(a, sizeof *pool);
    if (!pool)
        return NULL;
    atomic_init(&pool->refs, 1);
    pool->allocator = a ? *a : plain;
    memset(&pool->memo, 0, sizeof pool->memo);
    pool->stack = (cdp__stack){ .want = FIRST_STACK, .allocator = &pool->allocator };
    for (int i = 0; i < SLOTS; i++)
        atomic_init(&pool->slot[i], NULL);
    return pool;
}

const cdp_allocator *cdp__pool_allocator(const cdp__pool *pool)
{
    return &pool->allocator;
}

cdp__memo *cdp__pool_memo(cdp__pool *pool)
{
    return &pool->memo;
}

static void destroy(cdp__msg *m)
{
    cdp_allocator a = m->pool->allocator;

    cdp__dealloc(&a, m, m->size);
}

void cdp__pool_unref(cdp__pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < SLOTS; i++) {
        cdp__msg *m = atomic_load_explicit(&pool->slot[i], memory_order_relaxed);
        if (m)
            destroy(m);
    }
    cdp_allocator a = pool->allocator;
    if (pool->stack.top) /* empty, and so one block */
        cdp__dealloc(&a, pool->stack.top, pool->stack.top->size);
    cdp__dealloc(&a, pool, sizeof *pool);
}

static void drop_blocks(cdp__msg *m)
{
    const cdp_allocator *a = &m->pool->allocator;

    while (m->more) {
        struct cdp__block *b = m->more;
        m->more = b->next;
        cdp__dealloc(a, b, b->size);
    }
    cdp__dealloc(a, m->taken, m->taken_size);
    m->taken = NULL;
}

static cdp__msg *reuse(cdp__pool *pool, size_t room)
{
    for (int i = 0; i < SLOTS; i++) {
        cdp__msg *m = atomic_exchange_explicit(&pool->slot[i], NULL, memory_order_acquire);
        if (!m)
            continue;
        if (m->size >= room && m->size >= m->used)
            return m;
        destroy(m); /* the one we make instead is as large as this should have been */
        return NULL;
    }
    return NULL;
}

cdp__msg *cdp__msg_new(cdp__pool *pool, size_t room)
{
    if (room > SIZE_MAX / 4)
        return NULL;
    size_t size = sizeof(cdp__msg) + room;
    cdp__msg *m = reuse(pool, size);

    if (!m) {
        size += size / 2; /* decoded structs are about that large */
        if (size < FIRST_BLOCK)
            size = FIRST_BLOCK;
        m = cdp__alloc(&pool->allocator, size);
        if (!m)
            return NULL;
        m->size = size;
        m->pool = pool;
    }
    atomic_init(&m->refs, 1);
    atomic_fetch_add_explicit(&pool->refs, 1, memory_order_relaxed);
    m->p = (char *)(m + 1);
    m->end = (char *)m + m->size;
    m->more = NULL;
    m->taken = NULL;
    m->used = m->size;
    return m;
}

void cdp__msg_ref(cdp__msg *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
}

/* A message that needed more than one block is made anew with one of that size. */
static cdp__msg *right_sized(cdp__msg *m)
{
    const cdp_allocator *a = &m->pool->allocator;
    size_t used = m->used;

    if (used == m->size)
        return m;
    cdp__pool *pool = m->pool;
    destroy(m);
    if (used > KEEP_AT_MOST)
        return NULL;
    m = cdp__alloc(a, used);
    if (m) {
        m->size = m->used = used;
        m->pool = pool;
    }
    return m;
}

void cdp__msg_unref(cdp__msg *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    cdp__pool *pool = m->pool;
    drop_blocks(m);
    if (m->size > KEEP_AT_MOST) {
        destroy(m);
        m = NULL;
    } else {
        m = right_sized(m);
    }
    for (int i = 0; m && i < SLOTS; i++) {
        cdp__msg *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&pool->slot[i], &none, m, memory_order_release,
                                                    memory_order_relaxed))
            m = NULL;
    }
    if (m)
        destroy(m);
    cdp__pool_unref(pool);
}

void cdp__msg_take(cdp__msg *m, char *p, size_t size)
{
    m->taken = p;
    m->taken_size = size;
}

void *cdp__msg_more(cdp__msg *m, size_t size)
{
    size_t n = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    if (n < size || n > SIZE_MAX / 4)
        return NULL;
    size_t room = m->used < n ? n : m->used; /* doubles what there is */
    if (room > (8u << 20) && room > n + (8u << 20))
        room = n + (8u << 20);
    struct cdp__block *b = cdp__alloc(&m->pool->allocator, sizeof *b + room);
    if (!b)
        return NULL;
    b->size = sizeof *b + room;
    b->next = m->more;
    m->more = b;
    m->used += b->size;
    m->p = (char *)(b + 1) + n;
    m->end = (char *)b + b->size;
    return b + 1;
}

void *cdp__msg_grow(cdp__msg *m, void *p, size_t old_size, size_t new_size)
{
    size_t old_n = (old_size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    size_t more = ((new_size + ALIGN - 1) & ~(size_t)(ALIGN - 1)) - old_n;

    if (p && (char *)p + old_n == m->p && more <= (size_t)(m->end - m->p)) {
        m->p += more;
        return p;
    }
    void *q = cdp__msg_alloc(m, new_size);
    if (q && old_size)
        memcpy(q, p, old_size);
    return q;
}

cdp_str cdp__msg_text(cdp__msg *m, const char *p, size_t n)
{
    char *q = cdp__msg_alloc(m, n + 1);
    cdp_str s = { q, q ? n : 0 };

    if (q) {
        if (n)
            memcpy(q, p, n);
        q[n] = 0;
    }
    return s;
}

void *cdp__msg_root(cdp__msg *m, size_t size)
{
    root *r = cdp__msg_alloc(m, sizeof *r + size);

    if (!r)
        return NULL;
    r->msg = m;
    r->magic = ROOT_MAGIC;
    memset(r + 1, 0, size);
    return r + 1;
}

cdp__msg *cdp__msg_of(const void *p)
{
    root r;

    memcpy(&r, (const char *)p - sizeof r, sizeof r);
    return r.magic == ROOT_MAGIC ? r.msg : NULL;
}

void cdp_free(void *msg)
{
    if (msg)
        cdp__msg_unref(cdp__msg_of(msg));
}

void *cdp_keep(const void *msg)
{
    void *mine;

    if (msg)
        cdp__msg_ref(cdp__msg_of(msg));
    memcpy(&mine, &msg, sizeof mine); /* const in, non-const out: now it is the caller's */
    return mine;
}

/* ---- the stack --------------------------------------------------------- */

cdp__stack *cdp__pool_stack(cdp__pool *pool)
{
    return &pool->stack;
}

char *cdp__stack_more(cdp__stack *s, char *items, size_t n, size_t size)
{
    size_t block = s->top ? s->top->size * 2 : s->want;

    if (n > SIZE_MAX / 4 / size - 1)
        return NULL;
    while (block - sizeof(struct cdp__block) < (n + 1) * size * 2)
        block *= 2;
    struct cdp__block *b = cdp__alloc(s->allocator, block);
    if (!b)
        return NULL;
    if (block > s->want && block <= KEEP_AT_MOST)
        s->want = block;
    b->next = s->top;
    b->size = block;
    s->top = b;
    s->p = (char *)(b + 1);
    s->end = (char *)b + block;
    if (n)
        memcpy(s->p, items, n * size);
    items = s->p;
    s->p += (n + 1) * size;
    return items;
}

static bool is_bottom(cdp__mark m)
{
    return !m.top || (!m.top->next && m.p == (char *)(m.top + 1));
}

/* An empty stack keeps its one block if that is as large as any message needed. */
void cdp__stack_pop(cdp__stack *s, cdp__mark m)
{
    const bool bottom = is_bottom(m);

    while (s->top != m.top && (s->top->next || !bottom || s->top->size != s->want)) {
        struct cdp__block *b = s->top;
        s->top = b->next;
        cdp__dealloc(s->allocator, b, b->size);
    }
    if (bottom && s->top && s->top->size < s->want) {
        cdp__dealloc(s->allocator, s->top, s->top->size);
        s->top = NULL;
    }
    s->p = !s->top ? NULL : bottom ? (char *)(s->top + 1) : m.p;
    s->end = s->top ? (char *)s->top + s->top->size : NULL;
}
