/* The plan for one image: which layer reads and writes which buffer, weights packed for kernels
 * whose lanes are outputs (contract.h, single_*), and the work as an array of {function, cell}.
 *
 * Buffers are few: a layer takes any that nobody reads any more, so a chain of layers alternates
 * between two. A map is [row][column][channel]; a convolution with columns outside the image reads
 * a copy with zeros left and right of each row, so that its kernel needs no edges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/inside.h"
#include "net/plan_inside.h"

typedef struct cell {
    hem__node node; /* a copy: the network may be gone */
    const hem__kernels_f32 *kernels;
    int from, from2, to; /* buffers */
    const float *x, *x2; /* the same, once they lie somewhere */
    float *y;
    float *w;              /* packed weights; slopes; rows of mean, scale and shift */
    float *bias;           /* to a multiple of HEM__ALIGN; NULL = none */
    size_t n_in, n;        /* numbers read and written */
    hem__conv_shape conv;  /* without columns outside the image */
    int left, right;       /* widen: columns of zeros */
    size_t row_in, row, C; /* widen: numbers in a row of x and of y; of a pixel */
} cell;

typedef void (*run_fn)(const cell *c);

typedef struct entry {
    run_fn run;
    cell cell;
} entry;

enum { NONE = -1, INPUT = 0 }; /* buffers */

typedef struct buffer {
    size_t n;    /* numbers of the largest tenant */
    int readers; /* still to come; 0 = free */
    float *at;
} buffer;

struct hem_predictor {
    const hem__kernels_f32 *kernels;
    hem_predictor_info info;
    size_t image_bytes;
    hem__values values;
    float *pixels; /* scale by pixel: means, then factors */
    bool by_image;
    entry *entries;
    int n_entries;
    buffer *buffers;
    int n_buffers;
    float *input, *output;
    /* An image is loaded in runs of `run` bytes: all of it, or row by row between columns of zeros,
     * for the convolution that reads it. The first begins at input[left], others `row` behind. */
    size_t run, left, row;
    hem__arena arena;
};

/* ---- running ----------------------------------------------------------------------------------
 */

static void run_dense(const cell *c)
{
    c->kernels->single_dense((int)c->n_in, (int)c->n, c->x, c->w, c->bias, c->node.relu, c->y);
}

static void run_conv(const cell *c)
{
    c->kernels->single_conv(&c->conv, c->x, c->w, c->bias, c->node.relu, c->y);
}

/* The zeros may have been another layer's numbers: they are written each time. */
static void run_widen(const cell *c)
{
    const float *x = c->x;
    float *y = c->y;
    const size_t left = (size_t)c->left * c->C, right = (size_t)c->right * c->C;
    for (; y < c->y + c->n; x += c->row_in, y += c->row) {
        memset(y, 0, left * sizeof *y);
        memcpy(y + left, x, c->row_in * sizeof *y);
        memset(y + left + c->row_in, 0, right * sizeof *y);
    }
}

static void run_maxpool(const cell *c)
{
    c->kernels->single_maxpool(&c->node.pool, c->x, c->y);
}

static void run_avgpool(const cell *c)
{
    c->kernels->single_avgpool(&c->node.pool, c->x, c->y);
}

/* Functions of one number also go through what lies between the last one and a multiple of 16. */
static size_t whole(size_t n)
{
    return (n + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
}

static void run_pointwise(const cell *c)
{
    c->kernels->pointwise[(int)c->node.kind - (int)HEM__LAYER_RELU](c->x, c->y, whole(c->n));
}

static void run_curve(const cell *c)
{
    c->kernels->curve[(int)c->node.kind - (int)HEM__LAYER_LEAKY_RELU](c->x, (float)c->node.slope,
                                                                      c->y, whole(c->n));
}

static int pixels_of(const cell *c)
{
    return c->node.shape.H * c->node.shape.W;
}

static void run_softmax(const cell *c)
{
    c->kernels->single_softmax(c->x, c->y, c->node.shape.C, pixels_of(c));
}

static void run_prelu(const cell *c)
{
    int pixels = c->C == c->n ? 1 : pixels_of(c);
    c->kernels->single_prelu(c->x, c->w, (int)c->C, pixels, c->y);
}

static void run_norm(const cell *c)
{
    const size_t row = whole(c->C);
    c->kernels->single_norm(c->x, c->w, c->w + row, c->w + 2 * row, (int)c->C, pixels_of(c), c->y);
    if (c->node.relu)
        c->kernels->pointwise[0](c->y, c->y, whole(c->n));
}

static void run_sum(const cell *c)
{
    if (c->y != c->x)
        memcpy(c->y, c->x, c->n * sizeof *c->y);
    c->kernels->add(c->y, c->x2, whole(c->n));
}

static void load_by_image(const hem_predictor *p, const uint8_t *image, float mean, float factor,
                          float *y)
{
    for (size_t i = 0; i < p->run; i++)
        y[i] = ((float)image[i] - mean) * factor;
}

static void load_by_pixel(const hem_predictor *p, const uint8_t *image, const float *means,
                          float *y)
{
    for (size_t i = 0; i < p->run; i++)
        y[i] = ((float)image[i] - means[i]) * means[p->image_bytes + i];
}

/* Bytes to numbers, a run of bytes at a time. */
static void load(const hem_predictor *p, const uint8_t *image)
{
    float mean = 0, factor = 0, *y = p->input + p->left;
    if (p->by_image)
        hem__measure_image_f32(image, p->image_bytes, &mean, &factor);
    for (size_t at = 0; at < p->image_bytes; at += p->run, y += p->row)
        if (p->by_image)
            load_by_image(p, image + at, mean, factor, y);
        else if (p->pixels)
            load_by_pixel(p, image + at, p->pixels + at, y);
        else
            p->kernels->single_bytes(image + at, &p->values, p->run, y);
}

hem_status hem_predictor_run(hem_predictor *p, const uint8_t *image, size_t bytes,
                             float *probabilities, hem_error *err)
{
    const hem_predictor_info *i = &p->info;
    if (bytes != p->image_bytes) {
        hem__fail(err, HEM_ERR_USAGE, "an image of %zu bytes, the network takes %d x %d x %d = %zu",
                  bytes, i->height, i->width, i->channels, p->image_bytes);
        return hem__hint(err, "height x width x channels bytes, rows from the top, channels "
                              "innermost");
    }
    load(p, image);
    for (int e = 0; e < p->n_entries; e++)
        p->entries[e].run(&p->entries[e].cell);
    memcpy(probabilities, p->output, (size_t)i->n_classes * sizeof *probabilities);
    return HEM_OK;
}

/* ---- packing ----------------------------------------------------------------------------------
 */

typedef struct source {
    const hem_net *net;
    const float *params;
} source;

static const hem__tensor *tensor_of(const source *from, int index)
{
    return &from->net->graph->tensors[index];
}

/* A weight or bias by channel or, where the map was flattened, by unit: in the order of single
 * activations. Missing ones are `otherwise`. */
static void pack_row(const source *from, int index, float otherwise, size_t n, float *out)
{
    for (size_t i = 0; i < n && index < 0; i++)
        out[i] = otherwise;
    if (index < 0)
        return;
    const hem__tensor *t = tensor_of(from, index);
    const size_t C = (size_t)t->columns.C, map = (size_t)t->columns.H * (size_t)t->columns.W;
    for (size_t i = 0; i < n; i++) {
        size_t to = C == 0 ? i : i % map * C + i / map; /* canonical: channel, row, column */
        out[to] = from->params[t->offset + hem__tensor_place(t, i)];
    }
}

static void pack_dense(const source *from, const cell *c)
{
    const hem__tensor *t = tensor_of(from, c->node.weight);
    const hem__shape m = t->columns;
    for (size_t o = 0; o < c->n; o++) {
        const float *row = from->params + t->offset + o * t->ld;
        float *out = c->w + o / HEM__ALIGN * (c->n_in * HEM__ALIGN) + o % HEM__ALIGN;
        for (int y = 0; y < m.H; y++)
            for (int x = 0; x < m.W; x++)
                for (int ch = 0; ch < m.C; ch++, out += HEM__ALIGN)
                    *out = row[hem__unit(m, ch, y, x)];
    }
}

static void pack_conv(const source *from, const cell *c)
{
    const hem__conv_shape *s = &c->node.conv;
    const hem__tensor *t = tensor_of(from, c->node.weight);
    const size_t C = (size_t)s->C, taps = (size_t)s->R * (size_t)s->S, all = taps * C;
    for (size_t k = 0; k < (size_t)s->K; k++) {
        const float *filter = from->params + t->offset + k * all;
        float *out = c->w + k / HEM__ALIGN * (all * HEM__ALIGN) + k % HEM__ALIGN;
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t ch = 0; ch < C; ch++, out += HEM__ALIGN)
                *out = filter[ch * taps + tap];
    }
}

/* Inference normalises by the running statistics, as layer/batchnorm.c. */
static void pack_norm(const source *from, const cell *c)
{
    const hem__node_norm *norm = &c->node.norm;
    float *mean = c->w, *scale = mean + whole(c->C), *shift = scale + whole(c->C);
    pack_row(from, norm->variance, 1, c->C, mean); /* here for the time being */
    pack_row(from, c->node.weight, 1, c->C, scale);
    for (size_t i = 0; i < c->C; i++)
        scale[i] = (float)((double)scale[i] / sqrt((double)mean[i] + norm->epsilon));
    pack_row(from, norm->mean, 0, c->C, mean);
    pack_row(from, c->node.bias, 0, c->C, shift);
}

static void pack(const source *from, const entry *e)
{
    const cell *c = &e->cell;
    if (e->run == run_norm) {
        pack_norm(from, c);
        return;
    }
    if (e->run == run_prelu)
        pack_row(from, c->node.weight, 1, c->C, c->w);
    else if (e->run == run_dense)
        pack_dense(from, c);
    else if (c->w)
        pack_conv(from, c);
    if (c->bias)
        pack_row(from, c->node.bias, 0, tensor_of(from, c->node.bias)->n, c->bias);
}

/* ---- laying out -------------------------------------------------------------------------------
 */

/* What lay_out() knows of the nodes gone through. */
typedef struct layout {
    hem_predictor *p;
    const hem__graph *graph;
    hem__arena *arena;
    int *place; /* buffer of each node's output */
} layout;

/* A buffer that nobody reads any more, or a new one. Its first tenant's readers: `readers`. */
static int take_buffer(hem_predictor *p, size_t n, int readers)
{
    int best = NONE;
    for (int b = 0; b < p->n_buffers; b++)
        if (p->buffers[b].readers == 0 && (best == NONE || p->buffers[b].n > p->buffers[best].n))
            best = b;
    if (best == NONE) {
        best = p->n_buffers++;
        p->buffers[best].n = 0;
    }
    p->buffers[best].readers = readers;
    p->buffers[best].n = n > p->buffers[best].n ? n : p->buffers[best].n;
    return best;
}

static int readers_of(const hem__graph *graph, int node)
{
    int n = 0;
    for (int i = node + 1; i < graph->n_nodes; i++)
        for (int k = 0; k < graph->nodes[i].n_inputs; k++)
            n += graph->nodes[i].inputs[k] == node;
    return n;
}

static cell *add_entry(layout *l, run_fn run, const hem__node *node)
{
    entry *e = &l->p->entries[l->p->n_entries++];
    e->run = run;
    e->cell = (cell){.node = *node,
                     .kernels = l->p->kernels,
                     .from2 = NONE,
                     .n_in = hem__units(l->graph->nodes[node->inputs[0]].shape),
                     .n = hem__units(node->shape),
                     .C = (size_t)node->shape.C};
    return &e->cell;
}

static run_fn function_of(hem__layer_kind kind)
{
    switch (kind) {
    case HEM__LAYER_CONV:
        return run_conv;
    case HEM__LAYER_DENSE:
        return run_dense;
    case HEM__LAYER_MAXPOOL:
    case HEM__LAYER_GLOBAL_MAXPOOL: /* graphs know it as a maxpool */
        return run_maxpool;
    case HEM__LAYER_AVGPOOL:
    case HEM__LAYER_GLOBAL_AVGPOOL:
        return run_avgpool;
    case HEM__LAYER_FLATTEN:
    case HEM__LAYER_DROPOUT:
    case HEM__N_LAYER_KINDS:
        return NULL; /* nothing to do */
    case HEM__LAYER_BATCHNORM:
        return run_norm;
    case HEM__LAYER_RESIDUAL:
        return run_sum;
    case HEM__LAYER_RELU:
    case HEM__LAYER_TANH:
    case HEM__LAYER_SIGMOID:
        return run_pointwise;
    case HEM__LAYER_SOFTMAX:
        return run_softmax;
    case HEM__LAYER_LEAKY_RELU:
    case HEM__LAYER_ELU:
    case HEM__LAYER_GELU:
    case HEM__LAYER_SILU:
        return run_curve;
    case HEM__LAYER_PRELU:
        return run_prelu;
    }
    return NULL;
}

/* Columns that the windows reach past the image. */
static int columns_right(const hem__conv_shape *s)
{
    int past = (s->Q - 1) * s->stride_x - s->pad_x + s->S - s->W;
    return past > 0 ? past : 0;
}

/* The convolution's input with those columns: a copy, or the image itself, loaded so; its buffer.
 */
static int widen(layout *l, const hem__node *node, int from)
{
    const hem__conv_shape *s = &node->conv;
    /* by all of its readers: those before took it to lie without zeros */
    if (l->graph->nodes[node->inputs[0]].is_input && readers_of(l->graph, 0) == 1) {
        l->p->run = (size_t)(s->W * s->C);
        l->p->left = (size_t)(s->pad_x * s->C);
        l->p->row = (size_t)((s->pad_x + s->W + columns_right(s)) * s->C);
        l->p->buffers[from].n = (size_t)s->H * l->p->row;
        l->p->buffers[from].readers++; /* nobody else gets it: its zeros stay */
        return from;
    }
    cell *c = add_entry(l, run_widen, node);
    c->C = (size_t)s->C;
    c->left = s->pad_x;
    c->right = columns_right(s);
    c->row_in = (size_t)s->W * c->C;
    c->row = (size_t)(s->pad_x + s->W + c->right) * c->C;
    c->n = (size_t)s->H * c->row;
    c->from = from;
    c->to = take_buffer(l->p, c->n, 1);
    l->p->buffers[from].readers--;
    return c->to;
}

static void take_weights(layout *l, cell *c, size_t n_in, size_t n_out)
{
    c->w = hem__arena_take(l->arena, whole(n_out) * n_in, sizeof(float));
    if (c->node.bias >= 0)
        c->bias = hem__arena_take(l->arena, whole(n_out), sizeof(float));
}

/* Slopes and statistics: rows of numbers by channel, or by unit. */
static void take_rows(layout *l, cell *c, int tensor, size_t rows)
{
    c->C = l->graph->tensors[tensor].n;
    c->w = hem__arena_take(l->arena, rows * whole(c->C), sizeof(float));
}

static void lay_out_weights(layout *l, run_fn run, cell *c)
{
    const hem__node *node = &c->node;
    const hem__conv_shape *s = &node->conv;
    if (run == run_conv) {
        c->conv = *s;
        c->conv.W += s->pad_x + columns_right(s);
        c->conv.pad_x = 0;
        take_weights(l, c, (size_t)s->R * (size_t)s->S * (size_t)s->C, (size_t)s->K);
    } else if (run == run_dense) {
        take_weights(l, c, c->n_in, c->n);
    } else if (run == run_prelu) {
        take_rows(l, c, node->weight, 1);
    } else if (run == run_norm) {
        take_rows(l, c, node->norm.mean, 3);
    }
}

static bool can_write_over_input(run_fn run)
{
    return run == run_pointwise || run == run_curve || run == run_softmax || run == run_prelu ||
           run == run_norm || run == run_sum;
}

static void lay_out_node(layout *l, int i)
{
    const hem__node *node = &l->graph->nodes[i];
    hem_predictor *p = l->p;
    int from = l->place[node->inputs[0]], readers = readers_of(l->graph, i);
    run_fn run = function_of(node->kind);
    if (run == NULL) { /* the same numbers under another name */
        l->place[i] = from;
        p->buffers[from].readers += readers - 1;
        return;
    }
    if (node->is_dense) /* a convolution too: sums over more registers at once */
        run = run_dense;
    if (run == run_conv && (node->conv.pad_x > 0 || columns_right(&node->conv) > 0))
        from = widen(l, node, from);
    cell *c = add_entry(l, run, node);
    bool alone = p->buffers[from].readers == 1;
    c->from = from;
    c->from2 = node->n_inputs == 2 ? l->place[node->inputs[1]] : NONE;
    /* the last node is read by the caller */
    if (i == l->graph->n_nodes - 1)
        readers = 1;
    if (can_write_over_input(run) && alone)
        p->buffers[c->to = from].readers += readers;
    else
        c->to = take_buffer(p, c->n, readers);
    p->buffers[from].readers--;
    if (c->from2 != NONE)
        p->buffers[c->from2].readers--;
    l->place[i] = c->to;
    lay_out_weights(l, run, c);
}

/* Run twice, the first time only to count. */
static void lay_out(layout *l, const hem__scaling *scaling)
{
    hem_predictor *p = l->p;
    const hem__graph *graph = l->graph;
    p->n_entries = p->n_buffers = 0;
    p->run = p->row = p->image_bytes;
    p->left = 0;
    l->place[0] = take_buffer(p, hem__units(graph->nodes[0].shape), readers_of(graph, 0));
    for (int i = 1; i < graph->n_nodes; i++)
        lay_out_node(l, i);
    if (scaling->pixels)
        p->pixels = hem__arena_take(l->arena, 2 * p->image_bytes, sizeof(float));
    for (int b = 0; b < p->n_buffers; b++) /* kernels may read up to 15 numbers past the end */
        p->buffers[b].at =
            hem__arena_take(l->arena, whole(p->buffers[b].n) + HEM__ALIGN, sizeof(float));
    p->input = p->buffers[INPUT].at;
    p->output = p->buffers[l->place[graph->n_nodes - 1]].at;
    for (int e = 0; e < p->n_entries; e++) {
        cell *c = &p->entries[e].cell;
        c->x = p->buffers[c->from].at;
        c->x2 = c->from2 == NONE ? NULL : p->buffers[c->from2].at;
        c->y = p->buffers[c->to].at;
    }
}

/* ---- making -----------------------------------------------------------------------------------
 */

static hem_status check_finite(const hem_net *net, hem_error *err)
{
    for (int i = 0; i < net->graph->n_tensors; i++) {
        const hem__tensor *t = &net->graph->tensors[i];
        for (size_t j = 0; j < t->stored; j++)
            if (!isfinite(net->params[t->offset + j]))
                return hem__fail(err, HEM_ERR_DIVERGED,
                                 "'%s' holds a number that is not finite: the training diverged",
                                 t->name);
    }
    return HEM_OK;
}

static hem_status build(hem_predictor *p, const hem_net *net, int *place, hem_error *err)
{
    const hem__scaling *scaling = &net->origin.scaling;
    layout l = {.p = p, .graph = net->graph, .arena = &p->arena, .place = place};
    lay_out(&l, scaling);
    size_t needed = p->arena.used;
    if (!hem__arena_reserve(&p->arena))
        return hem__fail_memory(err, "the plan for one image", needed);
    lay_out(&l, scaling);
    source from = {.net = net, .params = net->params};
    for (int e = 0; e < p->n_entries; e++)
        pack(&from, &p->entries[e]);
    hem__scaling_values(scaling, &p->values);
    p->by_image = scaling->kind == HEM__SCALE_BY_IMAGE;
    if (p->pixels)
        memcpy(p->pixels, scaling->pixels, 2 * p->image_bytes * sizeof *p->pixels);
    p->info.bytes += p->arena.size;
    return HEM_OK;
}

hem_status hem_predictor_new(const hem_net *net, hem_predictor **out, hem_error *err)
{
    *out = NULL;
    HEM_TRY(check_finite(net, err));
    const size_t most = 2 * (size_t)net->graph->n_nodes; /* a node and its wider input */
    hem_predictor *p = hem__calloc(1, sizeof *p);
    int *place = hem__calloc((size_t)net->graph->n_nodes, sizeof *place);
    if (p) {
        p->entries = hem__calloc(most, sizeof *p->entries);
        p->buffers = hem__calloc(most, sizeof *p->buffers);
        p->kernels = net->context->kernels;
        p->info = (hem_predictor_info){.height = net->origin.height,
                                       .width = net->origin.width,
                                       .channels = net->origin.channels,
                                       .n_classes = net->graph->n_classes,
                                       .bytes = sizeof *p +
                                                most * (sizeof *p->entries + sizeof *p->buffers)};
        p->image_bytes = hem__units(net->graph->nodes[0].shape);
    }
    hem_status status;
    if (!p || !place || !p->entries || !p->buffers)
        status = hem__fail_memory(err, "the plan for one image", sizeof *p);
    else
        status = build(p, net, place, err);
    free(place);
    if (status != HEM_OK) {
        hem_predictor_free(p);
        return status;
    }
    *out = p;
    return HEM_OK;
}

void hem_predictor_free(hem_predictor *p)
{
    if (!p)
        return;
    hem__arena_release(&p->arena);
    free(p->entries);
    free(p->buffers);
    free(p);
}

hem_predictor_info hem_predictor_get_info(const hem_predictor *p)
{
    return p->info;
}
