/*
 * pprof.c - profiles as pprof reads them: the protocol buffer perftools.profiles.Profile
 * (profile.proto), in a gzip file.
 *
 * The file is stored, not compressed: that needs no library, pprof asks for no more, and a profile
 * has some hundred KB.  Each function is one location; string 0 is "", as the format wants.
 */
#include "profile.h"

#include <math.h>

/* Fields, by the numbers of profile.proto. */
enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRINGS };
enum { TIME_NANOS = 9, DURATION_NANOS, PERIOD_TYPE, PERIOD };
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES };
enum { LOCATION_ID = 1, LOCATION_LINE = 4, LINE_FUNCTION = 1, LINE_LINE, LINE_COLUMN };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE, FUNCTION_LINE };

/* ---- gzip (RFC 1952), of stored blocks (RFC 1951, 3.2.4) ------------------ */

enum { BLOCK = 65535 };

typedef struct gzip {
    cdp__out out;
    uint32_t crc, size, table[256];
    size_t n;
    uint8_t block[BLOCK];
} gzip;

static void put_le(cdp__out *o, uint32_t v, int bytes)
{
    for (; bytes > 0; bytes--, v >>= 8)
        cdp__out_put(o, (const char[]){ (char)v }, 1);
}

static void gzip_begin(gzip *z)
{
    static const char head[10] = { '\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff' };

    z->crc = UINT32_MAX;
    z->size = 0;
    z->n = 0;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        z->table[i] = c;
    }
    cdp__out_put(&z->out, head, sizeof head);
}

static void gzip_block(gzip *z, bool last)
{
    put_le(&z->out, last, 1);
    put_le(&z->out, (uint32_t)z->n, 2);
    put_le(&z->out, ~(uint32_t)z->n, 2);
    cdp__out_put(&z->out, (const char *)z->block, z->n);
    z->size += (uint32_t)z->n;
    z->n = 0;
}

static void gzip_put(gzip *z, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = (uint8_t)p[i];
        z->crc = z->crc >> 8 ^ z->table[(z->crc ^ c) & 0xff];
        z->block[z->n++] = c;
        if (z->n == BLOCK)
            gzip_block(z, false);
    }
}

static void gzip_end(gzip *z)
{
    gzip_block(z, true);
    put_le(&z->out, ~z->crc, 4);
    put_le(&z->out, z->size, 4);
}

/* ---- protocol buffers ---------------------------------------------------- */

static void put_varint(cdp__buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        cdp__buf_byte(b, (char)(v | 0x80));
    cdp__buf_byte(b, (char)v);
}

static void put_number(cdp__buf *b, unsigned field, int64_t v)
{
    if (v != 0) {
        put_varint(b, field << 3);
        put_varint(b, (uint64_t)v);
    }
}

static void put_bytes(cdp__buf *b, unsigned field, const char *p, size_t n)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, n);
    cdp__buf_put(b, p, n);
}

/* What is being written: a field of the profile is put together, then goes into the file. */
typedef struct pprof {
    gzip *file;
    cdp__buf field, part;
    int64_t strings;
} pprof;

static void end_field(pprof *w, unsigned number)
{
    cdp__buf head = { .ptr = (char[16]){ 0 }, .cap = 16 };

    put_varint(&head, number << 3 | 2);
    put_varint(&head, w->field.len);
    gzip_put(w->file, head.ptr, head.len);
    if (!w->field.failed)
        gzip_put(w->file, w->field.ptr, w->field.len);
    w->field.len = 0;
}

/* Returns the string's index. */
static int64_t put_string(pprof *w, cdp_str s)
{
    cdp__buf_put(&w->field, s.ptr, s.len);
    end_field(w, STRINGS);
    return w->strings++;
}

static void put_type(pprof *w, unsigned field, const char *type, const char *unit)
{
    int64_t t = put_string(w, cdp_s(type)), u = put_string(w, cdp_s(unit));

    put_number(&w->field, TYPE_TYPE, t);
    put_number(&w->field, TYPE_UNIT, u);
    end_field(w, field);
}

static void put_scalar(pprof *w, unsigned field, double v)
{
    cdp__buf b = { .ptr = (char[32]){ 0 }, .cap = 32 };

    put_number(&b, field, fabs(v) < 9e18 ? (int64_t)llround(v) : 0);
    gzip_put(w->file, b.ptr, b.len);
}

static void put_function(pprof *w, const cdp_report_profile *p, uint32_t i, int64_t *file)
{
    const cdp_runtime_call_frame *f = p->functions[i];
    const int64_t name = put_string(w, cdp__function_name(f));

    if (i == 0 || !cdp_str_eq(f->url, p->functions[i - 1]->url)) /* they are sorted by it */
        *file = f->url.len ? put_string(w, f->url) : 0;
    put_number(&w->field, FUNCTION_ID, (int64_t)i + 1);
    put_number(&w->field, FUNCTION_NAME, name);
    put_number(&w->field, FUNCTION_SYSTEM_NAME, name);
    put_number(&w->field, FUNCTION_FILE, *file);
    put_number(&w->field, FUNCTION_LINE, cdp__from_one(f->line_number));
    end_field(w, FUNCTION);

    put_number(&w->part, LINE_FUNCTION, (int64_t)i + 1);
    put_number(&w->part, LINE_LINE, cdp__from_one(f->line_number));
    put_number(&w->part, LINE_COLUMN, cdp__from_one(f->column_number));
    put_number(&w->field, LOCATION_ID, (int64_t)i + 1);
    put_bytes(&w->field, LOCATION_LINE, w->part.ptr, w->part.len);
    w->part.len = 0;
    end_field(w, LOCATION);
}

/* From the inside out, without the root. */
static void put_sample(pprof *w, const cdp_report_profile *p, uint32_t i)
{
    const cdp__node *node = &p->nodes[i];

    for (uint32_t at = i; at != 0; at = p->nodes[at].parent)
        put_varint(&w->part, p->nodes[at].function + 1);
    put_bytes(&w->field, SAMPLE_LOCATIONS, w->part.ptr, w->part.len);
    w->part.len = 0;
    put_varint(&w->part, (uint64_t)node->hits);
    put_varint(&w->part, (uint64_t)cdp__whole(node->self * (p->heap ? 1 : 1000)));
    put_bytes(&w->field, SAMPLE_VALUES, w->part.ptr, w->part.len);
    w->part.len = 0;
    end_field(w, SAMPLE);
}

static void put_profile(pprof *w, const cdp_report_profile *p)
{
    const char *type = p->heap ? "space" : "cpu", *unit = p->heap ? "bytes" : "nanoseconds";
    int64_t file = 0;

    put_string(w, cdp_s(""));
    put_type(w, SAMPLE_TYPE, "samples", "count");
    put_type(w, SAMPLE_TYPE, type, unit);
    for (uint32_t i = 0; i < p->n_functions; i++)
        put_function(w, p, i, &file);
    for (uint32_t i = 0; i < p->n; i++)
        if (p->nodes[i].hits || p->nodes[i].self > 0)
            put_sample(w, p, i);
    put_scalar(w, TIME_NANOS, p->wall_time * 1e9);
    put_scalar(w, DURATION_NANOS, p->duration * 1e3);
    put_type(w, PERIOD_TYPE, type, unit);
    put_scalar(w, PERIOD, p->interval * (p->heap ? 1 : 1e3));
}

int cdp_report_pprof(const cdp_report_profile *p, cdp_report_write *write, void *data)
{
    const cdp_allocator *a = p->allocator;
    pprof w = { .file = cdp__alloc(a, sizeof *w.file),
                .field = { .allocator = a },
                .part = { .allocator = a } };

    if (!w.file)
        return CDP_ENOMEM;
    cdp__out_begin(&w.file->out, a, write, data);
    gzip_begin(w.file);
    put_profile(&w, p);
    gzip_end(w.file);
    if (w.field.failed || w.part.failed)
        w.file->out.buf.failed = true;
    int rc = cdp__out_end(&w.file->out);
    cdp__buf_free(&w.field);
    cdp__buf_free(&w.part);
    cdp__dealloc(a, w.file, sizeof *w.file);
    return rc;
}
