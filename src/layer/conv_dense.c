/* A convolution whose kernel covers the whole map, so that each filter has one output: a dense
 * layer over the map as it lies in memory, its weights in that order too. Output and input gradient
 * are the direct algorithm's to the bit. The weight gradient is not: a dense layer's, over the
 * images in order; the direct one would fold 16 images into one number for every single product. */
#include <math.h>

#include "layer/conv_algorithm.h"

static double cost(const hem__conv_shape *s)
{
    bool covers =
        s->P == 1 && s->Q == 1 && s->R == s->H && s->S == s->W && s->pad_y == 0 && s->pad_x == 0;
    /* by measurement of 16 -> 120 5 x 5 and 32 -> 32 7 x 7, when weights were still packed */
    return covers ? 0.4 * (double)hem__conv_useful_macs(s) : HUGE_VAL;
}

const HEM__R(hem__conv_algorithm)
    HEM__R(hem__conv_dense) = {.name = "dense",
                               .cost = cost,
                               .reserve = HEM__R(hem__dense_reserve),
                               .forward = HEM__R(hem__dense_forward),
                               .input_grad = HEM__R(hem__dense_input_grad),
                               .weight_grad = HEM__R(hem__dense_weight_grad)};
