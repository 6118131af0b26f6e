/* What a kind of layer provides: one table of functions, in the file of its name. To add a layer
 * see spec/layers.def. A layer holds no numbers of its own: the plan gives it slices. */
#ifndef HEM_LAYER_LAYER_H
#define HEM_LAYER_LAYER_H

#include "base/mem.h"
#include "base/pool.h"
#include "layer/graph.h"

/* One node in a plan. Activations are [tile][unit][16]; `tiles` of them make a chunk. */
typedef struct HEM__R(hem__cell) {
    const hem__graph *graph;
    const hem__node *node;
    hem__shape in, out;
    size_t in_units, out_units;
    const hem__real *x, *x2; /* x2: of the second input */
    hem__real *y;
    /* Where not 0, x and xt hold a copy of the images for each thread, thread t's so many numbers
     * times t in: it makes them faster than it could fetch them from another core. */
    size_t own_x, own_xt;
    hem__real *dy;
    hem__real *dx, *dx2;   /* NULL where nobody needs it */
    bool adds;             /* another gradient lies in `below` already: the plan adds dx to it */
    bool adds2;            /* the same of dx2, which the layer itself adds */
    hem__real *below;      /* dy of the node below */
    bool masked;           /* the gradient of this node's relu is taken by the node above */
    const hem__real *mask; /* y of a relu below that input_grad is to mask dx with; or NULL */
    /* the layer's own, from reserve() */
    hem__real *packed, *packed_grad; /* conv that is not dense */
    hem__real *tile_grads; /* direct conv: gradients of each tile, 0 between steps; or NULL */
    hem__real *xt;         /* dense: inputs, transposed to [image][unit] */
    size_t ld_xt;
    hem__real **scratch;    /* Winograd's, conv_fft's: one slice a thread */
    hem__real *frequencies; /* Winograd's: the weight gradient before its last transform */
    uint16_t *keep;         /* dropout */
    /* conv by Fourier transforms: sizes; spectra of weights, x, dy and y, dx */
    hem__fft *fft;
    hem__real *spectrum_w, *spectrum_dw, *spectrum_x, *spectrum_y, *spectrum_dx;
    /* batchnorm, by channel; of a training batch: sums (contract.h), mean, variance */
    hem__norm *by_channel;
    double *sums, *mean, *variance;
} HEM__R(hem__cell);

/* What a thread works on now. */
typedef struct HEM__R(hem__work) {
    const HEM__R(hem__kernels) * kernels;
    hem__pool *pool; /* NULL: one thread */
    int thread, n_threads;
    int tiles;  /* in this chunk, or of this thread alone (plan_tail.c) */
    int images; /* real ones of them */
    hem__real *params, *grads;
    hem__real *state; /* of the optimizer, slots numbers a parameter */
    int slots;
    int optimizer;                      /* index into kernels->update */
    const hem__update *updates;         /* by tensor */
    bool fused;                         /* weight_grad of a dense node also updates */
    uint32_t drop_key[2], epoch, place; /* dropout; place of the first image */
} HEM__R(hem__work);

/* Rows [first, first + n) of a channel block of one tile's map, of each row the first `columns`:
 * [n][columns][channels of the block][16]. */
typedef struct HEM__R(hem__strip) {
    int tile, block, first, n, columns;
    hem__real *at;
} HEM__R(hem__strip);

typedef struct HEM__R(hem__layer) {
    /* Fills out->shape, ->map and the kind's own fields from one input; adds tensors. */
    hem_status (*infer)(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err);
    /* Takes the layer's own slices; run twice, the first time only to count. May be NULL. */
    void (*reserve)(HEM__R(hem__cell) * cell, hem__arena *arena, int tiles, int n_threads,
                    bool training);
    /* Once a step, after the weights changed; not for nodes that are dense. May be NULL. */
    void (*prepare)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    void (*forward)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    /* The same numbers strip by strip, in plans that run some nodes together (plan_rows.c): makes
     * `out` of the rows of the input that it needs, `in`, which lie in the same place where the
     * layer works in_place. Where strips begin, cell->x is read instead. May be NULL. */
    void (*forward_rows)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work,
                         const HEM__R(hem__strip) * in, const HEM__R(hem__strip) * out);
    void (*input_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    /* Adds to work->grads, or updates at once where work->fused; after input_grad. Not called where
     * all of the layer's tensors are frozen. NULL without parameters. */
    void (*weight_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    /* Before a step's update, over values that are no weights; not in a step that failed. */
    void (*finish)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    /* Whether input_grad may write dx over x. May be NULL: no. */
    bool (*overwrites)(const hem__node *node);
    /* Whether strips may begin with this node. May be NULL: no. */
    bool (*begins_rows)(const hem__node *node);
    bool masks;         /* input_grad honours cell->mask */
    bool in_place;      /* forward may write over its input, given that nobody else reads it */
    bool keeps_input;   /* gradients read x: in place in inference alone */
    bool grad_in_place; /* dx may be dy */
    bool identity_in_inference; /* forward does nothing then */
    /* Whether training may run forward and input_grad for some tiles, as if they were all
     * (plan_tail.c): they need of the cell only that part of x, y, dx, dy, mask, xt and keep,
     * nothing that is kept by thread, and do not meet; work->thread is 0 then. */
    bool by_tile;
} HEM__R(hem__layer);

/* By hem__layer_kind. */
extern const HEM__R(hem__layer) *const HEM__R(hem__layers)[HEM__N_LAYER_KINDS];

/* n items dealt out to the threads in pieces of `unit`, so that register blocks stay whole, and
 * rows of `row` (base/pool.h). */
static inline hem__deal hem__work_deal(const HEM__R(hem__work) * work, size_t n, size_t unit,
                                       size_t row)
{
    return hem__deal_new(work->pool, work->thread, n, unit, row);
}

/* The dense layer's, which convolutions that run as one (conv_dense.c) use too. */
void HEM__R(hem__dense_reserve)(HEM__R(hem__cell) * cell, hem__arena *arena, int tiles,
                                int n_threads, bool training);
void HEM__R(hem__dense_forward)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
void HEM__R(hem__dense_input_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
void HEM__R(hem__dense_weight_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);

/* All threads wait here for each other, within one function of a layer. */
static inline void hem__work_meet(const HEM__R(hem__work) * work)
{
    if (work->pool)
        hem__pool_barrier(work->pool);
}

static inline int hem__blocks(int channels)
{
    return (channels + HEM__BLOCK - 1) / HEM__BLOCK;
}

/* Channels in block b. */
static inline int hem__block_of(int channels, int b)
{
    return channels - b * HEM__BLOCK < HEM__BLOCK ? channels - b * HEM__BLOCK : HEM__BLOCK;
}

/* Numbers of a strip of the cell's output. */
static inline size_t hem__strip_numbers(const HEM__R(hem__cell) * cell,
                                        const HEM__R(hem__strip) * strip)
{
    return (size_t)strip->n * (size_t)strip->columns *
           (size_t)hem__block_of(cell->out.C, strip->block) * HEM__LANES;
}

/* Output size and padding before the first row (or column), as TensorFlow pads: valid drops what
 * is left over, same gives ceil(size / stride) and puts the odd row at the end. 0 = does not fit.
 */
static inline int hem__out_size(int size, int kernel, int stride, hem__padding padding, int *before)
{
    *before = 0;
    if (padding == HEM__PAD_VALID)
        return kernel > size ? 0 : (size - kernel) / stride + 1;
    int n = (size + stride - 1) / stride;
    long long total = (long long)(n - 1) * stride + kernel - size;
    *before = total > 0 ? (int)(total / 2) : 0;
    return n;
}

#endif
