/* header.c - see header.h. */
#include "header.h"

/* ---- text --------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool cdp__word_same(cdp_str a, const char *b)
{
    if (a.len != strlen(b))
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b[i]))
            return false;
    return true;
}

cdp_str cdp__trimmed(cdp_str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s.ptr++, s.len--;
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool cdp__word_listed(cdp_str list, const char *word)
{
    for (size_t from = 0, i = 0; i <= list.len; i++) {
        if (i < list.len && list.ptr[i] != ',')
            continue;
        if (cdp__word_same(cdp__trimmed(cdp_sn(list.ptr + from, i - from)), word))
            return true;
        from = i + 1;
    }
    return false;
}

/* ---- gathering ---------------------------------------------------------- */

void cdp__headers_reset(cdp__headers *h, size_t keep)
{
    h->name_len = 0;
    h->current = h->n_names;
    memset(h->values, 0, sizeof h->values);
    cdp__buf_reset(&h->text, keep);
}

void cdp__headers_name(cdp__headers *h, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++, h->name_len++)
        if (h->name_len < sizeof h->name)
            h->name[h->name_len] = lower(p[i]);
}

bool cdp__headers_name_end(cdp__headers *h)
{
    const bool named = h->name_len > 0;
    const cdp_str name = { h->name, h->name_len < sizeof h->name ? h->name_len : 0 };

    for (h->current = 0; h->current < h->n_names; h->current++)
        if (cdp_str_eq(name, cdp_s(h->names[h->current])))
            break;
    if (h->current < h->n_names) {
        h->values[h->current].lines++;
        h->values[h->current].at = h->text.len;
    }
    h->name_len = 0;
    return named;
}

bool cdp__headers_value(cdp__headers *h, const char *p, size_t n)
{
    if (h->current < h->n_names)
        cdp__buf_put(&h->text, p, n);
    return !h->text.failed;
}

void cdp__headers_value_end(cdp__headers *h)
{
    if (h->current < h->n_names)
        h->values[h->current].len = h->text.len - h->values[h->current].at;
}

cdp_str cdp__headers_get(const cdp__headers *h, unsigned name)
{
    if (!h->values[name].lines)
        return cdp_sn(NULL, 0);
    if (!h->values[name].len) /* there may be no text at all */
        return cdp_s("");
    return cdp__trimmed(cdp_sn(h->text.ptr + h->values[name].at, h->values[name].len));
}
