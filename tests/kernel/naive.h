/* The reference kernels against formulas written down once more, from scratch: plain images-first
 * arrays (N, C, H, W) in double, canonical weights (K, C, R, S), no blocks, no packing, no fma.
 * Included by test_reference.c in float and by test_reference_double.c in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "kernel/contract.h"
#include "support.h"

#ifdef HEM_REAL_IS_DOUBLE
#define TOLERANCE 1e-13
#else
#define TOLERANCE 2e-6
#endif

static const HEM__R(hem__kernels) *const reference = &HEM__R(hem__kernels_reference);

enum { N = HEM__LANES };

typedef struct tensor { /* (N, C, H, W); weights (K, C, R, S) */
    int n, c, h, w;
    double *at;
} tensor;

static double *cell(const tensor *t, int n, int c, int h, int w)
{
    return &t->at[((n * t->c + c) * t->h + h) * t->w + w];
}

static void *get(size_t count, size_t size)
{
    size_t bytes = (count * size + 64) / 64 * 64;
    void *p = aligned_alloc(64, bytes);
    if (p == NULL)
        fail_msg("no memory for %zu bytes", bytes);
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)p)[i] = 0;
    return p;
}

static tensor zeros(int n, int c, int h, int w)
{
    size_t count = (size_t)n * (size_t)c * (size_t)h * (size_t)w;
    return (tensor){n, c, h, w, get(count, sizeof(double))};
}

static tensor randoms(rng *r, int n, int c, int h, int w)
{
    tensor t = zeros(n, c, h, w);
    for (int i = 0; i < n * c * h * w; i++)
        t.at[i] = (double)(hem__real)unit_random(r);
    return t;
}

/* Number of (c, h, w) in a tile, as contract.h words it. */
static size_t unit(const tensor *t, int c, int h, int w)
{
    int b = c / 8, cb = t->c - 8 * b < 8 ? t->c - 8 * b : 8;
    return (size_t)(8 * b * t->h * t->w + (h * t->w + w) * cb + c % 8);
}

static hem__real *to_tile(const tensor *t)
{
    hem__real *tile = get((size_t)(t->c * t->h * t->w) * N, sizeof *tile);
    for (int n = 0; n < t->n; n++) {
        for (int c = 0; c < t->c; c++) {
            for (int h = 0; h < t->h; h++) {
                for (int w = 0; w < t->w; w++)
                    tile[unit(t, c, h, w) * N + (size_t)n] = (hem__real)*cell(t, n, c, h, w);
            }
        }
    }
    return tile;
}

static void expect(double got, double want, double scale, const char *what)
{
    if (!(fabs(got - want) <= TOLERANCE * (scale + 1)))
        fail_msg("%s: %.17g, expected %.17g", what, got, want);
}

static void expect_tile(const hem__real *tile, const tensor *t, double scale, const char *what)
{
    for (int n = 0; n < t->n; n++) {
        for (int c = 0; c < t->c; c++) {
            for (int h = 0; h < t->h; h++) {
                for (int w = 0; w < t->w; w++)
                    expect((double)tile[unit(t, c, h, w) * N + (size_t)n], *cell(t, n, c, h, w),
                           scale, what);
            }
        }
    }
}

/* ---- convolution ------------------------------------------------------------------------------
 */

/* Weights of a run as contract.h packs them: w holds (K, C, R, S) of the run. */
static hem__real *pack(const tensor *w)
{
    int K = w->n, C = w->c, R = w->h, S = w->w;
    size_t at = 0;
    hem__real *packed = get((size_t)(K * C * R * S), sizeof *packed);
    for (int k = 0; k < K;) {
        int block_end = k / 8 * 8 + 8 < K ? k / 8 * 8 + 8 : K, left = block_end - k;
        int kb = left > 6 ? 4 : left;
        for (int c0 = 0; c0 < C; c0 += 8) {
            for (int r = 0; r < R; r++) {
                for (int s = 0; s < S; s++) {
                    for (int c = c0; c < C && c < c0 + 8; c++) {
                        for (int j = 0; j < kb; j++)
                            packed[at++] = (hem__real)*cell(w, k + j, c, r, s);
                    }
                }
            }
        }
        k += kb;
    }
    return packed;
}

typedef struct layer {
    hem__conv_shape s;
    tensor x, w, y, dx, dw, dy;
    double db[32], bias[32];
} layer;

/* y, and the gradients of sum(dy * y), all in one walk over every product of the layer. */
static void naive_conv(layer *l)
{
    const hem__conv_shape *s = &l->s;
    for (int n = 0; n < N; n++) {
        for (int k = 0; k < s->K; k++) {
            for (int p = 0; p < s->P; p++) {
                for (int q = 0; q < s->Q; q++) {
                    double d = *cell(&l->dy, n, k, p, q);
                    *cell(&l->y, n, k, p, q) = l->bias[k];
                    l->db[k] += d;
                    for (int c = 0; c < s->C; c++) {
                        for (int r = 0; r < s->R; r++) {
                            for (int t = 0; t < s->S; t++) {
                                int h = p * s->stride_y - s->pad_y + r;
                                int w = q * s->stride_x - s->pad_x + t;
                                if (h < 0 || h >= s->H || w < 0 || w >= s->W)
                                    continue;
                                double x = *cell(&l->x, n, c, h, w), f = *cell(&l->w, k, c, r, t);
                                *cell(&l->y, n, k, p, q) += f * x;
                                *cell(&l->dw, k, c, r, t) += d * x;
                                *cell(&l->dx, n, c, h, w) += d * f;
                            }
                        }
                    }
                }
            }
        }
    }
}

static int up(int a, int b) /* a / b rounded up, b > 0 */
{
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/* One dimension of the input gradient of a strided layer: inputs i with (i + pad) % stride == phase
 * read only the taps phase, phase + stride, ... : a run of its own, with flipped taps. */
typedef struct phase {
    int taps, first, rows, pad;
} phase;

static phase phase_of(int number, int stride, int pad, int taps, int length)
{
    phase p = {.taps = taps > number ? (taps - number + stride - 1) / stride : 0};
    int m0 = up(pad - number, stride);
    m0 = m0 < 0 ? 0 : m0;
    while (m0 * stride + number - pad < 0)
        m0++;
    p.first = m0 * stride + number - pad;
    p.rows = p.first < length ? (length - p.first + stride - 1) / stride : 0;
    p.pad = p.taps - 1 - m0;
    return p;
}

static void input_gradient(const layer *l, const hem__real *dy, hem__real *dx)
{
    const hem__conv_shape *s = &l->s;
    for (int a = 0; a < s->stride_y; a++) {
        for (int b = 0; b < s->stride_x; b++) {
            phase v = phase_of(a, s->stride_y, s->pad_y, s->R, s->H);
            phase h = phase_of(b, s->stride_x, s->pad_x, s->S, s->W);
            tensor w = zeros(s->C, s->K, v.taps, h.taps);
            for (int i = 0; i < s->C * s->K * v.taps * h.taps; i++) {
                int t = i % h.taps, r = i / h.taps % v.taps, k = i / h.taps / v.taps % s->K;
                int c = i / h.taps / v.taps / s->K;
                *cell(&w, c, k, r, t) = *cell(&l->w, k, c, a + s->stride_y * (v.taps - 1 - r),
                                              b + s->stride_x * (h.taps - 1 - t));
            }
            hem__real *packed = pack(&w);
            hem__conv_run run = {.C = s->K,
                                 .H = s->P,
                                 .W = s->Q,
                                 .K = s->C,
                                 .R = v.taps,
                                 .S = h.taps,
                                 .rows = v.rows,
                                 .cols = h.rows,
                                 .step_y = 1,
                                 .step_x = 1,
                                 .pad_y = v.pad,
                                 .pad_x = h.pad,
                                 .OH = s->H,
                                 .OW = s->W,
                                 .out_y = v.first,
                                 .out_x = h.first,
                                 .out_step_y = s->stride_y,
                                 .out_step_x = s->stride_x};
            if (v.rows > 0 && h.rows > 0)
                reference->conv(&run, dy, packed, NULL, 0, NULL, dx, 0, (s->C + 7) / 8, 0, v.rows);
            free(packed);
            free(w.at);
        }
    }
}

static void one_layer(rng *r)
{
    layer l = {.s = {.C = between(r, 1, 10),
                     .K = between(r, 1, 18),
                     .H = between(r, 1, 9),
                     .W = between(r, 1, 9),
                     .R = between(r, 1, 5),
                     .S = between(r, 1, 5),
                     .stride_y = between(r, 1, 3),
                     .stride_x = between(r, 1, 3)}};
    hem__conv_shape *s = &l.s;
    if (chance(r, 2)) { /* same, as TensorFlow pads */
        s->P = (s->H + s->stride_y - 1) / s->stride_y;
        s->Q = (s->W + s->stride_x - 1) / s->stride_x;
        int rows = (s->P - 1) * s->stride_y + s->R - s->H;
        int columns = (s->Q - 1) * s->stride_x + s->S - s->W;
        s->pad_y = rows > 0 ? rows / 2 : 0;
        s->pad_x = columns > 0 ? columns / 2 : 0;
    } else {
        s->R = s->R < s->H ? s->R : s->H;
        s->S = s->S < s->W ? s->S : s->W;
        s->P = (s->H - s->R) / s->stride_y + 1;
        s->Q = (s->W - s->S) / s->stride_x + 1;
    }
    l.x = randoms(r, N, s->C, s->H, s->W);
    l.w = randoms(r, s->K, s->C, s->R, s->S);
    l.dy = randoms(r, N, s->K, s->P, s->Q);
    l.y = zeros(N, s->K, s->P, s->Q);
    l.dx = zeros(N, s->C, s->H, s->W);
    l.dw = zeros(s->K, s->C, s->R, s->S);
    hem__real bias[32], db[32] = {0};
    for (int k = 0; k < s->K; k++)
        l.bias[k] = (double)(bias[k] = (hem__real)unit_random(r));
    naive_conv(&l);

    hem__real *x = to_tile(&l.x), *dy = to_tile(&l.dy), *packed = pack(&l.w);
    hem__real *y = to_tile(&l.dy), *dx = to_tile(&l.x);
    hem__real *dw = get((size_t)(s->K * s->C * s->R * s->S), sizeof *dw);
    hem__conv_run run = hem__conv_forward(s);
    int kbs = (s->K + 7) / 8;
    reference->conv(&run, x, packed, bias, 0, NULL, y, 0, kbs, 0, s->P);
    expect_tile(y, &l.y, s->C * s->R * s->S, "convolution");
    input_gradient(&l, dy, dx);
    expect_tile(dx, &l.dx, s->K * s->R * s->S, "input gradient");
    reference->conv_wgrad(s, x, dy, dw, 0, kbs * s->R * ((s->C + 7) / 8));
    for (int i = 0; i < s->K * s->C * s->R * s->S; i++)
        expect((double)dw[i], l.dw.at[i], 16.0 * s->P * s->Q, "weight gradient");
    reference->conv_bgrad(s, dy, db, 0, kbs);
    for (int k = 0; k < s->K; k++)
        expect((double)db[k], l.db[k], 16.0 * s->P * s->Q, "bias gradient");

    void *blocks[] = {l.x.at, l.w.at, l.dy.at, l.y.at, l.dx.at, l.dw.at, x, dy, packed, y, dx, dw};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
}

static void test_conv(void **state)
{
    (void)state;
    rng r = {1};
    for (int i = 0; i < 300; i++)
        one_layer(&r);
}

/* ---- dense ------------------------------------------------------------------------------------
 */

static void one_dense(rng *r)
{
    enum { TILES = 3, MOST = 40 };
    int in = between(r, 1, MOST), out = between(r, 1, MOST), tiles = between(r, 1, TILES);
    size_t ld = (size_t)(in + 15) / 16 * 16;
    hem__dense_run run = {.n_in = in,
                          .n_out = out,
                          .ld_w = ld,
                          .n_tiles = tiles,
                          .in_tile = (size_t)in * N,
                          .out_tile = (size_t)out * N};
    hem__real *w = get(ld * (size_t)out, sizeof *w), *g = get(ld * (size_t)out, sizeof *g);
    hem__real *x = get(run.in_tile * TILES, sizeof *x), *y = get(run.out_tile * TILES, sizeof *y);
    hem__real *dx = get(run.in_tile * TILES, sizeof *x);
    hem__real *dy = get(run.out_tile * TILES, sizeof *y), *xt = get(ld * TILES * N, sizeof *xt);
    hem__real bias[MOST], db[MOST] = {0};
    for (int o = 0; o < out; o++) {
        bias[o] = (hem__real)unit_random(r);
        for (int i = 0; i < in; i++)
            w[(size_t)o * ld + (size_t)i] = (hem__real)unit_random(r);
    }
    for (size_t i = 0; i < run.in_tile * (size_t)tiles; i++)
        x[i] = (hem__real)unit_random(r);
    for (size_t i = 0; i < run.out_tile * (size_t)tiles; i++)
        dy[i] = (hem__real)unit_random(r);

    reference->dense(&run, x, w, bias, 1, y, 0, out);
    reference->dense_igrad(&run, dy, w, x, dx, 0, in);
    for (int t = 0; t < tiles; t++) {
        reference->transpose(x + (size_t)t * run.in_tile, xt + (size_t)(t * N) * ld, ld, 0, in);
        reference->lane_sum(dy + (size_t)t * run.out_tile, db, 0, out);
    }
    reference->dense_wgrad(&run, dy, xt, ld, g, ld, 0, 0, out, 0, (int)ld);
    for (int t = 0; t < tiles; t++) {
        for (int n = 0; n < N; n++) {
            const hem__real *xn = x + (size_t)t * run.in_tile + n;
            const hem__real *dn = dy + (size_t)t * run.out_tile + n;
            for (int o = 0; o < out; o++) {
                double sum = (double)bias[o];
                for (int i = 0; i < in; i++)
                    sum += (double)w[(size_t)o * ld + (size_t)i] * (double)xn[i * N];
                expect((double)y[(size_t)t * run.out_tile + (size_t)(o * N + n)], sum > 0 ? sum : 0,
                       in, "dense");
            }
            for (int i = 0; i < in; i++) {
                double sum = 0;
                for (int o = 0; o < out; o++)
                    sum += (double)w[(size_t)o * ld + (size_t)i] * (double)dn[o * N];
                expect((double)dx[(size_t)t * run.in_tile + (size_t)(i * N + n)],
                       xn[i * N] > 0 ? sum : 0, out, "dense input gradient");
            }
        }
    }
    for (int o = 0; o < out; o++) {
        double bias_sum = 0;
        for (int i = 0; i < in; i++) {
            double sum = 0;
            for (int t = 0; t < tiles; t++) {
                for (int n = 0; n < N; n++)
                    sum += (double)x[(size_t)t * run.in_tile + (size_t)(i * N + n)] *
                           (double)dy[(size_t)t * run.out_tile + (size_t)(o * N + n)];
            }
            expect((double)g[(size_t)o * ld + (size_t)i], sum, 48, "dense weight gradient");
        }
        for (int t = 0; t < tiles; t++) {
            for (int n = 0; n < N; n++)
                bias_sum += (double)dy[(size_t)t * run.out_tile + (size_t)(o * N + n)];
        }
        expect((double)db[o], bias_sum, 48, "dense bias gradient");
    }
    void *blocks[] = {w, g, x, y, dx, dy, xt};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
}

static void test_dense(void **state)
{
    (void)state;
    rng r = {2};
    for (int i = 0; i < 100; i++)
        one_dense(&r);
}

/* ---- pooling ----------------------------------------------------------------------------------
 */

static void one_pool(rng *r)
{
    hem__pool_shape s = {.C = between(r, 1, 18),
                         .H = between(r, 1, 9),
                         .W = between(r, 1, 9),
                         .R = between(r, 1, 4),
                         .S = between(r, 1, 4),
                         .stride_y = between(r, 1, 4),
                         .stride_x = between(r, 1, 4)};
    s.pad_y = between(r, 0, s.R - 1);
    s.pad_x = between(r, 0, s.S - 1);
    s.P = between(r, 1, (s.H - 1 + s.pad_y) / s.stride_y + 1);
    s.Q = between(r, 1, (s.W - 1 + s.pad_x) / s.stride_x + 1);
    tensor x = randoms(r, N, s.C, s.H, s.W), dy = randoms(r, N, s.C, s.P, s.Q);
    tensor most = zeros(N, s.C, s.P, s.Q), mean = zeros(N, s.C, s.P, s.Q);
    tensor of_most = zeros(N, s.C, s.H, s.W), of_mean = zeros(N, s.C, s.H, s.W);
    for (int i = 0; i < N * s.C * s.P * s.Q; i++) {
        int q = i % s.Q, p = i / s.Q % s.P, c = i / s.Q / s.P % s.C, n = i / s.Q / s.P / s.C;
        int count = 0, best_h = 0, best_w = 0;
        double best = -HUGE_VAL, sum = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int j = 0; j < s.R * s.S; j++) {
                int h = p * s.stride_y - s.pad_y + j / s.S, w = q * s.stride_x - s.pad_x + j % s.S;
                if (h < 0 || h >= s.H || w < 0 || w >= s.W)
                    continue;
                double value = *cell(&x, n, c, h, w);
                if (pass == 1) {
                    *cell(&of_mean, n, c, h, w) += *cell(&dy, n, c, p, q) / count;
                    continue;
                }
                count++;
                sum += value;
                if (value > best) {
                    best = value;
                    best_h = h;
                    best_w = w;
                }
            }
        }
        *cell(&most, n, c, p, q) = best;
        *cell(&mean, n, c, p, q) = sum / count;
        *cell(&of_most, n, c, best_h, best_w) += *cell(&dy, n, c, p, q);
    }
    hem__real *tx = to_tile(&x), *ty = to_tile(&dy), *tdy = to_tile(&dy), *tdx = to_tile(&x);
    int blocks_of_c = (s.C + 7) / 8;
    reference->avgpool(&s, tx, ty, 0, blocks_of_c, 0, s.P);
    expect_tile(ty, &mean, 1, "average");
    reference->avgpool_grad(&s, tx, tdy, 0, tdx, 0, blocks_of_c);
    expect_tile(tdx, &of_mean, 16, "average gradient");
    reference->maxpool(&s, tx, ty, 0, blocks_of_c, 0, s.P);
    expect_tile(ty, &most, 0, "maximum");
    reference->maxpool_grad(&s, tx, ty, tdy, 0, tdx, 0, blocks_of_c);
    expect_tile(tdx, &of_most, 16, "maximum gradient");
    void *blocks[] = {x.at, dy.at, most.at, mean.at, of_most.at, of_mean.at, tx, ty, tdy, tdx};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
}

static void test_pool(void **state)
{
    (void)state;
    rng r = {3};
    for (int i = 0; i < 200; i++)
        one_pool(&r);
}

/* ---- functions --------------------------------------------------------------------------------
 */

static void test_softmax(void **state)
{
    (void)state;
    rng r = {4};
    for (int round = 0; round < 50; round++) {
        int C = between(&r, 1, 20), n_real = between(&r, 1, N);
        tensor z = randoms(&r, N, C, 1, 1);
        for (int i = 0; i < N * C; i++)
            z.at[i] = (double)(hem__real)(5 * z.at[i]);
        hem__real *tile = to_tile(&z), *p = to_tile(&z), *dz = to_tile(&z), *y = to_tile(&z);
        hem__real *dx = to_tile(&z), loss[N];
        uint16_t labels[N];
        int32_t predicted[N];
        for (int n = 0; n < N; n++)
            labels[n] = (uint16_t)between(&r, 0, C - 1);
        reference->softmax(tile, y, C, 1, 1);
        hem__loss_run run = {
            .C = C, .labels = labels, .n = n_real, .on = 1, .scale = (hem__real)0.5};
        reference->loss[HEM__SOFTMAX_CROSS_ENTROPY](&run, tile, p, dz, loss, predicted);
        reference->softmax_grad(y, tile, dx, C, 1, 1);
        for (int n = 0; n < N; n++) {
            double sum = 0, dot = 0;
            for (int c = 0; c < C; c++)
                sum += exp(*cell(&z, n, c, 0, 0));
            for (int c = 0; c < C; c++)
                dot += exp(*cell(&z, n, c, 0, 0)) / sum * *cell(&z, n, c, 0, 0);
            for (int c = 0; c < C; c++) {
                double logit = *cell(&z, n, c, 0, 0), share = exp(logit) / sum;
                double gradient = n < n_real ? (share - (c == labels[n])) * 0.5 : 0;
                expect((double)y[c * N + n], share, 0, "softmax");
                expect((double)p[c * N + n], share, 0, "probability");
                expect((double)dz[c * N + n], gradient, 0, "gradient of the loss");
                expect((double)dx[c * N + n], share * (logit - dot), 5, "softmax gradient");
                if (n < n_real)
                    assert_true(logit <= *cell(&z, n, predicted[n], 0, 0));
            }
            double expected = log(sum) - *cell(&z, n, labels[n], 0, 0);
            expect((double)loss[n], n < n_real ? expected : 0, 5, "loss");
        }
        void *blocks[] = {z.at, tile, p, dz, y, dx};
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
            free(blocks[i]);
    }
}

/* The losses of one image by their definitions, and their gradients from differences of those. */
static double loss_of(hem__loss which, const double *z, int C, int label, double smoothing)
{
    bool softmax = which == HEM__SOFTMAX_CROSS_ENTROPY || which == HEM__SOFTMAX_SQUARED_ERROR;
    bool squared = which == HEM__SOFTMAX_SQUARED_ERROR || which == HEM__SIGMOID_SQUARED_ERROR;
    double sum = 0, loss = 0;
    for (int c = 0; c < C; c++)
        sum += exp(z[c]);
    for (int c = 0; c < C; c++) {
        double p = softmax ? exp(z[c]) / sum : 1 / (1 + exp(-z[c]));
        double t = (1 - smoothing) * (c == label) + smoothing / C;
        if (squared)
            loss += 0.5 * (p - t) * (p - t);
        else
            loss -= t * log(p) + (softmax ? 0 : (1 - t) * log(1 - p));
    }
    return loss;
}

static void one_loss(rng *r, hem__loss which)
{
    int C = between(r, 1, 20), n_real = between(r, 1, N);
    double smoothing = which == HEM__SOFTMAX_CROSS_ENTROPY && chance(r, 2) ? 0.25 : 0;
    hem__real z[20 * N], p[20 * N], dz[20 * N], loss[N];
    uint16_t labels[N];
    int32_t predicted[N];
    for (int i = 0; i < C * N; i++)
        z[i] = (hem__real)(4 * unit_random(r));
    for (int n = 0; n < N; n++)
        labels[n] = (uint16_t)between(r, 0, C - 1);
    hem__loss_run run = {.C = C,
                         .labels = labels,
                         .n = n_real,
                         .on = (hem__real)(1 - smoothing + smoothing / C),
                         .off = (hem__real)(smoothing / C),
                         .scale = (hem__real)0.5};
    reference->loss[which](&run, z, p, dz, loss, predicted);
    for (int n = 0; n < N; n++) {
        double image[20];
        for (int c = 0; c < C; c++)
            image[c] = (double)z[c * N + n];
        bool real = n < n_real;
        expect((double)loss[n], real ? loss_of(which, image, C, labels[n], smoothing) : 0, 60,
               "loss");
        assert_int_equal(predicted[n] < 0, !real);
        for (int c = 0; c < C; c++) {
            const double eps = 1e-5, middle = image[c];
            image[c] = middle + eps;
            double slope = loss_of(which, image, C, labels[n], smoothing);
            image[c] = middle - eps;
            slope = (slope - loss_of(which, image, C, labels[n], smoothing)) / (2 * eps);
            image[c] = middle;
            double got = (double)dz[c * N + n], wanted = real ? 0.5 * slope : 0;
            if (!(fabs(got - wanted) <= 1e-6))
                fail_msg("gradient of loss %d: %.9g, by differences %.9g", which, got, wanted);
            if (real)
                assert_true(p[c * N + n] <= p[predicted[n] * N + n]);
        }
    }
}

static void test_losses(void **state)
{
    (void)state;
    rng r = {6};
    for (int i = 0; i < 200; i++)
        one_loss(&r, (hem__loss)(i % HEM__N_LOSSES));
}

static void test_pointwise(void **state)
{
    (void)state;
    hem__real x[N], y[N], dx[N], ones[N];
    for (int i = 0; i < N; i++) {
        x[i] = (hem__real)(i - 8) / 2;
        ones[i] = 1;
    }
    for (int f = 0; f < HEM__N_POINTWISE; f++) {
        reference->pointwise[f](x, y, N);
        reference->pointwise_grad[f](y, ones, dx, N);
        for (int i = 0; i < N; i++) {
            double v = (double)x[i], sigmoid = 1 / (1 + exp(-v));
            double values[] = {v > 0 ? v : 0, tanh(v), sigmoid};
            double slopes[] = {v > 0, 1 - tanh(v) * tanh(v), sigmoid * (1 - sigmoid)};
            expect((double)y[i], values[f], 4, "activation");
            expect((double)dx[i], slopes[f], 1, "slope");
        }
    }
}

/* leaky_relu, elu, gelu, silu and their slopes by formulas, the slopes also by differences. */
static void test_curves(void **state)
{
    (void)state;
    const double a = 0.75;
    hem__real x[N], y[N], dx[N], ones[N];
    for (int i = 0; i < N; i++) {
        x[i] = (hem__real)(2 * i - 15) / 4;
        ones[i] = 1;
    }
    for (int f = 0; f < HEM__N_CURVES; f++) {
        reference->curve[f](x, (hem__real)a, y, N);
        reference->curve_grad[f](f < 2 ? y : x, (hem__real)a, ones, dx, N);
        for (int i = 0; i < N; i++) {
            double values[3] = {0};
            for (int side = 0; side < 3; side++) {
                double v = (double)x[i] + (side - 1) * 1e-6;
                double of[] = {v > 0 ? v : a * v, v > 0 ? v : a * (exp(v) - 1),
                               v * (1 + erf(v / sqrt(2))) / 2, v / (1 + exp(-v))};
                values[side] = of[f];
            }
            expect((double)y[i], values[1], 4, "curve");
            double slope = (values[2] - values[0]) / 2e-6;
            assert_true(fabs((double)dx[i] - slope) < 1e-6);
        }
    }
}

/* Slopes of 3 channels over 5 pixels: two rows of units with their gradients, by the definition. */
static void test_prelu(void **state)
{
    (void)state;
    enum { WIDTH = 3, UNITS = 15 };
    rng r = {9};
    static hem__real x[UNITS * N], y[UNITS * N], dy[UNITS * N], dx[UNITS * N];
    const hem__real slope[WIDTH] = {(hem__real)0.25, (hem__real)-1.5, 0};
    hem__real dslope[WIDTH] = {1, 2, 3};
    double sum[WIDTH] = {1, 2, 3};
    for (int i = 0; i < UNITS * N; i++) {
        x[i] = (hem__real)unit_random(&r);
        dy[i] = (hem__real)unit_random(&r);
    }
    reference->prelu(x, slope, WIDTH, y, UNITS);
    reference->prelu_grad(x, slope, WIDTH, dy, dx, UNITS);
    reference->prelu_slope_grad(x, dy, WIDTH, 0, 2, dslope, UNITS);
    for (int i = 0; i < UNITS * N; i++) {
        int c = i / N % WIDTH;
        bool negative = x[i] < 0;
        expect((double)y[i], (double)x[i] * (negative ? (double)slope[c] : 1), 0, "prelu");
        expect((double)dx[i], (double)dy[i] * (negative ? (double)slope[c] : 1), 0, "its gradient");
        if (negative && c < 2) /* the third is not asked for */
            sum[c] += (double)x[i] * (double)dy[i];
    }
    for (int c = 0; c < WIDTH; c++)
        expect((double)dslope[c], sum[c], 100, "slope's gradient");
}

/* A step of each optimizer, by the formulas as papers give them. */
static void test_updates(void **state)
{
    (void)state;
    enum { COUNT = 32 };
    hem__update u = {.decay = (hem__real)0.02,
                     .l1 = (hem__real)0.05,
                     .rate = (hem__real)0.01,
                     .momentum = (hem__real)0.9,
                     .gain = (hem__real)0.5,
                     .beta1 = (hem__real)0.9,
                     .beta2 = (hem__real)0.99,
                     .gain1 = (hem__real)0.1,
                     .gain2 = (hem__real)0.01,
                     .epsilon = (hem__real)1e-4,
                     .shrink = (hem__real)0.03};
    rng r = {5};
    for (int which = 0; which < HEM__N_UPDATES; which++) {
        hem__real w[COUNT], g[COUNT], s[2 * COUNT];
        double old[COUNT], state_old[2 * COUNT];
        for (int i = 0; i < COUNT; i++) {
            old[i] = (double)(w[i] = i == 0 ? 0 : (hem__real)unit_random(&r));
            g[i] = (hem__real)unit_random(&r);
        }
        for (int i = 0; i < 2 * COUNT; i++)
            state_old[i] = (double)(s[i] = (hem__real)fabs(unit_random(&r)));
        reference->update[which](w, g, s, COUNT, &u);
        for (int i = 0; i < COUNT; i++) {
            double h = (double)g[i] + 0.02 * old[i] + (i == 0 ? 0 : copysign(0.05, old[i]));
            int at = i / 16 * 32 + i % 16;
            double m = 0.9 * state_old[at] + 0.1 * h, v = 0.99 * state_old[at + 16] + 0.01 * h * h;
            double velocity = 0.9 * state_old[i] + 0.5 * h, adam = 0.01 * m / (sqrt(v) + 1e-4);
            double b = 0.9 * state_old[at] + 0.01 * h / sqrt(v + 1e-4);
            double steps[] = {0.01 * h, 0.01 * velocity,      0.01 * (h + 0.9 * velocity),
                              adam,     0.03 * old[i] + adam, b};
            expect((double)w[i], old[i] - steps[which], 1, "update");
        }
    }
}

/* The gradient of the objective, its squares and the moving average. */
static void test_norm_and_average(void **state)
{
    (void)state;
    enum { COUNT = 48 };
    hem__update u = {.decay = (hem__real)0.5};
    hem__real w[COUNT], g[COUNT], a[COUNT];
    double h[COUNT], mean[COUNT], sum = 0;
    rng r = {6};
    for (int i = 0; i < COUNT; i++) {
        w[i] = (hem__real)unit_random(&r);
        g[i] = (hem__real)unit_random(&r);
        a[i] = (hem__real)unit_random(&r);
        h[i] = (double)g[i] + 0.5 * (double)w[i];
        mean[i] = 0.75 * (double)a[i] + 0.25 * (double)w[i];
        sum += h[i] * h[i];
    }
    reference->objective_grad(w, g, COUNT, &u);
    reference->average(a, w, COUNT, (hem__real)0.25);
    for (int i = 0; i < COUNT; i++) {
        expect((double)g[i], h[i], 1, "objective");
        expect((double)a[i], mean[i], 1, "average");
    }
    expect(reference->sum_squares(g, COUNT), sum, COUNT, "squares");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),      cmocka_unit_test(test_dense),
        cmocka_unit_test(test_pool),      cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_pointwise), cmocka_unit_test(test_curves),
        cmocka_unit_test(test_prelu),     cmocka_unit_test(test_losses),
        cmocka_unit_test(test_updates),   cmocka_unit_test(test_norm_and_average),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
