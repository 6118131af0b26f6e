/* Reference convolution: forward (and input gradient) over a hem__conv_run, weight and bias
 * gradients over a hem__conv_shape. R*S*C multiply-adds an output. */
#include "kernel/reference.h"

/* One output channel of a run: where its packed weights begin, and how far apart they lie. */
typedef struct filter {
    const hem__real *w;
    size_t step; /* width of its register block */
} filter;

static filter filter_of(const hem__conv_run *run, const hem__real *w, int k)
{
    int end = k / HEM__BLOCK * HEM__BLOCK + hem__block_width(run->K, k / HEM__BLOCK);
    int first = k / HEM__BLOCK * HEM__BLOCK;
    int width = hem__register_block(end - first);
    while (k >= first + width) {
        first += width;
        width = hem__register_block(end - first);
    }
    size_t numbers = (size_t)first * (size_t)run->C * (size_t)run->R * (size_t)run->S;
    return (filter){w + numbers + (k - first), (size_t)width};
}

/* acc += the taps of kernel row r in channel block b for the output at lattice (row, column). */
static void add_row(const hem__conv_run *run, const hem__real *x, filter f, int b, int r, int row,
                    int column, hem__real acc[HEM__LANES])
{
    int width = hem__block_width(run->C, b);
    int iy = row * run->step_y - run->pad_y + r;
    if (iy < 0 || iy >= run->H)
        return;
    size_t before = (size_t)(HEM__BLOCK * b) * (size_t)run->R * (size_t)run->S;
    for (int s = 0; s < run->S; s++) {
        int ix = column * run->step_x - run->pad_x + s;
        if (ix < 0 || ix >= run->W)
            continue;
        const hem__real *cell = x + hem__cell(run->C, run->H, run->W, b, 0, iy, ix);
        const hem__real *w = f.w + (before + (size_t)((r * run->S + s) * width)) * f.step;
        for (int c = 0; c < width; c++) {
            for (int l = 0; l < HEM__LANES; l++)
                acc[l] = HEM__FMA(w[(size_t)c * f.step], cell[c * HEM__LANES + l], acc[l]);
        }
    }
}

void REF(conv)(const hem__conv_run *run, const hem__real *x, const hem__real *w,
               const hem__real *bias, int relu, const hem__real *mask, hem__real *y, int kb0,
               int kb1, int row0, int row1)
{
    int k_end = kb1 * HEM__BLOCK < run->K ? kb1 * HEM__BLOCK : run->K;
    for (int row = row0; row < row1; row++) {
        for (int k = kb0 * HEM__BLOCK; k < k_end; k++) {
            filter f = filter_of(run, w, k);
            for (int column = 0; column < run->cols; column++) {
                hem__real acc[HEM__LANES];
                for (int l = 0; l < HEM__LANES; l++)
                    acc[l] = bias != NULL ? bias[k] : 0;
                for (int b = 0; b < hem__block_count(run->C); b++) {
                    for (int r = 0; r < run->R; r++)
                        add_row(run, x, f, b, r, row, column, acc);
                }
                size_t at = hem__cell(run->K, run->OH, run->OW, k / HEM__BLOCK, k % HEM__BLOCK,
                                      run->out_y + row * run->out_step_y,
                                      run->out_x + column * run->out_step_x);
                for (int l = 0; l < HEM__LANES; l++) {
                    hem__real value = relu != 0 && !(acc[l] > 0) ? 0 : acc[l];
                    y[at + (size_t)l] = mask != NULL && !(mask[at + (size_t)l] > 0) ? 0 : value;
                }
            }
        }
    }
}

/* Whether tap (r, s) of output pixel (p, q) lies inside x; then its 16 images in channel c, and
 * those of dy in filter k. */
static bool tap_of(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy, int k,
                   int c, int r, int s, int p, int q, const hem__real **a, const hem__real **d)
{
    int iy = p * shape->stride_y - shape->pad_y + r, ix = q * shape->stride_x - shape->pad_x + s;
    if (iy < 0 || iy >= shape->H || ix < 0 || ix >= shape->W)
        return false;
    *a = x + hem__cell(shape->C, shape->H, shape->W, c / HEM__BLOCK, c % HEM__BLOCK, iy, ix);
    *d = dy + hem__cell(shape->K, shape->P, shape->Q, k / HEM__BLOCK, k % HEM__BLOCK, p, q);
    return true;
}

/* lanes += the pixels of one output row p whose tap (r, s) lies inside x. */
static void weight_row(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy, int k,
                       int c, int r, int s, int p, hem__real lanes[HEM__LANES])
{
    const hem__real *a, *d;
    for (int q = 0; q < shape->Q; q++) {
        if (!tap_of(shape, x, dy, k, c, r, s, p, q, &a, &d))
            continue;
        for (int l = 0; l < HEM__LANES; l++)
            lanes[l] = HEM__FMA(a[l], d[l], lanes[l]);
    }
}

/* What the tile adds to one weight whose item is not wide. */
static void narrow_weight(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy,
                          int k, int c, int r, int s, hem__real *dw)
{
    int rows = hem__wgrad_rows(shape->Q);
    hem__real t = 0;
    for (int first = 0; first < shape->P; first += rows) {
        hem__real lanes[HEM__LANES] = {0};
        for (int p = first; p < first + rows && p < shape->P; p++)
            weight_row(shape, x, dy, k, c, r, s, p, lanes);
        t += hem__tree16(lanes);
    }
    *dw += t;
}

/* z and the pixels [q0, q1) of one output row p whose tap (r, s) lies inside x, image by image. */
static hem__real weight_part(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy,
                             int k, int c, int r, int s, int p, int q0, int q1, hem__real z)
{
    const hem__real *a, *d;
    for (int q = q0; q < q1; q++) {
        if (!tap_of(shape, x, dy, k, c, r, s, p, q, &a, &d))
            continue;
        for (int l = 0; l < HEM__LANES; l++)
            z = HEM__FMA(a[l], d[l], z);
    }
    return z;
}

/* What it adds to one whose item is. */
static void wide_weight(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy,
                        int k, int c, int r, int s, hem__real *dw)
{
    int rows = hem__wgrad_wide_rows(shape->Q), parts = hem__wgrad_wide_parts(shape->Q);
    hem__real t = 0;
    for (int first = 0; first < shape->P; first += rows) {
        for (int part = 0; part < parts; part++) {
            hem__real z = 0;
            for (int p = first; p < first + rows && p < shape->P; p++)
                z = weight_part(shape, x, dy, k, c, r, s, p, shape->Q * part / parts,
                                shape->Q * (part + 1) / parts, z);
            t += z;
        }
    }
    *dw += t;
}

void REF(conv_wgrad)(const hem__conv_shape *shape, const hem__real *x, const hem__real *dy,
                     hem__real *dw, int item0, int item1)
{
    for (int item = item0; item < item1; item++) {
        int kb, r, cb;
        hem__wgrad_item(shape, item, &kb, &r, &cb);
        int c_end = cb * HEM__BLOCK + hem__block_width(shape->C, cb);
        int k_end = kb * HEM__BLOCK + hem__block_width(shape->K, kb);
        for (int k = kb * HEM__BLOCK; k < k_end; k++) {
            for (int c = cb * HEM__BLOCK; c < c_end; c++) {
                size_t row = ((size_t)k * (size_t)shape->C + (size_t)c) * (size_t)shape->R;
                hem__real *out = dw + (row + (size_t)r) * (size_t)shape->S;
                for (int s = 0; s < shape->S; s++) {
                    if (item < hem__wgrad_wide_items(shape))
                        wide_weight(shape, x, dy, k, c, r, s, &out[s]);
                    else
                        narrow_weight(shape, x, dy, k, c, r, s, &out[s]);
                }
            }
        }
    }
}

void REF(conv_bgrad)(const hem__conv_shape *shape, const hem__real *dy, hem__real *db, int kb0,
                     int kb1)
{
    int rows = hem__wgrad_rows(shape->Q);
    int k_end = kb1 * HEM__BLOCK < shape->K ? kb1 * HEM__BLOCK : shape->K;
    for (int k = kb0 * HEM__BLOCK; k < k_end; k++) {
        hem__real t = 0;
        for (int first = 0; first < shape->P; first += rows) {
            hem__real lanes[HEM__LANES] = {0};
            for (int p = first; p < first + rows && p < shape->P; p++) {
                for (int q = 0; q < shape->Q; q++) {
                    const hem__real *d = dy + hem__cell(shape->K, shape->P, shape->Q,
                                                        k / HEM__BLOCK, k % HEM__BLOCK, p, q);
                    for (int l = 0; l < HEM__LANES; l++)
                        lanes[l] += d[l];
                }
            }
            t += hem__tree16(lanes);
        }
        db[k] += t;
    }
}
