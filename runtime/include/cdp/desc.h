/*
 * desc.h - the tables that describe a domain to the codec.
 *
 * Generated sources are these tables and nothing else.  Everything inside a
 * domain is an index or an offset, so that the tables are read-only data
 * without relocations; only struct cdp__domain holds pointers.  A program
 * links the domains it names, and those that they refer to.
 */
#ifndef CDP_DESC_H
#define CDP_DESC_H

#include <cdp/cdp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Generated sources carry the number they were made for. */
#define CDP_DESC_VERSION 1

#define CDP__NONE 0xffffu /* no type, no reference */

typedef enum cdp__kind {
    CDP__BOOL,   /* bool, or cdp_opt_bool */
    CDP__INT,    /* int32_t, or cdp_opt_int */
    CDP__NUM,    /* double, or cdp_opt_num */
    CDP__STR,    /* cdp_str */
    CDP__BYTES,  /* cdp_bytes */
    CDP__ANY,    /* cdp_value */
    CDP__OBJECT, /* cdp_value that is an object */
    CDP__ENUM,   /* an enum; ref: index into enums of dep */
    CDP__STRUCT, /* pointer to a struct (in a list: the struct); ref: index into types of dep */
    CDP__LIST    /* items and n; ref: index into lists of this domain */
} cdp__kind;

enum { CDP__REQUIRED = 1, CDP__EXPERIMENTAL = 2, CDP__IS_DEPRECATED = 4 };

/* What a member, or an item of a list, is.  A list's items are described by
 * another cdp__elem in lists, in the domain that names the list. */
typedef struct cdp__elem {
    uint8_t kind; /* cdp__kind */
    uint8_t dep;  /* whose type or enum: 0 this domain, n deps[n - 1] */
    uint16_t ref; /* by kind; CDP__NONE for scalars */
} cdp__elem;

/* Names are slices of the domain's pool.  Those of members are followed there
 * by `":` so that JSON keys compare in one go; the pool ends in 16 NULs, so
 * that it may be read 16 bytes at a time. */
typedef struct cdp__field {
    uint16_t name;
    uint8_t name_len;
    uint8_t flags;
    uint16_t offset; /* in the struct */
    cdp__elem is;
} cdp__field;

/* A struct.  Its last member is `const cdp__extra *extra_`, and its fields are
 * in the protocol's order. */
typedef struct cdp__type {
    uint64_t required; /* bit i: field first + i */
    uint16_t name;     /* "RemoteObject"; "evaluate" for params, results and events */
    uint16_t first;    /* into fields */
    uint16_t size;     /* of the struct */
    uint8_t n;         /* fields, at most 64 */
    uint8_t name_len;
} cdp__type;

typedef struct cdp__enum {
    uint16_t name;
    uint16_t first; /* into words; enumerator v is word first + v - 1 */
    uint16_t n;
    uint8_t name_len;
    uint8_t flags;
} cdp__enum;

typedef struct cdp__word {
    uint16_t text;
    uint8_t len;
} cdp__word;

typedef struct cdp__command {
    uint16_t name; /* "Runtime.evaluate" */
    uint8_t name_len;
    uint8_t flags;
    uint16_t params; /* into types, or CDP__NONE */
    uint16_t result;
} cdp__command;

typedef struct cdp__event {
    uint16_t name;
    uint8_t name_len;
    uint8_t flags;
    uint16_t params;
} cdp__event;

struct cdp__domain {
    const char *names;
    const cdp__type *types;
    const cdp__field *fields;
    const cdp__elem *lists;
    const cdp__enum *enums;
    const cdp__word *words;
    const cdp__command *commands;
    const cdp__event *events;
    const cdp__domain *const *deps;
    uint16_t name; /* "Runtime" */
    uint16_t n_types, n_enums, n_commands, n_events, n_deps;
    uint8_t name_len;
    uint8_t flags;
};

/* Every domain of the protocol in alphabetical order, NULL at the end; those
 * that a program has in itself are not among them.  Using it links them all. */
extern const cdp__domain *const cdp__protocol[];
extern const char cdp__protocol_revision[]; /* "1734725" */

#ifdef __cplusplus
}
#endif

#endif /* CDP_DESC_H */
