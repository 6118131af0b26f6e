/* What a way to compute a convolution provides. To add one: its file beside conv_direct.c, a name
 * in hem__algorithm (graph.h), a line in the list of conv.c. The choice is a function of the shape
 * alone, since bits depend on it, and of the dense form the order of the weights in memory. */
#ifndef HEM_LAYER_CONV_ALGORITHM_H
#define HEM_LAYER_CONV_ALGORITHM_H

#include "layer/layer.h"

/* Functions as in hem__layer; all passes honour what the cell asks for (bias, relu, mask). */
typedef struct HEM__R(hem__conv_algorithm) {
    const char *name; /* on disk: in checkpoints and result.json */
    /* Of a pass over one image, the mean of all three, in multiply-adds of the direct algorithm's
     * speed; infinite where the algorithm is not for the shape. The lowest is taken, the first
     * among equals. */
    double (*cost)(const hem__conv_shape *shape);
    void (*reserve)(HEM__R(hem__cell) * cell, hem__arena *arena, int tiles, int n_threads,
                    bool training);
    void (*prepare)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work); /* not dense */
    void (*forward)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    /* NULL: not strip by strip. */
    void (*forward_rows)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work,
                         const HEM__R(hem__strip) * in, const HEM__R(hem__strip) * out);
    void (*input_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
    void (*weight_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);
} HEM__R(hem__conv_algorithm);

/* The bias gradient, the same for all but the dense form: adds the thread's share of the channels.
 * The direct algorithm has its own where it goes by tile. */
void HEM__R(hem__conv_bias_grad)(const HEM__R(hem__cell) * cell, const HEM__R(hem__work) * work);

extern const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_direct);
extern const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_winograd_2);
extern const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_winograd_4);
extern const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_fft);
extern const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_dense);

/* By hem__algorithm. */
extern const HEM__R(hem__conv_algorithm) *const HEM__R(hem__conv_algorithms)[HEM__N_ALGORITHMS];

#endif
