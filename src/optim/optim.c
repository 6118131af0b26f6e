/* Constants of the optimizers' steps. */
#include "optim/optim.h"

#include <math.h>

int hem__optimizer_slots(hem__optimizer_kind kind)
{
    switch (kind) {
    case HEM__OPT_SGD:
        return 0;
    case HEM__OPT_MOMENTUM:
    case HEM__OPT_NESTEROV:
        return 1;
    case HEM__OPT_ADAM:
    case HEM__OPT_ADAMW:
    case HEM__OPT_RMSPROP:
        return 2;
    }
    return 0;
}

double hem__power(double base, uint64_t n)
{
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1)
            result *= base;
    return result;
}

void hem__optimizer_constants(const hem__optimizer_spec *spec, double rate, uint64_t step,
                              hem__update *out)
{
    *out = (hem__update){.rate = (hem__real)rate,
                         .momentum = (hem__real)spec->momentum,
                         .gain = (hem__real)(1 - spec->dampening),
                         .epsilon = (hem__real)spec->epsilon};
    switch (spec->kind) {
    case HEM__OPT_SGD:
    case HEM__OPT_MOMENTUM:
    case HEM__OPT_NESTEROV:
        break;
    case HEM__OPT_ADAM:
    case HEM__OPT_ADAMW:
        out->rate = (hem__real)(rate * sqrt(1 - hem__power(spec->beta2, step)) /
                                (1 - hem__power(spec->beta1, step)));
        out->beta1 = (hem__real)spec->beta1;
        out->beta2 = (hem__real)spec->beta2;
        out->gain1 = (hem__real)(1 - spec->beta1);
        out->gain2 = (hem__real)(1 - spec->beta2);
        out->shrink = (hem__real)(rate * spec->weight_decay);
        break;
    case HEM__OPT_RMSPROP:
        out->beta2 = (hem__real)spec->rho;
        out->gain2 = (hem__real)(1 - spec->rho);
        break;
    }
}
