/* lines.c - see lines.h. */
#include "lines.h"

/* Code units that begin with this byte of UTF-8. */
static int units(char c)
{
    const unsigned char u = (unsigned char)c;

    return (u & 0xc0) == 0x80 ? 0 : u >= 0xf0 ? 2 : 1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

int cdp__lines_read(cdp__lines *l, cdp_str source, const cdp_allocator *a)
{
    cdp__line line = { .start = 0 };
    int64_t at = 0;

    *l = (cdp__lines){ .memory = { .allocator = a } };
    for (size_t i = 0; i < source.len; i++) {
        const int64_t next = at + units(source.ptr[i]);
        if (source.ptr[i] == '\n') {
            cdp__buf_put(&l->memory, &line, sizeof line);
            line = (cdp__line){ .start = next, .text = next, .last = next };
        } else if (!is_blank(source.ptr[i])) {
            line.text = line.text == line.last ? at : line.text;
            line.last = next;
        }
        at = next;
    }
    cdp__buf_put(&l->memory, &line, sizeof line);
    if (l->memory.failed)
        return CDP_ENOMEM;
    l->line = (cdp__line *)(void *)l->memory.ptr;
    l->n = l->memory.len / sizeof line;
    l->length = at;
    return 0;
}

void cdp__lines_free(cdp__lines *l)
{
    cdp__buf_free(&l->memory);
}

size_t cdp__lines_find(const cdp__lines *l, int64_t offset)
{
    size_t low = 0, high = l->n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (l->line[middle].start <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}
