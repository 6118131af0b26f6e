/* Schedules: the learning rate as a pure function of the step, so that a resumed run goes on in it.
 *
 * With S steps an epoch, the first W = ceil(warmup S) steps warm up: rate (s + 1) / W. Then, with
 * t = s - W, e = t / S rounded down and T = epochs S steps of the schedule (without epochs of its
 * own: all that are left):
 *   exponential  rate factor^(e < hold ? 0 : e - hold + 1): what Keras's LearningRateScheduler does
 *                with "epoch < hold ? rate : rate * factor"
 *   step         rate factor^(e / every, rounded down)
 *   linear       rate (1 + (end - 1) t / T)
 *   cosine       rate (end + (1 - end) (1 + cos(pi t / T)) / 2): Loshchilov and Hutter, ICLR 2017,
 *                eq. 5, without restarts
 *   one_cycle    from rate / start_divisor along a cosine to rate at t = warm T - 1, then to
 *                rate / start_divisor / end_divisor at t = T - 1: Smith, 2018, as PyTorch has it */
#ifndef HEM_OPTIM_SCHEDULE_H
#define HEM_OPTIM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "spec/spec.h"

/* The learning rate of step `step`, counted from 0 over all epochs. Steps after the schedule's end
 * keep its last rate. */
double hem__schedule_rate(const hem__train_spec *train, uint64_t step, size_t steps_per_epoch);
/* Whether another number of train.epochs would have changed the rates of earlier epochs. */
bool hem__schedule_needs_epochs(const hem__train_spec *train);
/* cos(pi x) for x in [0, 1] without libm, within 1e-15. */
double hem__cos_pi(double x);

#endif
