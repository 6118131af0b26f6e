/* One random case of each slot, in a file by subject; support_slots.c has the list of them all. */
#ifndef HEM_TESTS_KERNEL_SUPPORT_SLOTS_H
#define HEM_TESTS_KERNEL_SUPPORT_SLOTS_H

#include "support.h"

/* What they share. */
size_t blocks_of(int n); /* of HEM__BLOCK channels */
size_t padded(size_t n); /* to whole HEM__ALIGN */
int some_channels(test_case *c);
/* A range of 0..n, narrowed until `work` for each of its parts comes to about 60,000. */
void some_range(test_case *c, int n, double work, int *first, int *last);
/* Pooling whose windows all have a cell inside the image. */
hem__pool_shape some_pool(test_case *c, int C);

/* support_conv.c */
void one_conv(test_case *c);
void one_conv_wgrad(test_case *c);
void one_conv_wgrad_wide(test_case *c);
void one_conv_wgrad_narrow(test_case *c);
void one_conv_bgrad(test_case *c);
void one_winograd(test_case *c);
void one_winograd_wgrad(test_case *c);

/* support_dense.c */
void one_dense(test_case *c);
void one_dense_igrad(test_case *c);
void one_transpose(test_case *c);
void one_dense_wgrad(test_case *c);
void one_lane_sum(test_case *c);
void one_sgd(test_case *c);
void one_momentum(test_case *c);
void one_nesterov(test_case *c);
void one_adam(test_case *c);
void one_adamw(test_case *c);
void one_rmsprop(test_case *c);
void one_dense_sgd(test_case *c);
void one_dense_momentum(test_case *c);
void one_dense_nesterov(test_case *c);
void one_dense_adam(test_case *c);
void one_dense_adamw(test_case *c);
void one_dense_rmsprop(test_case *c);
void one_objective_grad(test_case *c);
void one_sum_squares(test_case *c);
void one_average(test_case *c);

/* support_act.c */
void one_relu(test_case *c);
void one_relu_grad(test_case *c);
void one_tanh(test_case *c);
void one_tanh_grad(test_case *c);
void one_sigmoid(test_case *c);
void one_sigmoid_grad(test_case *c);
void one_leaky_relu(test_case *c);
void one_leaky_relu_grad(test_case *c);
void one_elu(test_case *c);
void one_elu_grad(test_case *c);
void one_gelu(test_case *c);
void one_gelu_grad(test_case *c);
void one_silu(test_case *c);
void one_silu_grad(test_case *c);
void one_prelu(test_case *c);
void one_prelu_grad(test_case *c);
void one_prelu_slope_grad(test_case *c);
void one_softmax(test_case *c);
void one_softmax_grad(test_case *c);
void one_softmax_cross_entropy(test_case *c);
void one_softmax_squared_error(test_case *c);
void one_sigmoid_cross_entropy(test_case *c);
void one_sigmoid_squared_error(test_case *c);

/* support_pool.c */
void one_maxpool(test_case *c);
void one_avgpool(test_case *c);
void one_maxpool_grad(test_case *c);
void one_avgpool_grad(test_case *c);
void one_bytes(test_case *c);
void one_bytes_by_unit(test_case *c);
void one_bytes_by_image(test_case *c);
void one_single_bytes(test_case *c);
void one_dropout_mask(test_case *c);
void one_dropout(test_case *c);
void one_norm_sums(test_case *c);
void one_norm(test_case *c);
void one_norm_grad(test_case *c);
void one_add(test_case *c);
void one_peak(test_case *c);

#endif
