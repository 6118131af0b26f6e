/* What plan.c builds and plan_run.c runs. */
#ifndef HEM_NET_PLAN_INSIDE_H
#define HEM_NET_PLAN_INSIDE_H

#include "net/plan.h"
#include "net/profile.h"

typedef void (*HEM__R(hem__work_fn))(const HEM__R(hem__cell) * cell,
                                     const HEM__R(hem__work) * work);

typedef struct HEM__R(hem__entry) {
    HEM__R(hem__work_fn) run;
    const HEM__R(hem__cell) * cell;
    bool barrier; /* after it, all threads meet */
    bool by_tile; /* each thread runs it for tiles of its own (plan_tail.c) */
    int together; /* > 1: so many entries from here on run strip by strip (plan_rows.c) */
} HEM__R(hem__entry);

enum { HEM__APART_TILES = 2 }; /* that a thread takes at a time: two share a weight's load */

struct HEM__R(hem__plan) {
    const hem__graph *graph;
    hem__pool *pool; /* NULL: the caller's thread alone */
    const HEM__R(hem__kernels) * kernels;
    hem__plan_options options;
    int n_threads, chunk_tiles;
    int last_tiles; /* in the last chunk that was run */
    bool one_chunk; /* a full batch is one chunk, so layers may fuse their update */
    hem__arena arena;
    HEM__R(hem__cell) * cells; /* by node */
    int input_reader;          /* the dense node that reads the threads' copies, or 0 */
    int tail; /* node from which on threads take tiles of their own (plan_tail.c) */
    size_t
        own_input; /* numbers from a thread's copy of the images to the next's; 0 = there is one */
    HEM__R(hem__entry) * lists, *prepare, *forward, *backward;
    int n_prepare, n_forward, n_backward;
    hem__real *strips; /* of rows that nobody keeps: strip_numbers a thread (plan_rows.c) */
    size_t strip_numbers;
    hem__real *spare; /* gradients to be added to others: residuals */
    hem__real *loss;  /* of the chunk */
    int32_t *predicted;
    hem__real *grads;
    hem__real *tree[HEM__TREE_LEVELS]; /* sums of 1, 2, 4, ... gradient groups */
    int n_levels;
    double *squares; /* options.clip: a sum for each HEM__NORM_BLOCK numbers of a tensor */
    double norm;
    hem__real *average; /* of the parameters, by average_gain; or NULL */
    hem__real average_gain;
    hem__profile *profile; /* NULL: runs are not timed */
    /* A plan of its own for each thread, without pool; NULL: threads work on the same chunk. */
    struct HEM__R(hem__plan) * *apart;
};

static inline const HEM__R(hem__layer) * hem__layer_of(const hem__node *node)
{
    return HEM__R(hem__layers)[node->kind];
}

/* Whether weight_grad updates the node's weight, too: in a step whose batch is one chunk. */
static inline bool hem__fuses(const HEM__R(hem__plan) * plan, const hem__node *node)
{
    return node->is_dense && plan->one_chunk && plan->options.fuse;
}

/* The first node of the tail; the loss's where there is none. */
int HEM__R(hem__tail_begin)(const HEM__R(hem__plan) * plan);
/* Runs the entry for the thread's own tiles. */
void HEM__R(hem__tail_run)(const HEM__R(hem__entry) * entry, const HEM__R(hem__work) * work);
/* How often other nodes read node i; twice where a residual begins. */
int HEM__R(hem__readers)(const hem__graph *graph, int i);
/* How many nodes from `first` on run strip by strip together in this plan; 1: it runs alone. */
int HEM__R(hem__rows_together)(const HEM__R(hem__plan) * plan, int first);
/* Whether node i runs so and only the next node reads it: its map is never whole. */
bool HEM__R(hem__rows_pass)(const HEM__R(hem__plan) * plan, int i);
/* Takes the buffers of the strips. */
void HEM__R(hem__rows_reserve)(HEM__R(hem__plan) * plan, hem__arena *arena);
/* Runs n entries together; dealt out are (tile, channel block, row of the pooling). */
void HEM__R(hem__rows_run)(const HEM__R(hem__plan) * plan, const HEM__R(hem__entry) * list, int n,
                           const HEM__R(hem__work) * work);
/* Blocks of `squares` of all tensors. */
size_t HEM__R(hem__norm_blocks)(const hem__graph *graph);
/* Run by every thread once the gradient of the loss is whole: puts the gradient of the objective in
 * its place, finds its norm and what it must be multiplied with, at most 1. False: the norm is not
 * finite. All threads meet inside. */
bool HEM__R(hem__clip)(HEM__R(hem__plan) * plan, const HEM__R(hem__work) * work, hem__real *factor);
/* Mean and 1 / deviation of the n bytes of an image; 0 for one of a single grey. */
void HEM__R(hem__measure_image)(const uint8_t *image, size_t n, hem__real *mean, hem__real *factor);

#endif
