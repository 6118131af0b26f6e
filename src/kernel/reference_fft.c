/* Reference of convolution by Fourier transforms: contract_fft.h in plain C, one lane at a time. */
#include <string.h>

#include "kernel/fft_constants.h"
#include "kernel/reference.h"

#ifdef HEM_REAL_IS_DOUBLE
static const double COSINE[10][9] = HEM__DOUBLE_COS;
static const double SINE[10][9] = HEM__DOUBLE_SIN;
#else
static const float COSINE[10][9] = HEM__FLOAT_COS;
static const float SINE[10][9] = HEM__FLOAT_SIN;
#endif

typedef struct complex_t {
    hem__real re, im;
} complex_t;

static complex_t plus(complex_t a, complex_t b)
{
    return (complex_t){a.re + b.re, a.im + b.im};
}

static complex_t minus(complex_t a, complex_t b)
{
    return (complex_t){a.re - b.re, a.im - b.im};
}

static complex_t scaled(hem__real factor, complex_t a, complex_t b)
{
    return (complex_t){HEM__FMA(factor, a.re, b.re), HEM__FMA(factor, a.im, b.im)};
}

static complex_t times_i(complex_t a)
{
    return (complex_t){-a.im, a.re};
}

static complex_t conjugate(complex_t a)
{
    return (complex_t){a.re, -a.im};
}

static complex_t exchanged(complex_t a)
{
    return (complex_t){a.im, a.re};
}

/* ---- a few points ---------------------------------------------------------------------------- */

static void odd_points(int m, const complex_t *z, complex_t *out)
{
    complex_t a[HEM__FFT_MOST], b[HEM__FFT_MOST];
    int h = (m - 1) / 2;
    out[0] = z[0];
    for (int j = 1; j <= h; j++) {
        a[j] = plus(z[j], z[m - j]);
        b[j] = minus(z[j], z[m - j]);
        out[0] = plus(out[0], a[j]);
    }
    for (int k = 1; k <= h; k++) {
        complex_t p = z[0], q = {0, 0};
        for (int j = 1; j <= h; j++) {
            p = scaled(COSINE[m][k * j % m], a[j], p);
            q = scaled(SINE[m][k * j % m], b[j], q);
        }
        out[k] = minus(p, times_i(q));
        out[m - k] = plus(p, times_i(q));
    }
}

static void four_points(const complex_t *z, complex_t *out)
{
    complex_t a = plus(z[0], z[2]), b = minus(z[0], z[2]);
    complex_t c = plus(z[1], z[3]), d = minus(z[1], z[3]);
    out[0] = plus(a, c);
    out[1] = minus(b, times_i(d));
    out[2] = minus(a, c);
    out[3] = plus(b, times_i(d));
}

static void six_points(const complex_t *z, complex_t *out)
{
    complex_t sums[3] = {plus(z[0], z[3]), plus(z[2], z[5]), plus(z[4], z[1])}, even[3];
    complex_t rests[3] = {minus(z[0], z[3]), minus(z[2], z[5]), minus(z[4], z[1])}, odd[3];
    odd_points(3, sums, even);
    odd_points(3, rests, odd);
    out[0] = even[0], out[4] = even[1], out[2] = even[2];
    out[3] = odd[0], out[1] = odd[1], out[5] = odd[2];
}

static void points(int m, const complex_t *z, complex_t *out)
{
    if (m % 2 == 1)
        odd_points(m, z, out);
    else if (m == 6)
        six_points(z, out);
    else if (m == 4)
        four_points(z, out);
    else
        out[0] = plus(z[0], z[1]), out[1] = minus(z[0], z[1]);
}

/* [i1][i2] to [k2][k1] in place; with n1 and n2 exchanged the other way. */
static void transform(int n1, int n2, complex_t *z)
{
    complex_t between[HEM__FFT_MOST], out[9], in[9];
    for (int i1 = 0; i1 < n1; i1++) {
        points(n2, z + i1 * n2, out);
        for (int k2 = 0; k2 < n2; k2++)
            between[k2 * n1 + i1] = out[k2];
    }
    for (int k2 = 0; k2 < n2; k2++) {
        memcpy(in, between + k2 * n1, (size_t)n1 * sizeof in[0]);
        points(n1, in, z + k2 * n1);
    }
}

static void transform_back(const hem__fft_axis *axis, complex_t *z)
{
    for (int i = 0; i < axis->n; i++)
        z[i] = exchanged(z[i]);
    transform(axis->n2, axis->n1, z);
    for (int i = 0; i < axis->n; i++)
        z[i] = exchanged(z[i]);
}

/* ---- maps ------------------------------------------------------------------------------------ */

static size_t entry(const hem__fft *f, const hem__fft_layout *at, int column, int e)
{
    return (size_t)hem__fft_before(f, column) * at->frequency +
           (size_t)hem__fft_entries(f, column) * at->channel + (size_t)e * at->step;
}

/* Which entry of a column a slot is; -1 where it is not kept. */
static int entry_of(const hem__fft *f, int column, int slot)
{
    if (column >= f->x.n_own)
        return slot;
    for (int e = 0; e < f->y.n_half; e++)
        if (f->y.half[e] == slot)
            return e;
    return -1;
}

typedef complex_t grid[HEM__FFT_MOST_HALF][HEM__FFT_MOST]; /* columns that are kept */

static void rows_forward(const hem__fft *f, const hem__real *x, int rows, int cols, size_t step,
                         grid g)
{
    for (int row = 0; row < rows; row += 2) {
        complex_t z[HEM__FFT_MOST] = {{0, 0}};
        for (int c = 0; c < cols; c++) {
            const hem__real *pixel = x + ((size_t)row * (size_t)cols + (size_t)c) * step;
            hem__real next = row + 1 < rows ? pixel[(size_t)cols * step] : 0;
            z[f->x.place[c]] = (complex_t){pixel[0], next};
        }
        transform(f->x.n1, f->x.n2, z);
        for (int j = 0; j < f->x.n_half; j++) {
            complex_t k = z[f->x.half[j]], l = z[f->x.partner[f->x.half[j]]];
            g[j][f->y.place[row]] = plus(k, conjugate(l));
            if (row + 1 < rows)
                g[j][f->y.place[row + 1]] = (complex_t){k.im + l.im, l.re - k.re};
        }
    }
}

void REF(fft)(const hem__fft *f, const hem__real *x, int rows, int cols, size_t step, hem__real *s,
              const hem__fft_layout *at)
{
    for (int lane = 0; lane < HEM__LANES; lane++) {
        grid g = {{{0, 0}}};
        rows_forward(f, x + lane, rows, cols, step, g);
        for (int j = 0; j < f->x.n_half; j++) {
            transform(f->y.n1, f->y.n2, g[j]);
            for (int slot = 0; slot < f->y.n; slot++) {
                int e = entry_of(f, j, slot);
                if (e < 0)
                    continue;
                hem__real *to = s + entry(f, at, j, e) + lane;
                to[0] = g[j][slot].re;
                to[at->im] = g[j][slot].im;
            }
        }
    }
}

static void columns_back(const hem__fft *f, const hem__real *s, const hem__fft_layout *at, grid g)
{
    for (int j = 0; j < f->x.n_half; j++) {
        for (int e = 0; e < hem__fft_entries(f, j); e++) {
            const hem__real *from = s + entry(f, at, j, e);
            complex_t v = {from[0], from[at->im]};
            int slot = j < f->x.n_own ? f->y.half[e] : e;
            if (j < f->x.n_own)
                g[j][f->y.partner[slot]] = conjugate(v);
            g[j][slot] = v;
        }
        transform_back(&f->y, g[j]);
    }
}

/* Two rows of pixels as real and imaginary parts. */
static void row_back(const hem__fft *f, grid g, int row, complex_t z[HEM__FFT_MOST])
{
    int a = f->y.place[row % f->y.n], b = f->y.place[(row + 1) % f->y.n];
    for (int j = 0; j < f->x.n_half; j++) {
        complex_t A = g[j][a], B = g[j][b];
        int slot = f->x.half[j];
        if (j < f->x.n_own) {
            z[slot] = (complex_t){A.re, B.re};
        } else {
            z[slot] = plus(A, times_i(B));
            z[f->x.partner[slot]] = plus(conjugate(A), times_i(conjugate(B)));
        }
    }
    transform_back(&f->x, z);
}

void REF(fft_back)(const hem__fft *f, const hem__real *s, const hem__fft_layout *at,
                   const hem__fft_window *window, hem__real bias, int relu, const hem__real *mask,
                   hem__real *y)
{
    const hem__real scale = (hem__real)1 / (hem__real)(4 * f->y.n * f->x.n);
    for (int lane = 0; lane < HEM__LANES; lane++) {
        grid g;
        columns_back(f, s + lane, at, g);
        for (int p = 0; p < window->rows; p++) {
            complex_t z[HEM__FFT_MOST];
            row_back(f, g, window->first_y + p - p % 2, z);
            for (int q = 0; q < window->cols; q++) {
                complex_t pixel = z[f->x.place[(window->first_x + q) % f->x.n]];
                size_t pixel_at = (size_t)p * (size_t)window->cols + (size_t)q;
                size_t to = pixel_at * window->step + (size_t)lane;
                hem__real v = HEM__FMA(scale, p % 2 == 0 ? pixel.re : pixel.im, bias);
                v = relu != 0 && !(v > 0) ? 0 : v;
                y[to] = mask != NULL && !(mask[to] > 0) ? 0 : v;
            }
        }
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* sum + conj(a) x */
static complex_t add_product(complex_t a, complex_t x, complex_t sum)
{
    sum.re = HEM__FMA(a.im, x.im, HEM__FMA(a.re, x.re, sum.re));
    sum.im = HEM__FMA(a.re, x.im, HEM__FMA(a.im, -x.re, sum.im));
    return sum;
}

void REF(fft_product)(const hem__fft_product *p, const hem__real *a, const hem__real *x,
                      hem__real *y)
{
    const size_t size = 2 * (size_t)HEM__LANES;
    for (int e = 0; e < p->n_entries; e++, a += p->a_entry, x += size, y += size)
        for (int o = 0; o < p->n_out; o++)
            for (size_t lane = 0; lane < HEM__LANES; lane++) {
                complex_t sum = {0, 0};
                for (int i = 0; i < p->n_in; i++) {
                    const hem__real *w = a + (size_t)o * p->a_out + (size_t)i * p->a_in;
                    const hem__real *from = x + (size_t)i * p->x_in + lane;
                    complex_t v = {from[0], from[HEM__LANES]};
                    v = p->conjugate != 0 ? v : exchanged(v);
                    sum = add_product((complex_t){w[0], w[p->a_im]}, v, sum);
                }
                sum = p->conjugate != 0 ? sum : exchanged(sum);
                y[(size_t)o * p->y_out + lane] = sum.re;
                y[(size_t)o * p->y_out + HEM__LANES + lane] = sum.im;
            }
}

void REF(fft_wgrad)(const hem__fft_wgrad *p, const hem__real *x, const hem__real *dy, hem__real *dw)
{
    const size_t size = 2 * (size_t)HEM__LANES;
    for (int e = 0; e < p->n_entries; e++, x += size, dy += size, dw += 2 * p->M)
        for (int k = 0; k < p->K; k++)
            for (int c = 0; c < p->C; c++) {
                complex_t sum = {0, 0};
                for (size_t image = 0; image < (size_t)p->n_tiles * HEM__LANES; image++) {
                    size_t tile = image / HEM__LANES, lane = image % HEM__LANES;
                    const hem__real *a = dy + tile * p->dy_tile + (size_t)k * p->dy_channel + lane;
                    const hem__real *v = x + tile * p->x_tile + (size_t)c * p->x_channel + lane;
                    sum = add_product((complex_t){a[0], a[HEM__LANES]},
                                      (complex_t){v[0], v[HEM__LANES]}, sum);
                }
                size_t at = (size_t)k * (size_t)p->C + (size_t)c;
                dw[at] = sum.re;
                dw[at + p->M] = sum.im;
            }
}
