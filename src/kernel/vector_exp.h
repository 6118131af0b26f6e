/* exp, and what the files of the vector source share of it, as functions.h states them. */
#ifndef HEM_KERNEL_VECTOR_EXP_H
#define HEM_KERNEL_VECTOR_EXP_H

#include "kernel/functions.h"
#include "kernel/simd.h"

#define HORNER_FIRST(coefficient) V p = v_all(coefficient);
#define HORNER_STEP(coefficient) p = v_fma(p, z, v_all(coefficient));

/* q and 2^n with exp(x) = (q + 1) * 2^n. */
INLINE V v_exp_parts(V x, V *power)
{
    V t = v_fma(x, v_all(HEM__LOG2_E), v_all(HEM__ROUND)), n = t - v_all(HEM__ROUND);
    V z = v_fma(n, v_all(-HEM__LN2_HIGH), x);
    z = v_fma(n, v_all(-HEM__LN2_LOW), z);
    HEM__EXP_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    *power = (V)(((U)t << 23) + (U)v_all(1));
    return v_fma(z * z, p, z);
}

INLINE V v_exp(V x)
{
    V power, q = v_exp_parts(x, &power);
    return v_where(~(I)(x < v_all(HEM__EXP_LIMIT)), (q + v_all(1)) * power);
}

INLINE V v_expm1(V x)
{
    V power, q = v_exp_parts(x, &power);
    return v_select(x < v_all(HEM__EXP_LIMIT), v_all(-1), v_fma(q, power, power - v_all(1)));
}

INLINE V v_sigmoid(V x)
{
    I positive = x >= v_all(0);
    V e = v_exp(-v_abs(x));
    return v_select(positive, v_all(1), e) / (v_all(1) + e);
}

#endif
