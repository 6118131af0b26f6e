/* The list of all layers. */
#include "layer/layer.h"

#define X(id, name) extern const HEM__R(hem__layer) HEM__R(hem__layer_##id);
#include "spec/layers.def"
#undef X

const HEM__R(hem__layer) *const HEM__R(hem__layers)[HEM__N_LAYER_KINDS] = {
#define X(id, name) [HEM__LAYER_##id] = &HEM__R(hem__layer_##id),
#include "spec/layers.def"
#undef X
};
