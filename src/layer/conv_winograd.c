/* Winograd's algorithm for 3 x 3 kernels of stride 1 (kernel/contract.h): fewer products, more
 * sums. Outputs in patches of 2 x 2 take 4/9 of the direct algorithm's products, in patches of 4 x
 * 4 a quarter, at the price of rounding errors: docs/numerics.md. The input gradient is the same
 * kernel with flipped, transposed weights. With G from weight_line() below:
 *   forward          y = A^T [(G w G^T) . (B^T x B)] A
 *   weight gradient  dw = G^T [(A dy A^T) . (B^T x B)] G, summed over patches and images */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "layer/conv_algorithm.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

/* Outputs a side of a patch. */
static int side_of(const cell_t *cell)
{
    return cell->node->algorithm == HEM__WINOGRAD_4 ? 4 : 2;
}

/* ---- cost --------------------------------------------------------------------------------------
 */

/* A patch's products, and its transforms: measured, they cost as much as 14 multiply-adds for each
 * number of a patch and each channel. What rounds more must also save more than the estimate may be
 * wrong by: the direct algorithm stays unless this one promises 1.4 times its speed. */
static double cost(const hem__conv_shape *s, int m)
{
    const double per_channel = 14, margin = 1.4;
    if (s->R != 3 || s->S != 3 || s->stride_y != 1 || s->stride_x != 1)
        return HUGE_VAL;
    const double patches = (double)((s->P + m - 1) / m) * hem__winograd_across(s, m);
    if (patches > INT_MAX) /* maps that no memory holds are asked about too */
        return HUGE_VAL;
    const double numbers = patches * (m + 2) * (m + 2);
    return margin * numbers * ((double)s->C * s->K + per_channel * ((double)s->C + s->K));
}

static double cost_2(const hem__conv_shape *s)
{
    return cost(s, 2);
}

static double cost_4(const hem__conv_shape *s)
{
    return cost(s, 4);
}

/* ---- weights ----------------------------------------------------------------------------------
 */

enum { T_MOST = HEM__WINOGRAD_MOST };

/* A number of 16 neighbouring channels: loops over them become vectors. */
typedef struct numbers {
    hem__real at[HEM__ALIGN];
} numbers;

#define EACH for (int l = 0; l < HEM__ALIGN; l++)

/* G w: three numbers, `step` apart, become T. */
static void weight_line(const numbers *w, int step, int m, numbers *u, int to_step)
{
    const numbers *a = w, *b = w + step, *c = w + 2 * step;
    EACH
    {
        hem__real x = a->at[l], y = b->at[l], z = c->at[l];
        if (m == 2) {
            hem__real even = (x + z) * (hem__real)0.5, odd = y * (hem__real)0.5;
            u[0].at[l] = x;
            u[to_step].at[l] = even + odd;
            u[2 * to_step].at[l] = even - odd;
            u[3 * to_step].at[l] = z;
        } else {
            const hem__real sixth = (hem__real)(1.0 / 6), twenty_fourth = (hem__real)(1.0 / 24);
            hem__real near = (x + z) * -sixth, far = (x + 4 * z) * twenty_fourth;
            hem__real near_odd = y * sixth, far_odd = y * (hem__real)(1.0 / 12);
            u[0].at[l] = x * (hem__real)0.25;
            u[to_step].at[l] = near - near_odd;
            u[2 * to_step].at[l] = near + near_odd;
            u[3 * to_step].at[l] = far + far_odd;
            u[4 * to_step].at[l] = far - far_odd;
            u[5 * to_step].at[l] = z;
        }
    }
}

/* G^T g: T numbers become three. */
static void weight_line_back(const numbers *g, int step, int m, numbers *w, int to_step)
{
    EACH
    {
        hem__real g0 = g[0].at[l], g1 = g[step].at[l], g2 = g[2 * step].at[l];
        hem__real g3 = g[3 * step].at[l], near = g1 + g2, near_odd = g1 - g2;
        if (m == 2) {
            w[0].at[l] = g0 + near * (hem__real)0.5;
            w[to_step].at[l] = near_odd * (hem__real)0.5;
            w[2 * to_step].at[l] = near * (hem__real)0.5 + g3;
        } else {
            hem__real g4 = g[4 * step].at[l], g5 = g[5 * step].at[l];
            const hem__real sixth = (hem__real)(1.0 / 6), twenty_fourth = (hem__real)(1.0 / 24);
            hem__real far = (g3 + g4) * twenty_fourth, far_odd = g3 - g4;
            near = near * sixth;
            w[0].at[l] = (g0 * (hem__real)0.25 - near) + far;
            w[to_step].at[l] = far_odd * (hem__real)(1.0 / 12) - near_odd * sixth;
            w[2 * to_step].at[l] = (4 * far - near) + g5;
        }
    }
}

/* Weight of (output k, input c, tap t) of a run: w[k * d.k + c * d.c + t * d.t]. */
typedef struct strides {
    ptrdiff_t k, c, t;
} strides;

/* Transforms the weights of up to 16 input channels from c on, for output channel k; `u` is that
 * channel's place in the panel of frequency 0, `width` that of the panel. */
static void pack_some(const hem__real *w, strides d, int m, int n, hem__real *u, size_t width,
                      size_t plane)
{
    const int T = m + 2;
    numbers taps[9] = {{{0}}}, half[T_MOST * 3], all[T_MOST * T_MOST];
    for (int t = 0; t < 9; t++)
        for (int l = 0; l < n; l++)
            taps[t].at[l] = w[l * d.c + t * d.t];
    for (int s = 0; s < 3; s++)
        weight_line(taps + s, 3, m, half + s, 3);
    for (int i = 0; i < T; i++)
        weight_line(half + 3 * i, 1, m, all + i * T, 1);
    for (int f = 0; f < T * T; f++)
        for (int l = 0; l < n; l++)
            u[(size_t)f * plane + (size_t)l * width] = all[f].at[l];
}

/* Packs all frequencies of all panels; each thread takes its share of the panels. */
static void pack(int C, int K, int m, const hem__real *w, strides d, hem__real *u,
                 const work_t *work)
{
    size_t first, last, plane = (size_t)C * (size_t)K;
    hem__share((size_t)hem__winograd_panels(K), work->thread, work->n_threads, &first, &last);
    for (int panel = (int)first; panel < (int)last; panel++) {
        int k0 = hem__winograd_panel(K, panel), k1 = hem__winograd_panel(K, panel + 1);
        for (int k = k0; k < k1; k++)
            for (int c = 0; c < C; c += HEM__ALIGN)
                pack_some(w + k * d.k + c * d.c, d, m, C - c < HEM__ALIGN ? C - c : HEM__ALIGN,
                          u + (size_t)k0 * (size_t)C + (size_t)(c * (k1 - k0) + k - k0),
                          (size_t)(k1 - k0), plane);
    }
}

static void prepare(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__real *w = work->params + cell->graph->tensors[cell->node->weight].offset;
    const ptrdiff_t per_k = 9 * (ptrdiff_t)s->C;
    pack(s->C, s->K, side_of(cell), w, (strides){per_k, 9, 1}, cell->packed, work);
    if (cell->packed_grad && cell->dx) /* the last tap of flipped weights is the first */
        pack(s->K, s->C, side_of(cell), w + 8, (strides){9, per_k, -1}, cell->packed_grad, work);
}

/* ---- passes -----------------------------------------------------------------------------------
 */

/* The input gradient as a convolution. */
static hem__conv_shape backward(const hem__conv_shape *s)
{
    hem__conv_shape b = *s;
    b.C = s->K, b.H = s->P, b.W = s->Q;
    b.K = s->C, b.P = s->H, b.Q = s->W;
    b.pad_y = 2 - s->pad_y, b.pad_x = 2 - s->pad_x;
    return b;
}

/* Numbers of one frequency of the weight gradient. */
static size_t plane_of(const hem__conv_shape *s)
{
    return (size_t)s->K * (((size_t)s->C + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN);
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    (void)tiles;
    const hem__conv_shape *s = &cell->node->conv, b = backward(s);
    const int m = side_of(cell);
    const size_t n = (size_t)((m + 2) * (m + 2));
    size_t each = hem__winograd_scratch(s, m), for_dx = hem__winograd_scratch(&b, m);
    cell->packed = hem__arena_take(arena, n * (size_t)s->C, (size_t)s->K * sizeof(hem__real));
    if (training) {
        cell->packed_grad =
            hem__arena_take(arena, n * (size_t)s->C, (size_t)s->K * sizeof(hem__real));
        cell->frequencies = hem__arena_take(arena, n * plane_of(s), sizeof(hem__real));
        each = each > for_dx ? each : for_dx;
    }
    cell->scratch = hem__arena_take(arena, (size_t)n_threads, sizeof *cell->scratch);
    for (int t = 0; t < n_threads; t++) {
        hem__real *slice = hem__arena_take(arena, each, sizeof(hem__real));
        if (cell->scratch)
            cell->scratch[t] = slice;
    }
}

/* Runs a convolution; dealt out are (tile, patch). */
static void run_dealt(const cell_t *cell, const work_t *work, const hem__conv_shape *s,
                      const hem__real *x, const hem__real *u, const hem__real *bias, bool relu,
                      const hem__real *mask, hem__real *y)
{
    const int m = side_of(cell);
    const size_t x_tile = (size_t)s->C * (size_t)s->H * (size_t)s->W * HEM__LANES;
    const size_t y_tile = (size_t)s->K * (size_t)s->P * (size_t)s->Q * HEM__LANES;
    size_t patches = (size_t)hem__winograd_patches(s, m), i, last;
    size_t unit = (size_t)hem__winograd_unit(s, m);
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * patches, unit, patches);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = i / patches, first = i % patches;
        work->kernels->winograd(s, m, x + tile * x_tile, u, bias, relu,
                                mask ? mask + tile * y_tile : NULL, y + tile * y_tile,
                                cell->scratch[work->thread], (int)first, (int)(first + last - i));
    }
}

static void forward(const cell_t *cell, const work_t *work)
{
    const hem__tensor *tensors = cell->graph->tensors;
    const hem__real *bias =
        cell->node->bias < 0 ? NULL : work->params + tensors[cell->node->bias].offset;
    run_dealt(cell, work, &cell->node->conv, cell->x, cell->packed, bias, cell->node->relu, NULL,
              cell->y);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    hem__conv_shape b = backward(&cell->node->conv);
    run_dealt(cell, work, &b, cell->dy, cell->packed_grad, NULL, false, cell->mask, cell->dx);
}

/* Rows of frequencies [row0, row1), panels [panel0, panel1), over all tiles. */
static void add_up(const cell_t *cell, const work_t *work, int row0, int row1, int panel0,
                   int panel1)
{
    const hem__conv_shape *s = &cell->node->conv;
    const int m = side_of(cell), T = m + 2;
    const size_t plane = plane_of(s), row = plane / (size_t)s->K;
    size_t k0 = (size_t)hem__winograd_panel(s->K, panel0);
    size_t k1 = (size_t)hem__winograd_panel(s->K, panel1);
    for (int f = row0 * T; f < row1 * T; f++)
        memset(cell->frequencies + (size_t)f * plane + k0 * row, 0,
               (k1 - k0) * row * sizeof(hem__real));
    for (int t = 0; t < work->tiles; t++)
        work->kernels->winograd_wgrad(s, m, cell->x + (size_t)t * cell->in_units * HEM__LANES,
                                      cell->dy + (size_t)t * cell->out_units * HEM__LANES,
                                      cell->frequencies, cell->scratch[work->thread], row0, row1,
                                      panel0, panel1);
}

/* The thread's share of (row of frequencies, panel): whole rows at once, since each run transforms
 * all of x anew. */
static void add_share(const cell_t *cell, const work_t *work)
{
    const int panels = hem__winograd_panels(cell->node->conv.K);
    size_t i, last;
    hem__share((size_t)((side_of(cell) + 2) * panels), work->thread, work->n_threads, &i, &last);
    for (int at = (int)i, end = (int)last; at < end;) {
        int row = at / panels, panel = at % panels, rows = panel == 0 ? (end - at) / panels : 0;
        int n = panels - panel < end - at ? panels - panel : end - at;
        if (rows > 0)
            add_up(cell, work, row, row + rows, 0, panels);
        else
            add_up(cell, work, row, row + 1, panel, panel + n);
        at += rows > 0 ? rows * panels : n;
    }
}

/* dw += the frequencies' sums, transformed back; the thread's share of the output channels. */
static void add_back(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const int m = side_of(cell), T = m + 2;
    const size_t plane = plane_of(s), row = plane / (size_t)s->K;
    hem__real *dw = work->grads + cell->graph->tensors[cell->node->weight].offset;
    numbers all[T_MOST * T_MOST], half[3 * T_MOST], taps[9];
    size_t k, last;
    hem__share((size_t)s->K, work->thread, work->n_threads, &k, &last);
    for (; k < last; k++)
        for (int c = 0; c < s->C; c += HEM__ALIGN) {
            for (int f = 0; f < T * T; f++)
                memcpy(&all[f], cell->frequencies + (size_t)f * plane + k * row + c, sizeof all[f]);
            for (int j = 0; j < T; j++)
                weight_line_back(all + j, T, m, half + j, T);
            for (int r = 0; r < 3; r++)
                weight_line_back(half + r * T, 1, m, taps + 3 * r, 1);
            hem__real *to = dw + (k * (size_t)s->C + (size_t)c) * 9;
            for (int l = 0; l < HEM__ALIGN && c + l < s->C; l++)
                for (int t = 0; t < 9; t++)
                    to[l * 9 + t] += taps[t].at[l];
        }
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    add_share(cell, work);
    hem__work_meet(work);
    add_back(cell, work);
    HEM__R(hem__conv_bias_grad)(cell, work);
}

const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_winograd_2) = {.name = "winograd-2x2",
                                                                  .cost = cost_2,
                                                                  .reserve = reserve,
                                                                  .prepare = prepare,
                                                                  .forward = forward,
                                                                  .input_grad = input_grad,
                                                                  .weight_grad = weight_grad};
const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_winograd_4) = {.name = "winograd-4x4",
                                                                  .cost = cost_4,
                                                                  .reserve = reserve,
                                                                  .prepare = prepare,
                                                                  .forward = forward,
                                                                  .input_grad = input_grad,
                                                                  .weight_grad = weight_grad};
