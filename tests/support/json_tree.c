/* json_tree.c - see json_tree.h.  Simple rather than fast. */
#include "json_tree.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 2000 };

typedef struct text {
    const unsigned char *p, *end;
    int depth;
} text;

static void clear(json_tree *t)
{
    for (size_t i = 0; i < t->n && t->children; i++)
        clear(&t->children[i]);
    for (size_t i = 0; i < t->n && t->keys; i++)
        clear(&t->keys[i]);
    free(t->children);
    free(t->keys);
    free(t->units);
    *t = (json_tree){ 0 };
}

void json_tree_free(json_tree *t)
{
    if (t)
        clear(t);
    free(t);
}

static void *grown(void *p, size_t size)
{
    void *q = realloc(p, size);

    if (!q)
        abort();
    return q;
}

static void blanks(text *t)
{
    while (t->p < t->end && *t->p && strchr(" \t\r\n", *t->p))
        t->p++;
}

static int hex(int c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) & 15 : -1;
}

static bool escape(text *t, uint16_t *unit)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char *at;

    if (t->p == t->end)
        return false;
    int c = *t->p++;
    if (c != 'u') {
        at = c ? strchr(names, c) : NULL;
        *unit = at ? (unsigned char)means[at - names] : 0;
        return at != NULL;
    }
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = t->p < t->end ? hex(*t->p++) : -1;
        if (digit < 0)
            return false;
        *unit = (uint16_t)(*unit << 4 | digit);
    }
    return true;
}

/* A UTF-8 sequence whose first byte is c; surrogates may not be spelled that way. */
static long sequence(text *t, int c)
{
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    static const long least[] = { 0, 0x80, 0x800, 0x10000 };
    long code = c & (0x3f >> more);

    if (c < 0xc2 || c > 0xf4 || t->end - t->p < more)
        return -1;
    for (int i = 0; i < more; i++, t->p++) {
        if ((*t->p & 0xc0) != 0x80)
            return -1;
        code = code << 6 | (*t->p & 0x3f);
    }
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return -1;
    return code;
}

static bool string(text *t, json_tree *out)
{
    size_t room = 16;

    out->kind = '"';
    out->units = grown(NULL, room * sizeof *out->units);
    for (;;) {
        if (t->p == t->end)
            return false;
        long c = *t->p++;
        uint16_t unit = (uint16_t)c;
        if (c == '"')
            return true;
        if (c < 0x20 || (c == '\\' && !escape(t, &unit)) ||
            (c >= 0x80 && (c = sequence(t, (int)c)) < 0))
            return false;
        if (out->n + 2 > room)
            out->units = grown(out->units, (room *= 2) * sizeof *out->units);
        if (c >= 0x10000) {
            out->units[out->n++] = (uint16_t)(0xd7c0 + (c >> 10));
            unit = (uint16_t)(0xdc00 + (c & 0x3ff));
        } else if (c >= 0x80) {
            unit = (uint16_t)c;
        }
        out->units[out->n++] = unit;
    }
}

static size_t digits(text *t)
{
    const unsigned char *from = t->p;

    while (t->p < t->end && *t->p >= '0' && *t->p <= '9')
        t->p++;
    return (size_t)(t->p - from);
}

static bool number(text *t, json_tree *out)
{
    const unsigned char *from = t->p;

    if (*t->p == '-')
        t->p++;
    bool zero = t->p < t->end && *t->p == '0';
    size_t n = digits(t);
    if (n == 0 || (zero && n > 1))
        return false;
    if (t->p < t->end && *t->p == '.') {
        t->p++;
        if (!digits(t))
            return false;
    }
    if (t->p < t->end && (*t->p | 32) == 'e') {
        t->p++;
        if (t->p < t->end && (*t->p == '+' || *t->p == '-'))
            t->p++;
        if (!digits(t))
            return false;
    }
    n = (size_t)(t->p - from);
    char *copy = grown(NULL, n + 1);
    memcpy(copy, from, n);
    copy[n] = 0;
    out->kind = '0';
    out->number = strtod(copy, NULL);
    free(copy);
    return true;
}

static bool value(text *t, json_tree *out);

static bool container(text *t, json_tree *out)
{
    size_t room = 0;
    const char close = *t->p == '{' ? '}' : ']';

    if (++t->depth > DEEPEST)
        return false;
    out->kind = (char)*t->p++;
    blanks(t);
    if (t->p < t->end && *t->p == close) {
        t->p++;
        t->depth--;
        return true;
    }
    for (;;) {
        if (out->n == room) {
            room = room ? room * 2 : 4;
            out->children = grown(out->children, room * sizeof *out->children);
            if (out->kind == '{')
                out->keys = grown(out->keys, room * sizeof *out->keys);
        }
        size_t i = out->n++;
        out->children[i] = (json_tree){ 0 };
        if (out->kind == '{') {
            out->keys[i] = (json_tree){ 0 };
            blanks(t);
            if (t->p == t->end || *t->p++ != '"' || !string(t, &out->keys[i]))
                return false;
            blanks(t);
            if (t->p == t->end || *t->p++ != ':')
                return false;
        }
        if (!value(t, &out->children[i]))
            return false;
        if (t->p == t->end || (*t->p != ',' && *t->p != close))
            return false;
        if (*t->p++ == close) {
            t->depth--;
            return true;
        }
    }
}

static bool word(text *t, json_tree *out, const char *w)
{
    size_t n = strlen(w);

    out->kind = *w;
    if ((size_t)(t->end - t->p) < n || memcmp(t->p, w, n) != 0)
        return false;
    t->p += n;
    return true;
}

/* With the blanks around it. */
static bool value(text *t, json_tree *out)
{
    bool ok;

    blanks(t);
    if (t->p == t->end)
        return false;
    switch (*t->p) {
    case '{':
    case '[':
        ok = container(t, out);
        break;
    case '"':
        t->p++;
        ok = string(t, out);
        break;
    case 't':
        ok = word(t, out, "true");
        break;
    case 'f':
        ok = word(t, out, "false");
        break;
    case 'n':
        ok = word(t, out, "null");
        break;
    default:
        ok = number(t, out);
    }
    blanks(t);
    return ok;
}

json_tree *json_tree_parse(const char *p, size_t n)
{
    json_tree *tree = grown(NULL, sizeof *tree);
    const unsigned char *begin = (const unsigned char *)p;
    text t = { begin, begin + n, 0 };

    *tree = (json_tree){ 0 };
    if (value(&t, tree) && t.p == t.end)
        return tree;
    json_tree_free(tree);
    return NULL;
}

static bool same_text(const json_tree *a, const json_tree *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->units, b->units, a->n * 2) == 0);
}

/* The last member of that name; most stand where their twin does, so that is tried first. */
static const json_tree *member(const json_tree *object, const json_tree *key, size_t guess)
{
    const json_tree *found = NULL;

    if (guess < object->n && same_text(&object->keys[guess], key))
        found = &object->children[guess];
    for (size_t i = found ? guess + 1 : 0; i < object->n; i++)
        if (same_text(&object->keys[i], key))
            found = &object->children[i];
    return found;
}

static bool within(const json_tree *a, const json_tree *b)
{
    for (size_t i = 0; i < a->n; i++) {
        const json_tree *mine = member(a, &a->keys[i], i), *twin = member(b, &a->keys[i], i);
        if (!twin || !json_tree_equal(mine, twin))
            return false;
    }
    return true;
}

bool json_tree_equal(const json_tree *a, const json_tree *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case '{':
        /* Names that b has beyond a's would show in their numbers, unless names repeat. */
        return within(a, b) && (a->n == b->n || within(b, a));
    case '[':
        if (a->n != b->n)
            return false;
        for (size_t i = 0; i < a->n; i++)
            if (!json_tree_equal(&a->children[i], &b->children[i]))
                return false;
        return true;
    case '"':
        return same_text(a, b);
    case '0':
        return a->number == b->number; /* so -0 equals 0, as for JSON.parse */
    default:
        return true;
    }
}

bool json_text_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    json_tree *x = json_tree_parse(a, a_len), *y = json_tree_parse(b, b_len);
    bool equal = x && y && json_tree_equal(x, y);

    json_tree_free(x);
    json_tree_free(y);
    return equal;
}
