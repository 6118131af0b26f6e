/* Optimizers: the constants of one step. The arithmetic over weights is in the kernels. To add one:
 * its kind and key table in spec/, its update in the kernels' table, its constants here. */
#ifndef HEM_OPTIM_OPTIM_H
#define HEM_OPTIM_OPTIM_H

#include "kernel/contract.h"
#include "spec/spec.h"

/* Numbers kept for each weight. */
int hem__optimizer_slots(hem__optimizer_kind kind);

/* base^n by squaring: a fixed order of roundings, where libm's pow may differ by machine. */
double hem__power(double base, uint64_t n);

/* The constants of step `step` (from 1) at a learning rate. decay and l1 are left 0: they are the
 * tensor's;
 * shrink is for tensors that are decayed, to be set to 0 for the others.
 *   sgd       w -= rate h
 *   momentum  v = momentum v + (1 - dampening) h; w -= rate v
 *   nesterov  v as momentum's; w -= rate (h + momentum v), Sutskever et al., ICML 2013, in the form
 *             that looks ahead from the weights at hand, as PyTorch and Keras have it
 *   adam      m, v as in Kingma and Ba, ICLR 2015, in the form of their section 2's last paragraph,
 *             which Keras uses: rate_t = rate sqrt(1 - beta2^t) / (1 - beta1^t),
 *             w -= rate_t m / (sqrt(v) + epsilon)
 *   adamw     w -= rate weight_decay w, then Adam's step: Loshchilov and Hutter, ICLR 2019,
 *             algorithm 2, with the schedule's rate in both, as PyTorch and Keras have it
 *   rmsprop   v = rho v + (1 - rho) h^2; b = momentum b + rate h / sqrt(v + epsilon); w -= b:
 *             Tieleman and Hinton, 2012, lecture 6.5, in Keras 3's form (PyTorch adds epsilon to
 *             the root, and multiplies b with the rate of the day instead of h) */
void hem__optimizer_constants(const hem__optimizer_spec *spec, double rate, uint64_t step,
                              hem__update *out);

#endif
