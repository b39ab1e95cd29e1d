/*
 * debugger.c - a small debugger: `debugger script.js`, with commands from stdin.
 *
 * The script runs in a host on a thread of its own.  The debugger is a session of the main thread,
 * so it is answered whatever the script does, and above all while that is paused.
 */
#include <cdp/debugger.h>
#include <cdp/host.h>
#include <cdp/runtime.h>
#include <cdp/value.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SCRIPTS = 256 };

/* ---- the program that is debugged ----------------------------------------- */

typedef struct program {
    const char *path;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started;
    cdp_v8 *v8; /* NULL: there is none */
} program;

static void *run_program(void *data)
{
    program *p = data;
    cdp_host *host = NULL;

    cdp_host_new(&host, NULL);
    pthread_mutex_lock(&p->lock);
    p->v8 = host ? cdp_host_v8(host) : NULL;
    p->started = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (!host)
        return NULL;
    cdp_v8_wait_for_debugger(p->v8, -1);
    if (cdp_host_run_file(host, p->path, NULL) == 0)
        cdp_host_run(host);
    else
        fprintf(stderr, "%s\n", cdp_host_error(host)->message.ptr);
    cdp_host_free(host); /* which ends the debugger's session */
    return NULL;
}

/* Returns once it can be connected to. */
static cdp_v8 *start_program(program *p, pthread_t *thread)
{
    if (pthread_create(thread, NULL, run_program, p) != 0)
        return NULL;
    pthread_mutex_lock(&p->lock);
    while (!p->started)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return p->v8;
}

/* ---- the debugger ----------------------------------------------------------- */

typedef struct debugger {
    cdp_session *s;
    const char *path;              /* of the program */
    const char *args;              /* of the command */
    bool running, over;            /* it has begun; it has ended */
    uint32_t pause;                /* the next pause is awaited */
    cdp_debugger_paused_event *at; /* where it is paused, or NULL */
    cdp_debugger_script_parsed_event *scripts[MAX_SCRIPTS];
    size_t n_scripts;
    int n_breakpoints;
} debugger;

static void complain(debugger *d)
{
    printf("%s\n", cdp_last_error(d->s)->message.ptr);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void on_script(cdp_session *s, const cdp_debugger_script_parsed_event *ev, void *data)
{
    debugger *d = data;

    (void)s;
    if (ev->url.len && d->n_scripts < MAX_SCRIPTS)
        d->scripts[d->n_scripts++] = cdp_keep(ev);
}

static const char *script_name(const debugger *d, cdp_str id)
{
    for (size_t i = 0; i < d->n_scripts; i++)
        if (cdp_str_eq(d->scripts[i]->script_id, id))
            return base_name(d->scripts[i]->url.ptr);
    return "?";
}

static void print_object(const cdp_runtime_remote_object *o)
{
    cdp_str *json = NULL;

    if (o->value.ptr && cdp_value_text(o->value, &json) == 0)
        printf("%s\n", json->ptr);
    else /* which objects have, and undefined has not */
        printf("%s\n", o->description.ptr ? o->description.ptr : "undefined");
    cdp_free(json);
}

static void print_lines(debugger *d, const cdp_debugger_location *where, int around)
{
    cdp_debugger_get_script_source_params p = { .script_id = where->script_id };
    CDP_AUTO cdp_debugger_get_script_source_result *res = NULL;
    int line = 0;

    if (cdp_debugger_get_script_source(d->s, &p, &res) < 0)
        complain(d);
    for (const char *text = res ? res->script_source.ptr : ""; *text; line++) {
        int len = (int)strcspn(text, "\n");

        if (abs(line - where->line_number) <= around)
            printf("%4d%s %.*s\n", line + 1, line == where->line_number ? " >" : "  ", len, text);
        text += len + (text[len] != 0);
    }
}

static void print_frame(const debugger *d, size_t i, const cdp_debugger_call_frame *f)
{
    printf("#%zu %s at %s:%d\n", i, f->function_name.len ? f->function_name.ptr : "(top level)",
           script_name(d, f->location->script_id), f->location->line_number + 1);
}

/* The program runs, if that call succeeded: up to its next pause or its end. */
static void wait_for_pause(debugger *d, int rc)
{
    if (rc < 0) {
        complain(d);
        return;
    }
    cdp_free(d->at);
    d->at = NULL;
    if (cdp_debugger_take_paused(d->s, d->pause, &d->at) < 0) {
        d->over = true; /* its isolate is gone */
        printf("the program has ended\n");
        return;
    }
    d->pause = cdp_debugger_expect_paused(d->s);
    if (d->at->reason == CDP_DEBUGGER_PAUSED_EVENT_REASON_EXCEPTION)
        printf("uncaught: %s\n",
               cdp_value_str(d->at, cdp_value_get(d->at->data, "description")).ptr);
    print_frame(d, 0, &d->at->call_frames.items[0]);
    print_lines(d, d->at->call_frames.items[0].location, 0);
}

/* ---- commands ---------------------------------------------------------------- */

/* A pattern for the end of URLs, where name stands for itself. */
static void write_regex(char *out, size_t size, const char *name)
{
    char *end = out + snprintf(out, size, "(^|/)");

    for (; *name && end < out + size - 4; name++) {
        if (strchr(".*+?^$()[]{}|\\", *name))
            *end++ = '\\';
        *end++ = *name;
    }
    strcpy(end, "$");
}

static void do_break(debugger *d)
{
    char file[256], regex[512];
    const char *condition = strstr(d->args, " if ");
    int line = 0;

    if (sscanf(d->args, "%255[^: ]:%d", file, &line) != 2) {
        snprintf(file, sizeof file, "%s", base_name(d->path));
        line = atoi(d->args);
    }
    write_regex(regex, sizeof regex, file);
    cdp_debugger_set_breakpoint_by_url_params p = { .line_number = line - 1,
                                                    .url_regex = cdp_s(regex),
                                                    .condition = cdp_s(condition ? condition + 4
                                                                                 : NULL) };
    CDP_AUTO cdp_debugger_set_breakpoint_by_url_result *res = NULL;
    if (line < 1)
        printf("break [FILE:]LINE [if CONDITION]\n");
    else if (cdp_debugger_set_breakpoint_by_url(d->s, &p, &res) < 0)
        complain(d);
    else
        printf("breakpoint %d at %s:%d\n", ++d->n_breakpoints, file, line);
}

static void do_run(debugger *d)
{
    int rc = d->running ? cdp_debugger_resume(d->s, NULL)
                        : cdp_runtime_run_if_waiting_for_debugger(d->s);

    d->running = true;
    wait_for_pause(d, rc);
}

static void do_next(debugger *d)
{
    wait_for_pause(d, cdp_debugger_step_over(d->s, NULL));
}

static void do_step(debugger *d)
{
    wait_for_pause(d, cdp_debugger_step_into(d->s, NULL));
}

static void do_finish(debugger *d)
{
    wait_for_pause(d, cdp_debugger_step_out(d->s));
}

static void do_bt(debugger *d)
{
    for (size_t i = 0; i < d->at->call_frames.n; i++)
        print_frame(d, i, &d->at->call_frames.items[i]);
}

/* The variables of the scopes between here and the script's own. */
static void do_locals(debugger *d)
{
    const cdp_debugger_call_frame *top = &d->at->call_frames.items[0];

    for (size_t i = 0; i < top->scope_chain.n; i++) {
        const cdp_debugger_scope *scope = &top->scope_chain.items[i];
        cdp_runtime_get_properties_params p = { .object_id = scope->object->object_id,
                                                .own_properties = CDP_SOME(true) };
        CDP_AUTO cdp_runtime_get_properties_result *res = NULL;

        if (scope->type == CDP_DEBUGGER_SCOPE_TYPE_GLOBAL ||
            scope->type == CDP_DEBUGGER_SCOPE_TYPE_SCRIPT)
            return;
        if (cdp_runtime_get_properties(d->s, &p, &res) < 0)
            complain(d);
        for (size_t k = 0; res && k < res->result.n; k++) {
            if (!res->result.items[k].value)
                continue; /* an accessor */
            printf("%s = ", res->result.items[k].name.ptr);
            print_object(res->result.items[k].value);
        }
    }
}

static void do_print(debugger *d)
{
    cdp_debugger_evaluate_on_call_frame_params p = {
        .call_frame_id = d->at->call_frames.items[0].call_frame_id, .expression = cdp_s(d->args)
    };
    CDP_AUTO cdp_debugger_evaluate_on_call_frame_result *res = NULL;

    if (cdp_debugger_evaluate_on_call_frame(d->s, &p, &res) < 0)
        complain(d);
    else
        print_object(res->result);
}

static void do_list(debugger *d)
{
    print_lines(d, d->at->call_frames.items[0].location, 3);
}

static const struct {
    const char *name, *shortly;
    void (*run)(debugger *d);
    bool paused; /* makes sense only there */
} commands[] = { { "break", "b", do_break, false },  { "run", "r", do_run, false },
                 { "continue", "c", do_run, false }, { "next", "n", do_next, true },
                 { "step", "s", do_step, true },     { "finish", "fin", do_finish, true },
                 { "bt", "where", do_bt, true },     { "locals", "l", do_locals, true },
                 { "print", "p", do_print, true },   { "list", "ls", do_list, true } };

static void obey(debugger *d, char *line)
{
    size_t len = strcspn(line, " ");

    d->args = line + len + (line[len] != 0);
    line[len] = 0;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(line, commands[i].name) != 0 && strcmp(line, commands[i].shortly) != 0)
            continue;
        if (d->over || (commands[i].paused && !d->at))
            printf("the program %s\n", d->over ? "has ended" : "is not paused");
        else
            commands[i].run(d);
        return;
    }
    printf("no such command: %s\n", line);
}

static void debug(debugger *d)
{
    cdp_debugger_set_pause_on_exceptions_params uncaught = {
        .state = CDP_DEBUGGER_SET_PAUSE_ON_EXCEPTIONS_STATE_UNCAUGHT
    };
    char line[1024];

    cdp_debugger_on_script_parsed(d->s, on_script, d);
    if (cdp_debugger_enable(d->s, NULL, NULL) < 0 ||
        cdp_debugger_set_pause_on_exceptions(d->s, &uncaught) < 0) {
        complain(d);
        return;
    }
    d->pause = cdp_debugger_expect_paused(d->s);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, "quit") == 0)
            break;
        if (*line)
            obey(d, line);
    }
}

int main(int argc, char **argv)
{
    program p = { .path = argv[1],
                  .lock = PTHREAD_MUTEX_INITIALIZER,
                  .changed = PTHREAD_COND_INITIALIZER };
    debugger d = { .path = p.path };
    cdp_v8_thread_options opt = { .session.timeout_ms = CDP_NO_TIMEOUT }; /* scripts take time */
    pthread_t thread;

    if (argc != 2)
        return fprintf(stderr, "usage: debugger script.js <commands\n"), 2;
    cdp_v8 *v8 = start_program(&p, &thread);
    if (!v8 || cdp_v8_connect_from_thread(&d.s, v8, &opt) < 0)
        return fprintf(stderr, "no program to debug\n"), 1;
    debug(&d);
    if (!d.over) { /* as with other debuggers, the program ends with it */
        fflush(stdout);
        _Exit(0);
    }
    while (d.n_scripts)
        cdp_free(d.scripts[--d.n_scripts]);
    cdp_close(d.s);
    pthread_join(thread, NULL);
    return cdp_host_shutdown() < 0;
}
