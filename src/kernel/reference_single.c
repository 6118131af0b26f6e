/* Reference kernels for one image alone: lanes of the vector kernels go over channels or outputs.
 * Layouts and orders of sums: contract.h. */
#include "kernel/reference.h"

/* Weights of output o: number i of its sum lies at i * HEM__ALIGN. */
static const hem__real *weights_of(const hem__real *w, size_t n, int o)
{
    size_t panel = (size_t)(o / HEM__ALIGN);
    return w + panel * n * HEM__ALIGN + (size_t)(o % HEM__ALIGN);
}

static hem__real finish(hem__real sum, int relu)
{
    return relu != 0 && !(sum > 0) ? 0 : sum;
}

void REF(single_dense)(int n_in, int n_out, const hem__real *x, const hem__real *w,
                       const hem__real *bias, int relu, hem__real *y)
{
    for (int o = 0; o < n_out; o++) {
        const hem__real *wo = weights_of(w, (size_t)n_in, o);
        hem__real sum = bias != NULL ? bias[o] : 0;
        for (int i = 0; i < n_in; i++)
            if (x[i] != 0)
                sum = HEM__FMA(wo[(size_t)i * HEM__ALIGN], x[i], sum);
        y[o] = finish(sum, relu);
    }
}

void REF(single_conv)(const hem__conv_shape *shape, const hem__real *x, const hem__real *w,
                      const hem__real *bias, int relu, hem__real *y)
{
    const size_t C = (size_t)shape->C, taps = (size_t)shape->S * C;
    for (int p = 0; p < shape->P; p++)
        for (int q = 0; q < shape->Q; q++)
            for (int k = 0; k < shape->K; k++) {
                const hem__real *wk = weights_of(w, (size_t)shape->R * taps, k);
                hem__real sum = bias != NULL ? bias[k] : 0;
                for (int r = 0; r < shape->R; r++) {
                    int iy = p * shape->stride_y - shape->pad_y + r;
                    size_t at = ((size_t)iy * (size_t)shape->W + (size_t)(q * shape->stride_x)) * C;
                    for (size_t i = 0; iy >= 0 && iy < shape->H && i < taps; i++)
                        sum = HEM__FMA(wk[((size_t)r * taps + i) * HEM__ALIGN], x[at + i], sum);
                }
                *y++ = finish(sum, relu);
            }
}

static hem__real at(const hem__pool_shape *shape, const hem__real *x, int iy, int ix, int c)
{
    size_t pixel = (size_t)iy * (size_t)shape->W + (size_t)ix;
    return x[pixel * (size_t)shape->C + (size_t)c];
}

static hem__real largest(const hem__pool_shape *shape, const hem__real *x, hem__window w, int c)
{
    hem__real best = at(shape, x, w.y0, w.x0, c);
    for (int iy = w.y0; iy < w.y1; iy++)
        for (int ix = w.x0; ix < w.x1; ix++)
            best = at(shape, x, iy, ix, c) > best ? at(shape, x, iy, ix, c) : best;
    return best;
}

static hem__real mean(const hem__pool_shape *shape, const hem__real *x, hem__window w, int c)
{
    hem__real share = (hem__real)1 / (hem__real)((w.y1 - w.y0) * (w.x1 - w.x0)), sum = 0;
    for (int iy = w.y0; iy < w.y1; iy++)
        for (int ix = w.x0; ix < w.x1; ix++)
            sum += at(shape, x, iy, ix, c);
    return sum * share;
}

static void pool(const hem__pool_shape *shape, const hem__real *x, hem__real *y,
                 hem__real (*of)(const hem__pool_shape *, const hem__real *, hem__window, int))
{
    for (int p = 0; p < shape->P; p++)
        for (int q = 0; q < shape->Q; q++)
            for (int c = 0; c < shape->C; c++)
                *y++ = of(shape, x, hem__pool_window(shape, p, q), c);
}

void REF(single_maxpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y)
{
    pool(shape, x, y, largest);
}

void REF(single_avgpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y)
{
    pool(shape, x, y, mean);
}

void REF(single_softmax)(const hem__real *x, hem__real *y, int C, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += C, y += C) {
        hem__real most = x[0], sum = 0;
        for (int c = 1; c < C; c++)
            most = x[c] > most ? x[c] : most;
        for (int c = 0; c < C; c++) {
            y[c] = REF(exp)(x[c] - most);
            sum += y[c];
        }
        for (int c = 0; c < C; c++)
            y[c] /= sum;
    }
}

void REF(single_prelu)(const hem__real *x, const hem__real *slope, int C, int pixels, hem__real *y)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += C, y += C)
        for (int c = 0; c < C; c++)
            y[c] = x[c] > 0 ? x[c] : slope[c] * x[c];
}

void REF(single_norm)(const hem__real *x, const hem__real *middle, const hem__real *scale,
                      const hem__real *shift, int C, int pixels, hem__real *y)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += C, y += C)
        for (int c = 0; c < C; c++)
            y[c] = HEM__FMA(x[c] - middle[c], scale[c], shift[c]);
}
