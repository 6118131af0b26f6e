/* Constants of the optimizers' steps. */
#include "optim/optim.h"

#include <math.h>

int hem__optimizer_slots(hem__optimizer_kind kind)
{
    switch (kind) {
    case HEM__OPT_SGD:
        return 0;
    case HEM__OPT_MOMENTUM:
        return 1;
    case HEM__OPT_ADAM:
        return 2;
    }
    return 0;
}

/* base^n by squaring: a fixed order of roundings, where libm's pow may differ by machine. */
static double power(double base, uint64_t n)
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
    *out = (hem__update){.rate = (hem__real)rate};
    switch (spec->kind) {
    case HEM__OPT_SGD:
        break;
    case HEM__OPT_MOMENTUM:
        out->momentum = (hem__real)spec->momentum;
        out->gain = (hem__real)(1 - spec->dampening);
        break;
    case HEM__OPT_ADAM:
        out->rate =
            (hem__real)(rate * sqrt(1 - power(spec->beta2, step)) / (1 - power(spec->beta1, step)));
        out->beta1 = (hem__real)spec->beta1;
        out->beta2 = (hem__real)spec->beta2;
        out->gain1 = (hem__real)(1 - spec->beta1);
        out->gain2 = (hem__real)(1 - spec->beta2);
        out->epsilon = (hem__real)spec->epsilon;
        break;
    }
}
