/* The losses of contract.h with the softmax or sigmoid before them, in plain C. */
#include "kernel/reference.h"

/* One image: its outputs are at [c * HEM__LANES]; what nobody wants is NULL. */
typedef struct image {
    const hem__loss_run *run;
    int label; /* -1: none */
    bool real; /* an image, not only a lane */
    hem__real *p, *dz, *loss;
    int32_t *predicted;
} image;

typedef void (*image_fn)(const image *at, const hem__real *z);

static void each_image(image_fn fn, const hem__loss_run *run, const hem__real *z, hem__real *p,
                       hem__real *dz, hem__real *loss, int32_t *predicted)
{
    for (int l = 0; l < HEM__LANES; l++) {
        bool labelled = run->labels != NULL;
        image at = {.run = run,
                    .label = labelled && l < run->n ? run->labels[l] : -1,
                    .real = l < run->n,
                    .p = p != NULL ? p + l : NULL,
                    .dz = labelled && dz != NULL ? dz + l : NULL,
                    .loss = labelled && loss != NULL ? loss + l : NULL,
                    .predicted = predicted != NULL ? predicted + l : NULL};
        fn(&at, z + l);
    }
}

static hem__real target_of(const image *at, int c)
{
    return c == at->label ? at->run->on : at->run->off;
}

static void put(const image *at, int c, hem__real p, hem__real g)
{
    if (at->p != NULL)
        at->p[c * HEM__LANES] = p;
    if (at->dz != NULL)
        at->dz[c * HEM__LANES] = at->real ? g * at->run->scale : 0;
}

static void put_results(const image *at, hem__real loss, int best)
{
    if (at->loss != NULL)
        *at->loss = at->real ? loss : 0;
    if (at->predicted != NULL)
        *at->predicted = at->real ? best : -1;
}

/* A NaN among the z that the maximum passes over still reaches the sum, so the loss is NaN too. */
static int largest_of(const image *at, const hem__real *z)
{
    int best = 0;
    for (int c = 1; c < at->run->C; c++)
        best = z[c * HEM__LANES] > z[best * HEM__LANES] ? c : best;
    return best;
}

static hem__real sum_of(const image *at, const hem__real *z, hem__real largest)
{
    hem__real sum = 0;
    for (int c = 0; c < at->run->C; c++)
        sum += REF(exp)(z[c * HEM__LANES] - largest);
    return sum;
}

static void softmax_cross_entropy_of(const image *at, const hem__real *z)
{
    int best = largest_of(at, z);
    hem__real largest = z[best * HEM__LANES], sum = sum_of(at, z, largest), meant = 0;
    for (int c = 0; c < at->run->C; c++) {
        hem__real d = z[c * HEM__LANES] - largest, p = REF(exp)(d) / sum, t = target_of(at, c);
        if (t != 0)
            meant = HEM__FMA(t, d, meant);
        put(at, c, p, p - t);
    }
    put_results(at, REF(log)(sum) - meant, best);
}

static void softmax_squared_error_of(const image *at, const hem__real *z)
{
    int best = largest_of(at, z);
    hem__real largest = z[best * HEM__LANES], sum = sum_of(at, z, largest), squares = 0, pull = 0;
    for (int c = 0; c < at->run->C; c++) {
        hem__real p = REF(exp)(z[c * HEM__LANES] - largest) / sum, d = p - target_of(at, c);
        squares = HEM__FMA(d, d, squares);
        pull = HEM__FMA(p, d, pull);
    }
    for (int c = 0; c < at->run->C; c++) {
        hem__real p = REF(exp)(z[c * HEM__LANES] - largest) / sum, d = p - target_of(at, c);
        put(at, c, p, p * (d - pull));
    }
    put_results(at, (hem__real)0.5 * squares, best);
}

static void sigmoid_cross_entropy_of(const image *at, const hem__real *z)
{
    int best = 0;
    hem__real largest = REF(sigmoid)(z[0]), loss = 0;
    for (int c = 0; c < at->run->C; c++) {
        hem__real value = z[c * HEM__LANES], p = REF(sigmoid)(value);
        hem__real wrong = c == at->label ? -value : value;
        if (p > largest) {
            largest = p;
            best = c;
        }
        loss += (wrong > 0 ? wrong : 0) + REF(log1p)(REF(exp)(value < 0 ? value : -value));
        put(at, c, p, p - target_of(at, c));
    }
    put_results(at, loss, best);
}

static void sigmoid_squared_error_of(const image *at, const hem__real *z)
{
    int best = 0;
    hem__real largest = REF(sigmoid)(z[0]), squares = 0;
    for (int c = 0; c < at->run->C; c++) {
        hem__real p = REF(sigmoid)(z[c * HEM__LANES]), d = p - target_of(at, c);
        if (p > largest) {
            largest = p;
            best = c;
        }
        squares = HEM__FMA(d, d, squares);
        put(at, c, p, d * (p * (1 - p)));
    }
    put_results(at, (hem__real)0.5 * squares, best);
}

#define LOSS(name)                                                                                 \
    void REF(name)(const hem__loss_run *run, const hem__real *z, hem__real *p, hem__real *dz,      \
                   hem__real *loss, int32_t *predicted)                                            \
    {                                                                                              \
        each_image(name##_of, run, z, p, dz, loss, predicted);                                     \
    }
LOSS(softmax_cross_entropy)
LOSS(softmax_squared_error)
LOSS(sigmoid_cross_entropy)
LOSS(sigmoid_squared_error)
