/*
 * discovery.c - see discovery.h.  Tables like those that the generator makes, for documents that
 * the protocol does not describe.
 */
#include "discovery.h"

#include <cdp/desc.h>

#define NAMES(XX)                                       \
    XX(id, "id")                                        \
    XX(type, "type")                                    \
    XX(title, "title")                                  \
    XX(url, "url")                                      \
    XX(description, "description")                      \
    XX(parent_id, "parentId")                           \
    XX(web_socket_debugger_url, "webSocketDebuggerUrl") \
    XX(devtools_frontend_url, "devtoolsFrontendUrl")    \
    XX(targets, "targets")                              \
    XX(browser, "Browser")                              \
    XX(protocol_version, "Protocol-Version")            \
    XX(user_agent, "User-Agent")                        \
    XX(v8_version, "V8-Version")

#define XX(id, text) char n_##id[sizeof text "\":"];
static const struct names {
    NAMES(XX) char end[16];
} names = {
#undef XX
#define XX(id, text) text "\":",
    NAMES(XX) ""
#undef XX
};

enum { ENTRY, ENTRIES, ABOUT };
enum { ENTRY_FIELDS = 8, ENTRIES_FIELDS = 1, ABOUT_FIELDS = 5 };

#define FIELD(type, id, ...)                                                                      \
    {                                                                                             \
        (uint16_t) offsetof(struct names, n_##id), (uint8_t)(sizeof names.n_##id - sizeof "\":"), \
            0, offsetof(cdp_target_##type, id), __VA_ARGS__                                       \
    }
#define STR                    \
    {                          \
        CDP__STR, 0, CDP__NONE \
    }
static const cdp__field fields[] = {
    FIELD(entry, id, STR),
    FIELD(entry, type, STR),
    FIELD(entry, title, STR),
    FIELD(entry, url, STR),
    FIELD(entry, description, STR),
    FIELD(entry, parent_id, STR),
    FIELD(entry, web_socket_debugger_url, STR),
    FIELD(entry, devtools_frontend_url, STR),
    FIELD(entries, targets, { CDP__LIST, 0, 0 }),
    FIELD(about, browser, STR),
    FIELD(about, protocol_version, STR),
    FIELD(about, user_agent, STR),
    FIELD(about, v8_version, STR),
    FIELD(about, web_socket_debugger_url, STR),
};

static const cdp__type types[] = {
    [ENTRY] = { .first = 0, .n = ENTRY_FIELDS, .size = sizeof(cdp_target_entry) },
    [ENTRIES] = { .first = ENTRY_FIELDS, .n = ENTRIES_FIELDS, .size = sizeof(cdp_target_entries) },
    [ABOUT] = { .first = ENTRY_FIELDS + ENTRIES_FIELDS,
                .n = ABOUT_FIELDS,
                .size = sizeof(cdp_target_about) },
};

static const cdp__elem lists[] = { { CDP__STRUCT, 0, ENTRY } };

static const cdp__domain tables = { .names = (const char *)&names,
                                    .types = types,
                                    .fields = fields,
                                    .lists = lists,
                                    .n_types = sizeof types / sizeof *types };

static int decode(unsigned type, cdp_str body, void **out, cdp_str **why)
{
    int rc = cdp__from_json(&tables, type, body, out, why);

    if (rc < 0)
        *out = NULL;
    return rc;
}

int cdp__discovery_list(cdp_target_entries **out, cdp_str body, cdp_str **why)
{
    static const char head[] = "{\"targets\":";
    cdp__buf text = { 0 };
    void *list = NULL;

    cdp__buf_put(&text, head, sizeof head - 1);
    cdp__buf_put(&text, body.ptr, body.len);
    cdp__buf_byte(&text, '}');
    int rc = text.failed ? CDP_ENOMEM : decode(ENTRIES, cdp_sn(text.ptr, text.len), &list, why);
    cdp__buf_free(&text);
    *out = list;
    return rc;
}

int cdp__discovery_entry(cdp_target_entry **out, cdp_str body, cdp_str **why)
{
    void *entry = NULL;
    int rc = decode(ENTRY, body, &entry, why);

    *out = entry;
    return rc;
}

int cdp__discovery_about(cdp_target_about **out, cdp_str body, cdp_str **why)
{
    void *about = NULL;
    int rc = decode(ABOUT, body, &about, why);

    *out = about;
    return rc;
}
