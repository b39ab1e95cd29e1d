/* routes.c - what the server answers over HTTP: /json/list and its relatives, as Node does. */
#include "connection.h"

#include "../core/codec.h"

#include <stdio.h>
#include <strings.h>

/* ---- answers --------------------------------------------------------------- */

static const char *phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 414:
        return "URI Too Long";
    case 426:
        return "Upgrade Required";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

static void put_answer(cdp__buf *out, int status, const char *type, const char *more,
                       const char *body, size_t len)
{
    char head[512];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d %s\r\n"
                     "Content-Type: %s; charset=UTF-8\r\n"
                     "Cache-Control: no-cache\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "%s"
                     "Content-Length: %zu\r\n\r\n",
                     status, phrase(status), type, more, len);

    cdp__buf_put(out, head, (size_t)n);
    cdp__buf_put(out, body, len);
}

void cdp__refuse(cdp__buf *out, int status, const char *why)
{
    char body[256];
    int n = snprintf(body, sizeof body, "%s\r\n", why);

    put_answer(out, status, "text/plain",
               status == 426   ? "Sec-WebSocket-Version: 13\r\nConnection: close\r\n"
               : status == 405 ? "Allow: GET\r\nConnection: close\r\n"
                               : "Connection: close\r\n",
               body, (size_t)n);
}

/* ---- the list -------------------------------------------------------------- */

static void put_member(cdp__writer *w, const char *key, const char *text)
{
    cdp__write_key(w, key, strlen(key));
    cdp__write_str(w, text, strlen(text));
    cdp__write_next(w);
}

/* The keys are in alphabetical order, as Node's.  Whoever reads this has shown the token. */
static void put_target(const cdp__server *s, cdp__writer *w, const cdp__target *t,
                       const char *address)
{
    const char *query = s->opt->token ? "?token=" : "", *token = s->opt->token ? s->opt->token : "";
    char place[1024], url[1152];
    size_t begin = cdp__write_begin(w, '{');

    snprintf(place, sizeof place, "%s/%s%s%s", address, t->id, query, token);
    put_member(w, "description", "cdpkit instance");
    snprintf(url, sizeof url,
             "devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=%s", place);
    put_member(w, "devtoolsFrontendUrl", url);
    snprintf(url, sizeof url,
             "devtools://devtools/bundled/inspector.html?experiments=true&v8only=true&ws=%s",
             place);
    put_member(w, "devtoolsFrontendUrlCompat", url);
    put_member(w, "faviconUrl", "https://v8.dev/favicon.ico");
    put_member(w, "id", t->id);
    put_member(w, "title", t->title);
    put_member(w, "type", t->number ? "worker" : "node");
    put_member(w, "url", t->url);
    snprintf(url, sizeof url, "ws://%s", place);
    put_member(w, "webSocketDebuggerUrl", url);
    cdp__write_end(w, begin, '{');
    cdp__write_next(w);
}

static void put_list(cdp__server *s, cdp__writer *w, const char *address)
{
    size_t begin = cdp__write_begin(w, '[');
    cdp__target *t = cdp__targets_main(s->targets);

    while (t) {
        cdp__target *next = cdp__targets_after(s->targets, t->number);
        put_target(s, w, t, address);
        cdp__target_unref(s->targets, t);
        t = next;
    }
    cdp__write_end(w, begin, '[');
}

static void put_version(cdp__server *s, cdp__writer *w)
{
    size_t begin = cdp__write_begin(w, '{');

    put_member(w, "Browser", s->browser);
    put_member(w, "Protocol-Version", "1.3");
    cdp__write_end(w, begin, '{');
}

/* ---- routes ---------------------------------------------------------------- */

static bool is_route(cdp_str path, const char *route)
{
    size_t n = strlen(route);

    if (path.len == n + 1 && path.ptr[n] == '/')
        path.len--;
    return path.len == n && strncasecmp(path.ptr, route, n) == 0;
}

bool cdp__route_path(const cdp__server *s, const cdp__http_request *req, cdp_str *path)
{
    static const char key[] = "?token=";
    const size_t n = sizeof key - 1;
    cdp_str url = req->url, token = req->bearer;
    const char *query = url.len ? memchr(url.ptr, '?', url.len) : NULL;

    *path = url;
    if (!s->opt->token)
        return true;
    if (query && (size_t)(url.ptr + url.len - query) >= n && memcmp(query, key, n) == 0) {
        path->len = (size_t)(query - url.ptr);
        token = cdp_sn(query + n, url.len - path->len - n);
    }
    return token.ptr && cdp__same_secret(token, cdp_s(s->opt->token));
}

/* What the URLs in the list begin with: as the client sees us. */
static void address_for(char *out, size_t size, const cdp__http_request *req, const char *local)
{
    if (req->host.len)
        snprintf(out, size, "%.*s", (int)req->host.len, req->host.ptr);
    else
        snprintf(out, size, "%s", local);
}

void cdp__route(cdp__server *s, const cdp__http_request *req, const char *local, cdp__buf *out)
{
    char address[300];
    cdp_str path;
    cdp__fault fault;
    cdp__writer w = {
        .out = &s->scratch, .wire = CDP_JSON, .max_depth = CDP__DEPTH, .fault = &fault
    };

    cdp__fault_clear(&fault);
    cdp__buf_reset(&s->scratch, 1 << 20);
    s->scratch.failed = false;
    cdp__route_path(s, req, &path);
    if (s->opt->publish && !(s->opt->publish & CDP_PUBLISH_HTTP)) {
        put_answer(out, 404, "text/plain", "", "", 0);
        return;
    }
    if (is_route(path, "/json") || is_route(path, "/json/list")) {
        address_for(address, sizeof address, req, local);
        put_list(s, &w, address);
    } else if (is_route(path, "/json/version")) {
        put_version(s, &w);
    } else if (is_route(path, "/json/protocol")) {
        put_answer(out, 200, "application/json", "", s->protocol.ptr, s->protocol.len);
        return;
    } else { /* with the words that Node's clients look for */
        put_answer(out, 400, "text/plain", "", "WebSockets request was expected\r\n", 33);
        return;
    }
    if (s->scratch.failed)
        out->failed = true;
    else
        put_answer(out, 200, "application/json", "", s->scratch.ptr, s->scratch.len);
}
