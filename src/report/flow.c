/* Rows and edges of a network's drawing. */
#include "report/flow.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "layer/graph.h"
#include "net/net.h"

/* Edges that overlap take different lanes, the short ones those next to the rows. */
static void choose_lane(hem__flow *flow, hem__edge *edge)
{
    bool taken = true;
    for (edge->lane = 0; taken;) {
        edge->lane++;
        taken = false;
        for (size_t i = 0; i < flow->n_edges; i++) {
            const hem__edge *other = &flow->edges[i];
            taken = taken || (other != edge && other->lane == edge->lane &&
                              other->from < edge->to && edge->from < other->to);
        }
    }
    flow->lanes = edge->lane > flow->lanes ? edge->lane : flow->lanes;
}

static void choose_lanes(hem__flow *flow)
{
    for (size_t length = 2; length < flow->n_rows; length++) {
        for (size_t i = 0; i < flow->n_edges; i++) {
            if (flow->edges[i].to - flow->edges[i].from == length)
                choose_lane(flow, &flow->edges[i]);
        }
    }
}

/* Nodes stand in the graph in the order in which they are computed; those of one layer, such as a
 * convolution and its activation, follow each other. */
static void add_rows(const hem__graph *graph, hem__flow *flow, size_t *row_of)
{
    flow->n_rows = 1;
    for (int i = 1; i < graph->n_nodes; i++) {
        const hem__node *node = &graph->nodes[i];
        if (i == 1 || node->layer != graph->nodes[i - 1].layer)
            flow->layers[flow->n_rows++] = node->layer;
        row_of[i] = flow->n_rows - 1;
        for (int k = 0; k < node->n_inputs; k++) {
            size_t from = row_of[node->inputs[k]];
            if (from != row_of[i])
                flow->edges[flow->n_edges++] = (hem__edge){from, row_of[i], 0};
        }
    }
}

hem_status hem__flow_init(const hem_net *net, hem__flow *out, hem_error *err)
{
    const hem__graph *graph = net->graph;
    const size_t n = (size_t)graph->n_nodes;
    size_t *row_of = hem__calloc(n, sizeof *row_of);
    *out = (hem__flow){.layers = hem__calloc(n, sizeof *out->layers),
                       .edges = hem__calloc(2 * n, sizeof *out->edges)};
    bool there = row_of != NULL && out->layers != NULL && out->edges != NULL;
    if (there) {
        add_rows(graph, out, row_of);
        choose_lanes(out);
    } else {
        hem__flow_release(out);
    }
    free(row_of);
    return there ? HEM_OK : hem__fail_memory(err, "a network's drawing", n * sizeof *out->edges);
}

void hem__flow_release(hem__flow *flow)
{
    free(flow->layers);
    free(flow->edges);
    *flow = (hem__flow){0};
}
