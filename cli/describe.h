/*
 * describe.h - what something of the protocol is, on stdout.
 */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "json.h"
#include "lookup.h"

/* As text, with its members. */
void describe_text(item it);
/* As the protocol's own JSON has it, with its whole name as "name" ("domain" of a domain). */
void describe_json(json_out *j, item it);

/* A line: name, and what it is. */
void describe_line(item it, int width);

#endif /* DESCRIBE_H */
