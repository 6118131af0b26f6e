/* log and log1p, as functions.h states them. */
#ifndef HEM_KERNEL_VECTOR_LOG_H
#define HEM_KERNEL_VECTOR_LOG_H

#include "kernel/vector_exp.h"

INLINE V v_log(V x)
{
    I exponent = (I)((U)x - u_all(HEM__SQRT_HALF_BITS)) >> 23;
    V e = __builtin_convertvector(exponent, V);
    V z = (V)((U)x - ((U)exponent << 23)) - v_all(1);
    HEM__LOG_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    V rest = v_fma(z * z * z, p, e * v_all(HEM__LN2_LOW));
    rest = v_fma(v_all(-0.5f), z * z, rest);
    return v_select(x == x, v_fma(e, v_all(HEM__LN2_HIGH), z + rest), x);
}

/* For 0 <= e <= 1. */
INLINE V v_log1p(V e)
{
    V u = v_all(1) + e, rest = u - v_all(1);
    return v_select(rest == v_all(0), e, v_log(u) * (e / rest));
}

#endif
