/* test_protocol.c - the document of what is served. */
#include "../../runtime/inspector/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <cJSON.h>

#include <cdp/network.h>
#include <cdp/runtime.h>
#include <cdp/schema.h>

enum { MAX_DOMAINS = 128 };

/* ---- reading the document ------------------------------------------------ */

static cJSON *document(const cdp__served *served, size_t n)
{
    cdp__buf out = { .len = 0 };

    assert_int_equal(cdp__protocol_write(&out, served, n), 0);
    cJSON *doc = cJSON_ParseWithLength(out.ptr, out.len);
    assert_non_null(doc);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(doc, "version");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(version, "major")->valuestring, "1");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(version, "minor")->valuestring, "3");
    cdp__buf_free(&out);
    return doc;
}

/* The item of a list whose member `key` is that. */
static const cJSON *find(const cJSON *list, const char *key, const char *name, size_t len)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        const char *text = cJSON_GetObjectItemCaseSensitive(item, key)->valuestring;
        if (strlen(text) == len && memcmp(text, name, len) == 0)
            return item;
    }
    return NULL;
}

static const cJSON *get(const cJSON *doc, const char *domain, const char *part, const char *name)
{
    const cJSON *d = find(cJSON_GetObjectItemCaseSensitive(doc, "domains"), "domain", domain,
                          strlen(domain));

    return find(cJSON_GetObjectItemCaseSensitive(d, part),
                strcmp(part, "types") == 0 ? "id" : "name", name, strlen(name));
}

static int count(const cJSON *doc, const char *domain, const char *part)
{
    const cJSON *d = find(cJSON_GetObjectItemCaseSensitive(doc, "domains"), "domain", domain,
                          strlen(domain));

    return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(d, part));
}

/* Every $ref below value is a type of the document. */
static void check_references(const cJSON *doc, const char *domain, const cJSON *value)
{
    const cJSON *item;

    if (value->string && strcmp(value->string, "$ref") == 0) {
        char text[256];
        const char *dot = strchr(value->valuestring, '.');
        snprintf(text, sizeof text, "%.*s", dot ? (int)(dot - value->valuestring) : 255,
                 dot ? value->valuestring : domain);
        if (!get(doc, text, "types", dot ? dot + 1 : value->valuestring))
            fail_msg("%s: no type %s", domain, value->valuestring);
    }
    cJSON_ArrayForEach(item, value) check_references(doc, domain, item);
}

static void check_all_references(const cJSON *doc)
{
    const cJSON *d;

    cJSON_ArrayForEach(d, cJSON_GetObjectItemCaseSensitive(doc, "domains"))
        check_references(doc, cJSON_GetObjectItemCaseSensitive(d, "domain")->valuestring, d);
}

/* ---- the tests ----------------------------------------------------------- */

static void names_everything_that_is_served(void **state)
{
    cdp__served served[MAX_DOMAINS] = { { .domain = NULL } };
    size_t n = 0;

    (void)state;
    for (; cdp__protocol[n]; n++) {
        assert_in_range(n, 0, MAX_DOMAINS - 1);
        served[n] = (cdp__served){ .domain = cdp__protocol[n] };
    }
    cJSON *doc = document(served, n);
    const cJSON *section = cJSON_GetObjectItemCaseSensitive(doc, "domains")->child;
    for (size_t k = 0; k < n; k++, section = section->next) {
        const cdp__domain *d = cdp__protocol[k];
        const char *name = cJSON_GetObjectItemCaseSensitive(section, "domain")->valuestring;
        const cJSON *c = cJSON_GetObjectItemCaseSensitive(section, "commands")->child;
        const cJSON *e = cJSON_GetObjectItemCaseSensitive(section, "events")->child;
        assert_int_equal(strlen(name), d->name_len);
        assert_memory_equal(name, d->names + d->name, d->name_len);
        for (unsigned i = 0; i < d->n_commands; i++, c = c->next) {
            const char *text = cJSON_GetObjectItemCaseSensitive(c, "name")->valuestring;
            assert_int_equal(strlen(text), d->commands[i].name_len - d->name_len - 1u);
            assert_memory_equal(text, d->names + d->commands[i].name + d->name_len + 1,
                                strlen(text));
        }
        assert_null(c);
        for (unsigned i = 0; i < d->n_events; i++)
            e = e->next;
        assert_null(e);
    }
    assert_null(section);
    check_all_references(doc);
    cJSON_Delete(doc);
}

static bool is_named(const char *names, const cdp__domain *d, unsigned at, unsigned len)
{
    const char *p = strstr(names, " ");

    for (; p; p = strstr(p + 1, " "))
        if (strncmp(p + 1, d->names + at, len) == 0 && (p[1 + len] == ' ' || !p[1 + len]))
            return true;
    return false;
}

/* data: names, each with a blank in front */
static bool named_command(const void *data, const cdp__domain *d, unsigned i)
{
    return is_named(data, d, d->commands[i].name, d->commands[i].name_len);
}

static bool named_event(const void *data, const cdp__domain *d, unsigned i)
{
    return is_named(data, d, d->events[i].name, d->events[i].name_len);
}

static void names_nothing_else(void **state)
{
    static const char names[] = " Network.enable Network.getResponseBody Network.dataReceived";
    const cdp__served served = { &cdp__domain_network, named_command, named_event, names };
    cJSON *doc = document(&served, 1);

    (void)state;
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "domains")), 1);
    assert_int_equal(count(doc, "Network", "commands"), 2);
    assert_int_equal(count(doc, "Network", "events"), 1);
    assert_int_equal(count(doc, "Network", "types"), 0);
    assert_non_null(get(doc, "Network", "commands", "getResponseBody"));
    assert_non_null(get(doc, "Network", "events", "dataReceived"));
    cJSON_Delete(doc);
}

static void brings_the_types_of_other_domains(void **state)
{
    static const char names[] = " Network.requestWillBeSent";
    const cdp__served served = { &cdp__domain_network, named_command, named_event, names };
    cJSON *doc = document(&served, 1);

    (void)state;
    check_all_references(doc);
    assert_non_null(get(doc, "Network", "types", "Request"));
    assert_null(get(doc, "Network", "types", "Cookie"));
    assert_non_null(get(doc, "Runtime", "types", "StackTrace"));
    assert_int_equal(count(doc, "Runtime", "commands"), 0);
    assert_int_equal(count(doc, "Runtime", "events"), 0);
    cJSON_Delete(doc);
}

static void adds_up_what_is_served_of_a_domain(void **state)
{
    const cdp__served served[] = {
        { &cdp__domain_network, named_command, named_event, " Network.enable" },
        { &cdp__domain_schema, NULL, NULL, NULL },
        { &cdp__domain_network, named_command, named_event, " Network.disable Network.enable" },
        { &cdp__domain_runtime, named_command, named_event, "" },
    };
    cJSON *doc = document(served, 4);

    (void)state;
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "domains")), 2);
    assert_int_equal(count(doc, "Network", "commands"), 2);
    assert_int_equal(count(doc, "Schema", "types"), 1);
    cJSON_Delete(doc);
}

static void nothing_served_is_a_document_too(void **state)
{
    cJSON *doc = document(NULL, 0);

    (void)state;
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "domains")), 0);
    cJSON_Delete(doc);
}

/* *ctx allocations succeed. */
static void *scarce(void *ctx, void *p, size_t old_size, size_t new_size)
{
    int *left = ctx;

    (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return (*left)-- > 0 ? realloc(p, new_size) : NULL;
}

static void says_where_there_is_no_memory(void **state)
{
    const cdp__served served = { .domain = &cdp__domain_network };
    int rc = CDP_ENOMEM;

    (void)state;
    for (int i = 0; rc == CDP_ENOMEM; i++) {
        int left = i;
        cdp_allocator allocator = { scarce, &left };
        cdp__buf out = { .allocator = &allocator };
        rc = cdp__protocol_write(&out, &served, 1);
        assert_int_equal(rc < 0, left < 0);
        cdp__buf_free(&out);
    }
    assert_int_equal(rc, 0);
}

/* ---- of a session's handlers ---------------------------------------------- */

static int enable(cdp_request *req, const cdp_network_enable_params *p, void *self)
{
    (void)p;
    (void)self;
    return cdp_respond(req);
}

static int get_domains(cdp_request *req, void *self)
{
    cdp__served served[4];
    size_t n = cdp__protocol_served_by(served, 4, cdp_request_session(req));

    (void)self;
    assert_int_equal(n, 2);
    return cdp__protocol_respond_domains(req, served, n);
}

static void asks_a_session_what_it_serves(void **state)
{
    static const cdp_network_domain_impl network = { .enable = enable };
    static const cdp_schema_domain_impl schema = { .get_domains = get_domains };
    cdp_session *s = NULL, *front = NULL;
    cdp__served served[4];
    cdp_schema_get_domains_result *res = NULL;

    (void)state;
    assert_int_equal(cdp_pair(&s, &front, NULL), 0);
    assert_int_equal(cdp__protocol_served_by(served, 4, front), 0);
    assert_int_equal(cdp_network_serve(front, &network, NULL), 0);
    assert_int_equal(cdp_schema_serve(front, &schema, NULL), 0);
    assert_int_equal(cdp__protocol_served_by(served, 1, front), 2); /* room for one of two */
    assert_int_equal(cdp__protocol_served_by(served, 4, front), 2);
    cJSON *doc = document(served, 2);
    assert_int_equal(count(doc, "Network", "commands"), 1);
    assert_non_null(get(doc, "Network", "commands", "enable"));
    assert_int_equal(count(doc, "Schema", "commands"), 1);
    cJSON_Delete(doc);

    assert_int_equal(cdp_schema_get_domains(s, &res), 0);
    assert_int_equal(res->domains.n, 2);
    assert_string_equal(res->domains.items[0].name.ptr, "Network");
    assert_string_equal(res->domains.items[1].name.ptr, "Schema");
    assert_string_equal(res->domains.items[1].version.ptr, "1.3");
    cdp_free(res);
    cdp_close(s);
    cdp_close(front);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_everything_that_is_served),
        cmocka_unit_test(names_nothing_else),
        cmocka_unit_test(brings_the_types_of_other_domains),
        cmocka_unit_test(adds_up_what_is_served_of_a_domain),
        cmocka_unit_test(nothing_served_is_a_document_too),
        cmocka_unit_test(says_where_there_is_no_memory),
        cmocka_unit_test(asks_a_session_what_it_serves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
