/* Trains what an experiment file describes, into a run directory.
 *
 *     train EXPERIMENT.yaml [DIRECTORY]
 *
 * Without a directory hemline takes runs/<name>-s<seed>-<n>. Build:
 *     cc train.c $(pkg-config --cflags --libs hemline) -o train */
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

/* Called after every epoch, by the thread that called hem_train(). */
static void print_epoch(void *user, const hem_epoch *epoch)
{
    (void)user;
    printf("epoch %d of %d: loss %.4f, accuracy %.2f %%", epoch->epoch, epoch->epochs,
           epoch->train_loss, 100 * epoch->train_accuracy);
    if (!isnan(epoch->validation_accuracy)) /* NaN: the experiment holds no images back */
        printf(", validation %.2f %%", 100 * epoch->validation_accuracy);
    printf(", %.0f images/s\n", epoch->images_per_second);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s EXPERIMENT.yaml [DIRECTORY]\n", argv[0]);
        return HEM_ERR_USAGE;
    }
    hem_spec *spec;
    check(hem_spec_load(argv[1], NULL, 0, &spec, &error));
    hem_context *context;
    hem_context_settings settings = hem_context_settings_default();
    check(hem_context_new(&settings, &context, &error));

    hem_train_options options = hem_train_options_default();
    options.directory = argv[2]; /* NULL where there is no such argument */
    options.callbacks.epoch = print_epoch;
    hem_train_result result;
    check(hem_train(context, spec, &options, &result, &error));

    const hem_evaluation *test = &result.parts[HEM_TEST];
    printf("test: %zu of %zu right, %.2f %% (95 %% interval %.2f to %.2f)\n", test->correct,
           test->n, 100 * test->accuracy, 100 * test->interval.low, 100 * test->interval.high);
    printf("the model, its log and its results are in %s\n", result.directory);

    hem_train_result_release(&result);
    hem_context_free(context);
    hem_spec_free(spec);
    return 0;
}
