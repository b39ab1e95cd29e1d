/*
 * test_report_pprof.c - what pprof would read in a profile: the file is opened by readers of its
 * own here, of gzip's stored blocks and of protocol buffers, and compared with what went in.
 */
#include "../support/report_help.h"

#include <cdp/runtime.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CPU "node-Profiler.stop.whole.json"
#define HEAP "node-HeapProfiler.stopSampling.whole.json"

/* ---- gzip ---------------------------------------------------------------- */

static uint32_t little(const uint8_t *p, int bytes)
{
    uint32_t v = 0;

    while (bytes-- > 0)
        v = v << 8 | p[bytes];
    return v;
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < n * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)(p[i / 8] >> i % 8)) & 1;
        crc = crc >> 1 ^ (bit ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* What a file holds, malloc'd. */
static uint8_t *gunzip(const report_sink *file, size_t *n)
{
    const uint8_t *p = (const uint8_t *)file->ptr, *end = p + file->len;
    uint8_t *out = malloc(file->len);
    bool last = false;

    assert_non_null(out);
    assert_memory_equal(p, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10); /* no name, no time */
    p += 10;
    *n = 0;
    while (!last) {
        assert_true(end - p >= 5 && *p <= 1);
        last = *p & 1;
        uint32_t size = little(p + 1, 2);
        assert_int_equal(size ^ 0xffff, little(p + 3, 2));
        assert_true((size_t)(end - p) >= 5 + size);
        memcpy(out + *n, p + 5, size);
        *n += size;
        p += 5 + size;
    }
    assert_int_equal(end - p, 8);
    assert_int_equal(little(p, 4), crc_of(out, *n));
    assert_int_equal(little(p + 4, 4), *n);
    return out;
}

/* ---- protocol buffers ---------------------------------------------------- */

typedef struct cursor {
    const uint8_t *p, *end;
} cursor;

typedef struct field {
    unsigned number;
    uint64_t value; /* wire type 0 */
    cursor bytes;   /* wire type 2 */
} field;

static uint64_t next_varint(cursor *c)
{
    uint64_t v = 0;

    for (int shift = 0;; shift += 7) {
        assert_true(c->p < c->end && shift < 70);
        v |= (uint64_t)(*c->p & 0x7f) << shift;
        if (!(*c->p++ & 0x80))
            return v;
    }
}

static bool next_field(cursor *c, field *f)
{
    if (c->p == c->end)
        return false;
    uint64_t key = next_varint(c);
    *f = (field){ .number = (unsigned)(key >> 3) };
    if ((key & 7) == 0) {
        f->value = next_varint(c);
        return true;
    }
    assert_int_equal(key & 7, 2);
    uint64_t n = next_varint(c);
    assert_true(n <= (size_t)(c->end - c->p));
    f->bytes = (cursor){ c->p, c->p + n };
    c->p += n;
    return true;
}

/* ---- pprof --------------------------------------------------------------- */

enum { MAX_STRINGS = 4096, MAX_FUNCTIONS = 4096 };

typedef struct pprof {
    uint8_t *memory;
    cdp_str string[MAX_STRINGS];
    size_t strings, types, samples, functions, locations;
    uint64_t type[2][2], period_type[2];
    struct {
        uint64_t name, file, line;
    } function[MAX_FUNCTIONS];
    uint64_t location[MAX_FUNCTIONS]; /* its function */
    double count, value;              /* of all samples */
    double time_nanos, duration_nanos, period;
    size_t deepest;
    uint64_t last_leaf;
} pprof;

static uint64_t number_in(cursor c, unsigned number)
{
    field f;

    while (next_field(&c, &f))
        if (f.number == number)
            return f.value;
    return 0;
}

static void read_sample(pprof *p, cursor c)
{
    field f;
    size_t depth = 0;

    p->samples++;
    while (next_field(&c, &f)) {
        if (f.number == 1) {
            for (; f.bytes.p < f.bytes.end; depth++) {
                uint64_t location = next_varint(&f.bytes);
                assert_true(location >= 1 && location <= p->locations);
                p->last_leaf = depth ? p->last_leaf : location;
            }
        } else {
            assert_int_equal(f.number, 2);
            p->count += (double)next_varint(&f.bytes);
            p->value += (double)next_varint(&f.bytes);
            assert_ptr_equal(f.bytes.p, f.bytes.end);
        }
    }
    if (depth > p->deepest)
        p->deepest = depth;
}

static void read_part(pprof *p, const field *f)
{
    cursor c = f->bytes;
    field line;

    switch (f->number) {
    case 1:
        assert_true(p->types < 2);
        p->type[p->types][0] = number_in(c, 1);
        p->type[p->types++][1] = number_in(c, 2);
        break;
    case 2:
        read_sample(p, c);
        break;
    case 4:
        assert_int_equal(number_in(c, 1), p->locations + 1);
        while (next_field(&c, &line) && line.number != 4)
            continue;
        p->location[p->locations] = number_in(line.bytes, 1);
        assert_int_equal(p->location[p->locations++], p->functions);
        break;
    case 5:
        assert_true(p->functions < MAX_FUNCTIONS);
        assert_int_equal(number_in(c, 1), p->functions + 1);
        p->function[p->functions].name = number_in(c, 2);
        p->function[p->functions].file = number_in(c, 4);
        p->function[p->functions++].line = number_in(c, 5);
        break;
    case 6:
        assert_true(p->strings < MAX_STRINGS);
        p->string[p->strings++] = cdp_sn((const char *)c.p, (size_t)(c.end - c.p));
        break;
    case 9:
        p->time_nanos = (double)f->value;
        break;
    case 10:
        p->duration_nanos = (double)f->value;
        break;
    case 11:
        p->period_type[0] = number_in(c, 1);
        p->period_type[1] = number_in(c, 2);
        break;
    case 12:
        p->period = (double)f->value;
        break;
    default:
        fail_msg("field %u", f->number);
    }
}

static pprof *read_pprof(const cdp_report_profile *in)
{
    pprof *p = calloc(1, sizeof *p);
    report_sink file = { 0 };
    size_t n;
    field f;

    assert_non_null(p);
    assert_int_equal(cdp_report_pprof(in, report_take, &file), 0);
    p->memory = gunzip(&file, &n);
    report_drop(&file);
    cursor c = { p->memory, p->memory + n };
    while (next_field(&c, &f))
        read_part(p, &f);
    assert_int_equal(p->string[0].len, 0);
    for (size_t i = 0; i < p->functions; i++)
        assert_true(p->function[i].name < p->strings && p->function[i].file < p->strings);
    return p;
}

static void free_pprof(pprof *p)
{
    free(p->memory);
    free(p);
}

static void assert_string(const pprof *p, uint64_t i, const char *text)
{
    assert_true(i < p->strings && cdp_str_eq(p->string[i], cdp_s(text)));
}

static void assert_near(double a, double b)
{
    if (fabs(a - b) > 1)
        fail_msg("%f is not %f", a, b);
}

static void holds_a_cpu_profile(void **state)
{
    CDP_AUTO cdp_profiler_profile *in = report_cpu(CPU);
    CDP_AUTO cdp_report_profile *r = NULL;
    CDP_AUTO cdp_report_table *t = NULL;
    cdp_report_options opt = { .wall_time = 1700000000.25, .interval = 1000 };

    (void)state;
    assert_int_equal(cdp_report_cpu(&r, in, &opt, NULL), 0);
    assert_int_equal(cdp_report_top(&t, r), 0);
    pprof *p = read_pprof(r);
    assert_int_equal(p->types, 2);
    assert_string(p, p->type[0][0], "samples");
    assert_string(p, p->type[0][1], "count");
    assert_string(p, p->type[1][0], "cpu");
    assert_string(p, p->type[1][1], "nanoseconds");
    assert_string(p, p->period_type[0], "cpu");
    assert_near(p->period, 1e6);
    assert_near(p->time_nanos, 1700000000.25e9);
    assert_near(p->duration_nanos, (in->end_time - in->start_time) * 1000);
    assert_near(p->count, (double)t->hits);
    assert_near(p->value, t->total * 1000);
    assert_true(p->deepest > 15);
    size_t spin = 0;
    for (size_t i = 0; i < p->functions; i++)
        if (cdp_str_eq(p->string[p->function[i].name], cdp_s("spin"))) {
            spin++;
            assert_string(p, p->function[i].file, "file:///app/example-app/work.js");
            assert_int_equal(p->function[i].line, 5);
        }
    assert_int_equal(spin, 1); /* however it was called */
    free_pprof(p);
}

static void holds_a_heap_profile(void **state)
{
    CDP_AUTO cdp_heap_profiler_sampling_heap_profile *in = report_heap(HEAP);
    CDP_AUTO cdp_report_profile *r = NULL;
    CDP_AUTO cdp_report_table *t = NULL;

    (void)state;
    assert_int_equal(cdp_report_heap(&r, in, NULL, NULL), 0);
    assert_int_equal(cdp_report_top(&t, r), 0);
    pprof *p = read_pprof(r);
    assert_string(p, p->type[1][0], "space");
    assert_string(p, p->type[1][1], "bytes");
    assert_near(p->count, (double)in->samples.n);
    assert_near(p->value, t->total);
    assert_near(p->period, 32768);
    assert_near(p->time_nanos, 0);
    free_pprof(p);
}

static void holds_an_empty_profile(void **state)
{
    CDP_AUTO cdp_profiler_profile *in = NULL;
    CDP_AUTO cdp_report_profile *r = NULL;

    (void)state;
    assert_int_equal(cdp_profiler_profile_from_json(cdp_s("{\"nodes\":[{\"id\":1}]}"), &in, NULL),
                     0);
    assert_int_equal(cdp_report_cpu(&r, in, NULL, NULL), 0);
    pprof *p = read_pprof(r);
    assert_int_equal(p->samples, 0);
    assert_int_equal(p->types, 2);
    free_pprof(p);
}

/* Far beyond one stored block. */
static void holds_a_long_name(void **state)
{
    enum { LONG = 200000 };
    char *name = malloc(LONG);
    const int32_t sample = 7, delta = 0;
    cdp_report_profile *r;

    (void)state;
    assert_non_null(name);
    memset(name, 'x', LONG);
    cdp_runtime_call_frame frame = { .function_name = cdp_sn(name, LONG) };
    cdp_profiler_profile_node node = { .id = 7, .call_frame = &frame };
    cdp_profiler_profile in = { .nodes = { &node, 1 },
                                .end_time = 5,
                                .samples = { &sample, 1 },
                                .time_deltas = { &delta, 1 } };
    assert_int_equal(cdp_report_cpu(&r, &in, NULL, NULL), 0);
    pprof *p = read_pprof(r);
    assert_true(cdp_str_eq(p->string[p->function[0].name], frame.function_name));
    assert_near(p->value, 5000);
    free_pprof(p);
    cdp_free(r);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_a_cpu_profile),
        cmocka_unit_test(holds_a_heap_profile),
        cmocka_unit_test(holds_an_empty_profile),
        cmocka_unit_test(holds_a_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
