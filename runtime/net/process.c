/*
 * process.c - see process.h.
 *
 * The sockets of a process are those that its descriptors link to ("socket:[INODE]"); which of
 * them listen, and where, stands in its network's tables.
 */
#include "process.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 64, LINE = 512 };

static FILE *open_file(int64_t pid, const char *name)
{
    char path[PATH];

    snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file && fd >= 0)
        close(fd);
    return file;
}

/* ---- its sockets --------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const unsigned long long x = *(const unsigned long long *)a, y = *(const unsigned long long *)b;

    return (x > y) - (x < y);
}

/* Appends the inodes of its sockets, in order. */
static int list_sockets(int64_t pid, cdp__buf *inodes)
{
    char path[PATH], target[PATH];

    snprintf(path, sizeof path, "/proc/%lld/fd", (long long)pid);
    DIR *folder = opendir(path);
    if (!folder)
        return errno;
    for (const struct dirent *e; (e = readdir(folder));) {
        unsigned long long inode;
        ssize_t n = readlinkat(dirfd(folder), e->d_name, target, sizeof target - 1);
        if (n < 0)
            continue;
        target[n] = 0;
        if (sscanf(target, "socket:[%llu]", &inode) == 1)
            cdp__buf_put(inodes, &inode, sizeof inode);
    }
    closedir(folder);
    if (inodes->len)
        qsort(inodes->ptr, inodes->len / sizeof(unsigned long long), sizeof(unsigned long long),
              by_number);
    return inodes->failed ? ENOMEM : 0;
}

/* ---- those that listen ------------------------------------------------------------ */

/* The kernel prints addresses as words of this machine's byte order. */
static bool read_address(const char *hex, int family, char *out, size_t size)
{
    uint32_t words[4];
    char word[9] = "";
    size_t n = family == AF_INET6 ? 4 : 1;
    bool any = true;

    if (strlen(hex) != n * 8)
        return false;
    for (size_t i = 0; i < n; i++) {
        memcpy(word, hex + i * 8, 8);
        words[i] = (uint32_t)strtoul(word, NULL, 16);
        any = any && words[i] == 0;
    }
    if (any) {
        snprintf(out, size, "%s", family == AF_INET6 ? "::1" : "127.0.0.1");
        return true;
    }
    return inet_ntop(family, words, out, (socklen_t)size) != NULL;
}

/* Appends those of the table's listeners that are among the sockets. */
static void match_table(int64_t pid, int family, const cdp__buf *inodes, cdp__buf *listeners)
{
    enum { LISTEN = 0x0a };
    char line[LINE], hex[33], host[INET6_ADDRSTRLEN];
    FILE *table = open_file(pid, family == AF_INET6 ? "net/tcp6" : "net/tcp");

    while (table && fgets(line, sizeof line, table)) {
        unsigned port, state;
        unsigned long long inode;
        cdp__listener l;
        int n = sscanf(line, " %*[^:]: %32[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %llu", hex,
                       &port, &state, &inode);
        if (n != 4 || state != LISTEN || !inodes->len ||
            !bsearch(&inode, inodes->ptr, inodes->len / sizeof inode, sizeof inode, by_number) ||
            !read_address(hex, family, host, sizeof host))
            continue;
        snprintf(l.url, sizeof l.url, family == AF_INET6 ? "http://[%s]:%u" : "http://%s:%u", host,
                 port);
        cdp__buf_put(listeners, &l, sizeof l);
    }
    if (table)
        fclose(table);
}

static bool shares_network(int64_t pid)
{
    char path[PATH];
    struct stat its, ours;

    snprintf(path, sizeof path, "/proc/%lld/ns/net", (long long)pid);
    return stat(path, &its) < 0 || stat("/proc/self/ns/net", &ours) < 0 ||
           (its.st_ino == ours.st_ino && its.st_dev == ours.st_dev);
}

int cdp__process_listeners(int64_t pid, cdp__buf *listeners)
{
    cdp__buf inodes = { .allocator = listeners->allocator };
    int e = list_sockets(pid, &inodes);

    if (e == 0 && !shares_network(pid))
        e = ENETUNREACH;
    if (e == 0) {
        match_table(pid, AF_INET, &inodes, listeners);
        match_table(pid, AF_INET6, &inodes, listeners);
        if (listeners->failed)
            e = ENOMEM;
    }
    cdp__buf_free(&inodes);
    return e;
}

/* ---- its signals ------------------------------------------------------------------- */

int cdp__process_handles(int64_t pid, int signal)
{
    char line[LINE];
    unsigned long long caught = 0;
    FILE *status = open_file(pid, "status");

    if (!status)
        return -errno;
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "SigCgt: %llx", &caught) == 1)
            break;
    fclose(status);
    return (int)(caught >> (signal - 1) & 1);
}
