/*
 * profile.h - a profile as what its reports are made of: a tree of nodes with weights.
 *
 * Nodes are in preorder, the heaviest sibling first, so a subtree is the range from its node to
 * that node's end, and an ancestor stands before its descendants.
 */
#ifndef CDP_REPORT_PROFILE_H
#define CDP_REPORT_PROFILE_H

#include "out.h"

#include <cdp/runtime.h>
#include <math.h>

typedef struct cdp__node {
    const cdp_runtime_call_frame *frame;
    uint32_t parent;   /* of the root: its own */
    uint32_t end;      /* behind the last of its subtree */
    uint32_t function; /* into functions */
    int64_t hits;
    double self, total; /* microseconds, or bytes */
} cdp__node;

struct cdp_report_profile {
    bool heap;
    cdp__node *nodes;
    const cdp_runtime_call_frame **functions; /* distinct; by URL, then by place and name */
    uint32_t n, n_functions;
    double wall_time; /* seconds since 1970, or 0 */
    double duration;  /* microseconds, or 0 */
    double interval;
    cdp_str title;
    const cdp_allocator *allocator;
};

/* What was given, before it is put in order: each node's parent, by index. */
enum { CDP__NO_PARENT = -1 };
typedef struct cdp__draft {
    cdp__node *nodes; /* frame, hits and self are set */
    int32_t *parent;
    struct cdp__id *ids; /* sorted */
    int32_t n;
    const cdp_allocator *allocator;
    cdp_str **why;
} cdp__draft;

int cdp__draft_open(cdp__draft *d, size_t n, const cdp_allocator *a, cdp_str **why);
void cdp__draft_close(cdp__draft *d);

/* Node i has that id; once all have one, ids become nodes (-1: none has it).  CDP_EINVAL where two
 * have the same. */
void cdp__draft_id(cdp__draft *d, int32_t i, int32_t id);
int cdp__draft_index(cdp__draft *d);
int32_t cdp__draft_find(const cdp__draft *d, int32_t id);

/* The profile of a draft that is one tree.  CDP_EINVAL, CDP_ENOMEM. */
int cdp__draft_finish(cdp__draft *d, cdp_report_profile **out, const cdp_report_options *opt,
                      const char *title);

/* "(anonymous)", where a function has no name. */
cdp_str cdp__function_name(const cdp_runtime_call_frame *frame);

/* Lines and columns, which V8 counts from 0 (-1: not known), from 1 (0). */
static inline int32_t cdp__from_one(int32_t v)
{
    return v < 0 ? 0 : v < INT32_MAX ? v + 1 : v;
}

/* A weight as a whole number, which JavaScript can hold as well. */
static inline int64_t cdp__whole(double v)
{
    const double most = 9007199254740991;

    return llround(v < most ? v : most);
}

#endif /* CDP_REPORT_PROFILE_H */
