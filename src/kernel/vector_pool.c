/* Pooling. The channels of a block lie together at each pixel, so a cell is a run of width * 16
 * numbers and every loop goes over such runs. Semantics are reference_pool.c's. */
#include <string.h>

#include "kernel/vector.h"

/* Sizes of one channel block: numbers in a cell, and in a row of x. */
typedef struct geometry {
    size_t cell, x_row, x_map, y_row, y_map, x_first, y_first;
} geometry;

static bool is_empty(hem__window w)
{
    return w.y0 >= w.y1 || w.x0 >= w.x1;
}

static geometry geometry_of(const hem__pool_shape *shape, int b)
{
    geometry g = {.cell = (size_t)block_width(shape->C, b) * HEM__LANES};
    const size_t full = (size_t)b * HEM__BLOCK * HEM__LANES;
    g.x_row = (size_t)shape->W * g.cell;
    g.y_row = (size_t)shape->Q * g.cell;
    g.x_map = (size_t)shape->H * g.x_row;
    g.y_map = (size_t)shape->P * g.y_row;
    g.x_first = full * (size_t)shape->H * (size_t)shape->W;
    g.y_first = full * (size_t)shape->P * (size_t)shape->Q;
    return g;
}

/* First number of the window's corner. */
static size_t corner(const geometry *g, hem__window w)
{
    return g->x_first + (size_t)w.y0 * g->x_row + (size_t)w.x0 * g->cell;
}

INLINE void max_cells(const geometry *g, int rows, int columns, const float *x, float *y)
{
    for (size_t i = 0; i < g->cell; i += VL) {
        V best = v_load(x + i);
        const float *row = x + i;
        for (int r = 0; r < rows; r++, row += g->x_row) {
            const float *cell = row;
            for (int s = 0; s < columns; s++, cell += g->cell)
                best = v_max(v_load(cell), best);
        }
        v_store(y + i, best);
    }
}

/* Windows of 2 x 2 are what nearly everybody uses: known sizes unroll. */
static bool is_two_by_two(hem__window w)
{
    return w.y1 - w.y0 == 2 && w.x1 - w.x0 == 2;
}

static void max_window(const geometry *g, hem__window w, const float *x, float *y)
{
    if (is_two_by_two(w))
        max_cells(g, 2, 2, x, y);
    else
        max_cells(g, w.y1 - w.y0, w.x1 - w.x0, x, y);
}

static void mean_window(const geometry *g, hem__window w, const float *x, float *y)
{
    V share = v_all(1.0f / (float)((w.y1 - w.y0) * (w.x1 - w.x0)));
    for (size_t i = 0; i < g->cell; i += VL) {
        V sum = v_all(0);
        const float *row = x + i;
        for (int iy = w.y0; iy < w.y1; iy++, row += g->x_row) {
            const float *cell = row;
            for (int ix = w.x0; ix < w.x1; ix++, cell += g->cell)
                sum += v_load(cell);
        }
        v_store(y + i, sum * share);
    }
}

INLINE void pool(const hem__pool_shape *shape, const float *x, float *y, int b0, int b1, int p0,
                 int p1, void (*of)(const geometry *, hem__window, const float *, float *))
{
    for (int b = b0; b < b1; b++) {
        geometry g = geometry_of(shape, b);
        for (int p = p0; p < p1; p++) {
            float *out = y + g.y_first + (size_t)p * g.y_row;
            for (int q = 0; q < shape->Q; q++, out += g.cell) {
                hem__window w = hem__pool_window(shape, p, q);
                if (is_empty(w))
                    memset(out, 0, g.cell * sizeof *out);
                else
                    of(&g, w, x + corner(&g, w), out);
            }
        }
    }
}

void TIER(hem__maxpool)(const hem__pool_shape *shape, const float *x, float *y, int b0, int b1,
                        int p0, int p1)
{
    pool(shape, x, y, b0, b1, p0, p1, max_window);
}

void TIER(hem__avgpool)(const hem__pool_shape *shape, const float *x, float *y, int b0, int b1,
                        int p0, int p1)
{
    pool(shape, x, y, b0, b1, p0, p1, mean_window);
}

/* ---- gradients --------------------------------------------------------------------------------
 */

/* Every window adds to dx, which holds zeros at first. */
INLINE void max_back(const geometry *g, hem__window w, const float *x, const float *y,
                     const float *dy, float *dx)
{
    for (size_t i = 0; i < g->cell; i += VL) {
        V best = v_load(y + i), d = v_load(dy + i);
        I open = i_all(-1); /* lanes whose dy no cell has taken yet */
        size_t row = i;
        for (int iy = w.y0; iy < w.y1; iy++, row += g->x_row) {
            size_t cell = row;
            for (int ix = w.x0; ix < w.x1; ix++, cell += g->cell) {
                I wins = open & (v_load(x + cell) == best);
                v_store(dx + cell, v_load(dx + cell) + v_where(wins, d));
                open &= ~wins;
            }
        }
    }
}

/* The same where every cell lies in exactly one window: dx need not be read, and the mask of a relu
 * is applied on the way. Adding 0 turns -0 into 0, as the sum from 0 does. dx may be x. */
static void max_back_alone(const geometry *g, hem__window w, const float *x, const float *y,
                           const float *dy, float *dx, bool relu)
{
    for (size_t i = 0; i < g->cell; i += VL) {
        V best = v_load(y + i), d = v_load(dy + i) + v_all(0);
        I open = i_all(-1), all = relu ? i_all(0) : i_all(-1);
        size_t row = i;
        for (int iy = w.y0; iy < w.y1; iy++, row += g->x_row) {
            size_t cell = row;
            for (int ix = w.x0; ix < w.x1; ix++, cell += g->cell) {
                V value = v_load(x + cell);
                I wins = open & (value == best);
                v_store(dx + cell, v_where(wins & (all | (value > v_all(0))), d));
                open &= ~wins;
            }
        }
    }
}

/* VL lanes of a window of 2 x 2 that has its cells alone. Finding the maximum again is cheaper than
 * reading it. */
INLINE void max_back_lanes(const geometry *g, const float *x, const float *dy, float *dx, bool relu)
{
    const size_t at[4] = {0, g->cell, g->x_row, g->x_row + g->cell};
    V a = v_load(x), b = v_load(x + at[1]), c = v_load(x + at[2]), d = v_load(x + at[3]);
    V best = v_max(d, v_max(c, v_max(b, a))), left = v_load(dy) + v_all(0);
    if (relu)
        left = v_where(best > v_all(0), left);
#define CELL(i, value)                                                                             \
    {                                                                                              \
        I wins = value == best;                                                                    \
        v_store(dx + at[i], v_where(wins, left));                                                  \
        left = v_where(~wins, left);                                                               \
    }
    CELL(0, a)
    CELL(1, b)
    CELL(2, c)
    CELL(3, d)
#undef CELL
}

enum { AHEAD = 3 }; /* windows */

/* All windows of 2 x 2 of a channel block. In a training step x was written long ago: its lines,
 * and where dx lies elsewhere those of dx, are asked for in time, which halves the time of a map
 * that only the last cache holds. */
INLINE void max_back_2x2(const hem__pool_shape *shape, const geometry *g, const float *x,
                         const float *dy, float *dx, bool relu)
{
    const size_t next_row = 2 * g->x_row - (size_t)(2 * shape->Q) * g->cell;
    for (int p = 0; p < shape->P; p++) {
        size_t at = g->x_first + (size_t)(2 * p) * g->x_row;
        const float *d = dy + g->y_first + (size_t)p * g->y_row;
        for (int q = 0; q < shape->Q; q++, at += 2 * g->cell, d += g->cell) {
            size_t soon = at + 2 * AHEAD * g->cell + (q + AHEAD < shape->Q ? 0 : next_row);
            for (size_t i = 0; i < g->cell; i += HEM__LANES) {
                __builtin_prefetch(dx + soon + i, 1);
                __builtin_prefetch(dx + soon + i + g->cell, 1);
                __builtin_prefetch(dx + soon + i + g->x_row, 1);
                __builtin_prefetch(dx + soon + i + g->x_row + g->cell, 1);
                __builtin_prefetch(d + i + AHEAD * g->cell);
                for (size_t j = i; j < i + HEM__LANES; j += VL)
                    max_back_lanes(g, x + at + j, d + j, dx + at + j, relu);
            }
        }
    }
}

static void relu_mask(const geometry *g, const float *x, float *dx)
{
    for (size_t i = g->x_first; i < g->x_first + g->x_map; i += VL)
        v_store(dx + i, v_where(v_load(x + i) > v_all(0), v_load(dx + i)));
}

/* Zeros right of and below the windows that tile. */
static void clear_rest(const hem__pool_shape *shape, const geometry *g, float *dx)
{
    size_t covered = (size_t)(shape->Q * shape->S) * g->cell;
    for (int iy = 0; iy < shape->H; iy++) {
        size_t from = iy < shape->P * shape->R ? covered : 0;
        float *row = dx + g->x_first + (size_t)iy * g->x_row;
        memset(row + from, 0, (g->x_row - from) * sizeof *row);
    }
}

void TIER(hem__maxpool_grad)(const hem__pool_shape *shape, const float *x, const float *y,
                             const float *dy, int relu, float *dx, int b0, int b1)
{
    bool alone = hem__pool_tiles(shape);
    for (int b = b0; b < b1; b++) {
        geometry g = geometry_of(shape, b);
        if (alone)
            clear_rest(shape, &g, dx);
        else
            memset(dx + g.x_first, 0, g.x_map * sizeof *dx);
        if (alone && shape->R == 2 && shape->S == 2) {
            if (relu)
                max_back_2x2(shape, &g, x, dy, dx, true);
            else
                max_back_2x2(shape, &g, x, dy, dx, false);
            continue;
        }
        size_t out = g.y_first;
        for (int p = 0; p < shape->P; p++) {
            for (int q = 0; q < shape->Q; q++, out += g.cell) {
                hem__window w = hem__pool_window(shape, p, q);
                if (is_empty(w))
                    continue;
                size_t at = corner(&g, w);
                if (alone)
                    max_back_alone(&g, w, x + at, y + out, dy + out, dx + at, relu != 0);
                else
                    max_back(&g, w, x + at, y + out, dy + out, dx + at);
            }
        }
        if (relu && !alone)
            relu_mask(&g, x, dx);
    }
}

static void mean_back(const geometry *g, hem__window w, const float *dy, float *dx)
{
    V share = v_all(1.0f / (float)((w.y1 - w.y0) * (w.x1 - w.x0)));
    for (size_t i = 0; i < g->cell; i += VL) {
        V d = v_load(dy + i) * share;
        float *row = dx + i;
        for (int iy = w.y0; iy < w.y1; iy++, row += g->x_row) {
            float *cell = row;
            for (int ix = w.x0; ix < w.x1; ix++, cell += g->cell)
                v_store(cell, v_load(cell) + d);
        }
    }
}

/* The same where every cell lies in exactly one window: dx need not be read, and the mask of a relu
 * is applied on the way. Adding 0 turns -0 into 0, as the sum from 0 does. */
INLINE void mean_back_alone(const geometry *g, int rows, int columns, const float *x,
                            const float *dy, float *dx, bool relu)
{
    V share = v_all(1.0f / (float)(rows * columns));
    for (size_t i = 0; i < g->cell; i += VL) {
        V d = v_load(dy + i) * share + v_all(0);
        size_t row = i;
        for (int r = 0; r < rows; r++, row += g->x_row) {
            size_t cell = row;
            for (int s = 0; s < columns; s++, cell += g->cell)
                v_store(dx + cell, relu ? v_where(v_load(x + cell) > v_all(0), d) : d);
        }
    }
}

/* All windows of a channel block, side by side. */
INLINE void mean_back_all(const hem__pool_shape *shape, const geometry *g, int rows, int columns,
                          const float *x, const float *dy, float *dx, bool relu)
{
    for (int p = 0; p < shape->P; p++) {
        size_t at = g->x_first + (size_t)(p * rows) * g->x_row;
        const float *d = dy + g->y_first + (size_t)p * g->y_row;
        for (int q = 0; q < shape->Q; q++, at += (size_t)columns * g->cell, d += g->cell)
            mean_back_alone(g, rows, columns, x + at, d, dx + at, relu);
    }
}

void TIER(hem__avgpool_grad)(const hem__pool_shape *shape, const float *x, const float *dy,
                             int relu, float *dx, int b0, int b1)
{
    for (int b = b0; b < b1; b++) {
        geometry g = geometry_of(shape, b);
        if (hem__pool_tiles(shape)) {
            clear_rest(shape, &g, dx);
            if (relu)
                mean_back_all(shape, &g, shape->R, shape->S, x, dy, dx, true);
            else if (shape->R == 2 && shape->S == 2) /* what nearly everybody uses */
                mean_back_all(shape, &g, 2, 2, x, dy, dx, false);
            else
                mean_back_all(shape, &g, shape->R, shape->S, x, dy, dx, false);
            continue;
        }
        memset(dx + g.x_first, 0, g.x_map * sizeof *dx);
        size_t out = g.y_first;
        for (int p = 0; p < shape->P; p++) {
            for (int q = 0; q < shape->Q; q++, out += g.cell) {
                hem__window w = hem__pool_window(shape, p, q);
                if (!is_empty(w))
                    mean_back(&g, w, dy + out, dx + corner(&g, w));
            }
        }
        if (relu)
            relu_mask(&g, x, dx);
    }
}
