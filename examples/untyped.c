/* untyped.c - any command, by name: with JSON text, and with cJSON trees. */
#include <cdp/host.h>
#include <cdp/value.h>
#include <cjson/cJSON.h>
#include <stdio.h>

static int by_text(cdp_session *s)
{
    CDP_AUTO cdp_value *result = NULL;

    if (cdp_call(s, "Runtime.evaluate",
                 cdp_json("{\"expression\": \"({a: [1, {b: 'two'}]})\", \"returnByValue\": true}"),
                 &result) < 0)
        return -1;
    cdp_value b = cdp_value_path(*result, "result.value.a.1.b");
    printf("result.value.a.1.b is %s\n", cdp_value_str(result, b).ptr);
    return 0;
}

static int by_tree(cdp_session *s)
{
    CDP_AUTO cdp_value *params = NULL, *result = NULL;
    cJSON *tree = cJSON_CreateObject(), *reply = NULL;
    int rc = -1;

    cJSON_AddStringToObject(tree, "expression", "[1, 2, 3]");
    cJSON_AddTrueToObject(tree, "returnByValue");
    if (cdp_value_from_cjson(tree, &params) == 0 &&
        cdp_call(s, "Runtime.evaluate", *params, &result) == 0 &&
        cdp_value_to_cjson(*result, &reply) == 0) {
        char *text = cJSON_Print(reply);
        printf("%s\n", text);
        cJSON_free(text);
        rc = 0;
    }
    cJSON_Delete(tree);
    cJSON_Delete(reply);
    return rc;
}

int main(void)
{
    cdp_host *host = NULL;
    cdp_session *s = NULL;
    int rc = -1;

    if (cdp_host_new(&host, NULL) == 0 && cdp_host_connect(&s, host, NULL) == 0) {
        rc = by_text(s) < 0 || by_tree(s) < 0 ? -1 : 0;
        if (rc < 0)
            fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    }
    cdp_close(s);
    cdp_host_free(host);
    cdp_host_shutdown();
    return rc < 0;
}
