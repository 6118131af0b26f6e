/* The kernels of one tier, one function a slot of contract.h, and what the files of the vector
 * source share. Compiled once a tier: every symbol that leaves a file carries the tier's name. */
#ifndef HEM_KERNEL_VECTOR_H
#define HEM_KERNEL_VECTOR_H

#include <stdbool.h>

#include "kernel/contract.h"
#include "kernel/repeat.h"
#include "kernel/simd.h"

INLINE int block_width(int C, int b)
{
    return C - HEM__BLOCK * b < HEM__BLOCK ? C - HEM__BLOCK * b : HEM__BLOCK;
}

INLINE int block_count(int C)
{
    return (C + HEM__BLOCK - 1) / HEM__BLOCK;
}

INLINE int at_least(int a, int b)
{
    return a > b ? a : b;
}

INLINE int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* a / b rounded down and up, for b > 0. */
INLINE int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

INLINE int ceil_div(int a, int b)
{
    return -floor_div(-a, b);
}

/* Outputs [*first, *last) of 0..n whose `size` taps all lie inside 0..length, where output o reads
 * from o * step - pad on. Empty ranges come back as first == last. */
INLINE void inside(int n, int step, int pad, int size, int length, int *first, int *last)
{
    int a = at_most(at_least(ceil_div(pad, step), 0), n);
    int b = at_most(floor_div(length - size + pad, step) + 1, n);
    *first = a;
    *last = at_least(a, b);
}

/* Taps [*first, *last) of 0..size that lie inside 0..length when tap 0 is at `start`. */
INLINE void clip(int start, int size, int length, int *first, int *last)
{
    *first = at_least(-start, 0);
    *last = at_least(at_most(length - start, size), *first);
}

void TIER(hem__conv)(const hem__conv_run *run, const float *x, const float *w, const float *bias,
                     int relu, const float *mask, float *y, int kb0, int kb1, int row0, int row1);
void TIER(hem__conv_wgrad)(const hem__conv_shape *shape, const float *x, const float *dy, float *dw,
                           int item0, int item1);
void TIER(hem__conv_bgrad)(const hem__conv_shape *shape, const float *dy, float *db, int kb0,
                           int kb1);
void TIER(hem__dense)(const hem__dense_run *run, const float *x, const float *w, const float *bias,
                      int relu, float *y, int o0, int o1);
void TIER(hem__dense_igrad)(const hem__dense_run *run, const float *dy, const float *w,
                            const float *mask, float *dx, int i0, int i1);
void TIER(hem__transpose)(const float *x, float *xt, size_t ld, int u0, int u1);
void TIER(hem__dense_wgrad)(const hem__dense_run *run, const float *dy, const float *xt,
                            size_t ld_xt, float *g, size_t ld_g, int accumulate, int o0, int o1,
                            int i0, int i1);
void TIER(hem__update_sgd)(float *w, const float *g, float *state, size_t n, const hem__update *u);
void TIER(hem__dense_update_sgd)(const hem__dense_run *run, const float *dy, const float *xt,
                                 size_t ld_xt, float *w, float *state, const hem__update *u, int o0,
                                 int o1);
void TIER(hem__update_momentum)(float *w, const float *g, float *state, size_t n,
                                const hem__update *u);
void TIER(hem__dense_update_momentum)(const hem__dense_run *run, const float *dy, const float *xt,
                                      size_t ld_xt, float *w, float *state, const hem__update *u,
                                      int o0, int o1);
void TIER(hem__update_nesterov)(float *w, const float *g, float *state, size_t n,
                                const hem__update *u);
void TIER(hem__dense_update_nesterov)(const hem__dense_run *run, const float *dy, const float *xt,
                                      size_t ld_xt, float *w, float *state, const hem__update *u,
                                      int o0, int o1);
void TIER(hem__update_adam)(float *w, const float *g, float *state, size_t n, const hem__update *u);
void TIER(hem__dense_update_adam)(const hem__dense_run *run, const float *dy, const float *xt,
                                  size_t ld_xt, float *w, float *state, const hem__update *u,
                                  int o0, int o1);
void TIER(hem__update_adamw)(float *w, const float *g, float *state, size_t n,
                             const hem__update *u);
void TIER(hem__dense_update_adamw)(const hem__dense_run *run, const float *dy, const float *xt,
                                   size_t ld_xt, float *w, float *state, const hem__update *u,
                                   int o0, int o1);
void TIER(hem__update_rmsprop)(float *w, const float *g, float *state, size_t n,
                               const hem__update *u);
void TIER(hem__dense_update_rmsprop)(const hem__dense_run *run, const float *dy, const float *xt,
                                     size_t ld_xt, float *w, float *state, const hem__update *u,
                                     int o0, int o1);
void TIER(hem__objective_grad)(const float *w, float *g, size_t n, const hem__update *u);
void TIER(hem__lane_sum)(const float *x, float *sum, int u0, int u1);
void TIER(hem__relu)(const float *x, float *y, size_t n);
void TIER(hem__relu_grad)(const float *y, const float *dy, float *dx, size_t n);
void TIER(hem__tanh)(const float *x, float *y, size_t n);
void TIER(hem__tanh_grad)(const float *y, const float *dy, float *dx, size_t n);
void TIER(hem__sigmoid)(const float *x, float *y, size_t n);
void TIER(hem__sigmoid_grad)(const float *y, const float *dy, float *dx, size_t n);
void TIER(hem__leaky_relu)(const float *x, float a, float *y, size_t n);
void TIER(hem__leaky_relu_grad)(const float *y, float a, const float *dy, float *dx, size_t n);
void TIER(hem__elu)(const float *x, float a, float *y, size_t n);
void TIER(hem__elu_grad)(const float *y, float a, const float *dy, float *dx, size_t n);
void TIER(hem__gelu)(const float *x, float a, float *y, size_t n);
void TIER(hem__gelu_grad)(const float *x, float a, const float *dy, float *dx, size_t n);
void TIER(hem__silu)(const float *x, float a, float *y, size_t n);
void TIER(hem__silu_grad)(const float *x, float a, const float *dy, float *dx, size_t n);
void TIER(hem__prelu)(const float *x, const float *slope, int width, float *y, int n);
void TIER(hem__prelu_grad)(const float *x, const float *slope, int width, const float *dy,
                           float *dx, int n);
void TIER(hem__prelu_slope_grad)(const float *x, const float *dy, int width, int c0, int c1,
                                 float *dslope, int n);
void TIER(hem__softmax)(const float *x, float *y, int C, int H, int W);
void TIER(hem__softmax_grad)(const float *y, const float *dy, float *dx, int C, int H, int W);
void TIER(hem__softmax_cross_entropy)(const hem__loss_run *run, const float *z, float *p, float *dz,
                                      float *loss, int32_t *predicted);
void TIER(hem__softmax_squared_error)(const hem__loss_run *run, const float *z, float *p, float *dz,
                                      float *loss, int32_t *predicted);
void TIER(hem__sigmoid_cross_entropy)(const hem__loss_run *run, const float *z, float *p, float *dz,
                                      float *loss, int32_t *predicted);
void TIER(hem__sigmoid_squared_error)(const hem__loss_run *run, const float *z, float *p, float *dz,
                                      float *loss, int32_t *predicted);
void TIER(hem__maxpool)(const hem__pool_shape *shape, const float *x, float *y, int b0, int b1,
                        int p0, int p1);
void TIER(hem__avgpool)(const hem__pool_shape *shape, const float *x, float *y, int b0, int b1,
                        int p0, int p1);
void TIER(hem__maxpool_grad)(const hem__pool_shape *shape, const float *x, const float *y,
                             const float *dy, int relu, float *dx, int b0, int b1);
void TIER(hem__avgpool_grad)(const hem__pool_shape *shape, const float *x, const float *dy,
                             int relu, float *dx, int b0, int b1);
void TIER(hem__bytes)(const uint8_t *const *images, const hem__values *values, size_t u0, size_t n,
                      float *y);
void TIER(hem__bytes_by_unit)(const uint8_t *const *images, const float *mean, const float *factor,
                              size_t u0, size_t n, float *y);
void TIER(hem__bytes_by_image)(const uint8_t *const *images, const float *mean, const float *factor,
                               size_t u0, size_t n, float *y);
void TIER(hem__single_bytes)(const uint8_t *image, const hem__values *values, size_t n, float *y);
void TIER(hem__dropout_mask)(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                             const uint32_t place[HEM__LANES], uint32_t threshold, int u0, int u1,
                             uint16_t *mask);
void TIER(hem__dropout)(const float *x, const uint16_t *mask, float scale, float *y, int u0,
                        int u1);
void TIER(hem__norm_sums)(const float *a, const float *x, int C, int pixels, int n, double *sums,
                          int c0, int c1);
void TIER(hem__norm)(const float *x, int C, int pixels, const hem__norm *by_channel, int relu,
                     float *y, int c0, int c1);
void TIER(hem__norm_grad)(const float *x, const float *dy, int C, int pixels, int n,
                          const hem__norm *by_channel, float *dx, int c0, int c1);
void TIER(hem__winograd)(const hem__conv_shape *s, int m, const float *x, const float *u,
                         const float *bias, int relu, const float *mask, float *y, float *scratch,
                         int p0, int p1);
void TIER(hem__winograd_wgrad)(const hem__conv_shape *s, int m, const float *x, const float *dy,
                               float *g, float *scratch, int row0, int row1, int panel0,
                               int panel1);
void TIER(hem__single_dense)(int n_in, int n_out, const float *x, const float *w, const float *bias,
                             int relu, float *y);
void TIER(hem__single_conv)(const hem__conv_shape *shape, const float *x, const float *w,
                            const float *bias, int relu, float *y);
void TIER(hem__single_maxpool)(const hem__pool_shape *shape, const float *x, float *y);
void TIER(hem__single_avgpool)(const hem__pool_shape *shape, const float *x, float *y);
void TIER(hem__single_softmax)(const float *x, float *y, int C, int pixels);
void TIER(hem__single_prelu)(const float *x, const float *slope, int C, int pixels, float *y);
void TIER(hem__single_norm)(const float *x, const float *mean, const float *scale,
                            const float *shift, int C, int pixels, float *y);
void TIER(hem__fft)(const hem__fft *f, const float *x, int rows, int cols, size_t step, float *s,
                    const hem__fft_layout *at);
void TIER(hem__fft_back)(const hem__fft *f, const float *s, const hem__fft_layout *at,
                         const hem__fft_window *window, float bias, int relu, const float *mask,
                         float *y);
void TIER(hem__fft_product)(const hem__fft_product *p, const float *a, const float *x, float *y);
void TIER(hem__fft_wgrad)(const hem__fft_wgrad *p, const float *x, const float *dy, float *dw);

#endif
