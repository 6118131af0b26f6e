/* The gradient of a class's score with respect to the image: backpropagated against central
 * differences in double, over networks with every kind of layer, and the float path against that.
 */
#define HEM_REAL_IS_DOUBLE 1 /* plans in double */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hemline/hemline.h"
#include "inspect/inspect.h"
#include "net/plan.h"

#define OUTPUT "  - dense: {units: 5, activation: softmax}\n"

typedef struct network {
    const char *name;
    int channels;
    const char *scale, *layers;
} network;

static const network networks[] = {
    {"dense only", 1, "1/255", OUTPUT},
    {"a flatten first", 1, "1/255",
     "  - flatten\n  - dense: {units: 9, activation: relu}\n" OUTPUT},
    {"conv, relu, pool", 1, "1/255",
     "  - conv: {filters: 5, kernel: 3, activation: relu}\n  - maxpool: 2\n  - dropout: 0.5\n"
     "  - flatten\n  - dense: {units: 11, activation: relu}\n  - dropout: 0.3\n" OUTPUT},
    {"even kernel, same, tanh, colour", 3, "standardize",
     "  - conv: {filters: 9, kernel: 4, padding: same, activation: tanh}\n  - avgpool: 2\n"
     "  - conv: {filters: 3, kernel: 3, stride: 2, activation: elu}\n" OUTPUT},
    {"pool first", 1, "standardize by pixel",
     "  - maxpool: 2\n  - conv: {filters: 4, kernel: 2, activation: gelu}\n" OUTPUT},
    {"normalisation, frozen", 1, "1/255",
     "  - batchnorm\n  - conv: {filters: 6, kernel: 3, freeze: true}\n  - batchnorm\n  - prelu\n"
     "  - global_avgpool\n" OUTPUT},
    {"a residual at the image", 3, "1/255",
     "  - residual: {layers: [{conv: {filters: 3, kernel: 3, padding: same, activation: tanh}}]}\n"
     "  - silu\n  - flatten\n" OUTPUT},
    {"an activation at the image", 1, "1/255", "  - sigmoid\n  - flatten\n" OUTPUT},
    {"sigmoid outputs", 1, "1/255",
     "  - conv: {filters: 4, kernel: 3, activation: softmax}\n  - flatten\n"
     "  - dense: {units: 5, activation: sigmoid}\n"},
};

typedef struct exact {
    hem__graph *graph;
    hem__plan_f64 *plan;
    double *params, *pixels;
    const uint8_t *image;
    size_t bytes;
} exact;

static void make(const network *n, hem_context *context, hem_data **data, hem_net **net)
{
    char text[2048];
    bool binary = strstr(n->layers, "5, activation: sigmoid") != NULL;
    snprintf(text, sizeof text,
             "data: {synthetic: {train: 40, test: 10, height: 9, width: 8, channels: %d, "
             "classes: 5}}\nscale: %s\nmodel:\n%strain: {batch: 8%s}\n",
             n->channels, n->scale, n->layers, binary ? ", loss: binary_cross_entropy" : "");
    hem_spec *spec;
    hem_error err = {0};
    if (hem_spec_parse(text, n->name, NULL, 0, &spec, &err) != HEM_OK ||
        hem_data_open(spec, NULL, data, &err) != HEM_OK ||
        hem_net_new(context, spec, *data, 7, net, &err) != HEM_OK)
        fail_msg("%s: %s", n->name, err.text);
    hem_spec_free(spec);
}

static exact exact_new(const hem_net *net, const uint8_t *image)
{
    exact e = {.image = image};
    assert_int_equal(hem__open_graph(net, &e.graph, NULL), HEM_OK);
    hem__plan_options options = {.batch = 1, .training = true, .keep = true};
    assert_int_equal(hem__plan_new_f64(e.graph, NULL, &hem__kernels_reference_f64, &options,
                                       &e.plan, NULL, NULL),
                     HEM_OK);
    e.params = malloc(e.graph->n_params * sizeof *e.params);
    for (size_t i = 0; i < e.graph->n_params; i++)
        e.params[i] = (double)net->params[i];
    const hem__scaling *s = &net->origin.scaling;
    e.bytes = hem__units(e.graph->nodes[0].shape);
    e.pixels = malloc(2 * e.bytes * sizeof *e.pixels);
    for (size_t i = 0; i < e.bytes; i++) {
        e.pixels[i] = s->pixels ? (double)s->pixels[i] : s->mean;
        e.pixels[e.bytes + i] = s->pixels ? (double)s->pixels[e.bytes + i] : 1 / s->deviation;
    }
    return e;
}

static void exact_free(exact *e)
{
    hem__plan_free_f64(e->plan);
    hem__graph_free(e->graph);
    free(e->params);
    free(e->pixels);
}

/* The logit; with it what hem__plan_signature() says, and the gradient in the plan. */
static double score(exact *e, uint16_t label, uint64_t *signature)
{
    hem__batch_f64 batch = {
        .images = &e->image, .labels = &label, .n = 1, .pixels = e->pixels, .of_score = true};
    assert_true(hem__plan_step_f64(e->plan, e->params, NULL, NULL, &batch));
    *signature = hem__plan_signature_f64(e->plan, 1);
    const hem__node *last = &e->graph->nodes[e->graph->n_nodes - 1];
    return hem__plan_output_f64(e->plan, last->inputs[0])[label * HEM__LANES];
}

/* The score with the number of byte i moved by `by`. */
static double moved(exact *e, size_t i, double by, uint16_t label, uint64_t *signature)
{
    double mean = e->pixels[i];
    e->pixels[i] = mean - by / e->pixels[e->bytes + i];
    double s = score(e, label, signature);
    e->pixels[i] = mean;
    return s;
}

/* Returns how many numbers were compared. */
static size_t compare(const network *n, exact *e, const hem_maps *fast, uint16_t label)
{
    hem__shape in = e->graph->nodes[0].shape;
    double *gradient = malloc(e->bytes * sizeof *gradient), largest = 0;
    uint64_t here, a, b;
    size_t compared = 0;
    score(e, label, &here);
    const double *g = hem__plan_input_grad_f64(e->plan);
    for (size_t i = 0; i < e->bytes; i++) {
        gradient[i] = g[i * HEM__LANES];
        largest = fmax(largest, fabs(gradient[i]));
    }
    assert_true(largest > 0);
    for (int c = 0; c < in.C; c++)
        for (int y = 0; y < in.H; y++)
            for (int x = 0; x < in.W; x++) {
                size_t i = hem__unit(in, c, y, x); /* the byte's place too: few channels */
                double up = moved(e, i, 1e-5, label, &a), down = moved(e, i, -1e-5, label, &b);
                double numeric = (up - down) / 2e-5;
                double f =
                    (double)fast
                        ->values[((size_t)c * (size_t)in.H + (size_t)y) * (size_t)in.W + (size_t)x];
                if (fabs(f - gradient[i]) > 1e-4 * largest)
                    fail_msg("%s: byte %zu: float %.9g, double %.9g", n->name, i, f, gradient[i]);
                if (a != here || b != here)
                    continue; /* a kink between the two sides */
                compared++;
                if (fabs(numeric - gradient[i]) > 1e-7 * largest + 1e-9)
                    fail_msg("%s: byte %zu: backpropagated %.12g, numeric %.12g", n->name, i,
                             gradient[i], numeric);
            }
    free(gradient);
    return compared;
}

static void test_central_difference(void **state)
{
    (void)state;
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 2;
    hem_context *context;
    assert_int_equal(hem_context_new(&settings, &context, NULL), HEM_OK);
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        hem_data *data;
        hem_net *net;
        make(&networks[i], context, &data, &net);
        const uint8_t *image = hem_data_image(data, HEM_TEST, 3);
        exact e = exact_new(net, image);
        for (int c = 0; c < 5; c += 4) {
            hem_maps fast;
            double logit;
            uint64_t unused;
            assert_int_equal(hem_saliency_get(net, image, c, &fast, &logit, NULL), HEM_OK);
            assert_int_equal(fast.channels, networks[i].channels);
            if (compare(&networks[i], &e, &fast, (uint16_t)c) < e.bytes / 2)
                fail_msg("%s: too few numbers could be compared", networks[i].name);
            assert_true(fabs(logit - score(&e, (uint16_t)c, &unused)) < 1e-4);
            hem_maps_release(&fast);
        }
        exact_free(&e);
        hem_net_free(net);
        hem_data_free(data);
    }
    hem_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_central_difference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
