/* The reference kernels: contract.h in plain C, one function a slot, in the numbers of this
 * compilation (real.h). Also the parts that they share. */
#ifndef HEM_KERNEL_REFERENCE_H
#define HEM_KERNEL_REFERENCE_H

#include <math.h>
#include <stdbool.h>

#include "kernel/contract.h"

#define REF(name) HEM__R(hem__##name##_ref)

/* Multiply-add. In float one rounding, as the contract promises: fmaf is exact on every machine.
 * In double the reference serves the gradient check alone, which bits do not matter to; there the
 * two roundings let the compiler use vectors. */
#ifdef HEM_REAL_IS_DOUBLE
#define HEM__FMA(a, b, c) ((a) * (b) + (c))
#define HEM__SQRT(x) sqrt(x)
#else
#define HEM__FMA(a, b, c) fmaf(a, b, c)
#define HEM__SQRT(x) sqrtf(x)
#endif

/* Channels in block b of a map of C channels. */
static inline int hem__block_width(int C, int b)
{
    return C - HEM__BLOCK * b < HEM__BLOCK ? C - HEM__BLOCK * b : HEM__BLOCK;
}

static inline int hem__block_count(int C)
{
    return (C + HEM__BLOCK - 1) / HEM__BLOCK;
}

/* First number of channel c of block b at pixel (row, column) of a map of C x H x W. */
static inline size_t hem__cell(int C, int H, int W, int b, int c, int row, int column)
{
    size_t width = (size_t)hem__block_width(C, b);
    size_t pixel = (size_t)row * (size_t)W + (size_t)column;
    size_t before = (size_t)HEM__BLOCK * (size_t)b * (size_t)H * (size_t)W;
    return (before + pixel * width + (size_t)c) * HEM__LANES;
}

static inline hem__real hem__tree16(const hem__real v[HEM__LANES])
{
    hem__real s[8];
    for (int l = 0; l < 8; l++)
        s[l] = v[l] + v[l + 8];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

static inline double hem__tree16_double(const double v[HEM__LANES])
{
    double s[8];
    for (int l = 0; l < 8; l++)
        s[l] = v[l] + v[l + 8];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

/* exp for x <= 0, and the functions made of it (reference_math.c). */
hem__real REF(exp)(hem__real x);
hem__real REF(log)(hem__real x);
hem__real REF(tanh)(hem__real x);
hem__real REF(sigmoid)(hem__real x);
hem__real REF(expm1)(hem__real x); /* also for x <= 0 */
/* gelu and silu, and their derivatives (reference_act.c). */
hem__real REF(gelu)(hem__real x);
hem__real REF(gelu_slope)(hem__real x);
hem__real REF(silu)(hem__real x);
hem__real REF(silu_slope)(hem__real x);
hem__real REF(log1p)(hem__real x); /* 0 <= x <= 1 */

void REF(conv)(const hem__conv_run *run, const hem__real *x, const hem__real *w,
               const hem__real *bias, int relu, const hem__real *mask, hem__real *y, int kb0,
               int kb1, int row0, int row1);
void REF(conv_wgrad)(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy,
                     hem__real *dw, int item0, int item1);
void REF(conv_bgrad)(const hem__conv_shape *shape, const hem__real *dy, hem__real *db, int kb0,
                     int kb1);
void REF(dense)(const hem__dense_run *run, const hem__real *x, const hem__real *w,
                const hem__real *bias, int relu, hem__real *y, int o0, int o1);
void REF(dense_igrad)(const hem__dense_run *run, const hem__real *dy, const hem__real *w,
                      const hem__real *mask, hem__real *dx, int i0, int i1);
void REF(transpose)(const hem__real *x, hem__real *xt, size_t ld, int u0, int u1);
void REF(dense_wgrad)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                      size_t ld_xt, hem__real *g, size_t ld_g, int accumulate, int o0, int o1,
                      int i0, int i1);
void REF(lane_sum)(const hem__real *x, hem__real *sum, int u0, int u1);
void REF(dense_update_sgd)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                           size_t ld_xt, hem__real *w, hem__real *state, const hem__update *u,
                           int o0, int o1);
void REF(dense_update_momentum)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                                size_t ld_xt, hem__real *w, hem__real *state, const hem__update *u,
                                int o0, int o1);
void REF(dense_update_nesterov)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                                size_t ld_xt, hem__real *w, hem__real *state, const hem__update *u,
                                int o0, int o1);
void REF(dense_update_adam)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                            size_t ld_xt, hem__real *w, hem__real *state, const hem__update *u,
                            int o0, int o1);
void REF(dense_update_adamw)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                             size_t ld_xt, hem__real *w, hem__real *state, const hem__update *u,
                             int o0, int o1);
void REF(dense_update_rmsprop)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                               size_t ld_xt, hem__real *w, hem__real *state, const hem__update *u,
                               int o0, int o1);
void REF(update_sgd)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                     const hem__update *u);
void REF(update_momentum)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                          const hem__update *u);
void REF(update_nesterov)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                          const hem__update *u);
void REF(update_adam)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                      const hem__update *u);
void REF(update_adamw)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                       const hem__update *u);
void REF(update_rmsprop)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                         const hem__update *u);
void REF(objective_grad)(const hem__real *w, hem__real *g, size_t n, const hem__update *u);
double REF(sum_squares)(const hem__real *g, size_t n);
void REF(average)(hem__real *a, const hem__real *w, size_t n, hem__real gain);
void REF(relu)(const hem__real *x, hem__real *y, size_t n);
void REF(relu_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, size_t n);
void REF(tanh_all)(const hem__real *x, hem__real *y, size_t n);
void REF(tanh_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, size_t n);
void REF(sigmoid_all)(const hem__real *x, hem__real *y, size_t n);
void REF(sigmoid_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, size_t n);
void REF(leaky_relu)(const hem__real *x, hem__real a, hem__real *y, size_t n);
void REF(leaky_relu_grad)(const hem__real *y, hem__real a, const hem__real *dy, hem__real *dx,
                          size_t n);
void REF(elu)(const hem__real *x, hem__real a, hem__real *y, size_t n);
void REF(elu_grad)(const hem__real *y, hem__real a, const hem__real *dy, hem__real *dx, size_t n);
void REF(gelu_all)(const hem__real *x, hem__real a, hem__real *y, size_t n);
void REF(gelu_grad)(const hem__real *x, hem__real a, const hem__real *dy, hem__real *dx, size_t n);
void REF(silu_all)(const hem__real *x, hem__real a, hem__real *y, size_t n);
void REF(silu_grad)(const hem__real *x, hem__real a, const hem__real *dy, hem__real *dx, size_t n);
void REF(prelu)(const hem__real *x, const hem__real *slope, int width, hem__real *y, int n);
void REF(prelu_grad)(const hem__real *x, const hem__real *slope, int width, const hem__real *dy,
                     hem__real *dx, int n);
void REF(prelu_slope_grad)(const hem__real *x, const hem__real *dy, int width, int c0, int c1,
                           hem__real *dslope, int n);
void REF(softmax)(const hem__real *x, hem__real *y, int C, int H, int W);
void REF(softmax_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, int C, int H, int W);
void REF(softmax_cross_entropy)(const hem__loss_run *run, const hem__real *z, hem__real *p,
                                hem__real *dz, hem__real *loss, int32_t *predicted);
void REF(softmax_squared_error)(const hem__loss_run *run, const hem__real *z, hem__real *p,
                                hem__real *dz, hem__real *loss, int32_t *predicted);
void REF(sigmoid_cross_entropy)(const hem__loss_run *run, const hem__real *z, hem__real *p,
                                hem__real *dz, hem__real *loss, int32_t *predicted);
void REF(sigmoid_squared_error)(const hem__loss_run *run, const hem__real *z, hem__real *p,
                                hem__real *dz, hem__real *loss, int32_t *predicted);
void REF(maxpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                  int p0, int p1);
void REF(avgpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                  int p0, int p1);
void REF(maxpool_grad)(const hem__pool_shape *shape, const hem__real *x, const hem__real *y,
                       const hem__real *dy, int relu, hem__real *dx, int b0, int b1);
void REF(avgpool_grad)(const hem__pool_shape *shape, const hem__real *x, const hem__real *dy,
                       int relu, hem__real *dx, int b0, int b1);
void REF(bytes)(const uint8_t *const *images, const hem__values *values, size_t u0, size_t n,
                hem__real *y);
void REF(bytes_by_unit)(const uint8_t *const *images, const hem__real *mean,
                        const hem__real *factor, size_t u0, size_t n, hem__real *y);
void REF(bytes_by_image)(const uint8_t *const *images, const hem__real *mean,
                         const hem__real *factor, size_t u0, size_t n, hem__real *y);
void REF(single_bytes)(const uint8_t *image, const hem__values *values, size_t n, hem__real *y);
void REF(dropout_mask)(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                       const uint32_t place[HEM__LANES], uint32_t threshold, int u0, int u1,
                       uint16_t *mask);
void REF(dropout)(const hem__real *x, const uint16_t *mask, hem__real scale, hem__real *y, int u0,
                  int u1);
void REF(norm_sums)(const hem__real *a, const hem__real *x, int C, int pixels, int n, double *sums,
                    int c0, int c1);
void REF(norm)(const hem__real *x, int C, int pixels, const hem__norm *by_channel, int relu,
               hem__real *y, int c0, int c1);
void REF(norm_grad)(const hem__real *x, const hem__real *dy, int C, int pixels, int n,
                    const hem__norm *by_channel, hem__real *dx, int c0, int c1);
void REF(winograd)(const hem__conv_shape *shape, int m, const hem__real *x, const hem__real *u,
                   const hem__real *bias, int relu, const hem__real *mask, hem__real *y,
                   hem__real *scratch, int p0, int p1);
void REF(winograd_wgrad)(const hem__conv_shape *shape, int m, const hem__real *x,
                         const hem__real *dy, hem__real *g, hem__real *scratch, int row0, int row1,
                         int panel0, int panel1);
void REF(add)(hem__real *y, const hem__real *x, size_t n);
double REF(peak)(size_t rounds);
void REF(single_dense)(int n_in, int n_out, const hem__real *x, const hem__real *w,
                       const hem__real *bias, int relu, hem__real *y);
void REF(single_conv)(const hem__conv_shape *shape, const hem__real *x, const hem__real *w,
                      const hem__real *bias, int relu, hem__real *y);
void REF(single_maxpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y);
void REF(single_avgpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y);
void REF(single_softmax)(const hem__real *x, hem__real *y, int C, int pixels);
void REF(single_prelu)(const hem__real *x, const hem__real *slope, int C, int pixels, hem__real *y);
void REF(single_norm)(const hem__real *x, const hem__real *mean, const hem__real *scale,
                      const hem__real *shift, int C, int pixels, hem__real *y);
void REF(fft)(const hem__fft *f, const hem__real *x, int rows, int cols, size_t step, hem__real *s,
              const hem__fft_layout *at);
void REF(fft_back)(const hem__fft *f, const hem__real *s, const hem__fft_layout *at,
                   const hem__fft_window *window, hem__real bias, int relu, const hem__real *mask,
                   hem__real *y);
void REF(fft_product)(const hem__fft_product *p, const hem__real *a, const hem__real *x,
                      hem__real *y);
void REF(fft_wgrad)(const hem__fft_wgrad *p, const hem__real *x, const hem__real *dy,
                    hem__real *dw);

#endif
