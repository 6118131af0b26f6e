/* Activations with a parameter, and those whose gradient needs their input: leaky_relu, elu, gelu,
 * silu, prelu, as functions.h and contract.h state them. The reference (reference_act.c) does the
 * same operations in the same order. */
#include "kernel/functions.h"
#include "kernel/vector.h"
#include "kernel/vector_exp.h"

#define EACH_VECTOR for (size_t i = 0; i < n; i += VL)

INLINE V v_hold(V x, float limit)
{
    x = v_select(x > v_all(limit), v_all(limit), x);
    return v_select(x < v_all(-limit), v_all(-limit), x);
}

/* exp(-a^2 / 2), t and its polynomial. */
INLINE V v_normal_tail(V a, V *t, V *polynomial)
{
    V z = v_all(1) / v_fma(v_all(HEM__MILLS_SCALE), a, v_all(1));
    HEM__MILLS_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    V h = a * a, c = (V)((I)a & ~0xFFF), b = a - c;
    V l = v_fma(b, b, v_fma(v_all(2) * c, b, v_fma(c, c, -h)));
    V e = v_exp(v_all(-0.5f) * h);
    *t = z;
    *polynomial = p;
    return v_fma(e, v_all(-0.5f) * l, e);
}

INLINE V v_gelu(V x)
{
    V a = v_abs(v_hold(x, HEM__GELU_END)), t, p, e = v_normal_tail(a, &t, &p);
    return v_where(~(I)(x < v_all(0)), x) - a * t * p * e;
}

INLINE V v_gelu_slope(V x)
{
    V c = v_hold(x, HEM__GELU_END), t, p, e = v_normal_tail(v_abs(c), &t, &p);
    V q = t * p * e;
    return v_select(x < v_all(0), q, v_all(1) - q) + c * v_all(HEM__INV_SQRT_2PI) * e;
}

INLINE V v_silu(V x)
{
    V c = v_select(x < v_all(-HEM__SILU_END), v_all(-HEM__SILU_END), x);
    return c * v_sigmoid(c);
}

INLINE V v_silu_slope(V x)
{
    V c = v_hold(x, HEM__SILU_END), e = v_exp(-v_abs(c)), one = v_all(1);
    I positive = c >= v_all(0);
    V s = v_select(positive, one, e) / (one + e), q = v_select(positive, e, one) / (one + e);
    return s * v_fma(c, q, one);
}

void TIER(hem__leaky_relu)(const float *x, float a, float *y, size_t n)
{
    V slope = v_all(a);
    EACH_VECTOR
    {
        V v = v_load(x + i);
        v_store(y + i, v_select(v > v_all(0), v, slope * v));
    }
}

void TIER(hem__leaky_relu_grad)(const float *y, float a, const float *dy, float *dx, size_t n)
{
    V slope = v_all(a);
    EACH_VECTOR
    {
        V d = v_load(dy + i);
        v_store(dx + i, v_select(v_load(y + i) > v_all(0), d, slope * d));
    }
}

void TIER(hem__elu)(const float *x, float a, float *y, size_t n)
{
    V alpha = v_all(a);
    EACH_VECTOR
    {
        V v = v_load(x + i);
        v_store(y + i, v_select(v > v_all(0), v, alpha * v_expm1(v)));
    }
}

void TIER(hem__elu_grad)(const float *y, float a, const float *dy, float *dx, size_t n)
{
    V alpha = v_all(a);
    EACH_VECTOR
    {
        V v = v_load(y + i), d = v_load(dy + i);
        v_store(dx + i, v_select(v > v_all(0), d, d * (v + alpha)));
    }
}

void TIER(hem__gelu)(const float *x, float a, float *y, size_t n)
{
    (void)a;
    EACH_VECTOR
    v_store(y + i, v_gelu(v_load(x + i)));
}

void TIER(hem__gelu_grad)(const float *x, float a, const float *dy, float *dx, size_t n)
{
    (void)a;
    EACH_VECTOR
    v_store(dx + i, v_load(dy + i) * v_gelu_slope(v_load(x + i)));
}

void TIER(hem__silu)(const float *x, float a, float *y, size_t n)
{
    (void)a;
    EACH_VECTOR
    v_store(y + i, v_silu(v_load(x + i)));
}

void TIER(hem__silu_grad)(const float *x, float a, const float *dy, float *dx, size_t n)
{
    (void)a;
    EACH_VECTOR
    v_store(dx + i, v_load(dy + i) * v_silu_slope(v_load(x + i)));
}

/* ---- prelu ------------------------------------------------------------------------------------
 */

void TIER(hem__prelu)(const float *x, const float *slope, int width, float *y, int n)
{
    for (int u = 0, c = 0; u < n; u++, c = c + 1 == width ? 0 : c + 1) {
        V s = v_all(slope[c]);
        for (size_t i = (size_t)u * HEM__LANES, lane = 0; lane < HEM__LANES; lane += VL, i += VL) {
            V v = v_load(x + i);
            v_store(y + i, v_select(v > v_all(0), v, s * v));
        }
    }
}

void TIER(hem__prelu_grad)(const float *x, const float *slope, int width, const float *dy,
                           float *dx, int n)
{
    for (int u = 0, c = 0; u < n; u++, c = c + 1 == width ? 0 : c + 1) {
        V s = v_all(slope[c]);
        for (size_t i = (size_t)u * HEM__LANES, lane = 0; lane < HEM__LANES; lane += VL, i += VL) {
            V d = v_load(dy + i);
            v_store(dx + i, v_select(v_load(x + i) > v_all(0), d, s * d));
        }
    }
}

/* The lanes of channel c, summed over its units. */
static void slope_lanes(const float *x, const float *dy, int width, int c, int n,
                        float lanes[HEM__LANES])
{
    for (size_t lane = 0; lane < HEM__LANES; lane += VL) {
        V sum = v_all(0);
        for (int u = c; u < n; u += width) {
            V v = v_load(x + (size_t)u * HEM__LANES + lane);
            V d = v_load(dy + (size_t)u * HEM__LANES + lane);
            sum = v_fma(v_where(~(I)(v > v_all(0)), v), d, sum);
        }
        v_store(lanes + lane, sum);
    }
}

void TIER(hem__prelu_slope_grad)(const float *x, const float *dy, int width, int c0, int c1,
                                 float *dslope, int n)
{
    for (int c = c0; c < c1; c += 4) {
        float rows[4 * HEM__LANES] = {0}, sums[4] = {0};
        int left = at_most(4, c1 - c);
        for (int i = 0; i < left; i++) {
            slope_lanes(x, dy, width, c + i, n, rows + i * HEM__LANES);
            sums[i] = dslope[c + i];
        }
        v_add_fold4(sums, rows);
        for (int i = 0; i < left; i++)
            dslope[c + i] = sums[i];
    }
}
