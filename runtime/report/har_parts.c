/* har_parts.c - see har_parts.h. */
#include "har_parts.h"

#include <cdp/desc.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define VERSION \
    STRING(CDP_VERSION_MAJOR) "." STRING(CDP_VERSION_MINOR) "." STRING(CDP_VERSION_PATCH)

void cdp__har_put_date(cdp__out *o, const char *key, double seconds)
{
    const double year_9999 = 253402300799.0;
    const double ms = round((seconds > 0 && seconds < year_9999 ? seconds : 0) * 1000);
    const time_t whole = (time_t)(ms / 1000);
    struct tm tm;
    char text[96];

    gmtime_r(&whole, &tm);
    int n = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                     (int)fmod(ms, 1000));
    cdp__out_str_member(o, key, cdp_sn(text, n > 0 ? (size_t)n : 0));
}

void cdp__har_put_page_member(cdp__out *o, const char *key, const cdp__har_page *page)
{
    char text[32];
    int n = snprintf(text, sizeof text, "page_%u", page->number);

    cdp__out_str_member(o, key, cdp_sn(text, n > 0 ? (size_t)n : 0));
}

static void put_program(cdp__out *o, const char *key, cdp_str name, cdp_str version)
{
    cdp__out_key(o, key);
    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_str_member(o, "name", name);
    cdp__out_str_member(o, "version", version);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

void cdp__har_put_programs(cdp__out *o, const char *browser)
{
    put_program(o, "creator", cdp_s("cdpkit"), cdp_s(VERSION));
    if (browser) {
        const size_t name = strcspn(browser, "/");
        put_program(o, "browser", cdp_sn(browser, name),
                    cdp_s(browser[name] ? browser + name + 1 : ""));
    }
}

static cdp_str word_of(const char *type, int value)
{
    const cdp__domain *d = &cdp__domain_network;

    for (unsigned i = 0; i < d->n_enums; i++) {
        const cdp__enum *e = &d->enums[i];
        if (value > 0 && value <= e->n &&
            cdp_str_eq(cdp_sn(d->names + e->name, e->name_len), cdp_s(type))) {
            const cdp__word *word = &d->words[e->first + value - 1];
            return cdp_sn(d->names + word->text, word->len);
        }
    }
    return (cdp_str){ 0 };
}

void cdp__har_put_word(cdp__out *o, const char *key, const char *type, int value, bool lower,
                       cdp_str peers)
{
    const cdp_str word = value == -1 ? peers : word_of(type, value);
    char text[64];
    size_t n = 0;

    for (; n < word.len && n < sizeof text && value != -1; n++) {
        const char c = word.ptr[n];
        text[n] = lower && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    cdp__out_str_member(o, key, value == -1 ? peers : cdp_sn(text, n));
}

void cdp__har_put_initiator(cdp__out *o, const cdp_network_initiator *initiator)
{
    CDP_AUTO cdp_str *json = NULL;

    int rc = initiator ? cdp_network_initiator_to_json(initiator, &json) : CDP_EINVAL;
    if (rc == CDP_ENOMEM)
        o->buf.failed = true;
    if (rc < 0)
        return;
    cdp__out_key(o, "_initiator");
    cdp__out_put(o, json->ptr, json->len);
    cdp__write_next(&o->json);
}

/* ---- headers -------------------------------------------------------------- */

static void put_pair(cdp__out *o, cdp_str name, cdp_str value)
{
    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_str_member(o, "name", name);
    cdp__out_str_member(o, "value", value);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

static bool same_name(cdp_str name, const char *lower)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (lower[i] == 0 || (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != lower[i])
            return false;
    }
    return lower[name.len] == 0;
}

/* Up to a byte of `end`, which is passed; NULL text: there is no more. */
static cdp_str next_part(cdp_str *rest, char end)
{
    const char *p = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
    const cdp_str part = cdp_sn(rest->ptr, p ? (size_t)(p - rest->ptr) : rest->len);

    *rest = p ? cdp_sn(p + 1, rest->len - part.len - 1) : (cdp_str){ 0 };
    return part;
}

static cdp_str trimmed(cdp_str s)
{
    while (s.len && *s.ptr == ' ')
        s = cdp_sn(s.ptr + 1, s.len - 1);
    while (s.len && s.ptr[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* "name=value"; without '=' all is the name. */
static cdp_str split(cdp_str *name)
{
    cdp_str value = *name;

    *name = next_part(&value, '=');
    return value.ptr ? value : cdp_s("");
}

void cdp__har_read_headers(cdp__har_headers *h, cdp__out *o, const void *msg, cdp_value object)
{
    cdp_cursor c = cdp_cursor_begin(object);

    *h = (cdp__har_headers){ .memory = { .allocator = o->buf.allocator } };
    while (cdp_cursor_next(&c)) {
        const cdp_str pair[] = { cdp_value_str(msg, c.key), cdp_value_str(msg, c.value) };
        cdp__buf_put(&h->memory, pair, sizeof pair);
        if (!pair[0].ptr || (!pair[1].ptr && cdp_value_typeof(c.value) == CDP_VALUE_STRING))
            o->buf.failed = true;
    }
    if (h->memory.failed) {
        o->buf.failed = true;
        return;
    }
    h->pair = (const cdp_str *)(const void *)h->memory.ptr;
    h->n = h->memory.len / (2 * sizeof *h->pair);
}

void cdp__har_free_headers(cdp__har_headers *h)
{
    cdp__buf_free(&h->memory);
}

cdp_str cdp__har_header(const cdp__har_headers *h, const char *name)
{
    for (size_t i = h->n; i > 0; i--)
        if (same_name(h->pair[2 * i - 2], name))
            return h->pair[2 * i - 1];
    return cdp_s("");
}

void cdp__har_put_headers(cdp__out *o, const cdp__har_headers *h)
{
    cdp__out_key(o, "headers");
    const size_t list = cdp__write_begin(&o->json, '[');
    for (size_t i = 0; i < h->n; i++) {
        cdp_str rest = h->pair[2 * i + 1];
        do
            put_pair(o, h->pair[2 * i], next_part(&rest, '\n'));
        while (rest.ptr);
    }
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
}

void cdp__har_put_query(cdp__out *o, cdp_str url)
{
    next_part(&url, '?');
    cdp_str rest = next_part(&url, '#');

    cdp__out_key(o, "queryString");
    const size_t list = cdp__write_begin(&o->json, '[');
    while (rest.len) {
        cdp_str name = next_part(&rest, '&');
        const cdp_str value = split(&name);
        put_pair(o, name, value);
    }
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
}

void cdp__har_put_cookies(cdp__out *o, cdp_str header)
{
    cdp__out_key(o, "cookies");
    const size_t list = cdp__write_begin(&o->json, '[');
    while (header.len) {
        cdp_str name = trimmed(next_part(&header, ';'));
        const cdp_str value = split(&name);
        put_pair(o, name, value);
    }
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
}

/* "name=value; Path=/; HttpOnly" */
static void put_set_cookie(cdp__out *o, cdp_str rest)
{
    bool http_only = false, secure = false;
    cdp_str name = trimmed(next_part(&rest, ';'));
    const cdp_str value = split(&name);

    const size_t object = cdp__write_begin(&o->json, '{');
    cdp__out_str_member(o, "name", name);
    cdp__out_str_member(o, "value", value);
    while (rest.ptr) {
        cdp_str attribute = trimmed(next_part(&rest, ';'));
        const cdp_str is = split(&attribute);
        if (same_name(attribute, "path"))
            cdp__out_str_member(o, "path", is);
        else if (same_name(attribute, "domain"))
            cdp__out_str_member(o, "domain", is);
        else if (same_name(attribute, "samesite"))
            cdp__out_str_member(o, "sameSite", is);
        http_only = http_only || same_name(attribute, "httponly");
        secure = secure || same_name(attribute, "secure");
    }
    cdp__out_key(o, "httpOnly");
    cdp__write_bool(&o->json, http_only);
    cdp__write_next(&o->json);
    cdp__out_key(o, "secure");
    cdp__write_bool(&o->json, secure);
    cdp__write_next(&o->json);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}

void cdp__har_put_set_cookies(cdp__out *o, const cdp__har_headers *h)
{
    cdp__out_key(o, "cookies");
    const size_t list = cdp__write_begin(&o->json, '[');
    for (size_t i = 0; i < h->n; i++) {
        cdp_str rest = h->pair[2 * i + 1];
        while (rest.len && same_name(h->pair[2 * i], "set-cookie"))
            put_set_cookie(o, next_part(&rest, '\n'));
    }
    cdp__write_end(&o->json, list, '[');
    cdp__write_next(&o->json);
}

/* ---- phases --------------------------------------------------------------- */

void cdp__har_phase(cdp__har_phases *p, int phase, double end)
{
    const double bounded = end < p->total ? end : p->total;
    const double took = bounded > p->at ? bounded - p->at : 0;

    p->was[phase] = true;
    p->took[phase] = took;
    p->at += took;
}

void cdp__har_put_phases(cdp__out *o, const cdp__har_phases *p)
{
    static const char *const names[] = { "blocked", "dns", "connect", "send", "wait", "receive" };

    cdp__out_key(o, "timings");
    const size_t object = cdp__write_begin(&o->json, '{');
    for (int i = 0; i < CDP__HAR_PHASES; i++) {
        const bool required = i >= CDP__HAR_SEND; /* by HAR */
        cdp__out_num_member(o, names[i], p->was[i] ? p->took[i] : required ? 0 : -1);
    }
    cdp__out_num_member(o, "ssl", p->ssl > 0 ? p->ssl : -1);
    cdp__write_end(&o->json, object, '{');
    cdp__write_next(&o->json);
}
