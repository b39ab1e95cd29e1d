/*
 * json.c - see json.h.
 */
#include "json.h"

#include "term.h"

#include <cdp/value.h>
#include <math.h>

/* What is put next needs what before it? */
static void put_comma(json_out *j)
{
    if (j->comma)
        fputc(',', j->to);
    j->comma = true;
}

void json_open(json_out *j, char bracket)
{
    put_comma(j);
    print(j->to, "%c", bracket);
    j->comma = false;
}

void json_close(json_out *j, char bracket)
{
    print(j->to, "%c", bracket);
    j->comma = true;
}

/* The length of a lone surrogate's three bytes (WTF-8) at p, or 0. */
static size_t is_surrogate(const char *p, size_t left)
{
    return left >= 3 && p[0] == '\xed' && (unsigned char)p[1] >= 0xa0 ? 3 : 0;
}

static void put_string(json_out *j, cdp_str text)
{
    const char *plain = text.ptr, *end = text.ptr + text.len;

    fputc('"', j->to);
    for (const char *p = plain; p < end;) {
        unsigned char c = (unsigned char)*p;
        size_t n = is_surrogate(p, (size_t)(end - p));
        if (c >= 0x20 && c != '"' && c != '\\' && !n) {
            p++;
            continue;
        }
        put(j->to, cdp_sn(plain, (size_t)(p - plain)));
        if (n)
            print(j->to, "\\u%04x",
                  0xd000u | ((unsigned)p[1] & 0x3f) << 6 | ((unsigned)p[2] & 0x3f));
        else if (c < 0x20)
            print(j->to, "\\u%04x", c);
        else
            print(j->to, "\\%c", c);
        p += n ? n : 1;
        plain = p;
    }
    put(j->to, cdp_sn(plain, (size_t)(end - plain)));
    fputc('"', j->to);
}

void json_key(json_out *j, const char *key)
{
    put_comma(j);
    put_string(j, cdp_s(key));
    fputc(':', j->to);
    j->comma = false;
}

void json_text(json_out *j, cdp_str text)
{
    put_comma(j);
    if (text.ptr)
        put_string(j, text);
    else
        print(j->to, "null");
}

void json_number(json_out *j, double number)
{
    put_comma(j);
    if (isfinite(number))
        print(j->to, "%.17g", number);
    else
        print(j->to, "null");
}

void json_bool(json_out *j, bool b)
{
    put_comma(j);
    print(j->to, b ? "true" : "false");
}

void json_value(json_out *j, cdp_value v)
{
    CDP_AUTO cdp_str *text = NULL;

    put_comma(j);
    if (v.ptr && cdp_value_text(v, &text) == 0)
        put(j->to, *text);
    else
        print(j->to, "null");
}

void json_text_member(json_out *j, const char *key, cdp_str text)
{
    json_key(j, key);
    json_text(j, text);
}

void json_number_member(json_out *j, const char *key, double number)
{
    json_key(j, key);
    json_number(j, number);
}

void json_true_member(json_out *j, const char *key, bool b)
{
    if (!b)
        return;
    json_key(j, key);
    json_bool(j, true);
}
