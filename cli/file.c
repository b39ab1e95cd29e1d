/*
 * file.c - see file.h.
 */
#include "file.h"

#include "cli.h"
#include "interrupt.h"
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 64 * 1024 };

struct output {
    const char *name;
    char *temporary; /* NULL: stdout */
    unfinished unfinished;
    bool force;
    int fd;
    int error; /* the first errno */
    uint64_t size;
    size_t used;
    char room[ROOM];
};

/* ---- opening ----------------------------------------------------------- */

/* May name be written?  0, or what to exit with. */
static int check_name(const output *o)
{
    struct stat st;

    if (!*o->name || o->name[strlen(o->name) - 1] == '/')
        return complain(STATUS_USAGE, "'%s' is no name of a file", o->name);
    if (lstat(o->name, &st) < 0)
        return 0; /* what else is wrong is met when the temporary is made */
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return complain(STATUS_FAILED, "%s exists, and is no file", o->name);
    if (!o->force)
        return complain(STATUS_FAILED, "%s exists; --force replaces it", o->name);
    return 0;
}

/* The length of the folder's part of a name, with the last slash. */
static size_t folder_len(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? (size_t)(slash + 1 - name) : 0;
}

static int open_temporary(output *o)
{
    static const char pattern[] = ".cdp-XXXXXX";
    size_t folder = folder_len(o->name);
    int status = check_name(o);

    if (status)
        return status;
    if (!(o->temporary = malloc(folder + sizeof pattern)))
        return complain_memory();
    memcpy(o->temporary, o->name, folder);
    memcpy(o->temporary + folder, pattern, sizeof pattern);
    /* mkstemp(): O_EXCL, which follows no link, and 0600. */
    if ((o->fd = mkstemp(o->temporary)) < 0)
        return complain(STATUS_FAILED, "can't write %s: %s", o->name, strerror(errno));
    fcntl(o->fd, F_SETFD, FD_CLOEXEC);
    o->unfinished.path = o->temporary;
    interrupt_file(&o->unfinished, true);
    return 0;
}

int output_open_as(output **out, const char *name, bool force)
{
    output *o = malloc(sizeof *o);

    if (!o)
        return complain_memory();
    o->name = name;
    o->force = force;
    o->temporary = NULL;
    o->fd = STDOUT_FILENO;
    o->error = 0;
    o->size = 0;
    o->used = 0;
    int status = interrupt_start();
    if (status == 0 && strcmp(o->name, "-") != 0)
        status = open_temporary(o);
    if (status) {
        free(o->temporary);
        free(o);
        return status;
    }
    *out = o;
    return 0;
}

int output_open(output **out, const words *w, const char *preset)
{
    const char *name = words_text(w, "output");

    return output_open_as(out, name ? name : preset ? preset : "-", words_flag(w, "force"));
}

int output_open_binary(output **out, const words *w)
{
    const char *name = words_text(w, "output");

    if ((!name || strcmp(name, "-") == 0) && term_is_terminal(stdout))
        return words_refuse(w->job, "that is nothing for a terminal; --output names a file");
    return output_open(out, w, NULL);
}

/* ---- writing ----------------------------------------------------------- */

static int write_all(output *o, const char *p, size_t len)
{
    if (!o->temporary) {
        put(stdout, cdp_sn(p, len));
        if (ferror(stdout))
            o->error = EIO;
    }
    while (o->temporary && len && !o->error) {
        ssize_t n = write(o->fd, p, len);
        if (n < 0 && errno != EINTR)
            o->error = errno;
        if (n > 0)
            p += n, len -= (size_t)n;
    }
    return o->error ? -1 : 0;
}

static int write_room(output *o)
{
    size_t used = o->used;

    o->used = 0;
    return write_all(o, o->room, used);
}

int output_write(output *o, const void *bytes, size_t len)
{
    if (o->error)
        return -1;
    o->size += len;
    if (len > ROOM - o->used && write_room(o) < 0)
        return -1;
    if (len >= ROOM)
        return write_all(o, bytes, len);
    memcpy(o->room + o->used, bytes, len);
    o->used += len;
    return 0;
}

int output_print(output *o, const char *fmt, ...)
{
    char room[512], *text = room;
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(room, sizeof room, fmt, args);
    va_end(args);
    if (n >= (int)sizeof room && (text = malloc((size_t)n + 1)))
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    if (n < 0 || !text) {
        o->error = n < 0 ? errno : ENOMEM;
        return -1;
    }
    int rc = output_write(o, text, (size_t)n);
    if (text != room)
        free(text);
    return rc;
}

uint64_t output_size(const output *o)
{
    return o->size;
}

const char *output_name(const output *o)
{
    return o->name;
}

/* ---- the end ----------------------------------------------------------- */

/* The name's entry in its folder is on disk, as far as the file system can tell. */
static int sync_folder(const char *name)
{
    size_t len = folder_len(name);
    char *folder = len ? strdup(name) : NULL;
    int error = 0;

    if (len && !folder)
        return ENOMEM;
    if (folder)
        folder[len] = 0;
    int fd = open(folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return errno == EACCES ? 0 : errno; /* a folder may be writable and not readable */
    if (fsync(fd) < 0 && errno != EINVAL)
        error = errno;
    close(fd);
    return error;
}

/* The temporary gets the name; unless forced only if nobody took that meanwhile. */
static int give_name(const output *o)
{
    if (o->force)
        return rename(o->temporary, o->name) < 0 ? errno : 0;
    if (link(o->temporary, o->name) == 0)
        return unlink(o->temporary) < 0 ? errno : 0;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return errno;
    struct stat st; /* a file system without links */
    if (lstat(o->name, &st) == 0)
        return EEXIST;
    return rename(o->temporary, o->name) < 0 ? errno : 0;
}

static void close_output(output *o)
{
    if (o->temporary)
        interrupt_file(&o->unfinished, false);
    if (o->fd != STDOUT_FILENO)
        close(o->fd);
    free(o->temporary);
    free(o);
}

/* What is wrong with stdout is told at the very end (term_end()). */
static int fail(output *o)
{
    if (o->temporary) {
        unlink(o->temporary);
        complain(STATUS_FAILED, "can't write %s: %s", o->name, strerror(o->error));
    }
    close_output(o);
    return STATUS_FAILED;
}

int output_finish(output *o)
{
    write_room(o);
    if (!o->temporary && !term_flush())
        o->error = EIO;
    if (o->error || !o->temporary)
        goto out;
    if (fsync(o->fd) < 0 && errno != EINVAL)
        o->error = errno;
    int fd = o->fd;
    o->fd = STDOUT_FILENO;
    if (close(fd) < 0 && !o->error)
        o->error = errno;
    if (o->error || (o->error = give_name(o)))
        goto out;
    if ((o->error = sync_folder(o->name)))
        unlink(o->name);
out:
    if (o->error)
        return fail(o);
    close_output(o);
    return 0;
}

int output_drop(output *o, int status)
{
    if (!o)
        return status;
    if (o->error)
        return fail(o);
    if (o->temporary) {
        unlink(o->temporary);
        complain(status, "%s was not written", o->name);
    }
    close_output(o);
    return status;
}
