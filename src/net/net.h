/* The inside of a network, for saving, training and evaluation. */
#ifndef HEM_NET_NET_H
#define HEM_NET_NET_H

#include "data/data.h"
#include "hemline/net.h"
#include "kernel/context.h"
#include "spec/spec.h"

/* How bytes become numbers: value = table[byte], the same for every pixel. The table is exactly
 * (float)((byte - mean) / deviation) computed in double: none 0 and 1, 1/255 0 and 255, standardize
 * the training part's own. By pixel and by image: net/scaling.h. Saved with the model. */
typedef struct hem__scaling {
    hem__scale kind;
    double mean, deviation;
    float *pixels; /* by pixel: the mean of each byte of an image, then 1 / deviation of each; owned
                      by the network. Else NULL */
} hem__scaling;

/* Everything but the weights that a model file carries. */
typedef struct hem__net_origin {
    char data_name[32];
    char data_sha256[65];
    bool synthetic;
    uint64_t seed;
    int height, width, channels, n_classes;
    char **class_names; /* n_classes; owned by the network */
    hem__scaling scaling;
} hem__net_origin;

struct hem__graph;
struct hem__plan_f32;

struct hem_net {
    hem_context *context;
    hem_spec *spec; /* own copy */
    hem__net_origin origin;
    struct hem__graph *graph;
    float *params;               /* graph->n_params numbers, storage order, 64-byte-aligned */
    size_t n_training;           /* images to train it on; 0 = not known */
    char (*kinds)[128];          /* of each layer, in words: "conv 6@4x4 same, relu" */
    struct hem__plan_f32 *infer; /* for predict and evaluate; made at first use, and with it: */
    size_t n_gathered;           /* images of a run forward, at most: several pieces a thread */
    const uint8_t **images;      /* so many */
    uint16_t *labels;            /* so many */
};

/* Makes a network without data: what a model file needs. `origin` is copied; initial weights are
 * drawn from origin->seed. Asks for memory to train it on n_training images; 0: to hold it. */
hem_status hem__net_make(hem_context *context, const hem_spec *spec, const hem__net_origin *origin,
                         size_t n_training, hem_net **out, hem_error *err);

/* Runs images indices[0..n) of a part without dropout: per-image loss and predicted class (either
 * may be NULL), probabilities [n][classes] (may be NULL). indices NULL = 0..n-1. */
hem_status hem__net_run(hem_net *net, const hem_data *data, hem_part part, const uint32_t *indices,
                        size_t n, float *loss, int32_t *predicted, float *probabilities,
                        hem_error *err);

/* Optimizer state of a stepper: what a checkpoint must hold to go on to the same bits. `state` has
 * slots (0, 1 or 2) * graph->n_params numbers in storage order; the same on every machine, since
 * storage order does not depend on the tier. */
float *hem__stepper_state(hem_stepper *stepper, size_t *n);
/* The averaged weights of `train.ema`, in storage order, net->graph->n_params of them; NULL where
 * there is no average. Part of what a checkpoint must hold. The first step sets them to the weights
 * that it finds. */
float *hem__stepper_average(hem_stepper *stepper);
/* Puts the averaged weights into the network and its own into their place; a second call undoes the
 * first, which must come before the next step. Does nothing without an average. */
void hem__stepper_swap_average(hem_stepper *stepper);
/* Norm of the last step's gradient before clipping; 0 without clipping. */
double hem__stepper_norm(const hem_stepper *stepper);
/* The weights in storage order, likewise (net->params). */
float *hem__net_params(hem_net *net, size_t *n);
void hem__stepper_set_steps(hem_stepper *stepper, uint64_t steps);
/* Gradient groups in use for full batches: recorded in the run. */
int hem__stepper_groups(const hem_stepper *stepper);
/* A line of text that names the algorithm of every layer, e.g. "conv1=direct conv2=direct". A pure
 * function of shapes, batch size and experiment. free() it. */
char *hem__net_algorithms(const hem_net *net);
/* A number that tells apart orders of the parameter vector: how tensors lie in it. */
uint64_t hem__net_storage(const hem_net *net);

#endif
