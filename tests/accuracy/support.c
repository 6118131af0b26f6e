/* Training on the real data, for the accuracy tests. */
#include "accuracy/support.h"

#include "fashion_mnist.h"

hem_context *accuracy_context;

static void must(hem_status status, const hem_error *err)
{
    if (status != HEM_OK)
        fail_msg("%s:%d: %s; %s", err->file, err->line, err->text, err->hint);
}

hem_spec *accuracy_spec(const char *name, const char *const *overrides, size_t n)
{
    char path[1024];
    hem_error err = {0};
    hem_spec *spec;
    snprintf(path, sizeof path, "%s/experiments/%s", HEM_SOURCE_DIR, name);
    must(hem_spec_load(path, overrides, n, &spec, &err), &err);
    return spec;
}

static void run_epoch(hem_stepper *stepper, const hem_data *data, size_t images, size_t batch,
                      int epoch)
{
    uint32_t indices[256];
    hem_error err = {0};
    assert_in_range(batch, 1, sizeof indices / sizeof *indices);
    for (size_t at = 0; at < images; at += batch) {
        size_t n = images - at < batch ? images - at : batch;
        for (size_t i = 0; i < n; i++)
            indices[i] = (uint32_t)(at + i);
        hem_step_result result;
        must(hem_stepper_step(stepper, data, HEM_TRAIN, indices, n, (uint32_t)epoch, (uint32_t)at,
                              &result, &err),
             &err);
    }
}

double accuracy_of_subset(const char *experiment, size_t images, int epochs, uint64_t seed)
{
    hem_error err = {0};
    hem_data *data;
    hem_net *net;
    hem_stepper *stepper;
    hem_spec *spec = accuracy_spec(experiment, NULL, 0);
    size_t batch = (size_t)hem_spec_batch(spec);
    must(hem_data_open(spec, NULL, &data, &err), &err);
    must(hem_net_new(accuracy_context, spec, data, seed, &net, &err), &err);
    must(hem_stepper_new(net, batch, seed, &stepper, &err), &err);
    for (int epoch = 0; epoch < epochs; epoch++)
        run_epoch(stepper, data, images, batch, epoch);
    hem_evaluation evaluation;
    must(hem_evaluate(net, data, HEM_VALIDATION, &evaluation, &err), &err);
    double accuracy = evaluation.accuracy;
    hem_evaluation_release(&evaluation);
    hem_stepper_free(stepper);
    hem_net_free(net);
    hem_data_free(data);
    hem_spec_free(spec);
    return accuracy;
}

int accuracy_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
    hem_context_settings settings = hem_context_settings_default();
    hem_error err = {0};
    if (!fashion_mnist_is_there()) {
        print_message("%s", NO_FASHION_MNIST);
        return SKIPPED;
    }
    if (hem_context_new(&settings, &accuracy_context, &err) != HEM_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    int failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
    hem_context_free(accuracy_context);
    return failed;
}
