/*
 * workers.c - starts a Node program and tells of its workers as they come and go: what they are,
 * and what they print.
 */
#include <cdp/node_runtime.h>
#include <cdp/remote.h>
#include <cdp/runtime.h>
#include <cdp/targets.h>
#include <cdp/value.h>
#include <stdio.h>
#include <stdlib.h>

static void on_console(cdp_session *s, const cdp_runtime_console_api_called_event *ev, void *data)
{
    const char *name = data;

    (void)s;
    printf("%s:", name);
    for (size_t i = 0; i < ev->args.n; i++) {
        const cdp_runtime_remote_object *a = &ev->args.items[i];

        if (a->type == CDP_RUNTIME_REMOTE_OBJECT_TYPE_STRING)
            printf(" %s", cdp_value_str(ev, a->value).ptr);
        else
            printf(" %s", a->description.ptr ? a->description.ptr : "undefined");
    }
    putchar('\n');
}

/* The worker has not run a line yet: what is sent from here comes first. */
static bool on_attached(cdp_session *worker, const cdp_follow_info *info, void *data)
{
    char *name = malloc(info->title.len + 1);

    (void)data;
    if (!name)
        return false;
    memcpy(name, info->title.ptr, info->title.len + 1);
    cdp_set_data(worker, name);
    printf("+ %s, a %s\n", name, info->type.ptr);
    cdp_runtime_on_console_api_called(worker, on_console, name);
    cdp_runtime_enable_async(worker, NULL, NULL);
    return false; /* it may run */
}

static void on_detached(cdp_session *worker, void *data)
{
    char *name = cdp_get_data(worker);

    (void)data;
    printf("- %s\n", name ? name : "?");
    free(name);
}

/* The program is at its end, and stays for as long as we do. */
static void on_end(cdp_session *s, void *data)
{
    (void)data;
    printf("the program has ended\n");
    cdp_stop(s);
}

static int run(cdp_session *s)
{
    cdp_follow_options follow = { .wait = true, .attached = on_attached, .detached = on_detached };
    cdp_node_runtime_notify_when_waiting_for_disconnect_params tell = { .enabled = true };
    int rc;

    cdp_node_runtime_on_waiting_for_disconnect(s, on_end, NULL);
    if ((rc = cdp_node_runtime_enable(s)) < 0 ||
        (rc = cdp_node_runtime_notify_when_waiting_for_disconnect(s, &tell)) < 0 ||
        (rc = cdp_follow(s, &follow)) < 0 || (rc = cdp_runtime_run_if_waiting_for_debugger(s)) < 0)
        return rc;
    return cdp_run(s); /* until it ends */
}

int main(int argc, char **argv)
{
    const char **command = calloc((size_t)argc + 1, sizeof *command);
    cdp_session *s;

    if (argc < 2 || !command)
        return fprintf(stderr, "usage: workers app.js [arguments]\n"), 2;
    command[0] = "node";
    memcpy(&command[1], &argv[1], (size_t)(argc - 1) * sizeof *command);
    cdp_launch_options opt = { .argv = command };
    int rc = cdp_launch(&s, &opt);
    if (rc == 0)
        rc = run(s);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
    cdp_close(s);
    free(command);
    return rc < 0;
}
