/*
 * run_define.c - what `cdp run` offers to its script: `inspector`, which is what node:inspector
 * exports but for Session, and a `process` of three members.
 */
#include "run.h"

#include <cJSON.h>
#include <cdp/inspector_network.h>
#include <cdp/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_string(cdp_value v)
{
    return cdp_value_typeof(v) == CDP_VALUE_STRING;
}

static int throw_type(cdp_host *h, const char *argument, const char *type)
{
    return cdp_host_throw(h, "TypeError", "ERR_INVALID_ARG_TYPE",
                          "The \"%s\" argument must be of type %s.", argument, type);
}

/* What a function of the inspector's returned, as an exception. */
static int throw_error(cdp_host *h, const char *type)
{
    const run *r = cdp_host_data(h);

    return cdp_host_throw(h, type, NULL, "%s", cdp_inspector_error(r->inspector)->message.ptr);
}

/* ---- open, close, url, waitForDebugger ---------------------------------- */

/* Like Node, open() takes a port that is no uint32 for none. */
static int take_port(cdp_host *h, run *r, cdp_value v)
{
    double port = cdp_value_num(v, -1);

    if (!(port >= 0 && port <= UINT32_MAX) || port != (uint32_t)port)
        return 0;
    if (port > UINT16_MAX)
        return cdp_host_throw(h, "RangeError", "ERR_OUT_OF_RANGE",
                              "The value of \"port\" is out of range. It must be >= 0 && <= 65535. "
                              "Received %.0f",
                              port);
    r->flags.port = (uint16_t)port;
    return 0;
}

static int take_host(cdp_host *h, run *r, cdp_value v)
{
    cdp_value *copy;
    int rc = 0;

    if (!is_string(v) || cdp_value_str_eq(v, ""))
        return 0;
    if ((rc = cdp_value_copy(v, CDP_JSON, &copy)) < 0)
        return rc;
    cdp_str host = cdp_value_str(copy, *copy);
    if (!host.ptr)
        rc = CDP_ENOMEM;
    else if (host.len >= sizeof r->flags.host || strlen(host.ptr) != host.len)
        rc = cdp_host_throw(h, NULL, NULL, "The host is too long, or holds a NUL");
    else
        memcpy(r->flags.host, host.ptr, host.len + 1);
    cdp_free(copy);
    return rc;
}

static int open_inspector(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    run *r = cdp_host_data(h);
    int rc;

    (void)result, (void)data;
    if (cdp_inspector_url(r->inspector))
        return cdp_host_throw(h, NULL, "ERR_INSPECTOR_ALREADY_ACTIVATED",
                              "Inspector is already activated. Close it with inspector.close() "
                              "before activating it again.");
    if ((rc = take_port(h, r, cdp_value_at(args, 0))) < 0 ||
        (rc = take_host(h, r, cdp_value_at(args, 1))) < 0)
        return rc;
    if (run_open(r) && cdp_value_bool(cdp_value_at(args, 2), false))
        cdp_inspector_wait_for_debugger(r->inspector, -1);
    return 0;
}

static int close_inspector(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);

    (void)args, (void)result, (void)data;
    cdp_inspector_close(r->inspector);
    return 0;
}

static int tell_url(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);
    const char *url = cdp_inspector_url(r->inspector);

    (void)args, (void)data;
    if (!url)
        return 0;
    cJSON *tree = cJSON_CreateString(url);
    int rc = tree ? cdp_value_from_cjson(tree, result) : CDP_ENOMEM;
    cJSON_Delete(tree);
    return rc;
}

static int wait_for_debugger(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);

    (void)args, (void)result, (void)data;
    if (!cdp_inspector_url(r->inspector))
        return cdp_host_throw(h, NULL, "ERR_INSPECTOR_NOT_ACTIVE", "Inspector is not active");
    return cdp_inspector_wait_for_debugger(r->inspector, -1) < 0 ? throw_error(h, NULL) : 0;
}

/* ---- console, Network, NetworkResources ---------------------------------- */

/* Functions that differ by name alone; what they are defined as ends in it. */
static const char *console_methods[] = {
    "debug",  "error",   "info",       "log",       "warn",           "dir",
    "dirxml", "table",   "trace",      "group",     "groupCollapsed", "groupEnd",
    "clear",  "count",   "countReset", "assert",    "profile",        "profileEnd",
    "time",   "timeLog", "timeEnd",    "timeStamp", "context",
};
static const char *network_events[] = {
    "requestWillBeSent", "responseReceived", "loadingFinished",
    "loadingFailed",     "dataReceived",     "dataSent",
    "webSocketCreated",  "webSocketClosed",  "webSocketHandshakeResponseReceived",
};

static int call_console(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);
    const char **method = data;
    size_t n = cdp_value_count(args), i = 0;
    cdp_value *items = calloc(n + 1, sizeof *items);

    (void)result;
    if (!items)
        return CDP_ENOMEM;
    for (cdp_cursor c = cdp_cursor_begin(args); i < n && cdp_cursor_next(&c); i++)
        items[i] = c.value;
    int rc = cdp_inspector_console(r->inspector, *method, items, i);
    free(items);
    return rc < 0 ? throw_error(h, NULL) : 0;
}

/* The bytes of a Uint8Array, which JSON makes { "0": 1, "1": 2 }, as base64. */
static cJSON *encode_bytes(const cJSON *array)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = (size_t)cJSON_GetArraySize(array);
    char *text = malloc((n + 2) / 3 * 4 + 1), *p = text;
    const cJSON *item = array->child;

    while (p && item) {
        uint32_t bits = 0;
        int have = 0;
        for (; have < 3 && item; item = item->next, have++)
            bits |= (uint32_t)(item->valueint & 0xff) << (16 - 8 * have);
        for (int i = 0; i < 4; i++)
            *p++ = i <= have ? letters[bits >> (18 - 6 * i) & 63] : '=';
    }
    if (p)
        *p = 0;
    cJSON *string = p ? cJSON_CreateString(text) : NULL;
    free(text);
    return string;
}

/* Tells front-ends, with the data of params as they get it. */
static int broadcast(const run *r, const char *event, cdp_value params)
{
    cJSON *tree = NULL, *data;
    cdp_value *encoded = NULL;
    int rc = cdp_value_to_cjson(params, &tree);

    if (rc < 0)
        return rc;
    if (cJSON_IsObject(data = cJSON_GetObjectItemCaseSensitive(tree, "data"))) {
        cJSON *text = encode_bytes(data);
        if (!text || !cJSON_ReplaceItemInObjectCaseSensitive(tree, "data", text))
            rc = CDP_ENOMEM;
    }
    if (rc == 0)
        rc = cdp_value_from_cjson(tree, &encoded);
    if (rc == 0)
        rc = cdp_inspector_network_broadcast(r->inspector, event, *encoded);
    cdp_free(encoded);
    cJSON_Delete(tree);
    return rc;
}

static int emit_network(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);
    const char **event = data;
    cdp_value params = cdp_value_at(args, 0);

    (void)result;
    if (cdp_value_typeof(params) != CDP_VALUE_OBJECT)
        return throw_type(h, "params", "object");
    if (!r->flags.network)
        return 0;
    int rc = broadcast(r, *event, params);
    return rc == CDP_EINVAL ? throw_error(h, "TypeError") : rc;
}

static int put_resource(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);
    cdp_value *copy;

    (void)result, (void)data;
    if (!is_string(cdp_value_at(args, 0)))
        return throw_type(h, "url", "string");
    if (!is_string(cdp_value_at(args, 1)))
        return throw_type(h, "data", "string");
    int rc = cdp_value_copy(args, CDP_JSON, &copy);
    if (rc < 0)
        return rc;
    rc = cdp_inspector_network_resource(r->inspector, cdp_value_str(copy, cdp_value_at(*copy, 0)),
                                        cdp_value_str(copy, cdp_value_at(*copy, 1)));
    cdp_free(copy);
    return rc < 0 ? throw_error(h, NULL) : 0;
}

/* ---- process ------------------------------------------------------------ */

/* Ends the process at once, amid JavaScript, as Node does. */
static int exit_process(cdp_host *h, cdp_value args, cdp_value **result, void *data)
{
    const run *r = cdp_host_data(h);
    int64_t code = cdp_value_int(cdp_value_at(args, 0), cdp_host_exit_code(h));

    (void)result, (void)data;
    cdp_inspector_wait_for_disconnect(r->inspector);
    cdp_inspector_close(r->inspector);
    fflush(NULL);
    _exit((int)(code & 0xff));
}

static int define_process(run *r)
{
    cJSON *argv = cJSON_CreateArray();
    cdp_value *value = NULL;
    const char *script = r->path ? r->path : r->file;
    bool full = argv && cJSON_AddItemToArray(argv, cJSON_CreateString("cdp")) &&
                (!script || cJSON_AddItemToArray(argv, cJSON_CreateString(script)));

    for (int i = 0; full && i < r->argc; i++)
        full = cJSON_AddItemToArray(argv, cJSON_CreateString(r->argv[i]));
    int rc = full ? cdp_value_from_cjson(argv, &value) : CDP_ENOMEM;
    cJSON_Delete(argv);
    if (rc == 0)
        rc = cdp_host_define_value(r->host, "process.argv", *value);
    cdp_free(value);
    if (rc == 0)
        rc = cdp_host_define_value(r->host, "process.env", cdp_json("{}"));
    return rc < 0 ? rc : cdp_host_define(r->host, "process.exit", exit_process, NULL);
}

/* ---- all of it ----------------------------------------------------------- */

/* Defines fn as object.name for each of the names, which it gets as its data. */
static int define_each(run *r, const char *object, const char **names, size_t n, cdp_host_fn *fn)
{
    char path[128];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        snprintf(path, sizeof path, "%s.%s", object, names[i]);
        rc = cdp_host_define(r->host, path, fn, &names[i]);
    }
    return rc;
}

int run_define(run *r)
{
    static const struct {
        const char *path;
        cdp_host_fn *fn;
    } functions[] = {
        { "inspector.open", open_inspector },
        { "inspector.close", close_inspector },
        { "inspector.url", tell_url },
        { "inspector.waitForDebugger", wait_for_debugger },
        { "inspector.NetworkResources.put", put_resource },
    };
    int rc = define_process(r);

    for (size_t i = 0; rc == 0 && i < sizeof functions / sizeof *functions; i++)
        rc = cdp_host_define(r->host, functions[i].path, functions[i].fn, NULL);
    if (rc == 0)
        rc = define_each(r, "inspector.console", console_methods,
                         sizeof console_methods / sizeof *console_methods, call_console);
    if (rc == 0)
        rc = define_each(r, "inspector.Network", network_events,
                         sizeof network_events / sizeof *network_events, emit_network);
    return rc;
}
