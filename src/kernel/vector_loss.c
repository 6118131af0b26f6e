/* The losses of contract.h with the softmax or sigmoid before them. The reference
 * (reference_loss.c) does the same operations in the same order. */
#include <string.h>

#include "kernel/vector.h"
#include "kernel/vector_log.h"

static const I LANE = LANE_NUMBERS;

/* VL lanes of a tile. Outputs that nobody wants are NULL. */
typedef struct lanes {
    int C;
    V on, off, scale;
    I label, real; /* label -1: none; real: all ones where there is an image */
    float *p, *dz, *loss;
    int32_t *predicted;
} lanes;

typedef void (*lanes_fn)(const lanes *at, const float *z);

/* Cuts a tile into vectors. Called with a constant function, which it takes in. */
INLINE void each_vector(lanes_fn fn, const hem__loss_run *run, const float *z, float *p, float *dz,
                        float *loss, int32_t *predicted)
{
    int32_t labels[HEM__LANES];
    for (int l = 0; l < HEM__LANES; l++)
        labels[l] = run->labels != NULL && l < run->n ? run->labels[l] : -1;
    if (run->labels == NULL)
        dz = loss = NULL;
    for (int lane = 0; lane < HEM__LANES; lane += VL) {
        lanes at = {.C = run->C,
                    .on = v_all(run->on),
                    .off = v_all(run->off),
                    .scale = v_all(run->scale),
                    .real = LANE + i_all(lane) < i_all(run->n),
                    .p = p != NULL ? p + lane : NULL,
                    .dz = dz != NULL ? dz + lane : NULL,
                    .loss = loss != NULL ? loss + lane : NULL,
                    .predicted = predicted != NULL ? predicted + lane : NULL};
        memcpy(&at.label, labels + lane, sizeof at.label);
        fn(&at, z + lane);
    }
}

INLINE V target_of(const lanes *at, int c)
{
    return v_select(at->label == i_all(c), at->on, at->off);
}

/* Notes class c where `value` is the largest so far. */
INLINE void note_best(V value, int c, V *largest, I *best)
{
    I better = value > *largest;
    *largest = v_max(value, *largest);
    *best = (better & i_all(c)) | (~better & *best);
}

INLINE void put_output(const lanes *at, int c, V p)
{
    if (at->p != NULL)
        v_store(at->p + c * HEM__LANES, p);
}

INLINE void put_gradient(const lanes *at, int c, V g)
{
    if (at->dz != NULL)
        v_store(at->dz + c * HEM__LANES, v_where(at->real, g * at->scale));
}

INLINE void put_results(const lanes *at, V loss, I best)
{
    if (at->loss != NULL)
        v_store(at->loss, v_where(at->real, loss));
    best = (at->real & best) | ~at->real;
    if (at->predicted != NULL)
        memcpy(at->predicted, &best, sizeof best);
}

/* ---- softmax --------------------------------------------------------------------------------- */

INLINE V largest_of(const lanes *at, const float *z, I *best)
{
    V largest = v_load(z);
    *best = i_all(0);
    for (int c = 1; c < at->C; c++)
        note_best(v_load(z + c * HEM__LANES), c, &largest, best);
    return largest;
}

/* The exponentials wait in p, or in dz, for their sum. */
static void softmax_cross_entropy(const lanes *at, const float *z)
{
    I best;
    V largest = largest_of(at, z, &best), sum = v_all(0), meant = v_all(0);
    float *kept = at->p != NULL ? at->p : at->dz;
    for (int c = 0; c < at->C; c++) {
        V d = v_load(z + c * HEM__LANES) - largest, e = v_exp(d), target = target_of(at, c);
        sum += e;
        meant = v_select(target == v_all(0), meant, v_fma(target, d, meant));
        if (kept != NULL)
            v_store(kept + c * HEM__LANES, e);
    }
    for (int c = 0; c < at->C && kept != NULL; c++) {
        V share = v_load(kept + c * HEM__LANES) / sum;
        put_output(at, c, share);
        put_gradient(at, c, share - target_of(at, c));
    }
    put_results(at, v_log(sum) - meant, best);
}

static void softmax_squared_error(const lanes *at, const float *z)
{
    I best;
    V largest = largest_of(at, z, &best), sum = v_all(0), squares = v_all(0), pull = v_all(0);
    for (int c = 0; c < at->C; c++)
        sum += v_exp(v_load(z + c * HEM__LANES) - largest);
    for (int c = 0; c < at->C; c++) {
        V share = v_exp(v_load(z + c * HEM__LANES) - largest) / sum, d = share - target_of(at, c);
        squares = v_fma(d, d, squares);
        pull = v_fma(share, d, pull);
        put_output(at, c, share);
        if (at->dz != NULL) /* waits there for the pull */
            v_store(at->dz + c * HEM__LANES, share);
    }
    for (int c = 0; c < at->C && at->dz != NULL; c++) {
        V share = v_load(at->dz + c * HEM__LANES), d = share - target_of(at, c);
        put_gradient(at, c, share * (d - pull));
    }
    put_results(at, v_all(0.5f) * squares, best);
}

/* ---- sigmoid --------------------------------------------------------------------------------- */

/* sigmoid(z) with e = exp(-|z|), as v_sigmoid makes it. */
INLINE V sigmoid_of(V z, V e)
{
    return v_select(z >= v_all(0), v_all(1), e) / (v_all(1) + e);
}

static void sigmoid_cross_entropy(const lanes *at, const float *z)
{
    I best = i_all(0);
    V largest = v_all(0), loss = v_all(0);
    for (int c = 0; c < at->C; c++) {
        V value = v_load(z + c * HEM__LANES), e = v_exp(-v_abs(value)), p = sigmoid_of(value, e);
        V wrong = v_select(at->label == i_all(c), -value, value);
        largest = c == 0 ? p : largest;
        note_best(p, c, &largest, &best);
        loss += v_max(wrong, v_all(0)) + v_log1p(e);
        put_output(at, c, p);
        put_gradient(at, c, p - target_of(at, c));
    }
    put_results(at, loss, best);
}

static void sigmoid_squared_error(const lanes *at, const float *z)
{
    I best = i_all(0);
    V largest = v_all(0), squares = v_all(0);
    for (int c = 0; c < at->C; c++) {
        V p = v_sigmoid(v_load(z + c * HEM__LANES)), d = p - target_of(at, c);
        largest = c == 0 ? p : largest;
        note_best(p, c, &largest, &best);
        squares = v_fma(d, d, squares);
        put_output(at, c, p);
        put_gradient(at, c, d * (p * (v_all(1) - p)));
    }
    put_results(at, v_all(0.5f) * squares, best);
}

#define LOSS(name)                                                                                 \
    void TIER(hem__##name)(const hem__loss_run *run, const float *z, float *p, float *dz,          \
                           float *loss, int32_t *predicted)                                        \
    {                                                                                              \
        each_vector(name, run, z, p, dz, loss, predicted);                                         \
    }
LOSS(softmax_cross_entropy)
LOSS(softmax_squared_error)
LOSS(sigmoid_cross_entropy)
LOSS(sigmoid_squared_error)
