/*
 * snapshot.c - checks heap snapshots as they stream by.
 *
 * A machine reads JSON byte by byte and holds no more of it than one short word and the way down
 * to where it is.  Nearly all of a snapshot is two arrays of numbers and one of strings, which
 * have loops of their own.  Members come in V8's order: snapshot, nodes, edges, ..., strings; the
 * first tells how to read the others.  (That text is UTF-8 was checked when the chunks came.)
 */
#include "json.h"

#include <cdp/report.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { MAX_DEPTH = 1024, MAX_WORD = 40, MAX_FIELDS = 64 };

typedef enum state {
    VALUE,       /* a value must come */
    FIRST_VALUE, /* or the end of the array */
    KEY,
    FIRST_KEY,
    COLON,
    AFTER, /* a comma, or the end of the container */
    STRING,
    ESCAPE,
    HEX,
    SCALAR,  /* a number or a word */
    NUMBERS, /* an array of natural numbers */
    DONE
} state;

/* Members that matter. */
typedef enum key {
    OTHER,
    SNAPSHOT,
    NODES,
    EDGES,
    STRINGS,
    META,
    NODE_COUNT,
    EDGE_COUNT,
    NODE_FIELDS,
    EDGE_FIELDS,
    EDGE_TYPES
} key;

static const struct {
    const char *name;
    key of, is;
} keys[] = {
    { "snapshot", OTHER, SNAPSHOT },
    { "nodes", OTHER, NODES },
    { "edges", OTHER, EDGES },
    { "strings", OTHER, STRINGS },
    { "meta", SNAPSHOT, META },
    { "node_count", SNAPSHOT, NODE_COUNT },
    { "edge_count", SNAPSHOT, EDGE_COUNT },
    { "node_fields", META, NODE_FIELDS },
    { "edge_fields", META, EDGE_FIELDS },
    { "edge_types", META, EDGE_TYPES },
};

struct cdp_report_snapshot {
    const cdp_allocator *allocator;
    int status;
    char why[160];

    /* the reader */
    state state;
    const char *chunk;
    uint64_t at; /* bytes before the chunk */
    unsigned depth, hex;
    bool is_key;                     /* the string is one */
    uint64_t object[MAX_DEPTH / 64]; /* bit d: the container at depth d is an object */
    key path[4];                     /* by depth, from 1 on: the member that is being read */
    uint32_t item;                   /* of the array at depth 4 that is being read */
    char word[MAX_WORD];             /* the beginning of a string, or a scalar */
    size_t word_len;

    /* what the snapshot says of itself */
    uint32_t node_fields, edge_fields, name_field, size_field, count_field;
    uint64_t by_index; /* bit t: edges of type t have an index, not a name */
    uint32_t edge_types;
    uint64_t said_nodes, said_edges;

    /* numbers */
    uint64_t number;
    unsigned digits, field;
    bool ended; /* the number, by a blank */
    uint64_t type, edge_sum, max_name;
    bool seen[STRINGS + 1];
    cdp_report_snapshot_counts counts;
};

int cdp_report_snapshot_new(cdp_report_snapshot **out, const cdp_allocator *allocator)
{
    cdp_report_snapshot *s = cdp__alloc(allocator, sizeof *s);

    *out = s;
    if (!s)
        return CDP_ENOMEM;
    memset(s, 0, sizeof *s);
    s->allocator = allocator;
    s->said_nodes = s->said_edges = UINT64_MAX;
    s->name_field = s->size_field = s->count_field = MAX_FIELDS;
    return 0;
}

void cdp_report_snapshot_free(cdp_report_snapshot *s)
{
    if (s)
        cdp__dealloc(s->allocator, s, sizeof *s);
}

cdp_str cdp_report_snapshot_why(const cdp_report_snapshot *s)
{
    return cdp_s(s->why);
}

/* At byte p; the first failure counts.  Returns NULL, as failing steps do. */
static const char *fail(cdp_report_snapshot *s, const char *p, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static const char *fail(cdp_report_snapshot *s, const char *p, const char *fmt, ...)
{
    const uint64_t at = s->at + (uint64_t)(p - s->chunk);
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(s->why, sizeof s->why, fmt, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof s->why)
        snprintf(s->why + n, sizeof s->why - (size_t)n, " at byte %" PRIu64, at);
    s->status = CDP_EINVAL;
    return NULL;
}

/* ---- what it says of itself ---------------------------------------------- */

static bool word_is(const cdp_report_snapshot *s, const char *text)
{
    return cdp_str_eq(cdp_sn(s->word, s->word_len), cdp_s(text));
}

/* The member that is being read at that depth. */
static key place(const cdp_report_snapshot *s, unsigned depth)
{
    return depth >= 1 && depth < 4 ? s->path[depth] : OTHER;
}

static void read_key(cdp_report_snapshot *s)
{
    const unsigned d = s->depth;

    if (d < 1 || d > 3)
        return;
    s->path[d] = OTHER;
    if (d > 1 && s->path[d - 1] == OTHER)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].of == (d == 1 ? OTHER : s->path[d - 1]) && word_is(s, keys[i].name))
            s->path[d] = keys[i].is;
}

static void read_node_field(cdp_report_snapshot *s)
{
    const uint32_t i = s->node_fields++;

    if (word_is(s, "name"))
        s->name_field = i;
    else if (word_is(s, "self_size"))
        s->size_field = i;
    else if (word_is(s, "edge_count"))
        s->count_field = i;
}

/* A string that has been read. */
static const char *read_text(cdp_report_snapshot *s, const char *p)
{
    if (s->depth == 2 && place(s, 1) == STRINGS) {
        s->counts.strings++;
    } else if (s->depth == 4 && place(s, 1) == SNAPSHOT && place(s, 2) == META) {
        if (place(s, 3) == NODE_FIELDS)
            read_node_field(s);
        else if (place(s, 3) == EDGE_FIELDS)
            s->edge_fields++;
        if (s->node_fields > MAX_FIELDS)
            return fail(s, p, "snapshot.meta.node_fields: too many");
    } else if (s->depth == 5 && place(s, 1) == SNAPSHOT && place(s, 2) == META &&
               place(s, 3) == EDGE_TYPES && s->item == 0 && s->edge_types < 64) {
        if (word_is(s, "element") || word_is(s, "hidden"))
            s->by_index |= (uint64_t)1 << s->edge_types;
        s->edge_types++;
    }
    return p;
}

/* The word as a natural number, or UINT64_MAX. */
static uint64_t natural(const cdp_report_snapshot *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s->word_len; i++) {
        if (s->word[i] < '0' || s->word[i] > '9' || i == 16)
            return UINT64_MAX;
        n = n * 10 + (uint64_t)(s->word[i] - '0');
    }
    return n;
}

/* A number or a word that has been read. */
static const char *read_scalar(cdp_report_snapshot *s, const char *p)
{
    const char *end = s->word + s->word_len;

    if (s->depth <= 1 && place(s, 1) != OTHER)
        return fail(s, p, "a member is no container");
    if (s->depth == 2 && place(s, 1) == STRINGS)
        return fail(s, p, "strings: one is none");
    if (word_is(s, "true") || word_is(s, "false") || word_is(s, "null"))
        return p;
    if (cdp__json_number_end(s->word, end) != end)
        return fail(s, p, "malformed number or word");
    if (s->depth == 2 && place(s, 1) == SNAPSHOT && place(s, 2) == NODE_COUNT)
        s->said_nodes = natural(s);
    if (s->depth == 2 && place(s, 1) == SNAPSHOT && place(s, 2) == EDGE_COUNT)
        s->said_edges = natural(s);
    return p;
}

/* ---- nodes and edges ----------------------------------------------------- */

static inline const char *read_node_number(cdp_report_snapshot *s, uint64_t v, const char *p)
{
    if (s->field == s->name_field)
        s->max_name = v > s->max_name ? v : s->max_name;
    else if (s->field == s->count_field)
        s->edge_sum += v;
    else if (s->field == s->size_field)
        s->counts.self_size += v;
    if (++s->field == s->node_fields) {
        s->field = 0;
        s->counts.nodes++;
    }
    return p;
}

static inline const char *read_edge_number(cdp_report_snapshot *s, uint64_t v, const char *p)
{
    if (s->field == 0) {
        if (v >= s->edge_types)
            return fail(s, p, "edges: type %" PRIu64 ", of %" PRIu32, v, s->edge_types);
        s->type = v;
        s->field = 1;
    } else if (s->field == 1) {
        if (!(s->by_index >> s->type & 1) && v > s->max_name)
            s->max_name = v;
        s->field = 2;
    } else {
        if (v % s->node_fields != 0)
            return fail(s, p, "edges: to_node %" PRIu64 " is no multiple of %" PRIu32, v,
                        s->node_fields);
        if (v / s->node_fields >= s->counts.nodes)
            return fail(s, p, "edges: to_node %" PRIu64 " is behind the last node", v);
        s->counts.edges++;
        s->field = 0;
    }
    return p;
}

static const char *end_numbers(cdp_report_snapshot *s, const char *p)
{
    if (s->field != 0)
        return fail(s, p, "%s: the last is not whole", place(s, 1) == NODES ? "nodes" : "edges");
    s->depth--;
    s->state = AFTER;
    return p;
}

/* The loop that most bytes go through. */
static inline __attribute__((always_inline)) const char *
read_numbers(cdp_report_snapshot *s, const char *p, const char *end, const bool nodes)
{
    uint64_t v = s->number;
    unsigned digits = s->digits;

    for (; p < end; p++) {
        const unsigned digit = (unsigned char)*p - (unsigned)'0';
        if (digit < 10) {
            if (s->ended || (digits && v == 0))
                return fail(s, p, "malformed number");
            v = v * 10 + digit;
            if (++digits > 16)
                return fail(s, p, "number too large");
        } else if (*p == ',' || *p == ']') {
            const bool none = digits == 0 && *p == ']' && s->field == 0 &&
                              (nodes ? s->counts.nodes : s->counts.edges) == 0 && !s->ended;
            if (!none && digits == 0)
                return fail(s, p, "number expected");
            if (!none && !(nodes ? read_node_number(s, v, p) : read_edge_number(s, v, p)))
                return NULL;
            v = s->number = digits = s->digits = 0;
            s->ended = false;
            if (*p == ']')
                return end_numbers(s, p + 1);
        } else if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') {
            s->ended = digits > 0;
        } else {
            return fail(s, p, "natural number expected");
        }
    }
    s->number = v;
    s->digits = digits;
    return p;
}

/* What must be known before the array begins. */
static const char *begin_numbers(cdp_report_snapshot *s, const char *p)
{
    if (place(s, 1) == NODES && (s->count_field == MAX_FIELDS || s->name_field == MAX_FIELDS))
        return fail(s, p, "nodes: snapshot.meta.node_fields must name them first");
    if (place(s, 1) == EDGES && (!s->seen[NODES] || s->edge_fields != 3 || !s->edge_types))
        return fail(s, p, "edges: nodes, and snapshot.meta of three edge_fields, must come first");
    s->state = NUMBERS;
    return p;
}

/* ---- JSON ---------------------------------------------------------------- */

static bool in_object(const cdp_report_snapshot *s)
{
    return s->object[s->depth / 64] >> s->depth % 64 & 1;
}

static const char *begin_container(cdp_report_snapshot *s, const char *p, bool object)
{
    const key member = s->depth == 1 ? place(s, 1) : OTHER;

    if (s->depth == 0 && !object)
        return fail(s, p, "object expected");
    if (member != OTHER && (member == SNAPSHOT) != object)
        return fail(s, p, "a member is no such container");
    if (member != OTHER && s->seen[member])
        return fail(s, p, "a member comes twice");
    if (s->depth == 2 && place(s, 1) == STRINGS)
        return fail(s, p, "strings: one is none");
    if (++s->depth >= MAX_DEPTH)
        return fail(s, p, "nested too deeply");
    s->object[s->depth / 64] &= ~((uint64_t)1 << s->depth % 64);
    s->object[s->depth / 64] |= (uint64_t)object << s->depth % 64;
    s->state = object ? FIRST_KEY : FIRST_VALUE;
    if (s->depth == 4)
        s->item = 0;
    if (member == NODES || member == EDGES)
        p = begin_numbers(s, p);
    s->seen[member] = true;
    return p;
}

static const char *end_container(cdp_report_snapshot *s, const char *p)
{
    s->depth--;
    s->state = s->depth == 0 ? DONE : AFTER;
    return p;
}

static void begin_string(cdp_report_snapshot *s, bool is_key)
{
    s->state = STRING;
    s->is_key = is_key;
    s->word_len = 0;
}

static inline void keep(cdp_report_snapshot *s, char c)
{
    if (s->word_len < MAX_WORD)
        s->word[s->word_len++] = c;
}

/* Inside of a string, up to its end or that of the chunk. */
static const char *read_string(cdp_report_snapshot *s, const char *p, const char *end)
{
    const bool kept = s->is_key || s->depth > 2; /* of "strings" nothing is */

    for (; p < end; p++) {
        while (!kept && end - p >= 16 && v16_mask(v16_is_not_plain(v16_load(p))) == 0)
            p += 16;
        if (p == end)
            break;
        if (*p == '"') {
            s->state = s->is_key ? COLON : AFTER;
            if (!s->is_key)
                return read_text(s, p + 1);
            read_key(s);
            return p + 1;
        }
        if (*p == '\\') {
            s->state = ESCAPE;
            keep(s, *p);
            return p + 1;
        }
        if ((unsigned char)*p < 0x20)
            return fail(s, p, "control character in a string");
        if (kept)
            keep(s, *p);
    }
    return p;
}

static const char *read_scalar_byte(cdp_report_snapshot *s, const char *p)
{
    if (cdp__json_is_end(*p)) {
        s->state = AFTER;
        return read_scalar(s, p); /* that byte is still to be read */
    }
    if (s->word_len == MAX_WORD)
        return fail(s, p, "malformed number or word");
    keep(s, *p);
    return p + 1;
}

static const char *begin_value(cdp_report_snapshot *s, const char *p)
{
    switch (*p) {
    case '{':
    case '[':
        return begin_container(s, p + 1, *p == '{');
    case '"':
        if (s->depth == 0 || (s->depth == 1 && place(s, 1) != OTHER))
            return fail(s, p, "a member is no container");
        begin_string(s, false);
        return p + 1;
    default:
        if (s->depth == 0)
            return fail(s, p, "object expected");
        s->state = SCALAR;
        s->word_len = 0;
        return read_scalar_byte(s, p);
    }
}

static const char *after_value(cdp_report_snapshot *s, const char *p)
{
    const bool object = in_object(s);

    if (*p == (object ? '}' : ']'))
        return end_container(s, p + 1);
    if (*p != ',')
        return fail(s, p, "comma expected");
    s->state = object ? KEY : VALUE;
    s->item += s->depth == 4;
    return p + 1;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const char *read_escape(cdp_report_snapshot *s, const char *p)
{
    if (s->state == HEX) {
        if (!is_hex(*p))
            return fail(s, p, "malformed escape");
        s->state = --s->hex ? HEX : STRING;
        return p + 1;
    }
    if (!memchr("\"\\/bfnrtu", *p, 9))
        return fail(s, p, "malformed escape");
    s->hex = 4;
    s->state = *p == 'u' ? HEX : STRING;
    return p + 1;
}

/* A byte that is no blank, between values. */
static const char *read_mark(cdp_report_snapshot *s, const char *p)
{
    switch (s->state) {
    case FIRST_KEY:
    case KEY:
        if (*p == '}' && s->state == FIRST_KEY)
            return end_container(s, p + 1);
        if (*p != '"')
            return fail(s, p, "name expected");
        begin_string(s, true);
        return p + 1;
    case COLON:
        if (*p != ':')
            return fail(s, p, "colon expected");
        s->state = VALUE;
        return p + 1;
    case FIRST_VALUE:
        if (*p == ']')
            return end_container(s, p + 1);
        return begin_value(s, p);
    case VALUE:
        return begin_value(s, p);
    case AFTER:
        return after_value(s, p);
    default:
        return fail(s, p, "bytes behind the end");
    }
}

static const char *read_some(cdp_report_snapshot *s, const char *p, const char *end)
{
    switch (s->state) {
    case NUMBERS:
        return place(s, 1) == NODES ? read_numbers(s, p, end, true)
                                    : read_numbers(s, p, end, false);
    case STRING:
        return read_string(s, p, end);
    case ESCAPE:
    case HEX:
        return read_escape(s, p);
    case SCALAR:
        return read_scalar_byte(s, p);
    default:
        if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
            return p + 1;
        return read_mark(s, p);
    }
}

int cdp_report_snapshot_feed(cdp_report_snapshot *s, const char *bytes, size_t len)
{
    const char *p = bytes, *const end = bytes + len;

    s->chunk = bytes;
    while (s->status == 0 && p < end)
        p = read_some(s, p, end);
    s->at += len;
    s->counts.bytes += len;
    return s->status;
}

/* ---- the end ------------------------------------------------------------- */

static void check_counts(cdp_report_snapshot *s)
{
    const cdp_report_snapshot_counts *c = &s->counts;
    const char *p = s->chunk = "";

    if (s->state != DONE)
        fail(s, p, "cut short");
    else if (!s->seen[NODES] || !s->seen[EDGES] || !s->seen[STRINGS])
        fail(s, p, "nodes, edges or strings are missing");
    else if (s->said_nodes != c->nodes)
        fail(s, p, "snapshot.node_count is not the number of nodes, %" PRIu64, c->nodes);
    else if (s->said_edges != c->edges)
        fail(s, p, "snapshot.edge_count is not the number of edges, %" PRIu64, c->edges);
    else if (s->edge_sum != c->edges)
        fail(s, p, "nodes have %" PRIu64 " edges, of %" PRIu64, s->edge_sum, c->edges);
    else if (c->nodes && s->max_name >= c->strings)
        fail(s, p, "string %" PRIu64 " is used, of %" PRIu64, s->max_name, c->strings);
}

int cdp_report_snapshot_end(cdp_report_snapshot *s, cdp_report_snapshot_counts *counts)
{
    if (s->status == 0)
        check_counts(s);
    if (counts)
        *counts = s->counts;
    return s->status;
}
