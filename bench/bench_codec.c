/*
 * bench_codec.c - the codec against cJSON, on recorded traffic.
 *
 * A message is decoded as a session decodes it: copied into a message of its own, its envelope
 * read, its body decoded by its type; cJSON parses the same text (and frees its tree).
 */
#include "bench.h"

#include "envelope.h"

#include <cdp/runtime.h>
#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const char *folder = "tests/corpus";
static size_t mallocs; /* by our side */

static void *counting_realloc(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (!new_size) {
        free(p);
        return NULL;
    }
    mallocs++;
    return realloc(p, new_size);
}

static const cdp_allocator counting = { counting_realloc, NULL };
static cdp__pool *pool;

/* ---- files ------------------------------------------------------------- */

typedef struct file {
    char name[128];
    char *text; /* lines, each ended by a NUL */
    size_t size;
    const char *line[400];
    size_t length[400];
    size_t n;
    const cdp__domain *d;
    const cdp__type *type; /* of params or result */
    bool event;
} file;

/* "node-Profiler.stop.json" is Profiler.stop's; extra words may follow the name. */
static bool find_type(file *f)
{
    const char *method = strchr(f->name, '-') + 1;

    for (const cdp__domain *const *d = cdp__protocol; *d; d++) {
        for (unsigned i = 0; i < (*d)->n_commands + (unsigned)(*d)->n_events; i++) {
            bool event = i >= (*d)->n_commands;
            const cdp__command *c = &(*d)->commands[i];
            const cdp__event *e = &(*d)->events[i - (*d)->n_commands];
            unsigned name = event ? e->name : c->name, len = event ? e->name_len : c->name_len;
            unsigned type = event ? e->params : c->result;
            if (strncmp(method, (*d)->names + name, len) != 0 || method[len] != '.' ||
                type == CDP__NONE)
                continue;
            f->d = *d;
            f->type = &(*d)->types[type];
            f->event = event;
            return true;
        }
    }
    return false;
}

static bool load(file *f, const char *name)
{
    char path[512];

    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    if (!in)
        return false;
    fseek(in, 0, SEEK_END);
    f->size = (size_t)ftell(in);
    rewind(in);
    f->text = malloc(f->size + 1);
    if (!f->text || fread(f->text, 1, f->size, in) != f->size)
        abort();
    fclose(in);
    f->text[f->size] = 0;
    for (char *p = f->text; *p && f->n < 400;) {
        char *end = p + strcspn(p, "\n");
        f->line[f->n] = p;
        f->length[f->n++] = (size_t)(end - p);
        p = *end ? end + 1 : end;
        *end = 0;
    }
    return true;
}

/* ---- decoding ---------------------------------------------------------- */

static bool body(void *ctx, const cdp__envelope *e, const cdp__domain **d, const cdp__type **t)
{
    const file *f = ctx;

    (void)e;
    *d = f->d;
    *t = f->type;
    return f->type != NULL;
}

static cdp__msg *decode(file *f, const char *bytes, size_t n, cdp_wire wire, void **out)
{
    cdp__msg *m = cdp__msg_new(pool, n + CDP__PAD);
    char *p = m ? cdp__msg_alloc(m, n + CDP__PAD) : NULL;
    cdp__fault fault;
    cdp__envelope e;

    if (!p)
        abort();
    memcpy(p, bytes, n);
    memset(p + n, 0, CDP__PAD);
    cdp__fault_clear(&fault);
    cdp__reader r = { .begin = p,
                      .end = p + n,
                      .msg = m,
                      .memo = cdp__pool_memo(m->pool),
                      .wire = wire,
                      .trusted = true,
                      .fault = &fault };
    if (cdp__envelope_read(&r, &e, body, f) < 0 || e.body_rc < 0 || !(e.body || e.error.ptr)) {
        printf("%s: %s %s\n", f->name, cdp__fault_path(&fault), fault.why);
        abort();
    }
    if (out)
        *out = e.body;
    return m;
}

static void decode_all(void *data)
{
    file *f = data;

    for (size_t i = 0; i < f->n; i++)
        cdp__msg_unref(decode(f, f->line[i], f->length[i], CDP_JSON, NULL));
}

static void cjson_all(void *data)
{
    file *f = data;

    for (size_t i = 0; i < f->n; i++)
        cJSON_Delete(cJSON_ParseWithLength(f->line[i], f->length[i]));
}

static void decode_ratios(file *f, size_t n)
{
    double ratio[32], least = 1e9;

    puts("\nDecoding, typed, against parsing with cJSON (CPU time):");
    for (size_t i = 0; i < n; i++) {
        contestant c[] = { { "typed", decode_all, &f[i], 0 }, { "cJSON", cjson_all, &f[i], 0 } };
        bench_compare(c, 2, 4, 9);
        ratio[i] = c[1].ns / c[0].ns;
        if (ratio[i] < least)
            least = ratio[i];
        printf("  %-52s %6.0f MB/s, cJSON %4.0f: %6.2f x\n", f[i].name,
               (double)f[i].size * 1e3 / c[0].ns, (double)f[i].size * 1e3 / c[1].ns, ratio[i]);
    }
    bench_ratio("decode / cJSON, geometric mean", bench_geomean(ratio, n), 8, "x");
    bench_ratio("decode / cJSON, least", least, 5, "x");
    for (size_t i = 0; i < n; i++) /* warm; then count */
        decode_all(&f[i]);
    for (size_t i = 0; i < n; i++) {
        decode_all(&f[i]);
        decode_all(&f[i]);
        decode_all(&f[i]);
        size_t before = mallocs;
        decode_all(&f[i]);
        if (mallocs != before) {
            printf("  %s: %zu mallocs when warm\n", f[i].name, mallocs - before);
            bench_ratio("mallocs", -1, 1, "");
        }
    }
    puts("mallocs per message when warm: 0 unless listed above");
}

/* ---- encoding ---------------------------------------------------------- */

typedef struct encoding {
    file *f;
    cdp__msg *msg[400];
    void *root[400];
    cJSON *tree[400];
    cdp__buf buf;
} encoding;

static void encode_all(void *data)
{
    encoding *x = data;
    cdp__fault fault;

    cdp__fault_clear(&fault);
    for (size_t i = 0; i < x->f->n; i++) {
        cdp__writer w = { &x->buf, CDP_JSON, false, 0, CDP__DEPTH_MAX, &fault };
        x->buf.len = 0;
        if (cdp__encode(&w, x->f->d, x->f->type, x->root[i]) < 0)
            abort();
    }
}

static void print_all(void *data)
{
    encoding *x = data;

    for (size_t i = 0; i < x->f->n; i++)
        cJSON_free(cJSON_PrintUnformatted(x->tree[i]));
}

static double encode_ratio(file *f)
{
    encoding *x = calloc(1, sizeof *x);
    double ratio;

    x->f = f;
    x->buf.allocator = &counting;
    for (size_t i = 0; i < f->n; i++) {
        cJSON *whole = cJSON_ParseWithLength(f->line[i], f->length[i]);
        x->msg[i] = decode(f, f->line[i], f->length[i], CDP_JSON, &x->root[i]);
        x->tree[i] = cJSON_DetachItemFromObject(whole, f->event ? "params" : "result");
        cJSON_Delete(whole);
    }
    contestant c[] = { { "typed", encode_all, x, 0 }, { "cJSON", print_all, x, 0 } };
    bench_compare(c, 2, 4, 9);
    ratio = c[1].ns / c[0].ns;
    printf("  %-52s %6.0f MB/s, cJSON %4.0f: %6.2f x\n", f->name, (double)f->size * 1e3 / c[0].ns,
           (double)f->size * 1e3 / c[1].ns, ratio);
    for (size_t i = 0; i < f->n; i++) {
        cdp__msg_unref(x->msg[i]);
        cJSON_Delete(x->tree[i]);
    }
    cdp__buf_free(&x->buf);
    free(x);
    return ratio;
}

/* The commands of everyday: made and encoded, with the head of the message. */
static cdp__buf small;

static void small_typed(void *data)
{
    static const char names[] = "id\":method\":params\":\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    cdp__fault fault;
    const char *expression = data;
    cdp_runtime_evaluate_params p = { .expression = cdp_s(expression),
                                      .return_by_value = CDP_SOME(true),
                                      .await_promise = CDP_SOME(true),
                                      .object_group = cdp_s("console") };

    cdp__fault_clear(&fault);
    cdp__writer w = { &small, CDP_JSON, false, 0, CDP__DEPTH, &fault };
    small.len = 0;
    size_t begin = cdp__write_begin(&w, '{');
    cdp__write_name(&w, names, 2);
    cdp__write_int(&w, 12345);
    cdp__write_next(&w);
    cdp__write_name(&w, names + 4, 6);
    cdp__write_str(&w, "Runtime.evaluate", 16);
    cdp__write_next(&w);
    cdp__write_name(&w, names + 12, 6);
    const cdp__domain *d = &cdp__domain_runtime;
    static const cdp__command *c; /* the bindings know its index */
    if (!c)
        c = d->commands;
    while (c->name_len != 16 || memcmp(d->names + c->name, "Runtime.evaluate", 16) != 0)
        c++;
    cdp__encode(&w, d, &d->types[c->params], &p);
    cdp__write_next(&w);
    cdp__write_end(&w, begin, '{');
}

static void small_cjson(void *data)
{
    cJSON *m = cJSON_CreateObject(), *p = cJSON_AddObjectToObject(m, "params");

    cJSON_AddNumberToObject(m, "id", 12345);
    cJSON_AddStringToObject(m, "method", "Runtime.evaluate");
    cJSON_AddStringToObject(p, "expression", data);
    cJSON_AddStringToObject(p, "objectGroup", "console");
    cJSON_AddTrueToObject(p, "returnByValue");
    cJSON_AddTrueToObject(p, "awaitPromise");
    cJSON_free(cJSON_PrintUnformatted(m));
    cJSON_Delete(m);
}

static void encode_ratios(file *f, size_t n)
{
    static char expression[] = "document.querySelector('#main .item:nth-child(3)').textContent";
    double ratio[32];
    contestant c[] = { { "typed", small_typed, expression, 0 },
                       { "cJSON", small_cjson, expression, 0 } };

    small.allocator = &counting;
    bench_compare(c, 2, 4, 15);
    printf("\nEncoding: a Runtime.evaluate of %zu bytes takes %.0f ns, cJSON %.0f ns\n", small.len,
           c[0].ns, c[1].ns);
    bench_ratio("encode a small call / cJSON build + print", c[1].ns / c[0].ns, 15, "x");
    puts("Encoding again what was decoded, against cJSON_PrintUnformatted:");
    for (size_t i = 0; i < n; i++)
        ratio[i] = encode_ratio(&f[i]);
    bench_ratio("re-encode / cJSON print, geometric mean", bench_geomean(ratio, n), 10, "x");
    cdp__buf_free(&small);
}

/* ---- heap snapshot chunks ---------------------------------------------- */

typedef struct chunks {
    file *f;
    cdp__buf cbor[8];
    char *copy;
    cdp_wire wire;
} chunks;

static void decode_chunks(void *data)
{
    chunks *x = data;

    for (size_t i = 0; i < x->f->n; i++)
        cdp__msg_unref(x->wire == CDP_JSON
                           ? decode(x->f, x->f->line[i], x->f->length[i], CDP_JSON, NULL)
                           : decode(x->f, x->cbor[i].ptr, x->cbor[i].len, CDP_CBOR, NULL));
}

static void copy_chunks(void *data)
{
    chunks *x = data;

    for (size_t i = 0; i < x->f->n; i++) {
        if (x->wire == CDP_JSON)
            memcpy(x->copy, x->f->line[i], x->f->length[i]);
        else
            memcpy(x->copy, x->cbor[i].ptr, x->cbor[i].len);
        __asm__ volatile("" : : "r"(x->copy) : "memory"); /* it is wanted */
    }
}

static void chunk_ratios(file *f)
{
    static chunks x;
    cdp__fault fault;

    cdp__fault_clear(&fault);
    x.f = f;
    x.copy = malloc(f->size);
    for (size_t i = 0; i < f->n; i++) {
        x.cbor[i].allocator = &counting;
        cdp__writer w = { &x.cbor[i], CDP_CBOR, false, 0, CDP__DEPTH_MAX, &fault };
        cdp__write_value(&w, (cdp_value){ f->line[i], f->length[i], CDP_JSON });
    }
    puts("\nHeap snapshot chunks of 102,400 characters (CBOR as from a V8 in the process):");
    for (int wire = CDP_CBOR; wire >= CDP_JSON; wire--) {
        x.wire = (cdp_wire)wire;
        contestant c[] = { { "typed", decode_chunks, &x, 0 }, { "memcpy", copy_chunks, &x, 0 } };
        bench_compare(c, 2, 4, 15);
        bench_ratio(wire == CDP_CBOR ? "CBOR chunk, speed of memcpy"
                                     : "JSON chunk, speed of memcpy",
                    100 * c[1].ns / c[0].ns, wire == CDP_CBOR ? 80 : 8, "%");
    }
    for (size_t i = 0; i < f->n; i++)
        cdp__buf_free(&x.cbor[i]);
    free(x.copy);
}

int main(int argc, char **argv)
{
    static const char *const structured[] = {
        "node-Runtime.evaluate.small.json",
        "node-Runtime.evaluate.replies.ndjson",
        "node-Runtime.consoleAPICalled.ndjson",
        "node-Runtime.getProperties.foo.json",
        "node-Runtime.evaluate.exception.json",
        "node-Runtime.evaluate.preview.json",
        "node-Debugger.scriptParsed.ndjson",
        "node-Debugger.paused.json",
        "node-Debugger.paused.ndjson",
        "node-HeapProfiler.stopSampling.json",
        "node-Profiler.stop.json",
        "node-Profiler.takePreciseCoverage.json",
        "chromium-DOM.getDocument.json",
        "chromium-Accessibility.getFullAXTree.json",
        "chromium-CSS.getMatchedStylesForNode.json",
        "chromium-CSS.getComputedStyleForNode.json",
        "chromium-DOMSnapshot.captureSnapshot.json",
    };
    enum { N = sizeof structured / sizeof *structured };
    static file f[N], chunk;

    if (argc > 1)
        folder = argv[1];
    pool = cdp__pool_new(&counting);
    for (size_t i = 0; i < N; i++)
        if (!load(&f[i], structured[i]) || !find_type(&f[i]))
            return fprintf(stderr, "%s/%s?\n", folder, structured[i]), 2;
    if (!load(&chunk, "node-HeapProfiler.addHeapSnapshotChunk.ndjson") || !find_type(&chunk))
        return 2;
    decode_ratios(f, N);
    encode_ratios(f, N);
    chunk_ratios(&chunk);
    for (size_t i = 0; i < N; i++)
        free(f[i].text);
    free(chunk.text);
    cdp__pool_unref(pool);
    printf("\n%d of the goals missed\n", bench_missed());
    return 0;
}
