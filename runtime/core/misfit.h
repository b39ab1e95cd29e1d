/*
 * misfit.h - what a message has beyond its type, short of it, or otherwise: noted, so that encoding
 * gives it back.
 *
 * Steps as those of read_json.h: they return the position behind what was read, or NULL with the
 * fault set.
 */
#ifndef CDP_MISFIT_H
#define CDP_MISFIT_H

#include "read.h"

/* A struct being filled. */
typedef struct cdp__frame {
    const cdp__domain *d;
    const cdp__type *type;
    char *out;
    cdp__extra *extra;
} cdp__frame;

/* The member that a value belongs to, or its item, as notes have it. */
typedef struct cdp__where {
    uint16_t offset, size;
    uint64_t item;
} cdp__where;

static inline const cdp__domain *cdp__domain_of(const cdp__domain *d, cdp__elem is)
{
    return is.dep ? d->deps[is.dep - 1] : d;
}

INLINE void *cdp__read_alloc(cdp__reader *r, const char *p, size_t size)
{
    void *mem = cdp__msg_alloc(r->msg, size);

    if (!mem)
        return cdp__read_fail_as(r, p, CDP_ENOMEM, "out of memory");
    return memset(mem, 0, size);
}

size_t cdp__item_size(const cdp__domain *d, cdp__elem is);

/* Notes what stood in front of p, which is returned: NULL stays NULL. */
char *cdp__note_here(cdp__reader *r, char *p, cdp__frame *f, cdp__note_kind kind, cdp__where at,
                     cdp_str text, cdp_value value);

/* Required members (bit i: field i) that were not sent. */
char *cdp__fill_missing(cdp__reader *r, char *p, cdp__frame *f, uint64_t missing);

/* The member comes again, and the last one counts: what was noted of the one before goes. */
void cdp__forget(cdp__frame *f, const cdp__field *field);

/* The member reads as one that was not sent. */
char *cdp__leave_out(cdp__reader *r, char *p, cdp__frame *f, const cdp__field *field);

/* Reading a value at p, of a member or an item, has failed.  Where that was for its type alone, it
 * is noted and stepped over, and reads as one that was not sent. */
char *cdp__keep_member(cdp__reader *r, char *p, cdp__frame *f, const cdp__field *field);
char *cdp__keep_item(cdp__reader *r, char *p, cdp__frame *f, cdp__elem is, void *item,
                     cdp__where at);

#endif /* CDP_MISFIT_H */
