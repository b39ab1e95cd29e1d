/* folder.c - see folder.h. */
#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 64 }; /* of folders, each of which takes a descriptor */

int cdp__folder_make(char **path, const cdp_allocator *a)
{
    static const char name[] = "/cdp-XXXXXX";
    const char *base = getenv("TMPDIR");

    if (!base || *base != '/') /* it must hold wherever the program is started */
        base = "/tmp";
    size_t size = strlen(base) + sizeof name;
    if (!(*path = cdp__alloc(a, size)))
        return CDP_ENOMEM;
    snprintf(*path, size, "%s%s", base, name);
    if (mkdtemp(*path))
        return 0;
    cdp__dealloc(a, *path, size);
    *path = NULL;
    return CDP_EIO;
}

static bool is_dot(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Removes what is in the folder `name` of the folder at, then that. */
static bool remove_at(int at, const char *name, int depth)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (!folder && fd >= 0)
        close(fd);
    for (const struct dirent *e; folder && (e = readdir(folder));) {
        if (is_dot(e->d_name) || unlinkat(fd, e->d_name, 0) == 0)
            continue;
        if (depth < MAX_DEPTH)
            remove_at(fd, e->d_name, depth + 1);
    }
    if (folder)
        closedir(folder);
    return unlinkat(at, name, AT_REMOVEDIR) == 0;
}

bool cdp__folder_remove(const char *path)
{
    return remove_at(AT_FDCWD, path, 0) || access(path, F_OK) < 0;
}
