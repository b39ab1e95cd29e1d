/* target.c - see target.h. */
#define _GNU_SOURCE /* pipe2, processors */
#include "target.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void become(const char *const *command, int err)
{
    char *const *words;

    memcpy(&words, &command, sizeof words); /* as execvp() takes them */
    prctl(PR_SET_PDEATHSIG, SIGKILL);       /* it ends with us, however we end */
    dup2(err, 2);
    execvp(words[0], words);
    _exit(127);
}

int target_start(target *t, const char *const *command)
{
    char line[512];
    int fds[2];

    *t = (target){ .pid = 0 };
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        become(command, fds[1]);
    close(fds[1]);
    FILE *err = fdopen(fds[0], "r"); /* stays open: the target may write more */
    if (pid < 0 || !err)
        return -1;
    t->pid = pid;
    while (fgets(line, sizeof line, err))
        if (sscanf(line, "%*s listening on %255s", t->url) == 1)
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

double target_cpu(pid_t pid)
{
    struct timespec now;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &now) < 0)
        return 0;
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void place_tree(int pid, const cpu_set_t *set)
{
    char path[320];
    int child;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *d; tasks && (d = readdir(tasks));) {
        if (d->d_name[0] == '.')
            continue;
        sched_setaffinity(atoi(d->d_name), sizeof *set, set);
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, d->d_name);
        FILE *children = fopen(path, "r");
        while (children && fscanf(children, "%d", &child) == 1)
            place_tree(child, set);
        if (children)
            fclose(children);
    }
    if (tasks)
        closedir(tasks);
}

void target_place_all(bool together)
{
    static cpu_set_t all;
    cpu_set_t set;

    if (CPU_COUNT(&all) == 0)
        sched_getaffinity(0, sizeof all, &all);
    set = all;
    for (int i = 0; together && CPU_COUNT(&set) > 1; i++)
        CPU_CLR(i, &set);
    place_tree(getpid(), &set);
}
