/* test_services.c - a domain of the program's own, and the clients of three kinds that it has. */
#include "program.h"

#include <cdp/runtime.h>
#include <cdp/teapot.h>

enum { MOST = 8 };

/* A service, as it is seen from its isolate's thread. */
typedef struct pots {
    cdp_v8_service service;
    cdp_session *fronts[MOST];
    unsigned n;
    atomic_uint connected, ended;
    cdp_request *waiting; /* for its answer */
    int cups;
} pots;

static int brew(cdp_request *req, const cdp_teapot_brew_params *params, void *self)
{
    pots *s = self;
    cdp_teapot_pot pot = { .tea = params->tea, .cups = s->cups };

    if (params->cups.has && params->cups.value < 0)
        return cdp_respond_error(req, -32099, "no pot of %d cups", params->cups.value);
    if (params->cups.has && params->cups.value == 0) { /* later */
        s->waiting = req;
        return 0;
    }
    if (params->cups.has)
        pot.cups = params->cups.value;
    return cdp_teapot_brew_respond(req, &(cdp_teapot_brew_result){ .pot = &pot });
}

static void on_connected(cdp_session *front, void *data)
{
    static const cdp_teapot_domain_impl impl = { .brew = brew };
    pots *s = data;

    s->connected++;
    if (s->n < MOST)
        s->fronts[s->n++] = front;
    cdp_teapot_serve(front, &impl, s);
}

static void on_ended(cdp_session *front, void *data)
{
    pots *s = data;

    s->ended++;
    for (unsigned i = 0; i < s->n; i++)
        if (s->fronts[i] == front)
            s->fronts[i] = s->fronts[--s->n];
}

static int job_serve(program *p, void *arg)
{
    pots *s = arg;

    s->service = (cdp_v8_service){ .connected = on_connected, .ended = on_ended, .data = s };
    return cdp_v8_serve(cdp_host_v8(p->h), &s->service);
}

static int job_unserve(program *p, void *arg)
{
    cdp_v8_unserve(cdp_host_v8(p->h), &((pots *)arg)->service);
    return 0;
}

static int job_serve_nothing(program *p, void *arg)
{
    cdp_v8_service none = { .data = arg };

    if (cdp_v8_serve(cdp_host_v8(p->h), NULL) != CDP_EINVAL ||
        cdp_v8_serve(cdp_host_v8(p->h), &none) != CDP_EINVAL)
        return -100;
    cdp_v8_unserve(cdp_host_v8(p->h), &none);
    return 0;
}

/* To all; or to the last that came. */
static int job_emit(program *p, void *arg)
{
    pots *s = arg;
    cdp_teapot_pot pot = { .tea = CDP_TEAPOT_TEA_GREEN, .cups = 3 };

    (void)p;
    for (unsigned i = 0; i < s->n; i++)
        cdp_teapot_emit_emptied(s->fronts[i], &(cdp_teapot_emptied_event){ .pot = &pot });
    return (int)s->n;
}

static int job_emit_to_last(program *p, void *arg)
{
    pots *s = arg;
    cdp_teapot_pot pot = { .tea = CDP_TEAPOT_TEA_BLACK };

    (void)p;
    return cdp_teapot_emit_emptied(s->fronts[s->n - 1], &(cdp_teapot_emptied_event){ .pot = &pot });
}

static int job_answer(program *p, void *arg)
{
    pots *s = arg;
    cdp_teapot_pot pot = { .tea = CDP_TEAPOT_TEA_OOLONG, .cups = 1 };

    (void)p;
    if (!s->waiting)
        return CDP_ESTATE;
    int rc = cdp_teapot_brew_respond(s->waiting, &(cdp_teapot_brew_result){ .pot = &pot });
    s->waiting = NULL;
    return rc;
}

static bool all_ended(void *arg)
{
    pots *s = arg;

    return s->ended == s->connected;
}

/* Whether the service and V8 answer this session; 0, or the line that was wrong. */
static int try_session(cdp_session *s)
{
    cdp_teapot_brew_params p = { .tea = CDP_TEAPOT_TEA_BLACK, .cups = CDP_SOME(5) };
    CDP_AUTO cdp_teapot_brew_result *res = NULL;
    CDP_AUTO cdp_runtime_evaluate_result *two = NULL;
    cdp_runtime_evaluate_params e = { .expression = cdp_s("1 + 1") };

    if (cdp_teapot_brew(s, &p, &res) < 0 || res->pot->cups != 5 ||
        res->pot->tea != CDP_TEAPOT_TEA_BLACK)
        return __LINE__;
    p.cups.value = -1;
    if (cdp_teapot_brew(s, &p, NULL) != CDP_EREMOTE || cdp_last_error(s)->remote_code != -32099 ||
        strcmp(cdp_last_error(s)->message.ptr, "no pot of -1 cups") != 0)
        return __LINE__;
    if (cdp_call(s, "Teapot.brew", cdp_json("{}"), NULL) != CDP_EREMOTE ||
        cdp_last_error(s)->remote_code != CDP_INVALID_PARAMS)
        return __LINE__;
    if (cdp_call(s, "Teapot.pour", cdp_json("{}"), NULL) != CDP_EREMOTE ||
        cdp_last_error(s)->remote_code != CDP_METHOD_NOT_FOUND)
        return __LINE__;
    if (cdp_runtime_evaluate(s, &e, &two) < 0)
        return __LINE__;
    return 0;
}

static int job_try(program *p, void *arg)
{
    cdp_session *s = NULL;
    int rc = cdp_host_connect(&s, p->h, NULL);

    (void)arg;
    if (rc == 0)
        rc = try_session(s);
    cdp_close(s);
    return rc;
}

/* ---- of each kind ------------------------------------------------------------------ */

static void start(program *p, pots *s)
{
    *s = (pots){ .cups = 2 };
    program_start(p, NULL);
    assert_int_equal(program_do(p, job_serve, s), 0);
    assert_int_equal(program_do(p, job_serve, s), CDP_ESTATE);
    assert_int_equal(program_do(p, job_serve_nothing, s), 0);
    assert_int_equal(program_do(p, job_open, NULL), 0);
    /* the inspector asks once what is served */
    assert_int_equal(s->connected, s->ended);
    s->connected = s->ended = 0;
}

static void clients_of_the_same_thread(void **state)
{
    program p;
    pots s;

    (void)state;
    start(&p, &s);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(program_do(&p, job_try, NULL), 0);
        assert_int_equal(s.connected, i);
        assert_int_equal(s.ended, i);
    }
    program_stop(&p);
    assert_int_equal(s.ended, 3);
}

static void clients_of_other_threads(void **state)
{
    program p;
    pots s;
    cdp_session *a = NULL, *b = NULL;

    (void)state;
    start(&p, &s);
    assert_int_equal(cdp_v8_connect_from_thread(&a, cdp_host_v8(p.h), NULL), 0);
    assert_int_equal(cdp_v8_connect_from_thread(&b, cdp_host_v8(p.h), NULL), 0);
    assert_int_equal(try_session(a), 0);
    assert_int_equal(try_session(b), 0);
    assert_int_equal(s.connected, 2);

    uint32_t ea = cdp_teapot_expect_emptied(a), eb = cdp_teapot_expect_emptied(b);
    cdp_teapot_emptied_event *ev = NULL;
    assert_int_equal(program_do(&p, job_emit, &s), 2);
    assert_int_equal(cdp_teapot_take_emptied(a, ea, &ev), 0);
    assert_int_equal(ev->pot->cups, 3);
    cdp_free(ev);
    assert_int_equal(cdp_teapot_take_emptied(b, eb, NULL), 0);

    cdp_close(a);
    assert_int_equal(try_session(b), 0);
    program_stop(&p); /* its end comes first */
    assert_int_equal(s.ended, 2);
    assert_int_equal(cdp_call(b, "Runtime.enable", cdp_json(NULL), NULL), CDP_EIO);
    assert_has(cdp_last_error(b)->message.ptr, "the isolate is gone");
    cdp_close(b);
}

static void front_ends(void **state)
{
    program p;
    pots s;
    client c, d;

    (void)state;
    start(&p, &s);
    client_attach(&c, cdp_inspector_url(p.insp));
    cJSON *m = client_call(&c, "Teapot.brew", "{\"tea\":\"green\"}");
    client_attach(&d, cdp_inspector_url(p.insp)); /* the last that comes */
    assert_string_equal(text_at(m, "result.pot.tea"), "green");
    assert_int_equal(number_at(m, "result.pot.cups"), 2);
    cJSON_Delete(m);
    m = client_call(&c, "Teapot.brew", "{\"tea\":7}");
    assert_int_equal(number_at(m, "error.code"), -32602);
    assert_has(text_at(m, "error.data"), "tea");
    cJSON_Delete(m);
    m = client_call(&c, "Teapot.pour", NULL);
    assert_int_equal(number_at(m, "error.code"), -32601);
    assert_string_equal(text_at(m, "error.message"), "'Teapot.pour' wasn't found");
    cJSON_Delete(m);
    assert_string_equal(client_eval(&c, "1 + 1"), "2");
    assert_string_equal(client_eval(&d, "1 + 1"), "2");

    assert_int_equal(program_do(&p, job_emit, &s), 2);
    m = client_event(&c, "Teapot.emptied");
    assert_string_equal(text_at(m, "pot.tea"), "green");
    cJSON_Delete(m);
    cJSON_Delete(client_event(&d, "Teapot.emptied"));
    assert_int_equal(program_do(&p, job_emit_to_last, &s), 0);
    m = client_event(&d, "Teapot.emptied");
    assert_string_equal(text_at(m, "pot.tea"), "black");
    cJSON_Delete(m);
    assert_string_equal(client_eval(&c, "1"), "1");
    assert_false(client_has_event(&c, "Teapot.emptied"));

    /* served amid JavaScript, and while that is paused */
    client_do(&c, "Debugger.enable", NULL);
    program_begin_run(&p, "debugger");
    cJSON_Delete(client_event(&c, "Debugger.paused"));
    cJSON_Delete(client_call(&d, "Teapot.brew", "{\"tea\":\"green\"}"));
    client_do(&c, "Debugger.resume", NULL);
    program_await(&p);
    client_leave(&c);
    client_close(&d);
    await(all_ended, &s);
    assert_int_equal(s.ended, 2);
    program_stop(&p);
    assert_int_equal(s.connected, 2);
    assert_int_equal(s.ended, 2);
}

/* ---- later ------------------------------------------------------------------------- */

static int job_nothing(program *p, void *arg)
{
    (void)p;
    (void)arg;
    return 0;
}

static void an_answer_comes_later(void **state)
{
    program p;
    pots s;
    client c;

    (void)state;
    start(&p, &s);
    client_attach(&c, cdp_inspector_url(p.insp));
    int id = client_command(&c, "Teapot.brew", "{\"tea\":\"oolong\",\"cups\":0}");
    assert_string_equal(client_eval(&c, "1"), "1"); /* others go on */
    program_do(&p, job_nothing, NULL);
    assert_non_null(s.waiting);
    assert_int_equal(program_do(&p, job_answer, &s), 0);
    cJSON *m = client_reply(&c, id);
    assert_string_equal(text_at(m, "result.pot.tea"), "oolong");
    cJSON_Delete(m);

    /* too late */
    client_command(&c, "Teapot.brew", "{\"tea\":\"oolong\",\"cups\":0}");
    assert_string_equal(client_eval(&c, "1"), "1");
    client_leave(&c);
    await(all_ended, &s);
    assert_true(program_do(&p, job_answer, &s) < 0);
    program_stop(&p);
}

static void no_longer_served(void **state)
{
    program p;
    pots s;
    client c, d;
    cdp_session *t = NULL;

    (void)state;
    start(&p, &s);
    client_attach(&c, cdp_inspector_url(p.insp));
    assert_int_equal(cdp_v8_connect_from_thread(&t, cdp_host_v8(p.h), NULL), 0);
    assert_int_equal(try_session(t), 0);
    client_do(&c, "Teapot.brew", "{\"tea\":\"green\"}");
    program_do(&p, job_unserve, &s);
    assert_int_equal(s.connected, 2);
    assert_int_equal(s.ended, 2);
    client_attach(&d, cdp_inspector_url(p.insp));
    client *both[] = { &c, &d };
    for (size_t i = 0; i < COUNT(both); i++) {
        cJSON *m = client_call(both[i], "Teapot.brew", "{\"tea\":\"green\"}");
        assert_int_equal(number_at(m, "error.code"), -32601);
        cJSON_Delete(m);
        assert_string_equal(client_eval(both[i], "1"), "1");
    }
    cdp_close(t);
    client_close(&c);
    client_close(&d);
    program_stop(&p);
    assert_int_equal(s.connected, 2);
    assert_int_equal(s.ended, 2);
}

/* What is served is in the documents. */
static void it_is_listed(void **state)
{
    program p;
    pots s;
    client c;
    const cJSON *d;
    bool found = false;

    (void)state;
    start(&p, &s);
    cJSON *protocol = http_json(cdp_inspector_port(p.insp), "/json/protocol");
    cJSON_ArrayForEach(d, at(protocol, "domains"))
    {
        if (strcmp(text_at(d, "domain"), "Teapot") != 0)
            continue;
        found = true;
        assert_int_equal(cJSON_GetArraySize(at(d, "commands")), 1);
        assert_string_equal(text_at(d, "commands.0.name"), "brew");
    }
    assert_true(found);
    cJSON_Delete(protocol);
    client_attach(&c, cdp_inspector_url(p.insp));
    cJSON *m = client_call(&c, "Schema.getDomains", NULL);
    found = false;
    cJSON_ArrayForEach(d, at(m, "result.domains"))
    {
        found = found || strcmp(text_at(d, "name"), "Teapot") == 0;
    }
    assert_true(found);
    cJSON_Delete(m);
    client_close(&c);
    program_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_the_same_thread),
        cmocka_unit_test(clients_of_other_threads),
        cmocka_unit_test(front_ends),
        cmocka_unit_test(an_answer_comes_later),
        cmocka_unit_test(no_longer_served),
        cmocka_unit_test(it_is_listed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + (cdp_host_shutdown() != 0);
}
