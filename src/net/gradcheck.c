/* Gradient check: dE/dw by backpropagation against (E(w + eps) - E(w - eps)) / (2 eps), both by the
 * reference kernels in double; and the float path's gradient against the double one. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "net/inside.h"
#include "net/probe.h"

hem_gradcheck_options hem_gradcheck_options_default(void)
{
    return (hem_gradcheck_options){.epsilon = 1e-5,
                                   .images = 10,
                                   .entries = 20,
                                   .relative = 1e-6,
                                   .absolute = 1e-9,
                                   .float_bound = 0};
}

typedef struct check {
    hem_net *net;
    const hem_gradcheck_options *options;
    const uint8_t **images;
    uint16_t *labels;
    hem__probe_setup setup;
    float *params; /* the network's, fresh biases moved off zero */
    bool moved;
    hem__probe *exact, *fast; /* double, float */
    double *gradient, *fast_gradient;
    double float_bound;
    double largest; /* number of the gradient */
    size_t done, total;
} check;

/* The first images of class 0, 1, ... in turn, then the second ones, until there are enough. */
static hem_status choose_images(check *c, const hem_data *data, hem_error *err)
{
    size_t wanted = (size_t)c->options->images, got = 0, classes = (size_t)data->info.n_classes;
    size_t *next = hem__calloc(classes, sizeof *next);
    c->images = hem__calloc(wanted, sizeof *c->images);
    c->labels = hem__calloc(wanted, sizeof *c->labels);
    if (!next || !c->images || !c->labels) {
        free(next);
        return hem__fail_memory(err, "the images of a gradient check", wanted * sizeof *c->images);
    }
    for (bool any = true; any && got < wanted;) {
        any = false;
        for (size_t k = 0; k < classes && got < wanted; k++) {
            size_t i = next[k];
            while (i < data->info.n[HEM_TRAIN] && hem_data_label(data, HEM_TRAIN, i) != (int)k)
                i++;
            next[k] = i + 1;
            if (i >= data->info.n[HEM_TRAIN])
                continue;
            any = true;
            c->images[got] = hem_data_image(data, HEM_TRAIN, i);
            c->labels[got++] = (uint16_t)k;
        }
    }
    free(next);
    c->setup.n = got;
    return HEM_OK;
}

static bool is_bias(const hem__graph *graph, int tensor)
{
    for (int i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].bias == tensor)
            return true;
    return false;
}

/* A fresh network's biases are zero, and a black background then lies exactly on relu's kink, where
 * there is no derivative to compare with: such biases are checked at values in [-0.1, 0.1). */
static hem_status copy_params(check *c, hem_error *err)
{
    const hem__graph *graph = c->net->graph;
    hem__philox_key key = hem__philox_key_of(c->options->seed, HEM__DRAW_CHECK);
    c->params = hem__calloc(graph->n_params, sizeof *c->params);
    if (!c->params)
        return hem__fail_memory(err, "the weights of a check", graph->n_params * sizeof *c->params);
    memcpy(c->params, c->net->params, graph->n_params * sizeof *c->params);
    for (int i = 0; i < graph->n_tensors; i++) {
        const hem__tensor *t = &graph->tensors[i];
        bool zero = is_bias(graph, i);
        for (size_t j = 0; zero && j < t->n; j++)
            zero = c->params[t->offset + j] == 0;
        for (size_t j = 0; zero && j < t->n; j++) {
            uint32_t words[4], counter[4] = {(uint32_t)j, 1, (uint32_t)i, 0};
            hem__philox(key, counter, words);
            c->params[t->offset + j] = (2 * hem__uniform(words[0]) - 1) * 0.1f;
        }
        c->moved = c->moved || zero;
    }
    return HEM_OK;
}

static hem_status prepare(check *c, const hem_data *data, hem_error *err)
{
    const hem_gradcheck_options *o = c->options;
    if (!(o->epsilon > 0) || o->epsilon > 1)
        return hem__fail(err, HEM_ERR_USAGE, "epsilon %g; allowed: above 0, at most 1", o->epsilon);
    if (o->images < 1 || o->images > 1000)
        return hem__fail(err, HEM_ERR_USAGE, "%d images; allowed 1..1000", o->images);
    HEM_TRY(hem__net_fits(c->net, data, err));
    HEM_TRY(choose_images(c, data, err));
    HEM_TRY(copy_params(c, err));
    size_t n = c->net->graph->n_params;
    c->setup = (hem__probe_setup){.graph = c->net->graph,
                                  .pool = c->net->context->pool,
                                  .kernels = c->net->context->kernels,
                                  .params = c->params,
                                  .images = c->images,
                                  .labels = c->labels,
                                  .n = c->setup.n,
                                  .groups = c->net->spec->train.groups,
                                  .mean = c->net->origin.scaling.mean,
                                  .deviation = c->net->origin.scaling.deviation,
                                  .pixels = c->net->origin.scaling.pixels,
                                  .image_bytes = data->image_bytes,
                                  .by_image = c->net->origin.scaling.kind == HEM__SCALE_BY_IMAGE,
                                  .seed = o->seed};
    c->gradient = hem__calloc(n, sizeof *c->gradient);
    c->fast_gradient = hem__calloc(n, sizeof *c->fast_gradient);
    if (!c->gradient || !c->fast_gradient)
        return hem__fail_memory(err, "the gradients of a check", 2 * n * sizeof *c->gradient);
    HEM_TRY(hem__probe_new_f64(&c->setup, &c->exact, err));
    return hem__probe_new_f32(&c->setup, &c->fast, err);
}

static void release(check *c)
{
    hem__probe_free_f64(c->exact);
    hem__probe_free_f32(c->fast);
    free(c->gradient);
    free(c->fast_gradient);
    free(c->params);
    free(c->images);
    free(c->labels);
}

/* The central difference at one parameter into *numeric; false where the two sides lie across a
 * kink: of the network, or of |w| under l1. At w = 0 the difference of |w| is 0, which the gradient
 * takes for its derivative, too. */
static bool difference(check *c, const hem__tensor *t, size_t place, double epsilon,
                       double *numeric)
{
    uint64_t above, below;
    double w = hem__probe_get_f64(c->exact, place);
    hem__probe_set_f64(c->exact, place, w + epsilon);
    double plus = hem__probe_loss_f64(c->exact, &above);
    hem__probe_set_f64(c->exact, place, w - epsilon);
    double minus = hem__probe_loss_f64(c->exact, &below);
    hem__probe_set_f64(c->exact, place, w);
    *numeric = (plus - minus) / (2 * epsilon);
    bool across = t->l1 > 0 && w != 0 && fabs(w) < epsilon;
    return above == below && !across;
}

/* Compares one entry; false where either side of it lies across a kink, also at a tenth of epsilon:
 * a convolution's weight moves so many relus that some are always near zero. */
static bool compare(check *c, const hem__tensor *t, size_t entry, hem_gradcheck_row *row)
{
    size_t place = t->offset + hem__tensor_place(t, entry);
    double n, eps = c->options->epsilon;
    if (!difference(c, t, place, eps, &n) && !difference(c, t, place, eps / 10, &n))
        return false;
    double a = c->gradient[place];
    double bound = c->options->relative * fmax(fabs(a), fabs(n)) + c->options->absolute;
    double ratio = fabs(a - n) / bound;
    if (row->checked == 0 || !(ratio <= row->worst_ratio)) { /* NaN counts as worst */
        row->worst_ratio = ratio;
        row->worst = entry;
        row->analytic = a;
        row->numeric = n;
    }
    return true;
}

/* Largest difference of the float gradient, over the tensor's largest number, but at least a
 * thousandth of the network's; over the network's where the tensor has no gradient: behind a bias
 * there may be a batch normalisation, and then both are what rounding leaves. NaN where there is a
 * gradient that is no number (fmax() would pass over it). */
static double float_error(const check *c, const hem__tensor *t)
{
    double most = 0, difference = 0;
    for (size_t i = 0; i < t->n; i++) {
        size_t place = t->offset + hem__tensor_place(t, i);
        double apart = fabs(c->gradient[place] - c->fast_gradient[place]);
        if (isnan(apart))
            return apart;
        most = fmax(most, fabs(c->gradient[place]));
        difference = fmax(difference, apart);
    }
    most = fmax(most, most > c->options->absolute ? c->largest / 1000 : c->largest);
    return most > 0 ? difference / most : difference;
}

/* The largest number of the whole gradient. */
static double largest_gradient(const check *c)
{
    double most = 0;
    for (size_t i = 0; i < c->net->graph->n_params; i++)
        most = fmax(most, fabs(c->gradient[i]));
    return most;
}

/* Entries first .. of one row. `entry` is SIZE_MAX for a sample of the whole tensor. */
static hem_status check_row(check *c, int tensor, size_t entry, hem_gradcheck_row *row,
                            hem_error *err)
{
    const hem__tensor *t = &c->net->graph->tensors[tensor];
    hem__philox_key key = hem__philox_key_of(c->options->seed, HEM__DRAW_CHECK);
    size_t n = c->options->entries == 0 || c->options->entries > t->n ? t->n : c->options->entries;
    if (entry != SIZE_MAX)
        n = 1;
    row->n = t->n;
    for (size_t i = 0; i < n; i++) {
        uint32_t words[4], counter[4] = {(uint32_t)i, 0, (uint32_t)tensor, 0};
        hem__philox(key, counter, words);
        double at = ((double)i + (double)hem__uniform(words[0])) * (double)t->n / (double)n;
        size_t chosen = entry != SIZE_MAX ? entry
                        : n == t->n       ? i
                                          : (size_t)at; /* one in each n-th part */
        if (compare(c, t, chosen < t->n ? chosen : t->n - 1, row))
            row->checked++;
        else
            row->skipped++;
        c->done++;
        if (c->options->progress && !c->options->progress(c->options->user, c->done, c->total))
            return hem__fail(err, HEM_INTERRUPTED, "stopped after %zu of %zu entries", c->done,
                             c->total);
    }
    row->float_error = float_error(c, t);
    row->ok = (row->checked == 0 || row->worst_ratio <= 1) && row->float_error <= c->float_bound;
    return HEM_OK;
}

/* "dense1.weight[0,3]" at *text: the tensor, its entry, and *text moved behind it and a comma. */
static hem_status parse_entry(const check *c, const char **text, int *tensor, size_t *entry,
                              char name[64], hem_error *err)
{
    size_t length = strcspn(*text, "]");
    length += (*text)[length] == ']';
    snprintf(name, 64, "%.*s", length < 63 ? (int)length : 63, *text);
    const char *at = name + strcspn(name, "[");
    char base[64];
    snprintf(base, sizeof base, "%.*s", (int)(at - name), name);
    size_t found = hem_net_find_tensor(c->net, base);
    if (found == (size_t)c->net->graph->n_tensors) {
        hem__fail(err, HEM_ERR_USAGE, "no tensor '%s' in this network", base);
        return hem__hint(err, "the first is %s; 'hemline gradcheck FILE' lists all",
                         c->net->graph->tensors[0].name);
    }
    const hem__tensor *t = &c->net->graph->tensors[found];
    if (t->frozen)
        return hem__fail(err, HEM_ERR_USAGE, "%s has no gradient: training does not change it",
                         t->name);
    *tensor = (int)found;
    *entry = 0;
    int dims = 0;
    for (const char *p = at; *p == '[' || *p == ','; dims++) {
        char *end;
        unsigned long long index = strtoull(p + 1, &end, 10);
        if (!isdigit((unsigned char)p[1]) || dims >= t->n_dims || index >= t->dims[dims])
            break;
        *entry = *entry * t->dims[dims] + (size_t)index;
        p = end;
    }
    if (dims != t->n_dims || name[strlen(name) - 1] != ']') {
        char shape[96] = "";
        for (int d = 0; d < t->n_dims; d++)
            snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%zu", d ? " x " : "",
                     t->dims[d]);
        hem__fail(err, HEM_ERR_USAGE, "'%s' is not an entry of %s, which is %s", name, t->name,
                  shape);
        return hem__hint(err, "write NAME[i,j] with each index below its size");
    }
    *text += length;
    if (**text != '\0' && **text != ',') {
        hem__fail(err, HEM_ERR_USAGE, "'%.40s' follows '%s' without a comma", *text, name);
        return hem__hint(err, "write NAME[i,j],NAME[i]");
    }
    *text += **text == ',';
    return HEM_OK;
}

static hem_status check_named(check *c, hem_gradcheck_result *out, hem_error *err)
{
    size_t most = 1;
    for (const char *p = c->options->weights; *p; p++)
        most += *p == ']';
    out->rows = hem__calloc(most, sizeof *out->rows);
    if (!out->rows)
        return hem__fail_memory(err, "the rows of a gradient check", most * sizeof *out->rows);
    c->total = most - 1;
    const char *text = c->options->weights;
    do {
        int tensor = 0;
        size_t entry = 0;
        hem_gradcheck_row *row = &out->rows[out->n_rows];
        HEM_TRY(parse_entry(c, &text, &tensor, &entry, row->name, err));
        HEM_TRY(check_row(c, tensor, entry, row, err));
        out->n_rows++;
    } while (*text);
    return HEM_OK;
}

static hem_status check_all(check *c, hem_gradcheck_result *out, hem_error *err)
{
    const hem__graph *graph = c->net->graph;
    out->rows = hem__calloc((size_t)graph->n_tensors, sizeof *out->rows);
    if (!out->rows)
        return hem__fail_memory(err, "the rows of a gradient check",
                                (size_t)graph->n_tensors * sizeof *out->rows);
    for (int i = 0; i < graph->n_tensors; i++) {
        size_t n = graph->tensors[i].n, entries = c->options->entries;
        if (graph->tensors[i].frozen)
            continue;
        c->total += entries == 0 || entries > n ? n : entries;
    }
    for (int i = 0; i < graph->n_tensors; i++) {
        if (graph->tensors[i].frozen)
            continue;
        hem_gradcheck_row *row = &out->rows[out->n_rows];
        snprintf(row->name, sizeof row->name, "%s", graph->tensors[i].name);
        HEM_TRY(check_row(c, i, SIZE_MAX, row, err));
        out->n_rows++;
    }
    return HEM_OK;
}

hem_status hem_gradcheck(hem_net *net, const hem_data *data, const hem_gradcheck_options *options,
                         hem_gradcheck_result *out, hem_error *err)
{
    hem_gradcheck_options defaults = hem_gradcheck_options_default();
    check c = {.net = net, .options = options ? options : &defaults};
    c.float_bound = c.options->float_bound > 0    ? c.options->float_bound
                    : net->context->tier.bfloat16 ? 0.5
                                                  : 1e-4;
    *out = (hem_gradcheck_result){.ok = true, .float_bound = c.float_bound};
    hem_status status = prepare(&c, data, err);
    if (status == HEM_OK) {
        hem__probe_gradient_f64(c.exact, c.gradient);
        hem__probe_gradient_f32(c.fast, c.fast_gradient);
        c.largest = largest_gradient(&c);
        out->loss = hem__probe_loss_f64(c.exact, NULL);
        status = c.options->weights ? check_named(&c, out, err) : check_all(&c, out, err);
    }
    release(&c);
    if (status != HEM_OK) {
        hem_gradcheck_release(out);
        return status;
    }
    if (c.moved)
        hem__log(
            net->context, HEM_LOG_NOTE,
            "biases that are all zero were checked at random values below 0.1, off relu's kink");
    for (size_t i = 0; i < out->n_rows; i++) {
        out->checked += out->rows[i].checked;
        out->skipped += out->rows[i].skipped;
        out->ok = out->ok && out->rows[i].ok;
    }
    out->ok = out->ok && out->checked > 0 &&
              (double)out->skipped <= 0.05 * (double)(out->checked + out->skipped);
    return HEM_OK;
}

void hem_gradcheck_release(hem_gradcheck_result *result)
{
    free(result->rows);
    *result = (hem_gradcheck_result){0};
}
