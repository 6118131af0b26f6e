/* Reference pooling. Windows are clipped to the image; a window wholly outside it (the layers never
 * make one) gives 0. In the gradient of the maximum a window's first cell equal to y takes dy; a
 * window whose y is NaN gives nothing. */
#include "kernel/reference.h"

static bool is_empty(hem__window w)
{
    return w.y0 >= w.y1 || w.x0 >= w.x1;
}

static size_t in_cell(const hem__pool_shape *shape, int b, int c, int y, int x)
{
    return hem__cell(shape->C, shape->H, shape->W, b, c, y, x);
}

static size_t out_cell(const hem__pool_shape *shape, int b, int c, int p, int q)
{
    return hem__cell(shape->C, shape->P, shape->Q, b, c, p, q);
}

static void max_of(const hem__pool_shape *shape, const hem__real *x, hem__window w, int b, int c,
                   hem__real best[HEM__LANES])
{
    const hem__real *first = x + in_cell(shape, b, c, w.y0, w.x0);
    for (int l = 0; l < HEM__LANES; l++)
        best[l] = first[l];
    for (int iy = w.y0; iy < w.y1; iy++) {
        for (int ix = w.x0; ix < w.x1; ix++) {
            const hem__real *cell = x + in_cell(shape, b, c, iy, ix);
            for (int l = 0; l < HEM__LANES; l++)
                best[l] = cell[l] > best[l] ? cell[l] : best[l];
        }
    }
}

static void mean_of(const hem__pool_shape *shape, const hem__real *x, hem__window w, int b, int c,
                    hem__real mean[HEM__LANES])
{
    hem__real share = (hem__real)1 / (hem__real)((w.y1 - w.y0) * (w.x1 - w.x0));
    hem__real sum[HEM__LANES] = {0};
    for (int iy = w.y0; iy < w.y1; iy++) {
        for (int ix = w.x0; ix < w.x1; ix++) {
            const hem__real *cell = x + in_cell(shape, b, c, iy, ix);
            for (int l = 0; l < HEM__LANES; l++)
                sum[l] += cell[l];
        }
    }
    for (int l = 0; l < HEM__LANES; l++)
        mean[l] = sum[l] * share;
}

typedef void (*reduce)(const hem__pool_shape *, const hem__real *, hem__window, int, int,
                       hem__real *);

static void pool(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                 int p0, int p1, reduce of)
{
    for (int b = b0; b < b1; b++) {
        for (int p = p0; p < p1; p++) {
            for (int q = 0; q < shape->Q; q++) {
                hem__window w = hem__pool_window(shape, p, q);
                for (int c = 0; c < hem__block_width(shape->C, b); c++) {
                    hem__real result[HEM__LANES] = {0};
                    if (!is_empty(w))
                        of(shape, x, w, b, c, result);
                    for (int l = 0; l < HEM__LANES; l++)
                        y[out_cell(shape, b, c, p, q) + (size_t)l] = result[l];
                }
            }
        }
    }
}

void REF(maxpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                  int p0, int p1)
{
    pool(shape, x, y, b0, b1, p0, p1, max_of);
}

void REF(avgpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                  int p0, int p1)
{
    pool(shape, x, y, b0, b1, p0, p1, mean_of);
}

/* Numbers of channel block b in the map of inputs, and where they begin. */
static size_t block_numbers(const hem__pool_shape *shape, int b)
{
    return (size_t)shape->H * (size_t)shape->W * (size_t)hem__block_width(shape->C, b) * HEM__LANES;
}

static void relu_mask(const hem__pool_shape *shape, const hem__real *x, hem__real *dx, int b)
{
    size_t first = in_cell(shape, b, 0, 0, 0), n = block_numbers(shape, b);
    for (size_t i = first; i < first + n; i++)
        dx[i] = x[i] > 0 ? dx[i] : 0;
}

static void clear(const hem__pool_shape *shape, hem__real *dx, int b)
{
    size_t first = in_cell(shape, b, 0, 0, 0), n = block_numbers(shape, b);
    for (size_t i = first; i < first + n; i++)
        dx[i] = 0;
}

/* Zeros right of and below windows that tile, where no window writes. */
static void clear_rest(const hem__pool_shape *shape, hem__real *dx, int b)
{
    for (int y = 0; y < shape->H; y++) {
        for (int x = 0; x < shape->W; x++) {
            bool covered = y < shape->P * shape->R && x < shape->Q * shape->S;
            for (int c = 0; c < hem__block_width(shape->C, b) && !covered; c++)
                for (int l = 0; l < HEM__LANES; l++)
                    dx[in_cell(shape, b, c, y, x) + (size_t)l] = 0;
        }
    }
}

/* Adds to dx, which holds zeros at first; with `alone`, where no other window has these cells, dx
 * is written (it may be x), and the mask of a relu is applied. */
static void max_back(const hem__pool_shape *shape, const hem__real *x, const hem__real *y,
                     const hem__real *dy, hem__real *dx, hem__window w, int b, int c, bool alone,
                     bool relu)
{
    bool open[HEM__LANES]; /* no cell of this lane has taken dy yet */
    for (int l = 0; l < HEM__LANES; l++)
        open[l] = true;
    for (int iy = w.y0; iy < w.y1; iy++) {
        for (int ix = w.x0; ix < w.x1; ix++) {
            size_t at = in_cell(shape, b, c, iy, ix);
            for (int l = 0; l < HEM__LANES; l++, at++) {
                bool wins = open[l] && x[at] == y[l], masked = alone && relu && !(x[at] > 0);
                hem__real before = alone ? 0 : dx[at];
                dx[at] = before + (wins && !masked ? dy[l] : 0);
                open[l] = open[l] && !wins;
            }
        }
    }
}

void REF(maxpool_grad)(const hem__pool_shape *shape, const hem__real *x, const hem__real *y,
                       const hem__real *dy, int relu, hem__real *dx, int b0, int b1)
{
    bool alone = hem__pool_tiles(shape);
    for (int b = b0; b < b1; b++) {
        if (alone)
            clear_rest(shape, dx, b);
        else
            clear(shape, dx, b);
        for (int p = 0; p < shape->P; p++) {
            for (int q = 0; q < shape->Q; q++) {
                hem__window w = hem__pool_window(shape, p, q);
                for (int c = 0; c < hem__block_width(shape->C, b); c++) {
                    size_t out = out_cell(shape, b, c, p, q);
                    max_back(shape, x, y + out, dy + out, dx, w, b, c, alone, relu != 0);
                }
            }
        }
        if (relu && !alone)
            relu_mask(shape, x, dx, b);
    }
}

static void mean_back(const hem__pool_shape *shape, const hem__real *dy, hem__real *dx,
                      hem__window w, int b, int c)
{
    hem__real share = (hem__real)1 / (hem__real)((w.y1 - w.y0) * (w.x1 - w.x0));
    for (int iy = w.y0; iy < w.y1; iy++) {
        for (int ix = w.x0; ix < w.x1; ix++) {
            hem__real *cell = dx + in_cell(shape, b, c, iy, ix);
            for (int l = 0; l < HEM__LANES; l++)
                cell[l] += dy[l] * share;
        }
    }
}

void REF(avgpool_grad)(const hem__pool_shape *shape, const hem__real *x, const hem__real *dy,
                       int relu, hem__real *dx, int b0, int b1)
{
    for (int b = b0; b < b1; b++) {
        clear(shape, dx, b);
        for (int p = 0; p < shape->P; p++) {
            for (int q = 0; q < shape->Q; q++) {
                hem__window w = hem__pool_window(shape, p, q);
                for (int c = 0; c < hem__block_width(shape->C, b) && !is_empty(w); c++)
                    mean_back(shape, dy + out_cell(shape, b, c, p, q), dx, w, b, c);
            }
        }
        if (relu)
            relu_mask(shape, x, dx, b);
    }
}
