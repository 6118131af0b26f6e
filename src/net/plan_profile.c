/* What a plan's stop-watches say, row by row: which layer and pass an entry is, how much work and
 * how much memory it stands for. */
#include <stdlib.h>

#include "base/mem.h"
#include "net/plan_inside.h"

typedef HEM__R(hem__plan) plan_t;
typedef HEM__R(hem__entry) entry_t;

static size_t n_entries(const plan_t *plan)
{
    return (size_t)(plan->backward + plan->n_backward - plan->lists);
}

static void forget(plan_t *plan)
{
    for (int t = 0; plan->apart && t < plan->n_threads; t++)
        forget(plan->apart[t]);
    hem__profile_free(plan->profile);
    plan->profile = NULL;
}

hem_status HEM__R(hem__plan_profile_start)(plan_t *plan, hem_error *err)
{
    hem__profile_free(plan->profile);
    plan->profile = hem__profile_new(plan->n_threads, n_entries(plan));
    if (!plan->profile)
        return hem__fail_memory(err, "a profile", sizeof *plan->profile);
    hem_status status = HEM_OK;
    for (int t = 0; plan->apart && t < plan->n_threads && status == HEM_OK; t++)
        status = HEM__R(hem__plan_profile_start)(plan->apart[t], err);
    if (status != HEM_OK)
        forget(plan);
    return status;
}

hem__profile *HEM__R(hem__plan_profile)(plan_t *plan)
{
    return plan->profile;
}

/* Numbers that move for each tile, chunk and run. */
typedef struct traffic {
    size_t tile, chunk, run;
} traffic;

static size_t stored(const plan_t *plan, int tensor)
{
    return tensor < 0 ? 0 : plan->graph->tensors[tensor].stored;
}

static bool is_weight_grad(const entry_t *entry)
{
    return entry->run == hem__layer_of(entry->cell->node)->weight_grad;
}

/* Numbers that an entry reads and writes at least: inputs, weights, results, once each. */
static traffic traffic_of(const plan_t *plan, const entry_t *entry)
{
    const HEM__R(hem__cell) *cell = entry->cell;
    /* maps that are never whole (plan_rows.c) stay in the caches */
    const size_t in = cell->x ? cell->in_units * HEM__LANES : 0;
    const size_t out = cell->y ? cell->out_units * HEM__LANES : 0;
    const size_t weight = stored(plan, cell->node->weight), bias = stored(plan, cell->node->bias);
    const size_t slots = (size_t)plan->options.slots;
    if (entry < plan->forward) /* weights to their packed forms */
        return (traffic){.run = weight * (cell->packed_grad && cell->dx ? 3 : 2)};
    if (entry < plan->backward)
        return (traffic){.tile = in + out + (cell->x2 ? in : 0), .chunk = weight + bias};
    if (is_weight_grad(entry)) {
        size_t passes = hem__fuses(plan, cell->node) ? 2 * (1 + slots) : 2;
        return (traffic){.tile = in + out, .chunk = passes * weight + 2 * bias};
    }
    bool reads_more = cell->mask || weight == 0; /* pooling and curves read x or y again */
    return (traffic){.tile = out + in + (reads_more ? in : 0), .chunk = weight};
}

/* Numbers of all tensors that the optimizer's own pass goes over. */
static size_t updated_numbers(const plan_t *plan)
{
    size_t n = 0;
    for (int i = 0; i < plan->graph->n_tensors; i++)
        n += plan->graph->tensors[i].frozen ? 0 : plan->graph->tensors[i].stored;
    for (int i = 0; i < plan->graph->n_nodes; i++) {
        const hem__node *node = &plan->graph->nodes[i];
        if (hem__fuses(plan, node) && !plan->graph->tensors[node->weight].frozen)
            n -= stored(plan, node->weight);
    }
    return n;
}

static const char *pass_of(const plan_t *plan, const entry_t *entry)
{
    if (entry < plan->forward)
        return "packing weights";
    if (entry < plan->backward)
        return entry->cell->x && entry->cell->y ? "forward" : "forward by rows";
    return is_weight_grad(entry) ? "weight gradient" : "input gradient";
}

/* Whether the entry is one of the passes that a layer's multiply-adds are counted for. */
static bool multiplies(const plan_t *plan, const entry_t *entry)
{
    return entry >= plan->forward && (entry < plan->backward || is_weight_grad(entry) ||
                                      entry->run == hem__layer_of(entry->cell->node)->input_grad);
}

static void add_row(hem_profile *out, size_t layer, const char *pass, double seconds, double flops,
                    double bytes)
{
    for (size_t i = 0; i < out->n_rows; i++) { /* an entry in two parts: one row */
        hem_profile_row *row = &out->rows[i];
        if (row->layer == layer && row->pass == pass) {
            row->seconds += seconds;
            row->flops += flops;
            row->bytes += bytes;
            return;
        }
    }
    out->rows[out->n_rows++] = (hem_profile_row){layer, pass, seconds, flops, bytes};
}

static void add_entries(const plan_t *plan, const entry_t *list, int n, hem_profile *out)
{
    const hem__profile *p = plan->profile;
    for (int i = 0; i < n; i++) {
        const entry_t *entry = &list[i];
        const hem__node *node = entry->cell->node;
        traffic t = traffic_of(plan, entry);
        double macs =
            multiplies(plan, entry) ? (double)hem__node_useful_macs(plan->graph, node) : 0;
        double numbers = (double)t.tile * (double)p->tiles + (double)t.chunk * (double)p->chunks +
                         (double)t.run * (double)p->runs;
        size_t slot = HEM__N_TIMES + (size_t)(entry - plan->lists);
        add_row(out, node->layer, pass_of(plan, entry), hem__profile_mean(p, slot),
                2 * macs * (double)p->images, numbers * sizeof(hem__real));
    }
}

/* What belongs to no layer. The threads' mean leaves out what passes between the call and their
 * first work: that is the last row. */
static void add_rest(const plan_t *plan, hem_profile *out)
{
    static const char *const names[HEM__N_TIMES] = {
        "waiting for other threads",
        "bytes to numbers",
        "outputs and loss",
        "handing out results",
        "zeroing of gradients",
        "sums of gradient groups",
        "optimizer",
    };
    const hem__profile *p = plan->profile;
    const double real = sizeof(hem__real), lanes = HEM__LANES;
    double in = (double)plan->cells[0].out_units, classes = plan->graph->n_classes;
    double copies = plan->own_input > 0 ? plan->n_threads : 1;
    double updated = (double)updated_numbers(plan) * (double)p->runs;
    const double bytes[HEM__N_TIMES] = {
        [HEM__TIME_LOAD] = copies * in * lanes * (1 + real) * (double)p->tiles,
        [HEM__TIME_LOSS] = 2 * classes * lanes * real * (double)p->tiles,
        [HEM__TIME_CLEAR] = updated * real,
        [HEM__TIME_UPDATE] = (3 + 2 * (double)plan->options.slots) * updated * real,
    };
    double all = 0;
    for (size_t i = 0; i < out->n_rows; i++)
        all += out->rows[i].seconds;
    for (size_t i = 0; i < HEM__N_TIMES; i++) {
        double seconds = hem__profile_mean(p, i);
        all += seconds;
        if (seconds > 0)
            add_row(out, HEM_NO_LAYER, names[i], seconds, 0, bytes[i]);
    }
    if (p->gather > 0)
        add_row(out, HEM_NO_LAYER, "gathering images", p->gather - p->augment, 0, 0);
    if (p->augment > 0)
        add_row(out, HEM_NO_LAYER, "augmentation", p->augment, 0, 0);
    add_row(out, HEM_NO_LAYER, "starting and ending a run", p->in_plan - all, 0, 0);
}

hem_status HEM__R(hem__plan_profile_stop)(plan_t *plan, hem_profile *out, hem_error *err)
{
    *out = (hem_profile){0};
    const hem__profile *p = plan->profile;
    if (!p)
        return hem__fail(err, HEM_ERR_USAGE, "no profile was started");
    out->rows = hem__calloc(n_entries(plan) + HEM__N_TIMES + 3, sizeof *out->rows);
    if (!out->rows)
        return hem__fail_memory(err, "a profile", n_entries(plan) * sizeof *out->rows);
    for (int t = 0; plan->apart && t < plan->n_threads; t++)
        hem__profile_join(plan->profile, t, plan->apart[t]->profile);
    out->seconds = p->in_plan + p->gather;
    out->runs = p->runs;
    out->images = p->images;
    add_entries(plan, plan->prepare, plan->n_prepare, out);
    add_entries(plan, plan->forward, plan->n_forward, out);
    add_entries(plan, plan->backward, plan->n_backward, out);
    add_rest(plan, out);
    forget(plan);
    return HEM_OK;
}
