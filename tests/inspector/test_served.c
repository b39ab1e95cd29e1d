/* test_served.c - what the clients of a real V8, with services beside it, are told. */
#include "../v8/v8_test.h"

#include "../../runtime/inspector/served.h"

#include <cJSON.h>

#include <cdp/schema.h>
#include <cdp/teapot.h>

static int pour(cdp_request *req, void *self)
{
    (void)self;
    return cdp_teapot_pour_respond(req, &(cdp_teapot_pour_result){ .cups_left = 1 });
}

static void connected(cdp_session *front, void *clients)
{
    static const cdp_teapot_domain_impl teapot = { .pour = pour };

    ++*(int *)clients;
    cdp_teapot_serve(front, &teapot, NULL);
}

static void ended(cdp_session *front, void *clients)
{
    assert_non_null(front);
    --*(int *)clients;
}

static cJSON *document(fixture *f)
{
    cdp__buf out = { .len = 0 };

    assert_int_equal(cdp__served_write(&out, cdp_host_v8(f->h), NULL, 0), 0);
    cJSON *doc = cJSON_ParseWithLength(out.ptr, out.len);
    assert_non_null(doc);
    cdp__buf_free(&out);
    return doc;
}

/* What that part of the domain lists; NULL: there is no such domain. */
static const cJSON *list(const cJSON *doc, const char *domain, const char *part)
{
    const cJSON *d;

    cJSON_ArrayForEach(d, cJSON_GetObjectItemCaseSensitive(doc, "domains"))
    {
        if (strcmp(cJSON_GetObjectItemCaseSensitive(d, "domain")->valuestring, domain) == 0)
            return cJSON_GetObjectItemCaseSensitive(d, part);
    }
    return NULL;
}

/* Whatever is listed is there, and nothing else is: asked one by one, with params that are none. */
static void the_document_is_true(void **state)
{
    fixture *f = *state;
    int clients = 0;
    cdp_v8_service teapot = { .connected = connected, .ended = ended, .data = &clients };
    cdp_session *s = NULL;

    assert_int_equal(cdp_v8_serve(cdp_host_v8(f->h), &teapot), 0);
    cJSON *doc = document(f);
    assert_int_equal(clients, 0);
    assert_int_equal(cJSON_GetArraySize(list(doc, "Teapot", "commands")), 1);
    assert_int_equal(cJSON_GetArraySize(list(doc, "Runtime", "events")), 8);
    assert_null(list(doc, "Page", "commands"));
    assert_int_equal(cdp_host_connect(&s, f->h, NULL), 0);
    for (size_t k = 0; cdp__protocol[k]; k++) {
        const cdp__domain *d = cdp__protocol[k];
        for (unsigned i = 0; i < d->n_commands; i++) {
            char name[256], *dot;
            const cJSON *c;
            bool listed = false;
            if (d->commands[i].params == CDP__NONE || !d->types[d->commands[i].params].required)
                continue;
            snprintf(name, sizeof name, "%.*s", d->commands[i].name_len,
                     d->names + d->commands[i].name);
            assert_int_equal(cdp_call(s, name, cdp_json("{}"), NULL), CDP_EREMOTE);
            bool found = cdp_last_error(s)->remote_code != CDP_METHOD_NOT_FOUND;
            dot = strchr(name, '.');
            *dot = 0;
            cJSON_ArrayForEach(c, list(doc, name, "commands"))
                listed |= strcmp(cJSON_GetObjectItemCaseSensitive(c, "name")->valuestring,
                                 dot + 1) == 0;
            if (listed != found)
                fail_msg("%s.%s is %slisted", name, dot + 1, listed ? "" : "not ");
        }
    }
    cJSON_Delete(doc);
    cdp_close(s);
    assert_int_equal(clients, 0);
    cdp_v8_unserve(cdp_host_v8(f->h), &teapot);
}

static void schema_tells_the_same(void **state)
{
    static const char *const names[] = { "Console", "Debugger", "HeapProfiler", "Profiler",
                                         "Runtime", "Schema",   "Teapot" };
    fixture *f = *state;
    int clients = 0;
    cdp_v8 *v = cdp_host_v8(f->h);
    cdp_v8_service schema = { .connected = cdp__served_connected, .data = v };
    cdp_v8_service teapot = { .connected = connected, .ended = ended, .data = &clients };
    cdp_schema_get_domains_result *res = NULL;
    cdp_session *s = NULL;

    assert_int_equal(cdp_v8_serve(v, &schema), 0);
    assert_int_equal(cdp_v8_serve(v, &teapot), 0);
    assert_int_equal(cdp_host_connect(&s, f->h, NULL), 0);
    assert_int_equal(cdp_schema_get_domains(s, &res), 0);
    assert_int_equal(res->domains.n, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++)
        assert_text(res->domains.items[i].name, names[i]);
    cdp_free(res);
    cJSON *doc = document(f);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "domains")),
                     COUNT(names));
    assert_int_equal(cJSON_GetArraySize(list(doc, "Schema", "commands")), 1);
    cJSON_Delete(doc);
    cdp_close(s);
    cdp_v8_unserve(v, &teapot);
    cdp_v8_unserve(v, &schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        V8_TEST(the_document_is_true),
        V8_TEST(schema_tells_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
