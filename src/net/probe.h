/* The loss and its gradient at given parameters, for the gradient check: once in the double
 * compilation of the compute core, once in float. The interface speaks double in both. */
#ifndef HEM_NET_PROBE_H
#define HEM_NET_PROBE_H

#include "base/pool.h"
#include "layer/graph.h"

typedef struct hem__probe_setup {
    const hem__graph *graph;
    hem__pool *pool;
    const void
        *kernels; /* hem__kernels_f32 of the tier; the double probe takes the reference's own */
    const float *params; /* storage order */
    const uint8_t *const *images;
    const uint16_t *labels;
    size_t n;
    int groups;             /* gradient groups asked for; 0 = by the number of images */
    double mean, deviation; /* of the input's scaling, as hem__scaling has them */
    const float *pixels;
    size_t image_bytes;
    bool by_image;
    uint64_t seed; /* of the fixed dropout mask */
} hem__probe_setup;

typedef struct hem__probe hem__probe;

/* The setup's lists must outlive the probe. */
hem_status hem__probe_new_f32(const hem__probe_setup *setup, hem__probe **out, hem_error *err);
hem_status hem__probe_new_f64(const hem__probe_setup *setup, hem__probe **out, hem_error *err);
void hem__probe_free_f32(hem__probe *probe);
void hem__probe_free_f64(hem__probe *probe);
/* Objective: mean loss, with its label smoothing, and penalties. `signature`: see
 * hem__plan_signature; may be NULL.
 */
double hem__probe_loss_f64(hem__probe *probe, uint64_t *signature);
double hem__probe_loss_f32(hem__probe *probe, uint64_t *signature);
/* The gradient of the objective, n_params numbers in storage order; 0 where a tensor is frozen. */
void hem__probe_gradient_f32(hem__probe *probe, double *gradient);
void hem__probe_gradient_f64(hem__probe *probe, double *gradient);
/* One parameter, by its place in storage order. */
double hem__probe_get_f64(const hem__probe *probe, size_t place);
double hem__probe_get_f32(const hem__probe *probe, size_t place);
void hem__probe_set_f64(hem__probe *probe, size_t place, double value);
void hem__probe_set_f32(hem__probe *probe, size_t place, double value);

#endif
