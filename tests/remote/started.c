/* started.c - see started.h. */
#define _GNU_SOURCE /* nftw(), pipe2() */
#include "started.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MISSING = 127, WAIT_MS = 60000, MOST = 16 };

/* Reads stderr up to the line that has the mark, and what is behind it.  False: it has ended
 * instead. */
static bool read_mark(started *p, const char *mark)
{
    char text[16384];
    size_t n = 0;
    char *found;

    for (;;) {
        struct pollfd f = { .fd = p->err, .events = POLLIN };
        assert_int_equal(poll(&f, 1, WAIT_MS), 1);
        ssize_t got = read(p->err, text + n, sizeof text - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        text[n] = 0;
        found = strstr(text, mark);
        if (found && strchr(found, '\n'))
            break;
        if (n > sizeof text / 2) { /* only the end may hold part of the line */
            memmove(text, text + n / 2, n - n / 2 + 1);
            n -= n / 2;
        }
    }
    found += strlen(mark);
    found[strcspn(found, "\r\n")] = 0;
    assert_true(strlen(found) < sizeof p->url);
    strcpy(p->url, found);
    return true;
}

static const char listening[] = "listening on ";

/* argv ends in NULL. */
static bool start(started *p, const char *const *argv, size_t size, const char *mark)
{
    char *args[MOST];
    int err[2], status = 0;

    assert_true(size <= sizeof args);
    memcpy(args, argv, size); /* execvp() wants them not to be const */
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(err[1], 2);
        dup2(open("/dev/null", O_RDWR), 1);
        execvp(args[0], args);
        _exit(MISSING);
    }
    close(err[1]);
    p->err = err[0];
    if (read_mark(p, mark))
        return true;
    waitpid(p->pid, &status, 0);
    p->pid = 0;
    started_end(p);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == MISSING);
    return false;
}

bool started_node_at(started *p, const char *node, const char *script)
{
    const char *const argv[] = { node, "--inspect=127.0.0.1:0", "-e", script, NULL };

    *p = (started){ .err = -1 };
    return start(p, argv, sizeof argv, listening);
}

bool started_node(started *p, const char *script)
{
    return started_node_at(p, "node", script);
}

bool started_node_plain(started *p, const char *node)
{
    const char *const argv[] = { node, "--inspect-port=127.0.0.1:0", "-e",
                                 "setInterval(() => {}, 1000); console.error('running')", NULL };

    *p = (started){ .err = -1 };
    return start(p, argv, sizeof argv, "running");
}

bool started_chromium(started *p)
{
    char profile[96];
    const char *const argv[] = { "chromium",
                                 "--headless=new",
                                 "--no-sandbox",
                                 "--disable-gpu",
                                 "--disable-quic",
                                 "--no-first-run",
                                 "--disable-sync",
                                 "--disable-background-networking",
                                 profile,
                                 "--disable-component-update",
                                 "about:blank",
                                 "--remote-debugging-port=0",
                                 NULL };

    *p = (started){ .err = -1, .profile = "/tmp/cdpkit-test-XXXXXX" };
    assert_non_null(mkdtemp(p->profile));
    snprintf(profile, sizeof profile, "--user-data-dir=%s", p->profile);
    return start(p, argv, sizeof argv, listening);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    remove(path);
    return 0;
}

void started_kill(started *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
}

void started_end(started *p)
{
    if (p->pid > 0) {
        kill(p->pid, SIGTERM);
        waitpid(p->pid, NULL, 0);
    }
    if (p->err >= 0)
        close(p->err);
    /* helpers of Chromium may still be writing there */
    for (int i = 0; *p->profile && access(p->profile, F_OK) == 0 && i < 250; i++) {
        nftw(p->profile, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        usleep(i ? 20000 : 0);
    }
    *p = (started){ .err = -1 };
}
