/*
 * node.h - a Node that runs node_session.js and answers over pipes.
 */
#ifndef BENCH_NODE_H
#define BENCH_NODE_H

#include <stdio.h>
#include <sys/types.h>

typedef struct node_child {
    pid_t pid; /* 0: there is none */
    FILE *in, *out;
} node_child;

/* What a case took, and how many units came of it. */
typedef struct tally {
    double ns;
    double units;
} tally;

/* program: of Node.  folder: where node_session.js and state.js are. */
int node_start(node_child *n, const char *program, const char *folder);
/* Has it do one line of what node_session.js understands; ends this process if it can't. */
tally node_do(node_child *n, const char *what, const char *argument);
void node_stop(node_child *n);

#endif /* BENCH_NODE_H */
