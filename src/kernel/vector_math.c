/* exp, log, tanh and sigmoid as functions.h states them, and what is made of them: activations and
 * softmax. The reference (reference_math.c) does the same operations in the same order. */
#include <string.h>

#include "kernel/functions.h"
#include "kernel/vector.h"
#include "kernel/vector_exp.h"

static const I LANE = LANE_NUMBERS;

INLINE V v_log(V x)
{
    I exponent = (I)((U)x - u_all(HEM__SQRT_HALF_BITS)) >> 23;
    V e = __builtin_convertvector(exponent, V), p = v_all(0);
    V z = (V)((U)x - ((U)exponent << 23)) - v_all(1);
    HEM__LOG_COEFFICIENTS(HORNER_STEP)
    V rest = v_fma(z * z * z, p, e * v_all(HEM__LN2_LOW));
    rest = v_fma(v_all(-0.5f), z * z, rest);
    return v_select(x == x, v_fma(e, v_all(HEM__LN2_HIGH), z + rest), x);
}

INLINE V v_tanh(V x)
{
    V a = v_abs(x), z = a * a, p = v_all(0);
    HEM__TANH_COEFFICIENTS(HORNER_STEP)
    V small = v_fma(a * z, p, a), e = v_exp(v_all(-2) * a);
    V large = (v_all(1) - e) / (v_all(1) + e);
    V result = v_select(a < v_all(HEM__TANH_SMALL), small, large);
    return (V)((I)v_abs(result) | ((I)x & ~0x7fffffff));
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

/* VL lanes of the loss. `labels` holds -1 where there is none; dz and loss are NULL without labels.
 * The exponentials wait in p, or in dz, for their sum. */
static void xent_lanes(const float *z, int C, const int32_t *labels, I real, float scale, float *p,
                       float *dz, float *loss, int32_t *predicted)
{
    V largest = v_load(z), sum = v_all(0), of_label = v_all(0);
    float *kept = p != NULL ? p : dz;
    I best = i_all(0), label;
    memcpy(&label, labels, sizeof label);
    for (int c = 0; c < C; c++) {
        V value = v_load(z + c * HEM__LANES);
        I better = value > largest;
        largest = v_max(value, largest);
        best = (better & i_all(c)) | (~better & best);
        of_label = v_select(label == i_all(c), value, of_label);
    }
    for (int c = 0; c < C; c++) {
        V e = v_exp(v_load(z + c * HEM__LANES) - largest);
        sum += e;
        if (kept != NULL)
            v_store(kept + c * HEM__LANES, e);
    }
    for (int c = 0; c < C && kept != NULL; c++) {
        V share = v_load(kept + c * HEM__LANES) / sum;
        V target = v_where(label == i_all(c), v_all(1));
        if (p != NULL)
            v_store(p + c * HEM__LANES, share);
        if (dz != NULL)
            v_store(dz + c * HEM__LANES, v_where(real, (share - target) * v_all(scale)));
    }
    if (loss != NULL)
        v_store(loss, v_where(real, v_log(sum) - (of_label - largest)));
    best = (real & best) | ~real;
    if (predicted != NULL)
        memcpy(predicted, &best, sizeof best);
}

void TIER(hem__softmax_xent)(const float *z, int C, const uint16_t *labels, int n, float scale,
                             float *p, float *dz, float *loss, int32_t *predicted)
{
    int32_t label[HEM__LANES];
    for (int l = 0; l < HEM__LANES; l++)
        label[l] = labels != NULL && l < n ? labels[l] : -1;
    if (labels == NULL)
        dz = loss = NULL;
    for (int lane = 0; lane < HEM__LANES; lane += VL) {
        I real = LANE + i_all(lane) < i_all(n);
        xent_lanes(z + lane, C, label + lane, real, scale, p != NULL ? p + lane : NULL,
                   dz != NULL ? dz + lane : NULL, loss != NULL ? loss + lane : NULL,
                   predicted != NULL ? predicted + lane : NULL);
    }
}
