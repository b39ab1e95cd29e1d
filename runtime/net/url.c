/*
 * url.c - see url.h.
 *
 * Steps of reading return NULL, or the sentence that refuses the text.
 */
#include "url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/un.h>

enum { MAX_URL = 4096, MAX_NAME = 253 /* of a host, RFC 1035 */ };

/* What is read: slices of the text. */
typedef struct parts {
    bool web_socket, tls, local;
    bool brackets; /* around the host */
    cdp_str host, path;
    unsigned port;
} parts;

typedef struct scheme {
    const char *name;
    bool web_socket, tls;
    uint16_t port;
} scheme;

static const scheme schemes[] = {
    { "ws", true, false, 80 },
    { "wss", true, true, 443 },
    { "http", false, false, 80 },
    { "https", false, true, 443 },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_visible(char c)
{
    return c > ' ' && c < 0x7f;
}

/* The place of c, or the length. */
static size_t find(cdp_str s, char c)
{
    const char *p = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return p ? (size_t)(p - s.ptr) : s.len;
}

static cdp_str behind(cdp_str s, size_t n)
{
    return cdp_sn(s.ptr + n, s.len - n);
}

/* ---- hosts and ports ---------------------------------------------------- */

static bool is_address(int family, cdp_str s)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (s.len >= sizeof text)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = 0;
    return inet_pton(family, text, bytes) == 1;
}

/* Would a resolver take it for an IPv4 address, in one of its short forms ("127.1", "0x7f.1")? */
static bool ends_in_number(cdp_str host)
{
    size_t at = host.len;

    while (at > 0 && host.ptr[at - 1] != '.')
        at--;
    cdp_str last = behind(host, at);
    const bool hex = last.len >= 2 && last.ptr[0] == '0' && (last.ptr[1] | 0x20) == 'x';
    if (hex)
        last = behind(last, 2);
    for (size_t i = 0; i < last.len; i++) {
        const char c = last.ptr[i], low = (char)(c | 0x20);
        if (!is_digit(c) && !(hex && low >= 'a' && low <= 'f'))
            return false;
    }
    return hex || last.len > 0;
}

static const char *host_check(cdp_str host, bool brackets)
{
    if (brackets)
        return is_address(AF_INET6, host) ? NULL
                                          : "What the URL has in brackets must be an IPv6 "
                                            "address, without a zone.";
    if (host.len == 0)
        return "The URL has no host.";
    if (host.len > MAX_NAME)
        return "The URL's host is too long for a name.";
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.ptr[i];
        if (!is_letter(c) && !is_digit(c) && (c != '.' || i == 0) && c != '-' && c != '_')
            return "The URL's host holds a character that no name has.";
    }
    if (ends_in_number(host) && !is_address(AF_INET, host))
        return "The URL's host is not an IPv4 address in its usual form, like 127.0.0.1.";
    return NULL;
}

static const char *port_read(unsigned *port, cdp_str s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.len && n <= UINT16_MAX; i++) {
        if (!is_digit(s.ptr[i]))
            return "The URL's port must be a number.";
        n = n * 10 + (unsigned)(s.ptr[i] - '0');
    }
    if (s.len == 0)
        return "The URL has a colon, but no port behind it.";
    if (n == 0 || n > UINT16_MAX)
        return "The URL's port must be from 1 to 65535.";
    *port = n;
    return NULL;
}

/* HOST:PORT, HOST or [IPv6]:PORT; only where there is no scheme (p->port 0), PORT. */
static const char *authority_read(parts *p, cdp_str s)
{
    const char *why;
    size_t n = 0;

    if (find(s, '@') < s.len)
        return "The URL must not hold credentials.";
    p->brackets = s.len > 0 && s.ptr[0] == '[';
    if (p->brackets) {
        n = find(s, ']');
        if (n == s.len)
            return "The URL has a bracket that is not closed.";
        p->host = cdp_sn(s.ptr + 1, n - 1);
        s = behind(s, n + 1);
    } else {
        while (n < s.len && is_digit(s.ptr[n]))
            n++;
        if (n == s.len && n > 0 && p->port == 0) {
            p->host = cdp_s("localhost");
            return port_read(&p->port, s);
        }
        n = find(s, ':');
        if (n < s.len && find(behind(s, n + 1), ':') < s.len - n - 1)
            return "An IPv6 address must stand in brackets, like [::1]:9229.";
        p->host = cdp_sn(s.ptr, n);
        s = behind(s, n);
    }
    why = host_check(p->host, p->brackets);
    if (why)
        return why;
    if (s.len > 0)
        return s.ptr[0] == ':' ? port_read(&p->port, behind(s, 1))
                               : "The URL has something between its host and its path.";
    return p->port ? NULL : "Without a scheme the port must be given, like localhost:9229.";
}

/* ---- forms -------------------------------------------------------------- */

static const char *visible_check(cdp_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return "The URL holds characters beyond ASCII, which must be encoded.";
        else if (s.ptr[i] == ' ')
            return "The URL holds a blank.";
        else if (s.ptr[i] == '#')
            return "The URL must not have a fragment (#).";
    return NULL;
}

/* FILE or FILE:/PATH.  FILE may hold what file names hold. */
static const char *unix_read(parts *p, cdp_str s)
{
    size_t n = s.len;

    p->local = true;
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.ptr[i] == ':' && s.ptr[i + 1] == '/')
            n = i;
    p->host = cdp_sn(s.ptr, n);
    p->web_socket = n < s.len;
    if (p->web_socket)
        p->path = behind(s, n + 1);
    if (n == 0)
        return "The URL names no file.";
    if (n >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return "The file's name is too long for a socket.";
    return visible_check(p->path);
}

static bool is_scheme(cdp_str s, const char *name)
{
    size_t i = 0;

    while (i < s.len && name[i] && (s.ptr[i] | 0x20) == name[i])
        i++;
    return i == s.len && !name[i];
}

/* Reads SCHEME:// away, if it is there. */
static const char *scheme_read(parts *p, cdp_str *s)
{
    size_t n = 0;

    while (n < s->len && (is_letter(s->ptr[n]) || is_digit(s->ptr[n]) || s->ptr[n] == '+' ||
                          s->ptr[n] == '-' || s->ptr[n] == '.'))
        n++;
    if (s->len - n < 3 || memcmp(s->ptr + n, "://", 3) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (is_scheme(cdp_sn(s->ptr, n), schemes[i].name)) {
            p->web_socket = schemes[i].web_socket;
            p->tls = schemes[i].tls;
            p->port = schemes[i].port;
            *s = behind(*s, n + 3);
            return NULL;
        }
    return "The URL's scheme must be ws, wss, http, https or unix.";
}

static const char *parts_read(parts *p, cdp_str s)
{
    const char *why;

    if (s.len == 0)
        return "The URL is empty.";
    if (s.len > MAX_URL)
        return "The URL is too long.";
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
            return "The URL holds a control character.";
    if (s.len >= 5 && is_scheme(cdp_sn(s.ptr, 4), "unix") && s.ptr[4] == ':')
        return unix_read(p, behind(s, 5));
    why = visible_check(s);
    if (!why)
        why = scheme_read(p, &s);
    if (why)
        return why;
    size_t n = find(s, '/'), query = find(s, '?');
    n = n < query ? n : query;
    p->path = behind(s, n);
    why = authority_read(p, cdp_sn(s.ptr, n));
    if (why || p->web_socket || p->path.len == 0)
        return why;
    if (p->path.ptr[0] == '/')
        p->path = behind(p->path, 1);
    if (find(p->path, '/') < p->path.len || query < s.len)
        return "Only a target's id may follow an address that is not a WebSocket's.";
    return NULL;
}

/* ---- what is made of it ------------------------------------------------- */

static char *put(char **at, cdp_str s)
{
    char *from = *at;

    if (s.len)
        memcpy(from, s.ptr, s.len);
    from[s.len] = 0;
    *at += s.len + 1;
    return from;
}

int cdp__url_parse(cdp__url *out, const char *text, const cdp_allocator *a, const char **why)
{
    parts p = { .port = 0 };
    char port[8];

    memset(out, 0, sizeof *out);
    *why = parts_read(&p, cdp_s(text));
    if (*why)
        return CDP_EINVAL;
    const bool slash = p.web_socket && (p.path.len == 0 || p.path.ptr[0] != '/');
    const size_t size = 2 * p.host.len + p.path.len + sizeof "[]" + sizeof port + sizeof "/" +
                        sizeof "localhost";
    char *at = cdp__alloc(a, size);
    if (!at)
        return CDP_ENOMEM;
    out->web_socket = p.web_socket;
    out->tls = p.tls;
    out->local = p.local;
    out->port = (uint16_t)p.port;
    out->memory = at;
    out->size = size;
    out->host = put(&at, p.host);
    out->path = at;
    if (slash)
        *at++ = '/';
    put(&at, p.path);
    out->authority = at;
    if (p.local)
        put(&at, cdp_s("localhost"));
    else
        snprintf(at, size - (size_t)(at - (char *)out->memory), p.brackets ? "[%s]:%u" : "%s:%u",
                 out->host, p.port);
    return 0;
}

void cdp__url_free(cdp__url *u, const cdp_allocator *a)
{
    cdp__dealloc(a, u->memory, u->size);
    memset(u, 0, sizeof *u);
}

cdp_str cdp__url_path(cdp_str url)
{
    size_t n = find(url, '/');

    if (n > 0 && n + 1 < url.len && url.ptr[n - 1] == ':' && url.ptr[n + 1] == '/')
        n += 2 + find(behind(url, n + 2), '/');
    url = behind(url, n);
    for (size_t i = 0; i < url.len; i++)
        if (!is_visible(url.ptr[i]) || url.ptr[i] == '#')
            return cdp_sn(url.ptr, 0);
    return url;
}
