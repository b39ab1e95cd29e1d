/* ws_end.c - see ws_end.h. */
#include "ws_end.h"

#include "plain_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- scripts ------------------------------------------------------------ */

typedef struct piece {
    char *p;
    size_t n, cap;
} piece;

static void put(piece *b, const void *p, size_t n)
{
    if (!b->p || b->cap - b->n < n) {
        b->cap = 2 * (b->n + n) + 16;
        b->p = realloc(b->p, b->cap);
        assert_non_null(b->p);
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void put_byte(piece *b, unsigned c)
{
    const char byte = (char)c;

    put(b, &byte, 1);
}

static unsigned hex(const char *p)
{
    unsigned v = 0;

    assert_int_equal(sscanf(p, "%2x", &v), 1);
    return v;
}

/* form: of the length; 0: the shortest. */
static void put_length(piece *b, uint64_t n, unsigned form, unsigned masked)
{
    const unsigned size = form ? form : n < 126 ? 0 : n < 65536 ? 2 : 8;

    put_byte(b, (size == 0 ? (unsigned)n : size == 2 ? 126 : 127) | masked);
    for (unsigned i = size; i-- > 0;)
        put_byte(b, (unsigned)(n >> 8 * i) & 0xff);
}

static const char *put_frame(piece *b, const char *p, bool server)
{
    unsigned form = 0;
    unsigned long long declared = 0, times = 1, code = 0;
    bool masked = server, with_length = false, with_code = false;
    uint8_t key[4] = { 0x37, 0xfa, 0x21, (uint8_t)(0x3d + b->n) };
    piece payload = { NULL, 0, 0 };

    put_byte(b, hex(p));
    for (p += 2; *p != ':';) {
        const char what = *p++;
        char *stop = NULL;
        const unsigned long long n = strtoull(p, &stop, 10);
        if (what == '!')
            masked = !masked;
        else if (what == 'z')
            memset(key, 0, 4);
        else if (what == 'w')
            form = (unsigned)n;
        else if (what == '=')
            declared = n, with_length = true;
        else if (what == '*')
            times = n;
        else if (what == '#')
            code = n, with_code = true;
        else
            fail_msg("script: %c", what);
        p = stop;
    }
    const size_t n = strcspn(++p, "|");
    if (with_code) {
        put_byte(&payload, (unsigned)code >> 8);
        put_byte(&payload, (unsigned)code & 0xff);
    }
    while (times-- > 0)
        put(&payload, p, n);
    put_length(b, with_length ? declared : payload.n, form, masked ? 0x80 : 0);
    if (masked)
        put(b, key, 4);
    for (size_t i = 0; i < payload.n; i++)
        put_byte(b, (uint8_t)payload.p[i] ^ (masked ? key[i % 4] : 0u));
    free(payload.p);
    return p + n;
}

char *ws_script(const char *p, bool server, size_t *n)
{
    piece b = { NULL, 0, 0 };

    put(&b, "", 0);
    while (*p) {
        if (*p == '$')
            for (p++; *p && *p != '|'; p += 2)
                put_byte(&b, hex(p));
        else
            p = put_frame(&b, p, server);
        p += *p == '|';
    }
    *n = b.n;
    return b.p;
}

/* ---- the log ------------------------------------------------------------ */

static void note(ws_end *e, const char *open, const char *text, size_t len, const char *close)
{
    size_t run = 0;

    while (run < len && text[run] == text[0])
        run++;
    const size_t room = sizeof e->log - e->n;
    if (len > 32 && run == len)
        e->n += (size_t)snprintf(e->log + e->n, room, "%s%zu*%c%s", open, len, text[0], close);
    else
        e->n += (size_t)snprintf(e->log + e->n, room, "%s%.*s%s", open, (int)len, text, close);
    assert_true(e->n < sizeof e->log);
}

static void on_message(void *self, const char *text, size_t len)
{
    ws_end *e = self;

    assert_int_equal(e->closed, 0);
    e->messages++;
    note(e, "[", text, len, "]");
}

static void on_closed(void *self, int code, const char *reason, size_t len)
{
    ws_end *e = self;
    char open[16];

    assert_int_equal(e->closed++, 0);
    snprintf(open, sizeof open, "{%d ", code);
    note(e, open, reason, len, "}");
}

void ws_end_open(ws_end *e, bool server, const cdp__ws_limits *limits)
{
    static const cdp__ws_ops ops = { on_message, on_closed };

    memset(e, 0, sizeof *e);
    assert_int_equal(cdp__ws_init(&e->ws, server, limits, &ops, e), 0);
}

void ws_end_close(ws_end *e)
{
    cdp__ws_free(&e->ws);
}

int ws_end_feed(ws_end *e, const char *p, size_t n)
{
    char *copy = tight(p, n);
    int rc = cdp__ws_feed(&e->ws, copy, n);

    tight_free(copy);
    return rc;
}

/* Reads one frame as strictly as can be.  Returns its size; 0: it is not right. */
static size_t note_frame(ws_end *e, const uint8_t *p, size_t n, bool masked)
{
    static const char *const names[] = {
        [1] = "<text ", [8] = "<close ", [9] = "<ping ", [10] = "<pong "
    };
    const unsigned opcode = n ? p[0] & 0x0fu : 0;
    size_t head = 2, len;
    char open[16];

    if (n < 2 || !(p[0] & 0x80) || (p[0] & 0x70) || opcode > 10 || !names[opcode] ||
        (p[1] >= 0x80) != masked)
        return 0;
    len = p[1] & 0x7f;
    if (len > 125) {
        const size_t more = len == 126 ? 2 : 8;
        if (n < 2 + more)
            return 0;
        for (len = 0; head < 2 + more; head++)
            len = len << 8 | p[head];
        if (len < (more == 2 ? 126u : 65536u) || opcode >= 8)
            return 0;
    }
    const uint8_t *key = p + head;
    head += masked ? 4 : 0;
    if (n < head || n - head < len)
        return 0;
    char *text = tight(p + head, len);
    for (size_t i = 0; masked && i < len; i++)
        text[i] = (char)((uint8_t)text[i] ^ key[i % 4]);
    if (opcode == 8 && len >= 2) {
        snprintf(open, sizeof open, "<close %d ", (uint8_t)text[0] << 8 | (uint8_t)text[1]);
        note(e, open, text + 2, len - 2, ">");
    } else
        note(e, names[opcode], text, len, ">");
    tight_free(text);
    return head + len;
}

bool ws_end_sent(ws_end *e)
{
    const uint8_t *p = (const uint8_t *)e->ws.out.ptr;
    size_t n = e->ws.out.len, size = 0;
    const bool masked = n >= 2 && p[1] >= 0x80; /* the first says it for all */

    for (; n; p += size, n -= size)
        if (!(size = note_frame(e, p, n, masked)))
            return false;
    cdp__buf_reset(&e->ws.out, SIZE_MAX);
    return true;
}

/* ---- scripts in pieces --------------------------------------------------- */

typedef struct one {
    const ws_row *row;
    char *bytes;
    size_t n;
    bool server;
    const cdp__ws_limits *limits;
} one;

/* Reads at most n bytes of p as a stream does: to where there is room for them.  How many. */
static size_t feed(ws_end *e, const char *p, size_t n)
{
    size_t room;
    char *to = cdp__ws_room(&e->ws, &room);

    if (!to) {
        assert_int_equal(ws_end_feed(e, p, n), 0);
        return n;
    }
    n = n < room ? n : room;
    memcpy(to, p, n);
    assert_int_equal(cdp__ws_feed(&e->ws, to, n), 0);
    return n;
}

/* step: pieces of that size after a first one of `cut`. */
static void run(const one *o, size_t cut, size_t step)
{
    ws_end e;

    ws_end_open(&e, o->server, o->limits);
    for (size_t at = 0; at < o->n;) {
        size_t n = at == 0 && cut ? cut : step;
        at += feed(&e, o->bytes + at, n < o->n - at ? n : o->n - at);
    }
    if (e.ws.out.len)
        assert_int_equal((uint8_t)e.ws.out.ptr[1] >= 0x80, !o->server);
    assert_true(ws_end_sent(&e));
    if (e.closed) { /* nothing comes after it, nothing can be sent */
        size_t n;
        char *more = ws_script("81:late", o->server, &n);
        assert_int_equal(ws_end_feed(&e, more, n), 0);
        free(more);
        assert_int_equal(cdp__ws_send(&e.ws, "x", 1), CDP_ESTATE);
        assert_int_equal(e.ws.out.len, 0);
    }
    if (strcmp(e.log, o->row->want) != 0)
        fail_msg("%s: %s\n  to a %s, cut at %zu by %zu: %s\n  wanted: %s", o->row->section,
                 o->row->script, o->server ? "server" : "client", cut, step, e.log, o->row->want);
    ws_end_close(&e);
}

static void check_one(const ws_row *row, bool server, const cdp__ws_limits *limits)
{
    one o = { .row = row, .server = server, .limits = limits };

    o.bytes = ws_script(row->script, server, &o.n);
    run(&o, 0, o.n + 1);
    run(&o, 0, o.n > 5000 ? 7 : 1);
    for (size_t cut = 1; cut < o.n; cut++)
        if (cut < 300 || o.n - cut < 300 || cut % 4096 == 0)
            run(&o, cut, o.n);
    free(o.bytes);
}

void ws_check(const ws_row *rows, size_t n, const cdp__ws_limits *limits)
{
    for (const ws_row *r = rows; r < rows + n; r++) {
        if (r->ends != WS_CLIENT)
            check_one(r, true, limits);
        if (r->ends != WS_SERVER)
            check_one(r, false, limits);
    }
}
