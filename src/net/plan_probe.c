/* The probe of probe.h, in this compilation's numbers. */
#include "net/probe.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/philox.h"
#include "net/plan.h"

struct hem__probe {
    const hem__probe_setup *setup;
    HEM__R(hem__plan) * plan;
    hem__real *params;
    hem__real *loss; /* of n images */
    hem__values values;
    hem__real *pixels; /* as the batch has them; NULL = by the table */
    hem__philox_key drop_key;
};

static const HEM__R(hem__kernels) * kernels_of(const hem__probe_setup *setup)
{
#ifdef HEM_REAL_IS_DOUBLE
    (void)setup;
    return &hem__kernels_reference_f64;
#else
    return setup->kernels;
#endif
}

hem_status HEM__R(hem__probe_new)(const hem__probe_setup *setup, hem__probe **out, hem_error *err)
{
    *out = NULL;
    hem__probe *probe = hem__calloc(1, sizeof *probe);
    if (!probe)
        return hem__fail_memory(err, "a gradient check", sizeof *probe);
    probe->setup = setup;
    probe->drop_key = hem__philox_key_of(setup->seed, HEM__DRAW_DROPOUT);
    size_t n = setup->graph->n_params;
    probe->params = hem__aligned_calloc(n, sizeof *probe->params);
    probe->loss = hem__calloc(setup->n, sizeof *probe->loss);
    if (setup->pixels)
        probe->pixels = hem__calloc(setup->image_bytes, 2 * sizeof *probe->pixels);
    hem_status status = HEM_OK;
    if (!probe->params || !probe->loss || (setup->pixels && !probe->pixels))
        status = hem__fail_memory(err, "a gradient check", n * sizeof *probe->params);
    hem__plan_options options = {.batch = setup->n, .groups = setup->groups, .training = true};
    if (status == HEM_OK)
        status = HEM__R(hem__plan_new)(setup->graph, setup->pool, kernels_of(setup), &options,
                                       &probe->plan, NULL, err);
    if (status != HEM_OK) {
        HEM__R(hem__probe_free)(probe);
        return status;
    }
    for (size_t i = 0; i < n; i++)
        probe->params[i] = (hem__real)setup->params[i];
    HEM__R(hem__values_make)(setup->mean, setup->deviation, &probe->values);
    for (size_t i = 0; probe->pixels && i < 2 * setup->image_bytes; i++)
        probe->pixels[i] = (hem__real)setup->pixels[i];
    *out = probe;
    return HEM_OK;
}

void HEM__R(hem__probe_free)(hem__probe *probe)
{
    if (!probe)
        return;
    HEM__R(hem__plan_free)(probe->plan);
    free(probe->params);
    free(probe->pixels);
    free(probe->loss);
    free(probe);
}

static HEM__R(hem__batch) images_from(const hem__probe *probe, size_t first, size_t n)
{
    const hem__probe_setup *s = probe->setup;
    return (HEM__R(hem__batch)){.images = s->images + first,
                                .labels = s->labels + first,
                                .n = n,
                                .values = &probe->values,
                                .pixels = probe->pixels,
                                .by_image = s->by_image,
                                .drop_key = {probe->drop_key.k[0], probe->drop_key.k[1]},
                                .place = (uint32_t)first,
                                .loss = probe->loss + first};
}

double HEM__R(hem__probe_loss)(hem__probe *probe, uint64_t *signature)
{
    const hem__probe_setup *s = probe->setup;
    /* the signature sees one chunk at a time */
    const size_t chunk = s->graph->batch_statistics ? s->n : HEM__CHUNK_TILES * HEM__LANES;
    uint64_t all = 0;
    for (size_t at = 0; at < s->n; at += chunk) {
        size_t n = s->n - at < chunk ? s->n - at : chunk;
        HEM__R(hem__batch) batch = images_from(probe, at, n);
        HEM__R(hem__plan_forward)(probe->plan, probe->params, &batch);
        if (signature)
            all = all * 31 + HEM__R(hem__plan_signature)(probe->plan, n);
    }
    if (signature)
        *signature = all;
    double loss = 0, penalty = 0;
    for (size_t i = 0; i < s->n; i++)
        loss += (double)probe->loss[i];
    for (int i = 0; i < s->graph->n_tensors; i++) {
        const hem__tensor *t = &s->graph->tensors[i];
        double squares = 0, sizes = 0;
        for (size_t j = 0; (t->l2 > 0 || t->l1 > 0) && j < t->stored; j++) {
            double w = (double)probe->params[t->offset + j];
            squares += w * w;
            sizes += fabs(w);
        }
        penalty += t->l2 * squares + t->l1 * sizes;
    }
    return loss / (double)s->n + penalty;
}

void HEM__R(hem__probe_gradient)(hem__probe *probe, double *gradient)
{
    const hem__probe_setup *s = probe->setup;
    HEM__R(hem__batch) batch = images_from(probe, 0, s->n);
    HEM__R(hem__plan_step)(probe->plan, probe->params, NULL, NULL, &batch);
    const hem__real *grads = HEM__R(hem__plan_grads)(probe->plan);
    for (int i = 0; i < s->graph->n_tensors; i++) {
        const hem__tensor *t = &s->graph->tensors[i];
        for (size_t j = t->offset; j < t->offset + t->stored; j++) {
            double w = (double)probe->params[j], sign = w > 0 ? 1 : w < 0 ? -1 : 0;
            gradient[j] = t->frozen ? 0 : (double)grads[j] + 2 * t->l2 * w + t->l1 * sign;
        }
    }
}

double HEM__R(hem__probe_get)(const hem__probe *probe, size_t place)
{
    return (double)probe->params[place];
}

void HEM__R(hem__probe_set)(hem__probe *probe, size_t place, double value)
{
    probe->params[place] = (hem__real)value;
}
