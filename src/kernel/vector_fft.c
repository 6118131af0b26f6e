/* Two-dimensional Fourier transforms of real maps, 16 maps at once, one a lane (contract_fft.h).
 * Rows are done by twos, as real and imaginary parts of one transform; then the columns that are
 * kept. Back the same way. All steps in between lie on the stack, VL lanes at a time: for the usual
 * sizes in the first cache. */
#include <string.h>

#include "kernel/fft_constants.h"
#include "kernel/vector.h"

static const float COSINE[10][9] = HEM__FLOAT_COS;
static const float SINE[10][9] = HEM__FLOAT_SIN;

enum {
    E = 2 * VL, /* numbers of a complex vector */
    LINES = 4,  /* rows or columns transformed at once */
    ROOM = LINES * HEM__FFT_MOST * E
};

/* `count` transforms in each of n_lines lines. Points are x_step apart, transforms x_next. */
typedef struct dft_stage {
    size_t n_lines, count;
    const float *x;
    ptrdiff_t x_im, x_step, x_next;
    size_t x_line;
    float *y;
    ptrdiff_t y_im, y_step, y_next;
    size_t y_line;
} dft_stage;

/* clang-format off */
#define RADIX 3
#define HALF 1
#include "kernel/block_dft.h"
#define RADIX 5
#define HALF 2
#include "kernel/block_dft.h"
#define RADIX 7
#define HALF 3
#include "kernel/block_dft.h"
#define RADIX 9
#define HALF 4
#include "kernel/block_dft.h"
/* clang-format on */

static void dft_2(const dft_stage *stage)
{
    const dft_stage here = *stage, *s = &here;
    for (size_t line = 0; line < s->n_lines; line++) {
        const float *x = s->x + line * s->x_line;
        float *y = s->y + line * s->y_line;
        for (size_t i = s->count; i > 0; i--) {
            V r0 = v_load(x), r1 = v_load(x + s->x_step);
            V i0 = v_load(x + s->x_im), i1 = v_load(x + s->x_im + s->x_step);
            v_store(y, r0 + r1);
            v_store(y + s->y_im, i0 + i1);
            v_store(y + s->y_step, r0 - r1);
            v_store(y + s->y_im + s->y_step, i0 - i1);
            x += s->x_next;
            y += s->y_next;
        }
    }
}

static void dft_4(const dft_stage *stage)
{
    const dft_stage here = *stage, *s = &here;
    for (size_t line = 0; line < s->n_lines; line++) {
        const float *x = s->x + line * s->x_line;
        float *y = s->y + line * s->y_line;
        for (size_t i = s->count; i > 0; i--) {
            const float *xi = x + s->x_im;
            float *yi = y + s->y_im;
            V r0 = v_load(x), r1 = v_load(x + s->x_step), r2 = v_load(x + 2 * s->x_step),
              r3 = v_load(x + 3 * s->x_step);
            V i0 = v_load(xi), i1 = v_load(xi + s->x_step), i2 = v_load(xi + 2 * s->x_step),
              i3 = v_load(xi + 3 * s->x_step);
            V ar = r0 + r2, br = r0 - r2, cr = r1 + r3, dr = r1 - r3;
            V ai = i0 + i2, bi = i0 - i2, ci = i1 + i3, di = i1 - i3;
            v_store(y, ar + cr);
            v_store(yi, ai + ci);
            v_store(y + s->y_step, br + di);
            v_store(yi + s->y_step, bi - dr);
            v_store(y + 2 * s->y_step, ar - cr);
            v_store(yi + 2 * s->y_step, ai - ci);
            v_store(y + 3 * s->y_step, br - di);
            v_store(yi + 3 * s->y_step, bi + dr);
            x += s->x_next;
            y += s->y_next;
        }
    }
}

/* Three points in registers: real parts of the result with P + Q at y1, imaginary ones at y2. */
INLINE void third(V a0, V a1, V a2, V b1, V b2, float *y0, float *y1, float *y2)
{
    V a = a1 + a2, b = b1 - b2;
    V P = v_fma(v_all(COSINE[3][1]), a, a0), Q = v_fma(v_all(SINE[3][1]), b, v_all(0));
    v_store(y0, a0 + a);
    v_store(y1, P + Q);
    v_store(y2, P - Q);
}

/* One part of six points; p and q as in block_dft.h. */
INLINE void half_6(const float *p, const float *q, ptrdiff_t step, float *y, ptrdiff_t y_step,
                   bool real)
{
    V p0 = v_load(p), p3 = v_load(p + 3 * step), p2 = v_load(p + 2 * step),
      p5 = v_load(p + 5 * step), p4 = v_load(p + 4 * step), p1 = v_load(p + step);
    V q2 = v_load(q + 2 * step), q5 = v_load(q + 5 * step), q4 = v_load(q + 4 * step),
      q1 = v_load(q + step);
    ptrdiff_t k4 = (real ? 4 : 2) * y_step, k2 = (real ? 2 : 4) * y_step;
    ptrdiff_t k1 = (real ? 1 : 5) * y_step, k5 = (real ? 5 : 1) * y_step;
    third(p0 + p3, p2 + p5, p4 + p1, q2 + q5, q4 + q1, y, y + k4, y + k2);
    third(p0 - p3, p2 - p5, p4 - p1, q2 - q5, q4 - q1, y + 3 * y_step, y + k1, y + k5);
}

static NOINLINE void dft_6x1(const dft_stage *stage)
{
    const dft_stage here = *stage, *s = &here;
    for (size_t line = 0; line < s->n_lines; line++) {
        const float *x = s->x + line * s->x_line;
        float *y = s->y + line * s->y_line;
        for (size_t i = s->count; i > 0; i--) {
            half_6(x, x + s->x_im, s->x_step, y, s->y_step, true);
            half_6(x + s->x_im, x, s->x_step, y + s->y_im, s->y_step, false);
            x += s->x_next;
            y += s->y_next;
        }
    }
}

static void (*const DFT[10])(const dft_stage *) = {
    [2] = dft_2,   [3] = dft_3x1, [4] = dft_4,   [5] = dft_5x1,
    [6] = dft_6x1, [7] = dft_7x1, [9] = dft_9x1,
};

/* Complex vectors somewhere: imaginary parts `im` numbers on, points `step` apart. */
typedef struct place {
    float *at;
    ptrdiff_t im, step;
    size_t line; /* between lines */
} place;

/* Lines of n1 n2 points [i1][i2] to [k2][k1]; with n1 and n2 exchanged the other way. */
INLINE void transform(int n1, int n2, size_t n_lines, place from, place to)
{
    float between[ROOM] __attribute__((aligned(64)));
    dft_stage first = {.n_lines = n_lines,
                       .count = (size_t)n1,
                       .x = from.at,
                       .x_im = from.im,
                       .x_step = from.step,
                       .x_next = n2 * from.step,
                       .x_line = from.line,
                       .y = between,
                       .y_im = VL,
                       .y_step = n1 * E,
                       .y_next = E,
                       .y_line = HEM__FFT_MOST * E};
    dft_stage second = {.n_lines = n_lines,
                        .count = (size_t)n2,
                        .x = between,
                        .x_im = VL,
                        .x_step = E,
                        .x_next = n1 * E,
                        .x_line = HEM__FFT_MOST * E,
                        .y = to.at,
                        .y_im = to.im,
                        .y_step = to.step,
                        .y_next = n1 * to.step,
                        .y_line = to.line};
    DFT[n2](&first);
    DFT[n1](&second);
}

/* Lines in scratch memory, real parts first, or imaginary parts first. */
INLINE place in_order(float *at, size_t line)
{
    return (place){at, VL, E, line};
}

INLINE place exchanged(float *at, size_t line)
{
    return (place){at + VL, -VL, E, line};
}

/* A transform under way: `grid` holds the columns that are kept, [x.n_half][y.n]. */
typedef struct work {
    const hem__fft *f;
    float *grid, *line, *spectrum;
    size_t pitch; /* of a line of the other two */
    const hem__fft_layout *at;
} work;

/* The spectra of two real rows, out of that of the one as real and the other as imaginary part:
 * twice each. `b` may be NULL. */
INLINE void part(const work *w, const float *z, float *a, float *b)
{
    const hem__fft_axis *x = &w->f->x;
    size_t column = (size_t)w->f->y.n * E;
    for (int j = 0; j < x->n_half; j++, a += column) {
        const float *k = z + (size_t)x->half[j] * E, *l = z + (size_t)x->partner[x->half[j]] * E;
        V kr = v_load(k), ki = v_load(k + VL), lr = v_load(l), li = v_load(l + VL);
        v_store(a, kr + lr);
        v_store(a + VL, ki - li);
        if (b != NULL) {
            v_store(b, ki + li);
            v_store(b + VL, lr - kr);
            b += column;
        }
    }
}

static void rows_forward(const work *w, const float *map, int rows, int cols, size_t step)
{
    const hem__fft_axis *x = &w->f->x, *y = &w->f->y;
    memset(w->line, 0, LINES * w->pitch * sizeof(float));
    for (int row = 0; row < rows; row += 2 * LINES) {
        int n = at_most(LINES, (rows - row + 1) / 2);
        for (int i = 0; i < n; i++) {
            const float *first = map + (size_t)(row + 2 * i) * (size_t)cols * step;
            bool two = row + 2 * i + 1 < rows;
            for (int c = 0; c < cols; c++) {
                float *to = w->line + (size_t)i * w->pitch + (size_t)x->place[c] * E;
                v_store(to, v_load(first + (size_t)c * step));
                v_store(to + VL, two ? v_load(first + (size_t)(cols + c) * step) : v_all(0));
            }
        }
        transform(x->n1, x->n2, (size_t)n, in_order(w->line, w->pitch),
                  in_order(w->spectrum, w->pitch));
        for (int i = 0; i < n; i++) {
            int a = row + 2 * i, b = a + 1;
            part(w, w->spectrum + (size_t)i * w->pitch, w->grid + (size_t)y->place[a] * E,
                 b < rows ? w->grid + (size_t)y->place[b] * E : NULL);
        }
    }
}

/* Where the entries of a column of the spectrum lie. */
INLINE float *column_of(const work *w, float *s, int j)
{
    return s + (size_t)hem__fft_before(w->f, j) * w->at->frequency +
           (size_t)hem__fft_entries(w->f, j) * w->at->channel;
}

static void columns_forward(const work *w, float *s)
{
    const hem__fft_axis *x = &w->f->x, *y = &w->f->y;
    size_t column = (size_t)y->n * E;
    ptrdiff_t im = (ptrdiff_t)w->at->im, step = (ptrdiff_t)w->at->step;
    transform(y->n1, y->n2, (size_t)x->n_own, in_order(w->grid, column),
              in_order(w->spectrum, w->pitch));
    for (int j = 0; j < x->n_own; j++) {
        float *to = column_of(w, s, j);
        for (int e = 0; e < y->n_half; e++, to += step) {
            const float *from = w->spectrum + (size_t)j * w->pitch + (size_t)y->half[e] * E;
            v_store(to, v_load(from));
            v_store(to + im, v_load(from + VL));
        }
    }
    for (int j = x->n_own; j < x->n_half; j += LINES) {
        place to = {column_of(w, s, j), im, step, (size_t)y->n * w->at->frequency};
        transform(y->n1, y->n2, (size_t)at_most(LINES, x->n_half - j),
                  in_order(w->grid + (size_t)j * column, column), to);
    }
}

/* Pixels that hold no row of the map. */
static void clear_rest(const work *w, int rows)
{
    const hem__fft_axis *y = &w->f->y;
    for (int j = 0; j < w->f->x.n_half; j++) {
        for (int i = rows; i < y->n; i++) {
            float *at = w->grid + (size_t)(j * y->n + y->place[i]) * E;
            v_store(at, v_all(0));
            v_store(at + VL, v_all(0));
        }
    }
}

void TIER(hem__fft)(const hem__fft *f, const float *x, int rows, int cols, size_t step, float *s,
                    const hem__fft_layout *at)
{
    float grid[HEM__FFT_MOST * HEM__FFT_MOST_HALF * E] __attribute__((aligned(64)));
    float line[ROOM] __attribute__((aligned(64))), spectrum[ROOM] __attribute__((aligned(64)));
    work w = {f, grid, line, spectrum, (size_t)at_least(f->x.n, f->y.n) * E, at};
    clear_rest(&w, rows);
    for (size_t lane = 0; lane < HEM__LANES; lane += VL) {
        rows_forward(&w, x + lane, rows, cols, step);
        columns_forward(&w, s + lane);
    }
}

/* ---- back ------------------------------------------------------------------------------------ */

static void columns_back(const work *w, const float *s)
{
    const hem__fft_axis *x = &w->f->x, *y = &w->f->y;
    size_t column = (size_t)y->n * E;
    ptrdiff_t im = (ptrdiff_t)w->at->im, step = (ptrdiff_t)w->at->step;
    float *start = (float *)(uintptr_t)s; /* read alone: places are for both ways */
    for (int j = 0; j < x->n_own; j++) {
        const float *from = column_of(w, start, j);
        float *to = w->line + (size_t)j * w->pitch;
        for (int e = 0; e < y->n_half; e++, from += step) {
            V re = v_load(from), imaginary = v_load(from + im);
            float *one = to + (size_t)y->half[e] * E;
            float *other = to + (size_t)y->partner[y->half[e]] * E;
            v_store(other, re);
            v_store(other + VL, -imaginary);
            v_store(one, re);
            v_store(one + VL, imaginary);
        }
    }
    transform(y->n2, y->n1, (size_t)x->n_own, exchanged(w->line, w->pitch),
              exchanged(w->grid, column));
    for (int j = x->n_own; j < x->n_half; j += LINES) {
        place from = {column_of(w, start, j) + im, -im, step, (size_t)y->n * w->at->frequency};
        transform(y->n2, y->n1, (size_t)at_most(LINES, x->n_half - j), from,
                  exchanged(w->grid + (size_t)j * column, column));
    }
}

/* One spectrum out of those of two real rows. */
INLINE void join(const work *w, const float *a, const float *b, float *z)
{
    const hem__fft_axis *x = &w->f->x;
    size_t column = (size_t)w->f->y.n * E;
    for (int j = 0; j < x->n_half; j++, a += column, b += column) {
        float *k = z + (size_t)x->half[j] * E, *l = z + (size_t)x->partner[x->half[j]] * E;
        V ar = v_load(a), br = v_load(b);
        if (j < x->n_own) {
            v_store(k, ar);
            v_store(k + VL, br);
        } else {
            V ai = v_load(a + VL), bi = v_load(b + VL);
            v_store(k, ar - bi);
            v_store(k + VL, ai + br);
            v_store(l, ar + bi);
            v_store(l + VL, br - ai);
        }
    }
}

/* How pixels of a channel end. */
typedef struct finish {
    V scale, bias;
    bool relu;
    const float *mask;
    float *y;
} finish;

INLINE void finish_pixel(const finish *f, size_t at, V v)
{
    v = v_fma(f->scale, v, f->bias);
    if (f->relu)
        v = v_max(v, v_all(0));
    if (f->mask != NULL)
        v = v_where(v_load(f->mask + at) > v_all(0), v);
    v_store(f->y + at, v);
}

INLINE int wrapped(int i, int n)
{
    return i >= n ? i - n : i;
}

static void rows_back(const work *w, const hem__fft_window *window, const finish *end)
{
    const hem__fft_axis *x = &w->f->x, *y = &w->f->y;
    for (int row = 0; row < window->rows; row += 2 * LINES) {
        int n = at_most(LINES, (window->rows - row + 1) / 2);
        for (int i = 0; i < n; i++) {
            /* Behind a last, odd row comes some other one: it is not stored. */
            int a = wrapped(window->first_y + row + 2 * i, y->n), b = wrapped(a + 1, y->n);
            join(w, w->grid + (size_t)y->place[a] * E, w->grid + (size_t)y->place[b] * E,
                 w->spectrum + (size_t)i * w->pitch);
        }
        transform(x->n2, x->n1, (size_t)n, exchanged(w->spectrum, w->pitch),
                  exchanged(w->line, w->pitch));
        for (int i = 0; i < n; i++) {
            bool two = row + 2 * i + 1 < window->rows;
            size_t at = (size_t)(row + 2 * i) * (size_t)window->cols;
            for (int c = 0; c < window->cols; c++) {
                int at_x = x->place[wrapped(window->first_x + c, x->n)];
                const float *from = w->line + (size_t)i * w->pitch + (size_t)at_x * E;
                finish_pixel(end, (at + (size_t)c) * window->step, v_load(from));
                if (two)
                    finish_pixel(end, (at + (size_t)(window->cols + c)) * window->step,
                                 v_load(from + VL));
            }
        }
    }
}

void TIER(hem__fft_back)(const hem__fft *f, const float *s, const hem__fft_layout *at,
                         const hem__fft_window *window, float bias, int relu, const float *mask,
                         float *y)
{
    float grid[HEM__FFT_MOST * HEM__FFT_MOST_HALF * E] __attribute__((aligned(64)));
    float line[ROOM] __attribute__((aligned(64))), spectrum[ROOM] __attribute__((aligned(64)));
    work w = {f, grid, line, spectrum, (size_t)at_least(f->x.n, f->y.n) * E, at};
    finish end = {.scale = v_all(1.0f / (float)(4 * f->y.n * f->x.n)),
                  .bias = v_all(bias),
                  .relu = relu != 0};
    for (size_t lane = 0; lane < HEM__LANES; lane += VL) {
        end.mask = mask != NULL ? mask + lane : NULL;
        end.y = y + lane;
        columns_back(&w, s + lane);
        rows_back(&w, window, &end);
    }
}
