/* The layer that convolves by Fourier transforms against sums written down from their definition,
 * in double: all three passes, odd shapes. Included by test_fft_layer.c in float and by
 * test_fft_layer_double.c in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "kernel/fft_size.h"
#include "layer/conv_algorithm.h"
#include "support.h"

/* Largest difference over the largest number of its kind (docs/numerics.md states 3e-7). */
#ifdef HEM_REAL_IS_DOUBLE
#define TOLERANCE 2e-14
#else
#define TOLERANCE 4e-7
#endif

enum { N = HEM__LANES };

typedef struct alone { /* a layer without a network */
    hem__node nodes[2];
    hem__tensor tensors[2];
    hem__graph graph;
    HEM__R(hem__cell) cell;
    HEM__R(hem__work) work;
    hem__arena arena;
    hem__real *x;
} alone;

static hem__real *randoms(rng *r, size_t n)
{
    hem__real *p = hem__aligned_calloc(n + HEM__ALIGN, sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (hem__real)(float)unit_random(r);
    return p;
}

static void begin(alone *l, const hem__conv_shape *s, int tiles, rng *r)
{
    const HEM__R(hem__conv_algorithm) *fft = &HEM__R(hem__conv_fft);
    size_t n = (size_t)(s->C * s->K * s->R * s->S), stored = (n + 15) / 16 * 16;
    size_t in = (size_t)(s->C * s->H * s->W), out = (size_t)(s->K * s->P * s->Q);
    *l = (alone){.nodes = {{.needs_grad = true}, {.conv = *s, .bias = 1}},
                 .tensors = {{.n = n, .stored = stored},
                             {.n = (size_t)s->K, .offset = stored, .stored = stored}}};
    l->graph = (hem__graph){.nodes = l->nodes, .n_nodes = 2, .tensors = l->tensors};
    l->x = randoms(r, in * N * (size_t)tiles);
    l->cell = (HEM__R(hem__cell)){.graph = &l->graph,
                                  .node = &l->nodes[1],
                                  .in = {s->C, s->H, s->W},
                                  .out = {s->K, s->P, s->Q},
                                  .in_units = in,
                                  .out_units = out,
                                  .x = l->x,
                                  .y = randoms(r, out * N * (size_t)tiles),
                                  .dy = randoms(r, out * N * (size_t)tiles),
                                  .dx = randoms(r, in * N * (size_t)tiles)};
    l->work = (HEM__R(hem__work)){.kernels = &HEM__R(hem__kernels_reference),
                                  .n_threads = 1,
                                  .tiles = tiles,
                                  .images = tiles * N,
                                  .params = randoms(r, n),
                                  .grads = hem__aligned_calloc(stored + 64, sizeof(hem__real))};
    l->work.params = realloc(l->work.params, (stored + (size_t)s->K) * sizeof(hem__real));
    for (int k = 0; k < s->K; k++)
        l->work.params[stored + (size_t)k] = (hem__real)(float)unit_random(r);
    fft->reserve(&l->cell, &l->arena, tiles, 1, true);
    assert_true(hem__arena_reserve(&l->arena));
    fft->reserve(&l->cell, &l->arena, tiles, 1, true);
}

static void end(alone *l)
{
    hem__arena_release(&l->arena);
    free(l->x);
    free(l->cell.y);
    free(l->cell.dy);
    free(l->cell.dx);
    free(l->work.params);
    free(l->work.grads);
}

/* What came out against what should, number by number. */
typedef struct comparison {
    double worst, largest;
} comparison;

static void compare(comparison *c, hem__real got, double want)
{
    c->worst = fmax(c->worst, fabs((double)got - want));
    c->largest = fmax(c->largest, fabs(want));
}

static void expect(const comparison *c, const hem__conv_shape *s, const char *what)
{
    if (!(c->worst <= TOLERANCE * c->largest))
        fail_msg("%s of C %d H %d W %d K %d R %d S %d: off by %g of %g (%.3g)", what, s->C, s->H,
                 s->W, s->K, s->R, s->S, c->worst, c->largest, c->worst / c->largest);
}

/* Naive sums, all in double; index functions of canonical arrays. */
static size_t weight(const hem__conv_shape *s, int k, int c, int r, int t)
{
    return (size_t)(((k * s->C + c) * s->R + r) * s->S + t);
}

/* The place of image n of a map in tiles. */
static size_t place(hem__shape map, int n, int c, int y, int x)
{
    return ((size_t)(n / N) * hem__units(map) + hem__unit(map, c, y, x)) * N + (size_t)(n % N);
}

/* Adds up all products of one image: to y, dx and dw where they are not NULL. */
static void direct(const alone *l, int n, double *y, double *dx, double *dw)
{
    const hem__conv_shape *s = &l->nodes[1].conv;
    for (int k = 0; k < s->K; k++)
        for (int p = 0; p < s->P; p++)
            for (int q = 0; q < s->Q; q++)
                for (int c = 0; c < s->C; c++)
                    for (int r = 0; r < s->R; r++)
                        for (int t = 0; t < s->S; t++) {
                            int i = p - s->pad_y + r, j = q - s->pad_x + t;
                            if (i < 0 || i >= s->H || j < 0 || j >= s->W)
                                continue;
                            double w = (double)l->work.params[weight(s, k, c, r, t)];
                            double x = (double)l->x[place(l->cell.in, n, c, i, j)];
                            double dy = (double)l->cell.dy[place(l->cell.out, n, k, p, q)];
                            y[hem__unit(l->cell.out, k, p, q)] += w * x;
                            dx[hem__unit(l->cell.in, c, i, j)] += w * dy;
                            dw[weight(s, k, c, r, t)] += x * dy;
                        }
}

static void check_shape(const hem__conv_shape *s, int tiles, rng *r)
{
    alone l;
    begin(&l, s, tiles, r);
    const HEM__R(hem__conv_algorithm) *fft = &HEM__R(hem__conv_fft);
    fft->prepare(&l.cell, &l.work);
    fft->forward(&l.cell, &l.work);
    fft->input_grad(&l.cell, &l.work);
    fft->weight_grad(&l.cell, &l.work);
    double *dw = hem__calloc(l.tensors[0].n, sizeof *dw);
    comparison of_y = {0, 0}, of_dx = {0, 0}, of_dw = {0, 0};
    for (int n = 0; n < tiles * N; n++) {
        double *y = hem__calloc(l.cell.out_units, sizeof *y);
        double *dx = hem__calloc(l.cell.in_units, sizeof *dx);
        assert_true(y && dx && dw);
        direct(&l, n, y, dx, dw);
        size_t tile = (size_t)(n / N), lane = (size_t)(n % N);
        for (int k = 0; k < s->K; k++)
            for (int p = 0; p < s->P; p++)
                for (int q = 0; q < s->Q; q++)
                    compare(&of_y, l.cell.y[place(l.cell.out, n, k, p, q)],
                            y[hem__unit(l.cell.out, k, p, q)] +
                                (double)l.work.params[l.tensors[1].offset + (size_t)k]);
        for (size_t u = 0; u < l.cell.in_units; u++)
            compare(&of_dx, l.cell.dx[(tile * l.cell.in_units + u) * N + lane], dx[u]);
        free(y);
        free(dx);
    }
    for (size_t i = 0; i < l.tensors[0].n; i++)
        compare(&of_dw, l.work.grads[i], dw[i]);
    for (size_t i = l.tensors[0].n; i < l.tensors[0].stored; i++)
        assert_true(l.work.grads[i] == 0); /* padding */
    free(dw);
    end(&l);
    expect(&of_y, s, "output");
    expect(&of_dx, s, "input gradient");
    expect(&of_dw, s, "weight gradient");
}

static void test_passes(void **state)
{
    (void)state;
    rng r = {7};
    hem__conv_shape reference = {.C = 16, .H = 14, .W = 14, .K = 32, .P = 14, .Q = 14, .R = 14};
    reference.S = 14, reference.stride_y = reference.stride_x = 1;
    reference.pad_y = reference.pad_x = 6;
    check_shape(&reference, 1, &r);
    for (int i = 0; i < 60; i++) {
        hem__conv_shape s = {.C = between(&r, 1, 19), .K = between(&r, 1, 10)};
        s.stride_y = s.stride_x = 1;
        s.H = between(&r, 1, i % 8 == 0 ? 30 : 12);
        s.W = between(&r, 1, i % 8 == 1 ? 30 : 12);
        s.R = between(&r, 1, i % 3 == 0 ? 13 : s.H);
        s.S = between(&r, 1, i % 3 == 1 ? 13 : s.W);
        bool same = s.R > s.H || s.S > s.W || chance(&r, 2);
        s.P = hem__out_size(s.H, s.R, 1, same ? HEM__PAD_SAME : HEM__PAD_VALID, &s.pad_y);
        s.Q = hem__out_size(s.W, s.S, 1, same ? HEM__PAD_SAME : HEM__PAD_VALID, &s.pad_x);
        check_shape(&s, i % 16 == 3 ? 6 : between(&r, 1, 2), &r);
    }
}

/* All sizes: places and slots are permutations, partners of partners themselves. */
static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(hem__fft_size(HEM__FFT_MOST + 1), 0);
    for (int least = 1; least <= HEM__FFT_MOST; least++) {
        hem__fft_axis a;
        int n = hem__fft_size(least);
        assert_in_range(n, least, HEM__FFT_MOST);
        hem__fft_axis_init(n, &a);
        assert_int_equal(a.n1 * a.n2, n);
        assert_int_equal(a.n_half, n / 2 + 1);
        bool placed[HEM__FFT_MOST] = {false}, kept[HEM__FFT_MOST] = {false};
        for (int i = 0; i < n; i++) {
            assert_false(placed[a.place[i]]);
            placed[a.place[i]] = true;
            assert_int_equal(a.partner[a.partner[i]], i);
        }
        for (int j = 0; j < a.n_half; j++) {
            assert_int_equal(a.partner[a.half[j]] == a.half[j], j < a.n_own);
            assert_false(kept[a.half[j]]);
            kept[a.half[j]] = kept[a.partner[a.half[j]]] = true;
        }
        for (int i = 0; i < n; i++)
            assert_true(kept[i]);
    }
}

/* Where the algorithm is taken: for large kernels over large parts of a map, with stride 1. */
static void test_cost(void **state)
{
    (void)state;
    double (*cost)(const hem__conv_shape *) = HEM__R(hem__conv_fft).cost;
    double (*plain)(const hem__conv_shape *) = HEM__R(hem__conv_direct).cost;
    hem__conv_shape s = {16, 14, 14, 32, 14, 14, 14, 14, 1, 1, 6, 6};
    assert_true(cost(&s) < 0.2 * plain(&s));
    s.stride_x = 2;
    assert_true(isinf(cost(&s)));
    s = (hem__conv_shape){8, 28, 28, 16, 28, 28, 5, 5, 1, 1, 2, 2}; /* a small part of the map */
    assert_true(isinf(cost(&s)));
    s = (hem__conv_shape){32, 7, 7, 32, 1, 1, 7, 7, 1, 1, 0, 0}; /* one output */
    assert_true(cost(&s) > plain(&s));
    s = (hem__conv_shape){2, 14, 14, 2, 14, 14, 7, 7, 1, 1, 3, 3}; /* transforms take longer */
    assert_true(cost(&s) > plain(&s));
    s = (hem__conv_shape){16, 40, 40, 32, 40, 40, 31, 31, 1, 1, 15, 15}; /* no such size */
    assert_true(isinf(cost(&s)));
    s = (hem__conv_shape){512, 14, 14, 512, 14, 14, 14, 14, 1, 1, 6, 6}; /* too much memory */
    assert_true(isinf(cost(&s)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests_name("convolution by Fourier transforms", tests, NULL, NULL);
}
