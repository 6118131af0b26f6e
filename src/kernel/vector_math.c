/* tanh as functions.h states it, and what is made of it and of exp: activations and softmax. The
 * reference (reference_math.c) does the same operations in the same order. */
#include "kernel/functions.h"
#include "kernel/vector.h"
#include "kernel/vector_exp.h"

INLINE V v_tanh(V x)
{
    const I sign = i_all(INT32_MIN);
    V m = v_max(v_all(HEM__TANH_END), (V)((I)(x + x) | sign)), one = v_all(1);
    V t = v_fma(m, v_all(HEM__LOG2_E), v_all(HEM__ROUND)), n = t - v_all(HEM__ROUND);
    V z = v_fma(n, v_all(-HEM__LN2), m);
    HEM__EXP_COEFFICIENTS(HORNER_FIRST, HORNER_STEP)
    V q = v_fma(z * z, p, z), power = (V)(((U)t << 23) + (U)one);
    V result = v_fma(-q, power, one - power) / v_fma(q, power, one + power);
    return (V)((I)result | ((I)x & sign));
}

/* ---- activations ----------------------------------------------------------------------------- */

#define EACH_VECTOR for (size_t i = 0; i < n; i += VL)

void TIER(hem__relu)(const float *x, float *y, size_t n)
{
    EACH_VECTOR
    v_store(y + i, v_max(v_load(x + i), v_all(0)));
}

void TIER(hem__relu_grad)(const float *y, const float *dy, float *dx, size_t n)
{
    EACH_VECTOR
    v_store(dx + i, v_where(v_load(y + i) > v_all(0), v_load(dy + i)));
}

void TIER(hem__tanh)(const float *x, float *y, size_t n)
{
    EACH_VECTOR
    v_store(y + i, v_tanh(v_load(x + i)));
}

void TIER(hem__tanh_grad)(const float *y, const float *dy, float *dx, size_t n)
{
    EACH_VECTOR
    {
        V a = v_load(y + i);
        v_store(dx + i, v_load(dy + i) * v_fma(-a, a, v_all(1)));
    }
}

void TIER(hem__sigmoid)(const float *x, float *y, size_t n)
{
    EACH_VECTOR
    v_store(y + i, v_sigmoid(v_load(x + i)));
}

void TIER(hem__sigmoid_grad)(const float *y, const float *dy, float *dx, size_t n)
{
    EACH_VECTOR
    {
        V a = v_load(y + i);
        v_store(dx + i, v_load(dy + i) * (a * (v_all(1) - a)));
    }
}

/* ---- softmax --------------------------------------------------------------------------------- */

/* Where the lanes of channel c begin at one pixel of a map of C channels. */
typedef struct pixel {
    int C;
    size_t number, pixels; /* this pixel, and how many a map has */
} pixel;

INLINE size_t channel(const pixel *at, int c)
{
    int b = c / HEM__BLOCK;
    size_t cell = at->number * (size_t)block_width(at->C, b) + (size_t)(c % HEM__BLOCK);
    return ((size_t)(b * HEM__BLOCK) * at->pixels + cell) * HEM__LANES;
}

/* VL lanes of one pixel. */
static void softmax_lanes(const pixel *at, const float *x, float *y)
{
    V largest = v_load(x + channel(at, 0)), sum = v_all(0);
    for (int c = 1; c < at->C; c++)
        largest = v_max(v_load(x + channel(at, c)), largest);
    for (int c = 0; c < at->C; c++) {
        V e = v_exp(v_load(x + channel(at, c)) - largest);
        v_store(y + channel(at, c), e);
        sum += e;
    }
    for (int c = 0; c < at->C; c++)
        v_store(y + channel(at, c), v_load(y + channel(at, c)) / sum);
}

void TIER(hem__softmax)(const float *x, float *y, int C, int H, int W)
{
    pixel at = {.C = C, .pixels = (size_t)H * (size_t)W};
    for (at.number = 0; at.number < at.pixels; at.number++) {
        for (size_t lane = 0; lane < HEM__LANES; lane += VL)
            softmax_lanes(&at, x + lane, y + lane);
    }
}

static void softmax_grad_lanes(const pixel *at, const float *y, const float *dy, float *dx)
{
    V t = v_all(0);
    for (int c = 0; c < at->C; c++)
        t = v_fma(v_load(y + channel(at, c)), v_load(dy + channel(at, c)), t);
    for (int c = 0; c < at->C; c++) {
        size_t i = channel(at, c);
        v_store(dx + i, v_load(y + i) * (v_load(dy + i) - t));
    }
}

void TIER(hem__softmax_grad)(const float *y, const float *dy, float *dx, int C, int H, int W)
{
    pixel at = {.C = C, .pixels = (size_t)H * (size_t)W};
    for (at.number = 0; at.number < at.pixels; at.number++) {
        for (size_t lane = 0; lane < HEM__LANES; lane += VL)
            softmax_grad_lanes(&at, y + lane, dy + lane, dx + lane);
    }
}
