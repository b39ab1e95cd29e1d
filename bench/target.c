/* target.c - see target.h. */
#define _GNU_SOURCE /* processors */
#include "target.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 8 };

static void become(const char *const *command, const char *script, int err)
{
    char *words[WORDS + 3];
    int n = 0;

    for (; command[n] && n < WORDS; n++)
        words[n] = strdup(command[n]);
    words[n++] = strdup("--inspect=127.0.0.1:0");
    words[n++] = strdup(script);
    words[n] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with us, however we end */
    dup2(err, 2);
    execvp(words[0], words);
    _exit(127);
}

int target_start(target *t, const char *const *command, const char *script)
{
    char line[512];
    int fds[2];

    *t = (target){ .pid = 0 };
    if (pipe(fds) < 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        become(command, script, fds[1]);
    close(fds[1]);
    FILE *err = fdopen(fds[0], "r"); /* stays open: the target may write more */
    if (pid < 0 || !err)
        return -1;
    t->pid = pid;
    while (fgets(line, sizeof line, err))
        if (sscanf(line, "Debugger listening on %255s", t->url) == 1)
            return 0;
    target_stop(t);
    return -1;
}

void target_stop(target *t)
{
    if (!t->pid)
        return;
    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    t->pid = 0;
}

double target_cpu(const target *t)
{
    struct timespec now;
    clockid_t clock;

    if (clock_getcpuclockid(t->pid, &clock) != 0 || clock_gettime(clock, &now) < 0)
        return 0;
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void target_place(const target *t, bool together)
{
    static cpu_set_t all;
    char path[64];
    cpu_set_t set;

    if (CPU_COUNT(&all) == 0)
        sched_getaffinity(0, sizeof all, &all);
    set = all;
    for (int i = 0; together && CPU_COUNT(&set) > 1; i++)
        CPU_CLR(i, &set);
    sched_setaffinity(0, sizeof set, &set);
    snprintf(path, sizeof path, "/proc/%d/task", (int)t->pid);
    DIR *tasks = opendir(path);
    for (struct dirent *d; tasks && (d = readdir(tasks));)
        if (d->d_name[0] != '.')
            sched_setaffinity(atoi(d->d_name), sizeof set, &set);
    if (tasks)
        closedir(tasks);
}
