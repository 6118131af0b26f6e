/* Times the kernels of one tier on the shapes of the reference networks, one thread, as percentages
 * of the multiply-add peak measured in the same run. Taps on padding are not counted as work.
 *   bench_kernels [TIER] [SECONDS A ROW] [--check|--once|--ratios]
 * Many short windows on the thread's CPU clock: other programs disturb, but less. With --check the
 * exit code is 8 where a row misses its target (a figure for AVX2 on an undisturbed machine).
 * For bench/regression.py, which compares with an earlier state: --once runs every row once, for
 * valgrind to count the instructions of counted_run(); --ratios prints how many times as long as
 * the reference loop a row takes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tiers.h"
#include "support.h"

static const hem__kernels_f32 *kernels;

/* One row: what to run, on what, and the floating-point operations of a run. */
typedef struct row {
    const char *name;
    double target; /* percent of peak; 0 = none */
    void (*run)(const struct row *);
    double (*work)(const struct row *);
    double mean; /* of bytes */
    hem__conv_shape conv;
    hem__dense_run dense;
    float *x, *y, *w, *b, *mask;
    hem__values values;
} row;

/* ---- convolution ------------------------------------------------------------------------------
 */

static hem__conv_run backward_of(const hem__conv_shape *s) /* stride 1 */
{
    return (hem__conv_run){.C = s->K,
                           .H = s->P,
                           .W = s->Q,
                           .K = s->C,
                           .R = s->R,
                           .S = s->S,
                           .rows = s->H,
                           .cols = s->W,
                           .step_y = 1,
                           .step_x = 1,
                           .pad_y = s->R - 1 - s->pad_y,
                           .pad_x = s->S - 1 - s->pad_x,
                           .OH = s->H,
                           .OW = s->W,
                           .out_step_y = 1,
                           .out_step_x = 1};
}

/* Pairs (output, tap) of one dimension that lie inside. */
static double inside(int outputs, int stride, int pad, int taps, int length)
{
    double n = 0;
    for (int o = 0; o < outputs; o++) {
        for (int t = 0; t < taps; t++) {
            int i = o * stride - pad + t;
            n += i >= 0 && i < length;
        }
    }
    return n;
}

static double conv_work(const row *r)
{
    const hem__conv_shape *s = &r->conv;
    return 2.0 * HEM__LANES * s->C * s->K * inside(s->P, s->stride_y, s->pad_y, s->R, s->H) *
           inside(s->Q, s->stride_x, s->pad_x, s->S, s->W);
}

static int block_count(int n)
{
    return (n + HEM__BLOCK - 1) / HEM__BLOCK;
}

static void conv_forward(const row *r)
{
    hem__conv_run run = hem__conv_forward(&r->conv);
    kernels->conv(&run, r->x, r->w, r->b, 1, NULL, r->y, 0, block_count(run.K), 0, run.rows);
}

static void conv_igrad(const row *r)
{
    hem__conv_run run = backward_of(&r->conv);
    kernels->conv(&run, r->y, r->w, NULL, 0, r->mask, r->x, 0, block_count(run.K), 0, run.rows);
}

static void conv_wgrad(const row *r)
{
    const hem__conv_shape *s = &r->conv;
    kernels->conv_wgrad(s, r->x, r->y, r->w, 0, block_count(s->K) * s->R * block_count(s->C));
}

/* Winograd's algorithm in patches of 4 x 4: w holds transformed weights or their gradient, b the
 * scratch. The percentages are of the direct algorithm's work: more than 100 may come. */
static void winograd(const row *r)
{
    kernels->winograd(&r->conv, 4, r->x, r->w, NULL, 1, NULL, r->y, r->b, 0,
                      hem__winograd_patches(&r->conv, 4));
}

static void winograd_wgrad(const row *r)
{
    kernels->winograd_wgrad(&r->conv, 4, r->x, r->y, r->w, r->b, 0, 6, 0,
                            hem__winograd_panels(r->conv.K));
}

static void conv_bgrad(const row *r)
{
    kernels->conv_bgrad(&r->conv, r->y, r->b, 0, block_count(r->conv.K));
}

static double conv_outputs(const row *r)
{
    return (double)HEM__LANES * r->conv.K * r->conv.P * r->conv.Q;
}

/* ---- dense ------------------------------------------------------------------------------------
 */

static double dense_work(const row *r)
{
    return 2.0 * HEM__LANES * r->dense.n_tiles * r->dense.n_in * r->dense.n_out;
}

static void dense_forward(const row *r)
{
    kernels->dense(&r->dense, r->x, r->w, r->b, 1, r->y, 0, r->dense.n_out);
}

static void dense_igrad(const row *r)
{
    kernels->dense_igrad(&r->dense, r->y, r->w, r->mask, r->x, 0, r->dense.n_in);
}

static void dense_wgrad(const row *r)
{
    kernels->dense_wgrad(&r->dense, r->y, r->x, r->dense.ld_w, r->w, r->dense.ld_w, 0, 0,
                         r->dense.n_out, 0, (int)r->dense.ld_w);
}

static void transpose(const row *r)
{
    for (int t = 0; t < r->dense.n_tiles; t++)
        kernels->transpose(r->x + (size_t)t * r->dense.in_tile,
                           r->mask + (size_t)(t * HEM__LANES) * r->dense.ld_w, r->dense.ld_w, 0,
                           r->dense.n_in);
}

static double dense_inputs(const row *r)
{
    return (double)HEM__LANES * r->dense.n_tiles * r->dense.n_in;
}

/* ---- numbers one by one -----------------------------------------------------------------------
 */

static size_t weights(const row *r)
{
    return r->dense.ld_w * (size_t)r->dense.n_out;
}

static double per_weight(const row *r)
{
    return (double)weights(r);
}

static const hem__update ADAM = {
    .rate = 1e-3f, .beta1 = 0.9f, .beta2 = 0.999f, .gain1 = 0.1f, .gain2 = 1e-3f, .epsilon = 1e-7f};

static void adam(const row *r)
{
    kernels->update[3](r->w, r->mask, r->b, weights(r), &ADAM);
}

static void dense_adam(const row *r)
{
    kernels->dense_update[3](&r->dense, r->y, r->x, r->dense.ld_w, r->w, r->b, &ADAM, 0,
                             r->dense.n_out);
}

static void sgd(const row *r)
{
    hem__update u = {.rate = 1e-3f};
    kernels->update[0](r->w, r->mask, NULL, weights(r), &u);
}

static void mask_units(const row *r)
{
    static const uint32_t key[2] = {1, 2}, place[HEM__LANES] = {3, 4, 5};
    static uint16_t mask[1 << 16];
    for (int t = 0; t < r->dense.n_tiles; t++)
        kernels->dropout_mask(key, 1, 2, place, 20000, 0, r->dense.n_in, mask);
}

static void sigmoid(const row *r)
{
    kernels->pointwise[2](r->x, r->mask, (size_t)dense_inputs(r));
}

static void hyperbolic(const row *r)
{
    kernels->pointwise[1](r->x, r->mask, (size_t)dense_inputs(r));
}

static uint8_t images[64][784];

static void bytes(const row *r)
{
    const uint8_t *at[HEM__LANES];
    for (int t = 0; t < r->dense.n_tiles; t++) {
        for (int l = 0; l < HEM__LANES; l++)
            at[l] = images[(t * HEM__LANES + l) * 37 % 64]; /* no order, as in a step */
        kernels->bytes(at, &r->values, 0, (size_t)r->dense.n_in,
                       r->x + (size_t)t * r->dense.in_tile);
    }
}

static void single_bytes(const row *r)
{
    for (int i = 0; i < HEM__LANES * r->dense.n_tiles; i++)
        kernels->single_bytes(images[i], &r->values, (size_t)r->dense.n_in, r->x);
}

static const hem__pool_shape POOL = {
    .C = 32, .H = 26, .W = 26, .P = 13, .Q = 13, .R = 2, .S = 2, .stride_y = 2, .stride_x = 2};

static void maxpool(const row *r)
{
    kernels->maxpool(&POOL, r->x, r->y, 0, 4, 0, POOL.P);
}

static void maxpool_grad(const row *r)
{
    kernels->maxpool_grad(&POOL, r->x, r->y, r->b, 1, r->mask, 0, 4);
}

static double pool_cells(const row *r)
{
    (void)r;
    return 32.0 * 26 * 26 * HEM__LANES;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

#define CONV(c, h, k, p, r, pad)                                                                   \
    .work = conv_work, .conv = {.C = c,                                                            \
                                .H = h,                                                            \
                                .W = h,                                                            \
                                .K = k,                                                            \
                                .P = p,                                                            \
                                .Q = p,                                                            \
                                .R = r,                                                            \
                                .S = r,                                                            \
                                .stride_y = 1,                                                     \
                                .stride_x = 1,                                                     \
                                .pad_y = pad,                                                      \
                                .pad_x = pad}
#define DENSE(in, out, tiles)                                                                      \
    .work = dense_work, .dense = {.n_in = in,                                                      \
                                  .n_out = out,                                                    \
                                  .ld_w = (in + 15) / 16 * 16,                                     \
                                  .n_tiles = tiles,                                                \
                                  .in_tile = in * 16,                                              \
                                  .out_tile = out * 16}

static row rows[] = {
    {"conv 6->32 3x3 valid at 28x28, forward", 85, conv_forward, CONV(6, 28, 32, 26, 3, 0)},
    {"conv 6->32 3x3 valid at 28x28, input gradient", 85, conv_igrad, CONV(6, 28, 32, 26, 3, 0)},
    {"conv 6->32 3x3 valid at 28x28, weight gradient", 85, conv_wgrad, CONV(6, 28, 32, 26, 3, 0)},
    {"conv 1->6 4x4 same at 28x28, forward", 75, conv_forward, CONV(1, 28, 6, 28, 4, 1)},
    {"conv 1->6 4x4 same at 28x28, weight gradient", 60, conv_wgrad, CONV(1, 28, 6, 28, 4, 1)},
    {"conv 8->16 5x5 same at 28x28, forward", 0, conv_forward, CONV(8, 28, 16, 28, 5, 2)},
    {"conv 8->16 5x5 same at 28x28, weight gradient", 0, conv_wgrad, CONV(8, 28, 16, 28, 5, 2)},
    {"conv 16->32 14x14 same at 14x14, forward", 0, conv_forward, CONV(16, 14, 32, 14, 14, 6)},
    {"conv 16->32 14x14 same at 14x14, weight gradient", 0, conv_wgrad,
     CONV(16, 14, 32, 14, 14, 6)},
    {"conv 64->64 3x3 same at 28x28, forward", 0, conv_forward, CONV(64, 28, 64, 28, 3, 1)},
    {"conv 64->64 3x3 same at 28x28, weight gradient", 0, conv_wgrad, CONV(64, 28, 64, 28, 3, 1)},
    {"conv 256->256 3x3 same at 7x7, forward", 0, conv_forward, CONV(256, 7, 256, 7, 3, 1)},
    {"conv 256->256 3x3 same at 7x7, weight gradient", 0, conv_wgrad, CONV(256, 7, 256, 7, 3, 1)},
    {"winograd 48->48 same at 28x28, forward", 0, winograd, CONV(48, 28, 48, 28, 3, 1)},
    {"winograd 48->48 same at 28x28, weight gradient", 0, winograd_wgrad,
     CONV(48, 28, 48, 28, 3, 1)},
    {"winograd 96->96 same at 14x14, forward", 0, winograd, CONV(96, 14, 96, 14, 3, 1)},
    {"winograd 96->96 same at 14x14, weight gradient", 0, winograd_wgrad,
     CONV(96, 14, 96, 14, 3, 1)},
    {"winograd 192->192 same at 7x7, forward", 0, winograd, CONV(192, 7, 192, 7, 3, 1)},
    {"winograd 192->192 same at 7x7, weight gradient", 0, winograd_wgrad,
     CONV(192, 7, 192, 7, 3, 1)},
    {"conv 3->7 3x3 same at 32x32, forward", 0, conv_forward, CONV(3, 32, 7, 32, 3, 1)},
    {"conv 3->7 3x3 same at 32x32, weight gradient", 0, conv_wgrad, CONV(3, 32, 7, 32, 3, 1)},
    {"conv 5->1 3x3 same at 28x28, forward", 0, conv_forward, CONV(5, 28, 1, 28, 3, 1)},
    {"conv 5->2 3x3 same at 28x28, forward", 0, conv_forward, CONV(5, 28, 2, 28, 3, 1)},
    {"conv 5->3 3x3 same at 28x28, forward", 0, conv_forward, CONV(5, 28, 3, 28, 3, 1)},
    {"dense 784->300, 2 tiles, forward", 85, dense_forward, DENSE(784, 300, 2)},
    {"dense 784->300, 2 tiles, input gradient", 0, dense_igrad, DENSE(784, 300, 2)},
    {"dense 784->300, 2 tiles, weight gradient", 75, dense_wgrad, DENSE(784, 300, 2)},
    {"dense 784->300, 1 tile, forward", 0, dense_forward, DENSE(784, 300, 1)},
    {"dense 784->300, 16 tiles, forward", 0, dense_forward, DENSE(784, 300, 16)},
    {"dense 5408->128, 2 tiles, forward", 0, dense_forward, DENSE(5408, 128, 2)},
    {"dense 5408->128, 2 tiles, input gradient", 80, dense_igrad, DENSE(5408, 128, 2)},
    {"dense 5408->128, 2 tiles, weight gradient", 0, dense_wgrad, DENSE(5408, 128, 2)},
    {"dense 5408->128, 2 tiles, weight gradient and adam", 0, dense_adam, DENSE(5408, 128, 2)},
    {"dense 1024->512, 2 tiles, input gradient", 0, dense_igrad, DENSE(1024, 512, 2)},
    {"dense 100->100, 2 tiles, forward", 0, dense_forward, DENSE(100, 100, 2)},
    {"dense 128->10, 2 tiles, forward", 0, dense_forward, DENSE(128, 10, 2)},
    {"conv bias gradient, 32 at 26x26", 0, conv_bgrad, CONV(6, 28, 32, 26, 3, 0)},
    {"transpose 5408, 2 tiles", 0, transpose, DENSE(5408, 128, 2)},
    {"maxpool 2x2, 32 at 26x26", 0, maxpool, DENSE(32 * 26 * 26, 1, 1)},
    {"maxpool 2x2, 32 at 26x26, gradient", 0, maxpool_grad, DENSE(32 * 26 * 26, 1, 1)},
    {"bytes / 255, 784, 4 tiles", 0, bytes, DENSE(784, 1, 4)},
    {"bytes standardized, 784, 4 tiles", 0, bytes, DENSE(784, 1, 4), .mean = 72.94},
    {"bytes standardized, 784, 64 single images", 0, single_bytes, DENSE(784, 1, 4), .mean = 72.94},
    {"dropout mask, 5408 units, 2 tiles", 0, mask_units, DENSE(5408, 1, 2)},
    {"sigmoid of 16,384", 0, sigmoid, DENSE(512, 1, 2)},
    {"tanh of 16,384", 0, hyperbolic, DENSE(512, 1, 2)},
    {"sgd, 235,200 weights", 0, sgd, DENSE(784, 300, 1)},
    {"adam, 692,224 weights", 0, adam, DENSE(5408, 128, 1)},
};

static void prepare(row *r)
{
    const hem__conv_shape *s = &r->conv;
    const hem__dense_run *d = &r->dense;
    size_t maps = (size_t)s->C * (size_t)s->H * (size_t)s->W;
    size_t outs = (size_t)s->K * (size_t)s->P * (size_t)s->Q;
    size_t taps = (size_t)s->C * (size_t)s->K * (size_t)s->R * (size_t)s->S;
    size_t in = (maps + d->ld_w * (size_t)d->n_tiles) * HEM__LANES;
    size_t out = (outs + (size_t)(d->n_out * d->n_tiles)) * HEM__LANES;
    bool is_winograd = r->run == winograd || r->run == winograd_wgrad;
    if (is_winograd) /* 36 frequencies; channels of the gradient in whole vectors */
        taps = (size_t)(36 * s->K) * (((size_t)s->C + 15) / 16 * 16);
    r->x = numbers(in);
    r->mask = numbers(in > weights(r) ? in : weights(r));
    r->w = numbers(taps + weights(r));
    r->y = numbers(r->run == maxpool || r->run == maxpool_grad ? in : out);
    bool is_adam = r->run == adam || r->run == dense_adam;
    r->b = numbers(is_adam ? 2 * weights(r) : is_winograd ? hem__winograd_scratch(s, 4) : in);
    for (size_t i = 0; is_adam && i < 2 * weights(r); i++)
        r->b[i] = fabsf(r->b[i]); /* mean squares among them */
    if (r->run == maxpool_grad)
        maxpool(r);
    if (r->work == dense_work && (r->run == sgd || r->run == adam))
        r->work = per_weight;
    if (r->run == conv_bgrad)
        r->work = conv_outputs;
    if (r->run == maxpool || r->run == maxpool_grad)
        r->work = pool_cells;
    hem__values_make_f32(r->mean, r->mean > 0 ? 90.02 : 255, &r->values);
    if (r->run == bytes || r->run == single_bytes || r->run == transpose || r->run == sigmoid ||
        r->run == hyperbolic || r->run == mask_units)
        r->work = dense_inputs;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Shortest run of the row in seconds, and its share of the peak. The clock of a CPU moves, so every
 * window is compared with a peak measured right after it; of those shares the upper quartile
 * counts: neither the disturbed ones nor those whose peak was disturbed. */
static double best_of(const row *r, double seconds, double *share)
{
    static double shares[4096];
    double end = cpu_seconds() + seconds, best = 1e9;
    size_t n = 0;
    do {
        double before = cpu_seconds(), after, runs = 0;
        do { /* the clock itself costs up to a microsecond */
            r->run(r);
            runs++;
            after = cpu_seconds();
        } while (after - before < 100e-6);
        double each = (after - before) / runs, peak_work = kernels->peak(100);
        double peak = peak_work / (cpu_seconds() - after);
        best = each < best ? each : best;
        shares[n++] = r->work(r) / each / peak;
    } while (cpu_seconds() < end && n < sizeof shares / sizeof shares[0]);
    qsort(shares, n, sizeof shares[0], compare);
    *share = shares[n * 3 / 4];
    return best;
}

/* The measure of --ratios: sums that hang on each other, in plain C that no kernel shares. Changed,
 * it makes every recorded ratio worthless. */
static double reference_loop(void)
{
    double a = 1, b = 2, c = 3, d = 4;
    for (int i = 0; i < 20000; i++) {
        a = a * 0.999 + 0.001;
        b = b * 0.998 + 0.002;
        c = c * 0.997 + 0.003;
        d = d * 0.996 + 0.004;
    }
    return a + b + c + d;
}

/* Median over many windows of the row's time over the reference loop's. */
static double ratio_of(const row *r, double seconds)
{
    static double ratios[4096];
    static volatile double kept;
    double end = cpu_seconds() + seconds;
    size_t n = 0;
    do {
        double before = cpu_seconds(), after, runs = 0;
        do {
            r->run(r);
            runs++;
            after = cpu_seconds();
        } while (after - before < 100e-6);
        kept = reference_loop();
        ratios[n++] = (after - before) / runs / (cpu_seconds() - after);
    } while (cpu_seconds() < end && n < sizeof ratios / sizeof ratios[0]);
    (void)kept;
    qsort(ratios, n, sizeof ratios[0], compare);
    return ratios[n / 2];
}

/* Known to valgrind by its name. */
void counted_run(const row *r);
__attribute__((noinline)) void counted_run(const row *r)
{
    r->run(r);
}

/* Percentage of the peak, or time a number; true where the row misses its target. */
static bool print_speed(const row *r, double seconds)
{
    double share, time = best_of(r, seconds, &share), percent = 100 * share;
    bool multiplies = r->work == conv_work || r->work == dense_work;
    bool missed = multiplies && percent < r->target;
    if (!multiplies) {
        printf("%-50s %9.1f us %6.3f ns a number\n", r->name, 1e6 * time, 1e9 * time / r->work(r));
        return false;
    }
    printf("%-50s %9.1f us %6.1f %%", r->name, 1e6 * time, percent);
    if (r->target > 0)
        printf("  (target %.0f)%s", r->target, missed ? "  MISSED" : "");
    printf("\n");
    return missed;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 && strncmp(argv[argc - 1], "--", 2) == 0 ? argv[--argc] : "";
    bool once = strcmp(mode, "--once") == 0, ratios = strcmp(mode, "--ratios") == 0;
    if (*mode && !once && !ratios && strcmp(mode, "--check") != 0) {
        fprintf(stderr, "unknown option %s; known: --check, --once, --ratios\n", mode);
        return 2;
    }
    hem_error err;
    size_t tier;
    if (hem__tier_choose(argc > 1 ? argv[1] : NULL, &tier, &err) != HEM_OK) {
        fprintf(stderr, "%s\n%s\n", err.text, err.hint);
        return (int)err.status;
    }
    double seconds = argc > 2 ? atof(argv[2]) : 0.2;
    kernels = hem__tier_kernels(tier);
    int missed = 0;
    if (once || ratios)
        printf("%s\t%s\t%s\n", hem_cpu_name(), kernels->name, __VERSION__);
    else
        printf("%s, tier %s, one thread\n", hem_cpu_name(), kernels->name);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        row *r = &rows[i];
        prepare(r);
        if (once) {
            counted_run(r);
            printf("%s\n", r->name);
        } else if (ratios) {
            r->run(r);
            printf("%s\t%.6g\n", r->name, ratio_of(r, seconds));
        } else {
            r->run(r);
            missed += print_speed(r, seconds);
        }
        free(r->x);
        free(r->y);
        free(r->w);
        free(r->b);
        free(r->mask);
    }
    return strcmp(mode, "--check") == 0 && missed > 0 ? 8 : 0;
}
