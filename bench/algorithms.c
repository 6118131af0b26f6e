/* Times the algorithms of convolutions against each other, one thread, on batches of 32: each pass
 * in microseconds a tile of 16 images, weights' preparation shared out over both tiles, and as
 * percentages of the multiply-add peak measured in the same run by the direct algorithm's work (so
 * fast ones come above 100 %); then what the cost model says the whole takes, relative to direct.
 *   bench_algorithms [TIER] [SECONDS A PASS] [C H K R PAD]
 * An algorithm that a shape is not for is left out; Fourier transforms, where a shape is given, are
 * timed all the same if they can be that small. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tiers.h"
#include "layer/conv_algorithm.h"
#include "support.h"

enum { TILES = 2, PASSES = 4 };

static hem__conv_shape shape_of(int C, int H, int K, int R, int pad)
{
    int P = H + (pad < 0 ? 0 : R - 1) - R + 1;
    pad = pad < 0 ? 0 : pad;
    return (hem__conv_shape){.C = C,
                             .H = H,
                             .W = H,
                             .K = K,
                             .P = P,
                             .Q = P,
                             .R = R,
                             .S = R,
                             .stride_y = 1,
                             .stride_x = 1,
                             .pad_y = pad,
                             .pad_x = pad};
}

/* A layer alone: its input is a node that needs a gradient. */
typedef struct layer {
    hem__node nodes[2];
    hem__tensor tensors[2];
    hem__graph graph;
    hem__cell_f32 cell;
    hem__work_f32 work;
    hem__arena arena;
} layer;

static void make(layer *l, const hem__conv_shape *s, const hem__conv_algorithm_f32 *algorithm,
                 const hem__kernels_f32 *kernels)
{
    size_t n = (size_t)s->C * (size_t)s->K * (size_t)s->R * (size_t)s->S;
    size_t in = (size_t)s->C * (size_t)s->H * (size_t)s->W;
    /* enough also for rows that are padded, as the dense form has them */
    size_t stored = (n + (size_t)s->K * HEM__ALIGN) / HEM__ALIGN * HEM__ALIGN;
    size_t out = (size_t)s->K * (size_t)s->P * (size_t)s->Q;
    memset(l, 0, sizeof *l);
    l->nodes[0].needs_grad = true;
    l->nodes[1] = (hem__node){.conv = *s, .n_inputs = 1, .bias = 1, .relu = true};
    l->tensors[0] = (hem__tensor){.n = n, .stored = stored, .ld = (in + 15) / 16 * 16};
    l->tensors[1] = (hem__tensor){.n = (size_t)s->K, .offset = stored, .stored = stored};
    l->graph = (hem__graph){.nodes = l->nodes, .n_nodes = 2, .tensors = l->tensors};
    l->cell = (hem__cell_f32){.graph = &l->graph,
                              .node = &l->nodes[1],
                              .in = {s->C, s->H, s->W},
                              .out = {s->K, s->P, s->Q},
                              .in_units = in,
                              .out_units = out,
                              .x = numbers(in * HEM__LANES * TILES),
                              .y = numbers(out * HEM__LANES * TILES),
                              .dy = numbers(out * HEM__LANES * TILES),
                              .dx = numbers(in * HEM__LANES * TILES)};
    l->cell.mask = l->cell.x;
    l->work = (hem__work_f32){.kernels = kernels,
                              .n_threads = 1,
                              .tiles = TILES,
                              .images = TILES * HEM__LANES,
                              .params = numbers(stored + (size_t)s->K + HEM__ALIGN),
                              .grads = numbers(stored + (size_t)s->K + HEM__ALIGN)};
    algorithm->reserve(&l->cell, &l->arena, TILES, 1, true);
    if (!hem__arena_reserve(&l->arena)) {
        fprintf(stderr, "no memory\n");
        exit(7);
    }
    algorithm->reserve(&l->cell, &l->arena, TILES, 1, true);
}

static void release(layer *l)
{
    hem__arena_release(&l->arena);
    free(l->cell.y);
    free(l->cell.dy);
    free(l->cell.dx);
    free(l->work.params);
    free(l->work.grads);
    free((void *)(uintptr_t)l->cell.x);
}

typedef void (*pass)(const hem__cell_f32 *, const hem__work_f32 *);

/* Seconds of a pass: the quickest of many, which other programs disturbed least. */
static double time_of(const layer *l, pass run, double seconds)
{
    double best = 1e9, end = cpu_seconds() + seconds;
    do {
        double before = cpu_seconds();
        run(&l->cell, &l->work);
        double each = cpu_seconds() - before;
        best = each < best ? each : best;
    } while (cpu_seconds() < end);
    return best;
}

static double peak_of(const hem__kernels_f32 *kernels)
{
    double best = 0;
    for (int i = 0; i < 50; i++) {
        double before = cpu_seconds(), work = kernels->peak(50);
        double rate = work / (cpu_seconds() - before);
        best = rate > best ? rate : best;
    }
    return best;
}

static void compare(const hem__conv_shape *s, const hem__kernels_f32 *kernels, double seconds,
                    bool all)
{
    double direct = 0, work = 2.0 * HEM__LANES * (double)hem__conv_useful_macs(s);
    double model = hem__conv_algorithms_f32[0]->cost(s);
    printf("\nconv %d->%d %dx%d at %dx%d, padding %d\n", s->C, s->K, s->R, s->R, s->H, s->H,
           s->pad_y);
    for (int a = 0; a < HEM__N_ALGORITHMS; a++) {
        const hem__conv_algorithm_f32 *algorithm = hem__conv_algorithms_f32[a];
        bool fits = all && a == HEM__FFT && s->H + s->R <= 46;
        if (isinf(algorithm->cost(s)) && !fits)
            continue;
        static layer l;
        make(&l, s, algorithm, kernels);
        pass passes[PASSES] = {algorithm->prepare, algorithm->forward, algorithm->input_grad,
                               algorithm->weight_grad};
        double times[PASSES], sum = 0, peak = peak_of(kernels);
        for (int i = 0; i < PASSES; i++) {
            times[i] = passes[i] ? time_of(&l, passes[i], seconds) / TILES : 0;
            sum += times[i];
        }
        direct = a == 0 ? sum : direct;
        printf("  %-8s prepare %7.1f us", algorithm->name, 1e6 * times[0]);
        for (int i = 1; i < PASSES; i++)
            printf("%s %8.1f us %5.0f %%",
                   i == 1   ? ", forward"
                   : i == 2 ? ", dx"
                            : ", dw",
                   1e6 * times[i], 100 * work / times[i] / peak);
        printf("; all %.3f of direct, by the model %.3f\n", sum / direct,
               algorithm->cost(s) / model);
        release(&l);
    }
}

/* C, H, K, R, padding before; -1 = none at all. */
static const int SHAPES[][5] = {
    {16, 14, 32, 14, 6}, {16, 14, 32, 7, 3}, {32, 7, 32, 7, 3},   {64, 7, 64, 7, 3},
    {8, 28, 16, 15, 7},  {4, 28, 4, 28, 13}, {16, 12, 16, 6, 2},  {16, 14, 16, 9, 4},
    {4, 14, 8, 14, 6},   {1, 28, 8, 15, 7},  {16, 14, 32, 7, -1}, {32, 7, 32, 5, 2},
    {64, 14, 64, 7, 3},  {3, 32, 16, 17, 8}, {2, 14, 2, 7, 3},
};

int main(int argc, char **argv)
{
    hem_error err;
    size_t tier;
    if (hem__tier_choose(argc > 1 ? argv[1] : NULL, &tier, &err) != HEM_OK) {
        fprintf(stderr, "%s\n%s\n", err.text, err.hint);
        return (int)err.status;
    }
    double seconds = argc > 2 ? atof(argv[2]) : 0.1;
    const hem__kernels_f32 *kernels = hem__tier_kernels(tier);
    printf("%s, tier %s, one thread\n", hem_cpu_name(), kernels->name);
    if (argc > 7) {
        hem__conv_shape s =
            shape_of(atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]), atoi(argv[7]));
        compare(&s, kernels, seconds, true);
        return 0;
    }
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        const int *v = SHAPES[i];
        hem__conv_shape s = shape_of(v[0], v[1], v[2], v[3], v[4]);
        compare(&s, kernels, seconds, false);
    }
    return 0;
}
