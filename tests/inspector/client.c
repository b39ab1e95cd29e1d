/* client.c - see client.h. */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/un.h>

/* ---- the connection ---------------------------------------------------------- */

static bool dial(client *c, const void *to, socklen_t len)
{
    *c = (client){ .w.fd = -1 };
    if (!wire_dial(&c->w, to, len))
        return false;
    c->events = cJSON_CreateArray();
    return true;
}

bool client_try(client *c, const char *host, unsigned port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return dial(c, &v4, sizeof v4);
    assert_int_equal(inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
    return dial(c, &v6, sizeof v6);
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
    if (!dial(c, &to, sizeof to))
        fail_msg("can't connect to %s: %s", path, strerror(errno));
}

void client_close(client *c)
{
    wire_close(&c->w);
    cJSON_Delete(c->events);
    *c = (client){ .w.fd = -1 };
}

void client_put(client *c, const void *bytes, size_t n)
{
    wire_put(&c->w, bytes, n);
}

void client_put_text(client *c, const char *text)
{
    client_put(c, text, strlen(text));
}

/* ---- HTTP -------------------------------------------------------------------- */

static bool read_head(client *c, answer *a)
{
    wire *w = &c->w;
    const char *end;

    *a = (answer){ .status = 0 };
    while (!(end = wire_head_end(w)))
        if (!wire_read(w))
            return false;
    size_t n = (size_t)(end - (w->in + w->start));
    assert_true(n < sizeof a->head);
    memcpy(a->head, w->in + w->start, n);
    w->start += n;
    if (sscanf(a->head, "HTTP/1.1 %d ", &a->status) != 1)
        fail_msg("no status: %s", a->head);
    return true;
}

void client_answer(client *c, answer *a)
{
    wire *w = &c->w;

    if (!read_head(c, a))
        return;
    const char *length = strstr(a->head, "\r\nContent-Length: ");
    if (length)
        a->len = strtoul(length + 18, NULL, 10);
    while (w->end - w->start < a->len)
        if (!wire_read(w))
            fail_msg("the answer is cut short");
    a->body = malloc(a->len + 1);
    assert_non_null(a->body);
    memcpy(a->body, w->in + w->start, a->len);
    a->body[a->len] = 0;
    w->start += a->len;
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
    wire_send_frame(&c->w, first_byte, payload, n);
}

void client_send(client *c, const char *text)
{
    wire_send(&c->w, text);
}

cJSON *client_message(client *c)
{
    char *payload;
    size_t n;
    unsigned first = c->code ? 0 : wire_next(&c->w, &payload, &n);

    if (first == WIRE_CLOSE && n >= 2) {
        c->code = (unsigned char)payload[0] << 8 | (unsigned char)payload[1];
        snprintf(c->reason, sizeof c->reason, "%.*s", (int)n - 2, payload + 2);
    }
    if (first == 0 || first == WIRE_CLOSE)
        return NULL;
    if (first != WIRE_TEXT)
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
    client_frame(c, WIRE_CLOSE, "\x03\xe8", 2);
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
