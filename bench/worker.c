/* worker.c - see worker.h. */
#define _GNU_SOURCE /* pipe2 */
#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(const char *const *command, int in, int out)
{
    char *const *words;

    memcpy(&words, &command, sizeof words); /* as execvp() takes them */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, 0);
    dup2(out, 1);
    execvp(words[0], words);
    _exit(127);
}

/* No other worker is to hold an end of these: each has to see its own close. */
int worker_start(worker *w, const char *const *command)
{
    int to[2], from[2];

    *w = (worker){ .pid = 0 };
    if (!command[0] || pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        run(command, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    w->in = fdopen(to[1], "w");
    w->out = fdopen(from[0], "r");
    if (pid < 0 || !w->in || !w->out)
        return -1;
    w->pid = pid;
    return 0;
}

tally worker_do(worker *w, const char *what, const char *argument)
{
    tally t;

    fprintf(w->in, "%s %s\n", what, argument);
    fflush(w->in);
    if (fscanf(w->out, "%lf %lf", &t.ns, &t.units) != 2) {
        fprintf(stderr, "a contestant failed: %s %s\n", what, argument);
        exit(100);
    }
    return t;
}

void worker_stop(worker *w)
{
    if (!w->pid)
        return;
    fclose(w->in);
    fclose(w->out);
    waitpid(w->pid, NULL, 0);
    w->pid = 0;
}
