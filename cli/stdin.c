/*
 * stdin.c - see stdin.h.
 */
#include "stdin.h"

#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST = 64 * 1024, MOST = 64 * 1024 * 1024 };

void stdin_free(char *memory)
{
    free(memory);
}

int stdin_read(char **memory, cdp_str *text)
{
    size_t room = FIRST, len = 0, n;
    char *p = malloc(room);

    while (p && len < room && (n = fread(p + len, 1, room - len, stdin)) > 0) {
        len += n;
        if (len < room || room == MOST)
            continue;
        char *more = realloc(p, room * 2);
        if (!more)
            free(p);
        p = more;
        room *= 2;
    }
    if (!p)
        return complain_memory();
    if (ferror(stdin) || len == MOST) {
        free(p);
        return complain(STATUS_FAILED, "can't read stdin: %s",
                        len == MOST ? "it is too long" : strerror(errno));
    }
    *memory = p;
    *text = cdp_sn(p, len);
    return 0;
}
