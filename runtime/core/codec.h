/*
 * codec.h - messages to structs and back, by descriptor tables, in both encodings.
 *
 * Decoding reads bytes that belong to a cdp__msg, with CDP__PAD zero bytes behind them, and
 * ends strings with a NUL in place (over the closing quote in JSON, over the next item's
 * head, once that has been read, in CBOR): what was decoded once cannot be decoded again.
 */
#ifndef CDP_CODEC_H
#define CDP_CODEC_H

#include "buf.h"
#include "msg.h"
#include "text.h"

#include <cdp/desc.h>

#define INLINE static inline __attribute__((always_inline))
#define CDP__LIKELY(x) __builtin_expect(!!(x), 1)
#define CDP__RARE(x) __builtin_expect(!!(x), 0)

enum {
    CDP__DEPTH = 300,      /* containers in what we send as a command, or accept as one */
    CDP__DEPTH_MAX = 1024, /* containers in anything else: V8 answers up to 1,000 deep */
    CDP__PATH = 160        /* room for a path in errors; longer ones lose their front */
};

/* Why something did not work, and where.  path is filled from its end while the failing
 * calls return. */
typedef struct cdp__fault {
    int status; /* CDP_E* */
    const char *why;
    size_t at; /* offset in the input */
    size_t path_start;
    char path[CDP__PATH];
} cdp__fault;

static inline const char *cdp__fault_path(const cdp__fault *f)
{
    return f->path + f->path_start;
}
void cdp__fault_clear(cdp__fault *f);
int cdp__fault_set(cdp__fault *f, int status, const char *why);
void cdp__fault_member(cdp__fault *f, const char *name, size_t len);
void cdp__fault_item(cdp__fault *f, size_t index);

/* ---- decoding ---------------------------------------------------------- */

/* What decoding puts up with. */
typedef enum cdp__rigour {
    CDP__LENIENT, /* members that are missing, null or unknown */
    CDP__KEEPING, /* these, and values of another type, which are kept apart: what peers send */
    CDP__STRICT   /* unknown members and words alone */
} cdp__rigour;

typedef struct cdp__reader {
    char *begin, *end; /* CBOR: end is that of the container being read */
    char *nul;         /* CBOR: where the last string's NUL is still to be written */
    cdp__msg *msg;
    cdp__memo *memo; /* the pool's */
    cdp_wire wire;
    cdp__rigour rigour;
    bool trusted; /* CBOR: V8 of this process wrote it, and its text is ASCII or UTF-16 */
    int depth;
    cdp__fault *fault;
} cdp__reader;

/* Reads at p the object that type describes into out, which is zeroed and of type->size.
 * Returns the byte behind it, or NULL with *r->fault set. */
char *cdp__decode(cdp__reader *r, char *p, const cdp__domain *d, const cdp__type *type, void *out);

/* Steps over the value at p, of any kind, checking it: *slice is where it stands.  Returns the
 * byte behind it, or NULL with the fault set. */
char *cdp__skip(cdp__reader *r, char *p, cdp_value *slice);

/* ---- encoding ---------------------------------------------------------- */

typedef struct cdp__writer {
    cdp__buf *out;
    cdp_wire wire;
    bool tagged; /* CBOR envelopes as d8 18 5a */
    int depth, max_depth;
    cdp__fault *fault;
} cdp__writer;

int cdp__encode(cdp__writer *w, const cdp__domain *d, const cdp__type *type, const void *in);
int cdp__write_value(cdp__writer *w, cdp_value v); /* checks it, converts it if need be */
int cdp__write_str(cdp__writer *w, const char *p, size_t n);
void cdp__write_int(cdp__writer *w, int64_t i);
void cdp__write_num(cdp__writer *w, double d);
void cdp__write_bool(cdp__writer *w, bool b);
void cdp__write_null(cdp__writer *w);
void cdp__write_bytes(cdp__writer *w, const uint8_t *p, size_t n);

/* Containers: the position to be given back at the end; items and members in between are
 * each followed by cdp__write_next(). */
size_t cdp__write_begin(cdp__writer *w, char kind); /* '{' or '[' */
void cdp__write_end(cdp__writer *w, size_t begin, char kind);
void cdp__write_key(cdp__writer *w, const char *p, size_t n);  /* plain ASCII */
void cdp__write_name(cdp__writer *w, const char *p, size_t n); /* the same, of a domain's pool */
static inline void cdp__write_next(cdp__writer *w)
{
    if (w->wire == CDP_JSON)
        cdp__buf_byte(w->out, ',');
}

/* The writer's verdict: 0, CDP_ENOMEM, or what was found wrong. */
int cdp__write_status(cdp__writer *w);

/* ---- what a struct remembers ------------------------------------------- */

typedef enum cdp__note_kind {
    CDP__NOTE_MEMBER, /* a member that the bindings do not know */
    CDP__NOTE_WORD,   /* an enum's unknown word */
    CDP__NOTE_NUMBER, /* a number that is no int32 */
    CDP__NOTE_OTHER   /* a value of another type, such as null: it reads as one that is missing */
} cdp__note_kind;

typedef struct cdp__note {
    struct cdp__note *next;
    cdp__note_kind kind;
    uint16_t offset; /* of the member */
    uint16_t size;   /* of a list's items, where it is about one of them; else 0 */
    uint64_t item;   /* in a list; in a list of lists the outer's is in the upper half */
    cdp_str text;    /* the word, the number, the value's JSON, or the unknown member's name */
    cdp_value value; /* of an unknown member */
} cdp__note;

/* In the item of a note: a list in a list, as a whole. */
#define CDP__INNER ((uint64_t)1 << 63)

struct cdp__extra {
    uint64_t absent; /* bit i: required field i was missing */
    bool empty;      /* the whole struct was missing, and stands in for a required one */
    cdp__note *notes, *last;
};

/* A text of its own, with a NUL behind it; one cdp_free().  NULL: no memory. */
cdp_str *cdp__new_text(const char *p, size_t n);

/* The last member of every struct. */
static inline const cdp__extra **cdp__extra_of(const cdp__type *type, void *s)
{
    return (const cdp__extra **)(void *)((char *)s + type->size - sizeof(void *));
}

static inline const cdp__extra *cdp__extra_in(const cdp__type *type, const void *s)
{
    const cdp__extra *x;

    memcpy(&x, (const char *)s + type->size - sizeof x, sizeof x);
    return x;
}

#endif /* CDP_CODEC_H */
