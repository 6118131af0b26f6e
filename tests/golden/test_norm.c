/* Batch normalisation and residuals against PyTorch in double precision: weights and running
 * statistics after three steps, and what the network then says with its running statistics. Bounds:
 * 1e-5 of the tensor's largest number. make_norm.py says how golden_norm.h was made. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden_norm.h"
#include "net/net.h"

enum { IMAGES = 21, PIXELS = 64, CLASSES = 3 };

static const char experiment[] =
    "data: {synthetic: {train: 21, test: 1, height: 8, width: 8, classes: 3}}\n"
    "model:\n"
    "  - conv: {filters: 5, kernel: 3, bias: false}\n"
    "  - batchnorm: {momentum: 0.8}\n"
    "  - relu\n"
    "  - residual:\n"
    "      layers:\n"
    "        - conv: {filters: 9, kernel: 3, stride: 2, padding: same, bias: false}\n"
    "        - batchnorm: {momentum: 0.8}\n"
    "      shortcut: [conv: {filters: 9, kernel: 1, stride: 2, padding: same, bias: false}]\n"
    "  - tanh\n"
    "  - global_avgpool\n"
    "  - dense: {units: 6}\n"
    "  - residual: [batchnorm: {momentum: 0.8}, tanh]\n"
    "  - dense: {units: 3, activation: softmax}\n"
    "train:\n"
    "  optimizer: {momentum: {learning_rate: 0.05, momentum: 0.9}}\n";

/* The formulas of make_norm.py. */
static void set_weights(hem_net *net)
{
    int place = 0;
    for (size_t t = 0; t < hem_net_get_info(net).n_tensors; t++) {
        hem_tensor_info info = hem_net_tensor(net, t);
        bool norm = strncmp(info.name, "batchnorm", 9) == 0;
        if (strstr(info.name, ".mean") || strstr(info.name, ".variance"))
            continue;
        float values[405];
        for (size_t i = 0; i < info.n; i++)
            values[i] = (float)((double)((7919 * i + 104729 * (size_t)place) % 1009) / 1009 - 0.5) +
                        (norm && strstr(info.name, ".weight") ? 1.0f : 0.0f);
        hem_net_set_tensor(net, t, values);
        place++;
    }
}

/* The drawn images are written over. */
static void set_images(hem_data *data)
{
    hem__images_labelled *file = &data->files[0];
    assert_int_equal(file->n, IMAGES);
    for (size_t i = 0; i < IMAGES; i++) {
        for (size_t p = 0; p < PIXELS; p++)
            file->pixels[i * PIXELS + p] = (uint8_t)((31 * i + 57 * p + p * p) % 256);
        file->labels[i] = (uint8_t)(i % CLASSES);
    }
}

static void compare(const char *name, const float *values, size_t n)
{
    size_t k = 0;
    while (k < sizeof golden / sizeof *golden && strcmp(golden[k].name, name) != 0)
        k++;
    assert_true(k < sizeof golden / sizeof *golden);
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(golden[k].values[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)values[i] - golden[k].values[i]) <= 1e-5 * most))
            fail_msg("%s[%zu] is %.9g, PyTorch has %.9g", name, i, (double)values[i],
                     golden[k].values[i]);
}

static void take_steps(hem_net *net, const hem_data *data)
{
    hem_stepper *stepper;
    uint32_t order[IMAGES];
    for (uint32_t i = 0; i < IMAGES; i++)
        order[i] = i;
    assert_int_equal(hem_stepper_new(net, IMAGES, 1, &stepper, NULL), HEM_OK);
    for (size_t step = 0; step < 3; step++)
        assert_int_equal(
            hem_stepper_step(stepper, data, HEM_TRAIN, order, IMAGES - 4 * step, 0, 0, NULL, NULL),
            HEM_OK);
    hem_stepper_free(stepper);
}

static void test_three_steps(void **state)
{
    (void)state;
    hem_context *context;
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    assert_int_equal(hem_context_new(NULL, &context, NULL), HEM_OK);
    assert_int_equal(hem_spec_parse(experiment, "norm", NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(hem_data_open(spec, NULL, &data, NULL), HEM_OK);
    assert_int_equal(hem_net_new(context, spec, data, 1, &net, NULL), HEM_OK);
    set_weights(net);
    set_images(data);
    take_steps(net, data);
    for (size_t t = 0; t < hem_net_get_info(net).n_tensors; t++) {
        hem_tensor_info info = hem_net_tensor(net, t);
        float values[405];
        hem_net_get_tensor(net, t, values);
        compare(info.name, values, info.n);
    }
    float probabilities[IMAGES * CLASSES];
    assert_int_equal(
        hem__net_run(net, data, HEM_TRAIN, NULL, IMAGES, NULL, NULL, probabilities, NULL), HEM_OK);
    compare("probabilities", probabilities, IMAGES * CLASSES);
    hem_net_free(net);
    hem_data_free(data);
    hem_spec_free(spec);
    hem_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_three_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
