/* Reference dense layers: forward, both gradients, and the two small kernels that serve them. */
#include "kernel/reference.h"

void REF(dense)(const hem__dense_run *run, const hem__real *x, const hem__real *w,
                const hem__real *bias, int relu, hem__real *y, int o0, int o1)
{
    for (int t = 0; t < run->n_tiles; t++) {
        const hem__real *in = x + (size_t)t * run->in_tile;
        for (int o = o0; o < o1; o++) {
            const hem__real *row = w + (size_t)o * run->ld_w;
            hem__real *out = y + (size_t)t * run->out_tile + (size_t)o * HEM__LANES;
            hem__real acc[HEM__LANES];
            for (int l = 0; l < HEM__LANES; l++)
                acc[l] = bias != NULL ? bias[o] : 0;
            for (int i = 0; i < run->n_in; i++) {
                for (int l = 0; l < HEM__LANES; l++)
                    acc[l] = HEM__FMA(row[i], in[(size_t)i * HEM__LANES + (size_t)l], acc[l]);
            }
            for (int l = 0; l < HEM__LANES; l++)
                out[l] = relu != 0 && !(acc[l] > 0) ? 0 : acc[l];
        }
    }
}

void REF(dense_igrad)(const hem__dense_run *run, const hem__real *dy, const hem__real *w,
                      const hem__real *mask, hem__real *dx, int i0, int i1)
{
    for (int t = 0; t < run->n_tiles; t++) {
        const hem__real *out = dy + (size_t)t * run->out_tile;
        for (int i = i0; i < i1; i++) {
            size_t at = (size_t)t * run->in_tile + (size_t)i * HEM__LANES;
            hem__real acc[HEM__LANES] = {0};
            for (int o = 0; o < run->n_out; o++) {
                hem__real factor = w[(size_t)o * run->ld_w + (size_t)i];
                for (int l = 0; l < HEM__LANES; l++)
                    acc[l] = HEM__FMA(factor, out[(size_t)o * HEM__LANES + (size_t)l], acc[l]);
            }
            for (int l = 0; l < HEM__LANES; l++) {
                size_t lane = at + (size_t)l;
                dx[lane] = mask != NULL && !(mask[lane] > 0) ? 0 : acc[l];
            }
        }
    }
}

void REF(transpose)(const hem__real *x, hem__real *xt, size_t ld, int u0, int u1)
{
    for (int u = u0; u < u1; u++) {
        for (size_t l = 0; l < HEM__LANES; l++)
            xt[l * ld + (size_t)u] = x[(size_t)u * HEM__LANES + l];
    }
}

void REF(dense_wgrad)(const hem__dense_run *run, const hem__real *dy, const hem__real *xt,
                      size_t ld_xt, hem__real *g, size_t ld_g, int accumulate, int o0, int o1,
                      int i0, int i1)
{
    for (int o = o0; o < o1; o++) {
        hem__real *row = g + (size_t)(o - o0) * ld_g;
        for (int i = i0; i < i1 && !accumulate; i++)
            row[i - i0] = 0;
        for (int t = 0; t < run->n_tiles; t++) {
            const hem__real *d = dy + (size_t)t * run->out_tile + (size_t)o * HEM__LANES;
            for (int n = 0; n < HEM__LANES; n++) {
                const hem__real *image = xt + (size_t)(t * HEM__LANES + n) * ld_xt;
                for (int i = i0; i < i1; i++)
                    row[i - i0] = HEM__FMA(d[n], image[i], row[i - i0]);
            }
        }
    }
}

#define DENSE_UPDATE(name, slots)                                                                  \
    void REF(dense_update_##name)(const hem__dense_run *run, const hem__real *dy,                  \
                                  const hem__real *xt, size_t ld_xt, hem__real *w,                 \
                                  hem__real *state, const hem__update *u, int o0, int o1)          \
    {                                                                                              \
        for (int o = o0; o < o1; o++) {                                                            \
            for (int i = 0; i < (int)run->ld_w; i += HEM__ALIGN) {                                 \
                size_t at = (size_t)o * run->ld_w + (size_t)i;                                     \
                hem__real g[HEM__ALIGN];                                                           \
                REF(dense_wgrad)                                                                   \
                (run, dy, xt, ld_xt, g, HEM__ALIGN, 0, o, o + 1, i, i + HEM__ALIGN);               \
                REF(update_##name)(w + at, g, state + slots * at, HEM__ALIGN, u);                  \
            }                                                                                      \
        }                                                                                          \
    }

DENSE_UPDATE(sgd, 0)
DENSE_UPDATE(momentum, 1)
DENSE_UPDATE(nesterov, 1)
DENSE_UPDATE(adam, 2)
DENSE_UPDATE(adamw, 2)
DENSE_UPDATE(rmsprop, 2)

void REF(lane_sum)(const hem__real *x, hem__real *sum, int u0, int u1)
{
    for (int u = u0; u < u1; u++)
        sum[u] += hem__tree16(x + (size_t)u * HEM__LANES);
}
