/*
 * lookup.c - see lookup.h.
 */
#include "lookup.h"

#include "cli.h"
#include "nearest.h"

static unsigned count(const cdp__domain *d, item_kind kind)
{
    switch (kind) {
    case ITEM_DOMAIN:
        return 1;
    case ITEM_COMMAND:
        return d->n_commands;
    case ITEM_EVENT:
        return d->n_events;
    case ITEM_TYPE:
        return d->n_types;
    case ITEM_ENUM:
        return d->n_enums;
    }
    return 0;
}

bool lookup_is_inline(const cdp__domain *d, const cdp__enum *e)
{
    return memchr(d->names + e->name, '.', e->name_len);
}

/* Has a type no name of its own, being params, a result or an event? */
static bool is_message(const cdp__domain *d, unsigned type)
{
    for (unsigned i = 0; i < d->n_commands; i++)
        if (d->commands[i].params == type || d->commands[i].result == type)
            return true;
    for (unsigned i = 0; i < d->n_events; i++)
        if (d->events[i].params == type)
            return true;
    return false;
}

static bool is_named(item it)
{
    return !(it.kind == ITEM_TYPE && is_message(it.d, it.i)) &&
           !(it.kind == ITEM_ENUM && lookup_is_inline(it.d, &it.d->enums[it.i]));
}

item lookup_first(void)
{
    return (item){ .at = cdp__protocol, .d = *cdp__protocol, .kind = ITEM_DOMAIN };
}

item lookup_next(item it)
{
    do {
        it.i++;
        while (it.i >= count(it.d, it.kind) && it.kind < ITEM_ENUM) {
            it.kind++;
            it.i = 0;
        }
        if (it.i >= count(it.d, it.kind)) {
            it.at++;
            it = (item){ .at = it.at, .d = *it.at, .kind = ITEM_DOMAIN };
        }
    } while (it.d && !is_named(it));
    return it;
}

static cdp_str join(const cdp__domain *d, unsigned name, size_t len, char text[ITEM_NAME])
{
    if (d->name_len + 1 + len > ITEM_NAME)
        return lookup_str(d, name, len);
    memcpy(text, d->names + d->name, d->name_len);
    text[d->name_len] = '.';
    memcpy(text + d->name_len + 1, d->names + name, len);
    return cdp_sn(text, d->name_len + 1 + len);
}

cdp_str item_name(item it, char text[ITEM_NAME])
{
    const cdp__domain *d = it.d;

    switch (it.kind) {
    case ITEM_DOMAIN:
        return lookup_str(d, d->name, d->name_len);
    case ITEM_COMMAND:
        return lookup_str(d, d->commands[it.i].name, d->commands[it.i].name_len);
    case ITEM_EVENT:
        return lookup_str(d, d->events[it.i].name, d->events[it.i].name_len);
    case ITEM_TYPE:
        return join(d, d->types[it.i].name, d->types[it.i].name_len, text);
    case ITEM_ENUM:
        return join(d, d->enums[it.i].name, d->enums[it.i].name_len, text);
    }
    return (cdp_str){ NULL, 0 };
}

const char *item_word(item it)
{
    static const char *const words[] = { [ITEM_DOMAIN] = "domain",
                                         [ITEM_COMMAND] = "command",
                                         [ITEM_EVENT] = "event",
                                         [ITEM_TYPE] = "type",
                                         [ITEM_ENUM] = "type" };

    return words[it.kind];
}

unsigned item_flags(item it)
{
    switch (it.kind) {
    case ITEM_DOMAIN:
        return it.d->flags;
    case ITEM_COMMAND:
        return it.d->commands[it.i].flags;
    case ITEM_EVENT:
        return it.d->events[it.i].flags;
    case ITEM_ENUM:
        return it.d->enums[it.i].flags;
    case ITEM_TYPE:
        break;
    }
    return 0;
}

item lookup_find(cdp_str name, unsigned kinds)
{
    char text[ITEM_NAME];
    item it = lookup_first();

    while (it.d && !((kinds & 1u << it.kind) && cdp_str_eq(item_name(it, text), name)))
        it = lookup_next(it);
    return it;
}

int lookup_refuse(cdp_str name, unsigned kinds, const char *what)
{
    char text[ITEM_NAME], best[ITEM_NAME];
    nearest near = nearest_to(name);

    for (item it = lookup_first(); it.d; it = lookup_next(it)) {
        if (kinds & 1u << it.kind) {
            size_t before = near.distance;
            nearest_offer(&near, item_name(it, text));
            if (near.distance < before) { /* text is used again */
                memcpy(best, near.word.ptr, near.word.len);
                near.word.ptr = best;
            }
        }
    }
    if (!near.word.ptr)
        return complain(STATUS_USAGE, "there is no %s '%.*s'; see 'cdp protocol'", what,
                        (int)name.len, name.ptr);
    return complain(STATUS_USAGE, "there is no %s '%.*s', did you mean '%.*s'?", what,
                    (int)name.len, name.ptr, (int)near.word.len, near.word.ptr);
}

const char *lookup_scalar(cdp__elem is)
{
    static const char *const words[] = {
        [CDP__BOOL] = "boolean", [CDP__INT] = "integer",  [CDP__NUM] = "number",
        [CDP__STR] = "string",   [CDP__BYTES] = "binary", [CDP__ANY] = "any",
        [CDP__OBJECT] = "object"
    };

    return words[is.kind];
}
