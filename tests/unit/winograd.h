/* Winograd's algorithm, all three passes as a layer runs them, against sums of products in double:
 * how far it lies from the true result, beside the direct algorithm. Included by test_winograd.c in
 * float and by test_winograd_double.c in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "layer/conv_algorithm.h"

typedef struct layer {
    hem__conv_shape s;
    hem__graph graph;
    hem__tensor tensors[2];
    hem__node node;
    HEM__R(hem__cell) cell;
    HEM__R(hem__work) work;
    hem__arena arena;
    hem__real *params, *grads, *x, *y, *dy, *dx; /* one tile of 16 images */
} layer;

static uint64_t state = 1;

static double random_number(void) /* in [-1, 1), exact in float */
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 40) * 0x1p-23 - 1;
}

static hem__real *numbers(size_t n, bool random)
{
    hem__real *p = hem__aligned_calloc(n, sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; random && i < n; i++)
        p[i] = (hem__real)random_number();
    return p;
}

static void make(layer *l, hem__conv_shape s)
{
    size_t w = (size_t)s.K * (size_t)s.C * 9, in = (size_t)(s.C * s.H * s.W);
    size_t out = (size_t)(s.K * s.P * s.Q);
    *l = (layer){.s = s};
    l->tensors[0] = (hem__tensor){.n = w};
    l->tensors[1] = (hem__tensor){.n = (size_t)s.K, .offset = w};
    l->graph = (hem__graph){.tensors = l->tensors, .n_tensors = 2};
    l->node = (hem__node){.conv = s, .weight = 0, .bias = 1};
    l->params = numbers(w + (size_t)s.K, true);
    l->grads = numbers(w + (size_t)s.K, false);
    l->x = numbers(in * HEM__LANES, true);
    l->y = numbers(out * HEM__LANES, false);
    l->dy = numbers(out * HEM__LANES, true);
    l->dx = numbers(in * HEM__LANES, false);
    l->cell = (HEM__R(hem__cell)){.graph = &l->graph,
                                  .node = &l->node,
                                  .in_units = in,
                                  .out_units = out,
                                  .x = l->x,
                                  .y = l->y,
                                  .dy = l->dy,
                                  .dx = l->dx};
    l->work = (HEM__R(hem__work)){.kernels = &HEM__R(hem__kernels_reference),
                                  .n_threads = 1,
                                  .tiles = 1,
                                  .images = HEM__LANES,
                                  .params = l->params,
                                  .grads = l->grads};
}

static void run(layer *l, hem__algorithm algorithm)
{
    const HEM__R(hem__conv_algorithm) *a = HEM__R(hem__conv_algorithms)[algorithm];
    l->node.algorithm = algorithm;
    for (int round = 0; round < 2; round++) {
        a->reserve(&l->cell, &l->arena, 1, 1, true);
        if (round == 0)
            assert_true(hem__arena_reserve(&l->arena));
    }
    for (size_t i = 0; i < l->tensors[0].n + l->tensors[1].n; i++)
        l->grads[i] = 0;
    a->prepare(&l->cell, &l->work);
    a->forward(&l->cell, &l->work);
    a->input_grad(&l->cell, &l->work);
    a->weight_grad(&l->cell, &l->work);
    hem__arena_release(&l->arena);
    l->arena = (hem__arena){0};
}

static void drop(layer *l)
{
    free(l->params);
    free(l->grads);
    free(l->x);
    free(l->y);
    free(l->dy);
    free(l->dx);
}

/* The true results, in the layouts of the layer. */
typedef struct truth {
    double *y, *dx, *dw;
} truth;

static double *zeros(size_t n)
{
    double *p = hem__calloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

static truth work_out(const layer *l)
{
    const hem__conv_shape *s = &l->s;
    const hem__shape in = {s->C, s->H, s->W}, out = {s->K, s->P, s->Q};
    truth t = {zeros(l->cell.out_units * HEM__LANES), zeros(l->cell.in_units * HEM__LANES),
               zeros(l->tensors[0].n)};
    for (int k = 0; k < s->K; k++)
        for (int p = 0; p < s->P; p++)
            for (int q = 0; q < s->Q; q++)
                for (int lane = 0; lane < HEM__LANES; lane++) {
                    size_t at = hem__unit(out, k, p, q) * HEM__LANES + (size_t)lane;
                    double d = (double)l->dy[at];
                    t.y[at] = (double)l->params[l->tensors[1].offset + (size_t)k];
                    for (int i = 0; i < s->C * 9; i++) {
                        int c = i / 9, y = p - s->pad_y + i % 9 / 3, x = q - s->pad_x + i % 3;
                        if (y < 0 || y >= s->H || x < 0 || x >= s->W)
                            continue;
                        size_t from = hem__unit(in, c, y, x) * HEM__LANES + (size_t)lane;
                        size_t tap = (size_t)k * (size_t)s->C * 9 + (size_t)i;
                        t.y[at] += (double)l->params[tap] * (double)l->x[from];
                        t.dx[from] += (double)l->params[tap] * d;
                        t.dw[tap] += (double)l->x[from] * d;
                    }
                }
    return t;
}

/* Largest difference over the largest true number. */
static double error_of(const hem__real *got, const double *want, size_t n)
{
    double most = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - want[i]);
        assert_true(difference >= 0); /* no NaN */
        most = difference > most ? difference : most;
        largest = fabs(want[i]) > largest ? fabs(want[i]) : largest;
    }
    return largest > 0 ? most / largest : most;
}

typedef struct errors {
    double y, dx, dw;
} errors;

static errors errors_of(layer *l, const truth *t, hem__algorithm algorithm)
{
    run(l, algorithm);
    return (errors){error_of(l->y, t->y, l->cell.out_units * HEM__LANES),
                    error_of(l->dx, t->dx, l->cell.in_units * HEM__LANES),
                    error_of(l->grads, t->dw, l->tensors[0].n)};
}

static hem__conv_shape shape_of(int C, int H, int W, int K, bool same)
{
    hem__conv_shape s = {.C = C, .H = H, .W = W, .K = K, .R = 3, .S = 3};
    s.stride_y = s.stride_x = 1;
    s.pad_y = s.pad_x = same ? 1 : 0;
    s.P = H - (same ? 0 : 2);
    s.Q = W - (same ? 0 : 2);
    return s;
}

static void expect_near(hem__conv_shape s, bool print)
{
    layer l;
    make(&l, s);
    truth t = work_out(&l);
    for (int a = HEM__DIRECT; a <= (int)HEM__WINOGRAD_4; a++) {
        const double allowed = ALLOWED[a];
        const char *name = HEM__R(hem__conv_algorithms)[a]->name;
        errors e = errors_of(&l, &t, (hem__algorithm)a);
        if (print)
            print_message("%3d -> %3d at %2d x %2d, %-12s largest error over largest value: "
                          "y %.1e, dx %.1e, dw %.1e\n",
                          s.C, s.K, s.H, s.W, name, e.y, e.dx, e.dw);
        if (e.y > allowed || e.dx > allowed || e.dw > allowed)
            fail_msg("%s, %d -> %d at %d x %d, pad %d: errors %g %g %g, allowed %g", name, s.C, s.K,
                     s.H, s.W, s.pad_y, e.y, e.dx, e.dw, allowed);
    }
    free(t.y);
    free(t.dx);
    free(t.dw);
    drop(&l);
}

static void test_shapes(void **unused)
{
    (void)unused;
    for (int i = 0; i < 60; i++) {
        int more[6];
        for (int j = 0; j < 6; j++)
            more[j] = (int)((random_number() + 1) * 0.5 * 10);
        expect_near(
            shape_of(1 + 2 * more[0], 3 + more[1], 3 + more[2], 1 + 2 * more[3], more[4] < 5),
            false);
    }
    expect_near(shape_of(2, 1, 1, 3, true), false);
    expect_near(shape_of(1, 2, 1, 1, true), false);
}

static void test_larger(void **unused)
{
    (void)unused;
    expect_near(shape_of(16, 28, 28, 6, true), true);
    expect_near(shape_of(48, 14, 14, 12, true), true);
    expect_near(shape_of(128, 7, 7, 24, true), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
