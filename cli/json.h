/*
 * json.h - JSON on a stream, as term.h prints it: commas are put where they are due.
 */
#ifndef JSON_H
#define JSON_H

#include <cdp/cdp.h>
#include <stdio.h>

typedef struct json_out {
    FILE *to;
    bool comma; /* before the next item or key */
} json_out;

void json_open(json_out *j, char bracket); /* '{' or '[' */
void json_close(json_out *j, char bracket);
void json_key(json_out *j, const char *key);
void json_text(json_out *j, cdp_str text); /* absent: null */
void json_number(json_out *j, double number);
void json_bool(json_out *j, bool b);
void json_value(json_out *j, cdp_value v); /* absent: null */

/* key and value */
void json_text_member(json_out *j, const char *key, cdp_str text);
void json_number_member(json_out *j, const char *key, double number);
void json_true_member(json_out *j, const char *key, bool b); /* false: left out */

#endif /* JSON_H */
