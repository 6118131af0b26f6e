/* What a kernel tier provides: one table of functions. Everything the kernels promise about
 * layouts and about the order of sums stands here; the reference (reference.c) is the same words
 * in plain C, and every tier with fused multiply-add equals it bit for bit, but for the dense slots
 * of amx, which take rounded factors and have an order of their own (amx.c).
 *
 * Layout: images innermost. A tile is 16 images, and its 16 lanes are the innermost dimension.
 *   unit       one number an image: pixel x channel, or one output of a dense layer
 *   activation [unit][16], for C channels of H x W pixels in blocks of up to 8 channels:
 *              [C/8][H][W][cb][16], cb = min(8, C - 8 * block): the last block may be narrower.
 *              unit(c, y, x) = 8 * b * H * W + (y * W + x) * cb + c % 8 with b = c / 8.
 *              With H = W = 1 that is plain [C][16]: a dense layer reads a map as it lies.
 *   several tiles follow each other at a stride that the caller gives, in numbers.
 *   Every activation, packed weight and row of dense weights is 64-byte-aligned.
 *
 * Order of sums. fma(a, b, c) is one rounding; every product of a sum is one fma onto it, in the
 * order stated. Nothing else may be reordered: blocking continues a sum (through memory, if need
 * be) and never starts a second one. tree16(v) adds 16 lanes so:
 *   s[l] = v[l] + v[l + 8] for l in 0..7;
 *   ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)).
 *
 * Lanes at or past the number of real images hold finite numbers and take part in everything but
 * gradients: the losses give them dz = 0 exactly, so they add zeros to every sum.
 * No kernel allocates, and none writes outside what its text says. */
#ifndef HEM_KERNEL_CONTRACT_H
#define HEM_KERNEL_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/contract_fft.h"
#include "kernel/real.h"

enum {
    HEM__LANES = 16, /* images in a tile */
    HEM__BLOCK = 8,  /* channels in a full block */
    HEM__ALIGN = 16  /* numbers that rows of weights are padded to, with zeros */
};

/* A convolution as the forward kernel runs it: also the input gradient, with the gradient of the
 * output as x and flipped, transposed weights; with a stride, one run a phase of the stride. */
typedef struct hem__conv_run {
    int C, H, W;        /* x: channels, rows, columns */
    int K;              /* channels of y */
    int R, S;           /* kernel rows and columns; 0 taps give bias alone */
    int rows, cols;     /* lattice of outputs to compute */
    int step_y, step_x; /* pixels of x between neighbouring outputs */
    int pad_y, pad_x;   /* output (0, 0), tap (0, 0) reads x at (-pad_y, -pad_x); may be negative */
    int OH, OW;         /* rows and columns of the map y */
    int out_y, out_x;   /* where lattice point (0, 0) lies in y; may be outside, not asked for */
    int out_step_y, out_step_x;
} hem__conv_run;

/* The shape of a convolution for its weight gradient; stride and padding of the forward pass. */
typedef struct hem__conv_shape {
    int C, H, W; /* input */
    int K, P, Q; /* filters; output rows and columns */
    int R, S;
    int stride_y, stride_x;
    int pad_y, pad_x; /* rows above and columns left of the image */
} hem__conv_shape;

typedef struct hem__pool_shape {
    int C, H, W;
    int P, Q; /* output rows and columns */
    int R, S; /* window */
    int stride_y, stride_x;
    int pad_y, pad_x; /* windows are clipped to the image; clipped cells do not count */
} hem__pool_shape;

/* Rows [y0, y1) and columns [x0, x1) of the image under the window of output (p, q). */
typedef struct hem__window {
    int y0, y1, x0, x1;
} hem__window;

static inline hem__window hem__pool_window(const hem__pool_shape *s, int p, int q)
{
    int y = p * s->stride_y - s->pad_y, x = q * s->stride_x - s->pad_x;
    return (hem__window){.y0 = y < 0 ? 0 : y,
                         .y1 = y + s->R > s->H ? s->H : y + s->R,
                         .x0 = x < 0 ? 0 : x,
                         .x1 = x + s->S > s->W ? s->W : x + s->S};
}

/* Whether the windows lie side by side inside the image: no cell in two of them, none clipped. */
static inline int hem__pool_tiles(const hem__pool_shape *s)
{
    return s->R == s->stride_y && s->S == s->stride_x && s->pad_y == 0 && s->pad_x == 0 &&
           s->P * s->R <= s->H && s->Q * s->S <= s->W;
}

/* Dense layers work on all tiles of a chunk at once. Tile t of x lies at x + t * x_tile. */
typedef struct hem__dense_run {
    int n_in, n_out;
    size_t ld_w; /* row stride of w, n_in rounded up to HEM__ALIGN; the padding holds zeros */
    int n_tiles;
    size_t in_tile, out_tile; /* numbers between tiles of x and dx, of y and dy */
} hem__dense_run;

/* One step's constants of an optimizer. `g` below is the gradient of the loss; every update first
 * makes h, the gradient of the objective: h = fma(decay, w, g), where decay = 2 * l2; then, only
 * where l1 is not 0, h = h + (w > 0 ? l1 : w < 0 ? -l1 : 0).
 *   sgd       w = fma(-rate, h, w)
 *   momentum  v = fma(momentum, v, gain * h); w = fma(-rate, v, w)
 *   nesterov  v as momentum's; w = fma(-rate, fma(momentum, v, h), w)
 *   adam      m = fma(beta1, m, gain1 * h); v = fma(beta2, v, gain2 * (h * h));
 *             w = fma(-rate, m / (sqrt(v) + epsilon), w)
 *   adamw     w = fma(-shrink, w, w), then m, v and w as adam's; h is taken of the w before
 *   rmsprop   v = fma(beta2, v, gain2 * (h * h)); b = fma(momentum, b, (rate * h) /
 *             sqrt(v + epsilon)); w = w - b */
typedef struct hem__update {
    hem__real decay, l1;
    hem__real rate; /* learning rate; Adam: alpha_t, bias correction included */
    hem__real momentum;
    hem__real gain;         /* 1 - dampening */
    hem__real beta1, beta2; /* rmsprop: beta2 = rho */
    hem__real gain1, gain2; /* gain = 1 - beta in double */
    hem__real epsilon;
    hem__real shrink; /* adamw: learning rate * weight decay; 0 where a tensor has none */
} hem__update;

/* What batch normalisation does to one channel: (x - mean) * scale + shift. In its gradient scale
 * is the factor of dy, slope that of x - mean. */
typedef struct hem__norm {
    hem__real mean, scale, slope, shift;
} hem__norm;

/* The numbers of the 256 bytes, (b - mean) / deviation. The table is their definition. Where it is
 * `exact`, fma(x, high, fma(x, low, rest)) with x = b - middle makes those very numbers, all 256 to
 * the last bit, without looking up: middle is the mean to 2^-16, so that x is exact, high + low one
 * over the deviation, rest what middle took from the mean. */
typedef struct hem__values {
    hem__real table[256];
    bool exact;
    hem__real middle, high, low, rest;
} hem__values;

void HEM__R(hem__values_make)(double mean, double deviation, hem__values *out);

/* sgd, momentum, nesterov, adam, adamw, rmsprop: the order of hem__optimizer_kind */
enum { HEM__N_UPDATES = 6 };
/* Numbers whose squares are summed at once for the norm of a gradient (sum_squares). */
enum { HEM__NORM_BLOCK = 4096 };
enum { HEM__N_POINTWISE = 3 }; /* relu, tanh, sigmoid: hem__activation - HEM__ACT_RELU */
enum { HEM__N_CURVES = 4 }; /* leaky_relu, elu, gelu, silu: hem__layer_kind, from LEAKY_RELU on */

/* The end of a network and its loss, on one tile: logits z[C][16], `n` real images with labels (or
 * NULL: outputs and classes alone). target[c] = c == label ? on : off; gradients are times scale.
 */
typedef struct hem__loss_run {
    int C;
    const uint16_t *labels;
    int n;
    hem__real on, off, scale;
} hem__loss_run;

typedef enum hem__loss {
    HEM__SOFTMAX_CROSS_ENTROPY,
    HEM__SOFTMAX_SQUARED_ERROR,
    HEM__SIGMOID_CROSS_ENTROPY,
    HEM__SIGMOID_SQUARED_ERROR,
    HEM__N_LOSSES
} hem__loss;

/* Rows of the output that the weight gradient of a convolution sums in lanes, where it is not
 * wide, and that of biases, before they are folded: enough for about 16 pixels. A function of the
 * shape alone: part of the order of sums. */
static inline int hem__wgrad_rows(int Q)
{
    return Q >= 16 ? 1 : (16 + Q - 1) / Q;
}

/* The weight gradient has two forms. Blocks of 8 filters take the wide one where a kernel row of a
 * block of channels has enough taps to keep the vectors busy; how many items are of such blocks: */
static inline int hem__wgrad_wide_items(const hem__conv_shape *s)
{
    enum { FEWEST = 12 };
    int n_cb = (s->C + HEM__BLOCK - 1) / HEM__BLOCK;
    return s->C < HEM__BLOCK && s->C * s->S < FEWEST ? 0 : s->K / HEM__BLOCK * s->R * n_cb;
}

/* Item of ceil(K/8) * R * ceil(C/8). Wide blocks come first, two by two, so that the items of a
 * pair lie side by side: item = ((kb / 2 * R + r) * ceil(C/8) + cb) * 2 + kb % 2. A block without
 * partner or not wide: item = (kb * R + r) * ceil(C/8) + cb. */
static inline void hem__wgrad_item(const hem__conv_shape *s, int item, int *kb, int *r, int *cb)
{
    int n_cb = (s->C + HEM__BLOCK - 1) / HEM__BLOCK, of_pair = 2 * s->R * n_cb;
    bool paired = item < hem__wgrad_wide_items(s) / of_pair * of_pair;
    int place = paired ? item / 2 : item;
    *cb = place % n_cb;
    *r = place / n_cb % s->R;
    *kb = paired ? item / of_pair * 2 + item % 2 : item / n_cb / s->R;
}

/* The wide form has units of at most 16 pixels: whole output rows, or a part of one. Part i of a
 * row is the columns [Q * i / parts, Q * (i + 1) / parts). */
static inline int hem__wgrad_wide_rows(int Q)
{
    return Q >= 16 ? 1 : 16 / Q;
}

static inline int hem__wgrad_wide_parts(int Q)
{
    return (Q + 15) / 16;
}

/* The forward pass of a convolution. */
static inline hem__conv_run hem__conv_forward(const hem__conv_shape *s)
{
    return (hem__conv_run){.C = s->C,
                           .H = s->H,
                           .W = s->W,
                           .K = s->K,
                           .R = s->R,
                           .S = s->S,
                           .rows = s->P,
                           .cols = s->Q,
                           .step_y = s->stride_y,
                           .step_x = s->stride_x,
                           .pad_y = s->pad_y,
                           .pad_x = s->pad_x,
                           .OH = s->P,
                           .OW = s->Q,
                           .out_step_y = 1,
                           .out_step_x = 1};
}

/* Packed weights of a hem__conv_run: output channels in register blocks, each block of 8 channels
 * cut as 8 = 4 + 4, 7 = 4 + 3, and 6 or fewer in one. The register block at channel k0, kb wide,
 * begins at k0 * C * R * S and is laid out [C/8][R][S][cb][kb] (c blocks as in activations). */
static inline int hem__register_block(int left) /* channels left in the block of 8 */
{
    return left > 6 ? 4 : left;
}

/* Winograd's algorithm (Lavin and Gray, "Fast algorithms for convolutional neural networks",
 * arXiv:1509.09308): 3 x 3 kernels, stride 1. The output is cut into patches of m x m, m = 2 or 4,
 * in row order, those at the end reaching past it; each needs T x T inputs, T = m + 2, those off
 * the image 0. A patch is transformed row by row and column by column (winograd_lines.h has the
 * sums), which leaves T * T numbers that each are multiplied by a transformed weight:
 *   frequency f = i * T + j, i from the columns' transform, j from the rows'.
 * Transformed weights u of channels C to channels K: [f][panel][C][width], K in panels of nearly
 * equal width, at most 6: hem__winograd_panel. Their gradient g: [f][K][C rounded up to 16]. */
enum { HEM__WINOGRAD_PANEL = 6, HEM__WINOGRAD_MOST = 6 }; /* width of a panel; largest T */

static inline int hem__winograd_panels(int K)
{
    return (K + HEM__WINOGRAD_PANEL - 1) / HEM__WINOGRAD_PANEL;
}

/* First channel of a panel; of the panel behind the last: K. */
static inline int hem__winograd_panel(int K, int panel)
{
    int n = hem__winograd_panels(K);
    return panel * (K / n) + (panel < K % n ? panel : K % n);
}

/* Patches across and down. */
static inline int hem__winograd_across(const hem__conv_shape *s, int m)
{
    return (s->Q + m - 1) / m;
}

static inline int hem__winograd_patches(const hem__conv_shape *s, int m)
{
    return (s->P + m - 1) / m * hem__winograd_across(s, m);
}

/* Patches whose sums in the weight gradient are one: part of the order of sums. Forward kernels
 * work on as many at once, but there it changes nothing. */
static inline int hem__winograd_unit(const hem__conv_shape *s, int m)
{
    int n = hem__winograd_patches(s, m);
    return n < 4 ? n : 4;
}

/* Numbers between one frequency of a unit of patches and the next: C channels of all images; a
 * cache line more, so that the frequencies do not meet in one set of the cache. */
static inline size_t hem__winograd_plane(int channels, int unit)
{
    size_t padded = ((size_t)channels + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
    return padded * (size_t)unit * HEM__LANES + HEM__LANES;
}

/* Numbers of scratch, 64-byte-aligned, that the kernels below want: a unit transformed, of both
 * sides. */
static inline size_t hem__winograd_scratch(const hem__conv_shape *s, int m)
{
    int unit = hem__winograd_unit(s, m), n = (m + 2) * (m + 2);
    return (size_t)n * (hem__winograd_plane(s->C, unit) + hem__winograd_plane(s->K, unit));
}

typedef struct HEM__R(hem__kernels) {
    const char *name;
    int dense_rows; /* outputs of a register block of the dense slots: else some are left over */

    /* y[k] at each lattice point = bias[k] (or 0 where bias is NULL), then for c blocks, kernel
     * rows, kernel columns, channels in the block: fma(w, x, y). Taps outside x are skipped.
     * Then relu != 0: max(y, 0) (y > 0 ? y : 0); mask != NULL: mask[u] > 0 ? y : 0, mask laid out
     * like y. Blocks of 8 output channels [kb0, kb1), lattice rows [row0, row1), one tile. */
    void (*conv)(const hem__conv_run *run, const hem__real *x, const hem__real *w,
                 const hem__real *bias, int relu, const hem__real *mask, hem__real *y, int kb0,
                 int kb1, int row0, int row1);

    /* dw[k][c][r][s] += t, the sum over one tile, for items [item0, item1) as hem__wgrad_item has
     * them. t = 0, then for units of pixels t += z. Wide: units by rows, then parts; z = 0, then for
     * the unit's pixels, by rows, then columns, whose tap lies inside x, and their images 0 to 15:
     * fma(x, dy, z). Others: units of hem__wgrad_rows(Q) output rows, in order; in each the lanes
     * start at 0 and take fma(x, dy, lane) by rows, then columns, of the pixels whose tap lies
     * inside x; z = tree16(lanes). Both also where no tap was inside. */
    void (*conv_wgrad)(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy,
                       hem__real *dw, int item0, int item1);
    /* db[k] += t as in the form that is not wide, with lane + dy for the fma; channel blocks
     * [kb0, kb1). */
    void (*conv_bgrad)(const hem__conv_shape *shape, const hem__real *dy, hem__real *db, int kb0,
                       int kb1);

    /* y[o] = bias[o] (or 0), then fma(w[o][i], x[i], y) for i in order; then relu as in conv.
     * Outputs [o0, o1) of all tiles. */
    void (*dense)(const hem__dense_run *run, const hem__real *x, const hem__real *w,
                  const hem__real *bias, int relu, hem__real *y, int o0, int o1);
    /* dx[i] = 0, then fma(w[o][i], dy[o], dx) for o in order; then mask as in conv (laid out like
     * dx, tiles at in_tile). Inputs [i0, i1) of all tiles. */
    void (*dense_igrad)(const hem__dense_run *run, const hem__real *dy, const hem__real *w,
                        const hem__real *mask, hem__real *dx, int i0, int i1);
    /* xt[lane * ld + u] = x[u][lane] for units [u0, u1), one tile. */
    void (*transpose)(const hem__real *x, hem__real *xt, size_t ld, int u0, int u1);
    /* g[(o - o0) * ld_g + (i - i0)] = accumulate ? g : 0, then fma(dy[o][n], xt[n][i], g) for the
     * images n of all tiles in order. Image n of tile t is row 16 t + n of xt. Outputs [o0, o1),
     * inputs [i0, i1); i0 and i1 are multiples of HEM__ALIGN. */
    void (*dense_wgrad)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                        size_t ld_xt, hem__real *g, size_t ld_g, int accumulate, int o0, int o1,
                        int i0, int i1);
    /* sum[u] += tree16(x[u]) for units [u0, u1), one tile (dense bias gradients). */
    void (*lane_sum)(const hem__real *x, hem__real *sum, int u0, int u1);

    /* Optimizers, n a multiple of HEM__ALIGN. `state` holds 0, 1 or 2 numbers a weight: momentum's
     * and nesterov's v[i] at state[i]; Adam's and AdamW's in groups of 16: m at state[2 * i0 +
     * 0..15], v at [16..31]; rmsprop's b and v likewise. */
    void (*update[HEM__N_UPDATES])(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                                   const hem__update *u);
    /* A dense layer's weight gradient and update at once, for outputs [o0, o1): the weights of
     * output o, at o * ld_w in w (and o * ld_w times the optimizer's numbers in state), change as
     * dense_wgrad without accumulate and the update would change them. */
    void (*dense_update[HEM__N_UPDATES])(const hem__dense_run *run, const hem__real *dy,
                                         const hem__real *xt, size_t ld_xt, hem__real *w,
                                         hem__real *state, const hem__update *u, int o0, int o1);
    /* g = h, the gradient of the objective as the updates take it; n a multiple of HEM__ALIGN. */
    void (*objective_grad)(const hem__real *w, hem__real *g, size_t n, const hem__update *u);
    /* Sum of g[i]^2 in double: lane l of 16 takes the squares (exact in double) of i % 16 == l in
     * order from 0; then tree16 of the lanes. n a multiple of HEM__ALIGN. */
    double (*sum_squares)(const hem__real *g, size_t n);
    /* a = fma(gain, w - a, a): a moving average that keeps 1 - gain; n a multiple of HEM__ALIGN. */
    void (*average)(hem__real *a, const hem__real *w, size_t n, hem__real gain);

    /* y = f(x), and dx = dy * f'(x) from y = f(x): relu y > 0 ? dy : 0, tanh dy * (1 - y * y) as
     * dy * fma(-y, y, 1), sigmoid dy * (y * (1 - y)). n a multiple of 16; x may be y, dy may be dx.
     * In float tanh, sigmoid and exp are our own polynomials, the same on every tier. */
    void (*pointwise[HEM__N_POINTWISE])(const hem__real *x, hem__real *y, size_t n);
    void (*pointwise_grad[HEM__N_POINTWISE])(const hem__real *y, const hem__real *dy, hem__real *dx,
                                             size_t n);
    /* y = f(x) with a parameter a >= 0, and dx = dy * f'(x) by `at`, which is y for the first two
     * and x for the others. leaky_relu: x > 0 ? x : a * x; at > 0 ? dy : a * dy. elu: x > 0 ? x :
     * a * expm1(x); at > 0 ? dy : dy * (at + a). gelu and silu have no a: functions.h. n a multiple
     * of 16; x may be y, dy may be dx. */
    void (*curve[HEM__N_CURVES])(const hem__real *x, hem__real a, hem__real *y, size_t n);
    void (*curve_grad[HEM__N_CURVES])(const hem__real *at, hem__real a, const hem__real *dy,
                                      hem__real *dx, size_t n);
    /* prelu of n units in rows of `width` (n is a multiple of it): unit u has slope[u % width], any
     * number. y = x > 0 ? x : slope * x; dx = x > 0 ? dy : slope * dy. x may be y, dy may be dx. */
    void (*prelu)(const hem__real *x, const hem__real *slope, int width, hem__real *y, int n);
    void (*prelu_grad)(const hem__real *x, const hem__real *slope, int width, const hem__real *dy,
                       hem__real *dx, int n);
    /* dslope[c] += tree16(lanes) for c in c0..c1-1 of those rows: the lanes start at 0 and take
     * fma(x > 0 ? 0 : x, dy, lane) of the units c, c + width, ... in order. */
    void (*prelu_slope_grad)(const hem__real *x, const hem__real *dy, int width, int c0, int c1,
                             hem__real *dslope, int n);
    /* Softmax over the channels of each pixel of one tile: m = max over c in order, e = exp(z - m),
     * s = sum of e for c in order, y = e / s. x may be y. Its gradient: t = sum over c in order of
     * fma(y, dy, t) from 0; dx = y * (dy - t). dy may be dx. */
    void (*softmax)(const hem__real *x, hem__real *y, int C, int H, int W);
    void (*softmax_grad)(const hem__real *y, const hem__real *dy, hem__real *dx, int C, int H,
                         int W);
    /* Outputs p (into p unless NULL), loss, its gradient dz (into dz unless NULL) and predicted
     * class of a tile. Softmax: m = max of z in order, d = z - m, e = exp(d), s = sum of e for c in
     * order, p = e / s; predicted = the first c of the largest z. Sigmoid: p = sigmoid(z),
     * predicted = the first c of the largest p. With t = target: softmax cross-entropy: a = fma(t,
     * d, a) from 0 for the c in order whose t is not 0; loss = log(s) - a; dz = (p - t) * scale.
     * sigmoid cross-entropy, for on = 1 and off = 0 alone: loss = sum from 0 for c in order of
     *   max(v, 0) + log1p(exp(-|z|)), v = c == label ? -z : z; dz = (p - t) * scale.
     * squared error: d = p - t, a = fma(d, d, a) from 0 for c in order; loss = 0.5 * a; dz = g *
     * scale, softmax: b = fma(p, d, b) from 0 for c in order, g = p * (d - b); sigmoid: g = d * (p
     * * (1 - p)). Lanes l >= n: dz = 0, loss = 0, predicted = -1. Without labels: no loss and no
     * dz. */
    void (*loss[HEM__N_LOSSES])(const hem__loss_run *run, const hem__real *z, hem__real *p,
                                hem__real *dz, hem__real *loss, int32_t *predicted);

    /* One tile, channel blocks [b0, b1), output rows [p0, p1). Max: the first cell in row order
     * wins ties. Average: cells in row order from 0 by +, then times 1 / count (count of cells
     * inside the image, rounded once). */
    void (*maxpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                    int p0, int p1);
    void (*avgpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y, int b0, int b1,
                    int p0, int p1);
    /* Gradients: for channel blocks [b0, b1) every cell of dx is written: 0, then the windows in
     * row order add theirs by + (average: dy * (1 / count)). relu != 0: where x > 0 is false dx is
     * 0 at the end (x is then the output of a relu). Average pooling reads x only for that. y is
     * what maxpool makes of x; where hem__pool_tiles(shape), maxpool_grad's dx may be x. */
    void (*maxpool_grad)(const hem__pool_shape *shape, const hem__real *x, const hem__real *y,
                         const hem__real *dy, int relu, hem__real *dx, int b0, int b1);
    void (*avgpool_grad)(const hem__pool_shape *shape, const hem__real *x, const hem__real *dy,
                         int relu, hem__real *dx, int b0, int b1);

    /* mask[u] bit l = image l keeps unit u, for units [u0, u1) of one tile; u0 is a multiple of 8.
     * Philox block at counter {u / 8, place[l], epoch, layer} under `key`; unit u takes 16 bits:
     * word (u % 8) / 2, its low half for even u; kept where they are >= threshold. */
    void (*dropout_mask)(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                         const uint32_t place[HEM__LANES], uint32_t threshold, int u0, int u1,
                         uint16_t *mask);
    /* y = kept ? x * scale : 0 for units [u0, u1) of one tile; x may be y. Its own gradient. */
    void (*dropout)(const hem__real *x, const uint16_t *mask, hem__real scale, hem__real *y, int u0,
                    int u1);

    /* Batch normalisation of one tile, channels [c0, c1) of C with `pixels` pixels each (a flat
     * vector: one). Images at or past n add nothing. In double on every tier, also in float:
     * sums[2 c] += tree16(lanes of a), sums[2 c + 1] += tree16(lanes of a * x), the lanes from 0 by
     * + over the pixels in order, those at or past n taken as 0. Products of two floats are exact
     * in double. a may be x. */
    void (*norm_sums)(const hem__real *a, const hem__real *x, int C, int pixels, int n,
                      double *sums, int c0, int c1);
    /* y = fma(x - mean, scale, shift), then relu as in conv; all lanes. x may be y. */
    void (*norm)(const hem__real *x, int C, int pixels, const hem__norm *by_channel, int relu,
                 hem__real *y, int c0, int c1);
    /* dx = fma(scale, dy, fma(slope, x - mean, shift)), 0 in the lanes at or past n. dy may be dx.
     */
    void (*norm_grad)(const hem__real *x, const hem__real *dy, int C, int pixels, int n,
                      const hem__norm *by_channel, hem__real *dx, int c0, int c1);

    /* Patches [p0, p1) of one tile. With v = the transformed inputs: for each frequency and output
     * channel z = 0, then for channels c in order fma(u, v, z); y = the transform of z back, + bias
     * (where there is one), then relu and mask as in conv. */
    void (*winograd)(const hem__conv_shape *shape, int m, const hem__real *x, const hem__real *u,
                     const hem__real *bias, int relu, const hem__real *mask, hem__real *y,
                     hem__real *scratch, int p0, int p1);
    /* g += sums over one tile, frequencies [row0 * T, row1 * T), panels [panel0, panel1) of K; the
     * padding of g as if x had channels of zeros. With v as above and d = the transformed dy, 0
     * past the output: in units of hem__winograd_unit patches, in order: z = 0, then for the
     * patches, then for the images 0 to 15: fma(d, v, z); g += z. */
    void (*winograd_wgrad)(const hem__conv_shape *shape, int m, const hem__real *x,
                           const hem__real *dy, hem__real *g, hem__real *scratch, int row0,
                           int row1, int panel0, int panel1);

    /* y[u * 16 + l] = values->table[b], b = images[l][u0 + u], for u in 0..n-1. */
    void (*bytes)(const uint8_t *const *images, const hem__values *values, size_t u0, size_t n,
                  hem__real *y);
    /* The same, y = (b - mean[u0 + u]) * factor[u0 + u], with two roundings. */
    void (*bytes_by_unit)(const uint8_t *const *images, const hem__real *mean,
                          const hem__real *factor, size_t u0, size_t n, hem__real *y);
    /* The same, y = (b - mean[l]) * factor[l]. */
    void (*bytes_by_image)(const uint8_t *const *images, const hem__real *mean,
                           const hem__real *factor, size_t u0, size_t n, hem__real *y);

    /* y += x, n a multiple of 16. */
    void (*add)(hem__real *y, const hem__real *x, size_t n);
    /* Runs independent multiply-adds in registers and returns the floating-point operations done
     * (two each); `rounds` sets how long, about a microsecond each. */
    double (*peak)(size_t rounds);

    /* ---- one image alone: lanes over channels or outputs, hem_predictor's kernels ----
     * An activation is [row][column][channel] without gaps; a flat vector is a map of one pixel.
     * Of x, y and rows of numbers by channel, up to HEM__ALIGN - 1 numbers past the end may be
     * read, which do not matter; nothing but y is written. Weights lie in panels of HEM__ALIGN
     * outputs, each panel [number of the sum][HEM__ALIGN]; past the last output they are zeros.
     * bias: as many numbers as the panels have outputs; or NULL, zeros. Then relu as in conv. */

    /* y[i] = values->table[image[i]] for i in 0..n-1. */
    void (*single_bytes)(const uint8_t *image, const hem__values *values, size_t n, hem__real *y);
    /* y[o] = bias[o], then for the inputs i in order with x[i] != 0 alone: fma(w[i][o], x[i], y).
     * Black pixels and what a relu cut off cost nothing, so weights must be finite. */
    void (*single_dense)(int n_in, int n_out, const hem__real *x, const hem__real *w,
                         const hem__real *bias, int relu, hem__real *y);
    /* y[k] = bias[k], then for kernel rows inside x (rows outside are skipped), kernel columns,
     * channels: fma(w, x, y). A panel is [R][S][C][HEM__ALIGN]. All columns lie inside x: W counts
     * the zeros that the plan puts left and right of the image, and pad_x is 0. */
    void (*single_conv)(const hem__conv_shape *shape, const hem__real *x, const hem__real *w,
                        const hem__real *bias, int relu, hem__real *y);
    /* As maxpool and avgpool, all rows. */
    void (*single_maxpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y);
    void (*single_avgpool)(const hem__pool_shape *shape, const hem__real *x, hem__real *y);
    /* As softmax, prelu and norm, for C channels of some pixels. x may be y. */
    void (*single_softmax)(const hem__real *x, hem__real *y, int C, int pixels);
    void (*single_prelu)(const hem__real *x, const hem__real *slope, int C, int pixels,
                         hem__real *y);
    void (*single_norm)(const hem__real *x, const hem__real *mean, const hem__real *scale,
                        const hem__real *shift, int C, int pixels, hem__real *y);

    /* Convolution by Fourier transforms: contract_fft.h has the words. The spectrum s, laid out by
     * `at`, of 16 real maps of rows x cols pixels, `step` numbers apart, filled up with zeros: rows
     * two by two, z = row 2 i + i row 2 i + 1 (0 behind an odd last one) -> Z, and with Z' = Z of
     * the partner's slot: Z + conj(Z') of row 2 i and i (conj(Z') - Z) of the other, twice their
     * spectra; then the columns. */
    void (*fft)(const hem__fft *f, const hem__real *x, int rows, int cols, size_t step,
                hem__real *s, const hem__fft_layout *at);
    /* Back: columns; then two rows that are read, A and B, as Z = A + i B at the slots half[j], and
     * conj(A) + i conj(B) at their partners (own columns: the real parts of A and B alone); row
     * first_y + p goes with the next where p is even. Then y = fma(1 / (4 ny nx), pixel, bias);
     * relu and mask as in conv. y and mask at the first pixel, rows of window->cols pixels. */
    void (*fft_back)(const hem__fft *f, const hem__real *s, const hem__fft_layout *at,
                     const hem__fft_window *window, hem__real bias, int relu, const hem__real *mask,
                     hem__real *y);
    /* y[o] = 0, then for i in order with a = a[o][i], x = x[i]: re = fma(a.re, x.re, re), im =
     * fma(a.im, -x.re, im), re = fma(a.im, x.im, re), im = fma(a.re, x.im, im): y = sum of conj(a)
     * x. Without p->conjugate the same with re and im exchanged in x and y: y = sum of a x. */
    void (*fft_product)(const hem__fft_product *p, const hem__real *a, const hem__real *x,
                        hem__real *y);
    /* dw[k * C + c] = the same sum with the conjugate over the images of all tiles in order, a = dy
     * of channel k, x of channel c, for n_entries frequencies; dw as weights' spectra are. */
    void (*fft_wgrad)(const hem__fft_wgrad *p, const hem__real *x, const hem__real *dy,
                      hem__real *dw);
} HEM__R(hem__kernels);

extern const HEM__R(hem__kernels) HEM__R(hem__kernels_reference);

#endif
