/*
 * lookup.h - the protocol's names: domains, commands, events and types, from the tables.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <cdp/desc.h>

typedef enum item_kind { ITEM_DOMAIN, ITEM_COMMAND, ITEM_EVENT, ITEM_TYPE, ITEM_ENUM } item_kind;

/* Something with a name; d == NULL: nothing.  Types and enums are those with names of their own,
 * not the params of a command, say. */
typedef struct item {
    const cdp__domain *const *at; /* in cdp__protocol */
    const cdp__domain *d;
    item_kind kind;
    unsigned i; /* in the domain's table of that kind */
} item;

/* All of them, domain by domain: for (item it = lookup_first(); it.d; it = lookup_next(it)). */
item lookup_first(void);
item lookup_next(item it);

/* "Runtime.evaluate"; text is used where the tables have it in pieces only. */
enum { ITEM_NAME = 256 };
cdp_str item_name(item it, char text[ITEM_NAME]);
const char *item_word(item it); /* "command" */
unsigned item_flags(item it);   /* CDP__EXPERIMENTAL, CDP__IS_DEPRECATED */

/* By its whole name, of one of these kinds (1 << ITEM_...). */
enum { ANY_ITEM = 31 };
item lookup_find(cdp_str name, unsigned kinds);

/* complain() that there is nothing of that name, with the nearest there is.  Returns STATUS_USAGE.
 */
int lookup_refuse(cdp_str name, unsigned kinds, const char *what);

/* ---- inside ------------------------------------------------------------ */

static inline cdp_str lookup_str(const cdp__domain *d, unsigned at, size_t len)
{
    return cdp_sn(d->names + at, len);
}

/* The domain whose types and enums an element of d's refers to. */
static inline const cdp__domain *lookup_owner(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

/* "captureScreenshot.format": an enum that has no name of its own. */
bool lookup_is_inline(const cdp__domain *d, const cdp__enum *e);

/* The word of a scalar: "boolean", "binary"... */
const char *lookup_scalar(cdp__elem is);

#endif /* LOOKUP_H */
