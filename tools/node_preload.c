/*
 * node_preload.c - lets Debian's node run from an unpacked package.
 *
 * That node reads some of its own JavaScript from /usr/share/nodejs.  Preloaded,
 * this sends the opening of such a file to the same path under ROOT.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "/usr/share/nodejs/"

static const char *redirect(const char *path, char *buf, size_t size)
{
    if (strncmp(path, PREFIX, sizeof PREFIX - 1) != 0)
        return path;
    int n = snprintf(buf, size, "%s%s", ROOT, path);
    return n > 0 && (size_t)n < size ? buf : path;
}

#define WRAP(name)                                                           \
    int name(const char *path, int flags, ...)                               \
    {                                                                        \
        static int (*next)(const char *, int, ...);                          \
        char buf[PATH_MAX];                                                  \
        if (!next)                                                           \
            next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list ap;                                                          \
        va_start(ap, flags);                                                 \
        int mode = va_arg(ap, int);                                          \
        va_end(ap);                                                          \
        return next(redirect(path, buf, sizeof buf), flags, mode);           \
    }

WRAP(open)
WRAP(open64)
