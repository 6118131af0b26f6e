/* Optimizers: the constants of one step. The arithmetic over weights is in the kernels. To add one:
 * its kind and key table in spec/, its update in the kernels' table, its constants here. */
#ifndef HEM_OPTIM_OPTIM_H
#define HEM_OPTIM_OPTIM_H

#include "kernel/contract.h"
#include "spec/spec.h"

/* Numbers kept for each weight. */
int hem__optimizer_slots(hem__optimizer_kind kind);

/* The constants of step `step` (from 1) at a learning rate. decay and l1 are left 0: they are the
 * tensor's. sgd       w -= rate h momentum  v = momentum v + (1 - dampening) h; w -= rate v adam m,
 * v as in Kingma and Ba, ICLR 2015, in the form of their section 2's last paragraph, which Keras
 * uses: rate_t = rate sqrt(1 - beta2^t) / (1 - beta1^t), w -= rate_t m / (sqrt(v) + epsilon) */
void hem__optimizer_constants(const hem__optimizer_spec *spec, double rate, uint64_t step,
                              hem__update *out);

#endif
