/* client.c - see client.h. */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIMIT_S = 60 };

/* ---- the connection ---------------------------------------------------------- */

static bool dial(client *c, int family, const struct sockaddr *to, socklen_t len)
{
    struct timeval limit = { .tv_sec = LIMIT_S };

    *c = (client){ .fd = socket(family, SOCK_STREAM, 0), .events = cJSON_CreateArray() };
    assert_true(c->fd >= 0);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(c->fd, to, len) == 0)
        return true;
    client_close(c);
    return false;
}

bool client_try(client *c, const char *host, unsigned port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return dial(c, AF_INET, (const struct sockaddr *)(const void *)&v4, sizeof v4);
    assert_int_equal(inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
    return dial(c, AF_INET6, (const struct sockaddr *)(const void *)&v6, sizeof v6);
}

void client_dial(client *c, unsigned port)
{
    if (!client_try(c, "127.0.0.1", port))
        fail_msg("can't connect to port %u: %s", port, strerror(errno));
}

void client_dial_unix(client *c, const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    if (!dial(c, AF_UNIX, (const struct sockaddr *)(const void *)&to, sizeof to))
        fail_msg("can't connect to %s: %s", path, strerror(errno));
}

void client_close(client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->in);
    cJSON_Delete(c->events);
    *c = (client){ .fd = -1 };
}

/* As far as the peer takes it. */
void client_put(client *c, const void *bytes, size_t n)
{
    const char *p = bytes;

    for (ssize_t k; n && (k = send(c->fd, p, n, MSG_NOSIGNAL)) > 0; n -= (size_t)k)
        p += k;
}

void client_put_text(client *c, const char *text)
{
    client_put(c, text, strlen(text));
}

/* False: the connection ended. */
static bool read_more(client *c)
{
    enum { PIECE = 1 << 16 };

    if (c->start > PIECE) {
        memmove(c->in, c->in + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    if (c->room - c->end <= PIECE) {
        c->room = 2 * c->room + 2 * PIECE;
        c->in = realloc(c->in, c->room);
        assert_non_null(c->in);
    }
    ssize_t k = recv(c->fd, c->in + c->end, PIECE, 0);
    if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("nothing comes");
    if (k <= 0)
        return false;
    c->end += (size_t)k;
    c->in[c->end] = 0;
    return true;
}

/* ---- HTTP -------------------------------------------------------------------- */

static bool read_head(client *c, answer *a)
{
    char *end;

    *a = (answer){ .status = 0 };
    while (c->start == c->end || !(end = strstr(c->in + c->start, "\r\n\r\n")))
        if (!read_more(c))
            return false;
    size_t n = (size_t)(end + 4 - (c->in + c->start));
    assert_true(n < sizeof a->head);
    memcpy(a->head, c->in + c->start, n);
    c->start += n;
    if (sscanf(a->head, "HTTP/1.1 %d ", &a->status) != 1)
        fail_msg("no status: %s", a->head);
    return true;
}

void client_answer(client *c, answer *a)
{
    if (!read_head(c, a))
        return;
    const char *length = strstr(a->head, "\r\nContent-Length: ");
    if (length)
        a->len = strtoul(length + 18, NULL, 10);
    while (c->end - c->start < a->len)
        if (!read_more(c))
            fail_msg("the answer is cut short");
    a->body = malloc(a->len + 1);
    assert_non_null(a->body);
    memcpy(a->body, c->in + c->start, a->len);
    a->body[a->len] = 0;
    c->start += a->len;
}

void answer_free(answer *a)
{
    free(a->body);
    *a = (answer){ .status = 0 };
}

void http_get(answer *a, unsigned port, const char *path, const char *headers)
{
    client c;
    char head[4096], host[64];

    client_dial(&c, port);
    snprintf(host, sizeof host, "Host: 127.0.0.1:%u\r\n", port);
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\n%s\r\n", path, headers ? headers : host);
    client_put_text(&c, head);
    client_answer(&c, a);
    client_close(&c);
}

cJSON *http_json(unsigned port, const char *path)
{
    answer a;

    http_get(&a, port, path, NULL);
    cJSON *json = cJSON_Parse(a.body);
    if (a.status != 200 || !json)
        fail_msg("%s: %s%s", path, a.head, a.body ? a.body : "");
    answer_free(&a);
    return json;
}

/* ---- WebSocket ----------------------------------------------------------------- */

int client_upgrade(client *c, const char *host, const char *path, const char *headers)
{
    char head[2048];
    answer a;

    snprintf(head, sizeof head,
             "GET %s HTTP/1.1\r\n"
             "Host: %s\r\n"
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             "%s\r\n",
             path, host, headers ? headers : "");
    client_put_text(c, head);
    if (read_head(c, &a) && a.status == 101 &&
        !strstr(a.head, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        fail_msg("a wrong accept: %s", a.head);
    return a.status;
}

void client_attach(client *c, const char *url)
{
    char host[256], path[256];
    unsigned port;

    if (sscanf(url, "ws://%255[^:/]:%u%255s", host, &port, path) != 3)
        fail_msg("no URL: %s", url);
    client_dial(c, port);
    int status = client_upgrade(c, host, path, NULL);
    if (status != 101)
        fail_msg("the handshake is answered with %d", status);
}

void client_frame(client *c, unsigned first_byte, const void *payload, size_t n)
{
    static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    const unsigned more = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;
    unsigned char *frame = malloc(n + 14), *p = frame;

    assert_non_null(frame);
    *p++ = (unsigned char)first_byte;
    *p++ = (unsigned char)(0x80 | (more == 0 ? n : more == 2 ? 126 : 127));
    for (unsigned i = more; i > 0; i--)
        *p++ = (unsigned char)((uint64_t)n >> 8 * (i - 1));
    memcpy(p, mask, 4);
    p += 4;
    for (size_t i = 0; i < n; i++)
        *p++ = (unsigned char)(((const unsigned char *)payload)[i] ^ mask[i & 3]);
    client_put(c, frame, (size_t)(p - frame));
    free(frame);
}

void client_send(client *c, const char *text)
{
    client_frame(c, 0x81, text, strlen(text));
}

/* The next frame; its first byte, 0: the connection ended. */
static unsigned next_frame(client *c, const char **payload, size_t *n)
{
    for (;;) {
        const unsigned char *p = (const unsigned char *)c->in + c->start;
        size_t have = c->end - c->start, head = 2;
        if (have >= 2) {
            head += p[1] < 126 ? 0 : p[1] == 126 ? 2 : 8;
            *n = p[1] < 126 ? p[1] : 0;
        }
        if (have >= head && have >= 2) {
            for (size_t i = 2; i < head; i++)
                *n = *n << 8 | p[i];
            if (have - head >= *n) {
                *payload = c->in + c->start + head;
                c->start += head + *n;
                return p[0];
            }
        }
        if (!read_more(c))
            return 0;
    }
}

cJSON *client_message(client *c)
{
    const char *payload;
    size_t n;
    unsigned first = c->code ? 0 : next_frame(c, &payload, &n);

    if (first == 0x88 && n >= 2) {
        c->code = (unsigned char)payload[0] << 8 | (unsigned char)payload[1];
        snprintf(c->reason, sizeof c->reason, "%.*s", (int)n - 2, payload + 2);
    }
    if (first == 0 || first == 0x88)
        return NULL;
    if (first != 0x81)
        fail_msg("a frame %#x", first);
    cJSON *json = cJSON_ParseWithLength(payload, n);
    if (!json)
        fail_msg("no JSON: %.*s", (int)(n < 500 ? n : 500), payload);
    return json;
}

int client_ended(client *c)
{
    for (cJSON *m; (m = client_message(c));)
        cJSON_Delete(m);
    return c->code;
}

void client_leave(client *c)
{
    client_frame(c, 0x88, "\x03\xe8", 2);
    assert_int_equal(client_ended(c), 1000);
    client_close(c);
}

/* ---- calls ------------------------------------------------------------------- */

int client_command_to(client *c, const char *session, const char *method, const char *params)
{
    size_t size = strlen(method) + (params ? strlen(params) : 2) + 128;
    char *text = malloc(size);

    assert_non_null(text);
    snprintf(text, size, "{\"id\":%d,\"method\":\"%s\",\"params\":%s%s%s%s}", ++c->last_id, method,
             params ? params : "{}", session ? ",\"sessionId\":\"" : "", session ? session : "",
             session ? "\"" : "");
    client_send(c, text);
    free(text);
    return c->last_id;
}

int client_command(client *c, const char *method, const char *params)
{
    return client_command_to(c, NULL, method, params);
}

static bool is_reply(const cJSON *m, int id)
{
    const cJSON *i = cJSON_GetObjectItemCaseSensitive(m, "id");

    return i && i->valueint == id;
}

cJSON *client_reply(client *c, int id)
{
    cJSON *m;

    cJSON_ArrayForEach(m, c->events)
    {
        if (is_reply(m, id))
            return cJSON_DetachItemViaPointer(c->events, m);
    }
    while ((m = client_message(c))) {
        if (is_reply(m, id))
            return m;
        cJSON_AddItemToArray(c->events, m);
    }
    fail_msg("the connection ended (%d %s) before the reply to %d", c->code, c->reason, id);
    return NULL;
}

cJSON *client_call(client *c, const char *method, const char *params)
{
    return client_reply(c, client_command(c, method, params));
}

void client_do(client *c, const char *method, const char *params)
{
    cJSON *m = client_call(c, method, params);

    if (!at(m, "result"))
        fail_msg("%s: %s", method, text_at(m, "error.message"));
    cJSON_Delete(m);
}

static bool is_event(const cJSON *m, const char *method)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(m, "method");

    return name && strcmp(name->valuestring, method) == 0;
}

static cJSON *params_of(cJSON *m)
{
    cJSON *params = cJSON_DetachItemFromObjectCaseSensitive(m, "params");
    cJSON *session = cJSON_DetachItemFromObjectCaseSensitive(m, "sessionId");

    if (!params)
        params = cJSON_CreateObject();
    if (session && !cJSON_GetObjectItemCaseSensitive(params, "sessionId"))
        cJSON_AddItemToObject(params, "sessionId", session);
    else
        cJSON_Delete(session);
    cJSON_Delete(m);
    return params;
}

cJSON *client_event(client *c, const char *method)
{
    cJSON *m;

    cJSON_ArrayForEach(m, c->events)
    {
        if (is_event(m, method))
            return params_of(cJSON_DetachItemViaPointer(c->events, m));
    }
    while ((m = client_message(c))) {
        if (is_event(m, method))
            return params_of(m);
        cJSON_AddItemToArray(c->events, m);
    }
    fail_msg("the connection ended (%d %s) before %s", c->code, c->reason, method);
    return NULL;
}

bool client_has_event(const client *c, const char *method)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, c->events)
    {
        if (is_event(m, method))
            return true;
    }
    return false;
}

const char *client_eval(client *c, const char *expression)
{
    static char out[4096];
    cJSON *params = cJSON_CreateObject();

    cJSON_AddStringToObject(params, "expression", expression);
    cJSON_AddBoolToObject(params, "returnByValue", true);
    char *text = cJSON_PrintUnformatted(params);
    cJSON *m = client_call(c, "Runtime.evaluate", text);
    const cJSON *value = at(m, "result.result.value");
    cJSON_free(text);
    if (at(m, "error"))
        fail_msg("%s: %s", expression, text_at(m, "error.message"));
    if (value) {
        text = cJSON_PrintUnformatted(value);
        snprintf(out, sizeof out, "%s", text);
        cJSON_free(text);
    } else {
        snprintf(out, sizeof out, "%s", text_at(m, "result.result.type"));
    }
    cJSON_Delete(params);
    cJSON_Delete(m);
    return out;
}

/* ---- JSON ---------------------------------------------------------------------- */

const cJSON *at(const cJSON *json, const char *path)
{
    char key[64];

    while (json && *path) {
        size_t n = strcspn(path, ".");
        assert_true(n < sizeof key);
        memcpy(key, path, n);
        key[n] = 0;
        json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(key))
                                   : cJSON_GetObjectItemCaseSensitive(json, key);
        path += n + (path[n] == '.');
    }
    return json;
}

static void fail_at(const cJSON *json, const char *path)
{
    char *text = cJSON_PrintUnformatted(json);

    fail_msg("%.1000s has no such %s", text ? text : "nothing", path);
}

const char *text_at(const cJSON *json, const char *path)
{
    const cJSON *m = at(json, path);

    if (!cJSON_IsString(m))
        fail_at(json, path);
    return m->valuestring;
}

int number_at(const cJSON *json, const char *path)
{
    const cJSON *m = at(json, path);

    if (!cJSON_IsNumber(m))
        fail_at(json, path);
    return m->valueint;
}

bool true_at(const cJSON *json, const char *path)
{
    return cJSON_IsTrue(at(json, path));
}
