/* A plan: all buffers of a network for chunks of a batch (the whole batch where batch normalisation
 * needs its statistics), laid out once in an arena, and the steps of forward and backward as an
 * array of {function, cell} with barriers as marks. Running it allocates nothing. Compiled in float
 * and in double (kernel/real.h). */
#ifndef HEM_NET_PLAN_H
#define HEM_NET_PLAN_H

#include "layer/layer.h"
#include "net/profile.h"

enum {
    HEM__CHUNK_TILES = 4,     /* tiles whose activations are in memory at once */
    HEM__ONE_GROUP_TILES = 4, /* a batch of up to 64 images is one gradient group */
    HEM__MAX_GROUPS = 16,
    HEM__TREE_LEVELS = 32
};

typedef struct hem__plan_options {
    size_t batch;  /* images of the largest batch */
    int groups;    /* gradient groups asked for; 0 = hem__groups_of() */
    bool training; /* gradients and dropout */
    int slots;     /* numbers an optimizer keeps for each parameter */
    int optimizer; /* index of the kernels' update */
    bool fuse;     /* let layers update in their weight gradient where a batch is one chunk */
    double clip;   /* > 0: no update follows a gradient with a norm above it; never with `fuse` */
    bool keep;     /* nothing writes over an output, and all are made: hem__plan_output() */
    bool apart;    /* neither training nor keep: a thread may take tiles of its own through all
                      layers, in a plan of its own; what a chunk left is nowhere to be read then */
} hem__plan_options;

/* Gradient groups of a batch of n images: whole tiles, a power of two, 1 up to 64 images, then one
 * for each 64 images, rounded down, up to 16. `wanted` > 0 overrides, up to the number of tiles. */
int hem__groups_of(size_t n, int wanted);

/* A batch to run. Images are bytes, channels innermost. */
typedef struct HEM__R(hem__batch) {
    const uint8_t *const *images;
    const uint16_t *labels; /* NULL: no loss */
    size_t n;
    const hem__values *values;
    const hem__real *pixels; /* instead, where not NULL: the mean of each byte of an image, then the
                                factor of each: value = (byte - mean) * factor */
    bool by_image;           /* instead: by each image's own mean and factor */
    uint32_t drop_key[2], epoch, place;
    bool of_score; /* a step's gradient is that of the sum of each image's logit of its label
                      instead of the mean loss's */
    /* results, each NULL or n long */
    hem__real *loss;
    int32_t *predicted;
    hem__real *probabilities; /* [n][classes] */
} HEM__R(hem__batch);

typedef struct HEM__R(hem__plan) HEM__R(hem__plan);

/* The last of the nodes whose forward passes run strip by strip together with that of node `first`,
 * in plans without training and `keep`; `first` itself where it runs alone. */
int HEM__R(hem__rows_end)(const hem__graph *graph, int first);
/* With out == NULL only counts: *bytes is what the arenas need, the threads' own included. bytes
 * may be NULL. */
hem_status HEM__R(hem__plan_new)(const hem__graph *graph, hem__pool *pool,
                                 const HEM__R(hem__kernels) * kernels,
                                 const hem__plan_options *options, HEM__R(hem__plan) * *out,
                                 size_t *bytes, hem_error *err);
void HEM__R(hem__plan_free)(HEM__R(hem__plan) * plan);

/* Forward over a batch of any size; dropout only in training plans. */
void HEM__R(hem__plan_forward)(HEM__R(hem__plan) * plan, hem__real *params,
                               const HEM__R(hem__batch) * batch);

/* Forward and backward over a batch of at most options.batch images: the gradient of the mean loss,
 * with label smoothing but without penalties. With updates (by tensor) the parameters and the
 * optimizer's state are updated; without, the gradient is left in hem__plan_grads(). Returns false
 * where a loss was not finite: nothing is updated then. */
bool HEM__R(hem__plan_step)(HEM__R(hem__plan) * plan, hem__real *params, hem__real *state,
                            const hem__update *updates, const HEM__R(hem__batch) * batch);
/* From now on every update is followed by average = fma(gain, params - average, average), numbers
 * laid out as the parameters; NULL = by none. */
void HEM__R(hem__plan_set_average)(HEM__R(hem__plan) * plan, hem__real *average, hem__real gain);
/* Norm of the last step's gradient of the objective, before clipping; 0 in plans without `clip`. A
 * norm that is not finite made the step return false. */
double HEM__R(hem__plan_norm)(const HEM__R(hem__plan) * plan);
/* In storage order, n_params numbers; belongs to the plan. */
const hem__real *HEM__R(hem__plan_grads)(const HEM__R(hem__plan) * plan);
/* Times every run from now on, from zero. */
hem_status HEM__R(hem__plan_profile_start)(HEM__R(hem__plan) * plan, hem_error *err);
/* What is being timed; NULL = nothing. */
hem__profile *HEM__R(hem__plan_profile)(HEM__R(hem__plan) * plan);
/* Ends it and writes the rows: hem_profile_release() frees them. */
hem_status HEM__R(hem__plan_profile_stop)(HEM__R(hem__plan) * plan, hem_profile *out,
                                          hem_error *err);
/* Of the last chunk run, [tile][unit][16] in the order of contract.h: the output of a node, in
 * plans with `keep` that of every node (of the last one only where probabilities were asked for);
 * and the gradient with respect to the network's input, where the graph's nodes[0].needs_grad. */
const hem__real *HEM__R(hem__plan_output)(const HEM__R(hem__plan) * plan, int node);
const hem__real *HEM__R(hem__plan_input_grad)(const HEM__R(hem__plan) * plan);
/* Index in the experiment's model of the first layer with an output that is not finite, in the last
 * chunk run; -1 = none. */
int HEM__R(hem__plan_bad_layer)(const HEM__R(hem__plan) * plan);
/* A number that changes when the side of an activation's kink or a max-pooling's choice changes,
 * over the n images of the last chunk run, forward alone: gradients may lie over outputs. Of a plan
 * with `training` or `keep`. */
uint64_t HEM__R(hem__plan_signature)(const HEM__R(hem__plan) * plan, size_t n);

#endif
