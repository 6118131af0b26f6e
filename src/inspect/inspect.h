/* What the files of inspect/ share. */
#ifndef HEM_INSPECT_INSPECT_H
#define HEM_INSPECT_INSPECT_H

#include "base/error.h"
#include "hemline/inspect.h"
#include "layer/graph.h"
#include "net/net.h"

size_t hem__maps_count(const hem_maps *maps);
hem_status hem__maps_new(size_t n, int channels, int height, int width, hem_maps *out,
                         hem_error *err);

/* The network's graph again, for a plan that changes no weight: dropout keeps everything,
 * normalisation uses its running statistics, no tensor has a gradient, and every node has one, the
 * input among them. free() it with hem__graph_free(). */
hem_status hem__open_graph(const hem_net *net, hem__graph **out, hem_error *err);
/* Index in the experiment's model of the layer of this name. HEM_ERR_USAGE: there is none. */
hem_status hem__find_layer(const hem_net *net, const char *name, size_t *out, hem_error *err);
/* Copies lane 0 of a map from the storage order of contract.h to [channel][row][column]. */
void hem__take_map(hem__shape shape, const float *stored, float *out);

#endif
