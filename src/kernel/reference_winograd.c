/* Reference of Winograd's algorithm: one patch and one channel at a time, in the order of sums of
 * contract.h. (T / m)^2 / 9 of the direct algorithm's products, and the transforms. */
#include "kernel/reference.h"

#define INLINE static inline
#define NUM hem__real
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define FMA(a, b, c) HEM__FMA((hem__real)(a), b, c)
#include "kernel/winograd_lines.h"

enum { MOST = HEM__WINOGRAD_MOST };

/* A line of n numbers transformed in place of another. */
typedef void (*line)(const hem__real *from, size_t step, hem__real *to, size_t to_step);

/* Columns, then rows: rows x columns numbers become out x out, at most MOST x MOST. */
static void transform(line one, const hem__real *from, int size, hem__real *to, int out)
{
    hem__real half[MOST * MOST];
    size_t n_in = (size_t)size, n_out = (size_t)out;
    for (size_t j = 0; j < n_in; j++)
        one(from + j, n_in, half + j, n_in);
    for (size_t i = 0; i < n_out; i++)
        one(half + i * n_in, 1, to + i * n_out, 1);
}

/* size x size pixels of a channel and image from (y, x) on; 0 off the map. */
static void cut(const hem__real *map, int C, int H, int W, int c, int lane, int y, int x, int size,
                hem__real *out)
{
    for (int i = y; i < y + size; i++)
        for (int j = x; j < x + size; j++) {
            bool inside = i >= 0 && i < H && j >= 0 && j < W;
            *out++ =
                inside
                    ? map[hem__cell(C, H, W, c / HEM__BLOCK, c % HEM__BLOCK, i, j) + (size_t)lane]
                    : 0;
        }
}

/* Transformed inputs of patch p. */
static void input_of(const hem__conv_shape *s, int m, const hem__real *x, int c, int lane, int p,
                     hem__real v[MOST * MOST])
{
    hem__real pixels[MOST * MOST];
    int across = hem__winograd_across(s, m);
    cut(x, s->C, s->H, s->W, c, lane, p / across * m - s->pad_y, p % across * m - s->pad_x, m + 2,
        pixels);
    transform(m == 2 ? input_line_4 : input_line_6, pixels, m + 2, v, m + 2);
}

/* Place of output channel k in the panels of one frequency, and the numbers between its weights. */
static size_t panel_place(const hem__conv_shape *s, int k, size_t *step)
{
    int panel = 0;
    while (k >= hem__winograd_panel(s->K, panel + 1))
        panel++;
    int first = hem__winograd_panel(s->K, panel);
    *step = (size_t)(hem__winograd_panel(s->K, panel + 1) - first);
    return (size_t)first * (size_t)s->C + (size_t)(k - first);
}

static void one_output(const hem__conv_shape *s, int m, const hem__real *z, hem__real bias,
                       bool has_bias, int relu, const hem__real *mask, hem__real *y, int k,
                       int lane, int p)
{
    hem__real out[4 * 4];
    int across = hem__winograd_across(s, m), row = p / across * m, column = p % across * m;
    transform(m == 2 ? output_line_4 : output_line_6, z, m + 2, out, m);
    for (int i = 0; i < m && row + i < s->P; i++)
        for (int j = 0; j < m && column + j < s->Q; j++) {
            size_t at =
                hem__cell(s->K, s->P, s->Q, k / HEM__BLOCK, k % HEM__BLOCK, row + i, column + j) +
                (size_t)lane;
            hem__real v = out[i * m + j];
            v = has_bias ? v + bias : v;
            v = relu && !(v > 0) ? 0 : v;
            y[at] = mask && !(mask[at] > 0) ? 0 : v;
        }
}

void REF(winograd)(const hem__conv_shape *s, int m, const hem__real *x, const hem__real *u,
                   const hem__real *bias, int relu, const hem__real *mask, hem__real *y,
                   hem__real *scratch, int p0, int p1)
{
    const int n = (m + 2) * (m + 2);
    hem__real v[MOST * MOST], z[MOST * MOST];
    for (int p = p0; p < p1; p++)
        for (int lane = 0; lane < HEM__LANES; lane++) {
            for (int c = 0; c < s->C; c++) {
                input_of(s, m, x, c, lane, p, v);
                for (int f = 0; f < n; f++)
                    scratch[c * n + f] = v[f];
            }
            for (int k = 0; k < s->K; k++) {
                size_t step, place = panel_place(s, k, &step);
                for (int f = 0; f < n; f++) {
                    const hem__real *w = u + (size_t)f * (size_t)s->C * (size_t)s->K + place;
                    z[f] = 0;
                    for (int c = 0; c < s->C; c++)
                        z[f] = HEM__FMA(w[(size_t)c * step], scratch[c * n + f], z[f]);
                }
                one_output(s, m, z, bias ? bias[k] : 0, bias != NULL, relu, mask, y, k, lane, p);
            }
        }
}

/* The patches of one unit, transformed: scratch holds v at [f][c][patch][image] and d at
 * [f][k][patch][image]. */
typedef struct unit {
    const hem__conv_shape *s;
    int m, first, n;
    hem__real *v, *d;
    size_t v_plane, d_plane;
} unit;

static void transform_unit(const unit *a, const hem__real *x, const hem__real *dy, int k0, int k1)
{
    const hem__conv_shape *s = a->s;
    const size_t each = (size_t)(a->n * HEM__LANES);
    const int T = a->m + 2, across = hem__winograd_across(s, a->m);
    hem__real out[MOST * MOST], pixels[4 * 4];
    for (int i = 0; i < a->n * HEM__LANES; i++) {
        int p = a->first + i / HEM__LANES, lane = i % HEM__LANES;
        for (int c = 0; c < s->C; c++) {
            input_of(s, a->m, x, c, lane, p, out);
            for (int f = 0; f < T * T; f++)
                a->v[(size_t)f * a->v_plane + (size_t)c * each + (size_t)i] = out[f];
        }
        for (int k = k0; k < k1; k++) {
            cut(dy, s->K, s->P, s->Q, k, lane, p / across * a->m, p % across * a->m, a->m, pixels);
            transform(a->m == 2 ? spread_line_4 : spread_line_6, pixels, a->m, out, T);
            for (int f = 0; f < T * T; f++)
                a->d[(size_t)f * a->d_plane + (size_t)k * each + (size_t)i] = out[f];
        }
    }
}

void REF(winograd_wgrad)(const hem__conv_shape *s, int m, const hem__real *x, const hem__real *dy,
                         hem__real *g, hem__real *scratch, int row0, int row1, int panel0,
                         int panel1)
{
    const int T = m + 2, n_patches = hem__winograd_patches(s, m), n = hem__winograd_unit(s, m);
    const int k0 = hem__winograd_panel(s->K, panel0), k1 = hem__winograd_panel(s->K, panel1);
    const size_t columns = ((size_t)s->C + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
    unit a = {
        s, m, 0, n, scratch, NULL, hem__winograd_plane(s->C, n), hem__winograd_plane(s->K, n)};
    a.d = scratch + (size_t)(T * T) * a.v_plane;
    for (; a.first < n_patches; a.first += n) {
        a.n = n_patches - a.first < n ? n_patches - a.first : n;
        const size_t each = (size_t)(a.n * HEM__LANES);
        transform_unit(&a, x, dy, k0, k1);
        for (size_t f = (size_t)(row0 * T); f < (size_t)(row1 * T); f++)
            for (size_t k = (size_t)k0; k < (size_t)k1; k++)
                for (size_t c = 0; c < columns; c++) {
                    hem__real *to = g + (f * (size_t)s->K + k) * columns + c, z = 0;
                    const hem__real *v = a.v + f * a.v_plane + c * each;
                    const hem__real *d = a.d + f * a.d_plane + k * each;
                    for (size_t i = 0; i < each; i++)
                        z = HEM__FMA(d[i], c < (size_t)s->C ? v[i] : 0, z);
                    *to += z;
                }
    }
}
