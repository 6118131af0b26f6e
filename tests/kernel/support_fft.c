/* Random cases of the slots of convolution by Fourier transforms. */
#include "support_fft.h"

#include "kernel/fft_size.h"

enum { ENTRY = 2 * HEM__LANES };

static hem__fft_axis some_axis(rng *r, int *filled)
{
    hem__fft_axis axis;
    int n = hem__fft_size(chance(r, 3) ? between(r, 1, HEM__FFT_MOST) : between(r, 1, 15));
    hem__fft_axis_init(n, &axis);
    *filled = chance(r, 3) ? n : between(r, 1, n);
    return axis;
}

static size_t frequencies(const hem__fft *f)
{
    return (size_t)hem__fft_before(f, f->x.n_half);
}

/* Numbers of a spectrum, and where one of its channels lies: an activation's or the weights'. */
static size_t some_layout(rng *r, const hem__fft *f, hem__fft_layout *at, size_t *first)
{
    if (chance(r, 2)) {
        int C = between(r, 1, 5);
        *at = hem__fft_activation(C, between(r, 0, C - 1));
        *first = 0;
        return frequencies(f) * (size_t)C * ENTRY;
    }
    size_t M = (size_t)between(r, 1, 3) * HEM__LANES;
    *at = hem__fft_weights(M);
    *first = (size_t)between(r, 0, (int)M / HEM__LANES - 1) * HEM__LANES;
    return frequencies(f) * 2 * M;
}

/* An error of all that is summed, relative to the largest that can come out. */
static void allow(test_case *c, double terms, double largest)
{
    c->closeness = RELATIVE;
    c->relative = 0;
    c->absolute = (terms + 30) * 0x1p-23 * largest;
}

void one_fft(test_case *c)
{
    rng *r = &c->random;
    hem__fft f;
    hem__fft_layout at;
    int rows, cols;
    size_t first, step = (size_t)between(r, 1, 3) * HEM__LANES;
    f.y = some_axis(r, &rows);
    f.x = some_axis(r, &cols);
    size_t n = some_layout(r, &f, &at, &first);
    const float *x = input(c, (size_t)(rows * cols) * step, 0);
    float *s = output(c, n, 0);
    allow(c, 0, 2 * rows * cols);
    describe(c, "ny %d nx %d rows %d cols %d step %zu layout %zu %zu %zu", f.y.n, f.x.n, rows, cols,
             step, at.frequency, at.channel, at.im);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->fft(&f, x, rows, cols, step, s + first, &at);
}

void one_fft_back(test_case *c)
{
    rng *r = &c->random;
    hem__fft f;
    hem__fft_layout at;
    hem__fft_window w;
    size_t first;
    f.y = some_axis(r, &w.rows);
    f.x = some_axis(r, &w.cols);
    w.first_y = between(r, 0, f.y.n - 1);
    w.first_x = between(r, 0, f.x.n - 1);
    w.step = (size_t)between(r, 1, 3) * HEM__LANES;
    size_t n = some_layout(r, &f, &at, &first), pixels = (size_t)(w.rows * w.cols);
    const float *s = input(c, n, 0);
    const float *mask = chance(r, 3) ? input(c, pixels * w.step, 0) : NULL;
    float *y = output(c, pixels * w.step, 0);
    float bias = chance(r, 2) ? 0 : (float)unit_random(r);
    int relu = chance(r, 3);
    allow(c, 0, 1);
    describe(c, "ny %d nx %d window %d %d of %d x %d step %zu layout %zu %zu %zu%s%s", f.y.n, f.x.n,
             w.first_y, w.first_x, w.rows, w.cols, w.step, at.frequency, at.channel, at.im,
             relu ? " relu" : "", mask ? " mask" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->fft_back(&f, s + first, &at, &w, bias, relu, mask, y);
}

void one_fft_product(test_case *c)
{
    rng *r = &c->random;
    hem__fft_product p = {.n_out = between(r, 1, 15),
                          .n_in = between(r, 1, 20),
                          .n_entries = between(r, 1, 9),
                          .conjugate = chance(r, 2)};
    size_t M = ((size_t)(p.n_in * p.n_out) + HEM__LANES - 1) / HEM__LANES * HEM__LANES;
    bool turned = chance(r, 2);
    p.a_out = turned ? 1 : (size_t)p.n_in;
    p.a_in = turned ? (size_t)p.n_out : 1;
    p.a_im = M;
    p.a_entry = 2 * M;
    size_t entries = (size_t)between(r, p.n_entries, 12);
    p.x_in = p.y_out = entries * ENTRY;
    const float *a = input(c, (size_t)p.n_entries * 2 * M, 0);
    const float *x = input(c, (size_t)p.n_in * p.x_in, 0);
    float *y = output(c, (size_t)p.n_out * p.y_out, 0);
    allow(c, 4 * p.n_in, 2 * p.n_in);
    describe(c, "n_out %d n_in %d entries %d of %zu%s%s", p.n_out, p.n_in, p.n_entries, entries,
             p.conjugate ? " conjugate" : "", turned ? " turned" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->fft_product(&p, a, x, y);
}

void one_fft_wgrad(test_case *c)
{
    rng *r = &c->random;
    hem__fft_wgrad p = {.K = between(r, 1, 9),
                        .C = chance(r, 3) ? between(r, 17, 40) : between(r, 1, 20),
                        .n_tiles = chance(r, 3) ? between(r, 5, 9) : between(r, 1, 4),
                        .n_entries = between(r, 1, 3)};
    p.M = ((size_t)(p.K * p.C) + HEM__LANES - 1) / HEM__LANES * HEM__LANES;
    size_t entries = (size_t)between(r, p.n_entries, 5);
    p.dy_channel = p.x_channel = entries * ENTRY;
    p.dy_tile = (size_t)p.K * p.dy_channel;
    p.x_tile = (size_t)p.C * p.x_channel;
    const float *x = input(c, (size_t)p.n_tiles * p.x_tile, 0);
    const float *dy = input(c, (size_t)p.n_tiles * p.dy_tile, 0);
    float *dw = output(c, (size_t)p.n_entries * 2 * p.M, 0);
    allow(c, 4 * HEM__LANES * p.n_tiles, 2 * HEM__LANES * p.n_tiles);
    describe(c, "K %d C %d tiles %d entries %d of %zu", p.K, p.C, p.n_tiles, p.n_entries, entries);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->fft_wgrad(&p, x, dy, dw);
}
