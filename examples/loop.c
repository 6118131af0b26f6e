/* A training loop of one's own: shuffles, steps, lowers the learning rate by a cosine, evaluates
 * after each epoch, saves the model. Usage: loop EXPERIMENT.yaml MODEL. Build:
 *     cc loop.c $(pkg-config --cflags --libs hemline) -lm -o loop */
#include <hemline/hemline.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static hem_error error; /* filled by the call that fails */

/* A failure ends the program: what is wrong, what to do, and the status as the exit code. */
static void check(hem_status status)
{
    char text[2048];
    if (status == HEM_OK)
        return;
    hem_error_format(&error, text, sizeof text);
    fprintf(stderr, "%s\n%s\n", text, error.hint);
    exit((int)status);
}

/* A new random order, by Fisher and Yates. (hem_train() draws better numbers than rand()'s.) */
static void shuffle(uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t other = (size_t)rand() % (i + 1);
        order[i] = order[other];
        order[other] = (uint32_t)i;
    }
}

int main(int argc, char **argv)
{
    hem_context_settings settings = hem_context_settings_default();
    hem_context *context;
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    hem_stepper *stepper;
    if (argc != 3)
        return fprintf(stderr, "usage: %s EXPERIMENT.yaml MODEL\n", argv[0]), HEM_ERR_USAGE;
    check(hem_spec_load(argv[1], NULL, 0, &spec, &error));
    check(hem_context_new(&settings, &context, &error));
    check(hem_data_open(spec, NULL, &data, &error));
    check(hem_net_new(context, spec, data, hem_spec_seed(spec), &net, &error));
    size_t n = hem_data_get_info(data).n[HEM_TRAIN], asked = (size_t)hem_spec_batch(spec);
    size_t batch = asked == 0 || asked > n ? n : asked; /* 0 stands for `batch: all` */
    check(hem_stepper_new(net, batch, hem_spec_seed(spec), &stepper, &error));
    uint32_t *order = calloc(n, sizeof *order);
    if (order == NULL)
        return fprintf(stderr, "not enough memory\n"), HEM_ERR_MEMORY;

    double first_rate = hem_stepper_learning_rate(stepper), pi = acos(-1);
    for (int epoch = 0, epochs = hem_spec_epochs(spec); epoch < epochs; epoch++) {
        hem_stepper_set_learning_rate(stepper, first_rate * (1 + cos(pi * epoch / epochs)) / 2);
        shuffle(order, n);
        double loss = 0;
        for (size_t at = 0; at < n; at += batch) {
            hem_step_result step;
            check(hem_stepper_step(stepper, data, HEM_TRAIN, order + at,
                                   n - at < batch ? n - at : batch, (uint32_t)epoch, (uint32_t)at,
                                   &step, &error));
            loss += step.loss;
        }
        hem_evaluation test;
        check(hem_evaluate(net, data, HEM_TEST, &test, &error));
        printf("epoch %d: rate %.4f, loss %.4f, test accuracy %.2f %%\n", epoch + 1,
               hem_stepper_learning_rate(stepper), loss / (double)n, 100 * test.accuracy);
        hem_evaluation_release(&test);
    }
    check(hem_net_save(net, argv[2], &error));
    free(order);
    hem_stepper_free(stepper); /* before its network, and that before its context */
    hem_net_free(net);
    hem_data_free(data);
    hem_context_free(context);
    hem_spec_free(spec);
    return 0;
}
