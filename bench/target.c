/* target.c - see target.h. */
#define _GNU_SOURCE /* processors */
#include "target.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 8 };

static void become(const char *const *command, const char *script, int cpu, int err)
{
    char *words[WORDS + 3];
    int n = 0;

    for (; command[n] && n < WORDS; n++)
        words[n] = strdup(command[n]);
    words[n++] = strdup("--inspect=127.0.0.1:0");
    words[n++] = strdup(script);
    words[n] = NULL;
    target_pin(cpu);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with us, however we end */
    dup2(err, 2);
    execvp(words[0], words);
    _exit(127);
}

int target_start(target *t, const char *const *command, const char *script, int cpu)
{
    char line[512];
    int fds[2];

    *t = (target){ .pid = 0 };
    if (pipe(fds) < 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        become(command, script, cpu, fds[1]);
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

void target_processors(int *first, int *last)
{
    cpu_set_t set;

    *first = *last = 0;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return;
    while (*first < CPU_SETSIZE - 1 && !CPU_ISSET(*first, &set))
        ++*first;
    for (int i = *first; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set))
            *last = i;
}

void target_pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}
