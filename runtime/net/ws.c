/*
 * ws.c - see ws.h.
 *
 * A frame's head is gathered byte by byte and judged as soon as it can be, its payload goes where
 * it belongs: of a control frame into st->control, of a message into st->text.  Memory for a
 * message grows with what arrives, or is about to be read (ROOM_MOST), never with what a head
 * declares.
 *
 * Framing is done here and not by wslay, whose frames come unmasked by the byte from a buffer of
 * its own, and whose heads need a length in advance; tests/unit/test_ws_peer.c holds the two
 * against each other.
 */
#include "ws.h"

#include "text.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,

    CONTINUATION = 0,
    TEXT = 1,
    BINARY = 2,
    CLOSE = 8,
    PING = 9,
    PONG = 10,

    MAX_HEAD = 14,
    MAX_CONTROL = 125,
    MAX_PONGS = 4096, /* bytes of out; beyond, a new pong replaces the one before */
    KEEP = 8 << 20,   /* of a message's memory, for the next one */

    /* Bytes of a payload that are worth reading into its message. */
    ROOM_LEAST = 16 << 10,
    ROOM_MOST = 256 << 10
};

struct cdp__ws_state {
    cdp__ws_ops ops;
    void *self;
    cdp__ws_limits limits;
    bool server;
    bool closing; /* our close frame was sent: nothing may follow */
    bool ended;   /* nothing is received any more */

    /* The frame that is arriving.  Once have == need its head is complete, and `left` counts. */
    uint8_t head[MAX_HEAD];
    unsigned have, need;
    uint64_t left;
    uint8_t key[4]; /* of its mask, turned so that the next byte's comes first; zeros: none */
    uint8_t control[MAX_CONTROL];
    unsigned n_control;

    /* The message that is arriving. */
    cdp__buf text;
    size_t checked;     /* so much of it is UTF-8 */
    uint32_t fragments; /* 0: there is none */

    size_t pong_at, pong_end; /* the last pong; still in out, and last, if that has this length */
    uint8_t random[1024];     /* for masks; OpenSSL takes as long to give a few */
    unsigned n_random;
};

/* ---- masks -------------------------------------------------------------- */

/* dst may be src, or before it. */
static void mask(char *dst, const char *src, size_t n, const uint8_t key[4])
{
    uint64_t word, keys;
    size_t i = 0;

    memcpy(&keys, key, 4);
    memcpy((char *)&keys + 4, key, 4);
    for (; n - i >= 8; i += 8) {
        memcpy(&word, src + i, 8);
        word ^= keys;
        memcpy(dst + i, &word, 8);
    }
    for (; i < n; i++)
        dst[i] = (char)((uint8_t)src[i] ^ key[i & 3]);
}

/* The next byte will be the one n further on. */
static void key_turn(uint8_t key[4], size_t n)
{
    uint8_t old[4];

    memcpy(old, key, 4);
    for (size_t i = 0; i < 4; i++)
        key[i] = old[(i + n) & 3];
}

static int key_new(struct cdp__ws_state *st, uint8_t key[4])
{
    if (st->n_random == 0) {
        if (RAND_bytes(st->random, sizeof st->random) != 1)
            return CDP_EIO;
        st->n_random = sizeof st->random;
    }
    st->n_random -= 4;
    memcpy(key, st->random + st->n_random, 4);
    return 0;
}

/* ---- sending ------------------------------------------------------------ */

/* key: NULL for a server's.  Returns the head's size. */
static size_t head_write(uint8_t *head, unsigned opcode, uint64_t n, const uint8_t *key)
{
    const unsigned more = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;

    head[0] = (uint8_t)(FIN | opcode);
    head[1] = (uint8_t)((more == 0 ? n : more == 2 ? 126 : 127) | (key ? MASKED : 0));
    for (unsigned i = 0; i < more; i++)
        head[2 + i] = (uint8_t)(n >> 8 * (more - 1 - i));
    if (!key)
        return 2 + more;
    memcpy(head + 2 + more, key, 4);
    return 6 + more;
}

/* Out as it was: frames that are whole are not lost with one that is not. */
static int no_room(cdp__buf *out, size_t len)
{
    out->len = len;
    out->failed = false;
    return CDP_ENOMEM;
}

static int frame_put(cdp__ws *ws, unsigned opcode, const char *p, size_t n)
{
    struct cdp__ws_state *st = ws->state;
    uint8_t head[MAX_HEAD], key[4];
    const size_t before = ws->out.len;
    char *at;

    if (!st->server && key_new(st, key) < 0)
        return CDP_EIO;
    const size_t size = head_write(head, opcode, n, st->server ? NULL : key);
    if (!cdp__buf_room(&ws->out, size + n))
        return no_room(&ws->out, before);
    at = ws->out.ptr + before;
    memcpy(at, head, size);
    if (!st->server)
        mask(at + size, p, n, key);
    else if (n)
        memcpy(at + size, p, n);
    ws->out.len += size + n;
    st->pong_end = 0;
    return 0;
}

int cdp__ws_send(cdp__ws *ws, const char *text, size_t len)
{
    return ws->state->closing ? CDP_ESTATE : frame_put(ws, TEXT, text, len);
}

int cdp__ws_ping(cdp__ws *ws)
{
    return ws->state->closing ? CDP_ESTATE : frame_put(ws, PING, NULL, 0);
}

/* The longest head there may be. */
static size_t head_room(const struct cdp__ws_state *st)
{
    return st->server ? MAX_HEAD - 4 : MAX_HEAD;
}

size_t cdp__ws_begin(cdp__ws *ws)
{
    const size_t begin = ws->out.len, room = head_room(ws->state);

    ws->state->pong_end = 0;
    if (cdp__buf_room(&ws->out, room))
        ws->out.len += room;
    return begin;
}

int cdp__ws_end(cdp__ws *ws, size_t begin)
{
    struct cdp__ws_state *st = ws->state;
    uint8_t head[MAX_HEAD], key[4];
    int rc = 0;

    if (ws->out.failed)
        return no_room(&ws->out, begin);
    const size_t room = head_room(st), n = ws->out.len - begin - room;
    char *at = ws->out.ptr + begin;
    if (st->closing)
        rc = CDP_ESTATE;
    else if (!st->server)
        rc = key_new(st, key);
    ws->out.len = begin;
    if (rc < 0)
        return rc;
    const size_t size = head_write(head, TEXT, n, st->server ? NULL : key);
    if (!st->server)
        mask(at + size, at + room, n, key);
    else if (size != room)
        memmove(at + size, at + room, n);
    memcpy(at, head, size);
    ws->out.len = begin + size + n;
    return 0;
}

/* ---- closing ------------------------------------------------------------ */

int cdp__ws_close(cdp__ws *ws, int code, const char *reason)
{
    char body[MAX_CONTROL];
    size_t n = 0;

    if (ws->state->closing)
        return 0;
    if (code != CDP__WS_NO_CODE) {
        body[0] = (char)(code >> 8);
        body[1] = (char)code;
        n = reason ? strlen(reason) : 0;
        n = cdp__utf8_check(reason, n < sizeof body - 2 ? n : sizeof body - 2, false);
        if (n)
            memcpy(body + 2, reason, n);
        n += 2;
    }
    int rc = frame_put(ws, CLOSE, body, n);
    if (rc == 0)
        ws->state->closing = true;
    return rc;
}

/* What steps of receiving return instead of 0 when they were the last: the owner may have freed
 * everything by now. */
enum { ENDED = 1 };

static int end(cdp__ws *ws, int code, const char *reason, size_t len)
{
    struct cdp__ws_state *st = ws->state;

    st->closing = st->ended = true;
    st->ops.closed(st->self, code, reason, len);
    return ENDED;
}

/* The peer broke the protocol. */
static int fail(cdp__ws *ws, int code, const char *why)
{
    cdp__ws_close(ws, code, why); /* without memory for it, it ends all the same */
    return end(ws, code, why, strlen(why));
}

/* May a close frame carry it?  (RFC 6455, 7.4, and IANA's registry.) */
static bool code_ok(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static int close_received(cdp__ws *ws)
{
    struct cdp__ws_state *st = ws->state;
    const char *reason = (const char *)st->control + 2;
    const unsigned n = st->n_control;

    if (n == 0) {
        cdp__ws_close(ws, CDP__WS_NO_CODE, NULL);
        return end(ws, CDP__WS_NO_CODE, "", 0);
    }
    const int code = n == 1 ? 0 : st->control[0] << 8 | st->control[1];
    if (!code_ok(code))
        return fail(ws, CDP__WS_PROTOCOL, "no such close code");
    if (cdp__utf8_check(reason, n - 2, false) != n - 2)
        return fail(ws, CDP__WS_BAD_UTF8, "a close reason is not UTF-8");
    cdp__ws_close(ws, code, NULL);
    return end(ws, code, reason, n - 2);
}

/* ---- receiving: messages ------------------------------------------------ */

/* n bytes (1 to 3) start a sequence that more bytes can complete. */
static bool is_cut(const char *p, size_t n)
{
    char low[6] = { 0 }, high[6];

    memcpy(low, p, n);
    memcpy(high, low, sizeof high);
    memset(low + n, 0x80, 3);
    memset(high + n, 0xbf, 3);
    return cdp__utf8_check(low, n + 3, false) > 0 || cdp__utf8_check(high, n + 3, false) > 0;
}

/* Looks at what is new.  last: there will be no more. */
static bool text_ok(struct cdp__ws_state *st, bool last)
{
    size_t n = st->text.len - st->checked;

    if (n == 0)
        return true;
    const size_t good = cdp__utf8_check(st->text.ptr + st->checked, n, false);
    st->checked += good;
    n -= good;
    return n == 0 || (!last && n < 4 && is_cut(st->text.ptr + st->checked, n));
}

static void deliver(struct cdp__ws_state *st, const char *text, size_t len)
{
    st->fragments = 0;
    if (!st->closing)
        st->ops.message(st->self, text, len);
    cdp__buf_reset(&st->text, KEEP);
    st->checked = 0;
}

static int pong(cdp__ws *ws)
{
    struct cdp__ws_state *st = ws->state;
    cdp__buf *out = &ws->out;

    if (st->closing)
        return 0;
    /* RFC 6455, 5.5.3: the newest may be answered alone. */
    if (out->len > MAX_PONGS && out->len == st->pong_end)
        out->len = st->pong_at;
    const size_t at = out->len;
    int rc = frame_put(ws, PONG, (const char *)st->control, st->n_control);
    st->pong_at = at;
    st->pong_end = out->len;
    return rc;
}

/* ---- receiving: frames -------------------------------------------------- */

/* Bytes of the length that follow the first two of a head. */
static unsigned length_size(const struct cdp__ws_state *st)
{
    const unsigned length = st->head[1] & LENGTH;

    return length < 126 ? 0 : length == 126 ? 2 : 8;
}

/* The close code that the first two bytes of a head deserve; 0: none. */
static int head_fault(const struct cdp__ws_state *st, const char **why)
{
    const bool fin = st->head[0] & FIN, masked = st->head[1] & MASKED;
    const unsigned opcode = st->head[0] & OPCODE, length = st->head[1] & LENGTH;

    if (st->head[0] & RESERVED)
        *why = "reserved bits are set";
    else if (masked != st->server)
        *why = masked ? "a server's frame is masked" : "a client's frame is not masked";
    else if (opcode > PONG || (opcode > BINARY && opcode < CLOSE))
        *why = "no such opcode";
    else if (opcode >= CLOSE && !fin)
        *why = "a control frame is fragmented";
    else if (opcode >= CLOSE && length > MAX_CONTROL)
        *why = "a control frame is too long";
    else if (opcode == CONTINUATION && st->fragments == 0)
        *why = "a continuation of nothing";
    else if ((opcode == TEXT || opcode == BINARY) && st->fragments > 0)
        *why = "a message starts within another";
    else if (opcode == BINARY) {
        *why = "a binary message";
        return CDP__WS_BAD_DATA;
    } else
        return 0;
    return CDP__WS_PROTOCOL;
}

/* The head is complete. */
static int frame_begin(cdp__ws *ws)
{
    struct cdp__ws_state *st = ws->state;
    const unsigned more = length_size(st);
    uint64_t n = more ? 0 : st->head[1] & LENGTH;

    for (unsigned i = 0; i < more; i++)
        n = n << 8 | st->head[2 + i];
    if (more && n < (more == 2 ? 126 : UINT16_MAX + 1))
        return fail(ws, CDP__WS_PROTOCOL, "a length is not in its shortest form");
    if (n >> 63)
        return fail(ws, CDP__WS_PROTOCOL, "a length has 64 bits");
    st->left = n;
    st->n_control = 0;
    if (st->server)
        memcpy(st->key, st->head + 2 + more, 4);
    if ((st->head[0] & OPCODE) >= CLOSE)
        return 0;
    if (n > st->limits.message - st->text.len)
        return fail(ws, CDP__WS_TOO_BIG, "the message is too long");
    if (st->fragments == st->limits.fragments)
        return fail(ws, CDP__WS_TOO_BIG, "the message has too many fragments");
    st->fragments++;
    return 0;
}

static int head_take(cdp__ws *ws, const char **p, const char *stop)
{
    struct cdp__ws_state *st = ws->state;
    const char *why;

    while (st->have < st->need && *p < stop) {
        const char c = *(*p)++;
        st->head[st->have++] = (uint8_t)c;
        if (st->have == 2) {
            const int code = head_fault(st, &why);
            if (code)
                return fail(ws, code, why);
            st->need += length_size(st) + (st->server ? 4 : 0);
        }
    }
    return st->have == st->need ? frame_begin(ws) : 0;
}

static int payload_take(cdp__ws *ws, const char **p, const char *stop)
{
    struct cdp__ws_state *st = ws->state;
    const size_t here = (size_t)(stop - *p), n = st->left < here ? (size_t)st->left : here;
    const char *from = *p;

    *p += n;
    if (!st->server && st->head[0] == (FIN | TEXT) && n == st->left && st->text.len == 0) {
        /* a whole message, as it stands */
        if (cdp__utf8_check(from, n, false) != n)
            return fail(ws, CDP__WS_BAD_UTF8, "a text is not UTF-8");
        st->have = 0;
        st->need = 2;
        deliver(st, from, n);
        return 0;
    }
    st->left -= n;
    if ((st->head[0] & OPCODE) >= CLOSE) {
        mask((char *)st->control + st->n_control, from, n, st->key);
        st->n_control += (unsigned)n;
    } else {
        if (!cdp__buf_room(&st->text, n))
            return CDP_ENOMEM;
        char *to = st->text.ptr + st->text.len;
        if (st->server)
            mask(to, from, n, st->key);
        else if (from != to) /* else cdp__ws_room() gave it */
            memcpy(to, from, n);
        st->text.len += n;
        if (!text_ok(st, false))
            return fail(ws, CDP__WS_BAD_UTF8, "a text is not UTF-8");
    }
    key_turn(st->key, n);
    return 0;
}

static int frame_end(cdp__ws *ws)
{
    struct cdp__ws_state *st = ws->state;

    st->have = 0;
    st->need = 2;
    switch (st->head[0] & OPCODE) {
    case CLOSE:
        return close_received(ws);
    case PING:
        return pong(ws);
    case PONG:
        return 0;
    default:
        if (!(st->head[0] & FIN))
            return 0;
        if (!text_ok(st, true))
            return fail(ws, CDP__WS_BAD_UTF8, "a text is not UTF-8");
        deliver(st, st->text.len ? st->text.ptr : "", st->text.len);
        return 0;
    }
}

char *cdp__ws_room(cdp__ws *ws, size_t *len)
{
    struct cdp__ws_state *st = ws->state;

    if (st->ended || st->have < st->need || (st->head[0] & OPCODE) >= CLOSE ||
        st->left < ROOM_LEAST)
        return NULL;
    *len = st->left < ROOM_MOST ? (size_t)st->left : ROOM_MOST;
    return cdp__buf_room(&st->text, *len) ? st->text.ptr + st->text.len : NULL;
}

bool cdp__ws_move(cdp__ws *ws, const char *text, size_t len, cdp__buf *out)
{
    return cdp__buf_move(&ws->state->text, text, len, out);
}

int cdp__ws_feed(cdp__ws *ws, const void *bytes, size_t len)
{
    struct cdp__ws_state *st = ws->state;
    const char *p = bytes, *stop = len ? p + len : p;
    int rc = st->ended ? ENDED : 0;

    while (rc == 0 && p < stop) {
        rc = st->have < st->need ? head_take(ws, &p, stop) : payload_take(ws, &p, stop);
        if (rc == 0 && st->have == st->need && st->left == 0)
            rc = frame_end(ws);
    }
    if (rc >= 0)
        return 0;
    st->closing = st->ended = true;
    return rc;
}

/* ---- beginning and end -------------------------------------------------- */

int cdp__ws_init(cdp__ws *ws, bool server, const cdp__ws_limits *limits, const cdp__ws_ops *ops,
                 void *self)
{
    const cdp_allocator *allocator = limits ? limits->allocator : NULL;
    struct cdp__ws_state *st = cdp__alloc(allocator, sizeof *st);

    memset(ws, 0, sizeof *ws);
    if (!st)
        return CDP_ENOMEM;
    memset(st, 0, sizeof *st);
    ws->state = st;
    ws->out.allocator = st->text.allocator = allocator;
    if (limits)
        st->limits = *limits;
    if (!st->limits.message)
        st->limits.message = 64 << 20;
    if (!st->limits.fragments)
        st->limits.fragments = 65536;
    st->ops = *ops;
    st->self = self;
    st->server = server;
    st->need = 2;
    return 0;
}

void cdp__ws_free(cdp__ws *ws)
{
    struct cdp__ws_state *st = ws->state;

    if (!st)
        return;
    cdp__buf_free(&ws->out);
    cdp__buf_free(&st->text);
    cdp__dealloc(st->limits.allocator, st, sizeof *st);
    ws->state = NULL;
}

int cdp__ws_accept(char out[29], const char *key, size_t len)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    const bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
                    EVP_DigestUpdate(ctx, key, len) == 1 &&
                    EVP_DigestUpdate(ctx, guid, sizeof guid - 1) == 1 &&
                    EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return CDP_EIO;
    out[cdp__base64_encode(out, hash, 20)] = 0;
    return 0;
}
