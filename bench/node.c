/* node.c - see node.h. */
#include "node.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(const char *program, const char *folder, int in, int out)
{
    char script[512], state[512];

    snprintf(script, sizeof script, "%s/node_session.js", folder);
    snprintf(state, sizeof state, "%s/state.js", folder);
    dup2(in, 0);
    dup2(out, 1);
    execlp(program, program, script, state, (char *)NULL);
    _exit(127);
}

int node_start(node_child *n, const char *program, const char *folder)
{
    int to[2], from[2];

    *n = (node_child){ .pid = 0 };
    if (!program || pipe(to) < 0 || pipe(from) < 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    pid_t pid = fork();
    if (pid == 0) {
        close(to[1]);
        close(from[0]);
        run(program, folder, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    n->in = fdopen(to[1], "w");
    n->out = fdopen(from[0], "r");
    if (pid < 0 || !n->in || !n->out)
        return -1;
    n->pid = pid;
    return 0;
}

tally node_do(node_child *n, const char *what, const char *argument)
{
    tally t;

    fprintf(n->in, "%s %s\n", what, argument);
    fflush(n->in);
    if (fscanf(n->out, "%lf %lf", &t.ns, &t.units) != 2) {
        fprintf(stderr, "Node failed: %s %s\n", what, argument);
        exit(100);
    }
    return t;
}

void node_stop(node_child *n)
{
    if (!n->pid)
        return;
    fclose(n->in);
    fclose(n->out);
    waitpid(n->pid, NULL, 0);
    n->pid = 0;
}
