/* The norm of a gradient, and clipping by it (Pascanu, Mikolov and Bengio, ICML 2013, algorithm 1,
 * over all weights at once; Keras's global_clipnorm).
 *
 * The order of its sum: the numbers of each tensor, as they are stored, in blocks of
 * HEM__NORM_BLOCK; each block by the kernel sum_squares; the blocks in order. Threads share out
 * blocks, so their number changes no bit. */
#include <math.h>

#include "net/plan_inside.h"

static size_t blocks_of(const hem__tensor *tensor)
{
    return tensor->frozen ? 0 : (tensor->stored + HEM__NORM_BLOCK - 1) / HEM__NORM_BLOCK;
}

size_t HEM__R(hem__norm_blocks)(const hem__graph *graph)
{
    size_t n = 0;
    for (int i = 0; i < graph->n_tensors; i++)
        n += blocks_of(&graph->tensors[i]);
    return n;
}

/* Block `b` of a tensor: its gradient of the objective, and the sum of its squares. */
static double square_block(const HEM__R(hem__plan) * plan, const HEM__R(hem__work) * work,
                           int tensor, size_t b)
{
    const hem__tensor *t = &plan->graph->tensors[tensor];
    size_t first = b * HEM__NORM_BLOCK, left = t->stored - first;
    size_t n = left < HEM__NORM_BLOCK ? left : HEM__NORM_BLOCK, at = t->offset + first;
    work->kernels->objective_grad(work->params + at, plan->grads + at, n, &work->updates[tensor]);
    return work->kernels->sum_squares(plan->grads + at, n);
}

bool HEM__R(hem__clip)(HEM__R(hem__plan) * plan, const HEM__R(hem__work) * work, hem__real *factor)
{
    size_t first, last, before = 0, n = HEM__R(hem__norm_blocks)(plan->graph);
    hem__share(n, work->thread, work->n_threads, &first, &last);
    for (int i = 0; i < plan->graph->n_tensors; i++) {
        size_t blocks = blocks_of(&plan->graph->tensors[i]);
        for (size_t b = 0; b < blocks; b++)
            if (before + b >= first && before + b < last)
                plan->squares[before + b] = square_block(plan, work, i, b);
        before += blocks;
    }
    if (plan->pool)
        hem__pool_barrier(plan->pool);
    double sum = 0;
    for (size_t b = 0; b < n; b++)
        sum += plan->squares[b];
    double norm = sqrt(sum);
    if (work->thread == 0)
        plan->norm = norm;
    *factor = norm > plan->options.clip ? (hem__real)(plan->options.clip / norm) : 1;
    return isfinite(norm);
}

double HEM__R(hem__plan_norm)(const HEM__R(hem__plan) * plan)
{
    return plan->norm;
}
