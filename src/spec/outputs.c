/* How many outputs a network has, as far as its experiment alone tells. */
#include "spec/spec.h"

/* The last entry of the model's outermost list before `end`. */
static size_t last_before(const hem_spec *spec, size_t end)
{
    size_t last = spec->model.first;
    for (size_t i = last; i < end; i += hem__layer_extent(&spec->layers[i]))
        last = i;
    return last;
}

const hem__layer_spec *hem__spec_outputs(const hem_spec *spec, int *n)
{
    bool one_pixel = false; /* what lies below is pooled over its whole image */
    *n = 0;
    for (size_t end = spec->model.first + spec->model.n; end > spec->model.first;) {
        end = last_before(spec, end);
        const hem__layer_spec *layer = &spec->layers[end];
        switch (layer->kind) {
        case HEM__LAYER_DENSE:
            *n = layer->u.dense.units;
            return layer;
        case HEM__LAYER_CONV: /* else its outputs are filters times pixels of the data's images */
            *n = one_pixel ? layer->u.conv.filters : 0;
            return one_pixel ? layer : NULL;
        case HEM__LAYER_GLOBAL_MAXPOOL:
        case HEM__LAYER_GLOBAL_AVGPOOL:
            one_pixel = true;
            break;
        case HEM__LAYER_RESIDUAL:
        case HEM__N_LAYER_KINDS:
            return NULL;
        case HEM__LAYER_MAXPOOL:
        case HEM__LAYER_AVGPOOL:
        case HEM__LAYER_FLATTEN:
        case HEM__LAYER_DROPOUT:
        case HEM__LAYER_BATCHNORM:
        case HEM__LAYER_RELU:
        case HEM__LAYER_TANH:
        case HEM__LAYER_SIGMOID:
        case HEM__LAYER_SOFTMAX:
        case HEM__LAYER_LEAKY_RELU:
        case HEM__LAYER_ELU:
        case HEM__LAYER_GELU:
        case HEM__LAYER_SILU:
        case HEM__LAYER_PRELU:
            break;
        }
    }
    return NULL;
}
