/* Reference batch normalisation. What the layer makes of these sums: layer/batchnorm.c. */
#include "kernel/reference.h"

void REF(norm_sums)(const hem__real *a, const hem__real *x, int C, int pixels, int n, double *sums,
                    int c0, int c1)
{
    for (int c = c0; c < c1; c++) {
        double sum[HEM__LANES] = {0}, products[HEM__LANES] = {0};
        for (int pixel = 0; pixel < pixels; pixel++) {
            size_t at = hem__cell(C, 1, pixels, c / HEM__BLOCK, c % HEM__BLOCK, 0, pixel);
            for (int l = 0; l < n; l++) {
                sum[l] += (double)a[at + (size_t)l];
                products[l] += (double)a[at + (size_t)l] * (double)x[at + (size_t)l];
            }
        }
        sums[2 * c] += hem__tree16_double(sum);
        sums[2 * c + 1] += hem__tree16_double(products);
    }
}

void REF(norm)(const hem__real *x, int C, int pixels, const hem__norm *by_channel, int relu,
               hem__real *y, int c0, int c1)
{
    for (int c = c0; c < c1; c++) {
        const hem__norm *k = &by_channel[c];
        for (int pixel = 0; pixel < pixels; pixel++) {
            size_t at = hem__cell(C, 1, pixels, c / HEM__BLOCK, c % HEM__BLOCK, 0, pixel);
            for (size_t i = at; i < at + HEM__LANES; i++) {
                hem__real v = HEM__FMA(x[i] - k->mean, k->scale, k->shift);
                y[i] = relu && !(v > 0) ? 0 : v;
            }
        }
    }
}

void REF(norm_grad)(const hem__real *x, const hem__real *dy, int C, int pixels, int n,
                    const hem__norm *by_channel, hem__real *dx, int c0, int c1)
{
    for (int c = c0; c < c1; c++) {
        const hem__norm *k = &by_channel[c];
        for (int pixel = 0; pixel < pixels; pixel++) {
            size_t at = hem__cell(C, 1, pixels, c / HEM__BLOCK, c % HEM__BLOCK, 0, pixel);
            for (size_t i = at; i < at + HEM__LANES; i++) {
                hem__real rest = HEM__FMA(k->slope, x[i] - k->mean, k->shift);
                dx[i] = i - at < (size_t)n ? HEM__FMA(k->scale, dy[i], rest) : 0;
            }
        }
    }
}
