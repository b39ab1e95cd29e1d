/*
 * check.h - do params fit a command?
 */
#ifndef CHECK_H
#define CHECK_H

#include "lookup.h"

/* Params of a command, as JSON text, against the tables.  *params is one cdp_free().  0, or what to
 * exit with (it has been said, naming the member). */
int check_params(item it, cdp_str text, cdp_value **params);

/* The same text, against JSON's grammar only. */
int check_json(cdp_str text, cdp_value **params);

#endif /* CHECK_H */
