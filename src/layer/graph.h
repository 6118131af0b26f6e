/* The graph that an experiment's model becomes: nodes with shapes, tensors with places. It knows
 * no numbers, so one graph serves the float and the double compilation of the compute core. */
#ifndef HEM_LAYER_GRAPH_H
#define HEM_LAYER_GRAPH_H

#include "kernel/contract.h"
#include "spec/spec.h"

typedef struct hem__shape {
    int C, H, W; /* channels, rows, columns; a flat vector has H = W = 1 */
} hem__shape;

/* How a tensor's first numbers are made. All 0: zeros. */
typedef enum hem__distribution {
    HEM__FROM_CONSTANT,
    HEM__FROM_UNIFORM,
    HEM__FROM_NORMAL
} hem__distribution;
typedef struct hem__init {
    hem__distribution from;
    double value; /* the constant; uniform: in [-value, value); normal: the standard deviation */
} hem__init;

/* A tensor of parameters: `n` numbers in canonical order, `stored` in the parameter vector. */
typedef struct hem__tensor {
    char name[48];
    size_t layer; /* index in the experiment's model */
    int n_dims;
    size_t dims[4];
    size_t n;
    size_t offset, stored; /* both multiples of HEM__ALIGN; padding holds zeros */
    double l1, l2;         /* penalties */
    bool decays;           /* weights of conv and dense: adamw's decay is theirs alone */
    hem__init init;
    bool not_negative;  /* a variance */
    bool frozen;        /* no gradient, no update: the layer's `freeze`, or running statistics */
    size_t row, ld;     /* stored in rows of `row` numbers, `ld` apart (weights of nodes that are
                           dense); else row = n */
    hem__shape columns; /* of those, and of slopes by unit: the map that a row is, for its canonical
                           order */
} hem__tensor;

/* How a convolution is computed (conv_algorithm.h). */
typedef enum hem__algorithm {
    HEM__DIRECT,
    HEM__WINOGRAD_2,
    HEM__WINOGRAD_4,
    HEM__FFT,
    HEM__AS_DENSE,
    HEM__N_ALGORITHMS
} hem__algorithm;

typedef struct hem__node_norm {
    int mean, variance; /* tensors: the running ones */
    double momentum, epsilon;
} hem__node_norm;

typedef struct hem__node {
    hem__layer_kind kind;
    bool is_input;
    size_t layer;  /* index in the experiment's model */
    int inputs[2]; /* nodes; a residual's sum has two: its layers' and its shortcut's */
    int n_inputs;
    int fork; /* a residual's sum: the node that its two ways begin at */
    hem__shape shape;
    hem__shape map;  /* of what a flatten flattened; else equal to shape */
    bool relu;       /* conv, dense, batchnorm: relu in the epilogue */
    bool needs_grad; /* parameters here or further up */
    /* A dense layer, or a convolution that runs as one: its weights lie as the kernels read them,
     * and weight_grad honours work->fused for them (never for its bias). */
    bool is_dense;
    int weight, bias; /* tensors; -1 = none; prelu's slopes are its weight */
    hem__conv_shape conv;
    hem__algorithm algorithm; /* conv */
    hem__pool_shape pool;
    double rate;  /* dropout */
    double slope; /* leaky_relu; elu: alpha */
    hem__node_norm norm;
    bool batch_statistics; /* normalises by the batch in training */
} hem__node;

typedef struct hem__graph {
    hem__node *nodes; /* nodes[0] is the input; the last, softmax or sigmoid, the loss's */
    int n_nodes;
    hem__tensor *tensors;
    int n_tensors;
    size_t n_params;       /* numbers in the parameter vector, padding included */
    bool batch_statistics; /* of a node: a training batch must be one chunk and one group */
    int n_classes;
    hem__loss loss;         /* the kernel of the last node and the loss */
    double label_smoothing; /* of training plans */
} hem__graph;

static inline size_t hem__units(hem__shape s)
{
    return (size_t)s.C * (size_t)s.H * (size_t)s.W;
}

/* Place of (c, y, x) in the storage order of contract.h. */
static inline size_t hem__unit(hem__shape s, int c, int y, int x)
{
    int b = c / HEM__BLOCK;
    int cb = s.C - b * HEM__BLOCK < HEM__BLOCK ? s.C - b * HEM__BLOCK : HEM__BLOCK;
    size_t block = (size_t)b * HEM__BLOCK * (size_t)s.H * (size_t)s.W;
    return block + ((size_t)y * (size_t)s.W + (size_t)x) * (size_t)cb + (size_t)(c % HEM__BLOCK);
}

/* Where element i (canonical) of a tensor is stored, from the tensor's offset. */
size_t hem__tensor_place(const hem__tensor *tensor, size_t i);

/* Builds the graph and infers all shapes. *out is freed with hem__graph_free(). Errors name the
 * layer's place in the file. */
hem_status hem__graph_new(const hem_spec *spec, hem__shape input, int n_classes, hem__graph **out,
                          hem_error *err);
void hem__graph_free(hem__graph *graph);
/* A relu that alone reads a batch normalisation is done in its epilogue from now on, as a conv's:
 * its node then only passes on. Changes no number but that the output of the normalisation itself,
 * before the relu, is nowhere to be seen. */
void hem__graph_fuse(hem__graph *graph);
/* Adds a layer's tensor while the graph is built, named "<layer>.<what>"; its index, or -1 without
 * memory or where its size overflows. name, n, ld, offset and stored are computed here. */
int hem__graph_add_weight(hem__graph *graph, const hem__layer_spec *layer,
                          const hem__tensor *tensor, const char *what);
/* What an initialiser means for a tensor: formulas and sources in docs/numerics.md. */
hem__init hem__init_of(const hem__init_spec *spec, double fan_in, double fan_out);

/* Taps of one axis that lie inside the image, over all outputs. */
static inline size_t hem__taps_inside(int size, int kernel, int stride, int pad, int n_out)
{
    size_t n = 0;
    for (int o = 0; o < n_out; o++) {
        long long first = (long long)o * stride - pad, last = first + kernel;
        first = first < 0 ? 0 : first;
        last = last > size ? size : last;
        n += last > first ? (size_t)(last - first) : 0;
    }
    return n;
}

/* Multiply-adds an image of one pass: taps inside the image alone. */
static inline size_t hem__conv_useful_macs(const hem__conv_shape *s)
{
    return hem__taps_inside(s->H, s->R, s->stride_y, s->pad_y, s->P) *
           hem__taps_inside(s->W, s->S, s->stride_x, s->pad_x, s->Q) * (size_t)s->C * (size_t)s->K;
}

/* Multiply-adds an image of a node: all taps, and those inside the image only. */
size_t hem__node_macs(const hem__graph *graph, const hem__node *node);
size_t hem__node_useful_macs(const hem__graph *graph, const hem__node *node);

#endif
