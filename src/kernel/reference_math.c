/* Reference functions of numbers: exp, log, tanh, sigmoid, and what is made of them: activations
 * and softmax. In float they are the polynomials of functions.h; in double libm's, since the
 * gradient check wants accuracy and promises no bits. */
#include "kernel/reference.h"

#ifdef HEM_REAL_IS_DOUBLE

hem__real REF(exp)(hem__real x)
{
    return exp(x);
}

hem__real REF(log)(hem__real x)
{
    return log(x);
}

hem__real REF(log1p)(hem__real x)
{
    return log1p(x);
}

hem__real REF(tanh)(hem__real x)
{
    return tanh(x);
}

hem__real REF(expm1)(hem__real x)
{
    return expm1(x);
}

#else

#include <string.h>

#include "kernel/functions.h"

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#define HORNER_FIRST(coefficient) float p = coefficient;
#define HORNER_STEP(coefficient) p = fmaf(p, z, coefficient);

/* q and 2^n with exp(x) = (q + 1) * 2^n. */
static float exp_parts(float x, float *power)
{
    float t = fmaf(x, HEM__LOG2_E, HEM__ROUND), n = t - HEM__ROUND;
    float z = fmaf(n, -HEM__LN2_LOW, fmaf(n, -HEM__LN2_HIGH, x));
    HEM__EXP_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    *power = from_bits((to_bits(t) << 23) + to_bits(1.0f));
    return fmaf(z * z, p, z);
}

hem__real REF(exp)(hem__real x)
{
    float power, q = exp_parts(x, &power);
    return x < HEM__EXP_LIMIT ? 0 : (q + 1) * power;
}

hem__real REF(expm1)(hem__real x)
{
    float power, q = exp_parts(x, &power);
    return x < HEM__EXP_LIMIT ? -1 : fmaf(q, power, power - 1);
}

hem__real REF(log)(hem__real x)
{
    if (!(x == x))
        return x;
    uint32_t bits = to_bits(x);
    int32_t exponent = (int32_t)(bits - HEM__SQRT_HALF_BITS) >> 23;
    float e = (float)exponent, z = from_bits(bits - ((uint32_t)exponent << 23)) - 1;
    HEM__LOG_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    float rest = fmaf(-0.5f, z * z, fmaf(z * z * z, p, e * HEM__LN2_LOW));
    return fmaf(e, HEM__LN2_HIGH, z + rest);
}

hem__real REF(log1p)(hem__real x)
{
    float u = 1 + x, rest = u - 1;
    return rest == 0 ? x : REF(log)(u) * (x / rest);
}

hem__real REF(tanh)(hem__real x)
{
    float m = -2 * fabsf(x);
    m = m < HEM__TANH_END ? HEM__TANH_END : m;
    float t = fmaf(m, HEM__LOG2_E, HEM__ROUND), n = t - HEM__ROUND, z = fmaf(n, -HEM__LN2, m);
    HEM__EXP_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    float q = fmaf(z * z, p, z), power = from_bits((to_bits(t) << 23) + to_bits(1.0f));
    return copysignf(fmaf(-q, power, 1 - power) / fmaf(q, power, 1 + power), x);
}

#endif

hem__real REF(sigmoid)(hem__real x)
{
    hem__real e = REF(exp)(x >= 0 ? -x : x);
    return (x >= 0 ? 1 : e) / (1 + e);
}

void REF(relu)(const hem__real *x, hem__real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

void REF(relu_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 ? dy[i] : 0;
}

void REF(tanh_all)(const hem__real *x, hem__real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = REF(tanh)(x[i]);
}

void REF(tanh_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * HEM__FMA(-y[i], y[i], 1);
}

void REF(sigmoid_all)(const hem__real *x, hem__real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = REF(sigmoid)(x[i]);
}

void REF(sigmoid_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

/* Channel c of the pixel whose lane `pixel` points at, for a map of C x H x W: a block of channels
 * begins at the same pixel of its own plane. `pixel` counts pixels. */
static size_t channel_at(int C, int H, int W, size_t pixel, int c)
{
    return hem__cell(C, H, W, c / HEM__BLOCK, c % HEM__BLOCK, (int)(pixel / (size_t)W),
                     (int)(pixel % (size_t)W));
}

void REF(softmax)(const hem__real *x, hem__real *y, int C, int H, int W)
{
    for (size_t pixel = 0; pixel < (size_t)H * (size_t)W; pixel++) {
        for (size_t l = 0; l < HEM__LANES; l++) {
            hem__real largest = x[channel_at(C, H, W, pixel, 0) + l], sum = 0;
            for (int c = 1; c < C; c++) {
                hem__real value = x[channel_at(C, H, W, pixel, c) + l];
                largest = value > largest ? value : largest;
            }
            for (int c = 0; c < C; c++) {
                size_t at = channel_at(C, H, W, pixel, c) + l;
                y[at] = REF(exp)(x[at] - largest);
                sum += y[at];
            }
            for (int c = 0; c < C; c++)
                y[channel_at(C, H, W, pixel, c) + l] /= sum;
        }
    }
}

void REF(softmax_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, int C, int H, int W)
{
    for (size_t pixel = 0; pixel < (size_t)H * (size_t)W; pixel++) {
        for (size_t l = 0; l < HEM__LANES; l++) {
            hem__real t = 0;
            for (int c = 0; c < C; c++) {
                size_t at = channel_at(C, H, W, pixel, c) + l;
                t = HEM__FMA(y[at], dy[at], t);
            }
            for (int c = 0; c < C; c++) {
                size_t at = channel_at(C, H, W, pixel, c) + l;
                dx[at] = y[at] * (dy[at] - t);
            }
        }
    }
}
