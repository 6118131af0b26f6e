/* Flatten: a map becomes a vector. Nothing moves; the plan gives it its input's memory. Only the
 * canonical order of the next dense layer's weights remembers the map. */
#include "layer/layer.h"

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    (void)spec, (void)layer, (void)graph, (void)err;
    out->shape = (hem__shape){in->shape.C * in->shape.H * in->shape.W, 1, 1};
    out->map = in->map;
    return HEM_OK;
}

const HEM__R(hem__layer) HEM__R(hem__layer_FLATTEN) = {.infer = infer, .by_tile = true};
