/*
 * object.h - JavaScript values of a target, as text.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <cdp/runtime.h>
#include <stdio.h>

/* A value; strings as they are, objects by their preview, if there is one. */
void put_object(FILE *to, const void *message, const cdp_runtime_remote_object *o);

/* "Error: no\n    at x.js:1:7", and no newline after it. */
void put_exception(FILE *to, const void *message, const cdp_runtime_exception_details *e);

#endif /* OBJECT_H */
