/* A network as rows from the image on, and how numbers flow from row to row. */
#ifndef HEM_REPORT_FLOW_H
#define HEM_REPORT_FLOW_H

#include "hemline/net.h"

/* Row 0 is the image. */
typedef struct hem__edge {
    size_t from, to;
    int lane; /* 0: `to` is the next row; else lanes beside the rows, 1 next to them */
} hem__edge;

typedef struct hem__flow {
    size_t *layers; /* [n_rows], as hem_net_layer() counts them; layers[0] says nothing */
    size_t n_rows;
    hem__edge *edges;
    size_t n_edges;
    int lanes;
} hem__flow;

/* Every layer stands behind all that it reads: a residual's sum behind its layers and its shortcut.
 * HEM_ERR_MEMORY; released either way. */
hem_status hem__flow_init(const hem_net *net, hem__flow *out, hem_error *err);
void hem__flow_release(hem__flow *flow);

#endif
