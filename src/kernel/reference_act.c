/* Reference activations with a parameter, and those whose gradient needs their input: leaky_relu,
 * elu, gelu, silu, prelu. In float gelu and silu are the formulas of functions.h; in double libm's,
 * since the gradient check wants accuracy and promises no bits. */
#include "kernel/reference.h"

#ifdef HEM_REAL_IS_DOUBLE

hem__real REF(gelu)(hem__real x)
{
    return 0.5 * x * erfc(-x * 0.70710678118654752440);
}

hem__real REF(gelu_slope)(hem__real x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440) + x * 0.39894228040143267794 * exp(-0.5 * x * x);
}

hem__real REF(silu)(hem__real x)
{
    return x * REF(sigmoid)(x);
}

hem__real REF(silu_slope)(hem__real x)
{
    hem__real s = REF(sigmoid)(x);
    return s * (1 + x * (1 - s));
}

#else

#include <string.h>

#include "kernel/functions.h"

#define HORNER_FIRST(coefficient) float p = coefficient;
#define HORNER_STEP(coefficient) p = fmaf(p, z, coefficient);

/* The last 12 bits 0: products of two such numbers are exact. */
static float cut(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0xFFFFF000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x within -limit..limit; NaN stays. */
static float hold(float x, float limit)
{
    x = x > limit ? limit : x;
    return x < -limit ? -limit : x;
}

/* exp(-a^2 / 2), t and its polynomial. */
static float normal_tail(float a, float *t, float *polynomial)
{
    float z = 1 / fmaf(HEM__MILLS_SCALE, a, 1);
    HEM__MILLS_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    float h = a * a, c = cut(a), b = a - c;
    float l = fmaf(b, b, fmaf(2 * c, b, fmaf(c, c, -h)));
    float e = REF(exp)(-0.5f * h);
    *t = z;
    *polynomial = p;
    return fmaf(e, -0.5f * l, e);
}

hem__real REF(gelu)(hem__real x)
{
    float a = fabsf(hold(x, HEM__GELU_END)), t, p, e = normal_tail(a, &t, &p);
    return (x < 0 ? 0 : x) - a * t * p * e;
}

hem__real REF(gelu_slope)(hem__real x)
{
    float c = hold(x, HEM__GELU_END), t, p, e = normal_tail(fabsf(c), &t, &p);
    float q = t * p * e;
    return (x < 0 ? q : 1 - q) + c * HEM__INV_SQRT_2PI * e;
}

hem__real REF(silu)(hem__real x)
{
    float c = x < -HEM__SILU_END ? -HEM__SILU_END : x;
    return c * REF(sigmoid)(c);
}

hem__real REF(silu_slope)(hem__real x)
{
    float c = hold(x, HEM__SILU_END), e = REF(exp)(-fabsf(c));
    float s = (c >= 0 ? 1 : e) / (1 + e), q = (c >= 0 ? e : 1) / (1 + e);
    return s * fmaf(c, q, 1);
}

#endif

void REF(leaky_relu)(const hem__real *x, hem__real a, hem__real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : a * x[i];
}

void REF(leaky_relu_grad)(const hem__real *y, hem__real a, const hem__real *dy, hem__real *dx,
                          size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 ? dy[i] : a * dy[i];
}

void REF(elu)(const hem__real *x, hem__real a, hem__real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : a * REF(expm1)(x[i]);
}

void REF(elu_grad)(const hem__real *y, hem__real a, const hem__real *dy, hem__real *dx, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 ? dy[i] : dy[i] * (y[i] + a);
}

void REF(gelu_all)(const hem__real *x, hem__real a, hem__real *y, size_t n)
{
    (void)a;
    for (size_t i = 0; i < n; i++)
        y[i] = REF(gelu)(x[i]);
}

void REF(gelu_grad)(const hem__real *x, hem__real a, const hem__real *dy, hem__real *dx, size_t n)
{
    (void)a;
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * REF(gelu_slope)(x[i]);
}

void REF(silu_all)(const hem__real *x, hem__real a, hem__real *y, size_t n)
{
    (void)a;
    for (size_t i = 0; i < n; i++)
        y[i] = REF(silu)(x[i]);
}

void REF(silu_grad)(const hem__real *x, hem__real a, const hem__real *dy, hem__real *dx, size_t n)
{
    (void)a;
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * REF(silu_slope)(x[i]);
}

void REF(prelu)(const hem__real *x, const hem__real *slope, int width, hem__real *y, int n)
{
    for (int u = 0; u < n; u++) {
        for (size_t i = (size_t)u * HEM__LANES, l = 0; l < HEM__LANES; l++, i++)
            y[i] = x[i] > 0 ? x[i] : slope[u % width] * x[i];
    }
}

void REF(prelu_grad)(const hem__real *x, const hem__real *slope, int width, const hem__real *dy,
                     hem__real *dx, int n)
{
    for (int u = 0; u < n; u++) {
        for (size_t i = (size_t)u * HEM__LANES, l = 0; l < HEM__LANES; l++, i++)
            dx[i] = x[i] > 0 ? dy[i] : slope[u % width] * dy[i];
    }
}

void REF(prelu_slope_grad)(const hem__real *x, const hem__real *dy, int width, int c0, int c1,
                           hem__real *dslope, int n)
{
    for (int c = c0; c < c1; c++) {
        hem__real lanes[HEM__LANES] = {0};
        for (int u = c; u < n; u += width) {
            for (size_t i = (size_t)u * HEM__LANES, l = 0; l < HEM__LANES; l++, i++)
                lanes[l] = HEM__FMA(x[i] > 0 ? 0 : x[i], dy[i], lanes[l]);
        }
        dslope[c] += hem__tree16(lanes);
    }
}
